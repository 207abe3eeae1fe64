//! The doctor names the indexes that a policy needs, and what each would save.

use crate::common::{Company, lethe};
use serde_json::Value;

/// 60,000 orders, more than are read to learn how long it takes.
const SCHEMA: &str = "
CREATE TABLE customers (no INTEGER PRIMARY KEY, name TEXT, due DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no INTEGER, note TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, order_id INTEGER, body TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO customers SELECT i, 'Person ' || i, NULL FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO orders SELECT i, i % 3000 + 1, 'blue' FROM n;
CREATE INDEX notes_order ON notes (order_id);
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
[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
note = { class = "personal", clear = true }
[tables.notes]
client = { column = "order_id", through = "orders", equals = "id" }
[tables.notes.columns]
id = { class = "non-personal" }
order_id = { class = "non-personal" }
body = { class = "personal", clear = true }
"#;

/// What the doctor says about speed: what, and the statement that fixes it.
fn about_speed(company: &Company) -> Vec<(String, String)> {
    let folder = company.folder.path();
    std::fs::write(folder.join("lethe.toml"), format!("database = \"{}\"\n", company.place.setting())).unwrap();
    let done = lethe(folder).args(["doctor", "--json"]).output().unwrap();
    let findings: Value = serde_json::from_slice(&done.stdout).expect("the findings are JSON");
    let policy = findings.as_array().expect("a list").iter().find(|own| own["about"] == "policy");
    assert_eq!(policy.expect("it looks at the policy")["verdict"], "good", "{policy:?}");
    let findings = findings.as_array().expect("a list").iter().filter(|own| own["about"] == "speed");
    findings
        .map(|own| {
            assert_eq!(own["verdict"], "note");
            (own["what"].as_str().unwrap().to_owned(), own["statement"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[tokio::test]
async fn the_doctor_says_what_each_missing_index_would_save_and_its_statements_fix_it() {
    let company = Company::new(SCHEMA, POLICY).await;
    let mut found = about_speed(&company);
    // What takes longest comes first, which a busy machine can change here.
    found.sort_by_key(|(what, _)| !what.contains("`orders`"));
    let [(orders, for_orders), (due, for_due)] = found.as_slice() else { panic!("{found:#?}") };
    assert!(
        orders.starts_with("no index on `orders` leads with `customer_no`: every batch reads 60,000 rows, for about "),
        "{orders}"
    );
    assert!(orders.ends_with(", to find those of its clients; this index avoids that"), "{orders}");
    assert!(due.starts_with("no index on `customers` leads with `due`: every night reads 3,000 rows, "), "{due}");
    assert!(due.ends_with(", to find due clients; this index avoids that"), "{due}");
    assert_eq!(for_orders, r#"CREATE INDEX "orders_customer_no" ON "orders" ("customer_no");"#);
    company.execute(for_orders).await;
    company.execute(for_due).await;
    assert_eq!(about_speed(&company), []);
}
