//! A decision is about what a person saw, and is made once.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::Office;
use super::pages::{Browser, form_of};

async fn review(office: &Office, token: &str, sweep: Value) {
    let (status, said) = office.post("/api/v1/reviews", token, json!({ "name": "week", "sweep": sweep })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{said}");
    assert_eq!(office.made("week", token).await["state"], "waiting");
}

async fn sweeps(office: &Office) -> String {
    office.company.rows("SELECT count(*) FROM lethe_sweeps").await.remove(0)
}

#[tokio::test]
async fn a_review_that_was_swapped_behind_an_open_form_is_neither_approved_nor_rejected() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    review(&office, &alice, json!({ "kind": "due", "filters": { "grade": ["B"] } })).await;
    let browser = Browser::signed_in(&office, &bob).await;
    let (mark, page) = (browser.mark().await, browser.page("/reviews/week").await);
    let form = form_of(&page, "approve", &mark);
    let mut seen = office.seen("week", &bob).await;
    seen["confirm"] = true.into();
    assert_eq!(seen["clients"], 1);
    office.ask(Method::DELETE, "/api/v1/reviews/week", &alice, None).await;
    review(&office, &alice, json!({ "kind": "due" })).await;
    for (path, body) in
        [("approve", seen.clone()), ("reject", json!({ "id": seen["id"], "digest": seen["digest"], "clients": 1 }))]
    {
        let (status, problem) = office.post(&format!("/api/v1/reviews/week/{path}"), &bob, body).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert_eq!(problem["detail"], "review `week` holds 2 clients, and held 1 client when you viewed it");
    }
    for path in ["approve", "reject"] {
        let (status, page, _) = browser.send(Method::POST, &format!("/reviews/week/{path}"), &form, &[]).await;
        assert!(status == StatusCode::CONFLICT && page.contains("when you viewed it"), "{page}");
    }
    // One of the same size is another, too.
    seen["clients"] = 2.into();
    assert_eq!(office.post("/api/v1/reviews/week/approve", &bob, seen.clone()).await.0, StatusCode::CONFLICT);
    seen["digest"] = "other".into();
    assert_eq!(office.post("/api/v1/reviews/week/approve", &bob, seen).await.0, StatusCode::CONFLICT);
    assert_eq!(office.made("week", &bob).await["state"], "waiting");
    assert_eq!(sweeps(&office).await, "0");
    for body in [json!({ "confirm": true }), json!({ "confirm": true, "id": 2, "clients": 2 }), json!({})] {
        let (status, _) = office.post("/api/v1/reviews/week/approve", &bob, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "what was seen is missing");
    }
}

#[tokio::test]
async fn of_decisions_at_once_one_wins_and_the_others_are_told() {
    let office = Office::new().await;
    let alice = office.token("alice", &[Right::Bulk]).await;
    for round in 0..3 {
        review(&office, &alice, json!({ "kind": "due" })).await;
        let before: i64 = sweeps(&office).await.parse().unwrap();
        let bob = office.token(&format!("bob {round}"), &[Right::Bulk]).await;
        let seen = office.seen("week", &bob).await;
        let mut approval = seen.clone();
        approval["confirm"] = true.into();
        let decisions = (0..8).map(|at| {
            let (path, body) = if at % 4 == 3 { ("reject", &seen) } else { ("approve", &approval) };
            office.ask(
                Method::POST,
                if path == "reject" { "/api/v1/reviews/week/reject" } else { "/api/v1/reviews/week/approve" },
                &bob,
                Some(body.clone()),
            )
        });
        let all = futures::future::join_all(decisions).await;
        let won = all.iter().filter(|own| own.0.is_success()).count();
        let lost = all.iter().filter(|own| own.0 == StatusCode::CONFLICT).count();
        assert_eq!((won, lost), (1, 7), "{all:?}");
        let shown =
            office.company.rows("SELECT state, sweep IS NOT NULL FROM lethe_reviews ORDER BY id DESC LIMIT 1").await;
        let opened = sweeps(&office).await.parse::<i64>().unwrap() - before;
        let is_approved = shown[0].starts_with("approved");
        assert_eq!(opened, i64::from(is_approved), "{shown:?}");
        office.company.execute("UPDATE lethe_sweeps SET state = 'stopped'").await;
    }
}

