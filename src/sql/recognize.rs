//! Reads what clients are recognized by: the client's key as the ledger writes
//! it, and a text for each column.

use chrono::NaiveDate;

use super::link::CLIENT;
use super::{Scope, column, key_columns, replay, row, shown};
use crate::plan::{Plan, Recognition};

/// Of the clients taken.
pub(super) fn of_taken(scope: Scope, own: &Recognition) -> String {
    format!(
        "SELECT b.key, {} FROM lethe_taken AS t JOIN lethe_batch AS b ON b.n = t.n JOIN {}",
        values(scope, own),
        scope.clients_on(&row(key_columns("t", scope.client.key.len())))
    )
}

/// Of the clients whose keys are in `$1`, a JSON array.
pub fn of_given(plan: &Plan, own: &Recognition) -> String {
    // The same on any day.
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    shown::of_given(scope, &format!("{}, {}", scope.key_text(CLIENT), values(scope, own)))
}

/// Of a page of all clients, with the key as JSON in front. `$1` is the last key as JSON, if `behind` one; `$2` the most
/// rows.
pub fn page(plan: &Plan, own: &Recognition, behind: bool) -> String {
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    replay::page_of_all(scope, &format!(", {}", values(scope, own)), behind)
}

fn values(scope: Scope, own: &Recognition) -> String {
    let columns = own.columns.iter().map(|own| scope.dialect.as_text(&column(CLIENT, own)));
    columns.collect::<Vec<_>>().join(", ")
}
