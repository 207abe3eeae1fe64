//! A ledger that is older than the journal: it takes over what the journal
//! knows, and live sweeps wait until that has been done again.

use super::{Ledger, NewSweep, ROTATED, Segment};
use crate::database::{Connection, Executor, StoreError, query};

/// What stands with a sweep that this ledger knows by the journal alone.
pub const OF_THE_JOURNAL: &str = "known from the journal";

impl Ledger {
    /// Notes that the journal is ahead: from now on live sweeps wait. Returns whether that is news.
    pub async fn notice_restore(&self) -> Result<bool, StoreError> {
        sql!(query, "journal/notice_restore", self.now()).took_effect(self).await
    }

    /// Takes over what a segment of the journal says: `known` is a JSON array of
    /// [`Known`](super::Known). Does nothing if that was done before.
    pub async fn take_over(&self, known: &str, segment: &Segment, key_mark: Option<&str>) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        if !self.advance(&mut transaction, segment, key_mark).await? {
            return transaction.rollback().await;
        }
        let rows = self.rows();
        let sweeps = sql!(query, "restore/sweeps", known, OF_THE_JOURNAL).with("rows", &rows);
        sweeps.execute(&mut *transaction).await?;
        if let Some(next) = self.store.dialect().number_sweeps {
            query(next).execute(&mut *transaction).await?;
        }
        sql!(query, "restore/forget_written", known).with("rows", &rows).execute(&mut *transaction).await?;
        sql!(query, "journal/forget_rotation", ROTATED, key_mark).execute(&mut *transaction).await?;
        sql!(query, "restore/outcomes", known).with("rows", &rows).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// How many outcomes there are whose client is known by a hash alone: those
    /// that begin with `prefix`.
    pub async fn hashed(&self, prefix: &str) -> Result<i64, StoreError> {
        sql!(query_scalar, "restore/count_like", format!("{prefix}%")).fetch_one(self.readers()).await
    }

    /// Gives outcomes known by a hash their clients: `pairs` is a JSON array of
    /// `[hash, client key]`.
    pub async fn name_clients(&self, pairs: &str) -> Result<(), StoreError> {
        let rows = self.store.dialect().pairs;
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        sql!(query, "restore/forget_named", pairs).with("pairs", rows).execute(&mut *transaction).await?;
        sql!(query, "restore/name_outcomes", pairs).with("pairs", rows).execute(&mut *transaction).await?;
        sql!(query, "restore/forget_hashed", pairs).with("pairs", rows).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Opens the sweep that replays the journal, unless another process has.
    pub async fn open_replay(&self, sweep: &NewSweep<'_>) -> Result<Option<i64>, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let Some(id) = self.insert_sweep(&mut transaction, sweep).await? else { return Ok(None) };
        let is_first = sql!(query, "journal/open_replay", id).took_effect(&mut *transaction).await?;
        if !is_first {
            transaction.rollback().await?;
            return Ok(None);
        }
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The replay has ended: live sweeps go on. If it was stopped, another is to be opened.
    pub async fn end_replay(&self, sweep: i64, is_done: bool) -> Result<(), StoreError> {
        if is_done { sql!(query, "journal/end_replay", sweep) } else { sql!(query, "journal/stop_replay", sweep) }
            .run(self)
            .await
    }

    /// Whether this sweep has to wait, for a replay or for a person, who may have paused it: queried in the transaction
    /// that is about to write, or beforehand.
    pub async fn has_to_wait<'c>(&self, on: impl Executor<'c>, sweep: i64) -> Result<bool, StoreError> {
        sql!(query_scalar, "restore/has_to_wait", sweep).fetch_one(on).await
    }

    /// Whether a sweep is the one that replays the journal.
    pub async fn is_replay_of_restore(&self, connection: &mut Connection, sweep: i64) -> Result<bool, StoreError> {
        sql!(query_scalar, "restore/is_replay", sweep).fetch_one(connection).await
    }
}
