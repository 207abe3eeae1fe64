//! Tonight, the last nights, and what needs attention.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::attention::{Attention, attention};
use super::failure::{Failure, Kind};
use super::jobs::{JobStatus, job_status};
use super::journal::JournalStatus;
use super::night::Night;
use crate::domain::hint::{Act, Face};
use crate::domain::sweep::SweepKind;
use crate::ledger::{Outstanding, Pause, Progress, Review, Sought, Sweep};
use crate::worker::{Context, gate};

/// The most failures counted and listed.
pub const MOST_FAILURES: u32 = 1000;

/// A sweep, and how far it is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// The sweep.
    #[serde(flatten)]
    pub sweep: Sweep,
    /// How far it is.
    pub progress: Progress,
    /// Old rows deleted, by table; of sweeps that take rows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, u64>,
}

impl Shown {
    pub async fn of(context: &Context, sweep: Sweep) -> Result<Self, Failure> {
        let progress = context.ledger.progress(sweep.id).await?;
        let rows = match sweep.kind {
            SweepKind::Retention => context.ledger.rows_by_table(sweep.id, sweep.id).await?,
            _ => BTreeMap::new(),
        };
        Ok(Self { sweep, progress, rows })
    }

    /// The job, or who opened it.
    #[must_use]
    pub fn by(&self) -> String {
        self.sweep.job.clone().unwrap_or_else(|| format!("by {}", self.sweep.opened_by))
    }
}

/// How everything stands.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Status {
    /// What came of the last night.
    pub night: Night,
    /// The last sweeps, newest first.
    pub sweeps: Vec<Shown>,
    /// The jobs and their next ticks.
    pub jobs: Vec<JobStatus>,
    /// What is paused: jobs, or all work.
    pub pauses: Vec<Pause>,
    /// Clients that failed, up to a thousand.
    pub failures: usize,
    /// Clients on hold.
    pub holds: usize,
    /// Reviews that wait for a second person.
    pub reviews: Vec<Review>,
    /// What is still to be done outside of the database.
    pub deliveries: Vec<Outstanding>,
    /// When the last backup was made.
    pub last_backup: Option<String>,
    /// Where the journal stands, if there is one.
    pub journal: Option<JournalStatus>,
    /// What needs a person, most urgent first.
    pub attention: Vec<Attention>,
}

impl Status {
    /// As it is now, with the last so many sweeps, for a caller at this face.
    pub async fn of(context: &Context, jobs: &Path, last: u32, face: Face) -> Result<Self, Failure> {
        let ledger = &context.ledger;
        let failures = ledger.failures(MOST_FAILURES).await?;
        let mut status = Self {
            night: Night::default(),
            sweeps: Vec::new(),
            jobs: job_status(ledger, jobs).await?,
            pauses: ledger.pauses(false).await?,
            failures: failures.len(),
            holds: ledger.holds(None, false).await?.len(),
            reviews: ledger.reviews(&Sought { state: Some("waiting".to_owned()), ..Sought::default() }, 100).await?,
            deliveries: ledger.outstanding(None).await?,
            last_backup: gate::last_backup(context).await?.map(|at| at.to_rfc3339()),
            journal: JournalStatus::of(context).await?,
            attention: Vec::new(),
        };
        // However many there were since, by people say, what came of the night is told.
        let all = ledger.last_sweeps(last).await?.into_iter().chain(ledger.of_last_night().await?);
        let all: BTreeMap<i64, Sweep> = all.map(|sweep| (sweep.id, sweep)).collect();
        for sweep in all.into_values().rev() {
            status.sweeps.push(Shown::of(context, sweep).await?);
        }
        status.night = Night::of(&status.sweeps, status.failures);
        let failed_since = failures.iter().map(|own| &own.at).min();
        status.attention = attention(context, &status, failed_since, face).await;
        status.sweeps.truncate(last as usize);
        Ok(status)
    }
}

/// No sweep of this number.
#[must_use]
pub fn no_sweep(id: i64) -> Failure {
    Failure::new(format!("sweep {id} not found"), Act::Sweeps.then(" lists the last ones")).of(Kind::NotFound)
}
