//! What an application commits before Lethe does counts, whatever was true when Lethe looked first.

use std::time::Duration;

use crate::common::Company;

/// Tables that refer to no table.
const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, status TEXT, ship_to TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT, body TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT, day DATE);
INSERT INTO customers (no, name, due) SELECT 'C' || i, 'Ada Person' || i, '2020-01-01' FROM generate_series(1, 9) AS i;
INSERT INTO orders SELECT i, 'C' || i, 'closed', 'Harbour' FROM generate_series(1, 9) AS i;
INSERT INTO orders SELECT 100 + i, 'C' || i, 'closed', 'Somewhere' FROM generate_series(1, 9) AS i;
INSERT INTO notes SELECT i, 'C' || i, 'called twice' FROM generate_series(1, 9) AS i;
INSERT INTO visits SELECT i, 'C' || i, '2015-05-05' FROM generate_series(1, 9) AS i;
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN new; END $$;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"

[period]
length = "5 years"
activity = [{ table = "visits", date = "day" }]

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }
ship_to = { class = "personal", replace = "Somewhere" }

[tables.notes]
client = "customer_no"
[tables.notes.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
body = { class = "non-personal" }

[tables.visits]
client = "customer_no"
[tables.visits.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
day = { class = "non-personal" }
"#;

/// The rules take a while.
const SLOW_RULES: &str =
    "CREATE TRIGGER slow BEFORE UPDATE ON customers FOR EACH ROW WHEN (old.no = 'C1') EXECUTE FUNCTION slow()";
/// What comes after the rules takes a while.
const SLOW_OUTCOMES: &str = "CREATE TRIGGER slow BEFORE INSERT ON lethe.lethe_outcomes FOR EACH ROW \
                             WHEN (new.client_key = 'C1') EXECUTE FUNCTION slow()";

/// What the application does while the batch is under way. It never waits for long.
async fn meanwhile(company: &Company, statements: &[&str]) {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    for _ in 0..2_000 {
        if company.rows(asleep).await != ["0"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for sql in statements {
        company.place.execute(&format!("SET lock_timeout = '5s'; {sql}")).await;
    }
}

#[tokio::test]
async fn what_is_committed_while_the_rules_are_applied_counts() {
    Box::pin(overtaken(SLOW_RULES)).await;
}

#[tokio::test]
async fn what_is_committed_after_the_rules_counts() {
    Box::pin(overtaken(SLOW_OUTCOMES)).await;
}

async fn overtaken(slow: &str) {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(slow).await;
    let application = meanwhile(
        &company,
        &[
            // Reopened where no rule has anything to do, opened anew, and a row that has a name.
            "UPDATE orders SET status = 'open' WHERE id = 102",
            "INSERT INTO orders VALUES (200, 'C3', 'open', 'Somewhere')",
            "INSERT INTO notes VALUES (200, 'C4', 'ask for Ada Person4')",
            "UPDATE notes SET body = 'Ada Person5 called' WHERE id = 5",
            "INSERT INTO orders VALUES (201, 'C6', 'closed', 'Harbour, Ada')",
            "INSERT INTO lethe.lethe_holds (client_key, reason, placed_at, placed_by) VALUES ('C7', 'court', '2026-01-02T12:00:00Z', 'legal')",
        ],
    );
    let (tally, ()) = tokio::join!(company.due(), application);
    assert_eq!(
        company.rows("SELECT no FROM customers WHERE anonymized = 1 ORDER BY no").await,
        ["C1", "C6", "C8", "C9"]
    );
    assert_eq!((tally.anonymized, tally.refused, tally.failed), (4, 3, 2), "{tally:?}");
    assert_eq!(
        company
            .rows("SELECT client_key, outcome, reasons FROM lethe_outcomes WHERE outcome <> 'anonymized' ORDER BY 1")
            .await,
        [
            r#"C2|refused|["open-orders"]"#,
            r#"C3|refused|["open-orders"]"#,
            r#"C4|failed|["residue:notes.body"]"#,
            r#"C5|failed|["residue:notes.body"]"#,
            r#"C7|refused|["hold"]"#,
        ]
    );
    assert_eq!(
        company.rows("SELECT ship_to FROM orders WHERE id = 201").await,
        ["Somewhere"],
        "it came too late to keep"
    );
}

#[tokio::test]
async fn activity_that_is_committed_before_a_batch_keeps_its_client() {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(SLOW_OUTCOMES).await;
    let application = meanwhile(&company, &["INSERT INTO visits VALUES (100, 'C2', '2025-12-12')"]);
    let (tally, ()) = tokio::join!(company.period(), application);
    assert_eq!(tally.anonymized, 8, "{tally:?}");
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C2"]);
}
