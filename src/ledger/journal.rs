//! What the ledger knows of the journal: how far it goes, what waits to be
//! written to it, and whether it is ahead.

use serde::Serialize;

use super::{Ledger, PLACED, moment};
use crate::database::{Connection, StoreError, from_text, query, row};
use crate::domain::words::words;

/// How long the journal stays leased to a process that has stopped responding.
const SHIPPING: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

row! {
    /// Where the journal stands, as far as the ledger knows.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
    pub struct Head {
        /// The last segment.
        pub segment: i64,
        /// The last record in it.
        pub number: i64,
        /// That record's hash.
        pub hash: String,
        /// The outbox rows of the segment that is being written, a JSON array.
        #[serde(skip)]
        pub staged: Option<String>,
        /// When the last segment was written.
        pub shipped_at: Option<String>,
        /// Why nothing can be written.
        pub error: Option<String>,
        /// Since when.
        pub error_at: Option<String>,
        /// Since when live sweeps wait for a person, because of that.
        pub halted_at: Option<String>,
        /// Why they do.
        pub halted_for: Option<Halt>,
        /// When the journal was found to be ahead of the ledger; live sweeps wait.
        pub restored_at: Option<String>,
        /// The sweep that replays the journal.
        pub replay: Option<i64>,
        /// The ledger's random name; `None` until a journal of version 0.1 was looked at.
        #[serde(skip)]
        pub ledger: Option<String>,
        /// The [identity](Ledger::database_identity) of the ledger's database.
        #[serde(skip)]
        pub database: Option<String>,
        /// Segments up to this one count, regardless of the writer.
        #[serde(skip)]
        pub adopted: i64,
        /// The segment that a copy of this database has written, until it is gone or an operator has decided.
        #[serde(skip)]
        pub copied: Option<i64>,
        /// The fingerprint of the key that seals the next record.
        pub key_mark: Option<String>,
        /// Whether an operator confirmed that the replay may exceed the brake.
        #[serde(skip)]
        pub over_brake: i64,
    }
}

words! {
    "the causes are";
    /// Why live sweeps wait for a person to see to the journal.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Halt {
        /// A segment is missing, or is not as this ledger has written it.
        Damaged = "damaged",
        /// Journal and database may not belong together.
        Origin = "origin",
        /// The configured key is not the one that seals the journal.
        Key = "key",
    }
}

from_text!(Halt);

/// Who begins a journal.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The ledger's random name.
    pub ledger: String,
    /// The [identity](Ledger::database_identity) of its database.
    pub database: String,
    /// The fingerprint of the key, if there is one.
    pub key_mark: Option<String>,
}

/// In place of an outcome: records after this one are sealed with another key.
pub const ROTATED: &str = "rotated";

row! {
    /// An outcome, or what became of a hold, that waits to be written.
    #[derive(Debug, Clone)]
    pub struct Waiting {
        /// Its place in the outbox.
        pub id: i64,
        pub client_key: String,
        /// The sweep; 0 for a hold.
        pub sweep: i64,
        /// The sweep's kind, or [`OF_A_HOLD`](super::OF_A_HOLD).
        pub kind: String,
        /// The outcome; of a hold, that it was placed or released.
        pub outcome: String,
        /// When it was committed.
        pub at: String,
        pub digest: String,
    }
}

row! {
    /// What waits to be written.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
    pub struct Backlog {
        /// How many outcomes.
        pub records: i64,
        /// The moment of the oldest.
        pub since: Option<String>,
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Segment {
        pub segment: i64,
        /// Its last record.
        pub number: i64,
        /// That record's hash.
        pub hash: String,
    }
}

/// A record that the journal has and the ledger has not, as one element of a JSON array.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    pub number: i64,
    /// The client's key, or its hash as the journal names it.
    pub client: String,
    pub sweep: i64,
    /// The sweep's kind.
    pub kind: String,
    pub outcome: String,
    /// When it was committed.
    pub at: String,
    pub digest: String,
}

impl Ledger {
    /// Puts the outcomes that a batch has just recorded into the outbox, if
    /// they are news and there is a journal: inside the batch's transaction.
    pub async fn to_journal(&self, connection: &mut Connection, sweep: i64, at: &str) -> Result<(), StoreError> {
        // From the ledger, so that nothing is told which it does not say.
        sql!(query, "journal/to_outbox", sweep, at).run(connection).await
    }

    /// Where the journal stands; `None` if none was ever configured.
    pub async fn journal(&self) -> Result<Option<Head>, StoreError> {
        sql!(query_as, "journal/journal").fetch_optional(self.readers()).await
    }

    /// Begins a journal, behind `hash`: from now on outcomes and holds are put
    /// into the outbox; those of all clients anonymized so far are, and the holds
    /// in force.
    pub async fn begin_journal(&self, hash: &str, by: &Beginning) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        // A batch that has recorded its outcomes did not see the journal; one that has not yet will. So with holds.
        if let Some(lock) = self.store.dialect().keep_others_from_recording {
            query(lock).execute(&mut *transaction).await?;
        }
        let is_new = sql!(query, "journal/begin", hash, &by.ledger, &by.database, &by.key_mark)
            .took_effect(&mut *transaction)
            .await?;
        if is_new {
            sql!(query, "journal/begin_with_outcomes").execute(&mut *transaction).await?;
            sql!(query, "journal/begin_with_holds", PLACED).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Forgets the journal, so that the next one begins anew with all that the ledger has.
    pub async fn forget_journal(&self) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        sql!(query, "journal/forget").run(&mut *transaction).await?;
        sql!(query, "journal/forget_segments").run(&mut *transaction).await?;
        sql!(query, "journal/forget_outbox").run(&mut *transaction).await?;
        transaction.commit().await
    }

