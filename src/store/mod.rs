//! The company's database: opening it, reading its schema, asking it what
//! only it can answer. Imports `domain` and `sql`.

mod error;
mod listen;
mod postgres;
mod replicas;
mod rights;
mod samples;
mod scan;
mod settings;
mod sqlite;
mod verify;

pub use error::{Fault, FaultKind, StoreError};
pub use listen::{BATCHES, Listener};
pub use replicas::Behind;
pub use rights::{Change, Role};
pub use scan::Scan;
pub use settings::{Postgres, Settings, Sqlite};

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{Any, AnyArguments, AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, AssertSqlSafe, ConnectOptions, Connection as _};

use crate::domain::plan::{Plan, Problem};
use crate::domain::schema::{Dialect, Schema};
use crate::sql::batch;

/// How long a server may take to let somebody in.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// A connection to the database, whichever it is.
pub type Connection = sqlx::AnyConnection;
/// Connections for short questions.
pub type Pool = AnyPool;
/// A transaction; rolled back unless committed.
pub type Transaction<'c> = sqlx::Transaction<'c, Any>;

/// The company's database.
#[derive(Debug, Clone)]
pub struct Store {
    dialect: Dialect,
    place: Arc<str>,
    concurrency: u16,
    /// Where the ledger is, in a database that has schemas.
    ledger_schema: Option<Arc<str>>,
    options: AnyConnectOptions,
    writing: Arc<[String]>,
    readers: AnyPool,
}

/// A connection that writes batches, and knows for which plan its temporary tables are.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    plan: Option<String>,
    batches: u32,
}

/// Batches after which the temporary tables are vacuumed. Statements are planned
/// anew after that, so not each time.
const BATCHES_BETWEEN_VACUUMS: u32 = 50;

impl Deref for Writer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Writer {
    /// Makes the temporary tables that batches of this plan use, unless they are
    /// there. Where they are, they are vacuumed now and then: `PostgreSQL` keeps
    /// in them what was deleted.
    pub async fn make_tables(&mut self, plan: &Plan) -> Result<(), sqlx::Error> {
        if self.plan.as_ref() == Some(&plan.digest) {
            self.batches += 1;
            if self.batches.is_multiple_of(BATCHES_BETWEEN_VACUUMS) && dialect_of(&self.connection) == Dialect::Postgres
            {
                sqlx::query(batch::VACUUM).execute(&mut self.connection).await?;
            }
            return Ok(());
        }
        for drop in batch::DROP {
            sqlx::query(drop).execute(&mut self.connection).await?;
        }
        for create in batch::temporary_tables(&plan.client) {
            statement(&create).execute(&mut self.connection).await?;
        }
        self.plan = Some(plan.digest.clone());
        Ok(())
    }

    /// Closes the connection.
    pub async fn close(self) -> Result<(), sqlx::Error> {
        self.connection.close().await
    }
}

