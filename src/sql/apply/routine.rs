//! Functions, procedures and triggers.

use super::errors::{self, error};
use super::run::{Run, Step, values, written};
use crate::model::change::ChangeOp;
use crate::model::dialect::{Dialect, Engine};
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Function, Trigger};
use crate::model::types::DataType;
use crate::sql::ast::Name;
use crate::sql::ast::ddl::{CreateFunction, CreateTrigger, DdlObject, Signature};
use crate::sql::lexer::{TokenKind, tokens};

impl Run<'_> {
    pub(super) fn create_function(&mut self, create: &CreateFunction) -> Step {
        let name = self.new_name(&create.name)?;
        let mut params = Vec::new();
        let mut columns: Vec<(String, DataType)> = create.columns.iter().map(|(n, t)| (n.value.clone(), self.data_type(t))).collect();
        let mut variadic = false;
        for param in &create.params {
            let ty = self.data_type(&param.ty);
            let own = param.name.as_ref().map(|n| n.value.clone()).unwrap_or_default();
            if matches!(param.mode.as_str(), "out" | "inout") {
                columns.push((own.clone(), ty.clone()));
            }
            if param.mode != "out" {
                variadic |= param.mode == "variadic";
                params.push((own, ty, param.default.is_some()));
            }
        }
        let mut returns = create.returns.as_ref().map(|t| self.data_type(t));
        if returns.is_none() && !create.procedure {
            returns = match columns.as_slice() {
                [] => None,
                [(_, one)] if create.columns.is_empty() => Some(one.clone()),
                _ => Some(DataType::named("record")),
            };
        }
        let function = Function {
            id: ObjectId::default(),
            name: name.clone(),
            params,
            variadic,
            returns,
            returns_set: create.returns_set,
            columns,
            language: create.language.clone(),
            body: create.body.clone(),
            procedure: create.procedure,
            aggregate: create.aggregate,
            strict: create.strict,
            settings: create.settings.clone(),
            definer: create.definer,
        };
        let overloads = self.postgres();
        let same = |f: &&mut Function| f.name == name && (!overloads || types(f) == types(&function));
        let object = ObjectRef::named(ObjectKind::Function, &name);
        let what = if create.procedure { "procedure" } else { "function" };
        if let Some(existing) = self.schema.functions.iter_mut().find(same) {
            if create.if_not_exists {
                return Ok(());
            }
            if !create.or_replace {
                return Err(match overloads {
                    true => error("42723", format!("function \"{}\" already exists with same argument types", name.name)),
                    false => errors::duplicate_object(Engine::MariaDb, what, &name.name),
                });
            }
            if overloads {
                check_replacement(existing, &function)?;
            }
            let id = existing.id;
            let before = existing.body.clone();
            *existing = Function { id, ..function };
            let after = existing.body.clone();
            let change = self.change(ChangeOp::ReplaceFunction, object, Some(id), None);
            change.before = Some(before);
            change.after = Some(after);
            return Ok(());
        }
        let id = self.schema.new_id();
        let after = Some(function.body.clone());
        self.schema.functions.push(Function { id, ..function });
        self.change(ChangeOp::CreateFunction, object, Some(id), None).after = after;
        Ok(())
    }

    /// The functions that a signature names: all of that name where no arguments are given.
    pub(super) fn matching_functions(&self, target: &Signature) -> Vec<usize> {
        let (schema, own) = self.split(&target.name);
        let wanted: Option<Vec<DataType>> = target.args.as_ref().map(|a| a.iter().map(|t| self.data_type(t)).collect());
        let dialect = self.dialect();
        let named = |name: &str| name == own || (dialect.engine != Engine::Postgres && name.eq_ignore_ascii_case(&own));
        let fits =
            |f: &Function, s: &str| f.name.schema == s && named(&f.name.name) && wanted.as_ref().is_none_or(|w| same_types(&types(f), w));
        let found = self.schema.lookup(schema.as_deref(), move |s| {
            let found: Vec<usize> = self.schema.functions.iter().enumerate().filter(|(_, f)| fits(f, s)).map(|(i, _)| i).collect();
            (!found.is_empty()).then_some(found)
        });
        found.unwrap_or_default()
    }

    pub(super) fn drop_function(&mut self, kind: DdlObject, target: &Signature, if_exists: bool, cascade: bool) -> Step {
        let what = match kind {
            DdlObject::Procedure => "procedure",
            DdlObject::Aggregate => "aggregate",
            DdlObject::Routine => "routine",
            _ => "function",
        };
        let found = self.matching_functions(target);
        let own = written(&target.name);
        match found.as_slice() {
            [] if if_exists || !self.schema.complete => Ok(()),
            [] if self.postgres() && target.args.is_none() => Err(error("42883", format!("could not find a {what} named \"{own}\""))),
            [] if self.postgres() => Err(error("42883", format!("{what} {} does not exist", self.shown_signature(target)))),
            [] => Err(errors::undefined_in_drop(self.engine(), what, &own)),
            [one] => {
                let id = self.schema.functions[*one].id;
                let name = self.schema.functions[*one].name.clone();
                if self.postgres() {
                    let dependents = self.dependents_of_function(&name, id);
                    let shown = format!(
                        "{what} {own}({})",
                        types(&self.schema.functions[*one]).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                    );
                    self.refuse_or_drop(dependents, cascade, &shown)?;
                }
                self.remove_function(id, false)
            }
            _ => Err(error("42725", format!("{what} name \"{own}\" is not unique"))),
        }
    }

    fn shown_signature(&self, target: &Signature) -> String {
        let args: Vec<String> = target.args.iter().flatten().map(|t| self.data_type(t).to_string()).collect();
        format!("{}({})", written(&target.name), args.join(", "))
    }

    /// Removes a function, with a change.
    pub(super) fn remove_function(&mut self, id: ObjectId, cascaded: bool) -> Step {
        if let Some(at) = self.schema.functions.iter().position(|f| f.id == id) {
            let function = self.schema.functions.remove(at);
            let change = self.change(ChangeOp::DropFunction, ObjectRef::named(ObjectKind::Function, &function.name), Some(id), None);
            change.cascaded = cascaded;
        }
        Ok(())
    }

    pub(super) fn alter_function(
        &mut self,
        target: &Signature,
        procedure: bool,
        definer: Option<bool>,
        strict: Option<bool>,
        settings: &[(String, String)],
    ) -> Step {
        let found = self.matching_functions(target);
        let Some(&at) = found.first() else {
            if !self.schema.complete {
                return Ok(());
            }
            let what = if procedure { "procedure" } else { "function" };
            return Err(error("42883", format!("{what} {} does not exist", self.shown_signature(target))));
        };
        let function = &mut self.schema.functions[at];
        function.definer = definer.unwrap_or(function.definer);
        function.strict = strict.unwrap_or(function.strict);
        for (name, value) in settings {
            function.settings.retain(|(n, _)| n != name);
            function.settings.push((name.clone(), value.clone()));
        }
        let (id, name) = (function.id, function.name.clone());
        self.change(ChangeOp::ReplaceFunction, ObjectRef::named(ObjectKind::Function, &name), Some(id), None);
        Ok(())
    }

    pub(super) fn rename_function(&mut self, target: &Signature, to: Option<&str>, schema: Option<&str>) -> Step {
        let found = self.matching_functions(target);
        let Some(&at) = found.first() else {
            if !self.schema.complete {
                return Ok(());
            }
            return Err(error("42883", format!("function {} does not exist", self.shown_signature(target))));
        };
        if found.len() > 1 {
            return Err(error("42725", format!("function name \"{}\" is not unique", written(&target.name))));
        }
        let old = self.schema.functions[at].name.clone();
        let new = ObjectName::new(schema.unwrap_or(&old.schema), to.unwrap_or(&old.name));
        let arguments = types(&self.schema.functions[at]);
        if self.schema.functions.iter().any(|f| f.name == new && types(f) == arguments) {
            return Err(error("42723", format!("function {}({}) already exists in schema \"{}\"", new.name, arguments.len(), new.schema)));
        }
        let id = self.schema.functions[at].id;
        self.follow_rename(&[id], &new.name);
        self.schema.functions[at].name = new.clone();
        for trigger in self.schema.tables.values_mut().flat_map(|t| t.triggers.iter_mut()) {
            if trigger.function.as_ref() == Some(&old) {
                trigger.function = Some(new.clone());
            }
        }
        self.change(ChangeOp::RenameFunction, ObjectRef::named(ObjectKind::Function, &old), Some(id), None).new_name = Some(new);
        Ok(())
    }

    pub(super) fn create_trigger(&mut self, create: &CreateTrigger) -> Step {
        let key = match self.table_key(&create.table) {
            Ok(key) => key,
            Err(error) if create.if_not_exists && self.options.lenient => return Err(error),
            Err(error) => return Err(error),
        };
        let (_, own) = self.split(&create.name);
        let dialect = self.dialect();
        let everywhere = !self.postgres();
        let exists = self.schema.tables.iter().find_map(|(k, t)| {
            let here = everywhere || *k == key;
            t.triggers.iter().find(|t| here && dialect.same_table(&t.name, &own)).map(|t| (k.clone(), t.id))
        });
        if let Some((owner, id)) = exists {
            if create.if_not_exists {
                return Ok(());
            }
            if !create.or_replace {
                return Err(match self.engine() {
                    Engine::Postgres => error("42710", format!("trigger \"{own}\" for relation \"{}\" already exists", key.name)),
                    engine => errors::duplicate_object(engine, "trigger", &own),
                });
            }
            self.remove_trigger(&owner, id, false);
        }
        for column in &create.columns {
            self.column_at(&key, &column.value, errors::undefined_column)?;
        }
        let function = match &create.function {
            Some(function) => Some(self.trigger_function(function)?),
            None => None,
        };
        let id = self.schema.new_id();
        let table = self.table_mut(&key)?;
        table.triggers.push(Trigger {
            id,
            name: own.clone(),
            timing: create.timing.clone(),
            events: create.events.clone(),
            columns: values(&create.columns),
            for_each_row: create.for_each_row,
            when: create.when.clone(),
            function,
            body: create.body.clone(),
            disabled: false,
        });
        let (name, table_id) = (table.name.clone(), table.id);
        self.change(ChangeOp::CreateTrigger, ObjectRef::part(ObjectKind::Trigger, &name, &own), Some(id), Some(table_id));
        Ok(())
    }

    fn trigger_function(&self, name: &Name) -> Step<ObjectName> {
        let found = self.matching_functions(&Signature { name: name.clone(), args: Some(Vec::new()) });
        if let Some(&at) = found.first() {
            return Ok(self.schema.functions[at].name.clone());
        }
        let (schema, own) = self.split(name);
        // Built-in trigger functions, and those of extensions and of open schemas.
        let builtin = matches!(
            own.as_str(),
            "tsvector_update_trigger" | "suppress_redundant_updates_trigger" | "lo_manage" | "moddatetime" | "insert_username"
        );
        if self.schema.complete && !self.options.lenient && !builtin && self.schema.extensions.is_empty() {
            return Err(error("42883", format!("function {}() does not exist", written(name))));
        }
        Ok(ObjectName::new(schema.unwrap_or_default(), own))
    }
}

