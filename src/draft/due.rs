//! When a client is due and what keeps it: dates, filters, activity, ideas for guards.

mod guard;

pub(super) use guard::GuardIdea;

use crate::domain::schema::{Kind, LiveColumn, LiveTable};

use super::client::ClientTable;
use super::facts::Facts;
use super::link::Reach;
use super::refused::Refused;
use super::sample::all_iso_dates;
use super::vocabulary::{Meaning, meaning};
use super::words::{Words, endings, of_table, snake, split};

/// What the schema says about when a client is due.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// The client column with the day from which it is to be anonymized.
    pub(super) to_anonymize_on: Option<String>,
    /// The client column that says it was.
    pub(super) anonymized: Option<String>,
    /// The client column with the day it was.
    pub(super) anonymized_on: Option<String>,
    /// The client column with the day it was created.
    pub(super) created: Option<String>,
    /// Filters: a name and the client column behind it.
    pub(super) filters: Vec<(String, String)>,
    /// Tables whose dated rows count as activity.
    pub(super) activity: Vec<Activity>,
    /// What could refuse a client.
    pub(super) guards: Vec<GuardIdea>,
}

#[derive(Debug)]
pub(super) struct Activity {
    pub(super) table: String,
    pub(super) date: String,
    /// Whether the sampled dates can be compared as they are.
    pub(super) certain: bool,
    /// Why a row may be no activity of the client itself, where that is unclear.
    pub(super) doubt: Option<&'static str>,
}

const ACTIVITY: Words = Words(
    "order invoice entry visit booking purchase receipt payment donation gift transaction subscription sale \
     reservation appointment checkin shipment contract quote claim ticket membership instalment installment \
     treatment course rental loan header rechnung auftrag bestellung buchung besuch termin zahlung vertrag vorgang \
     angebot commande facture visite passage don achat echeance abonnement recu paiement rendezvous cotisation",
);

/// Reads the schema for all that decides when a client is due.
pub(super) fn find(facts: &Facts, client: &ClientTable, reach: &Reach) -> Due {
    let table = client.table;
    let mut due = Due::default();
    for column in table.columns.iter().filter(|column| !column.generated) {
        let words = split(&column.name);
        let dated = is_date(facts, table, column);
        let says = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        if dated && to_anonymize_on(&words) {
            due.to_anonymize_on.get_or_insert_with(|| column.name.clone());
        } else if says(&["anonymized", "anonymised", "anonymisiert", "anonymise"]) {
            if dated {
                due.anonymized_on.get_or_insert_with(|| column.name.clone());
            } else if matches!(column.kind(), Kind::Boolean | Kind::Integer) {
                due.anonymized.get_or_insert_with(|| column.name.clone());
            }
        } else if dated && created(&words) {
            due.created.get_or_insert_with(|| column.name.clone());
        } else if is_filter(&words, column) {
            let name = snake(&column.name);
            if !due.filters.iter().any(|(other, _)| *other == name) {
                due.filters.push((name, column.name.clone()));
            }
        }
    }
    for reached in &reach.tables {
        if is_activity(reached.table) {
            guard::on_documents(facts, reached.table, &mut due.guards);
        }
        due.activity.extend(activity(facts, reached.table));
    }
    guard::on_client(client, reach, due.anonymized.clone().as_deref(), &mut due.guards);
    due
}

impl Due {
    /// Leaves out what `check` refused before.
    pub(super) fn forget(&mut self, refused: &Refused) {
        let is_refused = |setting: &str| refused.settings.iter().any(|own| own.starts_with(setting));
        if is_refused("client.to_anonymize_on") {
            self.to_anonymize_on = None;
        }
        if is_refused("client.anonymized_on") {
            self.anonymized_on = None;
        }
        if refused.settings.contains("client.anonymized") {
            self.anonymized = None;
        }
        if is_refused("period.otherwise") {
            self.created = None;
        }
        for own in &mut self.activity {
            own.certain &= !refused.activity.contains(&own.table);
        }
    }
}

