//! Queries put together by hand, what they become, and that it binds. `«x»` stands where the code names x, `‹x›`
//! where the library takes x from a definition.

use super::Composer;
use crate::grammar::PackSet;
use crate::grammar::mapper::{FieldRole, RelationShape, Verb};
use crate::index::mapping::{Model, ModelField, Models, Named, Origin, Relation, Through};
use crate::index::trace::query::*;
use crate::model::dialect::{Dialect, Engine};
use crate::model::schema::Schema;
use crate::model::span::Span;
use crate::model::statement::{COMPUTED, SqlText};
use crate::sql::apply::{ApplyOptions, apply};
use crate::sql::bind::{SessionState, bind};
use crate::sql::parse::parse_statement;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::OnceLock;

const SCHEMA: &str = "
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE person (id bigint PRIMARY KEY, email text, org_id bigint REFERENCES orgs);
CREATE TABLE agent (person_id bigint PRIMARY KEY REFERENCES person, team text);
CREATE TABLE ticket (id bigint PRIMARY KEY, subject text, state text, due_at timestamp, org bigint, requester_id bigint,
  kind text, modified timestamp, deleted_at timestamp, version int);
CREATE TABLE label (id bigint PRIMARY KEY, text text);
CREATE TABLE ticket_labels (id bigint PRIMARY KEY, ticket_id bigint, label_id bigint, UNIQUE (ticket_id, label_id));";

fn origin(at: u32) -> Option<Origin> {
    Some(Origin { file: at / 1000, span: Span { start: at % 1000, end: at % 1000 + 4 } })
}

fn named(text: &str, at: u32) -> Named {
    Named { text: text.into(), origin: origin(at) }
}

fn made(text: &str) -> Named {
    Named { text: text.into(), origin: None }
}

fn place(at: u32) -> Origin {
    origin(at).expect("a place")
}

fn field(name: &str, column: &str, at: u32, role: FieldRole) -> ModelField {
    let primary = role == FieldRole::Primary;
    ModelField { role, primary, generated: primary, ..ModelField::new(name, Named { text: column.into(), origin: origin(at) }, place(at)) }
}

fn model(name: &str, table: &str, at: u32, fields: Vec<ModelField>) -> Model {
    Model {
        pack: "test".into(),
        name: named(name, at),
        class: None,
        origin: Origin { file: at / 1000, span: Span { start: at % 1000, end: at % 1000 + 100 } },
        apart: None,
        table: named(table, at),
        schema: None,
        alias: None,
        is_abstract: false,
        shares: None,
        parent: None,
        fields,
        relations: Vec::new(),
        order: Vec::new(),
        discriminator: None,
        indexes: Vec::new(),
    }
}

fn relation(name: &str, shape: RelationShape, target: u32, own: Named, other: Named) -> Relation {
    Relation { origin: origin(1900), ..Relation::new(name, shape, target, vec![(own, other)]) }
}

const ORG: u32 = 0;
const PERSON: u32 = 1;
const AGENT: u32 = 2;
const TICKET: u32 = 3;
const LABEL: u32 = 4;
const INCIDENT: u32 = 5;

fn models() -> Models {
    use FieldRole::*;
    let mut out = Models::default();
    let mut org = model("Org", "orgs", 1000, vec![field("id", "id", 1010, Primary), field("name", "name", 1020, Column)]);
    org.order = vec![named("name", 1090)];
    let person = model(
        "Person",
        "person",
        1100,
        vec![field("id", "id", 1110, Primary), field("email", "email", 1120, Column), field("org", "org_id", 1130, Column)],
    );
    let mut agent = model("Agent", "agent", 1200, vec![field("person", "person_id", 1210, Column), field("team", "team", 1220, Column)]);
    agent.parent = Some((PERSON, 0));
    let mut ticket = model(
        "Ticket",
        "ticket",
        1300,
        vec![
            field("id", "id", 1310, Primary),
            field("subject", "subject", 1320, Column),
            field("state", "state", 1330, Column),
            field("due", "due_at", 1340, Column),
            field("organization", "org", 1350, Column),
            field("requester", "requester_id", 1360, Column),
            field("modified", "modified", 1370, Updated),
            field("deleted", "deleted_at", 1380, Deleted),
        ],
    );
    ticket.order = vec![made("-due"), named("organization__name", 1395)];
    ticket.relations = vec![
        relation("organization", RelationShape::ToOne, ORG, made("org"), made("id")),
        relation("requester", RelationShape::ToOne, AGENT, made("requester_id"), made("person_id")),
        Relation {
            through: Some(Through { table: made("ticket_labels"), schema: None, model: None, keys: vec![(made("label_id"), made("id"))] }),
            ..relation("labels", RelationShape::ManyToMany, LABEL, made("id"), named("ticket_id", 1399))
        },
    ];
    let label = model("Label", "label", 1400, vec![field("id", "id", 1410, Primary), field("text", "text", 1420, Column)]);
    let mut incident = model(
        "Incident",
        "ticket",
        1500,
        vec![field("id", "id", 1310, Primary), field("kind", "kind", 1510, Column), field("version", "version", 1520, Version)],
    );
    incident.shares = Some(TICKET);
    incident.discriminator = Some((1, Some("incident".into())));
    out.models = vec![org, person, agent, ticket, label, incident];
    out
}

