//! A setting of the database that statements depend on.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::statement::Mode;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "setting-changed",
        title: "A database setting that the statement depends on changes",
        why: "ALTER DATABASE ... SET and ALTER ROLE ... SET change the defaults of new sessions: the time zone in which moments are shown, the search path.",
        fix: "Set what the code relies on in the session.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() || cx.session.setting("timezone").is_some() {
        return Vec::new();
    }
    let zone = |c: &Change| {
        let name = c.object.name.as_deref().unwrap_or("");
        c.object.kind == ObjectKind::Setting
            && (name.eq_ignore_ascii_case("timezone") || name.eq_ignore_ascii_case("time zone") || name.eq_ignore_ascii_case("time_zone"))
    };
    let Some(change) = changes.iter().rposition(|c| matches!(c.op, ChangeOp::Other | ChangeOp::SearchPath) && zone(c)) else {
        return Vec::new();
    };
    let moment = before.uses.iter().filter(|u| u.kind == ObjectKind::Column && u.mode != Mode::Write).find(|u| {
        u.id.and_then(|id| cx.pairing.column_before(id))
            .is_some_and(|(_, c)| matches!(c.ty.name.as_str(), "timestamp with time zone" | "timestamp"))
    });
    let Some(used) = moment else { return Vec::new() };
    let mut explanation = cx.explain(
        before,
        Effect::ChangesResult,
        format!("The time zone of new sessions changes, and {} is shown in it.", cx.object_of(used)),
    );
    explanation.object = Some(cx.object_of(used));
    explanation.change = Some(change);
    explanation.span = used.span;
    vec![explanation]
}
