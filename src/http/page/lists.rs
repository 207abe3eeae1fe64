//! Pages that list what there is.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;

use super::frame::Frame;
use super::session::{Nothing, Sent, Session, Sure};
use super::shown;
use super::views::{in_language, in_words, query_of, reported, segment};
use crate::domain::access::Right;
use crate::http::extract::PathParams;
use crate::http::problem::Problem;
use crate::ledger::{FailedClient, Hold, Pause, parse_moment};
use crate::plan::Plan;
use crate::report::{Month, ReportOptions, filters};
use crate::service::coverage::Coverage;
use crate::service::jobs::JobStatus;
use crate::service::journal::JournalStatus;

/// How many records of requests a page lists.
const MOST_REQUESTS: u32 = 500;
/// How many months a page lists.
const MONTHS: usize = 24;

enum Cell {
    Text(String),
    Link(String, String),
    Moment(String),
    Badge(String),
}

fn text(own: impl ToString) -> Cell {
    Cell::Text(own.to_string())
}

/// A list: a page that has nothing else.
#[derive(Template)]
#[template(path = "app/list.html")]
struct ListPage {
    f: Frame,
    title: &'static str,
    empty: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// What can be done about all of it: where, what it is called, and what a person ticks before.
    doing: Option<(&'static str, &'static str, String)>,
}

/// A list about which nothing can be done.
fn list(
    f: Frame,
    title: &'static str,
    empty: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
) -> Response {
    shown(StatusCode::OK, &ListPage { f, title, empty, columns, rows, doing: None })
}

pub(super) async fn deliveries(session: Session) -> Result<Response, Problem> {
    let (service, w, f) = (&session.service, session.words, Frame::of(&session));
    service.allow(Right::Read, "view deliveries").await?;
    let outstanding = service.context.ledger.outstanding(None).await?;
    let given_up: i64 = outstanding.iter().map(|own| own.failed).sum();
    let rows = outstanding.into_iter().map(|own| {
        let sweep = match own.sweep {
            0 => text("–"),
            id => Cell::Link(format!("/sweeps/{id}"), id.to_string()),
        };
        let why = own.error.unwrap_or_default();
        vec![
            sweep,
            text(f.term(&own.kind)),
            text(own.target),
            text(own.open),
            text(own.failed),
            Cell::Moment(own.since),
            text(f.said(why)),
        ]
    });
    let columns = vec![w.sweep, w.what, w.target, w.pending, w.given_up, w.since, w.reason];
    let rows = rows.collect();
    let doing = (given_up > 0 && f.may_sweep)
        .then(|| ("/deliveries/retry", w.retry_deliveries, f.meant(w.size_deliveries, given_up)));
    Ok(shown(StatusCode::OK, &ListPage { title: w.deliveries, empty: w.no_deliveries, columns, rows, doing, f }))
}

pub(super) async fn retry_deliveries(Sent(session, Nothing {}): Sure<Nothing>) -> Result<Redirect, Problem> {
    session.service.allow(Right::Bulk, "retry deliveries").await?;
    session.service.context.ledger.retry_deliveries().await?;
    Ok(Redirect::to("/deliveries"))
}

pub(super) async fn returned(session: Session) -> Result<Response, Problem> {
    let (w, f) = (session.words, Frame::of(&session));
    let rows = session.service.returned().await?.into_iter().map(|own| {
        vec![
            Cell::Link(format!("/clients?{}", query_of([("key", &own.client)])), own.client),
            text(own.former),
            Cell::Moment(own.found_at),
            text(own.confirmed_by.unwrap_or_default()),
        ]
    });
    let rows = rows.collect();
    Ok(list(f, w.b_title, w.b_none, vec![w.client, w.b_former, w.since, w.b_by], rows))
}

