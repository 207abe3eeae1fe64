//! How a row belongs to its client.

use super::support::{assert_changes, policy};

#[test]
fn a_row_several_hops_away_belongs_to_its_client() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers);
         CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders);
         CREATE TABLE scans (parcel_id INTEGER REFERENCES parcels, signature TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO orders VALUES (1, 'A'), (2, 'B'), (3, 'A');
         INSERT INTO parcels VALUES (10, 1), (20, 2), (30, 3), (40, NULL);
         INSERT INTO scans VALUES (10, 'Ann'), (20, 'Bob'), (30, 'A. A.'), (40, 'who?'), (NULL, 'nobody');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.orders]
            client = "customer_no"
            columns.id.class = "non-personal"
            columns.customer_no.class = "non-personal"
            [tables.parcels]
            client = { column = "order_id", through = "orders" }
            columns.id.class = "non-personal"
            columns.order_id.class = "non-personal"
            [tables.scans]
            client = { column = "parcel_id", through = "parcels" }
            columns.parcel_id.class = "non-personal"
            columns.signature = { class = "personal", replace = "signed" }
            "#,
        ),
        &["A"],
        &["- scans: 10|Ann", "- scans: 30|A. A.", "+ scans: 10|signed", "+ scans: 30|signed"],
    );
}

const LINK_TABLE: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY);
    CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT, city TEXT);
    CREATE TABLE customer_addresses (customer_no TEXT NOT NULL REFERENCES customers, address_id INTEGER NOT NULL REFERENCES addresses, PRIMARY KEY (customer_no, address_id));
    INSERT INTO customers VALUES ('A'), ('B');
    INSERT INTO addresses VALUES (1, 'Elm Row', 'Ash'), (2, 'Oak Row', 'Elm'), (3, 'Fir Row', 'Yew');
    INSERT INTO customer_addresses VALUES ('A', 1), ('B', 2), ('A', 3);
";

#[test]
fn a_row_behind_a_link_table_belongs_to_the_client_it_names() {
    assert_changes(
        LINK_TABLE,
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.customer_addresses]
            client = "customer_no"
            columns.customer_no.class = "non-personal"
            columns.address_id.class = "non-personal"
            [tables.addresses]
            client = { column = "id", through = "customer_addresses", equals = "address_id" }
            columns.id.class = "non-personal"
            columns.street = { class = "personal", clear = true }
            columns.city.class = "non-personal"
            "#,
        ),
        &["A"],
        &[
            "- addresses: 1|Elm Row|Ash",
            "- addresses: 3|Fir Row|Yew",
            "+ addresses: 1|NULL|Ash",
            "+ addresses: 3|NULL|Yew",
        ],
    );
}

#[test]
fn the_link_table_and_what_is_behind_it_can_both_be_deleted() {
    assert_changes(
        LINK_TABLE,
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.customer_addresses]
            client = "customer_no"
            rows = "delete"
            [tables.addresses]
            client = { column = "id", through = "customer_addresses", equals = "address_id" }
            rows = "delete"
            "#,
        ),
        &["A"],
        &[
            "- addresses: 1|Elm Row|Ash",
            "- addresses: 3|Fir Row|Yew",
            "- customer_addresses: A|1",
            "- customer_addresses: A|3",
        ],
    );
}

#[test]
fn what_refers_to_rows_and_is_the_way_to_them_may_change_too() {
    assert_changes(
        &LINK_TABLE
            .replace("address_id INTEGER NOT NULL", "address_id INTEGER")
            .replace(", PRIMARY KEY (customer_no, address_id)", ""),
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.customer_addresses]
            client = "customer_no"
            columns.customer_no.class = "non-personal"
            columns.address_id = { class = "personal", clear = true }
            [tables.addresses]
            client = { column = "id", through = "customer_addresses", equals = "address_id", where = "city <> 'Nowhere'" }
            columns.id.class = "non-personal"
            columns.street = { class = "personal", clear = true }
            columns.city = { class = "personal", replace = "a town" }
            "#,
        ),
        &["A"],
        &[
            "- addresses: 1|Elm Row|Ash",
            "- addresses: 3|Fir Row|Yew",
            "+ addresses: 1|NULL|a town",
            "+ addresses: 3|NULL|a town",
            "- customer_addresses: A|1",
            "- customer_addresses: A|3",
            "+ customer_addresses: A|NULL",
            "+ customer_addresses: A|NULL",
        ],
    );
}

