//! Tonight, the last nights, and what needs attention.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeDelta;
use serde::Serialize;

use super::deliveries;
use super::failure::{Failure, Kind};
use super::jobs::{JobStatus, job_status};
use super::journal::JournalStatus;
use super::night::Night;
use crate::domain::hint::{Act, Face};
use crate::domain::sweep::SweepKind;
use crate::ledger::{Outstanding, Progress, Review, Sought, State, Sweep};
use crate::report::{counted, minute};
use crate::worker::recognize::returned;
use crate::worker::watch::was_ahead;
use crate::worker::{Context, PlanLoadError, gate, hindrance, views};

/// The most failures counted and listed.
pub const MOST_FAILURES: u32 = 1000;

/// For how long it is shown that the clock was ahead.
const RESETS_SHOWN: TimeDelta = TimeDelta::days(7);

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
    /// A sweep with its progress.
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
    /// What somebody should look at, most urgent first.
    pub attention: Vec<String>,
}

impl Status {
    /// As it is now, with the last so many sweeps, for whoever asks at this face.
    pub async fn of(context: &Context, jobs: &Path, last: u32, face: Face) -> Result<Self, Failure> {
        let ledger = &context.ledger;
        let mut status = Self {
            night: Night::default(),
            sweeps: Vec::new(),
            jobs: job_status(jobs, ledger.clock().now()),
            failures: ledger.failures(MOST_FAILURES).await?.len(),
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
        status.attention = attention(context, &status, face).await;
        status.sweeps.truncate(last as usize);
        Ok(status)
    }
}

/// What somebody should look at, most urgent first.
async fn attention(context: &Context, status: &Status, face: Face) -> Vec<String> {
    let mut all: Vec<String> = status.journal.iter().flat_map(JournalStatus::attention).collect();
    let planned = match context.planner.plan_checked(&context.store).await {
        // A table that cannot be read now says nothing of the policy.
        Err(PlanLoadError::Store(_)) => context.planner.plan(&context.store).await,
        planned => planned,
    };
    match planned {
        Err(error) => all.push(error.brief()),
        Ok(loaded) => {
            if let Err(error) = gate::rehearsed(context, &loaded.plan.digest).await {
                all.push(error.to_string());
            }
        }
    }
    if let Err(error) = gate::backed_up(context).await {
        all.push(error.to_string());
    }
    if context.limits.replica_lag.is_some() {
        all.extend(hindrance(context).await);
    }
    all.extend(status.jobs.iter().filter_map(|job| job.error.clone()));
    match context.ledger.resets(context.ledger.clock().now() - RESETS_SHOWN).await {
        Ok(resets) => all.extend(resets.chunk_by(|own, next| own.at == next.at).map(was_ahead)),
        Err(error) => all.push(error.to_string()),
    }
    match views::all_stale(context).await {
        Ok(stale) => all.extend(stale.iter().map(|view| views::stale(view))),
        Err(error) => all.push(error.to_string()),
    }
    for shown in status.sweeps.iter().filter(|shown| matches!(shown.sweep.state, State::Stopped | State::Braked)) {
        let name = shown.sweep.job.as_deref().unwrap_or("by hand");
        let newer_done = status.sweeps.iter().any(|other| {
            other.sweep.id > shown.sweep.id && other.sweep.job == shown.sweep.job && other.sweep.state == State::Done
        });
        if !newer_done {
            let note = shown.sweep.note.as_deref().unwrap_or_default();
            all.push(format!("sweep {} ({name}) was {}: {note}", shown.sweep.id, shown.sweep.state.as_str()));
        }
    }
    for shown in status.sweeps.iter().filter(|shown| shown.sweep.state == State::Running) {
        if !context.ledger.is_worked_on(shown.sweep.id).await.unwrap_or(true) {
            all.push(format!("sweep {} is open and no worker processes it; {}", shown.sweep.id, Act::Run.at(face)));
        }
    }
    all.extend(status.reviews.iter().map(|own| {
        let clients = counted(u64::try_from(own.clients).unwrap_or(0), "client");
        format!(
            "review `{}` of {} waits for a person other than {} to approve {clients}",
            own.name,
            minute(&own.made_at),
            own.made_by
        )
    }));
    all.extend(deliveries::attention(context, &status.deliveries, face).await);
    match context.ledger.count_returned().await {
        Ok(0) => {}
        Ok(clients) => all.push(format!("{}; {} lists them", returned(clients), Act::Returned.at(face))),
        Err(error) => all.push(error.to_string()),
    }
    if status.failures > 0 {
        let failed = counted(status.failures as u64, "client");
        all.push(format!("{failed} failed; {} lists them", Act::Failures.at(face)));
    }
    all
}

/// No sweep of this number.
#[must_use]
pub fn no_sweep(id: i64) -> Failure {
    Failure::new(format!("there is no sweep {id}"), Act::Sweeps.then(" lists the last ones")).of(Kind::NotFound)
}
