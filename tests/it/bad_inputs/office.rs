//! A small company in a folder of its own, good in every respect until a test
//! changes one thing.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Column, Connection, Row, SqliteConnection, ValueRef};
use tempfile::TempDir;

const SCHEMA: &str = include_str!("office/schema.sql");
const POLICY: &str = include_str!("office/policy.toml");

const CONFIG: &str = r#"database = "company.db"

[sweep]
brake_share = 1.0

[backup]
max_age = "7 days"

[sqlite]
busy_timeout = "100ms"
"#;

pub const JOB: &str = r#"schedule = "0 30 1 * * *"
time_zone = "Europe/Copenhagen"
sweep = "due"
"#;

/// What no message may quote: every personal value in the data.
const SECRETS: [&str; 10] =
    ["Ann", "Archer", "Bob", "Baker", "archer.example", "baker.example", "55510", "55520", "1971-03-14", "allergic"];

/// What a person should not have to read: the insides of drivers and parsers.
const INSIDES: [&str; 12] = [
    "sqlx",
    "Sqlx",
    "Some(",
    "None",
    "Err(",
    "Os {",
    "os error",
    "panicked",
    "(code:",
    "returned from database",
    "TOML parse error",
    "\t",
];

pub struct Office {
    pub folder: TempDir,
}

impl Office {
    pub fn new() -> Self {
        Self::with("")
    }

    /// A company whose database has had these statements too.
    pub fn with(sql: &str) -> Self {
        // Made once, copied for every test: making it is what takes long.
        static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let folder = tempfile::tempdir().expect("a folder");
            wait(crate::common::Place::in_file(folder.path(), SCHEMA));
            std::fs::read(folder.path().join("company.db")).expect("the database is read")
        });
        let office = Self { folder: tempfile::tempdir().expect("a folder") }.write("company.db", &*DATABASE);
        if !sql.is_empty() {
            office.execute(sql);
        }
        office.write("policy.toml", POLICY).write("lethe.toml", CONFIG).write("jobs/nightly-due.toml", JOB)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(path, text).expect("the file is written");
        self
    }

    pub fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.path(name)).expect("the file goes");
        self
    }

    /// Changes a file in one place.
    pub fn edit(self, name: &str, from: &str, to: &str) -> Self {
        let text = std::fs::read_to_string(self.path(name)).expect("the file is read");
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands once in {name}");
        self.write(name, text.replace(from, to))
    }

    pub fn policy(self, from: &str, to: &str) -> Self {
        self.edit("policy.toml", from, to)
    }

    pub fn policy_and(self, more: &str) -> Self {
        let text = std::fs::read_to_string(self.path("policy.toml")).expect("the policy is read");
        self.write("policy.toml", text + more)
    }

    pub fn config(self, from: &str, to: &str) -> Self {
        self.edit("lethe.toml", from, to)
    }

    pub fn job(self, from: &str, to: &str) -> Self {
        self.edit("jobs/nightly-due.toml", from, to)
    }

    pub fn lethe(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = crate::common::command(self.folder.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LETHE_")) {
            command.env_remove(name);
        }
        command.args(args).timeout(std::time::Duration::from_mins(1));
        command
    }

    /// The same, where nothing was confirmed beforehand.
    pub fn unconfirmed(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = self.lethe(args);
        command.env_remove("LETHE_YES");
        command
    }

    /// What `lethe policy check` says against the policy.
    pub fn check(&self) -> String {
        self.refused(&["policy", "check"])
    }

    /// What the program says when it refuses.
    pub fn refused(&self, args: &[&str]) -> String {
        self.refused_by(self.lethe(args))
    }

    pub fn refused_by(&self, command: assert_cmd::Command) -> String {
        self.ended(command, 1)
    }

    /// Runs a command to an exit code without data on stdout and without a
    /// row changed, and returns what it said.
    pub fn ended(&self, mut command: assert_cmd::Command, code: i32) -> String {
        let before = self.state();
        let output = command.output().expect("the program runs");
        let said = String::from_utf8(output.stderr).expect("stderr is text");
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "nothing goes to stdout");
        let only_looks = command.get_args().any(|arg| matches!(arg.to_str(), Some("check" | "--preview")));
        self.assert_unchanged(&before, only_looks);
        self.assert_reads_well(&said);
        said
    }

    /// What the program prints when all is well.
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.lethe(args).output().expect("the program runs");
        let said = String::from_utf8(output.stderr).expect("stderr is text");
        assert_eq!(output.status.code(), Some(0), "{said}");
        let printed = String::from_utf8(output.stdout).expect("stdout is text");
        assert_quotes_no_data(&said);
        assert_quotes_no_data(&printed);
        printed
    }

    /// What the program prints where it fails, and what it says.
    pub fn failed(&self, args: &[&str]) -> (String, String) {
        let output = self.lethe(args).output().expect("the program runs");
        let said = String::from_utf8(output.stderr).expect("stderr is text");
        assert_eq!(output.status.code(), Some(1), "{said}");
        let printed = String::from_utf8(output.stdout).expect("stdout is text");
        assert_quotes_no_data(&said);
        assert_quotes_no_data(&printed);
        (printed, said)
    }

    /// Rehearses the policy, so that only the gate under test is shut.
    pub fn rehearsed(self) -> Self {
        self.done(&["sweep", "--due", "--rehearse"]);
        self
    }

    pub fn execute(&self, sql: &str) {
        wait(async {
            let mut connection = self.connect().await.expect("the database opens");
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("the statement runs");
            connection.close().await.expect("the database closes");
        });
    }

    /// The rows of the company's own tables.
    pub fn rows(&self) -> Vec<String> {
        let mut rows = self.state().rows.expect("a database");
        rows.retain(|row| !row.starts_with("lethe_") && !row.starts_with("sqlite_schema: lethe_"));
        rows
    }

    pub async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path("company.db"));
        SqliteConnection::connect_with(&options).await
    }

    fn state(&self) -> State {
        let bytes = std::fs::read(self.path("company.db")).ok();
        let mut state = State { bytes, rows: None };
        if state.bytes.is_none() {
            return state;
        }
        let copy = tempfile::tempdir().expect("a folder");
        for name in ["company.db", "company.db-wal"] {
            let _ = std::fs::copy(self.path(name), copy.path().join(name));
        }
        state.rows = wait(rows(&copy.path().join("company.db"))).ok();
        state
    }

    fn assert_unchanged(&self, before: &State, only_looks: bool) {
        let after = self.state();
        match (&before.rows, &after.rows) {
            (Some(before), Some(after)) => {
                // The ledger's tables may have been made, and listed with the client table, where something was to be written.
                // Who asked for something that may change anything is recorded, whatever came of it.
                let made = |row: &&String| {
                    let of_ledger = ["sqlite_schema: lethe_", "lethe_ledgers: "].iter().any(|own| row.starts_with(own));
                    (only_looks || !of_ledger) && !row.starts_with("lethe_requests: ")
                };
                let before: Vec<&String> = before.iter().filter(made).collect();
                assert_eq!(before, after.iter().filter(made).collect::<Vec<_>>(), "no row was changed");
            }
            _ => assert!(before.bytes == after.bytes, "the file is as it was"),
        }
    }

    /// What, where and what to do, in the words and the form of the house.
    fn assert_reads_well(&self, said: &str) {
        assert_quotes_no_data(said);
        for inside in INSIDES {
            assert!(!said.contains(inside), "`{inside}` is for programmers:\n{said}");
        }
        assert!(!said.contains(&*self.folder.path().to_string_lossy()), "paths count from the folder:\n{said}");
        let (what, hint) = said.split_once("\n\nhint: ").expect("an error and a hint");
        let what = what.strip_prefix("error: ").expect("an error comes first");
        for part in [what, hint] {
            assert!(!part.starts_with(char::is_uppercase), "fragments begin in lower case:\n{said}");
            assert!(!part.trim_end().ends_with('.'), "fragments end without a stop:\n{said}");
        }
        assert_eq!(hint.lines().count(), 1, "a hint is one line:\n{said}");
        let problems = what.lines().filter(|line| line.starts_with("    fix: ")).count();
        assert_eq!(what.lines().count(), 1 + 3 * problems, "an error is one line, and three for each problem:\n{said}");
    }
}

