//! Sweeps from the first look to the last outcome.

mod common;

use common::Company;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0, anonymized_on DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), status TEXT, note TEXT);
INSERT INTO customers (no, name, email, due) VALUES
  ('A', 'Ann Archer', 'ann@archer.example', '2026-01-01'),
  ('B', 'Bob Baker', 'bob@baker.example', '2026-01-02'),
  ('C', 'Cid Cook', 'cid@cook.example', '2026-01-03'),
  ('D', 'Dot Dyer', 'dot@dyer.example', NULL),
  ('E', 'Eve Earl', 'eve@earl.example', '');
INSERT INTO orders (customer_no, status, note) VALUES ('A', 'closed', 'blue'), ('B', 'open', 'red');
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
anonymized_on = "anonymized_on"

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }
anonymized_on = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }
note = { class = "non-personal" }
"#;

#[tokio::test]
async fn a_due_client_is_anonymized_and_a_second_sweep_writes_nothing() {
    let company = Company::new(SCHEMA, POLICY).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.refused), (1, 1));
    assert_eq!(
        company.rows("SELECT name, email, anonymized, anonymized_on FROM customers WHERE no = 'A'").await,
        ["Anonymized client|anonymized-A@invalid|1|2026-01-02"]
    );
    let before = company.dump().await;
    company.set_clock("2026-01-02T13:00:00Z");
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.refused), (0, 1));
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes").await, ["2"]);
}
