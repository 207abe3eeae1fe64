//! The statements of one batch, in the order in which they run.

use std::collections::BTreeSet;

use super::closing::LastLook;
use super::link::{Asked, CLIENT, OfRow};
use super::residue::{Search, former, search};
use super::select::Wanted;
use super::watched::watches;
use super::{Scope, any_of, column, key_columns, key_names, keys, name, replay, row, text, tuple};
use crate::domain::dialect::Dialect;
use crate::domain::outcome::HOLD;
use crate::domain::sweep::SweepKind;
use crate::plan::{ClientPlan, Delete, GuardPlan, Plan, REMEMBERED, Step, Update};

/// Makes the temporary tables of a connection.
pub fn temporary_tables(client: &ClientPlan) -> Vec<String> {
    // Typed like the key itself: a text `7` elsewhere is the number 7 here if it is there.
    let typed: Vec<String> = client.key_types.iter().enumerate().map(|(at, own)| format!("k{at} {own}")).collect();
    let typed = typed.join(", ");
    let keys = key_names(client.key.len());
    let going: Vec<String> = (0..REMEMBERED).map(|at| format!("k{at}")).collect();
    // Not emptied by each commit: that would make PostgreSQL plan every statement anew for each batch.
    let text = client.dialect.any_text;
    vec![
        format!(
            "CREATE TEMP TABLE IF NOT EXISTS lethe_batch (n INTEGER PRIMARY KEY, key TEXT NOT NULL, {typed}, \
             state TEXT, reasons TEXT, latest BIGINT, standing INTEGER NOT NULL DEFAULT 0)"
        ),
        format!("CREATE TEMP TABLE IF NOT EXISTS lethe_held ({typed}, UNIQUE ({keys}))"),
        format!("CREATE TEMP TABLE IF NOT EXISTS lethe_taken (n INTEGER PRIMARY KEY, {typed}, UNIQUE ({keys}))"),
        format!(
            "CREATE TEMP TABLE IF NOT EXISTS lethe_reasons (n INTEGER NOT NULL, place INTEGER NOT NULL, reason TEXT NOT NULL)"
        ),
        format!(
            "CREATE TEMP TABLE IF NOT EXISTS lethe_going (step INTEGER NOT NULL, {}{text})",
            going.join(&format!("{text}, "))
        ),
        "CREATE TEMP TABLE IF NOT EXISTS lethe_own (step INTEGER NOT NULL, id TEXT NOT NULL, UNIQUE (step, id))"
            .to_owned(),
        "CREATE TEMP TABLE IF NOT EXISTS lethe_watched (step INTEGER NOT NULL, inserted BIGINT, deleted BIGINT, files BIGINT)"
            .to_owned(),
    ]
}

/// The names of the temporary tables.
pub const TABLES: [&str; 7] =
    ["lethe_batch", "lethe_held", "lethe_taken", "lethe_reasons", "lethe_going", "lethe_own", "lethe_watched"];

/// Empties the temporary tables.
pub fn empty() -> [String; 7] {
    TABLES.map(|table| format!("DELETE FROM {table}"))
}

/// Fixed statements, each described in its file.
macro_rules! fixed {
    ($($vis:vis $name:ident = $file:literal;)*) => {
        $($vis const $name: &str = include_str!(concat!("batch/", $file, ".sql"));)*
    };
}

fixed! {
    EACH_ONCE = "each_once";
    pub CAP = "cap";
    pub COUNT = "count";
    pub BUSY = "busy";
    pub LOOKED_AT = "looked_at";
    pub TAKEN_PLACES = "taken_places";
    pub TAKE_ONLY = "take_only";
    pub DONE = "done";
    pub STAND = "stand";
    pub RECORD = "record";
    NOTE_LATEST = "latest";
    NOTE_STANDING = "standing";
}

/// Notes for each client its latest record in the ledger, and whether the same is to be recorded again.
pub const LATEST: [&str; 2] = [NOTE_LATEST, NOTE_STANDING];

/// Has [`Statements::take`] take every client that there is, whatever keeps it.
pub const TAKE_ANYWAY: [&str; 2] =
    ["DELETE FROM lethe_taken", "UPDATE lethe_batch SET state = NULL WHERE state <> 'not_found'"];

