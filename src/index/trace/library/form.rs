//! Calls that their form alone tells: on something unknown a member that is called like a model, and on that a
//! method of such models with an object of the options that it takes (`ctx.db.user.findMany({ where: ... })`); or a
//! member that only models have, and on that one of its methods (`sender.objects.filter(...)`).

use super::super::value::{Argument, MapKey, Object, Value};
use super::super::{Named, Open, Tracer};
use crate::grammar::mapper::{CallRule, MemberRule, Take};
use crate::index::mapping::Origin;
use crate::index::program::FileId;

/// What stands for all models among the names of a member.
const MODELS: &str = "*models*";

impl Tracer<'_> {
    /// What a method is called on that is a member of something unknown, where the form of the call tells it.
    pub(in crate::index::trace) fn told_by_form(&mut self, file: FileId, member: &Named, method: &str, args: &[Argument]) -> Option<Value> {
        let words = self.words.clone();
        let language = self.language_of(file);
        for (pack, of) in words.packs.iter().enumerate() {
            let fits = |l: &_| Some(*l) == language;
            if !of.languages.iter().any(fits) || !self.is_in_use(file, pack) {
                continue;
            }
            // a field that other packages see may be what any name stands for
            let any = member.text.starts_with(char::is_uppercase);
            let named = |m: &&MemberRule| m.by_form && m.names.iter().any(|n| **n == *member.text || (any && n == "*"));
            let told = of.mapper.member.iter().filter(named).find(|m| words.method(pack, &m.gives, method, args.len()).is_some());
            if let Some(rule) = told {
                return Some(self.handle(pack, &rule.gives, None, None));
            }
            let by_name = |m: &&MemberRule| of.mapper.told_by_form && m.names.iter().any(|n| n == MODELS);
            for rule in of.mapper.member.iter().filter(by_name) {
                let called = words.method(pack, &rule.gives, method, args.len()).and_then(|at| words.call(at));
                if !called.is_some_and(|c| self.takes(c, args)) {
                    continue;
                }
                for kind in &rule.on {
                    let client = self.handle(pack, kind, None, None);
                    if let Some(value @ Value::Handle(_)) = self.library_member(&client, member) {
                        return Some(value);
                    }
                }
            }
        }
        None
    }

    /// Notes a call that only a library in use can mean, on something of which nothing is known.
    pub(in crate::index::trace) fn note_untold(&mut self, file: FileId, method: &Named, site: Origin) {
        let language = self.language_of(file);
        let told = self.words.told_by_method(&method.text).iter().copied();
        let speaks = |pack: &usize| self.words.packs.get(*pack).is_some_and(|p| p.languages.iter().any(|l| Some(*l) == language));
        let Some(pack) = told.filter(speaks).find(|&pack| self.is_in_use(file, pack)) else { return };
        let library = self.words.packs.get(pack).map_or_else(|| "".into(), |p| p.id.clone());
        let reason = format!("what `{}` of {library} is called on is not known", method.text);
        self.found.untold.push(Open { origin: site, reason: reason.into() });
    }

    /// Whether the one argument is an object with an option that the call takes.
    fn takes(&self, call: &CallRule, args: &[Argument]) -> bool {
        let [Argument { value: Value::Object(id), name: None, spread: false, .. }] = args else { return false };
        let Some(Object::Map { entries, .. }) = self.object(*id) else { return false };
        let known = |name: &str| {
            let mut takes = call.steps.iter().flat_map(|s| &s.take.0);
            takes.any(|t| matches!(t, Take::Key(None | Some(0), path) if path.first().is_some_and(|p| p == name)))
        };
        entries.iter().any(|(key, _)| matches!(key, MapKey::Name(name) if known(&name.text)))
    }
}
