//! One client: its history, what would become of it now, holds, and its end.

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;

use super::Service;
use super::access::{hash, refusal};
use super::bounds::reason_of;
use super::failure::{Failure, Kind};
use super::returned::recognized;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::outcome::Outcome;
use crate::domain::today::Today;
use crate::domain::value::json_of;
use crate::ledger::{Cleaned, Hold, Notice, OutcomePage, Record, Returned, SetDate, State};
use crate::plan::Plan;
use crate::worker::date::{Estimate, estimate, to_anonymize_on};
use crate::worker::sweep::{Client, Mode, Surveyor, Trace, survey, trace};
use crate::worker::{Context, Request};

/// How a key is written.
pub const KEY_HINT: &str = "write the key as the client table has it, the parts of a composite key separated by commas";

/// For how long the outcome of one client is waited for.
const WAIT: Duration = Duration::from_secs(10);
/// How soon a worker that is there takes a sweep up.
const UNTOUCHED: Duration = Duration::from_secs(3);
/// How often it is looked whether there is an outcome.
const LOOK: Duration = Duration::from_millis(100);

/// What became of one client in a sweep of its own.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Ended {
    /// The sweep's number.
    pub sweep: i64,
    /// What became of the client.
    pub outcome: Outcome,
    /// Names of the reasons.
    pub reasons: Vec<String>,
}

/// A client.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ClientStatus {
    /// Its key, as the ledger writes it.
    pub client: String,
    /// What would become of it, were it looked at now.
    pub would_be: Client,
    /// The day on which it is to be anonymized, in the column that the policy names.
    pub to_anonymize_on: Option<String>,
    /// When it is expected to be due, and why; `None` if that cannot be said, or it was anonymized.
    pub estimated: Option<Estimate>,
    /// Who set that day through Lethe, oldest first.
    pub dates: Vec<SetDate>,
    /// Columns that were emptied by request, oldest first.
    pub cleaned: Vec<Cleaned>,
    /// Holds in force.
    pub holds: Vec<Hold>,
    /// Notices it was given.
    pub notices: Vec<Notice>,
    /// The client anonymized before whom the policy recognizes it as, under a new key.
    pub returned: Option<Returned>,
    /// Its files and folders that are not gone yet.
    pub files_left: i64,
    /// What became of it so far.
    pub history: Vec<Record>,
    /// A mark of `would_be` and the plan, for a form that acts on what was seen.
    #[serde(skip)]
    pub seen: String,
}

/// The key of a client, as people write it.
pub(super) fn key_of(plan: &Plan, key: &str) -> Result<Key, Failure> {
    Key::parse(key, plan.client.key.len()).map_err(|what| Failure::new(what, KEY_HINT))
}

pub(super) fn no_client(key: &str) -> Failure {
    Failure::new(format!("client `{key}` not found"), "write the key as the client table has it").of(Kind::NotFound)
}

/// What would become of a client today.
async fn look(context: &Context, key: &str, today: NaiveDate) -> Result<Client, Failure> {
    let loaded = context.planner.plan(&context.store).await?;
    let request = Request::of_clients(vec![key_of(&loaded.plan, key)?], today);
    let mut found = None;
    survey(Surveyor::from(context).unchecked(), &request, Mode::Preview, &mut |client| found = Some(client)).await?;
    found.ok_or_else(|| Failure::new("the client could not be read", Act::Doctor.then(" says more")))
}

/// What would become today of a client that exists.
async fn look_at(context: &Context, key: &str, today: NaiveDate) -> Result<Client, Failure> {
    let client = look(context, key, today).await?;
    if client.outcome == Outcome::NotFound { Err(no_client(key)) } else { Ok(client) }
}

/// The key as the ledger writes it, of a client that exists.
pub async fn ledger_key(context: &Context, key: &str) -> Result<String, Failure> {
    Ok(look_at(context, key, context.ledger.clock().now().date_naive()).await?.key)
}

