//! Tables in which values of sampled clients were found although no link leads there, with the link that their rows tell.

use crate::database::Found;
use crate::domain::schema::LiveTable;

use super::super::link::{BY_ROWS, Reached, Way, is_link, way_of};
use super::table::Listing;
use super::toml::{comment, link};

/// What the line above a table begins with that is to be uncommented as a whole.
pub(in crate::draft) const TABLE: &str = "# TODO link";

/// The part of the policy on these tables, and those of them that wait for a decision.
pub(super) fn part(listing: &Listing) -> (Option<String>, Vec<String>) {
    let refused = listing.refused;
    let mut parts = vec![format!(
        "# Values of {} sampled clients were looked for in all tables that no link reaches, and found in those below.\n",
        refused.sampled
    )];
    let mut waiting = Vec::new();
    let is_added = |own: &&[Found]| {
        let table = listing.reach.tables.iter().find(|reached| reached.table.name == own[0].table);
        let links = |reached: &Reached| reached.ways.iter().any(|way| way.guessed == Some(BY_ROWS));
        own[0].is_linked && table.is_some_and(links)
    };
    for columns in refused.found.chunk_by(|one, other| one.table == other.table).filter(|own| !is_added(own)) {
        let mut text = String::new();
        for own in columns {
            let place = comment(&format!("{}.{}", own.table, own.column));
            text += &format!("#   {place}: values of {}\n", own.clients);
        }
        let Some(table) = listing.facts.schema.table(&columns[0].table) else { continue };
        match linked(listing, table, columns) {
            _ if columns[0].is_linked => text += &of_linked(listing, table, columns),
            Some(block) => {
                text += &block;
                waiting.push(comment(&table.name));
            }
            None => {
                text += &format!(
                    "# No link reaches these rows: no column of `{}` names these clients. Delete or empty the rows by other means,\n\
                     # and declare the table free with that reason.\n",
                    comment(&table.name)
                );
            }
        }
        parts.push(text);
    }
    ((parts.len() > 1).then(|| parts.join("\n")), waiting)
}

/// What is missing in a table that is linked by columns that are empty.
fn of_linked(listing: &Listing, table: &LiveTable, found: &[Found]) -> String {
    let name = comment(&table.name);
    match found.iter().find_map(|own| own.link.as_ref()) {
        Some(own) => format!(
            "# `{name}` is linked by columns that are blank in all rows read. `{}` names these clients in {} of {} rows with\n\
             # such values. Add to its links: {}\n",
            comment(&own.column),
            own.matched,
            own.of,
            comment(&link(&way_of(listing.client, table, own).link))
        ),
        None => format!(
            "# `{name}` is linked by columns that are blank in all rows read, and no other column names these clients.\n"
        ),
    }
}

/// The table as the policy would have it, each line a comment.
fn linked(listing: &Listing, table: &LiveTable, found: &[Found]) -> Option<String> {
    let is_misled =
        |way: &Way| listing.refused.misled.iter().any(|own| own.table == table.name && is_link(own, &way.link));
    let evidence = found.iter().find_map(|own| own.link.as_ref())?;
    if listing.refused.links.contains(&table.name) {
        return None;
    }
    let ways = std::iter::once(evidence).chain(&evidence.also).map(|own| way_of(listing.client, table, own));
    let ways = ways.filter(|way| !is_misled(way)).map(|way| Way { guessed: None, share: None, ..way });
    let ways: Vec<Way> = ways.collect();
    if ways.is_empty() {
        return None;
    }
    let reached = Reached { table, distance: 1, ways, other_owners: Vec::new() };
    let told = listing.table(&reached).text();
    let lines: Vec<String> = told.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
    let lines = lines.concat();
    let rows = if evidence.of == 1 { "row" } else { "rows" };
    Some(format!(
        "# `{}` names these clients in {} of {} {rows} with such values. Link the table by it, or declare the table free and\n\
         # say why the values may stay.\n{TABLE}: uncomment the lines below, changed or not, up to the next blank line\n{lines}",
        comment(&evidence.column),
        evidence.matched,
        evidence.of,
    ))
}
