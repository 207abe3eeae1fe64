//! The same company on a `PostgreSQL` server: made once from the `SQLite` one,
//! row for row, and kept as a template of which every run gets a copy.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use lethe::database::{Postgres, Settings, Store};
use lethe::demo::Size;
use lethe::sql::{name, text};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use url::Url;

use crate::company;

/// The variable that names the server.
const SERVER: &str = "LETHE_BENCH_POSTGRES";
/// The tables of the company, and what is made when the rows are in.
pub const SCHEMA: &str = include_str!("../../policies/np-retail/schema.postgres.sql");
pub const INDEXES: &str = "-- Foreign keys and indexes\n";
/// Bytes sent to the server at once.
const SENT: usize = 1 << 20;

/// The server's own database, if the environment names one.
pub fn server() -> Option<Url> {
    let url = std::env::var(SERVER).ok()?;
    Some(Url::parse(&url).unwrap_or_else(|_| panic!("`{SERVER}` holds no URL")))
}

/// A database of the server, removed at the end of a run.
#[derive(Clone)]
pub struct Database {
    server: Url,
    pub name: String,
}

impl Database {
    pub fn named(server: &Url, name: String) -> Self {
        Self { server: server.clone(), name }
    }

    /// Whether it was made in an earlier run.
    pub async fn is_there(&self) -> bool {
        let mut connection = PgConnection::connect(self.server.as_str()).await.expect("the server answers");
        let there = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1").bind(&self.name);
        let there: i64 = there.fetch_one(&mut connection).await.expect("databases can be counted");
        connection.close().await.expect("the connection closes");
        there > 0
    }

    pub fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    /// A connection of nobody's, for statements that the program would not send.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(self.url().as_str()).await.expect("the server answers")
    }

    /// The database as the program opens it, with so many batches at a time.
    pub async fn store(&self, concurrency: u16) -> Store {
        let settings = Postgres {
            url: self.url(),
            ledger_schema: "lethe".to_owned(),
            concurrency,
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_hours(1),
            idle_timeout: Duration::from_secs(60),
        };
        Store::open(Settings::Postgres(settings)).await.expect("the database opens")
    }

    pub async fn remove(self) {
        run(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(&self.name))).await;
    }
}

pub async fn run(url: &Url, sql: &str) {
    let mut connection = PgConnection::connect(url.as_str()).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("the statement runs");
    connection.close().await.expect("the connection closes");
}

/// The template of a company of this size, made now or in an earlier run.
pub async fn template(server: &Url, size: &Size, fresh: bool) -> String {
    let made = format!("lethe_bench_{}", size.clients);
    if !fresh && Database::named(server, made.clone()).is_there().await {
        return made;
    }
    let file = company::company(&format!("speed-{}", size.clients), size, fresh).await;
    eprintln!("making the database {made} ...");
    let started = Instant::now();
    let unfinished = Database::named(server, format!("{made}_{}", std::process::id()));
    run(server, &format!("CREATE DATABASE {} TEMPLATE template0", name(&unfinished.name))).await;
    fill(&unfinished, &file).await;
    run(server, &format!("DROP DATABASE IF EXISTS {}", name(&made))).await;
    run(server, &format!("ALTER DATABASE {} RENAME TO {}", name(&unfinished.name), name(&made))).await;
    eprintln!("made in {:.0} s", started.elapsed().as_secs_f64());
    made
}

/// A copy to work on, written out before anything is measured.
pub async fn copy(server: &Url, template: &str) -> Database {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let database = Database::named(server, format!("lethe_run_{}_{number}", std::process::id()));
    let create = "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY";
    run(server, &create.replace("{name}", &name(&database.name)).replace("{template}", &name(template))).await;
    run(server, "CHECKPOINT").await;
    database
}

async fn fill(database: &Database, file: &Path) {
    let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
    let mut from = options.connect().await.expect("the company opens");
    let mut to = database.connect().await;
    let (tables, indexes) = SCHEMA.split_once(INDEXES).expect("the schema has two parts");
    sqlx::raw_sql(tables).execute(&mut to).await.expect("the tables are made");
    let names =
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
    for table in sqlx::query_scalar::<_, String>(names).fetch_all(&mut to).await.expect("tables") {
        copy_rows(&mut from, &mut to, &table).await;
    }
    sqlx::raw_sql(indexes).execute(&mut to).await.expect("the indexes are made");
    sqlx::raw_sql("VACUUM (FREEZE, ANALYZE)").execute(&mut to).await.expect("it is vacuumed");
    to.close().await.expect("the connection closes");
    from.close().await.expect("the company closes");
}

