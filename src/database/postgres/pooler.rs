//! Whether there is a pooler in between that gives each transaction another of the server's connections.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

/// What an error says whose cause is such a pooler.
pub(in crate::database) const POOLED: &str = "a pooler gives each transaction another connection";

/// How often it is looked.
const LOOKS: u32 = 4;

/// Whether a connection is shared with others: two that are open at the same time
/// are then answered by the same process of the server, or one by several. Nothing
/// is set on the way, and nothing prepared.
pub(super) async fn is_shared<C>(own: &mut PgConnection, another: impl Fn() -> C) -> Result<bool, sqlx::Error>
where
    C: Future<Output = Result<PgConnection, sqlx::Error>>,
{
    let mut other = another().await?;
    let (mut of_own, mut of_other) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        of_own.push(process(own).await?);
        of_other.push(process(&mut other).await?);
    }
    sqlx::Connection::close(other).await?;
    let changes = |all: &[i32]| all.iter().any(|process| *process != all[0]);
    Ok(changes(&of_own) || changes(&of_other) || of_own.iter().any(|process| of_other.contains(process)))
}

/// The process of the server that answers.
async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}
