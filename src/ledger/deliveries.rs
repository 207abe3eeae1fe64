//! Deliveries: what is to be done outside of the database, from the commit of
//! the batch that wrote it until it is through.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use ulid::Ulid;

use super::{Ledger, moment};
use crate::database::{Connection, StoreError, query, row};
use crate::domain::value::json_of;

row! {
    /// A delivery under a lease.
    #[derive(Debug, Clone)]
    pub struct Delivery {
        pub id: i64,
        /// The sweep it belongs to; 0 for none.
        pub sweep: i64,
        /// The type of a message; empty for a file.
        pub event: String,
        /// The path below the root, or what the message says, as JSON. A path may be
        /// any bytes; see [`text`](Self::text).
        pub body: Vec<u8>,
        /// A random name, the same however often it is tried.
        pub message: String,
        /// How often it was tried, this time included.
        pub attempts: i64,
        /// When it was written.
        pub made_at: String,
    }
}

impl Delivery {
    /// The body, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }
}

/// A [`StuckFile`] as the ledger has it: its path is bytes.
type StuckRow = (String, String, String, i64, Option<String>, Option<Vec<u8>>);

/// How one try ended.
#[derive(Debug, Clone)]
pub enum Tried {
    /// It is through, in this way.
    Through(&'static str),
    /// To be tried again after so long, because of this.
    Again(Duration, String),
    /// It was not its turn: the attempt does not count.
    Later(Duration, String),
    /// Abandoned until an operator retries it, because of this.
    Failed(String),
}

row! {
    /// Deliveries of one sweep to one target that are not through.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Outstanding {
        /// The sweep; 0 for what belongs to none.
        pub sweep: i64,
        /// `file`, `folder` or `message`.
        pub kind: String,
        /// The root or the webhook.
        pub target: String,
        /// Those that are waiting or being tried.
        pub open: i64,
        /// Those that were given up.
        pub failed: i64,
        /// When the oldest was written.
        pub since: String,
        /// An error that stands in the way of one of them.
        pub error: Option<String>,
    }
}

/// A file or folder that could not be deleted, and was given up.
#[derive(Debug, Clone, Serialize)]
pub struct StuckFile {
    pub client_key: String,
    /// `file` or `folder`.
    pub kind: String,
    pub target: String,
    pub sweep: i64,
    pub error: Option<String>,
    /// The path, where one client is asked about; it can name a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

row! {
    /// What became of the deliveries of one sweep to one target.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Through {
        /// `file`, `folder` or `message`.
        pub kind: String,
        /// The root or the webhook.
        pub target: String,
        /// `deleted`, `missing`, `named`, `alike`, `sent` or `settled`.
        pub result: String,
        /// How many.
        pub deliveries: i64,
        /// When the last one was.
        pub last_at: String,
    }
}

impl Ledger {
    /// Claims deliveries to one target, the oldest first. They share a lease.
    ///
    /// While the journal waits for an operator this may be a copy of another
    /// ledger: what was to be delivered is the other one's to deliver, and only
    /// alerts are claimed.
    pub async fn claim_deliveries(
        &self,
        kind: &str,
        target: &str,
        most: usize,
    ) -> Result<(String, Vec<Delivery>), StoreError> {
        let now = self.clock.now();
        // A look costs less than a turn of the writer.
        let ids: Vec<i64> = sql!(query_scalar, "deliveries/claimable", kind, target, moment(now), 1)
            .with("skip", "")
            .fetch_all(self.readers())
            .await?;
        if ids.is_empty() {
            return Ok((String::new(), Vec::new()));
        }
        let lease = Ulid::new().to_string();
        let dialect = self.store.dialect();
        let mut writer = self.writer().await;
        let claim =
            sql!(query_as, "deliveries/claim", kind, target, moment(now), most, &lease, moment(now + self.lease));
        let claim = claim.with("claimable", include_str!("sql/deliveries/claimable.sql"));
        let claim = claim.with("skip", dialect.skip_locked).with("body", &dialect.text_bytes("body"));
        let mut claimed: Vec<Delivery> = claim.fetch_all(&mut **writer).await?;
        claimed.sort_by_key(|own| own.id);
        Ok((lease, claimed))
    }

