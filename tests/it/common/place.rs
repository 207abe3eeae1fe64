//! Where a test's company keeps its database: in a file of its own, or in a
//! database of its own on the server that the test command has started.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use lethe::database::{Postgres, Settings, Sqlite};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Connection, Row, TypeInfo, ValueRef};

use super::searched;

/// The variable that names the database on which tests run: `sqlite`, the default, or `postgres`.
const DATABASE: &str = "TEST_DATABASE";

/// The variable with the server's URL.
const SERVER: &str = "TEST_POSTGRES";

/// Whether tests run on PostgreSQL.
pub fn is_on_postgres() -> bool {
    match std::env::var(DATABASE).as_deref() {
        Err(std::env::VarError::NotPresent) | Ok("sqlite") => false,
        Ok("postgres") => true,
        other => panic!("`{DATABASE}` is `sqlite` or `postgres`, not {other:?}"),
    }
}

/// One of two texts: for SQLite, and for PostgreSQL.
pub fn either<'a>(sqlite: &'a str, postgres: &'a str) -> &'a str {
    if is_on_postgres() { postgres } else { sqlite }
}

/// The URL of the server's own database.
pub fn server() -> String {
    std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("`{SERVER}` is not set: `tests/run` starts a PostgreSQL server and sets it"))
}

/// The folders of tests, and their databases on the server.
static MADE: Mutex<Vec<(PathBuf, String)>> = Mutex::new(Vec::new());

/// How many databases are dropped at once: each drop waits for a checkpoint, which has little to write right after another.
const DROPPED_TOGETHER: usize = 32;

/// The databases of tests that are over, once there are many: all of them together would fill the disk.
fn over() -> Vec<String> {
    let mut made = MADE.lock().expect("no thread panics with it");
    if made.iter().filter(|(folder, _)| !folder.exists()).count() < DROPPED_TOGETHER {
        return Vec::new();
    }
    let over = made.extract_if(.., |(folder, _)| !folder.exists());
    over.filter_map(|(_, url)| url.rsplit_once('/').map(|(_, name)| name.to_owned())).collect()
}

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Place {
    File(PathBuf),
    Server(String),
}

impl Place {
    /// A new database with this schema.
    pub async fn new(folder: &Path, schema: &str) -> Self {
        if !is_on_postgres() {
            return Self::in_file(folder, schema).await;
        }
        let place = Self::on_server(schema).await;
        place.goes_with(folder);
        place
    }

    /// A copy of it for the test in this folder, there in a file of this name. No session may be connected to a database on the
    /// server.
    pub async fn copied(&self, folder: &Path, file: &str) -> Self {
        match self {
            Self::File(path) => {
                let copy = folder.join(file);
                std::fs::copy(path, &copy).expect("the database is copied");
                Self::File(copy)
            }
            Self::Server(url) => {
                let copy = Self::made_from(url.rsplit('/').next().expect("a name")).await;
                copy.goes_with(folder);
                copy
            }
        }
    }

    /// Has it dropped once the folder is gone.
    fn goes_with(&self, folder: &Path) {
        if let Self::Server(url) = self {
            MADE.lock().expect("no thread panics with it").push((folder.to_owned(), url.clone()));
        }
    }

    /// `company.db` in a folder.
    pub async fn in_file(folder: &Path, schema: &str) -> Self {
        searched::remember(schema);
        let path = folder.join("company.db");
        let options =
            SqliteConnectOptions::new().filename(&path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("a new database");
        sqlx::raw_sql(AssertSqlSafe(schema.to_owned())).execute(&mut connection).await.expect("the schema is made");
        connection.close().await.expect("the database closes");
        Self::File(path)
    }

    /// A database on the server.
    pub async fn on_server(schema: &str) -> Self {
        let place = Self::made_from("template0").await;
        place.execute(&in_its_words(schema)).await;
        place
    }

    async fn made_from(template: &str) -> Self {
        let name = format!("test_{}", ulid::Ulid::new().to_string().to_lowercase());
        let mut connection = PgConnection::connect(&server()).await.expect("the server answers");
        for over in over() {
            // One that a session will not leave is left to the server's end.
            let sql = format!("DROP DATABASE IF EXISTS {over} WITH (FORCE)");
            let _ = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
        }
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a database is made");
        connection.close().await.expect("the connection closes");
        let mut url = url::Url::parse(&server()).expect("a URL");
        url.set_path(&name);
        Self::Server(url.to_string())
    }

    pub fn settings(&self) -> Settings {
        match self {
            Self::File(path) => Settings::Sqlite(Sqlite {
                path: path.clone(),
                busy_timeout: Duration::from_secs(5),
                cache_mib: 16,
                checkpoint_pages: 1000,
            }),
            Self::Server(url) => Settings::Postgres(Postgres {
                url: url::Url::parse(url).expect("a URL"),
                ledger_schema: "lethe".to_owned(),
                concurrency: 2,
                lock_timeout: Duration::from_secs(1),
                statement_timeout: Duration::from_secs(60),
                idle_timeout: Duration::from_secs(60),
            }),
        }
    }

    /// What `database` in `lethe.toml` says.
    pub fn setting(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(url) => url.clone(),
        }
    }

