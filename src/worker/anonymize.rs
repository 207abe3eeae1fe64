//! A claimed batch, from its transaction to its end in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::batch::{self, BatchFault, Failing, Work};
use super::culprits::{Suspects, set_apart};
use super::deliver::messages::write_down;
use super::files;
use super::pace::Pace;
use super::sweep::{Prepared, SweepError, of_sweep};
use super::{replay, retention};
use crate::database::{Connection, query, query_as};
use crate::domain::key::{join, split};
use crate::domain::sweep::SweepKind;
use crate::ledger::traces::counts;
use crate::ledger::{Batch, Finish, NewBatch, State, Sweep, moment};
use crate::queue::Claim;
use crate::sql::batch::{Statements, count_reasons, statements};
use crate::traces::{Span, note};

/// The longest wait before a batch is taken up again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a batch waits before it is asked again whether a replay is through.
const REPLAY_PAUSE: Duration = Duration::from_secs(2);

/// Handles claims, and keeps the statements of the sweep at hand.
#[derive(Clone)]
pub(super) struct Anonymizer {
    context: Context,
    pace: Pace,
    stop: CancellationToken,
    sweep: Arc<Mutex<Option<Arc<OpenSweep>>>>,
}

struct OpenSweep {
    sweep: Sweep,
    prepared: Prepared,
    statements: Statements,
    suspects: Mutex<Suspects>,
}

