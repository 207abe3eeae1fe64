//! What happens to rows, as SQL.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::link::belongs;
use super::{any_of, column, name, text, tuple};
use crate::domain::plan::{ClientPlan, Delete, Rule, Update};
use crate::domain::policy::{Action, Branch, Generalize, JsonPath, Literal, Part, Segment};

/// Changes the rows of one table that belong to the clients taken, and only
/// where something differs.
pub(super) fn update(table: &str, update: &Update, client: &ClientPlan, today: NaiveDate) -> String {
    let mut sets = Vec::new();
    let mut differs = Vec::new();
    for rule in &update.rules {
        let value = value(table, rule, today);
        differs.push(format!("{} IS NOT {value}", name(&rule.column)));
        sets.push(format!("{} = {value}", name(&rule.column)));
    }
    format!(
        "UPDATE {} SET {} WHERE {} AND {}",
        name(table),
        sets.join(", "),
        belongs(&update.paths, client, today),
        any_of(differs)
    )
}

/// Deletes the rows of one table that belong to the clients taken.
pub(super) fn delete(table: &str, delete: &Delete, client: &ClientPlan, today: NaiveDate) -> String {
    let belongs = belongs(&delete.paths, client, today);
    let condition = delete.condition.as_ref().map(|own| format!(" AND ({})", own.sql(today))).unwrap_or_default();
    format!("DELETE FROM {} WHERE {belongs}{condition}", name(table))
}

/// Notes the rows of one table that are to be deleted when the tables between
/// them and their clients are gone.
pub(super) fn remember(
    step: usize,
    table: &str,
    columns: &[String],
    delete: &Delete,
    client: &ClientPlan,
    today: NaiveDate,
) -> String {
    let belongs = belongs(&delete.paths, client, today);
    let condition = delete.condition.as_ref().map(|own| format!(" AND ({})", own.sql(today))).unwrap_or_default();
    let own: Vec<String> = columns.iter().map(|own| name(own)).collect();
    format!(
        "INSERT INTO temp.lethe_going (step, {}) SELECT {step}, {} FROM {} WHERE {belongs}{condition}",
        going(columns),
        own.join(", "),
        name(table)
    )
}

/// Deletes the rows of one table that were noted.
pub(super) fn delete_remembered(step: usize, table: &str, columns: &[String]) -> String {
    format!(
        "DELETE FROM {} WHERE {} IN (SELECT {} FROM temp.lethe_going WHERE step = {step})",
        name(table),
        tuple(table, columns),
        going(columns)
    )
}

