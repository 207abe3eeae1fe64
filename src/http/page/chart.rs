//! The last nights as a chart: a stacked bar a day for what is new, and below
//! it what stands refused night after night, on an axis of its own.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::domain::outcome::Outcome;
use crate::ledger::{moment, parse_moment};
use crate::service::Service;
use crate::service::failure::Failure;

/// How many days are shown.
const DAYS: u64 = 14;
/// The height of the tallest bar, in the chart's own units, and of the tallest below.
const HEIGHT: u64 = 120;
const BELOW: u64 = 32;
/// Where bars stand.
const GROUND: u64 = 132;
const BOTTOM: u64 = 196;

/// What came of a day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub anonymized: u64,
    /// Refused, and not refused before for the same reasons.
    pub new: u64,
    /// Refused as before.
    pub still: u64,
    pub failed: u64,
}

pub(super) struct Day {
    pub date: NaiveDate,
    pub sum: Sum,
    /// From the bottom up: what it is, where it begins and how tall it is.
    pub parts: Vec<Part>,
    /// Where the bar stands.
    pub x: u64,
}

pub(super) struct Part {
    pub class: &'static str,
    pub y: u64,
    pub height: u64,
}

/// The last two weeks, the oldest day first.
pub(super) struct Chart {
    pub days: Vec<Day>,
    /// Numbers of the axis, and where they are.
    pub ticks: Vec<(u64, u64)>,
    /// The most that stood refused on a day.
    pub most_still: u64,
}

impl Chart {
    pub(super) async fn of(service: &Service) -> Result<Self, Failure> {
        let ledger = &service.context.ledger;
        let today = service.today();
        let first = today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today);
        // A day more at each end, as days are those of the time zone.
        let begin = first.pred_opt().unwrap_or(first).and_time(chrono::NaiveTime::MIN).and_utc();
        let until = moment(ledger.clock().now() + chrono::TimeDelta::days(1));
        let mut by_day: BTreeMap<NaiveDate, Sum> = BTreeMap::new();
        for (sweep, tally) in ledger.sweeps_between(&moment(begin), &until).await? {
            let Some(at) = parse_moment(&sweep.opened_at) else { continue };
            let new = ledger.newly(Outcome::Refused, sweep.id).await?.min(tally.refused);
            let sum = by_day.entry(at.with_timezone(&service.time_zone).date_naive()).or_default();
            sum.anonymized += tally.anonymized;
            sum.failed += tally.failed;
            sum.new += new;
            sum.still += tally.refused - new;
        }
        let days = first.iter_days().take(usize::try_from(DAYS).unwrap_or(0));
        let all: Vec<(NaiveDate, Sum)> = days.map(|day| (day, by_day.get(&day).copied().unwrap_or_default())).collect();
        let top = nice(all.iter().map(|(_, own)| own.anonymized + own.new + own.failed).max().unwrap_or(0));
        let most_still = all.iter().map(|(_, own)| own.still).max().unwrap_or(0);
        let days = all.into_iter().zip(0_u64..).map(|((date, sum), at)| Day {
            date,
            sum,
            parts: bar(&sum, top, most_still),
            x: at * 45 + 50,
        });
        let ticks = [0, top / 2, top].into_iter().map(|own| (own, GROUND - own * HEIGHT / top));
        Ok(Self { days: days.collect(), ticks: ticks.collect(), most_still })
    }
}

/// The next number that an axis can end at: 2, 4, 10, 20, 40, 100, …
fn nice(most: u64) -> u64 {
    let mut step = 2;
    loop {
        for own in [step, step * 2] {
            if own >= most {
                return own;
            }
        }
        if step * 5 >= most {
            return step * 5;
        }
        step *= 10;
    }
}

/// What is not nothing is seen: at least two units tall.
fn bar(sum: &Sum, top: u64, most_still: u64) -> Vec<Part> {
    let mut y = GROUND;
    let mut parts = Vec::new();
    for (class, count) in [("anonymized", sum.anonymized), ("new", sum.new), ("failed", sum.failed)] {
        if count > 0 {
            let height = (count * HEIGHT / top).max(2);
            y = y.saturating_sub(height);
            parts.push(Part { class, y, height });
        }
    }
    if sum.still > 0 {
        let height = (sum.still * BELOW / most_still.max(1)).max(2);
        parts.push(Part { class: "still", y: BOTTOM - height, height });
    }
    parts
}
