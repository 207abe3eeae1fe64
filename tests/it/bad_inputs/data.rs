//! Data that a plan cannot rely on, found before a client is touched.

use insta::assert_snapshot;

use super::office::Office;

#[test]
fn an_entry_under_an_unknown_key_is_refused() {
    let office = Office::with("INSERT INTO settings VALUES (3, 'C2', 'shoe_size', '44');");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.settings.keys.shoe_size
        table `settings` has entries called `shoe_size`, which are not classified
        fix: add the key with its class and action

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_key_stops_a_rehearsal_as_well() {
    let office = Office::with("INSERT INTO settings VALUES (3, 'C2', 'shoe_size', '44');");
    assert_eq!(office.refused(&["sweep", "--due", "--rehearse"]), office.check());
}

#[test]
fn a_key_that_could_be_data_is_not_quoted() {
    let office = Office::with("INSERT INTO settings VALUES (3, 'C2', 'bob@baker.example', 'yes');");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.settings.keys
        table `settings` has entries that are not classified, with a key that could be data itself
        fix: `SELECT DISTINCT "meta_key" FROM "settings"` lists the keys; add each with its class and action, or delete such rows with `rows`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_date_that_is_written_otherwise_is_refused() {
    let office = Office::with("UPDATE customers SET due = '14.03.1971' WHERE no = 'C1';");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.to_anonymize_on
        `customers.due` has values that are not dates written as `YYYY-MM-DD` (one of type text)
        fix: name a column with such days, or store them so; anything else cannot be compared safely

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_date_that_is_a_number_is_refused() {
    let office = Office::with("UPDATE orders SET ordered_on = 1451606400 WHERE id = 1;");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      period.activity[1].date
        `orders.ordered_on` has values that are not dates written as `YYYY-MM-DD` (one of type integer)
        fix: name a column with such days, or store them so; anything else cannot be compared safely

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_start_of_the_period_that_is_no_date_is_refused() {
    let office = Office::with("UPDATE customers SET created_on = 'long ago' WHERE no = 'C1';");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      period.otherwise
        `customers.created_on` has values that are not dates written as `YYYY-MM-DD` (one of type text)
        fix: name a column with such days, or store them so; anything else cannot be compared safely

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guards_date_that_is_no_date_is_refused() {
    let office =
        Office::with("ALTER TABLE orders ADD COLUMN paid_on DATE; UPDATE orders SET paid_on = 'soon' WHERE id = 1;")
            .policy("note = { class", "paid_on = { class = \"non-personal\" }\nnote = { class")
            .policy(
                "[tables.customers.columns]",
                "[[guards]]\nname = \"paid\"\nreason = \"paid lately\"\ntable = \"orders\"\ndate = \"paid_on\"\n\
                 within = \"2 years\"\n\n[tables.customers.columns]",
            );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.paid.date
        `orders.paid_on` has values that are not dates written as `YYYY-MM-DD` (one of type text)
        fix: name a column with such days, or store them so; anything else cannot be compared safely

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_client_without_a_key_is_named_when_the_policy_is_checked() {
    let office = Office::with(
        "CREATE TABLE members (no TEXT UNIQUE, name TEXT); INSERT INTO members VALUES (NULL, 'Ann Archer'), ('M1', 'Bob Baker');",
    )
    .write(
        "policy.toml",
        "[client]\ntable = \"members\"\nkey = \"no\"\n[tables.members.columns]\nno = { class = \"non-personal\" }\n\
         name = { class = \"personal\", clear = true }\n[tables.customers]\nfree = \"not in this test\"\n\
         [tables.settings]\nfree = \"not in this test\"\n",
    );
    let checked = office.lethe(&["policy", "check"]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap() + &String::from_utf8(checked.stderr).unwrap();
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("table `members` has clients whose `no` is NULL: they fail, all as one"), "{said}");
}

#[test]
fn rules_that_never_settle_are_refused() {
    let office = Office::new().policy(
        "phone = { class = \"personal\", clear = true }",
        "phone = { class = \"personal\", replace = \"{today}\", where = \"no <> ''\" }",
    );
    assert_snapshot!(office.refused(&["sweep", "--due", "--rehearse"]), @r"
    error: the rules of `customers` change their own result when applied again

    hint: use actions that change nothing the second time; a `where` should no longer hold afterwards
    ");
}

#[test]
fn a_client_whose_row_is_refused_fails_with_a_reason_that_quotes_no_data() {
    let office = Office::with(
        "CREATE TRIGGER keep_ann BEFORE UPDATE ON customers WHEN old.no = 'C1'
         BEGIN SELECT RAISE(ABORT, 'Ann Archer must stay'); END;",
    );
    let before = office.rows();
    let (rehearsed, said) = office.failed(&["sweep", "--due", "--rehearse", "--clients"]);
    assert!(rehearsed.starts_with("C1\tfailed\terror 1811 (refused by a trigger)\n"), "{rehearsed}");
    assert!(said.starts_with("error: the rehearsal failed: 1 client failed\n"), "{said}");
    assert_eq!(office.rows(), before);
}
