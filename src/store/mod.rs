//! The company's database: opening it, reading its schema, asking it what
//! only it can answer. Imports `domain` and `sql`.

mod error;
mod samples;
mod schema;
mod verify;

pub use error::{Fault, StoreError};

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::domain::plan::{Plan, Problem};
use crate::domain::schema::Schema;

/// The page cache of each reading connection: 1 MiB, as hardly a page is read twice.
const READERS_CACHE: &str = "-1024";

/// How to open the company's database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// How long to wait for another writer.
    pub busy_timeout: Duration,
    /// SQLite's page cache of the writing connection, in MiB.
    pub cache_mib: u32,
    /// Pages of write-ahead log after which it is checkpointed.
    pub checkpoint_pages: u32,
}

/// The company's database.
#[derive(Debug, Clone)]
pub struct Store {
    settings: Settings,
    readers: SqlitePool,
}

impl Store {
    /// Opens the database and reads from it once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file is missing, is no database, or cannot be read.
    pub async fn open(settings: Settings) -> Result<Self, StoreError> {
        let path = &settings.path;
        if !path.exists() {
            return Err(StoreError::Missing { path: path.clone() });
        }
        if path.is_dir() {
            return Err(StoreError::NotADatabase { path: path.clone() });
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            .connect_lazy_with(connect_options(&settings).pragma("cache_size", READERS_CACHE));
        let store = Self { settings, readers };
        sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&store.readers).await.map_err(|e| store.fault(&e))?;
        Ok(store)
    }

    /// Connections for short questions; never held while a batch runs.
    #[must_use]
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.settings.path
    }

    /// Opens a connection that writes batches: with the configured cache, and
    /// with deleted content overwritten, so that no former value is left in
    /// the file's free space.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be opened.
    pub async fn writer(&self) -> Result<SqliteConnection, StoreError> {
        self.connect_writer().await.map_err(|error| self.fault(&error))
    }

    async fn connect_writer(&self) -> Result<SqliteConnection, sqlx::Error> {
        let settings = &self.settings;
        let options = connect_options(settings)
            .pragma("cache_size", format!("-{}", u64::from(settings.cache_mib) * 1024))
            .pragma("wal_autocheckpoint", settings.checkpoint_pages.to_string())
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        // In WAL mode a commit survives a crash of the process with NORMAL;
        // after a power cut the last batches are whole or gone, never half.
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await?;
        if mode.eq_ignore_ascii_case("wal") {
            sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut connection).await?;
        }
        Ok(connection)
    }

    /// Replaces a connection whose transaction SQLite has ended by itself (the
    /// disk was full, a trigger said `RAISE(ROLLBACK)`): the driver would take it
    /// for open for ever. Its temporary tables are gone then.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub async fn mend(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if !connection.is_in_transaction() {
            return Ok(());
        }
        // A transaction just dropped is rolled back before this is answered.
        connection.ping().await?;
        if connection.is_in_transaction() {
            *connection = self.connect_writer().await?;
        }
        Ok(())
    }

    /// Reads the live schema.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        schema::read(&mut connection).await.map_err(|error| self.fault(&error))
    }

    /// A few distinct values of each column, for a first draft of a policy.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn samples(&self, schema: &Schema) -> Result<samples::Samples, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        samples::read(&mut connection, schema).await.map_err(|error| self.fault(&error))
    }

    /// Asks the database what only it can answer about a plan. With `deep`,
    /// whole tables are read for what a plan relies on (dates that are dates,
    /// keys of key-value tables, clients without a key).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn verify(&self, plan: &Plan, schema: &Schema, deep: bool) -> Result<Vec<Problem>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        verify::verify(&mut connection, plan, schema, deep).await.map_err(|error| self.fault(&error))
    }

    /// Writes the write-ahead log back and empties it, so that no former value
    /// stays in it. Returns whether it could; readers may be in the way.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn checkpoint(&self) -> Result<bool, StoreError> {
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(busy == 0)
    }

    /// What a driver's error means here.
    #[must_use]
    pub fn fault(&self, error: &sqlx::Error) -> StoreError {
        StoreError::from_driver(&self.settings.path, error)
    }
}

fn connect_options(settings: &Settings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&settings.path)
        .create_if_missing(false)
        .busy_timeout(settings.busy_timeout)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

/// A statement made by [`crate::sql`], where names are quoted and values escaped.
pub fn statement(sql: &str) -> sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
}
