//! A client's day over HTTP and on its page.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::office::Office;
use super::pages::Browser;

#[tokio::test]
async fn a_client_s_day_is_set_seen_and_cleared_over_http() {
    let office = Office::new().await;
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let path = "/api/v1/clients/C5/to-anonymize-on";
    let (status, set) = office.ask(Method::PUT, path, &token, Some(json!({ "day": "2027-01-31" }))).await;
    assert_eq!((status, set), (StatusCode::OK, json!({ "client": "C5", "to_anonymize_on": "2027-01-31" })));
    let (_, shown) = office.get("/api/v1/clients/C5", &token).await;
    assert_eq!((&shown["to_anonymize_on"], &shown["dates"][0]["set_by"]), (&json!("2027-01-31"), &json!("clerk")));
    let (status, cleared) = office.ask(Method::DELETE, path, &token, None).await;
    assert_eq!((status, &cleared["to_anonymize_on"]), (StatusCode::OK, &json!(null)));
    let (_, shown) = office.get("/api/v1/clients/C5", &token).await;
    assert_eq!((&shown["to_anonymize_on"], &shown["dates"][1]["before"]), (&json!(null), &json!("2027-01-31")));
    for (body, says) in [
        (json!({ "day": "31/01/2027" }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "day": null }), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(office.ask(Method::PUT, path, &token, Some(body)).await.0, says);
    }
    let unknown = office
        .ask(Method::PUT, "/api/v1/clients/C%209/to-anonymize-on", &token, Some(json!({ "day": "2027-01-31" })))
        .await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
    office.company.due().await;
    let gone = office
        .ask(Method::PUT, "/api/v1/clients/C1/to-anonymize-on", &token, Some(json!({ "day": "2027-01-31" })))
        .await;
    assert_eq!(gone.0, StatusCode::CONFLICT, "{}", gone.1);
}

#[tokio::test]
async fn a_client_s_page_has_its_day_in_three_languages() {
    let office = Office::new().await;
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let mark = browser.mark().await;
    assert!(browser.page("/clients?key=C5").await.contains("To anonymize on: no date"));
    let form = [("mark", mark.as_str()), ("key", "C5"), ("day", "2027-01-31"), ("sure", "on")];
    let (status, to, _) = browser.send(Method::POST, "/clients/day", &form, &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/clients?key=C5"));
    let page = browser.page("/clients?key=C5").await;
    assert!(
        page.contains("To anonymize on: <time>31 Jan 2027</time>")
            && page.contains("clerk set the date to 31 Jan 2027"),
        "{page}"
    );
    for (language, words) in [("fr", "Effacer la date"), ("de", "Datum löschen")] {
        let (_, page, _) = browser.send(Method::GET, "/clients?key=C5", &[], &[("accept-language", language)]).await;
        assert!(page.contains(words), "{page}");
    }
    let form = [("mark", mark.as_str()), ("key", "C5"), ("sure", "on")];
    assert_eq!(browser.send(Method::POST, "/clients/day", &form, &[]).await.0, StatusCode::SEE_OTHER);
    assert!(browser.page("/clients?key=C5").await.contains("To anonymize on: no date"));
    let reader = office.token("reader", &[Right::Read]).await;
    assert!(!Browser::signed_in(&office, &reader).await.page("/clients?key=C5").await.contains("/clients/day"));
}
