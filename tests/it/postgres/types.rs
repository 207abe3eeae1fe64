//! What columns can be that no other database has.

use crate::policy_language::support::{assert_changes, assert_refused, policy, problems};

/// The rules for one client table of these columns, its key apart.
fn columns(rules: &str) -> String {
    policy(&format!("[tables.customers.columns]\nno.class = \"non-personal\"\n{rules}"))
}

#[test]
fn enums_arrays_domains_and_addresses_are_replaced_and_emptied_as_their_types_allow() {
    super::on_postgres();
    assert_changes(
        "CREATE EXTENSION citext;
         CREATE TYPE mood AS ENUM ('happy', 'unknown');
         CREATE DOMAIN address AS text CHECK (VALUE LIKE '%@%');
         CREATE TABLE customers (no TEXT PRIMARY KEY, mood mood NOT NULL, tags text[] NOT NULL, scores int[], email address,
           nick citext UNIQUE, host inet, owed numeric(10, 2), vip boolean);
         INSERT INTO customers VALUES ('A', 'happy', '{ann,archer}', '{1,2}', 'ann@x.example', 'Annie', '10.0.0.1', 1.50, true),
           ('B', 'happy', '{bob}', NULL, 'bob@x.example', 'Bobby', NULL, 2, false);",
        &columns(
            r#"
            mood = { class = "personal", replace = "unknown" }
            tags = { class = "personal", clear = true }
            scores = { class = "personal", replace = "{{0}}" }
            email = { class = "personal", replace = "{key}@invalid" }
            nick = { class = "personal", replace = "client {key}" }
            host = { class = "personal", clear = true }
            owed = { class = "personal", replace = 0 }
            vip = { class = "personal", replace = false }
            "#,
        ),
        &["A"],
        &[
            "- customers: A|happy|{ann,archer}|{1,2}|ann@x.example|Annie|10.0.0.1|1.50|1",
            "+ customers: A|unknown|{}|{0}|A@invalid|client A|NULL|0.00|0",
        ],
    );
}

#[test]
fn dates_and_moments_are_coarsened() {
    super::on_postgres();
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, born date, seen timestamp, called timestamptz, visited date);
         INSERT INTO customers VALUES ('A', '1987-06-05', '2021-06-05 14:15:16', '2021-01-01 00:30:00+01', '2021-06-05'),
           ('B', NULL, NULL, NULL, NULL), ('C', '0044-03-15 BC', 'infinity', NULL, '1990-01-01');",
        &columns(
            r#"
            born = { class = "personal", generalize = "decade" }
            seen = { class = "personal", generalize = "month" }
            called = { class = "personal", generalize = "year" }
            visited = { class = "personal", replace = "1900-01-01" }
            "#,
        ),
        &["A"],
        &[
            "- customers: A|1987-06-05|2021-06-05 14:15:16|2020-12-31 23:30:00+00|2021-06-05",
            "+ customers: A|1980-01-01|2021-06-01 00:00:00|2020-01-01 00:00:00+00|1900-01-01",
        ],
    );
}

#[test]
fn documents_of_every_type_lose_their_paths_and_not_null_ones_become_empty_ones() {
    super::on_postgres();
    assert_changes(
        r#"CREATE TABLE customers (no TEXT PRIMARY KEY, a jsonb, b json, c text, d jsonb NOT NULL, e json NOT NULL);
         INSERT INTO customers SELECT no, doc::jsonb, doc::json, doc, doc::jsonb, doc::json
           FROM (VALUES ('A', '{"list":[{"name":"Ann","age":7},{"age":8}],"tags":["x"]}'), ('B', '[1]')) AS v (no, doc);"#,
        &columns(
            r#"
            a = { class = "personal", redact = ["$.list[*].name", "$.tags[*]"] }
            b = { class = "personal", redact = ["$.list[*].name", "$.tags[*]"] }
            c = { class = "personal", redact = ["$.list[*].name", "$.tags[*]"] }
            d = { class = "personal", clear = true }
            e = { class = "personal", clear = true }
            "#,
        ),
        &["A", "B"],
        &[
            r#"- customers: A|{"list": [{"age": 7, "name": "Ann"}, {"age": 8}], "tags": ["x"]}|{"list":[{"name":"Ann","age":7},{"age":8}],"tags":["x"]}|{"list":[{"name":"Ann","age":7},{"age":8}],"tags":["x"]}|{"list": [{"age": 7, "name": "Ann"}, {"age": 8}], "tags": ["x"]}|{"list":[{"name":"Ann","age":7},{"age":8}],"tags":["x"]}"#,
            "- customers: B|[1]|[1]|[1]|[1]|[1]",
            r#"+ customers: A|{"list": [{"age": 7}, {"age": 8}], "tags": []}|{"list": [{"age": 7}, {"age": 8}], "tags": []}|{"list": [{"age": 7}, {"age": 8}], "tags": []}|{}|{}"#,
            "+ customers: B|[1]|[1]|[1]|{}|{}",
        ],
    );
}

