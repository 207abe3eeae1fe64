//! Rights on the command line, by account and by token.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const SCHEMA: &str = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
INSERT INTO customers VALUES ('C1', 'Anna Meier', '2020-01-01'), ('C2', 'Berta Kunz', '2020-01-01');";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[filters]
customer = "no"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
"#;

const CONFIG: &str =
    "database = \"company.db\"\n[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n";

async fn company(access: &str) -> tempfile::TempDir {
    use sqlx::{ConnectOptions, Connection};
    let folder = tempfile::tempdir().expect("a folder");
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("company.db")).create_if_missing(true);
    let mut connection = options.connect().await.expect("a database");
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await.expect("the schema");
    connection.close().await.expect("it closes");
    std::fs::write(folder.path().join("policy.toml"), POLICY).expect("a policy");
    std::fs::write(folder.path().join("lethe.toml"), format!("{CONFIG}{access}")).expect("a configuration");
    folder
}

fn lethe(folder: &Path, token: Option<&str>, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("lethe").expect("the program is built");
    command.current_dir(folder).args(args).env_remove("LETHE_CONFIG").env("LETHE_YES", "true");
    match token {
        Some(token) => command.env("LETHE_TOKEN", token),
        None => command.env_remove("LETHE_TOKEN"),
    };
    let output = command.output().expect("it runs");
    for value in ["Anna Meier", "Berta Kunz"] {
        assert!(!said(&output).contains(value), "a value of a client in the log");
    }
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn token(folder: &Path, name: &str, right: &str) -> String {
    let made = lethe(folder, None, &["token", "add", name, "--right", right, "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    made["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn without_access_an_account_that_can_read_the_configuration_may_do_everything() {
    let folder = company("").await;
    assert!(lethe(folder.path(), None, &["sweep", "--due", "--wait"]).status.success());
}

#[tokio::test]
async fn n1_an_account_without_an_entry_is_refused_and_so_recorded() {
    let folder = company("").await;
    let admin = token(folder.path(), "admin", "admin");
    std::fs::write(
        folder.path().join("lethe.toml"),
        format!("{CONFIG}[access.operators]\nsomebody-else = [\"admin\"]\n"),
    )
    .unwrap();
    let account = whoami::username().unwrap();
    for args in [
        &["sweep", "--due", "--wait"][..],
        &["sweep", "--due", "--rehearse"],
        &["sweep", "--due", "--preview"],
        &["sweep", "--retention", "--preview"],
        &["status"],
        &["client", "C1"],
        &["hold", "add", "C1", "--reason", "r"],
        &["hold", "list"],
        &["retry"],
        &["backup", "acknowledge"],
        &["deliveries"],
        &["report", "month", "2026-01"],
        &["token", "add", "x", "--right", "admin"],
        &["token", "list"],
    ] {
        let refused = lethe(folder.path(), None, args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        assert!(said(&refused).starts_with(&format!("error: `{account}` may not ")), "{args:?}: {}", said(&refused));
    }
    let requests = lethe(folder.path(), Some(&admin), &["token", "requests", "--json"]);
    let requests: Value = serde_json::from_slice(&requests.stdout).expect("JSON");
    let refused =
        requests.as_array().unwrap().iter().filter(|own| own["allowed"] == 0 && own["asked_by"] == account.as_str());
    assert_eq!(refused.count(), 14);
    let sweeps = lethe(folder.path(), Some(&admin), &["status", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&sweeps.stdout).unwrap()["sweeps"], serde_json::json!([]));
}

#[tokio::test]
async fn an_account_may_do_what_its_entry_says() {
    let account = whoami::username().unwrap();
    let folder = company(&format!("[access.operators]\n{account} = [\"read\"]\n")).await;
    assert!(lethe(folder.path(), None, &["sweep", "--due", "--preview"]).status.success());
    let refused = lethe(folder.path(), None, &["sweep", "--due"]);
    assert!(said(&refused).contains("that needs the right `bulk`"), "{}", said(&refused));
}

#[tokio::test]
async fn a_token_says_who_asks_and_what_they_may_do() {
    let folder = company("").await;
    let reader = token(folder.path(), "reader", "read");
    let clerk = token(folder.path(), "clerk", "bulk");
    let refused = lethe(folder.path(), Some(&reader), &["sweep", "--due", "--wait"]);
    assert!(said(&refused).starts_with("error: `reader` may not start a sweep"), "{}", said(&refused));
    assert!(lethe(folder.path(), Some(&clerk), &["sweep", "--due", "--wait"]).status.success());
    let sweep = lethe(folder.path(), Some(&reader), &["status", "1", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&sweep.stdout).unwrap()["sweep"]["opened_by"], "clerk");
    assert!(lethe(folder.path(), None, &["token", "revoke", "clerk"]).status.success());
    for token in [clerk.as_str(), "lethe_nonsense"] {
        let refused = lethe(folder.path(), Some(token), &["status"]);
        assert!(said(&refused).contains("the token in `LETHE_TOKEN` is not valid"), "{}", said(&refused));
        assert!(!said(&refused).contains(token), "a token is never repeated");
    }
    let asked = lethe(folder.path(), None, &["token", "requests", "--json"]);
    let asked: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let stranger = asked.as_array().unwrap().iter().find(|own| own["needs"] == "token").expect("it is recorded");
    assert_eq!((&stranger["times"], &stranger["way"]), (&2.into(), &"command".into()), "{stranger}");
    assert!(stranger["asked_by"].as_str().unwrap().ends_with(" (no valid token)"), "{stranger}");
}

#[tokio::test]
async fn r20_a_token_limited_to_a_filter_value_sees_and_takes_no_other_client() {
    let folder = company("").await;
    for (args, what) in [
        (&["--right", "bulk", "--only", "colour=red"][..], "the policy declares no filter `colour`"),
        (&["--right", "configure", "--only", "customer=C1"], "the right `configure` concerns all clients"),
        (&["--right", "read,admin", "--only", "customer=C1"], "concerns all clients"),
        (&["--right", "bulk", "--only", "customer"], "write it as NAME=VALUE"),
    ] {
        let refused = lethe(folder.path(), None, &[&["token", "add", "desk"], args].concat());
        assert!(!refused.status.success() && said(&refused).contains(what), "{args:?}: {}", said(&refused));
    }
    let add = ["token", "add", "desk", "--right", "bulk", "--only", "customer=C1", "--json"];
    let made: Value = serde_json::from_slice(&lethe(folder.path(), None, &add).stdout).expect("JSON");
    let desk = made["token"].as_str().expect("a token");
    let listed = lethe(folder.path(), None, &["token", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("customer=C1"));
    for args in [&["status"][..], &["report", "month", "2026-01"], &["deliveries"], &["sweep", "--replay"]] {
        let refused = lethe(folder.path(), Some(desk), args);
        assert!(said(&refused).contains("the token is limited to customer=C1"), "{args:?}: {}", said(&refused));
    }
    let unknown = lethe(folder.path(), Some(desk), &["client", "C2"]);
    assert!(said(&unknown).contains("client `C2` not found"), "{}", said(&unknown));
    assert!(lethe(folder.path(), Some(desk), &["client", "C1"]).status.success());
    let preview = lethe(folder.path(), Some(desk), &["sweep", "--due", "--preview", "--clients"]);
    let preview = String::from_utf8_lossy(&preview.stdout).into_owned();
    assert!(preview.contains("C1") && !preview.contains("C2"), "{preview}");
    assert!(lethe(folder.path(), Some(desk), &["sweep", "--due", "--wait"]).status.success());
    let left = lethe(folder.path(), None, &["sweep", "--due", "--preview", "--clients"]);
    let left = String::from_utf8_lossy(&left.stdout).into_owned();
    assert!(left.contains("C2") && !left.contains("C1"), "{left}");
}

#[tokio::test]
async fn p5_who_may_not_configure_is_told_whom_to_ask() {
    use sqlx::ConnectOptions;
    let account = whoami::username().unwrap();
    let folder = company(&format!("[access.operators]\n{account} = [\"bulk\"]\n")).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("company.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("ALTER TABLE customers ADD COLUMN nickname TEXT").execute(&mut connection).await.unwrap();
    for args in [
        &["sweep", "--due"][..],
        &["sweep", "--due", "--rehearse"],
        &["policy", "check"],
        &["hold", "add", "C1", "--reason", "r"],
    ] {
        let refused = said(&lethe(folder.path(), None, args));
        assert!(
            refused.contains(
                "You don't have the necessary access to configure client anonymization. \
                 Please inform the person in charge that data needs to be configured."
            ),
            "{args:?}: {refused}"
        );
    }
}

#[tokio::test]
async fn what_the_policy_lacks_is_shown_to_whom_the_token_names_and_not_to_the_account() {
    use sqlx::ConnectOptions;
    let folder = company("").await;
    let (reader, officer) = (token(folder.path(), "reader", "read"), token(folder.path(), "officer", "configure"));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("company.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("ALTER TABLE customers ADD COLUMN nickname TEXT").execute(&mut connection).await.unwrap();
    for json in [&["policy", "check"][..], &["policy", "check", "--json"]] {
        let refused = lethe(folder.path(), Some(&reader), json);
        let told = format!("{}{}", said(&refused), String::from_utf8_lossy(&refused.stdout));
        assert!(told.contains("You don't have the necessary access") && !told.contains("nickname"), "{told}");
        for by in [Some(officer.as_str()), None] {
            let shown = lethe(folder.path(), by, json);
            let told = format!("{}{}", said(&shown), String::from_utf8_lossy(&shown.stdout));
            assert!(told.contains("nickname"), "{told}");
        }
        let unknown = said(&lethe(folder.path(), Some("lethe_nonsense"), json));
        assert!(unknown.contains("is not valid"), "{unknown}");
    }
}

#[tokio::test]
async fn rights_and_tokens_that_are_none_are_told_so() {
    let account = whoami::username().unwrap();
    for (access, what) in [
        ("[access]\n", "operators"),
        ("[access.operators]\nalice = \"admin\"\n", "access.operators.alice"),
        ("[access.operators]\nalice = [\"root\"]\n", "access.operators.alice"),
        ("[access]\noperator = {}\n", "operator"),
    ] {
        let refused = lethe(company(access).await.path(), None, &["status"]);
        assert_eq!(refused.status.code(), Some(1), "{access}");
        assert!(said(&refused).contains(what), "{access}: {}", said(&refused));
    }
    let folder = company(&format!("[access.operators]\n{account} = [\"admin\"]\n")).await;
    token(folder.path(), "alice", "read");
    for (args, what) in [
        (&["token", "add", "x", "--right", "root"][..], "unknown right `root`"),
        (&["token", "add", "x"], "--right"),
        (&["token", "add", "", "--right", "read"], "the name cannot be that of a token"),
        (&["token", "add", "a\nb", "--right", "read"], "the name cannot be that of a token"),
        (&["token", "add", "x", "--right", "read", "--expires", "never"], "write a duration"),
        (&["token", "add", "x", "--right", "read", "--expires", "10 years"], "two years at most"),
        (&["token", "add", "x", "--right", "read", "--expires", "0s"], "must not be zero"),
        (&["token", "add", "Alice", "--right", "read"], "token `Alice` already exists, or one with a similar name"),
        (&["token", "add", "aIice", "--right", "read"], "token `aIice` already exists, or one with a similar name"),
        (&["token", "add", "week\u{2010}1", "--right", "read"], "the name cannot be that of a token"),
        (&["token", "revoke", "x"], "no valid token `x` found"),
        (&["token", "requests", "--last", "0"], "0 is not in 1..=10000"),
    ] {
        let refused = lethe(folder.path(), None, args);
        assert!(!refused.status.success() && said(&refused).contains(what), "{args:?}: {}", said(&refused));
    }
}

#[tokio::test]
async fn work_is_paused_and_resumed_by_who_may_sweep_and_no_sweep_starts_meanwhile() {
    let folder = company("").await;
    let at = folder.path();
    let reader = token(at, "reader", "read");
    let refused = lethe(at, Some(&reader), &["pause", "--reason", "a move"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("`reader` may not pause all work"), "{}", said(&refused));
    assert!(!lethe(at, None, &["pause"]).status.success(), "a pause needs a reason");
    assert!(lethe(at, None, &["pause", "--reason", "the database moves"]).status.success());
    let refused = lethe(at, None, &["sweep", "--due"]);
    assert_eq!(refused.status.code(), Some(1));
    let text = said(&refused);
    assert!(text.contains("all work was paused by") && text.contains("`lethe resume` resumes it"), "{text}");
    for shows in ["status", "doctor"] {
        let shown = lethe(at, None, &[shows]);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(text.contains("the database moves") && text.contains("`lethe resume`"), "{shows}: {text}");
    }
    assert!(lethe(at, None, &["resume"]).status.success());
    assert!(!lethe(at, None, &["resume"]).status.success(), "it is not paused");
    assert!(lethe(at, None, &["sweep", "--due", "--wait"]).status.success());
}
