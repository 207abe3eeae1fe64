//! What the pages show.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::chart::Chart;
use super::session::Session;
use super::shown;
use super::words::{LANGUAGES, Words};
use crate::domain::access::Right;
use crate::domain::hint::Face;
use crate::http::App;
use crate::http::api::follow;
use crate::http::asking::Named;
use crate::http::limits::turn;
use crate::http::metrics::waiting;
use crate::http::problem::Problem;
use crate::ledger::{FailedClient, Hold, Listed, OutcomePage, Selection, State as Stands};
use crate::report::{Overdue, SweepReport, Wishes, filters, reason};
use crate::service::Service;
use crate::service::clients::ClientStatus;
use crate::service::coverage::Coverage;
use crate::service::failure::Failure;
use crate::service::status::{Status, no_sweep};
use crate::service::sweeps::{Ask, Preview, SweepStatus};

/// How many clients a page lists.
const A_PAGE: u32 = 50;

/// What every page has around it.
pub(super) struct Frame {
    pub(super) w: &'static Words,
    pub(super) mark: String,
    pub(super) who: String,
    pub(super) may_sweep: bool,
    pub(super) may_anonymize: bool,
    pub(super) languages: &'static [Words],
}

impl Frame {
    pub(super) fn of(session: &Session) -> Self {
        let caller = &session.service.caller;
        Self {
            w: session.words,
            mark: session.mark.clone(),
            who: caller.name.clone(),
            may_sweep: caller.rights.hold(Right::Bulk),
            may_anonymize: caller.rights.hold(Right::Anonymize),
            languages: &LANGUAGES,
        }
    }
}

#[derive(Template)]
#[template(path = "app/tonight.html")]
struct Tonight {
    f: Frame,
    selections: Vec<Selection>,
    status: Status,
    chart: Chart,
    due: Vec<Overdue>,
}

pub(super) async fn tonight(State(app): State<App>, session: Session) -> Result<Response, Problem> {
    let service = &session.service;
    service.allow(Right::Read, "look at sweeps").await?;
    let status = Status::of(&service.context, &service.jobs, 20, Face::Page).await?;
    let chart = Chart::of(service).await?;
    let due = waiting(&app, service).await?;
    let selections = service.selections(None, A_PAGE).await?;
    Ok(shown(StatusCode::OK, &Tonight { f: Frame::of(&session), selections, status, chart, due }))
}

/// Reasons as people read them.
pub(super) async fn in_words(service: &Service, names: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    let loaded = service.context.planner.plan(&service.context.store).await.ok();
    let plan = loaded.as_ref().map(|loaded| &loaded.plan);
    names.into_iter().map(|name| (name.clone(), reason(plan, &name))).collect()
}

fn listed(json: Option<&String>) -> Vec<String> {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct Which {
    reason: Option<String>,
    outcome: Option<String>,
    after: Option<String>,
}

/// A client of a sweep, with its reasons in words.
struct Row {
    client: String,
    outcome: String,
    reasons: String,
}

#[derive(Template)]
#[template(path = "app/sweep.html")]
struct SweepPage {
    f: Frame,
    sweep: SweepStatus,
    is_running: bool,
    refusals: Vec<(String, String, u64)>,
    rows: Vec<Row>,
    chosen: String,
    more: Option<String>,
}

pub(super) async fn sweep(
    session: Session,
    Named(id): Named<i64>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let service = &session.service;
    let sweep = service.sweep(id).await?;
    let page = OutcomePage { outcome: which.outcome, reason: which.reason, behind: which.after, most: A_PAGE };
    let clients: Vec<Listed> = service.outcomes(id, &page).await?;
    let names = clients.iter().flat_map(|own| listed(own.reasons.as_ref())).chain(sweep.refusals.keys().cloned());
    let words = in_words(service, names).await;
    let said = |name: &String| words.get(name).unwrap_or(name).clone();
    let mut refusals: Vec<(String, String, u64)> =
        sweep.refusals.iter().map(|(name, count)| (name.clone(), said(name), *count)).collect();
    refusals.sort_by_key(|own| std::cmp::Reverse(own.2));
    let more = (clients.len() == A_PAGE as usize).then(|| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("reason", &page.reason), ("outcome", &page.outcome)] {
            query.extend_pairs(value.iter().map(|value| (name, value.as_str())));
        }
        query.append_pair("after", &clients[clients.len() - 1].client_key).finish()
    });
    let rows = clients.iter().map(|own| Row {
        client: own.client_key.clone(),
        outcome: own.outcome.clone(),
        reasons: listed(own.reasons.as_ref()).iter().map(said).collect::<Vec<_>>().join("; "),
    });
    let rows = rows.collect();
    let chosen = page.reason.as_ref().map(said).or(page.outcome).unwrap_or_default();
    let is_running = sweep.shown.sweep.state == Stands::Running;
    Ok(shown(StatusCode::OK, &SweepPage { f: Frame::of(&session), sweep, is_running, refusals, rows, chosen, more }))
}

/// How far a sweep is, for the page that shows it.
pub(super) async fn events(session: Session, Named(id): Named<i64>) -> Result<Response, Problem> {
    Ok(follow(session.service, id).await?.into_response())
}

