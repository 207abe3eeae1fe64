//! Sweeps over HTTP.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::Answer;
use crate::domain::hint::{Face, Hint};
use crate::http::extract::{Body, NoBody, Params, PathParams};
use crate::http::idempotency::{KEY, once};
use crate::http::limits::turn;
use crate::http::problem::Problem;
use crate::ledger::{FailedClient, Listed, OutcomePage, State, SweepPage};
use crate::service::Service;
use crate::service::status::Shown;
use crate::service::sweeps::{Ask, Preview, Previewed, SweepStatus};
use crate::worker::sweep::Survey;

/// How often a running sweep is looked at for who follows it.
const LOOK: Duration = Duration::from_millis(500);
/// How many updates a client that follows a sweep gets before it has to ask again: an hour's.
const LOOKS: u32 = 7_200;

/// `limit` as it may be.
pub(super) fn within(limit: u32, most: u32) -> Result<u32, Problem> {
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::bad_request(format!("`limit` is {limit}"), format!("write a number from 1 to {most}")))
}

/// What is started.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Started {
    /// The sweep's number.
    sweep: i64,
}

/// What is asked of a live sweep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Start {
    /// The sweep.
    sweep: Ask,
    /// The preview that was seen, `seen` of its response: 409 says that the sweep would take other clients now, and that nothing was started.
    preview: Option<Previewed>,
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
}

/// How the document has a confirmation: nothing is done without.
pub(super) fn meant() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .enum_values(Some([true]))
        .description(Some("`true` confirms an action that cannot be undone."))
        .build()
}

/// That something irreversible is meant.
pub(in crate::http) fn confirmed(confirm: bool) -> Result<(), Problem> {
    if confirm {
        return Ok(());
    }
    let what = "nothing was done: the request is not confirmed";
    let hint = Hint::by(|face| match face {
        Face::Page => "tick the box beside the button".to_owned(),
        _ => "send `\"confirm\": true`".to_owned(),
    });
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, hint))
}

/// Sweeps, newest first, by job, kind, state and day.
#[utoipa::path(get, path = "/api/v1/sweeps", tag = "sweeps", operation_id = "list_sweeps", params(SweepPage),
    responses((status = 200, body = Vec<Shown>)))]
pub(super) async fn list(service: Service, Params(page): Params<SweepPage>) -> Answer<Vec<Shown>> {
    within(page.limit, 200)?;
    Ok(Json(service.sweeps(&page).await?))
}

/// Start a sweep; without an `Idempotency-Key`, one runs at a time on the same terms. Running workers do it; `/api/v1/sweeps/{sweep}/events` tells how far it is.
#[utoipa::path(post, path = "/api/v1/sweeps", tag = "sweeps", operation_id = "start_sweep", request_body = Start,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$",
            description = "The same key sent again starts nothing twice.")),
    responses((status = 202, body = Started)))]
pub(super) async fn start(
    service: Service,
    headers: HeaderMap,
    Body(raw): Body<serde_json::Value>,
) -> Result<Response, Problem> {
    let Start { sweep, preview, confirm } = read(&raw)?;
    confirmed(confirm)?;
    // A key of its own says by itself whether it is the same request.
    let only_one = !headers.contains_key(KEY);
    let work = async { Ok(Started { sweep: service.start_sweep(&sweep, preview.as_ref(), only_one).await? }) };
    Box::pin(once(&service, &headers, &("POST /api/v1/sweeps", raw), StatusCode::ACCEPTED, work)).await
}

/// A body that is JSON, as what it should be.
pub(super) fn read<T: serde::de::DeserializeOwned>(raw: &serde_json::Value) -> Result<T, Problem> {
    let hint = "`/api/v1/openapi.json` has every body's form";
    T::deserialize(raw).map_err(|error| Problem::bad_request(error.to_string(), hint))
}

/// What a sweep would do. Nothing is written.
#[utoipa::path(post, path = "/api/v1/previews", tag = "sweeps", operation_id = "preview_sweep", request_body = Ask,
    responses((status = 200, body = Preview)))]
pub(super) async fn preview(service: Service, Body(ask): Body<Ask>) -> Answer<Preview> {
    let _turn = turn().await?;
    Ok(Json(service.preview(&ask).await?))
}

/// Do everything that a sweep would do, search the whole database for former values, and roll it back. A live sweep needs one that `passed` for each policy.
#[utoipa::path(post, path = "/api/v1/rehearsals", tag = "sweeps", operation_id = "rehearse_sweep", request_body = Ask,
    responses((status = 200, body = Survey)))]
pub(super) async fn rehearse(service: Service, Body(ask): Body<Ask>) -> Answer<Survey> {
    let _turn = turn().await?;
    Ok(Json(service.rehearse(&ask).await?))
}

