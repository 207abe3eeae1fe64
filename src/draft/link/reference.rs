//! Columns that refer to rows of other tables, declared or by their names.

use std::collections::BTreeMap;

use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};

use super::super::client::{ClientTable, primary_key};
use super::super::sample::{Look, look};
use super::super::vocabulary::{Meaning, meaning};
use super::super::words::{endings, noun, referents, split};
use super::super::{Samples, values};

/// A reference from one table to another.
#[derive(Debug, Clone)]
pub(in crate::draft) struct Reference {
    /// The table that refers.
    pub(in crate::draft) from: String,
    pub(in crate::draft) columns: Vec<String>,
    /// The table referred to.
    pub(in crate::draft) to: String,
    /// The columns over there.
    pub(in crate::draft) referenced: Vec<String>,
    /// Whether a foreign key says so, or only the name of the column.
    pub(in crate::draft) declared: bool,
}

/// Tables by what their rows are called, each with the columns referred to.
type Nouns<'a> = BTreeMap<String, (&'a LiveTable, Vec<String>)>;

/// Every reference, before the client table is known.
pub(in crate::draft) fn references(schema: &Schema) -> Vec<Reference> {
    let nouns = nouns(schema);
    schema.tables.values().flat_map(|table| of(schema, table, &nouns, |_| None)).collect()
}

/// Every reference, with those to the client table by all the names it may have.
pub(super) fn references_to(schema: &Schema, samples: &Samples, client: &ClientTable) -> Vec<Reference> {
    let mut nouns = nouns(schema);
    for word in client_nouns(client, &nouns) {
        nouns.insert(word, (client.table, client.key.clone()));
    }
    let bare = |table: &LiveTable, column: &LiveColumn| {
        let words = split(&column.name);
        let names_client = endings(&words)
            .iter()
            .any(|ending| nouns.get(ending).is_some_and(|(table, _)| table.name == client.table.name));
        names_client && words.len() <= 3 && holds_keys(samples, table, column, client)
    };
    let tables = schema.tables.values();
    tables
        .flat_map(|table| {
            of(schema, table, &nouns, |column| bare(table, column).then(|| (client.table, client.key.clone())))
        })
        .collect()
}

/// What one refers to a client as, in other tables.
fn client_nouns(client: &ClientTable, nouns: &Nouns) -> Vec<String> {
    let mut words = vec![noun(&client.table.name)];
    words.extend(endings(&split(&client.table.name)).pop());
    words.extend(client.key.last().and_then(|key| referents(key).into_iter().next()));
    // A user or an account may be anyone; these are always clients.
    words.extend(["customer", "client", "kunde", "member", "patient", "donor"].map(str::to_owned));
    words.retain(|word| nouns.get(word).is_none_or(|(table, _)| table.name == client.table.name));
    words
}

fn nouns(schema: &Schema) -> Nouns<'_> {
    let mut nouns = Nouns::new();
    for table in schema.tables.values() {
        nouns.entry(noun(&table.name)).or_insert_with(|| (table, primary_key(table)));
    }
    nouns
}

/// The references of one table: its foreign keys, then by name its other columns.
fn of<'a>(
    schema: &Schema,
    table: &LiveTable,
    nouns: &Nouns<'a>,
    otherwise: impl Fn(&LiveColumn) -> Option<(&'a LiveTable, Vec<String>)>,
) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for key in &table.foreign_keys {
        let Some(target) = schema.table(&key.references) else { continue };
        let referenced = if key.referenced.is_empty() { primary_key(target) } else { key.referenced.clone() };
        if !found.iter().any(|other| other.columns == key.columns && other.to == target.name) {
            found.push(Reference {
                from: table.name.clone(),
                columns: key.columns.clone(),
                to: target.name.clone(),
                referenced,
                declared: true,
            });
        }
    }
    for column in &table.columns {
        let is_declared = |reference: &Reference| reference.columns.contains(&column.name);
        if found.iter().any(is_declared) || !may_refer(column) {
            continue;
        }
        let words = referents(&column.name);
        let target = words.iter().find_map(|word| {
            let (target, referenced) = nouns.get(word)?;
            // In its own table, `customer_no` is the row itself; `parent_customer_no` is another.
            let is_itself = target.name == table.name && words.first() == Some(word);
            (!is_itself).then(|| (*target, referenced.clone()))
        });
        let target = target.or_else(|| otherwise(column));
        if let Some((target, referenced)) = target
            && let Some(columns) = matching(table, column, target, &referenced)
        {
            let (from, to) = (table.name.clone(), target.name.clone());
            found.push(Reference { from, columns, to, referenced, declared: false });
        }
    }
    found
}

/// Whether nothing in a column's name speaks against a reference.
fn may_refer(column: &LiveColumn) -> bool {
    !column.generated && !meaning(&column.name).is_some_and(Meaning::points_at_someone)
}

/// The columns that hold a key of `target`: `column` for its last part, and
/// columns of the same names for the parts before it (`company`, `customer_no`).
fn matching(table: &LiveTable, column: &LiveColumn, target: &LiveTable, referenced: &[String]) -> Option<Vec<String>> {
    let (last, before) = referenced.split_last()?;
    let itself = table.name == target.name && referenced.contains(&column.name);
    if itself || !comparable(column.kind(), target.column(last)?.kind()) {
        return None;
    }
    let mut columns = Vec::new();
    for name in before {
        columns.push(table.column(name)?.name.clone());
    }
    columns.push(column.name.clone());
    Some(columns)
}

pub(super) fn comparable(left: Kind, right: Kind) -> bool {
    let number = |kind| matches!(kind, Kind::Integer | Kind::Number);
    left == right || left == Kind::Unknown || right == Kind::Unknown || (number(left) && number(right))
}

/// Whether a column called `customer` holds keys rather than names.
fn holds_keys(samples: &Samples, table: &LiveTable, column: &LiveColumn, client: &ClientTable) -> bool {
    let like = |table: &LiveTable, column: &str| look(values(samples, &table.name, column));
    let keys = client.key.last().and_then(|key| like(client.table, key));
    match like(table, &column.name) {
        None | Some(Look::Code | Look::Number | Look::Uuid) => true,
        some => some == keys,
    }
}
