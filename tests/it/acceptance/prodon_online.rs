//! A donor manager: what stays for the statistics, what cannot be undone, and
//! what portal, pages and back office show of an anonymized client.

use super::prodon::{anonymized, charity};
use super::snapshot::Snapshot;
use super::trade::{Trade, ago};

const LOGIN: &str = "client1@river.example";

#[tokio::test]
async fn p15_transactions_stay_and_so_do_all_counts_and_totals() {
    let trade = charity().await;
    let statistics = async |trade: &Trade| {
        let mut all = Vec::new();
        for by in ["substr(CAST(given_on AS TEXT), 1, 4)", "campaign_code", "category", "client_no"] {
            all.extend(
                trade
                    .rows(&format!("SELECT {by}, count(*), sum(amount) FROM transactions GROUP BY {by} ORDER BY 1"))
                    .await,
            );
        }
        all
    };
    let (before, counted) = (trade.snapshot().await, statistics(&trade).await);
    let ended = trade.sweep(&["--period"]);
    assert!(ended["progress"]["anonymized"].as_u64() > Some(100), "{ended}");
    let after = trade.snapshot().await;
    assert_eq!(statistics(&trade).await, counted);
    assert!(before.table("transactions").len() > 10_000);
    let money = ["transactions.", "receipts.", "campaigns.", "online_donations.", "page_donations."];
    let touched =
        after.touched_since(&before).into_iter().filter(|own| money.iter().any(|table| own.starts_with(table)));
    let of_people = [
        "online_donations.account_id",
        "online_donations.address",
        "online_donations.email",
        "online_donations.first_name",
        "online_donations.last_name",
        "online_donations.message",
        "online_donations.phone",
        "page_donations.donor_email",
        "page_donations.donor_name",
        "page_donations.message",
        "page_donations.participant_name",
        "page_donations.visibility",
        "receipts.address",
        "receipts.name",
        "transactions.remarks",
    ];
    assert_eq!(
        touched.collect::<Vec<_>>(),
        of_people,
        "no amount, day, campaign or category is among them, and no row"
    );
}

