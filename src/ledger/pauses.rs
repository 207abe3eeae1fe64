//! Pauses: no sweep of the job starts, and none goes on, until a person resumes it; or of any, if all work is paused.

use serde::Serialize;

use super::{Ledger, parse_moment};
use crate::database::{StoreError, row};

row! {
    /// A pause.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Pause {
        /// Its number.
        pub id: i64,
        /// The job; none if all work is paused.
        pub job: Option<String>,
        /// Why.
        pub reason: String,
        /// Who paused it.
        pub paused_by: String,
        /// When.
        pub paused_at: String,
        /// Who resumed it.
        pub resumed_by: Option<String>,
        /// When.
        pub resumed_at: Option<String>,
    }
}

impl Pause {
    /// What it pauses, in words.
    pub fn what(&self) -> String {
        self.job.as_ref().map_or_else(|| "all work".to_owned(), |job| format!("job `{job}`"))
    }

    pub fn line(&self) -> String {
        let at = parse_moment(&self.paused_at).map(|at| at.format(" at %Y-%m-%d %H:%M UTC").to_string());
        format!("{} was paused by {}{}: {}", self.what(), self.paused_by, at.unwrap_or_default(), self.reason)
    }

    /// Whether sweeps of this job wait for it, or those of none.
    pub fn stops(&self, job: Option<&str>) -> bool {
        self.job.is_none() || self.job.as_deref() == job
    }
}

impl Ledger {
    /// Pauses a job, or all work; `false` if it is paused already.
    pub async fn pause(&self, job: Option<&str>, reason: &str, by: &str) -> Result<bool, StoreError> {
        sql!(query, "pauses/pause", job, reason, by, self.now()).took_effect(self).await
    }

    /// Resumes a job, or all work; `false` if it is not paused.
    pub async fn resume(&self, job: Option<&str>, by: &str) -> Result<bool, StoreError> {
        sql!(query, "pauses/resume", job, by, self.now()).took_effect(self).await
    }

    /// Pauses, newest first: those in force, or all.
    pub async fn pauses(&self, resumed_too: bool) -> Result<Vec<Pause>, StoreError> {
        sql!(query_as, "pauses/pauses", i64::from(resumed_too)).fetch_all(self.readers()).await
    }

    /// The pause that sweeps of this job wait for, or those of none.
    pub async fn pause_of(&self, job: Option<&str>) -> Result<Option<Pause>, StoreError> {
        Ok(self.pauses(false).await?.into_iter().find(|own| own.stops(job)))
    }
}
