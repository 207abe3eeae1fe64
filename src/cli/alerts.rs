//! `lethe alerts`: who is notified when something needs a person.

use std::path::Path;

use serde::Serialize;
use ulid::Ulid;

use super::output::{Output, table};
use super::{Failure, setup};
use crate::config::ALERTS_HINT as HINT;
use crate::domain::access::Right;
use crate::ledger::moment;
use crate::outside::{Answer, Email, Event, Message};
use crate::worker::deliver::alerts::{EMAIL, PING, ping_url};
use crate::worker::watch::Alert;

/// What a test alert says.
const TEXT: &str = "this is a test: nothing is wrong";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Send a test alert to all recipients, and report whether it was delivered.
    Test,
}

/// What came of telling one of them.
#[derive(Debug, Serialize)]
struct Notified {
    to: String,
    through: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Notified {
    fn of(to: String, answer: Answer) -> Self {
        match answer {
            Answer::Through => Self { to, through: true, why: None },
            Answer::Again(_, why) | Answer::Rejected(why) | Answer::Gone(why) => {
                Self { to, through: false, why: Some(why) }
            }
        }
    }
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let Command::Test = command;
    let (config, service) = setup::service(file).await?;
    service.allow(Right::Configure, "send a test alert").await?;
    let targets = &config.targets;
    if !targets.alert() {
        return Err(Failure::new("no alert is configured", HINT));
    }
    let now = service.context.ledger.clock().now();
    let id = Ulid::new().to_string().to_lowercase();
    let body = Alert::new("", "test", TEXT).body().to_string();
    let mut notified = Vec::new();
    for (name, webhook) in targets.webhooks.iter().filter(|(_, own)| own.events.contains(&Event::Alert)) {
        let event = Event::Alert.as_str();
        let message = Message { id: &id, event, at: &moment(now), sweep: 0, body: &body, not_before: None };
        if let Some(sender) = &targets.sender {
            notified.push(Notified::of(format!("webhook {name}"), sender.send(webhook, &message, now).await));
        }
    }
    if let Some(mailer) = &targets.alerts.mailer {
        let email = Email { id: &id, at: now, subject: "Lethe: test", text: &format!("{TEXT}\n") };
        let recipients = mailer.recipients();
        for (number, to) in recipients.iter().enumerate() {
            let name = if recipients.len() > 1 { format!("{EMAIL} {}", number + 1) } else { EMAIL.to_owned() };
            notified.push(Notified::of(name, mailer.send(&email, Some(to)).await));
        }
    }
    if let (Some(url), Some(sender)) = (&targets.alerts.ping, &targets.sender) {
        let each = url.contains("{job}");
        let mut jobs: Vec<String> = setup::job_files(&config.jobs)?.jobs.into_iter().map(|job| job.name).collect();
        jobs.truncate(if each { usize::MAX } else { 1 });
        for job in if jobs.is_empty() { vec![String::new()] } else { jobs } {
            let to = if each { format!("{PING} of {job}") } else { PING.to_owned() };
            let answer = match ping_url(url, &job) {
                Some(url) => sender.ping(url, now).await,
                None => Answer::Gone("it is not a valid URL".to_owned()),
            };
            notified.push(Notified::of(to, answer));
        }
    }
    out.data(&notified, || {
        let row = |own: &Notified| {
            let what = own.why.as_ref().map_or_else(|| "through".to_owned(), |why| format!("not through: {why}"));
            vec![own.to.clone(), what]
        };
        table(&notified.iter().map(row).collect::<Vec<_>>())
    });
    match notified.iter().filter(|own| !own.through).count() {
        0 => Ok(()),
        missing => Err(Failure::new(
            format!("{missing} of {} failed", notified.len()),
            "check that the address is right and reachable, and run `lethe alerts test` again",
        )),
    }
}
