//! Batches in the ledger: they are the queue.

use std::time::Duration;

use super::{Ledger, moment};
use crate::database::{Connection, StoreError, query, query_as, query_scalar, row};
use crate::domain::key::join;
use crate::domain::outcome::Tally;
use crate::queue::Claim;

/// How long a claim is good for without being renewed, unless the configuration says otherwise.
pub const LEASE: Duration = Duration::from_secs(60);

row! {
    #[derive(Debug, Clone)]
    pub struct Batch {
        pub id: i64,
        pub sweep: i64,
        /// The clients' keys, a JSON array.
        pub keys: String,
        pub clients: i64,
        /// How often it was put off because other sessions had locked its clients.
        pub waits: u32,
    }
}

/// A batch about to be cut.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// The clients' keys, a JSON array.
    pub keys: String,
    pub clients: usize,
    /// When it may be taken up, in the ledger's form; `None` for at once.
    pub run_at: Option<String>,
    /// How often its clients were put off because other sessions had locked them.
    pub waits: u32,
}

impl NewBatch {
    /// A batch of the clients with these keys, to be taken up at once.
    #[must_use]
    pub fn of(keys: &[String]) -> Self {
        Self { keys: join(keys), clients: keys.len(), run_at: None, waits: 0 }
    }
}

/// How a batch ends.
#[derive(Debug, Clone)]
pub enum Finish {
    /// Every client has an outcome.
    Done(Done),
    /// Cut into parts, as one of its clients stands in the way of the others.
    Split {
        parts: Vec<NewBatch>,
        /// The sweep goes on behind this key, if the parts are not the whole batch.
        back_to: Option<String>,
    },
    /// To be tried again at this moment, in the ledger's form.
    Again(String),
    /// To be taken up at this moment; the attempt does not count, as it was not the clients' fault.
    Later(String),
    /// The same, as other sessions have locked its clients.
    Wait(String),
    /// Other sessions had locked its clients for too long: the sweep ends without them.
    LeftOut,
}

/// What came of a batch that was worked through.
#[derive(Debug, Clone)]
pub struct Done {
    /// Clients by outcome.
    pub tally: Tally,
    /// How many were refused for each reason, as JSON.
    pub reasons: String,
    /// Those who have no outcome yet.
    pub later: Vec<NewBatch>,
    /// How long it took.
    pub took: Duration,
}

