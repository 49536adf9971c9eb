//! Variations of an application that mean the same: other names, other imports, other layout, other files. What
//! is found must be the same, so that nothing hangs on how the fixtures happen to be written.

use super::truth::Application;
use std::collections::{BTreeMap, BTreeSet};

/// A way of writing the same differently.
#[derive(Copy, Clone, Debug)]
pub enum Mutation {
    /// Classes, tables and columns have other names, in code, schema and truth alike.
    Renamed,
    /// What is imported has another name in the file.
    Aliased,
    /// Chained calls stand on lines of their own, with comments between statements.
    Reflowed,
    /// Files are split at their definitions; the old ones re-export.
    Split,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Mutation; 4] = [Mutation::Renamed, Mutation::Aliased, Mutation::Reflowed, Mutation::Split];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Mutation::Renamed => "renamed",
            Mutation::Aliased => "aliased",
            Mutation::Reflowed => "reflowed",
            Mutation::Split => "split",
        }
    }

    /// The application in another guise.
    pub fn apply(self, application: &Application) -> Application {
        match self {
            Mutation::Renamed => renamed(application),
            Mutation::Aliased => aliased(application),
            Mutation::Reflowed => relaid(application, reflow),
            Mutation::Split => split(application),
        }
    }
}

/// Puts `q` behind the first letter group of words that are no words of a library or language: every word of
/// table and column names of the truth, wherever it stands inside an identifier (`customer_id`, `CustomerRepo`,
/// `customers`), so that conventions still lead from one name to the other.
fn renamed(application: &Application) -> Application {
    let mut stems: BTreeSet<String> = BTreeSet::new();
    for r in application.sites.iter().flat_map(|s| &s.refs) {
        let table = r.table.rsplit('.').next().unwrap_or(&r.table);
        stems.extend(table.split('_').map(singular).filter(|w| w.len() > 3 && !KEPT.contains(&w.as_str())));
    }
    // folders and files keep their names, and so do what is named after them: modules, labels of applications
    let places: BTreeSet<String> =
        application.files.keys().flat_map(|p| p.split(['/', '.', '_'])).map(|w| singular(&w.to_lowercase())).collect();
    stems.retain(|stem| !places.contains(stem));
    // a table whose name is that of a class in small letters follows the class
    let words: BTreeSet<&str> = application.files.values().flat_map(|t| t.split(|c: char| !c.is_alphanumeric())).collect();
    let classes: BTreeMap<String, String> = words
        .into_iter()
        .filter(|w| w.chars().filter(|c| c.is_ascii_uppercase()).count() > 1 && w.chars().any(|c| c.is_ascii_lowercase()))
        .map(|w| (w.to_lowercase(), w))
        .filter(|(lower, _)| stems.contains(lower))
        .map(|(lower, class)| (lower, class.to_string()))
        .collect();
    stems.retain(|stem| !classes.contains_key(stem));
    let classes: BTreeMap<String, String> = classes.into_iter().map(|(lower, c)| (lower, rename_word(&c, &stems).to_lowercase())).collect();
    let change = |text: &str| -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if len == 0 {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            let (word, after) = rest.split_at(len);
            match classes.get(word) {
                Some(renamed) => out.push_str(renamed),
                None => out.push_str(&rename_word(word, &stems)),
            }
            rest = after;
        }
        out
    };
    let mut new = application.clone();
    new.files = application.files.iter().map(|(path, text)| (path.clone(), change(text))).collect();
    for r in new.sites.iter_mut().flat_map(|s| &mut s.refs) {
        r.table = change(&r.table);
        r.column = r.column.as_deref().map(change);
    }
    new
}

/// Words that libraries or languages give a meaning: changing them would change what the code says.
const KEPT: [&str; 24] = [
    "order", "user", "group", "index", "type", "state", "value", "label", "name", "date", "time", "data", "item", "table", "text", "auth",
    "content", "django", "session", "query", "model", "event", "profile", "through",
];

fn singular(word: &str) -> String {
    match word {
        w if w.ends_with("ies") => format!("{}y", &w[..w.len() - 3]),
        w if w.ends_with("ss") => w.to_string(),
        w => w.strip_suffix('s').unwrap_or(w).to_string(),
    }
}

