//! The page of a preview: its tabs and pages are all of the one preview that a start is bound to.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};

use super::office::Office;
use super::pages::{Browser, form_of};

const PREVIEW: &str = "/jobs/nightly/preview";

/// The id of a preview, which its forms carry.
fn id(page: &str) -> String {
    page.split("name=\"id\" value=\"").nth(1).expect("an id").split('"').next().expect("its end").to_owned()
}

/// Sixty more clients who are due, K10 to K69.
async fn sixty_more(office: &Office) {
    let more = "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 69) \
                INSERT INTO customers (no, name, due, grade) SELECT 'K' || i, 'Person ' || i, '2020-01-01', 'A' FROM n";
    office.company.execute(more).await;
}

#[tokio::test]
async fn a_preview_has_a_tab_for_each_outcome_and_is_searched_by_key() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let taken = browser.page(PREVIEW).await;
    assert!(taken.contains(">Would be anonymized (2)</a>") && taken.contains(">Would be refused (1)</a>"), "{taken}");
    assert!(taken.contains(">C1<") && taken.contains(">C2<") && !taken.contains(">C3<"), "{taken}");
    let id = id(&taken);
    let refused = browser.page(&format!("{PREVIEW}?id={id}&outcome=refused")).await;
    assert!(refused.contains(">C3<") && refused.contains("has open orders; is in court"), "{refused}");
    assert!(!refused.contains(">C1<"), "{refused}");
    let found = browser.page(&format!("{PREVIEW}?id={id}&key=c2")).await;
    assert!(found.contains(">C2<") && !found.contains(">C1<") && found.contains("value=\"c2\""), "{found}");
    let unknown = browser.page(&format!("{PREVIEW}?id={id}&key=C9")).await;
    assert!(unknown.contains("<p class=\"empty\">"), "{unknown}");
    let (_, german, _) = browser.send(Method::GET, PREVIEW, &[], &[("accept-language", "de")]).await;
    assert!(german.contains(">Würden anonymisiert (2)</a>"), "{german}");
}

#[tokio::test]
async fn every_page_is_of_the_preview_that_is_read_and_a_start_from_any_of_them_is_bound_to_it() {
    let office = Office::new().await;
    sixty_more(&office).await;
    office.work();
    let token = office.token("operator", &[Right::Bulk]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let mark = browser.mark().await;
    let page = browser.page(PREVIEW).await;
    assert!(page.contains(">K57<") && !page.contains(">K58<") && page.contains("Next page"), "fifty a page: {page}");
    let second = format!("{PREVIEW}?id={}&page=2", id(&page));
    // One client is not due any more, and the preview that is read still has it.
    office.company.execute("UPDATE customers SET due = NULL WHERE no = 'K69'").await;
    let last = browser.page(&second).await;
    assert!(last.contains(">K69<") && last.contains("First page") && !last.contains("Next page"), "{last}");
    assert!(last.contains("Would be anonymized (62)") && !last.contains("has expired"), "{last}");
    let (status, problem, _) =
        browser.send(Method::POST, "/jobs/nightly/start", &form_of(&last, "start", &mark), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);

    let anew = browser.page(PREVIEW).await;
    assert!(anew.contains("Would be anonymized (61)") && id(&anew) != id(&page), "{anew}");
    let last = browser.page(&format!("{PREVIEW}?id={}&page=2", id(&anew))).await;
    let (status, to, _) = browser.send(Method::POST, "/jobs/nightly/start", &form_of(&last, "start", &mark), &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/sweeps/1"));
    let over = office.over(&serde_json::json!(1), &token).await;
    assert_eq!(over["progress"]["anonymized"], 61, "{over}");
}

#[tokio::test]
async fn a_person_whose_preview_has_expired_is_shown_that_this_is_another() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let page = browser.page(&format!("{PREVIEW}?id=0123&page=7")).await;
    assert!(page.contains("The preview that you were reading has expired."), "{page}");
    assert!(page.contains("Would be anonymized (2)") && page.contains(">C1<"), "{page}");
    let rightless = office.token("nobody", &[]).await;
    let (status, ..) = Browser::signed_in(&office, &rightless)
        .await
        .send(Method::GET, &format!("{PREVIEW}?id={}", id(&page)), &[], &[])
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