#[test]
fn an_owner_type_and_id_say_whose_row_it_is() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE orders (id TEXT PRIMARY KEY, customer_no TEXT REFERENCES customers);
         CREATE TABLE notes (owner_type TEXT, owner_id TEXT, body TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO orders VALUES ('1', 'A'), ('A', 'B');
         INSERT INTO notes VALUES ('Customer', 'A', 'on Ann'), ('Customer', 'B', 'on Bob'), ('Order', '1', 'on an order of Ann'), ('Order', 'A', 'on an order of Bob'), ('Item', 'A', 'on an item'), (NULL, 'A', 'on nothing');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.orders]
            client = "customer_no"
            columns.id.class = "non-personal"
            columns.customer_no.class = "non-personal"
            [tables.notes]
            client = [
              { column = "owner_id", where = "owner_type = 'Customer'" },
              { name = "order", column = "owner_id", where = "owner_type = 'Order'", through = "orders", equals = "id" },
            ]
            rows = [{ delete = "owner_type = 'Order'", for = "order" }]
            columns.owner_type.class = "non-personal"
            columns.owner_id.class = "non-personal"
            columns.body = { class = "personal", clear = true }
            "#,
        ),
        &["A"],
        &[
            "- notes: Customer|A|on Ann",
            "- notes: Order|1|on an order of Ann",
            "+ notes: Customer|A|NULL",
        ],
    );
}

#[test]
fn a_rule_for_one_of_several_links_leaves_the_other_side_alone() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE invoices (id INTEGER PRIMARY KEY, sell_to TEXT REFERENCES customers, sell_to_name TEXT, bill_to TEXT REFERENCES customers, bill_to_name TEXT, remark TEXT);
         INSERT INTO customers VALUES ('A'), ('B'), ('C');
         INSERT INTO invoices VALUES (1, 'A', 'Ann', 'A', 'Ann', 'both'), (2, 'A', 'Ann', 'B', 'Bob', 'A buys'), (3, 'B', 'Bob', 'A', 'Ann', 'A pays'), (4, NULL, 'Zoe', 'A', 'Ann', 'no buyer'), (5, 'B', 'Bob', 'C', 'Cid', 'neither');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.invoices]
            client = ["sell_to", { name = "payer", column = "bill_to" }]
            columns.id.class = "non-personal"
            columns.sell_to.class = "non-personal"
            columns.sell_to_name = { class = "personal", replace = "buyer {key}", for = "sell_to" }
            columns.bill_to.class = "non-personal"
            columns.bill_to_name = { class = "personal", replace = "payer {key}", for = "payer" }
            columns.remark = { class = "personal", clear = true }
            "#,
        ),
        &["A"],
        &[
            "- invoices: 1|A|Ann|A|Ann|both",
            "- invoices: 2|A|Ann|B|Bob|A buys",
            "- invoices: 3|B|Bob|A|Ann|A pays",
            "- invoices: 4|NULL|Zoe|A|Ann|no buyer",
            "+ invoices: 1|A|buyer A|A|payer A|NULL",
            "+ invoices: 2|A|buyer A|B|Bob|NULL",
            "+ invoices: 3|B|Bob|A|payer A|NULL",
            "+ invoices: 4|NULL|Zoe|A|payer A|NULL",
        ],
    );
}

