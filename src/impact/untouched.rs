//! Queries that a migration surely leaves as they are, told by their words alone.
//!
//! Most queries that name a changed table name nothing of it that changes. Whatever binds a name sees the same under every
//! name that such a query has, before and after, so both bindings are the same and no rule has anything to say: it need
//! not be parsed. What is written is never told so: keys, triggers and defaults act on it unnamed.
//! [`Untouched::leaves`] may only err by saying no. Builds for debugging judge what it leaves all the same.

use super::pairing::Pairing;
use crate::model::change::{Change, ChangeOp};
use crate::model::schema::{Column, Constraint, ConstraintKind, Index, Schema, Table};
use crate::model::statement::{COMPUTED, Mapped};
use rustc_hash::FxHashMap;

/// Tables that are told apart; a change of more is left to the judge.
const MAX_TABLES: usize = 64;
/// Engines cut longer names.
const MAX_NAME: usize = 60;

/// What a word can stand for. A set of tables is one bit for each.
#[derive(Copy, Clone, Debug, Default)]
struct Meaning {
    /// Something that is another thing after the migration, or that hides what it reads.
    whole: bool,
    /// Tables of that name of which only parts differ.
    tables: u64,
    /// Tables of which a part differs that has that name, or that involves a column of that name.
    parts: u64,
    /// Tables with a column of that name that does not differ.
    same: u64,
}

/// What differs between two schemas, by the words that a query must have to see any of it.
#[derive(Debug)]
pub struct Untouched {
    usable: bool,
    words: FxHashMap<String, Meaning>,
    tables: usize,
}

impl Untouched {
    /// Looks at what differs.
    pub fn new(pairing: &Pairing, changes: &[Change]) -> Untouched {
        let mut out = Untouched { usable: true, words: FxHashMap::default(), tables: 0 };
        let (before, after) = (pairing.before, pairing.after);
        out.usable = others_alike(before, after) && changes.iter().all(|c| plain(c.op));
        if !out.usable {
            return out;
        }
        for (key, old) in before.tables.iter() {
            match after.tables.get(key) {
                Some(new) if std::ptr::eq(old, new) => {}
                Some(new) => out.compare(old, new),
                None => out.whole(&old.name.name),
            }
        }
        after.tables.iter().filter(|(key, _)| !before.tables.contains_key(key)).for_each(|(_, new)| out.whole(&new.name.name));
        for schema in [before, after] {
            // What these read is not in the text of a query that names them.
            schema.functions.iter().for_each(|f| out.whole(&f.name.name));
            for table in schema.tables.values() {
                if table.view().is_some() || !table.policies.is_empty() || table.row_security {
                    out.whole(&table.name.name);
                }
                out.usable &= table.inherits.is_empty() && table.partition_of.is_none() && table.partition_by.is_none();
            }
            let other = if std::ptr::eq(schema, before) { after } else { before };
            schema.sequences.iter().filter(|(key, s)| other.sequences.get(key) != Some(s)).for_each(|(key, _)| out.whole(&key.name));
        }
        for change in changes {
            out.change(change);
        }
        out
    }

    /// Whether a statement is the same before and after, and does not wait for the migration.
    pub fn leaves(&self, text: &str, holes: bool, maps: Option<&Mapped>) -> bool {
        if !self.usable || holes || !text.chars().all(|c| c.is_ascii() || c == COMPUTED) {
            return false;
        }
        let tokens = tokens(text);
        if !tokens.first().is_some_and(|t| t.is("select")) {
            return false;
        }
        let (mut named, mut parts) = (0, 0);
        let meanings: Vec<Meaning> = tokens.iter().map(|t| if t.word { self.meaning(t.text) } else { Meaning::default() }).collect();
        for (token, meaning) in tokens.iter().zip(&meanings) {
            if meaning.whole || token.text.len() > MAX_NAME || token.is("into") || token.is(";") {
                return false;
            }
            named |= meaning.tables;
            parts |= meaning.parts;
        }
        if named & parts != 0 {
            return false;
        }
        // Nothing of what differs is here; else what takes all columns of a table must be known not to.
        named == 0 || !matches!(maps, Some(Mapped::Table(_))) && !takes_all(&tokens, &meanings)
    }

