//! The report for people: what to do, what breaks by service and owner with the very token underlined, what the
//! migration does, and how much was understood.

use crate::model::change::Outcome;
use crate::model::finding::{Basis, Finding, FindingKind, Token, Verdict};
use crate::model::report::{DeployOrder, Recommendation, Report};
use crate::model::statement::Scope;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// How to render.
#[derive(Copy, Clone, Debug, Default)]
pub struct TextOptions {
    /// Safe findings and all open sites too.
    pub all: bool,
    /// Escape codes for colours; the caller strips them where the output is no terminal.
    pub colour: bool,
}

/// Uses and findings in tests shown without `--all`.
const BRIEF_SHOWN: usize = 20;

/// Open sites shown without `--all`.
pub const OPEN_SHOWN: usize = 5;

/// Renders the report.
pub fn render(report: &Report, options: TextOptions) -> String {
    let mut out = String::new();
    heading(&mut out, report, options);
    let production = report.findings.iter().filter(|f| f.scope == Scope::Production && f.kind != FindingKind::Use);
    group(&mut out, production, options);
    let uses: Vec<&Finding> = report.findings.iter().filter(|f| f.scope == Scope::Production && f.kind == FindingKind::Use).collect();
    if !uses.is_empty() {
        section(&mut out, "uses to edit (the database will not notice)", options);
        brief(&mut out, &uses, options);
    }
    let tests: Vec<&Finding> = report.findings.iter().filter(|f| f.scope == Scope::Test).collect();
    if !tests.is_empty() {
        section(&mut out, "tests and seeds (never decide)", options);
        brief(&mut out, &tests, options);
    }
    migrations(&mut out, report, options);
    proof(&mut out, report, options);
    coverage(&mut out, report, options);
    problems(&mut out, report, options);
    out
}

fn paint(text: &str, style: Style, options: TextOptions) -> String {
    if options.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
}

fn bold() -> Style {
    Style::new().bold()
}

fn colour_of(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Breaks => AnsiColor::Red,
        Verdict::Risk => AnsiColor::Yellow,
        Verdict::Safe => AnsiColor::Green,
    };
    bold().fg_color(Some(colour.into()))
}

fn section(out: &mut String, title: &str, options: TextOptions) {
    let _ = writeln!(out, "{}", paint(title, bold(), options));
}

fn heading(out: &mut String, report: &Report, options: TextOptions) {
    let (word, style) = match report.recommendation {
        Recommendation::SafeToDeploy => ("SAFE TO DEPLOY", colour_of(Verdict::Safe)),
        Recommendation::RequiresChanges => ("REQUIRES CHANGES", colour_of(Verdict::Risk)),
        Recommendation::Blocked => ("BLOCKED", colour_of(Verdict::Breaks)),
    };
    let paths: Vec<&str> = report.migrations.iter().map(|m| m.path.as_str()).collect();
    let _ = writeln!(out, "{}  {}", paint(word, style, options), paths.join(", "));
    for reason in &report.reasons {
        let _ = writeln!(out, "  {reason}");
    }
    let order = match report.order {
        DeployOrder::MigrateFirst => Some("migrate first, then deploy the code"),
        DeployOrder::CodeFirst => Some("deploy code that no longer needs the old schema first, then migrate"),
        DeployOrder::Neither => Some("no order is safe: expand, move the code over, contract"),
        DeployOrder::Either => None,
    };
    if let Some(order) = order {
        let _ = writeln!(out, "  order: {order}");
    }
    out.push('\n');
}

fn group<'r>(out: &mut String, findings: impl Iterator<Item = &'r Finding>, options: TextOptions) {
    let mut current: Option<(&str, &str, &[String])> = None;
    for finding in findings {
        let key = (finding.repo.as_str(), finding.service.as_str(), finding.owners.as_slice());
        if current != Some(key) {
            let owners = if finding.owners.is_empty() { "no owner".to_string() } else { finding.owners.join(" ") };
            let name = if finding.repo == finding.service || finding.repo.is_empty() {
                finding.service.clone()
            } else {
                format!("{} / {}", finding.repo, finding.service)
            };
            let _ = writeln!(out, "{}  {owners}\n", paint(&name, bold().underline(), options));
            current = Some(key);
        }
        out.push_str(&snippet(finding, options));
        out.push_str("\n\n");
    }
}

