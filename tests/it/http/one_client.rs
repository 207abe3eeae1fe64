//! One client is anonymized from its own page, as was seen there.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::office::Office;
use super::pages::Browser;

/// The fields of the form on a client's page, ticked.
async fn form(browser: &Browser<'_>, client: &str) -> Vec<(String, String)> {
    let page = browser.page(&format!("/clients?key={client}")).await;
    let form =
        page.split("action=\"/clients/anonymize\"").nth(1).expect("a form").split("</form>").next().expect("its end");
    let mut fields = vec![("sure".to_owned(), "on".to_owned())];
    for own in form.split("type=\"hidden\" name=\"").skip(1) {
        let mut parts = own.split('"');
        let (name, value) = (parts.next().expect("a name"), parts.nth(1).expect("a value"));
        fields.push((name.to_owned(), value.to_owned()));
    }
    fields
}

async fn send(browser: &Browser<'_>, fields: &[(String, String)]) -> (StatusCode, String) {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (status, to, _) = browser.send(Method::POST, "/clients/anonymize", &fields, &[]).await;
    (status, to)
}

/// The client's page once the sweep is over, wherever the form has led to.
async fn after(office: &Office, browser: &Browser<'_>, token: &str, client: &str, sweep: u32) -> String {
    office.over(&serde_json::json!(sweep), token).await;
    browser.page(&format!("/clients?key={client}&sweep={sweep}")).await
}

#[tokio::test]
async fn a_client_is_anonymized_from_its_own_page_which_shows_the_outcome() {
    let office = Office::new().await;
    office.work();
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let fields = form(&browser, "C1").await;
    assert!(fields.iter().all(|(name, _)| name != "force"), "it is due");
    let unsure: Vec<_> = fields.iter().filter(|own| own.0 != "sure").cloned().collect();
    assert_eq!(send(&browser, &unsure).await.0, StatusCode::UNPROCESSABLE_ENTITY, "the box was not ticked");
    let (status, to) = send(&browser, &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(["/clients?key=C1&sweep=1", "/sweeps/1"].contains(&to.as_str()), "{to}");
    let page = after(&office, &browser, &token, "C1", 1).await;
    assert!(page.contains("role=\"status\"><span class=\"state anonymized\">"), "{page}");
    assert!(!page.contains("action=\"/clients/anonymize\""), "and once: {page}");
    let digest = office.company.rows("SELECT digest FROM lethe_sweeps").await.remove(0);
    assert!(page.contains(&format!("Anonymized (Policy version {})", &digest[..12])), "{page}");
    assert_eq!(office.names().await[0], "C1|Anonymized client");
}

#[tokio::test]
async fn a_client_who_is_not_due_is_refused_with_the_reasons_of_its_guards() {
    let office = Office::new().await;
    office.work();
    office.company.execute("UPDATE customers SET open = 1, court = 1 WHERE no = 'C5'").await;
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let fields = form(&browser, "C5").await;
    assert!(fields.iter().any(|(name, _)| name == "force"), "it is not due");
    assert_eq!(send(&browser, &fields).await.0, StatusCode::SEE_OTHER);
    let page = after(&office, &browser, &token, "C5", 1).await;
    assert!(page.contains("Refused: has open orders; is in court"), "{page}");
    assert_eq!(office.names().await[4], "C5|Emil Roth");
}

#[tokio::test]
async fn a_client_on_hold_is_not_offered_for_anonymizing() {
    let office = Office::new().await;
    office.work();
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let browser = Browser::signed_in(&office, &token).await;
    for client in ["C1", "C5"] {
        assert!(!form(&browser, client).await.is_empty());
        let path = format!("/api/v1/holds/{client}");
        let (status, _) = office.ask(Method::PUT, &path, &token, Some(json!({ "reason": "sued" }))).await;
        assert!(status.is_success(), "{status}");
        let page = browser.page(&format!("/clients?key={client}")).await;
        assert!(page.contains("Release the hold"), "{page}");
        assert!(!page.contains("action=\"/clients/anonymize\""), "{client}: {page}");
    }
}

#[tokio::test]
async fn nothing_starts_if_something_else_was_seen_or_the_right_is_missing() {
    let office = Office::new().await;
    let (clerk, reader) =
        (office.token("clerk", &[Right::Anonymize]).await, office.token("reader", &[Right::Read]).await);
    let browser = Browser::signed_in(&office, &clerk).await;
    let fields = form(&browser, "C1").await;
    office.company.execute("UPDATE customers SET due = '2027-01-01' WHERE no = 'C1'").await;
    let (status, said) = send(&browser, &fields).await;
    assert!(status == StatusCode::CONFLICT && said.contains("changed since the page was loaded"), "{said}");
    let page = browser.page("/clients?key=C3").await;
    assert!(!page.contains("action=\"/clients/anonymize\""), "a client whom guards refuse is not offered: {page}");
    let browser = Browser::signed_in(&office, &reader).await;
    assert!(!browser.page("/clients?key=C1").await.contains("action=\"/clients/anonymize\""));
    let mark = browser.mark().await;
    let own: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| if name == "mark" { (name, mark.clone()) } else { (name, value) })
        .collect();
    assert_eq!(send(&browser, &own).await.0, StatusCode::FORBIDDEN);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}
