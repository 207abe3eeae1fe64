//! The preview of a sweep, kept for a while: all of its pages are of the one preview that a start is bound to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;

use super::frame::Frame;
use super::session::Session;
use super::shown;
use super::views::{A_PAGE, Row, Tab, in_words, query_of};
use crate::domain::access::Right;
use crate::domain::outcome::Outcome;
use crate::http::App;
use crate::http::extract::PathParams;
use crate::http::limits::turn;
use crate::http::problem::Problem;
use crate::report::filters;
use crate::service::sweeps::{Ask, Preview};
use crate::worker::sweep::Client;

/// For how long the pages of a preview can be read.
const KEPT: Duration = Duration::from_secs(900);
/// How many previews are kept, and the most clients of each.
const MOST_KEPT: usize = 4;
const MOST_CLIENTS: usize = 20_000;
/// Where the pages of jobs, and of selections, are.
const JOBS: &str = "/jobs/";
const SELECTIONS: &str = "/selections/";

/// A preview as it was made.
struct Kept {
    path: String,
    /// The token it was made for: another may see other clients.
    token: Option<i64>,
    at: Instant,
    made_at: String,
    preview: Preview,
}

/// The last previews, the newest first.
#[derive(Default)]
pub(in crate::http) struct Previews(Mutex<VecDeque<Arc<Kept>>>);

impl Previews {
    /// The preview below a path that has this id, if it was made for this token and is still kept.
    fn find(&self, path: &str, id: &str, token: Option<i64>) -> Option<Arc<Kept>> {
        let all = self.0.lock().ok()?;
        let is_it = |own: &&Arc<Kept>| {
            own.path == path && own.token == token && own.preview.seen.id == id && own.at.elapsed() < KEPT
        };
        all.iter().find(is_it).cloned()
    }

    fn keep(&self, kept: Kept) -> Arc<Kept> {
        let kept = Arc::new(kept);
        if let Ok(mut all) = self.0.lock() {
            all.push_front(Arc::clone(&kept));
            all.truncate(MOST_KEPT);
            all.retain(|own| own.at.elapsed() < KEPT);
        }
        kept
    }
}

/// What a sweep is over, by its path: the clients of a job, or of a saved selection.
pub(super) struct Over {
    below: &'static str,
    name: String,
}

impl Over {
    pub(super) fn ask(&self) -> Ask {
        let name = Some(self.name.clone());
        if self.below == JOBS { Ask { job: name, ..Ask::default() } } else { Ask { selection: name, ..Ask::default() } }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Over {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathParams(name) = PathParams::from_request_parts(parts, state).await?;
        let below = if parts.uri.path().starts_with(JOBS) { JOBS } else { SELECTIONS };
        Ok(Self { below, name })
    }
}

/// Which part of which preview is shown.
#[derive(Deserialize)]
pub(super) struct Part {
    /// Of the preview that is being read; a new one is made where it is left out.
    #[serde(default)]
    id: String,
    outcome: Option<Outcome>,
    #[serde(default)]
    key: String,
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "app/preview.html")]
struct PreviewPage {
    f: Frame,
    /// The job, or the selection.
    name: String,
    /// Where those are.
    below: &'static str,
    kept: Arc<Kept>,
    /// Whether it is not the one that was being read.
    is_other: bool,
    refusals: Vec<(String, u64)>,
    tabs: Vec<Tab>,
    outcome: Outcome,
    key: String,
    rows: Vec<Row>,
    first: Option<String>,
    more: Option<String>,
    /// Whether there are clients beyond those that are kept.
    is_cut: bool,
}

/// A part of the preview of a sweep.
pub(super) async fn preview(
    State(app): State<App>,
    session: Session,
    over: Over,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let service = &session.service;
    service.allow_within(Right::Read, "preview a sweep", "").await?;
    let token = service.caller.token;
    let path = format!("{}{}", over.below, over.name);
    let kept = if let Some(kept) = app.0.previews.find(&path, &part.id, token) {
        kept
    } else {
        let _turn = turn().await?;
        let preview = service.preview_up_to(&over.ask(), MOST_CLIENTS).await?;
        let made_at = service.context.ledger.now();
        app.0.previews.keep(Kept { path, token, at: Instant::now(), made_at, preview })
    };
    let (preview, f) = (&kept.preview, Frame::of(&session));
    let (id, key) = (preview.seen.id.as_str(), part.key.trim());
    let outcome = part.outcome.unwrap_or(Outcome::Anonymized);
    let is_other = !part.id.is_empty() && part.id != id;
    let at = part.page.filter(|_| !is_other).unwrap_or(1).max(1);
    let is_wanted = |own: &&Client| own.outcome == outcome && own.key.to_lowercase().contains(&key.to_lowercase());
    let behind = at.saturating_sub(1).saturating_mul(A_PAGE as usize);
    let mut found = preview.clients.iter().filter(is_wanted).skip(behind);
    let clients: Vec<&Client> = found.by_ref().take(A_PAGE as usize).collect();
    let query = |page: usize| {
        let page = page.to_string();
        query_of([("id", id), ("outcome", outcome.as_str()), ("key", key), ("page", page.as_str())])
    };
    let names = clients.iter().flat_map(|own| own.reasons.clone()).chain(preview.found.refusals.keys().cloned());
    let words = in_words(&session, names).await;
    let rows = clients.iter().map(|own| Row {
        client: own.key.clone(),
        outcome: own.outcome.to_string(),
        reasons: words.all(&own.reasons),
    });
    let page = PreviewPage {
        is_other,
        is_cut: preview.clients.len() >= MOST_CLIENTS,
        tabs: tabs(&f, preview, outcome, key),
        refusals: words.counted(&preview.found.refusals),
        rows: rows.collect(),
        first: (at > 1).then(|| query(1)),
        more: found.next().is_some().then(|| query(at.saturating_add(1))),
        outcome,
        key: key.to_owned(),
        name: over.name,
        below: over.below,
        f,
        kept: Arc::clone(&kept),
    };
    Ok(shown(StatusCode::OK, &page))
}

/// A tab for those who would be anonymized, one for those refused, and one for each other outcome that there is.
fn tabs(f: &Frame, preview: &Preview, outcome: Outcome, key: &str) -> Vec<Tab> {
    let tab = |own: Outcome| {
        let name = match own {
            Outcome::Anonymized => f.w.would_anonymize.to_owned(),
            Outcome::Refused => f.w.would_refuse.to_owned(),
            _ => f.term(own.as_str()),
        };
        Tab {
            name,
            count: preview.found.tally.of(own),
            query: query_of([("id", preview.seen.id.as_str()), ("outcome", own.as_str()), ("key", key)]),
            is_current: own == outcome,
        }
    };
    let is_shown = |own: &Outcome| {
        matches!(own, Outcome::Anonymized | Outcome::Refused) || *own == outcome || preview.found.tally.of(*own) > 0
    };
    Outcome::ALL.into_iter().filter(is_shown).map(tab).collect()
}
