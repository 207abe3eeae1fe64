//! Rows that go altogether.

use super::support::{assert_changes, difference, outcomes, policy};
use crate::common::Company;
use crate::common::place::either;

const TASKS: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY);
    CREATE TABLE tasks (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, owner_no TEXT, status TEXT, due DATE, subject TEXT);
    INSERT INTO customers VALUES ('A'), ('B');
    INSERT INTO tasks VALUES (1, 'A', 'B', 'open', '2026-01-01', 'call Ann'), (2, 'A', NULL, 'done', '2026-01-02', 'wrote to Ann'),
      (3, 'B', 'A', 'open', '2026-01-03', 'call Bob'), (4, 'A', NULL, NULL, NULL, 'thank Ann'), (5, 'B', 'B', 'open', NULL, 'meet Bob');
";

#[test]
fn all_rows_of_a_client_are_deleted_and_their_columns_need_no_class() {
    assert_changes(
        TASKS,
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.tasks]
            client = "customer_no"
            rows = "delete"
            "#,
        ),
        &["A"],
        &[
            "- tasks: 1|A|B|open|2026-01-01|call Ann",
            "- tasks: 2|A|NULL|done|2026-01-02|wrote to Ann",
            "- tasks: 4|A|NULL|NULL|NULL|thank Ann",
        ],
    );
}

#[test]
fn rows_are_deleted_where_a_condition_holds_and_the_others_are_anonymized() {
    assert_changes(
        TASKS,
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.tasks]
            client = ["customer_no", "owner_no"]
            rows = [
              { delete = "status = 'open' AND due <= {today}", for = "customer_no" },
              { delete = "due > {today}" },
            ]
            columns.id.class = "non-personal"
            columns.customer_no.class = "non-personal"
            columns.owner_no.class = "non-personal"
            columns.status.class = "non-personal"
            columns.due.class = "non-personal"
            columns.subject = { class = "personal", replace = "a task" }
            "#,
        ),
        &["A"],
        &[
            "- tasks: 1|A|B|open|2026-01-01|call Ann",
            "- tasks: 2|A|NULL|done|2026-01-02|wrote to Ann",
            "- tasks: 3|B|A|open|2026-01-03|call Bob",
            "- tasks: 4|A|NULL|NULL|NULL|thank Ann",
            "+ tasks: 2|A|NULL|done|2026-01-02|a task",
            "+ tasks: 4|A|NULL|NULL|NULL|a task",
        ],
    );
}

#[test]
fn rows_that_others_are_reached_through_are_deleted_after_them() {
    for action in ["", "ON DELETE CASCADE", "ON DELETE RESTRICT", "ON DELETE SET NULL"] {
        assert_changes(
            &format!(
                "CREATE TABLE customers (no TEXT PRIMARY KEY);
                 CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers {action});
                 CREATE TABLE lines (order_id INTEGER REFERENCES orders {action}, text TEXT);
                 INSERT INTO customers VALUES ('A'), ('B');
                 INSERT INTO orders VALUES (1, 'A'), (2, 'B');
                 INSERT INTO lines VALUES (1, 'for Ann'), (2, 'for Bob');"
            ),
            &policy(
                r#"
                tables.customers.columns.no.class = "non-personal"
                [tables.orders]
                client = "customer_no"
                rows = "delete"
                [tables.lines]
                client = { column = "order_id", through = "orders" }
                rows = "delete"
                "#,
            ),
            &["A"],
            &["- lines: 1|for Ann", "- orders: 1|A"],
        );
    }
}

