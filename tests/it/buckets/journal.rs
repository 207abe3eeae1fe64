//! The journal in a bucket: each segment is written once, whichever process is killed.

use std::time::Duration;

use super::{JOURNAL, Shop};

/// So many clients whose date has come.
pub(super) fn clients(count: usize) -> String {
    let row = |n| format!("INSERT INTO customers (no, name, due) VALUES ('C{n:04}', 'Person {n}', '2020-01-01');");
    (0..count).map(row).collect()
}

impl Shop {
    /// Begins the journal, with the first client.
    pub(super) fn begin(&self) {
        std::fs::write(self.folder.path().join("first.txt"), "C0000\n").expect("a list");
        self.done(&["sweep", "--list", "first.txt", "--wait"]);
        assert_eq!(self.told(), ["C0000"]);
    }

    /// Clients as the journal has them, in its order.
    pub(super) fn told(&self) -> Vec<String> {
        let segments = self.server.objects().into_iter().filter(|name| name.starts_with("journal/segment-"));
        let lines = segments.flat_map(|name| {
            let text = self.server.read(&name);
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        let client = |line: String| {
            let record: serde_json::Value = serde_json::from_str(&line).expect("a record");
            record["client"].as_str().unwrap_or_default().to_owned()
        };
        lines.map(client).collect()
    }

    /// Checks that the journal is whole, and tells of so many clients, of each once.
    pub(super) fn is_whole(&self, clients: usize) {
        let verdict = self.done(&["journal", "verify"]);
        assert!(
            verdict.replace(',', "").contains(&format!("{clients} records")) && verdict.contains("0 waiting"),
            "{verdict}"
        );
        let mut told = self.told();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), clients);
    }
}

pub(super) const LEFT: &str = "SELECT count(*) FROM customers WHERE name <> 'Anonymized client'";

#[tokio::test]
async fn outcomes_are_recorded_in_a_bucket_and_a_restored_database_is_caught_up_from_it() {
    let shop = Shop::new(&clients(40), JOURNAL).await;
    shop.begin();
    let (database, backup) = (shop.folder.path().join("company.db"), shop.folder.path().join("backup.db"));
    shop.place.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    std::fs::copy(&database, &backup).expect("a backup");
    shop.done(&["sweep", "--due", "--wait"]);
    shop.is_whole(40);
    std::fs::copy(&backup, &database).expect("it is restored");
    shop.place.execute("UPDATE customers SET due = NULL").await;
    assert_eq!(shop.rows(LEFT).await, ["39"]);
    let (opened, refused) = shop.said(&["sweep", "--due"]);
    assert!(!opened && refused.contains("the journal is replayed first"), "{refused}");
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.rows(LEFT).await, ["0"]);
    shop.done(&["journal", "verify"]);
}

#[tokio::test]
async fn a_segment_that_is_there_is_never_written_over() {
    let mut shop = Shop::new(&clients(40), JOURNAL).await;
    shop.begin();
    shop.server.kill();
    shop.done(&["sweep", "--due", "--wait"]);
    // Another process writes to the same place meanwhile.
    shop.server.write("journal/segment-0000000002.jsonl");
    shop.server.start();
    let (opened, text) = shop.said(&["sweep", "--due", "--wait"]);
    assert!(!opened && text.contains("is not the one that this ledger has written: segment 2"), "{text}");
    for _ in 0..2 {
        let (_, status) = shop.said(&["status"]);
        assert!(status.contains("live sweeps wait"), "{status}");
    }
    assert_eq!(shop.server.read("journal/segment-0000000002.jsonl"), "a picture");
    assert_eq!(shop.rows("SELECT count(*) FROM lethe_outbox").await, ["39"], "{text}");
    let (is_whole, verdict) = shop.said(&["journal", "verify"]);
    assert!(!is_whole && verdict.contains("record 2"), "{verdict}");
}

#[tokio::test]
async fn a_journal_below_the_prefix_is_another_one() {
    let shop = Shop::new(&clients(40), JOURNAL).await;
    shop.begin();
    for number in [2, 9] {
        shop.server.write(&format!("journal/test/segment-{number:010}.jsonl"));
    }
    shop.server.write("journal/segment-2.jsonl");
    // Other programs write names with an empty part, before, among and behind those of segments.
    for name in [
        "journal//a",
        "journal/segment-0000000001.jsonl//a",
        "journal/segment-x//a",
        "journal/z//a",
        "journal/segment-y/",
    ] {
        shop.server.write(name);
    }
    shop.done(&["sweep", "--due", "--wait"]);
    shop.done(&["journal", "verify"]);
    assert_eq!(shop.rows("SELECT count(*) FROM lethe_outbox").await, ["0"]);
}

#[tokio::test]
async fn outcomes_wait_while_the_bucket_is_away() {
    let mut shop = Shop::new(&clients(60), JOURNAL).await;
    shop.begin();
    shop.server.kill();
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.rows(LEFT).await, ["0"]);
    assert_eq!(shop.rows("SELECT count(*) FROM lethe_outbox").await, ["59"]);
    let (_, status) = shop.said(&["status"]);
    assert!(status.contains("the journal at `s3://bucket/journal` cannot be used: connection refused"), "{status}");
    shop.server.start();
    shop.done(&["sweep", "--due", "--wait"]);
    shop.is_whole(60);
}

#[tokio::test]
async fn a_journal_whose_server_and_writers_are_killed_again_and_again_tells_everything_once() {
    let mut shop = Shop::new(&clients(1_201), JOURNAL).await;
    shop.begin();
    let mut services = [shop.run(), shop.run()];
    for kill in 0..12_u64 {
        let night = (kill * 100 + 1..=(kill + 1) * 100).fold(String::new(), |all, n| all + &format!("C{n:04}\n"));
        std::fs::write(shop.folder.path().join("night.txt"), night).expect("a list");
        shop.done(&["sweep", "--list", "night.txt"]);
        tokio::time::sleep(Duration::from_millis(700 * (kill % 3))).await;
        shop.server.kill();
        if kill % 2 == 1 {
            let service = &mut services[usize::from(kill % 4 == 1)];
            service.kill().expect("it is killed");
            service.wait().expect("it is gone");
            *service = shop.run();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        shop.server.start();
        if kill % 3 == 2 {
            let left = "SELECT (SELECT count(*) FROM lethe_sweeps WHERE state <> 'done') + (SELECT count(*) FROM lethe_outbox)";
            shop.until(left, "0").await;
        }
    }
    shop.until("SELECT count(*) FROM lethe_sweeps WHERE state <> 'done'", "0").await;
    shop.until("SELECT count(*) FROM lethe_outbox", "0").await;
    for mut service in services {
        service.kill().expect("it is killed");
        service.wait().expect("it is gone");
    }
    shop.is_whole(1_201);
    let segments = shop.server.objects().len();
    assert!(segments > 4, "it is of {segments} segments");
}
