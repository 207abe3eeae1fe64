//! The configuration: `lethe.toml`, then the environment.

mod access;
mod alerts;
mod environment;
mod files;
mod journal;
mod redis;
mod sections;
mod traces;
mod webhooks;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use access::AccessConfig;
pub use access::TOKEN;
pub use alerts::HINT as ALERTS_HINT;
use files::FilesConfig;
use journal::read_key;
use sections::{
    AlertsConfig, BackupConfig, DeliveriesConfig, EmailConfig, HttpConfig, JournalConfig, PostgresConfig,
    RecognizeConfig, RedisConfig, ReviewConfig, SqliteConfig, SweepConfig, TracesConfig, WorkerConfig,
};
use webhooks::WebhooksConfig;

use crate::database::{Postgres, Settings, Sqlite};
use crate::domain::reading::{Slip, in_words, trouble, with_fix};
use crate::domain::schedule::zone;
use crate::domain::window::Window;
use crate::service::failure::Failure;
use crate::worker::{Limits, Targets};

/// The configuration. Nothing of it has a `Debug`: it holds passwords and tokens.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The company's database: the file, or a URL.
    pub database: String,
    /// The policy's file.
    #[serde(default = "policy")]
    pub policy: PathBuf,
    /// The folder of the job files.
    #[serde(default = "jobs")]
    pub jobs: PathBuf,
    /// The time zone in which a sweep started by hand has its day.
    #[serde(default = "utc", deserialize_with = "time_zone")]
    pub time_zone: chrono_tz::Tz,
    #[serde(default)]
    pub sweep: SweepConfig,
    #[serde(default)]
    pub backup: BackupConfig,
    #[serde(default)]
    pub review: ReviewConfig,
    #[serde(default)]
    pub worker: WorkerConfig,
    #[serde(default)]
    pub sqlite: SqliteConfig,
    #[serde(default)]
    pub postgres: PostgresConfig,
    #[serde(default)]
    pub redis: RedisConfig,
    #[serde(default)]
    pub journal: JournalConfig,
    #[serde(default)]
    pub recognize: RecognizeConfig,
    #[serde(default)]
    pub files: FilesConfig,
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    #[serde(default)]
    pub deliveries: DeliveriesConfig,
    #[serde(default)]
    pub alerts: AlertsConfig,
    #[serde(default)]
    pub email: EmailConfig,
    #[serde(default)]
    pub traces: TracesConfig,
    #[serde(default)]
    pub access: AccessConfig,
    #[serde(default)]
    pub http: HttpConfig,
    /// What `files` and `webhooks` declare, once they are read.
    #[serde(skip)]
    pub(crate) targets: Targets,
    /// The key that `recognize` names, once it is read.
    #[serde(skip)]
    pub(crate) recognizer: Option<crate::journal::Key>,
    /// Where spans go, once `traces` and the environment are read.
    #[serde(skip)]
    pub(crate) collector: Option<crate::traces::Settings>,
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

/// Reads a time zone as a job file has it, with the nearest name for one that is unknown.
fn time_zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    zone(&name).map_err(|error| serde::de::Error::custom(with_fix(&error, &error.fix)))
}

const HINT: &str = "`docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or \
                    `LETHE_SWEEP__BATCH_SIZE` overrides the file";

