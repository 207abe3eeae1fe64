//! Files of clients and the journal in a bucket, on a real S3 server that is
//! there, is not, is killed, or says no.

mod files;
mod journal;
mod proof;
mod wrong;

use std::time::Duration;

use crate::common::Place;
use crate::common::s3::Server;
use crate::common::searched::start;
use tempfile::TempDir;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, photo TEXT, papers TEXT, due DATE);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
photo = { class = "personal", delete_file = "photos" }
papers = { class = "sensitive", delete_folder = "papers" }
due = { class = "non-personal" }
"#;

const FILES: &str = "[files]\nphotos = \"s3://bucket/app/photos\"\npapers = \"s3://bucket/app/papers\"\n";
const JOURNAL: &str = "[journal]\nplace = \"s3://bucket/journal\"\n";

/// A company whose program finds a server in its environment.
struct Shop {
    folder: TempDir,
    place: Place,
    server: Server,
}

impl Shop {
    /// A company with these rows; `more` is of its `lethe.toml`.
    async fn new(rows: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::new(folder.path(), &format!("{SCHEMA}{rows}")).await;
        let shop = Self { folder, place, server: Server::new() };
        shop.configure(more);
        std::fs::create_dir(shop.folder.path().join("jobs")).expect("a folder for jobs");
        shop
    }

    /// Writes policy and configuration.
    fn configure(&self, more: &str) {
        let text = format!(
            "database = \"{}\"\n[sweep]\nbatch_size = 50\nbrake_share = 1.0\nrehearsal = false\nlease = \"2s\"\n[backup]\nrequired = false\n\
             [deliveries]\nretry_after = \"300ms\"\nattempts = 1000\n{more}",
            self.place.setting()
        );
        let policy = if more.contains("[files]") {
            POLICY.to_owned()
        } else {
            POLICY.replace("delete_file = \"photos\"", "clear = true").replace(", delete_folder = \"papers\"", "")
        };
        std::fs::write(self.folder.path().join("lethe.toml"), text).expect("the configuration is written");
        std::fs::write(self.folder.path().join("policy.toml"), policy).expect("the policy is written");
    }

    fn command(&self, args: &[&str]) -> crate::common::Lethe {
        let mut command = crate::common::lethe(self.folder.path());
        command.args(args).envs(self.server.environment()).timeout(Duration::from_mins(2));
        command
    }

    /// Whether a command ended well, and what it said.
    fn said(&self, args: &[&str]) -> (bool, String) {
        said(self.command(args))
    }

    fn done(&self, args: &[&str]) -> String {
        let (done, text) = self.said(args);
        assert!(done, "{args:?}: {text}");
        text
    }

    /// Starts a service.
    fn run(&self) -> std::process::Child {
        start(crate::common::service(self.folder.path(), "run").envs(self.server.environment()))
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        self.place.rows(sql).await
    }

    /// Waits until a query gives this; gives up after a minute.
    async fn until(&self, sql: &str, wanted: &str) {
        for _ in 0..3_000 {
            if self.rows(sql).await == [wanted] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {wanted}, but {:?}: {sql}", self.rows(sql).await);
    }

    async fn through(&self) -> Vec<String> {
        self.rows("SELECT kind, target, result, sum(deliveries) FROM lethe_delivered GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
            .await
    }

    /// What waits or was given up, with its error.
    async fn outstanding(&self) -> Vec<String> {
        self.rows("SELECT state, client_key, error FROM lethe_deliveries ORDER BY client_key, id").await
    }
}

fn said(mut command: crate::common::Lethe) -> (bool, String) {
    let ended = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    (ended.status.success(), text)
}
