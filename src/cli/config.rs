//! The configuration: `lethe.toml`, then the environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::Failure;
use crate::store::Settings;
use crate::worker::Limits;

/// Variables of the environment that are no settings.
const NOT_SETTINGS: [&str; 2] = ["LETHE_CONFIG", "LETHE_LOG"];

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The company's database.
    pub database: PathBuf,
    /// The policy's file.
    #[serde(default = "policy")]
    pub policy: PathBuf,
    /// The folder of the job files.
    #[serde(default = "jobs")]
    pub jobs: PathBuf,
    /// The time zone in which a sweep started by hand has its day.
    #[serde(default = "utc")]
    pub time_zone: chrono_tz::Tz,
    #[serde(default)]
    pub sweep: SweepConfig,
    #[serde(default)]
    pub backup: BackupConfig,
    #[serde(default)]
    pub sqlite: SqliteConfig,
}

/// `[sweep]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SweepConfig {
    /// Clients in a batch.
    pub batch_size: usize,
    /// How often a client that fails is tried.
    pub attempts: u32,
    /// The pause before a client is tried again, doubled each time.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// The share of all clients that a sweep may take unless its job says otherwise.
    pub brake_share: f64,
    /// How often a period sweep looks at everybody again.
    #[serde(with = "humantime_serde")]
    pub full_pass_every: Duration,
    /// Whether a live sweep needs a rehearsal of its policy.
    pub rehearsal: bool,
    /// How long a stop waits for the batch in hand.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self {
            batch_size: 1000,
            attempts: 3,
            retry_after: Duration::from_secs(2),
            brake_share: 0.1,
            full_pass_every: Duration::from_secs(30 * 86_400),
            rehearsal: true,
            drain: Duration::from_secs(30),
        }
    }
}

/// `[backup]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BackupConfig {
    /// Whether a live sweep needs a recent backup.
    pub required: bool,
    /// How old it may be.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// A file that the backup script touches.
    pub stamp: Option<PathBuf>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { required: true, max_age: Duration::from_secs(7 * 86_400), stamp: None }
    }
}

/// `[sqlite]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SqliteConfig {
    /// The page cache of the writing connection, in MiB.
    pub cache_mib: u32,
    /// How long to wait for another program that writes.
    #[serde(with = "humantime_serde")]
    pub busy_timeout: Duration,
    /// Pages of write-ahead log after which it is written back.
    pub checkpoint_pages: u32,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self { cache_mib: 256, busy_timeout: Duration::from_secs(5), checkpoint_pages: 100_000 }
    }
}

fn policy() -> PathBuf {
    PathBuf::from("policy.toml")
}

fn jobs() -> PathBuf {
    PathBuf::from("jobs")
}

fn utc() -> chrono_tz::Tz {
    chrono_tz::UTC
}

impl Config {
    /// Reads the file, if it is there, and the environment; relative paths
    /// count from the file's folder.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let settings = std::env::vars().filter(|(name, _)| !NOT_SETTINGS.contains(&name.as_str())).collect();
        let environment = config::Environment::with_prefix("LETHE")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .source(Some(settings));
        let is_there = file.exists();
        let hint = "`docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or \
                    `LETHE_SWEEP__BATCH_SIZE` overrides the file";
        let read = config::Config::builder()
            .add_source(config::File::from(file).format(config::FileFormat::Toml).required(false))
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize::<Self>);
        let mut config = read.map_err(|error| {
            let error = error.to_string().replace('\n', ", ");
            if is_there {
                Failure::new(format!("`{}` is no configuration: {error}", file.display()), hint)
            } else if error.contains("missing") && error.contains("database") {
                Failure::new(
                    format!("there is no `{}`, and `LETHE_DATABASE` is not set", file.display()),
                    "write a `lethe.toml` with `database = \"company.db\"`, or name it with `--config`; \
                     `lethe demo` makes a company to try things on",
                )
            } else {
                Failure::new(format!("the environment is no configuration: {error}"), hint)
            }
        })?;
        config.check().map_err(|what| Failure::new(format!("`{}`: {what}", file.display()), hint))?;
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        for path in [&mut config.database, &mut config.policy, &mut config.jobs] {
            *path = folder.join(&*path);
        }
        config.backup.stamp = config.backup.stamp.map(|stamp| folder.join(stamp));
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let sweep = &self.sweep;
        if !(1..=100_000).contains(&sweep.batch_size) {
            return Err(format!("`sweep.batch_size` is {}, and should be from 1 to 100000", sweep.batch_size));
        }
        if sweep.attempts == 0 {
            return Err("`sweep.attempts` is 0, and should be at least 1".to_owned());
        }
        if !(sweep.brake_share > 0.0 && sweep.brake_share <= 1.0) {
            return Err(format!("`sweep.brake_share` is {}, and should be above 0 and at most 1", sweep.brake_share));
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            path: self.database.clone(),
            busy_timeout: self.sqlite.busy_timeout,
            cache_mib: self.sqlite.cache_mib,
            checkpoint_pages: self.sqlite.checkpoint_pages,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            batch_size: self.sweep.batch_size,
            attempts: self.sweep.attempts,
            retry_after: self.sweep.retry_after,
            backup_max_age: self.backup.required.then_some(self.backup.max_age),
            backup_stamp: self.backup.stamp.clone(),
            rehearsal: self.sweep.rehearsal,
            brake_share: self.sweep.brake_share,
            full_pass_every: self.sweep.full_pass_every,
            drain: self.sweep.drain,
        }
    }
}
