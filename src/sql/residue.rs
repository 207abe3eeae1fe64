//! What the residue check reads of the clients taken: what their rows held
//! before, and the texts that are searched afterwards.

use super::change::differing;
use super::link::{Looks, TAKEN};
use super::{Scope, any_of, column, name, tuple};
use crate::domain::dialect::Closing;
use crate::plan::{Branch, Path, Plan, Rule, Searched, Source};
use crate::policy::{Action, Literal};

/// Bytes of a value above which it is read in pieces: several rows are in memory at a time.
const LARGE: usize = 64 * 1024;

/// Bytes of an identifying value above which it is too long. It is cut one character behind.
pub const LONGEST: usize = 16 * 1024;

/// A search through one table.
#[derive(Debug, Clone)]
pub struct Search {
    pub table: String,
    /// The columns in the order in which they are read.
    pub columns: Vec<String>,
    /// For each, whether it holds the words of a search index.
    pub lexemes: Vec<bool>,
    /// Reads each row: its client's `n`, the columns, and something other than NULL if one of them is large, and read in
    /// pieces instead.
    pub glance: String,
    /// Reads each row: its client's `n`, its identity as JSON, the columns, and which of these are large: a `1` or `0` for
    /// each, or NULL if none is.
    pub select: String,
    /// For each column, reads a piece of it from the row with the identity in `$1`, a JSON array: from character `$2`
    /// on, `$3` of them.
    pub pieces: Vec<String>,
    /// For each column, the assignment that blanks it, if the policy says so.
    pub blank: Vec<Option<String>>,
    /// Blanks every column that may be blanked, if there is one.
    pub blank_all: Option<String>,
    /// The table to blank in, and the condition that a row is among those in
    /// `$1`, a JSON array of identities.
    rows: (String, String),
}

impl Search {
    /// The search in rows written since then.
    #[must_use]
    pub fn since(&self, since: &str) -> Self {
        let since = |sql: &str| sql.replace("{since}", since);
        Self { glance: since(&self.glance), select: since(&self.select), ..self.clone() }
    }

    /// Blanks these columns, by their places, in the rows in `$1`, a JSON array of
    /// identities: all at once, as a changed row may have another identity.
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
            let columns: Vec<String> = source
                .columns
                .iter()
                .map(|own| scope.dialect.as_text(&former_value(scope, plan, source, path, own, &mut looks)))
                .map(|text| {
                    format!(
                        "CASE WHEN octet_length({text}) > {LONGEST} THEN substr({text}, 1, {}) ELSE {text} END",
                        LONGEST + 1
                    )
                })
                .collect();
            let from = scope.join(path, looks);
            all.push(format!("SELECT {TAKEN}.n, {} FROM {from}", columns.join(", ")));
        }
    }
    all
}

/// What a column held, if its rule does not leave it as it is, or has written it before: that is not residue elsewhere.
fn former_value(scope: Scope, plan: &Plan, source: &Source, path: &Path, own: &str, looks: &mut Looks) -> String {
    let plain = column(&source.table, own);
    let Some(rule) = changing(plan, &source.table, path, own) else { return plain };
    let changes = differing(rule, &name(own), &scope.value(&source.table, rule));
    looks.results.push(scope.of_batch(std::slice::from_ref(path), &changes));
    let changes = column(&source.table, &format!("lethe_{}", looks.results.len() - 1));
    format!("CASE WHEN {changes} THEN {plain} END")
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
    (!rule.is_for_all() || !rule.branches.iter().all(is_plain)).then_some(rule)
}

/// The same rows and columns, but only rows that others wrote since `{since}`.
pub(super) fn search_again(scope: Scope, searched: &Searched, closing: &Closing) -> Search {
    search_where(scope, searched, vec![closing.written_by_others.to_owned()])
}

pub(super) fn search(scope: Scope, searched: &Searched) -> Search {
    search_where(scope, searched, Vec::new())
}

