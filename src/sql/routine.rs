//! The SQL inside the body of a function, procedure or trigger, one statement at a time.
//!
//! Bodies in SQL are scripts. Bodies in a procedural language (plpgsql, SQL/PSM of the MySQL family) are read
//! for the statements and expressions in them; assignments, conditions and results become queries, so that
//! their names can be bound. What is sent as a string at run time (EXECUTE) is not seen.

use super::lexer::{Token, TokenKind, tokens};
use crate::model::dialect::Dialect;
use crate::model::span::Span;

/// One statement of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyStatement {
    /// As a statement that can be parsed and bound; `NEW.x`, `OLD.x` and variables are still in it.
    pub sql: String,
    /// Whether it runs only under a condition that is not known.
    pub conditional: bool,
}

/// What a body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Its statements in text order; those that never run are left out.
    pub statements: Vec<BodyStatement>,
    /// Names of its variables, as written.
    pub variables: Vec<String>,
    /// Fields of the row that fires a trigger (`NEW.x`, `OLD.x`), and whether they are read only under a
    /// condition that is not known.
    pub fields: Vec<(String, bool)>,
    /// Fields that are assigned (`NEW.x := ...`, `SET NEW.x = ...`).
    pub assigned: Vec<String>,
}

/// Reads a body. `event` is the trigger event in upper case (`UPDATE`) where it is known: branches on `TG_OP`
/// that it excludes are left out.
pub fn read_body(text: &str, dialect: Dialect, event: Option<&str>) -> Body {
    let all = tokens(text, dialect);
    let mut reader = Reader { text, all: &all, at: 0, event, blocks: Vec::new(), body: Body::default() };
    reader.run();
    reader.body
}

/// What is known about a branch being taken.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Taken {
    Always,
    Perhaps,
    Never,
}

/// An open IF, CASE, LOOP or BEGIN.
struct Block {
    now: Taken,
    /// What is left for the following branches of an IF.
    rest: Taken,
}

struct Reader<'t> {
    text: &'t str,
    all: &'t [Token],
    at: usize,
    event: Option<&'t str>,
    blocks: Vec<Block>,
    body: Body,
}

impl<'t> Reader<'t> {
    fn run(&mut self) {
        while self.at < self.all.len() && self.kind(0) != TokenKind::End {
            let start = self.at;
            self.piece();
            if self.at == start {
                self.at += 1;
            }
        }
    }

    /// Reads one statement, or the head of a block.
    fn piece(&mut self) {
        match self.word(0).as_str() {
            "" if self.is(";") => self.at += 1,
            "declare" => {
                self.at += 1;
                self.declarations();
            }
            "begin" => {
                self.at += 1;
                if self.is_word("atomic") {
                    self.at += 1;
                }
                self.blocks.push(Block { now: Taken::Always, rest: Taken::Always });
            }
            "exception" => {
                self.at += 1;
                if let Some(block) = self.blocks.last_mut() {
                    block.now = Taken::Perhaps;
                }
            }
            "when" => {
                self.skip_to_word("then");
                self.at += 1;
            }
            "if" => self.branch(true),
            "elsif" | "elseif" => self.branch(false),
            "else" => {
                self.at += 1;
                if let Some(block) = self.blocks.last_mut() {
                    block.now = block.rest;
                }
            }
            "case" => {
                let from = self.at + 1;
                self.skip_to_word("when");
                self.expression(from, self.at);
                self.blocks.push(Block { now: Taken::Perhaps, rest: Taken::Perhaps });
            }
            "loop" => {
                self.at += 1;
                self.blocks.push(Block { now: Taken::Always, rest: Taken::Always });
            }
            "while" => {
                let from = self.at + 1;
                self.skip_to_any(&["loop", "do"]);
                self.expression(from, self.at);
                self.at += 1;
                self.blocks.push(Block { now: Taken::Perhaps, rest: Taken::Perhaps });
            }
            "for" | "foreach" => self.for_loop(),
            "end" => {
                self.at += 1;
                self.blocks.pop();
                while !self.is(";") && self.kind(0) != TokenKind::End {
                    self.at += 1;
                }
            }
            _ => self.statement(),
        }
    }

