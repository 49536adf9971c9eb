//! Models of `schema.prisma` files.
//!
//! Names and relations follow <https://www.prisma.io/docs/orm/prisma-schema/data-model/relations>: the side with
//! `fields` and `references` holds the key; two lists without them share the implicit table `_AToB`, or `_Name` where
//! the relation has a name, whose column `A` refers to the model that comes first in the alphabet.

mod parse;

use super::{Index, Model, ModelField, ModelId, Models, Named, Origin, Relation, Through};
use crate::grammar::mapper::{FieldRole, RelationShape};
use crate::index::program::FileId;
use crate::model::span::Span;
use parse::{Attribute, Block, BlockKind, Field, Value, Word};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Defaults that the database makes.
const MADE_BY_DATABASE: [&str; 3] = ["autoincrement", "dbgenerated", "sequence"];

/// A model or view with its file.
struct Entry {
    file: FileId,
    id: ModelId,
    block: Block,
}

/// The files of one schema with what they hold.
type Schema = Vec<(FileId, Vec<Block>)>;

/// Adds the models of schema files. Files of one folder, and of the folders below, are one schema.
pub(super) fn add(models: &mut Models, files: &[(FileId, &str, &str)], pack: &str) {
    for group in schemas(files) {
        add_schema(models, &group, pack);
    }
}

/// Files by schema: a file with a datasource holds its folder and those below, unless another one is nearer.
fn schemas<'t>(files: &[(FileId, &'t str, &'t str)]) -> Vec<Schema> {
    let parsed: Vec<(FileId, &str, Vec<Block>)> = files.iter().map(|(id, path, text)| (*id, *path, parse::parse(text))).collect();
    let folder = |path: &'t str| path.rsplit_once('/').map_or("", |p| p.0);
    let mut roots: Vec<&str> = Vec::new();
    for (_, path, blocks) in &parsed {
        if blocks.iter().any(|b| b.kind == BlockKind::Source) {
            roots.push(folder(path));
        }
    }
    let mut groups: Vec<(String, Schema)> = Vec::new();
    for (id, path, blocks) in parsed {
        let own = blocks.iter().any(|b| b.kind == BlockKind::Source);
        let inside = |root: &&&str| root.is_empty() || path.strip_prefix(**root).is_some_and(|rest| rest.starts_with('/'));
        let same = roots.iter().filter(|r| **r == folder(path)).count() > 1;
        let root = roots.iter().filter(inside).max_by_key(|r| r.len()).copied().unwrap_or(folder(path));
        // several schemas side by side
        let key = if own && same { path.to_string() } else { root.to_string() };
        match groups.iter_mut().find(|g| g.0 == key) {
            Some(group) => group.1.push((id, blocks)),
            None => groups.push((key, vec![(id, blocks)])),
        }
    }
    groups.into_iter().map(|g| g.1).collect()
}

fn add_schema(models: &mut Models, files: &[(FileId, Vec<Block>)], pack: &str) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut values = HashSet::new();
    for (file, blocks) in files {
        for block in blocks {
            match block.kind {
                BlockKind::Model | BlockKind::View => {
                    let id = (models.models.len() + entries.len()) as ModelId;
                    entries.push(Entry { file: *file, id, block: block.clone() });
                }
                BlockKind::Enum | BlockKind::Composite => drop(values.insert(block.name.text.clone())),
                BlockKind::Generator => {
                    let output = block.setting("output").map(|w| w.text.trim_end_matches('/')).unwrap_or_default();
                    let client = block.setting("provider").is_some_and(|p| p.text.starts_with("prisma-client"));
                    if let Some(folder) = output.rsplit('/').next().filter(|f| client && !matches!(*f, "" | "." | "..")) {
                        models.generated.push(folder.into());
                    }
                }
                BlockKind::Source => {}
            }
        }
    }
    let ids: HashMap<String, usize> = entries.iter().enumerate().map(|(i, e)| (e.block.name.text.clone(), i)).collect();
    let made: Vec<Model> = entries.iter().map(|e| model(e, &ids, pack)).collect();
    for (entry, model) in entries.iter().zip(made) {
        models.by_name.entry(model.name.text.clone()).or_default().push(entry.id);
        models.models.push(model);
    }
    for entry in &entries {
        for field in &entry.block.fields {
            let Some(target) = ids.get(&field.ty.text).and_then(|&t| entries.get(t)) else {
                continue;
            };
            match relation(models, entry, field, target) {
                Some(relation) => {
                    if let Some(model) = models.models.get_mut(entry.id as usize) {
                        model.relations.push(relation);
                    }
                }
                None => models.unknown.push((origin(entry.file, field.span), field.name.text.clone())),
            }
        }
    }
}

