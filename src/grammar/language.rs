//! A language: its kind tables and the text functions of its standard library, as data.

use super::pack::ReaderRule;
use super::values::ValueTypes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `grammars/<language>/language.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LanguageFile {
    /// Name of the folder.
    pub id: String,
    /// Another language whose node kinds, text rules and packs hold here as well.
    #[serde(default)]
    pub inherits: Option<String>,
    /// File name extensions, without dot.
    pub extensions: Vec<String>,
    /// How escapes in string literals are written.
    pub escapes: Escapes,
    /// Node kinds: role and slots.
    #[serde(default)]
    pub nodes: BTreeMap<String, BTreeMap<String, String>>,
    /// Node kinds whose role or slots are others for lowering.
    #[serde(default)]
    pub lower: BTreeMap<String, BTreeMap<String, String>>,
    /// Text functions of the standard library.
    #[serde(default)]
    pub text: Option<TextRules>,
    /// Which calls cannot matter.
    #[serde(default)]
    pub calls: Option<CallRules>,
    /// What its types hold of a database value.
    #[serde(default)]
    pub values: ValueTypes,
    /// Calls that give the content of a file.
    #[serde(default)]
    pub reader: Vec<ReaderRule>,
}

/// How escapes in string literals are written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escapes {
    /// `\n`, `\x41`, `\u0041`, `\U00000041`, `\N{...}`, `\101`; prefixes `r`, `b`, `f`; unknown ones stay as they are.
    #[default]
    Python,
    /// `\n`, `\x41`, `\u0041`, `\u{41}`; an unknown one stands for its character.
    Ecmascript,
    /// `\n`, `\x41`, `\u0041`, `\U00000041`, `\101`; none between backquotes.
    Go,
}

/// Text functions of the standard library. Function names match the end of the callee.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextRules {
    /// Operators that join text.
    #[serde(default)]
    pub concat_operators: Vec<String>,
    /// Operators that format (`%`).
    #[serde(default)]
    pub format_operators: Vec<String>,
    /// Operators that repeat their left operand.
    #[serde(default)]
    pub repeat_operators: Vec<String>,
    /// Operators that give one of their operands.
    #[serde(default)]
    pub choice_operators: Vec<String>,
    /// Operators that give the right operand or nothing.
    #[serde(default)]
    pub guard_operators: Vec<String>,
    /// Methods that give their receiver's text again.
    #[serde(default)]
    pub same_methods: Vec<String>,
    /// Functions that give their first argument's text again.
    #[serde(default)]
    pub same_functions: Vec<String>,
    /// Template tags that only lay out text (`dedent`).
    #[serde(default)]
    pub same_tags: Vec<String>,
    /// Methods of a template with braces.
    #[serde(default)]
    pub format_methods: Vec<String>,
    /// Functions with a printf template: name -> position of the template.
    #[serde(default)]
    pub format_functions: BTreeMap<String, u16>,
    /// Methods with which a separator joins items.
    #[serde(default)]
    pub separator_join_methods: Vec<String>,
    /// Methods with which items are joined by a separator.
    #[serde(default)]
    pub items_join_methods: Vec<String>,
    /// Functions of items and separator.
    #[serde(default)]
    pub join_functions: Vec<String>,
    /// Methods that add their arguments to the receiver's text and give the result.
    #[serde(default)]
    pub concat_methods: Vec<String>,
    /// Methods that replace text.
    #[serde(default)]
    pub replace_methods: Vec<String>,
    /// Functions that replace text: subject, old, new.
    #[serde(default)]
    pub replace_functions: Vec<String>,
    /// Functions that make a replacer of pairs, with a method that applies it.
    #[serde(default)]
    pub replacer_functions: Vec<String>,
    /// Methods that apply a function to each item.
    #[serde(default)]
    pub map_methods: Vec<String>,
    /// Methods that add text to their receiver.
    #[serde(default)]
    pub append_methods: Vec<String>,
    /// Methods that add items to their receiver.
    #[serde(default)]
    pub push_methods: Vec<String>,
    /// Methods that add the items of a list to their receiver.
    #[serde(default)]
    pub extend_methods: Vec<String>,
    /// Functions whose result is their first argument with the others added (`append`).
    #[serde(default)]
    pub push_functions: Vec<String>,
    /// Functions that print into their first argument: name -> whether a printf template follows.
    #[serde(default)]
    pub print_functions: BTreeMap<String, bool>,
    /// Functions that join parts of a path.
    #[serde(default)]
    pub path_functions: Vec<String>,
    /// Names that stand for the source file's folder in a path.
    #[serde(default)]
    pub here: Vec<String>,
    /// Functions that walk a container with a position (`enumerate`).
    #[serde(default)]
    pub counting_functions: Vec<String>,
    /// Functions that call a function for each item of what stands behind it (`map`).
    #[serde(default)]
    pub apply_functions: Vec<String>,
    /// Functions that read an attribute by its name (`getattr`).
    #[serde(default)]
    pub attribute_functions: Vec<String>,
    /// Functions that load a module (`require`).
    #[serde(default)]
    pub require_functions: Vec<String>,
    /// Names of the object that all globals are members of (`globalThis`).
    #[serde(default)]
    pub globals: Vec<String>,
    /// Functions that list the names in a folder (`fs.readdirSync`).
    #[serde(default)]
    pub listing_functions: Vec<String>,
    /// Functions that give the modules of a folder by their names (`auto-load`).
    #[serde(default)]
    pub folder_functions: Vec<String>,
    /// Words of a type that can hold text; a parameter or field of another type can't. Empty: all can.
    #[serde(default)]
    pub text_types: Vec<String>,
}

/// Which calls cannot matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CallRules {
    /// Callees that never send SQL (`logger.info`, `print`): dropped unless their text looks like SQL. Matches
    /// the whole callee, its end, or with a trailing `.` its first segment.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Callees whose text is for people, whatever it looks like (`print`, loggers, errors).
    #[serde(default)]
    pub mute: Vec<String>,
    /// Names of variables and functions that never give text (`ctx`): where one stands in the place of the SQL,
    /// the call is none of that rule.
    #[serde(default)]
    pub never_text: Vec<String>,
}
