//! Selections over HTTP.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::sweeps::within;
use crate::http::extract::{Body, NoBody, Params, PathParams};
use crate::http::problem::Problem;
use crate::ledger::Selection;
use crate::service::Service;
use crate::service::selections::{Given, Saved, Selected};

/// The most keys in one request.
const MOST: usize = 10_000;

/// A page of selections, or of keys.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Page {
    /// Only those behind this one: the last of the page before.
    after: Option<String>,
    /// So many at most, up to 1,000.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// Selections by name, without their keys.
#[utoipa::path(get, path = "/api/v1/selections", tag = "selections", operation_id = "list_selections", params(Page),
    responses((status = 200, body = Vec<Selection>)))]
pub(super) async fn list(service: Service, Params(page): Params<Page>) -> Answer<Vec<Selection>> {
    Ok(Json(service.selections(page.after.as_deref(), within(page.limit, 1_000)?).await?))
}

/// A selection, with a page of its keys in their order.
#[utoipa::path(get, path = "/api/v1/selections/{selection}", tag = "selections", operation_id = "get_selection",
    params(("selection" = String, Path, description = "The selection's name."), Page),
    responses((status = 200, body = Selected)))]
pub(super) async fn one(
    service: Service,
    PathParams(selection): PathParams<String>,
    Params(page): Params<Page>,
) -> Answer<Selected> {
    Ok(Json(service.selected(&selection, page.after.as_deref(), within(page.limit, 1_000)?).await?))
}

/// A selection to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Keys {
    /// The clients, up to 10,000; a key of several parts is an array as a text.
    #[schema(max_items = 10_000)]
    clients: Vec<String>,
    /// Replace the selection of that name.
    #[serde(default)]
    replace: bool,
}

/// Save the keys of clients under a name, without anonymizing them; the sweep shows which of them exist.
#[utoipa::path(put, path = "/api/v1/selections/{selection}", tag = "selections", operation_id = "save_selection",
    params(("selection" = String, Path, description = "The selection's name.")), request_body = Keys,
    responses((status = 200, body = Saved)))]
pub(super) async fn save(
    service: Service,
    PathParams(selection): PathParams<String>,
    Body(Keys { clients, replace }): Body<Keys>,
) -> Answer<Saved> {
    if clients.len() > MOST {
        let hint = "ask an operator to save them from a file, which may have any number";
        let what = "more than 10,000 clients are named";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, hint));
    }
    let keys = &mut clients.into_iter().enumerate().map(Ok);
    let place = |at| format!("`clients[{at}]`");
    Ok(Json(service.save_selection(&selection, replace, Given { keys, place: &place }).await?))
}

/// Delete a selection. A sweep that was opened over it stands.
#[utoipa::path(delete, path = "/api/v1/selections/{selection}", tag = "selections", operation_id = "delete_selection",
    params(("selection" = String, Path, description = "The selection's name.")), responses((status = 204)))]
pub(super) async fn delete(
    service: Service,
    PathParams(selection): PathParams<String>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    service.delete_selection(&selection).await?;
    Ok(StatusCode::NO_CONTENT)
}