/// What would happen to a client on a day in a time zone, for a caller who may see it.
pub async fn trace_of(
    surveyor: Surveyor<'_>,
    plan: &Plan,
    key: &str,
    (today, zone): (NaiveDate, Tz),
    rows: usize,
) -> Result<Trace, Failure> {
    let request = Request { zone, ..Request::of_clients(vec![key_of(plan, key)?], today) };
    let traced = trace(surveyor, &request, rows).await?;
    traced.filter(|own| own.client.outcome != Outcome::NotFound).ok_or_else(|| no_client(key))
}

/// A mark of what would become of a client under a plan.
fn mark(client: &Client, plan: &Plan) -> String {
    hash(&json_of(&(&client.key, client.outcome.as_str(), &client.reasons, &plan.digest)))
}

impl Service {
    /// A client's history, and what would become of it now.
    pub async fn client(&self, key: &str) -> Result<ClientStatus, Failure> {
        self.allow_within(Right::Read, "view clients", "").await?;
        self.own_client(key).await?;
        let ledger = &self.context.ledger;
        let now = look(&self.context, key, self.today()).await?;
        let history = ledger.history(&now.key).await?;
        if now.outcome == Outcome::NotFound && history.is_empty() {
            return Err(no_client(key));
        }
        let plan = &self.loaded().await?.plan;
        let parsed = key_of(plan, key)?;
        let today = Today { day: self.today(), zone: self.time_zone };
        let is_open = !matches!(now.outcome, Outcome::Already | Outcome::NotFound);
        let estimated = if is_open { estimate(&self.context, plan, &parsed, today).await? } else { None };
        Ok(ClientStatus {
            client: now.key.clone(),
            estimated,
            to_anonymize_on: to_anonymize_on(&self.context, plan, &parsed).await?,
            dates: ledger.dates(&now.key).await?,
            cleaned: ledger.cleaned(&now.key).await?,
            holds: ledger.holds(Some(&now.key), false).await?,
            notices: ledger.notices(&now.key).await?,
            returned: recognized(&self.context, plan, &parsed, &now.key).await?,
            files_left: ledger.files_left(&now.key).await?,
            history,
            seen: mark(&now, plan),
            would_be: now,
        })
    }

    /// What would happen to a client, row by row; at most `rows` rows by each link.
    ///
    /// # Errors
    ///
    /// [`Failure`] if there is no such client, or the caller may not configure: it shows a client's data.
    pub async fn trace(&self, key: &str, rows: usize) -> Result<Trace, Failure> {
        self.allow_on(Right::Configure, "trace client", key).await?;
        let loaded = self.loaded().await?;
        trace_of(Surveyor::from(&self.context), &loaded.plan, key, (self.today(), self.time_zone), rows).await
    }

    /// Opens a sweep over one client, and returns its number. With `force` it
    /// passes over the retention period only; guards and holds still refuse.
    /// `seen` is the [mark](ClientStatus::seen) of what a person saw before.
    ///
    /// # Errors
    ///
    /// [`Failure`] if a gate refuses, something else would become of the client than was seen, or the caller may not
    /// anonymize.
    pub async fn anonymize(&self, key: &str, force: bool, seen: Option<&str>) -> Result<i64, Failure> {
        self.allow_within(Right::Anonymize, "anonymize client", key).await?;
        self.own_client(key).await?;
        let plan = &self.loaded().await?.plan;
        let client = look_at(&self.context, key, self.today()).await?;
        if seen.is_some_and(|seen| seen != mark(&client, plan)) {
            let what = "the client or the policy has changed since the page was loaded; nothing was started";
            return Err(Failure::new(what, "load the client's page again").of(Kind::Conflict));
        }
        let request = Request::of_clients(vec![key_of(plan, key)?], self.today());
        self.open(&self.within_limit(Request { force, zone: self.time_zone, ..request }).await?).await
    }

