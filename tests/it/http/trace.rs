//! What would happen to a client, on a page.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};

use super::office::Office;
use super::pages::Browser;

#[tokio::test]
async fn a_client_is_shown_row_by_row_to_those_who_may_configure() {
    let office = Office::new().await;
    let token = office.token("officer", &[Right::Configure]).await;
    let browser = Browser::signed_in(&office, &token).await;
    assert!(browser.page("/clients?key=C3").await.contains("/clients/trace?key=C3"));
    let page = browser.page("/clients/trace?key=C3").await;
    for text in ["Carl Lang", "Anonymized client", "carl@home.example", "<code>NULL</code>", "refused"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Anna"), "{page}");
    for (language, words) in [("fr", "Ligne par ligne"), ("de", "Zeile für Zeile")] {
        let (_, page, _) =
            browser.send(Method::GET, "/clients/trace?key=C3", &[], &[("accept-language", language)]).await;
        assert!(page.contains(words), "{page}");
    }
    let (status, ..) = browser.send(Method::GET, "/clients/trace?key=C9", &[], &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(office.company.rows("SELECT count(*) FROM customers WHERE name = 'Carl Lang'").await, ["1"]);
}

#[tokio::test]
async fn who_may_only_read_sees_no_rows() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let browser = Browser::signed_in(&office, &token).await;
    assert!(!browser.page("/clients?key=C3").await.contains("/clients/trace"));
    let (status, page, _) = browser.send(Method::GET, "/clients/trace?key=C3", &[], &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!page.contains("Carl"), "{page}");
}
