//! Clients whose rows stand in the way as only `SQLite` lets them.

use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::Mode;

use crate::common::Company;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO customers (no, name, due) SELECT format('C%03d', i), format('Person %03d', i), '2026-01-01' FROM n;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }
"#;

#[tokio::test]
async fn a_trigger_that_rolls_back_everything_takes_no_other_client_down() {
    let company = Company::new(SCHEMA, POLICY).await;
    let trigger = "CREATE TRIGGER keeper BEFORE UPDATE ON customers WHEN old.no = 'C017' BEGIN SELECT RAISE(ROLLBACK, 'stays'); END";
    company.execute(trigger).await;
    let (rehearsal, _) = company.survey(&company.request(SweepKind::Due), Mode::Rehearsal).await.unwrap();
    assert_eq!((rehearsal.tally.anonymized, rehearsal.tally.failed), (39, 1));
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'").await, ["39"]);
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C017"]);
}

#[tokio::test]
async fn text_that_is_no_text_does_not_hold_the_sweep_up() {
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute("UPDATE customers SET name = CAST(x'ff41fe42fd43' AS TEXT) WHERE no = 'C011'").await;
    let tally = company.due().await;
    assert_eq!(tally.anonymized + tally.failed, 40);
    assert!(tally.anonymized >= 39);
}

#[tokio::test]
async fn a_client_whose_rows_a_search_index_does_not_know_fails_alone() {
    let notes = "
        CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT, body TEXT);
        CREATE VIRTUAL TABLE found USING fts5 (body, content = 'notes', content_rowid = 'id');
        INSERT INTO notes VALUES (17, 'C017', 'called twice');
        CREATE TRIGGER changed AFTER UPDATE ON notes BEGIN
          INSERT INTO found (found, rowid, body) VALUES ('delete', old.id, old.body);
          INSERT INTO found (rowid, body) VALUES (new.id, new.body);
        END;";
    let rules = r#"
[tables.notes]
client = "customer_no"
columns.id.class = "non-personal"
columns.customer_no.class = "non-personal"
columns.body = { class = "personal", replace = "removed" }
"#;
    let company = Company::new(&format!("{SCHEMA}{notes}"), &format!("{POLICY}{rules}")).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    assert_eq!(
        company.rows("SELECT reasons FROM lethe_outcomes WHERE outcome = 'failed'").await,
        [r#"["error 267 (a search index that does not match its table)"]"#]
    );
}
