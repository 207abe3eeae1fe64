//! What was not checked, so that a report claims no more than was done.

use serde::Serialize;

use super::words::{counted, minute, some};
use crate::policy::{Class, OnResidue, Policy};
use crate::worker::Loaded;

/// The most names given of many.
const MOST: usize = 8;

/// Something that was not checked.
#[derive(Debug, Clone, Serialize)]
pub struct Unchecked {
    pub what: String,
    pub means: String,
}

/// All of it, as policy and schema are now.
pub(super) fn unchecked(policy: &Policy, loaded: &Loaded, last_backup: Option<String>) -> Vec<Unchecked> {
    let mut all = Vec::new();
    let mut add = |what: String, means: String| all.push(Unchecked { what, means });
    residue(policy, &mut add);
    alike(policy, loaded, &mut add);
    let free: Vec<String> = policy
        .tables
        .iter()
        .filter_map(|(name, table)| table.free.as_ref().map(|why| format!("{name} ({why})")))
        .collect();
    if !free.is_empty() {
        let means = format!("Declared to hold no client data, and not checked: {}.", free.join("; "));
        add("Tables declared free".to_owned(), means);
    }
    let named = policy.named_tables();
    let is_named = |name: &String| named.iter().any(|own| own.eq_ignore_ascii_case(name));
    let unnamed: Vec<String> = loaded.schema.tables.keys().filter(|name| !is_named(name)).cloned().collect();
    if !unnamed.is_empty() {
        let means = format!(
            "{} that no declared key and no column’s name connects with clients: {}.",
            counted(unnamed.len(), "table"),
            some(&unnamed, MOST)
        );
        add("Tables not in the policy".to_owned(), means);
    }
    let others: Vec<String> = loaded.schema.others.iter().map(|(name, kind)| format!("{name} ({kind})")).collect();
    if !others.is_empty() {
        let means = format!("Not processed: {}. Data that they store themselves was not checked.", some(&others, MOST));
        add("Views and other objects".to_owned(), means);
    }
    add(
        "Outside the database".to_owned(),
        "Exports, mails, logs, other databases and systems, and what triggers or programs wrote there. Of files and \
         webhooks, only what is said above was done."
            .to_owned(),
    );
    add(
        "Backups".to_owned(),
        match last_backup {
            Some(at) => format!(
                "They hold former values until they expire; the last one recorded in Lethe is of {} UTC.",
                minute(&at)
            ),
            None => "They hold former values until they expire; none is recorded in Lethe.".to_owned(),
        },
    );
    add("The database’s own files".to_owned(), loaded.schema.dialect.leftovers.to_owned());
    all
}

/// How far former values were looked for.
fn residue(policy: &Policy, add: &mut impl FnMut(String, String)) {
    let identifying: Vec<String> = policy
        .tables
        .iter()
        .flat_map(|(name, table)| {
            let columns = table.columns.iter().chain(&table.keys).filter(|(_, said)| said.identifying);
            columns.map(move |(column, _)| format!("{name}.{column}"))
        })
        .collect();
    if identifying.is_empty() {
        add(
            "Former values in texts".to_owned(),
            "The policy marks no column as identifying, so nothing was searched for former values.".to_owned(),
        );
        return;
    }
    add(
        "Parts of former values".to_owned(),
        format!(
            "Complete former values of {} were searched for in the texts of the same client that the policy names, and none was \
             left. The search does not find values of fewer than {} characters, parts of a value, other spellings, \
             nicknames, or text in pictures.",
            some(&identifying, MOST),
            policy.residue.min_length
        ),
    );
    let kept: Vec<String> = policy
        .tables
        .iter()
        .flat_map(|(name, table)| {
            let columns = table.columns.iter().filter(|(_, said)| said.residue == OnResidue::Keep);
            columns.map(move |(column, _)| format!("{name}.{column}"))
        })
        .collect();
    if !kept.is_empty() {
        add(
            "Former values that are filed".to_owned(),
            format!("The policy says that they may stay in {}, so they were not searched for there.", kept.join(", ")),
        );
    }
}

/// What the groups of clients that look alike leave out.
fn alike(policy: &Policy, loaded: &Loaded, add: &mut impl FnMut(String, String)) {
    let marked = &loaded.plan.quasi_identifiers;
    let client = policy.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(&policy.client.table));
    let rest: Vec<String> = client
        .iter()
        .flat_map(|(_, table)| &table.columns)
        .filter(|(_, said)| said.class == Class::Personal && !said.quasi_identifier)
        .filter(|(_, said)| {
            said.branches().is_ok_and(|all| !all.iter().any(|one| one.condition.is_none() && one.action.is_fixed()))
        })
        .map(|(column, _)| column.clone())
        .collect();
    if marked.is_empty() {
        add(
            "Whether clients can be told apart".to_owned(),
            "The policy marks no column as a quasi-identifier, so no groups were measured.".to_owned(),
        );
    } else {
        add(
            "Other ways to tell clients apart".to_owned(),
            "Groups were measured over the columns named above alone, and not over what stays in other tables."
                .to_owned(),
        );
    }
    if !rest.is_empty() {
        let means =
            format!("What stays in the client table of {}: not marked as quasi-identifiers.", some(&rest, MOST));
        add("Personal data not measured".to_owned(), means);
    }
}
