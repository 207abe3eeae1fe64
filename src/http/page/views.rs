//! The pages about nights and sweeps.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::chart::Chart;
use super::frame::Frame;
use super::session::Session;
use super::shown;
use super::words::term;
use crate::domain::access::Right;
use crate::domain::hint::Face;
use crate::domain::language;
use crate::domain::outcome::{Outcome, Tally};
use crate::http::App;
use crate::http::api::follow;
use crate::http::eligible::eligible;
use crate::http::extract::PathParams;
use crate::http::metrics::waiting;
use crate::http::problem::Problem;
use crate::ledger::{Listed, OutcomePage, Selection, State as Stands, SweepPage as Page};
use crate::report::{Overdue, ReportOptions, Told, filters, reason};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::jobs::ToAnonymize;
use crate::service::status::{Shown, Status};
use crate::service::sweeps::SweepStatus;

/// How many clients, or sweeps, a page lists.
pub(super) const A_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "app/tonight.html")]
struct Tonight {
    f: Frame,
    selections: Vec<Selection>,
    status: Status,
    chart: Chart,
    due: Vec<Overdue>,
    eligible: Vec<ToAnonymize>,
}

pub(super) async fn tonight(State(app): State<App>, session: Session) -> Result<Response, Problem> {
    let service = &session.service;
    if !service.caller.limit.is_none() {
        return Ok(Redirect::to("/sweeps").into_response());
    }
    service.allow(Right::Read, "view the status").await?;
    let status = Status::of(&service.context, &service.jobs, 10, Face::Page).await?;
    let chart = Chart::of(service).await?;
    let due = waiting(&app, service).await?;
    let selections = service.selections(None, A_PAGE).await?;
    let eligible = eligible(&app);
    Ok(shown(StatusCode::OK, &Tonight { f: Frame::of(&session), selections, status, chart, due, eligible }))
}

/// Reasons as people read them, by their names.
pub(super) struct InWords(BTreeMap<String, String>);

impl InWords {
    pub(super) fn one(&self, name: &str) -> String {
        self.0.get(name).map_or(name, String::as_str).to_owned()
    }

    pub(super) fn all(&self, names: &[String]) -> String {
        names.iter().map(|name| self.one(name)).collect::<Vec<_>>().join("; ")
    }

    /// With how many clients each has, the most frequent first.
    pub(super) fn counted(&self, counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
        let mut all: Vec<_> = counts.iter().map(|(name, count)| (self.one(name), *count)).collect();
        all.sort_by_key(|own| Reverse(own.1));
        all
    }
}

/// Reasons as people read them, in their language where they are Lethe's own or the policy gives them in it.
pub(super) async fn in_words(session: &Session, names: impl IntoIterator<Item = String>) -> InWords {
    let service: &Service = &session.service;
    let loaded = service.loaded().await.ok();
    let plan = loaded.as_ref().map(|loaded| &loaded.plan);
    let said = |name: &str| {
        if let Some(own) = plan.and_then(|plan| plan.reason_of(name)) {
            return own.in_language(session.words.code).to_owned();
        }
        let own = reason(plan, name);
        let word = term(session.words, &own);
        if word == own { language::said(session.words.code, &own).into_owned() } else { word.to_owned() }
    };
    InWords(names.into_iter().map(|name| (name.clone(), said(&name))).collect())
}

/// Has a report give its reasons in the language of the page.
pub(super) async fn in_language(session: &Session, reasons: &mut [Told]) {
    let words = in_words(session, reasons.iter().map(|own| own.reason.clone())).await;
    for own in reasons {
        own.text = words.one(&own.reason);
    }
}

/// What the list of sweeps is narrowed to; an empty text is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Narrowed {
    job: String,
    state: String,
    kind: String,
    since: String,
    until: String,
    before: String,
}

#[derive(Template)]
#[template(path = "app/sweeps.html")]
struct SweepsPage {
    f: Frame,
    which: Narrowed,
    jobs: Vec<String>,
    sweeps: Vec<Shown>,
    more: Option<String>,
}

/// What a field says, if it says anything.
fn said<T: std::str::FromStr>(text: &str) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.map_err(|_| Problem::bad_request("the filter cannot be read", "choose another value"))
}

pub(super) async fn sweeps(session: Session, Query(which): Query<Narrowed>) -> Result<Response, Problem> {
    let page = Page {
        job: said(&which.job)?,
        kind: said(&which.kind)?,
        state: said(&which.state)?,
        since: said(&which.since)?,
        until: said(&which.until)?,
        before: said(&which.before)?,
        limit: A_PAGE,
    };
    let sweeps = session.service.sweeps(&page).await?;
    let jobs = session.service.jobs().await?.into_iter().filter(|own| own.error.is_none()).map(|own| own.job).collect();
    let more = sweeps.last().filter(|_| sweeps.len() == A_PAGE as usize).map(|last| {
        let before = last.sweep.id.to_string();
        let Narrowed { job, state, kind, since, until, .. } = &which;
        query_of([
            ("job", job),
            ("state", state),
            ("kind", kind),
            ("since", since),
            ("until", until),
            ("before", &before),
        ])
    });
    Ok(shown(StatusCode::OK, &SweepsPage { f: Frame::of(&session), which, jobs, sweeps, more }))
}

