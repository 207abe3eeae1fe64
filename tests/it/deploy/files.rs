//! The image and the units name what exists.

use std::collections::BTreeSet;
use std::process::Command;

use clap::CommandFactory;
use lethe::cli::Cli;

use crate::common::project::{files, read, root};

/// Panics unless these are a command of the program's.
pub fn assert_is_command(args: &[&str]) {
    let parsed = Cli::command().try_get_matches_from(["lethe"].iter().chain(args));
    assert!(parsed.is_ok(), "`lethe {}` is no command", args.join(" "));
}

#[test]
fn every_variable_is_a_setting_that_the_operations_page_lists() {
    let page = read(&root().join("docs/operations.md"));
    let mut listed: BTreeSet<&str> = page.lines().filter_map(|line| line.split('`').nth(3)).collect();
    listed.extend(["LETHE_CONFIG", "LETHE_LOG"]);
    let mut seen = 0;
    for file in files(&root().join("deploy"), "") {
        let text = read(&file);
        for (at, _) in text.match_indices("LETHE_") {
            let variable: String = text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            assert!(listed.contains(variable.as_str()), "{}: {variable}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn the_image_gets_every_file_that_the_program_is_built_from() {
    let text = read(&root().join("deploy/Dockerfile"));
    let copied: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("COPY ").filter(|rest| !rest.starts_with("--from")))
        .flat_map(|rest| {
            rest.split(' ').collect::<Vec<_>>().split_last().map(|(_, sources)| sources.to_vec()).unwrap_or_default()
        })
        .collect();
    let let_in = read(&root().join("deploy/Dockerfile.dockerignore"));
    for source in &copied {
        assert!(root().join(source).exists(), "{source}");
        assert!(let_in.lines().any(|line| line == format!("!{source}")), "{source} is kept out");
    }
    for source in files(&root().join("src"), ".rs") {
        let code = read(&source);
        for name in code.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = source.parent().expect("a folder").join(name).canonicalize().expect("an included file");
            let path = path.strip_prefix(root().canonicalize().expect("the project")).expect("a file of the project");
            assert!(copied.iter().any(|folder| path.starts_with(folder)), "{}", path.display());
        }
        if code.contains("#[template(path") {
            assert!(copied.contains(&"templates"), "{} is made from templates", source.display());
        }
    }
    let (_, last) = text.rsplit_once("\nFROM ").expect("a last stage");
    assert!(last.contains("\nUSER 65532"), "not root's");
    let command = last.split("CMD [\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a command");
    assert_is_command(&[command]);
}

#[test]
fn systemd_accepts_every_unit_and_finds_little_exposed() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in files(&root().join("deploy/systemd"), ".service") {
        let text = read(&file);
        let run =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/lethe ")).expect("a command");
        assert_is_command(&[run]);
        // systemd looks whether the program is there.
        let text = text.replace("/usr/local/bin/lethe", env!("CARGO_BIN_EXE_lethe"));
        let name = file.file_name().expect("a name").to_string_lossy().replace("@.", "@1.");
        let unit = folder.path().join(name);
        std::fs::write(&unit, text).expect("the unit is written");
        for asked in [&["verify"][..], &["security", "--offline=true", "--threshold=12"]] {
            let output = Command::new("systemd-analyze").args(asked).arg(&unit).env("SYSTEMD_PAGER", "").output();
            let output = output.expect("systemd-analyze, of the package `systemd`");
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {asked:?}: {said}", unit.display());
            assert!(asked[0] != "verify" || !said.contains("lethe"), "{said}");
        }
    }
}
