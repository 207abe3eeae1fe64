//! When a job runs: a cron expression with seconds, read in a time zone.

mod error;

use std::fmt;
use std::str::FromStr;

use chrono::offset::{LocalResult, Offset};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::reading::TextError;

/// The most skipped ticks that [`Schedule::missed`] counts.
pub const MOST_SKIPPED: u64 = 10_000;

/// The years in which a schedule can fire. Source: the `cron` crate.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2100;

/// The moments at which a job runs.
///
/// The cron expression has six fields, seconds first, or seven with a year. It
/// is read on the wall clock of the time zone. A tick falls on the first moment
/// at which that clock shows the nominal time or has gone past it, so:
///
/// - a time that the clock skips fires at the first moment after the gap;
/// - a time that the clock shows twice fires once, at the first of the two;
/// - two times that come to the same moment are one tick.
///
/// Day of month and day of week must both match. As a number, day of week 1 is
/// Sunday; names are safer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schedule {
    cron: cron::Schedule,
    zone: Tz,
}

/// The ticks that came and went while nothing ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missed {
    /// The latest of them, which is the one to catch up.
    pub latest: DateTime<Utc>,

    /// How many earlier ones are not run on their own; [`MOST_SKIPPED`] means
    /// that many or more.
    pub skipped: u64,
}

impl Schedule {
    /// Reads a cron expression and the IANA name of a time zone. The expression has to match a moment from 1970 to 2100.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, TextError> {
        Self::in_zone(cron, self::zone(zone)?)
    }

    /// Reads a cron expression, in a time zone.
    pub fn in_zone(cron: &str, zone: Tz) -> Result<Self, TextError> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        if !matches!(fields.len(), 6 | 7) {
            return Err(error::field_count(cron, fields.len()));
        }
        if let Some(index) = (0..fields.len()).find(|&index| !readable(index, fields[index])) {
            return Err(error::unreadable_field(index, fields[index]));
        }
        let text = fields.join(" ");
        let cron = cron::Schedule::from_str(&text).map_err(|_| error::unreadable(&text))?;
        let schedule = Self { cron, zone };
        match schedule.next_after(DateTime::<Utc>::MIN_UTC) {
            Some(_) => Ok(schedule),
            None => Err(error::never_fires(&text)),
        }
    }

    /// Returns the cron expression, with single spaces.
    pub fn cron(&self) -> &str {
        self.cron.source()
    }

    /// Returns the time zone in which the expression is read.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// Returns the calendar day in the time zone at the moment `now`.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        self.local(now).date()
    }

    /// Returns the first tick strictly after a moment, if there is one by the
    /// end of 2100.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if after.year() > YEARS.end() + 1 {
            return None;
        }
        let after = whole_second(after.max(DateTime::UNIX_EPOCH - TimeDelta::days(2)));
        self.cron
            .after(&self.latest_shown(after).and_utc())
            .map(|nominal| self.moment(nominal.naive_utc()))
            .find(|tick| *tick > after)
    }

    /// Returns the ticks after `since`, up to and with `now`; `None` if there
    /// are none.
    ///
    /// The work is bounded whatever lies between the two: the latest tick is
    /// found by halving the span, and skipped ticks are counted only up to
    /// [`MOST_SKIPPED`].
    pub fn missed(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<Missed> {
        let (since, now) = (whole_second(since), whole_second(now));
        let mut tick = self.next_after(since).filter(|tick| *tick <= now)?;
        let latest = first_where(since, now, |moment| self.next_after(moment).is_none_or(|tick| tick > now));

        let mut skipped = 0;
        while tick < latest && skipped < MOST_SKIPPED {
            skipped += 1;
            tick = self.next_after(tick)?;
        }
        Some(Missed { latest, skipped })
    }

    /// Returns what the wall clock shows at a moment.
    fn local(&self, moment: DateTime<Utc>) -> NaiveDateTime {
        moment.with_timezone(&self.zone).naive_local()
    }

    /// Returns the latest time the wall clock has shown up to a moment.
    ///
    /// It is what the clock shows now, except while an hour is being repeated:
    /// then the clock stood at the last second of that hour before.
    fn latest_shown(&self, moment: DateTime<Utc>) -> NaiveDateTime {
        let local = self.local(moment);
        match self.zone.from_local_datetime(&local) {
            LocalResult::Ambiguous(first, second) if moment == second => {
                let set_back = first_where(first.to_utc(), moment, |moment| {
                    self.zone.offset_from_utc_datetime(&moment.naive_utc()).fix() == second.offset().fix()
                });
                set_back.naive_utc() + first.offset().fix() - TimeDelta::seconds(1)
            }
            _ => local,
        }
    }

    /// Returns the first moment at which the wall clock shows a time or has
    /// gone past it.
    fn moment(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc(),
            LocalResult::None => {
                // No zone was ever further than 16 hours from UTC.
                let near = |hours| local.and_utc() + TimeDelta::hours(hours);
                first_where(near(-16), near(16), |moment| self.local(moment) >= local)
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cron(), self.zone)
    }
}

