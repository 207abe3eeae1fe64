//! Holds in the journal: one that was placed after the backup keeps its client
//! after the restore, and one that was released since keeps no client.

use crate::common::journal::Kept;

const KEY: &str = "the key of a test, of more than 32 characters";
const HOLDS: &str = "SELECT client_key, placed_by, placed_at, released_at FROM lethe_holds ORDER BY id";

/// A company whose first client was anonymized and whose journal is written.
async fn kept(key: Option<&str>) -> Kept {
    let kept = Kept::new(key).await;
    kept.night("2026-01-02").await;
    kept
}

async fn place(kept: &Kept, client: &str) {
    assert!(kept.company.context.ledger.place_hold(client, "the court of Ann Archer", "test").await.expect("a hold"));
}

async fn release(kept: &Kept, client: &str) {
    assert!(kept.company.context.ledger.release_hold(client, "test").await.expect("it is released"));
}

#[tokio::test]
async fn a_hold_placed_after_the_backup_keeps_its_client_after_the_restore() {
    for key in [None, Some(KEY)] {
        let kept = kept(key).await;
        let backup = kept.backup().await;
        kept.company.set_clock("2026-01-03T12:00:00Z");
        place(&kept, "C2").await;
        kept.keep().await.expect("the journal is kept");
        let told = kept.lines().pop().expect("a record");
        assert!(told.contains("\"outcome\":\"placed\"") && !told.contains("court") && !told.contains("test"), "{told}");
        assert_eq!(told.contains("C2"), key.is_none(), "{told}");
        assert!(kept.verify().await.whole);

        let kept = kept.restored(&backup, "2026-01-06").await;
        assert_eq!(kept.company.rows(HOLDS).await, [""; 0]);
        assert_eq!(kept.replay_restored().await, 0);
        assert_eq!(kept.company.rows(HOLDS).await, ["C2|the journal|2026-01-03T12:00:00.000Z|NULL"]);
        let tally = kept.company.due().await;
        assert_eq!((tally.anonymized, tally.refused), (1, 1));
        assert_eq!(kept.names().await, ["C1|Anonymized client", "C2|Bo Dahl", "C3|Anonymized client", "C4|Dan Falk"]);
        kept.keep().await.expect("the journal is kept");
        let verdict = kept.verify().await;
        assert!(verdict.whole, "{verdict:?}");
        // A person looks at it, and it ends as any other.
        release(&kept, "C2").await;
        assert_eq!(kept.company.due().await.anonymized, 1);
        kept.keep().await.expect("the journal is kept");
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_hold_released_after_the_backup_keeps_no_client_after_the_restore() {
    for key in [None, Some(KEY)] {
        let kept = kept(key).await;
        place(&kept, "C2").await;
        kept.keep().await.expect("the journal is kept");
        let backup = kept.backup().await;
        kept.company.set_clock("2026-01-03T12:00:00Z");
        release(&kept, "C2").await;
        kept.keep().await.expect("the journal is kept");

        let kept = kept.restored(&backup, "2026-01-06").await;
        assert_eq!(kept.replay_restored().await, 0);
        let placed = "C2|test|2026-01-02T12:00:00.000Z|2026-01-03T12:00:00.000Z";
        assert_eq!(kept.company.rows(HOLDS).await, [placed]);
        assert_eq!(kept.company.due().await.anonymized, 2);
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn holds_that_came_and_went_are_taken_over_in_their_order_and_once() {
    for key in [None, Some(KEY)] {
        let kept = kept(key).await;
        let backup = kept.backup().await;
        for (day, client) in [("03", "C2"), ("04", "C3")] {
            for (hour, places) in [("08", true), ("09", false), ("10", true)] {
                kept.company.set_clock(&format!("2026-01-{day}T{hour}:00:00Z"));
                if places {
                    place(&kept, client).await;
                } else {
                    release(&kept, client).await;
                }
                kept.keep().await.expect("the journal is kept");
            }
        }
        let kept = kept.restored(&backup, "2026-01-06").await;
        // Killed after the holds were taken over, and before the ledger's end had moved on.
        let before = "UPDATE lethe_journal SET segment = 1, number = 1, hash = (SELECT hash FROM lethe_segments WHERE segment = 1), \
                      restored_at = NULL, replay = NULL";
        kept.keep().await.expect("the journal is kept");
        kept.company.execute("DELETE FROM lethe_sweeps WHERE kind = 'replay'").await;
        kept.company.execute(before).await;
        kept.company.execute("DELETE FROM lethe_segments WHERE segment > 1").await;
        // An operator has seen to one of them meanwhile.
        release(&kept, "C3").await;
        place(&kept, "C3").await;
        kept.replay_restored().await;
        assert_eq!(
            kept.company
                .rows("SELECT client_key, count(*), count(released_at) FROM lethe_holds GROUP BY client_key ORDER BY 1")
                .await,
            ["C2|2|1", "C3|3|2"]
        );
        assert_eq!(kept.company.due().await.anonymized, 0);
        let verdict = kept.verify().await;
        assert!(verdict.whole, "{verdict:?}");
    }
}

#[tokio::test]
async fn a_client_placed_on_hold_again_before_the_journal_is_read_stays_on_hold() {
    let kept = kept(None).await;
    let backup = kept.backup().await;
    kept.company.set_clock("2026-01-03T12:00:00Z");
    place(&kept, "C2").await;
    kept.keep().await.expect("the journal is kept");
    release(&kept, "C2").await;
    kept.keep().await.expect("the journal is kept");
    let kept = kept.restored(&backup, "2026-01-06").await;
    place(&kept, "C2").await;
    kept.replay_restored().await;
    assert_eq!(
        kept.company.rows("SELECT placed_by, released_by FROM lethe_holds ORDER BY placed_at").await,
        ["the journal|the journal", "test|NULL"]
    );
    assert_eq!(kept.company.due().await.anonymized, 1);
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn a_hold_that_was_not_written_yet_when_the_backup_was_made_is_told_once() {
    for key in [None, Some(KEY)] {
        let kept = kept(key).await;
        place(&kept, "C2").await;
        let backup = kept.backup().await;
        kept.keep().await.expect("the journal is kept");
        assert_eq!(kept.lines().len(), 2);
        let kept = kept.restored(&backup, "2026-01-06").await;
        kept.replay_restored().await;
        assert_eq!(kept.company.rows("SELECT count(*) FROM lethe_outbox").await, ["0"]);
        assert_eq!((kept.lines().len(), kept.company.rows(HOLDS).await.len()), (2, 1));
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_journal_that_begins_later_has_the_holds_in_force() {
    let kept = Kept::new(None).await;
    for client in ["C2", "C3"] {
        place(&kept, client).await;
    }
    release(&kept, "C3").await;
    kept.keep().await.expect("it begins");
    assert_eq!(kept.told(), ["C2 placed"]);
    assert!(kept.verify().await.whole);
    kept.company.execute("DELETE FROM lethe_holds WHERE client_key = 'C2'").await;
    let verdict = kept.verify().await;
    assert_eq!((verdict.whole, verdict.bad_record), (false, Some(1)), "{verdict:?}");
}

#[tokio::test]
async fn the_command_that_places_a_hold_tells_the_journal_at_once() {
    let kept = kept(None).await;
    let folder = kept.company.folder.path();
    let config = format!("database = \"{}\"\n[journal]\nplace = \"journal\"\n", kept.company.place.setting());
    std::fs::write(folder.join("lethe.toml"), config).expect("the configuration is written");
    for (args, told) in [(&["add", "C2", "--reason", "case 12"][..], "C2 placed"), (&["release", "C2"], "C2 released")]
    {
        let ended = crate::common::lethe(folder).arg("hold").args(args).output().expect("the program starts");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(kept.told().pop().expect("a record"), told);
    }
}

#[tokio::test]
async fn a_hold_keeps_its_client_after_a_restore_although_the_outcome_is_of_a_clock_that_was_ahead() {
    let kept = kept(None).await;
    let backup = kept.backup().await;
    kept.night("2031-01-05").await;
    let kept = kept.restored(&backup, "2026-01-06").await;
    place(&kept, "C3").await;
    kept.replay_restored().await;
    assert_eq!(kept.names().await, ["C1|Anonymized client", "C2|Anonymized client", "C3|Cleo Eng", "C4|Dan Falk"]);
}

#[tokio::test]
async fn a_hold_that_is_placed_before_the_journal_is_read_outlasts_a_release_of_a_clock_that_was_ahead() {
    let kept = kept(None).await;
    place(&kept, "C2").await;
    kept.keep().await.expect("the journal is kept");
    let backup = kept.backup().await;
    kept.company.set_clock("2031-01-03T12:00:00Z");
    release(&kept, "C2").await;
    kept.keep().await.expect("the journal is kept");
    let kept = kept.restored(&backup, "2026-01-06").await;
    release(&kept, "C2").await;
    place(&kept, "C2").await;
    kept.replay_restored().await;
    assert_eq!(kept.company.rows("SELECT count(*), count(released_at) FROM lethe_holds").await, ["2|1"]);
}
