//! Reviews over HTTP.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::sweeps::{confirmed, meant};
use crate::http::extract::{Body, NoBody, Params, PathParams, Upload};
use crate::http::limits::turn;
use crate::http::problem::Problem;
use crate::ledger::{Import, Review, Sought};
use crate::report::counted;
use crate::service::Service;
use crate::service::reviews::{Reviewed, Seen};
use crate::service::sweeps::Ask;
use crate::service::workbooks::{File, Rest, RowError};

/// Reviews, those that wait first, then the newest; up to 200.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "reviews", operation_id = "list_reviews", params(Sought),
    responses((status = 200, body = Vec<Review>)))]
pub(super) async fn list(service: Service, Params(which): Params<Sought>) -> Answer<Vec<Review>> {
    Ok(Json(service.reviews(&which).await?))
}

/// A review to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Make {
    /// What people call it, on one line.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    /// The sweep whose clients are held.
    sweep: Ask,
}

/// Hold the clients that a sweep would take now until a second person approves
/// them. They are looked for in the background: the review says how far that is.
#[utoipa::path(post, path = "/api/v1/reviews", tag = "reviews", operation_id = "make_review", request_body = Make,
    responses((status = 202, body = Review)))]
pub(super) async fn make(
    service: Service,
    Body(Make { name, sweep }): Body<Make>,
) -> Result<(StatusCode, Json<Review>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(service.begin_review(&name, &sweep).await?)))
}

/// A review with its clients.
#[utoipa::path(get, path = "/api/v1/reviews/{review}", tag = "reviews", operation_id = "get_review",
    params(("review" = String, Path, description = "The review's name.")), responses((status = 200, body = Reviewed)))]
pub(super) async fn one(service: Service, PathParams(review): PathParams<String>) -> Answer<Reviewed> {
    Ok(Json(service.review(&review).await?))
}

/// How a review is approved: as it was seen, or not at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Approve {
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
    /// The review's number, as it was seen.
    id: i64,
    /// The digest of its plan, as it was seen.
    digest: String,
    /// How many clients it held, as it was seen.
    clients: i64,
}

/// The sweep over the clients of a review.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Approved {
    /// The sweep's number.
    sweep: i64,
}

/// Open a sweep over exactly the clients of the review that was seen. Each is
/// checked again; the person who made the review cannot approve it. 409 says that the
/// review has changed or was decided, and that nothing was done.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/approve", tag = "reviews", operation_id = "approve_review",
    request_body = Approve, params(("review" = String, Path, description = "The review's name.")),
    responses((status = 202, body = Approved)))]
pub(super) async fn approve(
    service: Service,
    PathParams(review): PathParams<String>,
    Body(Approve { confirm, id, digest, clients }): Body<Approve>,
) -> Result<(StatusCode, Json<Approved>), Problem> {
    confirmed(confirm)?;
    let sweep = service.approve_review(&review, &Seen { id, digest, clients }).await?;
    Ok((StatusCode::ACCEPTED, Json(Approved { sweep })))
}

/// Decide that the clients of the review that was seen stay for now.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/reject", tag = "reviews", operation_id = "reject_review",
    request_body = Seen, params(("review" = String, Path, description = "The review's name.")),
    responses((status = 204)))]
pub(super) async fn reject(
    service: Service,
    PathParams(review): PathParams<String>,
    Body(seen): Body<Seen>,
) -> Result<StatusCode, Problem> {
    service.reject_review(&review, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a review, whatever became of it. A sweep that it opened stands.
#[utoipa::path(delete, path = "/api/v1/reviews/{review}", tag = "reviews", operation_id = "delete_review",
    params(("review" = String, Path, description = "The review's name.")), responses((status = 204)))]
pub(super) async fn delete(
    service: Service,
    PathParams(review): PathParams<String>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    service.delete_review(&review).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code)]
pub(in crate::http) struct Bytes(Vec<u8>);

/// A file to be saved under its name.
pub(in crate::http) fn saved(file: File) -> Response {
    // The name of a review may have any letter; RFC 6266 writes those that are not ASCII apart.
    let name: String = file.name.bytes().fold(String::new(), |all, byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => all + char::from(byte).encode_utf8(&mut [0; 4]),
        _ => all + &format!("%{byte:02X}"),
    });
    let disposition = format!("attachment; filename*=UTF-8''{name}");
    ([(header::CONTENT_TYPE, file.kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], file.bytes)
        .into_response()
}

