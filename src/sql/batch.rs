//! The statements of one batch, in the order in which they run.

use chrono::NaiveDate;

use super::change::{delete, delete_remembered, empty, remember, update};
use super::link::{CLIENT, Looks, anonymized, belongs, exists, filtered, join, key_text};
use super::select::Wanted;
use super::{column, key_columns, name, row, text, tuple};
use crate::domain::outcome::HOLD;
use crate::domain::plan::{ClientPlan, Plan, REMEMBERED, Searched, Step};
use crate::domain::policy::OnResidue;
use crate::domain::sweep::SweepKind;

/// Makes the temporary tables of a connection.
#[must_use]
pub fn temporary_tables(client: &ClientPlan) -> Vec<String> {
    // Typed like the key itself: a text `7` elsewhere is the number 7 here if it is there.
    let typed: Vec<String> = client.key_types.iter().enumerate().map(|(at, own)| format!("k{at} {own}")).collect();
    let typed = typed.join(", ");
    let keys = (0..client.key.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ");
    let going: Vec<String> = (0..REMEMBERED).map(|at| format!("k{at}")).collect();
    vec![
        format!(
            "CREATE TEMP TABLE IF NOT EXISTS lethe_batch (n INTEGER PRIMARY KEY, key TEXT NOT NULL, {typed}, \
             state TEXT, reasons TEXT, latest INTEGER, standing INTEGER NOT NULL DEFAULT 0)"
        ),
        format!("CREATE TEMP TABLE IF NOT EXISTS lethe_taken (n INTEGER PRIMARY KEY, {typed}, UNIQUE ({keys}))"),
        "CREATE TEMP TABLE IF NOT EXISTS lethe_reasons (n INTEGER NOT NULL, reason TEXT NOT NULL)".to_owned(),
        format!("CREATE TEMP TABLE IF NOT EXISTS lethe_going (step INTEGER NOT NULL, {})", going.join(", ")),
    ]
}

/// Empties the temporary tables.
pub const EMPTY: [&str; 4] = [
    "DELETE FROM temp.lethe_batch",
    "DELETE FROM temp.lethe_taken",
    "DELETE FROM temp.lethe_reasons",
    "DELETE FROM temp.lethe_going",
];

/// Drops the temporary tables, for another plan.
pub const DROP: [&str; 4] = [
    "DROP TABLE IF EXISTS temp.lethe_batch",
    "DROP TABLE IF EXISTS temp.lethe_taken",
    "DROP TABLE IF EXISTS temp.lethe_reasons",
    "DROP TABLE IF EXISTS temp.lethe_going",
];

/// The statements of a batch that depend on its plan and day, made once and
/// used for every batch of a sweep.
#[derive(Debug, Clone)]
pub struct Statements {
    /// Fills `lethe_batch` from the keys in `?1`, a JSON array, and says of
    /// each whether it is not there, done before, failed before, or not due.
    pub fill: String,
    /// Fills it likewise, and does not ask who is due: for clients that fail even when they are looked at.
    pub fill_failing: String,
    /// Writes the reasons of the guards and holds.
    pub reasons: Vec<String>,
    /// Fills `lethe_taken` with those whom nothing keeps.
    pub take: String,
    /// Keys of key-value tables that the policy does not know, of the clients taken: table and key.
    pub unknown_keys: Vec<(String, String)>,
    /// Former identifying values, as [lines](LINE).
    pub former: Vec<Bulk>,
    /// Rules, with the table each is about.
    pub changes: Vec<(String, String)>,
    /// What is looked through for former values.
    pub searches: Vec<Search>,
    /// Rules that wait for the residue check, with the table each is about.
    pub last_changes: Vec<(String, String)>,
}

/// Ends a line, and parts its fields, where texts are read in bulk. Reading
/// row by row costs more than looking through what is read, so one value holds
/// the lines of all clients whose `n` is from `?1` to `?2`: `n`, then the texts.
pub const LINE: char = '\u{1e}';
/// Parts the fields of a [line](LINE).
pub const FIELD: char = '\u{1f}';

/// A statement that reads texts in bulk, as [lines](LINE) and their number.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// Reads them as they are.
    pub whole: String,
    /// Reads them without the characters that part lines and fields, where a text holds one.
    pub plain: String,
    /// Fields of a line, `n` included.
    pub fields: usize,
}

/// A look at the rows in `from`: groups of columns, each group left empty in
/// rows for which its condition holds.
fn bulk(groups: &[(Option<String>, Vec<String>)], from: &str) -> Bulk {
    let (line, field) = (u32::from(LINE), u32::from(FIELD));
    let without =
        |own: &String| format!("replace(replace(COALESCE({own}, ''), char({line}), ' '), char({field}), ' ')");
    Bulk {
        whole: lines(groups, from, &|own| format!("COALESCE({own}, '')")),
        plain: lines(groups, from, &without),
        fields: 1 + groups.iter().map(|(_, columns)| columns.len()).sum::<usize>(),
    }
}

