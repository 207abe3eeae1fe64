//! What holds of every queue.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lethe::queue::{Claim, Claims, HandlerError, Options, QueueError, work};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Kind};
use super::{Working, ms, options, taking, until};

/// Longer than any test.
const LONG: Duration = Duration::from_mins(1);

/// Works on the queue; each batch runs `handler` and is then finished. Counts who finished what.
fn start<H, Fut>(backend: &Backend, options: Options, finished: &Finished, handler: H) -> Working
where
    H: Fn(Claim) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    let stop = CancellationToken::new();
    let (ending, finished) = (backend.ending(), finished.clone());
    let finish = move |claim: Claim| {
        let (ending, finished, running) = (ending.clone(), finished.clone(), handler(claim.clone()));
        async move {
            running.await?;
            let mut by_batch = (0, 0);
            if ending.finish(&claim).await {
                by_batch.0 = 1;
            } else {
                by_batch.1 = 1;
            }
            finished.count(claim.batch, by_batch);
            Ok(())
        }
    };
    let task = tokio::spawn(work(backend.queue.clone(), options, stop.clone(), finish));
    Working { stop, task }
}

/// How often each batch was finished, and how often its claim did not hold any more.
#[derive(Clone, Default)]
struct Finished(Arc<Mutex<BTreeMap<i64, (u32, u32)>>>);

impl Finished {
    fn count(&self, batch: i64, (held, void): (u32, u32)) {
        let mut by_batch = self.0.lock().unwrap();
        let own = by_batch.entry(batch).or_default();
        *own = (own.0 + held, own.1 + void);
    }
}

/// A handler that takes this long, and how many times it has begun: a batch is
/// `running` in the ledger a moment before it is in anybody's hands.
fn counted(time: Duration) -> (Arc<AtomicUsize>, impl Fn(Claim) -> Taking + Send + Sync + 'static) {
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&begun);
    let handler = move |_| {
        counter.fetch_add(1, SeqCst);
        Box::pin(taking(time)) as Taking
    };
    (begun, handler)
}

type Taking = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

async fn in_hand(batches: usize, begun: &[&AtomicUsize]) {
    until("the batches are in hand", || begun.iter().map(|begun| begun.load(SeqCst)).sum::<usize>() == batches).await;
}

async fn each_batch_was_done_once(backend: &Backend, finished: &Finished) {
    let batches = backend.batches().await;
    for (batch, state, attempts) in &batches {
        assert_eq!((state.as_str(), *attempts), ("done", 1), "batch {batch}");
    }
    let by_batch = finished.0.lock().unwrap();
    assert_eq!(by_batch.len(), batches.len());
    assert!(by_batch.values().all(|own| *own == (1, 0)), "{by_batch:?}");
}

pub async fn one_worker_handles_each_batch_once_and_one_at_a_time(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 50, LONG).await, Finished::default());
    let in_hand = Arc::new(AtomicUsize::new(0));
    let working = start(&backend, options(), &finished, move |_| {
        let in_hand = Arc::clone(&in_hand);
        async move {
            assert_eq!(in_hand.fetch_add(1, SeqCst), 0);
            sleep(ms(1)).await;
            in_hand.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    backend.until("done", 50).await;
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&backend, &finished).await;
    assert_eq!(backend.queue.asked.lock().unwrap().values().collect::<Vec<_>>(), [&1]);
}

pub async fn four_workers_handle_each_batch_once_under_names_of_their_own(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 100, LONG).await, Finished::default());
    let working: Vec<Working> = (0..4).map(|_| start(&backend, options(), &finished, |_| taking(ms(3)))).collect();
    backend.until("done", 100).await;
    for worker in working {
        worker.stop().await.0.unwrap();
    }

    each_batch_was_done_once(&backend, &finished).await;
    let workers = backend.workers();
    assert_eq!(workers.len(), 4);
    assert!(workers.iter().all(|name| name.starts_with("test-")));
}

pub async fn one_worker_of_four_hands_claims_no_more_than_it_has_hands_for(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 100, LONG).await, Finished::default());
    let (in_hand, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let four = Options { concurrency: 4, ..options() };
    let seen = Arc::clone(&most);
    let working = start(&backend, four, &finished, move |_| {
        let (in_hand, most) = (Arc::clone(&in_hand), Arc::clone(&most));
        async move {
            most.fetch_max(in_hand.fetch_add(1, SeqCst) + 1, SeqCst);
            sleep(ms(60)).await;
            in_hand.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    backend.until("done", 100).await;
    working.stop().await.0.unwrap();

    each_batch_was_done_once(&backend, &finished).await;
    assert_eq!(seen.load(SeqCst), 4);
    assert_eq!(backend.queue.asked.lock().unwrap().values().collect::<Vec<_>>(), [&4]);
}

pub async fn a_handler_that_panics_errs_or_hangs_stops_no_other_batch(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 20, ms(4_000)).await, Finished::default());
    let two = Options { concurrency: 2, time_limit: ms(2_000), ..options() };
    let working = start(&backend, two, &finished, |claim: Claim| async move {
        match (claim.batch % 10, claim.attempt) {
            (1, 1) => panic!("ada@example.org"),
            (2, 1) => Err("the database went away".into()),
            (3, 1) => taking(LONG).await,
            _ => Ok(()),
        }
    });
    backend.until("done", 20).await;
    working.stop().await.0.unwrap();

    for (batch, _, attempts) in backend.batches().await {
        assert_eq!(attempts, if (1..=3).contains(&(batch % 10)) { 2 } else { 1 }, "batch {batch}");
    }
    assert!(finished.0.lock().unwrap().values().all(|own| *own == (1, 0)));
}

pub async fn stopping_finishes_the_batch_in_hand_and_claims_no_more(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 10, LONG).await, Finished::default());
    let (begun, go) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let (counter, gate) = (Arc::clone(&begun), go.clone());
    let working = start(&backend, options(), &finished, move |_| {
        counter.fetch_add(1, SeqCst);
        let gate = gate.clone();
        async move {
            gate.cancelled().await;
            Ok(())
        }
    });
    in_hand(1, &[&begun]).await;
    working.stop.cancel();
    // Time to claim more, if it did.
    sleep(ms(500)).await;
    go.cancel();
    let (ended, took) = working.stop().await;

    ended.unwrap();
    assert!(took < ms(9_000), "it does not wait for the drain to run out: {took:?}");
    assert_eq!((backend.count("done").await, backend.count("ready").await), (1, 9));
}

