//! Lethe's own tables, in the company's database, so that a client's changes
//! and its outcome commit together. Imports `domain` and `store`.

mod access;
mod alerts;
mod batches;
mod claims;
mod dates;
mod deliveries;
mod figures;
mod gates;
mod holds;
mod imports;
mod journal;
mod notices;
mod outcomes;
mod restore;
mod reviews;
mod selections;
mod sweeps;
pub mod traces;
mod writers;

pub use access::{Answer, AskedFor, NewToken, Token};
pub use alerts::NewMessage;
pub use batches::{Batch, Done, Finish, LEASE, NewBatch};
pub use dates::SetDate;
pub use deliveries::{Delivery, Outstanding, StuckFile, Through, Tried};
pub use figures::{LastOfJob, Reason, Standing, Work};
pub use gates::{Mark, Rehearsal};
pub use holds::{Hold, OF_A_HOLD, PLACED};
pub use imports::{Import, NewImport};
pub use journal::{Backlog, Head, Known, Segment, Waiting};
pub use notices::Notice;
pub use outcomes::{FailedClient, Listed, OutcomePage, Record};
pub use restore::OF_THE_JOURNAL;
pub use reviews::{Held, Review, Sought};
pub use selections::{NewSelection, Selection};
pub use sweeps::{NewSweep, Progress, State, Sweep};

pub use writers::Turn;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use writers::Writers;

use crate::domain::clock::Clock;
use crate::domain::schema::Dialect;
use crate::store::{Connection, Pool, Store, StoreError, begin, statement};

/// The statements that make the ledger's tables, by version.
fn migrations(dialect: Dialect) -> [&'static str; 12] {
    match dialect {
        Dialect::Sqlite => [
            include_str!("../../migrations/sqlite/0001_ledger.sql"),
            include_str!("../../migrations/sqlite/0002_pace.sql"),
            include_str!("../../migrations/sqlite/0003_journal.sql"),
            include_str!("../../migrations/sqlite/0004_deliveries.sql"),
            include_str!("../../migrations/sqlite/0005_retention.sql"),
            include_str!("../../migrations/sqlite/0006_notices.sql"),
            include_str!("../../migrations/sqlite/0007_access.sql"),
            include_str!("../../migrations/sqlite/0008_views.sql"),
            include_str!("../../migrations/sqlite/0009_reviews.sql"),
            include_str!("../../migrations/sqlite/0010_alerts.sql"),
            include_str!("../../migrations/sqlite/0011_dates.sql"),
            include_str!("../../migrations/sqlite/0012_selections.sql"),
        ],
        Dialect::Postgres => [
            include_str!("../../migrations/postgres/0001_ledger.sql"),
            include_str!("../../migrations/postgres/0002_pace.sql"),
            include_str!("../../migrations/postgres/0003_journal.sql"),
            include_str!("../../migrations/postgres/0004_deliveries.sql"),
            include_str!("../../migrations/postgres/0005_retention.sql"),
            include_str!("../../migrations/postgres/0006_notices.sql"),
            include_str!("../../migrations/postgres/0007_access.sql"),
            include_str!("../../migrations/postgres/0008_views.sql"),
            include_str!("../../migrations/postgres/0009_reviews.sql"),
            include_str!("../../migrations/postgres/0010_alerts.sql"),
            include_str!("../../migrations/postgres/0011_dates.sql"),
            include_str!("../../migrations/postgres/0012_selections.sql"),
        ],
    }
}

/// The ledger. All writes of this process go through its writing connections:
/// one in `SQLite`, which takes one at a time anyway.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    clock: Clock,
    lease: Duration,
    writers: Writers,
}

impl Ledger {
    /// Opens the ledger and makes its tables where they are missing.
    pub async fn open(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let mut connections = vec![store.writer().await?];
        let version = migrate(&mut connections[0]).await.map_err(|error| store.fault(&error))?;
        let known = migrations(store.dialect()).len();
        if usize::try_from(version).unwrap_or(0) > known {
            return Err(StoreError::NewerLedger { place: store.place().to_owned(), version, known });
        }
        while connections.len() < store.writers() {
            connections.push(store.writer().await?);
        }
        let ledger = Self {
            store: store.clone(),
            clock: clock.clone().of_server(),
            lease: LEASE,
            writers: Writers::new(connections),
        };
        ledger.keep_time().await?;
        Ok(ledger)
    }

