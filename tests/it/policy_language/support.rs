//! What a sweep changes, row by row, and that it changes it once.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::Days;
use lethe::domain::key::Key;
use lethe::domain::sweep::SweepKind;
use lethe::journal::Key as Secret;
use lethe::worker::journal::{Keeper, adopt};
use lethe::worker::sweep::{Client, Mode};
use lethe::worker::{Context, PlanLoadError, Request, wait_for};
use tokio_util::sync::CancellationToken;

use crate::common::journal::journal;
use crate::common::{Company, Place, context, dump};

/// A policy of these tables and sections, for clients in `customers` with the key `no`.
pub fn policy(rest: &str) -> String {
    format!("client = {{ table = \"customers\", key = \"no\" }}\n{rest}")
}

/// Sweeps these clients of a new company and asserts which rows of it change:
/// `- table: row` for each that goes, `+ table: row` for each that comes.
#[track_caller]
pub fn assert_changes(schema: &str, policy: &str, clients: &[&str], expected: &[&str]) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let changed = runtime.block_on(async { changes(&Company::new(schema, policy).await, clients).await });
    assert_eq!(changed, expected, "what changed is not what was expected");
}

/// Sweeps these clients and says what changed.
///
/// On the way: a rehearsal and a preview change nothing and foretell the
/// sweep; a second sweep changes nothing; and even when Lethe is made to forget
/// that it ever was there, the same rules applied a day later change nothing.
pub async fn changes(company: &Company, clients: &[&str]) -> Vec<String> {
    let request = list(company, clients).await;
    let before = company.dump().await;
    let (rehearsed, _) = company.survey(&request, Mode::Rehearsal).await.expect("a rehearsal");
    assert_eq!(company.dump().await, before, "a rehearsal left something behind");
    let (previewed, _) = company.preview(&request).await;
    assert_eq!(company.dump().await, before, "a preview left something behind");

    let backup = match &company.place {
        Place::File(path) => {
            company.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
            // Of its own name: beside an earlier one its log may still lie, and would be taken for this one's.
            let backup = path.with_extension(format!("backup-{}", ulid::Ulid::new()));
            std::fs::copy(path, &backup).expect("the file is copied");
            Some(backup)
        }
        Place::Server(_) => None,
    };
    let tally = company.sweep(&request).await.expect("a sweep");
    assert_eq!((tally, tally), (previewed.tally, rehearsed.tally), "preview, rehearsal and sweep differ");
    assert_eq!(tally.anonymized, clients.len() as u64, "not all clients were anonymized");
    let after = company.dump().await;

    let again = company.sweep(&request).await.expect("a second sweep");
    assert_eq!((again.anonymized, again.already), (0, clients.len() as u64));
    assert_eq!(company.dump().await, after, "a second sweep changed something");

    let (back, _) = company.preview(&company.request(SweepKind::Replay)).await;
    assert_eq!(back.tally.looked_at(), 0, "a replay finds something of those just anonymized");
    if let Some(backup) = backup {
        assert_eq!(replayed(company, &backup).await, after, "a replay after a restore leaves something else");
    }
    forget(company).await;
    let tomorrow = company.today() + Days::new(1);
    company.set_clock(&format!("{tomorrow}T12:00:00Z"));
    let anew = company.sweep(&list(company, clients).await).await.expect("a sweep from scratch");
    assert_eq!(anew.anonymized, clients.len() as u64, "not all clients could be anonymized anew");
    assert_eq!(company.dump().await, after, "the same rules applied a day later changed something");

    difference(&before, &after)
}

/// What a replay leaves when the database has come back from a backup made before the sweep.
async fn replayed(company: &Company, backup: &Path) -> Vec<String> {
    let folder = company.folder.path();
    let place = folder.join(format!("journal-{}", ulid::Ulid::new()));
    std::fs::create_dir(&place).expect("a folder");
    let journal = journal(&place, Some("0123456789abcdef0123456789abcdef"));
    let kept = Context { journal: Some(journal.clone()), ..company.context.clone() };
    Keeper::new(&kept).round().await.expect("the journal is written");
    let place = Place::File(backup.to_owned());
    let clock = company.context.ledger.clock().clone();
    let mut back = context(folder, &place, clock, company.context.limits.clone()).await;
    back.journal = Some(journal.clone());
    // A copy in another place waits until an operator confirms that it is the company's own.
    adopt(&back, &journal).await.expect("the journal is whole");
    Keeper::new(&back).round().await.expect("the ledger takes over");
    let head = back.ledger.journal().await.expect("a ledger").expect("a journal");
    let replay = head.replay.expect("a replay is open");
    wait_for(&back, replay, CancellationToken::new(), &mut |_, _| {}).await.expect("it ends");
    // Should it be asked again, there was no journal.
    company.context.ledger.forget_journal().await.expect("it is forgotten");
    dump(&place).await
}

