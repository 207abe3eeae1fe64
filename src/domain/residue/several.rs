//! The former values of several clients, all looked for in one reading of a text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::readings::any_reading;
use super::{Former, fold};

/// Bytes at the beginning of a value by which places are found where it may stand.
const START: usize = 2;

/// Values of several clients, each once. A value is known by its place.
///
/// `Debug` shows how many there are, never which.
#[derive(Default)]
pub struct Several {
    values: Vec<Value>,
    /// The values that begin with these bytes.
    by_start: BTreeMap<[u8; START], Vec<usize>>,
    /// Whether a value begins with the two bytes of this number.
    starts: Vec<bool>,
    numbers: Vec<usize>,
}

struct Value {
    former: Former,
    clients: BTreeSet<usize>,
    is_word: bool,
}

impl Several {
    /// The values of each of these clients that have at least `shortest` characters, and no fewer than two bytes.
    pub fn of(clients: &[Former], shortest: usize) -> Self {
        let mut own = Self { starts: vec![false; 1 << 16], ..Self::default() };
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (client, former) in clients.iter().enumerate() {
            for word in &former.words {
                let Ok(text) = str::from_utf8(word.needle()) else { continue };
                let Some(start) = word.needle().first_chunk::<START>() else { continue };
                if text.chars().count() < shortest {
                    continue;
                }
                let at = *known.entry(text.to_owned()).or_insert_with(|| {
                    let at = own.values.len();
                    own.starts[usize::from(u16::from_be_bytes(*start))] = true;
                    own.by_start.entry(*start).or_default().push(at);
                    let former = Former { words: vec![word.clone()], ..Former::default() };
                    own.values.push(Value::new(former, text.chars().all(is_of_word)));
                    at
                });
                own.values[at].clients.insert(client);
            }
            for number in &former.numbers {
                let at = *known.entry(number.clone()).or_insert_with(|| {
                    let at = own.values.len();
                    own.numbers.push(at);
                    let former = Former { numbers: vec![number.clone()], ..Former::default() };
                    own.values.push(Value::new(former, false));
                    at
                });
                own.values[at].clients.insert(client);
            }
        }
        own
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a value tells of its client among those found in one row. A single word does not by itself: it may be a
    /// word, a place, or the name of another person.
    pub fn is_telling(&self, value: usize, row: &BTreeSet<usize>) -> bool {
        let own = &self.values[value];
        let others = row.iter().filter(|other| **other != value).map(|other| &self.values[*other].clients);
        !own.is_word || others.into_iter().any(|clients| !clients.is_disjoint(&own.clients))
    }

    /// Whether another client has the same value.
    pub fn is_had_by(&self, value: usize, other: &Former) -> bool {
        let own = &self.values[value].former;
        let has_word = |word: &memchr::memmem::Finder| other.words.iter().any(|own| own.needle() == word.needle());
        own.words.iter().any(has_word) || own.numbers.iter().any(|number| other.numbers.contains(number))
    }

    /// The texts of these values, in small letters.
    pub fn texts<'a>(&'a self, values: &'a BTreeSet<usize>) -> impl Iterator<Item = &'a str> {
        let words = values.iter().flat_map(|at| &self.values[*at].former.words);
        words.filter_map(|word| str::from_utf8(word.needle()).ok())
    }

    /// How many clients had at least one of these values.
    pub fn clients<'a>(&self, values: impl IntoIterator<Item = &'a usize>) -> usize {
        values.into_iter().flat_map(|at| &self.values[*at].clients).collect::<BTreeSet<_>>().len()
    }

    /// The values that can be read in a text.
    pub fn found_in(&self, text: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        if !self.is_empty() {
            any_reading(text, &mut |plain| {
                self.note(&fold(plain), &mut found);
                false
            });
        }
        found
    }

    fn note(&self, folded: &str, found: &mut BTreeSet<usize>) {
        let mut note = |at: usize| {
            if !found.contains(&at) && self.values[at].former.found_as_written(folded) {
                found.insert(at);
            }
        };
        for start in folded
            .as_bytes()
            .array_windows::<START>()
            .filter(|start| self.starts[usize::from(u16::from_be_bytes(**start))])
        {
            self.by_start.get(start).into_iter().flatten().copied().for_each(&mut note);
        }
        self.numbers.iter().copied().for_each(note);
    }
}

impl Value {
    fn new(former: Former, is_word: bool) -> Self {
        Self { former, clients: BTreeSet::new(), is_word }
    }
}

impl fmt::Debug for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Several({} values)", self.values.len())
    }
}

/// Whether a letter or sign stands in a single word, such as `o'neill-cote`.
fn is_of_word(own: char) -> bool {
    own.is_alphabetic() || matches!(own, '\'' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn several(clients: &[&[&str]]) -> Several {
        let clients = clients.iter().map(|values| {
            let mut former = Former::new(3);
            values.iter().for_each(|value| former.add(value));
            former
        });
        Several::of(&clients.collect::<Vec<_>>(), 4)
    }

    #[test]
    fn all_values_are_found_in_one_reading_and_count_for_each_client_who_had_them() {
        let values = several(&[&["Ann Archer", "ann@home.example"], &["Bob Baker", "+45 5551 0001"], &["Ann Archer"]]);
        let found = values.found_in(r#"{"to": "ANN@home.example", "by": "0045 5551-0001", "x": "Ann Archér"}"#);
        assert_eq!((found.len(), values.clients(&found)), (2, 2), "the number stands there with more digits");
        let found = values.found_in("call 45 55510001 or bob%20baker");
        assert_eq!((found.len(), values.clients(&found)), (2, 1));
        assert!(values.found_in("Ann Archery, Bob, home.example").is_empty());
    }

    #[test]
    fn short_values_are_not_looked_for_and_single_words_are_known_as_such() {
        let values = several(&[&["Ann", "Archer", "Ann Archer"]]);
        assert!(values.found_in("Ann").is_empty());
        let telling = |values: &Several, text: &str| {
            let row = values.found_in(text);
            row.iter().map(|own| values.is_telling(*own, &row)).collect::<Vec<_>>()
        };
        assert_eq!(telling(&values, "Miss Archer"), [false], "another person may have the name");
        assert_eq!(telling(&values, "Ann Archer"), [true, true]);
        let apart = several(&[&["Anna", "Archer"], &["Winter"]]);
        assert_eq!(telling(&apart, "Archer, Anna"), [true, true]);
        assert_eq!(telling(&apart, "Archer, in the winter"), [false, false], "these are of two clients");
        let mut other = Former::new(3);
        other.add("ARCHER");
        let had: Vec<bool> = values.found_in("Ann Archer").iter().map(|own| values.is_had_by(*own, &other)).collect();
        assert_eq!(had, [true, false]);
        assert!(several(&[&["Ann"]]).is_empty() && Several::default().found_in("x").is_empty());
    }
}
