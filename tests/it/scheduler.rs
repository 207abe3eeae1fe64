//! One sweep a tick: with clocks that stand still until they are set.

use std::time::Duration;

use crate::common::place::{either, is_on_postgres};
use crate::common::{Company, context, limits};
use lethe::database::{Postgres, Settings, Sqlite, Store, query};
use lethe::domain::clock::Clock;
use lethe::domain::job::Job;
use lethe::ledger::{Ledger, State, Sweep};
use lethe::worker::scheduler;

/// A client for each day, due that day.
const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, grade TEXT, due DATE);
WITH RECURSIVE day (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM day WHERE n < 371)
INSERT INTO customers SELECT {day}, 'Person of ' || {day}, 'A', {day} FROM day;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[filters]
grade = "grade"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
grade = { class = "non-personal" }
due = { class = "non-personal" }
"#;

fn job(name: &str, schedule: &str, zone: &str, more: &str) -> Job {
    let text = format!("schedule = \"{schedule}\"\ntime_zone = \"{zone}\"\nsweep = \"due\"\n{more}\n");
    Job::parse(name, &text).expect("a job")
}

/// Every night at 01:30 UTC.
fn nightly() -> [Job; 1] {
    [job("nightly", "0 30 1 * * *", "UTC", "")]
}

/// A company whose scheduler has looked at these jobs at this moment.
async fn company_since(jobs: &[Job], moment: &str) -> Company {
    let day = either("date('2025-12-25', n || ' days')", "DATE '2025-12-25' + n");
    let company = Company::new(&SCHEMA.replace("{day}", day), POLICY).await;
    assert_eq!(tick(&company, jobs, moment).await.len(), 0, "a job's first look opens nothing");
    company
}

/// The sweeps that a scheduler opens at this moment, in two rounds of it.
async fn tick(company: &Company, jobs: &[Job], moment: &str) -> Vec<Sweep> {
    let ledger = &company.context.ledger;
    let before = ledger.last_sweeps(1).await.unwrap().first().map_or(0, |sweep| sweep.id);
    company.set_clock(moment);
    for _ in 0..2 {
        scheduler::tick(&company.context, jobs).await.expect("ticks are looked at");
    }
    let mut sweeps = ledger.last_sweeps(1000).await.unwrap();
    sweeps.retain(|sweep| sweep.id > before);
    sweeps.reverse();
    sweeps
}

fn shown(sweeps: &[Sweep]) -> Vec<String> {
    sweeps
        .iter()
        .map(|own| {
            let tick = own.tick.as_deref().unwrap_or("by hand");
            format!(
                "{} {tick} skipped {} day {} {}",
                own.job.as_deref().unwrap_or(""),
                own.skipped,
                own.today,
                own.state.as_str()
            )
        })
        .collect()
}

#[tokio::test]
async fn a_new_job_does_not_fire_for_the_past() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    assert_eq!(shown(&tick(&company, &nightly(), "2026-01-11T01:29:59Z").await), [""; 0]);
    assert_eq!(
        shown(&tick(&company, &nightly(), "2026-01-11T01:30:00Z").await),
        ["nightly 2026-01-11T01:30:00.000Z skipped 0 day 2026-01-11 running"]
    );
    let renamed = [job("renamed", "0 30 1 * * *", "UTC", "")];
    assert_eq!(shown(&tick(&company, &renamed, "2026-01-11T02:00:00Z").await), [""; 0]);
}

#[tokio::test]
async fn missed_ticks_are_caught_up_once_and_counted() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    assert_eq!(
        shown(&tick(&company, &nightly(), "2026-01-16T09:00:00Z").await),
        ["nightly 2026-01-16T01:30:00.000Z skipped 5 day 2026-01-16 running"]
    );
    assert_eq!(
        shown(&tick(&company, &nightly(), "2026-01-17T01:30:01Z").await),
        ["nightly 2026-01-17T01:30:00.000Z skipped 0 day 2026-01-17 running"]
    );
}

#[tokio::test]
async fn a_caught_up_sweep_has_the_day_of_its_tick() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    // Caught up a day late: those of the twelfth have their own tick.
    let sweeps = tick(&company, &nightly(), "2026-01-12T01:29:00Z").await;
    company.work(sweeps[0].id).await;
    assert_eq!(company.rows("SELECT max(no) FROM customers WHERE name LIKE 'Anonymized%'").await, ["2026-01-11"]);
}

