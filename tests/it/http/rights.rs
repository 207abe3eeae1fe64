//! No entry means no.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::Office;

/// Each path that is asked for, what it needs, and a body.
pub fn everything() -> Vec<(Method, &'static str, Right, Option<Value>)> {
    let ask = || Some(json!({ "kind": "due" }));
    vec![
        (Method::GET, "/api/v1/status", Right::Read, None),
        (Method::GET, "/api/v1/jobs", Right::Read, None),
        (Method::GET, "/api/v1/sweeps", Right::Read, None),
        (Method::GET, "/api/v1/sweeps/1", Right::Read, None),
        (Method::GET, "/api/v1/sweeps/1/events", Right::Read, None),
        (Method::GET, "/api/v1/sweeps/1/outcomes", Right::Read, None),
        (Method::GET, "/api/v1/failures", Right::Read, None),
        (Method::GET, "/api/v1/clients/C1", Right::Read, None),
        (Method::GET, "/api/v1/holds", Right::Read, None),
        (Method::GET, "/api/v1/policy", Right::Read, None),
        (Method::GET, "/api/v1/reports/sweeps/1", Right::Read, None),
        (Method::GET, "/api/v1/reports/months/2026-01", Right::Read, None),
        (Method::GET, "/metrics", Right::Read, None),
        (Method::GET, "/api/v1/pauses", Right::Read, None),
        (Method::PUT, "/api/v1/pause", Right::Bulk, Some(json!({ "reason": "r" }))),
        (Method::DELETE, "/api/v1/pause", Right::Bulk, None),
        (Method::PUT, "/api/v1/jobs/nightly/pause", Right::Bulk, Some(json!({ "reason": "r" }))),
        (Method::DELETE, "/api/v1/jobs/nightly/pause", Right::Bulk, None),
        (Method::GET, "/api/v1/reviews", Right::Read, None),
        (Method::GET, "/api/v1/reviews/x", Right::Read, None),
        (Method::POST, "/api/v1/reviews", Right::Bulk, Some(json!({ "name": "x", "sweep": { "kind": "due" } }))),
        (Method::POST, "/api/v1/reviews/x/approve", Right::Bulk, Some(json!({ "confirm": true }))),
        (Method::POST, "/api/v1/reviews/x/reject", Right::Bulk, None),
        (Method::GET, "/api/v1/selections", Right::Read, None),
        (Method::GET, "/api/v1/selections/x", Right::Read, None),
        (Method::PUT, "/api/v1/selections/x", Right::Bulk, Some(json!({ "clients": ["C1"] }))),
        (Method::DELETE, "/api/v1/selections/x", Right::Bulk, None),
        (Method::POST, "/api/v1/previews", Right::Read, ask()),
        (Method::POST, "/api/v1/rehearsals", Right::Bulk, ask()),
        (Method::POST, "/api/v1/sweeps", Right::Bulk, Some(json!({ "sweep": { "kind": "due" }, "confirm": true }))),
        (
            Method::POST,
            "/api/v1/sweeps",
            Right::Bulk,
            Some(json!({ "sweep": { "kind": "list", "clients": ["C1", "C2"] }, "confirm": true })),
        ),
        (Method::POST, "/api/v1/sweeps", Right::Bulk, Some(json!({ "sweep": { "selection": "x" }, "confirm": true }))),
        (Method::POST, "/api/v1/sweeps/1/cancel", Right::Bulk, None),
        (Method::POST, "/api/v1/failures/retry", Right::Bulk, Some(json!({ "confirm": true }))),
        (Method::POST, "/api/v1/clients/C1/anonymize", Right::Anonymize, Some(json!({ "confirm": true }))),
        (
            Method::POST,
            "/api/v1/clients/C1/clean",
            Right::Anonymize,
            Some(json!({ "columns": ["customers.grade"], "confirm": true })),
        ),
        (Method::GET, "/api/v1/returned", Right::Read, None),
        (Method::PUT, "/api/v1/returned/C1", Right::Anonymize, Some(json!({ "former": "C2", "confirm": true }))),
        (Method::PUT, "/api/v1/holds/C1", Right::Anonymize, Some(json!({ "reason": "r" }))),
        (Method::DELETE, "/api/v1/holds/C1", Right::Anonymize, None),
        (Method::PUT, "/api/v1/clients/C1/to-anonymize-on", Right::Anonymize, Some(json!({ "day": "2027-01-31" }))),
        (Method::DELETE, "/api/v1/clients/C1/to-anonymize-on", Right::Anonymize, None),
    ]
}

