//! Arguments that ask for nothing, for two things, or for what is not there.

use insta::assert_snapshot;

use super::office::Office;

/// What the program says of arguments that it cannot take: exit code 1, as
/// they are the reader's to fix, and neither data nor a changed row.
pub fn misused(args: &[&str]) -> String {
    let office = Office::new();
    let before = office.rows();
    let output = office.unconfirmed(args).output().expect("the program runs");
    let said = String::from_utf8(output.stderr).expect("stderr is text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(said.starts_with("error: "), "{said}");
    assert_eq!(office.rows(), before);
    said
}

#[test]
fn a_sweep_has_a_kind() {
    assert_snapshot!(misused(&["sweep"]), @r"
    error: the following required arguments were not provided:
      <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_sweep_has_one_kind() {
    assert_snapshot!(misused(&["sweep", "--due", "--period"]), @r"
    error: the argument '--due' cannot be used with '--period'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_job_has_its_kind_already() {
    assert_snapshot!(misused(&["sweep", "nightly-due", "--due"]), @r"
    error: the argument '[JOB]' cannot be used with '--due'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn force_is_for_lists() {
    assert_snapshot!(misused(&["sweep", "--due", "--force"]), @r"
    error: the argument '--due' cannot be used with '--force'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_filter_has_a_value() {
    assert_snapshot!(misused(&["sweep", "--due", "--filter", "region"]), @r"
    error: invalid value 'region' for '--filter <NAME=VALUE>': write it as NAME=VALUE, such as customer_posting_group=DOMESTIC

    For more information, try '--help'.
    ");
}

#[test]
fn a_limit_is_at_least_one() {
    assert_snapshot!(misused(&["sweep", "--due", "--limit", "0"]), @r"
    error: invalid value '0' for '--limit <N>': 0 is not in 1..18446744073709551615

    For more information, try '--help'.
    ");
}

#[test]
fn a_limit_is_a_number() {
    assert_snapshot!(misused(&["sweep", "--due", "--limit", "many"]), @r"
    error: invalid value 'many' for '--limit <N>': invalid digit found in string

    For more information, try '--help'.
    ");
}

#[test]
fn a_preview_has_nothing_to_wait_for() {
    assert_snapshot!(misused(&["sweep", "--due", "--preview", "--wait"]), @r"
    error: the argument '--preview' cannot be used with '--wait'

    Usage: lethe sweep --preview <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_preview_is_no_rehearsal() {
    assert_snapshot!(misused(&["sweep", "--due", "--preview", "--rehearse"]), @r"
    error: the argument '--preview' cannot be used with '--rehearse'

    Usage: lethe sweep --preview <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn clients_are_listed_of_a_preview_or_a_rehearsal() {
    assert_snapshot!(misused(&["sweep", "--due", "--clients"]), @r"
    error: `--clients` requires `--preview` or `--rehearse`

    hint: `lethe client KEY` shows the outcome of a client
    ");
}

#[test]
fn an_unknown_flag_has_the_nearest() {
    assert_snapshot!(misused(&["sweep", "--due", "--previw"]), @r"
    error: unexpected argument '--previw' found

      tip: a similar argument exists: '--preview'

    Usage: lethe sweep --preview <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_command_has_the_nearest() {
    assert_snapshot!(misused(&["sweeep"]), @r"
    error: unrecognized subcommand 'sweeep'

      tip: some similar subcommands exist: 'sweeps', 'sweep'

    Usage: lethe [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_hold_has_a_reason() {
    assert_snapshot!(misused(&["hold", "add", "C1"]), @r"
    error: the following required arguments were not provided:
      --reason <REASON>

    Usage: lethe hold add --reason <REASON> <KEY>

    For more information, try '--help'.
    ");
}

#[test]
fn a_sweep_is_shown_by_its_number() {
    assert_snapshot!(misused(&["status", "nightly-due"]), @r"
    error: invalid value 'nightly-due' for '[SWEEP]': invalid digit found in string

    For more information, try '--help'.
    ");
}

#[test]
fn at_least_one_sweep_is_shown() {
    assert_snapshot!(misused(&["status", "--last", "0"]), @r"
    error: invalid value '0' for '--last <N>': 0 is not in 1..=4294967295

    For more information, try '--help'.
    ");
}

#[test]
fn a_filter_value_is_a_value_and_no_sql() {
    let printed = Office::new().done(&["sweep", "--due", "--filter", "region=x' OR '1'='1", "--preview", "--json"]);
    let tally: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(tally["anonymized"], 0, "{printed}");
}

#[test]
fn a_backup_was_made_at_a_time() {
    assert_snapshot!(misused(&["backup", "acknowledge", "--at", "yesterday"]), @r"
    error: invalid value 'yesterday' for '--at <TIME>': input contains invalid characters

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_filter_has_the_nearest() {
    assert_snapshot!(Office::new().refused(&["sweep", "--due", "--filter", "regoin=EU", "--preview"]), @r"
    error: the policy declares no filter `regoin`

    hint: did you mean `region`?
    ");
}

#[test]
fn a_filter_like_no_other_gets_the_list() {
    assert_snapshot!(Office::new().refused(&["sweep", "--due", "--filter", "colour=blue", "--preview"]), @r"
    error: the policy declares no filter `colour`

    hint: the filters are `region`
    ");
}

#[test]
fn a_policy_without_filters_says_how_to_declare_one() {
    let office = Office::new().policy("[filters]\nregion = \"region\"\n", "");
    assert_snapshot!(office.refused(&["sweep", "--due", "--filter", "region=EU", "--preview"]), @r#"
    error: the policy declares no filter `region`

    hint: declare it under `[filters]` in the policy: `name = "client column"`
    "#);
}

#[test]
fn a_policy_without_a_date_has_no_client_due() {
    let office = Office::new().policy("to_anonymize_on = \"due\"\n", "");
    assert_snapshot!(office.refused(&["sweep", "--due", "--preview"]), @r"
    error: the policy names no `to_anonymize_on` column, so no client can be due by date

    hint: set `client.to_anonymize_on` in the policy, or run a `period` sweep
    ");
}

#[test]
fn a_policy_without_a_period_lets_no_client_lapse() {
    let period = "[period]\nlength = \"6 years\"\notherwise = \"created_on\"\nactivity = [{ table = \"orders\", date = \"ordered_on\" }]\n";
    let office = Office::new().policy(period, "");
    assert_snapshot!(office.refused(&["sweep", "--period", "--preview"]), @r"
    error: the policy has no `[period]`, so no period can have passed

    hint: add `[period]` to the policy, or run a `due` sweep
    ");
}
