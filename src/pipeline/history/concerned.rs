//! Which databases a migration that names none can be for, told without reading their schemas.

use crate::model::dialect::Dialect;
use crate::pipeline::inputs::{MigrationInput, is_sql};
use crate::sql::ast::ddl::{AlterAction, DdlObject};
use crate::sql::ast::{Ddl, Name, StatementKind};
use crate::sql::parse::parse_script;
use std::collections::{HashMap, HashSet};

/// What migrations say of the database that they are for.
pub struct Claims {
    /// Everything that runs, one migration after the other.
    texts: Vec<String>,
    /// Its words, in lower case.
    words: HashSet<String>,
    /// Tables that must be there, by dialect.
    demands: HashMap<Dialect, Vec<String>>,
    /// They may change what they do not name, or are no SQL.
    sweeping: bool,
}

impl Claims {
    /// Reads the migrations of a run.
    pub fn of(inputs: &[MigrationInput]) -> Claims {
        let texts: Vec<String> = inputs.iter().map(|i| i.runnable().to_lowercase()).collect();
        let word = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
        let words: HashSet<String> = texts.iter().flat_map(|t| t.split(word)).filter(|w| !w.is_empty()).map(str::to_string).collect();
        let sweeping = !inputs.iter().all(|i| is_sql(&i.path)) || ["schema", "owned", "database"].iter().any(|w| words.contains(*w));
        Claims { texts, words, demands: HashMap::new(), sweeping }
    }

    /// Whether the migrations are surely for another database than one with these objects (names in lower case): they
    /// fail there because a table is missing, and name nothing that is there.
    pub fn exclude(&mut self, dialect: Dialect, names: &[String]) -> bool {
        if self.sweeping {
            return false;
        }
        let text = self.texts.first().map_or("", String::as_str);
        let demands = self.demands.entry(dialect).or_insert_with(|| demanded(text, dialect));
        let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
        let named = |name: &String| match plain(name) {
            true => self.words.contains(name),
            false => self.texts.iter().any(|t| t.contains(name.as_str())),
        };
        demands.iter().any(|d| !names.contains(d)) && !names.iter().any(named)
    }
}

/// The tables that a script needs before it makes any itself, in lower case: the engine refuses it where one is missing.
fn demanded(text: &str, dialect: Dialect) -> Vec<String> {
    let own = |name: &Name| name.last().value.to_lowercase();
    let mut demands = Vec::new();
    for statement in parse_script(text, dialect).statements {
        match &statement.kind {
            _ if !statement.errors.is_empty() => break,
            StatementKind::Transaction(_) => {}
            StatementKind::Ddl(ddl) => match &**ddl {
                Ddl::AlterTable(alter) if alter.kind == DdlObject::Table && !alter.if_exists && !alter.name.is_hole() => {
                    demands.push(own(&alter.name));
                    if alter.actions.iter().any(|a| matches!(a, AlterAction::RenameTo(_))) {
                        break;
                    }
                }
                Ddl::Drop(drop) if drop.kind == DdlObject::Table && !drop.if_exists => {
                    demands.extend(drop.targets.iter().filter(|t| !t.name.is_hole()).map(|t| own(&t.name)));
                }
                Ddl::CreateIndex(create) if !create.table.is_hole() => demands.push(own(&create.table)),
                _ => break,
            },
            _ => break,
        }
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn databases_that_are_not_meant() {
        let excludes = |script: &str, names: &[&str]| {
            let input = MigrationInput { path: "m.sql".into(), file: None, text: script.into() };
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            Claims::of(&[input]).exclude(Dialect::of(Engine::Postgres), &names)
        };
        assert!(excludes("ALTER TABLE users DROP COLUMN email", &["orders", "orders_pkey"]));
        assert!(excludes("BEGIN; DROP TABLE public.\"Users\"; COMMIT", &["orders", "line items"]));
        // It is there, or something else that is named is.
        assert!(!excludes("ALTER TABLE Users DROP COLUMN email", &["users"]));
        assert!(!excludes("ALTER TABLE users DROP COLUMN email; DROP TABLE orders", &["orders"]));
        assert!(!excludes("ALTER TABLE \"line items\" ADD x int; ALTER TABLE y ADD z int", &["line items"]));
        // Nothing must be there.
        assert!(!excludes("ALTER TABLE IF EXISTS users DROP COLUMN email", &["orders"]));
        assert!(!excludes("CREATE TABLE users (id int); ALTER TABLE users ADD x int", &["orders"]));
        assert!(!excludes("DROP SCHEMA app CASCADE; DROP TABLE users", &["orders"]));
    }
}
