//! A club's lists of members: made, taken out as a workbook, looked through by
//! a person in `LibreOffice`, and given back.

use std::collections::BTreeSet;
use std::path::Path;

use lethe::sheet::{Workbook, read};
use serde_json::{Value, json};

use super::resamania::eligible;
use super::trade::{Answer, Trade, today};
use crate::common::spreadsheet::{edited, opened_and_saved, saved_as, unzipped};

const LYON: [&str; 5] = ["--period", "--filter", "club=LYO", "--length", "24 months"];

/// The clubs, rehearsed and with a backup; who makes a list may approve it.
async fn clubs() -> Trade {
    let trade = Trade::of("resamania").await;
    trade.configure("[review]\nsecond_person = false\n");
    trade.json(&[&["sweep"], &LYON[..], &["--rehearse"]].concat());
    trade.json(&["backup", "acknowledge"]);
    trade
}

/// A review of Lyon, and its workbook.
fn taken_out(trade: &Trade) -> Vec<u8> {
    trade.json(&[&["review", "add", "Lyon, 24 months"], &LYON[..]].concat());
    workbook(trade, "Lyon, 24 months")
}

fn workbook(trade: &Trade, review: &str) -> Vec<u8> {
    trade.json(&["review", "export", review, "--to", "out.zip"]);
    let archive = std::fs::read(trade.path("out.zip")).expect("the archive is written");
    std::fs::remove_file(trade.path("out.zip")).expect("it is gone");
    let (name, bytes) = unzipped(&archive);
    assert_eq!(Path::new(&name).extension(), Some("xlsx".as_ref()), "{name}");
    bytes
}

fn give_back(trade: &Trade, review: &str, bytes: &[u8]) -> Answer {
    std::fs::write(trade.path("back.xlsx"), bytes).expect("the workbook is written");
    trade.run(&["review", "import", review, "back.xlsx", "--wait"])
}

/// Gives it back, and sees it refused for this, with nothing changed.
async fn refused(trade: &Trade, bytes: &[u8], why: &str) {
    let before = trade.snapshot().await;
    let answer = give_back(trade, "Lyon, 24 months", bytes);
    assert!(answer.code == 1 && answer.err.contains(why), "{why}: {}", answer.err);
    assert!(trade.snapshot().await.changes_since(&before).is_empty());
    assert_eq!(trade.json(&["review", "show", "Lyon, 24 months"])["state"], "waiting");
    assert_eq!(trade.json(&["review", "imports"])[0]["state"], "refused");
}

/// What a person does to a workbook.
type Edit = Box<dyn FnOnce(&mut Workbook)>;

async fn anonymized(trade: &Trade) -> BTreeSet<String> {
    let sql = "SELECT member_id FROM members WHERE anonymized AND anonymized_on = '{today}'";
    trade.rows(sql).await.into_iter().collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|own| own["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn r06_a_named_export_is_a_zip_with_an_xlsx_of_the_members_and_can_be_listed_filtered_and_deleted() {
    let trade = clubs().await;
    let book = read(&taken_out(&trade)).expect("a workbook");
    assert_eq!(book.columns, ["member_id", "member_no", "status", "display_name"]);
    let keys: BTreeSet<String> = book.rows.iter().map(|row| row.cells[0].clone()).collect();
    assert_eq!(keys, eligible(&trade, "LYO", 24).await);
    let one = &book.rows[0];
    let sql = format!("SELECT member_no, status, display_name FROM members WHERE member_id = {}", one.cells[0]);
    assert_eq!(trade.value(&sql).await, one.cells[1..].join("|"));
    let said = |name: &str| book.about.iter().find(|own| own.0 == name).map(|own| own.1.as_str());
    assert_eq!(
        ["Review", "Sweep", "Without activity for", "Filter club"].map(said),
        [Some("Lyon, 24 months"), Some("period"), Some("24 months"), Some("LYO")]
    );

    let lille = ["review", "add", "Lille 100%", "--period", "--filter", "club=LIL", "--length", "12 months"];
    trade.json(&lille);
    assert_eq!(names(&trade.json(&["review", "list"])), ["Lille 100%", "Lyon, 24 months"]);
    for (filter, found) in [
        (&["--name", "lyon"][..], &["Lyon, 24 months"][..]),
        (&["--name", "0%"], &["Lille 100%"]),
        (&["--name", "_"], &[]),
        (&["--state", "waiting"], &["Lille 100%", "Lyon, 24 months"]),
        (&["--state", "approved"], &[]),
        (&["--by", "nobody"], &[]),
        (&["--since", "2999-01-01"], &[]),
    ] {
        let list = trade.json(&[&["review", "list"], filter].concat());
        assert_eq!(names(&list), found, "{filter:?}");
    }
    assert_eq!(trade.json(&["review", "list"])[1]["clients"], book.rows.len());
    trade.json(&["review", "delete", "Lille 100%"]);
    assert_eq!(names(&trade.json(&["review", "list"])), ["Lyon, 24 months"]);
    assert_eq!(trade.run(&["review", "export", "Lille 100%"]).code, 1);
    assert_eq!(names(&trade.json(&["review", "list", "--state", "deleted"])), ["Lille 100%"]);
}

#[tokio::test]
async fn r07_the_workbook_is_taken_back_only_after_a_person_opened_and_saved_it() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    let wanted = eligible(&trade, "LYO", 24).await;
    refused(&trade, &book, "the workbook was not opened and saved since it was exported").await;
    // Nor does it help to pack the same parts anew.
    let (_, again) = unzipped(&lethe::sheet::zipped("book.xlsx", &book).expect("an archive"));
    refused(&trade, &again, "was not opened and saved").await;
    let answer = give_back(&trade, "Lyon, 24 months", &opened_and_saved(&book));
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(anonymized(&trade).await, wanted);
    let import = &trade.json(&["review", "imports"])[0];
    assert!(import["saved_with"].as_str().expect("a program").starts_with("LibreOffice/"), "{import}");
    // What is approved is decided.
    let answer = give_back(&trade, "Lyon, 24 months", &opened_and_saved(&book));
    assert!(answer.code == 1 && answer.err.contains("was approved by"), "{}", answer.err);
}

