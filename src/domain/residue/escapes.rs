//! The ways in which a text can carry another one: each takes one layer of its
//! escapes off, or gives `None` if there is none.
//!
//! All are linear in the length of the text.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use percent_encoding::percent_decode_str;

use super::entities::NAMES;
use super::markup::{css, hex, rtf};

/// Takes one layer off.
pub(super) type Unescape = fn(&str) -> Option<String>;

/// What is read, the most common first.
pub(super) const ALL: [Unescape; 14] = [
    json,
    percent,
    percent_u,
    query,
    html,
    tags,
    backslash,
    doubled,
    encoded_words,
    quoted_printable,
    base64,
    hex,
    css,
    rtf,
];

/// The longest name of a character in HTML, and the longest encoded word of a mail's header that is read.
const LONGEST_NAME: usize = 24;
const LONGEST_WORD: usize = 512;

/// The longest name of a character of western Europe, such as `Aacute`: HTML reads these without a semicolon too.
const LONGEST_BARE_NAME: usize = 6;

/// Fewer signs of base64 than this are looked through in vain in every text.
pub(super) const FEWEST_SIGNS: usize = 8;

/// A line of base64 that is broken is at least this long.
const BROKEN_LINE: usize = 60;

/// So many signs of base64 may be a piece of more, which begins and ends anywhere.
const A_PIECE: usize = 64 << 10;

/// JSON's. `\'` counts as one, since many programs write it; half a surrogate
/// pair becomes U+FFFD, and what is not an escape stays as it is.
pub(super) fn json(text: &str) -> Option<String> {
    memchr(b'\\', text.as_bytes())?;
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        let after = rest.as_str();
        let hex = || u16::from_str_radix(after.get(1..5)?, 16).ok();
        let (unit, length) = match after.bytes().next() {
            Some(byte @ (b'"' | b'\'' | b'\\' | b'/')) => (byte.into(), 1),
            Some(b'n' | b'r' | b't' | b'f' | b'b') => (b' '.into(), 1),
            Some(b'u') => hex().map_or((b'\\'.into(), 0), |unit| (unit, 5)),
            _ => (b'\\'.into(), 0),
        };
        units.push(unit);
        rest = after[length..].chars();
    }
    Some(String::from_utf16_lossy(&units)).filter(|plain| plain != text)
}

/// Those of URLs.
fn percent(text: &str) -> Option<String> {
    memchr(b'%', text.as_bytes())?;
    match Cow::from(percent_decode_str(text)) {
        Cow::Owned(plain) => Some(readable(plain)),
        Cow::Borrowed(_) => None,
    }
}

/// Those that JavaScript's `escape` writes beside them: `%u00E9`.
fn percent_u(text: &str) -> Option<String> {
    memmem::find(text.as_bytes(), b"%u")?;
    json(&text.replace("%u", r"\u"))
}

/// Quotes within the single quotes of YAML and SQL.
fn doubled(text: &str) -> Option<String> {
    memmem::find(text.as_bytes(), b"''")?;
    Some(text.replace("''", "'"))
}

/// `+` as a space in what may be the query of a URL.
fn query(text: &str) -> Option<String> {
    let may_be_query = text.contains('+') && text.contains(['=', '%']);
    may_be_query.then(|| text.replace('+', " "))
}

/// The names and numbers of characters in HTML and XML.
pub(super) fn html(text: &str) -> Option<String> {
    memchr(b'&', text.as_bytes())?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_any = false;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match character_reference(rest) {
            Some((character, length)) => {
                plain.push(character);
                rest = &rest[length..];
                is_any = true;
            }
            None => plain.push('&'),
        }
    }
    is_any.then(|| plain + rest)
}

/// The tags of HTML and XML, which can stand between two words of a name.
fn tags(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_any = false;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        let (before, tag) = (&rest[..at], &rest[at + 1..]);
        let Some(end) = memchr(b'>', tag.as_bytes()) else { break };
        let is_tag = tag.starts_with(|own: char| own.is_ascii_alphabetic() || own == '/');
        plain.push_str(before);
        plain.push(if is_tag { ' ' } else { '<' });
        rest = if is_tag { &tag[end + 1..] } else { tag };
        is_any |= is_tag;
    }
    is_any.then(|| plain + rest)
}

