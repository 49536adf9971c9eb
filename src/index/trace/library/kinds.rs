//! Of which kind a value is, by its type, constructor, class or name.

use super::words::PackId;
use crate::index::mapping::{ModelId, Origin};
use crate::index::program::{ClassRef, Definition, FileId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{QueryId, SqlExpr};
use crate::index::trace::value::{Handle, Object, Value};
use crate::model::code::{ClassKind, Expr, ExprKind, Type};
use crate::model::facts::Language;
use std::rc::Rc;

/// Types in types, bases of bases that are looked through.
const MAX_DEPTH: usize = 12;
/// Generic types whose argument stands for several values.
const MANY: [&str; 16] = [
    "list",
    "List",
    "Sequence",
    "Iterable",
    "Iterator",
    "Collection",
    "set",
    "Set",
    "tuple",
    "Tuple",
    "Array",
    "ReadonlyArray",
    "AsyncIterator",
    "Generator",
    "QuerySet",
    "frozenset",
];

impl Tracer<'_> {
    /// Pack and kind of a value; `None` where it is nothing of a library.
    pub(super) fn kind_of(&self, value: &Value) -> Option<(PackId, Rc<str>)> {
        let of_model = |model: ModelId, kind: &str| Some((self.pack_of(model)?, kind.into()));
        match value {
            Value::Handle(handle) => Some((self.words.pack(&handle.pack)?, handle.kind.clone())),
            Value::External(name) => self.words.kind_of_value(name).map(|(pack, kind)| (pack, kind.name.as_str().into())),
            Value::Model { model, .. } => of_model(*model, "model"),
            Value::Relation { model, .. } => of_model(*model, "relation"),
            Value::Row { query, many } => {
                let pack = self.words.pack(&self.query(*query)?.pack)?;
                Some((pack, if *many { "rows" } else { "row" }.into()))
            }
            Value::Expr(expr) => {
                let kind = match &**expr {
                    SqlExpr::Field { .. } | SqlExpr::Column { .. } => "column",
                    SqlExpr::Raw(_) => "text",
                    _ => "expression",
                };
                Some((self.pack_of_expression(expr)?, kind.into()))
            }
            Value::Object(id) => match self.object(*id)? {
                Object::Entity { model, many, .. } => of_model(*model, if *many { "entities" } else { "entity" }),
                Object::Instance { class, .. } => self.kind_of_class(*class).map(|(pack, kind, _)| (pack, kind)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The pack of a model.
    pub(super) fn pack_of(&self, model: ModelId) -> Option<PackId> {
        self.words.pack(&self.models.get(model)?.pack)
    }

    fn pack_of_expression(&self, expr: &SqlExpr) -> Option<PackId> {
        let mut found = None;
        expr.each(&mut |e| {
            found = found.or_else(|| match e {
                SqlExpr::Field { model, .. } => self.pack_of(*model),
                SqlExpr::Path { pack, .. } => self.words.pack(pack),
                SqlExpr::Query(q) | SqlExpr::Exists(q) => self.query(*q).and_then(|q| self.words.pack(&q.pack)),
                _ => None,
            });
        });
        found
    }

    /// A value of a kind.
    pub(super) fn handle(&self, pack: PackId, kind: &str, model: Option<ModelId>, query: Option<QueryId>) -> Value {
        let id = self.words.packs.get(pack).map_or_else(|| "".into(), |p| p.id.clone());
        Value::Handle(Handle { pack: id, kind: kind.into(), model, query, of: None, instance: None })
    }

    /// See [`Tracer::kind_of_class`].
    pub(in crate::index::trace) fn find_kind_of_class(&self, class: ClassRef) -> Option<(PackId, Rc<str>, Option<ModelId>)> {
        self.base_kind(class, 0)
    }

    fn base_kind(&self, class: ClassRef, depth: usize) -> Option<(PackId, Rc<str>, Option<ModelId>)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let definition = self.program.class(class)?;
        let embedded = definition.fields.iter().filter(|f| f.embedded).filter_map(|f| f.ty.as_ref());
        let by_base = definition.bases.iter().find_map(|base| self.kind_of_base(class, base, depth));
        by_base.or_else(|| embedded.filter_map(|ty| self.kind_named(class.file, ty, depth)).next())
    }

    fn kind_of_base(&self, class: ClassRef, base: &Expr, depth: usize) -> Option<(PackId, Rc<str>, Option<ModelId>)> {
        let (path, types): (&Expr, Vec<ModelId>) = match &base.kind {
            ExprKind::Instantiate(of, types) => (of, types.iter().filter_map(|t| self.model_of_type(class.file, t)).collect()),
            ExprKind::Index(of, key) => (of, self.model_of_name(class.file, key).into_iter().collect()),
            ExprKind::Call { function, .. } => (function, Vec::new()),
            _ => (base, Vec::new()),
        };
        let names = path.path()?;
        if let Some(Definition::Class(next)) = self.program.lookup_path(class.file, &names) {
            if next == class {
                return None;
            }
            let (pack, kind, model) = self.base_kind(next, depth + 1)?;
            return Some((pack, kind, model.or(types.first().copied())));
        }
        let qualified = self.program.qualified(class.file, path)?;
        let (pack, rule) = self.words.kind_of_type(self.language_of(class.file), &qualified)?;
        Some((pack, rule.name.as_str().into(), types.first().copied()))
    }

    fn kind_named(&self, file: FileId, ty: &Type, depth: usize) -> Option<(PackId, Rc<str>, Option<ModelId>)> {
        if depth > MAX_DEPTH {
            return None;
        }
        match ty {
            Type::Pointer(inner) => self.kind_named(file, inner, depth + 1),
            Type::Named { path, args } => {
                let names: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                let qualified = self.program.qualified_path(file, &names)?;
                let (pack, rule) = self.words.kind_of_type(self.language_of(file), &qualified)?;
                let model = args.first().and_then(|a| self.model_of_type(file, a));
                Some((pack, rule.name.as_str().into(), model))
            }
            _ => None,
        }
    }

    /// See [`Tracer::library_interface`].
    pub(super) fn stands_for(&self, interface: ClassRef) -> Option<Value> {
        let code = self.program.class(interface).filter(|c| c.kind == ClassKind::Interface)?;
        let file = self.program.file(interface.file).filter(|f| f.language == Language::Go)?;
        let methods: Vec<&str> = code.fields.iter().map(|f| &*f.name.text).collect();
        if methods.is_empty() {
            return None;
        }
        let imported = |words: &super::words::PackWords| file.imports.iter().any(|i| words.is_imported(&i.module));
        let packs = self.words.packs.iter().enumerate().filter(|(_, p)| p.languages.contains(&Language::Go) && imported(p));
        packs.flat_map(|(id, p)| p.mapper.kind.iter().map(move |k| (id, k))).find_map(|(id, kind)| {
            let all = methods.iter().all(|m| self.words.has_method(id, &kind.name, m));
            all.then(|| self.handle(id, &kind.name, None, None))
        })
    }

    fn model_of_name(&self, file: FileId, expr: &Expr) -> Option<ModelId> {
        let path = expr.path()?;
        match self.program.lookup_path(file, &path)? {
            Definition::Class(class) => self.models.by_class.get(&class).copied(),
            _ => None,
        }
    }

    /// The model that a type names, through pointers, lists and options.
    pub(super) fn model_of_type(&self, file: FileId, ty: &Type) -> Option<ModelId> {
        let class = self.program.class_of_type(file, ty)?;
        self.models.by_class.get(&class).copied()
    }

    /// See [`Tracer::value_of_type`].
    pub(super) fn typed(&mut self, file: FileId, ty: &Type, many: bool, site: Origin, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown;
        }
        match ty {
            Type::Pointer(inner) => self.typed(file, inner, many, site, depth + 1),
            Type::Slice(inner) => self.typed(file, inner, true, site, depth + 1),
            Type::Union(all) => {
                all.iter().map(|t| self.typed(file, t, many, site, depth + 1)).find(|v| !matches!(v, Value::Unknown)).unwrap_or_default()
            }
            Type::Named { path, args } => {
                let names: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                match self.program.lookup_path(file, &names) {
                    Some(Definition::Class(class)) => self.typed_class(class, args, many, site, depth),
                    Some(Definition::External(name)) => self.typed_external(file, &name, args, many, site, depth),
                    None => self.typed_external(file, &names.join("."), args, many, site, depth),
                    _ => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }

    fn typed_class(&mut self, class: ClassRef, args: &[Type], many: bool, site: Origin, depth: usize) -> Value {
        if let Some(&model) = self.models.by_class.get(&class) {
            return self.loaded(model, many, None, site);
        }
        let Some(definition) = self.program.class(class) else { return Value::Unknown };
        if definition.kind == ClassKind::Alias
            && let Some(alias) = &definition.alias
        {
            return self.typed(class.file, alias, many, site, depth + 1);
        }
        let _ = args;
        Value::Unknown
    }

    fn typed_external(&mut self, file: FileId, name: &str, args: &[Type], many: bool, site: Origin, depth: usize) -> Value {
        let words = self.words.clone();
        if let Some((pack, rule)) = words.kind_of_type(self.language_of(file), name) {
            let at = rule.model.strip_prefix("type-argument:").and_then(|n| n.parse::<usize>().ok());
            let model = at.and_then(|n| args.get(n)).and_then(|a| self.model_of_type(file, a));
            return self.handle(pack, &rule.name, model, None);
        }
        let last = super::words::last(name);
        if args.len() == 1 || (!args.is_empty() && !matches!(last, "tuple" | "Tuple")) {
            let many = many || MANY.contains(&last);
            let found = args.iter().rev().map(|inner| self.typed(file, inner, many, site, depth + 1));
            return found.into_iter().find(|v| !matches!(v, Value::Unknown)).unwrap_or_default();
        }
        // a model that is no class of the program has its type from the library (Prisma)
        let named = self.models.by_name.get(last).and_then(|m| m.first()).copied();
        let made = named.filter(|&m| self.models.get(m).is_some_and(|m| m.class.is_none()));
        match made.and_then(|m| Some((m, self.pack_of(m)?))) {
            Some((model, pack)) if words.packs.get(pack).is_some_and(|p| p.is_imported(name)) || self.is_generated(name) => {
                self.loaded(model, many, None, site)
            }
            _ => Value::Unknown,
        }
    }

    /// Whether a qualified name is of a module that a library makes of its models.
    fn is_generated(&self, name: &str) -> bool {
        let inside = |module: &str| name.split(['/', '.']).any(|part| part == module);
        self.models.generated.iter().any(|module| inside(module))
    }

    /// One or several stored rows of a model.
    pub(super) fn loaded(&mut self, model: ModelId, many: bool, query: Option<QueryId>, origin: Origin) -> Value {
        Value::Object(self.allocate(Object::Entity { model, many, fresh: false, written: Vec::new(), query, origin }))
    }

    /// The language that a file of the program is written in.
    pub(super) fn language_of(&self, file: FileId) -> Option<Language> {
        self.program.file(file).map(|f| f.language)
    }

    /// Whether the file, or any file of the program, imports the pack's library.
    pub(super) fn is_in_use(&self, file: FileId, pack: PackId) -> bool {
        let Some(words) = self.words.packs.get(pack) else { return false };
        let imports = |file: FileId| self.program.file(file).is_some_and(|f| f.imports.iter().any(|i| words.is_imported(&i.module)));
        if imports(file) || self.models.models.iter().any(|m| m.class.is_none() && *m.pack == *words.id) {
            return true;
        }
        let language = self.language_of(file);
        let any =
            || self.program.files.iter().any(|f| Some(f.language) == language && f.imports.iter().any(|i| words.is_imported(&i.module)));
        *self.words.in_use.borrow_mut().entry((pack, language)).or_insert_with(any)
    }

    /// An instance of a model that a name stands for (`ticket`, `order_line`), or several (`tickets`), where the
    /// library of the model says so.
    pub(super) fn entity_named(&mut self, name: &str, site: Origin) -> Option<Value> {
        let (model, many) = match self.words.clone().entities(self.models).get(name) {
            Some(known) => *known,
            None => (self.entity_by_use(site.file, name)?, false),
        };
        Some(self.loaded(model, many, None, site))
    }

    /// See [`Tracer::library_listened`].
    pub(super) fn listened(&mut self, decorator: &str, first: &Value, parameter: &str, site: Origin) -> Option<Value> {
        let words = self.words.clone();
        let rule = words.call(words.function(self.language_of(site.file), decorator, 2)?)?;
        rule.steps.iter().find(|s| s.parameter == parameter && s.with == "entity")?;
        let model = self.model_of(first)?;
        Some(self.loaded(model, false, None, site))
    }

    /// See [`Tracer::library_variable`].
    pub(super) fn named_so(&self, file: FileId, name: &str) -> Option<Value> {
        let (pack, rule) = self.words.kinds_of_variable(self.language_of(file), name).find(|(pack, _)| self.is_in_use(file, *pack))?;
        Some(self.handle(pack, &rule.name, None, None))
    }
}