#[tokio::test]
async fn r08_a_row_without_id_or_member_number_is_an_error_of_that_row() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    let without = edited(&book, |book| {
        book.rows[1][0].clear();
        book.rows[3][1].clear();
    });
    refused(&trade, &without, "row 3: `member_id` is missing").await;
    let errors = trade.json(&["review", "imports"])[0]["errors"].clone();
    let places: Vec<(u64, &str, &str)> = errors
        .as_array()
        .expect("a list")
        .iter()
        .map(|own| (own["row"].as_u64().unwrap(), own["column"].as_str().unwrap(), own["what"].as_str().unwrap()))
        .collect();
    assert_eq!(places, [(3, "member_id", "is missing"), (5, "member_no", "is missing")]);
}

#[tokio::test]
async fn r08_the_rows_without_errors_are_continued_with_if_a_person_confirms() {
    let trade = clubs().await;
    let mut wanted = eligible(&trade, "LYO", 24).await;
    let book = taken_out(&trade);
    let without = edited(&book, |book| {
        wanted.remove(&book.rows[1][0]);
        wanted.remove(&book.rows[3][0]);
        book.rows[1][0].clear();
        book.rows[3][1].clear();
    });
    refused(&trade, &without, "`lethe review continue 1`").await;
    let import = trade.json(&["review", "imports"])[0].clone();
    assert_eq!((&import["kept"], &import["removed"]), (&json!(wanted.len()), &json!(2)), "{import}");
    let answer = trade.run_unconfirmed(&["review", "continue", "1", "--wait"]);
    assert!(answer.code == 1 && answer.err.contains("cannot be undone"), "{}", answer.err);
    let other = (wanted.len() + 1).to_string();
    let answer = trade.run(&["review", "continue", "1", "--clients", &other, "--wait"]);
    assert!(answer.code == 1 && answer.err.contains("not what you viewed"), "{}", answer.err);
    assert!(anonymized(&trade).await.is_empty());
    let answer = trade.run(&["review", "continue", "1", "--clients", &wanted.len().to_string(), "--wait"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(anonymized(&trade).await, wanted);
    assert_eq!(trade.json(&["review", "imports"])[0]["state"], "approved");
    let answer = trade.run(&["review", "continue", "1"]);
    assert!(answer.code == 1 && answer.err.contains("was approved by"), "{}", answer.err);
}

#[tokio::test]
async fn r09_a_workbook_of_another_club_is_refused() {
    let trade = clubs().await;
    taken_out(&trade);
    trade.json(&["review", "add", "Lille", "--period", "--filter", "club=LIL", "--length", "24 months"]);
    let lille = workbook(&trade, "Lille");
    refused(&trade, &opened_and_saved(&lille), "the workbook is not of review `Lyon, 24 months`").await;
    // Nor if the number of Lyon's is written into it.
    let lyon = trade.value("SELECT id FROM lethe_reviews WHERE name LIKE 'Lyon%'").await;
    let clients = trade.value("SELECT clients FROM lethe_reviews WHERE name LIKE 'Lyon%'").await;
    let write = |book: &mut Workbook, name: &str, text: &str| {
        text.clone_into(&mut book.about.iter_mut().find(|own| own.0 == name).expect("it is said").1);
    };
    let forged = edited(&lille, |book| write(book, "Number", &lyon));
    refused(&trade, &forged, "the review has changed since the workbook was exported").await;
    // And how many are on it.
    let forged = edited(&lille, |book| {
        write(book, "Number", &lyon);
        write(book, "Clients", &clients);
    });
    refused(&trade, &forged, "the sheet `About` is not as it was exported").await;
}

#[tokio::test]
async fn r10_added_and_changed_rows_are_refused_and_removed_rows_mean_not_these() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    let other = trade.value("SELECT min(member_id) FROM members WHERE club_code = 'LYO' AND status = 'client'").await;
    let edits: [(&str, Edit); 6] = [
        ("`member_id` is not of this review", Box::new(move |book| book.rows.push(vec![other, "x".to_owned()]))),
        ("`display_name` is not what the database has", Box::new(|book| book.rows[2][3] = "Somebody".to_owned())),
        ("`member_id` is there twice", Box::new(|book| book.rows.push(book.rows[0].clone()))),
        ("the row contains more than was exported", Box::new(|book| book.rows[0].push("?".to_owned()))),
        ("the columns are not as they were exported", Box::new(|book| book.columns[1] = "number".to_owned())),
        ("no row is left", Box::new(|book| book.rows.clear())),
    ];
    for (why, edit) in edits {
        refused(&trade, &edited(&book, edit), why).await;
    }
    let mut wanted = eligible(&trade, "LYO", 24).await;
    let mut stays = BTreeSet::new();
    // The order of rows says nothing: people sort them.
    let back = edited(&book, |book| {
        stays.extend([0, 1, 5].map(|at| book.rows[at][0].clone()));
        book.rows.retain(|row| !stays.contains(&row[0]));
        book.rows.reverse();
    });
    wanted.retain(|key| !stays.contains(key));
    let answer = give_back(&trade, "Lyon, 24 months", &back);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(anonymized(&trade).await, wanted);
    let review = &trade.json(&["review", "list"])[0];
    assert_eq!(
        (&review["state"], &review["clients"], &review["removed"]),
        (&json!("approved"), &json!(wanted.len()), &json!(3))
    );
}

#[tokio::test]
async fn r11_anything_but_a_plain_xlsx_is_refused() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    let rows = read(&book).expect("a workbook").rows.len();
    assert!(rows > 5);
    let files = [
        saved_as("csv", &book),
        saved_as("ods", &book),
        saved_as("xls", &book),
        saved_as("xlsm:Calc MS Excel 2007 VBA XML", &book),
        lethe::sheet::zipped("book.xlsx", &opened_and_saved(&book)).expect("an archive"),
        book[..book.len() / 2].to_vec(),
        Vec::new(),
        b"PK\x03\x04".to_vec(),
    ];
    for file in files {
        refused(&trade, &file, "the file is not an XLSX workbook").await;
    }
    assert_eq!(trade.run(&["review", "import", "Lyon, 24 months", "nothing.xlsx"]).code, 1);
}

