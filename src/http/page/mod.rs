//! Pages for people: made on the server, nothing loaded from elsewhere, and
//! whole without a script.

mod actions;
mod chart;
mod clients;
mod frame;
mod lists;
mod previews;
mod reviews;
mod session;
mod views;
mod words;

use std::net::SocketAddr;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use tower_http::timeout::TimeoutLayer;

use super::App;
use super::limits::{LARGEST_BODY, LONGEST, LONGEST_LOOK};
use super::problem::Problem;
use super::unknown_callers::record_from;
use crate::domain::hint::Face;
use crate::service::access::{Caller, Way, hash, new_token};
use crate::service::failure::Failure;
use crate::service::workbooks::LARGEST;
use frame::Frame;
pub(super) use previews::Previews;
pub(super) use session::cookie_of;
use session::{Nothing, Sent};
use words::Words;

/// What a page may load: its own style, script and events, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router<App> {
    let within = |longest| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, longest);
    let small = quick().layer(within(LONGEST)).layer(DefaultBodyLimit::max(LARGEST_BODY));
    let import =
        Router::new().route("/reviews/{review}/import", post(reviews::import)).layer(DefaultBodyLimit::max(LARGEST));
    small.merge(import.layer(within(LONGEST_LOOK))).merge(long().layer(within(LONGEST_LOOK)))
}

/// What processes every client.
fn long() -> Router<App> {
    Router::new()
        .route("/jobs/{job}/preview", get(previews::preview))
        .route("/selections/{selection}/preview", get(previews::preview))
        .route("/jobs/{job}/start", post(actions::start))
        .route("/selections/{selection}/start", post(actions::start))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
}

fn quick() -> Router<App> {
    Router::new()
        .route("/", get(views::tonight))
        .route("/sign-in", get(sign_in).post(signed_in))
        .route("/sign-out", post(sign_out))
        .route("/language/{code}", get(language))
        .route("/sweeps", get(views::sweeps))
        .route("/sweeps/{sweep}", get(views::sweep))
        .route("/sweeps/{sweep}/events", get(views::events))
        .route("/sweeps/{sweep}/report", get(views::report))
        .route("/sweeps/{sweep}/cancel", post(actions::cancel))
        .route("/selections/{selection}/review", post(reviews::begin))
        .route("/jobs/{job}/review", post(reviews::begin))
        .route("/reviews", get(reviews::all).post(reviews::make))
        .route("/reviews/{review}", get(reviews::one))
        .route("/reviews/{review}/approve", post(reviews::approve))
        .route("/reviews/{review}/reject", post(reviews::reject))
        .route("/reviews/{review}/delete", post(reviews::delete))
        .route("/reviews/{review}/workbook", post(reviews::workbook))
        .route("/imports/{import}", get(reviews::one_import))
        .route("/imports/{import}/continue", post(reviews::continue_import))
        .route("/imports/{import}/errors", get(reviews::errors))
        .route("/clients", get(clients::client))
        .route("/clients/trace", get(clients::trace))
        .route("/clients/day", post(actions::day))
        .route("/clients/anonymize", post(actions::anonymize))
        .route("/clients/clean", post(actions::clean))
        .route("/clients/returned", get(lists::returned).post(actions::returned))
        .route("/holds", get(lists::holds).post(actions::hold))
        .route("/holds/release", post(actions::release))
        .route("/failures", get(lists::failures))
        .route("/failures/retry", post(actions::retry))
        .route("/policy", get(lists::policy).post(lists::classify))
        .route("/jobs", get(lists::jobs))
        .route("/jobs/pause", post(actions::pause))
        .route("/jobs/resume", post(actions::resume))
        .route("/jobs/{job}/pause", post(actions::pause))
        .route("/jobs/{job}/resume", post(actions::resume))
        .route("/selections", get(lists::selections))
        .route("/deliveries", get(lists::deliveries))
        .route("/deliveries/retry", post(lists::retry_deliveries))
        .route("/journal", get(lists::journal))
        .route("/requests", get(lists::requests))
        .route("/tokens", get(lists::tokens))
        .route("/reports", get(lists::reports))
        .route("/reports/{month}", get(lists::month))
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

#[derive(Template)]
#[template(path = "app/error.html")]
struct ErrorPage<'a> {
    f: Frame,
    problem: &'a Problem,
}

