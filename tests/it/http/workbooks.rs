//! Workbooks of reviews over HTTP.

use lethe::domain::access::Right;
use lethe::sheet::read;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::{Office, answer};
use super::pages::{Browser, form_of};
use crate::common::spreadsheet::{edited, opened_and_saved, unzipped};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A review `first week` of C1 and C2 by alice, and its workbook.
async fn taken_out(office: &Office, alice: &str) -> Vec<u8> {
    let body = json!({ "name": "first week", "sweep": { "job": "nightly" } });
    office.post("/api/v1/reviews", alice, body).await;
    office.made("first%20week", alice).await;
    workbook(office, "first%20week", alice).await
}

pub async fn workbook(office: &Office, review: &str, token: &str) -> Vec<u8> {
    let path = format!("/api/v1/reviews/{review}/workbook");
    let response = office.request(Method::GET, &path).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/zip");
    unzipped(&response.bytes().await.unwrap()).1
}

pub async fn give_back(office: &Office, review: &str, token: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
    let path = format!("/api/v1/reviews/{review}/imports");
    answer(office.request(Method::POST, &path).bearer_auth(token).header("content-type", XLSX).body(bytes)).await
}

#[tokio::test]
async fn a_second_person_gives_the_workbook_back_and_exactly_the_rows_left_are_anonymized() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let book = taken_out(&office, &alice).await;
    let rows: Vec<Vec<String>> = read(&book).unwrap().rows.into_iter().map(|row| row.cells).collect();
    assert_eq!(rows, [["C1", "Anna Meier"], ["C2", "Berta Kunz"]]);
    let back = edited(&book, |book| drop(book.rows.remove(0)));
    let (status, import) = give_back(&office, "first%20week", &bob, back.clone()).await;
    assert_eq!(
        (status, &import["state"], &import["kept"]),
        (StatusCode::CREATED, &json!("approved"), &json!(1)),
        "{import}"
    );
    let sweep = office.over(&import["sweep"], &bob).await;
    assert_eq!((&sweep["opened_by"], &sweep["progress"]["anonymized"]), (&json!("bob"), &json!(1)));
    assert_eq!(office.names().await[..2], ["C1|Anna Meier", "C2|Anonymized client"]);
    assert_eq!(give_back(&office, "first%20week", &bob, back).await.0, StatusCode::CONFLICT, "it is decided");
    // Who took one is known, and no name is in the ledger.
    assert_eq!(office.company.rows("SELECT made_by FROM lethe_exports").await, ["alice"]);
    let kept = office.company.rows("SELECT asked, reasons, note, digest FROM lethe_reviews").await.join(" ");
    assert!(!kept.contains("Anna") && !kept.contains("Berta"), "{kept}");
}

#[tokio::test]
async fn the_person_who_made_the_review_takes_clients_off_it_and_a_second_person_approves_the_others() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let book = taken_out(&office, &alice).await;
    let back = edited(&book, |book| drop(book.rows.remove(1)));
    let (status, import) = give_back(&office, "first%20week", &alice, back).await;
    assert_eq!(
        (status, &import["state"], &import["sweep"]),
        (StatusCode::CREATED, &json!("taken"), &json!(null)),
        "{import}"
    );
    let (_, shown) = office.get("/api/v1/reviews/first%20week", &bob).await;
    assert_eq!((&shown["keys"], &shown["clients"], &shown["removed"]), (&json!(["C1"]), &json!(1), &json!(1)));
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    assert_eq!(office.approve("first%20week", &alice).await.0, StatusCode::FORBIDDEN);
    let (_, approved) = office.approve("first%20week", &bob).await;
    office.over(&approved["sweep"], &bob).await;
    assert_eq!(office.names().await[..2], ["C1|Anonymized client", "C2|Berta Kunz"]);
}

