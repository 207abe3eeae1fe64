//! Why a cron expression and a time zone are not a schedule.

use crate::domain::nearest::nearest;
use crate::domain::reading::TextError;

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

pub(super) fn field_count(cron: &str, count: usize) -> TextError {
    let plural = if count == 1 { "" } else { "s" };
    let fix = if count == 5 {
        format!("prepend a field for the seconds: `0 {}`", cron.trim())
    } else {
        "write six fields, seconds first, such as `0 30 1 * * *` for 01:30 each day".to_owned()
    };
    TextError::new(format!("cron expression `{cron}` has {count} field{plural}, not 6 or 7"), fix)
}

/// The field at `index` cannot be read.
pub(super) fn unreadable_field(index: usize, text: &str) -> TextError {
    let (field, allowed) = FIELDS[index];
    cannot_be(field, text, allowed)
}

/// Each field can be read, and not the whole expression.
pub(super) fn unreadable(cron: &str) -> TextError {
    cannot_be("expression", cron, "six fields, seconds first")
}

fn cannot_be(field: &str, text: &str, allowed: &str) -> TextError {
    let fix = format!(
        "it takes {allowed}, `*`, lists such as `1,3`, upward ranges such as `1-5`, \
         and steps such as `*/2`"
    );
    TextError::new(format!("cron field `{field}` cannot be `{text}`"), fix)
}

pub(super) fn never_fires(cron: &str) -> TextError {
    let fix = "no day has this month, day of month, day of week and year together";
    TextError::new(format!("cron expression `{cron}` never fires"), fix)
}

/// No time zone has this name; looks for the nearest.
pub(super) fn unknown_zone(zone: &str) -> TextError {
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
    let fix = match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => "write an IANA name such as `Europe/Copenhagen` or `UTC`".to_owned(),
    };
    TextError::new(format!("unknown time zone `{zone}`"), fix)
}

#[cfg(test)]
mod tests {
    use crate::domain::schedule::Schedule;

    const COPENHAGEN: &str = "Europe/Copenhagen";

    #[test]
    fn five_fields_are_refused_with_the_six_to_write() {
        let error = Schedule::parse("30 1 * * *", COPENHAGEN).unwrap_err();
        assert_eq!(error.to_string(), "cron expression `30 1 * * *` has 5 fields, not 6 or 7");
        assert_eq!(error.fix, "prepend a field for the seconds: `0 30 1 * * *`");
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
            assert!(!error.fix.is_empty(), "{cron}");
        }
    }

    #[test]
    fn an_unknown_zone_hints_at_the_nearest() {
        let hint = |zone| {
            let error = Schedule::parse("0 0 0 * * *", zone).unwrap_err();
            assert_eq!(error.to_string(), format!("unknown time zone `{zone}`"));
            error.fix
        };
        assert_eq!(hint("Europe/Kopenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("europe/copenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("Copenhagen"), "did you mean `Europe/Copenhagen`?");
        assert_eq!(hint("America/NewYork"), "did you mean `America/New_York`?");
        assert!(hint("").contains("IANA name"));
        assert!(hint("Middle-earth/Rivendell").contains("IANA name"));
    }
}
