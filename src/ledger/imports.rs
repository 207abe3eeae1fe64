//! Workbooks of reviews: who took one, and what came of those given back.

use serde::Serialize;

use super::Ledger;
use super::reviews::Sought;
use crate::database::{Connection, StoreError, from_row, query, query_as, query_scalar};

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
    /// `refused`, `taken` (a second person approves what is left) or `approved`.
    pub state: String,
    /// Clients left in it.
    pub kept: i64,
    /// Clients that were taken out.
    pub removed: i64,
    /// What is wrong with it.
    #[serde(serialize_with = "super::reviews::as_json")]
    #[schema(value_type = Vec<Object>)]
    pub errors: String,
    /// The sweep that was opened.
    pub sweep: Option<i64>,
    /// What the review was made of, as the ledger has it.
    #[serde(skip)]
    pub asked: String,
}

from_row!(Import { id, review, made_by, made_at, file, saved_with, state, kept, removed, errors, sweep, asked } json errors: serde_json::Value);

/// A workbook that was given back, to be noted.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The review's number.
    pub review: i64,
    pub made_by: String,
    /// SHA-256 of the file, in hex.
    pub file: String,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
    /// `refused`, `taken` or `approved`.
    pub state: &'static str,
    /// Clients left in it.
    pub kept: usize,
    /// Clients that were taken out.
    pub removed: usize,
    /// What is wrong with it, as a JSON array.
    pub errors: String,
}

const COLUMNS: &str = "i.id, r.name AS review, i.made_by, i.made_at, i.file, i.saved_with, i.state, i.kept, i.removed, i.errors, i.sweep, r.asked \
     FROM lethe_imports AS i JOIN lethe_reviews AS r ON r.id = i.review";

impl Ledger {
    /// Notes that somebody takes a review's workbook, by the digest of the part
    /// that a program writes anew when it saves.
    pub async fn exported(&self, review: i64, workbook: &str, by: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let noted = query("INSERT INTO lethe_exports (review, made_by, made_at, workbook) VALUES ($1, $2, $3, $4)")
            .bind(review)
            .bind(by)
            .bind(self.now())
            .bind(workbook)
            .execute(&mut **writer)
            .await;
        noted.map(|_| ())
    }

    /// Whether any review's workbook was handed out with this digest.
    pub async fn was_exported(&self, workbook: &str) -> Result<bool, StoreError> {
        let found: i64 = query_scalar("SELECT count(*) FROM lethe_exports WHERE workbook = $1")
            .bind(workbook)
            .fetch_one(self.readers())
            .await?;
        Ok(found > 0)
    }

    /// Notes a workbook that was given back, with the sweep it opened, and returns its number.
    pub(super) async fn add_import(
        &self,
        connection: &mut Connection,
        import: &NewImport,
        sweep: Option<i64>,
    ) -> Result<i64, StoreError> {
        query_scalar(
            "INSERT INTO lethe_imports (review, made_by, made_at, file, saved_with, state, kept, removed, errors, sweep) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(import.review)
        .bind(&import.made_by)
        .bind(self.now())
        .bind(&import.file)
        .bind(&import.saved_with)
        .bind(import.state)
        .bind(i64::try_from(import.kept).unwrap_or(i64::MAX))
        .bind(i64::try_from(import.removed).unwrap_or(i64::MAX))
        .bind(&import.errors)
        .bind(sweep)
        .fetch_one(connection)
        .await
    }

    /// Notes a workbook that was refused, and returns its number.
    pub async fn refuse_import(&self, import: &NewImport) -> Result<i64, StoreError> {
        let mut writer = self.writer().await;
        self.add_import(&mut writer, import, None).await
    }

    /// The workbook that opened a sweep.
    pub async fn import_of(&self, sweep: i64) -> Result<Option<Import>, StoreError> {
        query_as(format!("SELECT {COLUMNS} WHERE i.sweep = $1")).bind(sweep).fetch_optional(self.readers()).await
    }

    /// Workbooks that were given back, the newest first.
    pub async fn imports(&self, sought: &Sought, most: u32) -> Result<Vec<Import>, StoreError> {
        let [name, state, made_by, since] = sought.patterns();
        let sql = format!(
            "SELECT {COLUMNS} WHERE lower(r.name) LIKE $1 ESCAPE '!' AND i.state LIKE $2 ESCAPE '!' \
             AND i.made_by LIKE $3 ESCAPE '!' AND i.made_at >= $4 ORDER BY i.id DESC LIMIT $5"
        );
        query_as(sql)
            .bind(name)
            .bind(state)
            .bind(made_by)
            .bind(since)
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
    }

    /// A workbook that was given back.
    pub async fn import(&self, id: i64) -> Result<Option<Import>, StoreError> {
        query_as(format!("SELECT {COLUMNS} WHERE i.id = $1")).bind(id).fetch_optional(self.readers()).await
    }
}
