//! What people and programs may ask for, whichever way they ask: each question
//! is answered in one place, and each right is checked in one. Imports every
//! floor but the faces.

pub mod access;
pub mod attention;
mod bounds;
pub mod classify;
pub mod cleaning;
pub mod clients;
pub mod coverage;
pub mod dates;
pub mod deliveries;
pub mod failure;
pub mod jobs;
pub mod journal;
mod limit;
pub mod night;
pub mod pauses;
pub mod reports;
mod retries;
pub mod returned;
pub mod reviews;
mod row_errors;
pub mod selections;
pub mod shared;
pub mod status;
pub mod steps;
pub mod sweeps;
pub mod ticks;
pub mod workbooks;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use access::Caller;

use crate::worker::{Context, Loaded, PlanLoadError};

/// What a question is answered with, and who asks it.
#[derive(Clone)]
pub struct Service {
    /// The company's database, and all that works on it.
    pub context: Context,
    /// The folder of the job files.
    pub jobs: PathBuf,
    /// The time zone of the caller's day.
    pub time_zone: Tz,
    /// Whether a review is approved by a person other than the one who made it.
    pub second_person: bool,
    pub caller: Caller,
}

impl Service {
    /// The same service for another caller.
    #[must_use]
    pub fn for_caller(&self, caller: Caller) -> Self {
        let context = Context { actor: caller.name.clone(), ..self.context.clone() };
        Self { context, caller, ..self.clone() }
    }

    /// The policy as a plan.
    pub async fn loaded(&self) -> Result<Arc<Loaded>, PlanLoadError> {
        self.context.planner.plan(&self.context.store).await
    }

    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.context.ledger.clock().now().with_timezone(&self.time_zone).date_naive()
    }
}
