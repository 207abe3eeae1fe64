//! `LibreOffice`, which opens a workbook and saves it as a person would.

use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use lethe::sheet::{Saved, Workbook, read, write};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// What `LibreOffice` writes when it saves a workbook as another kind of file.
pub fn saved_as(kind: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("book.xlsx"), folder.path().join("to"));
    std::fs::write(&from, bytes).expect("the workbook is written");
    // A profile of its own: two at a time do not share one.
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let done = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", kind, "--outdir"])
        .arg(&to)
        .arg(&from)
        .output()
        .expect("LibreOffice is installed: tests/run installs it");
    let extension = kind.split(':').next().expect("a kind");
    let book = to.join(Path::new("book").with_extension(extension));
    std::fs::read(&book).unwrap_or_else(|_| panic!("saved: {}", String::from_utf8_lossy(&done.stderr)))
}

/// The workbook as a person leaves it who opens it and saves it.
pub fn opened_and_saved(bytes: &[u8]) -> Vec<u8> {
    saved_as("xlsx", bytes)
}

/// The workbook as a person leaves it who opens it, changes something, and saves it.
pub fn edited(bytes: &[u8], edit: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let Saved { about, columns, rows, .. } = read(bytes).expect("a workbook");
    let mut book = Workbook { about, columns, rows: rows.into_iter().map(|row| row.cells).collect() };
    edit(&mut book);
    opened_and_saved(&write(&book).expect("a workbook").0)
}

/// The only file of an archive, with its name.
pub fn unzipped(archive: &[u8]) -> (String, Vec<u8>) {
    let mut archive = ZipArchive::new(Cursor::new(archive)).expect("an archive");
    assert_eq!(archive.len(), 1);
    let mut file = archive.by_index(0).expect("a file");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("it can be unpacked");
    (file.name().expect("a name").into_owned(), bytes)
}

/// The workbook with other parts, or more of them.
pub fn with(bytes: &[u8], parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut package = ZipArchive::new(Cursor::new(bytes)).expect("a package");
    let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..package.len() {
        let mut part = package.by_index(at).expect("a part");
        let name = part.name().expect("a name").into_owned();
        if parts.iter().all(|(own, _)| *own != name) {
            let mut own = Vec::new();
            part.read_to_end(&mut own).expect("its bytes");
            changed.start_file(name, SimpleFileOptions::default()).expect("a part");
            changed.write_all(&own).expect("its bytes");
        }
    }
    for (name, own) in parts {
        changed.start_file(*name, SimpleFileOptions::default()).expect("a part");
        changed.write_all(own).expect("its bytes");
    }
    changed.finish().expect("a package").into_inner()
}
