//! What is `PostgreSQL`'s alone: reading the live schema from its catalog, and
//! having it prepare every statement before any runs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, Connection as _, Row};

use super::{Connection, Fault, statement};
use crate::domain::plan::{Plan, Problem};
use crate::domain::policy::{Action, Literal};
use crate::domain::schema::{Dialect, ForeignKey, Index, Kind, LiveColumn, LiveTable, Schema, Unique};
use crate::domain::sweep::SweepKind;
use crate::sql::batch::{statements, temporary_tables};
use crate::sql::select::Wanted;
use crate::sql::{FUNCTIONS, qualified, text};

/// The relations of the company: no catalog, no extension's, no partition, not the ledger's.
pub(super) const OURS: &str = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relname NOT LIKE 'lethe\\_%' \
     AND NOT (n.nspname = 'lethe' AND c.relname IN ('job_status', 'sweep_status', 'client_status') AND c.relkind = 'v') \
     AND NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') AND NOT EXISTS (SELECT 1 FROM pg_depend AS d \
     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// Something over names, types and constraints that differs when one of them does.
pub(super) async fn version(connection: &mut Connection) -> Result<String, sqlx::Error> {
    let sql = format!(
        "SELECT CAST(sum(hashtextextended(concat_ws(' ', c.oid, n.nspname, c.relname, c.relrowsecurity, a.attnum, a.attname, \
         a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity), 0)) AS TEXT) || ' ' || \
         (SELECT CAST(COALESCE(sum(hashtextextended(concat_ws(' ', k.oid, k.conrelid, k.contype), 0)), 0) AS TEXT) FROM pg_constraint AS k) \
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS}"
    );
    let version: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?;
    Ok(version.unwrap_or_default())
}

pub(super) async fn schema(connection: &mut Connection) -> Result<Schema, sqlx::Error> {
    let mut schema = Schema { dialect: Dialect::Postgres, ..Schema::default() };
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    let listed = format!(
        "SELECT CAST(c.oid AS BIGINT), CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(c.relkind AS TEXT), \
         n.nspname = current_schema() FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OURS} ORDER BY 2, 3"
    );
    for row in statement(&listed).fetch_all(&mut *connection).await? {
        let (space, own): (String, String) = (row.get(1), row.get(2));
        // Up to its first dot a name is that of a schema.
        let is_plain = row.get::<bool, _>(4) && !own.contains('.');
        let name = if is_plain { own } else { format!("{space}.{own}") };
        match row.get::<&str, _>(3) {
            _ if space.contains('.') => {
                schema.others.insert(name, "table of a schema with a dot in its name".to_owned());
            }
            "r" | "p" => {
                names.insert(row.get(0), name.clone());
                schema.tables.insert(name.clone(), LiveTable { name, strict: true, ..LiveTable::default() });
            }
            "v" => drop(schema.others.insert(name, "view".to_owned())),
            "m" => drop(schema.others.insert(name, "materialized view".to_owned())),
            _ => drop(schema.others.insert(name, "foreign table".to_owned())),
        }
    }
    columns(connection, &names, &mut schema).await?;
    indexes(connection, &names, &mut schema).await?;
    foreign_keys(connection, &names, &mut schema).await?;
    checks(connection, &names, &mut schema).await?;
    Ok(schema)
}

fn table<'a>(schema: &'a mut Schema, names: &BTreeMap<i64, String>, oid: i64) -> Option<&'a mut LiveTable> {
    schema.tables.get_mut(names.get(&oid)?)
}

