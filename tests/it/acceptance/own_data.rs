//! Statements tried on rows of the tests' own beside the shipped data, written
//! from the sentences of the documents.

use std::time::Duration;

use super::office::{Office, token};
use super::trade::{Trade, ago, today, years_ago};

/// A charity with one more individual, who is due and has nothing but a name.
pub(super) async fn with_client(no: u32, first: &str, last: &str) -> Trade {
    let trade = Trade::of("prodon").await;
    client(&trade, no, first, last).await;
    trade
}

pub(super) async fn client(trade: &Trade, no: u32, first: &str, last: &str) {
    let sql = "INSERT INTO clients (client_no, client_type, first_name, last_name, created_on) VALUES";
    trade.execute(&format!("{sql} ({no}, 'Individual', '{first}', '{last}', '2001-02-03')")).await;
}

pub(super) async fn shop() -> Trade {
    let trade = Trade::of("np-retail").await;
    trade
        .execute(
            "INSERT INTO customer_posting_groups VALUES ('RETAIL', 'Customers of the shops', '2310');
             INSERT INTO gen_bus_posting_groups VALUES ('DOMESTIC', 'Denmark', 'DOMESTIC');
             INSERT INTO contacts (contact_no, name, created_on)
             VALUES ('SHARED', 'Both Name Me', '2010-01-01'), ('OWN', 'One Names Me', '2010-01-01');
             INSERT INTO customers (customer_no, name, contact_no, customer_posting_group, gen_bus_posting_group, created_on)
             VALUES ('K1', 'Firm One', 'SHARED', 'RETAIL', 'DOMESTIC', '2010-01-01'),
                    ('K2', 'Firm Two', 'SHARED', 'RETAIL', 'DOMESTIC', '2010-01-01'),
                    ('K3', 'Firm Three', 'OWN', 'RETAIL', 'DOMESTIC', '2010-01-01');
             INSERT INTO contact_business_relations VALUES ('SHARED', 'K1', 'Purchaser');",
        )
        .await;
    trade
}

#[tokio::test]
async fn n10_a_contact_that_stands_on_the_card_only_is_anonymized_likewise() {
    let trade = shop().await;
    trade.forget(&["K3"]);
    assert_eq!(trade.value("SELECT name FROM contacts WHERE contact_no = 'OWN'").await, "Anonymized contact");
}

#[tokio::test]
async fn n12_a_contact_that_a_live_customer_names_on_the_card_only_survives() {
    let trade = shop().await;
    let name = "SELECT name FROM contacts WHERE contact_no = 'SHARED'";
    trade.forget(&["K1"]);
    assert_eq!(trade.value(name).await, "Both Name Me");
    trade.forget(&["K2"]);
    assert_eq!(trade.value(name).await, "Anonymized contact");
}

#[tokio::test]
async fn n12_a_contact_survives_for_a_reference_that_the_policy_does_not_name() {
    let trade = shop().await;
    trade.amend_policy(
        "  { name = \"serves\", column = \"contact_no\", equals = \"contact_no\", where = \"other_relation = ''\", exclusive = true },\n",
        "",
    );
    trade.forget(&["K1"]);
    assert_eq!(trade.value("SELECT name FROM contacts WHERE contact_no = 'SHARED'").await, "Both Name Me");
}

