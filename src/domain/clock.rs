//! The time, injected, so that a test can be at any moment.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until it is set.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at a moment.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// The present moment.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it set a fixed clock.
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
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
