//! The second tier of files for mappers: those that a service's models are made of or used in, and those that code
//! asks for that is followed to statements.

use super::mapped::{SchemaText, schemas};
use super::reading::read_more;
use super::services::{Members, unread};
use super::{RefreshError, RepositoryState};
use crate::grammar::PackSet;
use crate::index::extract::learnt::Learnt;
use crate::index::mapping::{Models, models};
use crate::index::program::{Program, ProgramFile, SchemaFile};
use crate::index::resolve::modules::ModuleMap;
use crate::index::trace::look_up;
use crate::model::project::FileKind;
use crate::store::Store;
use std::collections::HashSet;

/// Rounds in which models are looked for in what the round before read.
const ROUNDS: usize = 4;
/// Imports of imports that are followed.
const ASKED_ROUNDS: usize = 12;

/// The models of a service, as long as no more of its files is read.
#[derive(Default)]
pub(super) struct KnownModels {
    /// Files of the program that they are of: it only grows.
    files: usize,
    models: Option<Models>,
}

impl KnownModels {
    /// The models of a program of the service.
    pub(super) fn of(&mut self, program: &Program, packs: &PackSet) -> &Models {
        if self.files != program.files.len() {
            self.models = None;
            self.files = program.files.len();
        }
        self.models.get_or_insert_with(|| models(program, packs))
    }
}

/// Parses the files that mention a model of the service, or that a model's definition imports; gives their number.
/// A service without mappers has no code and so no models.
pub(super) fn read_users(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    members: &Members,
    modules: &ModuleMap,
    known_models: &mut KnownModels,
) -> Result<usize, RefreshError> {
    let all: Vec<usize> = members.own.iter().chain(&members.libraries).copied().collect();
    let (mut known, mut count) = (Learnt::default(), 0);
    for _ in 0..ROUNDS {
        let (names, wanted) = {
            let schemas = schemas(state, members);
            let program = program(state, members, modules, &schemas);
            if program.files.is_empty() && schemas.is_empty() {
                break;
            }
            let models = known_models.of(&program, packs);
            let mut names = Learnt::default();
            let called = models.models.iter().map(|m| &*m.name.text).chain(models.by_name.keys().map(|n| &**n));
            names.add_values(called.filter_map(|n| n.rsplit('.').next()));
            (names, program.wanted())
        };
        let new = names.without(&known);
        known = names;
        let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let lowered = |i: &usize| {
            let file = &state.repository.files[*i];
            matches!(state.kinds[*i], FileKind::Source(language) if state.mappers.lower(file.service, language))
        };
        let mut unread = unread(state, &all, &|path| !new.is_empty() || wanted.contains(path));
        unread.retain(lowered);
        let new = new.filter();
        let read = read_more(store, state, packs, &unread, &|path, bytes| wanted.contains(path) || new.keep(bytes))?;
        count += read.len();
        if read.is_empty() {
            break;
        }
    }
    Ok(count)
}

/// Parses the files that imports ask for of the code that will be followed, until none is missing; gives their
/// number.
pub(super) fn read_asked(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    members: &Members,
    modules: &ModuleMap,
    known_models: &mut KnownModels,
) -> Result<usize, RefreshError> {
    let all: Vec<usize> = members.own.iter().chain(&members.libraries).copied().collect();
    let mut count = 0;
    for _ in 0..ASKED_ROUNDS {
        let wanted = {
            let schemas = schemas(state, members);
            let program = program(state, members, modules, &schemas);
            if program.files.is_empty() {
                break;
            }
            let models = known_models.of(&program, packs);
            look_up(&program, models, packs);
            program.wanted()
        };
        let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let unread = unread(state, &all, &|path| wanted.contains(path));
        let read = read_more(store, state, packs, &unread, &|_, _| true)?;
        count += read.len();
        if read.is_empty() {
            break;
        }
    }
    Ok(count)
}

/// The lowered code of a service as one program.
pub(super) fn program<'a>(
    state: &'a RepositoryState,
    members: &Members,
    modules: &'a ModuleMap,
    schemas: &'a [SchemaText<'a>],
) -> Program<'a> {
    let listed = members.own.iter().map(|&i| (i, true)).chain(members.libraries.iter().map(|&i| (i, false)));
    let files = listed.filter_map(|(i, own)| {
        let FileKind::Source(language) = state.kinds[i] else { return None };
        let (file, facts) = (&state.repository.files[i], state.facts.get(&i)?);
        let code = facts.code.as_deref()?;
        Some(ProgramFile { path: &file.path, language, scope: file.scope, own, package: &facts.package, imports: &code.imports, code })
    });
    let mut program = Program::new(files.collect(), modules);
    for (path, scope, own, text) in schemas {
        program.add_schema(SchemaFile { path, scope: *scope, own: *own, text });
    }
    program
}
