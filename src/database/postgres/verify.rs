//! Has the server prepare every statement of a plan before any runs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::super::{Connection, StoreError, query, query_as, query_scalar};
use super::Dialect;
use crate::domain::dialect::SqlDialect;
use crate::domain::sweep::SweepKind;
use crate::plan::{Plan, Problem};
use crate::policy::{Action, Literal};
use crate::sql::batch::{statements, temporary_tables};
use crate::sql::select::Wanted;
use crate::sql::{name, text};

/// How many statements go to the server in one message. Each message costs a round trip; and the server keeps a copy of the
/// whole message with every statement of it, so that the cost of one message grows with its square.
const PROBED_TOGETHER: usize = 8;

/// Has the server prepare every statement of the plan, which tells what does
/// not fit (types, operators, rights), and looks for rows that it would hide.
pub(super) async fn verify(connection: &mut Connection, plan: &Plan) -> Result<Vec<Problem>, StoreError> {
    let mut problems = Vec::new();
    let mut transaction = connection.begin_reading().await?;
    for sql in Dialect.constants().functions.iter().map(|sql| (*sql).to_owned()).chain(temporary_tables(&plan.client)) {
        query(&sql).execute(&mut *transaction).await?;
    }
    // Three that stand in for the ledger's, which may not be there yet.
    for sql in [
        "CREATE TEMP TABLE lethe_outcomes (client_key TEXT, sweep BIGINT, outcome TEXT, reasons TEXT, digest TEXT)",
        "CREATE TEMP TABLE lethe_holds (client_key TEXT, released_at TEXT)",
        "CREATE TEMP TABLE lethe_deliveries (kind TEXT, target TEXT, sweep BIGINT, client_key TEXT, body TEXT, message TEXT, \
         state TEXT, run_at TEXT, made_at TEXT)",
    ] {
        query(sql).execute(&mut *transaction).await?;
    }
    for step in &plan.steps {
        let sql = format!("SELECT row_security_active({})", text(&Dialect.qualified(&step.table)));
        let hides: bool = query_scalar(sql).fetch_one(&mut *transaction).await?;
        if hides {
            problems.push(Problem::new(
                format!("tables.{}", step.table),
                format!(
                    "row-level security hides rows of `{}` from this role, so they would not be anonymized",
                    step.table
                ),
                "give the role BYPASSRLS, or use the owner of the table",
            ));
        }
    }
    inherited(&mut transaction, plan, &mut problems).await?;
    constants(&mut transaction, plan, &mut problems).await?;
    let today = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");
    let wanted = Wanted { plan, filters: &[], today, cutoff: Some(today), zone: Tz::UTC, restored: false };
    let kind = if plan.client.to_anonymize_on.is_some() { SweepKind::Due } else { SweepKind::Period };
    let made = statements(&wanted, kind, false);
    let made = made.all(&plan.client);
    let all: Vec<Probe> =
        made.iter().map(|(table, sql)| Probe { sql, is_planned: is_planned(&made, table, sql) }).collect();
    for (some, named) in all.chunks(PROBED_TOGETHER).zip(made.chunks(PROBED_TOGETHER)) {
        // One by one only where not all of them are good, to say which.
        if probe(&mut transaction, some).await?.is_none() {
            continue;
        }
        for (own, (table, _)) in some.iter().zip(named) {
            let Some(error) = probe(&mut transaction, std::slice::from_ref(own)).await? else { continue };
            // What is wrong with a table is named once, and with the column where that is known.
            let place = format!("tables.{table}");
            let is_of_table = |own: &str| {
                own.strip_prefix(&place).is_some_and(|rest| rest.is_empty() || rest.starts_with(".columns."))
            };
            if !problems.iter().any(|problem| is_of_table(&problem.place)) {
                problems.push(refused(&place, &error));
            }
        }
    }
    transaction.rollback().await?;
    Ok(problems)
}

