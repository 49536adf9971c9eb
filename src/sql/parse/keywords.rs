//! Words with a meaning of their own: which can't be names, by engine, and which begin something.
//!
//! Sources: PostgreSQL manual, appendix "SQL Key Words" (reserved, and reserved except as function or type
//! name); MySQL manual "Keywords and Reserved Words"; SQLite `parse.y` (words without fallback to an
//! identifier). Words that one engine alone reserves and that are common column names in the others are
//! marked for it alone.

use crate::model::dialect::Engine;

/// Reserved in PostgreSQL.
const POSTGRES: u8 = 1;
/// Reserved in MySQL and MariaDB.
const MYSQL: u8 = 1 << 1;
/// Reserved in SQLite.
const SQLITE: u8 = 1 << 2;
/// Reserved in every engine, or so close to it that no real statement uses the word as a bare name.
const EVERYWHERE: u8 = POSTGRES | MYSQL | SQLITE;
/// After a table name it begins something else than an alias, reserved or not.
const AFTER_TABLE: u8 = 1 << 3;
/// After an expression it begins something else than an alias, reserved or not.
const AFTER_ITEM: u8 = 1 << 4;
/// It begins a clause of the current query level or otherwise ends an expression; recovery stops here.
const RECOVERY: u8 = 1 << 5;
/// A text that begins with it can be a piece of a statement.
const FRAGMENT: u8 = 1 << 6;
/// It begins a statement.
const VERB: u8 = 1 << 7;

