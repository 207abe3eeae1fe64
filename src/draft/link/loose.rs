//! Tables that no link reaches, although they may hold client data.

use crate::domain::schema::LiveTable;
use crate::policy::{Exclusive, Link};

use super::super::client::{ClientTable, people_columns};
use super::super::facts::Facts;
use super::{Reached, Reference, back, is_contact_table, owner};

/// A table that may hold client data, although no row of it belongs to a client.
#[derive(Debug)]
pub(in crate::draft) struct Loose<'a> {
    pub(in crate::draft) table: &'a LiveTable,
    /// Why it may, as a fragment of a sentence.
    pub(in crate::draft) why: String,
    /// How its rows could belong to their clients.
    pub(in crate::draft) link: Option<Link>,
}

/// Finds the tables that no link reaches and that look as if they held data of people.
pub(super) fn find<'a>(
    facts: &Facts<'a>,
    client: &ClientTable,
    known: &[Reference],
    tables: &[Reached],
) -> Vec<Loose<'a>> {
    let reached = |name: &str| name == client.table.name || tables.iter().any(|reached| reached.table.name == name);
    let own = facts.schema.tables.values().filter(|table| !client.other_tenants.contains(&table.name));
    let unreached = own.filter(|table| !reached(&table.name));
    unreached
        .filter_map(|table| {
            if let Some(why) = owner::unresolved(facts, table) {
                return Some(Loose { table, why, link: None });
            }
            let people = people_columns(table);
            let by: Vec<&Reference> =
                known.iter().filter(|reference| reference.to == table.name && reached(&reference.from)).collect();
            let columns: Vec<String> = people.iter().take(4).map(|column| format!("`{}`", column.name)).collect();
            let columns = columns.join(", ");
            if by.is_empty() {
                return (people.len() >= 2).then(|| Loose { table, why: format!("it has {columns}"), link: None });
            }
            if people.is_empty() {
                return None;
            }
            let from: Vec<String> =
                by.iter().map(|reference| format!("`{}.{}`", reference.from, reference.columns.join("+"))).collect();
            let link = is_contact_table(table).then(|| {
                let mut link = back(by[0]);
                link.through = link.through.filter(|through| *through != client.table.name);
                link.exclusive = Exclusive::Any(true);
                link
            });
            Some(Loose { table, why: format!("{} refers to it, and it has {columns}", from.join(", ")), link })
        })
        .collect()
}
