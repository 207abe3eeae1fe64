//! Reads the live schema from the catalog.

use std::collections::BTreeMap;

use super::super::triggers::{deletes_from, with_called, writes};
use super::super::{Connection, StoreError, query, query_as, query_scalar};
use crate::domain::schema::{ForeignKey, Index, Kind, LiveColumn, LiveTable, Schema, Trigger, Unique};

/// The relations of the company: no catalog, no extension's, no partition, not the ledger's.
pub(super) const OURS: &str = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relname NOT LIKE 'lethe\\_%' \
     AND NOT (n.nspname = 'lethe' AND c.relname IN ('job_status', 'sweep_status', 'client_status') AND c.relkind = 'v') \
     AND NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') AND NOT EXISTS (SELECT 1 FROM pg_depend AS d \
     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// Something over names, types and constraints that differs when one of them does. Temporary tables do not count: every
/// session that anonymizes makes some.
pub(super) async fn version(connection: &mut Connection) -> Result<String, StoreError> {
    let sql = format!(
        "SELECT CAST(sum(hashtextextended(concat_ws(' ', c.oid, n.nspname, c.relname, c.relrowsecurity, a.attnum, a.attname, \
         a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity), 0)) AS TEXT) || ' ' || \
         (SELECT CAST(COALESCE(sum(hashtextextended(concat_ws(' ', k.oid, k.conrelid, k.contype), 0)), 0) AS TEXT) FROM pg_constraint AS k \
         WHERE NOT EXISTS (SELECT 1 FROM pg_class AS own WHERE own.oid = k.conrelid AND own.relpersistence = 't')) || ' ' || \
         (SELECT CAST(COALESCE(sum(hashtextextended(concat_ws(' ', t.oid, t.tgrelid, t.tgenabled, f.prosrc), 0)), 0) AS TEXT) \
         FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid WHERE NOT t.tgisinternal) || ' ' || \
         (SELECT CAST(COALESCE(sum(hashtextextended(concat_ws(' ', r.oid, r.ev_class, r.ev_enabled), 0)), 0) AS TEXT) FROM pg_rewrite AS r \
         WHERE r.rulename <> '_RETURN') || ' ' || \
         (SELECT CAST(COALESCE(sum(CAST(i.indexrelid AS BIGINT)), 0) AS TEXT) FROM pg_index AS i \
         WHERE i.indisunique AND i.indexprs IS NOT NULL) || ' ' || (SELECT CAST(COALESCE(sum(CAST(h.inhrelid AS BIGINT)), 0) AS TEXT) \
         FROM pg_inherits AS h) \
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS}"
    );
    let version: Option<String> = query_scalar(sql).fetch_one(connection).await?;
    Ok(version.unwrap_or_default())
}

/// The table that a relation is a partition of, through however many, or itself.
fn whole(oid: &str) -> String {
    format!("COALESCE(CAST(pg_partition_root({oid}) AS oid), {oid})")
}

pub(super) async fn schema(connection: &mut Connection) -> Result<Schema, StoreError> {
    let mut schema = Schema::empty(&super::Dialect);
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    let listed = format!(
        "SELECT CAST(c.oid AS BIGINT), CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(c.relkind AS TEXT), \
         COALESCE(n.nspname = current_schema(), FALSE) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OURS} ORDER BY 2, 3"
    );
    for row in query(&listed).fetch_all(&mut *connection).await? {
        let (space, own): (String, String) = (row.get(1)?, row.get(2)?);
        // Up to its first dot a name is that of a schema.
        let is_plain = row.get::<bool>(4)? && !own.contains('.');
        let name = if is_plain { own } else { format!("{space}.{own}") };
        match row.get::<String>(3)?.as_str() {
            _ if space.contains('.') => {
                schema.others.insert(name, "table of a schema with a dot in its name".to_owned());
            }
            "r" | "p" => {
                names.insert(row.get(0)?, name.clone());
                schema.tables.insert(name.clone(), LiveTable { name, strict: true, ..LiveTable::default() });
            }
            "v" => drop(schema.others.insert(name, "view".to_owned())),
            "m" => drop(schema.others.insert(name, "materialized view".to_owned())),
            _ => drop(schema.others.insert(name, "foreign table".to_owned())),
        }
    }
    let mut reading = Reading { connection, names, schema };
    reading.columns().await?;
    reading.indexes().await?;
    reading.foreign_keys().await?;
    reading.checks().await?;
    reading.triggers().await?;
    reading.sequences().await?;
    reading.materialized().await?;
    Ok(reading.schema)
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

/// Of one index: its table, whether it is unique, whether partial, its columns, and how two of its rows collide.
type Found = (i64, bool, bool, Vec<Option<String>>, Unique);

/// A schema of which the tables are known by their numbers.
struct Reading<'c> {
    connection: &'c mut Connection,
    names: BTreeMap<i64, String>,
    schema: Schema,
}

