//! Every kind of queue behind one face.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lethe::domain::clock::Clock;
use lethe::domain::outcome::Tally;
use lethe::ledger::{Done, Finish, Ledger, NewBatch};
use lethe::queue::{Claim, Claims, Redis, RedisSettings, Relay};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{memory, ms};
use crate::common::place::Place;
use crate::common::server;
use crate::common::{context, limits};

/// What the queue is, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Sqlite,
    Postgres,
    RedisOverSqlite,
    RedisOverPostgres,
}

/// Where batches are claimed, and who asks for how many.
#[derive(Clone)]
pub struct Queue {
    claims: Of,
    pub asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

#[derive(Clone)]
enum Of {
    Memory(memory::Ledger),
    Ledger(Ledger),
    Relay(Relay<Ledger>),
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

async fn told<T, E: std::error::Error>(answer: impl Future<Output = Result<T, E>>) -> Result<T, Fault> {
    answer.await.map_err(|error| Fault(error.to_string()))
}

impl Claims for Queue {
    type Error = Fault;

    async fn claim(&self, worker: &str, most: usize) -> Result<Vec<Claim>, Fault> {
        {
            let mut asked = self.asked.lock().unwrap();
            let own = asked.entry(worker.to_owned()).or_default();
            *own = most.max(*own);
        }
        match &self.claims {
            Of::Memory(ledger) => told(ledger.claim(worker, most)).await,
            Of::Ledger(ledger) => told(ledger.claim(worker, most)).await,
            Of::Relay(relay) => told(relay.claim(worker, most)).await,
        }
    }

    async fn renew(&self, claims: &[Claim]) -> Result<(), Fault> {
        match &self.claims {
            Of::Memory(ledger) => told(ledger.renew(claims)).await,
            Of::Ledger(ledger) => told(ledger.renew(claims)).await,
            Of::Relay(relay) => told(relay.renew(claims)).await,
        }
    }

    async fn release(&self, claim: &Claim) -> Result<(), Fault> {
        match &self.claims {
            Of::Memory(ledger) => told(ledger.release(claim)).await,
            Of::Ledger(ledger) => told(ledger.release(claim)).await,
            Of::Relay(relay) => told(relay.release(claim)).await,
        }
    }
}

/// A queue with batches, and what became of them.
pub struct Backend {
    pub queue: Queue,
    ledger: Option<Ledger>,
    place: Option<Place>,
    pub relay: Option<Relay<Ledger>>,
    stager: Option<JoinHandle<()>>,
    prefix: String,
    _folder: TempDir,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stager.iter().for_each(JoinHandle::abort);
    }
}

/// What ends a batch, as a handler does last; it says whether the claim still held.
#[derive(Clone)]
pub struct Ending {
    queue: Queue,
    ledger: Option<Ledger>,
}

impl Ending {
    pub async fn finish(&self, claim: &Claim) -> bool {
        if let Of::Memory(memory) = &self.queue.claims {
            return memory.finish(claim);
        }
        let done = Finish::Done(Done {
            tally: Tally::default(),
            reasons: "{}".to_owned(),
            later: Vec::new(),
            took: Duration::ZERO,
        });
        self.ledger.as_ref().unwrap().finish_alone(claim, 1, &done, None).await.expect("it is written")
    }
}

impl Backend {
    /// A queue with so many batches, which are staged where there is something to stage them in.
    pub async fn new(kind: Kind, batches: usize, lease: Duration) -> Self {
        let mut backend = Self::unstaged(kind, batches, lease).await;
        if let Some(relay) = backend.relay.clone() {
            backend.stager = Some(tokio::spawn(async move {
                loop {
                    let _ = relay.stage().await;
                    sleep(ms(50)).await;
                }
            }));
        }
        backend
    }