#[tokio::test]
async fn a_switched_off_job_is_not_caught_up_and_writes_nothing_meanwhile() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let off = [job("nightly", "0 30 1 * * *", "UTC", "enabled = false")];
    assert_eq!(shown(&tick(&company, &off, "2026-01-12T12:00:00Z").await), [""; 0]);
    let before = company.rows("SELECT * FROM lethe_jobs").await;
    assert_eq!(shown(&tick(&company, &off, "2026-01-12T18:00:00Z").await), [""; 0]);
    assert_eq!(company.rows("SELECT * FROM lethe_jobs").await, before, "nothing passed, so nothing is written");
    assert_eq!(shown(&tick(&company, &off, "2026-01-13T01:30:00Z").await), [""; 0]);
    assert_eq!(shown(&tick(&company, &nightly(), "2026-01-13T01:30:01Z").await), [""; 0]);
    assert_eq!(tick(&company, &nightly(), "2026-01-14T01:30:00Z").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schedulers_at_once_open_one_sweep_a_tick() {
    let jobs = [job("nightly", "0 30 1 * * *", "UTC", ""), job("noon", "0 0 12 * * *", "UTC", "")];
    let company = company_since(&jobs, "2026-01-01T00:00:00Z").await;
    let mut schedulers = Vec::new();
    for _ in 0..3 {
        schedulers.push(
            context(company.folder.path(), &company.place, company.context.ledger.clock().clone(), limits()).await,
        );
    }
    for day in 2..=21 {
        company.set_clock(&format!("2026-01-{day:02}T13:00:00Z"));
        let at_once = schedulers.iter().map(|own| scheduler::tick(own, &jobs));
        for ended in futures::future::join_all(at_once).await {
            ended.expect("ticks are looked at");
        }
    }
    let ticks =
        company.rows("SELECT job, count(*), count(DISTINCT tick), sum(skipped) FROM lethe_sweeps GROUP BY job").await;
    // The first look was at midnight of the first: that day's ticks are the only ones skipped.
    assert_eq!(ticks, ["nightly|20|20|1", "noon|20|20|1"]);
}

#[tokio::test]
async fn a_scheduler_that_dies_before_it_has_noted_a_tick_opens_no_second_sweep() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    assert_eq!(tick(&company, &nightly(), "2026-01-11T02:00:00Z").await.len(), 1);
    company.execute("UPDATE lethe_jobs SET checked_at = '2026-01-10T12:00:00.000Z'").await;
    assert_eq!(tick(&company, &nightly(), "2026-01-11T02:00:00Z").await.len(), 0);
}

#[tokio::test]
async fn a_night_without_the_hour_has_one_sweep_on_its_own_day() {
    let jobs = [job("nightly", "0 30 2 * * *", "Europe/Copenhagen", "")];
    let company = company_since(&jobs, "2026-03-28T12:00:00Z").await;
    assert_eq!(shown(&tick(&company, &jobs, "2026-03-29T00:59:59Z").await), [""; 0]);
    assert_eq!(
        shown(&tick(&company, &jobs, "2026-03-29T01:00:00Z").await),
        ["nightly 2026-03-29T01:00:00.000Z skipped 0 day 2026-03-29 running"]
    );
    assert_eq!(shown(&tick(&company, &jobs, "2026-03-29T23:59:59Z").await), [""; 0]);
}

#[tokio::test]
async fn a_night_with_the_hour_twice_has_one_sweep() {
    let jobs = [job("nightly", "0 30 2 * * *", "Europe/Copenhagen", "")];
    let company = company_since(&jobs, "2026-10-24T12:00:00Z").await;
    assert_eq!(
        shown(&tick(&company, &jobs, "2026-10-25T00:30:00Z").await),
        ["nightly 2026-10-25T00:30:00.000Z skipped 0 day 2026-10-25 running"]
    );
    for moment in ["2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T12:00:00Z"] {
        assert_eq!(shown(&tick(&company, &jobs, moment).await), [""; 0], "{moment}");
    }
}

#[tokio::test]
async fn the_day_is_that_of_the_jobs_own_time_zone() {
    // Half past midnight in Copenhagen: in UTC it is still the evening before.
    let jobs = [job("nightly", "0 30 0 * * *", "Europe/Copenhagen", "")];
    let company = company_since(&jobs, "2026-01-01T12:00:00Z").await;
    let sweeps = tick(&company, &jobs, "2026-01-01T23:30:00Z").await;
    assert_eq!(sweeps[0].today.to_string(), "2026-01-02");
    company.work(sweeps[0].id).await;
    assert_eq!(company.rows("SELECT max(no) FROM customers WHERE name LIKE 'Anonymized%'").await, ["2026-01-02"]);

    // Half past eleven at night in New York: in UTC the next day has begun.
    let jobs = [job("evening", "0 30 23 * * *", "America/New_York", "")];
    let company = company_since(&jobs, "2026-01-01T12:00:00Z").await;
    let sweeps = tick(&company, &jobs, "2026-01-02T04:30:00Z").await;
    assert_eq!(sweeps[0].today.to_string(), "2026-01-01");
    company.work(sweeps[0].id).await;
    assert_eq!(company.rows("SELECT max(no) FROM customers WHERE name LIKE 'Anonymized%'").await, ["2026-01-01"]);
}

