//! The package that a workbook is: a ZIP archive of parts. Every part is read
//! and counted before anything of it is believed.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::SheetError;

/// The most bytes that all parts have together.
const MOST_BYTES: u64 = 128 << 20;
/// The most parts.
const MOST_PARTS: usize = 200;
/// The media type of a plain workbook's main part.
const PLAIN: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
/// The part that every program writes anew when it saves: it names the program
/// in it, and nothing of the rows.
pub(super) const WORKBOOK: &str = "xl/workbook.xml";
/// The part that names the program that saved.
const PROGRAM: &str = "docProps/app.xml";

/// The namespaces of a workbook's own elements, transitional and strict.
const SPACES: [&str; 2] =
    ["http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"];
/// The most elements within each other.
const DEEPEST: usize = 64;

/// What a list of clients does not have, by a part of where a workbook keeps it, or of how it is referred to.
const FOREIGN: [(&str, &str); 10] = [
    ("externallink", "links to other files"),
    ("connections", "connections to databases"),
    ("querytable", "connections to databases"),
    ("vbaproject", "macros"),
    ("macrosheet", "macros"),
    ("dialogsheet", "macros"),
    ("activex", "controls"),
    ("ctrlprop", "controls"),
    ("embeddings/", "other files in it"),
    ("oleobject", "other files in it"),
];

#[derive(Debug)]
pub(super) struct Package {
    /// Parts of XML, decoded, by their names in lower case.
    parts: BTreeMap<String, String>,
    /// SHA-256 of the part that every program writes anew, in hex.
    pub digest: String,
    /// The program that saved it, as it says itself.
    pub saved_with: String,
}

impl Package {
    /// Reads all parts, and refuses what a list of clients does not have.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, SheetError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| SheetError::NotXlsx)?;
        if archive.len() > MOST_PARTS {
            return Err(SheetError::TooLarge);
        }
        let (mut left, mut digest, mut parts) = (MOST_BYTES, None, BTreeMap::new());
        for at in 0..archive.len() {
            let part = archive.by_index(at).map_err(|_| SheetError::NotXlsx)?;
            let name = part.name().map_err(|_| SheetError::NotXlsx)?.into_owned();
            // What an archive says of its size need not be so.
            let mut own = Vec::new();
            part.take(left + 1).read_to_end(&mut own).map_err(|_| SheetError::NotXlsx)?;
            left = left.checked_sub(own.len() as u64).ok_or(SheetError::TooLarge)?;
            foreign(&name)?;
            if name == WORKBOOK {
                digest = Some(hex(&own));
            }
            let low = name.trim_start_matches('/').to_ascii_lowercase();
            let Some(text) = decoded(own) else {
                if is_xml(&low) || is_relations(&low) {
                    return Err(SheetError::NotXlsx);
                }
                continue;
            };
            if is_relations(&low) || low == "[content_types].xml" {
                references(&text)?;
            }
            // One name is one part, for every program that reads it.
            if parts.insert(low, text).is_some() {
                return Err(SheetError::NotXlsx);
            }
        }
        let types = parts.get("[content_types].xml").ok_or(SheetError::NotXlsx)?;
        let mut is_plain = false;
        each(types, |tag| {
            is_plain |= tag.attribute("ContentType")?.as_deref() == Some(PLAIN);
            Ok(())
        })?;
        let saved_with = parts.get(&PROGRAM.to_ascii_lowercase()).map(|own| text_of(own, "Application"));
        match digest {
            Some(digest) if is_plain => Ok(Self { parts, digest, saved_with: saved_with.unwrap_or_default() }),
            _ => Err(SheetError::NotXlsx),
        }
    }

    pub(super) fn part(&self, path: &str) -> Option<&str> {
        self.parts.get(&path.trim_start_matches('/').to_ascii_lowercase()).map(String::as_str)
    }
}

/// The digest of a package's workbook part.
pub(super) fn digest(bytes: &[u8]) -> Result<String, SheetError> {
    Package::open(bytes).map(|own| own.digest)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn foreign(name: &str) -> Result<(), SheetError> {
    let low = name.to_ascii_lowercase();
    match FOREIGN.iter().find(|(part, _)| low.contains(part)) {
        Some((_, what)) => Err(SheetError::Foreign(what)),
        None => Ok(()),
    }
}

/// Refuses references to what a list of clients does not have, wherever it is kept.
fn references(xml: &str) -> Result<(), SheetError> {
    each(xml, |tag| {
        for name in ["Type", "ContentType", "PartName"] {
            tag.attribute(name)?.map_or(Ok(()), |own| foreign(&own))?;
        }
        Ok(())
    })
}

/// A part of XML as a text: in UTF-8 or UTF-16, which a package may use, and in
/// no other encoding. `None` if it is not XML.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|own| unit([own[0], own[1]]));
        bytes.len().is_multiple_of(2).then(|| String::from_utf16(&units.collect::<Vec<_>>()).ok()).flatten()
    };
    let text = if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        wide(rest, u16::from_le_bytes)
    } else if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        wide(rest, u16::from_be_bytes)
    } else if bytes.starts_with(b"<\0") {
        wide(&bytes, u16::from_le_bytes)
    } else if bytes.starts_with(b"\0<") {
        wide(&bytes, u16::from_be_bytes)
    } else {
        String::from_utf8(bytes).ok().map(|own| own.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(own))
    };
    let text = text.filter(|own| own.trim_start().starts_with('<'))?;
    let declared = text.trim_start().strip_prefix("<?xml").and_then(|own| own.split("?>").next()).unwrap_or_default();
    let declared = declared.split("encoding").nth(1).map(|own| own.trim_matches([' ', '=', '\t', '\r', '\n']));
    let encoding = declared.and_then(|own| own.get(1..)?.split(['"', '\'']).next()).unwrap_or("UTF-8");
    ["UTF-8", "UTF8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(encoding))
        .then_some(text)
}

