//! Sweeps from the first look to the last outcome.

use crate::common::Company;
use crate::common::place::either;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0, anonymized_on DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), status TEXT, note TEXT);
INSERT INTO customers (no, name, email, due) VALUES
  ('A', 'Ann Archer', 'ann@archer.example', '2026-01-01'),
  ('B', 'Bob Baker', 'bob@baker.example', '2026-01-02'),
  ('C', 'Cid Cook', 'cid@cook.example', '2026-01-03'),
  ('D', 'Dot Dyer', 'dot@dyer.example', NULL),
  ('E', 'Eve Earl', 'eve@earl.example', {blank});
INSERT INTO orders (customer_no, status, note) VALUES ('A', 'closed', 'blue'), ('B', 'open', 'red');
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
anonymized_on = "anonymized_on"

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }
anonymized_on = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }
note = { class = "non-personal" }
"#;

/// Where a date is a date there is no blank one.
fn schema() -> String {
    SCHEMA.replace("{blank}", either("''", "NULL"))
}

#[tokio::test]
async fn a_due_client_is_anonymized_and_a_second_sweep_writes_nothing() {
    let company = Company::new(&schema(), POLICY).await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.refused), (1, 1));
    assert_eq!(
        company.rows("SELECT name, email, anonymized, anonymized_on FROM customers WHERE no = 'A'").await,
        ["Anonymized client|anonymized-A@invalid|1|2026-01-02"]
    );
    let before = company.dump().await;
    company.set_clock("2026-01-02T13:00:00Z");
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.refused), (0, 1));
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes").await, ["2"]);
}

use lethe::domain::hint::Face;
use lethe::domain::job::Brake;
use lethe::domain::outcome::{Outcome, Tally};
use lethe::domain::sweep::SweepKind;
use lethe::service::status::Status;
use lethe::worker::Limits;
use lethe::worker::sweep::{Mode, SweepError, open};

/// What the clients are called by now.
async fn names(company: &Company) -> Vec<String> {
    company.rows("SELECT no || ' ' || name FROM customers ORDER BY no").await
}

async fn outcomes(company: &Company, client: &str) -> Vec<(String, Vec<String>)> {
    let history = company.context.ledger.history(client).await.expect("a history");
    history.into_iter().map(|record| (record.outcome, record.reasons)).collect()
}

#[tokio::test]
async fn tomorrow_empty_and_null_dates_are_left_untouched() {
    let company = Company::new(&schema(), POLICY).await;
    company.execute("UPDATE orders SET status = 'closed'").await;
    assert_eq!(company.due().await.anonymized, 2);
    assert_eq!(names(&company).await[2..], ["C Cid Cook", "D Dot Dyer", "E Eve Earl"]);
    company.set_clock("2026-01-03T00:00:00Z");
    assert_eq!(company.due().await.anonymized, 1);
}

#[tokio::test]
async fn a_date_with_a_time_is_due_on_its_day_and_blank_markers_never() {
    let company = Company::new(&schema(), POLICY).await;
    company
        .execute(either(
            "UPDATE customers SET due = CASE no WHEN 'A' THEN '2026-01-02 23:59:59' WHEN 'B' THEN '0001-01-01' WHEN 'C' THEN '1753-01-01' END",
            "ALTER TABLE customers ALTER due TYPE timestamp;
             UPDATE customers SET due = CAST(CASE no WHEN 'A' THEN '2026-01-02 23:59:59' WHEN 'B' THEN '0001-01-01' WHEN 'C' THEN '1753-01-01' END AS timestamp)",
        ))
        .await;
    assert_eq!(company.due().await.anonymized, 1);
    assert_eq!(names(&company).await[0], "A Anonymized client");
}

#[tokio::test]
async fn all_reasons_of_a_refusal_are_recorded_and_stand_without_growing_the_ledger() {
    let company = Company::new(&schema(), POLICY).await;
    company.context.ledger.place_hold("B", "lawsuit", "test").await.unwrap();
    for night in 2..6 {
        company.set_clock(&format!("2026-01-0{night}T01:00:00Z"));
        company.due().await;
    }
    assert_eq!(
        outcomes(&company, "B").await,
        [("refused".to_owned(), ["open-orders", "hold"].map(str::to_owned).to_vec())]
    );
    assert_eq!(company.rows("SELECT sweep, last_sweep FROM lethe_outcomes WHERE client_key = 'B'").await, ["1|4"]);
    company.context.ledger.release_hold("B", "test").await.unwrap();
    company.due().await;
    assert_eq!(outcomes(&company, "B").await[1], ("refused".to_owned(), vec!["open-orders".to_owned()]));
    company.execute("UPDATE orders SET status = 'closed'").await;
    assert_eq!(company.due().await.anonymized, 1);
    assert_eq!(outcomes(&company, "B").await[2].0, "anonymized");
}

