//! Statements tried on awkward data: short names, names in another order, addresses in another
//! case, and rows that lead to a client only in a roundabout way.

use super::own_data::{client, shop, with_client};
use super::trade::Trade;
use crate::common::place::either;

#[tokio::test]
async fn p18_mail_addresses_reach_donations_whatever_their_case_and_wherever_the_client_gave_them() {
    let trade = with_client(901, "Ophelia", "Online").await;
    client(&trade, 902, "Other", "Person").await;
    trade
        .execute(
            "INSERT INTO portal_accounts VALUES
               (9101, ' Ophelia@Home.Example', 'O.'), (9102, 'OPHELIA.PAGE@home.example ', 'O.'), (9103, 'ophelia.gift@home.example', 'O.'),
               (9104, 'Ophelia.Old@home.example', 'O.'), (9105, 'ophelia.numbered@home.example', 'O.'), (9106, 'other@home.example', 'Other');
             INSERT INTO communications (communication_id, client_no, means, value) VALUES
               (9001, 901, 'EMAIL', 'ophelia@home.example '), (9002, 902, 'EMAIL', 'other@home.example');
             INSERT INTO participants (participant_id, event_id, client_no, display_name, email) VALUES
               (9001, 1, 901, 'O.', 'ophelia.page@home.example'), (9002, 1, NULL, 'O. again', 'OPHELIA@home.example'), (9003, 1, 902, 'Other', 'other@home.example');
             INSERT INTO participants (participant_id, event_id, account_id, display_name) VALUES (9004, 1, 9101, 'O. by account'), (9005, 1, 9106, 'Other by account');
             INSERT INTO page_donations (donation_id, event_id, participant_id, donor_client_no, donor_email, amount, donated_on) VALUES
               (9001, 1, 9003, 901, 'Ophelia.Gift@home.example', 1, '2015-01-01'), (9002, 1, 9001, 902, 'other@home.example', 1, '2015-01-01');
             INSERT INTO page_donations (donation_id, event_id, participant_id, participant_name, donor_name, donor_email, amount, donated_on) VALUES
               (9003, 1, 9003, 'Other', 'Ophelia Online', 'OPHELIA@home.example', 1, '2015-01-01'), (9004, 1, 9001, 'O.', 'Other Person', 'other@home.example', 1, '2015-01-01');
             INSERT INTO online_donations (online_id, organization_id, account_id, client_no, first_name, email, amount, donated_on) VALUES
               (9101, 1, NULL, NULL, 'Ophelia', 'Ophelia@Home.Example', 1, '2015-01-01'),
               (9102, 1, NULL, NULL, 'Ophelia', ' ophelia@home.example ', 1, '2015-01-01'),
               (9103, 1, 9101, NULL, 'Ophelia', NULL, 1, '2015-01-01'),
               (9104, 1, NULL, NULL, 'Ophelia', 'Ophelia.Page@home.example', 1, '2015-01-01'),
               (9105, 1, 9102, NULL, 'Ophelia', NULL, 1, '2015-01-01'),
               (9106, 1, NULL, NULL, 'Ophelia', 'ophelia.gift@HOME.example', 1, '2015-01-01'),
               (9107, 1, 9103, NULL, 'Ophelia', NULL, 1, '2015-01-01'),
               (9108, 1, 9105, 901, 'Ophelia', 'ophelia.old@home.example', 1, '2015-01-01'),
               (9109, 1, NULL, NULL, 'Ophelia', 'Ophelia.Old@Home.example', 1, '2015-01-01'),
               (9110, 1, 9104, NULL, 'Ophelia', NULL, 1, '2015-01-01'),
               (9111, 1, NULL, NULL, 'Ophelia', 'Ophelia.Numbered@home.example', 1, '2015-01-01'),
               (9112, 2, 9101, NULL, 'Ophelia', 'ophelia@home.example', 1, '2015-01-01'),
               (9113, 1, 9106, NULL, 'Other', 'Other@home.example', 1, '2015-01-01'),
               (9114, 1, NULL, 902, 'Other', 'other@home.example', 1, '2015-01-01');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    let report = "SELECT online_id, first_name, email FROM online_donation_report WHERE online_id > 9100 AND (first_name IS NOT NULL OR email IS NOT NULL) ORDER BY 1";
    assert_eq!(
        trade.rows(report).await,
        ["9112|Ophelia|ophelia@home.example", "9113|Other|Other@home.example", "9114|Other|other@home.example"]
    );
    let history = "SELECT online_id FROM portal_history WHERE online_id > 9100 ORDER BY 1";
    assert_eq!(trade.rows(history).await, ["9112", "9113"]);
    let pages = "SELECT participant_id, display_name FROM participants WHERE participant_id > 9000 ORDER BY 1";
    let anonymous = "Anonymous participant";
    let shown = [anonymous, anonymous, "Other", anonymous, "Other by account"];
    let expected: Vec<String> = (9001..).zip(shown).map(|(page, name)| format!("{page}|{name}")).collect();
    assert_eq!(trade.rows(pages).await, expected);
    let donors = "SELECT donation_id, donor_name, donor_email, participant_name FROM page_donations WHERE donation_id > 9000 ORDER BY 1";
    assert_eq!(
        trade.rows(donors).await,
        [
            "9001|Anonymized client|NULL|NULL",
            "9002|NULL|other@home.example|Anonymous participant",
            "9003|Anonymized client|NULL|Other",
            "9004|Other Person|other@home.example|Anonymous participant",
        ]
    );
}

#[tokio::test]
async fn r16_r18_nothing_takes_the_place_of_a_withdrawn_badge_or_of_an_anonymized_member() {
    let trade = Trade::of("resamania").await;
    let member = |verb: &str, id: &str, no: &str| {
        format!(
            "{verb} INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, joined_on) \
             VALUES ({id}, '{no}', 'LYO', 'former', 'Bea', 'Badge', 'Bea Badge', '2001-01-01')"
        )
    };
    let subscription = |id: u32, member: u32| {
        format!("INSERT INTO subscriptions SELECT {id}, {member}, min(offer_code), '2010-01-01', NULL FROM offers")
    };
    let instalment =
        |id: u32, member: u32| format!("INSERT INTO instalments VALUES ({id}, {member}, '2010-01-01', 5, TRUE)");
    for sql in [
        member("INSERT", "9001", "LYO-9001"),
        member("INSERT", "9002", "LYO-9002"),
        "INSERT INTO badges (badge_no, member_id) VALUES ('OLD', 9001), ('FRESH', 9002)".to_owned(),
        subscription(9001, 9002),
        instalment(9001, 9002),
    ] {
        trade.execute(&sql).await;
    }
    trade.list(&["9001"]);
    assert_eq!(trade.outcome("9001"), "anonymized");
    let after = trade.snapshot().await;

    let replace = |sql: &str| sql.replace("UPDATE", either("UPDATE OR REPLACE", "UPDATE"));
    let insert = either("INSERT OR REPLACE", "INSERT");
    for sql in [
        replace("UPDATE badges SET badge_no = 'OLD' WHERE badge_no = 'FRESH'"),
        replace("UPDATE badges SET assignable = NULL, active = NULL WHERE badge_no = 'OLD'"),
        member(insert, "9001", "LYO-9003"),
        member(insert, "9003", "LYO-9001"),
        replace("UPDATE members SET member_id = 9001 WHERE member_id = 9002"),
        replace("UPDATE members SET member_no = 'LYO-9001' WHERE member_id = 9002"),
        replace("UPDATE members SET anonymized = NULL WHERE member_id = 9001"),
        "UPDATE members SET anonymized = FALSE WHERE member_id = 9001".to_owned(),
        "UPDATE members SET member_no = 'LYO-9003' WHERE member_id = 9001".to_owned(),
        "DELETE FROM members WHERE member_id = 9001".to_owned(),
        subscription(9002, 9001),
        instalment(9002, 9001),
        "UPDATE subscriptions SET member_id = 9001 WHERE subscription_id = 9001".to_owned(),
        "UPDATE instalments SET member_id = 9001 WHERE instalment_id = 9001".to_owned(),
    ] {
        assert!(trade.refusal(&sql).await.is_some(), "{sql}");
    }
    assert_eq!(trade.snapshot().await, after);

    // Another member buys as before, and gets a badge of another number.
    for sql in [subscription(9003, 9002), instalment(9003, 9002)] {
        assert_eq!(trade.refusal(&sql).await, None, "{sql}");
    }
    assert_eq!(trade.refusal("UPDATE badges SET badge_no = 'FRESH-2' WHERE badge_no = 'FRESH'").await, None);
}

#[tokio::test]
async fn b01_neither_name_of_a_customer_or_of_a_companys_contact_is_left_in_titles_and_labels() {
    let trade = Trade::of("proabono").await;
    trade
        .execute(
            "INSERT INTO customers (reference, name, segment_code, billing_company, billing_first_name, billing_last_name, billing_country, language, created_on) VALUES
               ('B1', 'Anna Zweigstein', 'FR', NULL, 'Anna', 'Zweigstein', 'FR', 'fr', '2001-01-01'),
               ('B2', 'Petit SARL', 'FR', 'Petit SARL', 'Bruno', 'Petit', 'FR', 'fr', '2001-01-01'),
               ('B3', 'Li De', 'FR', NULL, 'Li', 'De', 'LI', 'de', '2001-01-01'),
               ('B4', 'Paul Payeur', 'FR', NULL, 'Paul', 'Payeur', 'FR', 'fr', '2001-01-01');
             INSERT INTO subscriptions (subscription_id, customer_reference, buyer_reference, offer_code, title, state, created_on) VALUES
               ('sub-b1', 'B1', 'B4', 'BASIC', 'Offre Zweigstein', 'terminated', '2001-01-02'),
               ('sub-b2', 'B2', 'B2', 'BASIC', 'Premium (Bruno)', 'terminated', '2001-01-02'),
               ('sub-b3', 'B3', 'B3', 'BASIC', 'Pour Li', 'terminated', '2001-01-02'),
               ('sub-b4', 'B4', 'B4', 'BASIC', 'Basic', 'terminated', '2001-01-02');
             INSERT INTO invoices (invoice_id, number, customer_reference, subscription_id, state, issued_on, due_on, made_out_to, net_cents, tax_cents, total_cents) VALUES
               ('inv-b1', 'N-B1', 'B4', 'sub-b1', 'paid', '2001-02-02', '2001-03-02', 'Paul Payeur', 10, 2, 12),
               ('inv-b2', 'N-B2', 'B2', 'sub-b2', 'paid', '2001-02-02', '2001-03-02', 'Petit SARL', 10, 2, 12);
             INSERT INTO invoice_lines VALUES
               ('inv-b1', 1, 'Abonnement d''Anna Zweigstein', 1, 10), ('inv-b1', 2, 'Frais', 1, 10), ('inv-b2', 1, 'Abonnement (M. Petit)', 1, 10);
             INSERT INTO payments (payment_id, invoice_id, state, paid_on, amount_cents, label) VALUES
               ('pay-b1', 'inv-b1', 'done', '2001-02-03', 12, 'VIREMENT ZWEIGSTEIN ANNA'),
               ('pay-b2', 'inv-b1', 'done', '2001-02-03', 12, 'VIREMENT PAYEUR PAUL'),
               ('pay-b3', 'inv-b2', 'done', '2001-02-03', 12, 'VIREMENT PETIT BRUNO');
             INSERT INTO balance_lines (balance_line_id, customer_reference, label, amount_cents, created_on, invoice_id)
             VALUES (9901, 'B4', 'Avoir pour Zweigstein Anna', 3, '2001-02-01', 'inv-b1');",
        )
        .await;
    let before = trade.snapshot().await;
    assert_eq!(trade.forget(&["B1", "B2", "B3"])["progress"]["anonymized"], 3);
    let titles = "SELECT subscription_id, title FROM subscriptions WHERE subscription_id LIKE 'sub-b%' ORDER BY 1";
    assert_eq!(trade.rows(titles).await, ["sub-b1|", "sub-b2|", "sub-b3|", "sub-b4|Basic"]);
    let lines = "SELECT invoice_id, line_no, label FROM invoice_lines WHERE invoice_id LIKE 'inv-b%' ORDER BY 1, 2";
    assert_eq!(trade.rows(lines).await, ["inv-b1|1|", "inv-b1|2|Frais", "inv-b2|1|"]);
    let labels = "SELECT payment_id, label FROM payments WHERE payment_id LIKE 'pay-b%' ORDER BY 1";
    assert_eq!(trade.rows(labels).await, ["pay-b1|NULL", "pay-b2|VIREMENT PAYEUR PAUL", "pay-b3|NULL"]);
    assert_eq!(trade.value("SELECT label FROM balance_lines WHERE balance_line_id = 9901").await, "");
    // A company that has its contact's name keeps it, and the payer stays unchanged.
    let names = "SELECT reference, COALESCE(name, '') FROM customers WHERE reference IN ('B1', 'B2', 'B3') ORDER BY 1";
    assert_eq!(trade.rows(names).await, ["B1|", "B2|Petit SARL", "B3|"]);
    let after = trade.snapshot().await;
    assert_eq!(after.row("customers", "B4"), before.row("customers", "B4"));
    let left: Vec<String> = after.mentions("weigstein").into_iter().chain(after.mentions("ZWEIGSTEIN")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn b01_p12_short_names_and_first_names_are_left_in_no_title_and_no_task() {
    let trade = with_client(901, "Vera", "Roy").await;
    client(&trade, 902, "Stella", "Standfast").await;
    // One with a name of two letters, and two who are called as a campaign and a category are.
    client(&trade, 903, "May", "Wu").await;
    client(&trade, 904, "Ida", "Winter").await;
    client(&trade, 905, "Will", "Major").await;
    trade
        .execute(
            "INSERT INTO tasks (task_id, task_type, main_contact_no, description, user_name) VALUES
               (901, 'CALL', 902, 'Call Vera back', 'TOM'), (902, 'CALL', 902, 'Call Mr. Roy', 'TOM'),
               (903, 'CALL', 902, 'Order flowers', 'TOM'), (904, 'CALL', 902, 'Royal visit', 'TOM');
             INSERT INTO task_clients VALUES (901, 901), (901, 902), (902, 901), (902, 902), (903, 901), (903, 902), (904, 901), (904, 902);
             INSERT INTO challenges VALUES (901, 1, 'Run with Roy', 902, 'Stella Standfast', 'stella@home.example'), (902, 1, 'Run', 902, 'Stella', NULL);
             INSERT INTO participants (participant_id, event_id, challenge_id, client_no, display_name) VALUES
               (901, 1, 901, 901, 'V.'), (902, 1, 901, 902, 'S.'), (903, 1, 902, 903, 'M.');
             INSERT INTO teams VALUES (901, 1, 'Team Roy', 902, 'Stella Standfast'), (902, 1, 'Team Wu', 902, 'S.'), (903, 1, 'Team', 902, 'S.');
             INSERT INTO team_members VALUES (901, 901, 'V.'), (901, 902, 'S.'), (902, 903, 'M.'), (902, 902, 'S.'), (903, 901, 'V.');
             INSERT INTO transactions VALUES (990001, 904, 'WINTER', 'Gift', 'Cash', 5, '2010-01-01', NULL);
             INSERT INTO client_categories VALUES (905, 'MAJOR', NULL, NULL);",
        )
        .await;
    let ended = trade.list(&["901", "903", "904", "905"]);
    assert_eq!(ended["progress"]["anonymized"], 4, "{ended}");
    let tasks = "SELECT task_id, description FROM tasks WHERE task_id BETWEEN 901 AND 999 ORDER BY 1";
    assert_eq!(trade.rows(tasks).await, ["901|NULL", "902|NULL", "903|Order flowers", "904|Royal visit"]);
    let challenges =
        "SELECT challenge_id, title, admin_name, admin_email FROM challenges WHERE challenge_id > 900 ORDER BY 1";
    assert_eq!(
        trade.rows(challenges).await,
        ["901||Stella Standfast|stella@home.example", "902|Run|Stella|NULL"],
        "its leader stays"
    );
    let teams = "SELECT team_id, title, leader_name FROM teams WHERE team_id > 900 ORDER BY 1";
    assert_eq!(trade.rows(teams).await, ["901||Stella Standfast", "902||S.", "903|Team|S."]);
    let code = "SELECT campaign_code FROM transactions WHERE transaction_id = 990001";
    assert_eq!(trade.value(code).await, "WINTER");
    assert_eq!(trade.count("SELECT count(*) FROM client_categories WHERE client_no = 905").await, 1);
}

#[tokio::test]
async fn b13_days_that_stay_are_coarsened_to_their_year_and_reports_measure_what_is_left() {
    for (name, table, column, key) in [
        ("np-retail", "customers", "created_on", "K3"),
        ("prodon", "clients", "created_on", "1"),
        ("resamania", "members", "joined_on", "1"),
        ("proabono", "customers", "created_on", "CUST-0012"),
        ("amparex", "customers", "registered_on", "1024"),
    ] {
        let trade = if name == "np-retail" { shop().await } else { Trade::of(name).await };
        let own = match table {
            "clients" => "client_no",
            "members" => "member_id",
            _ if name == "proabono" => "reference",
            _ => "customer_no",
        };
        trade.execute(&format!("UPDATE {table} SET {column} = '1998-07-16' WHERE {own} = '{key}'")).await;
        let before = trade.snapshot().await;
        let ended = trade.forget(&[key]);
        assert_eq!(ended["progress"]["anonymized"], 1, "{name}: {ended}");
        let after = trade.snapshot().await;
        assert_eq!(after.text(table, key, column), "1998-01-01", "{name}");
        let mut others = after.changes_since(&before).into_iter().filter(|change| change.table == table);
        assert!(others.all(|change| change.row == key || change.column != column), "{name}");
        // The period of those who stay still begins on their own day, and anonymized clients are not due again.
        trade.write("list.txt", key);
        let seen = trade.preview(&["--list", "list.txt", "--force"]);
        assert_eq!(seen, [(key.to_owned(), "already".to_owned())], "{name}");
        let report = trade.json(&["report", "sweep", &ended["sweep"]["id"].to_string()]);
        let groups = &report["now"]["groups"];
        assert!(groups["k"].as_u64() >= Some(1), "{name}: {report}");
        let measured = groups["columns"].as_array().is_some_and(|all| all.iter().any(|own| own["column"] == column));
        assert!(measured, "{name}: {groups}");
    }
}

#[tokio::test]
async fn n10_n12_a_contact_that_survives_keeps_its_notes_and_tasks_and_they_go_with_it() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO contacts (contact_no, name, created_on) VALUES ('TASK', 'Task Names Me', '2010-01-01');
             UPDATE customers SET contact_no = 'TASK' WHERE customer_no = 'K1';
             INSERT INTO tasks (task_no, customer_no, main_contact_no, task_type, subject, status, created_on) VALUES
               (1, 'K2', 'TASK', 'call', 'Call them', 'open', '2010-01-01'), (2, NULL, 'TASK', 'call', 'Call the contact', 'open', '2010-01-01'),
               (3, NULL, 'OWN', 'call', 'Call another', 'open', '2010-01-01');
             INSERT INTO notes (note_id, owner_type, owner_no, body, user_id, written_at) VALUES
               (1, 'Contact', 'TASK', 'Likes tea', 'HANNE', '2010-01-01'), (2, 'Contact', 'OWN', 'Likes milk', 'HANNE', '2010-01-01');",
        )
        .await;
    let left = async || {
        let contact = trade.value("SELECT name FROM contacts WHERE contact_no = 'TASK'").await;
        let tasks = trade.rows("SELECT task_no FROM tasks ORDER BY 1").await;
        (contact, tasks.join(","), trade.rows("SELECT note_id FROM notes ORDER BY 1").await.join(","))
    };
    let said = |contact: &str, tasks: &str, notes: &str| (contact.to_owned(), tasks.to_owned(), notes.to_owned());
    trade.forget(&["K1"]);
    assert_eq!(left().await, said("Task Names Me", "1,2,3", "1,2"), "a task of a live customer names the contact");
    trade.forget(&["K2"]);
    assert_eq!(left().await, said("Anonymized contact", "3", "2"));
    trade.forget(&["K3"]);
    assert_eq!(left().await, said("Anonymized contact", "", ""));
}

#[tokio::test]
async fn b01_a_session_of_the_app_goes_whatever_the_case_of_its_mail_address() {
    let trade = Trade::of("resamania").await;
    trade
        .execute(
            "INSERT INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, email, joined_on) VALUES
               (9001, 'LYO-9001', 'LYO', 'former', 'Bea', 'Badge', 'Bea Badge', 'Bea@Home.example', '2001-01-01');
             INSERT INTO app_logins (login_id, login, last_used) VALUES
               (9001, 'bea@home.example', '2001-01-02'), (9002, ' BEA@HOME.EXAMPLE', '2001-01-03'), (9003, 'abea@home.example', '2001-01-04');",
        )
        .await;
    trade.list(&["9001"]);
    assert_eq!(trade.outcome("9001"), "anonymized");
    assert_eq!(trade.rows("SELECT login_id FROM app_logins WHERE login_id > 9000").await, ["9003"]);
}

#[tokio::test]
async fn p18_a_donation_with_a_number_that_no_client_has_is_reached_by_account_and_mail_address() {
    let trade = with_client(901, "Ophelia", "Online").await;
    client(&trade, 902, "Other", "Person").await;
    trade
        .execute(
            "INSERT INTO portal_accounts VALUES (9201, 'ophelia@home.example', 'O.');
             INSERT INTO communications (communication_id, client_no, means, value) VALUES (9201, 901, 'EMAIL', 'ophelia@home.example');
             INSERT INTO online_donations (online_id, organization_id, account_id, client_no, first_name, email, amount, donated_on) VALUES
               (9201, 1, 9201, 999001, 'Ophelia', NULL, 1, '2015-01-01'),
               (9202, 1, NULL, 999001, 'Ophelia', 'Ophelia@home.example', 1, '2015-01-01'),
               (9203, 1, 9201, 902, 'Other', NULL, 1, '2015-01-01'),
               (9204, 2, 9201, 999001, 'Ophelia', 'ophelia@home.example', 1, '2015-01-01');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    let report = "SELECT online_id, first_name, email FROM online_donation_report WHERE online_id > 9200 ORDER BY 1";
    assert_eq!(
        trade.rows(report).await,
        ["9201|NULL|NULL", "9202|NULL|NULL", "9203|Other|NULL", "9204|Ophelia|ophelia@home.example"],
        "a number that another client has is that client's"
    );
    let history = "SELECT online_id FROM portal_history WHERE online_id > 9200 ORDER BY 1";
    assert_eq!(trade.rows(history).await, ["9203", "9204"]);
}

/// A customer who uses a subscription, another who pays for it, and what was told of it.
async fn paid_by_another() -> Trade {
    let trade = Trade::of("proabono").await;
    trade
        .execute(
            r#"INSERT INTO customers (reference, name, segment_code, billing_first_name, billing_last_name, billing_country, created_on) VALUES
               ('A4-1', 'Uma Nutzer', 'FR', 'Uma', 'Nutzer', 'FR', '2001-01-01'), ('A4-2', 'Paul Payeur', 'FR', 'Paul', 'Payeur', 'FR', '2001-01-01');
             INSERT INTO subscriptions (subscription_id, customer_reference, buyer_reference, offer_code, title, state, created_on)
             VALUES ('sub-a4', 'A4-1', 'A4-2', 'BASIC', 'Basic', 'terminated', '2001-01-02');
             INSERT INTO invoices (invoice_id, number, customer_reference, subscription_id, state, issued_on, due_on, made_out_to, net_cents, tax_cents, total_cents)
             VALUES ('inv-a4', 'N-A4', 'A4-2', 'sub-a4', 'paid', '2001-02-02', '2001-03-02', 'Paul Payeur', 10, 2, 12);
             INSERT INTO webhook_notifications VALUES
               (99001, 1, 'subscription', 'Subscription', 'sub-a4', '{"customer":"Uma Nutzer","buyer":"Paul Payeur"}', '2001-01-02'),
               (99002, 1, 'subscription', 'Subscription', 'sub-a4', '{"customer":"Uma Nutzer"}', '2001-01-03'),
               (99003, 1, 'invoice', 'Invoice', 'inv-a4', '{"customer":"Paul Payeur","user":"Uma Nutzer"}', '2001-02-02');
             INSERT INTO webhook_attempts VALUES (99001, 1, 200), (99003, 1, NULL);"#,
        )
        .await;
    trade
}

#[tokio::test]
async fn a04_b01_what_was_told_of_a_subscription_names_neither_who_used_nor_who_paid_it() {
    let told = "SELECT notification_id, payload FROM webhook_notifications WHERE notification_id > 99000 ORDER BY 1";
    let attempts = "SELECT notification_id FROM webhook_attempts WHERE notification_id > 99000 ORDER BY 1";
    let trade = paid_by_another().await;
    trade.forget(&["A4-2"]);
    assert_eq!(trade.outcome("A4-2"), "anonymized");
    assert_eq!(
        trade.rows(told).await,
        ["99001|", "99002|{\"customer\":\"Uma Nutzer\"}"],
        "the history of the user, who stays"
    );
    assert_eq!(trade.rows(attempts).await, ["99001"]);
    let trade = paid_by_another().await;
    trade.forget(&["A4-1"]);
    assert_eq!(trade.outcome("A4-1"), "anonymized");
    assert_eq!(trade.rows(told).await, ["99003|"]);
    assert_eq!(trade.rows(attempts).await, ["99003"]);
    trade.forget(&["A4-2"]);
    assert!(trade.rows(told).await.is_empty() && trade.rows(attempts).await.is_empty());
}

#[tokio::test]
async fn a05_an_initialized_subscription_is_deleted_although_a_cancelled_invoice_names_it() {
    let trade = Trade::of("proabono").await;
    trade
        .execute(
            "INSERT INTO customers (reference, name, segment_code, billing_first_name, billing_last_name, billing_country, created_on)
             VALUES ('A5-1', 'Basic Paid', 'FR', 'Basic', 'Paid', 'FR', '2001-01-01');
             INSERT INTO subscriptions (subscription_id, customer_reference, buyer_reference, offer_code, state, created_on) VALUES
               ('sub-a5', 'A5-1', 'A5-1', 'BASIC', 'initialized', '2001-01-02'), ('sub-a6', 'A5-1', 'A5-1', 'BASIC', 'terminated', '2001-01-02');
             INSERT INTO invoices (invoice_id, number, customer_reference, subscription_id, state, issued_on, due_on, made_out_to, net_cents, tax_cents, total_cents) VALUES
               ('inv-a5', 'N-A5', 'A5-1', 'sub-a5', 'cancelled', '2001-02-02', '2001-03-02', 'I. A.', 10, 2, 12),
               ('inv-a6', 'N-A6', 'A5-1', 'sub-a6', 'paid', '2001-02-02', '2001-03-02', 'I. A.', 10, 2, 12);",
        )
        .await;
    trade.forget(&["A5-1"]);
    assert_eq!(trade.outcome("A5-1"), "anonymized", "codes of an offer and a state are no names");
    let left = "SELECT subscription_id FROM subscriptions WHERE customer_reference = 'A5-1'";
    assert_eq!(trade.rows(left).await, ["sub-a6"]);
    let invoices =
        "SELECT number, subscription_id, total_cents FROM invoices WHERE customer_reference = 'A5-1' ORDER BY 1";
    assert_eq!(trade.rows(invoices).await, ["N-A5|NULL|12", "N-A6|sub-a6|12"]);
}

#[tokio::test]
async fn b01_x08_no_line_of_a_document_names_a_customer_without_the_title_or_in_another_order() {
    let trade = Trade::of("amparex").await;
    trade
        .execute(
            "INSERT INTO customers (customer_no, branch_no, title, first_name, last_name, display_name, registered_on) VALUES
               (9001, 1, 'Dr.', 'Ada', 'Zweigstein', 'Dr. Ada Zweigstein', '2001-01-01'), (9002, 1, NULL, 'Ida', 'Zweigstein', 'Ida Zweigstein', '2001-01-01');
             INSERT INTO cases (case_no, customer_no, branch_no, kind, state, opened_on) VALUES
               (90001, 9001, 1, 'glasses', 'delivered', '2001-01-01'), (90002, 9002, 1, 'glasses', 'delivered', '2001-01-01');
             INSERT INTO supplier_orders (supplier_order_no, case_no, supplier, commission, ordered_on)
             VALUES (90001, 90001, 'Zweigstein', 'Zweigstein, Ada', '2001-01-01');
             INSERT INTO quotes VALUES ('A-90001', 90001, 9001, '2001-01-01', 'Dr. Ada Zweigstein', NULL, 5);
             INSERT INTO quote_lines VALUES ('A-90001', 1, NULL, 'Engraved: Ada Zweigstein', 5), ('A-90001', 2, NULL, 'Frame', 5);
             INSERT INTO invoices VALUES ('R-90001', 90001, 9001, 9001, 'paid', '2001-01-01', 'Dr. Ada Zweigstein', 'Dr. Ada Zweigstein', NULL, 1, 1, 2),
               ('R-90002', 90002, 9002, 9001, 'paid', '2001-01-01', 'Ida Zweigstein', 'Dr. Ada Zweigstein', NULL, 1, 1, 2);
             INSERT INTO invoice_lines VALUES ('R-90001', 1, NULL, 'Lenses for Zweigstein, Ada', 2), ('R-90002', 1, NULL, 'Lenses', 2);",
        )
        .await;
    trade.forget(&["9001"]);
    assert_eq!(trade.outcome("9001"), "anonymized", "a supplier has the same name");
    let lines = "SELECT description FROM quote_lines WHERE quote_no = 'A-90001' ORDER BY line_no";
    assert_eq!(trade.rows(lines).await, ["", "Frame"]);
    let lines = "SELECT description FROM invoice_lines WHERE invoice_no LIKE 'R-9000%' ORDER BY invoice_no";
    assert_eq!(trade.rows(lines).await, ["", "Lenses"]);
    let heads = "SELECT wearer_name, payer_name FROM invoices WHERE invoice_no LIKE 'R-9000%' ORDER BY invoice_no";
    let notice = "Kunde anonymisiert";
    let expected = [format!("{notice}|{notice}"), format!("Ida Zweigstein|{notice}")];
    assert_eq!(trade.rows(heads).await, expected, "the one who stays has the same last name");
}

#[tokio::test]
async fn p23_the_admin_of_a_challenge_is_reached_by_mail_address_where_no_number_is() {
    let trade = with_client(901, "Greta", "Namensvetter").await;
    client(&trade, 902, "Other", "Person").await;
    trade
        .execute(
            "INSERT INTO communications (communication_id, client_no, means, value) VALUES
               (9301, 901, 'EMAIL', 'greta@home.example'), (9302, 902, 'EMAIL', 'other@home.example');
             INSERT INTO challenges VALUES (901, 1, 'Swim', NULL, 'Greta Namensvetter', 'Greta@home.example'),
               (902, 1, 'Swim on', NULL, 'Other Person', 'other@home.example');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    let admins = "SELECT challenge_id, admin_name, admin_email FROM challenges WHERE challenge_id > 900 ORDER BY 1";
    assert_eq!(trade.rows(admins).await, ["901|Anonymized client|NULL", "902|Other Person|other@home.example"]);
}

#[tokio::test]
async fn b01_n11_a_note_on_an_invoice_does_not_name_who_paid_it() {
    let trade = shop().await;
    let invoice = "INSERT INTO posted_sales_invoices (document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, customer_posting_group, posting_date, due_date, amount, amount_including_vat) VALUES";
    trade
        .execute(&format!(
            "{invoice} ('PSI-1', 'K1', 'Firm One', 'K3', 'Firm Three', 'RETAIL', '2010-01-01', '2010-01-01', 5, 5);
             INSERT INTO notes (note_id, owner_type, owner_no, body, user_id, written_at) VALUES
               (1, 'Posted Sales Invoice', 'PSI-1', 'Firm Three pays', 'HANNE', '2010-01-01'), (2, 'Posted Sales Invoice', 'PSI-1', 'Gift wrap', 'HANNE', '2010-01-01');"
        ))
        .await;
    let notes = "SELECT note_id, body FROM notes ORDER BY 1";
    trade.forget(&["K3"]);
    assert_eq!(trade.outcome("K3"), "anonymized");
    assert_eq!(trade.rows(notes).await, ["1|", "2|Gift wrap"], "the customer who bought keeps the notes");
    trade.forget(&["K1"]);
    assert_eq!(trade.rows(notes).await, ["1|Removed on anonymization.", "2|Removed on anonymization."]);
}
