//! A chain of sports clubs: who may be taken, for which club, after how long,
//! and what becomes of a member.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::snapshot::Snapshot;
use super::trade::{Trade, ago, months_ago, today};
use crate::common::project::read;

/// The clubs, where member 1 of Lyon is due and has something in every table.
async fn clubs() -> Trade {
    Trade::of("resamania").await
}

/// Lyon before and after these members are anonymized, by the period of the policy.
async fn anonymized(keys: &[&str]) -> (Trade, Snapshot, Snapshot) {
    let trade = clubs().await;
    let before = trade.snapshot().await;
    let ended = trade.list(keys);
    assert_eq!(ended["progress"]["anonymized"], keys.len(), "{ended}");
    let after = trade.snapshot().await;
    (trade, before, after)
}

/// The members of a club without activity for so many months, who are no
/// clients and even: asked of the database by other words than Lethe's.
pub async fn eligible(trade: &Trade, club: &str, months: u32) -> BTreeSet<String> {
    let last = "SELECT member_id, visited_on AS day FROM visits UNION ALL SELECT member_id, held_on FROM bookings \
                UNION ALL SELECT member_id, sold_on FROM sales UNION ALL SELECT member_id, due_on FROM instalments";
    let since = months_ago(months);
    let sql = format!(
        "SELECT m.member_id FROM members AS m LEFT JOIN (SELECT member_id, max(day) AS day FROM ({last}) AS a GROUP BY member_id) AS l \
         ON l.member_id = m.member_id LEFT JOIN member_accounts AS s ON s.member_id = m.member_id WHERE m.club_code = '{club}' \
         AND m.status IN ('prospect', 'former') AND COALESCE(s.balance, 0) = 0 AND COALESCE(l.day, m.joined_on) < '{since}' AND NOT m.anonymized"
    );
    trade.rows(&sql).await.into_iter().collect()
}

/// Those whom a sweep would anonymize.
fn would_go(trade: &Trade, club: &str, months: u32) -> BTreeSet<String> {
    let seen =
        trade.preview(&["--period", "--filter", &format!("club={club}"), "--length", &format!("{months} months")]);
    seen.into_iter().filter(|(_, outcome)| outcome == "anonymized").map(|(key, _)| key).collect()
}

#[tokio::test]
async fn r01_clients_of_the_club_are_left_alone() {
    let trade = clubs().await;
    let before = trade.snapshot().await;
    let ended = trade.sweep(&["--period", "--filter", "club=LYO", "--length", "36 months"]);
    assert!(ended["progress"]["anonymized"].as_u64() > Some(20), "{ended}");
    assert!(ended["refusals"]["client"].as_u64() > Some(20), "{ended}");
    assert_eq!(trade.outcome("2"), "refused: client");
    let after = trade.snapshot().await;
    let status = |key: &String| before.text("members", key, "status");
    let changed: BTreeSet<String> = after
        .changes_since(&before)
        .into_iter()
        .filter(|own| own.table == "members")
        .map(|own| status(&own.row))
        .collect();
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), ["former", "prospect"]);
    // The same member, once a client no more.
    trade.execute("UPDATE members SET status = 'former' WHERE member_id = 2").await;
    trade.list(&["2"]);
    assert_eq!(trade.outcome("2"), "anonymized");
}

#[tokio::test]
async fn r02_a_run_is_of_exactly_one_club() {
    let trade = clubs().await;
    let before = trade.snapshot().await;
    for mode in ["--preview", "--rehearse", "--wait"] {
        for clubs in [&[][..], &["--filter", "club=LYO", "--filter", "club=LIL"]] {
            let answer = trade.run(&[&["sweep", "--period", mode], clubs].concat());
            assert_eq!(answer.code, 1, "{mode} {clubs:?}");
            assert!(answer.err.contains("exactly one value of the filter `club`"), "{}", answer.err);
        }
    }
    // Nor by a job without a club, or with two.
    let job = read(&trade.path("jobs/club-lyon.toml"));
    for (name, clubs) in [("no-club", ""), ("two-clubs", "club = [\"LYO\", \"LIL\"]")] {
        trade.write(&format!("jobs/{name}.toml"), &job.replace("club = \"LYO\"", clubs));
        let answer = trade.run(&["sweep", name, "--rehearse"]);
        assert_eq!(answer.code, 1, "{name}: {}", answer.out);
        assert!(answer.err.contains("exactly one value of the filter `club`"), "{}", answer.err);
    }
    assert_eq!(trade.snapshot().await, before);

    let ended = trade.sweep(&["--period", "--filter", "club=LIL"]);
    assert!(ended["progress"]["anonymized"].as_u64() > Some(10), "{ended}");
    let after = trade.snapshot().await;
    let changes = after.changes_since(&before);
    let of_members = changes.iter().filter(|own| own.table == "members");
    let clubs: BTreeSet<String> = of_members.map(|own| before.text("members", &own.row, "club_code")).collect();
    assert_eq!(clubs.into_iter().collect::<Vec<_>>(), ["LIL"]);
}

