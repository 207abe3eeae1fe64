//! P17: a client anonymized before who comes back under a new key is recognized where the policy says by what, and is
//! taken only once a person has confirmed it.

use lethe::domain::outcome::Tally;
use lethe::domain::sweep::SweepKind;
use lethe::journal::Key;
use lethe::worker::recognize::look;

use crate::common::words::refuses;
use crate::common::{Company, lethe};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, birth_date DATE, due DATE, status TEXT,
  anonymized INTEGER NOT NULL DEFAULT 0);
INSERT INTO customers (no, name, email, birth_date, due) VALUES
  ('C1', 'Anna Berg', 'anna@home.example', '1971-03-14', '2026-01-01'),
  ('C2', 'Bo Dahl', NULL, '1980-01-02', '2026-01-01'), ('C3', 'Cleo Eng', 'cleo@home.example', '1990-05-06', NULL);
";

const RECOGNIZE: &str = "[recognize]\nby = [[\"email\"], [\"name\", \"birth_date\"]]\nkeep = \"3 years\"\n";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
[[guards]]
name = "open"
reason = "has something open"
where = "status = 'open'"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", clear = true, identifying = true }
birth_date = { class = "personal", generalize = "decade" }
due = { class = "non-personal" }
status = { class = "non-personal" }
anonymized = { class = "non-personal" }
"#;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// N1 has the name and date of birth of C1, N2 its e-mail address, N3 another date of birth than C2; N4 has what the rules
/// leave of C2.
const IMPORT: &str =
    "INSERT INTO customers (no, name, email, birth_date) VALUES ('N1', 'anna  BERG ', NULL, '1971-03-14'),
  ('N2', 'A. Berg-Holm', 'Anna@Home.example', NULL), ('N3', 'Bo Dahl', NULL, '1980-01-03'),
  ('N4', 'Anonymized client', NULL, '1980-01-01')";

const HASHES: &str = "SELECT client_key, count(*) FROM lethe_recognized GROUP BY client_key ORDER BY client_key";
const RETURNED: &str = "SELECT client_key, former_key FROM lethe_returned ORDER BY client_key";
const NAMES: &str = "SELECT no, name FROM customers WHERE no LIKE 'N%' ORDER BY no";

async fn fresh() -> Company {
    let mut company = Company::new(SCHEMA, &format!("{RECOGNIZE}{POLICY}")).await;
    let planner = company.context.planner.clone();
    company.context.planner = planner.with_recognizer(Key::new(KEY.as_bytes()).ok());
    company
}

/// C1 and C2 are anonymized, and an import has come since.
async fn company() -> Company {
    let company = fresh().await;
    assert_eq!(company.due().await.anonymized, 2);
    company.execute(IMPORT).await;
    look(&company.context).await.expect("all clients are looked at");
    company
}

async fn replay(company: &Company) -> Tally {
    company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay")
}

#[tokio::test]
async fn p17_who_comes_back_under_a_new_key_is_recognized_and_taken_only_once_confirmed() {
    let company = company().await;
    assert_eq!(company.rows(HASHES).await, ["C1|2", "C2|1"]);
    assert_eq!(company.rows(RETURNED).await, ["N1|C1", "N2|C1"]);
    let before = company.dump().await;
    assert_eq!(replay(&company).await.looked_at(), 0);
    assert_eq!(company.dump().await, before, "a match alone changes nothing");

    let service = company.service();
    let shown = service.client("N2").await.expect("it is there").returned.expect("it is recognized");
    assert_eq!((shown.former.as_str(), shown.confirmed_by), ("C1", None));
    assert!(service.client("N3").await.expect("it is there").returned.is_none());
    let refused = service.confirm_returned("N1", "C2").await.expect_err("it is another one's").message;
    assert_eq!(refused, "client `N1` is not recognized as client `C2`");
    let confirmed = service.confirm_returned("N1", "C1").await.expect("it is recognized");
    assert_eq!(confirmed.confirmed_by.as_deref(), Some("operator"));
    assert_eq!(company.context.ledger.count_returned().await.expect("a count"), 1);

    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.looked_at()), (1, 1));
    assert_eq!(
        company.rows(NAMES).await,
        ["N1|Anonymized client", "N2|A. Berg-Holm", "N3|Bo Dahl", "N4|Anonymized client"]
    );
    let outcomes = "SELECT client_key, outcome FROM lethe_outcomes WHERE client_key LIKE 'N%'";
    assert_eq!(company.rows(outcomes).await, ["N1|anonymized"]);
    assert_eq!(replay(&company).await.looked_at(), 0, "twice is once");
    let left: Vec<String> = service.returned().await.expect("a list").into_iter().map(|own| own.client).collect();
    assert_eq!(left, ["N2"]);
}

#[tokio::test]
async fn a_guard_keeps_a_client_who_was_confirmed() {
    let company = company().await;
    company.service().confirm_returned("N1", "C1").await.expect("it is recognized");
    company.execute("UPDATE customers SET status = 'open' WHERE no = 'N1'").await;
    assert_eq!(replay(&company).await.refused, 1);
    company.execute("UPDATE customers SET status = NULL WHERE no = 'N1'").await;
    assert_eq!(replay(&company).await.anonymized, 1);
}

