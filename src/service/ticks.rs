//! Jobs that ask for a review: at their ticks their clients are held for a
//! second person, and nothing is swept until a person approves them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::Service;
use super::access::{Caller, Way};
use super::failure::{Failure, Kind};
use super::reviews::NO_CLIENTS;
use super::sweeps::Ask;
use crate::domain::access::{Limit, Right};
use crate::domain::hint::Act;
use crate::domain::job::Job;
use crate::worker::scheduler::missed;
use crate::worker::watch::{Alert, tick_over};

/// How often ticks are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The longest pause after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The most letters of a job's name in that of its review.
const LETTERS: usize = 38;

/// What a review is called that a job's tick made.
#[must_use]
pub fn review_name(job: &Job, tick: DateTime<Utc>) -> String {
    let name: String = job.name.chars().take(LETTERS).collect();
    format!("{name} {}", tick.with_timezone(&job.schedule.zone()).format("%Y-%m-%d %H:%M:%S"))
}

/// Refuses to start a job's sweep past the review that it asks for.
pub fn needs_no_review(job: &Job) -> Result<(), Failure> {
    if !job.review {
        return Ok(());
    }
    let hint = Act::Review(job.name.clone()).then(" makes one, and a second person has to approve it");
    Err(Failure::new(format!("job `{}` asks for a review before its sweep", job.name), hint).of(Kind::Conflict))
}

impl Service {
    /// Makes a review at each tick of the jobs that ask for one, until `stop`.
    pub async fn reviewing(self, jobs: Vec<Job>, stop: CancellationToken) {
        let jobs: Vec<Job> = jobs.into_iter().filter(|job| job.review).collect();
        let mut pause = LOOK;
        while !jobs.is_empty() && !stop.is_cancelled() {
            pause = match stop.run_until_cancelled(Box::pin(self.review_ticks(&jobs))).await {
                Some(Err(failure)) => {
                    tracing::warn!(error = failure.message, hint = %failure.hint, "trying again");
                    (pause * 2).min(LONGEST_PAUSE)
                }
                _ => LOOK,
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// Makes a review for each of these jobs whose tick has come since its ticks
    /// were last looked at: one for all ticks that nothing ran for.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the database is away; the ticks are looked at again.
    pub async fn review_ticks(&self, jobs: &[Job]) -> Result<(), Failure> {
        let ledger = &self.context.ledger;
        for job in jobs.iter().filter(|job| job.review) {
            let Some(missed) = missed(&self.context, job).await? else { continue };
            if job.enabled && ledger.pause_of(Some(&job.name)).await?.is_some() {
                continue;
            }
            if !job.enabled || self.review_of(job, missed.latest).await? {
                ledger.set_looked(&job.name, missed.latest).await?;
            }
        }
        Ok(())
    }

    /// Makes the review of a tick; `false` while another process makes it.
    async fn review_of(&self, job: &Job, tick: DateTime<Utc>) -> Result<bool, Failure> {
        let context = &self.context;
        let name = review_name(job, tick);
        // No approver has the name of a job.
        let rights = [Right::Bulk, Right::Configure].into_iter().collect();
        let by = format!("job {}", job.name);
        let caller = Caller { name: by, rights, limit: Limit::default(), way: Way::Command, token: None };
        let ask = Ask { job: Some(job.name.clone()), ..Ask::default() };
        let made = self.for_caller(caller).make_review(&name, &ask, &mut |_, _| {}).await;
        let found = context.ledger.review(&name).await?;
        let alert = |kind, text| Some(Alert::new("", kind, text));
        let alert = match (made, &found) {
            (Ok(review), _) => {
                let text = format!(
                    "a review of {} with {} clients waits for approval; {} were refused",
                    job.name, review.clients, review.refused
                );
                alert("review-waiting", text)
            }
            (Err(failure), _) if failure.kind == Kind::Unavailable => return Err(failure),
            (Err(failure), Some(review)) if failure.message == NO_CLIENTS => {
                context.ledger.delete_review(review.id, &review.made_by).await?;
                None
            }
            (Err(_), Some(review)) if review.state == "making" => return Ok(false),
            (Err(_), Some(review)) if review.state != "failed" => return Ok(true),
            (Err(failure), _) => {
                tracing::error!(job = job.name, error = failure.message, hint = %failure.hint, "no review was created");
                alert("review-failed", format!("no review of {} could be created: {}", job.name, failure.message))
            }
        };
        tick_over(context, &job.name, tick, alert).await?;
        Ok(true)
    }
}
