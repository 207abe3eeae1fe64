//! How results are printed.

use std::io::Write;

use serde::Serialize;

use crate::domain::outcome::Tally;
pub(super) use crate::report::{counted, number, reason};

/// Where and how results go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// As JSON.
    pub json: bool,
}

impl Output {
    /// Prints data: as JSON to a program, as text to a person.
    pub(super) fn data<T: Serialize>(self, data: &T, text: impl FnOnce() -> String) {
        let text = if self.json { serde_json::to_string_pretty(data).unwrap_or_default() } else { text() };
        print(text.trim_end());
    }
}

/// Prints a text and a line's end to stdout. A reader that has seen enough and
/// closed the pipe is no fault.
pub(super) fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A name as a shell takes it for one word.
pub(super) fn word(name: &str) -> String {
    let is_plain = name.chars().all(|own| own.is_alphanumeric() || matches!(own, '-' | '_' | '.'));
    if is_plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// A number of batches.
pub(super) fn batches(count: u64) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{} batches", number(count)) }
}

/// The lines of a tally, those that are zero left out save the first two.
pub(super) fn tally_lines(tally: &Tally, anonymized: &str) -> Vec<(String, u64, &'static str)> {
    let all = [
        (anonymized, tally.anonymized, ""),
        ("refused", tally.refused, ""),
        ("failed", tally.failed, "nothing was changed; see `lethe status --failures`"),
        ("already", tally.already, "anonymized before"),
        ("not due", tally.not_due, "date or period has not come"),
        ("not found", tally.not_found, "no such client"),
    ];
    all.into_iter()
        .enumerate()
        .filter(|(at, (_, count, _))| *at < 2 || *count > 0)
        .map(|(_, (name, count, note))| (name.to_owned(), count, note))
        .collect()
}

/// Rows of text with their columns aligned: a column of numbers to the right,
/// any other to the left.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |at: usize| rows.iter().filter_map(move |row| row.get(at)).filter(|cell| !cell.is_empty());
    let is_number = |cell: &String| cell.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let widths: Vec<usize> = (0..columns).map(|at| cells(at).map(|cell| width(cell)).max().unwrap_or(0)).collect();
    let numbers: Vec<bool> = (0..columns).map(|at| cells(at).count() > 1 && cells(at).skip(1).all(is_number)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let pad = " ".repeat(widths[at] - width(cell));
                if numbers[at] { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}