#[tokio::test]
async fn r03_the_inactivity_is_chosen_from_12_to_84_months_in_steps_of_6() {
    let trade = clubs().await;
    let ask = |length: &str| trade.run(&["sweep", "--period", "--filter", "club=LYO", "--length", length, "--preview"]);
    for months in (12..=84).step_by(6) {
        assert_eq!(ask(&format!("{months} months")).code, 0, "{months}");
        assert_eq!(would_go(&trade, "LYO", months), eligible(&trade, "LYO", months).await, "{months}");
    }
    assert_eq!(ask("2 years").code, 0, "which is 24 months");
    for length in [
        "6 months",
        "11 months",
        "13 months",
        "15 months",
        "85 months",
        "90 months",
        "8 years",
        "12 months 1 day",
        "400 days",
    ] {
        let answer = ask(length);
        assert_eq!(answer.code, 1, "{length}: {}", answer.out);
        assert!(answer.err.contains("12 months to 84 months in steps of 6 months"), "{length}: {}", answer.err);
    }
    let before = trade.snapshot().await;
    let job = read(&trade.path("jobs/club-lyon.toml"));
    trade.write("jobs/too-soon.toml", &job.replace("36 months", "9 months"));
    let answer = trade.run(&["sweep", "too-soon", "--rehearse"]);
    assert!(answer.code == 1 && answer.err.contains("`9 months` is none of the policy's choices"), "{}", answer.err);
    // A choice that comes after another checks all clients again, the shorter one and the longer one.
    for months in [84, 12, 36] {
        let expected = eligible(&trade, "LYO", months).await;
        let length = format!("{months} months");
        let ended = trade.sweep(&["--period", "--filter", "club=LYO", "--length", &length]);
        assert_eq!(ended["progress"]["anonymized"], expected.len(), "{months}: {ended}");
    }
    assert_ne!(trade.snapshot().await, before);
    let shown = trade.run(&["policy", "show"]).out;
    assert!(shown.contains("a sweep may choose another, 12 months to 84 months in steps of 6 months"), "{shown}");
    // The policy's own length is one of them, too.
    trade.amend_policy("length    = \"36 months\"", "length    = \"13 months\"");
    assert!(trade.run(&["policy", "check"]).err.contains("`13 months` is not one of the choices"));
}

#[tokio::test]
async fn r04_a_visit_booking_purchase_or_instalment_within_the_period_keeps_a_member() {
    let trade = clubs().await;
    let (first, before) = (months_ago(24), months_ago(24) - Days::new(1));
    let far_off = ago(3000);
    let row = |source: &str, no: u32, day: NaiveDate| match source {
        "visit" => format!("INSERT INTO visits VALUES ({no}, {no}, 'NCE', '{day}');"),
        "booking" => format!("INSERT INTO bookings VALUES ({no}, {no}, 1, '{far_off}', '{day}', 'missed', NULL);"),
        "purchase" => format!("INSERT INTO sales VALUES ({no}, {no}, 'NCE', '{day}', 5, 'Karim');"),
        _ => format!("INSERT INTO instalments VALUES ({no}, {no}, '{day}', 5, TRUE);"),
    };
    let mut sql = String::new();
    let mut expected = Vec::new();
    for (at, source) in ["visit", "booking", "purchase", "instalment"].into_iter().enumerate() {
        for (next, day) in [first, before, today(), ago(-30)].into_iter().enumerate() {
            let no = 9000 + 10 * u32::try_from(at).expect("small") + u32::try_from(next).expect("small");
            sql += &format!(
                "INSERT INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, joined_on) \
                 VALUES ({no}, 'NCE-{no}', 'NCE', 'former', 'Test', 'Boundary', 'Test Boundary {no}', '{far_off}');"
            );
            sql += &row(source, no, day);
            expected.push((no.to_string(), if day == before { "anonymized" } else { "not_due" }));
        }
    }
    trade.execute(&sql).await;
    trade.write("list.txt", &expected.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join("\n"));
    let ended = trade.sweep(&["--list", "list.txt", "--length", "24 months"]);
    assert_eq!(ended["progress"]["anonymized"], 4, "{ended}");
    for (key, outcome) in expected {
        assert_eq!(trade.outcome(&key), outcome, "{key}");
    }
}