    /// `IF condition THEN`, `ELSIF condition THEN`.
    fn branch(&mut self, opens: bool) {
        let from = self.at + 1;
        self.skip_to_word("then");
        let truth = self.about_event(from, self.at);
        let reach = if opens { Taken::Always } else { self.blocks.last().map_or(Taken::Always, |b| b.rest) };
        if opens {
            if truth.is_none() {
                self.expression(from, self.at);
            }
            self.blocks.push(Block { now: Taken::Always, rest: Taken::Always });
        } else if truth.is_none() {
            if let Some(block) = self.blocks.last_mut() {
                block.now = reach;
            }
            self.expression(from, self.at);
        }
        let (now, rest) = match (reach, truth) {
            (Taken::Never, _) => (Taken::Never, Taken::Never),
            (reach, Some(true)) => (reach, Taken::Never),
            (reach, Some(false)) => (Taken::Never, reach),
            (_, None) => (Taken::Perhaps, Taken::Perhaps),
        };
        if let Some(block) = self.blocks.last_mut() {
            block.now = now;
            block.rest = rest;
        }
        self.at += 1;
    }

    /// The truth of `TG_OP = 'UPDATE'` for a known event.
    fn about_event(&self, from: usize, to: usize) -> Option<bool> {
        let event = self.event?;
        let [name, op, value] = self.all.get(from..to)? else { return None };
        let value = value.span.slice(self.text);
        let quoted = value.strip_prefix('\'')?.strip_suffix('\'')?;
        if !name.span.slice(self.text).eq_ignore_ascii_case("tg_op") {
            return None;
        }
        match op.span.slice(self.text) {
            "=" => Some(quoted.eq_ignore_ascii_case(event)),
            "<>" | "!=" => Some(!quoted.eq_ignore_ascii_case(event)),
            _ => None,
        }
    }

    /// `FOR x IN query LOOP`, `FOR i IN 1..n LOOP`, `FOREACH x IN ARRAY a LOOP`.
    fn for_loop(&mut self) {
        let names = self.at + 1;
        self.skip_to_any(&["in", "do"]);
        for i in names..self.at {
            self.variable(i);
        }
        let from = self.at + 1;
        self.skip_to_any(&["loop", "do"]);
        if self.all.get(from).is_some_and(|t| {
            matches!(t.span.slice(self.text).to_ascii_lowercase().as_str(), "select" | "with" | "insert" | "update" | "delete")
        }) {
            self.push(from, self.at);
        }
        self.at += 1;
        self.blocks.push(Block { now: Taken::Perhaps, rest: Taken::Perhaps });
    }

    /// The section of variables up to BEGIN; in the MySQL family a single declaration.
    fn declarations(&mut self) {
        loop {
            if matches!(self.word(0).as_str(), "begin" | "declare") || self.kind(0) == TokenKind::End {
                return;
            }
            if matches!(self.word(0).as_str(), "continue" | "exit" | "handler") {
                self.skip_to_symbol(";");
                return;
            }
            self.variable(self.at);
            let from = self.at;
            self.skip_to_symbol(";");
            for i in from..self.at {
                let text = self.slice(i);
                if text == ":=" || text.eq_ignore_ascii_case("default") {
                    self.expression(i + 1, self.at);
                }
                // Cursors: `c CURSOR FOR SELECT ...`.
                if text.eq_ignore_ascii_case("for") {
                    self.push(i + 1, self.at);
                }
            }
            self.at += 1;
            // A declaration of the MySQL family stands among the statements, one at a time.
            let next = self.word(0);
            if matches!(
                next.as_str(),
                "select" | "insert" | "update" | "delete" | "set" | "if" | "call" | "end" | "while" | "loop" | "open"
            ) {
                return;
            }
        }
    }

    fn statement(&mut self) {
        let from = self.at;
        self.skip_to_symbol(";");
        let to = self.at;
        self.at += 1;
        let first = self.all.get(from).map(|t| t.span.slice(self.text).to_ascii_lowercase()).unwrap_or_default();
        match first.as_str() {
            "return" => match self.all.get(from + 1).map(|t| t.span.slice(self.text).to_ascii_lowercase()).as_deref() {
                Some("query") => self.push(from + 2, to),
                Some("next") => self.expression(from + 2, to),
                _ => self.expression(from + 1, to),
            },
            "perform" => self.push_text("SELECT ", from + 1, to),
            "raise" | "null" | "execute" | "get" | "open" | "close" | "fetch" | "move" | "exit" | "continue" | "leave" | "iterate"
            | "signal" | "commit" | "rollback" | "assert" => {}
            "set" => self.assignments(from + 1, to),
            _ => match (from..to).find(|&i| self.slice(i) == ":=").or_else(|| self.plain_assignment(from, to)) {
                Some(i) => self.assignment(from, i, to),
                None => self.push(from, to),
            },
        }
    }

