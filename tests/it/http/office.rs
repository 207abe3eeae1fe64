//! A company whose office can be asked over HTTP.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::UTC;
use lethe::domain::access::{Limit, Right, Rights};
use lethe::http::{Settings, listen};
use lethe::ledger::NewToken;
use lethe::service::Service;
use lethe::service::access::{Caller, Way, hash, new_token};
use lethe::worker::{Role, run};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::common::Company;

pub const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE, grade TEXT, open INTEGER NOT NULL DEFAULT 0, court INTEGER NOT NULL DEFAULT 0);
INSERT INTO customers (no, name, email, due, grade, open, court) VALUES
  ('C1', 'Anna Meier', 'anna@home.example', '2026-01-01', 'A', 0, 0), ('C2', 'Berta Kunz', 'berta@home.example', '2026-01-02', 'B', 0, 0),
  ('C3', 'Carl Lang', 'carl@home.example', '2026-01-02', 'A', 1, 1), ('C4', 'Dora Wolf', 'dora@home.example', '2026-01-03', 'A', 0, 0),
  ('C5', 'Emil Roth', 'emil@home.example', NULL, 'A', 0, 0);
";

pub const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[filters]
grade = "grade"
[[guards]]
name = "open-orders"
reason = "has open orders"
where = "open = 1"
[[guards]]
name = "in-court"
reason = "is in court"
where = "court = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true, shown = true }
email = { class = "personal", clear = true, identifying = true }
due = { class = "non-personal" }
grade = { class = "non-personal" }
open = { class = "non-personal" }
court = { class = "non-personal" }
"#;

pub const JOB: &str = "description = \"Those whose date has come\"\nschedule = \"0 30 1 * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n\
                   [brake]\nshare = 1.0\n";

/// What people and programs send, and what comes back.
pub struct Office {
    pub company: Company,
    pub url: String,
    asker: reqwest::Client,
    stop: CancellationToken,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Office {
    /// Five customers: C1 and C2 are due, C3 is due and refused for two reasons.
    pub async fn new() -> Self {
        Self::with_rate(1_000).await
    }

    pub async fn with_rate(rate: u32) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut company = Company::new(SCHEMA, POLICY).await;
        company.context.limits.brake_share = 1.0;
        let jobs = company.folder.path().join("jobs");
        std::fs::create_dir(&jobs).expect("a folder");
        std::fs::write(jobs.join("nightly.toml"), JOB).expect("a job");
        let (rights, limit) = (Rights::default(), Limit::default());
        let unnamed = Caller { name: String::new(), rights, limit, way: Way::Http, token: None };
        let service =
            Service { context: company.context.clone(), jobs, time_zone: UTC, second_person: true, caller: unnamed };
        let rate = NonZeroU32::new(rate).expect("a rate");
        let settings = Settings { listen: "127.0.0.1:0".parse().expect("an address"), public_url: None, rate };
        let listening = listen(service, settings).await.expect("a free port");
        let url = format!("http://{}", listening.address().expect("its address"));
        let stop = CancellationToken::new();
        tokio::spawn(listening.serve(stop.clone()));
        let asker = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().expect("a client");
        Self { company, url, asker, stop }
    }

    /// A worker beside the server, until the office closes.
    pub fn work(&self) {
        let (context, stop) = (self.company.context.clone(), self.stop.clone());
        tokio::spawn(
            async move { run(&context, Role::Both(Vec::new()), stop).await.expect("the worker ends in peace") },
        );
    }

    /// A token with these rights, good for an hour.
    pub async fn token(&self, name: &str, rights: &[Right]) -> String {
        self.limited(name, rights, &[]).await
    }

    /// The same, limited to clients with these filter values.
    pub async fn limited(&self, name: &str, rights: &[Right], only: &[(&str, &str)]) -> String {
        let (token, ledger) = (new_token(), &self.company.context.ledger);
        let rights: Rights = rights.iter().copied().collect();
        let expires_at = ledger.clock().now() + TimeDelta::hours(1);
        let limit: Limit = only.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let new = NewToken { name, hash: &hash(&token), rights: &rights, limit: &limit, made_by: "test", expires_at };
        assert!(ledger.add_token(&new).await.expect("the ledger is there"));
        token
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.asker.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request, and reads status and JSON.
    pub async fn ask(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, path).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        answer(request).await
    }

    pub async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, token, None).await
    }

    pub async fn post(&self, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, token, Some(body)).await
    }

    /// Waits until a sweep is over.
    pub async fn over(&self, sweep: &Value, token: &str) -> Value {
        for _ in 0..2_400 {
            let (_, shown) = self.get(&format!("/api/v1/sweeps/{sweep}"), token).await;
            if shown["state"] != "running" {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("sweep {sweep} is never over");
    }

    /// Waits until a review is made, or could not be.
    pub async fn made(&self, review: &str, token: &str) -> Value {
        for _ in 0..2_400 {
            let (_, shown) = self.get(&format!("/api/v1/reviews/{review}"), token).await;
            if shown["state"] != "making" {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("review {review} is never made");
    }

    /// What a decision about a review carries: the review as it is seen now.
    pub async fn seen(&self, review: &str, token: &str) -> Value {
        let (_, shown) = self.get(&format!("/api/v1/reviews/{review}"), token).await;
        json!({ "id": shown["id"], "digest": shown["digest"], "clients": shown["clients"] })
    }

    /// Approves a review as it is seen now.
    pub async fn approve(&self, review: &str, token: &str) -> (StatusCode, Value) {
        let mut body = self.seen(review, token).await;
        body["confirm"] = true.into();
        self.post(&format!("/api/v1/reviews/{review}/approve"), token, body).await
    }

    /// Rejects a review as it is seen now.
    pub async fn reject(&self, review: &str, token: &str) -> StatusCode {
        let body = self.seen(review, token).await;
        self.post(&format!("/api/v1/reviews/{review}/reject"), token, body).await.0
    }

    pub async fn names(&self) -> Vec<String> {
        self.company.rows("SELECT no, name FROM customers ORDER BY no").await
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a text");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