impl Ledger {
    /// Cuts batches and moves the sweep's position on, if it is still where it
    /// was. Returns whether it was.
    pub async fn cut(
        &self,
        sweep: i64,
        from: Option<&str>,
        to: Option<&str>,
        last: bool,
        batches: &[NewBatch],
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let moved = query(
            "UPDATE lethe_sweeps SET position = $3, cut = $4, cut_at = $5 WHERE id = $1 AND position IS NOT DISTINCT FROM $2 AND cut = 0 AND state = 'running'",
        )
        .bind(sweep)
        .bind(from)
        .bind(to)
        .bind(i64::from(last))
        .bind(last.then(|| self.now()))
        .execute(&mut *transaction)
        .await?;
        if moved == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        self.insert_batches(&mut transaction, sweep, batches).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes batches inside a transaction.
    pub async fn insert_batches(
        &self,
        connection: &mut Connection,
        sweep: i64,
        batches: &[NewBatch],
    ) -> Result<(), StoreError> {
        for batch in batches {
            query("INSERT INTO lethe_batches (sweep, keys, clients, state, run_at, waits) VALUES ($1, $2, $3, 'ready', $4, $5)")
                .bind(sweep)
                .bind(&batch.keys)
                .bind(batch.clients)
                .bind(batch.run_at.clone().unwrap_or_else(|| self.now()))
                .bind(batch.waits)
                .execute(&mut *connection)
                .await?;
        }
        if batches.is_empty() { Ok(()) } else { self.tell_of_batches(connection).await }
    }

    /// Says, where the database can, that there are batches to be claimed: heard
    /// when the transaction is committed, and not if it is not.
    pub(super) async fn tell_of_batches(&self, connection: &mut Connection) -> Result<(), StoreError> {
        if let Some(announce) = self.store.dialect().announce_batches {
            query(announce).execute(connection).await?;
        }
        Ok(())
    }

    /// The batch that a claim is for, if the claim still holds.
    pub async fn claimed(&self, connection: &mut Connection, claim: &Claim) -> Result<Option<Batch>, StoreError> {
        query_as(
            "SELECT id, sweep, keys, clients, waits FROM lethe_batches WHERE id = $1 AND lease = $2 AND state = 'running'",
        )
        .bind(claim.batch)
        .bind(&claim.lease)
        .fetch_optional(connection)
        .await
    }

    /// Ends a batch inside a transaction, if the claim still holds. Returns whether it does.
    pub async fn finish(
        &self,
        connection: &mut Connection,
        claim: &Claim,
        sweep: i64,
        finish: &Finish,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        let (state, tally, run_at) = match finish {
            Finish::Done(done) => ("done", done.tally, None),
            Finish::Split { .. } => ("split", Tally::default(), None),
            Finish::Again(at) | Finish::Later(at) | Finish::Wait(at) => ("ready", Tally::default(), Some(at)),
            Finish::LeftOut => ("cancelled", Tally::default(), None),
        };
        let done = if let Finish::Done(done) = finish { Some(done) } else { None };
        let later = done.map_or(&[][..], |done| done.later.as_slice());
        let took = done.map(|done| u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX));
        let finished = query(
            "UPDATE lethe_batches SET state = $3, keys = CASE WHEN $3 = 'ready' THEN keys END, clients = clients - $15, run_at = COALESCE($4, run_at), \
             lease = NULL, lease_until = NULL, error = COALESCE($5, error), anonymized = $6, refused = $7, already = $8, not_due = $9, \
             not_found = $10, failed = $11, done_at = $12, attempts = attempts - $13, reasons = $14, took_ms = $16, waits = waits + $17 WHERE id = $1 AND lease = $2 AND state = 'running'",
        )
        .bind(claim.batch)
        .bind(&claim.lease)
        .bind(state)
        .bind(run_at)
        .bind(error)
        .bind(tally.anonymized)
        .bind(tally.refused)
        .bind(tally.already)
        .bind(tally.not_due)
        .bind(tally.not_found)
        .bind(tally.failed)
        .bind((state != "ready").then(|| self.now()))
        .bind(i64::from(matches!(finish, Finish::Later(_) | Finish::Wait(_))))
        .bind(done.map(|done| &done.reasons))
        .bind(later.iter().map(|batch| batch.clients).sum::<usize>())
        .bind(took)
        .bind(i64::from(matches!(finish, Finish::Wait(_))))
        .execute(&mut *connection)
        .await?;
        if finished > 0 && !later.is_empty() {
            self.insert_batches(connection, sweep, later).await?;
        }
        if finished > 0 && state == "ready" {
            self.tell_of_batches(connection).await?;
        }
        if let Finish::Split { parts, back_to } = finish
            && finished > 0
        {
            self.insert_batches(connection, sweep, parts).await?;
            if back_to.is_some() {
                query(
                    "UPDATE lethe_sweeps SET position = $2, cut = 0, cut_at = NULL WHERE id = $1 AND state = 'running'",
                )
                .bind(sweep)
                .bind(back_to)
                .execute(connection)
                .await?;
            }
        }
        Ok(finished > 0)
    }

    /// Ends a batch in a transaction of its own; see [`finish`](Self::finish).
    pub async fn finish_alone(
        &self,
        claim: &Claim,
        sweep: i64,
        finish: &Finish,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let held = self.finish(&mut transaction, claim, sweep, finish, error).await?;
        transaction.commit().await?;
        Ok(held)
    }

    /// Clients of the last batches, and the time they took together.
    pub async fn recent(&self) -> Result<(u64, Duration), StoreError> {
        let (clients, took): (u64, u64) = query_as(
            "SELECT CAST(COALESCE(sum(clients), 0) AS BIGINT), CAST(COALESCE(sum(took_ms), 0) AS BIGINT) FROM \
             (SELECT clients, took_ms FROM lethe_batches WHERE took_ms IS NOT NULL AND clients > 0 ORDER BY id DESC LIMIT 8) AS last",
        )
        .fetch_one(self.readers())
        .await?;
        Ok((clients, Duration::from_millis(took)))
    }

