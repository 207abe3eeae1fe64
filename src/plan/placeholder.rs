//! Whether what a rule puts into a column can stand there.

use chrono::NaiveDate;

use super::builder::Builder;
use super::{Branch, Path, Rule, Step};
use crate::domain::json_path::JsonPath;
use crate::domain::schema::{Kind, LiveColumn, LiveTable, NULL};
use crate::policy::{Action, Generalize, Literal, Part, Template};

/// The longest key that a template is measured with.
const KEY_LENGTH: usize = 20;

/// Checks a rule against type, length, NOT NULL and UNIQUE of its column.
pub(super) fn check(
    builder: &mut Builder,
    table: &LiveTable,
    column: &LiveColumn,
    rule: &Rule,
    paths: &[Path],
    place: &str,
) {
    for branch in &rule.branches {
        match &branch.action {
            Action::Constant(literal) => constant(builder, table, column, literal, place),
            Action::Text(template) => text(builder, table, column, template, (rule, branch), place),
            Action::Clear => clear(builder, table, column, place),
            Action::Generalize(to) => generalize(builder, column, *to, place),
            Action::Redact(paths) => redact(builder, column, paths, place),
            Action::Copy(_) => {}
        }
    }
    unique(builder, table, column, rule, paths, place);
}

fn constant(builder: &mut Builder, table: &LiveTable, column: &LiveColumn, literal: &Literal, place: &str) {
    let kind = column.kind();
    let is_fraction = matches!(literal, Literal::Float(value) if value.fract() != 0.0);
    if matches!(kind, Kind::Date | Kind::Bytes) || (table.strict && kind == Kind::Integer && is_fraction) {
        builder.problem(
            place,
            format!("`{}` is declared {} and cannot hold {}", column.name, column.declared, shown(literal)),
            "use `clear = true`, or a text that fits",
        );
    }
}

fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Boolean(value) => format!("`{value}`"),
        Literal::Integer(value) => format!("`{value}`"),
        Literal::Float(value) => format!("`{value}`"),
        Literal::Text(value) => format!("`{value}`"),
    }
}

fn text(
    builder: &mut Builder,
    table: &LiveTable,
    column: &LiveColumn,
    template: &Template,
    (rule, branch): (&Rule, &Branch),
    place: &str,
) {
    if template.has(&Part::Key) && branch.key.is_empty() {
        builder.problem(
            place,
            "`{key}` is only known where one link leads straight to the client's key",
            "use a text without `{key}`, or say which link is meant with `for`",
        );
    }
    if template.has(&Part::Row) && rule.row.is_empty() {
        builder.problem(
            place,
            "`{row}` needs a primary key or unique index without this column",
            "use a text with `{key}`, or delete the rows",
        );
    }
    if template.has(&Part::Today) && rule.branches.iter().any(|branch| branch.condition.is_none()) {
        builder.problem(
            place,
            "`{today}` without `where` would change the column again every day",
            "add a `where` that no longer holds once the column has been changed",
        );
    }
    let constant = template.constant();
    let fits = match column.kind() {
        Kind::Text | Kind::Unknown => true,
        Kind::Bytes => !table.strict,
        Kind::Date => constant.map_or(template.has(&Part::Today), is_date),
        Kind::Integer | Kind::Boolean => constant.is_some_and(|text| text.parse::<i64>().is_ok()),
        Kind::Number => constant.is_some_and(|text| text.parse::<f64>().is_ok()),
    };
    if !fits {
        builder.problem(
            place,
            format!("`{}` is declared {} and cannot hold this text", column.name, column.declared),
            "use `clear = true`, `generalize`, or a value of the column's own type",
        );
    }
    let length: usize = template
        .0
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Key => key_length(table, &branch.key).max(1),
            Part::Row => key_length(table, &rule.row).max(1),
            Part::Today => 10,
        })
        .sum();
    if let Some(most) = column.max_length()
        && length > most
    {
        builder.problem(
            place,
            format!("`{}` is declared {} and the text needs up to {length} characters", column.name, column.declared),
            format!("use a text of at most {most} characters (a key is counted as {KEY_LENGTH})"),
        );
    }
}

/// The most characters that a key needs in a text; one of unknown length is counted as 20.
pub fn key_length(table: &LiveTable, key: &[String]) -> usize {
    let length = |name: &String| match table.column(name) {
        Some(column) if column.declared.eq_ignore_ascii_case("uuid") => 36,
        Some(column) => column.max_length().unwrap_or(KEY_LENGTH).min(KEY_LENGTH),
        None => KEY_LENGTH,
    };
    key.iter().map(length).sum::<usize>() + key.len().saturating_sub(1)
}

fn is_date(text: &str) -> bool {
    text.get(..10).is_some_and(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok())
}

