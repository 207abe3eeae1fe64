//! Saved selections: the one that a sweep names, or why it cannot be used.

use super::SweepError;
use crate::domain::nearest::nearest;
use crate::ledger::{Ledger, Selection};

/// How many names are looked through for one that may have been meant.
const NAMES: u32 = 1_000;

/// The selection of a name, whose keys are keys under the policy as it is.
pub(super) async fn find(ledger: Option<&Ledger>, name: &str, parts: usize) -> Result<Selection, SweepError> {
    let found = match ledger {
        Some(ledger) => ledger.selection(name).await?,
        None => None,
    };
    let Some(found) = found else { return Err(unknown(ledger, name).await?) };
    if usize::try_from(found.parts) != Ok(parts) {
        return Err(SweepError::OtherKey { name: found.name, had: found.parts, has: parts });
    }
    Ok(found)
}

/// That nobody saved a selection of this name, and which one may have been meant.
pub async fn unknown(ledger: Option<&Ledger>, name: &str) -> Result<SweepError, SweepError> {
    let all = match ledger {
        Some(ledger) => ledger.selections(None, NAMES).await?,
        None => Vec::new(),
    };
    let nearest = nearest(name, all.iter().map(|own| own.name.as_str())).map(str::to_owned);
    Ok(SweepError::UnknownSelection { name: name.to_owned(), nearest })
}

/// That a selection is not there any more as it was found.
pub(super) fn changed(saved: &Selection) -> SweepError {
    SweepError::SelectionChanged { name: saved.name.clone() }
}
