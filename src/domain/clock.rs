//! The time, injected, so that a test can be at any moment.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// The machine's clock, corrected by so many milliseconds.
    Corrected(Arc<AtomicI64>),
    /// A clock that stands still until it is set.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at a moment.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// The same clock, to be [set by](Self::set_by) that of a server if it is the machine's.
    #[must_use]
    pub fn of_server(self) -> Self {
        if matches!(self, Self::System) { Self::Corrected(Arc::default()) } else { self }
    }

    /// Corrects the machine's clock by a server's, which shows these
    /// milliseconds since 1970; does nothing to a fixed clock.
    #[allow(clippy::disallowed_methods)]
    pub fn set_by(&self, there: i64) {
        if let Self::Corrected(by) = self {
            by.store(there - Utc::now().timestamp_millis(), Ordering::Relaxed);
        }
    }

    /// The present moment.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it set a fixed clock.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Corrected(by) => Utc::now() + TimeDelta::milliseconds(by.load(Ordering::Relaxed)),
            Self::Fixed(at) => *at.lock().expect("no thread panics while it sets the clock"),
        }
    }

    /// Moves a fixed clock; does nothing to the machine's.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it set the clock.
    pub fn set(&self, moment: DateTime<Utc>) {
        if let Self::Fixed(at) = self {
            *at.lock().expect("no thread panics while it sets the clock") = moment;
        }
    }
}
