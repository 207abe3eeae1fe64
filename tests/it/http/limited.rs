//! A token that is limited to the clients with some filter values.

use std::collections::BTreeSet;

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::Office;
use super::pages::Browser;
use crate::common::project::{read, root};
use crate::common::words::refuses;

/// Each path of the API, how it answers a token that is limited to grade B and asks about the others, and a body.
const API: &str = r#"
GET /api/v1/sweeps 200
POST /api/v1/sweeps 404 {"sweep":{"kind":"list","clients":["C1"]},"confirm":true}
GET /api/v1/sweeps/{sweep} 404
GET /api/v1/sweeps/{sweep}/events 404
POST /api/v1/sweeps/{sweep}/cancel 404
GET /api/v1/sweeps/{sweep}/outcomes 404
GET /api/v1/failures 200
POST /api/v1/failures/retry 404 {"client":"C1","confirm":true}
GET /api/v1/selections 200
GET /api/v1/selections/{selection} 404
PUT /api/v1/selections/{selection} 409 {"clients":["C6"],"replace":true}
DELETE /api/v1/selections/{selection} 404
GET /api/v1/reviews 200
POST /api/v1/reviews 403 {"name":"x","sweep":{"kind":"due","filters":{"grade":["A","B"]}}}
GET /api/v1/reviews/{review} 404
DELETE /api/v1/reviews/{review} 404
POST /api/v1/reviews/{review}/approve 404 {"id":1,"digest":"x","clients":2,"confirm":true}
POST /api/v1/reviews/{review}/reject 404 {"id":1,"digest":"x","clients":2}
GET /api/v1/reviews/{review}/workbook 404
POST /api/v1/reviews/{review}/imports 404 {}
GET /api/v1/imports 200
GET /api/v1/imports/{import} 404
GET /api/v1/imports/{import}/errors 404
POST /api/v1/imports/{import}/continue 404 {"file":"x","kept":1,"confirm":true}
GET /api/v1/returned 403
PUT /api/v1/returned/{client} 403 {"former":"C2","confirm":true}
GET /api/v1/pauses 200
PUT /api/v1/pause 403 {"reason":"r"}
DELETE /api/v1/pause 403
PUT /api/v1/jobs/{job}/pause 403 {"reason":"r"}
DELETE /api/v1/jobs/{job}/pause 403
POST /api/v1/policy 403 {"place":"tables.customers.columns.x","rule":"{ class = \"non-personal\" }"}
GET /api/v1/clients/{client} 404
POST /api/v1/clients/{client}/anonymize 404 {"force":true,"confirm":true}
POST /api/v1/clients/{client}/clean 404 {"columns":["customers.grade"],"confirm":true}
PUT /api/v1/clients/{client}/to-anonymize-on 404 {"day":"2027-01-31"}
DELETE /api/v1/clients/{client}/to-anonymize-on 404
GET /api/v1/holds 200
PUT /api/v1/holds/{client} 404 {"reason":"r"}
DELETE /api/v1/holds/{client} 404
GET /api/v1/status 403
GET /api/v1/jobs 200
GET /api/v1/policy 403
GET /api/v1/reports/sweeps/{sweep} 403
GET /api/v1/reports/months/{month} 403
GET /health/live 204
GET /health/ready 204
GET /metrics 403
POST /api/v1/previews 200 {"kind":"due"}
POST /api/v1/rehearsals 200 {"kind":"due"}
"#;

/// The same of the pages, with a form. What was imported comes in parts, and this form is not.
const PAGES: &str = "
GET / 303
GET /sign-in 200
POST /sign-in 303 token
GET /language/{code} 303
GET /sweeps 200
GET /sweeps/{sweep} 404
GET /sweeps/{sweep}/events 404
GET /sweeps/{sweep}/report 403
POST /sweeps/{sweep}/cancel 404 mark&sure=on
GET /selections 200
GET /selections/{selection}/preview 404
POST /selections/{selection}/start 404 mark&sure=on&id=x&digest=x&clients=1
POST /selections/{selection}/review 404 mark&name=y
GET /jobs 200
GET /jobs/{job}/preview 200
POST /jobs/{job}/start 409 mark&sure=on&id=x&digest=x&clients=1
POST /jobs/{job}/pause 403 mark&reason=r
POST /jobs/{job}/resume 403 mark
POST /jobs/pause 403 mark&reason=r
POST /jobs/resume 403 mark
POST /jobs/{job}/review 303 mark&name=own
GET /reviews 200
POST /reviews 403 mark&name=x&of=kind:due&filter.grade=A
GET /reviews/{review} 404
POST /reviews/{review}/approve 404 mark&sure=on&id=1&digest=x&clients=2
POST /reviews/{review}/reject 404 mark&sure=on&id=1&digest=x&clients=2
POST /reviews/{review}/delete 404 mark&sure=on
POST /reviews/{review}/workbook 404 mark
POST /reviews/{review}/import 400 mark
GET /imports/{import} 404
GET /imports/{import}/errors 404
POST /imports/{import}/continue 404 mark&sure=on&id=1&digest=x&clients=1
GET /clients?key=C1 404
GET /clients/trace?key=C1 403
GET /clients/returned 403
POST /clients/returned 403 mark&sure=on&key=C1&former=C2
POST /clients/anonymize 404 mark&sure=on&key=C1&seen=x
POST /clients/clean 404 mark&sure=on&key=C1&column=customers.grade
POST /clients/day 404 mark&sure=on&key=C1&day=2027-01-31
GET /holds 200
POST /holds 404 mark&key=C1&reason=r
POST /holds/release 404 mark&sure=on&key=C4
GET /failures 200
POST /failures/retry 303 mark&sure=on
GET /policy 403
POST /policy 403 mark&place=x&class=personal
GET /deliveries 403
POST /deliveries/retry 403 mark&sure=on
GET /journal 403
GET /requests 403
GET /tokens 403
GET /reports 403
GET /reports/{month} 403
GET /page.css 200
GET /page.js 200
POST /sign-out 303 mark
";

