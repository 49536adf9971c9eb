//! The statement model as short text, for tests: `(select a.b (as c d) from (t x) where (= a $1))`.

use crate::sql::ast::*;

/// A statement; its errors come last as `!message`.
pub fn statement(statement: &Statement) -> String {
    let mut out = kind(&statement.kind);
    for error in &statement.errors {
        out.push_str(&format!(" !{}@{}", error.message, error.span.start));
    }
    out
}

fn join<T>(items: &[T], separator: &str, show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(separator)
}

fn clause(out: &mut String, word: &str, text: String) {
    if !text.is_empty() {
        out.push_str(&format!(" {word} {text}"));
    }
}

fn kind(kind: &StatementKind) -> String {
    match kind {
        StatementKind::Query(q) => query(q),
        StatementKind::Insert(i) => insert(i),
        StatementKind::Update(u) => {
            let mut out = with(&u.with) + "(update " + &join(&u.target, ", ", from);
            clause(&mut out, "set", sets(&u.set));
            clause(&mut out, "from", join(&u.from, ", ", from));
            clause(&mut out, "where", option(&u.filter));
            clause(&mut out, "order", order(&u.order_by));
            clause(&mut out, "limit", exprs(&u.limit));
            clause(&mut out, "returning", join(&u.returning, ", ", item));
            out + ")"
        }
        StatementKind::Delete(d) => {
            let mut out = with(&d.with) + "(delete";
            clause(&mut out, "of", join(&d.tables, ", ", name));
            clause(&mut out, "from", join(&d.from, ", ", from));
            clause(&mut out, "using", join(&d.using, ", ", from));
            clause(&mut out, "where", option(&d.filter));
            clause(&mut out, "order", order(&d.order_by));
            clause(&mut out, "limit", exprs(&d.limit));
            clause(&mut out, "returning", join(&d.returning, ", ", item));
            out + ")"
        }
        StatementKind::Merge(m) => {
            let mut out = with(&m.with) + &format!("(merge {} {} on {}", from(&m.target), from(&m.source), expr(&m.on));
            for c in &m.clauses {
                let action = match &c.action {
                    MergeAction::Update(set) => format!("update {}", sets(set)),
                    MergeAction::Delete => "delete".into(),
                    MergeAction::Insert { columns, values } => format!("insert {} values {}", targets(columns), exprs(values)),
                    MergeAction::Nothing => "nothing".into(),
                };
                out.push_str(&format!(" [{}{action}]", c.condition.as_ref().map(|e| expr(e) + ": ").unwrap_or_default()));
            }
            clause(&mut out, "returning", join(&m.returning, ", ", item));
            out + ")"
        }
        StatementKind::Copy(c) => {
            let what = match (&c.table, &c.query) {
                (Some(table), _) => name(table),
                (None, Some(query)) => statement(query),
                _ => "?".into(),
            };
            let columns = c.columns.as_ref().map(|c| format!(" [{}]", join(c, ", ", ident))).unwrap_or_default();
            format!("(copy {what}{columns} {}{})", if c.from { "from" } else { "to" }, if c.data.is_some() { " data" } else { "" })
        }
        StatementKind::Truncate { tables, cascade } => {
            format!("(truncate {}{})", join(tables, ", ", name), if *cascade { " cascade" } else { "" })
        }
        StatementKind::Lock { tables } => format!("(lock {})", join(tables, ", ", name)),
        StatementKind::Call { name: n, args } => format!("(call {} {})", name(n), exprs(args)),
        StatementKind::Wrapped { how, inner } => format!("({how} {})", statement(inner)),
        StatementKind::Ddl(_) => "(ddl)".into(),
        StatementKind::Session(s) => format!("{s:?}"),
        StatementKind::Transaction(t) => format!("(transaction {t})"),
        StatementKind::Fragment(q) => format!("(fragment {})", query(q)),
        StatementKind::Block { language, body, .. } => format!("(block {language} {body:?})"),
        StatementKind::Unknown(words) => format!("(unknown {words})"),
    }
}

