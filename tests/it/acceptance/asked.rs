//! Who may start what: the statements N1, A11-A13, and X2-X4, over HTTP and on the command line.

use std::time::{Duration, Instant};

use serde_json::json;

use super::np_retail::{account, shop};
use super::office::{Office, token};
use super::trade::Trade;

/// What was asked for and refused: by whom, and which right it needed.
async fn refused(trade: &Trade) -> Vec<String> {
    let sql =
        "SELECT asked_by, way, what, needs FROM lethe_requests WHERE allowed = 0 AND needs <> 'token' ORDER BY id";
    trade.rows(sql).await
}

#[tokio::test]
async fn n01_without_the_right_to_anonymize_nothing_is_started_and_who_asked_is_recorded() {
    let trade = shop().await;
    let (reader, clerk) = (token(&trade, "reader", "read"), token(&trade, "clerk", "anonymize"));
    let before = trade.snapshot().await;
    let office = Office::open(&trade);
    let anonymize = "/api/v1/clients/F1/anonymize";
    let (status, problem) = office.post(anonymize, &reader, json!({ "confirm": true })).await;
    assert_eq!((status, problem["detail"].as_str()), (403, Some("`reader` may not anonymize client F1")));
    let (status, _) = office.post(anonymize, "lethe_nobody", json!({ "confirm": true })).await;
    assert_eq!(status, 401, "no entry at all");
    assert_eq!(refused(&trade).await, ["reader|http|anonymize client F1|anonymize"]);
    assert_eq!(trade.snapshot().await, before);
    let strangers = "SELECT asked_by, way, what, times FROM lethe_requests WHERE needs = 'token' AND allowed = 0";
    let begun = Instant::now();
    while trade.rows(strangers).await != ["127.0.0.1 (no valid token)|http|POST /api/v1/clients/{client}/anonymize|1"] {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", trade.rows(strangers).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // On the command line it is the account that counts: one without the right, one without an entry.
    let config = std::fs::read_to_string(trade.path("lethe.toml")).unwrap();
    for entry in [format!("\"{}\" = [\"read\"]", account()), "somebody-else = [\"admin\"]".to_owned()] {
        trade.write("lethe.toml", &format!("{config}[access.operators]\n{entry}\n"));
        let answer = trade.run(&["sweep", "nightly-due", "--wait"]);
        assert_eq!(answer.code, 1, "{entry}");
        assert!(answer.err.contains(&format!("`{}` may not start a sweep", account())), "{}", answer.err);
    }
    trade.write("lethe.toml", &config);
    let told = format!("{}|command|start a sweep|bulk", account());
    assert_eq!(refused(&trade).await[1..], [told.clone(), told]);
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_sweeps").await, 0);

    let (status, opened) = office.post(&format!("{anonymize}?wait=15"), &clerk, json!({ "confirm": true })).await;
    assert_eq!((status, &opened["outcome"], &opened["reasons"]), (200, &json!("anonymized"), &json!([])), "{opened}");
    let shown = office.over(&opened["sweep"], &clerk).await;
    assert_eq!((&shown["opened_by"], &shown["progress"]["anonymized"]), (&json!("clerk"), &json!(1)));
    assert_eq!(trade.outcome("F1"), "anonymized");
}

/// The company of a trade, its policy rehearsed by this job and a backup acknowledged.
async fn company(name: &str, job: &str) -> Trade {
    let trade = Trade::of(name).await;
    trade.json(&["sweep", job, "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    trade
}

#[tokio::test]
async fn a12_the_api_anonymizes_by_the_clients_reference_under_the_same_rules() {
    let trade = company("proabono", "requests").await;
    let clerk = token(&trade, "shop-system", "anonymize");
    let office = Office::open(&trade);
    let before = trade.snapshot().await;
    let ask = async |reference: &str, body: serde_json::Value| {
        let path = format!("/api/v1/clients/{reference}/anonymize?wait=15");
        let (status, told) = office.post(&path, &clerk, body).await;
        assert_eq!(status, 200, "{told}");
        let recorded = trade.outcome(reference);
        let reasons: Vec<String> = serde_json::from_value(told["reasons"].clone()).unwrap();
        let outcome = told["outcome"].as_str().unwrap_or_default();
        let said = if reasons.is_empty() { outcome.to_owned() } else { format!("{outcome}: {}", reasons.join(", ")) };
        assert_eq!(said, recorded, "{told}");
        office.over(&told["sweep"], &clerk).await;
        recorded
    };
    let confirmed = || json!({ "confirm": true });
    assert_eq!(ask("CUST-0003", confirmed()).await, "refused: subscriptions");
    assert_eq!(ask("CUST-0004", confirmed()).await, "refused: invoices");
    assert_eq!(ask("CUST-0005", confirmed()).await, "refused: balance");
    assert_eq!(ask("CUST-0011", confirmed()).await, "not_due", "who has not asked is not forced");
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(ask("CUST-0024", confirmed()).await, "anonymized");
    assert_eq!(ask("CUST-0011", json!({ "confirm": true, "force": true })).await, "anonymized");
    // The same as a sweep on the command line makes of them.
    let other = company("proabono", "requests").await;
    other.forget(&["CUST-0024", "CUST-0011"]);
    assert_eq!(trade.snapshot().await, other.snapshot().await);
}

#[tokio::test]
async fn a13_fields_that_stayed_are_cleaned_by_a_request_over_the_api() {
    let trade = company("proabono", "requests").await;
    let officer = token(&trade, "officer", "admin");
    let office = Office::open(&trade);
    let metadata = "SELECT reference, CAST(metadata AS TEXT) FROM customers WHERE reference IN ('CUST-0037', 'CUST-0007') ORDER BY 1";
    let run = async |body: serde_json::Value| {
        let (status, opened) = office.post("/api/v1/sweeps", &officer, body).await;
        assert_eq!(status, 202, "{opened}");
        office.over(&opened["sweep"], &officer).await["progress"]["anonymized"].clone()
    };
    run(json!({ "sweep": { "kind": "list", "clients": ["CUST-0037"], "force": true }, "confirm": true })).await;
    assert!(trade.rows(metadata).await.iter().all(|row| row.contains("Zébulon")), "it stays, since no client has it");
    trade.amend_policy(
        "cleanable = true, keep = \"references of the merchant's application; the merchant cleans what is personal\"",
        "clear = true",
    );
    trade.json(&["sweep", "requests", "--rehearse"]);
    assert_eq!(run(json!({ "sweep": { "kind": "replay" }, "confirm": true })).await, 1);
    let rows = trade.rows(metadata).await;
    assert!(rows[0].starts_with("CUST-0007|{") && rows[1] == "CUST-0037|NULL", "{rows:?}");
}

#[tokio::test]
async fn a13_a_field_that_stays_is_cleaned_for_one_client_over_the_api() {
    let trade = company("proabono", "requests").await;
    let (reader, clerk) = (token(&trade, "reader", "read"), token(&trade, "shop-system", "anonymize"));
    let office = Office::open(&trade);
    let path = "/api/v1/clients/CUST-0007/clean";
    let body = || json!({ "columns": ["customers.metadata"], "confirm": true });
    let before = trade.snapshot().await;
    for (token, body, status, what) in [
        (&reader, body(), 403, "`reader` may not clean client CUST-0007"),
        (&clerk, json!({ "columns": ["customers.metadata"] }), 422, "is not confirmed"),
        (&clerk, json!({ "columns": [], "confirm": true }), 422, "no column is named"),
        (&clerk, json!({ "columns": ["customers.email"], "confirm": true }), 422, "`customers.email`"),
    ] {
        let (got, problem) = office.post(path, token, body).await;
        assert_eq!(got, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(what), "{problem}");
    }
    let (status, _) = office.ask("PUT", "/api/v1/holds/CUST-0007", &clerk, Some(json!({ "reason": "a court" }))).await;
    assert_eq!(status, 201);
    let (status, problem) = office.post(path, &clerk, body()).await;
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("on hold"), "{problem}");
    assert_eq!(office.ask("DELETE", "/api/v1/holds/CUST-0007", &clerk, None).await.0, 200);
    assert_eq!(trade.snapshot().await, before);

    let (status, told) = office.post(path, &clerk, body()).await;
    assert_eq!((status, &told["cleaned"][0]["name"]), (200, &json!("customers.metadata")), "{told}");
    assert_eq!((&told["client"], &told["cleaned"][0]["changed"]), (&json!("CUST-0007"), &json!(1)));
    let changes = trade.snapshot().await.changes_since(&before);
    let [only] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((only.table.as_str(), only.row.as_str(), only.column.as_str()), ("customers", "CUST-0007", "metadata"));
    assert!(only.after.is_null(), "{only:?}");
    assert_eq!(office.post(path, &clerk, body()).await.1["cleaned"][0]["changed"], 0, "what is empty stays so");
    let (_, shown) = office.get("/api/v1/clients/CUST-0007", &reader).await;
    assert_eq!(
        (&shown["cleaned"][0]["cleaned_by"], shown["cleaned"].as_array().map(Vec::len)),
        (&json!("shop-system"), Some(2))
    );

    // One who was anonymized before, too.
    let one = "/api/v1/clients/CUST-0037";
    let forced = json!({ "confirm": true, "force": true });
    let (_, ended) = office.post(&format!("{one}/anonymize?wait=15"), &clerk, forced).await;
    assert_eq!(ended["outcome"], "anonymized", "{ended}");
    let (status, told) = office.post(&format!("{one}/clean"), &clerk, body()).await;
    assert_eq!((status, &told["cleaned"][0]["changed"]), (200, &json!(1)), "{told}");
    assert_eq!(
        trade.count("SELECT count(*) FROM customers WHERE reference = 'CUST-0037' AND metadata IS NULL").await,
        1
    );

    // Under a policy that was not rehearsed, nothing is cleaned.
    trade.amend_policy("version = \"1\"", "version = \"2\"");
    let before = trade.snapshot().await;
    let (status, problem) = office.post("/api/v1/clients/CUST-0305/clean", &clerk, body()).await;
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("rehears"), "{problem}");
    assert_eq!(trade.snapshot().await, before);
}

#[tokio::test]
async fn a13_a_client_who_failed_over_a_field_that_stays_is_cleaned_and_tried_again() {
    let trade = company("proabono", "requests").await;
    trade.execute(super::beyond::EMAIL_IN_METADATA).await;
    trade.json(&["sweep", "requests", "--wait"]);
    assert_eq!(trade.outcome("CUST-0307"), "failed: residue:customers.metadata");
    let clean = ["client", "CUST-0307", "--clean", "customers.metadata"];
    let asked = trade.run_unconfirmed(&clean);
    assert!(asked.code == 1 && asked.err.contains("which cannot be undone"), "{}", asked.err);
    assert_eq!(trade.json(&clean)["cleaned"][0]["changed"], 1);
    trade.json(&["retry", "CUST-0307", "--wait"]);
    assert_eq!(trade.outcome("CUST-0307"), "anonymized");
}

#[tokio::test]
async fn a11_over_the_api_a_client_goes_only_when_the_request_confirms_it() {
    let trade = company("proabono", "requests").await;
    let clerk = token(&trade, "shop-system", "anonymize");
    let office = Office::open(&trade);
    let before = trade.snapshot().await;
    for body in [json!({}), json!({ "confirm": false }), json!({ "force": true })] {
        let (status, problem) = office.post("/api/v1/clients/CUST-0024/anonymize", &clerk, body).await;
        assert_eq!((status, problem["hint"].as_str()), (422, Some("send `\"confirm\": true`")));
    }
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_sweeps").await, 0);
}

#[tokio::test]
async fn x2_one_client_is_for_clerks_and_many_are_for_administrators() {
    let trade = company("amparex", "dormant").await;
    let (clerk, administrator) = (token(&trade, "optician", "anonymize"), token(&trade, "administrator", "admin"));
    let office = Office::open(&trade);
    let before = trade.snapshot().await;
    let selection = trade.rows("SELECT customer_no FROM selection_entries WHERE selection_no = 1 ORDER BY 1").await;
    let many = json!({ "sweep": { "kind": "list", "clients": selection, "force": true }, "confirm": true });
    let (status, problem) = office.post("/api/v1/sweeps", &clerk, many.clone()).await;
    assert_eq!(status, 403, "{problem}");
    assert!(refused(&trade).await[0].starts_with("optician|http|"), "who asked is recorded");
    assert_eq!(trade.snapshot().await, before);
    let one = "/api/v1/clients/1002/anonymize?wait=15";
    let (status, one) = office.post(one, &clerk, json!({ "confirm": true, "force": true })).await;
    assert_eq!((status, &one["outcome"]), (200, &json!("anonymized")), "{one}");
    assert_eq!(office.over(&one["sweep"], &clerk).await["progress"]["anonymized"], 1);
    let (status, opened) = office.post("/api/v1/sweeps", &administrator, many).await;
    assert_eq!(status, 202, "{opened}");
    assert_eq!(office.over(&opened["sweep"], &administrator).await["progress"]["anonymized"], 9);
}

#[tokio::test]
async fn x4_after_a_sweep_each_client_it_could_not_anonymize_is_listed_with_the_reasons() {
    let trade = company("amparex", "dormant").await;
    trade.execute(super::amparex::NAME_IN_SERIAL_NO).await;
    let administrator = token(&trade, "administrator", "admin");
    let office = Office::open(&trade);
    let clients = ["1024", "1123", "1307", "1309"];
    let ask =
        |confirm: bool| json!({ "sweep": { "kind": "list", "clients": clients, "force": true }, "confirm": confirm });
    let (status, _) = office.post("/api/v1/sweeps", &administrator, ask(false)).await;
    assert_eq!(status, 422, "many are confirmed no less than one");
    let (_, opened) = office.post("/api/v1/sweeps", &administrator, ask(true)).await;
    office.over(&opened["sweep"], &administrator).await;
    let listed = async |outcome: &str| {
        let path = format!("/api/v1/sweeps/{}/outcomes?outcome={outcome}", opened["sweep"]);
        let (_, found) = office.get(&path, &administrator).await;
        let own = |row: &serde_json::Value| format!("{} {}", row["client_key"].as_str().unwrap(), row["reasons"]);
        found.as_array().unwrap().iter().map(own).collect::<Vec<_>>()
    };
    let all = r#"1307 ["open-cases","open-invoices","open-claims","deposits","loans","appointments"]"#;
    assert_eq!(listed("refused").await, [r#"1123 ["open-cases"]"#, all]);
    assert_eq!(listed("failed").await, [r#"1309 ["residue:devices.serial_no"]"#]);
}
