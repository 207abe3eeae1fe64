//! How far the ticks of each job were looked at, and under which schedule.

use chrono::{DateTime, Utc};

use super::{Ledger, moment, parse_moment};
use crate::database::StoreError;
use crate::domain::schedule::Schedule;
use crate::domain::value::json_of;

/// How far a job's ticks were looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Until when.
    pub until: DateTime<Utc>,
    /// The schedule they belong to; `None` if an earlier version of Lethe noted them.
    pub schedule: Option<String>,
}

impl Ledger {
    /// How far a job's ticks were looked at; `None` for a new job.
    pub async fn looked(&self, job: &str) -> Result<Option<Looked>, StoreError> {
        let found: Option<(String, Option<String>)> =
            sql!(query_as, "jobs/looked", job).fetch_optional(self.readers()).await?;
        Ok(found.and_then(|(until, schedule)| Some(Looked { until: parse_moment(&until)?, schedule })))
    }

    /// Notes that a job's ticks were looked at until a moment.
    pub async fn set_looked(&self, job: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        sql!(query, "jobs/set_looked", job, moment(until)).run(self).await
    }

    /// Begins to look at the ticks of a job's schedule, those behind a moment.
    pub async fn begin_ticks(&self, job: &str, schedule: &Schedule, from: DateTime<Utc>) -> Result<(), StoreError> {
        sql!(query, "jobs/begin_ticks", job, moment(from), schedule.to_string()).run(self).await
    }

    /// Forgets the jobs that are not among these: one that returns is new.
    pub async fn forget_jobs(&self, but: &[&str]) -> Result<(), StoreError> {
        let forget = sql!(query, "jobs/forget", json_of(but));
        forget.with("jobs", &self.store.dialect().texts_in("$1")).run(self).await
    }
}