/// Whether a request is that of a program.
fn is_api(path: &str, headers: &HeaderMap) -> bool {
    let paths = ["/api", "/metrics", "/health"];
    headers.contains_key(header::AUTHORIZATION) || paths.iter().any(|own| path.starts_with(own))
}

/// Shows what goes wrong with a page as a page, and what goes wrong with the API as a problem, whatever found it.
pub(super) async fn explain_errors(request: Request, next: Next) -> Response {
    let (path, headers) = (session::path_of(request.uri()), request.headers().clone());
    let mut response = next.run(request).await;
    let status = response.status();
    let form = if is_api(&path, &headers) { "json" } else { "text/html" };
    if !(status.is_client_error() || status.is_server_error()) || media_type(&response).ends_with(form) {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.unwrap_or_else(|| match status {
        StatusCode::REQUEST_TIMEOUT => Problem::new(status, "the request took too long", "try again later"),
        _ => Problem::new(status, "the request was not understood", "go back and try again"),
    });
    if form == "json" {
        return problem.into_response();
    }
    shown(status, &ErrorPage { f: Frame::bare(session::words(&headers), &path), problem: &problem })
}

/// What a response's body is, without parameters.
fn media_type(response: &Response) -> &str {
    let stated = response.headers().get(header::CONTENT_TYPE).and_then(|own| own.to_str().ok());
    stated.and_then(|own| own.split(';').next()).map_or("", str::trim)
}

fn shown(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response(),
        Err(_) => {
            Problem::from(Failure::fault("the page could not be created", "the API has the same data")).into_response()
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
#[serde(deny_unknown_fields)]
struct Credentials {
    token: String,
    /// What password managers keep the token under.
    #[serde(default, rename = "account")]
    _account: String,
}

async fn signed_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(Credentials { token, .. }): Form<Credentials>,
) -> Response {
    let w = session::words(&headers);
    let token = token.trim();
    let found = Caller::of_token(&app.0.service.context.ledger, token, Way::Http).await;
    match found {
        Err(error) => Problem::from(error).into_response(),
        Ok(Some(caller)) if session::is_own(&headers) => {
            let (session, token) = (new_token(), caller.token.unwrap_or_default());
            match app.0.service.context.ledger.open_session(token, &hash(&session)).await {
                Ok(()) => ([(header::SET_COOKIE, session::keep(&app, &session))], Redirect::to("/")).into_response(),
                Err(error) => Problem::from(error).into_response(),
            }
        }
        Ok(found) => {
            if found.is_none() {
                record_from(&app, Some(address.ip()), "POST /sign-in");
            }
            shown(StatusCode::FORBIDDEN, &SignIn { w, is_refused: true })
        }
    }
}

async fn sign_out(State(app): State<App>, headers: HeaderMap, _: Sent<Nothing>) -> Result<Response, Problem> {
    if let Some(cookie) = cookie_of(&headers) {
        app.0.service.context.ledger.end_session(&hash(cookie)).await?;
    }
    Ok(([(header::SET_COOKIE, session::forget(&app))], Redirect::to("/sign-in")).into_response())
}

/// The page from which the language is changed.
#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    to: String,
}

/// Whether a path leads to a page of ours. Browsers drop tabs and line ends from
/// an address, and read `\` as `/`, so only visible ASCII without `\` is taken.
fn is_own_page(to: &str) -> bool {
    let is_visible = to.bytes().all(|own| own.is_ascii_graphic() && own != b'\\');
    is_visible && to.starts_with('/') && !to.starts_with("//")
}

async fn language(
    State(app): State<App>,
    headers: HeaderMap,
    axum::extract::Path(code): axum::extract::Path<String>,
    Query(Back { to }): Query<Back>,
) -> Response {
    let w = words::of(&code).unwrap_or_else(|| session::words(&headers));
    let to = if is_own_page(&to) { to.as_str() } else { "/" };
    ([(header::SET_COOKIE, session::speak(&app, w))], Redirect::to(to)).into_response()
}
