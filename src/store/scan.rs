//! What it takes to read a whole table.

use std::time::{Duration, Instant};

use super::{Connection, Store, StoreError};
use crate::domain::schema::Dialect;
use crate::sql::{name, qualified, text};

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
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the table cannot be read.
    pub async fn scan(&self, table: &str, column: &str) -> Result<Scan, StoreError> {
        let from = qualified(self.dialect(), table);
        let mut connection = self.readers().acquire().await.map_err(|error| self.fault(&error))?;
        let begun = Instant::now();
        let sample = format!(
            "SELECT count(*), count(own) FROM (SELECT {} AS own FROM {from} LIMIT {SAMPLE}) AS sample",
            name(column)
        );
        let sampled = self.number(&mut connection, &sample).await?;
        let took = begun.elapsed();
        if sampled < u64::from(SAMPLE) {
            return Ok(Scan { rows: sampled, takes: took });
        }
        let known = match self.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => {
                let known = "SELECT CAST(COALESCE(sum(c.reltuples) FILTER (WHERE c.reltuples > 0), 0) AS BIGINT) \
                             FROM pg_catalog.pg_partition_tree(CAST({table} AS REGCLASS)) AS t \
                             JOIN pg_catalog.pg_class AS c ON c.oid = t.relid AND t.isleaf";
                self.number(&mut connection, &known.replace("{table}", &text(&from))).await?
            }
        };
        let rows = if known > 0 {
            known
        } else {
            self.number(&mut connection, &format!("SELECT count(*) FROM {from}")).await?
        };
        let rows = rows.max(sampled);
        let nanos = took.as_nanos() * u128::from(rows) / u128::from(SAMPLE);
        Ok(Scan { rows, takes: Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)) })
    }

    async fn number(&self, connection: &mut Connection, sql: &str) -> Result<u64, StoreError> {
        let number: (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_one(connection)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(u64::try_from(number.0).unwrap_or(0))
    }
}
