//! The database comes back from a backup, and what the journal knows is done
//! again before anything else.

use std::time::Duration;

use lethe::domain::sweep::SweepKind;
use lethe::worker::journal::Keeper;
use lethe::worker::sweep::{SweepError, cut, open};

use crate::common::journal::Kept;
use crate::common::place::either;
use crate::common::searched::start;
use crate::common::service;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const GONE: [&str; 4] = ["C1|Anonymized client", "C2|Anonymized client", "C3|Anonymized client", "C4|Dan Falk"];

#[tokio::test]
async fn clients_anonymized_since_the_backup_are_anonymized_again_before_anything_else() {
    for key in [None, Some(KEY)] {
        let kept = Kept::new(key).await;
        kept.night("2026-01-02").await;
        let backup = kept.backup().await;
        kept.night("2026-01-05").await;
        let before = kept.company.dump().await;

        let kept = kept.restored(&backup, "2026-01-06").await;
        assert_eq!(kept.names().await, ["C1|Anonymized client", "C2|Bo Dahl", "C3|Cleo Eng", "C4|Dan Falk"]);
        let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
        assert!(matches!(refused, Err(SweepError::Restored { .. })), "{refused:?}");
        assert_eq!(kept.replay_restored().await, 2);
        assert_eq!(kept.names().await, GONE);
        assert_eq!(kept.company.dump().await, before, "the days are those of the first time");

        // The ledger has its history again, and the chain goes on.
        let outcomes = "SELECT client_key, outcome, reasons FROM lethe_outcomes WHERE client_key = 'C2' ORDER BY sweep";
        assert_eq!(kept.company.rows(outcomes).await, ["C2|anonymized|NULL", "C2|anonymized|[\"restored\"]"]);
        let verdict = kept.verify().await;
        assert!(verdict.whole, "{verdict:?}");
        assert_eq!((verdict.records, verdict.waiting), (5, 0));
        assert_eq!(kept.company.due().await.anonymized, 0);
    }
}

