//! Reads what the clients of a batch were called, and searches what is left of
//! their rows for it. Rows are streamed, and only what was found is kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use futures::TryStreamExt;

use super::batch::{BatchFault, Failing, Work};
use crate::database::{Connection, Row, Value, query};
use crate::domain::residue::Former;
use crate::plan::Plan;
use crate::policy::{Action, Literal};
use crate::sql::residue::{LONGEST, Search};

/// So many identifying values one client may have. Above, looking for them would take hours.
const MOST_OF_A_CLIENT: usize = 20_000;
/// So many identifying values, and so many bytes of them, the clients of a batch may have together.
const MOST: usize = 100_000;
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The former identifying values of each client taken, by its place.
///
/// # Errors
///
/// [`BatchFault::Rows`] if they are too many or too long: the batch is split, and in the end one client fails.
pub(super) async fn former_values(
    connection: &mut Connection,
    work: &Work<'_>,
) -> Result<HashMap<i64, Former>, BatchFault> {
    let mut all: HashMap<i64, Former> = HashMap::new();
    let placeholders = placeholders(work.plan);
    let mut known: HashMap<i64, HashSet<u64>> = HashMap::new();
    let (mut values, mut bytes, hasher) = (0, 0, RandomState::new());
    for former in &work.statements.former {
        let mut rows = query(former).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let place = row.get(0)?;
            let client = all.entry(place).or_insert_with(|| Former::new(work.plan.min_length));
            let known = known.entry(place).or_default();
            for (at, value) in row.values().iter().enumerate().skip(1) {
                readable(&row, at)?;
                let mut longest = 0;
                with_text(value, |text| {
                    longest = longest.max(text.len());
                    // Many rows hold the same.
                    if !text.is_empty() && !placeholders.contains(text) && known.insert(hasher.hash_one(text)) {
                        (values, bytes) = (values + 1, bytes + text.len());
                        client.add(text);
                    }
                });
                if longest > LONGEST {
                    return Err(BatchFault::rows("an identifying value is too long to be looked for"));
                }
            }
            if known.len() > MOST_OF_A_CLIENT {
                return Err(BatchFault::rows("more than 20,000 identifying values in the rows of one client"));
            }
            if values > MOST || bytes > MOST_BYTES {
                return Err(BatchFault::rows("too many identifying values"));
            }
        }
    }
    all.retain(|_, former| !former.is_empty());
    Ok(all)
}

/// Fails where a column's value is of a type that cannot be searched, as a former value could stay in it.
fn readable(row: &Row, at: usize) -> Result<(), BatchFault> {
    if row.values()[at] == Value::Unreadable {
        row.get::<String>(at)?;
    }
    Ok(())
}

/// Gives a stored value as the texts that it can be read as. Bytes that are not
/// UTF-8 are read as Latin-1 too, in which every byte is a character.
fn with_text(value: &Value, mut each: impl FnMut(&str)) {
    match value {
        Value::Null | Value::Boolean(_) | Value::Unreadable => {}
        Value::Integer(number) => each(&number.to_string()),
        Value::Real(number) => each(&number.to_string()),
        Value::Text(text) => each(text),
        Value::Bytes(bytes) => {
            if let Ok(text) = str::from_utf8(bytes) {
                return each(text);
            }
            each(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>());
            for chunk in bytes.utf8_chunks() {
                each(chunk.valid());
            }
        }
    }
}

