//! Period sweeps: the day on which a client is due, and what each night finds.

use crate::common::Company;
use crate::common::place::either;
use crate::common::words::{allows, day, refuses};
use lethe::domain::outcome::Outcome;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::{State, Sweep};
use lethe::worker::Request;
use lethe::worker::sweep::{Mode, SweepError, count, cut, open, survey};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, grade TEXT, region TEXT, due DATE, made_on DATE, open INTEGER NOT NULL DEFAULT 0);
CREATE TABLE entries (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), posted_on DATE, kind TEXT);
CREATE INDEX entries_posted ON entries (posted_on);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"

[filters]
grade = "grade"
region = "region"

[period]
length = "6 years"
otherwise = "made_on"
activity = [{ table = "entries", date = "posted_on", where = "kind <> 'void'" }]

[[guards]]
name = "open"
reason = "has something open"
where = "open = 1"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
grade = { class = "non-personal" }
region = { class = "non-personal" }
due = { class = "non-personal" }
made_on = { class = "non-personal" }
open = { class = "non-personal" }

[tables.entries]
client = "customer_no"
[tables.entries.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
posted_on = { class = "non-personal" }
kind = { class = "non-personal" }
"#;

async fn company() -> Company {
    Company::new(SCHEMA, POLICY).await
}

/// A company with this period, at noon of this day.
async fn company_on(today: &str, length: &str) -> Company {
    let company = Company::new(SCHEMA, &POLICY.replace("6 years", length)).await;
    company.set_clock(&format!("{today}T12:00:00Z"));
    company
}

/// A client made on a day, if it is known, with activity on others.
async fn client(company: &Company, no: &str, made_on: &str, posted_on: &[&str]) {
    let made_on = if made_on.is_empty() { "NULL".to_owned() } else { day(made_on) };
    company
        .execute(&format!("INSERT INTO customers (no, name, made_on) VALUES ('{no}', '{no} Miller', {made_on})"))
        .await;
    for posted_on in posted_on {
        let posted_on = day(posted_on);
        company
            .execute(&format!(
                "INSERT INTO entries (customer_no, posted_on, kind) VALUES ('{no}', {posted_on}, 'sale')"
            ))
            .await;
    }
}

async fn anonymized(company: &Company) -> String {
    of(company, "name = 'Anonymized client'").await
}

/// The clients for whom a condition holds.
async fn of(company: &Company, condition: &str) -> String {
    company.rows(&format!("SELECT no FROM customers WHERE {condition} ORDER BY no")).await.join(",")
}

/// A period sweep to its end, as it then stands in the ledger.
async fn night(company: &Company, moment: &str, request: impl FnOnce(&mut Request)) -> Sweep {
    company.set_clock(moment);
    let mut own = company.request(SweepKind::Period);
    request(&mut own);
    let id = open(&company.context, &own).await.expect("a period sweep").expect("no tick");
    company.work(id).await.0
}

#[tokio::test]
async fn activity_on_the_boundary_day_keeps_and_the_day_before_does_not() {
    let company = company().await;
    company.execute(either("SELECT 1", "ALTER TABLE entries ALTER posted_on TYPE timestamp")).await;
    client(&company, "A", "2001-01-01", &["2020-01-01"]).await;
    client(&company, "B", "2001-01-01", &["2020-01-02"]).await;
    client(&company, "C", "2001-01-01", &["2020-01-01 23:59:59"]).await;
    client(&company, "D", "2001-01-01", &["2020-01-02 00:00:00"]).await;
    client(&company, "E", "2001-01-01", &["1999-01-01", "2020-01-02", "2010-01-01"]).await;
    let tally = company.period().await;
    assert_eq!((tally.anonymized, tally.looked_at()), (2, 2));
    assert_eq!(anonymized(&company).await, "A,C");
    company.set_clock("2026-01-03T00:00:00Z");
    company.period().await;
    assert_eq!(anonymized(&company).await, "A,B,C,D,E");
}

#[tokio::test]
async fn the_boundary_is_a_calendar_day_in_leap_years_and_short_months_too() {
    for (today, length, keeps, gone) in [
        ("2024-02-29", "1 year", "2023-02-28", "2023-02-27"),
        ("2025-02-28", "1 year", "2024-02-28", "2024-02-27"),
        ("2025-03-01", "1 year", "2024-03-01", "2024-02-29"),
        ("2026-03-31", "1 month", "2026-02-28", "2026-02-27"),
        ("2024-03-31", "1 month", "2024-02-29", "2024-02-28"),
        ("2026-01-01", "10 days", "2025-12-22", "2025-12-21"),
        ("2028-02-29", "4 years", "2024-02-29", "2024-02-28"),
    ] {
        let company = company_on(today, length).await;
        client(&company, "GONE", "2001-01-01", &[gone]).await;
        client(&company, "KEPT", "2001-01-01", &[keeps]).await;
        company.period().await;
        assert_eq!(anonymized(&company).await, "GONE", "{length} before {today}");
    }
}

#[tokio::test]
async fn a_client_without_activity_counts_from_the_day_it_was_made() {
    let company = company().await;
    client(&company, "A", "2020-01-01", &[]).await;
    client(&company, "B", "2020-01-02", &[]).await;
    client(&company, "C", "", &[]).await;
    client(&company, "D", "1753-01-01", &[]).await;
    client(&company, "E", "", &["2019-12-31"]).await;
    client(&company, "F", "2001-01-01", &["2025-01-01"]).await;
    company.period().await;
    // It is unknown since when C and D have been there.
    assert_eq!(anonymized(&company).await, "A,E");
}

#[tokio::test]
async fn the_date_of_a_client_plays_no_part_and_void_activity_keeps_no_client() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2019-01-01"]).await;
    client(&company, "B", "2001-01-01", &["2025-01-01"]).await;
    client(&company, "C", "2001-01-01", &["2025-01-01"]).await;
    company.execute("UPDATE customers SET due = '2099-01-01' WHERE no = 'A'; UPDATE customers SET due = '2020-01-01' WHERE no = 'B'").await;
    company.execute("UPDATE entries SET kind = 'void' WHERE customer_no = 'C'").await;
    company.period().await;
    assert_eq!(anonymized(&company).await, "A,C");
}

