//! What a caller may see and do whose token is limited to some clients.
//!
//! [`Service::allow`] refuses such a caller whatever it is about. What keeps within the limit asks
//! [`Service::allow_within`] instead, and takes its clients, lists and sweeps through here.

use std::collections::{BTreeMap, HashSet};

use super::Service;
use super::access::beyond;
use super::clients::{KEY_HINT, ledger_key, no_client};
use super::failure::{Failure, Kind};
use super::reviews::asked;
use crate::database::query_scalar;
use crate::domain::access::Right;
use crate::domain::key::{Key, join};
use crate::domain::sweep::SweepKind;
use crate::ledger::{Import, Review, Sweep};
use crate::sql::shown::within;
use crate::worker::Request;
use crate::worker::sweep::conditions;

/// Clients looked up at once.
const PAGE: usize = 5_000;

impl Service {
    /// Whether the caller may see all clients that these filters leave.
    pub(super) fn covers(&self, filters: &BTreeMap<String, Vec<String>>) -> bool {
        self.caller.limit.covers(filters)
    }

    /// Whether the caller may see a sweep. One of rows, or of all clients, is beyond every limit.
    pub(super) fn sees_sweep(&self, sweep: &Sweep) -> bool {
        self.covers(&sweep.filters)
    }

    /// Whether the caller may see a review.
    pub(super) fn sees_review(&self, review: &Review) -> Result<bool, Failure> {
        Ok(self.caller.limit.is_none() || self.covers(&asked(&review.asked, &review.name)?.filters))
    }

    /// Whether the caller may see an import: that of a review they may see.
    pub(super) fn sees_import(&self, import: &Import) -> Result<bool, Failure> {
        Ok(self.caller.limit.is_none() || self.covers(&asked(&import.asked, &import.review)?.filters))
    }

    /// A request that takes no client beyond the caller's limit.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it names other clients, or selects by anything but filters.
    pub async fn within_limit(&self, request: Request) -> Result<Request, Failure> {
        if self.caller.limit.is_none() {
            return Ok(request);
        }
        let within = self.limited(request).await;
        if within.as_ref().is_err_and(|failure| matches!(failure.kind, Kind::Forbidden | Kind::NotFound)) {
            let who = (self.caller.name.as_str(), self.caller.way.as_str());
            let what = "take clients beyond the token's limit";
            self.context.ledger.record_request(who, what, Right::Anonymize.as_str(), false).await?;
        }
        within
    }

    async fn limited(&self, mut request: Request) -> Result<Request, Failure> {
        let limit = &self.caller.limit;
        if matches!(request.kind, SweepKind::Replay | SweepKind::Retention) {
            return Err(beyond(&self.caller, &format!("ask for a `{}` sweep", request.kind)));
        }
        for (name, own) in limit.filters() {
            request.filters.entry(name.clone()).or_insert_with(|| own.clone());
        }
        if !self.covers(&request.filters) {
            return Err(beyond(&self.caller, "ask for a sweep with other values of these filters"));
        }
        if let Some(name) = &request.selection {
            self.find_selection(name).await?;
        }
        self.only_own(&request.keys).await?;
        Ok(request)
    }

    /// Those of these whose client is there and within the caller's limit.
    pub(super) async fn own<T>(&self, mut all: Vec<T>, key: fn(&T) -> &str) -> Result<Vec<T>, Failure> {
        if self.caller.limit.is_none() {
            return Ok(all);
        }
        let parts = self.loaded().await?.plan.client.key.len();
        // A key that no client can have is not found.
        let keys: Vec<Key> = all.iter().filter_map(|own| Key::parse(key(own), parts).ok()).collect();
        let found: HashSet<String> = self.found(&keys).await?.into_iter().collect();
        all.retain(|own| found.contains(key(own)));
        Ok(all)
    }

    /// Refuses clients of whom one is not there, or beyond the caller's limit: which of both is not said.
    pub(super) async fn only_own(&self, keys: &[Key]) -> Result<(), Failure> {
        if self.caller.limit.is_none() {
            return Ok(());
        }
        let others = keys.len().saturating_sub(self.found(keys).await?.len());
        if others == 0 {
            return Ok(());
        }
        let what = format!("{others} of the clients are not there, or not among those with {}", self.caller.limit);
        Err(Failure::new(what, "leave them out, or make the list again").of(Kind::NotFound))
    }

    /// The same for keys as the ledger writes them.
    pub(super) async fn only_own_texts(&self, keys: &[String]) -> Result<(), Failure> {
        if self.caller.limit.is_none() {
            return Ok(());
        }
        let parts = self.loaded().await?.plan.client.key.len();
        let keys: Result<Vec<Key>, String> = keys.iter().map(|own| Key::parse(own, parts)).collect();
        self.only_own(&keys.map_err(|what| Failure::new(what, KEY_HINT))?).await
    }

    /// Refuses a client beyond the caller's limit as one that is not there.
    pub(super) async fn own_client(&self, key: &str) -> Result<(), Failure> {
        if self.caller.limit.is_none() {
            return Ok(());
        }
        // The key as the ledger writes it can be looked up whatever its type.
        let own = ledger_key(&self.context, key).await?;
        let parts = self.loaded().await?.plan.client.key.len();
        let own = Key::parse(&own, parts).map_err(|_| no_client(key))?;
        if self.found(&[own]).await?.is_empty() { Err(no_client(key)) } else { Ok(()) }
    }

    /// The keys of those of these clients who are within the caller's limit, as the ledger writes them.
    async fn found(&self, keys: &[Key]) -> Result<Vec<String>, Failure> {
        let loaded = self.loaded().await?;
        let sql = within(&loaded.plan, &conditions(&loaded, self.caller.limit.filters())?);
        let mut all = Vec::new();
        for page in keys.chunks(PAGE) {
            let page: Vec<String> = page.iter().map(Key::to_json).collect();
            let found: Vec<String> =
                query_scalar(&sql).bind(join(&page)).fetch_all(self.context.store.readers()).await?;
            all.extend(found);
        }
        Ok(all)
    }
}
