//! A few values of each column, read for a first draft of a policy. They are
//! looked at and forgotten; none of them is written anywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::{Connection, StoreError, query};
use crate::domain::dialect::Dialect;
use crate::domain::schema::{Kind, LiveTable, Schema};
use crate::sql::{name, relation};

/// Distinct non-empty values as text, by table and column.
pub type Samples = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Rows looked at in each table.
const ROWS: usize = 200;
/// Distinct values kept of each column.
const VALUES: usize = 20;
/// Characters kept of each value.
const CHARACTERS: usize = 200;

pub(super) async fn read(connection: &mut Connection, schema: &Schema) -> Result<Samples, StoreError> {
    let mut samples = Samples::new();
    for table in schema.tables.values() {
        samples.insert(table.name.clone(), of_table(connection, schema.dialect, table).await?);
    }
    Ok(samples)
}

async fn of_table(
    connection: &mut Connection,
    dialect: Dialect,
    table: &LiveTable,
) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
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
    let mut distinct: Vec<BTreeSet<String>> = vec![BTreeSet::new(); table.columns.len()];
    for row in query(&sql).fetch_all(connection).await? {
        for (at, values) in distinct.iter_mut().enumerate() {
            if let Ok(Some(value)) = row.get::<Option<String>>(at)
                && !value.trim().is_empty()
                && values.len() < VALUES
            {
                values.insert(value);
            }
        }
    }
    let named = table.columns.iter().zip(distinct);
    Ok(named.map(|(column, values)| (column.name.clone(), values.into_iter().collect())).collect())
}
