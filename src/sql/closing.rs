//! What is asked once more before a batch is committed: whether each rule took
//! effect, and whether what kept nobody at the beginning keeps somebody now.

use std::collections::BTreeSet;

use super::batch::guard_condition;
use super::change::differing;
use super::link::{Asked, CLIENT, Looks, TAKEN};
use super::residue::{Search, search_again};
use super::select::Wanted;
use super::{Scope, any_of, key_columns, name, row, text, tuple};
use crate::domain::dialect::Closing;
use crate::domain::outcome::HOLD;
use crate::domain::plan::{Condition, Delete, GuardPlan, Path, Plan, Step, Update};
use crate::domain::sweep::SweepKind;

/// The last look of a batch.
#[derive(Debug, Clone)]
pub struct LastLook {
    /// Finds clients of whose rows a rule would still change or delete one: `n`, and the rule's table or column. Asked
    /// after the rules, where later ones take away the links by which rows are reached.
    pub early: Vec<Check>,
    /// After each of the last rules, in their order.
    pub after_last: Vec<Option<Check>>,
    /// At the end.
    pub rules: Vec<Check>,
    /// Finds clients taken whom something keeps now: `n` and its name.
    pub kept: Option<String>,
    /// How others are kept from writing meanwhile; `None` where they cannot anyway.
    pub closing: Option<&'static Closing>,
    /// The tables in which they could change the answer, as they are called in SQL.
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
        let mut look = Self {
            early: Vec::new(),
            after_last: Vec::new(),
            rules: Vec::new(),
            kept: kept(wanted, kind, force),
            closing: scope.dialect.closing(),
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

/// Who is kept by now: by a guard, a hold, or activity.
///
/// A condition on a column that a rule changes says nothing afterwards, and is left out.
fn kept(wanted: &Wanted, kind: SweepKind, force: bool) -> Option<String> {
    let (scope, plan) = (wanted.scope(), wanted.plan);
    let changed = Changed::of(plan);
    let client = format!(
        "lethe_batch AS b JOIN {} ON {} = {} WHERE b.state = 'anonymized'",
        scope.clients(),
        tuple(CLIENT, &scope.client.key),
        row(key_columns("b", scope.client.key.len()))
    );
    let mut all = Vec::new();
    if !(kind == SweepKind::Replay && force) {
        let is_steady = |guard: &&GuardPlan| {
            let date = guard.within.as_ref().map(|own| own.date.as_str());
            !changed.is_asked(&guard.paths, guard.condition.as_ref(), date)
        };
        for guard in plan.guards.iter().filter(is_steady) {
            let condition = guard_condition(scope, guard);
            let exists = scope.exists(&guard.paths, condition.as_ref(), &Asked::Batch);
            all.push(format!("SELECT b.n, {} FROM {client} AND {exists}", text(&guard.name)));
        }
    }
    if kind == SweepKind::Period {
        let sources = plan.retention.iter().flat_map(|own| &own.activity);
        for source in sources.filter(|own| !changed.is_asked(&own.paths, own.condition.as_ref(), Some(&own.date))) {
            for active in wanted.active_in_batch(source) {
                all.push(format!("SELECT b.n, {} FROM {client} AND {active}", text(&source.table)));
            }
        }
    }
    all.push(format!(
        "SELECT b.n, '{HOLD}' FROM lethe_batch AS b WHERE b.state = 'anonymized' \
         AND EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = b.key AND h.released_at IS NULL)"
    ));
    Some(all.join(" UNION ")).filter(|_| scope.dialect.closing().is_some())
}

/// The tables whose rows decide, each once.
fn tables(scope: Scope, plan: &Plan) -> Vec<String> {
    let mut all: BTreeSet<String> = plan.rights().into_keys().map(|table| scope.dialect.qualified(&table)).collect();
    all.insert("lethe_holds".to_owned());
    all.into_iter().collect()
}

/// The columns that rules change.
struct Changed<'a>(BTreeSet<(&'a str, &'a str)>);

impl<'a> Changed<'a> {
    fn of(plan: &'a Plan) -> Self {
        let updates =
            plan.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks).map(move |own| (step, own)));
        Self(
            updates
                .flat_map(|(step, own)| own.rules.iter().map(|rule| (step.table.as_str(), rule.column.as_str())))
                .collect(),
        )
    }

    /// Whether a question about rows by these paths reads a column that a rule changes.
    fn is_asked(&self, paths: &[Path], condition: Option<&Condition>, date: Option<&str>) -> bool {
        let of_hop = |table: &str, condition: Option<&Condition>| {
            condition.is_some_and(|own| {
                own.columns().iter().any(|column| self.0.contains(&(table, column.as_str())))
                    || own.relations().iter().any(|(_, read)| self.0.iter().any(|(table, _)| *table == read))
            })
        };
        paths.iter().any(|path| {
            let table = path.hops.first().map_or("", |hop| hop.table.as_str());
            of_hop(table, condition)
                || date.is_some_and(|date| self.0.contains(&(table, date)))
                || path.hops.iter().any(|hop| of_hop(&hop.table, hop.condition.as_ref()))
        })
    }
}
