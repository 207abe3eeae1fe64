//! Rows that say whose they are by a type and an id, or by both in one text.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::parted;
use crate::domain::schema::{Kind, LiveColumn, LiveTable};
use crate::policy::Link;

use super::super::client::{ClientTable, primary_key};
use super::super::facts::{Facts, Share};
use super::super::sample::{codes, is_code};
use super::super::words::{Words, about, endings, noun, referents, split};
use super::super::write::identifier;
use super::{Way, names};

/// Words for the kind of an owner.
const KINDS: &[&str] =
    &["type", "typ", "class", "table", "model", "kind", "elementtype", "entity", "doctype", "module"];
/// Words for its id.
const IDS: &[&str] = &["id", "no", "nr", "key", "uuid", "element", "record", "ref", "code", "guid", "object"];

/// The columns that may say of which kind an owner is.
pub(in crate::draft) fn kind_columns(table: &LiveTable) -> Vec<&LiveColumn> {
    let is_kind = |column: &&LiveColumn| {
        let words = split(&column.name);
        let last = words.last().map_or("", String::as_str);
        let numbered =
            words.len() > 1 && ["id", "no", "name"].contains(&last) && KINDS.contains(&words[words.len() - 2].as_str());
        matches!(column.kind(), Kind::Text | Kind::Integer | Kind::Unknown) && (KINDS.contains(&last) || numbered)
    };
    table.columns.iter().filter(is_kind).collect()
}

/// What the kind is of: `owner` of `owner_type_id`.
fn stem(kind: &LiveColumn) -> Vec<String> {
    let mut stem = split(&kind.name);
    while stem
        .last()
        .is_some_and(|last| KINDS.contains(&last.as_str()) || ["id", "no", "name"].contains(&last.as_str()))
    {
        stem.pop();
    }
    stem
}

/// Whether words begin as those for whatever a row belongs to.
fn is_of_owner(words: &[String]) -> bool {
    const OWNERS: Words = Words("owner entity subject parent link source object target related record ref");
    words.first().is_some_and(|first| OWNERS.has(first) || first.ends_with("able"))
}

/// The columns that may hold an owner's id, that of the same owner first.
pub(in crate::draft) fn id_columns<'a>(table: &'a LiveTable, kind: &LiveColumn) -> Vec<&'a LiveColumn> {
    let stem = stem(kind);
    let own_key = primary_key(table);
    let declared = |name: &String| table.foreign_keys.iter().any(|key| key.columns.contains(name));
    let is_id = |column: &&LiveColumn| {
        let words = split(&column.name);
        let named = words.last().is_some_and(|last| IDS.contains(&last.as_str()))
            || words.first().is_some_and(|first| first == "fk");
        named && column.name != kind.name && own_key != [column.name.clone()] && !declared(&column.name)
    };
    let mut found: Vec<&LiveColumn> = table.columns.iter().filter(is_id).collect();
    let same = |column: &&LiveColumn| {
        let words = split(&column.name);
        !stem.is_empty() && words.len() > stem.len() && words[..stem.len()] == stem[..]
    };
    if found.iter().any(same) {
        found.retain(|column| same(column));
    }
    found
}

/// The last word of an owner's type: `App\Models\Customer` and `crm.customer` mean the customer.
fn owner_of(value: &str) -> String {
    noun(value.rsplit(['\\', '.', ':', '/']).next().unwrap_or(value))
}

/// Tables that may be owners, by what their rows are called.
pub(super) struct Owners {
    has_client: bool,
    others: BTreeMap<String, String>,
    /// What the rows of all tables are called.
    nouns: BTreeSet<String>,
}

impl Owners {
    pub(super) fn of<'t>(facts: &Facts, client: &ClientTable, tables: impl Iterator<Item = &'t String>) -> Self {
        let nouns = facts.schema.tables.keys().map(|table| noun(table)).collect();
        let mut owners = Self { has_client: false, others: BTreeMap::new(), nouns };
        for table in tables {
            if *table == client.table.name {
                owners.has_client = true;
            } else {
                owners.others.insert(noun(table), table.clone());
            }
        }
        owners
    }
}

