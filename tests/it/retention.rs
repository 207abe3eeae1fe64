//! Old rows of clients who stay: what goes, what stays, and what a sweep of them
//! survives.

use std::collections::BTreeMap;

use crate::common::Company;
use crate::common::place::either;
use lethe::domain::job::Brake;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::retention::look;
use lethe::worker::sweep::{Mode, SweepError, open};
use lethe::worker::{Limits, Request};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, login TEXT, due DATE);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT, seen_at {moment}, page TEXT);
CREATE INDEX visits_seen ON visits (seen_at);
CREATE TABLE sessions (login TEXT, started DATE, note TEXT, PRIMARY KEY (login, started));
INSERT INTO customers VALUES ('A', 'Ann', 'ann', '2026-01-01'), ('B', 'Bob', 'bob', NULL), ('C', 'Cid', 'cid', NULL);
INSERT INTO visits (customer_no, seen_at, page) VALUES
  ('A', '2024-01-01 23:59:59', 'a'), ('A', '2024-01-02 00:00:00', 'b'), ('B', '2020-05-05 10:00:00', 'c'), ('B', NULL, 'd'),
  ('C', '2019-01-01 10:00:00', 'e'), ('C', '2025-12-31 10:00:00', 'f'), (NULL, '2018-01-01 10:00:00', 'nobody''s'), ('C', '2018-01-01 10:00:00', 'keep');
INSERT INTO sessions VALUES ('ann', '2025-11-30', 'x'), ('bob', '2025-12-02', 'y'), ('cid', '2025-06-01', 'z');
";

const POLICY: &str = r#"
client = { table = "customers", key = "no", to_anonymize_on = "due" }

[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client" }
login.class = "non-personal"
due.class = "non-personal"

[tables.visits]
client = "customer_no"
[tables.visits.columns]
id.class = "non-personal"
customer_no.class = "non-personal"
seen_at.class = "non-personal"
page.class = "non-personal"
[tables.visits.retention]
length = "2 years"
date = "seen_at"
rows = "delete"
where = "page <> 'keep'"

[tables.sessions]
client = { column = "login", equals = "login" }
rows = "delete"
[tables.sessions.retention]
length = "1 month"
date = "started"
rows = "delete"
"#;

fn schema() -> String {
    SCHEMA.replace("{moment}", either("TEXT", "TIMESTAMP"))
}

async fn company() -> Company {
    Company::new(&schema(), POLICY).await
}

fn request(company: &Company) -> Request {
    company.request(SweepKind::Retention)
}

async fn pages(company: &Company) -> String {
    company.rows("SELECT page FROM visits ORDER BY id").await.join(" ")
}

async fn sessions(company: &Company) -> String {
    company.rows("SELECT login FROM sessions ORDER BY login").await.join(" ")
}

#[tokio::test]
async fn rows_older_than_their_tables_period_go_and_all_others_stay() {
    let company = company().await;
    // On 2 January 2026: before 2 January 2024, and before 2 December 2025.
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!(pages(&company).await, "b d f keep");
    assert_eq!(sessions(&company).await, "bob");
    let rows = company.context.ledger.rows_by_table(1, 1).await.unwrap();
    assert_eq!(rows, BTreeMap::from([("visits".to_owned(), 4), ("sessions".to_owned(), 2)]));
    let before = company.dump().await;
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!(company.dump().await, before);
    assert_eq!(company.context.ledger.rows_by_table(2, 2).await.unwrap().values().sum::<u64>(), 0);
    // No client has an outcome, and nothing in the ledger names one.
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes").await, ["0"]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_batches WHERE keys IS NOT NULL").await, ["0"]);
}

#[tokio::test]
async fn a_client_on_hold_keeps_its_rows_and_loses_them_when_released() {
    let company = company().await;
    company.context.ledger.place_hold("C", "lawsuit", "test").await.unwrap();
    company.context.ledger.place_hold("A", "lawsuit", "test").await.unwrap();
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!((pages(&company).await.as_str(), sessions(&company).await.as_str()), ("a b d e f keep", "ann bob cid"));
    company.context.ledger.release_hold("C", "test").await.unwrap();
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!((pages(&company).await.as_str(), sessions(&company).await.as_str()), ("a b d f keep", "ann bob"));
}

#[tokio::test]
async fn a_preview_counts_what_goes_and_a_rehearsal_brings_it_back() {
    let company = company().await;
    let before = company.dump().await;
    let (store, planner) = (&company.context.store, &company.context.planner);
    for mode in [Mode::Preview, Mode::Rehearsal] {
        let found = look(store, planner, Some(&company.context.ledger), company.today(), mode).await.unwrap();
        let mut told: Vec<_> =
            found.iter().map(|own| (own.table.as_str(), own.cutoff.to_string(), own.rows, own.of)).collect();
        told.sort();
        assert_eq!(
            told,
            [("sessions", "2025-12-02".to_owned(), 2, 3), ("visits", "2024-01-02".to_owned(), 4, 8)],
            "{mode:?}"
        );
        assert_eq!(company.dump().await, before);
    }
}

