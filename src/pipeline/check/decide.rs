//! Recommendation, order and summary: what a report concludes from its findings.

use super::candidates::{mentions, other_engine};
use super::{CheckRequest, Run, listed};
use crate::impact::findings::{arrange, decides};
use crate::impact::recommend::{Evidence, order, recommend};
use crate::index::placing::DYNAMIC_TABLE;
use crate::model::change::{Applied, Change, ChangeOp, Outcome};
use crate::model::finding::{Finding, FindingKind, MigrationFinding, Verdict};
use crate::model::object::ObjectRef;
use crate::model::problem::Problem;
use crate::model::proof::ProofSummary;
use crate::model::report::{DeployOrder, Recommendation, Report, ReportChange, ReportMigration, SCHEMA_VERSION, Summary};
use crate::model::statement::{Hole, Scope};
use crate::pipeline::view::IndexView;
use crate::store::{Form, Occurrence, StoreError, UnitRow};
use std::cell::LazyCell;
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
        let known =
            |c: &Change| c.object.table.as_deref().is_some_and(|t| run.world.before.find_table(c.object.schema.as_deref(), t).is_some());
        run.changes.iter().any(known)
    };
    if runs.iter().any(touches) {
        runs.retain(touches);
    } else {
        runs.truncate(1);
    }
}

/// The report before anything is judged.
///
/// # Errors
/// [`StoreError`] where the coverage can't be read.
pub fn empty_report(
    request: &CheckRequest,
    runs: &[Run],
    view: Option<&IndexView>,
    mut problems: Vec<Problem>,
) -> Result<Report, StoreError> {
    let coverage = view.map(|v| v.coverage(request.open_sites)).transpose()?.unwrap_or_default();
    problems.extend(view.iter().flat_map(|v| v.all_problems()));
    let database: BTreeSet<&str> = runs.iter().filter_map(|r| r.world.database.as_deref()).collect();
    let database = (!database.is_empty()).then(|| database.into_iter().collect::<Vec<_>>().join(", "));
    let taken = runs
        .first()
        .map_or_else(String::new, |r| format!("{} ({}); schema before: {}", r.before.dialect, r.world.dialect_evidence, r.world.source));
    let migration = |(i, input): (usize, &crate::pipeline::inputs::MigrationInput)| {
        let applied = runs.first().and_then(|r| r.applied.get(i));
        let changes = applied.map(|a| a.changes.as_slice()).unwrap_or_default();
        ReportMigration {
            path: input.path.clone(),
            database: database.clone(),
            outcome: applied.map_or(Outcome::Ok, |a| a.outcome),
            taken: match runs.first().and_then(|r| r.scripts.get(i)).and_then(|s| s.library.as_ref()) {
                Some(library) => format!("{taken}; read as {library}"),
                None => taken.clone(),
            },
            data_dependent: applied.is_some_and(|a| a.data_dependent),
            error: applied.and_then(|a| a.error.clone()),
            changes: changes
                .iter()
                .map(|c| ReportChange { index: c.index, op: c.op, object: c.object.clone(), line: c.line, unused: None, evidence: None })
                .collect(),
            ..ReportMigration::default()
        }
    };
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        recommendation: Recommendation::SafeToDeploy,
        reasons: Vec::new(),
        order: DeployOrder::Either,
        migrations: request.inputs.iter().enumerate().map(migration).collect(),
        findings: Vec::new(),
        migration_findings: Vec::new(),
        coverage,
        proof: ProofSummary::default(),
        problems,
        summary: Summary::default(),
        waiting: false,
        reaching: 0,
    })
}

/// Sorts and counts findings, and draws the conclusion.
pub fn conclude(report: &mut Report, mut findings: Vec<Finding>, runs: &[Run], request: &CheckRequest, view: Option<&IndexView>) {
    findings.retain(|f| listed(f, request));
    arrange(&mut findings);
    let count = |v: Verdict| findings.iter().filter(|f| decides(f) && f.verdict == v).count() as u32;
    report.summary.breaks = count(Verdict::Breaks);
    report.summary.risk = count(Verdict::Risk);
    report.summary.uses = findings.iter().filter(|f| f.kind == FindingKind::Use).count() as u32;
    report.summary.test = findings.iter().filter(|f| f.scope == Scope::Test).count() as u32;
    let hit = findings.iter().filter(|f| decides(f));
    report.summary.services = hit.map(|f| (f.repo.as_str(), f.service.as_str())).collect::<BTreeSet<_>>().len() as u32;
    migration_findings(report, runs, request);
    unused(report, &findings, runs, view);
    if let Some(run) = runs.first() {
        report.order = order(&findings, report.waiting, &run.changes);
    }
    conclude_recommendation(report, &findings, runs, request, view);
    report.findings = findings;
    report.problems.sort();
    report.problems.dedup();
}

