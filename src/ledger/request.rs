//! What is asked for when a sweep is opened.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::Decision;
use crate::domain::job::{Brake, Job};
use crate::domain::key::Key;
use crate::domain::period::Period;
use crate::domain::sweep::SweepKind;
use crate::domain::today::Today;

/// What a caller or a tick asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The job whose file was used.
    pub job: Option<String>,
    /// The scheduled moment.
    pub tick: Option<DateTime<Utc>>,
    /// Earlier ticks that nothing ran for.
    pub skipped: u64,
    pub kind: SweepKind,
    /// Filter names and values.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The period to go by instead of the policy's: one of its choices.
    pub length: Option<Period>,
    /// The most clients to anonymize.
    pub cap: Option<u64>,
    /// List sweeps: pass over the retention period.
    pub force: bool,
    /// The day, in the job's time zone.
    pub today: NaiveDate,
    /// That time zone.
    pub zone: Tz,
    /// When to stop and ask.
    pub brake: Brake,
    /// Whether a person has confirmed that it may take so many.
    pub over_brake: bool,
    /// List sweeps: the clients.
    pub keys: Vec<Key>,
    /// List sweeps: the saved selection whose clients they are instead.
    pub selection: Option<String>,
    /// List sweeps: clients that failed are tried again.
    pub retry: bool,
    /// Whether it is refused while a sweep on the same terms is running, and not given that sweep.
    pub once: bool,
    /// The preview that a person saw, to which the sweep is bound.
    pub bound: Option<Bound>,
    /// The decision that opens it, made in the same transaction.
    pub decision: Option<Decision>,
}

/// What a preview showed to the person who starts the sweep.
#[derive(Debug, Clone)]
pub struct Bound {
    pub digest: String,
    /// The keys of its clients, as JSON, where the sweep selects them by itself and they can be held.
    pub keys: Option<Vec<String>>,
    /// How many clients it may anonymize, where they are too many for their keys to be held.
    pub most: Option<u64>,
}

impl Request {
    /// What a job asks for at a moment.
    #[must_use]
    pub fn of_job(job: &Job, now: DateTime<Utc>) -> Self {
        Self {
            job: Some(job.name.clone()),
            kind: job.kind,
            filters: job.filters.clone(),
            length: job.length,
            cap: job.limit,
            zone: job.schedule.zone(),
            brake: job.brake,
            ..Self::of_clients(Vec::new(), job.schedule.today(now))
        }
    }

    /// The day, in the time zone in which it is one.
    pub fn day(&self) -> Today {
        Today { day: self.today, zone: self.zone }
    }

    /// A list sweep over these clients.
    #[must_use]
    pub fn of_clients(keys: Vec<Key>, today: NaiveDate) -> Self {
        Self {
            job: None,
            tick: None,
            skipped: 0,
            kind: SweepKind::List,
            filters: BTreeMap::new(),
            length: None,
            cap: None,
            force: false,
            today,
            zone: Tz::UTC,
            brake: Brake::default(),
            over_brake: false,
            keys,
            selection: None,
            retry: false,
            once: false,
            bound: None,
            decision: None,
        }
    }
}
