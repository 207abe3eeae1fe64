//! How long a transaction of Lethe waits for locks of others, so that it is
//! never the reason that an application's transaction is cancelled.
//!
//! Who waits for a lock looks once for a deadlock, when the server's
//! `deadlock_timeout` has passed, and is cancelled if there is one. An
//! application that waits for Lethe began no earlier than Lethe took its first
//! lock. So none looks before that time has passed since then, and if Lethe
//! waits for no session from then on, none finds a deadlock: Lethe's own wait ends
//! first, its transaction is rolled back, and the clients go through later.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::session::Patience;

/// Sets how long a statement waits: as configured, and a quarter of `deadlock_timeout` at most.
pub(super) fn lock_timeout(configured: Duration) -> String {
    // 0 would be for ever.
    let most = configured.as_millis().clamp(1, 86_400_000);
    format!(
        "SELECT set_config('lock_timeout', CAST(least({most}, greatest(CAST(setting AS BIGINT) / 4, 1)) AS TEXT), false) \
         FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"
    )
}

/// When a transaction is so old that it waits no more: a statement that began
/// before then has a quarter of `deadlock_timeout` left to begin its last wait.
pub(super) async fn of(connection: &mut PgConnection) -> Result<Patience, sqlx::Error> {
    let sql = "SELECT CAST(setting AS BIGINT) FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'";
    let deadlock: i64 = sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)?;
    let deadlock = Duration::from_millis(u64::try_from(deadlock).unwrap_or(1000));
    Ok(Patience { lasts: deadlock / 2, over: "SET LOCAL lock_timeout = 1" })
}
