//! What a live sweep needs beforehand (a rehearsal, a backup), and how far
//! earlier ones looked.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ledger, moment, parse_moment};
use crate::database::{Connection, StoreError, from_row, query, query_as, query_scalar};
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

/// How far the period sweeps of one plan and filter have looked at everybody.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    /// Everybody was looked at with this cutoff.
    pub cutoff: Option<String>,
    /// When everybody was last looked at.
    pub full_at: Option<String>,
    /// A look at everybody that a cap cut short goes on behind this key.
    pub position: Option<String>,
}

from_row!(Mark { cutoff, full_at, position });

impl Ledger {
    /// Records that a plan was done whole and rolled back.
    pub async fn record_rehearsal(&self, digest: &str, tally: &Tally, by: &str) -> Result<(), StoreError> {
        let count = |clients: u64| i64::try_from(clients).unwrap_or(i64::MAX);
        let mut writer = self.writer().await;
        query("INSERT INTO lethe_rehearsals (digest, at, done_by, anonymized, refused, failed) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (digest, at) DO UPDATE SET done_by = excluded.done_by, anonymized = excluded.anonymized, \
             refused = excluded.refused, failed = excluded.failed")
            .bind(digest)
            .bind(self.now())
            .bind(by)
            .bind(count(tally.anonymized))
            .bind(count(tally.refused))
            .bind(count(tally.failed))
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

    /// How far the period sweeps of a plan and filter have looked.
    pub async fn mark(&self, mark: &str) -> Result<Mark, StoreError> {
        let found = query_as("SELECT cutoff, full_at, position FROM lethe_marks WHERE mark = $1")
            .bind(mark)
            .fetch_optional(self.readers())
            .await?;
        Ok(found.unwrap_or_else(Mark::default))
    }

    /// Moves a mark on, when the period sweep of this number has ended.
    ///
    /// A look at everybody that a cap cut short keeps its place and the cutoff
    /// it began with: clients it passed early on may have become due since, and
    /// the next sweeps look at what left the period from that cutoff on.
    pub(super) async fn advance_mark(
        &self,
        connection: &mut Connection,
        mark: &str,
        sweep: i64,
    ) -> Result<(), StoreError> {
        query("INSERT INTO lethe_marks (mark) VALUES ($1) ON CONFLICT (mark) DO NOTHING")
            .bind(mark)
            .execute(&mut *connection)
            .await?;
        query(
            "UPDATE lethe_marks SET \
             pass_cutoff = CASE WHEN s.since IS NULL AND s.capped = 1 THEN COALESCE(pass_cutoff, s.cutoff) WHEN s.since IS NULL THEN NULL ELSE pass_cutoff END, \
             cutoff = CASE WHEN s.capped = 1 THEN lethe_marks.cutoff WHEN s.since IS NULL THEN COALESCE(pass_cutoff, s.cutoff) ELSE s.cutoff END, \
             full_at = CASE WHEN s.since IS NULL AND s.capped = 0 THEN s.closed_at ELSE full_at END, \
             position = CASE WHEN s.since IS NOT NULL THEN lethe_marks.position WHEN s.capped = 1 THEN s.position END \
             FROM lethe_sweeps AS s WHERE s.id = $2 AND lethe_marks.mark = $1",
        )
        .bind(mark)
        .bind(sweep)
        .execute(connection)
        .await?;
        Ok(())
    }
}
