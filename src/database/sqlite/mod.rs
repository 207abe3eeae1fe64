//! `SQLite`: a file, and one writer at a time.

mod dialect;
mod fault;
mod key;
mod schema;
mod session;

pub use dialect::Sqlite as Dialect;
pub(super) use fault::{CORRUPT_VTAB, fault};

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::native::Held;
use super::{Answer, Behind, Cause, Change, Connection, Driver, Listener, Role, StoreError, UNKNOWN, query_scalar};
use crate::domain::dialect::Dialect as Spoken;
use crate::domain::schema::Schema;
use crate::plan::{Plan, Problem};

/// The page cache of each reading connection: 1 MiB, as hardly a page is read twice.
const READERS_CACHE: i64 = -1024;

/// Rows that are read ahead: of large ones, more would not fit into the memory that is meant for all.
const READ_AHEAD: usize = 64;

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

/// A file that is open.
#[derive(Debug)]
pub(super) struct File {
    settings: Sqlite,
    place: Arc<str>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
}

impl File {
    pub(super) fn new(settings: Sqlite) -> Result<Self, StoreError> {
        let place: Arc<str> = settings.path.display().to_string().into();
        let path = std::path::absolute(&settings.path).map_err(|_| StoreError::of(&place, Cause::Unopenable))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .row_buffer_size(READ_AHEAD)
            .disable_statement_logging();
        let reading =
            format!("PRAGMA busy_timeout = {}; PRAGMA cache_size = {READERS_CACHE}", settings.busy_timeout.as_millis());
        let readers = PoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| {
                let reading = sqlx::raw_sql(AssertSqlSafe(reading.clone()));
                async move { reading.execute(connection).await.map(drop) }.boxed()
            })
            .connect_lazy_with(options.clone());
        if !settings.path.exists() {
            return Err(StoreError::of(&place, Cause::Missing));
        }
        if settings.path.is_dir() {
            return Err(StoreError::of(&place, Cause::NotADatabase));
        }
        Ok(Self { settings, place, options, readers })
    }

    fn connection(&self, held: Held<sqlx::Sqlite>) -> Connection {
        Connection::new(Box::new(held), &Dialect, Arc::clone(&self.place))
    }

    /// With the configured cache, and with deleted content overwritten, so that
    /// no former value is left in the file's free space.
    async fn writer(&self) -> Result<Connection, sqlx::Error> {
        let mut own = self.options.connect().await?;
        let writing = format!(
            "PRAGMA busy_timeout = {}; PRAGMA cache_size = -{}; PRAGMA wal_autocheckpoint = {}; PRAGMA secure_delete = ON; \
             PRAGMA temp_store = FILE",
            self.settings.busy_timeout.as_millis(),
            u64::from(self.settings.cache_mib) * 1024,
            self.settings.checkpoint_pages,
        );
        sqlx::raw_sql(AssertSqlSafe(writing)).execute(&mut own).await?;
        // In WAL mode a commit survives a crash of the process without waiting for
        // the disk; after a power cut the last batches are whole or gone, never half.
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut own).await?;
        if mode.eq_ignore_ascii_case("wal") {
            sqlx::raw_sql("PRAGMA synchronous = NORMAL").execute(&mut own).await?;
        }
        Ok(self.connection(Held::Own(own)))
    }
}

impl Driver for File {
    fn dialect(&self) -> Spoken {
        &Dialect
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn concurrency(&self) -> u16 {
        1
    }

    fn acquire(&self) -> BoxFuture<'_, Result<Connection, sqlx::Error>> {
        async { Ok(self.connection(Held::Pooled(self.readers.acquire().await?))) }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.readers.close().boxed()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Connection, sqlx::Error>> {
        self.writer().boxed()
    }

    fn greet(&self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        async {
            let mut own = self.options.connect().await?;
            sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut own).await?;
            sqlx::Connection::close(own).await
        }
        .boxed()
    }

