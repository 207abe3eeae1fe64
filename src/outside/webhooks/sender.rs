//! Sends one message, and says what the answer means.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::{Message, Webhook};

/// The longest that a receiver may ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// What became of one try to send a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Through,
    /// The receiver is away or overloaded: to be tried again, after so long if it has said.
    Again(Option<Duration>, String),
    /// The receiver rejects this message, and may accept others.
    Rejected(String),
    /// The receiver wants no more of this, ever.
    Gone(String),
}

/// Sends messages.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
}

/// A client that waits so long for an answer. It trusts the authorities that the
/// system does, follows no redirection and uses no proxy.
pub fn client(timeout: Duration) -> Option<Client> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Client::builder()
        .tls_backend_preconfigured(tls.with_root_certificates(roots).with_no_client_auth())
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout)
        .user_agent(concat!("lethe/", env!("CARGO_PKG_VERSION")))
        .build()
        .ok()
}

impl Sender {
    /// A sender that waits so long for an answer.
    #[must_use]
    pub fn new(timeout: Duration) -> Option<Self> {
        client(timeout).map(|client| Self { client })
    }

    /// Sends a message once, at this moment.
    pub async fn send(&self, webhook: &Webhook, message: &Message<'_>, now: DateTime<Utc>) -> Answer {
        let payload = webhook.payload(message);
        let timestamp = now.timestamp();
        let signatures: Vec<String> =
            webhook.secrets.iter().map(|secret| secret.sign(message.id, timestamp, &payload)).collect();
        let request = self
            .client
            .post(webhook.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(payload);
        ask(request, now).await
    }

    /// Asks for a URL once, at this moment: the server takes it as a sign of life.
    pub async fn ping(&self, url: Url, now: DateTime<Utc>) -> Answer {
        ask(self.client.get(url), now).await
    }
}

async fn ask(request: RequestBuilder, now: DateTime<Utc>) -> Answer {
    match request.send().await {
        Ok(answer) => read(answer.status(), answer.headers(), now),
        // Its own words have the URL, which can hold a token.
        Err(error) if error.is_timeout() => Answer::Again(None, "no answer in time".to_owned()),
        Err(error) if error.is_connect() => Answer::Again(None, "no connection".to_owned()),
        Err(_) => Answer::Again(None, "the connection broke".to_owned()),
    }
}

fn read(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Answer {
    let said = format!("answered {}", status.as_u16());
    if status.is_success() {
        Answer::Through
    } else if status == StatusCode::GONE {
        Answer::Gone(said)
    } else if !status.is_server_error()
        && ![StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
    {
        Answer::Rejected(said)
    } else {
        let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| wait(text, now));
        Answer::Again(after, said)
    }
}

/// `Retry-After`: seconds, or a date. Source: RFC 9110, 10.2.3.
fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = if let Ok(seconds) = text.trim().parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until = DateTime::parse_from_rfc2822(text.trim()).ok()?;
        (until.to_utc() - now).to_std().unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_say_how_long_to_wait() {
        let now = "2026-01-02T12:00:00Z".parse().unwrap();
        assert_eq!(wait("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait("Fri, 02 Jan 2026 12:01:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(wait("Fri, 02 Jan 2026 11:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("99999999999", now), Some(LONGEST_WAIT));
        assert_eq!(wait("-1", now), None);
        assert_eq!(wait("soon", now), None);
    }
}