    /// A queue with so many batches that are not staged.
    pub async fn unstaged(kind: Kind, batches: usize, lease: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = Arc::default();
        if kind == Kind::Memory {
            let ledger = memory::Ledger::new(i64::try_from(batches).unwrap(), lease);
            let queue = Queue { claims: Of::Memory(ledger), asked };
            return Self {
                queue,
                ledger: None,
                place: None,
                relay: None,
                stager: None,
                prefix: String::new(),
                _folder: folder,
            };
        }
        let place = match kind {
            Kind::Postgres | Kind::RedisOverPostgres => Place::on_server("").await,
            _ => Place::in_file(folder.path(), "").await,
        };
        let ledger = context(folder.path(), &place, Clock::System, limits()).await.ledger.with_lease(lease);
        {
            let sweep = "INSERT INTO lethe_sweeps (kind, filters, today, digest, state, opened_by, opened_at) \
                 VALUES ('due', '{}', '2026-01-01', 'none', 'running', 'test', '2026-01-01T00:00:00.000Z')";
            let mut writer = ledger.writer().await;
            lethe::database::query(sweep).execute(&mut **writer).await.expect("a sweep");
        }
        let prefix = server::prefix();
        let relay = matches!(kind, Kind::RedisOverSqlite | Kind::RedisOverPostgres).then(|| {
            let settings = RedisSettings { url: server::shared(), authorities: None, prefix: prefix.clone() };
            Relay::new(ledger.clone(), Redis::new(&settings).expect("a server"))
        });
        let claims = relay.clone().map_or_else(|| Of::Ledger(ledger.clone()), Of::Relay);
        let queue = Queue { claims, asked };
        let backend =
            Self { queue, ledger: Some(ledger), place: Some(place), relay, stager: None, prefix, _folder: folder };
        backend.add(batches).await;
        backend
    }

    /// Adds so many batches.
    pub async fn add(&self, batches: usize) {
        if let Of::Memory(memory) = &self.queue.claims {
            let there = memory.rows().batches.len();
            (there + 1..=there + batches).for_each(|batch| memory.stage(i64::try_from(batch).unwrap()));
            return;
        }
        let ledger = self.ledger.as_ref().unwrap();
        let batch = NewBatch { keys: "[]".to_owned(), clients: 0, run_at: None, waits: 0 };
        let mut writer = ledger.writer().await;
        ledger.insert_batches(&mut writer, 1, &vec![batch; batches]).await.expect("batches");
    }

    /// The key under which Redis has the ids.
    pub fn key(&self) -> String {
        format!("lethe:{{{}}}:ready", self.prefix)
    }

    /// Runs a statement in the ledger's database.
    pub async fn execute(&self, sql: &'static str) {
        let mut writer = self.ledger.as_ref().unwrap().writer().await;
        lethe::database::query(sql).execute(&mut **writer).await.expect("the statement runs");
    }

    pub fn ending(&self) -> Ending {
        Ending { queue: self.queue.clone(), ledger: self.ledger.clone() }
    }

    /// Each batch: its number, its state and its attempts.
    pub async fn batches(&self) -> Vec<(i64, String, u32)> {
        if let Of::Memory(memory) = &self.queue.claims {
            let state = |row: &memory::Row| match row.state {
                memory::State::Ready => "ready".to_owned(),
                memory::State::Running { .. } => "running".to_owned(),
                memory::State::Done => "done".to_owned(),
            };
            return memory.rows().batches.iter().map(|(id, row)| (*id, state(row), row.attempts)).collect();
        }
        let place = self.place.as_ref().unwrap();
        let rows = place.rows("SELECT id, state, attempts FROM lethe_batches ORDER BY id").await;
        let row = |line: &String| {
            let mut cells = line.split('|');
            let mut next = || cells.next().expect("a value");
            (next().parse().expect("a number"), next().to_owned(), next().parse().expect("a number"))
        };
        rows.iter().map(row).collect()
    }

    pub async fn count(&self, state: &str) -> usize {
        self.batches().await.iter().filter(|(_, own, _)| own == state).count()
    }

    /// Waits until so many are in this state.
    pub async fn until(&self, state: &str, batches: usize) {
        let waiting = async {
            while self.count(state).await < batches {
                sleep(ms(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert!(waited.is_ok(), "never {batches} {state}: {:?}", self.batches().await);
    }

    /// The names under which batches were asked for.
    pub fn workers(&self) -> BTreeSet<String> {
        self.queue.asked.lock().unwrap().keys().cloned().collect()
    }
}
