//! What `PostgreSQL` keeps of a text that it has indexed for searching: its
//! words without their endings (`'archer':2 'call':1`).

use std::collections::BTreeSet;

use super::fold;

/// Words of names that a search index may leave out, as it does single letters.
const LEFT_OUT: &[&str] = &[
    "al", "and", "da", "de", "del", "den", "der", "des", "di", "do", "dos", "du", "el", "la", "le", "les", "of", "the",
    "und", "van", "von", "zu",
];

/// The longest ending that is taken off a word, in characters.
const LONGEST_ENDING: usize = 3;
/// The shortest word that an ending is taken off.
const SHORTEST_STEM: usize = 3;

/// A value of a column of type `tsvector`, read from its text.
pub(super) struct Lexemes {
    /// In the order in which they stood in the text, as far as that is known.
    pub(super) text: String,
    folded: BTreeSet<String>,
}

impl Lexemes {
    pub(super) fn read(written: &str) -> Self {
        let mut placed: Vec<(u32, String)> = Vec::new();
        let mut folded = BTreeSet::new();
        let mut rest = written.chars().peekable();
        while let Some(character) = rest.next() {
            if character != '\'' {
                continue;
            }
            let mut lexeme = String::new();
            while let Some(own) = rest.next() {
                match own {
                    '\'' if rest.peek() == Some(&'\'') => lexeme.extend(rest.next()),
                    '\'' => break,
                    '\\' => lexeme.extend(rest.next()),
                    own => lexeme.push(own),
                }
            }
            let mut places = String::new();
            while let Some(own) = rest.next_if(|own| *own != ' ') {
                places.push(own);
            }
            let places = places.split([':', ',']).map(|own| own.trim_end_matches(|own: char| !own.is_ascii_digit()));
            let places: Vec<u32> = places.filter_map(|own| own.parse().ok()).collect();
            folded.insert(fold(&lexeme));
            if places.is_empty() {
                placed.push((u32::MAX, lexeme));
            } else {
                placed.extend(places.into_iter().map(|place| (place, lexeme.clone())));
            }
        }
        placed.sort_by_key(|(place, _)| *place);
        let text: Vec<String> = placed.into_iter().map(|(_, lexeme)| lexeme).collect();
        Self { text: text.join(" "), folded }
    }

    /// Whether every word of a folded value is there, save those that are left out of an index.
    pub(super) fn has_all_of(&self, value: &str) -> bool {
        let words = || value.split(|own: char| !own.is_alphanumeric()).filter(|own| !own.is_empty());
        let is_counted = |own: &&str| own.chars().nth(1).is_some() && !LEFT_OUT.contains(own);
        let mut counted = words().filter(is_counted).peekable();
        let all_count = counted.peek().is_none();
        if all_count { words().all(|own| self.has(own)) } else { counted.all(|own| self.has(own)) }
    }

    fn has(&self, word: &str) -> bool {
        if self.folded.contains(word) {
            return true;
        }
        let length = word.chars().count();
        let fewest = SHORTEST_STEM.max(length.saturating_sub(LONGEST_ENDING));
        (fewest..=length).any(|length| {
            let stem: String = word.chars().take(length).collect();
            // `mary` is kept as `mari`.
            let other = stem.strip_suffix('y').map(|own| format!("{own}i"));
            self.folded.contains(&stem) || other.is_some_and(|own| self.folded.contains(&own))
        })
    }
}
