//! The hours of the night in which work is done.

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;

/// From one time of day until another, in a time zone; over midnight if it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: NaiveTime,
    until: NaiveTime,
    zone: Tz,
}

impl Window {
    /// Reads `22:00-06:00`.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let times = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
        match times {
            Some((from, until)) if from != until => Ok(Self { from, until, zone }),
            Some(_) => Err("begins and ends at the same time".to_owned()),
            None => Err("is no window such as `22:00-06:00`".to_owned()),
        }
    }

    /// Whether a moment lies in it. It begins with its first minute and ends before its last.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let time = now.with_timezone(&self.zone).time();
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(window: &str, moment: &str) -> bool {
        let window = Window::parse(window, chrono_tz::Europe::Copenhagen).unwrap();
        window.is_open(moment.parse().unwrap())
    }

    #[test]
    fn a_window_can_go_over_midnight_and_is_in_its_time_zone() {
        // Copenhagen is an hour ahead of UTC in winter, and two in summer.
        assert!(at("22:00-06:00", "2026-01-10T21:00:00Z"));
        assert!(!at("22:00-06:00", "2026-01-10T20:59:59Z"));
        assert!(at("22:00-06:00", "2026-07-10T20:00:00Z"));
        assert!(at("22:00-06:00", "2026-01-11T04:59:59Z"));
        assert!(!at("22:00-06:00", "2026-01-11T05:00:00Z"));
        assert!(at("01:00-05:30", "2026-01-11T04:29:00Z"));
        assert!(!at("01:00-05:30", "2026-01-11T12:00:00Z"));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for bad in ["", "22:00", "22-6", "25:00-06:00", "22:00-22:00", "22:00-06:60"] {
            assert!(Window::parse(bad, Tz::UTC).is_err(), "{bad}");
        }
    }
}
