//! Modules of ECMAScript that are found by their place: paths that code puts together from the folder of the running
//! file (`/lib/models`, from the root of the repository), and what lies in such a folder.

use super::lookup::Definition;
use super::{FileId, Program};
use crate::model::facts::Language;

/// Endings of files that such a module can be.
const EXTENSIONS: [&str; 8] = ["", ".js", ".ts", ".cjs", ".mjs", ".json", "/index.js", "/index.ts"];

impl<'a> Program<'a> {
    /// The folder of a file, as a path from the root of the repository: `/lib/models`.
    pub fn folder_of(&self, file: FileId) -> String {
        let path = self.files.get(file as usize).map_or("", |f| f.path);
        format!("/{}", path.rsplit_once('/').map_or("", |p| p.0))
    }

    /// What loading a path from the root of the repository gives.
    pub fn required_at(&self, path: &str) -> Option<Definition<'a>> {
        let path = path.strip_prefix('/')?;
        let mut tried = EXTENSIONS.iter().filter_map(|e| self.by_path.get(format!("{path}{e}").as_str()).copied());
        let files = vec![tried.next()?];
        Some(self.whole_value(&files, 0).unwrap_or(Definition::Module(files)))
    }

    /// A folder (`/lib/models`) that the program has files in. Where there is no such folder, the only one whose path
    /// ends so: where the process runs is not known.
    pub fn folder(&self, folder: &str) -> Option<&'a str> {
        let wanted = folder.trim_matches('/');
        let ends = |of: &str| of.strip_suffix(wanted).is_some_and(|head| head.ends_with('/'));
        let mut like: Vec<&'a str> =
            self.scripts().map(|(of, _)| of).filter(|of| *of == wanted || !wanted.is_empty() && ends(of)).collect();
        like.sort_unstable();
        like.dedup();
        match like.as_slice() {
            [only] => Some(only),
            several => several.iter().copied().find(|of| *of == wanted),
        }
    }

    /// Names of the program's files in one of its folders, without those in folders below.
    pub fn names_in(&self, folder: &str) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = self.scripts().filter(|(of, _)| *of == folder).map(|(_, name)| name).collect();
        names.sort_unstable();
        names
    }

    /// Folders and names of the files of ECMAScript.
    fn scripts(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let files = self.files.iter().filter(|f| matches!(f.language, Language::TypeScript | Language::JavaScript));
        files.map(|f| f.path.rsplit_once('/').unwrap_or(("", f.path)))
    }
}
