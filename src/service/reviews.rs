//! Reviews: the clients that a sweep would take, held until a second person approves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::Service;
use super::failure::{Failure, Kind, patiently};
use super::jobs::job_files;
use super::sweeps::Ask;
use crate::database::StoreError;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::job::Job;
use crate::domain::outcome::Outcome;
use crate::domain::sweep::SweepKind;
use crate::domain::text::{self, Unclear};
use crate::ledger::{Decision, Held, NewImport, Review, Sought};
use crate::report::counted;
use crate::worker::sweep::{Client, Mode, Survey, SweepError, count, survey};
use crate::worker::{Loaded, Request};

/// The most clients of a review: people are to look at them.
pub(super) const MOST: usize = 100_000;
/// For how long a review can be approved: what it says gets old.
const GOOD_FOR: TimeDelta = TimeDelta::days(30);
/// After which a review without progress counts as abandoned.
const SILENCE: TimeDelta = TimeDelta::minutes(1);
/// How often its making is noted.
const NOTED_EVERY: Duration = Duration::from_millis(500);
/// The most reviews that are made at a time in the background: each looks at every client.
const MOST_MADE: usize = 4;
/// The most reviews listed.
pub(super) const MOST_LISTED: u32 = 200;

/// What a review without clients is refused with.
pub(super) const NO_CLIENTS: &str = "no client would be anonymized, so there is nothing to review";

/// What a review may be of.
#[derive(Debug)]
pub struct Offered {
    /// Jobs whose clients it may hold.
    pub jobs: Vec<String>,
    /// Whether it may hold those whose date has come.
    pub due: bool,
    /// Whether it may hold those whose period has passed.
    pub period: bool,
    /// The filters that the policy declares, and whether each needs one value.
    pub filters: Vec<(String, bool)>,
    /// The lengths that the policy lets people choose.
    pub lengths: Vec<String>,
}

/// A review with its clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviewed {
    /// The review.
    #[serde(flatten)]
    pub review: Review,
    /// The clients' keys, while it waits.
    pub keys: Vec<String>,
}

/// The review that a person saw: it is decided as it was then, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its number.
    pub id: i64,
    /// The digest of its plan.
    pub digest: String,
    /// How many clients it held.
    pub clients: i64,
}

impl From<&Review> for Seen {
    fn from(review: &Review) -> Self {
        Self { id: review.id, digest: review.digest.clone(), clients: review.clients }
    }
}

impl Seen {
    /// Refuses a review that is not, any more, what was seen.
    fn is(&self, review: &Review) -> Result<(), Failure> {
        let now = Self::from(review);
        if *self == now {
            return Ok(());
        }
        let clients = |own: &Self| counted(own.clients, "client");
        let what = if self.clients == now.clients {
            format!("review `{}` was created again since you viewed it", review.name)
        } else {
            format!("review `{}` holds {}, and held {} when you viewed it", review.name, clients(&now), clients(self))
        };
        Err(Failure::new(what, "nothing was done; check it again").of(Kind::Conflict))
    }
}

