//! What is told of sweeps afterwards: reports for people who were not there,
//! and the extract for the register of processing. Imports every floor but the
//! command line.
//!
//! Figures of a sweep come from the ledger and stay what they were. What the
//! ledger does not keep (who is overdue, how many look alike) is asked now, and
//! said to be as of now. No report holds a client's data or key.

mod html;
mod now;
mod policy;
mod remains;
mod sweep;
mod unchecked;
mod words;

pub use sweep::SweepReport;
pub use words::{minute, number, reason};

use serde::Serialize;

use crate::worker::Context;

/// Who made a report, when, and of what.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// When.
    pub made_at: String,
    /// The account it was made by.
    pub made_by: String,
    /// The version of Lethe.
    pub lethe: &'static str,
    /// The database, without any password.
    pub database: String,
}

impl About {
    fn now(context: &Context) -> Self {
        Self {
            made_at: context.ledger.now(),
            made_by: context.actor.clone(),
            lethe: env!("CARGO_PKG_VERSION"),
            database: context.store.place().to_owned(),
        }
    }
}

/// What a reader asks for besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// The rare values themselves, and not only how many there are.
    pub values: bool,
}
