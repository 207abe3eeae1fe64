//! Lists of clients: files with one key a line.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::Path;

use super::Failure;
use crate::domain::reading::trouble;

/// The keys in a list as people write them, each with its line: one key a
/// line, comments and empty lines left out. `option` is how the list was named.
pub(super) fn keys(
    list: &Path,
    option: &'static str,
) -> Result<impl Iterator<Item = Result<(usize, String), Failure>> + Send, Failure> {
    let shown = list.display().to_string();
    let unreadable = move |error: &std::io::Error| {
        let hint = format!("`{option}` takes a file with one client key per line, or `-` for standard input");
        Failure::new(format!("the list `{shown}` cannot be read: {}", trouble(error.kind())), hint)
    };
    let reader: Box<dyn BufRead + Send> = if list == Path::new("-") {
        Box::new(BufReader::new(stdin()))
    } else {
        Box::new(BufReader::new(File::open(list).map_err(|error| unreadable(&error))?))
    };
    Ok(reader.lines().enumerate().filter_map(move |(at, line)| match line {
        Ok(line) => key(&line).map(|key| Ok((at + 1, key.to_owned()))),
        Err(error) => Some(Err(unreadable(&error))),
    }))
}

/// The key on a line, if there is one.
fn key(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return None;
    }
    // A key that itself begins with `#` is written as `\#…`.
    Some(if line.starts_with("\\#") { &line[1..] } else { line })
}