/// `customers` -> `zucustomers`: a prefix keeps endings, so plurals still follow their rule.
fn rename_word(word: &str, stems: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(word.len() + 4);
    // pieces: at `_` and at changes from lower to upper case
    let mut start = 0;
    let bytes = word.as_bytes();
    for i in 1..=bytes.len() {
        let boundary = i == bytes.len()
            || bytes[i] == b'_'
            || bytes[i - 1] == b'_'
            || (bytes[i].is_ascii_uppercase() && bytes[i - 1].is_ascii_lowercase());
        if !boundary {
            continue;
        }
        let piece = &word[start..i];
        let lower = piece.to_lowercase();
        let known = stems.contains(&lower) || stems.contains(&singular(&lower));
        match (known, piece.chars().next()) {
            (true, Some(first)) if first.is_uppercase() && piece.chars().skip(1).any(char::is_lowercase) => {
                out.push_str("Zu");
                out.push_str(&lower);
            }
            (true, Some(first)) if first.is_uppercase() => {
                out.push_str("ZU");
                out.push_str(piece);
            }
            (true, _) => {
                out.push_str("zu");
                out.push_str(piece);
            }
            (false, _) => out.push_str(piece),
        }
        start = i;
    }
    out
}

/// Named imports get another local name; not in packages, whose imports are what others import from them.
fn aliased(application: &Application) -> Application {
    let mut new = application.clone();
    for (path, text) in new.files.iter_mut().filter(|(p, _)| !p.ends_with("__init__.py")) {
        *text = match extension(path) {
            "py" => alias_names(text, python_names(text), " as "),
            "ts" => alias_names(text, script_names(text), " as "),
            "go" => alias_go(text),
            _ => continue,
        };
    }
    new
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |p| p.1)
}

/// Names imported by `from x import a, b` on one line.
fn python_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().filter(|l| l.starts_with("from ") && !l.contains("__future__")) {
        let Some((_, list)) = line.split_once(" import ") else { continue };
        names.extend(list.split(',').map(|n| n.split('#').next().unwrap_or("").trim()).filter(|n| is_name(n)).map(str::to_string));
    }
    names
}

/// Names imported by `import { a, b } from` on one line.
fn script_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().filter(|l| l.starts_with("import ")) {
        let Some((list, _)) = line.split_once('{').and_then(|(_, l)| l.split_once('}')) else { continue };
        names.extend(list.split(',').map(str::trim).filter(|n| is_name(n)).map(str::to_string));
    }
    names
}

fn is_name(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|c| c.is_alphanumeric() || c == '_') && !word.starts_with(|c: char| c.is_ascii_digit())
}

/// `a` becomes `a as xa` in the import and `xa` in the code; strings, members, keys and keywords stay.
fn alias_names(text: &str, names: Vec<String>, as_word: &str) -> String {
    let names: BTreeSet<String> = names.into_iter().collect();
    let mut out = String::with_capacity(text.len() * 2);
    let code = code_mask(text);
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if len == 0 {
            let c = rest.chars().next().unwrap_or(' ');
            out.push(c);
            at += c.len_utf8();
            continue;
        }
        let word = &rest[..len];
        let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
        let line = &text[line_start..];
        let importing = line.starts_with("import ") || line.starts_with("from ");
        let before = text[..at].trim_end();
        let after = rest[len..].trim_start();
        let member = before.ends_with('.') && !before.ends_with("...");
        let keyword = after.starts_with('=')
            && !after.starts_with("==")
            && !after.starts_with("=>")
            && !before.ends_with('\n')
            && before.ends_with(['(', ',']);
        let key = after.starts_with(':') && before.ends_with(['{', ',']);
        let shorthand = before.ends_with(['{', ',']) && after.starts_with([',', '}']) && !importing;
        let exported = line.starts_with("export {") || line.starts_with("export type {");
        match (names.contains(word), importing, code[at]) {
            (true, true, true) if exported || after.starts_with("as ") => out.push_str(word),
            (true, true, true) if before.ends_with([',', '{']) || before.ends_with(" import") || before.ends_with("import") => {
                out.push_str(&format!("{word}{as_word}x{word}"));
            }
            (true, false, true) if !(member || keyword || key || exported || shorthand && text[..at].ends_with("{ ")) => {
                out.push('x');
                out.push_str(word);
            }
            _ => out.push_str(word),
        }
        at += len;
    }
    out
}

