//! Files and folders that rows name go with their clients, and nothing else does.

mod named;
mod roots;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::common::place::is_on_postgres;
use crate::common::{Company, lethe, searched};
use lethe::domain::hint::Face;
use lethe::domain::sweep::SweepKind;
use lethe::outside::{MARKER, Root};
use lethe::worker::deliver::stuck::{in_vain, stuck};
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::sweep::Mode;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, photo TEXT, papers TEXT, due DATE, held INTEGER NOT NULL DEFAULT 0);
CREATE TABLE scans (id INTEGER PRIMARY KEY, customer_no TEXT, file TEXT NOT NULL);
CREATE TABLE facts (id INTEGER PRIMARY KEY, customer_no TEXT, fact TEXT, value TEXT);
CREATE TABLE logos (id INTEGER PRIMARY KEY, customer_no TEXT, file TEXT NOT NULL);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[[guards]]
name = "held"
reason = "is held"
where = "held = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
photo = { class = "personal", delete_file = "photos" }
papers = { class = "sensitive", delete_folder = "papers" }
due = { class = "non-personal" }
held = { class = "non-personal" }
[tables.scans]
client = "customer_no"
rows = "delete"
[tables.scans.columns]
file = { class = "personal", delete_file = "photos" }
[tables.facts]
client = "customer_no"
key_value = { key = "fact", value = "value" }
[tables.facts.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
[tables.facts.keys]
level = { class = "non-personal" }
picture = { class = "personal", delete_file = "photos" }
[tables.logos]
client = "customer_no"
[tables.logos.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
file = { class = "personal", replace = "nobody.png", delete_file = "photos" }
"#;

struct Shop {
    company: Company,
}

impl Shop {
    /// A company with two roots, and these rows.
    async fn new(rows: &str) -> Self {
        let mut company = Company::new(SCHEMA, POLICY).await;
        company.execute(rows).await;
        let mut roots = BTreeMap::new();
        for name in ["photos", "papers"] {
            let folder = company.folder.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(MARKER), "test").unwrap();
            roots.insert(name.to_owned(), Root::folder(&folder).unwrap());
        }
        company.context.planner = company.context.planner.clone().with_roots(roots.keys().cloned());
        company.context.targets =
            Arc::new(Targets { roots, attempts: 3, retry_after: Duration::from_secs(60), ..Targets::default() });
        Self { company }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.company.folder.path().join(name)
    }

    fn write(&self, name: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), "a picture").unwrap();
    }

    fn is_there(&self, name: &str) -> bool {
        std::fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// What waits or was given up, with its error.
    async fn outstanding(&self) -> Vec<String> {
        self.company.rows("SELECT state, client_key, error FROM lethe_deliveries ORDER BY client_key, id").await
    }

    /// What needs a person.
    async fn attention(&self) -> Vec<String> {
        let outstanding = self.company.context.ledger.outstanding(None).await.unwrap();
        stuck(&self.company.context, &outstanding).await.iter().map(|own| own.text(Face::Command)).collect()
    }

    async fn through(&self) -> Vec<String> {
        self.company
            .rows("SELECT kind, target, result, deliveries FROM lethe_delivered ORDER BY kind, target, result")
            .await
    }

    /// Writes a configuration for the program.
    fn configure(&self, more: &str) {
        let config = format!(
            "database = \"{}\"\n[backup]\nrequired = false\n[files]\nphotos = \"photos\"\npapers = \"papers\"\n{more}",
            self.company.place.setting()
        );
        std::fs::write(self.path("lethe.toml"), config).unwrap();
    }

    /// Whether a command ended well, and what it said.
    fn said(&self, args: &[&str]) -> (bool, String) {
        let ended = lethe(self.company.folder.path()).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
        (ended.status.success(), text)
    }

    async fn deliver(&self) {
        deliver_now(&self.company.context).await.unwrap();
    }

    /// Lets so much time pass.
    fn wait(&self, seconds: i64) {
        let clock = self.company.context.ledger.clock();
        clock.set(clock.now() + chrono::TimeDelta::seconds(seconds));
    }
}

