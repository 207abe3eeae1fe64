//! `docs/acceptance.md` says which test shows which statement, and how it ended
//! on each database. It is made from the names of the tests, and from what they
//! printed when all of them were run:
//! `tests/run 2>&1 | tee target/tests.txt`, then
//! `WRITE_PAGES=1 TEST_OUTPUT=target/tests.txt cargo test --test statements`.

#[path = "common/project.rs"]
mod project;

use std::collections::BTreeMap;

use project::{files, read, root};

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

/// How each test ended, by its name, on SQLite and on PostgreSQL.
type Ends = BTreeMap<String, [&'static str; 2]>;

/// Reads what `cargo test` printed. The suites of `tests/postgres.rs` are those of the others on PostgreSQL.
fn ends(output: &str) -> Ends {
    let (mut all, mut database) = (Ends::new(), 0);
    for line in output.lines() {
        if let Some((_, target)) = line.split_once("Running tests/") {
            database = usize::from(target.starts_with("postgres"));
        }
        let test = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "));
        if let Some((path, end)) = test {
            let name = path.rsplit("::").next().unwrap_or(path).to_owned();
            let end = if end.starts_with("ok") { "ok" } else { "FAILED" };
            all.entry(name).or_default()[database] = end;
        }
    }
    all
}

fn page(ends: &Ends) -> String {
    let tests = tests();
    let mut page = "# What the trades ask for\n\n\
        Five trades ask for what Lethe does, each in its own way, and each is a policy that ships with it. Every statement is\n\
        a test with its number in the name, by way of the program itself, on SQLite and on PostgreSQL. This page is made from\n\
        their names, and from what they printed when all tests were run last before it was written.\n"
        .to_owned();
    for (letter, trade, most) in TRADES {
        page += &format!(
            "\n## {letter}\n\n{trade}.\n\n| Statement | What is shown | Where | SQLite | PostgreSQL |\n|---|---|---|---|---|\n"
        );
        for number in 1..=most {
            match tests.get(&(letter, number)) {
                None => page += &format!("| {letter}{number} | *not shown yet* | | | |\n"),
                Some(shown) => {
                    for Shown { name, said, file } in shown {
                        let [sqlite, postgres] = ends.get(name).copied().unwrap_or_default();
                        page +=
                            &format!("| {letter}{number} | {said} | [{file}](../{file}) | {sqlite} | {postgres} |\n");
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
        let output = std::env::var_os("TEST_OUTPUT").map(|file| read(&root().join(file))).unwrap_or_default();
        std::fs::write(&path, page(&ends(&output))).expect("the page is written");
    }
    // How they end today is what this run says.
    let without_ends = |page: &str| -> Vec<String> {
        page.lines().map(|line| line.rsplit_once(") |").map_or(line, |(row, _)| row).to_owned()).collect()
    };
    let hint = "`WRITE_PAGES=1 cargo test --test statements` writes docs/acceptance.md anew";
    assert!(without_ends(&read(&path)) == without_ends(&page(&Ends::new())), "{hint}");
    assert!(!read(&path).contains("FAILED"), "a statement does not hold");
}

#[test]
fn what_the_tests_printed_says_how_they_ended() {
    let output = "     Running tests/acceptance.rs (x)\ntest np::n01_a ... ok\ntest np::n02_b ... FAILED\n\
                       Running tests/postgres.rs (y)\ntest acceptance::np::n01_a ... ok\ntest result: ok. 1 passed\n";
    let ends = ends(output);
    assert_eq!((ends["n01_a"].join("|"), ends["n02_b"].join("|")), ("ok|ok".to_owned(), "FAILED|".to_owned()));
    assert_eq!(ends.len(), 2);
}

#[test]
fn a_name_tells_its_statements_from_its_words() {
    assert_eq!(statements("n1_p6_each_path"), (vec![('N', 1), ('P', 6)], "each path".to_owned()));
    assert_eq!(statements("p08_6_years").0, [('P', 8)]);
    assert_eq!(statements("n21_of_none").0, []);
    assert_eq!(statements("a_client").0, []);
}
