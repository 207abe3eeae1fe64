//! Clients anonymized before whose data has come back: who they are, and where.

use std::fmt::Write as _;

use super::change::differing;
use super::link::{CLIENT, Looks, TAKEN};
use super::select::Wanted;
use super::{Scope, any_of, column, key_names, name, text, tuple};
use crate::domain::dialect::Dialect;
use crate::domain::outcome::{HOLD, WRITTEN_BACK};
use crate::plan::{ClientPlan, Path, Plan};

/// That the ledger has the client `lethe_c` as anonymized, whatever its row says: after a restore that is older.
fn recorded(scope: Scope) -> String {
    format!(
        "EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = {} AND o.outcome = 'anonymized')",
        scope.key_text(CLIENT)
    )
}

/// That the replay of a restore met the client `lethe_c` and left it as the backup has it, held or failed.
fn left_by_restore(scope: Scope) -> String {
    // Whether there ever was a restore is asked once, and not of each client.
    format!(
        "EXISTS (SELECT 1 FROM lethe_sweeps AS r WHERE r.kind = 'replay' AND r.force = 1) \
         AND EXISTS (SELECT 1 FROM lethe_outcomes AS o JOIN lethe_sweeps AS s ON s.id = o.last_sweep \
         WHERE o.client_key = {} AND o.outcome IN ('refused', 'failed') AND s.kind = 'replay' AND s.force = 1 \
         AND NOT EXISTS (SELECT 1 FROM lethe_outcomes AS later WHERE later.client_key = o.client_key \
         AND later.outcome = 'anonymized' AND later.last_sweep > o.last_sweep))",
        scope.key_text(CLIENT)
    )
}

/// That the ledger has the client `lethe_c` as anonymized, in a sweep `s` of which something holds.
fn recorded_in(scope: Scope, holds: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM lethe_outcomes AS o LEFT JOIN lethe_sweeps AS s ON s.id = o.sweep \
         WHERE o.client_key = {} AND o.outcome = 'anonymized' AND {holds})",
        scope.key_text(CLIENT)
    )
}

/// That the client `lethe_c` was anonymized before: under its key, or under another one as a person has confirmed.
pub(super) fn known(wanted: &Wanted) -> String {
    let own = known_by_key(wanted);
    if wanted.restored || wanted.plan.recognition.is_none() {
        return own;
    }
    let scope = wanted.scope();
    format!(
        "({own} OR (EXISTS (SELECT 1 FROM lethe_returned AS r WHERE r.client_key = {} AND r.confirmed_at IS NOT NULL) \
         AND NOT {}))",
        scope.key_text(CLIENT),
        recorded(scope)
    )
}

/// That the ledger has the client `lethe_c` as anonymized, and its row says that it is that one's: by its flag, by a text
/// of the rules, or by a day that had come by then. Otherwise the database may have given the key to another client.
fn known_by_key(wanted: &Wanted) -> String {
    let scope = wanted.scope();
    if wanted.restored {
        return recorded(scope);
    }
    if let Some(marked) = scope.marked() {
        return format!("({marked} OR {}) AND {}", left_by_restore(scope), recorded(scope));
    }
    let newer = scope.newer().map(|newer| format!("NOT COALESCE({newer}, FALSE)"));
    match (scope.unmarked(), scope.older(), newer) {
        (Some(unmarked), Some(older), Some(newer)) => {
            recorded_in(scope, &format!("(NOT ({unmarked}) OR (COALESCE({older}, FALSE) AND {newer}))"))
        }
        (Some(unmarked), ..) => format!("NOT ({unmarked}) AND {}", recorded(scope)),
        // No rule leaves a text by which anybody is told apart.
        (None, _, Some(newer)) => recorded_in(scope, &newer),
        (None, _, None) => recorded(scope),
    }
}

/// That the ledger has the client `lethe_c` as anonymized, and its row says neither that it is that one's nor that it
/// is newer; `None` where a row always says so.
fn unclear(wanted: &Wanted) -> Option<String> {
    let scope = wanted.scope();
    if wanted.restored || scope.marked().is_some() {
        return None;
    }
    scope.unmarked()?;
    let newer = scope.newer().map_or_else(|| "TRUE".to_owned(), |newer| format!("NOT COALESCE({newer}, FALSE)"));
    Some(format!("{} AND NOT ({})", recorded_in(scope, &newer), known(wanted)))
}

/// Writes the reason of a hold that is in force once what the journal has of holds, in its order, was taken over. When it
/// was placed does not count: clocks differ.
pub(super) fn held() -> String {
    format!(
        "INSERT INTO lethe_reasons (n, place, reason) SELECT b.n, 0, '{HOLD}' FROM lethe_batch AS b WHERE b.state IS NULL \
         AND EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = b.key AND h.released_at IS NULL)"
    )
}

