//! A company of a trade: the database of a shipped policy, its data, its jobs,
//! and the program at work on it.
//!
//! It lives in a time zone where it is about noon now, so that no midnight
//! passes while a test runs; its day is [`today`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{Days, FixedOffset, Months, NaiveDate, Timelike};
use lethe::domain::clock::Clock;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::snapshot::Snapshot;
use crate::common::Lethe;
use crate::common::place::{Place, either};
use crate::common::project::{files, read, root};
use crate::common::searched::VERBOSE;

/// How far east of Greenwich it is about noon, in hours.
fn east() -> i32 {
    static EAST: OnceLock<i32> = OnceLock::new();
    *EAST.get_or_init(|| 12 - i32::try_from(Clock::System.now().hour()).expect("an hour of a day"))
}

/// The day on which companies of trades live.
pub fn today() -> NaiveDate {
    static TODAY: OnceLock<NaiveDate> = OnceLock::new();
    let there = FixedOffset::east_opt(east() * 3600).expect("a time zone");
    *TODAY.get_or_init(|| Clock::System.now().with_timezone(&there).date_naive())
}

/// So many days ago; below zero for days to come.
pub fn ago(days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    if days < 0 { today() + by } else { today() - by }
}

/// So many calendar years ago, as a period counts them.
pub fn years_ago(years: u32) -> NaiveDate {
    months_ago(12 * years)
}

/// So many calendar months ago, as a period counts them.
pub fn months_ago(months: u32) -> NaiveDate {
    today() - Months::new(months)
}

/// What the program answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub struct Trade {
    pub folder: TempDir,
    pub place: Place,
}

impl Trade {
    /// The company of a shipped policy: `policies/NAME`, as it is shipped.
    pub async fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = company(folder.path(), name).await;
        let trade = Self { folder, place };
        let shipped = root().join("policies").join(name);
        trade.write("policy.toml", &read(&shipped.join("policy.toml")));
        std::fs::create_dir(trade.path("jobs")).expect("a folder for jobs");
        let own = shipped.join("jobs");
        for job in
            files(if own.exists() { &own } else { Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/jobs")) }, ".toml")
        {
            let name = job.file_name().expect("a file's name").to_string_lossy().into_owned();
            trade.write(&format!("jobs/{name}"), &where_it_is_noon(&read(&job)));
        }
        trade.configure("");
        trade
    }

    /// Writes the configuration, with more sections behind it.
    ///
    /// Each root that the policy names is a folder `files/ROOT`. Rehearsal and
    /// backup are asked for, as everywhere; a sweep by hand may take all clients.
    pub fn configure(&self, more: &str) {
        let mut text = format!(
            "database = \"{}\"\ntime_zone = \"{}\"\n[sweep]\nbrake_share = 1.0\nretry_after = \"100ms\"\n[files]\n",
            self.place.setting(),
            zone()
        );
        for root in roots(&read(&self.path("policy.toml"))) {
            std::fs::create_dir_all(self.path("files").join(&root)).expect("a folder for files");
            text += &format!("{root} = \"files/{root}\"\n");
        }
        self.write("lethe.toml", &(text + more));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("the file is written");
    }

    /// Changes a text of the policy, which must stand there exactly once.
    pub fn amend_policy(&self, from: &str, to: &str) {
        let policy = read(&self.path("policy.toml"));
        assert_eq!(policy.matches(from).count(), 1, "`{from}` stands once in the policy");
        self.write("policy.toml", &policy.replace(from, to));
    }

    /// Runs statements in the company's database; `{today}` is its day.
    pub async fn execute(&self, sql: &str) {
        self.place.execute(&sql.replace("{today}", &today().to_string())).await;
    }

    /// What the database answers to a statement that it refuses; nothing where it does not.
    pub async fn refusal(&self, sql: &str) -> Option<String> {
        let sql = AssertSqlSafe(sql.replace("{today}", &today().to_string()));
        let done = match &self.place {
            Place::File(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the database opens");
                sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
            }
            Place::Server(url) => {
                let mut connection = PgConnection::connect(url).await.expect("the server answers");
                sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
            }
        };
        done.err().map(|error| error.to_string())
    }

    /// The rows of a query, one line each, values separated by `|`, NULL as `NULL`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.place.rows(&sql.replace("{today}", &today().to_string())).await
    }