    fn objection<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, ()> {
        async {
            let encoding: String = query_scalar("PRAGMA encoding").fetch_one(connection).await?;
            if encoding == "UTF-8" { Ok(()) } else { Err(StoreError::of(&self.place, Cause::Encoding(encoding))) }
        }
        .boxed()
    }

    fn is_sound<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool> {
        async {
            if !connection.is_in_transaction() {
                return Ok(true);
            }
            // A transaction just dropped is rolled back before this is answered.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        }
        .boxed()
    }

    fn schema<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Schema> {
        schema::schema(connection).boxed()
    }

    fn schema_version<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, String> {
        async {
            let version: i64 = query_scalar("PRAGMA schema_version").fetch_one(connection).await?;
            Ok(version.to_string())
        }
        .boxed()
    }

    fn missing<'c>(&'c self, _: &'c mut Connection, _: &'c Plan) -> Answer<'c, Vec<Problem>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn verify<'c>(&'c self, _: &'c mut Connection, _: &'c Plan) -> Answer<'c, Vec<Problem>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn role<'c>(&'c self, _: &'c mut Connection, _: &'c Plan) -> Answer<'c, Option<Role>> {
        async { Ok(None) }.boxed()
    }

    fn unlocked<'c>(&'c self, _: &'c mut Connection, _: &'c Plan) -> Answer<'c, Option<String>> {
        async { Ok(None) }.boxed()
    }

    fn closed<'c>(&'c self, _: &'c mut Connection, _: &'c BTreeSet<String>) -> Answer<'c, Vec<Change>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn too_old<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, Option<i64>> {
        async { Ok(None) }.boxed()
    }

    fn known_rows<'c>(&'c self, _: &'c mut Connection, _: &'c str) -> Answer<'c, Option<u64>> {
        async { Ok(None) }.boxed()
    }

    fn is_read_only<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, bool> {
        async { Ok(false) }.boxed()
    }

    fn remarks<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Vec<(&'static str, String)>> {
        async {
            let mut remarks = Vec::new();
            let mode: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
            if !mode.eq_ignore_ascii_case("wal") {
                remarks.push((
                    "journal",
                    format!(
                        "the journal mode is `{mode}`; with `PRAGMA journal_mode = WAL` others can read while a batch is written"
                    ),
                ));
            }
            let free: i64 = query_scalar("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
            if free > 0 {
                remarks.push((
                    "free pages",
                    format!(
                        "{free} unused pages may hold what other programs deleted earlier; `VACUUM` once removes it (Lethe overwrites what it deletes itself)"
                    ),
                ));
            }
            Ok(remarks)
        }
        .boxed()
    }

    fn checkpoint<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool> {
        async {
            let busy: i64 = query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
            Ok(busy == 0)
        }
        .boxed()
    }

    fn clock<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, Option<i64>> {
        async { Ok(None) }.boxed()
    }

    /// The machine, the file's number, and its path.
    fn identity<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, Vec<String>> {
        async {
            let path = &self.settings.path;
            // Containers have none, or one of their image.
            let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
            let machine = Some(machine.trim()).filter(|id| id.len() >= 32).unwrap_or(UNKNOWN);
            let (Ok(real), Ok(file)) = (std::fs::canonicalize(path), std::fs::metadata(path)) else {
                return Err(StoreError::of(&self.place, Cause::Missing));
            };
            let number = format!("{}:{}", file.dev(), file.ino());
            Ok(vec![machine.to_owned(), number, real.display().to_string()])
        }
        .boxed()
    }

    fn behind<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, Behind> {
        async { Ok(Behind::Bytes(0)) }.boxed()
    }

    fn prepare_migration<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, ()> {
        async { Ok(()) }.boxed()
    }

    fn listen<'c>(&'c self, _: &'c str) -> BoxFuture<'c, Option<Listener>> {
        async { None }.boxed()
    }
}
