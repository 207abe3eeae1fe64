//! Tables whose old rows are deleted, for all clients.

use chrono::NaiveDate;

use super::builder::{Builder, leads_an_index};
use super::deletes::cascades;
use super::order::{in_order, parents};
use super::{Condition, Path};
use crate::domain::period::Period;
use crate::domain::schema::LiveTable;
use crate::policy;

/// A table whose old rows go.
#[derive(Debug, Clone)]
pub struct RowRetention {
    pub table: String,
    /// Rows of a day before this long ago go.
    pub length: Period,
    /// The column with the day.
    pub date: String,
    /// The ways from a row to its client: rows of a client on hold stay.
    pub paths: Vec<Path>,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
    /// What identifies a row, if the database needs to be told; `None` where nothing does.
    pub identity: Option<Vec<String>>,
}

/// The tables of the policy that give their rows a period, those that refer to others first.
pub(super) fn rows(builder: &mut Builder) -> Vec<RowRetention> {
    let parents = parents(builder);
    let mut all = Vec::new();
    for table in in_order(builder) {
        let Some(said) = builder.rule_of(&table.name).and_then(|rule| rule.retention.as_ref()) else { continue };
        let place = format!("tables.{}.retention", table.name);
        if builder.is_client(&table.name) {
            builder.problem(
                &place,
                "rows of the client table cannot be deleted",
                "clients are anonymized by their date or by `[period]`",
            );
            continue;
        }
        if parents.contains(&table.name) {
            builder.problem(
                &place,
                "other tables of the policy are reached through this one, and without its rows theirs would lead to no client",
                "give `retention` to a table that nothing is reached through",
            );
        }
        let rule = builder.rule_of(&table.name);
        if rule.is_some_and(|rule| rule.columns.values().chain(rule.keys.values()).any(|own| own.names().is_some())) {
            builder.problem(
                &place,
                "rows of this table name files, and old rows would go without them",
                "remove `retention`, or `delete_file` and `delete_folder`: files go with their client alone",
            );
        }
        all.extend(of_table(builder, table, said, &place));
    }
    all
}

fn of_table(
    builder: &mut Builder,
    table: &LiveTable,
    said: &policy::RowRetention,
    place: &str,
) -> Option<RowRetention> {
    let date = builder.column(table, &said.date, &format!("{place}.date"))?;
    builder.must_be_a_date(table, &date, &format!("{place}.date"));
    let condition = builder.optional_condition(said.condition.as_ref(), table, place);
    keeps_clients(builder, table, said, place);
    for guard in &builder.policy.guards {
        let on = guard.table.as_deref().unwrap_or(&builder.policy.client.table);
        if builder.schema.table(on).is_some_and(|own| own.name == table.name) {
            let note = format!(
                "old rows of `{}` go, though the guard `{}` looks at them: its `where` and that of `retention` should exclude each other",
                table.name, guard.name
            );
            builder.note(note);
        }
    }
    if !leads_an_index(table, &date) {
        builder.note(format!(
            "no index leads with `{}.{date}`: a `retention` sweep reads the whole table for each part that it deletes",
            table.name
        ));
    }
    let paths = builder.quiet_paths(table);
    cascades(builder, table, paths.clone(), place);
    Some(RowRetention {
        table: table.name.clone(),
        length: said.length,
        date,
        paths,
        condition,
        identity: identity(table),
    })
}

/// What identifies a row. A column that can be NULL does not: rows could have the same, and none would equal it.
fn identity(table: &LiveTable) -> Option<Vec<String>> {
    let can_be_null = |own: &String| table.columns.iter().any(|column| column.name == *own && !column.not_null);
    let is_told = table.columns.iter().any(|column| column.told.is_some());
    let identifies = is_told || (!table.identity.is_empty() && !table.identity.iter().any(can_be_null));
    identifies.then(|| table.identity.clone())
}

/// Rows that count as activity must outlive the period, or clients would be due
/// too early; and the last of them must not be all there is.
fn keeps_clients(builder: &mut Builder, table: &LiveTable, said: &policy::RowRetention, place: &str) {
    let Some(period) = &builder.policy.period else { return };
    let is_activity = period
        .activity
        .iter()
        .any(|source| builder.schema.table(&source.table).is_some_and(|own| own.name == table.name));
    if !is_activity {
        return;
    }
    if is_shorter(said.length, period.length) {
        builder.problem(
            place,
            format!(
                "these rows are activity that keeps clients for {}, and would go after {}",
                period.length, said.length
            ),
            "make the period of the rows at least as long as that of clients",
        );
    } else if period.otherwise.is_none() && period.no_activity.is_none() {
        builder.problem(
            place,
            "without these rows a client has no activity left, and without `period.otherwise` it would never be due",
            "name a client column in `period.otherwise`",
        );
    }
}

/// Whether a period can end before another that begins on the same day.
fn is_shorter(one: Period, other: Period) -> bool {
    let days = (1..=4).flat_map(|year| (1..=12).map(move |month| (2000 + year, month)));
    days.filter_map(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1)?.pred_opt())
        .any(|day| matches!((one.before(day), other.before(day)), (Ok(one), Ok(other)) if one > other))
}
