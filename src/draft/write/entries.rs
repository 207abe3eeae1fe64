//! Key-value tables: each key is guessed as if it were a column.

use std::fmt::Write as _;

use crate::domain::schema::{LiveColumn, LiveTable};

use super::super::guess::guess;
use super::super::rule::Place;
use super::super::words::split;
use super::table::{entry, rule};
use super::toml::{comment, key, string};

/// The columns of the key and the value: `meta_key`, `meta_value`.
pub(super) fn pair(table: &LiveTable) -> Option<(&LiveColumn, &LiveColumn)> {
    let ends = |column: &&LiveColumn, endings: &[&str]| {
        split(&column.name).last().is_some_and(|last| endings.contains(&last.as_str()))
    };
    let mut values = table.columns.iter().filter(|column| ends(column, &["value", "wert", "valeur"]));
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let own = |column: &&LiveColumn| column.primary_key == 0 || table.columns.len() <= 3;
    let keys = ["key", "attribute", "field", "property", "option", "schluessel", "cle"];
    let key = table.columns.iter().filter(own).find(|column| ends(column, &keys))?;
    Some((key, value))
}

/// The keys that were sampled and can be shown: short, of letters, digits and joints.
pub(super) fn shown(sampled: &[String]) -> Vec<&str> {
    let joint = |mark: char| mark.is_alphanumeric() || "_-. ".contains(mark);
    let mut keys: Vec<&str> = sampled
        .iter()
        .map(String::as_str)
        .filter(|name| (1..=40).contains(&name.len()) && name.chars().all(joint))
        .filter(|name| name.chars().any(char::is_alphabetic))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Fewer values of a key say nothing.
const FEW: usize = 3;

/// The part `[tables.T.keys]`, and the places in it that wait for a decision.
///
/// `stored` are the rows that were sampled: the key and the value of each.
pub(super) fn keys(place: &Place, names: &[&str], stored: &[(&str, &String)]) -> (String, Vec<String>) {
    let table = &place.table.name;
    let mut text =
        format!("# Only a few rows were sampled: list every key that is stored.\n[tables.{}.keys]\n", key(table));
    let mut uncertain = Vec::new();
    let width = names.iter().map(|name| key(name).chars().count()).max().unwrap_or_default();
    for name in names {
        let column = LiveColumn { name: (*name).to_owned(), ..place.column.clone() };
        let mut values: Vec<String> =
            stored.iter().filter(|(key, _)| key == name).map(|(_, own)| (*own).clone()).collect();
        let filled = values.len();
        if filled < FEW {
            values.clear();
        }
        values.sort_unstable();
        values.dedup();
        let guess = guess(&Place { column: &column, values: &values, filled, refused: 0, ..*place });
        let line = format!("{:width$} = {}", key(name), rule(&guess));
        let doubt = guess.doubt.map(|_| format!("`{}` can be anything", comment(name)));
        if doubt.is_some() {
            uncertain.push(format!("{table}.{name}"));
        }
        text.push_str(&entry(&line, doubt.as_deref()));
    }
    (text, uncertain)
}

/// The line that says which columns hold the key and the value.
pub(super) fn setting(name: &LiveColumn, value: &LiveColumn) -> String {
    let mut line = String::new();
    let _ = writeln!(line, "key_value = {{ key = {}, value = {} }}", string(&name.name), string(&value.name));
    line
}
