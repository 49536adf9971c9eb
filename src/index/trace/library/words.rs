//! The packs' kinds, members and calls, indexed by name once.

use crate::grammar::PackSet;
use crate::grammar::mapper::{CallRule, KindRule, ListingRule, Mapper, MemberRule, Step};
use crate::index::mapping::{Model, ModelId, Models, plural, snake};
use crate::model::facts::Language;
use rustc_hash::FxHashMap as HashMap;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Fewest letters of a word that stands for a longer one.
const SHORTEST: usize = 3;

/// A pack by its place in [`Vocabulary::packs`].
pub(in crate::index::trace) type PackId = usize;

/// What all packs in force say.
#[derive(Debug, Default)]
pub(in crate::index::trace) struct Vocabulary {
    /// Packs that describe a mapper or builder.
    pub packs: Vec<PackWords>,
    /// Kinds, by last segment of the names of their types and constructors.
    types: HashMap<String, Vec<(PackId, usize, String)>>,
    /// Calls without receiver, by last segment.
    functions: HashMap<String, Vec<(PackId, usize, String)>>,
    /// Kinds by names of variables.
    variables: HashMap<String, Vec<(PackId, usize)>>,
    /// Kinds of things of libraries, by qualified name.
    values: HashMap<String, (PackId, usize)>,
    /// Packs by the methods that hardly anything but their library has.
    telling: HashMap<String, Vec<PackId>>,
    /// Modules that hand on names of others.
    reexports: Vec<(String, String)>,
    /// Whether files of a language import the library of a pack.
    pub in_use: RefCell<HashMap<(PackId, Option<Language>), bool>>,
    /// Models by what their instances are called.
    entities: OnceCell<HashMap<String, (ModelId, bool)>>,
}

/// One pack.
#[derive(Debug)]
pub(in crate::index::trace) struct PackWords {
    /// Its id.
    pub id: Rc<str>,
    /// Languages in whose files it holds.
    pub languages: Vec<Language>,
    /// Modules whose import puts it in force.
    pub imports: Vec<String>,
    /// Its rules.
    pub mapper: Mapper,
    /// Itself, then the packs that it extends.
    pub chain: Vec<PackId>,
    methods: HashMap<String, Vec<usize>>,
    itself: Vec<usize>,
    members: HashMap<String, Vec<usize>>,
}

impl Vocabulary {
    /// Indexes the packs. Packs of the same id are there once.
    pub fn new(packs: &PackSet) -> Self {
        let mut all = Vocabulary::default();
        for (language, pack) in packs.languages().iter().flat_map(|l| l.packs.iter().map(|p| (l.language, p))) {
            let Some(mapper) = &pack.mapper else { continue };
            match all.packs.iter_mut().find(|p| *p.id == *pack.id) {
                Some(there) => there.languages.push(language),
                None => all.add(PackWords::new(&pack.id, language, &pack.detect.imports, mapper)),
            }
        }
        for at in 0..all.packs.len() {
            let chain = all.chain(at);
            if let Some(pack) = all.packs.get_mut(at) {
                pack.chain = chain;
            }
        }
        all
    }

    fn add(&mut self, pack: PackWords) {
        let id = self.packs.len();
        for (k, kind) in pack.mapper.kind.iter().enumerate() {
            for name in kind.types.iter().chain(&kind.calls) {
                self.types.entry(last(name).to_string()).or_default().push((id, k, name.clone()));
            }
            for name in &kind.variables {
                self.variables.entry(name.clone()).or_default().push((id, k));
            }
            self.values.extend(kind.values.iter().map(|name| (name.clone(), (id, k))));
        }
        for (c, call) in pack.mapper.call.iter().enumerate().filter(|(_, c)| c.on.is_empty() && !c.itself) {
            for name in &call.names {
                self.functions.entry(last(name).to_string()).or_default().push((id, c, name.clone()));
            }
        }
        for name in &pack.mapper.telling_methods {
            self.telling.entry(name.clone()).or_default().push(id);
        }
        self.reexports.extend(pack.mapper.reexports.iter().map(|(a, b)| (a.clone(), b.clone())));
        self.packs.push(pack);
    }

    /// Packs whose library alone is likely to have a method.
    pub fn told_by_method(&self, name: &str) -> &[PackId] {
        self.telling.get(name).map_or(&[], Vec::as_slice)
    }

    /// The name under which the library that a module hands names on from knows something.
    fn handed_on(&self, qualified: &str) -> Option<String> {
        let mut modules = self.reexports.iter().filter(|(module, _)| is_inside(module, qualified));
        modules.find_map(|(module, of)| Some(format!("{of}{}", qualified.strip_prefix(module.as_str())?)))
    }