#[tokio::test]
async fn activity_without_a_day_keeps_its_client() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2019-01-01", ""]).await;
    client(&company, "B", "2001-01-01", &["2019-01-01"]).await;
    company.execute("INSERT INTO entries (customer_no, posted_on, kind) VALUES ('B', NULL, 'sale')").await;
    assert_eq!(company.period().await.anonymized, 0);
}

#[tokio::test]
async fn n4_clients_imported_with_old_dates_and_corrected_activity_count_the_next_night() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2019-01-01"]).await;
    client(&company, "B", "2001-01-01", &["2018-05-05", "2025-01-01"]).await;
    client(&company, "C", "2001-01-01", &["2025-02-02"]).await;
    night(&company, "2026-01-02T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A");
    company.execute("DELETE FROM entries WHERE posted_on = '2025-01-01'").await;
    company.execute("UPDATE entries SET posted_on = '2015-02-02' WHERE posted_on = '2025-02-02'").await;
    client(&company, "D", "2002-02-02", &[]).await;
    client(&company, "E", "2002-02-02", &["2003-03-03"]).await;
    client(&company, "F", "2002-02-02", &["2025-03-03"]).await;
    company.set_clock("2026-01-03T12:00:00Z");
    let request = company.request(SweepKind::Period);
    let preview = survey((&company.context).into(), &request, Mode::Preview, &mut |_| {}).await.unwrap();
    assert_eq!(preview.tally.anonymized, 4);
    assert_eq!(count(&company.context, &request).await.unwrap(), 4);
    night(&company, "2026-01-03T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A,B,C,D,E");
}

