//! Floors import downward only.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::project::{files, read, root};

/// Each floor, and what it may import besides itself.
const FLOORS: [(&str, &[&str]); 20] = [
    ("domain", &[]),
    ("policy", &["domain"]),
    ("plan", &["domain", "policy"]),
    ("traces", &[]),
    ("sql", &["domain", "policy", "plan"]),
    ("database", &["domain", "policy", "plan", "sql"]),
    ("queue", &[]),
    ("bucket", &["domain"]),
    ("journal", &["domain", "bucket"]),
    ("ledger", &["domain", "traces", "database", "queue"]),
    ("outside", &["domain", "policy", "bucket"]),
    ("worker", &["domain", "policy", "plan", "traces", "sql", "database", "queue", "journal", "ledger", "outside"]),
    ("report", &["domain", "policy", "plan", "sql", "database", "ledger", "worker"]),
    ("sheet", &[]),
    ("service", &["domain", "policy", "plan", "sql", "database", "sheet", "journal", "ledger", "worker", "report"]),
    ("http", &["domain", "policy", "plan", "traces", "database", "ledger", "worker", "report", "service"]),
    ("draft", &["domain", "policy", "plan", "database"]),
    ("demo", &[]),
    (
        "config",
        &[
            "domain", "traces", "database", "queue", "bucket", "journal", "ledger", "outside", "worker", "service",
            "http",
        ],
    ),
    (
        "cli",
        &[
            "domain", "policy", "plan", "traces", "sql", "database", "queue", "bucket", "journal", "ledger", "outside",
            "worker", "report", "sheet", "service", "http", "draft", "demo", "config",
        ],
    ),
];

/// How many modules deep a file below `src` is: `worker/mod.rs` and `domain/key.rs` are 1 and 2.
fn depth(path: &Path) -> usize {
    path.components().count() - usize::from(path.ends_with("mod.rs"))
}

/// The modules of the crate's root that a file names, by `crate::` or by enough `super::`.
fn named(source: &str, depth: usize) -> BTreeSet<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let from_root = "super::".repeat(depth);
    let mut names = BTreeSet::new();
    for prefix in ["crate::", from_root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let inside_a_word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if inside_a_word {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(heads(group)),
                None => names.extend(word(rest)),
            }
        }
    }
    names
}

fn word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// The first words of the members of `{a::b, c, d::{e, f}}`, without its opening brace.
fn heads(group: &str) -> Vec<String> {
    let (mut open, mut member, mut heads) = (1, String::new(), Vec::new());
    for letter in group.chars() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 || (open == 1 && letter == ',') {
            heads.extend(word(&member));
            member.clear();
        } else {
            member.push(letter);
        }
        if open == 0 {
            break;
        }
    }
    heads
}

