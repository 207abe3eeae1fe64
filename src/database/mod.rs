//! The company's database: opening it, reading its schema, asking it what only
//! it can answer. Each kind of database has a folder; what they have in common
//! is [`Driver`]. Imports `domain` and `sql`.

/// The statements of a folder that make the ledger's tables, by version: every kind of database has the same versions.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!(
            $folder:
            "0001_ledger" "0002_pace" "0003_journal" "0004_deliveries" "0005_retention"
            "0006_notices" "0007_access" "0008_views" "0009_reviews" "0010_alerts"
            "0011_dates" "0012_selections" "0013_sessions" "0014_origin" "0015_roots"
            "0016_nights" "0017_period" "0018_primary_keys" "0019_client_table" "0020_copied"
            "0021_rehearsed" "0022_halted" "0023_console" "0024_limits" "0025_ledgers"
            "0026_imports" "0027_recognized"
        )
    };
    ($folder:literal: $($name:literal)*) => {
        &[$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $folder, "/", $name, ".sql"))),*]
    };
}

mod error;
mod evidence;
mod names;
mod native;
mod own_rows;
mod postgres;
mod room;
mod row;
mod samples;
mod scan;
mod search;
mod session;
mod sqlite;
mod statement;
mod triggers;
mod verify;

use error::Cause;
pub use error::{Fault, FaultKind, StoreError};
pub use evidence::{Evidence, parted};
pub use names::FIRST;
pub use postgres::{Change, Dialect as PostgresDialect, Listener, Postgres, Role};
pub use row::{Decode, FromRow, Row, Value};
pub(crate) use row::{from_json, from_text, row};
pub use scan::Scan;
pub use search::{Beside, Bounds, Found, Hits, MOST_NEAR, Misled, Near, Searched, hits, texts_of};
pub use session::{Connection, Executor, Lent, Pool, Transaction};
pub use sqlite::{Dialect as SqliteDialect, Sqlite};
pub use statement::{Argument, Scalars, Statement, query, query_as, query_scalar};

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::dialect::Dialect;
use crate::domain::residue::Former;
use crate::domain::sample::{Answers, Question, Samples};
use crate::domain::schema::{LiveTable, Schema};
use crate::plan::{Plan, Problem};
use crate::sql::batch;
use names::Names;

/// The channel on which batches that can be claimed are announced.
pub const BATCHES: &str = "lethe_batches";

/// A part of a database's identity that cannot be known: it is equal to anything.
pub const UNKNOWN: &str = "?";

/// How far the replica that is furthest behind is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// By so much write-ahead log; 0 too where there is no replica.
    Bytes(u64),
    /// There is one, and the role may not look at it.
    Hidden,
}

/// What the database answers when it is asked.
pub type Answer<'c, T> = BoxFuture<'c, Result<T, StoreError>>;

