//! The command line, as people and programs read it.

use crate::common::{Company, command, lethe};
use serde_json::Value;

const SCHEMA: &str = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
INSERT INTO customers VALUES ('C1', 'Anna Meier', '2020-01-01'), ('C2', 'Berta Kunz', '2020-01-01');";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
"#;

const JOB: &str = "schedule = \"0 30 1 * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n";

async fn company() -> Company {
    let company = Company::new(SCHEMA, POLICY).await;
    let folder = company.folder.path();
    let config = format!(
        "database = \"{}\"\n[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).unwrap();
    std::fs::create_dir(folder.join("jobs")).unwrap();
    std::fs::write(folder.join("jobs/nightly.toml"), JOB).unwrap();
    company
}

fn out(company: &Company, args: &[&str]) -> String {
    let done = lethe(company.folder.path()).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test]
async fn the_status_begins_with_the_night_and_sweeps_and_jobs_are_listed_and_filtered() {
    let company = company().await;
    out(&company, &["sweep", "nightly", "--wait"]);
    let status = out(&company, &["status"]);
    assert!(status.lines().next().unwrap().contains("2 of 2 due clients were anonymized"), "{status}");
    let list =
        |args: &[&str]| -> Vec<Value> { serde_json::from_str(&out(&company, &[args, &["--json"]].concat())).unwrap() };
    assert_eq!(list(&["sweeps", "--job", "nightly", "--state", "done", "--kind", "due"]).len(), 1);
    for none in [["--job", "other"], ["--state", "braked"], ["--kind", "period"], ["--until", "2001-01-01"]] {
        assert_eq!(list(&["sweeps", none[0], none[1]]).len(), 0, "{none:?}");
    }
    let jobs = list(&["jobs"]);
    assert_eq!((&jobs[0]["job"], &jobs[0]["last"]["state"]), (&"nightly".into(), &"done".into()), "{jobs:?}");
    assert_eq!(list(&["jobs", "--kind", "period"]).len(), 0);
    assert!(out(&company, &["policy", "show"]).contains("No guard refuses a client"));
}

#[tokio::test]
async fn wrong_arguments_are_told_to_a_program_as_json() {
    let company = company().await;
    for args in [&["sweep", "--json"][..], &["sweeps", "--state", "gone", "--json"], &["--json", "nothing"]] {
        let done = command(company.folder.path()).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{args:?}");
        let said = String::from_utf8(done.stderr).unwrap();
        let failure: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{args:?}: {said}"));
        assert!(failure["error"].is_string() && failure["hint"].is_string(), "{failure}");
    }
}

#[tokio::test]
async fn what_the_database_holds_does_not_move_a_terminal() {
    let company = company().await;
    company.execute("INSERT INTO customers VALUES ('C\u{1b}[2J\u{202e}3', 'Carl', '2020-01-01')").await;
    company.execute("INSERT INTO customers VALUES ('C4', 'Dora\n\u{1b}[36mWolf', '2020-01-01')").await;
    company.context.ledger.place_hold("C1", "one\u{1b}]0;x\u{7}\nsecond line\u{9b}31m", "test").await.unwrap();
    for args in [
        &["sweep", "--due", "--preview", "--clients"][..],
        &["hold", "list"],
        &["hold", "list", "--json"],
        &["client", "C1"],
        &["policy", "trace", "C4"],
    ] {
        let text = out(&company, args);
        let moves = |own: char| own.is_control() && !matches!(own, '\n' | '\t') || own == '\u{202e}';
        assert!(!text.contains(moves), "{args:?}: {text:?}");
    }
    for args in [["hold", "list"], ["client", "C1"]] {
        assert!(!out(&company, &args).contains("\nsecond line"), "{args:?}: what a person wrote is one line");
    }
    let traced = out(&company, &["policy", "trace", "C4"]);
    assert!(traced.contains("'Dora\\u{a}\\u{1b}[36mWolf' becomes"), "{traced}");
}

#[tokio::test]
async fn an_approval_says_its_size_and_is_done_once_it_is_confirmed() {
    let company = company().await;
    let config = std::fs::read_to_string(company.folder.path().join("lethe.toml")).unwrap();
    std::fs::write(company.folder.path().join("lethe.toml"), format!("{config}[review]\nsecond_person = false\n"))
        .unwrap();
    out(&company, &["review", "add", "week", "nightly"]);
    for args in [&["review", "approve", "week"][..], &["review", "approve", "week", "--clients", "1", "--yes"]] {
        let done = command(company.folder.path()).env_remove("LETHE_YES").args(args).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(!done.status.success() && said.contains("2 clients"), "{args:?}: {said}");
    }
    out(&company, &["review", "approve", "week", "--id", "1", "--clients", "2", "--yes", "--wait"]);
    assert_eq!(
        company.rows("SELECT name FROM customers ORDER BY no").await,
        ["Anonymized client", "Anonymized client"]
    );
}

#[tokio::test]
async fn x03_only_yes_confirms_what_cannot_be_undone() {
    // C2 fails in every sweep, so that there is a client to retry.
    let schema = SCHEMA.replace("name TEXT,", "name TEXT CHECK (no <> 'C2' OR name LIKE 'Berta%'),");
    let company = Company::new(&schema, POLICY).await;
    let folder = company.folder.path();
    let config = format!(
        "database = \"{}\"\n[sweep]\nrehearsal = false\nbrake_share = 1.0\nretry_after = \"0s\"\n[backup]\nrequired = false\n\
         [review]\nsecond_person = false\n",
        company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).unwrap();
    std::fs::create_dir(folder.join("jobs")).unwrap();
    std::fs::write(folder.join("jobs/nightly.toml"), JOB).unwrap();
    std::fs::write(folder.join("failing.txt"), "C2\n").unwrap();
    std::fs::write(folder.join("list.txt"), "C1\n").unwrap();
    out(&company, &["review", "add", "week", "nightly"]);
    out(&company, &["sweep", "--list", "failing.txt", "--wait"]);
    assert_eq!(company.context.ledger.failures(10).await.unwrap().len(), 1);

    let before = company.dump().await;
    let run = |args: &[&str]| {
        let done = command(folder).env_remove("LETHE_YES").args(args).output().unwrap();
        (done.status.success(), String::from_utf8(done.stderr).unwrap())
    };
    for args in [
        &["sweep", "--due"][..],
        &["sweep", "--due", "--wait"],
        &["sweep", "--due", "--over-brake"],
        &["sweep", "nightly", "--over-brake", "--wait"],
        &["sweep", "--list", "list.txt", "--over-brake"],
        &["retry"],
        &["retry", "C2", "--wait"],
        &["review", "approve", "week"],
        &["review", "import", "week", "week.xlsx"],
    ] {
        let (is_done, said) = run(args);
        assert!(!is_done, "{args:?} asked nothing");
        assert!(said.contains("cannot be undone") && said.contains("--yes"), "{args:?}: {said}");
    }
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_sweeps").await, ["1"]);
    for args in [&["retry", "C2", "--yes", "--wait"][..], &["sweep", "--due", "--over-brake", "--yes", "--wait"]] {
        let (is_done, said) = run(args);
        assert!(is_done, "{args:?}: {said}");
    }
    assert!(company.rows("SELECT name FROM customers WHERE no = 'C1'").await == ["Anonymized client"]);
}
