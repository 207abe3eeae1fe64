//! The tables of the draft, column by column.

use std::fmt::Write as _;

use crate::domain::policy::Class;
use crate::domain::schema::{LiveColumn, LiveTable};

use super::super::client::ClientTable;
use super::super::due::Due;
use super::super::guess::guess;
use super::super::link::{Reach, Reached, Way, is_contact_table};
use super::super::rule::{Act, Guess, Place, Role};
use super::super::words::split;
use super::super::{Samples, values};
use super::toml::{array, comment, key, link, string};
use super::{entries, found};

/// The widest line that is still written on one line.
const WIDTH: usize = 100;

/// The tables that were written so far.
pub(super) struct Listing<'a> {
    samples: &'a Samples,
    client: &'a ClientTable<'a>,
    reach: &'a Reach<'a>,
    due: &'a Due,
    /// How many columns were listed.
    pub(super) columns: usize,
    /// Those that wait for a decision.
    pub(super) uncertain: Vec<String>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(samples: &'a Samples, client: &'a ClientTable<'a>, reach: &'a Reach<'a>, due: &'a Due) -> Self {
        Self { samples, client, reach, due, columns: 0, uncertain: Vec::new() }
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
        text + &self.columns_of(self.client.table, Role::Client, None)
    }

    /// A table that reaches the client table.
    pub(super) fn table(&mut self, reached: &Reached) -> String {
        let table = reached.table;
        let contact = is_contact_table(table);
        let mut text = found(reached);
        let _ = writeln!(text, "[tables.{}]", key(&table.name));
        text.push_str(&links(&reached.ways));
        if let Some((name, value, _)) = self.entries_of(table, Role::Other) {
            text.push_str(&entries::setting(name, value));
        }
        if contact {
            text.push_str("# rows = \"delete\"   # instead of the columns below, if nothing else needs these rows\n");
        }
        text.push('\n');
        text + &self.columns_of(table, if contact { Role::Contact } else { Role::Other }, Some(&reached.ways))
    }

    fn columns_of(&mut self, table: &LiveTable, role: Role, ways: Option<&[Way]>) -> String {
        let links: Vec<&String> = ways.unwrap_or_default().iter().flat_map(|way| way.link.column.as_slice()).collect();
        let by_key = ways.map_or(Some(self.client.key.as_slice()), by_key);
        let place = |column| Place {
            table,
            column,
            values: values(self.samples, &table.name, &column.name),
            role,
            is_key: links.contains(&&column.name) || self.is_key(table, column),
            has_key: by_key.is_some(),
            one_row: role == Role::Client || by_key.is_some_and(|columns| table.is_unique(columns)),
        };
        let stored = self.entries_of(table, role);
        let skipped = |column: &LiveColumn| {
            stored.as_ref().is_some_and(|(name, value, _)| [&name.name, &value.name].contains(&&column.name))
        };
        let listed: Vec<&LiveColumn> =
            table.columns.iter().filter(|column| !column.generated && !skipped(column)).collect();
        let width = listed.iter().map(|column| key(&column.name).chars().count()).max().unwrap_or_default();
        let mut text = format!("[tables.{}.columns]\n", key(&table.name));
        let mut uncertain = Vec::new();
        for column in &listed {
            let guess = if self.is_lethes_own(role, column) { Guess::plain() } else { guess(&place(column)) };
            let guess = of_link(guess, column, ways.unwrap_or_default());
            if let Some(note) = &guess.note {
                let _ = writeln!(text, "# {}", comment(note));
            }
            let line = format!("{:width$} = {}", key(&column.name), rule(&guess));
            let doubt = guess.doubt.map(|doubt| format!("`{}` {}", comment(&column.name), comment(&doubt)));
            if doubt.is_some() {
                uncertain.push(comment(&format!("{}.{}", table.name, column.name)));
            }
            text.push_str(&entry(&line, doubt.as_deref()));
        }
        if let Some((_, value, names)) = &stored {
            let (keys, open) = entries::keys(&place(value), names);
            text = format!("{text}\n{keys}");
            uncertain.extend(open);
        }
        self.columns += listed.len() + if stored.is_some() { 2 } else { 0 };
        self.uncertain.extend(uncertain);
        text
    }

    /// The columns of a key-value table, with the keys that were seen; none for other tables.
    fn entries_of<'t>(
        &self,
        table: &'t LiveTable,
        role: Role,
    ) -> Option<(&'t LiveColumn, &'t LiveColumn, Vec<&'a str>)> {
        let (name, value) = entries::pair(table).filter(|_| role != Role::Client)?;
        let names = entries::shown(values(self.samples, &table.name, &name.name));
        (!names.is_empty()).then_some((name, value, names))
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

/// Where a row belongs to several clients, says whose data a column is: by its
/// name (`bill_to_name` beside `bill_to_customer_no`), or else by asking.
fn of_link(mut guess: Guess, column: &LiveColumn, ways: &[Way]) -> Guess {
    let direct: Vec<&Way> = ways.iter().filter(|way| way.link.through.is_none()).collect();
    if direct.len() < 2 || guess.class == Class::NonPersonal {
        return guess;
    }
    let words = split(&column.name);
    let alike = |way: &&&Way| {
        let own = split(&way.link.name());
        let shared = own.iter().zip(&words).take_while(|(left, right)| left == right).count();
        // `bill_to_name` shares more with `bill_to_customer_no` than any other link does.
        shared > 0 && direct.iter().filter(|other| split(&other.link.name()).starts_with(&own[..shared])).count() == 1
    };
    let mut fitting = direct.iter().filter(alike);
    if let (Some(way), None) = (fitting.next(), fitting.next()) {
        guess.link = Some(way.link.name());
        return guess;
    }
    guess.link = Some(direct[0].link.name());
    let clients: Vec<String> = direct.iter().map(|way| format!("in `{}`", way.link.name())).collect();
    let whose = format!("of the client {}?", clients.join(" or "));
    guess.doubt = Some(guess.doubt.map_or(format!("is {whose}"), |doubt| format!("{doubt}, {whose}")));
    guess
}

/// A line of the policy, or the same as a comment that says why it is none.
pub(super) fn entry(line: &str, doubt: Option<&str>) -> String {
    doubt.map_or_else(|| format!("{line}\n"), |doubt| format!("# TODO decide: {doubt}\n# {line}\n"))
}

/// The columns with the client's key, where there is one way and it is that short.
fn by_key(ways: &[Way]) -> Option<&[String]> {
    match ways {
        [way] if way.link.through.is_none() && way.link.equals.is_none() => Some(way.link.column.as_slice()),
        _ => None,
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
pub(super) fn rule(guess: &Guess) -> String {
    let mut parts = vec![format!("class = \"{}\"", guess.class)];
    match &guess.act {
        None => {}
        Some(Act::Clear) => parts.push("clear = true".to_owned()),
        Some(Act::Text(text)) => parts.push(format!("replace = {}", string(text))),
        Some(Act::Number(number)) => parts.push(format!("replace = {number}")),
        Some(Act::False) => parts.push("replace = false".to_owned()),
        Some(Act::Year) => parts.push("generalize = \"year\"".to_owned()),
    }
    parts.extend(guess.link.as_ref().map(|name| format!("for = {}", string(name))));
    if guess.identifying && guess.class != Class::NonPersonal {
        parts.push("identifying = true".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}
