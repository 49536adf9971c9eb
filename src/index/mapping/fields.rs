//! Columns of a model from its members.

use super::constants::{Given, Scope, made};
use super::find::{Draft, Finder, Member, type_name};
use super::item::{CallView, Hit, Item, Vars, matches_any};
use super::{ModelField, Named, Origin, naming, tags};
use crate::grammar::mapper::{FieldRole, FieldRule, ImpliedField, RelationRule, Source};
use crate::index::program::ClassRef;
use crate::model::code::{ClassKind, Expr, ExprKind, Type};
use std::rc::Rc;

/// A column with what is not in [`ModelField`].
pub(super) struct Built<'a> {
    pub field: ModelField,
    /// What it refers to.
    pub refers: Option<Refers<'a>>,
}

/// The other end of a key.
#[derive(Clone, Debug)]
pub(super) enum Refers<'a> {
    /// Text: `table.column`, `table`, the name of a model.
    Text(Named),
    /// An expression: a model or a field of one.
    Expr(Scope, &'a crate::model::code::Expr),
}

/// A relation that waits for the other models.
pub(super) struct Pending<'a, 'k> {
    pub rule: &'k RelationRule,
    pub item: Item<'a>,
    pub span: crate::model::span::Span,
    pub file: u32,
    /// Type that names the other model.
    pub target_type: Option<(Scope, &'a Type)>,
}

/// Columns and relations of a model.
#[derive(Default)]
pub(super) struct Parts<'a, 'k> {
    pub fields: Vec<Built<'a>>,
    pub relations: Vec<Pending<'a, 'k>>,
    synonyms: Vec<(Rc<str>, Rc<str>)>,
}

/// Where members of an embedded class go.
#[derive(Clone, Default)]
struct Inside<'k> {
    names: String,
    prefix: String,
    /// How the column is made of prefix and name.
    column: &'k [Source],
    depth: u32,
}

