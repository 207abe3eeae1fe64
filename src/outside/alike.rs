//! What file a value names, in whatever form it is written: as a path, as a URL
//! or in the query of one, with percent signs or backslashes, in JSON or HTML, in
//! another case or another normal form of Unicode. Values of different people are
//! compared by this, and what may be the same file is not deleted.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use super::place::check;
use crate::domain::residue::unescaped;

/// How often a value is decoded: a URL within the query of another is encoded twice.
const DECODED: usize = 3;

/// How many layers of JSON and HTML are taken off: HTML can stand in JSON.
const UNESCAPED: usize = 2;

/// What may stand around a name.
const AROUND: [char; 11] = ['"', '\'', '`', '<', '>', '[', ']', '(', ')', '{', '}'];

/// What a value can mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// The path, in the form in which all are compared.
    path: String,
    /// Whether the path leads from the root to the file. If not, it is known only by its last part.
    is_whole: bool,
}

impl Reading {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether both can mean the same file: by the last part, unless both are
    /// whole. `photos/a.jpg` can be `a.jpg`, and `1/a.jpg` is not `2/a.jpg`.
    pub fn is_like(&self, other: &Self) -> bool {
        if !self.is_whole || !other.is_whole {
            return self.name() == other.name();
        }
        let (long, short) = if self.path.len() < other.path.len() { (other, self) } else { (self, other) };
        long.path.strip_suffix(&short.path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    }
}

/// The readings of the path of a file: nothing is cut off it, as every sign may be a part of its name.
pub fn readings_of_path(path: &str) -> BTreeSet<Reading> {
    let mut all = BTreeSet::new();
    for text in decoded(path) {
        read(&text, check(&text).is_ok(), &mut all);
    }
    all
}

/// The readings of any value: also as a URL, and as each part that one may be taken apart into.
pub fn readings_of_value(value: &[u8]) -> BTreeSet<Reading> {
    const APART: [&[char]; 3] = [
        &['?', '#'],
        &['?', '#', '&', ';'],
        &['?', '#', '&', ';', '=', ':', ',', '|', '"', '(', ')', '{', '}', '\n', '\r', '\t'],
    ];
    let mut all = BTreeSet::new();
    let mut texts = decoded(&text_of(value));
    for _ in 0..UNESCAPED {
        let plain: Vec<String> = texts.iter().flat_map(|text| unescaped(text)).flatten().collect();
        texts.extend(plain.iter().flat_map(|text| decoded(text)));
    }
    for text in texts {
        read(&text, check(trimmed(&text)).is_ok(), &mut all);
        for signs in APART {
            for part in text.split(signs).filter(|part| part.len() < text.len()) {
                read(part, false, &mut all);
            }
        }
    }
    all
}

/// A text, and what it means where `%` and `+` stand for other signs.
fn decoded(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([text.to_owned()]);
    let mut last = text.to_owned();
    for _ in 0..DECODED {
        let bytes: Vec<u8> = percent_decode_str(&last).collect();
        let next = text_of(&bytes);
        if next == last {
            break;
        }
        all.insert(next.clone());
        last = next;
    }
    all.extend(all.clone().iter().filter(|text| text.contains('+')).map(|text| text.replace('+', " ")));
    all
}

/// Bytes that are not UTF-8 are Latin-1, as old programs write it.
fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|sign: char| sign.is_whitespace() || sign.is_control() || AROUND.contains(&sign))
}