    fn meaning(&self, word: &str) -> Meaning {
        let mut lower = [0; MAX_NAME];
        let Some(lower) = lower.get_mut(..word.len()) else { return Meaning::default() };
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).ok().and_then(|w| self.words.get(w)).copied().unwrap_or_default()
    }

    /// The meaning of a name. One that is no word by itself can't be looked for.
    fn name(&mut self, name: &str) -> &mut Meaning {
        self.usable &= !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_word);
        self.words.entry(name.to_ascii_lowercase()).or_default()
    }

    fn whole(&mut self, name: &str) {
        self.name(name).whole = true;
    }

    /// The bit of a table that a change names: that of the tables compared, where there are any.
    fn table_of_change(&mut self, name: &str) -> u64 {
        let known = self.meaning(name).tables;
        if known == 0 { self.table(name) } else { known }
    }

    /// The bit of a table of which parts differ.
    fn table(&mut self, name: &str) -> u64 {
        self.usable &= self.tables < MAX_TABLES;
        let bit = 1 << self.tables.min(MAX_TABLES - 1);
        self.tables += 1;
        self.name(name).tables |= bit;
        bit
    }

    fn part(&mut self, name: &str, table: u64) {
        self.name(name).parts |= table;
    }

    /// Notes how a table differs.
    fn compare(&mut self, old: &Table, new: &Table) {
        if old == new {
            return;
        }
        // Columns and what spans them are looked at one by one; triggers and rows are no matter of a query.
        let rest = |t: &Table| Table {
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            rows: Vec::new(),
            ..t.clone()
        };
        if rest(old) != rest(new) {
            self.whole(&old.name.name);
            return;
        }
        let table = self.table(&old.name.name);
        for (columns, others) in [(&old.columns, &new.columns), (&new.columns, &old.columns)] {
            let same = |c: &Column| others.iter().any(|o| o == c);
            for column in columns {
                match same(column) {
                    true => self.name(&column.name).same |= table,
                    false => self.part(&column.name, table),
                }
            }
        }
        for (own, others) in [(old, new), (new, old)] {
            own.constraints.iter().filter(|c| !others.constraints.contains(c)).for_each(|c| self.constraint(c, table));
            own.indexes.iter().filter(|i| !others.indexes.contains(i)).for_each(|i| self.index(i, table));
        }
    }

    fn constraint(&mut self, constraint: &Constraint, table: u64) {
        if !constraint.name.is_empty() {
            self.part(&constraint.name, table);
        }
        let columns = match &constraint.kind {
            ConstraintKind::PrimaryKey { columns }
            | ConstraintKind::Unique { columns, .. }
            | ConstraintKind::Exclude { columns, .. }
            | ConstraintKind::Check { columns, .. }
            | ConstraintKind::ForeignKey { columns, .. } => columns,
        };
        columns.iter().for_each(|c| self.part(c, table));
        if let ConstraintKind::Check { expr, .. } = &constraint.kind {
            self.parts_of(expr, table);
        }
    }

    /// An expression is met by one that has a word of it.
    fn parts_of(&mut self, expression: &str, table: u64) {
        tokens(expression).iter().filter(|t| t.word).for_each(|t| self.part(t.text, table));
    }

    fn index(&mut self, index: &Index, table: u64) {
        if !index.name.is_empty() {
            self.part(&index.name, table);
        }
        for key in &index.keys {
            if let Some(column) = &key.column {
                self.part(column, table);
            }
            self.parts_of(key.expr.as_deref().unwrap_or(""), table);
        }
    }

    /// Notes what a change names: a table of which not all is known may not have it in either schema.
    fn change(&mut self, change: &Change) {
        use ChangeOp::*;
        let table = change.object.table.as_deref();
        match (&change.object.column, table, change.op) {
            (Some(column), Some(table), _) => {
                let bit = self.table_of_change(table);
                self.part(column, bit);
                if let Some(new) = &change.new_name {
                    self.part(&new.name, bit);
                }
            }
            (Some(_), None, _) => self.usable = false,
            (
                None,
                Some(table),
                AddConstraint | DropConstraint | RenameConstraint | AlterConstraint | CreateIndex | DropIndex | RenameIndex | AlterIndex,
            ) => {
                let bit = self.table_of_change(table);
                for name in change.object.name.iter().chain(change.new_name.iter().map(|n| &n.name)) {
                    self.part(name, bit);
                }
            }
            _ => {
                for name in table.into_iter().chain(change.object.name.as_deref()).chain(change.new_name.as_ref().map(|n| n.name.as_str()))
                {
                    self.whole(name);
                }
            }
        }
    }
}

