//! The escapes of CSS and RTF, and bytes written in hex.

use memchr::memchr;

use super::escapes::{FEWEST_SIGNS, hex_byte, latin, said};

/// Texts whose bytes are written in hex, one behind the other.
pub(super) fn hex(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|own| own.is_ascii_hexdigit()).count();
        if length >= FEWEST_SIGNS && length.is_multiple_of(2) {
            let run = bytes[at..at + length].chunks_exact(2).filter_map(hex_byte).collect::<Vec<u8>>();
            let is_text = |own: &u8| !own.is_ascii_control() || own.is_ascii_whitespace();
            if let Some(own) = run.iter().all(is_text).then(|| said(run)).flatten() {
                plain.push_str(&text[copied..at]);
                plain.push(' ');
                plain.push_str(&own);
                plain.push(' ');
                copied = at + length;
            }
        }
        at += length.max(1);
    }
    (copied > 0).then(|| plain + &text[copied..])
}

/// Those of CSS: up to six digits in hex, and a space that ends them.
pub(super) fn css(text: &str) -> Option<String> {
    memchr(b'\\', text.as_bytes())?;
    let (mut parts, mut is_any) = (text.split('\\'), false);
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let length = part.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        let character = u32::from_str_radix(&part[..length], 16).ok().and_then(char::from_u32);
        is_any |= character.is_some();
        plain.push(character.unwrap_or('\\'));
        let rest = if character.is_some() { &part[length..] } else { part };
        plain.push_str(if character.is_some() { rest.strip_prefix(' ').unwrap_or(rest) } else { rest });
    }
    is_any.then_some(plain)
}

/// Those of RTF, with its words and brackets: `\'e9`, `\u233?`, `{\b Ada}`.
pub(super) fn rtf(text: &str) -> Option<String> {
    memchr(b'\\', text.as_bytes())?;
    let (mut parts, mut is_any, mut is_fallback) = (text.split('\\'), false, false);
    let has_fallbacks = !text.contains(r"\uc0");
    let plain_of = |part: &str| part.replace(['{', '}'], "");
    let mut plain = plain_of(parts.next()?);
    for part in parts {
        let bytes = part.as_bytes();
        if let Some(byte) = part.strip_prefix('\'').and_then(|own| hex_byte(own.as_bytes())) {
            // What stands for a character behind its number, for programs that cannot read it.
            if !std::mem::take(&mut is_fallback) {
                plain.push(latin(byte));
            }
            plain.push_str(&plain_of(&part[3..]));
            is_any = true;
            continue;
        }
        is_fallback = false;
        let word = bytes.iter().take_while(|own| own.is_ascii_alphabetic()).count();
        let sign = usize::from(word > 0 && bytes.get(word) == Some(&b'-'));
        let digits = bytes[word + sign..].iter().take(5).take_while(|own| own.is_ascii_digit()).count();
        let end = if digits > 0 { word + sign + digits } else { word };
        let rest = part[end..].strip_prefix(' ').unwrap_or(&part[end..]);
        if &part[..word] == "u" && digits > 0 {
            // Numbers beyond 32,767 are written as negative ones.
            let unit = part[word..end].parse::<i32>().map_or(0, |own| own.rem_euclid(65_536));
            plain.push(u32::try_from(unit).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            is_fallback = has_fallbacks && rest.is_empty();
            let mut rest = rest.chars();
            if has_fallbacks && !rest.as_str().starts_with(['{', '}']) {
                rest.next();
            }
            plain.push_str(&plain_of(rest.as_str()));
            is_any = true;
            continue;
        }
        if ["par", "line", "tab"].contains(&&part[..word]) {
            plain.push(' ');
        } else if word == 0 {
            plain.push('\\');
        }
        plain.push_str(&plain_of(rest));
    }
    (is_any || text.contains(r"{\rtf")).then_some(plain)
}
