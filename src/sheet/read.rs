//! Reads workbooks as people give them back.

use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::{ABOUT, MOST_ROWS, ROWS, SheetError, package, plain};

/// The most columns that are read.
const MOST_COLUMNS: u32 = 64;

/// A workbook as somebody saved it.
#[derive(Debug)]
pub struct Saved {
    /// What its sheet `About` says.
    pub about: Vec<(String, String)>,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows that have something in them.
    pub rows: Vec<Row>,
    /// SHA-256 of the part that every program writes anew when it saves, in hex.
    pub digest: String,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
}

/// A row with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, as spreadsheet programs show it.
    pub number: u32,
    /// Its cells as texts, empty at the end where nothing was written.
    pub cells: Vec<String>,
}

/// Reads a workbook. It may come from anybody: nothing is unpacked that is
/// larger than a list of clients, and nothing is computed.
///
/// # Errors
///
/// [`SheetError`] says why it cannot be taken.
pub fn read(bytes: &[u8]) -> Result<Saved, SheetError> {
    let package::Looked { digest, saved_with } = package::look(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| SheetError::NotXlsx)?;
    let about = sheet(&mut book, ABOUT)?;
    let about = about.into_iter().map(|row| {
        let mut cells = row.cells.into_iter();
        (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
    });
    let about = about.collect();
    let mut rows = sheet(&mut book, ROWS)?.into_iter().peekable();
    let columns = rows.next_if(|row| row.number == 1).map(|row| row.cells).unwrap_or_default();
    Ok(Saved { about, columns, rows: rows.collect(), digest, saved_with })
}

fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &'static str) -> Result<Vec<Row>, SheetError> {
    if !book.sheet_names().iter().any(|own| own == name) {
        return Err(SheetError::NoSheet(name));
    }
    let not_read = |_: XlsxError| SheetError::NotXlsx;
    // Cell by cell: a sheet may claim to be as large as sheets can be.
    let mut cells = book.worksheet_cells_reader(name).map_err(not_read)?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(not_read)? {
        let text = text(cell.get_value());
        let (row, column) = cell.get_position();
        if text.is_empty() {
            continue;
        }
        if column >= MOST_COLUMNS {
            return Err(SheetError::Foreign("more columns than were exported"));
        }
        let number = row + 1;
        if rows.last().is_none_or(|own| own.number != number) {
            if rows.len() > MOST_ROWS {
                return Err(SheetError::TooLarge);
            }
            rows.push(Row { number, cells: Vec::new() });
        }
        if let Some(own) = rows.last_mut() {
            let at = column as usize;
            own.cells.resize(own.cells.len().max(at + 1), String::new());
            own.cells[at] = text;
        }
    }
    Ok(rows)
}

fn text(value: &DataRef) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => plain(text),
        DataRef::SharedString(text) => plain(text),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(is_so) => is_so.to_string(),
        DataRef::DateTime(moment) => moment.as_f64().to_string(),
        DataRef::Error(_) => "#".to_owned(),
        DataRef::Empty => String::new(),
    }
}
