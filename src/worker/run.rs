//! What a process does for as long as it runs: the scheduler, the cutting of
//! sweeps into batches, the worker; or all of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::anonymize::Anonymizer;
use super::hindrance::{hindrance, is_open, until};
use super::journal::Keeper;
use super::sweep::{SweepError, close, cut};
use super::{Context, deliver, recognize, scheduler, views, watch};
use crate::database::{BATCHES, Listener, StoreError};
use crate::domain::hint::Hint;
use crate::domain::job::Job;
use crate::ledger::{Ledger, Progress, State, Sweep};
use crate::queue::{self, HandlerError, Options, QueueError, Relay};

/// How often ticks and sweeps are looked at.
const ROUND: Duration = Duration::from_millis(200);
/// How often an idle worker asks the ledger for a batch.
const POLL: Duration = Duration::from_millis(500);
/// How often it asks where the database says by itself that there are some: for those whose pause is over.
const POLL_LISTENING: Duration = Duration::from_secs(2);
/// How often an idle worker asks Redis for one, where there is a Redis.
const POLL_REDIS: Duration = Duration::from_millis(100);
/// How often batches are staged in Redis if nothing has happened, and at most.
const STAGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(100));
/// The longest one batch may take.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// How often the ledger is searched for moments that are ahead of the clock.
const RESET_EVERY: Duration = Duration::from_secs(600);
/// How often records of requests, answers and sessions that are too old are deleted, by the ledger's clock.
const TIDIED_EVERY: TimeDelta = TimeDelta::hours(1);
/// How often views that show former values are tried again.
const VIEWS_TRIED_EVERY: Duration = Duration::from_secs(30);
/// How often the clock is set by the database server's.
const TIME_KEPT_EVERY: Duration = Duration::from_secs(60);
/// How often the version of the ledger is checked.
const VERSION_CHECKED_EVERY: Duration = Duration::from_secs(1);
/// The longest pause after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a process does.
#[derive(Debug, Clone)]
pub enum Role {
    /// Opens sweeps at the ticks of these jobs, cuts them into batches, closes them.
    Scheduler(Vec<Job>),
    /// Works on batches.
    Worker,
    Both(Vec<Job>),
    /// Both, for one sweep, whatever the hour, until it has ended.
    Sweep(i64),
}

impl Role {
    fn jobs(&self) -> &[Job] {
        match self {
            Self::Scheduler(jobs) | Self::Both(jobs) => jobs,
            Self::Worker | Self::Sweep(_) => &[],
        }
    }
}

/// Why a run ended badly.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Queue(error) => error.hint().into(),
            Self::Store(error) => error.hint(),
        }
    }
}

