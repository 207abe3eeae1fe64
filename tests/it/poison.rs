//! A client whose rows stand in the way stands alone: the others go through.

use crate::common::place::{either, is_on_postgres};
use crate::common::words::{allows, member, refuses};
use crate::common::{Company, lethe};
use lethe::domain::job::Job;
use lethe::domain::key::Key;
use lethe::domain::outcome::Tally;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::sweep::{Mode, cut, open};
use lethe::worker::{Request, scheduler};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE, extra TEXT, anonymized INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), about TEXT, placed_on DATE);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO customers (no, name, email, due, extra)
SELECT 'C0' || substr(CAST(100 + i AS TEXT), 2), 'Person 0' || substr(CAST(100 + i AS TEXT), 2),
  'person0' || substr(CAST(100 + i AS TEXT), 2) || '@home.example', '2026-01-01', '{}' FROM n;
INSERT INTO orders (customer_no, about, placed_on) SELECT no, '{}', '2019-05-05' FROM customers;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"

[period]
length = "5 years"
activity = [{ table = "orders", date = "placed_on", where = "{void} IS NULL" }]

[[guards]]
name = "disputed"
reason = "is in a dispute"
where = "{disputed} = {one}"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
due = { class = "non-personal" }
extra = { class = "non-personal" }
anonymized = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
about = { class = "non-personal" }
placed_on = { class = "non-personal" }
"#;

fn policy() -> String {
    POLICY
        .replace("{void}", &member("about", "void"))
        .replace("{disputed}", &member("extra", "disputed"))
        .replace("{one}", either("1", "'1'"))
}

/// Refuses to let go of these clients, and says why in words that must not be repeated.
fn trigger(clients: &str) -> String {
    refuses("customers", &format!("old.no IN ({clients})"), "Person 017 of person017@home.example stays")
}

/// Refuses to delete the order of one client.
const KEEPS_AN_ORDER: (&str, &str) = (
    "CREATE TRIGGER keeper BEFORE DELETE ON orders WHEN old.customer_no = 'C017' BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     IF old.customer_no = 'C017' THEN RAISE EXCEPTION 'no'; END IF; RETURN old; END $$; \
     CREATE TRIGGER keeper BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keeper()",
);

async fn company() -> Company {
    Company::new(SCHEMA, &policy()).await
}

async fn poisoned() -> Company {
    let company = company().await;
    company.execute(&trigger("'C017'")).await;
    company
}

/// How often the single client C017 was tried in the last sweep.
async fn tries(company: &Company) -> Vec<String> {
    company
        .rows("SELECT attempts FROM lethe_batches WHERE failed = 1 AND clients = 1 AND sweep = (SELECT max(id) FROM lethe_sweeps)")
        .await
}

/// Tries again all that failed, as `lethe retry` does.
async fn retry(company: &Company) -> Tally {
    let failed = company.context.ledger.failures(10).await.unwrap();
    let keys = failed.iter().map(|client| Key::parse(&client.client_key, 1).unwrap()).collect();
    let request = Request { retry: true, ..Request::of_clients(keys, company.today()) };
    company.sweep(&request).await.expect("a list sweep")
}

#[tokio::test]
async fn a_client_that_a_trigger_keeps_stands_alone_and_the_others_go_through() {
    let company = poisoned().await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    assert_eq!(company.rows("SELECT no, name FROM customers WHERE anonymized = 0").await, ["C017|Person 017"]);
    // Tried as often as the limits say (twice), alone in its batch.
    assert_eq!(tries(&company).await, ["2"]);
    let failures = company.context.ledger.failures(10).await.unwrap();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].client_key, "C017");
    let words = either("error 1811 (refused by a trigger)", "error P0001 (refused by a trigger or a function)");
    assert_eq!(failures[0].reasons, [words]);
}

#[tokio::test]
async fn the_words_of_a_refusing_database_reach_neither_ledger_nor_batch() {
    let company = poisoned().await;
    company.due().await;
    for table in ["lethe_outcomes", "lethe_batches", "lethe_sweeps"] {
        let rows = company.rows(&format!("SELECT * FROM {table}")).await.join("\n");
        assert!(!rows.contains("Person") && !rows.contains("home.example"), "{table}: {rows}");
    }
}

