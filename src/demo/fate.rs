//! What stands for or against the anonymization of a client.

use chrono::{Days, Months, NaiveDate};

use super::dice::Dice;
use super::size::Size;

/// The period of the shipped policy, in months.
const PERIOD: Months = Months::new(72);

/// What the guards of the policy find.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent guards")]
pub(super) struct Reasons {
    pub(super) open_documents: bool,
    pub(super) open_entries: bool,
    pub(super) journal_lines: bool,
    pub(super) active_membership: bool,
    pub(super) pays_for_others: bool,
}

/// What stands for or against the anonymization of a client.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    /// The field *To Anonymize On*: a day, or an empty text, as old imports leave it.
    pub(super) date: Option<String>,
    pub(super) is_due: bool,
    pub(super) is_inactive: bool,
    /// Has no related row at all.
    pub(super) is_bare: bool,
    /// The day on which it was anonymized before.
    pub(super) anonymized: Option<NaiveDate>,
    pub(super) created: NaiveDate,
    /// The day of the last transaction, if there ever was one.
    pub(super) last: Option<NaiveDate>,
    pub(super) reasons: Reasons,
}

impl Fate {
    pub(super) fn throw(dice: &mut Dice, client: u64, size: &Size, today: NaiveDate) -> Self {
        let is_due = is_due(client, size);
        let anonymized = (!is_due && dice.chance(size.anonymized_share)).then(|| dice.before(today, 1..=1500));
        let is_bare = dice.chance(size.bare_share);
        let is_inactive = dice.chance(size.inactive_share);
        let date = if is_due { Some(due_date(dice, today).to_string()) } else { other_date(dice, anonymized, today) };
        let (created, last) =
            if is_bare { (bare_day(dice, is_inactive, today), None) } else { days(dice, is_inactive, today) };
        let latest = anonymized.map_or(today, |day| day - Days::new(1));
        let (created, last) = (created.min(latest), last.map(|day| day.min(latest)));
        let candidate = is_due || is_inactive;
        let reasons = if is_bare || anonymized.is_some() || (candidate && !dice.chance(size.refused_share)) {
            Reasons::default()
        } else if candidate {
            Reasons::at_least_one(dice)
        } else {
            Reasons::of_daily_business(dice, size)
        };
        Self { date, is_due, is_inactive, is_bare, anonymized, created, last, reasons }
    }

    /// Whether this client stays whatever sweep runs, so that others can rely on it.
    pub(super) fn stays(&self) -> bool {
        !self.is_due && !self.is_inactive && self.anonymized.is_none()
    }
}

impl Reasons {
    /// Mostly one reason, sometimes two or three, now and then all five.
    fn at_least_one(dice: &mut Dice) -> Self {
        let mut reasons = Self::default();
        let throws = match dice.number(1..=100) {
            1..=65 => 1,
            66..=88 => 2,
            89..=96 => 3,
            _ => 12,
        };
        for _ in 0..throws {
            match dice.number(0..=4) {
                0 => reasons.open_documents = true,
                1 => reasons.open_entries = true,
                2 => reasons.journal_lines = true,
                3 => reasons.active_membership = true,
                _ => reasons.pays_for_others = true,
            }
        }
        reasons
    }

    /// What customers have who are neither due nor inactive.
    fn of_daily_business(dice: &mut Dice, size: &Size) -> Self {
        Self {
            open_documents: dice.chance(size.extras_share * 0.4),
            open_entries: dice.chance(size.extras_share * 0.6),
            journal_lines: dice.chance(size.extras_share * 0.03),
            active_membership: dice.chance(size.extras_share * 0.5),
            pays_for_others: dice.chance(size.extras_share * 0.08),
        }
    }

    pub(super) fn any(self) -> bool {
        self != Self::default()
    }
}

/// The first day on which a transaction still keeps a client.
pub(super) fn period_start(today: NaiveDate) -> NaiveDate {
    today - PERIOD
}

/// Spreads the due clients evenly over all keys.
fn is_due(client: u64, size: &Size) -> bool {
    let before = |client: u64| u128::from(client) * u128::from(size.due.min(size.clients)) / u128::from(size.clients);
    before(client + 1) > before(client)
}

fn due_date(dice: &mut Dice, today: NaiveDate) -> NaiveDate {
    match dice.number(1..=100) {
        1..=4 => today,
        5..=8 => today - Days::new(1),
        9..=12 => dice.before(today, 366..=3000),
        _ => dice.before(today, 2..=365),
    }
}

fn other_date(dice: &mut Dice, anonymized: Option<NaiveDate>, today: NaiveDate) -> Option<String> {
    let day = match (anonymized, dice.number(1..=1000)) {
        (Some(day), 1..=600) => dice.before(day, 0..=30),
        (None, 1..=6) => today + Days::new(1),
        (None, 7..=30) => today + Days::new(dice.number(2..=900).into()),
        (None, 31..=32) => return Some(String::new()),
        _ => return None,
    };
    Some(day.to_string())
}

/// The day the card was made and that of the last transaction.
fn days(dice: &mut Dice, is_inactive: bool, today: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
    let start = period_start(today);
    let last = match (is_inactive, dice.number(1..=100)) {
        (true, 1..=2) => start - Days::new(1),
        (true, _) => dice.before(start, 2..=3500),
        (false, 1) => start,
        (false, 2..=70) => dice.before(today, 1..=730),
        (false, _) => dice.day(start, today - Days::new(1)),
    };
    (dice.before(last, 0..=2500), Some(last))
}

/// The day the card was made of a client without any transaction, where it decides.
fn bare_day(dice: &mut Dice, is_inactive: bool, today: NaiveDate) -> NaiveDate {
    let start = period_start(today);
    match (is_inactive, dice.number(1..=100)) {
        (true, 1..=5) => start - Days::new(1),
        (true, _) => dice.before(start, 2..=3500),
        (false, 1..=5) => start,
        (false, _) => dice.day(start, today - Days::new(1)),
    }
}
