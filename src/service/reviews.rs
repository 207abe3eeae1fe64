//! Reviews: the clients that a sweep would take, held until a second person approves them.

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::Service;
use super::failure::{Failure, Kind};
use super::sweeps::Ask;
use crate::domain::access::Right;
use crate::domain::key::Key;
use crate::domain::outcome::Outcome;
use crate::domain::sweep::SweepKind;
use crate::ledger::{NewReview, Review, parse_moment};
use crate::worker::Request;
use crate::worker::sweep::{Client, Mode, open, survey};

/// The most clients of a review: people are to look at them.
const MOST: usize = 100_000;
/// For how long a review can be approved: what it says gets old.
const GOOD_FOR: TimeDelta = TimeDelta::days(30);
/// The most reviews listed.
const MOST_LISTED: u32 = 200;

/// A review with its clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviewed {
    /// The review.
    #[serde(flatten)]
    pub review: Review,
    /// The clients' keys, while it waits.
    pub keys: Vec<String>,
}

impl Service {
    /// Holds the clients that a sweep would take now until a second person approves them.
    ///
    /// # Errors
    ///
    /// [`Failure`] if nobody would be taken, or too many; or the caller may not.
    pub async fn make_review(&self, name: &str, ask: &Ask) -> Result<Review, Failure> {
        let name = name.trim();
        self.allow(Right::Bulk, &format!("make review {name}")).await?;
        if name.is_empty() || name.chars().count() > 60 || name.contains(char::is_control) {
            return Err(Failure::new("the name cannot be that of a review", "write up to 60 characters on one line"));
        }
        let request = self.request_for_clients(ask).await?;
        if request.kind == SweepKind::Replay || request.force {
            let what = "a review is of clients that are due, and passes over nothing";
            return Err(Failure::new(what, "name a job, or the kind `due`, `period` or `list` without `force`"));
        }
        let (mut clients, mut all) = (Vec::new(), 0_usize);
        let mut hold = |client: Client| {
            if client.outcome == Outcome::Anonymized {
                all += 1;
                if clients.len() < MOST {
                    clients.push(client.key);
                }
            }
        };
        let found = survey((&self.context).into(), &request, Mode::Preview, &mut hold).await?;
        if all == 0 {
            let what = "nobody would be anonymized, so there is nothing to review";
            return Err(Failure::new(what, "a preview shows who was refused, and why").of(Kind::Conflict));
        }
        if all > MOST {
            let what = format!("{all} clients would be anonymized, more than anybody reviews");
            return Err(Failure::new(what, "set a limit or a filter; a review has 100,000 clients at most"));
        }
        let asked = serde_json::to_string(ask).unwrap_or_default();
        let reasons = serde_json::to_string(&found.refusals).unwrap_or_default();
        let new = NewReview {
            name,
            asked: &asked,
            digest: &found.digest,
            made_by: &self.caller.name,
            refused: i64::try_from(found.tally.refused).unwrap_or(i64::MAX),
            reasons: &reasons,
            clients: &clients,
        };
        if !self.context.ledger.add_review(&new).await? {
            let what = format!("a review `{name}` waits already");
            return Err(Failure::new(what, "name it otherwise, or decide that one first").of(Kind::Conflict));
        }
        self.find(name).await
    }

    async fn find(&self, name: &str) -> Result<Review, Failure> {
        let found = self.context.ledger.review(name.trim()).await?;
        found.ok_or_else(|| {
            let hint = "`lethe review list` shows those there are";
            Failure::new(format!("there is no review `{}`", name.trim()), hint).of(Kind::NotFound)
        })
    }

    /// Reviews, those that wait first.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the caller may not read.
    pub async fn reviews(&self) -> Result<Vec<Review>, Failure> {
        self.allow(Right::Read, "look at reviews").await?;
        Ok(self.context.ledger.reviews(MOST_LISTED).await?)
    }

    /// A review with its clients.
    ///
    /// # Errors
    ///
    /// [`Failure`] if there is none of that name, or the caller may not read.
    pub async fn review(&self, name: &str) -> Result<Reviewed, Failure> {
        self.allow(Right::Read, "look at reviews").await?;
        let review = self.find(name).await?;
        let keys = self.context.ledger.reviewed(review.id).await?;
        Ok(Reviewed { review, keys })
    }

    /// Opens a sweep over exactly the clients of a review, each of whom is
    /// checked again, and returns its number.
    ///
    /// # Errors
    ///
    /// [`Failure`] if whoever made it approves it, it is decided or too old, the
    /// policy has changed since, or a gate refuses.
    pub async fn approve_review(&self, name: &str) -> Result<i64, Failure> {
        self.allow(Right::Bulk, &format!("approve review {}", name.trim())).await?;
        let review = self.find(name).await?;
        waits(&review)?;
        let conflict = |what: String, hint: &str| Err(Failure::new(what, hint).of(Kind::Conflict));
        if review.made_by == self.caller.name {
            let what =
                format!("review `{}` was made by {}, and a second person approves it", review.name, review.made_by);
            return Err(Failure::new(what, "somebody else with the right `bulk` can").of(Kind::Forbidden));
        }
        let (ledger, now) = (&self.context.ledger, self.context.ledger.clock().now());
        if parse_moment(&review.made_at).is_none_or(|made| now - made > GOOD_FOR) {
            let what = format!("review `{}` is more than 30 days old", review.name);
            return conflict(what, "reject it and make another");
        }
        let loaded = self.context.planner.plan(&self.context.store).await?;
        if loaded.plan.digest != review.digest {
            let what = format!("the policy or the schema changed since review `{}` was made", review.name);
            return conflict(what, "reject it and make another");
        }
        let parts = loaded.plan.client.key.len();
        let keys = ledger.reviewed(review.id).await?;
        let keys: Result<Vec<Key>, String> = keys.iter().map(|key| Key::parse(key, parts)).collect();
        let keys = keys.map_err(|what| Failure::new(what, "reject it and make another"))?;
        let request = Request::of_clients(keys, self.today());
        let opened = open(&self.context, &request).await?;
        let sweep = opened.ok_or_else(|| Failure::new("no sweep was opened", "`lethe status` shows the last ones"))?;
        ledger.decide_review(review.id, Some(sweep), &self.caller.name).await?;
        Ok(sweep)
    }

    /// Decides that the clients of a review stay for now.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it is decided, or the caller may not.
    pub async fn reject_review(&self, name: &str) -> Result<(), Failure> {
        self.allow(Right::Bulk, &format!("reject review {}", name.trim())).await?;
        let review = self.find(name).await?;
        waits(&review)?;
        self.context.ledger.decide_review(review.id, None, &self.caller.name).await?;
        Ok(())
    }
}

/// Refuses a review that is decided.
fn waits(review: &Review) -> Result<(), Failure> {
    if review.state == "waiting" {
        return Ok(());
    }
    let by = review.decided_by.as_deref().unwrap_or_default();
    let what = format!("review `{}` was {} by {by}", review.name, review.state);
    Err(Failure::new(what, "`lethe review list` shows those that wait").of(Kind::Conflict))
}
