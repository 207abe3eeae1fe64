//! A person who is signed in has a session, which ends; the cookie is not a token.

use lethe::domain::access::Right;
use reqwest::{Method, StatusCode};

use super::office::Office;
use super::pages::Browser;

async fn status(browser: &Browser<'_>) -> StatusCode {
    browser.send(Method::GET, "/", &[], &[]).await.0
}

#[tokio::test]
async fn a_cookie_is_no_token_and_no_two_are_the_same() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let (one, other) = (Browser::signed_in(&office, &token).await, Browser::signed_in(&office, &token).await);
    assert_ne!(one.cookie, other.cookie);
    assert!(!one.cookie.contains(&token), "{}", one.cookie);
    let session = one.cookie.split('=').nth(1).unwrap();
    assert_eq!(office.get("/api/v1/jobs", session).await.0, StatusCode::UNAUTHORIZED, "a session is for pages");
    let kept = office.company.rows("SELECT hash FROM lethe_sessions").await.join(" ");
    assert!(!kept.contains(session) && !kept.contains(&token));
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_when_it_is_old_and_when_its_token_is_revoked() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    office.company.execute("UPDATE lethe_tokens SET expires_at = '2030-01-01'").await;
    let browser = Browser::signed_in(&office, &token).await;
    for (moment, wanted) in [
        ("2026-01-02T12:59:00Z", StatusCode::OK),
        ("2026-01-02T13:58:00Z", StatusCode::OK),
        ("2026-01-02T14:58:01Z", StatusCode::SEE_OTHER),
    ] {
        office.company.set_clock(moment);
        assert_eq!(status(&browser).await, wanted, "{moment}");
    }
    let browser = Browser::signed_in(&office, &token).await;
    for minute in (0..=720).step_by(30) {
        let at = "2026-01-02T14:58:01Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
            + chrono::TimeDelta::minutes(minute);
        office.company.set_clock(&at.to_rfc3339());
        let wanted = if minute < 720 { StatusCode::OK } else { StatusCode::SEE_OTHER };
        assert_eq!(status(&browser).await, wanted, "after {minute} minutes");
    }
    let browser = Browser::signed_in(&office, &token).await;
    assert!(office.company.context.ledger.revoke_token("reader", "test").await.unwrap());
    assert_eq!(status(&browser).await, StatusCode::SEE_OTHER);
    office.company.context.ledger.tidy_requests().await.unwrap();
    assert_eq!(
        office.company.rows("SELECT count(*) FROM lethe_sessions").await,
        ["1"],
        "those that are over are deleted"
    );
}

#[tokio::test]
async fn a_page_that_looks_again_by_itself_keeps_no_session_from_ending() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    office.company.execute("UPDATE lethe_tokens SET expires_at = '2030-01-01'").await;
    let (left, used) = (Browser::signed_in(&office, &token).await, Browser::signed_in(&office, &token).await);
    for moment in ["2026-01-02T12:20:00Z", "2026-01-02T12:40:00Z", "2026-01-02T12:59:59Z"] {
        office.company.set_clock(moment);
        let (live, ..) = left.send(Method::GET, "/", &[], &[("lethe-live", "1")]).await;
        assert_eq!((live, status(&used).await), (StatusCode::OK, StatusCode::OK), "{moment}");
    }
    office.company.set_clock("2026-01-02T13:00:01Z");
    assert_eq!((status(&left).await, status(&used).await), (StatusCode::SEE_OTHER, StatusCode::OK));
}

#[tokio::test]
async fn a_token_has_ten_sessions_and_the_oldest_makes_room() {
    let office = Office::new().await;
    let (token, other) = (office.token("reader", &[Right::Read]).await, office.token("other", &[Right::Read]).await);
    let untouched = Browser::signed_in(&office, &other).await;
    let mut browsers = Vec::new();
    for second in 0..12 {
        office.company.set_clock(&format!("2026-01-02T12:00:{second:02}Z"));
        browsers.push(Browser::signed_in(&office, &token).await);
    }
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sessions").await, ["11"]);
    for (at, browser) in browsers.iter().enumerate() {
        let wanted = if at < 2 { StatusCode::SEE_OTHER } else { StatusCode::OK };
        assert_eq!(status(browser).await, wanted, "session {at}");
    }
    assert_eq!(status(&untouched).await, StatusCode::OK);
}

#[tokio::test]
async fn people_behind_one_address_are_counted_by_their_sessions_and_are_refused_with_a_page() {
    let office = Office::with_rate(2).await;
    let (greedy, modest) = (office.token("greedy", &[Right::Read]).await, office.token("modest", &[Right::Read]).await);
    let mut browsers = Vec::new();
    for token in [&greedy, &modest] {
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let browser = Browser::signed_in(&office, token).await;
        browser.send(Method::GET, "/holds", &[], &[]).await;
        browsers.push(browser);
    }
    let mut refused = 0;
    for (status, page, _) in
        futures::future::join_all((0..20).map(|_| browsers[0].send(Method::GET, "/holds", &[], &[]))).await
    {
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
            assert!(page.starts_with("<!DOCTYPE html>") && page.contains("too many requests"), "{page}");
        }
    }
    assert!(refused > 5, "{refused} of 20");
    assert_eq!(status(&browsers[1]).await, StatusCode::OK);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_page_is_said_on_a_page() {
    let office = Office::new().await;
    let token = office.token("clerk", &[Right::Bulk]).await;
    let browser = Browser::signed_in(&office, &token).await;
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::GET, "/sweeps/99"),
        (Method::GET, "/sweeps/x"),
        (Method::GET, "/clients?key=%00"),
        (Method::GET, "/clients?key=nobody"),
        (Method::GET, "/reviews?since=\u{e9}&name=%ff"),
        (Method::POST, "/holds"),
        (Method::POST, "/jobs/nightly/start"),
        (Method::POST, "/jobs/nothing/start"),
        (Method::PUT, "/holds"),
    ] {
        let (status, page, _) = browser.send(method.clone(), path, &[], &[]).await;
        if status.is_success() {
            continue;
        }
        assert!(page.starts_with("<!DOCTYPE html>"), "{method} {path}: {page}");
    }
    let (status, problem) = office.get("/api/v1/nothing", &token).await;
    assert!(status == StatusCode::NOT_FOUND && problem["detail"].is_string(), "a program is told as a program");
}
