//! What is asked once more before a batch is committed: whether each rule took
//! effect, and whether what kept no client at the beginning keeps one now.

use std::collections::BTreeSet;

use super::batch::guard_condition;
use super::change::differing;
use super::link::{Asked, Looks, OfRow, TAKEN};
use super::residue::{Search, search_again};
use super::select::Wanted;
use super::{Scope, any_of, name, text};
use crate::domain::dialect::Closing;
use crate::domain::outcome::HOLD;
use crate::domain::sweep::SweepKind;
use crate::plan::{Condition, Delete, Path, Plan, Step, Update};

#[derive(Debug, Clone)]
pub struct LastLook {
    /// Finds clients of whose rows a rule would still change or delete one: `n`, and the rule's table or column. Asked
    /// after the rules, where later ones take away the links by which rows are reached.
    pub early: Vec<Check>,
    /// After each of the last rules, in their order.
    pub after_last: Vec<Option<Check>>,
    /// At the end.
    pub rules: Vec<Check>,
    /// Whether all rules have had their effect once their statements have run, if no other session writes: the database does
    /// not act on what they write, and none changes what another one goes by.
    pub is_certain: bool,
    /// Finds clients taken whom something keeps now: `n` and its name.
    pub kept: Option<String>,
    /// The same by rows that others wrote since `{since}`, where a rule changes what is asked about.
    pub kept_since: Option<String>,
    /// How others are kept from writing meanwhile; `None` where they cannot anyway.
    pub closing: Option<&'static Closing>,
    /// The tables in which they could change the answer, as they are called in SQL, and functions that read such tables.
    pub tables: Vec<String>,
    /// For each search for former values, the same in rows that others wrote since `{since}`.
    pub again: Vec<Search>,
}

/// Finds clients for whom a rule did not take effect.
#[derive(Debug, Clone)]
pub struct Check {
    pub table: String,
    /// Gives `n` and the rule's `table` or `table.column`.
    pub sql: String,
}

impl LastLook {
    pub(super) fn of(wanted: &Wanted, kind: SweepKind, force: bool) -> Self {
        let (scope, plan) = (wanted.scope(), wanted.plan);
        let (kept, kept_since) = kept(wanted, kind, force);
        let mut look = Self {
            early: Vec::new(),
            after_last: Vec::new(),
            rules: Vec::new(),
            is_certain: is_certain(plan),
            kept,
            kept_since,
            closing: scope.dialect.closing,
            tables: tables(scope, plan),
            again: Vec::new(),
        };
        let last_tables: BTreeSet<&str> =
            plan.steps.iter().filter(|step| acts_last(step)).map(|step| step.table.as_str()).collect();
        let is_cut = |paths: &[Path]| {
            paths.iter().flat_map(|path| &path.hops).any(|hop| last_tables.contains(hop.table.as_str()))
        };
        let mut very_last = Vec::new();
        for (at, step) in plan.steps.iter().enumerate() {
            for own in &step.deletes {
                if let Some(columns) = &own.remembered {
                    very_last.push(Some(still_remembered(scope, at, step, columns)));
                } else if step.delete_last {
                    look.after_last.push(Some(not_deleted(scope, step, own)));
                } else {
                    look.early.push(not_deleted(scope, step, own));
                    look.rules.push(not_deleted(scope, step, own));
                }
            }
            for own in &step.updates {
                let check = not_changed(scope, step, own);
                if is_cut(&own.paths) {
                    look.early.push(check.clone());
                }
                look.rules.push(check);
            }
            look.after_last.extend(step.unlinks.iter().map(|own| Some(not_changed(scope, step, own))));
        }
        look.after_last.append(&mut very_last);
        // Rows that come while the last rules are applied.
        look.rules.extend(look.after_last.iter().flatten().cloned());
        if let Some(closing) = look.closing {
            look.again = plan.searched.iter().map(|searched| search_again(scope, searched, closing)).collect();
        }
        look
    }
}

fn is_certain(plan: &Plan) -> bool {
    let changed = Changed::of(plan);
    let is_settled = |own: &Update| changed.asked(&own.paths, None, None) == Says::AsBefore;
    !plan.reacts && plan.steps.iter().all(|step| step.unlinks.is_empty() && step.updates.iter().all(is_settled))
}

