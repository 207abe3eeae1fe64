//! What only the database itself can answer about a plan.

use super::{Connection, StoreError, query, query_scalar};
use crate::domain::dialect::Dialect;
use crate::domain::schema::{LiveTable, Schema};
use crate::plan::{Condition, Plan, Problem, Rule, shown_key};
use crate::policy::{Action, Literal};
use crate::sql::select::odd_mark;
use crate::sql::{keys, name, relation, text};

/// A day to prepare conditions with.
const ANY_DAY: chrono::NaiveDate = chrono::NaiveDate::MAX;

pub(super) async fn verify(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
) -> Result<Vec<Problem>, StoreError> {
    let mut problems = Vec::new();
    conditions(connection, plan, &mut problems).await?;
    if !problems.is_empty() {
        return Ok(problems);
    }
    checks(connection, plan, schema, &mut problems).await?;
    Ok(problems)
}

/// What a plan relies on in the data: every key is classified, dates are dates, marks say yes or no, and no row belongs
/// to every client by an empty text.
pub(super) async fn verify_data(connection: &mut Connection, plan: &Plan) -> Result<Vec<Problem>, StoreError> {
    let mut problems = Vec::new();
    entries(connection, plan, &mut problems).await?;
    marks(connection, plan, &mut problems).await?;
    blanks(connection, plan, &mut problems).await?;
    dates(connection, plan, &mut problems).await?;
    Ok(problems)
}