    /// `x = expr` or `NEW.x = expr`, as plpgsql also writes an assignment.
    fn plain_assignment(&self, from: usize, to: usize) -> Option<usize> {
        let keyword = matches!(
            self.slice(from).to_ascii_lowercase().as_str(),
            "select"
                | "insert"
                | "update"
                | "delete"
                | "with"
                | "call"
                | "merge"
                | "values"
                | "truncate"
                | "create"
                | "drop"
                | "alter"
                | "replace"
        );
        let at = (from + 1..to.min(from + 4)).find(|&i| self.slice(i) == "=")?;
        (!keyword).then_some(at)
    }

    /// `SET a = expr, NEW.b = expr`.
    fn assignments(&mut self, from: usize, to: usize) {
        let mut start = from;
        let mut depth = 0usize;
        for i in from..=to {
            match self.slice(i) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if i == to || (depth == 0 && self.slice(i) == ",") {
                if let Some(eq) = (start..i).find(|&j| matches!(self.slice(j), "=" | ":=")) {
                    self.assignment(start, eq, i);
                }
                start = i + 1;
            }
        }
    }

    fn assignment(&mut self, from: usize, operator: usize, to: usize) {
        if let Some(field) = self.record_field(from).filter(|_| operator == from + 3) {
            self.body.assigned.push(field.clone());
            self.field(field);
        }
        self.expression(operator + 1, to);
    }

    fn expression(&mut self, from: usize, to: usize) {
        if from < to {
            self.push_text("SELECT ", from, to);
        }
    }

    fn push(&mut self, from: usize, to: usize) {
        self.push_text("", from, to);
    }

    fn push_text(&mut self, prefix: &str, from: usize, to: usize) {
        let (Some(first), Some(last)) = (self.all.get(from), to.checked_sub(1).and_then(|t| self.all.get(t))) else { return };
        let state = self.state();
        if from >= to || state == Taken::Never {
            return;
        }
        for i in from..to {
            if let Some(field) = self.record_field(i) {
                self.field(field);
            }
        }
        let sql = self.without_into(from, to, first.span, last.span);
        self.body.statements.push(BodyStatement { sql: format!("{prefix}{sql}"), conditional: state == Taken::Perhaps });
    }

