//! Policy and schema are what they were when the sweep was opened, up to the
//! transaction that writes.

use crate::common::Company;
use lethe::database::{Connection, query, query_scalar};
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{State, Sweep};
use lethe::worker::sweep::open;
use lethe::worker::wait_for;
use tokio_util::sync::CancellationToken;

const SCHEMA: &str = "
CREATE TABLE customers (no INTEGER PRIMARY KEY, name TEXT, due DATE);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO customers SELECT i, 'Person ' || i, '2026-01-01' FROM n;
";

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

async fn company() -> Company {
    Company::new(SCHEMA, POLICY).await
}

/// What the ledger says of a sweep in whose middle something happened, and how
/// many clients were anonymized before that.
async fn changed_in_the_middle(company: &mut Company, change: impl AsyncFnOnce(&mut Connection)) -> (Sweep, u64, u64) {
    company.context.limits.batch_size = 4;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let context = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await });
    let done = loop {
        // Its turn comes between two writes of the worker: no other task has a connection to write with.
        let mut writers = Vec::new();
        for _ in 0..company.context.store.writers() {
            writers.push(company.context.ledger.writer().await);
        }
        let writer = &mut writers[0];
        let open = "SELECT CAST(sum(anonymized) AS BIGINT) FROM lethe_batches HAVING count(*) FILTER (WHERE state = 'done') > 0 \
             AND count(*) FILTER (WHERE state = 'ready') > 2";
        if let Some(done) = query_scalar::<i64>(open).fetch_optional(&mut ***writer).await.unwrap() {
            change(&mut *writer).await;
            break done;
        }
        drop(writers);
        assert!(!working.is_finished(), "the sweep was over before its middle was seen");
        tokio::task::yield_now().await;
    };
    let sweep = working.await.unwrap().unwrap().unwrap();
    let tally = company.context.ledger.progress(id).await.unwrap().tally;
    (sweep, done.unsigned_abs(), tally.anonymized)
}

#[tokio::test]
async fn a_column_added_in_the_middle_of_a_sweep_stops_it() {
    let mut company = company().await;
    let (sweep, before, after) = changed_in_the_middle(&mut company, async |writer| {
        query("ALTER TABLE customers ADD COLUMN nickname TEXT").execute(writer).await.unwrap();
    })
    .await;
    assert_eq!(sweep.state, State::Stopped);
    assert!(sweep.note.as_deref().unwrap_or_default().contains("nickname"), "{:?}", sweep.note);
    assert_eq!(after, before, "what was done before stands, and nothing came after");
    assert_eq!(company.rows("SELECT DISTINCT state FROM lethe_batches ORDER BY 1").await, ["cancelled", "done"]);
}

#[tokio::test]
async fn a_policy_changed_in_the_middle_of_a_sweep_stops_it() {
    let mut company = company().await;
    let path = company.folder.path().join("policy.toml");
    let (sweep, before, after) = changed_in_the_middle(&mut company, async |_| {
        std::fs::write(path, POLICY.replace("Anonymized client", "Somebody")).unwrap();
    })
    .await;
    assert_eq!((sweep.state, after), (State::Stopped, before));
    assert_eq!(sweep.note.as_deref(), Some("the policy or the schema changed after the sweep was opened"));
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE name = 'Somebody'").await, ["0"]);
}

#[tokio::test]
async fn an_index_made_in_the_middle_of_a_sweep_stops_nothing() {
    let mut company = company().await;
    let (sweep, before, after) = changed_in_the_middle(&mut company, async |writer| {
        query("CREATE INDEX by_name ON customers (name)").execute(writer).await.unwrap();
    })
    .await;
    assert_eq!((sweep.state, after), (State::Done, 40));
    assert!(before < 40);
}

#[tokio::test]
async fn a_table_that_no_client_reaches_stops_nothing() {
    let mut company = company().await;
    let (sweep, _, after) = changed_in_the_middle(&mut company, async |writer| {
        query("CREATE TABLE exchange_rates (day DATE, rate REAL)").execute(writer).await.unwrap();
    })
    .await;
    assert_eq!((sweep.state, after), (State::Done, 40));
}

#[tokio::test]
async fn a_table_that_reaches_clients_and_that_the_policy_does_not_know_stops_the_sweep() {
    let mut company = company().await;
    let (sweep, before, after) = changed_in_the_middle(&mut company, async |writer| {
        query("CREATE TABLE letters (id INTEGER, customer INTEGER REFERENCES customers (no))")
            .execute(writer)
            .await
            .unwrap();
    })
    .await;
    assert_eq!((sweep.state, after), (State::Stopped, before));
    assert!(sweep.note.as_deref().unwrap_or_default().contains("letters"), "{:?}", sweep.note);
}