    /// Leaves out the batches of a sweep that pause.
    pub async fn leave_pausing(&self, sweep: i64) -> Result<(), StoreError> {
        query(
            "UPDATE lethe_batches SET state = 'cancelled', keys = NULL, lease = NULL \
             WHERE sweep = $1 AND state = 'ready' AND run_at > $2",
        )
        .bind(sweep)
        .bind(self.now())
        .run(self)
        .await
    }

    /// Clients of a sweep that were left out, as other sessions had locked them to the end.
    pub async fn left_out(&self, sweep: i64) -> Result<i64, StoreError> {
        query_scalar(
            "SELECT CAST(COALESCE(sum(clients), 0) AS BIGINT) FROM lethe_batches WHERE sweep = $1 AND state = 'cancelled'",
        )
        .bind(sweep)
        .fetch_one(self.readers())
            .await
    }

    /// Whether a worker holds a batch of a sweep, or finished one within the last minute.
    pub async fn is_worked_on(&self, sweep: i64) -> Result<bool, StoreError> {
        let now = self.clock.now();
        query_scalar("SELECT count(*) > 0 FROM lethe_batches WHERE sweep = $1 AND (lease_until > $2 OR done_at > $3)")
            .bind(sweep)
            .bind(moment(now))
            .bind(moment(now - chrono::TimeDelta::minutes(1)))
            .fetch_one(self.readers())
            .await
    }

    /// Clients that a capped sweep may still anonymize.
    pub async fn room(&self, connection: &mut Connection, sweep: i64, cap: u64) -> Result<u64, StoreError> {
        // Batches of one capped sweep wait for each other, or each would find the same room.
        let one = format!("SELECT id FROM lethe_sweeps WHERE id = $1{}", self.store.dialect().lock_rows);
        query(one).bind(sweep).execute(&mut *connection).await?;
        let used: u64 =
            query_scalar("SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT) FROM lethe_batches WHERE sweep = $1")
                .bind(sweep)
                .fetch_one(connection)
                .await?;
        Ok(cap.saturating_sub(used))
    }

    /// Clients that a sweep's brake still lets it take; for no more than a first answer, as nothing is locked.
    pub async fn left_of_allowance(&self, connection: &mut Connection, sweep: i64) -> Result<u64, StoreError> {
        let left: Option<i64> = query_scalar("SELECT allowance - taken FROM lethe_sweeps WHERE id = $1")
            .bind(sweep)
            .fetch_one(connection)
            .await?;
        Ok(left.map_or(u64::MAX, |left| u64::try_from(left).unwrap_or(0)))
    }

    /// Takes clients of a sweep's allowance, at the end of the transaction that anonymizes them: batches that are
    /// committed at once wait for each other here. Returns whether there were enough left.
    pub async fn take_of_allowance(
        &self,
        connection: &mut Connection,
        sweep: i64,
        clients: u64,
    ) -> Result<bool, StoreError> {
        query("UPDATE lethe_sweeps SET taken = taken + $2 WHERE id = $1 AND taken + $2 <= allowance")
            .bind(sweep)
            .bind(clients)
            .took_effect(connection)
            .await
    }

    /// Notes that a cap ended the sweep where it stands: a batch may have moved
    /// its position back since the last look.
    pub async fn cap_used_up(&self, sweep: i64) -> Result<(), StoreError> {
        query(
            "UPDATE lethe_sweeps SET cut = 1, capped = 1, cut_at = $2 WHERE id = $1 AND state = 'running' AND cut = 0",
        )
        .bind(sweep)
        .bind(self.now())
        .run(self)
        .await
    }

    /// Notes inside a transaction that a cap ended the sweep.
    pub async fn cap_reached(&self, connection: &mut Connection, sweep: i64) -> Result<(), StoreError> {
        query("UPDATE lethe_sweeps SET cut = 1, capped = 1, cut_at = COALESCE(cut_at, $2) WHERE id = $1 AND state = 'running'")
            .bind(sweep)
            .bind(self.now())
            .run(connection)
            .await
    }
}