/// Sends the rows of a table as the text that COPY reads.
async fn copy_rows(from: &mut SqliteConnection, to: &mut PgConnection, table: &str) {
    let columns = "SELECT attname::text, atttypid::regtype::text FROM pg_attribute \
                   WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum";
    let columns: Vec<(String, String)> =
        sqlx::query_as(columns).bind(table).fetch_all(&mut *to).await.expect("columns");
    let read: Vec<String> = columns
        .iter()
        .map(|(column, kind)| match kind.as_str() {
            "bytea" => format!("'\\x' || hex({})", name(column)),
            // Old imports left an empty text where there is no date.
            "date" => format!("nullif({}, '')", name(column)),
            _ => format!("CAST({} AS TEXT)", name(column)),
        })
        .collect();
    let read = format!("SELECT {} FROM {} ORDER BY rowid", read.join(", "), name(table));
    let mut rows = sqlx::query(AssertSqlSafe(read)).fetch(from);
    let mut copy = to.copy_in_raw(&format!("COPY {} FROM STDIN", name(table))).await.expect("rows can be sent");
    let mut lines = Vec::with_capacity(SENT * 2);
    while let Some(row) = rows.try_next().await.expect("a row") {
        write_line(&row, &mut lines);
        if lines.len() >= SENT {
            copy.send(lines.as_slice()).await.expect("rows are sent");
            lines.clear();
        }
    }
    copy.send(lines.as_slice()).await.expect("rows are sent");
    copy.finish().await.expect("the rows are in");
}

fn write_line(row: &SqliteRow, line: &mut Vec<u8>) {
    for at in 0..row.len() {
        if at > 0 {
            line.push(b'\t');
        }
        let Some(value) = row.get::<Option<&str>, _>(at) else {
            line.extend(b"\\N");
            continue;
        };
        for byte in value.bytes() {
            match byte {
                b'\\' => line.extend(b"\\\\"),
                b'\t' => line.extend(b"\\t"),
                b'\n' => line.extend(b"\\n"),
                b'\r' => line.extend(b"\\r"),
                byte => line.push(byte),
            }
        }
    }
    line.push(b'\n');
}

/// Compares two databases that began as copies of one: what each column holds,
/// beside its row's key. Returns each difference in words.
pub async fn differences(one: &Database, other: &Database) -> Vec<String> {
    let (one, other) = (contents(one).await, contents(other).await);
    assert!(one.len() > 100, "the company has its tables");
    let differing = one.iter().zip(&other).filter(|(one, other)| one != other);
    differing.map(|((column, ..), _)| format!("{column} differs")).collect()
}

/// Of every column, a sum over its values with their keys, and of every table the number of rows.
async fn contents(database: &Database) -> Vec<(String, String)> {
    let mut connection = database.connect().await;
    let tables = "SELECT i.indrelid::regclass::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) \
                  FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) \
                  WHERE i.indisprimary AND i.indrelid::regclass::text !~ '^(lethe|pg_|information_schema)' GROUP BY 1 ORDER BY 1";
    let mut tables: Vec<(String, String)> = sqlx::query_as(tables).fetch_all(&mut connection).await.expect("tables");
    tables.push(("lethe.lethe_outcomes".to_owned(), "client_key".to_owned()));
    let mut contents = Vec::new();
    for (table, key) in tables {
        let columns = format!(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 \
             AND attname NOT IN ('at', 'last_at', 'digest') ORDER BY attnum",
            text(&table)
        );
        let columns: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut connection).await.expect("columns");
        let sums: Vec<String> = columns
            .iter()
            .map(|own| format!("COALESCE(sum(hashtextextended(ROW({key}, {own})::text, 0)), 0)::text"))
            .collect();
        let sql = format!("SELECT count(*)::text, {} FROM {table}", sums.join(", "));
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await.expect("sums");
        let names = std::iter::once("the number of rows").chain(columns.iter().map(String::as_str));
        contents.extend(names.enumerate().map(|(at, own)| (format!("{table}: {own}"), row.get(at))));
    }
    connection.close().await.expect("the connection closes");
    contents
}

/// Removes the databases that a run left behind when it was stopped.
pub async fn clean_up(server: &Url) {
    let mut connection = PgConnection::connect(server.as_str()).await.expect("the server answers");
    let left = "SELECT datname::text FROM pg_database WHERE datname ~ '^lethe_(run|bench_[0-9]+)_[0-9]'";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut connection).await.expect("databases");
    for database in left {
        let mut parts = database.trim_start_matches("lethe_run_").trim_start_matches("lethe_bench_").split('_');
        let process = if database.starts_with("lethe_run_") { parts.next() } else { parts.nth(1) };
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(&database));
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.expect("it is dropped");
        }
    }
    connection.close().await.expect("the connection closes");
}
