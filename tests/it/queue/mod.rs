//! What the queue promises: some over every backend, some over a ledger in
//! memory that breaks when told to.

mod backend;
mod facts;
mod memory;
mod relay;

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use lethe::queue::{Claim, HandlerError, Options, QueueError, work};
use memory::{Ledger, State, away};
use tokio::{sync::Notify, task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

/// Tests of these facts for each of these kinds.
macro_rules! suites {
    ($($suite:ident of $kind:ident: $from:ident $facts:tt;)*) => {
        $(mod $suite { suites!(@ $kind $from $facts); })*
    };
    (@ $kind:ident $from:ident [$($fact:ident,)*]) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $fact() {
            super::$from::$fact(super::backend::Kind::$kind).await;
        })*
    };
}

/// The facts of every queue, and those of Redis.
macro_rules! every_kind {
    ($facts:tt, $of_redis:tt) => {
        suites! {
            in_memory of Memory: facts $facts;
            sqlite_ledger of Sqlite: facts $facts;
            postgres_ledger of Postgres: facts $facts;
            redis_over_sqlite_ledger of RedisOverSqlite: facts $facts;
            redis_over_postgres_ledger of RedisOverPostgres: facts $facts;
            relay_over_sqlite_ledger of RedisOverSqlite: relay $of_redis;
            relay_over_postgres_ledger of RedisOverPostgres: relay $of_redis;
        }
    };
}

every_kind!(
    [
        one_worker_handles_each_batch_once_and_one_at_a_time,
        four_workers_handle_each_batch_once_under_names_of_their_own,
        one_worker_of_four_hands_claims_no_more_than_it_has_hands_for,
        a_handler_that_panics_errs_or_hangs_stops_no_other_batch,
        stopping_finishes_the_batch_in_hand_and_claims_no_more,
        stopping_returns_at_the_bound_and_names_what_was_in_hand,
        a_lease_is_renewed_for_as_long_as_its_handler_runs_and_while_draining,
        a_claim_whose_lease_ran_out_finishes_nothing,
        a_batch_given_back_is_claimed_again_and_its_attempt_does_not_count,
        an_idle_worker_picks_up_a_batch_soon,
    ],
    [
        a_batch_is_claimed_when_it_is_staged_and_the_ledger_is_not_asked_before,
        an_id_staged_twice_is_claimed_once,
        an_id_whose_batch_another_has_is_passed_over,
        no_more_than_five_hundred_are_staged_and_the_lowest_come_first,
    ]
);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn until(what: &str, fact: impl Fn() -> bool) {
    let waiting = async {
        while !fact() {
            sleep(ms(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
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
async fn stopping_returns_at_the_bound_though_a_handler_blocks_its_thread() {
    let ledger = Ledger::new(1, ms(400));
    let short = Options { drain: ms(200), ..options() };
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    let working = start(&ledger, short, move |_| {
        started.fetch_add(1, SeqCst);
        async {
            std::thread::sleep(Duration::from_secs(8));
            Ok(())
        }
    });
    until("a batch is in hand", || seen.load(SeqCst) == 1).await;
    let (ended, took) = working.stop().await;

    ended.unwrap_err();
    assert!(took < ms(6_000), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_during_a_claim_gives_back_what_was_claimed() {
    let mut ledger = Ledger::new(10, Duration::from_mins(1));
    ledger.claim_takes = ms(3_000);
    let four = Options { concurrency: 4, ..options() };
    let working = start(&ledger, four, |_| async { panic!("never started") });
    until("a claim is under way", || ledger.claiming.load(SeqCst) == 1).await;
    let (ended, took) = working.stop().await;

    ended.unwrap();
    assert!(took < ms(9_000), "{took:?}");
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
        assert!(took < ms(5_000), "{took:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_worker_that_breaks_down_comes_back_under_a_new_name_and_loses_nothing() {
    // Errors are rendered only if they are logged.
    let subscriber = tracing_subscriber::fmt().with_writer(io::sink).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let ledger = Ledger::new(1, ms(3_000));
    let two = Options { concurrency: 2, ..options() };
    let go = CancellationToken::new();
    let gate = go.clone();
    let working = start(&ledger, two, move |claim: Claim| {
        let gate = gate.clone();
        async move {
            if claim.batch == 1 {
                gate.cancelled().await;
            }
            Ok(())
        }
    });
    until("a batch is in hand", || ledger.ready() == 0).await;
    ledger.breaks.store(true, SeqCst);
    until("the worker broke", || !ledger.breaks.load(SeqCst)).await;
    ledger.stage(2);
    ledger.until_done(1).await;
    assert_eq!(ledger.row(1).finished, 0, "still in hand");
    // Longer than a lease: it is renewed though its worker broke.
    sleep(ms(4_000)).await;
    go.cancel();
    ledger.until_done(2).await;
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
    assert!(waited[20] < ms(200), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_that_is_woken_picks_up_a_batch_at_once() {
    let waited = pick_ups(Duration::from_mins(1), Some(Arc::default())).await;
    println!("p50 {:?}, p95 {:?}", waited[20], waited[37]);
    assert!(waited[20] < ms(50), "{waited:?}");
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
    ledger.fails_until = Instant::now() + ms(1_500);
    ledger.panics.store(1, SeqCst);
    ledger.renewal_fails.store(1, SeqCst);
    let working = start(&ledger, options(), |claim: Claim| async move {
        sleep(ms(150)).await;
        match (claim.batch, claim.attempt) {
            (1, 1) => panic!("ada@example.org"),
            (2, 1) => Err(away().into()),
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
