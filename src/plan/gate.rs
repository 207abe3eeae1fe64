//! The 100% gate: every table that reaches the client table is in the policy,
//! and every column of it is classified.

use std::collections::{BTreeMap, VecDeque};

use super::builder::Builder;
use super::problem::in_toml;
use crate::domain::nearest::nearest;
use crate::domain::schema::{Kind, LiveColumn, LiveTable};
use crate::policy::Rows;

/// Column names too common to say that a row belongs to a client.
pub(super) const COMMON: &[&str] = &[
    "id",
    "no",
    "no_",
    "nr",
    "number",
    "code",
    "key",
    "name",
    "uuid",
    "guid",
    "company",
    "company_id",
    "tenant_id",
    "type",
    "rowid",
    "row_id",
    "record_id",
    "recordid",
    "systemid",
    "object_id",
    "entity_id",
];

pub(super) fn check(builder: &mut Builder) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, rule) in &builder.policy.tables {
        let place = format!("tables.{name}");
        let Some(table) = builder.live(name, &place) else { continue };
        if let Some(other) = seen.insert(table.name.clone(), name.clone()) {
            builder.problem(&place, format!("this table is listed twice: also as `{other}`"), "remove one of them");
        }
        if let Some(reason) = &rule.free {
            if reason.trim().is_empty() {
                builder.problem(
                    &place,
                    "`free` needs a reason, and it is empty",
                    "say why the table holds no client data",
                );
            }
            let ruled = rule.client.is_some()
                || rule.rows.is_some()
                || rule.key_value.is_some()
                || rule.retention.is_some()
                || !rule.keys.is_empty()
                || !rule.columns.is_empty();
            if ruled || builder.is_client(name) {
                builder.problem(&place, "declared free of client data, and given rules", "remove `free`, or the rules");
            }
            continue;
        }
        columns(builder, table, &place);
    }
    if builder.rule_of(&builder.client_table.name).is_none() {
        let table = builder.client_table;
        builder.problem(
            &format!("tables.{}", table.name),
            "the client table itself is not in the policy",
            format!(
                "add `[tables.{}.columns]` with a class for each of its {} columns",
                in_toml(&table.name),
                table.columns.len()
            ),
        );
    }
    for (table, way) in reaching(builder) {
        if builder.rule_of(&table).is_none() {
            builder.problem(
                &format!("tables.{table}"),
                format!("table `{table}` reaches clients ({way}) and is not in the policy"),
                format!("add `[tables.{}]` with `client = …` and its columns, or `free = \"<why it holds no client data>\"`", in_toml(&table)),
            );
        }
    }
}

/// Every column of a mapped table is classified, and every classified column exists.
fn columns(builder: &mut Builder, table: &LiveTable, place: &str) {
    let Some(rule) = builder.rule_of(&table.name) else { return };
    for name in rule.columns.keys() {
        let place = format!("{place}.columns.{name}");
        builder.column(table, name, &place);
        let is_same = |other: &str| table.column(name).is_some_and(|column| table.is_called(column, other));
        twice(builder, rule.columns.keys(), name, is_same, &place);
    }
    if matches!(rule.rows, Some(Rows::All(_))) {
        return;
    }
    for column in table.columns.iter().filter(|column| !column.generated) {
        let is_entry = rule
            .key_value
            .as_ref()
            .is_some_and(|entry| table.is_called(column, &entry.key) || table.is_called(column, &entry.value));
        if is_entry || rule.columns.keys().any(|name| table.is_called(column, name)) {
            continue;
        }
        let misspelt = nearest(&column.name, rule.columns.keys().map(String::as_str))
            .filter(|near| table.column(near).is_none())
            .map(|near| format!(" (the policy has `{near}`)"))
            .unwrap_or_default();
        builder.problem(
            &format!("{place}.columns.{}", column.name),
            format!("column `{}` is not classified{misspelt}", column.name),
            "give it `class = \"non-personal\"`, or `\"personal\"` with an action, or `\"sensitive\"`",
        );
    }
}

/// Names are the same in upper and lower case, unless the database has one of
/// each, and each is written once.
fn twice<'a>(
    builder: &mut Builder,
    names: impl Iterator<Item = &'a String>,
    name: &str,
    is_same: impl Fn(&str) -> bool,
    place: &str,
) {
    if let Some(other) = names.take_while(|other| *other != name).find(|other| is_same(other)) {
        builder.problem(place, format!("this column is listed twice: also as `{other}`"), "remove one of them");
    }
}

/// Tables that refer to the client table, and those that refer to them, with
/// the way in words. The client table itself is not among them.
fn reaching(builder: &Builder) -> BTreeMap<String, String> {
    let client = &builder.client_table.name;
    let mut found = BTreeMap::new();
    let other_tenants = builder.schema.other_tenants(client);
    let mut queue = VecDeque::from([client.clone()]);
    while let Some(target) = queue.pop_front() {
        for table in builder.schema.tables.values() {
            if &table.name == client || found.contains_key(&table.name) || other_tenants.contains(&table.name) {
                continue;
            }
            let Some(key) = table.foreign_keys.iter().find(|key| key.references == target) else { continue };
            found.insert(table.name.clone(), format!("`{}` refers to `{target}`", key.columns.join(", ")));
            // What refers to a table without client data belongs to no client by that.
            if builder.rule_of(&table.name).is_none_or(|rule| rule.free.is_none()) {
                queue.push_back(table.name.clone());
            }
        }
    }
    let telling = telling_names(builder);
    for table in builder.schema.tables.values() {
        if &table.name == client || found.contains_key(&table.name) || other_tenants.contains(&table.name) {
            continue;
        }
        let by_name = table.columns.iter().find(|column| {
            let kind = telling.get(&column.name.to_ascii_lowercase());
            kind.is_some_and(|kind| kind.compares_with(column.kind()))
        });
        if let Some(column) = by_name {
            found.insert(table.name.clone(), format!("by the name of its column `{}`", column.name));
        }
    }
    found
}

/// Column names that elsewhere in this policy hold a client's key, and what they hold.
fn telling_names(builder: &Builder) -> BTreeMap<String, Kind> {
    let links = builder.policy.tables.values().filter_map(|table| table.client.as_ref());
    let direct = links.flat_map(|links| &links.0).filter(|link| {
        link.through.is_none() && link.equals.is_none() && link.condition.is_none() && link.text.is_none()
    });
    let kind = |name: &String| builder.client_table.column(name).map_or(Kind::Unknown, LiveColumn::kind);
    direct
        .flat_map(|link| link.column.as_slice().iter().zip(&builder.key))
        .chain(builder.key.iter().map(|own| (own, own)))
        .map(|(name, own)| (name.to_ascii_lowercase(), kind(own)))
        .filter(|(name, _)| !COMMON.contains(&name.as_str()))
        .collect()
}