fn origin(file: FileId, span: Span) -> Origin {
    Origin { file, span }
}

fn named(file: FileId, word: &Word) -> Named {
    Named { text: word.text.as_str().into(), origin: Some(origin(file, word.span)) }
}

/// The text of `@map("x")`, `@@map(name: "x")`.
fn mapped<'b>(attributes: &'b [Attribute], name: &str) -> Option<&'b Word> {
    attributes.iter().find(|a| a.name == name)?.argument("name")?.text()
}

fn model(entry: &Entry, ids: &HashMap<String, usize>, pack: &str) -> Model {
    let block = &entry.block;
    let key: Vec<&str> = block
        .attribute("id")
        .and_then(|a| a.argument("fields"))
        .map(|v| v.names().into_iter().map(|w| w.text.as_str()).collect())
        .unwrap_or_default();
    let columns = block.fields.iter().filter(|f| !ids.contains_key(&f.ty.text));
    let mut fields: Vec<ModelField> = columns.map(|f| column(entry.file, f, key.contains(&f.name.text.as_str()))).collect();
    let has_key = fields.iter().any(|f| f.primary);
    if !has_key {
        // what tells rows apart where there is no key
        let unique = block.fields.iter().find(|f| f.attribute("unique").is_some() && !f.optional).map(|f| f.name.text.clone());
        let several = block.attribute("unique").and_then(|a| a.argument("fields")).map(Value::names).unwrap_or_default();
        let several: Vec<&str> = several.into_iter().map(|w| w.text.as_str()).collect();
        for field in &mut fields {
            field.primary = unique.as_deref().map_or_else(|| several.contains(&&*field.name), |u| *u == *field.name);
        }
    }
    let indexes = block.attributes.iter().filter(|a| matches!(a.name.as_str(), "id" | "unique" | "index" | "fulltext"));
    let indexes = indexes.map(|a| Index {
        origin: origin(entry.file, a.span),
        fields: a.argument("fields").map(Value::names).unwrap_or_default().into_iter().map(|w| named(entry.file, w)).collect(),
    });
    let indexes = indexes.filter(|i| !i.fields.is_empty()).collect();
    Model {
        alias: None,
        pack: pack.into(),
        name: named(entry.file, &block.name),
        class: None,
        origin: origin(entry.file, block.span),
        apart: None,
        table: named(entry.file, mapped(&block.attributes, "map").unwrap_or(&block.name)),
        schema: block.attribute("schema").and_then(|a| a.argument("name")?.text()).map(|w| named(entry.file, w)),
        is_abstract: false,
        shares: None,
        parent: None,
        fields,
        relations: Vec::new(),
        order: Vec::new(),
        discriminator: None,
        indexes,
    }
}

fn column(file: FileId, field: &Field, in_key: bool) -> ModelField {
    let default = field.attribute("default").and_then(|a| a.argument("value"));
    let by_database = match default {
        Some(Value::Call(word)) => MADE_BY_DATABASE.contains(&word.text.as_str()),
        _ => false,
    };
    let updated = field.attribute("updatedAt").is_some();
    let primary = in_key || field.attribute("id").is_some();
    ModelField {
        name: field.name.text.as_str().into(),
        aliases: Vec::new(),
        column: named(file, mapped(&field.attributes, "map").unwrap_or(&field.name)),
        origin: origin(file, field.span),
        role: if updated {
            FieldRole::Updated
        } else if primary {
            FieldRole::Primary
        } else {
            FieldRole::Column
        },
        primary,
        nullable: Some(field.optional),
        has_default: default.is_some() && !by_database,
        generated: by_database,
        on_update: updated,
        // the client leaves out what it has no type for, and what it is told to ignore
        deferred: field.ty.text == "Unsupported" || field.attribute("ignore").is_some(),
        refers: None,
        ty: field.ty.text.as_str().into(),
    }
}

