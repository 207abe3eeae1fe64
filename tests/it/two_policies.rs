//! Two policies over two client tables of one database: each has a ledger of its own, and their clients never mix.

use std::path::Path;

use tempfile::TempDir;

use crate::common::journal::{lines, segments};
use crate::common::place::either;
use crate::common::{Place, lethe};

const TWO: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, due DATE);
CREATE TABLE guests (id INTEGER PRIMARY KEY, bill_name TEXT NOT NULL, due DATE);
CREATE TABLE customer_visits (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, seen DATE NOT NULL);
CREATE TABLE guest_visits (id INTEGER PRIMARY KEY, guest_id INTEGER NOT NULL, seen DATE NOT NULL);
INSERT INTO customers (id, name, due) VALUES (1, 'Ole Hansen', '2020-01-01'), (2, 'Marie Delacroix', '2999-01-01');
INSERT INTO guests (id, bill_name, due) VALUES (1, 'Guest One', '2999-01-01'), (2, 'Guest Two', '2020-01-01');
INSERT INTO customer_visits (customer_id, seen) VALUES (1, '2015-05-05'), (2, '2015-05-05');
INSERT INTO guest_visits (guest_id, seen) VALUES (1, '2015-05-05'), (2, '2015-05-05');
";

const BOTH: [&str; 2] = ["customers", "guests"];

/// Both policies, and a configuration that names neither.
pub struct Two {
    folder: TempDir,
    pub place: Place,
}

impl Two {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), TWO).await;
        let two = Self { folder, place };
        two.write(
            "lethe.toml",
            &format!(
                "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\n[backup]\nrequired = false\n",
                two.place.setting()
            ),
        );
        for (own, other, name) in [("customer", "guest", "name"), ("guest", "customer", "bill_name")] {
            two.write(&format!("{own}s.policy"), &policy(own, other, name));
        }
        two
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join(name)).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(name, &text.replace(from, to));
    }

    /// Runs the program with nothing but the policy set, and returns whether it succeeds and what it says.
    pub fn run(&self, policy: &str, args: &[&str]) -> (bool, String) {
        let ended = lethe(self.path()).env("LETHE_POLICY", format!("{policy}.policy")).args(args).output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8(said).unwrap())
    }

    pub fn done(&self, policy: &str, args: &[&str]) -> String {
        let (is_done, said) = self.run(policy, args);
        assert!(is_done, "{policy} {args:?}: {said}");
        said
    }

    fn refused(&self, policy: &str, args: &[&str]) -> String {
        let (is_done, said) = self.run(policy, args);
        assert!(!is_done, "{policy} {args:?}: {said}");
        said
    }

    pub async fn left(&self) -> Vec<String> {
        let left = "SELECT 'customer', id, name FROM customers UNION ALL SELECT 'guest', id, bill_name FROM guests ORDER BY 1, 2";
        self.place.rows(left).await
    }

    async fn rename(&self, from: &str, to: &str) {
        self.place.execute(&format!("ALTER TABLE {from} RENAME TO {to}")).await;
        for policy in BOTH {
            self.edit(&format!("{policy}.policy"), from, to);
        }
    }

    async fn ledgers(&self) -> Vec<String> {
        self.place.rows("SELECT number, client_table, folder FROM lethe_ledgers ORDER BY number").await
    }
}

fn policy(own: &str, other: &str, name: &str) -> String {
    format!(
        r#"client = {{ table = "{own}s", key = "id", to_anonymize_on = "due" }}
[tables.{own}s.columns]
id.class = "non-personal"
due.class = "non-personal"
{name} = {{ class = "personal", replace = "Anonymized", identifying = true }}
[tables.{own}_visits]
client = "{own}_id"
[tables.{own}_visits.columns]
id.class = "non-personal"
{own}_id.class = "non-personal"
seen.class = "non-personal"
[tables.{own}_visits.retention]
length = "2 years"
date = "seen"
rows = "delete"
[tables.{other}s]
free = "it has a policy of its own"
[tables.{other}_visits]
free = "it has a policy of its own"
"#
    )
}

pub const DUE: [&str; 3] = ["sweep", "--due", "--wait"];
pub const REPLAY: [&str; 3] = ["sweep", "--replay", "--wait"];

