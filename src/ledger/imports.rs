//! Workbooks of reviews: who took one, and what came of those given back.

use serde::Serialize;

use super::Ledger;
use super::reviews::Sought;
use crate::database::{Connection, StoreError, query, query_as, query_scalar, row};

row! {
    /// A workbook that was given back.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Import {
        /// Its number.
        pub id: i64,
        /// The review's name.
        pub review: String,
        /// Who gave it back.
        pub made_by: String,
        /// When.
        pub made_at: String,
        /// SHA-256 of the file, in hex.
        pub file: String,
        /// The program that saved it, as it says itself.
        pub saved_with: String,
        /// `reading`, `refused`, `taken` (a second person approves what is left) or `approved`.
        pub state: String,
        /// Rows that have been read.
        pub rows_read: i64,
        /// Rows that have been compared with the database.
        pub rows_checked: i64,
        /// Clients left in it. If it is refused for errors in some rows: those whose rows have none, who can be continued with.
        pub kept: i64,
        /// The other clients of the review.
        pub removed: i64,
        /// What is wrong with it.
        #[schema(value_type = Vec<Object>)]
        pub errors: serde_json::Value,
        /// The sweep that was opened.
        pub sweep: Option<i64>,
        /// What the review was made of, as the ledger has it.
        #[serde(skip)]
        pub asked: serde_json::Value,
    }
}

/// What came of a workbook.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The import's number.
    pub id: i64,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
    /// `refused`, `taken` or `approved`.
    pub state: &'static str,
    pub rows_read: u64,
    pub rows_checked: u64,
    /// Clients left in it.
    pub kept: i64,
    /// The other clients of its review.
    pub removed: i64,
    /// What is wrong with it, as a JSON array.
    pub errors: String,
    /// Keys of the clients left, as a JSON array, if some rows have errors.
    pub clients: Option<String>,
}

/// What is wrong with a workbook whose process died while reading it.
const CUT_SHORT: &str =
    r#"[{"row":null,"column":null,"what":"the reading of the workbook was interrupted","fix":"import it again"}]"#;

const COLUMNS: &str = "i.id, r.name AS review, i.made_by, i.made_at, i.file, i.saved_with, i.state, i.rows_read, i.rows_checked, \
     i.kept, i.removed, i.errors, i.sweep, r.asked \
     FROM lethe_imports AS i JOIN lethe_reviews AS r ON r.id = i.review";

impl Ledger {
    /// Notes that a person takes a review's workbook, by the digest of the part
    /// that a program writes anew when it saves.
    pub async fn exported(&self, review: i64, workbook: &str, by: &str) -> Result<(), StoreError> {
        query("INSERT INTO lethe_exports (review, made_by, made_at, workbook) VALUES ($1, $2, $3, $4)")
            .bind(review)
            .bind(by)
            .bind(self.now())
            .bind(workbook)
            .run(self)
            .await
    }

    /// Whether any review's workbook was handed out with this digest.
    pub async fn was_exported(&self, workbook: &str) -> Result<bool, StoreError> {
        query_scalar("SELECT count(*) > 0 FROM lethe_exports WHERE workbook = $1")
            .bind(workbook)
            .fetch_one(self.readers())
            .await
    }

    /// Records that a user gives a workbook back, and returns the import's number.
    pub async fn begin_import(&self, review: i64, file: &str, by: &str) -> Result<i64, StoreError> {
        query_scalar(
            "INSERT INTO lethe_imports (review, made_by, made_at, alive_at, file, saved_with, state, kept, removed, errors) \
             VALUES ($1, $2, $3, $3, $4, '', 'reading', 0, 0, '[]') RETURNING id",
        )
        .bind(review)
        .bind(by)
        .bind(self.now())
        .bind(file)
        .fetch_one(self)
        .await
    }

    /// Records how many rows of a workbook have been read and checked.
    pub async fn import_goes_on(&self, import: i64, read: u64, checked: u64) -> Result<(), StoreError> {
        query(
            "UPDATE lethe_imports SET rows_read = $2, rows_checked = $3, alive_at = $4 WHERE id = $1 AND state = 'reading'",
        )
        .bind(import)
        .bind(read)
        .bind(checked)
        .bind(self.now())
        .run(self)
        .await
    }

    /// Records what came of a workbook, with the sweep it opened. What was decided is not refused any more.
    pub(super) async fn end_import(
        &self,
        connection: &mut Connection,
        import: &NewImport,
        sweep: Option<i64>,
    ) -> Result<(), StoreError> {
        query(
            "UPDATE lethe_imports SET saved_with = $2, state = $3, rows_read = $4, rows_checked = $5, kept = $6, \
             removed = $7, errors = $8, clients = $9, sweep = $10 WHERE id = $1 AND (state = 'reading' OR $3 <> 'refused')",
        )
        .bind(import.id)
        .bind(&import.saved_with)
        .bind(import.state)
        .bind(import.rows_read)
        .bind(import.rows_checked)
        .bind(import.kept)
        .bind(import.removed)
        .bind(&import.errors)
        .bind(import.clients.as_deref())
        .bind(sweep)
        .run(connection)
        .await
    }

    /// Records that a workbook was refused.
    pub async fn refuse_import(&self, import: &NewImport) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        self.end_import(&mut writer, import, None).await
    }

    /// The review of an import, and the clients whose rows had no error, if others had.
    pub async fn rest_of_import(&self, import: i64) -> Result<(i64, Option<Vec<String>>), StoreError> {
        query_as("SELECT review, clients FROM lethe_imports WHERE id = $1").bind(import).fetch_one(self.readers()).await
    }

    /// Deletes the clients that the imports of a review hold.
    pub(super) async fn forget_imported(&self, connection: &mut Connection, review: i64) -> Result<(), StoreError> {
        let forgotten = query("UPDATE lethe_imports SET clients = NULL WHERE review = $1 AND clients IS NOT NULL");
        forgotten.bind(review).run(connection).await
    }

    /// Ends imports whose process has not been seen since a moment.
    pub(super) async fn end_dead_imports(&self, connection: &mut Connection, alive: &str) -> Result<(), StoreError> {
        query("UPDATE lethe_imports SET state = 'refused', errors = $2 WHERE state = 'reading' AND alive_at < $1")
            .bind(alive)
            .bind(CUT_SHORT)
            .run(connection)
            .await
    }

    /// Workbooks that were given back, the newest first.
    pub async fn imports(&self, sought: &Sought, most: u32) -> Result<Vec<Import>, StoreError> {
        let [name, state, made_by, since] = sought.patterns();
        let sql = format!(
            "SELECT {COLUMNS} WHERE lower(r.name) LIKE $1 ESCAPE '!' AND i.state LIKE $2 ESCAPE '!' \
             AND i.made_by LIKE $3 ESCAPE '!' AND i.made_at >= $4 ORDER BY i.id DESC LIMIT $5"
        );
        query_as(sql).bind(name).bind(state).bind(made_by).bind(since).bind(most).fetch_all(self.readers()).await
    }

    /// A workbook that was given back.
    pub async fn import(&self, id: i64) -> Result<Option<Import>, StoreError> {
        query_as(format!("SELECT {COLUMNS} WHERE i.id = $1")).bind(id).fetch_optional(self.readers()).await
    }
}
