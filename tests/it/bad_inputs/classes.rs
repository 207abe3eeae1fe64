//! Classes that contradict what happens, and columns and tables without any.

use insta::assert_snapshot;

use super::office::Office;

const CARD: &str = "card = { class = \"sensitive\" }";

#[test]
fn sensitive_data_cannot_be_kept() {
    let office = Office::new().policy(CARD, "card = { class = \"sensitive\", keep = \"we like it\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        sensitive data cannot be kept
        fix: remove `keep`: the column is then emptied

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn sensitive_data_cannot_be_deleted_in_some_rows_only() {
    let office = Office::new().policy(CARD, "card = { class = \"sensitive\", clear = true, where = \"points = 0\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        sensitive data is always deleted, whole and in every row
        fix: use `clear` or `replace` without `where`, or leave the action out

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn sensitive_data_cannot_be_redacted_in_part() {
    let office =
        Office::new().policy("profile = { class = \"personal\", redact", "profile = { class = \"sensitive\", redact");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.profile
        sensitive data is always deleted, whole and in every row
        fix: use `clear` or `replace` without `where`, or leave the action out

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn personal_data_needs_an_action() {
    let office =
        Office::new().policy("phone = { class = \"personal\", clear = true }", "phone = { class = \"personal\" }");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        personal data without an action
        fix: give it `clear`, `replace`, `generalize`, `copy`, `redact`, or `keep = "<why>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn one_column_takes_one_action() {
    let office = Office::new().policy("clear = true }\nbirth_date", "clear = true, replace = \"none\" }\nbirth_date");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        more than one action
        fix: keep one, or list them in `actions` with a `for` or `where` each

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_column_is_kept_or_changed() {
    let office = Office::new().policy("clear = true }\nbirth_date", "clear = true, keep = \"for calls\" }\nbirth_date");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        both kept and changed
        fix: remove `keep` or the action

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn keeping_takes_a_reason() {
    let office = Office::new().policy("clear = true }\nbirth_date", "keep = \" \" }\nbirth_date");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        `keep` needs a reason, and it is empty
        fix: say why the column is kept, or give it an action

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_condition_takes_an_action() {
    let office = Office::new().policy(
        "segment = { class = \"non-personal\" }",
        "segment = { class = \"non-personal\", where = \"points = 0\" }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.segment
        `where` without an action
        fix: add an action such as `clear = true`, or remove the `where`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_action_behind_one_that_is_always_taken_is_refused() {
    let office = Office::new().policy(
        "phone = { class = \"personal\", clear = true }",
        "phone = { class = \"personal\", actions = [{ clear = true }, { replace = \"none\", where = \"points = 0\" }] }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        entry 1 of `actions` has no `for` and no `where`, so those after it are never taken
        fix: give it a `where`, or move it to the end

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_column_without_a_class_stops_everything() {
    let office = Office::with("ALTER TABLE customers ADD COLUMN shoe_size INTEGER;");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.shoe_size
        column `shoe_size` is not classified
        fix: give it `class = "non-personal"`, or `"personal"` with an action, or `"sensitive"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_misspelt_column_is_shown_beside_the_one_it_leaves_out() {
    let office = Office::new().policy("birth_date = {", "birthdate = {");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 2 problems to fix
      tables.customers.columns.birthdate
        table `customers` has no column `birthdate`
        fix: did you mean `birth_date`?
      tables.customers.columns.birth_date
        column `birth_date` is not classified (the policy has `birthdate`)
        fix: give it `class = "non-personal"`, or `"personal"` with an action, or `"sensitive"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn the_client_table_needs_classes_itself() {
    let office = Office::with("CREATE TABLE members (no TEXT PRIMARY KEY, name TEXT);")
        .policy("table = \"customers\"\nkey = \"no\"\nto_anonymize_on = \"due\"", "table = \"members\"\nkey = \"no\"");
    let said = office.check();
    assert!(said.contains("the client table itself is not in the policy"), "{said}");
    assert!(said.contains("fix: add `[tables.members.columns]` with a class for each of its 2 columns"), "{said}");
}

#[test]
fn a_table_that_refers_to_clients_has_to_be_in_the_policy() {
    let office = Office::with("CREATE TABLE visits (id INTEGER PRIMARY KEY, visitor TEXT REFERENCES customers (no));");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.visits
        table `visits` reaches clients (`visitor` refers to `customers`) and is not in the policy
        fix: add `[tables.visits]` with `client = …` and its columns, or `free = "<why it holds no client data>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_table_that_refers_to_one_that_refers_to_clients_counts_too() {
    let office =
        Office::with("CREATE TABLE parcels (id INTEGER PRIMARY KEY, bound_for INTEGER REFERENCES orders (id));");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.parcels
        table `parcels` reaches clients (`bound_for` refers to `orders`) and is not in the policy
        fix: add `[tables.parcels]` with `client = …` and its columns, or `free = "<why it holds no client data>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_table_with_a_telling_column_counts_without_a_foreign_key() {
    let office = Office::with("CREATE TABLE letters (id INTEGER PRIMARY KEY, customer_no TEXT, body TEXT);");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.letters
        table `letters` reaches clients (by the name of its column `customer_no`) and is not in the policy
        fix: add `[tables.letters]` with `client = …` and its columns, or `free = "<why it holds no client data>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn being_free_takes_a_reason() {
    let office = Office::new().policy_and("[tables.countries]\nfree = \"\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.countries
        `free` needs a reason, and it is empty
        fix: say why the table holds no client data

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_free_table_takes_no_rules() {
    let office = Office::new().policy_and("[tables.countries]\nfree = \"only countries\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.countries
        declared free of client data, and given rules
        fix: remove `free`, or the rules

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn the_key_of_a_client_stays() {
    let office =
        Office::new().policy("\nno = { class = \"non-personal\" }", "\nno = { class = \"personal\", clear = true }");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.no
        this is the client's key, which must be kept
        fix: give it `class = "non-personal"`, or `keep = "<why>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn the_rows_of_the_client_table_stay() {
    let office = Office::new()
        .policy("[tables.customers.columns]", "[tables.customers]\nrows = \"delete\"\n[tables.customers.columns]");
    let said = office.check();
    assert!(said.contains("tables.customers.rows\n    rows of the client table cannot be deleted\n"), "{said}");
}

#[test]
fn everything_wrong_stands_in_one_list() {
    let office = Office::with("CREATE TABLE visits (id INTEGER PRIMARY KEY, visitor TEXT REFERENCES customers (no));")
        .policy("email = {", "e_mail = {")
        .policy(CARD, "card = { class = \"sensitive\", keep = \"we like it\" }")
        .policy("table = \"orders\"\nwhere = \"status = 'open'\"", "table = \"orders\"\nwhere = \"status = \"")
        .policy("generalize = \"year\"", "replace = \"someday\"");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 6 problems to fix
      tables.customers.columns.e_mail
        table `customers` has no column `e_mail`
        fix: did you mean `email`?
      tables.customers.columns.email
        column `email` is not classified (the policy has `e_mail`)
        fix: give it `class = "non-personal"`, or `"personal"` with an action, or `"sensitive"`
      tables.visits
        table `visits` reaches clients (`visitor` refers to `customers`) and is not in the policy
        fix: add `[tables.visits]` with `client = …` and its columns, or `free = "<why it holds no client data>"`
      guards.open-orders.where
        `status =` is not an SQL expression: it ends too early
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`
      tables.customers.columns.birth_date
        `birth_date` is declared DATE and cannot hold this text
        fix: use `clear = true`, `generalize`, or a value of the column's own type
      tables.customers.columns.card
        sensitive data cannot be kept
        fix: remove `keep`: the column is then emptied

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn the_list_is_data_to_a_program() {
    let office = Office::new().policy("email = {", "e_mail = {");
    let output = office.lethe(&["policy", "check", "--json"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    let problems: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON on stdout");
    assert_eq!(problems["problems"].as_array().map(Vec::len), Some(2));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON on stderr");
    assert_eq!(error["error"], "the policy cannot become a plan: 2 problems");
}
