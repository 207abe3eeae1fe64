//! A job that asks for a review sweeps no client until a second person approves it.

use std::sync::Arc;

use chrono_tz::UTC;
use lethe::domain::access::{Limit, Right, Rights};
use lethe::domain::job::Job;
use lethe::outside::{Event, Secret, Sender, Webhook};
use lethe::service::Service;
use lethe::service::access::{Caller, Way};
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::scheduler;
use lethe::worker::watch::look;
use reqwest::StatusCode;
use serde_json::json;

use super::office::Office;
use crate::common::receiver::Receiver;

const JOB: &str = "schedule = \"0 30 1 * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\nreview = true\n";

/// What makes reviews at ticks, and the job.
fn ticking(office: &Office, receiver: &Receiver) -> (Service, [Job; 1]) {
    let jobs = office.company.folder.path().join("jobs");
    std::fs::write(jobs.join("four-eyes.toml"), JOB).unwrap();
    let mut context = office.company.context.clone();
    let webhook = Webhook {
        url: receiver.url.parse().unwrap(),
        secrets: vec![Secret::of_bytes(b"a secret").unwrap()],
        events: [Event::Alert].into(),
        hashed: None,
        most_clients: 100,
    };
    context.targets = Arc::new(Targets {
        webhooks: [("chat".to_owned(), webhook)].into(),
        sender: Sender::new(std::time::Duration::from_secs(5)),
        ..Targets::default()
    });
    let (rights, limit) = (Rights::default(), Limit::default());
    let unnamed = Caller { name: String::new(), rights, limit, way: Way::Command, token: None };
    let service = Service { context, jobs, time_zone: UTC, second_person: true, caller: unnamed };
    (service, [Job::parse("four-eyes", JOB).unwrap()])
}

/// Both that look at ticks do, twice.
async fn tick(service: &Service, jobs: &[Job], moment: &str) {
    service.context.ledger.clock().set(moment.parse().unwrap());
    for _ in 0..2 {
        scheduler::tick(&service.context, jobs).await.unwrap();
        service.review_ticks(jobs).await.unwrap();
        look(&service.context, jobs).await.unwrap();
        deliver_now(&service.context).await.unwrap();
    }
}

#[tokio::test]
async fn a_tick_makes_a_review_and_the_sweep_waits_for_a_second_person() {
    let office = Office::new().await;
    let receiver = Receiver::new(&[]).await;
    let (service, jobs) = ticking(&office, &receiver);
    let told =
        || receiver.got().iter().map(|own| own.body["data"]["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    tick(&service, &jobs, "2026-01-02T12:00:00Z").await;
    let names = office.names().await;
    tick(&service, &jobs, "2026-01-03T01:30:05Z").await;
    let bob = office.token("bob", &[Right::Bulk]).await;
    let (_, reviews) = office.get("/api/v1/reviews", &bob).await;
    assert_eq!(reviews.as_array().unwrap().len(), 1, "{reviews}");
    let review = &reviews[0];
    assert_eq!(
        (&review["name"], &review["made_by"]),
        (&json!("four-eyes 2026-01-03 01:30:00"), &json!("job four-eyes"))
    );
    assert_eq!((&review["state"], &review["clients"]), (&json!("waiting"), &json!(3)));
    assert_eq!(office.company.rows("SELECT id FROM lethe_sweeps").await, [""; 0], "nothing is swept");
    assert_eq!(office.names().await, names);
    assert_eq!(told(), ["review-waiting"]);
    assert!(!receiver.got()[0].text.contains("C1"));
    // It cannot be had without.
    let (status, problem) =
        office.post("/api/v1/sweeps", &bob, json!({ "sweep": { "job": "four-eyes" }, "confirm": true })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("asks for a review"), "{problem}");
    // A late approver is reminded, once.
    office.company.set_clock("2026-01-04T01:29:00Z");
    look(&service.context, &[]).await.unwrap();
    office.company.set_clock("2026-01-04T01:31:00Z");
    look(&service.context, &[]).await.unwrap();
    look(&service.context, &[]).await.unwrap();
    deliver_now(&service.context).await.unwrap();
    assert_eq!(told(), ["review-waiting", "review-overdue"]);
    // Its scheduler has no job, and would forget the one that is tried here.
    office.work();
    let bob = office.token("bob, a day later", &[Right::Bulk]).await;
    let (status, approved) = office.approve("four-eyes%202026-01-03%2001:30:00", &bob).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{approved}");
    let sweep = office.over(&approved["sweep"], &bob).await;
    assert_eq!(sweep["progress"]["anonymized"], 3);
}

#[tokio::test]
async fn a_night_without_due_clients_asks_for_no_review_and_one_without_a_plan_says_so() {
    let office = Office::new().await;
    let receiver = Receiver::new(&[]).await;
    let (service, jobs) = ticking(&office, &receiver);
    tick(&service, &jobs, "2026-01-02T12:00:00Z").await;
    office.company.execute("UPDATE customers SET due = NULL").await;
    tick(&service, &jobs, "2026-01-03T01:30:05Z").await;
    let bob = office.token("bob", &[Right::Read]).await;
    assert_eq!(office.get("/api/v1/reviews", &bob).await.1, json!([]));
    assert!(receiver.got().is_empty());
    // Several ticks that nothing ran for make one.
    office.company.execute("UPDATE customers SET due = '2026-01-02'").await;
    tick(&service, &jobs, "2026-01-06T02:00:00Z").await;
    let bob = office.token("bob, later", &[Right::Read]).await;
    let (_, reviews) = office.get("/api/v1/reviews", &bob).await;
    assert_eq!((reviews.as_array().unwrap().len(), &reviews[0]["name"]), (1, &json!("four-eyes 2026-01-06 01:30:00")));
    office.company.execute("ALTER TABLE customers ADD COLUMN phone TEXT").await;
    tick(&service, &jobs, "2026-01-07T02:00:00Z").await;
    let kinds: Vec<_> = receiver.got().iter().map(|own| own.body["data"]["kind"].clone()).collect();
    assert_eq!(kinds, ["review-waiting", "review-failed"], "{:?}", receiver.got());
}

#[tokio::test]
async fn a_paused_job_makes_no_review_and_one_for_all_its_ticks_once_it_is_resumed() {
    let office = Office::new().await;
    let receiver = Receiver::new(&[]).await;
    let (service, jobs) = ticking(&office, &receiver);
    tick(&service, &jobs, "2026-01-02T12:00:00Z").await;
    let ledger = &office.company.context.ledger;
    assert!(ledger.pause(Some("four-eyes"), "a move", "alice").await.unwrap());
    tick(&service, &jobs, "2026-01-04T02:00:00Z").await;
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_reviews").await, ["0"]);
    assert!(receiver.got().is_empty(), "a tick that waits for a person was not missed: {:?}", receiver.got());
    assert!(ledger.resume(Some("four-eyes"), "alice").await.unwrap());
    tick(&service, &jobs, "2026-01-04T02:01:00Z").await;
    assert_eq!(office.company.rows("SELECT name FROM lethe_reviews").await, ["four-eyes 2026-01-04 01:30:00"]);
}