fn packs() -> &'static PackSet {
    static PACKS: OnceLock<PackSet> = OnceLock::new();
    PACKS.get_or_init(|| PackSet::from_files(BTreeMap::new()).unwrap_or_else(|e| panic!("{}", e.len())))
}

fn schema(engine: Engine) -> Schema {
    apply(&Schema::empty(Dialect::of(engine)), SCHEMA, &ApplyOptions::default()).0
}

/// The text with marks.
fn shown(text: &SqlText) -> String {
    let mut out = String::new();
    for (i, c) in text.text.char_indices() {
        let i = i as u32;
        for piece in text.pieces.iter().filter(|p| p.at == i) {
            out.push(if piece.implied { '‹' } else { '«' });
        }
        out.push(if c == COMPUTED { '…' } else { c });
        for piece in text.pieces.iter().filter(|p| p.at + p.len == i + c.len_utf8() as u32) {
            out.push(if piece.implied { '›' } else { '»' });
        }
    }
    out
}

fn check(queries: Vec<Query>, expected: &[&str]) {
    check_for(Engine::Postgres, queries, expected);
}

fn check_for(engine: Engine, queries: Vec<Query>, expected: &[&str]) {
    let models = models();
    let composer = Composer { models: &models, queries: &queries, packs: packs(), dialect: Dialect::of(engine) };
    let all = composer.compose(0, 0);
    let schema = schema(engine);
    let mut given = String::new();
    for composed in &all {
        let _ = writeln!(given, "{}", shown(&composed.text));
        let parsed = parse_statement(&composed.text.text, schema.dialect);
        assert!(parsed.errors.is_empty(), "{:?}\n{}", parsed.errors, composed.text.text);
        let binding = bind(&parsed, &composed.text.text, &schema, &SessionState::default());
        assert!(binding.error.is_none(), "{:?}\n{}", binding.error, composed.text.text);
    }
    let expected: String = expected.iter().map(|l| format!("{l}\n")).collect();
    assert!(given == expected, "\n--- expected\n{expected}--- given\n{given}");
}

fn source(model: u32, at: u32) -> Source {
    Source { table: SourceTable::Model(model), alias: None, join: None, origin: origin(at) }
}

fn from(model: u32) -> Query {
    Query { verb: Some(Verb::Select), sources: vec![source(model, 1)], ..Query::default() }
}

fn on(model: u32, field: u32, at: u32) -> SqlExpr {
    SqlExpr::Field { source: SourceRef::Root, model, field, origin: origin(at) }
}

fn of(model: u32, field: u32, at: u32) -> SqlExpr {
    SqlExpr::Field { source: SourceRef::Model(model, None), model, field, origin: origin(at) }
}

fn is(left: SqlExpr) -> SqlExpr {
    SqlExpr::Compare("=".into(), Box::new(left), vec![SqlExpr::Value(None)])
}

#[test]
fn whole_rows_are_implied_and_conditions_written() {
    check(
        vec![Query { filters: vec![is(on(ORG, 1, 20))], ..from(ORG) }],
        &["SELECT orgs.‹id›, orgs.‹name› FROM «orgs» WHERE orgs.«name» = $1 ORDER BY orgs.‹name›"],
    );
}

#[test]
fn default_orders_follow_relations_and_deleted_rows_are_left_out() {
    check(
        vec![Query { only: vec![on(TICKET, 1, 30)], ..from(TICKET) }],
        &["SELECT ticket.«subject» FROM «ticket» LEFT JOIN ‹orgs› ON ticket.‹org› = orgs.‹id› WHERE ticket.‹deleted_at› IS NULL \
           ORDER BY ticket.‹due_at› DESC, orgs.‹name›"],
    );
}

#[test]
fn joined_parents_are_joined() {
    check(
        vec![Query { filters: vec![is(on(PERSON, 1, 20))], ..from(AGENT) }],
        &["SELECT agent.‹person_id›, agent.‹team›, person.‹id›, person.‹email›, person.‹org_id› FROM «agent» \
           JOIN ‹person› ON agent.‹person_id› = person.‹id› WHERE person.«email» = $1"],
    );
}

