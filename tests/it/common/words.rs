//! What `SQLite` and `PostgreSQL` say in different words, where tests need it.

use super::place::{either, is_on_postgres};

/// A trigger called `keeper` that lets no row of a table be changed for which a
/// condition over `old` holds, and says so in these words.
pub fn refuses(table: &str, condition: &str, words: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {condition} THEN RAISE EXCEPTION '{words}'; END IF; RETURN new; END $$; \
             CREATE TRIGGER keeper BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION keeper()"
        )
    } else {
        format!(
            "CREATE TRIGGER keeper BEFORE UPDATE ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
    }
}

/// Takes the trigger of [`refuses`] away again.
pub fn allows(table: &str) -> String {
    either("DROP TRIGGER keeper", "DROP TRIGGER keeper ON {table}").replace("{table}", table)
}

/// A trigger that runs a statement after each row of a table that is changed.
pub fn after(table: &str, statement: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$; \
             CREATE TRIGGER noted AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION noted()"
        )
    } else {
        format!("CREATE TRIGGER noted AFTER UPDATE ON {table} BEGIN {statement}; END")
    }
}

/// A day as a literal: what is not a day is NULL where a date column holds nothing else.
pub fn day(day: &str) -> String {
    if day.is_empty() && is_on_postgres() { "NULL".to_owned() } else { format!("'{day}'") }
}

/// The text of a member of a JSON document, without its quotes.
pub fn member(document: &str, member: &str) -> String {
    if is_on_postgres() {
        format!("CAST({document} AS jsonb) ->> '{member}'")
    } else {
        format!("json_extract({document}, '$.{member}')")
    }
}