/// Every such word once, with what it is. Sorted; a test holds that.
const WORDS: &[(&str, u8)] = &[
    ("add", MYSQL | SQLITE),
    ("all", EVERYWHERE),
    ("alter", MYSQL | SQLITE | VERB),
    ("analyse", POSTGRES),
    ("analyze", POSTGRES | VERB),
    ("and", EVERYWHERE | FRAGMENT),
    ("any", POSTGRES),
    ("array", POSTGRES),
    ("as", EVERYWHERE | FRAGMENT),
    ("asc", POSTGRES | MYSQL),
    ("asof", AFTER_TABLE),
    ("asymmetric", POSTGRES),
    ("at", AFTER_ITEM),
    ("autoincrement", SQLITE),
    ("before", MYSQL),
    ("begin", VERB),
    ("between", EVERYWHERE),
    ("both", POSTGRES | MYSQL),
    ("by", MYSQL | AFTER_TABLE),
    ("call", MYSQL | VERB),
    ("cascade", MYSQL),
    ("case", EVERYWHERE),
    ("cast", POSTGRES),
    ("change", MYSQL),
    ("check", EVERYWHERE),
    ("collate", EVERYWHERE),
    ("column", MYSQL),
    ("comment", VERB),
    ("commit", SQLITE),
    ("condition", MYSQL),
    ("constraint", EVERYWHERE),
    ("continue", MYSQL),
    ("convert", MYSQL),
    ("copy", VERB),
    ("create", EVERYWHERE | VERB),
    ("cross", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("current_catalog", POSTGRES),
    ("current_date", POSTGRES | MYSQL),
    ("current_role", POSTGRES),
    ("current_time", POSTGRES | MYSQL),
    ("current_timestamp", POSTGRES | MYSQL),
    ("current_user", POSTGRES | MYSQL),
    ("cursor", MYSQL),
    ("database", MYSQL),
    ("declare", MYSQL | VERB),
    ("default", EVERYWHERE),
    ("deferrable", POSTGRES | SQLITE),
    ("delayed", MYSQL),
    ("delete", EVERYWHERE | VERB),
    ("desc", POSTGRES | MYSQL | VERB),
    ("describe", MYSQL | VERB),
    ("distinct", EVERYWHERE),
    ("distinctrow", MYSQL),
    ("div", MYSQL | AFTER_ITEM),
    ("do", POSTGRES | AFTER_TABLE | RECOVERY | VERB),
    ("drop", EVERYWHERE | VERB),
    ("dual", MYSQL),
    ("each", MYSQL),
    ("else", EVERYWHERE | RECOVERY),
    ("elseif", MYSQL),
    ("enclosed", MYSQL),
    ("end", POSTGRES | AFTER_TABLE | AFTER_ITEM | RECOVERY),
    ("escape", SQLITE | AFTER_ITEM),
    ("escaped", MYSQL),
    ("except", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("exec", VERB),
    ("exists", EVERYWHERE),
    ("exit", MYSQL),
    ("explain", MYSQL | VERB),
    ("false", POSTGRES | MYSQL),
    ("fetch", POSTGRES | MYSQL | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("filter", AFTER_ITEM),
    ("for", POSTGRES | MYSQL | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("force", MYSQL | AFTER_TABLE),
    ("foreign", EVERYWHERE),
    ("freeze", POSTGRES),
    ("from", EVERYWHERE | RECOVERY | FRAGMENT),
    ("full", POSTGRES | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("fulltext", MYSQL),
    ("glob", AFTER_ITEM),
    ("global", AFTER_TABLE),
    ("grant", POSTGRES | MYSQL | VERB),
    ("group", EVERYWHERE | RECOVERY | FRAGMENT),
    ("having", EVERYWHERE | RECOVERY | FRAGMENT),
    ("high_priority", MYSQL),
    ("if", MYSQL),
    ("ignore", MYSQL | AFTER_TABLE),
    ("ilike", POSTGRES | AFTER_ITEM),
    ("in", EVERYWHERE),
    ("index", MYSQL | SQLITE),
    ("indexed", AFTER_TABLE),
    ("infile", MYSQL),
    ("initially", POSTGRES),
    ("inner", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("inout", MYSQL),
    ("insert", EVERYWHERE | VERB),
    ("intersect", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("interval", MYSQL),
    ("into", EVERYWHERE),
    ("is", EVERYWHERE),
    ("isnull", POSTGRES | SQLITE | AFTER_ITEM),
    ("iterate", MYSQL),
    ("join", EVERYWHERE | RECOVERY | FRAGMENT),
    ("key", MYSQL),
    ("keys", MYSQL),
    ("kill", MYSQL),
    ("lateral", POSTGRES | MYSQL | AFTER_TABLE),
    ("leading", POSTGRES | MYSQL),
    ("leave", MYSQL),
    ("left", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("like", EVERYWHERE),
    ("limit", EVERYWHERE | RECOVERY | FRAGMENT),
    ("lines", MYSQL),
    ("load", MYSQL | VERB),
    ("localtime", POSTGRES | MYSQL),
    ("localtimestamp", POSTGRES | MYSQL),
    ("lock", MYSQL | AFTER_TABLE | AFTER_ITEM | VERB),
    ("loop", MYSQL),
    ("low_priority", MYSQL),
    ("match", MYSQL),
    ("merge", AFTER_TABLE | VERB),
    ("mod", MYSQL | AFTER_ITEM),
    ("natural", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("not", EVERYWHERE),
    ("nothing", SQLITE),
    ("notnull", POSTGRES | SQLITE | AFTER_ITEM),
    ("null", EVERYWHERE),
    ("of", MYSQL),
    ("offset", POSTGRES | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("on", EVERYWHERE | RECOVERY | FRAGMENT),
    ("only", POSTGRES),
    ("optimize", MYSQL),
    ("option", MYSQL),
    ("optionally", MYSQL),
    ("or", EVERYWHERE | FRAGMENT),
    ("order", EVERYWHERE | RECOVERY | FRAGMENT),
    ("out", MYSQL),
    ("outer", POSTGRES | MYSQL | SQLITE | AFTER_TABLE),
    ("outfile", MYSQL),
    ("over", MYSQL | AFTER_ITEM),
    ("overlaps", POSTGRES | AFTER_ITEM),
    ("partition", MYSQL | AFTER_TABLE | AFTER_ITEM),
    ("pivot", AFTER_TABLE),
    ("placing", POSTGRES),
    ("pragma", VERB),
    ("prepare", VERB),
    ("primary", EVERYWHERE),
    ("procedure", MYSQL | AFTER_TABLE | AFTER_ITEM),
    ("purge", MYSQL),
    ("qualify", AFTER_TABLE | AFTER_ITEM | RECOVERY),
    ("range", MYSQL),
    ("read", MYSQL),
    ("references", EVERYWHERE),
    ("refresh", VERB),
    ("regexp", MYSQL | AFTER_ITEM),
    ("reindex", VERB),
    ("release", MYSQL),
    ("rename", MYSQL | VERB),
    ("repeat", MYSQL),
    ("replace", MYSQL | VERB),
    ("require", MYSQL),
    ("restrict", MYSQL),
    ("return", MYSQL),
    ("returning", POSTGRES | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("revoke", MYSQL | VERB),
    ("right", POSTGRES | MYSQL | SQLITE | AFTER_TABLE | AFTER_ITEM | RECOVERY | FRAGMENT),
    ("rlike", MYSQL | AFTER_ITEM),
    ("schema", MYSQL),
    ("select", EVERYWHERE | VERB),
    ("separator", MYSQL | AFTER_ITEM),
    ("session_user", POSTGRES),
    ("set", EVERYWHERE | RECOVERY | VERB),
    ("show", MYSQL | VERB),
    ("similar", POSTGRES | AFTER_ITEM),
    ("some", POSTGRES),
    ("spatial", MYSQL),
    ("sql", MYSQL),
    ("start", VERB),
    ("starting", MYSQL),
    ("straight_join", MYSQL | AFTER_TABLE | AFTER_ITEM | RECOVERY),
    ("symmetric", POSTGRES),
    ("table", EVERYWHERE),
    ("tablesample", POSTGRES | AFTER_TABLE),
    ("terminated", MYSQL),
    ("then", EVERYWHERE | RECOVERY),
    ("to", POSTGRES | MYSQL | SQLITE),
    ("trailing", POSTGRES | MYSQL),
    ("transaction", SQLITE),
    ("trigger", MYSQL),
    ("true", POSTGRES | MYSQL),
    ("truncate", VERB),
    ("undo", MYSQL),
    ("union", EVERYWHERE | RECOVERY | FRAGMENT),
    ("unique", EVERYWHERE),
    ("unlock", MYSQL),
    ("unpivot", AFTER_TABLE),
    ("unsigned", MYSQL),
    ("update", EVERYWHERE | VERB),
    ("usage", MYSQL),
    ("use", MYSQL | AFTER_TABLE | VERB),
    ("user", POSTGRES),
    ("using", EVERYWHERE | RECOVERY | FRAGMENT),
    ("vacuum", VERB),
    ("values", EVERYWHERE | RECOVERY | VERB),
    ("variadic", POSTGRES),
    ("verbose", POSTGRES),
    ("when", EVERYWHERE | AFTER_TABLE | RECOVERY),
    ("where", EVERYWHERE | RECOVERY | FRAGMENT),
    ("while", MYSQL),
    ("window", POSTGRES | MYSQL | AFTER_TABLE | AFTER_ITEM | RECOVERY),
    ("with", POSTGRES | MYSQL | AFTER_TABLE | AFTER_ITEM | VERB),
    ("within", AFTER_ITEM),
    ("write", MYSQL),
    ("xor", MYSQL | AFTER_ITEM),
    ("zerofill", MYSQL),
];

/// Bytes of the longest word.
const LONGEST: usize = 20;

/// What a word is, in any case; 0 for one that is nothing here.
fn marks(word: &str) -> u8 {
    let mut lower = [0u8; LONGEST];
    let Some(lower) = lower.get_mut(..word.len()) else { return 0 };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    WORDS.binary_search_by(|w| w.0.as_bytes().cmp(lower)).map_or(0, |i| WORDS[i].1)
}

fn reserved_by(engine: Engine) -> u8 {
    match engine {
        Engine::Postgres => POSTGRES,
        Engine::MySql | Engine::MariaDb => MYSQL,
        Engine::Sqlite => SQLITE,
    }
}

/// The unquoted word can't be a bare column or table name.
pub fn is_reserved(word: &str, engine: Engine) -> bool {
    marks(word) & reserved_by(engine) != 0
}

/// The word can't be a table alias without AS.
pub fn ends_table(word: &str, engine: Engine) -> bool {
    marks(word) & (reserved_by(engine) | AFTER_TABLE) != 0
}

/// The word can't be a column alias without AS.
pub fn ends_item(word: &str, engine: Engine) -> bool {
    marks(word) & (reserved_by(engine) | AFTER_ITEM) != 0
}

/// The word begins a clause, so that recovery may go on there.
pub fn begins_clause(word: &str) -> bool {
    marks(word) & RECOVERY != 0
}

/// The word begins a statement.
pub fn begins_statement(word: &str) -> bool {
    marks(word) & VERB != 0
}

/// A text that begins with the word can be a piece of a statement.
pub fn begins_fragment(word: &str) -> bool {
    marks(word) & FRAGMENT != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_short_enough() {
        assert!(WORDS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(WORDS.iter().all(|w| w.0.len() <= LONGEST));
    }

    #[test]
    fn reserved_by_engine() {
        assert!(is_reserved("WHERE", Engine::Sqlite));
        assert!(is_reserved("key", Engine::MySql) && !is_reserved("key", Engine::Postgres));
        assert!(is_reserved("user", Engine::Postgres) && !is_reserved("user", Engine::MySql));
        assert!(!is_reserved("a_word_that_is_longer_than_any", Engine::MySql));
    }
}
