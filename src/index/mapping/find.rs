//! Which classes, structs, interfaces and values of a program are models, by what the packs say.

mod bases;
mod survey;
mod values;

use survey::below;

pub(super) use values::plain_item;

use super::constants::{Constants, Scope};
use super::item::{Item, Vars, matches_any};
use super::{Named, Origin, tags};
use crate::grammar::PackSet;
use crate::grammar::mapper::{KnownModel, ModelRule, TagStyle};
use crate::grammar::pack::Pack;
use crate::index::program::{ClassRef, FileId, Program};
use crate::model::code::{Code, Expr, Field, Type, name_number};
use crate::model::facts::Language;
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::rc::Rc;

/// A rule of a pack.
#[derive(Copy, Clone)]
pub(super) struct Rule<'k> {
    pub pack: &'k Pack,
    pub model: &'k ModelRule,
}

/// A model as it is written.
pub(super) struct Draft<'a, 'k> {
    pub rule: Rule<'k>,
    /// Its name, the call that makes it, its settings.
    pub item: Item<'a>,
    /// Class, if it is one.
    pub class: Option<ClassRef>,
    /// Places of the value that it is.
    pub values: Vec<Origin>,
    /// The whole definition.
    pub origin: Origin,
    /// Fields and relations as they are written, inherited ones included.
    pub members: Vec<Member<'a>>,
    /// It has no table.
    pub is_abstract: bool,
    /// Class whose table it shares.
    pub shares: Option<ClassRef>,
    /// Class to whose table its key refers.
    pub parent: Option<ClassRef>,
    /// Library classes that it inherits from.
    pub known: Vec<&'k KnownModel>,
    /// Name of its table where the place that lists it gives one.
    pub table: Option<Named>,
    /// Name of its class or variable, where the model has another one.
    pub called: Option<Named>,
}

/// A member of a model as it is written.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub scope: Scope,
    pub name: Named,
    pub ty: Option<&'a Type>,
    pub value: Option<&'a Expr>,
    pub decorators: &'a [Expr],
    pub tag: Option<&'a crate::model::code::Word>,
    pub anonymous: bool,
    pub span: Span,
}

/// Finds the models of a program.
pub(super) struct Finder<'p, 'a, 'k> {
    pub constants: Constants<'p, 'a>,
    rules: Vec<Rc<[Rule<'k>]>>,
    kin: HashMap<ClassRef, Option<Rule<'k>>>,
    /// Members that code adds to a class from outside: `Order.total = column_property(...)`.
    added: HashMap<ClassRef, Vec<Member<'a>>>,
    /// Structs that are given to calls of a library.
    used: HashSet<ClassRef>,
    /// Structs that are embedded in others.
    embedded: HashSet<ClassRef>,
    /// Classes that expressions name, other than as a base; gathered where a library asks for it.
    named: HashSet<ClassRef>,
    /// What calls set for all models: callee, key, value.
    pub settings: Vec<(String, String, String)>,
    /// Calls outside of models that say something of their relations.
    pub outside: Vec<(Rule<'k>, FileId, &'a Expr)>,
    pub drafts: Vec<Draft<'a, 'k>>,
}

