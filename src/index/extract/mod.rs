//! Extraction: one file's bytes to symbolic facts.
//!
//! A pure function of bytes, file name and packs. `walk` goes over the syntax tree with one cursor, `enter`
//! takes what each node says, `value` and `call_value` read expressions as far as they can carry text, `prune`
//! drops what cannot matter. Every recursion is capped, every span is a byte span of the file as it is.

mod call_value;
mod calls;
mod enter;
mod file;
mod imports;
mod keep;
pub mod learnt;
pub mod looks;
pub mod marks;
pub mod prefilter;
mod prune;
pub mod render;
mod scopes;
#[cfg(test)]
mod tests;
pub(in crate::index) mod text;
mod value;
mod walk;

use crate::grammar::table::KindTable;
use crate::grammar::{LanguagePacks, PackSet};
use crate::model::code::Code;
use crate::model::facts::{FileFacts, Import, Language};
use crate::model::problem::{Problem, Stage};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// Number to raise whenever the same bytes and packs give other facts than before; part of cache keys.
pub const VERSION: u32 = 1;

/// Bytes above which a file is not analysed.
const MAX_BYTES: usize = 16 << 20;
/// Time after which parsing a file is given up.
const MAX_PARSE: Duration = Duration::from_secs(10);

thread_local! {
    /// One parser per thread: making one costs more than parsing a small file.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The facts of a file. `path` names the dialect of the grammar (`.tsx`) and appears in problems. A file that
/// is too large, or takes too long to parse, gives no facts but a problem.
pub fn extract(bytes: &[u8], language: Language, path: &str, packs: &PackSet) -> FileFacts {
    extract_with(bytes, language, path, packs, false)
}

/// [`extract`], with the lowered code of the file where `code` asks for it: from the same tree.
pub fn extract_with(bytes: &[u8], language: Language, path: &str, packs: &PackSet, code: bool) -> FileFacts {
    let (tree, rules, table) = match tree(bytes, language, path, packs) {
        Ok(found) => found,
        Err(reason) => {
            let help = "split the file, or exclude it if it is generated";
            let problem = Problem::new(Stage::Extract, format!("not analysed: {reason}")).at(path, None).help(help);
            return FileFacts { problems: vec![problem], code: code.then(|| Box::new(unread())), ..FileFacts::default() };
        }
    };
    let mut file = file::Extraction::new(bytes, rules, table);
    let root = tree.root_node();
    file.module_scope(root);
    file.detect(root);
    file.walk(&tree);
    let (spent, broken) = (file.is_spent(), file.broken);
    let mut facts = file.facts;
    let imports = if code { facts.imports.clone() } else { Vec::new() };
    facts.packs = file.detected.iter().filter_map(|&p| rules.packs.get(p)).map(|p| p.id.clone()).collect();
    prune::prune(&mut facts);
    if code {
        let lowered = crate::index::lower::lower(bytes, &tree, rules, table);
        facts.code = Some(Box::new(with_imports(lowered, imports)));
    }
    if spent {
        facts.problems.push(Problem::new(Stage::Extract, "expressions nested too deeply: some were not read").at(path, None));
    }
    if broken {
        let line = first_error(&tree).map(|row| row as u32 + 1);
        facts.problems.push(Problem::new(Stage::Extract, "syntax error: code near it may be missed").at(path, line));
    }
    facts
}

/// The lowered code of a file alone; of one that can't be parsed nothing, which is one gap.
pub fn code(bytes: &[u8], language: Language, path: &str, packs: &PackSet) -> Code {
    let Ok((tree, rules, table)) = tree(bytes, language, path, packs) else { return unread() };
    let mut file = file::Extraction::new(bytes, rules, table);
    file.module_scope(tree.root_node());
    file.walk(&tree);
    let lowered = crate::index::lower::lower(bytes, &tree, rules, table);
    with_imports(lowered, file.facts.imports)
}

fn with_imports(lowered: Code, imports: Vec<Import>) -> Code {
    let mentions = crate::index::lower::mentions::of(&lowered, &imports);
    Code { imports, mentions, ..lowered }
}

/// Code of a file that was not read.
fn unread() -> Code {
    Code { gaps: 1, ..Code::default() }
}

/// The syntax tree of a file with the rules of its language, or why there is none.
fn tree<'p>(bytes: &[u8], language: Language, path: &str, packs: &'p PackSet) -> Result<(Tree, &'p LanguagePacks, &'p KindTable), String> {
    let rules = packs.language(language);
    let (rules, table) = rules.and_then(|r| Some((r, r.table(path)?))).ok_or("no grammar for this language")?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("{} MB of source in one file", bytes.len() >> 20));
    }
    let tree = parse(bytes, &table.parser).ok_or_else(|| format!("parsing took more than {} seconds", MAX_PARSE.as_secs()))?;
    Ok((tree, rules, table))
}

/// Parses with the thread's parser; `None` when it takes too long.
fn parse(bytes: &[u8], language: &tree_sitter::Language) -> Option<Tree> {
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(language).ok()?;
        let start = Instant::now();
        let mut give_up = |_: &ParseState| if start.elapsed() > MAX_PARSE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let options = ParseOptions::new().progress_callback(&mut give_up);
        let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or(&[]), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

/// Row of the first error node.
fn first_error(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(node.start_position().row);
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}
