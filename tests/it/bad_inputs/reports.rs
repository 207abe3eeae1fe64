//! Reports that are asked for wrongly, and what a policy says for them.

use insta::assert_snapshot;

use super::flags::misused;
use super::office::Office;

/// A company one of whose sweeps is over.
fn swept() -> Office {
    let office = Office::new().rehearsed();
    office.done(&["backup", "acknowledge"]);
    office.done(&["sweep", "--due", "--wait"]);
    office
}

#[test]
fn a_report_is_of_something() {
    assert_snapshot!(misused(&["report", "sweep"]), @r"
    error: the following required arguments were not provided:
      <SWEEP>

    Usage: lethe report sweep <SWEEP>

    For more information, try '--help'.
    ");
}

#[test]
fn a_sweep_is_reported_by_its_number() {
    assert_snapshot!(misused(&["report", "sweep", "nightly-due"]), @r"
    error: invalid value 'nightly-due' for '<SWEEP>': invalid digit found in string

    For more information, try '--help'.
    ");
}

#[test]
fn sweeps_are_numbered_from_one() {
    assert_snapshot!(misused(&["report", "sweep", "0"]), @r"
    error: invalid value '0' for '<SWEEP>': 0 is not in 1..9223372036854775807

    For more information, try '--help'.
    ");
}

#[test]
fn a_sweep_that_never_was_has_no_report() {
    assert_snapshot!(swept().refused(&["report", "sweep", "99"]), @r"
    error: sweep 99 not found

    hint: `lethe status` lists the last ones
    ");
}

#[test]
fn without_a_ledger_there_is_no_sweep_to_report() {
    assert_snapshot!(Office::new().refused(&["report", "sweep", "1"]), @r"
    error: sweep 1 not found

    hint: `lethe status` lists the last ones
    ");
}

#[test]
fn without_a_ledger_no_month_has_anything() {
    assert_snapshot!(Office::new().refused(&["report", "month", "2026-01"]), @r"
    error: no sweep was ever opened in this database

    hint: a month is reported once it has had one; `lethe report register` needs none
    ");
}

#[test]
fn a_month_is_a_year_and_a_number() {
    assert_snapshot!(misused(&["report", "month", "november"]), @r"
    error: invalid value 'november' for '<MONTH>': a month is written as `2026-11`

    For more information, try '--help'.
    ");
}

#[test]
fn no_year_has_a_thirteenth_month() {
    assert_snapshot!(misused(&["report", "month", "2026-13"]), @r"
    error: invalid value '2026-13' for '<MONTH>': a month is written as `2026-11`

    For more information, try '--help'.
    ");
}

#[test]
fn a_month_is_no_day() {
    assert_snapshot!(misused(&["report", "month", "2026-11-22"]), @r"
    error: invalid value '2026-11-22' for '<MONTH>': a month is written as `2026-11`

    For more information, try '--help'.
    ");
}

#[test]
fn a_month_to_come_has_no_report() {
    assert_snapshot!(swept().refused(&["report", "month", "9000-01"]), @r"
    error: 9000-01 has not begun

    hint: name this month, or one that is over
    ");
}

#[test]
fn a_report_that_is_there_is_kept() {
    let office = swept().write("report.html", "the one of last year");
    assert_snapshot!(office.refused(&["report", "sweep", "1", "--output", "report.html"]), @r"
    error: `report.html` already exists

    hint: an existing report is not overwritten: name another file, or move this one
    ");
    assert_eq!(std::fs::read_to_string(office.path("report.html")).unwrap(), "the one of last year");
}

#[test]
fn a_report_needs_a_folder_that_is_there() {
    assert_snapshot!(swept().refused(&["report", "sweep", "1", "--output", "reports/1.html"]), @r"
    error: `reports/1.html` cannot be written: file or folder not found

    hint: check the folder, or leave `--output` out to print the report
    ");
}

#[test]
fn a_register_is_of_a_policy_that_can_run() {
    let office = Office::new().policy("email = { class", "e_mail = { class");
    assert_snapshot!(office.refused(&["report", "register"]), @r#"
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
fn a_report_goes_to_a_file_whole_or_to_stdout() {
    let office = swept();
    let printed = office.done(&["report", "sweep", "1", "--json"]);
    let said = office.done(&["report", "sweep", "1", "--json", "--output", "one.json"]);
    assert_eq!(said.trim(), "{\n  \"output\": \"one.json\"\n}");
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(office.path("one.json")).unwrap()).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&written["sweep"], &written["clients"]), (&printed["sweep"], &printed["clients"]));
    assert_eq!(written["clients"]["looked_at"], 2);
    let page = office.done(&["report", "month", &printed["sweep"]["opened_at"].as_str().unwrap()[..7]]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    office.done(&["report", "register"]);
}

#[test]
fn the_register_needs_no_ledger_and_makes_none() {
    let office = Office::new();
    let before = std::fs::read(office.path("company.db")).unwrap();
    office.done(&["report", "register", "--json"]);
    assert_eq!(std::fs::read(office.path("company.db")).unwrap(), before);
}

#[test]
fn the_clients_key_tells_all_apart() {
    let office = Office::new()
        .policy("\nno = { class = \"non-personal\"", "\nno = { class = \"non-personal\", quasi_identifier = true");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.no
        this is the client's key, which no other client has
        fix: remove `quasi_identifier`: every report says that the key is kept

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn what_is_replaced_tells_no_clients_apart() {
    let office = Office::new().policy(
        "phone = { class = \"personal\", clear = true }",
        "phone = { class = \"personal\", clear = true, quasi_identifier = true }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.phone
        its replacement says nothing about the client, so it distinguishes no clients
        fix: remove `quasi_identifier`, or keep or generalize the column

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn groups_are_of_clients_and_not_of_their_rows() {
    let office = Office::new().policy(
        "status = { class = \"non-personal\" }",
        "status = { class = \"non-personal\", quasi_identifier = true }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.orders.columns.status
        a quasi-identifier outside of the client table is not measured: a client may have any number of rows here
        fix: remove `quasi_identifier`, and mark columns of the client table

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_basis_says_something() {
    let office = Office::new().policy("length = \"6 years\"", "length = \"6 years\"\nbasis = \" \"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      period.basis
        is empty
        fix: fill it in, or remove the setting

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_version_says_something() {
    let office = Office::new();
    let text = std::fs::read_to_string(office.path("policy.toml")).unwrap();
    let office = office.write("policy.toml", format!("version = \"\"\n{text}"));
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      version
        is empty
        fix: fill it in, or remove the setting

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}