pub(super) async fn journal(session: Session) -> Result<Response, Problem> {
    let (service, w, f) = (&session.service, session.words, Frame::of(&session));
    service.allow(Right::Read, "view the journal").await?;
    let status = JournalStatus::of(&service.context).await?;
    let mut rows = Vec::new();
    if let Some(status) = &status {
        rows.push(vec![text(w.state), text(f.said(status.line()))]);
        rows.extend(status.attention().into_iter().map(|own| vec![text(w.attention), text(f.said(own))]));
        if let Some(at) = status.head.as_ref().and_then(|own| own.shipped_at.clone()) {
            rows.push(vec![text(w.saved), Cell::Moment(at)]);
        }
    }
    Ok(list(f, w.journal, w.no_journal, vec!["", ""], rows))
}

pub(super) async fn requests(session: Session) -> Result<Response, Problem> {
    let (service, w, f) = (&session.service, session.words, Frame::of(&session));
    service.allow(Right::Admin, "list requests").await?;
    let asked = service.context.ledger.requests(MOST_REQUESTS).await?;
    let rows = asked.into_iter().map(|own| {
        let answer = if own.allowed == 1 { text(w.allowed) } else { Cell::Badge("refused".to_owned()) };
        let what =
            if own.times > 1 { format!("{} (× {})", f.said(own.what), f.number(own.times)) } else { f.said(own.what) };
        vec![
            Cell::Moment(own.at),
            text(f.said(own.asked_by)),
            text(f.term(&own.way)),
            text(what),
            text(own.needs),
            answer,
        ]
    });
    let rows = rows.collect();
    Ok(list(f, w.requests, "–", vec![w.when, w.who, w.way, w.what, w.right, w.outcome], rows))
}

pub(super) async fn tokens(session: Session) -> Result<Response, Problem> {
    let (service, w, f) = (&session.service, session.words, Frame::of(&session));
    service.allow(Right::Admin, "list tokens").await?;
    let now = service.context.ledger.clock().now();
    let rows = service.context.ledger.tokens().await?.into_iter().map(|own| {
        let is_over = parse_moment(&own.expires_at).is_none_or(|at| at <= now);
        let state = match &own.revoked_at {
            Some(_) => text(w.revoked),
            None if is_over => text(w.expired),
            None => Cell::Moment(own.expires_at.clone()),
        };
        let used = own.used_at.clone().map_or_else(|| text(w.never), Cell::Moment);
        vec![text(&own.name), text(own.rights.names()), text(&own.limited_to), text(&own.made_by), state, used]
    });
    let rows = rows.collect();
    Ok(list(f, w.tokens, "–", vec![w.token, w.right, w.limited_to, w.by, w.valid_until, w.last_used], rows))
}

pub(super) async fn selections(session: Session) -> Result<Response, Problem> {
    let (w, f) = (session.words, Frame::of(&session));
    let rows = session.service.selections(None, 1_000).await?.into_iter().map(|own| {
        let path = format!("/selections/{}/preview", segment(&own.name));
        vec![
            text(&own.name),
            text(f.number(own.clients)),
            text(own.saved_by.or(own.in_table).unwrap_or_default()),
            own.saved_at.map_or_else(|| text(""), Cell::Moment),
            Cell::Link(path, w.preview.to_owned()),
        ]
    });
    let rows = rows.collect();
    Ok(list(f, w.selections, w.no_selections, vec![w.selection, w.clients, w.by, w.saved, ""], rows))
}

pub(super) async fn reports(session: Session) -> Result<Response, Problem> {
    let (service, w, f) = (&session.service, session.words, Frame::of(&session));
    service.allow(Right::Read, "read reports").await?;
    let first = service.today();
    let months = (0..).map_while(|back| first.checked_sub_months(chrono::Months::new(back))).take(MONTHS);
    let rows = months.map(|day| {
        vec![Cell::Link(format!("/reports/{}", day.format("%Y-%m")), f.said(day.format("%B %Y").to_string()))]
    });
    let rows = rows.collect();
    Ok(list(f, w.reports, "–", vec![w.month], rows))
}