fn to_anonymize_on(words: &[String]) -> bool {
    let all = words.concat();
    ["toanonymize", "toanonymise", "anonymizeon", "anonymiseon", "anonymizeafter", "deleteon", "deleteafter", "eraseon"]
        .iter()
        .chain(&[
            "retentionuntil",
            "retentiondate",
            "gdprdate",
            "loschdatum",
            "loeschdatum",
            "keepuntil",
            "aanonymiser",
        ])
        .any(|start| all.contains(start))
}

fn created(words: &[String]) -> bool {
    let all = words.concat();
    [
        "created",
        "creation",
        "dateadd",
        "enrolled",
        "registered",
        "registration",
        "membersince",
        "customersince",
        "clientsince",
    ]
    .iter()
    .chain(&["signup", "joined", "erstellt", "angelegt", "anlage", "inscription", "datecreate", "insertedat"])
    .any(|part| all.contains(part))
}

/// Whether a column holds dates, by its type or by what was seen.
fn is_date(facts: &Facts, table: &LiveTable, column: &LiveColumn) -> bool {
    let seen = facts.values(&table.name, &column.name);
    match column.kind() {
        Kind::Date => true,
        Kind::Text | Kind::Unknown if !seen.is_empty() => all_iso_dates(seen),
        Kind::Text | Kind::Unknown => {
            let words = split(&column.name);
            words.iter().any(|word| ["date", "datum", "at", "on", "day", "am", "le"].contains(&word.as_str()))
        }
        _ => false,
    }
}

fn is_filter(words: &[String], column: &LiveColumn) -> bool {
    let Some(last) = words.last() else { return false };
    let text_or_number = matches!(column.kind(), Kind::Text | Kind::Integer | Kind::Unknown);
    let filters = ["group", "type", "segment", "status", "category", "country", "club", "branch", "gruppe", "typ"];
    let more = ["kategorie", "groupe", "categorie", "pays", "land", "statut", "market", "channel", "tenant"];
    text_or_number && (filters.contains(&last.as_str()) || more.contains(&last.as_str()))
        || meaning(&column.name) == Some(Meaning::Country)
}

fn is_activity(table: &LiveTable) -> bool {
    let words = of_table(&table.name);
    let line = ["line", "lines", "detail", "details", "item", "items", "position", "positionen"];
    !words.last().is_some_and(|last| line.contains(&last.as_str()))
        && endings(&words).iter().any(|ending| ACTIVITY.has(ending))
}

/// The date by which a row of a table counts as activity, if it has one.
fn activity(facts: &Facts, table: &LiveTable) -> Option<Activity> {
    let own: Vec<String> = endings(&of_table(&table.name));
    let rank = |column: &&LiveColumn| {
        let words = split(&column.name);
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let late = ["due", "required", "shipped", "shipment", "delivery", "birth", "updated", "modified", "expires"];
        let later = ["deleted", "end", "until", "cancelled", "reminder", "faellig", "closed", "paid", "valid"];
        if has(&late) || has(&later) {
            4
        } else if has(&["posting", "buchung", "buchungsdatum"]) {
            0
        } else if words.iter().any(|word| own.contains(word) || own.iter().any(|noun| word.starts_with(noun))) {
            1
        } else if has(&["date", "datum"]) {
            2
        } else {
            3
        }
    };
    // A row without a day keeps its client: one that most rows have is better than one that says more.
    let rows = facts.samples.get(&table.name).map_or(0, |sampled| sampled.rows.len());
    let is_rare = |column: &&LiveColumn| facts.filled(table, &column.name) * 2 < rows;
    let dates = table.columns.iter().filter(|column| !column.generated && is_date(facts, table, column));
    let date = dates.filter(|column| rank(column) < 4).min_by_key(|column| (is_rare(column), rank(column)))?;
    Some(Activity {
        table: table.name.clone(),
        date: date.name.clone(),
        certain: date.kind() == Kind::Date && date.told.is_some()
            || all_iso_dates(facts.values(&table.name, &date.name)),
        doubt: if is_activity(table) {
            None
        } else if super::link::is_contact_table(table) {
            Some("contact data: was it the client who changed it?")
        } else {
            Some("is a row something that the client did?")
        },
    })
}
