//! Where the databases' SQL differs: one function for each difference.

use super::{Scope, name, row, text};
use crate::domain::schema::Dialect;

/// Functions that statements for `PostgreSQL` use, made in each connection that
/// runs them; they go with it.
///
/// `lethe_json` reads a text as JSON, and gives NULL where it is none.
/// `lethe_redact` takes one path out of a document: its steps are `.member`,
/// `[0]` and `[*]`, and what is not there is left as it is.
pub const FUNCTIONS: [&str; 2] = [
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

/// A table where its rows are read or written. Outside of the schema that comes
/// first, a `PostgreSQL` table is called `schema.table`, and keeps that name.
#[must_use]
pub fn relation(dialect: Dialect, table: &str) -> String {
    let qualified = qualified(dialect, table);
    if qualified == name(table) { qualified } else { format!("{qualified} AS {}", name(table)) }
}

/// A table where it is called by no other name: `"schema"."table"`.
#[must_use]
pub fn qualified(dialect: Dialect, table: &str) -> String {
    match table.split_once('.') {
        Some((schema, own)) if dialect == Dialect::Postgres => format!("{}.{}", name(schema), name(own)),
        _ => name(table),
    }
}

impl Scope<'_> {
    pub(super) fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    pub(super) fn relation(&self, table: &str) -> String {
        relation(self.dialect, table)
    }

    /// That a value is among those that a query gives.
    ///
    /// `PostgreSQL` can use an index for several such conditions with OR
    /// between them only where each compares with an array.
    pub(super) fn among(&self, value: &str, width: usize, query: &str) -> String {
        if self.is_sqlite() || width > 1 {
            format!("{value} IN ({query})")
        } else {
            format!("{value} = ANY (ARRAY({query}))")
        }
    }

    /// A join that reads the tables in the order in which they stand, as far as a database lets itself be told.
    pub(super) fn then(&self) -> &'static str {
        if self.is_sqlite() { "CROSS JOIN" } else { "JOIN" }
    }

    /// The client's key as the ledger writes it: a plain text, or a JSON array.
    pub(super) fn key_text(&self, table: &str) -> String {
        match self.client.key.as_slice() {
            [one] => format!("CAST({} AS TEXT)", super::column(table, one)),
            _ => self.key_json(table),
        }
    }

    /// The client's key as JSON.
    pub(super) fn key_json(&self, table: &str) -> String {
        let columns: Vec<String> = self.client.key.iter().map(|own| super::column(table, own)).collect();
        match (self.dialect, columns.as_slice()) {
            (Dialect::Sqlite, [one]) => format!("json_quote({one})"),
            (Dialect::Sqlite, many) => format!("json_array({})", many.join(", ")),
            (Dialect::Postgres, [one]) => format!("CAST(to_jsonb({one}) AS TEXT)"),
            (Dialect::Postgres, many) => {
                let parts: Vec<String> = many.iter().map(|own| format!("CAST(to_jsonb({own}) AS TEXT)")).collect();
                format!("'[' || {} || ']'", parts.join(" || ',' || "))
            }
        }
    }

    /// A key as JSON (a parameter, or a column of that type), taken apart to compare with the key's columns.
    pub(super) fn key_of(&self, json: &str) -> String {
        let width = self.client.key.len();
        row((0..width).map(|at| self.part_of(json, (width > 1).then_some(at), at)))
    }

    /// One part of a composite key as JSON.
    pub(super) fn key_part(&self, json: &str, at: usize) -> String {
        self.part_of(json, Some(at), at)
    }

    fn part_of(&self, json: &str, element: Option<usize>, at: usize) -> String {
        match (self.dialect, element) {
            (Dialect::Sqlite, None) => format!("json_extract({json}, '$')"),
            (Dialect::Sqlite, Some(element)) => format!("json_extract({json}, '$[{element}]')"),
            (Dialect::Postgres, None) => self.typed(&format!("(CAST({json} AS JSONB) #>> '{{}}')"), at),
            (Dialect::Postgres, Some(element)) => self.typed(&format!("(CAST({json} AS JSONB) ->> {element})"), at),
        }
    }

    /// A text as one column of the key; NULL where it cannot be one, as no client has it then.
    pub(super) fn typed(&self, text: &str, at: usize) -> String {
        let declared = self.client.key_types.get(at).map_or("text", String::as_str);
        match declared {
            "smallint" | "integer" | "bigint" => {
                format!("CASE WHEN {text} ~ '^-?[0-9]{{1,18}}$' THEN CAST({text} AS BIGINT) END")
            }
            "uuid" => format!(
                "CASE WHEN {text} ~* '^[0-9a-f]{{8}}(-?[0-9a-f]{{4}}){{3}}-?[0-9a-f]{{12}}$' THEN CAST({text} AS UUID) END"
            ),
            declared => format!("CAST({text} AS {declared})"),
        }
    }

    /// A column as a text, for reading and comparing texts.
    pub(super) fn as_text(&self, column: &str) -> String {
        if self.is_sqlite() { column.to_owned() } else { format!("CAST({column} AS TEXT)") }
    }

    /// The characters of these numbers.
    pub(super) fn characters(&self, number: u32, times: usize) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("char({})", vec![number.to_string(); times].join(", ")),
            Dialect::Postgres if times == 1 => format!("chr({number})"),
            Dialect::Postgres => format!("repeat(chr({number}), {times})"),
        }
    }

    /// All lines as one value of bytes.
    pub(super) fn joined(&self, line: &str, separator: u32) -> String {
        let separator = self.characters(separator, 1);
        match self.dialect {
            Dialect::Sqlite => format!("CAST(group_concat({line}, {separator}) AS BLOB)"),
            Dialect::Postgres => format!("convert_to(string_agg({line}, {separator}), 'UTF8')"),
        }
    }

    /// The texts in a parameter that is a JSON array, as a query.
    pub(super) fn texts_in(&self, parameter: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("SELECT value FROM json_each({parameter})"),
            Dialect::Postgres => format!("SELECT jsonb_array_elements_text(CAST({parameter} AS JSONB))"),
        }
    }

    /// A constant that a policy gives, as a literal of the column's type.
    pub(super) fn constant(&self, number: String, is_text: bool) -> String {
        if self.is_sqlite() && !is_text { number } else { text(&number) }
    }

    /// That a text column holds a day as Lethe reads it, with or without a time behind it.
    pub(super) fn is_day(&self, column: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("{column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"),
            Dialect::Postgres => format!("{column} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}'"),
        }
    }

    /// More conditions on a column that is compared with days, as ` AND …`: in
    /// `SQLite` nothing keeps it from holding anything else.
    pub(super) fn and_is_day(&self, column: &str) -> String {
        if self.is_sqlite() { format!(" AND {}", self.is_day(column)) } else { String::new() }
    }

    /// Keeps a column's index out of the planner's sight.
    pub(super) fn hidden(&self, is_hidden: bool) -> &'static str {
        if is_hidden && self.is_sqlite() { "+" } else { "" }
    }
}
