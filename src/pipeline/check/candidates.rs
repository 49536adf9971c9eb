//! Which indexed statements a change can reach, and the verdict on each.

use super::prove::{self, Account};
use super::{CheckError, CheckRequest, Run, Sources, explain, paths};
use crate::impact::findings::{Belonging, Origin, Place, at_definition, belonging, finding, join_shared, on_definition};
use crate::impact::judgement::Cause;
use crate::impact::proved::Proved;
use crate::impact::rules::column_now_required;
use crate::impact::{Judgement, Pairing, StatementInput, Untouched, definitions, judge_paired, settle};
use crate::index::databases::fit;
use crate::index::placing::{DYNAMIC_TABLE, object_symbol};
use crate::migrations::dialects::unsupported_engine;
use crate::model::change::Change;
use crate::model::dialect::Dialect;
use crate::model::finding::{Effect, Finding};
use crate::model::problem::{Problem, Stage};
use crate::model::project::Service;
use crate::model::report::Report;
use crate::model::schema::Schema;
use crate::model::statement::{ColumnRef, Consumer, Evidence, Mapped, MappedField, StatementKind};
use crate::pipeline::view::{IndexView, Lens, SnapshotView};
use crate::proof::{Choice, Task};
use crate::sql::bind::SessionState;
use crate::sql::parse::{foreign_engine, parse_statement};
use crate::store::{Form, FoundStatement, Occurrence, StatementReader, StoreError, UnitRow};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Unit, group, path, and whether it stands at a definition.
type SiteKey = (i64, u32, Rc<str>, bool);

/// The gravest of the variants of a site.
struct Site {
    occurrence: Occurrence,
    /// The statement in full, where it was read.
    found: Option<FoundStatement>,
    judgement: Rc<Judgement>,
    belongs: Rc<Belongs>,
}