pub(super) async fn report(session: Session, Named(id): Named<i64>) -> Result<Response, Problem> {
    let service = &session.service;
    service.allow(Right::Read, "read reports").await?;
    let report = SweepReport::make(&service.context, id, service.today(), Wishes { values: false }).await?;
    let report = report.ok_or_else(|| no_sweep(id))?;
    let html = report.html().map_err(|_| Failure::fault("the page could not be made", "ask the API"))?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response())
}

#[derive(Template)]
#[template(path = "app/preview.html")]
struct PreviewPage {
    f: Frame,
    /// The job, or the selection.
    name: String,
    /// Where those are.
    below: &'static str,
    preview: Preview,
    refusals: Vec<(String, u64)>,
    rows: Vec<Row>,
}

pub(super) async fn preview(session: Session, Path(job): Path<String>) -> Result<Response, Problem> {
    let ask = Ask { job: Some(job.clone()), ..Ask::default() };
    preview_of(&session, &ask, "/jobs/", job).await
}

/// The preview of a sweep, of this name below this path.
pub(super) async fn preview_of(
    session: &Session,
    ask: &Ask,
    below: &'static str,
    name: String,
) -> Result<Response, Problem> {
    let service = &session.service;
    let _turn = turn().await?;
    let preview = service.preview(ask).await?;
    let names =
        preview.clients.iter().flat_map(|own| own.reasons.clone()).chain(preview.found.refusals.keys().cloned());
    let words = in_words(service, names).await;
    let said = |name: &String| words.get(name).unwrap_or(name).clone();
    let mut refusals: Vec<(String, u64)> =
        preview.found.refusals.iter().map(|(name, count)| (said(name), *count)).collect();
    refusals.sort_by_key(|own| std::cmp::Reverse(own.1));
    let rows = preview.clients.iter().take(A_PAGE as usize).map(|own| Row {
        client: own.key.clone(),
        outcome: own.outcome.to_string(),
        reasons: own.reasons.iter().map(said).collect::<Vec<_>>().join("; "),
    });
    let rows = rows.collect();
    Ok(shown(StatusCode::OK, &PreviewPage { f: Frame::of(session), name, below, preview, refusals, rows }))
}

#[derive(Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    key: String,
}

#[derive(Template)]
#[template(path = "app/client.html")]
struct ClientPage {
    f: Frame,
    client: ClientStatus,
    now: String,
    /// Whether the policy names a column for the day.
    has_day: bool,
    history: Vec<Past>,
}

/// What became of a client, from one moment until another.
struct Past {
    since: String,
    until: String,
    sweep: i64,
    by: String,
    outcome: String,
    reasons: String,
}

pub(super) async fn client(session: Session, Query(Sought { key }): Query<Sought>) -> Result<Response, Problem> {
    let (service, w) = (&session.service, session.words);
    let client = service.client(key.trim()).await?;
    let past = client.history.iter().flat_map(|own| listed(own.reasons.as_ref()));
    let words = in_words(service, past.chain(client.would_be.reasons.clone())).await;
    let said = |names: &[String]| {
        let all: Vec<String> = names.iter().map(|name| words.get(name).unwrap_or(name).clone()).collect();
        all.join("; ")
    };
    let now = said(&client.would_be.reasons);
    let history = client.history.iter().rev().map(|own| Past {
        since: own.at.clone(),
        until: own.last_at.clone(),
        sweep: own.sweep,
        by: own.job.clone().unwrap_or_else(|| format!("{} {}", w.by, own.opened_by)),
        outcome: own.outcome.clone(),
        reasons: said(&listed(own.reasons.as_ref())),
    });
    let history = history.collect();
    let plan = service.context.planner.plan(&service.context.store).await;
    let has_day = plan.is_ok_and(|loaded| loaded.plan.client.to_anonymize_on.is_some());
    Ok(shown(StatusCode::OK, &ClientPage { f: Frame::of(&session), client, now, has_day, history }))
}

#[derive(Template)]
#[template(path = "app/holds.html")]
struct HoldsPage {
    f: Frame,
    holds: Vec<Hold>,
}

pub(super) async fn holds(session: Session) -> Result<Response, Problem> {
    let holds = session.service.holds(false).await?;
    Ok(shown(StatusCode::OK, &HoldsPage { f: Frame::of(&session), holds }))
}

#[derive(Template)]
#[template(path = "app/failures.html")]
struct FailuresPage {
    f: Frame,
    failures: Vec<(FailedClient, String)>,
}

pub(super) async fn failures(session: Session) -> Result<Response, Problem> {
    let failures = session.service.failures().await?;
    let names = failures.iter().flat_map(|own| listed(own.reasons.as_ref()));
    let words = in_words(&session.service, names.collect::<Vec<_>>()).await;
    let said = |own: FailedClient| {
        let names = listed(own.reasons.as_ref());
        let all: Vec<String> = names.iter().map(|name| words.get(name).unwrap_or(name).clone()).collect();
        (own, all.join("; "))
    };
    let failures = failures.into_iter().map(said).collect();
    Ok(shown(StatusCode::OK, &FailuresPage { f: Frame::of(&session), failures }))
}

#[derive(Template)]
#[template(path = "app/policy.html")]
struct PolicyPage {
    f: Frame,
    coverage: Coverage,
}

pub(super) async fn policy(session: Session) -> Result<Response, Problem> {
    let coverage = session.service.coverage().await?;
    Ok(shown(StatusCode::OK, &PolicyPage { f: Frame::of(&session), coverage }))
}
