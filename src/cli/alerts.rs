//! `[alerts]` and `[email]`, and `lethe alerts`: who is told when something needs a person.

use std::path::Path;

use serde::Serialize;
use ulid::Ulid;

use super::config::Config;
use super::output::{Output, table};
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::domain::reading::trouble;
use crate::ledger::moment;
use crate::outside::{Answer, Email, Event, Mailer, Message};
use crate::worker::deliver::alerts::{Alerts, EMAIL, PING, ping_url};
use crate::worker::watch::Alert;

const HINT: &str = "`docs/operations.md` shows how under \"Alerts\"";

/// What is told on purpose.
const TEXT: &str = "this is a test: nothing is wrong";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Send a test alert to all recipients, and report whether it was delivered.
    Test,
}

impl Config {
    /// Who is told, with the password read; relative paths count from `folder`.
    pub(super) fn read_alerts(&self, folder: &Path) -> Result<Alerts, Failure> {
        let own = &self.alerts;
        for (setting, url) in [("ping", &own.ping), ("ping_failed", &own.ping_failed)] {
            let parsed = url.as_ref().map(|url| ping_url(url, "job"));
            let is_good =
                parsed.is_none_or(|url| url.is_some_and(|url| url.has_host() && url.scheme().starts_with("http")));
            if !is_good {
                let what = format!("`alerts.{setting}` is no URL that begins with `https://` or `http://`");
                return Err(Failure::new(what, HINT));
            }
        }
        if own.ping.is_none() && own.ping_failed.is_some() {
            return Err(Failure::new("`alerts.ping_failed` is set, and `alerts.ping` is not", HINT));
        }
        Ok(Alerts {
            mailer: self.mailer(folder)?,
            ping: own.ping.clone(),
            ping_failed: own.ping_failed.clone(),
            overdue: own.overdue,
        })
    }

    fn mailer(&self, folder: &Path) -> Result<Option<Mailer>, Failure> {
        let own = &self.email;
        let refused = |setting: &str, what: &str| Failure::new(format!("`email.{setting}` {what}"), HINT);
        let Some(server) = &own.server else {
            let others = [
                ("to", own.to.is_some()),
                ("from", own.from.is_some()),
                ("password_file", own.password_file.is_some()),
            ];
            return match others.iter().find(|(_, is_set)| *is_set) {
                Some((setting, _)) => Err(refused(setting, "is set, and `email.server` is not")),
                None => Ok(None),
            };
        };
        let Some(to) = &own.to else { return Err(refused("to", "is not set, so no e-mail would be sent")) };
        let Some(from) = &own.from else { return Err(refused("from", "is not set, and every e-mail needs it")) };
        let password = own.password_file.as_ref().map(|file| {
            let file = folder.join(file);
            std::fs::read_to_string(&file).map_err(|error| {
                let what = format!("names `{}`, which cannot be read: {}", file.display(), trouble(error.kind()));
                refused("password_file", &what)
            })
        });
        let password = password.transpose()?;
        let password = password.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
        let mailer = Mailer::new(server, password, from, to, self.deliveries.timeout);
        mailer.map(Some).map_err(|(setting, what)| refused(setting, what))
    }
}

/// What came of telling one of them.
#[derive(Debug, Serialize)]
struct Told {
    to: String,
    through: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Told {
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
    let mut told = Vec::new();
    for (name, webhook) in targets.webhooks.iter().filter(|(_, own)| own.events.contains(&Event::Alert)) {
        let event = Event::Alert.as_str();
        let message = Message { id: &id, event, at: &moment(now), sweep: 0, body: &body, not_before: None };
        if let Some(sender) = &targets.sender {
            told.push(Told::of(format!("webhook {name}"), sender.send(webhook, &message, now).await));
        }
    }
    if let Some(mailer) = &targets.alerts.mailer {
        let email = Email { id: &id, at: now, subject: "Lethe: test", text: &format!("{TEXT}\n") };
        let recipients = mailer.recipients();
        for (number, to) in recipients.iter().enumerate() {
            let name = if recipients.len() > 1 { format!("{EMAIL} {}", number + 1) } else { EMAIL.to_owned() };
            told.push(Told::of(name, mailer.send(&email, Some(to)).await));
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
                None => Answer::Gone("it is no URL".to_owned()),
            };
            told.push(Told::of(to, answer));
        }
    }
    out.data(&told, || {
        let row = |own: &Told| {
            let what = own.why.as_ref().map_or_else(|| "through".to_owned(), |why| format!("not through: {why}"));
            vec![own.to.clone(), what]
        };
        table(&told.iter().map(row).collect::<Vec<_>>())
    });
    match told.iter().filter(|own| !own.through).count() {
        0 => Ok(()),
        missing => Err(Failure::new(
            format!("{missing} of {} did not go through", told.len()),
            "see that the address is right and can be reached from here, and run `lethe alerts test` again",
        )),
    }
}
