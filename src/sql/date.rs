//! The day on which one client is to be anonymized, in the company's own column.

use chrono::NaiveDate;

use super::link::CLIENT;
use super::{Scope, column, name, tuple};
use crate::plan::ClientPlan;

/// Reads a client's day as a text. `$1` is the key as JSON.
#[must_use]
pub fn read(client: &ClientPlan, date: &str) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    let date = column(CLIENT, date);
    format!("SELECT CAST({date} AS TEXT) FROM {} WHERE {}", scope.clients(), is_client(scope))
}

/// Writes a client's day, unless the client is anonymized. `$1` is the key as
/// JSON, `$2` the day or NULL.
#[must_use]
pub fn write(client: &ClientPlan, date: &str) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    let day = scope.dialect.day("$2");
    let (clients, date) = (scope.clients(), name(date));
    format!("UPDATE {clients} SET {date} = {day} WHERE {} AND {}", is_client(scope), scope.open())
}

fn is_client(scope: Scope) -> String {
    format!("{} = {}", tuple(CLIENT, &scope.client.key), scope.key_of("$1"))
}
