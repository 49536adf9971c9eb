//! The place of a migration in the histories: which part of them has run before it.

use super::below;
use super::dialects::EngineWord;
use super::find::{named_at_end, sort_key};
use super::formats::{Format, Formats, Named, Role};
use crate::model::dialect::Engine;
use crate::model::project::{Database, History};

/// Where a migration belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the database.
    pub database: usize,
    /// Index of the history in [`Database::histories`].
    pub history: usize,
    /// How many files of the history run before it.
    pub position: usize,
    /// It is one of the history's files.
    pub member: bool,
    /// Why it is placed there, in words.
    pub how: String,
}

/// The database and history that a migration belongs to, by its path alone. See [`place_in`].
pub fn place(path: &str, databases: &[Database]) -> Option<Place> {
    place_in(path, databases, &|| None)
}

/// The database and history that a migration belongs to.
///
/// A path relative to the repository that lies in a history's folder belongs there. Any other path is
/// compared from its end: the folder's last parts that are equal, then whether its name fits the format.
/// `engine`, asked where it matters, decides between the variants of one database. `None`: nothing fits, and there are several
/// databases.
pub fn place_in(path: &str, databases: &[Database], engine: &dyn Fn() -> Option<Engine>) -> Option<Place> {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let mut best: Option<(Fit, Place)> = None;
    for (d, database) in databases.iter().enumerate() {
        for (h, history) in database.histories.iter().enumerate() {
            let Some((fit, mut place)) = fit(path, history, engine, databases.len() == 1) else { continue };
            place.database = d;
            place.history = h;
            if best.as_ref().is_none_or(|(b, _)| fit > *b) {
                best = Some((fit, place));
            }
        }
    }
    best.map(|(_, place)| place)
}

/// How well a path fits a history; the first difference decides.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// It is listed.
    member: bool,
    /// Parts of the folder that it lies in, or that are equal at the end.
    inside: usize,
    tail: usize,
    /// Its engine is the history's.
    engine: bool,
    /// Its name fits the format.
    named: bool,
}

fn fit(path: &str, history: &History, engine: &dyn Fn() -> Option<Engine>, only: bool) -> Option<(Fit, Place)> {
    let format = Formats::embedded().get(&history.format);
    let at = history.files.iter().position(|f| f == path);
    let within = below(&history.folder, path).is_some();
    let depth = history.folder.split('/').filter(|p| !p.is_empty()).count() + 1;
    let tail = if within { 0 } else { equal_tail(path, &history.folder) };
    if at.is_none() && !within && tail == 0 && !only {
        return None;
    }
    let by_name = engine_in_file(path).or_else(engine);
    let fits_engine = by_name.is_some_and(|e| same_family(e, history.dialect.engine));
    let named = format.and_then(|f| named_at_end(f, path, folders_below(history)));
    let fit = Fit { member: at.is_some(), inside: if within { depth } else { 0 }, tail, engine: fits_engine, named: named.is_some() };
    let how = if at.is_some() || (within && !history.folder.is_empty()) {
        format!("it lies in {}", history.folder)
    } else if within && named.is_some() {
        "it lies in the folder of the history".to_string()
    } else if tail > 0 {
        format!("its path ends like {}", history.folder)
    } else if only {
        "there is no other database".to_string()
    } else {
        return None;
    };
    let position = at.or_else(|| same_file(path, history)).unwrap_or_else(|| position(path, history, format, named.as_ref()));
    Some((fit, Place { database: 0, history: 0, position, member: at.is_some(), how }))
}

/// The history's own file with the same path below the folder's last parts.
fn same_file(path: &str, history: &History) -> Option<usize> {
    history.files.iter().position(|file| {
        let relative = below(&history.folder, file).unwrap_or(file);
        path == relative || path.strip_suffix(relative).is_some_and(|p| p.ends_with('/'))
    })
}

/// Folders between the history's own and its deepest file.
fn folders_below(history: &History) -> usize {
    let depth = |file: &String| below(&history.folder, file).unwrap_or(file).matches('/').count();
    history.files.iter().map(depth).max().unwrap_or(0)
}

