//! How everything stands, over HTTP.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::access::Right;
use crate::domain::hint::Face;
use crate::http::eligible::eligible;
use crate::http::extract::{Body, Params, PathParams};
use crate::http::problem::Problem;
use crate::http::{App, Unready};
use crate::report::{Month, ReportOptions};
use crate::service::Service;
use crate::service::classify::Classified;
use crate::service::coverage::Coverage;
use crate::service::jobs::JobStatus;
use crate::service::status::Status;
use crate::worker::Context;

use super::Answer;
use super::sweeps::within;

/// How old an answer may be that says whether the process can do its work.
const READY: Duration = Duration::from_secs(1);

/// How many sweeps are told of.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Last {
    /// So many sweeps at most, up to 200.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 200, default = 10)]
    last: u32,
}

fn ten() -> u32 {
    10
}

/// Tonight, the last nights, and what needs attention.
#[utoipa::path(get, path = "/api/v1/status", tag = "state", operation_id = "get_status", params(Last),
    responses((status = 200, body = Status)))]
pub(super) async fn status(
    State(app): State<App>,
    service: Service,
    Params(Last { last }): Params<Last>,
) -> Answer<Status> {
    service.allow(Right::Read, "view the status").await?;
    let last = within(last, 200)?;
    Ok(Json(app.0.status.ask(last, Box::pin(Status::of(&service.context, &service.jobs, last, Face::Http))).await?))
}

/// The jobs, when each runs next, and how many clients it would anonymize. These are counted in the background: the
/// first answer may be without them, and they are up to ten minutes old.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "state", operation_id = "list_jobs",
    responses((status = 200, body = Vec<JobStatus>)))]
pub(super) async fn jobs(State(app): State<App>, service: Service) -> Answer<Vec<JobStatus>> {
    let mut jobs = service.jobs().await?;
    // They are of all clients, also of those beyond the caller's limit.
    if service.caller.limit.is_none() {
        let counts = eligible(&app);
        for own in &mut jobs {
            own.count(&counts);
        }
    }
    Ok(Json(jobs))
}

/// What the policy says of every column, and what it does not say yet.
#[utoipa::path(get, path = "/api/v1/policy", tag = "state", operation_id = "get_policy",
    responses((status = 200, body = Coverage)))]
pub(super) async fn coverage(service: Service) -> Answer<Coverage> {
    Ok(Json(service.coverage().await?))
}

/// A rule for a column or item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewRule {
    /// The place, as `missing` names it, such as `tables.customers.columns.hat_size`.
    place: String,
    /// The rule, as in a policy, such as `{ class = "personal", clear = true }`.
    rule: String,
}

/// Give a new column or item its class and action: writes the policy. The new policy needs a rehearsal.
#[utoipa::path(post, path = "/api/v1/policy", tag = "state", operation_id = "classify", request_body = NewRule,
    responses((status = 200, body = Classified)))]
pub(super) async fn classify(service: Service, Body(NewRule { place, rule }): Body<NewRule>) -> Answer<Classified> {
    Ok(Json(service.classify(&place, &rule).await?))
}

/// The report of a sweep: JSON, or a page for who accepts `text/html`.
#[utoipa::path(get, path = "/api/v1/reports/sweeps/{sweep}", tag = "state", operation_id = "report_sweep",
    params(("sweep" = i64, Path, description = "The sweep's number.")),
    responses((status = 200, content((Object = "application/json"), (String = "text/html")))))]
pub(super) async fn sweep_report(
    service: Service,
    headers: HeaderMap,
    PathParams(sweep): PathParams<i64>,
) -> Result<Response, Problem> {
    let report = service.sweep_report(sweep, ReportOptions::default()).await?;
    given(&headers, &report, || report.html("en"))
}

/// The report of a month: JSON, or a page for who accepts `text/html`.
#[utoipa::path(get, path = "/api/v1/reports/months/{month}", tag = "state", operation_id = "report_month",
    params(("month" = String, Path, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$", description = "The month, such as 2026-11.")),
    responses((status = 200, content((Object = "application/json"), (String = "text/html")))))]
pub(super) async fn month_report(
    service: Service,
    headers: HeaderMap,
    PathParams(month): PathParams<String>,
) -> Result<Response, Problem> {
    let hint = "write a month that has begun, such as 2026-11";
    let month = month.parse::<Month>().map_err(|what| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, hint))?;
    let report = service.month_report(month, ReportOptions::default()).await?;
    given(&headers, &report, || report.html("en"))
}

/// A report as it is wanted.
fn given(
    headers: &HeaderMap,
    report: &impl Serialize,
    html: impl FnOnce() -> askama::Result<String>,
) -> Result<Response, Problem> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/html") {
        return Ok(Json(report).into_response());
    }
    let fault = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be created", "ask for JSON");
    // A page's own style, and nothing from elsewhere.
    let policy =
        [(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")];
    Ok((policy, Html(html().map_err(fault)?)).into_response())
}

/// Whether the process runs.
#[utoipa::path(get, path = "/health/live", tag = "state", operation_id = "is_live", security(()),
    responses((status = 204)))]
pub(super) async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Whether the process can do its work: the database answers and takes writes, and the policy is a plan.
#[utoipa::path(get, path = "/health/ready", tag = "state", operation_id = "is_ready", security(()),
    responses((status = 204), (status = 503, response = Problem)))]
pub(super) async fn ready(State(app): State<App>) -> Result<StatusCode, Problem> {
    // No token is needed, so the database is queried once a second at most.
    match app.0.ready.recent(READY, (), look(&app.0.service.context)).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err((what, hint)) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, what, hint)),
    }
}

async fn look(context: &Context) -> Result<(), Unready> {
    if context.ledger.last_sweeps(1).await.is_err() {
        return Err(("the database does not answer", "the log of the program says why"));
    }
    if context.store.is_read_only().await.unwrap_or(true) {
        let hint = "it may be a standby, or a former primary; work continues automatically";
        return Err(("the database takes no writes", hint));
    }
    let plan = context.planner.plan_checked(&context.store).await;
    plan.map(|_| ()).map_err(|_| {
        ("the policy cannot become a plan, so no sweep begins", "`GET /api/v1/policy` lists what is missing")
    })
}
