//! Lethe's own sentences in French and German. The program writes each message in English, into the ledger too;
//! pages and reports translate it here. What a policy, a job or a person wrote is kept as it is.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::NaiveDate;

/// A sentence in English, French and German. `{a}`, `{b}`… stand for any text, `{n}`, `{m}`, `{k}` for numbers.
type Phrase = [&'static str; 3];

/// Files of sentences. A blank line separates them, and each has a line for each language, in the order of [`CODES`].
const FILES: [&str; 5] = [
    include_str!("language/hints.txt"),
    include_str!("language/messages.txt"),
    include_str!("language/deliveries.txt"),
    include_str!("language/policy.txt"),
    include_str!("language/reports.txt"),
];

/// What the lines of a sentence begin with.
const CODES: [&str; 3] = ["en: ", "fr: ", "de: "];

/// Every sentence.
static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let paragraphs = FILES.iter().flat_map(|file| file.split("\n\n"));
    let said = |paragraph: &'static str| CODES.map(|code| paragraph.lines().find_map(|line| line.strip_prefix(code)));
    paragraphs
        .filter_map(|own| if let [Some(en), Some(fr), Some(de)] = said(own) { Some([en, fr, de]) } else { None })
        .collect()
});

/// How deep sentences are nested in each other, or how many follow one another.
const DEEPEST: u8 = 8;

/// What separates sentences that are written after one another.
const SEPARATORS: [&str; 3] = [". ", "; ", ": "];

/// A text of Lethe's own in the language of this code: `fr`, `de`, or English.
pub fn said<'a>(code: &str, text: &'a str) -> Cow<'a, str> {
    match code {
        "fr" => translated(1, text, DEEPEST),
        "de" => translated(2, text, DEEPEST),
        _ => Cow::Borrowed(text),
    }
}

fn translated(language: usize, text: &str, depth: u8) -> Cow<'_, str> {
    if depth == 0 || text.is_empty() {
        return Cow::Borrowed(text);
    }
    if text.contains('\n') {
        let line = |line: &str| {
            let own = line.trim_start();
            format!("{}{}", &line[..line.len() - own.len()], translated(language, own, depth))
        };
        return Cow::Owned(text.split('\n').map(line).collect::<Vec<_>>().join("\n"));
    }
    if let Some(own) = as_number(language, text).or_else(|| as_day(language, text)) {
        return Cow::Owned(own);
    }
    // The sentence that says the most by itself is meant.
    let found = PHRASES.iter().filter_map(|phrase| Some((phrase, holes(phrase[0], text)?)));
    let best = found.max_by_key(|(_, holes)| text.len() - holes.iter().map(|own| own.1.len()).sum::<usize>());
    if let Some((phrase, holes)) = best {
        let mut own = String::new();
        let mut rest = phrase[language];
        while let Some((before, name, after)) = hole(rest) {
            own += before;
            let part = holes.iter().find(|hole| hole.0 == name).map_or("", |hole| hole.1);
            own += &translated(language, part, depth - 1);
            rest = after;
        }
        return Cow::Owned(own + rest);
    }
    let first_of = |own: &'static str| Some((text.find(own)?, own));
    if let Some((at, separator)) = SEPARATORS.into_iter().filter_map(first_of).min() {
        let (first, rest) = (&text[..at], &text[at + separator.len()..]);
        let (one, other) = (translated(language, first, depth - 1), translated(language, rest, depth - 1));
        if one != first || other != rest {
            let space = if language == 1 && separator != ". " && one != first { " " } else { "" };
            return Cow::Owned(format!("{one}{space}{separator}{other}"));
        }
    }
    Cow::Borrowed(text)
}

/// The first hole of a sentence: what is before it, its name, and what is behind it.
fn hole(phrase: &str) -> Option<(&str, &str, &str)> {
    let at = phrase.match_indices('{').map(|own| own.0).find(|at| phrase.get(at + 2..at + 3) == Some("}"))?;
    Some((&phrase[..at], &phrase[at + 1..at + 2], &phrase[at + 3..]))
}

