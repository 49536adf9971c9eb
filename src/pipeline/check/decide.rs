//! Recommendation, order and summary: what a report concludes from its findings.

use super::assemble::number_duplicates;
use super::{CheckRequest, Run, listed};
use crate::model::change::{Change, ChangeOp, Outcome};
use crate::model::finding::{Finding, FindingKind, MigrationFinding, Verdict};
use crate::model::problem::Problem;
use crate::model::report::{DeployOrder, Recommendation, Report, ReportChange, ReportMigration, SCHEMA_VERSION, Summary};
use crate::model::statement::Scope;
use crate::pipeline::view::IndexView;
use std::collections::BTreeSet;

/// Where several databases may be meant, keeps those that the migrations fit: all that they presuppose is there.
pub fn keep_fitting(runs: &mut Vec<Run>) {
    if runs.len() < 2 {
        return;
    }
    let fits = |run: &Run| run.world.before.complete && run.applied.iter().all(|a| a.outcome != Outcome::Fails);
    if runs.iter().any(fits) {
        runs.retain(fits);
        return;
    }
    // None fits: those that hold at least one of the tables, else all of them.
    let touches = |run: &Run| {
        let known = |c: &Change| c.object.table.as_deref().is_some_and(|t| run.world.before.find_table(c.object.schema.as_deref(), t).is_some());
        run.changes.iter().any(known)
    };
    if runs.iter().any(touches) {
        runs.retain(touches);
    } else {
        runs.truncate(1);
    }
}

/// The report before anything is judged.
pub fn empty_report(request: &CheckRequest, runs: &[Run], view: Option<&IndexView>, mut problems: Vec<Problem>) -> Report {
    let coverage = view.map(IndexView::coverage).unwrap_or_default();
    problems.extend(view.iter().flat_map(|v| v.all_problems()));
    let database: BTreeSet<&str> = runs.iter().filter_map(|r| r.world.database.as_deref()).collect();
    let database = (!database.is_empty()).then(|| database.into_iter().collect::<Vec<_>>().join(", "));
    let migration = |(i, input): (usize, &crate::pipeline::inputs::MigrationInput)| {
        let applied = runs.first().and_then(|r| r.applied.get(i));
        let changes = applied.map(|a| a.changes.as_slice()).unwrap_or_default();
        ReportMigration {
            path: input.path.clone(),
            database: database.clone(),
            outcome: applied.map_or(Outcome::Ok, |a| a.outcome),
            data_dependent: applied.is_some_and(|a| a.data_dependent),
            error: applied.and_then(|a| a.error.clone()),
            changes: changes
                .iter()
                .map(|c| ReportChange { index: c.index, op: c.op, object: c.object.clone(), line: c.line, unused: None, evidence: None })
                .collect(),
            ..ReportMigration::default()
        }
    };
    Report {
        schema_version: SCHEMA_VERSION,
        recommendation: Recommendation::SafeToDeploy,
        reasons: Vec::new(),
        order: DeployOrder::Either,
        migrations: request.inputs.iter().enumerate().map(migration).collect(),
        findings: Vec::new(),
        migration_findings: Vec::new(),
        coverage,
        problems,
        summary: Summary::default(),
    }
}

/// Sorts and counts findings, and draws the conclusion.
pub fn conclude(report: &mut Report, mut findings: Vec<Finding>, runs: &[Run], request: &CheckRequest, view: Option<&IndexView>) {
    findings.retain(|f| listed(f, request));
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    number_duplicates(&mut findings);
    let production = |f: &&Finding| f.scope == Scope::Production && f.kind != FindingKind::Use;
    let count = |v: Verdict| findings.iter().filter(production).filter(|f| f.verdict == v).count() as u32;
    report.summary.breaks = count(Verdict::Breaks);
    report.summary.risk = count(Verdict::Risk);
    report.summary.uses = findings.iter().filter(|f| f.kind == FindingKind::Use).count() as u32;
    report.summary.test = findings.iter().filter(|f| f.scope == Scope::Test).count() as u32;
    let hit = findings.iter().filter(production).filter(|f| f.verdict != Verdict::Safe);
    report.summary.services = hit.map(|f| (f.repo.as_str(), f.service.as_str())).collect::<BTreeSet<_>>().len() as u32;
    migration_findings(report, runs, request);
    unused(report, &findings, runs, view);
    report.order = order(&findings, runs);
    recommend(report, &findings, view);
    report.findings = findings;
    report.problems.sort();
    report.problems.dedup();
}

