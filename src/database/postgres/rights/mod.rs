//! What the role may do in a `PostgreSQL` database, beside what a plan needs.

mod excess;

use std::collections::BTreeSet;

use super::super::{Connection, Row, StoreError, query, query_scalar};
use crate::plan::{Plan, Rights};
use crate::sql::{name, text};

/// The oldest version of the server that will do.
const OLDEST: i64 = 13;

/// Parts names in a list of them, as no name has it in it.
const PART: char = '\u{1f}';

/// Something that should be changed about a role, or about what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub why: String,
    /// The statement that does it, for an administrator; `None` where only a person can say what it should be.
    pub statement: Option<String>,
}

impl Change {
    fn new(why: impl Into<String>, statement: impl Into<String>) -> Self {
        Self { why: why.into(), statement: Some(statement.into()) }
    }

    fn told(why: impl Into<String>) -> Self {
        Self { why: why.into(), statement: None }
    }
}

/// A role, and what it may do too little and too much.
#[derive(Debug, Clone)]
pub struct Role {
    pub name: String,
    /// Without these a sweep fails.
    pub missing: Vec<Change>,
    /// Without these a sweep goes on, and others may write while a batch is verified.
    pub unlocked: Vec<Change>,
    /// Without these it would go on just as well.
    pub excess: Vec<Change>,
}

/// The version of the server, if it is too old.
pub(super) async fn too_old(connection: &mut Connection) -> Result<Option<i64>, StoreError> {
    let asked = "SELECT CAST(current_setting('server_version_num') AS BIGINT) / 10000";
    let version: i64 = query_scalar(asked).fetch_one(connection).await?;
    Ok((version < OLDEST).then_some(version))
}

/// Schemas that the role may not look into, and in which there are tables of these names.
pub(super) async fn closed(connection: &mut Connection, tables: &BTreeSet<String>) -> Result<Vec<Change>, StoreError> {
    let Some(wanted) = values(tables.iter().map(|table| split(table))) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT CAST(n.nspname AS TEXT), CAST(min(c.relname) AS TEXT), CAST(current_user AS TEXT) FROM {wanted} \
         JOIN pg_class AS c ON c.relname = w.own JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND n.nspname = COALESCE(w.space, n.nspname) AND n.nspname NOT LIKE 'pg\\_%' \
         AND NOT has_schema_privilege(n.oid, 'USAGE') GROUP BY n.nspname ORDER BY 1"
    );
    let rows = query(&sql).fetch_all(connection).await?;
    let change = |row: Row| {
        let (schema, table, role): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Change::new(
            format!("it may not look into the schema `{schema}`, where `{table}` is"),
            format!("GRANT USAGE ON SCHEMA {} TO {};", name(&schema), name(&role)),
        ))
    };
    rows.into_iter().map(change).collect()
}

/// What the role has too little and too much for a plan.
pub(super) async fn role(connection: &mut Connection, plan: &Plan, ledger: &str) -> Result<Role, StoreError> {
    let own = Own::read(connection).await?;
    let tables = tables(connection, plan).await?;
    let mut missing = of_database(connection, &own, ledger).await?;
    missing.extend(tables.iter().filter_map(|table| table.missing(&own)));
    if !own.passes_rows && !own.is_super {
        let hidden: Vec<String> =
            tables.iter().filter(|table| table.hides).map(|table| format!("`{}`", table.shown())).collect();
        if !hidden.is_empty() {
            missing.push(Change::new(
                format!("row-level security hides rows of {} from it", hidden.join(", ")),
                format!("ALTER ROLE {} BYPASSRLS;", own.quoted()),
            ));
        }
    }
    let unlocked = unlocked(connection, &own, &tables, ledger).await?.into_iter().collect();
    let excess = excess::excess(connection, &own, &tables, ledger).await?;
    Ok(Role { name: own.name, missing, unlocked, excess })
}

/// Why others may write to tables of a plan while a batch is verified, if they may.
pub(super) async fn remark(
    connection: &mut Connection,
    plan: &Plan,
    ledger: &str,
) -> Result<Option<String>, StoreError> {
    let own = Own::read(connection).await?;
    let tables = tables(connection, plan).await?;
    let unlocked = unlocked(connection, &own, &tables, ledger).await?;
    Ok(unlocked.map(|Change { why, statement }| match statement {
        Some(statement) => format!("the role cannot lock every table: {why}: `{statement}`"),
        None => format!("the role cannot lock every table: {why}"),
    }))
}

