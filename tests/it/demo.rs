//! The demonstration, as a stranger runs it.

use crate::common::lethe;
use crate::common::project::{read, root};
use serde_json::Value;

fn demo(folder: &std::path::Path) -> Value {
    let output = lethe(folder).args(["demo", "--folder", "shop", "--json"]).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_demonstration_anonymizes_and_a_second_run_takes_no_client_twice() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path());
    assert_eq!(first["clients"], 10_000);
    assert_eq!(first["made_now"], true);
    assert_eq!(first["sweeps"].as_array().unwrap().len(), 2);
    for sweep in first["sweeps"].as_array().unwrap() {
        assert!(sweep["anonymized"].as_u64().unwrap() > 100);
        assert!(sweep["refusals"].as_object().unwrap().len() >= 5, "every guard refuses a client");
        assert_eq!(sweep["failed"], 0);
    }
    assert!(
        first["before_and_after"].as_array().unwrap().iter().any(|change| change["after"] == "Anonymized customer")
    );

    let second = demo(folder.path());
    assert_eq!(second["made_now"], false);
    assert_eq!(second["sweeps"][0]["anonymized"], 0, "all clients due by date were done the first time");
    assert_eq!(second["sweeps"][0]["refused"], first["sweeps"][0]["refused"]);
    assert_eq!(second["sweeps"][1]["anonymized"], 500, "the limit of the night");
    let by_now = |story: &Value| story["anonymized"].as_u64().unwrap();
    let tonight: u64 =
        second["sweeps"].as_array().unwrap().iter().map(|sweep| sweep["anonymized"].as_u64().unwrap()).sum();
    assert_eq!(by_now(&second), by_now(&first) + tonight);
}

#[test]
fn the_readme_shows_what_the_demonstration_prints() {
    let folder = tempfile::tempdir().unwrap();
    let output = lethe(folder.path()).arg("demo").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    // How long a sweep takes differs from run to run.
    let same =
        |line: &str| line.split(" failed, in ").next().unwrap_or(line).split_whitespace().collect::<Vec<_>>().join(" ");
    let printed: Vec<String> = printed.lines().map(same).collect();
    let readme = read(&root().join("README.md"));
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let mut rest = printed.iter();
    for line in shown.lines().map(same).filter(|line| !line.is_empty() && line != "…") {
        assert!(rest.any(|own| *own == line), "`{line}` is not printed, or not in this order: {printed:#?}");
    }
    assert!(folder.path().join("lethe-demo/policy.toml").exists());
}

#[test]
fn each_shipped_policy_has_a_company_to_show() {
    for policy in lethe::demo::SHIPPED.iter().skip(1) {
        let folder = tempfile::tempdir().unwrap();
        let args = ["demo", "--policy", policy.name, "--json"];
        let run = || {
            let output = lethe(folder.path()).args(args).output().expect("the program runs");
            assert!(output.status.success(), "{}: {}", policy.name, String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
        };
        let sum = |story: &Value, what: &str| {
            story["sweeps"].as_array().unwrap().iter().map(|sweep| sweep[what].as_u64().unwrap()).sum::<u64>()
        };
        let first = run();
        assert!(first["clients"].as_u64() >= Some(250), "{first}");
        assert!(sum(&first, "anonymized") > 20 && sum(&first, "refused") > 5, "{first}");
        assert_eq!(sum(&first, "failed"), 0, "{first}");
        assert!(first["before_and_after"].as_array().unwrap().iter().any(|own| own["before"] != own["after"]));
        if policy.name == "prodon" {
            let is_there = |path: &str| folder.path().join("lethe-demo-prodon/photos").join(path).exists();
            assert_eq!((is_there("1/marguerite.jpg"), is_there("2/zoe.jpg")), (false, true));
        }
        let second = run();
        assert_eq!((second["made_now"].clone(), sum(&second, "anonymized")), (Value::Bool(false), 0));
        assert_eq!(sum(&second, "refused"), sum(&first, "refused"));
    }
}

#[test]
fn the_company_of_another_policy_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |policy: &str| {
        lethe(folder.path())
            .args(["demo", "--folder", "company", "--policy", policy])
            .output()
            .expect("the program runs")
    };
    assert!(demo("prodon").status.success());
    let output = demo("np-retail");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    error: the folder `company` holds the demonstration of another policy

    hint: choose another with `--folder`; nothing in it was touched
    ");
}

#[test]
fn a_folder_with_other_content_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    let policy = folder.path().join("shop/policy.toml");
    std::fs::write(&policy, "# hours of work").unwrap();
    let output = lethe(folder.path()).args(["demo", "--folder", "shop"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    error: the folder `shop` holds something else than a demonstration

    hint: choose another with `--folder`; nothing in it was touched
    ");
    assert_eq!(std::fs::read_to_string(policy).unwrap(), "# hours of work");
    assert_eq!(std::fs::read_dir(folder.path().join("shop")).unwrap().count(), 1);
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin("lethe");
    let mut child = std::process::Command::new(program)
        .args(["policy", "schema"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