/// Judges all statements of the view that the changes can reach.
pub fn judge(
    (view, lens): (&IndexView, Lens),
    runs: &mut [Run],
    request: &CheckRequest,
    sources: &mut Sources,
    findings: &mut Vec<Finding>,
    report: &mut Report,
) -> Result<(), CheckError> {
    let mut doubts = BTreeSet::new();
    let mut foreign: BTreeMap<(String, String), BTreeSet<i64>> = BTreeMap::new();
    let mut accounts = Vec::new();
    let shared: &[Run] = runs;
    for (number, run) in shared.iter().enumerate() {
        let names = affected(&run.before, &run.after, &run.changes);
        let pairing = Pairing::new(&run.before, &run.after, &run.changes);
        // Of what is safe all the same more is said where everything is listed.
        let untouched = (!request.all).then(|| Untouched::new(&pairing, &run.changes));
        let mut judged = Judged { untouched, ..Judged::default() };
        // Variants of one site: the gravest stands for all. What is mended at a definition does not stand for what the
        // code names itself.
        let mut sites: BTreeMap<SiteKey, Site> = BTreeMap::new();
        // By unit: how its service belongs to the database. Statements of other databases are not read.
        let mut units: HashMap<i64, Option<Rc<Belongs>>> = HashMap::new();
        let mut failed = None;
        let mut wanted = |unit: i64| {
            let decide = || {
                let (snapshot, service, row) = lens.find(unit)?;
                match belongs(view, snapshot, (service, row), shared, number) {
                    Ok(found) => found.map_err(|doubt| doubts.extend(doubt)).ok().map(Rc::new),
                    Err(error) => {
                        failed = Some(error);
                        None
                    }
                }
            };
            units.entry(unit).or_insert_with(decide).is_some()
        };
        let occurrences = view.store.statements_naming(&names, &mut wanted)?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if request.proof.choice != Choice::Off {
            for occurrence in &occurrences {
                if units.get(&occurrence.unit).is_some_and(Option::is_some) {
                    judged.of(&occurrence.form, &pairing, run);
                }
            }
            accounts.push((number, judged.prove(run, request)));
        }
        let mut reader = view.store.statement_reader();
        for occurrence in occurrences {
            let Some(belongs) = units.get(&occurrence.unit).and_then(Option::clone) else { continue };
            let judgement = match judged.of(&occurrence.form, &pairing, run) {
                Answer::Judged(judgement) => judgement,
                Answer::Left => Rc::default(),
                Answer::Foreign(engine) => {
                    let Some((snapshot, ..)) = lens.find(occurrence.unit) else { continue };
                    foreign.entry((snapshot.row.repo.clone(), engine)).or_default().insert(occurrence.id);
                    continue;
                }
            };
            report.waiting |= judgement.waits_for.is_some();
            // An attribute stands for itself; where it is safe, nothing is said of it.
            if judgement.cause.is_none() && occurrence.form.kind == StatementKind::Use {
                continue;
            }
            // Of what is safe, no more is read than its form.
            let found = match judgement.cause {
                Some(_) => Some(reader.read(&occurrence)?),
                None => None,
            };
            let elsewhere = |f: &FoundStatement| matches!(belonging(&f.indexed, &mut Judgement::clone(&judgement)), Belonging::At(_));
            let key = (occurrence.unit, occurrence.site_group, occurrence.path.clone(), found.as_ref().is_some_and(elsewhere));
            match sites.get_mut(&key) {
                // The statement reaches over the pieces of all variants that are hit alike.
                Some(first) if first.judgement.effect == judgement.effect && first.judgement.effect != Effect::Safe => {
                    if let (Some(first), Some(found)) = (&mut first.found, found) {
                        let lines = found.indexed.lines;
                        first.indexed.lines = (first.indexed.lines.0.min(lines.0), first.indexed.lines.1.max(lines.1));
                    }
                }
                Some(first) if first.judgement.effect >= judgement.effect => {}
                _ => {
                    sites.insert(key, Site { occurrence, found, judgement, belongs });
                }
            }
        }
        let definitions = match sites.values().any(|s| Definitions::matter(&s.judgement)) {
            true => Definitions::of(sites.values_mut(), &mut reader)?,
            false => Definitions::default(),
        };
        let mut own = Vec::new();
        for Site { occurrence, found, judgement, belongs } in sites.into_values() {
            let mut judgement = Rc::unwrap_or_clone(judgement);
            if let Some(found) = &found {
                definitions.without_taken(found, &mut judgement, &pairing);
            }
            let sent = !matches!(occurrence.form.kind, StatementKind::Model | StatementKind::Use);
            let Some((snapshot, service, _)) = lens.find(occurrence.unit) else { continue };
            report.summary.judged += u32::from(sent);
            report.summary.safe += u32::from(sent && judgement.effect == Effect::Safe);
            if judgement.effect == Effect::Safe && (!request.all || !sent) {
                continue;
            }
            let found = match found {
                Some(found) => found,
                None => reader.read(&occurrence)?,
            };
            let statement = &found.indexed.statement;
            let path = statement.files.first().map_or("", String::as_str);
            let origin = Origin {
                repo: snapshot.row.repo.clone(),
                service: snapshot.shown_service(service),
                owners: snapshot.owners(service, path),
                database: run.world.database.clone(),
                weight: belongs.weight,
                revisions: Vec::new(),
            };
            if statement.kind == StatementKind::Use {
                // The database would not notice: it is what a developer must edit.
                judgement.effect = Effect::ChangesResult;
                judgement.prepared_effect = judgement.prepared_effect.min(Effect::ChangesResult);
                judgement.confidence = judgement.confidence.min(if statement.evidence == Evidence::Name { 40 } else { 60 });
            }
            let place = match definitions.lacking(&found, &judgement) {
                Some(place) => Belonging::At(place),
                None => belonging(&found.indexed, &mut judgement),
            };
            let text = &found.indexed.statement.text.text;
            let finding = finding(&found.indexed, &judgement, &origin, &run.changes, &paths(&request.inputs));
            let mut finding = match place {
                Belonging::Nowhere => continue,
                Belonging::Here if statement.kind == StatementKind::Model && finding.token.is_some() => on_definition(finding),
                Belonging::Here => finding,
                Belonging::At(place) => at_definition(finding, &place),
            };
            if let Some(note) = &belongs.note {
                finding.message = format!("{} ({note})", finding.message);
            }
            finding.source_line = source_line(sources, snapshot, &finding);
            if request.explain {
                finding.bindings = explain::bindings(text, &run.before, &run.after);
            }
            own.push(finding);
        }
        findings.extend(join_shared(own, request.all));
    }
    for (number, account) in accounts {
        if let Some(run) = runs.get_mut(number) {
            account.close(number, run, report, request.proof.cache.as_deref());
        }
    }
    for ((repo, engine), statements) in foreign {
        let count = statements.len();
        let text = match count {
            1 => format!("{repo}: 1 statement that may name what changes is for {engine}; it is not judged"),
            _ => format!("{repo}: {count} statements that may name what changes are for {engine}; they are not judged"),
        };
        report.problems.push(Problem::new(Stage::Bind, text));
    }
    report.problems.extend(doubts.into_iter().map(|text| Problem::new(Stage::Bind, text)));
    Ok(())
}