pub const SWEPT: [&str; 4] =
    ["customer|1|Anonymized", "customer|2|Marie Delacroix", "guest|1|Guest One", "guest|2|Anonymized"];

#[tokio::test]
async fn sweeps_previews_and_replays_of_each_policy_are_about_its_own_clients() {
    let two = Two::new().await;
    two.done("guests", &["policy", "check"]);
    two.done("customers", &DUE);
    assert_eq!(two.ledgers().await, ["1|customers|"]);
    let preview = two.done("guests", &["sweep", "--due", "--preview", "--clients"]);
    assert!(preview.contains("2\tanonymized") && !preview.contains("1\t"), "{preview}");
    two.done("guests", &["sweep", "--replay", "--preview"]);
    two.done("guests", &["policy", "trace", "1"]);
    assert_eq!(two.ledgers().await, ["1|customers|"], "what only looks makes no ledger");
    two.done("guests", &["sweep", "--due", "--rehearse"]);
    assert_eq!(two.ledgers().await, ["1|customers|", "2|guests|guests"]);
    two.done("guests", &DUE);
    assert_eq!(two.left().await, SWEPT);
    for policy in BOTH {
        two.done(policy, &REPLAY);
        two.done(policy, &DUE);
        let preview = two.done(policy, &["sweep", "--replay", "--preview", "--clients"]);
        assert!(!preview.contains("\tanonymized"), "{preview}");
        let (_, said) = two.run(policy, &["doctor"]);
        assert!(!said.contains("the ledger is that of"), "{said}");
    }
    assert_eq!(two.left().await, SWEPT);
    let keys = |table: &str| format!("SELECT DISTINCT client_key FROM {table} WHERE outcome = 'anonymized'");
    assert_eq!(two.place.rows(&keys("lethe_outcomes")).await, ["1"]);
    assert_eq!(two.place.rows(&keys("lethe_2_outcomes")).await, ["2"]);
}

#[tokio::test]
async fn views_of_the_second_ledger_have_its_number() {
    let two = Two::new().await;
    two.done("customers", &DUE);
    two.done("guests", &["sweep", "--due", "--rehearse"]);
    let anonymized = async |view| two.place.rows(&format!("SELECT anonymized FROM {view}")).await;
    assert_eq!(anonymized(either("lethe_sweep_status", "lethe.sweep_status")).await, ["1"]);
    assert_eq!(anonymized(either("lethe_2_sweep_status", "lethe.lethe_2_sweep_status")).await, [""; 0]);
}

#[tokio::test]
async fn a_backup_is_acknowledged_once_for_all_policies_of_a_database() {
    let two = Two::new().await;
    two.edit("lethe.toml", "required = false", "required = true");
    assert!(two.refused("customers", &DUE).contains("backup"));
    two.done("customers", &["backup", "acknowledge"]);
    for policy in BOTH {
        two.done(policy, &DUE);
    }
    assert_eq!(two.left().await, SWEPT);
}

#[tokio::test]
async fn holds_of_one_policy_keep_no_client_of_the_other() {
    let two = Two::new().await;
    two.done("customers", &["hold", "add", "2", "--reason", "a court"]);
    two.done("guests", &["hold", "add", "1", "--reason", "a lawyer"]);
    for table in BOTH {
        two.place.execute(&format!("UPDATE {table} SET due = '2020-01-01'")).await;
    }
    for (policy, own, other) in [("customers", "a court", "a lawyer"), ("guests", "a lawyer", "a court")] {
        let listed = two.done(policy, &["hold", "list"]);
        assert!(listed.contains(own) && !listed.contains(other), "{listed}");
        two.done(policy, &DUE);
    }
    assert_eq!(two.left().await, SWEPT);
    // Old rows of clients on hold stay, too.
    for policy in BOTH {
        two.done(policy, &["sweep", "--retention", "--wait"]);
    }
    assert_eq!(two.place.rows("SELECT customer_id FROM customer_visits").await, ["2"]);
    assert_eq!(two.place.rows("SELECT guest_id FROM guest_visits").await, ["1"]);
}

