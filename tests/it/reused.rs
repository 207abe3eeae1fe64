//! A key that was given to another client: the new client is looked at as one, and no replay takes them.

use lethe::domain::sweep::SweepKind;

use crate::common::place::{either, is_on_postgres};
use crate::common::{Company, lethe};

/// Whether the client's row says that it is anonymized.
#[derive(Clone, Copy, PartialEq)]
enum Flag {
    There,
    None,
}

fn schema(flag: Flag) -> String {
    let flag = if flag == Flag::There { ", anonymized INTEGER NOT NULL DEFAULT 0" } else { "" };
    format!(
        "CREATE TABLE customers (no INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, due DATE{flag});
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no INTEGER NOT NULL, status TEXT NOT NULL);
         INSERT INTO customers (no, name, email, due) VALUES (1, 'Anna Berg', 'anna@home.example', '2020-01-01'),
           (2, 'Bo Dahl', 'bo@home.example', '2020-01-01');"
    )
}

fn policy(flag: Flag) -> String {
    let (client, column) = if flag == Flag::There {
        ("anonymized = \"anonymized\"", "anonymized.class = \"non-personal\"")
    } else {
        ("", "")
    };
    format!(
        r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
{client}
[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"
[tables.customers.columns]
no.class = "non-personal"
name = {{ class = "personal", replace = "Client", identifying = true }}
email = {{ class = "personal", clear = true, identifying = true }}
due.class = "non-personal"
{column}
[tables.orders]
client = "customer_no"
[tables.orders.columns]
id.class = "non-personal"
customer_no.class = "non-personal"
status.class = "non-personal"
"#
    )
}

/// Both clients anonymized, and the number of the second given to a client with this day.
async fn company(flag: Flag, due: &str) -> Company {
    let company = Company::new(&schema(flag), &policy(flag)).await;
    assert_eq!(company.due().await.anonymized, 2);
    company.execute("DELETE FROM customers WHERE no = 2").await;
    company
        .execute(&format!(
            "INSERT INTO customers (no, name, email, due) VALUES (2, 'Nina Nye', 'nina@home.example', {due})"
        ))
        .await;
    company
}

const NAMES: &str = "SELECT no, name FROM customers ORDER BY no";

#[tokio::test]
async fn a_new_client_with_the_key_of_one_anonymized_before_is_taken_by_no_replay() {
    for flag in [Flag::There, Flag::None] {
        for due in ["NULL", "'2031-01-01'"] {
            let company = company(flag, due).await;
            company.set_clock("2026-03-01T12:00:00Z");
            let replayed = company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
            assert_eq!(replayed.looked_at(), 0);
            assert_eq!(company.due().await.anonymized, 0);
            assert_eq!(company.rows(NAMES).await, ["1|Client", "2|Nina Nye"]);
        }
    }
}

#[tokio::test]
async fn a_new_client_with_the_key_of_one_anonymized_before_is_due_when_due_and_kept_by_guards() {
    for flag in [Flag::There, Flag::None] {
        let company = company(flag, "'2026-02-01'").await;
        assert_eq!(company.due().await.looked_at(), 0, "not due yet");
        company.set_clock("2026-03-01T12:00:00Z");
        company.execute("INSERT INTO orders (id, customer_no, status) VALUES (1, 2, 'open')").await;
        assert_eq!(company.due().await.refused, 1);
        company.execute("DELETE FROM orders").await;
        let tally = company.due().await;
        assert_eq!((tally.anonymized, tally.already), (1, 0));
        assert_eq!(company.rows(NAMES).await, ["1|Client", "2|Client"]);
        assert_eq!(company.due().await.anonymized, 0, "and once");
    }
}

#[tokio::test]
async fn an_operator_who_names_the_new_client_has_them_anonymized() {
    for flag in [Flag::There, Flag::None] {
        let company = company(flag, "NULL").await;
        assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").anonymized, 1);
    }
}

#[tokio::test]
async fn a_new_client_with_the_key_of_one_anonymized_before_can_be_held_and_that_one_cannot() {
    for flag in [Flag::There, Flag::None] {
        let company = company(flag, "NULL").await;
        let service = company.service();
        let refused = service.place_hold("1", "a court").await.expect_err("anonymized").message;
        assert!(refused.contains("client 1 was anonymized on 2026-01-02"), "{refused}");
        assert_eq!(service.place_hold("2", "a court").await.expect("a hold"), "2");
        assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").refused, 1);
        service.release_hold("2").await.expect("it is released");
        assert!(service.release_hold("2").await.is_err(), "and once");
        assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").anonymized, 1);
    }
}

#[tokio::test]
async fn what_came_back_of_an_anonymized_client_is_still_taken_by_a_replay() {
    for flag in [Flag::There, Flag::None] {
        let company = Company::new(&schema(flag), &policy(flag)).await;
        assert_eq!(company.due().await.anonymized, 2);
        company.execute("UPDATE customers SET email = 'bo@home.example' WHERE no = 2").await;
        assert_eq!(company.due().await.anonymized, 0);
        let replayed = company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
        assert_eq!(replayed.anonymized, 1);
    }
}

/// A replay that left out the second client, in a note that says so; a client named in a list is taken.
async fn second_is_left_out(company: &Company) {
    company.set_clock("2026-03-01T12:00:00Z");
    let replayed = company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
    assert_eq!(replayed.looked_at(), 0);
    let notes = company.rows("SELECT COALESCE(note, '') FROM lethe_sweeps WHERE kind = 'replay'").await;
    assert!(notes.len() == 1 && notes[0].starts_with("left out: 1 with the key"), "{notes:?}");
    assert_eq!(company.rows(NAMES).await[1], "2|Nina Nye");
    assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").anonymized, 1);
    assert_eq!(company.rows(NAMES).await[1], "2|Client");
}

const NINA: &str = "DELETE FROM orders; DELETE FROM customers WHERE no = 2; \
    INSERT INTO customers (no, name, email, due) VALUES (2, 'Nina Nye', 'nina@home.example', NULL)";

#[tokio::test]
async fn a_replay_after_a_list_takes_no_client_who_may_be_new() {
    let company = Company::new(&schema(Flag::None), &policy(Flag::None)).await;
    assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").anonymized, 1);
    company.execute("UPDATE customers SET due = '2031-01-01' WHERE no = 1").await;
    company.execute(NINA).await;
    second_is_left_out(&company).await;
}

#[tokio::test]
async fn a_replay_after_a_period_takes_no_client_who_may_be_new() {
    let schema = schema(Flag::None).replace("status TEXT NOT NULL", "status TEXT NOT NULL, placed_on DATE")
        + "UPDATE customers SET due = NULL; INSERT INTO orders (id, customer_no, status, placed_on) VALUES (1, 2, 'closed', '2015-01-01');";
    let policy = policy(Flag::None)
        .replace(
            "[[guards]]",
            "[period]\nlength = \"5 years\"\nactivity = [{ table = \"orders\", date = \"placed_on\" }]\n[[guards]]",
        )
        .replace("status.class", "placed_on.class = \"non-personal\"\nstatus.class");
    let company = Company::new(&schema, &policy).await;
    company.period().await;
    assert_eq!(company.rows(NAMES).await[1], "2|Client");
    company.execute(NINA).await;
    second_is_left_out(&company).await;
}

#[tokio::test]
async fn what_came_back_whole_of_a_client_who_was_due_by_then_is_taken_by_a_replay() {
    let company = Company::new(&schema(Flag::None), &policy(Flag::None)).await;
    assert_eq!(company.sweep(&company.forced(&["2"])).await.expect("a sweep").anonymized, 1);
    company.execute("UPDATE customers SET name = 'Bo Dahl', email = 'bo@home.example' WHERE no = 2").await;
    let replayed = company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
    assert_eq!(replayed.anonymized, 1);
}

#[tokio::test]
async fn keys_that_the_database_gives_again_are_warned_of() {
    let key = either("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY");
    let counting = schema(Flag::There).replacen("INTEGER PRIMARY KEY", key, 1);
    for (schema, warned) in [(schema(Flag::There), !is_on_postgres()), (counting, false)] {
        let company = Company::new(&schema, &policy(Flag::There)).await;
        let folder = company.folder.path();
        std::fs::write(folder.join("lethe.toml"), format!("database = \"{}\"\n", company.place.setting())).unwrap();
        for command in [["policy", "check"].as_slice(), &["doctor"]] {
            let done = lethe(folder).args(command).output().unwrap();
            let said = String::from_utf8(done.stdout).unwrap();
            assert_eq!(said.contains("AUTOINCREMENT"), warned, "{said}");
        }
    }
}
