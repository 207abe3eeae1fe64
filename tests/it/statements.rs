//! `docs/acceptance.md` lists which test shows which statement. It is generated from the names of the tests:
//! `WRITE_PAGES=1 cargo test --test it statements::`.

use std::collections::BTreeMap;

use crate::common::project::{files, read, root};

/// A letter for each trade, its folder, and how many statements it has.
const TRADES: [(char, &str, u32); 6] = [
    ('N', "[np-retail](../policies/np-retail): a shop with posting groups, posted documents and ledger entries", 20),
    ('P', "[prodon](../policies/prodon): an organization and those who give", 23),
    ('R', "[resamania](../policies/resamania): a chain of sports clubs", 21),
    ('A', "[proabono](../policies/proabono): billing of subscriptions", 13),
    ('X', "[amparex](../policies/amparex): opticians and hearing aids", 9),
    ('B', "What users of such systems ask for beyond that", 13),
];

/// The statements that a test's name begins with, such as `n1_p6_…`, and what it says of them.
fn statements(name: &str) -> (Vec<(char, u32)>, String) {
    let mut found = Vec::new();
    let mut words = name.split('_').peekable();
    while let Some(word) = words.peek() {
        let mut letters = word.chars();
        let (letter, number) = (letters.next(), letters.as_str().parse::<u32>());
        let (Some(letter), Ok(number)) = (letter.map(|own| own.to_ascii_uppercase()), number) else { break };
        if !TRADES.iter().any(|(own, _, most)| *own == letter && (1..=*most).contains(&number)) {
            break;
        }
        found.push((letter, number));
        words.next();
    }
    (found, words.collect::<Vec<_>>().join(" "))
}

/// A test that shows a statement.
struct Shown {
    name: String,
    said: String,
    file: String,
}

/// Each statement's tests.
fn tests() -> BTreeMap<(char, u32), Vec<Shown>> {
    let mut all: BTreeMap<(char, u32), Vec<Shown>> = BTreeMap::new();
    for path in files(&root().join("tests"), ".rs") {
        let file = path.strip_prefix(root()).expect("a file of the project").display().to_string();
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].contains("test]")) {
            let Some((_, rest)) = pair[1].split_once("fn ") else { continue };
            let name = rest.split('(').next().unwrap_or_default().to_owned();
            let (found, said) = statements(&name);
            for statement in found {
                let shown = Shown { name: name.clone(), said: said.clone(), file: file.clone() };
                all.entry(statement).or_default().push(shown);
            }
        }
    }
    all
}

fn page() -> String {
    let tests = tests();
    let mut page = "# What the trades ask for\n\n\
        Five trades ask for what Lethe does, each in its own way, and each is a policy that ships with it. Every statement is\n\
        a test with its number in the name. It runs the program itself, on SQLite and on PostgreSQL. This page is generated\n\
        from the names of the tests, and `tests/run` runs them.\n"
        .to_owned();
    for (letter, trade, most) in TRADES {
        page += &format!("\n## {letter}\n\n{trade}.\n\n| Statement | What is shown | Test |\n|---|---|---|\n");
        for number in 1..=most {
            match tests.get(&(letter, number)) {
                None => page += &format!("| {letter}{number} | *not shown yet* | |\n"),
                Some(shown) => {
                    for Shown { name, said, file } in shown {
                        page += &format!("| {letter}{number} | {said} | [{name}](../{file}) |\n");
                    }
                }
            }
        }
    }
    page
}

#[test]
fn the_page_is_made_from_the_tests_as_they_are() {
    let path = root().join("docs/acceptance.md");
    if std::env::var_os("WRITE_PAGES").is_some() {
        std::fs::write(&path, page()).expect("the page is written");
    }
    let hint = "`WRITE_PAGES=1 cargo test --test it statements::` writes docs/acceptance.md anew";
    assert!(read(&path) == page(), "{hint}");
}

#[test]
fn a_name_tells_its_statements_from_its_words() {
    assert_eq!(statements("n1_p6_each_path"), (vec![('N', 1), ('P', 6)], "each path".to_owned()));
    assert_eq!(statements("p08_6_years").0, [('P', 8)]);
    assert_eq!(statements("n21_of_none").0, []);
    assert_eq!(statements("a_client").0, []);
}
