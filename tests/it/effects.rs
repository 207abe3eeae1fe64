//! What would happen is said before it happens: by `lethe policy trace` of one client, by a rehearsal of many.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::place::either;
use crate::common::{Place, command};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT, city TEXT, due DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, payer_no TEXT, contact TEXT, note TEXT);
CREATE TABLE lines (order_id INTEGER, place INTEGER, text TEXT, PRIMARY KEY (order_id, place));
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT, street TEXT, keep INTEGER NOT NULL DEFAULT 0);
CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);
CREATE TABLE countries (code TEXT, name TEXT);
INSERT INTO customers VALUES ('A', 'Ann Archer', 'ann@home.example', NULL, '2020-01-01'),
  ('B', 'Bob Baker', 'bob@home.example', 'Rome', '2020-01-01'), ('C', 'Cid Carver', NULL, NULL, '2999-01-01');
INSERT INTO orders (id, customer_no, payer_no, contact, note) VALUES (1, 'A', 'B', 'Ann Archer', 'closed'), (2, 'B', 'B', 'Bob', 'open'),
  (3, 'A', 'A', NULL, 'closed');
INSERT INTO lines VALUES (1, 1, 'for Ann Archer'), (1, 2, 'delivery'), (2, 1, 'for Bob');
INSERT INTO addresses (id, customer_no, street, keep) VALUES (1, 'A', 'Long Street', 0), (2, 'A', 'Short Street', 1), (3, 'B', 'Low Road', 0);
INSERT INTO audit (id, what) VALUES (1, 'mail to ann@home.example'), (2, 'nothing');
INSERT INTO countries VALUES ('IT', 'Italy');
";

const POLICY: &str = r#"
client = { table = "customers", key = "no", to_anonymize_on = "due" }
guards = [{ name = "open", reason = "has open orders", table = "orders", where = "note = 'open'" }]

[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client {key}", identifying = true }
email = { class = "personal", clear = true, identifying = true }
city = { class = "personal", clear = true }
due.class = "non-personal"

[tables.orders]
client = ["customer_no", "payer_no"]
[tables.orders.columns]
id.class = "non-personal"
customer_no.class = "non-personal"
payer_no.class = "non-personal"
contact = { class = "personal", clear = true, for = "customer_no" }
note.class = "non-personal"

[tables.lines]
client = { column = "order_id", through = "orders", equals = "id", for = "customer_no" }
[tables.lines.columns]
order_id.class = "non-personal"
place.class = "non-personal"
text = { class = "personal", replace = "-", where = "text LIKE 'for %'" }

[tables.addresses]
client = "customer_no"
rows = [{ delete = "keep = 0" }]
[tables.addresses.columns]
id.class = "non-personal"
customer_no.class = "non-personal"
street = { class = "personal", clear = true }
keep.class = "non-personal"

[tables.audit]
free = "a log that is emptied every week"
[tables.countries]
free = "a list"
"#;

struct Shop {
    folder: TempDir,
    place: Place,
}

impl Shop {
    async fn new(schema: &str, policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::new(folder.path(), schema).await;
        let config = format!(
            "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\n[backup]\nrequired = false\n",
            place.setting()
        );
        std::fs::write(folder.path().join("lethe.toml"), config).expect("the configuration is written");
        std::fs::write(folder.path().join("policy.toml"), policy).expect("the policy is written");
        Self { folder, place }
    }

    fn run(&self, args: &[&str]) -> (bool, String) {
        let ended = command(self.folder.path()).args(args).output().expect("the program starts");
        let text = if ended.status.success() { ended.stdout } else { ended.stderr };
        (ended.status.success(), String::from_utf8(text).expect("a text"))
    }

    /// Whether it is done, what it prints, and what it says.
    fn both(&self, args: &[&str]) -> (bool, String, String) {
        let ended = command(self.folder.path()).args(args).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("a text");
        (ended.status.success(), text(ended.stdout), text(ended.stderr))
    }

    /// Rehearses what is due: whether it passed, and what it found.
    fn rehearse(&self) -> (bool, Value) {
        let (passed, text, said) = self.both(&["sweep", "--due", "--rehearse", "--json"]);
        let found: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("JSON: {text}{said}"));
        assert_eq!(found["passed"], passed, "{found}");
        (passed, found)
    }

    fn policy(&self, text: &str) {
        std::fs::write(self.folder.path().join("policy.toml"), text).expect("the policy is written");
    }

    fn trace(&self, key: &str) -> Value {
        let (is_done, text) = self.run(&["policy", "trace", key, "--json"]);
        assert!(is_done, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in ["customers", "orders", "lines", "addresses", "audit", "countries"] {
            all.extend(self.place.rows(&format!("SELECT '{table}', t.* FROM {table} AS t ORDER BY 2, 3")).await);
        }
        all
    }
}

fn rows<'a>(trace: &'a Value, table: &str) -> Vec<&'a Value> {
    let tables = trace["tables"].as_array().expect("tables").iter().filter(|own| own["table"] == table);
    tables.flat_map(|own| own["rows"].as_array().expect("rows")).collect()
}

