//! Where the residue check looks, and where it does not.

use super::support::{assert_changes, difference, outcomes, policy};
use crate::common::Company;

const CUSTOMERS: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client", identifying = true }
"#;

/// What becomes of the clients A and B.
async fn swept(schema: &str, tables: &str) -> Vec<String> {
    let clients = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
        INSERT INTO customers VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker');";
    let company = Company::new(&format!("{clients}{schema}"), &policy(&format!("{CUSTOMERS}{tables}"))).await;
    let before = company.dump().await;
    let found = outcomes(&company, &["A", "B"]).await;
    let changed = difference(&before, &company.dump().await);
    for (client, outcome) in ["A", "B"].iter().zip(&found) {
        let touched = changed.contains(&format!("+ customers: {client}|Client"));
        assert_eq!(touched, outcome.ends_with("anonymized"), "{outcome}: {changed:#?}");
    }
    found
}

const BOTH: [&str; 2] = ["A anonymized", "B anonymized"];

#[tokio::test]
async fn every_row_of_the_client_however_far_away() {
    let tables = r#"
        [tables.orders]
        client = "customer_no"
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        [tables.lines]
        client = { column = "order_id", through = "orders" }
        columns.order_id.class = "non-personal"
        columns.text.class = "non-personal"
    "#;
    let schema = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers);
        CREATE TABLE lines (order_id INTEGER REFERENCES orders, text TEXT);
        INSERT INTO orders VALUES (1, 'A'), (2, 'B'); INSERT INTO lines VALUES (1, 'for Ann Archer'), (2, 'not for Ann Archer');";
    assert_eq!(swept(schema, tables).await, [r#"A failed ["residue:lines.text"]"#, "B anonymized"]);
}

#[tokio::test]
async fn not_in_rows_of_others_free_tables_and_rows_that_go() {
    let schema = "CREATE TABLE log (customer_no TEXT REFERENCES customers, text TEXT);
        CREATE TABLE tasks (customer_no TEXT REFERENCES customers, text TEXT, done INTEGER);
        CREATE TABLE calls (customer_no TEXT REFERENCES customers, text TEXT);
        INSERT INTO log VALUES ('A', 'Ann Archer'); INSERT INTO tasks VALUES ('A', 'call Ann Archer', 0), ('B', 'Ann Archer', 1);
        INSERT INTO calls VALUES ('A', 'Ann Archer');";
    let tables = r#"
        [tables.log]
        free = "deleted every night"
        [tables.calls]
        client = "customer_no"
        rows = "delete"
        [tables.tasks]
        client = "customer_no"
        rows = [{ delete = "done = 0" }]
        columns.customer_no.class = "non-personal"
        columns.text.class = "non-personal"
        columns.done.class = "non-personal"
    "#;
    assert_eq!(swept(schema, tables).await, BOTH);
}

#[tokio::test]
async fn rows_that_go_with_one_link_are_searched_with_another() {
    let schema = "CREATE TABLE tasks (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, owner_no TEXT, text TEXT, done INTEGER);
        CREATE TABLE steps (task_id INTEGER REFERENCES tasks, text TEXT);
        INSERT INTO tasks VALUES (1, NULL, 'A', 'by Ann Archer', 0), (2, 'B', NULL, 'for Bob Baker', 0);";
    let tables = r#"
        [tables.tasks]
        client = ["customer_no", "owner_no"]
        rows = [{ delete = "done = 0", for = "customer_no" }]
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.owner_no.class = "non-personal"
        columns.text.class = "non-personal"
        columns.done.class = "non-personal"
        [tables.steps]
        client = { column = "task_id", through = "tasks" }
        rows = "delete"
    "#;
    assert_eq!(swept(schema, tables).await, [r#"A failed ["residue:tasks.text"]"#, "B anonymized"]);
}

const INVOICES: &str = r#"
    [tables.invoices]
    client = ["sell_to", "bill_to"]
    columns.sell_to.class = "non-personal"
    columns.sell_to_name = { class = "personal", replace = "Buyer", for = "sell_to" }
    columns.bill_to.class = "non-personal"
"#;

#[tokio::test]
async fn a_text_that_is_replaced_for_one_link_is_searched_for_the_other() {
    let schema = |rows: &str| {
        format!(
            "CREATE TABLE invoices (sell_to TEXT REFERENCES customers, sell_to_name TEXT, bill_to TEXT); INSERT INTO invoices VALUES {rows};"
        )
    };
    let failed = [r#"A failed ["residue:invoices.sell_to_name"]"#, "B anonymized"];
    assert_eq!(swept(&schema("('A', 'Ann Archer', 'B')"), INVOICES).await, BOTH);
    assert_eq!(swept(&schema("('C', 'Ann Archer', 'A')").replace(" REFERENCES customers", ""), INVOICES).await, failed);
    assert_eq!(swept(&schema("(NULL, 'Ann Archer', 'A')"), INVOICES).await, failed);
}

#[tokio::test]
async fn conditions_are_read_in_the_rows_own_table_whatever_the_others_call_their_columns() {
    let schema = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, status TEXT, kind TEXT, text TEXT);
        CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders, payer_no TEXT, status TEXT, kind TEXT, text TEXT);
        CREATE TABLE steps (id INTEGER, line_id INTEGER REFERENCES lines, text TEXT);
        INSERT INTO orders VALUES (1, 'A', 'open', 'x', NULL), (2, 'B', 'open', 'x', NULL);
        INSERT INTO lines VALUES (1, 1, 'B', 'draft', 'mail', 'to Ann Archer'), (2, 1, NULL, 'sent', 'note', 'Ann Archer'), (3, 2, NULL, 'sent', 'mail', 'x');";
    let tables = r#"
        [tables.orders]
        client = { column = "customer_no", where = "status = 'open'" }
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.status.class = "non-personal"
        columns.kind.class = "non-personal"
        columns.text.class = "non-personal"
        [tables.lines]
        client = [
          { column = "order_id", through = "orders", where = "kind <> 'none'" },
          { column = "payer_no", where = "kind = 'mail'" },
        ]
        rows = [{ delete = "status = 'draft'", for = "order_id" }]
        columns.id.class = "non-personal"
        columns.order_id.class = "non-personal"
        columns.payer_no.class = "non-personal"
        columns.status.class = "non-personal"
        columns.kind.class = "non-personal"
        columns.text = { class = "personal", replace = "gone", for = "payer_no" }
        [tables.steps]
        client = { column = "line_id", through = "lines" }
        rows = "delete"
    "#;
    assert_eq!(swept(schema, tables).await, [r#"A failed ["residue:lines.text"]"#, "B anonymized"]);
}

#[tokio::test]
async fn the_clients_key_is_searched_and_the_way_to_it_is_not() {
    let schema = "CREATE TABLE orders (customer_no TEXT REFERENCES customers);
        INSERT INTO customers VALUES ('Zoe Zimmer', 'Zoe Zimmer'); INSERT INTO orders VALUES ('Zoe Zimmer');";
    let tables = "[tables.orders]\nclient = \"customer_no\"\ncolumns.customer_no.class = \"non-personal\"";
    assert_eq!(swept(schema, tables).await, BOTH);
    let clients = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT); INSERT INTO customers VALUES ('Zoe Zimmer', 'Zoe Zimmer');";
    let company = Company::new(clients, &policy(CUSTOMERS)).await;
    assert_eq!(outcomes(&company, &["Zoe Zimmer"]).await, [r#"Zoe Zimmer failed ["residue:customers.no"]"#]);
}

#[tokio::test]
async fn generated_columns_are_searched() {
    let schema = "CREATE TABLE orders (customer_no TEXT REFERENCES customers, code INTEGER, label TEXT GENERATED ALWAYS AS ('order of ' || CASE code WHEN 1 THEN 'Ann Archer' ELSE 'nobody' END) STORED);
        INSERT INTO orders VALUES ('A', 1), ('B', 2);";
    let tables = "[tables.orders]\nclient = \"customer_no\"\ncolumns.customer_no.class = \"non-personal\"\ncolumns.code.class = \"non-personal\"";
    assert_eq!(swept(schema, tables).await, [r#"A failed ["residue:orders.label"]"#, "B anonymized"]);
}

#[tokio::test]
async fn a_row_that_stays_for_a_live_client_is_not_searched() {
    let schema = "CREATE TABLE contacts (id TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE relations (contact_id TEXT REFERENCES contacts, customer_no TEXT REFERENCES customers);
        INSERT INTO customers VALUES ('C', 'Cid Cook');
        INSERT INTO contacts VALUES ('1', 'Ann Archer'), ('2', 'Bob Baker'); INSERT INTO relations VALUES ('1', 'A'), ('1', 'C'), ('2', 'B');";
    let tables = r#"
        [tables.relations]
        client = "customer_no"
        columns.contact_id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        [tables.contacts]
        client = { column = "id", through = "relations", equals = "contact_id", exclusive = true }
        columns.id.class = "non-personal"
        columns.name = { class = "personal", keep = "to see what the check finds" }
    "#;
    assert_eq!(swept(schema, tables).await, ["A anonymized", r#"B failed ["residue:contacts.name"]"#]);
}

#[test]
fn identifying_values_of_rows_that_go_are_looked_for_in_those_that_stay() {
    let schema = |note: &str| {
        format!(
            "CREATE TABLE customers (no TEXT PRIMARY KEY);
             CREATE TABLE contact_points (customer_no TEXT REFERENCES customers, value TEXT);
             CREATE TABLE orders (customer_no TEXT REFERENCES customers, note TEXT);
             INSERT INTO customers VALUES ('A'), ('B');
             INSERT INTO contact_points VALUES ('A', 'ann@x.example'), ('B', 'bob@x.example');
             INSERT INTO orders VALUES ('A', '{note}');"
        )
    };
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        [tables.contact_points]
        client = "customer_no"
        rows = "delete"
        columns.value = { class = "personal", identifying = true }
        [tables.orders]
        client = "customer_no"
        columns.customer_no.class = "non-personal"
        columns.note = { class = "non-personal", residue = "blank" }
        "#,
    );
    assert_changes(&schema("bob@x.example"), &policy, &["A"], &["- contact_points: A|ann@x.example"]);
    assert_changes(
        &schema("ask ann@x.example"),
        &policy,
        &["A"],
        &["- contact_points: A|ann@x.example", "- orders: A|ask ann@x.example", "+ orders: A|NULL"],
    );
}
