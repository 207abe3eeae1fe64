//! Columns that refer to rows of other tables, declared or by their names, and
//! tested against the data.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};

use super::super::client::{ClientTable, primary_key};
use super::super::facts::{Facts, Share};
use super::super::kind::is_audit;
use super::super::sample::{Look, look};
use super::super::vocabulary::{Meaning, meaning};
use super::super::words::{
    Words, about, base, endings, noun, of_table, possessive, qualified, referents, singular, split,
};

/// A reference from one table to another.
#[derive(Debug, Clone)]
pub(in crate::draft) struct Reference {
    /// The table that refers.
    pub(in crate::draft) from: String,
    pub(in crate::draft) columns: Vec<String>,
    /// The table referred to.
    pub(in crate::draft) to: String,
    /// The columns over there.
    pub(in crate::draft) referenced: Vec<String>,
    /// Whether a foreign key says so, or only the name of the column.
    pub(in crate::draft) declared: bool,
    /// How many sampled values are there.
    pub(in crate::draft) share: Option<Share>,
}

impl Reference {
    /// Whether a foreign key or nearly all sampled values say so.
    pub(super) fn is_certain(&self) -> bool {
        self.declared || self.share.is_some_and(Share::proves)
    }
}

/// Tables by what their rows are called, each with the columns referred to.
pub(super) type Nouns<'a> = BTreeMap<String, (&'a LiveTable, Vec<String>)>;

/// Every reference, before the client table is known.
pub(in crate::draft) fn references(facts: &Facts) -> Vec<Reference> {
    references_without(facts, &BTreeSet::new())
}

/// Every reference between tables other than these, before the client table is known.
pub(in crate::draft) fn references_without(facts: &Facts, other_tenants: &BTreeSet<String>) -> Vec<Reference> {
    let nouns = nouns(facts.schema, other_tenants);
    let finder = Finder { facts, nouns: &nouns, client: None };
    let own = facts.schema.tables.values().filter(|table| !other_tenants.contains(&table.name));
    own.flat_map(|table| finder.of(table)).filter(|found| !other_tenants.contains(&found.to)).collect()
}

/// Every reference between tables of the client's company, with those to the
/// client table by all the names it may have.
pub(super) fn references_to(facts: &Facts, client: &ClientTable) -> Vec<Reference> {
    let mut nouns = nouns(facts.schema, &client.other_tenants);
    for word in client_nouns(client, &nouns) {
        nouns.insert(word, (client.table, client.key.clone()));
    }
    let finder = Finder { facts, nouns: &nouns, client: Some(client) };
    let own = facts.schema.tables.values().filter(|table| !client.other_tenants.contains(&table.name));
    own.flat_map(|table| finder.of(table)).filter(|found| !client.other_tenants.contains(&found.to)).collect()
}

/// Words that are always clients, whatever their table is called.
const ALWAYS: &[&str] = &["customer", "client", "kunde", "member", "patient", "donor"];
/// Words that may be clients, if the data says so.
const PERHAPS: Words = Words(
    "contact partner party person account buyer debtor debitor guest subscriber payer holder owner recipient \
     attendee participant beneficiary constituent individual adherent mitglied personne tier soc societe bpartner \
     entity",
);

/// What one refers to a client as, in other tables.
fn client_nouns(client: &ClientTable, nouns: &Nouns) -> Vec<String> {
    let mut words = vec![noun(&client.table.name)];
    words.extend(endings(&about(&client.table.name)));
    // A user or an account may be anyone; these are always clients.
    words.extend(ALWAYS.iter().map(|word| (*word).to_owned()));
    words.retain(|word| nouns.get(word).is_none_or(|(table, _)| table.name == client.table.name));
    words
}