async fn columns(
    connection: &mut Connection,
    names: &BTreeMap<i64, String>,
    schema: &mut Schema,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT CAST(a.attrelid AS BIGINT), CAST(a.attname AS TEXT), format_type(a.atttypid, a.atttypmod), \
         a.attnotnull OR t.typnotnull, a.attgenerated <> '' OR a.attidentity = 'a', \
         CAST(COALESCE(b.typcategory, t.typcategory) AS TEXT), CAST(COALESCE(b.typname, t.typname) AS TEXT), \
         CAST(l.collname AS TEXT), CAST(COALESCE(array_position(CAST(p.indkey AS SMALLINT[]), a.attnum) + 1, 0) AS BIGINT) \
         FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype \
         LEFT JOIN pg_collation AS l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
         LEFT JOIN pg_index AS p ON p.indrelid = c.oid AND p.indisprimary \
         WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS} ORDER BY a.attrelid, a.attnum"
    );
    for row in statement(&sql).fetch_all(connection).await? {
        let Some(table) = table(schema, names, row.get(0)) else { continue };
        table.columns.push(LiveColumn {
            name: row.get(1),
            declared: row.get(2),
            not_null: row.get(3),
            generated: row.get(4),
            primary_key: u32::try_from(row.get::<i64, _>(8)).unwrap_or(0),
            collation: row.get(7),
            told: Some(kind(row.get(5), row.get(6))),
        });
    }
    Ok(())
}

/// What a type means, by its category and name. Source:
/// <https://www.postgresql.org/docs/current/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE>.
fn kind(category: &str, name: &str) -> Kind {
    match (category, name) {
        ("S", _) => Kind::Text,
        ("N", "int2" | "int4" | "int8" | "oid") => Kind::Integer,
        ("N", _) => Kind::Number,
        ("D", "date" | "timestamp" | "timestamptz") => Kind::Date,
        ("B", _) => Kind::Boolean,
        (_, "bytea") => Kind::Bytes,
        _ => Kind::Unknown,
    }
}

/// Of one index: its table, whether it is unique, whether partial, its columns.
type Found = (i64, bool, bool, Vec<Option<String>>);

async fn indexes(
    connection: &mut Connection,
    names: &BTreeMap<i64, String>,
    schema: &mut Schema,
) -> Result<(), sqlx::Error> {
    let sql = "SELECT CAST(i.indrelid AS BIGINT), CAST(i.indexrelid AS BIGINT), i.indisunique, i.indpred IS NOT NULL, \
         CAST(a.attname AS TEXT) FROM pg_index AS i \
         CROSS JOIN LATERAL unnest(CAST(i.indkey AS SMALLINT[])) WITH ORDINALITY AS k (number, place) \
         LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0 \
         WHERE k.place <= i.indnkeyatts AND i.indisvalid ORDER BY i.indisprimary DESC, i.indexrelid, k.place";
    let mut found: Vec<(i64, Found)> = Vec::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let index: i64 = row.get(1);
        if found.last().is_none_or(|(last, _)| *last != index) {
            found.push((index, (row.get(0), row.get(2), row.get(3), Vec::new())));
        }
        if let Some((_, (.., columns))) = found.last_mut() {
            columns.push(row.get(4));
        }
    }
    for (_, (of, unique, partial, columns)) in found {
        let Some(table) = table(schema, names, of) else { continue };
        if unique {
            table.unique.push(Unique { columns: columns.clone(), partial });
        }
        table.indexes.push(Index { columns, partial });
    }
    Ok(())
}

async fn foreign_keys(
    connection: &mut Connection,
    names: &BTreeMap<i64, String>,
    schema: &mut Schema,
) -> Result<(), sqlx::Error> {
    let sql = "SELECT CAST(k.oid AS BIGINT), CAST(k.conrelid AS BIGINT), CAST(k.confrelid AS BIGINT), \
         CAST(own.attname AS TEXT), CAST(other.attname AS TEXT), k.confdeltype = 'c' FROM pg_constraint AS k \
         CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS p (own, other, place) \
         JOIN pg_attribute AS own ON own.attrelid = k.conrelid AND own.attnum = p.own \
         JOIN pg_attribute AS other ON other.attrelid = k.confrelid AND other.attnum = p.other \
         WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid, p.place";
    let mut last = None;
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let Some(references) = names.get(&row.get::<i64, _>(2)) else { continue };
        let Some(table) = table(schema, names, row.get(1)) else { continue };
        let key: i64 = row.get(0);
        if last != Some(key) {
            last = Some(key);
            table.foreign_keys.push(ForeignKey {
                columns: Vec::new(),
                references: references.clone(),
                referenced: Vec::new(),
                cascades: row.get(5),
            });
        }
        if let Some(foreign) = table.foreign_keys.last_mut() {
            foreign.columns.push(row.get(3));
            foreign.referenced.push(row.get(4));
        }
    }
    Ok(())
}

