//! What needs a person: over HTTP and on the first page the same, with its urgency, age and link.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::Office;
use super::pages::Browser;

#[tokio::test]
async fn what_needs_a_person_is_listed_most_urgent_first_with_its_age_and_where_it_is_dealt_with() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let browser = Browser::signed_in(&office, &token).await;
    assert!(browser.page("/").await.contains("Nothing needs attention."));
    let list = json!({ "sweep": { "kind": "list", "clients": ["C1", "C2"] }, "confirm": true });
    assert_eq!(office.post("/api/v1/sweeps", &token, list).await.0, StatusCode::ACCEPTED);
    let (status, _) = office.ask(Method::POST, "/api/v1/sweeps/1/cancel", &token, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let why = Some(json!({ "reason": "the database moves" }));
    office.ask(Method::PUT, "/api/v1/jobs/nightly/pause", &token, why).await;
    office.company.execute("ALTER TABLE customers ADD COLUMN phone TEXT").await;
    office.company.set_clock("2026-01-02T12:30:00Z");

    let (_, status) = office.get("/api/v1/status", &token).await;
    let all = status["attention"].as_array().expect("a list");
    let of = |name: &str| all.iter().map(|own| own[name].clone()).collect::<Vec<Value>>();
    assert_eq!(of("severity"), ["critical", "warning", "notice"], "{status}");
    assert_eq!(of("link"), ["/policy", "/sweeps/1", "/jobs"], "{status}");
    let noon = json!("2026-01-02T12:00:00.000Z");
    assert_eq!(of("since"), [Value::Null, noon.clone(), noon], "{status}");
    for (text, said) in of("text").iter().zip(["phone", "sweep 1 (by hand) was stopped", "job `nightly` was paused"]) {
        assert!(text.as_str().unwrap().contains(said), "{text}");
    }

    let page = browser.page("/").await;
    let list = page.split("<section class=\"note\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(list.contains(">stops work</span> <a href=\"/policy\">") && list.contains("(30 min)"), "{list}");
    assert!(list.contains("<a href=\"/sweeps/1\">sweep 1") && list.contains("<a href=\"/jobs\">job"), "{list}");
    let (_, german, _) = browser.send(Method::GET, "/", &[], &[("accept-language", "de")]).await;
    assert!(german.contains(">blockiert</span>") && german.contains(">Entscheidung offen</span>"), "{german}");
}
