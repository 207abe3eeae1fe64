//! Clients anonymized before who come back under a new key: recognized by keyed
//! hashes of what the policy names, and never taken before a person confirms.

use std::collections::HashSet;

use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::batch::{BatchFault, Work};
use super::residue::placeholders;
use super::sweep::SweepError;
use super::watch::Alert;
use super::{Context, Loaded, PlanLoadError};
use crate::database::{Connection, Row, StoreError, Value, query};
use crate::domain::hint::{Act, Face};
use crate::domain::key::{Key as ClientKey, KeyJson, join};
use crate::domain::text::folded;
use crate::domain::value::json_of;
use crate::journal::Key;
use crate::ledger::{keep_hashes, not_recognized};
use crate::plan::{Plan, Recognition};
use crate::sql::recognize::{of_given, page};

/// How often all clients are looked at.
const EVERY: std::time::Duration = std::time::Duration::from_secs(3600);
/// How many clients are looked at at once.
const AT_ONCE: usize = 5_000;
/// Why a client fails whose values have changed since a person confirmed who it is.
const NOT_RECOGNIZED: &str = "no longer recognized as the client who was confirmed";
/// What the event is called that some have come back.
const EVENT: &str = "clients-returned";

/// Keeps the hashes of the clients taken, before the rules change what they are made of.
pub(super) async fn remember(
    connection: &mut Connection,
    work: &Work<'_>,
    key: Option<&Key>,
    now: &str,
) -> Result<(), BatchFault> {
    let Some(pairs) = of_taken(connection, work, key).await? else { return Ok(()) };
    Ok(keep_hashes(connection, &json_of(&pairs), now).await?)
}

/// That the clients taken whom a person has confirmed are still recognized: since then, their keys may have been given to
/// other people.
pub(super) async fn still_recognized(
    connection: &mut Connection,
    work: &Work<'_>,
    key: Option<&Key>,
) -> Result<(), BatchFault> {
    let Some(pairs) = of_taken(connection, work, key).await? else { return Ok(()) };
    let others = not_recognized(connection, &json_of(&pairs)).await?;
    if others.is_empty() {
        return Ok(());
    }
    let reason = serde_json::json!([NOT_RECOGNIZED]).to_string();
    Err(BatchFault::Overtaken(others.into_iter().map(|place| (place, reason.clone())).collect()))
}

/// The hashes of the clients taken, each with the client's key; `None` where no client is recognized.
async fn of_taken(
    connection: &mut Connection,
    work: &Work<'_>,
    key: Option<&Key>,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let own = work.plan.recognition.as_ref().zip(work.statements.recognized.as_ref());
    let Some(((own, sql), key)) = own.zip(key) else { return Ok(None) };
    let hasher = Hasher::of(work.plan, own, key);
    let mut pairs = Vec::new();
    let mut rows = query(sql).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        pairs.extend(hasher.pairs(&row, 1, &row.get::<String>(0)?));
    }
    drop(rows);
    Ok(Some(pairs))
}

/// Hashes what clients are recognized by.
struct Hasher<'a> {
    own: &'a Recognition,
    key: &'a Key,
    /// What the rules write, which belongs to no client.
    placeholders: HashSet<String>,
}

impl<'a> Hasher<'a> {
    fn of(plan: &Plan, own: &'a Recognition, key: &'a Key) -> Self {
        Self { own, key, placeholders: placeholders(plan).into_iter().map(folded).collect() }
    }

    /// The hash of each list of columns that is filled, from the values of a row behind its first so many; each with
    /// the client's key.
    fn pairs(&self, row: &Row, first: usize, client: &str) -> Vec<(String, String)> {
        let values: Vec<Option<String>> = row.values().iter().skip(first).map(|own| self.read(own)).collect();
        let filled = |list: &Vec<usize>| {
            let parts = list.iter().map(|at| Some((self.own.columns.get(*at)?, values.get(*at)?.as_ref()?)));
            parts.collect::<Option<Vec<_>>>()
        };
        // No client's key has a zero byte, so this is never the hash of one.
        let hash = |parts| (self.key.hash(&format!("\0recognize{}", json_of(&parts))), client.to_owned());
        self.own.by.iter().filter_map(filled).map(hash).collect()
    }

    fn read(&self, value: &Value) -> Option<String> {
        let text = match value {
            Value::Text(text) => folded(text),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Null | Value::Boolean(_) | Value::Bytes(_) | Value::Unreadable => return None,
        };
        Some(text).filter(|text| !text.is_empty() && !self.placeholders.contains(text))
    }
}

