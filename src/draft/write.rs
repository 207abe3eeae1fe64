//! The text of the draft.

mod entries;
mod everywhere;
mod found;
mod table;
mod toml;

pub(super) use found::TABLE;
pub(super) use toml::identifier;

use std::fmt::Write as _;

use crate::domain::schema::Schema;

use super::Draft;
use super::client::ClientTable;
use super::due::{Due, GuardIdea};
use super::facts::Facts;
use super::kind::Other;
use super::link::{Reach, Reached};
use super::refused::Refused;
use everywhere::{Everywhere, families};
use table::Listing;
use toml::{array, comment, key, lines, list, string};

/// The widest line that is still written on one line.
const WIDTH: usize = 110;

/// Writes the whole policy.
pub(super) fn policy(facts: &Facts, client: &ClientTable, reach: &Reach, due: &Due, refused: &Refused) -> Draft {
    let listing = Listing { facts, client, reach, due, refused };
    let mut tables = vec![listing.client_table()];
    tables.extend(reach.tables.iter().map(|reached| listing.table(reached)));
    let columns = tables.iter().map(|table| table.width).sum();
    let everywhere = Everywhere::of(&mut tables);
    let free = [
        (Other::SetUp, "set-up and products: no row is about one client"),
        (Other::Staff, "staff and the system itself: no row is about a client"),
    ];
    let free = free.map(|(kind, reason)| (reason, Free::of(reach, refused, kind)));
    let mut uncertain: Vec<String> =
        everywhere.uncertain().into_iter().chain(tables.iter().flat_map(table::Listed::uncertain)).collect();
    uncertain.extend(free.iter().flat_map(|(_, own)| own.doubtful.iter().map(|(table, _)| comment(table))));
    let (found_part, linked) = found::part(&listing);
    uncertain.extend(linked);
    let client_part = [client_part(client, due), filters_part(due).unwrap_or_default()];
    let first = tables.remove(0).text();
    let families = families(&mut tables);

    let mut parts = vec![head(client, reach, due, uncertain.len())];
    parts.extend(client_part.into_iter().filter(|part| !part.is_empty()));
    parts.push(period_part(due));
    parts.push(guards_part(due, client));
    parts.push(everywhere.text());
    parts.push(first);
    parts.extend(tables.iter().map(table::Listed::text));
    parts.extend(families);
    parts.extend(loose_part(reach, refused));
    parts.extend(found_part);
    parts.extend(free.iter().filter_map(|(reason, own)| own.text(reason)));
    parts.extend(other_tenants_part(client));
    parts.extend(others_part(facts.schema));
    let mut text = parts.join("\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let activity = due.activity.iter().filter(|own| own.certain).map(|own| own.table.clone()).collect();
    Draft {
        text,
        client_table: client.table.name.clone(),
        tables: reach.tables.len() + 1,
        columns,
        uncertain,
        activity,
    }
}

/// Only what is said of tables in which values of clients were found.
pub(super) fn for_found(facts: &Facts, client: &ClientTable, reach: &Reach, due: &Due, refused: &Refused) -> String {
    found::part(&Listing { facts, client, reach, due, refused }).0.unwrap_or_default()
}

fn head(client: &ClientTable, reach: &Reach, due: &Due, uncertain: usize) -> String {
    let sweep = if due.to_anonymize_on.is_some() { "--due" } else { "--period" };
    let decide = match uncertain {
        0 => "Every column has a guess, and no decision is pending. Read them all anyway.".to_owned(),
        1 => "One decision is marked `# TODO`: uncomment its line, with or without changes.".to_owned(),
        many => format!("{many} decisions are marked `# TODO`: uncomment each line, with or without changes."),
    };
    let tables = match reach.tables.len() {
        0 => "No other table reaches it.".to_owned(),
        1 => "One more table reaches it.".to_owned(),
        many => format!("{many} more tables reach it."),
    };
    format!(
        "# A draft of an anonymization policy, written by `lethe policy init` from the live schema.\n\
         #\n\
         # The clients are in `{}`. {tables} Every column has a guess of what it holds\n\
         # and what happens to it, from its name, its type and a few samples. A guess can be wrong.\n\
         # {decide}\n\
         #\n\
         # Next:\n\
         #   lethe policy check                lists what is still missing, with its location\n\
         #   lethe sweep {sweep} --rehearse   does everything, then rolls it back\n",
        comment(&client.table.name)
    )
}

/// Tables of one kind without client data.
struct Free<'a> {
    tables: Vec<String>,
    /// Those that may hold client data all the same, and why.
    doubtful: Vec<(&'a str, &'a str)>,
}

