//! Word from a `PostgreSQL` server that there is something to do.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::Store;
use crate::domain::schema::Dialect;

/// The channel on which batches that can be claimed are told of.
pub const BATCHES: &str = "lethe_batches";

/// The pause after the server could not be heard.
const PAUSE: Duration = Duration::from_secs(5);

/// Hears a channel, on a connection of its own.
pub struct Listener(PgListener);

impl Store {
    /// Hears a channel; `None` where the database tells nobody anything, as
    /// `SQLite` and connection poolers do not.
    pub async fn listen(&self, channel: &str) -> Option<Listener> {
        if self.dialect() != Dialect::Postgres {
            return None;
        }
        let mut listener = PgListener::connect(self.options.database_url.as_str()).await.ok()?;
        listener.listen(channel).await.ok()?;
        Some(Listener(listener))
    }
}

impl Listener {
    /// Waits for the next word. What is said while the server is away is not heard.
    pub async fn heard(&mut self) {
        while self.0.recv().await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
