//! The plan: a policy that has met the live schema, checked whole.
//!
//! [`Plan::build`] either gives a plan that can run or one list of everything
//! that stands in its way. What only the database itself can answer (does a
//! condition prepare, does a CHECK accept a placeholder) is asked by the
//! [store](crate::database) afterwards.

mod builder;
mod condition;
mod deletes;
mod entries;
mod files;
mod gate;
mod guards;
mod longhand;
mod order;
mod path;
mod period;
mod placeholder;
mod problem;
mod quasi;
mod recognize;
mod refresh;
mod retention;
mod rights;
mod rules;
mod settle;
mod shown;
mod watched;

pub use condition::Condition;
pub use files::NamedFile;
pub use longhand::Longhand;
pub use path::{Compared, Hop, Path};
pub use placeholder::key_length;
pub use problem::{PlanError, Problem, in_toml, shown_key};
pub use recognize::Recognition;
pub use retention::RowRetention;
pub use rights::Rights;
pub use watched::Watched;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::dialect::Dialect;
use crate::domain::period::Period;
use crate::domain::schema::{Kind, Schema};
use crate::policy::{Action, Choices, OnResidue, Policy, Reason, Template};

/// The first day that is one: whatever lies before, with or without a time, is
/// a blank marker (`0000-00-00`, `0001-01-01`, `1753-01-01`, `1900-01-01`).
pub const FIRST_DAY: &str = "1900-01-02";

/// A policy that can run on the schema it was checked against.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The policy in its long form.
    pub policy: Policy,
    /// SHA-256 over the policy and the schema facts it relies on, in hex.
    pub digest: String,
    pub client: ClientPlan,
    /// Filter names and the client columns behind them.
    pub filters: BTreeMap<String, FilterPlan>,
    /// Filters of which each sweep that selects clients must give exactly one value.
    pub one_value: BTreeSet<String>,
    /// The company's own saved selections.
    pub selections: Vec<SelectionsPlan>,
    /// When a client without activity is due; `None` if the policy has no period.
    pub retention: Option<RetentionPlan>,
    /// What refuses a client, in the order of the policy.
    pub guards: Vec<GuardPlan>,
    /// What happens to each table, children before their parents, the client table last.
    pub steps: Vec<Step>,
    /// Where former identifying values are read.
    pub identifying: Vec<Source>,
    /// Where former identifying values are looked for.
    pub searched: Vec<Searched>,
    /// Former values shorter than this are not looked for.
    pub min_length: usize,
    /// Columns whose values name files or folders that go with their client.
    pub files: Vec<NamedFile>,
    /// How long a client is left alone once told that its time has come.
    pub notice: Option<Period>,
    /// By what a client anonymized before is recognized under a new key.
    pub recognition: Option<Recognition>,
    /// Materialized views to refresh when a sweep is through.
    pub refresh: Vec<String>,
    /// Tables whose old rows go, referring ones first.
    pub row_retention: Vec<RowRetention>,
    /// The client table's columns that could still tell clients apart together.
    pub quasi_identifiers: Vec<String>,
    /// The client table's columns that a review shows beside the key.
    pub shown: Vec<String>,
    /// Columns that are kept, and can be emptied for one client by request.
    pub cleanable: Vec<Cleanable>,
    /// What rehearsals may find.
    pub accepted: Vec<AcceptedPlan>,
    /// Whether triggers of the database can delete rows, so that the clients are counted.
    pub counts_clients: bool,
    /// Whether the database may act on what rules write: by a trigger, a rule that rewrites statements, an action of a
    /// foreign key, or `ON CONFLICT`.
    pub reacts: bool,
    /// Tables of which only the rows of the clients taken may change, and the database may change others.
    pub watched: Vec<Watched>,
    /// Every condition of the policy with the table it is evaluated on and its place.
    pub conditions: Vec<PlacedCondition>,
    /// Worth knowing, and no reason to refuse: what is not covered, what will be slow.
    pub notes: Vec<String>,
}

/// The table of clients, in the database's own spelling.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// How the database is spoken to.
    pub dialect: Dialect,
    pub table: String,
    /// The key's columns, in order.
    pub key: Vec<String>,
    /// For each, the type it compares as; empty for none.
    pub key_types: Vec<String>,
    /// Whether one of them may be NULL.
    pub key_nullable: bool,
    /// The column with the day from which a client is to be anonymized.
    pub to_anonymize_on: Option<String>,
    /// Whether an index leads with that column.
    pub due_indexed: bool,
    /// The true/false column that marks an anonymized client.
    pub anonymized: Option<String>,
    /// Whether that column may be NULL.
    pub flag_nullable: bool,
    /// Whether it is of a type that is true or false, and not a number.
    pub flag_boolean: bool,
    /// The date column that says since when.
    pub anonymized_on: Option<String>,
    /// The column with the day from which the period counts where there is no activity.
    pub started_on: Option<String>,
    /// What to know of keys that the database may give to another client.
    pub given_again: Option<String>,
    /// The texts that the rules leave in the client's own row, by column.
    pub marks: Vec<(String, Template)>,
}