/// What one attempt at a batch came to.
enum Attempt {
    /// Committed, or no longer ours.
    Over,
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
        Self { pace: Pace::new(context.limits.rate), context, stop, sweep: Arc::default() }
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
        let ledger = &self.context.ledger;
        if sweep.kind == SweepKind::Retention {
            return retention::work(&self.context, claim, &batch, &sweep).await;
        }
        let Some(open) = self.open_sweep(&sweep).await? else { return Ok(()) };
        let mut failing = Failing::new();
        let mut refused = BTreeSet::new();
        if claim.attempt > self.context.limits.attempts {
            // Claimed again and again and never finished: somebody in it takes the process down.
            if batch.clients > 1 {
                return self.split(claim, &batch, &sweep, "a worker did not come back from it").await;
            }
            failing.insert(0, serde_json::json!(["the worker did not come back from it"]).to_string());
        }
        loop {
            match self.attempt(claim, &batch, &open, &failing).await {
                // Only a rehearsal asks whether rules are settled.
                Ok(Attempt::Over) | Err(BatchFault::NotSettled(_)) => {
                    self.pace.rest(batch.clients, &self.stop).await;
                    return Ok(());
                }
                Ok(Attempt::Changed) => {
                    // Stops the sweep if it really changed; an index alone does not.
                    *self.sweep.lock().await = None;
                    if self.open_sweep(&sweep).await?.is_none() {
                        return Ok(());
                    }
                    let now = moment(ledger.clock().now());
                    ledger.finish_alone(claim, sweep.id, &Finish::Later(now), None).await?;
                    return Ok(());
                }
                Ok(Attempt::Outdated) => {
                    // Whoever knows the tables claims the batch when its lease has run out.
                    self.context.stop.cancel();
                    return Ok(ledger.is_current().await?);
                }
                Ok(Attempt::Waits) => {
                    let later = Finish::Later(moment(ledger.clock().now() + REPLAY_PAUSE));
                    ledger.finish_alone(claim, sweep.id, &later, None).await?;
                    return Ok(());
                }
                Err(BatchFault::Residue(found)) => failing.extend(found),
                Err(BatchFault::Rows { rule: Some(rule), .. })
                    if batch.clients > 1
                        && sweep.cap.is_none()
                        && refused.insert(rule)
                        && open.suspects.lock().await.refused(rule) => {}
                Err(BatchFault::Rows { fault, .. }) if batch.clients > 1 => {
                    return self.split(claim, &batch, &sweep, &fault.words).await;
                }
                Err(BatchFault::Rows { fault, .. }) if claim.attempt < self.context.limits.attempts => {
                    let wait = backoff(self.context.limits.retry_after, claim.attempt);
                    let again = Finish::Again(moment(ledger.clock().now() + wait));
                    ledger.finish_alone(claim, sweep.id, &again, Some(&fault.words)).await?;
                    return Ok(());
                }
                Err(BatchFault::Rows { fault, .. }) if !failing.contains_key(&0) => {
                    failing.insert(0, serde_json::json!([fault.words]).to_string());
                }
                // Not even to be recorded as failed: left to its lease.
                Err(BatchFault::Rows { fault, .. }) => {
                    tracing::error!(batch = batch.id, error = %fault, "a client can be neither taken nor looked at");
                    return Ok(());
                }
                Err(BatchFault::UnknownKey { table, key }) => {
                    let note = SweepError::UnknownKey { table, key }.brief();
                    tracing::warn!(sweep = sweep.id, note, "sweep stopped");
                    ledger.stop_sweep(sweep.id, &note).await?;
                    return Ok(());
                }
                // Somebody holds a lock: the others need not wait for it.
                Err(BatchFault::Busy(error)) if batch.clients > 1 => {
                    return self.split(claim, &batch, &sweep, &error.fault().words).await;
                }
                Err(BatchFault::Busy(error)) => {
                    let fault = error.fault();
                    let wait = backoff(self.context.limits.retry_after, claim.attempt);
                    let later = Finish::Later(moment(ledger.clock().now() + wait));
                    ledger.finish_alone(claim, sweep.id, &later, Some(&fault.words)).await?;
                    return Ok(());
                }
                Err(BatchFault::Unavailable(error)) => {
                    tracing::warn!(batch = batch.id, error = %error, "batch put off");
                    let later =
                        Finish::Later(moment(ledger.clock().now() + backoff(Duration::from_secs(2), claim.attempt)));
                    ledger.finish_alone(claim, sweep.id, &later, Some(&error.to_string())).await?;
                    return Ok(());
                }
            }
        }
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
        let mut writer = self.context.ledger.writer().await;
        writer.make_tables(&open.prepared.loaded.plan).await?;
        let mut transaction = writer.begin().await.map_err(BatchFault::Unavailable)?;
        if let Some(steady) = &open.statements.steady {
            match query(steady).execute(&mut *transaction).await {
                Ok(_) => {}
                // A table is gone.
                Err(error) if error.is_of_the_rows() => return Ok(Attempt::Changed),
                // Somebody is altering one: no client's fault.
                Err(error) => return Err(BatchFault::Unavailable(error)),
            }
        }
        if !self.context.planner.still(&self.context.store, &mut transaction, &open.prepared.loaded).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Changed);
        }
        if !self.context.ledger.knows_tables(&mut transaction).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Outdated);
        }
        if self.context.ledger.has_to_wait(&mut transaction, batch.sweep).await? {
            transaction.rollback().await?;
            return Ok(Attempt::Waits);
        }
        let finished = self.work(&mut transaction, claim, batch, open, failing).await?;
        if finished {
            let _step = Span::step("commit");
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(Attempt::Over)
    }

    /// Everything between the beginning and the end of the transaction.
    /// Returns whether the claim still holds.
    async fn work(
        &self,
        transaction: &mut Connection,
        claim: &Claim,
        batch: &Batch,
        open: &OpenSweep,
        failing: &Failing,
    ) -> Result<bool, BatchFault> {
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
        if open.sweep.kind == SweepKind::Replay {
            let is_restore = ledger.is_replay_of_restore(transaction, batch.sweep).await?;
            done.tally = replay::note(transaction, &open.prepared.wanted(), is_restore).await?;
        }
        let apart = if batch.clients > 1 { self.culprits(transaction, &work, open).await? } else { Vec::new() };
        done.tally.anonymized -= u64::try_from(apart.len()).unwrap_or(0);
        if done.tally.anonymized > 0 {
            files::remember(transaction, &work, batch.sweep, &ledger.now()).await?;
            batch::apply(transaction, &work).await?;
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
        if done.over {
            let position = done.last_within_cap.and_then(|at| nth_key(&batch.keys, at)).or_else(|| batch.after.clone());
            ledger.cap_reached(transaction, batch.sweep, position.as_deref()).await?;
        }
        let reasons: BTreeMap<String, i64> =
            query_as(count_reasons(plan.client.dialect)).fetch_all(&mut *transaction).await?.into_iter().collect();
        let reasons = serde_json::to_string(&reasons).unwrap_or_default();
        let busy = batch::busy(transaction, batch, ledger).await?;
        let mut notes = Vec::new();
        notes.extend(busy.as_ref().map(|busy| format!("{} locked by other sessions, to be tried again", busy.clients)));
        notes.extend((!apart.is_empty()).then(|| format!("{} set apart, as a rule was refused", apart.len())));
        let error = (!notes.is_empty()).then(|| notes.join("; "));
        let finish = match busy {
            // The same batch again, so that a lock held for hours does not fill the ledger.
            Some(NewBatch { clients, run_at: Some(run_at), .. }) if usize::try_from(batch.clients) == Ok(clients) => {
                Finish::Later(run_at)
            }
            busy => {
                let alone = apart.iter().map(|place| batch::of_places(batch, &[*place]));
                let later = busy.into_iter().chain(alone).collect();
                Finish::Done(crate::ledger::Done { tally: done.tally, reasons, later, took: begun.elapsed() })
            }
        };
        Ok(ledger.finish(transaction, claim, batch.sweep, &finish, error.as_deref()).await?)
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
    /// of order and the next night begin behind some of them: of a split batch
    /// only the front stays, and what is behind it is cut again.
    async fn split(&self, claim: &Claim, batch: &Batch, sweep: &Sweep, error: &str) -> Result<(), SweepError> {
        let keys = split(&batch.keys).ok_or_else(|| self.context.store.unreadable("lethe_batches.keys"))?;
        let (front, back) = keys.split_at(keys.len() / 2);
        let part = |keys: &[String], after: Option<String>| NewBatch {
            keys: join(keys),
            clients: keys.len(),
            after,
            run_at: None,
        };
        let mut parts = vec![part(front, batch.after.clone())];
        let mut back_to = None;
        if sweep.cap.is_some() && sweep.kind != SweepKind::List {
            back_to = front.last().cloned();
        } else {
            parts.push(part(back, front.last().cloned()));
        }
        tracing::info!(batch = batch.id, clients = batch.clients, error, "batch split");
        self.context.ledger.finish_alone(claim, batch.sweep, &Finish::Split { parts, back_to }, Some(error)).await?;
        self.context.wake.notify_one();
        Ok(())
    }
}

fn nth_key(keys: &str, at: i64) -> Option<String> {
    split(keys)?.get(usize::try_from(at).ok()?).cloned()
}

/// Doubles with each attempt, with up to a quarter of jitter.
fn backoff(first: Duration, attempt: u32) -> Duration {
    let wait = first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_WAIT);
    wait.mul_f64(rand::random_range(1.0..1.25))
}