#[tokio::test]
async fn a_workbook_is_for_those_who_may_and_is_refused_without_a_trace_in_the_data() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let reader = office.token("reader", &[Right::Read]).await;
    let book = taken_out(&office, &alice).await;
    let before = office.names().await;
    for (method, path) in [
        (Method::GET, "/api/v1/reviews/first%20week/workbook"),
        (Method::POST, "/api/v1/reviews/first%20week/imports"),
        (Method::DELETE, "/api/v1/reviews/first%20week"),
    ] {
        assert_eq!(office.ask(method.clone(), path, &reader, None).await.0, StatusCode::FORBIDDEN, "{method} {path}");
        assert_eq!(office.ask(method, path, "lethe_none", None).await.0, StatusCode::UNAUTHORIZED);
    }
    let (status, problem) = give_back(&office, "first%20week", &bob, book.clone()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["detail"].as_str().unwrap().contains("was not opened and saved"), "{problem}");
    let changed = edited(&book, |book| book.rows[0][1] = "Somebody".to_owned());
    let (_, problem) = give_back(&office, "first%20week", &bob, changed).await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("in row 2: `name` is not what the database has") && !detail.contains("Somebody"),
        "{detail}"
    );
    // What the database says now is what counts.
    office.company.execute("UPDATE customers SET name = 'Anna Meier-Roth' WHERE no = 'C1'").await;
    let (_, problem) = give_back(&office, "first%20week", &bob, opened_and_saved(&book)).await;
    assert!(problem["detail"].as_str().unwrap().contains("in row 2: `name`"), "{problem}");
    let (_, imports) =
        office.get("/api/v1/imports?state=refused&name=week&made_by=bob&since=2026-01-01", &reader).await;
    assert_eq!(imports.as_array().unwrap().len(), 3, "{imports}");
    assert!(!imports.to_string().contains("Anna"), "{imports}");
    let response = office.request(Method::GET, "/api/v1/imports/2/errors").bearer_auth(&reader).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], XLSX);
    let errors = read(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(errors.rows[0].cells[..3], ["2", "name", "is not what the database has"]);
    for (path, status) in [
        ("/api/v1/imports?state=refused&what=1", 400),
        ("/api/v1/imports?since=yesterday", 400),
        ("/api/v1/imports/99/errors", 404),
        ("/api/v1/imports/x/errors", 404),
        ("/api/v1/reviews/nothing/workbook", 404),
        ("/api/v1/reviews/..%2F..%2Fetc%2Fpasswd/workbook", 404),
    ] {
        assert_eq!(office.get(path, &alice).await.0.as_u16(), status, "{path}");
    }
    assert_eq!(
        give_back(&office, "first%20week", &bob, vec![b'x'; (32 << 20) + 1]).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(give_back(&office, "nothing", &bob, book).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.names().await[1..], before[1..]);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}

#[tokio::test]
async fn r8_rows_without_errors_are_continued_with_once_a_person_confirms_exactly_what_they_saw() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let reader = office.token("reader", &[Right::Read]).await;
    let book = taken_out(&office, &alice).await;
    let back = edited(&book, |book| book.rows[0][0].clear());
    let (status, problem) = give_back(&office, "first%20week", &bob, back).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert!(problem.to_string().contains("/api/v1/imports/1/continue"), "{problem}");
    let (_, import) = office.get("/api/v1/imports/1", &bob).await;
    let figures = ["state", "kept", "removed", "rows_read", "rows_checked"].map(|name| import[name].clone());
    assert_eq!(figures, [json!("refused"), json!(1), json!(1), json!(2), json!(2)], "{import}");
    assert_eq!(import["errors"].as_array().unwrap().len(), 1, "{import}");

    let path = "/api/v1/imports/1/continue";
    let seen = |file: &str, kept: u32| json!({ "confirm": true, "file": file, "kept": kept });
    let file = import["file"].as_str().unwrap();
    for (body, status) in [(seen(file, 2), StatusCode::CONFLICT), (seen("other", 1), StatusCode::CONFLICT)] {
        let (answered, problem) = office.post(path, &bob, body).await;
        assert_eq!(answered, status, "{problem}");
    }
    let (status, problem) = office.post(path, &bob, json!({ "confirm": false, "file": file, "kept": 1 })).await;
    assert!(status.is_client_error(), "{problem}");
    assert_eq!(office.post(path, &reader, seen(file, 1)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(office.post("/api/v1/imports/9/continue", &bob, seen(file, 1)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);

    let (status, import) = office.post(path, &bob, seen(file, 1)).await;
    assert_eq!((status, &import["state"]), (StatusCode::OK, &json!("approved")), "{import}");
    office.over(&import["sweep"], &bob).await;
    assert_eq!(office.names().await[..2], ["C1|Anna Meier", "C2|Anonymized client"]);
    assert_eq!(office.post(path, &bob, seen(file, 1)).await.0, StatusCode::CONFLICT, "it is decided");
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_imports WHERE clients IS NOT NULL").await, ["0"]);
}

#[tokio::test]
async fn r8_who_made_the_review_continues_on_the_page_and_a_second_person_approves() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let book = taken_out(&office, &alice).await;
    // Each is there twice: which row is meant is not known.
    let none = edited(&book, |book| book.rows.extend_from_within(..));
    give_back(&office, "first%20week", &alice, none).await;
    let browser = Browser::signed_in(&office, &alice).await;
    let page = browser.page("/imports/1").await;
    assert!(page.contains("is there twice") && !page.contains("/imports/1/continue"), "{page}");
    let first = edited(&book, |book| book.rows[1][1].clear());
    let second = edited(&book, |book| book.rows[0][1] = "Somebody".to_owned());
    give_back(&office, "first%20week", &alice, first).await;
    give_back(&office, "first%20week", &alice, second).await;
    let mark = browser.mark().await;
    let (stale, page) = (browser.page("/imports/2").await, browser.page("/imports/3").await);
    let unsure: Vec<_> = form_of(&page, "continue", &mark).into_iter().filter(|own| own.0 != "sure").collect();
    let (status, ..) = browser.send(Method::POST, "/imports/3/continue", &unsure, &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the box was not ticked");
    let form = form_of(&page, "continue", &mark);
    let (status, to, _) = browser.send(Method::POST, "/imports/3/continue", &form, &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/reviews/first%20week"));
    let (_, shown) = office.get("/api/v1/reviews/first%20week", &bob).await;
    assert_eq!((&shown["keys"], &shown["state"]), (&json!(["C2"]), &json!("waiting")));
    // The other workbook is of a review that held both.
    let form = form_of(&stale, "continue", &mark);
    let (status, ..) = browser.send(Method::POST, "/imports/2/continue", &form, &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (_, approved) = office.approve("first%20week", &bob).await;
    office.over(&approved["sweep"], &bob).await;
    assert_eq!(office.names().await[..2], ["C1|Anna Meier", "C2|Anonymized client"]);
}

#[tokio::test]
async fn an_import_shows_how_many_rows_are_read_and_checked_until_it_is_over() {
    let office = Office::new().await;
    let alice = office.token("alice", &[Right::Bulk]).await;
    taken_out(&office, &alice).await;
    let ledger = &office.company.context.ledger;
    let import = ledger.begin_import(1, "0", "alice").await.unwrap();
    ledger.import_goes_on(import, 70_000, 5_000).await.unwrap();
    let (_, shown) = office.get("/api/v1/imports/1", &alice).await;
    let figures = ["state", "rows_read", "rows_checked"].map(|name| shown[name].clone());
    assert_eq!(figures, [json!("reading"), json!(70_000), json!(5_000)], "{shown}");
    let browser = Browser::signed_in(&office, &alice).await;
    for path in ["/imports/1?watch=1", "/reviews"] {
        let page = browser.page(path).await;
        for text in ["being read", "70,000", "rows read", "5,000", "rows checked", "data-again"] {
            assert!(page.contains(text), "{path} {text}: {page}");
        }
    }
    // The process that read it is gone.
    office.company.set_clock("2026-01-02T12:05:00Z");
    let (_, shown) = office.get("/api/v1/imports/1", &alice).await;
    assert_eq!(shown["state"], "refused", "{shown}");
    assert!(shown["errors"][0]["what"].as_str().unwrap().contains("interrupted"), "{shown}");
}

#[tokio::test]
async fn a_page_takes_a_workbook_at_once_and_leads_to_the_sweep_once_it_is_read() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let book = opened_and_saved(&taken_out(&office, &alice).await);
    let browser = Browser::signed_in(&office, &bob).await;
    let mark = browser.mark().await;
    let mut body = Vec::new();
    for (name, text) in [("mark", mark.as_str()), ("sure", "on")] {
        body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    body.extend(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.xlsx\"\r\n\r\n");
    body.extend(book);
    body.extend(b"\r\n--b--\r\n");
    let asker = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = asker.post(format!("{}/reviews/first%20week/import", office.url)).header("cookie", &browser.cookie);
    let response = request.header("content-type", "multipart/form-data; boundary=b").body(body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/imports/1?watch=1");
    for _ in 0..2_400 {
        let (status, to, _) = browser.send(Method::GET, "/imports/1?watch=1", &[], &[]).await;
        if status == StatusCode::SEE_OTHER {
            assert_eq!(to, "/sweeps/1");
            return;
        }
        assert!(status == StatusCode::OK && to.contains("being read"), "{to}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the workbook is never read");
}

#[tokio::test]
async fn a_name_of_any_letters_is_one_of_a_file() {
    let office = Office::new().await;
    let token = office.token("alice", &[Right::Bulk]).await;
    let name = "Lyon \"2\"/é;% ../..";
    office.post("/api/v1/reviews", &token, json!({ "name": name, "sweep": { "kind": "due" } })).await;
    let path = name.bytes().fold(String::new(), |path, byte| path + &format!("%{byte:02X}"));
    office.made(&path, &token).await;
    let response = office.request(Method::GET, &format!("/api/v1/reviews/{path}/workbook")).bearer_auth(&token);
    let response = response.send().await.unwrap();
    let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(disposition, "attachment; filename*=UTF-8''Lyon-2-%C3%A9.zip");
    assert_eq!(unzipped(&response.bytes().await.unwrap()).0, "Lyon-2-é.xlsx");
}
