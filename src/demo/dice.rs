//! Chance with a seed.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The dice of one client: the same seed and client always throw the same.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The seed's own dice, from which those of the clients are taken.
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The dice of one client, independent of all others.
    pub(super) fn of_client(&self, client: u64) -> Self {
        let mut own = self.0.clone();
        own.set_stream(client + 1);
        Self(own)
    }

    /// Whether something of this share happens.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share.clamp(0.0, 1.0))
    }

    pub(super) fn number(&mut self, range: RangeInclusive<u32>) -> u32 {
        self.0.random_range(range)
    }

    /// One of the list, which is never empty.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        list[self.number(0..=count - 1) as usize]
    }

    /// One of the words of a list, which commas separate.
    pub(super) fn word(&mut self, list: &'static str) -> &'static str {
        let words: Vec<&str> = list.split(", ").collect();
        self.pick(&words)
    }

    /// A day of the range, both ends included; `from` if the range is empty.
    pub(super) fn day(&mut self, from: NaiveDate, to: NaiveDate) -> NaiveDate {
        let days = u32::try_from((to - from).num_days()).unwrap_or(0);
        from + Days::new(self.number(0..=days).into())
    }

    /// The day this many days before `day`, at random within the range.
    pub(super) fn before(&mut self, day: NaiveDate, days: RangeInclusive<u32>) -> NaiveDate {
        day - Days::new(self.number(days).into())
    }

    /// An office hour of the day: `2026-01-31 13:05:00`.
    pub(super) fn moment(&mut self, day: NaiveDate) -> String {
        format!("{day} {:02}:{:02}:{:02}", self.number(7..=19), self.number(0..=59), self.number(0..=59))
    }

    /// The pattern with a digit for each `#`.
    pub(super) fn digits(&mut self, pattern: &str) -> String {
        let digit = |dice: &mut Self| char::from_digit(dice.number(0..=9), 10).unwrap_or('0');
        pattern.chars().map(|c| if c == '#' { digit(self) } else { c }).collect()
    }

    /// An amount of money with two decimals, most of them small.
    pub(super) fn amount(&mut self) -> f64 {
        let most = self.pick(&[9_900, 49_900, 249_900, 1_499_900]);
        f64::from(self.number(500..=most)) / 100.0
    }
}
