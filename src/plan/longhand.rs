//! A policy's short forms written out: table by table and column by column, as
//! the rest of the plan reads it.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::condition::quoted;
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};
use crate::policy::{Blanks, Class, Column, Everywhere, Family, Literal, Policy, Rows, Table};

/// A policy in its long form, and what is wrong or worth knowing about its short forms.
#[derive(Debug, Clone)]
pub struct Longhand {
    pub policy: Policy,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

impl Longhand {
    /// Writes the short forms of a policy out for a live schema.
    pub fn of(policy: &Policy, schema: &Schema) -> Self {
        let mut long = policy.clone();
        let free = std::mem::take(&mut long.free);
        let families = std::mem::take(&mut long.families);
        let everywhere = std::mem::take(&mut long.everywhere);
        let mut own = Self { policy: long, problems: Vec::new(), notes: Vec::new() };
        for (at, list) in free.into_iter().enumerate() {
            for table in list.tables {
                own.free(schema, at, table, &list.reason);
            }
        }
        own.lists();
        for (at, family) in families.iter().enumerate() {
            own.family(schema, at, family);
        }
        own.everywhere(schema, &everywhere);
        own
    }

    fn problem(&mut self, place: String, what: impl Into<String>, fix: &str) {
        self.problems.push(Problem::new(place, what, fix));
    }

    fn free(&mut self, schema: &Schema, at: usize, table: String, reason: &str) {
        let known = spelt(&self.policy.tables, schema, &table);
        let place = format!("free[{}]", at + 1);
        let said = self.policy.tables.entry(known.unwrap_or(table.clone())).or_default();
        if said.free.replace(reason.to_owned()).is_some() {
            self.problem(place, format!("table `{table}` is declared free twice"), "leave one of them");
        }
    }

    /// The lists of non-personal columns of each table.
    fn lists(&mut self) {
        let mut twice = Vec::new();
        for (name, table) in &mut self.policy.tables {
            for column in std::mem::take(&mut table.non_personal) {
                let is_same = |other: &String| other.eq_ignore_ascii_case(&column);
                if table.columns.keys().any(is_same) {
                    twice.push((name.clone(), column));
                } else {
                    table.columns.insert(column, Column::of(Class::NonPersonal));
                }
            }
        }
        for (table, column) in twice {
            self.problem(
                format!("tables.{table}.columns.{column}"),
                "this column is there twice: in `non_personal` too",
                "leave one of them",
            );
        }
    }

    fn family(&mut self, schema: &Schema, at: usize, family: &Family) {
        let place = format!("families[{}]", at + 1);
        for pattern in &family.tables {
            if !schema.tables.keys().any(|table| crate::policy::matches(pattern, table)) {
                let what = format!("the database has no table called `{pattern}`");
                self.problem(format!("{place}.tables"), what, "correct the name, or remove it");
            }
        }
        for live in schema.tables.values().filter(|live| family.has(&live.name)) {
            let name = spelt(&self.policy.tables, schema, &live.name).unwrap_or_else(|| live.name.clone());
            let is_client = schema.table(&self.policy.client.table).is_some_and(|client| client.name == live.name);
            let table = self.policy.tables.entry(name).or_default();
            if table.free.is_some() {
                continue;
            }
            if !is_client {
                table.client = table.client.take().or_else(|| family.client.clone());
                table.rows = table.rows.take().or_else(|| family.rows.clone());
            }
            decide(table, live, &family.columns, &family.non_personal, &mut BTreeSet::new());
        }
    }

    fn everywhere(&mut self, schema: &Schema, said: &Everywhere) {
        for name in said.non_personal.iter().filter(|name| is_among(said.columns.keys(), name)) {
            self.problem(
                format!("everywhere.columns.{name}"),
                "this column is there twice: in `non_personal` too",
                "leave one of them",
            );
        }
        let mut used = BTreeSet::new();
        for (name, table) in &mut self.policy.tables {
            let Some(live) = schema.table(name).filter(|_| table.free.is_none()) else { continue };
            decide(table, live, &said.columns, &said.non_personal, &mut used);
            if said.blanks == Blanks::Stay {
                let blank = |(name, column): (&String, &mut Column)| {
                    if let Some(live) = live.column(name) {
                        leave_blanks(column, live);
                    }
                };
                table.columns.iter_mut().for_each(blank);
            }
        }
        let unused = said.columns.keys().chain(&said.non_personal).filter(|name| !used.contains(&name.to_lowercase()));
        let unused: Vec<String> = unused.map(|name| format!("`{name}`")).collect();
        if !unused.is_empty() {
            self.notes.push(format!("`everywhere` decides no column of any table with {}", unused.join(", ")));
        }
    }
}

/// How a policy spells a table that it has already.
fn spelt(tables: &BTreeMap<String, Table>, schema: &Schema, table: &str) -> Option<String> {
    if tables.contains_key(table) {
        return Some(table.to_owned());
    }
    let live = schema.table(table)?;
    let is_same = |name: &&String| {
        name.eq_ignore_ascii_case(&live.name) && schema.table(name).is_some_and(|other| other.name == live.name)
    };
    tables.keys().find(is_same).cloned()
}

fn is_among<'a>(mut names: impl Iterator<Item = &'a String>, name: &str) -> bool {
    names.any(|other| other.eq_ignore_ascii_case(name))
}

/// Decides the columns of a table that are not decided yet.
fn decide(
    table: &mut Table,
    live: &LiveTable,
    columns: &BTreeMap<String, Column>,
    non_personal: &[String],
    used: &mut BTreeSet<String>,
) {
    if matches!(table.rows, Some(Rows::All(_))) {
        return;
    }
    for column in live.columns.iter().filter(|column| !column.generated) {
        let is_own = |name: &String| live.is_called(column, name);
        let entry = table.key_value.as_ref().is_some_and(|own| is_own(&own.key) || is_own(&own.value));
        let said = columns.iter().find(|(name, _)| is_own(name));
        let plain = non_personal.iter().find(|name| is_own(name));
        let Some(name) = said.map(|(name, _)| name).or(plain) else { continue };
        used.insert(name.to_lowercase());
        if entry || table.columns.keys().any(is_own) {
            continue;
        }
        let decision = said.map_or_else(|| Column::of(Class::NonPersonal), |(_, said)| said.clone());
        table.columns.insert(column.name.clone(), decision);
    }
}

/// Restricts an action to rows with a value. Sensitive data is deleted in every
/// row, and of several actions each has a condition of its own.
fn leave_blanks(said: &mut Column, live: &LiveColumn) {
    let acts = said.clear || matches!(said.replace, Some(Literal::Text(_)));
    if said.class != Class::Personal || !acts || said.actions.is_some() || said.names().is_some() {
        return;
    }
    let name = quoted(&live.name);
    let has_blanks =
        live.kind() == Kind::Text || (live.told.is_none() && matches!(live.kind(), Kind::Unknown | Kind::Date));
    let mut filled = if has_blanks { format!("{name} <> ''") } else { format!("{name} IS NOT NULL") };
    if let Some(own) = &said.condition {
        filled = format!("({own}) AND {filled}");
    }
    said.condition = Some(filled);
}
