//! One connection to the company's database, whichever it is.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};

use super::names::Names;
use super::row::Row;
use super::{Argument, Driver, StoreError};
use crate::domain::dialect::Dialect;

/// What a running statement gives next.
#[derive(Debug)]
pub enum Step {
    Row(Row),
    /// It is over, and wrote so many rows.
    Done(u64),
}

/// What a driver does for one connection. Errors are the driver's own.
pub(super) trait Session: Send + Sync {
    fn run(
        &mut self,
        sql: String,
        arguments: Vec<Argument>,
        place: Arc<str>,
    ) -> BoxStream<'_, Result<Step, sqlx::Error>>;
    /// Runs several statements without arguments, and reads nothing.
    fn run_script(&mut self, sql: String) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    /// Begins a transaction that is about to write.
    fn begin(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    /// Begins a transaction that reads.
    fn begin_reading(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    fn commit(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    fn rollback(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    /// Has a transaction rolled back before the next statement at the latest.
    fn start_rollback(&mut self);
    fn is_in_transaction(&self) -> bool;
    fn ping(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), sqlx::Error>>;
}

/// For how long a transaction waits for locks of others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How old it may get until then.
    pub(super) lasts: Duration,
    /// Has the statements after that wait no more.
    pub(super) over: &'static str,
}

pub struct Connection {
    session: Box<dyn Session>,
    dialect: Dialect,
    place: Arc<str>,
    /// Of the ledger that its statements are about.
    names: Names,
    patience: Option<Patience>,
    /// When the patience of the transaction that is open ends.
    patient_until: Option<Instant>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Connection").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(session: Box<dyn Session>, dialect: Dialect, place: Arc<str>) -> Self {
        Self { session, dialect, place, names: Names::default(), patience: None, patient_until: None }
    }

    pub(super) fn with_patience(self, patience: Patience) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The same connection, for the ledger with these names.
    pub(super) fn with_names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// A table of the ledger as its names have it, for a statement that is given it as an argument.
    pub fn named(&self, table: &str) -> String {
        self.names.within(table.to_owned())
    }

    /// Has the statements of a transaction that has got old wait for no lock any more.
    async fn mind_the_time(&mut self) {
        let Some(patience) = self.patience else { return };
        if self.patient_until.is_none_or(|until| Instant::now() < until) || !self.is_in_transaction() {
            return;
        }
        // Each time, as going back to a savepoint takes it back. In a transaction that has failed it fails too, and
        // what comes next says so, or goes back.
        let _ = self.session.run_script(patience.over.to_owned()).await;
    }

    /// Has the transaction that is open wait for locks however old it gets.
    pub(super) fn stay_patient(&mut self) {
        self.patient_until = None;
    }

    /// How its database is spoken to.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn told<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::from_driver(&self.place, &error))
    }

    pub(super) fn place_shared(&self) -> Arc<str> {
        Arc::clone(&self.place)
    }

    pub(super) fn run(&mut self, sql: String, arguments: Vec<Argument>) -> BoxStream<'_, Result<Step, StoreError>> {
        let place = Arc::clone(&self.place);
        let steps = self.session.run(self.names.within(sql), arguments, Arc::clone(&self.place));
        steps.map(move |step| step.map_err(|error| StoreError::from_driver(&place, &error))).boxed()
    }

    /// Runs several statements without arguments, and reads nothing.
    pub async fn run_script(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let ran = self.session.run_script(self.names.within(sql.into())).await;
        self.told(ran)
    }

    /// Runs a migration: its tables get the names of this connection's ledger, whatever other ledgers share.
    pub async fn migrate(&mut self, script: &str) -> Result<(), StoreError> {
        let script = self.names.all_within(script);
        self.run_script(script).await
    }

    /// Begins a transaction that is about to write.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let begun = self.session.begin().await;
        self.told(begun)?;
        self.patient_until = self.patience.map(|patience| Instant::now() + patience.lasts);
        Ok(Transaction { connection: self, is_open: true })
    }

    pub async fn begin_reading(&mut self) -> Result<Transaction<'_>, StoreError> {
        let begun = self.session.begin_reading().await;
        self.told(begun)?;
        self.patient_until = None;
        Ok(Transaction { connection: self, is_open: true })
    }

    /// Whether a transaction is open on it.
    pub fn is_in_transaction(&self) -> bool {
        self.session.is_in_transaction()
    }

    /// Waits for everything sent before, and for an answer.
    pub async fn ping(&mut self) -> Result<(), StoreError> {
        let pinged = self.session.ping().await;
        self.told(pinged)
    }

    pub async fn close(self) -> Result<(), StoreError> {
        self.session.close().await.map_err(|error| StoreError::from_driver(&self.place, &error))
    }
}

/// A transaction; rolled back unless committed.
#[derive(Debug)]
pub struct Transaction<'c> {
    connection: &'c mut Connection,
    is_open: bool,
}

impl Transaction<'_> {
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let committed = self.connection.session.commit().await;
        self.connection.told(committed)?;
        self.is_open = false;
        Ok(())
    }

    pub async fn rollback(mut self) -> Result<(), StoreError> {
        let rolled_back = self.connection.session.rollback().await;
        self.connection.told(rolled_back)?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.connection.session.start_rollback();
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}

/// Connections for short questions.
#[derive(Debug, Clone)]
pub struct Pool {
    pub(super) driver: Arc<dyn Driver>,
    pub(super) names: Names,
}

impl Pool {
    /// Closes all of them; none is lent any more.
    pub async fn close(&self) {
        self.driver.close().await;
    }

    /// A connection, when one is free.
    pub async fn acquire(&self) -> Result<Connection, StoreError> {
        let own = self.driver.acquire().await;
        let own = own.map_err(|error| StoreError::from_driver(self.driver.place(), &error))?;
        Ok(own.with_names(self.names.clone()))
    }
}

/// What a statement can be run on.
pub trait Executor<'c>: Send {
    fn lend(self) -> BoxFuture<'c, Result<Lent<'c>, StoreError>>;
}

impl<'c> Executor<'c> for &'c mut Connection {
    fn lend(self) -> BoxFuture<'c, Result<Lent<'c>, StoreError>> {
        async move {
            self.mind_the_time().await;
            Ok(Lent::Own(self))
        }
        .boxed()
    }
}

impl<'c> Executor<'c> for &'c Pool {
    fn lend(self) -> BoxFuture<'c, Result<Lent<'c>, StoreError>> {
        async move { self.acquire().await.map(|own| Lent::Pooled(Box::new(own))) }.boxed()
    }
}

/// A connection for as long as a statement runs.
#[derive(Debug)]
pub enum Lent<'c> {
    Own(&'c mut Connection),
    Pooled(Box<Connection>),
}

impl Deref for Lent<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Own(own) => own,
            Self::Pooled(own) => own,
        }
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        match self {
            Self::Own(own) => own,
            Self::Pooled(own) => own,
        }
    }
}
