//! From an import path to files of the repository.

use crate::model::facts::Language;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How import paths lead to files of one repository.
#[derive(Clone, Debug, Default)]
pub struct ModuleMap {
    /// Source files of the repository, by path, besides those of Go.
    files: HashSet<String>,
    /// Its files of Go.
    go_files: BTreeSet<String>,
    /// `go.mod` files: folder, module path, local replacements (module path, folder).
    go: Vec<GoModule>,
    /// Packages of workspaces by name: folder and entry file (relative to the folder; may be empty).
    packages: HashMap<String, (String, String)>,
    /// What packages of workspaces say of their parts: patterns with the files that they stand for.
    exports: HashMap<String, Vec<(String, Vec<String>)>>,
    /// Path aliases of `tsconfig.json` and `jsconfig.json`, innermost folder first.
    aliases: Vec<Aliases>,
    /// Folders that Python packages are looked up in, besides the importing file's own ancestors.
    python_roots: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct GoModule {
    folder: String,
    path: String,
    replaced: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
struct Aliases {
    folder: String,
    base: Option<String>,
    paths: Vec<(String, Vec<String>)>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TsConfig {
    compiler_options: CompilerOptions,
    extends: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct CompilerOptions {
    base_url: Option<String>,
    paths: BTreeMap<String, Vec<String>>,
}

const SCRIPT_EXTENSIONS: [&str; 9] = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts"];

impl ModuleMap {
    /// Reads the manifests among `paths` (all files of the repository, relative to it): `go.mod`,
    /// `package.json`, `tsconfig*.json`, `jsconfig.json`, `pyproject.toml`, `setup.py`, `setup.cfg`.
    /// A manifest that cannot be read is passed over: imports through it stay external.
    pub fn read<'p>(paths: impl IntoIterator<Item = &'p str>, read: &dyn Fn(&str) -> Option<Vec<u8>>) -> ModuleMap {
        let mut map = ModuleMap::default();
        for path in paths {
            let (folder, name) = split(path);
            match name {
                "go.mod" => map.go_mod(folder, &text_of(read(path))),
                "package.json" => map.package_json(folder, &text_of(read(path))),
                "tsconfig.json" | "tsconfig.base.json" | "jsconfig.json" => map.tsconfig(folder, &text_of(read(path)), read),
                "pyproject.toml" | "setup.py" | "setup.cfg" => {
                    map.python_roots.push(folder.to_string());
                    map.python_roots.push(join(folder, "src"));
                }
                _ if name.ends_with(".go") => {
                    map.go_files.insert(path.to_string());
                }
                _ if is_source(name) => {
                    map.files.insert(path.to_string());
                }
                _ => {}
            }
        }
        map.python_roots.sort();
        map.python_roots.dedup();
        map.go.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then_with(|| a.folder.cmp(&b.folder)));
        map.aliases.sort_by(|a, b| b.folder.len().cmp(&a.folder.len()).then_with(|| a.folder.cmp(&b.folder)));
        map
    }

    /// Paths of the files that an import of `module` in the file `from` means: one file, or for Go the files
    /// of a package. Empty: it is outside the repository.
    pub fn locate(&self, from: &str, language: Language, module: &str) -> Vec<String> {
        match language {
            Language::Python => self.python(from, module).into_iter().collect(),
            Language::TypeScript | Language::JavaScript => self.script(from, module).into_iter().collect(),
            Language::Go => self.go_package(module, from.ends_with("_test.go")),
        }
    }

    /// The Go files that make up the package of a folder.
    pub fn go_folder(&self, folder: &str, tests: bool) -> Vec<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let rest = self.go_files.range(prefix.clone()..).take_while(|f| f.starts_with(&prefix));
        rest.filter(|f| !f[prefix.len()..].contains('/') && (tests || !f.ends_with("_test.go"))).cloned().collect()
    }

    fn go_package(&self, module: &str, tests: bool) -> Vec<String> {
        for go in &self.go {
            if let Some(rest) = below(module, &go.path) {
                return self.go_folder(&join(&go.folder, rest), tests);
            }
        }
        for go in &self.go {
            for (path, folder) in &go.replaced {
                if let Some(rest) = below(module, path) {
                    return self.go_folder(&join(folder, rest), tests);
                }
            }
        }
        Vec::new()
    }

    fn python(&self, from: &str, module: &str) -> Option<String> {
        let dots = module.len() - module.trim_start_matches('.').len();
        let rest = module[dots..].replace('.', "/");
        let folder = split(from).0;
        if dots > 0 {
            let mut base = folder;
            for _ in 1..dots {
                base = split(base).0;
            }
            return self.python_file(&join(base, &rest));
        }
        let mut base = Some(folder);
        while let Some(at) = base {
            if let Some(found) = self.python_file(&join(at, &rest)) {
                return Some(found);
            }
            base = (!at.is_empty()).then(|| split(at).0);
        }
        self.python_roots.iter().find_map(|root| self.python_file(&join(root, &rest)))
    }

    fn python_file(&self, stem: &str) -> Option<String> {
        [format!("{stem}.py"), join(stem, "__init__.py")].into_iter().find(|p| self.files.contains(p))
    }

    fn script(&self, from: &str, module: &str) -> Option<String> {
        let folder = split(from).0;
        if module.starts_with('.') {
            return self.script_file(&normal(&join(folder, module)));
        }
        for aliases in self.aliases.iter().filter(|a| a.folder.is_empty() || below(from, &a.folder).is_some()) {
            let base = aliases.base.as_deref().unwrap_or(&aliases.folder);
            for (pattern, targets) in &aliases.paths {
                let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
                let middle = match pattern.contains('*') {
                    true => module.strip_prefix(head).and_then(|m| m.strip_suffix(tail)),
                    false => (module == pattern).then_some(""),
                };
                let Some(middle) = middle else { continue };
                for target in targets {
                    let path = normal(&join(base, &target.replacen('*', middle, 1)));
                    if let Some(found) = self.script_file(&path) {
                        return Some(found);
                    }
                }
            }
            if let Some(base) = &aliases.base
                && let Some(found) = self.script_file(&normal(&join(base, module)))
            {
                return Some(found);
            }
        }
        self.workspace(module)
    }

    fn workspace(&self, module: &str) -> Option<String> {
        let mut name = module;
        loop {
            if let Some((folder, entry)) = self.packages.get(name) {
                let rest = module[name.len()..].trim_start_matches('/');
                if rest.is_empty() {
                    let entry = normal(&join(folder, entry));
                    let source = entry.replacen("/dist/", "/src/", 1).replacen("/lib/", "/src/", 1).replacen("/build/", "/src/", 1);
                    let guesses = [entry, source, join(folder, "src/index"), join(folder, "index"), join(folder, "src/main")];
                    return guesses.iter().find_map(|g| self.script_file(g));
                }
                if let Some(found) = self.exported(name, folder, rest) {
                    return Some(found);
                }
                return [join(folder, rest), join(folder, &format!("src/{rest}"))].iter().find_map(|g| self.script_file(g));
            }
            name = &name[..name.rfind('/')?];
        }
    }

    fn script_file(&self, path: &str) -> Option<String> {
        let known = |p: String| self.files.contains(&p).then_some(p);
        if let Some(found) = SCRIPT_EXTENSIONS.iter().any(|e| path.ends_with(e)).then(|| known(path.to_string())).flatten() {
            return Some(found);
        }
        // `./x.js` in TypeScript means `./x.ts`
        for (written, meant) in [(".js", ".ts"), (".js", ".tsx"), (".jsx", ".tsx"), (".mjs", ".mts"), (".cjs", ".cts")] {
            if let Some(found) = path.strip_suffix(written).and_then(|stem| known(format!("{stem}{meant}"))) {
                return Some(found);
            }
        }
        let direct = SCRIPT_EXTENSIONS.iter().find_map(|e| known(format!("{path}{e}")));
        direct.or_else(|| SCRIPT_EXTENSIONS.iter().find_map(|e| known(join(path, &format!("index{e}")))))
    }

    fn go_mod(&mut self, folder: &str, text: &str) {
        let mut module = GoModule { folder: folder.to_string(), ..GoModule::default() };
        let mut block = "";
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or("").trim();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["module", path] => module.path = path.trim_matches('"').to_string(),
                ["replace", "("] => block = "replace",
                [_, "("] => block = "other",
                [")"] => block = "",
                ["replace", rest @ ..] => module.replace(rest),
                rest if block == "replace" => module.replace(rest),
                _ => {}
            }
        }
        if !module.path.is_empty() {
            self.go.push(module);
        }
    }

    fn package_json(&mut self, folder: &str, text: &str) {
        let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let Some(name) = json.get("name").and_then(|n| n.as_str()) else { return };
        let exports = json.get("exports").map(exports).unwrap_or_default();
        let main = exports.iter().find(|(k, _)| k == ".").and_then(|(_, to)| to.first()).map(String::as_str);
        let entry = ["source", "types", "module", "main"].iter().find_map(|k| json.get(*k)?.as_str());
        let own = |path: &str| !path.contains("dist/") && !path.contains("build/");
        let entry = main.filter(|m| own(m)).or(entry).or(main).unwrap_or("index");
        let entry = entry.trim_start_matches("./").trim_end_matches(".d.ts").trim_end_matches(".js");
        self.packages.insert(name.to_string(), (folder.to_string(), entry.to_string()));
        let exports: Vec<_> = exports.into_iter().filter(|(k, _)| k != ".").collect();
        if !exports.is_empty() {
            self.exports.insert(name.to_string(), exports);
        }
    }

    /// The file of a part of a package (`@shop/db/client`) as its `exports` say.
    fn exported(&self, package: &str, folder: &str, rest: &str) -> Option<String> {
        self.exports.get(package)?.iter().find_map(|(pattern, targets)| {
            let pattern = pattern.strip_prefix("./")?;
            let middle = match pattern.split_once('*') {
                Some((head, tail)) => rest.strip_prefix(head)?.strip_suffix(tail)?,
                None => (rest == pattern).then_some("")?,
            };
            targets.iter().find_map(|target| {
                let path = normal(&join(folder, &target.replacen('*', middle, 1)));
                let source = path.replacen("/dist/", "/src/", 1);
                [path, source].iter().find_map(|p| self.script_file(p.trim_end_matches(".d.ts")).or_else(|| self.script_file(p)))
            })
        })
    }

    fn tsconfig(&mut self, folder: &str, text: &str, read: &dyn Fn(&str) -> Option<Vec<u8>>) {
        let config: TsConfig = serde_json::from_str(&without_comments(text)).unwrap_or_default();
        let mut options = (folder.to_string(), config.compiler_options);
        // one level of inheritance is what projects use for aliases
        if options.1.paths.is_empty()
            && let Some(base) = config.extends.as_str().filter(|b| b.starts_with('.'))
        {
            let path = normal(&join(folder, base));
            let path = if path.ends_with(".json") { path } else { format!("{path}.json") };
            let base: TsConfig = serde_json::from_str(&without_comments(&text_of(read(&path)))).unwrap_or_default();
            if !base.compiler_options.paths.is_empty() {
                options = (split(&path).0.to_string(), base.compiler_options);
            }
        }
        let (home, options) = options;
        let base = options.base_url.map(|b| normal(&join(&home, &b)));
        let paths: Vec<_> = options.paths.into_iter().collect();
        if base.is_some() || !paths.is_empty() {
            let base = if base.is_none() && home != folder { Some(home) } else { base };
            self.aliases.push(Aliases { folder: folder.to_string(), base, paths });
        }
    }
}