fn search_where(scope: Scope, searched: &Searched, conditions: Vec<String>) -> Search {
    let mut looks = Looks { conditions, results: Vec::new() };
    for gone in &searched.deleted_where {
        let reached = scope.is_taken(&gone.paths);
        let condition = gone.condition.as_ref().map_or_else(|| "TRUE".to_owned(), |own| own.sql(scope.today));
        looks.conditions.push(format!("NOT COALESCE({reached} AND ({condition}), FALSE)"));
    }
    // Rows that another client has too are this client's to search, and not to change.
    let mut path = searched.path.clone();
    if searched.shared {
        looks.conditions.push(format!("NOT ({})", scope.nobody_elses(&path)));
        path.exclusive = false;
    }
    if let (Some(other), Some(own)) = (&searched.unless_same, searched.path.key_columns()) {
        let (own, other) = (tuple(&searched.table, own), tuple(&searched.table, other));
        looks.conditions.push(format!("{own} IS DISTINCT FROM {other}"));
    }
    let (mut selected, mut large, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
    let mut any_large = Vec::new();
    for group in &searched.groups {
        let unless = (!group.unless.is_empty()).then(|| {
            looks.results.push(scope.is_taken(&group.unless));
            column(&searched.table, &format!("lethe_{}", looks.results.len() - 1))
        });
        for own in &group.columns {
            let text = scope.dialect.as_text(&column(&searched.table, &own.name));
            let unless = unless.as_ref().map(|unless| format!("WHEN {unless} THEN ")).unwrap_or_default();
            let not_searched =
                |value: &str| if unless.is_empty() { String::new() } else { format!("{unless}{value} ") };
            if own.is_index {
                // Its words stand in another order than in the text, so a piece says nothing; and the type has a limit.
                let whole = if unless.is_empty() { text } else { format!("CASE {unless}NULL ELSE {text} END") };
                selected.push(whole);
                large.push("'0'".to_owned());
                pieces.push("NULL".to_owned());
                continue;
            }
            any_large.push(format!("octet_length({text}) > {LARGE}"));
            let is_large = format!("WHEN octet_length({text}) > {LARGE} THEN");
            selected.push(format!("CASE {}{is_large} NULL ELSE {text} END", not_searched("NULL")));
            large.push(format!("CASE {}{is_large} '1' ELSE '0' END", not_searched("'0'")));
            pieces.push(format!("substr({text}, CAST($2 AS INTEGER), CAST($3 AS INTEGER))"));
        }
    }
    let selected = selected.join(", ");
    let glance = format!(
        "SELECT {TAKEN}.n, {selected}, CASE WHEN {} THEN 1 END FROM {}",
        any_of(any_large),
        scope.join(&path, looks.clone())
    );
    looks.results.push(scope.dialect.row_json(&searched.table, &searched.identity));
    let identity = column(&searched.table, &format!("lethe_{}", looks.results.len() - 1));
    let found = scope.dialect.row_among(&searched.table, &searched.identity, "$1");
    let from = scope.join(&path, looks);
    let columns = searched.groups.iter().flat_map(|group| &group.columns);
    let blank = columns.clone().map(|own| own.is_blanked().then(|| format!("{} = {}", name(&own.name), own.empty)));
    let relation = scope.relation(&searched.table);
    let large = format!("NULLIF({}, '{}')", large.join(" || "), "0".repeat(large.len()));
    let mut search = Search {
        table: searched.table.clone(),
        columns: columns.clone().map(|own| own.name.clone()).collect(),
        lexemes: columns.clone().map(|own| own.is_index).collect(),
        blank: blank.collect(),
        blank_all: None,
        pieces: pieces.iter().map(|piece| format!("SELECT {piece} FROM {relation} WHERE {found}")).collect(),
        glance,
        select: format!("SELECT {TAKEN}.n, {identity}, {selected}, {large} FROM {from}"),
        rows: (relation, found),
    };
    let all: Vec<usize> = (0..search.blank.len()).filter(|at| search.blank[*at].is_some()).collect();
    search.blank_all = (!all.is_empty()).then(|| search.blanking(&all));
    search
}