#[tokio::test]
async fn a_failed_client_is_left_alone_the_next_night() {
    let company = poisoned().await;
    company.due().await;
    let before = company.dump().await;
    company.set_clock("2026-01-03T12:00:00Z");
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (0, 1));
    // One claim, no second try: nothing was attempted.
    assert_eq!(tries(&company).await, ["1"]);
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT sweep, last_sweep FROM lethe_outcomes WHERE client_key = 'C017'").await, ["1|2"]);
}

#[tokio::test]
async fn a_released_client_is_tried_again_and_fails_once_more() {
    let company = poisoned().await;
    company.due().await;
    for (night, moment) in [(2, "2026-01-03T12:00:00Z"), (4, "2026-01-05T12:00:00Z")] {
        company.set_clock(moment);
        assert_eq!(retry(&company).await.failed, 1);
        assert_eq!(tries(&company).await, ["2"], "in sweep {night}");
        // It failed again for the same reason, so it is left alone again.
        assert_eq!(company.due().await.failed, 1);
        assert_eq!(tries(&company).await, ["1"], "after sweep {night}");
    }
}

#[tokio::test]
async fn a_fixed_client_goes_through_once_it_is_released() {
    let company = poisoned().await;
    company.due().await;
    company.execute(&allows("customers")).await;
    company.set_clock("2026-01-03T12:00:00Z");
    assert_eq!(company.due().await.failed, 1, "fixing alone releases no client");
    let tally = retry(&company).await;
    assert_eq!((tally.anonymized, tally.failed), (1, 0));
    assert_eq!(company.context.ledger.failures(10).await.unwrap().len(), 0);
    let before = company.dump().await;
    assert_eq!(company.due().await.looked_at(), 0);
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn the_retry_command_tries_only_clients_that_failed() {
    let company = poisoned().await;
    company.due().await;
    let folder = company.folder.path();
    let config = format!(
        "database = \"{}\"\n[sweep]\nrehearsal = false\nretry_after = \"0s\"\n[backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).unwrap();
    lethe(folder).args(["retry", "--wait"]).assert().success();
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C017"], "nothing was fixed");
    lethe(folder).args(["retry", "C001"]).assert().failure().code(1);
    company.execute(&allows("customers")).await;
    lethe(folder).args(["retry", "C017", "--wait"]).assert().success();
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE anonymized = 1").await, ["40"]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes WHERE sweep > 1").await, ["1"]);
}

#[tokio::test]
async fn another_policy_tries_a_failed_client_again_by_itself() {
    let company = poisoned().await;
    company.due().await;
    company.execute(&allows("customers")).await;
    std::fs::write(company.folder.path().join("policy.toml"), policy().replace("is in a dispute", "quarrels")).unwrap();
    assert_eq!(company.due().await.anonymized, 1);
}

#[tokio::test]
async fn a_check_that_refuses_is_named_and_quotes_no_value() {
    let schema =
        SCHEMA.replace("name TEXT,", "name TEXT CONSTRAINT known CHECK (no <> 'C009' OR name LIKE 'Person%'),");
    let company = Company::new(&schema, &policy()).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    let failures = company.context.ledger.failures(10).await.unwrap();
    assert_eq!(failures[0].client_key, "C009");
    let words = either("CHECK constraint failed: known", "a CHECK constraint: `known` of `customers`");
    assert_eq!(failures[0].reasons, [words]);
}

#[tokio::test]
async fn several_poisoned_clients_each_stand_alone() {
    let company = company().await;
    company.execute(&trigger("'C001', 'C002', 'C020', 'C021', 'C040'")).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (35, 5));
    assert_eq!(
        company.rows("SELECT no FROM customers WHERE anonymized = 0 ORDER BY no").await,
        ["C001", "C002", "C020", "C021", "C040"]
    );
}

#[tokio::test]
async fn a_guard_that_cannot_read_a_client_fails_that_client_alone() {
    let company = company().await;
    company.execute("UPDATE customers SET extra = '{broken' WHERE no = 'C011'").await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C011"]);
    let (survey, _) = company.survey(&company.request(SweepKind::Due), Mode::Rehearsal).await.unwrap();
    assert_eq!(survey.tally.failed, 1);
}

#[tokio::test]
async fn activity_that_cannot_be_read_fails_its_client_alone_on_a_list() {
    let company = company().await;
    company.execute("UPDATE orders SET about = '{broken' WHERE customer_no = 'C011'").await;
    let mut request = company.forced(&["C010", "C011", "C012"]);
    request.force = false;
    company.execute("UPDATE customers SET due = NULL").await;
    let tally = company.sweep(&request).await.unwrap();
    assert_eq!((tally.anonymized, tally.failed), (2, 1));
}

