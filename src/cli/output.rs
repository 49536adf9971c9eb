//! Printing: results to stdout, everything else to stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};

/// Prints an error with its causes. A message brings its own `help:` lines.
pub fn error(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str(&format!(": {cause}"));
        }
        last = cause;
    }
    // A cause that follows a help line reads badly; help goes last.
    let (body, help): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| !l.starts_with("help: "));
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", body.join("\n"));
    for line in help {
        let _ = writeln!(stderr, "{line}");
    }
}

/// Prints a result to stdout; a closed pipe ends the output without an error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a note to stderr unless `quiet`.
pub fn note(quiet: bool, text: &str) {
    if !quiet {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}

/// A progress bar on stderr for long work; hidden when quiet or when stderr is no terminal.
pub fn progress(quiet: bool, label: &'static str) -> ProgressBar {
    let target =
        if quiet || !std::io::stderr().is_terminal() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(label);
    bar
}
