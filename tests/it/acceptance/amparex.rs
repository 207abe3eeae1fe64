//! Glasses and hearing aids, the statements X: `policies/amparex`.
//!
//! Who may start what (X2) is in `asked.rs`.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use super::trade::{Trade, ago, today, years_ago};

const NOTICE: &str = "Kunde anonymisiert";
pub const NAME_IN_SERIAL_NO: &str = "UPDATE devices SET serial_no = 'Jona Fehlgriff' WHERE device_no = 9309";
const SELECTION: &str = "SELECT customer_no FROM selection_entries WHERE selection_no = 1 ORDER BY customer_no";

/// The company, its policy rehearsed and its backup acknowledged. Then a name is entered where a serial number belongs.
async fn ready() -> Trade {
    let trade = Trade::of("amparex").await;
    trade.json(&["sweep", "dormant", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    trade.execute(NAME_IN_SERIAL_NO).await;
    trade
}

/// The company before and after its monthly sweep, and who was anonymized in it.
struct Night {
    trade: Trade,
    before: Snapshot,
    after: Snapshot,
    gone: BTreeSet<String>,
}

async fn night() -> Night {
    let trade = ready().await;
    let before = trade.snapshot().await;
    let ended = trade.json(&["sweep", "dormant", "--wait"]);
    let after = trade.snapshot().await;
    let gone: BTreeSet<String> =
        trade.rows("SELECT customer_no FROM customers WHERE anonymized_on = '{today}'").await.into_iter().collect();
    assert_eq!(ended["progress"]["anonymized"], gone.len());
    assert!(gone.len() > 50 && gone.len() < before.table("customers").len() / 2, "some go and some stay");
    Night { trade, before, after, gone }
}

/// Who is anonymized by now.
async fn gone(trade: &Trade) -> Vec<String> {
    trade.rows("SELECT customer_no FROM customers WHERE anonymized ORDER BY customer_no").await
}

#[tokio::test]
async fn x1_one_client_or_many_from_a_saved_selection() {
    let trade = ready().await;
    assert_eq!(gone(&trade).await, ["1308"]);
    assert_eq!(trade.forget(&["1002"])["progress"]["anonymized"], 1);
    assert_eq!(gone(&trade).await, ["1002", "1308"]);

    let selection = trade.rows(SELECTION).await;
    trade.write("selection.txt", &selection.join("\n"));
    let saved = trade.json(&["selection", "save", "hearing aids", "--from", "selection.txt"]);
    assert_eq!((&saved["clients"], &saved["twice"]), (&17.into(), &0.into()));
    // What was saved counts, whatever became of the file.
    trade.write("selection.txt", "1024");
    let ended = trade.json(&["sweep", "--selection", "hearing aids", "--force", "--yes", "--wait"]);
    let counts = ["looked_at", "anonymized", "refused", "already", "failed"]
        .map(|name| if name == "looked_at" { selection.len().into() } else { ended["progress"][name].clone() });
    assert_eq!(counts, [17, 8, 7, 1, 1]);
    // Of those not in it, none.
    let gone: BTreeSet<String> = gone(&trade).await.into_iter().collect();
    let picked: BTreeSet<String> = selection.into_iter().chain(["1002".to_owned()]).collect();
    assert_eq!(gone.difference(&picked).count(), 0);
    assert_eq!(gone.len(), 10);
    // A selection has to be saved beforehand.
    let nothing = trade.run(&["sweep", "--selection", "hearing aid", "--force", "--yes", "--wait"]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.err.contains("selection `hearing aid` not found"), "{}", nothing.err);
    assert!(nothing.err.contains("did you mean `hearing aids`?"), "{}", nothing.err);
}

#[tokio::test]
async fn x3_it_asks_for_confirmation_before_many_go() {
    let trade = ready().await;
    let job = std::fs::read_to_string(trade.path("jobs/dormant.toml")).unwrap();
    assert_eq!(job.matches("clients = 500").count(), 1);
    trade.write("jobs/dormant.toml", &job.replace("clients = 500", "clients = 10"));
    let before = trade.snapshot().await;
    let asked = trade.run(&["sweep", "dormant", "--wait"]);
    assert_eq!(asked.code, 1);
    assert!(asked.err.contains("the brake allows 10") && asked.err.contains("--over-brake"), "{}", asked.err);
    assert_eq!(trade.snapshot().await, before);
    let confirmed = trade.json(&["sweep", "dormant", "--over-brake", "--wait"]);
    assert!(confirmed["progress"]["anonymized"].as_u64().unwrap() > 10);
}

#[tokio::test]
async fn x4_each_client_that_could_not_be_anonymized_is_listed_with_the_reason() {
    let trade = ready().await;
    trade.write("selection.txt", &trade.rows(SELECTION).await.join("\n"));
    let listed = trade.preview(&["--list", "selection.txt", "--force"]);
    let not: Vec<(&str, &str)> = listed
        .iter()
        .filter(|(_, what)| what != "anonymized")
        .map(|(key, what)| (key.as_str(), what.as_str()))
        .collect();
    let all = "refused: open-cases, open-invoices, open-claims, deposits, loans, appointments";
    assert_eq!(
        not,
        [
            ("1123", "refused: open-cases"),
            ("1124", "refused: open-invoices"),
            ("1125", "refused: open-claims"),
            ("1126", "refused: deposits"),
            ("1127", "refused: loans"),
            ("1128", "refused: appointments"),
            ("1307", all),
            ("1308", "already"),
        ]
    );
    // Done in earnest it is the same, and one more turns out to be impossible; each is found by its number.
    let ended = trade.json(&["sweep", "--list", "selection.txt", "--force", "--wait"]);
    assert_eq!((&ended["progress"]["refused"], &ended["progress"]["failed"]), (&7.into(), &1.into()));
    for (key, what) in not {
        assert_eq!(trade.outcome(key), what, "{key}");
    }
    assert_eq!(trade.outcome("1309"), "failed: residue:devices.serial_no");
    let failures = trade.run(&["status", "--failures"]);
    assert!(failures.out.contains("1309") && failures.out.contains("devices.serial_no"), "{}", failures.out);
    assert!(!failures.out.contains("Fehlgriff"), "a reason quotes no data");
}

#[tokio::test]
async fn x5_corrected_and_run_again_it_works_and_says_so() {
    let trade = ready().await;
    let keys = ["1123", "1124", "1125", "1126", "1127", "1128"];
    trade.write("selection.txt", &keys.join("\n"));
    let again = || trade.run(&["sweep", "--list", "selection.txt", "--force", "--wait"]);
    let first = again();
    assert!(first.out.contains("refused     6") && first.out.contains("has a device on loan"), "{}", first.out);
    let settle = [
        "UPDATE cases SET state = 'cancelled' WHERE customer_no = 1123",
        "UPDATE invoices SET state = 'paid' WHERE payer_no = 1124",
        "UPDATE insurance_claims SET state = 'settled' WHERE case_no = 5125",
        "UPDATE deposits SET settled = TRUE WHERE customer_no = 1126",
        "UPDATE device_loans SET returned_on = '{today}' WHERE customer_no = 1127",
        "UPDATE appointments SET state = 'cancelled' WHERE customer_no = 1128",
    ];
    for (done, sql) in settle.iter().enumerate() {
        trade.execute(sql).await;
        let ended = trade.json(&["sweep", "--list", "selection.txt", "--force", "--wait"]);
        let counts = ["already", "anonymized", "refused"].map(|name| ended["progress"][name].as_u64().unwrap());
        assert_eq!(counts, [done as u64, 1, 5 - done as u64], "{sql}");
        assert_eq!(trade.outcome(keys[done]), "anonymized");
    }
    let last = again();
    assert!(last.out.contains("is done.") && last.out.contains("refused     0"), "{}", last.out);

    // One that failed is corrected and tried again, too.
    trade.forget(&["1309"]);
    assert_eq!(trade.outcome("1309"), "failed: residue:devices.serial_no");
    trade.execute("UPDATE devices SET serial_no = 'SN-1309' WHERE device_no = 9309").await;
    let retried = trade.run(&["retry", "1309", "--wait"]);
    assert!(retried.code == 0 && retried.out.contains("is done."), "{} {}", retried.out, retried.err);
    assert_eq!(trade.outcome("1309"), "anonymized");
}

#[tokio::test]
async fn x6_an_anonymized_client_is_absent_from_search_and_mail_merge() {
    let night = night().await;
    for view in ["customer_search", "mail_merge"] {
        let shown: BTreeSet<String> =
            night.trade.rows(&format!("SELECT customer_no FROM {view}")).await.into_iter().collect();
        let expected: BTreeSet<String> = night
            .before
            .table("customers")
            .keys()
            .filter(|key| !night.gone.contains(*key) && *key != "1308")
            .cloned()
            .collect();
        assert_eq!(shown, expected, "{view}");
        assert!(shown.contains("1009") && shown.contains("1010"), "deleted and deceased are still found");
    }
    assert!(night.gone.contains("1311") && night.gone.contains("1312"), "until they are anonymized");
    // Neither are they in a saved selection, or among those who are still to be written to.
    let queries = [
        "SELECT count(*) FROM selection_entries AS e JOIN customers AS c ON c.customer_no = e.customer_no WHERE anonymized",
        "SELECT count(*) FROM mailing_recipients AS r JOIN customers AS c ON c.customer_no = r.customer_no
         WHERE anonymized AND r.state = 'planned'",
    ];
    for (sql, table) in queries.iter().zip(["selection_entries", "mailing_recipients"]) {
        // One of them went two years ago, and was put into a selection again.
        assert_eq!(night.trade.count(sql).await, i64::from(table == "selection_entries"), "{table}");
        let rows = night.before.table(table).values();
        let had = rows.filter(|row| night.gone.contains(&row["customer_no"].to_string())).count();
        assert!(had > 20, "{table}: {had}");
    }
}

#[tokio::test]
async fn x7_transactions_quotes_invoices_and_evaluations_remain() {
    let trade = ready().await;
    // By age and region only those count alike who are in the same decade and postal district.
    let evaluations = [
        "SELECT * FROM revenue_by_month ORDER BY 1, 2",
        "SELECT * FROM sales_by_article ORDER BY 1",
        "SELECT decade, sex, region, customers FROM customers_by_decade ORDER BY 1, 2, 3",
        "SELECT kind, state, count(*) FROM appointments WHERE state <> 'booked' GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT measured_on, count(*) FROM refractions GROUP BY 1 ORDER BY 1",
    ];
    let mut figures = Vec::new();
    for sql in evaluations {
        figures.push(trade.rows(sql).await);
    }
    let before = trade.snapshot().await;
    trade.json(&["sweep", "dormant", "--wait"]);
    let after = trade.snapshot().await;
    for (sql, figures) in evaluations.iter().zip(figures) {
        assert!(figures.len() > 3, "{sql}");
        assert_eq!(trade.rows(sql).await, figures, "{sql}");
    }
    // Every row of the books is there, and nothing of it changed but names, addresses and free text.
    let touched: Vec<String> = after.touched_since(&before).into_iter().collect();
    let expected = "appointments.remark audiograms.thresholds cases.remark consents.granted contact_points.- \
                    customer_relations.- customers.anonymized customers.anonymized_on customers.birth_date \
                    customers.city customers.display_name customers.first_name customers.health_remark \
                    customers.insured_no customers.last_name customers.post_code customers.profession \
                    customers.registered_on customers.salutation customers.status customers.street customers.title \
                    insurance_claims.insured_no invoice_lines.description invoices.payer_address invoices.payer_name \
                    invoices.wearer_name letters.- mailing_recipients.- mailing_recipients.label notes.- notes.body \
                    payments.reference prescriptions.diagnosis quote_lines.description quotes.recipient_address \
                    quotes.recipient_name recalls.- recalls.subject refractions.left_eye refractions.right_eye \
                    selection_entries.- supplier_orders.commission";
    assert_eq!(touched, expected.split(' ').collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_of_health_is_left_of_a_client_and_of_birth_only_the_decade() {
    let night = night().await;
    for (table, columns) in [
        ("prescriptions", &["diagnosis"][..]),
        ("refractions", &["right_eye", "left_eye"]),
        ("audiograms", &["thresholds"]),
        ("customers", &["health_remark", "insured_no"]),
    ] {
        for column in columns {
            let mut seen = 0;
            for (key, row) in night.before.table(table) {
                let (was, is) = (night.before.text(table, key, column), night.after.text(table, key, column));
                let is_gone = night.gone.contains(&row["customer_no"].to_string());
                assert_eq!(is, if is_gone { "NULL".to_owned() } else { was.clone() }, "{table} {key}");
                seen += usize::from(is_gone && was != "NULL");
            }
            assert!(seen > 5, "{table}.{column}");
        }
    }
    for key in &night.gone {
        let (was, is) =
            (night.before.text("customers", key, "birth_date"), night.after.text("customers", key, "birth_date"));
        let expected = if was == "NULL" { was } else { format!("{}0-01-01", &was[..3]) };
        assert_eq!(is, expected, "{key}");
    }
    let consents = "SELECT count(*) FROM consents AS c JOIN customers AS p ON p.customer_no = c.customer_no WHERE anonymized AND granted";
    assert_eq!(night.trade.count(consents).await, 0);
    assert_eq!(night.before.text("customers", "1301", "birth_date"), "1996-02-29");
    assert!(night.gone.contains("1301") && night.gone.contains("1302"));
    assert!(night.after.table("letters").values().all(|row| row["customer_no"] != 1302));
}

#[tokio::test]
async fn x8_documents_say_that_the_client_was_anonymized_in_place_of_the_name() {
    let night = night().await;
    let documents = "SELECT kind, name, address, count(*) FROM printed_documents AS d WHERE document_no IN
        (SELECT quote_no FROM quotes WHERE customer_no = 1024 UNION SELECT invoice_no FROM invoices WHERE customer_no = 1024
         UNION SELECT CAST(case_no AS VARCHAR(20)) FROM cases WHERE customer_no = 1024) GROUP BY 1, 2, 3 ORDER BY 1";
    assert!(night.gone.contains("1024"));
    assert_eq!(
        night.trade.rows(documents).await,
        ["case sheet", "invoice", "quote"].map(|kind| format!("{kind}|{NOTICE}|NULL|1"))
    );
    let mut seen = 0;
    for (table, owner, column) in [
        ("quotes", "customer_no", "recipient_name"),
        ("invoices", "customer_no", "wearer_name"),
        ("invoices", "payer_no", "payer_name"),
    ] {
        for key in night.before.table(table).keys() {
            let is_gone = night.gone.contains(&night.before.text(table, key, owner));
            let was = night.before.text(table, key, column);
            assert_eq!(
                night.after.text(table, key, column),
                if is_gone { NOTICE.to_owned() } else { was },
                "{table} {key}"
            );
            seen += usize::from(is_gone);
        }
    }
    assert!(seen > 100);

    // Who wears and who pays are two: each keeps the name until their own time.
    let trade = &night.trade;
    let names =
        "SELECT wearer_name, payer_name FROM invoices WHERE invoice_no IN ('R-901304', 'R-901306') ORDER BY invoice_no";
    trade.forget(&["1303", "1306"]);
    assert_eq!(trade.rows(names).await, [format!("Lotte Zweig|{NOTICE}"), format!("{NOTICE}|Paul Ast")]);
    trade.forget(&["1304", "1305"]);
    assert_eq!(trade.rows(names).await, [format!("{NOTICE}|{NOTICE}"), format!("{NOTICE}|{NOTICE}")]);
    assert_eq!(trade.snapshot().await.mentions("Zweig"), BTreeSet::new());
}

#[tokio::test]
async fn x9_it_is_irreversible_and_says_so_beforehand() {
    let trade = Trade::of("amparex").await;
    let before = trade.snapshot().await;
    let names = "SELECT display_name FROM customers WHERE customer_no = 1024";
    let name = trade.value(names).await;
    trade.write("list.txt", "1024");
    let sweep = ["sweep", "--list", "list.txt", "--force", "--wait"];
    let unrehearsed = trade.run(&sweep);
    assert!(unrehearsed.code == 1 && unrehearsed.err.contains("rehears"), "{}", unrehearsed.err);
    trade.json(&["sweep", "dormant", "--rehearse"]);
    let unsaved = trade.run(&sweep);
    assert!(unsaved.code == 1 && unsaved.err.contains("backup"), "{}", unsaved.err);
    assert_eq!(trade.snapshot().await, before, "asking changes nothing");
    trade.json(&["backup", "acknowledge"]);
    assert_eq!(trade.json(&sweep)["progress"]["anonymized"], 1);
    // Nothing of the name is left in the company's tables or in the ledger, so nothing could bring it back.
    let mentions = trade.snapshot().await.mentions(&name);
    let others = trade.count(&format!("SELECT count(*) FROM customers WHERE display_name = '{name}'")).await;
    assert!(others > 0 && !mentions.is_empty(), "another client has the same name");
    assert_eq!(trade.value(names).await, NOTICE);
    let own = trade.snapshot().await;
    let changed = own.changes_since(&before);
    assert!(changed.iter().any(|change| change.before == name.as_str()));
    assert!(changed.iter().all(|change| !change.after.to_string().contains(&name)));
    for table in ["lethe_sweeps", "lethe_batches", "lethe_outcomes", "lethe_outbox", "lethe_deliveries"] {
        let rows = trade.rows(&format!("SELECT * FROM {table}")).await;
        assert!(rows.iter().all(|row| !row.contains(&name)), "{table}");
    }
    assert!(trade.run(&["undo", "1024"]).err.contains("unrecognized subcommand"));
}

#[tokio::test]
async fn a_case_ten_years_old_to_the_day_keeps_its_customer_and_one_a_day_older_does_not() {
    let trade = ready().await;
    let registered = years_ago(20);
    let over = years_ago(10) - chrono::Days::new(1);
    // By what, and when: an appointment that was kept counts no less than a case.
    for (no, what, day) in [
        (2001, "case", years_ago(10)),
        (2002, "case", over),
        (2003, "appointment", years_ago(10)),
        (2004, "appointment", over),
        (2005, "case", ago(0)),
    ] {
        let row = match what {
            "case" => {
                format!("INSERT INTO cases VALUES ({no}, {no}, 1, 'repair', 'delivered', '{day}', '{day}', NULL)")
            }
            _ => format!("INSERT INTO appointments VALUES ({no}, {no}, 2, '{day}', 'fitting', 'kept', NULL)"),
        };
        let sql = format!(
            "INSERT INTO customers (customer_no, branch_no, last_name, display_name, registered_on) VALUES ({no}, 1, 'Tag', 'Ein Tag', '{registered}'); {row}"
        );
        trade.execute(&sql).await;
    }
    trade.json(&["sweep", "dormant", "--wait"]);
    assert_eq!(
        ["2001", "2002", "2003", "2004", "2005"].map(|key| trade.outcome(key)),
        ["never looked at", "anonymized", "never looked at", "anonymized", "never looked at"]
    );
    let first = trade.snapshot().await;
    assert_eq!(first.text("customers", "2002", "anonymized_on"), today().to_string());
    assert_eq!(trade.json(&["sweep", "dormant", "--wait"])["progress"]["anonymized"], 0);
    assert_eq!(trade.snapshot().await, first, "twice is once");
}