/// Reads the IANA name of a time zone.
pub fn zone(name: &str) -> Result<Tz, TextError> {
    Tz::from_str(name).map_err(|_| error::unknown_zone(name))
}

/// Drops the part of a second. Ticks fall on whole seconds, so none is passed.
fn whole_second(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.with_nanosecond(0).unwrap_or(moment)
}

/// Returns the first second at which `holds`, which must be false at `no`, true
/// at `yes`, and change once between.
fn first_where(mut no: DateTime<Utc>, mut yes: DateTime<Utc>, holds: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    while (yes - no).num_seconds() > 1 {
        let middle = no + TimeDelta::seconds((yes - no).num_seconds() / 2);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    yes
}

/// Says whether the field at `index` of an expression can be read.
///
/// The `cron` crate needs no space between fields and reads `1*` as two of
/// them, so the shape is checked first.
fn readable(index: usize, field: &str) -> bool {
    let is_word = |text: &str| {
        !text.is_empty()
            && (text.bytes().all(|byte| byte.is_ascii_digit()) || text.bytes().all(|byte| byte.is_ascii_alphabetic()))
    };
    let is_span = |text: &str| matches!(text, "*" | "?") || text.splitn(2, '-').all(is_word);
    let well_formed = field.split(',').all(|item| match item.split_once('/') {
        Some((span, step)) => is_span(span) && is_word(step),
        None => is_span(item),
    });

    let mut alone = ["*"; 7];
    alone[index] = field;
    well_formed && cron::Schedule::from_str(&alone.join(" ")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPENHAGEN: &str = "Europe/Copenhagen";
    const NEW_YORK: &str = "America/New_York";
    const LORD_HOWE: &str = "Australia/Lord_Howe";

    fn schedule(cron: &str, zone: &str) -> Schedule {
        Schedule::parse(cron, zone).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A zone, an expression, a moment, and the ticks after it.
    const TICKS: &str = "
        # A tick follows the wall clock through the year, and is strictly after the moment.
        Europe/Copenhagen | 0 30 1 * * * | 2026-01-15 12:00:00 | 2026-01-16 00:30:00
        Europe/Copenhagen | 0 30 1 * * * | 2026-07-15 12:00:00 | 2026-07-15 23:30:00
        UTC | 0 30 1 * * * | 2026-01-01 01:29:59.999 | 2026-01-01 01:30:00
        UTC | 0 30 1 * * * | 2026-01-01 01:30:00 | 2026-01-02 01:30:00
        UTC | 0 30 1 * * * | 2026-01-01 01:30:00.001 | 2026-01-02 01:30:00
        # A time in the gap fires when the gap ends; its edges fire where they stand.
        Europe/Copenhagen | 0 30 2 * * * | 2026-03-27 12:00:00 | 2026-03-28 01:30:00, 2026-03-29 01:00:00, 2026-03-30 00:30:00
        America/New_York | 0 30 2 * * * | 2026-03-07 00:00:00 | 2026-03-07 07:30:00, 2026-03-08 07:00:00, 2026-03-09 06:30:00
        Europe/Copenhagen | 59 59 1 29 3 * | 2026-01-01 00:00:00 | 2026-03-29 00:59:59
        Europe/Copenhagen | 0 0 2 29 3 * | 2026-01-01 00:00:00 | 2026-03-29 01:00:00
        Europe/Copenhagen | 59 59 2 29 3 * | 2026-01-01 00:00:00 | 2026-03-29 01:00:00
        Europe/Copenhagen | 0 0 3 29 3 * | 2026-01-01 00:00:00 | 2026-03-29 01:00:00
        # A time in the repeated hour fires once, at the first; so do its edges.
        Europe/Copenhagen | 0 30 2 * * * | 2026-10-24 12:00:00 | 2026-10-25 00:30:00, 2026-10-26 01:30:00
        America/New_York | 0 30 1 * * * | 2026-10-31 12:00:00 | 2026-11-01 05:30:00, 2026-11-02 06:30:00
        Europe/Copenhagen | 0 0 2,3 25 10 * | 2026-10-24 12:00:00 | 2026-10-25 00:00:00, 2026-10-25 02:00:00, 2027-10-25 00:00:00
        Europe/Copenhagen | 59 59 2 * 10 * | 2026-10-24 12:00:00 | 2026-10-25 00:59:59, 2026-10-26 01:59:59
        # An hourly schedule runs on through a gap without a double, and sits out the repeated hour.
        Europe/Copenhagen | 0 0 * * * * | 2026-03-28 23:00:00 | 2026-03-29 00:00:00, 2026-03-29 01:00:00, 2026-03-29 02:00:00
        America/New_York | 0 0 * * * * | 2026-03-08 05:30:00 | 2026-03-08 06:00:00, 2026-03-08 07:00:00, 2026-03-08 08:00:00
        Europe/Copenhagen | 0 0 * * * * | 2026-10-24 23:30:00 | 2026-10-25 00:00:00, 2026-10-25 02:00:00, 2026-10-25 03:00:00
        America/New_York | 0 0 * * * * | 2026-11-01 04:30:00 | 2026-11-01 05:00:00, 2026-11-01 07:00:00, 2026-11-01 08:00:00
        # So does a schedule of every second.
        Europe/Copenhagen | * * * * * * | 2026-10-25 00:59:58 | 2026-10-25 00:59:59, 2026-10-25 02:00:00, 2026-10-25 02:00:01
        Europe/Copenhagen | * * * * * * | 2026-10-25 01:00:00 | 2026-10-25 02:00:00
        Europe/Copenhagen | * * * * * * | 2026-10-25 01:59:59 | 2026-10-25 02:00:00
        # A shift of half an hour is gap and overlap of half an hour.
        Australia/Lord_Howe | 0 15 2 * * * | 2026-10-02 15:50:00 | 2026-10-03 15:30:00, 2026-10-04 15:15:00
        Australia/Lord_Howe | 0 45 1 * * * | 2026-04-04 00:00:00 | 2026-04-04 14:45:00, 2026-04-05 15:15:00
        Australia/Lord_Howe | 0 0,30 * * * * | 2026-04-04 14:00:00 | 2026-04-04 14:30:00, 2026-04-04 15:30:00, 2026-04-04 16:00:00
        # A day that a zone left out fires at the start of the next.
        Pacific/Apia | 0 0 12 30 12 * | 2011-12-01 00:00:00 | 2011-12-30 10:00:00, 2012-12-29 22:00:00
        # A schedule of a leap day waits for the leap year; day of month and day of week must both match.
        UTC | 0 0 6 29 2 * | 2024-03-01 00:00:00 | 2028-02-29 06:00:00, 2032-02-29 06:00:00
        UTC | 0 0 6 13 * FRI | 2026-01-01 00:00:00 | 2026-02-13 06:00:00, 2026-03-13 06:00:00
    ";

    #[test]
    fn ticks_follow_the_wall_clock() {
        for row in TICKS.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#')) {
            let [zone, cron, after, ticks] = row.split(" | ").collect::<Vec<_>>().try_into().expect(row);
            let moment = |text: &str| text.parse::<NaiveDateTime>().expect(row).and_utc();
            let (schedule, mut last) = (schedule(cron, zone), moment(&after.replace(' ', "T")));
            for tick in ticks.split(", ") {
                last = schedule.next_after(last).expect(row);
                assert_eq!(last, moment(&tick.replace(' ', "T")), "{row}");
            }
        }
    }

    /// Walks the clock minute by minute and notes when a nominal time is first
    /// shown or passed: the rule itself, without any reckoning.
    #[test]
    fn ticks_are_those_that_watching_the_clock_would_give() {
        let days = [
            (COPENHAGEN, "2026-03-28T12:00:00Z"),
            (COPENHAGEN, "2026-10-24T12:00:00Z"),
            (NEW_YORK, "2026-03-08T00:00:00Z"),
            (NEW_YORK, "2026-11-01T00:00:00Z"),
            (LORD_HOWE, "2026-04-04T06:00:00Z"),
            (LORD_HOWE, "2026-10-03T06:00:00Z"),
            ("Africa/Cairo", "2026-04-23T12:00:00Z"),
            ("America/Havana", "2026-11-01T00:00:00Z"),
            ("Antarctica/Troll", "2026-03-28T18:00:00Z"),
            ("Antarctica/Troll", "2026-10-24T18:00:00Z"),
            ("Pacific/Apia", "2011-12-30T00:00:00Z"),
            ("Pacific/Kwajalein", "1993-08-21T00:00:00Z"),
            ("Asia/Kathmandu", "1985-12-31T12:00:00Z"),
        ];
        let crons = ["0 * * * * *", "0 0 * * * *", "0 */7 * * * *", "0 30 1,2 * * *", "0 15,45 0 * * *"];
        for ((zone, start), cron) in days.iter().flat_map(|day| crons.map(|cron| (day, cron))) {
            let (schedule, start) = (schedule(cron, zone), at(start));
            let end = start + TimeDelta::days(1);

            let minute = TimeDelta::minutes(1);
            let mut watched = Vec::new();
            let mut shown = schedule.local(start);
            let mut moment = start;
            while moment < end {
                moment += minute;
                let mut fires = false;
                while shown < schedule.local(moment) {
                    shown += minute;
                    fires |= schedule.cron.includes(shown.and_utc());
                }
                if fires {
                    watched.push(moment);
                }
            }

            let next = |moment: &DateTime<Utc>| schedule.next_after(*moment);
            let reckoned: Vec<_> = std::iter::successors(next(&start), next).take_while(|tick| *tick <= end).collect();
            assert_eq!(reckoned, watched, "{schedule}");

            let missed = schedule.missed(start, end);
            assert_eq!(missed.map(|missed| missed.latest), watched.last().copied());
            assert_eq!(missed.map_or(0, |missed| missed.skipped + 1), watched.len() as u64);
        }
    }

    #[test]
    fn nothing_is_missed_between_two_ticks() {
        let daily = schedule("0 30 1 * * *", COPENHAGEN);
        let missed = |since, now| daily.missed(at(since), at(now));
        assert_eq!(missed("2026-01-01T00:30:00Z", "2026-01-02T00:29:59Z"), None);
        assert_eq!(missed("2026-01-01T00:30:00Z", "2026-01-01T00:30:00Z"), None);
        assert_eq!(missed("2026-01-05T00:00:00Z", "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn one_missed_tick_skips_none() {
        let daily = schedule("0 30 1 * * *", COPENHAGEN);
        let one = Some(Missed { latest: at("2026-01-02T00:30:00Z"), skipped: 0 });
        let missed = |since, now| daily.missed(at(since), at(now));
        assert_eq!(missed("2026-01-01T00:30:00Z", "2026-01-02T00:30:00Z"), one);
        assert_eq!(missed("2026-01-01T00:30:00.5Z", "2026-01-03T00:29:59.9Z"), one);
    }

    #[test]
    fn of_many_missed_ticks_the_latest_is_given_and_the_rest_counted() {
        let daily = schedule("0 30 1 * * *", COPENHAGEN);
        let missed = daily.missed(at("2026-01-01T00:30:00Z"), at("2026-12-31T12:00:00Z"));
        assert_eq!(missed, Some(Missed { latest: at("2026-12-31T00:30:00Z"), skipped: 363 }));
    }

    #[test]
    fn every_second_for_years_is_counted_only_to_the_bound() {
        let each = schedule("* * * * * *", COPENHAGEN);
        assert_eq!(
            each.missed(at("2020-01-01T00:00:00Z"), at("2026-10-25T01:30:00Z")),
            Some(Missed { latest: at("2026-10-25T00:59:59Z"), skipped: MOST_SKIPPED })
        );
        let short = each.missed(at("2026-01-01T00:00:00Z"), at("2026-01-01T02:00:00Z"));
        assert_eq!(short.map(|missed| missed.skipped), Some(7_199));
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        let daily = schedule("0 30 1 * * *", COPENHAGEN);
        assert_eq!(daily.next_after(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(daily.next_after(at("2101-06-01T00:00:00Z")), None);
        assert_eq!(daily.next_after(DateTime::<Utc>::MIN_UTC), Some(at("1970-01-01T00:30:00Z")));
        let ever = daily.missed(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert_eq!(ever, Some(Missed { latest: at("2100-12-31T00:30:00Z"), skipped: MOST_SKIPPED }));
    }

    #[test]
    fn a_year_that_is_over_has_a_last_tick() {
        let once = schedule("0 0 12 1 * * 2020", "UTC");
        assert_eq!(once.next_after(at("2021-01-01T00:00:00Z")), None);
        assert_eq!(
            once.missed(at("2019-01-01T00:00:00Z"), at("2026-06-15T00:00:00Z")),
            Some(Missed { latest: at("2020-12-01T12:00:00Z"), skipped: 11 })
        );
    }

    #[test]
    fn today_is_the_day_in_the_zone() {
        let today = |zone, now| schedule("0 0 0 * * *", zone).today(at(now)).to_string();
        assert_eq!(today(COPENHAGEN, "2025-12-31T22:59:59Z"), "2025-12-31");
        assert_eq!(today(COPENHAGEN, "2025-12-31T23:00:00Z"), "2026-01-01");
        assert_eq!(today(NEW_YORK, "2026-01-01T04:59:59Z"), "2025-12-31");
        assert_eq!(today(NEW_YORK, "2026-01-01T05:00:00Z"), "2026-01-01");
        assert_eq!(today("Pacific/Kiritimati", "2026-02-28T10:00:00Z"), "2026-03-01");
    }

    #[test]
    fn a_schedule_reads_back_with_single_spaces() {
        let schedule = schedule("  0 30\t1 * *   MON-FRI ", COPENHAGEN);
        assert_eq!(schedule.cron(), "0 30 1 * * MON-FRI");
        assert_eq!(schedule.zone(), Tz::Europe__Copenhagen);
        assert_eq!(schedule.to_string(), "0 30 1 * * MON-FRI Europe/Copenhagen");
    }
}
