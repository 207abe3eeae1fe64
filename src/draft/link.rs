//! Which tables reach the client table, and by which columns.

mod loose;
mod owner;
mod reference;
mod secondary;

pub(super) use loose::Loose;
pub(super) use owner::{id_columns, kind_columns};
pub(super) use reference::{Reference, references, references_without};
pub(super) use secondary::{keys as secondary_keys, may_hold};

use std::collections::{BTreeMap, BTreeSet};

use crate::database::{Evidence, Found, Misled};
use crate::domain::schema::{LiveTable, Schema};
use crate::policy::{Compare, Exclusive, Link, Names};

use super::client::{ClientTable, people_columns, primary_key};
use super::facts::{Facts, Share};
use super::kind::{self, Other};
use super::words::{Words, endings, of_table};

/// One way from a table to its client.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// The way as the policy writes it.
    pub(super) link: Link,
    /// What it was concluded from, where no foreign key says it.
    pub(super) guessed: Option<&'static str>,
    /// How many sampled values were found on the other side.
    pub(super) share: Option<Share>,
}

/// A table whose rows belong to clients.
#[derive(Debug)]
pub(super) struct Reached<'a> {
    pub(super) table: &'a LiveTable,
    /// How many hops away from the client table.
    pub(super) distance: usize,
    /// How its rows belong to their clients.
    pub(super) ways: Vec<Way>,
    /// Owner types that were seen and that no way covers.
    pub(super) other_owners: Vec<String>,
}

/// What reaches the client table and what may.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// Tables that reach it, the nearest first.
    pub(super) tables: Vec<Reached<'a>>,
    /// Tables that do not, with columns that look personal.
    pub(super) loose: Vec<Loose<'a>>,
    /// All other tables of the company, by what they are about; without those that may be about people.
    pub(super) others: BTreeMap<String, Other>,
    /// Why some of them may hold client data all the same.
    pub(super) doubtful: BTreeMap<String, String>,
    /// Columns that refer to other tables, by table.
    pub(super) refers: BTreeMap<String, Vec<(String, String)>>,
    /// Columns other than keys by which other tables refer to a table's rows, by table.
    pub(super) names: BTreeMap<String, BTreeSet<String>>,
    /// Columns of the client table that refer to another client.
    pub(super) own: Vec<Vec<String>>,
}

impl Reach<'_> {
    /// Adds the links that rows tell to tables that are linked by columns that are NULL.
    pub(super) fn add(&mut self, client: &ClientTable, found: &[Found]) {
        for own in found.iter().filter(|own| own.is_linked) {
            let Some(evidence) = own.link.as_ref().filter(|own| own.matched * 10 >= own.of * 9) else { continue };
            let Some(reached) = self.tables.iter_mut().find(|reached| reached.table.name == own.table) else {
                continue;
            };
            for own in std::iter::once(evidence).chain(&evidence.also) {
                let way = way_of(client, reached.table, own);
                if !reached.ways.iter().any(|known| known.link == way.link) {
                    reached.ways.push(way);
                }
            }
            name_apart(&mut reached.ways);
        }
    }

    /// Gives up links that lead to other clients.
    pub(super) fn mislead(&mut self, misled: &BTreeSet<Misled>) {
        for reached in &mut self.tables {
            let table = &reached.table.name;
            reached.ways.retain(|way| !misled.iter().any(|own| own.table == *table && is_link(own, &way.link)));
        }
    }

    /// Gives up the links of tables in which `check` found something wrong.
    pub(super) fn forget(&mut self, tables: &BTreeSet<String>) {
        let gone = |name: &String| tables.contains(name);
        self.tables.retain(|reached| !gone(&reached.table.name));
        loop {
            let left: BTreeSet<String> = self.tables.iter().map(|reached| reached.table.name.clone()).collect();
            for reached in &mut self.tables {
                reached.ways.retain(|way| way.link.through.as_ref().is_none_or(|through| left.contains(through)));
            }
            let before = self.tables.len();
            let dropped: Vec<String> = self
                .tables
                .iter()
                .filter(|reached| reached.ways.is_empty())
                .map(|reached| reached.table.name.clone())
                .collect();
            self.tables.retain(|reached| !dropped.contains(&reached.table.name));
            for name in dropped.into_iter().chain(tables.iter().cloned()) {
                self.doubtful.insert(name.clone(), "seems to belong to clients, but no link was valid".to_owned());
                self.others.entry(name).or_insert(Other::SetUp);
            }
            if self.tables.len() == before {
                break;
            }
        }
    }
}

/// Whether a link is one that leads to other clients.
pub(super) fn is_link(misled: &Misled, link: &Link) -> bool {
    link.column.as_slice() == misled.columns && link.through == misled.through
}