/// Runs until `stop`: opens sweeps at their ticks, cuts them into batches, and
/// anonymizes, as far as its role goes and the window is open. On a stop the
/// batch in hand is finished, within the bound of
/// [`Limits::drain`](super::Limits::drain).
///
/// # Errors
///
/// [`RunError`] if the worker had to be given up.
pub async fn run(context: &Context, role: Role, signal: CancellationToken) -> Result<(), RunError> {
    let stop = signal.child_token();
    // Dropped half-way, it leaves nothing behind that goes on.
    let _stop_on_drop = stop.clone().drop_guard();
    let mut context = context.clone();
    context.stop = stop.clone();
    if matches!(role, Role::Sweep(_)) {
        context.limits.window = None;
    }
    tokio::spawn(watching_version(context.clone()));
    let mut keeper = Keeper::new(&context);
    // Before anything is claimed: the database may have come back from a backup.
    if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(keeper.first_look())).await {
        tracing::warn!(error = error.brief(), hint = %error.hint(), "the journal could not be kept");
    }
    if !stop.is_cancelled() {
        begin(&context, &role).await;
    }
    let kept = CancellationToken::new();
    let keeping = tokio::spawn(within(context.limits.drain, stop.clone(), keeper.keep(kept.clone()).map(Some)));
    let _kept_on_drop = kept.clone().drop_guard();
    let batch_over = Arc::new(Notify::new());
    let relay = context.redis.clone().map(|redis| Relay::new(context.ledger.clone(), redis));
    let mut steward = None;
    if !matches!(role, Role::Worker) {
        let stewarding =
            stewarding(context.clone(), role.clone(), relay.clone(), stop.clone(), Arc::clone(&batch_over));
        steward = Some(tokio::spawn(within(context.limits.drain, stop.clone(), stewarding)));
    }
    // What needs people they are told by a scheduler alone, too.
    let only_alerts = matches!(role, Role::Scheduler(_));
    let delivering = deliver::delivering(context.clone(), only_alerts, stop.clone());
    let delivering = tokio::spawn(within(context.limits.drain, stop.clone(), delivering.map(Some)));
    if !matches!(role, Role::Worker) {
        tokio::spawn(watch::watching(context.clone(), role.jobs().to_vec(), stop.clone()));
    }
    if matches!(role, Role::Scheduler(_) | Role::Both(_)) {
        tokio::spawn(recognize::looking(context.clone(), stop.clone()));
    }
    let worked = if matches!(role, Role::Scheduler(_)) {
        stop.cancelled().await;
        Ok(())
    } else {
        work(&context, relay.as_ref(), &stop, &batch_over).await
    };
    stop.cancel();
    let ended = match steward {
        Some(steward) => steward.await.ok().flatten().map_or(Ok(()), Err),
        None => Ok(()),
    };
    // What was committed last is written too.
    kept.cancel();
    let _ = keeping.await;
    let _ = delivering.await;
    worked?;
    ended?;
    if !signal.is_cancelled() {
        // If it was not asked to stop, a later program may have changed the ledger.
        context.ledger.is_current().await?;
    }
    // What is left to deliver ends with the signal alone.
    context.stop = signal.clone();
    if let Role::Sweep(id) = role
        && !signal.is_cancelled()
        && context.ledger.sweep(id).await?.is_none_or(|sweep| sweep.state != State::Running)
        && let Some(Err(error)) = signal.run_until_cancelled(last_words(&context)).await
    {
        tracing::warn!(error = error.brief(), hint = %error.hint(), "what is to be delivered waits");
    }
    Ok(())
}

/// Stops the process when a later version has changed the ledger, whatever else hangs.
async fn watching_version(context: Context) {
    let watching = async {
        loop {
            if let Err(error) = context.ledger.is_current().await
                && error.is_newer_ledger()
            {
                tracing::error!(%error, hint = %error.hint(), "stopping");
                context.stop.cancel();
            }
            tokio::time::sleep(VERSION_CHECKED_EVERY).await;
        }
    };
    context.stop.run_until_cancelled(watching).await;
}

