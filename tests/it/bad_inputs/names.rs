//! A policy that names what the database does not have, or has otherwise.

use insta::assert_snapshot;

use super::office::Office;

#[test]
fn an_unknown_table_has_the_nearest() {
    let office = Office::new().policy_and("[tables.order_line]\nfree = \"a slip\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_line
        the database has no table `order_line`
        fix: did you mean `order_lines`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_table_like_no_other_gets_the_list() {
    let office = Office::new().policy_and("[tables.helicopters]\nfree = \"we sold them\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.helicopters
        the database has no table `helicopters`
        fix: its tables are `countries`, `customers`, `order_lines`, `orders`, `settings`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_client_table_stands_alone() {
    let office = Office::new().policy("table = \"customers\"", "table = \"customer\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.table
        the database has no table `customer`
        fix: did you mean `customers`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_column_has_the_nearest() {
    let office = Office::new().policy("email = {", "e_mail = {");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 2 problems to fix
      tables.customers.columns.e_mail
        table `customers` has no column `e_mail`
        fix: did you mean `email`?
      tables.customers.columns.email
        column `email` is not classified (the policy has `e_mail`)
        fix: give it `class = "non-personal"`, or `"personal"` with an action, or `"sensitive"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_view_holds_no_data_of_its_own() {
    let office = Office::new().policy_and("[tables.customer_list]\nclient = \"no\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customer_list
        `customer_list` is a view, and only tables hold client data
        fix: name the table behind it; a view shows what its tables hold

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_virtual_table_holds_no_data_of_its_own() {
    let office = Office::with("CREATE VIRTUAL TABLE customer_search USING fts5 (no, name);")
        .policy_and("[tables.customer_search]\nclient = \"no\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customer_search
        `customer_search` is a virtual table, and only tables hold client data
        fix: name the table that it is filled from; triggers can keep it up to date

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_view_cannot_be_the_client_table() {
    let office = Office::new().policy("table = \"customers\"", "table = \"customer_list\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.table
        `customer_list` is a view, and only tables hold client data
        fix: name the table behind it; a view shows what its tables hold

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_key_column_has_the_list() {
    let office = Office::new().policy("key = \"no\"", "key = \"customer_id\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.key
        table `customers` has no column `customer_id`
        fix: its columns are `no`, `name`, `email`, `phone`, `birth_date`, `points`, `card`, `segment`, `profile`, `region`, `due`, `created_on`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_key_that_nothing_makes_unique_is_refused() {
    let office = Office::new().policy("key = \"no\"", "key = \"email\"");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 2 problems to fix
      client.key
        nothing makes `email` unique in table `customers`
        fix: name the primary key, or create a unique index on these columns
      tables.customers.columns.email
        this is the client's key, which must be kept
        fix: give it `class = "non-personal"`, or `keep = "<why>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_key_of_bytes_is_refused() {
    let office = Office::with("CREATE TABLE vaults (id BLOB PRIMARY KEY);")
        .policy("table = \"customers\"\nkey = \"no\"\nto_anonymize_on = \"due\"", "table = \"vaults\"\nkey = \"id\"");
    let said = office.check();
    assert!(
        said.contains("client.key\n    `id` holds bytes\n    fix: name a key of text or whole numbers\n"),
        "{said}"
    );
}

#[test]
fn a_number_is_no_date() {
    let office = Office::new().policy("to_anonymize_on = \"due\"", "to_anonymize_on = \"points\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.to_anonymize_on
        `customers.points` is not a date column
        fix: name a column with dates written as `YYYY-MM-DD`, with or without a time

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_filter_on_an_unknown_column_is_refused() {
    let office = Office::new().policy("region = \"region\"", "region = \"regoin\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      filters.region
        table `customers` has no column `regoin`
        fix: did you mean `region`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn activity_in_an_unknown_table_and_column_is_refused() {
    let office = Office::new().policy(
        "activity = [{ table = \"orders\", date = \"ordered_on\" }]",
        "activity = [{ table = \"ordres\", date = \"ordered_on\" }, { table = \"orders\", date = \"ordered\" }]",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 2 problems to fix
      period.activity[1]
        the database has no table `ordres`
        fix: did you mean `orders`?
      period.activity[2].date
        table `orders` has no column `ordered`
        fix: did you mean `ordered_on`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guard_on_an_unknown_table_is_refused() {
    let office = Office::new().policy("table = \"orders\"\nwhere", "table = \"order\"\nwhere");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.table
        the database has no table `order`
        fix: did you mean `orders`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}