const KEPT_LINES: &str = "
    tables.customers.columns.no.class = \"non-personal\"
    [tables.orders]
    client = \"customer_no\"
    rows = \"delete\"
    [tables.lines]
    client = { column = \"order_id\", through = \"orders\" }
    columns.order_id.class = \"non-personal\"
    columns.text = { class = \"personal\", clear = true }
";

fn kept_lines(action: &str) -> String {
    format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers);
         CREATE TABLE lines (order_id INTEGER REFERENCES orders {action}, text TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO orders VALUES (1, 'A'), (2, 'B');
         INSERT INTO lines VALUES (1, 'for Ann'), (2, 'for Bob');"
    )
}

#[test]
fn the_databases_own_cascade_takes_rows_along() {
    assert_changes(
        &kept_lines("ON DELETE CASCADE"),
        &policy(KEPT_LINES),
        &["A"],
        &["- lines: 1|for Ann", "- orders: 1|A"],
    );
    assert_changes(
        &kept_lines("ON DELETE SET NULL"),
        &policy(KEPT_LINES),
        &["A"],
        &["- lines: 1|for Ann", "+ lines: NULL|NULL", "- orders: 1|A"],
    );
}

#[tokio::test]
async fn a_cascade_that_the_policy_does_not_mention_is_pointed_out() {
    let company = Company::new(&kept_lines("ON DELETE CASCADE"), &policy(KEPT_LINES)).await;
    let loaded = company.context.planner.plan(&company.context.store).await.unwrap();
    let notes = &loaded.plan.notes;
    assert!(notes.iter().any(|note| note.starts_with("rows of `lines` go with those of `orders`")), "{notes:#?}");
}

#[tokio::test]
async fn a_client_whose_rows_the_database_will_not_let_go_fails_alone() {
    for action in ["ON DELETE RESTRICT", ""] {
        let company = Company::new(&kept_lines(action), &policy(KEPT_LINES)).await;
        company.execute("INSERT INTO customers VALUES ('C'); INSERT INTO orders VALUES (3, 'C')").await;
        let before = company.dump().await;
        let failed = either(
            r#"A failed ["FOREIGN KEY constraint failed"]"#,
            r#"A failed ["a foreign key: `lines_order_id_fkey` of `lines`"]"#,
        );
        assert_eq!(outcomes(&company, &["A", "C"]).await, [failed, "C anonymized"]);
        assert_eq!(difference(&before, &company.dump().await), ["- orders: 3|C"]);
    }
}

/// Customers and addresses that refer to each other.
fn referring(rows: &str) -> String {
    let refers = "default_address INTEGER REFERENCES addresses (id)";
    let customers = |refers: &str| format!("CREATE TABLE customers (no TEXT PRIMARY KEY, {refers});");
    let addresses =
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), street TEXT);";
    let made = either("", "ALTER TABLE customers ADD FOREIGN KEY (default_address) REFERENCES addresses (id);");
    let own = customers(either(refers, "default_address INTEGER"));
    format!("{own} {addresses} {made} {rows}")
}

#[test]
fn a_reference_is_cleared_before_the_row_goes_that_it_leads_to() {
    assert_changes(
        &referring(
            "INSERT INTO customers VALUES ('A', NULL), ('B', NULL);
             INSERT INTO addresses VALUES (1, 'A', 'Elm Road'), (2, 'A', 'Oak Road'), (3, 'B', 'Ash Road');
             UPDATE customers SET default_address = 2 WHERE no = 'A'; UPDATE customers SET default_address = 3 WHERE no = 'B';",
        ),
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            tables.customers.columns.default_address = { class = "non-personal", clear = true }
            [tables.addresses]
            client = "customer_no"
            rows = "delete"
            "#,
        ),
        &["A"],
        &["- addresses: 1|A|Elm Road", "- addresses: 2|A|Oak Road", "- customers: A|2", "+ customers: A|NULL"],
    );
}

#[test]
fn a_row_goes_that_is_reached_by_nothing_but_the_reference_to_it() {
    assert_changes(
        &referring(
            "INSERT INTO customers VALUES ('A', NULL), ('B', NULL);
             INSERT INTO addresses VALUES (1, NULL, 'Elm Road'), (3, 'B', 'Ash Road');
             UPDATE customers SET default_address = 1 WHERE no = 'A'; UPDATE customers SET default_address = 3 WHERE no = 'B';",
        ),
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            tables.customers.columns.default_address = { class = "non-personal", clear = true }
            [tables.addresses]
            client = [{ column = "id", equals = "default_address" }, "customer_no"]
            rows = "delete"
            "#,
        ),
        &["A"],
        &["- addresses: 1|NULL|Elm Road", "- customers: A|1", "+ customers: A|NULL"],
    );
}
