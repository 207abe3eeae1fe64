//! Reads the live schema.

use std::collections::BTreeMap;

use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::super::triggers::{deletes_from, fires_on_delete, writes};
use super::super::{Connection, StoreError, query};
use crate::domain::schema::{ForeignKey, Index, LiveColumn, LiveTable, Schema, Trigger, Unique};
use crate::sql::text;

pub(super) async fn schema(connection: &mut Connection) -> Result<Schema, StoreError> {
    let mut schema = Schema::empty(&super::Dialect);
    let listed = query(
        "SELECT l.name, l.type, l.strict, s.sql, l.wr FROM pragma_table_list AS l \
         LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
         WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.name NOT LIKE 'lethe\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in listed {
        let name: String = row.get(0)?;
        match row.get::<String>(1)?.as_str() {
            "table" => {
                let sql: Option<String> = row.get(3)?;
                let mut table = table(connection, &name).await?;
                table.strict = row.get::<i64>(2)? != 0;
                let sql = sql.unwrap_or_default();
                table.checks = checks(&sql);
                let has_no_row_ids = row.get::<i64>(4)? != 0;
                table.identity = identity(&table, has_no_row_ids);
                let is_given_again = !has_no_row_ids && gives_keys_again(&table, &sql);
                table.gives_keys_again = is_given_again.then_some("declare it INTEGER PRIMARY KEY AUTOINCREMENT");
                table.replaces = replaces(&sql);
                let computed = computed(&sql, &table);
                let collations = collations(&sql);
                for column in &mut table.columns {
                    column.collation = collations.get(&column.name.to_ascii_lowercase()).cloned();
                    if let Some(made_of) = computed.get(&column.name.to_ascii_lowercase()).filter(|_| column.generated)
                    {
                        column.made_of.clone_from(made_of);
                    }
                    // Where types are kept to, ANY keeps 7 and '7' apart; elsewhere it makes a number of both.
                    if table.strict && column.declared.eq_ignore_ascii_case("any") {
                        column.base = Some(String::new());
                    }
                }
                schema.tables.insert(name, table);
            }
            "shadow" => {}
            other => {
                schema.others.insert(name, if other == "virtual" { "virtual table" } else { "view" }.to_owned());
            }
        }
    }
    settle_references(&mut schema);
    triggers(connection, &mut schema).await?;
    Ok(schema)
}

async fn triggers(connection: &mut Connection, schema: &mut Schema) -> Result<(), StoreError> {
    let listed = query("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
    for row in listed.fetch_all(connection).await? {
        let (of, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(table) = schema.tables.values_mut().find(|table| table.name.eq_ignore_ascii_case(&of)) else {
            continue;
        };
        // What stands in front of the body says when it fires.
        let body = sql.to_ascii_lowercase().find("begin").map_or("", |at| &sql[at..]);
        let (deletes_from, writes) = (deletes_from(&sql), writes(body));
        let may_delete = !deletes_from.is_empty();
        let (on_change, on_delete) = (fires_for_changes(&sql), fires_on_delete(&sql));
        table.triggers.push(Trigger { name, on_change, on_delete, deferred: false, deletes_from, may_delete, writes });
    }
    Ok(())
}

/// A table without row ids, or whose columns have taken all their names, has its primary key.
fn identity(table: &LiveTable, has_no_row_ids: bool) -> Vec<String> {
    let is_free = |own: &&str| !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(own));
    if let Some(free) = ["rowid", "_rowid_", "oid"].iter().find(|own| is_free(own)).filter(|_| !has_no_row_ids) {
        return vec![(*free).to_owned()];
    }
    let mut key: Vec<&LiveColumn> = table.columns.iter().filter(|column| column.primary_key > 0).collect();
    key.sort_by_key(|column| column.primary_key);
    key.into_iter().map(|column| column.name.clone()).collect()
}

/// A key of one INTEGER column is the row's id: the largest there is and one, unless the table counts by itself.
/// Source: <https://www.sqlite.org/autoinc.html>.
fn gives_keys_again(table: &LiveTable, sql: &str) -> bool {
    let mut key = table.columns.iter().filter(|column| column.primary_key > 0);
    let is_row_id = key.next().is_some_and(|own| own.declared.eq_ignore_ascii_case("INTEGER")) && key.next().is_none();
    let counts = |token: &Token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("AUTOINCREMENT"));
    is_row_id && !tokens(sql).is_some_and(|tokens| tokens.iter().any(counts))
}

