//! One sweep a tick: with clocks that stand still until they are set.

use std::time::Duration;

use crate::common::place::{either, is_on_postgres};
use crate::common::{Company, context, in_the_end, limits};
use lethe::database::{Postgres, Settings, Sqlite, Store, query};
use lethe::domain::clock::Clock;
use lethe::domain::hint::Face;
use lethe::domain::job::Job;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{Ledger, State, Sweep};
use lethe::service::status::Status;
use lethe::worker::scheduler;
use lethe::worker::sweep::{SweepError, cut, open};

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
    // A tick would join a sweep that is still running.
    company.execute("UPDATE lethe_sweeps SET state = 'done' WHERE state = 'running'").await;
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
        company.execute("UPDATE lethe_sweeps SET state = 'done' WHERE state = 'running'").await;
        company.set_clock(&format!("2026-01-{day:02}T13:00:00Z"));
        let at_once = schedulers.iter().map(|own| in_the_end(|| scheduler::tick(own, &jobs)));
        futures::future::join_all(at_once).await;
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

#[tokio::test]
async fn a_tick_whose_predecessor_is_still_running_joins_it() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let sweep = tick(&company, &nightly(), "2026-01-11T01:30:00Z").await.remove(0);
    for night in ["2026-01-12T01:30:00Z", "2026-01-15T01:30:00Z"] {
        company.set_clock(night);
        for _ in 0..3 {
            scheduler::tick(&company.context, &nightly()).await.expect("ticks are looked at");
        }
    }
    assert_eq!(
        company.rows("SELECT id, joined, joined_at FROM lethe_sweeps").await,
        [format!("{}|4|2026-01-15T01:30:00.000Z", sweep.id)],
        "two ticks, and the two missed before the second"
    );
    company.work(sweep.id).await;
    assert_eq!(tick(&company, &nightly(), "2026-01-16T01:30:00Z").await.len(), 1, "the next tick has its own again");
}

#[tokio::test]
async fn a_job_that_returns_or_whose_schedule_changed_begins_with_its_next_tick() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    company.context.ledger.forget_jobs(&["another"]).await.unwrap();
    assert_eq!(shown(&tick(&company, &nightly(), "2026-03-10T12:00:00Z").await), [""; 0], "it returns at noon");
    assert_eq!(tick(&company, &nightly(), "2026-03-11T01:30:00Z").await.len(), 1);

    let morning = [job("nightly", "0 0 11 * * *", "UTC", "")];
    assert_eq!(shown(&tick(&company, &morning, "2026-03-11T13:00:00Z").await), [""; 0], "moved after its hour");
    let elsewhere = [job("nightly", "0 0 11 * * *", "America/New_York", "")];
    assert_eq!(shown(&tick(&company, &elsewhere, "2026-03-12T13:00:00Z").await), [""; 0], "moved to another zone");
    assert_eq!(tick(&company, &elsewhere, "2026-03-12T15:00:00Z").await.len(), 1);
}

#[tokio::test]
async fn ticks_noted_by_an_earlier_version_are_caught_up() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    company.execute("UPDATE lethe_jobs SET schedule = NULL").await;
    assert_eq!(tick(&company, &nightly(), "2026-01-11T02:00:00Z").await.len(), 1);
}

#[tokio::test]
async fn after_the_clock_was_ahead_ticks_go_on_and_people_are_told() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let ahead = tick(&company, &nightly(), "2027-02-14T12:00:00Z").await.remove(0);
    company.execute("INSERT INTO lethe_backups (made_at, said_by) VALUES ('2027-02-14T12:00:00.000Z', 'x')").await;

    company.set_clock("2026-01-11T00:00:00Z");
    scheduler::tick(&company.context, &nightly()).await.expect("ticks are looked at");
    let stopped = company.context.ledger.sweep(ahead.id).await.unwrap().unwrap();
    assert_eq!(stopped.state, State::Stopped, "its day has not come");
    assert!(stopped.note.unwrap().contains("clock was ahead"));
    assert_eq!(company.context.ledger.last_backup().await.unwrap().map(|at| at.timestamp()), Some(0));
    let alerts = company.rows("SELECT kind FROM lethe_alerts WHERE kind = 'clock-was-ahead'").await;
    assert_eq!(alerts, ["clock-was-ahead"]);
    let status = Status::of(&company.context, company.folder.path(), 5, Face::Command).await.unwrap();
    assert!(status.attention.iter().any(|own| own.text.contains("clock was ahead")), "{:?}", status.attention);

    // Every tick has its sweep, that of the day on which the clock was ahead too.
    for day in ["2026-01-11", "2026-01-12", "2027-02-14"] {
        let sweeps = tick(&company, &nightly(), &format!("{day}T01:30:00Z")).await;
        assert_eq!(sweeps.len(), 1, "{day}");
        assert!(sweeps[0].tick.as_deref().is_some_and(|tick| tick.starts_with(day)));
    }
}