#[tokio::test]
async fn a_confirmation_lapses_when_the_client_is_no_longer_recognized() {
    let company = company().await;
    company.service().confirm_returned("N1", "C1").await.expect("it is recognized");
    company.execute("UPDATE customers SET name = 'Anna Holm' WHERE no = 'N1'").await;
    company.set_clock("2026-01-02T13:00:00Z");
    look(&company.context).await.expect("all clients are looked at");
    assert_eq!(company.rows(RETURNED).await, ["N2|C1"]);
    assert_eq!(replay(&company).await.looked_at(), 0);
}

#[tokio::test]
async fn hashes_say_nothing_and_go_after_their_period() {
    let company = company().await;
    let hashes = company.rows("SELECT hash FROM lethe_recognized").await;
    assert!(hashes.iter().all(|own| own.len() == 64 && own.bytes().all(|digit| digit.is_ascii_hexdigit())));
    company.set_clock("2029-01-02T12:00:00Z");
    look(&company.context).await.expect("all clients are looked at");
    assert_eq!((company.rows(HASHES).await.len(), company.rows(RETURNED).await.len()), (2, 2));
    company.set_clock("2029-01-03T12:00:00Z");
    look(&company.context).await.expect("all clients are looked at");
    assert_eq!((company.rows(HASHES).await.len(), company.rows(RETURNED).await.len()), (0, 0));
}

#[tokio::test]
async fn no_hash_is_kept_unless_the_policy_asks_for_it() {
    let never = Company::new(SCHEMA, POLICY).await;
    assert_eq!(never.due().await.anonymized, 2);
    assert_eq!(never.rows(HASHES).await.len(), 0);
    let company = company().await;
    std::fs::write(company.folder.path().join("policy.toml"), POLICY).expect("the policy is written");
    company.set_clock("2026-01-02T13:00:00Z");
    look(&company.context).await.expect("it looks");
    assert_eq!((company.rows(HASHES).await.len(), company.rows(RETURNED).await.len()), (0, 0));
}

#[tokio::test]
async fn a_client_who_fails_leaves_no_hash() {
    let company = fresh().await;
    company.execute(&refuses("customers", "old.no = 'C2'", "stays")).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (1, 1));
    assert_eq!(company.rows(HASHES).await, ["C1|2"]);
}

#[tokio::test]
async fn a_policy_that_recognizes_clients_needs_a_key_and_columns_that_identify() {
    let company = Company::new(SCHEMA, &format!("{RECOGNIZE}{POLICY}")).await;
    let refused = company.sweep(&company.request(SweepKind::Due)).await.expect_err("there is no key");
    assert!(
        refused.brief().contains("recognize: the hashes need a key, and none is configured"),
        "{}",
        refused.brief()
    );
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE anonymized = 1").await, ["0"]);
    for (by, what) in [
        ("[]", "recognize.by: names no column"),
        ("[[]]", "recognize.by[1]: names no column"),
        ("[[\"no\", \"email\"]]", "`no` is the client's key"),
        ("[[\"birth_date\"]]", "none of these columns is identifying"),
        ("[[\"mail\"]]", "table `customers` has no column `mail`"),
    ] {
        let policy = format!("[recognize]\nby = {by}\nkeep = \"3 years\"\n{POLICY}");
        let found = crate::policy_language::support::problems(SCHEMA, &policy).await;
        assert!(found.len() == 1 && found[0].contains(what), "{by}: {found:?}");
    }
}

#[tokio::test]
async fn the_command_line_lists_who_came_back_and_confirms_it() {
    let company = company().await;
    let folder = company.folder.path();
    let config = format!("database = \"{}\"\n[recognize]\nkey_file = \"recognize.key\"\n", company.place.setting());
    std::fs::write(folder.join("lethe.toml"), config).expect("the configuration is written");
    std::fs::write(folder.join("recognize.key"), format!("{KEY}\n")).expect("the key is written");
    let said = |args: &[&str]| {
        let output = lethe(folder).args(args).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(said(&["returned"]).contains("N1"));
    assert!(said(&["client", "N1"]).contains("`lethe returned --confirm N1 --as C1`"));
    assert!(said(&["status"]).contains("2 clients anonymized before have come back under a new key"));
    assert!(said(&["returned", "--confirm", "N1", "--as", "C1"]).contains("The next replay anonymizes it"));
    assert!(said(&["client", "N1"]).contains("the next replay takes it"));
}

#[tokio::test]
async fn a_key_that_was_given_to_another_person_after_the_confirmation_is_not_taken() {
    let company = company().await;
    company.service().confirm_returned("N1", "C1").await.expect("it is recognized");
    company.execute("UPDATE customers SET name = 'Odin Holt', birth_date = '1999-09-09' WHERE no = 'N1'").await;
    let tally = replay(&company).await;
    assert_eq!((tally.anonymized, tally.failed), (0, 1));
    assert_eq!(company.rows("SELECT name FROM customers WHERE no = 'N1'").await, ["Odin Holt"]);
    let why = company.rows("SELECT reasons FROM lethe_outcomes WHERE client_key = 'N1'").await;
    assert_eq!(why, [r#"["no longer recognized as the client who was confirmed"]"#]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes WHERE reasons LIKE '%Odin%'").await, ["0"]);
}
