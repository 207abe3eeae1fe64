//! What a role could do without.

use std::collections::BTreeSet;

use super::super::super::{Connection, Row, StoreError, query};
use super::super::schema::OURS;
use super::{Change, Own, Seen};
use crate::sql::{name, text};

/// What the role could do without.
pub(super) async fn excess(
    connection: &mut Connection,
    own: &Own,
    tables: &[Seen],
    ledger: &str,
) -> Result<Vec<Change>, StoreError> {
    if own.is_super {
        let alter = format!("ALTER ROLE {} NOSUPERUSER;", own.quoted());
        return Ok(vec![Change::new("it is a superuser, whom no right is refused", alter)]);
    }
    let mut excess = Vec::new();
    for (what, without) in &own.attributes {
        excess.push(Change::new(format!("it {what}"), format!("ALTER ROLE {} {without};", own.quoted())));
    }
    if own.passes_rows && !tables.iter().any(|table| table.secured) {
        let alter = format!("ALTER ROLE {} NOBYPASSRLS;", own.quoted());
        excess.push(Change::new("row-level security is passed over, and no table of the plan has it", alter));
    }
    excess.extend(memberships(connection).await?);
    excess.extend(on_database(connection, own, ledger).await?);
    let owned: Vec<&Seen> = tables.iter().filter(|table| table.owned).collect();
    if !owned.is_empty() {
        let count = owned.len();
        excess.push(Change::told(format!(
            "it owns {count} of the plan's tables and could drop them; `ALTER TABLE … OWNER TO …` gives them to another role"
        )));
    }
    on_tables(connection, tables, &mut excess).await?;
    Ok(excess)
}

/// Roles of the server's own that it is a member of.
async fn memberships(connection: &mut Connection) -> Result<Vec<Change>, StoreError> {
    let sql = "SELECT CAST(r.rolname AS TEXT), CAST(g.rolname AS TEXT) FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid \
         JOIN pg_roles AS g ON g.oid = m.member WHERE r.rolname LIKE 'pg\\_%' AND g.rolname NOT LIKE 'pg\\_%' \
         AND pg_has_role(m.member, 'MEMBER') ORDER BY 1, 2";
    let rows = query(sql).fetch_all(connection).await?;
    let change = |row: Row| {
        let (of, member): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Change::new(
            format!("it is a member of `{of}`, which is more than any plan needs"),
            format!("REVOKE {} FROM {};", name(&of), name(&member)),
        ))
    };
    rows.into_iter().map(change).collect()
}

/// What it may do to the database as a whole.
async fn on_database(connection: &mut Connection, own: &Own, ledger: &str) -> Result<Vec<Change>, StoreError> {
    let database = name(&own.database);
    let sql = format!(
        "SELECT pg_has_role(d.datdba, 'USAGE'), (SELECT CAST(COALESCE(min(g.rolname), '') AS TEXT) FROM aclexplode(d.datacl) AS a \
         LEFT JOIN pg_roles AS g ON g.oid = a.grantee WHERE a.privilege_type = 'CREATE' AND a.grantee <> d.datdba \
         AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')) HAVING count(*) > 0), \
         EXISTS (SELECT 1 FROM pg_namespace AS n WHERE n.nspname = {}) \
         FROM pg_database AS d WHERE d.datname = current_database()",
        text(ledger)
    );
    let row = query(&sql).fetch_one(connection).await?;
    let mut excess = Vec::new();
    if row.get(0)? {
        let why = "it owns the database and could drop it; `ALTER DATABASE … OWNER TO …` gives it to another role";
        excess.push(Change::told(why));
    }
    let grantee: Option<String> = row.get(1)?;
    let is_there: bool = row.get(2)?;
    if let Some(grantee) = grantee.filter(|_| is_there) {
        let from = if grantee.is_empty() { "PUBLIC".to_owned() } else { name(&grantee) };
        excess.push(Change::new(
            "it may make schemas, and the ledger's is there",
            format!("REVOKE CREATE ON DATABASE {database} FROM {from};"),
        ));
    }
    Ok(excess)
}

/// What it was granted on tables beyond what the plan needs.
async fn on_tables(connection: &mut Connection, tables: &[Seen], excess: &mut Vec<Change>) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT CAST(c.oid AS BIGINT), CAST(COALESCE(g.rolname, '') AS TEXT), string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type) \
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) AS a \
         LEFT JOIN pg_roles AS g ON g.oid = a.grantee WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OURS} \
         AND a.grantee <> c.relowner AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')) \
         GROUP BY c.oid, g.rolname ORDER BY 1, 2"
    );
    let mut others = BTreeSet::new();
    for row in query(&sql).fetch_all(connection).await? {
        let (oid, grantee, rights): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(table) = tables.iter().find(|table| table.oid == oid) else {
            others.insert(oid);
            continue;
        };
        let rights: Vec<&str> = rights.split(' ').filter(|right| !table.needs(right)).collect();
        if !rights.is_empty() {
            let from = if grantee.is_empty() { "PUBLIC".to_owned() } else { name(&grantee) };
            excess.push(Change::new(
                format!("the plan has no use for {} on `{}`", rights.join(", "), table.shown()),
                format!("REVOKE {} ON {} FROM {from};", rights.join(", "), table.quoted()),
            ));
        }
    }
    if !others.is_empty() {
        let tables =
            if others.len() == 1 { "1 table or view".to_owned() } else { format!("{} tables and views", others.len()) };
        excess.push(Change::told(format!(
            "it has rights on {tables} that the plan does not use; `\\dp` in psql lists them, and `REVOKE ALL ON … FROM …` takes them"
        )));
    }
    Ok(())
}
