//! What the residue check reads of the clients taken: what their rows held
//! before, and the texts that are searched afterwards.

use super::change::differing;
use super::link::{Looks, TAKEN};
use super::{Scope, column, name, tuple};
use crate::domain::plan::{Path, Plan, Rule, Searched};
use crate::domain::policy::{Action, Branch, Literal};

/// A search through one table.
#[derive(Debug, Clone)]
pub struct Search {
    pub table: String,
    /// The columns in the order in which they are read.
    pub columns: Vec<String>,
    /// For each, whether it holds the words of a search index.
    pub lexemes: Vec<bool>,
    /// Reads each row: its client's `n`, its identity as JSON, and the columns.
    pub select: String,
    /// For each column, the assignment that blanks it, if the policy says so.
    pub blank: Vec<Option<String>>,
    /// Blanks every column that may be blanked, if there is one.
    pub blank_all: Option<String>,
    /// The table to blank in, and the condition that a row is among those in
    /// `$1`, a JSON array of identities.
    rows: (String, String),
}

impl Search {
    /// Blanks these columns, by their places, in the rows in `$1`, a JSON array of
    /// identities: all at once, as a changed row may have another identity.
    #[must_use]
    pub fn blanking(&self, columns: &[usize]) -> String {
        let sets: Vec<&str> = columns.iter().filter_map(|at| self.blank[*at].as_deref()).collect();
        format!("UPDATE {} SET {} WHERE {}", self.rows.0, sets.join(", "), self.rows.1)
    }
}

/// Reads each row that held identifying values: its client's `n`, and the values.
pub(super) fn former(scope: Scope, plan: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    for source in &plan.identifying {
        for path in &source.paths {
            let conditions = source.condition.iter().map(|own| own.sql(scope.today)).collect();
            let mut looks = Looks { conditions, results: Vec::new() };
            let mut columns = Vec::new();
            for own in &source.columns {
                let Some(rule) = changing(plan, &source.table, path, own) else {
                    columns.push(scope.dialect.as_text(&column(&source.table, own)));
                    continue;
                };
                // What a rule leaves as it is, or has written before, is no former value.
                let quoted = name(own);
                let differs = differing(rule, &quoted, &scope.value(&source.table, rule));
                columns.push(column(&source.table, &format!("lethe_{}", looks.results.len())));
                looks.results.push(format!("CASE WHEN {differs} THEN {} END", scope.dialect.as_text(&quoted)));
            }
            let from = scope.join(path, looks);
            all.push(format!("SELECT {TAKEN}.n, {} FROM {from}", columns.join(", ")));
        }
    }
    all
}

/// The rule for a column in rows reached by this path, if what it writes is more than one text or nothing.
fn changing<'a>(plan: &'a Plan, table: &str, path: &Path, own: &str) -> Option<&'a Rule> {
    let steps = plan.steps.iter().filter(|step| step.table == table);
    let updates = steps.flat_map(|step| step.updates.iter().chain(&step.unlinks));
    let mut rules = updates.filter(|update| update.paths.contains(path)).flat_map(|update| &update.rules);
    let rule = rules.find(|rule| rule.column == own)?;
    let is_plain = |branch: &Branch| match &branch.action {
        Action::Clear | Action::Constant(Literal::Text(_)) => true,
        Action::Text(template) => template.constant().is_some(),
        _ => false,
    };
    (!rule.branches.iter().all(is_plain)).then_some(rule)
}

pub(super) fn search(scope: Scope, searched: &Searched) -> Search {
    let mut looks = Looks::default();
    for gone in &searched.deleted_where {
        if let Some(condition) = &gone.condition {
            let reached = scope.is_taken(&gone.paths);
            looks.conditions.push(format!("NOT COALESCE({reached} AND ({}), FALSE)", condition.sql(scope.today)));
        }
    }
    if let (Some(other), Some(own)) = (&searched.unless_same, searched.path.key_columns()) {
        let (own, other) = (tuple(&searched.table, own), tuple(&searched.table, other));
        looks.conditions.push(format!("{own} IS DISTINCT FROM {other}"));
    }
    let mut selected = Vec::new();
    for group in &searched.groups {
        let unless = (!group.unless.is_empty()).then(|| {
            looks.results.push(scope.is_taken(&group.unless));
            column(&searched.table, &format!("lethe_{}", looks.results.len() - 1))
        });
        for own in &group.columns {
            let text = scope.dialect.as_text(&column(&searched.table, &own.name));
            selected.push(match &unless {
                Some(unless) => format!("CASE WHEN {unless} THEN NULL ELSE {text} END"),
                None => text,
            });
        }
    }
    looks.results.push(scope.dialect.row_json(&searched.table, &searched.identity));
    let identity = column(&searched.table, &format!("lethe_{}", looks.results.len() - 1));
    let found = scope.dialect.row_among(&searched.table, &searched.identity, "$1");
    let from = scope.join(&searched.path, looks);
    let columns = searched.groups.iter().flat_map(|group| &group.columns);
    let blank =
        columns.clone().map(|own| own.is_blanked().then(|| format!("{} = {}", name(&own.name), own.empty.sql())));
    let mut search = Search {
        table: searched.table.clone(),
        columns: columns.clone().map(|own| own.name.clone()).collect(),
        lexemes: columns.clone().map(|own| own.is_index).collect(),
        blank: blank.collect(),
        blank_all: None,
        rows: (scope.relation(&searched.table), found),
        select: format!("SELECT {TAKEN}.n, {identity}, {} FROM {from}", selected.join(", ")),
    };
    let all: Vec<usize> = (0..search.blank.len()).filter(|at| search.blank[*at].is_some()).collect();
    search.blank_all = (!all.is_empty()).then(|| search.blanking(&all));
    search
}