#[test]
fn relations_are_loaded_with_the_rows_or_apart() {
    let load = |relation, joined| Load { path: vec![(relation, origin(50))], joined, query: None };
    let q = Query {
        select: Vec::new(),
        only: vec![on(TICKET, 0, 30)],
        unordered: true,
        unscoped: true,
        loads: vec![load(1, true), load(2, false)],
        ..from(TICKET)
    };
    check(
        vec![q],
        &[
            "SELECT ticket.«id», agent.‹person_id›, agent.‹team›, person.‹id›, person.‹email›, person.‹org_id› FROM «ticket» \
             LEFT JOIN «agent» ON ticket.‹requester_id› = agent.‹person_id› LEFT JOIN ‹person› ON agent.‹person_id› = person.‹id›",
            "SELECT label.‹id›, label.‹text›, ticket_labels.‹ticket_id› FROM «label» JOIN ticket_labels ON \
             ticket_labels.label_id = label.‹id› WHERE ticket_labels.‹ticket_id› IN ($1)",
        ],
    );
}

#[test]
fn aggregates_are_real_only_where_the_grouping_is_known() {
    let count = || SqlExpr::Label(Box::new(SqlExpr::Call("Count".into(), vec![on(TICKET, 0, 40)])), named("n", 44));
    let grouped = Query {
        select: vec![on(TICKET, 2, 30), count()],
        group: vec![on(TICKET, 2, 0)],
        having: vec![SqlExpr::Compare(">".into(), Box::new(SqlExpr::Output(named("n", 60))), vec![SqlExpr::Value(None)])],
        unscoped: true,
        order: vec![SqlExpr::Descending(Box::new(SqlExpr::Output(named("n", 70))))],
        ..from(TICKET)
    };
    check(
        vec![grouped],
        &["SELECT ticket.«state», count(ticket.«id») AS «n» FROM «ticket» GROUP BY ticket.«state» \
           HAVING count(ticket.«id») > $1 ORDER BY «n» DESC"],
    );
    let whole = Query { select: vec![count()], select_also: true, unordered: true, ..from(ORG) };
    let whole = Query { select: vec![SqlExpr::Call("count".into(), vec![on(ORG, 0, 40)])], ..whole };
    check(vec![whole], &["SELECT orgs.‹id›, orgs.‹name›, …(orgs.«id») FROM «orgs»"]);
}

#[test]
fn queries_within_see_the_rows_around_them() {
    let inner = Query { filters: vec![SqlExpr::Compare("=".into(), Box::new(of(TICKET, 4, 60)), vec![of(ORG, 0, 70)])], ..from(TICKET) };
    let outer = Query { filters: vec![SqlExpr::Exists(1)], unordered: true, ..from(ORG) };
    check(
        vec![outer, inner],
        &["SELECT orgs.‹id›, orgs.‹name› FROM «orgs» WHERE EXISTS (SELECT 1 FROM «ticket» WHERE ticket.«org» = orgs.«id» \
           AND ticket.‹deleted_at› IS NULL)"],
    );
}

#[test]
fn tables_are_read_off_the_columns() {
    let q = Query {
        columns_only: true,
        select: vec![of(ORG, 1, 20), SqlExpr::Call("date_trunc".into(), vec![of(PERSON, 1, 30)])],
        sources: Vec::new(),
        unordered: true,
        ..from(ORG)
    };
    check(vec![q], &["SELECT orgs.«name», …(person.«email») FROM ‹orgs› CROSS JOIN ‹person›"]);
}

#[test]
fn entities_are_inserted_table_by_table() {
    let q = Query {
        verb: Some(Verb::Insert),
        entity: Some(EntityWrite::NewAll),
        set: vec![(on(PERSON, 1, 20), SqlExpr::Value(None)), (on(AGENT, 1, 30), SqlExpr::Null)],
        ..from(AGENT)
    };
    check(
        vec![q],
        &["INSERT INTO ‹person› («email», ‹org_id›) VALUES ($1, $2)", "INSERT INTO «agent» («team», ‹person_id›) VALUES (NULL, $1)"],
    );
}

