//! A request that starts work and carries a key of its own starts it once,
//! however often it is sent.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::domain::value::hex;
use crate::ledger::Answer;
use crate::service::Service;

/// The header with the key.
pub(super) const KEY: &str = "idempotency-key";
/// The longest key.
const LONGEST: usize = 200;

/// Does the work, or gives the answer that the same request had before.
pub(super) async fn once<T: Serialize>(
    service: &Service,
    headers: &HeaderMap,
    asked: &(&str, serde_json::Value),
    status: StatusCode,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<Response, Problem> {
    let (status, body) = done(service, headers, asked, status, work).await?;
    Ok(answer(status, &body))
}

/// The same, as status and body.
pub(super) async fn done<T: Serialize>(
    service: &Service,
    headers: &HeaderMap,
    asked: &(&str, serde_json::Value),
    status: StatusCode,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<(u16, String), Problem> {
    let (Some(key), Some(token)) = (headers.get(KEY), service.caller.token) else {
        return Ok((status.as_u16(), text(&work.await?)));
    };
    let Some(key) = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST) else {
        return Err(Problem::bad_request(
            "the `Idempotency-Key` cannot be one",
            "send up to 200 visible characters, such as a UUID",
        ));
    };
    let asked = hex(&Sha256::digest(format!("{} {}", asked.0, asked.1)));
    let ledger = &service.context.ledger;
    match ledger.take_request(token, key, &asked).await? {
        Answer::New => {}
        Answer::Given(status, body) => return Ok((status, body)),
        Answer::Pending => {
            let what = "the same request is still being worked on, or its work was cut short";
            return Err(Problem::new(StatusCode::CONFLICT, what, "check in `/api/v1/sweeps` whether it was started"));
        }
        Answer::Other => {
            let what = "the `Idempotency-Key` was used for another request";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, "use a new one for each request"));
        }
    }
    match work.await {
        Ok(done) => {
            let body = text(&done);
            ledger.keep_answer(token, key, Some((status.as_u16(), &body))).await?;
            Ok((status.as_u16(), body))
        }
        // Nothing was started, so it may be sent again.
        Err(problem) => {
            ledger.keep_answer(token, key, None).await?;
            Err(problem)
        }
    }
}

fn text<T: Serialize>(value: &T) -> String {
    crate::domain::value::json_of(value)
}

pub(super) fn answer(status: u16, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}
