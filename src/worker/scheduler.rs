//! Ticks: each opens one sweep, however many schedulers run.

use super::Context;
use super::sweep::{Request, SweepError, open};
use crate::domain::job::Job;

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
        match open(context, &request).await {
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
