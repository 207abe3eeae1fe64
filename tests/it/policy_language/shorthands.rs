//! Short forms: they say the same as the long ones, and leave nothing out.

use super::support::{assert_changes, assert_refused, policy, problems};
use crate::common::Company;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, created TEXT, rating INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, email TEXT, created TEXT);
    CREATE TABLE posted_orders (id INTEGER PRIMARY KEY, customer_no TEXT, note TEXT, created TEXT);
    CREATE TABLE posted_lines (id INTEGER PRIMARY KEY, customer_no TEXT, note TEXT, created TEXT);
    CREATE TABLE groups (no INTEGER PRIMARY KEY, customer_no TEXT);
    INSERT INTO customers VALUES ('A', 'Ann', 'ann@x.org', '2020', 1), ('B', 'Bob', 'bob@x.org', '2020', 2);
    INSERT INTO orders VALUES (1, 'A', 'ann@x.org', '2020'), (2, 'B', 'bob@x.org', '2020');
    INSERT INTO posted_orders VALUES (1, 'A', 'for Ann', '2020'), (2, 'B', 'for Bob', '2020');
    INSERT INTO posted_lines VALUES (1, 'A', 'a line', '2020'), (2, 'A', NULL, '2020');
";

const SHORT: &str = r#"
    free = [{ reason = "set-up", tables = ["groups"] }]
    families = [
        { tables = ["posted_*"], client = "customer_no", columns.note = { class = "personal", replace = "gone" } },
    ]
    [everywhere]
    non_personal = ["id", "customer_no", "created"]
    [everywhere.columns]
    email = { class = "personal", clear = true }
    [tables.customers]
    non_personal = ["no", "rating"]
    [tables.customers.columns]
    name = { class = "personal", replace = "X" }
    [tables.orders]
    client = "customer_no"
"#;

const LONG: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "X" }
    email = { class = "personal", clear = true }
    created.class = "non-personal"
    rating.class = "non-personal"
    [tables.orders]
    client = "customer_no"
    [tables.orders.columns]
    id.class = "non-personal"
    customer_no.class = "non-personal"
    email = { class = "personal", clear = true }
    created.class = "non-personal"
    [tables.posted_orders]
    client = "customer_no"
    [tables.posted_orders.columns]
    id.class = "non-personal"
    customer_no.class = "non-personal"
    note = { class = "personal", replace = "gone" }
    created.class = "non-personal"
    [tables.posted_lines]
    client = "customer_no"
    [tables.posted_lines.columns]
    id.class = "non-personal"
    customer_no.class = "non-personal"
    note = { class = "personal", replace = "gone" }
    created.class = "non-personal"
    [tables.groups]
    free = "set-up"
"#;

const CHANGED: &[&str] = &[
    "- customers: A|Ann|ann@x.org|2020|1",
    "+ customers: A|X|NULL|2020|1",
    "- orders: 1|A|ann@x.org|2020",
    "+ orders: 1|A|NULL|2020",
    "- posted_lines: 1|A|a line|2020",
    "- posted_lines: 2|A|NULL|2020",
    "+ posted_lines: 1|A|gone|2020",
    "+ posted_lines: 2|A|gone|2020",
    "- posted_orders: 1|A|for Ann|2020",
    "+ posted_orders: 1|A|gone|2020",
];

#[test]
fn short_forms_do_what_the_long_ones_do() {
    assert_changes(SCHEMA, &policy(SHORT), &["A"], CHANGED);
    assert_changes(SCHEMA, &policy(LONG), &["A"], CHANGED);
}

#[tokio::test]
async fn short_and_long_forms_are_one_plan() {
    let mut digests = Vec::new();
    for text in [SHORT, LONG] {
        let company = Company::new(SCHEMA, &policy(text)).await;
        let loaded = company.context.planner.plan(&company.context.store).await.expect("a plan");
        digests.push(loaded.plan.digest.clone());
    }
    assert_eq!(digests[0], digests[1]);
}

#[tokio::test]
async fn a_name_that_is_in_no_list_is_refused_in_each_table() {
    let found = problems(SCHEMA, &policy(&SHORT.replace(", \"created\"", ""))).await;
    let places = ["customers", "orders", "posted_lines", "posted_orders"];
    assert_eq!(found, places.map(|own| format!("tables.{own}.columns.created: column `created` is not classified")));
}

#[test]
fn a_column_that_no_short_form_names_is_refused() {
    let without = |part: &str| policy(&SHORT.replace(part, ""));
    assert_refused(SCHEMA, &without(", \"rating\""), "tables.customers.columns.rating", "is not classified");
    let other = SHORT.replace("posted_*", "posted_orders");
    assert_refused(SCHEMA, &policy(&other), "tables.posted_lines", "is not in the policy");
}

#[test]
fn a_short_form_that_contradicts_itself_is_refused() {
    let with = |from: &str, to: &str| policy(&SHORT.replace(from, to));
    let twice = "is listed twice: also in `non_personal`";
    assert_refused(SCHEMA, &with("[\"no\", \"rating\"]", "[\"no\", \"rating\", \"NAME\"]"), "columns.NAME", twice);
    assert_refused(SCHEMA, &with("\"created\"]", "\"created\", \"email\"]"), "everywhere.columns.email", twice);
    assert_refused(SCHEMA, &with("[\"groups\"]", "[\"groups\", \"orders\"]"), "tables.orders", "declared free of");
    assert_refused(SCHEMA, &with("[\"groups\"]", "[\"groups\", \"gruops\"]"), "tables.gruops", "no table `gruops`");
    assert_refused(SCHEMA, &with("[\"posted_*\"]", "[\"posted_*\", \"old_*\"]"), "families[1].tables", "`old_*`");
}

