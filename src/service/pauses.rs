//! Pausing and resuming a job, or all work.

use super::Service;
use super::bounds::reason_of;
use super::failure::{Failure, Kind};
use super::jobs::job;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::ledger::Pause;

impl Service {
    /// Pauses a job, or all work: no sweep of it starts, and those that run wait after the current batch.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it is paused already, there is no such job, no reason is given, or the caller may not.
    pub async fn pause(&self, name: Option<&str>, reason: &str) -> Result<Pause, Failure> {
        self.permit_on(
            Right::Bulk,
            if name.is_some() { "pause job" } else { "pause all work" },
            name.unwrap_or_default(),
        )
        .await?;
        let reason = reason_of("a pause", reason)?;
        if let Some(name) = name {
            job(&self.jobs, name)?;
        }
        let ledger = &self.context.ledger;
        let is_new = ledger.pause(name, reason, &self.caller.name).await?;
        let pause = ledger.pauses(false).await?.into_iter().find(|own| own.job.as_deref() == name);
        match pause {
            Some(pause) if is_new => Ok(pause),
            Some(pause) => {
                Err(Failure::new(format!("{} is paused already", pause.what()), Act::Jobs.then(" shows why"))
                    .of(Kind::Conflict))
            }
            None => Err(Failure::new("another person resumed it just now", Act::Jobs.then(" shows what is paused"))
                .of(Kind::Conflict)),
        }
    }

    /// Resumes a job, or all work, and returns what is still paused. One sweep stands for all ticks that came meanwhile.
    pub async fn resume(&self, name: Option<&str>) -> Result<Vec<Pause>, Failure> {
        self.permit_on(
            Right::Bulk,
            if name.is_some() { "resume job" } else { "resume all work" },
            name.unwrap_or_default(),
        )
        .await?;
        let ledger = &self.context.ledger;
        if !ledger.resume(name, &self.caller.name).await? {
            let what =
                name.map_or_else(|| "all work is not paused".to_owned(), |name| format!("job `{name}` is not paused"));
            return Err(Failure::new(what, Act::Jobs.then(" shows what is paused")).of(Kind::NotFound));
        }
        self.context.wake.notify_one();
        Ok(ledger.pauses(false).await?)
    }

    /// Pauses, newest first: those in force, or all.
    pub async fn pauses(&self, resumed_too: bool) -> Result<Vec<Pause>, Failure> {
        self.allow_within(Right::Read, "view jobs", "").await?;
        Ok(self.context.ledger.pauses(resumed_too).await?)
    }
}
