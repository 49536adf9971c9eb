//! Names that the engines choose where none is written.

use crate::model::schema::Schema;

/// Longest identifier of PostgreSQL, in bytes (NAMEDATALEN - 1).
pub(super) const MAX_NAME: usize = 63;

/// PostgreSQL's `makeObjectName`: `first_second_label`, of which the longer of the first two is cut until the
/// whole fits.
fn object_name(first: &str, second: &str, label: &str) -> String {
    let overhead = label.len() + 1 + if second.is_empty() { 0 } else { 1 };
    let available = MAX_NAME.saturating_sub(overhead);
    let (mut a, mut b) = (first.len(), second.len());
    while a + b > available {
        if a > b {
            a -= 1;
        } else {
            b -= 1;
        }
    }
    let cut = |text: &str, mut len: usize| {
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        text[..len].to_string()
    };
    let mut parts = vec![cut(first, a)];
    if !second.is_empty() {
        parts.push(cut(second, b));
    }
    parts.push(label.to_string());
    parts.join("_")
}

/// An identifier as PostgreSQL keeps it: cut to 63 bytes.
pub(super) fn truncated(name: &str) -> String {
    let mut len = name.len().min(MAX_NAME);
    while !name.is_char_boundary(len) {
        len -= 1;
    }
    name[..len].to_string()
}

/// The first of `label`, `label1`, ... under which the name is not taken.
pub(super) fn choose(first: &str, second: &str, label: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = object_name(first, second, label);
    let mut pass = 0u32;
    while taken(&name) {
        pass += 1;
        name = object_name(first, second, &format!("{label}{pass}"));
    }
    name
}

/// A relation (table, view, index, sequence) of that name exists in a PostgreSQL schema.
pub(super) fn relation_exists(schema: &Schema, namespace: &str, name: &str) -> bool {
    let key = crate::model::object::ObjectName::new(namespace, name);
    schema.tables.contains_key(&key) || schema.sequences.contains_key(&key) || index_exists(schema, namespace, name)
}

/// An index of that name exists in a schema.
pub(super) fn index_exists(schema: &Schema, namespace: &str, name: &str) -> bool {
    schema.tables.values().any(|t| t.name.schema == namespace && t.indexes.iter().any(|i| i.name == name))
}

/// A constraint of that name exists in a PostgreSQL schema: implied names avoid all of them.
pub(super) fn constraint_exists(schema: &Schema, namespace: &str, name: &str) -> bool {
    schema.tables.values().any(|t| t.name.schema == namespace && t.constraints.iter().any(|c| c.name == name))
}

/// MySQL's name of an index without one: its first column, then `_2`, `_3`, ...
pub(super) fn mysql_index_name(first_column: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = first_column.to_string();
    let mut number = 2;
    while taken(&name) {
        name = format!("{first_column}_{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_cuts_the_longer_part() {
        assert_eq!(object_name("t", "a", "key"), "t_a_key");
        assert_eq!(object_name("t", "", "pkey"), "t_pkey");
        let long = "x".repeat(70);
        assert_eq!(object_name(&long, "id", "seq"), format!("{}_id_seq", "x".repeat(56)));
        assert_eq!(object_name(&long, &long, "fkey").len(), 63);
    }

    #[test]
    fn numbers_until_free() {
        let taken = ["t_check".to_string(), "t_check1".to_string()];
        assert_eq!(choose("t", "", "check", |n| taken.iter().any(|t| t == n)), "t_check2");
        assert_eq!(mysql_index_name("a", |n| n == "a" || n == "a_2"), "a_3");
    }
}