#[tokio::test]
async fn p16_nothing_is_done_without_a_recent_backup_and_nothing_leads_back() {
    let trade = charity().await;
    trade.json(&["sweep", "--period", "--rehearse"]);
    let before = trade.snapshot().await;
    let answer = trade.run(&["sweep", "--period", "--wait"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("backup"), "{}", answer.err);
    trade.json(&["backup", "acknowledge", "--at", &format!("{}T00:00:00Z", ago(9))]);
    assert!(trade.run(&["sweep", "--period", "--wait"]).err.contains("backup"), "this one is too old");
    assert_eq!(trade.snapshot().await, before);
    trade.json(&["backup", "acknowledge"]);
    assert_eq!(trade.run(&["sweep", "--period", "--wait"]).code, 0);
    assert_eq!(trade.outcome("1"), "anonymized");
    // What she was called stands nowhere that is the charity's, Lethe's own tables included.
    let after = trade.snapshot().await;
    assert!(before.mentions("Marguerite").len() > 8);
    let left: Vec<String> = after.mentions("Marguerite").into_iter().collect();
    assert_eq!(
        left,
        ["online_donations.first_name", "portal_accounts.name"],
        "her own account, and what she gave to others"
    );
    let own = [
        "sweeps",
        "batches",
        "outcomes",
        "holds",
        "rehearsals",
        "backups",
        "jobs",
        "deliveries",
        "delivered",
        "outbox",
        "notices",
    ];
    for table in own {
        let rows = trade.rows(&format!("SELECT * FROM lethe_{table}")).await;
        assert!(rows.iter().all(|row| !row.contains("Marguerite") && !row.contains("O'Neill")), "lethe_{table}");
    }
}

#[tokio::test]
async fn p17_what_an_import_brings_back_is_emptied_by_the_next_run_and_recorded() {
    let (trade, before, _) = anonymized(&["1"]).await;
    let first = ago(30);
    trade.execute(&format!("UPDATE clients SET anonymized_on = '{first}' WHERE client_no = 1")).await;
    let settled = trade.snapshot().await;
    // An import finds the client by its number, fills in what is empty, and adds a donation.
    trade
        .execute(
            "UPDATE clients SET first_name = 'Marguerite', last_name = 'O''Neill-Côté', language = 'en', remarks = 'Back again' WHERE client_no = 1;
             UPDATE communications SET value = 'client1@river.example' WHERE communication_id = 1;
             INSERT INTO online_donations VALUES
               (9001, 1, 1, 1, NULL, 'Marguerite', 'O''Neill-Côté', '3, rue de l''Église', 'client1@river.example', '418 555-1001', 'Encore', 12, '{today}')",
        )
        .await;
    let ended = trade.json(&["sweep", "after-import", "--wait"]);
    assert_eq!(ended["progress"]["anonymized"], 1, "{ended}");
    let after = trade.snapshot().await;
    for column in ["account_id", "first_name", "last_name", "address", "email", "phone", "message"] {
        assert_eq!(after.text("online_donations", "9001", column), "NULL");
    }
    assert_eq!(after.changes_since(&settled).len(), 1, "but for the new donation everything is as it was");
    assert_eq!(after.text("clients", "1", "anonymized_on"), first.to_string(), "the day stays the first");
    assert_ne!(after.row("clients", "1"), before.row("clients", "1"));
    let history = trade.json(&["client", "1"])["history"].clone();
    assert_eq!(history.as_array().map(Vec::len), Some(2), "{history}");
    assert_eq!([&history[1]["outcome"], &history[1]["job"]], ["anonymized", "after-import"]);
    assert_eq!(trade.json(&["sweep", "after-import", "--wait"])["progress"]["anonymized"], 0);
}

#[tokio::test]
async fn p18_the_portal_shows_what_was_given_to_others_and_the_report_names_no_client() {
    let trade = charity().await;
    let history = format!("SELECT organization, amount FROM portal_history WHERE login = '{LOGIN}' ORDER BY online_id");
    let report = "SELECT first_name, last_name, address, email, phone, message FROM online_donation_report WHERE organization_id = 1 AND online_id IN (1, 3)";
    let elsewhere = "SELECT * FROM online_donation_report WHERE organization_id <> 1 ORDER BY online_id";
    let others = trade.rows(elsewhere).await;
    assert_eq!(
        trade.rows(&history).await,
        ["Friends of the River|75.25", "Soup for All|20"].map(|row| trade_money(&trade, row))
    );
    assert!(trade.rows(report).await.iter().any(|row| row.contains("Marguerite")));
    trade.list(&["1"]);
    assert_eq!(trade.rows(&history).await, ["Soup for All|20"].map(|row| trade_money(&trade, row)));
    assert_eq!(trade.rows(report).await, ["NULL|NULL|NULL|NULL|NULL|NULL"; 2]);
    assert_eq!(trade.rows(elsewhere).await, others, "client 1 of another charity is another person");
}

#[tokio::test]
async fn p18_a_missed_donation_to_the_charity_fails_a_rehearsal_and_one_to_another_charity_does_not() {
    let trade = charity().await;
    trade.write("list.txt", "1\n");
    let rehearse = || trade.run(&["sweep", "--list", "list.txt", "--force", "--rehearse"]);
    let missed = "INSERT INTO online_donations (online_id, organization_id, message, amount, donated_on) \
                  VALUES (9001, 2, 'from client1@river.example', 5, '{today}')";
    trade.execute(missed).await;
    let answer = rehearse();
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("found: `online_donations.message` has former values of 1 client (accepted: "));
    trade.execute("UPDATE online_donations SET organization_id = 1 WHERE online_id = 9001").await;
    let answer = rehearse();
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(
        answer.out.contains("\nfound: `online_donations.message` has former values of 1 client\n"),
        "{}",
        answer.out
    );
}

/// An amount as the database writes it.
fn trade_money(trade: &Trade, row: &str) -> String {
    let is_server = matches!(trade.place, crate::common::Place::Server(_));
    if is_server && !row.contains('.') { format!("{row}.00") } else { row.to_owned() }
}

#[tokio::test]
async fn p19_the_participants_page_is_private_linked_to_no_account_and_not_listed() {
    let trade = charity().await;
    let list = "SELECT participant_id FROM participant_list WHERE participant_id < 10 ORDER BY participant_id";
    assert_eq!(trade.rows(list).await, ["1", "2", "4", "5"]);
    trade.list(&["1"]);
    assert_eq!(trade.rows(list).await, ["2", "4"]);
    let after = trade.snapshot().await;
    for page in ["1", "5"] {
        let shown = ["visibility", "account_id", "page_title", "page_story"]
            .map(|column| after.text("participants", page, column));
        assert_eq!(shown, ["private", "NULL", "NULL", "NULL"]);
    }
}

