//! What happens to rows, as SQL.

use chrono::NaiveDate;

use super::link::belongs;
use super::{any_of, name, text};
use crate::domain::plan::{ClientPlan, Delete, Rule, Update};
use crate::domain::policy::{Action, Branch, Generalize, JsonPath, Literal, Part, Segment};

/// Changes the rows of one table that belong to the clients taken, and only
/// where something differs.
pub(super) fn update(table: &str, update: &Update, client: &ClientPlan, today: NaiveDate) -> String {
    let mut sets = Vec::new();
    let mut differs = Vec::new();
    for rule in &update.rules {
        let value = value(rule, today);
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

/// What a column holds afterwards, as an expression over the row as it is.
fn value(rule: &Rule, today: NaiveDate) -> String {
    if let [Branch { condition: None, action }] = rule.branches.as_slice() {
        return result(rule, action, today);
    }
    let mut sql = "CASE".to_owned();
    let mut otherwise = name(&rule.column);
    for branch in &rule.branches {
        let result = result(rule, &branch.action, today);
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

fn result(rule: &Rule, action: &Action, today: NaiveDate) -> String {
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
            let redacted = paths
                .iter()
                .filter_map(|path| JsonPath::parse(path).ok())
                .fold(own.clone(), |document, path| redact(&document, &path.0));
            // What is no JSON is emptied: a path cannot be found in it.
            format!("CASE WHEN {own} IS NULL OR {own} = '' THEN {own} WHEN json_valid({own}) THEN {redacted} ELSE {empty} END")
        }
    }
}

pub(super) fn empty(is_null: bool) -> &'static str {
    if is_null { "NULL" } else { "''" }
}

/// Removes one path from a JSON document; `[*]` goes through every element.
fn redact(document: &str, path: &[Segment]) -> String {
    let Some(every) = path.iter().position(|segment| *segment == Segment::Every) else {
        return format!("json_remove({document}, {})", steps(path));
    };
    let list = steps(&path[..every]);
    let rest = &path[every + 1..];
    if rest.is_empty() {
        return format!(
            "CASE WHEN json_type({document}, {list}) = 'array' THEN json_replace({document}, {list}, json('[]')) \
             ELSE json({document}) END"
        );
    }
    let inner = redact("value", rest);
    format!(
        "CASE WHEN json_type({document}, {list}) = 'array' THEN json_replace({document}, {list}, \
         (SELECT json_group_array(CASE WHEN type IN ('object', 'array') THEN json({inner}) \
         WHEN type IN ('true', 'false', 'null') THEN json(type) ELSE value END) \
         FROM json_each({document}, {list}))) ELSE json({document}) END"
    )
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
