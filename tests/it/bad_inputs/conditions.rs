//! Conditions that are not SQL, or are not the one expression they should be.

use insta::assert_snapshot;

use super::office::Office;

/// A company whose only guard has this condition.
fn guarded(condition: &str) -> Office {
    Office::new().policy("where = \"status = 'open'\"", &format!("where = {condition:?}"))
}

#[test]
fn a_condition_that_is_no_sql_is_refused() {
    assert_snapshot!(guarded("status is open, mostly").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `status is open, mostly` is not an SQL expression: it cannot be read from `open` on
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_condition_that_breaks_off_is_refused() {
    assert_snapshot!(guarded("status =").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `status =` is not an SQL expression: it ends too early
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_text_that_is_left_open_is_refused() {
    assert_snapshot!(guarded("status = 'open").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `status = 'open` is not SQL: unterminated string literal
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn two_statements_are_refused() {
    assert_snapshot!(guarded("status = 'open'; DELETE FROM customers").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `status = 'open'; DELETE FROM customers` is more than one SQL expression; it should end before `;`
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_condition_that_closes_our_brackets_is_refused() {
    assert_snapshot!(guarded("1 = 1) OR (1 = 1").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `1 = 1) OR (1 = 1` is more than one SQL expression; it should end before `)`
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_column_is_refused() {
    assert_snapshot!(guarded("state = 'open'").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        table `orders` has no column `state`
        fix: did you mean `status`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_text_in_double_quotes_is_taken_for_a_column() {
    assert_snapshot!(guarded("status = \"open\"").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        table `orders` has no column `open`, and double quotes enclose a column name
        fix: put a text in single quotes: `'open'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_placeholder_has_nothing_to_stand_for() {
    assert_snapshot!(guarded("status = ?1").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `status = ?1` has a placeholder other than `{today}`
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_function_is_refused_by_the_database() {
    assert_snapshot!(guarded("is_open(status)").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        the database cannot prepare `is_open(status)`: no such function: is_open
        fix: write an SQL expression over the columns of `orders`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_table_in_a_subquery_is_refused_by_the_database() {
    assert_snapshot!(guarded("EXISTS (SELECT 1 FROM ordres)").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        the database cannot prepare `EXISTS (SELECT 1 FROM ordres)`: no such table: ordres
        fix: write an SQL expression over the columns of `orders`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_day_is_quoted_already() {
    assert_snapshot!(guarded("ordered_on < '{today}'").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        `ordered_on < '{today}'` puts quotes around `{today}`, which is a quoted date already
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_empty_condition_is_refused() {
    assert_snapshot!(guarded(" ").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders.where
        the condition is empty
        fix: write one SQL expression over the table's columns, such as `status <> 'done'`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_deletion_cannot_depend_on_what_changes() {
    let office = Office::new().policy(
        "[tables.orders]\nclient = \"customer_no\"",
        "[tables.orders]\nclient = \"customer_no\"\nrows = [{ delete = \"note IS NULL\" }]",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.orders.rows[1]
        depends on `note`, which a rule of this table changes, so a second run could delete more
        fix: make the condition depend on columns that are kept

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}
