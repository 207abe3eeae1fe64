//! Nothing of a review is anonymized until a second person approves it.

use lethe::domain::access::Right;
use reqwest::StatusCode;
use serde_json::json;

use super::office::Office;

async fn made(office: &Office) -> (String, String) {
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let body = json!({ "name": "first week", "sweep": { "job": "nightly" } });
    let (status, review) = office.post("/api/v1/reviews", &alice, body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{review}");
    let review = office.made("first%20week", &alice).await;
    assert_eq!(
        (&review["state"], &review["clients"], &review["refused"]),
        (&json!("waiting"), &json!(2), &json!(1)),
        "{review}"
    );
    (alice, bob)
}

#[tokio::test]
async fn b04_a_sweep_is_held_until_a_second_person_approves_its_list_with_counts_and_reasons() {
    let office = Office::new().await;
    office.work();
    let before = office.names().await;
    let (alice, bob) = made(&office).await;
    let (_, shown) = office.get("/api/v1/reviews/first%20week", &bob).await;
    assert_eq!(
        (&shown["keys"], &shown["reasons"]),
        (&json!(["C1", "C2"]), &json!({ "in-court": 1, "open-orders": 1 }))
    );
    assert_eq!((&shown["state"], &shown["asked"]["job"]), (&json!("waiting"), &json!("nightly")));
    assert!(
        office.get("/api/v1/status", &bob).await.1["attention"][0]["text"].as_str().unwrap().contains("`first week`")
    );
    let path = "/api/v1/reviews/first%20week/approve";
    let (status, problem) = office.approve("first%20week", &alice).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("a second person has to approve it"));
    let mut seen = office.seen("first%20week", &bob).await;
    assert_eq!(office.post(path, &bob, seen.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.names().await, before);
    seen["confirm"] = true.into();
    let (status, approved) = office.post(path, &bob, seen.clone()).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let sweep = office.over(&approved["sweep"], &bob).await;
    assert_eq!((&sweep["opened_by"], &sweep["progress"]["anonymized"]), (&json!("bob"), &json!(2)));
    let (_, shown) = office.get("/api/v1/reviews/first%20week", &bob).await;
    assert_eq!(
        (&shown["state"], &shown["decided_by"], &shown["keys"]),
        (&json!("approved"), &json!("bob"), &json!([]))
    );
    assert_eq!(office.post(path, &bob, seen).await.0, StatusCode::CONFLICT);
    assert_eq!(office.names().await[2..], ["C3|Carl Lang", "C4|Dora Wolf", "C5|Emil Roth"]);
}

#[tokio::test]
async fn clients_of_a_review_are_checked_again_and_none_is_added() {
    let office = Office::new().await;
    office.work();
    let (_, bob) = made(&office).await;
    // C1 has an order since; C4 has come due since.
    office.company.execute("UPDATE customers SET open = 1 WHERE no = 'C1'").await;
    office.company.execute("UPDATE customers SET due = '2026-01-01' WHERE no = 'C4'").await;
    let (_, approved) = office.approve("first%20week", &bob).await;
    let sweep = office.over(&approved["sweep"], &bob).await;
    assert_eq!((&sweep["progress"]["anonymized"], &sweep["refusals"]), (&json!(1), &json!({ "open-orders": 1 })));
    assert_eq!(office.names().await[..4], ["C1|Anna Meier", "C2|Anonymized client", "C3|Carl Lang", "C4|Dora Wolf"]);
}

#[tokio::test]
async fn a_review_that_is_rejected_old_or_of_another_policy_opens_nothing() {
    let office = Office::new().await;
    let (alice, bob) = made(&office).await;
    let approve = async || office.approve("first%20week", &bob).await;
    let reject = async || office.reject("first%20week", &alice).await;
    assert_eq!(reject().await, StatusCode::NO_CONTENT);
    assert_eq!((approve().await.0, reject().await), (StatusCode::CONFLICT, StatusCode::CONFLICT));
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_reviewed").await, ["0"]);

    let again = json!({ "name": "first week", "sweep": { "kind": "due", "filters": { "grade": ["A"] } } });
    assert_eq!(office.post("/api/v1/reviews", &alice, again.clone()).await.0, StatusCode::ACCEPTED);
    assert_eq!(office.made("first%20week", &alice).await["clients"], 1);
    assert_eq!(
        office.post("/api/v1/reviews", &alice, again.clone()).await.0,
        StatusCode::CONFLICT,
        "one of a name waits"
    );
    office.company.execute("UPDATE lethe_tokens SET expires_at = '2030-01-01'").await;
    office.company.set_clock("2026-02-02T12:00:00Z");
    let (status, problem) = approve().await;
    assert!(status == StatusCode::CONFLICT && problem["detail"].as_str().unwrap().contains("30 days"), "{problem}");
    office.company.set_clock("2026-01-03T12:00:00Z");
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_reviewed").await, ["0"], "an old one is forgotten");
    assert_eq!(office.made("first%20week", &alice).await["state"], "expired");
    assert_eq!(office.post("/api/v1/reviews", &alice, again).await.0, StatusCode::ACCEPTED);
    assert_eq!(office.made("first%20week", &alice).await["state"], "waiting");
    let policy = office.company.folder.path().join("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap().replace("Anonymized client", "Gone");
    std::fs::write(&policy, text).unwrap();
    let (status, problem) = approve().await;
    assert!(status == StatusCode::CONFLICT && problem["detail"].as_str().unwrap().contains("changed"), "{problem}");
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}

#[tokio::test]
async fn reviews_that_make_no_sense_are_told_so() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let reader = office.token("reader", &[Right::Read]).await;
    for (body, status) in [
        (json!({ "name": "", "sweep": { "kind": "due" } }), 422),
        (json!({ "name": "a\nb", "sweep": { "kind": "due" } }), 422),
        (json!({ "name": "x".repeat(61), "sweep": { "kind": "due" } }), 422),
        (json!({ "name": "x", "sweep": { "kind": "replay" } }), 422),
        (json!({ "name": "x", "sweep": { "kind": "retention" } }), 422),
        (json!({ "name": "x", "sweep": { "kind": "period" } }), 409),
        (json!({ "name": "x", "sweep": { "kind": "list", "clients": ["C4"], "force": true } }), 422),
        (json!({ "name": "x", "sweep": { "kind": "due", "filters": { "colour": ["red"] } } }), 422),
        (json!({ "name": "x", "sweep": { "job": "weekly" } }), 404),
        (json!({ "name": "x" }), 400),
    ] {
        let (found, problem) = office.post("/api/v1/reviews", &token, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{body}: {problem}");
        assert!(problem["detail"].is_string(), "{body}: {problem}");
    }
    let body = json!({ "name": "x", "sweep": { "kind": "due" } });
    assert_eq!(office.post("/api/v1/reviews", &reader, body).await.0, StatusCode::FORBIDDEN);
    assert_eq!(office.get("/api/v1/reviews/x", &reader).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.get("/api/v1/reviews", &reader).await.1, json!([]));
}

#[tokio::test]
async fn r06_a_review_is_made_in_the_background_with_progress_and_says_why_it_could_not_be() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let body = json!({ "name": "nobody", "sweep": { "kind": "due", "filters": { "grade": ["Z"] } } });
    assert_eq!(office.post("/api/v1/reviews", &token, body).await.0, StatusCode::ACCEPTED);
    let review = office.made("nobody", &token).await;
    assert_eq!((&review["state"], &review["clients"]), (&json!("failed"), &json!(0)));
    assert!(review["note"].as_str().unwrap().contains("no client would be anonymized"), "{review}");
    // It goes on without a waiting caller: progress is counted while another session writes.
    office.company.execute("UPDATE customers SET due = '2026-01-02'").await;
    let body = json!({ "name": "all", "sweep": { "kind": "due" } });
    let (_, begun) = office.post("/api/v1/reviews", &token, body.clone()).await;
    assert_eq!((&begun["state"], &begun["clients"]), (&json!("making"), &json!(0)), "{begun}");
    assert_eq!(office.post("/api/v1/reviews", &token, body).await.0, StatusCode::CONFLICT, "one of a name");
    let made = office.made("all", &token).await;
    assert_eq!((&made["to_look_at"], &made["clients"], &made["refused"]), (&json!(5), &json!(4), &json!(1)), "{made}");
    let others = "INSERT INTO lethe_reviews (name, asked, digest, made_by, made_at, alive_at, state) \
                  SELECT 'r' || n, '{}', '', 'x', '2026-01-02', '2026-01-02T12:00:00.000Z', 'making' \
                  FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) AS many";
    office.company.execute(others).await;
    let (status, problem) =
        office.post("/api/v1/reviews", &token, json!({ "name": "y", "sweep": { "kind": "due" } })).await;
    assert!(status == StatusCode::CONFLICT && problem["detail"].as_str().unwrap().contains("4 reviews"), "{problem}");
    // No process works on it any more, as if it was killed.
    office
        .company
        .execute("UPDATE lethe_reviews SET state = 'making', alive_at = '2026-01-02T11:58:59.000Z' WHERE name = 'all'")
        .await;
    let cut_short = office.made("all", &token).await;
    assert!(cut_short["state"] == "failed" && cut_short["note"].as_str().unwrap().contains("cut short"), "{cut_short}");
}

#[tokio::test]
async fn a_review_by_a_length_and_filters_is_checked_by_the_same_when_it_is_approved() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let path = office.company.folder.path().join("policy.toml");
    let policy = std::fs::read_to_string(&path).unwrap().replace(
        "[filters]",
        "[period]\nlength = \"36 months\"\nchoices = { from = \"6 months\", to = \"36 months\", step = \"6 months\" }\notherwise = \"due\"\n[filters]",
    );
    std::fs::write(&path, policy).unwrap();
    office.company.execute("UPDATE customers SET due = '2025-01-02', grade = 'A', open = 0").await;
    office.company.execute("UPDATE customers SET grade = 'B' WHERE no = 'C2'").await;
    // No client has a date any more: only the period makes clients due, and only the shorter one.
    let policy = std::fs::read_to_string(&path).unwrap().replace("to_anonymize_on = \"due\"\n", "");
    std::fs::write(&path, policy).unwrap();
    let sweep = json!({ "kind": "period", "length": "6 months", "filters": { "grade": ["A"] } });
    office.post("/api/v1/reviews", &alice, json!({ "name": "x", "sweep": sweep })).await;
    let review = office.made("x", &alice).await;
    assert_eq!((&review["clients"], &review["asked"]["length"]), (&json!(3), &json!("6 months")), "{review}");
    // C1 moved to another grade since.
    office.company.execute("UPDATE customers SET grade = 'B' WHERE no = 'C1'").await;
    let (_, approved) = office.approve("x", &bob).await;
    let sweep = office.over(&approved["sweep"], &bob).await;
    assert_eq!((&sweep["progress"]["anonymized"], &sweep["progress"]["not_due"]), (&json!(2), &json!(1)), "{sweep}");
}