/// `"gorm.io/gorm"` becomes `gx "gorm.io/gorm"`, `gorm.` becomes `gx.`.
fn alias_go(text: &str) -> String {
    let mut text = text.to_string();
    let paths: Vec<String> =
        text.lines().map(str::trim).filter(|l| l.starts_with('"') && l.contains(".") && l.ends_with('"')).map(str::to_string).collect();
    for path in paths {
        let name = path.trim_matches('"').rsplit('/').next().unwrap_or("").to_string();
        if !is_name(&name) {
            continue;
        }
        let code = code_mask(&text);
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let free = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            if rest.starts_with(&path) {
                out.push_str(&format!("{name}x {path}"));
                at += path.len();
            } else if code[at] && free && rest.starts_with(&format!("{name}.")) {
                out.push_str(&format!("{name}x."));
                at += name.len() + 1;
            } else {
                let c = rest.chars().next().unwrap_or(' ');
                out.push(c);
                at += c.len_utf8();
            }
        }
        text = out;
    }
    text
}

/// For each byte whether it is code, not string or comment; what templates and f-strings embed is code.
fn code_mask(text: &str) -> Vec<bool> {
    let bytes = text.as_bytes();
    let mut mask = vec![true; bytes.len()];
    let mut i = 0;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let quote: &[u8] = match rest {
            [b'"', b'"', b'"', ..] => b"\"\"\"",
            [b'"', ..] => b"\"",
            [b'\'', ..] => b"'",
            [b'`', ..] => b"`",
            [b'#', ..] | [b'/', b'/', ..] => b"\n",
            _ => {
                i += 1;
                continue;
            }
        };
        let formatted = i > 0 && matches!(bytes[i - 1], b'f' | b'F') && matches!(quote, b"\"" | b"'" | b"\"\"\"");
        // a template's embedded code is renamed too: it is code, its braces are in balance
        let mut end = i + quote.len();
        while end < bytes.len() && !bytes[end..].starts_with(quote) {
            end += if bytes[end] == b'\\' && quote != b"\n" { 2 } else { 1 };
        }
        let stop = (end + quote.len()).min(bytes.len());
        let mut depth = 0;
        for at in i..stop {
            let embedded = quote == b"`" && bytes[at..].starts_with(b"${") || formatted && bytes[at] == b'{';
            depth += i32::from(embedded);
            mask[at] = depth > 0;
            if depth > 0 && bytes[at] == b'}' {
                depth -= 1;
            }
        }
        i = stop.max(i + 1);
    }
    mask
}

/// Applies a change of layout that says where each old line went.
fn relaid(application: &Application, layout: impl Fn(&str, &str) -> (String, Vec<(u32, u32)>)) -> Application {
    let mut new = application.clone();
    for (path, text) in &application.files {
        if !["py", "ts", "go"].contains(&extension(path)) {
            continue;
        }
        let (changed, lines) = layout(path, text);
        for site in new.sites.iter_mut().filter(|s| s.file == *path) {
            for part in &mut site.parts {
                let first = lines.get(part.0 as usize - 1).map_or(part.0, |l| l.0);
                let last = lines.get(part.1 as usize - 1).map_or(part.1, |l| l.1);
                *part = (first, last);
            }
        }
        new.files.insert(path.clone(), changed);
    }
    new
}

