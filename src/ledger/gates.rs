//! What a live sweep needs beforehand: a rehearsal and a backup.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ledger, moment, parse_moment};
use crate::database::{StoreError, row};
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;
use crate::domain::value::json_of;

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
        sql!(
            query,
            "gates/record_rehearsal",
            digest,
            self.now(),
            by,
            tally.anonymized,
            tally.refused,
            tally.failed,
            i64::from(whole),
            kind.as_str(),
            json_of(filters)
        )
        .run(self)
        .await
    }

    /// Forgets which rehearsals of a plan passed: a later one has found what they did not.
    pub async fn withdraw_rehearsals(&self, digest: &str) -> Result<(), StoreError> {
        sql!(query, "gates/withdraw_rehearsals", digest).run(self).await
    }

    /// The last rehearsal of a plan in which no client failed; earlier versions of Lethe recorded others too.
    pub async fn rehearsal(&self, digest: &str) -> Result<Option<Rehearsal>, StoreError> {
        sql!(query_as, "gates/rehearsal", digest).fetch_optional(self.readers()).await
    }

    /// What the same rehearsals were of, the one with the most clients first.
    pub async fn rehearsals(&self, digest: &str) -> Result<Vec<Extent>, StoreError> {
        sql!(query_as, "gates/rehearsals", digest).fetch_all(self.readers()).await
    }

    /// Records that a backup was made.
    pub async fn record_backup(&self, made_at: DateTime<Utc>, by: &str, note: Option<&str>) -> Result<(), StoreError> {
        sql!(query, "gates/record_backup", moment(made_at), by, note).run(self).await
    }

    /// When the last backup was made.
    pub async fn last_backup(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let made: Option<String> = sql!(query_scalar, "gates/last_backup").fetch_one(self.readers()).await?;
        Ok(made.as_deref().and_then(parse_moment))
    }
}
