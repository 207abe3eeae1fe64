//! Reads what clients are recognized by: the client's key as the ledger writes
//! it, and a text for each column.

use chrono::NaiveDate;

use super::batch::given_key;
use super::link::CLIENT;
use super::{Scope, column, key_columns, row, tuple};
use crate::plan::{Plan, Recognition};

/// Of the clients taken.
pub(super) fn of_taken(scope: Scope, own: &Recognition) -> String {
    let key = row(key_columns("t", scope.client.key.len()));
    format!(
        "SELECT b.key, {} FROM lethe_taken AS t JOIN lethe_batch AS b ON b.n = t.n JOIN {} ON {} = {key}",
        values(scope, own),
        scope.clients(),
        tuple(CLIENT, &scope.client.key)
    )
}

/// Of the clients whose keys are in `$1`, a JSON array.
#[must_use]
pub fn of_given(plan: &Plan, own: &Recognition) -> String {
    // The same on any day.
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    format!(
        "SELECT {}, {} FROM {} {} {} ON {} = {}",
        scope.key_text(CLIENT),
        values(scope, own),
        scope.dialect.given_keys,
        scope.dialect.then,
        scope.clients(),
        tuple(CLIENT, &plan.client.key),
        given_key(scope)
    )
}

/// Of a page of all clients, with the key as JSON in front. `$1` is the last key as JSON, if `behind` one; `$2` the most
/// rows.
#[must_use]
pub fn page(plan: &Plan, own: &Recognition, behind: bool) -> String {
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    let order = scope.key_columns(CLIENT);
    let after = if behind {
        format!("WHERE {} > {} ", row(order.iter().cloned()), scope.key_of("$1"))
    } else {
        scope.keyless().map(|keyless| format!("WHERE NOT {keyless} ")).unwrap_or_default()
    };
    format!(
        "SELECT {}, {}, {} FROM {} {after}ORDER BY {} LIMIT $2",
        scope.key_json(CLIENT),
        scope.key_text(CLIENT),
        values(scope, own),
        scope.clients(),
        order.join(", ")
    )
}

fn values(scope: Scope, own: &Recognition) -> String {
    let columns = own.columns.iter().map(|own| scope.dialect.as_text(&column(CLIENT, own)));
    columns.collect::<Vec<_>>().join(", ")
}
