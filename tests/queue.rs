//! What the queue promises, over a ledger in memory that has leases and fencing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use lethe::queue::{Claim, Claims, HandlerError, Options, QueueError, work};
use tokio::{sync::Notify, task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Running { lease: String, worker: String, until: Instant },
    Done,
}

#[derive(Clone, Debug)]
struct Row {
    state: State,
    attempts: u32,
    finished: u32,
    staged: Instant,
}

#[derive(Default)]
struct Rows {
    batches: BTreeMap<i64, Row>,
    leases: u64,
    workers: BTreeSet<String>,
    asked: Vec<usize>,
    renewals: usize,
    released: usize,
    /// Finishes refused because the lease had passed to another claim.
    fenced_off: usize,
}

/// A ledger in memory: one mutex where a database has transactions.
#[derive(Clone)]
struct Ledger {
    rows: Arc<Mutex<Rows>>,
    lease: Duration,
    claim_takes: Duration,
    fails_until: Instant,
    breaks: Arc<AtomicBool>,
    panics: Arc<AtomicUsize>,
    renewal_fails: Arc<AtomicUsize>,
    claiming: Arc<AtomicUsize>,
}

#[derive(Debug, thiserror::Error)]
enum Away {
    #[error("could not reach the ledger")]
    Unreachable(#[source] io::Error),

    /// Breaks down whoever renders it.
    #[error("{}", unrenderable())]
    Unrenderable,
}

fn away() -> Away {
    let source = "Key (email)=(ada@example.org) already exists";
    Away::Unreachable(io::Error::other(source))
}

fn unrenderable() -> &'static str {
    panic!("an error that cannot be rendered")
}

