//! How long what people ask of a sweep, and their reasons, may be: they are kept in the ledger.

use super::clients::KEY_HINT;
use super::failure::Failure;
use super::sweeps::Ask;
use crate::domain::hint::Act;
use crate::domain::text::{LONGEST_TEXT, Unclear, said};

/// The longest key of a client, in bytes: databases index no longer text.
pub(super) const LONGEST_KEY: usize = 1_000;
/// The most values that all filters have together.
const MOST_VALUES: usize = 1_000;

/// Refuses client keys and filter values that are too long to be stored.
pub(super) fn bounded(ask: &Ask) -> Result<(), Failure> {
    if ask.clients.iter().any(|own| own.len() > LONGEST_KEY) {
        return Err(Failure::new("the key of a client has more than 1,000 bytes", KEY_HINT));
    }
    if ask.filters.values().map(Vec::len).sum::<usize>() > MOST_VALUES {
        let what = "the filters have more than 1,000 values";
        return Err(Failure::new(what, "start several sweeps, or save a selection of the clients"));
    }
    for value in ask.filters.iter().flat_map(|own| std::iter::once(own.0).chain(own.1)) {
        match said(value, LONGEST_TEXT) {
            Ok(()) | Err(Unclear::Empty) => {}
            Err(what) => return Err(Failure::new(format!("a filter cannot be kept: {what}"), what.hint())),
        }
    }
    Ok(())
}

/// The reason that a person gives, for those who see it later.
pub(super) fn reason_of<'a>(what: &str, reason: &'a str) -> Result<&'a str, Failure> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Failure::new(format!("{what} needs a reason"), Act::Reason.then("")));
    }
    said(reason, LONGEST_TEXT)
        .map_err(|what| Failure::new(format!("the reason cannot be kept: {what}"), what.hint()))?;
    Ok(reason)
}
