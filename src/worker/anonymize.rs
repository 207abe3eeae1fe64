//! A claimed batch, from its transaction to its end in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::batch::{self, Applied, BUSY_PAUSE, BatchFault, Failing, Work, backoff};
use super::culprits::{Suspects, set_apart};
use super::deliver::messages::write_down;
use super::end::{BatchEnd, Tried, end_of, waits_too_long};
use super::files;
use super::pace::Pace;
use super::sweep::{Prepared, SweepError, of_sweep};
use super::{closing, recognize, replay, retention};
use crate::database::{Connection, query, query_as};
use crate::domain::key::{Key, split};
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;
use crate::ledger::traces::counts;
use crate::ledger::{Batch, Done, Finish, NewBatch, State, Sweep, moment};
use crate::queue::Claim;
use crate::sql::batch::{Statements, count_reasons, statements};
use crate::traces::{Span, note};

/// How long a batch waits before it is asked again whether a replay is through.
const REPLAY_PAUSE: Duration = Duration::from_secs(2);
/// Why a batch is put off whose database's disk is about to be full.
const NO_ROOM: &str = "the write-ahead log takes the room on the disk, and another program keeps it from being emptied";
/// How long a batch waits whose tables cannot be locked.
const OCCUPIED_PAUSE: Duration = Duration::from_millis(500);
/// How long a batch is put off the first time that the database is away.
const PUT_OFF: Duration = Duration::from_secs(2);

/// Handles claims, and keeps the statements of the sweep at hand.
#[derive(Clone)]
pub(super) struct Anonymizer {
    context: Context,
    pace: Pace,
    stop: CancellationToken,
    sweep: Arc<Mutex<Option<Arc<OpenSweep>>>>,
    occupied: Arc<closing::Occupied>,
}

struct OpenSweep {
    sweep: Sweep,
    prepared: Prepared,
    statements: Statements,
    suspects: Mutex<Suspects>,
}

/// What one attempt at a batch came to.
enum Attempt {
    /// Committed.
    Over,
    /// Rolled back, as the batch is no longer ours.
    Lost,
    /// The sweep would take more clients than its brake allows.
    OverBrake { allowed: u64, taken: u64, clients: u64 },
    /// Other sessions have locked all of its clients for too long.
    LockedOut,
    /// The write-ahead log takes the room on the disk, and cannot be emptied.
    NoRoom,
    /// Policy or schema are not what they were.
    Changed,
    /// A replay goes first, or a person has to decide.
    Waits,
    /// A later program has changed the ledger.
    Outdated,
}

impl Anonymizer {
    /// Until `stop` it keeps to the pace that is configured.
    pub(super) fn new(context: Context, stop: CancellationToken) -> Self {
        Self { pace: Pace::new(context.limits.rate), context, stop, sweep: Arc::default(), occupied: Arc::default() }
    }

    /// Anonymizes the clients of a claimed batch and records an outcome for
    /// each, in one transaction.
    ///
    /// Safe to run twice: the rules are fixed points, everything is evaluated
    /// again over the rows as they are, and only the lease that claimed the
    /// batch can commit.
    pub(super) async fn anonymize(&self, claim: &Claim) -> Result<(), SweepError> {
        let Some((batch, sweep)) = self.batch(claim).await? else { return Ok(()) };
        let span = sweep
            .span("batch", None)
            .with("lethe.batch.id", batch.id)
            .with("lethe.batch.attempt", i64::from(claim.attempt))
            .with("lethe.batch.clients", batch.clients);
        span.around(self.anonymize_batch(claim, batch, sweep)).await
    }