fn nouns<'a>(schema: &'a Schema, other_tenants: &BTreeSet<String>) -> Nouns<'a> {
    let tables: Vec<&LiveTable> = schema.tables.values().filter(|table| !other_tenants.contains(&table.name)).collect();
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for table in &tables {
        if let Some(first) = of_table(&table.name).first().filter(|_| base(&table.name).len() > 3) {
            *firsts.entry(first.clone()).or_default() += 1;
        }
    }
    let mut nouns = Nouns::new();
    for table in &tables {
        nouns.entry(noun(&table.name)).or_insert_with(|| (table, primary_key(table)));
    }
    for table in &tables {
        // `insurance_id` refers to `insurance_data`.
        if let Some(word) = endings(&about(&table.name)).into_iter().next() {
            nouns.entry(word).or_insert_with(|| (table, primary_key(table)));
        }
    }
    for table in &tables {
        // `civicrm_contact` is a contact where every table begins like that.
        let words = of_table(&table.name);
        let shared = words.first().and_then(|first| firsts.get(first)).copied().unwrap_or(0);
        if words.len() > 1 && shared >= 5 && shared * 2 >= tables.len() {
            let word = words[1..words.len() - 1].concat() + &singular(&words[words.len() - 1]);
            nouns.entry(word).or_insert_with(|| (table, primary_key(table)));
        }
    }
    nouns
}

struct Finder<'f, 'a> {
    facts: &'f Facts<'a>,
    nouns: &'f Nouns<'a>,
    /// The client table, once it is known.
    client: Option<&'f ClientTable<'a>>,
}

impl Finder<'_, '_> {
    /// The references of one table: its foreign keys, then by name its other columns.
    fn of(&self, table: &LiveTable) -> Vec<Reference> {
        let mut found: Vec<Reference> = Vec::new();
        for key in &table.foreign_keys {
            let Some(target) = self.facts.schema.table(&key.references) else { continue };
            let referenced = if key.referenced.is_empty() { primary_key(target) } else { key.referenced.clone() };
            if !found.iter().any(|other| other.columns == key.columns && other.to == target.name) {
                found.push(Reference {
                    from: table.name.clone(),
                    columns: key.columns.clone(),
                    to: target.name.clone(),
                    referenced,
                    declared: true,
                    share: None,
                });
            }
        }
        for column in &table.columns {
            let is_declared = |reference: &Reference| reference.columns.contains(&column.name);
            if found.iter().any(is_declared) || !self.may_refer(column) {
                continue;
            }
            found.extend(self.by_name(table, column));
        }
        if found.iter().all(|reference| !is_own_line(reference, self.client)) {
            let known: Vec<String> = found.iter().map(|reference| reference.to.clone()).collect();
            found.extend(self.line_of_header(table).filter(|line| !known.contains(&line.to)));
        }
        found
    }

    /// Whether nothing in a column's name speaks against a reference.
    fn may_refer(&self, column: &LiveColumn) -> bool {
        let someone = meaning(&column.name).is_some_and(Meaning::points_at_someone);
        // Where users are the clients, who wrote a row is a client.
        let of_staff = is_audit(column) && !self.client.is_some_and(ClientTable::is_of_users);
        !column.generated && !someone && !of_staff
    }