/// The client anonymized before whom a client is recognized as now; `None` if there is none.
pub async fn former(context: &Context, plan: &Plan, key: &ClientKey) -> Result<Option<String>, StoreError> {
    let own = plan.recognition.as_ref().zip(context.planner.recognizer());
    let Some((own, recognizer)) = own else { return Ok(None) };
    let hasher = Hasher::of(plan, own, recognizer);
    let rows = query(of_given(plan, own)).bind(join(&[key.to_json()])).fetch_all(context.store.readers()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let pairs = hasher.pairs(row, 1, &row.get::<String>(0)?);
    Ok(context.ledger.formers(&json_of(&pairs)).await?.pop().map(|(_, former)| former))
}

/// Looks now and then, until `stop`.
pub(super) async fn looking(context: Context, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Some(Err(error)) = stop.run_until_cancelled(look(&context)).await {
            tracing::warn!(error = error.brief(), hint = %error.hint(), "clients that came back are looked for later");
        }
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

/// Forgets hashes that are too old, and notes which clients the others recognize. It reads all clients.
pub async fn look(context: &Context) -> Result<(), SweepError> {
    let loaded = match context.planner.plan(&context.store).await {
        Ok(loaded) => loaded,
        Err(PlanLoadError::Store(error)) => return Err(error.into()),
        // A policy that is not a plan is told by others.
        Err(_) => return Ok(()),
    };
    let ledger = &context.ledger;
    let begun = ledger.now();
    let Some((own, key)) = loaded.plan.recognition.as_ref().zip(context.planner.recognizer()) else {
        // The policy does not ask for them any more.
        if ledger.has_hashes(None).await? {
            ledger.forget_hashes(None).await?;
            ledger.forget_returned(&begun).await?;
            tell(context).await?;
        }
        return Ok(());
    };
    // A period that leads out of the calendar keeps them all.
    if let Ok(since) = own.keep.before(ledger.clock().now().date_naive()) {
        ledger.forget_hashes(Some(&since.to_string())).await?;
    }
    if ledger.has_hashes(None).await? {
        let hasher = Hasher::of(&loaded.plan, own, key);
        let mut behind = None;
        loop {
            behind = look_at_page(context, &loaded, &hasher, behind, &begun).await?;
            if behind.is_none() {
                break;
            }
        }
    }
    ledger.forget_returned(&begun).await?;
    tell(context).await?;
    Ok(())
}

/// Looks at the clients behind a key; returns the key behind which the next page begins.
async fn look_at_page(
    context: &Context,
    loaded: &Loaded,
    hasher: &Hasher<'_>,
    behind: Option<String>,
    now: &str,
) -> Result<Option<String>, StoreError> {
    let sql = page(&loaded.plan, hasher.own, behind.is_some());
    let mut connection = context.store.readers().acquire().await?;
    let rows = query(&sql).bind(behind.as_deref()).bind(AT_ONCE).fetch_all(&mut connection).await?;
    drop(connection);
    let mut pairs = Vec::new();
    for row in &rows {
        // A client whose key is not text was never recorded.
        let Ok(client) = row.get::<String>(1) else { continue };
        pairs.extend(hasher.pairs(row, 2, &client));
    }
    let found = context.ledger.formers(&json_of(&pairs)).await?;
    if !found.is_empty() {
        let found: Vec<_> = found.into_iter().map(|(client, former)| (former, client)).collect();
        context.ledger.note_returned(&json_of(&found), now).await?;
    }
    match rows.last() {
        Some(last) if rows.len() == AT_ONCE => last.get::<KeyJson>(0).map(|KeyJson(key)| Some(key)),
        _ => Ok(None),
    }
}

/// What people are told of so many clients that have come back.
#[must_use]
pub fn returned(clients: u64) -> String {
    let have = if clients == 1 { "1 client anonymized before has" } else { "clients anonymized before have" };
    let count = if clients == 1 { String::new() } else { format!("{clients} ") };
    format!("{count}{have} come back under a new key")
}

async fn tell(context: &Context) -> Result<(), StoreError> {
    let clients = context.ledger.count_returned().await?;
    if clients == 0 {
        return context.over(EVENT).await;
    }
    if !context.targets.alert() {
        return Ok(());
    }
    let text = format!("{}; {} lists them", returned(clients), Act::Returned.at(Face::Command));
    context.alert(&Alert::new(EVENT, EVENT, text)).await
}
