//! What is reported as anonymized was verified: a rule that had no effect on a client's rows fails that client.

use crate::common::Company;
use crate::common::place::is_on_postgres;
use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::Mode;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT, street TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, ship_to TEXT, note TEXT);
CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER, label TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO customers (no, name, due) SELECT 'C' || i, 'Ada Person' || i, '2020-01-01' FROM n;
INSERT INTO addresses (id, customer_no, street) SELECT CAST(substr(no, 2) AS INTEGER), no, 'Long Street ' || no FROM customers;
INSERT INTO orders (id, customer_no, ship_to, note) SELECT CAST(substr(no, 2) AS INTEGER), no, 'Harbour ' || no, 'x' FROM customers;
INSERT INTO parcels (id, order_id, label) SELECT id, id, 'Label ' || id FROM orders;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }

[tables.addresses]
client = "customer_no"
rows = "delete"

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
ship_to = { class = "personal", replace = "Somewhere" }
note = { class = "non-personal" }

[tables.parcels]
client = { column = "order_id", through = "orders", equals = "id" }
[tables.parcels.columns]
id = { class = "non-personal" }
order_id = { class = "non-personal" }
label = { class = "personal", replace = "Parcel" }
"#;

/// Says nothing, and does nothing for one row.
fn skips(name: &str, event: &str, table: &str, condition: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
             CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}();"
        )
    } else {
        format!("CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} BEGIN SELECT RAISE(IGNORE); END;")
    }
}

/// Writes the old text back after each change of one row.
fn writes_back(table: &str, column: &str, condition: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.{column} := old.{column}; RETURN new; END $$; \
             CREATE TRIGGER back BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION back();"
        )
    } else {
        format!(
            "CREATE TRIGGER back AFTER UPDATE ON {table} WHEN {condition} BEGIN \
             UPDATE {table} SET {column} = old.{column} WHERE id = old.id; END;"
        )
    }
}

async fn resisting() -> Company {
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(&skips("keep_customer", "UPDATE", "customers", "old.no = 'C2'")).await;
    company.execute(&skips("keep_address", "DELETE", "addresses", "old.customer_no = 'C3'")).await;
    company.execute(&skips("keep_parcel", "UPDATE", "parcels", "old.order_id = 4")).await;
    company.execute(&writes_back("orders", "ship_to", "old.customer_no = 'C5'")).await;
    company
}

const FAILED: [&str; 4] = [
    r#"C2|["rule:customers.name"]"#,
    r#"C3|["rule:addresses"]"#,
    r#"C4|["rule:parcels.label"]"#,
    r#"C5|["rule:orders.ship_to"]"#,
];

#[tokio::test]
async fn a_client_for_whom_a_rule_silently_has_no_effect_has_failed_and_the_rule_is_named() {
    let company = resisting().await;
    let before = company.dump().await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (5, 4));
    let failed = "SELECT client_key, reasons FROM lethe_outcomes WHERE outcome = 'failed' ORDER BY client_key";
    assert_eq!(company.rows(failed).await, FAILED);
    // Of those who failed, nothing was changed.
    for (no, row) in [("C2", 2), ("C3", 3), ("C4", 4), ("C5", 5)] {
        let whole = format!(
            "SELECT c.name, c.anonymized, a.street, o.ship_to, p.label FROM customers c JOIN addresses a ON a.customer_no = c.no \
             JOIN orders o ON o.customer_no = c.no JOIN parcels p ON p.order_id = o.id WHERE c.no = '{no}'"
        );
        let expected = format!("Ada Person{row}|0|Long Street {no}|Harbour {no}|Label {row}");
        assert_eq!(company.rows(&whole).await, [expected]);
    }
    assert_eq!(before.len() - company.dump().await.len(), 5, "five addresses are gone");
}

#[tokio::test]
async fn a_rehearsal_finds_the_rules_without_effect() {
    let company = resisting().await;
    let before = company.dump().await;
    let (found, clients) =
        company.survey(&company.request(SweepKind::Due), Mode::Rehearsal).await.expect("a rehearsal");
    assert_eq!((found.tally.anonymized, found.tally.failed), (5, 4));
    let failed: Vec<String> = clients
        .iter()
        .filter(|client| client.outcome == lethe::domain::outcome::Outcome::Failed)
        .map(|client| format!("{}|{}", client.key, serde_json::to_string(&client.reasons).expect("texts")))
        .collect();
    assert_eq!(failed, FAILED);
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn a_trigger_that_keeps_every_row_fails_every_client() {
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(&skips("keep_all", "DELETE", "addresses", "1 = 1")).await;
    let before = company.dump().await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (0, 9));
    assert_eq!(company.dump().await, before);
}