fn level(verdict: Verdict) -> Level<'static> {
    match verdict {
        Verdict::Breaks => Level::ERROR.with_name("breaks"),
        Verdict::Risk => Level::WARNING.with_name("risk"),
        Verdict::Safe => Level::NOTE.with_name("safe"),
    }
}

/// One finding, compiler style.
fn snippet(finding: &Finding, options: TextOptions) -> String {
    let renderer = if options.colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let title = level(finding.verdict).primary_title(finding.message.as_str()).id(finding.rule.as_str());
    let mut group = match (&finding.source_line, finding.token) {
        (Some(source), Some(token)) => title.element(
            Snippet::source(source.as_str())
                .line_start(token.line as usize)
                .path(finding.path.as_str())
                .annotation(AnnotationKind::Primary.span(byte_range(source, token))),
        ),
        (_, Some(token)) => title.element(Origin::path(finding.path.as_str()).line(token.line as usize).char_column(token.column as usize)),
        _ => title.element(Origin::path(finding.path.as_str()).line(finding.line as usize)),
    };
    if finding.token.is_some_and(|t| t.line < finding.line || t.line > finding.end_line) {
        group = group.element(Level::NOTE.message(format!("it becomes part of the statement at line {}", finding.line)));
    }
    if let Some(after) = finding.engine_error.as_ref().and_then(|e| e.after.as_deref()) {
        let said = if finding.basis == Basis::Proof {
            "proved: it ran before, and after the migration the engine says"
        } else {
            "the engine will say"
        };
        group = group.element(Level::NOTE.message(format!("{said}: {after}")));
    }
    for also in &finding.also {
        group = group.element(Level::NOTE.message(format!("also: {}", also.message)));
    }
    for line in &finding.bindings {
        group = group.element(Level::NOTE.with_name("bound").message(line.as_str()));
    }
    if !finding.revisions.is_empty() {
        group = group.element(Level::NOTE.message(format!("holds in: {}", finding.revisions.join(", "))));
    }
    if let Some(sites) = &finding.sites {
        let first: Vec<String> = sites.first.iter().map(|s| format!("{}:{}", s.path, s.line)).collect();
        group = group.element(Level::NOTE.message(format!("{} sites: {}", sites.count, first.join(", "))));
    }
    if !finding.help.is_empty() {
        group = group.element(Level::HELP.message(finding.help.as_str()));
    }
    let basis = match finding.basis {
        Basis::Analysis => "analysis",
        Basis::Proof => "proof",
        Basis::Judgement => "judgement",
    };
    if finding.confidence < 0.995 || options.all {
        group = group.element(Level::NOTE.message(format!("{basis}, confidence {:.2}", finding.confidence)));
    }
    renderer.render(&[group])
}

/// The token's byte range within its line.
fn byte_range(line: &str, token: Token) -> std::ops::Range<usize> {
    let at = |column: u32| line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(i, _)| i);
    let start = at(token.column);
    start..at(token.end_column).max(start)
}

fn brief(out: &mut String, findings: &[&Finding], options: TextOptions) {
    let shown = if options.all { findings.len() } else { findings.len().min(BRIEF_SHOWN) };
    for f in &findings[..shown] {
        let word = match f.verdict {
            Verdict::Breaks => "breaks",
            Verdict::Risk => "risk",
            Verdict::Safe => "safe",
        };
        let line = f.token.map_or(f.line, |t| t.line);
        let _ = writeln!(out, "  {word:6} {}:{line}  {} [{}]", f.path, f.message, f.rule);
    }
    if shown < findings.len() {
        let _ = writeln!(out, "  ... and {} more (--all lists them)", findings.len() - shown);
    }
    out.push('\n');
}

