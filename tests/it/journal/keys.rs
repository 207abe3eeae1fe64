//! The key that seals the journal: nothing is written or read without it, and
//! another takes its place by a record of its own.

use lethe::domain::sweep::SweepKind;
use lethe::journal::{Journal, JournalError, Key, Record, seal};
use lethe::worker::Context;
use lethe::worker::journal::{Keeper, adopt, rotate};
use lethe::worker::sweep::{SweepError, open};

use crate::common::journal::{Kept, journal, lines, segments, write};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "another key of 32 characters, yes";

fn use_journal(kept: &mut Kept, journal: Journal) {
    kept.journal = journal;
    kept.company.context.journal = Some(kept.journal.clone());
}

#[tokio::test]
async fn under_another_key_or_none_nothing_is_written_and_no_sweep_is_opened() {
    for (first, then) in [(Some(KEY), Some(OTHER)), (Some(KEY), None), (None, Some(KEY))] {
        let mut kept = Kept::new(first).await;
        kept.night("2026-01-02").await;
        let (folder, lines) = (kept.folder(), kept.lines());
        use_journal(&mut kept, journal(&folder, then));
        kept.company.set_clock("2026-01-05T12:00:00Z");
        let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
        assert!(matches!(refused, Err(SweepError::Journal(JournalError::Key { .. }))), "{refused:?}");
        kept.company.context.ledger.place_hold("C2", "a court", "test").await.expect("a hold");
        assert!(kept.keep().await.is_err());
        assert_eq!(kept.lines(), lines);
        use_journal(&mut kept, journal(&folder, first));
        assert_eq!(kept.company.due().await.anonymized, 1);
        kept.keep().await.expect("the journal is kept");
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_key_is_changed_by_a_record_and_what_was_sealed_before_can_be_replayed() {
    let mut kept = Kept::new(Some(KEY)).await;
    kept.keep().await.expect("it begins");
    let backup = kept.backup().await;
    kept.night("2026-01-02").await;
    let folder = kept.folder();
    let new = || {
        let old = Key::new(KEY.as_bytes()).expect("a key");
        journal(&folder, Some(OTHER)).with_old_keys(vec![old])
    };
    use_journal(&mut kept, new());
    rotate(&kept.company.context, &kept.journal).await.expect("another key");
    // Once more changes nothing.
    rotate(&kept.company.context, &kept.journal).await.expect("another key");
    assert_eq!(kept.lines().iter().filter(|line| line.contains("\"kind\":\"key\"")).count(), 1);
    kept.night("2026-01-05").await;
    let verdict = kept.verify().await;
    assert!(verdict.whole && verdict.records == 4, "{verdict:?}");
    let kept = kept.restored(&backup, "2026-01-06").await;
    assert_eq!(kept.replay_restored().await, 3);
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn a_ledger_begun_under_a_wrong_key_adopts_the_journal_under_the_right_one() {
    let kept = Kept::new(Some(KEY)).await;
    kept.night("2026-01-02").await;
    let mut other = Kept::new(Some(OTHER)).await;
    let folder = kept.folder();
    use_journal(&mut other, journal(&folder, Some(OTHER)));
    assert!(other.keep().await.is_err());
    use_journal(&mut other, journal(&folder, Some(KEY)));
    let refused = other.keep().await.expect_err("it is undecided").to_string();
    assert!(refused.contains("was written by another database"), "{refused}");
    adopt(&other.company.context, &other.journal).await.expect("the journal is whole");
    assert_eq!(other.replay_restored().await, 1);
}

#[tokio::test]
async fn after_a_restore_a_wrong_key_is_named_as_such_and_the_right_one_replays() {
    for (is_first, replayed) in [(true, 3), (false, 2)] {
        let kept = Kept::new(Some(KEY)).await;
        if is_first {
            kept.keep().await.expect("it begins");
        } else {
            kept.night("2026-01-02").await;
        }
        let backup = kept.backup().await;
        kept.night("2026-01-05").await;
        let mut kept = kept.restored(&backup, "2026-01-06").await;
        let (folder, names) = (kept.folder(), kept.names().await);
        for wrong in [Some(OTHER), None] {
            use_journal(&mut kept, journal(&folder, wrong));
            let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
            assert!(matches!(refused, Err(SweepError::Journal(JournalError::Key { .. }))), "{refused:?}");
            let refused = kept.keep().await;
            assert!(matches!(refused, Err(SweepError::Journal(JournalError::Key { .. }))), "{refused:?}");
            assert!(kept.waits().await);
        }
        assert_eq!(kept.names().await, names);
        use_journal(&mut kept, journal(&folder, Some(KEY)));
        assert_eq!(kept.replay_restored().await, replayed);
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn a_segment_that_was_forged_without_the_key_anonymizes_no_client() {
    let mut kept = Kept::new(Some(KEY)).await;
    kept.night("2026-01-02").await;
    let last: serde_json::Value = serde_json::from_str(&kept.lines()[0]).expect("a record");
    let record = Record {
        number: 2,
        at: "2026-01-03T12:00:00.000Z".to_owned(),
        sweep: 9,
        kind: "due".to_owned(),
        plan: last["plan"].as_str().expect("a plan").to_owned(),
        origin: last["origin"].as_str().map(str::to_owned),
        client: Some("C4".to_owned()),
        outcome: "anonymized".to_owned(),
        previous: last["hash"].as_str().expect("a hash").to_owned(),
        ..Record::default()
    };
    let forged = segments(&kept.folder())[0].with_file_name("segment-0000000002.jsonl");
    write(&forged, &[seal(&record, None).0]);
    assert_eq!(lines(&forged).len(), 1);
    // Neither with the key nor where it was taken out of the configuration.
    let folder = kept.folder();
    for key in [Some(KEY), None] {
        use_journal(&mut kept, journal(&folder, key));
        assert!(kept.keep().await.is_err());
        assert!(!kept.verify().await.whole);
        let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
        assert!(matches!(refused, Err(SweepError::Journal(_))), "{refused:?}");
    }
    let holds = kept.company.rows("SELECT kind FROM lethe_sweeps WHERE kind = 'replay'").await;
    assert_eq!((kept.names().await[3].as_str(), holds.len()), ("C4|Dan Falk", 0));
}

#[tokio::test]
async fn processes_that_disagree_about_the_key_alert_once_until_they_have_agreed_for_a_minute() {
    let kept = Kept::new(Some(KEY)).await;
    kept.night("2026-01-02").await;
    let wrong = Context { journal: Some(journal(&kept.folder(), Some(OTHER))), ..kept.company.context.clone() };
    for second in ["00", "20", "40"] {
        kept.company.set_clock(&format!("2026-01-03T12:00:{second}Z"));
        Keeper::new(&wrong).round().await.expect_err("it is another key");
        assert!(kept.waits().await);
        kept.keep().await.expect("it is the key");
        assert!(!kept.waits().await);
    }
    let alerts = "SELECT raised_at FROM lethe_alerts WHERE kind = 'journal-halted' ORDER BY id";
    assert_eq!(kept.company.rows(alerts).await, ["2026-01-03T12:00:00.000Z"]);
    kept.company.set_clock("2026-01-03T12:05:00Z");
    Keeper::new(&wrong).round().await.expect_err("it is another key");
    let told = ["2026-01-03T12:00:00.000Z", "2026-01-03T12:05:00.000Z"];
    assert_eq!(kept.company.rows(alerts).await, told);
}
