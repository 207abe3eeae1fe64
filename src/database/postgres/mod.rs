//! `PostgreSQL`: a server, with roles, locks of rows, and several writers.

mod dialect;
mod fault;
mod listen;
mod patience;
mod pooler;
mod rights;
mod schema;
mod session;
mod verify;

pub use dialect::Postgres as Dialect;
pub(super) use fault::fault;
pub use listen::Listener;
pub(super) use pooler::POOLED;
pub use rights::{Change, Role};

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _};
use url::Url;

use super::native::Held;
use super::{Answer, Behind, Cause, Connection, Driver, StoreError, UNKNOWN, query, query_as, query_scalar};
use crate::domain::dialect::{Dialect as Spoken, SqlDialect};
use crate::domain::schema::Schema;
use crate::plan::{Plan, Problem};
use crate::sql::{name, text};

/// How long a server may take to accept a connection.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// How to open a `PostgreSQL` database.
#[derive(Clone)]
pub struct Postgres {
    /// Where it is, and as whom; holds the password.
    pub url: Url,
    /// The schema of the ledger's tables.
    pub ledger_schema: String,
    /// Batches worked on at a time, each on a connection of its own.
    pub concurrency: u16,
    /// How long a statement waits for another session's lock.
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
        // Fails where there is no host, and so no password.
        shown.set_password(None).unwrap_or(());
        shown.set_query(None);
        shown.to_string()
    }

    /// What every connection is told. The role's own search path stays in force,
    /// as triggers, types and operators are found by it; the ledger's schema is
    /// its end, also where the role is called like it. A schema that is called like the role and holds the ledger of
    /// another policy is left out. Whatever the role's default is, each statement sees what was
    /// committed before it, as several of a batch look again.
    fn session(&self) -> String {
        let ledger = text(&self.ledger_schema);
        let idle = self.idle_timeout.as_millis();
        format!(
            "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; SET standard_conforming_strings = on; \
             SET client_min_messages = warning; SET jit = off; SET row_security = off; \
             SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; \
             SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {idle}; \
             SET tcp_user_timeout = {idle}; {}; \
             SELECT set_config('search_path', concat_ws(', ', string_agg(quote_ident(p.own), ', ' ORDER BY p.place), \
             quote_ident({ledger})), false) FROM unnest(current_schemas(false)) WITH ORDINALITY AS p (own, place) \
             WHERE p.own <> {ledger} AND NOT (p.own = current_user AND \
             to_regclass(quote_ident(current_user) || '.lethe_migrations') IS NOT NULL)",
            self.statement_timeout.as_millis(),
            patience::lock_timeout(self.lock_timeout),
        )
    }
}

/// A schema of the search path, before the ledger's in `$1`, with a table called like one of the ledger's.
const SHADOWS: &str = "SELECT CAST(n.nspname AS TEXT) FROM unnest(current_schemas(false)) WITH ORDINALITY AS p (own, place) \
     JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.own JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid \
     WHERE n.nspname <> $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname LIKE 'lethe!_%' ESCAPE '!' \
     AND (c.relname = 'lethe_migrations' OR EXISTS (SELECT 1 FROM pg_catalog.pg_class AS l JOIN pg_catalog.pg_namespace AS own \
     ON own.oid = l.relnamespace WHERE own.nspname = $1 AND l.relname = c.relname)) \
     AND p.place < COALESCE(array_position(CAST(current_schemas(false) AS TEXT[]), $1), 1000) ORDER BY p.place LIMIT 1";

/// A database of a server.
#[derive(Debug)]
pub(super) struct Server {
    settings: Postgres,
    place: Arc<str>,
    options: PgConnectOptions,
    readers: PgPool,
}

impl Server {
    pub(super) fn new(settings: Postgres) -> Result<Self, StoreError> {
        let place: Arc<str> = settings.place().into();
        let mut url = settings.url.clone();
        if !url.query_pairs().any(|(name, _)| name == "application_name") {
            url.query_pairs_mut().append_pair("application_name", "lethe");
        }
        // The driver takes the host as it is written, in brackets, for a name to look up.
        if let Some(url::Host::Ipv6(address)) = url.host() {
            url.query_pairs_mut().append_pair("host", &address.to_string());
        }
        let options =
            PgConnectOptions::from_str(url.as_str()).map_err(|_| StoreError::of(&place, Cause::Unopenable))?;
        let options = options.disable_statement_logging();
        let session = settings.session();
        let readers = PoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            // One that was kept over a failover may lead to a server that is not the primary any more.
            .test_before_acquire(false)
            .before_acquire(|connection, _| may_write(connection).boxed())
            .after_connect(move |connection, _| {
                let session = sqlx::raw_sql(AssertSqlSafe(session.clone()));
                async move { session.execute(connection).await.map(drop) }.boxed()
            })
            .connect_lazy_with(options.clone());
        Ok(Self { settings, place, options, readers })
    }