/// What stands behind an `&`: its character, and how many bytes say so.
fn character_reference(text: &str) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    if let Some(number) = text.strip_prefix('#') {
        let (radix, digits, from) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits, 2),
            None => (10, number, 1),
        };
        let length = digits.bytes().take(8).take_while(|own| char::from(*own).is_digit(radix)).count();
        let number = u32::from_str_radix(&digits[..length], radix).ok()?;
        // Numbers of Windows' own characters are read as these.
        let character = u8::try_from(number).map_or_else(|_| char::from_u32(number), |own| Some(latin(own)))?;
        let end = from + length;
        return Some((character, end + usize::from(bytes.get(end) == Some(&b';'))));
    }
    let named = |length: usize| {
        let at = NAMES.binary_search_by(|(name, _)| name.as_bytes().cmp(&bytes[..length])).ok()?;
        Some((NAMES[at].1, length))
    };
    let end = bytes.iter().take(LONGEST_NAME).position(|own| *own == b';');
    if let Some((character, length)) = end.and_then(named) {
        return Some((character, length + 1));
    }
    let letters = bytes.iter().take(LONGEST_BARE_NAME).take_while(|own| own.is_ascii_alphanumeric()).count();
    let mut bare = (2..=letters).rev().filter_map(named);
    bare.find(|(character, _)| ('\u{a0}'..='\u{ff}').contains(character))
}

/// Those of YAML and of programming languages that JSON has not: bytes in hex
/// and in octal, long numbers, special spaces. JSON's are read along with them.
fn backslash(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut is_any = false;
    while let Some(at) = memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let length = if let Some((length, is_own)) = backslashed(rest, &mut plain) {
            is_any |= is_own;
            length
        } else {
            plain.push(b'\\');
            0
        };
        rest = &rest[length..];
    }
    is_any.then(|| {
        plain.extend_from_slice(rest);
        readable(plain)
    })
}

