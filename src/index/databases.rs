//! Which database a service talks to: by configuration, by the histories that it holds, else by the tables and
//! columns that its statements use.

use crate::model::dialect::Dialect;
use crate::model::project::{Database, Service};
use crate::model::schema::Schema;

/// A database with its schema, as a candidate.
pub struct Candidate<'a> {
    /// Repository that migrates it.
    pub repo: &'a str,
    /// The database.
    pub database: &'a Database,
    /// Its schema; one of its histories' where it has several.
    pub schema: &'a Schema,
}

/// The choice, with why and how sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index into the candidates.
    pub candidate: usize,
    /// In words.
    pub evidence: String,
    /// 0..=100.
    pub confidence: u8,
}

/// How well a schema explains the tables and columns that a service uses: tables found, columns found in them,
/// and columns that the found tables lack.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Tables that exist.
    pub tables: usize,
    /// Columns that exist in them.
    pub columns: usize,
    /// Columns that they lack.
    pub missing: usize,
}

/// Measures the fit of a schema to used tables with their columns. System catalogues do not count.
pub fn fit(used: &[(String, Vec<String>)], schema: &Schema) -> Fit {
    let mut out = Fit::default();
    for (name, columns) in used {
        let Some(table) = find(schema, name) else { continue };
        out.tables += 1;
        for column in columns {
            match table.open || table.column(schema.dialect, column).is_some() {
                true => out.columns += 1,
                false => out.missing += 1,
            }
        }
    }
    out
}

/// A table by its bare name, in any schema.
fn find<'s>(schema: &'s Schema, name: &str) -> Option<&'s crate::model::schema::Table> {
    schema.find_table(None, name).or_else(|| schema.tables.values().find(|t| t.name.name.eq_ignore_ascii_case(name)))
}

/// Chooses the database of a service in repository `repo`, or none.
pub fn choose(repo: &str, service: &Service, used: &[(String, Vec<String>)], candidates: &[Candidate]) -> Option<Choice> {
    let by_configuration = |c: &Candidate| service.databases.contains(&c.database.name);
    let choice = |candidate: usize, evidence: &str, confidence: u8| Some(Choice { candidate, evidence: evidence.into(), confidence });
    let mut ranked: Vec<(usize, Fit)> = candidates.iter().enumerate().map(|(i, c)| (i, fit(used, c.schema))).collect();
    // The best fit first; the order of candidates breaks ties.
    ranked.sort_by_key(|(i, f)| (std::cmp::Reverse((f.tables, f.columns)), f.missing, *i));
    if !service.databases.is_empty() {
        let best = ranked.iter().find(|(i, _)| by_configuration(&candidates[*i]))?;
        return choice(best.0, "configuration", 100);
    }
    let own = |c: &Candidate| c.repo == repo && c.database.services.contains(&service.name);
    let bound: Vec<&(usize, Fit)> = ranked.iter().filter(|(i, _)| own(&candidates[*i])).collect();
    if let Some((i, found)) = bound.first() {
        // A service with several histories of its own uses the one that explains its statements.
        let better = ranked.first().filter(|(_, f)| f.tables > 2 * found.tables + 1);
        if better.is_none() {
            return choice(*i, "the service holds its migrations", 100);
        }
    }
    let named = used.len();
    let (best, found) = ranked.first()?;
    let here = candidates[*best].repo == repo;
    if found.tables == 0 || found.tables * 2 < named.min(6) && !here {
        return None;
    }
    let evidence = format!("{} of {named} tables that its statements name are in it", found.tables);
    let complete = found.tables == named && found.missing == 0;
    choice(*best, &evidence, if complete { 90 } else { 70 })
}

/// The dialect in which a service without a known database is read: that of its driver, else PostgreSQL.
pub fn driver_dialect(service: &Service) -> Dialect {
    service.engines.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::object::{ObjectId, ObjectName};
    use crate::model::schema::{Column, Table};

    fn schema(tables: &[(&str, &[&str])]) -> Schema {
        let mut schema = Schema::empty(Dialect::default());
        for (i, (name, columns)) in tables.iter().enumerate() {
            let columns = columns.iter().map(|c| Column { name: (*c).into(), ..Column::default() }).collect();
            let key = ObjectName::new("public", *name);
            schema.tables.insert(key.clone(), Table { id: ObjectId(i as u32 + 1), name: key, columns, ..Table::default() });
        }
        schema
    }

    fn used(tables: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        tables.iter().map(|(t, c)| ((*t).to_string(), c.iter().map(|c| (*c).to_string()).collect())).collect()
    }

    #[test]
    fn columns_decide_between_tables_of_one_name() {
        let shop = schema(&[("orders", &["id", "customer_id"]), ("customers", &["id"])]);
        let warehouse = schema(&[("orders", &["id", "sku", "bin"])]);
        let database = |name: &str| Database { name: name.into(), ..Database::default() };
        let (a, b) = (database("shop"), database("warehouse"));
        let candidates =
            [Candidate { repo: "db", database: &a, schema: &shop }, Candidate { repo: "wh", database: &b, schema: &warehouse }];
        let service = Service { name: "api".into(), ..Service::default() };
        let chosen = |tables: &[(&str, &[&str])]| choose("api", &service, &used(tables), &candidates).map(|c| c.candidate);
        assert_eq!(chosen(&[("orders", &["id", "customer_id"])]), Some(0));
        assert_eq!(chosen(&[("orders", &["bin"])]), Some(1));
        assert_eq!(chosen(&[("invoices", &["id"])]), None);
        let configured = Service { databases: vec!["warehouse".into()], ..service.clone() };
        assert_eq!(choose("api", &configured, &used(&[("customers", &[])]), &candidates).map(|c| c.candidate), Some(1));
    }
}
