//! The ways through the pages that people go every day: the manager at 8 a.m., the operator who starts a sweep, the
//! privacy officer who explains one client, and the second person who approves.

use lethe::domain::access::Right;
use reqwest::Method;
use serde_json::json;

use super::chromium::Chromium;
use crate::http::office::Office;

#[tokio::test]
async fn the_manager_reads_the_night_on_a_phone_and_follows_what_needs_attention() {
    let office = Office::new().await;
    let (operator, manager) =
        (office.token("operator", &[Right::Bulk]).await, office.token("manager", &[Right::Read]).await);
    office
        .post("/api/v1/sweeps", &operator, json!({ "sweep": { "kind": "list", "clients": ["C2"] }, "confirm": true }))
        .await;
    office.ask(Method::POST, "/api/v1/sweeps/1/cancel", &operator, None).await;
    office.work();
    let (_, started) =
        office.post("/api/v1/sweeps", &operator, json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    office.over(&started["sweep"], &operator).await;

    let page = Chromium::at(&office.url).await;
    page.wide(360).await;
    page.sign_in(&manager).await;
    page.click_link("de").await;
    page.until("h1", "Heute Nacht").await;
    // The sentence, what needs attention and the first figure are seen without scrolling.
    page.until(".lead", "2 von 3 fälligen Kunden anonymisiert").await;
    let below = "const own = [...document.querySelectorAll('.lead, #attention, .figures li:first-child')]; \
                 return own.filter((own) => own.getBoundingClientRect().bottom > innerHeight).map((own) => own.outerHTML)";
    assert_eq!(page.ask(below).await, json!([]));
    let attention = page.text("section.note").await;
    assert!(attention.contains("angehalten: abgebrochen von operator"), "{attention}");
    page.click("section.note a[href='/sweeps/1']").await;
    page.until("h1", "angehalten").await;
    page.click_link("Bericht").await;
    page.until("h1", "Lauf 1: manuell").await;
    let report = page.text("main").await;
    assert!(report.contains("Dieser Lauf wurde angehalten: abgebrochen von operator"), "{report}");
    page.open("/reports").await;
    page.click("#rows a").await;
    page.until("main", "MONATSBERICHT").await;
    assert!(page.text("h1").await.starts_with("Januar 2026"));
    // A manager reads, and is offered nothing else.
    page.open("/jobs/nightly/preview").await;
    assert_eq!(page.ask("return document.querySelectorAll('main form[method=post]').length").await, json!(0));
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test]
async fn the_operator_starts_a_sweep_after_its_preview_and_follows_it_to_the_end() {
    let office = Office::new().await;
    let operator = office.token("operator", &[Right::Bulk]).await;
    let page = Chromium::at(&office.url).await;
    page.sign_in(&operator).await;
    page.click_link("Jobs").await;
    page.until("h1", "Jobs").await;
    page.click_link("Preview").await;
    page.until("main", "is in court").await;
    page.until(".confirm", "This affects 2 clients.").await;
    // Without the tick, nothing starts.
    page.press("Start now").await;
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    page.click(".confirm input[name=sure]").await;
    page.press("Start now").await;
    page.until("h1", "running").await;
    office.work();
    page.until("h1", "done").await;
    page.until("#steps + ol", "Ended: done").await;
    page.click_link("has open orders").await;
    page.until("#clients", "has open orders").await;
    page.until("table.cards", "C3").await;
    assert_eq!(office.names().await[..2], ["C1|Anonymized client", "C2|Anonymized client"]);
    // Going back to the preview and starting it once more starts nothing.
    page.open("/sweeps").await;
    assert_eq!(page.ask("return document.querySelectorAll('#list tbody tr').length").await, json!(1));
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test]
async fn the_privacy_officer_explains_one_client_holds_it_and_empties_a_column() {
    let office = Office::new().await;
    let policy = office.company.folder.path().join("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let kept = "email = { class = \"personal\", keep = \"invoices name it\", cleanable = true }";
    std::fs::write(&policy, text.replace("email = { class = \"personal\", clear = true, identifying = true }", kept))
        .unwrap();
    office.work();
    let officer = office.token("officer", &[Right::Anonymize, Right::Configure]).await;
    let page = Chromium::at(&office.url).await;
    page.sign_in(&officer).await;

    // Why was this client not anonymized?
    page.type_into("#key", "C3\u{e007}").await;
    page.until(".lead", "is due and would be refused: has open orders; is in court").await;
    page.click_link("Row by row").await;
    page.until("main", "Anonymized client").await;
    assert!(page.text("main").await.contains("Carl Lang"));
    page.click_link("History").await;

    // It stays until the hold is released, and both are told.
    page.type_into("#reason", "a complaint").await;
    page.press("Place a hold").await;
    page.until("h1", "Holds").await;
    page.open("/clients?key=C3").await;
    page.until(".story", "officer placed a hold: a complaint").await;
    assert!(!page.text("main").await.contains("Empty the column"), "nothing of a client on hold is changed");
    page.click("form[action='/holds/release'] input[name=sure]").await;
    page.press("Release the hold").await;
    page.until("h1", "Holds").await;
    page.open("/clients?key=C3").await;
    page.until(".story", "officer released the hold").await;

    // A column that the policy keeps is emptied for this client alone.
    page.until("#clean", "customers.email").await;
    page.press("Empty the column").await;
    assert_eq!(office.company.rows("SELECT count(*) FROM customers WHERE email IS NULL").await, ["0"], "not ticked");
    page.click("form[action='/clients/clean'] input[name=sure]").await;
    page.press("Empty the column").await;
    page.until(".story", "officer emptied customers.email").await;
    assert_eq!(office.company.rows("SELECT no FROM customers WHERE email IS NULL").await, ["C3"]);
    for (language, told) in [("fr", "officer a fait vider"), ("de", "officer hat customers.email leeren lassen")] {
        page.click_link(language).await;
        page.until(".story", told).await;
    }
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test]
async fn the_second_person_sees_what_waits_reads_it_and_approves_it() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    office.post("/api/v1/reviews", &alice, json!({ "name": "week", "sweep": { "kind": "due" } })).await;
    office.work();
    office.made("week", &alice).await;
    let page = Chromium::at(&office.url).await;

    // Alice cannot approve her own review.
    page.sign_in(&alice).await;
    page.open("/reviews/week").await;
    page.until("section[aria-labelledby=decide]", "A second person approves it.").await;
    assert_eq!(page.ask("return document.querySelectorAll('form[action$=\"/approve\"]').length").await, json!(0));
    page.press("Sign out").await;

    // Bob is told on the first page.
    page.sign_in(&bob).await;
    page.until("section.note", "waits for a person other than alice to approve 2 clients").await;
    page.click("section.note a[href='/reviews']").await;
    page.click_link("week").await;
    page.until(".keys", "C1").await;
    page.until(".bars", "is in court").await;
    page.click("form[action$='/approve'] input[name=sure]").await;
    page.press("Approve").await;
    page.until("h1", "done").await;
    assert_eq!(office.names().await[..2], ["C1|Anonymized client", "C2|Anonymized client"]);
    page.open("/reviews/week").await;
    page.until("h1", "approved").await;
    assert!(page.text(".soft").await.contains("approved by bob"));
    page.open("/").await;
    assert!(page.text("main").await.contains("Nothing needs attention."));
    assert_eq!(page.complaints().await, Vec::<String>::new());
    page.close().await;
}
