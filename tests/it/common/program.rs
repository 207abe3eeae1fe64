//! The program itself at work on a company of its own, and what must hold of
//! that company at any moment, whatever happened to the program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

/// Every write of the company's rows leaves a row in `written`; a trigger keeps one client.
const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, due DATE,
  anonymized INTEGER NOT NULL DEFAULT 0, anonymized_on DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), status TEXT, ship_to TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), street TEXT);
CREATE TABLE written (what TEXT, no TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {clients})
INSERT INTO customers (no, name, email, due) SELECT format('C%05d', i), format('Person %d', i), format('p%d@home.example', i),
  CASE i % 10 WHEN 0 THEN '2999-01-01' WHEN 1 THEN NULL ELSE '2020-01-01' END FROM n;
INSERT INTO orders (customer_no, status, ship_to) SELECT no, iif(rowid % 17 = 0, 'open', 'closed'), name || ', at home' FROM customers;
INSERT INTO orders (customer_no, status, ship_to) SELECT no, 'closed', name || ', at work' FROM customers;
INSERT INTO addresses (customer_no, street) SELECT no, 'Street of ' || name FROM customers;
CREATE INDEX orders_customer ON orders (customer_no);
CREATE INDEX addresses_customer ON addresses (customer_no);
CREATE TRIGGER keeper BEFORE UPDATE ON customers WHEN old.no = 'C00777' BEGIN SELECT RAISE(ABORT, 'stays'); END;
CREATE TRIGGER written_customer AFTER UPDATE ON customers BEGIN INSERT INTO written VALUES ('customer', new.no); END;
CREATE TRIGGER written_order AFTER UPDATE ON orders BEGIN INSERT INTO written VALUES ('order ' || new.id, new.customer_no); END;
CREATE TRIGGER written_address AFTER DELETE ON addresses BEGIN INSERT INTO written VALUES ('address ' || old.id, old.customer_no); END;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
anonymized_on = "anonymized_on"

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }
anonymized_on = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }
ship_to = { class = "personal", replace = "Somewhere" }

[tables.addresses]
client = "customer_no"
rows = "delete"

[tables.written]
free = "a test's own record"
"#;

const CONFIG: &str = "database = \"company.db\"\npolicy = \"policy.toml\"\njobs = \"jobs\"\n\
     [sweep]\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\nretry_after = \"100ms\"\ndrain = \"20s\"\n[backup]\nrequired = false\n";

/// What must hold whenever no process is writing: each a query that counts offenders.
const LAWS: [(&str, &str); 6] = [
    (
        "a change without an outcome, or an outcome without a change",
        "SELECT count(*) FROM customers AS c WHERE c.anonymized <> EXISTS (SELECT 1 FROM lethe_outcomes AS o
         WHERE o.client_key = c.no AND o.outcome = 'anonymized')",
    ),
    (
        "a row written for a client that is not anonymized",
        "SELECT count(*) FROM written WHERE no IN (SELECT no FROM customers WHERE anonymized = 0)",
    ),
    ("a row written twice", "SELECT count(*) FROM (SELECT 1 FROM written GROUP BY what, no HAVING count(*) > 1)"),
    (
        "a client done by half",
        "SELECT count(*) FROM customers AS c WHERE c.anonymized = 1 AND (EXISTS (SELECT 1 FROM addresses AS a WHERE a.customer_no = c.no)
         OR EXISTS (SELECT 1 FROM orders AS o WHERE o.customer_no = c.no AND o.ship_to <> 'Somewhere'))",
    ),
    (
        "two outcomes of one client that say it was anonymized",
        "SELECT count(*) FROM (SELECT 1 FROM lethe_outcomes WHERE outcome = 'anonymized' GROUP BY client_key HAVING count(*) > 1)",
    ),
    (
        "a tally that is not the outcomes'",
        "SELECT (SELECT COALESCE(sum(anonymized), 0) FROM lethe_batches) <> (SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized')",
    ),
];

/// Where the program's log goes.
const LOG: &str = "stderr.log";

/// What every client is made of: no log may have it.
const VALUES: [&[u8]; 4] = [b"Person ", b"@home.example", b", at home", b", at work"];

impl Drop for Program {
    fn drop(&mut self) {
        let log = std::fs::read(self.path().join(LOG)).unwrap_or_default();
        let found = VALUES.iter().any(|value| memchr::memmem::find(&log, value).is_some());
        assert!(std::thread::panicking() || !found, "a value of a client is in the log");
    }
}

pub struct Program {
    pub folder: TempDir,
    batch_size: usize,
}