#[tokio::test]
async fn a_trace_says_what_the_sweep_then_does_and_changes_nothing() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    let before = shop.everything().await;
    let ledger = either(
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'lethe%'",
        "SELECT count(*) FROM pg_namespace WHERE nspname = 'lethe'",
    );
    let trace = shop.trace("A");
    assert_eq!(shop.everything().await, before);
    assert_eq!(shop.place.rows(ledger).await, ["0"], "not even a ledger was made");

    assert_eq!(trace["client"], json!({ "key": "A", "outcome": "anonymized", "reasons": [] }));
    let own = rows(&trace, "customers");
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["key"], json!({ "no": "A" }));
    assert_eq!(
        own[0]["changes"],
        json!([
            { "column": "name", "before": "Ann Archer", "after": "Client A" },
            { "column": "email", "before": "ann@home.example", "after": null },
        ]),
        "an empty city stays as it is"
    );
    let (is_done, said) = shop.run(&["sweep", "--due", "--wait"]);
    assert!(is_done, "{said}");
    for (table, key) in [("customers", 1), ("orders", 1), ("lines", 2), ("addresses", 1)] {
        for row in rows(&trace, table) {
            let parts = row["key"].as_object().unwrap();
            assert_eq!(parts.len(), key);
            let is_it = parts.iter().map(|(name, own)| format!("CAST({name} AS TEXT) = '{}'", own.as_str().unwrap()));
            let is_it = is_it.collect::<Vec<_>>().join(" AND ");
            let there = shop.place.rows(&format!("SELECT count(*) FROM {table} WHERE {is_it}")).await;
            assert_eq!(there, [if row["deleted"] == true { "0" } else { "1" }], "{table} {is_it}");
            for change in row["changes"].as_array().unwrap() {
                let column = change["column"].as_str().unwrap();
                let now = shop.place.rows(&format!("SELECT {column} FROM {table} WHERE {is_it}")).await;
                assert_eq!(now, [change["after"].as_str().unwrap_or("NULL")], "{table}.{column} {is_it}");
            }
        }
    }
    // Every row that the sweep touched for this client was in the trace, and no other.
    let touched = |table: &str| {
        let is_touched = |row: &&Value| row["deleted"] == true || row["changes"] != json!([]);
        let key = |row: &Value| -> Vec<String> {
            row["key"].as_object().unwrap().values().map(|own| own.as_str().unwrap().to_owned()).collect()
        };
        let mut keys: Vec<Vec<String>> = rows(&trace, table).into_iter().filter(is_touched).map(key).collect();
        keys.sort();
        keys.into_iter().map(|own| own.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(touched("orders"), ["1"]);
    assert_eq!(touched("lines"), ["1 1"]);
    assert_eq!(touched("addresses"), ["1", "2"]);
    assert_eq!(shop.trace("A")["client"]["outcome"], "already");
}

#[tokio::test]
async fn values_in_tables_that_no_link_reaches_are_found() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    let found = |trace: &Value| trace["elsewhere"]["found"].clone();
    assert_eq!(found(&shop.trace("A")), json!([{ "table": "audit", "column": "what", "clients": 1 }]));
    assert_eq!(found(&shop.trace("B")), json!([]));
    let (is_done, text) = shop.run(&["policy", "trace", "A"]);
    assert!(is_done && text.contains("audit.what") && text.contains("Nothing was changed."), "{text}");
}

