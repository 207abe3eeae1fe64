//! What a live sweep needs beforehand: a rehearsal and a backup.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ledger, moment, parse_moment};
use crate::database::{StoreError, from_row, query, query_as, query_scalar};
use crate::domain::outcome::Tally;

/// A rehearsal of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    pub at: String,
    /// Who did it.
    pub done_by: String,
    /// Clients that were anonymized and rolled back.
    pub anonymized: i64,
    /// Clients refused.
    pub refused: i64,
    /// Clients that failed.
    pub failed: i64,
}

from_row!(Rehearsal { at, done_by, anonymized, refused, failed });

impl Ledger {
    /// Records that a plan was done whole and rolled back.
    /// `whole` if it was of everybody whom a kind of sweep selects.
    pub async fn record_rehearsal(&self, digest: &str, tally: &Tally, whole: bool, by: &str) -> Result<(), StoreError> {
        let count = |clients: u64| i64::try_from(clients).unwrap_or(i64::MAX);
        let mut writer = self.writer().await;
        query("INSERT INTO lethe_rehearsals (digest, at, done_by, anonymized, refused, failed, whole) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (digest, at) DO UPDATE SET done_by = excluded.done_by, anonymized = excluded.anonymized, \
             refused = excluded.refused, failed = excluded.failed, whole = excluded.whole")
            .bind(digest)
            .bind(self.now())
            .bind(by)
            .bind(count(tally.anonymized))
            .bind(count(tally.refused))
            .bind(count(tally.failed))
            .bind(i64::from(whole))
            .execute(&mut **writer)
            .await?;
        Ok(())
    }

    /// The last rehearsal of a plan.
    pub async fn rehearsal(&self, digest: &str) -> Result<Option<Rehearsal>, StoreError> {
        query_as("SELECT at, done_by, anonymized, refused, failed FROM lethe_rehearsals WHERE digest = $1 ORDER BY at DESC LIMIT 1")
            .bind(digest)
            .fetch_optional(self.readers())
            .await
    }

    /// The most clients that a rehearsal of a plan anonymized, if none was of everybody whom a kind of sweep selects.
    pub async fn partly_rehearsed(&self, digest: &str) -> Result<Option<u64>, StoreError> {
        let most: Option<i64> = query_scalar(
            "SELECT CASE WHEN max(whole) = 0 THEN max(anonymized) END FROM lethe_rehearsals WHERE digest = $1",
        )
        .bind(digest)
        .fetch_one(self.readers())
        .await?;
        Ok(most.map(|most| u64::try_from(most).unwrap_or(0)))
    }

    /// Records that a backup was made.
    pub async fn record_backup(&self, made_at: DateTime<Utc>, by: &str, note: Option<&str>) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("INSERT INTO lethe_backups (made_at, said_by, note) VALUES ($1, $2, $3)")
            .bind(moment(made_at))
            .bind(by)
            .bind(note)
            .execute(&mut **writer)
            .await?;
        Ok(())
    }

    /// When the last backup was made.
    pub async fn last_backup(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let made: Option<String> =
            query_scalar("SELECT max(made_at) FROM lethe_backups").fetch_one(self.readers()).await?;
        Ok(made.as_deref().and_then(parse_moment))
    }
}
