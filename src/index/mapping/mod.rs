//! The models of a service: which class maps which table, which field which column, how they are related.

mod brought;
mod constants;
mod fields;
mod find;
mod item;
mod kin;
mod naming;
mod pieces;
mod plural;
mod prisma;
mod relate;
pub mod render;
mod standing;
mod tags;
#[cfg(test)]
mod tests;
pub(in crate::index) mod visit;

pub(in crate::index) use naming::snake;
pub(in crate::index) use plural::plural;

use super::program::{ClassRef, FileId, Program};
use crate::grammar::PackSet;
use crate::grammar::mapper::{FieldRole, RelationShape, SchemaLanguage};
use crate::model::span::Span;
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// A place in the source.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// File of the program.
    pub file: FileId,
    /// Place in it.
    pub span: Span,
}

/// A name with its place; none where the library makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Named {
    /// The name.
    pub text: Rc<str>,
    /// Where it is written: the very characters of it, or of what stands for it.
    pub origin: Option<Origin>,
}

/// Index into [`Models::models`].
pub type ModelId = u32;
/// Index into [`Model::fields`].
pub type FieldId = u32;
/// Index into [`Model::relations`].
pub type RelationId = u32;

/// All models of a service.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// Models in a fixed order: by file and place.
    pub models: Vec<Model>,
    /// Models by class.
    pub by_class: HashMap<ClassRef, ModelId>,
    /// Models that are values of variables (`export const users = pgTable(...)`): file and span of the value.
    pub by_value: HashMap<Origin, ModelId>,
    /// Models by the name that code calls them (class, Prisma model, Sequelize name), for references by text.
    pub by_name: HashMap<Rc<str>, Vec<ModelId>>,
    /// Last folders of modules that a library makes of its models, for names that come from them.
    pub generated: Vec<Rc<str>>,
    /// Models that libraries bring, by qualified name.
    pub by_external: HashMap<Rc<str>, ModelId>,
    /// Relations whose other model was not found: their place and name.
    pub unknown: Vec<(Origin, String)>,
}

/// What maps a table.
#[derive(Clone, Debug)]
pub struct Model {
    /// Pack that it belongs to, by id.
    pub pack: Rc<str>,
    /// Its name in code.
    pub name: Named,
    /// Its class, if it is one.
    pub class: Option<ClassRef>,
    /// The definition's place: from its decorators to its end.
    pub origin: Origin,
    /// The class with its name, where the definition stands apart from it (`User.init(...)`).
    pub apart: Option<(Origin, Origin)>,
    /// Table.
    pub table: Named,
    /// Schema; `None`: the default one.
    pub schema: Option<Named>,
    /// Name that the table has in statements, where the library gives it one.
    pub alias: Option<Named>,
    /// It has no table of its own: abstract classes, mixins, embedded structs.
    pub is_abstract: bool,
    /// Model whose table it shares (single table, proxy).
    pub shares: Option<ModelId>,
    /// Model to whose table its key refers (joined inheritance), with the key's field.
    pub parent: Option<(ModelId, FieldId)>,
    /// Columns, inherited ones included, in the library's order. Those of a joined parent are not here.
    pub fields: Vec<ModelField>,
    /// Relations, inherited and reverse ones included.
    pub relations: Vec<Relation>,
    /// Default order: field paths, `-` for descending.
    pub order: Vec<Named>,
    /// Column that tells the classes of a shared table apart, with the value of this class.
    pub discriminator: Option<(FieldId, Option<Rc<str>>)>,
    /// Keys and indexes that its definition lists by their fields.
    pub indexes: Vec<Index>,
}

/// A key or index that the definition of a model lists.
#[derive(Clone, Debug)]
pub struct Index {
    /// The whole of it.
    pub origin: Origin,
    /// Names of the fields, where they stand in it.
    pub fields: Vec<Named>,
}

/// A column of a model.
#[derive(Clone, Debug)]
pub struct ModelField {
    /// Name in code; `value.amount` for a field of an embedded class.
    pub name: Rc<str>,
    /// Further names in code (`author_id` of `author`, synonyms, `pk`).
    pub aliases: Vec<Rc<str>>,
    /// Column, with the place that decides its name: the text that names it, else the field's name.
    pub column: Named,
    /// The whole definition (may stand in another file: mixins).
    pub origin: Origin,
    /// What it is.
    pub role: FieldRole,
    /// Part of the primary key.
    pub primary: bool,
    /// Null is allowed; `None`: unknown.
    pub nullable: Option<bool>,
    /// The library writes a value when none is given.
    pub has_default: bool,
    /// The database makes the value.
    pub generated: bool,
    /// The library writes it at each update.
    pub on_update: bool,
    /// Whole-row reads leave it out.
    pub deferred: bool,
    /// Field of a model that its definition names as what it refers to, with the place where that is written.
    pub refers: Option<(ModelId, Named)>,
    /// Type as the library names it, if known (`varchar`, `Integer`, `int32`, `*string`).
    pub ty: Rc<str>,
}

