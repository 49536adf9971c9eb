//! What small sources send through a library that a pack of a few lines describes.

use crate::grammar::PackSet;
use crate::index::fixtures::Sources;
use crate::index::mapping::Models;
use crate::index::trace::query::{SourceTable, SqlExpr};
use crate::index::trace::trace;
use std::collections::BTreeMap;
use std::path::Path;

const PACK: &str = r#"
id = "tiny"
versions = "1"
[detect]
imports = ["tiny"]
[mapper]
names = "columns"
mutable = BUILDER
thenable = BUILDER
[[mapper.kind]]
name = "client"
types = ["tiny.Client"]
variables = ["db"]
[[mapper.kind]]
name = "query"
types = ["tiny.Query"]
[[mapper.call]]
on = ["client"]
names = ["table"]
verb = "select"
steps = [{ take = "0", as = "table", do = "from" }]
gives = "query"
[[mapper.call]]
on = ["client"]
names = ["within"]
steps = [{ take = "callback:0", with = "client" }]
[[mapper.call]]
on = ["query"]
names = ["order"]
steps = [{ take = "0..", as = "paths", do = "order" }]
gives = "query"
[[mapper.call]]
on = ["query"]
names = ["all"]
verb = "select"
sends = true
gives = "rows"
"#;

/// The languages, and the pack for one of them; builders change in place there or do not.
fn packs(folder: &str, builder: bool) -> PackSet {
    let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for language in ["go", "javascript", "python", "typescript"] {
        let name = format!("{language}/language.toml");
        let text = std::fs::read_to_string(grammars.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        files.insert(name, text);
    }
    let word = if builder { "true" } else { "false" };
    files.insert(format!("{folder}/tiny.toml"), PACK.replace("BUILDER", word));
    PackSet::from_files(files).unwrap_or_else(|e| panic!("{}", e.iter().map(|e| format!("{e}\n")).collect::<String>()))
}

/// Statements, one line each: function, first to last line, table, order columns.
fn sent(files: &[(&str, &str)], packs: &PackSet) -> String {
    let sources = Sources::of_texts(files, packs);
    let program = sources.program();
    let traced = trace(&program, &Models::default(), packs);
    let mut out = String::new();
    for sent in &traced.sent {
        let source = sources.text(program.file(sent.statement.file).map_or("", |f| f.path));
        let line = |at: u32| source[..at as usize].iter().filter(|&&b| b == b'\n').count() + 1;
        let query = &traced.queries[sent.query as usize];
        let name = sent.function.and_then(|f| program.function(f)).map_or("module", |f| &f.name.text);
        let table = match query.sources.first().map(|s| &s.table) {
            Some(SourceTable::Table { name, .. }) => name.text.to_string(),
            other => format!("{other:?}"),
        };
        let order: Vec<String> = query
            .order
            .iter()
            .map(|e| match e {
                SqlExpr::Column { name, .. } => name.text.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        let span = sent.statement.span;
        out.push_str(&format!("{name} {}-{} {table} {}\n", line(span.start), line(span.end), order.join(" ")).replace(" \n", "\n"));
    }
    out
}

#[test]
fn queries_grow_through_branches_helpers_and_classes() {
    let source = r#"from tiny import Client

class Repository:
    name = None
    def __init__(self, client: Client):
        self.client = client
    def base(self):
        return self.client.table(self.name)
    def listed(self, sort=None):
        q = self.base()
        if sort:
            q = q.order("a")
        else:
            q = q.order("b")
        for x in sort:
            q = ordered(q, x)
        return q.order("c").all()

class Users(Repository):
    name = "users"

class Orders(Repository):
    name = "orders"

def ordered(q, x):
    return q.order("d")
"#;
    assert_eq!(sent(&[("app/main.py", source)], &packs("python", false)), "listed 12-17 users a b d c\nlisted 12-17 orders a b d c\n");
}

#[test]
fn what_is_awaited_or_returned_is_sent_once() {
    let source = r#"import { Client, Query } from 'tiny';

export class Store {
  constructor(private readonly db: Client) {}
  private base() {
    return this.db.table('items');
  }
  find() {
    return this.base().order('a');
  }
  async first() {
    const q = this.base();
    if (flag) q.order('b');
    const [row] = await q.order('c');
    return row;
  }
  async moved() {
    await this.db.within(async (tx) => {
      await tx.table('moves').order('d');
    });
  }
}

export const handler = (app) => {
  app.get('/x', async (req, res) => {
    res.json(await db.table('handled').order('e'));
  });
};
"#;
    assert_eq!(
        sent(&[("src/main.ts", source)], &packs("typescript", true)),
        "find 9-9 items a\nfirst 13-14 items b c\n 19-19 moves d\n 26-26 handled e\n"
    );
}

#[test]
fn go_functions_take_and_give_queries() {
    let source = r#"package store

import "tiny"

type Store struct{ db *tiny.Client }

func Sorted(q *tiny.Query) *tiny.Query { return q.Order("s") }

func (s *Store) All(flag bool) {
	q := s.db.table("things")
	if flag {
		q = q.order("a")
	}
	s.scoped(func(q *tiny.Query) *tiny.Query { return q.order("b") }, q)
}

func (s *Store) scoped(f func(*tiny.Query) *tiny.Query, q *tiny.Query) {
	f(q).all()
}
"#;
    assert_eq!(sent(&[("store/store.go", source)], &packs("go", false)), "scoped 18-18 things a b\n");
}

#[test]
fn what_nothing_sends_counts_where_it_is_built() {
    let source = r#"from tiny import Client
from elsewhere import listed

def of_nobody(client: Client):
    return client.table("lonely").order("a")

def given_away(client: Client):
    return listed(client.table("given").order("b"))

def built(client: Client):
    return client.table("sent").order("c")

def used(client: Client):
    return built(client).order("d").all()
"#;
    let all = sent(&[("app/main.py", source)], &packs("python", false));
    assert_eq!(all, "of_nobody 5-5 lonely a\ngiven_away 8-8 given b\nused 14-14 sent c d\n");
}
