//! A ledger that is older than the journal: it takes over what the journal
//! knows, and live sweeps wait until that has been done again.

use super::{Ledger, NewSweep, ROTATED, Segment};
use crate::database::{Connection, Executor, StoreError, query};

/// What stands with a sweep that this ledger knows by the journal alone.
pub const OF_THE_JOURNAL: &str = "known from the journal";

/// A sweep of which the journal has an outcome, so that no later one gets its number.
const SWEEPS: &str = "INSERT INTO lethe_sweeps (id, kind, filters, today, digest, state, note, cut, opened_by, opened_at, closed_at) \
     SELECT r.sweep, min(r.kind), '{}', substr(min(r.at), 1, 10), min(r.digest), 'done', $2, 1, 'the journal', min(r.at), max(r.at) \
     FROM {rows} WHERE TRUE GROUP BY r.sweep ON CONFLICT (id) DO NOTHING";

/// What had been written to the journal before the backup was made, or what the ledger has itself.
const WRITTEN: &str = "DELETE FROM lethe_outbox WHERE EXISTS (SELECT 1 FROM {rows} WHERE r.client = lethe_outbox.client_key \
     AND r.sweep = lethe_outbox.sweep AND r.outcome = lethe_outbox.outcome AND r.at = lethe_outbox.at)";

/// Of two sweeps with one number, that in which the client was anonymized stands.
const OUTCOMES: &str = "INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest) \
     SELECT client, sweep, outcome, at, sweep, at, digest FROM (SELECT r.*, row_number() OVER (PARTITION BY r.client, r.sweep ORDER BY r.number DESC) AS place \
     FROM {rows}) AS n WHERE n.place = 1 ON CONFLICT (client_key, sweep) DO UPDATE SET outcome = excluded.outcome, reasons = NULL, \
     at = excluded.at, last_at = excluded.last_at, digest = excluded.digest \
     WHERE excluded.outcome = 'anonymized' AND lethe_outcomes.outcome <> 'anonymized'";

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
        let sql = |text: &str| text.replace("{rows}", &self.rows());
        query(sql(SWEEPS)).bind(known).bind(OF_THE_JOURNAL).execute(&mut *transaction).await?;
        if let Some(next) = self.store.dialect().number_sweeps {
            query(next).execute(&mut *transaction).await?;
        }
        query(sql(WRITTEN)).bind(known).execute(&mut *transaction).await?;
        sql!(query, "journal/forget_rotation", ROTATED, key_mark).execute(&mut *transaction).await?;
        query(sql(OUTCOMES)).bind(known).execute(&mut *transaction).await?;
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
        let pairs_of = self.store.dialect().pairs;
        let statements = [
            // Waits to be written, and has been.
            "DELETE FROM lethe_outbox WHERE EXISTS (SELECT 1 FROM {pairs} AS p JOIN lethe_outcomes AS o ON o.client_key = p.hash \
             WHERE p.client = lethe_outbox.client_key AND o.sweep = lethe_outbox.sweep AND o.outcome = lethe_outbox.outcome AND o.at = lethe_outbox.at)",
            "INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest) \
             SELECT p.client, o.sweep, o.outcome, o.at, o.last_sweep, o.last_at, o.digest FROM {pairs} AS p JOIN lethe_outcomes AS o \
             ON o.client_key = p.hash WHERE TRUE ON CONFLICT (client_key, sweep) DO UPDATE SET outcome = excluded.outcome, reasons = NULL, \
             at = excluded.at, last_at = excluded.last_at, digest = excluded.digest \
             WHERE excluded.outcome = 'anonymized' AND lethe_outcomes.outcome <> 'anonymized'",
            "DELETE FROM lethe_outcomes WHERE client_key IN (SELECT hash FROM {pairs} AS p)",
        ];
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        for sql in statements {
            let sql = sql.replace("{pairs}", pairs_of);
            query(sql).bind(pairs).execute(&mut *transaction).await?;
        }
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
