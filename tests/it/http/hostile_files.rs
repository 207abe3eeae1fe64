//! Workbooks, names and pauses that mean harm, over HTTP.

use std::time::{Duration, Instant};

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::office::{Office, answer};
use super::rights::everything;
use super::workbooks::{give_back, workbook};
use crate::common::spreadsheet::with;

const SHEET: &str = "xl/worksheets/sheet1.xml";

fn sheet(data: &str) -> Vec<u8> {
    let space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    format!("<worksheet xmlns=\"{space}\"><sheetData>{data}</sheetData></worksheet>").into_bytes()
}

#[tokio::test]
async fn workbooks_that_mean_harm_are_refused_and_nothing_is_changed() {
    let office = Office::new().await;
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    for name in ["week", "other"] {
        office.post("/api/v1/reviews", &alice, json!({ "name": name, "sweep": { "kind": "due" } })).await;
        office.made(name, &alice).await;
    }
    let book = workbook(&office, "week", &alice).await;
    let bomb = vec![b' '; 130 << 20];
    let entity =
        "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]><worksheet>&c;</worksheet>";
    let part = |name: &str, bytes: &[u8]| with(&book, &[(name, bytes)]);
    let harmful = [
        ("a bomb", part(SHEET, &bomb)),
        ("a bomb beside the sheet", part("xl/media/image1.png", &bomb)),
        (
            "a formula",
            part(SHEET, &sheet("<row r=\"1\"><c r=\"A1\"><f>WEBSERVICE(\"http://x\")</f><v>1</v></c></row>")),
        ),
        ("a link to another file", part("xl/externalLinks/externalLink1.xml", b"<x/>")),
        ("macros", part("xl/vbaProject.bin", b"x")),
        ("the widest row", part(SHEET, &sheet("<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>"))),
        ("the last row", part(SHEET, &sheet("<row r=\"1048576\"><c r=\"A1048576\"><v>1</v></c></row>"))),
        ("an entity", part(SHEET, entity.as_bytes())),
        ("a way out", part("../../../etc/cron.d/lethe", b"* * * * * root true")),
        ("a way from the root", part("/etc/passwd", b"x")),
        ("half a file", book[..book.len() / 2].to_vec()),
        ("an archive of nothing", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        ("a page", b"<html><script>alert(1)</script></html>".to_vec()),
        ("a table as text", b"no,name\nC1,=1+1\n".to_vec()),
        ("nothing", Vec::new()),
        ("another's export", workbook(&office, "other", &alice).await),
    ];
    let before = office.company.dump().await;
    for (what, file) in harmful {
        let begun = Instant::now();
        let (status, problem) = give_back(&office, "week", &bob, file).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|said| said.contains("was refused")), "{what}: {problem}");
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} took {:?}", begun.elapsed());
    }
    assert_eq!(office.company.dump().await, before);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    let (_, review) = office.get("/api/v1/reviews/week", &bob).await;
    assert_eq!((&review["state"], &review["keys"]), (&json!("waiting"), &json!(["C1", "C2"])));
}

