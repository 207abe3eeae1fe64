//! SQL text, made from a plan by pure functions. Nothing here runs it.
//!
//! Names are quoted and values written as literals in one place
//! ([`name`], [`text`]). A batch's clients stand in temporary tables:
//! `lethe_batch` (all clients checked), `lethe_reasons` (why a client is
//! refused) and `lethe_taken` (those to be anonymized). Most of the SQL is the
//! same for every database; where it is not, the [dialect](crate::domain::dialect) is asked.

pub mod alike;
pub mod batch;
mod change;
pub mod clean;
pub mod closing;
pub mod date;
pub mod effects;
pub mod files;
pub mod groups;
pub mod kept;
pub mod keys;
mod link;
pub mod messages;
pub mod notices;
pub mod others;
pub mod recognize;
pub mod replay;
pub mod residue;
pub mod retention;
pub mod saved;
pub mod select;
pub mod shown;
pub mod watched;

use chrono::NaiveDate;

use crate::domain::dialect::Dialect;
use crate::domain::today::Today;
use crate::plan::{ClientPlan, Compared};

/// What every statement depends on: the dialect, the client table, and the day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) client: &'a ClientPlan,
    pub(crate) today: Today,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(client: &'a ClientPlan, today: impl Into<Today>) -> Self {
        Self { dialect: client.dialect, client, today: today.into() }
    }

    /// A day as a literal to compare dates and moments with, in the time zone of the sweep.
    fn day(&self, day: NaiveDate) -> String {
        self.dialect.begin_of(self.today, day)
    }

    fn relation(&self, table: &str) -> String {
        relation(self.dialect, table)
    }

    fn key_columns(&self, table: &str) -> Vec<String> {
        self.client.key.iter().map(|own| column(table, own)).collect()
    }

    /// The client's key as the ledger writes it: a plain text, or a JSON array.
    fn key_text(&self, table: &str) -> String {
        self.dialect.key_text(&self.key_columns(table), &self.client.key_types)
    }

    /// The client's key as JSON.
    fn key_json(&self, table: &str) -> String {
        self.dialect.key_json(&self.key_columns(table), &self.client.key_types)
    }

    /// A key as JSON (a parameter, or a column of that type), taken apart to compare with the key's columns.
    fn key_of(&self, json: &str) -> String {
        let types = &self.client.key_types;
        let element = |at| (types.len() > 1).then_some(at);
        row(types.iter().enumerate().map(|(at, declared)| self.dialect.key_part(json, element(at), declared)))
    }

    /// That `lethe_c` has no key, where it may have none.
    fn keyless(&self) -> Option<String> {
        let is_null = |own: &String| format!("{} IS NULL", column(link::CLIENT, own));
        self.client.key_nullable.then(|| any_of(self.client.key.iter().map(is_null).collect()))
    }

    /// A ledger key, taken apart to compare with the key's columns.
    fn key_of_ledger(&self, text: &str) -> String {
        match self.client.key_types.as_slice() {
            [declared] => self.dialect.key_of_text(text, declared),
            _ => self.key_of(text),
        }
    }
}

/// A name in double quotes.
pub fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table where its rows are read or written. Outside of the schema that comes
/// first, a table is called `schema.table`, and keeps that name.
pub fn relation(dialect: Dialect, table: &str) -> String {
    let qualified = dialect.qualified(table);
    if qualified == name(table) { qualified } else { format!("{qualified} AS {}", name(table)) }
}

/// A column of a table, both quoted.
fn column(table: &str, column: &str) -> String {
    format!("{}.{}", name(table), name(column))
}

/// Several columns of a table, one after the other.
fn columns(table: &str, columns: &[String]) -> String {
    columns.iter().map(|own| column(table, own)).collect::<Vec<_>>().join(", ")
}

/// Several columns of a table as one value: `"t"."a"`, or `("t"."a", "t"."b")`.
fn tuple(table: &str, columns: &[String]) -> String {
    row(columns.iter().map(|own| column(table, own)))
}

/// The side of a comparison that a row's own columns are.
fn own_side(table: &str, columns: &[String], compared: &[Compared]) -> String {
    row(columns.iter().zip(compared).map(|(own, compared)| match compared {
        Compared::Within(..) => column(table, own),
        Compared::By(collation) => format!("{} COLLATE {}", column(table, own), name(collation)),
        compared => as_compared(column(table, own), compared),
    }))
}

/// The side of a comparison that is referred to: these expressions.
fn other_side(expressions: impl Iterator<Item = String>, compared: &[Compared]) -> Vec<String> {
    expressions.zip(compared).map(|(other, compared)| as_compared(other, compared)).collect()
}

fn as_compared(expression: String, compared: &Compared) -> String {
    match compared {
        Compared::AsTexts => format!("CAST({expression} AS TEXT)"),
        Compared::AsEmails => format!("lower(trim(CAST({expression} AS TEXT)))"),
        Compared::Within(before, after) => {
            format!("({} || CAST({expression} AS TEXT) || {})", text(before), text(after))
        }
        Compared::Plainly | Compared::By(_) => expression,
    }
}

fn row(expressions: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = expressions.collect();
    if all.len() == 1 { all.into_iter().next().unwrap_or_default() } else { format!("({})", all.join(", ")) }
}

/// The columns `k0`, `k1`, … of a temporary table.
fn key_columns(table: &str, width: usize) -> impl Iterator<Item = String> {
    (0..width).map(move |at| format!("{table}.k{at}"))
}

/// The names `k0`, `k1`, ….
fn key_names(width: usize) -> String {
    (0..width).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ")
}

/// The day after: everything before it, with or without a time, is that day or earlier.
fn day_after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

fn any_of(conditions: Vec<String>) -> String {
    match conditions.as_slice() {
        [] => "FALSE".to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(" OR ")),
    }
}
