//! Pauses: no sweep of the job starts, and none goes on, until a person resumes it; or of any, if all work is paused.

use serde::Serialize;

use super::{Ledger, parse_moment};
use crate::database::{StoreError, query, query_as, row};

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
    #[must_use]
    pub fn what(&self) -> String {
        self.job.as_ref().map_or_else(|| "all work".to_owned(), |job| format!("job `{job}`"))
    }

    #[must_use]
    pub fn line(&self) -> String {
        let at = parse_moment(&self.paused_at).map(|at| at.format(" at %Y-%m-%d %H:%M UTC").to_string());
        format!("{} was paused by {}{}: {}", self.what(), self.paused_by, at.unwrap_or_default(), self.reason)
    }

    /// Whether sweeps of this job wait for it, or those of none.
    #[must_use]
    pub fn stops(&self, job: Option<&str>) -> bool {
        self.job.is_none() || self.job.as_deref() == job
    }
}

impl Ledger {
    /// Pauses a job, or all work; `false` if it is paused already.
    pub async fn pause(&self, job: Option<&str>, reason: &str, by: &str) -> Result<bool, StoreError> {
        query(
            "INSERT INTO lethe_pauses (job, reason, paused_by, paused_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(job)
        .bind(reason)
        .bind(by)
        .bind(self.now())
        .took_effect(self)
        .await
    }

    /// Resumes a job, or all work; `false` if it is not paused.
    pub async fn resume(&self, job: Option<&str>, by: &str) -> Result<bool, StoreError> {
        query(
            "UPDATE lethe_pauses SET resumed_by = $2, resumed_at = $3 WHERE resumed_at IS NULL AND job IS NOT DISTINCT FROM $1",
        )
        .bind(job)
        .bind(by)
        .bind(self.now())
        .took_effect(self)
        .await
    }

    /// Pauses, newest first: those in force, or all.
    pub async fn pauses(&self, resumed_too: bool) -> Result<Vec<Pause>, StoreError> {
        query_as("SELECT * FROM lethe_pauses WHERE $1 = 1 OR resumed_at IS NULL ORDER BY id DESC LIMIT 1000")
            .bind(i64::from(resumed_too))
            .fetch_all(self.readers())
            .await
    }

    /// The pause that sweeps of this job wait for, or those of none.
    pub async fn pause_of(&self, job: Option<&str>) -> Result<Option<Pause>, StoreError> {
        Ok(self.pauses(false).await?.into_iter().find(|own| own.stops(job)))
    }
}
