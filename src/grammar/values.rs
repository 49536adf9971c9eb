//! What the types of a language or library hold of a database value.

use serde::Deserialize;
use std::collections::BTreeMap;

/// `[values]` of a language, `[mapper.values]` of a pack; what a pack says goes before its language. Types are written as
/// in the source, without what wraps them; a `*` at the end of one stands for anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ValueTypes {
    /// Whole numbers of any size fit into what is read.
    #[serde(default)]
    pub any_integer: bool,
    /// Bits of the types of whole numbers: `int32 = 32`.
    #[serde(default)]
    pub integers: BTreeMap<String, u8>,
    /// Types that can hold a NULL.
    #[serde(default)]
    pub nullable: Vec<String>,
    /// Types that cannot.
    #[serde(default)]
    pub not_null: Vec<String>,
}

impl ValueTypes {
    /// Bits of the whole numbers that a type holds; 255 where they may be of any size.
    pub fn integer_bits(&self, ty: &str) -> Option<u8> {
        let found = self.integers.iter().find(|(pattern, _)| fits(pattern, ty)).map(|(_, bits)| *bits);
        found.or(self.any_integer.then_some(u8::MAX))
    }

    /// Whether a type can hold a NULL; `None`: unknown.
    pub fn holds_null(&self, ty: &str) -> Option<bool> {
        let listed = |all: &[String]| all.iter().any(|p| fits(p, ty));
        match (listed(&self.nullable), listed(&self.not_null)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }
}

fn fits(pattern: &str, ty: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == ty, |start| ty.starts_with(start))
}