    /// The text without `INTO [STRICT] targets`, which names variables.
    fn without_into(&self, from: usize, to: usize, first: Span, last: Span) -> String {
        let whole = Span { start: first.start, end: last.end };
        let is_query = matches!(self.slice(from).to_ascii_lowercase().as_str(), "select" | "with");
        let mut depth = 0usize;
        for i in from..to {
            match self.slice(i).to_ascii_lowercase().as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "into" if depth == 0 && (is_query || self.after_returning(from, i)) => {
                    let mut end = i + 1;
                    while end < to
                        && !matches!(
                            self.slice(end).to_ascii_lowercase().as_str(),
                            "from" | "where" | "group" | "order" | "limit" | "union"
                        )
                    {
                        end += 1;
                    }
                    let head = Span { start: whole.start, end: self.all.get(i).map_or(whole.end, |t| t.span.start) };
                    let tail = Span { start: self.all.get(end).map_or(whole.end, |t| t.span.start).min(whole.end), end: whole.end };
                    let tail = if end >= to { "" } else { tail.slice(self.text) };
                    return format!("{} {}", head.slice(self.text).trim_end(), tail).trim_end().to_string();
                }
                _ => {}
            }
        }
        whole.slice(self.text).to_string()
    }

    fn after_returning(&self, from: usize, at: usize) -> bool {
        (from..at).any(|i| self.slice(i).eq_ignore_ascii_case("returning"))
    }

    /// `NEW.x`, `OLD.x` at token `i`.
    fn record_field(&self, i: usize) -> Option<String> {
        let record = self.slice(i);
        if !(record.eq_ignore_ascii_case("new") || record.eq_ignore_ascii_case("old")) || self.slice(i + 1) != "." {
            return None;
        }
        let name = self.slice(i + 2).trim_matches(|c| matches!(c, '"' | '`' | '[' | ']'));
        (!name.is_empty() && name != "*").then(|| name.to_string())
    }

    fn field(&mut self, field: String) {
        let state = self.state();
        if state != Taken::Never {
            self.body.fields.push((field, state == Taken::Perhaps));
        }
    }

    fn variable(&mut self, at: usize) {
        let name = self.slice(at).trim_matches('"').to_string();
        if self.all.get(at).is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::QuotedName)) {
            self.body.variables.push(name);
        }
    }

    fn state(&self) -> Taken {
        if self.blocks.iter().any(|b| b.now == Taken::Never) {
            Taken::Never
        } else if self.blocks.iter().any(|b| b.now == Taken::Perhaps) {
            Taken::Perhaps
        } else {
            Taken::Always
        }
    }

    fn slice(&self, i: usize) -> &'t str {
        self.all.get(i).map_or("", |t| t.span.slice(self.text))
    }

    fn kind(&self, by: usize) -> TokenKind {
        self.all.get(self.at + by).map_or(TokenKind::End, |t| t.kind)
    }

    fn word(&self, by: usize) -> String {
        if self.kind(by) == TokenKind::Word { self.slice(self.at + by).to_ascii_lowercase() } else { String::new() }
    }

    fn is(&self, symbol: &str) -> bool {
        self.slice(self.at) == symbol
    }

    fn is_word(&self, word: &str) -> bool {
        self.word(0) == word
    }

    fn skip_to_word(&mut self, word: &str) {
        self.skip_to_any(&[word]);
    }

    fn skip_to_any(&mut self, words: &[&str]) {
        let mut cases = 0usize;
        while self.kind(0) != TokenKind::End && !self.is(";") {
            let here = self.word(0);
            // `THEN` and `WHEN` of a CASE expression inside the condition are its own.
            match here.as_str() {
                "case" => cases += 1,
                "end" if cases > 0 => cases -= 1,
                w if cases == 0 && words.contains(&w) => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn skip_to_symbol(&mut self, symbol: &str) {
        while self.kind(0) != TokenKind::End && !self.is(symbol) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    fn shown(text: &str, engine: Engine, event: Option<&str>) -> String {
        let body = read_body(text, Dialect::of(engine), event);
        body.statements.iter().map(|s| format!("{}{}", if s.conditional { "? " } else { "" }, s.sql)).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn statements_of_bodies() {
        let pg = Engine::Postgres;
        let cases = [
            (pg, "SELECT full_name FROM customers WHERE id = $1", None, "SELECT full_name FROM customers WHERE id = $1"),
            (
                pg,
                "DECLARE t text; BEGIN SELECT city INTO t FROM customers WHERE id = i; RETURN t; END",
                None,
                "SELECT city FROM customers WHERE id = i | SELECT t",
            ),
            (
                pg,
                "BEGIN IF flag THEN RETURN (SELECT city FROM c); END IF; RETURN NULL; END",
                None,
                "SELECT flag | ? SELECT (SELECT city FROM c) | SELECT NULL",
            ),
            (
                pg,
                "BEGIN IF TG_OP = 'INSERT' THEN NEW.a := 1; ELSIF NEW.b > 1 THEN NEW.c := 2; END IF; RETURN NEW; END",
                Some("UPDATE"),
                "SELECT NEW.b > 1 | ? SELECT 2 | SELECT NEW",
            ),
            (
                Engine::MariaDb,
                "BEGIN SET NEW.note = concat(NEW.a, 'x'); INSERT INTO audit VALUES (1); END",
                None,
                "SELECT concat(NEW.a, 'x') | INSERT INTO audit VALUES (1)",
            ),
            (Engine::Sqlite, "BEGIN UPDATE a SET x = 1 WHERE id = OLD.id; END", None, "UPDATE a SET x = 1 WHERE id = OLD.id"),
        ];
        for (engine, text, event, want) in cases {
            assert_eq!(shown(text, engine, event), want, "{text}");
        }
    }
}
