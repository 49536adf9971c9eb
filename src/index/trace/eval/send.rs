//! Statements that are sent.

use crate::index::mapping::Origin;
use crate::index::trace::query::QueryId;
use crate::index::trace::{Sent, Tracer};
use crate::model::statement::Scope;

impl Tracer<'_> {
    /// Records that a statement is sent by the call, assignment or attribute at `site`. It is taken as it is now:
    /// what is added to the builder later is not part of it.
    pub(in crate::index::trace) fn send(&mut self, query: QueryId, site: Origin) {
        let Some(now) = self.query(query).cloned() else { return };
        let statement =
            now.parts.iter().filter(|p| p.file == site.file).fold(site, |all, p| Origin { file: all.file, span: all.span.to(p.span) });
        let scope = self.program.file(site.file).map_or(Scope::Production, |f| f.scope);
        let query = self.begin(now);
        self.found.sent.push(Sent { query, site, statement, function: None, scope });
    }
}
