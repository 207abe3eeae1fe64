//! Messages to other systems, signed in the form of
//! [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

mod sender;
mod sign;

pub use sender::{Answer, Sender, client};
pub use sign::Secret;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};
use url::Url;

use crate::domain::words::words;

words! {
    "the events are";
    /// What a message is about.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Event {
        /// Clients were anonymized.
        Anonymized = "client.anonymized",
        /// Clients were refused, or for other reasons than the last time.
        Refused = "client.refused",
        /// Clients failed.
        Failed = "client.failed",
        /// Clients are due, and will be anonymized after a while.
        Notice = "client.notice",
        /// Something that a person should look at.
        Alert = "lethe.alert",
    }
}

impl Event {
    /// The outcome that it tells, if it tells one.
    pub fn outcome(self) -> Option<&'static str> {
        self.as_str().strip_prefix("client.").filter(|_| self != Self::Notice)
    }
}

/// Another system that is told.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where messages go.
    pub url: Url,
    /// Each signs every message, so that one can take another's place.
    pub secrets: Vec<Secret>,
    pub events: BTreeSet<Event>,
    /// Under which client keys are hashed, where they are not told as they are.
    pub hashed: Option<Secret>,
    /// The most clients that one message names.
    pub most_clients: usize,
}

#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its id, the same however often it is sent.
    pub id: &'a str,
    pub event: &'a str,
    /// When what it tells of happened.
    pub at: &'a str,
    /// The sweep; 0 for none.
    pub sweep: i64,
    /// The keys of the clients as a JSON array, or of an alert what it says.
    pub body: &'a str,
    /// Of a notice, the first day on which it can come about.
    pub not_before: Option<NaiveDate>,
}

impl Webhook {
    /// The text that is sent: the same for the same message, save the day of a notice.
    ///
    /// # Panics
    ///
    /// If the message's body is not JSON, which the ledger ensures.
    pub fn payload(&self, message: &Message<'_>) -> String {
        let body: Value = serde_json::from_str(message.body).expect("JSON, as the caller has made sure");
        let data = match (message.event.parse::<Event>(), body) {
            (Ok(event), Value::Array(keys)) => {
                let key = |key: Value| match (&self.hashed, key.as_str()) {
                    (Some(secret), Some(plain)) => Value::String(secret.hash(plain)),
                    _ => key,
                };
                let keys: Vec<Value> = keys.into_iter().map(key).collect();
                let mut data = json!({ "sweep": message.sweep, "at": message.at, "clients": keys });
                if let Some(outcome) = event.outcome() {
                    data["outcome"] = outcome.into();
                }
                if let Some(day) = message.not_before {
                    data["not_before"] = day.to_string().into();
                }
                data
            }
            (_, body) => body,
        };
        json!({ "type": message.event, "timestamp": message.at, "data": data }).to_string()
    }
}
