//! Random statements: mostly right, sometimes with a name or a type that does not fit.

use super::random::Random;
use super::schema::{COLUMNS, KINDS, Kind, Table};
use impact::model::dialect::Engine;

pub struct Writer<'w> {
    pub r: &'w mut Random,
    pub tables: &'w [Table],
    pub engine: Engine,
}

/// What a name of a FROM clause gives.
#[derive(Clone)]
struct Source {
    alias: String,
    columns: Vec<(String, Option<Kind>)>,
}

impl Writer<'_> {
    pub fn statement(&mut self) -> String {
        match self.r.below(10) {
            0 => self.insert(),
            1 => self.update(),
            2 => self.delete(),
            3 => self.with(),
            4 => {
                let (a, kinds) = self.select(&[], 1, Some(2));
                let width = if self.r.percent(90) { kinds.len() } else { 3 };
                let (b, _) = self.select(&[], 1, Some(width));
                format!("{a} {} {b}", self.r.of(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]))
            }
            _ => {
                let (sql, columns) = self.select(&[], 2, None);
                match columns.first() {
                    Some((name, _)) if self.r.percent(30) && !name.is_empty() => format!("{sql} ORDER BY {name}"),
                    _ => sql,
                }
            }
        }
    }

    fn table(&mut self) -> Table {
        self.r.of(self.tables).clone()
    }

    fn from(&mut self, outer: &[Source], depth: usize, number: usize) -> (String, Source) {
        if depth > 0 && self.r.percent(12) {
            let (sql, columns) = self.select(&[], depth - 1, None);
            let alias = format!("s{number}");
            return (format!("({sql}) AS {alias}"), Source { alias, columns });
        }
        let _ = outer;
        let table = self.table();
        let columns = table.columns.iter().map(|c| (c.name.to_string(), Some(c.kind))).collect();
        if self.r.percent(60) {
            let alias = format!("{}{number}", &table.name[..1]);
            return (format!("{} {alias}", table.name), Source { alias, columns });
        }
        (table.name.clone(), Source { alias: table.name, columns })
    }

    /// A query with so many columns (any number), and their names and kinds.
    fn select(&mut self, outer: &[Source], depth: usize, width: Option<usize>) -> (String, Vec<(String, Option<Kind>)>) {
        let mut sources: Vec<Source> = Vec::new();
        let (mut from, first) = self.from(outer, depth, 0);
        sources.push(first);
        if self.r.percent(40) {
            let (next, source) = self.from(outer, depth, 1);
            if source.alias != sources[0].alias || self.r.percent(5) {
                sources.push(source.clone());
                let kind = *self.r.of(&["JOIN", "LEFT JOIN", "INNER JOIN"]);
                from = match self.r.below(8) {
                    0 => format!("{from}, {next}"),
                    1 => format!("{from} NATURAL JOIN {next}"),
                    2 | 3 => {
                        let shared = sources[0].columns.iter().find(|c| source.columns.iter().any(|d| d.0 == c.0));
                        match shared {
                            Some(shared) => format!("{from} {kind} {next} USING ({})", shared.0),
                            None => format!("{from} CROSS JOIN {next}"),
                        }
                    }
                    _ => {
                        let condition = self.condition(&sources, depth);
                        format!("{from} {kind} {next} ON {condition}")
                    }
                };
            }
        }
        let mut all = sources.clone();
        all.extend_from_slice(outer);
        let mut columns = Vec::new();
        let grouped = width.is_none() && self.r.percent(12);
        let items: Vec<String> = if grouped {
            let (name, sql, kind) = self.column(&sources);
            columns = vec![(name, kind), ("n".into(), Some(Kind::Big))];
            let aggregate = self.aggregate(&sources);
            let list = format!("{sql}, {aggregate} AS n FROM {from}");
            let filter = if self.r.percent(40) { format!(" WHERE {}", self.condition(&all, depth)) } else { String::new() };
            let having = if self.r.percent(30) { " HAVING count(*) > 1" } else { "" };
            return (format!("SELECT {list}{filter} GROUP BY {sql}{having}"), columns);
        } else {
            match (width, self.r.below(5)) {
                (None, 0) => {
                    columns.extend(sources.iter().flat_map(|s| s.columns.clone()));
                    vec!["*".into()]
                }
                (None, 1) => {
                    let source = self.r.of(&sources).clone();
                    columns.extend(source.columns);
                    vec![format!("{}.*", source.alias)]
                }
                (width, _) => {
                    let count = width.unwrap_or(1 + self.r.below(3));
                    let mut items = Vec::new();
                    for i in 0..count {
                        if self.r.percent(65) {
                            let (name, sql, kind) = self.column(&sources);
                            columns.push((name, kind));
                            items.push(sql);
                        } else {
                            let (sql, kind) = self.value(&all, depth);
                            columns.push((format!("x{i}"), kind));
                            items.push(format!("{sql} AS x{i}"));
                        }
                    }
                    items
                }
            }
        };
        let mut sql = format!("SELECT {} FROM {from}", items.join(", "));
        if self.r.percent(60) {
            sql.push_str(&format!(" WHERE {}", self.condition(&all, depth)));
        }
        (sql, columns)
    }

    /// Name, text and kind of a column, rarely one that is not there.
    fn column(&mut self, sources: &[Source]) -> (String, String, Option<Kind>) {
        let source = self.r.of(sources).clone();
        let named: Vec<_> = source.columns.iter().filter(|c| !c.0.is_empty()).cloned().collect();
        let (name, kind) = match named.is_empty() || self.r.percent(4) {
            true => (self.r.of(COLUMNS).to_string(), None),
            false => self.r.of(&named).clone(),
        };
        let unqualified = self.r.percent(if sources.len() == 1 { 60 } else { 25 });
        let sql = if unqualified { name.clone() } else { format!("{}.{name}", source.alias) };
        (name, sql, kind)
    }

    fn aggregate(&mut self, sources: &[Source]) -> String {
        let (_, sql, kind) = self.column(sources);
        match self.r.below(4) {
            0 => "count(*)".into(),
            1 => format!("count({sql})"),
            2 if matches!(kind, Some(Kind::Int | Kind::Big | Kind::Amount)) => format!("sum({sql})"),
            _ if kind == Some(Kind::Flag) => format!("count({sql})"),
            _ => format!("max({sql})"),
        }
    }

    fn value(&mut self, sources: &[Source], depth: usize) -> (String, Option<Kind>) {
        let (_, sql, kind) = self.column(sources);
        match self.r.below(9) {
            0 => (format!("coalesce({sql}, {})", kind.unwrap_or(Kind::Text).literal()), kind),
            1 if matches!(kind, Some(Kind::Text | Kind::Short)) => (format!("lower({sql})"), Some(Kind::Text)),
            2 if matches!(kind, Some(Kind::Int | Kind::Big | Kind::Amount)) => (format!("{sql} + 1"), kind),
            3 => (format!("CASE WHEN {} THEN {sql} END", self.condition(sources, 0)), kind),
            4 => (format!("CAST({sql} AS {})", if self.engine == Engine::MariaDb { "char" } else { "text" }), Some(Kind::Text)),
            5 if depth > 0 => {
                let (query, columns) = self.select(sources, depth - 1, Some(1));
                (format!("({query} LIMIT 1)"), columns.first().and_then(|c| c.1))
            }
            6 => {
                let kind = *self.r.of(&[Kind::Int, Kind::Text, Kind::Flag]);
                (kind.literal().to_string(), Some(kind))
            }
            7 => (format!("({sql} IS NULL)"), Some(Kind::Flag)),
            _ => (sql, kind),
        }
    }

    fn condition(&mut self, sources: &[Source], depth: usize) -> String {
        let (_, sql, kind) = self.column(sources);
        let kind = kind.unwrap_or(*self.r.of(KINDS));
        let literal = if self.r.percent(6) { self.r.of(KINDS).literal() } else { kind.literal() };
        match self.r.below(11) {
            0 => format!("{sql} IS NOT NULL"),
            1 => format!("{sql} IN ({literal}, {literal})"),
            2 if depth > 0 => {
                let (query, _) = self.select(sources, depth - 1, Some(1));
                format!("EXISTS ({query})")
            }
            3 if depth > 0 => {
                let (query, _) = self.select(sources, depth - 1, Some(1));
                format!("{sql} {}IN ({query})", if self.r.percent(30) { "NOT " } else { "" })
            }
            4 => {
                let (_, other, _) = self.column(sources);
                format!("{sql} = {other}")
            }
            5 => {
                let (a, b) = (self.condition(sources, 0), self.condition(sources, 0));
                format!("({a} {} {b})", self.r.of(&["AND", "OR"]))
            }
            6 if matches!(kind, Kind::Text | Kind::Short) => format!("{sql} LIKE 'a%'"),
            7 if kind != Kind::Flag => format!("{sql} BETWEEN {literal} AND {literal}"),
            8 => format!("{sql} = {}", if self.engine == Engine::Postgres { "$1" } else { "?" }),
            _ => format!("{sql} {} {literal}", self.r.of(&["=", "<>", "<", ">="])),
        }
    }

    fn with(&mut self) -> String {
        let (query, columns) = self.select(&[], 1, None);
        let named: Vec<_> = columns.iter().filter(|c| !c.0.is_empty()).collect();
        let column = named.first().map_or("*".to_string(), |c| c.0.clone());
        let name = if self.r.percent(20) { self.table().name } else { "chosen".to_string() };
        format!("WITH {name} AS ({query}) SELECT {column}, count(*) AS n FROM {name} GROUP BY {column}")
    }

    fn insert(&mut self) -> String {
        let table = self.table();
        let mut columns: Vec<_> = table.columns.iter().filter(|c| c.required || self.r.percent(60)).cloned().collect();
        if columns.is_empty() {
            columns.extend(table.columns.first().cloned());
        }
        let list: Vec<&str> = columns.iter().map(|c| c.name).collect();
        let values: Vec<&str> = columns.iter().map(|c| c.kind.literal()).collect();
        let mut sql = match self.r.below(6) {
            0 => {
                let all: Vec<&str> = table.columns.iter().map(|c| c.kind.literal()).collect();
                format!("INSERT INTO {} VALUES ({})", table.name, all.join(", "))
            }
            1 => format!("INSERT INTO {} ({}) SELECT {} FROM {}", table.name, list.join(", "), list.join(", "), table.name),
            _ => format!("INSERT INTO {} ({}) VALUES ({})", table.name, list.join(", "), values.join(", ")),
        };
        let (target, set) = (*self.r.of(&list), *self.r.of(&list));
        if self.engine == Engine::MariaDb {
            if self.r.percent(30) {
                sql.push_str(&format!(" ON DUPLICATE KEY UPDATE {set} = VALUES({set})"));
            }
        } else if self.r.percent(35) && !sql.contains("SELECT") {
            let target = if self.r.percent(50) { "id" } else { table.unique.unwrap_or(target) };
            sql.push_str(&match self.r.below(3) {
                0 => " ON CONFLICT DO NOTHING".to_string(),
                1 => format!(" ON CONFLICT ({target}) DO NOTHING"),
                _ => format!(" ON CONFLICT ({target}) DO UPDATE SET {set} = excluded.{set}"),
            });
        }
        if self.engine != Engine::MariaDb && self.r.percent(40) {
            sql.push_str(&format!(" RETURNING {}", if self.r.percent(50) { "*" } else { target }));
        }
        sql
    }

    fn update(&mut self) -> String {
        let table = self.table();
        let column = self.r.of(&table.columns).clone();
        let source =
            Source { alias: table.name.clone(), columns: table.columns.iter().map(|c| (c.name.to_string(), Some(c.kind))).collect() };
        let condition = self.condition(std::slice::from_ref(&source), 1);
        let value = if self.r.percent(70) { column.kind.literal().to_string() } else { self.column(std::slice::from_ref(&source)).1 };
        let returning = if self.engine != Engine::MariaDb && self.r.percent(30) { " RETURNING *" } else { "" };
        format!("UPDATE {} SET {} = {value} WHERE {condition}{returning}", table.name, column.name)
    }

    fn delete(&mut self) -> String {
        let table = self.table();
        let source =
            Source { alias: table.name.clone(), columns: table.columns.iter().map(|c| (c.name.to_string(), Some(c.kind))).collect() };
        format!("DELETE FROM {} WHERE {}", table.name, self.condition(&[source], 1))
    }
}