#[tokio::test]
async fn the_night_is_told_however_many_sweeps_people_start_in_the_morning() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let night = tick(&company, &nightly(), "2026-01-11T01:30:00Z").await.remove(0);
    company.work(night.id).await;
    company.set_clock("2026-01-11T08:00:00Z");
    let keys = "SELECT no FROM customers WHERE name NOT LIKE 'Anonymized%' ORDER BY no LIMIT 6";
    for key in company.rows(keys).await {
        assert_eq!(company.sweep(&company.forced(&[key.as_str()])).await.unwrap().anonymized, 1);
    }
    let status = async || Status::of(&company.context, company.folder.path(), 5, Face::Command).await.unwrap();
    let told = status().await;
    assert_eq!((told.night.anonymized, told.night.day.as_deref()), (18, Some("2026-01-11")));
    assert!(told.sweeps.len() == 5 && told.sweeps.iter().all(|own| own.sweep.tick.is_none()));
    company.execute(&format!("UPDATE lethe_sweeps SET state = 'braked' WHERE id = {}", night.id)).await;
    let braked = format!("sweep {} (nightly) was braked", night.id);
    let told = status().await;
    assert!(told.attention.iter().any(|own| own.text.starts_with(&braked)), "{:?}", told.attention);
}

#[tokio::test]
async fn batches_that_a_clock_ahead_put_off_are_claimed() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let sweep = tick(&company, &nightly(), "2026-01-11T01:30:00Z").await.remove(0);
    cut(&company.context, &sweep).await.unwrap();
    company.execute("UPDATE lethe_batches SET run_at = '2036-01-01T00:00:00.000Z'").await;
    let (ended, tally) = company.work(sweep.id).await;
    assert_eq!((ended.state, tally.anonymized), (State::Done, 18));
}

#[tokio::test]
async fn batches_that_a_clock_a_few_hours_ahead_leased_are_claimed() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let sweep = tick(&company, &nightly(), "2026-01-11T01:30:00Z").await.remove(0);
    cut(&company.context, &sweep).await.unwrap();
    let leased = "UPDATE lethe_batches SET state = 'running', attempts = 1, worker = 'gone', lease = 'gone-' || CAST(id AS TEXT), \
                  lease_until = '2026-01-11T06:30:00.000Z'";
    company.execute(leased).await;
    let (ended, tally) = company.work(sweep.id).await;
    assert_eq!((ended.state, tally.anonymized), (State::Done, 18));
    assert!(
        company.context.ledger.clock().now() < "2026-01-11T06:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
}

#[tokio::test]
async fn a_hold_that_a_clock_ahead_placed_is_released() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let ledger = &company.context.ledger;
    company.set_clock("2026-01-10T17:00:00Z");
    assert!(ledger.place_hold("2026-01-01", "a court", "test").await.unwrap());
    company.set_clock("2026-01-10T12:00:00Z");
    assert!(ledger.release_hold("2026-01-01", "test").await.unwrap());
    assert!(!ledger.release_hold("2026-01-01", "test").await.unwrap(), "there is none any more");
    let kept = "SELECT placed_at, released_at, released_by FROM lethe_holds";
    assert_eq!(company.rows(kept).await, ["2026-01-10T17:00:00.000Z|2026-01-10T17:00:00.000Z|test"]);
}

#[tokio::test]
async fn a_sweep_that_ended_under_a_clock_ahead_ended_no_later_than_now() {
    let company = company_since(&nightly(), "2026-01-12T12:00:00Z").await;
    assert_eq!(company.due().await.anonymized, 19);
    company.set_clock("2026-01-10T12:00:00Z");
    scheduler::reset_moments_ahead(&company.context).await.expect("they are reset");
    let ends = "SELECT (SELECT max(done_at) FROM lethe_batches), (SELECT max(closed_at) FROM lethe_sweeps)";
    assert_eq!(company.rows(ends).await, ["2026-01-10T12:00:00.000Z|2026-01-10T12:00:00.000Z"]);
}