    fn chain(&self, at: PackId) -> Vec<PackId> {
        let mut chain = vec![at];
        let mut next = 0;
        while let Some(&pack) = chain.get(next) {
            next += 1;
            for name in self.packs.get(pack).map_or(&[][..], |p| &p.mapper.extends) {
                if let Some(more) = self.packs.iter().position(|p| *p.id == **name)
                    && !chain.contains(&more)
                {
                    chain.push(more);
                }
            }
        }
        chain
    }

    /// Whether a method of this name gives what queries of some kind begin from (`get_queryset`).
    pub fn begins_queries(&self, name: &str) -> bool {
        !name.is_empty() && self.packs.iter().any(|p| p.mapper.kind.iter().any(|k| k.begins == name))
    }

    /// Models by what variables that hold an instance, or several (`true`), are called. Names that fit several models
    /// are left out.
    pub fn entities(&self, models: &Models) -> &HashMap<String, (ModelId, bool)> {
        self.entities.get_or_init(|| {
            let mut all: HashMap<String, Option<(ModelId, bool)>> = HashMap::default();
            let named = |m: &Model| self.pack(&m.pack).and_then(|p| self.mapper(p)).is_some_and(|m| m.entity_names);
            let fitting = || models.models.iter().enumerate().filter(|(_, m)| !m.is_abstract && named(m));
            let mut add = |name: String, model: ModelId, many: bool| {
                let place = all.entry(name).or_insert(Some((model, many)));
                if *place != Some((model, many)) {
                    *place = None;
                }
            };
            for (id, model) in fitting() {
                let one = snake(&model.name.text);
                add(plural(&one), id as ModelId, true);
                add(one, id as ModelId, false);
            }
            // `org` of `Organization`
            let mut short: HashMap<String, Option<ModelId>> = HashMap::default();
            for (id, model) in fitting() {
                let one = snake(&model.name.text);
                if !one.contains('_') && one.is_ascii() {
                    for end in SHORTEST..one.len() {
                        let place = short.entry(one[..end].to_string()).or_insert(Some(id as ModelId));
                        if *place != Some(id as ModelId) {
                            *place = None;
                        }
                    }
                }
            }
            let mut out: HashMap<String, (ModelId, bool)> = all.iter().filter_map(|(n, v)| Some((n.clone(), (*v)?))).collect();
            for (name, model) in short {
                if let Some(model) = model.filter(|_| !all.contains_key(&name)) {
                    out.insert(name, (model, false));
                }
            }
            out
        })
    }

    /// Rules for classes whose attributes list fields.
    pub fn listings(&self) -> impl Iterator<Item = (PackId, &ListingRule)> {
        self.packs.iter().enumerate().flat_map(|(id, p)| p.mapper.listing.iter().map(move |l| (id, l)))
    }

    /// A pack by its id.
    pub fn pack(&self, id: &str) -> Option<PackId> {
        self.packs.iter().position(|p| *p.id == *id)
    }

    /// The rules of a pack.
    pub fn mapper(&self, pack: PackId) -> Option<&Mapper> {
        self.packs.get(pack).map(|p| &p.mapper)
    }

    /// The kind of what functions are given that stand for an expression, condition or query.
    pub fn callbacks(&self, pack: PackId) -> &str {
        self.mapper(pack).map(|m| m.callbacks.as_str()).filter(|k| !k.is_empty()).unwrap_or("query")
    }

    /// Whether values of a kind hold a query under construction.
    pub fn builds(&self, pack: PackId, kind: &str) -> bool {
        KindRule::BUILT_IN.contains(&kind) || self.kind(pack, kind).is_some_and(|k| k.query)
    }