/// Types of the input parameters.
fn types(function: &Function) -> Vec<DataType> {
    function.params.iter().map(|(_, t, _)| t.clone()).collect()
}

/// Argument types are compared without length or precision.
fn same_types(a: &[DataType], b: &[DataType]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_base(b))
}

/// What CREATE OR REPLACE FUNCTION may not change (PostgreSQL).
fn check_replacement(old: &Function, new: &Function) -> Step {
    if old.returns != new.returns || old.returns_set != new.returns_set || (old.columns != new.columns && !old.columns.is_empty()) {
        return Err(error("42P13", "cannot change return type of existing function"));
    }
    for ((a, ..), (b, ..)) in old.params.iter().zip(&new.params) {
        if !a.is_empty() && a != b {
            return Err(error("42P13", format!("cannot change name of input parameter \"{a}\"")));
        }
    }
    let defaults = |f: &Function| f.params.iter().filter(|p| p.2).count();
    if defaults(new) < defaults(old) {
        return Err(error("42P13", "cannot remove parameter defaults from existing function"));
    }
    if old.procedure != new.procedure {
        return Err(error("42809", "cannot change routine kind"));
    }
    Ok(())
}

/// The statements inside a procedural body that stand at the start of a statement, and the texts that EXECUTE
/// runs; an argument of `format` is a hole.
pub(super) fn block_statements(body: &str, dialect: Dialect) -> Vec<String> {
    let all = tokens(body, dialect);
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(body));
    let mut found = Vec::new();
    let mut start = true;
    let mut i = 0;
    while i < all.len() && all[i].kind != TokenKind::End {
        let word = source(i).to_ascii_lowercase();
        if start && matches!(word.as_str(), "create" | "alter" | "drop" | "comment" | "grant" | "revoke") {
            let from = all[i].span.start as usize;
            while i < all.len() && all[i].kind != TokenKind::End && source(i) != ";" {
                i += 1;
            }
            let to = all.get(i).map_or(body.len(), |t| t.span.start as usize);
            found.push(body.get(from..to).unwrap_or("").to_string());
            start = true;
            i += 1;
            continue;
        }
        if start && word == "execute" {
            let format = source(i + 1).eq_ignore_ascii_case("format") && source(i + 2) == "(";
            let at = if format { i + 3 } else { i + 1 };
            if all.get(at).is_some_and(|t| t.kind == TokenKind::String) {
                let text = string_text(source(at));
                let hole = crate::model::statement::HOLE.to_string();
                found.push(if format { text.replace("%I", &hole).replace("%L", &format!("'{hole}'")).replace("%s", &hole) } else { text });
            }
        }
        start = matches!(word.as_str(), ";" | "begin" | "then" | "else" | "loop");
        i += 1;
    }
    found
}

fn string_text(source: &str) -> String {
    if let Some(body) = source.strip_prefix('$') {
        let tag = body.find('$').map_or(0, |i| i + 2);
        return source.get(tag..source.len().saturating_sub(tag)).unwrap_or("").to_string();
    }
    let open = source.find('\'').map_or(0, |i| i + 1);
    source.get(open..source.len().saturating_sub(1)).unwrap_or("").replace("''", "'")
}
