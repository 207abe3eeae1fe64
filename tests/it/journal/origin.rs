//! A journal belongs to one database. What is of another, or of a copy, does
//! nothing until an operator decides, and the replay of a restore keeps to the gates.

use std::sync::Arc;
use std::time::Duration;

use lethe::domain::clock::Clock;
use lethe::domain::sweep::SweepKind;
use lethe::journal::JournalError;
use lethe::outside::{Event, Root, Secret, Sender, Webhook};
use lethe::worker::Context;
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::journal::{Keeper, adopt, renew};
use lethe::worker::sweep::{SweepError, open};

use crate::common::journal::{Kept, journal};
use crate::common::receiver::Receiver;
use crate::common::{context, limits};

const ALL: [&str; 4] = ["C1|Anonymized client", "C2|Bo Dahl", "C3|Cleo Eng", "C4|Dan Falk"];
const GONE: [&str; 4] = ["C1|Anonymized client", "C2|Anonymized client", "C3|Anonymized client", "C4|Dan Falk"];

/// What operators were alerted to, and is still active.
const ALERTS: &str = "SELECT event FROM lethe_alerts WHERE over_at IS NULL";

/// That nothing happens before an operator decides: no sweep, no replay, no record.
async fn waits_for_a_decision(kept: &Kept, why: &str) {
    let (before, lines) = (kept.company.dump().await, kept.lines());
    let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
    assert!(matches!(refused, Err(SweepError::Journal(JournalError::Undecided { .. }))), "{refused:?}");
    let refused = kept.keep().await.expect_err("it is undecided").to_string();
    assert!(refused.contains(why), "{refused}");
    let head = kept.company.context.ledger.journal().await.expect("a ledger").expect("a journal");
    assert!(head.halted_at.is_some() && head.restored_at.is_none(), "{head:?}");
    assert_eq!((kept.company.dump().await, kept.lines()), (before, lines));
}

#[tokio::test]
async fn a_copy_of_a_database_waits_and_begins_a_journal_of_its_own() {
    for (takes_part, key) in [(true, None), (false, Some("0123456789abcdef0123456789abcdef"))] {
        let kept = Kept::new(key).await;
        kept.night("2026-01-02").await;
        let backup = kept.backup().await;
        if takes_part {
            kept.night("2026-01-05").await;
        }
        let mut copy = kept.copied(&backup, "2026-01-06").await;
        waits_for_a_decision(&copy, "this one may be a copy of it").await;

        let folder = copy.company.folder.path().join("own");
        std::fs::create_dir(&folder).expect("a folder");
        copy.journal = journal(&folder, key);
        copy.company.context.journal = Some(copy.journal.clone());
        renew(&copy.company.context, &copy.journal).await.expect("another journal");
        assert_eq!(copy.company.rows(ALERTS).await, [""; 0]);
        assert_eq!(copy.company.due().await.anonymized, 2);
        copy.keep().await.expect("the journal is kept");
        assert!(copy.verify().await.whole);
    }
}

#[tokio::test]
async fn what_waits_to_be_delivered_is_not_delivered_from_a_copy() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    for (kind, target, event, body) in [
        ("file", "photos", "", "anna.jpg"),
        ("message", "crm", "client.anonymized", "[\"C1\"]"),
        ("message", "crm", "lethe.alert", "{\"kind\":\"test\"}"),
    ] {
        let row = format!(
            "INSERT INTO lethe_deliveries (kind, target, sweep, event, body, message, state, run_at, made_at) VALUES \
             ('{kind}', '{target}', 1, '{event}', '{body}', '{kind} {event}', 'open', '2026-01-02T12:00:00.000Z', '2026-01-02T12:00:00.000Z')"
        );
        kept.company.execute(&row).await;
    }
    let backup = kept.backup().await;
    let mut copy = kept.copied(&backup, "2026-01-06").await;
    waits_for_a_decision(&copy, "this one may be a copy of it").await;

    let receiver = Receiver::new(&[]).await;
    let webhook = Webhook {
        url: receiver.url.parse().expect("a URL"),
        secrets: vec![Secret::of_bytes(b"a secret").expect("a secret")],
        events: [Event::Anonymized, Event::Alert].into(),
        hashed: None,
        most_clients: 100,
    };
    copy.company.context.targets = Arc::new(Targets {
        roots: [("photos".to_owned(), Root::folder(copy.company.folder.path()).expect("a root"))].into(),
        webhooks: [("crm".to_owned(), webhook)].into(),
        sender: Sender::new(Duration::from_secs(5)),
        ..Targets::default()
    });
    deliver_now(&copy.company.context).await.expect("a ledger");
    let told = || receiver.got().iter().map(|own| own.body["type"].clone()).collect::<Vec<_>>();
    assert_eq!(told(), ["lethe.alert"]);
    let waiting = "SELECT kind, attempts, error FROM lethe_deliveries ORDER BY id";
    assert_eq!(copy.company.rows(waiting).await, ["file|0|NULL", "message|0|NULL"]);

    // It is a database of its own from now on, and what waits is its own.
    let folder = copy.company.folder.path().join("own");
    std::fs::create_dir(&folder).expect("a folder");
    copy.journal = journal(&folder, None);
    copy.company.context.journal = Some(copy.journal.clone());
    renew(&copy.company.context, &copy.journal).await.expect("another journal");
    deliver_now(&copy.company.context).await.expect("a ledger");
    assert_eq!(told(), ["lethe.alert", "client.anonymized"]);
    assert!(copy.company.rows(waiting).await[0].starts_with("file|0|no column of the policy names"));
}