/// An element's beginning.
pub(super) struct Tag<'a> {
    start: BytesStart<'a>,
    /// Its name and those around it, the outermost first, joined by `/`. An
    /// element that is not of the workbook's own namespace is a `?`.
    pub path: &'a str,
}

impl Tag<'_> {
    pub(super) fn name(&self) -> String {
        self.start.local_name().as_ref().to_owned()
    }

    /// An attribute's value, with its references resolved. One with a prefix is another.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<String>, SheetError> {
        self.value(|prefixed, own| !prefixed && own == name)
    }

    /// The id of the relation by which an element names a part.
    pub(super) fn relation(&self) -> Result<Option<String>, SheetError> {
        self.value(|prefixed, own| prefixed && own == "id")
    }

    fn value(&self, is_meant: impl Fn(bool, &str) -> bool) -> Result<Option<String>, SheetError> {
        let mut found = None;
        for own in self.start.attributes() {
            let own = own.map_err(|_| SheetError::NotXlsx)?;
            if !is_meant(own.key.prefix().is_some(), own.key.local_name().as_ref()) {
                continue;
            }
            let value = own.normalized_value(XmlVersion::Explicit1_0).map_err(|_| SheetError::NotXlsx)?;
            if found.replace(value.trim().to_owned()).is_some() {
                return Err(SheetError::NotXlsx);
            }
        }
        Ok(found)
    }

    /// Whether a flag is set. What is not clearly off is on.
    pub(super) fn is_set(&self, name: &str) -> Result<bool, SheetError> {
        let off = ["", "0", "false", "off", "f", "n", "no"];
        Ok(self.attribute(name)?.is_some_and(|own| !off.contains(&own.to_ascii_lowercase().as_str())))
    }

    /// Whether a size is there that is less than anybody can see.
    pub(super) fn is_less(&self, name: &str, least: f64) -> Result<bool, SheetError> {
        Ok(self.attribute(name)?.is_some_and(|own| !own.parse::<f64>().is_ok_and(|own| own >= least)))
    }
}

/// What is read of a part. Ends and texts come with the path of their element.
pub(super) enum Piece<'a> {
    Begin(Tag<'a>),
    End(&'a str),
    Text(&'a str, String),
}

/// Reads a part from its beginning to its end. A document type is refused, since it can stand for anything.
pub(super) fn events(xml: &str, mut each: impl FnMut(Piece<'_>) -> Result<(), SheetError>) -> Result<(), SheetError> {
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut path, mut begins) = (String::new(), Vec::new());
    loop {
        let (space, event) = reader.read_resolved_event().map_err(|_| SheetError::NotXlsx)?;
        match event {
            Event::Start(tag) => {
                let is_own = match space {
                    ResolveResult::Bound(Namespace(space)) => SPACES.contains(&space),
                    ResolveResult::Unbound => false,
                    ResolveResult::Unknown(_) => return Err(SheetError::NotXlsx),
                };
                begins.push(path.len());
                if begins.len() > DEEPEST || tag.local_name().as_ref().contains('/') {
                    return Err(SheetError::NotXlsx);
                }
                if begins.len() > 1 {
                    path.push('/');
                }
                path.push_str(if is_own { tag.local_name().into_inner() } else { "?" });
                each(Piece::Begin(Tag { start: tag, path: &path }))?;
            }
            Event::End(_) => {
                each(Piece::End(&path))?;
                path.truncate(begins.pop().ok_or(SheetError::NotXlsx)?);
            }
            Event::Text(text) => each(Piece::Text(&path, (*text).to_owned()))?,
            Event::CData(text) => each(Piece::Text(&path, (*text).to_owned()))?,
            Event::GeneralRef(own) => {
                let resolved = match own.resolve_char_ref().map_err(|_| SheetError::NotXlsx)? {
                    Some(letter) => letter.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&own).ok_or(SheetError::NotXlsx)?.to_owned(),
                };
                each(Piece::Text(&path, resolved))?;
            }
            Event::DocType(_) => return Err(SheetError::NotXlsx),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Every element of a part.
pub(super) fn each(xml: &str, mut each: impl FnMut(Tag<'_>) -> Result<(), SheetError>) -> Result<(), SheetError> {
    events(xml, |own| if let Piece::Begin(tag) = own { each(tag) } else { Ok(()) })
}

/// The text of the first element of a name, in its first hundred characters.
fn text_of(xml: &str, name: &str) -> String {
    let (mut is_inside, mut text) = (false, String::new());
    let read = events(xml, |own| {
        match own {
            Piece::Begin(tag) => is_inside = tag.name() == name && text.is_empty(),
            Piece::Text(_, own) if is_inside => text += &own,
            Piece::End(_) => is_inside = false,
            Piece::Text(..) => {}
        }
        Ok(())
    });
    if read.is_err() { String::new() } else { super::plain(&text).chars().take(100).collect() }
}

/// Names of parts are compared in lower case.
fn is_relations(low: &str) -> bool {
    low.rsplit_once('.').is_some_and(|(_, end)| end == "rels")
}

fn is_xml(low: &str) -> bool {
    low.rsplit_once('.').is_some_and(|(_, end)| end == "xml")
}