#[tokio::test]
async fn p04_p05_a_definition_without_values_reopens_the_configuration_everywhere() {
    let trade = Trade::of("prodon").await;
    trade.json(&["sweep", "--period", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    let officer = token(&trade, "officer", "admin");
    let office = Office::open(&trade);
    assert_eq!(office.get("/health/ready", &officer).await.0, 204);
    trade.execute("INSERT INTO custom_fields VALUES ('PET', 'Name of the pet', 'text')").await;
    let before = trade.snapshot().await;
    for args in [
        &["policy", "check"][..],
        &["sweep", "--period", "--preview"],
        &["sweep", "--period", "--rehearse"],
        &["sweep", "--period", "--wait"],
    ] {
        let answer = trade.run(args);
        assert_eq!(answer.code, 1, "{args:?}: {}", answer.out);
        assert!(answer.err.contains("client_custom_fields.keys.PET"), "{args:?}: {}", answer.err);
    }
    // The status says so, too.
    let status = trade.json(&["status"]);
    assert!(status["attention"].to_string().contains("client_custom_fields.keys.PET"), "{status}");
    // What a check found is good for ten times as long as the check took.
    let mut attention = String::new();
    for _ in 0..1_200 {
        attention = office.get("/api/v1/status", &officer).await.1["attention"].to_string();
        if attention.contains("client_custom_fields.keys.PET") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(attention.contains("client_custom_fields.keys.PET"), "{attention}");
    let doctor = trade.run(&["doctor"]);
    assert!((doctor.out.clone() + &doctor.err).contains("PET"), "{}{}", doctor.out, doctor.err);
    let ask = serde_json::json!({ "sweep": { "kind": "period" }, "confirm": true });
    let (status, problem) = office.post("/api/v1/sweeps", &officer, ask).await;
    assert!(status >= 400 && problem["detail"].as_str().is_some_and(|own| own.contains("PET")), "{status} {problem}");
    let (_, policy) = office.get("/api/v1/policy", &officer).await;
    assert!(policy["missing"].to_string().contains("PET"), "{policy}");
    let mut ready = 204;
    for _ in 0..1_200 {
        ready = office.get("/health/ready", &officer).await.0;
        if ready != 204 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(ready, 503);
    assert_eq!(trade.snapshot().await, before);
    trade.amend_policy(
        "TSHIRT   = { class = \"personal\", clear = true }",
        "TSHIRT = { class = \"personal\", clear = true }\nPET = { class = \"personal\", clear = true }",
    );
    assert_eq!(trade.run(&["policy", "check"]).code, 0);
}

#[tokio::test]
async fn p08_force_does_not_pass_over_a_receipt_and_a_client_without_any_is_eligible() {
    let trade = with_client(901, "Rosa", "Receipt").await;
    client(&trade, 902, "Nora", "Never").await;
    let last = years_ago(6);
    let receipt = "INSERT INTO receipts (receipt_no, client_no, issued_on, amount, name, cancelled) VALUES";
    trade.execute(&format!("{receipt} (9901, 901, '{last}', 5, 'Rosa Receipt', FALSE)")).await;
    trade.execute(&format!("UPDATE clients SET created_on = '{}' WHERE client_no = 902", today())).await;
    let ended = trade.forget(&["901", "902"]);
    assert_eq!(ended["refusals"]["receipts"], 1, "{ended}");
    assert_eq!([trade.outcome("901"), trade.outcome("902")], ["refused: receipts", "anonymized"]);
    let before = last.pred_opt().expect("a day");
    trade.execute(&format!("UPDATE receipts SET issued_on = '{before}' WHERE receipt_no = 9901")).await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
}

#[tokio::test]
async fn p12_a_task_whose_only_client_goes_is_deleted_even_if_its_main_contact_stays() {
    let trade = with_client(901, "Vera", "Verschwunden").await;
    client(&trade, 902, "Stella", "Standfast").await;
    trade
        .execute(
            "INSERT INTO tasks (task_id, task_type, main_contact_no, description, user_name) VALUES
               (901, 'CALL', 902, 'Call back', 'TOM'), (902, 'CALL', 902, 'Call Vera Verschwunden back', 'TOM'),
               (903, 'CALL', 902, 'Order flowers', 'TOM');
             INSERT INTO task_clients VALUES (901, 901), (902, 901), (902, 902), (903, 901), (903, 902);",
        )
        .await;
    trade.list(&["901"]);
    let left =
        trade.rows("SELECT task_id, description FROM tasks WHERE task_id BETWEEN 901 AND 999 ORDER BY task_id").await;
    assert_eq!(left, ["902|NULL", "903|Order flowers"]);
    let theirs = trade
        .rows("SELECT task_id, client_no FROM task_clients WHERE task_id BETWEEN 901 AND 999 ORDER BY task_id")
        .await;
    assert_eq!(theirs, ["902|902", "903|902"]);
}

#[tokio::test]
async fn p13_a_commitment_whose_end_is_past_keeps_it() {
    let trade = with_client(901, "Carla", "Commits").await;
    let commitment = |no: u32, ends: &str| {
        format!(
            "INSERT INTO commitments (commitment_id, client_no, campaign_code, amount, frequency, begins_on, ends_on, status) \
             VALUES ({no}, 901, 'SPRING', 10, 'monthly', '2010-01-01', {ends}, 'active');"
        )
    };
    let (past, coming) = (format!("'{}'", ago(40)), format!("'{}'", ago(-40)));
    trade.execute(&(commitment(901, &past) + &commitment(902, &coming) + &commitment(903, "NULL"))).await;
    trade.list(&["901"]);
    let ends = trade.rows("SELECT ends_on, status FROM commitments WHERE client_no = 901 ORDER BY commitment_id").await;
    assert_eq!(ends, [format!("{}|ended", ago(40)), format!("{}|ended", today()), format!("{}|ended", today())]);
}

#[tokio::test]
async fn p18_a_donation_without_a_client_number_is_reached_by_account_and_by_mail_address() {
    let trade = with_client(901, "Ophelia", "Online").await;
    client(&trade, 902, "Other", "Person").await;
    trade
        .execute(
            "INSERT INTO portal_accounts VALUES (9001, 'ophelia@home.example', 'Ophelia Online'), (9002, 'second@home.example', 'Ophelia'), (9003, 'other@home.example', 'Other');
             INSERT INTO communications (communication_id, client_no, means, value) VALUES (9001, 901, 'EMAIL', 'ophelia@home.example'), (9002, 902, 'EMAIL', 'other@home.example');
             INSERT INTO online_donations (online_id, organization_id, account_id, client_no, first_name, last_name, email, amount, donated_on) VALUES
               (9001, 1, 9001, NULL, 'Ophelia', 'Online', NULL, 5, '2015-01-01'),
               (9002, 1, NULL, NULL, 'Ophelia', 'Online', 'ophelia@home.example', 6, '2015-01-02'),
               (9003, 1, 9002, 901, 'Ophelia', 'Online', NULL, 7, '2015-01-03'),
               (9004, 1, 9002, NULL, 'Ophelia', 'Online', NULL, 8, '2015-01-04'),
               (9005, 2, 9001, NULL, 'Ophelia', 'Online', 'ophelia@home.example', 9, '2015-01-05'),
               (9006, 1, 9003, NULL, 'Other', 'Person', 'other@home.example', 10, '2015-01-06');",
        )
        .await;
    trade.list(&["901"]);
    let report = "SELECT online_id, first_name, last_name, email FROM online_donation_report WHERE online_id > 9000 ORDER BY online_id";
    assert_eq!(
        trade.rows(report).await,
        [
            "9001|NULL|NULL|NULL",
            "9002|NULL|NULL|NULL",
            "9003|NULL|NULL|NULL",
            "9004|NULL|NULL|NULL",
            "9005|Ophelia|Online|ophelia@home.example",
            "9006|Other|Person|other@home.example",
        ]
    );
    let history = "SELECT online_id FROM portal_history WHERE online_id > 9000 ORDER BY online_id";
    assert_eq!(trade.rows(history).await, ["9005", "9006"]);
}

#[tokio::test]
async fn r05_an_instalment_that_was_never_paid_refuses_without_an_account() {
    let trade = Trade::of("resamania").await;
    trade
        .execute(&format!(
            "INSERT INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, joined_on)
             VALUES (9001, 'LYO-9001', 'LYO', 'former', 'Paul', 'Unpaid', 'Paul Unpaid', '2001-01-01');
             INSERT INTO instalments VALUES (9001, 9001, '{}', 30, FALSE)",
            ago(3000)
        ))
        .await;
    trade.write("list.txt", "9001");
    let seen = trade.preview(&["--list", "list.txt", "--force"]);
    assert_eq!(seen, [("9001".to_owned(), "refused: instalments".to_owned())]);
    trade.execute("UPDATE instalments SET paid = TRUE WHERE instalment_id = 9001").await;
    trade.list(&["9001"]);
    assert_eq!(trade.outcome("9001"), "anonymized");
}

#[tokio::test]
async fn r16_r18_badges_and_blocks_hold_against_updates_replacing_and_renaming() {
    let trade = Trade::of("resamania").await;
    let member = |no: u32| {
        format!(
            "INSERT INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, joined_on) \
             VALUES ({no}, 'LYO-{no}', 'LYO', 'former', 'Bea', 'Badge', 'Bea Badge', '2001-01-01');"
        )
    };
    trade.execute(&(member(9001) + &member(9002))).await;
    trade
        .execute(
            "INSERT INTO badges (badge_no, member_id) VALUES ('OLD-1', 9001), ('OTHER', 9002);
             INSERT INTO sales VALUES (9001, 9002, 'LYO', '2010-01-01', 5, 'TOM');
             INSERT INTO bookings (booking_id, member_id, session_id, booked_on, held_on, status)
             SELECT 9001, 9002, min(session_id), '2010-01-01', '2010-01-02', 'attended' FROM sessions;",
        )
        .await;
    trade.list(&["9001"]);
    assert_eq!(trade.outcome("9001"), "anonymized");
    let replace = crate::common::place::either(
        "INSERT OR REPLACE INTO badges (badge_no, member_id) VALUES ('OLD-1', 9002)",
        "INSERT INTO badges (badge_no, member_id) VALUES ('OLD-1', 9002) ON CONFLICT (badge_no) DO UPDATE SET member_id = 9002, assignable = TRUE",
    );
    for sql in [
        replace,
        "UPDATE badges SET badge_no = 'NEW-1' WHERE badge_no = 'OLD-1'",
        "UPDATE badges SET assignable = TRUE WHERE badge_no = 'OLD-1'",
        "UPDATE sales SET member_id = 9001 WHERE sale_id = 9001",
        "UPDATE bookings SET member_id = 9001 WHERE booking_id = 9001",
        "UPDATE members SET sales_blocked = FALSE WHERE member_id = 9001",
        "UPDATE members SET booking_blocked = FALSE WHERE member_id = 9001",
    ] {
        assert!(trade.refusal(sql).await.is_some(), "{sql}");
    }
}

#[tokio::test]
async fn a07_white_space_is_no_company() {
    let trade = Trade::of("proabono").await;
    let customer = |no: &str, company: &str| {
        format!(
            "INSERT INTO customers (reference, name, segment_code, billing_company, billing_first_name, billing_last_name, billing_line_1, billing_country, created_on) \
             VALUES ('{no}', 'Anna Petit', 'FR', '{company}', 'Anna', 'Petit', '3, rue du Lac', 'FR', '2001-01-01');"
        )
    };
    // What Unicode calls white space, and what shows nothing at all.
    let blanks: Vec<char> = ('\u{1}'..='\u{3000}')
        .filter(|own| own.is_whitespace())
        .chain(['\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}'])
        .chain(['\u{2060}', '\u{2800}', '\u{3164}', '\u{feff}'])
        .collect();
    assert!(blanks.len() > 25);
    let fields: Vec<String> =
        blanks.iter().map(char::to_string).chain([" \t\n\u{a0} ".to_owned(), blanks.iter().collect()]).collect();
    let mut sql = customer("W2", "\u{2009}Petit SARL");
    let mut keys = vec!["W2".to_owned()];
    for (at, field) in fields.iter().enumerate() {
        keys.push(format!("W1-{at:02}"));
        sql += &customer(&keys[at + 1], field);
    }
    trade.execute(&sql).await;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(trade.forget(&keys)["progress"]["anonymized"], keys.len());
    let columns = "COALESCE(name, ''), COALESCE(billing_line_1, ''), billing_country";
    let kept = trade.rows(&format!("SELECT {columns} FROM customers WHERE reference LIKE 'W1-%'")).await;
    assert_eq!(kept, vec!["||FR"; fields.len()]);
    let kept = trade.rows(&format!("SELECT {columns} FROM customers WHERE reference = 'W2'")).await;
    assert_eq!(kept, ["\u{2009}Petit SARL|3, rue du Lac|FR"]);
}

#[tokio::test]
async fn b01_the_name_of_a_customer_is_left_in_no_text_of_the_billing_system() {
    let trade = Trade::of("proabono").await;
    trade
        .execute(
            "INSERT INTO customers (reference, name, segment_code, billing_country, created_on) VALUES ('B1', 'Anna Zweigstein', 'FR', 'FR', '2001-01-01');
             INSERT INTO subscriptions (subscription_id, customer_reference, buyer_reference, offer_code, title, state, created_on)
             VALUES ('sub-b1', 'B1', 'B1', 'BASIC', 'Premium for Anna Zweigstein', 'terminated', '2001-01-02');
             INSERT INTO invoices (invoice_id, number, customer_reference, subscription_id, state, issued_on, due_on, made_out_to, net_cents, tax_cents, total_cents)
             VALUES ('inv-b1', 'N-B1', 'B1', 'sub-b1', 'paid', '2001-02-02', '2001-03-02', 'Anna Zweigstein', 10, 2, 12);
             INSERT INTO payments (payment_id, invoice_id, state, paid_on, amount_cents, label)
             VALUES ('pay-b1', 'inv-b1', 'done', '2001-02-03', 12, 'VIREMENT ANNA ZWEIGSTEIN');
             INSERT INTO balance_lines (balance_line_id, customer_reference, label, amount_cents, created_on, invoice_id)
             VALUES (9901, 'B1', 'A credit for Anna  Zweigstein', 3, '2001-02-01', 'inv-b1');",
        )
        .await;
    trade.forget(&["B1"]);
    assert_eq!(trade.outcome("B1"), "anonymized");
    let left: Vec<String> = trade.snapshot().await.mentions("weigstein").into_iter().collect();
    assert_eq!(left, ["invoices.made_out_to"], "the law asks for it there");
    assert_eq!(trade.snapshot().await.mentions("ZWEIGSTEIN").len(), 0);
}

#[tokio::test]
async fn b01_the_name_of_a_donor_is_left_in_no_title() {
    let trade = with_client(901, "Greta", "Namensvetter").await;
    trade
        .execute(
            "INSERT INTO challenges VALUES (901, 1, 'Greta Namensvetter swims', 901, NULL, NULL);
             INSERT INTO participants (participant_id, event_id, client_no, display_name) VALUES (901, 1, 901, 'G.');
             INSERT INTO teams VALUES (901, 1, 'Team Namensvetter', 901, 'G.');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    assert_eq!(trade.snapshot().await.mentions("Namensvetter").len(), 0);
}

#[tokio::test]
async fn r02_a_list_does_not_mix_clubs() {
    let trade = Trade::of("resamania").await;
    let of = async |club: &str| {
        trade.value(&format!("SELECT CAST(min(member_id) AS TEXT) FROM members WHERE club_code = '{club}'")).await
    };
    let (lyon, lille) = (of("LYO").await, of("LIL").await);
    trade.write("list.txt", &format!("{lyon}\n{lille}"));
    for mode in ["--preview", "--rehearse"] {
        let answer = trade.run(&["sweep", "--list", "list.txt", mode]);
        assert_eq!(answer.code, 1, "{mode}: {}", answer.out);
        assert!(answer.err.contains("exactly one value of the filter `club`"), "{}", answer.err);
        assert_eq!(trade.run(&["sweep", "--list", "list.txt", "--filter", "club=LYO", mode]).code, 0, "{mode}");
    }
    // Nor do two values of the filter mix them.
    trade.json(&["selection", "save", "both", "--from", "list.txt"]);
    let two = ["--filter", "club=LYO", "--filter", "club=LIL", "--preview"];
    for what in [["--list", "list.txt"], ["--selection", "both"]] {
        let answer = trade.run(&[&["sweep"], &what[..], &two[..]].concat());
        assert_eq!(answer.code, 1, "{what:?}: {}", answer.out);
        assert!(answer.err.contains("exactly one value of the filter `club`"), "{}", answer.err);
    }
    let officer = token(&trade, "officer", "admin");
    let office = Office::open(&trade);
    let filters = serde_json::json!({ "club": ["LYO", "LIL"] });
    for ask in [
        serde_json::json!({ "kind": "list", "clients": [lyon, lille], "filters": filters }),
        serde_json::json!({ "selection": "both", "filters": filters }),
    ] {
        let (status, problem) = office.post("/api/v1/previews", &officer, ask.clone()).await;
        assert!(status >= 400, "{ask}: {problem}");
        let sweep = serde_json::json!({ "sweep": ask, "confirm": true });
        let (status, problem) = office.post("/api/v1/sweeps", &officer, sweep).await;
        assert!(problem["detail"].to_string().contains("exactly one value of the filter"), "{status} {problem}");
    }
}

#[tokio::test]
async fn n20_a_rehearsal_of_one_client_does_not_unlock_a_sweep_over_everyone() {
    let trade = Trade::of("proabono").await;
    trade.json(&["backup", "acknowledge"]);
    trade.execute("INSERT INTO customers (reference, name, segment_code, billing_country, created_on) VALUES ('N20', 'Nora Twenty', 'FR', 'FR', '2001-01-01')").await;
    trade.write("list.txt", "N20");
    trade.json(&["sweep", "--list", "list.txt", "--force", "--rehearse"]);
    let before = trade.snapshot().await;
    let answer = trade.run(&["sweep", "--due", "--yes", "--wait"]);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(
        answer.err.contains("was rehearsed with 1 client, which is too few for a `due` sweep that would anonymize"),
        "{}",
        answer.err
    );
    assert_eq!(trade.snapshot().await, before);
    trade.json(&["sweep", "--list", "list.txt", "--force", "--yes", "--wait"]);
    assert_eq!(trade.outcome("N20"), "anonymized");
    trade.json(&["sweep", "--due", "--rehearse"]);
    assert_eq!(trade.run(&["sweep", "--due", "--yes", "--wait"]).code, 0);
}

#[tokio::test]
async fn a11_x03_a_live_sweep_started_by_hand_says_how_many_and_needs_a_confirmation() {
    let trade = Trade::of("proabono").await;
    trade.json(&["sweep", "--due", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    let before = trade.snapshot().await;
    trade.write("list.txt", "CUST-0001");
    for what in [&["--due"][..], &["requests"], &["--list", "list.txt", "--force"]] {
        for wait in [&["--wait"][..], &[]] {
            let answer = trade.run_unconfirmed(&[&["sweep"], what, wait].concat());
            assert_eq!(answer.code, 1, "{what:?}: {}", answer.out);
            assert!(answer.err.contains("would be anonymized"), "{what:?}: {}", answer.err);
            assert!(
                answer.err.contains("cannot be undone") && answer.err.contains("--yes"),
                "{what:?}: {}",
                answer.err
            );
        }
    }
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_sweeps").await, 0);
    assert_eq!(trade.run_unconfirmed(&["sweep", "--due", "--yes", "--wait"]).code, 0);
}

#[tokio::test]
async fn x03_a_list_has_a_brake() {
    let trade = Trade::of("proabono").await;
    trade.write(
        "lethe.toml",
        &std::fs::read_to_string(trade.path("lethe.toml")).unwrap().replace("brake_share = 1.0", "brake_share = 0.05"),
    );
    let keys = trade.rows("SELECT reference FROM customers WHERE anonymize_on IS NOT NULL ORDER BY 1").await;
    trade.write("list.txt", &keys.join("\n"));
    trade.json(&["sweep", "--list", "list.txt", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    let before = trade.snapshot().await;
    let answer = trade.run(&["sweep", "--list", "list.txt", "--yes", "--wait"]);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(answer.err.contains("brake") && answer.err.contains("--list FILE --over-brake"), "{}", answer.err);
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.run(&["sweep", "--list", "list.txt", "--over-brake", "--yes", "--wait"]).code, 0);
}

#[tokio::test]
async fn n06_a_preview_says_what_it_cannot_foresee() {
    let trade = Trade::of("proabono").await;
    let answer = trade.run(&["sweep", "--due", "--limit", "1", "--preview"]);
    assert!(answer.out.contains("--rehearse") && answer.out.contains("fail in the sweep"), "{}", answer.out);
    let preview = trade.json(&["sweep", "--due", "--limit", "1", "--preview"]);
    assert!(preview["unforeseen"].as_str().is_some_and(|own| own.contains("fail in the sweep")), "{preview}");
    assert_eq!(preview["anonymized"], 1);
    let asked = trade.run_unconfirmed(&["sweep", "--due", "--limit", "1"]);
    assert!(asked.code == 1 && asked.err.contains("fail in the sweep"), "{}", asked.err);
}

#[tokio::test]
async fn p05_p06_a_new_item_is_classified_only_by_those_who_may_configure() {
    let trade = Trade::of("prodon").await;
    let item = "tables.client_custom_fields.keys.PET";
    trade.execute("INSERT INTO custom_fields VALUES ('PET', 'Name of the pet', 'text')").await;
    trade.execute("ALTER TABLE clients ADD COLUMN hat_size TEXT").await;
    let config = std::fs::read_to_string(trade.path("lethe.toml")).expect("the configuration");
    let account = super::np_retail::account();
    trade.write("lethe.toml", &format!("{config}[access.operators]\n\"{account}\" = [\"anonymize\"]\n"));
    let rule = "{ class = \"personal\", clear = true }";
    let before = std::fs::read_to_string(trade.path("policy.toml")).expect("the policy");
    let answer = trade.run(&["policy", "classify", item, rule]);
    assert!(
        answer.code == 1 && answer.err.contains("You don't have the necessary access to configure"),
        "{}",
        answer.err
    );
    assert_eq!(std::fs::read_to_string(trade.path("policy.toml")).expect("the policy"), before);
    trade.write("lethe.toml", &format!("{config}[access.operators]\n\"{account}\" = [\"configure\"]\n"));
    let sensitive = "{ class = \"sensitive\", keep = \"for the archive\" }";
    for (place, rule, code) in [(item, rule, 0), ("tables.clients.columns.hat_size", rule, 0), ("tables.x", rule, 1)] {
        assert_eq!(trade.run(&["policy", "classify", place, rule]).code, code, "{place} {rule}");
    }
    assert_eq!(trade.run(&["policy", "check"]).code, 0);
    trade.execute("INSERT INTO custom_fields VALUES ('FAITH', 'Faith', 'text')").await;
    trade.run(&["policy", "classify", "tables.client_custom_fields.keys.FAITH", sensitive]);
    assert!(trade.run(&["policy", "check"]).err.contains("FAITH"), "sensitive data cannot be kept");
}

#[tokio::test]
async fn p07_a_sweep_of_donors_can_be_limited_by_type_and_language() {
    let trade = Trade::of("prodon").await;
    let among = async |filters: &[&str], condition: &str| {
        let args: Vec<&str> = filters.iter().flat_map(|own| ["--filter", *own]).collect();
        let seen = trade.preview(&[&["--period"], &args[..]].concat());
        assert!(!seen.is_empty(), "{filters:?}");
        let keys: Vec<&str> = seen.iter().map(|(key, _)| key.as_str()).collect();
        let sql = format!("SELECT count(*) FROM clients WHERE client_no IN ({}) AND ({condition})", keys.join(", "));
        assert_eq!(usize::try_from(trade.count(&sql).await), Ok(keys.len()), "{filters:?}");
        keys.len()
    };
    let french = among(&["type=Individual", "language=fr"], "client_type = 'Individual' AND language = 'fr'").await;
    let english = among(&["type=Individual", "language=en"], "client_type = 'Individual' AND language = 'en'").await;
    let both = ["type=Individual", "language=fr", "language=en"];
    assert_eq!(among(&both, "client_type = 'Individual'").await, french + english);
    assert!(among(&["language=fr"], "language = 'fr'").await > french, "and companies, each with its reason");
}

#[tokio::test]
async fn r07_the_shipped_jobs_hold_their_lists_until_a_person_has_looked_through_them() {
    let jobs = Trade::of("resamania").await.json(&["jobs"]);
    let jobs = jobs.as_array().expect("the jobs");
    let is_held = |job: &serde_json::Value| job["kind"] == "period" && job["review"] == true;
    assert!(jobs.len() == 3 && jobs.iter().all(is_held), "{jobs:?}");
}

#[test]
fn x04_reasons_are_told_in_the_language_of_the_trade() {
    for (name, language) in [("prodon", "fr"), ("resamania", "fr"), ("proabono", "fr"), ("amparex", "de")] {
        let policy = crate::common::project::root().join("policies").join(name).join("policy.toml");
        let policy: toml::Table = toml::from_str(&crate::common::project::read(&policy)).expect("a policy is TOML");
        let guards = policy["guards"].as_array().expect("guards");
        for reason in guards.iter().map(|guard| &guard["reason"]) {
            let said = |language: &str| reason.get(language).and_then(toml::Value::as_str).unwrap_or_default();
            assert!(!said("en").is_empty() && !said(language).is_empty() && said("en") != said(language), "{reason}");
        }
    }
}