fn insert(i: &Insert) -> String {
    let mut out = with(&i.with) + "(insert";
    if i.replace {
        out.push_str(" replace");
    }
    if i.ignore {
        out.push_str(" ignore");
    }
    out.push_str(&format!(" {}", name(&i.table)));
    clause(&mut out, "as", i.alias.as_ref().map(ident).unwrap_or_default());
    out.push_str(&format!(" {}", targets(&i.columns)));
    clause(&mut out, "overriding", i.overriding.clone().unwrap_or_default());
    out.push(' ');
    out.push_str(&match &i.source {
        InsertSource::Values(rows) => format!("values {}", join(rows, " ", |r| format!("[{}]", exprs(r)))),
        InsertSource::Query(q) => query(q),
        InsertSource::Default => "default".into(),
        InsertSource::Set(set) => format!("set {}", sets(set)),
        InsertSource::Hole(_) => "hole".into(),
    });
    clause(&mut out, "row", i.row_alias.as_ref().map(table_alias).unwrap_or_default());
    if let Some(c) = &i.on_conflict {
        out.push_str(if c.duplicate_key { " duplicate" } else { " conflict" });
        clause(&mut out, "on", exprs(&c.target));
        clause(&mut out, "where", option(&c.target_filter));
        clause(&mut out, "constraint", c.constraint.as_ref().map(ident).unwrap_or_default());
        match &c.update {
            Some(set) => clause(&mut out, "update", sets(set)),
            None => out.push_str(" nothing"),
        }
        clause(&mut out, "where", option(&c.filter));
    }
    clause(&mut out, "returning", join(&i.returning, ", ", item));
    out + ")"
}

fn targets(columns: &Option<Vec<InsertTarget>>) -> String {
    match columns {
        None => "-".into(),
        Some(c) => format!("[{}]", join(c, ", ", |t| ident(&t.column) + if t.indirection { "+" } else { "" })),
    }
}

fn sets(set: &[SetClause]) -> String {
    join(set, ", ", |s| format!("{} := {}", join(&s.targets, " ", name), expr(&s.value)))
}

fn with(with: &Option<With>) -> String {
    let Some(with) = with else { return String::new() };
    let ctes = join(&with.ctes, ", ", |c| {
        let columns = if c.columns.is_empty() { String::new() } else { format!("[{}]", join(&c.columns, ", ", ident)) };
        format!("{}{columns} {}", ident(&c.name), statement(&c.statement))
    });
    format!("with{} {ctes} ", if with.recursive { " recursive" } else { "" })
}

pub fn query(q: &Query) -> String {
    let mut out = with(&q.with) + &set_expr(&q.body);
    clause(&mut out, "order", order(&q.order_by));
    clause(&mut out, "limit", exprs(&q.limit));
    if q.locking {
        out.push_str(" lock");
    }
    clause(&mut out, "of", join(&q.lock_of, ", ", name));
    out
}

fn set_expr(body: &SetExpr) -> String {
    match body {
        SetExpr::Select(s) => select(s),
        SetExpr::Query(q) => format!("({})", query(q)),
        SetExpr::SetOp { op, all, left, right } => {
            format!("({op}{} {} {})", if *all { " all" } else { "" }, set_expr(left), set_expr(right))
        }
        SetExpr::Values(rows) => format!("(values {})", join(rows, " ", |r| format!("[{}]", exprs(r)))),
        SetExpr::Table(n) => format!("(table {})", name(n)),
        SetExpr::Hole(_) => "hole".into(),
    }
}

fn select(s: &Select) -> String {
    let mut out = String::from("(select");
    if s.distinct {
        out.push_str(" distinct");
    }
    clause(&mut out, "on", exprs(&s.distinct_on));
    if !s.items.is_empty() {
        out.push_str(&format!(" {}", join(&s.items, ", ", item)));
    }
    clause(&mut out, "into", s.into.as_ref().map(name).unwrap_or_default());
    clause(&mut out, "from", join(&s.from, ", ", from));
    clause(&mut out, "where", option(&s.filter));
    clause(&mut out, "group", exprs(&s.group_by));
    clause(&mut out, "having", option(&s.having));
    clause(&mut out, "window", join(&s.windows, ", ", |(n, w)| format!("{} {}", ident(n), window(w))));
    out + ")"
}

