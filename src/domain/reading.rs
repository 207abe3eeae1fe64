//! What is said of a file that a person wrote and that cannot be read.
//!
//! The TOML reader speaks to programmers and draws pictures over several
//! lines; here its words become what is wrong, on which line, and what to do.

use std::io::ErrorKind;

use crate::domain::nearest::nearest;

/// What stands between what is wrong and what to do, in the errors of our own
/// that pass through the TOML reader.
const AND_SO: &str = "; ";

/// Why a text that a person wrote cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct TextError {
    pub what: String,
    /// What to do about it.
    pub fix: String,
    /// What is wrong with one part of the text.
    source: Option<Box<TextError>>,
}

impl TextError {
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into(), source: None }
    }

    /// The text cannot be used because of one part of it, which says how to fix it.
    pub fn of_part(what: impl Into<String>, part: Self) -> Self {
        Self { what: what.into(), fix: part.fix.clone(), source: Some(Box::new(part)) }
    }
}

/// What is wrong with a text in TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, on one line.
    pub what: String,
    /// What to do about it, where there is more to say than to fix it.
    pub fix: Option<String>,
}

impl Slip {
    /// Sorts what the TOML reader says of a text.
    pub fn of(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| {
            let before = &text.as_bytes()[..span.start.min(text.len())];
            before.split(|byte| *byte == b'\n').count()
        });
        let (what, fix) = in_words(error.message());
        Self { line, what, fix }
    }
}

/// An error that says what is wrong and what to do, for the way through the TOML reader.
pub fn with_fix(what: &impl std::fmt::Display, fix: &str) -> String {
    format!("{what}{AND_SO}{fix}")
}

/// What a reader's message means, and what to do if it tells.
pub fn in_words(message: &str) -> (String, Option<String>) {
    let message = message.lines().collect::<Vec<_>>().join(", ");
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let suggest = |noun: &str| names.split_first().and_then(|(name, known)| suggestion(name, known, noun));
    if let ["unknown", kind @ ("field" | "variant"), ..] = message.split(' ').collect::<Vec<_>>().as_slice() {
        let noun = if *kind == "field" { "setting" } else { "word" };
        let name = names.first().copied().unwrap_or_default();
        return (format!("unknown {noun} `{name}`"), suggest(&format!("{noun}s")));
    }
    if message.starts_with("missing field") {
        let name = names.first().copied().unwrap_or_default();
        return (format!("`{name}` is missing"), None);
    }
    let bare =
        ["invalid float", "invalid boolean", "invalid integer", "string values must be quoted", "invalid string"];
    if bare.iter().any(|opening| message.starts_with(opening)) {
        let what = "the value is neither a text in quotes, nor a number, nor `true` or `false`";
        return (what.to_owned(), Some("put a text between quotes".to_owned()));
    }
    let value = ["invalid type: ", "invalid value: "].iter().find_map(|opening| message.strip_prefix(opening));
    if let Some((found, expected)) = value.and_then(|rest| rest.split_once(", expected ")) {
        return (format!("{} stands where {} should be", shown(found), plain_type(expected)), None);
    }
    match message.split_once(AND_SO) {
        Some((what, fix)) => (what.to_owned(), Some(fix.to_owned())),
        None => (message, None),
    }
}

fn suggestion(name: &str, known: &[&str], noun: &str) -> Option<String> {
    match nearest(name, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("the {noun} here are `{}`", known.join("`, `"))),
    }
}

/// The value found, between backticks: `string "soon"` becomes `"soon"`. A URL is not repeated.
fn shown(found: &str) -> String {
    match found {
        "map" => return "a table".to_owned(),
        "sequence" => return "a list".to_owned(),
        _ => {}
    }
    let literal = found.split_once(['"', '`']).map_or(found, |(_, rest)| rest.trim_end_matches(['"', '`']));
    if literal.contains("://") {
        // It may hold a password.
        return "a URL".to_owned();
    }
    if found.starts_with("string") { format!("`\"{literal}\"`") } else { format!("`{literal}`") }
}

fn plain_type(expected: &str) -> &str {
    match expected {
        "i64" | "u64" | "u32" | "i32" | "usize" | "an integer" => "a whole number",
        "f64" | "a floating point" => "a number",
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a map" => "a table",
        "a sequence" => "a list",
        other if other.starts_with("an unsigned") => "a whole number from 0 on",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// Why a file cannot be read or written, in words.
pub fn trouble(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::NotADirectory => "it is no folder".to_owned(),
        ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        ErrorKind::PermissionDenied => "this account has no right to".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_words_become_what_is_wrong_and_what_to_do() {
        let said = |message| {
            let (what, fix) = in_words(message);
            format!("{what} | {}", fix.unwrap_or_default())
        };
        let cases = [
            ("unknown field `limt`, expected `limit` or `size`", "unknown setting `limt` | did you mean `limit`?"),
            ("unknown field `x`, there are no fields", "unknown setting `x` | "),
            ("unknown variant `z`, expected one of `a`, `b`", "unknown word `z` | the words here are `a`, `b`"),
            ("missing field `client`", "`client` is missing | "),
            ("invalid type: string \"many\", expected i64", "`\"many\"` stands where a whole number should be | "),
            ("invalid type: integer `1`, expected a boolean", "`1` stands where `true` or `false` should be | "),
            ("invalid type: map, expected a string", "a table stands where a text in quotes should be | "),
            ("invalid value: string \"x\", expected `\"delete\"`", "`\"x\"` stands where `\"delete\"` should be | "),
            ("one thing; another", "one thing | another"),
            ("duplicate key", "duplicate key | "),
        ];
        for (message, words) in cases {
            assert_eq!(said(message), words);
        }
    }

    #[test]
    fn a_bare_word_is_told_to_wear_quotes() {
        for text in ["key = no", "key = true1", "key = customers"] {
            let error = toml::from_str::<toml::Table>(text).unwrap_err();
            let slip = Slip::of(text, &error);
            assert_eq!((slip.line, slip.fix.as_deref()), (Some(1), Some("put a text between quotes")), "{error}");
        }
    }
}
