//! The second tier of the byte filter: names learnt from the files that were kept.
//!
//! A file that passes no fixed keyword can still matter: it calls a helper that builds SQL around a table name,
//! names a constant that holds SQL, or defines what a kept file imports. The names are looked up word by word in
//! the bytes of the files that the first tier dropped.

use super::keep::{add_names, any_text, holds_sql};
use super::looks::like_statement;
use crate::model::facts::{FileFacts, ScopeKind, Value};
use rustc_hash::FxHashSet as HashSet;
use std::collections::BTreeSet;

/// Names learnt from kept files.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// Functions and classes that build SQL from what they are given.
    builders: HashSet<Box<[u8]>>,
    /// Names of values that hold SQL.
    values: HashSet<Box<[u8]>>,
}

impl Learnt {
    /// Learns the names of one file.
    pub fn learn(&mut self, facts: &FileFacts) {
        for (name, is_value) in learnt_names(facts) {
            let set = if is_value { &mut self.values } else { &mut self.builders };
            set.insert(name.into_bytes().into_boxed_slice());
        }
    }

    /// Adds functions whose callers decide what is sent.
    pub fn add_builders(&mut self, names: &[String]) {
        self.builders.extend(names.iter().filter(|n| n.len() >= 3).map(|n| n.clone().into_bytes().into_boxed_slice()));
    }

    /// Adds names of values, such as models.
    pub fn add_values<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.values.extend(names.filter(|n| n.len() >= 3).map(|n| n.as_bytes().into()));
    }

    /// The names that `other` does not hold.
    pub fn without(&self, other: &Learnt) -> Learnt {
        Learnt {
            builders: self.builders.difference(&other.builders).cloned().collect(),
            values: self.values.difference(&other.values).cloned().collect(),
        }
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.builders.len() + self.values.len()
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes ready for looking up.
    pub fn filter(&self) -> Filter<'_> {
        let mut heads = vec![0; 1024];
        for name in self.builders.iter().chain(&self.values) {
            if let Some(head) = head(name)
                && let Some(bits) = heads.get_mut(head >> 6)
            {
                *bits |= 1u64 << (head & 63);
            }
        }
        Filter { learnt: self, heads }
    }
}

/// Learnt names, ready for looking up in many files.
pub struct Filter<'a> {
    learnt: &'a Learnt,
    /// One bit for every two bytes that a name begins with; most words of a file end here.
    heads: Vec<u64>,
}

fn head(word: &[u8]) -> Option<usize> {
    Some(usize::from(*word.first()?) << 8 | usize::from(*word.get(1)?))
}

impl Filter<'_> {
    /// Whether a file mentions a learnt name: a builder called or subclassed, a value named.
    pub fn keep(&self, bytes: &[u8]) -> bool {
        if self.learnt.is_empty() {
            return false;
        }
        let part = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
        let known = |word: &[u8]| head(word).and_then(|h| Some(self.heads.get(h >> 6)? & 1 << (h & 63) != 0)) == Some(true);
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let skipped = rest.iter().position(|&b| part(b)).unwrap_or(rest.len());
            let word = rest.get(skipped..).unwrap_or(&[]);
            let len = word.iter().position(|&b| !part(b)).unwrap_or(word.len());
            let (word, after) = (word.get(..len).unwrap_or(&[]), word.get(len..).unwrap_or(&[]));
            if len >= 3 && known(word) && (self.learnt.values.contains(word) || (self.learnt.builders.contains(word) && is_used(after))) {
                return true;
            }
            at += skipped + len.max(1);
        }
        false
    }
}

/// A call, a subclass list, a literal of the type, or a base class.
fn is_used(after: &[u8]) -> bool {
    matches!(after.first(), Some(b'(' | b'<' | b'{' | b')' | b',' | b'[' | b'.')) || after.starts_with(b" {") || after.starts_with(b"?.")
}