impl Service {
    /// Holds the clients that a sweep would take now until a second person
    /// approves them; `each` is told how many were looked at, of how many.
    ///
    /// # Errors
    ///
    /// [`Failure`] if no client would be taken, or too many; or the caller may not.
    pub async fn make_review(
        &self,
        name: &str,
        ask: &Ask,
        each: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Review, Failure> {
        let (id, request) = self.begun(name, ask).await?;
        self.fill(id, &request, each).await?;
        self.find(name).await
    }

    /// Begins to hold the clients that a sweep would take now, and goes on in
    /// the background; the review says how far it is, and why it failed.
    pub async fn begin_review(&self, name: &str, ask: &Ask) -> Result<Review, Failure> {
        let making = Sought { state: Some("making".to_owned()), ..Sought::default() };
        self.tidy().await?;
        if self.context.ledger.reviews(&making, MOST_LISTED).await?.len() >= MOST_MADE {
            let what = format!("{MOST_MADE} reviews are already being created");
            return Err(Failure::new(what, "wait until one of them is finished, or delete one").of(Kind::Conflict));
        }
        let (id, request) = self.begun(name, ask).await?;
        let service = self.clone();
        tokio::spawn(async move {
            // The review says it.
            let _ = service.fill(id, &request, &mut |_, _| {}).await;
        });
        self.find(name).await
    }

    async fn begun(&self, name: &str, ask: &Ask) -> Result<(i64, Request), Failure> {
        self.allow_within(Right::Bulk, "make review", name).await?;
        let name = name_of("review", name)?;
        let request = self.request_for_clients(ask).await?;
        if request.kind == SweepKind::Replay || request.force {
            let what = "a review is for clients that are due, and ignores neither date nor period";
            return Err(Failure::new(what, "name a job, or the kind `due`, `period` or `list`"));
        }
        let asked = Ask {
            kind: Some(request.kind),
            filters: request.filters.clone(),
            limit: request.cap,
            length: request.length.map(|length| length.to_string()),
            ..ask.clone()
        };
        // What makes no sense under this policy is told at once.
        count(&self.context, &request).await?;
        let asked = crate::domain::value::json_of(&asked);
        self.tidy().await?;
        let begun = self.context.ledger.begin_review(name, &asked, &self.caller.name).await?;
        let id = begun.ok_or_else(|| {
            let hint = "choose another name, or decide that one first";
            Failure::new(format!("a review `{name}` is already pending"), hint).of(Kind::Conflict)
        })?;
        Ok((id, request))
    }

    /// Checks all clients, and records the progress.
    async fn fill(&self, id: i64, request: &Request, each: &mut (dyn FnMut(u64, u64) + Send)) -> Result<(), Failure> {
        let ledger = &self.context.ledger;
        let looked_at = AtomicU64::new(0);
        let filled = async {
            let all = count(&self.context, request).await?;
            ledger.review_goes_on(id, 0, all).await?;
            let note = || {
                let so_far = looked_at.load(Ordering::Relaxed);
                each(so_far, all.max(so_far));
                ledger.review_goes_on(id, so_far, all.max(so_far))
            };
            let (clients, found) = noted(Box::pin(self.held(request, &looked_at)), note).await?;
            let reasons = crate::domain::value::json_of(&found.refusals);
            let refused = found.tally.refused;
            let held = Held { digest: &found.digest, refused, reasons: &reasons, clients: &clients };
            Ok::<bool, Failure>(ledger.fill_review(id, &held).await?)
        };
        match filled.await {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(Failure::new("the review was deleted while it was being created", "create another")
                    .of(Kind::Conflict))
            }
            Err(failure) => {
                ledger.fail_review(id, &failure.message).await?;
                Err(failure)
            }
        }
    }

    async fn held(&self, request: &Request, looked_at: &AtomicU64) -> Result<(Vec<String>, Survey), Failure> {
        let (mut clients, mut all) = (Vec::new(), 0_usize);
        let mut hold = |client: Client| {
            looked_at.fetch_add(1, Ordering::Relaxed);
            if client.outcome == Outcome::Anonymized {
                all += 1;
                if clients.len() < MOST {
                    clients.push(client.key);
                }
            }
        };
        let found = survey((&self.context).into(), request, Mode::Preview, &mut hold).await?;
        if all == 0 {
            return Err(Failure::new(NO_CLIENTS, "a preview shows who was refused, and why").of(Kind::Conflict));
        }
        if all > MOST {
            let what = format!("{all} clients would be anonymized, too many for a review");
            return Err(Failure::new(what, "set a limit or a filter; a review has 100,000 clients at most"));
        }
        Ok((clients, found))
    }

    /// Ends reviews that are too old, or abandoned.
    pub(super) async fn tidy(&self) -> Result<(), Failure> {
        let now = self.context.ledger.clock().now();
        Ok(self.context.ledger.tidy_reviews(now - GOOD_FOR, now - SILENCE).await?)
    }

    pub(super) async fn find(&self, name: &str) -> Result<Review, Failure> {
        self.tidy().await?;
        match self.context.ledger.review(name.trim()).await? {
            Some(found) if self.sees_review(&found)? => Ok(found),
            _ => {
                let hint = Act::Reviews.then(" lists the existing ones");
                Err(Failure::new(format!("review `{}` not found", name.trim()), hint).of(Kind::NotFound))
            }
        }
    }

