//! Requests that mean harm: each is refused cleanly, and nothing is changed.

use std::time::{Duration, Instant};

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::office::{Office, answer};

#[tokio::test]
async fn bodies_that_are_none_change_nothing() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    let before = office.company.dump().await;
    let paths = [
        "/api/v1/sweeps",
        "/api/v1/previews",
        "/api/v1/rehearsals",
        "/api/v1/failures/retry",
        "/api/v1/clients/C1/anonymize",
    ];
    let deep = "[".repeat(100_000);
    let large = format!("{{\"sweep\":{{\"kind\":\"{}\"}}}}", "x".repeat(1 << 20));
    let bodies = [
        "",
        "null",
        "[]",
        "\"due\"",
        "{",
        "{\"confirm\":",
        "1e999",
        deep.as_str(),
        large.as_str(),
        "{\"sweep\":{\"kind\":\"all\"},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"limit\":0},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"limit\":-1},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"job\":\"nightly\"},\"confirm\":true}",
        "{\"sweep\":{},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"list\"},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"force\":true},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"filters\":{\"name\":[\"x\"]}},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"filters\":{\"grade' OR 1=1 --\":[\"x\"]}},\"confirm\":true}",
        "{\"sweep\":{\"job\":\"../../etc/passwd\"},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"retention\"},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\"},\"confirm\":\"yes\"}",
        "{\"sweep\":{\"kind\":\"due\"},\"confirm\":1}",
        "{\"confirm\":true,\"x\":1}",
        // By position, and twice: another reader may take the other.
        "[{\"kind\":\"due\"},null,true]",
        "[\"C1\",true]",
        "{\"sweep\":{\"kind\":\"due\"},\"sweep\":{\"kind\":\"due\"},\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"kind\":\"due\"},\"confirm\":true}",
        "{\"confirm\":true,\"confirm\":true}",
        "{\"sweep\":{\"kind\":\"due\",\"filters\":{\"grade\":[\"\\u0000\"]}},\"confirm\":true}",
        "{\"client\":\"\\u0000\",\"confirm\":true}",
    ];
    for path in paths {
        for body in bodies {
            let request = office.request(Method::POST, path).bearer_auth(&token);
            let request = request.header("content-type", "application/json").body(body.to_owned());
            let (status, problem) = answer(request).await;
            assert!(status.is_client_error(), "{path} {body:.60} gave {status}");
            assert!(problem["detail"].is_string(), "{path} {body:.60} gave {problem}");
        }
    }
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    assert_eq!(office.company.dump().await, before);
}

