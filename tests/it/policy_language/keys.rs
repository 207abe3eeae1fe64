//! What a client's key can be.

use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::count;

use super::support::{assert_changes, changes, policy, previewed};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

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
fn an_integer_key() {
    assert_changes(
        &schema(
            either("no INTEGER", "no BIGINT"),
            either("customer_no INTEGER", "customer_no BIGINT"),
            "(7, 'a'), (77, 'b'), (-1, 'c'), (9007199254740993, 'd')",
            "(7, 'x'), (77, 'y'), (-1, 'z'), (9007199254740993, 'w')",
        ),
        POLICY,
        &["7", "-1", "9007199254740993"],
        &[
            "- customers: -1|c|2026-01-01",
            "- customers: 7|a|2026-01-01",
            "- customers: 9007199254740993|d|2026-01-01",
            "+ customers: -1|-1@invalid|2026-01-01",
            "+ customers: 7|7@invalid|2026-01-01",
            "+ customers: 9007199254740993|9007199254740993@invalid|2026-01-01",
            "- notes: -1|z",
            "- notes: 7|x",
            "- notes: 9007199254740993|w",
            "+ notes: -1|on -1",
            "+ notes: 7|on 7",
            "+ notes: 9007199254740993|on 9007199254740993",
        ],
    );
}

#[test]
fn a_text_key_with_leading_zeros_is_no_number() {
    assert_changes(
        &schema(
            "no TEXT",
            "customer_no TEXT",
            "('007', 'a'), ('7', 'b'), ('7.0', 'c')",
            "('007', 'x'), ('7', 'y'), ('7.0', 'z')",
        ),
        POLICY,
        &["007"],
        &[
            "- customers: 007|a|2026-01-01",
            "+ customers: 007|007@invalid|2026-01-01",
            "- notes: 007|x",
            "+ notes: 007|on 007",
        ],
    );
}

#[test]
fn a_text_key_of_any_characters() {
    let keys =
        ["O'Brien", "say \"hi\"", "🙂é", "a,b", "[\"x\"]", "back\\slash", "100%", "{key}", "x y", "NULL", "-- no"];
    let clients: Vec<String> = keys.iter().map(|key| format!("('{}', 'e')", key.replace('\'', "''"))).collect();
    let notes: Vec<String> = keys.iter().map(|key| format!("('{}', 'n')", key.replace('\'', "''"))).collect();
    let schema = schema("no TEXT", "customer_no TEXT", &clients.join(","), &notes.join(","));
    for key in keys {
        assert_changes(
            &schema,
            POLICY,
            &[key],
            &[
                &format!("- customers: {key}|e|2026-01-01"),
                &format!("+ customers: {key}|{key}@invalid|2026-01-01"),
                &format!("- notes: {key}|n"),
                &format!("+ notes: {key}|on {key}"),
            ],
        );
    }
}

#[tokio::test]
async fn keys_of_any_kind_are_found_by_their_date() {
    let numbers = ("INTEGER", "(1, 'a'), (2, 'b'), (10, 'c')");
    let texts = ("TEXT", "('''', 'a'), ('\"', 'b'), ('🙂', 'c'), ('', 'd')");
    let own = if is_on_postgres() {
        [
            ("UUID", "('00000000-0000-0000-0000-0000000000aa', 'a'), ('ffffffff-0000-0000-0000-000000000000', 'b')"),
            ("NUMERIC(20)", "(1, 'a'), (12345678901234567890, 'b'), (-3, 'c')"),
        ]
    } else {
        [("", "(1, 'a'), (2, 'b'), ('x', 'c')"), ("TEXT COLLATE NOCASE", "('a', 'a'), ('B', 'b')")]
    };
    for (key, clients) in [numbers, texts].into_iter().chain(own) {
        let schema = schema(&format!("no {key}"), &format!("customer_no {key}"), clients, "(NULL, NULL)");
        let company = Company::new(&schema, POLICY).await;
        let mut context = company.context.clone();
        context.limits.batch_size = 1;
        let company = Company { context, ..company };
        let expected = clients.matches("), (").count() as u64 + 1;
        assert_eq!(previewed(&company, SweepKind::Due).await.len() as u64, expected, "{key}");
        assert_eq!(company.due().await.anonymized, expected, "{key}");
        assert_eq!(company.due().await.looked_at(), 0, "{key}");
        assert_eq!(
            company.rows("SELECT count(*) FROM customers WHERE email NOT LIKE '%@invalid'").await,
            ["0"],
            "{key}"
        );
    }
}

#[tokio::test]
async fn the_key_need_not_be_the_primary_key() {
    let company = Company::new(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, no TEXT NOT NULL UNIQUE, email TEXT);
         CREATE TABLE notes (customer_id INTEGER REFERENCES customers, body TEXT);
         INSERT INTO customers VALUES (1, '2', 'a'), (2, '1', 'b');
         INSERT INTO notes VALUES (1, 'on 2'), (2, 'on 1');",
        &policy(
            r#"
            [tables.customers.columns]
            id.class = "non-personal"
            no.class = "non-personal"
            email = { class = "personal", clear = true }
            [tables.notes]
            client = "customer_id"
            rows = "delete"
            "#,
        ),
    )
    .await;
    assert_eq!(changes(&company, &["2"]).await, ["- customers: 1|2|a", "+ customers: 1|2|NULL", "- notes: 1|on 2"]);
}