    async fn anonymize_batch(&self, claim: &Claim, batch: Batch, sweep: Sweep) -> Result<(), SweepError> {
        if sweep.kind == SweepKind::Retention {
            return retention::work(&self.context, claim, &batch, &sweep).await;
        }
        let Some(open) = self.open_sweep(&sweep).await? else { return Ok(()) };
        let most = self.context.limits.attempts;
        let mut failing = Failing::new();
        let mut refused = BTreeSet::new();
        let mut overtaken = BTreeSet::new();
        if claim.attempt > most {
            // Claimed again and again and never finished: a client in it takes the process down.
            if batch.clients > 1 {
                return self.split(claim, &batch, &sweep, "a worker died while processing it").await;
            }
            failing.insert(0, serde_json::json!(["the worker died while processing it"]).to_string());
        }
        loop {
            let fault = match self.attempt(claim, &batch, &open, &failing).await {
                Ok(Attempt::Over | Attempt::Lost) => {
                    self.pace.rest(batch.clients, &self.stop).await;
                    return Ok(());
                }
                Ok(Attempt::Changed) => {
                    // Stops the sweep if it really changed; an index alone does not.
                    *self.sweep.lock().await = None;
                    if self.open_sweep(&sweep).await?.is_some() {
                        self.finish(claim, &batch, Finish::Later, Duration::ZERO, None).await?;
                    }
                    return Ok(());
                }
                Ok(Attempt::Outdated) => {
                    // A worker that knows the tables claims the batch when its lease has run out.
                    self.context.stop.cancel();
                    return Ok(self.context.ledger.is_current().await?);
                }
                Ok(Attempt::Waits) => return self.finish(claim, &batch, Finish::Later, REPLAY_PAUSE, None).await,
                Ok(Attempt::NoRoom) => {
                    tracing::warn!(batch = batch.id, "batch put off: {NO_ROOM}");
                    return self.finish(claim, &batch, Finish::Later, PUT_OFF, Some(NO_ROOM)).await;
                }
                Ok(Attempt::LockedOut) => return self.leave_out(claim, &batch, &sweep).await,
                Ok(Attempt::OverBrake { allowed, taken, clients }) => {
                    let note = format!(
                        "its brake allows {allowed} clients: {taken} were anonymized, and the next batch has {clients} more"
                    );
                    return Ok(self.context.brake_sweep(sweep.id, &note).await?);
                }
                // Tried again with no lock held in between.
                Err(BatchFault::Occupied) => {
                    tokio::time::sleep(OCCUPIED_PAUSE).await;
                    continue;
                }
                Err(fault) => fault,
            };
            let tries_rule = match &fault {
                BatchFault::Rows { rule: Some(rule), .. } if batch.clients > 1 && sweep.cap.is_none() => {
                    refused.insert(*rule) && open.suspects.lock().await.refused(*rule)
                }
                _ => false,
            };
            let words = Self::words(&fault);
            let tried = Tried {
                clients: batch.clients,
                attempt: claim.attempt,
                most,
                waits: batch.waits,
                is_failing: !failing.is_empty(),
                tries_rule,
                is_damaged: matches!(&fault, BatchFault::Unavailable(error) if error.is_damage()),
            };
            let (retry_after, attempt) = (self.context.limits.retry_after, claim.attempt);
            match end_of(&fault, &tried) {
                BatchEnd::AtOnce => match fault {
                    BatchFault::Residue(found) => {
                        let known = failing.len();
                        failing.extend(found);
                        if failing.len() == known {
                            return Ok(self
                                .context
                                .stop_sweep(sweep.id, "remains of a client were found repeatedly")
                                .await?);
                        }
                    }
                    // Looked at once more, it is refused, or its new rows are changed too. If not, a trigger keeps a row
                    // or a rule makes what keeps the client: then it has failed.
                    BatchFault::Overtaken(found) => {
                        let (again, new): (Failing, Failing) =
                            found.into_iter().partition(|(place, _)| overtaken.contains(place));
                        failing.extend(again);
                        overtaken.extend(new.into_keys());
                    }
                    _ => {}
                },
                BatchEnd::Fail => {
                    failing.insert(0, serde_json::json!([words]).to_string());
                }
                BatchEnd::FailUnseen => {
                    return match self.fail_unseen(claim, &batch, &sweep, &words).await {
                        // Asked again when the lease has run out, it would say the same.
                        Err(SweepError::Store(error)) if error.is_of_the_rows() => {
                            let note = "a client can be neither taken nor recorded as failed";
                            Ok(self.context.stop_sweep(sweep.id, note).await?)
                        }
                        done => done,
                    };
                }
                BatchEnd::Split => return self.split(claim, &batch, &sweep, &words).await,
                BatchEnd::Again => {
                    return self
                        .finish(claim, &batch, Finish::Again, backoff(retry_after, attempt), Some(&words))
                        .await;
                }
                BatchEnd::Wait => {
                    let pause = backoff(BUSY_PAUSE, tried.waits + 1);
                    return self.finish(claim, &batch, Finish::Wait, pause, Some(&words)).await;
                }
                BatchEnd::LeaveOut => return self.leave_out(claim, &batch, &sweep).await,
                BatchEnd::PutOff => {
                    tracing::warn!(batch = batch.id, error = words, "batch put off");
                    let pause = backoff(PUT_OFF, attempt);
                    return self.finish(claim, &batch, Finish::Later, pause, Some(&words)).await;
                }
                BatchEnd::Stop => return Ok(self.context.stop_sweep(sweep.id, &words).await?),
            }
        }
    }

