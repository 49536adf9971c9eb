//! Row level security that hides or refuses rows.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::schema::{Policy, Table};
use crate::model::statement::Mode;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "row-security-changed",
        title: "Row level security hides or refuses rows",
        why: "With row level security enabled, a role that does not own the table sees and writes only what a policy allows; without a policy, nothing.",
        fix: "Create the policies first, and enable row level security when they are right.",
        misses: "The role is known only where the session sets it (SET ROLE); a session without one counts as the owner, who bypasses the policies.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some(role) = cx.session.role.as_deref().filter(|r| *r != "postgres") else { return Vec::new() };
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in after.uses.iter().filter(|u| is_table(u)) {
        let Some(new) = used.id.and_then(|id| cx.pairing.table_after(id)).filter(|t| t.row_security) else { continue };
        let owner = new.owner.as_deref() == Some(role) && !new.force_row_security;
        let hidden_by_view =
            used.through_view.and_then(|v| cx.pairing.table_after(v)).is_some_and(|v| v.view().is_some_and(|v| !v.invoker));
        if owner || hidden_by_view {
            continue;
        }
        let old = cx.pairing.origin(new);
        let was_through_invoker =
            used.through_view.is_none_or(|v| cx.pairing.table_before(v).is_some_and(|t| t.view().is_some_and(|v| v.invoker)));
        let guarded = |t: &Table| (t.row_security, t.policies.clone());
        if was_through_invoker && old.is_some_and(|o| guarded(o) == guarded(new)) {
            continue;
        }
        let kinds: Vec<WriteKind> = after.writes.iter().filter(|w| w.table_id == Some(new.id)).map(|w| w.kind).collect();
        let reads = used.mode != Mode::Write || after.uses.iter().any(|u| u.table_id == Some(new.id) && u.mode != Mode::Write);
        let Some((effect, what)) = verdict(cx, new, role, &kinds, reads) else { continue };
        let mut explanation = cx.explain(before, effect, format!("Row level security on {} {what}.", cx.shown(&new.name)));
        explanation.object = Some(cx.table_ref(&new.name));
        let ops = [ChangeOp::RowSecurity, ChangeOp::CreatePolicy, ChangeOp::AlterPolicy, ChangeOp::DropPolicy, ChangeOp::ReplaceView];
        explanation.change = cx.change_of_table(&ops, Some(new.id), &new.name.name);
        explanation.span = used.span;
        found.push(explanation);
    }
    found
}

fn verdict(cx: &Context, table: &Table, role: &str, kinds: &[WriteKind], reads: bool) -> Option<(Effect, String)> {
    let policies = |command: &str| -> Vec<&Policy> {
        let applies = |p: &&Policy| {
            (p.command == "all" || p.command == command || p.command.is_empty())
                && (p.roles.is_empty() || p.roles.iter().any(|r| r == role || r == "public"))
        };
        table.policies.iter().filter(applies).collect()
    };
    let open = |p: &[&Policy], check: bool| {
        p.iter().any(|p| {
            !p.restrictive
                && if check { p.check.as_deref().or(p.using.as_deref()) } else { p.using.as_deref() }
                    .is_some_and(|e| e.trim().trim_matches(['(', ')']).eq_ignore_ascii_case("true"))
        }) && !p.iter().any(|p| p.restrictive)
    };
    let mut worst: Option<(Effect, String)> = None;
    let mut take = |effect, what: String| {
        if worst.as_ref().is_none_or(|w| effect > w.0) {
            worst = Some((effect, what));
        }
    };
    let commands = kinds.iter().map(|k| match k {
        WriteKind::Insert => "insert",
        WriteKind::Update => "update",
        WriteKind::Delete | WriteKind::Truncate => "delete",
    });
    let commands: Vec<&str> = commands.chain(reads.then_some("select")).collect();
    for command in commands {
        let applicable = policies(command);
        if let Some(setting) = applicable.iter().find_map(|p| missing_setting(cx, p)) {
            take(Effect::Breaks, format!("needs the setting {setting}, which this session does not make"));
        } else if !applicable.iter().any(|p| !p.restrictive) {
            match command {
                "insert" => take(Effect::Breaks, format!("has no policy that lets {role} insert")),
                _ => take(Effect::ChangesResult, format!("has no policy that shows {role} a row")),
            }
        } else if !open(&applicable, command == "insert") {
            match command {
                "insert" => take(Effect::MayBreak, format!("lets {role} insert only rows that its policy allows")),
                _ => take(Effect::ChangesResult, format!("shows {role} only the rows that its policies allow")),
            }
        }
    }
    worst
}

/// A setting that a policy reads with `current_setting(name)`, which fails where it is not set.
fn missing_setting(cx: &Context, policy: &Policy) -> Option<String> {
    for text in [&policy.using, &policy.check].into_iter().flatten() {
        let Some(at) = text.find("current_setting(") else { continue };
        let rest = text[at + "current_setting(".len()..].trim_start();
        let Some((name, tail)) = rest.strip_prefix('\'').and_then(|r| r.split_once('\'')) else { continue };
        let tolerant = tail.trim_start().starts_with(',');
        if !tolerant && name.contains('.') && cx.session.setting(name).is_none() {
            return Some(name.to_string());
        }
    }
    None
}