fn read(text: &str, is_whole: bool, all: &mut BTreeSet<Reading>) {
    let text = trimmed(text).replace('\\', "/");
    // Windows drops dots at the end of a name.
    let parts = text.split('/').map(|part| trimmed(trimmed(part).trim_end_matches('.')));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return;
    }
    // By way of capitals, as some small letters have one in common: `ß` and `ss`, `ſ` and `s`.
    let path = parts.join("/").nfc().collect::<String>().to_uppercase().to_lowercase().nfc().collect();
    all.insert(Reading { path, is_whole });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_alike(path: &str, value: &[u8]) -> bool {
        let own = readings_of_path(path);
        readings_of_value(value).iter().any(|other| own.iter().any(|own| own.is_like(other)))
    }

    #[test]
    fn a_file_is_recognized_in_whatever_form_it_is_named() {
        let forms = [
            ("ann.jpg", "ann.jpg"),
            ("ann.jpg", "./ann.jpg"),
            ("ann.jpg", "/ann.jpg"),
            ("ann.jpg", "/srv/photos/ANN.jpg"),
            ("ann.jpg", "x/../ann.jpg"),
            ("ann.jpg", "photos/ann.jpg"),
            ("photos/2024/ann.jpg", "2024/Ann.JPG"),
            ("2024/ann.jpg", "2024//ann.jpg"),
            ("ann.jpg", "old\\ann.jpg"),
            ("ann.jpg", "C:\\photos\\ann.jpg"),
            ("ann.jpg", "C:ann.jpg"),
            ("ann.jpg", "file:ann.jpg"),
            ("ann.jpg", "file:///srv/photos/ann.jpg"),
            ("ann.jpg", "cdn.example/ann.jpg"),
            ("ann.jpg", "//cdn.example/ann.jpg"),
            ("ann.jpg", "https://cdn.example/x/ann.jpg?v=3#top"),
            ("ann.jpg", "https://cdn.example/img?f=ann.jpg"),
            ("ann.jpg", "img?w=100&f=photos/ann.jpg&h=3"),
            ("ann.jpg", "img?w=1;f=ann.jpg"),
            ("ann.jpg", "img?ann.jpg"),
            ("ann.jpg", "img?u=https%3A%2F%2Fcdn.example%2Fann.jpg%3Fv%3D1"),
            ("ann.jpg", "https://app.example/#/photos/ann.jpg"),
            ("a=b.jpg", "https://cdn.example/a=b.jpg?v=1"),
            ("a&b.jpg", "https://cdn.example/a&b.jpg?v=1"),
            ("ann.jpg", "ann%2Ejpg"),
            ("ann.jpg", "%61nn.jpg"),
            ("ann.jpg", "%2561nn.jpg"),
            ("ann.jpg", "a%5Cann.jpg"),
            ("ann.jpg", "photos%2fann.jpg"),
            ("ann (1).jpg", "https://cdn/ann%20(1).jpg"),
            ("ann (1).jpg", "https://cdn/ann+%281%29.jpg"),
            ("it's @ ann!~&,.jpg", "https://cdn/it's%20@%20ann!~&,.jpg"),
            ("ann #1.jpg", "https://cdn/ann%20%231.jpg"),
            ("100%.jpg", "https://cdn/100%25.jpg"),
            ("ann.jpg", "\"ann.jpg\""),
            ("ann.jpg", "['ann.jpg']"),
            ("ann.jpg", "bob.jpg,ann.jpg"),
            ("ann.jpg", "ann.jpg\n"),
            ("ann.jpg", "\tann.jpg"),
            ("ann.jpg", " ann.jpg "),
            ("ann.jpg", "ann.jpg/"),
            ("ærø.jpg", "ÆRØ.JPG"),
            ("é.jpg", "e\u{301}.jpg"),
            ("e\u{301}.jpg", "%C3%89.jpg"),
            ("straße.jpg", "STRASSE.JPG"),
            ("ann%20b.jpg", "ann b.jpg"),
            ("ærø.jpg", "[\"photos\\/\\u00e6r\\u00f8.jpg\"]"),
            ("a&b.jpg", "https://cdn.example/a&amp;b.jpg"),
            ("it's.jpg", "<img src=\"photos/it&#39;s.jpg\">"),
            ("it's.jpg", "{\"html\":\"<img src=\\\"photos\\/it&#39;s.jpg\\\">\"}"),
            ("ærø.jpg", "%5B%22photos%5C%2F%5Cu00e6r%5Cu00f8.jpg%22%5D"),
            ("ann.jpg", "{ann.jpg,bob.jpg}"),
            ("ann.jpg", "![Ann](ann.jpg)"),
            ("ann.jpg", "[Ann](/photos/ann.jpg \"Ann\")"),
            ("ann.jpg", "url(ann.jpg)"),
            ("ann.jpg", "ann.jpg."),
        ];
        for (path, value) in forms {
            assert!(is_alike(path, value.as_bytes()), "{path:?} in {value:?}");
        }
        assert!(is_alike("ærø.jpg", b"\xe6r\xf8.jpg") && is_alike("ærø.jpg", b"%E6r%F8.jpg"));
    }

    #[test]
    fn another_file_is_another() {
        let others = [
            ("1/photo.jpg", "2/photo.jpg"),
            ("1/photo%20a.jpg", "2/photo%20a.jpg"),
            ("1/photo #1.jpg", "2/photo #1.jpg"),
            ("photo #1.jpg", "photo #2.jpg"),
            ("ann.jpg", "joann.jpg"),
            ("ann.jpg", "ann.jpeg"),
            ("ann.jpg", "ann.jpg.bak"),
            ("ann.jpg", "https://cdn.example/bob.jpg?v=3"),
            ("ann.jpg", "ann.jpg/x.png"),
            ("ann.jpg", ""),
            ("ann.jpg", "%"),
            ("ann.jpg", "/"),
            ("æ.jpg", "a.jpg"),
        ];
        for (path, value) in others {
            assert!(!is_alike(path, value.as_bytes()), "{path:?} in {value:?}");
        }
    }
}
