//! Counting: an item is a site's table or column; it is found when a reference names it on one of the site's
//! lines (or of a helper that the site uses).

use super::truth::{Application, Site};
use std::collections::{BTreeMap, BTreeSet};

/// A reference that `impact refs` gave.
pub struct Found {
    path: String,
    lines: (u32, u32),
    table: String,
    column: Option<String>,
    mode: String,
}

impl Found {
    /// From one entry of `references`.
    pub fn new(json: &serde_json::Value) -> Found {
        let text = |key: &str| json[key].as_str().unwrap_or("").to_lowercase();
        let line = |key: &str| json[key].as_u64().unwrap_or(0) as u32;
        Found {
            path: json["path"].as_str().unwrap_or("").to_string(),
            lines: (line("line"), line("end_line").max(line("line"))),
            table: text("table"),
            column: json["column"].as_str().map(str::to_lowercase),
            mode: text("mode"),
        }
    }
}

/// How many of how many, by sort.
#[derive(Default)]
pub struct Score {
    counts: BTreeMap<&'static str, (usize, usize)>,
    missed: Vec<String>,
    wrong: Vec<String>,
}

/// A table, or a column of it.
type Item<'a> = (&'a str, Option<&'a str>);

const SCORED: [&str; 4] = ["query", "ddl", "write", "define"];

impl Score {
    /// Counts what was found of an application.
    pub fn of(application: &Application, found: &[Found]) -> Score {
        let mut score = Score::default();
        score.recall(application, found);
        score.precision(application, found);
        score
    }

    fn recall(&mut self, application: &Application, found: &[Found]) {
        let helpers = |site: &Site| -> Vec<&Site> {
            let contributes = |s: &&Site| matches!(s.kind.as_str(), "builder" | "exec") && s.of.contains(&site.id);
            application.sites.iter().filter(contributes).collect()
        };
        for site in application.sites.iter().filter(|s| SCORED.contains(&s.kind.as_str())) {
            let mut zones = helpers(site);
            zones.push(site);
            let here: Vec<&Found> = found.iter().filter(|f| zones.iter().any(|z| z.file == f.path && overlaps(z, f))).collect();
            let mut items: BTreeMap<Item, (bool, BTreeSet<&str>)> = BTreeMap::new();
            for r in &site.refs {
                let item = items.entry((&r.table, r.column.as_deref())).or_default();
                item.0 |= r.named;
                item.1.insert(&r.mode);
            }
            for ((table, column), (named, modes)) in items {
                let hits: Vec<&&Found> = here.iter().filter(|f| same_table(&f.table, table) && same_column(f, column, named)).collect();
                let sort = match (site.kind.as_str(), column, named) {
                    ("define", ..) => "definitions",
                    (_, None, _) => "tables",
                    (_, _, true) => "named",
                    _ => "implied",
                };
                self.count(sort, !hits.is_empty());
                if !hits.is_empty() && column.is_some() && site.kind != "define" {
                    self.count("modes", hits.iter().any(|h| modes.contains(h.mode.as_str())));
                }
                if hits.is_empty() {
                    let function = site.function.as_deref().unwrap_or("");
                    let column = column.unwrap_or("-");
                    let (first, last) = (site.parts.first().map_or(0, |p| p.0), site.parts.last().map_or(0, |p| p.1));
                    self.missed.push(format!("missed {sort}: {}:{first}-{last} {function}: {table}.{column} {modes:?}", site.file));
                }
            }
        }
    }

    fn precision(&mut self, application: &Application, found: &[Found]) {
        for f in found {
            let covering: Vec<&Site> = application.sites.iter().filter(|s| s.file == f.path && overlaps(s, f)).collect();
            let column = f.column.as_deref().filter(|c| *c != "*");
            let names = |s: &&&Site| {
                let same = |r: &super::truth::Ref| {
                    same_table(&f.table, &r.table) && (column.is_none() || column == r.column.as_deref().map(str::to_lowercase).as_deref())
                };
                s.refs.iter().any(same)
            };
            if covering.is_empty() {
                continue;
            }
            let right = covering.iter().any(|s| names(&s));
            // lines that only a class as a whole covers are not judged
            if !right && covering.iter().all(|s| is_container(s)) {
                continue;
            }
            self.count("right", right);
            if !right {
                self.wrong.push(format!("wrong: {}:{}-{} {}.{} {}", f.path, f.lines.0, f.lines.1, f.table, column.unwrap_or("-"), f.mode));
            }
        }
    }

    fn count(&mut self, sort: &'static str, hit: bool) {
        let (found, all) = self.counts.entry(sort).or_default();
        *found += usize::from(hit);
        *all += 1;
    }

    /// One line of figures.
    pub fn line(&self, variant: &str) -> String {
        let sorts = ["tables", "named", "implied", "definitions", "right", "modes"];
        let figure = |sort: &&str| {
            let (found, all) = self.counts.get(sort).copied().unwrap_or_default();
            format!("{sort} {found}/{all}")
        };
        format!("{variant:12} {}", sorts.iter().map(figure).collect::<Vec<_>>().join("  "))
    }

    /// Everything missed and wrong.
    pub fn details(&self) -> String {
        self.missed.iter().chain(&self.wrong).cloned().collect::<Vec<_>>().join("\n")
    }
}

fn overlaps(site: &Site, found: &Found) -> bool {
    site.parts.iter().any(|p| p.0 <= found.lines.1 && found.lines.0 <= p.1)
}

fn is_container(site: &Site) -> bool {
    site.kind == "define" && site.refs.iter().all(|r| r.column.is_none() && r.mode == "define")
}

fn same_column(found: &Found, column: Option<&str>, named: bool) -> bool {
    match (column, found.column.as_deref()) {
        (None, _) => true,
        (Some(_), Some("*")) => !named,
        (Some(wanted), Some(given)) => wanted.to_lowercase() == given,
        (Some(_), None) => false,
    }
}

/// The same table; a schema counts where both name one.
fn same_table(a: &str, b: &str) -> bool {
    let clean = |t: &str| t.to_lowercase().trim_matches(['"', '`', '[', ']']).to_string();
    let (a, b) = (clean(a), clean(b));
    if a == b {
        return true;
    }
    if a.contains('.') && b.contains('.') {
        return false;
    }
    a.rsplit('.').next() == b.rsplit('.').next()
}
