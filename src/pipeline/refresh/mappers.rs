//! Which mappers the services of a repository use, and so which of its files are lowered to code.

use crate::index::extract::marks::{FileMarks, MapperBits, MapperScan};
use crate::model::facts::Language;
use crate::model::project::{FileKind, Repository};
use crate::store::FileRow;

/// Languages that have a place in [`Bits`].
const LANGUAGES: [Language; 4] = [Language::Python, Language::TypeScript, Language::JavaScript, Language::Go];

/// Mappers by language.
type Bits = [MapperBits; LANGUAGES.len()];

/// The mappers of a repository's services: those that their manifests list, and those that their files or the
/// libraries that they reach import.
#[derive(Clone, Debug, Default)]
pub(super) struct Mappers {
    /// By service: services and libraries that it is made of, itself first.
    reached: Vec<Vec<usize>>,
    /// By service: mappers that matter to its files, because it uses them or a service that reaches it does.
    used: Vec<Bits>,
    /// Mappers whose models stand in files of a schema language.
    by_schema: Bits,
}

impl Mappers {
    /// The mappers of a repository whose files were read.
    pub(super) fn of(repository: &Repository, kinds: &[FileKind], rows: &[FileRow], scan: &MapperScan) -> Self {
        let services = &repository.services;
        let reached: Vec<Vec<usize>> = (0..services.len()).map(|s| reached(repository, s)).collect();
        let mut own: Vec<Bits> = services.iter().map(|s| LANGUAGES.map(|l| scan.named(l, &s.packs))).collect();
        for ((file, kind), row) in repository.files.iter().zip(kinds).zip(rows) {
            if let (FileKind::Source(language), Some(bits)) = (kind, own.get_mut(file.service as usize)) {
                add(bits, *language, FileMarks::from_number(row.marks).imports);
            }
        }
        let mut used = vec![Bits::default(); services.len()];
        for all in &reached {
            let mut bits = Bits::default();
            for service in all {
                LANGUAGES.iter().for_each(|l| add(&mut bits, *l, of(&own, *service, *l)));
            }
            for service in all {
                if let Some(place) = used.get_mut(*service) {
                    LANGUAGES.iter().for_each(|l| add(place, *l, get(&bits, *l)));
                }
            }
        }
        Mappers { reached, used, by_schema: LANGUAGES.map(|l| scan.by_schema(l)) }
    }

    /// Services and libraries that a service is made of, itself first.
    pub(super) fn reached(&self, service: usize) -> &[usize] {
        self.reached.get(service).map_or(&[], Vec::as_slice)
    }

    /// Mappers that matter to the files of a service and of each library that it reaches: what is lowered for it.
    pub(super) fn of_service(&self, service: usize) -> Vec<impl std::fmt::Debug + '_> {
        self.reached(service).iter().filter_map(|s| self.used.get(*s)).collect()
    }

    /// Whether parsed files of a service in a language are lowered.
    pub(super) fn lower(&self, service: u32, language: Language) -> bool {
        !of(&self.used, service as usize, language).is_empty()
    }

    /// Whether a service uses a mapper whose models stand in files of a schema language.
    pub(super) fn reads_schemas(&self, service: usize) -> bool {
        LANGUAGES.iter().any(|l| of(&self.used, service, *l).meets(get(&self.by_schema, *l)))
    }

    /// Whether a file must be parsed because it may use a mapper of its service: it imports it, or uses one of its
    /// words.
    pub(super) fn keep(&self, service: u32, kind: FileKind, row: &FileRow) -> bool {
        let FileKind::Source(language) = kind else { return false };
        let used = of(&self.used, service as usize, language);
        let marks = FileMarks::from_number(row.marks);
        marks.imports.meets(used) || marks.words.meets(used)
    }

    /// Whether a file imports a mapper of its service, or has words of one whose client is made for it: under which path
    /// that is imported, nobody knows.
    pub(super) fn sends(&self, service: u32, kind: FileKind, row: &FileRow) -> bool {
        let FileKind::Source(language) = kind else { return false };
        let used = of(&self.used, service as usize, language);
        let made = used.without(used.without(get(&self.by_schema, language)));
        let marks = FileMarks::from_number(row.marks);
        marks.imports.meets(used) || marks.words.meets(made)
    }

    /// The last service that needs the files of a service.
    pub(super) fn last_use(&self, service: u32) -> Option<usize> {
        self.reached.iter().rposition(|all| all.contains(&(service as usize)))
    }
}

