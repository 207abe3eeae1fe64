//! Nothing is left out: the 100% gate.

use super::support::{assert_changes, assert_refused, policy, problems};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers);
    CREATE TABLE lines (order_id INTEGER REFERENCES orders (id), text TEXT);
    CREATE TABLE imports (\"Customer_No\" TEXT, payload TEXT);
    CREATE TABLE items (no TEXT PRIMARY KEY, name TEXT);
    INSERT INTO customers VALUES ('A', 'Ann');
    INSERT INTO imports VALUES ('A', 'Ann');
";

const COMPLETE: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", clear = true }
    [tables.orders]
    client = "customer_no"
    columns.id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    [tables.lines]
    client = { column = "order_id", through = "orders" }
    rows = "delete"
    [tables.imports]
    free = "raw files, deleted every night"
"#;

#[test]
fn a_complete_policy_passes_and_a_table_declared_free_is_left_alone() {
    assert_changes(SCHEMA, &policy(COMPLETE), &["A"], &["- customers: A|Ann", "+ customers: A|NULL"]);
}

/// The complete policy without the part from one text up to another.
fn without(from: &str, to: &str) -> String {
    let (before, rest) = COMPLETE.split_once(from).expect("the beginning");
    let after = rest.find(to).map_or("", |at| &rest[at..]);
    policy(&format!("{before}{after}"))
}

#[test]
fn a_column_without_a_class_is_refused() {
    let unclassified = without("name = {", "[tables.orders]");
    assert_refused(SCHEMA, &unclassified, "tables.customers.columns.name", "column `name` is not classified");
    let unclassified = without("columns.customer_no.class", "[tables.lines]");
    assert_refused(SCHEMA, &unclassified, "tables.orders.columns.customer_no", "`customer_no` is not classified");
}

#[test]
fn a_table_that_refers_to_clients_over_others_is_refused() {
    assert_refused(
        SCHEMA,
        &without("[tables.lines]", "[tables.imports]"),
        "tables.lines",
        "reaches clients (`order_id` refers to `orders`)",
    );
}

#[test]
fn a_table_with_a_column_called_like_a_link_is_refused() {
    assert_refused(
        SCHEMA,
        &without("[tables.imports]", "never"),
        "tables.imports",
        "by the name of its column `Customer_No`",
    );
}

#[tokio::test]
async fn everything_missing_is_listed_at_once() {
    let found = problems(SCHEMA, &policy("[tables.customers.columns]\nno.class = \"non-personal\"")).await;
    let places: Vec<&str> = found.iter().filter_map(|problem| problem.split(": ").next()).collect();
    assert_eq!(places, ["tables.customers.columns.name", "tables.lines", "tables.orders"]);
}

#[tokio::test]
async fn a_column_added_later_is_refused_the_next_time() {
    let later = SCHEMA
        .replace("name TEXT);\n    CREATE TABLE orders", "name TEXT, nickname TEXT);\n    CREATE TABLE orders")
        .replace("('A', 'Ann');\n    INSERT INTO imports", "('A', 'Ann', 'Annie');\n    INSERT INTO imports");
    let found = problems(&later, &policy(COMPLETE)).await;
    assert_eq!(found, ["tables.customers.columns.nickname: column `nickname` is not classified"]);
}

#[test]
fn free_needs_a_reason_and_stands_alone() {
    let with = |lines: &str| policy(&COMPLETE.replace("free = \"raw files, deleted every night\"", lines));
    assert_refused(SCHEMA, &with("free = \" \""), "tables.imports", "needs a reason");
    assert_refused(SCHEMA, &with("free = \"raw\"\nrows = \"delete\""), "tables.imports", "declared free of");
    assert_refused(
        SCHEMA,
        &with("free = \"raw\"\nkey_value = { key = \"Customer_No\", value = \"payload\" }"),
        "tables.imports",
        "declared free of",
    );
    assert_refused(SCHEMA, &policy(&COMPLETE.replace("[tables.customers.columns]\n    no.class = \"non-personal\"\n    name = { class = \"personal\", clear = true }", "[tables.customers]\nfree = \"no\"")), "tables.customers", "declared free of");
}

#[tokio::test]
async fn a_table_or_column_that_does_not_exist_is_refused_with_the_nearest_name() {
    let misspelt =
        policy(&COMPLETE.replace("[tables.imports]", "[tables.import]").replace("    name = {", "    nmae = {"));
    let found = problems(SCHEMA, &misspelt).await;
    assert!(found.iter().any(|problem| problem.contains("the database has no table `import`")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("table `customers` has no column `nmae`")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("the policy has `nmae`")), "{found:#?}");
}

#[tokio::test]
async fn one_table_or_column_written_twice_is_refused() {
    let twice = policy(&format!("{COMPLETE}\n[tables.Orders]\nfree = \"another opinion\""));
    let found = problems(SCHEMA, &twice).await;
    assert!(found.iter().any(|problem| problem.contains("twice")), "{found:#?}");
    let twice = policy(&COMPLETE.replace("    name = {", "    NAME.class = \"non-personal\"\n    name = {"));
    let found = problems(SCHEMA, &twice).await;
    assert!(found.iter().any(|problem| problem.contains("twice")), "{found:#?}");
}
