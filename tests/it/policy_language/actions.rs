//! What happens to a column.

use super::support::{assert_changes, list, policy};
use crate::common::Company;
use crate::common::place::either;

/// The rules for one client table of these columns, its key apart.
fn columns(rules: &str) -> String {
    policy(&format!("[tables.customers.columns]\nno.class = \"non-personal\"\n{rules}"))
}

#[test]
fn a_constant_takes_the_place_of_the_value() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, score INTEGER, rate REAL, vip BOOLEAN, quote TEXT, born DATE);
         INSERT INTO customers VALUES ('A', 'Ann', 7, 1.5, TRUE, NULL, '1970-02-03'), ('B', NULL, NULL, NULL, NULL, NULL, NULL), ('C', 'Cid', 1, 1, TRUE, 'c', '1971-02-03');",
        &columns(
            r#"
            name = { class = "personal", replace = "Anonymized client" }
            score = { class = "personal", replace = 0 }
            rate = { class = "personal", replace = 2.25 }
            vip = { class = "personal", replace = false }
            quote = { class = "personal", replace = "it's {{gone}} \"for good\" 🙂" }
            born = { class = "personal", replace = "1900-01-01" }
            "#,
        ),
        &["A", "B"],
        &[
            "- customers: A|Ann|7|1.5|1|NULL|1970-02-03",
            "- customers: B|NULL|NULL|NULL|NULL|NULL|NULL",
            "+ customers: A|Anonymized client|0|2.25|0|it's {gone} \"for good\" 🙂|1900-01-01",
            "+ customers: B|Anonymized client|0|2.25|0|it's {gone} \"for good\" 🙂|1900-01-01",
        ],
    );
}

#[test]
fn a_template_carries_the_key_and_is_unique() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE);
         INSERT INTO customers VALUES ('A', 'ann@x.example'), ('B', 'bob@x.example'), ('C', 'cid@x.example');",
        &columns(r#"email = { class = "personal", replace = "anonymized-{key}@invalid" }"#),
        &["A", "B"],
        &[
            "- customers: A|ann@x.example",
            "- customers: B|bob@x.example",
            "+ customers: A|anonymized-A@invalid",
            "+ customers: B|anonymized-B@invalid",
        ],
    );
}

#[test]
fn clear_means_null_and_an_empty_text_where_null_is_not_allowed() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, a TEXT, b TEXT NOT NULL, c DATE, d INTEGER, e BLOB, f TEXT NOT NULL);
         INSERT INTO customers VALUES ('A', 'a', 'b', '1970-01-01', 5, x'00', ''), ('B', 'a', 'b', '1970-01-01', 5, x'00', 'f');",
        &columns(
            r#"
            a = { class = "personal", clear = true }
            b = { class = "personal", clear = true }
            c = { class = "personal", clear = true }
            d = { class = "personal", clear = true }
            e = { class = "personal", clear = true }
            f = { class = "personal", clear = true }
            "#,
        ),
        &["A"],
        &["- customers: A|a|b|1970-01-01|5|1 bytes|", "+ customers: A|NULL||NULL|NULL|NULL|"],
    );
}

#[test]
fn sensitive_data_goes_without_being_told() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, iban TEXT, health TEXT NOT NULL, religion TEXT);
         INSERT INTO customers VALUES ('A', 'FR76', 'pollen', 'none'), ('B', 'DE89', 'nuts', 'none');",
        &columns(
            r#"
            iban.class = "sensitive"
            health.class = "sensitive"
            religion = { class = "sensitive", replace = "removed" }
            "#,
        ),
        &["A"],
        &["- customers: A|FR76|pollen|none", "+ customers: A|NULL||removed"],
    );
}

#[test]
fn copy_takes_over_another_column_of_the_row() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, legal_name TEXT, display_name TEXT);
         INSERT INTO customers VALUES ('A', 'Archer Ltd', 'Ann'), ('B', NULL, 'Bob'), ('C', 'Cook Ltd', 'Cid');",
        &columns(
            r#"
            legal_name = { class = "personal", keep = "the books name the company" }
            display_name = { class = "personal", copy = "legal_name" }
            "#,
        ),
        &["A", "B"],
        &[
            "- customers: A|Archer Ltd|Ann",
            "- customers: B|NULL|Bob",
            "+ customers: A|Archer Ltd|Archer Ltd",
            "+ customers: B|NULL|NULL",
        ],
    );
}

const COPIED: &str = r#"
    id.class = "non-personal"
    day.class = "non-personal"
    label = { class = "personal", copy = "id" }
    short = { class = "personal", copy = "id" }
    mark = { class = "personal", copy = "day" }
"#;

fn of_other_types() -> String {
    "CREATE TABLE customers (no TEXT PRIMARY KEY, id INTEGER, label TEXT NOT NULL, short {short}, day DATE, mark TEXT);
     INSERT INTO customers VALUES ('A', 123, 'Ann', 'x', '2020-02-03', 'Ann'), ('B', 12, 'Bob', 'y', NULL, 'Bob'),
     ('C', 1234567, 'Cid', 'z', NULL, 'Cid');"
        .replace("{short}", either("TEXT CHECK (length(short) <= 3)", "VARCHAR(3)"))
}

