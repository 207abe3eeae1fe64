//! A receiver of webhooks, on this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

/// What the receiver answers: a status, headers, and how long it takes.
#[derive(Clone)]
pub struct Say(pub u16, pub &'static [(&'static str, &'static str)], pub Duration);

const FINE: Say = Say(204, &[], Duration::ZERO);

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signatures: Vec<String>,
    pub text: String,
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    says: Arc<Mutex<VecDeque<Say>>>,
    pub url: String,
}

impl Receiver {
    /// A receiver that says these things first, and then that all is fine.
    pub async fn new(says: &[Say]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=abc", listener.local_addr().unwrap());
        let receiver = Self { url, says: Arc::new(Mutex::new(says.iter().cloned().collect())), ..Self::default() };
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// All clients that were named in messages of a type, in order.
    pub fn clients(&self, event: &str) -> Vec<String> {
        let got = self.got();
        let of_event = got.iter().filter(|own| own.body["type"] == event);
        of_event
            .flat_map(|own| own.body["data"]["clients"].as_array().unwrap().clone())
            .map(|key| key.as_str().unwrap().to_owned())
            .collect()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, text: String) -> (StatusCode, HeaderMap) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let say = receiver.says.lock().unwrap().pop_front().unwrap_or(FINE);
    receiver.got.lock().unwrap().push(Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        body: serde_json::from_str(&text).unwrap(),
        text,
    });
    tokio::time::sleep(say.2).await;
    let answer = say.1.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    (StatusCode::from_u16(say.0).unwrap(), answer.collect())
}