impl Store {
    /// Opens the database and reads from it once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is missing, is no database, or cannot be read.
    pub async fn open(settings: Settings) -> Result<Self, StoreError> {
        static DRIVERS: std::sync::Once = std::sync::Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let place: Arc<str> = settings.place().into();
        settings.look()?;
        let options = settings.options()?;
        let reading: Arc<[String]> = settings.reading().into();
        let readers = AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| {
                let reading = Arc::clone(&reading);
                Box::pin(async move { run_all(connection, &reading).await })
            })
            .connect_lazy_with(options.clone());
        let store = Self {
            dialect: settings.dialect(),
            place,
            concurrency: settings.concurrency(),
            ledger_schema: settings.ledger_schema().map(Into::into),
            options,
            writing: settings.writing().into(),
            readers,
        };
        let question = match store.dialect {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema",
            Dialect::Postgres => "SELECT count(*) FROM pg_catalog.pg_namespace",
        };
        // Asked on a connection of its own, as the pool would wait for a server that is not there.
        let mut connection = store.connect().await.map_err(|error| store.fault(&error))?;
        sqlx::query(question).execute(&mut connection).await.map_err(|error| store.fault(&error))?;
        connection.close().await.map_err(|error| store.fault(&error))?;
        Ok(store)
    }

    /// Connections for short questions; never held while a batch runs.
    #[must_use]
    pub fn readers(&self) -> &Pool {
        &self.readers
    }

    /// How the database is spoken to.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the database is, for people; without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// How many batches are worked on at a time.
    #[must_use]
    pub fn concurrency(&self) -> u16 {
        self.concurrency
    }

    /// How many connections write: in `PostgreSQL` one for each batch, and one
    /// for leases and cuts, so that they need not wait for a batch.
    #[must_use]
    pub fn writers(&self) -> usize {
        usize::from(self.concurrency) + usize::from(self.dialect == Dialect::Postgres)
    }

    /// Opens a connection that writes batches: in `SQLite` with the configured
    /// cache, and with deleted content overwritten, so that no former value is
    /// left in the file's free space.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be opened.
    pub async fn writer(&self) -> Result<Writer, StoreError> {
        let connection = self.connect_writer().await.map_err(|error| self.fault(&error))?;
        Ok(Writer { connection, plan: None, batches: 0 })
    }

    async fn connect(&self) -> Result<Connection, sqlx::Error> {
        let connecting = tokio::time::timeout(CONNECTED_WITHIN, self.options.connect()).await;
        connecting.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    async fn connect_writer(&self) -> Result<Connection, sqlx::Error> {
        let mut connection = self.connect().await?;
        run_all(&mut connection, &self.writing).await?;
        if self.dialect == Dialect::Sqlite {
            sqlite::relax(&mut connection).await?;
        }
        Ok(connection)
    }

    /// Replaces a connection that is broken, or whose transaction the database
    /// has ended by itself (the disk was full, a trigger said
    /// `RAISE(ROLLBACK)`): the driver would take it for open for ever.
    pub async fn mend(&self, writer: &mut Writer) -> Result<(), sqlx::Error> {
        if self.dialect == Dialect::Sqlite && !writer.is_in_transaction() {
            return Ok(());
        }
        // A transaction just dropped is rolled back before this is answered.
        let answered = writer.ping().await;
        if self.dialect == Dialect::Sqlite {
            answered?;
        } else if answered.is_ok() && !writer.is_in_transaction() {
            return Ok(());
        }
        if self.dialect == Dialect::Postgres || writer.is_in_transaction() {
            *writer = Writer { connection: self.connect_writer().await?, plan: None, batches: 0 };
        }
        Ok(())
    }

    /// Reads the live schema.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        let read = match self.dialect {
            Dialect::Sqlite => sqlite::schema(&mut connection).await,
            Dialect::Postgres => postgres::schema(&mut connection).await,
        };
        read.map_err(|error| self.fault(&error))
    }

    /// A few distinct values of each column, for a first draft of a policy.
    pub async fn samples(&self, schema: &Schema) -> Result<samples::Samples, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        samples::read(&mut connection, schema).await.map_err(|error| self.fault(&error))
    }

    /// Asks the database what only it can answer about a plan. With `deep`,
    /// whole tables are read for what a plan relies on (dates that are dates,
    /// keys of key-value tables, clients without a key).
    pub async fn verify(&self, plan: &Plan, schema: &Schema, deep: bool) -> Result<Vec<Problem>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        if self.dialect == Dialect::Postgres {
            // Preparing a statement asks for no right, and a sweep should not find out at night.
            let missing = rights::missing(&mut connection, plan).await.map_err(|error| self.fault(&error))?;
            if !missing.is_empty() {
                let problem = |(table, change): (String, Change)| {
                    let what = format!("the role may not do what the policy wants: {}", change.why);
                    let mend = format!("have somebody run `{}`", change.statement.unwrap_or_default());
                    Problem::new(format!("tables.{table}"), what, mend)
                };
                return Ok(missing.into_iter().map(problem).collect());
            }
        }
        let mut problems =
            verify::verify(&mut connection, plan, schema, deep).await.map_err(|error| self.fault(&error))?;
        if self.dialect == Dialect::Postgres && problems.is_empty() {
            problems = postgres::verify(&mut connection, plan).await.map_err(|error| self.fault(&error))?;
        }
        Ok(problems)
    }

    /// What the role has too little and too much for a plan; `None` where there are no roles.
    pub async fn role(&self, plan: &Plan) -> Result<Option<Role>, StoreError> {
        let Some(ledger) = &self.ledger_schema else { return Ok(None) };
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        rights::role(&mut connection, plan, ledger).await.map(Some).map_err(|error| self.fault(&error))
    }

    /// What keeps the role from seeing tables of these names at all.
    pub async fn closed(&self, tables: &BTreeSet<String>) -> Result<Vec<Change>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        rights::closed(&mut connection, tables).await.map_err(|error| self.fault(&error))
    }

    /// The server's version, if it is too old.
    pub async fn too_old(&self) -> Result<Option<i64>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(&error))?;
        rights::too_old(&mut connection).await.map_err(|error| self.fault(&error))
    }

    /// Writes the write-ahead log of an `SQLite` database back and empties it,
    /// so that no former value stays in it. Returns whether it could; readers
    /// may be in the way.
    pub async fn checkpoint(&self) -> Result<bool, StoreError> {
        if self.dialect == Dialect::Postgres {
            return Ok(true);
        }
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(busy == 0)
    }

    /// What a driver's error means here.
    #[must_use]
    pub fn fault(&self, error: &sqlx::Error) -> StoreError {
        StoreError::from_driver(&self.place, error)
    }
}

async fn run_all(connection: &mut Connection, statements: &[String]) -> Result<(), sqlx::Error> {
    for sql in statements {
        sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How a connection's database is spoken to.
#[must_use]
pub fn dialect_of(connection: &Connection) -> Dialect {
    if connection.backend_name() == "PostgreSQL" { Dialect::Postgres } else { Dialect::Sqlite }
}

/// Begins a transaction that is about to write.
pub async fn begin(connection: &mut Connection) -> Result<Transaction<'_>, sqlx::Error> {
    match dialect_of(connection) {
        Dialect::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await,
        Dialect::Postgres => connection.begin().await,
    }
}

/// What changes whenever the schema does.
pub async fn schema_version(connection: &mut Connection) -> Result<String, sqlx::Error> {
    match dialect_of(connection) {
        Dialect::Sqlite => sqlite::version(connection).await,
        Dialect::Postgres => postgres::version(connection).await,
    }
}

/// A statement made by [`crate::sql`], where names are quoted and values escaped.
pub fn statement(sql: &str) -> sqlx::query::Query<'_, Any, AnyArguments> {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
}
