//! PostgreSQL's choice among operators and functions of one name by argument types ("Type Conversion" in its
//! manual: exact match, implicit casts, preferred types, unknown literals).

use super::binder::Binder;
use super::catalog::postgres::{COMPOSITE, Context, ENUM, OTHER, TypeId, UNKNOWN, catalog};
use super::value::Ty;
use crate::model::object::ObjectName;
use crate::model::schema::{Schema, UserTypeKind};
use crate::model::types::DataType;

/// A type as far as the choice among candidates needs it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Operand<'a> {
    /// Type, or kind of user-defined type.
    pub id: TypeId,
    /// Which user-defined type.
    pub user: Option<&'a ObjectName>,
}

impl Operand<'_> {
    /// An undecided literal.
    pub const UNKNOWN: Operand<'static> = Operand { id: UNKNOWN, user: None };
}

/// What a choice gives.
#[derive(Debug, PartialEq)]
pub enum Choice {
    /// The candidate at this index.
    One(usize),
    /// Several fit equally well.
    Ambiguous,
    /// None fits.
    None,
}

/// The operand that a type is: domains are their base type. `None`: a type of which nothing is known.
pub fn operand<'a>(schema: &'a Schema, ty: &'a DataType) -> Option<Operand<'a>> {
    let array = |id: TypeId| if ty.array > 0 { id.array() } else { id };
    let Some(user) = &ty.user else {
        if ty.name == "record" {
            return Some(Operand { id: array(COMPOSITE), user: None });
        }
        return catalog().id(&ty.name).map(|id| Operand { id: array(id), user: None });
    };
    match schema.types.get(user).map(|t| &t.kind) {
        Some(UserTypeKind::Enum(_)) => Some(Operand { id: array(ENUM), user: Some(user) }),
        Some(UserTypeKind::Composite(_)) => Some(Operand { id: array(COMPOSITE), user: Some(user) }),
        Some(UserTypeKind::Domain { base, .. }) if base.user.as_ref() != Some(user) => {
            let base = operand(schema, base)?;
            Some(if ty.array > 0 { Operand { id: OTHER.array(), user: Some(user) } } else { base })
        }
        Some(_) => Some(Operand { id: array(OTHER), user: Some(user) }),
        None if schema.tables.contains_key(user) => Some(Operand { id: array(COMPOSITE), user: Some(user) }),
        None => None,
    }
}

/// The operand of an expression type; parameters are undecided literals. `None`: opaque.
pub fn operand_of<'a>(schema: &'a Schema, ty: &'a Ty) -> Option<Operand<'a>> {
    match ty {
        Ty::Any => None,
        Ty::Param | Ty::Literal => Some(Operand::UNKNOWN),
        Ty::Known(ty) => operand(schema, ty),
    }
}

/// Polymorphic kinds of parameters.
fn polymorphic(id: TypeId) -> Option<&'static str> {
    let name = catalog().info(id).filter(|t| t.category == 'P')?.name;
    (!id.is_array()).then_some(name)
}

/// Whether a value of type `from` can be passed where `to` is wanted, by casts of at most that context.
pub fn coercible(from: Operand, to: Operand, context: Context) -> bool {
    if from.id == UNKNOWN || (from == to) {
        return true;
    }
    if let Some(kind) = polymorphic(to.id) {
        return match kind {
            "\"any\"" | "any" | "anyelement" | "anycompatible" => true,
            "anyarray" | "anycompatiblearray" => from.id.is_array() || is_vector(from.id),
            "anynonarray" | "anycompatiblenonarray" => !from.id.is_array(),
            "anyenum" => from.id == ENUM,
            "anyrange" | "anycompatiblerange" => catalog().category(from.id) == 'R' && !is_multirange(from.id) || from.id == OTHER,
            "anymultirange" | "anycompatiblemultirange" => is_multirange(from.id) || from.id == OTHER,
            "record" => from.id == COMPOSITE,
            _ => false,
        };
    }
    if to.id == COMPOSITE && from.id == COMPOSITE {
        // ROW(...) takes the shape of the composite that it is stored in.
        return to.user.is_none() || from.user.is_none() && context != Context::Implicit;
    }
    if from.id == OTHER || to.id == OTHER {
        // A range, base type or array of domains of which nothing is known.
        return from.user == to.user
            || from.id.is_array() == to.id.is_array() && (from.user.is_none() || to.user.is_none()) && from.id.is_array();
    }
    if from.id.is_array() && to.id.is_array() {
        let element = |o: Operand<'_>| TypeId(o.id.element().0);
        return coercible(Operand { id: element(from), user: from.user }, Operand { id: element(to), user: to.user }, context);
    }
    let direct = catalog().cast(from.id, to.id).is_some_and(|c| c <= context);
    if direct {
        return true;
    }
    // Casts through the text form: to string types on assignment, from them where they are written.
    match context {
        Context::Implicit => false,
        Context::Assignment => catalog().category(to.id) == 'S' && !to.id.is_array(),
        Context::Explicit => catalog().category(to.id) == 'S' || catalog().category(from.id) == 'S',
    }
}