fn going(columns: &[String]) -> String {
    (0..columns.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ")
}

/// What a column holds afterwards, as an expression over the row as it is.
fn value(table: &str, rule: &Rule, today: NaiveDate) -> String {
    if let [Branch { condition: None, action }] = rule.branches.as_slice() {
        return result(table, rule, action, today);
    }
    let mut sql = "CASE".to_owned();
    let mut otherwise = name(&rule.column);
    for branch in &rule.branches {
        let result = result(table, rule, &branch.action, today);
        match &branch.condition {
            Some(condition) => {
                let condition = condition.replace("{today}", &format!("'{today}'"));
                sql = format!("{sql} WHEN ({condition}) THEN {result}");
            }
            None => otherwise = result,
        }
    }
    format!("{sql} ELSE {otherwise} END")
}

fn result(table: &str, rule: &Rule, action: &Action, today: NaiveDate) -> String {
    let own = name(&rule.column);
    let empty = empty(rule.empty_is_null);
    match action {
        Action::Constant(Literal::Boolean(value)) => i64::from(*value).to_string(),
        Action::Constant(Literal::Integer(value)) => value.to_string(),
        Action::Constant(Literal::Float(value)) => format!("{value:?}"),
        Action::Constant(Literal::Text(value)) => text(value),
        Action::Text(template) => {
            let parts: Vec<String> = template
                .0
                .iter()
                .map(|part| match part {
                    Part::Text(plain) => text(plain),
                    Part::Key => rule.key.iter().map(|key| name(key)).collect::<Vec<_>>().join(" || '-' || "),
                    Part::Today => format!("'{today}'"),
                })
                .collect();
            if parts.is_empty() { text("") } else { parts.join(" || ") }
        }
        Action::Copy(other) => name(other),
        Action::Clear => empty.to_owned(),
        Action::Generalize(Generalize::First(length)) => format!("substr({own}, 1, {length})"),
        Action::Generalize(to) => {
            let cut = match to {
                Generalize::Year | Generalize::First(_) => format!("substr({own}, 1, 4) || '-01-01'"),
                Generalize::Month => format!("substr({own}, 1, 7) || '-01'"),
                Generalize::Decade => format!("substr({own}, 1, 3) || '0-01-01'"),
            };
            let time = format!("CASE WHEN length({own}) > 10 THEN ' 00:00:00' ELSE '' END");
            // What is no date is emptied: coarsening it would keep an unknown rest.
            format!(
                "CASE WHEN {own} IS NULL OR {own} = '' THEN {own} WHEN {own} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' \
                 THEN {cut} || {time} ELSE {empty} END"
            )
        }
        Action::Redact(paths) => {
            let own = column(table, &rule.column);
            let paths: Vec<JsonPath> = paths.iter().filter_map(|path| JsonPath::parse(path).ok()).collect();
            let paths: Vec<&[Segment]> = paths.iter().map(|path| path.0.as_slice()).collect();
            // What cannot be read, or in more than one way, is emptied: no JSON, or a name given twice in one object.
            format!(
                "CASE WHEN {own} IS NULL OR {own} = '' THEN {own} WHEN NOT json_valid({own}) THEN {empty} \
                 WHEN EXISTS (SELECT 1 FROM json_tree({own}) AS lethe_j GROUP BY lethe_j.parent, lethe_j.key HAVING count(*) > 1) \
                 THEN {empty} ELSE {} END",
                redacted(&own, &paths, 0)
            )
        }
    }
}

pub(super) fn empty(is_null: bool) -> &'static str {
    if is_null { "NULL" } else { "''" }
}

/// A document without these paths. A list that paths go through with `[*]` is
/// made anew once, however many paths there are.
fn redacted(document: &str, paths: &[&[Segment]], depth: usize) -> String {
    let mut lists: BTreeMap<String, Vec<&[Segment]>> = BTreeMap::new();
    let mut plain = Vec::new();
    for path in paths {
        match path.iter().position(|segment| *segment == Segment::Every) {
            Some(at) => lists.entry(steps(&path[..at])).or_default().push(&path[at + 1..]),
            None => plain.push(steps(path)),
        }
    }
    let (whole, element) = (format!("lethe_d{depth}"), format!("lethe_e{depth}"));
    let mut sql = document.to_owned();
    for (list, rests) in lists {
        let elements = if rests.iter().any(|rest| rest.is_empty()) {
            "json('[]')".to_owned()
        } else {
            let inner = redacted(&format!("{element}.value"), &rests, depth + 1);
            format!(
                "json((SELECT json_group_array(CASE WHEN {element}.type IN ('object', 'array') THEN json({inner}) \
                 ELSE json({whole}.j -> {element}.fullkey) END) FROM json_each({whole}.j, {list}) AS {element}))"
            )
        };
        // OFFSET keeps SQLite from writing the inner expression out wherever `j` stands.
        sql = format!(
            "(SELECT CASE WHEN json_type({whole}.j, {list}) = 'array' THEN json_replace({whole}.j, {list}, {elements}) \
             ELSE {whole}.j END FROM (SELECT {sql} AS j LIMIT 1 OFFSET 0) AS {whole})"
        );
    }
    if plain.is_empty() { sql } else { format!("json_remove({sql}, {})", plain.join(", ")) }
}

fn steps(path: &[Segment]) -> String {
    let mut steps = "$".to_owned();
    for segment in path {
        steps += &match segment {
            Segment::Member(member) => format!(".\"{member}\""),
            Segment::Element(at) => format!("[{at}]"),
            Segment::Every => String::new(),
        };
    }
    text(&steps)
}
