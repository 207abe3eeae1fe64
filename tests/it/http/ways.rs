//! What the API is for.

use futures::StreamExt;
use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::{Office, answer};

#[tokio::test]
async fn a_sweep_is_previewed_started_followed_and_asked_about() {
    let office = Office::new().await;
    office.work();
    let token = office.token("operator", &[Right::Bulk]).await;
    let before = office.names().await;
    let (status, preview) = office.post("/api/v1/previews", &token, json!({ "job": "nightly" })).await;
    assert_eq!((status, &preview["anonymized"], &preview["refused"]), (StatusCode::OK, &json!(2), &json!(1)));
    assert_eq!(preview["clients"].as_array().unwrap().len(), 3);
    assert_eq!(office.names().await, before, "a preview writes nothing");

    let (status, started) =
        office.post("/api/v1/sweeps", &token, json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let sweep = &started["sweep"];
    let stream = office.request(Method::GET, &format!("/api/v1/sweeps/{sweep}/events")).bearer_auth(&token);
    let mut told = String::new();
    let mut chunks = stream.send().await.unwrap().bytes_stream();
    while let Some(chunk) = chunks.next().await {
        told += &String::from_utf8_lossy(&chunk.unwrap());
    }
    let last = told.trim().rsplit("event: end").next().unwrap();
    let last: Value = serde_json::from_str(last.trim().trim_start_matches("data: ")).unwrap();
    assert_eq!((&last["state"], &last["progress"]["anonymized"]), (&json!("done"), &json!(2)), "{told}");

    let shown = office.over(sweep, &token).await;
    assert_eq!(shown["refusals"], json!({ "in-court": 1, "open-orders": 1 }));
    assert_eq!((&shown["opened_by"], &shown["job"]), (&json!("operator"), &json!("nightly")));
    let (_, refused) = office.get(&format!("/api/v1/sweeps/{sweep}/outcomes?reason=in-court"), &token).await;
    assert_eq!(refused.as_array().unwrap().len(), 1);
    assert_eq!(
        (&refused[0]["client_key"], &refused[0]["reasons"]),
        (&json!("C3"), &json!(["open-orders", "in-court"]))
    );
    let (_, none) = office.get(&format!("/api/v1/sweeps/{sweep}/outcomes?reason=in-cour"), &token).await;
    assert_eq!(none, json!([]));
    assert_eq!(
        office.names().await,
        ["C1|Anonymized client", "C2|Anonymized client", "C3|Carl Lang", "C4|Dora Wolf", "C5|Emil Roth"]
    );
}

#[tokio::test]
async fn outcomes_come_page_by_page_in_the_order_of_their_keys() {
    let office = Office::new().await;
    office.company.due().await;
    let token = office.token("reader", &[Right::Read]).await;
    let mut keys = Vec::new();
    let mut path = "/api/v1/sweeps/1/outcomes?limit=1".to_owned();
    loop {
        let (_, page) = office.get(&path, &token).await;
        let Some(last) = page.as_array().unwrap().last() else { break };
        keys.push(last["client_key"].as_str().unwrap().to_owned());
        path = format!("/api/v1/sweeps/1/outcomes?limit=1&after={}", keys[keys.len() - 1]);
    }
    assert_eq!(keys, ["C1", "C2", "C3"]);
    let (_, only) = office.get("/api/v1/sweeps/1/outcomes?outcome=anonymized", &token).await;
    assert_eq!(only.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn n18_a_forced_request_passes_over_the_date_and_never_over_a_guard_or_a_hold() {
    let office = Office::new().await;
    office.work();
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let outcome = async |client: &str, force: bool| {
        let body = json!({ "force": force, "confirm": true });
        let path = format!("/api/v1/clients/{client}/anonymize?wait=15");
        let (status, told) = office.post(&path, &token, body).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        office.over(&told["sweep"], &token).await;
        let (_, shown) = office.get(&format!("/api/v1/clients/{client}"), &token).await;
        let last = shown["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(told["outcome"], last["outcome"]);
        last
    };
    assert_eq!(outcome("C4", false).await["outcome"], "not_due");
    assert_eq!(outcome("C4", true).await["outcome"], "anonymized");
    let refused = outcome("C3", true).await;
    assert_eq!((&refused["outcome"], &refused["reasons"]), (&json!("refused"), &json!(["open-orders", "in-court"])));
    let (status, _) = office.ask(Method::PUT, "/api/v1/holds/C5", &token, Some(json!({ "reason": "a dispute" }))).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(outcome("C5", true).await["reasons"], json!(["hold"]));
    assert_eq!(office.names().await[3..], ["C4|Anonymized client", "C5|Emil Roth"]);
}

#[tokio::test]
async fn a11_x3_nothing_irreversible_is_started_without_a_confirmation() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    for (path, body) in [
        ("/api/v1/sweeps", json!({ "sweep": { "kind": "due" } })),
        ("/api/v1/sweeps", json!({ "sweep": { "kind": "due" }, "confirm": false })),
        ("/api/v1/clients/C1/anonymize", json!({})),
        ("/api/v1/failures/retry", json!({})),
    ] {
        let (status, problem) = office.post(path, &token, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(problem["hint"], "send `\"confirm\": true`");
    }
    assert_eq!(office.get("/api/v1/sweeps", &token).await.1, json!([]));
}

#[tokio::test]
async fn the_outcome_of_one_client_is_waited_for_where_a_worker_takes_it_up() {
    let office = Office::new().await;
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let send = async |query: &str| {
        let path = format!("/api/v1/clients/C1/anonymize{query}");
        let body = json!({ "confirm": true }).to_string();
        let request = office.request(Method::POST, &path).bearer_auth(&token).header("idempotency-key", "monday");
        answer(request.header("content-type", "application/json").body(body)).await
    };
    // No worker runs.
    assert_eq!(send("?wait=0").await, (StatusCode::ACCEPTED, json!({ "sweep": 1 })));
    assert_eq!(send("").await, (StatusCode::ACCEPTED, json!({ "sweep": 1 })));
    assert_eq!(send("?wait=16").await.0, StatusCode::BAD_REQUEST);
    office.work();
    let told = json!({ "sweep": 1, "outcome": "anonymized", "reasons": [] });
    assert_eq!(send("?wait=15").await, (StatusCode::OK, told), "the same request has its outcome by then");
}

#[tokio::test]
async fn the_same_request_sent_again_starts_nothing_twice() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let other = office.token("colleague", &[Right::Bulk]).await;
    let send = async |token: &str, key: &str, kind: &str| {
        let body = json!({ "sweep": { "kind": kind }, "confirm": true }).to_string();
        let request = office.request(Method::POST, "/api/v1/sweeps").bearer_auth(token);
        answer(request.header("idempotency-key", key).header("content-type", "application/json").body(body)).await
    };
    let over = async |sweep: u32| {
        let (status, _) = office.ask(Method::POST, &format!("/api/v1/sweeps/{sweep}/cancel"), &token, None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    };
    let first = send(&token, "monday", "due").await;
    assert_eq!(first, (StatusCode::ACCEPTED, json!({ "sweep": 1 })));
    assert_eq!(send(&token, "monday", "due").await, first);
    over(1).await;
    assert_eq!(send(&token, "monday", "due").await, first);
    assert_eq!(send(&token, "monday", "replay").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(&token, "tuesday", "due").await.1, json!({ "sweep": 2 }));
    over(2).await;
    assert_eq!(send(&other, "monday", "due").await.1, json!({ "sweep": 3 }), "a key is its owner's");
    over(3).await;
    // What was refused started nothing, and may be sent again once it is fixed.
    assert_eq!(send(&token, "wednesday", "period").await.0, StatusCode::CONFLICT);
    assert_eq!(send(&token, "wednesday", "due").await.1, json!({ "sweep": 4 }));
    // While that runs, another on the same terms would be the same work.
    assert_eq!(send(&token, "thursday", "due").await.1, json!({ "sweep": 4 }));
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let send = async |limit: f64| {
        let body = json!({ "sweep": { "kind": "due", "limit": limit }, "confirm": true });
        office.post("/api/v1/sweeps", &token, body).await.0
    };
    assert_eq!(send(2.5).await, StatusCode::BAD_REQUEST);
    assert_eq!(send(-2.0).await, StatusCode::BAD_REQUEST);
    assert_eq!(send(2.0).await, StatusCode::ACCEPTED);
    assert_eq!(office.get("/api/v1/sweeps/1", &token).await.1["cap"], 2);
}

#[tokio::test]
async fn a_running_sweep_is_cancelled_and_what_was_done_stands() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    office.post("/api/v1/sweeps", &token, json!({ "sweep": { "kind": "due" }, "confirm": true })).await;
    let cancel = async || office.ask(Method::POST, "/api/v1/sweeps/1/cancel", &token, None).await;
    assert_eq!(cancel().await.0, StatusCode::NO_CONTENT);
    let (_, sweep) = office.get("/api/v1/sweeps/1", &token).await;
    assert_eq!((&sweep["state"], &sweep["note"]), (&json!("stopped"), &json!("cancelled by operator")));
    assert_eq!(cancel().await.0, StatusCode::CONFLICT);
    office.work();
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(office.names().await[0], "C1|Anna Meier");
}

#[tokio::test]
async fn a_rehearsal_counts_for_live_sweeps_and_changes_nothing() {
    let mut office = Office::new().await;
    office.company.context.limits.rehearsal = true;
    let token = office.token("operator", &[Right::Bulk]).await;
    let before = office.company.dump().await;
    let (status, found) = office.post("/api/v1/rehearsals", &token, json!({ "kind": "due" })).await;
    assert_eq!((status, &found["anonymized"]), (StatusCode::OK, &json!(2)));
    let whole = &found["whole_database"];
    assert_eq!(
        (&found["passed"], &whole["clients"], &whole["found"]),
        (&json!(true), &json!(2), &json!([])),
        "{found}"
    );
    assert_eq!(office.company.dump().await, before);
    let digest = found["digest"].as_str().unwrap();
    assert!(office.company.context.ledger.rehearsal(digest).await.unwrap().is_some());
}

#[tokio::test]
async fn the_state_of_everything_can_be_read() {
    let office = Office::new().await;
    office.company.due().await;
    let token = office.token("grafana", &[Right::Read]).await;
    let (_, status) = office.get("/api/v1/status", &token).await;
    assert_eq!(status["sweeps"][0]["progress"]["anonymized"], 2);
    let (_, jobs) = office.get("/api/v1/jobs", &token).await;
    assert_eq!((&jobs[0]["job"], &jobs[0]["next"]), (&json!("nightly"), &json!("2026-01-03T01:30:00+00:00")));
    let (_, policy) = office.get("/api/v1/policy", &token).await;
    assert_eq!(policy["missing"], json!([]));
    let email = policy["tables"][0]["columns"].as_array().unwrap().iter().find(|own| own["column"] == "email").unwrap();
    assert_eq!(
        (&email["class"], &email["action"], &email["how"]),
        (&json!("personal"), &json!("delete"), &json!("clear"))
    );
    let (_, report) = office.get("/api/v1/reports/sweeps/1", &token).await;
    assert_eq!(
        report["clients"]["outcomes"]["anonymized"].as_u64().or(report["clients"]["anonymized"].as_u64()),
        Some(2),
        "{report}"
    );
    let (_, page) = answer(
        office.request(Method::GET, "/api/v1/reports/months/2026-01").bearer_auth(&token).header("accept", "text/html"),
    )
    .await;
    assert!(page.as_str().unwrap().contains("January 2026"));
    let (_, metrics) = office.get("/metrics", &token).await;
    let metrics = metrics.as_str().unwrap().to_owned();
    for line in [
        "lethe_clients_total{outcome=\"anonymized\"} 2",
        "lethe_clients_due{by=\"date\"} 1.0",
        "lethe_policy_complete{} 1.0",
        "lethe_job_next_tick_timestamp_seconds{job=\"nightly\"} 1767403800.0",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    assert_eq!(office.get("/health/live", "").await.0, StatusCode::NO_CONTENT);
    assert_eq!(office.get("/health/ready", "").await.0, StatusCode::NO_CONTENT);
    office.company.execute("ALTER TABLE customers ADD COLUMN nickname TEXT").await;
    // The answer before may stand for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(office.get("/health/ready", "").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (_, policy) = office.get("/api/v1/policy", &token).await;
    assert!(policy["missing"][0]["place"].as_str().unwrap().contains("nickname"), "{policy}");
}

#[tokio::test]
async fn r21_each_job_says_how_many_clients_it_would_anonymize_by_its_filters_and_after_all_guards() {
    let office = Office::new().await;
    let job = format!("{}[filters]\ngrade = [\"B\"]\n", super::office::JOB);
    std::fs::write(office.company.folder.path().join("jobs/grade-b.toml"), job).unwrap();
    let token = office.token("reader", &[Right::Read]).await;
    let mut jobs = Value::Null;
    for _ in 0..1_200 {
        jobs = office.get("/api/v1/jobs", &token).await.1;
        if jobs[1]["to_anonymize"].is_u64() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Three are due, of whom a guard refuses one.
    let counts = [0, 1].map(|at| (jobs[at]["job"].clone(), jobs[at]["to_anonymize"].clone()));
    assert_eq!(counts, [(json!("grade-b"), json!(1)), (json!("nightly"), json!(2))], "{jobs}");
    assert_eq!(jobs[0]["counted_at"], "2026-01-02T12:00:00.000Z", "{jobs}");
    let (_, metrics) = office.get("/metrics", &token).await;
    for line in ["lethe_clients_to_anonymize{job=\"grade-b\"} 1.0", "lethe_clients_to_anonymize{job=\"nightly\"} 2.0"] {
        assert!(metrics.as_str().unwrap().contains(line), "{line} is missing in\n{metrics}");
    }
    let page = super::pages::Browser::signed_in(&office, &token).await.page("/").await;
    assert!(page.contains("<b>1</b><span>To anonymize: <a href=\"/jobs/grade-b/preview\">grade-b</a>"), "{page}");
}

#[tokio::test]
async fn who_failed_is_listed_and_tried_again() {
    let office = Office::new().await;
    office.company.execute(&crate::common::words::refuses("customers", "old.no = 'C2'", "no")).await;
    office.company.due().await;
    office.work();
    let token = office.token("operator", &[Right::Bulk]).await;
    let (_, failures) = office.get("/api/v1/failures", &token).await;
    assert_eq!(failures[0]["client_key"], "C2");
    assert_eq!(
        office.post("/api/v1/failures/retry", &token, json!({ "client": "C1", "confirm": true })).await.0,
        StatusCode::NOT_FOUND
    );
    let (status, retried) = office.post("/api/v1/failures/retry", &token, json!({ "confirm": true })).await;
    assert_eq!((status, &retried["clients"]), (StatusCode::ACCEPTED, &json!(1)));
    let sweep = office.over(&retried["sweeps"][0], &token).await;
    assert_eq!(sweep["progress"]["failed"], 1);
}

#[tokio::test]
async fn the_checked_in_document_is_that_of_the_code() {
    let office = Office::new().await;
    let (_, document) = office.get("/api/v1/openapi.json", "").await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/openapi.json");
    let checked_in: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(document == checked_in, "`lethe openapi > schema/openapi.json` brings it up to date");
}