    /// What waits to be written.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        sql!(query_as, "journal/backlog").fetch_one(self.readers()).await
    }

    /// Takes the right to write the journal, or keeps it; `false` if another process has it.
    pub async fn take_shipping(&self, lease: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        sql!(query, "journal/take_shipping", lease, moment(now + SHIPPING), moment(now)).took_effect(self).await
    }

    /// Gives the right to write the journal back.
    pub async fn leave_shipping(&self, lease: &str) -> Result<(), StoreError> {
        sql!(query, "journal/leave_shipping", lease).run(self).await
    }

    /// Chooses what the next segment holds: the oldest that wait, whatever
    /// their numbers, as numbers do not follow the order of commits. A segment
    /// ends where the key changes.
    pub async fn stage(&self, head: &Head, most: usize) -> Result<bool, StoreError> {
        let waiting: Vec<(i64, String)> =
            sql!(query_as, "journal/oldest_waiting", most).fetch_all(self.readers()).await?;
        let rotation = waiting.iter().position(|(_, outcome)| outcome == ROTATED);
        let ids: Vec<i64> = waiting.iter().take(rotation.map_or(most, |at| at + 1)).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(false);
        }
        sql!(query, "journal/stage", serde_json::json!(ids).to_string(), head.segment).took_effect(self).await
    }

    /// What the segment that is being written holds, always in the same order.
    pub async fn staged(&self, ids: &str) -> Result<Vec<Waiting>, StoreError> {
        sql!(query_as, "journal/staged", ids).with("ids", &self.numbers()).fetch_all(self.readers()).await
    }

    /// Notes that a segment is in the journal, and empties the outbox of it.
    /// Returns whether no other process had noted it already.
    /// `key_mark` is of the key that seals the next one.
    pub async fn shipped(&self, ids: &str, segment: &Segment, key_mark: Option<&str>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        if !self.advance(&mut transaction, segment, key_mark).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        sql!(query, "journal/shipped", ids).with("ids", &self.numbers()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes the choice for the next segment back.
    pub async fn unstage(&self, ids: &str) -> Result<(), StoreError> {
        sql!(query, "journal/unstage", ids).run(self).await
    }

    pub(super) async fn advance(
        &self,
        connection: &mut Connection,
        segment: &Segment,
        key_mark: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let is_next = sql!(query, "journal/advance", segment.segment, segment.number, &segment.hash, &now, key_mark)
            .took_effect(&mut *connection)
            .await?;
        if !is_next {
            return Ok(false);
        }
        sql!(query, "journal/insert_segment", segment.segment, segment.number, &segment.hash, &now)
            .execute(connection)
            .await?;
        Ok(true)
    }

    /// Notes why the journal cannot be used, or that it can. What goes on keeps
    /// its first time, whatever its wording. Returns whether that is news.
    pub async fn journal_trouble(&self, head: &Head, error: Option<&str>) -> Result<bool, StoreError> {
        if head.error.as_deref() == error {
            return Ok(false);
        }
        sql!(query, "journal/note_trouble", error, self.now()).took_effect(self).await
    }

    /// Has live sweeps wait for a person. Returns whether that is news.
    pub async fn halt_sweeps(&self, head: &Head, why: Halt, error: &str) -> Result<bool, StoreError> {
        if head.error.as_deref() == Some(error) && head.halted_at.is_some() && head.halted_for == Some(why) {
            return Ok(false);
        }
        sql!(query, "journal/halt_sweeps", error, self.now(), why.as_str()).took_effect(self).await
    }

    /// Lets live sweeps go on: the journal is as it should be.
    pub async fn resume_sweeps(&self) -> Result<(), StoreError> {
        sql!(query, "journal/resume_sweeps").run(self).await
    }

    /// The journal's next segments behind this one, as the ledger knows them.
    pub async fn segments_behind(&self, segment: i64, most: u32) -> Result<Vec<Segment>, StoreError> {
        sql!(query_as, "journal/segments_behind", segment, most).fetch_all(self.readers()).await
    }

    /// How many outcomes the ledger has.
    pub async fn count_outcomes(&self) -> Result<i64, StoreError> {
        sql!(query_scalar, "journal/count_outcomes").fetch_one(self.readers()).await
    }

    /// The next outcomes behind a client and sweep: client, sweep, outcome, moment.
    pub async fn outcomes_behind(
        &self,
        behind: (&str, i64),
        most: u32,
    ) -> Result<Vec<(String, i64, String, String)>, StoreError> {
        sql!(query_as, "journal/outcomes_behind", behind.0, behind.1, most).fetch_all(self.readers()).await
    }

    /// The next holds behind a number: number, client, when placed, when released.
    pub async fn holds_behind(
        &self,
        behind: i64,
        most: u32,
    ) -> Result<Vec<(i64, String, String, Option<String>)>, StoreError> {
        sql!(query_as, "journal/holds_behind", behind, most).fetch_all(self.readers()).await
    }

    /// The numbers in `$1`, a JSON array.
    fn numbers(&self) -> String {
        self.store.dialect().numbers_in("$1")
    }

    /// The records in `$1`, a JSON array of [`Known`], as rows `r`.
    pub(super) fn rows(&self) -> String {
        let columns = [
            ("number", true),
            ("client", false),
            ("sweep", true),
            ("kind", false),
            ("outcome", false),
            ("at", false),
            ("digest", false),
        ];
        self.store.dialect().records("$1", &columns)
    }
}
