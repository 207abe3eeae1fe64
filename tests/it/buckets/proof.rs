//! A journal in a bucket belongs to one database and one key, and is whole:
//! otherwise nothing is swept or written until an operator has seen to it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journal::{LEFT, clients};
use super::{JOURNAL, Shop, said};
use crate::common::{Lethe, Place};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "another key of 32 characters, yes";
const HALTED: &str = "SELECT COALESCE(max(halted_for), 'no') FROM lethe_journal";
const ALERTS: &str = "SELECT count(*) FROM lethe_alerts WHERE kind = 'journal-halted' AND over_at IS NULL";
const SWEEPS: &str = "SELECT count(*) FROM lethe_sweeps";
const SWEEP: [&str; 3] = ["sweep", "--due", "--wait"];

/// A copy of a company's database, with everything else as the original has it.
struct TestCopy<'a> {
    of: &'a Shop,
    place: Place,
}

impl<'a> TestCopy<'a> {
    async fn new(of: &'a Shop) -> Self {
        of.place.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        Self { of, place: of.place.copied(of.folder.path(), "copy.db").await }
    }

    fn command(&self, args: &[&str]) -> Lethe {
        let mut command = self.of.command(args);
        command.env("LETHE_DATABASE", self.place.setting());
        command
    }

    /// The same, with a prefix of its own.
    fn on_its_own(&self, args: &[&str]) -> String {
        let mut command = self.command(args);
        command.env("LETHE_JOURNAL__PLACE", "s3://bucket/copy");
        let (done, text) = said(command);
        assert!(done, "{args:?}: {text}");
        text
    }
}

impl Shop {
    /// Every object of the journal, and what it holds.
    fn segments(&self) -> BTreeMap<String, String> {
        let names = self.server.objects().into_iter().filter(|name| name.starts_with("journal/"));
        names.map(|name| (name.clone(), self.server.read(&name))).collect()
    }

    /// Has these clients anonymized, in a segment of their own.
    fn list(&self, clients: &str) {
        std::fs::write(self.folder.path().join("list.txt"), clients).expect("a list");
        self.done(&["sweep", "--list", "list.txt", "--wait"]);
    }

    fn write_key(&self, key: &str) {
        std::fs::write(self.folder.path().join("journal.key"), key).expect("a key");
    }
}

/// That a sweep is refused for this reason, and nothing changes but that live sweeps wait and an operator is alerted.
async fn waits(place: &Place, command: impl Fn(&[&str]) -> Lethe, why: &str) {
    let before = place.answers(&[LEFT.to_owned(), SWEEPS.to_owned()]).await;
    for _ in 0..2 {
        let (opened, text) = said(command(&SWEEP));
        assert!(!opened && text.contains(why), "{why}: {text}");
    }
    assert_eq!(place.answers(&[LEFT.to_owned(), SWEEPS.to_owned()]).await, before, "{why}");
    assert_eq!(place.rows(ALERTS).await, ["1"], "{why}");
    let (_, status) = said(command(&["status"]));
    assert!(status.contains(why) && status.contains("live sweeps wait"), "{status}");
}

#[tokio::test]
async fn a_test_copy_with_the_bucket_of_production_waits_until_it_has_a_journal_of_its_own() {
    let shop = Shop::new(&clients(10), JOURNAL).await;
    shop.begin();
    let copy = TestCopy::new(&shop).await;
    let why = "the ledger was written in another database, so this one may be a copy of it";
    let segments = shop.segments();
    waits(&copy.place, |args| copy.command(args), why).await;
    // What is written down meanwhile stays in the copy.
    assert!(said(copy.command(&["hold", "add", "C0009", "--reason", "a court"])).0);
    assert_eq!((copy.place.rows(HALTED).await.concat().as_str(), shop.segments()), ("origin", segments));

    shop.done(&SWEEP);
    shop.is_whole(10);
    let segments = shop.segments();
    waits(&copy.place, |args| copy.command(args), why).await;
    copy.on_its_own(&["journal", "new"]);
    copy.on_its_own(&SWEEP);
    copy.on_its_own(&["journal", "verify"]);
    assert_eq!(copy.place.rows(LEFT).await, ["1"], "the client on hold");
    assert_eq!(shop.segments(), segments);
    shop.done(&SWEEP);
    shop.is_whole(10);
}