fn migration_findings(report: &mut Report, runs: &[Run], request: &CheckRequest) {
    let Some(run) = runs.first() else { return };
    for ((input, applied), sent) in request.inputs.iter().zip(&run.applied).zip(&run.scripts) {
        for (line, reason) in &sent.unread {
            report.migration_findings.push(MigrationFinding {
                migration: input.path.clone(),
                line: *line,
                rule: "part-not-read".into(),
                verdict: Verdict::Risk,
                message: format!("a part of the migration was not read: {reason}"),
                help: "say it in SQL, or look at that part by hand".into(),
                query: None,
                error: None,
            });
        }
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
    matches!(
        op,
        DropTable
            | RenameTable
            | MoveTable
            | DropColumn
            | RenameColumn
            | DropView
            | RenameView
            | DropFunction
            | RenameFunction
            | DropType
            | RenameType
            | DropSequence
            | RenameSequence
    )
}

/// Whether a statement with an unknown table name can be about an object: its hole can take the table's name,
/// and, for a column, it names the column, all columns, or may name any.
fn may_reach(text: &Form, object: &ObjectRef) -> bool {
    let Some(table) = &object.table else { return true };
    let can_be = |h: &Hole| h.values.is_empty() || h.values.iter().any(|v| mentions(v, table));
    if !text.holes.iter().any(can_be) {
        return false;
    }
    let Some(column) = &object.column else { return true };
    let sql = text.text.to_lowercase().replace("count(*)", "");
    text.holes.len() > 1 || sql.contains('*') || sql.contains("insert") || mentions(&sql, column)
}

/// Says of every dropped or renamed object whether anything refers to it, and what that rests on.
fn unused(report: &mut Report, findings: &[Finding], runs: &[Run], view: Option<&IndexView>) {
    let Some(view) = view else { return };
    let statements: u32 = report.coverage.repositories.iter().map(|c| c.statements).sum();
    let services: usize = view.snapshots.iter().map(|s| s.row.info.services.len()).sum();
    // A store that can't be read here has failed before; without its answer every one of them counts.
    let ours_alone = |o: &Occurrence| runs.first().is_none_or(|r| other_engine(&o.form, r.before.dialect).is_none());
    let dynamic = LazyCell::new(|| {
        let mut found = view.store.statements_naming(&[DYNAMIC_TABLE.to_string()], &mut |u| view.find(u).is_some()).unwrap_or_default();
        found.retain(ours_alone);
        found
    });
    // Sites of services that are known to use another database can't reach the object.
    let ours = |u: &UnitRow| u.info.database.as_ref().is_none_or(|(d, _)| runs.iter().any(|r| r.world.database.as_ref() == Some(d)));
    let units = view.snapshots.iter().flat_map(|s| &s.units);
    let open: u32 = units.filter(|u| ours(u)).map(|u| u.info.sites.saturating_sub(u.info.resolved)).sum();
    if statements == 0 || runs.is_empty() {
        return;
    }
    for migration in &mut report.migrations {
        for change in migration.changes.iter_mut().filter(|c| removes(c.op)) {
            let of_change = |f: &&Finding| {
                let own = f.change.as_ref().is_some_and(|c| c.migration == migration.path && c.index == change.index);
                own || f.also.iter().any(|a| a.change.as_ref().is_some_and(|c| c.migration == migration.path && c.index == change.index))
            };
            let (production, test): (Vec<&Finding>, Vec<&Finding>) =
                findings.iter().filter(of_change).partition(|f| f.scope == Scope::Production);
            if !production.is_empty() {
                change.unused = Some(false);
                change.evidence = Some(match production.len() {
                    1 => "1 statement refers to it".to_string(),
                    n => format!("{n} statements refer to it"),
                });
                continue;
            }
            let mut evidence = format!("none of {statements} statements of {services} services refers to it");
            if !test.is_empty() {
                evidence.push_str(&format!(", {} in tests do", test.len()));
            }
            let reaching = dynamic.iter().filter(|s| may_reach(&s.form, &change.object)).count();
            if reaching > 0 {
                evidence.push_str(&format!("; {reaching} with an unknown table name might"));
            }
            if open > 0 {
                evidence.push_str(&format!("; {open} sites are not resolved"));
            }
            change.unused = Some(reaching == 0 && open == 0);
            report.reaching = open;
            change.evidence = Some(evidence);
        }
    }
}

fn conclude_recommendation(report: &mut Report, findings: &[Finding], runs: &[Run], request: &CheckRequest, view: Option<&IndexView>) {
    let Some(run) = runs.first() else { return };
    let applied: Vec<(String, &Applied)> = request.inputs.iter().map(|i| i.path.clone()).zip(&run.applied).collect();
    // Findings about the migration that the outcome already says are not said twice.
    let own: Vec<MigrationFinding> = report.migration_findings.iter().filter(|f| f.error.is_none() && f.query.is_none()).cloned().collect();
    let statements: u32 = report.coverage.repositories.iter().map(|c| c.statements).sum();
    let changes = report.migrations.iter().any(|m| !m.changes.is_empty());
    let judged = match view {
        // models are read, too, where nothing is sent through them
        Some(view) if changes => statements as usize + view.snapshots.iter().flat_map(|s| &s.units).filter(|u| u.info.tables > 0).count(),
        _ => 1,
    };
    let evidence = Evidence { findings, migration_findings: &own, applied: &applied, judged, open_sites: report.reaching as usize };
    (report.recommendation, report.reasons) = recommend(&evidence);
    if !changes && applied.iter().all(|(_, a)| a.error.is_none()) && !applied.is_empty() {
        report.reasons.push("no change was read from the migration".into());
    }
}
