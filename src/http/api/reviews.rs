//! Reviews over HTTP.

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sweeps::confirmed;
use crate::http::asking::{Asking, Body, Named};
use crate::http::problem::Problem;
use crate::ledger::Review;
use crate::service::reviews::Reviewed;
use crate::service::sweeps::Ask;

/// Reviews, those that wait first.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "reviews", operation_id = "list_reviews",
    responses((status = 200, body = Vec<Review>), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(in crate::http) async fn list(Asking(service): Asking) -> Result<Json<Vec<Review>>, Problem> {
    Ok(Json(service.reviews().await?))
}

/// A review to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Make {
    /// What people call it.
    name: String,
    /// The sweep whose clients are held.
    sweep: Ask,
}

/// Hold the clients that a sweep would take now until a second person approves them.
#[utoipa::path(post, path = "/api/v1/reviews", tag = "reviews", operation_id = "make_review", request_body = Make,
    responses((status = 201, body = Review), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(in crate::http) async fn make(
    Asking(service): Asking,
    Body(Make { name, sweep }): Body<Make>,
) -> Result<(StatusCode, Json<Review>), Problem> {
    Ok((StatusCode::CREATED, Json(service.make_review(&name, &sweep).await?)))
}

/// A review with its clients.
#[utoipa::path(get, path = "/api/v1/reviews/{review}", tag = "reviews", operation_id = "get_review",
    params(("review" = String, Path, description = "The review's name.")),
    responses((status = 200, body = Reviewed), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(in crate::http) async fn one(
    Asking(service): Asking,
    Named(review): Named<String>,
) -> Result<Json<Reviewed>, Problem> {
    Ok(Json(service.review(&review).await?))
}

/// How a review is approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Approve {
    /// `true` says that this cannot be undone, and is meant.
    #[serde(default)]
    confirm: bool,
}

/// The sweep over the clients of a review.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Approved {
    /// The sweep's number.
    sweep: i64,
}

/// Open a sweep over exactly the clients of a review. Each is checked again; whoever made the review cannot approve it.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/approve", tag = "reviews", operation_id = "approve_review",
    request_body = Approve, params(("review" = String, Path, description = "The review's name.")),
    responses((status = 202, body = Approved), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(in crate::http) async fn approve(
    Asking(service): Asking,
    Named(review): Named<String>,
    Body(Approve { confirm }): Body<Approve>,
) -> Result<(StatusCode, Json<Approved>), Problem> {
    confirmed(confirm)?;
    let sweep = service.approve_review(&review).await?;
    Ok((StatusCode::ACCEPTED, Json(Approved { sweep })))
}

/// Decide that the clients of a review stay for now.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/reject", tag = "reviews", operation_id = "reject_review",
    params(("review" = String, Path, description = "The review's name.")),
    responses((status = 204), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(in crate::http) async fn reject(
    Asking(service): Asking,
    Named(review): Named<String>,
) -> Result<StatusCode, Problem> {
    service.reject_review(&review).await?;
    Ok(StatusCode::NO_CONTENT)
}
