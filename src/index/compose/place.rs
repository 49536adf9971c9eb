//! Statements of a service: what its code sends, what its models define, what its code uses of loaded entities.

use super::attributes::attributes;
use super::names::{At, definition_of, table_of};
use super::scope::holder;
use super::{Build, Composed, Composer};
use crate::grammar::mapper::StatementsAre;
use crate::index::mapping::{Named, Origin};
use crate::index::program::Program;
use crate::index::trace::{RowUse, Sent, Traced, Use};
use crate::model::span::Span;
use crate::model::statement::{Consumer, Evidence, Mapped, Piece, SqlText, Statement, StatementKind};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What composing gives for a service.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Statements of queries, definitions and uses; groups of variants are numbered from 0.
    pub statements: Vec<Statement>,
    /// Places that send something: path, span, whether a statement is known.
    pub sites: Vec<(String, Span, bool)>,
    /// Attributes that are called like the field of a model, of values that may be something else.
    pub unclear_uses: u32,
    /// Places that send something that is not known: path, span and why.
    pub open: Vec<(String, Span, String)>,
}

/// Makes the statements of a service from what was traced.
pub fn place(composer: &Composer<'_>, program: &Program<'_>, traced: &Traced) -> Placed {
    let mut out = Placed::default();
    let mut maker = Maker { program, groups: BTreeMap::new(), seen: HashMap::new(), out: &mut out };
    let mut sites: BTreeMap<Origin, bool> = BTreeMap::new();
    for sent in &traced.sent {
        if !maker.is_own(sent.site) && !maker.is_own(sent.statement) {
            continue;
        }
        let all = composer.compose(sent.query, sent.statement.file);
        let known = all.iter().any(|c| names_a_table(composer, sent, c));
        *sites.entry(sent.site).or_default() |= known;
        for composed in all {
            maker.sent(composer, sent, composed);
        }
    }
    for open in &traced.open {
        if maker.is_own(open.origin) {
            sites.entry(open.origin).or_default();
        }
    }
    let known: BTreeSet<Origin> = sites.iter().filter(|(_, known)| **known).map(|(o, _)| *o).collect();
    for open in traced.open.iter().filter(|o| !known.contains(&o.origin)) {
        let Some(file) = program.file(open.origin.file).filter(|f| f.own) else { continue };
        maker.out.open.push((file.path.to_string(), open.origin.span, open.reason.to_string()));
    }
    for defined in composer.definitions() {
        let library = composer.models.get(defined.model).map(|m| m.pack.to_string()).unwrap_or_default();
        let made =
            Made { composed: defined.composed, kind: StatementKind::Model, library, evidence: defined.evidence, consumer: Consumer::None };
        maker.push(defined.origin, None, made, defined.maps);
    }
    let sent = maker.places(true);
    let place = |used: &Use| (used.origin.file, used.origin.span.start);
    let told: HashSet<(u32, u32)> = maker.places(false).iter().copied().chain(traced.uses.iter().map(place)).collect();
    let named = attributes(program, composer.models, &told);
    maker.out.unclear_uses = named.unclear;
    // What a statement names is no mere use. What one names that is sent elsewhere, along with what others name who call the
    // same function, is told of that statement as one of several: the place has a finding of its own.
    let read = traced.uses.iter().filter(|u| !sent.contains(&place(u)));
    for (used, evidence) in read.map(|u| (u, Evidence::Composed)).chain(named.uses.iter().map(|u| (u, Evidence::Name))) {
        if let Some((composed, library)) = composer.used(used) {
            maker.push(used.origin, None, Made { composed, kind: StatementKind::Use, library, evidence, consumer: Consumer::None }, None);
        }
    }
    for used in traced.row_uses.iter().filter(|u| !u.tables.is_empty()) {
        let (composed, library) = (composer.used_of_row(used), used.pack.to_string());
        let made = Made { composed, kind: StatementKind::Use, library, evidence: Evidence::Composed, consumer: Consumer::None };
        maker.push(used.origin, None, made, None);
    }
    let path = |at: Origin| program.file(at.file).map(|f| f.path.to_string()).unwrap_or_default();
    out.sites = sites.into_iter().map(|(at, known)| (path(at), at.span, known)).collect();
    out
}

/// Whether a statement names something: a query of nothing known does not count as resolved.
fn names_a_table(composer: &Composer<'_>, sent: &Sent, composed: &Composed) -> bool {
    let raw = composer.queries.get(sent.query as usize).is_some_and(|q| q.raw.is_some());
    !composed.text.pieces.is_empty() && (raw || !composed.text.text.contains("FROM \u{E000}"))
}

/// Most names of other callers that are kept of a statement.
const MAX_ALSO: usize = 400;

/// A statement without its place.
struct Made {
    composed: Composed,
    kind: StatementKind,
    library: String,
    evidence: Evidence,
    consumer: Consumer,
}

struct Maker<'p, 'a> {
    program: &'p Program<'a>,
    /// Numbers of sites.
    groups: BTreeMap<(Origin, Origin), u32>,
    /// Numbers of the statements that were made.
    seen: HashMap<(Origin, StatementKind, String), usize>,
    out: &'p mut Placed,
}

impl Maker<'_, '_> {
    fn is_own(&self, at: Origin) -> bool {
        self.program.file(at.file).is_some_and(|f| f.own)
    }