#[test]
fn a_placeholder_that_a_type_cannot_take_is_refused_when_the_plan_is_made() {
    super::on_postgres();
    for (declared, rule, what) in [
        ("mood", "replace = \"nobody\"", "invalid input value for enum mood: \"nobody\""),
        ("uuid", "replace = \"nobody\"", "invalid input syntax for type uuid: \"nobody\""),
        ("inet", "replace = \"nowhere\"", "invalid input syntax for type inet: \"nowhere\""),
        ("address", "replace = \"nobody\"", "value for domain address violates check constraint \"address_check\""),
        ("int[]", "replace = \"none\"", "malformed array literal: \"none\""),
        ("jsonb", "replace = \"none\"", "invalid input syntax for type json"),
        ("date", "replace = \"someday\"", "is declared date and cannot hold this text"),
        (
            "varchar(4)",
            "replace = \"nobody\"",
            "is declared character varying(4) and the text needs up to 6 characters",
        ),
        ("uuid NOT NULL", "clear = true", "invalid input syntax for type uuid: \"\""),
        ("point", "generalize = { first = 2 }", "function substr(point, integer, integer) does not exist"),
        ("boolean", "redact = [\"$.x\"]", "is declared boolean and cannot hold JSON"),
    ] {
        let schema = format!(
            "CREATE TYPE mood AS ENUM ('happy'); CREATE DOMAIN address AS text CHECK (VALUE LIKE '%@%');
             CREATE TABLE customers (no TEXT PRIMARY KEY, held {declared});"
        );
        assert_refused(&schema, &columns(&format!("held = {{ class = \"personal\", {rule} }}")), "customers", what);
    }
}

#[test]
fn a_key_that_ignores_case_is_one_client_however_it_is_written() {
    super::on_postgres();
    assert_changes(
        "CREATE EXTENSION citext;
         CREATE TABLE customers (no citext PRIMARY KEY, name TEXT);
         CREATE TABLE notes (customer_no citext REFERENCES customers, body TEXT);
         INSERT INTO customers VALUES ('Ann', 'a'), ('Bob', 'b');
         INSERT INTO notes VALUES ('Ann', 'x'), ('ANN', 'y'), ('bob', 'z');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            name = { class = "personal", clear = true }
            [tables.notes]
            client = "customer_no"
            columns.customer_no.class = "non-personal"
            columns.body = { class = "personal", clear = true }
            "#,
        ),
        &["ann"],
        &[
            "- customers: Ann|a",
            "+ customers: Ann|NULL",
            "- notes: ANN|y",
            "- notes: Ann|x",
            "+ notes: ANN|NULL",
            "+ notes: Ann|NULL",
        ],
    );
}

#[test]
fn keys_are_compared_across_types_that_the_server_would_not_compare() {
    super::on_postgres();
    for (key, reference, value) in [
        ("text", "bigint", "7"),
        ("bigint", "text", "7"),
        ("uuid", "text", "0b0e8c1e-0000-4000-8000-000000000007"),
        ("varchar(40)", "uuid", "0b0e8c1e-0000-4000-8000-000000000007"),
        ("smallint", "bigint", "7"),
        ("numeric(20)", "text", "7"),
        ("char(8)", "text", "client 7"),
    ] {
        assert_changes(
            &format!(
                "CREATE TABLE customers (no {key} PRIMARY KEY, name TEXT);
                 CREATE TABLE tasks (owner_id {reference}, owner_type TEXT, body TEXT);
                 INSERT INTO customers VALUES ('{value}', 'Ann');
                 INSERT INTO tasks VALUES ('{value}', 'customer', 'x'), ('{value}', 'supplier', 'y'), (NULL, 'customer', 'z');"
            ),
            &policy(
                r#"
                [tables.customers.columns]
                no.class = "non-personal"
                name = { class = "personal", replace = "{key}" }
                [tables.tasks]
                client = { column = "owner_id", where = "owner_type = 'customer'" }
                columns.owner_id.class = "non-personal"
                columns.owner_type.class = "non-personal"
                columns.body = { class = "personal", clear = true }
                "#,
            ),
            &[value],
            &[
                &format!("- customers: {value}|Ann"),
                &format!("+ customers: {value}|{value}"),
                &format!("- tasks: {value}|customer|x"),
                &format!("+ tasks: {value}|customer|NULL"),
            ],
        );
    }
}

#[tokio::test]
async fn a_key_of_a_type_that_cannot_be_compared_is_refused() {
    super::on_postgres();
    let found = problems(
        "CREATE TABLE customers (no json, name TEXT);",
        &policy("[tables.customers.columns]\nno.class = \"non-personal\"\nname.class = \"non-personal\""),
    )
    .await;
    assert!(!found.is_empty() && found[0].contains("customers"), "{found:#?}");
}
