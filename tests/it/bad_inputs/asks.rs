//! Questions and wishes about clients and sweeps that are not there.

use insta::assert_snapshot;

use super::office::Office;

const REASON: [&str; 2] = ["--reason", "court case"];

fn hold(key: &str) -> Vec<&str> {
    ["hold", "add", key].into_iter().chain(REASON).collect()
}

#[test]
fn an_unknown_client_cannot_be_held() {
    assert_snapshot!(Office::new().refused(&hold("C9")), @r"
    error: client `C9` not found

    hint: write the key as the client table has it
    ");
}

#[test]
fn a_client_is_held_once() {
    let office = Office::new();
    office.done(&hold("C1"));
    assert_snapshot!(office.refused(&hold("C1")), @r"
    error: client `C1` is on hold already

    hint: `lethe hold list` shows it
    ");
}

#[test]
fn a_hold_takes_a_reason() {
    assert_snapshot!(Office::new().refused(&["hold", "add", "C1", "--reason", " "]), @r#"
    error: a hold needs a reason

    hint: say why with `--reason "…"`
    "#);
}

#[test]
fn a_hold_that_is_not_there_cannot_be_released() {
    assert_snapshot!(Office::new().refused(&["hold", "release", "C1"]), @r"
    error: client `C1` is not on hold

    hint: `lethe hold list` shows who is
    ");
}

#[test]
fn a_hold_is_released_once() {
    let office = Office::new();
    office.done(&hold("C1"));
    office.done(&["hold", "release", "C1"]);
    assert_eq!(office.refused(&["hold", "release", "C1"]), Office::new().refused(&["hold", "release", "C1"]));
}

#[test]
fn an_unknown_client_cannot_be_tried_again() {
    assert_snapshot!(Office::new().refused(&["retry", "C9"]), @r"
    error: client `C9` not found

    hint: write the key as the client table has it
    ");
}

#[test]
fn a_client_that_has_not_failed_cannot_be_tried_again() {
    assert_snapshot!(Office::new().refused(&["retry", "C1"]), @r"
    error: client `C1` has not failed

    hint: `lethe status --failures` lists those that have
    ");
}

#[test]
fn no_client_to_retry_is_no_error() {
    assert_eq!(Office::new().done(&["retry"]), "No client has failed.\n");
}

#[test]
fn an_unknown_sweep_is_missed_by_its_number() {
    let office = Office::new().rehearsed();
    assert_snapshot!(office.refused(&["status", "7"]), @r"
    error: sweep 7 not found

    hint: `lethe status` lists the last ones
    ");
}

#[test]
fn a_sweep_of_a_database_without_any_is_missed_as_well() {
    let office = Office::new();
    assert_eq!(office.refused(&["status", "7"]), Office::new().rehearsed().refused(&["status", "7"]));
}

#[test]
fn an_unknown_client_has_no_history() {
    assert_snapshot!(Office::new().refused(&["client", "C9"]), @r"
    error: client `C9` not found

    hint: write the key as the client table has it
    ");
}

#[test]
fn a_key_is_a_key_and_no_sql() {
    assert_snapshot!(Office::new().refused(&["client", "x' OR '1'='1"]), @r"
    error: client `x' OR '1'='1` not found

    hint: write the key as the client table has it
    ");
}

#[test]
fn an_empty_key_is_no_client() {
    assert_snapshot!(Office::new().refused(&["client", " "]), @r"
    error: client ` ` not found

    hint: write the key as the client table has it
    ");
}

#[test]
fn a_key_has_the_parts_of_a_key() {
    let office = Office::with("CREATE TABLE members (club TEXT, no INTEGER, name TEXT, PRIMARY KEY (club, no));").write(
        "policy.toml",
        "[client]\ntable = \"members\"\nkey = [\"club\", \"no\"]\n[tables.members.columns]\nclub = { class = \"non-personal\" }\n\
         no = { class = \"non-personal\" }\nname = { class = \"personal\", clear = true }\n",
    );
    assert_snapshot!(office.refused(&["client", "NORTH"]), @r"
    error: a client's key has 2 parts here, not 1

    hint: write the key as the client table has it, the parts of a composite key separated by commas
    ");
}

#[test]
fn an_error_is_data_to_a_program() {
    let office = Office::new();
    let output = office.lethe(&["client", "C9", "--json"]).output().expect("the program runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r#"
    {"error":"client `C9` not found","hint":"write the key as the client table has it"}
    "#);
}
