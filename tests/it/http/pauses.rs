//! Work that a person has paused, and goes on when it is resumed.

use std::time::Duration;

use lethe::domain::access::Right;
use lethe::service::jobs::job_files;
use lethe::worker::scheduler;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::Office;
use super::pages::Browser;

/// What a scheduler does at a moment, in two rounds.
async fn tick(office: &Office, moment: &str) {
    office.company.set_clock(moment);
    let jobs = job_files(&office.company.folder.path().join("jobs")).expect("the jobs").jobs;
    for _ in 0..2 {
        scheduler::tick(&office.company.context, &jobs).await.expect("ticks are looked at");
    }
}

fn why() -> Value {
    json!({ "reason": "the database moves" })
}

#[tokio::test]
async fn the_ticks_of_a_paused_job_are_shown_as_skipped_and_caught_up_by_one_sweep_once_it_is_resumed() {
    const PAUSE: &str = "/api/v1/jobs/nightly/pause";
    let office = Office::new().await;
    tick(&office, "2026-01-02T12:00:00Z").await;
    let alice = office.token("alice", &[Right::Bulk]).await;
    let (status, pause) = office.ask(Method::PUT, PAUSE, &alice, Some(why())).await;
    assert_eq!(status, StatusCode::CREATED, "{pause}");
    assert_eq!((&pause["job"], &pause["paused_by"]), (&json!("nightly"), &json!("alice")));
    assert_eq!(
        office.ask(Method::PUT, PAUSE, &alice, Some(why())).await.0,
        StatusCode::CONFLICT,
        "it is paused already"
    );
    let (status, _) = office.ask(Method::PUT, "/api/v1/jobs/nihgtly/pause", &alice, Some(why())).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    tick(&office, "2026-01-03T01:30:05Z").await;
    tick(&office, "2026-01-04T01:30:05Z").await;
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);

    let bob = office.token("bob", &[Right::Bulk]).await;
    let (_, jobs) = office.get("/api/v1/jobs", &bob).await;
    assert_eq!((&jobs[0]["paused"]["reason"], &jobs[0]["next"]), (&json!("the database moves"), &Value::Null));
    assert_eq!(jobs[0]["ticks_skipped"], 2, "{jobs}");
    let body = json!({ "sweep": { "job": "nightly" }, "confirm": true });
    let (status, problem) = office.post("/api/v1/sweeps", &bob, body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("job `nightly` was paused by alice at 2026-01-02 12:00"));
    let (_, status) = office.get("/api/v1/status", &bob).await;
    assert_eq!(status["pauses"][0]["paused_by"], "alice");
    assert!(status["attention"].to_string().contains("job `nightly` was paused by alice"), "{status}");
    let metric = |value: &str| format!("lethe_job_paused{{job=\"nightly\"}} {value}");
    let metrics = async || office.get("/metrics", &bob).await.1.as_str().unwrap().to_owned();
    assert!(metrics().await.contains(&metric("1.0")));

    assert_eq!(office.ask(Method::DELETE, PAUSE, &bob, None).await, (StatusCode::OK, json!([])));
    assert!(metrics().await.contains(&metric("0.0")));
    tick(&office, "2026-01-04T02:00:00Z").await;
    assert_eq!(office.company.rows("SELECT job, skipped, state FROM lethe_sweeps").await, ["nightly|1|running"]);
    assert_eq!(office.ask(Method::DELETE, PAUSE, &bob, None).await.0, StatusCode::NOT_FOUND, "it is not paused");
    let (_, all) = office.get("/api/v1/pauses?all=true", &bob).await;
    assert_eq!((&all[0]["reason"], &all[0]["resumed_by"]), (&json!("the database moves"), &json!("bob")));
    assert_eq!(office.get("/api/v1/pauses", &bob).await.1, json!([]));
}

