//! From which tables the text of a trigger deletes rows.

use std::collections::BTreeMap;

/// The tables, without their schema, from which a trigger's text deletes rows.
/// What stands in its strings counts too, as it can be executed.
pub(super) fn deletes_from(sql: &str) -> Vec<String> {
    let words = words(sql);
    let mut tables = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let is = |at: usize, other: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(other));
        let skip = |at: usize, others: &[&str]| if others.iter().any(|other| is(at, other)) { at + 1 } else { at };
        let named = match word.to_ascii_lowercase().as_str() {
            "delete" if is(at + 1, "from") => Some(skip(at + 2, &["only"])),
            "replace" if is(at + 1, "into") => Some(at + 2),
            "replace" if at > 1 && is(at - 1, "or") && is(at - 2, "update") => Some(at + 1),
            "truncate" => Some(skip(skip(at + 1, &["table"]), &["only"])),
            _ => None,
        };
        let Some(name) = named.and_then(|at| words.get(at)) else { continue };
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '[', ']']).to_owned();
        if !name.is_empty() && !tables.contains(&name) {
            tables.push(name);
        }
    }
    tables
}

/// A trigger's text in small letters, if it can change or delete rows.
pub(super) fn writes(sql: &str) -> Option<String> {
    // Which statement a trigger fires for is asked in quotes.
    let asked = ["'update'", "'delete'", "'insert'", "'truncate'"];
    let text = asked.iter().fold(sql.to_lowercase(), |text, own| text.replace(own, ""));
    let changes = ["update", "delete", "replace", "truncate", "merge", "execute"];
    words(&text).iter().any(|word| changes.contains(&word.as_str())).then_some(text)
}

/// The text with those of the functions that it calls, that these call, and so on.
pub(super) fn with_called(text: &str, functions: &BTreeMap<String, String>) -> String {
    let mut all = text.to_owned();
    let mut left: BTreeMap<&String, &String> = functions.iter().collect();
    let mut from = 0;
    while from < all.len() {
        let own = all[from..].to_ascii_lowercase();
        from = all.len();
        left.retain(|name, called| {
            let is_called = calls(&own, &name.to_ascii_lowercase());
            if is_called {
                all.push('\n');
                all.push_str(called);
            }
            !is_called
        });
    }
    all
}

/// Whether a text has a function's name in front of a bracket.
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let within = text[..at].chars().next_back().is_some_and(|own| own.is_alphanumeric() || own == '_');
        !within && text[at + name.len()..].trim_start_matches('"').trim_start().starts_with('(')
    })
}

/// Whether the statement that makes a trigger says `DELETE` before its body.
pub(super) fn fires_on_delete(sql: &str) -> bool {
    let words = words(sql);
    let head = words.iter().take_while(|word| !word.eq_ignore_ascii_case("begin") && !word.eq_ignore_ascii_case("on"));
    head.skip(2).any(|word| word.eq_ignore_ascii_case("delete"))
}

/// The words of a text without its comments; a name keeps its quotes and its dots.
fn words(sql: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        let until = match rest {
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => 0,
        };
        plain.push(if until > 0 { ' ' } else { letter });
        rest = &rest[until.max(letter.len_utf8())..];
    }
    let is_of_a_name = |letter: char| letter.is_alphanumeric() || "_$.\"`[]".contains(letter);
    plain.split(|letter| !is_of_a_name(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_followed_to_those_that_they_call() {
        let functions = [
            ("tidy", "PERFORM tidy_more (x)"),
            ("tidy_more", "DELETE FROM b; PERFORM tidy(x)"),
            ("y", "delete from c"),
        ];
        let functions: BTreeMap<String, String> =
            functions.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let found = |text: &str| deletes_from(&with_called(text, &functions));
        assert_eq!(found("BEGIN PERFORM public.\"tidy\"(OLD.id); DELETE FROM a; END"), ["a", "b"]);
        assert!(found("BEGIN PERFORM untidy(OLD.y); NEW.tidy := 1; END").is_empty());
    }

    #[test]
    fn the_tables_are_found_however_they_are_written() {
        let sql = "CREATE TRIGGER t AFTER UPDATE ON a BEGIN -- DELETE FROM comment
            DELETE FROM main.\"b\" WHERE x = OLD.x; /* delete from c */ REPLACE INTO d VALUES (1);
            INSERT OR REPLACE INTO [e] VALUES (1); UPDATE OR REPLACE f SET x = 1; SELECT replace(x, 'a', 'b'); END";
        assert_eq!(deletes_from(sql), ["b", "d", "e", "f"]);
        assert!(!fires_on_delete(sql));
        assert_eq!(deletes_from("BEGIN TRUNCATE TABLE ONLY s.a; EXECUTE 'delete from only b'; END"), ["a", "b"]);
        assert!(deletes_from("BEGIN INSERT INTO log VALUES ('gone', OLD.no); RETURN NULL; END").is_empty());
        assert!(fires_on_delete("CREATE TRIGGER IF NOT EXISTS \"delete it\" BEFORE DELETE ON a BEGIN SELECT 1; END"));
    }
}