/// Whether a table has rules that wait for the residue check.
fn acts_last(step: &Step) -> bool {
    !step.unlinks.is_empty() || step.deletes.iter().any(|own| own.remembered.is_some() || step.delete_last)
}

fn not_deleted(scope: Scope, step: &Step, delete: &Delete) -> Check {
    let place = text(&step.table);
    let each = delete.paths.iter().map(|path| {
        let conditions = delete.condition.iter().map(|own| own.sql(scope.today)).collect();
        format!("SELECT {TAKEN}.n, {place} FROM {}", scope.join(path, Looks { conditions, results: Vec::new() }))
    });
    Check { table: step.table.clone(), sql: each.collect::<Vec<_>>().join(" UNION ") }
}

fn not_changed(scope: Scope, step: &Step, update: &Update) -> Check {
    let mut which = "CASE".to_owned();
    let mut differs = Vec::new();
    for rule in &update.rules {
        let own = name(&rule.column);
        let differing = differing(rule, &own, &scope.value(&step.table, rule));
        which = format!("{which} WHEN {differing} THEN {}", text(&format!("{}.{}", step.table, rule.column)));
        differs.push(differing);
    }
    let differs = any_of(differs);
    let each = update.paths.iter().map(|path| {
        let looks = Looks { conditions: vec![differs.clone()], results: vec![format!("{which} END")] };
        format!("SELECT {TAKEN}.n, {}.lethe_0 FROM {}", name(&step.table), scope.join(path, looks))
    });
    Check { table: step.table.clone(), sql: each.collect::<Vec<_>>().join(" UNION ") }
}

/// Rows that were noted to be deleted and are still there. Whose they are cannot be told any more: `n` is NULL.
fn still_remembered(scope: Scope, at: usize, step: &Step, columns: &[(String, String)]) -> Check {
    let rows = scope.remembered(at, &step.table, columns);
    let sql = format!(
        "SELECT CAST(NULL AS INTEGER), {} FROM {} WHERE {rows} LIMIT 1",
        text(&step.table),
        scope.relation(&step.table)
    );
    Check { table: step.table.clone(), sql }
}

/// Who is kept by now, by a guard, a hold, or activity: as it is at the end, and as others left it.
fn kept(wanted: &Wanted, kind: SweepKind, force: bool) -> (Option<String>, Option<String>) {
    let (scope, plan) = (wanted.scope(), wanted.plan);
    let has_triggers = plan.steps.iter().any(|step| !step.triggers.is_empty());
    if scope.dialect.closing.is_none() && !has_triggers {
        return (None, None);
    }
    let by_others = scope.dialect.closing.map(|closing| closing.written_by_others);
    let changed = Changed::of(plan);
    let client = format!("{} WHERE b.state = 'anonymized'", scope.batch());
    let (mut all, mut since) = (Vec::new(), Vec::new());
    if !(kind == SweepKind::Replay && force) {
        for guard in &plan.guards {
            let date = guard.within.as_ref().map(|own| own.date.as_str());
            let condition = guard_condition(scope, guard);
            let (whose, condition) = match changed.asked(&guard.paths, guard.condition.as_ref(), date) {
                Says::AsBefore => (&mut all, condition),
                Says::OfOthers => match by_others {
                    Some(by_others) => (&mut since, Some(and(condition, by_others))),
                    None => continue,
                },
                Says::Nothing => continue,
            };
            let exists = scope.exists(&guard.paths, condition.as_ref(), &Asked::Batch);
            whose.push(format!("SELECT b.n, {} FROM {client} AND {exists}", text(&guard.name)));
        }
    }
    let is_by_activity = kind == SweepKind::Period || (kind == SweepKind::List && !force);
    if let Some(by_others) = by_others.filter(|_| is_by_activity) {
        let due_by = scope.client.to_anonymize_on.as_deref().filter(|_| kind == SweepKind::List);
        let is_date_changed = due_by.is_some_and(|own| changed.has(&scope.client.table, own));
        let unless = if due_by.is_some() && !is_date_changed {
            format!(" AND NOT COALESCE(({}), FALSE)", wanted.due())
        } else {
            String::new()
        };
        for source in plan.retention.iter().flat_map(|own| &own.activity) {
            let (whose, only) = match changed.asked(&source.paths, source.condition.as_ref(), Some(&source.date)) {
                Says::AsBefore if !is_date_changed => (&mut all, None),
                Says::AsBefore | Says::OfOthers => (&mut since, Some(by_others)),
                Says::Nothing => continue,
            };
            for active in wanted.active_in_batch(source, only) {
                whose.push(format!("SELECT b.n, {} FROM {client} AND {active}{unless}", text(&source.table)));
            }
        }
    }
    all.push(format!(
        "SELECT b.n, '{HOLD}' FROM lethe_batch AS b WHERE b.state = 'anonymized' \
         AND EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = b.key AND h.released_at IS NULL)"
    ));
    let together = |all: Vec<String>| (!all.is_empty()).then(|| all.join(" UNION "));
    (together(all), together(since))
}

