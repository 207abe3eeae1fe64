//! Job files that are not jobs.

use insta::assert_snapshot;

use super::office::{JOB, Office};

/// What a sweep of the job says against its file.
fn said(office: &Office) -> String {
    office.refused(&["sweep", "nightly-due", "--preview"])
}

#[test]
fn a_moment_that_never_comes_is_refused() {
    assert_snapshot!(said(&Office::new().job("0 30 1 * * *", "0 30 1 31 2 *")), @r"
    error: key `schedule` in `jobs/nightly-due.toml` cannot be used: cron expression `0 30 1 31 2 *` never fires

    hint: no day has this month, day of month, day of week and year together
    ");
}

#[test]
fn five_fields_lack_the_seconds() {
    assert_snapshot!(said(&Office::new().job("0 30 1 * * *", "30 1 * * *")), @r"
    error: key `schedule` in `jobs/nightly-due.toml` cannot be used: cron expression `30 1 * * *` has 5 fields, not 6 or 7

    hint: prepend a field for the seconds: `0 30 1 * * *`
    ");
}

#[test]
fn a_field_out_of_bounds_is_refused() {
    assert_snapshot!(said(&Office::new().job("0 30 1 * * *", "0 30 25 * * *")), @r"
    error: key `schedule` in `jobs/nightly-due.toml` cannot be used: cron field `hours` cannot be `25`

    hint: it takes numbers from 0 to 23, `*`, lists such as `1,3`, upward ranges such as `1-5`, and steps such as `*/2`
    ");
}

#[test]
fn an_unknown_time_zone_has_the_nearest() {
    assert_snapshot!(said(&Office::new().job("Europe/Copenhagen", "Europe/Kopenhagen")), @r"
    error: key `time_zone` in `jobs/nightly-due.toml` cannot be used: unknown time zone `Europe/Kopenhagen`

    hint: did you mean `Europe/Copenhagen`?
    ");
}

#[test]
fn an_unknown_key_has_its_line_and_the_nearest() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\nlimt = 5")), @r"
    error: `jobs/nightly-due.toml` line 4: unknown key `limt`

    hint: did you mean `limit`?
    ");
}

#[test]
fn a_missing_key_is_missed() {
    assert_snapshot!(said(&Office::new().job("time_zone = \"Europe/Copenhagen\"\n", "")), @r#"
    error: `jobs/nightly-due.toml` has no key `time_zone`

    hint: add a line such as `time_zone = "Europe/Copenhagen"`, above any table
    "#);
}

#[test]
fn a_list_cannot_be_scheduled() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"list\"")), @r"
    error: key `sweep` in `jobs/nightly-due.toml` is `list`, which cannot be scheduled

    hint: schedule a `due`, `period`, `replay` or `retention` sweep; a person starts a list
    ");
}

#[test]
fn an_unknown_kind_of_sweep_has_the_nearest() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"periods\"")), @r"
    error: key `sweep` in `jobs/nightly-due.toml` cannot be used: unknown kind of sweep `periods`

    hint: did you mean `period`?
    ");
}

#[test]
fn a_limit_of_zero_is_refused() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\nlimit = 0")), @r"
    error: key `limit` in `jobs/nightly-due.toml` is `0`, less than 1

    hint: write 1 or more, or leave the key out; `enabled = false` stops the job
    ");
}

#[test]
fn a_limit_that_is_no_number_is_refused() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\nlimit = \"many\"")), @r#"
    error: `jobs/nightly-due.toml` line 4: found `"many"`, expected a whole number

    hint: fix the line; texts stand in quotes, numbers do not
    "#);
}

#[test]
fn a_brake_at_twice_the_whole_is_refused() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\n[brake]\nshare = 2")), @r"
    error: key `brake.share` in `jobs/nightly-due.toml` is `2`, not above 0 and at most 1

    hint: write `0.25` for a quarter of all clients
    ");
}

#[test]
fn a_filter_that_lets_no_client_through_is_refused() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\n[filters]\nregion = []")), @r"
    error: key `filters.region` in `jobs/nightly-due.toml` is an empty list

    hint: give at least one value, or leave the filter out
    ");
}

#[test]
fn a_filter_that_the_policy_does_not_declare_has_the_nearest() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = \"due\"\n[filters]\nregoin = \"EU\"")), @r"
    error: the policy declares no filter `regoin`

    hint: did you mean `region`?
    ");
}

#[test]
fn a_bad_name_is_refused() {
    let office = Office::new().write("jobs/Every Night.toml", JOB);
    assert_snapshot!(office.refused(&["sweep", "Every Night", "--preview"]), @r"
    error: `Every Night` is not a name for a job

    hint: name the file with `a` to `z`, `0` to `9` and `-`, such as `nightly-due.toml`
    ");
}

#[test]
fn a_file_that_is_no_toml_names_the_line() {
    assert_snapshot!(said(&Office::new().job("sweep = \"due\"", "sweep = due")), @r"
    error: `jobs/nightly-due.toml` line 3: the value is neither a text in quotes, nor a number, nor `true` or `false`

    hint: fix the line; texts stand in quotes, numbers do not
    ");
}

#[test]
fn an_unknown_job_has_the_nearest() {
    assert_snapshot!(Office::new().refused(&["sweep", "nightly-deu", "--preview"]), @r"
    error: job `nightly-deu` not found

    hint: did you mean `nightly-due`?
    ");
}

#[test]
fn a_job_like_no_other_gets_the_list() {
    assert_snapshot!(Office::new().refused(&["sweep", "everything", "--preview"]), @r"
    error: job `everything` not found

    hint: the jobs are `nightly-due`
    ");
}

#[test]
fn a_company_without_jobs_has_none_to_sweep() {
    assert_snapshot!(Office::new().without("jobs/nightly-due.toml").refused(&["sweep", "nightly-due", "--preview"]), @r"
    error: job `nightly-due` not found

    hint: no job files found in `jobs`
    ");
}

#[test]
fn a_folder_of_jobs_that_is_not_there_is_missed() {
    let office = Office::new().config("[sweep]", "jobs = \"tasks\"\n[sweep]");
    assert_snapshot!(office.refused(&["sweep", "nightly-due", "--preview"]), @r"
    error: the jobs in `tasks` cannot be read: file or folder not found

    hint: `jobs` in `lethe.toml` names the folder of the job files
    ");
}

#[test]
fn a_bad_file_is_named_with_the_folder_it_is_in() {
    let office =
        Office::new().config("[sweep]", "jobs = \"tasks\"\n[sweep]").write("tasks/nightly-due.toml", "limit = 0");
    let said = said(&office);
    assert!(said.contains("`tasks/nightly-due.toml`"), "{said}");
    assert!(!said.contains("jobs/"), "{said}");
}
