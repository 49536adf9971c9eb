//! What judging one statement gives.

use super::rules::Meta;
use crate::model::finding::{Basis, Effect, EngineErrors};
use crate::model::object::ObjectRef;
use crate::model::span::Span;
use crate::model::statement::{Consumer, Hole, Mapped, StatementKind};
use crate::sql::ast::Statement;

/// One statement as it is judged.
#[derive(Copy, Clone, Debug)]
pub struct StatementInput<'a> {
    /// The parsed statement.
    pub statement: &'a Statement,
    /// The text that it was parsed from; all spans are byte spans of it.
    pub text: &'a str,
    /// How it was written.
    pub kind: StatementKind,
    /// What reads its rows.
    pub consumer: Consumer,
    /// Whole numbers of any size fit into what the code reads ([`crate::model::statement::Statement::any_integer`]).
    pub any_integer: bool,
    /// What the definition that it stands for takes of the database.
    pub maps: Option<&'a Mapped>,
    /// Parts of the text are unknown.
    pub holes: bool,
    /// What is known of those parts, in text order.
    pub parts: &'a [Hole],
}

/// What a rule says about one difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What happens to the statement.
    pub effect: Effect,
    /// One sentence that names the object and what happens.
    pub message: String,
    /// What to do, where the rule has better advice than its general one.
    pub help: Option<String>,
    /// The object concerned.
    pub object: Option<ObjectRef>,
    /// Index into the changes of the run.
    pub change: Option<usize>,
    /// The very name in the statement's text; empty where none is written.
    pub span: Span,
    /// 0..=100.
    pub confidence: u8,
}

/// A cause of a verdict: an explanation with the rule that gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Rule id.
    pub rule: &'static str,
    /// What happens.
    pub effect: Effect,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The object concerned.
    pub object: Option<ObjectRef>,
    /// Index into the changes of the run.
    pub change: Option<usize>,
    /// The very name in the statement's text; empty where none is written.
    pub span: Span,
    /// 0..=100.
    pub confidence: u8,
}

impl Cause {
    /// What a rule says, as a cause.
    pub fn of(meta: &Meta, said: Explanation) -> Self {
        Cause {
            rule: meta.id,
            effect: said.effect,
            message: said.message,
            help: said.help.unwrap_or_else(|| meta.fix.to_string()),
            object: said.object,
            change: said.change,
            span: said.span,
            confidence: said.confidence,
        }
    }
}

/// The verdict on one statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// What happens to the statement when it is sent after the migration.
    pub effect: Effect,
    /// What happens to it on a connection that prepared it before the migration.
    pub prepared_effect: Effect,
    /// The gravest cause; `None` for a safe statement.
    pub cause: Option<Cause>,
    /// Further causes, gravest first.
    pub also: Vec<Cause>,
    /// 0..=100.
    pub confidence: u8,
    /// What the engine answers before and after, where one of the two is an error.
    pub engine_error: Option<EngineErrors>,
    /// What it rests on.
    pub basis: Basis,
    /// Every name was resolved against the schema before.
    pub bound: bool,
    /// The statement fails before the migration and no longer does after it: the code waits for it. Index of
    /// the change that it waits for, where one is found.
    pub waits_for: Option<Option<usize>>,
}

impl Judgement {
    /// Whether the statement is the same before and after, and does not wait for the migration.
    pub fn leaves(&self) -> bool {
        self.effect == Effect::Safe && self.waits_for.is_none()
    }

    /// Leaves out causes; the gravest of the others becomes the verdict.
    pub fn retain(&mut self, keep: impl Fn(&Cause) -> bool) {
        let mut left: Vec<Cause> = self.cause.take().into_iter().chain(std::mem::take(&mut self.also)).filter(keep).collect();
        if left.is_empty() {
            self.effect = Effect::Safe;
            return;
        }
        let first = left.remove(0);
        self.effect = first.effect;
        self.confidence = first.confidence;
        (self.cause, self.also) = (Some(first), left);
    }
}
