//! Resolution over hand-made facts: each case is a few facts and the statements that they amount to.

use super::modules::ModuleMap;
use super::{ResolveFile, ServiceInput, resolve};
use crate::model::dialect::Dialect;
use crate::model::facts::*;
use crate::model::span::Span;
use crate::model::statement::{Consumer, HOLE, Scope};
use std::cell::Cell;

thread_local! {
    /// Offset of the next fact: facts stand in the order in which they are made.
    static AT: Cell<u32> = const { Cell::new(0) };
}

fn here(len: u32) -> Span {
    AT.with(|at| {
        let start = at.get();
        at.set(start + len + 1);
        Span { start, end: start + len }
    })
}

fn t(text: &str) -> Value {
    let source = here(text.len() as u32);
    Value::Text(vec![TextRun { text: text.to_string(), source }], source)
}

fn path(name: &str) -> Vec<String> {
    name.split('.').map(str::to_string).collect()
}

fn n(name: &str) -> Value {
    Value::Name(path(name), here(name.len() as u32))
}

fn cat<const N: usize>(all: [Value; N]) -> Value {
    let span = all[0].span().to(all[N - 1].span());
    Value::Concat(all.into(), span)
}

fn or<const N: usize>(all: [Value; N]) -> Value {
    let span = all[0].span().to(all[N - 1].span());
    Value::Choice(all.into(), span)
}

fn format(style: FormatStyle, template: Value, args: Vec<Value>) -> Value {
    let span = template.span().to(args.last().map_or(template.span(), Value::span));
    let args = args.into_iter().map(|value| Arg { name: String::new(), spread: false, value }).collect();
    Value::Format { style, template: Box::new(template), args, span }
}

fn none() -> Value {
    Value::Scalar("None".into(), here(4))
}

fn list(all: Vec<Value>) -> Value {
    Value::List(all, here(2))
}

/// A file under construction. `scope` and `branch` are those of the facts that follow.
#[derive(Default)]
struct File {
    facts: FileFacts,
    scope: ScopeId,
    branch: u32,
}

impl File {
    fn new() -> Self {
        let mut file = File::default();
        file.push_scope(ScopeKind::Module, "", &[]);
        file
    }

    fn push_scope(&mut self, kind: ScopeKind, name: &str, params: &[(&str, Option<Value>)]) -> ScopeId {
        let start = here(1).start;
        let params =
            params.iter().map(|(p, d)| Param { name: p.to_string(), ty: String::new(), default: d.clone(), rest: false }).collect();
        self.facts.scopes.push(ScopeFact {
            parent: self.scope,
            kind,
            name: name.to_string(),
            receiver_type: String::new(),
            receiver: if kind == ScopeKind::Function { "self".into() } else { String::new() },
            params,
            bases: Vec::new(),
            exported: true,
            span: Span { start, end: 1_000_000 },
        });
        (self.facts.scopes.len() - 1) as ScopeId
    }

    fn within(&mut self, kind: ScopeKind, name: &str, params: &[(&str, Option<Value>)], body: impl FnOnce(&mut File)) {
        let id = self.push_scope(kind, name, params);
        let outer = std::mem::replace(&mut self.scope, id);
        body(self);
        self.scope = outer;
        self.facts.scopes[id as usize].span.end = here(1).end;
    }

    fn function(&mut self, name: &str, params: &[&str], body: impl FnOnce(&mut File)) {
        let params: Vec<_> = params.iter().map(|p| (*p, None)).collect();
        self.within(ScopeKind::Function, name, &params, body);
    }

    fn arm(&mut self, group: u32, arm: u16, exhaustive: bool, is_loop: bool, body: impl FnOnce(&mut File)) {
        self.facts.branches.push(Branch { parent: self.branch, group, arm, exhaustive, is_loop });
        let outer = std::mem::replace(&mut self.branch, self.facts.branches.len() as u32);
        body(self);
        self.branch = outer;
    }

    fn assign(&mut self, target: &str, op: AssignOp, value: Value) {
        let span = value.span().to(here(1));
        self.facts.assignments.push(Assignment {
            scope: self.scope,
            branch: self.branch,
            target: path(target),
            op,
            value,
            ty: String::new(),
            constant: false,
            exported: true,
            span,
        });
    }

    fn set(&mut self, target: &str, value: Value) {
        self.assign(target, AssignOp::Set, value);
    }

    fn make_call(&mut self, callee: &str, args: Vec<Value>, sink: Option<bool>) -> Call {
        let start = args.iter().map(|a| a.span().start).min().unwrap_or_else(|| here(0).start);
        let span = Span { start, end: here(1).end };
        Call {
            scope: self.scope,
            branch: self.branch,
            callee: path(callee),
            args: args.into_iter().map(|value| Arg { name: String::new(), spread: false, value }).collect(),
            sink: sink.map(|certain| Sink {
                pack: "psycopg".into(),
                sql: 0,
                sql_keyword: "query".into(),
                consumer: Consumer::Unknown,
                certain,
                rivals: Vec::new(),
                likely: false,
            }),
            assigned: Vec::new(),
            chained: Vec::new(),
            span,
            own_span: span,
        }
    }