fn and(condition: Option<OfRow>, other: &str) -> OfRow {
    match condition {
        Some(own) => OfRow { sql: format!("({}) AND {other}", own.sql), always_readable: own.always_readable },
        None => OfRow { sql: other.to_owned(), always_readable: true },
    }
}

/// The tables whose rows decide, each once.
fn tables(scope: Scope, plan: &Plan) -> Vec<String> {
    let mut all: BTreeSet<String> = plan.rights().into_keys().map(|table| scope.dialect.qualified(&table)).collect();
    all.extend(plan.also_read().into_iter().map(|(schema, own)| match schema {
        Some(schema) => format!("{}.{}", name(&schema), name(&own)),
        None => name(&own),
    }));
    all.extend(plan.called());
    all.insert("lethe_holds".to_owned());
    all.into_iter().collect()
}

/// What a question says after the rules that was asked before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// The same.
    AsBefore,
    /// The same of rows that others wrote, as no rule has changed those.
    OfOthers,
    /// Nothing: it is also about rows that rules change or delete.
    Nothing,
}

/// What rules change.
struct Changed<'a> {
    columns: BTreeSet<(&'a str, &'a str)>,
    /// The tables of which rows are deleted.
    deleted: BTreeSet<&'a str>,
}

impl<'a> Changed<'a> {
    fn of(plan: &'a Plan) -> Self {
        let updates =
            plan.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks).map(move |own| (step, own)));
        Self {
            columns: updates
                .flat_map(|(step, own)| own.rules.iter().map(|rule| (step.table.as_str(), rule.column.as_str())))
                .collect(),
            deleted: plan
                .steps
                .iter()
                .filter(|step| !step.deletes.is_empty())
                .map(|step| step.table.as_str())
                .collect(),
        }
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.columns.contains(&(table, column))
    }

    /// Whether the subqueries of a condition on this table's rows read what rules change or delete.
    fn is_within(&self, of: &str, condition: &Condition) -> bool {
        self.columns.iter().any(|(table, column)| condition.reads_column(of, table, column))
            || self.deleted.iter().any(|table| condition.reads(table))
    }

    /// What a question about rows by these paths says after the rules.
    fn asked(&self, paths: &[Path], condition: Option<&Condition>, date: Option<&str>) -> Says {
        let of_row = |table: &str, own: &Condition| {
            if self.is_within(table, own) {
                Says::Nothing
            } else if own.columns.iter().any(|column| self.has(table, column)) {
                Says::OfOthers
            } else {
                Says::AsBefore
            }
        };
        let of_path = |path: &Path| {
            let Some((first, others)) = path.hops.split_first() else { return Says::AsBefore };
            let own = condition.iter().copied().chain(&first.condition).map(|own| of_row(&first.table, own));
            let dated = date.is_some_and(|date| self.has(&first.table, date)).then_some(Says::OfOthers);
            let passed = others.iter().flat_map(|hop| hop.condition.iter().map(|own| of_row(&hop.table, own)));
            let passed = passed.map(|own| if own == Says::AsBefore { own } else { Says::Nothing });
            own.chain(dated).chain(passed).max().unwrap_or(Says::AsBefore)
        };
        paths.iter().map(of_path).max().unwrap_or(Says::AsBefore)
    }
}
