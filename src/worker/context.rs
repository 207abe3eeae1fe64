//! What everything that happens has at hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Planner, Targets};
use crate::database::{Store, StoreError};
use crate::domain::window::Window;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::queue::Redis;

/// Bounds that the configuration sets.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most clients in a batch.
    pub batch_size: usize,
    /// How long a batch should take: they get smaller where it takes longer.
    pub batch_time: Duration,
    /// The most clients a second that one process takes.
    pub rate: Option<u32>,
    /// The hours in which work is done; `None` for always.
    pub window: Option<Window>,
    /// The most write-ahead log, in bytes, that a replica may be behind by while
    /// work is done; `None` looks at no replica.
    pub replica_lag: Option<u64>,
    /// How often a client is tried before it stands in the failures.
    pub attempts: u32,
    /// How long to wait before a client is tried again, doubled each time.
    pub retry_after: Duration,
    /// How old the last acknowledged backup may be; `None` asks for none.
    pub backup_max_age: Option<Duration>,
    /// A file whose time of change says when the last backup was made.
    pub backup_stamp: Option<PathBuf>,
    /// Whether a live sweep needs a rehearsal of its plan.
    pub rehearsal: bool,
    /// Clients of a rehearsal whose former values are looked for in the whole database.
    pub rehearsal_clients: usize,
    /// The share of all clients that a sweep may take if its job does not say.
    pub brake_share: f64,
    /// How long a stop waits for the batch in hand.
    pub drain: Duration,
}

impl Limits {
    /// The most clients in a batch: no more than ten seconds' worth where there
    /// is a rate, so that no session waits for long on one batch.
    #[must_use]
    pub fn most_clients(&self) -> usize {
        let seconds = |rate: u32| usize::try_from(rate).unwrap_or(usize::MAX).saturating_mul(10);
        self.batch_size.min(self.rate.map_or(usize::MAX, seconds))
    }
}

/// What everything that happens has at hand.
#[derive(Clone)]
pub struct Context {
    /// The company's database.
    pub store: Store,
    /// Our own tables in it.
    pub ledger: Ledger,
    /// Policy and plan.
    pub planner: Planner,
    pub limits: Limits,
    /// Carries the batches' ids to the workers, if one is configured.
    pub redis: Option<Redis>,
    /// Where deliveries go.
    pub targets: Arc<Targets>,
    /// The record of outcomes outside the database, if one is configured.
    pub journal: Option<Journal>,
    /// Wakes the worker when there is something to claim.
    pub wake: Arc<Notify>,
    /// Cancelled when the process is to stop: it begins nothing new.
    pub stop: CancellationToken,
    /// Who acts, for the ledger.
    pub actor: String,
}

impl Context {
    /// Ends a sweep before its time, and says so in the log.
    pub(super) async fn stop_sweep(&self, sweep: i64, note: &str) -> Result<(), StoreError> {
        tracing::error!(sweep, note, "sweep stopped");
        self.ledger.stop_sweep(sweep, note).await
    }

    /// Ends a sweep that would take more than its brake allows, and says so in the log.
    pub(super) async fn brake_sweep(&self, sweep: i64, note: &str) -> Result<(), StoreError> {
        tracing::error!(sweep, note, "sweep braked");
        self.ledger.brake_sweep(sweep, note).await
    }
}