#[test]
fn a_link_can_follow_one_link_of_the_table_it_goes_through() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE invoices (id INTEGER PRIMARY KEY, sell_to TEXT, bill_to TEXT);
         CREATE TABLE lines (invoice_id INTEGER REFERENCES invoices, engraving TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO invoices VALUES (1, 'A', 'B'), (2, 'B', 'A');
         INSERT INTO lines VALUES (1, 'Ann bought'), (2, 'Ann paid');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.invoices]
            client = ["sell_to", "bill_to"]
            columns.id.class = "non-personal"
            columns.sell_to.class = "non-personal"
            columns.bill_to.class = "non-personal"
            [tables.lines]
            client = { column = "invoice_id", through = "invoices", for = "sell_to" }
            columns.invoice_id.class = "non-personal"
            columns.engraving = { class = "personal", clear = true }
            "#,
        ),
        &["A"],
        &["- lines: 1|Ann bought", "+ lines: 1|NULL"],
    );
}

#[test]
fn a_column_can_equal_another_column_of_the_client() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, login TEXT, contact_no TEXT);
         CREATE TABLE contacts (contact_no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE sessions (login TEXT, ip TEXT);
         INSERT INTO customers VALUES ('A', 'ann', 'C1'), ('B', 'bob', 'C2'), ('C', NULL, NULL);
         INSERT INTO contacts VALUES ('C1', 'Ann'), ('C2', 'Bob'), ('A', 'Abe');
         INSERT INTO sessions VALUES ('ann', '10.0.0.1'), ('bob', '10.0.0.2'), ('A', '10.0.0.3'), (NULL, '10.0.0.4');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            login = { class = "personal", replace = "gone-{key}" }
            contact_no = { class = "personal", clear = true }
            [tables.contacts]
            client = { column = "contact_no", equals = "contact_no" }
            columns.contact_no.class = "non-personal"
            columns.name = { class = "personal", replace = "Somebody" }
            [tables.sessions]
            client = { column = "login", equals = "login" }
            rows = "delete"
            "#,
        ),
        &["A", "C"],
        &[
            "- contacts: C1|Ann",
            "+ contacts: C1|Somebody",
            "- customers: A|ann|C1",
            "- customers: C|NULL|NULL",
            "+ customers: A|gone-A|NULL",
            "+ customers: C|gone-C|NULL",
            "- sessions: ann|10.0.0.1",
        ],
    );
}

#[test]
fn a_declared_foreign_key_says_what_a_column_equals() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, id INTEGER UNIQUE, country TEXT, vat TEXT, UNIQUE (country, vat));
         CREATE TABLE orders (customer INTEGER REFERENCES customers (id), note TEXT);
         CREATE TABLE filings (vat TEXT, country TEXT, note TEXT, FOREIGN KEY (country, vat) REFERENCES customers (country, vat));
         INSERT INTO customers VALUES ('A', 2, 'FR', '1'), ('2', 1, 'FR', '2'), ('C', 3, '1', 'FR');
         INSERT INTO orders VALUES (2, 'of A'), (1, 'of 2');
         INSERT INTO filings VALUES ('1', 'FR', 'of A'), ('2', 'FR', 'of 2'), ('FR', '1', 'of C');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            tables.customers.columns.id.class = "non-personal"
            tables.customers.columns.country.class = "non-personal"
            tables.customers.columns.vat.class = "non-personal"
            [tables.orders]
            client = "customer"
            columns.customer.class = "non-personal"
            columns.note = { class = "personal", clear = true }
            [tables.filings]
            client = { column = ["vat", "country"] }
            columns.vat.class = "non-personal"
            columns.country.class = "non-personal"
            columns.note = { class = "personal", clear = true }
            "#,
        ),
        &["A"],
        &["- filings: 1|FR|of A", "+ filings: 1|FR|NULL", "- orders: 2|of A", "+ orders: 2|NULL"],
    );
}