/// A sweep, with its refusals by reason.
#[utoipa::path(get, path = "/api/v1/sweeps/{sweep}", tag = "sweeps", operation_id = "get_sweep",
    params(("sweep" = i64, Path, description = "The sweep's number.")), responses((status = 200, body = SweepStatus)))]
pub(super) async fn one(service: Service, PathParams(sweep): PathParams<i64>) -> Answer<SweepStatus> {
    Ok(Json(service.sweep(sweep).await?))
}

/// A server-sent event.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(in crate::http) struct Told {
    /// `progress`, or `end` for the last.
    event: String,
    /// The sweep and how far it is, as JSON.
    data: String,
}

/// How far a sweep is, as server-sent events named `progress`, until one named `end`.
#[utoipa::path(get, path = "/api/v1/sweeps/{sweep}/events", tag = "sweeps", operation_id = "follow_sweep",
    params(("sweep" = i64, Path, description = "The sweep's number.")),
    responses((status = 200, content_type = "text/event-stream", body = Told)))]
pub(super) async fn events(
    service: Service,
    PathParams(sweep): PathParams<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    follow(service, sweep).await
}

/// Tells how far a sweep is until it is over.
pub(in crate::http) async fn follow(
    service: Service,
    sweep: i64,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    // A caller without the right, or an unknown sweep, is refused at once.
    service.sweep(sweep).await?;
    let context = service.context;
    let stream =
        futures::stream::unfold((context, 0_u32, None::<String>), move |(context, mut looks, mut told)| async move {
            loop {
                looks += 1;
                if looks > LOOKS || told.as_deref() == Some("end") {
                    return None;
                }
                if looks > 1 {
                    tokio::time::sleep(LOOK).await;
                }
                let shown = Shown::of(&context, context.ledger.sweep(sweep).await.ok()??).await.ok()?;
                let ended = shown.sweep.state != State::Running;
                let text = crate::domain::value::json_of(&shown);
                if told.as_ref() == Some(&text) && !ended {
                    continue;
                }
                let event = Event::default().event(if ended { "end" } else { "progress" }).data(&text);
                told = Some(if ended { "end".to_owned() } else { text });
                return Some((Ok(event), (context, looks, told)));
            }
        });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// End a running sweep before its time. What was anonymized stands.
#[utoipa::path(post, path = "/api/v1/sweeps/{sweep}/cancel", tag = "sweeps", operation_id = "cancel_sweep",
    params(("sweep" = i64, Path, description = "The sweep's number.")), responses((status = 204)))]
pub(super) async fn cancel(
    service: Service,
    PathParams(sweep): PathParams<i64>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    service.cancel_sweep(sweep).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a sweep's clients, in the order of their keys.
#[utoipa::path(get, path = "/api/v1/sweeps/{sweep}/outcomes", tag = "sweeps", operation_id = "list_outcomes",
    params(("sweep" = i64, Path, description = "The sweep's number."), OutcomePage),
    responses((status = 200, body = Vec<Listed>)))]
pub(super) async fn outcomes(
    service: Service,
    PathParams(sweep): PathParams<i64>,
    Params(page): Params<OutcomePage>,
) -> Answer<Vec<Listed>> {
    within(page.limit, 1_000)?;
    Ok(Json(service.outcomes(sweep, &page).await?))
}

/// The clients that failed and are not tried again, up to a thousand.
#[utoipa::path(get, path = "/api/v1/failures", tag = "sweeps", operation_id = "list_failures",
    responses((status = 200, body = Vec<FailedClient>)))]
pub(super) async fn failures(service: Service) -> Answer<Vec<FailedClient>> {
    Ok(Json(service.failures().await?))
}

/// Who is tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Retry {
    /// Only this client; all that failed where left out.
    client: Option<String>,
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
}

/// What is tried again.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Retried {
    /// The sweeps that do so.
    sweeps: Vec<i64>,
    /// How many clients they take.
    clients: usize,
}

/// Try clients that failed again.
#[utoipa::path(post, path = "/api/v1/failures/retry", tag = "sweeps", operation_id = "retry_failures", request_body = Retry,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$",
            description = "The same key sent again starts nothing twice.")),
    responses((status = 202, body = Retried)))]
pub(super) async fn retry(
    service: Service,
    headers: HeaderMap,
    Body(Retry { client, confirm }): Body<Retry>,
) -> Result<Response, Problem> {
    confirmed(confirm)?;
    let work = async {
        let (sweeps, clients) = service.retry(client.as_deref()).await?;
        Ok(Retried { sweeps, clients })
    };
    let asked = ("POST /api/v1/failures/retry", json!({ "client": client }));
    Box::pin(once(&service, &headers, &asked, StatusCode::ACCEPTED, work)).await
}
