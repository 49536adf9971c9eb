//! Findings that people have accepted: inline ignores and a baseline file.

use super::Sources;
use crate::model::finding::Finding;
use crate::model::problem::{Problem, Stage};
use crate::model::report::Report;
use crate::pipeline::inputs::MigrationInput;
use crate::pipeline::view::IndexView;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// What an ignore looks like, in a comment of SQL or code: `impact-ignore RULE: reason, until=2027-01-31`.
const MARK: &str = "impact-ignore";

/// Known findings, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of the file's format.
    pub version: u32,
    /// Entries by fingerprint.
    pub findings: BTreeMap<String, BaselineEntry>,
}

/// Why a finding is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// Where and what, for people.
    pub what: String,
    /// Why it is accepted.
    pub reason: String,
    /// Last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// Why a baseline can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It can't be read or written.
    #[error("cannot use the baseline {path}: {reason}\nhelp: --update-baseline writes a new one")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// [`BaselineError::File`] for a file that is missing or no baseline.
    pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
        let fail = |reason: String| BaselineError::File { path: path.to_path_buf(), reason };
        let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))
    }

    /// Writes the findings of a report as a baseline, keeping reasons of entries that are still needed.
    ///
    /// # Errors
    /// [`BaselineError::File`] where it can't be written.
    pub fn write(path: &Path, report: &Report, old: Option<&Baseline>) -> Result<usize, BaselineError> {
        let mut baseline = Baseline { version: 1, ..Baseline::default() };
        for f in report.findings.iter().filter(|f| f.verdict != crate::model::finding::Verdict::Safe) {
            let what = format!("{} {}: {}", f.service, f.path, f.message);
            let entry = BaselineEntry { what, reason: "accepted when the baseline was written".into(), until: None };
            baseline.findings.insert(f.id.clone(), old.and_then(|o| o.findings.get(&f.id).cloned()).unwrap_or(entry));
        }
        let fail = |reason: String| BaselineError::File { path: path.to_path_buf(), reason };
        let text = serde_json::to_string_pretty(&baseline).map_err(|e| fail(e.to_string()))?;
        std::fs::write(path, text + "\n").map_err(|e| fail(e.to_string()))?;
        Ok(baseline.findings.len())
    }

    /// Takes known findings out; reports entries that expired or match nothing.
    pub fn apply(&self, findings: &mut Vec<Finding>, report: &mut Report) {
        crate::impact::findings::arrange(findings);
        let mut used = HashSet::new();
        findings.retain(|f| {
            let Some(entry) = self.findings.get(&f.id) else { return true };
            used.insert(f.id.clone());
            let expired = entry.until.is_some_and(|d| d < today());
            if expired {
                report.problems.push(Problem::new(Stage::Config, format!("baseline entry {} ({}) has expired", f.id, entry.what)));
                return true;
            }
            report.summary.ignored += 1;
            false
        });
        let unmatched = self.findings.iter().filter(|(id, _)| !used.contains(*id));
        report.problems.extend(unmatched.map(|(id, e)| {
            Problem::new(Stage::Config, format!("baseline entry {id} ({}) matches no finding", e.what))
                .help("remove it, or run with --update-baseline")
        }));
    }
}

fn today() -> Date {
    jiff::Zoned::now().date()
}

/// An inline ignore.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ignore {
    rule: String,
    reason: String,
    until: Option<Result<Date, String>>,
}

/// Reads an ignore from a line.
fn parse(line: &str) -> Option<Ignore> {
    let at = line.find(MARK)?;
    let rest = line[at + MARK.len()..].trim_start();
    let (rule, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let rule: String = rule.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '*')).collect();
    let rest = rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    let (reason, until) = match rest.rsplit_once("until=") {
        Some((reason, date)) => {
            let date: String = date.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
            (reason.trim().trim_end_matches(',').trim(), Some(date.parse::<Date>().map_err(|_| date)))
        }
        None => (rest, None),
    };
    (!rule.is_empty()).then(|| Ignore { rule, reason: reason.to_string(), until })
}

impl Ignore {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule || self.rule == "*"
    }
}

