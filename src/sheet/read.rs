//! Reads workbooks as people give them back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::package::{Package, Piece, Tag, WORKBOOK, each, events};
use super::{ABOUT, MOST_ROWS, ROWS, SheetError, plain};

/// The most columns that are read.
const MOST_COLUMNS: usize = 64;

/// A workbook as a person saved it.
#[derive(Debug)]
pub struct Saved {
    /// What its sheet `About` says.
    pub about: Vec<(String, String)>,
    pub columns: Vec<String>,
    /// The rows that have something in them.
    pub rows: Vec<Row>,
    /// SHA-256 of the part that every program writes anew when it saves, in hex.
    pub digest: String,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, as spreadsheet programs show it.
    pub number: u32,
    /// Its cells as texts, empty at the end where nothing was written.
    pub cells: Vec<String>,
}

/// Reads a workbook. It may come from anybody: nothing is unpacked that is
/// larger than a list of clients, nothing is computed, and a sheet that hides
/// something is refused.
pub fn read(bytes: &[u8]) -> Result<Saved, SheetError> {
    read_counting(bytes, &AtomicU64::new(0))
}

/// The same, with the number of rows read so far in `count`.
pub fn read_counting(bytes: &[u8], count: &AtomicU64) -> Result<Saved, SheetError> {
    let package = Package::open(bytes)?;
    let texts = package.part("xl/sharedstrings.xml").map(shared).transpose()?.unwrap_or_default();
    let sheets = sheets(&package)?;
    let mut read = BTreeMap::new();
    for (name, path) in &sheets {
        let xml = package.part(path).ok_or(SheetError::NotXlsx)?;
        let unseen = AtomicU64::new(0);
        read.insert(name.as_str(), rows(xml, &texts, if name == ROWS { count } else { &unseen })?);
    }
    let mut sheet = |name: &'static str| read.remove(name).ok_or(SheetError::NoSheet(name));
    let about = sheet(ABOUT)?.into_iter().map(|row| {
        let mut cells = row.cells.into_iter();
        (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
    });
    let about = about.collect();
    let mut rows = sheet(ROWS)?.into_iter().peekable();
    let columns = rows.next_if(|row| row.number == 1).map(|row| row.cells).unwrap_or_default();
    Ok(Saved { about, columns, rows: rows.collect(), digest: package.digest, saved_with: package.saved_with })
}

/// The sheets by name, with their parts. A hidden one is refused.
fn sheets(package: &Package) -> Result<Vec<(String, String)>, SheetError> {
    let mut parts = BTreeMap::new();
    let references = package.part("xl/_rels/workbook.xml.rels").ok_or(SheetError::NotXlsx)?;
    each(references, |tag| {
        if let (Some(id), Some(target)) = (tag.attribute("Id")?, tag.attribute("Target")?) {
            let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
            parts.insert(id, path);
        }
        Ok(())
    })?;
    let mut sheets: Vec<(String, String)> = Vec::new();
    each(package.part(WORKBOOK).ok_or(SheetError::NotXlsx)?, |tag| {
        if !is_in_place(tag.path) {
            return Err(SheetError::NotXlsx);
        }
        if tag.path != "workbook/sheets/sheet" {
            return Ok(());
        }
        if tag.attribute("state")?.is_some_and(|own| own != "visible") {
            return Err(SheetError::Hidden("sheets"));
        }
        let name = tag.attribute("name")?.ok_or(SheetError::NotXlsx)?;
        let path = tag.relation()?.and_then(|id| parts.get(&id).cloned()).ok_or(SheetError::NotXlsx)?;
        if sheets.iter().any(|own| own.0 == name) {
            return Err(SheetError::NotXlsx);
        }
        sheets.push((name, path));
        Ok(())
    })?;
    Ok(sheets)
}

/// The elements that a list of clients is made of, each in the only place where
/// programs show it.
const PLACES: [(&str, &str); 8] = [
    ("sheet", "workbook/sheets/sheet"),
    ("sheetData", "worksheet/sheetData"),
    ("sheetFormatPr", "worksheet/sheetFormatPr"),
    ("cols", "worksheet/cols"),
    ("col", "worksheet/cols/col"),
    ("row", "worksheet/sheetData/row"),
    ("c", "worksheet/sheetData/row/c"),
    ("si", "sst/si"),
];

/// Whether an element is where a program would show it, and not where another
/// one sees it, such as in an extension or among alternatives.
fn is_in_place(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    PLACES.iter().find(|own| own.0 == name).is_none_or(|own| own.1 == path)
}

/// The texts that cells share.
fn shared(xml: &str) -> Result<Vec<String>, SheetError> {
    let mut texts: Vec<String> = Vec::new();
    events(xml, |own| {
        match own {
            Piece::Begin(tag) if !is_in_place(tag.path) => return Err(SheetError::NotXlsx),
            Piece::Begin(tag) if tag.path == "sst/si" => texts.push(String::new()),
            Piece::Text("sst/si/t" | "sst/si/r/t", text) => {
                if let Some(own) = texts.last_mut() {
                    *own += &text;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(texts)
}

#[derive(Default)]
struct Cell {
    column: usize,
    kind: String,
    text: String,
}

/// The rows of a sheet. One with formulas, whose cells say one thing and mean
/// another, is refused, and one with rows, columns or cells that no person has seen.
fn rows(xml: &str, texts: &[String], count: &AtomicU64) -> Result<Vec<Row>, SheetError> {
    let (mut rows, mut cell): (Vec<Row>, Option<Cell>) = (Vec::new(), None);
    let (mut number, mut next, mut lists) = (0_u32, 0_usize, 0_u32);
    events(xml, |own| {
        match own {
            Piece::Begin(tag) => {
                seen(&tag)?;
                match tag.path {
                    "worksheet/sheetData" => lists += 1,
                    "worksheet/sheetData/row" => {
                        let said = tag.attribute("r")?.map(|own| own.parse::<u32>());
                        let said =
                            said.transpose().map_err(|_| SheetError::NotXlsx)?.unwrap_or(number.saturating_add(1));
                        // Each row comes once, in its place.
                        if said <= number {
                            return Err(SheetError::NotXlsx);
                        }
                        (number, next) = (said, 0);
                    }
                    "worksheet/sheetData/row/c" => {
                        let own = begun(&tag, number, next)?;
                        next = own.column + 1;
                        cell = Some(own);
                    }
                    // A cell says one thing.
                    "worksheet/sheetData/row/c/v" | "worksheet/sheetData/row/c/is"
                        if cell.as_ref().is_some_and(|own| !own.text.is_empty()) =>
                    {
                        return Err(SheetError::NotXlsx);
                    }
                    _ => {}
                }
            }
            Piece::Text(
                "worksheet/sheetData/row/c/v" | "worksheet/sheetData/row/c/is/t" | "worksheet/sheetData/row/c/is/r/t",
                text,
            ) => cell.iter_mut().for_each(|own| own.text += &text),
            Piece::End("worksheet/sheetData/row/c") => {
                if let Some(own) = cell.take() {
                    add(&mut rows, number, own, texts)?;
                    // The first one has the columns' names.
                    count.store(rows.len().saturating_sub(1) as u64, Ordering::Relaxed);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if lists == 1 { Ok(rows) } else { Err(SheetError::NotXlsx) }
}

/// The least height of a row, in points, and width of a column, in characters,
/// that a person sees.
const LEAST: (f64, f64) = (3.0, 1.0);

/// Refuses what computes, and what a person who looks at the sheet does not see.
fn seen(tag: &Tag<'_>) -> Result<(), SheetError> {
    let (height, width) = LEAST;
    let is_hidden = match tag.name().as_str() {
        "f" => return Err(SheetError::Foreign("formulas")),
        "mergeCell" => return Err(SheetError::Hidden("cells that are merged with others")),
        "sheetFormatPr" if tag.is_less("defaultColWidth", width)? || tag.is_less("baseColWidth", width)? => {
            return Err(SheetError::Hidden("columns"));
        }
        "col" if tag.is_set("hidden")? || tag.is_less("width", width)? => return Err(SheetError::Hidden("columns")),
        "sheetFormatPr" => tag.is_set("zeroHeight")? || tag.is_less("defaultRowHeight", height)?,
        "row" => tag.is_set("hidden")? || tag.is_less("ht", height)?,
        _ => false,
    };
    // What another namespace has in the list, only its own program shows.
    let inside = tag.path.strip_prefix("worksheet/sheetData/").filter(|own| !own.contains("extLst"));
    let is_foreign = inside.is_some_and(|own| own.split('/').any(|own| own == "?"));
    if is_hidden || is_foreign || !is_in_place(tag.path) { Err(SheetError::Hidden("rows")) } else { Ok(()) }
}

/// A text without the escapes that spreadsheet programs write, such as `_x000D_`.
fn unescaped(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.get(at + 6..at + 7) == Some("_"));
        let letter = code.and_then(|own| u32::from_str_radix(own, 16).ok()).and_then(char::from_u32);
        let end = if letter.is_some() { at + 7 } else { at + 2 };
        all += &rest[..if letter.is_some() { at } else { end }];
        all.extend(letter);
        rest = &rest[end..];
    }
    all + rest
}

/// A cell at its reference, such as `B12`; the next of its row where it has none.
fn begun(tag: &Tag<'_>, number: u32, next: usize) -> Result<Cell, SheetError> {
    let kind = tag.attribute("t")?.unwrap_or_default();
    let Some(reference) = tag.attribute("r")? else { return Ok(Cell { column: next, kind, ..Cell::default() }) };
    let digits = reference.find(|own: char| own.is_ascii_digit()).unwrap_or(reference.len());
    let (letters, row) = reference.split_at(digits);
    let is_letters = (1..=3).contains(&letters.len()) && letters.bytes().all(|own| own.is_ascii_uppercase());
    if !is_letters || row.parse() != Ok(number) {
        return Err(SheetError::NotXlsx);
    }
    let column = letters.bytes().fold(0, |sum, own| sum * 26 + usize::from(own - b'A') + 1) - 1;
    if column < next {
        return Err(SheetError::NotXlsx);
    }
    Ok(Cell { column, kind, ..Cell::default() })
}

fn add(rows: &mut Vec<Row>, number: u32, cell: Cell, texts: &[String]) -> Result<(), SheetError> {
    let text = match cell.kind.as_str() {
        "s" => {
            let at = cell.text.trim().parse::<usize>().ok();
            plain(&unescaped(at.and_then(|at| texts.get(at)).ok_or(SheetError::NotXlsx)?))
        }
        "e" => "#".to_owned(),
        "b" => (cell.text.trim() == "1").to_string(),
        "" | "n" => cell.text.trim().parse::<f64>().map_or_else(|_| plain(&cell.text), |own| own.to_string()),
        _ => plain(&unescaped(&cell.text)),
    };
    if text.is_empty() {
        return Ok(());
    }
    if cell.column >= MOST_COLUMNS {
        return Err(SheetError::Foreign("more columns than were exported"));
    }
    if rows.last().is_none_or(|own| own.number != number) {
        if rows.len() > MOST_ROWS {
            return Err(SheetError::TooLarge);
        }
        rows.push(Row { number, cells: Vec::new() });
    }
    if let Some(own) = rows.last_mut() {
        own.cells.resize(own.cells.len().max(cell.column + 1), String::new());
        own.cells[cell.column] = text;
    }
    Ok(())
}