/// A line of these: the method, the path as it is declared, the path that is asked, the status, and what is sent.
fn asked(line: &'static str) -> (Method, String, String, StatusCode, Option<&'static str>) {
    let mut parts = line.splitn(4, ' ');
    let mut next = || parts.next().expect("a method, a path and a status");
    let (method, pattern, status) = (next(), next(), next());
    let named = [
        ("{sweep}", "1"),
        ("{selection}", "theirs"),
        ("{review}", "theirs"),
        ("{import}", "1"),
        ("{client}", "C1"),
        ("{month}", "2026-01"),
        ("{job}", "nightly"),
        ("{code}", "fr"),
    ];
    let path = named.iter().fold(pattern.to_owned(), |path, (name, own)| path.replace(name, own));
    let declared = pattern.split('?').next().unwrap_or(pattern).to_owned();
    (method.parse().unwrap(), declared, path, status.parse().unwrap(), parts.next())
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty())
}

fn tried(table: &'static str) -> BTreeSet<String> {
    lines(table).map(asked).map(|own| format!("{} {}", own.0, own.1)).collect()
}

/// That an answer has nothing of the others.
fn has_own(what: &str, status: StatusCode, said: &str) {
    for name in ["Anna", "Carl", "Dora", "Emil", "Gerd"] {
        assert!(!said.contains(name), "{what}: {said}");
    }
    if status.is_success() {
        for key in ["C1", "C3", "C4", "C5", "C7"] {
            assert!(!said.contains(key), "{what} names {key}: {said}");
        }
    }
    if status == StatusCode::FORBIDDEN {
        let why = ["the token is limited to grade=B", "needs the right", "necessary access to configure"];
        assert!(why.iter().any(|own| said.contains(own)), "{what}: {said}");
    }
}

/// A company in which much has happened to clients of grade A: C1 failed, C3 was refused, C4 is on hold, C7 is on a
/// review. Of grade B, C2 was anonymized and C6 is due.
async fn busy() -> Office {
    let office = Office::new().await;
    let company = &office.company;
    company.execute(&refuses("customers", "old.no = 'C1'", "no")).await;
    company.due().await;
    company
        .execute(
            "INSERT INTO customers (no, name, email, due, grade) VALUES \
             ('C6', 'Fritz Adler', 'fritz@home.example', '2026-01-01', 'B'), \
             ('C7', 'Gerd Blau', 'gerd@home.example', '2026-01-01', 'A')",
        )
        .await;
    let boss = office.token("boss", &[Right::Bulk]).await;
    let put = async |path: &str, body: Value| {
        let (status, said) = office.ask(Method::PUT, path, &boss, Some(body)).await;
        assert!(status.is_success(), "{said}");
    };
    put("/api/v1/selections/theirs", json!({ "clients": ["C1"] })).await;
    put("/api/v1/holds/C4", json!({ "reason": "a dispute" })).await;
    let body = json!({ "name": "theirs", "sweep": { "kind": "due" } });
    assert_eq!(office.post("/api/v1/reviews", &boss, body).await.0, StatusCode::ACCEPTED);
    assert_eq!(office.made("theirs", &boss).await["keys"], json!(["C6", "C7"]));
    let import = office.request(Method::POST, "/api/v1/reviews/theirs/imports").bearer_auth(&boss).body("no workbook");
    assert_eq!(import.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    office
}

async fn limited(office: &Office, name: &str, grade: &str) -> String {
    office.limited(name, &[Right::Bulk], &[("grade", grade)]).await
}

#[tokio::test]
async fn r09_r20_every_path_of_the_api_keeps_a_limited_token_to_its_clients() {
    let office = busy().await;
    let desk = limited(&office, "desk", "B").await;
    let (_, document) = office.get("/api/v1/openapi.json", "").await;
    let of_path = |(path, own): (&String, &Value)| -> Vec<String> {
        own.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())).collect()
    };
    let declared: BTreeSet<String> = document["paths"].as_object().unwrap().iter().flat_map(of_path).collect();
    assert_eq!(tried(API), declared, "a new path is tried here too");
    let before = office.company.dump().await;
    for line in lines(API) {
        let (method, _, path, wanted, body) = asked(line);
        let body = body.map(|own| serde_json::from_str(own).unwrap());
        let (status, said) = office.ask(method, &path, &desk, body).await;
        assert_eq!(status, wanted, "{line}: {said}");
        has_own(line, status, &said.to_string());
    }
    assert_eq!(office.company.dump().await, before);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["1"]);
    assert_eq!(office.company.rows("SELECT client_key FROM lethe_holds WHERE released_at IS NULL").await, ["C4"]);
    let refused = office.company.rows("SELECT what FROM lethe_requests WHERE asked_by = 'desk' AND allowed = 0").await;
    assert!(refused.contains(&"read metrics".to_owned()), "a refusal is recorded: {refused:?}");
}

