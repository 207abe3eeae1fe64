//! What holds the house together: floors import downward only, and every
//! command that the pages and the hints name exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};
use lethe::cli::Cli;

/// Each floor, and what it may import besides itself.
const FLOORS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("sql", &["domain"]),
    ("store", &["domain", "sql"]),
    ("queue", &[]),
    ("ledger", &["domain", "store", "queue"]),
    ("worker", &["domain", "sql", "store", "queue", "ledger"]),
    ("draft", &["domain"]),
    ("demo", &[]),
    ("cli", &["domain", "sql", "store", "queue", "ledger", "worker", "draft", "demo"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// The files below a folder whose names end so, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

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

#[test]
fn every_floor_of_the_program_is_known_here() {
    let library = read(&root().join("src/lib.rs"));
    let modules: BTreeSet<&str> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<&str> = FLOORS.iter().map(|(floor, _)| *floor).collect();
    assert_eq!(modules, known);
}

#[test]
fn imports_are_found_however_they_are_written() {
    let source = "\
use crate::store::Store;
use crate::{domain::{key::Key, plan}, sql};
/// [`crate::cli`] in a comment is no import.
fn f() { crate::ledger::open(); super::super::worker::run(); mycrate::demo::make(); super::queue(); }
";
    let found: Vec<String> = named(source, 2).into_iter().collect();
    assert_eq!(found, ["domain", "ledger", "sql", "store", "worker"]);
}

/// The fenced blocks of a page: language and text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            blocks.push((language.trim().to_owned(), text.join("\n")));
        }
    }
    blocks
}

/// The commands of Lethe's that a text names, as words: in backticks, or on
/// lines of their own in a block for the shell.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let bare = line.strip_prefix("$ ").unwrap_or(line);
        let run = bare.split_once("cargo run ").and_then(|(_, rest)| rest.split_once(" -- "));
        if let Some((_, rest)) = run {
            found.push(rest.to_owned());
        } else if let Some(rest) = bare.strip_prefix("lethe ") {
            found.push(rest.to_owned());
        }
        let spans = line.split('`').skip(1).step_by(2);
        found.extend(spans.filter_map(|span| span.strip_prefix("lethe ")).map(str::to_owned));
    }
    let words = |command: String| {
        let command = command.split(['#', '|', '>', '&', ';', '"']).next().unwrap_or_default();
        // Behind two spaces stands what the command is for.
        let command = command.split("  ").next().unwrap_or_default();
        command.split_whitespace().map(str::to_owned).collect()
    };
    found.into_iter().map(words).collect()
}

/// What is wrong with a command, if anything.
fn wrong(words: &[String]) -> Option<String> {
    let program = Cli::command();
    let mut at = &program;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap_or_default();
            if name.is_empty() || name == "help" || name == "version" {
                continue;
            }
            let Some(option) = argument(&program, name).or_else(|| argument(at, name)) else {
                return Some(format!("`{}` has no option `--{name}`", at.get_name()));
            };
            if option.get_action().takes_values() && !word.contains('=') {
                words.next();
            }
        } else if let Some(below) = at.find_subcommand(word) {
            at = below;
        } else if at.get_positionals().next().is_none() {
            return Some(format!("`{}` takes no `{word}`", at.get_name()));
        }
    }
    None
}

fn argument<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| argument.get_long() == Some(name))
}

#[test]
fn every_command_that_pages_and_hints_name_exists() {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    pages.extend(files(&root().join("docs"), ".md"));
    pages.extend(files(&root().join("src"), ".rs"));
    let mut seen = 0;
    let mut faults = Vec::new();
    for page in pages {
        for command in commands(&read(&page)) {
            seen += 1;
            if let Some(what) = wrong(&command) {
                let place = page.strip_prefix(root()).unwrap_or(&page);
                faults.push(format!("{}: `lethe {}`: {what}", place.display(), command.join(" ")));
            }
        }
    }
    assert!(seen > 50, "only {seen} commands were found");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    let faults = |text: &str| commands(text).iter().filter_map(|words| wrong(words)).count();
    assert_eq!(faults("run `lethe sweep --due --preview`, then `lethe status 7`"), 0);
    assert_eq!(faults("$ lethe --config a.toml hold add 17 --reason \"court\"  # why"), 0);
    assert_eq!(faults("cargo run --release -- demo --folder x"), 0);
    assert_eq!(faults("`lethe schema clients`"), 1);
    assert_eq!(faults("`lethe sweep --yesterday`"), 1);
    assert_eq!(faults("cargo run -- dmeo"), 1);
}

#[test]
fn the_readme_sets_up_and_runs_in_its_first_block_and_tests_in_its_second() {
    let shell: Vec<String> =
        blocks(&read(&root().join("README.md"))).into_iter().filter(|(l, _)| l == "sh").map(|(_, text)| text).collect();
    assert!(shell[0].contains("-- demo"), "{}", shell[0]);
    assert!(shell[1].contains("cargo test"), "{}", shell[1]);
    let checks = read(&root().join(".ci/run"));
    for command in shell[1].lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        assert!(checks.lines().any(|line| line.trim() == command), ".ci/run does not run `{command}`");
    }
}

#[test]
fn every_page_that_a_page_or_a_hint_points_to_is_there() {
    let mut pages = vec![root().join("README.md")];
    pages.extend(files(&root().join("docs"), ".md"));
    for page in &pages {
        for target in read(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let file = target.split('#').next().unwrap_or(target);
            let place = page.parent().expect("a folder").join(file);
            assert!(place.exists(), "{} points to `{target}`", page.display());
        }
    }
    for source in files(&root().join("src"), ".rs") {
        for page in read(&source).split("`docs/").skip(1).filter_map(|rest| rest.split('`').next()) {
            assert!(root().join("docs").join(page).exists(), "{} points to `docs/{page}`", source.display());
        }
    }
}
