//! The companies measured: made once, copied for every run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use lethe::database::{Settings, Sqlite, Store};
use lethe::demo::{Size, generate};
use lethe::domain::clock::Clock;
use lethe::domain::job::Brake;
use lethe::domain::outcome::Tally;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{Ledger, State};
use lethe::worker::sweep::open;
use lethe::worker::{Context, Limits, Planner, Request, wait_for};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio_util::sync::CancellationToken;

/// The day on which every company is made; `script.sql` has it written out.
pub const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();

/// The shipped policy.
pub fn policy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/np-retail/policy.toml")
}

/// The shipped policy without anything to look for afterwards.
pub fn policy_without_residue_check() -> PathBuf {
    let text = std::fs::read_to_string(policy()).expect("the shipped policy is there");
    let path = folder().join("unchecked.toml");
    std::fs::write(&path, text.replace(", identifying = true", "")).expect("the folder can be written");
    path
}

/// Where companies are kept between runs.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// A company of this size, made now or in an earlier run.
pub async fn company(name: &str, size: &Size, fresh: bool) -> PathBuf {
    let path = folder().join(format!("{name}.db"));
    if path.exists() && !fresh {
        return path;
    }
    eprintln!("making {} ...", path.display());
    let started = Instant::now();
    let unfinished = path.with_extension(format!("{}", std::process::id()));
    remove(&unfinished);
    let options = SqliteConnectOptions::new().filename(&unfinished).create_if_missing(true).disable_statement_logging();
    let mut connection = options.connect().await.expect("a new database");
    generate(&mut connection, size, 1, TODAY).await.expect("the company is made");
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await.expect("it is in WAL mode");
    connection.close().await.expect("it closes");
    std::fs::rename(&unfinished, &path).expect("it gets its name");
    eprintln!("made in {:.0} s", started.elapsed().as_secs_f64());
    path
}

/// A copy to work on, with a name that nothing else has: connections to an
/// earlier one may still be closing, and clean up behind them by name.
pub fn copy(company: &Path) -> PathBuf {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let path = folder().join(format!("run-{}-{number}.db", std::process::id()));
    std::fs::copy(company, &path).expect("there is room for a copy");
    // Written out now, so that it is not written out while something is measured.
    std::fs::File::open(&path).and_then(|file| file.sync_all()).expect("the copy is on the disk");
    path
}

/// Removes a database and what SQLite keeps beside it.
pub fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

/// The database as the program opens it where nothing is configured.
pub async fn store(path: &Path) -> Store {
    let busy_timeout = Duration::from_secs(5);
    let settings = Sqlite { path: path.to_owned(), busy_timeout, cache_mib: 256, checkpoint_pages: 100_000 };
    Store::open(Settings::Sqlite(settings)).await.expect("the database opens")
}

/// Everything that a sweep needs, with nothing asked for beforehand.
pub async fn context(path: &Path, policy: PathBuf, batch_size: usize) -> Context {
    context_of(store(path).await, policy, batch_size).await
}

/// The same over any database.
pub async fn context_of(store: Store, policy: PathBuf, batch_size: usize) -> Context {
    let ledger = Ledger::open(&store, &Clock::System).await.expect("the ledger opens");
    let limits = Limits {
        batch_size,
        batch_time: Duration::from_secs(10),
        rate: None,
        window: None,
        replica_lag: None,
        attempts: 3,
        retry_after: Duration::from_secs(2),
        backup_max_age: None,
        backup_stamp: None,
        rehearsal: false,
        rehearsal_clients: 50,
        brake_share: 1.0,
        drain: Duration::from_secs(30),
    };
    let actor = "bench".to_owned();
    Context {
        store,
        ledger,
        planner: Planner::new(policy),
        limits,
        redis: None,
        targets: Arc::default(),
        journal: None,
        wake: Arc::default(),
        stop: tokio_util::sync::CancellationToken::default(),
        actor,
    }
}

/// Runs one sweep through queue and worker, from its opening to its close.
pub async fn sweep(context: &Context, kind: SweepKind, today: NaiveDate) -> (Tally, Duration) {
    let brake = Brake { clients: None, share: Some(1.0) };
    let request = Request { kind, brake, ..Request::of_clients(Vec::new(), today) };
    let started = Instant::now();
    let id = open(context, &request).await.expect("the sweep opens").expect("it has no tick to share");
    let ended = wait_for(context, id, CancellationToken::new(), &mut |_, _| {}).await.expect("the worker works");
    let took = started.elapsed();
    let ended = ended.expect("the sweep is there");
    assert_eq!(ended.state, State::Done, "the sweep was stopped: {:?}", ended.note);
    (context.ledger.progress(id).await.expect("the ledger can be read").tally, took)
}

/// Runs statements on a connection like that of Lethe's own writer.
pub async fn script(store: &Store, sql: &str) -> Duration {
    let mut connection = store.writer().await.expect("the database opens");
    let started = Instant::now();
    connection.run_script(sql).await.expect("the script runs");
    let took = started.elapsed();
    connection.close().await.expect("the database closes");
    took
}

/// One number from the database.
pub async fn number(connection: &mut SqliteConnection, sql: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.expect("a number")
}

/// Compares two databases that began as copies of one, row by row and column
/// by column. Returns each difference in words.
pub async fn differences(one: &Path, other: &Path) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(one).disable_statement_logging();
    let mut connection = options.connect().await.expect("the database opens");
    let attach = format!("ATTACH DATABASE {} AS other", lethe::sql::text(&other.display().to_string()));
    sqlx::query(AssertSqlSafe(attach)).execute(&mut connection).await.expect("the other opens");
    let tables = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'lethe\\_%' ESCAPE '\\' \
                  AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("tables");
    assert!(tables.len() > 10, "the company has its tables");
    let mut differences = Vec::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?1)")
            .bind(&table)
            .fetch_all(&mut connection)
            .await
            .expect("columns");
        compare(&mut connection, &table, "rowid", &columns, &mut differences).await;
    }
    let columns = ["outcome", "reasons", "sweep"].map(str::to_owned);
    compare(&mut connection, "lethe_outcomes", "client_key", &columns, &mut differences).await;
    connection.close().await.expect("the database closes");
    differences
}

async fn compare(
    connection: &mut SqliteConnection,
    table: &str,
    key: &str,
    columns: &[String],
    differences: &mut Vec<String>,
) {
    let table = lethe::sql::name(table);
    let here = number(connection, format!("SELECT count(*) FROM main.{table}")).await;
    let there = number(connection, format!("SELECT count(*) FROM other.{table}")).await;
    if here != there {
        differences.push(format!("{table} has {here} and {there} rows"));
    }
    let same: Vec<String> = columns.iter().map(|own| format!("a.{0} IS b.{0}", lethe::sql::name(own))).collect();
    let joined = format!("main.{table} AS a JOIN other.{table} AS b ON b.{key} = a.{key}");
    let equal = number(connection, format!("SELECT count(*) FROM {joined} WHERE {}", same.join(" AND "))).await;
    if equal == here {
        return;
    }
    for column in columns {
        let own = lethe::sql::name(column);
        let sql = format!("SELECT count(*) FROM {joined} WHERE a.{own} IS NOT b.{own}");
        let other = number(connection, sql).await;
        if other > 0 {
            differences.push(format!("{table}.{own} differs in {other} rows"));
        }
    }
}

/// Removes the copies that a run left behind when it was stopped.
pub fn clean_up() {
    for entry in std::fs::read_dir(folder()).expect("the folder can be read").filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("run-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