fn lines(groups: &[(Option<String>, Vec<String>)], from: &str, text: &dyn Fn(&String) -> String) -> String {
    let field = u32::from(FIELD);
    let mut line = "lethe_t.n".to_owned();
    for (unless, columns) in groups {
        let texts: Vec<String> = columns.iter().map(|own| format!("char({field}) || {}", text(own))).collect();
        let texts = texts.join(" || ");
        line = match unless {
            None => format!("{line} || {texts}"),
            Some(unless) => {
                let empty = vec![field.to_string(); columns.len()].join(", ");
                format!("{line} || CASE WHEN {unless} THEN char({empty}) ELSE {texts} END")
            }
        };
    }
    format!(
        "SELECT CAST(group_concat({line}, char({})) AS BLOB), count(*) FROM {from} WHERE lethe_t.n BETWEEN ?1 AND ?2",
        u32::from(LINE)
    )
}

/// One look through a table.
#[derive(Debug, Clone)]
pub struct Search {
    /// The table.
    pub table: String,
    /// The columns in the order of the fields, after `n`.
    pub columns: Vec<String>,
    /// The statement; it gives [lines](LINE).
    pub select: Bulk,
    /// For each column, the statement that blanks the texts in `?1`, a JSON
    /// array, in rows of the clients whose `n` is in `?2`, if the policy says so.
    pub blank: Vec<Option<String>>,
}

/// Makes the statements of a batch.
#[must_use]
pub fn statements(wanted: &Wanted, kind: SweepKind, force: bool) -> Statements {
    let plan = wanted.plan;
    let client = &plan.client;
    let today = wanted.today;
    let mut changes = Vec::new();
    let mut last_changes = Vec::new();
    let mut very_last = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let of_step = step_statements(at, step, client, today);
        changes.extend(of_step.now.into_iter().map(|sql| (step.table.clone(), sql)));
        last_changes.extend(of_step.last.into_iter().map(|sql| (step.table.clone(), sql)));
        very_last.extend(of_step.very_last.into_iter().map(|sql| (step.table.clone(), sql)));
    }
    last_changes.append(&mut very_last);
    Statements {
        fill: fill(wanted, kind, force),
        fill_failing: fill(wanted, SweepKind::List, true),
        reasons: reasons(plan, today),
        take: take(client),
        unknown_keys: plan.steps.iter().filter_map(|step| unknown_keys(step, client, today)).collect(),
        former: former(plan, today),
        changes,
        searches: plan.searched.iter().map(|searched| search(searched, client, today)).collect(),
        last_changes,
    }
}

/// The statements of one table: at once, after the residue check, and after those of all other tables.
#[derive(Default)]
struct OfStep {
    now: Vec<String>,
    last: Vec<String>,
    very_last: Vec<String>,
}

fn step_statements(at: usize, step: &Step, client: &ClientPlan, today: NaiveDate) -> OfStep {
    let mut of_step = OfStep::default();
    for own in &step.deletes {
        if let Some(columns) = &own.remembered {
            of_step.now.push(remember(at, &step.table, columns, own, client, today));
            of_step.very_last.push(delete_remembered(at, &step.table, columns));
        } else if step.delete_last {
            of_step.last.push(delete(&step.table, own, client, today));
        } else {
            of_step.now.push(delete(&step.table, own, client, today));
        }
    }
    of_step.now.extend(step.updates.iter().map(|own| update(&step.table, own, client, today)));
    of_step.last.extend(step.unlinks.iter().map(|own| update(&step.table, own, client, today)));
    of_step
}