    /// Takes what rows name again out of the deliveries under a lease, and
    /// returns the numbers of those that are left. The statements are those of
    /// [`spare_claimed`](crate::sql::files::spare_claimed).
    pub async fn spare_named(
        &self,
        lease: &str,
        statements: &[String],
        kind: &str,
        target: &str,
    ) -> Result<Vec<i64>, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        for sql in statements {
            let spared = query(sql).bind(lease).execute(&mut *transaction).await?;
            // Which sweep each of them was of no longer matters: none of its clients has a file of that name.
            count(&mut transaction, (0, kind, target, "named"), spared, &self.now()).await?;
        }
        let left = sql!(query_scalar, "deliveries/leased", lease).fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(left)
    }

    /// Notes how each delivery under a lease ended. One whose lease has run out
    /// and was claimed by another process is left to it.
    pub async fn tried(
        &self,
        lease: &str,
        kind: &str,
        target: &str,
        all: &[(Delivery, Tried)],
    ) -> Result<(), StoreError> {
        let among = self.store.dialect().numbers_in("$2");
        let mut writer = self.writer().await;
        let now = self.clock.now();
        let mut transaction = writer.begin().await?;
        let mut through: BTreeMap<(i64, &str), Vec<i64>> = BTreeMap::new();
        for (delivery, tried) in all {
            let (state, after, error, counts) = match tried {
                Tried::Through(result) => {
                    through.entry((delivery.sweep, result)).or_default().push(delivery.id);
                    continue;
                }
                Tried::Again(after, error) => ("open", *after, error, 0),
                Tried::Later(after, error) => ("open", *after, error, 1),
                Tried::Failed(error) => ("failed", Duration::ZERO, error, 0),
            };
            sql!(
                query,
                "deliveries/tried_again",
                delivery.id,
                lease,
                state,
                moment(now + after),
                error,
                i64::from(counts)
            )
            .execute(&mut *transaction)
            .await?;
        }
        for ((sweep, result), ids) in through {
            let delete = sql!(query, "deliveries/delete", lease, json_of(&ids)).with("ids", &among);
            let gone = delete.execute(&mut *transaction).await?;
            count(&mut transaction, (sweep, kind, target, result), gone, &moment(now)).await?;
        }
        transaction.commit().await
    }

    /// What is not through, by sweep and target: of one sweep, or of all.
    pub async fn outstanding(&self, sweep: Option<i64>) -> Result<Vec<Outstanding>, StoreError> {
        sql!(query_as, "deliveries/outstanding", sweep).fetch_all(self.readers()).await
    }

    /// Files and folders that were given up, by client; with their paths if it is one client's.
    pub async fn stuck_files(&self, client_key: Option<&str>, most: u32) -> Result<Vec<StuckFile>, StoreError> {
        let stuck = sql!(query_as, "deliveries/stuck_files", most, client_key);
        let stuck = stuck.with("path", &self.store.dialect().text_bytes("body"));
        let rows: Vec<StuckRow> = stuck.fetch_all(self.readers()).await?;
        let file = |(client_key, kind, target, sweep, error, path): StuckRow| {
            // What is not UTF-8 is shown with escapes.
            let shown =
                |path: Vec<u8>| String::from_utf8(path).unwrap_or_else(|bad| bad.as_bytes().escape_ascii().to_string());
            StuckFile { client_key, kind, target, sweep, error, path: path.map(shown) }
        };
        Ok(rows.into_iter().map(file).collect())
    }

    /// Counts what was given up as seen to by a person: of one client, to one
    /// target, or both; of these kinds also what was not given up yet. Returns how
    /// many that were.
    pub async fn settle_deliveries(
        &self,
        client_key: Option<&str>,
        target: Option<&str>,
        waiting: &[String],
    ) -> Result<u64, StoreError> {
        let waiting = json_of(waiting);
        let kinds = self.store.dialect().texts_in("$3");
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let count = sql!(query, "deliveries/count_settled", client_key, target, &waiting, self.now());
        count.with("kinds", &kinds).execute(&mut *transaction).await?;
        let delete = sql!(query, "deliveries/settle", client_key, target, &waiting).with("kinds", &kinds);
        let settled = delete.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(settled)
    }

    /// How many files and folders of a client are not gone yet.
    pub async fn files_left(&self, client_key: &str) -> Result<i64, StoreError> {
        sql!(query_scalar, "deliveries/files_left", client_key).fetch_one(self.readers()).await
    }

    /// What of a sweep is through, by target and result.
    pub async fn through(&self, sweep: i64) -> Result<Vec<Through>, StoreError> {
        sql!(query_as, "deliveries/through", sweep).fetch_all(self.readers()).await
    }

    /// Has everything that is not through tried again, at once and from the
    /// first attempt on. Returns how many.
    pub async fn retry_deliveries(&self) -> Result<u64, StoreError> {
        let retried = sql!(query, "deliveries/retry_deliveries", self.now()).execute(self).await?;
        Ok(retried)
    }
}

/// Counts so many deliveries of a sweep and kind, to a target and with a result, as complete.
async fn count(
    connection: &mut Connection,
    (sweep, kind, target, result): (i64, &str, &str, &str),
    deliveries: u64,
    now: &str,
) -> Result<(), StoreError> {
    if deliveries == 0 {
        return Ok(());
    }
    sql!(query, "deliveries/count_through", sweep, kind, target, result, deliveries, now).run(connection).await
}
