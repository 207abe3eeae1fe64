//! How much of everything there is.

use std::ops::RangeInclusive;

/// How many clients a made-up company has, how much each of them has, and how
/// many of them are due.
///
/// Shares run from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    pub clients: u64,
    /// Customers whose date to be anonymized has come; exactly so many, refused ones included.
    pub due: u64,
    /// The share of customers without activity in the last six years, drawn independently of `due`.
    pub inactive_share: f64,
    /// The share of due or inactive customers that at least one guard refuses.
    pub refused_share: f64,
    /// The share of the customers not due that were anonymized long ago.
    pub anonymized_share: f64,
    /// The share of customers without a single related row.
    pub bare_share: f64,
    /// The share of customers with a contact person, some of whom serve several customers.
    pub contact_share: f64,
    /// The share of customers that have each of the rarer things: attributes, notes, memberships, archived quotes.
    pub extras_share: f64,
    pub contact_points: RangeInclusive<u32>,
    /// Posted invoices a customer.
    pub documents: RangeInclusive<u32>,
    /// Lines a posted invoice.
    pub lines: RangeInclusive<u32>,
    /// Ledger entries a customer: one an invoice at least, the others are payments.
    pub ledger_entries: RangeInclusive<u32>,
    pub tasks: RangeInclusive<u32>,
    /// Posted invoices of the one customer that has far more than all others; 0 if there is none.
    pub largest: u32,
}

impl Size {
    /// A company of 10,000 customers with something of everything, to look at and to play with.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            clients: 10_000,
            due: 1_200,
            inactive_share: 0.2,
            refused_share: 0.25,
            anonymized_share: 0.02,
            bare_share: 0.04,
            contact_share: 0.35,
            extras_share: 0.3,
            contact_points: 0..=4,
            documents: 0..=6,
            lines: 1..=3,
            ledger_entries: 0..=8,
            tasks: 0..=2,
            largest: 400,
        }
    }

    /// A company of any number of customers, all alike, to measure with.
    ///
    /// A customer has 3 contact points, 5 posted invoices without lines, 5
    /// ledger entries and 1 or 2 tasks. 1,000 customers are due by date, or a
    /// tenth where that is fewer; 30 of 100 are inactive; one in twenty of
    /// these is refused.
    #[must_use]
    pub fn model(clients: u64) -> Self {
        Self {
            clients,
            due: 1_000.min(clients / 10),
            inactive_share: 0.3,
            refused_share: 0.05,
            anonymized_share: 0.0,
            bare_share: 0.0,
            contact_share: 0.1,
            extras_share: 0.02,
            contact_points: 3..=3,
            documents: 5..=5,
            lines: 0..=0,
            ledger_entries: 5..=5,
            tasks: 1..=2,
            largest: 0,
        }
    }
}
