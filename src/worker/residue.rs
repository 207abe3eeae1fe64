//! Reads what the clients of a batch were called, and searches what is left of
//! their rows for it. Rows are streamed, and only what was found is kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::TryStreamExt;

use super::batch::{BatchFault, Failing, Work};
use crate::database::{Connection, Row, Value, query};
use crate::domain::plan::Plan;
use crate::domain::policy::{Action, Literal};
use crate::domain::residue::Former;
use crate::sql::residue::Search;

/// The former identifying values of each client taken, by its place.
pub(super) async fn former_values(
    connection: &mut Connection,
    work: &Work<'_>,
) -> Result<HashMap<i64, Former>, BatchFault> {
    let mut all: HashMap<i64, Former> = HashMap::new();
    let placeholders = placeholders(work.plan);
    for former in &work.statements.former {
        let mut rows = query(former).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let client = all.entry(row.get(0)?).or_insert_with(|| Former::new(work.plan.min_length));
            for (at, value) in row.values().iter().enumerate().skip(1) {
                readable(&row, at)?;
                with_text(value, |text| {
                    if !text.is_empty() && !placeholders.contains(text) {
                        client.add(text);
                    }
                });
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

/// The constant texts that the plan's rules write: finding those is no residue.
fn placeholders(plan: &Plan) -> HashSet<&str> {
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

/// Searches one table; blanks what the policy lets it blank, and notes the
/// clients in whose rows something is left.
pub(super) async fn search(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
    residue: &mut Failing,
) -> Result<(), BatchFault> {
    let mut blank: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut rows = query(&search.select).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        each_find(search, &row, former, |client, at| {
            if search.blank[at].is_some() {
                blank.entry(row.get(1)?).or_default().push(at);
            } else {
                note(residue, client, search, at);
            }
            Ok(())
        })?;
    }
    drop(rows);
    let mut alike: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    let is_any = !blank.is_empty();
    for (row, mut columns) in blank {
        // A row of two clients is found twice.
        columns.sort_unstable();
        columns.dedup();
        alike.entry(columns).or_default().push(row);
    }
    for (columns, rows) in &alike {
        let sql = search.blanking(columns);
        for rows in rows.chunks(ROWS_AT_ONCE) {
            query(&sql).bind(format!("[{}]", rows.join(","))).execute(&mut *connection).await?;
        }
    }
    if is_any {
        // Whatever a trigger or another session has made of it.
        let mut rows = query(&search.select).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            each_find(search, &row, former, |client, at| {
                note(residue, client, search, at);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Rows that are blanked by one statement.
const ROWS_AT_ONCE: usize = 1000;

/// Calls `each` with the client and the place of every column in which one of its former values can be read.
fn each_find(
    search: &Search,
    row: &Row,
    former: &HashMap<i64, Former>,
    mut each: impl FnMut(i64, usize) -> Result<(), BatchFault>,
) -> Result<(), BatchFault> {
    let client: i64 = row.get(0)?;
    let Some(former) = former.get(&client) else { return Ok(()) };
    for (at, value) in row.values()[2..].iter().enumerate() {
        readable(row, at + 2)?;
        let mut is_found = false;
        with_text(value, |text| {
            is_found |= if search.lexemes[at] { former.found_in_lexemes(text) } else { former.found_in(text) };
        });
        if is_found {
            each(client, at)?;
        }
    }
    Ok(())
}

fn note(residue: &mut Failing, client: i64, search: &Search, at: usize) {
    let reason = format!("residue:{}.{}", search.table, search.columns[at]);
    residue.entry(client).or_insert_with(|| serde_json::json!([reason]).to_string());
}