#[tokio::test]
async fn a_selection_that_cannot_be_read_stops_its_own_sweep_and_no_other() {
    let company = company().await;
    let mut period = company.request(SweepKind::Period);
    // With a limit it is cut batch by batch.
    period.cap = Some(100);
    let broken = open(&company.context, &period).await.unwrap().unwrap();
    company.execute("UPDATE orders SET about = '{broken' WHERE customer_no = 'C011'").await;
    assert_eq!(company.due().await.anonymized, 40);
    let sweep = company.work(broken).await.0;
    assert_eq!(sweep.state, State::Stopped);
    assert!(
        sweep.note.as_deref().unwrap_or_default().contains("a value that an expression cannot take"),
        "{:?}",
        sweep.note
    );
}

#[tokio::test]
async fn a_tick_whose_selection_cannot_be_read_is_refused_and_keeps_no_other_job_waiting() {
    let company = company().await;
    company.execute("UPDATE orders SET about = '{broken' WHERE customer_no = 'C011'").await;
    let job = |name, sweep| {
        let text = format!("schedule = \"0 0 * * * *\"\ntime_zone = \"UTC\"\nsweep = \"{sweep}\"\n[brake]\nshare = 1");
        Job::parse(name, &text).unwrap()
    };
    let jobs = [job("a", "period"), job("b", "due")];
    for moment in ["2026-01-02T12:00:00Z", "2026-01-02T13:00:00Z", "2026-01-02T13:00:01Z"] {
        company.set_clock(moment);
        scheduler::tick(&company.context, &jobs).await.unwrap();
    }
    assert_eq!(company.rows("SELECT job, state FROM lethe_sweeps ORDER BY id").await, ["a|stopped", "b|running"]);
}

#[tokio::test]
async fn a_batch_whose_worker_never_comes_back_is_split_until_the_culprit_stands_alone() {
    let company = company().await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let sweep = company.context.ledger.sweep(id).await.unwrap().unwrap();
    while cut(&company.context, &sweep).await.unwrap() {}
    // Claimed by workers that died with it, more often than the limits allow.
    company.execute("UPDATE lethe_batches SET attempts = 2").await;
    let (_, tally) = company.work(id).await;
    assert_eq!((tally.anonymized, tally.failed), (40, 0));
    assert_eq!(company.rows("SELECT count(*) FROM lethe_batches WHERE state = 'split'").await, ["1"]);

    let list = open(&company.context, &company.forced(&["C001"])).await.unwrap().unwrap();
    company.execute("UPDATE customers SET anonymized = 0").await;
    company.execute("DELETE FROM lethe_outcomes").await;
    company.execute("UPDATE lethe_batches SET attempts = 2 WHERE state = 'ready'").await;
    let (_, tally) = company.work(list).await;
    assert_eq!((tally.anonymized, tally.failed), (0, 1));
    let failures = company.context.ledger.failures(10).await.unwrap();
    assert_eq!(failures[0].reasons, ["the worker died while processing it"]);
}

/// The words of each trigger name the row; a real error in one of them does so too.
fn refusals() -> (usize, String) {
    let words = "keep % at %', old.name, old.email";
    let codes = ["42501", "57014", "XX000", "08006", "53100", "57P01", "40001", "55P03", "25006", "XX001", "22012"];
    if is_on_postgres() {
        let raise = |(at, code): (usize, &&str)| {
            format!("IF old.no = 'C0{}' THEN RAISE EXCEPTION '{words} USING ERRCODE = '{code}'; END IF; ", at + 11)
        };
        let raised: String = codes.iter().enumerate().map(raise).collect();
        let trigger = format!(
            "CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raised} \
             IF old.no = 'C030' THEN EXECUTE 'SELECT 1 FROM \"' || old.name || '\"'; END IF; RETURN new; END $$; \
             CREATE TRIGGER keeper BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION keeper()"
        );
        return (codes.len() + 1, trigger);
    }
    let ways = ["ABORT, 'keep Person 011'", "FAIL, 'UNIQUE constraint failed: Person 012'"];
    let raise = |(at, way): (usize, &&str)| {
        format!(
            "CREATE TRIGGER keeper{at} BEFORE UPDATE ON customers WHEN old.no = 'C0{}' BEGIN SELECT RAISE({way}); END;",
            at + 11
        )
    };
    (ways.len(), ways.iter().enumerate().map(raise).collect())
}

