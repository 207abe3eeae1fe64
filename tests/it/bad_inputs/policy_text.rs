//! A policy that is not a policy: its text, its words, its period.

use insta::assert_snapshot;

use super::office::Office;

#[test]
fn a_policy_that_is_not_toml_names_the_line() {
    let office = Office::new().policy("key = \"no\"", "key = no");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 3: the value is neither a text in quotes, nor a number, nor `true` or `false`

    hint: put a text between quotes
    ");
}

#[test]
fn a_policy_without_a_closing_bracket_names_the_line() {
    let office = Office::new().policy("[filters]", "[filters");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 6: unclosed table, expected `]`

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_column_that_stands_twice_names_the_second_line() {
    let office = Office::new().policy("phone = {", "email = { class = \"sensitive\" }\nphone = {");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 24: duplicate key

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn an_unknown_setting_of_a_column_has_its_line_and_the_nearest() {
    let office = Office::new().policy("replace = \"Anonymized client\"", "replase = \"Anonymized client\"");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 22: unknown setting `replase`

    hint: did you mean `replace`?
    ");
}

#[test]
fn an_unknown_section_has_its_line_and_the_nearest() {
    let office = Office::new().policy("[filters]", "[filter]");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 6: unknown setting `filter`

    hint: did you mean `filters`?
    ");
}

#[test]
fn a_setting_like_no_other_gets_the_list() {
    let office = Office::new().policy("[period]", "[period]\ncolour = \"blue\"");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 10: unknown setting `colour`

    hint: the settings here are `length`, `choices`, `basis`, `activity`, `otherwise`, `no_activity`
    ");
}

#[test]
fn an_unknown_class_has_the_nearest() {
    let office = Office::new().policy("card = { class = \"sensitive\" }", "card = { class = \"sensitve\" }");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 27: unknown word `sensitve`

    hint: did you mean `sensitive`?
    ");
}

#[test]
fn an_unknown_coarseness_lists_the_known() {
    let office = Office::new().policy("generalize = \"year\"", "generalize = \"fortnight\"");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 25: unknown word `fortnight`

    hint: the words here are `year`, `month`, `decade`, `first`
    ");
}

#[test]
fn rows_can_only_be_deleted() {
    let office = Office::new().policy("[tables.order_lines]", "[tables.order_lines]\nrows = \"drop\"");
    assert_snapshot!(office.check(), @r#"
    error: `policy.toml` line 44: found `"drop"`, expected `"delete"`, or a list such as `[{ delete = "status <> 'done'" }]`

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    "#);
}

#[test]
fn a_link_with_an_unknown_setting_has_the_nearest() {
    let office = Office::new().policy("through = \"orders\"", "thru = \"orders\"");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 44: unknown setting `thru`

    hint: the settings here are `name`, `column`, `through`, `equals`, `for`, `where`, `compare`, `text`, `exclusive`
    ");
}

#[test]
fn a_policy_without_a_client_table_says_so() {
    let office = Office::new().policy("[client]\ntable = \"customers\"\nkey = \"no\"\nto_anonymize_on = \"due\"\n", "");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 1: `client` is missing

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_guard_without_a_reason_is_refused() {
    let office = Office::new().policy("reason = \"has open orders\"\n", "");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 14: `reason` is missing

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_period_of_nothing_is_refused() {
    let office = Office::new().policy("6 years", "0 years");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 10: the period is zero, which would keep no client at all

    hint: write a period of at least `1 day`
    ");
}

#[test]
fn a_negative_period_is_refused() {
    let office = Office::new().policy("6 years", "-6 years");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 10: `-6` in the period is negative

    hint: write a period of at least `1 day`
    ");
}

#[test]
fn a_misspelt_unit_has_the_nearest() {
    let office = Office::new().policy("6 years", "6 yaers");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 10: `yaers` is not a unit of a period

    hint: did you mean `years`?
    ");
}

#[test]
fn a_period_without_a_unit_is_refused() {
    let office = Office::new().policy("length = \"6 years\"", "length = 6");
    assert_snapshot!(office.check(), @r"
    error: `policy.toml` line 10: found `6`, expected a text in quotes

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_period_longer_than_history_is_refused_when_it_is_counted() {
    let office = Office::new().policy("6 years", "9999 years");
    let said = office.refused(&["sweep", "--period", "--preview"]);
    let (before, today) = said.split_once(" before ").unwrap();
    let (_, after) = today.split_once(' ').unwrap();
    assert_snapshot!(format!("{before} before [today] {after}"), @r"
    error: `9999 years` before [today] lies before year 1

    hint: write a shorter period
    ");
}

#[test]
fn a_period_from_nowhere_is_refused() {
    let activity = "otherwise = \"created_on\"\nactivity = [{ table = \"orders\", date = \"ordered_on\" }]\n";
    assert_snapshot!(Office::new().policy(activity, "").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      period
        neither `activity` nor `otherwise` says when the period begins
        fix: list the tables of dated activity in `activity`, or name a client column in `otherwise`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_missing_policy_is_missed_by_name() {
    let office = Office::new().without("policy.toml");
    assert_snapshot!(office.check(), @r"
    error: no policy found at `policy.toml`

    hint: `lethe policy init` drafts one from the database; `policy` in `lethe.toml` says where it is
    ");
}

#[test]
fn a_folder_is_no_policy() {
    let office = Office::new().config("[sweep]", "policy = \"jobs\"\n[sweep]");
    assert_snapshot!(office.check(), @r"
    error: the policy `jobs` cannot be read: it is a folder

    hint: `policy` in `lethe.toml` names the policy's file
    ");
}

#[test]
fn a_policy_that_is_no_text_is_refused() {
    let office = Office::new().write("policy.toml", [0xff, 0xfe, 0x00]);
    assert_snapshot!(office.check(), @r"
    error: the policy `policy.toml` cannot be read: it is not valid UTF-8 text

    hint: `policy` in `lethe.toml` names the policy's file
    ");
}

#[test]
fn a_sweep_says_the_same_as_the_check() {
    let office = Office::new().policy("[filters]", "[filter]");
    let said = office.check();
    assert_eq!(office.refused(&["sweep", "--due"]), said);
    assert_eq!(office.refused(&["sweep", "--due", "--preview"]), said);
    assert_eq!(office.refused(&["sweep", "--due", "--rehearse"]), said);
}

#[test]
fn what_is_accepted_must_be_there_and_has_a_reason() {
    let office = Office::new().policy_and(
        "[[accepted]]\ntable = \"nowhere\"\nreason = \"a list\"\n[[accepted]]\ntable = \"countries\"\ncolumn = \"nothing\"\n\
         reason = \" \"\n[[accepted]]\ntable = \"countries\"\nwhere = \"nobody = 1\"\nreason = \"a list\"\n\
         [[accepted]]\ntable = \"countries\"\nwhere = \"1 = = 1\"\nreason = \"a list\"\n",
    );
    let said = office.check();
    for part in [
        "accepted[1]",
        "`nowhere`",
        "accepted[2]",
        "has no column `nothing`",
        "`reason` is empty",
        "accepted[3].where",
        "has no column `nobody`",
        "accepted[4].where",
        "is not an SQL expression",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
