//! From a configuration to what a command works with.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Failure;
use super::config::Config;
use crate::domain::clock::Clock;
use crate::domain::job::Job;
use crate::domain::reading::trouble;
use crate::ledger::Ledger;
use crate::store::Store;
use crate::worker::Context;

/// The configuration and the database it names.
pub(super) async fn store(file: &Path) -> Result<(Config, Store), Failure> {
    let config = Config::read(file)?;
    let store = Store::open(config.settings()?).await?;
    Ok((config, store))
}

/// Everything, with the ledger made if it was missing.
pub(super) async fn context(file: &Path) -> Result<(Config, Context), Failure> {
    let (config, store) = store(file).await?;
    let redis = config.redis.open()?;
    let context = Context { redis, ..context_of(&config, store).await? };
    Ok((config, context))
}

/// Everything but Redis.
pub(super) async fn context_of(config: &Config, store: Store) -> Result<Context, Failure> {
    let ledger = Ledger::open(&store, &Clock::System).await?.with_lease(config.sweep.lease);
    Ok(Context {
        ledger,
        store,
        planner: config.planner(),
        limits: config.limits(),
        redis: None,
        targets: Arc::new(config.targets.clone()),
        journal: config.journal.open()?,
        wake: Arc::default(),
        actor: actor(),
    })
}

/// Who acts: the account of the operating system.
pub(super) fn actor() -> String {
    let name = ["LOGNAME", "USER", "USERNAME"].iter().find_map(|variable| std::env::var(variable).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// All jobs in the folder, by name.
pub(super) fn jobs(folder: &Path) -> Result<Vec<Job>, Failure> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        Failure::new(
            format!("the jobs in `{}` cannot be read: {}", path.display(), trouble(error.kind())),
            "`jobs` in `lethe.toml` names the folder of the job files",
        )
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| unreadable(folder, &error))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            Job::parse(&name, &text).map_err(|error| {
                let mut failure = Failure::from(error);
                // A job knows its name; where its file is, is known here.
                failure.message = failure.message.replace(&format!("jobs/{name}.toml"), &path.display().to_string());
                failure
            })
        })
        .collect()
}

/// The job of this name.
pub(super) fn job(folder: &Path, name: &str) -> Result<Job, Failure> {
    let jobs = jobs(folder)?;
    let names: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    jobs.into_iter().find(|job| job.name == name).ok_or_else(|| {
        let near = crate::domain::nearest::nearest(name, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("there is no job file in `{}`", folder.display()),
            None => format!("the jobs are `{}`", names.join("`, `")),
        };
        Failure::new(format!("there is no job `{name}`"), hint)
    })
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
        tracing::info!("stopping: the batch in hand is finished first");
        signalled.cancel();
    });
    stop
}
