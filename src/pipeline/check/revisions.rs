//! The statements of the working tree, and of the code that runs while it is on a branch: which finding holds where.

use super::{CheckError, CheckRequest, Run, Sources, candidates};
use crate::model::finding::Finding;
use crate::model::finding::WORKING_TREE;
use crate::model::report::Report;
use crate::pipeline::view::{IndexView, Lens, SnapshotView};
use std::collections::HashSet;

/// Judges all statements that the changes can reach.
pub fn judge(
    view: &IndexView,
    runs: &mut [Run],
    request: &CheckRequest,
    sources: &mut Sources,
    findings: &mut Vec<Finding>,
    report: &mut Report,
) -> Result<(), CheckError> {
    let none = HashSet::new();
    let trees: Vec<&SnapshotView> = view.snapshots.iter().collect();
    let begin = findings.len();
    candidates::judge((view, Lens { snapshots: &trees, without: &none }), runs, request, sources, findings, report)?;
    if view.running.is_empty() {
        return Ok(());
    }
    let running: Vec<&SnapshotView> = view.running.iter().map(|r| &r.1).collect();
    let units = |snapshots: &[&SnapshotView]| snapshots.iter().flat_map(|s| s.units.iter().map(|u| u.id)).collect::<HashSet<i64>>();
    let (now, before) = (units(&trees), units(&running));
    // What waits for the migration is code to come, and the counts are those of the working tree.
    let (waiting, judged, safe) = (report.waiting, report.summary.judged, report.summary.safe);
    let mut old = Vec::new();
    candidates::judge((view, Lens { snapshots: &running, without: &now }), runs, request, sources, &mut old, report)?;
    (report.waiting, report.summary.judged, report.summary.safe) = (waiting, judged, safe);
    let label = |repo: &str| view.running.iter().find(|r| r.1.row.repo == repo).map(|r| r.0.clone());
    // Services of which the branch has other code.
    let mut changed: HashSet<(String, String)> = HashSet::new();
    for (snapshots, others) in [(&trees, &before), (&running, &now)] {
        for snapshot in snapshots.iter() {
            for (service, unit) in snapshot.row.info.services.iter().zip(&snapshot.units) {
                if !others.contains(&unit.id) {
                    changed.insert((snapshot.row.repo.clone(), snapshot.shown_service(service)));
                }
            }
        }
    }
    for finding in findings.iter_mut().skip(begin) {
        let Some(label) = label(&finding.repo) else { continue };
        let same = old.iter().position(|o| o.id == finding.id);
        let everywhere = !changed.contains(&(finding.repo.clone(), finding.service.clone()));
        if let Some(same) = same {
            old.swap_remove(same);
        }
        finding.revisions = if everywhere || same.is_some() { vec![label, WORKING_TREE.into()] } else { vec![WORKING_TREE.into()] };
    }
    for mut finding in old {
        finding.revisions = label(&finding.repo).into_iter().collect();
        finding.message = format!("{} (fixed in your working tree; deploy code first)", finding.message);
        findings.push(finding);
    }
    Ok(())
}