impl<'a> Free<'a> {
    fn of(reach: &'a Reach, refused: &Refused, kind: Other) -> Self {
        let mut own = Self { tables: Vec::new(), doubtful: Vec::new() };
        for (name, _) in reach.others.iter().filter(|(_, other)| **other == kind) {
            let found = refused.found.iter().find(|own| own.table == *name);
            match (found, reach.doubtful.get(name)) {
                (None, None) => own.tables.push(name.clone()),
                (None, Some(why)) => own.doubtful.push((name.as_str(), why.as_str())),
                // That `check` missed it is no news of its links.
                (Some(found), Some(_)) if found.link.is_none() || refused.links.contains(name) => {
                    own.doubtful.push((name.as_str(), "holds values of sampled clients"));
                }
                (Some(_), _) => {}
            }
        }
        own
    }

    fn text(&self, reason: &str) -> Option<String> {
        if self.tables.is_empty() && self.doubtful.is_empty() {
            return None;
        }
        let mut text = format!("[[free]]\nreason = {}\n", string(reason));
        if self.doubtful.is_empty() {
            text.push_str(&list("tables", &self.tables, WIDTH));
            return Some(text);
        }
        // A list of its own lines, so that each decision can be uncommented.
        text.push_str("tables = [\n");
        text.push_str(&lines(&self.tables, WIDTH));
        for (table, why) in &self.doubtful {
            let doubt = format!("`{table}` {why}: uncomment it if no row is about a client, or link it");
            text.push_str(&table::entry(&format!("{},", string(table)), Some(&comment(&doubt))));
        }
        text.push_str("]\n");
        Some(text)
    }
}

/// How many tables are those of other companies.
fn other_tenants_part(client: &ClientTable) -> Option<String> {
    let count = client.other_tenants.len();
    (count > 0).then(|| {
        format!(
            "# {count} tables belong to other companies in this database. Each company needs a policy of its own.\n"
        )
    })
}

fn client_part(client: &ClientTable, due: &Due) -> String {
    let mut rows = vec![("table", string(&client.table.name)), ("key", array(&client.key))];
    let dates = [
        ("to_anonymize_on", &due.to_anonymize_on),
        ("anonymized", &due.anonymized),
        ("anonymized_on", &due.anonymized_on),
    ];
    rows.extend(dates.iter().filter_map(|(name, column)| Some((*name, string(column.as_ref()?)))));
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = "[client]\n".to_owned();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:width$} = {value}");
    }
    if due.to_anonymize_on.is_none() {
        text.push_str(
            "# to_anonymize_on = \"...\"   the column with the date from which a client is due, if there is one\n",
        );
    }
    text
}

fn filters_part(due: &Due) -> Option<String> {
    let width = due.filters.iter().map(|(name, _)| key(name).chars().count()).max()?;
    let mut text = "# Columns that a job or an operator can filter on.\n[filters]\n".to_owned();
    for (name, column) in &due.filters {
        let _ = writeln!(text, "{:width$} = {}", key(name), string(column));
    }
    Some(text)
}

fn period_part(due: &Due) -> String {
    if due.activity.is_empty() {
        return "# No table looks like client activity (orders, visits, payments). If there is one:\n\
                # [period]\n\
                # length   = \"6 years\"\n\
                # activity = [{ table = \"...\", date = \"...\" }]\n"
            .to_owned();
    }
    let mut text =
        "# A client without activity for this long is due. Adjust the period, and add tables that are missing.\n\
                    [period]\nlength    = \"6 years\"\n"
            .to_owned();
    match &due.created {
        Some(created) => {
            let _ = writeln!(
                text,
                "otherwise = {}   # where the period begins for a client without any activity",
                string(created)
            );
        }
        None => {
            text.push_str(
                "# otherwise = \"...\"   the client's date of creation: where the period begins without any activity\n",
            );
        }
    }
    text.push_str("activity  = [\n");
    let tables: Vec<String> = due.activity.iter().map(|one| format!("{},", string(&one.table))).collect();
    let width = tables.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (one, table) in due.activity.iter().zip(&tables) {
        let entry = format!("{{ table = {table:width$} date = {} }},", string(&one.date));
        match one.doubt {
            _ if !one.certain => {
                let _ = writeln!(text, "  # {entry}   # left out: its dates are not written as YYYY-MM-DD");
            }
            Some(doubt) => {
                let _ = writeln!(text, "  {entry}   # unsure: {doubt}");
            }
            None => {
                let _ = writeln!(text, "  {entry}");
            }
        }
    }
    text.push_str("]\n");
    text
}

