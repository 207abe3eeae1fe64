//! A company that keeps a journal, and what can be done to it.

use std::path::{Path, PathBuf};

use lethe::domain::clock::Clock;
use lethe::domain::sweep::SweepKind;
use lethe::journal::{Journal, Key, Place as JournalPlace};
use lethe::worker::journal::{Keeper, Verdict, verify};
use lethe::worker::sweep::SweepError;

use super::{Company, NOON, Place, context, limits};
use lethe::ledger::State;

pub const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0, anonymized_on DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, status TEXT, ship_to TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT, street TEXT);
INSERT INTO customers (no, name, email, due) VALUES ('C1', 'Anna Berg', 'anna@home.example', '2020-01-01'),
  ('C2', 'Bo Dahl', 'bo@home.example', '2026-01-05'), ('C3', 'Cleo Eng', 'cleo@home.example', '2026-01-05'), ('C4', 'Dan Falk', 'dan@home.example', NULL);
INSERT INTO orders (customer_no, status, ship_to) SELECT no, 'closed', name || ', at home' FROM customers;
INSERT INTO addresses (customer_no, street) SELECT no, 'Street of ' || name FROM customers;
";

pub const POLICY: &str = r#"
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
"#;

/// What the clients of [`SCHEMA`] look like to a reader.
pub const NAMES: &str = "SELECT no, name FROM customers ORDER BY no";

/// A company with a journal beside its database.
pub struct Kept {
    pub company: Company,
    pub journal: Journal,
}

impl Kept {
    pub async fn new(key: Option<&str>) -> Self {
        let mut company = Company::new(SCHEMA, POLICY).await;
        std::fs::create_dir(company.folder.path().join("journal")).expect("a folder");
        let journal = journal(&company.folder.path().join("journal"), key);
        company.context.journal = Some(journal.clone());
        Self { company, journal }
    }

    pub fn folder(&self) -> PathBuf {
        self.company.folder.path().join("journal")
    }

    /// Writes what waits, and does what there is to do.
    pub async fn keep(&self) -> Result<(), SweepError> {
        Keeper::new(&self.company.context).round().await
    }

    /// A sweep over those whose date has come on this day, and what it says written.
    pub async fn night(&self, day: &str) {
        self.company.set_clock(&format!("{day}T12:00:00Z"));
        self.company.due().await;
        self.keep().await.expect("the journal is kept");
    }

    pub async fn verify(&self) -> Verdict {
        verify(&self.company.context, &self.journal).await.expect("the journal can be read")
    }

    /// What is wrong with the journal.
    pub async fn wrong(&self) -> (i64, String) {
        let verdict = self.verify().await;
        assert!(!verdict.whole, "{verdict:?}");
        (verdict.bad_record.expect("a record"), verdict.what.expect("words"))
    }

    /// The journal's lines, whatever the segments.
    pub fn lines(&self) -> Vec<String> {
        segments(&self.folder()).iter().flat_map(|file| lines(file)).collect()
    }

    /// Clients and outcomes in the order of the journal.
    pub fn told(&self) -> Vec<String> {
        let told = |line: String| {
            let record: serde_json::Value = serde_json::from_str(&line).expect("a record");
            let client = record["client"].as_str().or(record["client_hash"].as_str()).unwrap_or_default().to_owned();
            format!("{client} {}", record["outcome"].as_str().unwrap_or_default())
        };
        self.lines().into_iter().map(told).collect()
    }

    /// The same company as another process finds it, on another day.
    pub async fn reopened(self, day: &str) -> Self {
        let Self { company, journal } = self;
        let Company { folder, place, context: old } = company;
        old.store.readers().close().await;
        drop(old);
        let clock = Clock::fixed(NOON.replace("2026-01-02", day).parse().expect("a moment"));
        let mut context = context(folder.path(), &place, clock, limits()).await;
        context.journal = Some(journal.clone());
        Self { company: Company { folder, context, place }, journal }
    }

    /// Copies the database, as a backup script does.
    pub async fn backup(&self) -> PathBuf {
        let folder = self.company.folder.path();
        match &self.company.place {
            Place::File(path) => {
                self.company.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
                let copy = folder.join("backup.db");
                std::fs::copy(path, &copy).expect("the file is copied");
                copy
            }
            Place::Server(url) => {
                let dump = folder.join("backup.dump");
                run(&binary("pg_dump"), &["-Fc", "-f", &dump.to_string_lossy(), url]);
                dump
            }
        }
    }

    /// The company with its database brought back from a backup, on a day. As it
    /// is in another place than before, an operator says that it is the same.
    pub async fn restored(self, backup: &Path, day: &str) -> Self {
        let kept = self.copied(backup, day).await;
        let ledger = &kept.company.context.ledger;
        let database = ledger.database_identity().await.expect("an identity");
        ledger.adopt_journal(&database, i64::MAX).await.expect("the ledger can be written");
        kept
    }

