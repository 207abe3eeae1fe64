//! Pausing and resuming work over HTTP.

use axum::Json;
use axum::http::StatusCode;

use super::clients::{Which, Why};
use crate::http::extract::{Authorized, Body, NoBody, Params, PathParams};
use crate::http::problem::Problem;
use crate::ledger::Pause;

/// Pauses of jobs and of all work, newest first.
#[utoipa::path(get, path = "/api/v1/pauses", tag = "state", operation_id = "list_pauses", params(Which),
    responses((status = 200, body = Vec<Pause>), (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(in crate::http) async fn list(
    Authorized(service): Authorized,
    Params(which): Params<Which>,
) -> Result<Json<Vec<Pause>>, Problem> {
    Ok(Json(service.pauses(which.all).await?))
}

/// Pause all work: no sweep starts, and running sweeps wait after the current batch.
#[utoipa::path(put, path = "/api/v1/pause", tag = "state", operation_id = "pause_all", request_body = Why,
    responses((status = 201, body = Pause), (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(in crate::http) async fn pause_all(
    Authorized(service): Authorized,
    Body(Why { reason }): Body<Why>,
) -> Result<(StatusCode, Json<Pause>), Problem> {
    Ok((StatusCode::CREATED, Json(service.pause(None, &reason).await?)))
}

/// Resume all work. The answer is what is still paused.
#[utoipa::path(delete, path = "/api/v1/pause", tag = "state", operation_id = "resume_all",
    responses((status = 200, body = Vec<Pause>), (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(in crate::http) async fn resume_all(
    Authorized(service): Authorized,
    _: NoBody,
) -> Result<Json<Vec<Pause>>, Problem> {
    Ok(Json(service.resume(None).await?))
}

/// Pause a job: its ticks start nothing, and its running sweep waits after the current batch.
#[utoipa::path(put, path = "/api/v1/jobs/{job}/pause", tag = "state", operation_id = "pause_job", request_body = Why,
    params(("job" = String, Path, description = "The job's name.")),
    responses((status = 201, body = Pause), (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(in crate::http) async fn pause(
    Authorized(service): Authorized,
    PathParams(job): PathParams<String>,
    Body(Why { reason }): Body<Why>,
) -> Result<(StatusCode, Json<Pause>), Problem> {
    Ok((StatusCode::CREATED, Json(service.pause(Some(&job), &reason).await?)))
}

/// Resume a job; one sweep stands for all ticks that came meanwhile. The answer is what is still paused.
#[utoipa::path(delete, path = "/api/v1/jobs/{job}/pause", tag = "state", operation_id = "resume_job",
    params(("job" = String, Path, description = "The job's name.")),
    responses((status = 200, body = Vec<Pause>), (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(in crate::http) async fn resume(
    Authorized(service): Authorized,
    PathParams(job): PathParams<String>,
    _: NoBody,
) -> Result<Json<Vec<Pause>>, Problem> {
    Ok(Json(service.resume(Some(&job)).await?))
}