/// What the rules of the plan would still do to rows that are reached by a path.
struct Left<'a> {
    table: &'a str,
    path: &'a Path,
    /// For each rule, the column it would change, and when; `None` if the row would go.
    changes: Vec<(Option<&'a str>, String)>,
}

fn left<'a>(scope: Scope<'_>, plan: &'a Plan) -> Vec<Left<'a>> {
    let mut all: Vec<Left> = Vec::new();
    let mut add = |table: &'a str, path: &'a Path, column: Option<&'a str>, condition: String| match all
        .iter_mut()
        .find(|left| left.table == table && left.path == path)
    {
        Some(left) => left.changes.push((column, condition)),
        None => all.push(Left { table, path, changes: vec![(column, condition)] }),
    };
    for step in &plan.steps {
        let table = step.table.as_str();
        for delete in &step.deletes {
            let condition = delete.condition.as_ref().map_or_else(|| "TRUE".to_owned(), |own| own.sql(scope.today));
            delete.paths.iter().for_each(|path| add(table, path, None, format!("({condition})")));
        }
        for update in step.updates.iter().chain(&step.unlinks) {
            for rule in &update.rules {
                for path in &update.paths {
                    let value = scope.value_by(Some(path), table, rule);
                    add(table, path, Some(&rule.column), differing(rule, &name(&rule.column), &value));
                }
            }
        }
    }
    all
}

/// The clients of all rows that a rule would still change, one query for each
/// way to them; the columns are those of the client's key.
fn sources(wanted: &Wanted, whose: &str) -> Vec<String> {
    let scope = wanted.scope();
    let source = |left: Left| {
        let path = left.path;
        let conditions = left.changes.into_iter().map(|(_, condition)| condition).collect();
        let mut looks = Looks { conditions: vec![any_of(conditions)], results: Vec::new() };
        if path.exclusive {
            looks.conditions.push(scope.nobody_elses(path));
        }
        let (from, found) = scope.join_from(path, &looks);
        if !scope.dialect.is_tempted_by_limits {
            // Client by client, so that nothing is held of those who were never anonymized.
            let clients = if path.by_key {
                let found = bracketed(&found, scope.client.key.len());
                format!(" {} {}", scope.dialect.then, scope.clients_on(&found))
            } else {
                String::new()
            };
            return format!("SELECT {} FROM {from}{clients} WHERE {whose}", scope.keys());
        }
        format!("SELECT {found} FROM {from}")
    };
    left(scope, wanted.plan).into_iter().map(source).collect()
}

fn bracketed(columns: &str, width: usize) -> String {
    if width > 1 { format!("({columns})") } else { columns.to_owned() }
}

fn written_back_where(wanted: &Wanted, whose: &str) -> String {
    let scope = wanted.scope();
    let sources = sources(wanted, whose);
    if sources.is_empty() {
        return "FALSE".to_owned();
    }
    format!("{} IN ({}) AND {whose}", tuple(CLIENT, &scope.client.key), sources.join(" UNION "))
}

/// The next clients whose data has come back. `$1` is the last key as JSON, if
/// `behind` one; `$2` the most rows. It needs the temporary tables of the plan.
pub fn written_back_page(wanted: &Wanted, behind: bool) -> String {
    let scope = wanted.scope();
    format!(
        "SELECT {} FROM {} WHERE {}{} ORDER BY {} LIMIT $2",
        scope.key_json(CLIENT),
        scope.clients(),
        written_back_where(wanted, &known(wanted)),
        wanted.after(behind, ""),
        scope.keys(),
    )
}

/// How many clients there are whose data has come back.
pub fn written_back_count(wanted: &Wanted) -> String {
    format!("SELECT count(*) FROM {} WHERE {}", wanted.scope().clients(), written_back_where(wanted, &known(wanted)))
}

/// How many clients there are of whom nothing says whether they are those anonymized before or new ones with their keys,
/// and in whose rows a rule would change something; `None` where a row always says so.
pub fn unclear_count(wanted: &Wanted) -> Option<String> {
    let unclear = unclear(wanted)?;
    Some(format!("SELECT count(*) FROM {} WHERE {}", wanted.scope().clients(), written_back_where(wanted, &unclear)))
}

