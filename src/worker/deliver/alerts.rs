//! Whom alerts go to besides webhooks: people by mail, and a monitor that
//! misses a sign of life.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::messages::{KIND, UNREADABLE, read};
use super::{Context, SweepError};
use crate::ledger::{Delivery, NewMessage, Tried, parse_moment};
use crate::outside::{Answer, Email, Event, Mailer};

/// What e-mail is called among the targets.
pub const EMAIL: &str = "email";
/// What signs of life go by among the targets.
pub const PING: &str = "ping";
/// The sign that a job is done.
const DONE: &str = "ping.done";
/// The sign that it is not.
const FAILED: &str = "ping.failed";

/// Stands for the job's name in a URL.
const JOB: &str = "{job}";

/// Who is told when something needs a person.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    /// Sends e-mail; `None` if there are no recipients.
    pub mailer: Option<Mailer>,
    /// What is asked for when a job is done, with `{job}` in it where the job's name goes.
    pub ping: Option<String>,
    /// What is asked for when it was stopped or braked.
    pub ping_failed: Option<String>,
    /// For how long clients may be due before operators are alerted; zero for ever.
    pub overdue: Duration,
}

impl Alerts {
    /// Whether each job has a sign of life of its own.
    pub(in crate::worker) fn pings_each(&self) -> bool {
        self.ping.as_ref().is_some_and(|url| url.contains(JOB))
    }
}

/// The URL for a job. A job's name needs no percent signs.
#[must_use]
pub fn ping_url(url: &str, job: &str) -> Option<Url> {
    Url::parse(&url.replace(JOB, job)).ok()
}

/// The sign of life of a job, or that it is in trouble; `None` if none is wanted.
pub(in crate::worker) fn ping(alerts: &Alerts, job: &str, is_done: bool) -> Option<NewMessage> {
    let url = if is_done { &alerts.ping } else { &alerts.ping_failed };
    let event = if is_done { DONE } else { FAILED };
    let body = serde_json::json!({ "job": job }).to_string();
    url.as_ref().map(|_| NewMessage { target: PING.to_owned(), event, body })
}

/// Tries one delivery, and returns 1 if others can be tried at once.
pub(super) async fn round(context: &Context, target: &str) -> Result<usize, SweepError> {
    let (lease, claimed) = context.ledger.claim_deliveries(KIND, target, 1).await?;
    let Some(own) = claimed.into_iter().next() else { return Ok(0) };
    let Ok(body) = serde_json::from_slice::<Value>(&own.body) else {
        context.ledger.tried(&lease, KIND, target, &[(own, Tried::Failed(UNREADABLE.to_owned()))]).await?;
        return Ok(1);
    };
    let answer = if target == EMAIL { mail(context, &own, &body).await } else { sign(context, &own, &body).await };
    let is_away = matches!(answer, Answer::Again(..));
    let tried = read(&context.targets, &own, answer);
    context.ledger.tried(&lease, KIND, target, &[(own, tried)]).await?;
    Ok(usize::from(!is_away))
}

async fn mail(context: &Context, own: &Delivery, body: &Value) -> Answer {
    let Some(mailer) = &context.targets.alerts.mailer else { return not_declared() };
    let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let text = format!("{}\n\n`lethe status` shows what needs attention.\n", said("text"));
    let email = Email {
        id: &own.message,
        at: parse_moment(&own.made_at).unwrap_or_else(|| context.ledger.clock().now()),
        subject: &format!("Lethe: {}", said("kind").replace('-', " ")),
        text: &text,
    };
    mailer.send(&email, body["to"].as_str()).await
}

async fn sign(context: &Context, own: &Delivery, body: &Value) -> Answer {
    let targets = &context.targets;
    let url = if own.event == FAILED { &targets.alerts.ping_failed } else { &targets.alerts.ping };
    let job = body["job"].as_str().unwrap_or_default();
    match (url.as_ref().and_then(|url| ping_url(url, job)), &targets.sender) {
        (Some(url), Some(sender)) => sender.ping(url, context.ledger.clock().now()).await,
        _ => not_declared(),
    }
}

fn not_declared() -> Answer {
    Answer::Again(None, "`lethe.toml` no longer declares it".to_owned())
}

impl super::Targets {
    /// The messages of an alert: one for each webhook, and one for each address.
    pub(in crate::worker) fn messages(&self, body: &Value) -> Vec<NewMessage> {
        let message = |target: &str, body: &Value| NewMessage {
            target: target.to_owned(),
            event: Event::Alert.as_str(),
            body: body.to_string(),
        };
        let webhooks = self.webhooks.iter().filter(|(_, own)| own.events.contains(&Event::Alert));
        let mut all: Vec<NewMessage> = webhooks.map(|(name, _)| message(name, body)).collect();
        let recipients = self.alerts.mailer.iter().flat_map(Mailer::recipients);
        all.extend(recipients.map(|to| {
            let mut body = body.clone();
            body["to"] = to.into();
            message(EMAIL, &body)
        }));
        all
    }

    /// Whether anybody is told when something needs a person.
    #[must_use]
    pub fn alert(&self) -> bool {
        self.alerts.ping.is_some() || !self.messages(&Value::Null).is_empty()
    }
}
