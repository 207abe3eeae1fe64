//! `lethe jobs`: the jobs, when each runs next, and how it ran last.

use std::path::Path;

use super::client::minute;
use super::output::{Output, counted, number, table};
use super::{Failure, setup};
use crate::domain::sweep::SweepKind;
use crate::service::jobs::{JobStatus, to_anonymize};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only jobs whose name contains this text.
    name: Option<String>,
    /// Only this kind: due, period, replay or retention.
    #[arg(long)]
    kind: Option<SweepKind>,
    /// Only enabled jobs.
    #[arg(long)]
    enabled: bool,
    /// Count the clients that each job would anonymize now; takes as long as a preview of each.
    #[arg(long)]
    count: bool,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let mut jobs = service.jobs().await?;
    if args.count {
        let counts = to_anonymize(&service.context, &service.jobs).await?;
        for own in &mut jobs {
            own.count(&counts);
        }
    }
    let kind = args.kind.map(|own| own.to_string());
    jobs.retain(|own| {
        own.error.is_some()
            || (args.name.as_ref().is_none_or(|name| own.job.contains(name.as_str()))
                && kind.as_ref().is_none_or(|kind| own.kind == *kind)
                && (own.enabled || !args.enabled))
    });
    out.data(&jobs, || {
        if jobs.is_empty() {
            return "No jobs.".to_owned();
        }
        let mut heading = ["job", "kind", "schedule", "next (UTC)", "last (UTC)", ""].map(str::to_owned).to_vec();
        heading.extend(args.count.then(|| "to anonymize".to_owned()));
        let mut rows = vec![heading];
        rows.extend(jobs.iter().map(|own| {
            if let Some(error) = &own.error {
                return vec![error.clone()];
            }
            let next = next_of(own, minute);
            let (last, state) = own.last.as_ref().map_or_else(
                || ("never".to_owned(), String::new()),
                |last| (minute(&last.sweep.opened_at), last.sweep.state.as_str().to_owned()),
            );
            let mut row = vec![own.job.clone(), own.kind.clone(), own.schedule.clone(), next, last, state];
            row.extend(args.count.then(|| own.to_anonymize.map(number).unwrap_or_default()));
            row
        }));
        let paused = jobs.iter().filter_map(|own| {
            let text = own.paused.as_ref()?.line();
            Some(match own.ticks_skipped {
                0 => format!("\n{}: {text}", own.job),
                ticks => format!("\n{}: {text} ({} skipped so far)", own.job, counted(ticks, "tick")),
            })
        });
        table(&rows) + &paused.collect::<String>()
    });
    Ok(())
}

/// When a job runs next, or why it does not.
pub(super) fn next_of(job: &JobStatus, said: impl Fn(&str) -> String) -> String {
    match (&job.next, &job.paused) {
        (Some(at), _) => said(at),
        (None, Some(_)) if job.enabled => "paused".to_owned(),
        (None, _) => "switched off".to_owned(),
    }
}