    /// What is said of a fault, in the ledger and in the log.
    fn words(fault: &BatchFault) -> String {
        match fault {
            BatchFault::Rows { fault, .. } => fault.words.clone(),
            BatchFault::Busy(error) => error.fault().words.clone(),
            BatchFault::Unavailable(error) => error.to_string(),
            BatchFault::UnknownKey { table, key } => {
                SweepError::UnknownKey { table: table.clone(), key: key.clone() }.brief()
            }
            BatchFault::Crowded => "other batches were writing for all of its time".to_owned(),
            BatchFault::Occupied => "other sessions write to its tables".to_owned(),
            BatchFault::WaitedFor => "other sessions wait for its rows".to_owned(),
            BatchFault::Residue(_) | BatchFault::Overtaken(_) | BatchFault::NotSettled(_) => String::new(),
        }
    }

    /// Ends a batch that is to be taken up again after a pause.
    async fn finish(
        &self,
        claim: &Claim,
        batch: &Batch,
        how: fn(String) -> Finish,
        pause: Duration,
        error: Option<&str>,
    ) -> Result<(), SweepError> {
        let ledger = &self.context.ledger;
        let finish = how(moment(ledger.clock().now() + pause));
        ledger.finish_alone(claim, batch.sweep, &finish, error).await?;
        Ok(())
    }

