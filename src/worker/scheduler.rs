//! Ticks: each opens one sweep, however many schedulers run.

use chrono::{DateTime, Utc};

use super::Context;
use super::sweep::{Request, SweepError, open};
use super::watch::{Alert, was_ahead};
use crate::database::StoreError;
use crate::domain::job::Job;
use crate::domain::schedule::Missed;
use crate::ledger::Looked;
use crate::traces::{self, Span};

/// Opens a sweep for each job whose tick has come since its ticks were last
/// looked at. Of several ticks that nothing ran for, only the last one opens a
/// sweep, which says how many it stands for. A tick whose predecessor is still
/// running joins that sweep.
///
/// # Errors
///
/// [`SweepError`] if the database is away; the ticks of the jobs concerned are
/// then looked at again.
pub async fn tick(context: &Context, jobs: &[Job]) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    let mut away = None;
    // Where a job asks for a review, its ticks are processed by the service that makes it.
    for job in jobs.iter().filter(|job| !job.review) {
        if context.stop.is_cancelled() {
            break;
        }
        let Some(Missed { latest, skipped }) = missed(context, job).await? else { continue };
        // Its ticks are still due, and one sweep catches up when it is resumed.
        if job.enabled && ledger.pause_of(Some(&job.name)).await?.is_some() {
            continue;
        }
        // Switched off: nor is this tick caught up when the job is switched on again.
        if job.enabled
            && let Err(error) = tick_of(context, job, latest, skipped).await
        {
            if error.may_pass() {
                // While a database that came back from a backup waits for its replay, the tick is still due.
                let waits = matches!(error, SweepError::Restored { .. } | SweepError::Paused(_));
                away = away.or((!waits).then_some(error));
                continue;
            }
            tracing::error!(job = job.name, error = error.brief(), hint = %error.hint(), "sweep refused");
        }
        ledger.set_looked(&job.name, latest).await?;
    }
    away.map_or(Ok(()), Err)
}

/// The tick of a job that has come since its ticks were last looked at, and how many were missed before it.
///
/// A job that is new, that returns, or whose schedule changed begins with its next tick; so does one whose ticks were
/// noted by a clock that was ahead.
pub async fn missed(context: &Context, job: &Job) -> Result<Option<Missed>, StoreError> {
    let (ledger, schedule) = (&context.ledger, &job.schedule);
    let mut looked = ledger.looked(&job.name).await?;
    if looked.as_ref().is_some_and(|looked| ledger.is_ahead(looked.until)) {
        reset_moments_ahead(context).await?;
        looked = ledger.looked(&job.name).await?;
    }
    let now = ledger.clock().now();
    let since = match &looked {
        Some(looked) if looked.schedule.as_ref() == Some(&schedule.to_string()) => {
            return Ok(schedule.missed(looked.until, now));
        }
        Some(Looked { until, schedule: None }) => *until,
        _ => now,
    };
    ledger.begin_ticks(&job.name, schedule, since).await?;
    Ok(schedule.missed(since, now))
}

/// Resets moments of the ledger that are ahead of the clock, and has people told.
pub async fn reset_moments_ahead(context: &Context) -> Result<(), StoreError> {
    let resets = context.ledger.reset_moments_ahead().await?;
    let Some(first) = resets.first() else { return Ok(()) };
    let alert = Alert::new(format!("clock:{}", first.at), "clock-was-ahead", was_ahead(&resets));
    context.alert(&alert).await
}

/// Opens the sweep of a tick, or has it join the one before.
async fn tick_of(context: &Context, job: &Job, tick: DateTime<Utc>, skipped: u64) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    if let Some(sweep) = ledger.running_of_job(&job.name).await? {
        if ledger.join_sweep(sweep, tick, skipped).await? {
            tracing::info!(job = job.name, sweep, skipped, "the sweep before is still running, and the tick joined it");
        }
        return Ok(());
    }
    let request = Request { tick: Some(tick), skipped, ..Request::of_job(job, tick) };
    let begun = ledger.clock().now();
    let opened = open(context, &request).await;
    trace(context, job, begun, &opened).await;
    if let Some(sweep) = opened? {
        tracing::info!(job = job.name, sweep, skipped, "sweep opened");
    } else {
        tracing::debug!(job = job.name, "another scheduler opened this tick's sweep, or the tick joined one");
    }
    Ok(())
}

/// Tells the span of a tick, below the sweep that it opened if there is one.
async fn trace(context: &Context, job: &Job, begun: DateTime<Utc>, opened: &Result<Option<i64>, SweepError>) {
    if !traces::is_on() {
        return;
    }
    let sweep = match opened {
        Ok(Some(id)) => context.ledger.sweep(*id).await.ok().flatten(),
        _ => None,
    };
    let begun = Some(begun.into());
    let span = sweep.map_or_else(|| Span::root("tick", begun), |sweep| sweep.span("tick", begun));
    drop(span.with("lethe.job", job.name.clone()).failed(opened.is_err()));
}
