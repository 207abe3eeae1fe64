//! Word from the server that there is something to do.

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgListener};

/// The pause after the server could not be heard.
const PAUSE: Duration = Duration::from_secs(5);

/// Hears a channel, on a connection of its own.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// `None` behind a connection pooler, which passes nothing on.
    pub(super) async fn of(options: PgConnectOptions, channel: &str) -> Option<Self> {
        let pool =
            PoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await.ok()?;
        listener.listen(channel).await.ok()?;
        Some(Self(listener))
    }

    /// Waits for the next word. What is said while the server is away is not heard.
    pub async fn heard(&mut self) {
        while self.0.recv().await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