/// The statements of a batch that depend on its plan and day, made once and
/// used for every batch of a sweep.
#[derive(Debug, Clone)]
pub struct Statements {
    /// Keeps the tables of the plan from being altered until the batch is over.
    /// `None` where beginning a transaction that writes does that.
    pub steady: Option<String>,
    /// Locks the clients whose keys are in `$1`, a JSON array, in the order of
    /// their keys, and passes over those that another transaction has locked.
    /// `None` where there is one writer, who has locked everything.
    pub lock: Option<String>,
    /// Looks the same clients up without locking any, for a preview.
    pub pass: Option<String>,
    /// Fills `lethe_batch` from the keys in `$1`, a JSON array, and says of each
    /// whether it is not there, busy, done before, failed before, or not due.
    pub fill: String,
    /// Fills it likewise, and does not ask who is due: for clients that fail even when they are looked at.
    pub fill_failing: String,
    /// Leaves of each client that is named more than once, in whatever spelling, the first; `None` where none is.
    pub each_once: Option<&'static str>,
    /// Writes the reasons of the guards and holds.
    pub reasons: Vec<String>,
    /// Fills `lethe_taken` with those whom nothing keeps.
    pub take: String,
    /// Locks the rows that several clients share, with the table of each.
    pub shared: Vec<(String, String)>,
    /// Keys of key-value tables that the policy does not know, of the clients taken: table and key.
    pub unknown_keys: Vec<(String, String)>,
    /// Reads former identifying values: the client's `n`, and the values.
    pub former: Vec<String>,
    /// Reads what the clients taken are recognized by; `None` if they are not.
    pub recognized: Option<String>,
    /// Rules, with the table each is about.
    pub changes: Vec<(String, String)>,
    /// Where in `changes` they are applied once more, as triggers may have written rows anew.
    pub repeated: usize,
    /// What is repeated for as long as triggers do so, with the table each is about.
    pub again: Vec<(String, String)>,
    /// Whether triggers wait for the end of the transaction.
    pub is_deferred: bool,
    /// What is looked through for former values.
    pub searches: Vec<Search>,
    /// Rules that wait for the residue check, with the table each is about.
    pub last_changes: Vec<(String, String)>,
    /// Whether triggers may write what was there before after the searches, so that those are made once more.
    pub searched_twice: bool,
    /// What is asked once more at the end.
    pub last_look: LastLook,
    /// Whether every client is still there.
    pub kept: super::kept::Kept,
    /// Files that go with their clients.
    pub files: super::files::Statements,
    /// Who is notified beforehand; `None` if no client is.
    pub notices: Option<super::notices::Statements>,
}

/// Makes the statements of a batch.
pub fn statements(wanted: &Wanted, kind: SweepKind, force: bool) -> Statements {
    let plan = wanted.plan;
    let scope = wanted.scope();
    // References go before the rows that they lead to.
    let mut changes: Vec<(String, String)> = plan.steps.iter().flat_map(|step| releases(scope, step)).collect();
    let mut last_changes = Vec::new();
    let mut very_last = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let of_step = step_statements(scope, at, step);
        changes.extend(of_step.now.into_iter().map(|sql| (step.table.clone(), sql)));
        last_changes.extend(of_step.last.into_iter().map(|sql| (step.table.clone(), sql)));
        very_last.extend(of_step.very_last.into_iter().map(|sql| (step.table.clone(), sql)));
    }
    last_changes.append(&mut very_last);
    // Triggers may have written what was there before into tables that had their turn already.
    let fires_late = |step: &Step| {
        let goes_late = step.delete_last || step.deletes.iter().any(|own| own.remembered.is_some());
        !step.triggers.is_empty() && (goes_late || !step.unlinks.is_empty())
    };
    let repeated = changes.len();
    if let Some(last) = plan.steps.iter().rposition(|step| !step.triggers.is_empty()) {
        changes.extend(again(scope, &plan.steps[..last]));
    }
    if plan.steps.iter().any(fires_late) {
        last_changes.extend(again(scope, &plan.steps));
    }
    let has_triggers = plan.steps.iter().any(|step| !step.triggers.is_empty());
    let is_deferred = plan.steps.iter().any(|step| step.deferred);
    let searched_twice = has_triggers && (is_deferred || !last_changes.is_empty());
    Statements {
        steady: steady(scope, plan),
        lock: lock(scope, scope.dialect.skip_locked),
        pass: lock(scope, ""),
        fill: fill(wanted, kind, force),
        fill_failing: fill(wanted, if kind == SweepKind::Replay { kind } else { SweepKind::List }, true),
        each_once: (kind == SweepKind::List).then_some(EACH_ONCE),
        // After a restore, what refuses in the backup was overcome since.
        reasons: if kind == SweepKind::Replay && force { vec![replay::held()] } else { reasons(scope, plan) },
        take: take(scope),
        shared: plan
            .steps
            .iter()
            .flat_map(|step| step.paths.iter().map(move |path| (step, path)))
            .filter_map(|(step, path)| Some((step.table.clone(), scope.lock_shared(path)?)))
            .collect(),
        unknown_keys: plan
            .steps
            .iter()
            .flat_map(|step| [keys::unknown_keys(scope, step), keys::undefined_keys(scope, step)])
            .flatten()
            .collect(),
        former: former(scope, plan),
        recognized: plan.recognition.as_ref().map(|own| super::recognize::of_taken(scope, own)),
        changes,
        repeated,
        again: if has_triggers { again(scope, &plan.steps) } else { Vec::new() },
        is_deferred,
        searches: plan.searched.iter().map(|searched| search(scope, searched)).collect(),
        last_changes,
        searched_twice,
        last_look: LastLook::of(wanted, kind, force),
        kept: super::kept::Kept { watches: watches(scope, plan), ..super::kept::Kept::of(plan) },
        files: super::files::Statements::of(scope, plan),
        notices: super::notices::Statements::of(scope, plan, force || kind == SweepKind::Replay),
    }
}

