//! A configuration that is not there, or says what cannot be.

use insta::assert_snapshot;

use super::office::Office;

/// What the program says with a variable set.
fn with(name: &str, value: &str) -> String {
    let office = Office::new();
    let mut command = office.lethe(&["policy", "check"]);
    command.env(name, value);
    office.refused_by(command)
}

#[test]
fn a_missing_configuration_is_missed_by_name() {
    assert_snapshot!(Office::new().without("lethe.toml").check(), @r#"
    error: `lethe.toml` not found, and `LETHE_DATABASE` is not set

    hint: write a `lethe.toml` with `database = "company.db"`, or name it with `--config`; `lethe demo` creates a company to try things on
    "#);
}

#[test]
fn a_missing_configuration_that_was_asked_for_is_missed_by_name() {
    assert_snapshot!(Office::new().refused(&["policy", "check", "--config", "elsewhere/lethe.toml"]), @r#"
    error: `elsewhere/lethe.toml` not found, and `LETHE_DATABASE` is not set

    hint: write a `lethe.toml` with `database = "company.db"`, or name it with `--config`; `lethe demo` creates a company to try things on
    "#);
}

#[test]
fn a_variable_that_names_no_file_is_told_by_its_file() {
    assert_snapshot!(with("LETHE_CONFIG", "nowhere.toml"), @r#"
    error: `nowhere.toml` not found, and `LETHE_DATABASE` is not set

    hint: write a `lethe.toml` with `database = "company.db"`, or name it with `--config`; `lethe demo` creates a company to try things on
    "#);
}

#[test]
fn a_configuration_that_is_no_toml_names_the_line() {
    assert_snapshot!(Office::new().config("[sweep]", "[sweep").check(), @r"
    error: `lethe.toml` line 3: unclosed table, expected `]`

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_configuration_without_a_database_is_refused() {
    assert_snapshot!(Office::new().config("database = \"company.db\"\n", "").check(), @r#"
    error: `lethe.toml` names no `database`

    hint: add a line such as `database = "company.db"`, or set `LETHE_DATABASE`
    "#);
}

#[test]
fn an_unknown_setting_has_the_nearest() {
    assert_snapshot!(Office::new().config("brake_share = 1.0", "brake_shares = 1.0").check(), @r"
    error: `lethe.toml`: unknown setting `sweep.brake_shares`

    hint: did you mean `brake_share`?
    ");
}

#[test]
fn an_unknown_setting_at_the_top_has_the_nearest() {
    assert_snapshot!(Office::new().config("database = \"company.db\"", "databse = \"company.db\"").check(), @r"
    error: `lethe.toml`: unknown setting `databse`

    hint: did you mean `database`?
    ");
}

#[test]
fn a_duration_without_a_length_is_refused() {
    assert_snapshot!(Office::new().config("100ms", "soon").check(), @r#"
    error: `lethe.toml`: `sqlite.busy_timeout` cannot be used: found `"soon"`, expected a duration

    hint: write a duration such as `100ms`, `5s` or `7 days`
    "#);
}

#[test]
fn a_duration_is_no_number() {
    assert_snapshot!(Office::new().config("\"100ms\"", "100").check(), @r#"
    error: `lethe.toml`: `sqlite.busy_timeout` cannot be used: found `"100"`, expected a duration

    hint: write a duration such as `100ms`, `5s` or `7 days`
    "#);
}

#[test]
fn a_batch_size_of_zero_is_refused() {
    assert_snapshot!(Office::new().config("brake_share = 1.0", "batch_size = 0").check(), @r"
    error: `lethe.toml`: `sweep.batch_size` is 0, and should be from 1 to 100000

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_batch_size_above_the_limit_is_refused() {
    assert_snapshot!(Office::new().config("brake_share = 1.0", "batch_size = 1000000").check(), @r"
    error: `lethe.toml`: `sweep.batch_size` is 1000000, and should be from 1 to 100000

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn no_attempt_at_all_is_refused() {
    assert_snapshot!(Office::new().config("brake_share = 1.0", "attempts = 0").check(), @r"
    error: `lethe.toml`: `sweep.attempts` is 0, and should be at least 1

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_brake_at_twice_the_whole_is_refused() {
    assert_snapshot!(Office::new().config("brake_share = 1.0", "brake_share = 2.0").check(), @r"
    error: `lethe.toml`: `sweep.brake_share` is 2, and should be above 0 and at most 1

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn an_unknown_time_zone_has_the_nearest() {
    assert_snapshot!(Office::new().config("[sweep]", "time_zone = \"Europe/Kopenhagen\"\n[sweep]").check(), @r"
    error: `lethe.toml`: `time_zone` cannot be used: unknown time zone `Europe/Kopenhagen`

    hint: did you mean `Europe/Copenhagen`?
    ");
}

#[test]
fn a_variable_of_the_wrong_type_is_named() {
    assert_snapshot!(with("LETHE_SWEEP__BATCH_SIZE", "many"), @r#"
    error: `LETHE_SWEEP__BATCH_SIZE`: `sweep.batch_size` cannot be used: found `"many"`, expected a whole number

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    "#);
}

#[test]
fn a_variable_below_nothing_is_refused() {
    assert_snapshot!(with("LETHE_SWEEP__BATCH_SIZE", "-5"), @r"
    error: `LETHE_SWEEP__BATCH_SIZE`: `sweep.batch_size` cannot be used: found `-5`, expected a whole number from 0 on

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_variable_of_a_whole_section_is_refused() {
    assert_snapshot!(with("LETHE_SWEEP", "5"), @r"
    error: `LETHE_SWEEP`: `sweep` cannot be used: found `5`, expected a table

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_variable_out_of_bounds_is_refused() {
    assert_snapshot!(with("LETHE_SWEEP__BATCH_SIZE", "0"), @r"
    error: `LETHE_SWEEP__BATCH_SIZE`: `sweep.batch_size` is 0, and should be from 1 to 100000

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn an_unknown_variable_is_named() {
    assert_snapshot!(with("LETHE_DATABSE", "company.db"), @r"
    error: `LETHE_DATABSE`: unknown setting `databse`

    hint: did you mean `LETHE_DATABASE`?
    ");
}

#[test]
fn an_unknown_variable_of_a_section_is_named() {
    assert_snapshot!(with("LETHE_SWEEP__BATCHSIZE", "10"), @r"
    error: `LETHE_SWEEP__BATCHSIZE`: unknown setting `sweep.batchsize`

    hint: did you mean `LETHE_SWEEP__BATCH_SIZE`?
    ");
}

#[test]
fn a_folder_is_no_configuration() {
    assert_snapshot!(Office::new().refused(&["policy", "check", "--config", "jobs"]), @r"
    error: the configuration `jobs` cannot be read: it is a folder

    hint: `--config` or `LETHE_CONFIG` names the file
    ");
}