/// The constant texts that the plan's rules write: finding those is not residue.
pub(super) fn placeholders(plan: &Plan) -> HashSet<&str> {
    let updates = plan.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks));
    let branches = updates.flat_map(|update| &update.rules).flat_map(|rule| &rule.branches);
    branches
        .filter_map(|branch| match &branch.action {
            Action::Text(template) => template.constant(),
            Action::Constant(Literal::Text(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Rows that are blanked after one pass through a table.
const BLANKED_AT_ONCE: usize = 100_000;
/// Rows that are blanked by one statement.
const ROWS_AT_ONCE: usize = 1000;
/// Characters of a large value that are read at once.
const PIECE: usize = 256 * 1024;
/// Characters that two pieces have in common, for what stands across the end of one.
const OVERLAP: usize = 64 * 1024;

/// Searches one table; blanks what the policy lets it blank, and notes the
/// clients in whose rows something is left.
pub(super) async fn search(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
    residue: &mut Failing,
) -> Result<(), BatchFault> {
    let mut before = u64::MAX;
    loop {
        let Found { blank, finds } = pass(connection, search, former, residue, true).await?;
        if finds == 0 && before == u64::MAX {
            return Ok(());
        }
        if finds == 0 || finds >= before {
            break;
        }
        before = finds;
        let is_all = blank.values().map(Vec::len).sum::<usize>() as u64 == finds;
        blank_rows(connection, search, blank).await?;
        if is_all {
            break;
        }
    }
    // Whatever a trigger or another session has made of it.
    find(connection, search, former, residue).await
}

/// Notes the clients in whose rows something is left.
pub(super) async fn find(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
    residue: &mut Failing,
) -> Result<(), BatchFault> {
    pass(connection, search, former, residue, false).await?;
    Ok(())
}

/// What one pass through a table found in columns that may be blanked.
#[derive(Debug, Default)]
struct Found {
    /// The columns to blank in each row, as many rows as are blanked at once.
    blank: BTreeMap<String, Vec<usize>>,
    /// How many finds there were.
    finds: u64,
}

impl Found {
    fn add(&mut self, row: String, at: usize) {
        self.finds += 1;
        if self.blank.len() < BLANKED_AT_ONCE || self.blank.contains_key(&row) {
            let columns = self.blank.entry(row).or_default();
            // A row of two clients is found twice.
            if columns.contains(&at) { self.finds -= 1 } else { columns.push(at) }
        }
    }
}

/// Goes through a table. Where nothing may be blanked, or not `blanking`, the client is noted.
async fn pass(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
    residue: &mut Failing,
    blanking: bool,
) -> Result<Found, BatchFault> {
    let mut found = Found::default();
    if !is_anything(connection, search, former).await? {
        return Ok(found);
    }
    let mut large: Vec<(i64, String, Vec<usize>)> = Vec::new();
    let mut find = |client: i64, row: String, at: usize| {
        if blanking && search.blank[at].is_some() { found.add(row, at) } else { note(residue, client, search, at) }
    };
    let mut rows = query(&search.select).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let client: i64 = row.get(0)?;
        let Some(former) = former.get(&client) else { continue };
        for at in 0..search.columns.len() {
            if is_found(&row, at + 2, search.lexemes[at], former)? {
                find(client, row.get(1)?, at);
            }
        }
        if let Some(columns) = row.get::<Option<String>>(search.columns.len() + 2)? {
            let columns = columns.bytes().enumerate().filter(|(_, own)| *own == b'1').map(|(at, _)| at).collect();
            large.push((client, row.get(1)?, columns));
        }
    }
    drop(rows);
    for (client, row, columns) in large {
        let Some(former) = former.get(&client) else { continue };
        for at in columns {
            if is_in_pieces(connection, &search.pieces[at], &row, former).await? {
                find(client, row.clone(), at);
            }
        }
    }
    Ok(found)
}

/// Whether a row holds a former value, or a large value, in which one may be. As a rule none does, and telling rows apart
/// costs more than reading them.
async fn is_anything(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
) -> Result<bool, BatchFault> {
    let mut rows = query(&search.glance).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let client: i64 = row.get(0)?;
        let Some(former) = former.get(&client) else { continue };
        if row.values()[search.columns.len() + 1] != Value::Null {
            return Ok(true);
        }
        for (at, is_lexemes) in search.lexemes.iter().enumerate() {
            if is_found(&row, at + 1, *is_lexemes, former)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a former value can be read in a row's value.
fn is_found(row: &Row, at: usize, is_lexemes: bool, former: &Former) -> Result<bool, BatchFault> {
    readable(row, at)?;
    let mut is_found = false;
    with_text(&row.values()[at], |text| {
        is_found |= if is_lexemes { former.found_in_lexemes(text) } else { former.found_in(text) };
    });
    Ok(is_found)
}

async fn blank_rows(
    connection: &mut Connection,
    search: &Search,
    blank: BTreeMap<String, Vec<usize>>,
) -> Result<(), BatchFault> {
    let mut alike: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    for (row, mut columns) in blank {
        columns.sort_unstable();
        alike.entry(columns).or_default().push(row);
    }
    for (columns, rows) in &alike {
        let sql = search.blanking(columns);
        for rows in rows.chunks(ROWS_AT_ONCE) {
            query(&sql).bind(format!("[{}]", rows.join(","))).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Whether a former value can be read in a large value, of which a piece at a time is in memory.
async fn is_in_pieces(
    connection: &mut Connection,
    piece: &str,
    row: &str,
    former: &Former,
) -> Result<bool, BatchFault> {
    let mut from = 0;
    loop {
        let read = query(piece).bind(format!("[{row}]")).bind(from + 1).bind(PIECE);
        let Some(read) = read.fetch_optional(&mut *connection).await? else { return Ok(false) };
        readable(&read, 0)?;
        let value = &read.values()[0];
        let bytes = value.bytes().map_or(0, <[u8]>::len);
        if bytes == 0 {
            return Ok(false);
        }
        let is_last = bytes < PIECE;
        let mut is_found = false;
        with_text(value, |text| is_found |= former.found_in(whole_words(text, from == 0, is_last)));
        if is_found || is_last {
            return Ok(is_found);
        }
        from += PIECE - OVERLAP;
    }
}

/// A piece of a text without the parts of words at its ends: they stand whole in the pieces beside it.
fn whole_words(piece: &str, is_first: bool, is_last: bool) -> &str {
    let splits = |(_, own): &(usize, char)| !own.is_alphanumeric();
    let start = (!is_first).then(|| piece.char_indices().take(OVERLAP / 4).find(splits)).flatten();
    let piece = start.map_or(piece, |(at, _)| &piece[at..]);
    let end = (!is_last).then(|| piece.char_indices().rev().take(OVERLAP / 4).find(splits)).flatten();
    end.map_or(piece, |(at, own)| &piece[..at + own.len_utf8()])
}

fn note(residue: &mut Failing, client: i64, search: &Search, at: usize) {
    let reason = format!("residue:{}.{}", search.table, search.columns[at]);
    residue.entry(client).or_insert_with(|| serde_json::json!([reason]).to_string());
}

#[cfg(test)]
mod tests {
    use super::whole_words;

    #[test]
    fn a_piece_of_a_text_begins_and_ends_with_whole_words() {
        assert_eq!(whole_words("over Ann Han", false, false), " Ann ");
        assert_eq!(whole_words("over Ann Han", true, true), "over Ann Han");
        assert_eq!(whole_words("over Ann Han", true, false), "over Ann ");
        assert_eq!(whole_words("overé Ann", false, true), " Ann");
        assert_eq!(whole_words("abc", false, false), "abc");
    }
}
