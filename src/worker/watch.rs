//! Watches what happens, and has people told of what needs them: once for each
//! event, whichever process sees it first, through the ledger's deliveries. In
//! no message is anything of a client.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::deliver::alerts::ping;
use super::deliver::stuck::{Stuck, stuck};
use super::journal::{HALTED_EVENT, RESTORED, RESTORED_EVENT, alert_halted};
use super::sweep::conditions;
use super::{Context, PlanLoadError, SweepError};
use crate::database::{StoreError, query_scalar};
use crate::domain::hint::Face;
use crate::domain::job::Job;
use crate::domain::sweep::SweepKind;
use crate::ledger::{NewMessage, Reset, Sought, State, Sweep, parse_moment};
use crate::sql::select::{Wanted, due_count, lapsed_count, unseen};

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(5);
/// How often the policy is checked: one that cannot be used is read from the schema up each time.
const CHECK: Duration = Duration::from_secs(60);
/// How often clients are counted who wait for too long: that reads many rows.
const COUNT: Duration = Duration::from_secs(6 * 3600);
/// How late a tick may be.
const LATE: TimeDelta = TimeDelta::minutes(15);
/// How long the journal may be away.
pub(super) const AWAY: TimeDelta = TimeDelta::minutes(10);
/// What the event is called that it has been away for so long.
pub(super) const AWAY_EVENT: &str = "journal-away";
/// What ended earlier is not reported.
const NEWS: TimeDelta = TimeDelta::days(3);
/// For how long a job that did not end well keeps the others from giving their sign of life.
const NIGHT: TimeDelta = TimeDelta::hours(24);

/// Something that a person should look at.
#[derive(Debug, Clone)]
pub struct Alert {
    /// What it is about: told once, until it is over.
    event: String,
    /// A short name for programs.
    kind: &'static str,
    /// For people.
    text: String,
    job: Option<String>,
    sweep: Option<i64>,
}

impl Alert {
    /// An alert about an event. `kind` is a short name for programs; `text` is
    /// for people, and has no personal data in it.
    #[must_use]
    pub fn new(event: impl Into<String>, kind: &'static str, text: impl Into<String>) -> Self {
        Self { event: event.into(), kind, text: text.into(), job: None, sweep: None }
    }

    fn of_sweep(self, sweep: &Sweep) -> Self {
        Self { job: sweep.job.clone(), sweep: Some(sweep.id), ..self }
    }

    /// What a message says.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "kind": self.kind, "text": self.text });
        if let Some(job) = &self.job {
            body["job"] = job.as_str().into();
        }
        if let Some(sweep) = self.sweep {
            body["sweep"] = sweep.into();
        }
        body
    }
}

impl Context {
    /// Has people told of something that needs them, by every way that the
    /// configuration has, and in the log; once, until it is [over](Self::over).
    pub async fn alert(&self, alert: &Alert) -> Result<(), StoreError> {
        self.tell(&alert.event, alert.kind, &[alert], Vec::new()).await
    }

    /// Notes that something does not need people any more.
    pub async fn over(&self, event: &str) -> Result<(), StoreError> {
        self.ledger.is_over(event).await
    }

    async fn tell(
        &self,
        event: &str,
        kind: &str,
        alerts: &[&Alert],
        mut messages: Vec<NewMessage>,
    ) -> Result<(), StoreError> {
        messages.extend(alerts.iter().flat_map(|alert| self.targets.messages(&alert.body())));
        if self.ledger.raise(event, kind, &messages).await? {
            for alert in alerts {
                tracing::error!(alert = alert.kind, job = alert.job, sweep = alert.sweep, "{}", alert.text);
            }
        }
        Ok(())
    }
}