/// The ways by owner to these tables: by the owner types that were sampled,
/// and by the ids that rows of one type hold.
pub(super) fn ways(facts: &Facts, client: &ClientTable, table: &LiveTable, owners: &Owners) -> Vec<Way> {
    let mut found: Vec<Way> = Vec::new();
    for kind in kind_columns(table) {
        let stem = stem(kind);
        let is_same = |id: &LiveColumn| split(&id.name).starts_with(&stem);
        // `audit_id` beside `table_name` is the id of an audit, where there is a table of these.
        let names_other = |id: &LiveColumn| referents(&id.name).first().is_some_and(|own| owners.nouns.contains(own));
        let mut ids = id_columns(table, kind);
        ids.retain(|id| (!stem.is_empty() && is_same(id)) || !names_other(id));
        for value in facts.values(&table.name, &kind.name) {
            let named = owners.others.get(&owner_of(value)).filter(|other| **other != table.name);
            let targets = owners.has_client.then_some(&client.table.name).into_iter().chain(named);
            for target in targets {
                let to_client = *target == client.table.name;
                let Some(live) = facts.schema.table(target) else { continue };
                let key = if to_client { client.key.clone() } else { primary_key(live) };
                let [key] = key.as_slice() else { continue };
                let of = |id: &&LiveColumn| {
                    let (is_owned, share) = owned(facts, table, kind, value, id, live, key);
                    // `payment_type` is of a payment, and says nothing of `payer_id`, unless the data does.
                    let is_sure = is_same(id) || is_of_owner(&stem) || share.is_some_and(Share::proves);
                    (is_owned && is_sure).then_some((id.name.clone(), share))
                };
                let Some((id, share)) = ids.iter().find_map(of) else { continue };
                let link = Link {
                    through: (!to_client).then(|| target.clone()),
                    equals: (!to_client).then(|| names(std::slice::from_ref(key))),
                    condition: Some(is_of(kind, value)),
                    ..Link::column(&id)
                };
                if !found.iter().any(|way| way.link == link) {
                    found.push(Way { link, guessed: Some("by the owner types seen in samples"), share });
                }
                break;
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    if owners.has_client {
        found.extend(texts(facts, client, table));
    }
    found
}

/// Whether rows of one owner type belong to a table: its name says so and the
/// ids do not speak against it, or the ids alone say so.
fn owned(
    facts: &Facts,
    table: &LiveTable,
    kind: &LiveColumn,
    value: &str,
    id: &LiveColumn,
    target: &LiveTable,
    key: &str,
) -> (bool, Option<Share>) {
    let other = target.column(key).map_or(Kind::Unknown, LiveColumn::kind);
    if !id.kind().compares_with(other) && id.kind() != Kind::Text {
        return (false, None);
    }
    let pairs = facts.pairs(table, &kind.name, &id.name);
    let mut of_value: BTreeMap<bool, Vec<&String>> = BTreeMap::new();
    for (owner, id) in pairs {
        let ids = of_value.entry(owner == value).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let share = |own: bool| facts.share(of_value.get(&own)?.iter().copied(), &target.name, key);
    let (own, rest) = (share(true), share(false));
    let words = endings(&about(&target.name));
    let owner = owner_of(value);
    if owner == noun(&target.name)
        || words.contains(&owner)
        || words.last().is_some_and(|word| is_synonym(word, &owner))
    {
        return (!own.is_some_and(Share::refutes), own);
    }
    // Small numbers are ids of any table, so other owners must not fit.
    let distinct = target.column(key).is_some_and(|column| column.kind() != Kind::Integer);
    let proven = own.is_some_and(Share::proves) && (distinct || rest.is_some_and(Share::refutes));
    (proven, own)
}

fn is_synonym(table: &str, owner: &str) -> bool {
    const SAME: Words = Words("customer client societe thirdparty tier kunde debitor soc");
    const PERSON: Words = Words("contact partner party person individual constituent member user borrower student");
    [SAME, PERSON].iter().any(|group| group.has(table) && group.has(owner))
}

/// Texts such as `party.party,1`: the words before are the same for many rows.
fn texts(facts: &Facts, client: &ClientTable, table: &LiveTable) -> Option<Way> {
    let [key] = client.key.as_slice() else { return None };
    for column in table.columns.iter().filter(|column| column.kind() == Kind::Text) {
        let mut by_prefix: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for value in facts.values(&table.name, &column.name) {
            if let Some((before, id)) = parted(value) {
                by_prefix.entry(before).or_default().push(id.to_owned());
            }
        }
        for (before, ids) in by_prefix {
            let owner = owner_of(before.trim_end_matches([',', ':', '/', '#', '|']));
            let named = owner == noun(&client.table.name) || endings(&about(&client.table.name)).contains(&owner);
            let share = facts.share(ids.iter(), &client.table.name, key);
            if named && !share.is_some_and(Share::refutes) && !before.contains(['{', '}']) {
                let link = Link { text: Some(format!("{before}{{key}}")), ..Link::column(&column.name) };
                return Some(Way { link, guessed: Some("by a text with the key in it"), share });
            }
        }
    }
    None
}

/// The condition on the owner's type under which an id names a client, where all rows that do so have the same type.
pub(super) fn condition_of(
    table: &LiveTable,
    id: &str,
    same: &BTreeMap<String, String>,
    through: Option<&str>,
) -> Option<String> {
    let kinds = kind_columns(table).into_iter();
    let mut kinds = kinds.filter(|kind| id_columns(table, kind).iter().any(|own| own.name == id));
    let said = kinds.find_map(|kind| Some(is_of(kind, same.get(&kind.name)?)));
    // `table` beside `tid` holds the name of the table over there.
    said.or_else(|| {
        let names = |kind: &&LiveColumn| same.get(&kind.name).is_some_and(|value| through == Some(value.as_str()));
        let kind = kind_columns(table).into_iter().find(names)?;
        Some(is_of(kind, same.get(&kind.name)?))
    })
}

/// That an owner is of this type.
fn is_of(kind: &LiveColumn, value: &str) -> String {
    let quoted =
        if kind.kind() == Kind::Integer { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) };
    format!("{} = {quoted}", identifier(&kind.name))
}

/// The sampled owner types that no way covers, as far as they can be shown.
pub(super) fn others(facts: &Facts, table: &LiveTable, ways: &[Way]) -> Vec<String> {
    let covered: Vec<&str> = ways.iter().filter_map(|way| way.link.condition.as_deref()).collect();
    let Some(first) = covered.first() else { return Vec::new() };
    let kinds = kind_columns(table);
    let Some(kind) = kinds.iter().find(|kind| first.starts_with(&format!("{} = ", identifier(&kind.name)))) else {
        return Vec::new();
    };
    let seen = facts.values(&table.name, &kind.name).iter();
    let open = seen.filter(|value| !covered.iter().any(|condition| condition.ends_with(&format!("'{value}'"))));
    let names = open.map(|value| value.rsplit(['\\', '.', ':', '/']).next().unwrap_or(value).to_owned());
    names.filter(|name| is_code(name)).collect()
}

/// Why a table with an owner's type and id may hold client data although no
/// sampled type named a client.
pub(super) fn unresolved(facts: &Facts, table: &LiveTable) -> Option<String> {
    kind_columns(table).into_iter().find_map(|kind| {
        if !is_of_owner(&split(&kind.name)) {
            return None;
        }
        let id = *id_columns(table, kind).first()?;
        let seen = codes(facts.values(&table.name, &kind.name)).join(", ");
        let seen = if seen.is_empty() { "no value was sampled".to_owned() } else { format!("seen: {seen}") };
        Some(format!("`{}` and `{}` say whose a row is ({seen})", kind.name, id.name))
    })
}
