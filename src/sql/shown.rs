//! What a review shows of clients, and which clients a limit leaves.

use chrono::NaiveDate;

use super::batch::given_key;
use super::link::CLIENT;
use super::{Scope, column};
use crate::plan::Plan;

/// The key of each client, as the ledger writes it, and what a review shows of
/// it, as texts; `$1` is the clients' keys as a JSON array.
pub fn shown(plan: &Plan) -> String {
    // The same on any day.
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    let columns = plan.shown.iter().map(|own| format!("CAST({} AS TEXT)", column(CLIENT, own)));
    let columns: Vec<String> = [scope.key_text(CLIENT)].into_iter().chain(columns).collect();
    of_given(scope, &columns.join(", "))
}

/// The key of each client that passes these conditions on `lethe_c`, as the ledger writes it; `$1` is the clients' keys
/// as a JSON array.
pub fn within(plan: &Plan, conditions: &[String]) -> String {
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    let found = of_given(scope, &scope.key_text(CLIENT));
    format!("{found} WHERE {}", conditions.join(" AND "))
}

/// These columns of the clients whose keys are in `$1`, a JSON array.
pub(super) fn of_given(scope: Scope, columns: &str) -> String {
    let (given, then) = (scope.dialect.given_keys, scope.dialect.then);
    format!("SELECT {columns} FROM {given} {then} {}", scope.clients_on(&given_key(scope)))
}
