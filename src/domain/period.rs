//! A calendar period such as `6 years`, and the day that lies one period back.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::nearest::nearest;
use super::reading::{TextError, with_fix};

const WRITTEN: &str = "write numbers, each with its unit, such as `6 years` or `1 year 6 months`";
const AT_LEAST: &str = "write a period of at least `1 day`";
const SHORTER: &str = "write a shorter period";

/// A length of calendar time: years, months and days, never nothing at all.
///
/// It is written as `6 years`, `18 months` or `1 year 6 months`, each unit at
/// most once. It keeps the units it was written in: `18 months` stays so. Two
/// periods are equal when they are written in the same units.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Period {
    years: u32,
    months: u32,
    days: u32,
}

impl Period {
    /// Returns the day that lies one period before `day`.
    ///
    /// Years and months go first, as one step, clamped to the end of the month:
    /// 29 February less one year is 28 February, 31 March less one month is the
    /// last of February. Then the days.
    pub fn before(self, day: NaiveDate) -> Result<NaiveDate, TextError> {
        self.total_months()
            .and_then(|months| day.checked_sub_months(Months::new(months)))
            .and_then(|start| start.checked_sub_days(Days::new(self.days.into())))
            .filter(|start| start.year() >= 1)
            .ok_or_else(|| self.leaves_calendar(day))
    }

    /// Returns the day that lies one period after `day`: years and months first,
    /// clamped to the end of the month, then the days.
    pub fn after(self, day: NaiveDate) -> Result<NaiveDate, TextError> {
        self.total_months()
            .and_then(|months| day.checked_add_months(Months::new(months)))
            .and_then(|end| end.checked_add_days(Days::new(self.days.into())))
            .filter(|end| end.year() <= 9999)
            .ok_or_else(|| self.leaves_calendar(day))
    }

    fn leaves_calendar(self, day: NaiveDate) -> TextError {
        TextError::new(format!("`{self}` before {day} lies before year 1"), SHORTER)
    }

    /// Returns its months, years counted as twelve each; `None` if it has days.
    pub fn whole_months(self) -> Option<u32> {
        self.total_months().filter(|_| self.days == 0)
    }

    /// Returns the period of so many months.
    pub(crate) const fn of_months(months: u32) -> Self {
        Self { years: 0, months, days: 0 }
    }

    fn total_months(self) -> Option<u32> {
        self.years.checked_mul(12)?.checked_add(self.months)
    }
}

impl FromStr for Period {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let (mut years, mut months, mut days) = (None, None, None);
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let number = number(word)?;
            let has_no_unit = || TextError::new(format!("`{word}` in the period has no unit"), WRITTEN);
            let unit = words.next().ok_or_else(has_no_unit)?;
            let slot = match unit {
                "year" | "years" => &mut years,
                "month" | "months" => &mut months,
                "day" | "days" => &mut days,
                _ => return Err(unknown_unit(unit)),
            };
            if slot.replace(number).is_some() {
                let what = format!("the period gives `{unit}` twice");
                return Err(TextError::new(what, "give each unit once, with its total"));
            }
        }
        if (years, months, days) == (None, None, None) {
            return Err(TextError::new("the period is empty", WRITTEN));
        }
        let period = Self { years: years.unwrap_or(0), months: months.unwrap_or(0), days: days.unwrap_or(0) };
        match period.total_months() {
            None => Err(too_long(text.trim())),
            Some(0) if period.days == 0 => {
                Err(TextError::new("the period is zero, which would keep no client at all", AT_LEAST))
            }
            Some(_) => Ok(period),
        }
    }
}

fn number(word: &str) -> Result<u32, TextError> {
    let all_digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() && all_digits(rest) => {
            Err(TextError::new(format!("`{word}` in the period is negative"), AT_LEAST))
        }
        None if all_digits(word) => word.parse().map_err(|_| too_long(word)),
        _ => Err(TextError::new(format!("`{word}` in the period is not a whole number"), WRITTEN)),
    }
}

fn too_long(text: &str) -> TextError {
    TextError::new(format!("the period `{text}` is too long for any calendar"), SHORTER)
}

fn unknown_unit(unit: &str) -> TextError {
    let fix = match nearest(unit, ["years", "months", "days", "year", "month", "day"]) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "the units are years, months and days".to_owned(),
    };
    TextError::new(format!("`{unit}` is not a unit of a period"), fix)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.years, "year"), (self.months, "month"), (self.days, "day")];
        let mut space = "";
        for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
            let plural = if number == 1 { "" } else { "s" };
            write!(f, "{space}{number} {unit}{plural}")?;
            space = " ";
        }
        Ok(())
    }
}

