//! The ways from rows to clients, as SQL: as a condition on a row (`belongs`),
//! as a question about a client (`exists`), and as a join (`join`).

use chrono::NaiveDate;

use super::{any_of, collated, name, row, text, tuple};
use crate::domain::plan::{ClientPlan, Hop, Path};

/// The client table where it is asked about a client, whatever it is called.
pub(super) const CLIENT: &str = "lethe_c";

/// A client taken, where its rows are asked for.
pub(super) const TAKEN: &str = "lethe_t";

/// Where a row of the path's first table belongs to one of the clients taken.
pub(super) fn belongs(paths: &[Path], client: &ClientPlan, today: NaiveDate) -> String {
    any_of(paths.iter().map(|path| belongs_by(path, client, today)).collect())
}

fn belongs_by(path: &Path, client: &ClientPlan, today: NaiveDate) -> String {
    let mut condition = String::new();
    for (at, hop) in path.hops.iter().enumerate().rev() {
        let among = match path.hops.get(at + 1) {
            Some(next) => {
                format!("SELECT {} FROM {} WHERE {condition}", columns(&next.table, &hop.matches), name(&next.table))
            }
            None if path.by_key => taken_keys(client),
            None => format!(
                "SELECT {} FROM {} AS {CLIENT} WHERE {} IN ({})",
                columns(CLIENT, &hop.matches),
                name(&client.table),
                tuple(CLIENT, &client.key),
                taken_keys(client)
            ),
        };
        condition = format!("{} IN ({among})", own(hop));
        if let Some(own) = &hop.condition {
            condition = format!("{condition} AND ({})", own.sql(today));
        }
    }
    if path.exclusive {
        condition = format!("{condition} AND {}", nobody_elses(path, client, today));
    }
    if path.exclusive || path.hops.iter().any(|hop| hop.condition.is_some()) {
        format!("({condition})")
    } else {
        condition
    }
}

fn taken_keys(client: &ClientPlan) -> String {
    format!("SELECT {} FROM temp.lethe_taken AS {TAKEN}", super::key_columns(TAKEN, client.key.len()))
}

/// The columns of a hop, to be compared with what they match.
fn own(hop: &Hop) -> String {
    collated(&hop.table, &hop.columns, &hop.collations)
}

fn columns(table: &str, columns: &[String]) -> String {
    columns.iter().map(|own| super::column(table, own)).collect::<Vec<_>>().join(", ")
}

/// That no other client has the row, by this way or another of its table. An
/// expression over the row alone.
fn nobody_elses(path: &Path, client: &ClientPlan, today: NaiveDate) -> String {
    let rivals = path.rivals.iter().map(|rival| {
        let other = format!("EXISTS ({})", other_client(rival, client, today));
        match &rival.hops[0].condition {
            Some(condition) => format!("NOT (COALESCE(({}), 0) AND {other})", condition.sql(today)),
            None => format!("NOT {other}"),
        }
    });
    rivals.collect::<Vec<_>>().join(" AND ")
}

/// A client, not anonymized and not taken, to whom the row belongs too.
fn other_client(path: &Path, client: &ClientPlan, today: NaiveDate) -> String {
    let mut sql = format!("SELECT 1 FROM {} AS {CLIENT}", name(&client.table));
    let mut meets = Vec::new();
    for (at, hop) in path.hops.iter().enumerate().rev() {
        if at > 0 {
            sql = format!("{sql} JOIN {} ON {}", named(hop, today), equal(path, at));
        } else {
            meets.push(equal(path, 0));
        }
    }
    meets.push(format!("NOT {}", anonymized(client)));
    meets.push(format!("{} NOT IN ({})", tuple(CLIENT, &client.key), taken_keys(client)));
    format!("{sql} WHERE {}", meets.join(" AND "))
}

/// A hop's table under its own name, with only the rows that count.
fn named(hop: &Hop, today: NaiveDate) -> String {
    rows_of(hop, &Looks::default(), today)
}

/// What is asked of the rows that a path starts with: expressions over a row
/// alone, whatever columns of the same names other tables of the path have.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Only rows for which all of these hold.
    pub(super) conditions: Vec<String>,
    /// The results of these are the columns `lethe_0`, `lethe_1`, …
    pub(super) results: Vec<String>,
}

fn rows_of(hop: &Hop, looks: &Looks, today: NaiveDate) -> String {
    let table = name(&hop.table);
    let own = hop.condition.iter().map(|condition| condition.sql(today)).chain(looks.conditions.iter().cloned());
    let conditions: Vec<String> = own.map(|condition| format!("({condition})")).collect();
    let results: Vec<String> =
        looks.results.iter().enumerate().map(|(at, result)| format!(", ({result}) AS lethe_{at}")).collect();
    match (conditions.as_slice(), results.as_slice()) {
        ([], []) => table,
        ([], _) => format!("(SELECT *{} FROM {table}) AS {table}", results.concat()),
        _ => format!("(SELECT *{} FROM {table} WHERE {}) AS {table}", results.concat(), conditions.join(" AND ")),
    }
}