impl Statements {
    /// The rules, in the order in which they are applied.
    pub fn changes_in_order(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().chain(&self.last_changes).map(|(_, sql)| sql.as_str())
    }

    /// All of them, each with the table it is about, so that a database can be
    /// asked beforehand whether it can run them.
    pub fn all(&self, client: &ClientPlan) -> Vec<(String, &str)> {
        let of_client = [&self.fill, &self.fill_failing, &self.take];
        let of_client = of_client.into_iter().chain(&self.lock).chain(&self.reasons);
        let mut all: Vec<(String, &str)> = of_client.map(|sql| (client.table.clone(), sql.as_str())).collect();
        all.extend(self.former.iter().chain(&self.recognized).map(|sql| (client.table.clone(), sql.as_str())));
        let tabled = self.shared.iter().chain(&self.unknown_keys).chain(&self.changes).chain(&self.last_changes);
        all.extend(tabled.map(|(table, sql)| (table.clone(), sql.as_str())));
        let checks = self.last_look.rules.iter().chain(&self.last_look.early);
        all.extend(checks.map(|check| (check.table.clone(), check.sql.as_str())));
        all.extend(self.last_look.kept.iter().map(|sql| (client.table.clone(), sql.as_str())));
        all.extend(self.files.all());
        for own in &self.kept.watches {
            all.extend(own.begin.iter().chain([&own.harmed]).map(|sql| (own.table.clone(), sql.as_str())));
        }
        let kept = self.kept.deletions.iter().chain(&self.kept.missing);
        all.extend(kept.map(|sql| (client.table.clone(), sql.as_str())));
        for search in &self.searches {
            let blank = search.blank_all.iter().chain([&search.glance, &search.select]);
            all.extend(blank.map(|sql| (search.table.clone(), sql.as_str())));
        }
        all
    }
}

/// The statements of one table: at once, after the residue check, and after those of all other tables.
#[derive(Default)]
struct OfStep {
    now: Vec<String>,
    last: Vec<String>,
    very_last: Vec<String>,
}

fn step_statements(scope: Scope, at: usize, step: &Step) -> OfStep {
    let mut of_step = OfStep::default();
    for own in &step.deletes {
        if let Some(columns) = &own.remembered {
            of_step.now.push(scope.remember(at, &step.table, columns, own));
            of_step.very_last.push(scope.delete_remembered(at, &step.table, columns));
        } else if step.delete_last {
            of_step.last.push(scope.delete(&step.table, own));
        } else {
            of_step.now.push(scope.delete(&step.table, own));
        }
    }
    let then: Vec<Update> = step.updates.iter().filter(|own| !own.first).cloned().collect();
    of_step.now.extend(scope.updates(&step.table, &then));
    of_step.last.extend(step.unlinks.iter().map(|own| scope.update(&step.table, own)));
    of_step
}

/// What is cleared of a table before rows go that it refers to.
fn releases<'a>(scope: Scope<'a>, step: &'a Step) -> impl Iterator<Item = (String, String)> {
    let first = step.updates.iter().filter(|own| own.first);
    first.map(move |own| (step.table.clone(), scope.update(&step.table, own)))
}

