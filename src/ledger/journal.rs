//! What the ledger knows of the journal: how far it goes, what waits to be
//! written to it, and whether it is ahead.

use serde::Serialize;

use super::{Ledger, PLACED, moment};
use crate::database::{Connection, StoreError, from_row, from_text, query, query_as, query_scalar};

/// How long the journal stays leased to a process that has stopped responding.
const SHIPPING: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

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
    /// The sweep that does again what the journal knows.
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

from_row!(Head {
    segment,
    number,
    hash,
    staged,
    shipped_at,
    error,
    error_at,
    halted_at,
    halted_for,
    restored_at,
    replay,
    ledger,
    database,
    adopted,
    copied,
    key_mark,
    over_brake
});

/// Why live sweeps wait for a person to see to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Halt {
    /// A segment is missing, or is not as this ledger has written it.
    Damaged,
    /// Journal and database may not belong together.
    Origin,
    /// The configured key is not the one that seals the journal.
    Key,
}

impl Halt {
    pub const ALL: [Self; 3] = [Self::Damaged, Self::Origin, Self::Key];

    /// The word used in tables and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Origin => "origin",
            Self::Key => "key",
        }
    }
}

impl std::str::FromStr for Halt {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|own| own.as_str() == word).ok_or(())
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

from_row!(Waiting { id, client_key, sweep, kind, outcome, at, digest });

/// What waits to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Backlog {
    /// How many outcomes.
    pub records: i64,
    /// The moment of the oldest.
    pub since: Option<String>,
}

from_row!(Backlog { records, since });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub segment: i64,
    /// Its last record.
    pub number: i64,
    /// That record's hash.
    pub hash: String,
}

from_row!(Segment { segment, number, hash });

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

const WAITING: &str = "SELECT o.id, o.client_key, o.sweep, COALESCE(s.kind, CASE o.outcome WHEN 'rotated' THEN 'key' ELSE 'hold' END) AS kind, o.outcome, o.at, o.digest \
     FROM lethe_outbox AS o LEFT JOIN lethe_sweeps AS s ON s.id = o.sweep";

impl Ledger {
    /// Puts the outcomes that a batch has just recorded into the outbox, if
    /// they are news and there is a journal: inside the batch's transaction.
    pub async fn to_journal(&self, connection: &mut Connection, sweep: i64, at: &str) -> Result<(), StoreError> {
        // From the ledger, so that nothing is told which it does not say.
        query(
            "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) \
             SELECT o.client_key, o.sweep, o.outcome, o.last_at, o.digest FROM lethe_batch AS b \
             JOIN lethe_outcomes AS o ON o.client_key = b.key AND o.sweep = $1 \
             WHERE b.standing = 0 AND o.outcome = b.state AND o.last_at = $2 AND EXISTS (SELECT 1 FROM lethe_journal) ORDER BY b.n",
        )
        .bind(sweep)
        .bind(at)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Where the journal stands; `None` if none was ever configured.
    pub async fn journal(&self) -> Result<Option<Head>, StoreError> {
        query_as(
            "SELECT segment, number, hash, staged, shipped_at, error, error_at, halted_at, halted_for, restored_at, replay, ledger, database, \
             adopted, copied, key_mark, over_brake FROM lethe_journal",
        )
        .fetch_optional(self.readers())
        .await
    }

    /// Begins a journal, behind `hash`: from now on outcomes and holds are put
    /// into the outbox; those of all clients anonymized so far are, and the holds
    /// in force.
    pub async fn begin_journal(&self, hash: &str, by: &Beginning) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            // A batch that has recorded its outcomes did not see the journal; one that has not yet will. So with holds.
            if let Some(lock) = self.store.dialect().keep_others_from_recording {
                query(lock).execute(&mut *transaction).await?;
            }
            let begun = query(
                "INSERT INTO lethe_journal (id, hash, ledger, database, key_mark) VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
            )
            .bind(hash)
            .bind(&by.ledger)
            .bind(&by.database)
            .bind(&by.key_mark)
            .execute(&mut *transaction)
            .await?;
            if begun > 0 {
                query(
                    "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) SELECT client_key, sweep, outcome, at, digest \
                     FROM lethe_outcomes WHERE outcome = 'anonymized' ORDER BY sweep, client_key",
                )
                .execute(&mut *transaction)
                .await?;
                let holds = "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) \
                             SELECT client_key, 0, $1, placed_at, '' FROM lethe_holds WHERE released_at IS NULL ORDER BY id";
                query(holds).bind(PLACED).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        run.await
    }

    /// Forgets the journal, so that the next one begins anew with all that the ledger has.
    pub async fn forget_journal(&self) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            for table in ["DELETE FROM lethe_journal", "DELETE FROM lethe_segments", "DELETE FROM lethe_outbox"] {
                query(table).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        run.await
    }

    /// What waits to be written.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        query_as("SELECT count(*) AS records, min(at) AS since FROM lethe_outbox").fetch_one(self.readers()).await
    }