#[test]
fn floors_import_downward_only() {
    let mut wrong = Vec::new();
    for (floor, below) in FLOORS {
        let mut seen = 0;
        let own = root().join("src").join(floor);
        for file in files(&own, ".rs") {
            seen += 1;
            let place = file.strip_prefix(root().join("src")).expect("a file of src");
            for name in named(&read(&file), depth(place)) {
                let is_floor = FLOORS.iter().any(|(other, _)| *other == name);
                if is_floor && name != floor && !below.contains(&name.as_str()) {
                    wrong.push(format!("src/{} imports {name}", place.display()));
                }
            }
        }
        assert!(seen > 0, "the floor {floor} has files");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `println!` and its kind panic where a terminal is gone or a disk is full, in the middle of a sweep.
#[test]
fn nothing_prints_in_a_way_that_panics() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, ".rs").into_iter().filter(|file| !file.ends_with("main.rs")) {
        if read(&file).lines().any(|line| line.contains("println!(")) {
            wrong.push(file);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn statements_on_the_ledger_are_commented_files_that_are_used() {
    let source = root().join("src");
    let code: String = files(&source, ".rs").iter().map(|file| read(file)).collect();
    let ledger = source.join("ledger/sql");
    let statements = [files(&ledger, ".sql"), files(&source.join("sql/batch"), ".sql")].concat();
    assert!(statements.len() > 200, "{}", statements.len());
    for file in statements {
        let text = read(&file);
        assert!(text.starts_with("-- "), "{} has no comment", file.display());
        let first = text.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"];
        assert!(verbs.iter().any(|verb| first.starts_with(verb)) && !text.contains(";\n"), "{}", file.display());
        let stem = Path::new(file.file_stem().expect("a name"));
        let name = file.strip_prefix(&ledger).map_or(stem.to_owned(), |own| own.with_extension(""));
        assert!(code.contains(&format!("\"{}\"", name.display())), "{} is not used", file.display());
    }
}

/// Who below the faces may speak of commands: what words them for each face,
/// drafts and decisions that only the command line makes, and those who write to
/// the operator (e-mail, and notes in its log).
const SPEAK_OF_COMMANDS: [&str; 7] = [
    "domain/hint.rs",
    "worker/deliver/alerts.rs",
    "worker/watch.rs",
    "plan/builder.rs",
    "traces/sending.rs",
    "journal/error.rs",
    "service/journal.rs",
];

#[test]
fn only_the_command_line_speaks_of_its_commands_and_options() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, ".rs") {
        let place = file.strip_prefix(&source).expect("a file of src");
        let is_its_own = ["cli", "config", "draft", "demo"].iter().any(|floor| place.starts_with(floor));
        if is_its_own || SPEAK_OF_COMMANDS.iter().any(|own| place.ends_with(own)) {
            continue;
        }
        let text = read(&file);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        wrong.extend(
            code.filter(|line| line.contains("`lethe ") || line.contains("`--"))
                .map(|line| format!("src/{}: {}", place.display(), line.trim())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Ways to ask which database this is, which only its own folder may.
const COMPARES_DATABASES: [&str; 6] =
    ["sqlx::Any", "sqlx::any", "AnyPool", "AnyConnection", "PostgresDialect", "SqliteDialect"];

#[test]
fn nothing_but_a_databases_own_folder_asks_which_database_it_is() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, ".rs") {
        let place = file.strip_prefix(&source).expect("a file of src");
        if place.starts_with("database") || place.starts_with("draft/tests") || place.ends_with("draft/tests.rs") {
            continue;
        }
        let text = read(&file);
        let compares = |line: &&str| {
            let names_one = COMPARES_DATABASES.iter().any(|way| line.contains(way));
            let matches = line.contains("match ") && (line.contains("dialect {") || line.contains("dialect() {"));
            names_one || matches || line.contains("dialect.name ==") || line.contains("dialect().name ==")
        };
        // Unit tests may choose one.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//")).filter(compares);
        wrong.extend(lines.map(|line| format!("src/{}: {}", place.display(), line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_floor_of_the_program_is_known_here() {
    let library = read(&root().join("src/lib.rs"));
    let modules: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let known: BTreeSet<&str> = FLOORS.iter().map(|(floor, _)| *floor).collect();
    assert_eq!(modules, known);
}

#[test]
fn imports_are_found_however_they_are_written() {
    let source = "\
use crate::database::Store;
use crate::{domain::{key::Key, plan}, sql};
/// [`crate::cli`] in a comment is not an import.
fn f() { crate::ledger::open(); super::super::worker::run(); mycrate::demo::make(); super::queue(); }
";
    let found: Vec<String> = named(source, 2).into_iter().collect();
    assert_eq!(found, ["database", "domain", "ledger", "sql", "worker"]);
}

/// Floors that read what is stored.
const READS_STORED: [&str; 5] = ["database", "journal", "ledger", "queue", "worker"];

/// How many defaults each of their files may use, where nothing stored is read: an option that is left out, a cut text.
const DEFAULTS: [(&str, usize); 22] = [
    ("database/names.rs", 1),
    ("database/postgres/fault.rs", 2),
    ("database/postgres/rights/mod.rs", 2),
    ("database/postgres/schema.rs", 2),
    ("database/sqlite/fault.rs", 1),
    ("database/sqlite/mod.rs", 1),
    ("database/sqlite/schema.rs", 3),
    ("ledger/ledgers.rs", 1),
    ("ledger/pauses.rs", 1),
    ("ledger/reviews.rs", 1),
    ("ledger/selections.rs", 2),
    ("ledger/sweeps.rs", 2),
    ("ledger/traces.rs", 1),
    // What another program left in Redis is not a batch.
    ("queue/redis.rs", 1),
    ("queue/relay.rs", 1),
    ("worker/anonymize.rs", 1),
    ("worker/deliver/alerts.rs", 2),
    ("worker/deliver/stuck.rs", 1),
    ("worker/sweep.rs", 1),
    ("worker/sweep/error.rs", 1),
    ("worker/watch.rs", 1),
    ("worker/journal/standing.rs", 1),
];

/// What reads a stored text; followed by a default, or by leaving errors out, it makes unreadable data empty.
const READERS: [&str; 5] = ["from_str::<", "from_str(", "from_slice", "from_json(", "Key::parse("];

/// The parts that may: they say that two identities differ, read what a person wrote, or make an error of it.
const MAY_READ_SO: [&str; 7] = [
    "ledger/origin.rs",
    "config/mod.rs",
    "database/row.rs",
    "service/classify.rs",
    "service/limit.rs",
    "service/workbooks.rs",
    "worker/planner.rs",
];

#[test]
fn nothing_stored_that_cannot_be_read_becomes_empty() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, ".rs") {
        let place = file.strip_prefix(&source).expect("a file of src").display().to_string();
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        if READS_STORED.iter().any(|floor| place.starts_with(floor)) {
            let used = lines.iter().filter(|line| line.contains("unwrap_or_default()")).count();
            let allowed = DEFAULTS.iter().find(|(own, _)| place == *own).map_or(0, |(_, allowed)| *allowed);
            if used > allowed {
                wrong.push(format!("src/{place} uses {used} defaults, and {allowed} are known"));
            }
        }
        if MAY_READ_SO.contains(&place.as_str()) {
            continue;
        }
        let empties = |line: &&&str| {
            let reads = READERS.iter().filter_map(|reader| line.find(reader)).min();
            reads.is_some_and(|at| line[at..].contains(".ok()") || line[at..].contains("unwrap_or_default()"))
                && !line.contains("from_str_radix")
                && !line.contains("parse_from_str")
                && !line.contains("new_from_slice")
        };
        wrong.extend(lines.iter().filter(empties).map(|line| format!("src/{place}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
