//! What of an anonymized client could still tell it from the others.

use super::builder::Builder;
use crate::domain::schema::LiveTable;
use crate::policy::Column;

/// The client table's columns that are marked as quasi-identifiers, in the
/// database's own spelling and order, and texts for people that say something.
pub(super) fn columns(builder: &mut Builder) -> Vec<String> {
    said(builder);
    let mut marked = Vec::new();
    for (name, rule) in &builder.policy.tables {
        let place = format!("tables.{name}");
        let table = builder.schema.table(name);
        for key in rule.keys.iter().filter(|(_, said)| said.quasi_identifier).map(|(key, _)| key) {
            builder.problem(
                &format!("{place}.keys.{key}"),
                "`quasi_identifier` has no meaning for a key",
                "remove it: only columns of the client table are measured",
            );
        }
        for (column, said) in rule.columns.iter().filter(|(_, said)| said.quasi_identifier) {
            let place = format!("{place}.columns.{column}");
            if let Some(table) = table {
                marked.extend(quasi_identifier(builder, table, column, said, &place));
            }
        }
    }
    let order = |name: &String| builder.client_table.columns.iter().position(|column| &column.name == name);
    marked.sort_by_key(order);
    marked
}

fn quasi_identifier(
    builder: &mut Builder,
    table: &LiveTable,
    column: &str,
    said: &Column,
    place: &str,
) -> Option<String> {
    // What is wrong with the name or the action is said elsewhere.
    let spelt = table.column(column)?.name.clone();
    let branches = said.branches().ok()?;
    if !builder.is_client(&table.name) {
        builder.problem(
            place,
            "a quasi-identifier outside of the client table is not measured: a client may have any number of rows here",
            "remove `quasi_identifier`, and mark columns of the client table",
        );
        return None;
    }
    if builder.key.contains(&spelt) {
        builder.problem(
            place,
            "this is the client's key, which no other client has",
            "remove `quasi_identifier`: every report says that the key is kept",
        );
        return None;
    }
    if let [only] = branches.as_slice()
        && only.condition.is_none()
        && only.action.is_fixed()
    {
        builder.problem(
            place,
            "its replacement says nothing about the client, so it distinguishes no clients",
            "remove `quasi_identifier`, or keep or generalize the column",
        );
        return None;
    }
    Some(spelt)
}

/// What people are to read says something.
fn said(builder: &mut Builder) {
    let texts = [
        ("version", builder.policy.version.as_ref()),
        ("client.basis", builder.policy.client.basis.as_ref()),
        ("period.basis", builder.policy.period.as_ref().and_then(|period| period.basis.as_ref())),
    ];
    let of_tables = builder.policy.tables.iter().filter_map(|(name, table)| {
        table.retention.as_ref().map(|own| (format!("tables.{name}.retention.basis"), own.basis.as_ref()))
    });
    let texts: Vec<_> = texts.into_iter().map(|(place, text)| (place.to_owned(), text)).chain(of_tables).collect();
    for (place, text) in texts {
        let place = place.as_str();
        if text.is_some_and(|text| text.trim().is_empty()) {
            builder.problem(place, "is empty", "fill it in, or remove the setting");
        }
    }
}
