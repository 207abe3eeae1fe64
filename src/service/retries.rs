//! Clients that failed, and trying them again.

use super::Service;
use super::clients::ledger_key;
use super::failure::{Failure, Kind};
use super::status::MOST_FAILURES;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::sweep::SweepKind;
use crate::domain::value::json_of;
use crate::ledger::FailedClient;
use crate::worker::Request;
use crate::worker::sweep::open;

impl Service {
    /// Clients that failed, up to a thousand.
    pub async fn failures(&self) -> Result<Vec<FailedClient>, Failure> {
        self.allow_within(Right::Read, "view clients", "").await?;
        let most = if self.caller.limit.is_none() { MOST_FAILURES } else { u32::MAX };
        let mut failed = self.own(self.context.ledger.failures(most).await?, |own| &own.client_key).await?;
        failed.truncate(MOST_FAILURES as usize);
        Ok(failed)
    }

    /// Lets clients that failed be tried again, one or all, and returns the
    /// sweeps that do so and how many clients they are.
    pub async fn retry(&self, key: Option<&str>) -> Result<(Vec<i64>, usize), Failure> {
        let failed = self.to_retry(key).await?;
        self.retry_these(failed).await
    }

    /// The clients that failed, one or all, for a caller who may have them tried again.
    pub async fn to_retry(&self, key: Option<&str>) -> Result<Vec<FailedClient>, Failure> {
        match key {
            Some(key) => self.allow_within(Right::Anonymize, "retry client", key).await?,
            None => self.allow_within(Right::Bulk, "retry all who failed", "").await?,
        }
        let context = &self.context;
        let mut failed = self.own(context.ledger.failures(u32::MAX).await?, |own| &own.client_key).await?;
        // A replay finds its clients itself.
        failed.retain(|client| self.caller.limit.is_none() || client.kind != SweepKind::Replay.as_str());
        if let Some(key) = key {
            self.own_client(key).await?;
            let key = ledger_key(context, key).await?;
            failed.retain(|client| client.client_key == key);
            if failed.is_empty() {
                let hint = Act::Failures.then(" lists those that have");
                return Err(Failure::new(format!("client `{key}` has not failed"), hint).of(Kind::NotFound));
            }
        }
        Ok(failed)
    }

    /// Lets these clients be tried again, as [`Self::retry`] does.
    pub async fn retry_these(&self, failed: Vec<FailedClient>) -> Result<(Vec<i64>, usize), Failure> {
        let context = &self.context;
        let parts = self.loaded().await?.plan.client.key.len();
        let clients = failed.len();
        let (back, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(|client| client.kind == "replay");
        let (forced, others): (Vec<_>, Vec<_>) = failed.into_iter().partition(|client| client.force != 0);
        let mut sweeps = Vec::new();
        // Who was on a list that passed over the retention period is tried again under the same terms.
        for (force, failed) in [(false, others), (true, forced)] {
            let keys = failed
                .iter()
                .map(|client| Key::parse(&client.client_key, parts))
                .collect::<Result<Vec<Key>, String>>()
                .map_err(|what| Failure::new(what, "the key of the policy has changed since"))?;
            if keys.is_empty() {
                continue;
            }
            // They were within the brake of the sweep in which they failed.
            let again = Request::of_clients(keys, self.today());
            let request = Request { force, retry: true, over_brake: true, zone: self.time_zone, ..again };
            sweeps.extend(open(context, &self.within_limit(request).await?).await?);
        }
        if !back.is_empty() {
            // They were anonymized once, and a replay finds them by what has come back of them.
            let keys: Vec<&str> = back.iter().map(|client| client.client_key.as_str()).collect();
            context.ledger.release_by_keys(&json_of(&keys)).await?;
            let listed = Request::of_clients(Vec::new(), self.today());
            let request = Request { kind: SweepKind::Replay, over_brake: true, ..listed };
            sweeps.extend(open(context, &request).await?);
        }
        Ok((sweeps, clients))
    }
}
