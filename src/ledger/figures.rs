//! Figures of sweeps that are over, for reports: they stay what they were.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ledger, Sweep};
use crate::database::{Connection, FromRow, Row, StoreError, row};
use crate::domain::outcome::{Outcome, Tally};

row! {
    /// How many clients have a reason.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Reason {
        /// Its name: that of a guard, `hold`, `residue:table.column`, or the database's words.
        pub reason: String,
        /// How many clients have it; a client with two counts for both.
        pub clients: u64,
    }
}

row! {
    /// How clients stand that no sweep could take.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
    pub struct Standing {
        /// Clients refused when they were last processed.
        pub refused: u64,
        /// Clients that failed when they were last processed.
        pub failed: u64,
        pub on_hold: u64,
    }
}

/// What is done, and what is to be done.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Clients by outcome, of all sweeps.
    pub done: Tally,
    /// Batches not yet over.
    pub open_batches: i64,
    /// Since when the oldest batch that could be claimed has waited.
    pub waiting_since: Option<String>,
}

row! {
    #[derive(Debug, Clone)]
    pub struct LastOfJob {
        pub job: String,
        /// Where its last sweep stands.
        pub state: String,
        /// When one was last done.
        pub done_at: Option<String>,
    }
}

/// Reads the sums of batches by outcome, the first columns of a row.
pub(super) fn tally(row: &Row) -> Result<Tally, StoreError> {
    let count = |at: usize| row.get::<u64>(at);
    Ok(Tally {
        anonymized: count(0)?,
        refused: count(1)?,
        already: count(2)?,
        not_due: count(3)?,
        not_found: count(4)?,
        failed: count(5)?,
    })
}

impl Ledger {
    /// What is done, and what is to be done.
    pub async fn work(&self) -> Result<Work, StoreError> {
        let row = sql!(query, "figures/work", self.now()).fetch_one(self.readers()).await?;
        Ok(Work { done: tally(&row)?, open_batches: row.get(6)?, waiting_since: row.get(7)? })
    }

    /// How the last sweep of each job ended.
    pub async fn last_of_jobs(&self) -> Result<Vec<LastOfJob>, StoreError> {
        sql!(query_as, "figures/last_of_jobs").fetch_all(self.readers()).await
    }

    /// The sweeps opened from one moment until before another, oldest first, each with its outcomes.
    pub async fn sweeps_between(&self, from: &str, until: &str) -> Result<Vec<(Sweep, Tally)>, StoreError> {
        let rows = sql!(query, "figures/sweeps_between", from, until).fetch_all(self.readers()).await?;
        let read = |row: Row| {
            let tally = tally(&row)?;
            Ok((Sweep::from_row(row)?, tally))
        };
        rows.into_iter().map(read).collect()
    }

    /// Why clients failed for the first time in one sweep, most frequent first.
    /// A failure that merely stands is its first sweep's.
    pub async fn failures_of(&self, sweep: i64) -> Result<Vec<Reason>, StoreError> {
        let failures = sql!(query_as, "figures/failures_of", sweep);
        failures.with("reasons", &self.each_reason()).fetch_all(self.readers()).await
    }

    /// How many clients had an outcome in a sweep that they did not have before for the same reasons.
    pub async fn newly(&self, outcome: Outcome, sweep: i64) -> Result<u64, StoreError> {
        sql!(query_scalar, "figures/newly", sweep, outcome.as_str()).fetch_one(self.readers()).await
    }

    /// Why clients stood refused, or failed, at any time between two moments:
    /// each client once for each of its reasons, most frequent first.
    pub async fn reasons_between(&self, outcome: &str, from: &str, until: &str) -> Result<Vec<Reason>, StoreError> {
        let reasons = sql!(query_as, "figures/reasons_between", outcome, from, until);
        reasons.with("reasons", &self.each_reason()).fetch_all(self.readers()).await
    }

    /// How many clients stood so at any time between two moments.
    pub async fn clients_between(&self, outcome: &str, from: &str, until: &str) -> Result<u64, StoreError> {
        sql!(query_scalar, "figures/clients_between", outcome, from, until).fetch_one(self.readers()).await
    }

    /// How clients stand now that no sweep could take.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        sql!(query_as, "figures/standing").fetch_one(self.readers()).await
    }

    /// How many other batches of a sweep are open and have met with no error.
    pub async fn others_go_on(&self, sweep: i64, batch: i64) -> Result<i64, StoreError> {
        sql!(query_scalar, "figures/others_go_on", sweep, batch).fetch_one(self.readers()).await
    }

    /// Notes how many old rows of a table a batch has deleted, inside its transaction.
    pub async fn rows_gone(
        &self,
        connection: &mut Connection,
        batch: i64,
        table: &str,
        rows: u64,
    ) -> Result<(), StoreError> {
        sql!(query, "figures/rows_gone", batch, serde_json::json!({ table: rows }).to_string()).run(connection).await
    }

    /// How many old rows of a table a sweep has deleted, asked in its own transaction.
    pub async fn rows_gone_of(&self, connection: &mut Connection, sweep: i64, table: &str) -> Result<u64, StoreError> {
        let all: Vec<BTreeMap<String, u64>> =
            sql!(query_scalar, "figures/rows_gone_of", sweep).fetch_all(connection).await?;
        Ok(all.iter().filter_map(|rows| rows.get(table)).sum())
    }

    /// How many old rows the sweeps opened between two numbers have deleted, both included, by table.
    pub async fn rows_by_table(&self, first: i64, last: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sql!(query_as, "figures/rows_by_table", first, last);
        let rows = rows.with("tables", &self.store.dialect().members("b.rows_gone"));
        let rows: Vec<(String, u64)> = rows.fetch_all(self.readers()).await?;
        Ok(rows.into_iter().collect())
    }

    fn each_reason(&self) -> String {
        self.store.dialect().elements("o.reasons")
    }
}