type Key<'a> = (bool, bool, std::cmp::Reverse<Verdict>, &'a str, &'a str, &'a str, u32, u32, &'a str);

/// Production before test, queries before uses, breaks before risk, then service, path, place.
fn key(f: &Finding) -> Key<'_> {
    let token = f.token.unwrap_or_default();
    (
        f.scope == Scope::Test,
        f.kind == FindingKind::Use,
        std::cmp::Reverse(f.verdict),
        &f.repo,
        &f.service,
        &f.path,
        f.line.max(token.line),
        token.column,
        &f.rule,
    )
}

fn migration_findings(report: &mut Report, runs: &[Run], request: &CheckRequest) {
    let Some(run) = runs.first() else { return };
    for (input, applied) in request.inputs.iter().zip(&run.applied) {
        if let Some(error) = &applied.error {
            let fails = applied.outcome == Outcome::Fails;
            report.migration_findings.push(MigrationFinding {
                migration: input.path.clone(),
                line: applied.error_line.unwrap_or(1),
                rule: if fails { "migration-fails" } else { "migration-may-fail" }.into(),
                verdict: if fails { Verdict::Breaks } else { Verdict::Risk },
                message: format!("the migration {}: {}", if fails { "fails" } else { "fails on rows that are there" }, error.message),
                help: "mend the migration before anything else".into(),
                query: None,
                error: Some(error.clone()),
            });
        }
        for condition in &applied.conditions {
            report.migration_findings.push(MigrationFinding {
                migration: input.path.clone(),
                line: condition.line,
                rule: "data-may-refuse".into(),
                verdict: Verdict::Risk,
                message: condition.message.clone(),
                help: "run the query on the live data before the migration".into(),
                query: Some(condition.query.clone()),
                error: None,
            });
        }
        for change in applied.changes.iter().filter(|c| !c.cascaded) {
            if matches!(change.op, ChangeOp::DropTable | ChangeOp::DropColumn | ChangeOp::Truncate) {
                report.migration_findings.push(MigrationFinding {
                    migration: input.path.clone(),
                    line: change.line,
                    rule: "data-loss".into(),
                    verdict: Verdict::Safe,
                    message: format!("the data of {} is lost", change.object),
                    help: "keep a copy until no rollback needs it".into(),
                    query: None,
                    error: None,
                });
            }
        }
    }
}

fn removes(op: ChangeOp) -> bool {
    use ChangeOp::*;
    matches!(op, DropTable | RenameTable | MoveTable | DropColumn | RenameColumn | DropView | RenameView | DropFunction | RenameFunction | DropType | RenameType | DropSequence | RenameSequence)
}

/// Says of every dropped or renamed object whether anything refers to it, and what that rests on.
fn unused(report: &mut Report, findings: &[Finding], runs: &[Run], view: Option<&IndexView>) {
    let Some(view) = view else { return };
    let statements: u32 = report.coverage.repositories.iter().map(|c| c.statements).sum();
    let services: usize = view.snapshots.iter().map(|s| s.row.info.services.len()).sum();
    let dynamic: u32 = view.snapshots.iter().flat_map(|s| &s.units).map(|u| u.info.dynamic).sum();
    let open: u32 = report.coverage.repositories.iter().map(|c| c.sites.saturating_sub(c.resolved)).sum();
    if statements == 0 || runs.is_empty() {
        return;
    }
    for migration in &mut report.migrations {
        for change in migration.changes.iter_mut().filter(|c| removes(c.op)) {
            let of_change = |f: &&Finding| {
                let own = f.change.as_ref().is_some_and(|c| c.migration == migration.path && c.index == change.index);
                own || f.also.iter().any(|a| a.change.as_ref().is_some_and(|c| c.migration == migration.path && c.index == change.index))
            };
            let (production, test): (Vec<&Finding>, Vec<&Finding>) = findings.iter().filter(of_change).partition(|f| f.scope == Scope::Production);
            if !production.is_empty() {
                change.unused = Some(false);
                change.evidence = Some(format!("{} statements refer to it", production.len()));
                continue;
            }
            let mut evidence = format!("none of {statements} statements of {services} services refers to it");
            if !test.is_empty() {
                evidence.push_str(&format!(", {} in tests do", test.len()));
            }
            if dynamic + open > 0 {
                evidence.push_str(&format!("; {dynamic} statements have an unknown table name, {open} sites are not resolved"));
            }
            change.unused = Some(dynamic + open == 0);
            change.evidence = Some(evidence);
        }
    }
}

