//! The tables of the draft, column by column.

use std::fmt::Write as _;

use crate::domain::schema::{LiveColumn, LiveTable};
use crate::plan::key_length;
use crate::policy::{Class, Names};

use super::super::client::{ClientTable, primary_key};
use super::super::due::Due;
use super::super::facts::Facts;
use super::super::guess::guess;
use super::super::link::{Reach, Reached, Way, is_contact_table};
use super::super::refused::Refused;
use super::super::rule::{Act, Guess, Place, Role};
use super::super::vocabulary::{Meaning, meaning};
use super::super::words::split;
use super::toml::{array, comment, key, link, list, string};
use super::{WIDTH, entries, found};

/// A table of the policy, before its columns are compared with those of other tables.
pub(super) struct Listed {
    pub(super) table: String,
    /// Comments above it.
    pub(super) remarks: String,
    /// The lines of its links and its keys.
    pub(super) settings: String,
    pub(super) columns: Vec<Entry>,
    /// The part with the keys of a key-value table, and the places in it that wait.
    pub(super) keys: Option<(String, Vec<String>)>,
    /// How many columns the table has that need a decision.
    pub(super) width: usize,
}

/// A column and what is decided about it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) column: String,
    pub(super) rule: String,
    /// Whether it is non-personal and stays.
    pub(super) is_plain: bool,
    /// Why a person has to decide.
    pub(super) doubt: Option<String>,
    note: Option<String>,
}

/// Writes tables down.
pub(super) struct Listing<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) client: &'a ClientTable<'a>,
    pub(super) reach: &'a Reach<'a>,
    pub(super) due: &'a Due,
    pub(super) refused: &'a Refused,
}

impl<'a> Listing<'a> {
    pub(super) fn client_table(&self) -> Listed {
        let mut remarks = String::new();
        for columns in &self.reach.own {
            let _ = writeln!(
                remarks,
                "# {} refers to another client; what the row says of that one can be ruled with\n\
                 # `client = {{ column = {} }}` in [tables.{}].",
                columns.iter().map(|name| format!("`{}`", comment(name))).collect::<Vec<_>>().join(" and "),
                array(columns),
                key(&self.client.table.name)
            );
        }
        self.listed(self.client.table, Role::Client, None, remarks, String::new())
    }

    /// A table that reaches the client table.
    pub(super) fn table(&self, reached: &Reached) -> Listed {
        let table = reached.table;
        let contact = is_contact_table(table);
        let mut settings = links(&reached.ways);
        if let Some((name, value, _)) = self.entries_of(table, Role::Other) {
            settings.push_str(&entries::setting(name, value));
        }
        if contact {
            settings
                .push_str("# rows = \"delete\"   # instead of the columns below, if nothing else needs these rows\n");
        }
        let role = if contact { Role::Contact } else { Role::Other };
        self.listed(table, role, Some(&reached.ways), found(reached), settings)
    }

