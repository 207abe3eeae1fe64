//! Texts that people give: names that are what they seem, reasons of bounded length.

use unicode_normalization::UnicodeNormalization;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 60;
/// The longest reason, or other text, in characters.
pub const LONGEST_TEXT: usize = 500;
/// Latin letters that are not a plain one with an accent.
const LATIN: &str = "ÆæØøÐðÞþßẞŒœŁłĐđĦħŦŧŊŋ";
/// Letters of other scripts that look like Latin ones, digits or signs, without their accents.
const LOOK_LATIN: &str = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβγηικμνορυχω\
    АВЕЅІЈКМНОРСТУХЗЬЧГҮҺҪҒавеѕіјкмнорстухзбьгпицшүһҫғҽћђ\
    וןיסט\
    اهوہ\
    一二丨口工丁卜乙匚凵个ーニロエト";

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
    #[error("it is `.` or `..`, which no URL can contain as a name")]
    Dots,
}

impl Unclear {
    pub fn hint(self) -> String {
        match self {
            Self::Empty => "write at least one character".to_owned(),
            Self::Long(most) => format!("write up to {most} characters"),
            Self::Invisible => "write visible characters, with plain spaces, on one line".to_owned(),
            Self::Dots => "choose another name".to_owned(),
            Self::LookAlike => {
                "write letters of one alphabet, digits from 0 to 9, and plain signs such as `-`".to_owned()
            }
        }
    }
}

/// A text by which people are compared: case, spaces around and between words, and forms of the same characters do not
/// count.
pub fn folded(text: &str) -> String {
    let small: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    small.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character is drawn as nothing, or changes how others are drawn.
pub fn is_invisible(own: char) -> bool {
    own.is_control()
        || matches!(own,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}'
            | '\u{13430}'..='\u{13455}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// A text with what a terminal would obey, or not show, written out.
pub fn escaped(text: &str) -> String {
    let written = |own: char| if is_invisible(own) { own.escape_unicode().to_string() } else { own.to_string() };
    text.chars().map(written).collect()
}

/// JSON with what a terminal would obey, or not show, written as its escapes.
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
pub fn is_coloured(stream: &impl std::io::IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|own| !own.is_empty());
    stream.is_terminal() && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|own| own != "dumb")
}

/// Whether a text can be kept: it says something, is not too long, and shows all it says.
pub fn said(text: &str, most: usize) -> Result<(), Unclear> {
    if text.trim().is_empty() {
        return Err(Unclear::Empty);
    }
    if text.chars().nth(most).is_some() {
        return Err(Unclear::Long(most));
    }
    if text.chars().any(is_invisible) { Err(Unclear::Invisible) } else { Ok(()) }
}

/// Whether a text can be a name: two names that look the same are the same. It
/// has letters of one alphabet, plain digits and signs; where the alphabet is
/// not Latin, at least one letter shows that.
pub fn name(text: &str) -> Result<(), Unclear> {
    said(text, LONGEST_NAME)?;
    // Browsers and proxies take them as a folder, even where they are encoded.
    if matches!(text, "." | "..") {
        return Err(Unclear::Dots);
    }
    if text.chars().any(|own| own.is_whitespace() && own != ' ') {
        return Err(Unclear::Invisible);
    }
    let letters = || text.chars().filter(|own| !matches!(own, ' '..='~') || own.is_ascii_alphabetic());
    let scripts: Option<Vec<Script>> = letters().map(script).collect();
    let is_composed = text.nfkc().eq(text.chars());
    let Some(scripts) = scripts.filter(|_| is_composed) else { return Err(Unclear::LookAlike) };
    let first = scripts.first().copied().unwrap_or(Script::Latin);
    let is_mixed = scripts.iter().any(|own| *own != first);
    let seems_latin = first != Script::Latin && letters().all(|own| LOOK_LATIN.contains(base(own)));
    if is_mixed || seems_latin { Err(Unclear::LookAlike) } else { Ok(()) }
}

/// A name as it is compared with others: those that differ by case, or by a
/// letter that looks like a digit or another letter, are the same.
pub fn alike(name: &str) -> String {
    let same = |own: char| match own {
        '0' => 'o',
        '1' | 'i' | '|' => 'l',
        own => own,
    };
    name.to_lowercase().chars().map(same).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    /// Chinese, Japanese and Korean are written together.
    Asian,
}

