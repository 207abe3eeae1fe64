//! What `check` refused of an earlier draft, so that the next one does without it.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::{Found, Misled, Searched};
use crate::domain::schema::Schema;
use crate::plan::Problem;

/// What a draft must not say again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// How often what happens to a column was refused.
    columns: BTreeMap<(String, String), usize>,
    /// Tables whose links were refused.
    pub(super) links: BTreeSet<String>,
    /// Tables whose dates were refused as activity.
    pub(super) activity: BTreeSet<String>,
    /// Settings of the client table that were refused.
    pub(super) settings: BTreeSet<String>,
    /// Keys of key-value tables that were missing.
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Columns of tables that no link reaches in which values of sampled clients stand.
    pub(super) found: Vec<Found>,
    /// Links of which the rows say that they lead to other clients.
    pub(super) misled: BTreeSet<Misled>,
    /// Columns that hold values of the clients whose rows these are.
    held: BTreeSet<(String, String)>,
    /// How many clients were looked for.
    pub(super) sampled: usize,
}

impl Refused {
    /// Notes where values of sampled clients were found: those tables are not free of client data, links that lead to
    /// others are none, and columns that hold them are personal. Returns whether that is news.
    pub fn found(&mut self, searched: Searched) -> bool {
        let Searched { found, clients, misled, kept, .. } = searched;
        let known = |all: &[Found]| {
            let places =
                all.iter().flat_map(|own| [(own.table.clone(), false), (own.table.clone(), own.link.is_some())]);
            places.collect::<BTreeSet<_>>().len()
        };
        let noted = |own: &Self| (known(&own.found), own.misled.len(), own.held.len());
        let before = noted(self);
        self.sampled = self.sampled.max(clients);
        self.misled.extend(misled);
        self.held.extend(kept.into_iter().map(|(table, column, _)| (table, column)));
        self.found.retain(|own| !found.iter().any(|other| other.table == own.table));
        self.found.extend(found);
        noted(self) != before
    }

    /// Notes problems of a draft. Returns whether there was any to act upon.
    pub fn take(&mut self, schema: &Schema, activity: &[String], problems: &[Problem]) -> bool {
        let before = self.clone();
        for problem in problems {
            self.note(schema, activity, &problem.place);
        }
        *self != before
    }

    fn note(&mut self, schema: &Schema, activity: &[String], place: &str) {
        if let Some(at) = place.strip_prefix("period.activity[").and_then(|rest| rest.split(']').next()) {
            let table = at.parse::<usize>().ok().and_then(|at| activity.get(at.checked_sub(1)?));
            self.activity.extend(table.cloned());
            return;
        }
        let Some(rest) = place.strip_prefix("tables.") else {
            self.settings.insert(place.to_owned());
            return;
        };
        // A table's name may have dots of its own.
        let named = schema.tables.keys().filter(|name| {
            rest.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        let Some(table) = named.max_by_key(|name| name.len()) else { return };
        let inner = rest[table.len()..].trim_start_matches('.');
        if let Some(columns) = inner.strip_prefix("columns.") {
            for column in columns.split(" + ") {
                let live = schema.table(table).into_iter().flat_map(|table| &table.columns);
                let own = live.filter(|own| column == own.name || column.starts_with(&format!("{}.", own.name)));
                if let Some(own) = own.max_by_key(|own| own.name.len()) {
                    *self.columns.entry((table.clone(), own.name.clone())).or_default() += 1;
                }
            }
        } else if let Some(key) = inner.strip_prefix("keys.") {
            self.keys.entry(table.clone()).or_default().insert(key.to_owned());
        } else {
            self.links.insert(table.clone());
        }
    }

    /// How often what happens to this column was refused.
    pub(super) fn times(&self, table: &str, column: &str) -> usize {
        self.columns.get(&(table.to_owned(), column.to_owned())).copied().unwrap_or(0)
    }

    /// Whether rows of clients hold their values in this column.
    pub(super) fn holds(&self, table: &str, column: &str) -> bool {
        self.held.contains(&(table.to_owned(), column.to_owned()))
    }

    pub(super) fn keys(&self, table: &str) -> impl Iterator<Item = &str> {
        self.keys.get(table).into_iter().flatten().map(String::as_str)
    }
}