    fn call(&mut self, callee: &str, args: Vec<Value>) {
        let call = self.make_call(callee, args, None);
        self.facts.calls.push(call);
    }

    fn execute(&mut self, sql: Value) {
        let call = self.make_call("cur.execute", vec![sql], Some(true));
        self.facts.calls.push(call);
    }

    fn returns(&mut self, value: Value) {
        self.facts.returns.push(Return { scope: self.scope, branch: self.branch, value });
    }

    fn import(&mut self, module: &str, name: &str, local: &str) {
        let span = here(1);
        self.facts.imports.push(Import { module: module.into(), name: name.into(), local: local.into(), reexport: false, span });
    }
}

/// The statements of Python files, one per line, holes as `{what}`; open sites with `open:`.
fn check(files: &[(&str, File)], expected: &[&str]) {
    let input: Vec<ResolveFile> = files
        .iter()
        .map(|(path, f)| ResolveFile { path, language: Language::Python, scope: Scope::Production, own: true, facts: &f.facts })
        .collect();
    let modules = ModuleMap::read(files.iter().map(|f| f.0), &|_| None);
    let read = |p: &str| (p == "app/sql/q.sql").then(|| b"SELECT a FROM loaded WHERE id = 1".to_vec());
    let dialects = [Dialect::default()];
    let resolved = resolve(&ServiceInput { files: &input, dialects: &dialects, read: &read, sql_files: &[], modules: &modules });
    let mut lines: Vec<String> = Vec::new();
    for s in &resolved.statements {
        let mut text = String::new();
        let mut holes = s.text.holes.iter();
        for c in s.text.text.chars() {
            match c {
                HOLE => text.push_str(&format!("{{{}}}", holes.next().map_or("", |h| h.what.as_str()))),
                c => text.push(c),
            }
        }
        lines.push(format!("{} {text}", s.files[0]));
    }
    lines.extend(resolved.open.iter().map(|o| format!("open: {}", o.reason)));
    assert_eq!(lines, expected);
}

