//! Clients that refer to clients.

use super::support::{assert_changes, policy};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, bill_to TEXT REFERENCES customers, bill_to_name TEXT, referred_by TEXT, referrer TEXT);
    INSERT INTO customers VALUES
      ('A', 'Ann', NULL, NULL, 'B', 'Bob'),
      ('B', 'Bob', 'A', 'Ann', 'C', 'Cid'),
      ('C', 'Cid', 'A', 'Ann', 'A', 'Ann'),
      ('D', 'Dot', 'B', 'Bob', 'A', 'Ann');
";

const COLUMNS: &str = r#"
    [tables.customers]
    client = ["bill_to", { name = "referral", column = "referred_by" }]
    columns.no.class = "non-personal"
    columns.name = { class = "personal", replace = "Client {key}" }
    columns.bill_to.class = "non-personal"
    columns.bill_to_name = { class = "personal", replace = "payer {key}", for = "bill_to" }
    columns.referred_by.class = "non-personal"
    columns.referrer = { class = "personal", clear = true, for = "referral" }
"#;

#[test]
fn rules_for_a_link_reach_the_clients_that_refer_to_the_client() {
    assert_changes(
        SCHEMA,
        &policy(COLUMNS),
        &["A"],
        &[
            "- customers: A|Ann|NULL|NULL|B|Bob",
            "- customers: B|Bob|A|Ann|C|Cid",
            "- customers: C|Cid|A|Ann|A|Ann",
            "- customers: D|Dot|B|Bob|A|Ann",
            "+ customers: A|Client A|NULL|NULL|B|Bob",
            "+ customers: B|Bob|A|payer A|C|Cid",
            "+ customers: C|Cid|A|payer A|A|NULL",
            "+ customers: D|Dot|B|Bob|A|NULL",
        ],
    );
}

#[test]
fn clients_that_refer_to_each_other_go_together() {
    assert_changes(
        SCHEMA,
        &policy(COLUMNS),
        &["A", "B"],
        &[
            "- customers: A|Ann|NULL|NULL|B|Bob",
            "- customers: B|Bob|A|Ann|C|Cid",
            "- customers: C|Cid|A|Ann|A|Ann",
            "- customers: D|Dot|B|Bob|A|Ann",
            "+ customers: A|Client A|NULL|NULL|B|NULL",
            "+ customers: B|Client B|A|payer A|C|Cid",
            "+ customers: C|Cid|A|payer A|A|NULL",
            "+ customers: D|Dot|B|payer B|A|NULL",
        ],
    );
}

#[test]
fn a_client_can_be_reached_over_a_table_of_referrals() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, greeting TEXT);
         CREATE TABLE referrals (referrer TEXT REFERENCES customers, referred TEXT REFERENCES customers);
         INSERT INTO customers VALUES ('A', 'hello'), ('B', 'a friend of Ann'), ('C', 'a friend of Bob');
         INSERT INTO referrals VALUES ('A', 'B'), ('B', 'C');",
        &policy(
            r#"
            [tables.customers]
            client = { name = "friend", column = "no", through = "referrals", equals = "referred" }
            columns.no.class = "non-personal"
            columns.greeting = { class = "personal", clear = true, for = "friend" }
            [tables.referrals]
            client = "referrer"
            columns.referrer.class = "non-personal"
            columns.referred.class = "non-personal"
            "#,
        ),
        &["A"],
        &["- customers: B|a friend of Ann", "+ customers: B|NULL"],
    );
}