/// What stands behind a backslash: how many bytes it takes, and whether JSON has no such escape.
fn backslashed(after: &[u8], plain: &mut Vec<u8>) -> Option<(usize, bool)> {
    let number = |from: usize, digits: usize| -> Option<u32> {
        let digits = after.get(from..from + digits)?;
        digits.iter().all(u8::is_ascii_hexdigit).then(|| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())?
    };
    let mut character = |number: u32| {
        let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    };
    let (byte, length, is_own) = match *after {
        [own @ (b'"' | b'\'' | b'\\' | b'/'), ..] => (own, 1, false),
        [b'n' | b'r' | b't' | b'f' | b'b', ..] => (b' ', 1, false),
        [b'_' | b'N' | b'L' | b'P' | b'a' | b'e' | b'v' | b' ', ..] => (b' ', 1, true),
        [b'x', ..] => (u8::try_from(number(1, 2)?).ok()?, 3, true),
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), 3, true)
        }
        [b'U', ..] => {
            character(number(1, 8)?);
            return Some((9, true));
        }
        [b'u', b'{', ..] => {
            let length = after[2..].iter().take(7).position(|own| *own == b'}')?;
            character(number(2, length)?);
            return Some((length + 3, true));
        }
        [b'u', ..] => {
            let high = number(1, 4)?;
            let low = || if after.get(5..7)? == br"\u" { number(7, 4) } else { None };
            let pair = low().filter(|low| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
            character(pair.map_or(high, |low| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
            return Some((if pair.is_some() { 11 } else { 5 }, false));
        }
        // A line that goes on.
        [b'\n', ..] | [b'\r', b'\n', ..] => {
            let length = after.iter().position(|own| !own.is_ascii_whitespace()).unwrap_or(after.len());
            return Some((length, true));
        }
        _ => return None,
    };
    plain.push(byte);
    Some((length, is_own))
}

/// The words of a mail's header that are encoded by themselves (RFC 2047).
/// White space between two of them is none of the text.
fn encoded_words(text: &str) -> Option<String> {
    memmem::find(text.as_bytes(), b"=?")?;
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let (mut is_any, mut is_behind_word) = (false, false);
    while let Some(at) = memmem::find(rest, b"=?") {
        let (before, word) = (&rest[..at], &rest[at + 2..]);
        let decoded = encoded_word(word);
        if decoded.is_none() || !is_behind_word || !before.iter().all(u8::is_ascii_whitespace) {
            plain.extend_from_slice(before);
        }
        is_behind_word = decoded.is_some();
        is_any |= is_behind_word;
        rest = if let Some((own, length)) = decoded {
            plain.extend_from_slice(&own);
            &word[length..]
        } else {
            plain.extend_from_slice(b"=?");
            word
        };
    }
    is_any.then(|| {
        plain.extend_from_slice(rest);
        readable(plain)
    })
}

/// What stands behind `=?`: the bytes of the word, and how many bytes say so.
fn encoded_word(word: &[u8]) -> Option<(Vec<u8>, usize)> {
    let near = &word[..word.len().min(LONGEST_WORD)];
    let set = memchr(b'?', near)?;
    let [kind, b'?', text @ ..] = &near[set + 1..] else { return None };
    let length = memmem::find(text, b"?=")?;
    let text = &text[..length];
    let bytes = match kind {
        b'B' | b'b' => decoded(text)?,
        b'Q' | b'q' => {
            let spaced: Vec<u8> = text.iter().map(|own| if *own == b'_' { b' ' } else { *own }).collect();
            equals(&spaced)
        }
        _ => return None,
    };
    Some((bytes, set + 3 + length + 2))
}

/// The bytes of a mail that are written as `=C3`, and the lines broken by `=`.
fn quoted_printable(text: &str) -> Option<String> {
    memchr(b'=', text.as_bytes())?;
    let plain = equals(text.as_bytes());
    (plain.len() < text.len()).then(|| readable(plain))
}

fn equals(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'=', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        // What white space there is in front of the break is none of the text.
        let space = rest.iter().take_while(|own| matches!(own, b' ' | b'\t')).count();
        let length = match &rest[space..] {
            [b'\r', b'\n', ..] => space + 2,
            [b'\n', ..] => space + 1,
            _ => {
                let byte = hex_byte(rest);
                plain.push(byte.unwrap_or(b'='));
                if byte.is_some() { 2 } else { 0 }
            }
        };
        rest = &rest[length..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// Texts in base64, with either alphabet, broken into lines or not.
fn base64(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if sign(bytes[at]).is_none() {
            at += 1;
            continue;
        }
        let end = at + run(&bytes[at..]);
        if let Some(own) = decoded_run(&bytes[at..end]) {
            plain.push_str(&text[copied..at]);
            // So that its first and last word end where it does.
            plain.push(' ');
            plain.push_str(&own);
            plain.push(' ');
            copied = end;
        }
        at = end;
    }
    (copied > 0).then(|| plain + &text[copied..])
}

/// How many bytes of signs a text begins with: full lines that go on, and signs that fill up the last one.
fn run(text: &[u8]) -> usize {
    let (mut at, mut line) = (0, 0);
    while at < text.len() {
        if sign(text[at]).is_some() {
            at += 1;
            line += 1;
            continue;
        }
        let space = text[at..].iter().take(8).take_while(|own| own.is_ascii_whitespace()).count();
        let goes_on = text.get(at + space).is_some_and(|own| sign(*own).is_some());
        if space == 0 || line < BROKEN_LINE || line % 4 > 0 || !goes_on {
            break;
        }
        (at, line) = (at + space, 0);
    }
    at + text[at..].iter().take(2).take_while(|own| **own == b'=').count()
}

fn decoded_run(run: &[u8]) -> Option<String> {
    if run.len() < FEWEST_SIGNS {
        return None;
    }
    if let Some(text) = decoded(run).and_then(said) {
        return Some(text);
    }
    if run.len() >= A_PIECE {
        let groups = (0..4).filter_map(|at| decoded(run[at..].as_chunks::<4>().0.as_flattened()).map(readable));
        let groups: Vec<String> = groups.collect();
        if !groups.is_empty() {
            return Some(groups.join(" "));
        }
    }
    // A path or a name can stand in front of it.
    let is_joint = |own: &u8| matches!(own, b'/' | b'+' | b'-' | b'_');
    let parts = run.split(is_joint).filter(|own| own.len() >= FEWEST_SIGNS && own.len() < run.len());
    let parts: Vec<String> = parts.filter_map(|own| decoded(own).and_then(said)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The bytes that signs of base64 stand for, white space and filling aside; `None` if one of them is in no text.
fn decoded(run: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    let mut signs = 0_usize;
    for own in run.iter().filter(|own| !own.is_ascii_whitespace() && **own != b'=') {
        bits = (bits << 6 | sign(*own)?) & 0xffff;
        held += 6;
        signs += 1;
        if held >= 8 {
            held -= 8;
            let byte = u8::try_from(bits >> held & 0xff).ok()?;
            if byte.is_ascii_control() && !byte.is_ascii_whitespace() {
                return None;
            }
            bytes.push(byte);
        }
    }
    let is_whole = signs % 4 != 1 && bits & ((1 << held) - 1) == 0;
    is_whole.then_some(bytes)
}

/// Bytes as a text, if they are one.
pub(super) fn said(bytes: Vec<u8>) -> Option<String> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error.into_bytes(),
    };
    let is_latin = !bytes.iter().any(|own| (0x80..0xa0).contains(own));
    is_latin.then(|| bytes.iter().map(|own| char::from(*own)).collect())
}

/// What a sign of base64 stands for.
fn sign(byte: u8) -> Option<u32> {
    let number = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(number.into())
}

pub(super) fn hex_byte(text: &[u8]) -> Option<u8> {
    let digits = text.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Bytes as a text: those that are not UTF-8 as characters of western Europe.
fn readable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let mut text = String::new();
        for chunk in error.as_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|own| latin(*own)));
        }
        text
    })
}

/// A byte as Windows reads it in western Europe.
pub(super) fn latin(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x8a => 'Š',
        0x8c => 'Œ',
        0x8e => 'Ž',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0x9a => 'š',
        0x9c => 'œ',
        0x9e => 'ž',
        0x9f => 'Ÿ',
        own => char::from(own),
    }
}
