//! The journal: the record of outcomes outside the database, which can only be
//! added to. Imports `bucket` and `domain`.
//!
//! It is a row of segments, objects named by their number, each written once
//! and never again. A segment is lines of JSON, a line is a record, and every
//! record holds the hash of the one before it.

mod chain;
mod error;
mod key;
mod place;
mod record;

pub use chain::{Chain, Fault};
pub use error::JournalError;
pub use key::{Key, SHORTEST_KEY};
pub use place::Place;
pub use record::{HASHED, Record, START, seal};

use std::sync::Arc;

/// A journal, and how client keys are written in it.
#[derive(Debug, Clone)]
pub struct Journal {
    place: Arc<Place>,
    key: Option<Arc<Key>>,
}

impl Journal {
    /// The journal at a place; with a key, client keys are written as keyed hashes.
    #[must_use]
    pub fn new(place: Place, key: Option<Key>) -> Self {
        Self { place: Arc::new(place), key: key.map(Arc::new) }
    }

    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The key of the hashes, if client keys are hashed.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.key.as_deref()
    }

    /// A client's key as a record of this journal names it; see [`Record::client_name`].
    #[must_use]
    pub fn name_of(&self, client_key: &str) -> String {
        match &self.key {
            Some(key) => format!("{HASHED}{}", key.hash(client_key)),
            None => client_key.to_owned(),
        }
    }

    /// A record of this journal, to be chained behind the one before it.
    #[must_use]
    pub fn record(&self, client_key: &str) -> Record {
        let key = self.key.as_deref();
        Record {
            client: key.is_none().then(|| client_key.to_owned()),
            client_hash: key.map(|key| key.hash(client_key)),
            key: key.map(|key| key.mark().to_owned()),
            ..Record::default()
        }
    }
}