async fn checks(
    connection: &mut Connection,
    names: &BTreeMap<i64, String>,
    schema: &mut Schema,
) -> Result<(), sqlx::Error> {
    let sql = "SELECT CAST(conrelid AS BIGINT), pg_get_expr(conbin, conrelid) FROM pg_constraint \
         WHERE contype = 'c' AND conrelid <> 0 ORDER BY oid";
    for row in sqlx::query(sql).fetch_all(connection).await? {
        if let Some(table) = table(schema, names, row.get(0)) {
            table.checks.push(row.get(1));
        }
    }
    Ok(())
}

/// Has the server prepare every statement of the plan, which tells what does
/// not fit (types, operators, rights), and looks for rows that it would hide.
pub(super) async fn verify(connection: &mut Connection, plan: &Plan) -> Result<Vec<Problem>, sqlx::Error> {
    let mut problems = Vec::new();
    let mut transaction = connection.begin().await?;
    for sql in FUNCTIONS.iter().map(|sql| (*sql).to_owned()).chain(temporary_tables(&plan.client)) {
        statement(&sql).execute(&mut *transaction).await?;
    }
    // Three that stand in for the ledger's, which may not be there yet.
    for sql in [
        "CREATE TEMP TABLE lethe_outcomes (client_key TEXT, sweep BIGINT, outcome TEXT, reasons TEXT, digest TEXT)",
        "CREATE TEMP TABLE lethe_holds (client_key TEXT, released_at TEXT)",
        "CREATE TEMP TABLE lethe_deliveries (kind TEXT, target TEXT, sweep BIGINT, client_key TEXT, body TEXT, message TEXT, \
         state TEXT, run_at TEXT, made_at TEXT)",
    ] {
        sqlx::query(sql).execute(&mut *transaction).await?;
    }
    for step in &plan.steps {
        let sql = format!("SELECT row_security_active({})", text(&qualified(Dialect::Postgres, &step.table)));
        let hides: bool = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *transaction).await?;
        if hides {
            problems.push(Problem::new(
                format!("tables.{}", step.table),
                format!(
                    "row-level security hides rows of `{}` from this role, and what is hidden would stay",
                    step.table
                ),
                "give the role BYPASSRLS, or use the owner of the table",
            ));
        }
    }
    constants(&mut transaction, plan, &mut problems).await?;
    let today = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    let wanted = Wanted { plan, filters: Vec::new(), today, cutoff: Some(today) };
    let kind = if plan.client.to_anonymize_on.is_some() { SweepKind::Due } else { SweepKind::Period };
    let made = statements(&wanted, kind, false);
    let made = made.all(&plan.client);
    let all: Vec<&str> = made.iter().map(|(_, sql)| *sql).collect();
    // One by one only where not all of them are good, to say which.
    if probe(&mut transaction, &all).await?.is_some() {
        for (table, sql) in made {
            let Some(error) = probe(&mut transaction, &[sql]).await? else { continue };
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

/// Has the server prepare statements, and plan them, which is when it looks at
/// rights. Returns an objection to one of them, if it has any.
async fn probe(connection: &mut Connection, statements: &[&str]) -> Result<Option<sqlx::Error>, sqlx::Error> {
    sqlx::query("SAVEPOINT one").execute(&mut *connection).await?;
    let objection = objection(prepare_and_plan(connection, statements).await)?;
    if objection.is_some() {
        sqlx::query("ROLLBACK TO one").execute(&mut *connection).await?;
    }
    // No rollback takes away what was prepared.
    let prepared: Vec<(String, i32)> = sqlx::query_as(PREPARED).fetch_all(&mut *connection).await?;
    let remove = prepared.into_iter().map(|(name, _)| format!("DEALLOCATE {name}"));
    let last: Vec<String> = remove.chain(["RELEASE one".to_owned()]).collect();
    sqlx::raw_sql(AssertSqlSafe(last.join("; "))).execute(connection).await?;
    Ok(objection)
}

/// The statements that were prepared to be probed, and how many parameters each takes.
const PREPARED: &str = "SELECT CAST(name AS TEXT), cardinality(parameter_types) FROM pg_prepared_statements \
                        WHERE name LIKE 'lethe!_probe!_%' ESCAPE '!'";

async fn prepare_and_plan(connection: &mut Connection, statements: &[&str]) -> Result<(), sqlx::Error> {
    let numbered = statements.iter().enumerate();
    let prepare: Vec<String> = numbered.map(|(number, sql)| format!("PREPARE lethe_probe_{number} AS {sql}")).collect();
    sqlx::raw_sql(AssertSqlSafe(prepare.join(";\n"))).execute(&mut *connection).await?;
    let mut plan = Vec::new();
    let prepared: Vec<(String, i32)> = sqlx::query_as(PREPARED).fetch_all(&mut *connection).await?;
    debug_assert_eq!(prepared.len(), statements.len(), "each is one statement");
    for (name, parameters) in prepared {
        let nothing = vec!["NULL"; usize::try_from(parameters).unwrap_or(0)].join(", ");
        let parameters = if nothing.is_empty() { nothing } else { format!("({nothing})") };
        plan.push(format!("EXPLAIN EXECUTE {name}{parameters}"));
    }
    sqlx::raw_sql(AssertSqlSafe(plan.join("; "))).execute(connection).await.map(drop)
}

/// What the server has against a statement itself, if something.
fn objection<T>(tried: Result<T, sqlx::Error>) -> Result<Option<sqlx::Error>, sqlx::Error> {
    match tried {
        Ok(_) => Ok(None),
        Err(error) if Fault::of(&error).is_of_the_statement() => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Every constant can stand in its column's type, whatever the type asks of it.
async fn constants(connection: &mut Connection, plan: &Plan, problems: &mut Vec<Problem>) -> Result<(), sqlx::Error> {
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
async fn cast(connection: &mut Connection, constants: &[&str]) -> Result<Option<sqlx::Error>, sqlx::Error> {
    sqlx::query("SAVEPOINT one").execute(&mut *connection).await?;
    let all = format!("SELECT cardinality(CAST(ARRAY[{}] AS TEXT[]))", constants.join(", "));
    let objection = objection(sqlx::raw_sql(AssertSqlSafe(all)).execute(&mut *connection).await)?;
    let undo = if objection.is_some() { "ROLLBACK TO one; RELEASE one" } else { "RELEASE one" };
    sqlx::raw_sql(undo).execute(connection).await?;
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
                    Action::Clear => Some(rule.empty.sql().to_owned()),
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
fn refused(place: &str, error: &sqlx::Error) -> Problem {
    let what = error.as_database_error().map_or_else(String::new, |error| error.message().to_owned());
    if Fault::of(error).code == "42501" {
        return Problem::new(
            place,
            format!("the role has no right to what the policy wants: {what}"),
            "grant it: SELECT on every table of the policy, and UPDATE or DELETE where rows are changed or deleted",
        );
    }
    Problem::new(
        place,
        format!("the database refuses what the policy wants: {what}"),
        "use a value or an action that fits the column's type",
    )
}