#[tokio::test]
async fn r05_a_debt_or_an_overpayment_refuses_and_is_named() {
    let trade = clubs().await;
    let before = trade.snapshot().await;
    let ended = trade.list(&["3", "4", "1"]);
    assert_eq!(
        [&ended["progress"]["refused"], &ended["progress"]["anonymized"]],
        [2, 1].map(|own| json!(own)).each_ref()
    );
    assert_eq!([trade.outcome("3"), trade.outcome("4")], ["refused: debt, instalments", "refused: overpayment"]);
    let after = trade.snapshot().await;
    for member in ["3", "4"] {
        assert_eq!(after.row("members", member), before.row("members", member));
    }
    // A client who owes is told of for both.
    trade.execute("UPDATE member_accounts SET balance = -0.01 WHERE member_id = 2").await;
    trade.forget(&["2"]);
    assert_eq!(trade.outcome("2"), "refused: client, debt");
    trade.execute("UPDATE member_accounts SET balance = 0").await;
    assert_eq!(trade.list(&["3", "4"])["progress"]["anonymized"], 1);
    // What was never paid counts by itself.
    assert_eq!([trade.outcome("3"), trade.outcome("4")], ["refused: instalments", "anonymized"]);
    trade.execute("UPDATE instalments SET paid = TRUE WHERE member_id = 3").await;
    assert_eq!(trade.list(&["3"])["progress"]["anonymized"], 1);
}

#[tokio::test]
async fn r14_the_member_is_no_no_with_another_address_and_other_numbers() {
    let (_, before, after) = anonymized(&["1"]).await;
    let said = ["first_name", "last_name", "display_name", "address", "phone", "mobile"];
    let values = |moment: &Snapshot| said.map(|column| moment.text("members", "1", column));
    assert_eq!(values(&after), ["No", "No", "No No", "Sans adresse", "0000000000", "0000000000"]);
    for (was, is) in values(&before).iter().zip(values(&after)) {
        assert!(*was != is && was.len() > 4, "{was}");
    }
    for column in ["email", "civility", "city", "photo", "remarks"] {
        assert_eq!(after.text("members", "1", column), "NULL", "{column}");
    }
    assert_eq!(
        [after.text("members", "1", "birth_date"), after.text("members", "1", "postal_code")],
        ["1980-01-01", "69"]
    );
}

#[tokio::test]
async fn r15_all_consents_are_off() {
    let (_, before, after) = anonymized(&["1"]).await;
    let granted = |moment: &Snapshot, of: bool| {
        let rows = moment.table("consents").values().filter(|row| (row["member_id"] == 1) == of);
        rows.filter(|row| row["granted"] == 1).count()
    };
    assert_eq!((granted(&before, true), granted(&after, true)), (5, 0));
    assert_eq!(granted(&before, false), granted(&after, false));
    assert_eq!(before.table("consents").len(), after.table("consents").len());
}

#[tokio::test]
async fn r16_badges_are_off_and_can_never_be_assigned_again() {
    let (trade, before, after) = anonymized(&["1"]).await;
    for badge in ["9002", "9003"] {
        assert_eq!([after.text("badges", badge, "active"), after.text("badges", badge, "assignable")], ["0", "0"]);
        for attempt in ["SET member_id = 10", "SET member_id = NULL", "SET active = TRUE", "SET assignable = TRUE"] {
            let answer = trade.refusal(&format!("UPDATE badges {attempt} WHERE badge_no = '{badge}'")).await;
            assert!(answer.is_some_and(|error| error.contains("withdrawn")), "{badge} {attempt}");
        }
        assert!(trade.refusal(&format!("DELETE FROM badges WHERE badge_no = '{badge}'")).await.is_some());
        assert!(trade.refusal(&format!("INSERT INTO badges VALUES ('{badge}', 10, TRUE, TRUE)")).await.is_some());
    }
    assert_eq!(trade.snapshot().await, after);
    // The one that she gave back, and any other, can be.
    assert_eq!(after.row("badges", "9001"), before.row("badges", "9001"));
    for badge in ["9001", "9004"] {
        assert_eq!(
            trade.refusal(&format!("UPDATE badges SET member_id = 7, active = TRUE WHERE badge_no = '{badge}'")).await,
            None
        );
    }
}

