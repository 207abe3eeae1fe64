//! What comes back of those anonymized (an import, a sync, an application that
//! kept a row) is found and fixed.

use lethe::domain::sweep::SweepKind;

use crate::common::Company;
use crate::common::journal::{Kept, POLICY, SCHEMA, more_clients};

const REASONS: &str =
    "SELECT client_key, outcome, reasons FROM lethe_outcomes WHERE reasons IS NOT NULL ORDER BY client_key, sweep";

/// All clients but C4 anonymized.
async fn company() -> Company {
    let company = Company::new(SCHEMA, POLICY).await;
    company.set_clock("2026-01-05T12:00:00Z");
    assert_eq!(company.due().await.anonymized, 3);
    company
}

async fn replay(company: &Company) -> lethe::domain::outcome::Tally {
    company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay")
}

#[tokio::test]
async fn columns_and_rows_that_came_back_go_again_and_are_named() {
    let company = company().await;
    let before = company.dump().await;
    company.set_clock("2026-02-01T12:00:00Z");
    company.execute("UPDATE customers SET name = 'Anna Berg', email = 'anna@home.example', anonymized_on = NULL WHERE no = 'C1'").await;
    company.execute("UPDATE orders SET ship_to = 'Bo Dahl, at home' WHERE customer_no = 'C2'").await;
    company.execute("INSERT INTO addresses (id, customer_no, street) VALUES (77, 'C2', 'Street of Bo')").await;
    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.looked_at()), (2, 2));
    assert_eq!(company.dump().await, before, "and the day stays the first");
    assert_eq!(
        company.rows(REASONS).await,
        [
            "C1|anonymized|[\"written_back:customers.email\",\"written_back:customers.name\",\"written_back:customers.anonymized_on\"]",
            "C2|anonymized|[\"written_back:addresses\",\"written_back:orders.ship_to\"]",
        ]
    );
    // Twice is once.
    assert_eq!(replay(&company).await.looked_at(), 0);
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn nothing_is_looked_at_where_nothing_came_back() {
    let company = company().await;
    assert_eq!(replay(&company).await.looked_at(), 0);
    let outcomes = company.rows("SELECT count(*) FROM lethe_outcomes").await;
    assert_eq!(outcomes, ["3"]);
}

#[tokio::test]
async fn a_preview_finds_them_and_writes_nothing() {
    let company = company().await;
    company.execute("UPDATE customers SET name = 'Anna Berg' WHERE no = 'C1'").await;
    let before = company.dump().await;
    let (found, clients) = company.preview(&company.request(SweepKind::Replay)).await;
    assert_eq!((found.tally.anonymized, found.tally.looked_at()), (1, 1));
    assert_eq!(clients[0].reasons, ["written_back:customers.name"]);
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn a_client_who_was_never_anonymized_is_left_alone() {
    let company = company().await;
    company.execute("UPDATE customers SET name = 'Somebody else' WHERE no = 'C4'").await;
    assert_eq!(replay(&company).await.looked_at(), 0);
}

#[tokio::test]
async fn a_guard_and_a_hold_keep_what_came_back_without_a_restore() {
    let company = company().await;
    company.set_clock("2026-02-01T12:00:00Z");
    company.execute("UPDATE customers SET name = 'Back'").await;
    company.execute("UPDATE orders SET status = 'open'").await;
    company.context.ledger.place_hold("C2", "a court", "test").await.expect("a hold");
    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.refused), (0, 3));
    company.execute("UPDATE orders SET status = 'closed'").await;
    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.refused), (2, 1));
    company.context.ledger.release_hold("C2", "test").await.expect("it is released");
    assert_eq!(replay(&company).await.anonymized, 1);
    assert_eq!(company.rows("SELECT no FROM customers WHERE name = 'Back'").await, ["C4"]);
}

#[tokio::test]
async fn a_replay_of_many_stops_at_the_brake() {
    let company = company().await;
    company.execute("UPDATE customers SET name = 'Back'").await;
    let mut request = company.request(SweepKind::Replay);
    request.brake.clients = Some(2);
    let braked = company.sweep(&request).await.expect_err("three are more than two").to_string();
    assert_eq!(braked, "the sweep would anonymize 3 clients, and the brake allows 2");
    request.over_brake = true;
    assert_eq!(company.sweep(&request).await.expect("it may").anonymized, 3);
}

#[tokio::test]
async fn many_are_found_page_by_page() {
    let company = Company::new(&format!("{SCHEMA}{}", more_clients(300)), POLICY).await;
    assert_eq!(company.due().await.anonymized, 301);
    company.execute("UPDATE customers SET name = 'Back ' || no WHERE no LIKE 'X%'").await;
    let mut request = company.request(SweepKind::Replay);
    request.cap = Some(120);
    for left in [180, 60, 0] {
        company.sweep(&request).await.expect("a replay");
        let back = company.rows("SELECT count(*) FROM customers WHERE name LIKE 'Back%'").await;
        assert_eq!(back, [left.to_string()]);
    }
}

#[tokio::test]
async fn what_is_fixed_is_told_to_the_journal() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    kept.company.execute("UPDATE customers SET name = 'Anna Berg' WHERE no = 'C1'").await;
    kept.replay().await;
    kept.keep().await.expect("the journal is kept");
    assert_eq!(kept.told(), ["C1 anonymized", "C1 anonymized"]);
    assert!(kept.lines()[1].contains("\"kind\":\"replay\""));
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn a_client_that_fails_again_stands_in_the_failures_and_is_tried_again() {
    let company = company().await;
    company.execute("UPDATE customers SET name = 'Back' WHERE no <> 'C4'").await;
    company.execute(&crate::common::words::refuses("customers", "old.no = 'C2'", "stays")).await;
    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.failed), (2, 1));
    let failures = company.context.ledger.failures(9).await.expect("failures");
    assert_eq!((failures[0].client_key.as_str(), failures[0].kind.as_str()), ("C2", "replay"));
    // Under the same plan it is not tried again by itself.
    assert_eq!(replay(&company).await.failed, 1);
    company.execute(&crate::common::words::allows("customers")).await;
    company.context.ledger.release_by_keys("[\"C2\"]").await.expect("it is released");
    assert_eq!(replay(&company).await.anonymized, 1);
    assert_eq!(company.rows("SELECT no FROM customers WHERE name = 'Back'").await.len(), 0);
}

#[tokio::test]
async fn a_job_replays_at_its_tick() {
    let company = company().await;
    company.execute("UPDATE customers SET name = 'Back' WHERE no = 'C1'").await;
    let job = "schedule = \"0 0 4 * * *\"\ntime_zone = \"UTC\"\nsweep = \"replay\"\n[brake]\nshare = 1.0\n";
    let jobs = [lethe::domain::job::Job::parse("written-back", job).expect("a job")];
    lethe::worker::scheduler::tick(&company.context, &jobs).await.expect("it looks");
    company.set_clock("2026-01-06T04:00:00Z");
    lethe::worker::scheduler::tick(&company.context, &jobs).await.expect("it looks");
    let running = company.context.ledger.running_sweeps().await.expect("sweeps");
    assert_eq!(running[0].kind, SweepKind::Replay);
    assert_eq!(company.work(running[0].id).await.1.anonymized, 1);
}
