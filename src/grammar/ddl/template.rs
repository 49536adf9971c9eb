//! Templates: SQL text with places for the arguments of a call.
//!
//! `{name}` stands for an argument as an identifier (looked for in the call, then in those that it is a part of; `{.name}`
//! only in the call itself), `{name:filter}` for it written otherwise, `{a.b}` for an entry of
//! it. `[...]` is left out where something in it is not given; `[a|b]` is the first of several that is complete.
//! `{?x}` and `{!x}` write nothing and hold where `x` is given and true, or not; `{x=word}` where it is that word, `{x=$y}` where it is what `y` is;
//! `{?x:set}` where it can be written so;
//! `{~x}` where the part `x` of the new definition differs from that of the old one. `\` takes the next character as
//! it is.

use serde::Deserialize;

/// SQL text with places for values.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
    /// As written, for messages.
    pub text: String,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text as it is sent.
    Text(String),
    /// A value.
    Slot(Slot),
    /// A condition.
    Test(Test),
    /// The first of several that is complete, or nothing.
    Group(Vec<Vec<Piece>>),
}

/// A place for a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Names that lead to it.
    pub path: Vec<String>,
    /// How it is written.
    pub filter: Filter,
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A quoted identifier.
    Name,
    /// The same with the schema before a dot.
    Table,
    /// Identifiers with commas between them.
    Names,
    /// What stands before the last dot, as a table.
    Owner,
    /// What stands after the last dot, as an identifier.
    Last,
    /// Text as it is.
    Raw,
    /// In small letters.
    Lower,
    /// A piece of SQL.
    Sql,
    /// A literal.
    Value,
    /// Literals with commas between them.
    Values,
    /// Keys with their values (`a = 1, b = 2`).
    Assignments,
    /// The same joined by AND, without any: TRUE.
    Conditions,
    /// Names with `_` between them, as parts of a name that a library makes.
    Underscored,
    /// SQL with values for its placeholders: a list of the text and what is bound to `?`, `??`, `:name`, `:name:`.
    Bound,
    /// An identifier that may be followed by `asc` or `desc`.
    Ordered,
    /// As [`Filter::Bound`]; names in backquotes are put in those of the engine.
    Backquoted,
    /// The table of a model of the program, or the text as it is.
    ModelTable,
    /// The column of a field of the program's model that the argument `model` is.
    ModelColumn,
    /// Keywords `field__lookup` of a call as conditions, each by the rule of its lookup in the set `lookup`.
    Lookups,
    /// An identifier without its quotes.
    Unquoted,
    /// The name of an entity, without its application.
    EntityName,
    /// The table of an entity, by its name.
    EntityTable,
    /// The column of a field of the entity that the operation is about.
    FieldColumn,
    /// The type of an entity's key.
    KeyType,
    /// The column of an entity's key.
    KeyColumn,
    /// By the rules of a set.
    Set(String),
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Given and true.
    Given(Vec<String>),
    /// Not given, or false.
    Missing(Vec<String>),
    /// It can be written so.
    Written(Slot),
    /// It can't be written so.
    Unwritten(Slot),
    /// It is this word.
    Is(Vec<String>, String),
    /// It is another word, or not given.
    IsNot(Vec<String>, String),
    /// The part differs from that of the definition before.
    Differs(String),
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut reader = Reader { rest: text.chars().peekable() };
        let pieces = reader.alternatives(false)?.into_iter().next().unwrap_or_default();
        Ok(Template { pieces, text })
    }
}

impl Template {
    /// Calls `each` with every slot.
    pub fn slots(&self, each: &mut impl FnMut(&Slot)) {
        fn walk(pieces: &[Piece], each: &mut impl FnMut(&Slot)) {
            for piece in pieces {
                match piece {
                    Piece::Slot(slot) => each(slot),
                    Piece::Group(all) => all.iter().for_each(|a| walk(a, each)),
                    Piece::Test(Test::Written(slot) | Test::Unwritten(slot)) => each(slot),
                    Piece::Text(_) | Piece::Test(_) => {}
                }
            }
        }
        walk(&self.pieces, each);
    }
}

struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
}