/// What is done once, before ticks and batches: a clock that was ahead, and jobs that are gone.
async fn begin(context: &Context, role: &Role) {
    let begun = async {
        scheduler::reset_moments_ahead(context).await?;
        if let Role::Scheduler(jobs) | Role::Both(jobs) = role {
            let jobs: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
            context.ledger.forget_jobs(&jobs).await?;
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = begun.await {
        tracing::warn!(error = %error, hint = %error.hint(), "trying again");
    }
}

/// Tells of a sweep that has ended, and delivers what can be delivered now.
async fn last_words(context: &Context) -> Result<(), SweepError> {
    watch::look(context, &[]).await?;
    deliver::deliver_now(context).await
}

/// Works on batches while nothing hinders, shift after shift.
async fn work(
    context: &Context,
    relay: Option<&Relay<Ledger>>,
    stop: &CancellationToken,
    batch_over: &Arc<Notify>,
) -> Result<(), QueueError> {
    let listener = if relay.is_none() { context.store.listen(BATCHES).await } else { None };
    let poll = match (relay, &listener) {
        (Some(_), _) => POLL_REDIS,
        (None, Some(_)) => POLL_LISTENING,
        (None, None) => POLL,
    };
    let hearing = stop.child_token();
    let _hearing = hearing.clone().drop_guard();
    if let Some(listener) = listener {
        tokio::spawn(hear(listener, Arc::clone(&context.wake), hearing));
    }
    while !stop.is_cancelled() {
        if let Some(why) = hindrance(context).await {
            if is_open(context) {
                tracing::warn!("{why}");
            } else {
                tracing::info!("{why}");
            }
            stop.run_until_cancelled(until(context, true)).await;
            continue;
        }
        let shift = stop.child_token();
        let options = Options {
            worker_name: format!("lethe-{}", std::process::id()),
            concurrency: context.store.concurrency(),
            poll,
            wake: Arc::clone(&context.wake),
            renew_every: context.ledger.lease() / 3,
            time_limit: TIME_LIMIT,
            drain: context.limits.drain,
        };
        let anonymizer = Anonymizer::new(context.clone(), shift.clone());
        let over = Arc::clone(batch_over);
        let handler = move |claim| {
            let (anonymizer, batch_over) = (anonymizer.clone(), Arc::clone(&over));
            async move {
                let done = anonymizer.anonymize(&claim).await;
                batch_over.notify_one();
                done.map_err(|error| HandlerError::from(error.brief()))
            }
        };
        let working = async {
            match relay {
                Some(relay) => queue::work(relay.clone(), options, shift.clone(), handler).await,
                None => queue::work(context.ledger.clone(), options, shift.clone(), handler).await,
            }
        };
        let closing = async {
            shift.run_until_cancelled(until(context, false)).await;
            shift.cancel();
        };
        let (worked, ()) = tokio::join!(
            async {
                let worked = working.await;
                shift.cancel();
                worked
            },
            closing
        );
        worked?;
    }
    Ok(())
}

/// Wakes a waiting worker whenever the database says that there are batches.
async fn hear(mut listener: Listener, wake: Arc<Notify>, stop: CancellationToken) {
    while stop.run_until_cancelled(listener.heard()).await.is_some() {
        wake.notify_one();
    }
}

/// Gives `work` up when it has not ended so long after `stop`. A sweep that is
/// being opened then, say, is opened at the next start.
async fn within<T>(drain: Duration, stop: CancellationToken, work: impl Future<Output = Option<T>>) -> Option<T> {
    let given_up = async {
        stop.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        ended = work => ended,
        () = given_up => None,
    }
}

/// Looks at ticks and sweeps, round after round, and whenever a batch is over.
/// Returns why a sweep that a caller waits for cannot go on: a database that is damaged does not come back by itself.
async fn stewarding(
    context: Context,
    role: Role,
    relay: Option<Relay<Ledger>>,
    stop: CancellationToken,
    batch_over: Arc<Notify>,
) -> Option<StoreError> {
    let mut pause = ROUND;
    let (mut time_kept, mut reset, mut views_tried) = (Instant::now(), Instant::now(), Instant::now());
    let (mut staging, mut tidied) = (relay.map(Staging::new), None);
    while !stop.is_cancelled() {
        if time_kept.elapsed() > TIME_KEPT_EVERY && context.ledger.keep_time().await.is_ok() {
            time_kept = Instant::now();
        }
        if reset.elapsed() > RESET_EVERY && scheduler::reset_moments_ahead(&context).await.is_ok() {
            reset = Instant::now();
        }
        if views_tried.elapsed() > VIEWS_TRIED_EVERY && views::again(&context).await.is_ok() {
            views_tried = Instant::now();
        }
        tidy(&context, &role, &mut tidied).await;
        let looked = round(&context, &role).await;
        let staged = match &mut staging {
            Some(staging) => staging.turn(&context, matches!(looked, Ok(Round::Busy))).await,
            None => Ok(()),
        };
        match looked.and_then(|looked| staged.map(|()| looked).map_err(SweepError::from)) {
            Ok(Round::Busy) => {
                pause = Duration::ZERO;
            }
            Ok(Round::Idle) => pause = ROUND,
            Ok(Round::Over) => {
                stop.cancel();
                return None;
            }
            Err(SweepError::Store(error)) if matches!(role, Role::Sweep(_)) && error.is_damage() => {
                stop.cancel();
                return Some(error);
            }
            Err(error) => {
                pause = (pause.max(ROUND) * 2).min(LONGEST_PAUSE);
                tracing::warn!(error = error.brief(), hint = %error.hint(), "trying again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(pause) => {}
            // A batch that is over may have left others: halves, or itself for later.
            () = batch_over.notified(), if pause <= ROUND => staging.iter_mut().for_each(Staging::hurry),
        }
    }
    None
}

/// Has a scheduler delete what is too old, whether or not sweeps are opened.
async fn tidy(context: &Context, role: &Role, last: &mut Option<DateTime<Utc>>) {
    let now = context.ledger.clock().now();
    let is_recent = last.is_some_and(|last| (now - last).abs() < TIDIED_EVERY);
    if is_recent || matches!(role, Role::Worker | Role::Sweep(_)) {
        return;
    }
    match context.ledger.tidy_requests().await {
        Ok(()) => *last = Some(now),
        // The round that follows says so, and waits.
        Err(error) => tracing::debug!(error = %error, "records of requests are deleted later"),
    }
}

/// Stages batches in Redis, now and then.
struct Staging {
    relay: Relay<Ledger>,
    last: Option<Instant>,
    /// Something has happened since.
    hurries: bool,
}

impl Staging {
    fn new(relay: Relay<Ledger>) -> Self {
        Self { relay, last: None, hurries: false }
    }

    fn hurry(&mut self) {
        self.hurries = true;
    }

    /// Stages what can be claimed, if it is time to, or batches have just been cut.
    async fn turn(&mut self, context: &Context, have_been_cut: bool) -> Result<(), StoreError> {
        let (always, at_most) = STAGE;
        let pause = if self.hurries { at_most } else { always };
        if !have_been_cut && self.last.is_some_and(|last| last.elapsed() < pause) {
            return Ok(());
        }
        (self.last, self.hurries) = (Some(Instant::now()), false);
        if self.relay.stage().await? > 0 {
            context.wake.notify_one();
        }
        Ok(())
    }
}

enum Round {
    Busy,
    Idle,
    Over,
}

async fn round(context: &Context, role: &Role) -> Result<Round, SweepError> {
    let ticked = scheduler::tick(context, role.jobs()).await;
    let mut busy = false;
    let running = context.ledger.running_sweeps().await?;
    for sweep in &running {
        if is_open(context) {
            busy |= cut(context, sweep).await?;
        }
        if sweep.cut {
            busy |= close(context, sweep).await?;
        }
    }
    ticked?;
    let over = match role {
        Role::Sweep(id) => context.ledger.sweep(*id).await?.is_none_or(|sweep| sweep.state != State::Running),
        _ => false,
    };
    Ok(match (over, busy) {
        (true, _) => Round::Over,
        (false, true) => Round::Busy,
        (false, false) => Round::Idle,
    })
}

/// Works on a sweep in this process until it has ended, telling `each` how far it is.
///
/// # Errors
///
/// [`RunError`] if the worker had to be given up, or the database is away.
pub async fn wait_for(
    context: &Context,
    sweep: i64,
    stop: CancellationToken,
    each: &mut (dyn FnMut(&Sweep, &Progress) + Send),
) -> Result<Option<Sweep>, RunError> {
    let mut running = Box::pin(run(context, Role::Sweep(sweep), stop.clone()));
    let mut look = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            ended = &mut running => {
                ended?;
                break;
            }
            _ = look.tick() => {
                if let Some(now) = context.ledger.sweep(sweep).await? {
                    each(&now, &context.ledger.progress(sweep).await?);
                }
            }
        }
    }
    Ok(context.ledger.sweep(sweep).await?)
}
