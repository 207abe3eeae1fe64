//! What the database is asked before a draft is written: which of the sampled
//! values are keys of clients, or of the tables that columns seem to refer to.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::parted;
use crate::domain::sample::{Answers, Question, Samples};
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};

use super::client::{self, ClientTable, primary_key};
use super::facts::Facts;
use super::link::{self, id_columns, kind_columns};
use super::sample::{Look, look};
use super::words::{referents, split};
use super::{DraftError, DraftOptions};

pub fn questions(schema: &Schema, samples: &Samples, options: &DraftOptions) -> Result<Vec<Question>, DraftError> {
    let answers = Answers::new();
    let facts = Facts { schema, samples, answers: &answers };
    let known = link::references(&facts);
    let client = client::find(&facts, &known, options)?;
    let mut asked: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut ask = |table: &str, column: &str, values: &mut dyn Iterator<Item = String>| {
        asked.entry((table.to_owned(), column.to_owned())).or_default().extend(values);
    };
    for reference in
        known.iter().filter(|reference| !reference.declared && !client.other_tenants.contains(&reference.from))
    {
        if let ([.., own], [.., other]) = (reference.columns.as_slice(), reference.referenced.as_slice()) {
            ask(&reference.to, other, &mut facts.values(&reference.from, own).iter().cloned());
        }
    }
    let own = schema.tables.values().filter(|table| !client.other_tenants.contains(&table.name));
    for table in own {
        if let [key] = client.key.as_slice() {
            let mut values = keys_of_clients(&facts, &client, table, key).into_iter();
            ask(&client.table.name, key, &mut values);
        }
        for kind in kind_columns(table) {
            for value in facts.values(&table.name, &kind.name) {
                owners(&facts, table, kind, value, &mut ask);
            }
        }
        for key in link::secondary_keys(&client) {
            for column in table.columns.iter().filter(|own| link::may_hold(&facts, &client, key, table, own)) {
                let values = facts.values(&table.name, &column.name).iter();
                ask(
                    &client.table.name,
                    &key.name,
                    &mut values.flat_map(|value| [value.clone(), value.trim().to_lowercase()]),
                );
            }
        }
    }
    let questions = asked.into_iter().filter(|(_, values)| !values.is_empty());
    Ok(questions.map(|((table, column), values)| Question { table, column, values }).collect())
}

/// Sampled values of a table that may be keys of clients.
fn keys_of_clients(facts: &Facts, client: &ClientTable, table: &LiveTable, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let kind = client.table.column(key).map_or(Kind::Unknown, LiveColumn::kind);
    for column in &table.columns {
        let values = facts.values(&table.name, &column.name);
        if column.kind() == Kind::Text {
            found.extend(values.iter().filter_map(|value| parted(value)).map(|(_, id)| id.to_owned()));
        }
        let is_own = column.primary_key > 0 && primary_key(table).len() == 1 && table.name == client.table.name;
        if is_own || !(column.kind().compares_with(kind) || column.kind() == Kind::Text) {
            continue;
        }
        let named = !referents(&column.name).is_empty() || split(&column.name).len() <= 2;
        let like_keys = matches!(look(values), Some(Look::Code | Look::Uuid | Look::Number));
        if like_keys && (named || column.kind() != Kind::Integer) {
            found.extend(values.iter().cloned());
        }
        if kind_columns(table).iter().any(|own| id_columns(table, own).iter().any(|id| id.name == column.name)) {
            let rows = kind_columns(table).into_iter().flat_map(|own| facts.pairs(table, &own.name, &column.name));
            found.extend(rows.map(|(_, id)| id.clone()));
        }
    }
    found
}

/// Asks the tables that an owner's type may mean for the ids of its rows.
fn owners(
    facts: &Facts,
    table: &LiveTable,
    kind: &LiveColumn,
    value: &str,
    ask: &mut dyn FnMut(&str, &str, &mut dyn Iterator<Item = String>),
) {
    let owner = super::words::noun(value.rsplit(['\\', '.', ':', '/']).next().unwrap_or(value));
    let targets = facts.schema.tables.values().filter(|target| super::words::noun(&target.name) == owner);
    for target in targets {
        let [key] = &primary_key(target)[..] else { continue };
        for id in id_columns(table, kind) {
            let pairs = facts.pairs(table, &kind.name, &id.name).into_iter();
            ask(&target.name, key, &mut pairs.filter(|(own, _)| *own == value).map(|(_, id)| id.clone()));
        }
    }
}