/// Whether everything but tables and sequences is the same.
fn others_alike(a: &Schema, b: &Schema) -> bool {
    a.dialect == b.dialect
        && a.search_path == b.search_path
        && a.schemas == b.schemas
        && a.types == b.types
        && a.functions == b.functions
        && a.extensions == b.extensions
        && a.grants == b.grants
        && a.roles == b.roles
        && a.complete == b.complete
}

/// Changes that are seen under the names of tables, columns, keys and sequences only.
fn plain(op: ChangeOp) -> bool {
    use ChangeOp::*;
    matches!(
        op,
        CreateTable
            | DropTable
            | RenameTable
            | AddColumn
            | DropColumn
            | RenameColumn
            | AlterType
            | ReorderColumn
            | SetNotNull
            | DropNotNull
            | SetDefault
            | DropDefault
            | AlterGenerated
            | AlterColumn
            | AddConstraint
            | DropConstraint
            | RenameConstraint
            | AlterConstraint
            | CreateIndex
            | DropIndex
            | RenameIndex
            | AlterIndex
            | CreateView
            | DropView
            | CreateSequence
            | AlterSequence
            | DropSequence
    )
}

/// A word, or a character that is none. The quotes around names are left out.
struct Token<'t> {
    text: &'t str,
    word: bool,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let word = is_word(byte);
        at += 1;
        if word {
            while bytes.get(at).is_some_and(|b| is_word(*b)) {
                at += 1;
            }
        } else if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'`') {
            continue;
        } else {
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
        out.extend(text.get(start..at).map(|text| Token { text, word }));
    }
    out
}

/// Whether a query may take all columns of a table of which parts differ: by a star, by a natural join, or with the name
/// of the table or its alias as a value.
fn takes_all(tokens: &[Token], meanings: &[Meaning]) -> bool {
    let is = |at: Option<usize>, word: &str| at.and_then(|at| tokens.get(at)).is_some_and(|t| t.is(word));
    for (at, token) in tokens.iter().enumerate() {
        let star = token.is("*") && !(is(at.checked_sub(1), "(") && is(Some(at + 1), ")"));
        // `U&"..."` spells a name in another way
        let spelt = token.is("&") && is(at.checked_sub(1), "u");
        if star || spelt || token.is("natural") {
            return true;
        }
    }
    let mut aliases: Vec<(&str, u64, usize)> = Vec::new();
    for (at, meaning) in meanings.iter().enumerate().filter(|(_, m)| m.tables != 0) {
        if column_of(tokens, meanings, at, meaning.tables) {
            continue;
        }
        // FROM name, FROM schema.name
        let mut lead = at.checked_sub(1);
        if is(lead, ".") {
            lead = at.checked_sub(3);
        }
        let from = is(lead, "join") || is(lead, "from") && !is(lead.and_then(|l| l.checked_sub(1)), "distinct");
        if !from {
            return true;
        }
        let next = if is(Some(at + 1), "as") { at + 2 } else { at + 1 };
        match tokens.get(next) {
            None => {}
            // `t u (a, b)` gives the columns other names, in their order
            Some(t) if t.word && !ends_table(t) && !is(Some(next + 1), "(") => aliases.push((t.text, meaning.tables, next)),
            Some(t) if next == at + 1 && (ends_table(t) || t.is(")") || t.is(",")) => {}
            Some(_) => return true,
        }
    }
    aliases.iter().any(|(alias, tables, named)| {
        let elsewhere = tokens.iter().enumerate().filter(|(at, t)| at != named && t.is(alias));
        elsewhere.into_iter().any(|(at, _)| !column_of(tokens, meanings, at, *tables))
    })
}

/// Whether what follows a name is a column that does not differ in any of the tables.
fn column_of(tokens: &[Token], meanings: &[Meaning], at: usize, tables: u64) -> bool {
    tokens.get(at + 1).is_some_and(|t| t.is(".")) && meanings.get(at + 2).is_some_and(|m| m.same & tables == tables)
}