/// Takes out findings that an ignore stands for: on a line of the statement, the line above it, or (for all
/// findings that a change causes) on the migration's statement or the line above. Reports ignores that are
/// malformed, expired or match nothing.
pub fn ignores(
    findings: &mut Vec<Finding>,
    view: Option<&IndexView>,
    inputs: &[MigrationInput],
    sources: &mut Sources,
    report: &mut Report,
) {
    let mut files: BTreeMap<(String, String), Vec<(u32, Ignore)>> = BTreeMap::new();
    let mut used: HashSet<(String, String, u32)> = HashSet::new();
    for input in inputs {
        let found = read(&input.text);
        if !found.is_empty() {
            files.insert((String::new(), input.path.clone()), found);
        }
    }
    let places: HashSet<(String, String)> = findings.iter().map(|f| (f.repo.clone(), f.path.clone())).collect();
    for (repo, path) in places {
        let snapshot = view.and_then(|v| v.snapshots.iter().find(|s| s.row.repo == repo));
        let text = snapshot.and_then(|s| sources.bytes(&s.row, &path)).filter(|t| marked(t));
        let found = text.map(|t| read(&String::from_utf8_lossy(&t))).unwrap_or_default();
        if !found.is_empty() {
            files.insert((repo, path), found);
        }
    }
    let mut notes = Vec::new();
    findings.retain(|f| {
        let code = files.get(&(f.repo.clone(), f.path.clone())).into_iter().flatten();
        let code = code.filter(|(l, _)| (f.line.saturating_sub(1)..=f.end_line).contains(l)).map(|(l, i)| (&f.repo, &f.path, *l, i));
        let empty = String::new();
        let change = f.change.as_ref();
        let sql = change.and_then(|c| files.get(&(String::new(), c.migration.clone()))).into_iter().flatten();
        let sql = sql.filter(|(l, _)| change.is_some_and(|c| *l == c.line || *l + 1 == c.line));
        let sql = sql.filter_map(|(l, i)| change.map(|c| (&empty, &c.migration, *l, i)));
        for (repo, path, line, ignore) in code.chain(sql) {
            if !ignore.covers(f) {
                continue;
            }
            used.insert((repo.clone(), path.clone(), line));
            match &ignore.until {
                Some(Ok(date)) if *date < today() => {
                    notes.push((path.clone(), line, format!("the ignore of {} expired on {date}", f.rule)))
                }
                Some(Err(text)) => notes.push((
                    path.clone(),
                    line,
                    format!("the ignore of {} has an unreadable date {text:?}; write until=2027-01-31", f.rule),
                )),
                _ if ignore.reason.is_empty() => {
                    notes.push((path.clone(), line, format!("the ignore of {} gives no reason; write `{MARK} {}: why`", f.rule, f.rule)))
                }
                _ => {
                    report.summary.ignored += 1;
                    return false;
                }
            }
        }
        true
    });
    for ((repo, path), found) in &files {
        for (line, ignore) in found {
            if !used.contains(&(repo.clone(), path.clone(), *line)) {
                notes.push((path.clone(), *line, format!("the ignore of {} matches no finding", ignore.rule)));
            }
        }
    }
    notes.sort();
    notes.dedup();
    report.problems.extend(notes.into_iter().map(|(path, line, text)| Problem::new(Stage::Config, text).at(path, Some(line))));
}

/// Whether a text may hold an ignore.
fn marked(text: &[u8]) -> bool {
    memchr::memmem::find(text, MARK.as_bytes()).is_some()
}

fn read(text: &str) -> Vec<(u32, Ignore)> {
    if !marked(text.as_bytes()) {
        return Vec::new();
    }
    text.lines().enumerate().filter_map(|(i, l)| parse(l).map(|ignore| (i as u32 + 1, ignore))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_are_read_from_comments() {
        let date = |t: &str| Some(Ok(t.parse::<Date>().expect(t)));
        let cases = [
            ("-- impact-ignore dropped-column-still-read: gone next week", Some(("dropped-column-still-read", "gone next week", None))),
            ("/* impact-ignore *: old job, until=2027-01-31 */", Some(("*", "old job", date("2027-01-31")))),
            ("# impact-ignore unique-may-reject", Some(("unique-may-reject", "", None))),
            ("// impact-ignore : nothing", None),
            ("no comment", None),
        ];
        for (line, expected) in cases {
            let found = parse(line).map(|i| (i.rule, i.reason, i.until));
            let expected = expected.map(|(rule, reason, until)| (rule.to_string(), reason.to_string(), until));
            assert_eq!(found, expected, "{line}");
        }
        assert_eq!(parse("-- impact-ignore x: y, until=soon").map(|i| i.until), Some(Some(Err(String::new()))));
    }
}