/// The rules in force for each file: of the packs that some import of the program detects.
fn rules_of<'k>(program: &Program, packs: &'k PackSet) -> Vec<Rc<[Rule<'k>]>> {
    let mut per_language: HashMap<Language, Rc<[Rule<'k>]>> = HashMap::default();
    let mut out = Vec::new();
    for file in &program.files {
        let rules = per_language.entry(file.language).or_insert_with(|| {
            let Some(language) = packs.language(file.language) else { return Rc::default() };
            let mut all = Vec::new();
            for pack in &language.packs {
                let Some(mapper) = &pack.mapper else { continue };
                let covers = |module: &str| pack.detect.imports.iter().any(|i| below(module, i));
                if program.files.iter().any(|f| f.imports.iter().any(|i| covers(&i.module))) {
                    all.extend(mapper.model.iter().map(|model| Rule { pack, model }));
                }
            }
            Rc::from(all)
        });
        out.push(rules.clone());
    }
    out
}

impl<'p, 'a, 'k> Finder<'p, 'a, 'k> {
    pub fn new(program: &'p Program<'a>, packs: &'k PackSet) -> Self {
        Finder {
            constants: Constants { program },
            rules: rules_of(program, packs),
            kin: HashMap::default(),
            added: HashMap::default(),
            used: HashSet::default(),
            embedded: HashSet::default(),
            named: HashSet::default(),
            settings: Vec::new(),
            outside: Vec::new(),
            drafts: Vec::new(),
        }
    }

    /// Finds all models.
    pub fn run(&mut self) {
        let files = self.constants.program.files.len() as FileId;
        (0..files).for_each(|f| self.survey(f));
        for file in 0..files {
            let classes = self.constants.program.file(file).map_or(0, |f| f.code.classes.len() as u32);
            for class in 0..classes {
                self.class_model(ClassRef { file, class });
            }
        }
        (0..files).for_each(|f| self.values(f));
        self.bases_of_models();
        if self.drafts.iter().any(|d| d.rule.model.abstract_unless_used) {
            (0..files).for_each(|f| self.mentions(f));
        }
        self.standing();
    }

    /// Rules in force anywhere; one may be there several times.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = &Rule<'k>> {
        self.rules.iter().flat_map(|r| r.iter())
    }

    /// Whether an expression names a class, other than as a base.
    pub fn is_named(&self, class: ClassRef) -> bool {
        self.named.contains(&class)
    }

    fn rules(&self, file: FileId) -> Rc<[Rule<'k>]> {
        self.rules.get(file as usize).cloned().unwrap_or_default()
    }

    fn class_model(&mut self, at: ClassRef) {
        if let Some(rule) = self.rule_of(at, 0) {
            self.add_class(at, rule, false);
        }
    }

    fn add_class(&mut self, at: ClassRef, rule: Rule<'k>, is_abstract: bool) {
        let Some(class) = self.constants.program.class(at) else { return };
        let scope = Scope { class: Some(at), ..Scope::of(at.file) };
        let call = class.decorators.iter().find_map(|d| self.constants.call_of(Scope::of(at.file), d, &rule.model.decorators));
        let tag = class.fields.iter().filter(|f| f.embedded).find_map(|f| {
            let named = f.ty.as_ref().and_then(|t| type_name(self.constants, Scope::of(at.file), t))?;
            if matches_any(&rule.model.embeds, &named) { tag_of(at.file, f, rule.model) } else { None }
        });
        let item = Item {
            scope,
            class: Some(at),
            name: super::item::word(Scope::of(at.file), &class.name),
            call,
            value: None,
            decorators: &class.decorators,
            ty: None,
            tag,
            settings: self.constants.settings_class(at, &rule.model.settings_class, 0),
            inherited: self.inherited_settings(at, rule.model),
            vars: Vars::default(),
        };
        let origin = Origin { file: at.file, span: class.span };
        self.drafts.push(Draft {
            rule,
            item,
            class: Some(at),
            values: Vec::new(),
            origin,
            members: Vec::new(),
            is_abstract,
            shares: None,
            parent: None,
            known: Vec::new(),
            table: None,
            called: None,
        });
    }

    /// Classes of settings of a class's bases, where some of them hold for it too.
    fn inherited_settings(&self, at: ClassRef, rule: &ModelRule) -> Rc<(Vec<ClassRef>, Vec<String>)> {
        if rule.settings_inherited.is_empty() {
            return Rc::default();
        }
        let mut found = Vec::new();
        self.constants.settings_classes(at, &rule.settings_class, 0, &mut found);
        Rc::new((found, rule.settings_inherited.clone()))
    }

    /// Tables that an interface lists: `Kysely<Database>`.
    fn listed(&mut self, file: FileId, rule: Rule<'k>, ty: &'a Type) {
        let Type::Named { args, .. } = ty else { return };
        let scope = Scope::of(file);
        if type_name(self.constants, scope, ty).is_none_or(|n| !matches_any(&rule.model.tables_of, &n)) {
            return;
        }
        let Some(list) = args.first().and_then(|a| self.constants.class_of_type(scope, a)) else { return };
        let mut fields = Vec::new();
        self.interface_fields(list, &mut fields, 0);
        for (at, field) in fields {
            let inner = Scope::of(at.file);
            let Some(class) = field.ty.as_ref().and_then(|t| self.constants.class_of_type(inner, t)) else { continue };
            let table = super::item::word(inner, &field.name);
            let known = |d: &Draft| d.class == Some(class) && d.table.as_ref().is_some_and(|t| t.text == table.text);
            if self.drafts.iter().any(known) {
                continue;
            }
            self.add_class(class, rule, false);
            let set = self.set_by_call(rule.model).0;
            if let Some(draft) = self.drafts.last_mut() {
                let text = set.map(|naming| super::naming::under(naming, &table.text, ""));
                draft.item.name = table.clone();
                draft.table = Some(Named { text: text.map_or_else(|| table.text.clone(), |t| t.as_str().into()), origin: table.origin });
            }
        }
    }
}

/// Whether code may mention one of some dotted names by its last word.
pub(super) fn may_mention<'w>(code: &Code, words: impl IntoIterator<Item = &'w String>) -> bool {
    words.into_iter().any(|w| code.mentions.all.has(name_number(w.rsplit('.').next().unwrap_or(w))))
}

/// The tag of a field under the key of a rule.
pub(super) fn tag_of(file: FileId, field: &Field, rule: &ModelRule) -> Option<tags::Tag> {
    if rule.tag.is_empty() {
        return None;
    }
    tags::read(file, field.tag.as_ref()?, &rule.tag, rule.tag_style, &rule.tag_known)
        .filter(|t| rule.tag_style != TagStyle::First || !t.words.is_empty())
}

/// The qualified name of a type of a library.
pub(super) fn type_name(constants: Constants, scope: Scope, ty: &Type) -> Option<String> {
    match ty {
        Type::Named { path, .. } => {
            let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
            constants.program.qualified_path(scope.file, &path)
        }
        Type::Pointer(inner) | Type::Slice(inner) => type_name(constants, scope, inner),
        Type::Union(all) => all.iter().find_map(|t| type_name(constants, scope, t)),
        _ => None,
    }
}
