//! Which table holds the clients, and what identifies one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::schema::{LiveColumn, LiveTable, Schema};

use super::facts::Facts;
use super::link::{Reference, references_without};
use super::vocabulary::{Meaning, meaning};
use super::words::{Words, about, endings, noun, of_table, referents};
use super::{Candidate, DraftError, DraftOptions, similar};

#[derive(Debug)]
pub(super) struct ClientTable<'a> {
    pub(super) table: &'a LiveTable,
    /// The column, or columns, that identify a client.
    pub(super) key: Vec<String>,
    /// Tables of other companies in the same database.
    pub(super) other_tenants: BTreeSet<String>,
}

impl ClientTable<'_> {
    /// Whether the clients are those who log in.
    pub(super) fn is_of_users(&self) -> bool {
        endings(&of_table(&self.table.name)).last().is_some_and(|last| is_staff(last))
    }
}

fn is_staff(word: &str) -> bool {
    ["user", "benutzer", "utilisateur", "employee", "staff"].contains(&word)
}

/// What clients are called, in the singular, and how sure the word is.
const STRONG: Words = Words(
    "customer client member patient donor guest subscriber kunde mitglied klient spender debitor membre adherent \
     donateur abonne borrower student pupil passenger resident policyholder shopper emprunteur eleve",
);
const WEAK: Words = Words(
    "person user account contact party partner bpartner constituent societe thirdparty tier attendee individual \
     profile kontakt benutzer konto compte personne utilisateur",
);

/// The weight of a name that says nothing but clients.
const SURE: usize = 10;
/// The weight of a name that ends like one of clients.
const ENDING: usize = 5;

/// How far ahead of the next one a table must be.
const LEAD: usize = 5;

/// The columns that make a table look like one of people.
pub(super) fn people_columns(table: &LiveTable) -> Vec<&LiveColumn> {
    let points = |column: &&LiveColumn| meaning(&column.name).is_some_and(Meaning::points_at_someone);
    table.columns.iter().filter(points).collect()
}

/// Finds the client table and its key.
///
/// A table is weighed by its name, by its columns that look personal and by
/// how many tables refer to it.
///
/// # Errors
///
/// [`DraftError`] if no table fits, or several do.
pub(super) fn find<'a>(
    facts: &Facts<'a>,
    known: &[Reference],
    options: &DraftOptions,
) -> Result<ClientTable<'a>, DraftError> {
    let schema = facts.schema;
    let table = match &options.client_table {
        Some(name) => named(schema, name)?,
        None => likeliest(facts, known)?,
    };
    let key = match &options.key {
        Some(key) => wished_key(table, key)?,
        None => likeliest_key(table, known).ok_or_else(|| DraftError::NoKey { table: table.name.clone() })?,
    };
    Ok(ClientTable { table, key, other_tenants: schema.other_tenants(&table.name) })
}

fn named<'a>(schema: &'a Schema, name: &str) -> Result<&'a LiveTable, DraftError> {
    if let Some(table) = schema.table(name) {
        return Ok(table);
    }
    if let Some((_, what)) = schema.others.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
        return Err(DraftError::NotATable { table: name.to_owned(), what: what.clone() });
    }
    Err(DraftError::UnknownTable { table: name.to_owned(), nearest: similar(name, schema.tables.keys()) })
}

fn likeliest<'a>(facts: &Facts<'a>, known: &[Reference]) -> Result<&'a LiveTable, DraftError> {
    let schema = facts.schema;
    if schema.tables.is_empty() {
        return Err(DraftError::NoTables);
    }
    // Tables of several companies are called alike: what refers to one of them is of its own company.
    let mut within: BTreeMap<BTreeSet<String>, Vec<Reference>> = BTreeMap::new();
    let mut ranked: Vec<(usize, usize, &LiveTable)> = Vec::new();
    for table in schema.tables.values() {
        let Some(name) = weight_of_name(table) else { continue };
        let other_tenants = schema.other_tenants(&table.name);
        let from = if other_tenants.is_empty() {
            referring(table, known)
        } else {
            let own = within.entry(other_tenants);
            referring(table, own.or_insert_with_key(|other_tenants| references_without(facts, other_tenants)))
        };
        ranked.extend(weight(table, name, from).map(|weight| (weight, from, table)));
    }
    ranked.sort_by_key(|(weight, ..)| std::cmp::Reverse(*weight));
    // Who logs in is staff, unless no other table is about people.
    let of_staff = |table: &LiveTable| endings(&of_table(&table.name)).last().is_some_and(|last| is_staff(last));
    if ranked.iter().any(|(.., table)| !of_staff(table)) {
        ranked.retain(|(.., table)| !of_staff(table));
    } else if ranked.iter().any(|(.., table)| of_table(&table.name).len() > 1) {
        return Err(DraftError::NoClientTable { candidates: tables_of_people(schema) });
    }
    match ranked.as_slice() {
        [] => Err(DraftError::NoClientTable { candidates: tables_of_people(schema) }),
        [(.., only)] => Ok(only),
        [(first, _, table), (second, ..), ..] if *first >= second + LEAD => Ok(table),
        [(first, ..), ..] => {
            let close = ranked.iter().take_while(|(weight, ..)| weight + LEAD > *first);
            let candidate = |(_, from, table): &(usize, usize, &LiveTable)| Candidate {
                table: table.name.clone(),
                references: *from,
                people: people_columns(table).len(),
                has_rows: facts.samples.get(&table.name).map(|sampled| !sampled.rows.is_empty()),
            };
            let candidates = close.map(candidate).collect();
            Err(DraftError::SeveralClientTables { candidates })
        }
    }
}

