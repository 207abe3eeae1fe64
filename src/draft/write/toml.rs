//! Pieces of TOML and SQL as people write them.

use crate::policy::{Compare, Link, Names};

use super::super::words::Words;

/// A key, quoted only where it must be.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|mark| mark.is_ascii_alphanumeric() || mark == '_' || mark == '-');
    if bare { name.to_owned() } else { string(name) }
}

/// A text in quotes: double ones, or single ones where that spares the backslashes.
pub(super) fn string(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') && !text.contains(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for mark in text.chars() {
        match mark {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            mark if mark.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(mark)).chars()),
            mark => quoted.push(mark),
        }
    }
    quoted.push('"');
    quoted
}

/// One name, or a list of names.
pub(super) fn array(names: &[String]) -> String {
    match names {
        [one] => string(one),
        many => format!("[{}]", many.iter().map(|name| string(name)).collect::<Vec<_>>().join(", ")),
    }
}

/// A setting with a list of texts, on as many lines as it needs.
pub(super) fn list(name: &str, items: &[String], width: usize) -> String {
    let quoted: Vec<String> = items.iter().map(|item| string(item)).collect();
    let line = format!("{name} = [{}]\n", quoted.join(", "));
    if line.chars().count() <= width { line } else { format!("{name} = [\n{}]\n", lines(items, width)) }
}

/// The lines of such a list.
pub(super) fn lines(items: &[String], width: usize) -> String {
    let (mut text, mut line) = (String::new(), String::new());
    for item in items.iter().map(|item| string(item)) {
        if !line.is_empty() && line.chars().count() + item.chars().count() + 4 > width {
            text.push_str(&format!("  {}\n", line.trim_end()));
            line.clear();
        }
        line.push_str(&format!("{item}, "));
    }
    if !line.is_empty() {
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    text
}

/// A text that cannot end its comment.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|mark| if mark.is_control() { ' ' } else { mark }).collect()
}

/// A name in SQL, quoted only where it must be.
pub(in crate::draft) fn identifier(name: &str) -> String {
    const RESERVED: Words = Words(
        "order group user table index check default column from to in on end case when type values references \
         select where and or not null desc asc",
    );
    let plain = name.starts_with(|mark: char| mark.is_ascii_lowercase() || mark == '_')
        && name.chars().all(|mark| mark.is_ascii_lowercase() || mark.is_ascii_digit() || mark == '_')
        && !RESERVED.has(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A link: a column's name where that says it all.
pub(super) fn link(link: &Link) -> String {
    if *link == Link::column(&link.column.to_string())
        && let Names::One(column) = &link.column
    {
        return string(column);
    }
    let names = |names: &Names| array(names.as_slice());
    let mut parts = Vec::new();
    parts.extend(link.name.as_ref().map(|name| format!("name = {}", string(name))));
    parts.push(format!("column = {}", names(&link.column)));
    parts.extend(link.through.as_ref().map(|through| format!("through = {}", string(through))));
    parts.extend(link.equals.as_ref().map(|equals| format!("equals = {}", names(equals))));
    parts.extend(link.link.as_ref().map(|name| format!("for = {}", string(name))));
    parts.extend(link.condition.as_ref().map(|condition| format!("where = {}", string(condition))));
    parts.extend(link.compare.map(|Compare::Email| "compare = \"email\"".to_owned()));
    parts.extend(link.text.as_ref().map(|text| format!("text = {}", string(text))));
    parts.extend((!link.exclusive.is_no()).then(|| "exclusive = true".to_owned()));
    format!("{{ {} }}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        assert_eq!(key("e_mail-2"), "e_mail-2");
        assert_eq!(key("Order Details"), "\"Order Details\"");
        assert_eq!(key("Straße"), "\"Straße\"");
        assert_eq!(string("\"a\" IS NULL"), "'\"a\" IS NULL'");
        assert_eq!(string("a\n\"b\"\\"), "\"a\\u000A\\\"b\\\"\\\\\"");
        assert_eq!(identifier("status"), "status");
        assert_eq!(identifier("ShippedDate"), "\"ShippedDate\"");
        assert_eq!(identifier("order"), "\"order\"");
        assert_eq!(comment("a\nfree = 1"), "a free = 1");
    }
}
