//! Several processes on one database, and processes that are stopped, halted
//! for a while, or late.

use std::process::Child;
use std::time::Duration;

use crate::common::program::{Program, ended, running, signal};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{Connection, Error};

const RUNNING: &str = "SELECT count(*) FROM lethe_sweeps WHERE state = 'running'";

async fn company(clients: usize, batch_size: usize) -> Program {
    Program::new(clients, batch_size, SqliteJournalMode::Wal).await
}

fn stop(child: Child) {
    signal(&child, "TERM");
    assert!(ended(child).success());
}

/// What one undisturbed process leaves behind.
async fn undisturbed(clients: usize) -> Vec<String> {
    let program = company(clients, 100).await;
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());
    program.dump().await
}

#[tokio::test]
async fn the_clients_of_a_sweep_are_listed_by_their_outcome() {
    let program = Program::new(40, 100, SqliteJournalMode::Wal).await;
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());
    let list = |outcome: &str| {
        let output =
            program.command(&["status", "1", "--clients", outcome]).stdout(std::process::Stdio::piped()).output();
        String::from_utf8(output.expect("it runs").stdout).expect("text")
    };
    assert_eq!(list("refused"), "C00017\trefused\topen-orders\nC00034\trefused\topen-orders\n");
    assert_eq!(list("anonymized").lines().count(), 30);
    assert_eq!(list("failed"), "");
    assert!(!program.ends(&["status", "1", "--clients", "gone"]).success());
    assert!(!program.ends(&["status", "7", "--clients", "refused"]).success());
    assert!(!program.ends(&["status", "--clients", "refused"]).success());
}

#[tokio::test]
async fn asked_to_stop_it_finishes_the_batch_in_hand_and_leaves_the_rest_for_later() {
    let program = company(1_500, 3).await;
    assert!(program.ends(&["sweep", "--due"]).success());
    for signal_name in ["TERM", "INT", "TERM"] {
        let done = program.number("SELECT count(*) FROM lethe_batches WHERE state = 'done'").await;
        let child = program.run();
        program.until(&format!("SELECT count(*) > {done} FROM lethe_batches WHERE state = 'done'"), 1).await;
        signal(&child, signal_name);
        assert!(ended(child).success());
        program.check_laws().await;
        assert_eq!(
            program.number("SELECT count(*) FROM lethe_batches WHERE state = 'running'").await,
            0,
            "left in hand"
        );
        assert_eq!(program.number(RUNNING).await, 1, "there was more to do");
    }
    // Nothing was in hand, so nothing waits for a lease: no batch was ever claimed twice for want of an end.
    let child = program.run();
    program.until(RUNNING, 0).await;
    stop(child);
    assert_eq!(
        program.number("SELECT count(*) FROM lethe_batches WHERE state = 'done' AND attempts > 1 AND failed = 0").await,
        0
    );
    program.check_laws().await;
    assert!(program.dump().await == undisturbed(1_500).await);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_database_that_another_program_has_locked() {
    let program = company(20, 5).await;
    let job = "schedule = \"* * * * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n";
    std::fs::write(program.path().join("jobs/often.toml"), job).unwrap();
    let mut command = program.command(&["run"]);
    let service = running(command.env("LETHE_SQLITE__BUSY_TIMEOUT", "10m").env("LETHE_SWEEP__DRAIN", "1s"));
    program.until("SELECT count(*) > 0 FROM lethe_sweeps WHERE state = 'done'", 1).await;
    // With the next tick it waits for the lock, and would do so for ten minutes.
    let mut other = connect(&program, Duration::from_secs(20)).await;
    loop {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
        let open: i64 = sqlx::query_scalar(RUNNING).fetch_one(&mut other).await.expect("a number");
        if open == 0 {
            break;
        }
        sqlx::query("ROLLBACK").execute(&mut other).await.expect("the lock is let go");
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop(service);
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("the lock is let go");
    program.check_laws().await;
}

#[tokio::test]
async fn two_services_share_the_work_and_write_nothing_twice() {
    for journal in [SqliteJournalMode::Wal, SqliteJournalMode::Delete] {
        let program = Program::new(1_000, 3, journal).await;
        let services = [program.run(), program.run()];
        assert!(program.ends(&["sweep", "--due"]).success());
        if journal == SqliteJournalMode::Wal {
            // SQLite's lock is not fair, and one of them may get it every time: so each is halted until the other has worked.
            for (halted, other) in [(0, 1), (1, 0)] {
                halt(&program, &services[halted], 0..=2).await;
                let done = format!(
                    "SELECT count(*) > 2 FROM lethe_batches WHERE worker LIKE 'lethe-{}-%'",
                    services[other].id()
                );
                program.until(&done, 1).await;
                signal(&services[halted], "CONT");
            }
        }
        program.until(RUNNING, 0).await;
        services.into_iter().for_each(stop);
        program.check_laws().await;
        assert!(program.dump().await == undisturbed(1_000).await);
        program.check_one_outcome_each().await;
    }
}

#[tokio::test]
async fn two_schedulers_open_one_sweep_for_each_tick_and_pass_none_over() {
    let program = company(300, 20).await;
    let job = "schedule = \"*/2 * * * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n";
    std::fs::write(program.path().join("jobs/often.toml"), job).unwrap();
    let services = [program.run(), program.run()];
    program.until("SELECT count(*) >= 4 FROM lethe_sweeps WHERE state = 'done'", 1).await;
    services.into_iter().for_each(stop);
    // Every two seconds, and what came too late is counted by the one that stands for it.
    let ticks = program
        .rows(
            "SELECT count(*) - count(DISTINCT tick), count(*) + sum(skipped) - (SELECT skipped FROM lethe_sweeps ORDER BY tick LIMIT 1) \
             - 1 - (unixepoch(max(tick)) - unixepoch(min(tick))) / 2, count(*) FILTER (WHERE job IS NOT 'often') FROM lethe_sweeps",
        )
        .await;
    assert_eq!(ticks, ["0|0|0"]);
    program.check_laws().await;
    let wanted = undisturbed(300).await;
    assert!(program.dump().await == wanted);
}

async fn connect(program: &Program, busy_timeout: Duration) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(program.path().join("company.db")).busy_timeout(busy_timeout);
    SqliteConnection::connect_with(&options).await.expect("the database opens")
}

/// Waits until every thread has taken note of the signal: one that still runs
/// for a moment could take SQLite's lock and keep it.
fn all_stopped(child: &Child) {
    let threads = format!("/proc/{}/task", child.id());
    let stopped = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 't']))
    };
    while !std::fs::read_dir(&threads).expect("its threads").flatten().all(stopped) {
        std::thread::yield_now();
    }
}

