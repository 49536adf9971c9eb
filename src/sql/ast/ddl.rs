//! Statements that change the schema.

/// A change of the schema, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Ddl {
    /// Not understood: its first words in lower case.
    Other(String),
}
