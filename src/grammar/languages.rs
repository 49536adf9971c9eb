//! The tree-sitter grammars that are linked in. A new language is one dependency and its lines here.

use crate::model::facts::Language;

/// Every language with the name of its folder under `grammars/`.
pub const LANGUAGES: [(Language, &str); 4] =
    [(Language::Python, "python"), (Language::TypeScript, "typescript"), (Language::JavaScript, "javascript"), (Language::Go, "go")];

/// The tree-sitter grammars of a language: the first one is the default, the others are for the file name
/// extension beside them.
pub fn parsers(language: Language) -> Vec<(Option<&'static str>, tree_sitter::Language)> {
    match language {
        Language::Python => vec![(None, tree_sitter_python::LANGUAGE.into())],
        Language::TypeScript => {
            vec![(None, tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()), (Some("tsx"), tree_sitter_typescript::LANGUAGE_TSX.into())]
        }
        Language::JavaScript => vec![(None, tree_sitter_javascript::LANGUAGE.into())],
        Language::Go => vec![(None, tree_sitter_go::LANGUAGE.into())],
    }
}