/// What cannot be read says what to do about it too.
impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error: TextError| D::Error::custom(with_fix(&error, &error.fix)))
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A calendar period: whole years, months and days, each at most once, \
                            such as `6 years` or `1 year 6 months`.",
            "pattern": r"^\s*[0-9]+\s+(years?|months?|days?)(\s+[0-9]+\s+(years?|months?|days?)){0,2}\s*$",
            "examples": ["6 years", "18 months", "1 year 6 months"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn before(text: &str, from: &str) -> String {
        period(text).before(day(from)).unwrap().to_string()
    }

    #[test]
    fn a_period_reads_back_as_it_was_written() {
        for text in
            ["6 years", "18 months", "10 days", "1 year", "1 year 6 months", "1 year 1 month 1 day", "4294967295 days"]
        {
            assert_eq!(period(text).to_string(), text);
        }
    }

    #[test]
    fn loose_writing_is_understood_and_tidied() {
        assert_eq!(period("  1 years   1 months ").to_string(), "1 year 1 month");
        assert_eq!(period("6 months 1 year").to_string(), "1 year 6 months");
        assert_eq!(period("0 years 007 days").to_string(), "7 days");
    }

    #[test]
    fn the_parts_stay_in_the_units_they_were_written_in() {
        let written = period("18 months 40 days");
        assert_eq!((written.years, written.months, written.days), (0, 18, 40));
    }

    #[test]
    fn a_leap_day_less_whole_years_is_clamped_only_where_it_must_be() {
        assert_eq!(before("1 year", "2024-02-29"), "2023-02-28");
        assert_eq!(before("4 years", "2024-02-29"), "2020-02-29");
        assert_eq!(before("100 years", "2000-02-29"), "1900-02-28");
        assert_eq!(before("400 years", "2000-02-29"), "1600-02-29");
    }

    #[test]
    fn the_day_before_and_after_a_leap_day_go_back_to_their_own() {
        assert_eq!(before("1 year", "2025-02-28"), "2024-02-28");
        assert_eq!(before("1 year", "2025-03-01"), "2024-03-01");
        assert_eq!(before("1 day", "2024-03-01"), "2024-02-29");
        assert_eq!(before("1 day", "2023-03-01"), "2023-02-28");
    }

    #[test]
    fn months_are_clamped_to_the_end_of_the_month() {
        assert_eq!(before("1 month", "2026-03-31"), "2026-02-28");
        assert_eq!(before("1 month", "2024-03-31"), "2024-02-29");
        assert_eq!(before("18 months", "2026-08-31"), "2025-02-28");
        assert_eq!(before("1 month", "2026-01-01"), "2025-12-01");
    }

    #[test]
    fn years_and_months_are_one_step_and_days_come_after() {
        assert_eq!(before("1 year 1 month", "2025-03-29"), "2024-02-29");
        assert_eq!(before("1 month 1 day", "2026-03-31"), "2026-02-27");
        assert_eq!(before("1 year 12 months", "2024-02-29"), "2022-02-28");
    }

    #[test]
    fn days_cross_months_and_years() {
        assert_eq!(before("10 days", "2026-01-05"), "2025-12-26");
        assert_eq!(before("366 days", "2025-01-01"), "2024-01-01");
    }

    #[test]
    fn the_first_day_of_year_1_is_the_last_that_can_be_reached() {
        assert_eq!(before("2025 years", "2026-01-01"), "0001-01-01");
        let error = period("1 day").before(day("0001-01-01")).unwrap_err();
        assert_eq!(error.to_string(), "`1 day` before 0001-01-01 lies before year 1");
        assert_eq!(error.fix, "write a shorter period");
    }

    #[test]
    fn a_period_longer_than_the_calendar_is_an_error_and_not_a_panic() {
        for text in ["300000 years", "4294967295 months", "4294967295 days"] {
            let error = period(text).before(day("2026-01-01")).unwrap_err();
            assert!(error.what.ends_with("lies before year 1"), "{text}");
        }
    }

    #[test]
    fn serde_and_the_schema_know_a_period_as_a_string() {
        #[derive(Debug, PartialEq, Deserialize, Serialize)]
        struct Table {
            length: Period,
        }

        let table: Table = toml::from_str("length = \"1 year 6 months\"").unwrap();
        assert_eq!(toml::to_string(&table).unwrap(), "length = \"1 year 6 months\"\n");
        let error = toml::from_str::<Table>("length = \"0 days\"").unwrap_err();
        assert!(error.message().contains("the period is zero"));

        let schema = schemars::schema_for!(Period);
        assert_eq!(schema.get("type").unwrap(), "string");
        assert!(schema.get("pattern").is_some());
    }

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
            assert!(!error.fix.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_unit_hints_at_the_right_one() {
        let hint = |text: &str| text.parse::<Period>().unwrap_err().fix;
        assert_eq!(hint("6 yaers"), "did you mean `years`?");
        assert_eq!(hint("6 Months"), "did you mean `months`?");
        assert_eq!(hint("2 fortnights"), "the units are years, months and days");
    }
}
