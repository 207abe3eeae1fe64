//! What `SQLite`'s errors mean.

use sqlx::error::DatabaseError;

use super::super::{Fault, FaultKind};

/// Openings of messages that name tables and columns, and never values.
const NAMES_ONLY: &[&str] = &[
    "UNIQUE constraint failed: ",
    "NOT NULL constraint failed: ",
    "CHECK constraint failed: ",
    "FOREIGN KEY constraint failed",
    "no such table: ",
    "no such column: ",
    // What only the application's own connections have.
    "no such collation sequence: ",
    "no such function: ",
    "foreign key mismatch - ",
];

/// What a virtual table says of its own content: a search index that is not as the rows are, and not a damaged file.
pub(in crate::database) const CORRUPT_VTAB: u32 = 267;

/// By the codes of <https://www.sqlite.org/rescode.html>.
pub(in crate::database) fn fault(database: &dyn DatabaseError) -> Fault {
    let code = database.code().unwrap_or_default().into_owned();
    let message = database.message();
    let number = code.parse().unwrap_or(1);
    // A trigger can say anything, a constraint's opening included; one that keeps a foreign key says no more.
    let is_its_own = number != 1811 || message == "FOREIGN KEY constraint failed";
    let is_name_taken = message.starts_with("table ") && message.ends_with(" already exists");
    let words = if is_its_own && (is_name_taken || NAMES_ONLY.iter().any(|opening| message.starts_with(opening))) {
        message.to_owned()
    } else {
        format!("error {number} ({})", meaning(number))
    };
    let kind = match number & 0xff {
        // ERROR (a function's complaint about a value), TOOBIG, CONSTRAINT, MISMATCH.
        1 | 18 | 19 | 20 => FaultKind::Rows,
        11 if number == CORRUPT_VTAB => FaultKind::Rows,
        // INTERNAL, ABORT, NOMEM, INTERRUPT, NOTFOUND, NOLFS, RANGE: functions and virtual tables of the company's
        // can end with any of them.
        2 | 4 | 7 | 9 | 12 | 22 | 25 => FaultKind::Statement,
        _ => FaultKind::Unavailable,
    };
    Fault { code, kind, words }
}

/// SQLite's result codes in words. Source: <https://www.sqlite.org/rescode.html>.
fn meaning(code: u32) -> &'static str {
    match code & 0xff {
        11 if code == CORRUPT_VTAB => "a search index that does not match its table",
        1 => "a value that an expression cannot take",
        5 | 6 => "locked",
        8 => "read-only",
        10 => "input/output",
        11 => "the file is damaged",
        13 => "disk full",
        18 => "too big",
        19 if code == 1811 => "refused by a trigger",
        19 => "a constraint",
        20 => "a wrong type",
        _ => "see the database's documentation",
    }
}