    /// Rules for methods that are named by a verb and a relation (`get*relations*`), with the rest of the name.
    pub fn methods_of_relations<'s>(
        &'s self,
        pack: PackId,
        kind: &'s str,
        name: &'s str,
        count: usize,
    ) -> impl Iterator<Item = ((PackId, usize), String)> + 's {
        let chain = self.packs.get(pack).map_or(&[][..], |p| &p.chain);
        chain.iter().filter_map(|&at| Some((at, self.packs.get(at)?))).flat_map(move |(at, words)| {
            words.methods.iter().filter_map(move |(pattern, rules)| {
                let verb = pattern.strip_suffix("*relations*").filter(|v| !v.is_empty())?;
                let rest = name.strip_prefix(verb).filter(|r| r.starts_with(|c: char| c.is_uppercase()))?;
                let rule = rules.iter().copied().find(|&c| words.fits(c, kind, count))?;
                Some(((at, rule), rest.to_string()))
            })
        })
    }

    /// Whether a kind has a method of this name, whatever it takes.
    pub fn has_method(&self, pack: PackId, kind: &str, name: &str) -> bool {
        self.in_chain(pack).any(|p| {
            let rules = p.methods.get(name).map_or(&[][..], Vec::as_slice);
            rules.iter().filter_map(|&c| p.mapper.call.get(c)).any(|c| c.on.iter().any(|k| k == kind))
        })
    }

    /// A call.
    pub fn call(&self, (pack, call): (PackId, usize)) -> Option<&CallRule> {
        self.packs.get(pack)?.mapper.call.get(call)
    }

    /// A step of a call.
    pub fn step(&self, (pack, call, step): (PackId, usize, usize)) -> Option<&Step> {
        self.call((pack, call))?.steps.get(step)
    }

    /// The kind of this name, as a pack or those that it extends say.
    pub fn kind(&self, pack: PackId, name: &str) -> Option<&KindRule> {
        self.in_chain(pack).find_map(|p| p.mapper.kind.iter().find(|k| k.name == name))
    }

    fn in_chain(&self, pack: PackId) -> impl Iterator<Item = &PackWords> {
        self.packs.get(pack).map_or(&[][..], |p| &p.chain).iter().filter_map(|&at| self.packs.get(at))
    }

    /// The method of a kind that takes so many positional arguments.
    pub fn method(&self, pack: PackId, kind: &str, name: &str, count: usize) -> Option<(PackId, usize)> {
        let chain = self.packs.get(pack).map_or(&[][..], |p| &p.chain);
        chain.iter().find_map(|&at| {
            let words = self.packs.get(at)?;
            let rules = words.methods.get(name).or_else(|| words.methods.get("*"))?;
            rules.iter().copied().find(|&c| words.fits(c, kind, count)).map(|c| (at, c))
        })
    }

    /// The rule for calling a value of a kind.
    pub fn itself(&self, pack: PackId, kind: &str, count: usize) -> Option<(PackId, usize)> {
        let chain = self.packs.get(pack).map_or(&[][..], |p| &p.chain);
        chain.iter().find_map(|&at| {
            let words = self.packs.get(at)?;
            words.itself.iter().copied().find(|&c| words.fits(c, kind, count)).map(|c| (at, c))
        })
    }

    /// Whether a pack holds in files of a language; in those of an unknown one all do.
    fn speaks(&self, pack: PackId, language: Option<Language>) -> bool {
        language.is_none_or(|l| self.packs.get(pack).is_some_and(|p| p.languages.contains(&l)))
    }

    /// The rule for a function of this qualified name in a file of this language; the most exact name wins.
    pub fn function(&self, language: Option<Language>, qualified: &str, count: usize) -> Option<(PackId, usize)> {
        self.own_function(language, qualified, count).or_else(|| self.own_function(language, &self.handed_on(qualified)?, count))
    }

    fn own_function(&self, language: Option<Language>, qualified: &str, count: usize) -> Option<(PackId, usize)> {
        let named = self.functions.get(last(qualified))?.iter();
        let named = named.filter(|(pack, _, name)| self.speaks(*pack, language) && is_name_of(name, qualified));
        let fits = |&&(p, c, _): &&(PackId, usize, String)| self.call((p, c)).is_some_and(|r| arity_fits(&r.arity, count));
        named.filter(fits).max_by_key(|(_, _, name)| name.len()).map(|&(p, c, _)| (p, c))
    }

    /// The kind of which a type or constructor of this qualified name gives a value in a file of this language.
    pub fn kind_of_type(&self, language: Option<Language>, qualified: &str) -> Option<(PackId, &KindRule)> {
        self.own_kind_of_type(language, qualified).or_else(|| self.own_kind_of_type(language, &self.handed_on(qualified)?))
    }

    fn own_kind_of_type(&self, language: Option<Language>, qualified: &str) -> Option<(PackId, &KindRule)> {
        let named = self.types.get(last(qualified))?.iter();
        let named = named.filter(|(pack, _, name)| self.speaks(*pack, language) && is_name_of(name, qualified));
        let (pack, kind, _) = named.max_by_key(|(_, _, name)| name.len())?;
        Some((*pack, self.packs.get(*pack)?.mapper.kind.get(*kind)?))
    }

    /// Kinds that people call so in files of this language.
    pub fn kinds_of_variable(&self, language: Option<Language>, name: &str) -> impl Iterator<Item = (PackId, &KindRule)> {
        let found = self.variables.get(name).map_or(&[][..], Vec::as_slice);
        let found = found.iter().filter(move |(p, _)| self.speaks(*p, language));
        found.filter_map(|&(p, k)| Some((p, self.packs.get(p)?.mapper.kind.get(k)?)))
    }

    /// The kind of a thing of a library.
    pub fn kind_of_value(&self, qualified: &str) -> Option<(PackId, &KindRule)> {
        let (pack, kind) = self.values.get(qualified)?;
        Some((*pack, self.packs.get(*pack)?.mapper.kind.get(*kind)?))
    }

    /// The rules for a member of a kind.
    pub fn members<'s>(&'s self, pack: PackId, kind: &'s str, name: &str) -> impl Iterator<Item = &'s MemberRule> {
        let name = name.to_string();
        self.in_chain(pack).flat_map(move |p| {
            let exact = p.members.get(&name).map_or(&[][..], Vec::as_slice);
            let any = p.members.get("*").map_or(&[][..], Vec::as_slice);
            let rules = exact.iter().chain(any).filter_map(|&m| p.mapper.member.get(m));
            rules.filter(|r| r.on.iter().any(|k| k == kind)).collect::<Vec<_>>()
        })
    }

    /// The pack whose functions make expressions, for a qualified name.
    pub fn expression_pack(&self, language: Option<Language>, qualified: &str) -> Option<PackId> {
        let makes = |p: &PackWords, name: &str| p.mapper.expressions.iter().any(|m| is_inside(m, name));
        let inside =
            |name: &str| (0..self.packs.len()).find(|&at| self.speaks(at, language) && self.packs.get(at).is_some_and(|p| makes(p, name)));
        inside(qualified).or_else(|| inside(&self.handed_on(qualified)?))
    }
}

