//! One client over HTTP, and holds.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::sweeps::{confirmed, meant};
use crate::http::extract::{Body, NoBody, Params, PathParams};
use crate::http::idempotency::{answer, done};
use crate::http::problem::Problem;
use crate::ledger::{Hold, Returned};
use crate::service::Service;
use crate::service::cleaning::CleanedClient;
use crate::service::clients::{ClientStatus, Ended};
use crate::service::dates::Dated;

/// The longest that an outcome may be waited for, in seconds.
const MOST_SECONDS: u32 = 15;
/// The most columns that one request empties.
const MOST_COLUMNS: usize = 100;

/// A client's history, and what would become of it now, with all reasons of a refusal.
#[utoipa::path(get, path = "/api/v1/clients/{client}", tag = "clients", operation_id = "get_client",
    params(("client" = String, Path, description = "The client's key; the parts of a composite key separated by commas.")),
    responses((status = 200, body = ClientStatus)))]
pub(super) async fn one(service: Service, PathParams(client): PathParams<String>) -> Answer<ClientStatus> {
    Ok(Json(service.client(&client).await?))
}

/// How one client is anonymized.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Anonymize {
    /// Pass over the retention period. Guards and holds still refuse.
    #[serde(default)]
    force: bool,
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
}

/// How long the outcome is waited for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct HowLong {
    /// So many seconds at most; left out, up to 10, and 3 if no worker takes the sweep up.
    #[param(minimum = 0, maximum = 15)]
    wait: Option<u32>,
}

/// The sweep over one client.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::http) struct Opened {
    /// The sweep's number.
    sweep: i64,
}

/// Anonymize one client, by a sweep of its own and under the same rules as any. The answer is the outcome, or 202 if it is not known in time.
#[utoipa::path(post, path = "/api/v1/clients/{client}/anonymize", tag = "clients", operation_id = "anonymize_client",
    request_body = Anonymize,
    params(("client" = String, Path, description = "The client's key."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$",
            description = "The same key sent again starts nothing twice."), HowLong),
    responses((status = 200, body = Ended), (status = 202, body = Opened)))]
pub(super) async fn anonymize(
    service: Service,
    headers: HeaderMap,
    PathParams(client): PathParams<String>,
    Params(HowLong { wait }): Params<HowLong>,
    Body(Anonymize { force, confirm }): Body<Anonymize>,
) -> Result<Response, Problem> {
    confirmed(confirm)?;
    if let Some(wait) = wait.filter(|wait| *wait > MOST_SECONDS) {
        let hint = format!("write a number from 0 to {MOST_SECONDS}");
        return Err(Problem::bad_request(format!("`wait` is {wait}"), hint));
    }
    let work = async { Ok(Opened { sweep: service.anonymize(&client, force, None).await? }) };
    let asked = ("POST /api/v1/clients/anonymize", json!({ "client": client, "force": force }));
    let (status, body) = Box::pin(done(&service, &headers, &asked, StatusCode::ACCEPTED, work)).await?;
    let Ok(Opened { sweep }) = serde_json::from_str(&body) else { return Ok(answer(status, &body)) };
    match service.outcome_of(sweep, wait.map(|wait| Duration::from_secs(wait.into()))).await? {
        Some(ended) => Ok(Json(ended).into_response()),
        None => Ok(answer(status, &body)),
    }
}

/// What is emptied for one client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Clean {
    /// Columns that the policy declares as `cleanable`, each as `table.column`.
    #[schema(min_items = 1, max_items = 100)]
    columns: Vec<String>,
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
}

/// Empty columns that the policy keeps and declares as `cleanable`, in the rows of one client.
#[utoipa::path(post, path = "/api/v1/clients/{client}/clean", tag = "clients", operation_id = "clean_client",
    request_body = Clean, params(("client" = String, Path, description = "The client's key.")),
    responses((status = 200, body = CleanedClient)))]
pub(super) async fn clean(
    service: Service,
    PathParams(client): PathParams<String>,
    Body(Clean { columns, confirm }): Body<Clean>,
) -> Answer<CleanedClient> {
    confirmed(confirm)?;
    if columns.len() > MOST_COLUMNS {
        let hint = format!("name up to {MOST_COLUMNS} in one request");
        return Err(Problem::bad_request("too many columns are named", hint));
    }
    Ok(Json(Box::pin(service.clean(&client, &columns)).await?))
}