/// What one kind of database does. Errors of the native driver are those of sqlx.
pub trait Driver: Debug + Send + Sync {
    fn dialect(&self) -> Dialect;
    /// Where the database is, for people; without a password.
    fn place(&self) -> &str;
    /// How many batches are worked on at a time.
    fn concurrency(&self) -> u16;
    /// A connection for short questions, when one is free.
    fn acquire(&self) -> BoxFuture<'_, Result<Connection, sqlx::Error>>;
    /// Closes the connections for short questions.
    fn close(&self) -> BoxFuture<'_, ()>;
    /// A connection of its own that is set up to write batches.
    fn connect(&self) -> BoxFuture<'_, Result<Connection, sqlx::Error>>;
    /// Connects with nothing set up, and asks something that only an open database answers.
    fn greet(&self) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    /// What of the database itself keeps Lethe from reading it.
    fn objection<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, ()>;
    /// Whether a connection can go on: its transactions are over, and it answers.
    fn is_sound<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool>;
    fn schema<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Schema>;
    /// What changes whenever the schema does.
    fn schema_version<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, String>;
    /// What keeps this kind of database from running a plan, before statements are tried.
    fn missing<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Vec<Problem>>;
    /// The same, after they were.
    fn verify<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Vec<Problem>>;
    /// What the role has too little and too much for a plan; `None` where there are no roles.
    fn role<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Option<Role>>;
    /// Why others may write to tables of a plan while a batch is verified, if they may.
    fn unlocked<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Option<String>>;
    /// What keeps the role from seeing tables of these names at all.
    fn closed<'c>(&'c self, connection: &'c mut Connection, tables: &'c BTreeSet<String>) -> Answer<'c, Vec<Change>>;
    /// The server's version, if it is too old.
    fn too_old<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Option<i64>>;
    /// Rows of a table as the statistics have it; `None` where there are none.
    fn known_rows<'c>(&'c self, connection: &'c mut Connection, table: &'c str) -> Answer<'c, Option<u64>>;
    /// Whether the server takes no writes for now, as a standby or a former primary does.
    fn is_read_only<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool>;
    /// What is worth knowing about the database itself, each under its subject.
    fn remarks<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Vec<(&'static str, String)>>;
    /// Leaves no former value in the write-ahead log. Returns whether it could.
    fn checkpoint<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool>;
    /// Milliseconds since 1970 by the clock that all hosts share; `None` where there is no server.
    fn clock<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Option<i64>>;
    /// What tells the database from others, also from copies of it: in some part [`UNKNOWN`].
    fn identity<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Vec<String>>;
    fn behind<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Behind>;
    /// Prepares a transaction in which the ledger's tables are made.
    fn prepare_migration<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, ()>;
    /// Hears a channel; `None` where the database sends no notifications.
    fn listen<'c>(&'c self, channel: &'c str) -> BoxFuture<'c, Option<Listener>>;
}

/// How to open the company's database.
#[derive(Debug, Clone)]
pub enum Settings {
    /// A file.
    Sqlite(Sqlite),
    /// A database of a server.
    Postgres(Postgres),
}