    fn by_name(&self, table: &LiveTable, column: &LiveColumn) -> Option<Reference> {
        let words = referents(&column.name);
        let is_own_key = column.primary_key > 0 && primary_key(table).len() == 1;
        // `id_order_rule` of `order_rules` is not a rule: small numbers are keys of any table.
        let named = if is_own_key { words.get(..1).unwrap_or_default() } else { &words[..] };
        let more = if is_own_key { Vec::new() } else { [qualified(&column.name), possessive(&column.name)].concat() };
        let target = named.iter().chain(&more).find_map(|word| {
            let (target, referenced) = self.nouns.get(word)?;
            // In its own table, `customer_no` is the row itself; `parent_customer_no` is another.
            let is_itself = target.name == table.name && words.first() == Some(word);
            (!is_itself).then(|| (*target, referenced.clone(), !words.contains(word)))
        });
        // `customer_reference` is what the customer calls something.
        let is_reference = split(&column.name).last().is_some_and(|last| last == "reference");
        if let Some((target, referenced, is_qualified)) = target {
            let external = external_key(table, column, target);
            let is_external = external.is_some();
            let by_key = matching(table, column, target, &referenced).filter(|_| !is_reference && external.is_none());
            let (columns, referenced, by_key) = if let Some(columns) = by_key {
                (columns, referenced, true)
            } else {
                let other = external.or_else(|| other_key(table, column, target))?;
                let beside = || self.beside(table, target, &other).into_iter();
                let with = |own: &String| beside().chain([own.clone()]).collect();
                (with(&column.name), with(&other), false)
            };
            let share = match referenced.as_slice() {
                [.., last] if !by_key || referenced.len() == 1 => {
                    self.facts.share_of(table, &column.name, &target.name, last)
                }
                _ => None,
            };
            // Of different types, and the server says so: a key of another kind, unless the data says otherwise.
            let is_alike = |own: &LiveColumn| column.told.is_none() || column.kind() == own.kind();
            let is_other = referenced.last().and_then(|own| target.column(own)).is_some_and(|own| !is_alike(own));
            let is_proven = share.is_some_and(Share::proves);
            let is_refuted = share.is_some_and(Share::refutes) || (is_other && !is_proven);
            // What its name does not say in full, the data has to say.
            let is_asked = share.is_some() || (is_external && !self.facts.answers.is_empty());
            let is_unproven = !is_proven && is_asked && (is_qualified || !by_key);
            // A table's own key is its own, whatever it is called, unless the data says otherwise.
            if is_refuted || is_unproven || (is_own_key && !is_proven && !is_extension(table, target)) {
                return None;
            }
            let (from, to) = (table.name.clone(), target.name.clone());
            return Some(Reference { from, columns, to, referenced, declared: false, share });
        }
        self.to_client(table, column).or_else(|| self.to_parent(table, column))
    }

    /// `pt_tracker_id` of `patient_tracker_element` is that of `patient_tracker`, however the column shortens it.
    fn to_parent(&self, table: &LiveTable, column: &LiveColumn) -> Option<Reference> {
        let named = referents(&column.name).pop()?;
        let is_parent = |parent: &&LiveTable| {
            parent.name != table.name
                && is_extension(table, parent)
                && of_table(&parent.name).last().is_some_and(|last| singular(last) == named)
        };
        let parent = self.nouns.values().map(|(parent, _)| *parent).find(is_parent)?;
        let referenced = primary_key(parent);
        let [key] = referenced.as_slice() else { return None };
        let columns = matching(table, column, parent, &referenced)?;
        let share = self.facts.share_of(table, &column.name, &parent.name, key);
        let (from, to) = (table.name.clone(), parent.name.clone());
        let is_open = share.is_none_or(Share::proves) && column.primary_key == 0;
        is_open.then_some(Reference { from, columns, to, referenced, declared: false, share })
    }

    /// The column of both tables that says whose rows they are, where others may use the same value for theirs: the
    /// number of a company or tenant.
    fn beside(&self, table: &LiveTable, target: &LiveTable, other: &str) -> Option<String> {
        if target.is_unique(&[other.to_owned()]) {
            return None;
        }
        let is_unique_with = |name: &str| {
            let both = |own: &Option<String>| own.as_ref().is_some_and(|own| own == name || own == other);
            target.unique.iter().any(|own| own.columns.len() == 2 && own.columns.iter().all(both))
        };
        let refers = |table: &LiveTable, name: &str| {
            let own = table.foreign_keys.iter().find(|own| own.columns == [name])?;
            Some(own.references.clone())
        };
        let is_tenant = |name: &str| {
            let of_client = self.client.and_then(|client| refers(client.table, name));
            of_client.is_some() && of_client == refers(target, name).or_else(|| refers(table, name))
        };
        let in_both = target.columns.iter().filter(|own| {
            let same = table.column(&own.name);
            own.not_null && same.is_some_and(|same| same.not_null && same.kind().compares_with(own.kind()))
        });
        let mut names = in_both.map(|own| own.name.clone()).filter(|name| name != other);
        names.find(|name| is_unique_with(name) || is_tenant(name))
    }