pub(super) async fn month(session: Session, PathParams(month): PathParams<String>) -> Result<Response, Problem> {
    let month = month.parse::<Month>().map_err(|what| Problem::bad_request(what, "choose a month of the list"))?;
    let mut report = session.service.month_report(month, ReportOptions::default()).await?;
    in_language(&session, &mut report.refusals).await;
    reported(report.html(session.words.code))
}

#[derive(Template)]
#[template(path = "app/jobs.html")]
struct JobsPage {
    f: Frame,
    jobs: Vec<JobStatus>,
    /// The pause of all work.
    paused: Option<Pause>,
}

pub(super) async fn jobs(session: Session) -> Result<Response, Problem> {
    let jobs = session.service.jobs().await?;
    let paused = session.service.pauses(false).await?.into_iter().find(|own| own.job.is_none());
    Ok(shown(StatusCode::OK, &JobsPage { f: Frame::of(&session), jobs, paused }))
}

#[derive(Deserialize)]
pub(super) struct Which {
    all: Option<String>,
}

#[derive(Template)]
#[template(path = "app/holds.html")]
struct HoldsPage {
    f: Frame,
    all: bool,
    holds: Vec<Hold>,
}

pub(super) async fn holds(session: Session, Query(which): Query<Which>) -> Result<Response, Problem> {
    let all = which.all.is_some();
    let holds = session.service.holds(all).await?;
    Ok(shown(StatusCode::OK, &HoldsPage { f: Frame::of(&session), all, holds }))
}

#[derive(Template)]
#[template(path = "app/failures.html")]
struct FailuresPage {
    f: Frame,
    failures: Vec<(FailedClient, String)>,
}

pub(super) async fn failures(session: Session) -> Result<Response, Problem> {
    let failures = session.service.failures().await?;
    let words = in_words(&session, failures.iter().flat_map(|own| own.reasons.clone())).await;
    let said = |own: FailedClient| {
        let why = words.all(&own.reasons);
        (own, why)
    };
    let failures = failures.into_iter().map(said).collect();
    Ok(shown(StatusCode::OK, &FailuresPage { f: Frame::of(&session), failures }))
}

#[derive(Template)]
#[template(path = "app/policy.html")]
struct PolicyPage {
    f: Frame,
    coverage: Coverage,
    guards: Vec<String>,
    period: Option<String>,
    /// Whether the policy waits for a person who may configure.
    waits: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    place: String,
    class: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    text: String,
}

pub(super) async fn classify(Sent(session, form): Sent<Rule>) -> Result<Redirect, Problem> {
    let mut rule = toml::Table::new();
    rule.insert("class".to_owned(), form.class.into());
    match form.action.as_str() {
        "" => None,
        "clear" => rule.insert(form.action, true.into()),
        _ => rule.insert(form.action, form.text.into()),
    };
    session.service.classify(&form.place, &toml::Value::Table(rule).to_string()).await?;
    Ok(Redirect::to("/policy"))
}

pub(super) async fn policy(session: Session) -> Result<Response, Problem> {
    let service = &session.service;
    let coverage = service.coverage().await?;
    // While it is no plan, what is missing says why.
    let loaded = service.loaded().await.ok();
    let plan = loaded.as_ref().map(|own| &own.plan);
    let code = session.words.code;
    let said = |plan: &Plan| plan.guards.iter().map(|own| own.reason.in_language(code).to_owned()).collect();
    let guards: Vec<String> = plan.map(said).unwrap_or_default();
    let period = plan.and_then(|own| own.retention.as_ref()).map(|own| own.length.to_string());
    let f = Frame::of(&session);
    let waits = !coverage.missing.is_empty() && !f.may_configure;
    Ok(shown(StatusCode::OK, &PolicyPage { f, coverage, guards, period, waits }))
}