impl Reading<'_> {
    /// Which materialized views show which others, by themselves or through views.
    async fn materialized(&mut self) -> Result<(), StoreError> {
        let name = "CASE WHEN n.nspname = current_schema() AND c.relname NOT LIKE '%.%' THEN CAST(c.relname AS TEXT) \
         ELSE n.nspname || '.' || c.relname END";
        let sql = format!(
            "WITH RECURSIVE shown AS (SELECT DISTINCT r.ev_class AS own, d.refobjid AS other FROM pg_rewrite AS r JOIN pg_depend AS d \
         ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass \
         WHERE r.rulename = '_RETURN' AND d.refobjid <> r.ev_class), \
         through AS (SELECT own, other FROM shown UNION SELECT t.own, s.other FROM through AS t JOIN shown AS s ON s.own = t.other), \
         named AS (SELECT c.oid, {name} AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'm') \
         SELECT o.name, s.name FROM through AS t JOIN named AS o ON o.oid = t.own JOIN named AS s ON s.oid = t.other ORDER BY 1, 2"
        );
        for row in query(&sql).fetch_all(&mut *self.connection).await? {
            self.schema.shows.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(())
    }

    fn table(&mut self, oid: i64) -> Option<&mut LiveTable> {
        self.schema.tables.get_mut(self.names.get(&oid)?)
    }

    async fn columns(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT CAST(a.attrelid AS BIGINT), CAST(a.attname AS TEXT), format_type(a.atttypid, a.atttypmod), \
         a.attnotnull OR t.typnotnull, a.attgenerated <> '' OR a.attidentity = 'a', \
         CAST(COALESCE(b.typcategory, t.typcategory) AS TEXT), CAST(COALESCE(b.typname, t.typname) AS TEXT), \
         CAST(l.collname AS TEXT), CAST(COALESCE(array_position(CAST(p.indkey AS SMALLINT[]), a.attnum) + 1, 0) AS BIGINT), \
         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, \
         CASE WHEN a.attgenerated <> '' THEN (SELECT CAST(jsonb_agg(DISTINCT e.attname) AS TEXT) FROM pg_attrdef AS g \
         JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = g.oid AND d.refclassid = 'pg_class'::regclass \
         JOIN pg_attribute AS e ON e.attrelid = d.refobjid AND e.attnum = d.refobjsubid AND e.attnum <> a.attnum \
         WHERE g.adrelid = a.attrelid AND g.adnum = a.attnum AND d.refobjid = a.attrelid) END \
         FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype \
         LEFT JOIN pg_collation AS l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
         LEFT JOIN pg_index AS p ON p.indrelid = c.oid AND p.indisprimary \
         WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS} ORDER BY a.attrelid, a.attnum"
        );
        for row in query(&sql).fetch_all(&mut *self.connection).await? {
            let Some(table) = self.table(row.get(0)?) else { continue };
            table.columns.push(LiveColumn {
                name: row.get(1)?,
                declared: row.get(2)?,
                not_null: row.get(3)?,
                generated: row.get(4)?,
                made_of: row.get::<Option<Vec<String>>>(10)?.unwrap_or_else(Vec::new),
                primary_key: u32::try_from(row.get::<i64>(8)?).unwrap_or(0),
                collation: row.get(7)?,
                base: row.get(9)?,
                told: Some(kind(&row.get::<String>(5)?, &row.get::<String>(6)?)),
            });
        }
        Ok(())
    }

    async fn indexes(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT CAST(i.indrelid AS BIGINT), CAST(i.indexrelid AS BIGINT), i.indisunique, i.indpred IS NOT NULL, \
         CAST(a.attname AS TEXT), CASE WHEN (i.indisunique OR i.indisexclusion) AND i.indexprs IS NOT NULL THEN (SELECT CAST(jsonb_agg(DISTINCT e.attname) AS TEXT) \
         FROM pg_depend AS d JOIN pg_attribute AS e ON e.attrelid = d.refobjid AND e.attnum = d.refobjsubid \
         WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass \
         AND d.refobjid = i.indrelid AND d.refobjsubid > 0 AND position(quote_ident(e.attname) IN pg_get_expr(i.indexprs, i.indrelid)) > 0) END, \
         COALESCE(CAST(to_jsonb(i) ->> 'indnullsnotdistinct' AS BOOLEAN), FALSE), i.indisexclusion AND NOT EXISTS (SELECT 1 \
         FROM pg_constraint AS e CROSS JOIN LATERAL unnest(e.conexclop) AS x (operator) JOIN pg_operator AS o ON o.oid = x.operator \
         WHERE e.conindid = i.indexrelid AND o.oprname = '<>') \
         FROM pg_index AS i \
         CROSS JOIN LATERAL unnest(CAST(i.indkey AS SMALLINT[])) WITH ORDINALITY AS k (number, place) \
         LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0 \
         WHERE k.place <= i.indnkeyatts AND i.indisvalid ORDER BY i.indisprimary DESC, i.indexrelid, k.place";
        let mut found: Vec<(i64, Found)> = Vec::new();
        for row in query(sql).fetch_all(&mut *self.connection).await? {
            let index: i64 = row.get(1)?;
            if found.last().is_none_or(|(last, _)| *last != index) {
                let (partial, excludes): (bool, bool) = (row.get(3)?, row.get(7)?);
                let unique = Unique {
                    columns: Vec::new(),
                    partial: partial || excludes,
                    made_of: row.get::<Option<Vec<String>>>(5)?.unwrap_or_default(),
                    nulls_equal: row.get(6)?,
                };
                found.push((index, (row.get(0)?, row.get::<bool>(2)? || excludes, partial, Vec::new(), unique)));
            }
            if let Some((_, (.., columns, _))) = found.last_mut() {
                columns.push(row.get(4)?);
            }
        }
        for (_, (of, is_unique, partial, columns, unique)) in found {
            let Some(table) = self.table(of) else { continue };
            if is_unique {
                table.unique.push(Unique { columns: columns.clone(), ..unique });
            }
            table.indexes.push(Index { columns, partial });
        }
        Ok(())
    }

    async fn foreign_keys(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT CAST(k.oid AS BIGINT), CAST({} AS BIGINT), CAST({} AS BIGINT), \
         CAST(own.attname AS TEXT), CAST(other.attname AS TEXT), k.confdeltype = 'c', \
         k.confdeltype IN ('n', 'd'), k.confupdtype IN ('n', 'd') FROM pg_constraint AS k \
         CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS p (own, other, place) \
         JOIN pg_attribute AS own ON own.attrelid = k.conrelid AND own.attnum = p.own \
         JOIN pg_attribute AS other ON other.attrelid = k.confrelid AND other.attnum = p.other \
         WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid, p.place",
            whole("k.conrelid"),
            whole("k.confrelid")
        );
        let mut last = None;
        for row in query(&sql).fetch_all(&mut *self.connection).await? {
            let Some(references) = self.names.get(&row.get::<i64>(2)?).cloned() else { continue };
            let Some(table) = self.table(row.get(1)?) else { continue };
            let key: i64 = row.get(0)?;
            if last != Some(key) {
                last = Some(key);
                table.foreign_keys.push(ForeignKey {
                    columns: Vec::new(),
                    references,
                    referenced: Vec::new(),
                    cascades: row.get(5)?,
                    resets: row.get(6)?,
                    renews: row.get(7)?,
                });
            }
            if let Some(foreign) = table.foreign_keys.last_mut() {
                foreign.columns.push(row.get(3)?);
                foreign.referenced.push(row.get(4)?);
            }
        }
        // Several partitions may have the same one each.
        for table in self.schema.tables.values_mut() {
            let mut seen: Vec<ForeignKey> = Vec::new();
            for key in std::mem::take(&mut table.foreign_keys) {
                if !seen.contains(&key) {
                    seen.push(key);
                }
            }
            table.foreign_keys = seen;
        }
        Ok(())
    }

    async fn checks(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT CAST(conrelid AS BIGINT), pg_get_expr(conbin, conrelid) FROM pg_constraint \
         WHERE contype = 'c' AND conrelid <> 0 ORDER BY oid";
        for row in query(sql).fetch_all(&mut *self.connection).await? {
            if let Some(table) = self.table(row.get(0)?) {
                table.checks.push(row.get(1)?);
            }
        }
        Ok(())
    }

    /// Triggers, and rules that rewrite statements, in the order of their names, as they fire.
    async fn triggers(&mut self) -> Result<(), StoreError> {
        // 8 is DELETE, 16 UPDATE. Those that are for replicas alone (`R`) fire in a session that counts as one, and in no
        // other; those switched off (`D`) never do.
        // Those of a partition, and of a table that inherits, fire for rows that are written by way of the table above.
        let sql = "WITH RECURSIVE up AS (SELECT tgrelid AS own, tgrelid AS above FROM pg_trigger UNION SELECT ev_class, ev_class \
         FROM pg_rewrite UNION SELECT up.own, i.inhparent FROM up JOIN pg_inherits AS i ON i.inhrelid = up.above), \
         s AS (SELECT CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END AS own) \
         SELECT CAST(up.above AS BIGINT), CAST(t.tgname AS TEXT), t.tgtype & 24 <> 0, t.tgtype & 8 <> 0, \
         CASE WHEN l.lanname IN ('sql', 'plpgsql', 'internal') THEN p.prosrc ELSE p.prosrc || ' execute' END, t.tginitdeferred \
         FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid JOIN pg_language AS l ON l.oid = p.prolang JOIN up ON up.own = t.tgrelid CROSS JOIN s \
         WHERE NOT t.tgisinternal AND t.tgenabled IN ('A', s.own) \
         UNION SELECT CAST(up.above AS BIGINT), CAST(r.rulename AS TEXT), r.ev_type IN ('2', '4'), r.ev_type = '4', \
         pg_get_ruledef(r.oid), FALSE FROM pg_rewrite AS r JOIN up ON up.own = r.ev_class CROSS JOIN s \
         WHERE r.rulename <> '_RETURN' AND r.ev_enabled IN ('A', s.own) ORDER BY 1, 2";
        let rows = query(sql).fetch_all(&mut *self.connection).await?;
        let functions = if rows.is_empty() { BTreeMap::new() } else { self.functions().await? };
        let parts = format!(
            "SELECT CAST(c.relname AS TEXT), CAST(w.relname AS TEXT) FROM pg_class AS c JOIN pg_class AS w ON w.oid = {} \
             WHERE c.relispartition",
            whole("c.oid")
        );
        let partitions: Vec<(String, String)> = query_as(&parts).fetch_all(&mut *self.connection).await?;
        for row in rows {
            if let Some(table) = self.table(row.get(0)?) {
                let (on_change, on_delete, text) = (row.get(2)?, row.get(3)?, row.get::<String>(4)?);
                let text = with_called(&text, &functions);
                // What it writes to a partition is of the table above.
                let parts = partitions.iter().filter(|(part, _)| text.contains(part)).map(|(_, whole)| whole.as_str());
                let text = std::iter::once(text.as_str()).chain(parts).collect::<Vec<_>>().join("\n");
                let (deletes_from, writes) = (deletes_from(&text), writes(&text));
                let (name, deferred) = (row.get(1)?, row.get(5)?);
                let may_delete = true;
                table.triggers.push(Trigger { name, on_change, on_delete, deferred, deletes_from, may_delete, writes });
            }
        }
        Ok(())
    }

    /// The texts of the company's functions, by their names: those of one name together.
    async fn functions(&mut self) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT CAST(p.proname AS TEXT), string_agg(CASE p.prosrc WHEN '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END, ' ; ') \
         FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang \
         WHERE l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
         AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') \
         GROUP BY 1";
        query_as::<(String, String)>(sql).fetch_all(&mut *self.connection).await.map(|all| all.into_iter().collect())
    }

    /// Keys of which the sequence begins anew at its end: by identity, as the default, or owned.
    async fn sequences(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT CAST(u.of AS BIGINT) FROM (SELECT s.seqrelid, d.refobjid AS of, d.refobjsubid AS number FROM pg_sequence AS s \
         JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass \
         AND d.deptype IN ('a', 'i') WHERE s.seqcycle \
         UNION SELECT s.seqrelid, a.adrelid, a.adnum FROM pg_sequence AS s JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass \
         AND d.refobjid = s.seqrelid AND d.classid = 'pg_attrdef'::regclass JOIN pg_attrdef AS a ON a.oid = d.objid WHERE s.seqcycle) AS u \
         JOIN pg_index AS p ON p.indrelid = u.of AND p.indisprimary AND p.indnkeyatts = 1 AND p.indkey[0] = u.number";
        for row in query(sql).fetch_all(&mut *self.connection).await? {
            if let Some(table) = self.table(row.get(0)?) {
                table.gives_keys_again = Some("give its sequence NO CYCLE");
            }
        }
        Ok(())
    }
}
