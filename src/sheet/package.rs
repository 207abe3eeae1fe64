//! The package that a workbook is: a ZIP archive of parts. Everything is looked
//! through and counted before anything is believed.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::SheetError;

/// The most bytes that all parts have together.
const MOST_BYTES: u64 = 128 << 20;
/// The most parts.
const MOST_PARTS: usize = 200;
/// What the parts of a plain workbook say of themselves.
const PLAIN: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
/// The part that every program writes anew when it saves: it names the program
/// in it, and nothing of the rows.
const WORKBOOK: &str = "xl/workbook.xml";
/// The part that names the program that saved.
const PROGRAM: &str = "docProps/app.xml";

/// What a list of clients does not have, by where a workbook keeps it.
const FOREIGN: [(&str, &str); 8] = [
    ("xl/externallinks/", "links to other files"),
    ("xl/connections", "connections to databases"),
    ("xl/querytables/", "connections to databases"),
    ("xl/vbaproject", "macros"),
    ("xl/macrosheets/", "macros"),
    ("xl/activex/", "controls"),
    ("xl/embeddings/", "other files in it"),
    ("xl/ctrlprops/", "controls"),
];

/// What is known of a package once it was looked through.
#[derive(Debug)]
pub(super) struct Looked {
    /// SHA-256 of the part that every program writes anew, in hex.
    pub digest: String,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
}

/// Looks through all parts.
pub(super) fn look(bytes: &[u8]) -> Result<Looked, SheetError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| SheetError::NotXlsx)?;
    if archive.len() > MOST_PARTS {
        return Err(SheetError::TooLarge);
    }
    let (mut left, mut is_plain, mut digest, mut saved_with) = (MOST_BYTES, false, None, String::new());
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| SheetError::NotXlsx)?;
        let name = part.name().map_err(|_| SheetError::NotXlsx)?.into_owned();
        // What an archive says of its size need not be so.
        let mut own = Vec::new();
        part.take(left + 1).read_to_end(&mut own).map_err(|_| SheetError::NotXlsx)?;
        left = left.checked_sub(own.len() as u64).ok_or(SheetError::TooLarge)?;
        let low = name.to_ascii_lowercase();
        if let Some((_, what)) = FOREIGN.iter().find(|(start, _)| low.starts_with(start)) {
            return Err(SheetError::Foreign(what));
        }
        match name.as_str() {
            "[Content_Types].xml" => is_plain = String::from_utf8_lossy(&own).contains(PLAIN),
            WORKBOOK => digest = Some(hex(&own)),
            PROGRAM => saved_with = text_of(&own, "Application"),
            // A sheet may lie anywhere.
            _ if low.starts_with("xl/") && own.trim_ascii_start().starts_with(b"<") => sheet(&own)?,
            _ => {}
        }
    }
    match digest {
        Some(digest) if is_plain => Ok(Looked { digest, saved_with }),
        _ => Err(SheetError::NotXlsx),
    }
}

/// The digest of a package's workbook part.
pub(super) fn digest(bytes: &[u8]) -> Result<String, SheetError> {
    look(bytes).map(|looked| looked.digest)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Refuses a sheet with formulas, whose cells say one thing and mean another,
/// and one with hidden rows, which nobody has looked at.
fn sheet(xml: &[u8]) -> Result<(), SheetError> {
    let mut reader = Reader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => match tag.local_name().as_ref() {
                "f" => return Err(SheetError::Foreign("formulas")),
                "row" if is_set(&tag, "hidden") => return Err(SheetError::Hidden("rows")),
                "col" if is_set(&tag, "hidden") => return Err(SheetError::Hidden("columns")),
                _ => {}
            },
            Ok(Event::Eof) => return Ok(()),
            Err(_) => return Err(SheetError::NotXlsx),
            _ => {}
        }
    }
}

fn is_set(tag: &BytesStart, name: &str) -> bool {
    let found = tag.attributes().flatten().find(|own| own.key.local_name().as_ref() == name);
    found.is_some_and(|own| matches!(own.value.as_ref(), "1" | "true"))
}

/// The text of the first element of a name, in its first hundred characters.
fn text_of(xml: &[u8], name: &str) -> String {
    let mut reader = Reader::from_reader(xml);
    let mut is_inside = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => is_inside = tag.local_name().as_ref() == name,
            Ok(Event::Text(text)) if is_inside => {
                return super::plain(&text).chars().take(100).collect();
            }
            Ok(Event::Eof) | Err(_) => return String::new(),
            _ => {}
        }
    }
}
