//! What is wrong with a file that was to be a workbook.

/// Why a file cannot be taken. None of them quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Something else altogether.
    #[error("the file is not an XLSX workbook")]
    NotXlsx,
    /// It unpacks to more than anybody wrote.
    #[error("the file unpacks to more than a workbook of 100,000 rows")]
    TooLarge,
    /// It has what a list of clients does not.
    #[error("the workbook has {0}")]
    Foreign(&'static str),
    /// One of its two sheets is gone.
    #[error("the workbook has no sheet `{0}`")]
    NoSheet(&'static str),
    /// Some rows are there and not shown.
    #[error("the workbook hides {0}")]
    Hidden(&'static str),
    #[error("the workbook could not be written")]
    NotWritten,
}

impl SheetError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotXlsx => "open the workbook that was exported in a spreadsheet program, and save it as XLSX",
            Self::TooLarge => "export the review again, and only take rows out",
            Self::Foreign(_) => "export the review again, only take rows out, and save it as plain XLSX",
            Self::NoSheet(_) => "export the review again, and leave its sheets and their names as they are",
            Self::Hidden(_) => "show everything, delete the rows of clients to keep, and save it again",
            Self::NotWritten => "try it again; if it stays so, it is a fault of ours",
        }
    }
}
