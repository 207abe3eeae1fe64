//! What a `PostgreSQL` server's errors mean.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::super::{Fault, FaultKind};

/// Where `PL/pgSQL` raises what a function or trigger says of its own: with any code, about any row.
const RAISED: &str = "exec_stmt_raise";

/// Where the server names a table, a column or another object that a statement of Lethe's own named. Its words are
/// repeated nowhere else, as they can quote a row.
const NAMES_ONLY: &[&str] =
    &["aclcheck_error", "aclcheck_error_col", "parserOpenTable", "errorMissingColumn", "get_namespace_oid"];

/// By the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
///
/// While the connection is alive, what is refused is refused because of some row, whatever the code. It is not only
/// where the server as a whole takes no work: that it says of itself, never in a function's or trigger's name.
pub(in crate::database) fn fault(database: &PgDatabaseError) -> Fault {
    let code = database.code().to_owned();
    let is_raised = database.routine() == Some(RAISED);
    let is_inside = database.r#where().is_some();
    let is_end = matches!(database.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    let kind = match (code.get(..2).unwrap_or_default(), code.as_str()) {
        _ if is_end => FaultKind::Unavailable,
        _ if is_raised => FaultKind::Rows,
        // Deadlock, serialization, a lock not granted in time.
        ("40", _) | (_, "55P03" | "55006") => FaultKind::Busy,
        // A full disk, no connection left, a read-only server, damaged pages.
        (_, "53000" | "53100" | "53300" | "25006" | "XX001" | "XX002") => FaultKind::Unavailable,
        (_, own) if own.starts_with("57P") => FaultKind::Unavailable,
        // What lies between here and the server, unless a function has gone to another one.
        ("08" | "28" | "3D", _) if !is_inside => FaultKind::Unavailable,
        // A right that was taken from this account, and not one that a trigger lacks.
        (_, "42501") if !is_inside && names_only(database) => FaultKind::Unavailable,
        // Cancelled, over the time limit, more memory or temporary files than one statement may take, a file that a
        // function reads, an error in the server itself.
        ("53" | "57" | "58" | "XX" | "F0", _) => FaultKind::Statement,
        _ => FaultKind::Rows,
    };
    if is_raised {
        let words = format!("error {code} (refused by a trigger or a function)");
        return Fault { code, kind, words };
    }
    let named = match (database.table(), database.constraint()) {
        (Some(table), Some(constraint)) => Some(format!("`{constraint}` of `{table}`")),
        _ if !is_inside && names_only(database) => Some(database.message().to_owned()),
        (Some(table), None) => Some(format!("a column of `{table}`")),
        _ => None,
    };
    let what = state(&code);
    let words = match named {
        Some(named) => format!("{what}: {named}"),
        None => format!("error {code} ({what})"),
    };
    Fault { code, kind, words }
}

fn names_only(database: &PgDatabaseError) -> bool {
    database.routine().is_some_and(|own| NAMES_ONLY.contains(&own))
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
        ("53400", _) => "over a limit of the server, such as that of temporary files",
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