impl Config {
    /// Reads the file, if it is there, and the environment; relative paths
    /// count from the file's folder.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let settings = environment::settings(std::env::vars_os())?;
        let environment = config::Environment::with_prefix("LETHE")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .source(Some(settings));
        let text = text(file)?;
        let mut config = config::Config::builder()
            .add_source(config::File::from_str(text.as_deref().unwrap_or_default(), config::FileFormat::Toml))
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize::<Self>)
            .map_err(|error| refusal(file, text.is_some(), error))?;
        config
            .check()
            .map_err(|(setting, what)| Failure::new(format!("{}: `{setting}` {what}", place(file, setting)), HINT))?;
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        if config.url().is_none() {
            config.database = folder.join(&config.database).to_string_lossy().into_owned();
        }
        config.targets = config.read_targets(&folder)?;
        config.collector = config.read_traces(file, &folder)?;
        for path in [&mut config.policy, &mut config.jobs] {
            *path = folder.join(&*path);
        }
        let redis = &mut config.redis;
        let files = [
            &mut config.backup.stamp,
            &mut config.postgres.password_file,
            &mut redis.password_file,
            &mut redis.ca_file,
            &mut config.journal.key_file,
            &mut config.recognize.key_file,
        ];
        for path in files {
            *path = path.take().map(|path| folder.join(path));
        }
        config.journal.old_key_files.iter_mut().for_each(|path| *path = folder.join(&*path));
        config.journal.count_from(&folder);
        let key_file = config.recognize.key_file.as_ref();
        config.recognizer = key_file.map(|file| read_key("the key that recognizes clients", file)).transpose()?;
        config.check_roots()?;
        Ok(config)
    }

    /// The first setting out of bounds, and how.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let sweep = &self.sweep;
        // A URL can hold a password, so it is not repeated.
        if let Some(url) = self.url() {
            let unreadable = |error| {
                format!(
                    "is a URL that cannot be read: {error}; a password's special characters are written as `%` and two hex digits"
                )
            };
            let url = url.map_err(|error| ("database", unreadable(error)))?;
            if !matches!(url.scheme(), "postgres" | "postgresql") {
                let what = "is a URL, and only `postgres://user@host/database` can be one; an SQLite database is named by its file";
                return Err(("database", what.to_owned()));
            }
            if url.path().trim_matches('/').is_empty() {
                return Err(("database", "names no database: `postgres://user@host/database`".to_owned()));
            }
        }
        self.redis.check()?;
        self.journal.check()?;
        let postgres = &self.postgres;
        if !(1..=64).contains(&postgres.concurrency) {
            return Err(("postgres.concurrency", format!("is {}, and should be from 1 to 64", postgres.concurrency)));
        }
        if postgres.replica_lag_mib == Some(0) {
            return Err(("postgres.replica_lag_mib", "is 0, and no replica is ever that close".to_owned()));
        }
        let schema = postgres.ledger_schema.as_str();
        if schema.is_empty() || schema.len() > 63 || schema.contains([',', '"', '\0']) {
            return Err(("postgres.ledger_schema", "is not a valid name for a schema".to_owned()));
        }
        if !(1..=100_000).contains(&sweep.batch_size) {
            return Err(("sweep.batch_size", format!("is {}, and should be from 1 to 100000", sweep.batch_size)));
        }
        if sweep.batch_time < Duration::from_millis(10) {
            return Err(("sweep.batch_time", "is shorter than 10 milliseconds, and no batch is that quick".to_owned()));
        }
        if self.worker.rate == Some(0) {
            return Err((
                "worker.rate",
                "is 0, so no client would ever be processed; leave it out for no limit".to_owned(),
            ));
        }
        if let Some(Err(what)) = self.window() {
            return Err(("worker.window", what));
        }
        if self.deliveries.attempts == 0 {
            return Err(("deliveries.attempts", "is 0, and should be at least 1".to_owned()));
        }
        if !(Duration::from_millis(100)..=Duration::from_secs(300)).contains(&self.deliveries.timeout) {
            return Err(("deliveries.timeout", "should be from 100ms to 5 minutes".to_owned()));
        }
        if sweep.attempts == 0 {
            return Err(("sweep.attempts", "is 0, and should be at least 1".to_owned()));
        }
        if !(sweep.brake_share > 0.0 && sweep.brake_share <= 1.0) {
            return Err((
                "sweep.brake_share",
                format!("is {}, and should be above 0 and at most 1", sweep.brake_share),
            ));
        }
        if sweep.lease < Duration::from_secs(1) {
            return Err((
                "sweep.lease",
                "is shorter than a second, and workers on one database wait longer than that".to_owned(),
            ));
        }
        Ok(())
    }

    /// The database's URL, if it is named by one.
    fn url(&self) -> Option<Result<Url, url::ParseError>> {
        self.database.contains("://").then(|| Url::parse(&self.database))
    }

    /// How to open the database.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let Some(Ok(mut url)) = self.url() else {
            return Ok(Settings::Sqlite(Sqlite {
                path: PathBuf::from(&self.database),
                busy_timeout: self.sqlite.busy_timeout,
                cache_mib: self.sqlite.cache_mib,
                checkpoint_pages: self.sqlite.checkpoint_pages,
            }));
        };
        if let Some(file) = &self.postgres.password_file {
            let hint = "`postgres.password_file` names a file with the password and nothing else";
            let _ = url.set_password(Some(&password(file, hint)?));
        }
        Ok(Settings::Postgres(Postgres {
            url,
            ledger_schema: self.postgres.ledger_schema.clone(),
            concurrency: self.postgres.concurrency,
            lock_timeout: self.postgres.lock_timeout,
            statement_timeout: self.postgres.statement_timeout,
            idle_timeout: self.sweep.lease,
        }))
    }

    fn window(&self) -> Option<Result<Window, String>> {
        self.worker.window.as_deref().map(|window| Window::parse(window, self.time_zone))
    }

    pub fn limits(&self) -> Limits {
        Limits {
            batch_size: self.sweep.batch_size,
            batch_time: self.sweep.batch_time,
            rate: self.worker.rate,
            window: self.window().and_then(Result::ok),
            replica_lag: self.postgres.replica_lag_mib.map(|mib| mib.saturating_mul(1 << 20)),
            attempts: self.sweep.attempts,
            retry_after: self.sweep.retry_after,
            backup_max_age: self.backup.required.then_some(self.backup.max_age),
            backup_stamp: self.backup.stamp.clone(),
            rehearsal: self.sweep.rehearsal,
            rehearsal_clients: self.sweep.rehearsal_clients,
            brake_share: self.sweep.brake_share,
            drain: self.sweep.drain,
        }
    }
}

