//! Delivers the ledger's batches to a handler.
//!
//! The ledger's batches *are* the queue: a claim is a lease on a row, and this
//! module only asks for claims, keeps their leases alive while they are worked
//! on, and gives back what was never started. Finishing, retrying and failing a
//! batch is the handler's, in its own transaction, fenced by the lease. apalis
//! is the worker runtime underneath.
//!
//! Where Redis is configured, a [`Relay`] takes the ids of batches from there
//! and claims these in the ledger, so that many workers need not all ask the
//! ledger.
//!
//! It knows the ledger through [`Claims`] and [`Numbered`] alone and imports
//! nothing of this program.

mod backend;
mod delivery;
mod error;
mod redis;
mod relay;
mod shared;

use std::{future::Future, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, WorkerBuilder};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

pub use self::error::{HandlerError, QueueError};
pub use self::redis::{AHEAD, Redis, RedisFault, RedisSettings};
pub use self::relay::Relay;
use self::{backend::ClaimsBackend, delivery::deliver, shared::Shared};

/// A batch claimed by one worker, and the lease that may finish it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The batch, by its id in the ledger.
    pub batch: i64,
    /// The fencing token: unique to this claim, and void once another worker has
    /// claimed the batch.
    pub lease: String,
    /// How often the batch has been claimed and not given back, this time
    /// included: 1 the first time.
    pub attempt: u32,
}

/// Where batches are claimed; the ledger implements it.
///
/// Every call may be dropped half-way, and should set time limits of its own on
/// its statements.
pub trait Claims: Clone + Send + Sync + 'static {
    /// What can go wrong with a call.
    ///
    /// Its `Display` is logged, so it quotes no value of a row; its sources are
    /// not logged.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Claims up to `most` batches for `worker`, those first whose turn it is.
    ///
    /// Returns at once, with nothing if there is nothing to do. `most` is at
    /// least 1.
    ///
    /// # Errors
    ///
    /// Any error is logged, and the claim tried again after a pause.
    fn claim(&self, worker: &str, most: usize) -> impl Future<Output = Result<Vec<Claim>, Self::Error>> + Send;

    /// Extends those leases of `claims` that still hold, and passes over the
    /// others.
    ///
    /// # Errors
    ///
    /// Any error is logged, and the renewal tried again at the next turn.
    fn renew(&self, claims: &[Claim]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Gives back a batch that was never started, to be claimed at once, without
    /// counting the attempt.
    ///
    /// # Errors
    ///
    /// Any error is logged, and the batch left until its lease runs out.
    fn release(&self, claim: &Claim) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Claims that can be made by number, so that something else can carry the
/// numbers to those who claim.
pub trait Numbered: Claims {
    /// Returns up to `most` batches that could be claimed now, those first whose
    /// turn it is.
    fn claimable(&self, most: usize) -> impl Future<Output = Result<Vec<i64>, Self::Error>> + Send;

    /// Claims those of `batches` that can be claimed now, and passes over the
    /// others.
    fn claim_of(&self, worker: &str, batches: &[i64]) -> impl Future<Output = Result<Vec<Claim>, Self::Error>> + Send;
}

/// How batches are worked on.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the worker's name starts with; every start and restart adds an id
    /// of its own.
    pub worker_name: String,
    /// How many batches are worked on at a time; 0 is taken as 1. No more than
    /// these are ever claimed.
    pub concurrency: u16,
    /// How long an idle worker waits before it asks again; a batch is picked up
    /// after this and the time of one claim, at most.
    pub poll: Duration,
    /// Makes an idle worker ask at once.
    pub wake: Arc<Notify>,
    /// How often leases are renewed: a third of a lease or less, so that two
    /// renewals may fail. At least 1 ms.
    pub renew_every: Duration,
    /// The longest one batch may take. Its handler is dropped after that, and
    /// the batch left until its lease runs out.
    pub time_limit: Duration,
    /// How long the batches in hand may still take once asked to stop.
    pub drain: Duration,
}

/// Works on batches until `stop` is cancelled.
///
/// Each claim goes to `handler` once, up to `options.concurrency` at a time, in
/// a task of its own. The handler finishes or retries the batch in its own
/// transaction, fenced by [`Claim::lease`], whose renewal goes on for as long as
/// the handler does. If it returns an error, panics or exceeds
/// `options.time_limit`, that is logged, and the batch left until its lease runs
/// out. Errors of the ledger are logged and tried again; they never end the
/// work.
///
/// Once `stop` is cancelled nothing more is claimed, what was claimed but not
/// started is released, and the batches in hand are finished within
/// `options.drain`. Dropping the future drops the batches in hand.
///
/// # Errors
///
/// [`QueueError::StillInHand`] if batches had to be dropped at the end of the
/// drain, [`QueueError::BrokenDown`] if the worker failed while stopping.
///
/// # Panics
///
/// Outside a Tokio runtime with time enabled.
pub async fn work<C, H, Fut>(claims: C, options: Options, stop: CancellationToken, handler: H) -> Result<(), QueueError>
where
    C: Claims,
    H: Fn(Claim) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    let (shared, handler) = (Arc::new(Shared::new(claims, options, stop)), Arc::new(handler));
    let _abandon_on_return = shared.abandon.clone().drop_guard();
    let renewal = Arc::clone(&shared).renew_leases();
    tokio::spawn(shared.abandon.clone().run_until_cancelled_owned(renewal));

    let worker = {
        let shared = Arc::clone(&shared);
        move |restarts| {
            let (shared, handler) = (Arc::clone(&shared), Arc::clone(&handler));
            WorkerBuilder::new(format!("{}-{}", shared.options.worker_name, Ulid::new()))
                .backend(ClaimsBackend::new(Arc::clone(&shared), restarts))
                .build(move |delivery| deliver(Arc::clone(&shared), Arc::clone(&handler), delivery))
        }
    };
    let stopping = shared.stop.clone();
    let monitor = Monitor::new().register(worker).should_restart(move |_, _| !stopping.is_cancelled());

    let ended = async {
        let stopped = async {
            shared.stop.cancelled().await;
            Ok(())
        };
        let ended = monitor.run_with_signal(stopped).await;
        // What a worker had in hand when it broke down outlives it.
        shared.idle().await;
        ended.map_err(|_| QueueError::BrokenDown)
    };
    let drained = async {
        shared.stop.cancelled().await;
        tokio::time::sleep(shared.options.drain).await;
    };
    tokio::select! {
        biased;
        ended = ended => ended,
        () = drained => Err(QueueError::StillInHand {
            batches: shared.held.batches(),
            drain: shared.options.drain,
        }),
    }
}