fn is_vector(id: TypeId) -> bool {
    matches!(catalog().info(id).map(|t| t.name), Some("int2vector" | "oidvector"))
}

fn is_multirange(id: TypeId) -> bool {
    catalog().info(id).is_some_and(|t| t.name.ends_with("multirange"))
}

/// Subtype of a built-in range.
fn range_element(id: TypeId) -> Option<TypeId> {
    let name = catalog().info(id)?.name;
    let element = match name {
        "int4range" | "int4multirange" => "integer",
        "int8range" | "int8multirange" => "bigint",
        "numrange" | "nummultirange" => "numeric",
        "tsrange" | "tsmultirange" => "timestamp without time zone",
        "tstzrange" | "tstzmultirange" => "timestamp with time zone",
        "daterange" | "datemultirange" => "date",
        _ => return None,
    };
    catalog().id(element)
}

/// The types that polymorphic parameters stand for in a call.
#[derive(Clone, Debug, Default)]
pub struct Bound<'a> {
    element: Option<Operand<'a>>,
    compatible: Option<Operand<'a>>,
    range: Option<Operand<'a>>,
}

/// Checks that polymorphic parameters agree, and says what they stand for.
pub fn bind_polymorphic<'a>(params: &[Operand], inputs: &[Operand<'a>]) -> Option<Bound<'a>> {
    let mut bound = Bound::default();
    for (param, input) in params.iter().zip(inputs) {
        if input.id == UNKNOWN {
            continue;
        }
        let Some(kind) = polymorphic(param.id) else { continue };
        let element = Operand { id: input.id.element(), user: input.user };
        match kind {
            "anyelement" | "anynonarray" | "anyenum" => agree(&mut bound.element, *input)?,
            "anyarray" => agree(&mut bound.element, element)?,
            "anyrange" | "anymultirange" => {
                if let Some(sub) = range_element(input.id) {
                    agree(&mut bound.element, Operand { id: sub, user: None })?;
                }
                bound.range = bound.range.or(Some(*input));
            }
            "anycompatible" | "anycompatiblenonarray" => common(&mut bound.compatible, *input)?,
            "anycompatiblearray" => common(&mut bound.compatible, element)?,
            _ => {}
        }
    }
    Some(bound)
}

fn agree<'a>(slot: &mut Option<Operand<'a>>, with: Operand<'a>) -> Option<()> {
    match slot {
        Some(have) if *have != with => None,
        _ => {
            *slot = Some(with);
            Some(())
        }
    }
}

fn common<'a>(slot: &mut Option<Operand<'a>>, with: Operand<'a>) -> Option<()> {
    *slot = Some(match *slot {
        Some(have) => common_type(&[have, with])?,
        None => with,
    });
    Some(())
}

/// The type that all can be given as (`select_common_type`); undecided ones adapt.
pub fn common_type<'a>(types: &[Operand<'a>]) -> Option<Operand<'a>> {
    let mut chosen: Option<Operand<'a>> = None;
    for ty in types.iter().filter(|t| t.id != UNKNOWN) {
        let Some(have) = chosen else {
            chosen = Some(*ty);
            continue;
        };
        if have == *ty {
            continue;
        }
        if catalog().category(have.id) != catalog().category(ty.id) {
            return None;
        }
        let forth = coercible(have, *ty, Context::Implicit);
        let back = coercible(*ty, have, Context::Implicit);
        if !catalog().preferred(have.id) && forth && !back {
            chosen = Some(*ty);
        } else if !forth && !back {
            return None;
        }
    }
    chosen.or(Some(Operand::UNKNOWN))
}