/// The password in a file, without the end of its line.
fn password(file: &Path, hint: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let what = format!("the password file `{}` cannot be read: {}", file.display(), trouble(error.kind()));
        Failure::new(what, hint)
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// What is in a file that a setting names, or what is wrong with the setting.
fn content<'a, T>(file: &'a Path, read: impl Fn(&'a Path) -> std::io::Result<T>) -> Result<T, String> {
    read(file).map_err(|error| format!("names `{}`, which cannot be read: {}", file.display(), trouble(error.kind())))
}

/// Whether a URL is of this machine, so that what is sent there is read by no other on the way.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a root or a webhook can have this name.
fn is_plain(name: &str) -> bool {
    let is_one = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    !name.is_empty() && name.chars().all(is_one)
}

/// The text of the file; `None` if there is none.
fn text(file: &Path) -> Result<Option<String>, Failure> {
    let shown = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let what = format!("the configuration `{shown}` cannot be read: {}", trouble(error.kind()));
            return Err(Failure::new(what, "`--config` or `LETHE_CONFIG` names the file"));
        }
    };
    match toml::from_str::<toml::Table>(&text) {
        Ok(_) => Ok(Some(text)),
        Err(error) => {
            let Slip { line, what, fix } = Slip::of(&text, &error);
            let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
            Err(Failure::new(format!("`{shown}`{line}: {what}"), fix.unwrap_or_else(|| HINT.to_owned())))
        }
    }
}

/// The variable that overrides a setting.
fn variable(setting: &str) -> String {
    format!("LETHE_{}", setting.replace('.', "__").to_uppercase())
}

/// Where a setting was set: in its variable, else in the file.
pub fn place(file: &Path, setting: &str) -> String {
    let variable = variable(setting);
    if std::env::var_os(&variable).is_some() { format!("`{variable}`") } else { format!("`{}`", file.display()) }
}

/// Why file and environment together are not a configuration.
fn refusal(file: &Path, is_there: bool, error: config::ConfigError) -> Failure {
    use config::ConfigError;
    let (section, message) = match error {
        ConfigError::NotFound(setting) if is_there => {
            let what = format!("`{}` names no `{setting}`", file.display());
            let hint = format!("add a line such as `{setting} = \"company.db\"`, or set `{}`", variable(&setting));
            return Failure::new(what, hint);
        }
        ConfigError::NotFound(setting) => {
            return Failure::new(
                format!("`{}` not found, and `{}` is not set", file.display(), variable(&setting)),
                "write a `lethe.toml` with `database = \"company.db\"`, or name it with `--config`; \
                 `lethe demo` creates a company to try things on",
            );
        }
        ConfigError::At { error, key, .. } => (key.unwrap_or_default(), error.to_string()),
        ConfigError::Type { unexpected, expected, key, .. } => {
            (key.unwrap_or_default(), format!("invalid type: {unexpected}, expected {expected}"))
        }
        other => (String::new(), other.to_string()),
    };
    let (what, fix) = in_words(&message);
    let Some(unknown) = what.strip_prefix("unknown setting `").and_then(|rest| rest.strip_suffix('`')) else {
        let is_duration = message.contains("a duration");
        let hint = if is_duration { "write a duration such as `100ms`, `5s` or `7 days`" } else { HINT };
        let fix = fix.unwrap_or_else(|| hint.to_owned());
        return Failure::new(format!("{}: `{section}` cannot be used: {what}", place(file, &section)), fix);
    };
    let setting = if section.is_empty() { unknown.to_owned() } else { format!("{section}.{unknown}") };
    let what = format!("{}: unknown setting `{setting}`", place(file, &setting));
    let mut fix = fix.unwrap_or_else(|| HINT.to_owned());
    if std::env::var_os(variable(&setting)).is_some()
        && let Some(near) = fix.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"))
    {
        let near = if section.is_empty() { near.to_owned() } else { format!("{section}.{near}") };
        fix = format!("did you mean `{}`?", variable(&near));
    }
    Failure::new(what, fix)
}
