//! Who asks, and what they sent.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::App;
use super::deadlines::status;
use super::problem::Problem;
use super::rights::permit;
use super::unknown_callers::record;
use crate::service::Service;
use crate::service::access::{Caller, Way};

/// The token in `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The service for the holder of the token in `Authorization`.
impl<S> FromRequestParts<S> for Service
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let Some(token) = bearer(&parts.headers) else {
            record(&app, parts);
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "the request has no token",
                "send `Authorization: Bearer …` with a token; a person with the right `admin` can make one",
            ));
        };
        let service = &app.0.service;
        let found = Caller::of_token(&service.context.ledger, token, Way::Http).await?;
        app.0.limiter.note(token, found.is_some());
        let Some(caller) = found else {
            record(&app, parts);
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "the token is not valid: it is unknown, revoked or expired",
                "a person with the right `admin` can make another",
            ));
        };
        let service = service.for_caller(caller);
        permit(&service, parts).await?;
        Ok(service)
    }
}

/// A body of JSON.
pub(super) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let hint = "`/api/v1/openapi.json` has every body's form";
        let refused = |rejection: JsonRejection| {
            Problem::new(status(&rejection, rejection.status()), rejection.body_text(), hint)
        };
        let (parts, body) = request.into_parts();
        let bytes = axum::body::Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = bytes.map_err(|rejection| refused(rejection.into()))?;
        let request = Request::from_parts(parts, bytes.clone().into());
        let read: Result<axum::Json<serde_json::Value>, _> = axum::Json::from_request(request, state).await;
        let axum::Json(mut value) = read.map_err(refused)?;
        // Of fields with the same name, another reader may take the other; and an array has no names at all.
        if !value.is_object() || members(&value) != colons(&bytes) {
            return Err(Problem::bad_request("the body is not an object in which each field occurs once", hint));
        }
        if has_nul(&value) {
            return Err(Problem::bad_request("a text of the body has a NUL in it", "leave it out"));
        }
        make_whole(&mut value);
        let value = T::deserialize(value);
        value.map(Self).map_err(|error| Problem::bad_request(error.to_string(), hint))
    }
}

/// No body, or one that says nothing.
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = axum::body::Bytes::from_request(request, state).await;
        if read.is_ok_and(|bytes| matches!(bytes.trim_ascii(), b"" | b"{}")) {
            return Ok(Self);
        }
        Err(Problem::bad_request("this request takes no body", "leave it out"))
    }
}

/// A body that is a file.
pub(super) struct Upload(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = axum::body::Bytes::from_request(request, state).await;
        read.map(|bytes| Self(bytes.to_vec())).map_err(|rejection| {
            let status = status(&rejection, rejection.status());
            Problem::new(status, "the file is larger than 32 MiB, or is incomplete", "send it again")
        })
    }
}

/// How many fields its objects have.
fn members(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Array(all) => all.iter().map(members).sum(),
        Value::Object(all) => all.len() + all.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// How many fields valid JSON writes: each has one colon outside of its texts.
fn colons(json: &[u8]) -> usize {
    let (mut is_text, mut is_escaped, mut all) = (false, false, 0);
    for own in json {
        match own {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b':' if !is_text => all += 1,
            _ => {}
        }
    }
    all
}

/// Whether a text in it has a character that no database takes.
fn has_nul(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(all) => all.iter().any(has_nul),
        Value::Object(all) => all.iter().any(|(name, own)| name.contains('\0') || has_nul(own)),
        _ => false,
    }
}

/// Whole numbers as such: JSON may also write them as `48.0`.
fn make_whole(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Number(own) => {
            // Without an exponent, and without `.0`.
            let read = own.as_f64().filter(|_| own.is_f64()).map(|own| own.to_string().parse::<i64>());
            if let Some(Ok(whole)) = read {
                *own = whole.into();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(make_whole),
        Value::Object(all) => all.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// What stands behind the question mark.
pub(super) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            Problem::new(rejection.status(), rejection.body_text(), "`/api/v1/openapi.json` has every parameter")
        })
    }
}

/// What the path names.
pub(super) struct PathParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        read.map(|Path(value)| Self(value)).map_err(|_| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "nothing of that name was found",
                "`/api/v1/openapi.json` lists all paths",
            )
        })
    }
}