/// The result type of a chosen candidate.
pub fn result_type<'a>(result: Operand<'a>, bound: &Bound<'a>) -> Option<Operand<'a>> {
    let array = |o: Operand<'a>| Operand { id: o.id.array(), user: o.user };
    match polymorphic(result.id) {
        None => Some(result),
        Some(kind) => match kind {
            "anyelement" | "anynonarray" | "anyenum" => bound.element,
            "anyarray" => bound.element.map(array),
            "anyrange" | "anymultirange" => bound.range,
            "anycompatible" | "anycompatiblenonarray" => bound.compatible,
            "anycompatiblearray" => bound.compatible.map(array),
            "record" => Some(Operand { id: COMPOSITE, user: None }),
            _ => None,
        },
    }
}

/// Chooses among candidates by PostgreSQL's rules. Every candidate has as many parameters as there are inputs.
pub fn choose(candidates: &[Vec<Operand>], inputs: &[Operand]) -> Choice {
    let exact = candidates.iter().position(|c| c.iter().zip(inputs).all(|(p, i)| p == i && i.id != UNKNOWN));
    if let Some(index) = exact {
        return Choice::One(index);
    }
    let fits =
        |c: &Vec<Operand>| c.iter().zip(inputs).all(|(p, i)| coercible(*i, *p, Context::Implicit)) && bind_polymorphic(c, inputs).is_some();
    let mut left: Vec<usize> = (0..candidates.len()).filter(|i| candidates.get(*i).is_some_and(fits)).collect();
    match left.as_slice() {
        [] => return Choice::None,
        [one] => return Choice::One(*one),
        _ => {}
    }
    let score = |index: usize, good: &dyn Fn(&Operand, &Operand) -> bool| {
        candidates.get(index).map_or(0, |c| c.iter().zip(inputs).filter(|(p, i)| i.id != UNKNOWN && good(p, i)).count())
    };
    keep_best(&mut left, |i| score(i, &|p, i| p == i));
    if let [one] = left.as_slice() {
        return Choice::One(*one);
    }
    keep_best(&mut left, |i| {
        score(i, &|p, i| p == i || (catalog().preferred(p.id) && catalog().category(p.id) == catalog().category(i.id)))
    });
    if let [one] = left.as_slice() {
        return Choice::One(*one);
    }
    if inputs.iter().all(|i| i.id != UNKNOWN) {
        return Choice::Ambiguous;
    }
    by_category(candidates, inputs, &mut left);
    if let [one] = left.as_slice() {
        return Choice::One(*one);
    }
    // Undecided inputs are taken to be of the one known type.
    let mut known = inputs.iter().filter(|i| i.id != UNKNOWN);
    if let Some(first) = known.next()
        && known.all(|i| i == first)
    {
        let all = vec![*first; inputs.len()];
        let fits = |c: &Vec<Operand>| c.iter().all(|p| coercible(*first, *p, Context::Implicit)) && bind_polymorphic(c, &all).is_some();
        let same: Vec<usize> = left.iter().copied().filter(|i| candidates.get(*i).is_some_and(fits)).collect();
        if let [one] = same.as_slice() {
            return Choice::One(*one);
        }
    }
    Choice::Ambiguous
}

/// Undecided inputs: strings where any candidate takes a string there, else the one category that all share.
fn by_category(candidates: &[Vec<Operand>], inputs: &[Operand], left: &mut Vec<usize>) {
    let at = |i: usize, position: usize| candidates.get(i).and_then(|c| c.get(position));
    let mut rules: Vec<(usize, char, bool)> = Vec::new();
    for (position, _) in inputs.iter().enumerate().filter(|(_, i)| i.id == UNKNOWN) {
        let mut categories = left.iter().filter_map(|i| at(*i, position)).map(|p| catalog().category(p.id));
        let all: Vec<char> = categories.by_ref().collect();
        let category = if all.contains(&'S') {
            'S'
        } else {
            match all.first() {
                Some(first) if all.iter().all(|c| c == first) => *first,
                _ => return,
            }
        };
        let preferred =
            left.iter().filter_map(|i| at(*i, position)).any(|p| catalog().category(p.id) == category && catalog().preferred(p.id));
        rules.push((position, category, preferred));
    }
    let good: Vec<usize> = left
        .iter()
        .copied()
        .filter(|i| {
            rules.iter().all(|(position, category, preferred)| {
                at(*i, *position).is_some_and(|p| catalog().category(p.id) == *category && (!preferred || catalog().preferred(p.id)))
            })
        })
        .collect();
    if !good.is_empty() {
        *left = good;
    }
}

