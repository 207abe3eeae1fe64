//! `[redis]`: from the settings to a server.

use url::Url;

use super::{Failure, RedisConfig, password};
use crate::database::FIRST;
use crate::domain::reading::trouble;
use crate::queue::{Redis, RedisSettings};

impl RedisConfig {
    /// The first setting that cannot be, and why. The URL can hold a password,
    /// so it is not repeated.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let refused = |setting, what: &str| Err((setting, what.to_owned()));
        let Some(url) = &self.url else {
            return match (&self.password_file, &self.ca_file) {
                (Some(_), _) => refused("redis.password_file", "is set, and `redis.url` is not"),
                (_, Some(_)) => refused("redis.ca_file", "is set, and `redis.url` is not"),
                _ => Ok(()),
            };
        };
        let Ok(url) = Url::parse(url) else {
            return refused(
                "redis.url",
                "is not a valid URL: use `redis://user@host:6379`, or `rediss://` for TLS; a password is best in `redis.password_file`",
            );
        };
        if !matches!(url.scheme(), "redis" | "rediss") {
            return refused("redis.url", "should begin with `redis://`, or with `rediss://` for TLS");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refused("redis.url", "names no host: `redis://host:6379`");
        }
        let database = url.path().trim_matches('/');
        if !database.is_empty() && database.parse::<u32>().is_err() {
            return refused("redis.url", "has a database that is not a number: `redis://host:6379/0`");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refused(
                "redis.url",
                "has `?` or `#` in it, and takes no options; in a password write `%3F` and `%23`",
            );
        }
        if url.scheme() == "redis" && self.ca_file.is_some() {
            return refused("redis.ca_file", "is for TLS, and `redis.url` does not begin with `rediss://`");
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
        if self.prefix.is_empty() || self.prefix.len() > 100 || !self.prefix.chars().all(is_plain) {
            return refused(
                "redis.prefix",
                "should consist of letters, digits, `-`, `_`, `.` and `:`, 1 to 100 of them",
            );
        }
        Ok(())
    }

    /// The server for the batches of a ledger, if one is named. It is not asked for anything yet.
    pub fn open(&self, ledger: i64) -> Result<Option<Redis>, Failure> {
        let Some(Ok(mut url)) = self.url.as_ref().map(|url| Url::parse(url)) else { return Ok(None) };
        if let Some(file) = &self.password_file {
            let hint = "`redis.password_file` names a file with the password and nothing else";
            let password = password(file, hint)?;
            if password.is_empty() {
                return Err(Failure::new(format!("the password file `{}` is empty", file.display()), hint));
            }
            let _ = url.set_password(Some(&password));
        }
        let authorities = self.ca_file.as_ref().map(|file| {
            let hint = "`redis.ca_file` names a file with certificates in PEM, as `openssl` writes them";
            let text = std::fs::read(file).map_err(|error| {
                let what = format!("the certificates `{}` cannot be read: {}", file.display(), trouble(error.kind()));
                Failure::new(what, hint)
            })?;
            if !String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
                return Err(Failure::new(format!("no certificate found in `{}`", file.display()), hint));
            }
            Ok(text)
        });
        let prefix = if ledger == FIRST { self.prefix.clone() } else { format!("{}:{ledger}", self.prefix) };
        let settings = RedisSettings { url, authorities: authorities.transpose()?, prefix };
        let redis = Redis::new(&settings).map_err(|fault| Failure::new(fault.to_string(), fault.hint()))?;
        Ok(Some(redis))
    }
}