impl Reader<'_> {
    /// Alternatives up to the end or, in a group, its bracket.
    fn alternatives(&mut self, group: bool) -> Result<Vec<Vec<Piece>>, String> {
        let mut all = vec![Vec::new()];
        let mut text = String::new();
        let flush = |text: &mut String, all: &mut Vec<Vec<Piece>>| {
            if let (false, Some(last)) = (text.is_empty(), all.last_mut()) {
                last.push(Piece::Text(std::mem::take(text)));
            }
        };
        loop {
            match self.rest.next() {
                None if group => return Err("a `[` is not closed".into()),
                None => break,
                Some('\\') => text.extend(self.rest.next()),
                Some(']') if group => break,
                Some('|') if group => {
                    flush(&mut text, &mut all);
                    all.push(Vec::new());
                }
                Some('[') => {
                    flush(&mut text, &mut all);
                    let inner = self.alternatives(true)?;
                    all.last_mut().into_iter().for_each(|l| l.push(Piece::Group(inner.clone())));
                }
                Some('{') => {
                    flush(&mut text, &mut all);
                    let word: String = self.rest.by_ref().take_while(|c| *c != '}').collect();
                    let piece = slot(&word)?;
                    all.last_mut().into_iter().for_each(|l| l.push(piece.clone()));
                }
                Some(c) => text.push(c),
            }
        }
        flush(&mut text, &mut all);
        Ok(all)
    }
}

fn path(word: &str) -> Result<Vec<String>, String> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '*' | '$');
    if word.is_empty() || !word.chars().all(good) {
        return Err(format!("`{{{word}}}` names no value"));
    }
    Ok(word.split('.').map(str::to_string).collect())
}

fn slot(word: &str) -> Result<Piece, String> {
    if let Some(rest) = word.strip_prefix(['?', '!'])
        && rest.contains(':')
        && let Piece::Slot(inner) = slot(rest)?
    {
        return Ok(Piece::Test(if word.starts_with('?') { Test::Written(inner) } else { Test::Unwritten(inner) }));
    }
    if let Some(rest) = word.strip_prefix('?') {
        return Ok(Piece::Test(Test::Given(path(rest)?)));
    }
    if let Some(rest) = word.strip_prefix('!') {
        return Ok(Piece::Test(Test::Missing(path(rest)?)));
    }
    if let Some(rest) = word.strip_prefix('~') {
        return Ok(Piece::Test(Test::Differs(rest.to_string())));
    }
    if let Some((name, other)) = word.split_once("!=") {
        return Ok(Piece::Test(Test::IsNot(path(name)?, other.to_string())));
    }
    if let Some((name, other)) = word.split_once('=') {
        return Ok(Piece::Test(Test::Is(path(name)?, other.to_string())));
    }
    let (name, filter) = word.split_once(':').unwrap_or((word, ""));
    let filter = match filter {
        "" => Filter::Name,
        "table" => Filter::Table,
        "names" => Filter::Names,
        "owner" => Filter::Owner,
        "last" => Filter::Last,
        "raw" => Filter::Raw,
        "lower" => Filter::Lower,
        "sql" => Filter::Sql,
        "value" => Filter::Value,
        "values" => Filter::Values,
        "assignments" => Filter::Assignments,
        "conditions" => Filter::Conditions,
        "underscored" => Filter::Underscored,
        "bound" => Filter::Bound,
        "ordered" => Filter::Ordered,
        "backquoted" => Filter::Backquoted,
        "model-table" => Filter::ModelTable,
        "model-column" => Filter::ModelColumn,
        "lookups" => Filter::Lookups,
        "unquoted" => Filter::Unquoted,
        "entity-name" => Filter::EntityName,
        "entity-table" => Filter::EntityTable,
        "field-column" => Filter::FieldColumn,
        "key-type" => Filter::KeyType,
        "key-column" => Filter::KeyColumn,
        set => Filter::Set(set.to_string()),
    };
    Ok(Piece::Slot(Slot { path: path(name)?, filter }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read() {
        let read = |t: &str| Template::try_from(t.to_string());
        let pieces = read("ADD {name}[ DEFAULT {a.b:value}|{!x} NULL] \\[").map(|t| t.pieces);
        let slot = |p: &[&str], filter| Slot { path: p.iter().map(|s| s.to_string()).collect(), filter };
        let expected = vec![
            Piece::Text("ADD ".into()),
            Piece::Slot(slot(&["name"], Filter::Name)),
            Piece::Group(vec![
                vec![Piece::Text(" DEFAULT ".into()), Piece::Slot(slot(&["a", "b"], Filter::Value))],
                vec![Piece::Test(Test::Missing(vec!["x".into()])), Piece::Text(" NULL".into())],
            ]),
            Piece::Text(" [".into()),
        ];
        assert_eq!(pieces, Ok(expected));
        assert!(read("[a").is_err());
        assert!(read("{a b}").is_err());
    }
}
