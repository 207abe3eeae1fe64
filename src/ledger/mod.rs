//! Lethe's own tables, in the company's database, so that a client's changes
//! and its outcome commit together. Imports `domain` and `store`.

mod batches;
mod gates;
mod holds;
mod outcomes;
mod sweeps;

pub use batches::{Batch, Finish, LEASE, NewBatch};
pub use gates::{Mark, Rehearsal};
pub use holds::Hold;
pub use outcomes::{FailedClient, Record};
pub use sweeps::{NewSweep, Progress, State, Sweep};

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

use crate::domain::clock::Clock;
use crate::store::{Store, StoreError, statement};

/// The statements that make the ledger's tables, by version.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_ledger.sql")];

/// The ledger. All writes of this process go through one connection, in the
/// order in which they are asked for.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    clock: Clock,
    lease: Duration,
    writer: Arc<Mutex<SqliteConnection>>,
}

impl Ledger {
    /// Opens the ledger and makes its tables where they are missing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn open(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let mut connection = store.writer().await?;
        let version = migrate(&mut connection).await.map_err(|error| store.fault(&error))?;
        if usize::try_from(version).unwrap_or(0) > MIGRATIONS.len() {
            return Err(StoreError::NewerLedger { path: store.path().to_owned(), version, known: MIGRATIONS.len() });
        }
        let writer = Arc::new(Mutex::new(connection));
        Ok(Self { store: store.clone(), clock: clock.clone(), lease: LEASE, writer })
    }

    /// The same ledger with another lease: how long a batch stays with a worker
    /// that is not heard of any more.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a claim is good for without being renewed.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// Whether the ledger's tables are there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn exists(store: &Store) -> Result<bool, StoreError> {
        let found: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'lethe_sweeps'")
                .fetch_one(store.readers())
                .await
                .map_err(|error| store.fault(&error))?;
        Ok(found > 0)
    }

    /// The writing connection, when its turn has come.
    pub async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        let mut writer = self.writer.lock().await;
        // Where this fails, so does what is asked of it, and is tried again.
        let _ = self.store.mend(&mut writer).await;
        writer
    }

    /// Connections for reading.
    #[must_use]
    pub fn readers(&self) -> &SqlitePool {
        self.store.readers()
    }

    /// The store the ledger lives in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The present moment as the ledger writes it.
    #[must_use]
    pub fn now(&self) -> String {
        moment(self.clock.now())
    }

    fn fault(&self, error: &sqlx::Error) -> StoreError {
        self.store.fault(error)
    }
}

/// A moment as the ledger writes it: UTC, milliseconds, so that text order is time order.
#[must_use]
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a moment back.
#[must_use]
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// Brings the ledger up to date and returns its version, which a later program may have made higher.
async fn migrate(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    // Asked first, so that looking at a database in which a batch is being
    // written need not wait for it.
    let last: Result<i64, _> =
        sqlx::query_scalar("SELECT max(version) FROM lethe_migrations").fetch_one(&mut *connection).await;
    if let Ok(last) = last
        && usize::try_from(last).is_ok_and(|last| last >= MIGRATIONS.len())
    {
        return Ok(last);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS lethe_migrations (version INTEGER PRIMARY KEY)")
        .execute(&mut *transaction)
        .await?;
    let done: i64 = sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM lethe_migrations")
        .fetch_one(&mut *transaction)
        .await?;
    for (at, sql) in (1_i64..).zip(MIGRATIONS).filter(|(at, _)| *at > done) {
        sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO lethe_migrations (version) VALUES (?1)").bind(at).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(done.max(i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)))
}

/// Stands in for the ledger on a connection whose database has none yet, so
/// that a preview needs to write nothing: the same tables, temporary and empty.
///
/// # Errors
///
/// The driver's.
pub async fn stand_in(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for migration in MIGRATIONS {
        let sql = migration
            .replace("CREATE TABLE lethe_", "CREATE TEMP TABLE IF NOT EXISTS lethe_")
            .replace("CREATE UNIQUE INDEX lethe_", "CREATE UNIQUE INDEX IF NOT EXISTS temp.lethe_")
            .replace("CREATE INDEX lethe_", "CREATE INDEX IF NOT EXISTS temp.lethe_");
        for one in sql.split_inclusive(";\n") {
            statement(one).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