const OPEN_ORDERS: &str = r#"
[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "note = 'open'"
"#;

#[tokio::test]
async fn a_client_whom_a_trigger_gives_what_a_guard_refuses_has_failed() {
    let company = Company::new(SCHEMA, &format!("{POLICY}{OPEN_ORDERS}")).await;
    let opens = "INSERT INTO orders (id, customer_no, ship_to, note) SELECT max(id) + 1, old.no, 'Somewhere', 'open' FROM orders;";
    let trigger = if is_on_postgres() {
        format!(
            "CREATE FUNCTION opens() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {opens} RETURN new; END $$; \
             CREATE TRIGGER opens AFTER UPDATE ON customers FOR EACH ROW WHEN (old.no = 'C2') EXECUTE FUNCTION opens();"
        )
    } else {
        format!("CREATE TRIGGER opens AFTER UPDATE ON customers WHEN old.no = 'C2' BEGIN {opens} END;")
    };
    company.execute(&trigger).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (8, 1), "{tally:?}");
    let failed = "SELECT client_key, reasons FROM lethe_outcomes WHERE outcome = 'failed'";
    let reason = r#"C2|["kept by open-orders when it was to be committed"]"#;
    assert_eq!(company.rows(failed).await, [reason]);
    assert_eq!(company.rows("SELECT name FROM customers WHERE no = 'C2'").await, ["Ada Person2"]);
    assert_eq!(company.rows("SELECT count(*) FROM orders WHERE note = 'open'").await, ["0"]);
}

const GONE_LAST: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, memo TEXT, due DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT);
CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER);
INSERT INTO customers VALUES ('A', 'Ann Archer', 'x', '2020-01-01'), ('B', 'Bob Baker', 'x', '2020-01-01');
INSERT INTO orders (id, customer_no) VALUES (1, 'A'), (2, 'B');
INSERT INTO parcels (id, order_id) VALUES (1, 1), (2, 2);
";

