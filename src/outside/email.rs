//! Mail to people, by SMTP: always over TLS, save to this machine.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::Answer;
use crate::domain::value::hex;

/// How long a server has for a whole e-mail, in time limits of one answer.
const ANSWERS: u32 = 3;

/// Sends e-mail to people who are named in the configuration.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailboxes,
    timeout: Duration,
}

#[derive(Debug, Clone, Copy)]
pub struct Email<'a> {
    /// Its id, the same however often it is sent.
    pub id: &'a str,
    /// When what it tells of happened.
    pub at: DateTime<Utc>,
    /// What it is about, in a line.
    pub subject: &'a str,
    pub text: &'a str,
}

impl Mailer {
    /// A mailer that waits so long for each answer. The server is
    /// `smtps://user@host` for TLS from the start, or `smtp://user@host` for
    /// STARTTLS, without which nothing is sent; on this machine itself
    /// `smtp://` does without.
    ///
    /// # Errors
    ///
    /// The setting that cannot be used, and why, without quoting it.
    pub fn new(
        server: &str,
        password: Option<&str>,
        from: &str,
        to: &str,
        timeout: Duration,
    ) -> Result<Self, (&'static str, &'static str)> {
        let wrong = |what| ("server", what);
        let url = Url::parse(server).map_err(|_| wrong("is not a valid URL such as `smtps://user@mail.example`"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(wrong("names no host"))?;
        if url.password().is_some() {
            return Err(wrong("has a password in it, which belongs into the file that `email.password_file` names"));
        }
        let no_tls = wrong("cannot be used: TLS is not to be had");
        let builder = match url.scheme() {
            "smtps" => AsyncSmtpTransport::<Tokio1Executor>::relay(host).map_err(|_| no_tls)?,
            "smtp" if is_here(&url) => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host).map_err(|_| no_tls)?,
            _ => return Err(wrong("should begin with `smtps://` or `smtp://`")),
        };
        let builder = match url.port() {
            Some(port) => builder.port(port),
            None => builder,
        };
        let builder = match (url.username(), password) {
            ("", None) => builder,
            ("", Some(_)) => return Err(wrong("names no user, but a password is set")),
            (_, None) => return Err(("password_file", "is not set, and `email.server` names a user")),
            (user, Some(password)) => {
                let user = plain(user).ok_or(wrong("names a user that is not UTF-8"))?;
                builder.credentials(Credentials::new(user, password.to_owned()))
            }
        };
        Ok(Self {
            transport: builder.timeout(Some(timeout)).build(),
            from: from.parse().map_err(|_| ("from", "is not a valid address such as `Lethe <lethe@example.com>`"))?,
            to: to
                .parse()
                .map_err(|_| ("to", "is not a list of addresses such as `ops@example.com, dpo@example.com`"))?,
            timeout,
        })
    }

    /// Who is notified: for each address a name that identifies it here and
    /// reveals it to no other recipient.
    pub fn recipients(&self) -> Vec<String> {
        self.to.iter().map(name_of).collect()
    }

    /// Sends an e-mail once to one of the [recipients](Self::recipients), so that
    /// an address which the server refuses keeps it from no other; or to all of
    /// them. One that is not configured any more needs no e-mail.
    pub async fn send(&self, email: &Email<'_>, to: Option<&str>) -> Answer {
        let to: Vec<&Mailbox> = self.to.iter().filter(|own| to.is_none_or(|name| name_of(own) == name)).collect();
        if to.is_empty() {
            return Answer::Through;
        }
        let Some(message) = self.message(email, &to) else {
            return Answer::Gone("it cannot be written as an e-mail".to_owned());
        };
        match tokio::time::timeout(self.timeout * ANSWERS, self.transport.send(message)).await {
            Ok(Ok(_)) => Answer::Through,
            // A server that responds rejects this e-mail, save where it is about to shut down.
            Ok(Err(error)) if error.status().is_some_and(|code| code.to_string() != "421") => {
                Answer::Rejected(in_words(&error))
            }
            Ok(Err(error)) => Answer::Again(None, in_words(&error)),
            Err(_) => Answer::Again(None, "no answer in time".to_owned()),
        }
    }

    fn message(&self, email: &Email<'_>, to: &[&Mailbox]) -> Option<lettre::Message> {
        let domain = self.from.email.domain();
        let builder = to.iter().fold(lettre::Message::builder(), |all: MessageBuilder, to| all.to((*to).clone()));
        let mut message = builder
            .from(self.from.clone())
            .subject(email.subject)
            .date(SystemTime::from(email.at))
            .message_id(Some(format!("<{}@{domain}>", email.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(email.text.to_owned())
            .ok()?;
        // So that no holiday notice answers it. Source: RFC 3834, 5.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Some(message)
    }
}

fn name_of(to: &Mailbox) -> String {
    hex(&Sha256::digest(to.email.to_string())[..6])
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => ["localhost", "127.0.0.1", "[::1]"].contains(&name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A part of a URL, without its percent signs.
fn plain(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned)
}

/// What went wrong. The server's own words can name people, and are left out.
fn in_words(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("answered {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_tls() => "no TLS: the certificate is not trusted, or not of that host".to_owned(),
        None if error.is_client() => "the server does not speak as it has to, or offers no TLS".to_owned(),
        None => "no connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_a_user_is_used() {
        for (part, user) in [("ops", "ops"), ("ops%40mail", "ops@mail"), ("a&b+c=d", "a&b+c=d"), ("50%", "50%")] {
            assert_eq!(plain(part).as_deref(), Some(user));
        }
        assert_eq!(plain("%ff"), None);
    }
}