const ANN: &str =
    "INSERT INTO customers (no, name, photo, papers, due) VALUES ('A', 'Ann', '2024/ann.jpg', 'A', '2026-01-01');";

#[tokio::test]
async fn files_and_folders_go_with_their_client() {
    let shop = Shop::new(&format!(
        "{ANN}
         INSERT INTO scans (customer_no, file) VALUES ('A', 'scan 1.png'), ('A', ''), ('B', 'scan 2.png');
         INSERT INTO facts (customer_no, fact, value) VALUES ('A', 'picture', 'fact.jpg'), ('A', 'level', 'gold.jpg');
         INSERT INTO customers (no, photo, papers) VALUES ('B', 'bob.jpg', 'B');"
    ))
    .await;
    let going =
        ["photos/2024/ann.jpg", "photos/scan 1.png", "photos/fact.jpg", "papers/A/1.pdf", "papers/A/deep/er/2.pdf"];
    let staying = ["photos/bob.jpg", "photos/scan 2.png", "photos/gold.jpg", "papers/B/1.pdf"];
    for file in going.iter().chain(&staying) {
        shop.write(file);
    }
    assert_eq!(shop.company.due().await.anonymized, 1);
    for file in going {
        assert!(!shop.is_there(file), "{file} is still there");
    }
    for file in staying {
        assert!(shop.is_there(file), "{file} is gone");
    }
    assert!(!shop.is_there("papers/A"));
    assert_eq!(shop.company.rows("SELECT photo, papers FROM customers WHERE no = 'A'").await, ["NULL|NULL"]);
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|deleted|3", "folder|papers|deleted|1"]);
    assert_eq!(shop.company.due().await.anonymized, 0);
    assert_eq!(shop.through().await, ["file|photos|deleted|3", "folder|papers|deleted|1"]);
}

