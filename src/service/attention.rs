//! What needs a person: one list for the first page, the API and the command line.

use chrono::TimeDelta;
use serde::Serialize;

use super::deliveries;
use super::night::makes_good;
use super::status::Status;
use crate::database::StoreError;
use crate::domain::hint::{Act, Face};
use crate::ledger::{Reset, State, Sweep};
use crate::report::{counted, minute};
use crate::worker::recognize::returned;
use crate::worker::watch::was_ahead;
use crate::worker::{Context, PlanLoadError, gate, hindrance, views};

/// For how long it is shown that the clock was ahead.
const RESETS_SHOWN: TimeDelta = TimeDelta::days(7);

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No sweep can begin or go on.
    Critical,
    /// Something went wrong, and a person has to look at it.
    Warning,
    /// A person's decision is pending.
    Notice,
}

impl Severity {
    /// The word used on the command line and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Something that needs a person.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Attention {
    /// How urgent it is.
    pub severity: Severity,
    /// What it is, without any data of clients.
    pub text: String,
    /// Since when, where that is known.
    pub since: Option<String>,
    /// The path of the page on which it is dealt with, if there is one.
    pub link: Option<String>,
}

impl Attention {
    /// Something of this severity; no page deals with it.
    #[must_use]
    pub fn new(severity: Severity, text: impl ToString) -> Self {
        Self { severity, text: text.to_string(), since: None, link: None }
    }

    fn since(self, at: Option<&String>) -> Self {
        Self { since: at.cloned(), ..self }
    }

    fn at(self, link: impl Into<String>) -> Self {
        Self { link: Some(link.into()), ..self }
    }
}

/// What needs a person, most urgent first. `failed_since` is when the first of the clients failed that have.
pub(super) async fn attention(
    context: &Context,
    status: &Status,
    failed_since: Option<&String>,
    face: Face,
) -> Vec<Attention> {
    let mut all = of_journal(status);
    all.extend(of_gates(context, status).await);
    let jobs = status.jobs.iter().filter_map(|job| job.error.as_ref());
    all.extend(jobs.map(|error| Attention::new(Severity::Warning, error).at("/jobs")));
    all.extend(of_past(context).await);
    all.extend(of_sweeps(context, status, face).await);
    all.extend(status.pauses.iter().map(|own| {
        let text = format!("{}; {} resumes it", own.line(), Act::Resume(own.job.clone()).at(face));
        Attention::new(Severity::Notice, text).since(Some(&own.paused_at)).at("/jobs")
    }));
    all.extend(status.reviews.iter().map(|own| {
        let clients = counted(own.clients, "client");
        let text = format!(
            "review `{}` of {} waits for a person other than {} to approve {clients}",
            own.name,
            minute(&own.made_at),
            own.made_by
        );
        Attention::new(Severity::Notice, text).since(Some(&own.made_at)).at("/reviews")
    }));
    let stuck = deliveries::attention(context, &status.deliveries, face).await;
    all.extend(
        stuck
            .into_iter()
            .map(|(text, since)| Attention::new(Severity::Warning, text).since(Some(&since)).at("/deliveries")),
    );
    match context.ledger.count_returned().await {
        Ok(0) => {}
        Ok(clients) => {
            let text = format!("{}; {} lists them", returned(clients), Act::Returned.at(face));
            all.push(Attention::new(Severity::Notice, text).at("/clients/returned"));
        }
        Err(error) => all.push(Attention::new(Severity::Warning, error)),
    }
    if status.failures > 0 {
        let failed = counted(status.failures, "client");
        let text = format!("{failed} failed; {} lists them", Act::Failures.at(face));
        all.push(Attention::new(Severity::Warning, text).since(failed_since).at("/failures"));
    }
    all.sort_by_key(|own| own.severity);
    all
}

fn of_journal(status: &Status) -> Vec<Attention> {
    let Some(journal) = &status.journal else { return Vec::new() };
    let head = journal.head.as_ref();
    let waits = head.is_none_or(|own| own.halted_at.is_some() || own.restored_at.is_some());
    let severity = if waits { Severity::Critical } else { Severity::Warning };
    let since = head.and_then(|own| own.restored_at.as_ref().or(own.error_at.as_ref()));
    journal.attention().into_iter().map(|text| Attention::new(severity, text).since(since).at("/journal")).collect()
}

/// What keeps every sweep from beginning.
async fn of_gates(context: &Context, status: &Status) -> Vec<Attention> {
    let mut all = Vec::new();
    let planned = match context.planner.plan_checked(&context.store).await {
        // A table that cannot be read now says nothing of the policy.
        Err(PlanLoadError::Store(_)) => context.planner.plan(&context.store).await,
        planned => planned,
    };
    match planned {
        Err(error) => all.push(Attention::new(Severity::Critical, error.brief()).at("/policy")),
        Ok(loaded) => {
            if let Err(error) = gate::rehearsed(context, &loaded.plan.digest).await {
                all.push(Attention::new(Severity::Critical, error));
            }
        }
    }
    if let Err(error) = gate::backed_up(context).await {
        all.push(Attention::new(Severity::Critical, error).since(status.last_backup.as_ref()));
    }
    if context.limits.replica_lag.is_some() {
        all.extend(hindrance(context).await.map(|text| Attention::new(Severity::Warning, text)));
    }
    all
}

/// What went wrong a while ago, and may have left something behind.
async fn of_past(context: &Context) -> Vec<Attention> {
    let looked = async {
        let resets = context.ledger.resets(context.ledger.clock().now() - RESETS_SHOWN).await?;
        let at_once = resets.chunk_by(|own, next| own.at == next.at);
        let ahead =
            |own: &[Reset]| Attention::new(Severity::Warning, was_ahead(own)).since(own.first().map(|first| &first.at));
        let mut all: Vec<Attention> = at_once.map(ahead).collect();
        let stale = views::all_stale(context).await?;
        all.extend(stale.iter().map(|view| Attention::new(Severity::Warning, views::stale(view))));
        Ok::<_, StoreError>(all)
    };
    looked.await.unwrap_or_else(|error| vec![Attention::new(Severity::Warning, error)])
}

/// Sweeps that did not end, and those that no worker processes.
async fn of_sweeps(context: &Context, status: &Status, face: Face) -> Vec<Attention> {
    let mut all = Vec::new();
    let link = |sweep: &Sweep| format!("/sweeps/{}", sweep.id);
    for shown in status.sweeps.iter().filter(|shown| matches!(shown.sweep.state, State::Stopped | State::Braked)) {
        let sweep = &shown.sweep;
        let name = sweep.job.as_deref().unwrap_or("by hand");
        if !status.sweeps.iter().any(|other| makes_good(other, shown)) {
            let note = sweep.note.as_deref().unwrap_or_default();
            let text = format!("sweep {} ({name}) was {}: {note}", sweep.id, sweep.state.as_str());
            all.push(Attention::new(Severity::Warning, text).since(sweep.closed_at.as_ref()).at(link(sweep)));
        }
    }
    let is_paused = |sweep: &Sweep| status.pauses.iter().any(|own| own.stops(sweep.job.as_deref()));
    let running = status.sweeps.iter().map(|shown| &shown.sweep).filter(|own| own.state == State::Running);
    for sweep in running.filter(|own| !is_paused(own)) {
        if !context.ledger.is_worked_on(sweep.id).await.unwrap_or(true) {
            let text = format!("sweep {} is open and no worker processes it; {}", sweep.id, Act::Run.at(face));
            all.push(Attention::new(Severity::Critical, text).since(Some(&sweep.opened_at)).at(link(sweep)));
        }
    }
    all
}
