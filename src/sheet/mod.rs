//! Workbooks that people look through: written, read again as an office
//! program saved them, and never believed more than that. Imports nothing of ours.

mod error;
mod package;
mod read;
mod write;

pub use error::SheetError;
pub use read::{Row, Saved, read, read_counting};
pub use write::{Workbook, write, zipped};

/// The most rows that a workbook has.
pub const MOST_ROWS: usize = 100_000;
/// The longest text of a cell, in characters.
const LONGEST: usize = 500;
/// The sheet with a row for each client.
const ROWS: &str = "Clients";
/// The sheet that says what the other one is.
const ABOUT: &str = "About";

/// A text as it survives an office program: without control characters, each
/// run of white space as one space, and no longer than anybody reads.
pub fn plain(text: &str) -> String {
    let without = text.replace(|own: char| own.is_control() || own == '\u{fffe}' || own == '\u{ffff}', " ");
    let words: Vec<&str> = without.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}
