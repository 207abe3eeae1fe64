//! Why a cron expression and a time zone are not a schedule.

use crate::domain::nearest::nearest;

/// The fields of a cron expression, in order, with what each may hold.
const FIELDS: [(&str, &str); 7] = [
    ("seconds", "numbers from 0 to 59"),
    ("minutes", "numbers from 0 to 59"),
    ("hours", "numbers from 0 to 23"),
    ("day of month", "numbers from 1 to 31"),
    ("month", "numbers from 1 to 12 or names such as `JAN`"),
    ("day of week", "names such as `MON`, or 1 (Sunday) to 7"),
    ("year", "numbers from 1970 to 2100"),
];

/// Why a cron expression and a time zone are not a schedule.
///
/// `Display` says what is wrong; [`hint`](Self::hint) says what to do next.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression has neither six nor seven fields.
    #[error("cron expression `{cron}` has {count} field{}, not 6 or 7", if *.count == 1 { "" } else { "s" })]
    FieldCount {
        /// The expression as it was written.
        cron: String,
        /// How many fields it has.
        count: usize,
    },

    /// One field of the expression cannot be read.
    #[error("cron field `{field}` cannot be `{text}`")]
    Unreadable {
        field: &'static str,
        /// The field as it was written.
        text: String,
        /// What the field may hold.
        allowed: &'static str,
    },

    /// The expression matches no moment at all.
    #[error("cron expression `{cron}` never fires")]
    NeverFires {
        /// The expression as it was written.
        cron: String,
    },

    /// No time zone has this name.
    #[error("unknown time zone `{zone}`")]
    UnknownZone {
        /// The name as it was written.
        zone: String,
        /// The name most like it.
        nearest: Option<&'static str>,
    },
}

impl ScheduleError {
    /// Says that the field at `index` cannot be read.
    pub(super) fn unreadable(index: usize, text: &str) -> Self {
        let (field, allowed) = FIELDS[index];
        Self::Unreadable { field, text: text.to_owned(), allowed }
    }

    /// Says that no time zone has this name, and looks for the nearest.
    pub(super) fn unknown_zone(zone: &str) -> Self {
        // `Etc/GMT+2` lies west of Greenwich, the opposite of what its readers
        // expect, so no hint leads there.
        let names = || {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            names.filter(|name| !name.starts_with("Etc/"))
        };
        let city = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let nearest = if zone.contains('/') {
            nearest(zone, names())
        } else {
            nearest(zone, names().map(city)).and_then(|found| names().find(|name| city(name) == found))
        };
        Self::UnknownZone { zone: zone.to_owned(), nearest }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::FieldCount { cron, count: 5 } => {
                format!("prepend a field for the seconds: `0 {}`", cron.trim())
            }
            Self::FieldCount { .. } => {
                "write six fields, seconds first, such as `0 30 1 * * *` for 01:30 each day".to_owned()
            }
            Self::Unreadable { allowed, .. } => format!(
                "it takes {allowed}, `*`, lists such as `1,3`, upward ranges such as `1-5`, \
                 and steps such as `*/2`"
            ),
            Self::NeverFires { .. } => "no day has this month, day of month, day of week and year together".to_owned(),
            Self::UnknownZone { nearest: Some(name), .. } => format!("did you mean `{name}`?"),
            Self::UnknownZone { nearest: None, .. } => {
                "write an IANA name such as `Europe/Copenhagen` or `UTC`".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::schedule::Schedule;

    const COPENHAGEN: &str = "Europe/Copenhagen";

    #[test]
    fn five_fields_are_refused_with_the_six_to_write() {
        let error = Schedule::parse("30 1 * * *", COPENHAGEN).unwrap_err();
        assert_eq!(error.to_string(), "cron expression `30 1 * * *` has 5 fields, not 6 or 7");
        assert_eq!(error.hint(), "prepend a field for the seconds: `0 30 1 * * *`");
    }

    #[test]
    fn bad_expressions_are_refused_with_what_and_a_hint() {
        let cases = [
            ("", "cron expression `` has 0 fields, not 6 or 7"),
            ("@daily", "cron expression `@daily` has 1 field, not 6 or 7"),
            ("* * * * * * * *", "cron expression `* * * * * * * *` has 8 fields, not 6 or 7"),
            ("60 * * * * *", "cron field `seconds` cannot be `60`"),
            ("0 -1 * * * *", "cron field `minutes` cannot be `-1`"),
            ("0 0 24 * * *", "cron field `hours` cannot be `24`"),
            ("0 0 22-2 * * *", "cron field `hours` cannot be `22-2`"),
            ("0 0 1* * * *", "cron field `hours` cannot be `1*`"),
            ("0 0 1 0 * *", "cron field `day of month` cannot be `0`"),
            ("0 0 1 L * *", "cron field `day of month` cannot be `L`"),
            ("0 0 1 1 13 *", "cron field `month` cannot be `13`"),
            ("0 0 1 1 * 0", "cron field `day of week` cannot be `0`"),
            ("0 0 1 1 * MONDAI", "cron field `day of week` cannot be `MONDAI`"),
            ("0 */0 * * * *", "cron field `minutes` cannot be `*/0`"),
            ("0 1, * * * *", "cron field `minutes` cannot be `1,`"),
            ("0 1-2-3 * * * *", "cron field `minutes` cannot be `1-2-3`"),
            ("0 0 1 -5 * * *", "cron field `day of month` cannot be `-5`"),
            ("0 99999999999 * * * *", "cron field `minutes` cannot be `99999999999`"),
            ("0 0 0 1 1 * 2101", "cron field `year` cannot be `2101`"),
            ("0 0 0 31 2 *", "cron expression `0 0 0 31 2 *` never fires"),
            ("0 0 0 29 2 * 2026", "cron expression `0 0 0 29 2 * 2026` never fires"),
        ];
        for (cron, what) in cases {
            let error = Schedule::parse(cron, COPENHAGEN).unwrap_err();
            assert_eq!(error.to_string(), what, "{cron}");
            assert!(!error.hint().is_empty(), "{cron}");
        }
    }

    #[test]
    fn an_unknown_zone_hints_at_the_nearest() {
        let hint = |zone| {
            let error = Schedule::parse("0 0 0 * * *", zone).unwrap_err();
            assert_eq!(error.to_string(), format!("unknown time zone `{zone}`"));
            error.hint()
        };
        assert_eq!(hint("Europe/Kopenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("europe/copenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("Copenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("America/NewYork"), "did you mean `America/New_York`?");
        assert!(hint("").contains("IANA name"));
        assert!(hint("Middle-earth/Rivendell").contains("IANA name"));
    }
}
