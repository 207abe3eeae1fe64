//! The program is killed again and again, at any moment: the sweep ends with
//! the same result as if nothing had happened.

use std::time::{Duration, Instant};

use crate::common::program::{Program, ended, signal};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::sqlite::SqliteJournalMode;

const RUNNING: &str = "SELECT count(*) FROM lethe_sweeps WHERE state = 'running'";

/// What an undisturbed run leaves behind.
struct Undisturbed {
    dump: Vec<String>,
    outcomes: Vec<String>,
}

async fn undisturbed(clients: usize) -> Undisturbed {
    let program = Program::new(clients, 100, SqliteJournalMode::Wal).await;
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());
    program.check_laws().await;
    Undisturbed { dump: program.dump().await, outcomes: program.outcomes().await }
}

/// Says where two lists part, and not all that is in them.
fn agree(own: &[String], wanted: &[String]) {
    let differ = own.iter().zip(wanted).find(|(own, wanted)| own != wanted);
    assert_eq!((differ, own.len()), (None, wanted.len()), "not what an undisturbed run leaves");
}

async fn same(program: &Program, wanted: &Undisturbed) {
    program.check_laws().await;
    agree(&program.outcomes().await, &wanted.outcomes);
    agree(&program.dump().await, &wanted.dump);
    assert_eq!(
        program.number("SELECT count(*) FROM lethe_batches WHERE keys IS NOT NULL OR lease IS NOT NULL").await,
        0
    );
}

/// Kills the program at random moments, `kills` times: while it starts, or soon after. Returns how often a sweep was open.
async fn kill_it(program: &Program, args: &[&str], kills: usize, seed: u64) -> usize {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut in_the_middle = 0;
    for _ in 0..kills {
        // Measured each time, because a busy machine starts programs slowly. The rate keeps the sweep from ending meanwhile.
        let asked = Instant::now();
        program.ends(&["status"]);
        let latest = asked.elapsed() + Duration::from_millis(150);
        let mut child = program.command(args).env("LETHE_WORKER__RATE", "200").spawn().expect("the program starts");
        tokio::time::sleep(latest.mul_f64(dice.random_range(0.02..1.0))).await;
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        if program.number("SELECT count(*) FROM sqlite_schema WHERE name = 'lethe_outcomes'").await == 1 {
            program.check_laws().await;
            in_the_middle += usize::from(program.number(RUNNING).await > 0);
        }
    }
    in_the_middle
}

/// Works off what is left.
async fn finish(program: &Program) {
    let child = program.run();
    program.until(RUNNING, 0).await;
    signal(&child, "TERM");
    assert!(ended(child).success());
}

#[tokio::test]
async fn a_service_killed_again_and_again_ends_the_sweep_as_if_nothing_had_happened() {
    let wanted = undisturbed(3_000).await;
    for (journal, seed) in [(SqliteJournalMode::Wal, 1), (SqliteJournalMode::Delete, 2)] {
        let program = Program::new(3_000, 5, journal).await;
        assert!(program.ends(&["sweep", "--due"]).success());
        let kills = kill_it(&program, &["run"], 30, seed).await;
        finish(&program).await;
        same(&program, &wanted).await;
        assert!(kills > 10, "the sweep was over after {kills} kills");
        program.check_one_outcome_each().await;
    }
}

#[tokio::test]
async fn a_sweep_by_hand_killed_and_started_anew_ends_as_if_nothing_had_happened() {
    let wanted = undisturbed(2_000).await;
    let program = Program::new(2_000, 7, SqliteJournalMode::Wal).await;
    let kills = kill_it(&program, &["sweep", "--due", "--wait"], 25, 3).await;
    finish(&program).await;
    same(&program, &wanted).await;
    assert!(kills > 10, "the sweep was over after {kills} kills");
    // One more night finds nothing to do.
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());
    assert!(program.dump().await == wanted.dump);
}
