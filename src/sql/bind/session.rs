//! What earlier statements of a connection set up for those after them.

use crate::model::schema::{Schema, Table};
use crate::sql::ast::{Session, Statement, StatementKind};
use std::collections::BTreeMap;

/// Session state that changes how names resolve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionState {
    /// `SET search_path`; `None`: that of the schema.
    pub search_path: Option<Vec<String>>,
    /// `SET ROLE`; `None`: the owner of everything, who may do anything.
    pub role: Option<String>,
    /// `USE database` (MySQL family).
    pub database: Option<String>,
    /// Temporary tables; they hide others of the same name.
    pub temp: Vec<Table>,
    /// Other settings: lower-case name -> value as text.
    pub settings: BTreeMap<String, String>,
}

impl SessionState {
    /// Takes a statement that sets up the session: SET, RESET, USE, PRAGMA, CREATE TEMPORARY TABLE and the
    /// later changes of such a table. `text` is the text that the statement was parsed from. Returns whether
    /// the statement was one.
    pub fn run(&mut self, statement: &Statement, text: &str, schema: &Schema) -> bool {
        match &statement.kind {
            StatementKind::Session(Session::Setting(name, value)) if super::utility::is_act(name, value) => false,
            StatementKind::Session(session) => {
                self.set(session);
                true
            }
            StatementKind::Ddl(_) => super::temporary::run(self, statement, text, schema),
            _ => false,
        }
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    fn set(&mut self, session: &Session) {
        match session {
            Session::SearchPath(path) => self.search_path = Some(path.clone()),
            Session::Role(role) => self.role = role.clone().filter(|r| !matches!(r.as_str(), "none" | "default")),
            Session::Use(database) => self.database = Some(database.clone()),
            Session::Setting(name, value) => {
                self.settings.insert(name.clone(), value.clone());
            }
            Session::Reset(name) => match name.as_str() {
                "all" => {
                    self.search_path = None;
                    self.settings.clear();
                }
                "search_path" => self.search_path = None,
                "role" | "session authorization" => self.role = None,
                other => {
                    self.settings.remove(other);
                }
            },
        }
    }
}