#[tokio::test]
async fn a_database_that_moved_goes_on_with_its_journal_when_an_operator_says_so() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.night("2026-01-05").await;
    let kept = kept.copied(&backup, "2026-01-06").await;
    waits_for_a_decision(&kept, "this one may be a copy of it").await;
    adopt(&kept.company.context, &kept.journal).await.expect("the journal is whole");
    assert_eq!(kept.company.rows(ALERTS).await, ["restored-database"]);
    assert_eq!(kept.replay_restored().await, 2);
    assert_eq!(kept.company.rows(ALERTS).await, [""; 0], "what happens next is told again");
    assert_eq!(kept.names().await, GONE);
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn a_journal_of_another_database_next_to_an_empty_ledger_waits() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-05").await;
    let mut other = Kept::new(None).await;
    other.company.execute("UPDATE orders SET status = 'open'; UPDATE customers SET due = '2999-01-01'").await;
    other.company.context.journal = Some(kept.journal.clone());
    let names = other.names().await;
    waits_for_a_decision(&other, "was written by another database").await;
    assert_eq!(other.names().await, names);
    assert_eq!(kept.lines().len(), 3);
}

#[tokio::test]
async fn what_a_copy_wrote_to_the_journal_is_not_done_to_the_database() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    let original = kept.company.place.clone();
    let copy = kept.copied(&backup, "2026-01-06").await;
    // An operator is wrong about it.
    adopt(&copy.company.context, &copy.journal).await.expect("the journal is whole");
    assert_eq!(copy.company.due().await.anonymized, 2);
    copy.keep().await.expect("the journal is kept");
    let clock = Clock::fixed("2026-01-06T13:00:00Z".parse().expect("a moment"));
    let mut context = context(copy.company.folder.path(), &original, clock, limits()).await;
    context.journal = Some(journal(&copy.folder(), None));
    let refused = Keeper::new(&context).round().await.expect_err("it is of a copy").to_string();
    assert!(refused.contains("segment 2 was written by another database"), "{refused}");
    let head = context.ledger.journal().await.expect("a ledger").expect("a journal");
    assert!(head.halted_at.is_some() && head.restored_at.is_none(), "{head:?}");
}

/// A company where a copy with the same identity has written the second segment, as a process sees it that had seen
/// journal and ledger agree before.
async fn copied() -> Kept {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    kept.night("2026-01-05").await;
    let back =
        "UPDATE lethe_journal SET segment = 1, number = 1, hash = (SELECT hash FROM lethe_segments WHERE segment = 1)";
    kept.company.execute(back).await;
    kept.company.execute("DELETE FROM lethe_segments WHERE segment = 2").await;
    let hash = kept.company.rows("SELECT hash FROM lethe_journal").await.concat();
    kept.journal.agreed(1, &hash);
    kept
}