#[tokio::test]
async fn who_is_kept_is_traced_all_the_same_with_the_reason() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    let trace = shop.trace("B");
    assert_eq!((&trace["client"]["outcome"], &trace["client"]["reasons"]), (&json!("refused"), &json!(["open"])));
    assert_eq!(rows(&trace, "customers")[0]["changes"][0]["after"], "Client B");
    let (_, text) = shop.run(&["policy", "trace", "B"]);
    assert!(text.starts_with("Client B: it is kept: has open orders."), "{text}");
    assert_eq!(shop.trace("C")["client"]["outcome"], "not_due");
}

#[tokio::test]
async fn rows_are_bounded_and_it_says_that_there_are_more() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    let (is_done, text) = shop.run(&["policy", "trace", "A", "--rows", "1", "--json"]);
    assert!(is_done, "{text}");
    let trace: Value = serde_json::from_str(&text).unwrap();
    let addresses = trace["tables"].as_array().unwrap().iter().find(|own| own["table"] == "addresses").unwrap();
    assert_eq!((addresses["rows"].as_array().unwrap().len(), &addresses["more"]), (1, &json!(true)));
}

#[tokio::test]
async fn who_is_not_there_or_may_not_configure_gets_no_trace() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    for (key, words) in [("Z", "client `Z` not found"), ("A,B", "the key"), ("", "the key")] {
        let (is_done, text) = shop.run(&["policy", "trace", key]);
        assert!(!is_done && text.contains(words), "{key}: {text}");
        assert!(!text.contains("Ann"), "{text}");
    }
    let config = std::fs::read_to_string(shop.folder.path().join("lethe.toml")).unwrap();
    std::fs::write(shop.folder.path().join("lethe.toml"), config + "[access]\noperators = { tester = [\"read\"] }\n")
        .unwrap();
    let (is_done, text) = shop.run(&["policy", "trace", "A"]);
    assert!(!is_done && text.contains("configure") && !text.contains("Ann"), "{text}");
}

/// Refuses every change of a client's row.
fn refuses(no: &str) -> String {
    let trigger = either(
        "CREATE TRIGGER stays_{no} BEFORE UPDATE ON customers WHEN old.no = '{no}' BEGIN SELECT RAISE(ABORT, 'Ann stays'); END;",
        "CREATE FUNCTION stays_{no}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'Ann stays'; END $$; \
         CREATE TRIGGER stays_{no} BEFORE UPDATE ON customers FOR EACH ROW WHEN (old.no = '{no}') EXECUTE FUNCTION stays_{no}();",
    );
    trigger.replace("{no}", no)
}

#[tokio::test]
async fn a_rehearsal_in_which_clients_fail_names_them_and_fails() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("UPDATE customers SET due = '2020-01-01' WHERE no = 'C'").await;
    shop.place.execute(&refuses("A")).await;
    let (_, text, said) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(text.contains("\nfailed: client A: ") && !text.contains("may now be used live"), "{text}");
    assert!(!text.contains("Ann") && !text.contains("status --failures"), "{text}");
    assert!(said.starts_with("error: the rehearsal failed: 1 client failed") && said.contains("place holds"), "{said}");
    shop.place.execute(&refuses("C")).await;
    let (_, text, _) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(text.contains("\nfailed: client C: ") && text.contains("Fix what makes these clients fail"), "{text}");
    std::fs::write(shop.folder.path().join("list"), "B\n").unwrap();
    let (_, text) = shop.run(&["sweep", "--list", "list", "--force", "--rehearse"]);
    assert!(text.contains("No client could be anonymized") && !text.contains("sweep --list"), "{text}");
}