#[tokio::test]
async fn a_refused_client_is_looked_at_every_night_until_it_goes_through() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2019-01-01"]).await;
    client(&company, "B", "2001-01-01", &["2019-01-01"]).await;
    company.execute("UPDATE customers SET open = 1 WHERE no = 'A'").await;
    company.context.ledger.place_hold("B", "in court", "test").await.unwrap();
    for day in 2..5 {
        let sweep = night(&company, &format!("2026-01-0{day}T12:00:00Z"), |_| ()).await;
        assert_eq!(company.context.ledger.progress(sweep.id).await.unwrap().tally.refused, 2);
    }
    assert_eq!(
        company.rows("SELECT client_key, sweep, last_sweep FROM lethe_outcomes ORDER BY client_key").await,
        ["A|1|3", "B|1|3"]
    );
    company.execute("UPDATE customers SET open = 0").await;
    night(&company, "2026-01-06T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A");
    company.context.ledger.release_hold("B", "test").await.unwrap();
    night(&company, "2026-01-07T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A,B");
}

#[tokio::test]
async fn a_shorter_period_takes_more_clients() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2019-01-01"]).await;
    client(&company, "B", "2001-01-01", &["2022-01-01"]).await;
    night(&company, "2026-01-02T12:00:00Z", |_| ()).await;
    std::fs::write(company.folder.path().join("policy.toml"), POLICY.replace("6 years", "3 years")).unwrap();
    night(&company, "2026-01-03T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A,B");
}

#[tokio::test]
async fn the_night_after_a_stopped_sweep_takes_its_clients() {
    let company = company().await;
    client(&company, "A", "2001-01-01", &["2020-01-05"]).await;
    night(&company, "2026-01-02T12:00:00Z", |_| ()).await;
    company.set_clock("2026-01-08T12:00:00Z");
    let id = open(&company.context, &company.request(SweepKind::Period)).await.unwrap().unwrap();
    company.context.ledger.stop_sweep(id, "test").await.unwrap();
    night(&company, "2026-01-09T12:00:00Z", |_| ()).await;
    assert_eq!(anonymized(&company).await, "A");
}

#[tokio::test]
async fn filters_are_and_between_names_or_between_values() {
    let company = company().await;
    for (no, grade, region) in [("A", "1", "N"), ("B", "1", "S"), ("C", "2", "N"), ("D", "3", "N"), ("E", "2", "S")] {
        client(&company, no, "2001-01-01", &["2019-01-01"]).await;
        company
            .execute(&format!("UPDATE customers SET grade = '{grade}', region = '{region}' WHERE no = '{no}'"))
            .await;
    }
    let values = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let north = |request: &mut Request| {
        request.filters.insert("grade".to_owned(), values(&["1", "2"]));
        request.filters.insert("region".to_owned(), values(&["N"]));
    };
    night(&company, "2026-01-02T12:00:00Z", north).await;
    assert_eq!(anonymized(&company).await, "A,C");
    let south = |request: &mut Request| {
        request.filters.insert("region".to_owned(), values(&["S"]));
    };
    night(&company, "2026-01-03T12:00:00Z", south).await;
    assert_eq!(anonymized(&company).await, "A,B,C,E");
}

