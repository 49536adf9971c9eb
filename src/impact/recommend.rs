//! What to do about a migration, and which of migration and code goes first.

use super::findings::decides;
use super::judgement::Judgement;
use crate::model::change::{Applied, Change, ChangeOp, Outcome};
use crate::model::finding::{Finding, MigrationFinding, Verdict, WORKING_TREE};
use crate::model::object::ObjectKind;
use crate::model::report::{DeployOrder, Recommendation};

/// What a recommendation rests on.
#[derive(Copy, Clone, Debug)]
pub struct Evidence<'a> {
    /// All findings of the run.
    pub findings: &'a [Finding],
    /// Findings about the migrations themselves.
    pub migration_findings: &'a [MigrationFinding],
    /// How each migration ends, with its path as given.
    pub applied: &'a [(String, &'a Applied)],
    /// Statements and sites that were looked at; 0: nothing was indexed.
    pub judged: usize,
    /// Sites that could reach a changed object and were not understood.
    pub open_sites: usize,
}

/// Recommendation and reasons, the gravest first.
pub fn recommend(evidence: &Evidence) -> (Recommendation, Vec<String>) {
    let mut reasons: Vec<(Recommendation, String)> = Vec::new();
    for (path, applied) in evidence.applied {
        let why = applied.error.as_ref().map_or(String::new(), |e| format!(": {}", e.message));
        match applied.outcome {
            Outcome::Fails => reasons.push((Recommendation::Blocked, format!("{path} fails{why}"))),
            Outcome::MayFail => reasons.push((Recommendation::RequiresChanges, format!("{path} may fail{why}"))),
            Outcome::Ok if applied.data_dependent => {
                reasons.push((Recommendation::RequiresChanges, format!("{path} runs only if the stored rows allow it")));
            }
            Outcome::Ok => {}
        }
    }
    for (verdict, recommendation, word) in
        [(Verdict::Breaks, Recommendation::Blocked, "break"), (Verdict::Risk, Recommendation::RequiresChanges, "are at risk")]
    {
        let found: Vec<&Finding> = evidence.findings.iter().filter(|f| decides(f) && f.verdict == verdict).collect();
        if found.is_empty() {
            continue;
        }
        let mut services: Vec<&str> = found.iter().flat_map(|f| f.service.split(", ")).filter(|s| !s.is_empty()).collect();
        services.sort_unstable();
        services.dedup();
        let of = if services.is_empty() { String::new() } else { format!(" of {}", services.join(", ")) };
        let (noun, word) = match (found.len(), word) {
            (1, "break") => ("statement", "breaks"),
            (1, _) => ("statement", "is at risk"),
            (_, word) => ("statements", word),
        };
        reasons.push((recommendation, format!("{} {noun}{of} {word}", found.len())));
    }
    for finding in evidence.migration_findings.iter().filter(|f| f.verdict != Verdict::Safe) {
        let recommendation = if finding.verdict == Verdict::Breaks { Recommendation::Blocked } else { Recommendation::RequiresChanges };
        reasons.push((recommendation, finding.message.clone()));
    }
    if evidence.open_sites > 0 {
        let noun = if evidence.open_sites == 1 { "site" } else { "sites" };
        reasons.push((
            Recommendation::RequiresChanges,
            format!("{} {noun} that could use a changed object could not be read", evidence.open_sites),
        ));
    }
    if evidence.judged == 0 {
        reasons.push((Recommendation::RequiresChanges, "nothing is indexed: no statement was judged".to_string()));
    }
    reasons.sort_by_key(|r| std::cmp::Reverse(r.0));
    let recommendation = reasons.first().map_or(Recommendation::SafeToDeploy, |r| r.0);
    (recommendation, reasons.into_iter().map(|r| r.1).collect())
}

/// Which goes first. Code that only the old schema serves must be replaced before the migration, where new
/// code can run on the old schema: what it used is dropped or tightened. A rename, or a column that is new
/// and required at once, leaves no such code. Code that waits for the migration comes after it.
pub fn order(findings: &[Finding], judgements_waiting: bool, changes: &[Change]) -> DeployOrder {
    let mut code_first = false;
    for finding in findings.iter().filter(|f| decides(f)) {
        // The code of the working tree does without it already.
        let fixed = !finding.revisions.is_empty() && !finding.revisions.iter().any(|r| r == WORKING_TREE);
        if finding.verdict == Verdict::Risk || fixed {
            code_first = true;
            continue;
        }
        let op = finding.change.as_ref().map(|c| c.op);
        let renamed = matches!(
            op,
            Some(
                ChangeOp::RenameColumn
                    | ChangeOp::RenameTable
                    | ChangeOp::MoveTable
                    | ChangeOp::RenameView
                    | ChangeOp::RenameSchema
                    | ChangeOp::RenameType
                    | ChangeOp::RenameEnumValue
            )
        );
        let required_at_once = finding.rule == super::rules::column_now_required::RULE.meta.id && op == Some(ChangeOp::AddColumn);
        let retyped = matches!(op, Some(ChangeOp::AlterType)) && finding.rule == super::rules::type_no_longer_fits::RULE.meta.id;
        if renamed || required_at_once || retyped || replaced(finding, changes) {
            return DeployOrder::Neither;
        }
        code_first = true;
    }
    match (code_first, judgements_waiting) {
        (true, true) => DeployOrder::Neither,
        (true, false) => DeployOrder::CodeFirst,
        (false, true) => DeployOrder::MigrateFirst,
        (false, false) => DeployOrder::Either,
    }
}

/// The object is dropped and the migration brings its content elsewhere: into other columns of its table, or
/// into a table that it makes. The new code needs that.
fn replaced(finding: &Finding, changes: &[Change]) -> bool {
    let Some(object) = &finding.object else { return false };
    if !matches!(finding.change.as_ref().map(|c| c.op), Some(ChangeOp::DropColumn | ChangeOp::DropTable)) {
        return false;
    }
    let made = |c: &Change| changes.iter().any(|m| m.op == ChangeOp::CreateTable && m.object.table == c.object.table);
    changes.iter().any(|c| match c.op {
        ChangeOp::UpdateRows => object.kind == ObjectKind::Column && c.object.table == object.table,
        ChangeOp::InsertRows => made(c),
        _ => false,
    })
}

/// Whether some statement fails before the migration and runs after it.
pub fn waits(judgements: &[Judgement]) -> bool {
    judgements.iter().any(|j| j.waits_for.is_some())
}