fn clear(builder: &mut Builder, table: &LiveTable, column: &LiveColumn, place: &str) {
    let takes_a_text = match column.kind() {
        Kind::Text | Kind::Unknown => true,
        Kind::Bytes => !table.strict || column.told.is_some(),
        _ => false,
    };
    if column.not_null && !takes_a_text {
        builder.problem(
            place,
            format!("`{}` is NOT NULL and declared {}, so it cannot be emptied", column.name, column.declared),
            match column.kind() {
                Kind::Date => "use `replace = \"1900-01-01\"` or `generalize = \"year\"`",
                Kind::Bytes => "allow NULL in this column, or delete the rows",
                _ => "use `replace = 0`",
            },
        );
    }
}

fn generalize(builder: &mut Builder, column: &LiveColumn, to: Generalize, place: &str) {
    let kind = column.kind();
    let is_date = kind == Kind::Date && !matches!(to, Generalize::First(_));
    if !is_date && !matches!(kind, Kind::Text | Kind::Unknown) {
        builder.problem(
            place,
            format!("`{}` is declared {} and cannot be generalized this way", column.name, column.declared),
            "`year`, `month` and `decade` are for dates written as `YYYY-MM-DD`, `{ first = n }` for texts",
        );
    }
}

fn redact(builder: &mut Builder, column: &LiveColumn, paths: &[String], place: &str) {
    if !matches!(column.kind(), Kind::Text | Kind::Unknown | Kind::Bytes) {
        builder.problem(
            place,
            format!("`{}` is declared {} and cannot hold JSON", column.name, column.declared),
            "use `clear = true`",
        );
    }
    for path in paths {
        if let Err(what) = JsonPath::parse(path) {
            builder.problem(place, what, "write paths such as `$.contact.email` or `$.members[*].name`");
        }
    }
}

/// A placeholder in a unique column collides with itself unless it differs by row.
fn unique(builder: &mut Builder, table: &LiveTable, column: &LiveColumn, rule: &Rule, paths: &[Path], place: &str) {
    let mut alone = table.unique.iter().filter(|own| table.decide(own).iter().eq([&column.name])).peekable();
    if alone.peek().is_none() {
        return;
    }
    let nulls_equal = alone.any(|own| own.nulls_equal);
    for branch in &rule.branches {
        let paths = if branch.paths.is_empty() { paths } else { &branch.paths };
        let one_row_each = paths.iter().all(|path| path.key_columns().is_some_and(|columns| table.is_unique(columns)));
        let (collides, fix) = match &branch.action {
            Action::Clear => (
                rule.empty != NULL || nulls_equal,
                "use `replace = \"anonymized-{key}\"`, which differs for each client",
            ),
            Action::Constant(_) => (true, "use `clear = true` if NULL is allowed, or a text with `{key}`"),
            Action::Text(template) if template.has(&Part::Row) => (false, ""),
            Action::Text(template) if template.has(&Part::Key) => (
                !one_row_each,
                "a client can have several rows here; use a text with `{row}`, which differs for each row",
            ),
            Action::Text(_) => (true, "put `{key}` into the text, which makes it differ for each client"),
            Action::Generalize(_) => (true, "use a text with `{key}`, or `clear = true` if NULL is allowed"),
            Action::Copy(_) | Action::Redact(_) => (false, ""),
        };
        if collides {
            builder.problem(
                place,
                format!("`{}` is UNIQUE, and the second row changed would collide with the first", column.name),
                fix,
            );
        }
    }
}

/// Placeholders in columns that are unique together collide if none of them differs by row.
pub(super) fn together(builder: &mut Builder, steps: &[Step]) {
    for (step, update) in steps.iter().flat_map(|step| step.updates.iter().map(move |update| (step, update))) {
        let Some(table) = builder.schema.table(&step.table) else { continue };
        for unique in table.unique.iter().filter(|own| table.decide(own).len() > 1) {
            let of = |own: &String| update.rules.iter().find(|rule| rule.column == *own);
            let is_same = |rule: &Rule| match rule.always() {
                Some(Action::Constant(_)) => true,
                Some(Action::Text(template)) => !template.has(&Part::Key) && !template.has(&Part::Row),
                Some(Action::Clear) => rule.empty != NULL || unique.nulls_equal,
                _ => false,
            };
            let all = table.decide(unique);
            let (same, others): (Vec<&String>, Vec<&String>) = all.iter().partition(|own| of(own).is_some_and(is_same));
            let Some(first) = same.first() else { continue };
            let columns = all.iter().map(|own| format!("`{own}`")).collect::<Vec<_>>().join(", ");
            let place = format!("tables.{}.columns.{first}", step.table);
            if others.is_empty() {
                builder.problem(
                    &place,
                    format!("{columns} are UNIQUE together, and the second row changed would collide with the first"),
                    "put `{row}` or `{key}` into the text of one of them",
                );
            } else if !others.iter().any(|own| of(own).is_some())
                && !table.is_unique(&others.into_iter().cloned().collect::<Vec<_>>())
            {
                builder.note(format!(
                    "{columns} of `{}` are UNIQUE together, and `{first}` becomes the same in all rows: rows that are the same in the others collide, \
                     and their clients fail",
                    step.table
                ));
            }
        }
    }
}
