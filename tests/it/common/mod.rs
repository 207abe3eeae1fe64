//! A company of its own for each test: a folder, a database, a policy, a clock.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use lethe::database::Store;
use lethe::domain::access::{Limit, Right};
use lethe::domain::clock::Clock;
use lethe::domain::job::Brake;
use lethe::domain::key::Key;
use lethe::domain::outcome::Tally;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{Ledger, Sweep};
use lethe::service::Service;
use lethe::service::access::{Caller, Way};
use lethe::worker::sweep::{Client, Mode, Survey, SweepError, open, survey};
use lethe::worker::{Context, Limits, Planner, Request, wait_for};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

mod actions;
pub mod collector;
pub mod journal;
pub mod place;
pub mod post;
pub mod program;
pub mod project;
pub mod receiver;
pub mod s3;
pub mod searched;
pub mod server;
pub mod spreadsheet;
pub mod words;
pub mod world;

pub use place::Place;

/// The moment at which companies of tests live unless they say otherwise: noon, 2 January 2026, UTC.
pub const NOON: &str = "2026-01-02T12:00:00Z";

pub struct Company {
    pub folder: TempDir,
    pub context: Context,
    pub place: Place,
}

/// What this gives once nothing stands in its way: a lock is waited for a
/// quarter of `deadlock_timeout` at most, so of several at once one may be
/// refused it.
pub async fn in_the_end<T, E, F>(mut act: impl FnMut() -> F) -> T
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let mut refused = String::new();
    for _ in 0..50 {
        match act().await {
            Ok(done) => return done,
            Err(error) => refused = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{refused}")
}

impl Company {
    /// A company with this schema, these rows and this policy. No rehearsal and no backup are asked for.
    pub async fn new(schema: &str, policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::new(folder.path(), schema).await;
        std::fs::write(folder.path().join("policy.toml"), policy).expect("the policy is written");
        Self::open(folder, place).await
    }

    pub async fn open(folder: TempDir, place: Place) -> Self {
        let clock = Clock::fixed(NOON.parse::<DateTime<Utc>>().expect("a moment"));
        let context = context(folder.path(), &place, clock, limits()).await;
        Self { folder, context, place }
    }

    pub fn set_clock(&self, moment: &str) {
        self.context.ledger.clock().set(moment.parse().expect("a moment"));
    }

    pub fn today(&self) -> NaiveDate {
        self.context.ledger.clock().now().date_naive()
    }

    /// What an operator asks, who may read, anonymize and configure.
    pub fn service(&self) -> Service {
        let rights = [Right::Read, Right::Anonymize, Right::Configure].into_iter().collect();
        let limit = Limit::default();
        let caller = Caller { name: "operator".to_owned(), rights, limit, way: Way::Command, token: None };
        let jobs = self.folder.path().join("jobs");
        Service { context: self.context.clone(), jobs, time_zone: chrono_tz::UTC, second_person: false, caller }
    }

    pub fn request(&self, kind: SweepKind) -> Request {
        Request {
            kind,
            brake: Brake { clients: None, share: Some(1.0) },
            ..Request::of_clients(Vec::new(), self.today())
        }
    }

    /// A list sweep over these keys, whatever their dates.
    pub fn forced(&self, keys: &[&str]) -> Request {
        let mut request = self.request(SweepKind::List);
        request.force = true;
        request.keys = keys.iter().map(|key| Key::parse(key, 1).expect("a key")).collect();
        request
    }

    /// Opens a sweep and works on it to its end.
    pub async fn sweep(&self, request: &Request) -> Result<Tally, SweepError> {
        let id = open(&self.context, request).await?.expect("a sweep started by hand has no tick to collide with");
        Ok(self.work(id).await.1)
    }

    /// Works on a sweep to its end.
    pub async fn work(&self, id: i64) -> (Sweep, Tally) {
        let mut each = |_: &_, _: &_| {};
        let ended = self.patient(wait_for(&self.context, id, CancellationToken::new(), &mut each)).await;
        let ended = ended.expect("the sweep ends");
        let tally = self.context.ledger.progress(id).await.expect("progress").tally;
        (ended.expect("the sweep is there"), tally)
    }

    /// What work on a sweep comes to. Its clock stands still, and what is put off comes back as time goes by.
    pub async fn patient<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        for round in 1..=120 {
            if let Ok(ended) = tokio::time::timeout(Duration::from_secs(5), &mut work).await {
                return ended;
            }
            // A worker that is slow keeps what it has in hand.
            let is_idle = self.rows("SELECT count(*) FROM lethe_batches WHERE state = 'running'").await == ["0"];
            if is_idle || round % 12 == 0 {
                let clock = self.context.ledger.clock();
                clock.set(clock.now() + chrono::TimeDelta::minutes(2));
            }
        }
        let batches = "SELECT id, state, attempts, run_at, error FROM lethe_batches WHERE state <> 'done'";
        panic!("the sweep did not end: {:#?}", self.rows(batches).await);
    }

    pub async fn due(&self) -> Tally {
        self.sweep(&self.request(SweepKind::Due)).await.expect("a due sweep")
    }

    pub async fn period(&self) -> Tally {
        self.sweep(&self.request(SweepKind::Period)).await.expect("a period sweep")
    }

    pub async fn preview(&self, request: &Request) -> (Survey, Vec<Client>) {
        self.survey(request, Mode::Preview).await.expect("a preview")
    }

    pub async fn survey(&self, request: &Request, mode: Mode) -> Result<(Survey, Vec<Client>), SweepError> {
        let mut clients = Vec::new();
        let found = survey((&self.context).into(), request, mode, &mut |client| clients.push(client)).await?;
        Ok((found, clients))
    }

    /// Runs statements in the company's database.
    pub async fn execute(&self, sql: &str) {
        searched::remember(sql);
        let mut writer = self.context.ledger.writer().await;
        writer.run_script(sql).await.expect("the statement runs");
    }

    /// The rows of a query, one line each, values separated by `|`, NULL as `NULL`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.place.rows(sql).await
    }

    /// Every row of every table that is not the ledger's.
    pub async fn dump(&self) -> Vec<String> {
        dump(&self.place).await
    }
}