#[tokio::test]
async fn a_preview_and_a_rehearsal_delete_nothing() {
    let shop = Shop::new(ANN).await;
    shop.write("photos/2024/ann.jpg");
    shop.write("papers/A/1.pdf");
    for mode in [Mode::Preview, Mode::Rehearsal] {
        let request = shop.company.request(SweepKind::Due);
        assert_eq!(shop.company.survey(&request, mode).await.unwrap().0.tally.anonymized, 1);
        shop.deliver().await;
    }
    assert!(shop.is_there("photos/2024/ann.jpg") && shop.is_there("papers/A/1.pdf"));
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn clients_who_share_a_file_and_are_done_at_the_same_time_leave_none_behind() {
    let mut rows = String::new();
    for pair in 0..60 {
        rows += &format!(
            "INSERT INTO customers (no, photo, due) VALUES ('A{pair:03}', '{pair}.jpg', '2026-01-01'), ('B{pair:03}', '{pair}.jpg', '2026-01-01');"
        );
    }
    let mut shop = Shop::new(&rows).await;
    shop.company.context.limits.batch_size = 1;
    for pair in 0..60 {
        shop.write(&format!("photos/{pair}.jpg"));
    }
    assert_eq!(shop.company.due().await.anonymized, 120);
    assert_eq!(std::fs::read_dir(shop.path("photos")).unwrap().count(), 1, "the marker stays");
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn what_is_gone_already_is_done() {
    let shop = Shop::new(ANN).await;
    assert_eq!(shop.company.due().await.anonymized, 1);
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|missing|1", "folder|papers|missing|1"]);
}

#[tokio::test]
async fn no_value_reaches_anything_outside_of_its_root() {
    let values = [
        "../outside.jpg",
        "2024/../../outside.jpg",
        "{folder}/outside.jpg",
        "/",
        ".",
        "..",
        "./in.jpg",
        "2024//in.jpg",
        "in.jpg/",
        " ",
        "..\\outside.jpg",
        "%2e%2e/outside.jpg",
        "..%2Foutside.jpg",
        "..%5coutside.jpg",
        "file:///outside.jpg",
        "link/outside.jpg",
        "link.jpg",
        "2024",
        "in.jpg/x",
        "2024/up/outside.jpg",
    ];
    let shop = Shop::new("").await;
    let folder = shop.company.folder.path().display().to_string();
    for (at, value) in values.iter().enumerate() {
        let value = value.replace("{folder}", &folder);
        let row = format!("INSERT INTO customers (no, photo, due) VALUES ('C{at:02}', '{value}', '2026-01-01');");
        shop.company.execute(&row).await;
    }
    shop.write("outside.jpg");
    shop.write("photos/in.jpg");
    shop.write("photos/2024/in.jpg");
    symlink(shop.path("."), shop.path("photos/link")).unwrap();
    symlink(shop.path("."), shop.path("photos/2024/up")).unwrap();
    symlink(shop.path("outside.jpg"), shop.path("photos/link.jpg")).unwrap();
    let before = everything(&shop.path("."));
    let anonymized = shop.company.due().await.anonymized;
    assert_eq!(anonymized, values.len() as u64);
    assert_eq!(everything(&shop.path(".")), before);
    let outstanding = shop.outstanding().await;
    assert_eq!(outstanding.len(), values.len(), "{outstanding:#?}");
    for line in &outstanding {
        assert!(line.starts_with("failed|C") && !line.contains("jpg"), "{line}");
    }
    // Nor by trying again.
    shop.company.context.ledger.retry_deliveries().await.unwrap();
    shop.deliver().await;
    assert_eq!(everything(&shop.path(".")), before);
}

#[tokio::test]
async fn no_value_for_a_folder_reaches_more_than_one_folder() {
    let values = ["..", ".", "/", "A/deep", "../papers", "link", "a.pdf", "A/"];
    let shop = Shop::new("").await;
    for (at, value) in values.iter().enumerate() {
        let row = format!("INSERT INTO customers (no, papers, due) VALUES ('C{at:02}', '{value}', '2026-01-01');");
        shop.company.execute(&row).await;
    }
    shop.write("papers/A/deep/1.pdf");
    shop.write("papers/a.pdf");
    shop.write("elsewhere/2.pdf");
    symlink(shop.path("elsewhere"), shop.path("papers/link")).unwrap();
    let before = everything(&shop.path("."));
    shop.company.due().await;
    assert_eq!(everything(&shop.path(".")), before);
    assert_eq!(shop.outstanding().await.len(), values.len());
}

#[tokio::test]
async fn links_in_a_folder_go_and_what_they_lead_to_stays() {
    let shop = Shop::new(ANN).await;
    shop.write("papers/A/1.pdf");
    shop.write("elsewhere/2.pdf");
    symlink(shop.path("elsewhere"), shop.path("papers/A/link")).unwrap();
    symlink(shop.path("elsewhere/2.pdf"), shop.path("papers/A/2.pdf")).unwrap();
    shop.company.due().await;
    assert!(!shop.is_there("papers/A"));
    assert!(shop.is_there("elsewhere/2.pdf"));
}

/// Names and kinds of everything below a folder, without the database.
fn everything(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if !entry.file_name().to_string_lossy().starts_with("company.db") {
                all.push(format!("{} {kind:?}", entry.path().display()));
            }
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn nothing_is_deleted_while_the_policy_is_none() {
    let shop = Shop::new(ANN).await;
    shop.write("photos/2024/ann.jpg");
    std::fs::rename(shop.path("photos"), shop.path("away")).unwrap();
    shop.company.due().await;
    std::fs::rename(shop.path("away"), shop.path("photos")).unwrap();
    shop.company.execute("ALTER TABLE customers ADD COLUMN portrait TEXT").await;
    shop.wait(300);
    shop.deliver().await;
    assert!(shop.is_there("photos/2024/ann.jpg"));
    assert_eq!(shop.outstanding().await, ["open|A|waits for a valid policy, to know what rows still name"]);
    shop.company.execute("ALTER TABLE customers DROP COLUMN portrait").await;
    shop.wait(3600);
    shop.deliver().await;
    assert!(!shop.is_there("photos/2024/ann.jpg"));
}

#[tokio::test]
async fn a_client_who_is_refused_keeps_every_file() {
    let shop = Shop::new(&format!("{ANN} UPDATE customers SET held = 1;")).await;
    shop.write("photos/2024/ann.jpg");
    assert_eq!(shop.company.due().await.refused, 1);
    assert!(shop.is_there("photos/2024/ann.jpg"));
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn no_path_stays_in_the_ledger_when_its_file_is_gone() {
    let shop = Shop::new(ANN).await;
    shop.write("photos/2024/ann.jpg");
    shop.company.due().await;
    for table in ["lethe_deliveries", "lethe_delivered", "lethe_outcomes", "lethe_sweeps", "lethe_batches"] {
        let rows = shop.company.rows(&format!("SELECT * FROM {table}")).await.join("\n");
        assert!(!rows.contains("ann.jpg"), "{table}: {rows}");
    }
}

#[tokio::test]
async fn a_path_that_was_refused_is_shown_when_asked_for_and_settled_by_a_person() {
    let shop = Shop::new("INSERT INTO customers (no, photo, due) VALUES ('A', '../ann.jpg', '2026-01-01');").await;
    shop.company.due().await;
    let config = format!(
        "database = \"{}\"\n[backup]\nrequired = false\n[files]\nphotos = \"photos\"\npapers = \"papers\"\n",
        shop.company.place.setting()
    );
    std::fs::write(shop.path("lethe.toml"), config).unwrap();
    let said = |args: &[&str]| {
        let done = lethe(shop.company.folder.path()).args(args).assert().success();
        String::from_utf8_lossy(&done.get_output().stdout).into_owned()
    };
    for args in [&["deliveries"][..], &["status"], &["status", "1"], &["client", "A"], &["deliveries", "--json"]] {
        assert!(!said(args).contains("ann.jpg"), "{}", said(args));
    }
    assert!(said(&["deliveries"]).contains("the path has `.` or `..` in it"), "{}", said(&["deliveries"]));
    assert!(said(&["client", "A"]).contains("Files or folders not deleted yet: 1"), "{}", said(&["client", "A"]));
    assert!(said(&["deliveries", "A"]).contains("../ann.jpg"), "{}", said(&["deliveries", "A"]));
    assert_eq!(said(&["deliveries", "A", "--settled"]), "1 delivery counted as done.\n");
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|settled|1"]);
    lethe(shop.company.folder.path()).args(["deliveries", "--to", "photos", "--settled"]).assert().failure();
}

#[tokio::test]
async fn files_that_were_given_up_or_that_no_policy_names_need_a_person() {
    let mut shop = Shop::new("INSERT INTO customers (no, photo, due) VALUES ('A', '../ann.jpg', '2026-01-01');").await;
    shop.company.due().await;
    let given_up =
        "1 delivery to `photos` was abandoned: the path has `.` or `..` in it; `lethe deliveries` lists them";
    assert_eq!(shop.attention().await, [given_up]);
    let mut targets = (*shop.company.context.targets).clone();
    targets.roots.insert("old".to_owned(), Root::folder(&shop.path("old")).unwrap());
    shop.company.context.targets = Arc::new(targets);
    shop.company.execute("UPDATE lethe_deliveries SET state = 'open', target = 'old', body = 'ann.jpg'").await;
    let unnamed = "1 delivery waits for `old`, whose files no column of the policy names any longer; name them, or delete \
                   them yourself and count it as done with `lethe deliveries --to old --settled`";
    assert_eq!(shop.attention().await, [unnamed]);
    let context = &shop.company.context;
    assert_eq!(in_vain(context, "photos").await.unwrap(), [""; 0]);
    let kinds = in_vain(context, "old").await.unwrap();
    assert_eq!(kinds, ["file"]);
    assert_eq!(context.ledger.settle_deliveries(None, Some("photos"), &kinds).await.unwrap(), 0);
    assert_eq!(context.ledger.settle_deliveries(None, Some("old"), &kinds).await.unwrap(), 1);
    assert_eq!(shop.attention().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|old|settled|1"]);
}

/// A service that is killed again and again while it deletes.
#[tokio::test]
async fn a_program_that_is_killed_while_it_delivers_delivers_the_rest() {
    const CLIENTS: usize = 800;
    let mut rows = String::new();
    for client in 0..CLIENTS {
        rows +=
            &format!("INSERT INTO customers (no, photo, due) VALUES ('C{client:04}', '{client}.jpg', '2026-01-01');");
    }
    let shop = Shop::new(&rows).await;
    let setting = shop.company.place.setting();
    let config = format!(
        "database = \"{setting}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\nbatch_size = 10\n[backup]\nrequired = false\n[files]\nphotos = \"photos\"\npapers = \"papers\"\n"
    );
    std::fs::write(shop.path("lethe.toml"), config).unwrap();
    std::fs::create_dir(shop.path("jobs")).unwrap();
    for client in 0..CLIENTS {
        shop.write(&format!("photos/{client}.jpg"));
    }
    lethe(shop.company.folder.path()).args(["sweep", "--due"]).assert().success();
    let mut kills = 0;
    for round in 0..300_u64 {
        let start = |role: &str| searched::start(&mut crate::common::service(shop.company.folder.path(), role));
        let mut both = [start("run"), start("worker")];
        // A machine with much to do has more time.
        let times = if is_on_postgres() { 4 } else { 1 };
        let more = u32::try_from(round / 6).unwrap();
        tokio::time::sleep(Duration::from_millis(60 + 23 * (round % 13)) * (times + more)).await;
        for child in &mut both {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        shop.company.place.quiet().await;
        kills += 1;
        // A client who is not done still has the file.
        for photo in shop.company.rows("SELECT photo FROM customers WHERE photo IS NOT NULL").await {
            assert!(shop.is_there(&format!("photos/{photo}")), "{photo} went before its client");
        }
        let open = shop.company.rows("SELECT count(*) FROM lethe_deliveries").await;
        let done = shop.company.rows("SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'").await;
        if open == ["0"] && done == [CLIENTS.to_string()] {
            break;
        }
    }
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(std::fs::read_dir(shop.path("photos")).unwrap().count(), 1, "the marker stays");
    assert!(kills > 2, "it was over after {kills} kills");
}

#[tokio::test]
async fn a_path_that_is_not_utf_8_is_one_failed_delivery() {
    if is_on_postgres() {
        return;
    }
    let shop = Shop::new(
        "INSERT INTO customers (no, photo, due) VALUES ('A', 'a.jpg', '2026-01-01'), ('B', 'b.jpg', '2026-01-01');",
    )
    .await;
    shop.write("photos/a.jpg");
    std::fs::rename(shop.path("photos"), shop.path("away")).unwrap();
    shop.company.due().await;
    shop.company
        .execute("UPDATE lethe_deliveries SET body = CAST(X'66ff2e6a7067' AS TEXT) WHERE client_key = 'B'")
        .await;
    std::fs::rename(shop.path("away"), shop.path("photos")).unwrap();
    shop.wait(300);
    shop.deliver().await;
    assert!(!shop.is_there("photos/a.jpg"));
    assert_eq!(shop.outstanding().await, ["failed|B|the path is not UTF-8"]);
    let stuck = shop.company.context.ledger.stuck_files(Some("B"), 10).await.unwrap();
    assert_eq!(stuck[0].path.as_deref(), Some("f\\xff.jpg"));
}
