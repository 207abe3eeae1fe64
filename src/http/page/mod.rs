//! Pages for people: made on the server, nothing loaded from elsewhere, and
//! whole without a script.

mod actions;
mod chart;
mod reviews;
mod selections;
mod session;
mod views;
mod words;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::App;
use super::problem::Problem;
use crate::domain::hint::Face;
use crate::service::access::{Caller, Way};
use crate::service::failure::Failure;
use crate::service::workbooks::LARGEST;
use session::Session;
use words::Words;

/// What a page may load: its own style, script and events, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/", get(views::tonight))
        .route("/sign-in", get(sign_in).post(signed_in))
        .route("/sign-out", post(sign_out))
        .route("/language/{code}", get(language))
        .route("/sweeps/{sweep}", get(views::sweep))
        .route("/sweeps/{sweep}/events", get(views::events))
        .route("/sweeps/{sweep}/report", get(views::report))
        .route("/sweeps/{sweep}/cancel", post(actions::cancel))
        .route("/jobs/{job}/preview", get(views::preview))
        .route("/selections/{selection}/preview", get(selections::preview))
        .route("/selections/{selection}/start", post(selections::start))
        .route("/selections/{selection}/review", post(selections::review))
        .route("/jobs/{job}/start", post(actions::start))
        .route("/jobs/{job}/review", post(reviews::of_job))
        .route("/reviews", get(reviews::all).post(reviews::make))
        .route("/reviews/{review}", get(reviews::one))
        .route("/reviews/{review}/approve", post(reviews::approve))
        .route("/reviews/{review}/reject", post(reviews::reject))
        .route("/reviews/{review}/delete", post(reviews::delete))
        .route("/reviews/{review}/workbook", post(reviews::workbook))
        .route("/reviews/{review}/import", post(reviews::import).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/imports/{import}", get(reviews::one_import))
        .route("/imports/{import}/errors", get(reviews::errors))
        .route("/clients", get(views::client))
        .route("/clients/day", post(actions::day))
        .route("/holds", get(views::holds).post(actions::hold))
        .route("/holds/release", post(actions::release))
        .route("/failures", get(views::failures))
        .route("/failures/retry", post(actions::retry))
        .route("/policy", get(views::policy))
        .route(
            "/page.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css")], include_str!("../../../templates/app/page.css")) }),
        )
        .route(
            "/page.js",
            get(|| async {
                ([(header::CONTENT_TYPE, "text/javascript")], include_str!("../../../templates/app/page.js"))
            }),
        )
}

/// What went wrong, as a page: for people, what was a problem for programs.
pub(super) struct Trouble(Problem, &'static Words);

#[derive(Template)]
#[template(path = "app/trouble.html")]
struct TroublePage<'a> {
    w: &'static Words,
    problem: &'a Problem,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        shown(status, &TroublePage { w: self.1, problem: &self.0 })
    }
}

/// Turns what went wrong into a page in somebody's language.
trait OrTrouble<T> {
    fn or_trouble(self, words: &'static Words) -> Result<T, Trouble>;
}

impl<T, E: Into<Problem>> OrTrouble<T> for Result<T, E> {
    fn or_trouble(self, words: &'static Words) -> Result<T, Trouble> {
        self.map_err(|error| Trouble(error.into(), words))
    }
}

fn shown(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response(),
        Err(_) => {
            Problem::from(Failure::fault("the page could not be made", "the API has the same figures")).into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "app/sign_in.html")]
struct SignIn {
    w: &'static Words,
    is_refused: bool,
}

async fn sign_in(headers: HeaderMap) -> Response {
    shown(StatusCode::OK, &SignIn { w: session::words(&headers), is_refused: false })
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

async fn signed_in(
    State(app): State<App>,
    headers: HeaderMap,
    Form(Credentials { token }): Form<Credentials>,
) -> Response {
    let w = session::words(&headers);
    let token = token.trim();
    let found = Caller::of_token(&app.0.service.context.ledger, token, Way::Http).await;
    match found {
        Err(error) => Trouble(error.into(), w).into_response(),
        Ok(Some(_)) if session::is_own(&headers) => {
            ([(header::SET_COOKIE, session::keep(&app, token))], Redirect::to("/")).into_response()
        }
        Ok(_) => shown(StatusCode::FORBIDDEN, &SignIn { w, is_refused: true }),
    }
}

/// A form that says nothing but that it is our own.
#[derive(Deserialize)]
struct Marked {
    mark: String,
}

async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
    session: Session,
    Form(Marked { mark }): Form<Marked>,
) -> Result<Response, Trouble> {
    session.check(&headers, &mark).or_trouble(session.words)?;
    Ok(([(header::SET_COOKIE, session::forget(&app))], Redirect::to("/sign-in")).into_response())
}

async fn language(
    State(app): State<App>,
    headers: HeaderMap,
    axum::extract::Path(code): axum::extract::Path<String>,
) -> Response {
    let w = words::of(&code).unwrap_or_else(|| session::words(&headers));
    ([(header::SET_COOKIE, session::speak(&app, w))], Redirect::to("/")).into_response()
}
