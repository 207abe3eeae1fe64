//! Who may cut a batch, and who may finish it: only the worker that claimed it last.

use std::time::Duration;

use crate::common::{Company, NOON, context};
use chrono::TimeDelta;
use lethe::domain::clock::Clock;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{Finish, State};
use lethe::queue::Claims;
use lethe::worker::sweep::{cut, open};
use lethe::worker::{Context, wait_for};
use tokio_util::sync::CancellationToken;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, open INTEGER NOT NULL DEFAULT 0);
INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01', 0), ('B', 'Bob Baker', '2026-01-01', 1), ('C', 'Cid Cook', '2026-01-01', 0);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[[guards]]
name = "open"
reason = "has something open"
where = "open = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
open = { class = "non-personal" }
"#;

/// A company with a sweep that is cut into one batch.
async fn with_a_batch() -> (Company, i64) {
    let company = Company::new(SCHEMA, POLICY).await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let sweep = company.context.ledger.sweep(id).await.unwrap().unwrap();
    assert!(cut(&company.context, &sweep).await.unwrap());
    (company, id)
}

#[tokio::test]
async fn a_sweep_that_two_processes_cut_at_once_is_cut_once() {
    let company = Company::new(SCHEMA, POLICY).await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let seen_by_both = company.context.ledger.sweep(id).await.unwrap().unwrap();
    assert!(cut(&company.context, &seen_by_both).await.unwrap());
    assert!(!cut(&later(&company, 0).await, &seen_by_both).await.unwrap());
    assert_eq!(company.rows("SELECT sum(clients) FROM lethe_batches").await, ["3"]);
}

/// Another process on the same database, so much later.
async fn later(company: &Company, seconds: i64) -> Context {
    let moment = company.context.ledger.clock().now() + TimeDelta::seconds(seconds);
    context(company.folder.path(), &company.place, Clock::fixed(moment), company.context.limits.clone()).await
}

#[tokio::test]
async fn a_batch_is_its_workers_until_the_lease_runs_out() {
    let (company, _) = with_a_batch().await;
    let first = company.context.ledger.claim("first", 5).await.unwrap();
    assert_eq!((first.len(), first[0].attempt), (1, 1));
    assert!(later(&company, 59).await.ledger.claim("second", 5).await.unwrap().is_empty());
    let second = later(&company, 60).await.ledger.claim("second", 5).await.unwrap();
    assert_eq!((second.len(), second[0].attempt), (1, 2));
    assert_ne!(first[0].lease, second[0].lease);
}

#[tokio::test]
async fn a_renewed_lease_runs_from_its_renewal_and_a_lost_one_is_not_renewed() {
    let (company, _) = with_a_batch().await;
    let first = company.context.ledger.claim("first", 5).await.unwrap();
    later(&company, 40).await.ledger.renew(&first).await.unwrap();
    assert!(later(&company, 99).await.ledger.claim("second", 5).await.unwrap().is_empty());
    let second = later(&company, 100).await.ledger.claim("second", 5).await.unwrap();
    later(&company, 150).await.ledger.renew(&first).await.unwrap();
    assert_eq!(later(&company, 160).await.ledger.claim("third", 5).await.unwrap()[0].attempt, second[0].attempt + 1);
}

#[tokio::test]
async fn the_length_of_a_lease_can_be_set() {
    let (company, _) = with_a_batch().await;
    let short = company.context.ledger.clone().with_lease(Duration::from_secs(2));
    assert_eq!(short.claim("first", 5).await.unwrap().len(), 1);
    assert!(later(&company, 1).await.ledger.claim("second", 5).await.unwrap().is_empty());
    assert_eq!(later(&company, 2).await.ledger.claim("second", 5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_batch_given_back_is_free_at_once_and_its_old_claim_is_void() {
    let (company, id) = with_a_batch().await;
    let ledger = &company.context.ledger;
    let first = ledger.claim("same", 5).await.unwrap().remove(0);
    ledger.release(&first).await.unwrap();
    let second = ledger.claim("same", 5).await.unwrap().remove(0);
    assert_eq!(second.attempt, 1, "what was never started is no attempt");
    assert_ne!(first.lease, second.lease);
    assert!(!ledger.finish_alone(&first, id, &Finish::Later(NOON.to_owned()), None).await.unwrap());
    ledger.release(&first).await.unwrap();
    assert_eq!(company.rows("SELECT state, attempts FROM lethe_batches").await, ["running|1"]);
}

/// Whether a worker was late, and wrote nothing: not if it was over before it was seen.
async fn is_late() -> bool {
    let (company, id) = with_a_batch().await;
    let late = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&late, id, CancellationToken::new(), &mut |_, _| {}).await });
    // Lets it claim, and takes the connections before it can begin to write.
    let mut writers = loop {
        let mut all = Vec::new();
        for _ in 0..company.context.store.writers() {
            all.push(company.context.ledger.writer().await);
        }
        if company.rows("SELECT count(*) FROM lethe_batches WHERE state = 'running'").await != ["0"] {
            break all;
        }
        if working.is_finished() {
            return false;
        }
        drop(all);
        tokio::task::yield_now().await;
    };
    // Time to read that the claim is still its own.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let other = later(&company, 60).await;
    let ended = wait_for(&other, id, CancellationToken::new(), &mut |_, _| {}).await.unwrap().unwrap();
    assert_eq!(ended.state, State::Done);
    lethe::database::query("UPDATE customers SET open = 0").execute(&mut **writers[0]).await.unwrap();
    let outcomes = "SELECT client_key, outcome, sweep, at, last_at FROM lethe_outcomes ORDER BY client_key";
    let before = (
        company.dump().await,
        company.rows("SELECT * FROM lethe_batches ORDER BY id").await,
        company.rows(outcomes).await,
    );
    assert_eq!(
        company.rows("SELECT name FROM customers ORDER BY no").await,
        ["Anonymized client", "Bob Baker", "Anonymized client"]
    );

    drop(writers);
    working.await.unwrap().unwrap();
    assert_eq!(
        (
            company.dump().await,
            company.rows("SELECT * FROM lethe_batches ORDER BY id").await,
            company.rows(outcomes).await
        ),
        before
    );
    true
}

#[tokio::test]
async fn a_worker_that_is_late_writes_nothing_though_it_would_have_something_to_write() {
    while !is_late().await {}
}