/// The company's database.
#[derive(Debug, Clone)]
pub struct Store {
    driver: Arc<dyn Driver>,
    readers: Pool,
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

impl AsMut<Connection> for Writer {
    fn as_mut(&mut self) -> &mut Connection {
        self
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Writer {
    /// Makes the temporary tables that batches of this plan use, unless they are
    /// there. Where they are, they are vacuumed now and then.
    pub async fn make_tables(&mut self, plan: &Plan) -> Result<(), StoreError> {
        if self.plan.as_ref() == Some(&plan.digest) {
            self.batches += 1;
            if self.batches.is_multiple_of(BATCHES_BETWEEN_VACUUMS)
                && let Some(vacuum) = self.dialect().vacuum
            {
                query(format!("{vacuum} {}", batch::TABLES.join(", "))).execute(&mut self.connection).await?;
            }
            return Ok(());
        }
        for table in batch::TABLES {
            query(format!("DROP TABLE IF EXISTS {table}")).execute(&mut self.connection).await?;
        }
        for create in batch::temporary_tables(&plan.client) {
            query(create).execute(&mut self.connection).await?;
        }
        self.plan = Some(plan.digest.clone());
        Ok(())
    }

    pub async fn close(self) -> Result<(), StoreError> {
        self.connection.close().await
    }
}

impl Store {
    /// Opens the database and reads from it once.
    pub async fn open(settings: Settings) -> Result<Self, StoreError> {
        let driver: Arc<dyn Driver> = match settings {
            Settings::Sqlite(own) => Arc::new(sqlite::File::new(own)?),
            Settings::Postgres(own) => Arc::new(postgres::Server::new(own)?),
        };
        let store = Self { readers: Pool { driver: Arc::clone(&driver), names: Names::default() }, driver };
        // Asked on a connection of its own, as the pool would wait for a server that is not there.
        store.driver.greet().await.map_err(|error| StoreError::from_driver(store.place(), &error))?;
        store.driver.objection(&mut store.readers.acquire().await?).await?;
        Ok(store)
    }

    /// The same database, for the ledger with this number, whose journal has this folder.
    #[must_use]
    pub fn with_ledger(&self, number: i64, folder: &str) -> Self {
        let names = Names::of(self.dialect(), number, folder);
        Self { driver: Arc::clone(&self.driver), readers: Pool { driver: Arc::clone(&self.driver), names } }
    }

    /// The number of the ledger that statements are about.
    pub fn ledger(&self) -> i64 {
        self.readers.names.number()
    }

    /// The folder of that ledger's journal in the configured one; `None` for the first ledger.
    pub fn journal_folder(&self) -> Option<&str> {
        self.readers.names.folder()
    }

    /// Connections for short questions; never held while a batch runs.
    pub fn readers(&self) -> &Pool {
        &self.readers
    }

    /// How the database is spoken to.
    pub fn dialect(&self) -> Dialect {
        self.driver.dialect()
    }

    /// Where the database is, for people; without a password.
    pub fn place(&self) -> &str {
        self.driver.place()
    }

    /// How many batches are worked on at a time.
    pub fn concurrency(&self) -> u16 {
        self.driver.concurrency()
    }

    /// How many connections write: one for each batch; and where several can, one for leases and cuts, so that they need
    /// not wait for a batch.
    pub fn writers(&self) -> usize {
        usize::from(self.concurrency()) + usize::from(!self.dialect().has_one_writer)
    }

    /// Opens a connection that writes batches.
    pub async fn writer(&self) -> Result<Writer, StoreError> {
        Ok(Writer { connection: self.connect().await?, plan: None, batches: 0 })
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        let own = self.driver.connect().await;
        let own = own.map_err(|error| StoreError::from_driver(self.place(), &error))?;
        Ok(own.with_names(self.readers.names.clone()))
    }

    /// Replaces a connection that is broken, or whose transaction the database
    /// has ended by itself (the disk was full, a trigger said
    /// `RAISE(ROLLBACK)`): the driver would take it for open for ever. So is one
    /// whose server takes no writes any more, as after a failover.
    pub async fn fix(&self, writer: &mut Writer) -> Result<(), StoreError> {
        if !self.driver.is_sound(writer).await? {
            *writer = self.writer().await?;
        }
        Ok(())
    }

    /// Reads the live schema.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        self.driver.schema(&mut self.readers.acquire().await?).await
    }

    /// What changes whenever the schema does.
    pub async fn schema_version(&self, connection: &mut Connection) -> Result<String, StoreError> {
        self.driver.schema_version(connection).await
    }

    /// A few distinct values of each column, for a first draft of a policy.
    pub async fn samples(&self, schema: &Schema) -> Result<Samples, StoreError> {
        samples::read(&mut self.readers.acquire().await?, schema).await
    }

    /// Which of these values the columns hold.
    pub async fn holds(&self, schema: &Schema, questions: &[Question]) -> Result<Answers, StoreError> {
        samples::answer(&mut self.readers.acquire().await?, schema, questions).await
    }

    /// Rows that a link by an e-mail address only misses by case and outer spaces, or one between types by zeros.
    pub async fn near(&self, plan: &Plan, schema: &Schema) -> Result<Vec<Near>, StoreError> {
        search::near(&mut self.readers.acquire().await?, plan, schema).await
    }

    /// Looks for values of a few clients in the tables that no link of the plan
    /// reaches, those of other companies left out, and for a link to each table where it finds some.
    pub async fn search(&self, plan: &Plan, schema: &Schema, bounds: &Bounds) -> Result<Searched, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let (clients, names) = search::clients(&mut connection, plan, schema, bounds.clients).await?;
        let unlinked = search::unlinked(&mut connection, plan, schema, bounds.rows).await?;
        let tables: Vec<&LiveTable> = unlinked.iter().copied().chain(unreached(plan, schema)).collect();
        let mut searched = search::search(&mut connection, schema, &tables, &clients, bounds).await?;
        for own in &mut searched.found {
            own.is_linked = unlinked.iter().any(|table| table.name == own.table);
        }
        search::link(&mut connection, plan, schema, (&clients, names), bounds.rows, &mut searched).await?;
        Ok(searched)
    }

    /// Looks for the values of these clients in the tables that no link of the plan reaches.
    pub async fn search_for(
        &self,
        plan: &Plan,
        schema: &Schema,
        clients: &[Former],
        bounds: &Bounds,
    ) -> Result<Searched, StoreError> {
        let mut connection = self.readers.acquire().await?;
        search::search(&mut connection, schema, &unreached(plan, schema), clients, bounds).await
    }