    /// Takes the right to write the journal, or keeps it; `false` if another process has it.
    pub async fn take_shipping(&self, lease: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut writer = self.writer().await;
        let taken = query("UPDATE lethe_journal SET lease = $1, lease_until = $2 WHERE lease IS NULL OR lease = $1 OR lease_until < $3")
            .bind(lease)
            .bind(moment(now + SHIPPING))
            .bind(moment(now))
            .execute(&mut **writer)
            .await?;
        Ok(taken > 0)
    }

    /// Gives the right to write the journal back.
    pub async fn leave_shipping(&self, lease: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("UPDATE lethe_journal SET lease = NULL WHERE lease = $1").bind(lease).execute(&mut **writer).await?;
        Ok(())
    }

    /// Chooses what the next segment holds: the oldest that wait, whatever
    /// their numbers, as numbers do not follow the order of commits. A segment
    /// ends where the key changes.
    pub async fn stage(&self, head: &Head, most: usize) -> Result<bool, StoreError> {
        let waiting: Vec<(i64, String)> = query_as("SELECT id, outcome FROM lethe_outbox ORDER BY id LIMIT $1")
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(self.readers())
            .await?;
        let rotation = waiting.iter().position(|(_, outcome)| outcome == ROTATED);
        let ids: Vec<i64> = waiting.iter().take(rotation.map_or(most, |at| at + 1)).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(false);
        }
        let mut writer = self.writer().await;
        let staged = query("UPDATE lethe_journal SET staged = $1 WHERE segment = $2 AND staged IS NULL")
            .bind(serde_json::json!(ids).to_string())
            .bind(head.segment)
            .execute(&mut **writer)
            .await?;
        Ok(staged > 0)
    }

    /// What the segment that is being written holds, always in the same order.
    pub async fn staged(&self, ids: &str) -> Result<Vec<Waiting>, StoreError> {
        query_as(format!("{WAITING} WHERE o.id IN ({}) ORDER BY o.id", self.numbers()))
            .bind(ids)
            .fetch_all(self.readers())
            .await
    }

    /// Notes that a segment is in the journal, and empties the outbox of it.
    /// Returns whether no other process had noted it already.
    /// `key_mark` is of the key that seals the next one.
    pub async fn shipped(&self, ids: &str, segment: &Segment, key_mark: Option<&str>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            if !self.advance(&mut transaction, segment, key_mark).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
            query(format!("DELETE FROM lethe_outbox WHERE id IN ({})", self.numbers()))
                .bind(ids)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<bool, StoreError>(true)
        };
        run.await
    }

    /// Takes the choice for the next segment back.
    pub async fn unstage(&self, ids: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("UPDATE lethe_journal SET staged = NULL WHERE staged = $1").bind(ids).execute(&mut **writer).await?;
        Ok(())
    }

    pub(super) async fn advance(
        &self,
        connection: &mut Connection,
        segment: &Segment,
        key_mark: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let advanced = query(
            "UPDATE lethe_journal SET segment = $1, number = $2, hash = $3, staged = NULL, shipped_at = $4, key_mark = $5, error = NULL, \
             error_at = NULL WHERE segment = $1 - 1",
        )
        .bind(segment.segment)
        .bind(segment.number)
        .bind(&segment.hash)
        .bind(&now)
        .bind(key_mark)
        .execute(&mut *connection)
        .await?;
        if advanced == 0 {
            return Ok(false);
        }
        query("INSERT INTO lethe_segments (segment, number, hash, at) VALUES ($1, $2, $3, $4)")
            .bind(segment.segment)
            .bind(segment.number)
            .bind(&segment.hash)
            .bind(&now)
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
        let mut writer = self.writer().await;
        let noted = query(
            "UPDATE lethe_journal SET error = $1, error_at = CASE WHEN $1 IS NOT NULL THEN COALESCE(error_at, $2) END \
             WHERE error IS DISTINCT FROM $1",
        )
        .bind(error)
        .bind(self.now())
        .execute(&mut **writer)
        .await?;
        Ok(noted > 0)
    }

    /// Has live sweeps wait for a person. Returns whether that is news.
    pub async fn halt_sweeps(&self, head: &Head, why: Halt, error: &str) -> Result<bool, StoreError> {
        if head.error.as_deref() == Some(error) && head.halted_at.is_some() && head.halted_for == Some(why) {
            return Ok(false);
        }
        let mut writer = self.writer().await;
        let noted = query(
            "UPDATE lethe_journal SET error = $1, error_at = COALESCE(error_at, $2), halted_at = COALESCE(halted_at, $2), halted_for = $3 \
             WHERE error IS DISTINCT FROM $1 OR halted_at IS NULL OR halted_for IS DISTINCT FROM $3",
        )
        .bind(error)
        .bind(self.now())
        .bind(why.as_str())
        .execute(&mut **writer)
        .await?;
        Ok(noted > 0)
    }

    /// Lets live sweeps go on: the journal is as it should be.
    pub async fn resume_sweeps(&self) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("UPDATE lethe_journal SET error = NULL, error_at = NULL, halted_at = NULL, halted_for = NULL WHERE halted_at IS NOT NULL")
            .execute(&mut **writer)
            .await
            .map(drop)
    }

    /// The journal's next segments behind this one, as the ledger knows them.
    pub async fn segments_behind(&self, segment: i64, most: u32) -> Result<Vec<Segment>, StoreError> {
        query_as("SELECT segment, number, hash FROM lethe_segments WHERE segment > $1 ORDER BY segment LIMIT $2")
            .bind(segment)
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
    }

    /// How many outcomes the ledger has.
    pub async fn count_outcomes(&self) -> Result<i64, StoreError> {
        query_scalar("SELECT count(*) FROM lethe_outcomes").fetch_one(self.readers()).await
    }

    /// The next outcomes behind a client and sweep: client, sweep, outcome, moment.
    pub async fn outcomes_behind(
        &self,
        behind: (&str, i64),
        most: u32,
    ) -> Result<Vec<(String, i64, String, String)>, StoreError> {
        query_as(
            "SELECT client_key, sweep, outcome, at FROM lethe_outcomes WHERE (client_key, sweep) > ($1, $2) \
             ORDER BY client_key, sweep LIMIT $3",
        )
        .bind(behind.0)
        .bind(behind.1)
        .bind(i64::from(most))
        .fetch_all(self.readers())
        .await
    }

    /// The next holds behind a number: number, client, when placed, when released.
    pub async fn holds_behind(
        &self,
        behind: i64,
        most: u32,
    ) -> Result<Vec<(i64, String, String, Option<String>)>, StoreError> {
        query_as("SELECT id, client_key, placed_at, released_at FROM lethe_holds WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(behind)
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
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
