//! The last nights as a chart: a stacked bar a day, drawn as SVG.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::domain::outcome::Tally;
use crate::ledger::{moment, parse_moment};
use crate::service::Service;
use crate::service::failure::Failure;

/// How many days are shown.
const DAYS: u64 = 14;
/// The height of the tallest bar, in the chart's own units.
const HEIGHT: u64 = 120;

/// A day of the chart.
pub(super) struct Day {
    pub date: NaiveDate,
    pub tally: Tally,
    /// From the bottom up: what it is, where it begins and how tall it is.
    pub parts: Vec<Part>,
    /// Where the bar stands.
    pub x: u64,
}

/// A part of a bar.
pub(super) struct Part {
    pub class: &'static str,
    pub y: u64,
    pub height: u64,
}

/// The last two weeks, the oldest day first.
pub(super) struct Chart {
    pub days: Vec<Day>,
    /// The number at the top of the tallest bar.
    pub top: u64,
}

impl Chart {
    pub(super) async fn of(service: &Service) -> Result<Self, Failure> {
        let ledger = &service.context.ledger;
        let today = service.today();
        let first = today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today);
        // A day more at each end, as days are those of the time zone.
        let begin = first.pred_opt().unwrap_or(first).and_time(chrono::NaiveTime::MIN).and_utc();
        let until = moment(ledger.clock().now() + chrono::TimeDelta::days(1));
        let tallies = ledger.tallies_between(&moment(begin), &until).await?;
        let mut by_day: BTreeMap<NaiveDate, Tally> = BTreeMap::new();
        for sweep in ledger.sweeps_between(&moment(begin), &until).await? {
            let Some(at) = parse_moment(&sweep.opened_at) else { continue };
            let tally = tallies.get(&sweep.id).copied().unwrap_or_default();
            let sum = by_day.entry(at.with_timezone(&service.time_zone).date_naive()).or_default();
            sum.anonymized += tally.anonymized;
            sum.refused += tally.refused;
            sum.failed += tally.failed;
        }
        let all: Vec<(NaiveDate, Tally)> = first
            .iter_days()
            .take(usize::try_from(DAYS).unwrap_or(0))
            .map(|day| (day, by_day.get(&day).copied().unwrap_or_default()))
            .collect();
        let top = all.iter().map(|(_, tally)| tally.anonymized + tally.refused + tally.failed).max().unwrap_or(0);
        let days = all.into_iter().zip(0_u64..).map(|((day, tally), at)| Day {
            date: day,
            tally,
            parts: bar(&tally, top),
            x: at * 44 + 6,
        });
        Ok(Self { days: days.collect(), top })
    }
}

/// What is not nothing is seen: at least two units tall.
fn bar(tally: &Tally, top: u64) -> Vec<Part> {
    let mut y = HEIGHT;
    let mut parts = Vec::new();
    for (class, count) in [("anonymized", tally.anonymized), ("refused", tally.refused), ("failed", tally.failed)] {
        if count == 0 {
            continue;
        }
        let height = (count * HEIGHT / top.max(1)).max(2);
        y = y.saturating_sub(height);
        parts.push(Part { class, y, height });
    }
    parts
}
