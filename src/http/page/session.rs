//! Who looks at the pages: a session, opened with a token and named by a random cookie. And the forms they send.

use axum::extract::{Form, FromRef, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::words::{Words, wanted};
use crate::http::App;
use crate::http::api::confirmed;
use crate::http::problem::Problem;
use crate::http::rights::permit;
use crate::http::unknown_callers::record;
use crate::service::Service;
use crate::service::access::{Caller, hash};

/// The cookie with the session.
const SESSION: &str = "lethe_session";
/// The cookie with the language.
const LANGUAGE: &str = "lethe_language";

/// The header of a request that a page makes by itself, without a person asking.
const LIVE: &str = "lethe-live";

/// A person who has signed in.
pub(in crate::http) struct Session {
    pub service: Service,
    pub words: &'static Words,
    /// What every form carries, which no other site can know.
    pub mark: String,
    /// Path and query of the page.
    pub path: String,
}

/// A cookie's value.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|own| own.0 == name))
        .map(|own| own.1)
}

/// The words in the language of these headers.
pub(super) fn words(headers: &HeaderMap) -> &'static Words {
    wanted(headers, cookie(headers, LANGUAGE))
}

fn set(app: &App, name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let is_secure = app.0.settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let secure = if is_secure { "; Secure" } else { "" };
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The session that a request names.
pub(in crate::http) fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION).filter(|own| !own.is_empty())
}

/// Keeps a session until the browser is closed.
pub(super) fn keep(app: &App, session: &str) -> HeaderValue {
    set(app, SESSION, session, None)
}

/// Forgets the session.
pub(super) fn forget(app: &App) -> HeaderValue {
    set(app, SESSION, "", Some(0))
}

/// Keeps a language for a year.
pub(super) fn speak(app: &App, words: &Words) -> HeaderValue {
    set(app, LANGUAGE, words.code, Some(31_536_000))
}

/// Path and query of a page.
pub(super) fn path_of(uri: &axum::http::Uri) -> String {
    uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
}

/// Whether a form was sent by one of our own pages, as far as the browser says.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

impl Session {
    /// The session that a request names, if it is in force.
    pub(super) async fn of(app: &App, headers: &HeaderMap, path: &str) -> Result<Option<Self>, Problem> {
        let service = &app.0.service;
        let Some(cookie) = cookie_of(headers) else { return Ok(None) };
        let is_used = !headers.contains_key(LIVE) && !path.ends_with("/events");
        let found = Caller::of_session(&service.context.ledger, cookie, is_used).await?;
        app.0.limiter.note(cookie, found.is_some());
        Ok(found.map(|caller| Self {
            mark: hash(&format!("form of {cookie}")),
            words: words(headers),
            service: service.for_caller(caller),
            path: path.to_owned(),
        }))
    }

    /// Refuses a form that another site submitted.
    pub(super) fn check(&self, headers: &HeaderMap, mark: &str) -> Result<(), Problem> {
        if is_own(headers) && bool::from(mark.as_bytes().ct_eq(self.mark.as_bytes())) {
            return Ok(());
        }
        let what = "the form was not sent from this page";
        Err(Problem::new(StatusCode::FORBIDDEN, what, "reload the page and send it again"))
    }
}

impl<S> FromRequestParts<S> for Session
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let found = Self::of(&app, &parts.headers, &path_of(&parts.uri)).await.map_err(Problem::into_response)?;
        let Some(session) = found else {
            // The first page is where everyone arrives who then signs in, and a page asks again by itself.
            if parts.uri.path() != "/" && !parts.headers.contains_key(LIVE) && !parts.uri.path().ends_with("/events") {
                record(&app, parts);
            }
            return Err(Redirect::to("/sign-in").into_response());
        };
        match permit(&session.service, parts).await {
            Ok(()) => Ok(session),
            Err(failure) => Err(Problem::from(failure).into_response()),
        }
    }
}

/// A form that one of our own pages sent, and who sent it.
pub(super) struct Sent<T, const IS_SURE: bool = false>(pub Session, pub T);

/// One for what takes something back, or cannot be undone: a person ticked the box beside the button.
pub(super) type Sure<T> = Sent<T, true>;

/// A form that says nothing but that it is our own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Who sent a form, and its fields, without the mark that says that it is our own.
async fn fields<S>(request: Request, state: &S) -> Result<(Session, Map<String, Value>), Response>
where
    App: FromRef<S>,
    S: Send + Sync,
{
    let (mut parts, body) = request.into_parts();
    let session = Session::from_request_parts(&mut parts, state).await?;
    let headers = parts.headers.clone();
    let sent = Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), state).await;
    let Form(sent) = sent.map_err(IntoResponse::into_response)?;
    let mut fields = Map::new();
    for (name, value) in sent {
        if fields.insert(name, value.into()).is_some() {
            return Err(not_understood());
        }
    }
    let mark = fields.remove("mark").unwrap_or_default();
    session.check(&headers, mark.as_str().unwrap_or_default()).map_err(Problem::into_response)?;
    Ok((session, fields))
}

fn not_understood() -> Response {
    let what = "the request was not understood";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, "go back and try again").into_response()
}

impl<S, T, const IS_SURE: bool> FromRequest<S> for Sent<T, IS_SURE>
where
    App: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (session, mut fields) = fields(request, state).await?;
        if IS_SURE {
            confirmed(fields.remove("sure").is_some()).map_err(Problem::into_response)?;
        }
        let form = T::deserialize(Value::Object(fields)).map_err(|_| not_understood())?;
        Ok(Self(session, form))
    }
}