/// The engine that a statement is for, where that is none of ours: its client is that engine's, or its parameters are.
pub(super) fn other_engine(form: &Form, dialect: Dialect) -> Option<String> {
    let by_client = unsupported_engine(&form.library).map(str::to_string);
    by_client.or_else(|| foreign_engine(&form.text, dialect).map(str::to_string))
}

/// Where the models of the units at hand define their tables, and which columns they map.
#[derive(Default)]
struct Definitions {
    tables: BTreeMap<(i64, String), Place>,
    columns: BTreeSet<(i64, String, String)>,
    /// What fields take, by the place of their column's name.
    fields: BTreeMap<(i64, String, u32, u32), MappedField>,
}

impl Definitions {
    /// Whether they can change what is said of a verdict.
    fn matter(judgement: &Judgement) -> bool {
        let rules = judgement.cause.iter().chain(&judgement.also).map(|c| c.rule);
        rules.into_iter().any(|rule| rule == column_now_required::RULE.meta.id || definitions::may_take(rule))
    }

    /// Reads the definitions among the sites.
    fn of<'a>(sites: impl Iterator<Item = &'a mut Site>, reader: &mut StatementReader) -> Result<Self, StoreError> {
        let mut out = Definitions::default();
        for site in sites.filter(|s| s.occurrence.form.evidence == Evidence::Definition) {
            let found = match &mut site.found {
                Some(found) => found,
                none => none.insert(reader.read(&site.occurrence)?),
            };
            for reference in &found.indexed.references {
                let table = reference.table.clone();
                match &reference.column {
                    ColumnRef::Named(column) => {
                        out.columns.insert((found.unit, table, column.clone()));
                        let place = found.indexed.place(reference.span);
                        if let (Some(Mapped::Field(field)), Some((0, token)), Some(path)) =
                            (found.indexed.statement.maps.as_ref(), place, found.indexed.statement.files.first())
                        {
                            out.fields.insert((found.unit, path.clone(), token.line, token.column), *field);
                        }
                    }
                    _ => {
                        let place = found.indexed.place(reference.span);
                        if let (Some((0, token)), Some(path)) = (place, found.indexed.statement.files.first()) {
                            out.tables.entry((found.unit, table)).or_insert(Place { path: path.clone(), token });
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    /// Leaves out what the fields that the rows are read into take as it becomes.
    fn without_taken(&self, found: &FoundStatement, judgement: &mut Judgement, pairing: &Pairing) {
        let statement = &found.indexed.statement;
        if self.fields.is_empty() || judgement.effect == Effect::Safe || statement.kind == StatementKind::Model {
            return;
        }
        let taken = |cause: &Cause| {
            let place = found.indexed.place(cause.span).filter(|_| statement.text.is_implied(cause.span) == Some(true));
            let key = place.and_then(|(file, t)| Some((found.unit, statement.files.get(usize::from(file))?.clone(), t.line, t.column)));
            key.and_then(|k| self.fields.get(&k)).is_some_and(|field| definitions::takes(field, pairing, cause))
        };
        judgement.retain(|cause| !taken(cause));
    }

    /// The definition of a model that lacks the column which an INSERT must write now: no call can write it.
    fn lacking(&self, found: &FoundStatement, judgement: &Judgement) -> Option<Place> {
        let cause = judgement.cause.as_ref().filter(|c| c.rule == column_now_required::RULE.meta.id)?;
        let object = cause.object.as_ref()?;
        let (table, column) = (object.table.clone()?, object.column.clone()?);
        if found.indexed.statement.evidence != Evidence::Composed || self.columns.contains(&(found.unit, table.clone(), column)) {
            return None;
        }
        self.tables.get(&(found.unit, table)).cloned()
    }
}

/// What a run says of a form.
#[derive(Clone)]
enum Answer {
    Judged(Rc<Judgement>),
    /// No change can reach it.
    Left,
    /// It is for this engine, which is none of ours.
    Foreign(String),
}

/// What is sent alike is judged once: mappers send the same few texts from all over a service.
#[derive(Default)]
struct Judged {
    untouched: Option<Untouched>,
    forms: FxHashMap<Rc<Form>, Answer>,
    /// By text, what reads its rows, and whether whole numbers of any size fit.
    plain: FxHashMap<(String, Consumer, bool), Rc<Judgement>>,
}

impl Judged {
    fn of(&mut self, form: &Rc<Form>, pairing: &Pairing, run: &Run) -> Answer {
        if let Some(known) = self.forms.get(form) {
            return known.clone();
        }
        let answer = match other_engine(form, run.before.dialect) {
            Some(engine) => Answer::Foreign(engine),
            None if self.untouched.as_ref().is_some_and(|u| u.leaves(&form.text, !form.holes.is_empty(), form.maps.as_ref())) => {
                debug_assert!(judge_one(form, pairing, run).leaves(), "what is surely left alone is touched: {}", form.text);
                Answer::Left
            }
            None if !form.holes.is_empty() || form.maps.is_some() => Answer::Judged(Rc::new(judge_one(form, pairing, run))),
            None => {
                let key = (form.text.clone(), form.consumer, form.any_integer);
                Answer::Judged(self.plain.entry(key).or_insert_with(|| Rc::new(judge_one(form, pairing, run))).clone())
            }
        };
        self.forms.insert(form.clone(), answer.clone());
        answer
    }
}

impl Judged {
    /// Asks an engine about everything that is sent and was judged, and corrects the verdicts.
    fn prove(&mut self, run: &Run, request: &CheckRequest) -> Account {
        let sent = |form: &Rc<Form>| !matches!(form.kind, StatementKind::Model | StatementKind::Use);
        let mut forms: Vec<(Rc<Form>, Rc<Judgement>)> = Vec::new();
        for (form, answer) in &self.forms {
            if let Answer::Judged(judgement) = answer
                && sent(form)
            {
                forms.push((form.clone(), judgement.clone()));
            }
        }
        // In one order for every run; what is refused matters most where not all can be asked.
        forms.sort_by(|a, b| {
            b.1.effect.cmp(&a.1.effect).then_with(|| a.0.text.cmp(&b.0.text)).then_with(|| a.0.consumer.cmp(&b.0.consumer))
        });
        let mut texts: Vec<&str> = Vec::new();
        let mut number = FxHashMap::default();
        for (form, _) in &forms {
            number.entry(form.text.as_str()).or_insert_with(|| {
                texts.push(&form.text);
                texts.len() - 1
            });
        }
        let tasks = texts.iter().map(|t| Task { text: (*t).to_string(), session: Vec::new() }).collect();
        let answers = prove::ask(&request.proof, run, tasks);
        let mut account = Account::of(&answers);
        for (form, judgement) in &forms {
            let Some(answer) = number.get(form.text.as_str()).and_then(|n| answers.statements.get(*n)) else { continue };
            let mut settled = Judgement::clone(judgement);
            let on =
                Proved { text: &form.text, offset: 0, consumer: form.consumer, engine: run.before.dialect.engine, changes: &run.changes };
            account.settled(&form.text, answer, |proof| settle(&mut settled, proof, on));
            if settled != **judgement {
                self.forms.insert(form.clone(), Answer::Judged(Rc::new(settled)));
            }
        }
        account
    }
}

fn judge_one(form: &Form, pairing: &Pairing, run: &Run) -> Judgement {
    let parsed = parse_statement(&form.text, run.before.dialect);
    let input = StatementInput {
        statement: &parsed,
        text: &form.text,
        kind: form.kind,
        consumer: form.consumer,
        any_integer: form.any_integer,
        maps: form.maps.as_ref(),
        holes: !form.holes.is_empty(),
        parts: &form.holes,
    };
    let session = SessionState::default();
    judge_paired(pairing, &run.changes, &input, &session, &session)
}

/// How a service belongs to the database of a run.
#[derive(Clone)]
struct Belongs {
    weight: u8,
    note: Option<String>,
}

/// Whether the statements of a unit are for the database of a run. The inner `Err`: they are not, with what to say of
/// it.
fn belongs(
    view: &IndexView,
    snapshot: &SnapshotView,
    (service, unit): (&Service, &UnitRow),
    runs: &[Run],
    number: usize,
) -> Result<Result<Belongs, Option<String>>, StoreError> {
    let run = &runs[number];
    let sure = Ok(Ok(Belongs { weight: 100, note: None }));
    let world = &run.world;
    let named = |run: &Run| run.world.database.as_ref().is_some_and(|d| unit.info.database.as_ref().is_some_and(|(u, _)| u == d));
    if world.database.is_none() && world.repo.is_none() && !world.before.complete && unit.info.database.is_none() {
        return sure;
    }
    if !service.databases.is_empty() {
        return if world.database.as_ref().is_none_or(|d| service.databases.contains(d)) { sure } else { Ok(Err(None)) };
    }
    if named(run) {
        let certain = world.certain;
        let note = (!certain).then(|| "the migration names no database; this one fits by its tables".to_string());
        return Ok(Ok(Belongs { weight: if certain { 100 } else { 80 }, note }));
    }
    if world.services.contains(&service.name) {
        return sure;
    }
    if unit.info.database.is_some() && world.database.is_some() {
        // It talks to another database that is known.
        return Ok(Err(None));
    }
    let tables: BTreeSet<&str> = run.changes.iter().filter_map(|c| c.object.table.as_deref()).collect();
    let mut used = view.store.unit_tables(unit.id)?;
    used.retain(|(t, _)| tables.contains(t.as_str()));
    let fits = fit(&used, &run.before);
    if fits.missing > 0 && fits.missing > fits.columns {
        let database = world.database.as_deref().unwrap_or("the database");
        let text = format!(
            "{}: {} uses columns of {} that {database} does not have; taken for another database",
            snapshot.row.repo,
            service.name,
            used.iter().map(|u| u.0.as_str()).collect::<Vec<_>>().join(", ")
        );
        return Ok(Err(Some(text)));
    }
    let note = "its database is not known; the columns that it uses fit".to_string();
    Ok(Ok(Belongs { weight: if fits.missing == 0 { 80 } else { 60 }, note: world.database.is_some().then_some(note) }))
}

/// Names of everything that the changes can reach: changed objects, views and triggers over them, tables that
/// refer to them.
fn affected(before: &Schema, after: &Schema, changes: &[Change]) -> Vec<String> {
    let mut tables: BTreeSet<String> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for change in changes {
        tables.extend(change.object.table.iter().cloned());
        if let Some(new) = &change.new_name {
            tables.insert(new.name.clone());
        }
        if let Some(name) = &change.object.name {
            names.extend(object_symbol(change.object.kind, name));
            // Types and functions reach the tables that use them.
            let words = |schema: &Schema| -> Vec<String> {
                let uses = |t: &&crate::model::schema::Table| {
                    t.columns.iter().any(|c| c.ty.name.eq_ignore_ascii_case(name) || mentions(c.default.as_deref().unwrap_or(""), name))
                };
                schema.tables.values().filter(uses).map(|t| t.name.name.clone()).collect()
            };
            tables.extend(words(before));
            tables.extend(words(after));
        }
    }
    // Views, triggers and foreign keys lead on; to a fixpoint, bounded by the number of tables.
    for _ in 0..before.tables.len().min(32) {
        let size = tables.len();
        for schema in [before, after] {
            for table in schema.tables.values() {
                let reached = |text: &str| tables.iter().any(|t| mentions(text, t));
                let through_view = table.view().is_some_and(|v| reached(&v.query));
                let through_trigger = table.triggers.iter().any(|t| {
                    let body =
                        t.function.as_ref().and_then(|f| schema.functions.iter().find(|g| g.name == *f)).map_or("", |f| f.body.as_str());
                    reached(&t.body) || reached(body)
                });
                if through_view || through_trigger {
                    tables.insert(table.name.name.clone());
                }
            }
            for function in &schema.functions {
                if tables.iter().any(|t| mentions(&function.body, t)) {
                    names.insert(format!("function:{}", function.name.name.to_lowercase()));
                }
            }
        }
        if tables.len() == size {
            break;
        }
    }
    names.extend(tables);
    names.insert(DYNAMIC_TABLE.to_string());
    names.into_iter().collect()
}

/// Whether `text` holds `name` as a word, in any case.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    if name.is_empty() || text.len() < name.len() {
        return false;
    }
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.is_ascii() && name.is_ascii() {
        let (text, name) = (text.as_bytes(), name.as_bytes());
        let first = name.first().copied().unwrap_or_default();
        let word = |at: Option<usize>| word(at.and_then(|i| text.get(i)).map(|b| char::from(*b)));
        let mut starts = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
        return starts.any(|at| {
            let here = text.get(at..at + name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
            here && !word(at.checked_sub(1)) && !word(Some(at + name.len()))
        });
    }
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    text.match_indices(&name).any(|(i, m)| !word(text[..i].chars().next_back()) && !word(text[i + m.len()..].chars().next()))
}

/// The source line of a finding's token, where the file is still there.
fn source_line(sources: &mut Sources, snapshot: &SnapshotView, finding: &Finding) -> Option<String> {
    let token = finding.token?;
    let line = sources.line(&snapshot.row, &finding.path, token.line)?;
    // A line that no longer holds the token is of a later state of the file.
    (line.chars().count() as u32 + 1 >= token.end_column).then_some(line)
}