/// Words for tables that hold little but ways to reach someone.
const CONTACT_TABLES: Words = Words(
    "address contact contactpoint contactperson phone phonenumber telephone email emailaddress mail person adresse \
     anschrift kontakt telefon coordonnee personne contactdetail",
);

/// Whether a table is called as contact data is.
pub(super) fn is_contact_table(table: &LiveTable) -> bool {
    endings(&of_table(&table.name)).iter().any(|ending| CONTACT_TABLES.has(ending))
}

/// Finds every table that reaches the client table: by declared foreign keys,
/// by the names of columns and their values, by owner type and id, by another
/// key of the client, and over link tables. Set-up tables and those of staff
/// are not ways to a client, whatever they refer to.
pub(super) fn reach<'a>(facts: &Facts<'a>, client: &ClientTable<'a>) -> Reach<'a> {
    let known = reference::references_to(facts, client);
    let mut by_table: BTreeMap<&str, Vec<&Reference>> = BTreeMap::new();
    for reference in &known {
        by_table.entry(&reference.from).or_default().push(reference);
    }
    let of = |table: &LiveTable| by_table.get(table.name.as_str()).map_or(&[][..], Vec::as_slice);
    let own: Vec<&'a LiveTable> = facts
        .schema
        .tables
        .values()
        .filter(|table| table.name != client.table.name && !client.other_tenants.contains(&table.name))
        .collect();
    let mut tables: Vec<Reached<'a>> = Vec::new();
    // A queue or a source that names its client is of the client, whatever tables like it are elsewhere.
    let to_client = owner::Owners::of(facts, client, std::iter::once(&client.table.name));
    let names_client = |table: &LiveTable| {
        let leads =
            |found: &Reference| found.to == client.table.name && found.is_certain() && !is_audit_of(table, found);
        let owns = |way: &Way| way.share.is_some_and(Share::proves);
        kind::may_be_of_clients(&table.name)
            && (of(table).iter().any(|found| leads(found))
                || owner::ways(facts, client, table, &to_client).iter().any(owns))
            && !of(client.table).iter().any(|reference| reference.to == table.name)
    };
    let mut seen: BTreeSet<&str> = own
        .iter()
        .filter(|table| kind::of_name(&table.name, client).is_some() && !names_client(table))
        .map(|table| table.name.as_str())
        .collect();
    let mut level = BTreeSet::from([client.table.name.clone()]);
    while !level.is_empty() {
        let distance = tables.last().map_or(0, |reached| reached.distance) + 1;
        let mut next = Vec::new();
        let owners = owner::Owners::of(facts, client, level.iter());
        for &table in own.iter().filter(|table| !seen.contains(table.name.as_str())) {
            let mut ways: Vec<Way> = Vec::new();
            for reference in of(table).iter().filter(|reference| level.contains(&reference.to)) {
                // Who wrote a row is not a client, unless the clients are those who log in.
                if client.is_of_users() || !is_audit_of(table, reference) {
                    ways.push(way(reference, client));
                }
            }
            // A link for the rows of one type adds nothing where a link covers all rows.
            let mut owned = owner::ways(facts, client, table, &owners);
            let is_whole = |own: &Way, way: &Way| {
                own.link == Link { condition: None, equals: own.link.equals.clone(), ..way.link.clone() }
            };
            owned.retain(|way| !ways.iter().any(|own| is_whole(own, way)));
            ways.extend(owned);
            if distance == 1 && ways.is_empty() {
                ways.extend(secondary::ways(facts, client, table));
            }
            ways.extend(over_link_tables(facts.schema, &known, table, &level, client));
            if !ways.is_empty() {
                next.push(Reached { table, distance, ways, other_owners: Vec::new() });
            }
        }
        level = next.iter().map(|reached| reached.table.name.clone()).collect();
        seen.extend(next.iter().map(|reached| reached.table.name.as_str()));
        tables.extend(next);
    }
    let last = tables.last().map_or(0, |reached| reached.distance) + 1;
    let leaves = leaves(client, &own, &by_table, &tables, last);
    tables.extend(leaves);
    add_side_ways(facts, client, &by_table, &mut tables);
    for reached in &mut tables {
        let place = |way: &Way| {
            let first = &way.link.column.as_slice()[0];
            reached.table.columns.iter().position(|column| column.name == *first)
        };
        reached.ways.sort_by_key(place);
        name_apart(&mut reached.ways);
        reached.other_owners = owner::others(facts, reached.table, &reached.ways);
    }
    let loose = loose::find(facts, client, &known, &tables);
    let is_reached = |name: &str| name == client.table.name || tables.iter().any(|reached| reached.table.name == name);
    let (mut others, mut doubtful) = (BTreeMap::new(), BTreeMap::new());
    for table in own.iter().filter(|table| !is_reached(&table.name)) {
        let kind = kind::of_name(&table.name, client);
        if kind.is_none() && loose.iter().any(|own| own.table.name == table.name) {
            continue;
        }
        others.insert(table.name.clone(), kind.unwrap_or(Other::SetUp));
        let leads = |reference: &&&Reference| is_reached(&reference.to) && !is_audit_of(table, reference);
        if let Some(lead) = of(table).iter().find(leads) {
            let why = format!("refers to `{}` by `{}`", lead.to, lead.columns.join("` and `"));
            doubtful.insert(table.name.clone(), why);
        }
    }
    let mut refers: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for reference in &known {
        if !reference.declared
            && facts.schema.table(&reference.to).is_some_and(|to| primary_key(to) != reference.referenced)
        {
            names.entry(reference.to.clone()).or_default().extend(reference.referenced.iter().cloned());
        }
        let columns = reference.columns.iter().map(|column| (column.clone(), reference.to.clone()));
        refers.entry(reference.from.clone()).or_default().extend(columns);
    }
    let own_references =
        known.iter().filter(|reference| reference.from == client.table.name && reference.to == client.table.name);
    let own = own_references.map(|reference| reference.columns.clone()).collect();
    Reach { tables, loose, others, doubtful, refers, names, own }
}

