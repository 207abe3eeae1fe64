//! The terms of a sweep: by which period it goes, and which filters it must name.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{Request, SweepError};
use crate::domain::key::{Key, join};
use crate::domain::period::Period;
use crate::domain::plan::Plan;
use crate::domain::sweep::SweepKind;
use crate::domain::value::json_of;

/// The period that a sweep goes by: its own, if the policy gives the choice, or the policy's.
pub(super) fn chosen(plan: &Plan, request: &Request) -> Result<Option<Period>, SweepError> {
    let said = plan.retention.as_ref();
    let Some(length) = request.length else { return Ok(said.map(|own| own.length)) };
    if !matches!(request.kind, SweepKind::Period | SweepKind::List) {
        return Err(SweepError::LengthOfKind { kind: request.kind });
    }
    let choices = said.and_then(|own| own.choices).ok_or(SweepError::NoChoice)?;
    if choices.has(length) { Ok(Some(length)) } else { Err(SweepError::NotAChoice { length, choices }) }
}

/// The period of a sweep's own, by the first day on which activity keeps a
/// client; `None` if that is the policy's.
pub(super) fn own_length(plan: &Plan, today: NaiveDate, cutoff: Option<NaiveDate>) -> Option<Period> {
    let retention = plan.retention.as_ref()?;
    let is_it = |length: &Period| length.before(today).ok() == cutoff;
    if is_it(&retention.length) { None } else { retention.choices?.all().find(is_it) }
}

/// Whether the filters of which the policy asks for one value have one.
pub(super) fn one_value_each(plan: &Plan, filters: &BTreeMap<String, Vec<String>>) -> Result<(), SweepError> {
    for name in &plan.one_value {
        let given = filters.get(name).map_or(0, Vec::len);
        if given != 1 {
            return Err(SweepError::OneValue { name: name.clone(), given });
        }
    }
    Ok(())
}

/// The name under which period sweeps of a plan, filter and period remember how far they looked.
pub(super) fn mark_name(digest: &str, filters: &BTreeMap<String, Vec<String>>, length: Option<Period>) -> String {
    let text = match length {
        None => json_of(&(digest, filters)),
        Some(length) => json_of(&(digest, filters, length)),
    };
    hash(&text)
}

/// What a request asks for, on whichever day: while a sweep for it runs, no other is opened.
pub(super) fn digest_of(request: &Request) -> String {
    let mut keys: Vec<String> = request.keys.iter().map(Key::to_json).collect();
    keys.sort_unstable();
    let Request { job, kind, filters, cap, length, force, over_brake, selection, retry, .. } = request;
    let terms = serde_json::json!([job, kind, filters, cap, length, force, over_brake, selection, retry]);
    hash(&format!("{terms}{}", join(&keys)))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