#[tokio::test]
async fn a_refused_tick_is_a_stopped_sweep_that_says_why_and_the_next_one_is_free() {
    let mut company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let policy = company.folder.path().join("policy.toml");
    company.context.limits.rehearsal = true;
    let mut refused = tick(&company, &nightly(), "2026-01-11T02:00:00Z").await;
    company.context.limits.rehearsal = false;
    company.context.limits.backup_max_age = Some(Duration::from_secs(86_400));
    refused.extend(tick(&company, &nightly(), "2026-01-12T02:00:00Z").await);
    company.context.limits.backup_max_age = None;
    std::fs::write(&policy, POLICY.replace("due = {", "do = {")).unwrap();
    refused.extend(tick(&company, &nightly(), "2026-01-13T02:00:00Z").await);
    std::fs::write(&policy, "[client").unwrap();
    refused.extend(tick(&company, &nightly(), "2026-01-14T02:00:00Z").await);
    std::fs::remove_file(&policy).unwrap();
    refused.extend(tick(&company, &nightly(), "2026-01-15T02:00:00Z").await);

    assert_eq!(refused.len(), 5, "{:?}", shown(&refused));
    let words = ["rehearsed", "backup", "`do`", "policy.toml` line 1", "no policy"];
    for (sweep, word) in refused.iter().zip(words) {
        assert_eq!((sweep.state, sweep.skipped), (State::Stopped, 0));
        assert!(sweep.closed_at.is_some());
        let note = sweep.note.as_deref().unwrap_or_default();
        assert!(note.contains(word), "`{note}` says nothing of {word}");
    }
    std::fs::write(&policy, POLICY).unwrap();
    let free = tick(&company, &nightly(), "2026-01-16T02:00:00Z").await;
    assert_eq!((free[0].state, free[0].skipped), (State::Running, 0));
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE name LIKE 'Anonymized%'").await, ["0"]);
}

#[tokio::test]
async fn a_tick_over_the_brake_is_a_braked_sweep() {
    let jobs = [job("nightly", "0 30 1 * * *", "UTC", "[brake]\nclients = 5")];
    let company = company_since(&jobs, "2026-01-10T12:00:00Z").await;
    let sweeps = tick(&company, &jobs, "2026-01-11T02:00:00Z").await;
    assert_eq!((sweeps.len(), sweeps[0].state), (1, State::Braked));
    assert!(sweeps[0].note.as_deref().unwrap_or_default().contains("18 clients"), "{:?}", sweeps[0].note);
}

#[tokio::test]
async fn a_job_that_is_refused_keeps_no_other_from_its_tick() {
    let jobs = [job("a", "0 30 1 * * *", "UTC", "[filters]\ncolour = \"red\""), job("b", "0 30 1 * * *", "UTC", "")];
    let company = company_since(&jobs, "2026-01-10T12:00:00Z").await;
    let sweeps = tick(&company, &jobs, "2026-01-11T02:00:00Z").await;
    assert_eq!(sweeps.iter().map(|own| own.state).collect::<Vec<_>>(), [State::Stopped, State::Running]);
}

#[tokio::test]
async fn a_tick_that_meets_a_locked_database_is_looked_at_again() {
    let mut company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let settings = match company.place.settings() {
        Settings::Sqlite(own) => Settings::Sqlite(Sqlite { busy_timeout: Duration::from_millis(50), ..own }),
        Settings::Postgres(own) => Settings::Postgres(Postgres { lock_timeout: Duration::from_millis(50), ..own }),
    };
    let clock: Clock = company.context.ledger.clock().clone();
    company.context.store = Store::open(settings).await.unwrap();
    company.context.ledger = Ledger::open(&company.context.store, &clock).await.unwrap();

    let mut other = Store::open(company.place.settings()).await.unwrap().writer().await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    if is_on_postgres() {
        query("LOCK TABLE lethe_sweeps, lethe_jobs").execute(&mut *transaction).await.unwrap();
    }
    company.set_clock("2026-01-11T02:00:00Z");
    assert!(scheduler::tick(&company.context, &nightly()).await.is_err());
    transaction.rollback().await.unwrap();
    assert_eq!(tick(&company, &nightly(), "2026-01-11T03:00:00Z").await.len(), 1);
}