/// A relation between models.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Name in code.
    pub name: Rc<str>,
    /// Its name in queries, where it differs.
    pub query_name: Option<Rc<str>>,
    /// Shape; never `Infer`.
    pub shape: RelationShape,
    /// The other model.
    pub target: ModelId,
    /// Pairs of columns that join: of this model, of the other (or of the join table, see `through`).
    pub keys: Vec<(Named, Named)>,
    /// Its definition names the fields of this model that hold the key.
    pub names_key: bool,
    /// Join table with the pairs (its column, the other model's column).
    pub through: Option<Through>,
    /// Where it is defined; `None` for the reverse of a relation that is defined on the other side.
    pub origin: Option<Origin>,
    /// Loaded with every read.
    pub eager: bool,
    /// An entity's attribute of it is a query.
    pub dynamic: bool,
    /// Rows of the other side are deleted with those of this model.
    pub cascade: bool,
    /// What the library does with the rows that hold its key when it deletes what they refer to.
    pub on_delete: OnDelete,
    /// Order of its items: field paths of the target.
    pub order: Vec<Named>,
}

/// What a library itself does with rows that refer to one that it deletes.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// Nothing: that is for the database.
    #[default]
    Nothing,
    /// It deletes them.
    Delete,
    /// It clears their key.
    Clear,
    /// It looks whether there are any.
    Guard,
}

/// The join table of a relation.
#[derive(Clone, Debug)]
pub struct Through {
    /// Its name.
    pub table: Named,
    /// Its schema.
    pub schema: Option<Named>,
    /// The model that maps it, if there is one.
    pub model: Option<ModelId>,
    /// Its columns that refer to the other model, with the other model's columns.
    pub keys: Vec<(Named, Named)>,
}

impl ModelField {
    /// A column of which nothing is known but its names.
    pub fn new(name: impl Into<Rc<str>>, column: Named, origin: Origin) -> Self {
        ModelField {
            name: name.into(),
            aliases: Vec::new(),
            column,
            origin,
            role: FieldRole::Column,
            primary: false,
            nullable: None,
            has_default: false,
            generated: false,
            on_update: false,
            deferred: false,
            refers: None,
            ty: "".into(),
        }
    }
}

impl Relation {
    /// A relation of which nothing is known but whom it joins.
    pub fn new(name: impl Into<Rc<str>>, shape: RelationShape, target: ModelId, keys: Vec<(Named, Named)>) -> Self {
        Relation {
            names_key: false,
            name: name.into(),
            query_name: None,
            shape,
            target,
            keys,
            through: None,
            origin: None,
            eager: false,
            dynamic: false,
            cascade: false,
            on_delete: OnDelete::Nothing,
            order: Vec::new(),
        }
    }
}

impl Named {
    /// Its place holds the very characters of it, with or without quotes, and not what a convention makes it of.
    pub fn is_literal(&self) -> bool {
        self.origin.is_some_and(|o| (0..=2).contains(&(o.span.len() as i64 - self.text.len() as i64)))
    }
}

impl Origin {
    /// The file of what stands in no file of the program.
    pub const OUTSIDE: FileId = FileId::MAX;
}

/// Whether a word of a method's name (`Messages`, `Label`) means a relation, in the singular or plural.
pub(in crate::index) fn is_number_of(relation: &str, word: &str) -> bool {
    let (relation, word) = (relation.to_lowercase(), word.to_lowercase());
    relation == word || plural::plural(&relation) == word || plural::singular(&relation) == word
}

/// The models of a program, by what the packs say.
pub fn models(program: &Program, packs: &PackSet) -> Models {
    let mut finder = find::Finder::new(program, packs);
    finder.run();
    let mut models = build(&finder);
    for (language, pack) in schema_packs(packs) {
        let files: Vec<(FileId, &str, &str)> = program.schemas().filter(|(_, path, _)| language.is_of(path)).collect();
        match language {
            SchemaLanguage::Prisma => prisma::add(&mut models, &files, pack),
        }
    }
    models
}

/// Packs whose models stand in files of a schema language.
fn schema_packs(packs: &PackSet) -> Vec<(SchemaLanguage, &str)> {
    let mut out: Vec<(SchemaLanguage, &str)> = Vec::new();
    for pack in packs.languages().iter().flat_map(|l| &l.packs) {
        if let Some(language) = pack.mapper.as_ref().and_then(|m| m.schema_language)
            && !out.iter().any(|(l, _)| *l == language)
        {
            out.push((language, &pack.id));
        }
    }
    out
}