    /// What a review may be of, under the policy as it is.
    pub async fn offered_reviews(&self) -> Result<Offered, Failure> {
        self.allow_within(Right::Read, "view reviews", "").await?;
        let loaded = self.loaded().await?;
        let plan = &loaded.plan;
        let of_clients = |job: &Job| matches!(job.kind, SweepKind::Due | SweepKind::Period);
        let choices = plan.retention.as_ref().and_then(|own| own.choices);
        Ok(Offered {
            jobs: job_files(&self.jobs)?.jobs.into_iter().filter(of_clients).map(|job| job.name).collect(),
            due: plan.client.to_anonymize_on.is_some(),
            period: plan.retention.is_some(),
            filters: plan.filters.keys().map(|own| (own.clone(), plan.one_value.contains(own))).collect(),
            lengths: choices.map(|own| own.all().map(|length| length.to_string()).collect()).unwrap_or_default(),
        })
    }

    /// Reviews, those that wait first, then the newest; up to 200.
    pub async fn reviews(&self, sought: &Sought) -> Result<Vec<Review>, Failure> {
        self.allow_within(Right::Read, "view reviews", "").await?;
        self.tidy().await?;
        let mut seen = Vec::new();
        for review in self.context.ledger.reviews(sought, self.most_read()).await? {
            if self.sees_review(&review)? {
                seen.push(review);
            }
        }
        seen.truncate(MOST_LISTED as usize);
        Ok(seen)
    }

    /// How many reviews, or imports, are read for a list, of which a limited caller sees some.
    pub(super) fn most_read(&self) -> u32 {
        if self.caller.limit.is_none() { MOST_LISTED } else { MOST_LISTED * 10 }
    }

    pub async fn review(&self, name: &str) -> Result<Reviewed, Failure> {
        self.allow_within(Right::Read, "view reviews", "").await?;
        let review = self.find(name).await?;
        let keys = self.keys_of(&review).await?;
        Ok(Reviewed { review, keys })
    }

    /// The clients of a review, none of whom has left the caller's limit since.
    pub(super) async fn keys_of(&self, review: &Review) -> Result<Vec<String>, Failure> {
        let keys = self.context.ledger.reviewed(review.id).await?;
        self.only_own_texts(&keys).await?;
        Ok(keys)
    }

    /// Opens a sweep over exactly the clients of the review that was seen, each
    /// of whom is checked again, and returns its number.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the person who made it approves it, it is decided or too old, it is
    /// not what was seen, the policy has changed since, or a gate refuses.
    pub async fn approve_review(&self, name: &str, seen: &Seen) -> Result<i64, Failure> {
        self.allow_within(Right::Bulk, "approve review", name).await?;
        patiently(|| Box::pin(self.approve_now(name, seen))).await
    }

    async fn approve_now(&self, name: &str, seen: &Seen) -> Result<i64, Failure> {
        let review = self.find(name).await?;
        waits(&review)?;
        seen.is(&review)?;
        if !self.may_approve(&review) {
            let what = format!(
                "review `{}` was created by {}, and a second person has to approve it",
                review.name, review.made_by
            );
            return Err(Failure::new(what, "another person with the right `bulk` can").of(Kind::Forbidden));
        }
        let keys = self.held_keys(&review).await?;
        self.approved(&review, &keys, None).await
    }

    /// Whether the caller may approve a review: a second person may.
    #[must_use]
    pub fn may_approve(&self, review: &Review) -> bool {
        !self.second_person || review.made_by != self.caller.name
    }

    /// The clients of a review that waits, unless it was decided since it was read.
    pub(super) async fn held_keys(&self, review: &Review) -> Result<Vec<String>, Failure> {
        let keys = self.keys_of(review).await?;
        if i64::try_from(keys.len()) == Ok(review.clients) { Ok(keys) } else { Err(SweepError::Decided.into()) }
    }

    /// Opens a sweep over these clients of a review, and decides the review in the same transaction.
    pub(super) async fn approved(
        &self,
        review: &Review,
        keys: &[String],
        import: Option<NewImport>,
    ) -> Result<i64, Failure> {
        self.is_as_it_was(review).await?;
        let asked: Ask = asked(&review.asked, &review.name)?;
        let terms = Ask {
            kind: Some(SweepKind::List),
            clients: keys.to_vec(),
            selection: None,
            limit: None,
            job: None,
            // The person who approves has seen how many they are.
            over_brake: true,
            ..asked
        };
        let mut request = self.request_of_any_size(&terms).await?;
        request.decision = Some(Decision { import, ..self.decision(review, "approved", keys.len()) });
        self.open(&request).await
    }

