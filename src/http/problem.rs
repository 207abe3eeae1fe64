//! Errors as RFC 9457 has them.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use utoipa::{ToResponse, ToSchema};

use crate::database::StoreError;
use crate::domain::hint::{Face, Hint};
use crate::service::failure::{Failure, Kind};

/// What went wrong with a request.
#[derive(Debug, Clone, Serialize, ToSchema, ToResponse)]
#[response(content_type = "application/problem+json")]
pub struct Problem {
    /// The status, as the response has it.
    pub status: u16,
    /// The status in words.
    pub title: &'static str,
    /// What went wrong.
    pub detail: String,
    /// What to do about it.
    #[serde(serialize_with = "over_http")]
    #[schema(value_type = String)]
    pub hint: Hint,
}

fn over_http<S: Serializer>(hint: &Hint, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(hint.at(Face::Http))
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail, hint)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let status = match failure.kind {
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), error = failure.message, "a request failed");
        }
        Self::new(status, failure.message, failure.hint)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        // A page shows it as one.
        response.extensions_mut().insert(self);
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let how = header::HeaderValue::from_static("Bearer realm=\"lethe\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}
