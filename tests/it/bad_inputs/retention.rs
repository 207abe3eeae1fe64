//! Periods for rows that would do harm or nothing, and sweeps of rows that are asked for as if of clients.

use insta::assert_snapshot;

use super::office::{JOB, Office};

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
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.retention
        rows of the client table cannot be deleted
        fix: clients are anonymized by their date or by `[period]`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn activity_outlives_the_period() {
    let office = Office::new().policy_and(
        "\n[tables.orders.retention]\nlength = \"5 years 11 months\"\ndate = \"ordered_on\"\nrows = \"delete\"\n",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 2 problems to fix
      tables.orders.retention
        other tables of the policy are reached through this one, and without its rows theirs would lead to no client
        fix: use `retention` only in a table that no other is reached through
      tables.orders.retention
        these rows are activity that keeps clients for 6 years, and would be deleted after 5 years 11 months
        fix: make the period of the rows at least as long as that of clients

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_way_to_others_stays() {
    let office = Office::new()
        .policy_and("\n[tables.orders.retention]\nlength = \"9 years\"\ndate = \"ordered_on\"\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.orders.retention
        other tables of the policy are reached through this one, and without its rows theirs would lead to no client
        fix: use `retention` only in a table that no other is reached through

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_rows_day_is_a_date() {
    assert_snapshot!(notes(&GOOD.replace("written_on", "id")).check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.notes.retention.date
        `notes.id` is not a date column
        fix: name a column with dates written as `YYYY-MM-DD`, with or without a time

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_rows_day_is_a_column() {
    assert_snapshot!(notes(&GOOD.replace("written_on", "writen_on")).check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.notes.retention.date
        table `notes` has no column `writen_on`
        fix: did you mean `written_on`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_rows_day_can_be_read() {
    let office = notes(GOOD);
    office.execute("UPDATE notes SET written_on = 'long ago' WHERE id = 1");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.notes.retention.date
        `notes.written_on` has values that are not dates written as `YYYY-MM-DD` (one of type text)
        fix: name a column with such days, or store them so; anything else cannot be compared safely

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_period_is_a_period() {
    assert_snapshot!(notes(&GOOD.replace("2 years", "2 yeers")).check(), @r"
    error: `policy.toml` line 65: `yeers` is not a unit of a period

    hint: did you mean `years`?
    ");
}

#[test]
fn old_rows_are_deleted_and_nothing_else() {
    assert_snapshot!(notes(&GOOD.replace("\"delete\"", "\"archive\"")).check(), @r"
    error: `policy.toml` line 67: unknown word `archive`

    hint: the words here are `delete`
    ");
}

#[test]
fn a_condition_on_old_rows_is_one() {
    assert_snapshot!(notes(&format!("{GOOD}\nwhere = \"colour = 'red'\"")).check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.notes.retention.where
        table `notes` has no column `colour`
        fix: its columns are `id`, `customer_no`, `written_on`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_table_without_client_data_needs_no_period() {
    let office = Office::new().policy_and("\n[tables.logs]\nfree = \"no client in it\"\nretention = { length = \"1 year\", date = \"at\", rows = \"delete\" }\n");
    office.execute("CREATE TABLE logs (at DATE)");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.logs
        declared free of client data, and given rules
        fix: remove `free`, or the rules

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn without_a_period_no_row_is_old() {
    assert_snapshot!(Office::new().refused(&["sweep", "--retention", "--preview"]), @r"
    error: the policy gives the rows of no table a period of their own

    hint: add `[tables.….retention]` to the policy
    ");
}

#[test]
fn a_sweep_of_rows_wants_its_own_rehearsal() {
    let office = notes(GOOD).rehearsed();
    office.done(&["backup", "acknowledge"]);
    assert_snapshot!(office.refused(&["sweep", "--retention"]), @r"
    error: this policy has not been rehearsed on this schema

    hint: run the same sweep with `--rehearse` first: it does everything and rolls it back
    ");
}

#[test]
fn a_job_of_rows_has_no_limit_of_clients() {
    let office = notes(GOOD).write("jobs/old-rows.toml", JOB.replace("\"due\"", "\"retention\"") + "limit = 5\n");
    assert_snapshot!(office.refused(&["sweep", "old-rows", "--preview"]), @r"
    error: key `limit` in `jobs/old-rows.toml` is about clients, and a `retention` sweep takes rows

    hint: leave the key out; `brake.share` is the share of a table's rows, and the policy's `where` says which rows are deleted
    ");
}

#[test]
fn rows_are_not_filtered_by_clients() {
    let office = notes(GOOD).write("jobs/old-rows.toml", JOB.replace("\"due\"", "\"retention\""));
    assert_snapshot!(office.refused(&["sweep", "old-rows", "--filter", "region=EU", "--preview"]), @r"
    error: `--filter` is about clients, and a `retention` sweep takes rows

    hint: leave it out; the policy's `where` says which rows are deleted
    ");
}

/// The first day whose rows stay, on the program's clock.
fn two_years_ago() -> String {
    let length: lethe::domain::period::Period = "2 years".parse().unwrap();
    length.before(lethe::domain::clock::Clock::System.now().date_naive()).unwrap().to_string()
}

#[test]
fn a_sweep_of_rows_goes_from_preview_to_report() {
    let office = notes(GOOD);
    let said = |args: &[&str]| office.done(args).replace(&two_years_ago(), "two-years ");
    assert_snapshot!(said(&["sweep", "--retention", "--preview"]), @r"
    table  rows before  would go  of
    notes  two-years           2   3

    Nothing was written.
    ");
    assert_snapshot!(said(&["sweep", "--retention", "--rehearse"]), @r"
    table  rows before  deleted, and rolled back  of
    notes  two-years                           2   3

    Old rows of each table were deleted and rolled back. The policy's row retention may now be used live.
    ");
    office.done(&["backup", "acknowledge"]);
    assert_snapshot!(office.done(&["sweep", "--retention", "--wait"]), @r"
    Sweep 1 is done.

    table  old rows deleted
    notes                 2
    ");
    let status = office.done(&["status", "1"]);
    assert!(status.contains("notes"), "{status}");
    let report: serde_json::Value = serde_json::from_str(&office.done(&["report", "sweep", "1", "--json"])).unwrap();
    assert_eq!(report["old_rows"][0]["table"], "notes");
}
