//! A Redis that is named in a way that cannot be. None says what a password is.

use insta::assert_snapshot;

use super::office::Office;

const HINT: &str = "\n\nhint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file\n";

fn office(redis: &str) -> Office {
    Office::new().config("[sweep]", &format!("[redis]\n{redis}\n\n[sweep]"))
}

/// What a sweep says with this `[redis]`; the general hint is left out.
fn with(redis: &str) -> String {
    let said = office(redis).refused(&["sweep", "--due"]);
    assert!(!said.contains("hunter2"), "{said}");
    said.trim_end_matches(HINT).to_owned()
}

#[test]
fn a_host_alone_is_no_url() {
    assert_snapshot!(with("url = \"localhost\""), @"error: `lethe.toml`: `redis.url` is not a valid URL: use `redis://user@host:6379`, or `rediss://` for TLS; a password is best in `redis.password_file`");
}

#[test]
fn a_password_with_a_number_sign_is_better_kept_in_a_file() {
    assert_snapshot!(with("url = \"redis://anna:hunter2#1@localhost\""), @"error: `lethe.toml`: `redis.url` is not a valid URL: use `redis://user@host:6379`, or `rediss://` for TLS; a password is best in `redis.password_file`");
}

#[test]
fn another_scheme_is_refused() {
    assert_snapshot!(with("url = \"http://anna:hunter2@localhost\""), @"error: `lethe.toml`: `redis.url` should begin with `redis://`, or with `rediss://` for TLS");
}

#[test]
fn a_url_without_a_host_is_refused() {
    assert_snapshot!(with("url = \"redis:///0\""), @"error: `lethe.toml`: `redis.url` names no host: `redis://host:6379`");
}

#[test]
fn a_database_that_is_no_number_is_refused() {
    assert_snapshot!(with("url = \"redis://anna:hunter2@localhost/sessions\""), @"error: `lethe.toml`: `redis.url` has a database that is not a number: `redis://host:6379/0`");
}

#[test]
fn checking_certificates_cannot_be_switched_off() {
    assert_snapshot!(with("url = \"rediss://anna:hunter2@localhost#insecure\""), @"error: `lethe.toml`: `redis.url` has `?` or `#` in it, and takes no options; in a password write `%3F` and `%23`");
}

#[test]
fn a_url_in_place_of_the_section_is_not_repeated() {
    let said = Office::new().config("[sweep]", "redis = \"redis://:hunter2@localhost\"\n\n[sweep]").check();
    assert_snapshot!(said.trim_end_matches(HINT), @"error: `lethe.toml`: `redis` cannot be used: found a URL, expected a table");
}

#[test]
fn a_password_file_without_a_server_is_refused() {
    assert_snapshot!(with("password_file = \"redis.password\""), @"error: `lethe.toml`: `redis.password_file` is set, and `redis.url` is not");
}

#[test]
fn a_password_file_that_is_not_there_is_named() {
    assert_snapshot!(with("url = \"redis://localhost\"\npassword_file = \"redis.password\""), @r"
    error: the password file `redis.password` cannot be read: file or folder not found

    hint: `redis.password_file` names a file with the password and nothing else
    ");
}

#[test]
fn an_empty_password_file_is_named() {
    let office =
        office("url = \"redis://localhost\"\npassword_file = \"redis.password\"").write("redis.password", "\n");
    assert_snapshot!(office.refused(&["sweep", "--due"]), @r"
    error: the password file `redis.password` is empty

    hint: `redis.password_file` names a file with the password and nothing else
    ");
}

#[test]
fn certificates_without_tls_are_refused() {
    assert_snapshot!(with("url = \"redis://localhost\"\nca_file = \"ca.pem\""), @"error: `lethe.toml`: `redis.ca_file` is for TLS, and `redis.url` does not begin with `rediss://`");
}

#[test]
fn a_file_without_certificates_is_named() {
    let office = office("url = \"rediss://localhost\"\nca_file = \"ca.pem\"").write("ca.pem", "none");
    assert_snapshot!(office.refused(&["sweep", "--due"]), @r"
    error: no certificate found in `ca.pem`

    hint: `redis.ca_file` names a file with certificates in PEM, as `openssl` writes them
    ");
}

#[test]
fn a_prefix_with_braces_is_refused() {
    assert_snapshot!(with("url = \"redis://localhost\"\nprefix = \"{a}\""), @"error: `lethe.toml`: `redis.prefix` should consist of letters, digits, `-`, `_`, `.` and `:`, 1 to 100 of them");
}