/// Halts the process at a moment when it writes nothing, or the others would
/// wait for it, and when so many batches are leased. Says which.
async fn halt(program: &Program, child: &Child, in_hand: std::ops::RangeInclusive<usize>) -> Vec<i64> {
    let mut other = connect(program, Duration::ZERO).await;
    for _ in 0..5_000 {
        signal(child, "STOP");
        all_stopped(child);
        let claimed: Result<Vec<i64>, Error> = async {
            let mut transaction = other.begin_with("BEGIN IMMEDIATE").await?;
            let running = "SELECT id FROM lethe_batches WHERE state = 'running'";
            let claimed = sqlx::query_scalar(running).fetch_all(&mut *transaction).await?;
            transaction.rollback().await?;
            Ok(claimed)
        }
        .await;
        if let Some(claimed) = claimed.ok().filter(|claimed| in_hand.contains(&claimed.len())) {
            return claimed;
        }
        signal(child, "CONT");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("there was no such moment");
}

#[tokio::test]
async fn a_worker_that_comes_back_after_its_lease_writes_nothing() {
    let program = company(1_000, 3).await;
    assert!(program.ends(&["sweep", "--due"]).success());
    let late = program.run();
    // It has claimed a batch, and has not yet begun to write.
    let batch = halt(&program, &late, 1..=1).await[0];

    // Its lease runs out, and another does its batch and all the others.
    let other = program.run();
    program.until(RUNNING, 0).await;
    let by = format!("SELECT worker FROM lethe_batches WHERE id = {batch}");
    let worker = program.rows(&by).await.remove(0);
    assert!(worker.starts_with(&format!("lethe-{}-", other.id())), "{worker}");
    let before = (program.dump().await, program.rows("SELECT * FROM lethe_batches").await, program.outcomes().await);

    signal(&late, "CONT");
    stop(late);
    stop(other);
    program.check_laws().await;
    assert!(
        (program.dump().await, program.rows("SELECT * FROM lethe_batches").await, program.outcomes().await) == before
    );
    assert!(before.0 == undisturbed(1_000).await);
}