/// Every condition prepares on its table.
async fn conditions(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(ANY_DAY);
    for placed in &plan.conditions {
        let sql = format!(
            "SELECT 1 FROM {} WHERE ({}) LIMIT 0",
            relation(plan.client.dialect, &placed.table),
            placed.condition.sql(day)
        );
        match query(&sql).fetch_all(&mut *connection).await {
            Ok(_) => {}
            // Preparing reads no rows, so the database's words quote the policy at most.
            Err(error) if error.fault().is_of_the_statement() => problems.push(Problem::new(
                &placed.place,
                format!("the database cannot prepare `{}`: {}", placed.condition.text, error.message()),
                format!("write an SQL expression over the columns of `{}`", placed.table),
            )),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Every CHECK that is about replaced columns alone accepts what is put there.
async fn checks(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    for step in &plan.steps {
        let Some(table) = schema.table(&step.table) else { continue };
        let rules: Vec<&Rule> = step.updates.iter().chain(&step.unlinks).flat_map(|update| &update.rules).collect();
        for check in &table.checks {
            let Ok(condition) = Condition::parse(check, schema.dialect.grammar) else { continue };
            let Some((values, columns)) = placeholders(schema.dialect, &condition, &rules, table) else { continue };
            let sql = format!("SELECT CASE WHEN NOT ({check}) THEN 0 ELSE 1 END FROM (SELECT {values}) AS row");
            let accepted = match query(&sql).fetch_one(&mut *connection).await {
                Ok(row) => row.get::<i64>(0)? == 1,
                Err(_) => continue,
            };
            if !accepted {
                problems.push(Problem::new(
                    format!("tables.{}.columns.{}", step.table, columns.join(" + ")),
                    format!("the table's CHECK ({check}) refuses what is put there"),
                    "replace with a value that the CHECK accepts",
                ));
            }
        }
    }
    Ok(())
}

/// What each column of a CHECK holds afterwards, as a row of constants, if all of it is known.
fn placeholders(
    dialect: Dialect,
    condition: &Condition,
    rules: &[&Rule],
    table: &LiveTable,
) -> Option<(String, Vec<String>)> {
    let mut values = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    let number = |number: String| dialect.number(&number);
    for own in &condition.columns {
        let column = table.column(own)?;
        if columns.contains(&column.name) {
            continue;
        }
        let rule = rules.iter().find(|rule| rule.column == column.name)?;
        let value = match &rule.branches.last()?.action {
            Action::Constant(Literal::Boolean(value)) => number(i64::from(*value).to_string()),
            Action::Constant(Literal::Integer(value)) => number(value.to_string()),
            Action::Constant(Literal::Float(value)) => number(format!("{value:?}")),
            Action::Constant(Literal::Text(value)) => text(value),
            Action::Text(template) => text(template.constant()?),
            Action::Clear => rule.empty.to_owned(),
            Action::Copy(_) | Action::Generalize(_) | Action::Redact(_) => return None,
        };
        let value = dialect.cast(&value, &column.declared);
        values.push(format!("{value} AS {}", name(&column.name)));
        columns.push(column.name.clone());
    }
    (!values.is_empty()).then(|| (values.join(", "), columns))
}

/// Every key of a key-value table, used or only defined, is known to the policy.
async fn entries(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    for step in &plan.steps {
        let Some(sql) = keys::all_unknown_keys(plan.client.dialect, step) else { continue };
        let table = &step.table;
        for row in query(&sql).fetch_all(&mut *connection).await? {
            let key: String = row.get(0)?;
            let column = step.keys.as_ref().map_or("", |keys| keys.column.as_str());
            let distinct = format!("SELECT DISTINCT {} FROM {}", name(column), relation(plan.client.dialect, table));
            problems.push(match shown_key(&key) {
                Some("") => Problem::new(
                    format!("tables.{table}.keys"),
                    format!("table `{table}` has entries without a key (NULL or empty), which are not classified"),
                    "add the key `\"\"`, which stands for NULL too, with its class and action",
                ),
                Some(key) => Problem::new(
                    format!("tables.{table}.keys.{key}"),
                    format!("table `{table}` has entries called `{key}`, which are not classified"),
                    "add the key with its class and action",
                ),
                None => Problem::new(
                    format!("tables.{table}.keys"),
                    format!("table `{table}` has entries that are not classified, with a key that could be data itself"),
                    format!("`{distinct}` lists the keys; add each with its class and action, or delete such rows with `rows`"),
                ),
            });
        }
    }
    Ok(())
}

/// Columns compared with days hold days.
async fn dates(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let client = &plan.client.table;
    let mut columns: Vec<(&str, &String, String)> = Vec::new();
    columns.extend(
        plan.client.to_anonymize_on.iter().map(|date| (client.as_str(), date, "client.to_anonymize_on".into())),
    );
    if let Some(retention) = &plan.retention {
        columns.extend(retention.otherwise.iter().map(|date| (client.as_str(), date, "period.otherwise".into())));
        let activity = retention.activity.iter().enumerate();
        columns.extend(
            activity.map(|(at, own)| (own.table.as_str(), &own.date, format!("period.activity[{}].date", at + 1))),
        );
    }
    for guard in &plan.guards {
        let place = format!("guards.{}.date", guard.name);
        columns.extend(guard.within.iter().map(|own| (own.table.as_str(), &own.date, place.clone())));
    }
    let rows = plan.row_retention.iter();
    columns.extend(rows.map(|own| (own.table.as_str(), &own.date, format!("tables.{}.retention.date", own.table))));
    for (table, date, place) in columns {
        let Some(strange) = plan.client.dialect.not_a_date(table, date) else { continue };
        if let Some(kind) = query_scalar::<String>(strange).fetch_optional(&mut *connection).await? {
            problems.push(Problem::new(
                place,
                format!("`{table}.{date}` has values that are not dates written as `YYYY-MM-DD` (one of type {kind})"),
                "name a column with such days, or store them so; anything else cannot be compared safely",
            ));
        }
    }
    Ok(())
}

/// The mark of anonymized clients says yes, no or nothing.
async fn marks(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let (Some(column), Some(odd)) = (&plan.client.anonymized, odd_mark(&plan.client)) else { return Ok(()) };
    if query(odd).fetch_optional(&mut *connection).await?.is_some() {
        let (own, table) = (name(column), relation(plan.client.dialect, &plan.client.table));
        problems.push(Problem::new(
            "client.anonymized",
            format!("`{}.{column}` holds values other than 1, 0 and NULL", plan.client.table),
            format!("store 1 for true and 0 for false: SELECT DISTINCT {own} FROM {table} lists what it holds"),
        ));
    }
    Ok(())
}

/// An empty text that several clients have links no row to any of them.
async fn blanks(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let dialect = plan.client.dialect;
    let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(ANY_DAY);
    let client = relation(dialect, &plan.client.table);
    let ways = plan.steps.iter().flat_map(|step| &step.paths).filter(|path| !path.by_key && !path.exclusive);
    for hop in ways.filter_map(|path| path.hops.last()) {
        let ([own], [other]) = (hop.columns.as_slice(), hop.matches.as_slice()) else { continue };
        let is_blank = |column: &str| format!("CAST({} AS TEXT) = ''", name(column));
        let condition = hop.condition.as_ref().map_or_else(String::new, |own| format!(" AND ({})", own.sql(day)));
        let sql = format!(
            "SELECT 1 FROM {} WHERE {}{condition} AND (SELECT count(*) FROM (SELECT 1 FROM {client} WHERE {} LIMIT 2) AS two) > 1 LIMIT 1",
            relation(dialect, &hop.table),
            is_blank(own),
            is_blank(other)
        );
        let found = match query(&sql).fetch_optional(&mut *connection).await {
            // The condition cannot read some row: its client will fail.
            Err(error) if error.is_of_the_rows() => None,
            found => found?,
        };
        if found.is_some() {
            let problem = Problem::new(
                format!("tables.{}.client", hop.table),
                format!(
                    "rows of `{}` with an empty `{own}` would belong to every client whose `{other}` is empty",
                    hop.table
                ),
                format!("add `where = \"{own} <> ''\"` to the link, or store NULL"),
            );
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    Ok(())
}

/// What a plan says of clients without a key: none can be told from another, so they fail.
pub(super) async fn keyless(connection: &mut Connection, plan: &Plan) -> Result<Vec<String>, StoreError> {
    let mut notes = Vec::new();
    for key in plan.client.key.iter().filter(|_| plan.client.key_nullable) {
        let sql = format!(
            "SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1",
            relation(plan.client.dialect, &plan.client.table),
            name(key)
        );
        if query(&sql).fetch_optional(&mut *connection).await?.is_some() {
            notes.push(format!(
                "table `{}` has clients whose `{key}` is NULL: they fail, all as one, until each has a key",
                plan.client.table
            ));
        }
    }
    Ok(notes)
}
