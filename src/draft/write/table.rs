//! The tables of the draft, column by column.

use std::fmt::Write as _;

use crate::domain::policy::Class;
use crate::domain::schema::{LiveColumn, LiveTable};

use super::super::client::ClientTable;
use super::super::due::Due;
use super::super::guess::guess;
use super::super::link::{Reach, Reached, Way, is_contact_table};
use super::super::rule::{Act, Guess, Place, Role};
use super::super::{Samples, values};
use super::found;
use super::toml::{array, comment, key, link, string};

/// The widest line that is still written on one line.
const WIDTH: usize = 100;

/// The tables that were written so far.
pub(super) struct Listing<'a> {
    samples: &'a Samples,
    client: &'a ClientTable<'a>,
    reach: &'a Reach<'a>,
    due: &'a Due,
    key_length: usize,
    /// How many columns were listed.
    pub(super) columns: usize,
    /// Those that wait for a decision.
    pub(super) uncertain: Vec<String>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(samples: &'a Samples, client: &'a ClientTable<'a>, reach: &'a Reach<'a>, due: &'a Due) -> Self {
        let lengths = client.key.iter().map(|name| {
            let declared = client.table.column(name).and_then(LiveColumn::max_length);
            let seen = values(samples, &client.table.name, name).iter().map(|value| value.chars().count()).max();
            declared.or(seen).unwrap_or(20)
        });
        let key_length = lengths.sum::<usize>() + client.key.len().saturating_sub(1);
        Self { samples, client, reach, due, key_length, columns: 0, uncertain: Vec::new() }
    }

    /// The client table.
    pub(super) fn client_table(&mut self) -> String {
        let mut text = String::new();
        for columns in &self.reach.own {
            let _ = writeln!(
                text,
                "# {} refers to another client; what the row says of that one can be ruled with\n\
                 # `client = {{ column = {} }}` in [tables.{}].",
                columns.iter().map(|name| format!("`{}`", comment(name))).collect::<Vec<_>>().join(" and "),
                array(columns),
                key(&self.client.table.name)
            );
        }
        text + &self.columns_of(self.client.table, Role::Client, &[])
    }

    /// A table that reaches the client table.
    pub(super) fn table(&mut self, reached: &Reached) -> String {
        let table = reached.table;
        let contact = is_contact_table(table);
        let mut text = found(reached).unwrap_or_default();
        let _ = writeln!(text, "[tables.{}]", key(&table.name));
        text.push_str(&links(&reached.ways));
        if contact {
            text.push_str("# rows = \"delete\"   # instead of the columns below, if nothing else needs these rows\n");
        }
        text.push('\n');
        let keys: Vec<&String> = reached.ways.iter().flat_map(|way| way.link.column.as_slice()).collect();
        text + &self.columns_of(table, if contact { Role::Contact } else { Role::Other }, &keys)
    }

    fn columns_of(&mut self, table: &LiveTable, role: Role, links: &[&String]) -> String {
        let listed: Vec<&LiveColumn> = table.columns.iter().filter(|column| !column.generated).collect();
        let width = listed.iter().map(|column| key(&column.name).chars().count()).max().unwrap_or_default();
        let mut text = format!("[tables.{}.columns]\n", key(&table.name));
        for column in listed {
            let place = Place {
                table,
                column,
                values: values(self.samples, &table.name, &column.name),
                role,
                is_key: links.contains(&&column.name) || self.is_key(table, column),
                key_length: self.key_length,
            };
            let guess = if self.is_lethes_own(role, column) { Guess::plain() } else { guess(&place) };
            self.columns += 1;
            if let Some(note) = &guess.note {
                let _ = writeln!(text, "# {}", comment(note));
            }
            let line = format!("{:width$} = {}", key(&column.name), rule(&guess));
            if let Some(doubt) = &guess.doubt {
                self.uncertain.push(format!("{}.{}", table.name, column.name));
                let _ = writeln!(text, "# TODO decide: `{}` {}\n# {line}", comment(&column.name), comment(doubt));
            } else {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }

    /// Whether the column is part of the client's key, or refers to another row.
    fn is_key(&self, table: &LiveTable, column: &LiveColumn) -> bool {
        let own = table.name == self.client.table.name && self.client.key.contains(&column.name);
        let refers = self.reach.refers.get(&table.name);
        own || refers.is_some_and(|refers| refers.iter().any(|(name, _)| *name == column.name))
    }

    fn is_lethes_own(&self, role: Role, column: &LiveColumn) -> bool {
        let own = [&self.due.to_anonymize_on, &self.due.anonymized, &self.due.anonymized_on];
        role == Role::Client && own.iter().any(|name| name.as_ref() == Some(&column.name))
    }
}

fn links(ways: &[Way]) -> String {
    let links: Vec<String> = ways.iter().map(|way| link(&way.link)).collect();
    if let [one] = links.as_slice() {
        return format!("client = {one}\n");
    }
    let line = format!("client = [{}]\n", links.join(", "));
    if line.chars().count() <= WIDTH {
        return line;
    }
    format!("client = [\n  {},\n]\n", links.join(",\n  "))
}

/// The rule of a column as an inline table.
fn rule(guess: &Guess) -> String {
    let mut parts = vec![format!("class = \"{}\"", guess.class)];
    match &guess.act {
        None => {}
        Some(Act::Clear) => parts.push("clear = true".to_owned()),
        Some(Act::Text(text)) => parts.push(format!("replace = {}", string(text))),
        Some(Act::Number(number)) => parts.push(format!("replace = {number}")),
        Some(Act::False) => parts.push("replace = false".to_owned()),
        Some(Act::Year) => parts.push("generalize = \"year\"".to_owned()),
    }
    if guess.identifying && guess.class != Class::NonPersonal {
        parts.push("identifying = true".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}