/// Watches until `stop`. Does nothing where there are no recipients.
pub(super) async fn watching(context: Context, jobs: Vec<Job>, stop: CancellationToken) {
    if !context.targets.alert() {
        return;
    }
    let mut counted: Option<Instant> = None;
    let mut checked = Instant::now();
    while !stop.is_cancelled() {
        let looked = async {
            look(&context, &jobs).await?;
            if checked.elapsed() > CHECK {
                checked = Instant::now();
                policy(&context).await?;
            }
            if counted.is_none_or(|at| at.elapsed() > COUNT) {
                // Noted first: a count that takes too long is not begun again at once.
                counted = Some(Instant::now());
                overdue(&context, &jobs).await?;
            }
            Ok::<(), SweepError>(())
        };
        if let Err(error) = looked.await {
            tracing::warn!(error = error.brief(), hint = %error.hint(), "alerts could not be sent");
        }
        stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
    }
}

/// Looks once whether something needs people: ticks of these jobs, sweeps, the journal.
pub async fn look(context: &Context, jobs: &[Job]) -> Result<(), SweepError> {
    if !context.targets.alert() {
        return Ok(());
    }
    let now = context.ledger.clock().now();
    for sweep in context.ledger.untold_sweeps(now - NEWS).await? {
        if let Some(alert) = late(&sweep) {
            context.alert(&alert).await?;
        }
        if sweep.state != State::Running {
            ended(context, &sweep, now).await?;
        }
    }
    for job in jobs.iter().filter(|job| job.enabled) {
        let Some(looked) = context.ledger.looked(&job.name).await? else { continue };
        if looked.schedule.is_some_and(|own| own != job.schedule.to_string()) {
            continue;
        }
        if let Some(missed) = job.schedule.missed(looked.until, now).filter(|missed| now - missed.latest > LATE)
            && context.ledger.pause_of(Some(&job.name)).await?.is_none()
        {
            let text = format!(
                "the tick of {} at {} was missed, and has not been caught up yet",
                job.name,
                shown(missed.latest)
            );
            let alert = Alert::new(tick_event(&job.name, missed.latest), "missed-tick", text);
            context.alert(&Alert { job: Some(job.name.clone()), ..alert }).await?;
        }
    }
    reviews(context, now).await?;
    journal(context, now).await?;
    deliveries(context).await?;
    Ok(())
}

/// Deliveries that need a person, until they do not any more.
async fn deliveries(context: &Context) -> Result<(), StoreError> {
    const KIND: &str = "deliveries-stuck";
    let stuck = stuck(context, &context.ledger.outstanding(None).await?).await;
    for own in &stuck {
        context.alert(&Alert::new(own.event(), KIND, own.text(Face::Command))).await?;
    }
    let standing: Vec<String> = stuck.iter().map(Stuck::event).collect();
    for event in context.ledger.standing_events(KIND).await?.iter().filter(|event| !standing.contains(event)) {
        context.over(event).await?;
    }
    Ok(())
}

/// Job files that cannot be used, each by its name without `.toml`, and why.
pub async fn job_files(context: &Context, faults: &[(String, String)]) -> Result<(), StoreError> {
    const EVENTS: &str = "job-file:";
    let events: Vec<String> = faults.iter().map(|(name, _)| format!("{EVENTS}{name}")).collect();
    for (event, (name, why)) in events.iter().zip(faults) {
        let text = format!("the job file `{name}.toml` is left out, and its sweeps do not run: {why}");
        context.alert(&Alert::new(event, "job-file", text)).await?;
    }
    context.ledger.are_over_but(EVENTS, &events).await
}

/// A policy under which no sweep can begin: changed by mistake, a new column or item that it does not classify, or a
/// date that cannot be read.
pub async fn policy(context: &Context) -> Result<(), StoreError> {
    const EVENT: &str = "policy";
    match context.planner.plan_checked(&context.store).await {
        Ok(_) => context.over(EVENT).await,
        Err(PlanLoadError::Store(error)) => Err(error),
        Err(error) => {
            let text = format!("no sweep can begin: {}", error.brief());
            context.alert(&Alert::new(EVENT, "policy-unusable", text)).await
        }
    }
}

