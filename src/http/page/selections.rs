//! Saved selections, looked at and swept.

use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};

use super::actions::{Decide, start_sweep};
use super::previews::{Part, preview_of};
use super::reviews::{NamedReview, begin};
use super::session::Session;
use crate::http::App;
use crate::http::extract::PathParams;
use crate::http::problem::Problem;
use crate::service::sweeps::Ask;

fn over(selection: String) -> Ask {
    Ask { selection: Some(selection), ..Ask::default() }
}

pub(super) async fn preview(
    State(app): State<App>,
    session: Session,
    PathParams(selection): PathParams<String>,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    preview_of(&app, &session, &over(selection.clone()), ("/selections/", selection), part).await
}

pub(super) async fn start(
    session: Session,
    headers: HeaderMap,
    PathParams(selection): PathParams<String>,
    Form(form): Form<Decide>,
) -> Result<Redirect, Problem> {
    start_sweep(&session, &headers, form, &over(selection)).await
}

pub(super) async fn review(
    session: Session,
    headers: HeaderMap,
    PathParams(selection): PathParams<String>,
    Form(form): Form<NamedReview>,
) -> Result<Redirect, Problem> {
    begin(&session, &headers, &form, &over(selection)).await
}
