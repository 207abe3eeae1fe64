//! `PostgreSQL`'s SQL.

use chrono::NaiveDate;
use sqlparser::dialect::PostgreSqlDialect;

use crate::domain::dialect::{Closing, Constants, SqlDialect};
use crate::domain::json_path::Segment;
use crate::domain::schema::Kind;
use crate::domain::today::Today;
use crate::domain::value::{moment, number, truth, uuid};
use crate::sql::{name, text};

/// `PostgreSQL`, 13 or later.
#[derive(Debug)]
pub struct Postgres;

/// Functions that statements use, made in each connection that runs them; they
/// go with it.
///
/// `lethe_json` reads a text as JSON, and gives NULL where it is none, and
/// `lethe_key` does so as a value of the type of its second argument.
/// `lethe_redact` takes one path out of a document: its steps are `.member`,
/// `[0]` and `[*]`, and what is not there is left as it is. `lethe_close` locks
/// tables by these statements, and waits so many milliseconds for all of them
/// together, and a quarter of `deadlock_timeout` at most, as `lock_timeout` is
/// counted anew for each. `lethe_end_vacuum` waits for an autovacuum worker, which
/// has no user, until the server ends it for that, after `deadlock_timeout`: in a
/// mode that writers do not conflict with.
const FUNCTIONS: [&str; 5] = [
    "CREATE OR REPLACE FUNCTION pg_temp.lethe_close(locks text[], most integer) RETURNS void LANGUAGE plpgsql AS $$ \
     DECLARE lock text; latest timestamptz; \
     BEGIN \
       latest := clock_timestamp() + least(most * interval '1 ms', CAST(current_setting('deadlock_timeout') AS interval) / 4); \
       FOREACH lock IN ARRAY locks LOOP \
         PERFORM set_config('lock_timeout', \
           CAST(greatest(CAST(extract(epoch FROM latest - clock_timestamp()) * 1000 AS integer), 1) AS text), true); \
         EXECUTE lock; \
       END LOOP; \
     END $$",
    "CREATE OR REPLACE FUNCTION pg_temp.lethe_end_vacuum(locks text[]) RETURNS void LANGUAGE plpgsql AS $$ \
     DECLARE own text; \
     BEGIN \
       WITH RECURSIVE held AS (SELECT l.relation AS oid FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
         WHERE l.granted AND l.mode = 'ShareUpdateExclusiveLock' AND a.datname = current_database() AND a.usesysid IS NULL \
         UNION SELECT i.inhparent FROM held JOIN pg_inherits AS i ON i.inhrelid = held.oid) \
       SELECT CAST(oid AS regclass) INTO own FROM held \
         WHERE format('LOCK TABLE %s IN SHARE MODE', CAST(oid AS regclass)) = ANY (locks) LIMIT 1; \
       IF own IS NULL THEN RETURN; END IF; \
       PERFORM set_config('lock_timeout', CAST(CAST(setting AS BIGINT) * 2 AS TEXT), true) FROM pg_settings \
         WHERE name = 'deadlock_timeout'; \
       EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', own); \
     END $$",
    "CREATE OR REPLACE FUNCTION pg_temp.lethe_key(given text, INOUT own anyelement) LANGUAGE plpgsql IMMUTABLE AS $$ \
     BEGIN EXECUTE format('SELECT CAST($1 AS %s)', pg_typeof(own)) INTO own USING given; \
     EXCEPTION WHEN data_exception OR check_violation THEN own := NULL; END $$",
    "CREATE OR REPLACE FUNCTION pg_temp.lethe_json(given text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ \
     BEGIN RETURN given::jsonb; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$",
    "CREATE OR REPLACE FUNCTION pg_temp.lethe_redact(given jsonb, path text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ \
     DECLARE step text := path[1]; rest text[] := path[2:]; member text; \
     BEGIN \
       IF left(step, 1) = '.' AND jsonb_typeof(given) = 'object' THEN \
         member := substr(step, 2); \
         IF NOT given ? member THEN RETURN given; END IF; \
         IF cardinality(rest) = 0 THEN RETURN given - member; END IF; \
         RETURN jsonb_set(given, ARRAY[member], pg_temp.lethe_redact(given -> member, rest)); \
       ELSIF left(step, 1) = '[' AND jsonb_typeof(given) = 'array' THEN \
         IF step = '[*]' THEN \
           IF cardinality(rest) = 0 THEN RETURN '[]'; END IF; \
           RETURN COALESCE((SELECT jsonb_agg(pg_temp.lethe_redact(e.value, rest) ORDER BY e.place) \
             FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, place)), '[]'); \
         END IF; \
         member := trim(BOTH '[]' FROM step); \
         IF jsonb_array_length(given) <= member::int THEN RETURN given; END IF; \
         IF cardinality(rest) = 0 THEN RETURN given - member::int; END IF; \
         RETURN jsonb_set(given, ARRAY[member], pg_temp.lethe_redact(given -> member::int, rest)); \
       END IF; \
       RETURN given; \
     END $$",
];

