//! The pages in Chromium, as people use them.

mod chromium;
mod paths;
mod webdriver;

use std::time::Duration;

use crate::common::spreadsheet::{edited, unzipped};
use crate::http::office::Office;
use chromium::Chromium;
use lethe::domain::access::Right;
use serde_json::json;

#[tokio::test]
async fn a_list_is_made_looked_through_given_back_and_its_sweep_is_followed_to_its_end() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let page = Chromium::at(&office.url).await;

    // Alice looks at tonight, previews the job, and holds its clients for review.
    page.sign_in(&alice).await;
    assert!(page.text("main").await.contains("Due now: their date has passed"));
    page.click_link("Preview").await;
    page.until("main", "is in court").await;
    page.type_into("input[name=name]", "first week").await;
    page.press("Hold for review").await;
    page.until("main", "waiting").await;
    page.click_link("first week").await;
    page.until("main", "A second person approves it.").await;
    page.press("Download the workbook").await;
    let book = unzipped(&page.downloaded("first-week.zip").await).1;
    page.press("Sign out").await;

    // A person takes Berta out and saves the workbook; Bob gives it back.
    let back = page.folder().join("first-week.xlsx");
    std::fs::write(&back, edited(&book, |book| book.rows.retain(|row| row[0] == "C1"))).unwrap();
    page.sign_in(&bob).await;
    page.click_link("Reviews").await;
    page.click_link("first week").await;
    page.type_into("input[type=file]", back.to_str().unwrap()).await;
    page.press("Import the workbook").await;
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_imports").await, ["0"], "the box was not ticked");
    page.click("form[enctype] input[name=sure]").await;
    page.press("Import the workbook").await;

    // The page follows the sweep by itself, without being loaded again.
    page.until("h1", "running").await;
    office.work();
    page.until("h1", "done").await;
    let figures = page.text(".figures").await;
    assert!(figures.starts_with("1\nanonymized"), "{figures}");
    office.over(&json!(1), &bob).await;
    assert_eq!(office.names().await[..2], ["C1|Anonymized client", "C2|Berta Kunz"]);
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test]
async fn every_page_fits_a_phone_in_every_language_and_says_what_its_fields_are() {
    let office = Office::new().await;
    office.work();
    let admin = office.token("admin", &[Right::Admin]).await;
    let long = "a-review-with-quite-a-long-name-longer-than-a-phone-is-wide";
    let body = json!({ "name": long, "sweep": { "kind": "due" } });
    office.post("/api/v1/reviews", &admin, body).await;
    office.made(long, &admin).await;
    let (_, started) =
        office.post("/api/v1/sweeps", &admin, json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    office.over(&started["sweep"], &admin).await;
    let page = Chromium::at(&office.url).await;
    page.sign_in(&admin).await;
    for language in ["en", "fr", "de"] {
        page.open(&format!("/language/{language}")).await;
        for path in [
            "/",
            "/jobs",
            "/jobs/nightly/preview",
            "/sweeps/1",
            "/reviews",
            "/failures",
            "/holds",
            "/policy",
            "/clients?key=C3",
            "/clients/trace?key=C3",
            "/requests",
            "/tokens",
            "/selections",
            "/reports",
        ] {
            for width in [360, 768, 1_280] {
                page.wide(width).await;
                page.open(path).await;
                assert!(!page.text("html").await.contains('\u{fffd}'), "{path}");
                let found = page.ask(LAYOUT).await;
                assert_eq!(found, json!([language, 0, [], [], [], []]), "{path} at {width} in {language}");
            }
        }
    }
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}

/// The language of a page, by how much it is wider than its window, fields without a name, cells of a list that a phone
/// shows without the name of their column, short words of a table that are broken, and the current
/// tab if it is out of sight.
const LAYOUT: &str = "const root = document.documentElement; \
    const fields = [...document.querySelectorAll('input:not([type=hidden]), select')]; \
    const unnamed = (own) => innerWidth < 500 && document.querySelectorAll('#rows thead tr > *')[own.cellIndex].textContent \
        && getComputedStyle(own, '::before').content === 'none'; \
    const broken = (own) => { const range = document.createRange(); range.selectNodeContents(own); \
        return (own.nodeType === 3 || own.className === 'short') && /^\\s*[\\p{L}\\d]{1,12}\\s*$/u.test(own.textContent) \
            && new Set([...range.getClientRects()].map((own) => own.top)).size > 1; }; \
    const named = (field) => field.labels && field.labels.length || field.getAttribute('aria-label'); \
    return [root.lang, Math.max(0, root.scrollWidth - root.clientWidth), fields.filter((own) => !named(own)).map((own) => own.outerHTML), \
    [...document.querySelectorAll('#rows tbody td')].filter((own) => unnamed(own)).map((own) => own.outerHTML), \
    [...document.querySelectorAll('main td, main th')].flatMap((own) => [...own.childNodes, ...own.querySelectorAll('.short')].filter(broken)).map((own) => own.textContent), \
    [...document.querySelectorAll('nav [aria-current]')].filter((own) => own.getBoundingClientRect().right > innerWidth).map((own) => own.textContent)]";

#[tokio::test]
async fn a_page_is_gone_through_by_keyboard_alone() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let page = Chromium::at(&office.url).await;
    page.sign_in(&token).await;
    page.key("\u{e004}").await;
    let focused = "return document.activeElement.textContent.trim()";
    assert_eq!(page.ask(focused).await, json!("Skip to the content"), "the first stop");
    page.key("\u{e007}").await;
    let focus = "return document.activeElement.id";
    for _ in 0..300 {
        if page.ask(focus).await == json!("content") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(page.ask(focus).await, json!("content"));
    // Whatever can be reached shows that it is.
    for _ in 0..12 {
        page.key("\u{e004}").await;
        let outline = "const own = document.activeElement; return own === document.body ? 3 : parseFloat(getComputedStyle(own).outlineWidth)";
        assert_eq!(page.ask(outline).await, json!(3), "{}", page.ask("return document.activeElement.outerHTML").await);
    }
    page.close().await;
}
