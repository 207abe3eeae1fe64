//! The terms of a sweep: by which period it goes, and which filters it must name.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{Prepared, Request, SweepError};
use crate::database::{Store, query_scalar};
use crate::domain::key::{Key, join, json_of_keys};
use crate::domain::period::Period;
use crate::domain::sweep::SweepKind;
use crate::domain::value::hex;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::sql::select::listed_values;

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

/// Whether the filters of which the policy asks for one value have one.
pub(super) fn one_value_each(plan: &Plan, filters: &BTreeMap<String, Vec<String>>) -> Result<(), SweepError> {
    plan.one_value.iter().try_for_each(|name| one_value(name, filters.get(name).map_or(&[], Vec::as_slice)))
}

fn one_value(name: &str, values: &[String]) -> Result<(), SweepError> {
    match values.len() {
        1 => Ok(()),
        given => Err(SweepError::OneValue { name: name.to_owned(), given }),
    }
}

/// What a request asks for, on whichever day: while a sweep for it runs, no other is opened.
pub(super) fn digest_of(request: &Request) -> String {
    let mut keys = json_of_keys(&request.keys);
    keys.sort_unstable();
    let Request { job, kind, filters, cap, length, force, over_brake, selection, retry, .. } = request;
    let terms = serde_json::json!([job, kind, filters, cap, length, force, over_brake, selection, retry]);
    hex(&Sha256::digest(format!("{terms}{}", join(&keys)))[..16])
}

/// How many keys of a list are looked up at once.
const AT_ONCE: usize = 10_000;

/// Whether all clients of a list have the same value of each filter of which the policy asks for one, or the list takes
/// only those with one value.
pub(super) async fn one_value_listed(
    store: &Store,
    ledger: Option<&Ledger>,
    request: &Request,
    prepared: &Prepared,
) -> Result<(), SweepError> {
    let plan = &prepared.loaded.plan;
    for name in &plan.one_value {
        if let Some(values) = request.filters.get(name) {
            one_value(name, values)?;
            continue;
        }
        let Some(column) = plan.filters.get(name) else { continue };
        let sql = listed_values(&prepared.wanted(), &column.column);
        let mut connection = store.readers().acquire().await?;
        let mut values: BTreeSet<String> = BTreeSet::new();
        let mut look = async |keys: Vec<String>| -> Result<(), SweepError> {
            let found: Vec<String> = query_scalar(&sql).bind(join(&keys)).fetch_all(&mut connection).await?;
            values.extend(found);
            if values.len() > 1 {
                return Err(SweepError::OneValue { name: name.clone(), given: values.len() });
            }
            Ok(())
        };
        for keys in request.keys.chunks(AT_ONCE) {
            look(json_of_keys(keys)).await?;
        }
        if let Some(saved) = &prepared.saved {
            let selections = prepared.selections(store, ledger);
            let mut behind: Option<Key> = None;
            loop {
                let page = selections.page(saved, behind.as_ref(), AT_ONCE).await?;
                let Some(last) = page.last() else { break };
                behind = Some(last.clone());
                look(json_of_keys(&page)).await?;
            }
        }
    }
    Ok(())
}