/// A review's workbook, in an archive: a row for each client, to be looked through, saved, and given back.
#[utoipa::path(get, path = "/api/v1/reviews/{review}/workbook", tag = "reviews", operation_id = "export_review",
    params(("review" = String, Path, description = "The review's name.")),
    responses((status = 200, body = Bytes, content_type = "application/zip")))]
pub(super) async fn export(service: Service, PathParams(review): PathParams<String>) -> Result<Response, Problem> {
    let _turn = turn().await?;
    Ok(saved(service.export_review(&review).await?))
}

/// Give a review's workbook back, as a spreadsheet program saved it: the clients
/// left in it are approved, if nothing but rows was taken out. They wait for a
/// second person if the person who made the review gives it back. The workbook
/// carries the review's number, digest and clients as they were exported. 422 says
/// that nothing was done, and the number of the import whose errors say why. While
/// it is read, the import is listed as `reading`, with its progress.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/imports", tag = "reviews", operation_id = "import_review",
    params(("review" = String, Path, description = "The review's name.")),
    request_body(content = Bytes, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    responses((status = 201, body = Import)))]
pub(super) async fn import(
    service: Service,
    PathParams(review): PathParams<String>,
    Upload(workbook): Upload,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let import = service.import_review(&review, workbook).await?;
    taken(&import)?;
    Ok((StatusCode::CREATED, Json(import)))
}

/// Says so where a workbook was not taken.
fn taken(import: &Import) -> Result<(), Problem> {
    let errors = RowError::of(import)?;
    let Some(first) = errors.first() else { return Ok(()) };
    let place = first.row.map(|row| format!(" in row {row}")).unwrap_or_default();
    let column = first.column.as_deref().filter(|own| !own.is_empty());
    let column = column.map(|own| format!("`{own}` ")).unwrap_or_default();
    let more = if errors.len() > 1 { format!(", and {} errors more", errors.len() - 1) } else { String::new() };
    let what = format!("import {} was refused{place}: {column}{}{more}", import.id, first.what);
    let mut fix = first.fix.clone();
    if import.kept > 0 {
        let path = format!("`POST /api/v1/imports/{}/continue`", import.id);
        fix += &format!("; or continue with the {} of rows without errors: {path}", counted(import.kept, "client"));
    }
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, fix))
}

/// Workbooks that were given back, the newest first; up to 200.
#[utoipa::path(get, path = "/api/v1/imports", tag = "reviews", operation_id = "list_imports", params(Sought),
    responses((status = 200, body = Vec<Import>)))]
pub(super) async fn imports(service: Service, Params(which): Params<Sought>) -> Answer<Vec<Import>> {
    Ok(Json(service.imports(&which).await?))
}

/// A workbook that was given back: its progress while it is read, then what came of it.
#[utoipa::path(get, path = "/api/v1/imports/{import}", tag = "reviews", operation_id = "get_import",
    params(("import" = i64, Path, description = "The import's number.")), responses((status = 200, body = Import)))]
pub(super) async fn one_import(service: Service, PathParams(import): PathParams<i64>) -> Answer<Import> {
    Ok(Json(service.import(import).await?))
}

/// How a workbook with errors in some rows is continued with: as it was seen, or not at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Continue {
    /// `true` confirms an action that cannot be undone.
    #[serde(default)]
    #[schema(required, schema_with = meant)]
    confirm: bool,
    /// SHA-256 of the import's file, as it was seen.
    file: String,
    /// How many clients it has in rows without errors, as it was seen.
    kept: i64,
}

/// Continue with the rows of a refused workbook that have no errors: their clients
/// are approved as by a workbook without errors, and the other clients of the
/// review are kept. 409 says that the import or its review has changed or was
/// decided, and that nothing was done.
#[utoipa::path(post, path = "/api/v1/imports/{import}/continue", tag = "reviews", operation_id = "continue_import",
    params(("import" = i64, Path, description = "The import's number.")), request_body = Continue,
    responses((status = 200, body = Import)))]
pub(super) async fn continue_import(
    service: Service,
    PathParams(import): PathParams<i64>,
    Body(Continue { confirm, file, kept }): Body<Continue>,
) -> Answer<Import> {
    confirmed(confirm)?;
    Ok(Json(service.continue_import(import, &Rest { file, kept }).await?))
}

/// What is wrong with a workbook that was given back, as a workbook.
#[utoipa::path(get, path = "/api/v1/imports/{import}/errors", tag = "reviews", operation_id = "get_import_errors",
    params(("import" = i64, Path, description = "The import's number.")),
    responses((status = 200, body = Bytes, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(super) async fn errors(service: Service, PathParams(import): PathParams<i64>) -> Result<Response, Problem> {
    Ok(saved(service.import_errors(import).await?))
}
