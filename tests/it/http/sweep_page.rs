//! A sweep's page: its steps, and its clients by outcome and key.

use lethe::domain::access::Right;
use lethe::worker::Request;
use lethe::worker::sweep::open;
use reqwest::Method;
use serde_json::{Value, json};

use super::office::Office;
use super::pages::Browser;

fn names(sweep: &Value) -> Vec<&str> {
    sweep["steps"].as_array().expect("steps").iter().map(|own| own["step"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_sweep_is_told_step_by_step_with_when_each_began_and_ended() {
    let office = Office::new().await;
    office.company.due().await;
    let token = office.token("reader", &[Right::Read]).await;
    let (_, sweep) = office.get("/api/v1/sweeps/1", &token).await;
    assert_eq!(names(&sweep), ["opened", "selected", "batches", "closed"], "{sweep}");
    assert!(sweep["steps"].as_array().unwrap().iter().all(|own| own["ended_at"].is_string()), "{sweep}");
    assert_eq!((&sweep["steps"][1]["done"], &sweep["steps"][2]["of"]), (&json!(3), &json!(1)), "{sweep}");
    let page = Browser::signed_in(&office, &token).await.page("/sweeps/1").await;
    for line in ["Started by ", "3 clients selected and cut into batches", "1 of 1 batch processed", "Ended: done"] {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(page.contains("href=\"/sweeps/1/report\"") && page.contains("href=\"/policy\">Policy version"), "{page}");
}

#[tokio::test]
async fn a_sweep_that_waits_for_a_worker_has_steps_that_go_on_and_one_that_a_gate_refused_has_none() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Bulk]).await;
    let list = json!({ "sweep": { "kind": "list", "clients": ["C1", "C2"] }, "confirm": true });
    let (_, started) = office.post("/api/v1/sweeps", &token, list).await;
    let (_, sweep) = office.get(&format!("/api/v1/sweeps/{}", started["sweep"]), &token).await;
    assert_eq!(names(&sweep), ["opened", "selected", "batches"]);
    let batches = &sweep["steps"][2];
    assert_eq!((&batches["done"], &batches["of"], &batches["ended_at"]), (&json!(0), &json!(1), &Value::Null));

    office.company.execute("ALTER TABLE customers ADD COLUMN phone TEXT").await;
    let jobs = lethe::service::jobs::job_files(&office.company.folder.path().join("jobs")).expect("a job").jobs;
    let now = office.company.context.ledger.clock().now();
    let tick = Request { tick: Some(now), ..Request::of_job(&jobs[0], now) };
    assert!(open(&office.company.context, &tick).await.is_err());
    let id = office.company.rows("SELECT max(id) FROM lethe_sweeps").await.remove(0);
    let (_, sweep) = office.get(&format!("/api/v1/sweeps/{id}"), &token).await;
    assert_eq!((names(&sweep), &sweep["state"]), (vec!["opened", "closed"], &json!("stopped")));
}

#[tokio::test]
async fn the_clients_of_a_sweep_are_listed_by_outcome_and_searched_by_key_page_by_page() {
    let office = Office::new().await;
    let more = "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 69) \
                INSERT INTO customers (no, name, due, grade) SELECT 'K' || i, 'Person ' || i, '2020-01-01', 'A' FROM n";
    office.company.execute(more).await;
    office.company.due().await;
    let token = office.token("reader", &[Right::Read]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let page = browser.page("/sweeps/1").await;
    for tab in ["All (63)", "anonymized (62)", "refused (1)"] {
        assert!(page.contains(&format!(">{tab}</a>")), "{tab}: {page}");
    }
    assert!(!page.contains(">failed ("), "a tab for each outcome that there was: {page}");
    assert!(page.contains("Next page") && !page.contains("First page") && !page.contains(">K69<"), "{page}");
    let last = browser.page("/sweeps/1?outcome=anonymized&after=K59").await;
    assert!(last.contains(">K69<") && last.contains("First page") && !last.contains("Next page"), "{last}");

    let found = browser.page("/sweeps/1?key=c").await;
    assert!(found.contains(">C1<") && found.contains(">C3<") && !found.contains(">K10<"), "{found}");
    let found = browser.page("/sweeps/1?key=c&outcome=anonymized").await;
    assert!(found.contains(">C1<") && !found.contains(">C3<"), "{found}");
    assert!(found.contains("value=\"c\"") && found.contains("name=\"outcome\" value=\"anonymized\""), "{found}");
    for unknown in ["%25", "_", "K100"] {
        let page = browser.page(&format!("/sweeps/1?key={unknown}")).await;
        assert!(page.contains("<p class=\"empty\">"), "{unknown}: {page}");
    }
    let (_, listed) = office.ask(Method::GET, "/api/v1/sweeps/1/outcomes?key=k1&limit=1000", &token, None).await;
    assert_eq!(listed.as_array().unwrap().len(), 10, "K10 to K19: {listed}");
}
