//! Small sources in three languages, and what their functions give.

use crate::index::fixtures::{Sources, packs};
use crate::index::mapping::{Models, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::value::{MapKey, Object, TextPart, Value};
use std::rc::Rc;

/// What the functions of the first file without a receiver return, one line each.
fn given(files: &[(&str, &str)]) -> String {
    let sources = Sources::of_texts(files, packs());
    let program = sources.program();
    let models = Models::default();
    let mut tracer = Tracer::new(&program, &models, packs());
    let mut out = String::new();
    let file = program.file(0).unwrap_or_else(|| panic!("no file"));
    for (i, function) in file.code.functions.iter().enumerate() {
        if function.outer != crate::model::code::Outer::Module || function.receiver.is_some() || !function.params.is_empty() {
            continue;
        }
        tracer.state.steps = 10_000;
        let at = crate::index::program::FunctionRef { file: 0, function: i as u32 };
        let site = Origin { file: 0, span: function.span };
        let value = tracer.run_function(at, None, None, Vec::new(), Rc::from([]), site, true);
        out.push_str(&format!("{}: {}\n", function.name.text, shown(&tracer, &value)));
    }
    out
}

fn shown(t: &Tracer<'_>, value: &Value) -> String {
    let all = |values: &[Value], between: &str| values.iter().map(|v| shown(t, v)).collect::<Vec<_>>().join(between);
    match value {
        Value::Unknown => "?".into(),
        Value::Null => "null".into(),
        Value::Scalar(text) => text.to_string(),
        Value::Text(text) => {
            let part = |p: &TextPart| match p {
                TextPart::Text(text, _) => text.to_string(),
                TextPart::Hole(text, _) => format!("{{{text}}}"),
                TextPart::Value(value) => format!("<{}>", shown(t, value)),
            };
            format!("\"{}\"", text.parts.iter().map(part).collect::<String>())
        }
        Value::Tuple(items) => format!("({})", all(items, ", ")),
        Value::OneOf(items) => format!("{{{}}}", all(items, " | ")),
        Value::Object(id) => match t.object(*id) {
            Some(Object::List { items, open }) => format!("[{}{}]", all(items, ", "), if *open { ", ..." } else { "" }),
            Some(Object::Map { entries, open }) => {
                let entry = |(key, value): &(MapKey, Value)| format!("{}: {}", shown(t, &key.value()), shown(t, value));
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}{}}}", entries.join(", "), if *open { ", ..." } else { "" })
            }
            Some(Object::Instance { class, .. }) => t.program.class(*class).map_or("instance".into(), |c| format!("a {}", c.name.text)),
            _ => "entity".into(),
        },
        Value::Class(class) => t.program.class(*class).map_or("class".into(), |c| format!("class {}", c.name.text)),
        Value::Function { .. } => "function".into(),
        Value::External(name) => name.to_string(),
        Value::Key(name) => format!("'{}", name.text),
        _ => "library".into(),
    }
}

#[test]
fn a_result_of_a_parameters_type_is_what_the_parameter_gives() {
    let keep = "export function remember<T>(name: string, make: () => T): T {\n  if (!store.has(name)) { store.set(name, make()); }\n  return store.get(name);\n}\nexport const same = <T>(value: T): T => hide(value);\nexport async function later<T>(make: () => Promise<T>): Promise<T> { return queue(make); }\n";
    let code = "import { remember, same, later } from './keep';\nfunction made() { return remember('a', () => 'made'); }\nfunction kept() { return same('kept'); }\nasync function awaited() { return await later(async () => 'awaited'); }\nfunction other() { return remember('a', unknown); }\n";
    let given = given(&[("a.ts", code), ("keep.ts", keep)]);
    assert_eq!(given, "made: \"made\"\nkept: \"kept\"\nawaited: \"awaited\"\nother: ?\n");
}

#[test]
fn python_text_lists_and_branches() {
    let source = r#"
from .names import TABLE, ORDERS as SORTS

COLUMNS = ["id", "name"]

def joined():
    return ", ".join(COLUMNS)

def formatted():
    return f"SELECT {', '.join(COLUMNS)} FROM {TABLE}" + " WHERE %s" % "x"

def conditions():
    where = ["a"]
    if flag:
        where.append("b")
    for name in ("c", "d"):
        where.append(name + " = 1")
    return " AND ".join(where)

def either():
    if flag:
        order = "x"
    elif other:
        return "early"
    else:
        order = "y"
    return order

def looked_up():
    return SORTS[key]

def known_key():
    return SORTS["new"] or "none"

def braces():
    return "{} and {name}".format("one", name="two")

def comprehension():
    return {k: v.upper() for k, v in {"a": "x", "b": "y"}.items()}

def packed():
    return collected("p", q="r", **{f"{key}__gte": 1, "known": 2})

def collected(*args, **kwargs):
    return (args, kwargs)
"#;
    let names = "TABLE = 'users'\nORDERS = {'new': '-created', 'old': 'created'}\n";
    assert_eq!(
        given(&[("app/main.py", source), ("app/names.py", names), ("app/__init__.py", "")]),
        r#"joined: "id, name"
formatted: "SELECT id, name FROM users WHERE x"
conditions: "a AND b AND <{"c = 1" | "d = 1"}>"
either: {"early" | "x" | "y"}
looked_up: {"-created" | "created"}
known_key: {"-created" | "none"}
braces: "one and two"
comprehension: {'a: "x", 'b: "y"}
packed: (["p"], {'q: "r", 'known: 2, "{key}__gte": 1})
"#
    );
}