#[tokio::test]
async fn clients_without_a_key_fail_as_one_and_the_others_go_through() {
    let keyless = "NULL (`customers.no`)";
    for batch_size in [1, 100] {
        let schema = "CREATE TABLE customers (id INTEGER PRIMARY KEY, no TEXT UNIQUE, email TEXT, due DATE DEFAULT '2026-01-01');
             INSERT INTO customers (id, no, email) VALUES (1, NULL, 'a'), (2, 'B', 'b'), (3, NULL, 'c'), (4, 'D', 'd');";
        let company = Company::new(
            schema,
            r#"
            client = { table = "customers", key = "no", to_anonymize_on = "due" }
            [period]
            length = "1 day"
            otherwise = "due"
            [tables.customers.columns]
            id.class = "non-personal"
            no.class = "non-personal"
            email = { class = "personal", replace = "{key}@invalid" }
            due.class = "non-personal"
            "#,
        )
        .await;
        let mut context = company.context.clone();
        context.limits.batch_size = batch_size;
        let company = Company { context, ..company };
        let expected = [
            "B anonymized".to_owned(),
            "D anonymized".to_owned(),
            format!("{keyless} failed the key `customers.no` is NULL"),
        ];
        assert_eq!(previewed(&company, SweepKind::Due).await, expected);
        company.set_clock("2026-02-02T12:00:00Z");
        assert_eq!(previewed(&company, SweepKind::Period).await, expected);
        let counted = count(&company.context, &company.request(SweepKind::Due)).await.expect("a count");
        assert_eq!(counted, 3);
        let tally = company.due().await;
        assert_eq!((tally.anonymized, tally.failed), (2, 1));
        let tally = company.period().await;
        assert_eq!((tally.anonymized, tally.failed), (0, 1));
        assert_eq!(company.rows("SELECT email FROM customers ORDER BY id").await, ["a", "B@invalid", "c", "D@invalid"]);
        assert_eq!(company.rows("SELECT client_key FROM lethe_outcomes WHERE outcome = 'failed'").await, [keyless]);
    }
}

#[tokio::test]
async fn two_spellings_of_one_key_are_one_client() {
    let own = if is_on_postgres() {
        vec![
            ("NUMERIC(20, 2)", "(7, 'a')", vec!["7", "7.0", "007.00"]),
            (
                "UUID",
                "('0000000a-0000-0000-0000-0000000000aa', 'a')",
                vec!["0000000a-0000-0000-0000-0000000000aa", "0000000A-0000-0000-0000-0000000000AA"],
            ),
            ("CHAR(5)", "('A', 'a')", vec!["A", "A  "]),
        ]
    } else {
        vec![
            ("TEXT COLLATE NOCASE", "('Ann', 'a')", vec!["ann", "ANN"]),
            ("NUMERIC", "(7, 'a')", vec!["7", "7.0", "+7"]),
        ]
    };
    for (key, clients, named) in [("INTEGER", "(7, 'a')", vec!["7", "007", "7"])].into_iter().chain(own) {
        let schema = schema(&format!("no {key}"), &format!("customer_no {key}"), clients, "(NULL, NULL)");
        let company = Company::new(&schema, POLICY).await;
        let request = company.forced(&named);
        let (found, looked_at) = company.preview(&request).await;
        assert_eq!((found.tally.anonymized, looked_at.len()), (1, 1), "{key}");
        let tally = company.sweep(&request).await.expect("a sweep");
        assert_eq!((tally.anonymized, tally.looked_at()), (1, 1), "{key}");
    }
}

#[tokio::test]
async fn a_listed_key_that_the_column_could_not_hold_is_not_found() {
    let own = if is_on_postgres() {
        vec![
            ("DATE", "('2020-01-01', 'a')", "2020-01-01"),
            ("INET", "('10.0.0.1', 'a')", "10.0.0.1"),
            ("TIMESTAMP", "('2020-01-01 10:00', 'a')", "2020-01-01 10:00:00"),
            ("DOUBLE PRECISION", "(1.5, 'a')", "1.5"),
            ("NUMERIC", "('NaN', 'a')", "NaN"),
            ("UUID", "('0000000a-0000-0000-0000-0000000000aa', 'a')", "0000000a-0000-0000-0000-0000000000aa"),
        ]
    } else {
        Vec::new()
    };
    for (key, clients, good) in [("INTEGER", "(7, 'a')", "7")].into_iter().chain(own) {
        let schema = schema(&format!("no {key}"), &format!("customer_no {key}"), clients, "(NULL, NULL)");
        let company = Company::new(&schema, POLICY).await;
        let tally = company.sweep(&company.forced(&["customer_no", good, "2020-13-45"])).await.expect("a sweep");
        assert_eq!((tally.anonymized, tally.not_found), (1, 2), "{key}");
    }
}