    /// Runs statements on a connection of their own.
    pub async fn execute(&self, sql: &str) {
        searched::remember(sql);
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::File(path) => {
                let mut connection = connect(path).await;
                sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
                connection.close().await.expect("the database closes");
            }
            Self::Server(url) => {
                let mut connection = PgConnection::connect(url).await.expect("the server answers");
                sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
                connection.close().await.expect("the connection closes");
            }
        }
    }

    /// Waits until the server has ended what sessions that are gone had left to it.
    pub async fn quiet(&self) {
        let Self::Server(_) = self else { return };
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                    AND state <> 'idle'";
        while self.rows(busy).await != ["0"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The rows of a query, one line each, values separated by `|`, NULL as `NULL`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.answers(&[sql.to_owned()]).await.remove(0)
    }

    /// The rows of each query, asked one after the other on one connection.
    pub async fn answers(&self, queries: &[String]) -> Vec<Vec<String>> {
        let mut answers = Vec::new();
        match self {
            Self::File(path) => {
                let mut connection = connect(path).await;
                for sql in queries {
                    let rows = sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
                    answers.push(rows.expect("a query").iter().map(of_file).collect());
                }
                connection.close().await.expect("the database closes");
            }
            Self::Server(url) => {
                let mut connection = PgConnection::connect(url).await.expect("the server answers");
                let within = sqlx::raw_sql("SET search_path = public, lethe").execute(&mut connection).await;
                within.expect("a search path");
                for sql in queries {
                    // Asked without preparing, everything comes back as text.
                    let rows = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
                    answers.push(rows.expect("a query").iter().map(of_server).collect());
                }
                connection.close().await.expect("the connection closes");
            }
        }
        answers
    }

    /// The tables that are not the ledger's.
    pub async fn tables(&self) -> Vec<(String, String)> {
        let sql = match self {
            Self::File(_) => {
                "SELECT name, '\"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_schema WHERE type = 'table' \
                 AND name NOT LIKE 'lethe\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            }
            Self::Server(_) => {
                "SELECT CASE nspname WHEN 'public' THEN relname ELSE nspname || '.' || relname END, format('%I.%I', nspname, relname) \
                 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND NOT relispartition \
                 AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' AND relname NOT LIKE 'lethe\\_%' ORDER BY 1"
            }
        };
        let split = |row: String| row.split_once('|').map(|(name, quoted)| (name.to_owned(), quoted.to_owned()));
        self.rows(sql).await.into_iter().filter_map(split).collect()
    }
}

/// A schema with SQLite's words for types, and its way to number rows, put into those of PostgreSQL.
fn in_its_words(schema: &str) -> String {
    schema
        .replace("id INTEGER PRIMARY KEY", "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        .replace(" BLOB", " BYTEA")
        .replace(" x'", " '\\x")
        .replace(" DATETIME", " TIMESTAMP")
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(20));
    SqliteConnection::connect_with(&options).await.expect("the database opens")
}

fn of_file(row: &SqliteRow) -> String {
    let value = |at: usize| {
        row.try_get::<Option<String>, _>(at)
            .map(|text| text.unwrap_or_else(|| "NULL".to_owned()))
            .or_else(|_| row.try_get::<i64, _>(at).map(|number| number.to_string()))
            .or_else(|_| row.try_get::<f64, _>(at).map(|number| number.to_string()))
            .or_else(|_| row.try_get::<Vec<u8>, _>(at).map(|bytes| format!("{} bytes", bytes.len())))
            .unwrap_or_else(|_| format!("? {}", row.column(at).name()))
    };
    (0..row.len()).map(value).collect::<Vec<_>>().join("|")
}

fn of_server(row: &PgRow) -> String {
    let value = |at: usize| {
        let value = row.try_get_raw(at).expect("a value");
        if value.is_null() {
            return "NULL".to_owned();
        }
        let is_flag = value.type_info().name() == "BOOL";
        let text = value.as_str().expect("a text");
        match text {
            text if value.type_info().name() == "BYTEA" => format!("{} bytes", (text.len() - 2) / 2),
            "t" if is_flag => "1".to_owned(),
            "f" if is_flag => "0".to_owned(),
            text => text.to_owned(),
        }
    };
    (0..row.len()).map(value).collect::<Vec<_>>().join("|")
}
