//! `SQLite`'s SQL.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlparser::dialect::SQLiteDialect;

use super::key;
use crate::domain::dialect::{Constants, SqlDialect};
use crate::domain::json_path::Segment;
use crate::domain::schema::Kind;
use crate::domain::today::Today;
use crate::domain::value::{moment, number, truth};
use crate::plan::FIRST_DAY;
use crate::sql::{name, text};

/// `SQLite`.
#[derive(Debug)]
pub struct Sqlite;

impl SqlDialect for Sqlite {
    fn constants(&self) -> &'static Constants {
        &Constants {
            name: "sqlite",
            grammar: &SQLiteDialect {},
            days_are_texts: true,
            names_files: &[Kind::Text, Kind::Unknown],
            any_text: "",
            given_keys: "(SELECT key AS n, value FROM json_each($1)) AS j",
            given_null: "j.value IS NULL",
            keys_joined: ["json_group_array(client_key)", "json_group_array(json(client_key))"],
            pairs: "(SELECT json_extract(value, '$[0]') AS hash, json_extract(value, '$[1]') AS client FROM json_each($1))",
            random_name: "lower(hex(randomblob(16)))",
            then: "CROSS JOIN",
            unindexed: "+",
            looks_up_in_arrays: false,
            is_tempted_by_limits: false,
            evaluates_in_any_order: false,
            rewrites_rows: false,
            has_one_writer: true,
            skip_locked: "",
            lock_rows: "",
            keep_others_from_recording: None,
            one_at_a_time: None,
            closing: None,
            check_constraints_now: None,
            migrations: migrations!("sqlite"),
            number_sweeps: None,
            vacuum: None,
            temporary_indexes: "temp.lethe_",
            functions: &[],
            ledger_has: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
            announce_batches: None,
            // The lock alone is given on a read-only file too; a write is not.
            write_test: "CREATE TABLE lethe_write_test (x INTEGER)",
            leftovers: "Pages that other programs freed earlier may hold former values until VACUUM.",
        }
    }

    fn qualified(&self, table: &str) -> String {
        name(table)
    }

    fn as_text(&self, column: &str) -> String {
        column.to_owned()
    }

    fn text_bytes(&self, column: &str) -> String {
        format!("CAST({column} AS BLOB)")
    }

    /// Columns without a type hold numbers and texts that compare as texts; days are written in several ways.
    fn filtered(&self, column: &str, kind: Kind, declared: &str) -> String {
        match kind {
            Kind::Boolean => format!("lower(CAST({column} AS TEXT))"),
            Kind::Date => format!("CASE WHEN {} THEN datetime({column}) END", self.is_day(column)),
            Kind::Bytes => format!("CAST({column} AS TEXT)"),
            Kind::Unknown if declared.is_empty() || declared.eq_ignore_ascii_case("ANY") => {
                format!("CAST({column} AS TEXT)")
            }
            Kind::Unknown | Kind::Text | Kind::Integer | Kind::Number => column.to_owned(),
        }
    }

    fn filter_value(&self, kind: Kind, _declared: &str, value: &str) -> Option<String> {
        match kind {
            Kind::Integer | Kind::Number => number(value),
            Kind::Boolean => truth(value).map(|is_true| {
                if is_true {
                    "'1', '1.0', 'true', 't', 'yes', 'y', 'on'"
                } else {
                    "'0', '0.0', 'false', 'f', 'no', 'n', 'off'"
                }
                .to_owned()
            }),
            Kind::Date => moment(value).map(|moment| text(&moment)),
            Kind::Text | Kind::Bytes | Kind::Unknown => Some(text(value)),
        }
    }

    fn cast(&self, expression: &str, _declared: &str) -> String {
        expression.to_owned()
    }

    fn number(&self, number: &str) -> String {
        number.to_owned()
    }

    fn day(&self, expression: &str) -> String {
        expression.to_owned()
    }

    fn begin_of(&self, _today: Today, day: NaiveDate) -> String {
        format!("'{day}'")
    }

    fn is_day(&self, column: &str) -> String {
        // Most days are told by their digits, which takes a fifth of the time. SQLite makes 1 March of 30 February.
        let year = "[0-9][0-9][0-9][0-9]";
        let told = ["0[13-9]-[0-2][1-9]", "1[0-2]-[0-2][1-9]", "02-[01][1-9]", "0[1-9]-[12]0", "1[0-2]-[12]0"]
            .map(|digits| format!("{column} GLOB '{year}-{digits}*'"));
        format!(
            "({} OR ({column} GLOB '{year}-[0-9][0-9]-[0-9][0-9]*' AND date(substr({column}, 1, 10), '+0 days') IS substr({column}, 1, 10)))",
            told.join(" OR ")
        )
    }

    fn truncated(&self, _column: &str, _declared: &str, _unit: &str) -> Option<String> {
        None
    }

    /// What cannot be read, or in more than one way, is emptied: no JSON, a name given twice in one object, or NUL.
    fn redacted(&self, column: &str, _declared: &str, empty: &str, paths: &[&[Segment]]) -> String {
        format!(
            "CASE WHEN {column} IS NULL OR {column} = '' THEN {column} WHEN NOT json_valid({column}) OR instr({column}, '\\u0000') > 0 THEN {empty} \
             WHEN EXISTS (SELECT 1 FROM json_tree({column}) AS lethe_j GROUP BY lethe_j.parent, lethe_j.key HAVING count(*) > 1) \
             THEN {empty} ELSE {} END",
            redacted(column, paths, 0)
        )
    }

    fn date_problem(&self, kind: Kind) -> Option<&'static str> {
        matches!(kind, Kind::Integer | Kind::Number | Kind::Boolean | Kind::Bytes)
            .then_some("name a column with dates written as `YYYY-MM-DD`, with or without a time")
    }

    fn not_a_date(&self, table: &str, date: &str) -> Option<String> {
        let date = name(date);
        Some(format!(
            "SELECT typeof({date}) FROM {} WHERE {date} IS NOT NULL AND {date} <> '' AND (typeof({date}) <> 'text' OR NOT \
             ({} OR ({date} < '{FIRST_DAY}' AND {date} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'))) LIMIT 1",
            name(table),
            self.is_day(&date),
        ))
    }

    fn key_json(&self, columns: &[String], types: &[String]) -> String {
        match (columns, types) {
            ([one], [declared]) => format!(
                "CASE typeof({one}) WHEN 'text' THEN json_quote({0}) WHEN 'blob' THEN json_quote({1}) \
                 WHEN 'real' THEN {2} ELSE json_quote({one}) END",
                key::written(one, takes_anything(declared)),
                key::hex(one),
                key::real(one)
            ),
            (many, _) => {
                let parts = many.iter().map(|own| {
                    format!(
                        "CASE typeof({own}) WHEN 'text' THEN {} WHEN 'blob' THEN {} WHEN 'real' THEN json({}) ELSE {own} END",
                        key::written(own, false),
                        key::hex(own),
                        key::real(own)
                    )
                });
                format!("json_array({})", parts.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn key_text(&self, columns: &[String], types: &[String]) -> String {
        match (columns, types) {
            ([one], [declared]) => format!(
                "CASE typeof({one}) WHEN 'text' THEN {} WHEN 'blob' THEN {} WHEN 'real' THEN {} ELSE CAST({one} AS TEXT) END",
                key::written(one, takes_anything(declared)),
                key::hex(one),
                key::real(one)
            ),
            (many, types) => self.key_json(many, types),
        }
    }

    fn key_part(&self, json: &str, element: Option<usize>, declared: &str) -> String {
        match element {
            None => key::read(&format!("json_extract({json}, '$')"), takes_anything(declared)),
            Some(element) => key::read(&format!("json_extract({json}, '$[{element}]')"), false),
        }
    }

    fn key_of_text(&self, text: &str, declared: &str) -> String {
        key::read(text, takes_anything(declared))
    }

    fn given_key(&self, declared: &str) -> String {
        self.key_of_text("j.value", declared)
    }

    fn given_tried(&self, element: Option<usize>, declared: &str) -> String {
        match element {
            None => self.given_key(declared),
            element => self.key_part("j.value", element, declared),
        }
    }

    /// Where 7 and '7' can both be, a person's `7` is the number, if that is there.
    fn given_otherwise(&self, declared: &str) -> Option<String> {
        takes_anything(declared)
            .then(|| format!("CASE WHEN j.value GLOB '[-0-9]*' THEN j.value ELSE {} END", self.given_key(declared)))
    }

    fn given_unreadable(&self, width: usize) -> Vec<(String, &'static str)> {
        let any = |pattern: &str| match width {
            1 => format!("j.value GLOB '{pattern}'"),
            _ => format!("EXISTS (SELECT 1 FROM json_each(j.value) AS p WHERE p.value GLOB '{pattern}')"),
        };
        vec![(any("x''*''"), "holds bytes, not a text"), (any("t''*''"), "is not valid UTF-8")]
    }

    fn given_text(&self, _width: usize) -> String {
        "CAST(j.value AS TEXT)".to_owned()
    }

    fn ledger_keys_in(&self, parameter: &str) -> String {
        format!("SELECT CAST(value AS TEXT) AS value FROM json_each({parameter})")
    }

    fn texts_in(&self, json: &str) -> String {
        format!("SELECT value FROM json_each({json})")
    }

    fn numbers_in(&self, json: &str) -> String {
        self.texts_in(json)
    }

    fn elements(&self, column: &str) -> String {
        format!("json_each({column}) AS r")
    }

    fn members(&self, json: &str) -> String {
        format!("json_each({json}) AS r")
    }

    fn json_list(&self, text: &str, order: &str) -> String {
        format!("json_group_array({text} ORDER BY {order})")
    }

    fn records(&self, json: &str, columns: &[(&str, bool)]) -> String {
        let columns: Vec<String> =
            columns.iter().map(|(own, _)| format!("json_extract(value, '$.{own}') AS {own}")).collect();
        format!("(SELECT {} FROM json_each({json})) AS r", columns.join(", "))
    }

    fn among(&self, value: &str, _width: usize, query: &str) -> String {
        format!("{value} IN ({query})")
    }

    fn row_json(&self, table: &str, identity: &[String]) -> String {
        format!("json_array({})", row_identity(table, identity))
    }

    fn row_found(&self, table: &str, identity: &[String], rows: &str) -> String {
        let own = row_identity(table, identity);
        format!("({own}) IN (SELECT {own} {rows})")
    }

    /// No other connection writes meanwhile.
    fn deletions(&self, table: &str) -> String {
        format!("SELECT count(*) FROM {}", name(table))
    }

    fn row_text(&self, of: &str, key: &[String]) -> String {
        key.iter().map(|own| format!("quote({of}.{})", name(own))).collect::<Vec<_>>().join(" || ',' || ")
    }

    /// Temporary triggers see what others do, but for rows that are replaced: those are looked for beforehand.
    fn watch(&self, step: usize, table: &str, key: &[String], unique: &[Vec<String>]) -> Vec<String> {
        let table = name(table);
        let id = |of: &str| self.row_text(of, key);
        let is_own =
            |of: &str| format!("EXISTS (SELECT 1 FROM lethe_own AS o WHERE o.step = {step} AND o.id = {})", id(of));
        let replaced = |but: &str| {
            let each = unique.iter().map(|columns| {
                let same: Vec<String> = columns.iter().map(|own| format!("x.{0} = NEW.{0}", name(own))).collect();
                format!(
                    " OR EXISTS (SELECT 1 FROM {table} AS x WHERE {} AND NOT {}{but})",
                    same.join(" AND "),
                    is_own("x")
                )
            });
            each.collect::<String>()
        };
        let but_itself = format!(" AND {} <> {}", id("x"), id("OLD"));
        let note = format!("BEGIN INSERT INTO lethe_watched (step) VALUES ({step}); END");
        let trigger = |number: usize, event: &str, then: &str| {
            format!("CREATE TEMP TRIGGER lethe_watch_{step}_{number} {event} ON main.{table} {then}")
        };
        vec![
            trigger(0, "BEFORE UPDATE", &format!("WHEN NOT {}{} {note}", is_own("OLD"), replaced(&but_itself))),
            trigger(1, "BEFORE DELETE", &format!("WHEN NOT {} {note}", is_own("OLD"))),
            trigger(2, "BEFORE INSERT", &format!("WHEN FALSE{} {note}", replaced(""))),
            trigger(
                3,
                "AFTER INSERT",
                &format!(
                    "WHEN NOT {} BEGIN INSERT INTO lethe_own (step, id) VALUES ({step}, {}); END",
                    is_own("NEW"),
                    id("NEW")
                ),
            ),
        ]
    }

    fn harmed(&self, step: usize, _table: &str, _key: &[String]) -> String {
        format!("SELECT count(*) FROM lethe_watched WHERE step = {step}")
    }

    fn unwatch(&self, step: usize) -> Vec<String> {
        (0..WATCHES).map(|number| format!("DROP TRIGGER temp.lethe_watch_{step}_{number}")).collect()
    }

    fn row_among(&self, table: &str, identity: &[String], json: &str) -> String {
        let parts: Vec<String> =
            (0..identity.len()).map(|at| format!("json_extract(lethe_r.value, '$[{at}]')")).collect();
        format!(
            "({}) IN (SELECT {} FROM json_each({json}) AS lethe_r)",
            row_identity(table, identity),
            parts.join(", ")
        )
    }

    fn keep_schema(&self, _tables: &[&str]) -> Option<String> {
        None
    }

    fn refresh(&self, _view: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The columns that identify a row of a table.
/// Triggers that watch a table.
const WATCHES: usize = 4;

fn row_identity(table: &str, identity: &[String]) -> String {
    identity.iter().map(|own| format!("{}.{}", name(table), name(own))).collect::<Vec<_>>().join(", ")
}

/// Whether a column of this affinity keeps 7 and '7' apart.
fn takes_anything(affinity: &str) -> bool {
    affinity.is_empty()
}

/// A document without these paths. A list that paths go through with `[*]` is
/// made anew once, however many paths there are.
fn redacted(document: &str, paths: &[&[Segment]], depth: usize) -> String {
    let mut lists: BTreeMap<String, Vec<&[Segment]>> = BTreeMap::new();
    let mut plain = Vec::new();
    for path in paths {
        match path.iter().position(|segment| *segment == Segment::Every) {
            Some(at) => lists.entry(steps(&path[..at])).or_default().push(&path[at + 1..]),
            None => plain.push(steps(path)),
        }
    }
    let (whole, element) = (format!("lethe_d{depth}"), format!("lethe_e{depth}"));
    let mut sql = document.to_owned();
    for (list, rests) in lists {
        let elements = if rests.iter().any(|rest| rest.is_empty()) {
            "json('[]')".to_owned()
        } else {
            let inner = redacted(&format!("{element}.value"), &rests, depth + 1);
            format!(
                "json((SELECT json_group_array(CASE WHEN {element}.type IN ('object', 'array') THEN json({inner}) \
                 ELSE json({whole}.j -> {element}.fullkey) END) FROM json_each({whole}.j, {list}) AS {element}))"
            )
        };
        // OFFSET keeps SQLite from writing the inner expression out wherever `j` stands.
        sql = format!(
            "(SELECT CASE WHEN json_type({whole}.j, {list}) = 'array' THEN json_replace({whole}.j, {list}, {elements}) \
             ELSE {whole}.j END FROM (SELECT {sql} AS j LIMIT 1 OFFSET 0) AS {whole})"
        );
    }
    if plain.is_empty() { sql } else { format!("json_remove({sql}, {})", plain.join(", ")) }
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