/// That the columns of one hop equal those of the next.
fn equal(path: &Path, at: usize) -> String {
    let hop = &path.hops[at];
    let next = path.hops.get(at + 1).map_or(CLIENT, |next| &next.table);
    format!("{} = {}", own(hop), tuple(next, &hop.matches))
}

/// Whether the client `lethe_c` has a row by one of these ways for which `condition` holds.
pub(super) fn exists(paths: &[Path], condition: Option<&str>, today: NaiveDate) -> String {
    any_of(paths.iter().map(|path| exists_by(path, condition, today)).collect())
}

fn exists_by(path: &Path, condition: Option<&str>, today: NaiveDate) -> String {
    let mut inner = condition.map(|condition| format!(" AND ({condition})")).unwrap_or_default();
    for (at, hop) in path.hops.iter().enumerate() {
        let own = hop.condition.as_ref().map(|own| format!(" AND ({})", own.sql(today))).unwrap_or_default();
        inner = format!(" AND EXISTS (SELECT 1 FROM {} WHERE {}{own}{inner})", name(&hop.table), equal(path, at));
    }
    inner.trim_start_matches(" AND ").to_owned()
}

/// The rows reached by a path from the clients taken, as `FROM`: the client is
/// `lethe_t`, the row's table has its own name.
pub(super) fn join(path: &Path, mut looks: Looks, client: &ClientPlan, today: NaiveDate) -> String {
    if path.exclusive {
        // A row that stays for another client is not this client's to look at.
        looks.conditions.push(nobody_elses(path, client, today));
    }
    let mut sql = format!("temp.lethe_taken AS {TAKEN}");
    let taken = row((0..client.key.len()).map(|at| format!("{TAKEN}.k{at}")));
    if !path.by_key {
        sql =
            format!("{sql} CROSS JOIN {} AS {CLIENT} ON {} = {taken}", name(&client.table), tuple(CLIENT, &client.key));
    }
    for (at, hop) in path.hops.iter().enumerate().rev() {
        let on =
            if at + 1 == path.hops.len() && path.by_key { format!("{} = {taken}", own(hop)) } else { equal(path, at) };
        // CROSS JOIN keeps the order: from a batch of clients to their rows, never the other way.
        let rows = if at == 0 { rows_of(hop, &looks, today) } else { named(hop, today) };
        sql = format!("{sql} CROSS JOIN {rows} ON {on}");
    }
    sql
}

/// Whether the client `lethe_c` was anonymized before.
pub(super) fn anonymized(client: &ClientPlan) -> String {
    let by_ledger = format!(
        "EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = {} AND o.outcome = 'anonymized')",
        key_text(client, CLIENT)
    );
    match &client.anonymized {
        Some(flag) => format!("(COALESCE({}, 0) <> 0 OR {by_ledger})", super::column(CLIENT, flag)),
        None => by_ledger,
    }
}

/// The client's key as the ledger writes it: a plain text, or a JSON array.
pub(super) fn key_text(client: &ClientPlan, table: &str) -> String {
    match client.key.as_slice() {
        [one] => format!("CAST({} AS TEXT)", super::column(table, one)),
        many => format!("json_array({})", columns(table, many)),
    }
}

/// The client's key as JSON.
pub(super) fn key_json(client: &ClientPlan, table: &str) -> String {
    match client.key.as_slice() {
        [one] => format!("json_quote({})", super::column(table, one)),
        many => format!("json_array({})", columns(table, many)),
    }
}

/// A parameter that holds a key as JSON, taken apart to compare with the key's columns.
pub(super) fn key_parameter(client: &ClientPlan, parameter: &str) -> String {
    match client.key.len() {
        1 => format!("json_extract({parameter}, '$')"),
        width => row((0..width).map(|at| format!("json_extract({parameter}, '$[{at}]')"))),
    }
}

/// Filters as a condition on `lethe_c`: AND between columns, OR between values.
pub(super) fn filtered<'a>(filters: impl Iterator<Item = (&'a str, &'a [String])>) -> String {
    let mut sql = String::new();
    for (own, values) in filters {
        let values: Vec<String> = values.iter().map(|value| text(value)).collect();
        sql = format!("{sql} AND {} IN ({})", super::column(CLIENT, own), values.join(", "));
    }
    sql
}

/// The rows of a path's first table joined with their clients, and the expressions of the client's key.
pub(super) fn join_from(path: &Path, looks: &Looks, client: &ClientPlan, today: NaiveDate) -> (String, String) {
    let mut sql = rows_of(&path.hops[0], looks, today);
    for (at, hop) in path.hops.iter().enumerate().skip(1) {
        sql = format!("{sql} JOIN {} ON {}", named(hop, today), equal(path, at - 1));
    }
    let last = &path.hops[path.hops.len() - 1];
    if path.by_key {
        return (sql, columns(&last.table, &last.columns));
    }
    sql = format!("{sql} JOIN {} AS {CLIENT} ON {}", name(&client.table), equal(path, path.hops.len() - 1));
    (sql, columns(CLIENT, &client.key))
}