#[tokio::test]
async fn a_client_that_a_trigger_keeps_with_any_code_fails_alone_and_its_words_are_nowhere() {
    let company = company().await;
    let (kept, trigger) = refusals();
    company.execute(&trigger).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (40 - kept as u64, kept as u64));
    assert_eq!(company.rows("SELECT max(attempts) FROM lethe_batches WHERE clients > 1").await, ["1"], "at once");
    let said = "SELECT reasons FROM lethe_outcomes WHERE outcome = 'failed' UNION ALL SELECT error FROM lethe_batches";
    for said in company.rows(said).await {
        assert!(!said.contains("Person") && !said.contains("person"), "{said}");
    }
}

/// What one client's rows take more of than a statement may have is no lack of the server's.
#[tokio::test]
async fn a_client_whose_rows_need_more_than_a_statement_may_take_fails_alone() {
    if !is_on_postgres() {
        return;
    }
    let company = company().await;
    company
        .execute(
            "CREATE FUNCTION sorts() RETURNS trigger LANGUAGE plpgsql SET work_mem = '64kB' SET temp_file_limit = '64kB' AS $$ \
             BEGIN IF old.no = 'C017' THEN PERFORM g FROM generate_series(1, 100000) AS g ORDER BY md5(CAST(g AS TEXT)); END IF; \
             RETURN new; END $$; \
             CREATE TRIGGER sorts BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION sorts()",
        )
        .await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    let failures = company.context.ledger.failures(10).await.unwrap();
    assert!(failures[0].reasons[0].contains("53400"), "{:?}", failures[0].reasons);
}

#[tokio::test]
async fn the_others_of_a_batch_are_not_done_by_halves() {
    let company = company().await;
    company.execute(&trigger("'C007', 'C033'")).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (38, 2));
    assert_eq!(
        company.rows("SELECT state, clients, anonymized, failed FROM lethe_batches ORDER BY id").await,
        ["done|38|38|0", "done|1|0|1", "done|1|0|1"]
    );
}

#[tokio::test]
async fn a_rule_that_all_clients_refuse_out_of_turn_is_split_by_halves() {
    // An order can go only when its parcels are gone.
    let schema = SCHEMA.replace(
        "WITH RECURSIVE n",
        "CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id));\nWITH RECURSIVE n",
    ) + "INSERT INTO parcels (id, order_id) SELECT id, id FROM orders;";
    let policy = policy();
    let tables = policy.find("[tables.orders]").unwrap();
    let policy = format!(
        "{}[tables.orders]\nclient = \"customer_no\"\nrows = \"delete\"\n\n[tables.parcels]\nclient = {{ column = \"order_id\", through = \"orders\" }}\nrows = \"delete\"\n",
        &policy[..tables]
    );
    let company = Company::new(&schema, &policy).await;
    company.execute(either(KEEPS_AN_ORDER.0, KEEPS_AN_ORDER.1)).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (39, 1));
    assert_eq!(company.rows("SELECT customer_no FROM orders").await, ["C017"]);
    assert_eq!(company.rows("SELECT count(*) FROM parcels").await, ["1"]);
    let split = company.rows("SELECT count(*) FROM lethe_batches WHERE state = 'split'").await;
    assert_ne!(split, ["0"], "no client stands alone without the batch being cut");
}

#[tokio::test]
async fn clients_that_pause_before_they_are_tried_again_delay_no_others() {
    // More than are selected at once, so that the last ones are cut while the first ones pause.
    let schema = SCHEMA.replace("i < 40", "i < 8100").replace("100 + i", "10000 + i");
    let mut company = Company::new(&schema, &policy()).await;
    let nine: Vec<String> = (1..10).map(|i| format!("'C0000{i}'")).collect();
    company.execute(&trigger(&nine.join(", "))).await;
    company.context.limits.batch_size = 1_000;
    company.context.limits.retry_after = std::time::Duration::from_secs(3_600);
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let (context, told) = (company.context.clone(), stop.clone());
    let working = tokio::spawn(async move { lethe::worker::run(&context, lethe::worker::Role::Sweep(id), told).await });
    // The clock stands still, so a client that pauses is not tried again.
    let mut state = (0, 0, 0);
    for _ in 0..2_400 {
        let progress = company.context.ledger.progress(id).await.unwrap();
        state = (progress.tally.anonymized, progress.open_batches, progress.pausing_batches);
        if state == (8_091, 9, 9) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(state, (8_091, 9, 9));
    stop.cancel();
    working.await.unwrap().unwrap();
}
