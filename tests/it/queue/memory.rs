//! A ledger in memory that has leases and fencing, and breaks when told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use lethe::queue::{Claim, Claims};
use tokio::time::sleep;

use super::until;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Ready,
    Running { lease: String, until: Instant },
    Done,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub state: State,
    pub attempts: u32,
    pub finished: u32,
    pub staged: Instant,
}

#[derive(Default)]
pub struct Rows {
    pub batches: BTreeMap<i64, Row>,
    pub leases: u64,
    pub workers: BTreeSet<String>,
    pub asked: Vec<usize>,
    pub renewals: usize,
    pub released: usize,
    /// Finishes refused because the lease had passed to another claim.
    pub fenced_off: usize,
}

/// A ledger in memory: one mutex where a database has transactions.
#[derive(Clone)]
pub struct Ledger {
    pub rows: Arc<Mutex<Rows>>,
    pub lease: Duration,
    pub claim_takes: Duration,
    pub fails_until: Instant,
    pub breaks: Arc<AtomicBool>,
    pub panics: Arc<AtomicUsize>,
    pub renewal_fails: Arc<AtomicUsize>,
    pub claiming: Arc<AtomicUsize>,
}

#[derive(Debug, thiserror::Error)]
pub enum Away {
    #[error("could not reach the ledger")]
    Unreachable(#[source] io::Error),

    /// Panics when it is rendered.
    #[error("{}", unrenderable())]
    Unrenderable,
}

pub fn away() -> Away {
    let source = "Key (email)=(ada@example.org) already exists";
    Away::Unreachable(io::Error::other(source))
}

fn unrenderable() -> &'static str {
    panic!("an error that cannot be rendered")
}

impl Ledger {
    pub fn new(batches: i64, lease: Duration) -> Self {
        let ledger = Self {
            rows: Arc::default(),
            lease,
            claim_takes: Duration::ZERO,
            fails_until: Instant::now(),
            breaks: Arc::default(),
            panics: Arc::default(),
            renewal_fails: Arc::default(),
            claiming: Arc::default(),
        };
        for batch in 1..=batches {
            ledger.stage(batch);
        }
        ledger
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    pub fn stage(&self, batch: i64) {
        let row = Row { state: State::Ready, attempts: 0, finished: 0, staged: Instant::now() };
        self.rows().batches.insert(batch, row);
    }

    /// What a handler does last in its own transaction; `false` if fenced off.
    pub fn finish(&self, claim: &Claim) -> bool {
        let mut rows = self.rows();
        let row = rows.batches.get_mut(&claim.batch).unwrap();
        if matches!(&row.state, State::Running { lease, .. } if *lease == claim.lease) {
            row.state = State::Done;
            row.finished += 1;
            true
        } else {
            rows.fenced_off += 1;
            false
        }
    }

    pub fn row(&self, batch: i64) -> Row {
        self.rows().batches[&batch].clone()
    }

    pub fn done(&self) -> usize {
        let rows = self.rows();
        rows.batches.values().filter(|row| row.state == State::Done).count()
    }

    pub fn ready(&self) -> usize {
        let rows = self.rows();
        rows.batches.values().filter(|row| row.state == State::Ready).count()
    }

    pub async fn until_done(&self, batches: usize) {
        until("batches are done", || self.done() >= batches).await;
    }
}

impl Claims for Ledger {
    type Error = Away;

    async fn claim(&self, worker: &str, most: usize) -> Result<Vec<Claim>, Away> {
        let now = Instant::now();
        if now < self.fails_until {
            return Err(away());
        }
        if self.breaks.swap(false, SeqCst) {
            return Err(Away::Unrenderable);
        }
        let panics = self.panics.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        assert!(panics.is_err(), "row of ada@example.org");
        let claims = {
            let mut rows = self.rows();
            let Rows { batches, leases, workers, asked, .. } = &mut *rows;
            workers.insert(worker.to_owned());
            asked.push(most);
            let due = batches.iter_mut().filter(|(_, row)| match &row.state {
                State::Ready => true,
                State::Running { until, .. } => *until <= now,
                State::Done => false,
            });
            due.take(most)
                .map(|(&batch, row)| {
                    *leases += 1;
                    row.attempts += 1;
                    row.state = State::Running { lease: leases.to_string(), until: now + self.lease };
                    Claim { batch, lease: leases.to_string(), attempt: row.attempts }
                })
                .collect()
        };
        // Committed already: a caller that drops the call now has lost the claims.
        self.claiming.fetch_add(1, SeqCst);
        sleep(self.claim_takes).await;
        Ok(claims)
    }

    async fn renew(&self, claims: &[Claim]) -> Result<(), Away> {
        let failed = self.renewal_fails.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if failed.is_ok() {
            return Err(away());
        }
        let mut rows = self.rows();
        rows.renewals += 1;
        for claim in claims {
            match &mut rows.batches.get_mut(&claim.batch).unwrap().state {
                State::Running { lease, until, .. } if *lease == claim.lease => {
                    *until = Instant::now() + self.lease;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), Away> {
        let mut rows = self.rows();
        let row = rows.batches.get_mut(&claim.batch).unwrap();
        if matches!(&row.state, State::Running { lease, .. } if *lease == claim.lease) {
            row.state = State::Ready;
            row.attempts -= 1;
            rows.released += 1;
        }
        Ok(())
    }
}
