//! `lethe run`, `lethe scheduler`, `lethe worker`: what runs until told to stop.

use std::path::Path;
use std::time::Duration;

use super::notify::Notify;
use super::setup::JobFiles;
use super::{Failure, setup};
use crate::http::listen;
use crate::plan::Plan;
use crate::worker::{Context, PlanLoadError, Role, run, watch};

/// How long requests that are still open may take once the drain is over.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// What of the work this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Everything,
    Scheduler,
    Worker,
}

pub(super) async fn execute(part: Part, file: &Path) -> Result<(), Failure> {
    setup::ignore_hangup();
    // A restart does not fix a configuration: systemd is told not to try (`RestartPreventExitStatus`).
    let (config, context) = setup::context(file).await.map_err(Failure::of_configuration)?;
    // Whatever is valid runs, and people are told of the rest.
    let JobFiles { jobs, faults } =
        if part == Part::Worker { JobFiles::default() } else { setup::job_files(&config.jobs)? };
    if part != Part::Worker {
        for (name, failure) in &faults {
            tracing::error!(file = format!("{name}.toml"), hint = %failure.hint, "{}", failure.message);
        }
        let faults: Vec<_> = faults.into_iter().map(|(name, failure)| (name, failure.message)).collect();
        watch::job_files(&context, &faults).await?;
    }
    match context.planner.plan(&context.store).await {
        Ok(loaded) => ready(&context, &loaded.plan).await?,
        Err(PlanLoadError::Store(error)) => return Err(error.into()),
        Err(error) => tracing::error!(error = error.brief(), hint = %error.hint(), "no sweep can begin"),
    }
    // It reads the data, so nothing waits for it.
    let checked = context.clone();
    tokio::spawn(async move {
        if let Err(error) = watch::policy(&checked).await {
            tracing::warn!(%error, hint = %error.hint(), "the policy could not be checked");
        }
    });
    let now = context.ledger.clock().now();
    for job in &jobs {
        let next = job.enabled.then(|| job.schedule.next_after(now)).flatten();
        let next = next.map_or_else(|| "never (switched off)".to_owned(), |at| at.to_rfc3339());
        tracing::info!(job = job.name, sweep = %job.kind, next, "job");
    }
    tracing::info!(database = context.store.place(), jobs = jobs.len(), "running");
    let stop = setup::stop_on_signal();
    let server = match config.http.settings() {
        Some(settings) if part != Part::Worker => {
            let listening = listen(setup::unasked(&config, context.clone()), settings).await?;
            if let Some(address) = listening.address() {
                tracing::info!(%address, "listening");
            }
            Some(tokio::spawn(listening.serve(stop.clone())))
        }
        _ => None,
    };
    let reviewing = setup::unasked(&config, context.clone()).reviewing(jobs.clone(), stop.clone());
    tokio::spawn(reviewing);
    let role = match part {
        Part::Everything => Role::Both(jobs),
        Part::Scheduler => Role::Scheduler(jobs),
        Part::Worker => Role::Worker,
    };
    let notified = tokio::spawn(Notify::from_environment().until(stop.clone()));
    let ended = Box::pin(run(&context, role, stop.clone())).await;
    stop.cancel();
    let _ = notified.await;
    if let Some(server) = server {
        let _ = tokio::time::timeout(LAST_ANSWERS, server).await;
    }
    ended?;
    tracing::info!("stopped");
    Ok(())
}

/// What is worth knowing of a plan before the first night.
async fn ready(context: &Context, plan: &Plan) -> Result<(), Failure> {
    for note in &plan.notes {
        tracing::warn!(note, "worth knowing");
    }
    if context.ledger.rehearsal(&plan.digest).await?.is_none() {
        tracing::warn!(
            "this policy has not been rehearsed: every live sweep will refuse until `lethe sweep … --rehearse`"
        );
    }
    Ok(())
}
