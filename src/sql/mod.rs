//! SQL text, made from a plan by pure functions. Nothing here runs it.
//!
//! Names are quoted and values written as literals in one place
//! ([`name`], [`text`]). A batch's clients stand in temporary tables:
//! `lethe_batch` (everybody looked at), `lethe_reasons` (why somebody is
//! refused) and `lethe_taken` (those to be anonymized). Most of the SQL is the
//! same for every database; where it is not, `Scope` knows the dialect.

pub mod batch;
mod change;
pub mod date;
mod dialect;
pub mod files;
pub mod groups;
mod link;
pub mod messages;
pub mod notices;
pub mod replay;
pub mod residue;
pub mod retention;
pub mod select;
pub mod shown;

use chrono::NaiveDate;

use crate::domain::plan::{ClientPlan, Compared};
use crate::domain::schema::Dialect;

pub use dialect::{FUNCTIONS, qualified, relation};

/// What every statement depends on: the dialect, the client table, and the day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) client: &'a ClientPlan,
    pub(crate) today: NaiveDate,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(client: &'a ClientPlan, today: NaiveDate) -> Self {
        Self { dialect: client.dialect, client, today }
    }
}

/// A name in double quotes.
#[must_use]
pub fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
#[must_use]
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Refreshes a materialized view, in a transaction, however long that takes.
#[must_use]
pub fn refresh(view: &str) -> [String; 2] {
    let view = dialect::qualified(Dialect::Postgres, view);
    ["SET LOCAL statement_timeout = 0".to_owned(), format!("REFRESH MATERIALIZED VIEW {view}")]
}

/// A column of a table, both quoted.
fn column(table: &str, column: &str) -> String {
    format!("{}.{}", name(table), name(column))
}

/// Several columns of a table as one value: `"t"."a"`, or `("t"."a", "t"."b")`.
fn tuple(table: &str, columns: &[String]) -> String {
    row(columns.iter().map(|own| column(table, own)))
}

/// The side of a comparison that a row's own columns are.
fn own_side(table: &str, columns: &[String], compared: &[Compared]) -> String {
    row(columns.iter().zip(compared).map(|(own, compared)| match compared {
        Compared::By(collation) => format!("{} COLLATE {}", column(table, own), name(collation)),
        compared => as_compared(column(table, own), compared),
    }))
}

/// The side of a comparison that is referred to: these expressions.
fn other_side(expressions: impl Iterator<Item = String>, compared: &[Compared]) -> Vec<String> {
    expressions.zip(compared).map(|(other, compared)| as_compared(other, compared)).collect()
}

fn as_compared(expression: String, compared: &Compared) -> String {
    if *compared == Compared::AsTexts { format!("CAST({expression} AS TEXT)") } else { expression }
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

/// The day after, as a literal: everything before it, with or without a time, is that day or earlier.
fn day_after(day: NaiveDate) -> String {
    text(&day.succ_opt().unwrap_or(day).to_string())
}

fn any_of(conditions: Vec<String>) -> String {
    match conditions.as_slice() {
        [] => "FALSE".to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(" OR ")),
    }
}
