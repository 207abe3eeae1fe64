//! `[alerts]` and `[email]`: who is notified when something needs a person.

use std::path::Path;

use super::{Config, Failure, content};
use crate::outside::Mailer;
use crate::worker::deliver::alerts::{Alerts, ping_url};

pub const HINT: &str = "`docs/operations.md` shows how under \"Alerts\"";

impl Config {
    /// Who is notified, with the password read; relative paths count from `folder`.
    pub fn read_alerts(&self, folder: &Path) -> Result<Alerts, Failure> {
        let own = &self.alerts;
        for (setting, url) in [("ping", &own.ping), ("ping_failed", &own.ping_failed)] {
            let parsed = url.as_ref().map(|url| ping_url(url, "job"));
            let is_good =
                parsed.is_none_or(|url| url.is_some_and(|url| url.has_host() && url.scheme().starts_with("http")));
            if !is_good {
                let what = format!("`alerts.{setting}` is not a URL that begins with `https://` or `http://`");
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
            let text = content(&folder.join(file), std::fs::read_to_string);
            text.map_err(|what| refused("password_file", &what))
        });
        let password = password.transpose()?;
        let password = password.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
        let mailer = Mailer::new(server, password, from, to, self.deliveries.timeout);
        mailer.map(Some).map_err(|(setting, what)| refused(setting, what))
    }
}