#[tokio::test]
async fn a_database_without_a_ledger_beside_an_old_journal_is_found() {
    for key in [None, Some(KEY)] {
        let kept = Kept::new(key).await;
        kept.night("2026-01-05").await;
        // As it was before Lethe was there.
        let drops = kept.company.rows(either(
            "SELECT 'DROP ' || type || ' ' || name FROM sqlite_schema WHERE type IN ('table', 'view') AND name LIKE 'lethe\\_%' ESCAPE '\\' \
             ORDER BY type = 'table'",
            "SELECT 'DROP SCHEMA lethe CASCADE'",
        ));
        let drops = drops.await.join("; ");
        kept.company.execute(&format!("{}{drops}", either("PRAGMA foreign_keys = OFF; ", ""))).await;
        kept.company
            .execute("UPDATE customers SET name = 'Back ' || no, email = no, anonymized = 0 WHERE no < 'C3'")
            .await;
        let kept = kept.reopened("2026-01-06").await;
        let refused = kept.keep().await.expect_err("it is not confirmed to be the same").to_string();
        assert!(refused.contains("was written by another database"), "{refused}");
        lethe::worker::journal::adopt(&kept.company.context, &kept.journal).await.expect("the journal is whole");
        assert_eq!(kept.replay_restored().await, 2, "and nothing has come back of the third");
        assert_eq!(kept.names().await, GONE);
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_backup_made_before_outcomes_were_written_leads_to_no_duplicate() {
    for key in [None, Some(KEY)] {
        let kept = Kept::new(key).await;
        kept.company.set_clock("2026-01-05T12:00:00Z");
        let no_journal = lethe::worker::Context { journal: None, ..kept.company.context.clone() };
        kept.keep().await.expect("it begins");
        let id = open(&no_journal, &kept.company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
        lethe::worker::wait_for(&no_journal, id, tokio_util::sync::CancellationToken::new(), &mut |_, _| {})
            .await
            .expect("it ends");
        assert_eq!(kept.lines().len(), 0);
        let backup = kept.backup().await;
        kept.keep().await.expect("the journal is kept");
        assert_eq!(kept.lines().len(), 3);

        let kept = kept.restored(&backup, "2026-01-06").await;
        assert_eq!(kept.replay_restored().await, 0, "nothing of theirs was lost");
        assert_eq!(kept.lines().len(), 3, "and nothing is told twice: {:?}", kept.told());
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_sweep_that_was_open_when_the_backup_was_made_waits() {
    let kept = Kept::new(None).await;
    kept.keep().await.expect("it begins");
    kept.company.set_clock("2026-01-05T12:00:00Z");
    let context = &kept.company.context;
    let id = open(context, &kept.company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
    let backup = kept.backup().await;
    kept.company.work(id).await;

    let kept = kept.restored(&backup, "2026-01-05").await;
    kept.keep().await.expect("the journal is kept");
    assert!(kept.waits().await);
    let sweep = kept.company.context.ledger.sweep(id).await.expect("a ledger").expect("a sweep");
    assert!(!cut(&kept.company.context, &sweep).await.expect("it can be asked"), "it waits for the replay");
    // A role that has the sweep to do does the replay first, and goes on.
    let (sweep, _) = tokio::time::timeout(Duration::from_secs(60), kept.company.work(id)).await.expect("it ends");
    assert_eq!(sweep.state, lethe::ledger::State::Done);
    assert_eq!(kept.names().await, GONE);
    kept.keep().await.expect("the journal is kept");
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn batches_that_were_open_when_the_backup_was_made_wait() {
    let mut kept = Kept::new(None).await;
    kept.keep().await.expect("it begins");
    kept.company.context.limits.batch_size = 1;
    kept.company.set_clock("2026-01-05T12:00:00Z");
    let context = &kept.company.context;
    let id = open(context, &kept.company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
    let sweep = context.ledger.sweep(id).await.expect("a ledger").expect("a sweep");
    assert!(cut(context, &sweep).await.expect("it is cut"));
    let backup = kept.backup().await;
    kept.company.work(id).await;

    let mut kept = kept.restored(&backup, "2026-01-05").await;
    // What is put off comes back when its time has come, so time has to pass.
    kept.company.context.ledger =
        lethe::ledger::Ledger::open(&kept.company.context.store, &lethe::domain::clock::Clock::System)
            .await
            .expect("the ledger opens");
    let (sweep, _) = tokio::time::timeout(Duration::from_secs(60), kept.company.work(id)).await.expect("it ends");
    assert_eq!(sweep.state, lethe::ledger::State::Done);
    let too_early = "SELECT count(*) FROM lethe_batches WHERE sweep = 1 AND done_at < (SELECT closed_at FROM lethe_sweeps WHERE kind = 'replay')";
    assert_eq!(kept.company.rows(too_early).await, ["0"]);
    assert_eq!(kept.names().await, GONE);
}

#[tokio::test]
async fn a_hold_from_before_was_released_by_then_and_one_placed_since_keeps() {
    let kept = Kept::new(None).await;
    kept.company.context.ledger.place_hold("C2", "a court", "test").await.expect("a hold");
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.company.set_clock("2026-01-04T12:00:00Z");
    kept.company.context.ledger.release_hold("C2", "test").await.expect("it is released");
    kept.night("2026-01-05").await;

    let kept = kept.restored(&backup, "2026-01-06").await;
    kept.company.context.ledger.place_hold("C3", "another court", "test").await.expect("a hold");
    assert_eq!(kept.replay_restored().await, 1);
    assert_eq!(kept.names().await, ["C1|Anonymized client", "C2|Anonymized client", "C3|Cleo Eng", "C4|Dan Falk"]);
    // Released, the next replay takes it.
    kept.company.context.ledger.release_hold("C3", "test").await.expect("it is released");
    assert_eq!(kept.replay().await.anonymized, 1);
    assert_eq!(kept.names().await, GONE);
}

#[tokio::test]
async fn a_guard_that_the_backup_brings_back_keeps_no_client() {
    let kept = Kept::new(None).await;
    kept.company.execute("UPDATE orders SET status = 'open' WHERE customer_no = 'C2'").await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.company.execute("UPDATE orders SET status = 'closed'").await;
    kept.night("2026-01-05").await;
    let kept = kept.restored(&backup, "2026-01-06").await;
    assert_eq!(kept.replay_restored().await, 2);
    assert_eq!(kept.names().await, GONE);
}

#[tokio::test]
async fn a_journal_that_is_away_after_a_restore_is_caught_up_with_later() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.company.execute("UPDATE customers SET due = '2026-01-03' WHERE no = 'C4'").await;
    kept.night("2026-01-05").await;
    let kept = kept.restored(&backup, "2026-01-06").await;
    let away = kept.company.folder.path().join("away");
    std::fs::rename(kept.folder(), &away).expect("it goes");
    // Sweeps go on, as far as this database knows.
    assert_eq!(kept.company.due().await.anonymized, 2);
    assert!(kept.keep().await.is_err());
    std::fs::rename(&away, kept.folder()).expect("it comes");
    assert_eq!(kept.replay_restored().await, 1, "the one that it did not know");
    let verdict = kept.verify().await;
    assert!(verdict.whole, "{verdict:?}");
}

#[tokio::test]
async fn a_process_that_is_stopping_opens_neither_the_replay_nor_a_sweep() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.night("2026-01-05").await;
    let kept = kept.restored(&backup, "2026-01-06").await;
    let mut stopping = kept.company.context.clone();
    stopping.stop = tokio_util::sync::CancellationToken::new();
    stopping.stop.cancel();
    let refused = Keeper::new(&stopping).round().await;
    assert!(matches!(refused, Err(SweepError::Stopping)), "{refused:?}");
    let refused = open(&stopping, &kept.company.request(SweepKind::Replay)).await;
    assert!(matches!(refused, Err(SweepError::Stopping)), "{refused:?}");
    let head = stopping.ledger.journal().await.expect("a ledger").expect("a journal");
    assert!(head.restored_at.is_some() && head.replay.is_none() && head.error.is_none(), "{head:?}");
    // The next process does.
    assert_eq!(kept.replay_restored().await, 2);
    let refused = open(&stopping, &kept.company.request(SweepKind::Due)).await;
    assert!(matches!(refused, Err(SweepError::Stopping)), "{refused:?}");
    assert_eq!(kept.company.rows("SELECT kind FROM lethe_sweeps WHERE state = 'running'").await, [""; 0]);
}

#[tokio::test]
async fn a_journal_of_another_database_is_not_followed() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-05").await;
    let mut other = Kept::new(None).await;
    other.night("2026-01-02").await;
    // Two databases, one folder by mistake.
    other.company.context.journal = Some(kept.journal.clone());
    let before = other.company.dump().await;
    let refused = other.keep().await.expect_err("it is another one's").to_string();
    assert!(refused.contains("is not the one that this ledger has written"), "{refused}");
    assert!(other.waits().await, "until an operator decides");
    assert_eq!(other.company.dump().await, before);
    assert_eq!(kept.lines().len(), 3);
}

#[tokio::test]
async fn a_journal_that_is_not_whole_is_not_replayed() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.night("2026-01-05").await;
    let last = crate::common::journal::segments(&kept.folder()).pop().expect("a segment");
    let forged: Vec<String> =
        crate::common::journal::lines(&last).iter().map(|line| line.replace("\"C3\"", "\"C4\"")).collect();
    crate::common::journal::write(&last, &forged);
    let kept = kept.restored(&backup, "2026-01-06").await;
    let refused = kept.keep().await.expect_err("it is not whole").to_string();
    assert!(refused.contains("record 3 was changed"), "{refused}");
    assert!(kept.waits().await, "live sweeps wait for a person");
    assert_eq!(kept.names().await[3], "C4|Dan Falk");
}

/// A configuration for the program, with the journal beside it.
fn configure(kept: &Kept) {
    let folder = kept.company.folder.path();
    let config = format!(
        "database = \"{}\"\n[journal]\nplace = \"journal\"\n[sweep]\nbatch_size = 20\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\n\
         [backup]\nrequired = false\n",
        kept.company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).expect("the configuration is written");
    let _ = std::fs::create_dir(folder.join("jobs"));
}

fn said(kept: &Kept, args: &[&str]) -> (bool, String) {
    let ended = crate::common::lethe(kept.company.folder.path()).args(args).output().expect("the program starts");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    (ended.status.success(), text)
}

#[tokio::test]
async fn the_program_says_so_refuses_and_does_the_replay_before_its_own_sweep() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.night("2026-01-05").await;
    let kept = kept.restored(&backup, "2026-01-06").await;
    configure(&kept);
    let (_, status) = said(&kept, &["status"]);
    assert!(status.contains("the database was restored from a backup: live sweeps wait"), "{status}");
    let (is_well, doctor) = said(&kept, &["doctor"]);
    assert!(!is_well && doctor.contains("FAIL  journal"), "{doctor}");
    let (opened, refused) = said(&kept, &["sweep", "--due"]);
    assert!(!opened && refused.contains("the journal is replayed first"), "{refused}");
    let (is_whole, verdict) = said(&kept, &["journal", "verify"]);
    assert!(!is_whole && verdict.contains("record 2 and those behind it are not known to the ledger"), "{verdict}");
    let (done, swept) = said(&kept, &["sweep", "--due", "--wait"]);
    assert!(done, "{swept}");
    assert_eq!(kept.names().await, GONE);
    let (is_whole, verdict) = said(&kept, &["journal", "verify"]);
    assert!(is_whole, "{verdict}");
    let (_, client) = said(&kept, &["client", "C2"]);
    assert!(client.contains("had come back with a backup"), "{client}");
    let (_, status) = said(&kept, &["status"]);
    assert!(!status.contains("live sweeps wait") && status.contains("replay"), "{status}");
}

#[tokio::test]
async fn a_restore_that_is_killed_again_and_again_ends_as_if_nothing_had_happened() {
    for key in [None, Some(KEY)] {
        let kept = Kept::new(key).await;
        kept.keep().await.expect("it begins");
        for night in 0..12 {
            for client in 0..40 {
                let row = format!(
                    "INSERT INTO customers (no, name, due) VALUES ('N{night:02}-{client:02}', 'Person {client}', '2020-01-01')"
                );
                kept.company.execute(&row).await;
            }
        }
        let backup = kept.backup().await;
        // Twelve segments.
        for night in 0..12 {
            let keys: Vec<String> = (0..40).map(|client| format!("N{night:02}-{client:02}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            kept.company.sweep(&kept.company.forced(&keys)).await.expect("a sweep");
            kept.keep().await.expect("the journal is kept");
        }
        let kept = kept.restored(&backup, "2026-01-06").await;
        configure(&kept);
        let folder = kept.company.folder.path();
        if let Some(key) = key {
            std::fs::write(folder.join("journal.key"), key).expect("a key");
            let config = std::fs::read_to_string(folder.join("lethe.toml")).expect("a configuration");
            let keyed = config.replace("place = \"journal\"", "place = \"journal\"\nkey_file = \"journal.key\"");
            std::fs::write(folder.join("lethe.toml"), keyed).expect("the configuration is written");
        }
        for kill in 0..12 {
            let mut child = start(&mut service(folder, "run"));
            tokio::time::sleep(Duration::from_millis(40 + 15 * kill)).await;
            child.kill().expect("it is killed");
            child.wait().expect("it is gone");
        }
        kept.company.place.quiet().await;
        // The process that kept the journal when it was killed may still have the right to for some seconds.
        for _ in 0..60 {
            if said(&kept, &["sweep", "--due", "--wait"]).0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let left = "SELECT count(*) FROM customers WHERE no LIKE 'N%' AND name <> 'Anonymized client'";
        assert_eq!(kept.company.rows(left).await, ["0"]);
        let (is_whole, verdict) = said(&kept, &["journal", "verify"]);
        assert!(is_whole, "{verdict}");
    }
}