/// The tables that it cannot lock at the end of a batch: by a right to the whole table, or by `lethe_lock`.
async fn unlocked(
    connection: &mut Connection,
    own: &Own,
    tables: &[Seen],
    ledger: &str,
) -> Result<Option<Change>, StoreError> {
    let unlocked: Vec<String> =
        tables.iter().filter(|table| !table.locks).map(|table| format!("`{}`", table.shown())).collect();
    if unlocked.is_empty() {
        return Ok(None);
    }
    let sql = "SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
         WHERE n.nspname = $1 AND p.proname = 'lethe_lock' AND p.prosecdef AND CAST(p.proargtypes AS TEXT) = \
         CAST(CAST(CAST('regclass' AS REGTYPE) AS OID) AS TEXT)";
    let may: Option<bool> = query_scalar(sql).bind(ledger).fetch_optional(connection).await?;
    let why = format!(
        "what others write to {} between the verification of a batch and its commit is not seen",
        unlocked.join(", ")
    );
    let schema = name(ledger);
    Ok(match may {
        Some(true) => None,
        Some(false) => {
            let grant = format!("GRANT EXECUTE ON FUNCTION {schema}.lethe_lock(regclass) TO {};", own.quoted());
            Some(Change::new(why, grant))
        }
        None => Some(Change::told(format!(
            "{why}; `deploy/postgres/role.sql`, run again, makes the function `{ledger}.lethe_lock` for that"
        ))),
    })
}

/// What the role lacks for a plan.
pub(super) async fn missing(connection: &mut Connection, plan: &Plan) -> Result<Vec<(String, Change)>, StoreError> {
    let own = Own::read(connection).await?;
    let tables = tables(connection, plan).await?;
    Ok(tables.iter().filter_map(|table| Some((table.shown(), table.missing(&own)?))).collect())
}

/// The role itself.
struct Own {
    name: String,
    database: String,
    is_super: bool,
    passes_rows: bool,
    /// Attributes that no sweep needs, and how each is taken away.
    attributes: Vec<(&'static str, &'static str)>,
}

impl Own {
    async fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let sql = "SELECT CAST(r.rolname AS TEXT), CAST(current_database() AS TEXT), r.rolsuper, r.rolbypassrls, \
             r.rolcreatedb, r.rolcreaterole, r.rolreplication FROM pg_roles AS r WHERE r.rolname = current_user";
        let row = query(sql).fetch_one(connection).await?;
        let attributes = [
            (4, "may make databases", "NOCREATEDB"),
            (5, "may make roles", "NOCREATEROLE"),
            (6, "may read everything that is replicated", "NOREPLICATION"),
        ];
        let mut held = Vec::new();
        for (at, what, without) in attributes {
            if row.get(at)? {
                held.push((what, without));
            }
        }
        Ok(Self {
            name: row.get(0)?,
            database: row.get(1)?,
            is_super: row.get(2)?,
            passes_rows: row.get(3)?,
            attributes: held,
        })
    }

    fn quoted(&self) -> String {
        name(&self.name)
    }
}

/// A table that the plan uses, as the role sees it.
struct Seen {
    oid: i64,
    schema: String,
    name: String,
    rights: Rights,
    /// May read it, or some of its columns.
    reads: bool,
    reads_some: bool,
    deletes: bool,
    /// The columns that it may write.
    writes: BTreeSet<String>,
    /// May keep others from writing to it, or it is no table.
    locks: bool,
    owned: bool,
    secured: bool,
    hides: bool,
}