#[tokio::test]
async fn r09_r20_every_page_keeps_a_limited_token_to_its_clients() {
    let office = busy().await;
    let desk = limited(&office, "desk", "B").await;
    let source = read(&root().join("src/http/page/mod.rs"));
    let mut declared = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        let handlers = route.split_once(&format!("\"{path}\",")).unwrap().1.trim_start();
        let handlers = handlers.lines().next().unwrap();
        for (method, is_there) in [
            ("GET", handlers.starts_with("get(")),
            ("POST", handlers.starts_with("post(") || handlers.contains(").post(")),
        ] {
            if is_there {
                declared.insert(format!("{method} {path}"));
            }
        }
    }
    assert_eq!(tried(PAGES), declared, "a new page is tried here too");
    let before = office.company.dump().await;
    let browser = Browser::signed_in(&office, &desk).await;
    let mark = browser.mark().await;
    for line in lines(PAGES) {
        let (method, _, path, wanted, form) = asked(line);
        let fields = form.unwrap_or_default().split('&').filter(|own| !own.is_empty());
        let form: Vec<(&str, &str)> = fields
            .map(|own| match own {
                "mark" => ("mark", mark.as_str()),
                "token" => ("token", desk.as_str()),
                own => own.split_once('=').unwrap(),
            })
            .collect();
        let (status, said, _) = browser.send(method, &path, &form, &[]).await;
        assert_eq!(status, wanted, "{line}: {said}");
        has_own(line, status, &said);
    }
    assert_eq!(office.company.dump().await, before);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["1"]);
}

#[tokio::test]
async fn what_was_not_made_for_limited_tokens_refuses_them_whatever_their_rights() {
    let office = Office::new().await;
    let everything = office.limited("everything", &[Right::Admin], &[("grade", "B")]).await;
    let browser = Browser::signed_in(&office, &everything).await;
    for path in ["/tokens", "/requests", "/policy", "/clients/trace?key=C2"] {
        let (status, said, _) = browser.send(Method::GET, path, &[], &[]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(said.contains("the token is limited to grade=B"), "{path}: {said}");
    }
}

fn all_of<'a>(list: &'a Value, name: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|own| &own[name]).collect()
}

