//! The day of a sweep, in the time zone in which it is a day.

use std::fmt::{Display, Formatter};

use chrono::NaiveDate;
use chrono_tz::Tz;

/// The day of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    pub day: NaiveDate,
    /// Where it begins and ends as a moment.
    pub zone: Tz,
}

impl From<NaiveDate> for Today {
    fn from(day: NaiveDate) -> Self {
        Self { day, zone: Tz::UTC }
    }
}

impl Display for Today {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        self.day.fmt(f)
    }
}

impl Today {
    /// The moment at which a day begins, as PostgreSQL reads it in a column of
    /// whatever type of date; a column without a time zone takes the day alone.
    pub fn begins(self, day: NaiveDate) -> String {
        if self.zone == Tz::UTC { format!("'{day}'") } else { format!("'{day} 00:00 {}'", self.zone.name()) }
    }
}
