//! What a release consists of, packed from the program under test.

use std::path::Path;
use std::process::Command;

use crate::common::project::{read, root};

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_release_has_a_package_whose_program_units_and_man_pages_work() {
    let target = tempfile::tempdir().expect("a folder");
    run(Command::new(root().join("deploy/release"))
        .env("BINARY", env!("CARGO_BIN_EXE_lethe"))
        .env("COMPRESSION", "-Znone")
        .env("CARGO_TARGET_DIR", target.path()));
    let out = target.path().join("release-files");
    let files = names(&out);
    assert_eq!(files.len(), 4, "{files:?}");
    run(Command::new("sha256sum").arg("--check").arg("SHA256SUMS").current_dir(&out));

    let package =
        files.iter().find(|name| Path::new(name).extension().is_some_and(|own| own == "deb")).expect("a package");
    let root = target.path().join("root");
    run(Command::new("dpkg-deb").arg("--extract").arg(out.join(package)).arg(&root));
    assert!(run(Command::new(root.join("usr/bin/lethe")).arg("--version")).starts_with("lethe "));
    let units = root.join("usr/lib/systemd/system");
    assert_eq!(names(&units), ["lethe-scheduler.service", "lethe-worker@.service", "lethe.service"]);
    for unit in names(&units) {
        assert!(read(&units.join(&unit)).contains("\nExecStart=/usr/bin/lethe "), "{unit}");
    }
    let pages = names(&root.join("usr/share/man/man1"));
    assert!(pages.contains(&"lethe.1.gz".to_owned()) && pages.contains(&"lethe-sweep.1.gz".to_owned()), "{pages:?}");
    for completions in
        ["bash-completion/completions/lethe", "zsh/vendor-completions/_lethe", "fish/vendor_completions.d/lethe.fish"]
    {
        assert!(read(&root.join("usr/share").join(completions)).contains("lethe"), "{completions}");
    }

    let bill = files.iter().find(|name| name.ends_with(".cdx.json")).expect("a bill of materials");
    let bill: serde_json::Value = serde_json::from_str(&read(&out.join(bill))).expect("JSON");
    let parts = bill["components"].as_array().expect("components");
    assert!(parts.iter().any(|own| own["name"] == "sqlx"), "{} parts", parts.len());
    assert!(!parts.iter().any(|own| own["name"] == "proptest"), "tests are not part of it");
}
