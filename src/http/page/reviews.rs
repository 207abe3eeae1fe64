//! The pages about reviews: made, looked through as a workbook, decided.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Multipart, Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::actions::{Decide, not_seen};
use super::frame::Frame;
use super::previews::Over;
use super::session::{Nothing, Sent, Session, Sure};
use super::shown;
use super::views::{in_words, segment};
use crate::domain::sweep::SweepKind;
use crate::http::api::{confirmed, saved};
use crate::http::problem::Problem;
use crate::ledger::{Import, Review, Sought};
use crate::service::reviews::{Offered, Reviewed, Seen};
use crate::service::sweeps::Ask;
use crate::service::workbooks::{Rest, RowError};

/// What the list is narrowed to; an empty text is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    name: String,
    state: String,
    made_by: String,
    since: String,
}

impl Which {
    fn sought(&self) -> Sought {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Sought {
            name: some(&self.name),
            state: some(&self.state),
            made_by: some(&self.made_by),
            since: self.since.parse().ok(),
        }
    }
}

#[derive(Template)]
#[template(path = "app/reviews.html")]
struct ReviewsPage {
    f: Frame,
    which: Which,
    reviews: Vec<Review>,
    imports: Vec<Import>,
    offered: Option<Offered>,
}

impl ReviewsPage {
    fn is_making(&self) -> bool {
        self.reviews.iter().any(|own| own.state == "making") || self.imports.iter().any(|own| own.state == "reading")
    }
}

pub(super) async fn all(session: Session, Query(which): Query<Which>) -> Result<Response, Problem> {
    let (service, sought) = (&session.service, which.sought());
    let reviews = service.reviews(&sought).await?;
    let imports = service.imports(&sought).await?;
    // A policy that waits to be completed is said when a review is tried.
    let offered = service.offered_reviews().await.ok();
    Ok(shown(StatusCode::OK, &ReviewsPage { f: Frame::of(&session), which, reviews, imports, offered }))
}

#[derive(Template)]
#[template(path = "app/review.html")]
struct ReviewPage {
    f: Frame,
    shown: Reviewed,
    refusals: Vec<(String, u64)>,
    may_approve: bool,
}

pub(super) async fn one(session: Session, Path(name): Path<String>) -> Result<Response, Problem> {
    let reviewed = session.service.review(&name).await?;
    let counts = &reviewed.review.reasons;
    let refusals = in_words(&session, counts.keys().cloned()).await.counted(counts);
    let may_approve = session.service.may_approve(&reviewed.review);
    Ok(shown(StatusCode::OK, &ReviewPage { f: Frame::of(&session), shown: reviewed, refusals, may_approve }))
}

/// Where a review's page is.
fn page(name: &str) -> Redirect {
    Redirect::to(&format!("/reviews/{}", segment(name.trim())))
}

pub(super) async fn make(Sent(session, form): Sent<HashMap<String, String>>) -> Result<Redirect, Problem> {
    let said = |name: &str| form.get(name).map(|own| own.trim()).filter(|own| !own.is_empty());
    let is_known = |name: &str| ["name", "of", "length"].contains(&name) || name.starts_with("filter.");
    if !form.keys().all(|name| is_known(name)) {
        return Err(unread());
    }
    let (job, kind) = match said("of").unwrap_or_default().split_once(':') {
        Some(("job", job)) => (Some(job.to_owned()), None),
        Some(("kind", "period")) => (None, Some(SweepKind::Period)),
        _ => (None, Some(SweepKind::Due)),
    };
    let filters = form.iter().filter_map(|(name, value)| {
        let values: Vec<String> =
            value.split(',').map(str::trim).filter(|own| !own.is_empty()).map(str::to_owned).collect();
        name.strip_prefix("filter.").filter(|_| !values.is_empty()).map(|name| (name.to_owned(), values))
    });
    let ask =
        Ask { job, kind, filters: filters.collect(), length: said("length").map(str::to_owned), ..Ask::default() };
    session.service.begin_review(said("name").unwrap_or_default(), &ask).await?;
    Ok(Redirect::to("/reviews"))
}

/// A form with a field that nothing reads.
fn unread() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the form has an unknown field", "reload the page and send it again")
}

/// Begins a review that a form names.
pub(super) async fn begin(over: Over, Sent(session, form): Sent<NamedReview>) -> Result<Redirect, Problem> {
    session.service.begin_review(&form.name, &over.ask()).await?;
    Ok(Redirect::to("/reviews"))
}

/// A form that names a review.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedReview {
    name: String,
}