    pub(super) fn decision(&self, review: &Review, state: &'static str, kept: usize) -> Decision {
        Decision {
            review: review.id,
            digest: review.digest.clone(),
            clients: review.clients,
            kept: i64::try_from(kept).unwrap_or(i64::MAX),
            state,
            by: self.caller.name.clone(),
            import: None,
        }
    }

    /// Refuses a review that was made under another policy or schema.
    pub(super) async fn is_as_it_was(&self, review: &Review) -> Result<Arc<Loaded>, Failure> {
        let loaded = self.loaded().await?;
        if loaded.plan.digest != review.digest {
            let what = format!("the policy or the schema changed since review `{}` was created", review.name);
            return Err(Failure::new(what, "reject it and create another").of(Kind::Conflict));
        }
        Ok(loaded)
    }

    /// Decides that the clients of the review that was seen stay for now.
    pub async fn reject_review(&self, name: &str, seen: &Seen) -> Result<(), Failure> {
        self.allow_within(Right::Bulk, "reject review", name).await?;
        patiently(|| Box::pin(self.reject_now(name, seen))).await
    }

    async fn reject_now(&self, name: &str, seen: &Seen) -> Result<(), Failure> {
        let review = self.find(name).await?;
        waits(&review)?;
        seen.is(&review)?;
        let kept = usize::try_from(review.clients).unwrap_or(0);
        if self.context.ledger.reject_review(&self.decision(&review, "rejected", kept)).await? {
            return Ok(());
        }
        Err(SweepError::Decided.into())
    }

    /// Deletes a review, whatever became of it; a sweep that it opened stands.
    pub async fn delete_review(&self, name: &str) -> Result<(), Failure> {
        self.allow_within(Right::Bulk, "delete review", name).await?;
        let review = self.find(name).await?;
        self.context.ledger.delete_review(review.id, &self.caller.name).await?;
        Ok(())
    }
}

/// Does work, and notes how far it is: beside it and never before it, as what is read must not wait for what is written.
pub(super) async fn noted<T, N>(work: impl Future<Output = T>, mut note: impl FnMut() -> N) -> T
where
    N: Future<Output = Result<(), StoreError>>,
{
    let over = CancellationToken::new();
    let work = async {
        let done = work.await;
        over.cancel();
        done
    };
    let noting = async {
        while over.run_until_cancelled(tokio::time::sleep(NOTED_EVERY)).await.is_some() {
            // The next note may succeed; if none does, the work is ended as abandoned.
            let _ = note().await;
        }
    };
    tokio::join!(work, noting).0
}

/// What a review of this name was made of, as the ledger has it.
pub(super) fn asked(said: &serde_json::Value, review: &str) -> Result<Ask, Failure> {
    Ask::deserialize(said).map_err(|_| {
        let what = format!("the terms of review `{review}` cannot be read");
        Failure::new(what, "delete it and create another").of(Kind::Conflict)
    })
}

/// What people call a thing of this kind, if it can be called so.
pub(super) fn name_of<'a>(kind: &str, name: &'a str) -> Result<&'a str, Failure> {
    let name = name.trim();
    let refused = |what: Unclear| Failure::new(format!("the name cannot be that of a {kind}: {what}"), what.hint());
    text::name(name).map(|()| name).map_err(refused)
}

/// Refuses a review that does not wait.
pub(super) fn waits(review: &Review) -> Result<(), Failure> {
    let what = match review.state.as_str() {
        "waiting" => return Ok(()),
        "making" => format!("review `{}` is still being created", review.name),
        "failed" => {
            format!("review `{}` could not be created: {}", review.name, review.note.as_deref().unwrap_or_default())
        }
        "expired" => format!("review `{}` is more than 30 days old", review.name),
        state => {
            format!("review `{}` was {state} by {}", review.name, review.decided_by.as_deref().unwrap_or_default())
        }
    };
    Err(Failure::new(what, Act::Reviews.then(" lists the pending ones")).of(Kind::Conflict))
}