#[tokio::test]
async fn a_start_is_of_the_clients_that_its_preview_showed() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let ask = json!({ "kind": "due" });
    let (_, preview) = office.post("/api/v1/previews", &token, ask.clone()).await;
    assert_eq!(preview["seen"]["clients"], 2, "{preview}");
    let start = async |seen: &Value| {
        office.post("/api/v1/sweeps", &token, json!({ "sweep": ask, "preview": seen, "confirm": true })).await
    };
    let browser = Browser::signed_in(&office, &token).await;
    let (mark, page) = (browser.mark().await, browser.page("/jobs/nightly/preview").await);
    let form = form_of(&page, "start", &mark);
    // As many clients, but not the same.
    office.company.execute("UPDATE customers SET due = '2027-01-01' WHERE no = 'C1'").await;
    office.company.execute("UPDATE customers SET due = '2026-01-01' WHERE no = 'C4'").await;
    let (status, problem) = start(&preview["seen"]).await;
    assert!(
        status == StatusCode::CONFLICT && problem["detail"].as_str().unwrap().contains("other clients"),
        "{problem}"
    );
    let (status, page, _) = browser.send(Method::POST, "/jobs/nightly/start", &form, &[]).await;
    assert!(status == StatusCode::CONFLICT && page.contains("other clients"), "{page}");
    office.company.execute("UPDATE customers SET due = '2026-01-01'").await;
    let (status, problem) = start(&preview["seen"]).await;
    assert!(
        status == StatusCode::CONFLICT && problem["detail"].as_str().unwrap().contains("would take 4 clients"),
        "{problem}"
    );
    assert_eq!(sweeps(&office).await, "0");
    let (_, preview) = office.post("/api/v1/previews", &token, ask.clone()).await;
    assert_eq!(start(&preview["seen"]).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn who_becomes_due_after_the_start_is_not_taken() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let start = async |ask: Value| {
        let (_, preview) = office.post("/api/v1/previews", &token, ask.clone()).await;
        let body = json!({ "sweep": ask, "preview": preview["seen"], "confirm": true });
        let (status, started) = office.post("/api/v1/sweeps", &token, body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{started}");
        started["sweep"].as_i64().unwrap()
    };
    // No worker has looked at the sweep when two others become due.
    let sweep = start(json!({ "kind": "due" })).await;
    office.company.execute("UPDATE customers SET due = '2026-01-01' WHERE no IN ('C4', 'C5')").await;
    let (_, tally) = office.company.work(sweep).await;
    assert_eq!((tally.anonymized, tally.refused), (2, 1), "{tally:?}");
    assert_eq!(office.names().await[3..], ["C4|Dora Wolf", "C5|Emil Roth"]);
    // Nor does another take the place of one who is no longer due.
    let sweep = start(json!({ "kind": "due", "limit": 1 })).await;
    office.company.execute("UPDATE customers SET due = '2027-01-01' WHERE no = 'C4'").await;
    let (_, tally) = office.company.work(sweep).await;
    assert_eq!((tally.anonymized, tally.not_due), (0, 1), "{tally:?}");
    assert_eq!(office.names().await[4], "C5|Emil Roth");
}

#[tokio::test]
async fn a_start_while_the_sweep_of_a_tick_is_running_is_a_conflict() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let jobs = lethe::service::jobs::job_files(&office.company.folder.path().join("jobs")).expect("a job").jobs;
    let now = office.company.context.ledger.clock().now();
    let tick = lethe::worker::Request { tick: Some(now), ..lethe::worker::Request::of_job(&jobs[0], now) };
    let id = lethe::worker::sweep::open(&office.company.context, &tick).await.unwrap().expect("a sweep");
    let start = async |body: Value| office.post("/api/v1/sweeps", &token, body).await;
    let (status, problem) = start(json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(&format!("sweep {id} of the same clients")), "{problem}");
    let (_, preview) = office.post("/api/v1/previews", &token, json!({ "job": "nightly" })).await;
    let body = json!({ "sweep": { "job": "nightly" }, "preview": preview["seen"], "confirm": true });
    assert_eq!(start(body).await.0, StatusCode::CONFLICT);
    assert_eq!(sweeps(&office).await, "1");
}

