//! Many clients from a saved selection, the statements X2 to X5, on the shipped policy of opticians.

use serde_json::json;

use super::np_retail::account;
use super::office::{Office, token};
use super::trade::Trade;

/// Each of them is kept by something else.
const KEPT: [&str; 6] = ["1123", "1124", "1125", "1126", "1127", "1128"];

/// The company, its policy rehearsed and its backup acknowledged, with a selection of two who go and six who stay.
async fn ready() -> Trade {
    let trade = Trade::of("amparex").await;
    trade.json(&["sweep", "dormant", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    let saved = trade.json(&[&["selection", "save", "spring", "1002", "1024"], &KEPT[..], &["1002"]].concat());
    assert_eq!((&saved["clients"], &saved["twice"]), (&json!(8), &json!(1)));
    trade
}

#[tokio::test]
async fn x1_the_companys_own_saved_selections_are_listed_and_swept_beside_lethes() {
    let trade = ready().await;
    let entries = "SELECT customer_no FROM selection_entries WHERE selection_no = 1 ORDER BY customer_no";
    let wanted = trade.rows(entries).await;
    let own = "Asked to be forgotten";
    let listed = trade.json(&["selection", "list"]);
    let shown = |at: usize| (listed[at]["name"].clone(), listed[at]["in_table"].clone(), listed[at]["clients"].clone());
    let batteries = trade.count("SELECT count(*) FROM selection_entries WHERE selection_no = 2").await;
    assert_eq!(shown(0), (json!(own), json!("selections"), json!(wanted.len())));
    assert_eq!(shown(1), (json!("Who needs batteries?"), json!("selections"), json!(batteries)));
    assert_eq!(shown(2), (json!("spring"), json!(null), json!(8)));
    assert_eq!(trade.run(&["selection", "show", own]).out.lines().collect::<Vec<_>>(), wanted);

    // Over HTTP they are read, and neither replaced nor deleted.
    let administrator = token(&trade, "administrator", "admin");
    let office = Office::open(&trade);
    let (status, all) =
        office.get("/api/v1/selections?limit=2&after=Asked%20to%20be%20forgotten", &administrator).await;
    assert_eq!((status, &all[0]["in_table"], &all[1]["name"]), (200, &json!("selections"), &json!("spring")), "{all}");
    let path = "/api/v1/selections/Asked%20to%20be%20forgotten";
    let (_, page) = office.get(&format!("{path}?limit=2&after={}", wanted[0]), &administrator).await;
    assert_eq!(page["keys"], json!(wanted[1..3]), "{page}");
    let replacement = json!({ "clients": ["1002"], "replace": true });
    for (method, body) in [("PUT", Some(replacement)), ("DELETE", None)] {
        let (status, problem) = office.ask(method, path, &administrator, body).await;
        assert_eq!(status, 409, "{method}: {problem}");
    }
    drop(office);

    // Nothing is started without a confirmation, nor beyond the brake.
    let before = trade.snapshot().await;
    let asked = trade.run_unconfirmed(&["sweep", "--selection", own, "--force", "--wait"]);
    assert!(
        asked.code == 1 && asked.err.contains("holds 17 clients, and anonymization cannot be undone"),
        "{}",
        asked.err
    );
    trade.run(&["sweep", "--selection", "Who needs batteries?", "--force", "--rehearse"]);
    let config = std::fs::read_to_string(trade.path("lethe.toml")).unwrap();
    trade.write("lethe.toml", &config.replace("brake_share = 1.0", "brake_share = 0.01"));
    let braked = trade.run(&["sweep", "--selection", "Who needs batteries?", "--force", "--yes", "--wait"]);
    assert_eq!(braked.code, 1, "{}", braked.out);
    assert_eq!(trade.rows("SELECT state FROM lethe_sweeps").await, ["braked"], "{}", braked.err);
    assert_eq!(trade.snapshot().await, before);
    trade.write("lethe.toml", &config);

    let looked = trade.preview(&["--selection", own, "--force"]);
    assert_eq!(looked.iter().map(|own| own.0.clone()).collect::<Vec<_>>(), wanted);
    let done = trade.json(&["sweep", "--selection", own, "--force", "--yes", "--wait"]);
    let outcomes = ["anonymized", "refused", "already", "not_due", "not_found", "failed"];
    let counts = outcomes.map(|name| done["progress"][name].as_u64().expect("a count"));
    assert!(counts.iter().sum::<u64>() == 17 && counts[0] > 0 && counts[1] > 0, "{done}");
    // Those refused stay in it, and are swept again under its name.
    let left = trade.rows(entries).await;
    assert_eq!(u64::try_from(left.len()).unwrap(), 17 - counts[0], "{done}");
    let again = trade.json(&["sweep", "--selection", own, "--force", "--yes", "--wait"]);
    assert_eq!((&again["progress"]["anonymized"], &again["progress"]["refused"]), (&json!(0), &json!(counts[1])));
    let unknown = trade.run(&["sweep", "--selection", "Asked to be forgiven", "--force", "--yes"]);
    assert!(unknown.code == 1 && unknown.err.contains("did you mean `Asked to be forgotten`?"), "{}", unknown.err);
}

#[tokio::test]
async fn x1_two_selections_of_one_name_are_not_taken_for_one() {
    let trade = ready().await;
    trade
        .execute(
            "INSERT INTO selections SELECT 901, 'Autumn', min(staff_no), '2026-01-01' FROM staff;
             INSERT INTO selections SELECT 902, 'Autumn', min(staff_no), '2026-01-02' FROM staff;
             INSERT INTO selection_entries VALUES (901, 1002);",
        )
        .await;
    let looked = ["sweep", "--selection", "Autumn", "--force", "--preview"];
    assert_eq!(trade.run(&looked).code, 0, "the other one holds no client");
    trade.execute("INSERT INTO selection_entries VALUES (902, 1002), (902, 1024)").await;
    let before = trade.snapshot().await;
    for args in [&looked[..], &["sweep", "--selection", "Autumn", "--force", "--yes", "--wait"]] {
        let answer = trade.run(args);
        assert_eq!(answer.code, 1, "{args:?}: {}", answer.out);
        assert!(answer.err.contains("more than one selection is called `Autumn`"), "{}", answer.err);
    }
    let administrator = token(&trade, "administrator", "admin");
    let office = Office::open(&trade);
    let sweep = json!({ "sweep": { "selection": "Autumn", "force": true }, "confirm": true });
    let (status, problem) = office.post("/api/v1/sweeps", &administrator, sweep).await;
    assert!(status >= 400 && problem["detail"].to_string().contains("more than one selection"), "{status} {problem}");
    drop(office);
    assert_eq!(trade.snapshot().await, before);
    trade.execute("UPDATE selections SET title = 'Autumn, old' WHERE selection_no = 901").await;
    let mut taken = trade.preview(&["--selection", "Autumn", "--force"]);
    taken.retain(|(key, _)| key == "1002" || key == "1024");
    assert_eq!(taken.len(), 2);
}

#[tokio::test]
async fn x2_a_selection_is_saved_deleted_and_swept_by_administrators_only() {
    let trade = ready().await;
    let clerk = token(&trade, "optician", "anonymize");
    let office = Office::open(&trade);
    let before = trade.snapshot().await;
    let path = "/api/v1/selections/spring";
    let sweep = json!({ "sweep": { "selection": "spring", "force": true }, "confirm": true });
    let mine = json!({ "clients": ["1002"], "replace": true });
    for (method, path, body) in
        [("PUT", path, Some(mine)), ("DELETE", path, None), ("POST", "/api/v1/sweeps", Some(sweep.clone()))]
    {
        let (status, problem) = office.ask(method, path, &clerk, body).await;
        assert_eq!(status, 403, "{method}: {problem}");
    }
    let (status, shown) = office.get(path, &clerk).await;
    assert_eq!((status, shown["keys"].as_array().map(Vec::len)), (200, Some(8)), "{shown}");
    let refused = trade.rows("SELECT asked_by, what, needs FROM lethe_requests WHERE allowed = 0 ORDER BY id").await;
    assert_eq!(
        refused,
        ["save selection spring", "delete selection spring", "start a sweep of selection spring"]
            .map(|what| format!("optician|{what}|bulk"))
    );
    let administrator = token(&trade, "administrator", "admin");
    drop(office);

    // On the command line it is the account that counts.
    let config = std::fs::read_to_string(trade.path("lethe.toml")).unwrap();
    trade.write("lethe.toml", &format!("{config}[access.operators]\n\"{}\" = [\"anonymize\"]\n", account()));
    for args in [
        &["selection", "save", "mine", "1002"][..],
        &["selection", "delete", "spring"],
        &["sweep", "--selection", "spring", "--force", "--yes", "--wait"],
    ] {
        let answer = trade.run(args);
        assert!(answer.code == 1 && answer.err.contains("that needs the right `bulk`"), "{args:?}: {}", answer.err);
    }
    assert!(trade.run(&["selection", "show", "spring"]).out.starts_with("1002\n1024\n1123\n"));
    assert_eq!(trade.count("SELECT count(*) FROM lethe_requests WHERE allowed = 0").await, 6);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_sweeps").await, 0);
    assert_eq!(trade.snapshot().await, before);

    let office = Office::open(&trade);
    let (status, opened) = office.post("/api/v1/sweeps", &administrator, sweep).await;
    assert_eq!(status, 202, "{opened}");
    assert_eq!(office.over(&opened["sweep"], &administrator).await["progress"]["anonymized"], 2);
}

#[tokio::test]
async fn x3_many_from_a_saved_selection_go_only_once_it_is_confirmed() {
    let trade = ready().await;
    let before = trade.snapshot().await;
    let asked = trade.run_unconfirmed(&["sweep", "--selection", "spring", "--force", "--wait"]);
    assert!(asked.code == 1 && asked.out.is_empty(), "{}", asked.out);
    assert!(asked.err.contains("holds 8 clients, and anonymization cannot be undone"), "{}", asked.err);
    assert!(asked.err.contains("`lethe sweep --selection spring --yes`"), "{}", asked.err);
    let looked = trade.run(&["sweep", "--selection", "spring", "--force", "--preview"]);
    assert!(looked.out.starts_with("8 clients of selection `spring`"), "{}", looked.out);
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.count("SELECT count(*) FROM lethe_sweeps").await, 0);
    let done = trade.json(&["sweep", "--selection", "spring", "--force", "--yes", "--wait"]);
    assert_eq!(done["progress"]["anonymized"], 2);
}

#[tokio::test]
async fn x4_x5_a_selection_is_run_again_under_its_name_once_what_kept_its_clients_is_settled() {
    let trade = ready().await;
    let sweep = ["sweep", "--selection", "spring", "--force", "--yes", "--wait"];
    let listed = trade.preview(&["--selection", "spring", "--force"]);
    let reasons = ["open-cases", "open-invoices", "open-claims", "deposits", "loans", "appointments"];
    let expected = [("1002", "anonymized".to_owned()), ("1024", "anonymized".to_owned())]
        .into_iter()
        .chain(KEPT.into_iter().zip(reasons.map(|reason| format!("refused: {reason}"))));
    let expected: Vec<(String, String)> = expected.map(|(key, what)| (key.to_owned(), what)).collect();
    assert_eq!(listed, expected);
    let first = trade.run(&sweep);
    assert!(first.out.contains("anonymized  2") && first.out.contains("refused     6"), "{}", first.out);
    for (key, what) in &expected {
        assert_eq!(trade.outcome(key), *what, "{key}");
    }
    for sql in [
        "UPDATE cases SET state = 'cancelled' WHERE customer_no = 1123",
        "UPDATE invoices SET state = 'paid' WHERE payer_no = 1124",
        "UPDATE insurance_claims SET state = 'settled' WHERE case_no = 5125",
        "UPDATE deposits SET settled = TRUE WHERE customer_no = 1126",
        "UPDATE device_loans SET returned_on = '{today}' WHERE customer_no = 1127",
        "UPDATE appointments SET state = 'cancelled' WHERE customer_no = 1128",
    ] {
        trade.execute(sql).await;
    }
    let again = trade.run(&sweep);
    assert!(again.code == 0 && again.out.contains("is done."), "{} {}", again.out, again.err);
    assert!(again.out.contains("anonymized  6") && again.out.contains("already     2"), "{}", again.out);
    let after = trade.snapshot().await;
    trade.json(&sweep);
    assert_eq!(trade.snapshot().await, after, "twice is once");
}
