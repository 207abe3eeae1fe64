//! Periods for rows that would do harm or nothing, and sweeps of rows that are asked for as if of clients.

use insta::assert_snapshot;

use crate::office::{JOB, Office};

/// The company, with these settings for the rows of its notes.
fn notes(settings: &str) -> Office {
    let sql = "CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT, written_on DATE); \
               INSERT INTO notes VALUES (1, 'C1', '2001-01-01'), (2, 'C2', '2001-01-02'), (3, 'C3', NULL)";
    let table = "\n[tables.notes]\nclient = \"customer_no\"\nrows = \"delete\"\n";
    Office::with(sql).policy_and(&format!("{table}\n[tables.notes.retention]\n{settings}\n"))
}

const GOOD: &str = "length = \"2 years\"\ndate = \"written_on\"\nrows = \"delete\"";

#[test]
fn clients_are_no_old_rows() {
    let office = Office::new()
        .policy_and("\n[tables.customers.retention]\nlength = \"9 years\"\ndate = \"created_on\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @"");
}

#[test]
fn activity_outlives_the_period() {
    let office = Office::new().policy_and(
        "\n[tables.orders.retention]\nlength = \"5 years 11 months\"\ndate = \"ordered_on\"\nrows = \"delete\"\n",
    );
    assert_snapshot!(office.check(), @"");
}

#[test]
fn a_way_to_others_stays() {
    let office = Office::new()
        .policy_and("\n[tables.orders.retention]\nlength = \"9 years\"\ndate = \"ordered_on\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @"");
}

#[test]
fn a_rows_day_is_a_date() {
    assert_snapshot!(notes(&GOOD.replace("written_on", "id")).check(), @"");
}

#[test]
fn a_rows_day_is_a_column() {
    assert_snapshot!(notes(&GOOD.replace("written_on", "writen_on")).check(), @"");
}

#[test]
fn a_period_is_a_period() {
    assert_snapshot!(notes(&GOOD.replace("2 years", "2 yeers")).check(), @"");
}

#[test]
fn old_rows_are_deleted_and_nothing_else() {
    assert_snapshot!(notes(&GOOD.replace("\"delete\"", "\"archive\"")).check(), @"");
}

#[test]
fn a_condition_on_old_rows_is_one() {
    assert_snapshot!(notes(&format!("{GOOD}\nwhere = \"colour = 'red'\"")).check(), @"");
}

#[test]
fn a_table_without_client_data_needs_no_period() {
    let office = Office::new().policy_and("\n[tables.logs]\nfree = \"no client in it\"\nretention = { length = \"1 year\", date = \"at\", rows = \"delete\" }\n");
    office.execute("CREATE TABLE logs (at DATE)");
    assert_snapshot!(office.check(), @"");
}

#[test]
fn without_a_period_no_row_is_old() {
    assert_snapshot!(Office::new().refused(&["sweep", "--retention", "--preview"]), @"");
}

#[test]
fn a_sweep_of_rows_wants_its_own_rehearsal() {
    let office = notes(GOOD).rehearsed();
    office.done(&["backup", "acknowledge"]);
    assert_snapshot!(office.refused(&["sweep", "--retention"]), @"");
}

#[test]
fn a_job_of_rows_has_no_limit_of_clients() {
    let office = notes(GOOD).write("jobs/old-rows.toml", JOB.replace("\"due\"", "\"retention\"") + "limit = 5\n");
    assert_snapshot!(office.refused(&["sweep", "old-rows", "--preview"]), @"");
}

#[test]
fn rows_are_not_filtered_by_clients() {
    let office = notes(GOOD).write("jobs/old-rows.toml", JOB.replace("\"due\"", "\"retention\""));
    assert_snapshot!(office.refused(&["sweep", "old-rows", "--filter", "region=EU", "--preview"]), @"");
}

#[test]
fn a_sweep_of_rows_goes_from_preview_to_report() {
    let office = notes(GOOD);
    assert_snapshot!(office.done(&["sweep", "--retention", "--preview"]), @"");
    assert_snapshot!(office.done(&["sweep", "--retention", "--rehearse"]), @"");
    office.done(&["backup", "acknowledge"]);
    assert_snapshot!(office.done(&["sweep", "--retention", "--wait"]), @"");
    let status = office.done(&["status", "1"]);
    assert!(status.contains("notes"), "{status}");
    let report: serde_json::Value = serde_json::from_str(&office.done(&["report", "sweep", "1", "--json"])).unwrap();
    assert_eq!(report["old_rows"][0]["table"], "notes");
}
