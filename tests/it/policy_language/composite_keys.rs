//! Clients that it takes several columns to identify.

use lethe::domain::sweep::SweepKind;

use super::support::{assert_changes, changes, previewed};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

const COMPOSITE: &str = "
    CREATE TABLE customers (company TEXT, no INTEGER, email TEXT UNIQUE, due DATE DEFAULT '2026-01-01', PRIMARY KEY (company, no));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, company TEXT, customer_no INTEGER, note TEXT, FOREIGN KEY (company, customer_no) REFERENCES customers);
    CREATE TABLE lines (order_id INTEGER REFERENCES orders, text TEXT);
    INSERT INTO customers (company, no, email) VALUES ('FR', 1, 'a'), ('FR', 2, 'b'), ('DE', 1, 'c'), ('a,b', 3, 'd'), ('\"', 4, 'e');
    INSERT INTO orders VALUES (10, 'FR', 1, 'x'), (11, 'FR', 2, 'y'), (12, 'DE', 1, 'z'), (13, 'a,b', 3, 'w');
    INSERT INTO lines VALUES (10, 'for a'), (12, 'for c');
";

fn composite(link: &str) -> String {
    format!(
        r#"
        client = {{ table = "customers", key = ["company", "no"], to_anonymize_on = "due" }}
        [tables.customers.columns]
        company.class = "non-personal"
        no.class = "non-personal"
        email = {{ class = "personal", replace = "{{key}}@invalid" }}
        due.class = "non-personal"
        [tables.orders]
        client = {{ column = {link} }}
        columns.id.class = "non-personal"
        columns.company.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.note = {{ class = "personal", clear = true }}
        [tables.lines]
        client = {{ column = "order_id", through = "orders" }}
        columns.order_id.class = "non-personal"
        columns.text = {{ class = "personal", clear = true }}
        "#
    )
}

const OF_FR_1: [&str; 6] = [
    "- customers: FR|1|a|2026-01-01",
    "+ customers: FR|1|FR-1@invalid|2026-01-01",
    "- lines: 10|for a",
    "+ lines: 10|NULL",
    "- orders: 10|FR|1|x",
    "+ orders: 10|FR|1|NULL",
];

#[test]
fn a_composite_key_is_written_with_commas_or_as_json() {
    for client in ["FR,1", "[\"FR\", 1]", "FR , 1"] {
        assert_changes(COMPOSITE, &composite(r#"["company", "customer_no"]"#), &[client], &OF_FR_1);
    }
}

#[test]
fn a_declared_foreign_key_says_which_column_is_which_whatever_their_order() {
    assert_changes(COMPOSITE, &composite(r#"["customer_no", "company"]"#), &["FR,1"], &OF_FR_1);
}

#[tokio::test]
async fn composite_keys_are_found_by_their_date_and_never_confused() {
    let company = Company::new(COMPOSITE, &composite(r#"["company", "customer_no"]"#)).await;
    company.execute("UPDATE customers SET due = NULL WHERE company = 'DE'").await;
    assert_eq!(company.due().await.anonymized, 4);
    assert_eq!(company.rows("SELECT note FROM orders ORDER BY id").await, ["NULL", "NULL", "z", "NULL"]);
    assert_eq!(company.rows("SELECT email FROM customers WHERE no = 3").await, ["a,b-3@invalid"]);
    assert_eq!(
        company.rows("SELECT client_key FROM lethe_outcomes ORDER BY client_key").await,
        [r#"["FR",1]"#, r#"["FR",2]"#, r#"["\"",4]"#, r#"["a,b",3]"#]
    );
    assert_eq!(company.due().await.looked_at(), 0);
}

#[tokio::test]
async fn composite_keys_go_every_way_that_plain_ones_do() {
    let schema = "
        CREATE TABLE customers (company TEXT COLLATE NOCASE, no INTEGER, made_on DATE, PRIMARY KEY (company, no));
        CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE relations (company TEXT, customer_no TEXT, contact_id INTEGER);
        CREATE TABLE entries (company TEXT COLLATE NOCASE, customer_no INTEGER, posted_on DATE, open INTEGER, text TEXT);
        INSERT INTO customers VALUES ('fr', 1, '2000-01-01'), ('fr', 2, '2000-01-01'), ('de', 1, '2000-01-01');
        INSERT INTO contacts VALUES (1, 'own'), (2, 'shared');
        INSERT INTO relations VALUES ('FR', '1', 1), ('Fr', '1', 2), ('DE', '1', 2);
        INSERT INTO entries VALUES ('FR', 1, '2019-12-31', 0, 'x'), ('FR', 2, '2020-06-01', 1, 'y'), ('DE', 1, '2025-01-01', 0, 'z');";
    let policy = r#"
        client = { table = "customers", key = ["company", "no"] }
        period = { length = "6 years", activity = [{ table = "entries", date = "posted_on" }] }
        guards = [{ name = "open", reason = "has open entries", table = "entries", where = "open = 1" }]
        [tables.customers.columns]
        company.class = "non-personal"
        no.class = "non-personal"
        made_on.class = "non-personal"
        [tables.relations]
        client = { column = ["company", "customer_no"] }
        columns.company.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.contact_id.class = "non-personal"
        [tables.contacts]
        client = { column = "id", through = "relations", equals = "contact_id", exclusive = true }
        columns.id.class = "non-personal"
        columns.name = { class = "personal", clear = true, identifying = true }
        [tables.entries]
        client = { name = "account", column = ["company", "customer_no"] }
        columns.company.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.posted_on.class = "non-personal"
        columns.open.class = "non-personal"
        columns.text = { class = "personal", replace = "of {key}", for = "account" }
        "#;
    // Where case makes a difference, everything is written alike.
    let alike = |text: &str| if is_on_postgres() { text.to_lowercase() } else { text.to_owned() };
    let schema = alike(schema).replace(either("never", " collate nocase"), "");
    let company = Company::new(&schema, policy).await;
    assert_eq!(previewed(&company, SweepKind::Period).await, [r#"["fr",1] anonymized"#]);
    assert_eq!(company.period().await.anonymized, 1);
    assert_eq!(company.rows("SELECT name FROM contacts ORDER BY id").await, ["NULL", "shared"]);
    let texts = "SELECT text FROM entries ORDER BY posted_on";
    assert_eq!(company.rows(texts).await, [either("of FR-1", "of fr-1"), "y", "z"]);
    company.set_clock("2026-06-02T12:00:00Z");
    assert_eq!(previewed(&company, SweepKind::Period).await, [r#"["fr",2] refused open"#]);
    company.execute("UPDATE entries SET open = 0").await;
    assert_eq!(company.period().await.anonymized, 1);
    assert_eq!(
        changes(&company, &[&alike("DE, 1")]).await,
        [
            "- contacts: 2|shared",
            "+ contacts: 2|NULL",
            either("- entries: DE|1|2025-01-01|0|z", "- entries: de|1|2025-01-01|0|z"),
            either("+ entries: DE|1|2025-01-01|0|of DE-1", "+ entries: de|1|2025-01-01|0|of de-1"),
        ]
    );
}