#[test]
fn copy_takes_over_a_column_of_another_type() {
    assert_changes(
        &of_other_types(),
        &columns(COPIED),
        &["A", "B"],
        &[
            "- customers: A|123|Ann|x|2020-02-03|Ann",
            "- customers: B|12|Bob|y|NULL|Bob",
            "+ customers: A|123|123|123|2020-02-03|2020-02-03",
            "+ customers: B|12|12|12|NULL|NULL",
        ],
    );
}

#[tokio::test]
async fn copy_fails_a_client_whose_value_is_too_long_and_never_cuts_it() {
    let company = Company::new(&of_other_types(), &columns(COPIED)).await;
    let before = company.dump().await;
    let request = list(&company, &["C"]).await;
    let tally = company.sweep(&request).await.unwrap();
    assert_eq!((tally.anonymized, tally.failed), (0, 1));
    assert_eq!(company.dump().await, before);
}

#[test]
fn a_date_is_coarsened_and_what_is_no_date_is_emptied() {
    assert_changes(
        &"CREATE TABLE customers (no TEXT PRIMARY KEY, y {date}, m {moment}, d TEXT NOT NULL, p TEXT);
         INSERT INTO customers VALUES
           ('A', '1987-06-05', '1987-06-05 14:15:16', '1987-06-05', '75011'),
           ('B', '1990-01-01', '1987-06-05T14:15:16Z', '1980-01-01', '7'),
           ('C', NULL, NULL, '', NULL),
           ('D', '05.06.1987', 'June', 'unknown', ''),
           ('E', '551836800', '12.5', '1987', 'Ôé🙂');"
            .replace("{date}", either("DATE", "TEXT"))
            .replace("{moment}", either("DATETIME", "TEXT")),
        &columns(
            r#"
            y = { class = "personal", generalize = "year" }
            m = { class = "personal", generalize = "month" }
            d = { class = "personal", generalize = "decade" }
            p = { class = "personal", generalize = { first = 2 } }
            "#,
        ),
        &["A", "B", "C", "D", "E"],
        &[
            "- customers: A|1987-06-05|1987-06-05 14:15:16|1987-06-05|75011",
            "- customers: B|1990-01-01|1987-06-05T14:15:16Z|1980-01-01|7",
            "- customers: D|05.06.1987|June|unknown|",
            "- customers: E|551836800|12.5|1987|Ôé🙂",
            "+ customers: A|1987-01-01|1987-06-01 00:00:00|1980-01-01|75",
            "+ customers: B|1990-01-01|1987-06-01 00:00:00|1980-01-01|7",
            "+ customers: D|NULL|NULL||",
            "+ customers: E|NULL|NULL||Ôé",
        ],
    );
}

#[test]
fn lethes_own_marks_are_set_and_the_first_day_stays() {
    assert_changes(
        &"CREATE TABLE customers (no TEXT PRIMARY KEY, gone INTEGER NOT NULL DEFAULT 0, gone_on DATE);
         INSERT INTO customers VALUES ('A', 0, NULL), ('B', 0, {blank}), ('C', 0, '0001-01-01'), ('D', 0, '2020-02-02'), ('E', 0, NULL);"
            .replace("{blank}", either("''", "NULL")),
        r#"
        client = { table = "customers", key = "no", anonymized = "gone", anonymized_on = "gone_on" }
        [tables.customers.columns]
        no.class = "non-personal"
        gone.class = "non-personal"
        gone_on.class = "non-personal"
        "#,
        &["A", "B", "C", "D"],
        &[
            "- customers: A|0|NULL",
            either("- customers: B|0|", "- customers: B|0|NULL"),
            "- customers: C|0|0001-01-01",
            "- customers: D|0|2020-02-02",
            "+ customers: A|1|2026-01-02",
            "+ customers: B|1|2026-01-02",
            "+ customers: C|1|2026-01-02",
            "+ customers: D|1|2020-02-02",
        ],
    );
}

#[test]
fn a_column_that_points_to_other_rows_can_itself_be_cleared() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, contact_no TEXT);
         CREATE TABLE contacts (contact_no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE visits (customer_no TEXT REFERENCES customers, plate TEXT);
         INSERT INTO customers VALUES ('A', 'C1'), ('B', 'C2');
         INSERT INTO contacts VALUES ('C1', 'Ann'), ('C2', 'Bob');
         INSERT INTO visits VALUES ('A', 'AA-11'), ('B', 'BB-22');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            contact_no = { class = "personal", clear = true }
            [tables.contacts]
            client = { column = "contact_no", equals = "contact_no" }
            columns.contact_no.class = "non-personal"
            columns.name = { class = "personal", clear = true }
            [tables.visits]
            client = "customer_no"
            columns.customer_no = { class = "personal", clear = true }
            columns.plate = { class = "personal", replace = "plate of {key}" }
            "#,
        ),
        &["A"],
        &[
            "- contacts: C1|Ann",
            "+ contacts: C1|NULL",
            "- customers: A|C1",
            "+ customers: A|NULL",
            "- visits: A|AA-11",
            "+ visits: NULL|plate of A",
        ],
    );
}
