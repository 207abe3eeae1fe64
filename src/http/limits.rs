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

use super::App;
use super::asking::bearer;
use super::problem::Problem;
use crate::service::access::hash;

/// The largest body, in bytes.
pub(super) const LARGEST_BODY: usize = 1 << 20;
/// The longest that a question may take to be asked and answered.
pub(super) const LONGEST: Duration = Duration::from_secs(30);
/// The longest for what looks at every client.
pub(super) const LONGEST_LOOK: Duration = Duration::from_secs(3_600);
/// How many names are kept before those that have been quiet are forgotten.
const MOST_NAMES: usize = 10_000;

/// Counts requests by who asks: by their token once it was found in force, and
/// by their address until then, so that nobody guesses tokens faster than that.
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

/// Turns away who asks too often, and what nobody can be called.
pub(super) async fn limit(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let token = bearer(request.headers()).map(hash).filter(|own| app.0.limiter.knows(own));
    let who = token.unwrap_or_else(|| address.ip().to_string());
    if !app.0.limiter.allows(&who) {
        let what = "too many requests in a second";
        return Problem::new(StatusCode::TOO_MANY_REQUESTS, what, "`http.rate` in `lethe.toml` says how many")
            .into_response();
    }
    // No text of a database has it, and PostgreSQL takes no offer of one.
    if request.uri().path_and_query().is_some_and(|own| own.as_str().contains("%00")) {
        return Problem::bad_request("the address has a NUL in it", "leave it out").into_response();
    }
    next.run(request).await
}
