//! What else a schema can have: generated columns, triggers, views.

use super::support::{assert_changes, difference, list, outcomes, policy, problems};
use crate::common::Company;
use crate::common::place::either;
use crate::common::words::{after, refuses};

#[test]
fn generated_columns_need_no_class_and_follow() {
    assert_changes(
        &"CREATE TABLE customers (no TEXT PRIMARY KEY, first TEXT, last TEXT,
           full_name TEXT GENERATED ALWAYS AS (first || ' ' || last) STORED, initial TEXT GENERATED ALWAYS AS (substr(last, 1, 1)) {kind});
         INSERT INTO customers VALUES ('A', 'Ann', 'Archer'), ('B', 'Bob', 'Baker');"
            .replace("{kind}", either("VIRTUAL", "STORED")),
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

const NAMED: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client" }
"#;

#[test]
fn the_companys_triggers_run_as_usual() {
    assert_changes(
        &format!(
            "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
             CREATE TABLE changes (at TEXT, what TEXT); {};
             INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob');",
            after("customers", "INSERT INTO changes VALUES ('now', 'customer changed')")
        ),
        &policy(NAMED),
        &["A"],
        &["+ changes: now|customer changed", "- customers: A|Ann", "+ customers: A|Client"],
    );
}

#[tokio::test]
async fn a_trigger_that_refuses_fails_its_client_alone_and_is_not_quoted() {
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');",
        &policy(NAMED),
    )
    .await;
    company.execute(&refuses("customers", "old.name = 'Ann'", "Ann must stay")).await;
    let failed = either(
        r#"A failed ["error 1811 (refused by a trigger)"]"#,
        r#"A failed ["error P0001 (refused by a trigger or a function)"]"#,
    );
    assert_eq!(outcomes(&company, &["A", "B", "C"]).await, [failed, "B anonymized", "C anonymized"]);
    assert_eq!(company.rows("SELECT name FROM customers ORDER BY no").await, ["Ann", "Client", "Client"]);
}

fn audited() -> String {
    format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE audit (customer_no TEXT REFERENCES customers, old_name TEXT); {};
         INSERT INTO customers VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker');",
        after("customers", "INSERT INTO audit VALUES (old.no, old.name)")
    )
}

const AUDIT: &str = r#"
    [tables.audit]
    client = "customer_no"
    columns.customer_no.class = "non-personal"
    columns.old_name = { class = "personal", clear = true }
"#;

#[test]
fn rows_that_a_trigger_writes_after_their_table_had_its_turn_are_covered() {
    assert_changes(
        &audited(),
        &policy(&format!("{NAMED}{AUDIT}")),
        &["A"],
        &["+ audit: A|NULL", "- customers: A|Ann Archer", "+ customers: A|Client"],
    );
    let all_go = "[tables.audit]\nclient = \"customer_no\"\nrows = \"delete\"\n";
    assert_changes(
        &audited(),
        &policy(&format!("{NAMED}{all_go}")),
        &["A"],
        &["- customers: A|Ann Archer", "+ customers: A|Client"],
    );
}

#[tokio::test]
async fn the_triggers_that_will_fire_are_listed() {
    let company = Company::new(&audited(), &policy(&format!("{NAMED}{AUDIT}"))).await;
    let loaded = company.context.planner.plan(&company.context.store).await.unwrap();
    let fires = "a trigger fires where rows of `customers` are changed or deleted: ";
    assert!(loaded.plan.notes.iter().any(|note| note.starts_with(fires)), "{:?}", loaded.plan.notes);
}

#[tokio::test]
async fn a_trigger_that_writes_the_former_value_elsewhere_is_found_out() {
    let before = Company::new(&audited(), &policy(&format!("{NAMED}{AUDIT}"))).await.dump().await;
    let identifying = NAMED.replace("\"Client\"", "\"Client\", identifying = true");
    let kept = AUDIT.replace("clear = true", "keep = \"the audit says who it was\"");
    let company = Company::new(&audited(), &policy(&format!("{identifying}{kept}"))).await;
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
