//! Tables that name clients by another column than their key: a uuid, a
//! number, an e-mail address.

use crate::domain::schema::{LiveColumn, LiveTable};
use crate::policy::{Compare, Link};

use super::super::client::{ClientTable, primary_key};
use super::super::facts::Facts;
use super::super::sample::{Look, look};
use super::super::vocabulary::{Meaning, meaning};
use super::super::words::{noun, snake, split};
use super::{Way, names};

/// The client columns, besides its key, by which other tables may name a client.
pub(in crate::draft) fn keys<'a>(client: &ClientTable<'a>) -> Vec<&'a LiveColumn> {
    const KEYS: &[&str] = &["uuid", "guid", "number", "no", "nr", "code", "systemid", "key", "ref", "reference"];
    let table = client.table;
    let own = table.columns.iter().filter(|column| !client.key.contains(&column.name) && !column.generated);
    own.filter(|column| {
        let last = split(&column.name).pop().unwrap_or_default();
        is_email(column)
            || (table.is_unique(std::slice::from_ref(&column.name)) && !is_someone(column))
            || (KEYS.contains(&last.as_str()) && !is_someone(column))
    })
    .collect()
}

fn is_email(column: &LiveColumn) -> bool {
    meaning(&column.name) == Some(Meaning::Email)
}

fn is_someone(column: &LiveColumn) -> bool {
    meaning(&column.name).is_some_and(Meaning::points_at_someone)
}

/// Whether a column may hold values of such a key, by its name and type.
pub(in crate::draft) fn may_hold(
    facts: &Facts,
    client: &ClientTable,
    key: &LiveColumn,
    table: &LiveTable,
    column: &LiveColumn,
) -> bool {
    if column.generated || !column.kind().compares_with(key.kind()) {
        return false;
    }
    let own_key = column.primary_key > 0 && primary_key(table).len() == 1;
    if is_email(key) {
        // `recipient` may hold addresses, too.
        return is_email(column) || look(facts.values(&table.name, &column.name)) == Some(Look::Email);
    }
    let (name, other) = (snake(&column.name), snake(&key.name));
    let with_noun = format!("{}_{other}", noun(&client.table.name));
    !own_key
        && (name == with_noun
            || name.ends_with(&format!("_{with_noun}"))
            || (name == other && other.len() > 4)
            || same_word(&name, &other))
}

/// `customer_systemid` beside `systemid`.
fn same_word(name: &str, key: &str) -> bool {
    key.len() >= 4 && key != "number" && key != "code" && name.ends_with(&format!("_{key}"))
}

/// The ways by such columns, as far as the data bears them out.
pub(super) fn ways(facts: &Facts, client: &ClientTable, table: &LiveTable) -> Vec<Way> {
    let mut found: Vec<Way> = Vec::new();
    for key in keys(client) {
        for column in table.columns.iter().filter(|column| may_hold(facts, client, key, table, column)) {
            let share = facts.share_of(table, &column.name, &client.table.name, &key.name);
            let enough = share.is_some_and(|share| share.matched >= 2 && share.matched * 2 >= share.of);
            if enough && found.is_empty() {
                let link = Link {
                    equals: Some(names(std::slice::from_ref(&key.name))),
                    compare: is_email(key).then_some(Compare::Email),
                    ..Link::column(&column.name)
                };
                found.push(Way { link, guessed: Some("by another column of the client"), share });
            }
        }
    }
    found
}
