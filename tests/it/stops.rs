//! A service stops within its drain whatever hangs, stops by itself when a later
//! version has changed the ledger, and is not ended by SIGHUP.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::program::{Program, ended, running, signal};
use sqlx::sqlite::SqliteJournalMode;

const SWEEPS: &str = "SELECT count(*) FROM lethe_sweeps";

async fn program() -> Program {
    let program = Program::new(50, 10, SqliteJournalMode::Wal).await;
    let job = "schedule = \"* * * * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n";
    std::fs::write(program.path().join("jobs/often.toml"), job).expect("a job");
    program
}

/// A command whose buckets are on a server that takes connections, and says nothing.
fn with_silent_server(program: &Program, role: &str) -> (Command, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let mut command = program.command(&[role]);
    command
        .env("LETHE_SWEEP__DRAIN", "1s")
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "eu-north-1")
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b");
    (command, silent)
}

/// The same, with the journal in one of them.
fn with_silent_journal(program: &Program, role: &str) -> (Command, TcpListener) {
    let (mut command, silent) = with_silent_server(program, role);
    command.env("LETHE_JOURNAL__PLACE", "s3://bucket/journal");
    (command, silent)
}

#[tokio::test]
async fn a_journal_that_does_not_respond_keeps_no_process_from_stopping() {
    let program = program().await;
    for wait in [200, 2_500] {
        let (mut command, _silent) = with_silent_journal(&program, "run");
        let child = running(&mut command);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let begun = Instant::now();
        signal(&child, "TERM");
        assert!(ended(child).success());
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(program.number(SWEEPS).await, 0, "no sweep opens while it stops");
    }
}

#[tokio::test]
async fn files_that_are_being_deleted_keep_no_process_from_stopping() {
    let program = program().await;
    let edit = |file: &str, edit: &dyn Fn(&str) -> String| {
        let path = program.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        let edited = edit(&text);
        assert_ne!(edited, text);
        std::fs::write(path, edited).expect("a file");
    };
    let email = "replace = \"anonymized-{key}@invalid\", identifying = true";
    edit("policy.toml", &|text| text.replace(email, "delete_file = \"photos\""));
    edit("lethe.toml", &|text| format!("{text}[files]\nphotos = \"s3://bucket/photos\"\n"));
    let (mut command, _silent) = with_silent_server(&program, "run");
    let child = running(&mut command);
    program.until("SELECT count(*) > 0 FROM lethe_deliveries WHERE lease IS NOT NULL", 1).await;
    let begun = Instant::now();
    signal(&child, "TERM");
    assert!(ended(child).success());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(program.number("SELECT count(*) FROM lethe_deliveries").await > 0, "what is left waits");
}

#[tokio::test]
async fn a_hangup_ends_nothing() {
    let program = program().await;
    let mut child = program.run();
    signal(&child, "HUP");
    program.until("SELECT count(*) > 0 FROM lethe_sweeps WHERE state = 'done'", 1).await;
    assert!(child.try_wait().expect("it can be waited for").is_none());
    signal(&child, "TERM");
    assert!(ended(child).success());
}

#[tokio::test]
async fn a_process_that_is_older_than_the_ledger_stops() {
    for role in ["run", "worker"] {
        let program = program().await;
        let child = running(&mut program.command(&[role]));
        program.rows("INSERT INTO lethe_migrations (version) VALUES (9999)").await;
        assert!(!ended(child).success(), "{role}");
        let sweeps = program.number(SWEEPS).await;
        assert!(!program.ends(&["sweep", "--due", "--wait"]).success());
        assert_eq!(program.number(SWEEPS).await, sweeps);
    }
}

#[tokio::test]
async fn a_process_that_is_older_than_the_ledger_stops_while_the_journal_does_not_respond() {
    for role in ["run", "scheduler", "worker"] {
        let program = program().await;
        let (mut command, _silent) = with_silent_journal(&program, role);
        let child = running(&mut command);
        let begun = Instant::now();
        program.rows("INSERT INTO lethe_migrations (version) VALUES (9999)").await;
        assert!(!ended(child).success(), "{role}");
        // One request to the journal alone may take half a minute.
        assert!(begun.elapsed() < Duration::from_secs(15), "{role}: {:?}", begun.elapsed());
        assert_eq!(program.number(SWEEPS).await, 0, "{role}");
        let journal = "SELECT count(*) FROM lethe_journal WHERE error IS NOT NULL OR segment > 0";
        assert_eq!(program.number(journal).await, 0, "{role}: the ledger is not written to");
    }
}