impl<'a, 'k> Finder<'_, 'a, 'k> {
    /// Columns and relations of a draft.
    pub(super) fn parts(&self, at: usize) -> Parts<'a, 'k> {
        let mut parts = Parts::default();
        let Some(draft) = self.drafts.get(at) else { return parts };
        for known in &draft.known {
            for text in &known.fields {
                parts.fields.push(Built { field: known_field(text, draft), refers: None });
            }
        }
        for member in &draft.members {
            self.member(draft, member, &Inside::default(), &mut parts);
        }
        self.mapped_relations(draft, &mut parts);
        for (name, of) in std::mem::take(&mut parts.synonyms) {
            if let Some(built) = parts.fields.iter_mut().find(|b| b.field.name == of) {
                built.field.aliases.push(name);
            }
        }
        for implied in &draft.rule.model.implied {
            self.implied(draft, implied, &mut parts);
        }
        let given = self.given(draft);
        let left_out = draft.rule.model.left_out.iter().filter_map(|s| self.constants.hit(s, &draft.item, &|n| n.to_string()));
        for name in left_out.flat_map(|h| self.constants.hit_names(&h, &given)) {
            parts.fields.iter_mut().filter(|b| b.field.name == name.text).for_each(|b| b.field.deferred = true);
        }
        parts
    }

    /// Relations that an attribute holds as an object (`relationMappings`). Attributes of the same name, and those
    /// whose type is a model, are no columns.
    fn mapped_relations(&self, draft: &Draft<'a, 'k>, parts: &mut Parts<'a, 'k>) {
        let rule = draft.rule.model;
        let Some(class) = draft.class.filter(|_| !rule.relation_map.is_empty()) else { return };
        let held = self.constants.attribute(class, &rule.relation_map, 0);
        if let Some((scope, value)) = held.or_else(|| self.constants.method_value(class, &rule.relation_map, 0)) {
            let (scope, value) = self.constants.through_lambda(scope, value);
            let mut members = Vec::new();
            self.entries(scope, value, &mut members, 0);
            for member in &members {
                let found = rule.relation.iter().find_map(|r| self.fits_relation(draft, r, member, None));
                parts.relations.extend(found);
            }
        }
        let is_model = |name: &str| {
            let member = draft.members.iter().find(|m| *m.name.text == *name);
            let class = member.and_then(|m| self.constants.class_of_type(m.scope, m.ty?));
            class.is_some_and(|c| self.drafts.iter().any(|d| d.class == Some(c)))
        };
        parts.fields.retain(|b| !parts.relations.iter().any(|r| r.item.name.text == b.field.name) && !is_model(&b.field.name));
    }

    fn item(&self, draft: &Draft<'a, 'k>, member: &Member<'a>, tag: Option<tags::Tag>, call: Option<CallView<'a>>) -> Item<'a> {
        let vars = Vars { table: draft.table.as_ref().map(|t| t.text.to_string()).unwrap_or_default(), ..draft.item.vars.clone() };
        Item {
            scope: member.scope,
            class: member.scope.class.or(draft.class),
            name: member.name.clone(),
            value: member.value,
            call,
            decorators: member.decorators,
            ty: member.ty,
            tag,
            settings: None,
            inherited: Rc::default(),
            vars,
        }
    }

    fn member(&self, draft: &Draft<'a, 'k>, member: &Member<'a>, inside: &Inside<'k>, parts: &mut Parts<'a, 'k>) {
        let rule = draft.rule.model;
        let tag = member.tag.and_then(|word| {
            (!rule.tag.is_empty()).then(|| tags::read(member.scope.file, word, &rule.tag, rule.tag_style, &rule.tag_known)).flatten()
        });
        let special = |f: &&FieldRule| matches!(f.role, FieldRole::Ignored | FieldRole::Embedded | FieldRole::Synonym);
        for field in rule.field.iter().filter(special) {
            let Some(call) = self.fits_field(field, member, tag.as_ref()) else { continue };
            let item = self.item(draft, member, tag.clone(), call);
            if !self.holds(&field.when, &item) {
                continue;
            }
            match field.role {
                FieldRole::Ignored => return,
                FieldRole::Synonym => {
                    let given = self.given(draft);
                    let names = field.synonym.iter().filter_map(|s| self.constants.hit(s, &item, &|n| n.to_string()));
                    if let Some(of) = names.flat_map(|h| self.constants.hit_names(&h, &given)).next() {
                        parts.synonyms.push((member.name.text.clone(), of.text));
                    }
                    return;
                }
                _ => {
                    if self.embed(draft, field, member, &item, inside, parts) {
                        return;
                    }
                }
            }
        }
        for relation in rule.relation.iter().filter(|r| !r.on_model) {
            if let Some(pending) = self.fits_relation(draft, relation, member, tag.as_ref()) {
                parts.relations.push(pending);
                return;
            }
        }
        for field in rule.field.iter().filter(|f| !special(f)) {
            let Some(call) = self.fits_field(field, member, tag.as_ref()) else { continue };
            let item = self.item(draft, member, tag.clone(), call);
            if self.holds(&field.when, &item) {
                let built = self.column(draft, field, member, &item, inside);
                parts.fields.retain(|b| b.field.name != built.field.name);
                parts.fields.push(built);
                return;
            }
        }
    }

    /// A relation that stands outside of its model.
    pub(super) fn outside_relation(
        &self,
        draft: Option<usize>,
        rule: &super::find::Rule<'k>,
        member: &Member<'a>,
    ) -> Option<Pending<'a, 'k>> {
        let draft = self.drafts.get(draft?)?;
        rule.model.relation.iter().filter(|r| !r.on_model).find_map(|r| self.fits_relation(draft, r, member, None))
    }

    /// Default order of a model.
    pub(super) fn order(&self, draft: &Draft<'a, 'k>) -> Vec<Named> {
        let given = self.given(draft);
        let hits = draft.rule.model.order.iter().filter_map(|s| self.constants.hit(s, &draft.item, &|n| n.to_string()));
        hits.map(|h| self.constants.hit_names(&h, &given)).find(|n| !n.is_empty()).unwrap_or_default()
    }

    /// Names of the fields that the model lists as its key.
    pub(super) fn listed_key(&self, draft: &Draft<'a, 'k>) -> Vec<Named> {
        let given = self.given(draft);
        let hits = draft.rule.model.primary.iter().filter_map(|s| self.constants.hit(s, &draft.item, &|n| n.to_string()));
        hits.map(|h| match h {
            Hit::Expr(scope, Expr { kind: ExprKind::Call { args, .. }, .. }) => {
                args.iter().flat_map(|a| self.constants.hit_names(&Hit::Expr(scope, &a.value), &given)).collect()
            }
            other => self.constants.hit_names(&other, &given),
        })
        .find(|n: &Vec<Named>| !n.is_empty())
        .unwrap_or_default()
    }

    /// Whether a model lists its key, or says that it has none.
    fn lists_key(&self, draft: &Draft<'a, 'k>) -> bool {
        let mut hits = draft.rule.model.primary.iter().filter_map(|s| self.constants.hit(s, &draft.item, &|n| n.to_string()));
        hits.any(|h| self.constants.hit_truth(&h) == Some(false)) || !self.listed_key(draft).is_empty()
    }

    pub(super) fn given(&self, draft: &Draft<'a, 'k>) -> Given {
        Given { model: draft.item.vars.model.clone(), names: Vec::new() }
    }

    pub(super) fn holds(&self, sources: &[Source], item: &Item<'a>) -> bool {
        sources.is_empty() || self.says(sources, item)
    }

    /// Whether one of the sources says yes.
    pub(super) fn says(&self, sources: &[Source], item: &Item<'a>) -> bool {
        sources.iter().any(|s| self.constants.hit(s, item, &|n| n.to_string()).and_then(|h| self.constants.hit_truth(&h)) == Some(true))
    }

    /// Whether a member is what a rule says; with the call that it matched by.
    fn fits_field(&self, rule: &FieldRule, member: &Member<'a>, tag: Option<&tags::Tag>) -> Option<Option<CallView<'a>>> {
        if rule.anonymous != member.anonymous && (rule.anonymous || rule.role != FieldRole::Embedded) {
            return None;
        }
        if !rule.tag_words.is_empty() && !tag.is_some_and(|t| rule.tag_words.iter().any(|w| t.has(w))) {
            return None;
        }
        if !rule.named.is_empty() && !rule.named.iter().any(|n| **n == *member.name.text) {
            return None;
        }
        let mut annotated = rule.annotations.is_empty();
        if let Some(ty) = member.ty {
            let imported = |n: &str, a: &str| n == a || self.constants.program.imported_name(member.scope.file, n) == a;
            annotated |= rule.annotations.iter().any(|a| a == "*" || names(ty).iter().any(|n| imported(n, a)));
        }
        if !annotated {
            return None;
        }
        let mut call = None;
        if !rule.calls.is_empty() {
            let value = member.value?;
            let value = if rule.within.is_empty() { value } else { super::constants::entry(value, &rule.within).unwrap_or(value) };
            call = Some(self.constants.call_of(member.scope, value, &rule.calls)?);
        }
        if !rule.decorators.is_empty() {
            call = Some(member.decorators.iter().find_map(|d| self.constants.call_of(member.scope, d, &rule.decorators))?);
        }
        Some(call)
    }

    /// Where the class of a model declares an attribute that something else makes a column: the whole, and its name.
    pub(super) fn declared(&self, draft: &Draft<'a, 'k>, name: &str) -> Option<(Origin, Origin)> {
        let class = draft.class?;
        let field = self.constants.program.class(class)?.fields.iter().find(|f| &*f.name.text == name)?;
        Some((Origin { file: class.file, span: field.span }, Origin { file: class.file, span: field.name.span }))
    }

    fn fits_relation(
        &self,
        draft: &Draft<'a, 'k>,
        rule: &'k RelationRule,
        member: &Member<'a>,
        tag: Option<&tags::Tag>,
    ) -> Option<Pending<'a, 'k>> {
        if rule.calls.is_empty() && rule.decorators.is_empty() && rule.tag_words.is_empty() && !rule.by_type {
            return None;
        }
        if !rule.tag_words.is_empty() && !tag.is_some_and(|t| rule.tag_words.iter().any(|w| t.has(w))) {
            return None;
        }
        let mut call = None;
        if !rule.calls.is_empty() {
            let value = member.value?;
            let value = if rule.within.is_empty() { value } else { super::constants::entry(value, &rule.within)? };
            call = Some(self.constants.call_of(member.scope, value, &rule.calls)?);
        }
        if !rule.decorators.is_empty() {
            call = Some(member.decorators.iter().find_map(|d| self.constants.call_of(member.scope, d, &rule.decorators))?);
        }
        if rule.by_type {
            let class = self.constants.class_of_type(member.scope, member.ty?)?;
            if !self.is_related(class) {
                return None;
            }
        }
        let item = self.item(draft, member, tag.cloned(), call);
        if !self.holds(&rule.when, &item) {
            return None;
        }
        let target_type = member.ty.map(|t| (member.scope, t));
        Some(Pending { rule, item, span: member.span, file: member.scope.file, target_type })
    }

    /// Whether a struct is one that a field relates to: a model, not a value that knows how to be stored.
    pub(super) fn is_related(&self, class: ClassRef) -> bool {
        let Some(def) = self.constants.program.class(class) else { return false };
        def.kind == ClassKind::Struct
            && !["Value", "Scan", "GormDataType", "FromDB"]
                .iter()
                .any(|m| super::constants::method(self.constants.program, class, m).is_some())
            && self.drafts.iter().any(|d| d.class == Some(class))
    }

    /// Columns of an embedded class. False where the target is no class.
    fn embed(
        &self,
        draft: &Draft<'a, 'k>,
        rule: &'k FieldRule,
        member: &Member<'a>,
        item: &Item<'a>,
        inside: &Inside<'k>,
        parts: &mut Parts<'a, 'k>,
    ) -> bool {
        if inside.depth > 6 {
            return false;
        }
        let class = match rule.target.is_empty() {
            true => member.ty.and_then(|t| self.constants.class_of_type(member.scope, t)),
            false => rule.target.iter().find_map(|s| match self.constants.hit(s, item, &|n| n.to_string())? {
                Hit::Expr(scope, expr) => {
                    let (scope, value) = self.constants.through_lambda(scope, expr);
                    self.constants.class(scope, value)
                }
                Hit::Type(scope, ty) => self.constants.class_of_type(scope, ty),
                _ => None,
            }),
        };
        let given = self.given(draft);
        let Some(class) = class else {
            // a struct of the library (`gorm.Model`): its columns are in `implied`
            return member.anonymous
                && member.ty.is_some_and(|t| {
                    type_name(self.constants, member.scope, t).is_some_and(|n| matches_any(&draft.rule.model.embeds, &n))
                });
        };
        let prefix = rule.prefix.iter().find_map(|s| {
            let hit = self.constants.hit(s, item, &|n| n.to_string())?;
            match &hit {
                Hit::Expr(..) if self.constants.hit_truth(&hit) == Some(false) => Some(String::new()),
                _ => self.constants.hit_text(&hit, &given).map(|t| t.text.to_string()),
            }
        });
        let next = Inside {
            names: if member.anonymous { inside.names.clone() } else { format!("{}{}.", inside.names, member.name.text) },
            prefix: format!("{}{}", inside.prefix, prefix.unwrap_or_default()),
            column: &rule.embedded_column,
            depth: inside.depth + 1,
        };
        for inner in self.gather(class, None, &mut rustc_hash::FxHashSet::default(), 0) {
            self.member(draft, &inner, &next, parts);
        }
        true
    }

    /// The name of a column under the convention in force.
    pub(super) fn column_convention(&self, draft: &Draft<'a, 'k>, name: &str) -> String {
        let rule = draft.rule.model;
        let naming_by = self.set_by_call(rule).1.unwrap_or(rule.column_naming);
        let made = naming::under(naming_by, name, "");
        if self.says(&rule.snake_when, &draft.item) { naming::snake(&made) } else { made }
    }

    fn column(&self, draft: &Draft<'a, 'k>, rule: &FieldRule, member: &Member<'a>, item: &Item<'a>, inside: &Inside<'k>) -> Built<'a> {
        let given = self.given(draft);
        let convention = |name: &str| self.column_convention(draft, name);
        let text = |sources: &[Source]| {
            sources.iter().find_map(|s| {
                let hit = self.constants.hit(s, item, &convention)?;
                self.constants.hit_text(&hit, &given).filter(|t| !t.text.is_empty())
            })
        };
        let mut column =
            text(&rule.column).unwrap_or_else(|| Named { text: convention(&member.name.text).into(), origin: member.name.origin });
        if inside.depth > 0 {
            let full = match inside.column.is_empty() {
                false => {
                    let mut inner = item.clone();
                    inner.vars.prefix = inside.prefix.clone();
                    inner.vars.column = column.text.to_string();
                    let hit = inside.column.iter().find_map(|s| self.constants.hit(s, &inner, &convention));
                    hit.and_then(|h| self.constants.hit_text(&h, &given)).map(|t| t.text.to_string())
                }
                true => None,
            };
            let full = match (full, inside.prefix.is_empty()) {
                (Some(full), false) => full,
                _ => format!("{}{}", inside.prefix, column.text),
            };
            column = Named { text: full.into(), origin: column.origin };
        }
        let key = text(&rule.key).unwrap_or_else(|| member.name.clone());
        let says = |sources: &[Source]| self.says(sources, item);
        // `default=False` is a default too
        let by_presence = |s: &Source| match s {
            Source::Keyword(path) => path.last().is_some_and(|p| p.to_lowercase().contains("default")),
            other => *other == Source::Value,
        };
        // `default=None` is none
        let nothing = |h: &Hit| matches!(h, Hit::Expr(_, e) if matches!(e.kind, ExprKind::Null));
        let has = |sources: &[Source]| {
            sources.iter().any(|s| {
                let hit = self.constants.hit(s, item, &convention).filter(|h| !nothing(h));
                hit.is_some_and(|h| by_presence(s) || self.constants.hit_truth(&h) != Some(false))
            })
        };
        let denied = |sources: &[Source]| {
            sources.iter().any(|s| self.constants.hit(s, item, &convention).and_then(|h| self.constants.hit_truth(&h)) == Some(false))
        };
        let primary = rule.role == FieldRole::Primary || says(&rule.primary);
        let nullable = match () {
            () if says(&rule.nullable) => Some(true),
            () if primary || says(&rule.not_null) || denied(&rule.nullable) => Some(false),
            () if denied(&rule.not_null) => Some(true),
            () => rule.otherwise_nullable,
        };
        let refers = rule.references.iter().find_map(|s| match self.constants.hit(s, item, &convention)? {
            Hit::Named(named) => Some(Refers::Text(named)),
            Hit::Expr(scope, expr) => {
                let (scope, value) = self.constants.through_lambda(scope, expr);
                Some(match self.constants.text(scope, value, &given) {
                    Some(text) => Refers::Text(text),
                    None => Refers::Expr(scope, value),
                })
            }
            _ => None,
        });
        let ty = text(&rule.sql_type).map(|t| t.text).or_else(|| {
            let callee = item.call.as_ref().filter(|_| !rule.calls.is_empty()).and_then(|c| c.callee.rsplit('.').next().map(Rc::from));
            callee.or_else(|| member.ty.and_then(written).map(Rc::from))
        });
        let field = ModelField {
            name: format!("{}{}", inside.names, key.text).into(),
            aliases: Vec::new(),
            column,
            origin: Finder::origin(member),
            role: rule.role,
            primary,
            nullable,
            has_default: matches!(rule.role, FieldRole::Created | FieldRole::Updated | FieldRole::Version) || has(&rule.default),
            generated: has(&rule.generated),
            on_update: matches!(rule.role, FieldRole::Updated | FieldRole::Version) || has(&rule.on_update),
            deferred: rule.deferred.iter().any(|s| {
                let truth = self.constants.hit(s, item, &convention).and_then(|h| self.constants.hit_truth(&h));
                // `select: false` says what is not read
                truth == Some(!matches!(s, Source::Keyword(path) if path.last().is_some_and(|p| p == "select")))
            }),
            refers: None,
            ty: ty.unwrap_or_else(|| "".into()),
        };
        Built { field, refers }
    }

    fn implied(&self, draft: &Draft<'a, 'k>, implied: &ImpliedField, parts: &mut Parts<'a, 'k>) {
        let (word, rest) = implied.when.split_once(':').unwrap_or((&implied.when, ""));
        let rest = rest.split('=').next().unwrap_or(rest);
        let setting = || {
            self.constants
                .hit(&Source::Setting(rest.to_string()), &draft.item, &|n| n.to_string())
                .and_then(|h| self.constants.hit_truth(&h))
        };
        let wanted = match word {
            "" | "always" => true,
            "no-primary" => {
                draft.parent.is_none()
                    && !self.lists_key(draft)
                    && !parts.fields.iter().any(|b| b.field.primary)
                    && !parts.relations.iter().any(|r| self.says(&r.rule.primary, &r.item))
            }
            "embeds" => draft.members.iter().any(|m| self.embeds(m, rest, 0)),
            "setting" => setting() == Some(true),
            "not-setting" => setting() != Some(false),
            _ => false,
        };
        let given = self.given(draft);
        let convention = |name: &str| self.column_convention(draft, name);
        let written =
            implied.column_from.iter().find_map(|s| self.constants.hit_text(&self.constants.hit(s, &draft.item, &convention)?, &given));
        let turned_off = implied
            .column_from
            .iter()
            .any(|s| self.constants.hit(s, &draft.item, &convention).and_then(|h| self.constants.hit_truth(&h)) == Some(false));
        let name: Rc<str> = implied.name.as_str().into();
        let key = written.as_ref().map_or(name.clone(), |w| w.text.clone());
        if !wanted || turned_off || draft.is_abstract && word == "no-primary" {
            return;
        }
        if let Some(there) = parts.fields.iter_mut().find(|b| b.field.name == name || b.field.name == key) {
            // a field that code writes as well has its role all the same
            if there.field.role == FieldRole::Column && implied.role != FieldRole::Primary {
                there.field.role = implied.role;
                there.field.has_default |= matches!(implied.role, FieldRole::Created | FieldRole::Updated | FieldRole::Version);
                there.field.on_update |= matches!(implied.role, FieldRole::Updated | FieldRole::Version);
            }
            return;
        }
        let declared = self.declared(draft, &key);
        let column = match (written, implied.column.is_empty()) {
            (Some(column), _) => Named { text: convention(&column.text).into(), origin: column.origin },
            (None, false) => made(implied.column.as_str()),
            (None, true) => made(convention(&implied.name)),
        };
        let column = Named { origin: column.origin.or(declared.map(|d| d.1)), ..column };
        let primary = implied.primary || implied.role == FieldRole::Primary;
        let field = ModelField {
            role: implied.role,
            primary,
            nullable: primary.then_some(false),
            has_default: matches!(implied.role, FieldRole::Created | FieldRole::Updated | FieldRole::Version),
            generated: primary,
            on_update: matches!(implied.role, FieldRole::Updated | FieldRole::Version),
            ..ModelField::new(key, column, declared.map_or(draft.origin, |d| d.0))
        };
        match primary {
            true => parts.fields.insert(0, Built { field, refers: None }),
            false => parts.fields.push(Built { field, refers: None }),
        }
    }

    /// Whether a member embeds a struct of the library, itself or through structs of the program.
    fn embeds(&self, member: &Member<'a>, name: &str, depth: u32) -> bool {
        if !member.anonymous || depth > 6 {
            return false;
        }
        let Some(ty) = member.ty else { return false };
        if type_name(self.constants, member.scope, ty).is_some_and(|n| super::item::matches(name, &n)) {
            return true;
        }
        let Some(class) = self.constants.class_of_type(member.scope, ty) else { return false };
        self.own_members(class).iter().any(|m| self.embeds(m, name, depth + 1))
    }
}

/// Names of a type through what wraps it: `Mapped[Optional[int]]` gives `Mapped`, `Optional`, `int`.
fn names(ty: &Type) -> Vec<&str> {
    match ty {
        Type::Named { path, args } => path.last().map(|w| &*w.text).into_iter().chain(args.iter().flat_map(names)).collect(),
        Type::Pointer(inner) | Type::Slice(inner) => names(inner),
        Type::Union(all) => all.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// A type in short: `*string`, `Optional[int]`.
fn written(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Named { path, args } => {
            let name = path.iter().map(|w| &*w.text).collect::<Vec<_>>().join(".");
            match (name.as_str(), args.first()) {
                ("Mapped" | "orm.Mapped" | "Optional" | "Generated" | "ColumnType", Some(inner)) => written(inner)?,
                _ => name,
            }
        }
        Type::Pointer(inner) => format!("*{}", written(inner)?),
        Type::Slice(inner) => format!("[]{}", written(inner)?),
        Type::Union(all) => all.iter().find(|t| !matches!(t, Type::Null)).and_then(written)?,
        _ => return None,
    })
}

/// A field of a library's model: `id primary`, `group_id`.
pub(super) fn known_field(text: &str, draft: &Draft) -> ModelField {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default();
    let primary = words.any(|w| w == "primary");
    ModelField { primary, generated: primary, ..ModelField::new(name, made(name), draft.origin) }
}
