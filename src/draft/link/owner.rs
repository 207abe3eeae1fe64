//! Rows that say whose they are by a type and an id.

use crate::domain::policy::Link;
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};

use super::super::client::{ClientTable, primary_key};
use super::super::sample::{codes, is_code};
use super::super::words::{noun, split};
use super::super::write::identifier;
use super::super::{Samples, values};
use super::reference::comparable;
use super::{Way, names};

/// The columns of an owner's type and id: `owner_type`, `owner_id`.
fn pair(table: &LiveTable) -> Option<(&str, &str)> {
    let words: Vec<(Vec<String>, &str)> =
        table.columns.iter().map(|column| (split(&column.name), column.name.as_str())).collect();
    words.iter().find_map(|(kind, column)| {
        let (last, owner) = kind.split_last()?;
        if !["type", "typ", "class"].contains(&last.as_str()) || owner.is_empty() {
            return None;
        }
        let id = words.iter().find(|(other, _)| {
            other.split_last().is_some_and(|(last, before)| {
                before == owner && ["id", "no", "nr", "key", "uuid"].contains(&last.as_str())
            })
        })?;
        let declared = table.foreign_keys.iter().any(|key| key.columns.iter().any(|name| name == id.1));
        (!declared).then_some((*column, id.1))
    })
}

/// The ways by owner to the tables in `targets`, by the owner types that were sampled.
pub(super) fn ways(
    schema: &Schema,
    samples: &Samples,
    client: &ClientTable,
    table: &LiveTable,
    targets: &[String],
) -> Vec<Way> {
    let Some((kind, id)) = pair(table) else { return Vec::new() };
    let mut found = Vec::new();
    for value in values(samples, &table.name, kind) {
        // `App\Models\Customer` and `crm.customer` mean the customer.
        let owner = noun(value.rsplit(['\\', '.', ':', '/']).next().unwrap_or(value));
        let Some(target) = targets.iter().find(|target| noun(target) == owner) else { continue };
        let to_client = *target == client.table.name;
        let Some(live) = schema.table(target) else { continue };
        let key = if to_client { client.key.clone() } else { primary_key(live) };
        let kind_of = |name: &String| live.column(name).map(LiveColumn::kind);
        let fits = table.column(id).is_some_and(|column| {
            key.len() == 1
                && kind_of(&key[0]).is_some_and(|kind| comparable(kind, column.kind()) || column.kind() == Kind::Text)
        });
        if fits {
            let link = Link {
                through: (!to_client).then(|| target.clone()),
                equals: (!to_client).then(|| names(&key)),
                condition: Some(format!("{} = '{}'", identifier(kind), value.replace('\'', "''"))),
                ..Link::column(id)
            };
            found.push(Way { link, guessed: Some("by the owner types seen in samples") });
        }
    }
    found
}

/// The sampled owner types that no way covers, as far as they can be shown.
pub(super) fn others(samples: &Samples, table: &LiveTable, ways: &[Way]) -> Vec<String> {
    let Some((kind, _)) = pair(table) else { return Vec::new() };
    let mut covered = ways.iter().filter_map(|way| way.link.condition.as_deref()).peekable();
    if covered.peek().is_none() {
        return Vec::new();
    }
    let covered: Vec<&str> = covered.collect();
    let seen = values(samples, &table.name, kind).iter();
    let open = seen.filter(|value| !covered.iter().any(|condition| condition.ends_with(&format!("'{value}'"))));
    let names = open.map(|value| value.rsplit(['\\', '.', ':', '/']).next().unwrap_or(value).to_owned());
    names.filter(|name| is_code(name)).collect()
}

/// Why a table with an owner's type and id may hold client data although no
/// sampled type named a client.
pub(super) fn unresolved(samples: &Samples, table: &LiveTable) -> Option<String> {
    const OWNERS: &[&str] =
        &["owner", "entity", "subject", "parent", "link", "source", "object", "target", "related", "record", "ref"];
    let (kind, id) = pair(table)?;
    let owner = split(kind).into_iter().next()?;
    if !OWNERS.contains(&owner.as_str()) && !owner.ends_with("able") {
        return None;
    }
    let seen = codes(values(samples, &table.name, kind)).join(", ");
    let seen = if seen.is_empty() { "no value was sampled".to_owned() } else { format!("seen: {seen}") };
    Some(format!("`{kind}` and `{id}` say whose a row is ({seen})"))
}
