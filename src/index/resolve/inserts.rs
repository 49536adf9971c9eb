//! Calls of libraries outside the service that are given a table's name and its columns, and make the INSERT
//! themselves: `bulk.NewInsert(ctx, "stats", []string{"day", "count"})`.

use super::Resolver;
use super::emit::Sender;
use super::evaluate::{Notes, Val};
use super::names::{Entity, Env};
use super::sites::Arrival;
use super::symbols::CallRef;
use super::text::{FileId, Text};
use crate::model::facts::Call;
use crate::model::statement::{Consumer, Evidence};

impl<'a> Resolver<'a> {
    /// Emits the INSERT that a call of a file stands for, for each call that names one.
    pub fn inserts(&mut self, file: FileId) {
        for call in &self.symbols.facts(file).calls {
            if call.sink.is_none() && names_insert(call) {
                self.insert(CallRef { file, call });
            }
        }
    }

    fn insert(&mut self, site: CallRef<'a>) {
        let env = self.env_of(site, None);
        self.hops = 0;
        self.notes = Notes::default();
        // a function of the service was looked into
        if matches!(self.entity(&site.call.callee, &env), Some(Entity::Function(_) | Entity::Class(_))) {
            return;
        }
        let Some((table, columns)) = self.table_and_columns(site.call, &env) else { return };
        if self.is_covered(site.file, site.call.own_span) {
            return;
        }
        let mut text = Text::synthetic("INSERT INTO ");
        text.append(table);
        let count = columns.len();
        for (i, column) in columns.into_iter().enumerate() {
            text.append(Text::synthetic(if i == 0 { " (" } else { ", " }));
            text.append(column);
        }
        for i in 0..count {
            text.append(Text::synthetic(if i == 0 { ") VALUES (" } else { ", " }));
            text.append(Text::parameter(site.file, site.call.own_span));
        }
        text.append(Text::synthetic(")"));
        if self.symbols.files.get(site.file as usize).is_some_and(|f| f.own) {
            self.out.sites += 1;
            self.out.resolved += 1;
        }
        let sender =
            Sender { file: site.file, span: site.call.own_span, library: "", evidence: Evidence::Parsed, consumer: Consumer::None };
        self.emit(&Arrival { text, chain: Vec::new() }, sender);
    }

    /// A name followed by a list of names.
    fn table_and_columns(&mut self, call: &'a Call, env: &Env<'a>) -> Option<(Text<'a>, Vec<Text<'a>>)> {
        let mut table = None;
        for arg in &call.args {
            match self.evaluate(&arg.value, env) {
                Val::Text(text) if text.known().is_some_and(|t| is_name(&t)) => table = Some(text),
                Val::List(items) if !items.is_empty() => {
                    let table = table?;
                    let columns: Option<Vec<Text<'a>>> = items
                        .into_iter()
                        .map(|v| match v {
                            Val::Text(text) if text.known().is_some_and(|t| is_name(&t)) => Some(text),
                            _ => None,
                        })
                        .collect();
                    return Some((table, columns?));
                }
                _ => {}
            }
        }
        None
    }
}

fn names_insert(call: &Call) -> bool {
    call.args.len() >= 2 && call.callee.last().is_some_and(|n| n.to_ascii_lowercase().contains("insert"))
}

/// A table or column: a word of letters, digits and underscores, perhaps with a schema before it.
fn is_name(text: &str) -> bool {
    let word = |w: &str| {
        w.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.len() <= 128 && text.split('.').count() <= 2 && text.split('.').all(word)
}
