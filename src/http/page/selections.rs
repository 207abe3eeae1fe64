//! Saved selections, looked at and swept.

use axum::extract::{Query, State};
use axum::response::{Redirect, Response};

use super::actions::{Decide, start_sweep};
use super::previews::{Part, preview_of};
use super::reviews::{NamedReview, begin};
use super::session::{Sent, Session, Sure};
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

pub(super) async fn start(PathParams(selection): PathParams<String>, form: Sure<Decide>) -> Result<Redirect, Problem> {
    start_sweep(form, &over(selection)).await
}

pub(super) async fn review(
    PathParams(selection): PathParams<String>,
    form: Sent<NamedReview>,
) -> Result<Redirect, Problem> {
    begin(form, &over(selection)).await
}
