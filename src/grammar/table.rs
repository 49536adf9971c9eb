//! The kind table: what each node kind of one tree-sitter grammar means, indexed by kind id.

use super::error::GrammarError;
use super::role::{Role, Slot};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// Where a slot of a node is found.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The node has no such part.
    #[default]
    Nowhere,
    /// A field, by id.
    Field(u16),
    /// The n-th named child.
    Child(u8),
}

/// What one node kind means.
#[derive(Copy, Clone, Debug, Default)]
pub struct Rule {
    /// Its role.
    pub role: Role,
    places: [Place; Slot::COUNT],
}

impl Rule {
    /// The node in a slot.
    pub fn get<'t>(&self, node: Node<'t>, slot: Slot) -> Option<Node<'t>> {
        match self.places.get(slot as usize)? {
            Place::Nowhere => None,
            Place::Field(id) => node.child_by_field_id(*id),
            Place::Child(n) => node.named_child(u32::from(*n)),
        }
    }

    /// Whether `field` (of a child) is this slot's field.
    pub fn is_field(&self, field: Option<std::num::NonZeroU16>, slot: Slot) -> bool {
        matches!((self.places.get(slot as usize), field), (Some(Place::Field(id)), Some(f)) if *id == f.get())
    }

    /// The field id of a slot, where it is a field.
    pub fn field(&self, slot: Slot) -> Option<u16> {
        match self.places.get(slot as usize) {
            Some(Place::Field(id)) => Some(*id),
            _ => None,
        }
    }

    /// Whether the grammar file gives the slot a place.
    pub fn has(&self, slot: Slot) -> bool {
        !matches!(self.places.get(slot as usize), None | Some(Place::Nowhere))
    }
}

const PLAIN: &Rule = &Rule { role: Role::Plain, places: [Place::Nowhere; Slot::COUNT] };

/// The rules of one tree-sitter grammar.
#[derive(Clone, Debug)]
pub struct KindTable {
    /// The grammar.
    pub parser: tree_sitter::Language,
    rules: Vec<Rule>,
    lowered: Vec<Rule>,
}

/// Kinds of nodes with their words, of a grammar file.
pub(super) type Kinds = BTreeMap<String, BTreeMap<String, String>>;

/// Node kinds of a grammar file: for extraction, and what differs for lowering.
#[derive(Copy, Clone, Debug)]
pub(super) struct KindWords<'a> {
    /// `[nodes]`.
    pub nodes: &'a Kinds,
    /// `[lower]`.
    pub lower: &'a Kinds,
}

impl KindTable {
    /// The rule of a node; an empty one for a kind that the grammar file does not name.
    pub fn rule(&self, node: Node) -> &Rule {
        self.rules.get(node.kind_id() as usize).unwrap_or(PLAIN)
    }

    /// The rule of a node for lowering.
    pub fn lowered(&self, node: Node) -> &Rule {
        self.lowered.get(node.kind_id() as usize).unwrap_or(PLAIN)
    }

    /// The role of a node.
    pub fn role(&self, node: Node) -> Role {
        self.rule(node).role
    }

    /// Compiles the node kinds of a grammar file. Kinds of `inherited` that this grammar lacks are passed over;
    /// so are kinds that a `variant` of the language's grammar lacks; every other unknown word is an error.
    pub(super) fn compile(
        parser: tree_sitter::Language,
        variant: bool,
        file: &str,
        text: &str,
        own: KindWords,
        inherited: Option<KindWords>,
        errors: &mut Vec<GrammarError>,
    ) -> KindTable {
        let mut rules = vec![Rule::default(); parser.node_kind_count()];
        let passed = |kinds: &Kinds, rules: &mut Vec<Rule>| {
            for (kind, words) in kinds {
                let rule = compile_rule(&parser, "", "", kind, words, &mut Vec::new());
                put(rules, &ids_of(&parser, kind), rule);
            }
        };
        let checked = |kinds: &Kinds, rules: &mut Vec<Rule>, errors: &mut Vec<GrammarError>| {
            for (kind, words) in kinds {
                let ids = ids_of(&parser, kind);
                if ids.is_empty() && variant {
                    continue;
                }
                if ids.is_empty() {
                    let valid = (0..parser.node_kind_count() as u16).filter(|&id| parser.node_kind_is_named(id));
                    let error = GrammarError::at_word(file, text, kind, format!("unknown node kind `{kind}`"));
                    errors.push(error.nearest_of(kind, valid.filter_map(|id| parser.node_kind_for_id(id))));
                    continue;
                }
                let rule = compile_rule(&parser, file, text, kind, words, errors);
                put(rules, &ids, rule);
            }
        };
        if let Some(base) = inherited {
            passed(base.nodes, &mut rules);
        }
        checked(own.nodes, &mut rules, errors);
        let mut lowered = rules.clone();
        if let Some(base) = inherited {
            passed(base.lower, &mut lowered);
        }
        checked(own.lower, &mut lowered, errors);
        KindTable { parser, rules, lowered }
    }
}

fn put(rules: &mut [Rule], ids: &[u16], rule: Rule) {
    for &id in ids {
        if let Some(place) = rules.get_mut(id as usize) {
            *place = rule;
        }
    }
}

/// Ids of a named kind; a grammar may give one name to several (aliases).
fn ids_of(parser: &tree_sitter::Language, kind: &str) -> Vec<u16> {
    let same = |&id: &u16| parser.node_kind_is_named(id) && parser.node_kind_for_id(id) == Some(kind);
    (0..parser.node_kind_count() as u16).filter(same).collect()
}

fn compile_rule(
    parser: &tree_sitter::Language,
    file: &str,
    text: &str,
    kind: &str,
    words: &BTreeMap<String, String>,
    errors: &mut Vec<GrammarError>,
) -> Rule {
    let mut rule = Rule::default();
    let mut fail = |message: String, word: &str, valid: Vec<&str>| {
        errors.push(GrammarError::at_word(file, text, kind, message).nearest_of(word, valid));
    };
    for (key, word) in words {
        if key == "role" {
            match Role::named(word) {
                Some(role) => rule.role = role,
                None => fail(format!("unknown role `{word}`"), word, Role::WORDS.iter().map(|w| w.0).collect()),
            }
            continue;
        }
        let Some(slot) = Slot::named(key) else {
            fail(format!("unknown slot `{key}`"), key, Slot::WORDS.iter().map(|w| w.0).collect());
            continue;
        };
        let place = match word.strip_prefix('#') {
            Some(n) => n.parse().ok().map(Place::Child),
            None => parser.field_id_for_name(word).map(|id| Place::Field(id.get())),
        };
        match (place, rule.places.get_mut(slot as usize)) {
            (Some(place), Some(at)) => *at = place,
            _ => {
                let fields = (1..=parser.field_count() as u16).filter_map(|id| parser.field_name_for_id(id));
                fail(format!("unknown field `{word}`"), word, fields.collect());
            }
        }
    }
    if !words.contains_key("role") {
        fail(format!("node kind `{kind}` has no `role`"), "", Vec::new());
    }
    rule
}
