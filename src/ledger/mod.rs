//! Lethe's own tables, in the company's database, so that a client's changes
//! and its outcome commit together. Imports `domain` and `store`.
//!
//! Each statement is a file in `sql/`; where databases differ it has a hole, such as `{rows}`, for SQL of the dialect.

/// The statement of a file in `sql/`, read as `query`, `query_as` or `query_scalar` do, with its arguments in order.
macro_rules! sql {
    ($read:ident, $name:literal $(, $argument:expr)* $(,)?) => {
        $crate::database::$read(include_str!(concat!("sql/", $name, ".sql")))$(.bind($argument))*
    };
}

mod access;
mod alerts;
mod batches;
mod claims;
mod cleaned;
mod clock;
mod dates;
mod deliveries;
mod figures;
mod gates;
mod holds;
mod imports;
mod jobs;
mod journal;
mod ledgers;
mod notices;
mod origin;
mod outcomes;
mod pauses;
mod recognized;
mod request;
mod restore;
mod reviews;
mod roots;
mod selections;
mod sweeps;
pub mod traces;
mod writers;

pub use access::{Answer, AskedFor, FURTHER, NewToken, Token, UnknownCaller};
pub use alerts::NewMessage;
pub use batches::{Batch, Done, Finish, LEASE, NewBatch};
pub use cleaned::Cleaned;
pub use clock::Reset;
pub use dates::SetDate;
pub use deliveries::{Delivery, Outstanding, StuckFile, Through, Tried};
pub use figures::{LastOfJob, Reason, Standing, Work};
pub use gates::{Extent, Rehearsal};
pub use holds::{Hold, OF_A_HOLD, PLACED};
pub use imports::{Import, NewImport};
pub use jobs::Looked;
pub use journal::{Backlog, Beginning, Halt, Head, Known, ROTATED, Segment, Waiting};
pub use ledgers::with_ledger_of;
pub use notices::Notice;
pub use origin::is_same;
pub use outcomes::{FailedClient, Listed, OutcomePage, Record};
pub use pauses::Pause;
pub use recognized::{Returned, keep_hashes, not_recognized};
pub use request::{Bound, Request};
pub use restore::OF_THE_JOURNAL;
pub use reviews::{Decision, Held, Review, Sought};
pub use roots::Root;
pub use selections::{NewSelection, Selection};
pub use sweeps::{NIGHT, NewSweep, Progress, State, Sweep, SweepPage};

pub use writers::Turn;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::{BoxFuture, FutureExt};
use writers::Writers;

use crate::database::{Connection, Executor, Lent, Pool, Store, StoreError, query_scalar};
use crate::domain::clock::Clock;

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
        let version = migrate(store, &mut connections[0]).await?;
        is_known(store, version)?;
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
        if let Some(there) = self.store.clock().await? {
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
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// That no later program has changed the ledger's tables since.
    pub async fn is_current(&self) -> Result<(), StoreError> {
        let version = sql!(query_scalar, "migrations/version").fetch_one(self.readers()).await;
        is_known(&self.store, version?)
    }

    /// The same, in the transaction that is about to write: whether this program knows the tables.
    pub async fn knows_tables(&self, connection: &mut Connection) -> Result<bool, StoreError> {
        let version = sql!(query_scalar, "migrations/version").fetch_one(connection).await?;
        Ok(is_known(&self.store, version).is_ok())
    }

    /// Whether the ledger's tables are there.
    pub async fn exists(store: &Store) -> Result<bool, StoreError> {
        has(store, "lethe_sweeps").await
    }

    /// A writing connection, when one is free.
    pub async fn writer(&self) -> Turn {
        let mut writer = self.writers.turn().await;
        // Where this fails, so does what is asked of it, and is tried again.
        let _ = self.store.fix(&mut writer).await;
        writer
    }

    /// Connections for reading.
    pub fn readers(&self) -> &Pool {
        self.store.readers()
    }

    /// The store the ledger lives in.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The present moment as the ledger writes it.
    pub fn now(&self) -> String {
        moment(self.clock.now())
    }
}

/// A statement of its own that writes is run on a writing connection, when one is free.
impl<'c> Executor<'c> for &'c Ledger {
    fn lend(self) -> BoxFuture<'c, Result<Lent<'c>, StoreError>> {
        async move { Ok(Box::new(self.writer().await) as Lent<'c>) }.boxed()
    }
}

/// Whether the ledger's tables are there, and this one among them.
async fn has(store: &Store, table: &str) -> Result<bool, StoreError> {
    let mut connection = store.readers().acquire().await?;
    let table = connection.named(table);
    query_scalar(store.dialect().ledger_has).bind(table).fetch_one(&mut connection).await
}

fn is_known(store: &Store, version: i64) -> Result<(), StoreError> {
    let known = store.dialect().migrations.len();
    if usize::try_from(version).is_ok_and(|version| version <= known) {
        return Ok(());
    }
    Err(StoreError::newer_ledger(store.place(), version, known))
}

/// A moment as the ledger writes it: UTC, milliseconds, so that text order is time order.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a moment back.
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// Brings the ledger up to date and returns its version, which a later program may have made higher.
async fn migrate(store: &Store, connection: &mut Connection) -> Result<i64, StoreError> {
    let migrations = store.dialect().migrations;
    // Asked first, so that looking at a database in which a batch is being
    // written need not wait for it.
    let last: Result<i64, _> = sql!(query_scalar, "migrations/version").fetch_one(&mut *connection).await;
    if let Ok(last) = last
        && usize::try_from(last).is_ok_and(|last| last >= migrations.len())
    {
        return Ok(last);
    }
    let mut transaction = connection.begin().await?;
    store.prepare_migration(&mut transaction).await?;
    sql!(query, "migrations/create_list").execute(&mut *transaction).await?;
    let done: i64 = sql!(query_scalar, "migrations/last").fetch_one(&mut *transaction).await?;
    for (at, sql) in (1_i64..).zip(migrations).filter(|(at, _)| *at > done) {
        transaction.migrate(sql).await?;
        sql!(query, "migrations/applied", at).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(done.max(i64::try_from(migrations.len()).unwrap_or(i64::MAX)))
}

/// Stands in for the ledger on a connection whose database has none yet, so
/// that a preview needs to write nothing: the same tables, temporary and empty.
pub async fn stand_in(connection: &mut Connection) -> Result<(), StoreError> {
    let dialect = connection.dialect();
    // Views are for others to read.
    for migration in dialect.migrations.iter().filter(|own| !own.contains("CREATE VIEW")) {
        connection.migrate(&dialect.temporary(migration)).await?;
    }
    Ok(())
}