/// A sweep whose tick nothing ran for in time.
fn late(sweep: &Sweep) -> Option<Alert> {
    let (job, tick) = (sweep.job.as_ref()?, sweep.tick.as_deref().and_then(parse_moment)?);
    let opened = parse_moment(&sweep.opened_at)?;
    if sweep.skipped == 0 && opened - tick <= LATE {
        return None;
    }
    let earlier = match sweep.skipped {
        0 => String::new(),
        1 => ", and one before it".to_owned(),
        many => format!(", and {many} before it"),
    };
    let text = format!("the tick of {job} at {}{earlier} was missed; sweep {} catches up", shown(tick), sweep.id);
    Some(Alert::new(tick_event(job, tick), "missed-tick", text).of_sweep(sweep))
}

/// What people are told of moments that were reset.
#[must_use]
pub fn was_ahead(resets: &[Reset]) -> String {
    let what: Vec<&str> = resets.iter().map(|own| own.what.as_str()).collect();
    let furthest = resets.iter().map(|own| own.was.as_str()).max().and_then(parse_moment).map(shown);
    let at = resets.first().map(|own| own.at.as_str()).and_then(parse_moment).map(shown);
    format!(
        "the clock was ahead once, up to {}: {} were reset on {}; check the clients anonymized before that",
        furthest.unwrap_or_else(|| "an unknown day".to_owned()),
        what.join(", "),
        at.unwrap_or_else(|| "an unknown day".to_owned())
    )
}

fn tick_event(job: &str, tick: DateTime<Utc>) -> String {
    format!("tick:{job}:{}", tick.timestamp())
}

pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A sweep has ended: its sign of life, and the operators it needs.
async fn ended(context: &Context, sweep: &Sweep, now: DateTime<Utc>) -> Result<(), StoreError> {
    let ledger = &context.ledger;
    let (event, state) = (format!("sweep:{}", sweep.id), sweep.state.as_str());
    let name = format!("sweep {} ({})", sweep.id, sweep.job.as_deref().unwrap_or("by hand"));
    let is_done = sweep.state == State::Done;
    let alert = if is_done {
        match ledger.newly_failed(sweep.id).await? {
            0 => None,
            1 => Some(("clients-failed", format!("1 client of {name} failed and is as it was before"))),
            many => Some(("clients-failed", format!("{many} clients of {name} failed and are as they were before"))),
        }
    } else {
        let kind = if sweep.state == State::Braked { "sweep-braked" } else { "sweep-stopped" };
        Some((kind, format!("{name} was {state}: {}", sweep.note.as_deref().unwrap_or_default())))
    };
    let alert = alert.map(|(kind, text)| Alert::new(&event, kind, text).of_sweep(sweep));
    let alerts = &context.targets.alerts;
    let gives_sign = !is_done || alerts.pings_each() || ledger.all_done(now - NIGHT).await?;
    let sign = sweep.job.as_ref().filter(|_| gives_sign).and_then(|job| ping(alerts, job, is_done));
    context.tell(&event, state, alert.as_ref().as_slice(), sign.into_iter().collect()).await
}

/// A tick of a job that opens no sweep is over: its sign of life, and whom it needs.
pub async fn tick_over(
    context: &Context,
    job: &str,
    tick: DateTime<Utc>,
    alert: Option<Alert>,
) -> Result<(), StoreError> {
    let event = format!("review:{job}:{}", tick.timestamp());
    let alert = alert.map(|alert| Alert { job: Some(job.to_owned()), ..alert });
    let alerts = &context.targets.alerts;
    let now = context.ledger.clock().now();
    let gives_sign = alerts.pings_each() || context.ledger.all_done(now - NIGHT).await?;
    let is_done = alert.as_ref().is_none_or(|alert| alert.kind == "review-waiting");
    let sign = if gives_sign || !is_done { ping(alerts, job, is_done) } else { None };
    context.tell(&event, "review", alert.as_ref().as_slice(), sign.into_iter().collect()).await
}

