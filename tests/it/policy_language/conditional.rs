//! What happens to a column in some rows, and what in others.

use super::support::{assert_changes, policy};

/// The rules for one client table of these columns, its key apart.
fn columns(rules: &str) -> String {
    policy(&format!("[tables.customers.columns]\nno.class = \"non-personal\"\n{rules}"))
}

#[test]
fn a_condition_spares_the_rows_for_which_it_does_not_hold() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, type TEXT, name TEXT);
         INSERT INTO customers VALUES ('A', 'person', 'Ann'), ('B', 'company', 'Baker Ltd'), ('C', NULL, 'Cid'), ('D', 'person', NULL);",
        &columns(
            r#"
            type.class = "non-personal"
            name = { class = "personal", replace = "Anonymized", where = "type = 'person'" }
            "#,
        ),
        &["A", "B", "C", "D"],
        &["- customers: A|person|Ann", "- customers: D|person|NULL", "+ customers: A|person|Anonymized", "+ customers: D|person|Anonymized"],
    );
}

#[test]
fn of_several_actions_the_first_whose_condition_holds_is_taken() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, type TEXT, country TEXT, name TEXT NOT NULL);
         INSERT INTO customers VALUES ('A', 'person', 'FR', 'Ann'), ('B', 'company', 'FR', 'Baker'), ('C', 'company', 'US', 'Cook'), ('D', NULL, NULL, 'Dot');",
        &columns(
            r#"
            type.class = "non-personal"
            country.class = "non-personal"
            name = { class = "personal", actions = [
              { where = "type = 'company' AND country = 'US'", generalize = { first = 1 } },
              { where = "type = 'company'", replace = "Company {key}" },
              { where = "type = 'person'", replace = "Person" },
              { clear = true },
            ] }
            "#,
        ),
        &["A", "B", "C", "D"],
        &[
            "- customers: A|person|FR|Ann",
            "- customers: B|company|FR|Baker",
            "- customers: C|company|US|Cook",
            "- customers: D|NULL|NULL|Dot",
            "+ customers: A|person|FR|Person",
            "+ customers: B|company|FR|Company B",
            "+ customers: C|company|US|C",
            "+ customers: D|NULL|NULL|",
        ],
    );
}

#[test]
fn without_a_last_action_for_the_rest_the_rest_stays() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, type TEXT, name TEXT);
         INSERT INTO customers VALUES ('A', 'person', 'Ann'), ('B', 'company', 'Baker'), ('C', 'club', 'Cook');",
        &columns(
            r#"
            type.class = "non-personal"
            name = { class = "personal", actions = [
              { where = "type = 'person'", clear = true },
              { where = "type = 'company'", replace = "Company" },
            ] }
            "#,
        ),
        &["A", "B", "C"],
        &[
            "- customers: A|person|Ann",
            "- customers: B|company|Baker",
            "+ customers: A|person|NULL",
            "+ customers: B|company|Company",
        ],
    );
}

#[test]
fn the_day_of_the_sweep_is_written_once_and_stays() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, gone_on DATE, remark TEXT);
         INSERT INTO customers VALUES ('A', NULL, 'x'), ('B', '2025-05-05', 'y');",
        &columns(
            r#"
            gone_on = { class = "non-personal", replace = "{today}", where = "gone_on IS NULL" }
            remark = { class = "personal", replace = "{key} gone on {today}", where = "remark NOT LIKE '% gone on %'" }
            "#,
        ),
        &["A", "B"],
        &[
            "- customers: A|NULL|x",
            "- customers: B|2025-05-05|y",
            "+ customers: A|2026-01-02|A gone on 2026-01-02",
            "+ customers: B|2025-05-05|B gone on 2026-01-02",
        ],
    );
}