fn build(finder: &find::Finder) -> Models {
    let mut order: Vec<usize> = (0..finder.drafts.len()).collect();
    order.sort_by_key(|&i| finder.drafts.get(i).map(|d| (d.origin.file, d.origin.span, i)));
    let mut models = Models::default();
    let mut refers = Vec::new();
    let mut pending = Vec::new();
    for (id, &at) in order.iter().enumerate() {
        let Some(draft) = finder.drafts.get(at) else { continue };
        let parts = finder.parts(at);
        let rule = draft.rule.model;
        let table = draft.table.clone().unwrap_or_else(|| constants::made(""));
        let (schema, table) = match table.text.split_once('.') {
            Some((schema, name)) => {
                let (schema, name) = (constants::made(schema), Named { text: name.into(), origin: table.origin });
                (Some(schema), name)
            }
            None => (finder.first_text(&rule.schema, &draft.item, rule), table),
        };
        let id = id as ModelId;
        if let Some(class) = draft.class {
            models.by_class.entry(class).or_insert(id);
        }
        models.by_value.extend(draft.values.iter().map(|v| (*v, id)));
        models.by_name.entry(draft.item.name.text.clone()).or_default().push(id);
        if let Some(called) = draft.called.as_ref().filter(|c| c.text != draft.item.name.text) {
            models.by_name.entry(called.text.clone()).or_default().push(id);
        }
        let order = finder.order(draft);
        refers.push(parts.fields.iter().filter_map(|b| Some((b.field.name.clone(), b.refers.clone()?))).collect());
        pending.extend(parts.relations.into_iter().map(|r| (id, r)));
        models.models.push(Model {
            pack: draft.rule.pack.id.as_str().into(),
            name: draft.item.name.clone(),
            class: draft.class,
            origin: draft.origin,
            alias: finder.first_text(&draft.rule.model.alias, &draft.item, rule).filter(|a| a.text != table.text),
            apart: draft.class.and_then(|at| {
                let class = finder.constants.program.class(at)?;
                let place = |span| Origin { file: at.file, span };
                let inside = at.file == draft.origin.file && (class.span.covers(draft.origin.span) || draft.origin.span.covers(class.span));
                (!inside).then(|| (place(class.span), place(class.name.span)))
            }),
            table,
            schema,
            is_abstract: draft.is_abstract,
            shares: None,
            parent: None,
            fields: parts.fields.into_iter().map(|b| b.field).collect(),
            relations: Vec::new(),
            order,
            discriminator: None,
            indexes: Vec::new(),
        });
    }
    for (id, &at) in order.iter().enumerate() {
        let shared = finder.drafts.get(at).and_then(|d| d.shares).and_then(|c| models.by_class.get(&c).copied());
        let root = shared.and_then(|s| models.get(s)).and_then(|m| m.shares).or(shared);
        let table = root.and_then(|r| models.get(r)).map(|m| (m.table.clone(), m.schema.clone()));
        if let (Some(model), Some((table, schema))) = (models.models.get_mut(id), table) {
            model.shares = root;
            model.table = table;
            model.schema = schema;
        }
    }
    brought::add(finder, &order, &mut models);
    let mut linker = relate::Linker { finder, drafts: order, models, refers, unknown: Vec::new() };
    linker.parents();
    pending.extend(linker.on_models());
    linker.run(pending);
    linker.finish()
}

impl Models {
    /// A model.
    pub fn get(&self, id: ModelId) -> Option<&Model> {
        self.models.get(id as usize)
    }
}

impl Model {
    /// A field by its name in code or one of its other names.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        let at = self.fields.iter().position(|f| &*f.name == name);
        let at = at.or_else(|| self.fields.iter().position(|f| f.aliases.iter().any(|a| &**a == name)));
        at.map(|i| i as FieldId)
    }

    /// A field by its column.
    pub fn column(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|f| &*f.column.text == name).map(|i| i as FieldId)
    }

    /// A relation by its name in code or in queries.
    pub fn relation(&self, name: &str) -> Option<RelationId> {
        let named = |r: &Relation| &*r.name == name || r.query_name.as_deref() == Some(name);
        self.relations.iter().position(named).map(|i| i as RelationId)
    }

    /// A library brings it: it is defined outside of the program.
    pub fn is_brought(&self) -> bool {
        self.origin.file == Origin::OUTSIDE
    }

    /// Fields of the primary key.
    pub fn primary(&self) -> impl Iterator<Item = FieldId> + '_ {
        self.fields.iter().enumerate().filter(|(_, f)| f.primary).map(|(i, _)| i as FieldId)
    }
}
