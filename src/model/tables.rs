//! The tables of a schema, shared between its copies until one of them is changed.
//!
//! A check holds each schema before and after the migration, and every transaction of a script keeps the state that it
//! may return to: copies that differ in a table or two.

use super::object::ObjectName;
use super::schema::Table;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

type Shared = BTreeMap<ObjectName, Arc<Table>>;

/// Tables and views by their keys, in order.
#[derive(Clone, Debug, Default)]
pub struct Tables(Arc<Shared>);

impl Tables {
    /// The table of a key.
    pub fn get(&self, key: &ObjectName) -> Option<&Table> {
        self.0.get(key).map(Arc::as_ref)
    }

    /// Whether there is a table of a key.
    pub fn contains_key(&self, key: &ObjectName) -> bool {
        self.0.contains_key(key)
    }

    /// Number of tables.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and tables, in order of the keys.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &ObjectName> + Clone {
        self.0.keys()
    }

    /// The tables, in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Table> + Clone {
        self.0.values().map(Arc::as_ref)
    }

    /// The table of a key, to change it.
    pub fn get_mut(&mut self, key: &ObjectName) -> Option<&mut Table> {
        if !self.0.contains_key(key) {
            return None;
        }
        Arc::make_mut(&mut self.0).get_mut(key).map(Arc::make_mut)
    }

    /// All tables, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Table> {
        Arc::make_mut(&mut self.0).values_mut().map(Arc::make_mut)
    }

    /// Files a table; gives the one that had the key.
    pub fn insert(&mut self, key: ObjectName, table: Table) -> Option<Table> {
        Arc::make_mut(&mut self.0).insert(key, Arc::new(table)).map(Arc::unwrap_or_clone)
    }

    /// Takes a table out.
    pub fn remove(&mut self, key: &ObjectName) -> Option<Table> {
        if !self.0.contains_key(key) {
            return None;
        }
        Arc::make_mut(&mut self.0).remove(key).map(Arc::unwrap_or_clone)
    }

    /// Keeps the tables for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&ObjectName, &Table) -> bool) {
        if self.iter().any(|(key, table)| !keep(key, table)) {
            Arc::make_mut(&mut self.0).retain(|key, table| keep(key, table));
        }
    }
}

impl PartialEq for Tables {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(other.0.iter());
        let shared = Arc::ptr_eq(&self.0, &other.0);
        shared || (self.len() == other.len() && pairs.all(|(a, b)| a.0 == b.0 && (Arc::ptr_eq(a.1, b.1) || a.1 == b.1)))
    }
}

/// See [`Tables::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'t>(btree_map::Iter<'t, ObjectName, Arc<Table>>);

impl<'t> Iterator for Iter<'t> {
    type Item = (&'t ObjectName, &'t Table);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, table)| (key, table.as_ref()))
    }

    // Exact: how many there are is written before them.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, table)| (key, table.as_ref()))
    }
}

impl<'t> IntoIterator for &'t Tables {
    type Item = (&'t ObjectName, &'t Table);
    type IntoIter = Iter<'t>;

    fn into_iter(self) -> Iter<'t> {
        self.iter()
    }
}

/// Keys and tables of a [`Tables`] that is taken apart.
#[derive(Debug)]
pub struct IntoIter(btree_map::IntoIter<ObjectName, Arc<Table>>);

impl Iterator for IntoIter {
    type Item = (ObjectName, Table);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, table)| (key, Arc::unwrap_or_clone(table)))
    }
}

impl IntoIterator for Tables {
    type Item = (ObjectName, Table);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(Arc::unwrap_or_clone(self.0).into_iter())
    }
}

impl Extend<(ObjectName, Table)> for Tables {
    fn extend<I: IntoIterator<Item = (ObjectName, Table)>>(&mut self, tables: I) {
        Arc::make_mut(&mut self.0).extend(tables.into_iter().map(|(key, table)| (key, Arc::new(table))));
    }
}

impl Serialize for Tables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Tables;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("tables by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tables, A::Error> {
                let mut shared = Shared::new();
                while let Some((key, table)) = entries.next_entry::<ObjectName, Table>()? {
                    shared.insert(key, Arc::new(table));
                }
                Ok(Tables(Arc::new(shared)))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> (ObjectName, Table) {
        let name = ObjectName::new("public", name);
        (name.clone(), Table { name, ..Table::default() })
    }

    #[test]
    fn copies_part_where_one_is_changed() {
        let mut before = Tables::default();
        before.extend([named("a"), named("b")]);
        let mut after = before.clone();
        assert_eq!(before, after);
        after.get_mut(&named("a").0).expect("it is there").open = true;
        assert!(after.remove(&named("c").0).is_none());
        assert_ne!(before, after);
        assert!(before.values().all(|t| !t.open));
        assert!(Arc::ptr_eq(&before.0[&named("b").0], &after.0[&named("b").0]));
        let bytes = postcard::to_stdvec(&after).expect("it encodes");
        assert_eq!(postcard::from_bytes::<Tables>(&bytes).expect("it decodes"), after);
    }
}