fn guards_part(due: &Due, client: &ClientTable) -> String {
    let mut text = "# Guards refuse clients. Lethe cannot know which business is still open; ".to_owned();
    if due.guards.is_empty() {
        text.push_str("for example:\n");
        let table = client.table.name.clone();
        text.push_str(&guard(&GuardIdea {
            name: "blocked".to_owned(),
            reason: "is blocked".to_owned(),
            table,
            client: None,
            condition: "...".to_owned(),
            seen: Vec::new(),
        }));
        return text;
    }
    text.push_str("from the columns, perhaps:\n");
    let guards: Vec<String> = due.guards.iter().take(12).map(guard).collect();
    text.push_str(&guards.join("#\n"));
    text
}

fn guard(idea: &GuardIdea) -> String {
    let mut text = "# [[guards]]\n".to_owned();
    let _ = writeln!(text, "# name   = {}", string(&idea.name));
    let _ = writeln!(text, "# reason = {}", string(&idea.reason));
    let _ = writeln!(text, "# table  = {}", string(&idea.table));
    if let Some(client) = &idea.client {
        let _ = writeln!(text, "# client = {}", string(client));
    }
    let seen = if idea.seen.is_empty() { String::new() } else { format!("   # seen: {}", idea.seen.join(", ")) };
    let _ = writeln!(text, "# where  = {}{}", string(&idea.condition), comment(&seen));
    text
}

fn loose_part(reach: &Reach, refused: &Refused) -> Option<String> {
    let is_found = |name: &str| refused.found.iter().any(|own| own.table == name);
    let mut open = reach.loose.iter().filter(|loose| !is_found(&loose.table.name)).peekable();
    open.peek()?;
    let mut text =
        "# No link reaches these tables, but they may hold data about people. Add a table if it holds client data:\n#\n".to_owned();
    for loose in open {
        let _ = writeln!(text, "#   {}: {}", comment(&loose.table.name), comment(&loose.why));
        if let Some(link) = &loose.link {
            let _ = writeln!(text, "#     [tables.{}]", key(&loose.table.name));
            let _ = writeln!(text, "#     client = {}", toml::link(link));
        }
    }
    Some(text)
}

fn others_part(schema: &Schema) -> Option<String> {
    let virtuals: Vec<String> = schema
        .others
        .iter()
        .filter(|(_, what)| what.as_str() != "view")
        .map(|(name, what)| format!("`{}` ({})", comment(name), comment(what)))
        .collect();
    (!virtuals.is_empty()).then(|| {
        format!("# Lethe does not process these; a search index may hold client data: {}\n", virtuals.join(", "))
    })
}

/// A remark on how a table was found, where no foreign key says it.
fn found(reached: &Reached) -> String {
    let mut guessed: Vec<&str> = reached.ways.iter().filter_map(|way| way.guessed).collect();
    guessed.dedup();
    let mut text = String::new();
    if !guessed.is_empty() {
        let shares = reached.ways.iter().filter_map(|way| way.share);
        let shares: Vec<String> = shares.map(|share| format!("{} of {}", share.matched, share.of)).collect();
        let tested = match shares.as_slice() {
            [] => "there is no foreign key, and no value to test it".to_owned(),
            shares => format!("there is no foreign key, but {} sampled values match", shares.join(", ")),
        };
        let _ = writeln!(text, "# Linked {}; {tested}.", guessed.join(" and "));
    }
    if !reached.other_owners.is_empty() {
        let _ = writeln!(text, "# Rows of these owners are not linked: {}.", reached.other_owners.join(", "));
    }
    text
}
