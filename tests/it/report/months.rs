//! The report of a month, and the extract for the register.

use chrono_tz::Tz;
use lethe::domain::job::Brake;
use lethe::domain::sweep::SweepKind;
use lethe::report::{About, Month, MonthReport, Register, ReportOptions};
use lethe::worker::Planner;
use lethe::worker::sweep::open;
use serde_json::Value;

use super::{POLICY, SCHEMA, assert_keeps_to_itself, company, row};
use crate::common::Company;

async fn month(company: &Company, month: &str) -> MonthReport {
    let month: Month = month.parse().expect("a month");
    MonthReport::make(&company.context, month, Tz::Europe__Copenhagen, ReportOptions::default())
        .await
        .expect("the database can be read")
}

#[tokio::test]
async fn a_month_has_the_sweeps_that_were_opened_in_it_on_the_clocks_of_its_zone() {
    let company = company().await;
    // In Copenhagen, January ends at 23:00 UTC.
    for moment in ["2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z", "2026-01-31T22:59:59Z", "2026-01-31T23:00:00Z"] {
        company.set_clock(moment);
        company.due().await;
    }
    let sweeps = |report: &Value| {
        report["sweeps"].as_array().unwrap().iter().map(|own| own["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let january = serde_json::to_value(month(&company, "2026-01").await).unwrap();
    assert_eq!(sweeps(&january), [2, 3]);
    assert_eq!(
        (&january["from"], &january["until"]),
        (&"2025-12-31T23:00:00.000Z".into(), &"2026-01-31T23:00:00.000Z".into())
    );
    assert_eq!(january["is_over"], true);
    let february = serde_json::to_value(month(&company, "2026-02").await).unwrap();
    assert_eq!((sweeps(&february), &february["is_over"]), (vec![4], &false.into()));
}

#[tokio::test]
async fn a_month_counts_each_client_once() {
    let company = company().await;
    for day in 2..9 {
        company.set_clock(&format!("2026-01-0{day}T12:00:00Z"));
        company.due().await;
    }
    company.set_clock("2026-02-03T12:00:00Z");
    company.execute("UPDATE orders SET status = 'closed'").await;
    company.due().await;
    let counted = |outcome: &str| {
        format!(
            "SELECT count(DISTINCT client_key) FROM lethe_outcomes WHERE outcome = '{outcome}' AND at LIKE '2026-01-%'"
        )
    };
    let (taken, refused) =
        (company.rows(&counted("anonymized")).await.remove(0), company.rows(&counted("refused")).await.remove(0));
    let report = month(&company, "2026-01").await;
    let january = serde_json::to_value(&report).unwrap();
    assert_eq!(january["clients"]["anonymized"].to_string(), taken);
    assert_eq!(january["clients"]["refused"].to_string(), refused);
    assert_eq!(january["refusals"][0]["clients"].to_string(), refused);
    assert_ne!(refused, "0");
    let all: u64 =
        january["sweeps"].as_array().unwrap().iter().map(|own| own["clients"]["refused"].as_u64().unwrap()).sum();
    assert!(all > refused.parse().unwrap(), "the same clients were refused night after night: {all}");
    assert_eq!(
        january["jobs"],
        serde_json::json!([{ "job": null, "sweeps": 7, "done": 7, "stopped": 0, "braked": 0, "missed": 0, "anonymized": january["clients"]["anonymized"], "failed": 0 }])
    );
    assert_eq!(january["policies"][0]["sweeps"], serde_json::json!([1, 7]));
    let page = report.html("en").unwrap();
    assert_keeps_to_itself(&page);
    assert_eq!(row(&page, "has open orders")[2], refused);
    assert_eq!(row(&page, "by hand")[1..], ["7", "7", "0", "0", "0", &taken]);
}

#[tokio::test]
async fn a_month_names_what_was_out_of_line() {
    let company = company().await;
    let mut request = company.request(SweepKind::Due);
    request.brake = Brake { clients: Some(3), share: Some(1.0) };
    open(&company.context, &request).await.unwrap_err();
    company.sweep(&company.forced(&["K005"])).await.unwrap();
    let page = month(&company, "2026-01").await.html("en").unwrap();
    assert!(row(&page, "1 by hand")[3].starts_with("braked: "), "{page}");
    assert_eq!(row(&page, "2 by hand")[3], "date and period ignored");
}

#[tokio::test]
async fn a_month_without_sweeps_says_so() {
    let company = company().await;
    let page = month(&company, "2025-02").await.html("en").unwrap();
    assert_keeps_to_itself(&page);
    assert!(page.contains("No sweep was opened."), "{page}");
}

const BASES: &str = r#"
version = "7 & <8>"
client = { table = "customers", key = "no", to_anonymize_on = "due", anonymized = "done", basis = "consent <withdrawn>" }
period = { length = "2 years", otherwise = "since", activity = [{ table = "visits", date = "on" }], basis = "the books" }
"#;

const JOB: &str = "schedule = \"0 30 1 * * *\"\ntime_zone = \"Europe/Copenhagen\"\ndescription = \"By <date>\"\nsweep = \"due\"\nlimit = 1200\n";

#[tokio::test]
async fn the_register_has_limits_starts_and_bases() {
    let policy = POLICY.split_once("filters").map(|(_, rest)| format!("{BASES}filters{rest}")).unwrap();
    let company = Company::new(&SCHEMA.replace("page TEXT", "page TEXT, \"on\" DATE"), &policy).await;
    let jobs = [
        lethe::domain::job::Job::parse("nightly-due", JOB).unwrap(),
        lethe::domain::job::Job::parse("asleep", &format!("{}enabled = false\n", JOB.replace("\"due\"", "\"period\"")))
            .unwrap(),
    ];
    let planner = Planner::new(company.folder.path().join("policy.toml"));
    let about = About::new(&company.context.store, "officer", company.context.ledger.clock().now());
    let register = Register::make(&company.context.store, &planner, about, &jobs).await.unwrap();
    let json = serde_json::to_value(&register).unwrap();
    assert_eq!(json["limits"][0]["start"], "the day in customers.due");
    assert_eq!(
        (&json["limits"][0]["basis"], &json["limits"][0]["jobs"]),
        (&"consent <withdrawn>".into(), &serde_json::json!(["nightly-due"]))
    );
    assert_eq!(json["limits"][1]["start"], "the last day in visits.on; of a client without any, customers.since");
    assert_eq!((&json["limits"][1]["length"], &json["limits"][1]["basis"]), (&"2 years".into(), &"the books".into()));
    // A job that is switched off sees to nothing.
    assert_eq!(json["limits"][1]["jobs"], serde_json::json!([]));
    let categories: Vec<(&Value, &Value)> =
        json["categories"].as_array().unwrap().iter().map(|own| (&own["table"], &own["personal"])).collect();
    let told = [
        ("customers", serde_json::json!(["birth", "name", "post_code"])),
        ("orders", serde_json::json!(["place"])),
        ("visits", serde_json::json!([])),
    ];
    assert_eq!(categories.len(), told.len());
    for ((table, personal), (name, columns)) in categories.iter().zip(told) {
        assert_eq!((*table, *personal), (&Value::from(name), &columns));
    }
    let page = register.html().unwrap();
    assert_keeps_to_itself(&page);
    assert_eq!(
        row(&page, "nightly-due"),
        ["nightly-due", "By <date> (due)", "0 30 1 * * * Europe/Copenhagen", "1,200"]
    );
    assert_eq!(row(&page, "a client without activity")[4], "no enabled job");
}
