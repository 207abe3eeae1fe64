//! What a `PostgreSQL` server's errors mean.

use sqlx::postgres::PgDatabaseError;

use super::super::{Fault, FaultKind};

/// By the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(in crate::database) fn fault(database: &PgDatabaseError) -> Fault {
    let code = database.code().to_owned();
    let kind = match (&code[..2], code.as_str()) {
        // Deadlock, serialization, a lock not granted in time.
        ("40", _) | (_, "55P03" | "55006") => FaultKind::Busy,
        // Connections, resources, the operator, the system, rights, read-only.
        ("08" | "53" | "57" | "58" | "XX" | "28" | "3D" | "F0", _) | (_, "42501" | "25006") => FaultKind::Away,
        _ => FaultKind::Rows,
    };
    let named = match (code.as_str(), database.table(), database.constraint()) {
        (_, Some(table), Some(constraint)) => Some(format!("`{constraint}` of `{table}`")),
        ("42501" | "42P01" | "42703" | "3F000", ..) => Some(database.message().to_owned()),
        (_, Some(table), None) => Some(format!("a column of `{table}`")),
        _ => None,
    };
    let what = state(&code);
    let words = match named {
        Some(named) => format!("{what}: {named}"),
        None => format!("error {code} ({what})"),
    };
    Fault { code, kind, words }
}

/// `PostgreSQL`'s SQLSTATE in words.
fn state(code: &str) -> &'static str {
    match (code, code.get(..2).unwrap_or_default()) {
        ("23502", _) => "a NOT NULL constraint",
        ("23503", _) => "a foreign key",
        ("23505", _) => "a unique constraint",
        ("23514", _) => "a CHECK constraint",
        ("23P01", _) => "an exclusion constraint",
        ("22001", _) => "a text too long for its column",
        ("42501", _) => "no right",
        ("40P01", _) => "a deadlock",
        ("55P03", _) => "locked by another session",
        ("53100", _) => "disk full",
        ("53200", _) => "out of memory",
        ("53300", _) => "too many connections",
        ("57014", _) => "cancelled, or over the time limit",
        (_, "57") => "the server is stopping or starting",
        (_, "08") => "the connection is gone",
        (_, "22") => "a value that an expression cannot take",
        (_, "23") => "a constraint",
        (_, "40") => "in the way of another transaction",
        (_, "42") => "a statement that does not fit the schema",
        (_, "P0") => "refused by a trigger or a function",
        _ => "see the database's documentation",
    }
}
