//! What happens to a statement that a connection prepared before the migration.

use super::context::Context;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::types::DataType;
use crate::sql::bind::binding::{Binding, Output};

/// The effect on a prepared statement. PostgreSQL plans it again but keeps its result columns (names, types,
/// lengths) and the types of its parameters: otherwise "cached plan must not change result type", 0A000
/// (`RevalidateCachedQuery` in `plancache.c`). MySQL, MariaDB and SQLite prepare it again.
pub fn effect(cx: &Context, before: &Binding, after: &Binding, effect: Effect) -> Effect {
    if cx.engine() != Engine::Postgres || effect == Effect::Breaks || before.error.is_some() {
        return effect;
    }
    if let (Some(was), Some(is)) = (&before.outputs, &after.outputs) {
        let same = was.len() == is.len() && was.iter().zip(is).all(|(a, b)| same_column(cx, a, b));
        if !same {
            return Effect::Breaks;
        }
    }
    if parameter_lost_type(cx, before) { Effect::Breaks } else { effect }
}

fn same_column(cx: &Context, a: &Output, b: &Output) -> bool {
    let same_type = match (&a.ty, &b.ty) {
        (Some(x), Some(y)) => x == y && same_user_type(cx, x, y),
        _ => true,
    };
    a.name == b.name && same_type
}

/// The user-defined type of that name is the same type, not one that was created in its place.
fn same_user_type(cx: &Context, a: &DataType, b: &DataType) -> bool {
    let id = |schema: &crate::model::schema::Schema, t: &DataType| {
        t.user.as_ref().and_then(|n| schema.find_type(Some(&n.schema), &n.name)).map(|t| t.id)
    };
    match (id(cx.pairing.before, a), id(cx.pairing.after, b)) {
        (Some(x), Some(y)) => x == y,
        _ => true,
    }
}

/// A parameter took its type from a column whose user-defined type is gone: the statement still asks for it.
fn parameter_lost_type(cx: &Context, before: &Binding) -> bool {
    let text = cx.input.text;
    if !text.contains('$') {
        return false;
    }
    before.uses.iter().filter(|u| !u.implicit).filter_map(|u| u.id).filter_map(|id| cx.pairing.column_before(id)).any(|(_, column)| {
        let Some(user) = &column.ty.user else { return false };
        let id = cx.pairing.before.find_type(Some(&user.schema), &user.name).map(|t| t.id);
        id.is_some_and(|id| !cx.pairing.after.types.values().any(|t| t.id == id))
    })
}