fn keep_best(left: &mut Vec<usize>, score: impl Fn(usize) -> usize) {
    let best = left.iter().map(|i| score(*i)).max().unwrap_or(0);
    left.retain(|i| score(*i) == best);
}

impl<'s> Binder<'s> {
    /// The expression type of an operand.
    pub fn type_of(&self, operand: Operand) -> Ty<'s> {
        let array = u8::from(operand.id.is_array());
        match operand.user {
            Some(user) => Ty::owned(DataType { name: user.name.clone(), array, user: Some(user.clone()), ..DataType::default() }),
            None if operand.id == UNKNOWN => Ty::Literal,
            None if operand.id.element() == COMPOSITE => Ty::owned(DataType { array, ..DataType::named("record") }),
            None => catalog().data_type(operand.id).map_or(Ty::Any, Ty::of),
        }
    }

    /// A built-in type by canonical name.
    pub fn builtin(&self, name: &str) -> Ty<'s> {
        if self.pg() {
            catalog().id(name).and_then(|id| catalog().data_type(id)).map_or(Ty::Any, Ty::of)
        } else {
            Ty::owned(DataType::named(name))
        }
    }

    /// Whether an extension's object is there.
    pub fn has_extension(&self, extension: &str) -> bool {
        extension.is_empty() || !self.schema.complete || self.schema.extensions.iter().any(|e| e == extension)
    }

    /// Whether the schema has an extension whose operators and functions are not listed.
    pub fn has_foreign_extension(&self) -> bool {
        const LISTED: &[&str] = &[
            "pg_trgm",
            "citext",
            "hstore",
            "ltree",
            "uuid-ossp",
            "pgcrypto",
            "unaccent",
            "fuzzystrmatch",
            "tablefunc",
            "intarray",
            "earthdistance",
            "btree_gist",
            "btree_gin",
            "dblink",
            "lo",
            "tcn",
            "pg_stat_statements",
            "postgres_fdw",
            "plpgsql",
        ];
        self.schema.extensions.iter().any(|e| !LISTED.contains(&e.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(name: &str) -> Operand<'static> {
        match name.strip_suffix("[]") {
            None if name == "unknown" => Operand::UNKNOWN,
            Some(e) => Operand { id: catalog().id(e).unwrap_or(UNKNOWN).array(), user: None },
            None => Operand { id: catalog().id(name).unwrap_or(UNKNOWN), user: None },
        }
    }

    fn binary(name: &str, left: &str, right: &str) -> String {
        let (l, r) = (op(left), op(right));
        let all: Vec<_> = catalog().operators(name).iter().filter(|o| o.left.is_some() && o.extension.is_empty()).collect();
        let candidates: Vec<Vec<Operand>> =
            all.iter().map(|o| vec![Operand { id: o.left.unwrap_or(UNKNOWN), user: None }, Operand { id: o.right, user: None }]).collect();
        match choose(&candidates, &[l, r]) {
            Choice::One(i) => catalog().info(all[i].result).map_or(String::new(), |t| t.name.to_string()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn operators_are_chosen_as_the_engine_does() {
        for (left, name, right, expected) in [
            ("integer", "+", "bigint", "bigint"),
            ("integer", "*", "numeric", "numeric"),
            ("character varying", "=", "text", "boolean"),
            ("text", "=", "integer", "None"),
            ("boolean", "=", "integer", "None"),
            ("integer", "~~", "unknown", "None"),
            ("text", "~~", "unknown", "boolean"),
            ("date", "+", "integer", "date"),
            ("timestamp without time zone", "+", "integer", "None"),
            ("timestamp without time zone", "-", "timestamp without time zone", "interval"),
            ("text", "||", "integer", "text"),
            ("unknown", "||", "unknown", "text"),
            ("jsonb", "->>", "unknown", "text"),
            ("bigint[]", "&&", "integer[]", "None"),
            ("integer[]", "&&", "integer[]", "boolean"),
            ("date", ">=", "timestamp with time zone", "boolean"),
        ] {
            assert_eq!(binary(name, left, right), expected, "{left} {name} {right}");
        }
    }
}