/// Names of a file's builders (false) and of its values that hold SQL (true).
fn learnt_names(facts: &FileFacts) -> BTreeSet<(String, bool)> {
    let mut names = BTreeSet::new();
    for a in facts.assignments.iter().filter(|a| a.exported || a.scope == 0) {
        // Who names a piece of SQL puts a statement together around it, and is kept for that.
        if any_text(&a.value, &like_statement) || matches!(a.value, Value::File { .. }) {
            names.extend(a.target.first().filter(|n| *n != "default" && *n != "self" && *n != "this").map(|n| (n.clone(), true)));
        }
    }
    let values = facts.assignments.iter().map(|a| (a.scope, &a.value));
    let sent = facts.calls.iter().flat_map(|c| c.args.iter().map(|a| (c.scope, &a.value)));
    let returned = facts.returns.iter().map(|r| (r.scope, &r.value));
    for (scope, value) in values.chain(sent).chain(returned) {
        let built =
            matches!(value, Value::Concat(..) | Value::Format { .. } | Value::Join { .. } | Value::Tagged { .. } | Value::Choice(..));
        if !built || !holds_sql(value) {
            continue;
        }
        let mut used = HashSet::default();
        add_names(value, &mut used);
        let mut at = scope as usize;
        for _ in 0..32 {
            let Some(fact) = facts.scopes.get(at) else { break };
            // Functions within functions are called where they stand.
            let reachable = fact.exported || fact.parent == 0 || !fact.receiver.is_empty();
            if fact.kind == ScopeKind::Function && reachable && fact.params.iter().any(|p| used.contains(&p.name)) {
                names.insert((fact.name.clone(), false));
            }
            // Text around a member: whoever makes or extends the class decides it.
            if fact.kind == ScopeKind::Function && !fact.receiver.is_empty() && used.contains(&fact.receiver) {
                names.insert((fact.receiver_type.clone(), false));
                names
                    .extend(facts.scopes.get(fact.parent as usize).filter(|s| s.kind == ScopeKind::Class).map(|s| (s.name.clone(), false)));
            }
            if at == 0 {
                break;
            }
            at = fact.parent as usize;
        }
    }
    names.retain(|(n, _)| n.len() >= 3);
    names
}

/// Modules and names whose files a kept file needs: what it imports and mentions in its facts. An empty name
/// stands for the module as a whole.
pub fn needed_imports(facts: &FileFacts) -> impl Iterator<Item = (&str, &str)> {
    let mut used = HashSet::default();
    facts.assignments.iter().for_each(|a| add_names(&a.value, &mut used));
    facts.returns.iter().for_each(|r| add_names(&r.value, &mut used));
    facts.strings.iter().for_each(|s| add_names(&s.value, &mut used));
    for call in &facts.calls {
        used.extend(call.callee.iter().cloned());
        call.args.iter().for_each(|a| add_names(&a.value, &mut used));
    }
    for scope in &facts.scopes {
        used.extend(scope.bases.iter().flat_map(|b| b.split('.')).map(str::to_string));
        for param in &scope.params {
            used.extend(param.ty.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_string));
        }
    }
    for a in facts.assignments.iter().filter(|a| !a.ty.is_empty()) {
        used.extend(a.ty.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_string));
    }
    let needed = move |local: &str| local == "*" || local == "." || used.contains(local);
    facts.imports.iter().filter(move |i| !i.module.is_empty() && needed(&i.local)).map(|i| (i.module.as_str(), i.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::PackSet;
    use crate::index::extract::extract;
    use crate::model::facts::Language;

    #[test]
    fn learns_builders_values_and_needed_imports() {
        let packs = PackSet::builtin().unwrap_or_else(|e| panic!("{e:?}"));
        let source = b"from .names import TABLE, OTHER\nimport psycopg2\nGET = 'SELECT a FROM t'\n\
            def fetch_all(conn, table):\n    conn.execute('SELECT * FROM ' + table + TABLE)\n\
            def plain(conn, sql):\n    conn.execute(sql)\n\
            class Repo:\n    def all(self):\n        self.db.execute(f'SELECT * FROM {self.table}')\n";
        let facts = extract(source, Language::Python, "a.py", &packs);
        let mut learnt = Learnt::default();
        learnt.learn(&facts);
        for (text, expected) in [
            ("fetch_all(c, 'users')", true),
            ("x.fetch_all", false),
            ("run(queries.GET)", true),
            ("plain(c, X)", false),
            ("class Users(Repo):", true),
            ("GETTER, fetch_all_users()", false),
            ("", false),
        ] {
            assert_eq!(learnt.filter().keep(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(needed_imports(&facts).collect::<Vec<_>>(), [(".names", "TABLE")]);
    }
}
