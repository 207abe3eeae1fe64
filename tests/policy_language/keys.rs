//! What a client's key can be.

use lethe::domain::sweep::SweepKind;

use crate::common::Company;
use crate::support::{assert_changes, changes, policy, previewed};

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
            "no INTEGER",
            "customer_no INTEGER",
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
    for (key, clients) in [
        ("no INTEGER", "(1, 'a'), (2, 'b'), (10, 'c')"),
        ("no TEXT", "('''', 'a'), ('\"', 'b'), ('🙂', 'c'), ('', 'd')"),
        ("no", "(1, 'a'), (2, 'b'), ('x', 'c')"),
        ("no TEXT COLLATE NOCASE", "('a', 'a'), ('B', 'b')"),
    ] {
        let company = Company::new(&schema(key, "customer_no", clients, "(NULL, NULL)"), POLICY).await;
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
    let company = Company::new(schema, policy).await;
    assert_eq!(previewed(&company, SweepKind::Period).await, [r#"["fr",1] anonymized"#]);
    assert_eq!(company.period().await.anonymized, 1);
    assert_eq!(company.rows("SELECT name FROM contacts").await, ["NULL", "shared"]);
    assert_eq!(company.rows("SELECT text FROM entries").await, ["of FR-1", "y", "z"]);
    company.set_clock("2026-06-02T12:00:00Z");
    assert_eq!(previewed(&company, SweepKind::Period).await, [r#"["fr",2] refused open"#]);
    company.execute("UPDATE entries SET open = 0").await;
    assert_eq!(company.period().await.anonymized, 1);
    assert_eq!(
        changes(&company, &["DE, 1"]).await,
        [
            "- contacts: 2|shared",
            "+ contacts: 2|NULL",
            "- entries: DE|1|2025-01-01|0|z",
            "+ entries: DE|1|2025-01-01|0|of DE-1"
        ]
    );
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