#[tokio::test]
async fn the_same_sweep_started_several_times_at_once_is_one_sweep() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let body = json!({ "sweep": { "job": "nightly" }, "confirm": true });
    let starts = (0..6).map(|_| office.post("/api/v1/sweeps", &token, body.clone()));
    let all = futures::future::join_all(starts).await;
    let started = all.iter().filter(|own| own.0 == StatusCode::ACCEPTED).count();
    let is_told = |status| matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE);
    let told = all.iter().filter(|own| is_told(own.0)).count();
    assert_eq!((started, told, sweeps(&office).await.as_str()), (1, 5, "1"), "{all:?}");
    office.work();
    office.over(&json!(1), &token).await;
    assert_eq!(office.post("/api/v1/sweeps", &token, body).await.0, StatusCode::ACCEPTED, "it is over");
}

#[tokio::test]
async fn a_body_with_a_field_that_nothing_reads_is_refused() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Admin]).await;
    for (path, body) in [
        ("/api/v1/sweeps", json!({ "sweep": { "kind": "due" }, "confirm": true, "dry_run": true })),
        ("/api/v1/sweeps", json!({ "sweep": { "kind": "due", "preview": true }, "confirm": true })),
        (
            "/api/v1/sweeps",
            json!({ "sweep": { "kind": "due" }, "confirm": true, "preview": { "id": "", "digest": "", "clients": 1, "x": 1 } }),
        ),
        ("/api/v1/previews", json!({ "kind": "due", "x": 1 })),
        ("/api/v1/rehearsals", json!({ "kind": "due", "x": 1 })),
        ("/api/v1/reviews", json!({ "name": "x", "sweep": { "kind": "due" }, "x": 1 })),
        ("/api/v1/reviews/x/approve", json!({ "confirm": true, "id": 1, "digest": "", "clients": 1, "x": 1 })),
        ("/api/v1/reviews/x/reject", json!({ "id": 1, "digest": "", "clients": 1, "x": 1 })),
        ("/api/v1/failures/retry", json!({ "confirm": true, "x": 1 })),
        ("/api/v1/clients/C1/anonymize", json!({ "confirm": true, "x": 1 })),
        ("/api/v1/sweeps/1/cancel", json!({ "x": 1 })),
    ] {
        let (status, problem) = office.post(path, &token, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {problem}");
    }
    for (method, path, body) in [
        (Method::PUT, "/api/v1/holds/C1", json!({ "reason": "r", "x": 1 })),
        (Method::PUT, "/api/v1/clients/C1/to-anonymize-on", json!({ "day": "2027-01-31", "x": 1 })),
        (Method::PUT, "/api/v1/selections/x", json!({ "clients": ["C1"], "x": 1 })),
        (Method::PUT, "/api/v1/pause", json!({ "reason": "r", "x": 1 })),
        (Method::DELETE, "/api/v1/pause", json!({ "x": 1 })),
        (Method::DELETE, "/api/v1/holds/C1", json!({ "x": 1 })),
        (Method::DELETE, "/api/v1/clients/C1/to-anonymize-on", json!({ "x": 1 })),
        (Method::DELETE, "/api/v1/selections/x", json!({ "x": 1 })),
        (Method::DELETE, "/api/v1/reviews/x", json!({ "x": 1 })),
    ] {
        let (status, problem) = office.ask(method.clone(), path, &token, Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path} {body}: {problem}");
    }
    assert_eq!(sweeps(&office).await, "0");
}
