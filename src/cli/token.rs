//! `lethe token`: who may ask over HTTP, and what for.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::client::minute;
use super::output::{Output, number};
use super::{Failure, setup};
use crate::domain::access::{Limit, Right, Rights};
use crate::ledger::{NewToken, parse_moment};
use crate::service::access::{hash, new_token};
use crate::service::failure::Kind;
use crate::worker::Context;
use crate::worker::sweep::conditions;

/// The longest that a token may be good for.
const LONGEST: Duration = Duration::from_secs(2 * 366 * 86_400);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create a token; it is shown only once.
    Add {
        /// The person or program that will use it, such as `alice` or `grafana`.
        name: String,
        /// Its rights, separated by commas: read, anonymize, bulk, configure, admin.
        #[arg(long = "right", required = true, value_delimiter = ',', value_name = "RIGHT")]
        rights: Vec<Right>,
        /// Only for clients with this value of one of the policy's filters; repeat it for more values (or) and more filters (and).
        #[arg(long, value_name = "NAME=VALUE", value_parser = super::sweep::filter)]
        only: Vec<(String, String)>,
        /// How long it is valid, such as `90 days`.
        #[arg(long, default_value = "90 days", value_parser = duration, value_name = "DURATION")]
        expires: Duration,
    },
    /// Revoke a token: it is no longer valid.
    Revoke {
        /// Its name.
        name: String,
    },
    /// List tokens, with their rights and when they were last used.
    List {
        /// Include revoked tokens.
        #[arg(long)]
        all: bool,
    },
    /// Show requests that could change something, including refused ones.
    Requests {
        /// How many to show.
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
        last: u32,
    },
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime_serde::re::humantime::parse_duration(text)
        .map_err(|_| "write a duration such as `90 days` or `12h`".to_owned())?;
    match duration {
        Duration::ZERO => Err("the duration must not be zero".to_owned()),
        long if long > LONGEST => Err("a token is valid for two years at most".to_owned()),
        duration => Ok(duration),
    }
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let what = match &command {
        Command::Add { name, .. } => format!("make token {name}"),
        Command::Revoke { name } => format!("revoke token {name}"),
        Command::List { .. } => "list tokens".to_owned(),
        Command::Requests { .. } => "list requests".to_owned(),
    };
    service.allow(Right::Admin, &what).await?;
    let (ledger, by) = (&service.context.ledger, &service.caller.name);
    match command {
        Command::Add { name, rights, only, expires } => {
            let name = name.trim();
            let is_plain = |c: char| c.is_alphanumeric() || "-_.@ ".contains(c);
            let unclear = crate::domain::text::name(name).err().map(|what| what.to_string());
            let other = (!name.chars().all(is_plain)).then(|| "it has other characters".to_owned());
            if let Some(what) = unclear.or(other) {
                return Err(Failure::new(
                    format!("the name cannot be that of a token: {what}"),
                    "write up to 60 letters of one alphabet, digits, spaces, or `-`, `_`, `.`, `@`",
                ));
            }
            let token = new_token();
            let expires_at = ledger.clock().now() + expires;
            let rights: Rights = rights.into_iter().collect();
            let limit: Limit = only.into_iter().collect();
            limitable(&service.context, &rights, &limit).await?;
            let new = NewToken { name, hash: &hash(&token), rights: &rights, limit: &limit, made_by: by, expires_at };
            if !ledger.add_token(&new).await? {
                let what = format!("token `{name}` already exists, or one with a similar name");
                return Err(Failure::new(what, "choose another name, or `lethe token revoke` the old one first")
                    .of(Kind::Conflict));
            }
            let until = minute(&expires_at.to_rfc3339());
            let made = json!({
                "name": name, "token": token, "rights": rights, "only": limit, "expires_at": expires_at
            });
            out.data(&made, || {
                let only = if limit.is_none() { String::new() } else { format!(", only for clients with {limit}") };
                format!(
                    "{token}\n\nThis is `{name}`, with the rights {}{only}, until {until} UTC. It is not shown again.",
                    rights.names()
                )
            });
        }
        Command::Revoke { name } => {
            if !ledger.revoke_token(name.trim(), by).await? {
                let what = format!("no valid token `{}` found", name.trim());
                return Err(Failure::new(what, "`lethe token list` lists valid ones").of(Kind::NotFound));
            }
            out.data(&json!({ "name": name.trim(), "token": "revoked" }), || {
                format!("Token `{}` is no longer valid.", name.trim())
            });
        }
        Command::List { all } => {
            let mut tokens = ledger.tokens().await?;
            tokens.retain(|token| all || token.revoked_at.is_none());
            let now = ledger.clock().now();
            let none = "No tokens. `lethe token add NAME --right read` creates one.";
            let columns = ["name", "rights", "limited to", "made", "by", "good until", "last used"];
            out.list(&tokens, none, columns, |token| {
                let is_over = parse_moment(&token.expires_at).is_none_or(|at| at <= now);
                let until = match &token.revoked_at {
                    Some(at) => format!("revoked {}", day(at)),
                    None if is_over => format!("run out {}", day(&token.expires_at)),
                    None => day(&token.expires_at),
                };
                let used = token.used_at.as_deref().map_or_else(|| "never".to_owned(), day);
                let (rights, limit) = (token.rights.names(), token.limited_to.to_string());
                [token.name.clone(), rights, limit, day(&token.made_at), token.made_by.clone(), until, used]
            });
        }
        Command::Requests { last } => {
            let asked = ledger.requests(last).await?;
            let none = "No request has been recorded yet.";
            out.list(&asked, none, ["when", "who", "way", "what", "needs", ""], |own| {
                let mut answer = if own.allowed == 1 { String::new() } else { "refused".to_owned() };
                if own.times > 1 {
                    answer += &format!(" {} times", number(own.times));
                }
                let (who, way, what) = (own.asked_by.clone(), own.way.clone(), own.what.clone());
                [minute(&own.at), who, way, what, own.needs.clone(), answer]
            });
        }
    }
    Ok(())
}

/// Refuses a limit that the policy's filters cannot keep, and one beside rights that concern all clients.
async fn limitable(context: &Context, rights: &Rights, limit: &Limit) -> Result<(), Failure> {
    if limit.is_none() {
        return Ok(());
    }
    if let Some(right) = [Right::Configure, Right::Admin].into_iter().find(|own| rights.hold(*own)) {
        let what = format!("the right `{right}` concerns all clients, and `--only` limits a token to some");
        return Err(Failure::new(what, "remove one of the two"));
    }
    conditions(&*context.planner.plan(&context.store).await?, limit.filters())?;
    Ok(())
}

fn day(moment: &str) -> String {
    moment.get(..10).unwrap_or(moment).to_owned()
}