#[tokio::test]
async fn what_a_table_decides_itself_comes_first() {
    let own = SHORT.replace(
        "    [tables.orders]\n    client = \"customer_no\"",
        "    [tables.orders]\n    client = \"customer_no\"\n    columns.Email = { class = \"personal\", replace = \"x\" }",
    );
    assert_eq!(problems(SCHEMA, &policy(&own)).await, Vec::<String>::new());
}

#[test]
fn blank_values_stay_blank_where_the_policy_says_so() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, nick TEXT, born DATE);
         INSERT INTO customers VALUES ('A', 'Ann', NULL, NULL), ('B', '', 'bob', '1980-02-03'), ('C', NULL, '', NULL);",
        &policy(
            r#"
            everywhere = { blanks = "stay" }
            [tables.customers]
            non_personal = ["no"]
            [tables.customers.columns]
            name = { class = "personal", replace = "X" }
            nick = { class = "personal", clear = true }
            born = { class = "personal", replace = "1900-01-01" }
            "#,
        ),
        &["A", "B", "C"],
        &[
            "- customers: A|Ann|NULL|NULL",
            "- customers: B||bob|1980-02-03",
            "+ customers: A|X|NULL|NULL",
            "+ customers: B||NULL|1900-01-01",
        ],
    );
}

#[test]
fn a_link_by_e_mail_ignores_case_and_spaces_around() {
    let schema = "
        CREATE TABLE customers (no TEXT PRIMARY KEY, email TEXT);
        CREATE TABLE letters (id INTEGER PRIMARY KEY, to_address TEXT, body TEXT);
        INSERT INTO customers VALUES ('A', 'Ann@x.org'), ('B', 'bob@x.org');
        INSERT INTO letters VALUES (1, ' ann@X.org', 'Dear Ann'), (2, 'bob@x.org', 'Dear Bob'), (3, 'annx@x.org', 'Hi');
    ";
    let rules = r#"
        [tables.customers]
        non_personal = ["no"]
        columns.email = { class = "personal", replace = "{key}@invalid" }
        [tables.letters]
        client = { column = "to_address", equals = "email", compare = "email" }
        non_personal = ["id"]
        columns.to_address = { class = "personal", clear = true }
        columns.body = { class = "personal", clear = true }
    "#;
    assert_changes(
        schema,
        &policy(rules),
        &["A"],
        &[
            "- customers: A|Ann@x.org",
            "+ customers: A|A@invalid",
            "- letters: 1| ann@X.org|Dear Ann",
            "+ letters: 1|NULL|NULL",
        ],
    );
    assert_refused(
        schema,
        &policy(&rules.replace("compare = \"email\"", "compare = \"email\", text = \"{key}\"")),
        "tables.letters",
        "once, and no `compare`",
    );
}

#[test]
fn a_link_by_a_text_around_the_key() {
    assert_changes(
        "CREATE TABLE customers (no INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE notes (id INTEGER PRIMARY KEY, resource TEXT, body TEXT);
         INSERT INTO customers VALUES (1, 'Ann'), (11, 'Bob');
         INSERT INTO notes VALUES (1, 'party.party,1', 'a'), (2, 'party.party,11', 'b'), (3, 'sale.sale,1', 'c');",
        &policy(
            r#"
            [tables.customers]
            non_personal = ["no"]
            columns.name = { class = "personal", clear = true }
            [tables.notes]
            client = { column = "resource", text = "party.party,{key}" }
            non_personal = ["id", "resource"]
            columns.body = { class = "personal", clear = true }
            "#,
        ),
        &["1"],
        &["- customers: 1|Ann", "+ customers: 1|NULL", "- notes: 1|party.party,1|a", "+ notes: 1|party.party,1|NULL"],
    );
}

#[test]
fn unique_texts_of_several_rows_of_one_client_differ_by_row() {
    let schema = "
        CREATE TABLE customers (no TEXT PRIMARY KEY);
        CREATE TABLE logins (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, login TEXT NOT NULL UNIQUE);
        INSERT INTO customers VALUES ('A'), ('B');
        INSERT INTO logins VALUES (1, 'A', 'ann'), (2, 'A', 'annie'), (3, 'B', 'bob');
    ";
    let rules = r#"
        tables.customers.non_personal = ["no"]
        [tables.logins]
        client = "customer_no"
        non_personal = ["id", "customer_no"]
        columns.login = { class = "personal", replace = "anonymized-{row}" }
    "#;
    assert_changes(
        schema,
        &policy(rules),
        &["A"],
        &["- logins: 1|A|ann", "- logins: 2|A|annie", "+ logins: 1|A|anonymized-1", "+ logins: 2|A|anonymized-2"],
    );
    let keyless = schema
        .replace("id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES", "id INTEGER, customer_no TEXT REFERENCES");
    assert_refused(&keyless, &policy(rules), "tables.logins.columns.login", "`{row}` needs a primary key");
}
