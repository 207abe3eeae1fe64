//! Workbooks go round as they are, and a file that is none, or more than one,
//! is refused before it costs anything.

use lethe::sheet::{MOST_ROWS, Workbook, plain, read, write};
use proptest::prelude::*;

fn book(rows: usize) -> Workbook {
    Workbook {
        about: vec![("Review".to_owned(), "first week".to_owned())],
        columns: vec!["no".to_owned(), "name".to_owned()],
        rows: (0..rows).map(|at| vec![format!("{at:03}"), format!("Name {at}")]).collect(),
    }
}

fn bytes() -> Vec<u8> {
    write(&book(3)).expect("a workbook").0
}

/// The package with other parts, or more of them.
fn with(parts: &[(&str, &[u8])]) -> Vec<u8> {
    crate::common::spreadsheet::with(&bytes(), parts)
}

fn sheet(data: &str) -> Vec<u8> {
    let xml = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{data}</sheetData></worksheet>"
    );
    with(&[("xl/worksheets/sheet1.xml", xml.as_bytes())])
}

#[track_caller]
fn refused(bytes: &[u8], why: &str) {
    let error = read(bytes).expect_err(why);
    assert!(error.to_string().contains(why) && !error.hint().is_empty(), "{error}");
}

#[test]
fn what_is_written_is_read() {
    let saved = read(&bytes()).expect("a workbook");
    assert_eq!(saved.about, [("Review".to_owned(), "first week".to_owned())]);
    assert_eq!(saved.columns, ["no", "name"]);
    assert_eq!((saved.rows[2].number, saved.rows[2].cells.clone()), (4, vec!["002".to_owned(), "Name 2".to_owned()]));
    assert_eq!(saved.digest, write(&book(70)).expect("another").1, "the seal does not depend on the rows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_comes_back_as_people_see_it(rows in prop::collection::vec(prop::collection::vec(any::<String>(), 2), 1..6)) {
        let written = Workbook { rows: rows.clone(), ..book(0) };
        let saved = read(&write(&written).expect("a workbook").0).expect("it is read");
        let seen: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
        for (at, wanted) in seen.iter().enumerate() {
            let number = u32::try_from(at).unwrap() + 2;
            let found = saved.rows.iter().find(|row| row.number == number).map(|row| row.cells.clone()).unwrap_or_default();
            let cell = |at: usize| found.get(at).cloned().unwrap_or_default();
            prop_assert_eq!(&[cell(0), cell(1)][..], &wanted[..]);
        }
    }

    #[test]
    fn no_file_makes_it_panic(cut in 0_usize..9_000, flips in prop::collection::vec((0_usize..9_000, any::<u8>()), 0..6)) {
        let mut file = bytes();
        for (at, byte) in flips {
            let at = at % file.len();
            file[at] = byte;
        }
        file.truncate(file.len().saturating_sub(cut % 3_000));
        let _ = read(&file);
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused() {
    let zeros = vec![b' '; 130 << 20];
    refused(&with(&[("xl/worksheets/sheet1.xml", &zeros)]), "unpacks to more");
    refused(&with(&[("xl/media/image1.png", &zeros)]), "unpacks to more");
    let names: Vec<String> = (0..200).map(|at| format!("docProps/{at}.xml")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"<x/>"[..])).collect();
    refused(&with(&parts), "unpacks to more");
    let rows = (1..=MOST_ROWS + 2)
        .fold(String::new(), |all, at| all + &format!("<row r=\"{at}\"><c r=\"A{at}\"><v>1</v></c></row>"));
    refused(&sheet(&rows), "unpacks to more");
}

#[test]
fn a_sheet_that_claims_to_be_as_large_as_sheets_can_be_costs_nothing() {
    let saved = read(&sheet(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"A1048576\"><v>2</v></c></row>",
    ));
    assert_eq!(saved.expect("it is read").rows[0].number, 1_048_576);
    refused(&sheet("<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>"), "more columns");
}

#[test]
fn what_computes_fetches_or_hides_is_refused() {
    for (part, what) in [
        ("xl/externalLinks/externalLink1.xml", "links to other files"),
        ("xl/ExternalLinks/x.xml", "links to other files"),
        ("xl/vbaProject.bin", "macros"),
        ("xl/macrosheets/sheet1.xml", "macros"),
        ("xl/connections.xml", "connections to databases"),
        ("xl/queryTables/queryTable1.xml", "connections to databases"),
        ("xl/embeddings/oleObject1.bin", "other files in it"),
        ("xl/activeX/activeX1.xml", "controls"),
    ] {
        refused(&with(&[(part, b"<x/>")]), what);
    }
    refused(&sheet("<row r=\"1\"><c r=\"A1\"><f>HYPERLINK(\"http://x\")</f><v>1</v></c></row>"), "formulas");
    refused(&sheet("<row r=\"1\"><c r=\"A1\"><f t=\"shared\" si=\"0\"/></c></row>"), "formulas");
    refused(&sheet("<row r=\"2\" hidden=\"1\"><c r=\"A2\"><v>1</v></c></row>"), "hides rows");
    refused(&sheet("<row r=\"2\" hidden=\"true\"><c r=\"A2\"><v>1</v></c></row>"), "hides rows");
}

#[test]
fn what_is_no_workbook_is_refused() {
    let docx = b"<Types><Override ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    for file in [
        &b""[..],
        b"no,name\n1,x\n",
        b"PK\x03\x04",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        &with(&[("[Content_Types].xml", docx)]),
        &with(&[("xl/workbook.xml", b"<workbook><sheets>")]),
        &with(&[("xl/worksheets/sheet1.xml", b"<worksheet><row r='1'")]),
    ] {
        assert!(read(file).is_err());
    }
    let renamed = b"<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheets/></workbook>";
    refused(&with(&[("xl/workbook.xml", renamed)]), "no sheet `About`");
}

#[test]
fn an_entity_that_stands_for_many_is_not_unfolded() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
        <sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>&b;&b;</t></si></sst>";
    if let Ok(saved) = read(&with(&[("xl/sharedStrings.xml", laughs.as_bytes())])) {
        assert!(saved.columns.iter().all(|cell| !cell.contains("ha")), "{saved:?}");
    }
}
