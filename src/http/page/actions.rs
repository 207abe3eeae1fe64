//! What the pages' forms do.

use axum::extract::{Form, Path};
use axum::http::HeaderMap;
use axum::response::Redirect;
use serde::Deserialize;
use url::form_urlencoded;

use super::session::Session;
use super::{Marked, OrTrouble, Trouble};
use crate::service::sweeps::Ask;

/// A form for what cannot be undone.
#[derive(Deserialize)]
pub(super) struct Sure {
    mark: String,
    /// There if the box was ticked.
    sure: Option<String>,
}

impl Sure {
    pub(super) fn check(&self, session: &Session, headers: &HeaderMap) -> Result<(), Trouble> {
        session.check(headers, &self.mark).or_trouble(session.words)?;
        crate::http::api::confirmed(self.sure.is_some()).or_trouble(session.words)
    }
}

pub(super) async fn start(
    session: Session,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(form): Form<Sure>,
) -> Result<Redirect, Trouble> {
    start_sweep(&session, &headers, &form, &Ask { job: Some(job), ..Ask::default() }).await
}

/// Starts a sweep that a form is sure of.
pub(super) async fn start_sweep(
    session: &Session,
    headers: &HeaderMap,
    form: &Sure,
    ask: &Ask,
) -> Result<Redirect, Trouble> {
    form.check(session, headers)?;
    let sweep = session.service.start_sweep(ask).await.or_trouble(session.words)?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

pub(super) async fn cancel(
    session: Session,
    headers: HeaderMap,
    Path(sweep): Path<i64>,
    Form(Marked { mark }): Form<Marked>,
) -> Result<Redirect, Trouble> {
    session.check(&headers, &mark).or_trouble(session.words)?;
    session.service.cancel_sweep(sweep).await.or_trouble(session.words)?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

/// The form of a hold.
#[derive(Deserialize)]
pub(super) struct Place {
    mark: String,
    key: String,
    reason: String,
}

pub(super) async fn hold(session: Session, headers: HeaderMap, Form(form): Form<Place>) -> Result<Redirect, Trouble> {
    session.check(&headers, &form.mark).or_trouble(session.words)?;
    session.service.place_hold(form.key.trim(), &form.reason).await.or_trouble(session.words)?;
    Ok(Redirect::to("/holds"))
}

/// The form of the day on which a client is to be anonymized; empty clears it.
#[derive(Deserialize)]
pub(super) struct Dated {
    mark: String,
    key: String,
    #[serde(default)]
    day: String,
}

pub(super) async fn day(session: Session, headers: HeaderMap, Form(form): Form<Dated>) -> Result<Redirect, Trouble> {
    session.check(&headers, &form.mark).or_trouble(session.words)?;
    let day = Some(form.day.as_str()).filter(|day| !day.is_empty());
    session.service.set_to_anonymize_on(&form.key, day).await.or_trouble(session.words)?;
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("key", &form.key).finish();
    Ok(Redirect::to(&format!("/clients?{query}")))
}

/// The form of a release.
#[derive(Deserialize)]
pub(super) struct Release {
    mark: String,
    key: String,
}

pub(super) async fn release(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Release>,
) -> Result<Redirect, Trouble> {
    session.check(&headers, &form.mark).or_trouble(session.words)?;
    session.service.release_hold(&form.key).await.or_trouble(session.words)?;
    Ok(Redirect::to("/holds"))
}

pub(super) async fn retry(session: Session, headers: HeaderMap, Form(form): Form<Sure>) -> Result<Redirect, Trouble> {
    form.check(&session, &headers)?;
    session.service.retry(None).await.or_trouble(session.words)?;
    Ok(Redirect::to("/"))
}
