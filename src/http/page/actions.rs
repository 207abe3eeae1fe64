//! What the pages' forms do.

use axum::extract::{Form, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use serde::Deserialize;
use url::form_urlencoded;

use super::Marked;
use super::session::Session;
use crate::http::limits::turn;
use crate::http::problem::Problem;
use crate::service::sweeps::{Ask, Previewed};

/// A form for what takes something back, or cannot be undone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sure {
    mark: String,
    /// There if the box was ticked.
    sure: Option<String>,
}

impl Sure {
    pub(super) fn check(&self, session: &Session, headers: &HeaderMap) -> Result<(), Problem> {
        check(session, headers, &self.mark, self.sure.as_ref())
    }
}

/// Refuses a form that another site submitted, and one whose box was not ticked.
fn check(session: &Session, headers: &HeaderMap, mark: &str, sure: Option<&String>) -> Result<(), Problem> {
    session.check(headers, mark)?;
    crate::http::api::confirmed(sure.is_some())
}

/// A form that decides about what was seen: a preview or a review.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decide {
    mark: String,
    sure: Option<String>,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) clients: String,
}

impl Decide {
    pub(super) fn check(&self, session: &Session, headers: &HeaderMap) -> Result<(), Problem> {
        check(session, headers, &self.mark, self.sure.as_ref())
    }
}

pub(super) async fn start(
    session: Session,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(form): Form<Decide>,
) -> Result<Redirect, Problem> {
    start_sweep(&session, &headers, form, &Ask { job: Some(job), ..Ask::default() }).await
}

/// Starts a sweep that a form is sure of.
pub(super) async fn start_sweep(
    session: &Session,
    headers: &HeaderMap,
    form: Decide,
    ask: &Ask,
) -> Result<Redirect, Problem> {
    form.check(session, headers)?;
    let clients = form.clients.parse().map_err(|_| not_seen())?;
    let seen = Previewed { id: form.id, digest: form.digest, clients };
    let _turn = turn().await?;
    let sweep = session.service.start_sweep(ask, Some(&seen), true).await?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

pub(super) async fn cancel(
    session: Session,
    headers: HeaderMap,
    Path(sweep): Path<i64>,
    Form(form): Form<Sure>,
) -> Result<Redirect, Problem> {
    form.check(&session, &headers)?;
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
    mark: String,
    key: String,
    reason: String,
}

pub(super) async fn hold(session: Session, headers: HeaderMap, Form(form): Form<Place>) -> Result<Redirect, Problem> {
    session.check(&headers, &form.mark)?;
    session.service.place_hold(form.key.trim(), &form.reason).await?;
    Ok(Redirect::to("/holds"))
}

/// The form of the day on which a client is to be anonymized; empty clears it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dated {
    mark: String,
    sure: Option<String>,
    key: String,
    #[serde(default)]
    day: String,
}

pub(super) async fn day(session: Session, headers: HeaderMap, Form(form): Form<Dated>) -> Result<Redirect, Problem> {
    check(&session, &headers, &form.mark, form.sure.as_ref())?;
    let day = Some(form.day.as_str()).filter(|day| !day.is_empty());
    session.service.set_to_anonymize_on(&form.key, day).await?;
    Ok(to_client(&form.key))
}

/// The form that empties a column for one client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clean {
    mark: String,
    sure: Option<String>,
    key: String,
    column: String,
}

pub(super) async fn clean(session: Session, headers: HeaderMap, Form(form): Form<Clean>) -> Result<Redirect, Problem> {
    check(&session, &headers, &form.mark, form.sure.as_ref())?;
    Box::pin(session.service.clean(&form.key, &[form.column])).await?;
    Ok(to_client(&form.key))
}

/// The form that says who a client is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Same {
    mark: String,
    sure: Option<String>,
    key: String,
    former: String,
}

pub(super) async fn returned(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Same>,
) -> Result<Redirect, Problem> {
    check(&session, &headers, &form.mark, form.sure.as_ref())?;
    session.service.confirm_returned(&form.key, &form.former).await?;
    Ok(to_client(&form.key))
}

/// The form that anonymizes one client, as was seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    mark: String,
    sure: Option<String>,
    key: String,
    #[serde(default)]
    seen: String,
    /// There if the client is not due.
    force: Option<String>,
}

/// Waits a moment for the outcome, which the client's page then shows, or else leads to the sweep.
pub(super) async fn anonymize(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<One>,
) -> Result<Redirect, Problem> {
    check(&session, &headers, &form.mark, form.sure.as_ref())?;
    let sweep = session.service.anonymize(&form.key, form.force.is_some(), Some(&form.seen)).await?;
    if session.service.outcome_of(sweep, None).await?.is_none() {
        return Ok(Redirect::to(&format!("/sweeps/{sweep}")));
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("key", &form.key).append_pair("sweep", &sweep.to_string());
    Ok(Redirect::to(&format!("/clients?{}", query.finish())))
}

/// Leads to a client's page.
fn to_client(key: &str) -> Redirect {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("key", key).finish();
    Redirect::to(&format!("/clients?{query}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    mark: String,
    sure: Option<String>,
    key: String,
}

pub(super) async fn release(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Release>,
) -> Result<Redirect, Problem> {
    check(&session, &headers, &form.mark, form.sure.as_ref())?;
    session.service.release_hold(&form.key).await?;
    Ok(Redirect::to("/holds"))
}

pub(super) async fn retry(session: Session, headers: HeaderMap, Form(form): Form<Sure>) -> Result<Redirect, Problem> {
    form.check(&session, &headers)?;
    session.service.retry(None).await?;
    Ok(Redirect::to("/"))
}

/// The form of a pause.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pausing {
    mark: String,
    reason: String,
}

pub(super) async fn pause_all(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Pausing>,
) -> Result<Redirect, Problem> {
    paused(&session, &headers, None, &form).await
}

pub(super) async fn pause(
    session: Session,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(form): Form<Pausing>,
) -> Result<Redirect, Problem> {
    paused(&session, &headers, Some(&job), &form).await
}

async fn paused(
    session: &Session,
    headers: &HeaderMap,
    job: Option<&str>,
    form: &Pausing,
) -> Result<Redirect, Problem> {
    session.check(headers, &form.mark)?;
    session.service.pause(job, &form.reason).await?;
    Ok(Redirect::to("/jobs"))
}

pub(super) async fn resume_all(
    session: Session,
    headers: HeaderMap,
    Form(Marked { mark }): Form<Marked>,
) -> Result<Redirect, Problem> {
    resumed(&session, &headers, None, &mark).await
}

pub(super) async fn resume(
    session: Session,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(Marked { mark }): Form<Marked>,
) -> Result<Redirect, Problem> {
    resumed(&session, &headers, Some(&job), &mark).await
}

async fn resumed(session: &Session, headers: &HeaderMap, job: Option<&str>, mark: &str) -> Result<Redirect, Problem> {
    session.check(headers, mark)?;
    session.service.resume(job).await?;
    Ok(Redirect::to("/jobs"))
}