    /// What became of the one client of a sweep, once that is known; `None` if it is not known in time. Without a time
    /// of the caller's own, it is not waited for where no worker takes the sweep up.
    pub async fn outcome_of(&self, sweep: i64, wait: Option<Duration>) -> Result<Option<Ended>, Failure> {
        let ledger = &self.context.ledger;
        let begun = Instant::now();
        loop {
            let Some(now) = ledger.sweep(sweep).await? else { return Ok(None) };
            let one = OutcomePage { limit: 1, ..OutcomePage::default() };
            if let Some(found) = ledger.outcomes(sweep, &one).await?.pop() {
                let unreadable = || self.context.store.unreadable("lethe_outcomes.outcome");
                let outcome = found.outcome.parse::<Outcome>().map_err(|()| unreadable())?;
                return Ok(Some(Ended { sweep, outcome, reasons: found.reasons }));
            }
            match now.state {
                State::Running => {}
                State::Done => return Ok(None),
                State::Stopped | State::Braked => {
                    let why = now.note.map(|note| format!(": {note}")).unwrap_or_default();
                    let what = format!("sweep {sweep} was {}{why}", now.state.as_str());
                    return Err(Failure::new(what, Act::Sweeps.then(" shows it")).of(Kind::Conflict));
                }
            }
            let waited = begun.elapsed();
            let is_left = wait.is_none() && waited >= UNTOUCHED && !ledger.is_worked_on(sweep).await?;
            if waited >= wait.unwrap_or(WAIT) || is_left || self.context.stop.is_cancelled() {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Places a hold, and returns the client's key.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the client is on hold already, was anonymized, or is not there.
    pub async fn place_hold(&self, key: &str, reason: &str) -> Result<String, Failure> {
        self.allow_within(Right::Anonymize, "place a hold on client", key).await?;
        self.own_client(key).await?;
        let reason = reason_of("a hold", reason)?;
        let client = look_at(&self.context, key, self.today()).await?;
        let key = client.key;
        // A new client who has the key of one anonymized before can be held; so can data that has come back.
        if client.outcome == Outcome::Already {
            let history = self.context.ledger.history(&key).await?;
            let last = history.iter().rfind(|own| own.outcome == Outcome::Anonymized.as_str());
            let on = last.and_then(|last| last.at.get(..10)).map(|day| format!(" on {day}"));
            let what = format!("client {key} was anonymized{}", on.as_deref().unwrap_or(" before"));
            let hint = "an anonymized client cannot be held; an earlier backup may still have the data";
            return Err(Failure::new(what, hint).of(Kind::Conflict));
        }
        if !self.context.ledger.place_hold(&key, reason, &self.caller.name).await? {
            let what = format!("client `{key}` is on hold already");
            return Err(Failure::new(what, Act::Holds.then(" shows it")).of(Kind::Conflict));
        }
        Ok(key)
    }

    /// Releases a hold, and returns the client's key. Who may not configure
    /// releases the holds they placed themselves.
    pub async fn release_hold(&self, key: &str) -> Result<String, Failure> {
        self.allow_within(Right::Anonymize, "release the hold on client", key).await?;
        self.own_client(key).await?;
        let key = ledger_key(&self.context, key).await?;
        let holds = self.context.ledger.holds(Some(&key), false).await?;
        let Some(hold) = holds.first() else {
            let what = format!("client `{key}` is not on hold");
            return Err(Failure::new(what, Act::Holds.then(" shows who is")).of(Kind::NotFound));
        };
        if !self.is_own(&hold.placed_by, &hold.placed_at).await? && !self.caller.rights.hold(Right::Configure) {
            let what = format!("release a hold of {}", hold.placed_by);
            self.allow(Right::Configure, &what).await?;
            return Err(refusal(&self.caller, Right::Configure, &what));
        }
        if !self.context.ledger.release_hold(&key, &self.caller.name).await? {
            let what = format!("the hold on client `{key}` was released by another person just now");
            return Err(Failure::new(what, Act::Holds.then(" lists clients on hold")).of(Kind::Conflict));
        }
        Ok(key)
    }

    /// Whether the caller did something: a token owns nothing of an earlier one of its name.
    async fn is_own(&self, by: &str, at: &str) -> Result<bool, Failure> {
        let made_at = match self.caller.token {
            Some(token) => self.context.ledger.token_made_at(token).await?,
            None => None,
        };
        Ok(by == self.caller.name && made_at.is_none_or(|made_at| made_at.as_str() <= at))
    }

    /// Holds, newest first: those in force, or all.
    pub async fn holds(&self, released_too: bool) -> Result<Vec<Hold>, Failure> {
        self.allow_within(Right::Read, "view holds", "").await?;
        self.own(self.context.ledger.holds(None, released_too).await?, |own| &own.client_key).await
    }
}