/// Whether a `CREATE TABLE` statement says `ON CONFLICT REPLACE` or `IGNORE`.
fn replaces(sql: &str) -> bool {
    let Some(words) = words(sql) else { return true };
    words.windows(2).any(|two| two[0] == "conflict" && ["replace", "ignore"].contains(&two[1].as_str()))
}

fn tokens(sql: &str) -> Option<Vec<Token>> {
    Tokenizer::new(&SQLiteDialect {}, sql).tokenize().ok()
}

/// The words of a statement that stand without quotes, in small letters.
fn words(sql: &str) -> Option<Vec<String>> {
    let plain = |token| match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_lowercase()),
        _ => None,
    };
    Some(tokens(sql)?.into_iter().filter_map(plain).collect())
}

async fn table(connection: &mut Connection, name: &str) -> Result<LiveTable, StoreError> {
    let mut table = LiveTable { name: name.to_owned(), ..LiveTable::default() };
    let sql = format!("SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo({})", text(name));
    for row in query(&sql).fetch_all(&mut *connection).await? {
        table.columns.push(LiveColumn {
            name: row.get(0)?,
            declared: row.get(1)?,
            not_null: row.get::<i64>(2)? != 0,
            primary_key: u32::try_from(row.get::<i64>(3)?).unwrap_or(0),
            generated: row.get::<i64>(4)? >= 2,
            made_of: Vec::new(),
            collation: None,
            base: None,
            told: None,
        });
    }
    let mut key: Vec<&LiveColumn> = table.columns.iter().filter(|column| column.primary_key > 0).collect();
    key.sort_by_key(|column| column.primary_key);
    if !key.is_empty() {
        let columns: Vec<Option<String>> = key.iter().map(|column| Some(column.name.clone())).collect();
        table.unique.push(Unique { columns: columns.clone(), partial: false, made_of: Vec::new(), nulls_equal: false });
        table.indexes.push(Index { columns, partial: false });
    }
    indexes(connection, &mut table).await?;
    foreign_keys(connection, &mut table).await?;
    Ok(table)
}

async fn indexes(connection: &mut Connection, table: &mut LiveTable) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT l.seq, l.\"unique\", l.partial, i.name, s.sql FROM pragma_index_list({}) AS l, pragma_index_info(l.name) AS i \
         LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name WHERE l.origin <> 'pk' ORDER BY l.seq, i.seqno",
        text(&table.name)
    );
    let mut found: BTreeMap<i64, (bool, bool, Vec<_>, String)> = BTreeMap::new();
    for row in query(&sql).fetch_all(connection).await? {
        let unique = row.get::<i64>(1)? != 0;
        let partial = row.get::<i64>(2)? != 0;
        let sql: Option<String> = row.get(4)?;
        let entry = found.entry(row.get(0)?).or_insert((unique, partial, Vec::new(), sql.unwrap_or_default()));
        entry.2.push(row.get(3)?);
    }
    for (unique, partial, columns, sql) in found.into_values() {
        if unique {
            let made_of = if columns.contains(&None) { made_of(&sql, table) } else { Vec::new() };
            table.unique.push(Unique { columns: columns.clone(), partial, made_of, nulls_equal: false });
        }
        table.indexes.push(Index { columns, partial });
    }
    Ok(())
}