    /// A column that holds clients' keys, by other names and by its values.
    fn to_client(&self, table: &LiveTable, column: &LiveColumn) -> Option<Reference> {
        let client = self.client?;
        let [key] = client.key.as_slice() else { return None };
        if column.primary_key > 0 && primary_key(table).len() == 1 && !is_extension(table, client.table) {
            return None;
        }
        let share = self.facts.share_of(table, &column.name, &client.table.name, key);
        let is_proven = share.is_some_and(Share::proves);
        let words = split(&column.name);
        // `pid` and `pc_pid` where clients are called by their `pid`.
        let is_called_so = is_name_of_its_own(key) && words.ends_with(&split(key));
        let as_text = column.kind() == Kind::Text && is_called_so && is_proven;
        let columns = matching(table, column, client.table, &client.key)
            .or_else(|| as_text.then(|| vec![column.name.clone()]))?;
        let names = |known: Words| endings(&words).iter().chain(&referents(&column.name)).any(|own| known.has(own));
        let names_client = endings(&words)
            .iter()
            .any(|ending| self.nouns.get(ending).is_some_and(|(table, _)| table.name == client.table.name));
        let own = noun(&client.table.name);
        let short = referents(&column.name).iter().any(|word| word.len() >= 3 && own.starts_with(word.as_str()));
        let distinctive = matches!(look(self.facts.values(&table.name, &column.name)), Some(Look::Uuid | Look::Code));
        // Small numbers are ids of any table, so a word for anything needs more.
        let is_anything = column.kind() == Kind::Integer && names(Words("entity owner"));
        let proven = is_proven && !is_anything;
        // Of many rows, few that pay for all are companies, and their numbers those of another table.
        let distinct = self.facts.values(&table.name, &column.name).len();
        let rows = self.facts.filled(table, &column.name);
        let are_few = column.kind() == Kind::Integer && rows >= 10 && distinct * 4 < rows;
        let found = (names_client && words.len() <= 3 && self.holds_keys(table, column, client))
            || (proven && ((names(PERHAPS) && !are_few) || short || distinctive))
            || (is_called_so && (proven || (share.is_none() && words == split(key))))
            || (is_extension(table, client.table) && column.name == *key && column.primary_key > 0);
        (found && !share.is_some_and(Share::refutes)).then(|| Reference {
            from: table.name.clone(),
            columns,
            to: client.table.name.clone(),
            referenced: client.key.clone(),
            declared: false,
            share,
        })
    }

    /// Whether a column called `customer` holds keys rather than names.
    fn holds_keys(&self, table: &LiveTable, column: &LiveColumn, client: &ClientTable) -> bool {
        let like = |table: &LiveTable, column: &str| look(self.facts.values(&table.name, column));
        let keys = client.key.last().and_then(|key| like(client.table, key));
        match like(table, &column.name) {
            None | Some(Look::Code | Look::Number | Look::Uuid) => true,
            some => some == keys,
        }
    }

    /// `Sales Line` by its document of `Sales Header`: no column is called after the header.
    fn line_of_header(&self, table: &LiveTable) -> Option<Reference> {
        const LINES: &[&str] = &["line", "detail", "item", "position", "row"];
        let mut words = of_table(&table.name);
        let last = singular(&words.pop()?);
        if !LINES.contains(&last.as_str()) || words.is_empty() {
            return None;
        }
        let stem = words.concat();
        let header = ["header", "head", "document", ""].iter().find_map(|end| self.nouns.get(&(stem.clone() + end)));
        let header = header.or_else(|| self.nouns.get(&singular(&stem))).map(|(header, _)| *header)?;
        let referenced = primary_key(header);
        let (_, before) = referenced.split_last()?;
        let document = table.columns.iter().find(|column| {
            let words = split(&column.name);
            column.primary_key > 0
                && words.first().is_some_and(|first| ["document", "order", "invoice"].contains(&first.as_str()))
                && words.last().is_some_and(|last| ["no", "id", "nr", "number"].contains(&last.as_str()))
        })?;
        let mut columns: Vec<String> =
            before.iter().map(|name| table.column(name).map(|own| own.name.clone())).collect::<Option<_>>()?;
        columns.push(document.name.clone());
        let (from, to) = (table.name.clone(), header.name.clone());
        (table.name != header.name).then_some(Reference { from, columns, to, referenced, declared: false, share: None })
    }
}