/// The review that a form decides.
fn seen(form: &Decide) -> Result<Seen, Problem> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| not_seen());
    Ok(Seen { id: number(&form.id)?, digest: form.digest.clone(), clients: number(&form.clients)? })
}

pub(super) async fn approve(Path(name): Path<String>, Sent(session, form): Sure<Decide>) -> Result<Redirect, Problem> {
    let sweep = session.service.approve_review(&name, &seen(&form)?).await?;
    Ok(Redirect::to(&format!("/sweeps/{sweep}")))
}

pub(super) async fn reject(Path(name): Path<String>, Sent(session, form): Sure<Decide>) -> Result<Redirect, Problem> {
    session.service.reject_review(&name, &seen(&form)?).await?;
    Ok(Redirect::to("/reviews"))
}

pub(super) async fn delete(
    Path(name): Path<String>,
    Sent(session, Nothing {}): Sure<Nothing>,
) -> Result<Redirect, Problem> {
    session.service.delete_review(&name).await?;
    Ok(Redirect::to("/reviews"))
}

/// Asked for by a form, as each workbook that is taken is recorded.
pub(super) async fn workbook(
    Path(name): Path<String>,
    Sent(session, Nothing {}): Sent<Nothing>,
) -> Result<Response, Problem> {
    Ok(saved(session.service.export_review(&name).await?))
}

pub(super) async fn import(
    session: Session,
    headers: HeaderMap,
    Path(name): Path<String>,
    mut form: Multipart,
) -> Result<Redirect, Problem> {
    let (mut mark, mut is_sure, mut file) = (String::new(), false, None);
    let not_whole = || Problem::bad_request("the form is incomplete, or larger than 32 MiB", "send it again");
    while let Some(field) = form.next_field().await.map_err(|_| not_whole())? {
        match field.name().unwrap_or_default() {
            "mark" => mark = field.text().await.map_err(|_| not_whole())?,
            "sure" => is_sure = true,
            // The form's own mark comes first: no file from another site is read.
            "file" => {
                session.check(&headers, &mark)?;
                file = Some(field.bytes().await.map_err(|_| not_whole())?);
            }
            _ => return Err(unread()),
        }
    }
    session.check(&headers, &mark)?;
    confirmed(is_sure)?;
    let file = file.ok_or_else(|| Problem::bad_request("the form contains no workbook", "choose one"))?;
    let import = session.service.begin_import(&name, file.to_vec()).await?;
    Ok(Redirect::to(&format!("/imports/{}?watch=1", import.id)))
}

/// Where a person goes on after an import that was accepted.
fn accepted(import: &Import) -> Redirect {
    import.sweep.map_or_else(|| page(&import.review), |sweep| Redirect::to(&format!("/sweeps/{sweep}")))
}

#[derive(Template)]
#[template(path = "app/import.html")]
struct ImportPage {
    f: Frame,
    import: Import,
    errors: Vec<RowError>,
    /// Whether the rows without errors can be continued with.
    may_continue: bool,
    may_approve: bool,
}

/// Whether a person watches an import until it is read.
#[derive(Deserialize)]
pub(super) struct Watched {
    watch: Option<String>,
}

pub(super) async fn one_import(
    session: Session,
    Path(id): Path<i64>,
    Query(Watched { watch }): Query<Watched>,
) -> Result<Response, Problem> {
    let import = session.service.import(id).await?;
    if watch.is_some() && matches!(import.state.as_str(), "approved" | "taken") {
        return Ok(accepted(&import).into_response());
    }
    let errors = RowError::of(&import)?;
    let review = session.service.review(&import.review).await.ok().map(|own| own.review);
    let waiting = review.as_ref().filter(|own| own.state == "waiting" && import.state == "refused");
    let may_continue = import.kept > 0 && waiting.is_some();
    let may_approve = waiting.is_some_and(|own| session.service.may_approve(own));
    Ok(shown(StatusCode::OK, &ImportPage { f: Frame::of(&session), import, errors, may_continue, may_approve }))
}

pub(super) async fn continue_import(
    Path(id): Path<i64>,
    Sent(session, form): Sure<Decide>,
) -> Result<Redirect, Problem> {
    let kept = form.clients.parse().map_err(|_| not_seen())?;
    let rest = Rest { file: form.digest.clone(), kept };
    Ok(accepted(&session.service.continue_import(id, &rest).await?))
}

pub(super) async fn errors(session: Session, Path(id): Path<i64>) -> Result<Response, Problem> {
    Ok(saved(session.service.import_errors(id).await?))
}