/// How many files run before a file of this name.
fn position(path: &str, history: &History, format: Option<&Format>, named: Option<&Named>) -> usize {
    let (Some(format), Some(named)) = (format, named) else { return history.files.len() };
    if named.version.is_empty() && named.role != Role::Repeatable {
        return history.files.len();
    }
    let earlier = history.files.iter().filter(|file| {
        let Some(other) = named_at_end(format, file, folders_below(history)) else { return true };
        if named.role == Role::Down {
            // What it undoes has run.
            return other.role == Role::Repeatable || other.version <= named.version;
        }
        sort_key(&other, file) < sort_key(named, path)
    });
    earlier.count()
}

/// Parts at the end of the folder of `path` that equal the end of `folder`. Formats with a folder per
/// migration are met by leaving out the last part of the path's folder.
fn equal_tail(path: &str, folder: &str) -> usize {
    let own: Vec<&str> = super::parent(path).split('/').filter(|p| !p.is_empty()).collect();
    let theirs: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    let equal = |own: &[&str]| own.iter().rev().zip(theirs.iter().rev()).take_while(|(a, b)| a == b).count();
    equal(&own).max(own.split_last().map_or(0, |(_, rest)| equal(rest)))
}

fn engine_in_file(path: &str) -> Option<Engine> {
    let name = path.rsplit('/').next()?.split('.').next()?;
    match Formats::embedded().dialects.engine(name.rsplit(['-', '_']).next()?)? {
        EngineWord::Known(engine) => Some(*engine),
        EngineWord::Unsupported(_) => None,
    }
}

fn same_family(a: Engine, b: Engine) -> bool {
    a == b || (a.is_mysql_family() && b.is_mysql_family())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Dialect;

    fn database(name: &str, format: &str, folder: &str, engine: Engine, files: &[&str]) -> Database {
        let files = files.iter().map(|f| format!("{folder}/{f}")).collect();
        let history = History { folder: folder.into(), format: format.into(), dialect: Dialect::of(engine), files };
        Database { name: name.into(), histories: vec![history], ..Database::default() }
    }

    #[test]
    fn places() {
        let mut both = database("both", "plain", "store/migrations/postgres", Engine::Postgres, &["1_a.sql", "2_b.sql"]);
        both.histories.extend(database("", "plain", "store/migrations/sqlite", Engine::Sqlite, &["1_a.sql"]).histories);
        let databases = [
            database("shop", "golang-migrate", "db/migrations", Engine::Postgres, &["1_a.up.sql", "2_b.up.sql", "10_c.up.sql"]),
            database("web", "prisma", "web/prisma/migrations", Engine::Postgres, &["20240101000000_a/migration.sql"]),
            both,
            database("hub", "plain", "hub/schema/delta", Engine::Postgres, &["9/b.sql", "10/01_a.sql", "10/02_c.sql"]),
        ];
        let cases = [
            ("db/migrations/2_b.up.sql", Some((0, 0, 1, true))),
            ("db/migrations/11_d.up.sql", Some((0, 0, 3, false))),
            ("db/migrations/3_d.up.sql", Some((0, 0, 2, false))),
            ("db/migrations/2_b.down.sql", Some((0, 0, 2, false))),
            ("/tmp/x/db/migrations/2_b.up.sql", Some((0, 0, 1, false))),
            ("/tmp/x/db/migrations/3_b.up.sql", Some((0, 0, 2, false))),
            ("/tmp/prisma/migrations/20250101000000_b/migration.sql", Some((1, 0, 1, false))),
            ("store/migrations/sqlite/2_b.sql", Some((2, 1, 1, false))),
            ("/tmp/migrations/sqlite/2_b.sql", Some((2, 1, 1, false))),
            ("/tmp/77/db/migrations/3_b.up.sql", Some((0, 0, 2, false))),
            ("hub/schema/delta/10/02_b.sql", Some((3, 0, 2, false))),
            ("hub/schema/delta/11/a.sql", Some((3, 0, 3, false))),
            ("/tmp/schema/delta/9/c.sql", Some((3, 0, 1, false))),
            ("/tmp/other.sql", None),
        ];
        for (path, expected) in cases {
            let found = place(path, &databases).map(|p| (p.database, p.history, p.position, p.member));
            assert_eq!(found, expected, "{path}");
        }
        let alone = place_in("/tmp/other.sql", &databases[2..3], &|| Some(Engine::Sqlite)).map(|p| (p.history, p.position));
        assert_eq!(alone, Some((1, 1)));
    }
}