/// The rules of these tables once more, save those of the clients themselves: they write only what differs, so rows
/// that were there the first time stay as they are.
fn again(scope: Scope, steps: &[Step]) -> Vec<(String, String)> {
    let others = steps.iter().filter(|step| step.table != scope.client.table);
    others
        .flat_map(|step| {
            let goes = |own: &&Delete| own.remembered.is_none() && !step.delete_last;
            let deletes = step.deletes.iter().filter(goes).map(|own| scope.delete(&step.table, own));
            let updates = scope.updates(&step.table, &step.updates);
            deletes.chain(updates).map(|sql| (step.table.clone(), sql)).collect::<Vec<_>>()
        })
        .collect()
}

/// A key of [`given_keys`](crate::domain::dialect::Constants::given_keys), to compare with the key's columns.
pub(super) fn given_key(scope: Scope) -> String {
    match scope.client.key_types.as_slice() {
        [declared] => {
            let given = scope.dialect.given_key(declared);
            let Some(otherwise) = scope.dialect.given_otherwise(declared) else { return given };
            let (table, own) = (scope.dialect.qualified(&scope.client.table), name(&scope.client.key[0]));
            format!("COALESCE((SELECT o.{own} FROM {table} AS o WHERE o.{own} = {given}), {otherwise})")
        }
        _ => scope.key_of("j.value"),
    }
}

/// The same where the functions of the dialect are there, element by element.
fn tried_key(scope: Scope) -> Vec<String> {
    let types = &scope.client.key_types;
    if types.iter().any(|declared| scope.dialect.given_otherwise(declared).is_some()) && types.len() == 1 {
        return vec![given_key(scope)];
    }
    let element = |at| (types.len() > 1).then_some(at);
    types.iter().enumerate().map(|(at, declared)| scope.dialect.given_tried(element(at), declared)).collect()
}

fn steady(scope: Scope, plan: &Plan) -> Option<String> {
    let tables: BTreeSet<&str> =
        plan.steps.iter().map(|step| step.table.as_str()).chain([scope.client.table.as_str()]).collect();
    scope.dialect.keep_schema(&tables.into_iter().collect::<Vec<_>>())
}

fn lock(scope: Scope, locking: &str) -> Option<String> {
    if scope.dialect.has_one_writer {
        return None;
    }
    let key = tuple(CLIENT, &scope.client.key);
    let columns = scope.keys();
    let named = tried_key(scope).join(", ");
    let among =
        scope.dialect.among(&key, scope.client.key.len(), &format!("SELECT {named} FROM {}", scope.dialect.given_keys));
    Some(format!(
        "INSERT INTO lethe_held SELECT {columns} FROM {} WHERE {among} ORDER BY {columns}{locking}",
        scope.clients()
    ))
}

fn fill(wanted: &Wanted, kind: SweepKind, force: bool) -> String {
    let scope = wanted.scope();
    let client = scope.client;
    let own_keys = scope.keys();
    let missing = column(CLIENT, &client.key[0]);
    let filters = wanted.filters();
    let due = match kind {
        SweepKind::Due => format!("{}{filters}", wanted.due()),
        SweepKind::Period => format!("({}){filters}", wanted.lapsed(&Asked::Batch)),
        SweepKind::Replay => format!("{}{filters}", replay::known(wanted)),
        // Its batches are of rows.
        SweepKind::Retention => "FALSE".to_owned(),
        SweepKind::List if force => format!("TRUE{filters}"),
        SweepKind::List => format!("(({}) OR ({})){filters}", wanted.due(), wanted.lapsed(&Asked::Batch)),
    };
    let key = scope.key_text(CLIENT);
    let null = scope.dialect.given_null;
    let unreadable = scope.dialect.given_unreadable(client.key.len());
    let named = format!("`{}.{}`", client.table, client.key.join(", "));
    let reason = |what: &str| text(&serde_json::json!([format!("the key {named} {what}")]).to_string());
    let is_unreadable = any_of(unreadable.iter().map(|(condition, _)| condition.clone()).collect());
    let of_unreadable: Vec<String> =
        unreadable.iter().map(|(condition, what)| format!(" WHEN {condition} THEN {}", reason(what))).collect();
    let of_unreadable = of_unreadable.concat();
    let busy = if scope.dialect.has_one_writer {
        String::new()
    } else {
        let held = row(key_columns("h", client.key.len()));
        format!(
            " WHEN NOT EXISTS (SELECT 1 FROM lethe_held AS h WHERE {held} = {}) THEN 'busy'",
            tuple(CLIENT, &client.key)
        )
    };
    // What a replay takes was done before.
    let already = if kind == SweepKind::Replay { "FALSE".to_owned() } else { scope.anonymized() };
    format!(
        "INSERT INTO lethe_batch (n, key, {}, state, reasons) SELECT j.n, CASE WHEN {null} THEN {} \
         WHEN {missing} IS NULL OR {is_unreadable} THEN {} ELSE {key} END, {own_keys}, \
         CASE WHEN {null} THEN 'failed' WHEN {missing} IS NULL THEN 'not_found' WHEN {is_unreadable} THEN 'failed'{busy} \
         WHEN {already} THEN 'already' WHEN f.client_key IS NOT NULL THEN 'failed' WHEN NOT COALESCE({due}, FALSE) THEN 'not_due' END, \
         CASE WHEN {null} THEN {} WHEN {missing} IS NULL THEN NULL{of_unreadable} ELSE f.reasons END FROM {} \
         LEFT JOIN {} \
         LEFT JOIN lethe_outcomes AS f ON f.client_key = {key} AND f.outcome = 'failed' AND f.digest = $2 AND f.sweep = \
         (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = {key})",
        key_names(client.key.len()),
        text(&format!("NULL ({named})")),
        scope.dialect.given_text(client.key.len()),
        reason("is NULL"),
        scope.dialect.given_keys,
        scope.clients_on(&row(tried_key(scope).into_iter())),
    )
}