    /// Records the clients of a batch as failed without looking at them.
    async fn fail_unseen(&self, claim: &Claim, batch: &Batch, sweep: &Sweep, why: &str) -> Result<(), SweepError> {
        let ledger = &self.context.ledger;
        let keys = split(&batch.keys).ok_or_else(|| self.context.store.unreadable("lethe_batches.keys"))?;
        let failed = u64::try_from(keys.len()).unwrap_or(0);
        let done = Done {
            tally: Tally { failed, ..Tally::default() },
            reasons: "{}".to_owned(),
            later: Vec::new(),
            took: Duration::ZERO,
        };
        let mut writer = ledger.writer().await;
        let mut transaction = writer.begin().await?;
        for key in &keys {
            let key = Key::from_json(key).map_err(|_| self.context.store.unreadable("lethe_batches.keys"))?;
            ledger.record_unseen(&mut transaction, sweep, &key.to_string(), why).await?;
        }
        let finish = Finish::Done(done);
        if ledger.finish(&mut transaction, claim, sweep.id, &finish, Some(why)).await? {
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Ends a batch whose clients other sessions have locked for too long. The next sweep by date or period takes
    /// them; a list has no next sweep, so they fail, and can be retried.
    async fn leave_out(&self, claim: &Claim, batch: &Batch, sweep: &Sweep) -> Result<(), SweepError> {
        const LOCKED: &str = "locked by another session all along";
        if matches!(sweep.kind, SweepKind::List | SweepKind::Replay) {
            return self.fail_unseen(claim, batch, sweep, LOCKED).await;
        }
        self.context.ledger.finish_alone(claim, sweep.id, &Finish::LeftOut, Some(LOCKED)).await?;
        Ok(())
    }

    async fn batch(&self, claim: &Claim) -> Result<Option<(Batch, Sweep)>, SweepError> {
        let ledger = &self.context.ledger;
        let mut connection = ledger.readers().acquire().await?;
        let batch = ledger.claimed(&mut connection, claim).await?;
        drop(connection);
        let Some(batch) = batch else { return Ok(None) };
        let sweep = ledger.sweep(batch.sweep).await?;
        Ok(sweep.filter(|sweep| sweep.state == State::Running).map(|sweep| (batch, sweep)))
    }

    async fn open_sweep(&self, sweep: &Sweep) -> Result<Option<Arc<OpenSweep>>, SweepError> {
        let mut last = self.sweep.lock().await;
        if let Some(open) = last.as_ref().filter(|open| open.sweep.id == sweep.id) {
            return Ok(Some(Arc::clone(open)));
        }
        let Some(prepared) = of_sweep(&self.context, sweep).await? else { return Ok(None) };
        let statements = statements(&prepared.wanted(), sweep.kind, sweep.force);
        let open = Arc::new(OpenSweep { sweep: sweep.clone(), prepared, statements, suspects: Mutex::default() });
        *last = Some(Arc::clone(&open));
        Ok(Some(open))
    }

    async fn attempt(
        &self,
        claim: &Claim,
        batch: &Batch,
        open: &OpenSweep,
        failing: &Failing,
    ) -> Result<Attempt, BatchFault> {
        if !self.context.store.has_room().await {
            return Ok(Attempt::NoRoom);
        }
        let mut writer = self.context.ledger.writer().await;
        writer.make_tables(&open.prepared.loaded.plan).await?;
        let mut transaction = writer.begin().await.map_err(BatchFault::Unavailable)?;
        if let Some(steady) = &open.statements.steady {
            match query(steady).execute(&mut *transaction).await {
                Ok(_) => {}
                // A table is gone.
                Err(error) if error.is_of_the_rows() => return Ok(Attempt::Changed),
                // Another session is altering one: no client's fault.
                Err(error) => return Err(BatchFault::Unavailable(error)),
            }
        }
        let since = closing::since(&mut transaction, &open.statements).await?;
        if !self.context.planner.still(&self.context.store, &mut transaction, &open.prepared.loaded).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Changed);
        }
        if !self.context.ledger.knows_tables(&mut transaction).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Outdated);
        }
        if self.context.ledger.has_to_wait(&mut *transaction, batch.sweep).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Waits);
        }
        let (worked, applied) = self.work(&mut transaction, claim, batch, open, failing, since).await?;
        if matches!(worked, Attempt::Over) {
            if let Some(applied) = applied {
                let plan = &open.prepared.loaded.plan;
                let work = Work { plan, statements: &open.statements, keys: &batch.keys, room: None };
                closing::look(&mut transaction, &work, &applied, Some(&self.occupied)).await?;
            }
            let _step = Span::step("commit");
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(worked)
    }

    /// Everything between the beginning and the end of the transaction.
    async fn work(
        &self,
        transaction: &mut Connection,
        claim: &Claim,
        batch: &Batch,
        open: &OpenSweep,
        failing: &Failing,
        since: String,
    ) -> Result<(Attempt, Option<Applied>), BatchFault> {
        let begun = Instant::now();
        let ledger = &self.context.ledger;
        let room = match open.sweep.cap {
            Some(cap) => Some(ledger.room(transaction, batch.sweep, cap).await?),
            None => None,
        };
        let plan = &open.prepared.loaded.plan;
        let work = Work { plan, statements: &open.statements, keys: &batch.keys, room };
        let step = Span::step("guards");
        let mut done = batch::look(transaction, &work, failing, true).await?;
        drop(step);
        let mut is_restore = false;
        if open.sweep.kind == SweepKind::Replay {
            is_restore = ledger.is_replay_of_restore(transaction, batch.sweep).await?;
            done.tally = replay::note(transaction, &open.prepared.wanted(), is_restore).await?;
        }
        let apart = if batch.clients > 1 { self.culprits(transaction, &work, open).await? } else { Vec::new() };
        done.tally.anonymized -= u64::try_from(apart.len()).unwrap_or(0);
        let clients = done.tally.anonymized;
        let allowed = open.sweep.allowance.filter(|_| clients > 0);
        if let Some(allowed) = allowed {
            let left = ledger.left_of_allowance(transaction, batch.sweep).await?;
            if left < clients {
                return Ok((Attempt::OverBrake { allowed, taken: allowed.saturating_sub(left), clients }, None));
            }
        }
        let mut applied = None;
        if done.tally.anonymized > 0 {
            closing::take_turn(transaction, &work).await?;
            files::remember(transaction, &work, batch.sweep, &ledger.now()).await?;
            // What has come back in part would be hashed with what the rules left of the rest.
            if open.sweep.kind != SweepKind::Replay || is_restore {
                recognize::remember(transaction, &work, self.context.planner.recognizer(), &ledger.now()).await?;
            } else {
                recognize::still_recognized(transaction, &work, self.context.planner.recognizer()).await?;
            }
            applied = Some(batch::apply(transaction, &work, since).await?);
            if open.sweep.kind == SweepKind::Replay {
                replay::keep_first_day(transaction, &open.prepared.wanted()).await?;
            }
            files::spare(transaction, &work).await?;
        }
        for (name, count) in counts(&done.tally) {
            note(name, count);
        }
        let _step = Span::step("outcomes");
        let now = ledger.now();
        batch::record(transaction, batch.sweep, &now, &plan.digest).await?;
        ledger.to_journal(transaction, batch.sweep, &now).await?;
        let dialect = plan.client.dialect;
        let notices = open.statements.notices.as_ref();
        let targets = &self.context.targets;
        write_down(transaction, targets, dialect, batch.sweep, &now, &done.tally, notices).await?;
        if let Some(allowed) = allowed
            && !ledger.take_of_allowance(transaction, batch.sweep, clients).await?
        {
            let left = ledger.left_of_allowance(transaction, batch.sweep).await?;
            return Ok((Attempt::OverBrake { allowed, taken: allowed.saturating_sub(left), clients }, None));
        }
        if done.over {
            ledger.cap_reached(transaction, batch.sweep).await?;
        }
        let reasons: BTreeMap<String, i64> =
            query_as(count_reasons(plan.client.dialect)).fetch_all(&mut *transaction).await?.into_iter().collect();
        let reasons = crate::domain::value::json_of(&reasons);
        let busy = batch::busy(transaction, batch, ledger).await?;
        let mut notes = Vec::new();
        notes.extend(busy.as_ref().map(|busy| format!("{} locked by other sessions, to be tried again", busy.clients)));
        notes.extend((!apart.is_empty()).then(|| format!("{} set apart, as a rule was refused", apart.len())));
        let error = (!notes.is_empty()).then(|| notes.join("; "));
        let finish = match busy {
            Some(NewBatch { clients, .. })
                if usize::try_from(batch.clients) == Ok(clients) && waits_too_long(batch.waits) =>
            {
                return Ok((Attempt::LockedOut, None));
            }
            // The same batch again, so that a lock held for hours does not fill the ledger.
            Some(NewBatch { clients, run_at: Some(run_at), .. }) if usize::try_from(batch.clients) == Ok(clients) => {
                Finish::Wait(run_at)
            }
            busy => {
                let alone = apart.iter().map(|place| batch::of_places(batch, &[*place]));
                let later = busy.into_iter().chain(alone).collect();
                Finish::Done(Done { tally: done.tally, reasons, later, took: begun.elapsed() })
            }
        };
        let is_ours = ledger.finish(transaction, claim, batch.sweep, &finish, error.as_deref()).await?;
        Ok((if is_ours { Attempt::Over } else { Attempt::Lost }, applied))
    }

    /// Leaves out whom a rule refused before, and returns their places.
    async fn culprits(
        &self,
        transaction: &mut Connection,
        work: &Work<'_>,
        open: &OpenSweep,
    ) -> Result<Vec<i64>, BatchFault> {
        let mut apart = Vec::new();
        let rules = open.suspects.lock().await.rules();
        for (rule, parts) in rules {
            let found = set_apart(transaction, work, rule, parts).await?;
            open.suspects.lock().await.tried(rule, found.as_ref().map(Vec::len));
            apart.extend(found.unwrap_or_default());
        }
        Ok(apart)
    }

    /// Cuts a batch in two, so that in the end the culprit stands alone.
    ///
    /// A capped sweep has one batch at a time, or the cap would meet clients out
    /// of order: of a split batch only the front stays, and what is behind it is
    /// cut again.
    async fn split(&self, claim: &Claim, batch: &Batch, sweep: &Sweep, error: &str) -> Result<(), SweepError> {
        let keys = split(&batch.keys).ok_or_else(|| self.context.store.unreadable("lethe_batches.keys"))?;
        let (front, back) = keys.split_at(keys.len() / 2);
        let part = |keys: &[String]| NewBatch { waits: batch.waits, ..NewBatch::of(keys) };
        let mut parts = vec![part(front)];
        let mut back_to = None;
        if sweep.cap.is_some() && sweep.kind != SweepKind::List {
            back_to = front.last().cloned();
        } else {
            parts.push(part(back));
        }
        tracing::info!(batch = batch.id, clients = batch.clients, error, "batch split");
        self.context.ledger.finish_alone(claim, batch.sweep, &Finish::Split { parts, back_to }, Some(error)).await?;
        self.context.wake.notify_one();
        Ok(())
    }
}
