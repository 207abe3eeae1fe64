//! How results are printed.

use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use super::Failure;
use crate::domain::outcome::Tally;
use crate::domain::reading::trouble;
use crate::domain::text::{escaped, is_coloured, json, shown};
pub(super) use crate::report::{counted, number, reason};

/// Where and how results go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub json: bool,
}

impl Output {
    /// Prints data: as JSON to a program, as text to a person.
    pub(super) fn data<T: Serialize>(self, data: &T, text: impl FnOnce() -> String) {
        let text = if self.json { json(&serde_json::to_string_pretty(data).expect("plain data")) } else { text() };
        print(text.trim_end());
    }

    /// Prints a list: as JSON to a program, as a table of these columns to a person, or `none` if nothing is in it.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        all: &[T],
        none: &str,
        columns: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) {
        self.data(&all, || if all.is_empty() { none.to_owned() } else { titled(columns, all.iter().map(row)) });
    }
}

/// Why stdout did not take everything.
static LOST: OnceLock<ErrorKind> = OnceLock::new();

/// Prints a text and a line's end to stdout.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", shown(text, coloured())).and_then(|()| stdout.flush());
    // A reader that has seen enough and closed the pipe is not a failure.
    if let Some(error) = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe) {
        let _ = LOST.set(error.kind());
    }
}

/// Whether stdout took everything that was printed.
pub(super) fn delivered() -> Result<(), Failure> {
    let Some(kind) = LOST.get() else { return Ok(()) };
    let what = format!("the result could not be written to stdout: {}", trouble(*kind));
    Err(Failure::new(what, "what the command did is done; only its output is incomplete"))
}

/// How a text stands out on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Mild,
    Bad,
    Strong,
}

fn coloured() -> bool {
    is_coloured(&std::io::stdout())
}

pub(super) fn toned(tone: Tone, text: &str) -> String {
    if !coloured() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Good => 32,
        Tone::Mild => 33,
        Tone::Bad => 31,
        Tone::Strong => 1,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// The tone of a word for a state or an outcome.
fn tone_of(word: &str) -> Option<Tone> {
    match word {
        "ok" | "done" | "approved" | "anonymized" => Some(Tone::Good),
        "running" | "making" | "waiting" | "warning" | "note" | "refused" | "taken" => Some(Tone::Mild),
        "FAIL" | "critical" | "stopped" | "braked" | "failed" => Some(Tone::Bad),
        _ => None,
    }
}

/// A name as a shell takes it for one word.
pub(super) fn word(name: &str) -> String {
    let is_plain = name.chars().all(|own| own.is_alphanumeric() || matches!(own, '-' | '_' | '.'));
    if is_plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

pub(super) fn batches(count: u64) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{} batches", number(count)) }
}

/// The lines of a tally, those that are zero left out save the first two.
pub(super) fn tally_lines(tally: &Tally, anonymized: &str) -> Vec<(String, u64, &'static str)> {
    let failed = if anonymized == "anonymized" { "nothing was changed; see `lethe status --failures`" } else { "" };
    let all = [
        (anonymized, tally.anonymized, ""),
        ("refused", tally.refused, ""),
        ("failed", tally.failed, failed),
        ("already", tally.already, "anonymized before"),
        ("not due", tally.not_due, "date or period has not passed"),
        ("not found", tally.not_found, "no such client"),
    ];
    all.into_iter()
        .enumerate()
        .filter(|(at, (_, count, _))| *at < 2 || *count > 0)
        .map(|(_, (name, count, note))| (name.to_owned(), count, note))
        .collect()
}

/// Rows of text with their columns aligned: a column of numbers to the right,
/// any other to the left. The first row is the columns' names.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |at: usize| rows.iter().filter_map(move |row| row.get(at)).filter(|cell| !cell.is_empty());
    let is_number = |cell: &String| cell.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let widths: Vec<usize> = (0..columns).map(|at| cells(at).map(|cell| width(cell)).max().unwrap_or(0)).collect();
    let numbers: Vec<bool> = (0..columns).map(|at| cells(at).count() > 1 && cells(at).skip(1).all(is_number)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let pad = " ".repeat(widths[at] - width(cell));
                let cell = tone_of(cell).map_or_else(|| cell.clone(), |tone| toned(tone, cell));
                if numbers[at] { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// A table of these columns.
pub(super) fn titled<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let title = columns.map(str::to_owned).to_vec();
    table(&std::iter::once(title).chain(rows.into_iter().map(Vec::from)).collect::<Vec<_>>())
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}