/// The name of a relation, by which its two sides are told from others between the same models.
fn relation_name(field: &Field) -> Option<&str> {
    field.attribute("relation")?.argument("name")?.text().map(|w| w.text.as_str())
}

fn listed(field: &Field, key: &str) -> Vec<String> {
    let value = field.attribute("relation").and_then(|a| a.named(key));
    value.map(|v| v.names().into_iter().map(|w| w.text.clone()).collect()).unwrap_or_default()
}

/// Pairs of columns of a side that holds the key: its own, the other model's.
fn keys(models: &Models, holder: ModelId, target: ModelId, field: &Field) -> Vec<(Named, Named)> {
    let column = |id: ModelId, name: &str| {
        let model = models.get(id)?;
        model.field(name).and_then(|f| model.fields.get(f as usize)).map(|f| f.column.clone())
    };
    let pairs = listed(field, "fields").into_iter().zip(listed(field, "references"));
    pairs.filter_map(|(own, other)| Some((column(holder, &own)?, column(target, &other)?))).collect()
}

fn relation(models: &Models, entry: &Entry, field: &Field, target: &Entry) -> Option<Relation> {
    let made = |shape, keys, through| Relation {
        names_key: !listed(field, "fields").is_empty(),
        name: field.name.text.as_str().into(),
        query_name: None,
        shape,
        target: target.id,
        keys,
        through,
        origin: Some(origin(entry.file, field.span)),
        eager: false,
        dynamic: false,
        cascade: false,
        on_delete: Default::default(),
        order: Vec::new(),
    };
    let own = keys(models, entry.id, target.id, field);
    if !own.is_empty() {
        return Some(made(RelationShape::ToOne, own, None));
    }
    let opposite = opposite(entry, field, target)?;
    let theirs = keys(models, target.id, entry.id, opposite);
    if !theirs.is_empty() {
        let shape = if field.list { RelationShape::ToMany } else { RelationShape::OneFrom };
        return Some(made(shape, theirs.into_iter().map(|(other, own)| (own, other)).collect(), None));
    }
    if !field.list || !opposite.list {
        return None;
    }
    let first = if entry.id == target.id { field.name.text <= opposite.name.text } else { entry.block.name.text < target.block.name.text };
    let (a, b) = if first { (entry, target) } else { (target, entry) };
    let table: Rc<str> = match relation_name(field).or_else(|| relation_name(opposite)) {
        Some(name) => format!("_{name}").into(),
        None => format!("_{}To{}", a.block.name.text, b.block.name.text).into(),
    };
    let key = |id: ModelId| {
        let model = models.get(id)?;
        model.primary().next().and_then(|f| model.fields.get(f as usize)).map(|f| f.column.clone())
    };
    let link = |name: &str| Named { text: name.into(), origin: None };
    let (own, other) = if first { ("A", "B") } else { ("B", "A") };
    let through = Through {
        table: Named { text: table, origin: Some(origin(entry.file, field.span)) },
        schema: models.get(a.id).and_then(|m| m.schema.clone()),
        model: None,
        keys: vec![(link(other), key(target.id)?)],
    };
    Some(made(RelationShape::ManyToMany, vec![(key(entry.id)?, link(own))], Some(through)))
}