const GOES_LAST: &str = r#"
client = { table = "customers", key = "no", to_anonymize_on = "due" }
[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client", identifying = true }
memo.class = "non-personal"
due.class = "non-personal"
[tables.orders]
client = "customer_no"
rows = "delete"
[tables.parcels]
client = { column = "order_id", through = "orders", equals = "id" }
rows = "delete"
"#;

#[tokio::test]
async fn what_a_trigger_writes_when_the_last_rows_are_deleted_is_found() {
    let writes = "UPDATE customers SET memo = 'Bob Baker has gone' WHERE no = 'B' AND memo = 'x';";
    let on_server = |trigger: &str| {
        format!(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {writes} RETURN NULL; END $$; \
             CREATE {trigger} EXECUTE FUNCTION late();"
        )
    };
    let triggers = if is_on_postgres() {
        vec![
            on_server("TRIGGER late AFTER DELETE ON orders FOR EACH ROW WHEN (old.customer_no = 'B')"),
            on_server(
                "CONSTRAINT TRIGGER late AFTER UPDATE ON customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.no = 'B')",
            ),
        ]
    } else {
        vec![format!("CREATE TRIGGER late AFTER DELETE ON orders WHEN old.customer_no = 'B' BEGIN {writes} END;")]
    };
    for trigger in triggers {
        let company = Company::new(GONE_LAST, GOES_LAST).await;
        company.execute(&trigger).await;
        let tally = company.due().await;
        assert_eq!((tally.anonymized, tally.failed), (1, 1), "{trigger}");
        let failed = "SELECT client_key, reasons FROM lethe_outcomes WHERE outcome = 'failed'";
        assert_eq!(company.rows(failed).await, [r#"B|["residue:customers.memo"]"#], "{trigger}");
        assert_eq!(company.rows("SELECT name, memo FROM customers ORDER BY no").await, ["Client|x", "Bob Baker|x"]);
        assert_eq!(company.rows("SELECT customer_no FROM orders").await, ["B"]);
    }
}

/// Two tables whose rows are only changed.
const CHANGED_ALONE: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
mail = { class = "personal", replace = "anonymized-{key}", identifying = true }
due = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
ship_to = { class = "personal", replace = "Somewhere" }
"#;

#[tokio::test]
async fn a_row_that_the_table_itself_keeps_from_being_changed_fails_its_client() {
    let orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, ship_to TEXT);";
    let variants: &[(&str, &str, &str)] = if is_on_postgres() {
        &[
            (
                "a rule that rewrites",
                orders,
                "CREATE RULE keep AS ON UPDATE TO orders WHERE old.id = 2 DO INSTEAD NOTHING;",
            ),
            (
                "a table that inherits",
                orders,
                "CREATE TABLE old_orders () INHERITS (orders); INSERT INTO old_orders SELECT * FROM orders WHERE id = 2; \
              DELETE FROM ONLY orders WHERE id = 2; {trigger} old_orders FOR EACH ROW EXECUTE FUNCTION keep();",
            ),
            (
                "a partition",
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, ship_to TEXT) PARTITION BY RANGE (id); \
              CREATE TABLE first_orders PARTITION OF orders FOR VALUES FROM (1) TO (2); CREATE TABLE more_orders PARTITION OF orders DEFAULT;",
                "{trigger} more_orders FOR EACH ROW EXECUTE FUNCTION keep();",
            ),
        ]
    } else {
        &[("a conflict that is ignored", orders, "UPDATE customers SET mail = 'anonymized-C2' WHERE no = 'C3';")]
    };
    for (what, orders, keeps) in variants {
        let unique = if is_on_postgres() { "" } else { "UNIQUE ON CONFLICT IGNORE" };
        let schema = format!(
            "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, mail TEXT {unique}, due DATE); {orders} \
             INSERT INTO customers VALUES ('C1', 'Ada Archer', 'a@x', '2020-01-01'), ('C2', 'Bob Baker', 'b@x', '2020-01-01'), \
             ('C3', 'Cid Carter', 'c@x', NULL); INSERT INTO orders VALUES (1, 'C1', 'Harbour 1'), (2, 'C2', 'Harbour 2');"
        );
        let free = "[tables.old_orders]\nfree = \"its rows are those of `orders`\"";
        let policy =
            if keeps.contains("old_orders") { format!("{CHANGED_ALONE}{free}") } else { CHANGED_ALONE.to_owned() };
        let company = Company::new(&schema, &policy).await;
        let trigger = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
                       CREATE TRIGGER keep BEFORE UPDATE ON";
        company.execute(&keeps.replace("{trigger}", trigger)).await;
        let tally = company.due().await;
        assert_eq!((tally.anonymized, tally.failed), (1, 1), "{what}");
        assert_eq!(
            company.rows("SELECT client_key FROM lethe_outcomes WHERE outcome = 'failed'").await,
            ["C2"],
            "{what}"
        );
        assert_eq!(company.rows("SELECT name FROM customers WHERE no = 'C2'").await, ["Bob Baker"], "{what}");
    }
}

/// Tables into which triggers write the old names: the second has those of the first.
const HISTORY: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
CREATE TABLE history (customer_no TEXT, name TEXT);
CREATE TABLE a_history_of_that (customer_no TEXT, name TEXT);
INSERT INTO customers VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker');
";

const HISTORY_POLICY: &str = r#"
client = { table = "customers", key = "no" }
[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client", identifying = true }
[tables.history]
client = "customer_no"
columns.customer_no.class = "non-personal"
columns.name = { class = "personal", replace = "-" }
[tables.a_history_of_that]
client = "customer_no"
columns.customer_no.class = "non-personal"
columns.name = { class = "personal", replace = "-" }
"#;

/// Writes the old name down after each change.
fn writes_down(table: &str, key: &str, into: &str, when: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION into_{into}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO {into} VALUES (old.{key}, old.name); RETURN NULL; END $$; \
             CREATE {when} AFTER UPDATE ON {table} {} FOR EACH ROW EXECUTE FUNCTION into_{into}();",
            if when.contains("CONSTRAINT") { "DEFERRABLE INITIALLY DEFERRED" } else { "" }
        )
    } else {
        format!("CREATE {when} AFTER UPDATE ON {table} BEGIN INSERT INTO {into} VALUES (old.{key}, old.name); END;")
    }
}

#[tokio::test]
async fn what_one_trigger_after_another_writes_into_histories_is_covered() {
    let chain = writes_down("customers", "no", "history", "TRIGGER first")
        + &writes_down("history", "customer_no", "a_history_of_that", "TRIGGER second");
    assert_covered(&chain, "SELECT DISTINCT name FROM a_history_of_that").await;
}

/// SQLite has no triggers that wait.
#[tokio::test]
async fn what_a_trigger_writes_at_the_end_of_the_transaction_is_covered() {
    if is_on_postgres() {
        let late = writes_down("customers", "no", "history", "CONSTRAINT TRIGGER late");
        assert_covered(&late, "SELECT DISTINCT name FROM history").await;
    }
}

async fn assert_covered(triggers: &str, names: &str) {
    let company = Company::new(HISTORY, HISTORY_POLICY).await;
    company.execute(triggers).await;
    let request = company.forced(&["A", "B"]);
    let (rehearsed, _) = company.survey(&request, Mode::Rehearsal).await.expect("a rehearsal");
    assert_eq!(rehearsed.tally.anonymized, 2);
    assert_eq!(company.sweep(&request).await.expect("a sweep").anonymized, 2);
    assert_eq!(company.rows(names).await, ["-"]);
}
