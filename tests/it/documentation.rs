//! What the pages and the hints say exists: commands, settings, files.

use std::collections::BTreeMap;

use crate::common::project::{files, read, root};
use clap::{Arg, Command, CommandFactory};
use lethe::cli::Cli;

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
        let run = bare.split_once("cargo run ").and_then(|(_, rest)| rest.split_once("-- "));
        if let Some((_, rest)) = run {
            found.push(rest.to_owned());
        } else if let Some(rest) = bare.strip_prefix("cargo demo") {
            found.push(format!("demo{rest}"));
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
        if word == "…" {
            continue;
        }
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
    let mut pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"]
        .map(|page| root().join(page))
        .to_vec();
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
    assert_eq!(shell[0], "cargo demo");
    assert!(read(&root().join(".cargo/config.toml")).contains("\ndemo = \"run --locked -- demo\"\n"));
    assert!(shell[1].contains("tests/run"), "{}", shell[1]);
    let checks = read(&root().join(".ci/run"));
    for command in shell[1].lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        assert!(checks.lines().any(|line| line.trim() == command), ".ci/run does not run `{command}`");
    }
}

#[test]
fn every_page_that_a_page_or_a_hint_points_to_is_there() {
    let mut pages =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"].map(|page| root().join(page)).to_vec();
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

#[test]
fn decisions_are_numbered_without_gaps_and_say_their_status_and_date() {
    for (at, file) in files(&root().join("docs/decisions"), ".md").iter().enumerate() {
        let (number, page) = (format!("{:03}", at + 1), read(file));
        let name = file.file_name().expect("a name").to_string_lossy();
        assert!(name.starts_with(&format!("{number}-")), "{name} should have the number {number}");
        assert!(page.starts_with(&format!("# {number} ")), "{name}");
        let status = page.lines().nth(2).unwrap_or_default();
        let (status, date) =
            status.trim_end_matches('.').split_once(", ").unwrap_or_else(|| panic!("{name}: {status}"));
        assert!(status == "Accepted" || status.starts_with("Superseded by "), "{name}: {status}");
        assert!(date.parse::<chrono::NaiveDate>().is_ok(), "{name}: {date}");
    }
}

/// The settings that the operations page lists, each with its variable and its default.
fn listed_settings() -> BTreeMap<String, (String, String)> {
    let page = read(&root().join("docs/operations.md"));
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let variable = cells.get(2).filter(|cell| cell.starts_with("LETHE_"))?;
        Some((cells[1].to_owned(), ((*variable).to_owned(), cells[3].to_owned())))
    });
    rows.collect()
}

/// The settings that the configuration has, by its fields.
fn settings() -> Vec<String> {
    let source = ["mod.rs", "sections.rs"].map(|file| read(&root().join("src/config").join(file))).concat();
    let mut section = None;
    let mut settings = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("pub struct ") {
            let name = name.trim_end_matches(" {").trim_end_matches("Config").to_lowercase();
            section = Some(if name.is_empty() { name } else { format!("{name}.") });
        } else if line == "}" {
            section = None;
        } else if let (Some(section), Some(field)) = (&section, line.strip_prefix("pub "))
            && !field.trim_end_matches(',').ends_with("Config")
        {
            settings.push(format!("{section}{}", field.split(':').next().unwrap_or_default()));
        }
    }
    settings
}

#[test]
fn the_operations_page_lists_every_setting_and_no_other() {
    let mut settings = settings();
    settings.sort();
    assert!(settings.len() > 10, "{settings:?}");
    let listed = listed_settings();
    assert_eq!(listed.keys().cloned().collect::<Vec<String>>(), settings);
    for (setting, (variable, _)) in listed {
        assert_eq!(variable, format!("LETHE_{}", setting.replace('.', "__").to_uppercase()));
    }
}

#[test]
fn every_default_on_the_operations_page_can_be_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = assert_cmd::Command::cargo_bin("lethe").expect("the program is built");
    command.current_dir(folder.path()).args(["policy", "init"]).env("LETHE_DATABASE", "nowhere.db");
    for (_, (variable, default)) in listed_settings() {
        if !default.is_empty() {
            command.env(variable, default);
        }
    }
    // Every setting is taken: what is missing is the database alone.
    let failed = command.assert().failure();
    let said = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    assert!(said.contains("no database found at `nowhere.db`"), "{said}");
}