fn fill(wanted: &Wanted, kind: SweepKind, force: bool) -> String {
    let client = &wanted.plan.client;
    let width = client.key.len();
    let own_keys = client.key.iter().map(|key| column(CLIENT, key)).collect::<Vec<_>>().join(", ");
    let given = match width {
        1 => "j.value".to_owned(),
        _ => row((0..width).map(|at| format!("json_extract(j.value, '$[{at}]')"))),
    };
    let missing = column(CLIENT, &client.key[0]);
    let filters = filtered(wanted.filters.iter().copied());
    let due = match kind {
        SweepKind::Due => format!("{}{filters}", wanted.due()),
        SweepKind::Period => format!("({}){filters}", wanted.lapsed()),
        SweepKind::List if force => format!("1{filters}"),
        SweepKind::List => format!("(({}) OR ({})){filters}", wanted.due(), wanted.lapsed()),
    };
    let key = key_text(client, CLIENT);
    format!(
        "INSERT INTO temp.lethe_batch (n, key, {}, state, reasons) SELECT j.key, COALESCE(CASE WHEN {missing} IS NOT NULL THEN {key} END, \
         CAST(j.value AS TEXT)), {own_keys}, CASE WHEN {missing} IS NULL THEN 'not_found' WHEN {} THEN 'already' \
         WHEN f.client_key IS NOT NULL THEN 'failed' WHEN NOT COALESCE({due}, 0) THEN 'not_due' END, f.reasons FROM json_each(?1) AS j \
         LEFT JOIN {} AS {CLIENT} ON {} = {given} \
         LEFT JOIN lethe_outcomes AS f ON f.client_key = {key} AND f.outcome = 'failed' AND f.digest = ?2 AND f.sweep = \
         (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = {key})",
        (0..width).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", "),
        anonymized(client),
        name(&client.table),
        tuple(CLIENT, &client.key),
    )
}

fn batch_with_clients(client: &ClientPlan) -> String {
    format!(
        "temp.lethe_batch AS b JOIN {} AS {CLIENT} ON {} = {}",
        name(&client.table),
        tuple(CLIENT, &client.key),
        row((0..client.key.len()).map(|at| format!("b.k{at}")))
    )
}

fn reasons(plan: &Plan, today: NaiveDate) -> Vec<String> {
    let client = &plan.client;
    let mut all: Vec<String> = plan
        .guards
        .iter()
        .map(|guard| {
            let condition = guard.condition.as_ref().map(|own| own.sql(today));
            format!(
                "INSERT INTO temp.lethe_reasons (n, reason) SELECT b.n, {} FROM {} WHERE b.state IS NULL AND {}",
                text(&guard.name),
                batch_with_clients(client),
                exists(&guard.paths, condition.as_deref(), today)
            )
        })
        .collect();
    all.push(format!(
        "INSERT INTO temp.lethe_reasons (n, reason) SELECT b.n, '{HOLD}' FROM temp.lethe_batch AS b WHERE b.state IS NULL \
         AND EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = b.key AND h.released_at IS NULL)"
    ));
    all
}

/// Marks those with reasons as refused.
pub const REFUSE: &str = "UPDATE temp.lethe_batch SET state = 'refused', reasons = (SELECT json_group_array(reason) FROM \
     temp.lethe_reasons AS r WHERE r.n = lethe_batch.n) WHERE state IS NULL AND n IN (SELECT n FROM temp.lethe_reasons)";

/// Marks the clients whose `n` is in `?1`, a JSON object of `n` and reasons, as failed.
pub const FAIL: &str = "UPDATE temp.lethe_batch SET state = 'failed', reasons = (SELECT j.value FROM json_each(?1) AS j \
     WHERE CAST(j.key AS INTEGER) = lethe_batch.n) WHERE state IS NULL AND n IN (SELECT CAST(j.key AS INTEGER) FROM json_each(?1) AS j)";

/// Leaves alone everybody from the first client on for whom a cap of `?1` has no room.
pub const CAP: &str = "UPDATE temp.lethe_batch SET state = 'over' WHERE n >= \
     (SELECT n FROM temp.lethe_batch WHERE state IS NULL ORDER BY n LIMIT 1 OFFSET ?1)";

/// Counts clients by state.
pub const COUNT: &str = "SELECT state, count(*) FROM temp.lethe_batch GROUP BY state";

/// Counts the reasons of the refused, each client once for each of its reasons.
pub const COUNT_REASONS: &str = "SELECT r.value, count(*) FROM temp.lethe_batch AS b, json_each(b.reasons) AS r \
     WHERE b.state = 'refused' GROUP BY r.value";

/// The last client of the batch that the cap let through, by its place.
pub const LAST_WITHIN_CAP: &str = "SELECT max(n) FROM temp.lethe_batch WHERE state <> 'over'";

fn take(client: &ClientPlan) -> String {
    format!(
        "INSERT OR IGNORE INTO temp.lethe_taken SELECT b.n, {} FROM temp.lethe_batch AS b WHERE b.state IS NULL",
        key_columns("b", client.key.len())
    )
}

/// Marks those taken as anonymized.
pub const DONE: &str = "UPDATE temp.lethe_batch SET state = 'anonymized' WHERE state IS NULL";

fn unknown_keys(step: &Step, client: &ClientPlan, today: NaiveDate) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let own = name(&keys.column);
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT COALESCE(CAST({own} AS TEXT), '') FROM {} WHERE {} AND COALESCE(CAST({own} AS TEXT), '') NOT IN ({known}) LIMIT 1",
        name(&step.table),
        belongs(&step.paths, client, today)
    );
    Some((step.table.clone(), sql))
}