/// The statements that write for each client of a batch, as reasons, where its
/// data has come back: `written_back:table.column`, or `written_back:table`
/// for rows that are there again.
pub fn places(wanted: &Wanted) -> Vec<String> {
    let scope = wanted.scope();
    let mut place = 0;
    let mut statement = |left: Left| {
        let (mut reasons, mut held) = (Vec::new(), Vec::new());
        let (mut results, mut columns) = (Vec::new(), String::new());
        for (at, (changed, condition)) in left.changes.into_iter().enumerate() {
            let mut reason = format!("{WRITTEN_BACK}{}", left.table);
            if let Some(changed) = changed {
                let _ = write!(reason, ".{changed}");
            }
            place += 1;
            reasons.push(format!("SELECT {place} AS place, {} AS reason", text(&reason)));
            held.push(format!("(p.place = {place} AND f.c{at})"));
            let _ = write!(columns, ", {} AS c{at}", column(left.table, &format!("lethe_{at}")));
            results.push(condition);
        }
        let looks = Looks { conditions: vec![any_of(results.clone())], results };
        format!(
            "INSERT INTO lethe_reasons (n, place, reason) SELECT DISTINCT f.n, p.place, p.reason FROM \
             (SELECT {TAKEN}.n{columns} FROM {}) AS f JOIN ({}) AS p ON {}",
            scope.join(left.path, looks),
            reasons.join(" UNION ALL "),
            any_of(held)
        )
    };
    left(scope, wanted.plan).into_iter().map(&mut statement).collect()
}

/// Those of whom nothing has come back.
pub const NOTHING_BACK: [&str; 2] = [
    "DELETE FROM lethe_taken WHERE n NOT IN (SELECT n FROM lethe_reasons)",
    "UPDATE lethe_batch SET state = 'already' WHERE state = 'anonymized' AND n NOT IN (SELECT n FROM lethe_reasons)",
];

/// Notes with each client taken where its data has come back.
pub fn note(dialect: Dialect) -> String {
    format!(
        "UPDATE lethe_batch SET reasons = r.reasons FROM (SELECT n, {} AS reasons FROM (SELECT n, reason, min(place) AS place \
         FROM lethe_reasons GROUP BY n, reason) AS each GROUP BY n) AS r WHERE lethe_batch.n = r.n AND state = 'anonymized'",
        dialect.json_list("reason", "place")
    )
}

/// Puts the day of the first time back where a rule has written today's,
/// because the day was gone; `None` if the policy keeps no day.
pub fn first_day(wanted: &Wanted) -> Option<String> {
    let (scope, client) = (wanted.scope(), &wanted.plan.client);
    let own = client.anonymized_on.as_ref()?;
    let rules = wanted.plan.steps.iter().filter(|step| step.table == client.table).flat_map(|step| &step.updates);
    let declared =
        rules.flat_map(|update| &update.rules).find(|rule| rule.column == *own).map(|rule| &rule.declared)?;
    let key = scope.key_text(&client.table);
    let first = format!(
        "(SELECT min(s.today) FROM lethe_outcomes AS o JOIN lethe_sweeps AS s ON s.id = o.sweep \
         WHERE o.client_key = {key} AND o.outcome = 'anonymized')"
    );
    let first = scope.dialect.cast(&first, declared);
    let (day, width) = (column(&client.table, own), client.key.len());
    Some(format!(
        "UPDATE {} SET {} = {first} WHERE {} AND {day} = '{}' AND {first} < {day}",
        scope.relation(&client.table),
        name(own),
        scope.dialect.among(
            &tuple(&client.table, &client.key),
            width,
            &format!("SELECT {} FROM lethe_taken", key_names(width))
        ),
        wanted.today,
    ))
}

/// Notes the same reasons, `$1`, with all clients taken.
pub const NOTE_ALL: &str = "UPDATE lethe_batch SET reasons = $1 WHERE state = 'anonymized'";

/// A page of all clients' keys: as JSON, and as the ledger writes them. `$1` is
/// the last key as JSON, if `behind` one; `$2` the most rows.
pub fn all_keys(client: &ClientPlan, behind: bool) -> String {
    page_of_all(Scope::new(client, chrono::NaiveDate::default()), "", behind)
}

/// The same, with more columns behind them.
pub(super) fn page_of_all(scope: Scope, more: &str, behind: bool) -> String {
    let after = if behind {
        format!("WHERE {} > {} ", tuple(CLIENT, &scope.client.key), scope.key_of("$1"))
    } else {
        scope.keyless().map(|keyless| format!("WHERE NOT {keyless} ")).unwrap_or_default()
    };
    format!(
        "SELECT {}, {}{more} FROM {} {after}ORDER BY {} LIMIT $2",
        scope.key_json(CLIENT),
        scope.key_text(CLIENT),
        scope.clients(),
        scope.keys()
    )
}