#[tokio::test]
async fn while_all_work_is_paused_a_running_sweep_waits_and_no_other_begins() {
    let office = Office::new().await;
    let alice = office.token("alice", &[Right::Bulk]).await;
    let list = json!({ "sweep": { "kind": "list", "clients": ["C1", "C2"] }, "confirm": true });
    let (status, started) = office.post("/api/v1/sweeps", &alice, list).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    let before = office.names().await;
    assert_eq!(office.ask(Method::PUT, "/api/v1/pause", &alice, Some(why())).await.0, StatusCode::CREATED);
    office.work();
    // A worker has had the batch, and put it off.
    let put_off = "SELECT count(*) FROM lethe_batches WHERE worker IS NOT NULL AND state = 'ready'";
    let was_put_off = async {
        while office.company.rows(put_off).await != ["1"] {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), was_put_off).await.expect("it is put off");
    assert_eq!(office.names().await, before);
    let (_, status) = office.get("/api/v1/status", &alice).await;
    assert!(!status["attention"].to_string().contains("no worker processes it"), "{status}");
    for (path, body) in [
        ("/api/v1/sweeps", json!({ "sweep": { "job": "nightly" }, "confirm": true })),
        ("/api/v1/clients/C4/anonymize", json!({ "force": true, "confirm": true })),
    ] {
        let (status, problem) = office.post(path, &alice, body).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with("all work was paused by alice"), "{problem}");
    }
    let (status, _) = office.post("/api/v1/previews", &alice, json!({ "job": "nightly" })).await;
    assert_eq!(status, StatusCode::OK, "a preview changes nothing");
    assert_eq!(office.ask(Method::DELETE, "/api/v1/pause", &alice, None).await.0, StatusCode::OK);
    office.company.set_clock("2026-01-02T12:01:00Z");
    let over = office.over(&started["sweep"], &alice).await;
    assert_eq!((&over["state"], &over["progress"]["anonymized"]), (&json!("done"), &json!(2)), "{over}");
}

#[tokio::test]
async fn work_is_paused_and_resumed_while_a_column_waits_to_be_classified() {
    let office = Office::new().await;
    let clerk = office.token("clerk", &[Right::Bulk]).await;
    office.company.execute("ALTER TABLE customers ADD COLUMN phone TEXT").await;
    assert_eq!(office.ask(Method::PUT, "/api/v1/pause", &clerk, Some(why())).await.0, StatusCode::CREATED);
    assert_eq!(office.ask(Method::DELETE, "/api/v1/pause", &clerk, None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_person_pauses_and_resumes_on_the_page_of_jobs() {
    let office = Office::new().await;
    let (operator, reader) =
        (office.token("operator", &[Right::Bulk]).await, office.token("reader", &[Right::Read]).await);
    let browser = Browser::signed_in(&office, &operator).await;
    let page = browser.page("/jobs").await;
    let mark = page.split("name=\"mark\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [("mark", mark.as_str()), ("reason", "<b>moving</b>")];
    for path in ["/jobs/nightly/pause", "/jobs/pause"] {
        assert_eq!(browser.send(Method::POST, path, &form, &[]).await.1, "/jobs");
    }
    let page = browser.page("/jobs").await;
    assert!(page.contains("All work is paused") && page.contains("&#60;b&#62;moving") && !page.contains("<b>moving"));
    assert!(page.contains("action=\"/jobs/resume\"") && page.contains("action=\"/jobs/nightly/resume\""), "{page}");
    let (_, german, _) = browser.send(Method::GET, "/jobs", &[], &[("accept-language", "de")]).await;
    assert!(german.contains("Alle Arbeit ist pausiert") && german.contains(">pausiert<"), "{german}");
    let others = Browser::signed_in(&office, &reader).await;
    let (status, ..) = others.send(Method::POST, "/jobs/resume", &[("mark", "")], &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let page = others.page("/jobs").await;
    assert!(page.contains("All work is paused") && !page.contains("/resume\""), "{page}");
    for path in ["/jobs/resume", "/jobs/nightly/resume"] {
        assert_eq!(browser.send(Method::POST, path, &[("mark", mark.as_str())], &[]).await.1, "/jobs");
    }
    let page = browser.page("/jobs").await;
    assert!(!page.contains("moving") && page.contains("action=\"/jobs/nightly/pause\""), "{page}");
}
