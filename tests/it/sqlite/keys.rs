//! Keys that ignore case, and columns without a type.

use lethe::domain::outcome::Outcome;
use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::open;
use lethe::worker::wait_for;
use tokio_util::sync::CancellationToken;

use crate::common::Company;
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

/// Sweeps by date, in batches of this size, and returns what became of whom.
async fn due(company: &Company, batch_size: usize) -> Vec<String> {
    let mut context = company.context.clone();
    context.limits.batch_size = batch_size;
    let request = company.request(SweepKind::Due);
    let id = open(&context, &request).await.expect("a sweep").expect("its number");
    wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await.expect("it ends");
    company
        .rows("SELECT client_key || ' ' || outcome || coalesce(' ' || reasons, '') FROM lethe_outcomes ORDER BY client_key")
        .await
}

#[tokio::test]
async fn a_key_that_no_text_can_name_is_one_failed_client_and_the_others_go_through() {
    let clients = "('C1', 'a'), (x'4331', 'b'), (CAST(x'43e9' AS TEXT), 'c'), ('Zoë', 'd')";
    for batch_size in [1, 2, 100] {
        let company = Company::new(&schema("no TEXT", "customer_no TEXT", clients, "('C1', 'x')"), POLICY).await;
        let expected = [
            "C1 anonymized",
            "Zoë anonymized",
            "t'43E9' failed [\"the key `customers.no` is not valid UTF-8\"]",
            "x'4331' failed [\"the key `customers.no` holds bytes, not a text\"]",
        ];
        let (found, looked_at) = company.preview(&company.request(SweepKind::Due)).await;
        assert_eq!((found.tally.anonymized, found.tally.failed, looked_at.len()), (2, 2, 4));
        assert_eq!(due(&company, batch_size).await, expected);
        // Named as the ledger does, each is found, and fails again; a second night says the same once more.
        for key in ["t'43E9'", "x'4331'"] {
            let (_, clients) = company.preview(&company.forced(&[key])).await;
            assert_eq!((clients[0].key.as_str(), clients[0].outcome), (key, Outcome::Failed));
        }
        assert_eq!(due(&company, batch_size).await, expected);
        assert_eq!(
            company.rows("SELECT email FROM customers WHERE email NOT LIKE '%@invalid' ORDER BY email").await,
            ["b", "c"]
        );
    }
}

#[tokio::test]
async fn texts_that_look_like_the_name_of_such_a_key_are_clients_of_their_own() {
    let clients = "('x''4331''', 'a'), (x'4331', 'b'), ('\"x''4331''\"', 'c'), ('\"A\"', 'd')";
    let company = Company::new(&schema("no TEXT", "customer_no TEXT", clients, "(NULL, 'x')"), POLICY).await;
    assert_eq!(due(&company, 2).await.iter().filter(|own| own.ends_with("anonymized")).count(), 3);
    assert_eq!(company.rows("SELECT email FROM customers WHERE email NOT LIKE '%@invalid'").await, ["b"]);
}

#[tokio::test]
async fn a_number_and_the_text_of_it_are_two_clients_in_a_column_without_a_type() {
    let schema = schema("no", "customer_no", "(7, 'a'), ('7', 'b'), (7.5, 'c'), ('8', 'd')", "(7, 'x'), ('7', 'y')");
    let company = Company::new(&schema, POLICY).await;
    assert_eq!(due(&company, 1).await, ["\"7\" anonymized", "\"8\" anonymized", "7 anonymized", "7.5 anonymized"]);
    assert_eq!(company.rows("SELECT body FROM notes ORDER BY body").await, ["on 7", "on 7"]);

    for (key, changed) in [("7", "a"), ("\"7\"", "b"), ("7.5", "c"), ("8", "d"), ("\"8\"", "d")] {
        let company = Company::new(&schema, POLICY).await;
        assert_eq!(company.sweep(&company.forced(&[key])).await.expect("a sweep").anonymized, 1, "{key}");
        let left = company.rows("SELECT email FROM customers WHERE email NOT LIKE '%@invalid' ORDER BY email").await;
        assert!(left.len() == 3 && !left.contains(&changed.to_owned()), "{key}: {left:?}");
    }
}

#[tokio::test]
async fn so_they_are_in_a_column_for_anything_of_a_strict_table() {
    let schema = "CREATE TABLE customers (no ANY PRIMARY KEY, email TEXT, due TEXT DEFAULT '2026-01-01') STRICT;
         CREATE TABLE notes (customer_no ANY REFERENCES customers, body TEXT) STRICT;
         INSERT INTO customers (no, email) VALUES (7, 'a'), ('7', 'b');
         INSERT INTO notes VALUES (7, 'x'), ('7', 'y');";
    let company = Company::new(schema, POLICY).await;
    assert_eq!(company.sweep(&company.forced(&["\"7\""])).await.expect("a sweep").anonymized, 1);
    assert_eq!(company.rows("SELECT email FROM customers ORDER BY email").await, ["7@invalid", "a"]);
    assert_eq!(company.rows("SELECT body FROM notes ORDER BY body").await, ["on 7", "x"]);
    assert_eq!(due(&company, 1).await, ["\"7\" anonymized", "7 anonymized"]);
}

#[tokio::test]
async fn a_real_number_as_key_is_found_with_all_its_digits() {
    let clients = "(0.1, 'a'), (0.30000000000000004, 'b'), (0.3, 'c'), (1234567890.1234567, 'd'), (1e300, 'e')";
    let company = Company::new(&schema("no REAL", "customer_no REAL", clients, "(0.3, 'x')"), POLICY).await;
    let found = due(&company, 1).await;
    assert_eq!(found.iter().filter(|own| own.ends_with("anonymized")).count(), 5, "{found:?}");
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE email NOT LIKE '%@invalid'").await, ["0"]);
}
