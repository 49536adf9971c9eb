//! A written value that must not be NULL now.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectRef;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WrittenValue;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "not-null-may-reject",
        title: "A NULL that is written is refused now",
        why: "SET NOT NULL refuses every later NULL. A literal NULL always fails; a parameter fails when it is NULL.",
        fix: "Find the writers that can pass NULL and change them first.",
        misses: "Values that the code never lets be NULL.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in &write_pairs(cx, before, after) {
        for written in &pair.write.columns {
            let Some(column) = pair.new.column(cx.dialect(), &written.name).filter(|c| required(cx, c)) else { continue };
            let Some(old) = pair.old_column(cx, column).filter(|o| !required_before(cx, o)) else { continue };
            let (effect, what) = match &written.value {
                _ if column.auto_increment => continue,
                WrittenValue::Null => (Effect::Breaks, "NULL, which is refused"),
                WrittenValue::Literal(..) | WrittenValue::Default | WrittenValue::Expr(_, Some(false)) => continue,
                WrittenValue::Expr(..) => (Effect::MayBreak, "a value that can be NULL, which is refused"),
                WrittenValue::Unknown => (Effect::MayBreak, "a value that may be NULL, which is refused"),
            };
            let ops = [
                ChangeOp::SetNotNull,
                ChangeOp::AddConstraint,
                ChangeOp::AlterColumn,
                ChangeOp::AlterType,
                ChangeOp::AlterDomain,
                ChangeOp::CreateTable,
            ];
            let message = |object: &ObjectRef| format!("{object} becomes NOT NULL, and this {} stores {what}.", pair.verb());
            let explanation = pair.explain(cx, before, (Some(old), column), &ops, (effect, message));
            found.push(Explanation { span: pair.place_of(written), ..explanation });
        }
    }
    found
}

fn required(cx: &Context, column: &crate::model::schema::Column) -> bool {
    !column.nullable || domain_not_null(cx.pairing.after, column)
}

fn required_before(cx: &Context, column: &crate::model::schema::Column) -> bool {
    !column.nullable || domain_not_null(cx.pairing.before, column)
}

fn domain_not_null(schema: &crate::model::schema::Schema, column: &crate::model::schema::Column) -> bool {
    use crate::model::schema::UserTypeKind;
    let domain = column.ty.user.as_ref().and_then(|u| schema.find_type(Some(&u.schema), &u.name));
    domain.is_some_and(|d| matches!(&d.kind, UserTypeKind::Domain { not_null: true, .. }))
}
