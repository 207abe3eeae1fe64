//! What is told of sweeps afterwards: reports for people who were not there,
//! and the extract for the register of processing. Imports every floor but the
//! command line.
//!
//! Figures of a sweep come from the ledger and stay what they were. What the
//! ledger does not keep (who is overdue, how many look alike) is asked now, and
//! said to be as of now. No report holds a client's data or key.

pub mod filters;
mod html;
mod month;
mod now;
mod outside;
mod policy;
mod register;
mod remains;
mod sweep;
mod unchecked;
mod words;

pub use month::{Month, MonthReport};
pub use now::{Longer, Overdue, overdue};
pub use register::Register;
pub use sweep::{SweepReport, Told};
pub use words::{counted, minute, number, reason, thousands};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::Store;
use crate::ledger::moment;
use crate::worker::Context;

/// Who made a report, when, and of what.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    pub made_at: String,
    pub made_by: String,
    pub lethe: &'static str,
    /// The database, without any password.
    pub database: String,
}

impl About {
    /// Of a database, by a person, at a moment.
    #[must_use]
    pub fn new(store: &Store, made_by: &str, made_at: DateTime<Utc>) -> Self {
        Self {
            made_at: moment(made_at),
            made_by: made_by.to_owned(),
            lethe: env!("CARGO_PKG_VERSION"),
            database: store.place().to_owned(),
        }
    }

    fn now(context: &Context) -> Self {
        Self::new(&context.store, &context.actor, context.ledger.clock().now())
    }
}

/// What a reader asks for besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportOptions {
    /// The rare values themselves, and not only how many there are.
    pub values: bool,
}