#[tokio::test]
async fn refused_clients_neither_use_the_limit_up_nor_block_those_behind_them() {
    let company = Company::new(&schema(), POLICY).await;
    company
        .execute("UPDATE customers SET due = '2025-01-01'; UPDATE orders SET customer_no = 'A', status = 'open'")
        .await;
    let mut request = company.request(SweepKind::Due);
    request.cap = Some(2);
    let (preview, clients) = company.preview(&request).await;
    let tally = company.sweep(&request).await.unwrap();
    assert_eq!((tally.anonymized, tally.refused), (2, 1));
    assert_eq!(preview.tally, tally);
    let would: Vec<&str> = clients
        .iter()
        .filter(|client| client.outcome == Outcome::Anonymized)
        .map(|client| client.key.as_str())
        .collect();
    assert_eq!(would, ["B", "C"]);
    assert_eq!(
        names(&company).await,
        ["A Ann Archer", "B Anonymized client", "C Anonymized client", "D Dot Dyer", "E Eve Earl"]
    );
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 2);
}

#[tokio::test]
async fn a_limit_is_kept_to_the_client_whatever_the_batch_size() {
    let mut company = Company::new(&schema(), POLICY).await;
    let rows: Vec<String> = (0..500).map(|at| format!("('Z{at:03}', 'Zoe {at:03}', '2025-01-01')")).collect();
    company.execute(&format!("INSERT INTO customers (no, name, due) VALUES {}", rows.join(","))).await;
    company.context.limits.batch_size = 7;
    let mut request = company.request(SweepKind::Due);
    request.cap = Some(123);
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 123);
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE anonymized = 1").await, ["123"]);
    assert_eq!(company.rows("SELECT capped FROM lethe_sweeps").await, ["1"]);
}

#[tokio::test]
async fn a_preview_changes_nothing_and_equals_the_sweep() {
    let company = Company::new(&schema(), POLICY).await;
    let before = company.dump().await;
    let ledger = company.rows("SELECT count(*) FROM lethe_sweeps, lethe_outcomes").await;
    let request = company.request(SweepKind::Due);
    let (preview, clients) = company.preview(&request).await;
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_sweeps, lethe_outcomes").await, ledger);
    assert_eq!(company.sweep(&request).await.unwrap(), preview.tally);
    let recorded = company.rows("SELECT client_key || ' ' || outcome FROM lethe_outcomes ORDER BY client_key").await;
    let shown: Vec<String> = clients.iter().map(|client| format!("{} {}", client.key, client.outcome)).collect();
    assert_eq!(recorded, shown);
}

