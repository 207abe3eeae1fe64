//! A journal that is full, read-only or gone, and a process that is killed:
//! nothing is lost, nothing is told twice, and sweeps go on.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use lethe::domain::sweep::SweepKind;
use lethe::journal::START;
use lethe::worker::Context;
use lethe::worker::journal::Keeper;
use lethe::worker::sweep::{SweepError, open};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::journal::{Kept, POLICY, SCHEMA, journal, lines, more_clients, segments};
use crate::common::searched::{search, start};
use crate::common::{Company, in_the_end, lethe, service};

/// A company for the program, with a journal in the folder `journal`.
async fn company(clients: usize) -> Company {
    let company = Company::new(&format!("{SCHEMA}{}", more_clients(clients)), POLICY).await;
    let folder = company.folder.path();
    let config = format!(
        "database = \"{}\"\n[journal]\nplace = \"journal\"\n[sweep]\nbatch_size = 20\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\n\
         [backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).expect("the configuration is written");
    std::fs::create_dir(folder.join("journal")).expect("a folder");
    std::fs::create_dir(folder.join("jobs")).expect("a folder");
    company
}

fn said(folder: &Path, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = lethe(folder).args(args).output().expect("the program starts");
    assert!(status.success(), "{args:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// The program where the journal's folder is another file system: `mount` and `fill` are run before it, in `$J`.
fn said_within(folder: &Path, mount: &str, args: &[&str]) -> String {
    let script = format!("J=journal; {mount}; exec \"$@\"");
    let within = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-ec", &script, "sh", env!("CARGO_BIN_EXE_lethe")])
        .args(args)
        .current_dir(folder)
        .env_remove("LETHE_CONFIG")
        .env_remove("LETHE_DATABASE")
        .env("LETHE_YES", "true")
        .output()
        .expect("unshare is installed");
    search("the log", &within.stderr);
    assert!(within.status.success(), "{args:?}: {}", String::from_utf8_lossy(&within.stderr));
    String::from_utf8_lossy(&within.stdout).into_owned()
}

const FULL: &str = "mount -t tmpfs -o size=16k journal $J; head -c 64k /dev/zero > $J/fill || true";
const READ_ONLY: &str = "mount --bind $J $J; mount -o remount,ro,bind $J";

/// All clients anonymized, nothing written; then, with the journal as it should be, all of it, once.
async fn waits_and_is_written(company: &Company, why: &str, within: Option<&str>) {
    let folder = company.folder.path();
    let sweep = ["sweep", "--due", "--wait"];
    match within {
        Some(mount) => said_within(folder, mount, &sweep),
        None => said(folder, &sweep),
    };
    let anonymized = "SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'";
    assert_eq!(company.rows(anonymized).await, ["53"], "sweeps go on");
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outbox").await, ["53"], "nothing is lost");
    let status = match within {
        Some(mount) => said_within(folder, mount, &["status"]),
        None => said(folder, &["status"]),
    };
    assert!(status.contains(why) && status.contains("53 outcomes wait in the ledger"), "{status}");
}

async fn is_written_once(company: &Company) {
    let folder = company.folder.path();
    said(folder, &["sweep", "--due", "--wait"]);
    let told: usize = segments(&folder.join("journal")).iter().map(|file| lines(file).len()).sum();
    assert_eq!((told, company.rows("SELECT count(*) FROM lethe_outbox").await), (53, vec!["0".to_owned()]));
    assert!(said(folder, &["journal", "verify"]).contains("is complete and matches the ledger"));
    let status = said(folder, &["status"]);
    assert!(!status.contains("wait in the ledger") && status.contains("record 53"), "{status}");
}

#[tokio::test]
async fn a_journal_that_is_full_delays_no_sweep() {
    let company = company(50).await;
    waits_and_is_written(&company, "no storage space", Some(FULL)).await;
    is_written_once(&company).await;
}

#[tokio::test]
async fn a_journal_that_is_read_only_delays_no_sweep() {
    let company = company(50).await;
    waits_and_is_written(&company, "read-only filesystem", Some(READ_ONLY)).await;
    is_written_once(&company).await;
}

#[tokio::test]
async fn a_journal_that_is_gone_delays_no_sweep() {
    let company = company(50).await;
    let folder = company.folder.path().join("journal");
    std::fs::remove_dir(&folder).expect("it goes");
    waits_and_is_written(&company, "file or folder not found", None).await;
    assert!(!folder.exists(), "it is not made anew");
    std::fs::create_dir(&folder).expect("it comes");
    is_written_once(&company).await;
}

#[tokio::test]
async fn a_file_where_the_journal_was_delays_no_sweep() {
    let company = company(50).await;
    let folder = company.folder.path().join("journal");
    std::fs::remove_dir(&folder).expect("it goes");
    std::fs::write(&folder, "what?").expect("a file");
    waits_and_is_written(&company, "the journal at", None).await;
    std::fs::remove_file(&folder).expect("it goes");
    std::fs::create_dir(&folder).expect("it comes");
    is_written_once(&company).await;
}

#[tokio::test]
async fn a_process_that_alone_cannot_reach_the_journal_alerts_after_ten_minutes() {
    for another_can in [true, false] {
        let kept = Kept::new(None).await;
        kept.keep().await.expect("it begins");
        let nowhere = kept.company.folder.path().join("nowhere");
        let context = Context { journal: Some(journal(&nowhere, None)), ..kept.company.context.clone() };
        let mut away = Keeper::new(&context);
        // Where no process can, what is noted in the ledger is old enough, and leads to an alert.
        let told = "SELECT count(*) FROM lethe_alerts WHERE kind = 'journal-away' AND over_at IS NULL";
        for minute in 0..14 {
            kept.company.set_clock(&format!("2026-01-02T13:{minute:02}:00Z"));
            away.round().await.expect_err("it is not there");
            if another_can {
                kept.keep().await.expect("the journal is kept");
            }
            let expected = u32::from(another_can && minute > 10).to_string();
            assert_eq!(kept.company.rows(told).await, [expected], "{minute}");
        }
        std::fs::create_dir(&nowhere).expect("it comes");
        away.round().await.expect("it is there, and as empty as the ledger says");
        assert_eq!(kept.company.rows(told).await, ["0"]);
    }
}

#[tokio::test]
async fn an_empty_folder_where_the_journal_was_is_not_written_to() {
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let away = kept.company.folder.path().join("away");
    std::fs::rename(kept.folder(), &away).expect("it goes");
    std::fs::create_dir(kept.folder()).expect("another");
    kept.company.set_clock("2026-01-05T12:00:00Z");
    let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
    assert!(matches!(refused, Err(SweepError::Journal(_))), "{refused:?}");
    let refused = kept.keep().await.expect_err("it is not the same").to_string();
    assert!(refused.contains("segment 1, which was written, is missing"), "{refused}");
    assert_eq!(segments(&kept.folder()).len(), 0);
    std::fs::remove_dir(kept.folder()).expect("it goes");
    std::fs::rename(&away, kept.folder()).expect("it comes");
    assert_eq!(kept.company.due().await.anonymized, 2);
    kept.keep().await.expect("the journal is kept");
    assert!(kept.verify().await.whole);
    assert_eq!(kept.lines().len(), 3);
}

#[tokio::test]
async fn a_lost_journal_can_be_begun_anew_with_all_that_the_ledger_has() {
    let company = company(50).await;
    let folder = company.folder.path();
    said(folder, &["sweep", "--due", "--wait"]);
    let refused = lethe(folder).args(["journal", "new"]).output().expect("the program starts");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is a journal at"), "only where there is none");
    std::fs::remove_dir_all(folder.join("journal")).expect("it goes");
    std::fs::create_dir(folder.join("journal")).expect("another");
    assert!(said(folder, &["journal", "new"]).contains("53 outcomes wait to be written"));
    is_written_once(&company).await;
}

#[tokio::test]
async fn a_segment_that_was_written_and_not_noted_is_recognized() {
    for key in [None, Some("0123456789abcdef0123456789abcdef")] {
        let kept = Kept::new(key).await;
        kept.keep().await.expect("it begins");
        let no_journal = lethe::worker::Context { journal: None, ..kept.company.context.clone() };
        kept.company.set_clock("2026-01-05T12:00:00Z");
        let id = open(&no_journal, &kept.company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
        lethe::worker::wait_for(&no_journal, id, tokio_util::sync::CancellationToken::new(), &mut |_, _| {})
            .await
            .expect("it ends");
        let waiting = kept.company.rows("SELECT id FROM lethe_outbox ORDER BY id").await.join(",");
        kept.company.execute("CREATE TABLE kept_outbox AS SELECT * FROM lethe_outbox").await;
        kept.keep().await.expect("the journal is kept");
        // As if the process had been killed between writing the segment and noting it.
        kept.company.execute("INSERT INTO lethe_outbox SELECT * FROM kept_outbox").await;
        kept.company.execute("DELETE FROM lethe_segments").await;
        let back =
            format!("UPDATE lethe_journal SET segment = 0, number = 0, hash = '{START}', staged = '[{waiting}]'");
        kept.company.execute(&back).await;
        kept.keep().await.expect("the journal is kept");
        assert!(!kept.waits().await, "it is not taken for a restore");
        assert_eq!(
            (kept.lines().len(), kept.company.rows("SELECT count(*) FROM lethe_outbox").await.concat()),
            (3, "0".to_owned())
        );
        assert!(kept.verify().await.whole);
    }
}

#[tokio::test]
async fn killed_between_commit_and_writing_everything_is_written_once() {
    let company = company(50).await;
    let folder = company.folder.path();
    // Committed, and not to be written.
    std::fs::rename(folder.join("journal"), folder.join("away")).expect("it goes");
    let mut child = start(&mut service(folder, "run"));
    said(folder, &["sweep", "--due"]);
    while company.rows("SELECT count(*) FROM lethe_outcomes").await != ["53"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outbox").await, ["53"]);
    std::fs::rename(folder.join("away"), folder.join("journal")).expect("it comes");
    is_written_once(&company).await;
}

#[tokio::test]
async fn killed_again_and_again_everything_is_written_once() {
    let company = company(1_500).await;
    let folder = company.folder.path();
    said(folder, &["sweep", "--due"]);
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..20 {
        let mut child = start(&mut service(folder, "run"));
        tokio::time::sleep(Duration::from_millis(dice.random_range(20..400))).await;
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
    }
    company.place.quiet().await;
    let running = company.rows("SELECT id FROM lethe_sweeps WHERE state = 'running'").await;
    if !running.is_empty() {
        let mut child = start(&mut service(folder, "run"));
        while !company.rows("SELECT id FROM lethe_sweeps WHERE state = 'running'").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
    }
    // The process that wrote when it was killed may still have the right to for some seconds.
    for _ in 0..40 {
        said(folder, &["sweep", "--due", "--wait"]);
        if company.rows("SELECT count(*) FROM lethe_outbox").await == ["0"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let all: Vec<String> = segments(&folder.join("journal")).iter().flat_map(|file| lines(file)).collect();
    let mut clients: Vec<&str> =
        all.iter().filter_map(|line| line.split("\"client\":\"").nth(1)?.split('"').next()).collect();
    clients.sort_unstable();
    let told = clients.len();
    clients.dedup();
    assert_eq!((told, clients.len()), (1_503, 1_503));
    assert!(said(folder, &["journal", "verify"]).contains("is complete and matches the ledger"));
}

#[tokio::test]
async fn several_that_write_at_once_write_everything_once() {
    let kept = Kept::new(None).await;
    kept.keep().await.expect("it begins");
    kept.company.execute(&more_clients(60)).await;
    let open_sweeps = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let keepers = (0..4).map(|_| {
        let mut context = kept.company.context.clone();
        context.journal = Some(kept.journal.clone());
        let open = std::sync::Arc::clone(&open_sweeps);
        tokio::spawn(async move {
            while open.load(std::sync::atomic::Ordering::Relaxed) {
                // No process keeps the right to write for itself.
                let mut writer = context.ledger.writer().await;
                lethe::database::query("UPDATE lethe_journal SET lease = NULL")
                    .execute(&mut **writer)
                    .await
                    .expect("an update");
                drop(writer);
                in_the_end(async || lethe::worker::journal::Keeper::new(&context).round().await).await;
            }
        })
    });
    let keepers: Vec<_> = keepers.collect();
    let no_journal = lethe::worker::Context { journal: None, ..kept.company.context.clone() };
    for n in 0..60 {
        let request = kept.company.forced(&[&format!("X{n:05}")]);
        let id = open(&no_journal, &request).await.expect("a sweep").expect("no tick");
        lethe::worker::wait_for(&no_journal, id, tokio_util::sync::CancellationToken::new(), &mut |_, _| {})
            .await
            .expect("it ends");
    }
    open_sweeps.store(false, std::sync::atomic::Ordering::Relaxed);
    for keeper in keepers {
        keeper.await.expect("it ends well");
    }
    kept.keep().await.expect("the journal is kept");
    assert!(!kept.waits().await, "the other's segment was not taken for a restore");
    let mut told = kept.told();
    assert!(segments(&kept.folder()).len() > 3, "they wrote in turns");
    told.sort();
    told.dedup();
    assert_eq!((told.len(), kept.lines().len()), (60, 60));
    assert!(kept.verify().await.whole);
}