fn assert_quotes_no_data(said: &str) {
    for secret in SECRETS {
        assert!(!said.contains(secret), "`{secret}` is a client's:\n{said}");
    }
}

/// The database before and after.
struct State {
    bytes: Option<Vec<u8>>,
    rows: Option<Vec<String>>,
}

/// The schema and every row of every table, save the note of which ledger version is there.
async fn rows(path: &Path) -> Result<Vec<String>, sqlx::Error> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' \
         AND name NOT LIKE 'sqlite_%' AND name <> 'lethe_migrations' ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut all: Vec<String> =
        sqlx::query_scalar("SELECT 'sqlite_schema: ' || tbl_name || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema ORDER BY name")
            .fetch_all(&mut connection)
            .await?;
    for table in tables {
        let sql = format!("SELECT * FROM \"{table}\" ORDER BY 1, 2");
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await? {
            let values: Vec<String> = row.columns().iter().map(|column| value(&row, column.ordinal())).collect();
            all.push(format!("{table}: {}", values.join("|")));
        }
    }
    Ok(all)
}

fn value(row: &sqlx::sqlite::SqliteRow, at: usize) -> String {
    if row.try_get_raw(at).is_ok_and(|value| value.is_null()) {
        return "NULL".to_owned();
    }
    let number = |_| row.try_get_unchecked::<i64, _>(at).map(|number| number.to_string());
    row.try_get::<String, _>(at).or_else(number).unwrap_or_else(|_| "?".to_owned())
}

/// Waits for something to happen, on a thread that has nothing else to do.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    });
    RUNTIME.block_on(future)
}