/// The field of the other model that is the other side.
fn opposite<'e>(entry: &Entry, field: &Field, target: &'e Entry) -> Option<&'e Field> {
    let itself = entry.id == target.id;
    let name = relation_name(field);
    let candidates = target.block.fields.iter().filter(|f| f.ty.text == entry.block.name.text && relation_name(f) == name);
    let mut candidates = candidates.filter(|f| !itself || f.name.text != field.name.text);
    candidates.next().or_else(|| {
        // a list of the model itself without another side
        target.block.fields.iter().find(|f| itself && f.name.text == field.name.text && f.list)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"
datasource db { provider = "postgresql" }
model User {
  id       Int    @id @default(autoincrement())
  email    String @unique @map("email_address")
  posts    Post[] @relation("written")
  read     Post[] @relation("read")
  friends  User[] @relation("friends")
  friendOf User[] @relation("friends")
  profile  Profile?
  tags     Tag[]
  @@map("users")
}
model Profile {
  userId Int @id @map("user_id")
  user   User @relation(fields: [userId], references: [id])
}
model Post {
  org       Int
  no        Int
  authorId  Int @map("author_id")
  updatedAt DateTime @updatedAt
  author    User @relation("written", fields: [authorId], references: [id])
  readers   User[] @relation("read")
  @@id([org, no])
  @@index([authorId])
  @@schema("blog")
}
model Tag { name String @id  users User[] }
"#;

    fn text(models: &Models, name: &str) -> String {
        let Some(model) = models.models.iter().find(|m| &*m.name.text == name) else { return String::new() };
        let pairs = |keys: &[(Named, Named)]| keys.iter().map(|(a, b)| format!("{}={}", a.text, b.text)).collect::<Vec<_>>().join(",");
        let fields = model.fields.iter().map(|f| format!("{}{}", f.column.text, if f.primary { "*" } else { "" }));
        let relations = model.relations.iter().map(|r| {
            let target = models.get(r.target).map_or("", |m| &m.name.text);
            let through = r.through.as_ref().map(|t| format!(" by {}({})", t.table.text, pairs(&t.keys))).unwrap_or_default();
            format!("{} {:?} {target} on {}{through}", r.name, r.shape, pairs(&r.keys))
        });
        format!("{}: {} | {}", model.table.text, fields.collect::<Vec<_>>().join(" "), relations.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn maps_models_with_all_shapes_of_relations() {
        let mut models = Models::default();
        add(&mut models, &[(3, "prisma/schema.prisma", SCHEMA)], "prisma");
        assert_eq!(
            text(&models, "User"),
            "users: id* email_address | posts ToMany Post on id=author_id; read ManyToMany Post on id=B by _read(A=org); \
             friends ManyToMany User on id=B by _friends(A=id); friendOf ManyToMany User on id=A by _friends(B=id); \
             profile OneFrom Profile on id=user_id; tags ManyToMany Tag on id=B by _TagToUser(A=name)"
        );
        assert_eq!(text(&models, "Profile"), "Profile: user_id* | user ToOne User on user_id=id");
        assert_eq!(
            text(&models, "Post"),
            "Post: org* no* author_id updatedAt | author ToOne User on author_id=id; readers ManyToMany User on org=A by _read(B=id)"
        );
        let post = models.models.iter().find(|m| &*m.name.text == "Post");
        assert_eq!(post.and_then(|p| p.schema.as_ref()).map(|s| &*s.text), Some("blog"));
        assert_eq!(post.map(|p| p.indexes.len()), Some(2));
        let email = models.models.first().and_then(|m| m.fields.get(1)).and_then(|f| f.column.origin);
        assert_eq!(email.map(|o| (o.file, o.span.slice(SCHEMA))), Some((3, "email_address")));
    }

    #[test]
    fn files_of_a_folder_are_one_schema_and_schemas_side_by_side_are_not() {
        let source = "datasource db { provider = \"sqlite\" }\nmodel A { id Int @id }";
        let part = "model B { id Int @id  a Int  to A @relation(fields: [a], references: [id]) }\nmodel A2 { id Int @id }";
        let mut models = Models::default();
        add(&mut models, &[(0, "db/schema/main.prisma", source), (1, "db/schema/more/b.prisma", part)], "prisma");
        assert_eq!(models.models.len(), 3);
        assert!(text(&models, "B").starts_with("B: id* a | "));
        let mut models = Models::default();
        add(&mut models, &[(0, "db/a.prisma", source), (1, "db/b.prisma", source)], "prisma");
        assert_eq!(models.by_name.get("A").map(Vec::len), Some(2));
    }
}