    /// Reads whole tables for what a plan relies on: dates that are dates, and
    /// keys of key-value tables and their catalogues that have a class.
    pub async fn verify_data(&self, plan: &Plan) -> Result<Vec<Problem>, StoreError> {
        verify::verify_data(&mut self.readers.acquire().await?, plan).await
    }

    /// Asks the database what only it can answer about a plan.
    pub async fn verify(&self, plan: &Plan, schema: &Schema) -> Result<Vec<Problem>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let mut problems = self.driver.missing(&mut connection, plan).await?;
        if problems.is_empty() {
            problems = verify::verify(&mut connection, plan, schema).await?;
        }
        if problems.is_empty() {
            problems = self.driver.verify(&mut connection, plan).await?;
        }
        Ok(problems)
    }

    /// What is worth knowing about a plan, and only the database's rows and rights say.
    pub async fn remarks_on(&self, plan: &Plan) -> Result<Vec<String>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let mut remarks = verify::keyless(&mut connection, plan).await?;
        remarks.extend(self.driver.unlocked(&mut connection, plan).await?);
        Ok(remarks)
    }

    /// What the role has too little and too much for a plan; `None` where there are no roles.
    pub async fn role(&self, plan: &Plan) -> Result<Option<Role>, StoreError> {
        self.driver.role(&mut self.readers.acquire().await?, plan).await
    }

    /// What keeps the role from seeing tables of these names at all.
    pub async fn closed(&self, tables: &BTreeSet<String>) -> Result<Vec<Change>, StoreError> {
        self.driver.closed(&mut self.readers.acquire().await?, tables).await
    }

    /// The server's version, if it is too old.
    pub async fn too_old(&self) -> Result<Option<i64>, StoreError> {
        self.driver.too_old(&mut self.readers.acquire().await?).await
    }

    /// Whether the server takes no writes for now, as a standby or a former primary does.
    pub async fn is_read_only(&self) -> Result<bool, StoreError> {
        self.driver.is_read_only(&mut self.readers.acquire().await?).await
    }

    /// What is worth knowing about the database itself, each under its subject.
    pub async fn remarks(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        self.driver.remarks(&mut self.readers.acquire().await?).await
    }

    /// Leaves no former value in the write-ahead log of a file. Returns whether
    /// it could; readers may be in the way.
    pub async fn checkpoint(&self) -> Result<bool, StoreError> {
        self.driver.checkpoint(&mut self.readers.acquire().await?).await
    }

    /// Milliseconds since 1970 by the server's clock; `None` where there is no server.
    pub async fn clock(&self) -> Result<Option<i64>, StoreError> {
        self.driver.clock(&mut self.readers.acquire().await?).await
    }

    /// What tells the database from others, also from copies of it.
    pub async fn identity(&self) -> Result<Vec<String>, StoreError> {
        self.driver.identity(&mut self.readers.acquire().await?).await
    }

    /// How far the replicas are behind.
    pub async fn behind(&self) -> Result<Behind, StoreError> {
        self.driver.behind(&mut self.readers.acquire().await?).await
    }

    /// Prepares a transaction in which the ledger's tables are made.
    pub async fn prepare_migration(&self, connection: &mut Connection) -> Result<(), StoreError> {
        self.driver.prepare_migration(connection).await
    }

    /// Hears a channel; `None` where the database sends no notifications, as
    /// `SQLite` and connection poolers do not.
    pub async fn listen(&self, channel: &str) -> Option<Listener> {
        self.driver.listen(&self.readers.names.within(channel.to_owned())).await
    }

    /// That something stored cannot be read as what it should be.
    pub fn unreadable(&self, what: &str) -> StoreError {
        StoreError::unreadable(self.place(), what)
    }
}

/// The tables that no link of the plan reaches, those of other companies left out.
fn unreached<'a>(plan: &Plan, schema: &'a Schema) -> Vec<&'a LiveTable> {
    let other_tenants = schema.other_tenants(&plan.client.table);
    let is_reached = |name: &String| plan.steps.iter().any(|step| step.table == *name);
    let is_open = |table: &&LiveTable| !is_reached(&table.name) && !other_tenants.contains(&table.name);
    schema.tables.values().filter(is_open).collect()
}
