//! Old rows of clients who stay: what goes, what stays, and what a sweep of them
//! survives.

use std::collections::BTreeMap;

use crate::common::Company;
use crate::common::place::{either, is_on_postgres};
use lethe::domain::job::Brake;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::sql::retention::OldRows;
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
    let found =
        look(&store, &planner, None, "2026-01-02".parse::<chrono::NaiveDate>().unwrap(), Mode::Preview).await.unwrap();
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
    let none = BTreeMap::new();
    context.ledger.record_rehearsal(digest, &tally, (SweepKind::Due, &none), true, "test").await.unwrap();
    let refused = open(&context, &request(&company)).await.unwrap_err();
    assert!(matches!(refused, SweepError::NotRehearsed), "{refused}");
    context
        .ledger
        .record_rehearsal(
            &lethe::worker::retention::rehearsal_name(digest),
            &tally,
            (SweepKind::Retention, &none),
            true,
            "test",
        )
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
    use lethe::report::{ReportOptions, SweepReport};
    let company = company().await;
    company.sweep(&request(&company)).await.unwrap();
    let report =
        SweepReport::make(&company.context, 1, company.today(), ReportOptions::default()).await.unwrap().unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["old_rows"],
        serde_json::json!([{ "table": "sessions", "rows": 2 }, { "table": "visits", "rows": 4 }])
    );
    let page = report.html("en").unwrap();
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

/// Rows that only their number tells from others, in tables that use each of its names for a column.
const NUMBERED: &str = "
CREATE TABLE log (rowid TEXT, customer_no TEXT, at DATE, txt TEXT);
CREATE TABLE spare (rowid TEXT, oid TEXT, _rowid_ TEXT, customer_no TEXT, at DATE, txt TEXT);
CREATE TABLE keyed (code TEXT {unique}, customer_no TEXT, at DATE, txt TEXT);
INSERT INTO log VALUES ('A', 'A', '2020-01-01', 'old'), ('A', 'A', '2025-12-31', 'new'), (NULL, 'B', '2020-01-01', 'old'), (NULL, 'B', '2025-12-31', 'new');
INSERT INTO spare SELECT rowid, rowid, rowid, customer_no, at, txt FROM log;
INSERT INTO keyed VALUES (NULL, 'A', '2020-01-01', 'old'), (NULL, 'A', '2025-12-31', 'new'), ('x', 'B', '2020-01-01', 'old');
";

#[tokio::test]
async fn columns_called_rowid_and_keys_that_are_null_take_no_other_row_along_and_leave_none() {
    let tables = NUMBERED.replace("{unique}", either("PRIMARY KEY", "UNIQUE"));
    let retention = |table: &str| {
        format!(
            "[tables.{table}]\nclient = \"customer_no\"\nrows = \"delete\"\n\
             [tables.{table}.retention]\nlength = \"1 year\"\ndate = \"at\"\nrows = \"delete\"\n"
        )
    };
    let policy = ["log", "spare", "keyed"].map(retention).concat();
    let company = Company::new(&(schema() + &tables), &format!("{POLICY}{policy}")).await;
    let id = open(&company.context, &request(&company)).await.unwrap().unwrap();
    let (sweep, _) = company.work(id).await;
    assert_eq!(sweep.state, State::Done, "{:?}", sweep.note);
    for (table, left) in [("log", "new new"), ("spare", "new new"), ("keyed", "new")] {
        assert_eq!(company.rows(&format!("SELECT txt FROM {table}")).await.join(" "), left, "{table}");
    }
}

#[tokio::test]
async fn old_rows_that_a_trigger_keeps_silently_stop_the_sweep_and_fail_the_rehearsal() {
    let company = company().await;
    company
        .execute(either(
            "CREATE TRIGGER keeps BEFORE DELETE ON visits WHEN old.page = 'c' BEGIN SELECT RAISE(IGNORE); END",
            "CREATE FUNCTION keeps() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF old.page = 'c' THEN RETURN NULL; END IF; RETURN old; END $$; \
             CREATE TRIGGER keeps BEFORE DELETE ON visits FOR EACH ROW EXECUTE FUNCTION keeps()",
        ))
        .await;
    let (store, planner) = (&company.context.store, &company.context.planner);
    let rehearsed =
        look(store, planner, Some(&company.context.ledger), company.today(), Mode::Rehearsal).await.unwrap_err();
    assert!(matches!(rehearsed, SweepError::RowsStay { rows: 1, .. }), "{rehearsed}");
    let id = open(&company.context, &request(&company)).await.unwrap().unwrap();
    let (sweep, _) = company.work(id).await;
    assert_eq!(sweep.state, State::Stopped);
    assert!(sweep.note.unwrap().starts_with("1 old row of `visits` cannot be deleted"));
    assert_eq!(pages(&company).await, "b c d f keep", "the others went");
}

#[tokio::test]
async fn the_brake_holds_for_the_rows_that_go() {
    let company = company().await;
    let mut asked = request(&company);
    asked.brake = Brake { clients: None, share: Some(0.7) };
    let id = open(&company.context, &asked).await.unwrap().unwrap();
    company.execute("UPDATE visits SET seen_at = '2018-01-01 10:00:00', page = 'x'").await;
    let (sweep, _) = company.work(id).await;
    assert_eq!(sweep.state, State::Braked);
    assert!(sweep.note.unwrap().starts_with("its brake allows 5 rows of `visits`"));
    assert_eq!(company.rows("SELECT count(*) FROM visits").await, ["8"]);
}

#[tokio::test]
async fn on_postgresql_the_rows_of_a_part_are_read_by_their_address() {
    if !is_on_postgres() {
        return;
    }
    let company = company().await;
    let many = "INSERT INTO visits (customer_no, seen_at, page) SELECT 'B', timestamp '2021-02-03 04:05:06', 'old' FROM generate_series(1, 50000)";
    company.execute(&format!("{many}; ANALYZE visits")).await;
    let loaded = company.context.planner.plan(&company.context.store).await.unwrap();
    let plan = loaded.plan.row_retention.iter().find(|own| own.table == "visits").unwrap();
    let (client, today, zone) = (&loaded.plan.client, company.today(), chrono_tz::Tz::UTC);
    let old = OldRows { client, plan, today, cutoff: today, zone };
    let explained = format!("CREATE TEMP TABLE lethe_taken (n INTEGER, k0 TEXT); EXPLAIN {}", old.delete(5_000));
    let explained = company.rows(&explained).await.join("\n");
    assert!(explained.contains("TID Cond"), "{explained}");
}