fn item(i: &SelectItem) -> String {
    match i {
        SelectItem::Star { qualifier: None, .. } => "*".into(),
        SelectItem::Star { qualifier: Some(q), .. } => format!("{}.*", name(q)),
        SelectItem::Expr { expr: e, alias: None } => expr(e),
        SelectItem::Expr { expr: e, alias: Some(a) } => format!("{} as {}", expr(e), ident(a)),
    }
}

fn from(item: &FromItem) -> String {
    let aliased = |text: String, alias: &Option<TableAlias>| match alias {
        Some(alias) => format!("{text} {}", table_alias(alias)),
        None => text,
    };
    match item {
        FromItem::Table { name: n, only, alias, index_hints, partitions } => {
            let mut out = aliased(format!("{}{}", if *only { "only " } else { "" }, name(n)), alias);
            clause(&mut out, "hint", join(index_hints, " ", ident));
            clause(&mut out, "partition", join(partitions, " ", ident));
            out
        }
        FromItem::Derived { lateral, query: q, alias } => {
            aliased(format!("{}{{{}}}", if *lateral { "lateral " } else { "" }, query(q)), alias)
        }
        FromItem::Function { lateral, call, ordinality, alias, columns } => {
            let mut out = format!("{}{}", if *lateral { "lateral " } else { "" }, expr(call));
            if *ordinality {
                out.push_str(" ordinality");
            }
            let mut out = aliased(out, alias);
            clause(&mut out, "columns", join(columns, ", ", |(n, t)| format!("{} {}", ident(n), type_name(t))));
            out
        }
        FromItem::Join { left, right, kind, natural, using, on, using_alias } => {
            let mut out = format!("({}{:?} {} {}", if *natural { "natural " } else { "" }, kind, from(left), from(right)).to_lowercase();
            clause(&mut out, "using", join(using, " ", ident));
            clause(&mut out, "as", using_alias.as_ref().map(ident).unwrap_or_default());
            clause(&mut out, "on", option(on));
            out + ")"
        }
        FromItem::Hole(_) => "hole".into(),
    }
}

fn table_alias(alias: &TableAlias) -> String {
    match alias.columns.as_slice() {
        [] => ident(&alias.name),
        columns => format!("{}[{}]", ident(&alias.name), join(columns, ", ", ident)),
    }
}

fn order(items: &[OrderItem]) -> String {
    join(items, ", ", |i| expr(&i.expr) + if i.descending { " desc" } else { "" })
}

fn window(w: &WindowSpec) -> String {
    let mut out = String::from("[");
    clause(&mut out, "name", w.name.as_ref().map(ident).unwrap_or_default());
    clause(&mut out, "by", exprs(&w.partition_by));
    clause(&mut out, "order", order(&w.order_by));
    out + "]"
}

fn ident(i: &Ident) -> String {
    let value = i.value.replace(crate::model::statement::HOLE, "⌂");
    if i.quoted { format!("\"{value}\"") } else { value }
}

fn name(n: &Name) -> String {
    join(&n.parts, ".", ident)
}

pub fn type_name(t: &TypeName) -> String {
    let mut out = name(&t.name).replace(' ', "_");
    if !t.args.is_empty() {
        out.push_str(&format!("[{}]", t.args.join(",")));
    }
    out.push_str(&"[]".repeat(t.array.into()));
    out + if t.unsigned { "_u" } else { "" }
}

fn exprs(e: &[Expr]) -> String {
    join(e, ", ", expr)
}

fn option(e: &Option<Expr>) -> String {
    e.as_ref().map(expr).unwrap_or_default()
}

