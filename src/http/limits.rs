//! What a request may cost: how many a second, how large, how long.

use std::net::SocketAddr;
use std::num::NonZeroU32;
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

/// Counts requests by who asks.
pub(super) struct Limiter(DefaultKeyedRateLimiter<String>);

impl Limiter {
    pub(super) fn new(rate: NonZeroU32) -> Self {
        Self(RateLimiter::keyed(Quota::per_second(rate)))
    }

    fn allows(&self, who: &String) -> bool {
        if self.0.len() > MOST_NAMES {
            self.0.retain_recent();
        }
        self.0.check_key(who).is_ok()
    }
}

/// Turns away who asks too often, and what nobody can be called.
pub(super) async fn limit(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let who = bearer(request.headers()).map_or_else(|| address.ip().to_string(), hash);
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
