//! Pausing and resuming work over HTTP.

use axum::Json;
use axum::http::StatusCode;

use super::Answer;
use super::clients::{Which, Why};
use crate::http::extract::{Body, NoBody, Params, PathParams};
use crate::http::problem::Problem;
use crate::ledger::Pause;
use crate::service::Service;

/// Pauses of jobs and of all work, newest first.
#[utoipa::path(get, path = "/api/v1/pauses", tag = "state", operation_id = "list_pauses", params(Which),
    responses((status = 200, body = Vec<Pause>)))]
pub(super) async fn list(service: Service, Params(which): Params<Which>) -> Answer<Vec<Pause>> {
    Ok(Json(service.pauses(which.all).await?))
}

/// Pause all work: no sweep starts, and running sweeps wait after the current batch.
#[utoipa::path(put, path = "/api/v1/pause", tag = "state", operation_id = "pause_all", request_body = Why,
    responses((status = 201, body = Pause)))]
pub(super) async fn pause_all(
    service: Service,
    Body(Why { reason }): Body<Why>,
) -> Result<(StatusCode, Json<Pause>), Problem> {
    Ok((StatusCode::CREATED, Json(service.pause(None, &reason).await?)))
}

/// Resume all work. The answer is what is still paused.
#[utoipa::path(delete, path = "/api/v1/pause", tag = "state", operation_id = "resume_all",
    responses((status = 200, body = Vec<Pause>)))]
pub(super) async fn resume_all(service: Service, _: NoBody) -> Answer<Vec<Pause>> {
    Ok(Json(service.resume(None).await?))
}

/// Pause a job: its ticks start nothing, and its running sweep waits after the current batch.
#[utoipa::path(put, path = "/api/v1/jobs/{job}/pause", tag = "state", operation_id = "pause_job", request_body = Why,
    params(("job" = String, Path, description = "The job's name.")), responses((status = 201, body = Pause)))]
pub(super) async fn pause(
    service: Service,
    PathParams(job): PathParams<String>,
    Body(Why { reason }): Body<Why>,
) -> Result<(StatusCode, Json<Pause>), Problem> {
    Ok((StatusCode::CREATED, Json(service.pause(Some(&job), &reason).await?)))
}

/// Resume a job; one sweep stands for all ticks that came meanwhile. The answer is what is still paused.
#[utoipa::path(delete, path = "/api/v1/jobs/{job}/pause", tag = "state", operation_id = "resume_job",
    params(("job" = String, Path, description = "The job's name.")), responses((status = 200, body = Vec<Pause>)))]
pub(super) async fn resume(service: Service, PathParams(job): PathParams<String>, _: NoBody) -> Answer<Vec<Pause>> {
    Ok(Json(service.resume(Some(&job)).await?))
}
