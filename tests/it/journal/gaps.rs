//! A segment that is lost is noticed, whether the database is older than the journal or not.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use lethe::domain::sweep::SweepKind;
use lethe::journal::JournalError;
use lethe::worker::journal::Keeper;
use lethe::worker::sweep::{SweepError, open};

use crate::common::journal::{Kept, segments};

async fn four() -> (Kept, Vec<std::path::PathBuf>) {
    let kept = Kept::new(None).await;
    kept.keep().await.expect("it begins");
    let backups = vec![kept.backup().await];
    let mut backups: Vec<std::path::PathBuf> = backups
        .into_iter()
        .map(|path| {
            let own = path.with_extension("first");
            std::fs::copy(&path, &own).expect("a copy");
            own
        })
        .collect();
    for client in ["C1", "C2", "C3", "C4"] {
        kept.company.sweep(&kept.company.forced(&[client])).await.expect("a sweep");
        kept.keep().await.expect("the journal is kept");
        let path = kept.backup().await;
        let own = path.with_extension(client);
        std::fs::copy(&path, &own).expect("a copy");
        backups.push(own);
    }
    (kept, backups)
}

#[tokio::test]
async fn a_segment_that_is_lost_stops_sweeps_after_a_restore_and_without_one() {
    // The segment lost, and after how many the backup was made.
    for (lost, backup) in [(2, 1), (1, 0), (3, 1), (2, 4), (4, 4)] {
        let (kept, backups) = four().await;
        let files = segments(&kept.folder());
        let away = files[lost - 1].with_extension("away");
        std::fs::rename(&files[lost - 1], &away).expect("it is lost");
        let kept = kept.restored(&backups[backup], "2026-01-06").await;
        let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
        assert!(matches!(refused, Err(SweepError::Journal(JournalError::Strange { .. }))), "{lost}: {refused:?}");
        kept.company.context.ledger.place_hold("C4", "a court", "test").await.expect("a hold");
        assert!(kept.keep().await.is_err());
        assert_eq!(segments(&kept.folder()).len(), 3, "nothing is written into the gap");
        std::fs::rename(&away, &files[lost - 1]).expect("it comes back");
        kept.keep().await.expect("the journal is whole again");
        let head = kept.company.context.ledger.journal().await.expect("a ledger").expect("a journal");
        assert_eq!((head.halted_at, head.restored_at.is_some()), (None, backup < 4));
    }
}

const HARM: [&str; 3] = ["lost", "longer", "changed"];

/// Loses the second segment, or does something to the last one. Returns which, and what was in it.
fn harm(kept: &Kept, how: &str) -> (std::path::PathBuf, String) {
    let file = segments(&kept.folder()).remove(if how == "lost" { 1 } else { 3 });
    let content = std::fs::read_to_string(&file).expect("a segment");
    match how {
        "lost" => std::fs::remove_file(&file).expect("it is lost"),
        "longer" => std::fs::write(&file, format!("{content}{{}}\n")).expect("it is changed"),
        _ => std::fs::write(&file, content.replace("\"C4\"", "\"C9\"")).expect("it is changed"),
    }
    assert_ne!(std::fs::read_to_string(&file).unwrap_or_default(), content);
    (file, content)
}

#[tokio::test]
async fn a_process_that_has_compared_the_journal_before_keeps_sweeps_stopped_and_alerts_once() {
    for how in HARM {
        let (kept, _) = four().await;
        let mut keeper = Keeper::new(&kept.company.context);
        keeper.round().await.expect("the journal is whole");
        let (file, content) = harm(&kept, how);
        for minute in 0..3 {
            kept.company.set_clock(&format!("2026-01-03T12:0{minute}:00Z"));
            let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
            assert!(matches!(refused, Err(SweepError::Journal(JournalError::Strange { .. }))), "{how}: {refused:?}");
            for _ in 0..2 {
                keeper.round().await.expect_err("the journal is damaged");
                let head = kept.company.context.ledger.journal().await.expect("a ledger").expect("a journal");
                assert_eq!(head.halted_at.as_deref(), Some("2026-01-03T12:00:00.000Z"), "{how} {minute}");
            }
        }
        let alerts = "SELECT count(*) FROM lethe_alerts WHERE kind = 'journal-halted'";
        assert_eq!(kept.company.rows(alerts).await, ["1"]);
        std::fs::write(file, content).expect("it comes back");
        keeper.round().await.expect("the journal is whole again");
        assert!(!kept.waits().await);
    }
}

