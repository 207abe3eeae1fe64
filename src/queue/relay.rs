//! Claims of batches whose ids Redis carries, and of the ledger's where it
//! does not.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::{
    Claim, Claims, Numbered,
    redis::{AHEAD, Redis, RedisFault},
};

/// How often an idle worker asks the ledger while Redis carries the ids: for
/// batches that are not staged.
const PATROL: Duration = Duration::from_secs(10);

/// How often an idle worker asks the ledger while Redis is away.
const WITHOUT: Duration = Duration::from_millis(500);

/// The first pause before Redis is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// How long trying it again may take.
const GLANCE: Duration = Duration::from_millis(500);

/// A ledger and the Redis that carries its batches' ids.
///
/// The ledger decides: an id is taken from Redis, and its batch then claimed in
/// the ledger, or not. While Redis is away, batches are claimed as if there
/// were none.
pub struct Relay<L> {
    ledger: L,
    redis: Redis,
    standing: Arc<Mutex<Standing>>,
}

impl<L: Clone> Clone for Relay<L> {
    fn clone(&self) -> Self {
        Self { ledger: self.ledger.clone(), redis: self.redis.clone(), standing: Arc::clone(&self.standing) }
    }
}

/// What Redis is good for at the moment.
#[derive(Default)]
struct Standing {
    staging: Option<Away>,
    taking: Option<Away>,
    /// When the ledger was last asked for something to claim, and had nothing.
    nothing_at: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Use {
    Staging,
    Taking,
}

#[derive(Clone, Copy)]
struct Away {
    again_at: Instant,
    pause: Duration,
}

impl Standing {
    fn of(&mut self, used: Use) -> &mut Option<Away> {
        match used {
            Use::Staging => &mut self.staging,
            Use::Taking => &mut self.taking,
        }
    }

    fn is_away(&self) -> bool {
        self.staging.is_some() || self.taking.is_some()
    }
}

impl<L: Numbered> Relay<L> {
    /// Puts Redis between a ledger and those who claim.
    pub fn new(ledger: L, redis: Redis) -> Self {
        Self { ledger, redis, standing: Arc::default() }
    }

    /// Stages the batches that can be claimed now, and returns how many were
    /// not staged before. None while Redis is away.
    pub async fn stage(&self) -> Result<usize, L::Error> {
        if self.waits(Use::Staging) {
            return Ok(0);
        }
        let ids = self.ledger.claimable(AHEAD).await?;
        let staged = if !ids.is_empty() {
            self.used(Use::Staging, self.redis.stage(&ids)).await
        } else if self.standing().staging.is_some() {
            self.used(Use::Staging, self.redis.check()).await.map(|()| 0)
        } else {
            Some(0)
        };
        Ok(staged.unwrap_or(0))
    }

    /// Claims batches whose ids Redis has.
    async fn claim_staged(&self, worker: &str, most: usize) -> Result<Vec<Claim>, L::Error> {
        while !self.waits(Use::Taking) {
            let ids = self.used(Use::Taking, self.redis.take(most)).await.unwrap_or_default();
            if ids.is_empty() {
                break;
            }
            // What cannot be claimed now was staged twice, and another has it.
            let claims = self.ledger.claim_of(worker, &ids).await?;
            if !claims.is_empty() {
                return Ok(claims);
            }
        }
        Ok(Vec::new())
    }

    /// Whether Redis is away, and it is too early to try it again.
    fn waits(&self, used: Use) -> bool {
        self.standing().of(used).is_some_and(|away| Instant::now() < away.again_at)
    }

    /// Uses Redis, notes whether it was of use, and says so where that has changed.
    async fn used<T>(&self, used: Use, call: impl Future<Output = Result<T, RedisFault>>) -> Option<T> {
        let was_away = self.standing().of(used).is_some();
        let answer = if was_away {
            // One that is back answers at once; one that hangs should not hold up the ledger's batches.
            let slow = |_| Err(RedisFault::Slow(self.redis.place().to_owned()));
            tokio::time::timeout(GLANCE, call).await.unwrap_or_else(slow)
        } else {
            call.await
        };
        self.note(used, answer)
    }

    fn note<T>(&self, used: Use, answer: Result<T, RedisFault>) -> Option<T> {
        let mut standing = self.standing();
        let was_away = standing.is_away();
        let (first, longest) = PAUSES;
        match answer {
            Ok(answer) => {
                *standing.of(used) = None;
                if was_away && !standing.is_away() {
                    info!(redis = self.redis.place(), "Redis is back and carries the batches again");
                }
                Some(answer)
            }
            Err(fault) => {
                let away = standing.of(used);
                let pause = away.map_or(first, |away| (away.pause * 2).min(longest));
                *away = Some(Away { again_at: Instant::now() + pause, pause });
                if !was_away {
                    standing.nothing_at = None;
                    warn!(error = %fault, hint = fault.hint(), "batches are claimed from the ledger until Redis is back");
                }
                None
            }
        }
    }

    /// Whether it is time to ask the ledger itself.
    fn asks_ledger(&self) -> bool {
        let standing = self.standing();
        let pause = if standing.is_away() { WITHOUT } else { PATROL };
        standing.nothing_at.is_none_or(|at| at.elapsed() >= pause)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Numbered> Claims for Relay<L> {
    type Error = L::Error;

    async fn claim(&self, worker: &str, most: usize) -> Result<Vec<Claim>, L::Error> {
        let claims = self.claim_staged(worker, most).await?;
        if !claims.is_empty() || !self.asks_ledger() {
            return Ok(claims);
        }
        let claims = self.ledger.claim(worker, most).await?;
        self.standing().nothing_at = claims.is_empty().then(Instant::now);
        Ok(claims)
    }

    async fn renew(&self, claims: &[Claim]) -> Result<(), L::Error> {
        self.ledger.renew(claims).await
    }

    async fn release(&self, claim: &Claim) -> Result<(), L::Error> {
        self.ledger.release(claim).await
    }
}