#[test]
fn upserts_by_engine() {
    let q = || Query {
        verb: Some(Verb::Upsert),
        sources: vec![Source {
            table: SourceTable::Table { schema: None, name: named("ticket_labels", 1) },
            alias: None,
            join: None,
            origin: None,
        }],
        set: vec![
            (SqlExpr::Column { source: SourceRef::Root, name: named("ticket_id", 10) }, SqlExpr::Value(None)),
            (SqlExpr::Column { source: SourceRef::Root, name: named("label_id", 20) }, SqlExpr::Value(None)),
            (SqlExpr::Column { source: SourceRef::Root, name: named("id", 25) }, SqlExpr::Value(None)),
        ],
        conflict: vec![
            SqlExpr::Column { source: SourceRef::Root, name: named("ticket_id", 30) },
            SqlExpr::Column { source: SourceRef::Root, name: named("label_id", 40) },
        ],
        ..Query::default()
    };
    check(
        vec![q()],
        &["INSERT INTO «ticket_labels» («ticket_id», «label_id», «id») VALUES ($1, $2, $3) ON CONFLICT («ticket_id», «label_id») \
           DO UPDATE SET «id» = excluded.«id»"],
    );
    check_for(
        Engine::MariaDb,
        vec![q()],
        &["INSERT INTO «ticket_labels» («ticket_id», «label_id», «id») VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE «id» = VALUES(«id»)"],
    );
}

#[test]
fn updates_write_what_the_library_adds() {
    let q = Query {
        verb: Some(Verb::Update),
        entity: Some(EntityWrite::Changed),
        set: vec![(on(TICKET, 2, 20), SqlExpr::Value(None))],
        ..from(TICKET)
    };
    check(vec![q], &["UPDATE «ticket» SET «state» = $1, ‹modified› = $2 WHERE ticket.‹id› = $3"]);
    let all = Query { verb: Some(Verb::Update), entity: Some(EntityWrite::All), ..from(INCIDENT) };
    check(
        vec![all],
        &["UPDATE «ticket» SET ‹kind› = $1, ‹version› = …(ticket.‹version›) WHERE ticket.‹kind› = 'incident' AND ticket.‹id› = $2"],
    );
}

#[test]
fn writes_over_joins_choose_the_rows_by_key() {
    let mut q = Query {
        verb: Some(Verb::Update),
        set: vec![(on(TICKET, 2, 20), SqlExpr::Value(None))],
        filters: vec![is(SqlExpr::Field { source: SourceRef::Id(1), model: ORG, field: 1, origin: origin(60) })],
        ..from(TICKET)
    };
    q.sources.push(Source { join: Some(Join { relation: Some((0, 0)), ..Join::default() }), ..source(ORG, 50) });
    check(
        vec![q],
        &["UPDATE «ticket» SET «state» = $1 WHERE ticket.‹id› IN (SELECT ticket_2.‹id› FROM «ticket» AS ticket_2 \
           JOIN «orgs» ON ticket_2.‹org› = orgs.‹id› WHERE orgs.«name» = $2)"],
    );
}

#[test]
fn marked_rows_are_not_removed() {
    let q = |verb| Query { verb: Some(verb), filters: vec![is(on(TICKET, 0, 20))], ..from(TICKET) };
    check(vec![q(Verb::Delete)], &["UPDATE «ticket» SET ‹deleted_at› = $1 WHERE ticket.«id» = $2"]);
    check(vec![q(Verb::HardDelete)], &["DELETE FROM «ticket» WHERE ticket.«id» = $1"]);
}

#[test]
fn properties_in_fragments_are_columns() {
    let text = |t: &str| FragmentPart::Text(t.into(), Some(Origin { file: 0, span: Span { start: 100, end: 100 + t.len() as u32 } }));
    let q = Query {
        sources: vec![Source { alias: Some(named("t", 10)), ..source(TICKET, 1) }],
        select: vec![SqlExpr::Raw(Fragment { parts: vec![text("t.requester")], properties: true })],
        filters: vec![SqlExpr::Raw(Fragment { parts: vec![text("t.due > :since AND t.state IN (:...states)")], properties: true })],
        unordered: true,
        unscoped: true,
        ..from(TICKET)
    };
    check(vec![q], &["SELECT «t».«requester_id» FROM «ticket» AS «t» WHERE («t».«due_at»« > :since AND t».«state IN (:»«states)»)"]);
}

#[test]
fn definitions_name_what_they_map() {
    let models = models();
    let composer = Composer { models: &models, queries: &[], packs: packs(), dialect: Dialect::of(Engine::Postgres) };
    let all: Vec<String> = composer.definitions().iter().filter(|d| d.model == TICKET).map(|d| shown(&d.composed.text)).collect();
    assert_eq!(all.first().map(String::as_str), Some("SELECT 1 FROM «ticket»"));
    assert!(all.iter().any(|t| t == "SELECT «due_at» FROM ‹ticket›"), "{all:#?}");
    assert!(all.iter().any(|t| t == "SELECT 1 FROM ‹orgs›"), "{all:#?}");
    assert!(all.iter().any(|t| t == "SELECT 1 FROM ‹label› CROSS JOIN ticket_labels"), "{all:#?}");
    let text: Rc<str> = "ticket".into();
    assert!(composer.tables().iter().any(|(t, columns)| *t == *text && columns.contains(&"kind".to_string())));
}
