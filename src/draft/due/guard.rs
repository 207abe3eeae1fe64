//! Ideas for guards: columns that say whether something is still open.

use crate::domain::schema::{Kind, LiveColumn, LiveTable};

use super::super::client::ClientTable;
use super::super::facts::Facts;
use super::super::guess::is_region;
use super::super::link::Reach;
use super::super::sample::codes;
use super::super::vocabulary::{Meaning, meaning};
use super::super::words::{Words, base, singular, snake, split};
use super::super::write::identifier;

/// What could refuse a client.
#[derive(Debug)]
pub(in crate::draft) struct GuardIdea {
    pub(in crate::draft) name: String,
    /// What people would read.
    pub(in crate::draft) reason: String,
    /// The table that is looked at.
    pub(in crate::draft) table: String,
    /// How its rows belong to a client, where that is not as in `[tables.…]`.
    pub(in crate::draft) client: Option<String>,
    pub(in crate::draft) condition: String,
    /// Status words that were seen.
    pub(in crate::draft) seen: Vec<String>,
}

/// Status words after which nothing is open.
const FINAL: Words = Words(
    "closed posted completed complete done paid shipped delivered cancelled canceled terminated ended finished \
     expired archived void refunded bezahlt erledigt storniert abgeschlossen paye payee termine annule cloture",
);

/// Status words that say that something is open.
const OPEN: Words = Words(
    "open new pending active draft processing unpaid overdue sent confirmed current waiting hold offen aktiv ouvert \
     encours brouillon signed approved partially started",
);

/// Columns that say whether something is still open.
pub(super) fn on_documents(facts: &Facts, table: &LiveTable, guards: &mut Vec<GuardIdea>) {
    let kebab = ascii_kebab(base(&table.name));
    let words = plural(&snake(base(&table.name)).replace('_', " "));
    for column in &table.columns {
        let Some(last) = split(&column.name).pop() else { continue };
        let seen = facts.values(&table.name, &column.name);
        let name = identifier(&column.name);
        let condition = match (last.as_str(), column.kind()) {
            ("status" | "state" | "statut" | "etat", Kind::Text | Kind::Unknown)
                if meaning(&column.name) == Some(Meaning::Plain) || !is_region(table) =>
            {
                still_open(&name, &codes(seen))
            }
            ("status" | "state", Kind::Integer) if last == "status" || !is_region(table) => format!("{name} <> 0"),
            ("open" | "offen" | "active" | "pending", Kind::Boolean) => name,
            ("open" | "offen" | "active" | "pending", Kind::Integer) => format!("{name} = 1"),
            ("closed" | "posted" | "paid" | "completed" | "shipped", Kind::Boolean | Kind::Integer) => is_false(column),
            ("balance" | "remaining" | "outstanding" | "solde" | "saldo", Kind::Number | Kind::Integer) => {
                format!("{name} <> 0")
            }
            ("date" | "at" | "on", Kind::Date) if done_date(&column.name) => format!("{name} IS NULL"),
            _ => continue,
        };
        let taken = guards.iter().any(|guard| guard.name == format!("open-{kebab}"));
        let name = if taken { format!("open-{kebab}-{}", ascii_kebab(&column.name)) } else { format!("open-{kebab}") };
        guards.push(GuardIdea {
            name,
            reason: format!("has open {words}"),
            table: table.name.clone(),
            client: None,
            condition,
            seen: if column.kind() == Kind::Text { seen_codes(seen) } else { Vec::new() },
        });
    }
}

/// The names of guards are small letters, digits and `-`.
fn ascii_kebab(name: &str) -> String {
    split(name).join("-").chars().filter(|mark| mark.is_ascii_alphanumeric() || *mark == '-').collect()
}

fn plural(words: &str) -> String {
    let last = words.rsplit(' ').next().unwrap_or(words);
    match words.strip_suffix('y') {
        _ if last.ends_with('s') || singular(last) != last => words.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{words}s"),
    }
}

fn seen_codes(values: &[String]) -> Vec<String> {
    codes(values).into_iter().map(str::to_owned).collect()
}

fn is_false(column: &LiveColumn) -> String {
    let name = identifier(&column.name);
    if column.kind() == Kind::Boolean { format!("NOT {name}") } else { format!("{name} = 0") }
}

fn done_date(name: &str) -> bool {
    let done = ["shipped", "closed", "paid", "completed", "delivered", "returned", "terminated", "cancelled"];
    split(name).first().is_some_and(|first| done.contains(&first.as_str()))
}

fn still_open(name: &str, seen: &[&str]) -> String {
    let is_final = |code: &&&str| FINAL.has(&snake(code));
    let ends: Vec<String> = seen.iter().filter(is_final).map(|code| format!("'{code}'")).collect();
    let looks_open: Vec<String> = seen
        .iter()
        .filter(|code| split(code).iter().any(|word| OPEN.has(word)))
        .map(|code| format!("'{code}'"))
        .collect();
    match ends.as_slice() {
        [] if !looks_open.is_empty() => format!("{name} IN ({})", looks_open.join(", ")),
        [] => format!("{name} <> '...'"),
        [one] => format!("{name} <> {one}"),
        several => format!("{name} NOT IN ({})", several.join(", ")),
    }
}

/// What the client's own row may say against it.
pub(super) fn on_client(client: &ClientTable, reach: &Reach, anonymized: Option<&str>, guards: &mut Vec<GuardIdea>) {
    let table = client.table;
    for column in &table.columns {
        let words = split(&column.name);
        let balance = words.last().is_some_and(|last| ["balance", "solde", "saldo"].contains(&last.as_str()));
        if balance && matches!(column.kind(), Kind::Number | Kind::Integer) {
            guards.push(GuardIdea {
                name: "balance".to_owned(),
                reason: "has a balance".to_owned(),
                table: table.name.clone(),
                client: None,
                condition: format!("{} <> 0", identifier(&column.name)),
                seen: Vec::new(),
            });
        }
    }
    for columns in &reach.own {
        let ([column], [key]) = (columns.as_slice(), client.key.as_slice()) else { continue };
        // A client that refers to itself does not keep itself.
        let mut condition = format!("{} <> {}", identifier(key), identifier(column));
        if let Some(flag) = anonymized.and_then(|flag| table.column(flag)) {
            condition = format!("{condition} AND {}", is_false(flag));
        }
        guards.push(GuardIdea {
            name: format!("is-{}", ascii_kebab(column)),
            reason: format!("is named in {column} of another client"),
            table: table.name.clone(),
            client: Some(column.clone()),
            condition,
            seen: Vec::new(),
        });
    }
}