/// A letter without its accents.
fn base(own: char) -> char {
    std::iter::once(own).nfd().next().unwrap_or(own)
}

/// The alphabet of a letter that names may have.
fn script(own: char) -> Option<Script> {
    if matches!(own, '\u{ac00}'..='\u{d7a3}') {
        return Some(Script::Asian);
    }
    Some(match base(own) {
        'a'..='z' | 'A'..='Z' => Script::Latin,
        own if LATIN.contains(own) => Script::Latin,
        '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3a9}' | '\u{3b1}'..='\u{3c9}' => Script::Greek,
        // Not the palochka, which is drawn like `I` and `l`.
        '\u{4c0}' | '\u{4cf}' => return None,
        '\u{400}'..='\u{45f}' | '\u{490}'..='\u{4ff}' => Script::Cyrillic,
        '\u{5d0}'..='\u{5ea}' => Script::Hebrew,
        '\u{621}'..='\u{63a}'
        | '\u{641}'..='\u{64a}'
        | '\u{67e}'
        | '\u{686}'
        | '\u{698}'
        | '\u{6a9}'
        | '\u{6af}'
        | '\u{6cc}' => Script::Arabic,
        '々'
        | 'ー'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' => Script::Asian,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Unclear, alike, escaped, folded, name, said, shown};

    #[test]
    fn case_spaces_and_forms_of_characters_do_not_tell_people_apart() {
        assert_eq!(folded("  Ren\u{e9}e\u{a0}  BERG\t"), folded("rene\u{301}e berg"));
        assert_ne!(folded("Anna Berg"), folded("AnnaBerg"));
        assert_eq!(folded(" \n"), "");
    }

    #[test]
    fn names_of_every_alphabet_are_names() {
        for own in [
            "first week",
            "Prüfung 3/2026",
            "Été",
            "Łódź, Đorđe & Straße",
            "Nguyễn Thị Ơn",
            "Ștefan",
            "Ольга",
            "Қазақ",
            "Їжак",
            "Νύχτα",
            "夜の一覧",
            "서울",
            "عربي",
            "week 1 (late)",
            "a_b-c.d@e",
            "עברית",
            "2026-01",
        ] {
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
            "a\u{1d173}b",
            "a\u{1bca0}b",
            "a\u{70f}b",
            "a\u{13430}b",
            "a\u{13455}b",
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
            "b\u{966}b",
            "a\u{1c0}ice",
            "\u{185}ob",
            "ᎪᏞᏆᏟᎬ",
            "ꓐꓳꓐ",
            "\u{4c0}ВМ",
            "ё\u{441}\u{43e}",
            "week\u{2010}1",
            "a\u{2013}b",
            "a\u{2212}b",
            "a\u{a789}b",
            "l\u{335}",
            "\u{212a}ate",
            "a\u{1f170}",
        ] {
            assert_eq!(name(own), Err(Unclear::LookAlike), "{own:?}");
        }
        assert_eq!(name(&"x".repeat(61)), Err(Unclear::Long(60)));
        assert_eq!([name("."), name(".."), name("..x")], [Err(Unclear::Dots), Err(Unclear::Dots), Ok(())]);
        assert_eq!((name(" "), said("\t", 5)), (Err(Unclear::Empty), Err(Unclear::Empty)));
        assert_eq!(said("a lawsuit: Ярослав & Son \u{1f600}", 500), Ok(()));
    }

    #[test]
    fn names_that_differ_by_what_looks_the_same_are_alike() {
        for own in ["alice", "aIice", "ALICE", "a1ice"] {
            assert_eq!(alike(own), alike("Alice"), "{own}");
        }
        assert_eq!(alike("b0b"), alike("BOB"));
        assert_ne!(alike("alice"), alike("alize"));
    }

    #[test]
    fn a_terminal_is_shown_nothing_that_it_would_obey() {
        assert_eq!(escaped("a\u{1b}]0;x\u{7}b\nc\u{202e}"), "a\\u{1b}]0;x\\u{7}b\\u{a}c\\u{202e}");
        assert_eq!(shown("a\n\tb\u{1b}[31mc\u{9b}2J", false), "a\n\tb\\u{1b}[31mc\\u{9b}2J");
        assert_eq!(shown("\u{1b}[31mc\u{1b}[0m\u{1b}[2J\r", true), "\u{1b}[31mc\u{1b}[0m\\u{1b}[2J\\u{d}");
    }
}
