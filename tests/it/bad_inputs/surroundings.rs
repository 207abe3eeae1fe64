//! What surrounds the program: its environment, its log, its output, and files
//! beside its own. None of it keeps the valid jobs from running.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStringExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sqlx::Connection;

use super::office::{JOB, Office, wait};
use crate::common;

const SWEEPS: &str = "SELECT count(*) FROM lethe_sweeps";

/// A job that runs every second. Its sweeps are refused, as nothing was rehearsed, and recorded.
fn every_second() -> Office {
    Office::new().job("0 30 1 * * *", "* * * * * *")
}

/// `lethe run`, stopped when it is dropped.
struct Running(Child);

impl Running {
    fn of(office: &Office, log: impl Into<Stdio>) -> Self {
        let mut command = common::service(office.folder.path(), "run");
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the program starts"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn number(office: &Office, sql: &str) -> i64 {
    wait(async {
        let mut connection = office.connect().await.expect("the database opens");
        // The ledger may not be there yet.
        let number = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await;
        connection.close().await.expect("the database closes");
        number.unwrap_or(0)
    })
}

fn until(office: &Office, sql: &str, least: i64) {
    let begun = Instant::now();
    while number(office, sql) < least {
        assert!(begun.elapsed() < Duration::from_secs(60), "in vain: {sql}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn files_that_are_not_jobs_keep_no_job_from_running_and_are_named() {
    let office = every_second()
        .write("jobs/nightly-due copy.toml", JOB)
        .write("jobs/.#nightly-due.toml", JOB)
        .write("jobs/empty.toml", "")
        .write("jobs/never.toml", JOB.replace("0 30 1 * * *", "0 0 3 31 2 *"))
        .write("jobs/folder.toml/note", "");
    std::os::unix::fs::symlink("nowhere", office.path("jobs/dangling.toml")).expect("a link");
    let running = Running::of(&office, Stdio::null());
    until(&office, SWEEPS, 1);
    assert_eq!(number(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'job-file' AND over_at IS NULL"), 6);
    drop(running);
    let status = office.done(&["status"]);
    for name in ["nightly-due copy", ".#nightly-due", "empty.toml", "never.toml", "folder.toml", "dangling.toml"] {
        assert!(status.contains(name), "{name} is named:\n{status}");
    }
    assert!(status.contains("next tick"), "the valid job is listed:\n{status}");

    for name in ["nightly-due copy", ".#nightly-due", "empty", "never", "dangling"] {
        std::fs::remove_file(office.path(&format!("jobs/{name}.toml"))).expect("the file goes");
    }
    std::fs::remove_dir_all(office.path("jobs/folder.toml")).expect("the folder goes");
    let _running = Running::of(&office, Stdio::null());
    until(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'job-file' AND over_at IS NOT NULL", 6);
}

#[test]
fn a_column_that_the_policy_does_not_classify_is_an_alert_and_the_service_starts() {
    let office = every_second();
    office.execute("ALTER TABLE customers ADD COLUMN nickname TEXT");
    let running = Running::of(&office, Stdio::null());
    until(&office, "SELECT count(*) FROM lethe_sweeps WHERE state = 'stopped' AND note LIKE '%nickname%'", 1);
    until(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'policy-unusable' AND over_at IS NULL", 1);
    drop(running);
    office.execute("ALTER TABLE customers DROP COLUMN nickname");
    let _running = Running::of(&office, Stdio::null());
    until(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'policy-unusable' AND over_at IS NOT NULL", 1);
}

#[test]
fn p04_an_item_that_the_policy_does_not_classify_is_an_alert_and_in_the_status() {
    let office = every_second();
    office.execute("INSERT INTO settings VALUES (3, 'C2', 'shoe_size', '44')");
    let running = Running::of(&office, Stdio::null());
    until(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'policy-unusable' AND over_at IS NULL", 1);
    drop(running);
    let status = office.done(&["status"]);
    assert!(status.contains("tables.settings.keys.shoe_size"), "{status}");
    office.execute("DELETE FROM settings WHERE id = 3");
    let _running = Running::of(&office, Stdio::null());
    until(&office, "SELECT count(*) FROM lethe_alerts WHERE kind = 'policy-unusable' AND over_at IS NOT NULL", 1);
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let (reader, gone) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (stuck, unread) = std::io::pipe().expect("a pipe");
    for log in [Stdio::from(full), Stdio::from(gone), Stdio::from(unread)] {
        let office = every_second();
        let mut running = Running::of(&office, log);
        until(&office, SWEEPS, 3);
        assert!(running.0.try_wait().expect("a state").is_none(), "it runs on");
    }
    drop(stuck);
}

#[test]
fn a_result_that_stdout_does_not_take_is_a_failure() {
    let office = Office::new();
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let mut command = common::service(office.folder.path(), "status");
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.starts_with("error: the result could not be written to stdout: "), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let office = Office::new();
    let (reader, gone) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = common::service(office.folder.path(), "status");
    assert!(command.stdout(gone).stderr(Stdio::null()).status().expect("it runs").success());
}

#[test]
fn variables_of_other_programs_do_no_harm() {
    let office = Office::new();
    let mut command = office.lethe(&["status"]);
    command
        .env("GREETING", OsString::from_vec(b"caf\xe9".to_vec()))
        .env("LETHE_SERVICE_HOST", "10.0.0.5")
        .env("LETHE_SERVICE_PORT_HTTP", "8080")
        .env("LETHE_PORT", "tcp://10.0.0.5:8080")
        .env("LETHE_PORT_8080_TCP_ADDR", "10.0.0.5");
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_setting_that_is_not_utf8_is_refused_by_name() {
    let office = Office::new();
    let mut command = office.lethe(&["status"]);
    command.env("LETHE_DATABASE", OsString::from_vec(b"caf\xe9.db".to_vec()));
    let said = office.refused_by(command);
    assert!(said.starts_with("error: `LETHE_DATABASE` is not UTF-8\n"), "{said}");
}
