//! Requests without a valid token: recorded by address, route and hour. They are written once a second at most, so
//! that a flood of them costs no more than one, and nothing of a token that was presented is kept.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath};
use axum::http::request::Parts;

use super::App;
use crate::ledger::{FURTHER, UnknownCaller};

/// How often they are written.
const EVERY: Duration = Duration::from_secs(1);
/// The most addresses and routes that wait to be written; further ones count as one.
const MOST: usize = 1_000;

/// Requests that wait to be written: who, what, and how often.
#[derive(Default)]
pub(super) struct UnknownCallers(Mutex<HashMap<(String, String), i64>>);

impl UnknownCallers {
    /// Counts a request so often, and says whether it is the first that waits.
    fn add(&self, who: String, what: String, times: i64) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = waiting.is_empty();
        let mut own = (who, what);
        if waiting.len() >= MOST && !waiting.contains_key(&own) {
            own = (FURTHER.0.to_owned(), FURTHER.1.to_owned());
        }
        *waiting.entry(own).or_default() += times;
        is_first
    }

    fn take(&self) -> HashMap<(String, String), i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Has a request without a valid token recorded.
pub(super) fn record(app: &App, parts: &Parts) {
    let Some(route) = parts.extensions.get::<MatchedPath>() else { return };
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|own| own.0.ip());
    record_from(app, address, &format!("{} {}", parts.method, route.as_str()));
}

/// The same, by address and by what was requested.
pub(super) fn record_from(app: &App, address: Option<IpAddr>, what: &str) {
    let who = address.map_or_else(|| "unknown address".to_owned(), network);
    if !app.0.unknown_callers.add(format!("{who} (no valid token)"), what.to_owned(), 1) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let all = app.0.unknown_callers.take();
            if all.is_empty() {
                return;
            }
            let unknown_callers: Vec<UnknownCaller> =
                all.into_iter().map(|((who, what), times)| UnknownCaller { who, way: "http", what, times }).collect();
            if app.0.service.context.ledger.record_unknown_callers(&unknown_callers).await.is_ok() {
                return;
            }
            // The database is away: they wait with those that come meanwhile.
            for UnknownCaller { who, what, times, .. } in unknown_callers {
                app.0.unknown_callers.add(who, what, times);
            }
        }
    });
}

/// An address; of IPv6 the network, since a host has as many addresses as it likes.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(own) => own.to_string(),
        IpAddr::V6(own) => {
            let [a, b, c, d, ..] = own.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_ask_a_bounded_number_waits_and_each_request_counts() {
        let unknown_callers = UnknownCallers::default();
        assert!(unknown_callers.add("1".to_owned(), "GET /".to_owned(), 1));
        for at in 0..5_000 {
            assert!(!unknown_callers.add(at.to_string(), "GET /".to_owned(), 1));
        }
        let all = unknown_callers.take();
        assert!(all.len() <= MOST + 1, "{}", all.len());
        assert_eq!(all.values().sum::<i64>(), 5_001);
        assert_eq!(all[&("1".to_owned(), "GET /".to_owned())], 2);
        assert!(unknown_callers.take().is_empty());
    }

    #[test]
    fn an_address_of_version_6_is_known_by_its_network() {
        let known = |text: &str| network(text.parse().unwrap());
        assert_eq!(known("203.0.113.7"), "203.0.113.7");
        assert_eq!(known("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(known("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
