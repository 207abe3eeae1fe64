//! What dashboards read in the database is what they were promised.

use crate::common::Company;
use crate::common::place::either;
use lethe::domain::sweep::SweepKind;
use lethe::worker::Request;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, open INTEGER NOT NULL DEFAULT 0);
INSERT INTO customers (no, name, due, open) VALUES ('C1', 'Ann', '2026-01-01', 0), ('C2', 'Bob', '2026-01-01', 1), ('C3', 'Cid', '2026-01-01', 0);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[[guards]]
name = "open-orders"
reason = "has open orders"
where = "open = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
open = { class = "non-personal" }
"#;

#[tokio::test]
async fn jobs_sweeps_and_clients_stand_in_views_as_they_are() {
    let company = Company::new(SCHEMA, POLICY).await;
    company.context.ledger.place_hold("C3", "a dispute", "test").await.unwrap();
    let nightly = || Request { job: Some("nightly".to_owned()), ..company.request(SweepKind::Due) };
    company.sweep(&nightly()).await.unwrap();
    company.set_clock("2026-01-03T12:00:00Z");
    company.execute("UPDATE customers SET open = 0").await;
    company.sweep(&nightly()).await.unwrap();
    company.sweep(&company.forced(&["C1"])).await.unwrap();
    // In the schema `lethe` without the prefix.
    let prefix = either("lethe_", "lethe.");
    let sweeps = "sweep, job, kind, state, day, anonymized, refused, already, failed, open_batches";
    assert_eq!(
        company.rows(&format!("SELECT {sweeps} FROM {prefix}sweep_status ORDER BY sweep")).await,
        [
            "1|nightly|due|done|2026-01-02|1|2|0|0|0",
            "2|nightly|due|done|2026-01-03|1|1|0|0|0",
            "3|NULL|list|done|2026-01-03|0|0|1|0|0"
        ]
    );
    assert_eq!(
        company
            .rows(&format!(
                "SELECT job, last_sweep, kind, state, done_at, anonymized, refused, failed FROM {prefix}job_status"
            ))
            .await,
        ["nightly|2|due|done|2026-01-03T12:00:00.000Z|1|1|0"]
    );
    assert_eq!(
        company
            .rows(&format!("SELECT client_key, outcome, reasons, since, sweep, on_hold FROM {prefix}client_status ORDER BY client_key"))
            .await,
        [
            "C1|already|NULL|2026-01-03T12:00:00.000Z|3|0",
            "C2|anonymized|NULL|2026-01-03T12:00:00.000Z|2|0",
            "C3|refused|[\"hold\"]|2026-01-02T12:00:00.000Z|2|1"
        ]
    );
    let more = format!(
        "SELECT sweep, tick, skipped, waiting_since, mean_batch_ms <= slowest_batch_ms FROM {prefix}sweep_status"
    );
    assert_eq!(company.rows(&format!("{more} WHERE sweep = 1")).await, ["1|NULL|0|NULL|1"]);
}

#[tokio::test]
async fn views_are_no_tables_of_the_company() {
    let company = Company::new(SCHEMA, POLICY).await;
    let views: Vec<String> = company.context.store.schema().await.unwrap().others.into_keys().collect();
    assert!(views.is_empty(), "{views:?}");
    let before = company.context.planner.plan(&company.context.store).await.unwrap().plan.digest.clone();
    company.due().await;
    assert_eq!(company.context.planner.plan(&company.context.store).await.unwrap().plan.digest, before);
}
