//! Writes workbooks.

use std::io::{Cursor, Write};

use rust_xlsxwriter::{Format, FormatAlign, Workbook as Book, Worksheet, XlsxError};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{ABOUT, ROWS, SheetError, package, plain};

/// The widest column, in characters.
const WIDEST: usize = 60;

#[derive(Debug, Clone, Default)]
pub struct Workbook {
    /// What the rows are: a name and what it is, line by line.
    pub about: Vec<(String, String)>,
    pub columns: Vec<String>,
    /// A row for each client; every cell is a text.
    pub rows: Vec<Vec<String>>,
}

/// A workbook's bytes, and the digest of the part that every program writes anew when it saves.
pub fn write(workbook: &Workbook) -> Result<(Vec<u8>, String), SheetError> {
    let bytes = written(workbook).map_err(|_| SheetError::NotWritten)?;
    let digest = package::digest(&bytes)?;
    Ok((bytes, digest))
}

fn written(workbook: &Workbook) -> Result<Vec<u8>, XlsxError> {
    let mut book = Book::new();
    let rows = book.add_worksheet().set_name(ROWS)?;
    // A number that begins with zeros stays as it is, also when a person types it anew.
    let texts = Format::new().set_num_format("@");
    let header: Vec<&str> = workbook.columns.iter().map(String::as_str).collect();
    line(rows, 0, &header, &Format::new().set_bold().set_num_format("@"))?;
    for (at, cells) in (1..).zip(&workbook.rows) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(rows, at, &cells, &texts)?;
    }
    for (column, name) in (0..).zip(&workbook.columns) {
        let cells = workbook.rows.iter().filter_map(|row| row.get(usize::from(column)));
        wide(rows, column, cells.map(String::as_str).chain([name.as_str()]))?;
    }
    rows.set_freeze_panes(1, 0)?;
    let about = book.add_worksheet().set_name(ABOUT)?;
    let (bold, wrapped) =
        (Format::new().set_bold().set_align(FormatAlign::Top), Format::new().set_text_wrap().set_num_format("@"));
    for (at, (name, said)) in (0..).zip(&workbook.about) {
        about.write_string_with_format(at, 0, plain(name), &bold)?;
        about.write_string_with_format(at, 1, plain(said), &wrapped)?;
    }
    wide(about, 0, workbook.about.iter().map(|own| own.0.as_str()))?;
    wide(about, 1, workbook.about.iter().map(|own| own.1.as_str()))?;
    book.save_to_buffer()
}

fn line(sheet: &mut Worksheet, row: u32, cells: &[&str], format: &Format) -> Result<(), XlsxError> {
    for (column, cell) in (0..).zip(cells) {
        sheet.write_string_with_format(row, column, plain(cell), format)?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn wide<'a>(sheet: &mut Worksheet, column: u16, cells: impl Iterator<Item = &'a str>) -> Result<(), XlsxError> {
    let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
    sheet.set_column_width(column, (longest.clamp(8, WIDEST) + 2) as f64)?;
    Ok(())
}

/// One file as a ZIP archive.
pub fn zipped(name: &str, bytes: &[u8]) -> Result<Vec<u8>, SheetError> {
    packed(name, bytes).map_err(|_| SheetError::NotWritten)
}

fn packed(name: &str, bytes: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, SimpleFileOptions::default())?;
    archive.write_all(bytes)?;
    Ok(archive.finish()?.into_inner())
}