impl Ledger {
    fn new(batches: i64, lease: Duration) -> Self {
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

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    fn stage(&self, batch: i64) {
        let row = Row { state: State::Ready, attempts: 0, finished: 0, staged: Instant::now() };
        self.rows().batches.insert(batch, row);
    }

    /// What a handler does last in its own transaction; `false` if fenced off.
    fn finish(&self, claim: &Claim) -> bool {
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

    fn row(&self, batch: i64) -> Row {
        self.rows().batches[&batch].clone()
    }

    fn done(&self) -> usize {
        let rows = self.rows();
        rows.batches.values().filter(|row| row.state == State::Done).count()
    }

    fn ready(&self) -> usize {
        let rows = self.rows();
        rows.batches.values().filter(|row| row.state == State::Ready).count()
    }

    async fn until_done(&self, batches: usize) {
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
                    row.state = State::Running {
                        lease: leases.to_string(),
                        worker: worker.to_owned(),
                        until: now + self.lease,
                    };
                    Claim { batch, lease: leases.to_string(), attempt: row.attempts }
                })
                .collect()
        };
        // Committed already: whoever drops the call now has lost the claims.
        self.claiming.fetch_add(1, SeqCst);
        sleep(self.claim_takes).await;
        Ok(claims)
    }

    async fn renew(&self, worker: &str, claims: &[Claim]) -> Result<(), Away> {
        let failed = self.renewal_fails.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if failed.is_ok() {
            return Err(away());
        }
        let mut rows = self.rows();
        rows.renewals += 1;
        for claim in claims {
            match &mut rows.batches.get_mut(&claim.batch).unwrap().state {
                State::Running { lease, worker: holder, until } if *lease == claim.lease && holder == worker => {
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

async fn until(what: &str, fact: impl Fn() -> bool) {
    let waiting = async {
        while !fact() {
            sleep(ms(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(waited.is_ok(), "still waiting until {what}");
}

fn options() -> Options {
    Options {
        worker_name: "test".to_owned(),
        concurrency: 1,
        poll: ms(20),
        wake: Arc::default(),
        renew_every: ms(100),
        time_limit: Duration::from_secs(20),
        drain: Duration::from_secs(10),
    }
}

struct Working {
    stop: CancellationToken,
    task: JoinHandle<Result<(), QueueError>>,
}

impl Working {
    /// Stops and returns how it ended, and how long that took.
    async fn stop(self) -> (Result<(), QueueError>, Duration) {
        self.stop.cancel();
        let asked = Instant::now();
        (self.task.await.unwrap(), asked.elapsed())
    }
}

/// Works on the ledger; each batch runs `handler` and is then finished.
fn start<H, Fut>(ledger: &Ledger, options: Options, handler: H) -> Working
where
    H: Fn(Claim) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    let stop = CancellationToken::new();
    let finish = {
        let ledger = ledger.clone();
        move |claim: Claim| {
            let (ledger, running) = (ledger.clone(), handler(claim.clone()));
            async move {
                running.await?;
                ledger.finish(&claim);
                Ok(())
            }
        }
    };
    let task = tokio::spawn(work(ledger.clone(), options, stop.clone(), finish));
    Working { stop, task }
}

async fn taking(time: Duration) -> Result<(), HandlerError> {
    sleep(time).await;
    Ok(())
}

fn each_batch_was_done_once(ledger: &Ledger) {
    for (batch, row) in &ledger.rows().batches {
        assert_eq!((&row.state, row.attempts, row.finished), (&State::Done, 1, 1), "batch {batch}");
    }
    assert_eq!(ledger.rows().fenced_off, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_worker_handles_each_batch_once_and_one_at_a_time() {
    let ledger = Ledger::new(100, ms(5_000));
    let in_hand = Arc::new(AtomicUsize::new(0));
    let working = start(&ledger, options(), move |_| {
        let in_hand = Arc::clone(&in_hand);
        async move {
            assert_eq!(in_hand.fetch_add(1, SeqCst), 0);
            sleep(ms(1)).await;
            in_hand.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    ledger.until_done(100).await;
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&ledger);
    let rows = ledger.rows();
    assert!(rows.asked.iter().all(|&most| most == 1));
    assert_eq!((rows.workers.len(), rows.released), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_workers_handle_each_batch_once_under_names_of_their_own() {
    let ledger = Ledger::new(200, ms(5_000));
    let working: Vec<Working> = (0..4).map(|_| start(&ledger, options(), |_| taking(ms(3)))).collect();
    ledger.until_done(200).await;
    for worker in working {
        worker.stop().await.0.unwrap();
    }

    each_batch_was_done_once(&ledger);
    let rows = ledger.rows();
    assert_eq!(rows.workers.len(), 4);
    assert!(rows.workers.iter().all(|name| name.starts_with("test-")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_worker_of_four_hands_claims_no_more_than_it_has_hands_for() {
    let ledger = Ledger::new(200, ms(5_000));
    let (in_hand, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let four = Options { concurrency: 4, ..options() };
    let seen = Arc::clone(&most);
    let working = start(&ledger, four, move |_| {
        let (in_hand, most) = (Arc::clone(&in_hand), Arc::clone(&most));
        async move {
            most.fetch_max(in_hand.fetch_add(1, SeqCst) + 1, SeqCst);
            sleep(ms(3)).await;
            in_hand.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    ledger.until_done(200).await;
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&ledger);
    assert_eq!(seen.load(SeqCst), 4);
    assert!(ledger.rows().asked.iter().all(|most| (1..=4).contains(most)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_panics_errs_or_hangs_stops_no_other_batch() {
    let ledger = Ledger::new(40, ms(300));
    let two = Options { concurrency: 2, time_limit: ms(150), ..options() };
    let working = start(&ledger, two, |claim: Claim| async move {
        match (claim.batch % 10, claim.attempt) {
            (1, 1) => panic!("ada@example.org"),
            (2, 1) => Err(HandlerError::new("the database went away")),
            (3, 1) => taking(Duration::from_mins(1)).await,
            _ => Ok(()),
        }
    });
    ledger.until_done(40).await;
    working.stop().await.0.unwrap();

    for (batch, row) in &ledger.rows().batches {
        let attempts = if (1..=3).contains(&(batch % 10)) { 2 } else { 1 };
        assert_eq!((row.attempts, row.finished), (attempts, 1), "batch {batch}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_is_away_for_a_second_is_asked_again() {
    let mut ledger = Ledger::new(20, ms(5_000));
    ledger.fails_until = Instant::now() + Duration::from_secs(1);
    ledger.panics.store(1, SeqCst);
    let working = start(&ledger, options(), |_| taking(ms(1)));
    ledger.until_done(20).await;
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&ledger);
    assert_eq!(ledger.rows().workers.len(), 1, "no restart was needed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_the_batch_in_hand_and_claims_no_more() {
    let ledger = Ledger::new(10, ms(5_000));
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    let working = start(&ledger, options(), move |_| {
        started.fetch_add(1, SeqCst);
        taking(ms(700))
    });
    until("a batch is in hand", || seen.load(SeqCst) == 1).await;
    let (ended, took) = working.stop().await;

    ended.unwrap();
    assert!(took < ms(2_000), "{took:?}");
    assert_eq!(ledger.row(1).finished, 1);
    assert_eq!((ledger.done(), ledger.ready()), (1, 9));
    assert_eq!(ledger.rows().fenced_off, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_returns_at_the_bound_and_names_what_was_in_hand() {
    let ledger = Ledger::new(10, ms(400));
    let two = Options { concurrency: 2, drain: ms(300), ..options() };
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    let working = start(&ledger, two, move |_| {
        started.fetch_add(1, SeqCst);
        taking(Duration::from_mins(1))
    });
    until("batches are in hand", || seen.load(SeqCst) == 2).await;
    let (ended, took) = working.stop().await;

    let error = ended.unwrap_err();
    assert!(matches!(&error, QueueError::StillInHand { batches, .. } if *batches == [1, 2]));
    assert_eq!(error.to_string(), "2 batches were still in hand after 300ms");
    assert!((ms(300)..ms(1_500)).contains(&took), "{took:?}");

    let renewals = ledger.rows().renewals;
    sleep(ms(500)).await;
    assert_eq!(ledger.rows().renewals, renewals, "nothing is renewed");
    let claims = ledger.claim("another", 10).await.unwrap();
    assert_eq!(claims.len(), 10, "the leases have run out");
    assert_eq!(claims[0].attempt, 2, "what was started counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_returns_at_the_bound_though_a_handler_blocks_its_thread() {
    let ledger = Ledger::new(1, ms(400));
    let short = Options { drain: ms(200), ..options() };
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    let working = start(&ledger, short, move |_| {
        started.fetch_add(1, SeqCst);
        async {
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        }
    });
    until("a batch is in hand", || seen.load(SeqCst) == 1).await;
    let (ended, took) = working.stop().await;

    ended.unwrap_err();
    assert!(took < ms(1_500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_during_a_claim_gives_back_what_was_claimed() {
    let mut ledger = Ledger::new(10, Duration::from_mins(1));
    ledger.claim_takes = ms(300);
    let four = Options { concurrency: 4, ..options() };
    let working = start(&ledger, four, |_| async { panic!("never started") });
    until("a claim is under way", || ledger.claiming.load(SeqCst) == 1).await;
    let (ended, took) = working.stop().await;

    ended.unwrap();
    assert!(took < ms(1_000), "{took:?}");
    assert_eq!(ledger.rows().released, 4);
    assert_eq!(ledger.ready(), 10);
    assert_eq!(ledger.row(1).attempts, 0, "the attempt does not count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_before_the_start_and_while_idle_is_prompt() {
    let ledger = Ledger::new(10, ms(5_000));
    let stop = CancellationToken::new();
    stop.cancel();
    work(ledger.clone(), options(), stop, |_| taking(ms(1))).await.unwrap();
    assert_eq!(ledger.ready(), 10);

    for fails_for in [Duration::ZERO, Duration::from_mins(1)] {
        let mut empty = Ledger::new(0, ms(5_000));
        empty.fails_until += fails_for;
        let slow = Options { poll: Duration::from_mins(1), ..options() };
        let working = start(&empty, slow, |_| taking(ms(1)));
        sleep(ms(300)).await;
        assert!(empty.rows().asked.len() <= 1, "an idle worker is idle");
        let (ended, took) = working.stop().await;
        ended.unwrap();
        assert!(took < ms(1_000), "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_renewed_for_as_long_as_its_handler_runs() {
    let ledger = Ledger::new(4, ms(500));
    ledger.renewal_fails.store(1, SeqCst);
    let two = || Options { concurrency: 2, ..options() };
    // The second worker would take over what the first let lapse.
    let working = [start(&ledger, two(), |_| taking(ms(1_500))), start(&ledger, two(), |_| taking(ms(1_500)))];
    ledger.until_done(4).await;
    for worker in working {
        worker.stop().await.0.unwrap();
    }

    each_batch_was_done_once(&ledger);
    assert!(ledger.rows().renewals >= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_renewed_while_draining() {
    let ledger = Ledger::new(1, ms(500));
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    let draining = start(&ledger, options(), move |_| {
        started.fetch_add(1, SeqCst);
        taking(ms(1_500))
    });
    until("a batch is in hand", || seen.load(SeqCst) == 1).await;
    // This worker would take over what the other let lapse.
    let waiting = start(&ledger, options(), |_| taking(ms(1)));
    draining.stop().await.0.unwrap();
    waiting.stop().await.0.unwrap();

    each_batch_was_done_once(&ledger);
}

#[tokio::test(flavor = "current_thread")]
async fn a_worker_that_breaks_down_comes_back_under_a_new_name_and_loses_nothing() {
    // Errors are rendered only if somebody logs them.
    let subscriber = tracing_subscriber::fmt().with_writer(io::sink).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let ledger = Ledger::new(1, ms(600));
    let two = Options { concurrency: 2, ..options() };
    let working = start(&ledger, two, |claim: Claim| taking(ms(if claim.batch == 1 { 1_500 } else { 1 })));
    until("a batch is in hand", || ledger.ready() == 0).await;
    ledger.breaks.store(true, SeqCst);
    until("the worker broke", || !ledger.breaks.load(SeqCst)).await;
    ledger.stage(2);
    ledger.until_done(1).await;
    assert_eq!(ledger.row(1).finished, 0, "still in hand");
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&ledger);
    assert_eq!(ledger.rows().workers.len(), 2);
}

/// Returns how long batches staged one by one waited for their pick-up, the
/// slowest last.
async fn pick_ups(poll: Duration, wake: Option<Arc<Notify>>) -> Vec<Duration> {
    const STAGED: usize = 40;
    let ledger = Ledger::new(0, ms(5_000));
    let waited = Arc::new(Mutex::new(Vec::new()));
    let options = Options { poll, wake: wake.clone().unwrap_or_default(), ..options() };
    let (seen, staged) = (Arc::clone(&waited), ledger.clone());
    let working = start(&ledger, options, move |claim: Claim| {
        let staged = staged.row(claim.batch).staged;
        seen.lock().unwrap().push(staged.elapsed());
        taking(Duration::ZERO)
    });
    for (batch, nap) in (1..).zip([7, 61, 133, 29].into_iter().cycle()).take(STAGED) {
        sleep(ms(nap)).await;
        ledger.stage(batch);
        if let Some(wake) = &wake {
            wake.notify_one();
        }
    }
    ledger.until_done(STAGED).await;
    working.stop().await.0.unwrap();
    let mut waited = Arc::into_inner(waited).map_or_else(Vec::new, |w| w.into_inner().unwrap());
    assert_eq!(waited.len(), STAGED);
    waited.sort();
    waited
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_picks_up_a_batch_after_a_poll_at_most() {
    let waited = pick_ups(ms(100), None).await;
    println!("p50 {:?}, p95 {:?}", waited[20], waited[37]);
    assert!(waited[37] < ms(250), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_that_is_woken_picks_up_a_batch_at_once() {
    let waited = pick_ups(Duration::from_mins(1), Some(Arc::default())).await;
    println!("p50 {:?}, p95 {:?}", waited[20], waited[37]);
    assert!(waited[37] < ms(50), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_during_a_claim_is_not_lost() {
    let mut ledger = Ledger::new(0, ms(5_000));
    ledger.claim_takes = ms(200);
    let slow = Options { poll: Duration::from_mins(1), ..options() };
    let wake = Arc::clone(&slow.wake);
    let working = start(&ledger, slow, |_| taking(ms(1)));
    until("a claim is under way", || ledger.claiming.load(SeqCst) == 1).await;
    ledger.stage(1);
    wake.notify_waiters();
    ledger.until_done(1).await;
    working.stop().await.0.unwrap();
}

/// Collects what is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_log_names_failures_and_quotes_no_row() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let mut ledger = Ledger::new(3, ms(300));
    ledger.fails_until = Instant::now() + ms(150);
    ledger.panics.store(1, SeqCst);
    ledger.renewal_fails.store(1, SeqCst);
    let working = start(&ledger, options(), |claim: Claim| async move {
        sleep(ms(150)).await;
        match (claim.batch, claim.attempt) {
            (1, 1) => panic!("ada@example.org"),
            (2, 1) => Err(HandlerError::new(away())),
            _ => Ok(()),
        }
    });
    ledger.until_done(3).await;
    working.stop().await.0.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "could not claim a batch error=could not reach the ledger",
        "could not claim a batch: the ledger panicked",
        "could not renew leases error=could not reach the ledger",
        "batch{batch.id=1 batch.attempt=1}: lethe::queue::delivery: handler panicked",
        "batch{batch.id=2 batch.attempt=1}: lethe::queue::delivery: batch not finished",
    ] {
        assert!(log.contains(expected), "no `{expected}` in:\n{log}");
    }
    assert!(!log.contains("ada@"), "{log}");
}