/// The condition under which a row refuses its client.
pub(super) fn guard_condition(scope: Scope, guard: &GuardPlan) -> Option<OfRow> {
    let own = guard.condition.as_ref().map(|own| OfRow::new(own, scope.today));
    // A period that leads out of the calendar reaches every row.
    let since = guard.within.as_ref().and_then(|within| Some((within, within.length.before(scope.today.day).ok()?)));
    let Some((within, since)) = since else { return own };
    let recent = scope.may_be_since(&column(&within.table, &within.date), within.nullable, since);
    Some(match own {
        Some(own) => OfRow { sql: format!("({}) AND {recent}", own.sql), always_readable: own.always_readable },
        None => OfRow { sql: recent, always_readable: true },
    })
}

fn reasons(scope: Scope, plan: &Plan) -> Vec<String> {
    let batch = scope.batch();
    let into = "INSERT INTO lethe_reasons (n, place, reason) SELECT b.n";
    let mut all: Vec<String> = plan
        .guards
        .iter()
        .enumerate()
        .map(|(place, guard)| {
            let condition = guard_condition(scope, guard);
            format!(
                "{into}, {place}, {} FROM {batch} WHERE b.state IS NULL AND {}",
                text(&guard.name),
                scope.exists(&guard.paths, condition.as_ref(), &Asked::Batch)
            )
        })
        .collect();
    all.push(format!(
        "{into}, {}, '{HOLD}' FROM lethe_batch AS b WHERE b.state IS NULL \
         AND EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = b.key AND h.released_at IS NULL)",
        plan.guards.len()
    ));
    all
}

/// Marks those with reasons as refused.
pub fn refuse(dialect: Dialect) -> String {
    format!(
        "UPDATE lethe_batch SET state = 'refused', reasons = r.reasons FROM (SELECT n, {} AS reasons FROM lethe_reasons GROUP BY n) AS r \
         WHERE lethe_batch.n = r.n AND state IS NULL",
        dialect.json_list("reason", "place")
    )
}

/// Marks the clients whose `n` is in `$1`, a JSON object of `n` and reasons, as failed.
pub fn fail(dialect: Dialect) -> String {
    format!(
        "UPDATE lethe_batch SET state = 'failed', reasons = r.value FROM {} \
         WHERE CAST(r.key AS INTEGER) = lethe_batch.n AND state IS NULL",
        dialect.members("$1")
    )
}

/// Counts the reasons of the refused, each client once for each of its reasons.
pub fn count_reasons(dialect: Dialect) -> String {
    format!(
        "SELECT r.value, count(*) FROM lethe_batch AS b, {} WHERE b.state = 'refused' GROUP BY r.value",
        dialect.elements("b.reasons")
    )
}

/// Leaves the clients with the places in `$1`, a JSON array, to batches of their own.
pub fn apart(dialect: Dialect) -> [String; 2] {
    let places = dialect.numbers_in("$1");
    [
        format!("UPDATE lethe_batch SET state = 'apart' WHERE n IN ({places})"),
        format!("DELETE FROM lethe_taken WHERE n IN ({places})"),
    ]
}

fn take(scope: Scope) -> String {
    format!(
        "INSERT INTO lethe_taken SELECT b.n, {} FROM lethe_batch AS b WHERE b.state IS NULL ORDER BY b.n ON CONFLICT DO NOTHING",
        key_columns("b", scope.client.key.len()).collect::<Vec<_>>().join(", ")
    )
}