#[tokio::test]
async fn capped_nights_pass_over_no_client_behind_refused_and_failed_ones() {
    let mut company = company().await;
    company.context.limits.batch_size = 4;
    for at in 0..20 {
        client(&company, &format!("C{at:02}"), "2001-01-01", &["2019-01-01"]).await;
    }
    // Refused ones in front, one that fails in the middle of a batch, and one that is due later.
    company.execute("UPDATE customers SET open = 1 WHERE no IN ('C00', 'C01', 'C02', 'C05')").await;
    company.execute(&refuses("customers", "old.no = 'C06'", "no")).await;
    company.execute("UPDATE entries SET posted_on = '2020-01-03' WHERE customer_no = 'C04'").await;
    let mut done = Vec::new();
    for day in 2..9 {
        let sweep = night(&company, &format!("2026-01-{day:02}T12:00:00Z"), |request| request.cap = Some(3)).await;
        done.push(company.context.ledger.progress(sweep.id).await.unwrap().tally.anonymized);
    }
    assert_eq!(done, [3, 3, 3, 3, 3, 0, 0]);
    assert_eq!(of(&company, "name <> 'Anonymized client'").await, "C00,C01,C02,C05,C06");
    company.execute("UPDATE customers SET open = 0 WHERE no <> 'C06'").await;
    night(&company, "2026-01-10T12:00:00Z", |request| request.cap = Some(4)).await;
    assert_eq!(of(&company, "name <> 'Anonymized client'").await, "C06");
}

#[tokio::test]
async fn a_look_at_the_sweep_of_a_moment_ago_passes_no_client_over() {
    let mut company = company().await;
    company.context.limits.batch_size = 4;
    for at in 0..8 {
        client(&company, &format!("C{at}"), "2001-01-01", &["2019-01-01"]).await;
    }
    company.set_clock("2026-01-02T12:00:00Z");
    let request = Request { cap: Some(2), ..company.request(SweepKind::Period) };
    let id = open(&company.context, &request).await.unwrap().unwrap();
    let sweep = async || company.context.ledger.sweep(id).await.unwrap().unwrap();
    cut(&company.context, &sweep().await).await.unwrap();
    let a_moment_ago = sweep().await;
    // Meanwhile the batch is split, and its front half uses the cap up.
    company.execute("UPDATE lethe_batches SET state = 'done', clients = 2, anonymized = 2, keys = NULL").await;
    company.execute("UPDATE lethe_sweeps SET position = '[\"C1\"]'").await;
    cut(&company.context, &a_moment_ago).await.unwrap();
    let sweep = sweep().await;
    assert_eq!((sweep.position.as_deref(), sweep.cut, sweep.capped), (Some("[\"C1\"]"), true, true));
}

#[tokio::test]
async fn a_client_that_fails_within_a_cap_lets_no_other_be_passed_over() {
    let mut company = company().await;
    company.context.limits.batch_size = 8;
    for at in 0..8 {
        client(&company, &format!("C{at}"), "2001-01-01", &["2019-01-01"]).await;
    }
    company.execute("UPDATE customers SET open = 1 WHERE no = 'C4'").await;
    company.execute(&refuses("customers", "old.no = 'C0'", "no")).await;
    for day in 2..6 {
        let sweep = night(&company, &format!("2026-01-0{day}T12:00:00Z"), |request| request.cap = Some(2)).await;
        assert_eq!(
            company.context.ledger.progress(sweep.id).await.unwrap().tally.anonymized,
            if day < 5 { 2 } else { 0 }
        );
    }
    assert_eq!(anonymized(&company).await, "C1,C2,C3,C5,C6,C7");
}

#[tokio::test]
async fn a_sweep_goes_by_the_choice_of_period_that_it_names() {
    let choices = "length = \"6 years\"\nchoices = { from = \"1 year\", to = \"7 years\", step = \"6 months\" }";
    let company = Company::new(SCHEMA, &POLICY.replace("length = \"6 years\"", choices)).await;
    for (no, day) in [("C1", "2022-05-05"), ("C2", "2019-06-06"), ("C3", "2002-02-02")] {
        client(&company, no, "2001-01-01", &[day]).await;
    }
    let night = async |day: &str, length: Option<&str>| {
        company.set_clock(&format!("2026-01-{day}T12:00:00Z"));
        let length = length.map(|length| length.parse().unwrap());
        company.sweep(&Request { length, ..company.request(SweepKind::Period) }).await.map(|tally| tally.anonymized)
    };
    assert_eq!(night("02", Some("7 years")).await.unwrap(), 1);
    assert_eq!(night("03", None).await.unwrap(), 1);
    // The policy's own, said aloud, is the same.
    assert_eq!(night("04", Some("72 months")).await.unwrap(), 0);
    assert_eq!(night("05", Some("24 months")).await.unwrap(), 1);
    for length in ["6 months", "8 years", "13 months", "1 year 1 day"] {
        let refused = night("07", Some(length)).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("the period `{length}` is none of the policy's choices"));
    }
}

