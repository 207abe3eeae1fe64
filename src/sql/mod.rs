//! SQL text, made from a plan by pure functions. Nothing here runs it.
//!
//! Names are quoted and values written as literals in one place
//! ([`name`], [`text`]). A batch's clients stand in three temporary tables:
//! `lethe_batch` (everybody looked at), `lethe_reasons` (why somebody is
//! refused) and `lethe_taken` (those to be anonymized).

pub mod batch;
mod change;
mod link;
pub mod select;

use chrono::NaiveDate;

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

/// A column of a table, both quoted.
fn column(table: &str, column: &str) -> String {
    format!("{}.{}", name(table), name(column))
}

/// Several columns of a table as one value: `"t"."a"`, or `("t"."a", "t"."b")`.
fn tuple(table: &str, columns: &[String]) -> String {
    row(columns.iter().map(|own| column(table, own)))
}

/// Several columns of a table as one value, each compared by the collation that is named, if any.
fn collated(table: &str, columns: &[String], collations: &[Option<String>]) -> String {
    row(columns.iter().zip(collations).map(|(own, collation)| match collation {
        Some(collation) => format!("{} COLLATE {}", column(table, own), name(collation)),
        None => column(table, own),
    }))
}

fn row(expressions: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = expressions.collect();
    if all.len() == 1 { all.into_iter().next().unwrap_or_default() } else { format!("({})", all.join(", ")) }
}

/// The columns `k0`, `k1`, … of a temporary table.
fn key_columns(table: &str, width: usize) -> String {
    (0..width).map(|at| format!("{table}.k{at}")).collect::<Vec<_>>().join(", ")
}

/// The day after, as a literal: everything before it, with or without a time, is that day or earlier.
fn day_after(day: NaiveDate) -> String {
    text(&day.succ_opt().unwrap_or(day).to_string())
}

fn any_of(conditions: Vec<String>) -> String {
    match conditions.as_slice() {
        [] => "0".to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(" OR ")),
    }
}