#[test]
fn python_classes_and_closures() {
    let source = r#"
from typing import Generic, TypeVar
from contextlib import contextmanager

T = TypeVar("T")

class Base(Generic[T]):
    table = None

    def __init__(self, name="n"):
        self.name = name

    @property
    def title(self):
        return self.table + "." + self.name

    @classmethod
    def make(cls):
        return cls("made")

    @staticmethod
    def plain(x):
        return x + "!"

    def described(self):
        return "base " + self.title

class Users(Base[int]):
    table = "users"

    def described(self):
        return super().described() + self.plain("?")

def inherited():
    return Users("u").described()

def default():
    return Users().title

def from_class():
    return Users.make().title

def closure():
    def inner(x):
        return prefix + x
    prefix = "p-"
    return (lambda f: f("q"))(inner)

@contextmanager
def scope():
    yield "session"

def scoped():
    with scope() as s:
        return s

def attribute():
    return getattr(Users(), "table")
"#;
    assert_eq!(
        given(&[("app/main.py", source)]),
        r#"inherited: "base users.u?!"
default: "users.n"
from_class: "users.made"
closure: "p-q"
scope: "session"
scoped: "session"
attribute: "users"
"#
    );
}

#[test]
fn typescript_classes_objects_and_callbacks() {
    let source = r#"
import { Table as Names } from './names';

class Store {
  static readonly kind = 'store';
  private readonly all: string[] = [];
  constructor(private readonly name: string, private readonly suffix = '!') {
    this.all.push('first');
  }
  get label() { return this.name + this.suffix; }
  run = async () => this.label;
  add(x: string) { this.all.push(x); return this; }
  list() { return this.all.join(','); }
}

export function getter() { return new Store('a').label; }
export async function arrow() { return await new Store('b', '?').run(); }
export function chained() { return new Store('c').add('x').add('y').list(); }
export function named() { return `FROM ${Names.Items}` + Store.kind; }
export function spread() {
  const base = { a: 'x', b: 'y' };
  const { a, ...rest } = { ...base, c: 'z' };
  return [a, base.b, rest];
}
export function mapped() { return ['a', 'b'].map((x) => `${x}=1`).join(' AND '); }
export function optional() {
  const where: Record<string, unknown> = { id: 1 };
  if (flag) where.name = 'n';
  if (other) { where['x'] = 'y'; }
  return where;
}
export const constant = () => options?.sort ?? 'id';
export function captured() {
  let seen = 'none';
  [1].forEach(() => { seen = 'one'; });
  return seen;
}
"#;
    let names = "export enum Table { Items = 'items', Orders = 'orders' }\n";
    assert_eq!(
        given(&[("src/main.ts", source), ("src/names.ts", names)]),
        r#"getter: "a!"
arrow: "b?"
chained: "first,x,y"
named: "FROM itemsstore"
spread: ["x", "y", {'b: "y", 'c: "z"}]
mapped: "a=1 AND b=1"
optional: {'id: 1, 'name: "n", 'x: "y"}
: {options.sort | "id"}
captured: {"none" | "one"}
"#
    );
}

#[test]
fn go_structs_methods_and_slices() {
    let source = r#"
package store

import (
	"fmt"
	"strings"
)

const columns = "id, name"

type base struct{ table string }

func (b *base) from() string { return "FROM " + b.table }

type Query struct {
	base
	conditions []string
	order      string
}

func NewQuery(table string) *Query {
	return &Query{base: base{table: table}, conditions: []string{"a = ?"}, order: "id"}
}

func (q *Query) With(c string) *Query {
	q.conditions = append(q.conditions, c)
	return q
}

func (q *Query) build() string {
	sql := "SELECT " + columns + " " + q.from() + " WHERE " + strings.Join(q.conditions, " AND ")
	sql += " ORDER BY " + q.order
	return sql
}

func Built() string { return NewQuery("users").With("b = ?").build() }

func Two() (string, error) {
	a, err := pair()
	if err != nil {
		return "", err
	}
	return a, nil
}

func pair() (string, error) { return "x", nil }

func Named() (out string, err error) {
	out = fmt.Sprintf("%s-%d", "n", 3)
	return
}

func Ranged() string {
	var parts []string
	for _, p := range []string{"p", "q"} {
		parts = append(parts, p+"=1")
	}
	return strings.Join(parts, ", ")
}

type Namer interface{ Name() string }
type only struct{}

func (only) Name() string { return "only" }

type holder struct{ n Namer }

func Through() string { h := holder{}; return h.n.Name() }
"#;
    assert_eq!(
        given(&[("store/store.go", source)]),
        r#"Built: "SELECT id, name FROM users WHERE a = ? AND b = ? ORDER BY id"
Two: {("", null) | ("x", null)}
pair: ("x", null)
Named: ("n-3", ?)
Ranged: "<{"p=1" | "q=1"}>"
Through: "only"
"#
    );
}
