//! Who may configure, who may anonymize, and what the others are told: the statements P5, P6 and R20.

use serde_json::{Value, json};

use super::np_retail::account;
use super::office::{Office, token};
use super::trade::Trade;

const TOLD: &str = "You don't have the necessary access to configure client anonymization. \
                    Please inform the person in charge that data needs to be configured.";

/// The company of a trade, its policy rehearsed by this job and a backup acknowledged.
async fn company(name: &str, job: &str) -> Trade {
    let trade = Trade::of(name).await;
    trade.json(&["sweep", job, "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    trade
}

/// Asks for a sweep by period, of a club if there are several.
fn period(club: Option<&str>) -> Value {
    let sweep = match club {
        Some(club) => json!({ "kind": "period", "filters": { "club": [club] }, "length": "24 months" }),
        None => json!({ "kind": "period" }),
    };
    json!({ "sweep": sweep, "confirm": true })
}

#[tokio::test]
async fn p05_a_new_item_reopens_the_configuration_and_who_may_not_configure_is_told_whom_to_ask() {
    let trade = company("prodon", "nightly-period").await;
    let (clerk, officer) = (token(&trade, "clerk", "bulk"), token(&trade, "officer", "admin"));
    let office = Office::open(&trade);
    trade.execute("ALTER TABLE clients ADD COLUMN hat_size TEXT").await;
    let before = trade.snapshot().await;
    let (status, problem) = office.post("/api/v1/sweeps", &clerk, period(None)).await;
    assert_eq!((status, problem["detail"].as_str()), (409, Some(TOLD)));
    // Who may is told what there is to do.
    let (_, problem) = office.post("/api/v1/sweeps", &officer, period(None)).await;
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("hat_size")), "{problem}");
    // So it is on the command line.
    let config = std::fs::read_to_string(trade.path("lethe.toml")).expect("the configuration");
    trade.write("lethe.toml", &format!("{config}[access.operators]\n\"{}\" = [\"bulk\"]\n", account()));
    let answer = trade.run(&["sweep", "--period", "--wait"]);
    assert!(answer.code == 1 && answer.err.contains(TOLD), "{}", answer.err);
    assert_eq!(trade.snapshot().await, before);
    trade.write("lethe.toml", &config);
    // Once it is configured, and rehearsed anew, the clerk may.
    trade.amend_policy(
        "[tables.clients.columns]\n",
        "[tables.clients.columns]\nhat_size = { class = \"personal\", clear = true }\n",
    );
    trade.json(&["sweep", "--period", "--rehearse"]);
    let (status, opened) = office.post("/api/v1/sweeps", &clerk, period(None)).await;
    assert_eq!(status, 202, "{opened}");
    assert!(office.over(&opened["sweep"], &clerk).await["progress"]["anonymized"].as_u64() > Some(100));
}

#[tokio::test]
async fn p06_configuring_and_anonymizing_are_separate_rights() {
    let trade = company("prodon", "nightly-period").await;
    let (configurer, clerk) = (token(&trade, "configurer", "configure"), token(&trade, "clerk", "bulk"));
    let officer = token(&trade, "officer", "admin");
    let before = trade.snapshot().await;
    let office = Office::open(&trade);
    // Who configures cannot anonymize, neither one client nor many.
    for (path, body) in [("/api/v1/clients/1/anonymize", json!({ "confirm": true })), ("/api/v1/sweeps", period(None))]
    {
        let (status, problem) = office.post(path, &configurer, body).await;
        assert_eq!(status, 403, "{path}: {problem}");
    }
    assert_eq!(trade.snapshot().await, before);
    // Who anonymizes decides on no exceptions.
    let hold = Some(json!({ "reason": "a bequest is being settled" }));
    assert_eq!(office.ask("PUT", "/api/v1/holds/1", &officer, hold).await.0, 201);
    assert_eq!(office.ask("DELETE", "/api/v1/holds/1", &clerk, None).await.0, 403);
    let (_, opened) = office.post("/api/v1/sweeps", &clerk, period(None)).await;
    let shown = office.over(&opened["sweep"], &clerk).await;
    assert_eq!((&shown["opened_by"], shown["progress"]["anonymized"].as_u64() > Some(100)), (&json!("clerk"), true));
    assert_eq!(trade.outcome("1"), "refused: hold");
}

#[tokio::test]
async fn r20_clubs_are_swept_by_administrators_and_by_those_who_were_given_the_right() {
    let trade = company("resamania", "club-lyon").await;
    let before = trade.snapshot().await;
    let mut tokens = Vec::new();
    for right in ["read", "anonymize", "configure", "bulk", "admin"] {
        tokens.push((right, token(&trade, right, right)));
    }
    let office = Office::open(&trade);
    for (right, token) in &tokens[..3] {
        let (status, problem) = office.post("/api/v1/sweeps", token, period(Some("LYO"))).await;
        assert_eq!(status, 403, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("`{right}` may not start a sweep")), "{detail}");
    }
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_requests WHERE allowed = 0").await, 3, "who asked is recorded");
    for ((_, token), club) in tokens[3..].iter().zip(["LYO", "LIL"]) {
        let (status, opened) = office.post("/api/v1/sweeps", token, period(Some(club))).await;
        assert_eq!(status, 202, "{opened}");
        assert!(office.over(&opened["sweep"], token).await["progress"]["anonymized"].as_u64() > Some(20));
    }
}
