//! The sections of the configuration, each with its defaults.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::http::Settings;
use crate::ledger::LEASE;

/// `[sweep]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SweepConfig {
    /// The most clients in a batch.
    pub batch_size: usize,
    /// How long a batch should take; they get smaller where it takes longer.
    #[serde(with = "humantime_serde")]
    pub batch_time: Duration,
    /// How often a client that fails is tried.
    pub attempts: u32,
    /// The pause before a client is tried again, doubled each time.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// The share of all clients that a sweep may take unless its job says otherwise.
    pub brake_share: f64,
    /// Accepted and ignored: every period sweep evaluates all clients.
    #[serde(rename = "full_pass_every")]
    _full_pass_every: Option<serde::de::IgnoredAny>,
    /// Whether a live sweep needs a rehearsal of its policy.
    pub rehearsal: bool,
    /// Clients of a rehearsal whose former values are looked for in the whole database.
    pub rehearsal_clients: usize,
    /// How long a batch stays with a worker that is not heard of any more.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How long a stop waits for the batch in hand.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self {
            batch_size: 1000,
            batch_time: Duration::from_millis(250),
            attempts: 3,
            retry_after: Duration::from_secs(2),
            brake_share: 0.1,
            _full_pass_every: None,
            rehearsal: true,
            rehearsal_clients: 50,
            lease: LEASE,
            drain: Duration::from_secs(30),
        }
    }
}

/// `[backup]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
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

/// `[review]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewConfig {
    /// Whether a review is approved by a person other than the one who made it.
    pub second_person: bool,
}

impl Default for ReviewConfig {
    fn default() -> Self {
        Self { second_person: true }
    }
}

/// `[worker]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// The hours in which work is done, in `time_zone`.
    pub window: Option<String>,
    /// The most clients a second that one process takes.
    pub rate: Option<u32>,
}

/// `[sqlite]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqliteConfig {
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

/// `[postgres]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresConfig {
    /// Batches worked on at a time.
    pub concurrency: u16,
    /// The schema of Lethe's own tables.
    pub ledger_schema: String,
    /// How long a statement waits for a lock of another session.
    #[serde(with = "humantime_serde")]
    pub lock_timeout: Duration,
    /// How long a statement may take.
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    /// The most write-ahead log, in MiB, that a replica may be behind by while work is done.
    pub replica_lag_mib: Option<u64>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            concurrency: 1,
            ledger_schema: "lethe".to_owned(),
            lock_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(300),
            replica_lag_mib: None,
            password_file: None,
        }
    }
}

/// `[redis]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// The server that carries the batches' ids; without one, workers ask the database.
    pub url: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A file with the certificates of the authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// What tells the ids of one database from those of another.
    pub prefix: String,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self { url: None, password_file: None, ca_file: None, prefix: "lethe".to_owned() }
    }
}

/// `[deliveries]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveriesConfig {
    /// How often a delivery is tried before it is given up.
    pub attempts: u32,
    /// The pause before it is tried again, doubled each time.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// How long a webhook has to answer.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

impl Default for DeliveriesConfig {
    fn default() -> Self {
        Self { attempts: 16, retry_after: Duration::from_secs(5), timeout: Duration::from_secs(10) }
    }
}

/// `[alerts]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// What is asked for when a job is done.
    pub ping: Option<String>,
    /// What is asked for when it was stopped or braked.
    pub ping_failed: Option<String>,
    /// For how long clients may be due before operators are alerted.
    #[serde(with = "humantime_serde")]
    pub overdue: Duration,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self { ping: None, ping_failed: None, overdue: Duration::from_secs(7 * 86_400) }
    }
}

/// `[email]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailConfig {
    /// The server that accepts e-mail: `smtps://user@host` or `smtp://user@host`.
    pub server: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// Who writes.
    pub from: Option<String>,
    /// Who is told, separated by commas.
    pub to: Option<String>,
}

/// `[traces]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracesConfig {
    /// The collector that spans are sent to.
    pub endpoint: Option<String>,
    /// A file of headers that say who sends them.
    pub headers_file: Option<PathBuf>,
    /// The share of traces that are sent.
    pub sample: f64,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self { endpoint: None, headers_file: None, sample: 1.0 }
    }
}

/// `[journal]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalConfig {
    /// Where outcomes are recorded outside the database: a folder, or a bucket's URL.
    pub place: Option<String>,
    /// The key under which client keys are hashed; without one they are written as they are.
    pub key: Option<String>,
    /// A file that holds that key.
    pub key_file: Option<PathBuf>,
    /// Files with keys of before, to read what was sealed with them.
    pub old_key_files: Vec<PathBuf>,
}

/// `[recognize]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecognizeConfig {
    /// A file that holds the key of the hashes by which clients are recognized.
    pub key_file: Option<PathBuf>,
}

/// `[http]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The address and port to listen at; without one, there is no HTTP API.
    pub listen: Option<SocketAddr>,
    /// The address under which people reach it, where a proxy stands before it.
    pub public_url: Option<Url>,
    /// The most requests a second of one token, or of one address without a token.
    pub rate: NonZeroU32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: None, public_url: None, rate: NonZeroU32::MIN.saturating_add(49) }
    }
}

impl HttpConfig {
    /// How to listen, if anybody is listened to.
    pub fn settings(&self) -> Option<Settings> {
        let (public_url, rate) = (self.public_url.clone(), self.rate);
        self.listen.map(|listen| Settings { listen, public_url, rate })
    }
}
