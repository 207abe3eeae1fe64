//! The days of one client: on which it is to be anonymized, in the company's own column, and of its last activity.

use chrono::NaiveDate;

use super::link::{CLIENT, Looks};
use super::{Scope, column, key_names, name, row, tuple};
use crate::domain::today::Today;
use crate::plan::{ActivityPlan, ClientPlan};

/// Reads a client's day as a text. `$1` is the key as JSON.
pub fn read(client: &ClientPlan, date: &str) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    let date = column(CLIENT, date);
    format!("SELECT CAST({date} AS TEXT) FROM {} WHERE {}", scope.clients(), is_client(scope))
}

/// Writes a client's day, unless the client is anonymized. `$1` is the key as
/// JSON, `$2` the day or NULL.
pub fn write(client: &ClientPlan, date: &str) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    let day = scope.dialect.day("$2");
    let (clients, date) = (scope.clients(), name(date));
    format!("UPDATE {clients} SET {date} = {day} WHERE {} AND {}", is_client(scope), scope.open())
}

/// Reads the last day of activity from one source, and how many of its rows have none: a statement for each way from its
/// rows to a client. `$1` is the key as JSON.
pub fn last_activity(client: &ClientPlan, today: Today, source: &ActivityPlan) -> Vec<String> {
    let scope = Scope::new(client, today);
    let keys = key_names(client.key.len());
    let is_own = format!("{} = {}", row((0..client.key.len()).map(|at| format!("k{at}"))), scope.key_of("$1"));
    let day = format!("NULLIF(substr({}, 1, 10), '')", scope.dialect.as_text(&column(&source.table, &source.date)));
    let of_path = |path| {
        let conditions = source.condition.iter().map(|own| format!("({})", own.sql(today))).collect();
        let (from, own) = scope.join_from(path, &Looks { conditions, results: Vec::new() });
        format!(
            "WITH own ({keys}, day) AS (SELECT {own}, {day} FROM {from}) \
             SELECT max(day), count(*) - count(day) FROM own WHERE {is_own}"
        )
    };
    source.paths.iter().map(of_path).collect()
}

fn is_client(scope: Scope) -> String {
    format!("{} = {}", tuple(CLIENT, &scope.client.key), scope.key_of("$1"))
}
