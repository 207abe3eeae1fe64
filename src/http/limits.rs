//! What a request may cost: how many a second, how large, how long.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::App;
use super::extract::bearer;
use super::page::cookie_of;
use super::problem::Problem;
use crate::service::access::hash;

/// The largest body, in bytes.
pub(super) const LARGEST_BODY: usize = 1 << 20;
/// The longest that a question may take to be asked and answered.
pub(super) const LONGEST: Duration = Duration::from_secs(30);
/// The longest for what looks at every client.
pub(super) const LONGEST_LOOK: Duration = Duration::from_secs(3_600);
/// Requests at a time that process every client: the database has more connections than these take.
static LOOKS: Semaphore = Semaphore::const_new(2);
/// How many names are kept before those that have been quiet are forgotten.
const MOST_NAMES: usize = 10_000;

/// Counts requests by token or session once it was found in force, and by
/// address until then, which bounds how fast tokens can be guessed.
pub(super) struct Limiter {
    rates: DefaultKeyedRateLimiter<String>,
    /// Tokens that were in force when they were last looked up, by their hashes.
    known: Mutex<HashSet<String>>,
}

impl Limiter {
    pub(super) fn new(rate: NonZeroU32) -> Self {
        Self { rates: RateLimiter::keyed(Quota::per_second(rate)), known: Mutex::default() }
    }

    fn allows(&self, who: &String) -> bool {
        if self.rates.len() > MOST_NAMES {
            self.rates.retain_recent();
        }
        self.rates.check_key(who).is_ok()
    }

    fn knows(&self, token: &String) -> bool {
        self.known.lock().is_ok_and(|known| known.contains(token))
    }

    /// Notes whether a token is in force.
    pub(super) fn note(&self, token: &str, is_in_force: bool) {
        let Ok(mut known) = self.known.lock() else { return };
        if known.len() > MOST_NAMES {
            known.clear();
        }
        if is_in_force {
            known.insert(hash(token));
        } else {
            known.remove(&hash(token));
        }
    }
}

/// Whether a connection is one of those kept for health checks.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnlyHealth(pub bool);

/// Rejects rate-limited requests, and names that contain NUL.
pub(super) async fn limit(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path.starts_with("/health/") {
        return next.run(request).await;
    }
    if request.extensions().get::<OnlyHealth>().is_some_and(|own| own.0) {
        return busy().into_response();
    }
    let credential = bearer(request.headers()).or_else(|| cookie_of(request.headers()));
    let known = credential.map(hash).filter(|own| app.0.limiter.knows(own));
    let who = known.unwrap_or_else(|| address.ip().to_string());
    if !app.0.limiter.allows(&who) {
        let what = "too many requests in a second";
        return Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            what,
            "wait a moment and try again; `http.rate` in `lethe.toml` is the limit",
        )
        .into_response();
    }
    // No text of a database has it, and PostgreSQL takes no offer of one.
    if request.uri().path_and_query().is_some_and(|own| own.as_str().contains("%00")) {
        return Problem::bad_request("the address has a NUL in it", "leave it out").into_response();
    }
    next.run(request).await
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is busy", "try again in a moment")
}

/// A turn for a request that processes every client: a few at a time, so that
/// the database has connections left for everything else.
pub(super) async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    match tokio::time::timeout(LONGEST, LOOKS.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(busy()),
    }
}
