//! Why a text is not a period, or a period cannot be taken from a day.

use chrono::NaiveDate;

use crate::domain::nearest::nearest;
use crate::domain::period::Period;

/// The units a period can be written in, plural then singular.
const UNITS: [&str; 6] = ["years", "months", "days", "year", "month", "day"];

/// Why a text is not a period, or a period cannot be taken from a day.
///
/// `Display` says what is wrong; [`hint`](Self::hint) says what to do next.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PeriodError {
    /// The text holds no word.
    #[error("the period is empty")]
    Empty,

    /// Every number in the text is zero.
    #[error("the period is zero, which would keep no client at all")]
    Zero,

    /// A number is below zero.
    #[error("`{text}` in the period is negative")]
    Negative { text: String },

    /// A word stands where a whole number should.
    #[error("`{text}` in the period is not a whole number")]
    NotANumber { text: String },

    /// A number is the last word of the text.
    #[error("`{number}` in the period has no unit")]
    MissingUnit { number: String },

    /// A word after a number is not a unit.
    #[error("`{unit}` is not a unit of a period")]
    UnknownUnit {
        unit: String,
        /// The unit most like it.
        nearest: Option<&'static str>,
    },

    /// A unit stands twice.
    #[error("the period gives `{unit}` twice")]
    RepeatedUnit {
        /// The unit as it was written the second time.
        unit: String,
    },

    /// A number is too large to reckon with.
    #[error("the period `{text}` is too long for any calendar")]
    TooLong {
        /// The number, or the period, as it was written.
        text: String,
    },

    /// The day one period back does not exist.
    #[error("`{period}` before {day} lies before year 1")]
    LeavesCalendar {
        /// The period that was taken off.
        period: Period,
        /// The day it was taken from.
        day: NaiveDate,
    },
}

impl PeriodError {
    /// Says that a word is not a unit, and looks for the nearest.
    pub(super) fn unknown_unit(unit: &str) -> Self {
        Self::UnknownUnit { unit: unit.to_owned(), nearest: nearest(unit, UNITS) }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::UnknownUnit { nearest: Some(name), .. } => return format!("did you mean `{name}`?"),
            Self::UnknownUnit { nearest: None, .. } => "the units are years, months and days",
            Self::Empty | Self::NotANumber { .. } | Self::MissingUnit { .. } => {
                "write numbers, each with its unit, such as `6 years` or `1 year 6 months`"
            }
            Self::Zero | Self::Negative { .. } => "write a period of at least `1 day`",
            Self::RepeatedUnit { .. } => "give each unit once, with its total",
            Self::TooLong { .. } | Self::LeavesCalendar { .. } => "write a shorter period",
        };
        hint.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_periods_are_refused_with_what_and_a_hint() {
        let cases = [
            ("", "the period is empty"),
            ("   ", "the period is empty"),
            ("0 days", "the period is zero, which would keep no client at all"),
            ("0 years 0 months", "the period is zero, which would keep no client at all"),
            ("-6 years", "`-6` in the period is negative"),
            ("- 6 years", "`-` in the period is not a whole number"),
            ("+6 years", "`+6` in the period is not a whole number"),
            ("1.5 years", "`1.5` in the period is not a whole number"),
            ("six years", "`six` in the period is not a whole number"),
            ("6years", "`6years` in the period is not a whole number"),
            ("years 6", "`years` in the period is not a whole number"),
            ("1 year and 6 months", "`and` in the period is not a whole number"),
            ("٦ years", "`٦` in the period is not a whole number"),
            ("6", "`6` in the period has no unit"),
            ("1 year 6", "`6` in the period has no unit"),
            ("6 yaers", "`yaers` is not a unit of a period"),
            ("2 weeks", "`weeks` is not a unit of a period"),
            ("1 year 2 years", "the period gives `years` twice"),
            ("4294967296 days", "the period `4294967296` is too long for any calendar"),
            ("400000000 years", "the period `400000000 years` is too long for any calendar"),
        ];
        for (text, what) in cases {
            let error = text.parse::<Period>().unwrap_err();
            assert_eq!(error.to_string(), what, "{text}");
            assert!(!error.hint().is_empty(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_unit_hints_at_the_right_one() {
        let hint = |text: &str| text.parse::<Period>().unwrap_err().hint();
        assert_eq!(hint("6 yaers"), "did you mean `years`?");
        assert_eq!(hint("6 Months"), "did you mean `months`?");
        assert_eq!(hint("2 fortnights"), "the units are years, months and days");
    }
}
