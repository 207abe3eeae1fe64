//! What the residue check reads of the clients taken, in bulk: what their rows
//! held before, and the texts that are looked through afterwards.

use super::link::{Looks, TAKEN};
use super::{Scope, column, name, tuple};
use crate::domain::plan::{Plan, Searched};

/// Ends a line, and parts its fields, where texts are read in bulk. Reading
/// row by row costs more than looking through what is read, so one value holds
/// the lines of all clients whose `n` is from `$1` to `$2`: `n`, then the texts.
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
fn bulk(scope: Scope, groups: &[(Option<String>, Vec<String>)], from: &str) -> Bulk {
    let (line, field) = (scope.characters(u32::from(LINE), 1), scope.characters(u32::from(FIELD), 1));
    let filled = |own: &String| format!("COALESCE({}, '')", scope.as_text(own));
    let without = |own: &String| format!("replace(replace({}, {line}, ' '), {field}, ' ')", filled(own));
    Bulk {
        whole: lines(scope, groups, from, &filled),
        plain: lines(scope, groups, from, &without),
        fields: 1 + groups.iter().map(|(_, columns)| columns.len()).sum::<usize>(),
    }
}

fn lines(
    scope: Scope,
    groups: &[(Option<String>, Vec<String>)],
    from: &str,
    text: &dyn Fn(&String) -> String,
) -> String {
    let field = u32::from(FIELD);
    let one = scope.characters(field, 1);
    let mut line = format!("{TAKEN}.n");
    for (unless, columns) in groups {
        let texts: Vec<String> = columns.iter().map(|own| format!("{one} || {}", text(own))).collect();
        let texts = texts.join(" || ");
        line = match unless {
            None => format!("{line} || {texts}"),
            Some(unless) => {
                let empty = scope.characters(field, columns.len());
                format!("{line} || CASE WHEN {unless} THEN {empty} ELSE {texts} END")
            }
        };
    }
    format!("SELECT {}, count(*) FROM {from} WHERE {TAKEN}.n BETWEEN $1 AND $2", scope.joined(&line, u32::from(LINE)))
}

/// One look through a table.
#[derive(Debug, Clone)]
pub struct Search {
    pub table: String,
    /// The columns in the order of the fields, after `n`.
    pub columns: Vec<String>,
    /// The statement; it gives [lines](LINE).
    pub select: Bulk,
    /// For each column, the statement that blanks the texts in `$1`, a JSON
    /// array, in rows of the clients taken, if the policy says so.
    pub blank: Vec<Option<String>>,
}

pub(super) fn former(scope: Scope, plan: &Plan) -> Vec<Bulk> {
    let mut all = Vec::new();
    for source in &plan.identifying {
        for path in &source.paths {
            let conditions = source.condition.iter().map(|own| own.sql(scope.today)).collect();
            let from = scope.join(path, Looks { conditions, results: Vec::new() });
            let columns: Vec<String> = source.columns.iter().map(|own| column(&source.table, own)).collect();
            all.push(bulk(scope, &[(None, columns)], &from));
        }
    }
    all
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
    let groups: Vec<(Option<String>, Vec<String>)> = searched
        .groups
        .iter()
        .map(|group| {
            let unless = (!group.unless.is_empty()).then(|| {
                looks.results.push(scope.is_taken(&group.unless));
                column(&searched.table, &format!("lethe_{}", looks.results.len() - 1))
            });
            (unless, group.columns.iter().map(|own| column(&searched.table, &own.name)).collect())
        })
        .collect();
    let select = bulk(scope, &groups, &scope.join(&searched.path, looks));
    let columns = searched.groups.iter().flat_map(|group| &group.columns);
    let blank = columns
        .clone()
        .map(|own| {
            own.is_blanked().then(|| {
                format!(
                    "UPDATE {} SET {} = {} WHERE {} AND CAST({} AS TEXT) IN ({})",
                    scope.relation(&searched.table),
                    name(&own.name),
                    own.empty.sql(),
                    scope.belongs(std::slice::from_ref(&searched.path)),
                    name(&own.name),
                    scope.texts_in("$1"),
                )
            })
        })
        .collect();
    Search { table: searched.table.clone(), columns: columns.map(|own| own.name.clone()).collect(), select, blank }
}
