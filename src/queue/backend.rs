//! The ledger's claims as an apalis backend.
//!
//! Its error is [`Infallible`]: apalis ends a worker at its backend's first
//! error and logs the whole chain of it, where a driver's text can quote a row.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use apalis_core::{
    backend::{
        Backend, BackendConfig,
        finalize::Ephemeral,
        persistence::{Persisted, Persistence, State, TaskEvent},
    },
    layers::Identity,
    task::{Task, builder::TaskBuilder, task_id::TaskId},
    worker::context::WorkerContext,
};

use super::{Claims, delivery::Delivery, shared::Shared};

/// How often apalis marks the worker as alive. Nothing depends on it: leases are
/// renewed elsewhere, since apalis stops its heartbeat while draining.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// The ledger's claims, as apalis drives them.
pub(super) struct Feed<C> {
    shared: Arc<Shared<C>>,
    restarts: usize,
}

impl<C> Clone for Feed<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), restarts: self.restarts }
    }
}

impl<C: Claims> Persistence for Feed<C> {
    /// Never encoded: a claim goes from the ledger to the handler in memory.
    type Compact = Delivery;
    type Response = ();
    type Error = Infallible;

    /// Makes a worker that broke down wait before it claims again.
    async fn register(&mut self, _: &WorkerContext) -> Result<(), Infallible> {
        self.shared.rest(self.restarts).await;
        Ok(())
    }

    async fn heartbeat(&mut self, _: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    /// Ends only with batches, or when asked to stop: an empty answer would wait
    /// for a wake-up that apalis does not promise.
    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Delivery>>, Infallible> {
        let deliveries = self.shared.claim(worker.name()).await;
        Ok(deliveries.into_iter().map(task).collect())
    }

    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<Delivery>>, _: &WorkerContext) -> Result<u64, Infallible> {
        let mut released = 0;
        for task in tasks {
            self.shared.give_back(&task.args).await;
            released += 1;
        }
        Ok(released)
    }

    /// The handler has recorded the outcome; dropping the delivery was all that
    /// the queue had left to do.
    async fn handle_events(&mut self, _: Vec<TaskEvent<()>>, _: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    /// Never called: batches come from the ledger alone, and the backend is no
    /// sink.
    async fn push_tasks(&mut self, _: Vec<Task<Delivery>>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn task(delivery: Delivery) -> Task<Delivery> {
    let id = TaskId::from_string(delivery.claim.batch.to_string());
    TaskBuilder::new(delivery).task_id(id).max_attempts(1).build()
}

/// The backend of one worker, for one start of it.
pub(super) struct ClaimsBackend<C: Claims> {
    feed: Persisted<Feed<C>>,
}

impl<C: Claims> ClaimsBackend<C> {
    /// Makes a backend that claims at once, or after a pause if the worker had
    /// to be restarted.
    pub(super) fn new(shared: Arc<Shared<C>>, restarts: usize) -> Self {
        Self { feed: Persisted::new(Feed { shared, restarts }) }
    }
}

impl<C: Claims> Backend for ClaimsBackend<C> {
    type Task = Task<Delivery>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.feed.poll_ready(cx, worker, HEARTBEAT)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.feed.poll_next(cx, worker)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // apalis would drop a claim under way, and leave its batches claimed.
        // Awaited instead, they are buffered, and released with the others.
        if let State::Fetch(claim) = self.feed.state_mut() {
            let Ok(tasks) = ready!(claim.poll_unpin(cx));
            *self.feed.state_mut() = State::Buffered(tasks.into());
        }
        self.feed.poll_close(cx, worker)
    }
}

impl<C: Claims> BackendConfig for ClaimsBackend<C> {
    type Args = Delivery;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
