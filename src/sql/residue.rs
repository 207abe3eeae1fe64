//! What the residue check reads of the clients taken: what their rows held
//! before, and the texts that are searched afterwards.

use super::link::{Looks, TAKEN};
use super::{Scope, column, name, tuple};
use crate::domain::dialect::Closing;
use crate::domain::plan::{Plan, Searched};

/// A search through one table.
#[derive(Debug, Clone)]
pub struct Search {
    pub table: String,
    /// The columns in the order in which they are read.
    pub columns: Vec<String>,
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
            let from = scope.join(path, Looks { conditions, results: Vec::new() });
            let columns: Vec<String> =
                source.columns.iter().map(|own| scope.dialect.as_text(&column(&source.table, own))).collect();
            all.push(format!("SELECT {TAKEN}.n, {} FROM {from}", columns.join(", ")));
        }
    }
    all
}

/// The same rows and columns, but only rows that others wrote since `{since}`.
pub(super) fn search_again(scope: Scope, searched: &Searched, closing: &Closing) -> String {
    search_where(scope, searched, vec![closing.written_by_others.to_owned()]).select
}

pub(super) fn search(scope: Scope, searched: &Searched) -> Search {
    search_where(scope, searched, Vec::new())
}

fn search_where(scope: Scope, searched: &Searched, conditions: Vec<String>) -> Search {
    let mut looks = Looks { conditions, results: Vec::new() };
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
        blank: blank.collect(),
        blank_all: None,
        rows: (scope.relation(&searched.table), found),
        select: format!("SELECT {TAKEN}.n, {identity}, {} FROM {from}", selected.join(", ")),
    };
    let all: Vec<usize> = (0..search.blank.len()).filter(|at| search.blank[*at].is_some()).collect();
    search.blank_all = (!all.is_empty()).then(|| search.blanking(&all));
    search
}
