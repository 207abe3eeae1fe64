//! Batches in the ledger: they are the queue.

use std::time::Duration;

use super::{Ledger, moment};
use crate::database::{Connection, StoreError, query, row};
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
        let is_there = sql!(query, "batches/move_position", sweep, from, to, i64::from(last), last.then(|| self.now()))
            .took_effect(&mut *transaction)
            .await?;
        if !is_there {
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
            sql!(
                query,
                "batches/insert_batch",
                sweep,
                &batch.keys,
                batch.clients,
                batch.run_at.clone().unwrap_or_else(|| self.now()),
                batch.waits
            )
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
        sql!(query_as, "batches/claimed", claim.batch, &claim.lease).fetch_optional(connection).await
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
        let is_held = sql!(
            query,
            "batches/finish",
            claim.batch,
            &claim.lease,
            state,
            run_at,
            error,
            tally.anonymized,
            tally.refused,
            tally.already,
            tally.not_due,
            tally.not_found,
            tally.failed,
            (state != "ready").then(|| self.now()),
            i64::from(matches!(finish, Finish::Later(_) | Finish::Wait(_))),
            done.map(|done| &done.reasons),
            later.iter().map(|batch| batch.clients).sum::<usize>(),
            took,
            i64::from(matches!(finish, Finish::Wait(_)))
        )
        .took_effect(&mut *connection)
        .await?;
        if !is_held {
            return Ok(false);
        }
        self.insert_batches(connection, sweep, later).await?;
        if state == "ready" {
            self.tell_of_batches(connection).await?;
        }
        if let Finish::Split { parts, back_to } = finish {
            self.insert_batches(connection, sweep, parts).await?;
            if back_to.is_some() {
                sql!(query, "batches/move_back", sweep, back_to).execute(connection).await?;
            }
        }
        Ok(true)
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
        let (clients, took): (u64, u64) = sql!(query_as, "batches/recent").fetch_one(self.readers()).await?;
        Ok((clients, Duration::from_millis(took)))
    }

    /// Leaves out the batches of a sweep that pause.
    pub async fn leave_pausing(&self, sweep: i64) -> Result<(), StoreError> {
        sql!(query, "batches/leave_pausing", sweep, self.now()).run(self).await
    }

    /// Clients of a sweep that were left out, as other sessions had locked them to the end.
    pub async fn left_out(&self, sweep: i64) -> Result<i64, StoreError> {
        sql!(query_scalar, "batches/left_out", sweep).fetch_one(self.readers()).await
    }

    /// Whether a worker holds a batch of a sweep, or finished one within the last minute.
    pub async fn is_worked_on(&self, sweep: i64) -> Result<bool, StoreError> {
        let now = self.clock.now();
        sql!(query_scalar, "batches/is_worked_on", sweep, moment(now), moment(now - chrono::TimeDelta::minutes(1)))
            .fetch_one(self.readers())
            .await
    }

    /// Clients that a capped sweep may still anonymize.
    pub async fn room(&self, connection: &mut Connection, sweep: i64, cap: u64) -> Result<u64, StoreError> {
        // Batches of one capped sweep wait for each other, or each would find the same room.
        let one = sql!(query, "batches/lock_sweep", sweep).with("lock", self.store.dialect().lock_rows);
        one.execute(&mut *connection).await?;
        let used: u64 = sql!(query_scalar, "batches/count_anonymized", sweep).fetch_one(connection).await?;
        Ok(cap.saturating_sub(used))
    }

    /// Clients that a sweep's brake still lets it take; for no more than a first answer, as nothing is locked.
    pub async fn left_of_allowance(&self, connection: &mut Connection, sweep: i64) -> Result<u64, StoreError> {
        let left: Option<i64> = sql!(query_scalar, "batches/left_of_allowance", sweep).fetch_one(connection).await?;
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
        sql!(query, "batches/take_of_allowance", sweep, clients).took_effect(connection).await
    }

    /// Notes that a cap ended the sweep where it stands: a batch may have moved
    /// its position back since the last look.
    pub async fn cap_used_up(&self, sweep: i64) -> Result<(), StoreError> {
        sql!(query, "batches/cap_used_up", sweep, self.now()).run(self).await
    }

    /// Notes inside a transaction that a cap ended the sweep.
    pub async fn cap_reached(&self, connection: &mut Connection, sweep: i64) -> Result<(), StoreError> {
        sql!(query, "batches/cap_reached", sweep, self.now()).run(connection).await
    }
}