/// Which clients of a sweep are shown; an empty text is any.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    reason: String,
    outcome: String,
    key: String,
    after: String,
}

/// Part of a list: what it is called, how many are in it, and its query.
pub(super) struct Tab {
    pub name: String,
    pub count: u64,
    pub query: String,
    pub is_current: bool,
}

/// A query of these names and values, without those that are empty.
pub(super) fn query_of<'a, V: AsRef<str>>(pairs: impl IntoIterator<Item = (&'a str, V)>) -> String {
    let given = pairs.into_iter().filter(|own| !own.1.as_ref().is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

/// A name as a part of a path.
pub(super) fn segment(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A tab for all clients of a sweep, and one for each outcome that any of them had.
fn tabs(f: &Frame, tally: &Tally, outcome: &str, key: &str) -> Vec<Tab> {
    let each = Outcome::ALL.into_iter().map(|own| (own.as_str(), f.term(own.as_str()), tally.of(own)));
    let all = ("", f.w.all.to_owned(), tally.looked_at());
    let shown = std::iter::once(all).chain(each.filter(|own| own.2 > 0 || own.0 == outcome));
    let tab = |(own, name, count): (&str, String, u64)| Tab {
        name,
        count,
        query: query_of([("outcome", own), ("key", key)]),
        is_current: own == outcome,
    };
    shown.map(tab).collect()
}

/// A client of a sweep, with its reasons in words.
pub(super) struct Row {
    pub client: String,
    pub outcome: String,
    pub reasons: String,
}

#[derive(Template)]
#[template(path = "app/sweep.html")]
struct SweepView {
    f: Frame,
    sweep: SweepStatus,
    is_running: bool,
    newly_refused: u64,
    refusals: Vec<(String, String, u64)>,
    most_refused: u64,
    /// Clients that the sweep has not processed yet.
    left: u64,
    rows: Vec<Row>,
    chosen: String,
    tabs: Vec<Tab>,
    outcome: String,
    reason: String,
    key: String,
    /// The query of the first page, where this is another.
    first: Option<String>,
    more: Option<String>,
}

pub(super) async fn sweep(
    session: Session,
    PathParams(id): PathParams<i64>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let service = &session.service;
    let sweep = service.sweep(id).await?;
    let Which { reason, outcome, key, after } = which;
    let key = key.trim().to_owned();
    let given = |own: &String| Some(own.clone()).filter(|own| !own.is_empty());
    let (only, reasons, keys, after) = (said(&outcome)?, given(&reason), given(&key), given(&after));
    let page = OutcomePage { outcome: only, reason: reasons, key: keys, after, limit: A_PAGE };
    let clients: Vec<Listed> = service.outcomes(id, &page).await?;
    let reasons = clients.iter().flat_map(|own| own.reasons.clone());
    let words = in_words(&session, reasons.chain(sweep.refusals.keys().cloned())).await;
    let mut refusals: Vec<(String, String, u64)> =
        sweep.refusals.iter().map(|(name, count)| (name.clone(), words.one(name), *count)).collect();
    refusals.sort_by_key(|own| Reverse(own.2));
    let at_page = |after: &str| {
        query_of([("reason", reason.as_str()), ("outcome", outcome.as_str()), ("key", key.as_str()), ("after", after)])
    };
    let more = clients.last().filter(|_| clients.len() == A_PAGE as usize).map(|last| at_page(&last.client_key));
    let first = page.after.is_some().then(|| at_page(""));
    let rows = clients.iter().map(|own| Row {
        client: own.client_key.clone(),
        outcome: own.outcome.clone(),
        reasons: words.all(&own.reasons),
    });
    let rows = rows.collect();
    let f = Frame::of(&session);
    let chosen = page
        .reason
        .as_ref()
        .map(|own| words.one(own))
        .or((!outcome.is_empty()).then(|| f.term(&outcome)))
        .unwrap_or_default();
    let view = SweepView {
        is_running: sweep.shown.sweep.state == Stands::Running,
        newly_refused: service
            .context
            .ledger
            .newly(Outcome::Refused, id)
            .await?
            .min(sweep.shown.progress.tally.refused),
        most_refused: refusals.first().map_or(1, |own| own.2),
        left: sweep.shown.progress.clients.saturating_sub(sweep.shown.progress.tally.looked_at()),
        tabs: tabs(&f, &sweep.shown.progress.tally, &outcome, &key),
        f,
        sweep,
        refusals,
        rows,
        chosen,
        outcome,
        reason,
        key,
        first,
        more,
    };
    Ok(shown(StatusCode::OK, &view))
}

/// How far a sweep is, for the page that shows it.
pub(super) async fn events(session: Session, PathParams(id): PathParams<i64>) -> Result<Response, Problem> {
    Ok(follow(session.service, id).await?.into_response())
}

/// A report as a page of its own, with its own style and nothing else.
pub(super) fn reported(html: askama::Result<String>) -> Result<Response, Problem> {
    let html = html.map_err(|_| Failure::fault("the page could not be created", "ask the API"))?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response())
}

pub(super) async fn report(session: Session, PathParams(id): PathParams<i64>) -> Result<Response, Problem> {
    let mut report = session.service.sweep_report(id, ReportOptions::default()).await?;
    in_language(&session, &mut report.refusals).await;
    reported(report.html(session.words.code))
}