#[tokio::test]
async fn r12_the_errors_come_as_a_file() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    refused(&trade, &edited(&book, |book| book.rows[4][2] = "former!".to_owned()), "row 6: `status`").await;
    let import = trade.json(&["review", "imports"])[0]["id"].to_string();
    trade.json(&["review", "errors", &import, "--to", "errors.xlsx"]);
    // As a spreadsheet program reads it.
    let errors = std::fs::read(trade.path("errors.xlsx")).expect("the file is written");
    let lines = String::from_utf8(saved_as("csv", &errors)).expect("text");
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            "Row,Column,Error,What to do",
            "6,status,is not what the database has,\"take the row out, or export the review again\""
        ]
    );
    // Never over another file, and only of an import that has some.
    let answer = trade.run(&["review", "errors", &import, "--to", "errors.xlsx"]);
    assert!(answer.code == 1 && answer.err.contains("--to"), "{}", answer.err);
    give_back(&trade, "Lyon, 24 months", &opened_and_saved(&book));
    let import = trade.json(&["review", "imports"])[0]["id"].to_string();
    assert_eq!(trade.run(&["review", "errors", &import]).code, 1);
}

#[tokio::test]
async fn r13_imports_are_listed_and_can_be_filtered() {
    let trade = clubs().await;
    let book = taken_out(&trade);
    give_back(&trade, "Lyon, 24 months", &book);
    give_back(&trade, "Lyon, 24 months", &opened_and_saved(&book));
    let by = trade.json(&["review", "list"])[0]["made_by"].as_str().expect("a name").to_owned();
    let day = today().to_string();
    let earlier = (today() - chrono::Days::new(2)).to_string();
    for (filter, states) in [
        (&[][..], &["approved", "refused"][..]),
        (&["--state", "refused"], &["refused"]),
        (&["--name", "LYON"], &["approved", "refused"]),
        (&["--name", "Lille"], &[]),
        (&["--by", &by], &["approved", "refused"]),
        (&["--by", "nobody"], &[]),
        (&["--since", &earlier], &["approved", "refused"]),
        (&["--since", "2999-01-01"], &[]),
    ] {
        let list = trade.json(&[&["review", "imports"], filter].concat());
        let found: Vec<&str> = list.as_array().unwrap().iter().map(|own| own["state"].as_str().unwrap()).collect();
        assert_eq!(found, states, "{filter:?} {day}");
    }
    let text = trade.run(&["review", "imports"]).out;
    assert!(text.contains("sweep 1") && text.contains("1 error"), "{text}");
}