    fn connection(&self, held: Held<sqlx::Postgres>) -> Connection {
        Connection::new(Box::new(held), &Dialect, Arc::clone(&self.place))
    }

    async fn plain(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = tokio::time::timeout(CONNECTED_WITHIN, self.options.connect()).await;
        connecting.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    async fn writer(&self) -> Result<Connection, sqlx::Error> {
        let mut own = self.plain().await?;
        // A batch's statements are the same for every batch, whatever its parameters.
        let session = format!("{}; SET plan_cache_mode = force_generic_plan", self.settings.session());
        for set_up in std::iter::once(session.as_str()).chain(Dialect.constants().functions.iter().copied()) {
            sqlx::raw_sql(AssertSqlSafe(set_up.to_owned())).execute(&mut own).await?;
        }
        let patience = patience::of(&mut own).await?;
        Ok(self.connection(Held::Own(own)).with_patience(patience))
    }
}

/// Whether a connection answers, and its server lets it write.
async fn may_write(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let answer = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(connection).await;
    // One that does not answer is replaced like one that may not write.
    Ok(answer.and_then(|row| row.try_get::<String, _>(0)).is_ok_and(|read_only| read_only == "off"))
}

impl Driver for Server {
    fn dialect(&self) -> Spoken {
        &Dialect
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn concurrency(&self) -> u16 {
        self.settings.concurrency.max(1)
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
            let mut own = self.plain().await?;
            sqlx::raw_sql("SELECT count(*) FROM pg_catalog.pg_namespace").execute(&mut own).await?;
            // Before anything is set on a connection that others use.
            let is_shared = pooler::is_shared(&mut own, || self.plain()).await?;
            sqlx::Connection::close(own).await?;
            if is_shared { Err(sqlx::Error::Configuration(pooler::POOLED.into())) } else { Ok(()) }
        }
        .boxed()
    }

    /// An encoding that has other characters than Unicode, and tables that would be taken for the ledger's.
    fn objection<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, ()> {
        async {
            let encoding: String = query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await?;
            if encoding != "UTF8" {
                return Err(StoreError::of(&self.place, Cause::Encoding(encoding)));
            }
            let shadow: Option<String> =
                query_scalar(SHADOWS).bind(&self.settings.ledger_schema).fetch_optional(connection).await?;
            shadow.map_or(Ok(()), |schema| Err(StoreError::of(&self.place, Cause::Shadowed(schema))))
        }
        .boxed()
    }

    /// Also whether the server still lets it write: after a failover under a kept connection it may not.
    fn is_sound<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool> {
        async {
            // A transaction just dropped is rolled back before this is answered.
            let read_only = query_scalar::<String>("SHOW transaction_read_only").fetch_one(&mut *connection).await;
            Ok(read_only.is_ok_and(|read_only| read_only == "off") && !connection.is_in_transaction())
        }
        .boxed()
    }

    fn schema<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Schema> {
        schema::schema(connection).boxed()
    }

    fn schema_version<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, String> {
        schema::version(connection).boxed()
    }

    /// Preparing a statement asks for no right, and a sweep should not find out at night.
    fn missing<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Vec<Problem>> {
        async {
            let missing = rights::missing(connection, plan).await?;
            let problem = |(table, change): (String, Change)| {
                let what = format!("the role may not do what the policy wants: {}", change.why);
                let fix = change.statement.map_or_else(
                    || "give the role that right".to_owned(),
                    |statement| format!("ask an administrator to run `{statement}`"),
                );
                Problem::new(format!("tables.{table}"), what, fix)
            };
            Ok(missing.into_iter().map(problem).collect())
        }
        .boxed()
    }

    fn verify<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Vec<Problem>> {
        verify::verify(connection, plan).boxed()
    }

    fn role<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Option<Role>> {
        async { rights::role(connection, plan, &self.settings.ledger_schema).await.map(Some) }.boxed()
    }

