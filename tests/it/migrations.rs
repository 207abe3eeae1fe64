//! The ledger's own tables, as the migrations of either database make them.

use lethe::database::{PostgresDialect, SqliteDialect};
use lethe::domain::dialect::SqlDialect;

use crate::common::Company;
use crate::common::place::either;

#[test]
fn migrations_are_in_ascii_so_that_any_database_takes_them() {
    for own in SqliteDialect.constants().migrations.iter().chain(PostgresDialect.constants().migrations) {
        assert!(own.is_ascii(), "{}", own.lines().find(|line| !line.is_ascii()).unwrap_or_default());
    }
}

#[tokio::test]
async fn every_table_of_the_ledger_has_a_primary_key() {
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY)",
        "client = { table = \"customers\", key = \"no\" }\ntables.customers.columns.no.class = \"non-personal\"",
    )
    .await;
    let without = either(
        "SELECT l.name FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.type = 'table' AND l.name LIKE 'lethe_%' \
         AND NOT EXISTS (SELECT 1 FROM pragma_table_info(l.name) AS c WHERE c.pk > 0)",
        "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'lethe' \
         AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)",
    );
    let all = either(
        "SELECT count(*) > 20 FROM sqlite_schema WHERE type = 'table' AND name LIKE 'lethe_%'",
        "SELECT count(*) > 20 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'lethe' AND c.relkind = 'r'",
    );
    assert_eq!(company.rows(all).await, ["1"]);
    assert_eq!(company.rows(without).await, [""; 0]);
}
