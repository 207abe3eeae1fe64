//! Tables and columns by any name.

use super::support::assert_changes;
use crate::common::place::{either, is_on_postgres};

#[test]
fn names_with_spaces_quotes_and_reserved_words() {
    assert_changes(
        r#"CREATE TABLE "select" ("from" TEXT PRIMARY KEY, "full name" TEXT, "e-mail" TEXT, "where's" TEXT, "a""b" TEXT, "Straße" TEXT, "[x]" TEXT);
           CREATE TABLE "Order Details" ("order" INTEGER PRIMARY KEY, "group" TEXT REFERENCES "select", "it's" TEXT);
           CREATE TABLE "a""b'c" ("key" INTEGER REFERENCES "Order Details" ("order"), "values" TEXT);
           CREATE TABLE "2026.notes" ("1" TEXT, "to" TEXT REFERENCES "select");
           INSERT INTO "select" VALUES ('A', 'Ann', 'a@x', 'w', 'q', 's', 'b'), ('B', 'Bob', 'b@x', 'w', 'q', 's', 'b');
           INSERT INTO "Order Details" VALUES (1, 'A', 'x'), (2, 'B', 'y');
           INSERT INTO "a""b'c" VALUES (1, 'open'), (1, 'done'), (2, 'open');
           INSERT INTO "2026.notes" VALUES ('on Ann', 'A'), ('on Bob', 'B');"#,
        &r#"
        client = { table = "select", key = "from" }
        guards = [{ name = "odd", reason = "is odd", table = "a\"b'c", where = "\"values\" = 'odd'" }]
        [tables.select.columns]
        from.class = "non-personal"
        "full name" = { class = "personal", replace = "{key}", identifying = true }
        "e-mail" = { class = "personal", replace = "{key}@invalid", where = "\"e-mail\" <> ''" }
        "where's" = { class = "personal", copy = "from" }
        'a"b' = { class = "personal", generalize = { first = 0x1 }, where = "`a\"b` IS NOT NULL" }
        "Straße" = { class = "personal", redact = ["$.x"] }
        "[x]" = { class = "personal", clear = true }
        [tables."Order Details"]
        client = "group"
        columns.order.class = "non-personal"
        columns.group.class = "non-personal"
        columns."it's" = { class = "personal", clear = true, residue = "blank" }
        [tables."a\"b'c"]
        client = { column = "key", through = "Order Details" }
        rows = [{ delete = "[values] = 'open'" }]
        columns.key.class = "non-personal"
        columns.values.class = "non-personal"
        [tables."2026.notes"]
        client = "to"
        columns.1 = { class = "personal", clear = true }
        columns.to.class = "non-personal"
        "#
        .replace("`a\\\"b`", either("`a\\\"b`", "\\\"a\\\"\\\"b\\\""))
        .replace("[tables.\"2026.notes\"]", either("[tables.\"2026.notes\"]", "[tables.\"public.2026.notes\"]"))
        .replace("[values]", either("[values]", "\\\"values\\\"")),
        &["A"],
        &[
            "- 2026.notes: on Ann|A",
            "+ 2026.notes: NULL|A",
            "- Order Details: 1|A|x",
            "+ Order Details: 1|A|NULL",
            "- a\"b'c: 1|open",
            "- select: A|Ann|a@x|w|q|s|b",
            "+ select: A|A|A@invalid|A|q|NULL|NULL",
        ],
    );
}

#[test]
fn names_are_the_same_in_upper_and_lower_case() {
    assert_changes(
        "CREATE TABLE Customers (No TEXT PRIMARY KEY, Name TEXT);
         CREATE TABLE Orders (Id INTEGER PRIMARY KEY, CustomerNo TEXT REFERENCES CUSTOMERS (NO), Note TEXT, Status TEXT);
         INSERT INTO Customers VALUES ('A', 'Ann'), ('B', 'Bob');
         INSERT INTO Orders VALUES (1, 'A', 'x', 'open'), (2, 'B', 'y', 'open');",
        r#"
        client = { table = "customers", key = "NO" }
        guards = [{ name = "lost", reason = "has lost orders", table = "ORDERS", where = "STATUS = 'lost'" }]
        [tables.CUSTOMERS.columns]
        no.class = "non-personal"
        NAME = { class = "personal", replace = "{key}", where = "name <> ''" }
        [tables.orders]
        client = "customerno"
        columns.ID.class = "non-personal"
        columns.customerno.class = "non-personal"
        columns.note = { class = "personal", copy = "STATUS" }
        columns.status.class = "non-personal"
        "#,
        &["A"],
        &["- Customers: A|Ann", "+ Customers: A|A", "- Orders: 1|A|x|open", "+ Orders: 1|A|open|open"]
            .map(|line| if is_on_postgres() { line.replace("Customers", "customers").replace("Orders", "orders") } else { line.to_owned() })
            .each_ref()
            .map(String::as_str),
    );
}

#[test]
fn tables_and_columns_may_be_called_what_lethe_calls_its_own() {
    assert_changes(
        "CREATE TABLE t (n TEXT PRIMARY KEY, key TEXT, k0 TEXT, state TEXT, value TEXT);
         CREATE TABLE b (n TEXT REFERENCES t, k0 INTEGER, reason TEXT);
         CREATE TABLE o (client_key TEXT REFERENCES t, outcome TEXT);
         INSERT INTO t VALUES ('A', 'Ann', 'x', 'y', 'z'), ('B', 'Bob', 'x', 'y', 'z');
         INSERT INTO b VALUES ('A', 1, 'r'), ('B', 2, 's');
         INSERT INTO o VALUES ('A', 'anonymized'), ('B', 'anonymized');",
        r#"
        client = { table = "t", key = "n" }
        guards = [{ name = "b", reason = "has b", table = "b", where = "reason = 'never'" }]
        [tables.t.columns]
        n.class = "non-personal"
        key = { class = "personal", replace = "{key}", identifying = true }
        k0 = { class = "personal", clear = true }
        state.class = "non-personal"
        value.class = "non-personal"
        [tables.b]
        client = "n"
        columns.n.class = "non-personal"
        columns.k0.class = "non-personal"
        columns.reason = { class = "personal", generalize = { first = 0x1 }, identifying = true }
        [tables.o]
        client = "client_key"
        columns.client_key.class = "non-personal"
        columns.outcome = { class = "personal", clear = true }
        "#,
        &["A"],
        &["- o: A|anonymized", "+ o: A|NULL", "- t: A|Ann|x|y|z", "+ t: A|A|NULL|y|z"],
    );
}