pub fn expr(e: &Expr) -> String {
    let not = |n: &bool| if *n { "not-" } else { "" };
    match &e.kind {
        ExprKind::Column(n) => name(n),
        ExprKind::QualifiedStar(n) => format!("{}.*", name(n)),
        ExprKind::Literal(Literal::Null) => "null".into(),
        ExprKind::Literal(Literal::Bool(b)) => b.to_string(),
        ExprKind::Literal(Literal::Number(n)) => n.clone(),
        ExprKind::Literal(Literal::String { value, double_quoted }) => format!("'{value}'{}", if *double_quoted { "d" } else { "" }),
        ExprKind::Literal(Literal::Bits(b)) => b.clone(),
        ExprKind::Param(p) | ExprKind::Variable(p) => p.clone(),
        ExprKind::Hole => "⌂".into(),
        ExprKind::Unary { op, expr: e } => format!("({op} {})", expr(e)),
        ExprKind::Binary { op, left, right } => {
            format!("({} {} {})", op.replace(crate::model::statement::HOLE, "⌂").replace(' ', "-"), expr(left), expr(right))
        }
        ExprKind::Cast { expr: e, ty } => format!("(cast {} {})", expr(e), type_name(ty)),
        ExprKind::Function(f) => call(f),
        ExprKind::Case { operand, arms, otherwise } => {
            let arms = join(arms, " ", |(w, t)| format!("[{}: {}]", expr(w), expr(t)));
            let operand = operand.as_ref().map(|e| expr(e) + " ").unwrap_or_default();
            let otherwise = otherwise.as_ref().map(|e| format!(" [{}]", expr(e))).unwrap_or_default();
            format!("(case {operand}{arms}{otherwise})")
        }
        ExprKind::Exists(q) => format!("(exists {})", query(q)),
        ExprKind::Subquery(q) => format!("{{{}}}", query(q)),
        ExprKind::ArraySubquery(q) => format!("(array {{{}}})", query(q)),
        ExprKind::InList { expr: e, list, negated } => format!("({}in {} [{}])", not(negated), expr(e), exprs(list)),
        ExprKind::InSubquery { expr: e, query: q, negated } => format!("({}in {} {{{}}})", not(negated), expr(e), query(q)),
        ExprKind::Quantified { expr: e, op, all, right } => {
            format!("({op} {} {} {})", expr(e), if *all { "all" } else { "any" }, expr(right))
        }
        ExprKind::Between { expr: e, low, high, negated } => format!("({}between {} {} {})", not(negated), expr(e), expr(low), expr(high)),
        ExprKind::Like { expr: e, op, pattern, escape, negated } => {
            let escape = escape.as_ref().map(|e| format!(" escape {}", expr(e))).unwrap_or_default();
            format!("({}{op} {} {}{escape})", not(negated), expr(e), expr(pattern))
        }
        ExprKind::Is { expr: e, test, negated } => format!("({}is-{test} {})", not(negated), expr(e)),
        ExprKind::Array(items) => format!("(array {})", exprs(items)),
        ExprKind::Row(items) => format!("(row {})", exprs(items)),
        ExprKind::Paren(e) => format!("({})", expr(e)),
        ExprKind::Subscript { expr: e, index } => format!("{}[{}]", expr(e), join(index, ":", expr)),
        ExprKind::Field { expr: e, field } => format!("{}.{}", expr(e), field.as_ref().map_or("*".into(), ident)),
        ExprKind::Collate { expr: e, collation } => format!("(collate {} {})", expr(e), name(collation)),
        ExprKind::AtTimeZone { expr: e, zone } => format!("(zone {} {})", expr(e), expr(zone)),
        ExprKind::Interval { value, unit } => format!("(interval {} {unit})", expr(value)),
        ExprKind::MatchAgainst { columns, against } => format!("(match [{}] {})", exprs(columns), expr(against)),
        ExprKind::Default => "default".into(),
        ExprKind::Star => "*".into(),
        ExprKind::Unparsed(names) => format!("<{}>", join(names, " ", name)),
    }
}

fn call(f: &FunctionCall) -> String {
    let args = f.args.iter().zip(&f.arg_names).map(|(a, n)| match n {
        Some(n) => format!("{}=>{}", ident(n), expr(a)),
        None => expr(a),
    });
    let mut inner: Vec<String> = args.collect();
    if f.star {
        inner.push("*".into());
    }
    let mut out = format!(
        "{}({}{}{}",
        name(&f.name),
        if f.distinct { "distinct " } else { "" },
        if f.variadic { "variadic " } else { "" },
        inner.join(", ")
    );
    if f.bare {
        out.push_str("bare");
    }
    out.push(')');
    clause(&mut out, if f.within_group { "within" } else { "order" }, order(&f.order_by));
    clause(&mut out, "filter", option(&f.filter));
    clause(&mut out, "over", f.over.as_ref().map(window).unwrap_or_default());
    out
}
