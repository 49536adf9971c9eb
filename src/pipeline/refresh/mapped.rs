//! What the mappers and query builders of a service send: its lowered code followed to statements.

use super::RepositoryState;
use super::models::program;
use super::services::Members;
use crate::grammar::PackSet;
use crate::grammar::mapper::SchemaLanguage;
use crate::index::compose::Composer;
use crate::index::compose::place::{Placed, place};
use crate::index::discover::Reader;
use crate::index::mapping::models;
use crate::index::resolve::Resolved;
use crate::index::resolve::modules::ModuleMap;
use crate::index::trace::trace;
use crate::model::coverage::OpenSite;
use crate::model::dialect::Dialect;
use crate::model::span::LineIndex;
use crate::model::statement::{Scope, Statement, StatementKind};
use std::collections::HashMap;

/// Statements of the mappers of a service, with what else its models say.
#[derive(Default)]
pub(super) struct Mapped {
    placed: Placed,
    /// Tables of its models with their columns.
    pub tables: Vec<(String, Vec<String>)>,
}

/// Follows the code of a service. Nothing is done where no file was lowered.
pub(super) fn follow(state: &RepositoryState, members: &Members, modules: &ModuleMap, packs: &PackSet, dialect: Dialect) -> Mapped {
    let schemas = schemas(state, members);
    let program = program(state, members, modules, &schemas);
    if program.files.is_empty() && schemas.is_empty() {
        return Mapped::default();
    }
    let models = models(&program, packs);
    let traced = trace(&program, &models, packs);
    let composer = Composer { models: &models, queries: &traced.queries, packs, dialect };
    let placed = place(&composer, &program, &traced);
    Mapped { placed, tables: composer.tables() }
}

/// A file of a schema language: path, production or test, whether the service itself holds it, text.
pub(super) type SchemaText<'s> = (&'s str, Scope, bool, String);

/// Files of schema languages.
pub(super) fn schemas<'s>(state: &'s RepositoryState, members: &Members) -> Vec<SchemaText<'s>> {
    let repository = state.repository;
    let all = members.own.iter().map(|i| (i, true)).chain(members.libraries.iter().map(|i| (i, false)));
    all.filter_map(|(&i, own)| {
        let file = repository.files.get(i).filter(|f| is_schema(&f.path))?;
        let bytes = Reader.read(repository, file).ok()?;
        Some((file.path.as_str(), file.scope, own, String::from_utf8(bytes).ok()?))
    })
    .collect()
}

/// Whether a file holds models in a schema language.
pub(super) fn is_schema(path: &str) -> bool {
    SchemaLanguage::Prisma.is_of(path)
}

/// Joins the statements of mappers with those of raw SQL. A raw statement that both found is kept once, as the
/// resolution of texts gives it: it knows more of its text.
pub(super) fn join(resolved: &mut Resolved, mapped: Mapped, read: &dyn Fn(&str) -> Option<Vec<u8>>) {
    let placed = mapped.placed;
    let first = resolved.statements.iter().map(|s| s.site_group + 1).max().unwrap_or(0);
    let known = |s: &Statement| {
        s.kind == StatementKind::RawSql
            && resolved.statements.iter().any(|r| {
                let near = |file: Option<&String>, span: crate::model::span::Span| {
                    file == s.files.first() && span.start < s.span.end && s.span.start < span.end
                };
                near(r.files.first(), r.span) || r.site.as_ref().is_some_and(|(f, span)| near(Some(f), *span))
            })
    };
    let new: Vec<Statement> = placed.statements.into_iter().filter(|s| !known(s)).collect();
    resolved.statements.extend(new.into_iter().map(|s| Statement { site_group: s.site_group + first, ..s }));
    resolved
        .statements
        .sort_by(|a, b| (a.files.first(), a.span, a.kind, &a.text.text).cmp(&(b.files.first(), b.span, b.kind, &b.text.text)));
    resolved.sites += placed.sites;
    resolved.resolved += placed.resolved;
    let mut sources: HashMap<String, Option<(Vec<u8>, LineIndex)>> = HashMap::new();
    for (path, span, reason) in placed.open {
        let source = sources.entry(path.clone()).or_insert_with(|| {
            read(&path).map(|bytes| {
                let lines = LineIndex::new(&bytes);
                (bytes, lines)
            })
        });
        let line = source.as_ref().map_or(1, |(_, lines)| lines.line(span.start));
        let text = source.as_ref().and_then(|(bytes, _)| bytes.get(span.start as usize..span.end as usize));
        let text = text.map(|t| String::from_utf8_lossy(t).split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        let text = text.chars().take(120).collect();
        let site = OpenSite { path, line, reason, text };
        if !resolved.open.contains(&site) {
            resolved.open.push(site);
        }
    }
}
