//! What cannot become a plan, because a second run could do something else, or
//! because it would be passed over in silence.

use std::collections::BTreeMap;

use lethe::worker::sweep::{Mode, SweepError};

use super::support::{assert_refused, list, policy};
use crate::common::Company;
use crate::common::place::either;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, type TEXT, name TEXT, nick TEXT, born DATE, extra TEXT, bill_to TEXT REFERENCES customers, photo BLOB);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, payer_no TEXT, status TEXT, note TEXT);
";

/// The complete policy, with something said otherwise of the client table and of the orders: of a
/// column, or of the table itself. What is said to be empty is left out.
fn with(customers: &[(&str, &str)], orders: &[(&str, &str)]) -> String {
    let client_columns = ["no", "type", "name", "nick", "born", "extra", "bill_to", "photo"];
    let order_columns = ["id", "customer_no", "payer_no", "status", "note"];
    let ways = ("client", "[\"customer_no\", \"payer_no\"]");
    policy(&format!(
        "[tables.customers]\n{}[tables.orders]\n{}",
        lines(&client_columns, customers),
        lines(&order_columns, &[&[ways][..], orders].concat())
    ))
}

fn lines(columns: &[&str], said: &[(&str, &str)]) -> String {
    let non_personal = "{ class = \"non-personal\" }";
    let mut all: BTreeMap<&str, &str> = columns.iter().map(|name| (*name, non_personal)).collect();
    all.extend(said.iter().copied());
    let of_the_table = |name: &str| ["client", "rows", "key_value"].contains(&name) || name.starts_with("keys.");
    let mut text = String::new();
    for (name, rule) in all.into_iter().filter(|(_, rule)| !rule.is_empty()) {
        let prefix = if of_the_table(name) { "" } else { "columns." };
        text += &format!("{prefix}{name} = {rule}\n");
    }
    text
}

#[test]
fn a_rule_that_depends_on_what_is_changed_too() {
    let copied = with(
        &[("name", "{ class = \"personal\", copy = \"nick\" }"), ("nick", "{ class = \"personal\", clear = true }")],
        &[],
    );
    assert_refused(SCHEMA, &copied, "customers.columns.name", "depends on `nick`, which is changed too");
    let itself = with(
        &[(
            "name",
            "{ class = \"personal\", actions = [{ where = \"name = 'x'\", clear = true }, { replace = \"x\" }] }",
        )],
        &[],
    );
    assert_refused(SCHEMA, &itself, "customers.columns.name", "depends on `name`");
}

#[test]
fn a_rule_that_depends_on_a_column_computed_from_what_is_changed_too() {
    let replaced = ("name", "{ class = \"personal\", replace = \"Client\" }");
    let schema = SCHEMA
        .replace("nick TEXT", "nick TEXT GENERATED ALWAYS AS (lower(name)) STORED")
        .replace("note TEXT", "note TEXT, code TEXT GENERATED ALWAYS AS (lower(note)) STORED");
    let copied = with(&[replaced, ("nick", ""), ("extra", "{ class = \"personal\", copy = \"nick\" }")], &[]);
    assert_refused(&schema, &copied, "customers.columns.extra", "depends on `name`, which is changed too");
    let cleared = ("note", "{ class = \"personal\", clear = true }");
    let deleted = with(&[("nick", "")], &[("rows", "[{ delete = \"code = 'x'\" }]"), cleared]);
    assert_refused(&schema, &deleted, "tables.orders.rows", "depends on `note`, which a rule of this table changes");
    let unique = schema.replace("(lower(name)) STORED", "(lower(name)) STORED UNIQUE");
    assert_refused(&unique, &with(&[replaced, ("nick", "")], &[]), "customers.columns.name", "`name` is UNIQUE");
}

