//! A caller without a right, or without a token, neither fills the disk nor keeps others waiting.

use std::time::{Duration, Instant};

use lethe::domain::access::Right;
use lethe::domain::text::LONGEST_TEXT;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::office::Office;

async fn connect(office: &Office) -> TcpStream {
    TcpStream::connect(office.url.trim_start_matches("http://")).await.unwrap()
}

/// The slowest of a hundred answers but one.
async fn p99(office: &Office, token: &str) -> Duration {
    let mut all = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        assert_eq!(office.get("/api/v1/jobs", token).await.0, StatusCode::OK);
        all.push(begun.elapsed());
    }
    all.sort();
    all[98]
}

#[tokio::test]
async fn a_thousand_slow_connections_keep_no_other_from_a_response() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let alone = p99(&office, &token).await;
    let mut slow = Vec::new();
    for at in 0..1_024 {
        let mut stream = connect(&office).await;
        let head = if at % 2 == 0 {
            "GET /api/v1/jobs HTTP/1.1\r\nHo".to_owned()
        } else {
            format!(
                "POST /api/v1/previews HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{"
            )
        };
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    let beside = p99(&office, &token).await;
    assert!(beside < alone * 4 + Duration::from_secs(1), "{alone:?} alone, {beside:?} beside them");
    for _ in 0..5 {
        let response = office.request(Method::GET, "/health/ready").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn who_lacks_the_right_is_refused_before_the_body_comes() {
    let office = Office::new().await;
    let token = office.token("nobody", &[]).await;
    let (_, document) = office.get("/api/v1/openapi.json", "").await;
    let mut paths = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{client}", "C1").replace("{sweep}", "1").replace(['{', '}'], "");
        let changing = methods.as_object().unwrap().keys().filter(|own| *own != "get");
        paths.extend(changing.map(|method| (method.to_uppercase(), path.clone())));
    }
    assert!(paths.len() > 15, "{paths:?}");
    for (method, path) in paths {
        let mut stream = connect(&office).await;
        let size = if path.ends_with("imports") { 30_000_000 } else { 100_000 };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut said = vec![0; 64];
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut said)).await;
        let read = read.expect("nothing of the body is waited for").unwrap();
        let said = String::from_utf8_lossy(&said[..read]).into_owned();
        assert!(said.starts_with("HTTP/1.1 403"), "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn a_reader_leaves_a_bounded_trace_however_often_and_whatever_is_asked() {
    let office = Office::with_rate(10_000).await;
    let token = office.token("reader", &[Right::Read]).await;
    for at in 0..300 {
        let path = format!("/api/v1/reviews/{at}{}/approve", "x".repeat(2_000));
        let (status, _) = office.post(&path, &token, json!({ "confirm": true })).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    let kept =
        office.company.rows("SELECT count(*), max(length(what)), max(times), sum(times) FROM lethe_requests").await;
    let kept: Vec<i64> = kept[0].split('|').map(|own| own.parse().unwrap()).collect();
    assert!(
        kept[0] == 201 && kept[1] <= i64::try_from(LONGEST_TEXT).expect("a length") && kept[2..] == [100, 300],
        "{kept:?}"
    );
    // What is too old goes, and so do responses that are not requested again.
    office
        .company
        .execute("INSERT INTO lethe_answers (token, request_key, asked, at) VALUES (1, 'k', '', '2026-01-01')")
        .await;
    // A scheduler deletes it, though no sweep is ever closed.
    office.work();
    let kept = "SELECT (SELECT count(*) FROM lethe_answers), (SELECT count(*) FROM lethe_requests)";
    for (moment, wanted) in [("2026-01-03T12:00:01Z", "0|201"), ("2028-02-01T12:00:00Z", "0|0")] {
        office.company.set_clock(moment);
        let begun = Instant::now();
        while office.company.rows(kept).await != [wanted] {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", office.company.rows(kept).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
}

#[tokio::test]
async fn however_often_readiness_is_requested_the_response_is_a_second_old_at_most() {
    let office = Office::new().await;
    let ready = async || office.request(Method::GET, "/health/ready").send().await.unwrap().status();
    let becomes = async |wanted: StatusCode| {
        let begun = Instant::now();
        loop {
            let all = futures::future::join_all((0..50).map(|_| ready())).await;
            if all.iter().all(|own| *own == wanted) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{all:?}");
        }
    };
    becomes(StatusCode::NO_CONTENT).await;
    office.company.execute("ALTER TABLE customers ADD COLUMN nickname TEXT").await;
    becomes(StatusCode::SERVICE_UNAVAILABLE).await;
    office.company.execute("ALTER TABLE customers DROP COLUMN nickname").await;
    becomes(StatusCode::NO_CONTENT).await;
}

#[tokio::test]
async fn names_and_reasons_are_of_bounded_length_and_are_what_they_seem() {
    let office = Office::new().await;
    let token = office.token("operator", &[Right::Admin]).await;
    let unclear = [
        "b\u{966}b",
        "a\u{1c0}ice",
        "ᎪᏞᏆᏟᎬ",
        "week\u{2010}1",
        "a\u{1d173}b",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{1b}[2Jb",
        "p\u{430}ypal",
        "\u{ff41}b",
        "a\u{a0}b",
        &"x".repeat(61),
        "",
    ];
    for name in unclear {
        let (status, problem) =
            office.post("/api/v1/reviews", &token, json!({ "name": name, "sweep": { "kind": "due" } })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}: {problem}");
        let encoded = name.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
        let path = format!("/api/v1/selections/{encoded}");
        let (status, problem) = office.ask(Method::PUT, &path, &token, Some(json!({ "clients": ["C1"] }))).await;
        assert!(status.is_client_error(), "{name:?}: {problem}");
    }
    for reason in ["x".repeat(501), "a\u{202e}b".to_owned(), "a\u{1b}[31m".to_owned(), " ".to_owned()] {
        let (status, problem) =
            office.ask(Method::PUT, "/api/v1/holds/C1", &token, Some(json!({ "reason": reason }))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    }
    let many: Vec<String> = (0..1_001).map(|at| at.to_string()).collect();
    for sweep in [
        json!({ "kind": "due", "filters": { "grade": ["x".repeat(501)] } }),
        json!({ "kind": "due", "filters": { "grade": ["a\u{202e}b"] } }),
        json!({ "kind": "due", "filters": { "grade": many } }),
        json!({ "kind": "list", "clients": ["C".repeat(1_001)] }),
    ] {
        for (path, body) in [
            ("/api/v1/reviews", json!({ "name": "week", "sweep": sweep })),
            ("/api/v1/sweeps", json!({ "sweep": sweep, "confirm": true })),
            ("/api/v1/previews", sweep.clone()),
        ] {
            let (status, problem) = office.post(path, &token, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        }
    }
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    let kept = "SELECT (SELECT count(*) FROM lethe_reviews) + (SELECT count(*) FROM lethe_selections) + (SELECT count(*) FROM lethe_holds)";
    assert_eq!(office.company.rows(kept).await, ["0"]);
}

#[tokio::test]
async fn a_new_token_owns_nothing_of_an_earlier_one_of_its_name() {
    let office = Office::new().await;
    let old = office.token("alice", &[Right::Anonymize]).await;
    let (status, _) = office.ask(Method::PUT, "/api/v1/holds/C1", &old, Some(json!({ "reason": "a dispute" }))).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(office.company.context.ledger.revoke_token("alice", "test").await.unwrap());
    office.company.set_clock("2026-01-02T12:10:00Z");
    let new = office.token("alice", &[Right::Anonymize]).await;
    let release = async || office.ask(Method::DELETE, "/api/v1/holds/C1", &new, None).await.0;
    assert_eq!(release().await, StatusCode::FORBIDDEN);
    office.company.execute("UPDATE lethe_holds SET placed_at = '2026-01-02T12:11:00.000Z'").await;
    assert_eq!(release().await, StatusCode::OK, "its own");
}