#[tokio::test]
async fn a_check_counts_the_rows_that_a_link_by_e_mail_only_misses_by_case_and_spaces() {
    let schema = format!(
        "{SCHEMA} CREATE TABLE sessions (id INTEGER PRIMARY KEY, login TEXT);
         INSERT INTO sessions (id, login) VALUES (1, 'ann@home.example'), (2, ' Ann@Home.Example '), (3, 'BOB@home.example'),
           (4, 'nobody@home.example'), (5, NULL);"
    );
    let link = "\n[tables.sessions]\nrows = \"delete\"\nclient = { column = \"login\", equals = \"email\"";
    let shop = Shop::new(&schema, &format!("{POLICY}{link} }}\n")).await;
    let (is_done, text) = shop.run(&["policy", "check"]);
    assert!(is_done && text.contains("note: 2 rows of `sessions` would belong to clients by `login`"), "{text}");
    assert!(text.contains("`compare = \"email\"`") && !text.to_lowercase().contains("home.example"), "{text}");
    std::fs::write(shop.folder.path().join("policy.toml"), format!("{POLICY}{link}, compare = \"email\" }}\n"))
        .unwrap();
    let (is_done, text) = shop.run(&["policy", "check"]);
    assert!(is_done && !text.contains("would belong"), "{text}");
}

#[tokio::test]
async fn a_rehearsal_looks_for_former_values_in_the_whole_database_and_only_what_is_accepted_may_stay() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    let config = shop.folder.path().join("lethe.toml");
    let lax = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, lax.replace("rehearsal = false\n", "")).unwrap();
    let before = shop.everything().await;
    let (passed, text, said) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(!passed && text.contains("\nfound: `audit.what` has former values of 1 client\n"), "{text}{said}");
    assert!(
        text.contains("The former values of 1 client were searched for in ") && text.contains("The rehearsal failed")
    );
    assert!(said.starts_with("error: the rehearsal failed: former values are left in 1 column\n"), "{said}");
    assert!(said.contains("`[[accepted]]`") && !format!("{text}{said}").contains("home.example"), "{said}");
    assert_eq!(shop.everything().await, before);
    let live = ["sweep", "--due", "--yes", "--wait"];
    let (_, _, said) = shop.both(&live);
    assert!(said.contains("has not been rehearsed"), "it unlocks nothing: {said}");

    // For another column, or another table, it is not accepted.
    let accepted = |table: &str, column: &str| {
        format!("{POLICY}\n[[accepted]]\ntable = \"{table}\"\ncolumn = \"{column}\"\nreason = \"emptied every week\"\n")
    };
    for (table, column) in [("audit", "id"), ("countries", "name")] {
        shop.policy(&accepted(table, column));
        assert!(!shop.rehearse().0, "{table}.{column}");
    }
    shop.policy(&accepted("audit", "what"));
    let (passed, found) = shop.rehearse();
    assert!(passed, "{found}");
    let there = json!({ "table": "audit", "column": "what", "count": 1, "accepted": "emptied every week" });
    assert_eq!(found["whole_database"]["found"], json!([there]));
    assert_eq!((&found["whole_database"]["changed"], &found["whole_database"]["unread"]), (&json!([]), &json!([])));
    let (passed, text, _) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(passed && text.contains("(accepted: emptied every week)"), "{text}");
    assert!(
        text.contains("Everything was done with 1 client and rolled back. This policy may now be used live"),
        "{text}"
    );
    let (is_done, text, said) = shop.both(&live);
    assert!(is_done, "{text}{said}");
}

#[tokio::test]
async fn a_finding_is_accepted_only_in_the_rows_that_a_condition_names() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("INSERT INTO audit (id, what) VALUES (3, 'call from ann@home.example')").await;
    let accepted = |conditions: &[&str]| {
        let part = |own: &&str| {
            format!("\n[[accepted]]\ntable = \"audit\"\nwhere = \"{own}\"\nreason = \"of another shop\"\n")
        };
        format!("{POLICY}{}", conditions.iter().map(part).collect::<String>())
    };
    let there = |accepted: Value| json!({ "table": "audit", "column": "what", "count": 1, "accepted": accepted });
    shop.policy(&accepted(&["id = 1"]));
    let (passed, found) = shop.rehearse();
    assert!(!passed, "row 3 is another one: {found}");
    assert_eq!(found["whole_database"]["found"], json!([there(Value::Null), there(json!("of another shop"))]));
    for all in [&["id <> 2"][..], &["id = 1", "id = 3 AND what <> {today}"]] {
        shop.policy(&accepted(all));
        let (passed, found) = shop.rehearse();
        assert!(passed, "{found}");
        assert_eq!(found["whole_database"]["found"], json!([there(json!("of another shop"))]));
    }
    // What is NULL, or cannot be evaluated, accepts nothing.
    for none in ["NULL = id", "CAST(what AS INTEGER) = 1"] {
        shop.policy(&accepted(&[none]));
        assert!(!shop.both(&["sweep", "--due", "--rehearse"]).0, "{none}");
    }
}

