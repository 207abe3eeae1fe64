//! `lethe run`, `lethe scheduler`, `lethe worker`: what runs until told to stop.

use std::path::Path;

use super::notify::Notify;
use super::{Failure, setup};
use crate::http::listen;
use crate::worker::{Role, run};

/// What of the work this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Everything,
    Scheduler,
    Worker,
}

pub(super) async fn execute(part: Part, file: &Path) -> Result<(), Failure> {
    // A restart does not fix a configuration: systemd is told not to try (`RestartPreventExitStatus`).
    let (config, context) = setup::context(file).await.map_err(Failure::of_configuration)?;
    let jobs = if part == Part::Worker { Vec::new() } else { setup::jobs(&config.jobs)? };
    let loaded = context.planner.plan(&context.store).await?;
    for note in &loaded.plan.notes {
        tracing::warn!(note, "worth knowing");
    }
    let now = context.ledger.clock().now();
    for job in &jobs {
        let next = job.enabled.then(|| job.schedule.next_after(now)).flatten();
        let next = next.map_or_else(|| "never (switched off)".to_owned(), |at| at.to_rfc3339());
        tracing::info!(job = job.name, sweep = %job.kind, next, "job");
    }
    if context.ledger.rehearsal(&loaded.plan.digest).await?.is_none() {
        tracing::warn!(
            "this policy has not been rehearsed: every live sweep will refuse until `lethe sweep … --rehearse`"
        );
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
    let ended = run(&context, role, stop.clone()).await;
    stop.cancel();
    let _ = notified.await;
    if let Some(server) = server {
        let _ = server.await;
    }
    ended?;
    tracing::info!("stopped");
    Ok(())
}