#[test]
fn a_rule_for_one_link_that_depends_on_what_is_changed_for_another() {
    let orders = [
        ("status", "{ class = \"personal\", clear = true }"),
        ("note", "{ class = \"personal\", clear = true, where = \"status = 'open'\", for = \"payer_no\" }"),
    ];
    assert_refused(SCHEMA, &with(&[], &orders), "orders.columns.note", "depends on `status`");
    let pointing = [
        ("payer_no", "{ class = \"personal\", clear = true, where = \"note <> ''\" }"),
        ("note", "{ class = \"personal\", clear = true }"),
    ];
    assert_refused(SCHEMA, &with(&[], &pointing), "orders.columns.payer_no", "depends on `note`");
}

#[tokio::test]
async fn within_one_link_a_condition_reads_the_row_as_it_was() {
    let rules = with(
        &[
            ("type", "{ class = \"personal\", clear = true }"),
            ("name", "{ class = \"personal\", clear = true, where = \"type = 'person'\" }"),
        ],
        &[],
    );
    let company = Company::new(SCHEMA, &rules).await;
    company
        .execute("INSERT INTO customers (no, type, name) VALUES ('A', 'person', 'Ann'), ('B', 'company', 'Baker')")
        .await;
    company.sweep(&list(&company, &["A", "B"]).await).await.unwrap();
    assert_eq!(company.rows("SELECT no, type, name FROM customers ORDER BY no").await, ["A|NULL|NULL", "B|NULL|Baker"]);
}

#[test]
fn a_deletion_that_depends_on_what_is_changed() {
    let orders = [("rows", "[{ delete = \"note = ''\" }]"), ("note", "{ class = \"personal\", replace = \"\" }")];
    assert_refused(SCHEMA, &with(&[], &orders), "tables.orders.rows[1]", "depends on `note`");
}

#[test]
fn the_day_without_a_condition() {
    let dated = with(&[("name", "{ class = \"personal\", replace = \"gone on {today}\" }")], &[]);
    assert_refused(SCHEMA, &dated, "customers.columns.name", "would change the column again every day");
}

#[test]
fn an_element_of_a_list_whose_place_the_next_one_takes() {
    let first = with(&[("extra", "{ class = \"personal\", redact = [\"$.phones[0]\"] }")], &[]);
    assert_refused(SCHEMA, &first, "customers.columns.extra", "the next element");
    let star = with(&[("extra", "{ class = \"personal\", redact = [\"$.phones.*.no\"] }")], &[]);
    assert_refused(SCHEMA, &star, "customers.columns.extra", "`[*]`");
}

#[tokio::test]
async fn what_only_the_data_can_show_is_found_by_the_rehearsal() {
    let rules =
        with(&[("name", "{ class = \"personal\", replace = \"{key}, {today}\", where = \"name <> ''\" }")], &[]);
    let company = Company::new(SCHEMA, &rules).await;
    company.execute("INSERT INTO customers (no, name) VALUES ('A', 'Ann')").await;
    let before = company.dump().await;
    let rehearsed = company.survey(&list(&company, &["A"]).await, Mode::Rehearsal).await;
    assert!(matches!(rehearsed, Err(SweepError::NotSettled(tables)) if tables == ["customers"]));
    assert_eq!(company.dump().await, before);
}

#[test]
fn a_for_that_names_no_link() {
    for (setting, rule, place) in [
        ("rows", "[{ delete = \"status = 'x'\", for = \"pays\" }]", "tables.orders.rows[1]"),
        ("note", "{ class = \"personal\", clear = true, for = \"pays\" }", "tables.orders.columns.note"),
        ("note", "{ class = \"personal\", keep = \"why not\", for = \"pays\" }", "tables.orders.columns.note"),
    ] {
        assert_refused(SCHEMA, &with(&[], &[(setting, rule)]), place, "link `pays` not found");
    }
    let direct = [("client", "{ column = \"customer_no\", for = \"bill_to\" }")];
    assert_refused(SCHEMA, &with(&[], &direct), "tables.orders.client", "`for`");
    let through_clients = [("client", "{ column = \"customer_no\", through = \"customers\", for = \"bill_to\" }")];
    assert_refused(SCHEMA, &with(&[], &through_clients), "tables.orders.client", "`for`");
}