    fn listed(&self, table: &LiveTable, role: Role, ways: Option<&[Way]>, remarks: String, settings: String) -> Listed {
        // An e-mail address that leads to a client is the client's own, and no key of Lethe's needs it to stay.
        let is_personal = |way: &Way| {
            let mut equals = way.link.equals.iter().flat_map(Names::as_slice);
            way.link.through.is_none() && equals.any(|own| meaning(own).is_some_and(Meaning::points_at_someone))
        };
        let keys = ways.unwrap_or_default().iter();
        let keys = keys.filter(|way| way.link.compare.is_none() && !is_personal(way));
        let links: Vec<&String> = keys.flat_map(|way| way.link.column.as_slice()).collect();
        let by_key = ways.map_or(Some(self.client.key.as_slice()), by_key);
        let shared = ways.filter(|ways| !self.are_alternatives(table, ways)).unwrap_or_default();
        let row = row_key(table);
        let lengths = key_length(self.client.table, &self.client.key);
        let place = |column| {
            let seen = self.facts.seen(&table.name, own_name(column));
            Place {
                table,
                column,
                values: seen.map_or(&[][..], |seen| seen.values.as_slice()),
                filled: self.facts.filled(table, own_name(column)),
                never_null: seen.is_some_and(|seen| seen.has_blank && !seen.has_null),
                is_held: self.refused.holds(&table.name, &column.name),
                refused: self.refused.times(&table.name, &column.name),
                role,
                is_key: links.contains(&&column.name) || self.is_key(table, column),
                has_key: by_key.is_some(),
                row: &row,
                key_length: lengths,
                one_row: role == Role::Client || by_key.is_some_and(|columns| table.is_unique(columns)),
            }
        };
        let stored = self.entries_of(table, role);
        let skipped = |column: &LiveColumn| {
            stored.as_ref().is_some_and(|(name, value, _)| [&name.name, &value.name].contains(&&column.name))
        };
        let open: Vec<&LiveColumn> =
            table.columns.iter().filter(|column| !column.generated && !skipped(column)).collect();
        let columns = open.iter().map(|column| {
            let guess = if self.is_lethes_own(role, column) { Guess::plain() } else { guess(&place(column)) };
            let guess = self.of_name(table, column, guess);
            let guess = of_link(guess, column, shared);
            Entry {
                column: column.name.clone(),
                rule: rule(&guess),
                is_plain: guess.class == Class::NonPersonal && guess.act.is_none(),
                doubt: guess.doubt.map(|doubt| comment(&doubt)),
                note: guess.note.map(|note| comment(&note)),
            }
        });
        let columns = columns.collect();
        let keys = stored.as_ref().map(|(name, value, names)| {
            entries::keys(&place(value), names, &self.facts.pairs(table, &name.name, &value.name))
        });
        let width = open.len() + if stored.is_some() { 2 } else { 0 };
        Listed { table: table.name.clone(), remarks, settings, columns, keys, width }
    }

    /// The columns of a key-value table, with the keys that were seen; none for other tables.
    fn entries_of<'t>(
        &self,
        table: &'t LiveTable,
        role: Role,
    ) -> Option<(&'t LiveColumn, &'t LiveColumn, Vec<&'a str>)> {
        let (name, value) = entries::pair(table).filter(|_| role != Role::Client)?;
        let mut names = entries::shown(self.facts.values(&table.name, &name.name));
        for more in self.refused.keys(&table.name) {
            if !names.contains(&more) {
                names.push(more);
            }
        }
        names.sort_unstable();
        (!names.is_empty()).then_some((name, value, names))
    }

    /// Whether no sampled row, of enough of them, names a client by more than one of these columns.
    fn are_alternatives(&self, table: &LiveTable, ways: &[Way]) -> bool {
        const ROWS: usize = 10;
        let rows = self.facts.samples.get(&table.name).map_or(&[][..], |sampled| sampled.rows.as_slice());
        let at = |name: &String| table.columns.iter().position(|column| column.name == *name);
        let is_filled = |row: &[Option<String>], name: &String| {
            at(name).and_then(|at| row.get(at)?.as_ref()).is_some_and(|value| !value.trim().is_empty())
        };
        let direct: Vec<&Way> = ways.iter().filter(|way| way.link.through.is_none()).collect();
        let names = |row: &[Option<String>]| {
            direct.iter().filter(|way| way.link.column.as_slice().iter().all(|name| is_filled(row, name))).count()
        };
        rows.len() >= ROWS && rows.iter().all(|row| names(row) <= 1)
    }

    /// Whether the column is part of the client's key, or refers to another row.
    fn is_key(&self, table: &LiveTable, column: &LiveColumn) -> bool {
        let own = table.name == self.client.table.name && self.client.key.contains(&column.name);
        let refers = self.reach.refers.get(&table.name);
        // What a foreign key refers to cannot change alone.
        let referred = self
            .facts
            .schema
            .tables
            .values()
            .flat_map(|other| &other.foreign_keys)
            .any(|key| key.references.eq_ignore_ascii_case(&table.name) && key.referenced.contains(&column.name));
        own || referred || refers.is_some_and(|refers| refers.iter().any(|(name, _)| *name == column.name))
    }

    /// What other tables name a row by stays, as long as they do.
    fn of_name(&self, table: &LiveTable, column: &LiveColumn, guess: Guess) -> Guess {
        let names = self.reach.names.get(&table.name).is_some_and(|names| names.contains(&column.name));
        if !names || guess.act.is_none() || guess.identifying {
            return guess;
        }
        let kept = Act::Keep("rows of other tables name theirs by it".to_owned());
        Guess::personal(Ok(kept)).doubted("is kept, as rows of other tables name theirs by it")
    }

    fn is_lethes_own(&self, role: Role, column: &LiveColumn) -> bool {
        let own = [&self.due.to_anonymize_on, &self.due.anonymized, &self.due.anonymized_on];
        role == Role::Client && own.iter().any(|name| name.as_ref() == Some(&column.name))
    }
}