    /// Sets this process's clock by the database server's, which all hosts
    /// share: a host whose own clock is wrong would take leases for run out.
    pub async fn keep_time(&self) -> Result<(), StoreError> {
        if self.store.dialect() == Dialect::Postgres {
            let there: i64 = sqlx::query_scalar("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
                .fetch_one(self.readers())
                .await
                .map_err(|error| self.fault(&error))?;
            self.clock.set_by(there);
        }
        Ok(())
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
    pub async fn exists(store: &Store) -> Result<bool, StoreError> {
        let question = match store.dialect() {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'lethe_sweeps'",
            Dialect::Postgres => {
                "SELECT count(*) FROM (SELECT to_regclass('lethe_sweeps') AS found) AS t WHERE found IS NOT NULL"
            }
        };
        let found: i64 =
            sqlx::query_scalar(question).fetch_one(store.readers()).await.map_err(|error| store.fault(&error))?;
        Ok(found > 0)
    }

    /// A writing connection, when one is free.
    pub async fn writer(&self) -> Turn {
        let mut writer = self.writers.turn().await;
        // Where this fails, so does what is asked of it, and is tried again.
        let _ = self.store.mend(&mut writer).await;
        writer
    }

    /// Connections for reading.
    #[must_use]
    pub fn readers(&self) -> &Pool {
        self.store.readers()
    }

    /// The store the ledger lives in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

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
async fn migrate(connection: &mut Connection) -> Result<i64, sqlx::Error> {
    let dialect = crate::store::dialect_of(connection);
    let migrations = migrations(dialect);
    // Asked first, so that looking at a database in which a batch is being
    // written need not wait for it.
    let last: Result<i64, _> =
        sqlx::query_scalar("SELECT max(version) FROM lethe_migrations").fetch_one(&mut *connection).await;
    if let Ok(last) = last
        && usize::try_from(last).is_ok_and(|last| last >= migrations.len())
    {
        return Ok(last);
    }
    let mut transaction = begin(connection).await?;
    if dialect == Dialect::Postgres {
        // One at a time, whoever comes first.
        sqlx::query("SELECT pg_advisory_xact_lock(7022118)").execute(&mut *transaction).await?;
        // The last schema of the search path is the ledger's.
        let missing: Option<String> = sqlx::query_scalar(
            "SELECT CAST(p.name AS TEXT) FROM unnest(string_to_array(current_setting('search_path'), ', ')) WITH ORDINALITY AS p (name, place) \
             WHERE NOT EXISTS (SELECT 1 FROM pg_namespace AS n WHERE quote_ident(n.nspname) = p.name) \
             ORDER BY p.place DESC LIMIT 1",
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(schema) = missing {
            statement(&format!("CREATE SCHEMA {schema}")).execute(&mut *transaction).await?;
        }
        let within = "SELECT set_config('search_path', \
             regexp_replace(current_setting('search_path'), '^.*, ', ''), true)";
        sqlx::query(within).execute(&mut *transaction).await?;
    }
    sqlx::query("CREATE TABLE IF NOT EXISTS lethe_migrations (version BIGINT PRIMARY KEY)")
        .execute(&mut *transaction)
        .await?;
    let done: i64 = sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM lethe_migrations")
        .fetch_one(&mut *transaction)
        .await?;
    for (at, sql) in (1_i64..).zip(migrations).filter(|(at, _)| *at > done) {
        sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO lethe_migrations (version) VALUES ($1)").bind(at).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(done.max(i64::try_from(migrations.len()).unwrap_or(i64::MAX)))
}

/// Stands in for the ledger on a connection whose database has none yet, so
/// that a preview needs to write nothing: the same tables, temporary and empty.
pub async fn stand_in(connection: &mut Connection) -> Result<(), sqlx::Error> {
    let dialect = crate::store::dialect_of(connection);
    let index = if dialect == Dialect::Sqlite { "temp.lethe_" } else { "lethe_" };
    // Views are for others to read.
    for migration in migrations(dialect).into_iter().filter(|own| !own.contains("CREATE VIEW")) {
        let sql = migration
            .replace("CREATE TABLE lethe_", "CREATE TEMP TABLE IF NOT EXISTS lethe_")
            .replace("CREATE UNIQUE INDEX lethe_", &format!("CREATE UNIQUE INDEX IF NOT EXISTS {index}"))
            .replace("CREATE INDEX lethe_", &format!("CREATE INDEX IF NOT EXISTS {index}"));
        for one in sql.split_inclusive(";\n") {
            statement(one).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