    fn unlocked<'c>(&'c self, connection: &'c mut Connection, plan: &'c Plan) -> Answer<'c, Option<String>> {
        rights::remark(connection, plan, &self.settings.ledger_schema).boxed()
    }

    fn closed<'c>(&'c self, connection: &'c mut Connection, tables: &'c BTreeSet<String>) -> Answer<'c, Vec<Change>> {
        rights::closed(connection, tables).boxed()
    }

    fn too_old<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Option<i64>> {
        rights::too_old(connection).boxed()
    }

    fn known_rows<'c>(&'c self, connection: &'c mut Connection, table: &'c str) -> Answer<'c, Option<u64>> {
        async {
            let known = format!(
                "SELECT CAST(COALESCE(sum(c.reltuples) FILTER (WHERE c.reltuples > 0), 0) AS BIGINT) \
                 FROM pg_catalog.pg_partition_tree(CAST({} AS REGCLASS)) AS t \
                 JOIN pg_catalog.pg_class AS c ON c.oid = t.relid AND t.isleaf",
                text(&Dialect.qualified(table))
            );
            let known: u64 = query_scalar(known).fetch_one(connection).await?;
            Ok((known > 0).then_some(known))
        }
        .boxed()
    }

    fn is_read_only<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, bool> {
        async {
            let read_only: String = query_scalar("SHOW transaction_read_only").fetch_one(connection).await?;
            Ok(read_only != "off")
        }
        .boxed()
    }

    fn remarks<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, Vec<(&'static str, String)>> {
        async { Ok(Vec::new()) }.boxed()
    }

    /// The server keeps its own log.
    fn checkpoint<'c>(&'c self, _: &'c mut Connection) -> Answer<'c, bool> {
        async { Ok(true) }.boxed()
    }

    fn clock<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Option<i64>> {
        async {
            let now = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
            query_scalar(now).fetch_one(connection).await.map(Some)
        }
        .boxed()
    }

    /// The system identifier, which some hosts hide, and the database's oid.
    fn identity<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Vec<String>> {
        async {
            let (oid, may): (i64, bool) = query_as(
                "SELECT CAST(oid AS BIGINT), has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') \
                 FROM pg_catalog.pg_database WHERE datname = current_database()",
            )
            .fetch_one(&mut *connection)
            .await?;
            let system: String = if may {
                let system = "SELECT CAST(system_identifier AS TEXT) FROM pg_catalog.pg_control_system()";
                query_scalar(system).fetch_one(connection).await?
            } else {
                UNKNOWN.to_owned()
            };
            Ok(vec![system, oid.to_string()])
        }
        .boxed()
    }

    /// Of a replica that applies nothing, as one that archives, counts what it has written down.
    fn behind<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, Behind> {
        async {
            let (hidden, bytes): (bool, i64) = query_as(
                "SELECT count(*) FILTER (WHERE state IS NULL) > 0, CAST(COALESCE(max(pg_wal_lsn_diff(pg_current_wal_lsn(), \
                 COALESCE(replay_lsn, flush_lsn))) FILTER (WHERE state IN ('streaming', 'catchup')), 0) AS BIGINT) FROM pg_stat_replication",
            )
            .fetch_one(connection)
            .await?;
            Ok(if hidden { Behind::Hidden } else { Behind::Bytes(u64::try_from(bytes).unwrap_or(0)) })
        }
        .boxed()
    }

    fn prepare_migration<'c>(&'c self, connection: &'c mut Connection) -> Answer<'c, ()> {
        async {
            // One at a time, in order of arrival.
            let patient = format!("SET LOCAL lock_timeout = {}", self.settings.lock_timeout.as_millis());
            query(patient).execute(&mut *connection).await?;
            connection.stay_patient();
            query("SELECT pg_advisory_xact_lock(7022118)").execute(&mut *connection).await?;
            let ledger = &self.settings.ledger_schema;
            let there: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
                .bind(ledger)
                .fetch_one(&mut *connection)
                .await?;
            if !there {
                query(format!("CREATE SCHEMA {}", name(ledger))).execute(&mut *connection).await?;
            }
            query("SELECT set_config('search_path', quote_ident($1), true)").bind(ledger).execute(connection).await?;
            Ok(())
        }
        .boxed()
    }

    fn listen<'c>(&'c self, channel: &'c str) -> BoxFuture<'c, Option<Listener>> {
        Listener::of(self.options.clone(), channel).boxed()
    }
}
