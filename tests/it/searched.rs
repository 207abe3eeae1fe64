//! The search for values of persons in what the program says finds them where they are.

use crate::common::place::either;
use crate::common::{Company, lethe, searched};
use sqlx::{AssertSqlSafe, Connection};

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
email = { class = "personal", replace = "" }
due = { class = "non-personal" }
"#;

/// The company's own trigger quotes the row.
async fn quoting() -> Company {
    let trigger = either(
        "CREATE TRIGGER keeper BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'keep Ottilie Quandt, ottilie@quandt.example'); END;",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'keep %, %', old.name, old.email; END $$;
         CREATE TRIGGER keeper BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION keep();",
    );
    let schema = format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE);
         INSERT INTO customers VALUES ('A', 'Ottilie Quandt', 'ottilie@quandt.example', '2020-01-01');
         {trigger}"
    );
    Company::new(&schema, POLICY).await
}

/// What the database itself says when the client is changed.
async fn own_words(company: &Company) -> String {
    let sql = AssertSqlSafe("UPDATE customers SET name = 'x'".to_owned());
    let refused = match &company.place {
        crate::common::Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
        }
        crate::common::Place::Server(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
        }
    };
    refused.expect_err("the trigger refuses").to_string()
}

#[tokio::test]
async fn a_message_of_a_trigger_that_quotes_the_row_would_be_found_and_is_nowhere() {
    let company = quoting().await;
    let config = format!(
        "database = \"{}\"\n[sweep]\nrehearsal = false\nbrake_share = 1.0\nretry_after = \"10ms\"\n[backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(company.folder.path().join("lethe.toml"), config).unwrap();
    let mut program = lethe(company.folder.path());
    let done = program.args(["sweep", "--due", "--wait"]).env("LETHE_LOG", searched::VERBOSE).output().unwrap();
    let log = String::from_utf8(done.stderr).unwrap();
    assert!(log.contains("sweep done") && log.contains("failed=1"), "{log}");
    assert_eq!(searched::found(log.as_bytes()), None);
    assert_eq!(company.rows("SELECT outcome FROM lethe_outcomes").await, ["failed"]);

    // What the log would have, were the database's own words in it.
    let words = own_words(&company).await;
    let leaking = format!("{log}WARN batch put off error={words}\n");
    let place = searched::found(leaking.as_bytes()).expect("it is found");
    assert!(place.starts_with(&format!("line {}, byte ", log.lines().count() + 1)), "{place}");
    assert!(!place.contains("Quandt") && !place.contains("quandt"), "{place}");
    let caught = std::panic::catch_unwind(|| searched::search("the log", leaking.as_bytes())).expect_err("it fails");
    let said = caught.downcast_ref::<String>().expect("a text");
    assert!(said.contains("the log has a value of a person") && !said.to_lowercase().contains("quandt"), "{said}");
}

#[test]
fn what_looks_like_something_of_a_person_is_known() {
    searched::remember(
        "INSERT INTO p VALUES ('Ann Example-Miller', 'ann@home.example', '+33 1 23 45 67 89', 'DE89 3704 0044 0532 0130 00', \
         'Anonymized Client', 'anonymized-{key}@invalid', '2020-01-01', 'open', 'is not due any more')",
    );
    for (text, is_known) in [
        ("Mrs Ann Example-Miller called", true),
        ("to=ann@home.example", true),
        ("+33 1 23 45 67 89", true),
        ("\u{1b}[1mDE89 3704 0044 0532 0130 00", true),
        ("Anonymized Client, 2020-01-01, open", false),
        ("the client is not due any more", false),
        ("Ann Example", false),
        ("", false),
    ] {
        assert_eq!(searched::found(text.as_bytes()).is_some(), is_known, "{text}");
    }
}