/// Breaks lines before (Go: after) the dot of a chained call inside brackets or, where the language allows it,
/// anywhere, and puts a comment before every top-level definition. Gives the text and the new lines of each old one.
fn reflow(path: &str, text: &str) -> (String, Vec<(u32, u32)>) {
    let language = extension(path);
    let code = code_mask(text);
    let mut out = String::with_capacity(text.len() * 2);
    let mut lines = Vec::new();
    let (mut line, mut depth, mut at) = (1u32, 0i32, 0);
    for old in text.split_inclusive('\n') {
        let definition =
            ["def ", "class ", "async def ", "export ", "func ", "type ", "@"].iter().any(|w| old.starts_with(w)) && depth == 0 && code[at];
        let decorated = out.trim_end().rsplit('\n').next().is_some_and(|l| l.starts_with('@'));
        if definition && !decorated {
            out.push_str(if language == "py" { "# next\n" } else { "// next\n" });
            line += 1;
        }
        let first = line;
        for (i, c) in old.char_indices() {
            let is_code = code.get(at + i).copied().unwrap_or(false);
            if is_code {
                depth += match c {
                    '(' | '[' | '{' => 1,
                    ')' | ']' | '}' => -1,
                    _ => 0,
                };
            }
            let chained =
                is_code && c == '.' && old[..i].ends_with(')') && old[i + 1..].starts_with(|c: char| c.is_alphabetic() || c == '_');
            let breakable = chained && (language != "py" || depth > 0);
            match (breakable, language) {
                (true, "go") => {
                    out.push_str(".\n");
                    line += 1;
                }
                (true, _) => {
                    out.push_str("\n    .");
                    line += 1;
                }
                _ => out.push(c),
            }
        }
        lines.push((first, line));
        line += 1;
        at += old.len();
    }
    (out, lines)
}

/// Moves the second half of each module's definitions to a file of its own that has the same imports; in Python
/// the first half re-exports it.
fn split(application: &Application) -> Application {
    let mut new = application.clone();
    for (path, text) in &application.files {
        let Some((stem, ext)) = path.rsplit_once('.').filter(|(s, e)| ["py", "go"].contains(e) && !s.ends_with("__init__")) else {
            continue;
        };
        let starts = top_level(ext, text);
        // code that runs at the end of a Python module needs all of it
        if starts.len() < 4 {
            continue;
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let cut = starts[starts.len() / 2];
        let header = match ext {
            "py" => starts[0].min(imports_end(&lines)),
            _ => lines
                .iter()
                .position(|l| l.trim() == ")")
                .map_or_else(|| lines.iter().position(|l| l.starts_with("import ")).map_or(1, |i| i + 1), |i| i + 1),
        };
        let module = stem.rsplit('/').next().unwrap_or(stem);
        let moved = format!("{stem}_more.{ext}");
        let mut first: String = lines[..cut].concat();
        let mut second: String = lines[..header].concat();
        let mut offset = header as u32;
        if ext == "py" {
            first.push_str(&format!("\nfrom .{module}_more import *  # noqa\n"));
            second.push_str(&format!("from .{module} import *  # noqa\n"));
            offset += 1;
        }
        second.push_str(&lines[cut..].concat());
        let mut at: BTreeMap<u32, u32> = BTreeMap::new();
        for i in cut..lines.len() {
            at.insert(i as u32 + 1, (i - cut) as u32 + 1 + offset);
        }
        // a site of parts in both halves is looked for where its last part, the running line, is
        for site in new.sites.iter_mut().filter(|s| s.file == *path) {
            let below = |p: &(u32, u32)| p.0 > cut as u32;
            if site.parts.last().is_none_or(|p| !below(p)) {
                site.parts.retain(|p| !below(p));
                continue;
            }
            site.file = moved.clone();
            site.parts.retain(below);
            for part in &mut site.parts {
                *part = (at[&part.0], at[&part.1]);
            }
        }
        new.files.insert(path.clone(), first);
        new.files.insert(moved, second);
    }
    new
}

/// The number of lines up to the end of the last import, which may span several.
fn imports_end(lines: &[&str]) -> usize {
    let Some(last) = lines.iter().rposition(|l| l.starts_with("from ") || l.starts_with("import ")) else { return 0 };
    let open = lines[last].contains('(') && !lines[last].contains(')');
    let more = lines[last..].iter().position(|l| l.contains(')')).filter(|_| open).unwrap_or(0);
    last + more + 1
}

/// Zero-based first lines of top-level definitions, with their decorators and comments left out.
fn top_level(ext: &str, text: &str) -> Vec<usize> {
    let words: &[&str] = if ext == "py" { &["def ", "class ", "async def "] } else { &["func ", "type ", "var ", "const "] };
    let lines: Vec<&str> = text.lines().collect();
    let starts = |i: &usize| {
        words.iter().any(|w| lines[*i].starts_with(w)) && i.checked_sub(1).is_none_or(|j| !lines[j].starts_with(['@', '/', '#']))
    };
    (0..lines.len()).filter(starts).collect()
}
