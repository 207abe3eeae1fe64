//! Who looks at the pages: the owner of a token that stands in a cookie.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;

use super::words::{Words, wanted};
use crate::http::App;
use crate::http::problem::Problem;
use crate::service::Service;
use crate::service::access::{Caller, Way, hash};

/// The cookie with the token.
const TOKEN: &str = "lethe_token";
/// The cookie with the language.
const LANGUAGE: &str = "lethe_language";

/// Somebody who has signed in.
pub(super) struct Session {
    pub service: Service,
    pub words: &'static Words,
    /// What every form carries, which no other site can know.
    pub mark: String,
}

/// A cookie's value.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|own| own.0 == name))
        .map(|own| own.1)
}

/// The words for whoever sends these headers.
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

/// Keeps a token until the browser is closed.
pub(super) fn keep(app: &App, token: &str) -> HeaderValue {
    set(app, TOKEN, token, None)
}

/// Forgets the token.
pub(super) fn forget(app: &App) -> HeaderValue {
    set(app, TOKEN, "", Some(0))
}

/// Keeps a language for a year.
pub(super) fn speak(app: &App, words: &Words) -> HeaderValue {
    set(app, LANGUAGE, words.code, Some(31_536_000))
}

/// Whether a form was sent by one of our own pages, as far as the browser says.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

impl Session {
    /// Refuses a form that another site made somebody send.
    pub(super) fn check(&self, headers: &HeaderMap, mark: &str) -> Result<(), Problem> {
        if is_own(headers) && bool::from(mark.as_bytes().ct_eq(self.mark.as_bytes())) {
            return Ok(());
        }
        let what = "the form did not come from this page";
        Err(Problem::new(axum::http::StatusCode::FORBIDDEN, what, "open the page anew and send it again"))
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
        let service = &app.0.service;
        let Some(token) = cookie(&parts.headers, TOKEN).filter(|token| !token.is_empty()) else {
            return Err(Redirect::to("/sign-in").into_response());
        };
        match Caller::of_token(&service.context.ledger, token, Way::Http).await {
            Ok(Some(caller)) => Ok(Self {
                mark: hash(&format!("form of {token}")),
                words: words(&parts.headers),
                service: service.for_caller(caller),
            }),
            Ok(None) => Err(Redirect::to("/sign-in").into_response()),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}
