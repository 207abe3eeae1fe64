//! `[[webhooks]]`: from the settings to other systems that are told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::{Failure, content, is_here, is_plain};
use crate::domain::nearest::nearest;
use crate::journal::check_key;
use crate::outside::{Event, Secret, Webhook};
use crate::worker::deliver::alerts::{EMAIL, PING};

/// `[[webhooks]]`: other systems that are told.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct WebhooksConfig(Vec<WebhookConfig>);

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookConfig {
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    secrets: Vec<String>,
    secret_file: Option<PathBuf>,
    #[serde(default = "anonymized")]
    events: Vec<String>,
    key_file: Option<PathBuf>,
    #[serde(default = "most_clients")]
    most_clients: usize,
}

fn anonymized() -> Vec<String> {
    vec![Event::Anonymized.as_str().to_owned()]
}

fn most_clients() -> usize {
    100
}

const HINT: &str = "`docs/operations.md` shows a webhook under \"Webhooks\"";

impl WebhooksConfig {
    /// The webhooks by name, with their secrets read; relative paths count from `folder`.
    pub fn read(&self, folder: &Path) -> Result<BTreeMap<String, Webhook>, Failure> {
        let mut all = BTreeMap::new();
        for own in &self.0 {
            if own.name.is_empty() {
                return Err(Failure::new("a webhook has no `name`", "give it one, such as `name = \"crm\"`"));
            }
            if !is_plain(&own.name) {
                let what = format!("`{}` is not a valid name for a webhook", own.name);
                return Err(Failure::new(what, "use lowercase letters, digits, `-` and `_`, such as `crm`"));
            }
            if [EMAIL, PING].contains(&own.name.as_str()) {
                let what = format!("a webhook is named `{}`, which is reserved for e-mails and pings", own.name);
                return Err(Failure::new(what, "name it after the system that is notified, such as `crm`"));
            }
            if all.insert(own.name.clone(), own.read(folder)?).is_some() {
                let what = format!("two webhooks are called `{}`", own.name);
                return Err(Failure::new(what, "give each a name of its own"));
            }
        }
        let notifies = all.iter().filter(|(_, own): &(_, &Webhook)| own.events.contains(&Event::Notice));
        if let [first, second, ..] = notifies.map(|(name, _)| name).collect::<Vec<_>>().as_slice() {
            let what = format!("the webhooks `{first}` and `{second}` both give notice");
            return Err(Failure::new(what, "leave `client.notice` to one of them: its response starts the notice"));
        }
        Ok(all)
    }
}

impl WebhookConfig {
    fn refused(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(format!("webhook `{}`: {what}", self.name), HINT)
    }

    fn read(&self, folder: &Path) -> Result<Webhook, Failure> {
        if !(1..=1000).contains(&self.most_clients) {
            return Err(self.refused(format!("`most_clients` is {}, and should be from 1 to 1000", self.most_clients)));
        }
        Ok(Webhook {
            url: self.url()?,
            secrets: self.secrets(folder)?,
            events: self.events()?,
            hashed: self.hashed(folder)?,
            most_clients: self.most_clients,
        })
    }

    /// The URL can hold a token, so it is not repeated.
    fn url(&self) -> Result<Url, Failure> {
        if self.url.is_empty() {
            return Err(self.refused("has no `url`"));
        }
        let url = Url::parse(&self.url)
            .map_err(|error| self.refused(format!("`url` cannot be read: {error}; `https://host/path` is one")))?;
        if !url.has_host() {
            return Err(self.refused("`url` names no host"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_here(&url) => {}
            "http" => return Err(self.refused("`url` begins with `http://`, and client keys need `https://`")),
            _ => return Err(self.refused("`url` should begin with `https://`")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.refused("`url` has a user or a password in it, and messages are signed instead"));
        }
        if url.fragment().is_some() {
            return Err(self.refused("`url` has a `#` in it, and nothing after it is ever sent"));
        }
        Ok(url)
    }

    fn secrets(&self, folder: &Path) -> Result<Vec<Secret>, Failure> {
        let text = match &self.secret_file {
            Some(file) => self.file("secret_file", &folder.join(file))?,
            None => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut secrets = Vec::new();
        for (at, line) in self.secrets.iter().map(String::as_str).chain(lines).enumerate() {
            let secret = Secret::parse(line).map_err(|what| self.refused(format!("secret {} {what}", at + 1)))?;
            secrets.push(secret);
        }
        match secrets.len() {
            0 => Err(self.refused("has no secret; `secret_file` names a file with one per line")),
            1..=10 => Ok(secrets),
            _ => Err(self.refused("has more than ten secrets")),
        }
    }

    fn events(&self) -> Result<BTreeSet<Event>, Failure> {
        let names = || Event::ALL.iter().map(|event| event.as_str());
        let mut events = BTreeSet::new();
        for name in &self.events {
            let unknown = || {
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the events are `{}`", names().collect::<Vec<_>>().join("`, `")),
                };
                Failure::new(format!("webhook `{}`: unknown event `{name}`", self.name), hint)
            };
            events.insert(name.parse::<Event>().map_err(|_| unknown())?);
        }
        if events.is_empty() {
            Err(self.refused("`events` is empty, so it would never be notified"))
        } else {
            Ok(events)
        }
    }

    fn hashed(&self, folder: &Path) -> Result<Option<Secret>, Failure> {
        let Some(file) = &self.key_file else { return Ok(None) };
        let bytes = self.file("key_file", &folder.join(file))?;
        check_key(&bytes)
            .map_err(|what| self.refused(format!("`key_file` {what}; `openssl rand -hex 32` creates one")))?;
        Ok(Secret::of_bytes(bytes.trim_ascii()))
    }

    fn file(&self, setting: &str, path: &Path) -> Result<Vec<u8>, Failure> {
        content(path, std::fs::read).map_err(|what| self.refused(format!("`{setting}` {what}")))
    }
}
