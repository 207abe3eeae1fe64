//! What holds in every world: nothing lost, twice is once, and the size of a
//! batch makes no difference.
//!
//! The same worlds are made each time; `PROPTEST_CASES` asks for so many new ones.

use std::time::Duration;

use crate::common::place::is_on_postgres;
use crate::common::world::{World, worlds};
use crate::common::{Company, NOON, context};
use lethe::domain::clock::Clock;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::sweep::{Mode, open};
use lethe::worker::wait_for;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use tokio_util::sync::CancellationToken;

/// Everything that a sweep leaves behind.
#[derive(Debug, PartialEq)]
struct Left {
    rows: Vec<String>,
    outcomes: Vec<String>,
}

async fn left(company: &Company) -> Left {
    // Who fails may be cut off at the last try, and then that is the reason.
    let outcomes = "SELECT client_key, outcome, CASE outcome WHEN 'failed' THEN '' ELSE reasons END FROM lethe_outcomes ORDER BY client_key, sweep";
    Left { rows: company.dump().await, outcomes: company.rows(outcomes).await }
}

async fn company(world: &World, batch_size: usize) -> Company {
    let mut company = Company::new(&world.schema(), &world.policy()).await;
    company.context.limits.batch_size = batch_size;
    // More than all crash points together: no crash makes a client fail.
    company.context.limits.attempts = 8;
    company
}

fn for_all<S: Strategy>(cases: u32, worlds: &S, holds: impl AsyncFn(S::Value)) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(7) };
    // A database of a server takes longer to make than a file.
    let cases = if is_on_postgres() { cases / 4 } else { cases };
    let config = ProptestConfig {
        cases: asked.unwrap_or(cases),
        rng_seed,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let result = TestRunner::new(config).run(worlds, |world| {
        runtime.block_on(holds(world));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn a_second_run_writes_nothing_and_the_size_of_a_batch_makes_no_difference() {
    for_all(40, &worlds(), async |world| {
        let whole = company(&world, 100).await;
        let tally = whole.due().await;
        let wanted = left(&whole).await;
        let again = whole.due().await;
        assert_eq!(again.anonymized, 0, "a second run takes no client");
        assert_eq!((again.refused, again.failed), (tally.refused, tally.failed));
        assert_eq!(left(&whole).await, wanted, "a second run writes nothing");
        for batch_size in [1, 3] {
            let parts = company(&world, batch_size).await;
            assert_eq!(parts.due().await, tally, "batches of {batch_size}");
            assert_eq!(left(&parts).await, wanted, "batches of {batch_size}");
        }
    });
}

#[test]
fn a_preview_and_a_rehearsal_find_what_the_sweep_then_does_and_change_nothing() {
    for_all(20, &worlds(), async |world| {
        let company = company(&world, 4).await;
        let before = company.dump().await;
        let request = company.request(SweepKind::Due);
        let (preview, _) = company.survey(&request, Mode::Preview).await.expect("a preview");
        let (rehearsal, _) = company.survey(&request, Mode::Rehearsal).await.expect("a rehearsal");
        assert_eq!(company.dump().await, before, "neither writes");
        assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes").await, ["0"]);
        let tally = company.due().await;
        assert_eq!(rehearsal.tally, tally);
        // A preview does not try what a trigger or a residue will refuse.
        assert_eq!(preview.tally.anonymized, tally.anonymized + tally.failed);
        assert_eq!(preview.tally.refused, tally.refused);
    });
}

#[test]
fn a_sweep_cut_off_anywhere_and_taken_up_again_ends_as_if_nothing_had_happened() {
    let crashes = prop::collection::vec(0_u64..40_000, 1..6);
    for_all(48, &(worlds(), crashes, 1_usize..6), async |(world, crashes, batch_size)| {
        let undisturbed = company(&world, 100).await;
        undisturbed.due().await;
        let wanted = left(&undisturbed).await;

        let mut company = company(&world, batch_size).await;
        let id = open(&company.context, &company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
        let mut moment = NOON.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment");
        for micros in crashes {
            // Everything of the process is dropped wherever it stands.
            let dropped = company.context.clone();
            let mut each = |_: &_, _: &_| {};
            let working = wait_for(&dropped, id, CancellationToken::new(), &mut each);
            let _ = tokio::time::timeout(Duration::from_micros(micros), working).await;
            moment += company.context.ledger.lease();
            let limits = company.context.limits.clone();
            company.context = context(company.folder.path(), &company.place, Clock::fixed(moment), limits).await;
            drop(dropped);
            company.place.quiet().await;
            check_laws(&company).await;
        }
        let (sweep, _) = company.work(id).await;
        assert_eq!(sweep.state, State::Done);
        assert_eq!(left(&company).await, wanted, "cut off and taken up again");
        assert_eq!(company.due().await.anonymized, 0);
        assert_eq!(left(&company).await, wanted, "and a night later");
    });
}

/// No change without an outcome and no outcome without a change, at any moment.
async fn check_laws(company: &Company) {
    let changed = "SELECT count(*) FROM clients WHERE name = 'Anonymized'";
    let recorded = "SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'";
    let both = company.rows(&format!("SELECT ({changed}) - ({recorded})")).await;
    assert_eq!(both, ["0"]);
}

#[test]
fn limits_hold_a_due_sweep_to_the_first_clients_that_nothing_keeps() {
    // A client with an old status is stuck by nothing but the trigger, so that only guards and the cap are at play.
    let without_faults = worlds().prop_map(|mut world| {
        world.stuck = 100_000;
        world.clients.iter_mut().for_each(|number| *number += 1);
        world.identifying = false;
        world
    });
    for_all(20, &(without_faults, 0_u64..6, 1_usize..6), async |(world, cap, batch_size)| {
        let all = company(&world, 100).await;
        let free = all.due().await.anonymized;
        let capped = company(&world, batch_size).await;
        let mut request = capped.request(SweepKind::Due);
        request.cap = Some(cap);
        let mut taken = 0;
        for _ in 0..2 {
            let tally = capped.sweep(&request).await.expect("a due sweep");
            taken += tally.anonymized;
            assert!(tally.anonymized <= cap);
        }
        assert_eq!(taken, free.min(2 * cap));
        request.cap = None;
        capped.sweep(&request).await.expect("a due sweep");
        assert_eq!(capped.dump().await, all.dump().await);
    });
}