/// A list sweep over these clients, whatever their dates.
pub async fn list(company: &Company, clients: &[&str]) -> Request {
    let loaded = company.context.planner.plan(&company.context.store).await.expect("a plan");
    let parts = loaded.plan.client.key.len();
    let mut request = company.request(SweepKind::List);
    request.force = true;
    request.keys = clients.iter().map(|key| Key::parse(key, parts).expect("a key")).collect();
    request
}

/// Removes every sign that a client was anonymized before.
async fn forget(company: &Company) {
    company.execute("DELETE FROM lethe_outcomes").await;
    let loaded = company.context.planner.plan(&company.context.store).await.expect("a plan");
    if let Some(flag) = &loaded.plan.client.anonymized {
        company.execute(&format!("UPDATE \"{}\" SET \"{flag}\" = 0", loaded.plan.client.table)).await;
    }
}

/// The rows of one dump that the other has not, table by table.
pub fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let table = |row: &String| row.split(": ").next().unwrap_or_default().to_owned();
    let tables: BTreeSet<String> = before.iter().chain(after).map(table).collect();
    let mut lines = Vec::new();
    for name in tables {
        let only_in = |these: &[String], those: &[String], sign: char| {
            let mut others = those.to_vec();
            let mut lines = Vec::new();
            for row in these.iter().filter(|row| table(row) == name) {
                match others.iter().position(|other| other == row) {
                    Some(at) => {
                        others.swap_remove(at);
                    }
                    None => lines.push(format!("{sign} {row}")),
                }
            }
            lines
        };
        lines.extend(only_in(before, after, '-'));
        lines.extend(only_in(after, before, '+'));
    }
    lines
}

/// What becomes of these clients: key, outcome and reasons, in the ledger's words.
pub async fn outcomes(company: &Company, clients: &[&str]) -> Vec<String> {
    company.sweep(&list(company, clients).await).await.expect("a sweep");
    company
        .rows("SELECT client_key || ' ' || outcome || coalesce(' ' || reasons, '') FROM lethe_outcomes ORDER BY client_key")
        .await
}

/// The keys that a preview of a kind of sweep would anonymize, and the others with outcome and reasons.
pub async fn previewed(company: &Company, kind: SweepKind) -> Vec<String> {
    let shown =
        |client: &Client| format!("{} {} {}", client.key, client.outcome, client.reasons.join("+")).trim().to_owned();
    company.preview(&company.request(kind)).await.1.iter().map(shown).collect()
}

/// Everything that keeps this policy from being a plan on this schema: `place: what`.
pub async fn problems(schema: &str, policy: &str) -> Vec<String> {
    let company = Company::new(schema, policy).await;
    let roots = ["photos", "papers"].map(str::to_owned);
    match company
        .context
        .planner
        .clone()
        .with_roots(roots.into_iter())
        .with_notice(true)
        .with_recognizer(Secret::new(b"0123456789abcdef0123456789abcdef").ok())
        .plan_checked(&company.context.store)
        .await
    {
        Ok(_) => Vec::new(),
        Err(PlanLoadError::Plan(error)) => {
            error.0.iter().map(|problem| format!("{}: {}", problem.place, problem.what)).collect()
        }
        Err(other) => vec![other.to_string() + "; " + &source(&other)],
    }
}

fn source(error: &PlanLoadError) -> String {
    match error {
        PlanLoadError::Policy { source, .. } => source.to_string(),
        other => other.hint().to_string(),
    }
}

/// Asserts that exactly one thing keeps this policy from being a plan, and that it is about this.
#[track_caller]
pub fn assert_refused(schema: &str, policy: &str, place: &str, what: &str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let found = runtime.block_on(problems(schema, policy));
    assert_eq!(found.len(), 1, "one problem was expected: {found:#?}");
    assert!(found[0].contains(place) && found[0].contains(what), "{found:#?}");
}