pub async fn stopping_returns_at_the_bound_and_names_what_was_in_hand(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 10, ms(3_000)).await, Finished::default());
    let two = Options { concurrency: 2, drain: ms(300), ..options() };
    let (begun, handler) = counted(LONG);
    let working = start(&backend, two, &finished, handler);
    in_hand(2, &[&begun]).await;
    let (ended, took) = working.stop().await;

    let error = ended.unwrap_err();
    assert!(matches!(&error, QueueError::StillInHand { batches, .. } if batches.len() == 2));
    assert!((ms(300)..ms(20_000)).contains(&took), "{took:?}");
    // What was dropped is not renewed, so another has it when the lease is over.
    let working = start(&backend, options(), &finished, |_| taking(ms(1)));
    backend.until("done", 10).await;
    working.stop().await.0.unwrap();
    let attempts: u32 = backend.batches().await.iter().map(|(_, _, attempts)| attempts).sum();
    assert_eq!(attempts, 12, "what was started counts");
}

pub async fn a_lease_is_renewed_for_as_long_as_its_handler_runs_and_while_draining(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 4, ms(4_000)).await, Finished::default());
    let two = || Options { concurrency: 2, renew_every: ms(1_000), drain: ms(30_000), ..options() };
    // Each would take over what the other let lapse.
    let ((one, by_one), (other, by_other)) = (counted(ms(7_000)), counted(ms(7_000)));
    let first = start(&backend, two(), &finished, by_one);
    let second = start(&backend, two(), &finished, by_other);
    in_hand(4, &[&one, &other]).await;
    first.stop().await.0.unwrap();
    backend.until("done", 4).await;
    second.stop().await.0.unwrap();
    each_batch_was_done_once(&backend, &finished).await;
}

pub async fn a_claim_whose_lease_ran_out_finishes_nothing(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 1, ms(300)).await, Finished::default());
    let mut late = Vec::new();
    while late.is_empty() {
        late = backend.queue.claim("late", 1).await.unwrap();
    }
    let working = start(&backend, options(), &finished, |_| taking(ms(200)));
    let until_claimed = async {
        while backend.batches().await[0].2 < 2 {
            sleep(ms(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), until_claimed).await.expect("it is claimed again");
    assert!(!backend.ending().finish(&late[0]).await);
    backend.queue.renew(&late).await.unwrap();
    backend.queue.release(&late[0]).await.unwrap();
    backend.until("done", 1).await;
    working.stop().await.0.unwrap();
    assert_eq!(backend.batches().await, [(1, "done".to_owned(), 2)]);
    assert_eq!(*finished.0.lock().unwrap(), BTreeMap::from([(1, (1, 0))]));
}

pub async fn a_batch_given_back_is_claimed_again_and_its_attempt_does_not_count(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 1, LONG).await, Finished::default());
    let mut claimed = Vec::new();
    while claimed.is_empty() {
        claimed = backend.queue.claim("first", 1).await.unwrap();
    }
    backend.queue.release(&claimed[0]).await.unwrap();
    assert_eq!(backend.batches().await, [(1, "ready".to_owned(), 0)]);
    let working = start(&backend, options(), &finished, |_| taking(ms(1)));
    backend.until("done", 1).await;
    working.stop().await.0.unwrap();
    each_batch_was_done_once(&backend, &finished).await;
}

pub async fn an_idle_worker_picks_up_a_batch_soon(kind: Kind) {
    let (backend, finished) = (Backend::new(kind, 0, LONG).await, Finished::default());
    let working = start(&backend, options(), &finished, |_| taking(Duration::ZERO));
    let mut waited = Vec::new();
    for (batch, nap) in (1..=12).zip([7, 61, 133, 29].into_iter().cycle()) {
        sleep(ms(nap)).await;
        let added = Instant::now();
        backend.add(1).await;
        backend.until("done", batch).await;
        waited.push(added.elapsed());
    }
    working.stop().await.0.unwrap();
    waited.sort();
    assert!(waited[6] < ms(3_000), "{waited:?}");
    each_batch_was_done_once(&backend, &finished).await;
}
