//! Workbooks of reviews: who took one, and what came of those given back.

use serde::Serialize;

use super::Ledger;
use super::reviews::Sought;
use crate::database::{Connection, StoreError, row};

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

impl Ledger {
    /// Notes that a person takes a review's workbook, by the digest of the part
    /// that a program writes anew when it saves.
    pub async fn exported(&self, review: i64, workbook: &str, by: &str) -> Result<(), StoreError> {
        sql!(query, "imports/exported", review, by, self.now(), workbook).run(self).await
    }

    /// Whether any review's workbook was handed out with this digest.
    pub async fn was_exported(&self, workbook: &str) -> Result<bool, StoreError> {
        sql!(query_scalar, "imports/was_exported", workbook).fetch_one(self.readers()).await
    }

    /// Records that a user gives a workbook back, and returns the import's number.
    pub async fn begin_import(&self, review: i64, file: &str, by: &str) -> Result<i64, StoreError> {
        sql!(query_scalar, "imports/begin_import", review, by, self.now(), file).fetch_one(self).await
    }

    /// Records how many rows of a workbook have been read and checked.
    pub async fn import_goes_on(&self, import: i64, read: u64, checked: u64) -> Result<(), StoreError> {
        sql!(query, "imports/import_goes_on", import, read, checked, self.now()).run(self).await
    }

    /// Records what came of a workbook, with the sweep it opened. What was decided is not refused any more.
    pub(super) async fn end_import(
        &self,
        connection: &mut Connection,
        import: &NewImport,
        sweep: Option<i64>,
    ) -> Result<(), StoreError> {
        sql!(
            query,
            "imports/end_import",
            import.id,
            &import.saved_with,
            import.state,
            import.rows_read,
            import.rows_checked,
            import.kept,
            import.removed,
            &import.errors,
            import.clients.as_deref(),
            sweep
        )
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
        sql!(query_as, "imports/rest_of_import", import).fetch_one(self.readers()).await
    }

    /// Deletes the clients that the imports of a review hold.
    pub(super) async fn forget_imported(&self, connection: &mut Connection, review: i64) -> Result<(), StoreError> {
        sql!(query, "imports/forget_imported", review).run(connection).await
    }

    /// Ends imports whose process has not been seen since a moment.
    pub(super) async fn end_dead_imports(&self, connection: &mut Connection, alive: &str) -> Result<(), StoreError> {
        sql!(query, "imports/end_dead_imports", alive, CUT_SHORT).run(connection).await
    }

    /// Workbooks that were given back, the newest first.
    pub async fn imports(&self, sought: &Sought, most: u32) -> Result<Vec<Import>, StoreError> {
        let [name, state, made_by, since] = sought.patterns();
        sql!(query_as, "imports/imports", name, state, made_by, since, most).fetch_all(self.readers()).await
    }

    /// A workbook that was given back.
    pub async fn import(&self, id: i64) -> Result<Option<Import>, StoreError> {
        sql!(query_as, "imports/import", id).fetch_optional(self.readers()).await
    }
}