impl Seen {
    fn shown(&self) -> String {
        if self.schema == "public" { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    fn quoted(&self) -> String {
        format!("{}.{}", name(&self.schema), name(&self.name))
    }

    fn missing(&self, own: &Own) -> Option<Change> {
        let mut rights = Vec::new();
        if !self.reads && (self.rights.locked || !self.reads_some) {
            rights.push("SELECT".to_owned());
        }
        let columns: Vec<String> = self.rights.updated.difference(&self.writes).map(|own| name(own)).collect();
        if !columns.is_empty() {
            rights.push(format!("UPDATE ({})", columns.join(", ")));
        }
        if self.rights.deleted && !self.deletes {
            rights.push("DELETE".to_owned());
        }
        let words: Vec<&str> = rights.iter().map(|right| right.split(' ').next().unwrap_or_default()).collect();
        (!rights.is_empty()).then(|| {
            Change::new(
                format!("it lacks {} on `{}`", words.join(", "), self.shown()),
                format!("GRANT {} ON {} TO {};", rights.join(", "), self.quoted(), own.quoted()),
            )
        })
    }

    /// Whether the plan has a use for a right on this table.
    fn needs(&self, right: &str) -> bool {
        match right {
            "SELECT" => true,
            "UPDATE" => !self.rights.updated.is_empty(),
            "DELETE" => self.rights.deleted,
            _ => false,
        }
    }
}

/// A table's schema, where it is named, and its name.
fn split(table: &str) -> (Option<String>, String) {
    match table.split_once('.') {
        Some((schema, own)) => (Some(schema.to_owned()), own.to_owned()),
        None => (None, table.to_owned()),
    }
}

/// Names as rows `w`: schema, and the name itself.
fn values(names: impl Iterator<Item = (Option<String>, String)>) -> Option<String> {
    let given = |own: Option<&String>| own.map_or_else(|| "CAST(NULL AS TEXT)".to_owned(), |own| text(own));
    let rows: Vec<String> = names
        .enumerate()
        .map(|(at, (space, own))| format!("({at}, {}, {})", given(space.as_ref()), text(&own)))
        .collect();
    (!rows.is_empty()).then(|| format!("(VALUES {}) AS w (place, space, own)", rows.join(", ")))
}

/// The plan's tables, and what its conditions read besides.
async fn tables(connection: &mut Connection, plan: &Plan) -> Result<Vec<Seen>, StoreError> {
    let mut wanted: Vec<((Option<String>, String), Rights)> =
        plan.rights().into_iter().map(|(table, rights)| (split(&table), rights)).collect();
    wanted.extend(plan.also_read().into_iter().map(|named| (named, Rights::default())));
    let Some(rows) = values(wanted.iter().map(|(named, _)| named.clone())) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT w.place, CAST(c.oid AS BIGINT), CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), \
         has_table_privilege(c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'SELECT'), \
         has_table_privilege(c.oid, 'DELETE'), pg_has_role(c.relowner, 'USAGE'), c.relrowsecurity, row_security_active(c.oid), \
         (SELECT string_agg(CAST(a.attname AS TEXT), '{PART}') FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 \
         AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'UPDATE')), \
         c.relkind NOT IN ('r', 'p') OR n.nspname LIKE 'pg\\_%' OR n.nspname = 'information_schema' \
         OR has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE') \
         FROM {rows} JOIN pg_class AS c ON c.relname = w.own JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_temp%' AND has_schema_privilege(n.oid, 'USAGE') \
         AND (n.nspname = w.space OR w.space IS NULL AND pg_table_is_visible(c.oid)) ORDER BY 3, 4, 1"
    );
    let mut seen: Vec<Seen> = Vec::new();
    for row in query(&sql).fetch_all(connection).await? {
        let oid: i64 = row.get(1)?;
        if seen.iter().any(|own| own.oid == oid) {
            continue;
        }
        let place: usize = row.get(0)?;
        let writes: Option<String> = row.get(10)?;
        seen.push(Seen {
            oid,
            schema: row.get(2)?,
            name: row.get(3)?,
            rights: wanted[place].1.clone(),
            reads: row.get(4)?,
            reads_some: row.get(5)?,
            deletes: row.get(6)?,
            writes: writes.unwrap_or_default().split(PART).map(str::to_owned).collect(),
            owned: row.get(7)?,
            secured: row.get(8)?,
            hides: row.get(9)?,
            locks: row.get(11)?,
        });
    }
    Ok(seen)
}

/// What is missing on the database, its language, and the ledger.
async fn of_database(connection: &mut Connection, own: &Own, ledger: &str) -> Result<Vec<Change>, StoreError> {
    let sql = format!(
        "SELECT has_database_privilege(current_database(), 'TEMPORARY'), has_database_privilege(current_database(), 'CREATE'), \
         COALESCE((SELECT has_language_privilege(l.oid, 'USAGE') FROM pg_language AS l WHERE l.lanname = 'plpgsql'), FALSE), \
         n.oid IS NOT NULL, COALESCE(has_schema_privilege(n.oid, 'USAGE'), FALSE), COALESCE(has_schema_privilege(n.oid, 'CREATE'), FALSE), \
         EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = 'lethe_migrations') \
         FROM (SELECT 1) AS one LEFT JOIN pg_namespace AS n ON n.nspname = {}",
        text(ledger)
    );
    let row = query(&sql).fetch_one(&mut *connection).await?;
    let (role, schema, database) = (own.quoted(), name(ledger), name(&own.database));
    let mut missing = Vec::new();
    let mut lacks = |why: String, grant: String| missing.push(Change::new(why, grant));
    if !row.get::<bool>(0)? {
        lacks(
            format!("it may not make temporary tables in `{}`", own.database),
            format!("GRANT TEMPORARY ON DATABASE {database} TO {role};"),
        );
    }
    if !row.get::<bool>(2)? {
        lacks(
            "it may not use the language `plpgsql`, in which two functions are".to_owned(),
            format!("GRANT USAGE ON LANGUAGE plpgsql TO {role};"),
        );
    }
    let (is_there, usage, create, has_tables) =
        (row.get::<bool>(3)?, row.get::<bool>(4)?, row.get::<bool>(5)?, row.get::<bool>(6)?);
    if !is_there && !row.get::<bool>(1)? {
        lacks(
            format!("the ledger's schema `{ledger}` is not there, and it may not make it"),
            format!("CREATE SCHEMA {schema} AUTHORIZATION {role};"),
        );
    } else if is_there && !(usage && (create || has_tables)) {
        lacks(
            format!("it may not make the ledger's tables in the schema `{ledger}`"),
            format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {role};"),
        );
    }
    let sql = format!(
        "SELECT CAST(c.relname AS TEXT) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relkind = 'r' AND c.relname LIKE 'lethe\\_%' AND NOT (has_table_privilege(c.oid, 'SELECT') \
         AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')) ORDER BY 1",
        text(ledger)
    );
    for row in query(&sql).fetch_all(connection).await? {
        let table: String = row.get(0)?;
        lacks(
            format!("it may not read and write the ledger's `{table}`"),
            format!("GRANT SELECT, INSERT, UPDATE ON {schema}.{} TO {role};", name(&table)),
        );
    }
    Ok(missing)
}