/// A word that can't be an alias, after the name of a table.
fn ends_table(token: &Token) -> bool {
    const WORDS: &[&str] = &[
        "where",
        "order",
        "group",
        "limit",
        "offset",
        "having",
        "union",
        "fetch",
        "for",
        "join",
        "inner",
        "left",
        "right",
        "full",
        "cross",
        "on",
        "using",
        "except",
        "intersect",
    ];
    WORDS.iter().any(|w| token.is(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::check_statements;
    use crate::model::dialect::{Dialect, Engine};
    use crate::model::finding::Verdict;
    use crate::sql::apply::{ApplyOptions, apply};

    const SCHEMA: &str = "
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, name text, CONSTRAINT users_email_key UNIQUE (email));
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id), total numeric NOT NULL, note text);
CREATE VIEW buyers AS SELECT u.id, u.name FROM users u JOIN orders o ON o.user_id = u.id;
CREATE FUNCTION total(u users) RETURNS text LANGUAGE sql AS 'SELECT u.email';
";

    /// Whether each of the statements is left by a change, and that the judge agrees where it is.
    fn left(change: &str, statements: &[&str]) -> Vec<bool> {
        let (before, built) = apply(&Schema::empty(Dialect::of(Engine::Postgres)), SCHEMA, &ApplyOptions::default());
        assert_eq!(built.error, None);
        let (after, applied) = apply(&before, change, &ApplyOptions::default());
        assert_eq!(applied.error, None, "{change}");
        let pairing = Pairing::new(&before, &after, &applied.changes);
        let untouched = Untouched::new(&pairing, &applied.changes);
        let one = |text: &&str| {
            let left = untouched.leaves(text, false, None);
            let findings = check_statements(text, "s.sql", &before, &after, &applied.changes, &["m.sql".to_string()]);
            assert!(!left || findings.iter().all(|f| f.verdict == Verdict::Safe), "{change}; {text}: {findings:?}");
            left
        };
        statements.iter().map(one).collect()
    }

    #[test]
    fn queries_without_a_word_of_what_changes_are_left() {
        let statements = [
            "SELECT id, name FROM users WHERE name = $1",
            "SELECT users.id, count(*) FROM users GROUP BY users.id",
            "SELECT u.name, o.note FROM users AS u JOIN orders o ON o.user_id = u.id ORDER BY u.name",
            "SELECT \"users\".\"name\" FROM \"public\".\"users\" WHERE \"users\".\"id\" IN ($1, $2)",
            "SELECT * FROM orders WHERE id = 1",
        ];
        assert_eq!(left("ALTER TABLE users DROP COLUMN email CASCADE", &statements), [true; 5]);
        assert_eq!(left("ALTER TABLE users ADD COLUMN phone text NOT NULL", &statements), [true; 5]);
        assert_eq!(left("ALTER TABLE users ALTER COLUMN email TYPE varchar(9); CREATE INDEX i ON users (email)", &statements), [true; 5]);
        assert_eq!(left("ALTER TABLE users RENAME COLUMN name TO called", &statements), [false, true, false, false, true]);
        assert_eq!(left("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE", &statements), [false; 5]);
        assert_eq!(left("ALTER TABLE orders RENAME TO sales", &statements), [true, true, false, true, false]);
    }

    #[test]
    fn queries_that_may_see_it_without_naming_it_are_judged() {
        let statements = [
            "SELECT * FROM users",
            "SELECT u.* FROM users u",
            "SELECT u FROM users u",
            "SELECT to_json(users) FROM users",
            "SELECT id FROM users WHERE users IS DISTINCT FROM users",
            "SELECT x.a FROM users x (a, b)",
            "SELECT id FROM orders NATURAL JOIN users",
            "SELECT note FROM orders, users",
            "SELECT id, name FROM buyers",
            "SELECT total(u.id) FROM users u",
            "SELECT u.total FROM users u",
            "SELECT id INTO copy FROM users",
            "SELECT id FROM users; DELETE FROM users",
            "WITH gone AS (DELETE FROM users RETURNING id) SELECT id FROM gone",
            "INSERT INTO users (id, name) VALUES (1, 'x')",
            "UPDATE users SET name = 'x'",
            "SELECT id FROM users WHERE \u{E000}",
            "SELECT id FROM users WHERE U&\"\\0065mail\" = 'x'",
        ];
        for change in [
            "ALTER TABLE users DROP COLUMN email CASCADE",
            "ALTER TABLE users ADD COLUMN phone text",
            "ALTER TABLE users ALTER COLUMN email TYPE varchar(9)",
        ] {
            assert_eq!(left(change, &statements), [false; 18], "{change}");
        }
        // What else than tables changes, or what rows hold, is not told by names of columns.
        for change in ["UPDATE users SET name = 'x'", "CREATE SCHEMA app", "ALTER TABLE users ENABLE ROW LEVEL SECURITY"] {
            assert_eq!(left(change, &["SELECT id FROM users"]), [false], "{change}");
        }
    }
}
