//! P5, P6: a new column is classified by those who may configure, over HTTP and on the page.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::office::Office;
use super::pages::Browser;

const PLACE: &str = "tables.customers.columns.hat_size";
const CLEAR: &str = "{ class = \"personal\", clear = true }";
const SENTENCE: &str = "You don't have the necessary access to configure client anonymization. \
     Please inform the person in charge that data needs to be configured.";

/// An office whose customers have a column more than the policy says.
async fn office() -> Office {
    let office = Office::new().await;
    office.company.execute("ALTER TABLE customers ADD COLUMN hat_size TEXT").await;
    office
}

fn policy(office: &Office) -> String {
    std::fs::read_to_string(office.company.folder.path().join("policy.toml")).expect("the policy")
}

#[tokio::test]
async fn p05_p06_a_new_column_is_classified_over_http_only_by_those_who_may_configure() {
    let office = office().await;
    let clerk = office.token("clerk", &[Right::Bulk]).await;
    let chief = office.token("chief", &[Right::Configure]).await;
    let before = policy(&office);
    let send = async |token: &str, place: &str, rule: &str| {
        office.post("/api/v1/policy", token, json!({ "place": place, "rule": rule })).await
    };
    let (status, problem) = send(&clerk, PLACE, CLEAR).await;
    assert_eq!((status, &problem["detail"]), (StatusCode::FORBIDDEN, &json!(SENTENCE)));
    for (place, rule) in [
        (PLACE, "{ class = \"sensitive\", keep = \"for the archive\" }"),
        (PLACE, "{ class = \"personal\" }"),
        (PLACE, "{ class = \"personal\", copy = \"nothing\" }"),
        (PLACE, "1"),
        (PLACE, "{ class = \"non-personal\" }\n[free]"),
        ("tables.customers.columns.hat", CLEAR),
        ("tables.customers.columns.name", CLEAR),
        ("tables.customers", CLEAR),
    ] {
        let (status, problem) = send(&chief, place, rule).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{place} {rule}: {problem}");
    }
    assert_eq!(policy(&office), before, "what would be refused is not written");
    assert_eq!(send(&chief, PLACE, CLEAR).await, (StatusCode::OK, json!({ "classified": PLACE, "missing": 0 })));
    let line = format!("hat_size = {CLEAR}\n");
    assert_eq!(policy(&office).replacen(&line, "", 1), before, "everything else stays");
    let (_, coverage) = office.get("/api/v1/policy", &chief).await;
    assert_eq!((&coverage["missing"], coverage["digest"].is_string()), (&json!([]), true));
    let asked = office.company.context.ledger.requests(100).await.expect("requests");
    assert!(asked.iter().any(|own| own.asked_by == "clerk" && own.allowed == 0), "the refusal is recorded");
}

#[tokio::test]
async fn p04_one_of_two_new_columns_can_be_classified_first() {
    let office = office().await;
    office.company.execute("ALTER TABLE customers ADD COLUMN shoe_size TEXT").await;
    let chief = office.token("chief", &[Right::Configure]).await;
    let body = json!({ "place": PLACE, "rule": CLEAR });
    let (status, done) = office.post("/api/v1/policy", &chief, body).await;
    assert_eq!((status, &done["missing"]), (StatusCode::OK, &json!(1)), "{done}");
}

#[tokio::test]
async fn a_column_can_get_several_actions_and_the_page_shows_each_with_its_link_and_condition() {
    let office = office().await;
    let chief = office.token("chief", &[Right::Configure]).await;
    let rule = "{ class = \"personal\", actions = [{ for = \"self\", where = \"grade = 'A'\", clear = true }, \
                { for = \"self\", replace = \"a hat\" }] }";
    let body = json!({ "place": PLACE, "rule": rule.replace("self", "other") });
    let (status, problem) = office.post("/api/v1/policy", &chief, body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let (status, done) = office.post("/api/v1/policy", &chief, json!({ "place": PLACE, "rule": rule })).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let (_, coverage) = office.get("/api/v1/policy", &chief).await;
    let columns = coverage["tables"][0]["columns"].as_array().expect("columns");
    let hat = columns.iter().find(|own| own["column"] == "hat_size").expect("the column");
    let actions = json!([
        { "how": "clear", "with": null, "for": "self", "where": "grade = 'A'" },
        { "how": "replace", "with": "a hat", "for": "self", "where": null },
    ]);
    assert_eq!((&hat["how"], &hat["actions"]), (&json!("replace, clear"), &actions));
    let browser = Browser::signed_in(&office, &chief).await;
    let page = browser.page("/policy").await;
    assert!(page.contains("<q>a hat</q> <code>for = \"self\"</code></small>"), "{page}");
    assert!(page.contains("<code>where grade = &#39;A&#39;</code>"), "{page}");
}

#[tokio::test]
async fn a_policy_that_cannot_be_written_is_said_plainly() {
    let office = office().await;
    let chief = office.token("chief", &[Right::Configure]).await;
    let before = policy(&office);
    // Where the new file is to be made, there is a folder.
    let there = office.company.folder.path().join(format!("policy.toml.{}", std::process::id()));
    std::fs::create_dir(there).expect("a folder");
    let (status, problem) = office.post("/api/v1/policy", &chief, json!({ "place": PLACE, "rule": CLEAR })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let said = problem["detail"].as_str().expect("a text");
    assert!(said.contains("cannot be written by this process"), "{said}");
    let hint = problem["hint"].as_str().expect("a text");
    assert!(hint.contains("hat_size = ") && hint.contains("[tables.customers.columns]"), "{hint}");
    assert_eq!(policy(&office), before);
}

/// The fields of the form that the page has for the column.
fn form(mark: &str, class: &str, action: &str, text: &str) -> Vec<(String, String)> {
    let fields = [("mark", mark), ("place", PLACE), ("class", class), ("action", action), ("text", text)];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

async fn send(browser: &Browser<'_>, fields: &[(String, String)]) -> (StatusCode, String) {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (status, said, _) = browser.send(Method::POST, "/policy", &fields, &[]).await;
    (status, said)
}

#[tokio::test]
async fn p05_the_page_offers_a_new_column_to_those_who_may_configure() {
    let office = office().await;
    let clerk = office.token("clerk", &[Right::Bulk]).await;
    let chief = office.token("chief", &[Right::Configure]).await;
    let browser = Browser::signed_in(&office, &clerk).await;
    let page = browser.page("/policy").await;
    assert!(page.contains(&SENTENCE.replace('\'', "&#39;")) && !page.contains("action=\"/policy\""), "{page}");
    let (status, said) = send(&browser, &form(&browser.mark().await, "personal", "clear", "")).await;
    assert!(status == StatusCode::FORBIDDEN && said.contains(&SENTENCE.replace('\'', "&#39;")), "{said}");

    let browser = Browser::signed_in(&office, &chief).await;
    let page = browser.page("/policy").await;
    assert!(page.contains("action=\"/policy\"") && !page.contains("necessary access"), "{page}");
    let mark = browser.mark().await;
    let (status, _) = send(&browser, &form(&mark, "sensitive", "keep", "for the archive")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, to) = send(&browser, &form(&mark, "personal", "replace", "some \"hat\"")).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/policy"));
    let page = browser.page("/policy").await;
    assert!(page.contains("Every column that reaches clients is classified."), "{page}");
    let parsed = lethe::policy::Policy::parse(&policy(&office)).expect("a policy");
    assert_eq!(parsed.tables["customers"].columns["hat_size"].class.to_string(), "personal");
}