#[tokio::test]
async fn nothing_lasts_since_a_moment_that_is_ahead_of_the_clock() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let ahead = "'2036-01-01T00:00:00.000Z'";
    for (table, columns, values) in [
        ("journal", "id, hash, error, error_at", "1, '', 'is away', {ahead}"),
        (
            "deliveries",
            "kind, target, sweep, body, message, state, run_at, made_at",
            "'file', 'photos', 0, 'a', 'a', 'open', '', {ahead}",
        ),
        ("alerts", "event, kind, raised_at, over_at", "'journal-halted', 'journal-halted', '', {ahead}"),
        ("reviews", "name, asked, digest, made_by, made_at, state", "'a', '{}', '', '', {ahead}, 'waiting'"),
        (
            "reviews",
            "name, asked, digest, made_by, made_at, alive_at, state",
            "'b', '{}', '', '', '', {ahead}, 'making'",
        ),
        ("selections", "name, parts, saved_by, begun_at", "'a', 1, '', {ahead}"),
        ("recognized", "hash, client_key, kept_at", "'a', 'a', {ahead}"),
    ] {
        let values = values.replace("{ahead}", ahead);
        company.execute(&format!("INSERT INTO lethe_{table} ({columns}) VALUES ({values})")).await;
    }
    scheduler::reset_moments_ahead(&company.context).await.expect("they are reset");
    let since = "SELECT error_at FROM lethe_journal UNION ALL SELECT made_at FROM lethe_deliveries WHERE kind = 'file' \
                 UNION ALL SELECT over_at FROM lethe_alerts WHERE over_at IS NOT NULL \
                 UNION ALL SELECT COALESCE(alive_at, made_at) FROM lethe_reviews UNION ALL SELECT begun_at FROM lethe_selections \
                 UNION ALL SELECT kept_at FROM lethe_recognized";
    assert_eq!(company.rows(since).await, ["2026-01-10T12:00:00.000Z"; 7]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_resets").await, ["7"], "and people are told of each");
}

#[tokio::test]
async fn the_brake_holds_for_what_is_taken_and_not_only_for_what_was_due_when_it_opened() {
    let braked = [job("nightly", "0 30 1 * * *", "UTC", "[brake]\nclients = 20")];
    let company = company_since(&braked, "2026-01-10T12:00:00Z").await;
    let sweep = tick(&company, &braked, "2026-01-11T01:30:00Z").await.remove(0);
    assert_eq!(sweep.state, State::Running, "18 are due");
    // Before the batches are cut, an application's mistake makes all clients due.
    company.execute("UPDATE customers SET due = '2020-01-01'").await;
    let (ended, tally) = company.work(sweep.id).await;
    assert_eq!(ended.state, State::Braked);
    assert!(tally.anonymized <= 20, "{tally:?}");
    assert!(ended.note.unwrap().contains("its brake allows 20 clients"));
    let changed = company.rows("SELECT count(*) FROM customers WHERE name LIKE 'Anonymized%'").await;
    assert_eq!(changed, [tally.anonymized.to_string()]);
}

#[tokio::test]
async fn a_list_of_more_than_a_person_names_is_braked() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let keys = company.rows("SELECT no FROM customers ORDER BY no LIMIT 60").await;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let list = |keys: &[&str]| {
        let brake = lethe::domain::job::Brake { clients: None, share: Some(0.1) };
        lethe::worker::Request { brake, ..company.forced(keys) }
    };
    let refused = company.sweep(&list(&keys)).await.unwrap_err();
    assert!(matches!(refused, SweepError::Braked { would: 60, .. }), "{refused}");
    assert_eq!(company.sweep(&list(&keys[..37])).await.unwrap().anonymized, 37);
    let over = lethe::worker::Request { over_brake: true, ..list(&keys) };
    assert!(company.sweep(&over).await.unwrap().anonymized >= 23);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_work_started_several_times_at_once_is_one_sweep() {
    let company = company_since(&nightly(), "2026-01-10T12:00:00Z").await;
    let others = [
        context(company.folder.path(), &company.place, company.context.ledger.clock().clone(), limits()).await,
        context(company.folder.path(), &company.place, company.context.ledger.clock().clone(), limits()).await,
    ];
    let due = company.request(SweepKind::Due);
    let listed = company.forced(&["2025-12-25", "2025-12-26"]);
    for request in [&due, &listed] {
        let all = [&company.context, &others[0], &others[1], &company.context];
        let opened = futures::future::join_all(all.map(|context| in_the_end(|| open(context, request)))).await;
        let mut ids: Vec<i64> = opened.into_iter().map(Option::unwrap).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{:?}", request.kind);
    }
    assert_eq!(company.rows("SELECT count(*) FROM lethe_sweeps").await, ["2"]);
    let other = company.forced(&["2025-12-25"]);
    assert!(open(&company.context, &other).await.unwrap().is_some_and(|id| id > 2), "other clients are other work");
}