#[tokio::test]
async fn p20_donations_are_anonymous_and_the_top_lists_follow() {
    let (trade, before, after) = anonymized(&["1"]).await;
    let donors = trade.rows("SELECT donor FROM top_donors WHERE event_id = 1").await;
    assert!(donors.contains(&"Anonymous donation".to_owned()) && donors.contains(&"Zoë O'Neill-Côté".to_owned()));
    assert!(!donors.iter().any(|donor| donor.contains("Marguerite")));
    let visible =
        |moment: &Snapshot| ["1", "2", "3", "4", "5", "6"].map(|own| moment.text("page_donations", own, "visibility"));
    assert_eq!(
        visible(&before),
        ["Name and amount", "Name and amount", "Name only", "Name and amount", "Anonymous donation", "Name and amount"]
    );
    let anonymous = "Anonymous donation";
    assert_eq!(visible(&after), ["Name and amount", anonymous, anonymous, "Name and amount", anonymous, anonymous]);
    // What the daughter gave on her mother's page is still hers.
    assert_eq!(after.text("page_donations", "1", "donor_name"), "Zoë O'Neill-Côté");
    assert_eq!(after.text("page_donations", "1", "participant_name"), "Anonymous participant");
    let top = trade.rows("SELECT participant_id FROM top_participants WHERE event_id = 1").await;
    assert!(!top.contains(&"1".to_owned()) && top.contains(&"2".to_owned()), "{top:?}");
    let sum = "SELECT CAST(sum(amount) AS INTEGER) FROM page_donations";
    assert_eq!(trade.count(sum).await, charity().await.count(sum).await);
}

#[tokio::test]
async fn p21_in_the_team_only_the_leader_sees_a_member() {
    let trade = charity().await;
    let seen = async |by: &str| {
        trade.rows(&format!("SELECT member_name FROM team_as_{by} WHERE team_id = 2 ORDER BY participant_id")).await
    };
    let both = ["Marguerite O'Neill-Côté", "Zoë O'Neill-Côté"];
    assert_eq!(
        (seen("leader").await, seen("others").await),
        (both.map(str::to_owned).to_vec(), both.map(str::to_owned).to_vec())
    );
    trade.list(&["1"]);
    assert_eq!(seen("leader").await, ["Anonymous participant", "Zoë O'Neill-Côté"]);
    assert_eq!(seen("others").await, ["Zoë O'Neill-Côté"]);
}

#[tokio::test]
async fn p22_who_logs_on_is_not_registered_any_more() {
    let trade = charity().await;
    let registered =
        format!("SELECT participant_id FROM portal_registrations WHERE login = '{LOGIN}' ORDER BY participant_id");
    assert_eq!(trade.rows(&registered).await, ["1", "5"]);
    let others = format!("SELECT login, participant_id FROM portal_registrations WHERE login <> '{LOGIN}' ORDER BY 2");
    let before = trade.rows(&others).await;
    trade.list(&["1"]);
    assert!(trade.rows(&registered).await.is_empty());
    assert_eq!(trade.rows(&others).await, before);
    assert_eq!(
        trade.count(&format!("SELECT count(*) FROM portal_accounts WHERE login = '{LOGIN}'")).await,
        1,
        "the account is theirs"
    );
}

#[tokio::test]
async fn p23_participants_teams_challenges_and_donations_are_anonymous_in_the_back_office() {
    let (_, before, after) = anonymized(&["1"]).await;
    let places = ["participants", "team_members", "teams", "challenges", "page_donations"];
    for (moment, there) in [(&before, true), (&after, false)] {
        for former in ["Marguerite", LOGIN] {
            let mentions = moment.mentions(former);
            for place in places {
                let named = mentions.iter().any(|own| own.starts_with(&format!("{place}.")));
                // A team has no addresses.
                assert_eq!(named, there && !(former == LOGIN && place.starts_with("team")), "{former} in {place}");
            }
        }
    }
    assert_eq!(after.text("participants", "1", "display_name"), "Anonymous participant");
    assert_eq!(after.text("teams", "3", "leader_name"), "Anonymous participant");
    assert_eq!(after.text("team_members", "1,1", "member_name"), "Anonymous participant");
    assert_eq!(after.text("challenges", "1", "admin_name"), "Anonymized client");
    assert_eq!(after.text("page_donations", "2", "donor_name"), "Anonymized client");
    for (table, key) in [("participants", "3"), ("teams", "1"), ("challenges", "2"), ("team_members", "1,3")] {
        assert_eq!(after.row(table, key), before.row(table, key), "what is others' stays");
    }
    // The team of a relative is still hers, and its title had the last name of both.
    let team = ["title", "leader_name"].map(|column| after.text("teams", "2", column));
    assert_eq!(team, ["", "Zoë O'Neill-Côté"]);
}