/// Reviews that have waited for a person for more than a day.
async fn reviews(context: &Context, now: DateTime<Utc>) -> Result<(), StoreError> {
    let waiting = Sought { state: Some("waiting".to_owned()), ..Sought::default() };
    for review in context.ledger.reviews(&waiting, 100).await? {
        let made = parse_moment(&review.made_at).unwrap_or(now);
        if now - made > NIGHT {
            // Its name is a person's words, so it is left out.
            let text = format!(
                "a review of {} clients has waited since {} for approval; `lethe review list` shows it",
                review.clients,
                shown(made)
            );
            context.alert(&Alert::new(format!("review:{}", review.id), "review-overdue", text)).await?;
        }
    }
    Ok(())
}

/// The journal cannot be kept, or is ahead of the ledger.
async fn journal(context: &Context, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(head) = context.ledger.journal().await? else { return Ok(()) };
    match (&head.error, head.error_at.as_deref().and_then(parse_moment)) {
        (Some(error), _) if head.halted_at.is_some() => {
            let text = format!("live sweeps wait: {error}");
            alert_halted(context, text).await?;
        }
        (Some(error), Some(since)) if now - since > AWAY => {
            let text = format!("the journal cannot be kept since {}: {error}", shown(since));
            context.alert(&Alert::new(AWAY_EVENT, AWAY_EVENT, text)).await?;
        }
        (Some(_), _) => {}
        (None, _) => context.over(AWAY_EVENT).await?,
    }
    if head.halted_at.is_none() {
        context.over(HALTED_EVENT).await?;
    }
    match head.restored_at {
        Some(_) => context.alert(&Alert::new(RESTORED_EVENT, RESTORED_EVENT, RESTORED)).await,
        None => context.over(RESTORED_EVENT).await,
    }
}

/// Counts those who have been due for too long and whom no sweep has looked at
/// meanwhile: by date or by period, among those whom a job takes by its filters and length.
pub async fn overdue(context: &Context, jobs: &[Job]) -> Result<(), SweepError> {
    let most = TimeDelta::from_std(context.targets.alerts.overdue).unwrap_or(TimeDelta::MAX);
    if most.is_zero() || !context.targets.alert() {
        return Ok(());
    }
    // A person who changes the policy is told by the sweep that stops.
    let Ok(loaded) = context.planner.plan(&context.store).await else { return Ok(()) };
    let now = context.ledger.clock().now();
    let since = now.checked_sub_signed(most).unwrap_or(DateTime::<Utc>::MIN_UTC);
    for (kind, by) in [(SweepKind::Due, "date"), (SweepKind::Period, "period")] {
        let of_kind: Vec<&Job> = jobs.iter().filter(|job| job.enabled && job.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        // Jobs may take the same clients: the most of any job is told.
        let mut clients = 0;
        for job in of_kind {
            // A job with a filter that the policy does not know is told by its sweep, which stops.
            let Ok(filters) = conditions(&loaded, &job.filters) else { continue };
            let today = job.schedule.today(since).pred_opt().unwrap_or(chrono::NaiveDate::MIN);
            let length = job.length.or(loaded.plan.retention.as_ref().map(|own| own.length));
            let cutoff = length.and_then(|own| own.before(today).ok());
            let zone = job.schedule.zone();
            let wanted = Wanted { plan: &loaded.plan, filters: &filters, today, cutoff, zone, restored: false };
            let count = if kind == SweepKind::Due { due_count(&wanted) } else { lapsed_count(&wanted) };
            let sql = unseen(wanted.plan, &count);
            let found: i64 =
                query_scalar(sql).bind(crate::ledger::moment(since)).fetch_one(context.store.readers()).await?;
            clients = found.max(clients);
        }
        let event = format!("overdue:{by}");
        if clients == 0 {
            context.over(&event).await?;
            continue;
        }
        let text = format!(
            "{clients} clients have been due by {by} for more than {} days, and no sweep has processed them since",
            most.num_days()
        );
        context.alert(&Alert::new(&event, "clients-overdue", text)).await?;
    }
    Ok(())
}
