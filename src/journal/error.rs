//! Why the journal cannot be read or written.

use std::io::ErrorKind;

use crate::bucket::words;
use crate::domain::hint::{Act, Hint};
use crate::domain::reading::trouble;

/// Why the journal cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Missing, full, or not accessible: it may be back at any moment.
    #[error("the journal at `{place}` {what}")]
    Away { place: String, what: String },
    /// There, and not as the ledger wrote it: a gap, a fork, a changed record.
    #[error("the journal at `{place}` is not the one that this ledger has written: {what}")]
    Strange { place: String, what: String },
    /// The journal and the ledger may be of two databases.
    #[error("the journal at `{place}` waits for a decision: {what}")]
    Undecided { place: String, what: String },
    /// Sealed with another key than the configured one.
    #[error("the journal at `{place}` {what}")]
    Key { place: String, what: &'static str },
}

impl JournalError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Away { .. } => {
                "nothing is lost: outcomes wait in the ledger and are written as soon as the journal is available; \
                 `journal.place` in `lethe.toml` is its location, and a missing folder is not created, as it may be on \
                 a disk that is not mounted"
                    .into()
            }
            Self::Strange { .. } => Act::Journal.then(
                " names the first bad record; restore the journal from its own backup, or see `docs/operations.md` \
                 on a journal that is lost",
            ),
            Self::Undecided { .. } => "if this database is the one that the journal is about, for example restored or \
                                       moved, run `lethe journal adopt`; if it is a copy or another database, set \
                                       `journal.place` to a location of its own and run `lethe journal new`"
                .into(),
            Self::Key { .. } => {
                "set `journal.key_file` as it was when the journal was begun; `lethe journal rotate` changes \
                                 the key, and `lethe journal new` begins another journal in an empty location"
                    .into()
            }
        }
    }

    pub(super) fn of(place: &str, error: &object_store::Error) -> Self {
        Self::Away { place: place.to_owned(), what: words(error) }
    }

    pub(super) fn unlisted(place: &str, kind: ErrorKind) -> Self {
        Self::Away { place: place.to_owned(), what: format!("cannot be used: {}", trouble(kind)) }
    }

    pub(super) fn late(place: &str) -> Self {
        Self::Away { place: place.to_owned(), what: "does not respond".to_owned() }
    }
}