#[tokio::test]
async fn a_running_process_adds_nothing_to_a_journal_that_is_not_whole() {
    for how in HARM {
        let (kept, _) = four().await;
        let mut keeper = Keeper::new(&kept.company.context);
        keeper.round().await.expect("the journal is whole");
        let (file, content) = harm(&kept, how);
        let there = segments(&kept.folder());
        assert!(kept.company.context.ledger.place_hold("C4", "a court", "test").await.expect("a hold"));
        for _ in 0..2 {
            let refused = keeper.round().await;
            assert!(matches!(refused, Err(SweepError::Journal(JournalError::Strange { .. }))), "{refused:?}");
            assert!(kept.waits().await, "live sweeps wait");
            assert_eq!(segments(&kept.folder()), there);
        }
        std::fs::write(file, content).expect("it comes back");
        keeper.round().await.expect("the journal is whole again");
        assert!(!kept.waits().await);
        assert_eq!(segments(&kept.folder()).len(), 5);
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn only_what_is_called_a_segment_and_is_in_the_journal_itself_counts() {
    let (kept, _) = four().await;
    let files = segments(&kept.folder());
    // The journal of a test copy in a folder of this one, and a copy of a segment.
    let within = kept.folder().join("test");
    std::fs::create_dir(&within).expect("a folder");
    for number in [1, 2, 9] {
        std::fs::copy(&files[1], within.join(format!("segment-{number:010}.jsonl"))).expect("a copy");
    }
    std::fs::copy(&files[1], kept.folder().join("segment-2.jsonl")).expect("a copy");
    std::fs::copy(&files[3], kept.folder().join("segment-00000000005.jsonl")).expect("a copy");
    let mut keeper = Keeper::new(&kept.company.context);
    for client in ["C1", "C2"] {
        assert!(kept.company.context.ledger.place_hold(client, "a court", "test").await.expect("a hold"));
        keeper.round().await.expect("the journal is kept");
    }
    open(&kept.company.context, &kept.company.request(SweepKind::Due)).await.expect("the journal is whole");
    assert!(kept.verify().await.whole);
    assert_eq!(std::fs::read_dir(&within).expect("a folder").count(), 3);
}

#[tokio::test]
async fn what_cannot_be_read_beside_the_segments_keeps_no_journal_from_being_read() {
    let (kept, _) = four().await;
    let folder = kept.folder();
    std::fs::write(folder.join(OsStr::from_bytes(b"caf\xe9.txt")), "x").expect("a file");
    symlink(".", folder.join("again")).expect("a link to itself");
    symlink("nowhere", folder.join("segment-0000000009.jsonl")).expect("a link to nothing");
    // As on a disk of its own: only root may open it.
    let found = folder.join("lost+found");
    std::fs::create_dir(&found).expect("a folder");
    std::fs::set_permissions(&found, Permissions::from_mode(0o000)).expect("a right less");
    assert!(kept.company.context.ledger.place_hold("C1", "a court", "test").await.expect("a hold"));
    kept.keep().await.expect("the journal is kept");
    assert_eq!(segments(&folder).len(), 6, "five, and the link");
    assert!(kept.verify().await.whole);
    open(&kept.company.context, &kept.company.request(SweepKind::Due)).await.expect("the journal is whole");
    std::fs::set_permissions(&found, Permissions::from_mode(0o700)).expect("it can be deleted");
}

#[tokio::test]
async fn a_segment_under_another_name_is_missing() {
    let (kept, _) = four().await;
    let files = segments(&kept.folder());
    std::fs::rename(&files[1], kept.folder().join("segment-2.jsonl")).expect("it is renamed");
    let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
    let refused = refused.expect_err("a segment is missing").to_string();
    assert!(refused.contains("segment 2 is missing, but segment 3 exists"), "{refused}");
    let (record, what) = kept.wrong().await;
    assert_eq!((record, what.as_str()), (2, "record 2 is missing: segment 2 is not there"));
}
