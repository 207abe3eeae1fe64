//! A few rows of each table, and whether a column holds given values: what a
//! first draft of a policy is made from.

use std::collections::{BTreeMap, BTreeSet};

use super::{Connection, StoreError, query};
use crate::domain::dialect::Dialect;
use crate::domain::sample::{Answers, Question, Sampled, Samples};
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};
use crate::domain::value::uuid;
use crate::sql::{name, relation, text};

/// Rows read of each table.
const ROWS: usize = 200;
/// Distinct values kept of each column.
const VALUES: usize = 20;
/// Rows kept whole.
const WHOLE: usize = 50;
/// Characters kept of each value.
const CHARACTERS: usize = 200;
/// Values asked for at once.
const ASKED: usize = 1_000;

pub(super) async fn read(connection: &mut Connection, schema: &Schema) -> Result<Samples, StoreError> {
    let mut samples = Samples::new();
    for table in schema.tables.values() {
        samples.insert(table.name.clone(), of_table(connection, schema.dialect, table).await?);
    }
    Ok(samples)
}

async fn of_table(connection: &mut Connection, dialect: Dialect, table: &LiveTable) -> Result<Sampled, StoreError> {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let own = name(&column.name);
            if column.kind() == Kind::Bytes {
                return "NULL".to_owned();
            }
            format!("substr(CAST({own} AS TEXT), 1, {CHARACTERS})")
        })
        .collect();
    let sql = format!("SELECT {} FROM {} LIMIT {ROWS}", columns.join(", "), relation(dialect, &table.name));
    let mut sampled = Sampled::default();
    let mut distinct: Vec<BTreeSet<String>> = vec![BTreeSet::new(); table.columns.len()];
    let mut seen = vec![(false, false); table.columns.len()];
    for row in query(&sql).fetch_all(connection).await? {
        // What is not text in UTF-8 says nothing about its column.
        let values: Vec<Option<String>> =
            (0..table.columns.len()).map(|at| row.get::<Option<String>>(at).unwrap_or(None)).collect();
        for (at, value) in values.iter().enumerate() {
            match value {
                None => seen[at].0 = true,
                Some(value) if value.trim().is_empty() => seen[at].1 = true,
                Some(value) if distinct[at].len() < VALUES => {
                    distinct[at].insert(value.clone());
                }
                Some(_) => {}
            }
        }
        if sampled.rows.len() < WHOLE {
            sampled.rows.push(values);
        }
    }
    for ((column, values), (has_null, has_blank)) in table.columns.iter().zip(distinct).zip(seen) {
        let own = sampled.columns.entry(column.name.clone()).or_default();
        (own.values, own.has_null, own.has_blank) = (values.into_iter().collect(), has_null, has_blank);
    }
    Ok(sampled)
}

/// Asks for each question which of its values the column holds.
pub(super) async fn answer(
    connection: &mut Connection,
    schema: &Schema,
    questions: &[Question],
) -> Result<Answers, StoreError> {
    let mut answers = BTreeMap::new();
    for question in questions {
        let Some(table) = schema.table(&question.table) else { continue };
        let Some(column) = table.column(&question.column) else { continue };
        let own = name(&column.name);
        let held: &mut BTreeSet<String> = answers.entry((table.name.clone(), column.name.clone())).or_default();
        let asked: Vec<String> =
            question.values.iter().filter(|value| fits(column, value)).map(|value| text(value)).collect();
        for some in asked.chunks(ASKED) {
            let sql = format!(
                "SELECT DISTINCT CAST({own} AS TEXT) FROM {} WHERE {own} IN ({})",
                relation(schema.dialect, &table.name),
                some.join(", ")
            );
            for row in query(&sql).fetch_all(&mut *connection).await? {
                held.extend(row.get::<Option<String>>(0)?);
            }
        }
    }
    Ok(answers)
}

/// Whether a text can be compared with a column's type.
fn fits(column: &LiveColumn, value: &str) -> bool {
    let is_held_to = column.told.is_some();
    let declared = column.compares_as();
    match column.kind() {
        _ if value.contains('\0') => false,
        Kind::Integer if declared == "smallint" => value.parse::<i16>().is_ok(),
        Kind::Integer if declared == "integer" => value.parse::<i32>().is_ok(),
        Kind::Integer if declared == "oid" => value.parse::<u32>().is_ok(),
        Kind::Integer => value.parse::<i64>().is_ok(),
        Kind::Number if declared == "money" => false,
        Kind::Number if declared == "real" => value.parse::<f32>().is_ok_and(f32::is_finite),
        Kind::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Text => true,
        Kind::Unknown => !is_held_to || (declared == "uuid" && uuid(value) == Some(value.to_ascii_lowercase())),
        Kind::Date | Kind::Boolean | Kind::Bytes => !is_held_to,
    }
}
