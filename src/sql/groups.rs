//! How many anonymized clients look alike: groups over the columns that could
//! tell them apart. One statement reads the clients once; what else is asked
//! is asked of the groups.

use chrono::NaiveDate;

use super::link::CLIENT;
use super::{Scope, column};
use crate::plan::ClientPlan;

/// Groups of fewer clients than this are small.
pub const SMALL: u64 = 5;

/// Measures the groups of anonymized clients over these columns.
///
/// Each row says: what was grouped by (`all` columns, all but one, `without`
/// it, or one `alone`), the place of that column, then the number of groups,
/// the clients in the smallest, the clients in all, and the groups and clients
/// below [`SMALL`].
pub fn groups(client: &ClientPlan, columns: &[String]) -> String {
    let names: Vec<String> = (0..columns.len()).map(|at| format!("q{at}")).collect();
    let mut questions = vec![measured("all", -1, "alike")];
    for at in 0..columns.len() {
        let others: Vec<&str> =
            names.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, name)| name.as_str()).collect();
        if !others.is_empty() {
            questions.push(measured(
                "without",
                at,
                &format!("(SELECT sum(n) AS n FROM alike GROUP BY {}) AS w", others.join(", ")),
            ));
        }
        questions.push(measured("alone", at, &format!("(SELECT sum(n) AS n FROM alike GROUP BY q{at}) AS a")));
    }
    let names = names.join(", ");
    format!(
        "WITH alike AS MATERIALIZED (SELECT {names}, count(*) AS n FROM ({}) AS clients GROUP BY {names}) {}",
        anonymized(client, columns),
        questions.join(" UNION ALL ")
    )
}

/// The values of one column that fewer than [`SMALL`] anonymized clients have,
/// rarest first, with their number; `$1` is the most values.
pub fn rare_values(client: &ClientPlan, column: &str) -> String {
    format!(
        "SELECT CAST(q0 AS TEXT), count(*) FROM ({}) AS clients GROUP BY q0 HAVING count(*) < {SMALL} \
         ORDER BY count(*), q0 LIMIT $1",
        anonymized(client, &[column.to_owned()])
    )
}

/// What anonymized clients have in these columns: `q0`, `q1`, …
fn anonymized(client: &ClientPlan, columns: &[String]) -> String {
    // Whatever the day is: an anonymized client is one on any.
    let scope = Scope::new(client, NaiveDate::MIN);
    let values: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, own)| format!("{} AS q{at}", scope.dialect.as_text(&column(CLIENT, own))))
        .collect();
    format!("SELECT {} FROM {} WHERE {}", values.join(", "), scope.clients(), scope.anonymized())
}

fn measured(what: &str, at: impl std::fmt::Display, from: &str) -> String {
    let number = |sum: &str| format!("CAST(COALESCE({sum}, 0) AS BIGINT)");
    format!(
        "SELECT '{what}', CAST({at} AS BIGINT), count(*), {}, {}, {}, {} FROM {from}",
        number("min(n)"),
        number("sum(n)"),
        number(&format!("sum(CASE WHEN n < {SMALL} THEN 1 ELSE 0 END)")),
        number(&format!("sum(CASE WHEN n < {SMALL} THEN n ELSE 0 END)")),
    )
}