impl PackWords {
    fn new(id: &str, language: Language, imports: &[String], mapper: &Mapper) -> Self {
        let mut words = PackWords {
            id: id.into(),
            languages: vec![language],
            imports: imports.to_vec(),
            mapper: mapper.clone(),
            chain: Vec::new(),
            methods: HashMap::default(),
            itself: Vec::new(),
            members: HashMap::default(),
        };
        for (c, call) in mapper.call.iter().enumerate() {
            if call.itself {
                words.itself.push(c);
            } else if !call.on.is_empty() {
                call.names.iter().for_each(|n| words.methods.entry(n.clone()).or_default().push(c));
            }
        }
        for (m, member) in mapper.member.iter().enumerate() {
            for name in &member.names {
                let key = if name.starts_with('*') { "*" } else { name.as_str() };
                words.members.entry(key.to_string()).or_default().push(m);
            }
        }
        words
    }

    fn fits(&self, call: usize, kind: &str, count: usize) -> bool {
        self.mapper.call.get(call).is_some_and(|c| c.on.iter().any(|k| k == kind) && arity_fits(&c.arity, count))
    }

    /// Whether one of these modules puts the pack in force.
    pub fn is_imported(&self, module: &str) -> bool {
        self.imports.iter().any(|i| is_inside(i, module))
    }
}

/// Last segment of a dotted name.
pub(super) fn last(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// Whether `name` (of a pack) says `qualified`: it is its end, or it begins and ends alike
/// (`sqlalchemy.select` is `sqlalchemy.sql.expression.select` too).
pub(super) fn is_name_of(name: &str, qualified: &str) -> bool {
    let boundary = |rest: &str| rest.is_empty() || rest.ends_with(['.', '/']);
    if qualified.strip_suffix(name).is_some_and(boundary) {
        return true;
    }
    let Some((head, tail)) = name.rsplit_once('.') else { return false };
    is_inside(head, qualified) && qualified.strip_suffix(tail).is_some_and(boundary)
}

/// Whether `qualified` is `module` or something in it.
fn is_inside(module: &str, qualified: &str) -> bool {
    qualified.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
}

/// Whether a rule for `2`, `1..`, `..3` positional arguments takes `count`.
fn arity_fits(arity: &str, count: usize) -> bool {
    if arity.is_empty() {
        return true;
    }
    match arity.split_once("..") {
        Some((from, to)) => {
            let from: usize = from.parse().unwrap_or(0);
            let to: usize = to.parse().unwrap_or(usize::MAX);
            (from..=to).contains(&count)
        }
        None => arity.parse() == Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_by_their_end_or_by_both_ends() {
        for (name, qualified, right) in [
            ("sqlalchemy.select", "sqlalchemy.select", true),
            ("sqlalchemy.select", "sqlalchemy.sql.expression.select", true),
            ("gorm.DB", "gorm.io/gorm.DB", true),
            ("Session", "sqlalchemy.orm.Session", true),
            ("Session", "x.MySession", false),
            ("sqlalchemy.select", "other.select", false),
        ] {
            assert_eq!(is_name_of(name, qualified), right, "{name} {qualified}");
        }
        for (arity, count, right) in
            [("", 3, true), ("2", 2, true), ("2", 1, false), ("1..", 4, true), ("..1", 2, false), ("1..2", 2, true)]
        {
            assert_eq!(arity_fits(arity, count), right, "{arity} {count}");
        }
    }
}
