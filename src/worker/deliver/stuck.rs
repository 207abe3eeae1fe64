//! Deliveries that need a person: given up, waiting for too long, or for what
//! neither the configuration nor the policy names any more.

use chrono::TimeDelta;

use super::{Context, messages, roots};
use crate::database::StoreError;
use crate::domain::hint::{Act, Face};
use crate::ledger::{Outstanding, parse_moment};
use crate::sql::files::spare_claimed;

/// How long a delivery may wait.
const LONG: TimeDelta = TimeDelta::hours(1);

/// Why deliveries to one target need a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// They were tried as often as the configuration says.
    GivenUp,
    /// They have waited for more than an hour.
    Waiting,
    /// The root is empty or another than before: an operator has to check it.
    Strange,
    /// `lethe.toml` does not declare the target.
    Undeclared,
    /// No column of the policy names files of the root.
    Unnamed,
}

/// Deliveries to one target that need a person.
#[derive(Debug, Clone)]
pub struct Stuck {
    pub cause: Cause,
    target: String,
    count: i64,
    error: Option<String>,
    /// When the oldest of them was written.
    pub since: String,
}

impl Stuck {
    #[must_use]
    pub fn event(&self) -> String {
        let cause = match self.cause {
            Cause::GivenUp => "given-up",
            Cause::Waiting => "waiting",
            Cause::Strange => "root",
            Cause::Undeclared | Cause::Unnamed => "undeclared",
        };
        format!("deliveries:{cause}:{}", self.target)
    }

    /// In words, without any data.
    #[must_use]
    pub fn text(&self, face: Face) -> String {
        let (target, error) = (&self.target, self.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default());
        let (what, verb, waits) = match self.count {
            1 => ("1 delivery".to_owned(), "was", "waits"),
            many => (format!("{many} deliveries"), "were", "wait"),
        };
        let list = Act::Deliveries.at(face);
        match self.cause {
            Cause::GivenUp => format!("{what} to `{target}` {verb} abandoned{error}; {list} lists them"),
            Cause::Waiting => format!("{what} to `{target}` {waits} for more than an hour{error}; {list} lists them"),
            Cause::Strange => {
                let accept = Act::Accept(target.clone()).at(face);
                format!("{what} {waits} for the root `{target}`{error}; mount or restore it, or {accept}")
            }
            Cause::Undeclared => {
                let settle = Act::Settle(target.clone()).at(face);
                format!("{what} {waits} for `{target}`, which `lethe.toml` does not declare; declare it, or {settle}")
            }
            Cause::Unnamed => {
                let settle = Act::Settle(target.clone()).at(face);
                format!(
                    "{what} {waits} for `{target}`, whose files no column of the policy names any longer; name them, or \
                     delete them yourself and {settle}"
                )
            }
        }
    }
}

/// Finds them among what is outstanding.
pub async fn stuck(context: &Context, outstanding: &[Outstanding]) -> Vec<Stuck> {
    let mut all: Vec<Stuck> = Vec::new();
    for (own, cause, count) in causes(context, outstanding).await {
        let same = all.iter_mut().find(|stuck| stuck.cause == cause && stuck.target == own.target);
        if let Some(stuck) = same {
            stuck.count += count;
            stuck.since = stuck.since.clone().min(own.since.clone());
        } else {
            let (target, error, since) = (own.target.clone(), own.error.clone(), own.since.clone());
            all.push(Stuck { cause, target, count, error, since });
        }
    }
    all
}

/// The kinds of what waits in vain for this target: `lethe.toml` does not
/// declare it, or the policy does not name its files.
pub async fn in_vain(context: &Context, target: &str) -> Result<Vec<String>, StoreError> {
    let outstanding = context.ledger.outstanding(None).await?;
    let mut all = causes(context, &outstanding).await;
    all.retain(|(own, cause, _)| own.target == target && matches!(cause, Cause::Undeclared | Cause::Unnamed));
    Ok(all.into_iter().map(|(own, ..)| own.kind.clone()).collect())
}

/// Each with why it needs a person, and how many of its deliveries do.
async fn causes<'a>(context: &Context, outstanding: &'a [Outstanding]) -> Vec<(&'a Outstanding, Cause, i64)> {
    let plan = context.planner.plan(&context.store).await.ok();
    let now = context.ledger.clock().now();
    let unnamed = |own: &Outstanding| {
        let today = now.date_naive();
        own.kind != messages::KIND
            && plan.as_ref().is_some_and(|loaded| spare_claimed(&loaded.plan, today, &own.target).is_empty())
    };
    let cause = |own: &'a Outstanding| {
        if !context.targets.knows(&own.kind, &own.target) {
            Some((own, Cause::Undeclared, own.open + own.failed))
        } else if unnamed(own) {
            Some((own, Cause::Unnamed, own.open + own.failed))
        } else if own.failed > 0 {
            Some((own, Cause::GivenUp, own.failed))
        } else if own.error.as_deref().is_some_and(roots::is_strange) {
            Some((own, Cause::Strange, own.open))
        } else if parse_moment(&own.since).is_none_or(|since| now - since > LONG) {
            Some((own, Cause::Waiting, own.open))
        } else {
            None
        }
    };
    outstanding.iter().filter_map(cause).collect()
}
