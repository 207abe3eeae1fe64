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

/// A sheet whose elements have a prefix.
fn prefixed(sheet: &str) -> String {
    sheet.replace("</", "\u{1}").replace('<', "<x:").replace('\u{1}', "</x:").replace(" xmlns=", " xmlns:x=")
}

/// A part as UTF-16, with or without a mark of its order.
fn wide(text: &str, mark: bool) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}').into_iter();
    mark.chain(text.chars()).collect::<String>().encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_is_hidden_in_any_way_and_any_encoding_is_refused() {
    let of = |inside: &str| {
        format!("<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">{inside}</worksheet>")
    };
    let row = |own: &str| of(&format!("<sheetData><row r=\"2\" {own}><c r=\"A2\"><v>1</v></c></row></sheetData>"));
    let column = |own: &str| of(&format!("<cols><col min=\"1\" max=\"1\" {own}/></cols><sheetData/>"));
    for (xml, what) in [
        (row("hidden='1'"), "hides rows"),
        (row("hidden=\"&#49;\""), "hides rows"),
        (row("hidden=\" true \""), "hides rows"),
        (row("hidden=\"on\""), "hides rows"),
        (row("ht=\"0\" customHeight=\"1\""), "hides rows"),
        (row("ht=\"0.0\""), "hides rows"),
        (prefixed(&row("hidden=\"1\"")), "hides rows"),
        (row("x:hidden=\"0\" hidden=\"1\" xmlns:x=\"http://x\""), "hides rows"),
        (row("ht=\"2.9\" customHeight=\"1\""), "hides rows"),
        (row("ht=\"NaN\""), "hides rows"),
        (column("width=\"0.9\" customWidth=\"1\""), "hides columns"),
        (of("<sheetFormatPr defaultRowHeight=\"2\"/><sheetData/>"), "hides rows"),
        (of("<sheetFormatPr baseColWidth=\"0\"/><sheetData/>"), "hides columns"),
        (
            of("<sheetData/><mergeCells count=\"1\"><mergeCell ref=\"A1:A9\"/></mergeCells>"),
            "hides cells that are merged",
        ),
        (column("hidden=\"1\""), "hides columns"),
        (column("width=\"0\" customWidth=\"1\""), "hides columns"),
        (of("<sheetFormatPr zeroHeight=\"1\"/><sheetData/>"), "hides rows"),
        (of("<sheetFormatPr defaultRowHeight=\"0\"/><sheetData/>"), "hides rows"),
        (of("<sheetFormatPr defaultColWidth=\"0\"/><sheetData/>"), "hides columns"),
        (row("").replace("<v>", "<f>1+1</f><v>"), "formulas"),
    ] {
        for bytes in
            [xml.clone().into_bytes(), [b"\xef\xbb\xbf", xml.as_bytes()].concat(), wide(&xml, true), wide(&xml, false)]
        {
            refused(&with(&[("xl/worksheets/sheet1.xml", &bytes)]), what);
        }
    }
    let inside = "<row r=\"9\"><c r=\"A9\"><v>1</v></c></row>";
    let other = "xmlns:y=\"http://y\"";
    let choice = "http://schemas.openxmlformats.org/markup-compatibility/2006";
    for xml in [
        of(&format!("<sheetData/><extLst><ext>{inside}</ext></extLst>")),
        of(&format!("<sheetData><row r=\"1\"><extLst><ext>{inside}</ext></extLst></row></sheetData>")),
        of(&format!("<sheetData><y:wrap {other}>{inside}</y:wrap></sheetData>")),
        of(&format!("<sheetData><y:row {other} r=\"9\"/></sheetData>")),
        of(&format!(
            "<sheetData><m:AlternateContent xmlns:m=\"{choice}\"><m:Fallback>{inside}</m:Fallback></m:AlternateContent></sheetData>"
        )),
        of(&format!(
            "<m:AlternateContent xmlns:m=\"{choice}\"><m:Fallback><sheetData>{inside}</sheetData></m:Fallback></m:AlternateContent>"
        )),
        of(&format!("<sheetData><row r=\"1\">{inside}</row></sheetData>")),
        of(inside),
    ] {
        refused(&with(&[("xl/worksheets/sheet1.xml", xml.as_bytes())]), "hides rows");
    }
    for xml in [
        row("").replace("<row", "<x:row").replace("</row", "</x:row"),
        row("").replace("spreadsheetml/2006", "other/2006"),
        of("<sheetData/><sheetData/>"),
        row("").replace("<v>", "<v>2</v><v>"),
    ] {
        refused(&with(&[("xl/worksheets/sheet1.xml", xml.as_bytes())]), "not an XLSX");
    }
    let latin = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>".to_owned() + &row("");
    refused(&with(&[("xl/worksheets/sheet1.xml", latin.as_bytes())]), "not an XLSX");
    let workbook = String::from_utf8(part("xl/workbook.xml")).unwrap();
    for state in ["hidden", "veryHidden"] {
        let hidden = workbook.replacen("<sheet ", &format!("<sheet state=\"{state}\" "), 1);
        assert_ne!(hidden, workbook);
        refused(&with(&[("xl/workbook.xml", hidden.as_bytes())]), "hides sheets");
    }
    let elsewhere = workbook.replace("</sheets>", "</sheets><extLst><ext><sheet name=\"Clients\"/></ext></extLst>");
    refused(&with(&[("xl/workbook.xml", elsewhere.as_bytes())]), "not an XLSX");
    // What is wide and plain is read as what it is, and so is what has a prefix everywhere.
    let plain = read(&with(&[("xl/worksheets/sheet1.xml", prefixed(&row("")).as_bytes())])).expect("it is read");
    assert_eq!(plain.rows[0].cells, ["1"]);
    let sheet = String::from_utf8(part("xl/worksheets/sheet1.xml")).unwrap();
    let saved = read(&with(&[("xl/worksheets/sheet1.xml", &wide(&sheet.replace("UTF-8", "UTF-16"), true))]))
        .expect("it is read");
    assert_eq!(saved.rows, read(&bytes()).unwrap().rows);
}

/// A part of the plain workbook.
fn part(name: &str) -> Vec<u8> {
    use std::io::Read;
    let bytes = bytes();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut own = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut own).unwrap();
    own
}

#[test]
fn what_is_referred_to_counts_wherever_it_is_kept() {
    let references = String::from_utf8(part("xl/_rels/workbook.xml.rels")).unwrap();
    for kind in ["externalLink", "vbaProject", "connections", "xlMacrosheet", "dialogsheet", "ctrlProp", "oleObject"] {
        let own = format!(
            "<Relationship Id=\"rId99\" Type=\"http://x/relationships/{kind}\" Target=\"custom/a.bin\"/></Relationships>"
        );
        let with_own = references.replace("</Relationships>", &own);
        assert!(read(&with(&[("xl/_rels/workbook.xml.rels", with_own.as_bytes())])).is_err(), "{kind}");
    }
    let twice = b"<worksheet/>";
    assert!(read(&with(&[("XL/worksheets/SHEET1.xml", twice)])).is_err(), "one name is one part");
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