    /// Places of the names that statements and definitions hold, or (`within`) those that stand in them: file and start.
    fn places(&self, within: bool) -> HashSet<(u32, u32)> {
        let numbers: HashMap<&str, u32> = self.program.files.iter().zip(0..).map(|(f, n)| (f.path, n)).collect();
        let mut out = HashSet::new();
        for statement in &self.out.statements {
            let file = |index: u16| statement.files.get(usize::from(index)).and_then(|path| numbers.get(path.as_str()));
            let here = |p: &&Piece| !within || p.file == 0 && statement.span.covers(p.source);
            out.extend(statement.text.pieces.iter().filter(here).filter_map(|p| Some((*file(p.file)?, p.source.start))));
        }
        out
    }

    fn sent(&mut self, composer: &Composer<'_>, sent: &Sent, composed: Composed) {
        let Some(q) = composer.queries.get(sent.query as usize) else { return };
        let builder = composer.mapper(&q.pack).is_some_and(|m| m.statements == StatementsAre::Builder);
        let kind = match (q.raw.is_some(), builder) {
            (true, _) => StatementKind::RawSql,
            (false, true) => StatementKind::Builder,
            (false, false) => StatementKind::Orm,
        };
        let within = sent.site.file == sent.statement.file && sent.statement.span.covers(sent.site.span);
        let site = (!within).then_some(sent.site);
        let consumer = if composed.silent { Consumer::None } else { Consumer::ByName };
        let made = Made { composed, kind, library: q.pack.to_string(), evidence: Evidence::Composed, consumer };
        self.push(sent.statement, site, made, None);
    }

    fn push(&mut self, at: Origin, site: Option<Origin>, made: Made, maps: Option<Mapped>) {
        let Made { composed, kind, library, evidence, consumer } = made;
        let Some(file) = self.program.file(at.file).filter(|f| f.own) else { return };
        if composed.files.first() != Some(&at.file) {
            return;
        }
        if let Some(&known) = self.seen.get(&(at, kind, composed.text.text.clone())) {
            self.also(known, at, &composed);
            return;
        }
        self.seen.insert((at, kind, composed.text.text.clone()), self.out.statements.len());
        let path = |id: u32| self.program.file(id).map(|f| f.path.to_string()).unwrap_or_default();
        // Statements of one call belong together; definitions and uses stand for themselves.
        let next = self.groups.len() as u32;
        let group = match kind {
            StatementKind::Model | StatementKind::Use => {
                let own = Span { start: u32::MAX, end: self.seen.len() as u32 };
                (at, Origin { span: own, ..at })
            }
            _ => (at, site.unwrap_or(at)),
        };
        let site_group = *self.groups.entry(group).or_insert(next);
        let statement = Statement {
            text: composed.text,
            files: composed.files.iter().map(|f| path(*f)).collect(),
            span: at.span,
            site: site.map(|s| (path(s.file), s.span)),
            kind,
            library,
            evidence,
            consumer,
            any_integer: false,
            also: Vec::new(),
            maps,
            scope: file.scope,
            site_group,
        };
        self.out.statements.push(statement);
    }
}

impl Maker<'_, '_> {
    /// Notes where another caller of the same function writes the names of a statement that is known already.
    fn also(&mut self, known: usize, at: Origin, composed: &Composed) {
        let Some(statement) = self.out.statements.get_mut(known).filter(|s| s.also.len() < MAX_ALSO) else { return };
        for piece in composed.text.pieces.iter().filter(|p| !p.implied) {
            let Some(file) = composed.files.get(usize::from(piece.file)).and_then(|f| self.program.file(*f)) else { continue };
            if piece.file == 0 && at.span.covers(piece.source) {
                continue;
            }
            let index = statement.files.iter().position(|f| f == file.path).unwrap_or(statement.files.len());
            let Ok(number) = u16::try_from(index) else { return };
            let same = |p: &Piece| p.at == piece.at && p.file == number && p.source == piece.source;
            if statement.text.pieces.iter().chain(&statement.also).any(same) {
                continue;
            }
            if index == statement.files.len() {
                statement.files.push(file.path.to_string());
            }
            statement.also.push(Piece { file: number, ..*piece });
        }
    }
}

impl<'a> Composer<'a> {
    /// A column that is read off a row, as a statement that reads it of the tables that it can be of.
    fn used_of_row(&self, used: &RowUse) -> Composed {
        let mut build = Build::new(*self, used.origin.file);
        let mut text = SqlText::default();
        text.push_synthetic("SELECT ");
        build.identifier(&mut text, &used.column, At::Written(used.origin));
        for (i, (schema, table)) in used.tables.iter().enumerate() {
            text.push_synthetic(if i == 0 { " FROM " } else { " CROSS JOIN " });
            let place = |name: &Named| name.origin.map_or(At::Nowhere, At::Implied);
            build.table_name(&mut text, schema.as_ref().map(|s| (&*s.text, place(s))), &table.text, place(table));
        }
        Composed { text, files: build.files, silent: true }
    }

    /// An attribute of an entity, as a statement that reads its column.
    fn used(&self, used: &Use) -> Option<(Composed, String)> {
        let model = self.models.get(used.model)?;
        let field = model.fields.get(used.field as usize)?;
        let mut build = Build::new(*self, used.origin.file);
        let mut text = SqlText::default();
        text.push_synthetic("SELECT ");
        // An attribute that has a column name of its own stays as it is when the column is renamed.
        let explicit = used.carried || field.column.is_literal() && *field.column.text != *field.name;
        let at = if explicit { At::Implied(definition_of(field)) } else { At::Written(used.origin) };
        build.identifier(&mut text, &field.column.text, at);
        text.push_synthetic(" FROM ");
        let name = build.table_text(holder(self.models, used.model));
        let schema = build.schema_of(used.model);
        build.table_name(&mut text, schema.as_ref().map(|(s, at)| (&**s, *at)), &name, At::Implied(table_of(model)));
        Some((Composed { text, files: build.files, silent: true }, model.pack.to_string()))
    }
}
