//! Keys that ignore case, and columns without a type.

use crate::policy_language::support::assert_changes;

/// A client table and a table of notes that refers to it, with these key columns and rows.
fn schema(key: &str, reference: &str, clients: &str, notes: &str) -> String {
    format!(
        "CREATE TABLE customers ({key} PRIMARY KEY, email TEXT, due DATE DEFAULT '2026-01-01');
         CREATE TABLE notes ({reference} REFERENCES customers, body TEXT);
         INSERT INTO customers (no, email) VALUES {clients};
         INSERT INTO notes VALUES {notes};"
    )
}

const POLICY: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    [tables.customers.columns]
    no.class = "non-personal"
    email = { class = "personal", replace = "{key}@invalid" }
    due.class = "non-personal"
    [tables.notes]
    client = "customer_no"
    columns.customer_no.class = "non-personal"
    columns.body = { class = "personal", replace = "on {key}" }
"#;

#[test]
fn a_key_that_ignores_case_is_one_client_however_it_is_written() {
    for (key, reference) in
        [("no TEXT COLLATE NOCASE", "customer_no TEXT COLLATE NOCASE"), ("no TEXT COLLATE NOCASE", "customer_no TEXT")]
    {
        assert_changes(
            &schema(key, reference, "('Ann', 'a'), ('Bob', 'b')", "('Ann', 'x'), ('ANN', 'y'), ('bob', 'z')"),
            POLICY,
            &["ann"],
            &[
                "- customers: Ann|a|2026-01-01",
                "+ customers: Ann|Ann@invalid|2026-01-01",
                "- notes: ANN|y",
                "- notes: Ann|x",
                "+ notes: ANN|on ANN",
                "+ notes: Ann|on Ann",
            ],
        );
    }
}

#[test]
fn a_key_that_heeds_case_is_not_mistaken_by_a_reference_that_does_not() {
    assert_changes(
        &schema(
            "no TEXT",
            "customer_no TEXT COLLATE NOCASE",
            "('ann', 'a'), ('ANN', 'b')",
            "('ann', 'x'), ('ANN', 'y')",
        ),
        POLICY,
        &["ann"],
        &[
            "- customers: ann|a|2026-01-01",
            "+ customers: ann|ann@invalid|2026-01-01",
            "- notes: ann|x",
            "+ notes: ann|on ann",
        ],
    );
}

#[test]
fn a_number_in_a_column_without_a_type_is_the_key_it_equals() {
    assert_changes(
        &schema("no INTEGER", "customer_no", "(7, 'a'), (8, 'b')", "(7, 'x'), (8, 'y')"),
        POLICY,
        &["7"],
        &["- customers: 7|a|2026-01-01", "+ customers: 7|7@invalid|2026-01-01", "- notes: 7|x", "+ notes: 7|on 7"],
    );
    assert_changes(
        &schema("no INTEGER", "customer_no TEXT", "(7, 'a'), (8, 'b')", "('7', 'x'), ('8', 'y')"),
        POLICY,
        &["7"],
        &["- customers: 7|a|2026-01-01", "+ customers: 7|7@invalid|2026-01-01", "- notes: 7|x", "+ notes: 7|on 7"],
    );
}