/// Tables that are called as set-up is and belong to rows of clients all the
/// same (`connection_sources` of `connections`). No way leads on through them.
fn leaves<'a>(
    client: &ClientTable,
    own: &[&'a LiveTable],
    by_table: &BTreeMap<&str, Vec<&Reference>>,
    tables: &[Reached],
    distance: usize,
) -> Vec<Reached<'a>> {
    let reached: BTreeSet<&str> = tables.iter().map(|reached| reached.table.name.as_str()).collect();
    let of = |name: &str| by_table.get(name).map_or(&[][..], Vec::as_slice);
    let referred: BTreeSet<&str> = reached
        .iter()
        .copied()
        .chain([client.table.name.as_str()])
        .flat_map(|name| of(name).iter().map(|reference| reference.to.as_str()))
        .collect();
    // `quote_versions` are of their quotes, although orders refer to them.
    let is_part = |table: &LiveTable| {
        of(&table.name).iter().any(|reference| {
            let required = |name: &String| table.column(name).is_some_and(|column| column.not_null);
            let is_of =
                tables.iter().any(|own| own.table.name == reference.to && reference::is_extension(table, own.table));
            reference.declared && reference.columns.iter().all(required) && is_of
        })
    };
    let open = own.iter().filter(|table| {
        !reached.contains(table.name.as_str())
            && (!referred.contains(table.name.as_str()) || is_part(table))
            && kind::of_name(&table.name, client).is_some()
    });
    open.filter_map(|&table| {
        let proven = |reference: &&&Reference| {
            reference.is_certain()
                && tables.iter().any(|own| {
                    own.table.name == reference.to
                        && (kind::may_be_of_clients(&table.name) || reference::is_extension(table, own.table))
                })
                && !is_audit_of(table, reference)
        };
        let ways: Vec<Way> = of(&table.name).iter().filter(proven).map(|reference| way(reference, client)).collect();
        (!ways.is_empty()).then_some(Reached { table, distance, ways, other_owners: Vec::new() })
    })
    .collect()
}

pub(super) fn names(columns: &[String]) -> Names {
    match columns {
        [one] => Names::One(one.clone()),
        many => Names::Many(many.to_vec()),
    }
}

fn way(reference: &Reference, client: &ClientTable) -> Way {
    let mut link = Link { column: names(&reference.columns), ..Link::column("") };
    if reference.to == client.table.name {
        if reference.referenced != client.key {
            link.equals = Some(names(&reference.referenced));
        }
    } else {
        link.through = Some(reference.to.clone());
        if !reference.declared && reference.columns != reference.referenced {
            link.equals = Some(names(&reference.referenced));
        }
    }
    Way { link, guessed: (!reference.declared).then_some("by the name of the column"), share: reference.share }
}

/// What a link was concluded from that no name tells.
pub(super) const BY_ROWS: &str = "by rows that hold values of clients";

/// The way that rows with values of clients tell.
pub(super) fn way_of(client: &ClientTable, table: &LiveTable, found: &Evidence) -> Way {
    let is_key = found.through.is_none() && client.key == [found.equals.clone()];
    let with = |own: &String| names(&std::iter::once(own).chain(&found.beside).cloned().collect::<Vec<_>>());
    let link = Link {
        column: with(&found.column),
        through: found.through.clone(),
        equals: (!is_key).then(|| with(&found.equals)),
        compare: found.are_emails.then_some(Compare::Email),
        text: (!found.before.is_empty()).then(|| format!("{}{{key}}", found.before)),
        condition: owner::condition_of(table, &found.column, &found.same, found.through.as_deref()),
        ..Link::column("")
    };
    let share = Share { matched: found.matched, of: found.of };
    Way { link, guessed: Some(BY_ROWS), share: Some(share) }
}

