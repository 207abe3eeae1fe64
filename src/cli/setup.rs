//! From a configuration to what a command works with.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Failure;
use super::access::{caller, permit};
use crate::config::Config;
use crate::database::{Store, StoreError};
use crate::domain::access::{Limit, Right, Rights};
use crate::domain::clock::Clock;
use crate::ledger::{Ledger, with_ledger_of};
use crate::service::Service;
use crate::service::access::{Caller, Way};
pub(super) use crate::service::jobs::{JobFiles, job, job_files, jobs};
use crate::worker::Context;

/// The configuration and the database it names.
pub(super) async fn store(file: &Path) -> Result<(Config, Store), Failure> {
    let config = Config::read(file)?;
    let store = opened(&config).await?;
    Ok((config, store))
}

/// The database, with the ledger for the policy's clients.
pub(super) async fn opened(config: &Config) -> Result<Store, Failure> {
    Ok(of_policy(config, &Store::open(config.settings()?).await?).await?)
}

/// The same for a database that is open.
pub(super) async fn of_policy(config: &Config, store: &Store) -> Result<Store, StoreError> {
    with_ledger_of(store, config.planner().client_table().as_deref()).await
}

/// Everything, with the ledger made if it was missing.
pub(super) async fn context(file: &Path) -> Result<(Config, Context), Failure> {
    let (config, store) = store(file).await?;
    config.begin_traces()?;
    let context = context_of(&config, store).await?;
    let redis = config.redis.open(context.store.ledger())?;
    Ok((config, Context { redis, ..context }))
}

/// Everything, for the caller.
pub(super) async fn service(file: &Path) -> Result<(Config, Service), Failure> {
    let (config, context) = context(file).await?;
    let service = service_of(&config, context).await?;
    Ok((config, service))
}

/// What is available, for the caller; `None` without a ledger, for a caller who has the right: nothing that only reads
/// makes one.
pub(super) async fn reading(file: &Path, right: Right, what: &str) -> Result<(Config, Option<Service>), Failure> {
    let (config, store) = store(file).await?;
    if !Ledger::exists(&store).await? {
        permit(&config, right, what)?;
        return Ok((config, None));
    }
    let service = service_of(&config, context_of(&config, store).await?).await?;
    Ok((config, Some(service)))
}

/// What is available, for the caller.
pub(super) async fn service_of(config: &Config, context: Context) -> Result<Service, Failure> {
    let caller = caller(config, &context.ledger).await?;
    Ok(unasked(config, context).for_caller(caller))
}

/// What is at hand for requests, each of which says who asks.
pub(super) fn unasked(config: &Config, context: Context) -> Service {
    let (rights, limit) = (Rights::default(), Limit::default());
    let unnamed = Caller { name: String::new(), rights, limit, way: Way::Http, token: None };
    Service {
        jobs: config.jobs.clone(),
        time_zone: config.time_zone,
        second_person: config.review.second_person,
        caller: unnamed,
        context,
    }
}

/// Everything but Redis.
pub(super) async fn context_of(config: &Config, store: Store) -> Result<Context, Failure> {
    let planner = config.planner();
    let ledger = Ledger::of_clients(&store, &Clock::System, planner.client_table().as_deref()).await?;
    let ledger = ledger.with_lease(config.sweep.lease);
    let store = ledger.store().clone();
    let journal = config.journal.open(&store)?;
    config.journal.make_folder(&store);
    Ok(Context {
        ledger,
        store,
        planner,
        limits: config.limits(),
        redis: None,
        targets: Arc::new(config.targets.clone()),
        journal,
        wake: Arc::default(),
        stop: CancellationToken::default(),
        actor: actor(),
    })
}

/// Who acts: the account of the operating system.
pub(super) fn actor() -> String {
    whoami::username().ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Stopped by SIGTERM or Ctrl-C.
pub(super) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let signalled = stop.clone();
    tokio::spawn(async move {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = terminate => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: the current batch is finished first");
        signalled.cancel();
    });
    stop
}

/// Ignores SIGHUP, which would end the process: jobs are read at the start.
pub(super) fn ignore_hangup() {
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                tracing::warn!("SIGHUP is ignored; restart the process to read changed jobs and settings");
            }
        });
    }
}