#[tokio::test]
async fn a_period_of_its_own_needs_a_choice_and_a_sweep_that_goes_by_one() {
    let company = company().await;
    let length = Some("6 years".parse().unwrap());
    let request = |kind| Request { length, ..company.request(kind) };
    let answer = company.sweep(&request(SweepKind::Period)).await.unwrap_err();
    assert_eq!(answer.to_string(), "the sweep has a period of its own, and the policy gives no choice of periods");
    let answer = company.sweep(&request(SweepKind::Due)).await.unwrap_err();
    assert_eq!(answer.to_string(), "a `due` sweep uses no period, and this one has a `length`");
}

/// So many are not found once and kept, but range by range along the key.
#[tokio::test]
async fn of_many_whose_period_is_over_each_is_anonymized_once_and_no_other_client_is() {
    let company = company_on("2026-01-02", "6 years").await;
    let day = either("", "DATE ");
    company
        .execute(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
             INSERT INTO customers (no, name, made_on)
             SELECT 'C' || i, 'Client ' || i, CASE i % 10 WHEN 7 THEN {day}'2025-01-01' ELSE {day}'2001-01-01' END FROM n"
        ))
        .await;
    let tally = company.period().await;
    assert_eq!((tally.anonymized, tally.looked_at()), (8_100, 8_100), "{tally:?}");
    let left = "SELECT count(*) FROM customers WHERE name <> 'Anonymized client'";
    assert_eq!(company.rows(left).await, ["900"]);
    let twice = "SELECT client_key FROM lethe_outcomes GROUP BY client_key HAVING count(*) > 1";
    assert_eq!(company.rows(twice).await, Vec::<String>::new());
    let next = night(&company, "2026-01-03T12:00:00Z", |_| {}).await;
    assert_eq!((next.state, company.rows(left).await), (State::Done, vec!["900".to_owned()]));
}

#[tokio::test]
async fn n20_a_rehearsal_counts_for_its_kind_and_filters_and_for_ten_times_its_clients() {
    let mut company = company().await;
    company.context.limits.rehearsal = true;
    for at in 0..12 {
        client(&company, &format!("P{at:02}"), "2001-01-01", &[]).await;
    }
    client(&company, "D", "2025-01-01", &[]).await;
    company
        .execute(&format!(
            "UPDATE customers SET due = {} WHERE no = 'D'; UPDATE customers SET grade = 'A' WHERE no = 'P00'",
            day("2026-01-01")
        ))
        .await;
    let rehearse = async |moment: &str, request: &Request| {
        // Each at a moment of its own.
        company.set_clock(moment);
        let found = lethe::service::sweeps::rehearse(&company.context, request, &mut |_| {}).await;
        found.expect("a rehearsal").tally
    };
    let refused = async |request: &Request| {
        let error = open(&company.context, request).await.expect_err("it was not rehearsed");
        assert!(matches!(error, SweepError::FewRehearsed { clients: 12, .. }), "{error}");
        (error.to_string(), error.hint().to_string())
    };
    let period = company.request(SweepKind::Period);
    assert_eq!(rehearse("2026-01-02T12:01:00Z", &company.request(SweepKind::Due)).await.anonymized, 1);
    let (error, hint) = refused(&period).await;
    assert_eq!(
        error,
        "this policy was rehearsed with 1 client, which is too few for a `period` sweep that would anonymize 12"
    );
    assert!(hint.contains("every client that a `period` sweep selects") && hint.contains("anonymizes 2"), "{hint}");

    let mut some = company.request(SweepKind::Period);
    some.filters.insert("grade".to_owned(), vec!["A".to_owned()]);
    assert_eq!(rehearse("2026-01-02T12:02:00Z", &some).await.anonymized, 1);
    refused(&period).await;

    // A rehearsal in which clients fail is none.
    company.execute(&refuses("customers", "old.no <> 'P00'", "stays")).await;
    let failing = rehearse("2026-01-02T12:03:00Z", &period).await;
    assert_eq!((failing.anonymized, failing.failed), (1, 11));
    refused(&period).await;
    company.execute(&allows("customers")).await;

    assert_eq!(rehearse("2026-01-02T12:04:00Z", &period).await.anonymized, 12);
    assert!(open(&company.context, &period).await.expect("it was rehearsed").is_some());
}

