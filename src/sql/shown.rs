//! What a review shows of clients.

use chrono::NaiveDate;

use super::batch::given_key;
use super::link::CLIENT;
use super::{Scope, column, tuple};
use crate::domain::plan::Plan;

/// The key of each client, as the ledger writes it, and what a review shows of
/// it, as texts; `$1` is the clients' keys as a JSON array.
#[must_use]
pub fn shown(plan: &Plan) -> String {
    // The same on any day.
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    let columns = plan.shown.iter().map(|own| format!("CAST({} AS TEXT)", column(CLIENT, own)));
    let columns: Vec<String> = [scope.key_text(CLIENT)].into_iter().chain(columns).collect();
    format!(
        "SELECT {} FROM {} {} {} ON {} = {}",
        columns.join(", "),
        scope.dialect.given_keys(),
        scope.dialect.then(),
        scope.clients(),
        tuple(CLIENT, &plan.client.key),
        given_key(scope),
    )
}
