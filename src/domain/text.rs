//! Texts that people give: names that are what they seem, reasons of bounded length.

use unicode_normalization::UnicodeNormalization;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 60;
/// The longest reason, or other text, in characters.
pub const LONGEST_TEXT: usize = 500;
/// Letters of other scripts that look like Latin ones.
const LOOK_LATIN: &str = "АВЕЅІЈКМНОРСТУХҮԌԚԜавеѕіјкмнорстухүһԁԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυχκτՕՏՍօսոցհզ";

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("it is empty")]
    Empty,
    #[error("it has more than {0} characters")]
    Long(usize),
    #[error("it has a control character, or one that cannot be seen")]
    Invisible,
    #[error("it has characters that look like others")]
    LookAlike,
}

impl Unclear {
    #[must_use]
    pub fn hint(self) -> String {
        match self {
            Self::Empty => "write at least one character".to_owned(),
            Self::Long(most) => format!("write up to {most} characters"),
            Self::Invisible => "write visible characters, with plain spaces, on one line".to_owned(),
            Self::LookAlike => "write it in the letters of one alphabet".to_owned(),
        }
    }
}

/// Whether a character is drawn as nothing, or changes how others are drawn.
#[must_use]
pub fn is_invisible(own: char) -> bool {
    own.is_control()
        || matches!(own,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{10ffff}')
}

/// A text with what a terminal would obey, or not show, written out.
#[must_use]
pub fn escaped(text: &str) -> String {
    let written = |own: char| if is_invisible(own) { own.escape_unicode().to_string() } else { own.to_string() };
    text.chars().map(written).collect()
}

/// JSON with what a terminal would obey, or not show, written as its escapes.
#[must_use]
pub fn json(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for own in text.chars() {
        if own == '\n' || !is_invisible(own) {
            all.push(own);
        } else {
            all.extend(own.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    all
}

/// A text of several lines as a terminal shows it: escaped, but for lines, tabs, and colours where they are wanted.
#[must_use]
pub fn shown(text: &str, coloured: bool) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(own) = rest.chars().next() {
        let colour = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m", "[36m"].into_iter();
        let colour = colour.filter(|_| coloured && own == '\u{1b}').find(|code| rest[1..].starts_with(code));
        match colour {
            Some(code) => all += &rest[..=code.len()],
            None if matches!(own, '\n' | '\t') || !is_invisible(own) => all.push(own),
            None => all += &own.escape_unicode().to_string(),
        }
        rest = &rest[colour.map_or(own.len_utf8(), |code| 1 + code.len())..];
    }
    all
}

/// Whether a stream takes colours: a terminal does, unless `NO_COLOR` is set.
#[must_use]
pub fn is_coloured(stream: &impl std::io::IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|own| !own.is_empty());
    stream.is_terminal() && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|own| own != "dumb")
}

/// Whether a text can be kept: it says something, is not too long, and shows all it says.
///
/// # Errors
///
/// [`Unclear`] says why not.
pub fn said(text: &str, most: usize) -> Result<(), Unclear> {
    if text.trim().is_empty() {
        return Err(Unclear::Empty);
    }
    if text.chars().nth(most).is_some() {
        return Err(Unclear::Long(most));
    }
    if text.chars().any(is_invisible) { Err(Unclear::Invisible) } else { Ok(()) }
}

/// Whether a text can be a name: two names that look the same are the same.
///
/// # Errors
///
/// [`Unclear`] says why not.
pub fn name(text: &str) -> Result<(), Unclear> {
    said(text, LONGEST_NAME)?;
    if text.chars().any(|own| own.is_whitespace() && own != ' ') {
        return Err(Unclear::Invisible);
    }
    let mut scripts: Vec<Script> = text.chars().filter_map(script).collect();
    scripts.dedup();
    let (first, letters) = (scripts.first(), || text.chars().filter(|own| own.is_alphabetic()));
    let is_mixed = scripts.iter().any(|own| Some(own) != first);
    let seems_latin = matches!(first, Some(Script::Other(_))) && letters().all(|own| LOOK_LATIN.contains(own));
    let is_composed = text.nfkc().eq(text.chars());
    if is_mixed || seems_latin || !is_composed || first == Some(&Script::Phonetic) {
        return Err(Unclear::LookAlike);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    /// Letters of phonetics, which look like Latin ones.
    Phonetic,
    /// Another alphabet, by where its block begins; Chinese, Japanese and Korean are written together.
    Other(u32),
}

fn script(own: char) -> Option<Script> {
    let blocks =
        [0x370, 0x400, 0x530, 0x590, 0x600, 0x900, 0xe00, 0x10a0, 0x1100, 0x13a0, 0x1400, 0x1680, 0x1780, 0x2c00];
    match own as u32 {
        _ if !own.is_alphabetic() => None,
        0x131 | 0x237 | 0x250..=0x2af | 0x1d00..=0x1dbf | 0xa720..=0xa7ff | 0xab30..=0xab6f => Some(Script::Phonetic),
        ..0x250 | 0x1e00..=0x1eff => Some(Script::Latin),
        0x1f00..=0x1fff => Some(Script::Other(0x370)),
        0x1100..=0x11ff | 0x2e80..=0x9fff | 0xac00..=0xd7af | 0x20000..=0x3ffff => Some(Script::Other(0x1100)),
        at => Some(Script::Other(blocks.into_iter().rev().find(|block| *block <= at).unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Unclear, escaped, name, said, shown};

    #[test]
    fn names_of_every_alphabet_are_names() {
        for own in
            ["first week", "Prüfung 3/2026", "Été", "Ольга", "Νύχτα", "夜の一覧", "week 1 (late)", "a_b-c.d@e", "עברית"]
        {
            assert_eq!(name(own), Ok(()), "{own}");
        }
    }

    #[test]
    fn names_that_are_not_what_they_seem_are_refused() {
        for own in [
            "a\nb",
            "a\u{1b}[2Jb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{ad}b",
            "a\u{a0}b",
            "\u{feff}a",
            "a\u{85}b",
            "a\u{2066}b",
        ] {
            assert_eq!(name(own), Err(Unclear::Invisible), "{own:?}");
        }
        for own in [
            "p\u{430}ypal",
            "\u{441}\u{43e}\u{441}",
            "ａdmin",
            "\u{1d41a}dmin",
            "e\u{301}",
            "\u{251}dmin",
            "alıce",
            "\u{39f}\u{39a}",
        ] {
            assert_eq!(name(own), Err(Unclear::LookAlike), "{own:?}");
        }
        assert_eq!(name(&"x".repeat(61)), Err(Unclear::Long(60)));
        assert_eq!((name(" "), said("\t", 5)), (Err(Unclear::Empty), Err(Unclear::Empty)));
        assert_eq!(said("a lawsuit: Ярослав & Son \u{1f600}", 500), Ok(()));
    }

    #[test]
    fn a_terminal_is_shown_nothing_that_it_would_obey() {
        assert_eq!(escaped("a\u{1b}]0;x\u{7}b\nc\u{202e}"), "a\\u{1b}]0;x\\u{7}b\\u{a}c\\u{202e}");
        assert_eq!(shown("a\n\tb\u{1b}[31mc\u{9b}2J", false), "a\n\tb\\u{1b}[31mc\\u{9b}2J");
        assert_eq!(shown("\u{1b}[31mc\u{1b}[0m\u{1b}[2J\r", true), "\u{1b}[31mc\u{1b}[0m\\u{1b}[2J\\u{d}");
    }
}