#[tokio::test]
async fn n1_p6_x2_r20_each_path_needs_its_right_and_every_refusal_is_recorded() {
    let office = Office::new().await;
    let before = office.company.dump().await;
    for right in Right::ALL.into_iter().filter(|right| *right != Right::Admin) {
        let token = office.token(right.as_str(), &[right]).await;
        for (method, path, needs, body) in everything() {
            if right == needs || needs == Right::Read || (right, needs) == (Right::Bulk, Right::Anonymize) {
                continue;
            }
            let (status, problem) = office.ask(method.clone(), path, &token, body).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{right} {method} {path}: {problem}");
            assert!(problem["detail"].as_str().unwrap().starts_with(&format!("`{right}` may not ")), "{problem}");
        }
    }
    let asked = office.company.context.ledger.requests(1_000).await.unwrap();
    let changing = everything().iter().filter(|(_, _, needs, _)| *needs != Right::Read).count();
    let allowed_one = |needs: Right| everything().iter().filter(|own| own.2 == needs).count();
    let refusals = 4 * changing - allowed_one(Right::Bulk) - 2 * allowed_one(Right::Anonymize);
    assert_eq!(asked.iter().filter(|own| own.allowed == 0).count(), refusals);
    assert!(asked.iter().all(|own| own.way == "http" && !own.asked_by.is_empty()));
    assert_eq!(office.company.dump().await, before);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}

#[tokio::test]
async fn a_token_without_an_entry_may_not_even_read() {
    let office = Office::new().await;
    let token = office.token("nobody", &[]).await;
    for (method, path, _, body) in everything() {
        let (status, _) = office.ask(method, path, &token, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_token_is_good_until_it_runs_out_or_is_revoked() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let status = async |token: &str| office.get("/api/v1/jobs", token).await.0;
    assert_eq!(status(&token).await, StatusCode::OK);
    assert_eq!(status(&format!("{token}x")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("").await, StatusCode::UNAUTHORIZED);
    office.company.set_clock("2026-01-02T12:59:59Z");
    assert_eq!(status(&token).await, StatusCode::OK);
    office.company.set_clock("2026-01-02T13:00:00Z");
    assert_eq!(status(&token).await, StatusCode::UNAUTHORIZED);
    let other = office.token("other", &[Right::Read]).await;
    assert!(office.company.context.ledger.revoke_token("other", "test").await.unwrap());
    assert_eq!(status(&other).await, StatusCode::UNAUTHORIZED);
    let stored = office.company.rows("SELECT hash, used_at FROM lethe_tokens ORDER BY id").await;
    assert!(stored.iter().all(|row| !row.contains(&token) && !row.contains(&other)), "only hashes are kept");
    assert!(stored[0].ends_with("|2026-01-02T12:00:00.000Z"), "when it was used is noted: {}", stored[0]);
}

#[tokio::test]
async fn p5_who_may_not_configure_is_told_whom_to_ask_while_a_column_waits() {
    let office = Office::new().await;
    let clerk = office.token("clerk", &[Right::Anonymize, Right::Bulk]).await;
    let officer = office.token("officer", &[Right::Admin]).await;
    office.company.execute("ALTER TABLE customers ADD COLUMN nickname TEXT").await;
    let body = json!({ "sweep": { "kind": "due" }, "confirm": true });
    let (status, problem) = office.post("/api/v1/sweeps", &clerk, body.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        problem["detail"],
        "You don't have the necessary access to configure client anonymization. \
         Please inform the person in charge that data needs to be configured."
    );
    let (_, problem) = office.post("/api/v1/sweeps", &officer, body).await;
    assert!(problem["detail"].as_str().unwrap().contains("nickname"), "{problem}");
}

#[tokio::test]
async fn another_persons_hold_is_released_by_a_person_who_may_configure() {
    let office = Office::new().await;
    let clerk = office.token("clerk", &[Right::Anonymize]).await;
    let other = office.token("other", &[Right::Anonymize]).await;
    let officer = office.token("officer", &[Right::Configure, Right::Anonymize]).await;
    for release in [&clerk, &officer] {
        office.ask(Method::PUT, "/api/v1/holds/C1", &clerk, Some(json!({ "reason": "a dispute" }))).await;
        assert_eq!(office.ask(Method::DELETE, "/api/v1/holds/C1", &other, None).await.0, StatusCode::FORBIDDEN);
        assert_eq!(office.ask(Method::DELETE, "/api/v1/holds/C1", release, None).await.0, StatusCode::OK);
    }
}
