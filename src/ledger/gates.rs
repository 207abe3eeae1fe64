//! What a live sweep needs beforehand: a rehearsal and a backup.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ledger, moment, parse_moment};
use crate::database::{StoreError, query, query_as, query_scalar, row};
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;

row! {
    #[derive(Debug, Clone, Serialize)]
    pub struct Rehearsal {
        pub at: String,
        pub done_by: String,
        /// Clients that were anonymized and rolled back.
        pub anonymized: i64,
        pub refused: i64,
        pub failed: i64,
    }
}

row! {
    /// What a rehearsal was of, and how many of its clients went through.
    #[derive(Debug, Clone)]
    pub struct Extent {
        /// The kind of sweep; `None` if an earlier version of Lethe rehearsed it.
        pub kind: Option<SweepKind>,
        /// Filter names and values.
        pub filters: BTreeMap<String, Vec<String>>,
        /// Whether it was of all clients that such a sweep selects.
        pub whole: bool,
        /// Clients that were anonymized and rolled back.
        pub anonymized: u64,
    }
}

impl Ledger {
    /// Records that a plan was applied to the clients of a sweep, or to old rows, and rolled back. `whole` if they were
    /// all that a sweep of this kind with these filters selects.
    pub async fn record_rehearsal(
        &self,
        digest: &str,
        tally: &Tally,
        of: (SweepKind, &BTreeMap<String, Vec<String>>),
        whole: bool,
        by: &str,
    ) -> Result<(), StoreError> {
        let (kind, filters) = of;
        query(
            "INSERT INTO lethe_rehearsals (digest, at, done_by, anonymized, refused, failed, whole, kind, filters) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (digest, at) DO UPDATE SET done_by = excluded.done_by, anonymized = excluded.anonymized, \
             refused = excluded.refused, failed = excluded.failed, whole = excluded.whole, kind = excluded.kind, \
             filters = excluded.filters",
        )
        .bind(digest)
        .bind(self.now())
        .bind(by)
        .bind(tally.anonymized)
        .bind(tally.refused)
        .bind(tally.failed)
        .bind(i64::from(whole))
        .bind(kind.as_str())
        .bind(crate::domain::value::json_of(filters))
        .run(self)
        .await
    }

    /// Forgets which rehearsals of a plan passed: a later one has found what they did not.
    pub async fn withdraw_rehearsals(&self, digest: &str) -> Result<(), StoreError> {
        query("DELETE FROM lethe_rehearsals WHERE digest = $1").bind(digest).run(self).await
    }

    /// The last rehearsal of a plan in which no client failed; earlier versions of Lethe recorded others too.
    pub async fn rehearsal(&self, digest: &str) -> Result<Option<Rehearsal>, StoreError> {
        query_as(
            "SELECT at, done_by, anonymized, refused, failed FROM lethe_rehearsals WHERE digest = $1 AND failed = 0 \
             ORDER BY at DESC LIMIT 1",
        )
        .bind(digest)
        .fetch_optional(self.readers())
        .await
    }

    /// What the same rehearsals were of, the one with the most clients first.
    pub async fn rehearsals(&self, digest: &str) -> Result<Vec<Extent>, StoreError> {
        query_as(
            "SELECT kind, COALESCE(filters, '{}') AS filters, whole, anonymized FROM lethe_rehearsals WHERE digest = $1 AND failed = 0 \
             ORDER BY anonymized DESC",
        )
        .bind(digest)
        .fetch_all(self.readers())
        .await
    }

    /// Records that a backup was made.
    pub async fn record_backup(&self, made_at: DateTime<Utc>, by: &str, note: Option<&str>) -> Result<(), StoreError> {
        query("INSERT INTO lethe_backups (made_at, said_by, note) VALUES ($1, $2, $3)")
            .bind(moment(made_at))
            .bind(by)
            .bind(note)
            .run(self)
            .await
    }

    /// When the last backup was made.
    pub async fn last_backup(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let made: Option<String> =
            query_scalar("SELECT max(made_at) FROM lethe_backups").fetch_one(self.readers()).await?;
        Ok(made.as_deref().and_then(parse_moment))
    }
}