#[tokio::test]
async fn r17_what_is_filed_is_unchanged_to_the_byte_and_not_consultable_through_the_member() {
    let trade = clubs().await;
    let views = ["file_invoices", "file_documents", "file_history", "file_bookings"];
    let shown = async |who: &str| {
        let mut all = Vec::new();
        for view in views {
            all.push(trade.count(&format!("SELECT count(*) FROM {view} WHERE member_no {who} 'LYO-000001'")).await);
        }
        all
    };
    assert_eq!(shown("=").await, [1, 1, 2, 1]);
    let (before, book) = (trade.snapshot().await, trade.rows("SELECT * FROM invoice_book ORDER BY invoice_no").await);
    let others = shown("<>").await;
    trade.list(&["1"]);
    assert_eq!(shown("=").await, [0; 4]);
    assert_eq!(shown("<>").await, others);
    // And with all of the club.
    let ended = trade.sweep(&["--period", "--filter", "club=LYO", "--length", "36 months"]);
    assert!(ended["progress"]["anonymized"].as_u64() > Some(20), "{ended}");
    let after = trade.snapshot().await;
    for table in [
        "invoices",
        "documents",
        "member_history",
        "bookings",
        "visits",
        "sales",
        "sale_lines",
        "instalments",
        "subscriptions",
    ] {
        assert!(before.table(table).len() > 50);
        assert_eq!(after.table(table), before.table(table), "{table}");
    }
    assert_eq!(trade.rows("SELECT * FROM invoice_book ORDER BY invoice_no").await, book, "they are all there still");
    let report = trade.run(&["report", "sweep", "2", "--json"]).out;
    assert!(
        report.contains("may stay in bookings.wishes, documents.content, documents.title, invoices.billed_address")
    );
    // What is not filed does not name her any more.
    let left: Vec<String> = after.mentions("Margaux").into_iter().collect();
    assert_eq!(
        left,
        ["bookings.wishes", "documents.content", "documents.title", "invoices.billed_name", "member_history.event"]
    );
    assert!(before.mentions("Margaux").len() > left.len() + 3);
}

#[tokio::test]
async fn r18_a_sale_or_booking_for_the_member_is_refused() {
    let trade = clubs().await;
    let sale =
        |no: u32, member: u32| format!("INSERT INTO sales VALUES ({no}, {member}, 'LYO', '{{today}}', 5, 'Karim')");
    let booking = |no: u32, member: u32| {
        format!("INSERT INTO bookings VALUES ({no}, {member}, 1, '{{today}}', '{{today}}', 'booked', NULL)")
    };
    // Of another member both go through, before and after; of 10 before.
    for (no, member) in [(9001, 7), (9002, 10)] {
        assert_eq!((trade.refusal(&sale(no, member)).await, trade.refusal(&booking(no, member)).await), (None, None));
    }
    trade.list(&["1"]);
    assert!(
        trade.refusal(&sale(9003, 1)).await.is_some_and(|error| error.contains("sales to this member are blocked"))
    );
    assert!(
        trade
            .refusal(&booking(9003, 1))
            .await
            .is_some_and(|error| error.contains("bookings of this member are blocked"))
    );
    assert_eq!((trade.refusal(&sale(9004, 7)).await, trade.refusal(&booking(9004, 7)).await), (None, None));
}

#[tokio::test]
async fn r19_the_member_is_gone_from_the_lists() {
    let trade = clubs().await;
    let listed = "SELECT member_no FROM member_list WHERE club_code = 'LYO' ORDER BY member_no";
    let before = trade.rows(listed).await;
    assert!(before.contains(&"LYO-000001".to_owned()) && before.contains(&"LYO-000002".to_owned()));
    trade.list(&["1"]);
    let after = trade.rows(listed).await;
    assert_eq!(before.into_iter().filter(|member| member != "LYO-000001").collect::<Vec<_>>(), after);
    assert_eq!(trade.count("SELECT count(*) FROM members WHERE member_id = 1").await, 1, "the row is there still");
}

#[tokio::test]
async fn r21_the_number_of_members_to_anonymize_is_that_of_the_eligible_ones() {
    for (club, months, job) in [("LYO", 36, "club-lyon"), ("LIL", 24, "club-lille"), ("NCE", 60, "club-nice")] {
        let trade = clubs().await;
        let expected = eligible(&trade, club, months).await;
        assert!(expected.len() > 5);
        let (club, length) = (format!("club={club}"), format!("{months} months"));
        let args = ["--period", "--filter", &club, "--length", &length];
        let shown = trade.json(&[&["sweep"], &args[..], &["--preview"]].concat());
        assert_eq!(shown["anonymized"], expected.len(), "{shown}");
        // The job of the club says the same number, and knows no other club.
        let jobs = trade.json(&["jobs", "--count"]);
        let job = jobs.as_array().expect("a list").iter().find(|own| own["job"] == job).expect("the job of the club");
        assert_eq!(job["to_anonymize"], expected.len(), "{job}");
        let before = trade.snapshot().await;
        assert_eq!(trade.sweep(&args)["progress"]["anonymized"], expected.len());
        let after = trade.snapshot().await;
        let changed = after.changes_since(&before).into_iter().filter(|own| own.table == "members").map(|own| own.row);
        assert_eq!(changed.collect::<BTreeSet<_>>(), expected);
        assert_eq!(trade.json(&[&["sweep"], &args[..], &["--preview"]].concat())["anonymized"], 0);
    }
}