#[test]
fn rows_of_the_client_table() {
    for (client, rows) in [
        ("", "\"delete\""),
        ("\"bill_to\"", "\"delete\""),
        ("\"bill_to\"", "[{ delete = \"type = 'x'\", for = \"bill_to\" }]"),
    ] {
        let rules = with(&[("client", client), ("rows", rows)], &[]);
        assert_refused(SCHEMA, &rules, "tables.customers.rows", "rows of the client table cannot be deleted");
    }
}

#[test]
fn identifying_data_that_stays_where_it_is() {
    for class in ["class = \"non-personal\"", "class = \"personal\", keep = \"for the books\""] {
        let kept = with(&[("name", &format!("{{ {class}, identifying = true }}"))], &[]);
        assert_refused(SCHEMA, &kept, "customers.columns.name", "identifying");
    }
}

#[test]
fn a_column_whose_residue_cannot_be_blanked() {
    let key = with(&[("no", "{ class = \"non-personal\", residue = \"blank\" }")], &[]);
    assert_refused(SCHEMA, &key, "customers.columns.no", "the client's key");
    let schema = SCHEMA.replace("nick TEXT", "nick TEXT GENERATED ALWAYS AS (name || '') STORED");
    let generated = with(&[("nick", "{ class = \"non-personal\", residue = \"blank\" }")], &[]);
    assert_refused(&schema, &generated, "customers.columns.nick", "computes");
}

#[test]
fn settings_of_a_key_that_would_be_passed_over() {
    let entries = |key: &str| {
        let lines = [
            ("status", ""),
            ("note", ""),
            ("key_value", "{ key = \"status\", value = \"note\" }"),
            ("keys.open.class", "\"non-personal\""),
        ];
        with(&[], &[&lines[..], &[("keys.phone", key)]].concat())
    };
    assert_refused(
        SCHEMA,
        &entries("{ class = \"personal\", clear = true, for = \"payer_no\" }"),
        "tables.orders.keys.phone",
        "`for`",
    );
    assert_refused(
        SCHEMA,
        &entries("{ class = \"personal\", clear = true, residue = \"blank\" }"),
        "tables.orders.keys.phone",
        "`residue`",
    );
    let twice =
        entries("{ class = \"personal\", clear = true }") + "columns.note = { class = \"personal\", clear = true }\n";
    assert_refused(SCHEMA, &twice, "tables.orders.columns.note", "key_value");
}

#[test]
fn marks_in_columns_that_cannot_hold_them() {
    let rules = with(&[], &[]);
    let flag = rules.replace("key = \"no\"", "key = \"no\", anonymized = \"type\"");
    assert_refused(
        SCHEMA,
        &flag,
        "client.anonymized",
        either("`customers.type` is declared TEXT", "`customers.type` is declared text"),
    );
    let day = rules.replace("key = \"no\"", "key = \"no\", anonymized_on = \"photo\"");
    assert_refused(SCHEMA, &day, "client.anonymized_on", "not a date column");
}

#[test]
fn numbers_that_are_none() {
    for number in ["nan", "inf", "-inf"] {
        let rules = with(&[("type", &format!("{{ class = \"personal\", replace = {number} }}"))], &[]);
        assert_refused(SCHEMA, &rules, "customers.columns.type", "number");
    }
}

#[test]
fn one_text_for_all_is_refused_where_an_expression_over_the_column_is_unique() {
    assert_refused(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, email TEXT); CREATE UNIQUE INDEX one_email ON customers (lower(email));",
        &policy(
            "[tables.customers.columns]\nno.class = \"non-personal\"\nemail = { class = \"personal\", replace = \"gone@x.example\" }",
        ),
        "customers.columns.email",
        "`email` is UNIQUE",
    );
}
