//! The API's document fuzzed by schemathesis: the real program is asked what the
//! document says that it may be asked, and what it says that it may not.

use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::office::{JOB, POLICY, SCHEMA};
use crate::common::searched;
use crate::common::{Place, dump, lethe, service};

/// The variable that names the program `st` which the test command has installed.
const SCHEMATHESIS: &str = "TEST_SCHEMATHESIS";

const CONFIG: &str = "[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n\
                      [http]\nlisten = \"127.0.0.1:0\"\nrate = 1000000\n";

/// What a caller who may only read could have changed of Lethe's own tables. Tokens
/// note when they were used, and every refusal is recorded.
const OWN: [&str; 17] = [
    "lethe_sweeps",
    "lethe_batches",
    "lethe_outcomes",
    "lethe_holds",
    "lethe_rehearsals",
    "lethe_backups",
    "lethe_dates",
    "lethe_cleaned",
    "lethe_reviews",
    "lethe_reviewed",
    "lethe_selections",
    "lethe_selected",
    "lethe_exports",
    "lethe_imports",
    "lethe_answers",
    "lethe_pauses",
    "lethe_returned",
];

/// A company of forty-five, and the program at work on it.
struct Served {
    folder: TempDir,
    place: Place,
    running: Child,
    url: String,
}

impl Served {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let more = "WITH RECURSIVE n (i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < 45) \
                    INSERT INTO customers (no, name, due, grade) SELECT 'C' || i, 'Person ' || i, '2020-01-01', 'A' FROM n;";
        let place = Place::new(folder.path(), &format!("{SCHEMA}{more}")).await;
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        std::fs::create_dir(folder.path().join("jobs")).expect("a folder");
        write("policy.toml", POLICY);
        write("jobs/nightly.toml", JOB);
        write("lethe.toml", &format!("database = \"{}\"\n{CONFIG}", place.setting()));
        let (running, line) = searched::start_until(&mut service(folder.path(), "run"), "listening");
        Self { folder, place, running, url: searched::url(&line) }
    }

    /// Does something at the command line, and reads what it says.
    fn does(&self, args: &[&str]) -> serde_json::Value {
        let output = lethe(self.folder.path()).args(args).arg("--json").output().expect("it runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Everything that is not the record of who asked.
    async fn everything(&self) -> Vec<String> {
        let mut all = dump(&self.place).await;
        for table in OWN {
            let mut rows = self.place.rows(&format!("SELECT * FROM {table}")).await;
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    /// Fuzzes the document that the program serves, with a token.
    fn fuzz(&self, token: &str) {
        let program = std::env::var(SCHEMATHESIS)
            .unwrap_or_else(|_| panic!("`{SCHEMATHESIS}` is not set: `tests/run` installs Schemathesis and sets it"));
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/http/fuzz");
        // It leaves files where it runs.
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(program)
            .arg("--config-file")
            .arg(own.join("schemathesis.toml"))
            .args(["run", "--no-color"])
            .arg(format!("{}/api/v1/openapi.json", self.url))
            .current_dir(&folder)
            .env("PYTHONPATH", own)
            .env("TOKEN", token)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        for phase in ["Coverage", "Fuzzing", "Stateful"] {
            assert!(said.contains(&format!("✅ {phase}")), "{phase} did not run: {said}");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.running.kill().expect("it is killed");
        self.running.wait().expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_what_its_document_says_and_a_reader_changes_nothing() {
    let served = Served::new().await;
    let token = |right: &str| {
        served.does(&["token", "add", right, "--right", right])["token"].as_str().expect("a token").to_owned()
    };
    let (reader, admin) = (token("read"), token("admin"));
    // Something to be read: a sweep, a hold, a review.
    served.does(&["sweep", "--due", "--limit", "2", "--wait"]);
    served.does(&["hold", "add", "C7", "--reason", "a dispute"]);
    served.does(&["review", "add", "tonight", "nightly"]);
    let before = served.everything().await;
    served.fuzz(&reader);
    assert!(served.everything().await == before, "a caller who may only read changed something");
    served.fuzz(&admin);
    assert!(served.everything().await != before, "a caller who may do everything changed nothing");
}