impl Program {
    /// A company with so many clients, most of them due.
    pub async fn new(clients: usize, batch_size: usize, journal: SqliteJournalMode) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("company.db")).create_if_missing(true);
        let mut connection =
            SqliteConnection::connect_with(&options.journal_mode(journal)).await.expect("a new database");
        let schema = SCHEMA.replace("{clients}", &clients.to_string());
        sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut connection).await.expect("the schema is made");
        connection.close().await.expect("the database closes");
        std::fs::write(folder.path().join("policy.toml"), POLICY).expect("the policy is written");
        std::fs::write(folder.path().join("lethe.toml"), CONFIG).expect("the configuration is written");
        std::fs::create_dir(folder.path().join("jobs")).expect("a folder for jobs");
        Self { folder, batch_size }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lethe"));
        command.args(args).current_dir(self.path()).env_remove("LETHE_CONFIG").env("LETHE_LOG", "lethe=trace,info");
        command.env("LETHE_YES", "true");
        command.env("LETHE_SWEEP__BATCH_SIZE", self.batch_size.to_string()).stdout(Stdio::null()).stderr(self.log());
        command
    }

    /// What is written there is searched at the end.
    fn log(&self) -> Stdio {
        let path = self.path().join(LOG);
        std::fs::File::options().append(true).create(true).open(path).expect("a log").into()
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("the program starts")
    }

    /// Runs the program to its end.
    pub fn ends(&self, args: &[&str]) -> ExitStatus {
        ended(self.spawn(args))
    }

    /// A `lethe run` that has said that it is running.
    pub fn run(&self) -> Child {
        running(&mut self.command(&["run"]))
    }

    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let options =
            SqliteConnectOptions::new().filename(self.path().join("company.db")).busy_timeout(Duration::from_secs(20));
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the database opens");
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.expect("a query");
        let text = |row: &sqlx::sqlite::SqliteRow, at: usize| {
            let number = |_| row.try_get::<Option<i64>, _>(at).map(|own| own.map(|own| own.to_string()));
            row.try_get::<Option<String>, _>(at).or_else(number).expect("a text or a number").unwrap_or_default()
        };
        let rows =
            rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect::<Vec<_>>().join("|")).collect();
        connection.close().await.expect("the database closes");
        rows
    }

    pub async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].parse().expect("a number")
    }

    /// Waits until a query gives this number; gives up after two minutes.
    pub async fn until(&self, sql: &str, number: i64) {
        let poll = async {
            while self.number(sql).await != number {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), poll).await.unwrap_or_else(|_| panic!("never {number}: {sql}"));
    }

    /// Checks what must hold at any moment.
    pub async fn check_laws(&self) {
        for (offence, sql) in LAWS {
            assert_eq!(self.number(sql).await, 0, "{offence}");
        }
        assert_eq!(self.rows("PRAGMA integrity_check").await, ["ok"]);
    }

    /// Every row of the company's own tables, with the day of the sweep taken out.
    pub async fn dump(&self) -> Vec<String> {
        let days = self.rows("SELECT DISTINCT today FROM lethe_sweeps").await;
        let undated = |row: String| days.iter().fold(row, |row, day| row.replace(day.as_str(), "today"));
        let mut all = Vec::new();
        for table in ["customers", "orders", "addresses", "written"] {
            let mut rows = self.rows(&format!("SELECT * FROM {table}")).await;
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table}: {}", undated(row))));
        }
        all
    }

    /// Checks that the one sweep there was cut every client once and recorded one outcome of it.
    pub async fn check_one_outcome_each(&self) {
        let cut = "SELECT COALESCE(sum(clients), 0) FROM lethe_batches WHERE state = 'done'";
        let clients = self.number("SELECT count(DISTINCT client_key) FROM lethe_outcomes").await;
        assert_eq!(
            (self.number(cut).await, self.number("SELECT count(*) FROM lethe_outcomes").await),
            (clients, clients)
        );
    }

    /// Each client's outcomes, with the reasons of a refusal. Why a client failed
    /// is left out: one that its workers were killed with fails for that instead.
    pub async fn outcomes(&self) -> Vec<String> {
        self.rows("SELECT client_key, outcome, iif(outcome = 'failed', NULL, reasons) FROM lethe_outcomes AS o WHERE outcome <> 'already' ORDER BY client_key, sweep").await
    }
}

/// Starts a service, and waits until it says that it is running.
pub fn running(command: &mut Command) -> Child {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains(" running ")), "it ended before it ran");
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let found = VALUES.iter().any(|value| memchr::memmem::find(line.as_bytes(), value).is_some());
            if found {
                eprintln!("a value of a client is in the log");
                std::process::exit(101);
            }
        }
    });
    child
}

/// Waits for the end of a program; it must come within two minutes.
pub fn ended(mut child: Child) -> ExitStatus {
    for _ in 0..6_000 {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it is killed");
    panic!("it never ended");
}

/// Sends a signal to a program that was started here.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().expect("a shell");
    assert!(sent.success(), "{name} is sent");
}
