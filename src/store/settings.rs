//! How to open the company's database.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::any::AnyConnectOptions;
use url::Url;

use super::StoreError;
use crate::domain::schema::Dialect;
use crate::sql::{FUNCTIONS, text};

/// The page cache of each reading connection of an `SQLite` database: 1 MiB, as
/// hardly a page is read twice.
const READERS_CACHE: i64 = -1024;

/// How to open the company's database.
#[derive(Debug, Clone)]
pub enum Settings {
    /// A file.
    Sqlite(Sqlite),
    /// A database of a server.
    Postgres(Postgres),
}

/// How to open an `SQLite` database.
#[derive(Debug, Clone)]
pub struct Sqlite {
    pub path: PathBuf,
    /// How long to wait for another writer.
    pub busy_timeout: Duration,
    /// The page cache of the writing connection, in MiB.
    pub cache_mib: u32,
    /// Pages of write-ahead log after which it is checkpointed.
    pub checkpoint_pages: u32,
}

/// How to open a `PostgreSQL` database.
#[derive(Clone)]
pub struct Postgres {
    /// Where it is, and as whom; holds the password.
    pub url: Url,
    /// The schema of the ledger's tables.
    pub ledger_schema: String,
    /// Batches worked on at a time, each on a connection of its own.
    pub concurrency: u16,
    /// How long a statement waits for a lock of somebody else's.
    pub lock_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long the server keeps a transaction whose process is not heard of any
    /// more: as long as a lease, or its locks would outlive it.
    pub idle_timeout: Duration,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Postgres").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Where it is, without the password.
    fn place(&self) -> String {
        let mut shown = self.url.clone();
        let _ = shown.set_password(None);
        shown.set_query(None);
        shown.to_string()
    }
}

impl Settings {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(super) fn place(&self) -> String {
        match self {
            Self::Sqlite(sqlite) => sqlite.path.display().to_string(),
            Self::Postgres(postgres) => postgres.place(),
        }
    }

    pub(super) fn ledger_schema(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => Some(&postgres.ledger_schema),
        }
    }

    /// One at a time is what `SQLite` allows.
    pub(super) fn concurrency(&self) -> u16 {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(postgres) => postgres.concurrency.max(1),
        }
    }

    /// Looks whether there is anything to open.
    pub(super) fn look(&self) -> Result<(), StoreError> {
        let Self::Sqlite(sqlite) = self else { return Ok(()) };
        if !sqlite.path.exists() {
            return Err(StoreError::Missing { place: self.place() });
        }
        if sqlite.path.is_dir() {
            return Err(StoreError::NotADatabase { place: self.place() });
        }
        Ok(())
    }

    pub(super) fn options(&self) -> Result<AnyConnectOptions, StoreError> {
        let url = match self {
            Self::Postgres(postgres) => {
                let mut url = postgres.url.clone();
                if !url.query_pairs().any(|(name, _)| name == "application_name") {
                    url.query_pairs_mut().append_pair("application_name", "lethe");
                }
                url
            }
            Self::Sqlite(sqlite) => {
                let absolute = std::path::absolute(&sqlite.path).unwrap_or_else(|_| sqlite.path.clone());
                let path = absolute.to_str().ok_or_else(|| StoreError::Unopenable { place: self.place() })?;
                let mut url = Url::parse("sqlite:///").map_err(|_| StoreError::Unopenable { place: self.place() })?;
                // `set_path` leaves percent signs as they are, and they are read back as escapes.
                url.set_path(&path.replace('%', "%25"));
                url.set_query(Some("mode=rw"));
                url
            }
        };
        let options = AnyConnectOptions::from_url(&url).map_err(|_| StoreError::Unopenable { place: self.place() })?;
        Ok(options.disable_statement_logging())
    }

    /// What every connection is told.
    pub(super) fn reading(&self) -> Vec<String> {
        match self {
            Self::Sqlite(sqlite) => vec![
                format!("PRAGMA busy_timeout = {}", sqlite.busy_timeout.as_millis()),
                format!("PRAGMA cache_size = {READERS_CACHE}"),
            ],
            Self::Postgres(postgres) => {
                let ledger = text(&postgres.ledger_schema);
                let idle = postgres.idle_timeout.as_millis();
                vec![format!(
                    "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; SET standard_conforming_strings = on; \
                     SET client_min_messages = warning; SET jit = off; SET row_security = off; \
                     SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {idle}; \
                     SET tcp_user_timeout = {idle}; \
                     SELECT set_config('search_path', concat_ws(', ', (SELECT quote_ident(s) FROM \
                     unnest(current_schemas(false)) WITH ORDINALITY AS p (s, place) WHERE s <> {ledger} ORDER BY place LIMIT 1), \
                     quote_ident({ledger})), false)",
                    postgres.lock_timeout.as_millis(),
                    postgres.statement_timeout.as_millis(),
                )]
            }
        }
    }

    /// What a writing connection is told.
    pub(super) fn writing(&self) -> Vec<String> {
        match self {
            Self::Sqlite(sqlite) => vec![
                format!("PRAGMA busy_timeout = {}", sqlite.busy_timeout.as_millis()),
                format!("PRAGMA cache_size = -{}", u64::from(sqlite.cache_mib) * 1024),
                format!("PRAGMA wal_autocheckpoint = {}", sqlite.checkpoint_pages),
                "PRAGMA secure_delete = ON".to_owned(),
                "PRAGMA temp_store = MEMORY".to_owned(),
            ],
            Self::Postgres(_) => {
                let mut all = self.reading();
                // A batch's statements are the same for every batch, whatever its parameters.
                all.push("SET plan_cache_mode = force_generic_plan".to_owned());
                all.extend(FUNCTIONS.map(str::to_owned));
                all
            }
        }
    }
}