    /// The only value of a query.
    pub async fn value(&self, sql: &str) -> String {
        let mut rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "one row: {sql}");
        rows.remove(0)
    }

    /// The number that a query gives.
    pub async fn count(&self, sql: &str) -> i64 {
        self.value(sql).await.parse().expect("a number")
    }

    /// Every row and column of the company's own tables.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.place).await
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Answer {
        Self::answer(crate::common::lethe(self.folder.path()).args(args))
    }

    /// The same, where nothing was confirmed beforehand.
    pub fn run_unconfirmed(&self, args: &[&str]) -> Answer {
        Self::answer(crate::common::lethe(self.folder.path()).env_remove("LETHE_YES").args(args))
    }

    fn answer(program: &mut Lethe) -> Answer {
        let output = program.output().expect("the program runs");
        Answer {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs the program, which must do what was asked, and gives its answer.
    pub fn json(&self, args: &[&str]) -> Value {
        let mut program = crate::common::lethe(self.folder.path());
        let answer = Self::answer(program.args(args).arg("--json").env("LETHE_LOG", VERBOSE));
        assert_eq!(answer.code, 0, "{args:?}: {}", answer.err);
        serde_json::from_str(&answer.out).unwrap_or(Value::Null)
    }

    /// Sweeps as an operator does: rehearses, acknowledges a backup, sweeps and waits. The rehearsal may fail where another
    /// passed before.
    ///
    /// `args` are those behind `lethe sweep`: the name of a job, or `--period`,
    /// `--list FILE` and so on. The answer is the program's: `["progress"]` has
    /// the counts by outcome, `["refusals"]` the refusals by reason.
    pub fn sweep(&self, args: &[&str]) -> Value {
        self.run(&[&["sweep"], args, &["--rehearse"]].concat());
        self.json(&["backup", "acknowledge"]);
        self.json(&[&["sweep"], args, &["--wait"]].concat())
    }

    /// Sweeps these clients, whatever their dates and activity: guards and holds still refuse.
    pub fn forget(&self, keys: &[&str]) -> Value {
        self.write("list.txt", &keys.join("\n"));
        self.sweep(&["--list", "list.txt", "--force"])
    }

    /// Sweeps these clients, if their period has passed.
    pub fn list(&self, keys: &[&str]) -> Value {
        self.write("list.txt", &keys.join("\n"));
        self.sweep(&["--list", "list.txt"])
    }

    /// A client's last outcome, with its reasons: `refused: open-orders, hold`. It is read from the ledger, because a process
    /// for each client would take most of a test's time.
    pub fn outcome(&self, key: &str) -> String {
        let own = key.replace('\'', "''");
        let sql = format!(
            "SELECT outcome, reasons FROM lethe_outcomes WHERE client_key = '{own}' ORDER BY sweep DESC LIMIT 1"
        );
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(self.rows(&sql))
        };
        let rows = std::thread::scope(|scope| scope.spawn(ask).join()).expect("the ledger is read");
        let Some((outcome, reasons)) = rows.first().and_then(|row| row.split_once('|')) else {
            return "never looked at".to_owned();
        };
        let reasons: Vec<String> =
            if reasons == "NULL" { Vec::new() } else { serde_json::from_str(reasons).expect("a list") };
        if reasons.is_empty() { outcome.to_owned() } else { format!("{outcome}: {}", reasons.join(", ")) }
    }

    /// What would become of each client that a sweep looks at: key, outcome and reasons.
    pub fn preview(&self, args: &[&str]) -> Vec<(String, String)> {
        let answer = self.run(&[&["sweep"], args, &["--preview", "--clients"]].concat());
        assert_eq!(answer.code, 0, "{args:?}: {}", answer.err);
        let lines = answer.out.lines().filter(|line| line.contains('\t'));
        let fields = lines.map(|line| line.splitn(3, '\t').collect::<Vec<_>>());
        fields
            .map(|own| (own[0].to_owned(), format!("{}: {}", own[1], own[2]).trim_end_matches(": ").to_owned()))
            .collect()
    }
}

/// The name of a time zone in which it is about noon.
pub fn zone() -> String {
    // These names have the sign of ships' clocks: `Etc/GMT-2` is two hours east.
    format!("Etc/GMT{:+}", -east())
}

fn where_it_is_noon(job: &str) -> String {
    let own = |line: &str| {
        if line.starts_with("time_zone") { format!("time_zone = \"{}\"", zone()) } else { line.to_owned() }
    };
    job.lines().map(own).collect::<Vec<_>>().join("\n")
}

/// The roots that a policy names.
fn roots(policy: &str) -> BTreeSet<String> {
    fn look(value: &toml::Value, found: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    match value {
                        toml::Value::String(root) if name == "delete_file" || name == "delete_folder" => {
                            found.insert(root.clone());
                        }
                        _ => look(value, found),
                    }
                }
            }
            toml::Value::Array(values) => values.iter().for_each(|value| look(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    look(&toml::from_str(policy).expect("a policy is TOML"), &mut found);
    found
}

/// What makes the database of a trade, in one script.
fn script(name: &str) -> String {
    let shipped = root().join("policies").join(name);
    let schema = read(&shipped.join(either("schema.sql", "schema.postgres.sql")));
    let data = shipped.join("data.sql");
    let data = if data.exists() { read(&data) } else { String::new() };
    format!("BEGIN;\n{schema}\n{}\n{data}\nCOMMIT;\n", lethe::demo::days(today()))
}

/// A database of a trade: made once, and copied for each test.
async fn company(folder: &Path, name: &str) -> Place {
    static MADE: Mutex<Vec<(String, Place)>> = Mutex::const_new(Vec::new());
    static KEPT: OnceLock<TempDir> = OnceLock::new();
    let mut made = MADE.lock().await;
    let original = made.iter().find(|(own, _)| own == name).map(|(_, place)| place.clone());
    let original = if let Some(original) = original {
        original
    } else {
        let kept = KEPT.get_or_init(|| tempfile::tempdir().expect("a folder")).path().join(name);
        std::fs::create_dir_all(&kept).expect("a folder");
        let place = Place::new(&kept, "").await;
        place.execute(&script(name)).await;
        made.push((name.to_owned(), place.clone()));
        place
    };
    // While the copy is made, no session may be connected to the original: the lock is still held.
    original.copied(folder, "company.db").await
}