/// Its name; says what kind of thing a closure is given.
fn own_name(column: &LiveColumn) -> &str {
    &column.name
}

/// The columns that tell a row from any other, where a text can be made of them.
fn row_key(table: &LiveTable) -> Vec<String> {
    let key = primary_key(table);
    let fits =
        key.iter().all(|name| table.column(name).is_some_and(|column| !column.generated || column.primary_key > 0));
    if fits && key.len() <= 2 { key } else { Vec::new() }
}

impl Listed {
    /// The table's part of the policy, without what holds everywhere.
    pub(super) fn text(&self) -> String {
        let mut text = self.remarks.clone();
        let plain: Vec<String> = self
            .columns
            .iter()
            .filter(|own| own.is_plain && own.doubt.is_none())
            .map(|own| own.column.clone())
            .collect();
        let ruled: Vec<&Entry> = self.columns.iter().filter(|own| !own.is_plain || own.doubt.is_some()).collect();
        let has_head = !self.settings.is_empty() || !plain.is_empty() || ruled.is_empty();
        if has_head {
            let _ = writeln!(text, "[tables.{}]", key(&self.table));
            text.push_str(&self.settings);
            if !plain.is_empty() {
                text.push_str(&list("non_personal", &plain, WIDTH));
            }
        }
        if !ruled.is_empty() {
            if has_head {
                text.push('\n');
            }
            let _ = writeln!(text, "[tables.{}.columns]", key(&self.table));
            let width = ruled.iter().map(|own| key(&own.column).chars().count()).max().unwrap_or_default();
            for own in ruled {
                if let Some(note) = &own.note {
                    let _ = writeln!(text, "# {note}");
                }
                let line = format!("{:width$} = {}", key(&own.column), own.rule);
                let doubt = own.doubt.as_ref().map(|doubt| format!("`{}` {doubt}", comment(&own.column)));
                text.push_str(&entry(&line, doubt.as_deref()));
            }
        }
        if let Some((keys, _)) = &self.keys {
            let _ = write!(text, "\n{keys}");
        }
        text
    }

    /// The places that wait for a decision.
    pub(super) fn uncertain(&self) -> Vec<String> {
        let columns = self.columns.iter().filter(|own| own.doubt.is_some());
        let columns = columns.map(|own| comment(&format!("{}.{}", self.table, own.column)));
        columns.chain(self.keys.iter().flat_map(|(_, open)| open.clone())).collect()
    }
}

/// Where a row belongs to several clients, says whose data a column is: by its
/// name (`bill_to_name` beside `bill_to_customer_no`), or else by asking.
fn of_link(mut guess: Guess, column: &LiveColumn, ways: &[Way]) -> Guess {
    let direct: Vec<&Way> = ways.iter().filter(|way| way.link.through.is_none()).collect();
    let acts = !matches!(guess.act, Some(Act::Keep(_)));
    if direct.len() < 2 || guess.class == Class::NonPersonal || !acts {
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
        [way] if way.link.through.is_none() && way.link.equals.is_none() && way.link.text.is_none() => {
            Some(way.link.column.as_slice())
        }
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
    let kept = matches!(guess.act, Some(Act::Keep(_)));
    match &guess.act {
        None => {}
        Some(Act::Clear) => parts.push("clear = true".to_owned()),
        Some(Act::Text(text)) => parts.push(format!("replace = {}", string(text))),
        Some(Act::Number(number)) => parts.push(format!("replace = {number}")),
        Some(Act::Flag(flag)) => parts.push(format!("replace = {flag}")),
        Some(Act::Keep(why)) => parts.push(format!("keep = {}", string(why))),
        Some(Act::Year) => parts.push("generalize = \"year\"".to_owned()),
    }
    parts.extend(guess.link.as_ref().filter(|_| !kept).map(|name| format!("for = {}", string(name))));
    if guess.identifying && guess.class != Class::NonPersonal && !kept {
        parts.push("identifying = true".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}
