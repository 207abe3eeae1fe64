//! What became of a client that a sweep looked at.

use serde::{Deserialize, Serialize};

/// The reason that a hold gives; no guard may take this name.
pub const HOLD: &str = "hold";

/// The reason that a notice gives, alone or with a day behind it; no guard may take this name.
pub const NOTICE: &str = "notice";
/// What the reason begins with that names where a client's data had come back:
/// a column, or a table whose rows were there again.
pub const WRITTEN_BACK: &str = "written_back:";

/// The reason of clients whose data had come back with a backup.
pub const RESTORED: &str = "restored";

/// What became of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All rules were applied, and the residue check found nothing.
    Anonymized,
    /// One or more guards, or a hold, said no.
    Refused,
    /// Was anonymized before.
    Already,
    /// The date has not come, the period has not passed, or a filter no longer fits.
    NotDue,
    /// There is no such client.
    NotFound,
    /// Something went wrong; nothing was changed.
    Failed,
}

impl Outcome {
    /// All of them, as they are told.
    pub const ALL: [Self; 6] =
        [Self::Anonymized, Self::Refused, Self::Failed, Self::Already, Self::NotDue, Self::NotFound];

    /// The word used in tables, logs and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymized => "anonymized",
            Self::Refused => "refused",
            Self::Already => "already",
            Self::NotDue => "not_due",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word).ok_or(())
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How many clients had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tally {
    /// Clients anonymized.
    pub anonymized: u64,
    /// Clients refused.
    pub refused: u64,
    /// Clients anonymized before.
    pub already: u64,
    /// Clients not due.
    pub not_due: u64,
    /// Keys without a client.
    pub not_found: u64,
    /// Clients that failed.
    pub failed: u64,
}

impl Tally {
    pub fn count(&mut self, outcome: Outcome, clients: u64) {
        *self.of_mut(outcome) += clients;
    }

    pub fn of(&self, outcome: Outcome) -> u64 {
        let mut own = *self;
        *own.of_mut(outcome)
    }

    fn of_mut(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Anonymized => &mut self.anonymized,
            Outcome::Refused => &mut self.refused,
            Outcome::Already => &mut self.already,
            Outcome::NotDue => &mut self.not_due,
            Outcome::NotFound => &mut self.not_found,
            Outcome::Failed => &mut self.failed,
        }
    }

    /// All clients looked at.
    pub fn looked_at(&self) -> u64 {
        self.anonymized + self.refused + self.already + self.not_due + self.not_found + self.failed
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for outcome in Outcome::ALL {
            self.count(outcome, other.of(outcome));
        }
    }
}