#[tokio::test]
async fn two_processes_that_start_at_the_same_time_have_a_ledger_each() {
    let two = Two::new().await;
    let shared = &two;
    std::thread::scope(|scope| {
        let ended = BOTH.map(|policy| scope.spawn(move || shared.done(policy, &DUE)));
        for own in ended {
            own.join().unwrap();
        }
    });
    assert_eq!(two.left().await, SWEPT);
    let tables = two.place.rows("SELECT client_table FROM lethe_ledgers ORDER BY client_table").await;
    assert_eq!(tables, BOTH);
    for policy in BOTH {
        two.done(policy, &REPLAY);
    }
    assert_eq!(two.left().await, SWEPT);
}

#[tokio::test]
async fn each_policy_has_a_journal_and_does_again_what_that_knows_after_a_restore() {
    let two = Two::new().await;
    let journal = two.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    two.edit("lethe.toml", "[sweep]", "[journal]\nplace = \"journal\"\n[sweep]");
    for policy in BOTH {
        two.done(policy, &DUE);
    }
    two.place.execute(either("PRAGMA wal_checkpoint(TRUNCATE)", "SELECT 1")).await;
    let restored = two.place.copied(two.path(), "restored.db").await;
    for table in BOTH {
        two.place.execute(&format!("UPDATE {table} SET due = '2020-01-01'")).await;
        two.done(table, &DUE);
    }
    let told = |folder: &Path| {
        let lines = segments(folder).into_iter().flat_map(|file| lines(&file));
        let records = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
        let gone = records.filter(|record| record["outcome"] == "anonymized");
        gone.map(|record| record["client"].as_str().unwrap().to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(told(journal.as_path()), ["1", "2"]);
    assert_eq!(told(journal.join("guests").as_path()), ["2", "1"]);

    two.edit("lethe.toml", &two.place.setting(), &restored.setting());
    let two = Two { place: restored, ..two };
    assert_eq!(two.left().await, SWEPT);
    for policy in BOTH {
        two.refused(policy, &DUE);
        two.done(policy, &["journal", "adopt"]);
        assert!(two.refused(policy, &["sweep", "--due"]).contains("the journal is replayed first"));
    }
    assert_eq!(two.left().await, SWEPT);
    two.done("customers", &REPLAY);
    assert_eq!(
        two.left().await,
        ["customer|1|Anonymized", "customer|2|Anonymized", "guest|1|Guest One", "guest|2|Anonymized"]
    );
    two.done("guests", &REPLAY);
    assert!(two.left().await.iter().all(|row| row.ends_with("|Anonymized")));
    for policy in BOTH {
        let verified = two.done(policy, &["journal", "verify"]);
        assert!(verified.contains("is complete and matches the ledger"), "{verified}");
    }
}

#[tokio::test]
async fn a_ledger_goes_with_a_client_table_that_is_renamed() {
    let two = Two::new().await;
    for policy in BOTH {
        two.done(policy, &DUE);
    }
    two.rename("guests", "visitors").await;
    for policy in BOTH {
        two.done(policy, &REPLAY);
    }
    assert_eq!(two.ledgers().await, ["1|customers|", "2|visitors|guests"], "its journal stays where it is");
    two.rename("customers", "clients").await;
    two.rename("visitors", "people").await;
    for policy in BOTH {
        let said = two.refused(policy, &REPLAY);
        assert!(said.contains("has ledgers for the clients in `customers`, `visitors`"), "{said}");
        assert!(said.contains("lethe_ledgers"), "{said}");
    }
    let renamed = format!(
        "UPDATE {}lethe_ledgers SET client_table = CASE number WHEN 1 THEN 'clients' ELSE 'people' END",
        either("", "lethe.")
    );
    two.place.execute(&renamed).await;
    for policy in BOTH {
        two.done(policy, &REPLAY);
    }
}

#[tokio::test]
async fn without_a_policy_no_ledger_of_several_is_taken_for_its_own() {
    let two = Two::new().await;
    two.done("customers", &DUE);
    two.done("nowhere", &["hold", "list"]);
    two.done("guests", &DUE);
    let said = two.refused("nowhere", &["hold", "list"]);
    assert!(said.contains("has ledgers for the clients in `customers`, `guests`"), "{said}");
    assert!(said.contains("`client.table`"), "{said}");
    // Of an invalid policy, the client table is known all the same.
    two.edit("guests.policy", "[tables.guests.columns]", "nonsense = 1\n[tables.guests.columns]");
    two.done("guests", &["hold", "list"]);
    assert!(two.refused("guests", &DUE).contains("nonsense"));
}