#[tokio::test]
async fn filters_are_and_between_names_and_or_between_values() {
    let company = Company::new(
        &format!("{} ALTER TABLE customers ADD COLUMN grp TEXT; ALTER TABLE customers ADD COLUMN bus TEXT;
          UPDATE customers SET due = '2025-01-01', grp = CASE no WHEN 'A' THEN 'x' WHEN 'B' THEN 'y' ELSE 'z' END, bus = CASE no WHEN 'A' THEN 'eu' WHEN 'C' THEN 'eu' ELSE 'us' END;
          DELETE FROM orders;", schema()),
        &POLICY
            .replace("[[guards]]", "[filters]\ngroup = \"grp\"\nbusiness = \"bus\"\n\n[[guards]]")
            .replace("anonymized_on = { class", "grp = { class = \"non-personal\" }\nbus = { class = \"non-personal\" }\nanonymized_on = { class"),
    )
    .await;
    let mut request = company.request(SweepKind::Due);
    request.filters.insert("group".into(), vec!["x".into(), "y".into()]);
    request.filters.insert("business".into(), vec!["eu".into()]);
    assert_eq!(company.sweep(&request).await.unwrap(), Tally { anonymized: 1, ..Tally::default() });
    assert_eq!(names(&company).await[0], "A Anonymized client");
    request.filters.insert("grup".into(), vec!["x".into()]);
    assert!(matches!(company.sweep(&request).await, Err(SweepError::UnknownFilter { .. })));
}

#[tokio::test]
async fn each_client_of_a_list_has_an_outcome_of_its_own() {
    let company = Company::new(&schema(), POLICY).await;
    company.due().await;
    let mut request = company.forced(&["A", "B", "C", "nobody"]);
    request.force = false;
    let tally = company.sweep(&request).await.unwrap();
    assert_eq!(tally, Tally { already: 1, refused: 1, not_due: 1, not_found: 1, ..Tally::default() });
    assert_eq!(outcomes(&company, "A").await.len(), 2);
    assert_eq!(outcomes(&company, "nobody").await[0].0, "not_found");
}

#[tokio::test]
async fn force_passes_over_the_period_and_never_over_guards_or_holds() {
    let company = Company::new(&schema(), POLICY).await;
    company.context.ledger.place_hold("D", "lawsuit", "test").await.unwrap();
    let tally = company.sweep(&company.forced(&["B", "C", "D"])).await.unwrap();
    assert_eq!((tally.anonymized, tally.refused), (1, 2));
    assert_eq!(names(&company).await[2], "C Anonymized client");
}

#[tokio::test]
async fn what_happens_between_selection_and_execution_refuses() {
    let company = Company::new(&schema(), POLICY).await;
    company
        .execute(
            "UPDATE customers SET due = '2025-01-01' WHERE no IN ('C', 'D', 'E'); UPDATE orders SET status = 'closed'",
        )
        .await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let sweep = company.context.ledger.sweep(id).await.unwrap().unwrap();
    assert!(lethe::worker::sweep::cut(&company.context, &sweep).await.unwrap());
    company
        .execute("INSERT INTO orders (customer_no, status) VALUES ('C', 'open'); UPDATE customers SET due = '2030-01-01' WHERE no = 'D'; DELETE FROM customers WHERE no = 'E'")
        .await;
    let (_, tally) = company.work(id).await;
    assert_eq!(tally, Tally { anonymized: 2, refused: 1, not_due: 1, not_found: 1, ..Tally::default() });
}

/// Limits that ask for everything, as the shipped configuration does.
fn strict() -> Limits {
    Limits {
        rehearsal: true,
        backup_max_age: Some(std::time::Duration::from_secs(86_400)),
        brake_share: 0.1,
        ..crate::common::limits()
    }
}

#[tokio::test]
async fn a_live_sweep_needs_a_rehearsal_of_this_policy_on_this_schema() {
    let mut company = Company::new(&schema(), POLICY).await;
    company.context.limits.rehearsal = true;
    let request = company.request(SweepKind::Due);
    assert!(matches!(company.sweep(&request).await, Err(SweepError::NotRehearsed)));
    let before = company.dump().await;
    let (found, _) = company.survey(&request, Mode::Rehearsal).await.unwrap();
    assert_eq!(company.dump().await, before);
    assert_eq!(found.tally.anonymized, 1);
    let of = (SweepKind::Due, &request.filters);
    company.context.ledger.record_rehearsal(&found.digest, &found.tally, of, true, "test").await.unwrap();
    assert_eq!(company.sweep(&request).await.unwrap(), found.tally);
    company.execute("ALTER TABLE orders ADD COLUMN remark TEXT").await;
    let refused = company.sweep(&request).await.unwrap_err();
    assert!(refused.brief().contains("remark"), "{refused}");
    let policy = POLICY.replace("note = {", "remark = { class = \"personal\", clear = true }\nnote = {");
    std::fs::write(company.folder.path().join("policy.toml"), policy).unwrap();
    assert!(matches!(company.sweep(&request).await, Err(SweepError::NotRehearsed)));
}

#[tokio::test]
async fn a_live_sweep_needs_a_backup_of_late() {
    let mut company = Company::new(&schema(), POLICY).await;
    company.context.limits = Limits { rehearsal: false, brake_share: 1.0, ..strict() };
    let request = company.request(SweepKind::Due);
    assert!(matches!(company.sweep(&request).await, Err(SweepError::NoBackup { .. })));
    let made = "2026-01-01T11:00:00Z".parse().unwrap();
    company.context.ledger.record_backup(made, "test", None).await.unwrap();
    assert!(matches!(company.sweep(&request).await, Err(SweepError::OldBackup { .. })));
    company.set_clock("2026-01-02T10:00:00Z");
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 1);
}

#[tokio::test]
async fn a_sweep_over_its_brake_stops_before_it_begins_and_asks() {
    let company = Company::new(&schema(), POLICY).await;
    company.execute("UPDATE orders SET status = 'closed'").await;
    let before = company.dump().await;
    let mut request = company.request(SweepKind::Due);
    for brake in [Brake { clients: Some(1), share: Some(1.0) }, Brake { clients: None, share: Some(0.39) }] {
        request.brake = brake;
        assert!(matches!(company.sweep(&request).await, Err(SweepError::Braked { would: 2, .. })));
    }
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT state FROM lethe_sweeps").await, ["braked", "braked"]);
    request.brake = Brake { clients: Some(2), share: Some(0.4) };
    request.cap = Some(1);
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 1);
    request.cap = None;
    request.brake = Brake { clients: Some(0), share: None };
    request.over_brake = true;
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 1);
}