#[tokio::test]
async fn r09_r20_a_limited_token_previews_starts_and_sees_sweeps_of_its_clients_only() {
    let office = busy().await;
    office.work();
    let desk = limited(&office, "desk", "B").await;
    let (_, preview) = office.post("/api/v1/previews", &desk, json!({ "job": "nightly" })).await;
    assert_eq!((&preview["anonymized"], &preview["refused"]), (&json!(1), &json!(0)), "{preview}");
    let (status, started) =
        office.post("/api/v1/sweeps", &desk, json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    let sweep = office.over(&started["sweep"], &desk).await;
    assert_eq!((&sweep["filters"], &sweep["progress"]["anonymized"]), (&json!({ "grade": ["B"] }), &json!(1)));
    assert_eq!(all_of(&office.get("/api/v1/sweeps", &desk).await.1, "id"), [&started["sweep"]]);
    let path = format!("/api/v1/sweeps/{}/outcomes", started["sweep"]);
    assert!(all_of(&office.get(&path, &desk).await.1, "client_key").contains(&&json!("C6")));
    assert_eq!(office.get("/api/v1/clients/C6", &desk).await.1["history"][0]["outcome"], "anonymized");
    let names = office.names().await;
    assert_eq!(names[5..], ["C6|Anonymized client", "C7|Gerd Blau"]);
    let other = limited(&office, "other", "A").await;
    assert_eq!(office.get(&path, &other).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn r09_r20_what_a_limited_token_makes_is_seen_by_those_with_its_clients() {
    let office = busy().await;
    let (desk, next) = (limited(&office, "desk", "B").await, limited(&office, "next", "B").await);
    let other = limited(&office, "other", "A").await;
    let (status, _) = office.ask(Method::PUT, "/api/v1/holds/C6", &desk, Some(json!({ "reason": "a dispute" }))).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(all_of(&office.get("/api/v1/holds", &desk).await.1, "client_key"), ["C6"]);
    assert_eq!(office.ask(Method::DELETE, "/api/v1/holds/C6", &desk, None).await.0, StatusCode::OK);
    let body = json!({ "clients": ["C6", "C7"] });
    let (status, said) = office.ask(Method::PUT, "/api/v1/selections/ours", &desk, Some(body)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
    let body = json!({ "clients": ["C6"] });
    assert_eq!(office.ask(Method::PUT, "/api/v1/selections/ours", &desk, Some(body)).await.0, StatusCode::OK);
    let body = json!({ "name": "ours", "sweep": { "selection": "ours" } });
    assert_eq!(office.post("/api/v1/reviews", &desk, body).await.0, StatusCode::ACCEPTED);
    assert_eq!(office.made("ours", &desk).await["keys"], json!(["C6"]));
    for path in ["/api/v1/selections", "/api/v1/reviews"] {
        assert_eq!(all_of(&office.get(path, &next).await.1, "name"), ["ours"], "{path}");
        assert_eq!(office.get(&format!("{path}/ours"), &next).await.1["name"], "ours", "{path}");
        assert_eq!(office.get(path, &other).await.1, json!([]), "{path}");
        assert_eq!(office.get(&format!("{path}/ours"), &other).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    office.company.execute("UPDATE customers SET grade = 'A' WHERE no = 'C6'").await;
    let seen = office.company.rows("SELECT id, digest FROM lethe_reviews WHERE name = 'ours'").await.remove(0);
    let (id, digest) = seen.split_once('|').unwrap();
    let body = json!({ "id": id.parse::<i64>().unwrap(), "digest": digest, "clients": 1, "confirm": true });
    let (status, said) = office.post("/api/v1/reviews/ours/approve", &next, body).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "its client is theirs no more: {said}");
    assert_eq!(office.get("/api/v1/reviews/ours", &next).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn r09_r20_a_client_who_leaves_the_limit_before_the_batch_is_kept() {
    let office = busy().await;
    let desk = limited(&office, "desk", "B").await;
    let body = json!({ "sweep": { "kind": "list", "clients": ["C6"], "force": true }, "confirm": true });
    let (status, started) = office.post("/api/v1/sweeps", &desk, body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    office.company.execute("UPDATE customers SET grade = 'A' WHERE no = 'C6'").await;
    office.work();
    let sweep = office.over(&started["sweep"], &desk).await;
    assert_eq!((&sweep["progress"]["anonymized"], &sweep["progress"]["not_due"]), (&json!(0), &json!(1)), "{sweep}");
    assert_eq!(office.names().await[5], "C6|Fritz Adler");
    let path = format!("/api/v1/sweeps/{}/outcomes", started["sweep"]);
    assert_eq!(office.get(&path, &desk).await.1, json!([]), "who left is listed no more");
}

#[tokio::test]
async fn r09_r20_a_limited_token_retries_the_failures_of_its_clients_only() {
    let office = Office::new().await;
    office.company.execute(&refuses("customers", "old.no IN ('C1', 'C2')", "no")).await;
    office.company.due().await;
    let (desk, boss) = (limited(&office, "desk", "B").await, office.token("boss", &[Right::Bulk]).await);
    assert_eq!(office.get("/api/v1/failures", &boss).await.1.as_array().unwrap().len(), 2);
    assert_eq!(all_of(&office.get("/api/v1/failures", &desk).await.1, "client_key"), ["C2"]);
    let (status, retried) = office.post("/api/v1/failures/retry", &desk, json!({ "confirm": true })).await;
    assert_eq!((status, &retried["clients"]), (StatusCode::ACCEPTED, &json!(1)), "{retried}");
    office.work();
    let sweep = office.over(&retried["sweeps"][0], &desk).await;
    assert_eq!((&sweep["progress"]["failed"], &sweep["progress"]["anonymized"]), (&json!(1), &json!(0)), "{sweep}");
}
