//! Drafts that cannot be made.

use insta::assert_snapshot;

use super::office::Office;

#[test]
fn a_policy_that_is_there_is_not_overwritten() {
    let office = Office::new();
    let before = std::fs::read_to_string(office.path("policy.toml")).expect("the policy");
    assert_snapshot!(office.refused(&["policy", "init"]), @r"
    error: `policy.toml` already exists

    hint: `--force` overwrites it, `--stdout` prints the draft instead
    ");
    assert_eq!(std::fs::read_to_string(office.path("policy.toml")).expect("the policy"), before);
}

#[test]
fn an_unknown_client_table_has_the_nearest() {
    assert_snapshot!(Office::new().refused(&["policy", "init", "--stdout", "--client", "custmers"]), @r"
    error: table `custmers` not found

    hint: did you mean `customers`?
    ");
}

#[test]
fn an_unknown_key_is_refused() {
    assert_snapshot!(Office::new().refused(&["policy", "init", "--stdout", "--client", "customers", "--key", "nr"]), @r"
    error: table `customers` has no column `nr`

    hint: pass `--key COLUMN` with a column of that table, or leave `--key` out
    ");
}

#[test]
fn a_database_without_clients_cannot_be_guessed() {
    let office = Office::with(
        "DROP TABLE settings; DROP TABLE order_lines; DROP TABLE orders; DROP VIEW customer_list; DROP TABLE customers;",
    );
    assert_snapshot!(office.refused(&["policy", "init", "--stdout"]), @r"
    error: no table looks like the table of clients

    hint: pass `--client TABLE`; no table has columns that look personal
    ");
}

#[test]
fn a_draft_that_cannot_be_written_is_refused() {
    let office = Office::new().config("[sweep]", "policy = \"drafts/policy.toml\"\n[sweep]");
    assert_snapshot!(office.refused(&["policy", "init"]), @r"
    error: `drafts/policy.toml` cannot be written: file or folder not found

    hint: check the folder, or print the draft with `--stdout`
    ");
}