/// Every key of a key-value table that the policy does not know.
#[must_use]
pub fn all_unknown_keys(step: &Step) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let own = name(&keys.column);
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT DISTINCT COALESCE(CAST({own} AS TEXT), '') FROM {} WHERE COALESCE(CAST({own} AS TEXT), '') NOT IN ({known}) ORDER BY 1",
        name(&step.table)
    );
    Some((step.table.clone(), sql))
}

fn former(plan: &Plan, today: NaiveDate) -> Vec<Bulk> {
    let mut all = Vec::new();
    for source in &plan.identifying {
        for path in &source.paths {
            let conditions = source.condition.iter().map(|own| own.sql(today)).collect();
            let from = join(path, Looks { conditions, results: Vec::new() }, &plan.client, today);
            let columns: Vec<String> = source.columns.iter().map(|own| column(&source.table, own)).collect();
            all.push(bulk(&[(None, columns)], &from));
        }
    }
    all
}

fn search(searched: &Searched, client: &ClientPlan, today: NaiveDate) -> Search {
    let mut looks = Looks::default();
    for gone in &searched.deleted_where {
        if let Some(condition) = &gone.condition {
            let reached = belongs(&gone.paths, client, today);
            looks.conditions.push(format!("NOT COALESCE({reached} AND ({}), 0)", condition.sql(today)));
        }
    }
    if let (Some(other), Some(own)) = (&searched.unless_same, searched.path.key_columns()) {
        let (own, other) = (tuple(&searched.table, own), tuple(&searched.table, other));
        looks.conditions.push(format!("{own} IS NOT {other}"));
    }
    let groups: Vec<(Option<String>, Vec<String>)> = searched
        .groups
        .iter()
        .map(|group| {
            let unless = (!group.unless.is_empty()).then(|| {
                looks.results.push(belongs(&group.unless, client, today));
                column(&searched.table, &format!("lethe_{}", looks.results.len() - 1))
            });
            (unless, group.columns.iter().map(|own| column(&searched.table, &own.name)).collect())
        })
        .collect();
    let select = bulk(&groups, &join(&searched.path, looks, client, today));
    let columns = searched.groups.iter().flat_map(|group| &group.columns);
    let blank = columns
        .clone()
        .map(|own| {
            (own.on_residue == OnResidue::Blank).then(|| {
                format!(
                    "UPDATE {} SET {} = {} WHERE {} AND CAST({} AS TEXT) IN (SELECT value FROM json_each(?1))",
                    name(&searched.table),
                    name(&own.name),
                    empty(own.empty_is_null),
                    belongs(std::slice::from_ref(&searched.path), client, today),
                    name(&own.name),
                )
            })
        })
        .collect();
    Search { table: searched.table.clone(), columns: columns.map(|own| own.name.clone()).collect(), select, blank }
}

/// Notes for each client its latest record in the ledger, and whether the same is to be recorded again.
pub const LATEST: [&str; 2] = [
    "UPDATE temp.lethe_batch SET latest = (SELECT max(o.sweep) FROM lethe_outcomes AS o WHERE o.client_key = lethe_batch.key) \
     WHERE state NOT IN ('anonymized', 'over')",
    "UPDATE temp.lethe_batch SET standing = 1 WHERE latest IS NOT NULL AND EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE \
     o.client_key = lethe_batch.key AND o.sweep = lethe_batch.latest AND o.outcome = lethe_batch.state \
     AND o.reasons IS lethe_batch.reasons)",
];

/// Records that an outcome stands as it was. `?1` sweep, `?2` moment, `?3` plan
/// digest: a client that was tried again and failed again failed under this plan.
pub const STAND: &str = "UPDATE lethe_outcomes SET last_sweep = ?1, last_at = ?2, \
     digest = CASE outcome WHEN 'failed' THEN ?3 ELSE digest END WHERE (client_key, sweep) IN \
     (SELECT key, latest FROM temp.lethe_batch WHERE standing = 1)";

/// Records new outcomes. `?1` sweep, `?2` moment, `?3` plan digest.
pub const RECORD: &str = "INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest) \
     SELECT key, ?1, state, reasons, ?2, ?1, ?2, ?3 FROM temp.lethe_batch WHERE state <> 'over' AND standing = 0 ORDER BY n \
     ON CONFLICT (client_key, sweep) DO UPDATE SET outcome = excluded.outcome, reasons = excluded.reasons, \
     last_at = excluded.last_at WHERE lethe_outcomes.outcome <> 'anonymized'";
