//! What one call of `work` shares, and all that it asks of the ledger.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{
    Claims, Options,
    delivery::{Delivery, Held},
};

/// The first pause after an error; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause after an error: short, since a night is short too.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the worker, its deliveries and the renewal share.
pub(super) struct Shared<C> {
    claims: C,
    pub(super) options: Options,
    /// Asks to stop.
    pub(super) stop: CancellationToken,
    /// Drops the batches in hand and ends the renewal.
    pub(super) abandon: CancellationToken,
    pub(super) held: Held,
    /// One slot for each batch that may be in hand.
    slots: Arc<Semaphore>,
}

impl<C: Claims> Shared<C> {
    pub(super) fn new(claims: C, mut options: Options, stop: CancellationToken) -> Self {
        options.concurrency = options.concurrency.max(1);
        Self {
            slots: Arc::new(Semaphore::new(options.concurrency.into())),
            claims,
            options,
            stop,
            abandon: CancellationToken::new(),
            held: Held::default(),
        }
    }

    /// Waits until there are batches and free slots for them, and claims as many.
    ///
    /// Returns nothing only when asked to stop. A claim under way is always
    /// awaited, as batches may already be marked as claimed.
    pub(super) async fn claim(&self, worker: &str) -> Vec<Delivery> {
        let mut failures = 0;
        while let Some(Some(mut free)) = self.stop.run_until_cancelled(self.free_slots()).await {
            let most = free.num_permits();
            // Made before it asks, so that no wake-up falls in between.
            let woken = self.options.wake.notified();
            let claimed = attempt("claim a batch", || self.claims.claim(worker, most)).await;
            let pause = match claimed {
                Some(claims) if !claims.is_empty() => {
                    return claims.into_iter().map(|claim| self.held.hold(claim, free.split(1))).collect();
                }
                Some(_) => {
                    failures = 0;
                    tokio::time::timeout(self.options.poll, woken).map(drop).boxed()
                }
                None => {
                    failures += 1;
                    tokio::time::sleep(back_off(failures)).boxed()
                }
            };
            drop(free);
            self.stop.run_until_cancelled(pause).await;
        }
        Vec::new()
    }

    /// Gives back a batch that was not started.
    pub(super) async fn give_back(&self, delivery: &Delivery) {
        attempt("release a batch", || self.claims.release(&delivery.claim)).await;
    }

    /// Renews the leases of all that is held, until dropped.
    pub(super) async fn renew_leases(self: Arc<Self>) {
        let period = self.options.renew_every.max(Duration::from_millis(1));
        let mut turn = tokio::time::interval(period);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            let claims = self.held.claims();
            let renewed = attempt("renew leases", || self.claims.renew(&claims));
            if !claims.is_empty() && tokio::time::timeout(period, renewed).await.is_err() {
                warn!(?period, "renewing leases took too long");
            }
        }
    }

    /// Waits before a worker that broke down claims again.
    pub(super) async fn rest(&self, restarts: usize) {
        let pause = tokio::time::sleep(back_off(restarts));
        self.stop.run_until_cancelled(pause).await;
    }

    /// Waits until no batch is in hand.
    pub(super) async fn idle(&self) {
        let all = self.options.concurrency.into();
        drop(self.slots.acquire_many(all).await);
    }

    /// Waits for a free slot and takes all that are free.
    async fn free_slots(&self) -> Option<OwnedSemaphorePermit> {
        let mut free = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        while let Ok(another) = Arc::clone(&self.slots).try_acquire_owned() {
            free.merge(another);
        }
        Some(free)
    }
}

/// Makes one call on the ledger and logs what goes wrong, so that neither an
/// error nor a panic reaches the worker.
async fn attempt<T, E, Fut>(what: &str, call: impl FnOnce() -> Fut) -> Option<T>
where
    E: std::error::Error,
    Fut: Future<Output = Result<T, E>>,
{
    match AssertUnwindSafe(async { call().await }).catch_unwind().await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            warn!(%error, "could not {what}");
            None
        }
        // The panic's own text can quote a value.
        Err(_) => {
            error!("could not {what}: the ledger panicked");
            None
        }
    }
}

/// Returns the pause after so many failures in a row: none after none.
fn back_off(failures: usize) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let factor = 1_u32 << doublings.min(16);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let pauses: Vec<u128> = [0, 1, 2, 3, 6, 7, usize::MAX].map(|failures| back_off(failures).as_millis()).into();
        assert_eq!(pauses, [0, 100, 200, 400, 3_200, 5_000, 5_000]);
    }
}
