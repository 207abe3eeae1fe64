//! Tables whose rows the database may change for other clients while rules change those of one.

use super::builder::Builder;
use super::{AcceptedPlan, Step};
use crate::domain::schema::LiveTable;

/// A table of which only the rows of the clients taken may change.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its place among the steps.
    pub step: usize,
    pub table: String,
    /// What identifies a row, whatever the rules do to it.
    pub key: Vec<String>,
    /// What has to be unique, if a row that is written may replace another one for that.
    pub unique: Vec<Vec<String>>,
}

/// The tables of the plan that triggers, rules that rewrite statements, and foreign keys may write to when rules change
/// rows. One that the policy accepts as a whole is left out.
pub(super) fn tables(builder: &mut Builder, steps: &[Step], accepted: &[AcceptedPlan]) -> Vec<Watched> {
    let schema = builder.schema;
    let changed = |table: &str, column: &String| {
        let own = steps.iter().filter(|step| step.table == table);
        own.flat_map(|step| step.updates.iter().chain(&step.unlinks))
            .flat_map(|own| &own.rules)
            .any(|own| own.column == *column)
    };
    let mut texts: Vec<&String> = Vec::new();
    if steps.iter().any(|step| !step.triggers.is_empty()) {
        texts.extend(schema.tables.values().flat_map(|table| &table.triggers).filter_map(|own| own.writes.as_ref()));
    }
    let is_named = |name: &str| texts.iter().any(|text| names(text, name));
    let is_emptied = |table: &LiveTable| {
        let mut keys = table.foreign_keys.iter().filter(|key| key.renews);
        keys.any(|key| key.referenced.iter().any(|own| changed(&key.references, own)))
    };
    // What a text makes up, or writes to through a view, can be any table.
    let is_any = is_named("execute") || schema.others.keys().any(|own| is_named(own));
    let mut watched = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let is_accepted =
            |own: &AcceptedPlan| own.table == step.table && own.column.is_none() && own.condition.is_none();
        let Some(table) =
            schema.table(&step.table).filter(|table| is_any || is_named(&table.name) || is_emptied(table))
        else {
            continue;
        };
        if accepted.iter().any(is_accepted) {
            continue;
        }
        let stays = |key: &Vec<String>| !key.is_empty() && !key.iter().any(|own| changed(&table.name, own));
        let whole = table.unique.iter().filter(|own| !own.partial);
        let mut unique: Vec<Vec<String>> = whole.filter_map(|own| own.columns.iter().cloned().collect()).collect();
        let Some(key) = std::iter::once(&table.identity).chain(own_keys(table, &unique)).find(|own| stays(own)) else {
            builder.note(format!(
                "triggers may write to `{}`, and without a primary key that no rule changes, Lethe cannot verify that they leave other clients' rows alone",
                table.name
            ));
            continue;
        };
        let key = key.clone();
        if !table.replaces && !is_named("replace") {
            unique.clear();
        }
        watched.push(Watched { step: place, table: table.name.clone(), key, unique });
    }
    watched
}

/// Columns that identify one row each, where no value is missing.
fn own_keys<'a>(table: &'a LiveTable, unique: &'a [Vec<String>]) -> impl Iterator<Item = &'a Vec<String>> {
    let is_there = |own: &String| table.column(own).is_some_and(|own| own.not_null || own.primary_key > 0);
    unique.iter().filter(move |key| table.is_unique(key) && key.iter().all(is_there))
}

/// Whether a text in small letters has a table's name, with or without its schema.
fn names(text: &str, table: &str) -> bool {
    let name = table.rsplit('.').next().unwrap_or(table).to_lowercase().replace('"', "\"\"");
    let is_of_a_name = |own: char| own.is_alphanumeric() || own == '_';
    text.match_indices(&name)
        .any(|(at, _)| !text[..at].ends_with(is_of_a_name) && !text[at + name.len()..].starts_with(is_of_a_name))
}