#[tokio::test]
async fn a_segment_that_appears_while_the_database_is_in_use_is_of_a_copy_for_every_process() {
    let mut kept = copied().await;
    waits_for_a_decision(&kept, "by a copy of it").await;
    for _ in 0..2 {
        // A process that starts later has never seen them agree.
        kept.journal = journal(&kept.folder(), None);
        kept.company.context.journal = Some(kept.journal.clone());
        waits_for_a_decision(&kept, "by a copy of it").await;
    }
    adopt(&kept.company.context, &kept.journal).await.expect("the journal is whole");
    assert_eq!(kept.replay_restored().await, 0, "everything was done here, too");
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn a_process_that_has_seen_them_agree_stops_the_replay_that_another_would_begin() {
    let kept = copied().await;
    let other = Context { journal: Some(journal(&kept.folder(), None)), ..kept.company.context.clone() };
    let refused = open(&other, &kept.company.request(SweepKind::Due)).await;
    assert!(matches!(refused, Err(SweepError::Restored { replay: None })), "{refused:?}");
    for context in [&kept.company.context, &other] {
        let refused = Keeper::new(context).round().await.expect_err("it is of a copy").to_string();
        assert!(refused.contains("by a copy of it"), "{refused}");
        let head = context.ledger.journal().await.expect("a ledger").expect("a journal");
        assert!(head.halted_at.is_some() && head.replay.is_none(), "{head:?}");
    }
    assert_eq!(kept.company.rows("SELECT id FROM lethe_sweeps WHERE kind = 'replay'").await, [""; 0]);
}

#[tokio::test]
async fn a_backup_that_is_restored_in_place_needs_no_decision() {
    for moved in [false, true] {
        let kept = Kept::new(None).await;
        kept.night("2026-01-02").await;
        let backup = kept.backup().await;
        kept.night("2026-01-05").await;
        let kept = kept.restored_in_place(&backup, "2026-01-06", moved).await;
        assert_eq!(kept.names().await, ALL);
        assert_eq!(kept.replay_restored().await, 2);
        assert_eq!(kept.names().await, GONE);
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn the_replay_of_a_restore_waits_for_backup_rehearsal_and_brake() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let backup = kept.backup().await;
    kept.night("2026-01-05").await;
    let mut kept = kept.restored(&backup, "2026-01-06").await;
    let limits = &mut kept.company.context.limits;
    (limits.backup_max_age, limits.rehearsal, limits.brake_share) = (Some(Duration::from_secs(86_400)), true, 0.1);
    let refused = |kept: &Kept| {
        let context = kept.company.context.clone();
        async move { Keeper::new(&context).round().await.expect_err("a gate refuses") }
    };
    assert!(matches!(refused(&kept).await, SweepError::NotRehearsed));
    assert!(kept.waits().await);
    let mut rehearsal = kept.company.request(SweepKind::Replay);
    rehearsal.force = true;
    lethe::service::sweeps::rehearse(&kept.company.context, &rehearsal, &mut |_| {}).await.expect("a rehearsal");
    assert!(matches!(refused(&kept).await, SweepError::NoBackup { .. }));
    let ledger = &kept.company.context.ledger;
    ledger.record_backup(ledger.clock().now(), "test", None).await.expect("a backup");
    assert!(matches!(refused(&kept).await, SweepError::Braked { .. }));
    assert_eq!(kept.names().await, ALL);
    // An operator confirms it.
    let mut request = kept.company.request(SweepKind::Replay);
    request.over_brake = true;
    let id = open(&kept.company.context, &request).await.expect("it is confirmed").expect("a replay");
    let (sweep, tally) = kept.company.work(id).await;
    assert_eq!((sweep.state, tally.anonymized), (lethe::ledger::State::Done, 2));
    kept.keep().await.expect("the journal is kept");
    assert!(!kept.waits().await);
}

#[tokio::test]
async fn a_replay_without_a_restore_respects_guards_and_holds() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-05").await;
    kept.company.execute("UPDATE customers SET name = 'Back ' || no WHERE no < 'C4'").await;
    kept.company.execute("UPDATE orders SET status = 'open' WHERE customer_no = 'C1'").await;
    kept.company.context.ledger.place_hold("C2", "a court", "test").await.expect("a hold");
    let tally = kept.replay().await;
    assert_eq!((tally.anonymized, tally.refused), (1, 2));
    assert_eq!(kept.names().await, ["C1|Back C1", "C2|Back C2", "C3|Anonymized client", "C4|Dan Falk"]);
}