/// No key is there in the client table and in one that inherits from it, or in two of these: a unique index holds for
/// one of them alone, and what is read through the parent would be two clients.
async fn inherited(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let client = &plan.client;
    let family = format!(
        "WITH RECURSIVE family AS (SELECT CAST({} AS REGCLASS) AS own UNION ALL SELECT CAST(i.inhrelid AS REGCLASS) FROM family AS f \
         JOIN pg_catalog.pg_inherits AS i ON i.inhparent = f.own JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid \
         WHERE NOT c.relispartition) SELECT DISTINCT CAST(own AS TEXT) FROM family ORDER BY 1",
        text(&Dialect.qualified(&client.table))
    );
    let family: Vec<String> = query_scalar(family).fetch_all(&mut *connection).await?;
    let keys: Vec<String> = client.key.iter().map(|own| name(own)).collect();
    let keys = keys.join(", ");
    for (at, one) in family.iter().enumerate().filter(|_| family.len() > 1) {
        let twice =
            format!("SELECT 1 FROM ONLY {one} WHERE ({keys}) IS NOT NULL GROUP BY {keys} HAVING count(*) > 1 LIMIT 1");
        if query(twice).fetch_optional(&mut *connection).await?.is_some() {
            problems.push(Problem::new(
                "client.key",
                format!("a key is in `{one}` twice, and the client table's unique index does not hold there"),
                "give each client a key that it has alone, and that table a unique index of its own",
            ));
        }
        for other in &family[at + 1..] {
            let same: Vec<String> = client.key.iter().map(|own| format!("a.{0} = b.{0}", name(own))).collect();
            let sql = format!("SELECT 1 FROM ONLY {one} AS a JOIN ONLY {other} AS b ON {} LIMIT 1", same.join(" AND "));
            if query(sql).fetch_optional(&mut *connection).await?.is_some() {
                problems.push(Problem::new(
                    "client.key",
                    format!("the same key is in `{one}` and in `{other}`, which are read as one table, as one inherits from the other"),
                    "give each client a key that it has alone; a unique index holds for one table, not for those that inherit from it",
                ));
            }
        }
    }
    Ok(())
}

/// A statement to be prepared, and perhaps planned.
struct Probe<'a> {
    sql: &'a str,
    is_planned: bool,
}

/// Whether a statement is planned, which takes most of the time: each that writes, and of those that only read a table
/// the longest. The others are usually parts of it; what only planning finds in them fails a batch, visibly.
fn is_planned(all: &[(String, &str)], table: &str, sql: &str) -> bool {
    let reads = |own: &str| own.starts_with("SELECT ");
    let of_table = all.iter().filter(|(other, own)| other == table && reads(own));
    !reads(sql) || of_table.max_by_key(|(_, own)| own.len()).is_some_and(|(_, longest)| *longest == sql)
}

