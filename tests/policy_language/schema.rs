//! What else a schema can have: generated columns, STRICT and WITHOUT ROWID
//! tables, triggers, views.

use lethe::worker::sweep::{Mode, SweepError};

use super::common::Company;
use super::support::{assert_changes, difference, list, outcomes, policy, problems};

#[test]
fn generated_columns_need_no_class_and_follow() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, first TEXT, last TEXT,
           full_name TEXT GENERATED ALWAYS AS (first || ' ' || last) STORED, initial TEXT AS (substr(last, 1, 1)) VIRTUAL);
         INSERT INTO customers VALUES ('A', 'Ann', 'Archer'), ('B', 'Bob', 'Baker');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            first = { class = "personal", replace = "X" }
            last = { class = "personal", replace = "Y", identifying = true }
            "#,
        ),
        &["A"],
        &["- customers: A|Ann|Archer|Ann Archer|A", "+ customers: A|X|Y|X Y|Y"],
    );
}

#[test]
fn tables_without_a_rowid_and_strict_tables() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT NOT NULL, age INT, photo BLOB, extra ANY) STRICT, WITHOUT ROWID;
         CREATE TABLE orders (customer_no TEXT REFERENCES customers, line INTEGER, note TEXT, PRIMARY KEY (customer_no, line)) WITHOUT ROWID;
         INSERT INTO customers VALUES ('A', 'Ann', 40, x'01', 7), ('B', 'Bob', 50, x'02', 'y');
         INSERT INTO orders VALUES ('A', 1, 'x'), ('A', 2, 'y'), ('B', 1, 'z');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            name = { class = "personal", clear = true }
            age = { class = "personal", replace = 0 }
            photo = { class = "personal", clear = true }
            extra = { class = "personal", replace = "none" }
            [tables.orders]
            client = "customer_no"
            rows = [{ delete = "line > 1" }]
            columns.customer_no.class = "non-personal"
            columns.line.class = "non-personal"
            columns.note = { class = "personal", replace = "{key}" }
            "#,
        ),
        &["A"],
        &[
            "- customers: A|Ann|40|1 bytes|7",
            "+ customers: A||0|NULL|none",
            "- orders: A|1|x",
            "- orders: A|2|y",
            "+ orders: A|1|A",
        ],
    );
}

#[tokio::test]
async fn a_strict_table_takes_only_what_its_types_allow() {
    let found = problems(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, age INT, photo BLOB NOT NULL, rate REAL) STRICT;",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            age = { class = "personal", replace = 1.5 }
            photo = { class = "personal", clear = true }
            rate = { class = "personal", replace = 1.5 }
            "#,
        ),
    )
    .await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("columns.age") && found[1].contains("columns.photo"), "{found:#?}");
}

const NAMED: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client" }
"#;

#[test]
fn the_companys_triggers_run_as_usual() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE changes (at TEXT, what TEXT);
         CREATE TRIGGER noted AFTER UPDATE ON customers BEGIN INSERT INTO changes VALUES ('now', 'customer changed'); END;
         INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob');",
        &policy(NAMED),
        &["A"],
        &["+ changes: now|customer changed", "- customers: A|Ann", "+ customers: A|Client"],
    );
}

#[tokio::test]
async fn a_trigger_that_refuses_fails_its_client_alone_and_is_not_quoted() {
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE TRIGGER vip BEFORE UPDATE ON customers WHEN old.name = 'Ann' BEGIN SELECT RAISE(ABORT, 'Ann must stay'); END;
         INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');",
        &policy(NAMED),
    )
    .await;
    let found = outcomes(&company, &["A", "B", "C"]).await;
    assert_eq!(found, [r#"A failed ["error 1811 (refused by a trigger)"]"#, "B anonymized", "C anonymized"]);
    assert_eq!(company.rows("SELECT name FROM customers").await, ["Ann", "Client", "Client"]);
}

const AUDITED: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE audit (customer_no TEXT REFERENCES customers, old_name TEXT);
    CREATE TRIGGER audited AFTER UPDATE ON customers BEGIN INSERT INTO audit VALUES (old.no, old.name); END;
    INSERT INTO customers VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker');
";

const AUDIT: &str = r#"
    [tables.audit]
    client = "customer_no"
    columns.customer_no.class = "non-personal"
    columns.old_name = { class = "personal", clear = true }
"#;

#[tokio::test]
async fn a_trigger_that_writes_the_former_value_elsewhere_is_found_out() {
    let company = Company::new(AUDITED, &policy(&format!("{NAMED}{AUDIT}"))).await;
    let before = company.dump().await;
    let rehearsed = company.survey(&list(&company, &["A"]).await, Mode::Rehearsal).await;
    assert!(matches!(rehearsed, Err(SweepError::NotSettled(tables)) if tables == ["audit"]));
    assert_eq!(company.dump().await, before);

    let identifying = NAMED.replace("\"Client\"", "\"Client\", identifying = true");
    let kept = AUDIT.replace("clear = true", "keep = \"the audit says who it was\"");
    let company = Company::new(AUDITED, &policy(&format!("{identifying}{kept}"))).await;
    assert_eq!(outcomes(&company, &["A"]).await, [r#"A failed ["residue:audit.old_name"]"#]);
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn a_view_cannot_be_named_and_shows_what_its_tables_hold() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE VIEW people AS SELECT no, name FROM customers;
         INSERT INTO customers VALUES ('A', 'Ann');";
    let company = Company::new(schema, &policy(NAMED)).await;
    let before = company.dump().await;
    company.sweep(&list(&company, &["A"]).await).await.unwrap();
    assert_eq!(difference(&before, &company.dump().await).len(), 2);
    assert_eq!(company.rows("SELECT name FROM people").await, ["Client"]);

    let named = format!("{NAMED}\n[tables.people]\nclient = \"no\"\nrows = \"delete\"");
    let found = problems(schema, &policy(&named)).await;
    assert!(found[0].contains("`people` is a view"), "{found:#?}");
}