/// The safe order from what old code meets on the new schema: broken by a rename or a change of type, it needs
/// both schemas at once; broken by a drop, the code goes first.
fn order(findings: &[Finding], runs: &[Run]) -> DeployOrder {
    use ChangeOp::*;
    let hit = findings.iter().filter(|f| f.scope == Scope::Production && f.kind != FindingKind::Use && f.verdict == Verdict::Breaks);
    let ops: BTreeSet<ChangeOp> = hit.filter_map(|f| f.change.as_ref().map(|c| c.op)).collect();
    if ops.is_empty() {
        let adds = |c: &Change| matches!(c.op, CreateTable | AddColumn | CreateView | CreateFunction | CreateType | AddEnumValue | CreateSequence);
        let any = runs.iter().flat_map(|r| &r.changes).any(adds);
        return if any { DeployOrder::MigrateFirst } else { DeployOrder::Either };
    }
    let droppable = |op: &ChangeOp| matches!(op, DropTable | DropColumn | DropView | DropFunction | DropIndex | DropConstraint | DropType | DropSequence | DropTrigger);
    if ops.iter().all(droppable) { DeployOrder::CodeFirst } else { DeployOrder::Neither }
}

fn recommend(report: &mut Report, findings: &[Finding], view: Option<&IndexView>) {
    let mut level = Recommendation::SafeToDeploy;
    let mut reasons = Vec::new();
    let mut say = |at: Recommendation, reason: String| {
        level = level.max(at);
        reasons.push((at, reason));
    };
    let production: Vec<&Finding> = findings.iter().filter(|f| f.scope == Scope::Production && f.kind != FindingKind::Use).collect();
    let services = |v: Verdict| production.iter().filter(|f| f.verdict == v).map(|f| (&f.repo, &f.service)).collect::<BTreeSet<_>>().len();
    let plural = |n: u32, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let breaks = report.summary.breaks;
    if breaks > 0 {
        let services = plural(services(Verdict::Breaks) as u32, "service", "services");
        say(Recommendation::Blocked, format!("{} in {services}", plural(breaks, "statement breaks", "statements break")));
    }
    for m in &report.migrations {
        match m.outcome {
            Outcome::Fails => say(Recommendation::Blocked, format!("{} fails", m.path)),
            Outcome::MayFail => say(Recommendation::RequiresChanges, format!("{} fails on rows that are there", m.path)),
            Outcome::Ok if m.data_dependent => say(Recommendation::RequiresChanges, format!("{} fails if the data does not allow it", m.path)),
            Outcome::Ok => {}
        }
    }
    if report.summary.risk > 0 {
        let services = plural(services(Verdict::Risk) as u32, "service", "services");
        say(Recommendation::RequiresChanges, format!("{} in {services}", plural(report.summary.risk, "statement is at risk", "statements are at risk")));
    }
    let doubtful = report.migrations.iter().flat_map(|m| &m.changes).find(|c| c.unused == Some(false) && c.evidence.as_deref().is_some_and(|e| e.contains("unknown table name")));
    if let Some(change) = doubtful {
        say(Recommendation::RequiresChanges, format!("{}: {}", change.object, change.evidence.clone().unwrap_or_default()));
    }
    if let Some(view) = view {
        let statements: u32 = report.coverage.repositories.iter().map(|c| c.statements).sum();
        let changes = report.migrations.iter().any(|m| !m.changes.is_empty());
        if view.snapshots.is_empty() || (statements == 0 && changes) {
            say(Recommendation::RequiresChanges, "no statement is indexed: nothing could be checked against the code".into());
        }
    }
    if report.migrations.iter().all(|m| m.changes.is_empty() && m.error.is_none()) && !report.migrations.is_empty() {
        reasons.push((Recommendation::SafeToDeploy, "no change was read from the migration".into()));
    }
    reasons.sort_by_key(|r| std::cmp::Reverse(r.0));
    report.recommendation = level;
    report.reasons = reasons.into_iter().map(|r| r.1).collect();
}