/// One file.
fn one(build: impl FnOnce(&mut File), expected: &[&str]) {
    let mut file = File::new();
    build(&mut file);
    let expected: Vec<String> =
        expected.iter().map(|e| if e.starts_with("open:") { e.to_string() } else { format!("app/a.py {e}") }).collect();
    check(&[("app/a.py", file)], &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn names_and_formats() {
    one(|f| f.execute(t("SELECT a FROM t")), &["SELECT a FROM t"]);
    one(
        |f| {
            f.set("COLS", t("a, b"));
            f.function("run", &["where"], |f| {
                f.set("q", cat([t("SELECT "), n("COLS"), t(" FROM t WHERE "), n("where")]));
                f.execute(n("q"));
            });
        },
        &["SELECT a, b FROM t WHERE {where}"],
    );
    one(
        |f| {
            f.set("TABLE", t("users"));
            let args = vec![n("TABLE"), n("order")];
            f.execute(format(FormatStyle::Percent, t("SELECT a FROM %s ORDER BY %s"), args));
        },
        &["SELECT a FROM users ORDER BY {order}"],
    );
    // a cycle ends in a hole
    one(
        |f| {
            f.set("a", n("b"));
            f.set("b", n("a"));
            f.execute(cat([t("SELECT x FROM "), n("a")]));
        },
        &["SELECT x FROM {b}"],
    );
}

/// Attributes that are given members of each other: the ways through them are not all tried.
#[test]
fn a_net_of_attributes() {
    one(
        |f| {
            f.within(ScopeKind::Class, "Repo", &[], |f| {
                f.function("load", &["other"], |f| {
                    for a in 0..9 {
                        (0..9).for_each(|b| f.set(&format!("self.a{a}"), n(&format!("self.a{b}.inner"))));
                    }
                    f.execute(cat([t("SELECT a FROM t WHERE b = "), n("self.a0.inner.name")]));
                });
            });
        },
        &["SELECT a FROM t WHERE b = {self.a0.inner.name}"],
    );
}

#[test]
fn appends_and_branches() {
    let base = |f: &mut File| f.set("q", t("SELECT a FROM t"));
    one(
        |f| {
            base(f);
            f.arm(1, 0, false, false, |f| f.assign("q", AssignOp::AppendText, t(" WHERE b = 1")));
            f.arm(2, 0, false, false, |f| f.assign("q", AssignOp::AppendText, t(" LIMIT 1")));
            f.execute(n("q"));
        },
        &["SELECT a FROM t", "SELECT a FROM t WHERE b = 1 LIMIT 1"],
    );
    one(
        |f| {
            base(f);
            f.arm(1, 0, true, false, |f| f.assign("q", AssignOp::AppendText, t(" WHERE b = 1")));
            f.arm(1, 1, true, false, |f| f.assign("q", AssignOp::AppendText, t(" WHERE c = 1")));
            f.execute(n("q"));
        },
        &["SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1"],
    );
    // an early use inside a branch sees its own arm only
    one(
        |f| {
            f.arm(1, 0, false, false, |f| {
                f.set("q", t("SELECT a FROM x"));
                f.execute(n("q"));
            });
            f.set("q", t("SELECT a FROM y"));
            f.execute(n("q"));
        },
        &["SELECT a FROM x", "SELECT a FROM y"],
    );
    one(
        |f| {
            f.set("parts", list(vec![t("a = 1")]));
            f.arm(1, 0, false, true, |f| f.assign("parts", AssignOp::AppendItem, t("b = 2")));
            let items = n("parts");
            let join = Value::Join { separator: Box::new(t(" AND ")), items: Box::new(items), span: here(1) };
            f.execute(cat([t("SELECT a FROM t WHERE "), join]));
        },
        &["SELECT a FROM t WHERE a = 1", "SELECT a FROM t WHERE a = 1 AND b = 2"],
    );
    one(
        |f| {
            let c = or([t(" DESC"), none()]);
            f.execute(cat([t("SELECT a FROM t ORDER BY a"), c]));
        },
        &["SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"],
    );
}

#[test]
fn functions_and_callers() {
    let helper = |f: &mut File| {
        f.function("fetch", &["q"], |f| f.execute(n("q")));
    };
    one(
        |f| {
            helper(f);
            f.function("go", &[], |f| f.call("fetch", vec![t("SELECT a FROM t")]));
            f.function("other", &[], |f| f.call("fetch", vec![t("SELECT b FROM t")]));
        },
        &["SELECT a FROM t", "SELECT b FROM t"],
    );
    one(helper, &["open: the SQL is the parameter q of function fetch, no caller found"]);
    one(
        |f| {
            f.function("count", &["table"], |f| f.execute(cat([t("SELECT count(*) FROM "), n("table")])));
            f.call("count", vec![t("users")]);
            f.call("count", vec![t("orders")]);
        },
        &["SELECT count(*) FROM users", "SELECT count(*) FROM orders"],
    );
    // a value in value position is not worth its callers
    one(
        |f| {
            f.function("get", &["id"], |f| f.execute(cat([t("SELECT a FROM t WHERE id = "), n("id")])));
            f.call("get", vec![t("1")]);
        },
        &["SELECT a FROM t WHERE id = {id}"],
    );
    one(
        |f| {
            f.function("where", &["c"], |f| f.returns(cat([t(" WHERE "), n("c"), t(" = 1")])));
            let call = f.make_call("where", vec![t("x")], None);
            f.execute(cat([t("SELECT a FROM t"), Value::Call(Box::new(call))]));
        },
        &["SELECT a FROM t WHERE x = 1"],
    );
    // recursion ends
    one(
        |f| {
            f.function("loop", &["q"], |f| {
                f.execute(n("q"));
                f.call("loop", vec![n("q")]);
            });
        },
        &["open: the SQL is the parameter q of function loop, no caller found"],
    );
    one(
        |f| {
            f.within(ScopeKind::Class, "Repo", &[], |f| {
                f.set("table", t("users"));
                f.function("all", &[], |f| f.execute(cat([t("SELECT a FROM "), n("self.table")])));
            });
        },
        &["SELECT a FROM users"],
    );
}

#[test]
fn other_files() {
    let mut queries = File::new();
    queries.set("GET", t("SELECT a FROM t"));
    queries.set("ALL", Value::Map(vec![("one".into(), t("SELECT b FROM t"))], here(1)));
    let mut repo = File::new();
    repo.import("app.queries", "", "q");
    repo.import("app.queries", "ALL", "ALL");
    repo.execute(n("q.GET"));
    let of = n("ALL");
    let key = t("one");
    repo.execute(Value::Index { of: Box::new(of), key: Box::new(key), span: here(1) });
    let name = t("sql/q.sql");
    repo.execute(Value::File { path: Box::new(name), span: here(1) });
    check(
        &[("app/queries.py", queries), ("app/repo.py", repo)],
        &["app/queries.py SELECT a FROM t", "app/queries.py SELECT b FROM t", "app/sql/q.sql SELECT a FROM loaded WHERE id = 1"],
    );
}

#[test]
fn a_call_of_something_else_is_no_site() {
    one(
        |f| {
            f.import("requests", "", "requests");
            let call = f.make_call("requests.get", vec![t("/select/path")], Some(false));
            f.facts.calls.push(call);
            let call = f.make_call("cache.get", vec![n("key")], Some(false));
            f.facts.calls.push(call);
        },
        &[],
    );
}
