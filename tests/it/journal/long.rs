//! Long journals: what takes time grows with their length, and no faster.

use std::time::{Duration, Instant};

use crate::common::journal::Kept;

const NUMBERS: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n <";

/// A company with so many more outcomes of its first sweep in ledger and journal.
async fn with_outcomes(count: usize) -> Kept {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    for insert in [
        "INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest) \
         SELECT 'X' || n, 1, 'anonymized', '2026-01-02T12:00:00.000Z', 1, '2026-01-02T12:00:00.000Z', 'of the test' FROM n",
        "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) \
         SELECT 'X' || n, 1, 'anonymized', '2026-01-02T12:00:00.000Z', 'of the test' FROM n ORDER BY n",
    ] {
        kept.company.execute(&format!("{NUMBERS} {count}) {insert}")).await;
    }
    kept.keep().await.expect("the journal is kept");
    kept
}

/// How long a journal of so many records takes to be proven, at best.
async fn proven(count: usize) -> Duration {
    let kept = with_outcomes(count).await;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        let verdict = kept.verify().await;
        best = best.min(begun.elapsed());
        assert!(verdict.whole && verdict.waiting == 0, "{verdict:?}");
        assert_eq!(usize::try_from(verdict.records).expect("a number"), count + 1);
    }
    best
}

#[tokio::test]
async fn four_times_the_records_take_some_four_times_as_long_to_prove() {
    let (short, long) = (proven(10_000).await, proven(40_000).await);
    // Sixteen times as long if each record were compared with each; other tests run meanwhile.
    assert!(long < short * 10 + Duration::from_secs(1), "{short:?}, {long:?}");
    assert!(long < Duration::from_secs(60), "{long:?}");
}

#[tokio::test]
async fn thousands_of_holds_are_taken_over_after_a_restore_in_seconds() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    for insert in [
        "INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at) \
         SELECT 'X' || n, 'a court', 'test', '2026-01-03T12:00:00.000Z' FROM n",
        "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) \
         SELECT 'X' || n, 0, 'placed', '2026-01-03T12:00:00.000Z', '' FROM n ORDER BY n",
    ] {
        kept.company.execute(&format!("{NUMBERS} 8000) {insert}")).await;
    }
    kept.keep().await.expect("the journal is kept");
    let kept = kept.restored(&backup, "2026-01-06").await;
    let begun = Instant::now();
    kept.keep().await.expect("the journal is kept");
    let took = begun.elapsed();
    assert_eq!(kept.company.rows("SELECT count(*) FROM lethe_holds WHERE released_at IS NULL").await, ["8000"]);
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(kept.verify().await.whole);
}