/// The columns of the table that the expressions in a `CREATE INDEX` statement name.
fn made_of(sql: &str, table: &LiveTable) -> Vec<String> {
    let Some(tokens) = tokens(sql) else { return Vec::new() };
    let mut depth = 0_usize;
    let mut named = Vec::new();
    for token in tokens.into_iter().skip_while(|token| !matches!(token, Token::LParen)) {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) => {
                let column = table.columns.iter().find(|own| own.name.eq_ignore_ascii_case(&word.value));
                named.extend(column.map(|own| own.name.clone()).filter(|own| !named.contains(own)));
            }
            _ => {}
        }
        // What stands behind says which rows it covers.
        if depth == 0 {
            break;
        }
    }
    named
}

/// Whether a `CREATE TRIGGER` statement is about UPDATE or DELETE.
fn fires_for_changes(sql: &str) -> bool {
    let Some(words) = words(sql) else { return true };
    let event = words.into_iter().skip(2).find(|word| matches!(word.as_str(), "insert" | "update" | "delete"));
    event.is_none_or(|event| event != "insert")
}

async fn foreign_keys(connection: &mut Connection, table: &mut LiveTable) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update FROM pragma_foreign_key_list({}) ORDER BY id, seq",
        text(&table.name)
    );
    let mut found: BTreeMap<i64, ForeignKey> = BTreeMap::new();
    for row in query(&sql).fetch_all(connection).await? {
        let (references, on_delete): (String, String) = (row.get(1)?, row.get(4)?);
        let on_update: String = row.get(5)?;
        let key = found.entry(row.get(0)?).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            references,
            referenced: Vec::new(),
            cascades: on_delete.eq_ignore_ascii_case("cascade"),
            resets: on_delete.to_ascii_lowercase().starts_with("set "),
            renews: on_update.to_ascii_lowercase().starts_with("set "),
        });
        key.columns.push(row.get(2)?);
        key.referenced.extend(row.get::<Option<String>>(3)?);
    }
    table.foreign_keys = found.into_values().collect();
    Ok(())
}

/// Spells tables and columns that foreign keys refer to as they are spelt, and
/// fills in the primary key where a foreign key names no columns.
fn settle_references(schema: &mut Schema) {
    let known: BTreeMap<String, (String, Vec<String>, Vec<String>)> = schema
        .tables
        .values()
        .map(|table| {
            let key = table.unique.first().map(|unique| unique.columns.iter().flatten().cloned().collect());
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            (table.name.to_ascii_lowercase(), (table.name.clone(), key.unwrap_or_default(), columns))
        })
        .collect();
    for table in schema.tables.values_mut() {
        let own: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        for key in &mut table.foreign_keys {
            respell(&mut key.columns, &own);
            let Some((name, primary, columns)) = known.get(&key.references.to_ascii_lowercase()) else { continue };
            key.references.clone_from(name);
            if key.referenced.is_empty() {
                key.referenced.clone_from(primary);
            }
            respell(&mut key.referenced, columns);
        }
    }
}

fn respell(names: &mut [String], known: &[String]) {
    for name in names {
        if let Some(spelt) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            name.clone_from(spelt);
        }
    }
}

/// The expressions of the CHECK constraints in a `CREATE TABLE` statement.
fn checks(sql: &str) -> Vec<String> {
    let Some(tokens) = tokens(sql) else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        let is_check = matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("check"));
        if !is_check {
            continue;
        }
        let mut depth = 0_usize;
        let mut expression = String::new();
        for token in rest.by_ref() {
            match token {
                Token::LParen => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                Token::RParen => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
            expression += &token.to_string();
        }
        found.push(expression.trim().to_owned());
    }
    found
}