#[tokio::test]
async fn a_value_that_a_client_who_stays_has_too_is_not_found_and_neither_is_a_short_one() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("UPDATE audit SET what = 'Ann Archer called'").await;
    let (passed, found) = shop.rehearse();
    assert!(!passed, "no other client is called so: {found}");
    shop.place.execute("INSERT INTO customers VALUES ('D', 'Ann ARCHER', NULL, NULL, '2999-01-01')").await;
    let (passed, found) = shop.rehearse();
    assert!(passed, "{found}");
    shop.place.execute("UPDATE customers SET name = 'Ann' WHERE no = 'A'; UPDATE audit SET what = 'Ann'").await;
    shop.place.execute("UPDATE orders SET contact = NULL; UPDATE lines SET text = '-'").await;
    let (passed, found) = shop.rehearse();
    assert!(passed, "{found}");
}

#[tokio::test]
async fn values_that_other_clients_have_one_by_one_are_not_found_together() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("UPDATE customers SET name = 'Archer', email = 'Annabel' WHERE no = 'A'").await;
    shop.place.execute("UPDATE orders SET contact = NULL; UPDATE lines SET text = '-'").await;
    shop.place.execute("UPDATE audit SET what = 'Archer, Annabel'").await;
    let (passed, found) = shop.rehearse();
    assert!(!passed, "{found}");
    // A single word tells nothing by itself, so the search has found neither in these rows.
    shop.place.execute("INSERT INTO customers VALUES ('D', 'ARCHER', NULL, NULL, '2999-01-01')").await;
    shop.place.execute("INSERT INTO customers VALUES ('E', 'Eve', 'annabel', NULL, '2999-01-01')").await;
    let (passed, found) = shop.rehearse();
    assert!(passed, "{found}");
}

#[tokio::test]
async fn a_first_name_in_an_address_that_a_couple_shares_is_not_found() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place
        .execute(
            "UPDATE audit SET what = '-'; UPDATE orders SET contact = NULL; UPDATE lines SET text = '-';
             UPDATE customers SET name = 'Annie', email = 'annie@home.example' WHERE no = 'A';
             INSERT INTO customers VALUES ('D', 'Dora Archer', 'Annie@home.example', NULL, '2999-01-01')",
        )
        .await;
    let (passed, found) = shop.rehearse();
    assert!(passed, "{found}");
    shop.place.execute("UPDATE customers SET email = NULL, city = 'of annie@home.example' WHERE no = 'D'").await;
    let (passed, found) = shop.rehearse();
    let there = json!([{ "table": "customers", "column": "city", "count": 1, "accepted": null }]);
    assert_eq!((passed, &found["whole_database"]["found"]), (false, &there), "it is not theirs any more");
}

#[tokio::test]
async fn a_former_value_in_another_clients_row_or_in_one_that_no_link_reaches_is_found() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("UPDATE audit SET what = '-'").await;
    shop.place
        .execute(
            "INSERT INTO orders (id, customer_no, payer_no, contact, note) VALUES (4, 'C', 'C', NULL, 'as Ann Archer has it'),
             (5, 'a ', NULL, 'Ann Archer', 'closed')",
        )
        .await;
    let (passed, found) = shop.rehearse();
    let there = |column: &str| json!({ "table": "orders", "column": column, "count": 1, "accepted": null });
    assert!(!passed);
    assert_eq!(found["whole_database"]["found"], json!([there("contact"), there("note")]));
}

