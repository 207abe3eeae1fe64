//! A worker is told of a batch by the server, and need not ask for it again and again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lethe::worker::sweep::{cut, open};
use lethe::worker::{Context, Role, run};

use crate::common::Company;

const SCHEMA: &str = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    INSERT INTO customers SELECT 'C' || n, 'Person ' || n, NULL FROM generate_series(1, 12) AS n";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
"#;

#[tokio::test]
async fn a_worker_that_waits_is_woken_by_the_server() {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let (context, told) = (company.context.clone(), stop.clone());
    let working = tokio::spawn(async move { run(&context, Role::Worker, told).await });
    // Another process, as far as waking goes.
    let scheduler = Context { wake: Arc::default(), ..company.context.clone() };
    let mut waits = Vec::new();
    for client in 1..=12 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let id = open(&scheduler, &company.forced(&[&format!("C{client}")])).await.unwrap().unwrap();
        let sweep = scheduler.ledger.sweep(id).await.unwrap().unwrap();
        cut(&scheduler, &sweep).await.unwrap();
        let begun = Instant::now();
        let taken = format!("SELECT count(*) FROM lethe_batches WHERE sweep = {id} AND state = 'ready'");
        while company.rows(&taken).await != ["0"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waits.push(begun.elapsed());
    }
    stop.cancel();
    working.await.unwrap().unwrap();
    waits.sort();
    // Without a word from the server, it would find half of them after a second or more.
    assert!(waits[9] < Duration::from_secs(1), "{waits:?}");
}
