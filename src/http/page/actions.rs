//! What the pages' forms do.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Redirect;
use serde::Deserialize;

use super::previews::Over;
use super::session::{Nothing, Sent, Sure};
use super::views::query_of;
use crate::http::limits::turn;
use crate::http::problem::Problem;
use crate::service::sweeps::Previewed;

/// A form that decides about what was seen: a preview or a review.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Decide {
    pub(super) id: String,
    pub(super) digest: String,
    pub(super) clients: String,
}

pub(super) async fn start(over: Over, Sent(session, form): Sure<Decide>) -> Result<Redirect, Problem> {
    let clients = form.clients.parse().map_err(|_| not_seen())?;
    let seen = Previewed { id: form.id, digest: form.digest, clients };
    let _turn = turn().await?;
    let sweep = session.service.start_sweep(&over.ask(), Some(&seen), true).await?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

pub(super) async fn cancel(
    Path(sweep): Path<i64>,
    Sent(session, Nothing {}): Sure<Nothing>,
) -> Result<Redirect, Problem> {
    session.service.cancel_sweep(sweep).await?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

/// A form that does not say what the person saw.
pub(super) fn not_seen() -> Problem {
    let what = "the form does not say what it decides about";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what, "reload the page and send it again")
}

/// The form of a hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    key: String,
    reason: String,
}

pub(super) async fn hold(Sent(session, form): Sent<Place>) -> Result<Redirect, Problem> {
    session.service.place_hold(form.key.trim(), &form.reason).await?;
    Ok(Redirect::to("/holds"))
}

/// The form of the day on which a client is to be anonymized; empty clears it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dated {
    key: String,
    #[serde(default)]
    day: String,
}

pub(super) async fn day(Sent(session, form): Sure<Dated>) -> Result<Redirect, Problem> {
    let day = Some(form.day.as_str()).filter(|day| !day.is_empty());
    session.service.set_to_anonymize_on(&form.key, day).await?;
    Ok(to_client(&form.key, ""))
}

/// The form that empties a column for one client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clean {
    key: String,
    column: String,
}

pub(super) async fn clean(Sent(session, form): Sure<Clean>) -> Result<Redirect, Problem> {
    Box::pin(session.service.clean(&form.key, &[form.column])).await?;
    Ok(to_client(&form.key, ""))
}

/// The form that says who a client is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Same {
    key: String,
    former: String,
}

pub(super) async fn returned(Sent(session, form): Sure<Same>) -> Result<Redirect, Problem> {
    session.service.confirm_returned(&form.key, &form.former).await?;
    Ok(to_client(&form.key, ""))
}

/// The form that anonymizes one client, as was seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    key: String,
    #[serde(default)]
    seen: String,
    /// There if the client is not due.
    force: Option<String>,
}

/// Waits a moment for the outcome, which the client's page then shows, or else leads to the sweep.
pub(super) async fn anonymize(Sent(session, form): Sure<One>) -> Result<Redirect, Problem> {
    let sweep = session.service.anonymize(&form.key, form.force.is_some(), Some(&form.seen)).await?;
    if session.service.outcome_of(sweep, None).await?.is_none() {
        return Ok(Redirect::to(&format!("/sweeps/{sweep}")));
    }
    Ok(to_client(&form.key, &sweep.to_string()))
}

/// Leads to a client's page.
fn to_client(key: &str, sweep: &str) -> Redirect {
    Redirect::to(&format!("/clients?{}", query_of([("key", key), ("sweep", sweep)])))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    key: String,
}

pub(super) async fn release(Sent(session, form): Sure<Release>) -> Result<Redirect, Problem> {
    session.service.release_hold(&form.key).await?;
    Ok(Redirect::to("/holds"))
}

pub(super) async fn retry(Sent(session, Nothing {}): Sure<Nothing>) -> Result<Redirect, Problem> {
    session.service.retry(None).await?;
    Ok(Redirect::to("/"))
}

/// The form of a pause.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pausing {
    reason: String,
}

/// Pauses the job that the path names, or all work.
pub(super) async fn pause(job: Option<Path<String>>, Sent(session, form): Sent<Pausing>) -> Result<Redirect, Problem> {
    session.service.pause(job.as_ref().map(|job| job.as_str()), &form.reason).await?;
    Ok(Redirect::to("/jobs"))
}

/// Resumes the job that the path names, or all work.
pub(super) async fn resume(
    job: Option<Path<String>>,
    Sent(session, Nothing {}): Sent<Nothing>,
) -> Result<Redirect, Problem> {
    session.service.resume(job.as_ref().map(|job| job.as_str())).await?;
    Ok(Redirect::to("/jobs"))
}