    /// The same, without anybody saying so.
    pub async fn copied(mut self, backup: &Path, day: &str) -> Self {
        self.company.place = match &self.company.place {
            Place::File(path) => {
                let file = path.with_file_name(format!("restored-{}.db", ulid::Ulid::new()));
                std::fs::copy(backup, &file).expect("the file is copied");
                Place::File(file)
            }
            Place::Server(_) => {
                let place = Place::on_server("").await;
                run(&binary("pg_restore"), &["--no-owner", "-d", &place.setting(), &backup.to_string_lossy()]);
                place
            }
        };
        self.reopened(day).await
    }

    /// The company with its own database as a backup has it: by copying over the
    /// file, or by moving the backup to its path.
    pub async fn restored_in_place(self, backup: &Path, day: &str, moved: bool) -> Self {
        let Self { company, journal } = self;
        let Company { folder, place, context: old } = company;
        old.store.readers().close().await;
        drop(old);
        // Connections that write are closed by threads of their own.
        if let Place::File(path) = &place {
            for _ in 0..400 {
                if !is_open(path) {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        match &place {
            Place::File(path) => {
                for end in ["-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                }
                if moved {
                    std::fs::rename(backup, path).expect("the file is moved");
                } else {
                    std::fs::copy(backup, path).expect("the file is copied");
                }
            }
            Place::Server(url) => {
                let backup = backup.to_string_lossy();
                run(&binary("pg_restore"), &["--clean", "--if-exists", "--no-owner", "-d", url, &backup]);
            }
        }
        let clock = Clock::fixed(NOON.replace("2026-01-02", day).parse().expect("a moment"));
        let mut context = context(folder.path(), &place, clock, limits()).await;
        context.journal = Some(journal.clone());
        Self { company: Company { folder, context, place }, journal }
    }

    /// Does again what the journal knows; gives the number of clients.
    pub async fn replay_restored(&self) -> u64 {
        self.keep().await.expect("the journal is kept");
        let head = self.company.context.ledger.journal().await.expect("a head").expect("a journal");
        let id = head.replay.expect("a replay is open");
        let (sweep, tally) = self.company.work(id).await;
        assert_eq!((sweep.state, sweep.kind), (State::Done, SweepKind::Replay));
        self.keep().await.expect("the journal is kept");
        assert!(!self.waits().await, "live sweeps still wait");
        tally.anonymized
    }

    /// Whether live sweeps wait.
    pub async fn waits(&self) -> bool {
        let head = self.company.context.ledger.journal().await.expect("a head");
        head.is_some_and(|head| head.restored_at.is_some() || head.halted_at.is_some())
    }

    pub async fn names(&self) -> Vec<String> {
        self.company.rows(NAMES).await
    }

    pub async fn replay(&self) -> lethe::domain::outcome::Tally {
        self.company.sweep(&self.company.request(SweepKind::Replay)).await.expect("a replay")
    }
}

pub fn journal(folder: &Path, key: Option<&str>) -> Journal {
    let key = key.map(|key| Key::new(key.as_bytes()).expect("a key"));
    Journal::new(JournalPlace::folder(folder.to_owned()), key)
}

/// So many more clients whose date has come: `X00000` and so on.
pub fn more_clients(count: usize) -> String {
    let row = |n| format!("INSERT INTO customers (no, name, due) VALUES ('X{n:05}', 'Person {n}', '2020-01-01')");
    (0..count).map(row).collect::<Vec<String>>().join(";\n")
}

/// A program of the database server's.
pub fn binary(name: &str) -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<PathBuf> =
        installed.map(|entry| entry.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn run(program: &Path, args: &[&str]) {
    let ended = std::process::Command::new(program).args(args).output().expect("the program starts");
    assert!(ended.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&ended.stderr));
}

/// The files of a journal, in order.
pub fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the journal").map(|entry| entry.expect("an entry").path()).collect();
    // What a killed process was writing is called `.jsonl#1`, and is not a segment.
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    files
}

pub fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).expect("a segment").lines().map(str::to_owned).collect()
}

pub fn write(file: &Path, lines: &[String]) {
    std::fs::write(file, lines.join("\n") + "\n").expect("a segment");
}

/// Whether this process has a file open, or one that is named after it.
fn is_open(path: &std::path::Path) -> bool {
    let name = path.display().to_string();
    let open = std::fs::read_dir("/proc/self/fd").expect("the files that are open").flatten();
    open.filter_map(|own| std::fs::read_link(own.path()).ok()).any(|own| own.display().to_string().starts_with(&name))
}