#[tokio::test]
async fn a_braked_sweep_that_was_started_again_over_the_brake_is_made_good() {
    let company = Company::new(&schema(), POLICY).await;
    let status =
        async || Status::of(&company.context, company.folder.path(), 10, Face::Command).await.expect("a status");
    let mut request = company.request(SweepKind::Due);
    request.job = Some("nightly".to_owned());
    request.tick = Some(company.context.ledger.clock().now());
    request.brake = Brake { clients: Some(0), share: None };
    assert!(matches!(company.sweep(&request).await, Err(SweepError::Braked { .. })));
    let braked = status().await;
    assert!(braked.night.stopped == 1 && braked.attention.iter().any(|own| own.text.contains("was braked")));
    // Of another kind, it does not do what that one was for.
    company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
    assert_eq!(status().await.night.stopped, 1);
    (request.job, request.tick, request.over_brake) = (None, None, true);
    company.sweep(&request).await.expect("a sweep");
    let good = status().await;
    assert!(good.night.stopped == 0 && !good.attention.iter().any(|own| own.text.contains("was braked")));
}

#[tokio::test]
async fn refused_clients_do_not_count_for_the_brake() {
    let company = Company::new(&schema(), POLICY).await;
    let mut request = company.request(SweepKind::Due);
    request.brake = Brake { clients: Some(1), share: Some(1.0) };
    assert_eq!(company.sweep(&request).await.unwrap(), Tally { anonymized: 1, refused: 1, ..Tally::default() });
}

#[tokio::test]
async fn an_anonymized_client_leaves_no_former_value_in_the_bytes_of_the_file() {
    let company = Company::new(&schema(), POLICY).await;
    company.due().await;
    for file in ["company.db", "company.db-wal"] {
        let bytes = std::fs::read(company.folder.path().join(file)).unwrap_or_default();
        for former in ["Ann Archer", "ann@archer.example"] {
            assert!(!bytes.windows(former.len()).any(|window| window == former.as_bytes()), "{former} in {file}");
        }
    }
}

#[tokio::test]
async fn a_ledger_of_a_later_version_is_left_alone() {
    let company = Company::new(&schema(), POLICY).await;
    company.execute("INSERT INTO lethe_migrations (version) VALUES (99)").await;
    let refused =
        lethe::ledger::Ledger::open(&company.context.store, company.context.ledger.clock()).await.err().unwrap();
    assert!(refused.to_string().contains("later version of Lethe (99"), "{refused}");
}

#[tokio::test]
async fn a_former_value_behind_control_characters_is_found_and_is_its_own_clients() {
    let company = Company::new(&schema(), POLICY).await;
    company
        .execute(
            &"UPDATE orders SET status = 'closed', note = 'x' || char(30) || '999' || char(31) || 'for Bob Baker' WHERE customer_no = 'B'"
                .replace("char", either("char", "chr")),
        )
        .await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (1, 1));
    assert_eq!(outcomes(&company, "B").await, [("failed".to_owned(), vec!["residue:orders.note".to_owned()])]);
    assert_eq!(names(&company).await[1], "B Bob Baker");
}

#[tokio::test]
async fn work_waits_for_its_window_and_goes_on_in_it() {
    use lethe::domain::window::Window;
    use lethe::worker::{Role, run, sweep::open};
    let mut company = Company::new(&schema(), POLICY).await;
    company.context.limits.window = Some(Window::parse("22:00-06:00", chrono_tz::UTC).unwrap());
    open(&company.context, &company.request(SweepKind::Due)).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let (context, told) = (company.context.clone(), stop.clone());
    let working = tokio::spawn(async move { run(&context, Role::Both(Vec::new()), told).await });
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let anonymized = "SELECT count(*) FROM customers WHERE anonymized = 1";
    assert_eq!(company.rows(anonymized).await, ["0"], "nothing is done at noon");
    company.set_clock("2026-01-02T22:00:00Z");
    for _ in 0..600 {
        if company.rows(anonymized).await == ["1"] {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(company.rows(anonymized).await, ["1"], "and it is in the night");
    stop.cancel();
    working.await.unwrap().unwrap();
}