#[tokio::test]
async fn without_a_token_nothing_is_shown() {
    let office = Office::new().await;
    for (method, path, _, body) in everything() {
        let body = body.map(|own| own.to_string()).unwrap_or_default();
        for authorization in ["", "Bearer", "Bearer lethe_", "Basic YWRtaW46YWRtaW4=", "Bearer null"] {
            let request = office.request(method.clone(), path).header("content-type", "application/json");
            let request = request.header("authorization", authorization).body(body.clone());
            let (status, problem) = answer(request).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with `{authorization}`: {problem}");
        }
    }
    let asked = i64::try_from(everything().len() * 5).unwrap();
    let sum = format!("{asked}");
    let begun = Instant::now();
    while office.company.rows("SELECT sum(times) FROM lethe_requests WHERE needs = 'token'").await != [sum.as_str()] {
        assert!(begun.elapsed() < Duration::from_secs(120), "each is recorded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // One row for each address, route and hour, with nothing of a token or a key in it.
    let kept = office.company.rows("SELECT DISTINCT asked_by, way, allowed FROM lethe_requests").await;
    assert_eq!(kept, ["127.0.0.1 (no valid token)|http|0"]);
    let kept = office.company.rows("SELECT what FROM lethe_requests ORDER BY what").await;
    assert!(kept.contains(&"POST /api/v1/clients/{client}/anonymize".to_owned()), "{kept:?}");
    assert!(kept.windows(2).all(|two| two[0] != two[1]), "{kept:?}");
    assert!(kept.iter().all(|own| !own.contains("C1") && !own.contains("lethe_")), "{kept:?}");
    // The next hour has rows of its own.
    office.company.set_clock("2026-01-02T13:00:00Z");
    office.request(Method::GET, "/api/v1/status").send().await.unwrap();
    let rows = "SELECT count(*) FROM lethe_requests WHERE what = 'GET /api/v1/status'";
    while office.company.rows(rows).await != ["2"] {
        assert!(begun.elapsed() < Duration::from_secs(180), "it is recorded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_name_with_the_end_of_a_line_adds_no_header() {
    let office = Office::new().await;
    let token = office.token("alice", &[Right::Admin]).await;
    let injected = "x%0d%0aSet-Cookie:%20own=1%0d%0a%0d%0a";
    for (method, path) in [
        (Method::GET, format!("/api/v1/reviews/{injected}")),
        (Method::GET, format!("/api/v1/reviews/{injected}/workbook")),
        (Method::GET, format!("/api/v1/clients/{injected}")),
        (Method::GET, format!("/api/v1/reports/months/{injected}")),
        (Method::PUT, format!("/api/v1/holds/{injected}")),
        (Method::GET, format!("/jobs/{injected}/preview")),
        (Method::GET, format!("/language/{injected}")),
        (Method::GET, format!("/{injected}")),
    ] {
        let request = office.request(method, &path).bearer_auth(&token).header("content-type", "application/json");
        let response = request.body("{\"reason\":\"r\"}").send().await.unwrap();
        let cookies: Vec<_> =
            response.headers().get_all("set-cookie").iter().map(|own| own.to_str().unwrap()).collect();
        assert!(cookies.iter().all(|own| !own.contains("own=1")), "{path}: {cookies:?}");
        let location = response.headers().get("location").map(|own| own.to_str().unwrap().to_owned());
        assert!(location.is_none_or(|own| !own.contains("own=1")), "{path}");
    }
    let body = json!({ "name": "x\r\nSet-Cookie: own=1", "sweep": { "kind": "due" } });
    assert_eq!(office.post("/api/v1/reviews", &token, body).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_reviews").await, ["0"]);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_holds").await, ["0"]);
}

#[tokio::test]
async fn a_change_of_language_leads_to_no_other_site() {
    let office = Office::new().await;
    let asker = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let location = async |to: &str| {
        let response = asker.get(format!("{}/language/de?to={to}", office.url)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{to}");
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    for to in [
        "/%09/evil.example",
        "/%01",
        "/%7f",
        "/%0d%0a/evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%5C/evil.example",
        "%09//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%20/evil.example",
        "/%C3%A9",
        "",
    ] {
        assert_eq!(location(to).await, "/", "{to}");
    }
    assert_eq!(location("/sweeps%3Fjob%3Da%2520b").await, "/sweeps?job=a%20b");
}

#[tokio::test]
async fn who_begins_a_body_and_does_not_end_it_is_let_go_within_its_time() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    let head = "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"swe";
    let request = format!("POST /api/v1/sweeps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{head}");
    let mut slow = TcpStream::connect(office.url.trim_start_matches("http://")).await.unwrap();
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut said = vec![0; 12];
    let read = tokio::time::timeout(Duration::from_secs(120), slow.read_exact(&mut said)).await;
    read.expect("let go in time").expect("an answer");
    assert_eq!(String::from_utf8_lossy(&said), "HTTP/1.1 408");
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}