/// A column that a sweep can be restricted by.
#[derive(Debug, Clone)]
pub struct FilterPlan {
    pub column: String,
    /// What its type means.
    pub kind: Kind,
    /// The type that it compares as.
    pub declared: String,
}

/// A table in which the company saves selections of clients.
#[derive(Debug, Clone)]
pub struct SelectionsPlan {
    pub table: String,
    /// The ways from a row to its client.
    pub paths: Vec<Path>,
    /// The column with the selection's name.
    pub name: FilterPlan,
    /// What tells two selections of one name apart, where a row stands for a whole selection; empty where it stands for
    /// one of its clients.
    pub identity: Vec<String>,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
}

/// When a client without activity is due.
#[derive(Debug, Clone)]
pub struct RetentionPlan {
    /// How long activity keeps a client.
    pub length: Period,
    /// What a sweep may choose instead.
    pub choices: Option<Choices>,
    /// Where activity is recorded.
    pub activity: Vec<ActivityPlan>,
    /// The client column that starts the period where there is no activity.
    pub otherwise: Option<String>,
    /// Whether a client without any activity is due at once.
    pub due_without: bool,
}

#[derive(Debug, Clone)]
pub struct ActivityPlan {
    pub table: String,
    /// The ways from a row to its client.
    pub paths: Vec<Path>,
    /// The column with the day.
    pub date: String,
    /// Whether the day may be missing; a row without a day keeps its client.
    pub nullable: bool,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
}

/// What refuses a client.
#[derive(Debug, Clone)]
pub struct GuardPlan {
    /// Its name in reasons and filters.
    pub name: String,
    /// What people read.
    pub reason: Reason,
    /// The ways from a row to its client.
    pub paths: Vec<Path>,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
    /// Only rows of a day within a period.
    pub within: Option<Within>,
}

/// A calendar period up to the sweep's day in which a row's day lies.
#[derive(Debug, Clone)]
pub struct Within {
    pub table: String,
    /// The column with the day.
    pub date: String,
    /// Whether the day may be missing; a row without a readable day lies within.
    pub nullable: bool,
    pub length: Period,
}

/// What happens to one table.
#[derive(Debug, Clone)]
pub struct Step {
    pub table: String,
    /// All ways from a row to its client.
    pub paths: Vec<Path>,
    pub deletes: Vec<Delete>,
    /// Whether the deletion waits until the residue check is over, because
    /// other tables are reached through this one.
    pub delete_last: bool,
    /// Columns to change, grouped by the links they apply to.
    pub updates: Vec<Update>,
    /// Columns to change after the residue check, because rows are reached through them.
    pub unlinks: Vec<Update>,
    /// For a key-value table, its key column and the keys the policy knows.
    pub keys: Option<KnownKeys>,
    /// What of the database's own fires where rows of this table are changed or deleted, by name.
    pub triggers: Vec<String>,
    /// Whether one of them waits for the end of the transaction.
    pub deferred: bool,
}

/// Rows to delete: those reached by `paths` for which the condition holds.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The ways by which a row must be reached.
    pub paths: Vec<Path>,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
    /// The columns by which the rows are remembered, and deleted after
    /// everything else, because a table on the way refers to them and goes too;
    /// each with the type it compares as.
    pub remembered: Option<Vec<(String, String)>>,
}

/// The most columns by which rows can be remembered.
pub const REMEMBERED: usize = 4;

/// Columns to change in the rows reached by `paths`.
#[derive(Debug, Clone)]
pub struct Update {
    /// The ways by which a row must be reached.
    pub paths: Vec<Path>,
    /// The columns and what happens to each.
    pub rules: Vec<Rule>,
    /// Whether it comes before everything else, as the columns refer to rows that go.
    pub first: bool,
}

/// A column that is kept, and can be emptied for one client by request.
#[derive(Debug, Clone)]
pub struct Cleanable {
    pub table: String,
    /// The ways by which a row must be reached.
    pub paths: Vec<Path>,
    /// That the column is emptied.
    pub rule: Rule,
}

impl Cleanable {
    /// What people call it: `table.column`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.rule.column)
    }
}

/// What happens to one column.
#[derive(Debug, Clone)]
pub struct Rule {
    pub column: String,
    /// What happens, the first that applies.
    pub branches: Vec<Branch>,
    /// The column's type, as the database declares it.
    pub declared: String,
    /// What stands in the column when it is emptied, as a literal of its type.
    pub empty: &'static str,
    /// The row's own key, for `{row}`.
    pub row: Vec<String>,
}

/// An action on a column, and the rows in which it is taken.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Only in rows that belong by one of these to a client who is anonymized; in all rows of the rule if empty.
    pub paths: Vec<Path>,
    /// Only in rows for which this holds.
    pub condition: Option<Condition>,
    pub action: Action,
    /// The row's own columns that hold the client's key, for `{key}`.
    pub key: Vec<String>,
}

impl Rule {
    /// The action, if it is the same in all rows.
    pub fn always(&self) -> Option<&Action> {
        match self.branches.as_slice() {
            [Branch { paths, condition: None, action, .. }] if paths.is_empty() => Some(action),
            _ => None,
        }
    }