#[tokio::test]
async fn segments_of_a_copy_that_an_operator_adopted_are_not_done_in_production() {
    let shop = Shop::new(&clients(10), JOURNAL).await;
    shop.begin();
    let copy = TestCopy::new(&shop).await;
    let (adopted, text) = said(copy.command(&["journal", "adopt"]));
    assert!(adopted, "{text}");
    let (done, text) = said(copy.command(&SWEEP));
    assert!(done, "{text}");
    assert_eq!(copy.place.rows(LEFT).await, ["0"]);
    let foreign: Vec<String> = shop.segments().into_keys().skip(1).collect();
    assert!(!foreign.is_empty(), "the copy wrote to it");

    waits(&shop.place, |args| shop.command(args), "segment 2 was written by another database").await;
    assert_eq!(shop.rows(LEFT).await, ["9"]);
    assert_eq!(shop.rows("SELECT restored_at FROM lethe_journal").await, ["NULL"]);
    for name in foreign {
        shop.server.delete(&name);
    }
    shop.done(&SWEEP);
    shop.is_whole(10);
}

#[tokio::test]
async fn under_another_key_or_none_nothing_is_written_to_the_bucket() {
    let keyed = format!("{JOURNAL}key_file = \"journal.key\"\n");
    for (first, then, why) in [
        (Some(KEY), Some(OTHER), "is sealed with another key than `journal.key_file` holds"),
        (Some(KEY), None, "is sealed with a key, and `journal.key_file` names none"),
        (None, Some(KEY), "was begun without a key, and `journal.key_file` names one"),
    ] {
        let shop = Shop::new(&clients(10), JOURNAL).await;
        let configure = |key: Option<&str>| {
            shop.write_key(key.unwrap_or_default());
            shop.configure(if key.is_some() { &keyed } else { JOURNAL });
        };
        configure(first);
        shop.list("C0000\n");
        let segments = shop.segments();
        assert_eq!(segments.len(), 1);

        configure(then);
        waits(&shop.place, |args| shop.command(args), why).await;
        assert!(shop.said(&["hold", "add", "C0009", "--reason", "a court"]).0);
        let mut service = shop.run();
        // So long that a service would have written it.
        tokio::time::sleep(Duration::from_secs(4)).await;
        service.kill().expect("it is killed");
        service.wait().expect("it is gone");
        assert_eq!((shop.rows(HALTED).await.concat().as_str(), shop.segments()), ("key", segments), "{why}");
        assert_eq!(shop.rows("SELECT count(*) FROM lethe_outbox").await, ["1"]);

        configure(first);
        shop.done(&SWEEP);
        shop.done(&["journal", "verify"]);
        assert_eq!(shop.rows(LEFT).await, ["1"], "the client on hold");
        assert_eq!(shop.rows(ALERTS).await, ["0"]);
    }
}

#[tokio::test]
async fn a_segment_that_is_lost_changed_or_replaced_stops_a_running_service_until_it_is_back() {
    let shop = Shop::new(&clients(10), JOURNAL).await;
    for client in ["C0000\n", "C0001\n", "C0002\n"] {
        shop.list(client);
    }
    assert_eq!(shop.segments().len(), 3);
    let mut service = shop.run();
    // Each hold that is placed meanwhile becomes the last segment of the next case.
    for (case, client) in
        [("middle lost", "C0006"), ("last lost", "C0007"), ("changed", "C0008"), ("replaced", "C0009")]
    {
        let whole = shop.segments();
        let (first, last) =
            (whole.values().next().expect("a segment"), whole.keys().next_back().expect("a segment").clone());
        let harmed = if case == "middle lost" { "journal/segment-0000000002.jsonl".to_owned() } else { last };
        match case {
            "changed" => shop.server.put(&harmed, &whole[&harmed].replacen("\"client\":\"C", "\"client\":\"D", 1)),
            "replaced" => shop.server.put(&harmed, first),
            _ => shop.server.delete(&harmed),
        }
        let there = shop.segments();
        assert_ne!(there, whole, "{case}");
        waits(&shop.place, |args| shop.command(args), "is not the one that this ledger has written").await;
        assert!(shop.said(&["hold", "add", client, "--reason", "a court"]).0);
        // So long that a service would have written it.
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!((shop.rows(HALTED).await.concat().as_str(), shop.segments()), ("damaged", there), "{case}");

        shop.server.put(&harmed, &whole[&harmed]);
        shop.until(HALTED, "no").await;
        shop.until("SELECT count(*) FROM lethe_outbox", "0").await;
        assert_eq!(shop.rows(ALERTS).await, ["0"], "{case}");
        assert_eq!(shop.segments().len(), whole.len() + 1, "{case}");
    }
    service.kill().expect("it is killed");
    service.wait().expect("it is gone");
    shop.done(&SWEEP);
    shop.done(&["journal", "verify"]);
    assert_eq!(shop.rows(LEFT).await, ["4"], "the clients on hold");
}
