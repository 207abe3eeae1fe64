//! The sections of the configuration, each with its defaults.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::http::Settings;
use crate::ledger::LEASE;

/// Sections of the configuration: each setting with its default.
macro_rules! sections {
    ($($(#[$about:meta])* pub struct $own:ident {
        $($(#[$of_field:meta])* $vis:vis $field:ident: $type:ty = $default:expr,)*
    })*) => {$(
        $(#[$about])*
        #[derive(Clone, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $own {
            $($(#[$of_field])* $vis $field: $type,)*
        }

        impl Default for $own {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }
    )*};
}

sections! {
    /// `[sweep]`
    pub struct SweepConfig {
        /// The most clients in a batch.
        pub batch_size: usize = 1000,
        /// How long a batch should take; they get smaller where it takes longer.
        #[serde(with = "humantime_serde")]
        pub batch_time: Duration = Duration::from_millis(250),
        /// How often a client that fails is tried.
        pub attempts: u32 = 3,
        /// The pause before a client is tried again, doubled each time.
        #[serde(with = "humantime_serde")]
        pub retry_after: Duration = Duration::from_secs(2),
        /// The share of all clients that a sweep may take unless its job says otherwise.
        pub brake_share: f64 = 0.1,
        /// Accepted and ignored: every period sweep evaluates all clients.
        #[serde(rename = "full_pass_every")]
        _full_pass_every: Option<serde::de::IgnoredAny> = None,
        /// Whether a live sweep needs a rehearsal of its policy.
        pub rehearsal: bool = true,
        /// Clients of a rehearsal whose former values are looked for in the whole database.
        pub rehearsal_clients: usize = 50,
        /// How long a batch stays with a worker that is not heard of any more.
        #[serde(with = "humantime_serde")]
        pub lease: Duration = LEASE,
        /// How long a stop waits for the batch in hand.
        #[serde(with = "humantime_serde")]
        pub drain: Duration = Duration::from_secs(30),
    }

    /// `[backup]`
    pub struct BackupConfig {
        /// Whether a live sweep needs a recent backup.
        pub required: bool = true,
        /// How old it may be.
        #[serde(with = "humantime_serde")]
        pub max_age: Duration = Duration::from_secs(7 * 86_400),
        /// A file that the backup script touches.
        pub stamp: Option<PathBuf> = None,
    }

    /// `[review]`
    pub struct ReviewConfig {
        /// Whether a review is approved by a person other than the one who made it.
        pub second_person: bool = true,
    }

    /// `[worker]`
    pub struct WorkerConfig {
        /// The hours in which work is done, in `time_zone`.
        pub window: Option<String> = None,
        /// The most clients a second that one process takes.
        pub rate: Option<u32> = None,
    }

    /// `[sqlite]`
    pub struct SqliteConfig {
        /// The page cache of the writing connection, in MiB.
        pub cache_mib: u32 = 256,
        /// How long to wait for another program that writes.
        #[serde(with = "humantime_serde")]
        pub busy_timeout: Duration = Duration::from_secs(5),
        /// Pages of write-ahead log after which it is written back.
        pub checkpoint_pages: u32 = 100_000,
    }

    /// `[postgres]`
    pub struct PostgresConfig {
        /// Batches worked on at a time.
        pub concurrency: u16 = 1,
        /// The schema of Lethe's own tables.
        pub ledger_schema: String = "lethe".to_owned(),
        /// How long a statement waits for a lock of another session.
        #[serde(with = "humantime_serde")]
        pub lock_timeout: Duration = Duration::from_secs(1),
        /// How long a statement may take.
        #[serde(with = "humantime_serde")]
        pub statement_timeout: Duration = Duration::from_secs(300),
        /// The most write-ahead log, in MiB, that a replica may be behind by while work is done.
        pub replica_lag_mib: Option<u64> = None,
        /// A file that holds the password.
        pub password_file: Option<PathBuf> = None,
    }

    /// `[redis]`
    pub struct RedisConfig {
        /// The server that carries the batches' ids; without one, workers ask the database.
        pub url: Option<String> = None,
        /// A file that holds the password.
        pub password_file: Option<PathBuf> = None,
        /// A file with the certificates of the authorities to trust.
        pub ca_file: Option<PathBuf> = None,
        /// What tells the ids of one database from those of another.
        pub prefix: String = "lethe".to_owned(),
    }

    /// `[deliveries]`
    pub struct DeliveriesConfig {
        /// How often a delivery is tried before it is given up.
        pub attempts: u32 = 16,
        /// The pause before it is tried again, doubled each time.
        #[serde(with = "humantime_serde")]
        pub retry_after: Duration = Duration::from_secs(5),
        /// How long a webhook has to answer.
        #[serde(with = "humantime_serde")]
        pub timeout: Duration = Duration::from_secs(10),
    }

    /// `[alerts]`
    pub struct AlertsConfig {
        /// What is asked for when a job is done.
        pub ping: Option<String> = None,
        /// What is asked for when it was stopped or braked.
        pub ping_failed: Option<String> = None,
        /// For how long clients may be due before operators are alerted.
        #[serde(with = "humantime_serde")]
        pub overdue: Duration = Duration::from_secs(7 * 86_400),
    }

    /// `[email]`
    pub struct EmailConfig {
        /// The server that accepts e-mail: `smtps://user@host` or `smtp://user@host`.
        pub server: Option<String> = None,
        /// A file that holds the password.
        pub password_file: Option<PathBuf> = None,
        /// Who writes.
        pub from: Option<String> = None,
        /// Who is told, separated by commas.
        pub to: Option<String> = None,
    }

    /// `[traces]`
    pub struct TracesConfig {
        /// The collector that spans are sent to.
        pub endpoint: Option<String> = None,
        /// A file of headers that say who sends them.
        pub headers_file: Option<PathBuf> = None,
        /// The share of traces that are sent.
        pub sample: f64 = 1.0,
    }

    /// `[journal]`
    pub struct JournalConfig {
        /// Where outcomes are recorded outside the database: a folder, or a bucket's URL.
        pub place: Option<String> = None,
        /// The key under which client keys are hashed; without one they are written as they are.
        pub key: Option<String> = None,
        /// A file that holds that key.
        pub key_file: Option<PathBuf> = None,
        /// Files with keys of before, to read what was sealed with them.
        pub old_key_files: Vec<PathBuf> = Vec::new(),
    }

    /// `[recognize]`
    pub struct RecognizeConfig {
        /// A file that holds the key of the hashes by which clients are recognized.
        pub key_file: Option<PathBuf> = None,
    }

    /// `[http]`
    pub struct HttpConfig {
        /// The address and port to listen at; without one, there is no HTTP API.
        pub listen: Option<SocketAddr> = None,
        /// The address under which people reach it, where a proxy stands before it.
        pub public_url: Option<Url> = None,
        /// The most requests a second of one token, or of one address without a token.
        pub rate: NonZeroU32 = NonZeroU32::MIN.saturating_add(49),
    }
}

impl HttpConfig {
    /// How to listen, if anybody is listened to.
    pub fn settings(&self) -> Option<Settings> {
        let (public_url, rate) = (self.public_url.clone(), self.rate);
        self.listen.map(|listen| Settings { listen, public_url, rate })
    }
}