    /// Whether one of the actions is taken in every row.
    pub fn is_for_all(&self) -> bool {
        let covers =
            |all: &Branch, own: &Branch| all.condition.is_none() && (all.paths.is_empty() || all.paths == own.paths);
        self.branches.iter().all(|own| self.branches.iter().any(|all| covers(all, own)))
    }

    /// Whether what the column holds afterwards is known without looking, in every row.
    pub fn is_fixed(&self) -> bool {
        self.is_for_all() && self.branches.iter().all(|branch| branch.action.is_fixed())
    }

    /// The same, or that it is what another column holds, which is searched itself.
    pub fn is_known(&self) -> bool {
        self.is_for_all()
            && self.branches.iter().all(|own| own.action.is_fixed() || matches!(own.action, Action::Copy(_)))
    }
}

/// The keys a policy knows of a key-value table.
#[derive(Debug, Clone)]
pub struct KnownKeys {
    /// The column that names the entry.
    pub column: String,
    /// The keys with a class.
    pub known: Vec<String>,
    /// The table and column that define the keys.
    pub catalogue: Option<(String, String)>,
}

/// A column whose former values identify a client.
#[derive(Debug, Clone)]
pub struct Source {
    pub table: String,
    /// The ways by which a row must be reached.
    pub paths: Vec<Path>,
    pub columns: Vec<String>,
    /// Only rows for which this holds (the key of a key-value table).
    pub condition: Option<Condition>,
}

/// Text columns of one table in which former values are looked for, in the
/// rows reached by one path.
#[derive(Debug, Clone)]
pub struct Searched {
    pub table: String,
    /// What identifies a row, if the database needs to be told.
    pub identity: Vec<String>,
    /// The way from a row to its client.
    pub path: Path,
    pub groups: Vec<SearchedGroup>,
    /// Rows in which these columns hold the same key as the path's own are
    /// searched by another way already.
    pub unless_same: Option<Vec<String>>,
    /// Rows about to be deleted are not searched.
    pub deleted_where: Vec<Delete>,
    /// Whether these are the rows that are kept for another client; what is found there is blanked.
    pub shared: bool,
}

/// Columns that are searched in the same rows.
#[derive(Debug, Clone)]
pub struct SearchedGroup {
    /// Rows that also belong to a client taken by one of these ways hold
    /// nothing but placeholders in these columns, and are not searched.
    pub unless: Vec<Path>,
    pub columns: Vec<SearchedColumn>,
}

#[derive(Debug, Clone)]
pub struct SearchedColumn {
    pub name: String,
    /// Whether it holds the words of a search index, and not a text.
    pub is_index: bool,
    /// What blanking it means.
    pub empty: &'static str,
    /// What to do where a former value is found.
    pub on_residue: OnResidue,
}

impl SearchedColumn {
    /// Whether a text in which a former value is found is blanked.
    pub fn is_blanked(&self) -> bool {
        self.on_residue == OnResidue::Blank
    }
}

/// What a rehearsal may find in a table.
#[derive(Debug, Clone)]
pub struct AcceptedPlan {
    pub table: String,
    /// The column; every column, and the deletion of rows, where there is none.
    pub column: Option<String>,
    /// The rows in which it may.
    pub condition: Option<Condition>,
    pub reason: String,
}

/// A condition, where it stands in the policy, and the table it is evaluated on.
#[derive(Debug, Clone)]
pub struct PlacedCondition {
    /// The place in the policy, such as `guards.open-documents.where`.
    pub place: String,
    pub table: String,
    pub condition: Condition,
}

impl Plan {
    /// Checks a policy against a live schema.
    pub fn build(policy: &Policy, schema: &Schema) -> Result<Self, PlanError> {
        match builder::build(policy, schema) {
            (Some(plan), problems) if problems.is_empty() => Ok(plan),
            (_, problems) => Err(PlanError(problems)),
        }
    }

    /// The plan as far as it can be made, and everything that is wrong with it:
    /// for asking the database about the rest at once. It must not run unless
    /// nothing is wrong.
    pub fn attempt(policy: &Policy, schema: &Schema) -> (Option<Self>, Vec<Problem>) {
        builder::build(policy, schema)
    }

    /// What people read of the guard of this name.
    pub fn reason_of(&self, name: &str) -> Option<&Reason> {
        self.guards.iter().find(|guard| guard.name == name).map(|guard| &guard.reason)
    }

    /// How many columns are changed, and how many tables are touched.
    pub fn reach(&self) -> Reach {
        let columns =
            self.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks)).map(|u| u.rules.len());
        Reach {
            tables: self.steps.iter().filter(|step| step.acts()).count(),
            columns: columns.sum(),
            guards: self.guards.len(),
        }
    }
}

impl Step {
    /// Whether anything happens to this table at all.
    pub fn acts(&self) -> bool {
        !(self.deletes.is_empty() && self.updates.is_empty() && self.unlinks.is_empty())
    }
}

/// The size of a plan, for people.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Reach {
    /// Tables with rows that change or go.
    pub tables: usize,
    pub columns: usize,
    /// Guards that can refuse.
    pub guards: usize,
}