/// Every row of every table that is not the ledger's.
pub async fn dump(place: &Place) -> Vec<String> {
    let mut all = Vec::new();
    for (table, quoted) in place.tables().await {
        let mut rows = place.rows(&format!("SELECT * FROM {quoted}")).await;
        rows.sort();
        all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

/// Bounds under which nothing is asked for and nothing waits long.
pub fn limits() -> Limits {
    Limits {
        batch_size: 100,
        batch_time: Duration::from_secs(10),
        rate: None,
        window: None,
        replica_lag: None,
        attempts: 2,
        retry_after: Duration::ZERO,
        backup_max_age: None,
        backup_stamp: None,
        rehearsal: false,
        rehearsal_clients: 50,
        brake_share: 1.0,
        drain: Duration::from_secs(10),
    }
}

pub async fn context(folder: &Path, place: &Place, clock: Clock, limits: Limits) -> Context {
    let store = Store::open(place.settings()).await.expect("the database opens");
    let ledger = Ledger::open(&store, &clock).await.expect("the ledger opens");
    Context {
        store,
        ledger,
        planner: Planner::new(folder.join("policy.toml")),
        limits,
        redis: None,
        targets: Arc::default(),
        journal: None,
        wake: Arc::default(),
        stop: tokio_util::sync::CancellationToken::default(),
        actor: "test".to_owned(),
    }
}

/// The program as a service in a folder, for [`start`](searched::start).
pub fn service(folder: &Path, role: &str) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lethe"));
    command.arg(role).current_dir(folder).env_remove("LETHE_CONFIG").env_remove("LETHE_DATABASE");
    command.env("LETHE_YES", "true");
    command
}

/// The program itself, in a folder, with nothing of the caller's environment that configures it.
pub fn lethe(folder: &Path) -> Lethe {
    Lethe(command(folder))
}

/// The same for a test that searches what it says by itself.
pub fn command(folder: &Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("lethe").expect("the program is built");
    command
        .current_dir(folder)
        .env_remove("LETHE_CONFIG")
        .env_remove("LETHE_DATABASE")
        .env_remove("LETHE_TEST_POSTGRES")
        // Sweeps are started by tests that mean it.
        .env("LETHE_YES", "true")
        .env("USER", "tester")
        .env("LOGNAME", "tester");
    command
}

/// A run of the program whose log is [searched](searched).
pub struct Lethe(assert_cmd::Command);

impl Lethe {
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.0.arg(arg);
        self
    }

    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.0.args(args);
        self
    }

    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.0.env(name, value);
        self
    }

    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.0.env_remove(name);
        self
    }

    pub fn envs(&mut self, all: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> &mut Self {
        self.0.envs(all);
        self
    }

    pub fn timeout(&mut self, timeout: Duration) -> &mut Self {
        self.0.timeout(timeout);
        self
    }

    pub fn output(&mut self) -> std::io::Result<Output> {
        let output = self.0.output()?;
        searched::search("the log", &output.stderr);
        Ok(output)
    }

    pub fn assert(&mut self) -> assert_cmd::assert::Assert {
        let ended = self.0.assert();
        searched::search("the log", &ended.get_output().stderr);
        ended
    }
}