#[tokio::test]
async fn the_estimated_cleanup_date_is_the_first_day_on_which_the_client_is_due() {
    let today = "2024-03-01";
    let company = company_on(today, "13 months").await;
    client(&company, "A", "2001-01-01", &["2023-01-31", "2024-01-31"]).await;
    client(&company, "B", "2023-05-31", &[]).await;
    client(&company, "C", "2001-01-01", &["2024-02-29", "2019-01-01"]).await;
    client(&company, "D", "2001-01-01", &["2024-02-29"]).await;
    company.execute("UPDATE customers SET due = '2024-08-15' WHERE no = 'D'").await;
    client(&company, "E", "2023-06-30", &["2024-02-20"]).await;
    company.execute("UPDATE entries SET kind = 'void' WHERE customer_no = 'E'").await;
    let estimate = async |no: &str| company.service().client(no).await.expect("a client").estimated;
    let said = async |no: &str| {
        let own = estimate(no).await.expect("an estimate");
        [Some(own.day), own.column, own.since, own.period].map(Option::unwrap_or_default).join(" ")
    };
    let of_entries = |day: &str, last: &str| format!("{day} entries.posted_on {last} 13 months");
    let of_client = |day: &str, start: &str| format!("{day} customers.made_on {start} 13 months");
    let wanted = [
        ("A", of_entries("2025-03-01", "2024-01-31")),
        ("B", of_client("2024-07-01", "2023-05-31")),
        ("C", of_entries("2025-04-01", "2024-02-29")),
        ("D", "2024-08-15 customers.due  ".to_owned()),
        ("E", of_client("2024-08-01", "2023-06-30")),
    ];
    for (no, wanted) in &wanted {
        assert_eq!(said(no).await, *wanted, "{no}");
        // The program agrees with itself.
        let day: chrono::NaiveDate = wanted[..10].parse().expect("a day");
        for (day, outcome) in [(day.pred_opt().expect("a day"), Outcome::NotDue), (day, Outcome::Anonymized)] {
            company.set_clock(&format!("{day}T12:00:00Z"));
            assert_eq!(company.service().client(no).await.expect("a client").would_be.outcome, outcome, "{no} {day}");
        }
        company.set_clock(&format!("{today}T12:00:00Z"));
    }
    // A row without a day keeps its client, and so does one that began on no known day.
    client(&company, "F", "2001-01-01", &["2020-01-01"]).await;
    company.execute("INSERT INTO entries (customer_no, posted_on, kind) VALUES ('F', NULL, 'sale')").await;
    client(&company, "G", "", &[]).await;
    for no in ["F", "G"] {
        assert_eq!(estimate(no).await, None, "{no}");
    }
    assert_eq!(company.sweep(&company.forced(&["A"])).await.expect("a sweep").anonymized, 1);
    assert_eq!(estimate("A").await, None, "it is anonymized");
}