/// Whether a key's name is not one that keys of any table have.
fn is_name_of_its_own(key: &str) -> bool {
    const ANY: Words = Words(
        "id no nr num number numero nummer code key ref reference uuid guid fk pk kennung rowid recordid oid uid objectid systemid entityid",
    );
    !ANY.has(&split(key).concat())
}

/// Whether a reference says already whose line a row is.
fn is_own_line(reference: &Reference, client: Option<&ClientTable>) -> bool {
    client.is_some_and(|client| reference.to == client.table.name)
}

/// `customers_ext` beside `customers`, and a second table of the same name.
pub(super) fn is_extension(table: &LiveTable, target: &LiveTable) -> bool {
    let (own, other) = (of_table(&table.name), of_table(&target.name));
    let stem = |words: &[String]| words.iter().map(|word| singular(word)).collect::<Vec<_>>();
    let (own, other) = (stem(&own), stem(&other));
    own.len() >= other.len() && own[..other.len()] == other[..]
}

/// The column of `target` that is not its whole key and by which a column names
/// its rows: `order_reference` the `reference` of `orders`, or the part of a
/// composite key with the same name.
fn other_key(table: &LiveTable, column: &LiveColumn, target: &LiveTable) -> Option<String> {
    let same = target.column(&column.name).filter(|own| own.primary_key > 0);
    let last = split(&column.name).pop()?;
    let ending = || target.columns.iter().find(|own| own.primary_key == 0 && split(&own.name) == [last.clone()]);
    let found = same.or_else(ending)?;
    (table.name != target.name && column.kind().compares_with(found.kind())).then(|| found.name.clone())
}

/// The id in another system by which a column names rows of `target`: for `external_order_id` and `order_external_id`
/// the `external_id` of `orders`.
fn external_key(table: &LiveTable, column: &LiveColumn, target: &LiveTable) -> Option<String> {
    let (words, noun) = (split(&column.name), noun(&target.name));
    let is_named = |own: &[String]| {
        let parts = (0..words.len()).flat_map(|from| (from + 1..=words.len()).map(move |to| (from, to)));
        let mut named = parts.filter(|(from, to)| words[*from..*to].concat() == noun);
        named.any(|(from, to)| [&words[..from], &words[to..]].concat() == own)
    };
    let is_external = |own: &&LiveColumn| meaning(&own.name) == Some(Meaning::External) && is_named(&split(&own.name));
    let found = target.columns.iter().find(is_external)?;
    (table.name != target.name && column.kind().compares_with(found.kind())).then(|| found.name.clone())
}

/// The columns that hold a key of `target`: `column` for its last part, and
/// columns of the same names for the parts before it (`company`, `customer_no`).
fn matching(table: &LiveTable, column: &LiveColumn, target: &LiveTable, referenced: &[String]) -> Option<Vec<String>> {
    let (last, before) = referenced.split_last()?;
    let itself = table.name == target.name && referenced.contains(&column.name) || before.contains(&column.name);
    if itself || !column.kind().compares_with(target.column(last)?.kind()) {
        return None;
    }
    let mut columns = Vec::new();
    for name in before {
        columns.push(table.column(name)?.name.clone());
    }
    columns.push(column.name.clone());
    Some(columns)
}
