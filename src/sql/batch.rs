//! The statements of one batch, in the order in which they run.

use std::collections::BTreeSet;

use super::link::{Asked, CLIENT, OfRow};
use super::residue::{Search, former, search};
use super::select::Wanted;
use super::{Scope, column, key_columns, key_names, name, relation, replay, row, text, tuple};
use crate::domain::dialect::Dialect;
use crate::domain::outcome::HOLD;
use crate::domain::plan::{ClientPlan, Plan, REMEMBERED, Step};
use crate::domain::sweep::SweepKind;

/// Makes the temporary tables of a connection.
#[must_use]
pub fn temporary_tables(client: &ClientPlan) -> Vec<String> {
    // Typed like the key itself: a text `7` elsewhere is the number 7 here if it is there.
    let typed: Vec<String> = client.key_types.iter().enumerate().map(|(at, own)| format!("k{at} {own}")).collect();
    let typed = typed.join(", ");
    let keys = key_names(client.key.len());
    let going: Vec<String> = (0..REMEMBERED).map(|at| format!("k{at}")).collect();
    // Not emptied by each commit: that would make PostgreSQL plan every statement anew for each batch.
    let text = client.dialect.any_text();
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
    ]
}

/// Empties the temporary tables.
pub const EMPTY: [&str; 5] = [
    "DELETE FROM lethe_batch",
    "DELETE FROM lethe_held",
    "DELETE FROM lethe_taken",
    "DELETE FROM lethe_reasons",
    "DELETE FROM lethe_going",
];

/// The names of the temporary tables.
pub const TABLES: &str = "lethe_batch, lethe_held, lethe_taken, lethe_reasons, lethe_going";

/// Drops the temporary tables, for another plan.
pub const DROP: [&str; 5] = [
    "DROP TABLE IF EXISTS lethe_batch",
    "DROP TABLE IF EXISTS lethe_held",
    "DROP TABLE IF EXISTS lethe_taken",
    "DROP TABLE IF EXISTS lethe_reasons",
    "DROP TABLE IF EXISTS lethe_going",
];

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
    /// Rules, with the table each is about.
    pub changes: Vec<(String, String)>,
    /// What is looked through for former values.
    pub searches: Vec<Search>,
    /// Rules that wait for the residue check, with the table each is about.
    pub last_changes: Vec<(String, String)>,
    /// Whether every client is still there.
    pub kept: super::kept::Kept,
    /// Files that go with their clients.
    pub files: super::files::Statements,
    /// Who is told beforehand; `None` if nobody is.
    pub notices: Option<super::notices::Statements>,
}

