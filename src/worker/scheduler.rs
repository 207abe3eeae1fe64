//! Ticks: each opens one sweep, however many schedulers run.

use chrono::{DateTime, Utc};

use super::Context;
use super::sweep::{Request, SweepError, open};
use crate::domain::job::Job;
use crate::traces::{self, Span};

/// Opens a sweep for each job whose tick has come since its ticks were last
/// looked at. Of several ticks that nothing ran for, only the last one opens a
/// sweep, which says how many it stands for.
///
/// # Errors
///
/// [`SweepError`] if the database is away; the ticks of the jobs concerned are
/// then looked at again.
pub async fn tick(context: &Context, jobs: &[Job]) -> Result<(), SweepError> {
    let now = context.ledger.clock().now();
    let mut away = None;
    // Where a job asks for a review, its ticks are looked at by whoever makes that.
    for job in jobs.iter().filter(|job| !job.review) {
        if context.stop.is_cancelled() {
            break;
        }
        let Some(checked) = context.ledger.checked_at(&job.name).await? else {
            // New: what was before now is nobody's omission.
            context.ledger.set_checked_at(&job.name, now).await?;
            continue;
        };
        let Some(missed) = job.schedule.missed(checked, now) else { continue };
        if !job.enabled {
            // Switched off: nor is this tick, when it is switched on again.
            context.ledger.set_checked_at(&job.name, missed.latest).await?;
            continue;
        }
        let mut request = Request::of_job(job, missed.latest);
        request.tick = Some(missed.latest);
        request.skipped = missed.skipped;
        let begun = context.ledger.clock().now();
        let opened = open(context, &request).await;
        trace(context, job, begun, &opened).await;
        match opened {
            Ok(Some(sweep)) => tracing::info!(job = job.name, sweep, skipped = missed.skipped, "sweep opened"),
            Ok(None) => tracing::debug!(job = job.name, "another scheduler opened this tick's sweep"),
            // Its tick is still due when the replay is through.
            Err(SweepError::Restored { .. }) => continue,
            Err(error) if error.may_pass() => {
                away = Some(error);
                continue;
            }
            Err(error) => tracing::error!(job = job.name, error = error.brief(), hint = %error.hint(), "sweep refused"),
        }
        context.ledger.set_checked_at(&job.name, missed.latest).await?;
    }
    away.map_or(Ok(()), Err)
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