#[tokio::test]
async fn a_rehearsal_counts_the_rows_of_others_that_the_rules_change() {
    let schema = format!(
        "{SCHEMA} ALTER TABLE customers ADD COLUMN country TEXT; UPDATE customers SET country = 'IT';
         CREATE INDEX customers_country ON customers (country); UPDATE audit SET what = '-';
         CREATE TABLE staff (id TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT, staff_id TEXT REFERENCES staff (id));
         CREATE INDEX visits_staff ON visits (staff_id);
         INSERT INTO staff VALUES ('A', 'Gus Guide'), ('S', 'Una Usher');
         INSERT INTO visits VALUES (1, 'C', 'A'), (2, 'A', 'S');"
    );
    let named = "[tables.visits]\nclient = \"customer_no\"\nnon_personal = [\"id\", \"customer_no\", \"staff_id\"]\n";
    let sound = POLICY
        .replace("due.class = \"non-personal\"\n", "due.class = \"non-personal\"\ncountry.class = \"non-personal\"\n");
    let sound = format!("{sound}{named}");
    let shop = Shop::new(&schema, &format!("{sound}[tables.staff]\nfree = \"staff\"\n")).await;
    let (passed, found) = shop.rehearse();
    assert!(passed && found["whole_database"]["changed"] == json!([]), "{found}");

    // A client's number is taken for one of the staff, and its country for one of its own.
    let staff = "[tables.staff]\nclient = \"id\"\n[tables.staff.columns]\nid.class = \"non-personal\"\n\
                 name = { class = \"personal\", replace = \"-\" }\n";
    let countries = "[tables.countries]\nclient = { column = \"code\", equals = \"country\" }\n[tables.countries.columns]\n\
                     code.class = \"non-personal\"\nname = { class = \"personal\", replace = \"-\" }\n";
    shop.policy(&format!("{}{staff}", sound.replace("[tables.countries]\nfree = \"a list\"\n", countries)));
    let before = shop.everything().await;
    let (passed, found) = shop.rehearse();
    let there = |table: &str| json!({ "table": table, "column": "name", "count": 1, "accepted": null });
    assert!(!passed);
    assert_eq!(found["whole_database"]["changed"], json!([there("countries"), there("staff")]));
    let (_, text, said) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(
        text.contains("\nchanged: `staff.name` was changed in 1 row that clients who stay have too, or use\n"),
        "{text}"
    );
    assert!(said.contains("the rules changed rows that other clients have too in 2 places"), "{said}");
    assert_eq!(shop.everything().await, before);

    // Accepted is a change in these rows only.
    let policy = std::fs::read_to_string(shop.folder.path().join("policy.toml")).unwrap();
    for (id, is_accepted) in [("S", false), ("A", true)] {
        let of = |table: &str, column: &str, value: &str| {
            format!("\n[[accepted]]\ntable = \"{table}\"\nwhere = \"{column} = '{value}'\"\nreason = \"known\"\n")
        };
        shop.policy(&format!("{policy}{}{}", of("staff", "id", id), of("countries", "code", "IT")));
        let (passed, found) = shop.rehearse();
        assert_eq!(passed, is_accepted, "{found}");
    }
}

#[tokio::test]
async fn a_rehearsal_looks_for_as_many_clients_as_configured() {
    let shop = Shop::new(SCHEMA, POLICY).await;
    shop.place.execute("UPDATE orders SET note = 'closed'; UPDATE audit SET what = 'mail to bob@home.example'").await;
    let config = shop.folder.path().join("lethe.toml");
    let all = std::fs::read_to_string(&config).unwrap();
    for (clients, found) in [(1, 0), (2, 1), (0, 0)] {
        std::fs::write(&config, all.replace("[sweep]\n", &format!("[sweep]\nrehearsal_clients = {clients}\n")))
            .unwrap();
        let (_, whole) = shop.rehearse();
        let whole = &whole["whole_database"];
        assert_eq!(
            (&whole["clients"], whole["found"].as_array().map(Vec::len)),
            (&json!(clients), Some(found)),
            "{whole}"
        );
    }
    let (passed, text, _) = shop.both(&["sweep", "--due", "--rehearse"]);
    assert!(passed && text.contains("No former value was searched for in the whole database."), "{text}");
}