/// Makes the statements of a batch.
#[must_use]
pub fn statements(wanted: &Wanted, kind: SweepKind, force: bool) -> Statements {
    let plan = wanted.plan;
    let scope = wanted.scope();
    let mut changes = Vec::new();
    let mut last_changes = Vec::new();
    let mut very_last = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let of_step = step_statements(scope, at, step);
        changes.extend(of_step.now.into_iter().map(|sql| (step.table.clone(), sql)));
        last_changes.extend(of_step.last.into_iter().map(|sql| (step.table.clone(), sql)));
        very_last.extend(of_step.very_last.into_iter().map(|sql| (step.table.clone(), sql)));
    }
    last_changes.append(&mut very_last);
    Statements {
        steady: steady(scope, plan),
        lock: lock(scope, scope.dialect.skip_locked()),
        pass: lock(scope, ""),
        fill: fill(wanted, kind, force),
        fill_failing: fill(wanted, if kind == SweepKind::Replay { kind } else { SweepKind::List }, true),
        // After a restore, what refuses in the backup was overcome since.
        reasons: if kind == SweepKind::Replay && force { vec![replay::held()] } else { reasons(scope, plan) },
        take: take(scope),
        shared: plan
            .steps
            .iter()
            .flat_map(|step| step.paths.iter().map(move |path| (step, path)))
            .filter_map(|(step, path)| Some((step.table.clone(), scope.lock_shared(path)?)))
            .collect(),
        unknown_keys: plan.steps.iter().filter_map(|step| unknown_keys(scope, step)).collect(),
        former: former(scope, plan),
        changes,
        searches: plan.searched.iter().map(|searched| search(scope, searched)).collect(),
        last_changes,
        kept: super::kept::Kept::of(plan),
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
    #[must_use]
    pub fn all(&self, client: &ClientPlan) -> Vec<(String, &str)> {
        let of_client = [&self.fill, &self.fill_failing, &self.take];
        let of_client = of_client.into_iter().chain(&self.lock).chain(&self.reasons);
        let mut all: Vec<(String, &str)> = of_client.map(|sql| (client.table.clone(), sql.as_str())).collect();
        all.extend(self.former.iter().map(|sql| (client.table.clone(), sql.as_str())));
        let tabled = self.shared.iter().chain(&self.unknown_keys).chain(&self.changes).chain(&self.last_changes);
        all.extend(tabled.map(|(table, sql)| (table.clone(), sql.as_str())));
        all.extend(self.files.all());
        let kept = self.kept.deletions.iter().chain([&self.kept.missing]);
        all.extend(kept.map(|sql| (client.table.clone(), sql.as_str())));
        for search in &self.searches {
            let blank = search.blank_all.iter().chain([&search.select]);
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
    of_step.now.extend(scope.updates(&step.table, &step.updates));
    of_step.last.extend(step.unlinks.iter().map(|own| scope.update(&step.table, own)));
    of_step
}

/// A key of [`given_keys`](crate::domain::dialect::SqlDialect::given_keys), to compare with the key's columns.
pub(super) fn given_key(scope: Scope) -> String {
    match scope.client.key_types.as_slice() {
        [declared] => scope.dialect.given_key(declared),
        _ => scope.key_of("j.value"),
    }
}

fn steady(scope: Scope, plan: &Plan) -> Option<String> {
    let tables: BTreeSet<&str> =
        plan.steps.iter().map(|step| step.table.as_str()).chain([scope.client.table.as_str()]).collect();
    scope.dialect.keep_schema(&tables.into_iter().collect::<Vec<_>>())
}

fn lock(scope: Scope, locking: &str) -> Option<String> {
    if scope.dialect.has_one_writer() {
        return None;
    }
    let key = tuple(CLIENT, &scope.client.key);
    let columns: Vec<String> = scope.client.key.iter().map(|own| column(CLIENT, own)).collect();
    let columns = columns.join(", ");
    let named = if scope.client.key.len() == 1 {
        given_key(scope)
    } else {
        let parts = scope.client.key_types.iter().enumerate();
        parts.map(|(at, own)| scope.key_part("j.value", Some(at), own)).collect::<Vec<_>>().join(", ")
    };
    let among = scope.dialect.among(
        &key,
        scope.client.key.len(),
        &format!("SELECT {named} FROM {}", scope.dialect.given_keys()),
    );
    Some(format!(
        "INSERT INTO lethe_held SELECT {columns} FROM {} WHERE {among} ORDER BY {columns}{locking}",
        scope.clients()
    ))
}

fn fill(wanted: &Wanted, kind: SweepKind, force: bool) -> String {
    let scope = wanted.scope();
    let client = scope.client;
    let own_keys = client.key.iter().map(|key| column(CLIENT, key)).collect::<Vec<_>>().join(", ");
    let missing = column(CLIENT, &client.key[0]);
    let filters = wanted.filters();
    let due = match kind {
        SweepKind::Due => format!("{}{filters}", wanted.due()),
        SweepKind::Period => format!("({}){filters}", wanted.lapsed_in_batch()),
        SweepKind::Replay => format!("{}{filters}", replay::known(scope)),
        // Its batches are of rows.
        SweepKind::Retention => "FALSE".to_owned(),
        SweepKind::List if force => format!("TRUE{filters}"),
        SweepKind::List => format!("(({}) OR ({})){filters}", wanted.due(), wanted.lapsed_in_batch()),
    };
    let key = scope.key_text(CLIENT);
    let busy = if scope.dialect.has_one_writer() {
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
        "INSERT INTO lethe_batch (n, key, {}, state, reasons) SELECT j.n, COALESCE(CASE WHEN {missing} IS NOT NULL THEN {key} END, \
         {}), {own_keys}, CASE WHEN {missing} IS NULL THEN 'not_found'{busy} WHEN {already} THEN 'already' \
         WHEN f.client_key IS NOT NULL THEN 'failed' WHEN NOT COALESCE({due}, FALSE) THEN 'not_due' END, f.reasons FROM {} \
         LEFT JOIN {} ON {} = {} \
         LEFT JOIN lethe_outcomes AS f ON f.client_key = {key} AND f.outcome = 'failed' AND f.digest = $2 AND f.sweep = \
         (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = {key})",
        key_names(client.key.len()),
        scope.dialect.given_text(client.key.len()),
        scope.dialect.given_keys(),
        scope.clients(),
        tuple(CLIENT, &client.key),
        given_key(scope),
    )
}

fn reasons(scope: Scope, plan: &Plan) -> Vec<String> {
    let width = scope.client.key.len();
    let batch = format!(
        "lethe_batch AS b JOIN {} ON {} = {}",
        scope.clients(),
        tuple(CLIENT, &scope.client.key),
        row(key_columns("b", width))
    );
    let into = "INSERT INTO lethe_reasons (n, place, reason) SELECT b.n";
    let mut all: Vec<String> = plan
        .guards
        .iter()
        .enumerate()
        .map(|(place, guard)| {
            let condition = guard.condition.as_ref().map(|own| OfRow::new(own, scope.today));
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
#[must_use]
pub fn refuse(dialect: Dialect) -> String {
    format!(
        "UPDATE lethe_batch SET state = 'refused', reasons = r.reasons FROM (SELECT n, {} AS reasons FROM lethe_reasons GROUP BY n) AS r \
         WHERE lethe_batch.n = r.n AND state IS NULL",
        dialect.json_list("reason", "place")
    )
}

/// Marks the clients whose `n` is in `$1`, a JSON object of `n` and reasons, as failed.
#[must_use]
pub fn fail(dialect: Dialect) -> String {
    format!(
        "UPDATE lethe_batch SET state = 'failed', reasons = r.value FROM {} \
         WHERE CAST(r.key AS INTEGER) = lethe_batch.n AND state IS NULL",
        dialect.members("$1")
    )
}

/// Leaves alone everybody from the first client on for whom a cap of `$1` has no room.
pub const CAP: &str = "UPDATE lethe_batch SET state = 'over' WHERE n >= \
     (SELECT n FROM lethe_batch WHERE state IS NULL ORDER BY n LIMIT 1 OFFSET $1)";

/// Counts clients by state.
pub const COUNT: &str = "SELECT state, count(*) FROM lethe_batch GROUP BY state";

/// Counts the reasons of the refused, each client once for each of its reasons.
#[must_use]
pub fn count_reasons(dialect: Dialect) -> String {
    format!(
        "SELECT r.value, count(*) FROM lethe_batch AS b, {} WHERE b.state = 'refused' GROUP BY r.value",
        dialect.elements("b.reasons")
    )
}

/// The places of the clients that another transaction has locked.
pub const BUSY: &str = "SELECT n FROM lethe_batch WHERE state = 'busy' ORDER BY n";

/// Everybody looked at, in order: key, state, reasons.
pub const LOOKED_AT: &str =
    "SELECT key, state, reasons FROM lethe_batch WHERE state NOT IN ('over', 'busy', 'apart') ORDER BY n";

/// One more than the last place of a client taken.
pub const TAKEN_PLACES: &str = "SELECT COALESCE(max(n) + 1, 0) FROM lethe_taken";

/// Takes nobody but those with places from `$1` up to `$2`.
pub const TAKE_ONLY: &str = "DELETE FROM lethe_taken WHERE n < $1 OR n >= $2";

/// Leaves the clients with the places in `$1`, a JSON array, to batches of their own.
#[must_use]
pub fn apart(dialect: Dialect) -> [String; 2] {
    let places = dialect.numbers_in("$1");
    [
        format!("UPDATE lethe_batch SET state = 'apart' WHERE n IN ({places})"),
        format!("DELETE FROM lethe_taken WHERE n IN ({places})"),
    ]
}

/// The last client of the batch that the cap let through, by its place.
pub const LAST_WITHIN_CAP: &str = "SELECT max(n) FROM lethe_batch WHERE state <> 'over'";

fn take(scope: Scope) -> String {
    format!(
        "INSERT INTO lethe_taken SELECT b.n, {} FROM lethe_batch AS b WHERE b.state IS NULL ORDER BY b.n ON CONFLICT DO NOTHING",
        key_columns("b", scope.client.key.len()).collect::<Vec<_>>().join(", ")
    )
}

/// Marks those taken as anonymized.
pub const DONE: &str = "UPDATE lethe_batch SET state = 'anonymized' WHERE state IS NULL";

fn unknown_keys(scope: Scope, step: &Step) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let own = name(&keys.column);
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT COALESCE(CAST({own} AS TEXT), '') FROM {} WHERE {} AND COALESCE(CAST({own} AS TEXT), '') NOT IN ({known}) LIMIT 1",
        scope.relation(&step.table),
        scope.belongs(&step.paths)
    );
    Some((step.table.clone(), sql))
}

/// Every key of a key-value table that the policy does not know.
#[must_use]
pub fn all_unknown_keys(dialect: Dialect, step: &Step) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let own = name(&keys.column);
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT DISTINCT COALESCE(CAST({own} AS TEXT), '') FROM {} WHERE COALESCE(CAST({own} AS TEXT), '') NOT IN ({known}) ORDER BY 1",
        relation(dialect, &step.table)
    );
    Some((step.table.clone(), sql))
}

/// Notes for each client its latest record in the ledger, and whether the same is to be recorded again.
pub const LATEST: [&str; 2] = [
    "UPDATE lethe_batch SET latest = (SELECT max(o.sweep) FROM lethe_outcomes AS o WHERE o.client_key = lethe_batch.key) \
     WHERE state NOT IN ('anonymized', 'over', 'busy', 'apart')",
    "UPDATE lethe_batch SET standing = 1 WHERE latest IS NOT NULL AND EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE \
     o.client_key = lethe_batch.key AND o.sweep = lethe_batch.latest AND o.outcome = lethe_batch.state \
     AND o.reasons IS NOT DISTINCT FROM lethe_batch.reasons)",
];

/// Records that an outcome stands as it was. `$1` sweep, `$2` moment, `$3` plan
/// digest: a client that was tried again and failed again failed under this plan.
pub const STAND: &str = "UPDATE lethe_outcomes SET last_sweep = $1, last_at = $2, \
     digest = CASE outcome WHEN 'failed' THEN $3 ELSE digest END WHERE (client_key, sweep) IN \
     (SELECT key, latest FROM lethe_batch WHERE standing = 1)";

/// Records new outcomes. `$1` sweep, `$2` moment, `$3` plan digest.
pub const RECORD: &str = "INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest) \
     SELECT key, $1, state, reasons, $2, $1, $2, $3 FROM lethe_batch WHERE state NOT IN ('over', 'busy', 'apart') AND standing = 0 ORDER BY n \
     ON CONFLICT (client_key, sweep) DO UPDATE SET outcome = excluded.outcome, reasons = excluded.reasons, \
     at = excluded.at, \
     last_at = excluded.last_at WHERE lethe_outcomes.outcome <> 'anonymized'";