#[tokio::test]
async fn paths_and_parameters_that_are_none_are_told_so() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    for path in [
        "/api",
        "/api/v1",
        "/api/v2/sweeps",
        "/api/v1/sweeps/",
        "/api/v1/sweeps/0",
        "/api/v1/sweeps/-1",
        "/api/v1/sweeps/1e3",
        "/api/v1/sweeps/99999999999999999999",
        "/api/v1/sweeps/1%00",
        "/api/v1/sweeps?limit=0",
        "/api/v1/sweeps?limit=201",
        "/api/v1/sweeps?limit=",
        "/api/v1/sweeps?before=x",
        "/api/v1/sweeps?order=name",
        "/api/v1/sweeps/1/outcomes?outcome=gone",
        "/api/v1/status?last=1000000",
        "/api/v1/reports/months/2026-13",
        "/api/v1/reports/months/2999-01",
        "/api/v1/reports/months/2026-1",
        "/api/v1/reports/sweeps/7",
        "/api/v1/clients/..%2f..%2fetc%2fpasswd",
        "/api/v1/clients/C1'%20OR%20'1'='1",
        "/api/v1/clients/%ff%fe",
        "/api/v1/clients/%00",
        "/api/v1/../../etc/passwd",
        "/api/v1/clients/",
        "/metrics/",
        "/health",
        "/health/ready/x",
    ] {
        let (status, problem) = office.get(path, &token).await;
        assert!(status.is_client_error(), "{path} gave {status}");
        assert!(problem["detail"].is_string(), "{path} gave {problem}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    let many = vec!["C1"; 300_000];
    let (status, _) = office
        .post("/api/v1/sweeps", &token, json!({ "sweep": { "kind": "list", "clients": many }, "confirm": true }))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let some = vec!["C1"; 10_001];
    let (status, problem) = office
        .post("/api/v1/sweeps", &token, json!({ "sweep": { "kind": "list", "clients": some }, "confirm": true }))
        .await;
    assert_eq!(
        (status, &problem["detail"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("more than 10,000 clients are named"))
    );
}

#[tokio::test]
async fn only_a_client_that_asks_too_often_is_turned_away() {
    let office = Office::with_rate(1).await;
    let (greedy, modest) = (office.token("greedy", &[Right::Read]).await, office.token("modest", &[Right::Read]).await);
    // Both are known by their tokens from then on; until then they are by their address.
    for token in [&modest, &greedy] {
        while office.get("/api/v1/jobs", token).await.0 == StatusCode::TOO_MANY_REQUESTS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let mut turned_away = 0;
    for _ in 0..20 {
        turned_away += usize::from(office.get("/api/v1/jobs", &greedy).await.0 == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(turned_away > 5, "{turned_away} of 20");
    assert_eq!(office.get("/api/v1/jobs", &modest).await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_tokens_is_turned_away_by_the_address_and_a_token_that_is_known_is_not() {
    let office = Office::with_rate(5).await;
    let known = office.token("dashboard", &[Right::Read]).await;
    assert_eq!(office.get("/api/v1/jobs", &known).await.0, StatusCode::OK);
    let (mut told, mut turned_away) = (0, 0);
    let guesses: Vec<String> = (0..60).map(|guess| format!("lethe_{guess}")).collect();
    for (status, _) in futures::future::join_all(guesses.iter().map(|own| office.get("/api/v1/jobs", own))).await {
        match status {
            StatusCode::UNAUTHORIZED => told += 1,
            StatusCode::TOO_MANY_REQUESTS => turned_away += 1,
            other => panic!("{other}"),
        }
    }
    assert!(turned_away > 30, "{told} guesses were answered, {turned_away} were not");
    assert_eq!(office.get("/api/v1/jobs", &known).await.0, StatusCode::OK);
}

#[tokio::test]
async fn headers_cannot_be_made_up() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    for head in [
        format!("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n\r\n"),
        format!("GET /api/v1/jobs?token={token} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nCookie: lethe={token}\r\n\r\n"),
        "GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\n\r\n".to_owned(),
        "GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \u{e9}\r\n\r\n".to_owned(),
        format!("GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(200_000)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)),
        "POST /api/v1/sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            .to_owned(),
        "GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(office.url.trim_start_matches("http://")).await.unwrap();
        // The server may hang up on what is too long before all of it is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut said = vec![0; 64];
        let read =
            tokio::time::timeout(Duration::from_secs(60), stream.read(&mut said)).await.expect("an answer in time");
        let said = String::from_utf8_lossy(&said[..read.unwrap_or(0)]).into_owned();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{head:.60} gave {said}");
    }
    let injected = office
        .request(Method::POST, "/api/v1/failures/retry")
        .bearer_auth(&token)
        .header("idempotency-key", "x".repeat(500));
    assert_eq!(
        answer(injected.header("content-type", "application/json").body("{\"confirm\":true}")).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed_and_keeps_no_other_waiting() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(office.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(b"GET /api/v1/jobs HTTP/1.1\r\nHo").await.unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    assert_eq!(office.get("/api/v1/jobs", &token).await.0, StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(9));
    for mut stream in slow {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest))
            .await
            .expect("let go in time")
            .unwrap();
    }
}

#[tokio::test]
async fn a_connection_stays_open_while_a_dashboard_pauses() {
    let office = Office::new().await;
    let mut stream = TcpStream::connect(office.url.trim_start_matches("http://")).await.unwrap();
    for pause in [0, 15] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut said = [0; 4096];
        let read = stream.read(&mut said).await.unwrap();
        assert!(said[..read].starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&said[..read]));
    }
}

#[tokio::test]
async fn answers_say_how_browsers_should_treat_them() {
    let office = Office::new().await;
    for path in ["/api/v1/openapi.json", "/api/v1/jobs", "/nothing"] {
        let response = office.request(Method::GET, path).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("cache-control").as_deref(), Some("no-store"), "{path}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("x-frame-options").as_deref(), Some("DENY"));
        assert!(header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    }
}

#[tokio::test]
async fn two_hundred_who_read_keep_no_sweep_from_ending() {
    let office = std::sync::Arc::new(Office::new().await);
    office.work();
    let token = office.token("dashboard", &[Right::Bulk]).await;
    let mut readers = Vec::new();
    for _ in 0..200 {
        let (office, token) = (std::sync::Arc::clone(&office), token.clone());
        readers.push(tokio::spawn(async move {
            (office.get("/api/v1/status", &token).await.0, office.get("/api/v1/sweeps", &token).await.0)
        }));
    }
    let (_, started) =
        office.post("/api/v1/sweeps", &token, json!({ "sweep": { "kind": "due" }, "confirm": true })).await;
    assert_eq!(office.over(&started["sweep"], &token).await["progress"]["anonymized"], 2);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (StatusCode::OK, StatusCode::OK));
    }
}