/// What a text has in the holes of a sentence, if it is this sentence.
fn holes<'a>(phrase: &'static str, text: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let Some((before, name, after)) = hole(phrase) else { return (phrase == text).then(Vec::new) };
    let text = text.strip_prefix(before)?;
    let next = hole(after).map_or(after, |own| own.0);
    let fits = |end: usize| {
        let part = &text[..end];
        if part.is_empty() || is_count(name) && !part.bytes().all(|own| own.is_ascii_digit() || own == b',') {
            return None;
        }
        let mut found = holes(after, &text[end..])?;
        found.push((name, part));
        Some(found)
    };
    if next.is_empty() {
        return fits(text.len());
    }
    text.match_indices(next).find_map(|own| fits(own.0))
}

fn is_count(name: &str) -> bool {
    matches!(name, "n" | "m" | "k")
}

/// A number as the language writes it, if this is one with its thousands apart.
fn as_number(language: usize, text: &str) -> Option<String> {
    let is_number = text.contains(',') && text.split(',').skip(1).all(|own| own.len() == 3);
    let is_number = is_number && text.bytes().all(|own| own.is_ascii_digit() || own == b',');
    is_number.then(|| text.replace(',', if language == 1 { "\u{202f}" } else { "." }))
}

/// A day, with or without a time, as the language writes it.
fn as_day(language: usize, text: &str) -> Option<String> {
    let form = if language == 1 { "%d/%m/%Y" } else { "%d.%m.%Y" };
    if let Ok(day) = NaiveDate::parse_from_str(text, "%d %B %Y") {
        return Some(day.format(form).to_string());
    }
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    let is_time = time.bytes().all(|own| own.is_ascii_digit() || b": UTC".contains(&own));
    is_time.then(|| format!("{}{time}", day.format(form)))
}

#[cfg(test)]
mod tests {
    use super::{CODES, FILES, PHRASES, hole, said};

    fn names(phrase: &str) -> Vec<&str> {
        let (mut names, mut rest) = (Vec::new(), phrase);
        while let Some((_, name, after)) = hole(rest) {
            names.push(name);
            rest = after;
        }
        names.sort_unstable();
        names
    }

    #[test]
    fn every_line_is_of_a_sentence_or_a_comment() {
        let all = FILES.iter().flat_map(|file| file.lines()).filter(|line| !line.is_empty() && !line.starts_with("# "));
        assert!(all.clone().all(|line| CODES.iter().any(|code| line.starts_with(code))));
        assert_eq!(all.count(), PHRASES.len() * CODES.len());
    }

    #[test]
    fn a_sentence_has_the_same_holes_in_every_language_and_stands_once() {
        let mut seen = std::collections::BTreeSet::new();
        for phrase in &*PHRASES {
            let [english, french, german] = phrase.map(names);
            assert!(english == french && english == german, "{phrase:?}");
            assert!(seen.insert(phrase[0]), "twice: {}", phrase[0]);
            let literal = phrase[0].replace(|own: char| !own.is_alphabetic(), "");
            assert!(literal.len() > 2, "too little to be known by: {}", phrase[0]);
        }
    }

    #[test]
    fn a_message_is_translated_with_its_parts_numbers_and_days() {
        let review = "review `a: b` of 2026-01-31 02:00 waits for a person other than Eve to approve 1,204 clients";
        assert_eq!(
            said("de", review),
            "Freigabe `a: b` vom 31.01.2026 02:00 wartet darauf, dass eine andere Person als Eve 1.204 Kunden freigibt"
        );
        assert_eq!(said("en", review), review);
        assert_eq!(said("de", "the page of holds shows why"), "den Grund zeigt die Seite der Sperren");
        assert_eq!(said("fr", "a text of a person"), "a text of a person");
        assert_eq!(
            said("fr", "a person's line\n    fix: send it again"),
            "a person's line\n    correction : envoyez de nouveau"
        );
        assert_eq!(said("fr", "2026-01-31"), "31/01/2026");
    }
}
