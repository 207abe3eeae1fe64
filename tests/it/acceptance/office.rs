//! The program running for a company of a trade, asked over HTTP.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::trade::Trade;
use crate::common::collector::Collector;
use crate::common::searched;
use crate::common::service;

/// `lethe run` at work, with a server; it is ended with the test.
pub struct Office {
    running: Child,
    url: String,
    /// Where its spans go.
    collector: Collector,
    /// The token that was last shown, by which the figures are asked for at the end.
    token: Mutex<String>,
    asker: reqwest::Client,
}

impl Office {
    pub fn open(trade: &Trade) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let collector = Collector::new();
        trade.configure(&format!("[http]\nlisten = \"127.0.0.1:0\"\n[traces]\nendpoint = \"{}\"\n", collector.url));
        let mut command = service(trade.folder.path(), "run");
        let (running, line) = searched::start_until(command.env("OTEL_BSP_SCHEDULE_DELAY", "100"), "listening");
        let url = searched::url(&line);
        let asker = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { running, url, collector, token: Mutex::default(), asker }
    }

    /// Status and answer.
    pub async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        token.clone_into(&mut self.token.lock().expect("a token"));
        Self::answer(self.asker.get(format!("{}{path}", self.url)).bearer_auth(token)).await
    }

    /// Status and answer.
    pub async fn post(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let request = self.asker.post(format!("{}{path}", self.url)).bearer_auth(token);
        Self::answer(request.header("content-type", "application/json").body(body.to_string())).await
    }

    /// Status and answer to any other way of asking, with a body if there is one.
    pub async fn ask(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.asker.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        Self::answer(match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        })
        .await
    }

    async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a text");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Waits until a sweep is over, and shows it.
    pub async fn over(&self, sweep: &Value, token: &str) -> Value {
        for _ in 0..600 {
            let (_, shown) = self.get(&format!("/api/v1/sweeps/{sweep}"), token).await;
            if shown["state"] != "running" {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("sweep {sweep} is never over");
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let figures = self.figures();
        for _ in 0..300 {
            if self.collector.asked() > 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        // The last spans are sent within a tenth of a second.
        std::thread::sleep(Duration::from_millis(300));
        self.running.kill().expect("it is killed");
        self.running.wait().expect("it ends");
        if !std::thread::panicking() {
            assert!(figures.contains("HTTP/1.1 "), "the figures are answered");
            searched::search("/metrics", figures.as_bytes());
            assert!(self.collector.asked() > 0, "spans were sent");
            searched::search("the spans", &self.collector.bytes());
        }
    }
}

impl Office {
    /// What `/metrics` answers, head and all; nothing where the server no longer responds.
    fn figures(&self) -> String {
        let ask = || -> std::io::Result<String> {
            let address = self.url.trim_start_matches("http://");
            let mut stream = std::net::TcpStream::connect(address)?;
            let token = self.token.lock().expect("a token");
            write!(
                stream,
                "GET /metrics HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().unwrap_or_default()
    }
}

/// A token with these rights.
pub fn token(trade: &Trade, name: &str, rights: &str) -> String {
    let made = trade.json(&["token", "add", name, "--right", rights]);
    made["token"].as_str().unwrap_or_else(|| panic!("a token: {made}")).to_owned()
}