/// `None` for a table that is not called as clients are.
fn weight_of_name(table: &LiveTable) -> Option<usize> {
    let words = about(&table.name);
    let (whole, last) = (noun(&words.join("_")), endings(&words).pop()?);
    if STRONG.has(&whole) {
        Some(16)
    } else if STRONG.has(&last) {
        Some(SURE)
    } else if WEAK.has(&whole) {
        Some(8)
    } else if WEAK.has(&last) {
        Some(ENDING)
    } else {
        is_of_people(table).then_some(0)
    }
}

/// Whether each row of a table is a person, whatever it is called: with a name, and an e-mail address or a birth.
fn is_of_people(table: &LiveTable) -> bool {
    let has = |wanted: Meaning| table.columns.iter().any(|column| meaning(&column.name) == Some(wanted));
    has(Meaning::FirstName)
        && has(Meaning::LastName)
        && (has(Meaning::Email) || has(Meaning::Birth))
        && !super::link::is_contact_table(table)
        && table.unique.iter().any(|unique| unique.columns.len() == 1)
}

/// `None` for a table that holds nothing of clients.
fn weight(table: &LiveTable, name: usize, from: usize) -> Option<usize> {
    let own_name = |column: &&LiveColumn| meaning(&column.name) == Some(Meaning::Name);
    let someone = people_columns(table).len();
    let people = someone + table.columns.iter().filter(own_name).count();
    // Other things than people have profiles and accounts, and names, too.
    let is_known = someone > 0 || (people > 0 && name > ENDING) || (from > 0 && name >= SURE);
    is_known.then(|| name + people.min(6) + 2 * from.min(3))
}

/// How many other tables refer to this one.
fn referring(table: &LiveTable, known: &[Reference]) -> usize {
    let from = known.iter().filter(|reference| reference.to == table.name && reference.from != table.name);
    from.map(|reference| reference.from.as_str()).collect::<BTreeSet<_>>().len()
}

fn tables_of_people(schema: &Schema) -> Vec<String> {
    let mut tables: Vec<(usize, &String)> = schema
        .tables
        .values()
        .map(|table| (people_columns(table).len(), &table.name))
        .filter(|(people, _)| *people >= 2)
        .collect();
    tables.sort_by_key(|(people, _)| std::cmp::Reverse(*people));
    tables.into_iter().take(5).map(|(_, name)| name.clone()).collect()
}

fn wished_key(table: &LiveTable, key: &[String]) -> Result<Vec<String>, DraftError> {
    let spelled = key.iter().map(|name| {
        table.column(name).map(|column| column.name.clone()).ok_or_else(|| DraftError::UnknownKeyColumn {
            table: table.name.clone(),
            column: name.clone(),
            nearest: similar(name, table.columns.iter().map(|column| &column.name)),
        })
    });
    let key = spelled.collect::<Result<Vec<_>, _>>()?;
    if key.is_empty() || !(table.is_unique(&key) || same_columns(&key, &primary_key(table))) {
        return Err(DraftError::KeyNotUnique { table: table.name.clone(), key });
    }
    Ok(key)
}

/// The primary key in its order.
pub(super) fn primary_key(table: &LiveTable) -> Vec<String> {
    let mut columns: Vec<&LiveColumn> = table.columns.iter().filter(|column| column.primary_key > 0).collect();
    columns.sort_by_key(|column| column.primary_key);
    columns.into_iter().map(|column| column.name.clone()).collect()
}

/// Whether two lists name the same columns, in any order.
pub(super) fn same_columns(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().all(|name| right.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

/// The primary key or a unique index: the one that most foreign keys refer to,
/// else the primary key, else the shortest. Never one with personal columns,
/// because those are going to change.
fn likeliest_key(table: &LiveTable, known: &[Reference]) -> Option<Vec<String>> {
    let own = primary_key(table);
    let whole = table.unique.iter().filter(|unique| !unique.partial);
    let others = whole.filter_map(|unique| unique.columns.iter().cloned().collect::<Option<Vec<String>>>());
    let mut keys: Vec<Vec<String>> = others
        .filter(|key| key.iter().all(|name| table.column(name).is_some_and(|column| column.not_null)))
        .filter(|key| !same_columns(key, &own))
        .collect();
    keys.sort_by_key(|key| (key.len(), !key.iter().any(|name| !referents(name).is_empty())));
    if !own.is_empty() {
        keys.insert(0, own);
    }
    keys.retain(|key| !key.iter().any(|name| meaning(name).is_some_and(Meaning::points_at_someone)));
    let declared = |key: &[String]| {
        let refers = |reference: &&Reference| {
            reference.declared && reference.to == table.name && same_columns(&reference.referenced, key)
        };
        known.iter().filter(refers).count()
    };
    // The last of equals is taken by `max_by_key`, hence the reversal.
    keys.into_iter().rev().max_by_key(|key| declared(key))
}