fn get(bits: &Bits, language: Language) -> MapperBits {
    LANGUAGES.iter().position(|l| *l == language).and_then(|i| bits.get(i)).copied().unwrap_or_default()
}

fn of(all: &[Bits], service: usize, language: Language) -> MapperBits {
    all.get(service).map_or(MapperBits::default(), |bits| get(bits, language))
}

fn add(bits: &mut Bits, language: Language, more: MapperBits) {
    if let Some(place) = LANGUAGES.iter().position(|l| *l == language).and_then(|i| bits.get_mut(i)) {
        place.add(more);
    }
}

/// A service and the libraries that it depends on, as far as they are of the repository.
fn reached(repository: &Repository, service: usize) -> Vec<usize> {
    let mut reached = vec![service];
    let mut at = 0;
    while at < reached.len() {
        for name in &repository.services[reached[at]].depends {
            if let Some(next) = repository.services.iter().position(|s| s.name == *name)
                && !reached.contains(&next)
            {
                reached.push(next);
            }
        }
        at += 1;
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::PackSet;
    use crate::model::project::{Service, SourceFile};
    use crate::model::statement::Scope;

    const PACK: &str = "id = \"mapper\"\n[detect]\nimports = [\"acme.orm\"]\nwords = [\"filter\"]\n[mapper]\n";

    fn file(path: &str, service: u32) -> SourceFile {
        let kind = FileKind::Source(Language::Python);
        SourceFile { path: path.into(), kind, scope: Scope::Production, service, size: 0, mtime: 0, blob: None, owners: None }
    }

    #[test]
    fn a_service_uses_what_its_manifests_list_and_its_files_and_libraries_import() {
        let own = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        std::fs::create_dir(own.path().join("python")).unwrap_or_else(|e| panic!("{e}"));
        std::fs::write(own.path().join("python/mapper.toml"), PACK).unwrap_or_else(|e| panic!("{e}"));
        let scan = MapperScan::new(&PackSet::load(own.path()).unwrap_or_else(|e| panic!("{e:?}")));
        let row = |source: &str| FileRow { marks: scan.marks(Language::Python, source.as_bytes()).to_number(), ..FileRow::default() };
        let mappers = |packs: &[&str], imports: bool| {
            let named = |name: &str, depends: &[&str], packs: &[&str]| Service {
                name: name.into(),
                depends: depends.iter().map(|d| d.to_string()).collect(),
                packs: packs.iter().map(|p| p.to_string()).collect(),
                ..Service::default()
            };
            let services = vec![named("app", &["lib"], packs), named("lib", &[], &[]), named("apart", &[], &[])];
            let files = vec![file("app/a.py", 0), file("lib/b.py", 1), file("apart/c.py", 2)];
            let repository = Repository { services, files, ..Repository::default() };
            let rows = [row(""), row(if imports { "import acme.orm" } else { "" }), row("")];
            Mappers::of(&repository, &[FileKind::Source(Language::Python); 3], &rows, &scan)
        };
        let lowered = |m: &Mappers| [0, 1, 2].map(|s| m.lower(s, Language::Python));
        assert_eq!(lowered(&mappers(&[], false)), [false; 3]);
        assert_eq!(lowered(&mappers(&["mapper"], false)), [true, true, false]);
        let by_import = mappers(&[], true);
        assert_eq!(lowered(&by_import), [true, true, false]);
        assert!(!by_import.lower(0, Language::Go));
        assert_eq!((by_import.last_use(1), by_import.last_use(2), by_import.reached(0)), (Some(1), Some(2), &[0, 1][..]));
        let kind = FileKind::Source(Language::Python);
        assert!(by_import.keep(0, kind, &row("a.filter(b)")) && !by_import.keep(0, kind, &row("a = b")));
        assert!(!by_import.keep(2, kind, &row("a.filter(b)")) && !by_import.keep(0, FileKind::Migration, &row("a.filter(b)")));
    }
}