impl GoModule {
    /// `old [version] => ./folder`: only replacements by a folder lead into the repository.
    fn replace(&mut self, words: &[&str]) {
        let Some(arrow) = words.iter().position(|w| *w == "=>") else { return };
        let (Some(old), Some(new)) = (words.first(), words.get(arrow + 1)) else { return };
        if new.starts_with('.') {
            self.replaced.push((old.to_string(), normal(&join(&self.folder, new))));
        }
    }
}

/// Folder and name of a path.
/// What a package exports: names (`.`, `./client`, `./*`) with the files that they may stand for, in order.
fn exports(value: &serde_json::Value) -> Vec<(String, Vec<String>)> {
    match value {
        serde_json::Value::String(path) => vec![(".".to_string(), vec![path.clone()])],
        serde_json::Value::Object(entries) if entries.keys().any(|k| k.starts_with('.')) => {
            entries.iter().map(|(key, value)| (key.clone(), targets(value, 0))).collect()
        }
        // conditions alone: of the package itself
        other => vec![(".".to_string(), targets(other, 0))],
    }
}

/// Files of an export, through its conditions: sources first.
fn targets(value: &serde_json::Value, depth: usize) -> Vec<String> {
    let mut out = Vec::new();
    match value {
        serde_json::Value::String(path) => out.push(path.clone()),
        serde_json::Value::Array(all) if depth < 8 => out.extend(all.iter().flat_map(|v| targets(v, depth + 1))),
        serde_json::Value::Object(conditions) if depth < 8 => {
            out.extend(conditions.values().flat_map(|v| targets(v, depth + 1)));
            out.sort_by_key(|path| path.ends_with(".d.ts"));
        }
        _ => {}
    }
    out
}

pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// `folder/name`, where either may be empty.
pub(super) fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_string(),
        (_, true) => folder.to_string(),
        _ => format!("{folder}/{name}"),
    }
}

/// Without `.` and `..` segments; what leads out of the repository is cut.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The part of `path` below `base`, on segment boundaries.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(base)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn is_source(name: &str) -> bool {
    name.ends_with(".py") || name.ends_with(".go") || SCRIPT_EXTENSIONS.iter().any(|e| name.ends_with(e))
}

fn text_of(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// JSON as TypeScript reads it: comments and trailing commas are allowed.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string => {
                out.push(c);
                out.extend(chars.next());
            }
            '"' => {
                in_string = !in_string;
                out.push(c);
            }
            '/' if !in_string && chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '/' if !in_string && chars.peek() == Some(&'*') => {
                let mut last = ' ';
                for c in chars.by_ref().skip(1) {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '}' | ']' if !in_string => {
                out.truncate(out.trim_end().trim_end_matches(',').len());
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(files: &[(&str, &str)]) -> ModuleMap {
        let read = |p: &str| files.iter().find(|f| f.0 == p).map(|f| f.1.as_bytes().to_vec());
        ModuleMap::read(files.iter().map(|f| f.0), &read)
    }

    #[test]
    fn imports_lead_to_files() {
        let m = map(&[
            ("go.mod", "module example.org/shop // main\n\nreplace (\n\texample.org/lib v1 => ./lib\n)\n"),
            ("store/a.go", ""),
            ("store/b.go", ""),
            ("store/b_test.go", ""),
            ("lib/q/q.go", ""),
            ("package.json", r#"{"name": "root"}"#),
            ("packages/db/package.json", r#"{"name": "@shop/db", "main": "dist/index.js"}"#),
            ("packages/db/src/index.ts", ""),
            ("packages/db/src/queries.ts", ""),
            (
                "packages/orm/package.json",
                r#"{"name": "@shop/orm", "exports": {".": {"types": "./lib/client.d.ts", "default": "./lib/client.ts"}, "./*": "./lib/parts/*.ts"}}"#,
            ),
            ("packages/orm/lib/client.ts", ""),
            ("packages/orm/lib/parts/user.ts", ""),
            ("web/tsconfig.json", "{ // aliases\n \"compilerOptions\": {\"baseUrl\": \".\", \"paths\": {\"@/*\": [\"src/*\"],},},}"),
            ("web/src/db/index.ts", ""),
            ("web/src/sql.ts", ""),
            ("app/__init__.py", ""),
            ("app/db/queries.py", ""),
            ("app/api/views.py", ""),
            ("py/pyproject.toml", ""),
            ("py/src/core/x.py", ""),
        ]);
        let cases = [
            (Language::Go, "cmd/main.go", "example.org/shop/store", "store/a.go store/b.go"),
            (Language::Go, "cmd/main.go", "example.org/lib/q", "lib/q/q.go"),
            (Language::Go, "cmd/main.go", "example.org/shopping", ""),
            (Language::TypeScript, "web/src/api.ts", "./db", "web/src/db/index.ts"),
            (Language::TypeScript, "web/src/db/index.ts", "../sql.js", "web/src/sql.ts"),
            (Language::TypeScript, "web/src/api.ts", "@/sql", "web/src/sql.ts"),
            (Language::TypeScript, "web/src/api.ts", "src/sql", "web/src/sql.ts"),
            (Language::TypeScript, "web/src/api.ts", "@shop/db", "packages/db/src/index.ts"),
            (Language::TypeScript, "web/src/api.ts", "@shop/db/queries", "packages/db/src/queries.ts"),
            (Language::TypeScript, "web/src/api.ts", "@shop/orm", "packages/orm/lib/client.ts"),
            (Language::TypeScript, "web/src/api.ts", "@shop/orm/user", "packages/orm/lib/parts/user.ts"),
            (Language::TypeScript, "web/src/api.ts", "pg", ""),
            (Language::Python, "app/api/views.py", "app.db.queries", "app/db/queries.py"),
            (Language::Python, "app/api/views.py", "..db.queries", "app/db/queries.py"),
            (Language::Python, "app/api/views.py", "app", "app/__init__.py"),
            (Language::Python, "other/x.py", "core.x", "py/src/core/x.py"),
            (Language::Python, "app/api/views.py", "....", ""),
        ];
        for (language, from, module, expected) in cases {
            assert_eq!(m.locate(from, language, module).join(" "), expected, "{module} in {from}");
        }
    }
}