fn migrations(out: &mut String, report: &Report, options: TextOptions) {
    section(out, "migration", options);
    for m in &report.migrations {
        let database = m.database.as_ref().map(|d| format!(" of {d}")).unwrap_or_default();
        let outcome = match m.outcome {
            Outcome::Ok if m.data_dependent => "runs, if the data allows",
            Outcome::Ok => "runs",
            Outcome::MayFail => "may fail",
            Outcome::Fails => "fails",
        };
        let _ = writeln!(out, "  {}{database}: {outcome}", m.path);
        if !m.taken.is_empty() {
            let _ = writeln!(out, "    {}", m.taken);
        }
        if let Some(error) = &m.error {
            let _ = writeln!(out, "    {} ({})", error.message, error.code);
        }
        for change in &m.changes {
            let op = serde_json::to_value(change.op).ok().and_then(|v| v.as_str().map(|s| s.replace('_', " "))).unwrap_or_default();
            let unused = match (change.unused, &change.evidence) {
                (Some(true), Some(evidence)) => format!("  (unused: {evidence})"),
                (_, Some(evidence)) => format!("  ({evidence})"),
                _ => String::new(),
            };
            let _ = writeln!(out, "    line {:<4} {op} {}{unused}", change.line, change.object);
        }
    }
    for f in &report.migration_findings {
        let word = match f.verdict {
            Verdict::Breaks => "fails",
            Verdict::Risk => "risk",
            Verdict::Safe => "note",
        };
        let _ = writeln!(out, "  {} {}:{}  {} [{}]", paint(word, colour_of(f.verdict), options), f.migration, f.line, f.message, f.rule);
        if let Some(query) = &f.query {
            let _ = writeln!(out, "    fails if this returns rows: {query}");
        }
        if !f.help.is_empty() {
            let _ = writeln!(out, "    help: {}", f.help);
        }
    }
    out.push('\n');
}

fn coverage(out: &mut String, report: &Report, options: TextOptions) {
    if report.coverage.repositories.is_empty() {
        return;
    }
    section(out, "coverage", options);
    for c in &report.coverage.repositories {
        let skipped: u32 = c.skipped.values().sum();
        let _ = writeln!(
            out,
            "  {}: {} source files, {skipped} skipped; {} of {} data-access sites resolved; {} of {} statements bound",
            c.repo, c.files, c.resolved, c.sites, c.bound, c.statements
        );
        if options.all && c.unclear_uses > 0 {
            let (noun, verb) = if c.unclear_uses == 1 { ("attribute", "is") } else { ("attributes", "are") };
            let _ = writeln!(out, "    {} {noun} of unknown values {verb} called like fields of models; not judged", c.unclear_uses);
        }
        let shown = if options.all { c.open.len() } else { OPEN_SHOWN.min(c.open.len()) };
        for site in &c.open[..shown] {
            let _ = writeln!(out, "    open {}:{}  {}  {}", site.path, site.line, site.reason, site.text);
        }
        let more = c.open.len() - shown + c.open_left_out as usize;
        if more > 0 {
            let _ = writeln!(out, "    ... and {more} more (--all lists them)");
        }
    }
    let s = &report.summary;
    let _ =
        writeln!(out, "  {} statements judged: {} break, {} at risk, {} safe; {} ignored", s.judged, s.breaks, s.risk, s.safe, s.ignored);
    out.push('\n');
}

fn proof(out: &mut String, report: &Report, options: TextOptions) {
    let p = &report.proof;
    if p.engine.is_none() && p.reason.is_none() {
        return;
    }
    section(out, "proof", options);
    if let Some(engine) = &p.engine {
        let noun = if p.statements == 1 { "statement" } else { "statements" };
        let _ = writeln!(out, "  {engine} was asked about {} {noun}: {} agree, {} disagree", p.statements, p.agreed, p.disagreed);
    }
    if let Some(reason) = &p.reason {
        let _ = writeln!(out, "  {}: {reason}", if p.engine.is_some() { "stopped" } else { "nothing is proved" });
    }
    for undecided in &p.undecided {
        let _ = writeln!(out, "  {} undecided: {}", undecided.count, undecided.reason);
    }
    for d in &p.disagreements {
        let statement: Vec<&str> = d.statement.split_whitespace().collect();
        let statement = statement.join(" ");
        let short: String = statement.chars().take(100).collect();
        let _ = writeln!(out, "  analysis said {}; engine: {}\n    {short}", d.analysis, d.engine);
    }
    for refused in &p.refused {
        let _ = writeln!(out, "  not built: {refused}");
    }
    out.push('\n');
}

fn problems(out: &mut String, report: &Report, options: TextOptions) {
    if report.problems.is_empty() {
        return;
    }
    section(out, "passed over", options);
    let shown = if options.all { report.problems.len() } else { report.problems.len().min(10) };
    for p in &report.problems[..shown] {
        let place = match (&p.path, p.line) {
            (Some(path), Some(line)) => format!("{path}:{line}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        let _ = writeln!(out, "  {place}{}", p.message);
        if let Some(help) = &p.help {
            let _ = writeln!(out, "    help: {help}");
        }
    }
    if shown < report.problems.len() {
        let _ = writeln!(out, "  ... and {} more (--all lists them)", report.problems.len() - shown);
    }
}
