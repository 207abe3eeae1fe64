//! A claim on its way from the ledger to the handler.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, error, info_span, warn};

use super::{Claim, Claims, HandlerError, shared::Shared};

/// The claims held by this process, by lease.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<HashMap<String, Claim>>>);

impl Held {
    /// Holds a claim, and the slot it takes, until the delivery is dropped.
    pub(super) fn hold(&self, claim: Claim, slot: Option<OwnedSemaphorePermit>) -> Delivery {
        self.lock().insert(claim.lease.clone(), claim.clone());
        Delivery { claim, held: self.clone(), _slot: slot }
    }

    /// Returns the batches held, in order.
    pub(super) fn batches(&self) -> Vec<i64> {
        let mut batches: Vec<i64> = self.lock().values().map(|claim| claim.batch).collect();
        batches.sort_unstable();
        batches
    }

    pub(super) fn claims(&self) -> Vec<Claim> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim that is held: its lease is renewed, and its slot taken, until this is
/// dropped.
pub(super) struct Delivery {
    pub(super) claim: Claim,
    held: Held,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.held.lock().remove(&self.claim.lease);
    }
}

/// Hands one claim to the handler, and ends when the handler does.
///
/// Errors, panics and time-outs are caught here, so that apalis sees a success
/// whatever happened. A claim that comes after the stop is given back instead.
pub(super) async fn deliver<C, H, Fut>(shared: Arc<Shared<C>>, handler: Arc<H>, delivery: Delivery)
where
    C: Claims,
    H: Fn(Claim) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    if shared.stop.is_cancelled() {
        return shared.give_back(&delivery).await;
    }
    let claim = delivery.claim.clone();
    let span = info_span!("batch", batch.id = claim.batch, batch.attempt = claim.attempt);
    let limit = shared.options.time_limit;
    let handling = async move {
        let _held = delivery;
        let caught = AssertUnwindSafe(async move { handler(claim).await }).catch_unwind();
        match tokio::time::timeout(limit, caught).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => warn!(%error, "batch not finished; left to its lease"),
            // The panic's own text can quote a value.
            Ok(Err(_)) => error!("handler panicked; batch left to its lease"),
            Err(_) => error!(?limit, "batch took too long; left to its lease"),
        }
    };
    // In a task of its own a busy handler holds up neither claims nor renewal,
    // and goes on when the worker that claimed it breaks down.
    let abandon = shared.abandon.clone();
    let task = tokio::spawn(abandon.run_until_cancelled_owned(handling).instrument(span));
    // It cannot panic, and is cancelled only with its runtime.
    drop(task.await);
}