#[tokio::test]
async fn a_preview_needs_no_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let place = crate::common::Place::new(folder.path(), &schema()).await;
    std::fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
    let store = lethe::database::Store::open(place.settings()).await.unwrap();
    let planner = lethe::worker::Planner::new(folder.path().join("policy.toml"));
    let found = look(&store, &planner, None, "2026-01-02".parse().unwrap(), Mode::Preview).await.unwrap();
    assert_eq!(found.iter().map(|own| own.rows).sum::<u64>(), 6);
    assert!(!lethe::ledger::Ledger::exists(&store).await.unwrap());
}

#[tokio::test]
async fn thousands_of_rows_go_in_several_transactions() {
    let company = company().await;
    company
        .execute(either(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
             INSERT INTO visits (customer_no, seen_at, page) SELECT 'B', '2021-02-03 04:05:06', 'old' FROM n",
            "INSERT INTO visits (customer_no, seen_at, page) SELECT 'B', timestamp '2021-02-03 04:05:06', 'old' FROM generate_series(1, 12000)",
        ))
        .await;
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!(pages(&company).await, "b d f keep");
    assert_eq!(company.context.ledger.rows_by_table(1, 1).await.unwrap()["visits"], 12_004);
    let parts = "SELECT count(*) FROM lethe_batches WHERE rows_gone LIKE '%visits%'";
    assert_eq!(company.rows(parts).await, ["3"]);
}

#[tokio::test]
async fn more_than_the_brakes_share_of_a_table_stops_and_asks() {
    let company = company().await;
    let mut asked = request(&company);
    asked.brake = Brake { clients: None, share: Some(0.5) };
    // Four of eight visits are within it, two of three sessions are not.
    let refused = open(&company.context, &asked).await.unwrap_err();
    assert_eq!(refused.to_string(), "2 rows of `sessions` would go, more than the brake's share of 0.5");
    assert_eq!(company.context.ledger.sweep(1).await.unwrap().unwrap().state, State::Braked);
    assert_eq!(sessions(&company).await, "ann bob cid");
    asked.over_brake = true;
    company.sweep(&asked).await.unwrap();
    assert_eq!(sessions(&company).await, "bob");
}

#[tokio::test]
async fn the_rehearsal_of_clients_is_none_of_rows() {
    let company = company().await;
    let mut context = company.context.clone();
    context.limits = Limits { rehearsal: true, ..context.limits };
    let plan = company.context.planner.plan(&company.context.store).await.unwrap();
    let digest = &plan.plan.digest;
    let tally = lethe::domain::outcome::Tally { anonymized: 1, ..Default::default() };
    context.ledger.record_rehearsal(digest, &tally, true, "test").await.unwrap();
    let refused = open(&context, &request(&company)).await.unwrap_err();
    assert!(matches!(refused, SweepError::NotRehearsed), "{refused}");
    context
        .ledger
        .record_rehearsal(&lethe::worker::retention::rehearsal_name(digest), &tally, true, "test")
        .await
        .unwrap();
    assert!(open(&context, &request(&company)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_table_whose_rows_refuse_stops_the_sweep_after_the_others_had_their_turn() {
    let company = company().await;
    company
        .execute("CREATE TABLE receipts (visit BIGINT REFERENCES visits (id)); INSERT INTO receipts VALUES (3)")
        .await;
    if !crate::common::place::is_on_postgres() {
        company.execute("PRAGMA foreign_keys = ON").await;
    }
    let id = open(&company.context, &request(&company)).await.unwrap().unwrap();
    let (sweep, _) = company.work(id).await;
    assert_eq!(sweep.state, State::Stopped);
    let note = sweep.note.unwrap();
    assert!(note.starts_with("old rows of `visits` could not be deleted: ") && !note.contains('3'), "{note}");
    assert_eq!(sessions(&company).await, "bob");
    assert_eq!(pages(&company).await.split(' ').count(), 8);
}

#[tokio::test]
async fn a_changed_policy_stops_it() {
    let company = company().await;
    let id = open(&company.context, &request(&company)).await.unwrap().unwrap();
    std::fs::write(company.folder.path().join("policy.toml"), POLICY.replace("2 years", "9 years")).unwrap();
    let (sweep, _) = company.work(id).await;
    assert_eq!(sweep.state, State::Stopped);
    assert_eq!(pages(&company).await.split(' ').count(), 8);
}

#[tokio::test]
async fn the_rows_that_went_are_reported() {
    use lethe::report::{SweepReport, Wishes};
    let company = company().await;
    company.sweep(&request(&company)).await.unwrap();
    let report = SweepReport::make(&company.context, 1, company.today(), Wishes::default()).await.unwrap().unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["old_rows"],
        serde_json::json!([{ "table": "sessions", "rows": 2 }, { "table": "visits", "rows": 4 }])
    );
    let page = report.html().unwrap();
    assert!(
        page.contains("<b>6</b><span>old rows deleted</span>") && page.contains("<td class=\"n\">4</td>"),
        "{page}"
    );
}

#[tokio::test]
async fn anybody_whose_rows_went_is_anonymized_as_ever() {
    let company = company().await;
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!(company.due().await.anonymized, 1);
    assert_eq!(company.rows("SELECT name FROM customers WHERE no = 'A'").await, ["Client"]);
    company.sweep(&request(&company)).await.unwrap();
    assert_eq!(pages(&company).await, "b d f keep");
}
