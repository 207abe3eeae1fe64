//! `lethe pause` and `lethe resume`: stop a job, or all work, until a person has it go on.

use std::path::Path;

use super::output::Output;
use super::{Failure, setup};

#[derive(Debug, clap::Args)]
pub(super) struct PauseArgs {
    /// The job; all work if none is named.
    job: Option<String>,
    /// The reason, for others who see it later; do not name a person.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// The job; all work if none is named.
    job: Option<String>,
}

pub(super) async fn pause(args: PauseArgs, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let pause = service.pause(args.job.as_deref(), &args.reason).await?;
    out.data(&pause, || match &pause.job {
        Some(job) => format!(
            "Job {job} is paused: its ticks start no sweep, and a running one waits after the current batch.\n\
             `lethe resume {job}` resumes it, and one sweep then covers all ticks that were skipped."
        ),
        None => "All work is paused: no sweep starts, and running ones wait after the current batch.\n\
                 `lethe resume` resumes it, and one sweep per job then covers all ticks that were skipped."
            .to_owned(),
    });
    Ok(())
}

pub(super) async fn resume(args: ResumeArgs, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let left = service.resume(args.job.as_deref()).await?;
    out.data(&left, || {
        let what = args.job.as_ref().map_or_else(|| "All work".to_owned(), |job| format!("Job {job}"));
        let left: Vec<String> = left.iter().map(|own| format!("\nStill paused: {}", own.line())).collect();
        format!("{what} is resumed.{}", left.concat())
    });
    Ok(())
}