/// When a client is to be anonymized.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Day {
    /// The day, such as `2027-01-31`.
    #[schema(format = Date)]
    day: String,
}

/// Set the day on which a client is to be anonymized, in the column that the policy names.
#[utoipa::path(put, path = "/api/v1/clients/{client}/to-anonymize-on", tag = "clients", operation_id = "set_to_anonymize_on",
    request_body = Day, params(("client" = String, Path, description = "The client's key.")),
    responses((status = 200, body = Dated)))]
pub(super) async fn set_date(
    service: Service,
    PathParams(client): PathParams<String>,
    Body(Day { day }): Body<Day>,
) -> Answer<Dated> {
    Ok(Json(service.set_to_anonymize_on(&client, Some(&day)).await?))
}

/// Clear the day on which a client is to be anonymized.
#[utoipa::path(delete, path = "/api/v1/clients/{client}/to-anonymize-on", tag = "clients",
    operation_id = "clear_to_anonymize_on", params(("client" = String, Path, description = "The client's key.")),
    responses((status = 200, body = Dated)))]
pub(super) async fn clear_date(service: Service, PathParams(client): PathParams<String>, _: NoBody) -> Answer<Dated> {
    Ok(Json(service.set_to_anonymize_on(&client, None).await?))
}

/// Which holds, or pauses.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Which {
    /// Those that are over too.
    #[serde(default)]
    pub(super) all: bool,
}

/// Holds, newest first.
#[utoipa::path(get, path = "/api/v1/holds", tag = "clients", operation_id = "list_holds", params(Which),
    responses((status = 200, body = Vec<Hold>)))]
pub(super) async fn holds(service: Service, Params(which): Params<Which>) -> Answer<Vec<Hold>> {
    Ok(Json(service.holds(which.all).await?))
}

/// Why a client is kept out, or work is paused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {
    /// For those who see it later; it names no person.
    pub(super) reason: String,
}

/// The client concerned.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Kept {
    /// Its key.
    client: String,
}

/// Place a hold: sweeps refuse the client until it is released.
#[utoipa::path(put, path = "/api/v1/holds/{client}", tag = "clients", operation_id = "place_hold", request_body = Why,
    params(("client" = String, Path, description = "The client's key.")), responses((status = 201, body = Kept)))]
pub(super) async fn hold(
    service: Service,
    PathParams(client): PathParams<String>,
    Body(Why { reason }): Body<Why>,
) -> Result<(StatusCode, Json<Kept>), Problem> {
    let client = service.place_hold(&client, &reason).await?;
    Ok((StatusCode::CREATED, Json(Kept { client })))
}

/// Release a hold: the client's date and period apply again.
#[utoipa::path(delete, path = "/api/v1/holds/{client}", tag = "clients", operation_id = "release_hold",
    params(("client" = String, Path, description = "The client's key.")), responses((status = 200, body = Kept)))]
pub(super) async fn release(service: Service, PathParams(client): PathParams<String>, _: NoBody) -> Answer<Kept> {
    let client = service.release_hold(&client).await?;
    Ok(Json(Kept { client }))
}

/// Clients anonymized before who have come back under a new key, as the policy recognizes them.
#[utoipa::path(get, path = "/api/v1/returned", tag = "clients", operation_id = "list_returned",
    responses((status = 200, body = Vec<Returned>)))]
pub(super) async fn returned(service: Service) -> Answer<Vec<Returned>> {
    Ok(Json(service.returned().await?))
}

/// Whom a client is confirmed to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Same {
    /// The key under which the client was anonymized.
    former: String,
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
}

/// Confirm that a client is the one anonymized before, under a new key: the next replay anonymizes it.
#[utoipa::path(put, path = "/api/v1/returned/{client}", tag = "clients", operation_id = "confirm_returned", request_body = Same,
    params(("client" = String, Path, description = "The client's key.")), responses((status = 200, body = Returned)))]
pub(super) async fn confirm_returned(
    service: Service,
    PathParams(client): PathParams<String>,
    Body(Same { former, confirm }): Body<Same>,
) -> Answer<Returned> {
    confirmed(confirm)?;
    Ok(Json(service.confirm_returned(&client, &former).await?))
}