/// Has the server prepare statements, and plan them, which is when it looks at
/// rights. Returns an objection to one of them, if it has any.
async fn probe(connection: &mut Connection, statements: &[Probe<'_>]) -> Result<Option<StoreError>, StoreError> {
    let objection = objection(prepare_and_plan(connection, statements).await)?;
    if objection.is_some() {
        query("ROLLBACK TO one").execute(&mut *connection).await?;
        // No rollback takes away what was prepared.
        let prepared: Vec<(String, i32)> = query_as(PREPARED).fetch_all(&mut *connection).await?;
        let remove = prepared.into_iter().map(|(name, _)| format!("DEALLOCATE {name}; "));
        connection.run_script(remove.chain(["RELEASE one".to_owned()]).collect::<String>()).await?;
    }
    Ok(objection)
}

/// The statements that were prepared to be probed, and how many parameters each takes.
const PREPARED: &str = "SELECT CAST(name AS TEXT), cardinality(parameter_types) FROM pg_prepared_statements \
                        WHERE name LIKE 'lethe!_probe!_%' ESCAPE '!'";

fn own_name(number: usize) -> String {
    format!("lethe_probe_{number}")
}

/// Leaves nothing behind where the server has no objection.
async fn prepare_and_plan(connection: &mut Connection, statements: &[Probe<'_>]) -> Result<(), StoreError> {
    let prepare =
        statements.iter().enumerate().map(|(number, own)| format!(";\nPREPARE {} AS {}", own_name(number), own.sql));
    connection.run_script(["SAVEPOINT one".to_owned()].into_iter().chain(prepare).collect::<String>()).await?;
    let prepared: Vec<(String, i32)> = query_as(PREPARED).fetch_all(&mut *connection).await?;
    debug_assert_eq!(prepared.len(), statements.len(), "each is one statement");
    let is_planned = |name: &str| statements.iter().enumerate().any(|(at, own)| own.is_planned && own_name(at) == name);
    let plan = prepared.into_iter().map(|(name, parameters)| {
        let nothing = vec!["NULL"; usize::try_from(parameters).unwrap_or(0)].join(", ");
        let parameters = if nothing.is_empty() { nothing } else { format!("({nothing})") };
        let explain = if is_planned(&name) { format!("EXPLAIN EXECUTE {name}{parameters}; ") } else { String::new() };
        format!("{explain}DEALLOCATE {name}; ")
    });
    connection.run_script(plan.chain(["RELEASE one".to_owned()]).collect::<String>()).await.map(drop)
}

/// What the server has against a statement itself, if something.
fn objection<T>(tried: Result<T, StoreError>) -> Result<Option<StoreError>, StoreError> {
    match tried {
        Ok(_) => Ok(None),
        Err(error) if error.fault().is_of_the_statement() => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Every constant can stand in its column's type, whatever the type asks of it.
async fn constants(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let casts = casts(plan);
    let all: BTreeSet<&str> = casts.iter().map(|(_, cast)| cast.as_str()).collect();
    let all: Vec<&str> = all.into_iter().collect();
    // One by one only where not all of them are good, to say which.
    if cast(connection, &all).await?.is_some() {
        for (place, own) in &casts {
            problems.extend(cast(connection, &[own]).await?.map(|error| refused(place, &error)));
        }
    }
    Ok(())
}

/// Has the server cast constants. Returns its objection, if it has one.
async fn cast(connection: &mut Connection, constants: &[&str]) -> Result<Option<StoreError>, StoreError> {
    query("SAVEPOINT one").execute(&mut *connection).await?;
    let all = format!("SELECT cardinality(CAST(ARRAY[{}] AS TEXT[]))", constants.join(", "));
    let objection = objection(connection.run_script(all).await)?;
    let undo = if objection.is_some() { "ROLLBACK TO one; RELEASE one" } else { "RELEASE one" };
    connection.run_script(undo).await?;
    Ok(objection)
}

/// Each constant as one of its column's type, with its place in the policy.
fn casts(plan: &Plan) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for step in &plan.steps {
        for rule in step.updates.iter().chain(&step.unlinks).flat_map(|update| &update.rules) {
            for branch in &rule.branches {
                let value = match &branch.action {
                    Action::Constant(Literal::Text(value)) => Some(text(value)),
                    Action::Text(template) => template.constant().map(text),
                    Action::Clear => Some(rule.empty.to_owned()),
                    _ => None,
                };
                let cast = |value| format!("CAST(CAST({value} AS {}) AS TEXT)", rule.declared);
                all.extend(value.map(|value| (format!("tables.{}.columns.{}", step.table, rule.column), cast(value))));
            }
        }
    }
    all
}

/// Nothing but the policy's own constants is read on the way, so the server's words quote the policy at most.
fn refused(place: &str, error: &StoreError) -> Problem {
    let what = error.message();
    if error.fault().code == "42501" {
        return Problem::new(
            place,
            format!("the role lacks a right that the policy needs: {what}"),
            "grant it: SELECT on every table of the policy, and UPDATE or DELETE where rows are changed or deleted",
        );
    }
    Problem::new(
        place,
        format!("the database refuses what the policy does: {what}"),
        "use a value or an action that fits the column's type",
    )
}