/// `addresses` by `customer_addresses`: the link table refers to both.
fn over_link_tables(
    schema: &Schema,
    known: &[Reference],
    table: &LiveTable,
    level: &BTreeSet<String>,
    client: &ClientTable,
) -> Vec<Way> {
    if !is_contact_table(table) || people_columns(table).is_empty() {
        return Vec::new();
    }
    let leads = known.iter().filter(|reference| {
        reference.to == table.name && reference.from != client.table.name && level.contains(&reference.from)
    });
    leads
        .filter_map(|reference| {
            let between = schema.table(&reference.from)?;
            if !is_link_table(between, known) {
                return None;
            }
            let mut link = back(reference);
            link.exclusive = Exclusive::Any(!between.is_unique(&reference.columns));
            Some(Way { link, guessed: None, share: None })
        })
        .collect()
}

/// The way from the table that is referred to, to the one that refers.
fn back(reference: &Reference) -> Link {
    Link {
        through: Some(reference.from.clone()),
        equals: Some(names(&reference.columns)),
        ..Link { column: names(&reference.referenced), ..Link::column("") }
    }
}

fn is_link_table(table: &LiveTable, known: &[Reference]) -> bool {
    let own = known.iter().filter(|reference| reference.from == table.name);
    let columns: Vec<&String> = own.flat_map(|reference| &reference.columns).collect();
    let rest = table.columns.iter().filter(|column| !columns.contains(&&column.name)).count();
    columns.len() >= 2 && rest <= 3 && people_columns(table).is_empty()
}

/// Ways between tables that are equally near: where the nearer way may be
/// empty in a row (NULL), or the row belongs to an owner of another kind.
fn add_side_ways(
    facts: &Facts,
    client: &ClientTable,
    by_table: &BTreeMap<&str, Vec<&Reference>>,
    tables: &mut [Reached],
) {
    let others: Vec<String> = tables.iter().map(|reached| reached.table.name.clone()).collect();
    let reached: BTreeSet<&String> = others.iter().collect();
    let owners = owner::Owners::of(facts, client, others.iter());
    for at in 0..tables.len() {
        let table = tables[at].table;
        let mut more = Vec::new();
        // A way that only a name tells, and no value, may lead nowhere.
        let is_empty = |way: &Way| may_be_empty(table, &way.link) || (way.guessed.is_some() && way.share.is_none());
        if tables[at].ways.iter().all(is_empty) {
            let own = by_table.get(table.name.as_str()).into_iter().flatten();
            let certain = own.filter(|reference| reference.is_certain() && !is_audit_of(table, reference));
            more.extend(certain.map(|reference| way(reference, client)));
        }
        more.extend(owner::ways(facts, client, table, &owners));
        for way in more {
            let Some(through) = &way.link.through else { continue };
            let known_way = tables[at].ways.iter().any(|own| own.link == way.link);
            let reached = reached.contains(through) && *through != table.name;
            if reached && !known_way && !leads_over(tables, through, &table.name) {
                tables[at].ways.push(way);
            }
        }
    }
}

fn is_audit_of(table: &LiveTable, reference: &Reference) -> bool {
    reference.columns.iter().any(|name| table.column(name).is_some_and(kind::is_audit))
}

fn may_be_empty(table: &LiveTable, link: &Link) -> bool {
    let required = |name: &String| table.column(name).is_some_and(|column| column.not_null || column.primary_key > 0);
    link.condition.is_some() || !link.column.as_slice().iter().all(required)
}

/// Whether some way of `from` leads over `over`.
fn leads_over(tables: &[Reached], from: &str, over: &str) -> bool {
    let reached = tables.iter().find(|reached| reached.table.name == from);
    reached.is_some_and(|reached| {
        let next = reached.ways.iter().filter_map(|way| way.link.through.as_deref());
        next.into_iter().any(|next| next == over || leads_over(tables, next, over))
    })
}

/// Rules call a link by its column, so two on one column need names of their own.
fn name_apart(ways: &mut [Way]) {
    for at in 1..ways.len() {
        let name = ways[at].link.name();
        if ways[..at].iter().any(|way| way.link.name() == name) {
            let through = ways[at].link.through.clone().unwrap_or_default();
            ways[at].link.name = Some(format!("{name} {through} {}", at + 1).replace("  ", " "));
        }
    }
}