impl SqlDialect for Postgres {
    fn constants(&self) -> &'static Constants {
        &Constants {
            name: "postgres",
            grammar: &PostgreSqlDialect {},
            days_are_texts: false,
            names_files: &[Kind::Text],
            any_text: " TEXT",
            given_keys: "(SELECT CAST(e.place AS INTEGER) - 1 AS n, e.value FROM jsonb_array_elements(CAST($1 AS JSONB)) \
         WITH ORDINALITY AS e (value, place)) AS j",
            given_null: "j.value = 'null'",
            keys_joined: ["CAST(jsonb_agg(client_key) AS TEXT)", "CAST(jsonb_agg(CAST(client_key AS JSONB)) AS TEXT)"],
            pairs: "(SELECT e ->> 0 AS hash, e ->> 1 AS client FROM json_array_elements(CAST($1 AS JSON)) AS e)",
            random_name: "replace(CAST(gen_random_uuid() AS TEXT), '-', '')",
            then: "JOIN",
            unindexed: "",
            looks_up_in_arrays: true,
            is_tempted_by_limits: true,
            evaluates_in_any_order: true,
            rewrites_rows: true,
            has_one_writer: false,
            skip_locked: " FOR NO KEY UPDATE SKIP LOCKED",
            lock_rows: " FOR UPDATE",
            keep_others_from_recording: Some("LOCK TABLE lethe_outcomes, lethe_holds IN SHARE ROW EXCLUSIVE MODE"),
            one_at_a_time: Some(
                "SELECT pg_advisory_xact_lock(7022119) FROM lethe_deliveries WHERE state = 'new' LIMIT 1",
            ),
            closing: Some(&Closing {
                since: "SELECT CAST(txid_current_snapshot() AS TEXT)",
                written_by_others: "xmin <> CAST(CAST(txid_current() % 4294967296 AS TEXT) AS XID) \
                                AND age(xmin) <= age(CAST(CAST(txid_snapshot_xmin('{since}') % 4294967296 AS TEXT) AS XID))",
                turn: "SELECT pg_try_advisory_xact_lock(7022120)",
                is_waited_for: "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() \
                            AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))",
                // Of a view, the tables behind it; of a function, those that its text names.
                lockable: "WITH RECURSIVE word AS (SELECT t.value COLLATE \"C\" AS own FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS t (value) \
                       UNION SELECT f.found[1] COLLATE \"C\" FROM word JOIN pg_proc AS p ON p.proname = CAST(regexp_replace(lower(word.own), '^.*[.]', '') AS NAME) \
                       AND p.prokind = 'f' JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
                       CROSS JOIN LATERAL regexp_matches(CASE p.prosrc WHEN '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END, \
                       '[[:alpha:]_][[:alnum:]_]*(?:[.][[:alpha:]_][[:alnum:]_]*)?', 'g') AS f (found)), \
                       read AS (SELECT CAST(to_regclass(word.own) AS oid) AS oid FROM word \
                       UNION SELECT d.refobjid FROM read AS v JOIN pg_class AS w ON w.oid = v.oid AND w.relkind = 'v' \
                       JOIN pg_rewrite AS r ON r.ev_class = v.oid JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass \
                       AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid) \
                       SELECT CAST(t.name AS TEXT), CASE WHEN has_table_privilege(c.oid, 'UPDATE') \
                       OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE') \
                       THEN format('LOCK TABLE %s IN SHARE MODE', t.name) WHEN has_any_column_privilege(c.oid, 'SELECT') \
                       THEN (SELECT format('SELECT %I.%I(%L)', n.nspname, p.proname, t.name) FROM pg_class AS l \
                       JOIN pg_namespace AS n ON n.oid = l.relnamespace JOIN pg_proc AS p ON p.pronamespace = n.oid \
                       WHERE l.oid = to_regclass('lethe_holds') AND p.proname = 'lethe_lock' AND p.prosecdef \
                       AND CAST(p.proargtypes AS TEXT) = CAST(CAST('regclass' AS REGTYPE) AS OID)::TEXT \
                       AND has_function_privilege(p.oid, 'EXECUTE')) END \
                       FROM read JOIN pg_class AS c ON c.oid = read.oid AND c.relkind IN ('r', 'p') \
                       JOIN pg_namespace AS own ON own.oid = c.relnamespace \
                       AND own.nspname <> 'information_schema' AND own.nspname NOT LIKE 'pg\\_%' \
                       CROSS JOIN LATERAL (SELECT CAST(c.oid AS REGCLASS) AS name) AS t",
                lock: "SELECT pg_temp.lethe_close(ARRAY(SELECT jsonb_array_elements_text(CAST($1 AS JSONB))), CAST($2 AS INTEGER))",
                end_vacuum: "SELECT pg_temp.lethe_end_vacuum(ARRAY(SELECT jsonb_array_elements_text(CAST($1 AS JSONB))))",
            }),
            check_constraints_now: Some("SET CONSTRAINTS ALL IMMEDIATE"),
            migrations: migrations!("postgres"),
            number_sweeps: Some(
                "SELECT setval(pg_get_serial_sequence('lethe_sweeps', 'id'), (SELECT max(id) FROM lethe_sweeps))",
            ),
            // It keeps in temporary tables what was deleted.
            vacuum: Some("VACUUM (TRUNCATE)"),
            temporary_indexes: "lethe_",
            functions: &FUNCTIONS,
            ledger_has: "SELECT count(*) FROM (SELECT to_regclass($1) AS found) AS t WHERE found IS NOT NULL",
            announce_batches: Some("SELECT CAST(pg_notify('lethe_batches', '') AS TEXT)"),
            write_test: "CREATE TEMP TABLE lethe_write_test (x INTEGER)",
            leftovers: "Changed and deleted rows stay in the files until VACUUM, and in the write-ahead log and its archive for as long as \
         those are kept.",
        }
    }

    fn qualified(&self, table: &str) -> String {
        match table.split_once('.') {
            Some((schema, own)) => format!("{}.{}", name(schema), name(own)),
            None => name(table),
        }
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS TEXT)")
    }

    fn text_bytes(&self, column: &str) -> String {
        format!("convert_to({column}, CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)")
    }

    fn filtered(&self, column: &str, kind: Kind, declared: &str) -> String {
        let is_text = kind == Kind::Bytes || (kind == Kind::Unknown && declared != "uuid");
        if is_text { self.as_text(column) } else { column.to_owned() }
    }

    fn filter_value(&self, kind: Kind, declared: &str, value: &str) -> Option<String> {
        match kind {
            Kind::Integer | Kind::Number if declared == "money" => number(value).map(|number| text(&number)),
            Kind::Integer | Kind::Number => number(value),
            Kind::Boolean => truth(value).map(|is_true| if is_true { "TRUE" } else { "FALSE" }.to_owned()),
            Kind::Date => moment(value).map(|moment| format!("CAST({} AS TIMESTAMP)", text(&moment))),
            Kind::Unknown if declared == "uuid" => uuid(value).map(|own| format!("CAST({} AS UUID)", text(&own))),
            Kind::Text | Kind::Bytes | Kind::Unknown => Some(text(value)),
        }
    }

    fn cast(&self, expression: &str, declared: &str) -> String {
        format!("CAST({expression} AS {declared})")
    }

    fn number(&self, number: &str) -> String {
        text(number)
    }

    fn day(&self, expression: &str) -> String {
        format!("CAST({expression} AS DATE)")
    }

    fn begin_of(&self, today: Today, day: NaiveDate) -> String {
        today.begins(day)
    }

    fn is_day(&self, column: &str) -> String {
        format!("{column} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}'")
    }

    fn truncated(&self, column: &str, declared: &str, unit: &str) -> Option<String> {
        let is_moment = declared.starts_with("date") || declared.starts_with("timestamp");
        is_moment.then(|| format!("CAST(date_trunc('{unit}', CAST({column} AS TIMESTAMP)) AS {declared})"))
    }

    /// A name given twice in one object is there once afterwards, as `jsonb` keeps the last. What it cannot read is
    /// emptied, in a `json` column as in a text.
    fn redacted(&self, column: &str, declared: &str, empty: &str, paths: &[&[Segment]]) -> String {
        let redacted = |document: String| {
            paths.iter().fold(document, |document, path| {
                let steps = path.iter().map(|segment| match segment {
                    Segment::Member(member) => text(&format!(".{member}")),
                    Segment::Element(at) => format!("'[{at}]'"),
                    Segment::Every => "'[*]'".to_owned(),
                });
                format!("pg_temp.lethe_redact({document}, ARRAY[{}])", steps.collect::<Vec<_>>().join(", "))
            })
        };
        if declared == "jsonb" {
            return redacted(column.to_owned());
        }
        let document = format!("pg_temp.lethe_json(CAST({column} AS TEXT))");
        let (made, is_blank) =
            if declared == "json" { ("JSON", String::new()) } else { ("TEXT", format!(" OR {column} = ''")) };
        format!(
            "CASE WHEN {column} IS NULL{is_blank} THEN {column} WHEN {document} IS NULL THEN {empty} \
             ELSE CAST({} AS {made}) END",
            redacted(document.clone())
        )
    }

    fn date_problem(&self, kind: Kind) -> Option<&'static str> {
        (kind != Kind::Date).then_some("name a column of type `date`, `timestamp` or `timestamptz`")
    }

    fn not_a_date(&self, _table: &str, _date: &str) -> Option<String> {
        None
    }

    fn key_json(&self, columns: &[String], _types: &[String]) -> String {
        match columns {
            [one] => format!("CAST(to_jsonb({one}) AS TEXT)"),
            many => {
                let parts: Vec<String> = many.iter().map(|own| format!("CAST(to_jsonb({own}) AS TEXT)")).collect();
                format!("'[' || {} || ']'", parts.join(" || ',' || "))
            }
        }
    }

    fn key_text(&self, columns: &[String], types: &[String]) -> String {
        match columns {
            [one] => format!("CAST({one} AS TEXT)"),
            many => self.key_json(many, types),
        }
    }

    fn key_part(&self, json: &str, element: Option<usize>, declared: &str) -> String {
        match element {
            None => self.key_of_text(&format!("(CAST({json} AS JSONB) #>> '{{}}')"), declared),
            Some(element) => self.key_of_text(&format!("(CAST({json} AS JSONB) ->> {element})"), declared),
        }
    }

    fn key_of_text(&self, text: &str, declared: &str) -> String {
        match declared {
            "smallint" | "integer" | "bigint" => format!(
                "CASE WHEN {text} ~ '^[+-]?[0-9]{{1,18}}$' THEN CAST({text} AS BIGINT) WHEN {text} ~ '^[+-]?0*[0-9]{{19}}$' \
                 AND CAST({text} AS NUMERIC) BETWEEN -9223372036854775808 AND 9223372036854775807 THEN CAST({text} AS BIGINT) END"
            ),
            "uuid" => format!(
                "CASE WHEN {text} ~* '^[0-9a-f]{{8}}(-?[0-9a-f]{{4}}){{3}}-?[0-9a-f]{{12}}$' THEN CAST({text} AS UUID) END"
            ),
            // Without the length or precision, to which a cast would cut the text of another key.
            own if own.starts_with("numeric") => {
                format!(
                    "CASE WHEN {text} ~ '^([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)|NaN|-?Infinity)$' THEN CAST({text} AS NUMERIC) END"
                )
            }
            own if own.starts_with("character varying") => format!("CAST({text} AS TEXT)"),
            own if own.starts_with("character") => format!("CAST({text} AS BPCHAR)"),
            declared => format!("CAST({text} AS {declared})"),
        }
    }

    fn given_key(&self, declared: &str) -> String {
        self.key_part("j.value", None, declared)
    }

    fn given_tried(&self, element: Option<usize>, declared: &str) -> String {
        let is_checked = ["smallint", "integer", "bigint", "uuid", "text", "citext"].contains(&declared)
            || ["numeric", "character"].iter().any(|own| declared.starts_with(own));
        if is_checked {
            return self.key_part("j.value", element, declared);
        }
        let text = element.map_or_else(|| "j.value #>> '{}'".to_owned(), |element| format!("j.value ->> {element}"));
        format!("pg_temp.lethe_key({text}, CAST(NULL AS {declared}))")
    }

    fn given_otherwise(&self, _declared: &str) -> Option<String> {
        None
    }

    fn given_unreadable(&self, _width: usize) -> Vec<(String, &'static str)> {
        Vec::new()
    }

    fn given_text(&self, width: usize) -> String {
        if width == 1 {
            return "j.value #>> '{}'".to_owned();
        }
        let parts: Vec<String> = (0..width).map(|at| format!("CAST(j.value -> {at} AS TEXT)")).collect();
        format!("'[' || {} || ']'", parts.join(" || ',' || "))
    }

    fn ledger_keys_in(&self, parameter: &str) -> String {
        format!("SELECT e.value #>> '{{}}' AS value FROM jsonb_array_elements(CAST({parameter} AS JSONB)) AS e (value)")
    }

    fn texts_in(&self, json: &str) -> String {
        format!("SELECT jsonb_array_elements_text(CAST({json} AS JSONB)) AS value")
    }

    fn numbers_in(&self, json: &str) -> String {
        format!(
            "SELECT CAST(e.value AS BIGINT) AS value FROM jsonb_array_elements_text(CAST({json} AS JSONB)) AS e (value)"
        )
    }

    fn elements(&self, column: &str) -> String {
        format!("json_array_elements_text(CAST({column} AS JSON)) AS r (value)")
    }

    fn members(&self, json: &str) -> String {
        format!("json_each_text(CAST({json} AS JSON)) AS r (key, value)")
    }

    fn json_list(&self, text: &str, order: &str) -> String {
        format!("'[' || string_agg(CAST(to_jsonb({text}) AS TEXT), ',' ORDER BY {order}) || ']'")
    }

    fn records(&self, json: &str, columns: &[(&str, bool)]) -> String {
        let columns: Vec<String> = columns
            .iter()
            .map(|(own, is_number)| format!("{own} {}", if *is_number { "BIGINT" } else { "TEXT" }))
            .collect();
        format!("json_to_recordset(CAST({json} AS JSON)) AS r ({})", columns.join(", "))
    }

    /// An index can be used for several such conditions with OR between them
    /// only where each compares with an array.
    fn among(&self, value: &str, width: usize, query: &str) -> String {
        if width > 1 { format!("{value} IN ({query})") } else { format!("{value} = ANY (ARRAY({query}))") }
    }

    fn row_json(&self, table: &str, _identity: &[String]) -> String {
        format!("CAST(jsonb_build_array(CAST({0}.tableoid AS BIGINT), CAST({0}.ctid AS TEXT)) AS TEXT)", name(table))
    }

    /// In a partitioned table several rows have the same address: the same has to be asked of each again.
    fn row_found(&self, table: &str, _identity: &[String], rows: &str) -> String {
        let own = format!("{}.ctid", name(table));
        format!("{own} = ANY (ARRAY(SELECT {own} {rows}))")
    }

    /// The server counts for each transaction what it deletes, of each partition and child, and of theirs.
    fn deletions(&self, table: &str) -> String {
        let own = format!("CAST({} AS regclass)", text(&self.qualified(table)));
        format!(
            "WITH RECURSIVE own (oid) AS (SELECT CAST({own} AS oid) \
             UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN own ON own.oid = i.inhparent) \
             SELECT CAST(COALESCE(sum(pg_stat_get_xact_tuples_deleted(own.oid)), 0) AS BIGINT) FROM own"
        )
    }

    fn row_text(&self, of: &str, key: &[String]) -> String {
        let key: Vec<String> = key.iter().map(|own| format!("{of}.{}", name(own))).collect();
        format!("CAST(ROW({}) AS TEXT)", key.join(", "))
    }

    fn watch(&self, step: usize, table: &str, _key: &[String], _unique: &[Vec<String>]) -> Vec<String> {
        let counts = written(&self.qualified(table));
        vec![format!(
            "INSERT INTO lethe_watched (step, inserted, deleted, files) SELECT {step}, w.inserted, w.deleted, w.files FROM {counts} AS w"
        )]
    }

    /// A table that is truncated gets another file. A row that this transaction wrote is in progress, in a savepoint too. A
    /// row that moves to another partition is deleted in one and inserted in the other.
    fn harmed(&self, step: usize, table: &str, key: &[String]) -> String {
        let (counts, relation) = (written(&self.qualified(table)), self.qualified(table));
        let (row, xmin) = (self.row_text("t", key), "CAST(CAST(t.xmin AS TEXT) AS BIGINT)");
        // Asked once, and not of each row.
        let since = "(SELECT age(CAST(CAST(txid_current() % 4294967296 AS TEXT) AS XID)))";
        format!(
            "SELECT CAST(CASE WHEN w.files <> b.files THEN 1 WHEN w.deleted > b.deleted AND w.deleted - b.deleted - CASE WHEN w.relations > 1 THEN w.inserted - b.inserted ELSE 0 END \
             > (SELECT count(*) FROM lethe_own AS o WHERE o.step = {step} AND NOT EXISTS (SELECT 1 FROM {relation} AS t WHERE {row} = o.id)) THEN 1 \
             WHEN w.updated > 0 AND (SELECT count(*) FROM {relation} AS t WHERE CASE WHEN age(t.xmin) <= {since} \
             THEN txid_status(txid_current() - txid_current() % 4294967296 + {xmin}) = 'in progress' ELSE FALSE END \
             AND NOT EXISTS (SELECT 1 FROM lethe_own AS o WHERE o.step = {step} AND o.id = {row})) > w.inserted - b.inserted THEN 1 ELSE 0 END AS BIGINT) \
             FROM {counts} AS w CROSS JOIN lethe_watched AS b WHERE b.step = {step}"
        )
    }

    fn unwatch(&self, _step: usize) -> Vec<String> {
        Vec::new()
    }

    fn row_among(&self, table: &str, _identity: &[String], json: &str) -> String {
        let given = format!("jsonb_array_elements(CAST({json} AS JSONB)) AS lethe_r");
        // By address first, which needs no scan; in a partitioned table several rows have the same.
        format!(
            "{0}.ctid = ANY (ARRAY(SELECT CAST(lethe_r ->> 1 AS TID) FROM {given})) AND ({0}.tableoid, {0}.ctid) IN \
             (SELECT CAST(CAST(lethe_r ->> 0 AS BIGINT) AS OID), CAST(lethe_r ->> 1 AS TID) FROM {given})",
            name(table)
        )
    }

    fn keep_schema(&self, tables: &[&str]) -> Option<String> {
        let tables: Vec<String> = tables.iter().map(|table| self.qualified(table)).collect();
        Some(format!("LOCK TABLE {} IN ACCESS SHARE MODE", tables.join(", ")))
    }

    fn refresh(&self, view: &str) -> Vec<String> {
        vec![
            "SET LOCAL statement_timeout = 0".to_owned(),
            format!("REFRESH MATERIALIZED VIEW {}", self.qualified(view)),
        ]
    }
}

/// What the server counts of the rows that this transaction wrote to a relation, its partitions and children.
fn written(relation: &str) -> String {
    format!(
        "(WITH RECURSIVE own (oid) AS (SELECT CAST(CAST({} AS regclass) AS oid) \
         UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN own ON own.oid = i.inhparent) \
         SELECT count(*) AS relations, CAST(COALESCE(sum(pg_stat_get_xact_tuples_inserted(own.oid)), 0) AS BIGINT) AS inserted, \
         CAST(COALESCE(sum(pg_stat_get_xact_tuples_updated(own.oid)), 0) AS BIGINT) AS updated, \
         CAST(COALESCE(sum(pg_stat_get_xact_tuples_deleted(own.oid)), 0) AS BIGINT) AS deleted, \
         CAST(sum(CAST(pg_relation_filenode(own.oid) AS BIGINT)) AS BIGINT) AS files FROM own)",
        text(relation)
    )
}
