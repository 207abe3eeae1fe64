//! Placeholders that the column they are meant for cannot hold.

use insta::assert_snapshot;

use super::office::Office;

const PHONE: &str = "phone = { class = \"personal\", clear = true }";
const POINTS: &str = "points = { class = \"non-personal\" }";
const CARD: &str = "card = { class = \"sensitive\" }";

#[test]
fn a_number_that_must_be_there_cannot_be_emptied() {
    let office = Office::new().policy(POINTS, "points = { class = \"personal\", clear = true }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.points
        `points` is NOT NULL and declared INTEGER, so it cannot be emptied
        fix: use `replace = 0`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_date_that_must_be_there_cannot_be_emptied() {
    let office = Office::new()
        .policy("ordered_on = { class = \"non-personal\" }", "ordered_on = { class = \"personal\", clear = true }");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.orders.columns.ordered_on
        `ordered_on` is NOT NULL and declared DATE, so it cannot be emptied
        fix: use `replace = "1900-01-01"` or `generalize = "year"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_text_is_no_number() {
    let office = Office::new().policy(POINTS, "points = { class = \"personal\", replace = \"none\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.points
        `points` is declared INTEGER and cannot hold this text
        fix: use `clear = true`, `generalize`, or a value of the column's own type

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_text_is_no_date() {
    let office = Office::new().policy("generalize = \"year\"", "replace = \"someday\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.birth_date
        `birth_date` is declared DATE and cannot hold this text
        fix: use `clear = true`, `generalize`, or a value of the column's own type

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_truth_is_no_date() {
    let office = Office::new().policy("generalize = \"year\"", "replace = true");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.birth_date
        `birth_date` is declared DATE and cannot hold `true`
        fix: use `clear = true`, or a text that fits

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let office = Office::new().policy(PHONE, "phone = { class = \"personal\", replace = \"not available\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        `phone` is declared VARCHAR(12) and the text needs up to 13 characters
        fix: use a text of at most 12 characters (a key is counted as 20)

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_key_counts_as_long_as_keys_can_be() {
    let office = Office::new().policy(PHONE, "phone = { class = \"personal\", replace = \"{key}\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        `phone` is declared VARCHAR(12) and the text needs up to 20 characters
        fix: use a text of at most 12 characters (a key is counted as 20)

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn the_same_text_for_all_clients_collides_where_it_must_be_unique() {
    let office = Office::new().policy(CARD, "card = { class = \"sensitive\", replace = \"gone\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        `card` is UNIQUE, and the second row changed would collide with the first
        fix: put `{key}` into the text, which makes it differ for each client

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_text_by_key_collides_where_a_client_has_several_rows() {
    let office = Office::with("CREATE UNIQUE INDEX settings_value ON settings (meta_value);").policy(
        "nickname = { class = \"personal\", clear = true }",
        "nickname = { class = \"personal\", replace = \"anonymized-{key}\" }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.settings.key_value
        `meta_value` is UNIQUE, and the second row changed would collide with the first
        fix: a client can have several rows here; use a text with `{row}`, which differs for each row

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_check_that_refuses_the_placeholder_is_quoted() {
    let office = Office::new()
        .policy("segment = { class = \"non-personal\" }", "segment = { class = \"personal\", replace = \"nobody\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.segment
        the table's CHECK (segment IN ('private', 'business')) refuses what is put there
        fix: replace with a value that the CHECK accepts

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn the_key_is_not_known_several_hops_away() {
    let office = Office::new().policy(
        "engraved = { class = \"personal\", clear = true }",
        "engraved = { class = \"personal\", replace = \"for {key}\" }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.columns.engraved
        `{key}` is only known where one link leads straight to the client's key
        fix: use a text without `{key}`, or say which link is meant with `for`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_placeholder_is_refused() {
    let office = Office::new().policy("anonymized-{key}@invalid", "anonymized-{name}@invalid");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.email
        `{name}` is not a placeholder
        fix: the placeholders are `{key}`, `{row}` and `{today}`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_single_brace_is_refused() {
    let office = Office::new().policy("anonymized-{key}@invalid", "anonymized-{key@invalid");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.email
        `anonymized-{key@invalid` has a single `{`
        fix: double a brace that stands for itself: `{{` or `}}`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_day_that_changes_daily_is_refused() {
    let office = Office::new().policy("generalize = \"year\"", "replace = \"{today}\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.birth_date
        `{today}` without `where` would change the column again every day
        fix: add a `where` that no longer holds once the column has been changed

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_copy_of_what_changes_is_refused() {
    let office = Office::new().policy(PHONE, "phone = { class = \"personal\", copy = \"email\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        depends on `email`, which is changed too, so a second run would do something else
        fix: keep `email`, or use an action that does not read it

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_copy_of_a_column_that_is_not_there_is_refused() {
    let office = Office::new().policy(PHONE, "phone = { class = \"personal\", copy = \"fax\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone.copy
        table `customers` has no column `fax`
        fix: its columns are `no`, `name`, `email`, `phone`, `birth_date`, `points`, `card`, `segment`, `profile`, `region`, `due`, `created_on`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_bad_json_path_is_refused() {
    let office = Office::new().policy("[\"$.diet\"]", "[\"diet\", \"$.friends[x].name\", \"$\"]");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 3 problems to fix
      tables.customers.columns.profile
        `diet` is not a valid JSON path: it should start with `$`
        fix: write paths such as `$.contact.email` or `$.members[*].name`
      tables.customers.columns.profile
        `$.friends[x].name` is not a valid JSON path: between `[` and `]` stands a number or `*`
        fix: write paths such as `$.contact.email` or `$.members[*].name`
      tables.customers.columns.profile
        `$` is not a valid JSON path: it names the whole document; use `clear`
        fix: write paths such as `$.contact.email` or `$.members[*].name`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_number_holds_no_json() {
    let office = Office::new().policy(POINTS, "points = { class = \"personal\", redact = [\"$.a\"] }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.points
        `points` is declared INTEGER and cannot hold JSON
        fix: use `clear = true`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_number_cannot_be_coarsened_to_a_year() {
    let office = Office::new().policy(POINTS, "points = { class = \"personal\", generalize = \"year\" }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.points
        `points` is declared INTEGER and cannot be generalized this way
        fix: `year`, `month` and `decade` are for dates written as `YYYY-MM-DD`, `{ first = n }` for texts

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn what_the_database_computes_cannot_be_changed() {
    let office = Office::with("ALTER TABLE customers ADD COLUMN label TEXT AS (no || ' ' || name);")
        .policy(POINTS, "points = { class = \"non-personal\" }\nlabel = { class = \"personal\", clear = true }");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.label
        the database computes this column, so it cannot be changed
        fix: change the columns it is computed from

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}
