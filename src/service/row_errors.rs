//! What is wrong with the workbook of a review that was given back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::failure::{Failure, Kind};
use super::workbooks::{File, XLSX, file_name, in_background};
use crate::ledger::Import;
use crate::sheet::{Row, Workbook, write};

/// What is wrong with a workbook that was given back. It quotes no value.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RowError {
    /// The row's number, as spreadsheet programs show it; none if it is the file.
    pub row: Option<u32>,
    /// The column.
    pub column: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it. Version 0.1.0 wrote it as `mend`.
    #[serde(alias = "mend")]
    pub fix: String,
}

impl RowError {
    /// What is wrong with a workbook, as the ledger keeps it.
    pub fn of(import: &Import) -> Result<Vec<Self>, Failure> {
        Vec::deserialize(&import.errors).map_err(|_| {
            let what = format!("the errors of import {} cannot be read", import.id);
            Failure::new(what, "import the workbook again").of(Kind::Conflict)
        })
    }

    pub(super) fn of_file(what: impl Into<String>, fix: &str) -> Self {
        Self { row: None, column: None, what: what.into(), fix: fix.to_owned() }
    }

    pub(super) fn of_row(row: &Row, column: &str, what: impl Into<String>, fix: &str) -> Self {
        Self { row: Some(row.number), column: Some(column.to_owned()), what: what.into(), fix: fix.to_owned() }
    }
}

impl Service {
    /// What is wrong with a workbook that was given back, as an XLSX file.
    ///
    /// # Errors
    ///
    /// [`Failure`] if nothing is wrong with it, or there is none.
    pub async fn import_errors(&self, id: i64) -> Result<File, Failure> {
        let import = self.import(id).await?;
        let errors = RowError::of(&import)?;
        if errors.is_empty() {
            let what = format!("nothing is wrong with import {id}");
            return Err(Failure::new(what, "there is an error file only if the import was refused").of(Kind::NotFound));
        }
        let rows = errors.into_iter().map(|own| {
            let row = own.row.map(|row| row.to_string()).unwrap_or_default();
            vec![row, own.column.unwrap_or_default(), own.what, own.fix]
        });
        let workbook = Workbook {
            about: [("Review", import.review.clone()), ("Import", id.to_string())]
                .map(|(name, said)| (name.to_owned(), said))
                .to_vec(),
            columns: ["Row", "Column", "Error", "What to do"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        let (bytes, _) = in_background(move || write(&workbook)).await?;
        Ok(File { name: format!("{} errors {id}.xlsx", file_name(&import.review)), kind: XLSX, bytes })
    }
}
