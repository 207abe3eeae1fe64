//! A client's story, and what is decided about one.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::frame::Frame;
use super::session::Session;
use super::shown;
use super::views::in_words;
use super::words::Words;
use crate::domain::outcome::Outcome;
use crate::http::problem::Problem;
use crate::ledger::OutcomePage;
use crate::plan::Cleanable;
use crate::service::clients::ClientStatus;
use crate::worker::sweep::Trace;

#[derive(Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    key: String,
    /// A sweep of this client alone, of which the outcome is shown.
    sweep: Option<i64>,
}

/// Something that happened to a client.
struct Event {
    at: String,
    class: &'static str,
    text: String,
    until: String,
    sweep: Option<i64>,
}

#[derive(Template)]
#[template(path = "app/client.html")]
struct ClientPage {
    f: Frame,
    client: ClientStatus,
    now: String,
    /// When it is expected to be due, and why.
    estimated: Option<String>,
    /// Whether the policy names a column for the day.
    has_day: bool,
    /// Whether there is anything left to decide.
    is_there: bool,
    /// Whether it has rows to be shown.
    is_traceable: bool,
    /// Columns that the policy keeps, and lets be emptied for one client.
    cleanable: Vec<String>,
    story: Vec<Event>,
    /// Whether it can be anonymized now, and if so, whether before its time.
    can: Option<bool>,
    /// What came of it a moment ago: the outcome, and in words.
    done: Option<(String, String)>,
}

/// How an outcome is told: a style, and the words.
fn told(w: &'static Words, outcome: &str) -> (&'static str, &'static str) {
    match outcome {
        "anonymized" => ("anonymized", w.e_anonymized),
        "refused" => ("refused", w.e_refused),
        "failed" => ("failed", w.e_failed),
        "already" => ("", w.e_already),
        "not_due" => ("", w.e_not_due),
        _ => ("", w.e_not_found),
    }
}

pub(super) async fn client(session: Session, Query(Sought { key, sweep }): Query<Sought>) -> Result<Response, Problem> {
    let (service, w) = (&session.service, session.words);
    let client = service.client(key.trim()).await?;
    let last = match sweep {
        Some(id) => {
            service.context.ledger.outcomes(id, &OutcomePage { limit: 1, ..OutcomePage::default() }).await?.pop()
        }
        None => None,
    };
    let last = last.filter(|own| own.client_key == client.client);
    let why = last.as_ref().map_or_else(Vec::new, |own| own.reasons.clone());
    let past = client.history.iter().flat_map(|own| &own.reasons);
    let names = past.chain(&why).chain(&client.would_be.reasons).cloned();
    let words = in_words(&session, names).await;
    let f = Frame::of(&session);
    let mut story = Vec::new();
    for own in &client.history {
        let (class, form) = told(w, &own.outcome);
        let until =
            if own.at == own.last_at { String::new() } else { w.e_until.replace("{day}", &f.day(&own.last_at)) };
        let mut text = form.replace("{why}", &words.all(&own.reasons));
        if own.outcome == "anonymized"
            && let Some(sweep) = service.context.ledger.sweep(own.sweep).await?
        {
            text = format!("{text} ({} {:.12})", w.plan, sweep.digest);
        }
        story.push(Event { at: own.at.clone(), class, text, until, sweep: Some(own.sweep) });
    }
    let mut add = |at: &str, class, text: String| {
        story.push(Event { at: at.to_owned(), class, text, until: String::new(), sweep: None });
    };
    for own in &client.dates {
        let text = match &own.day {
            Some(day) => w.e_set.replace("{day}", &f.day(day)),
            None => w.e_cleared.to_owned(),
        };
        add(&own.set_at, "", text.replace("{by}", &own.set_by));
    }
    for own in &client.cleaned {
        add(&own.cleaned_at, "", w.e_cleaned.replace("{by}", &own.cleaned_by).replace("{what}", &own.name));
    }
    for own in service.context.ledger.holds(Some(&client.client), true).await? {
        add(&own.placed_at, "hold", w.e_hold.replace("{by}", &own.placed_by).replace("{why}", &own.reason));
        if let (Some(at), Some(by)) = (&own.released_at, &own.released_by) {
            add(at, "", w.e_released.replace("{by}", by));
        }
    }
    for own in &client.notices {
        let until = own.until.as_ref().map(|day| format!(", {}", w.e_until.replace("{day}", &f.day(day))));
        add(own.sent_at.as_deref().unwrap_or(&own.asked_at), "", w.e_notice.to_owned() + &until.unwrap_or_default());
    }
    story.sort_by(|one, other| other.at.cmp(&one.at));
    let form = match client.would_be.outcome {
        Outcome::Anonymized => w.n_anonymized,
        Outcome::Refused => w.n_refused,
        Outcome::Already => w.n_already,
        Outcome::NotDue => w.n_not_due,
        Outcome::NotFound => w.n_not_found,
        Outcome::Failed => w.n_failed,
    };
    let now = form.replace("{why}", &words.all(&client.would_be.reasons));
    let plan = service.loaded().await;
    let plan = plan.as_ref().ok().map(|loaded| &loaded.plan);
    let has_day = plan.is_some_and(|plan| plan.client.to_anonymize_on.is_some());
    let is_gone = client.would_be.outcome == Outcome::NotFound || !client.holds.is_empty();
    let cleanable = match plan {
        Some(plan) if !is_gone => plan.cleanable.iter().map(Cleanable::name).collect(),
        _ => Vec::new(),
    };
    let is_there = !matches!(client.would_be.outcome, Outcome::Already | Outcome::NotFound);
    let estimated = match &client.estimated {
        Some(own) => {
            let form = if own.period.is_some() {
                w.es_period
            } else if own.column.is_some() {
                w.es_day
            } else {
                w.es_none
            };
            let since = own.since.as_ref().map(|day| f.day(day));
            let from = form
                .replace("{period}", &f.said(own.period.as_deref().unwrap_or_default()))
                .replace("{column}", own.column.as_deref().unwrap_or_default())
                .replace("{day}", &since.unwrap_or_default());
            Some(format!("{}, {from}", f.day(&own.day)))
        }
        None => (client.would_be.outcome == Outcome::NotDue).then(|| w.es_unknown.to_owned()),
    };
    let is_traceable = client.would_be.outcome != Outcome::NotFound;
    let can = match client.would_be.outcome {
        _ if !client.holds.is_empty() => None,
        Outcome::Anonymized => Some(false),
        Outcome::NotDue => Some(true),
        _ => None,
    };
    let done = last.map(|own| {
        let text = told(w, &own.outcome).1.replace("{why}", &words.all(&why));
        (own.outcome, text)
    });
    let page = ClientPage { f, client, now, estimated, has_day, is_there, is_traceable, cleanable, story, can, done };
    Ok(shown(StatusCode::OK, &page))
}

/// Rows shown of each table and link.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "app/trace.html")]
struct TracePage {
    f: Frame,
    traced: Trace,
}

pub(super) async fn trace(session: Session, Query(Sought { key, .. }): Query<Sought>) -> Result<Response, Problem> {
    let traced = session.service.trace(key.trim(), ROWS).await?;
    Ok(shown(StatusCode::OK, &TracePage { f: Frame::of(&session), traced }))
}