/// The columns of a `CREATE TABLE` statement, in small letters, that do not
/// compare byte by byte, with their collation.
fn collations(sql: &str) -> BTreeMap<String, String> {
    let Some(tokens) = tokens(sql) else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    let mut depth = 0_usize;
    let mut column = None;
    let mut rest = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    while let Some(token) = rest.next() {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => column = None,
            Token::Word(word) if depth == 1 && column.is_none() => column = Some(word.value.to_ascii_lowercase()),
            Token::SingleQuotedString(name) if depth == 1 && column.is_none() => {
                column = Some(name.to_ascii_lowercase());
            }
            Token::Word(word)
                if depth == 1 && word.quote_style.is_none() && word.value.eq_ignore_ascii_case("collate") =>
            {
                if let (Some(column), Some(Token::Word(collation))) = (&column, rest.next())
                    && !collation.value.eq_ignore_ascii_case("binary")
                {
                    found.insert(column.clone(), collation.value.to_ascii_uppercase());
                }
            }
            _ => {}
        }
    }
    found
}

/// The columns that follow `AS` in a `CREATE TABLE` statement, in small letters, with those that each is computed from.
fn computed(sql: &str, table: &LiveTable) -> BTreeMap<String, Vec<String>> {
    let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, sql).tokenize() else { return BTreeMap::new() };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut depth, mut column, mut is_computed) = (0_usize, None, false);
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => (column, is_computed) = (None, false),
            Token::Word(word) if depth == 1 && column.is_none() => column = Some(word.value.to_ascii_lowercase()),
            Token::Word(word) if depth == 1 => {
                is_computed = word.quote_style.is_none() && word.value.eq_ignore_ascii_case("as");
            }
            Token::Word(word) if depth > 1 && is_computed => {
                let own = table.columns.iter().find(|own| own.name.eq_ignore_ascii_case(&word.value));
                if let (Some(column), Some(own)) = (&column, own) {
                    let made_of = found.entry(column.clone()).or_default();
                    if !made_of.contains(&own.name) {
                        made_of.push(own.name.clone());
                    }
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collations_are_found_with_their_columns() {
        let sql = "CREATE TABLE [t] (a TEXT COLLATE nocase PRIMARY KEY, \"B c\" VARCHAR(3) DEFAULT ('x') COLLATE \"RTRIM\" NOT NULL, \
                   d TEXT COLLATE BINARY, e INT, UNIQUE (e COLLATE NOCASE))";
        let found: Vec<(String, String)> = collations(sql).into_iter().collect();
        assert_eq!(found, [("a".into(), "NOCASE".into()), ("b c".into(), "RTRIM".into())]);
    }

    #[test]
    fn computed_columns_are_found_with_those_that_they_are_made_of() {
        let column = |name: &str| LiveColumn { name: name.to_owned(), ..LiveColumn::default() };
        let table = LiveTable { columns: ["A", "b c", "d"].map(column).to_vec(), ..LiveTable::default() };
        let sql = "CREATE TABLE t (A TEXT DEFAULT (lower('b')), d AS (lower(a || \"b c\")) STORED NOT NULL, \"b c\" TEXT CHECK (d > 1))";
        let found: Vec<(String, Vec<String>)> = computed(sql, &table).into_iter().collect();
        assert_eq!(found, [("d".into(), vec!["A".into(), "b c".into()])]);
    }

    #[test]
    fn tables_that_replace_rows_are_found() {
        assert!(replaces("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT UNIQUE ON /* so */ CONFLICT\n REPLACE)"));
        assert!(!replaces("CREATE TABLE t (a TEXT PRIMARY KEY ON CONFLICT ABORT, \"conflict\" TEXT, replace TEXT)"));
    }

    #[test]
    fn checks_are_found_whole_whatever_stands_around_them() {
        let sql =
            "CREATE TABLE [t] ([a]TEXT NOT NULL CHECK (length(a) > 1), \"check\" INT, CONSTRAINT c CHECK ([b]>=(0)))";
        assert_eq!(checks(sql), ["length(a) > 1", "[b]>=(0)"]);
    }
}
