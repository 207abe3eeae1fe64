//! Outcomes in the ledger.

use serde::Serialize;
use sqlx::FromRow;

use super::Ledger;
use crate::store::StoreError;

/// What became of a client, from one sweep until another.
#[derive(Debug, Clone, FromRow, Serialize)]
pub struct Record {
    /// The sweep that first had this outcome.
    pub sweep: i64,
    /// The job of that sweep.
    pub job: Option<String>,
    /// Who opened that sweep.
    pub opened_by: String,
    /// The outcome.
    pub outcome: String,
    /// Names of the reasons, a JSON array; `None` if there are none.
    pub reasons: Option<String>,
    /// When it was first so.
    pub at: String,
    /// The last sweep that had the same outcome for the same reasons.
    pub last_sweep: i64,
    /// When that was.
    pub last_at: String,
}

/// A client that failed.
#[derive(Debug, Clone, FromRow, Serialize)]
pub struct FailedClient {
    /// Its key.
    pub client_key: String,
    /// Why, a JSON array.
    pub reasons: Option<String>,
    /// The sweep.
    pub sweep: i64,
    /// When.
    pub at: String,
}

impl Ledger {
    /// A client's history, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn history(&self, client_key: &str) -> Result<Vec<Record>, StoreError> {
        sqlx::query_as(
            "SELECT o.sweep, s.job, s.opened_by, o.outcome, o.reasons, o.at, o.last_sweep, o.last_at FROM lethe_outcomes AS o \
             JOIN lethe_sweeps AS s ON s.id = o.sweep WHERE o.client_key = ?1 ORDER BY o.sweep",
        )
        .bind(client_key)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.fault(&error))
    }

    /// How many clients a sweep refused, by the set of their reasons.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn refusals(&self, sweep: i64) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as(
            "SELECT r.value, count(*) FROM lethe_outcomes AS o, json_each(o.reasons) AS r \
             WHERE o.outcome = 'refused' AND o.sweep <= ?1 AND o.last_sweep >= ?1 GROUP BY r.value ORDER BY count(*) DESC, r.value",
        )
        .bind(sweep)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.fault(&error))
    }

    /// Clients whose last outcome is `failed`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn failures(&self, most: u32) -> Result<Vec<FailedClient>, StoreError> {
        sqlx::query_as(
            "SELECT o.client_key, o.reasons, o.sweep, o.at FROM lethe_outcomes AS o WHERE o.outcome = 'failed' AND o.sweep = \
             (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key) ORDER BY o.client_key LIMIT ?1",
        )
        .bind(most)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.fault(&error))
    }

    /// Lets failed clients be tried again: all of them, or one. Returns their keys.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn release_failures(&self, client_key: Option<&str>) -> Result<Vec<String>, StoreError> {
        let mut writer = self.writer().await;
        sqlx::query_scalar(
            "UPDATE lethe_outcomes SET digest = '' WHERE outcome = 'failed' AND digest <> '' AND (?1 IS NULL OR client_key = ?1) \
             AND sweep = (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = lethe_outcomes.client_key) RETURNING client_key",
        )
        .bind(client_key)
        .fetch_all(&mut *writer)
        .await
        .map_err(|error| self.fault(&error))
    }
}
