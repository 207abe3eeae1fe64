//! Columns that take anything, and tables that do not.

use crate::policy_language::support::{assert_changes, policy, problems};

/// The rules for one client table of these columns, its key apart.
fn columns(rules: &str) -> String {
    policy(&format!("[tables.customers.columns]\nno.class = \"non-personal\"\n{rules}"))
}

#[test]
fn a_constant_settles_whatever_type_the_column_is_declared_with() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, a TEXT, b STRING, c, d NUMERIC(10,2), e BLOB, f JSON, g VARCHAR(3));
         INSERT INTO customers VALUES ('A', 'x', 'x', 'x', 1.23, x'0102', '{}', 'x');",
        &columns(
            r#"
            a = { class = "personal", replace = 5 }
            b = { class = "personal", replace = "007" }
            c = { class = "personal", replace = 5.0 }
            d = { class = "personal", replace = "9.90" }
            e = { class = "personal", replace = "none" }
            f = { class = "personal", replace = "[1, 2]" }
            g = { class = "personal", replace = true }
            "#,
        ),
        &["A"],
        &["- customers: A|x|x|x|1.23|2 bytes|{}|x", "+ customers: A|5|7|5|9.9|none|[1, 2]|1"],
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
