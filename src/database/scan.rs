//! What it takes to read a whole table.

use std::time::{Duration, Instant};

use super::{Connection, Store, StoreError, query_scalar};
use crate::sql::name;

/// Rows that are read to learn how long all of them take.
const SAMPLE: u32 = 50_000;

/// A table that is read from its first row to its last.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    /// Rows in the table; where it is large, as the database's statistics have it.
    pub rows: u64,
    /// How long it takes to look at a column of all of them.
    pub takes: Duration,
}

impl Store {
    /// How long it takes to look for a value in a column that has no index,
    /// told by its first 50,000 rows.
    pub async fn scan(&self, table: &str, column: &str) -> Result<Scan, StoreError> {
        let from = self.dialect().qualified(table);
        let mut connection = self.readers().acquire().await?;
        let begun = Instant::now();
        let sample = format!(
            "SELECT count(*), count(own) FROM (SELECT {} AS own FROM {from} LIMIT {SAMPLE}) AS sample",
            name(column)
        );
        let sampled = number(&mut connection, sample).await?;
        let took = begun.elapsed();
        if sampled < u64::from(SAMPLE) {
            return Ok(Scan { rows: sampled, takes: took });
        }
        let rows = match self.driver.known_rows(&mut connection, table).await? {
            Some(known) => known,
            None => number(&mut connection, format!("SELECT count(*) FROM {from}")).await?,
        };
        let rows = rows.max(sampled);
        let nanos = took.as_nanos() * u128::from(rows) / u128::from(SAMPLE);
        Ok(Scan { rows, takes: Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)) })
    }
}

async fn number(connection: &mut Connection, sql: String) -> Result<u64, StoreError> {
    query_scalar(sql).fetch_one(connection).await
}
