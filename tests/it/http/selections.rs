//! Selections: saved and shown, swept as they were, and refused where they make no sense.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lethe::domain::access::{Limit, Right, Rights};
use lethe::service::Service;
use lethe::service::access::{Caller, Way};
use lethe::service::selections::Given;
use lethe::service::sweeps::Ask;
use lethe::worker::Request;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::office::{Office, answer};
use super::pages::{Browser, form_of};
use crate::common::Company;
use crate::common::place::is_on_postgres;

/// Saves the first three and a client who does not exist, under a name with a space in it.
async fn saved(office: &Office, token: &str) -> (StatusCode, Value) {
    let body = json!({ "clients": ["C3", "C1", "nobody", "C2", "C1"] });
    office.ask(Method::PUT, "/api/v1/selections/first%20week", token, Some(body)).await
}

/// What a command asks, by a caller who may do anything.
fn service(company: &Company) -> Service {
    let (rights, limit) = (Rights::all(), Limit::default());
    let caller = Caller { name: "alice".to_owned(), rights, limit, way: Way::Command, token: None };
    let context = company.context.clone();
    Service { context, jobs: PathBuf::new(), time_zone: chrono_tz::UTC, second_person: true, caller }
}

fn over(name: &str) -> Value {
    json!({ "sweep": { "selection": name }, "confirm": true })
}

#[tokio::test]
async fn a_selection_is_saved_shown_by_pages_replaced_and_deleted() {
    let office = Office::new().await;
    let (alice, reader) = (office.token("alice", &[Right::Bulk]).await, office.token("reader", &[Right::Read]).await);
    let before = office.company.dump().await;
    let (status, own) = saved(&office, &alice).await;
    assert_eq!(status, StatusCode::OK, "{own}");
    assert_eq!((&own["clients"], &own["twice"], &own["saved_by"]), (&json!(4), &json!(1), &json!("alice")));
    let (_, all) = office.get("/api/v1/selections", &reader).await;
    assert_eq!(
        all,
        json!([{ "name": "first week", "clients": 4, "saved_by": "alice", "saved_at": "2026-01-02T12:00:00.000Z" }])
    );

    let page = async |query: &str| {
        let (_, shown) = office.get(&format!("/api/v1/selections/first%20week{query}"), &reader).await;
        shown["keys"].clone()
    };
    assert_eq!(page("").await, json!(["C1", "C2", "C3", "nobody"]));
    assert_eq!(page("?limit=3").await, json!(["C1", "C2", "C3"]));
    assert_eq!(page("?limit=3&after=C3").await, json!(["nobody"]));
    assert_eq!(page("?after=nobody").await, json!([]));

    let path = "/api/v1/selections/first%20week";
    let (status, problem) = office.ask(Method::PUT, path, &alice, Some(json!({ "clients": ["C5"] }))).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("`first week` already"), "{problem}");
    let body = json!({ "clients": ["C5"], "replace": true });
    assert_eq!(office.ask(Method::PUT, path, &alice, Some(body)).await.1["clients"], 1);
    assert_eq!(page("").await, json!(["C5"]));
    assert_eq!(office.ask(Method::DELETE, path, &alice, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(office.get(path, &reader).await.0, StatusCode::NOT_FOUND);
    for table in ["selections", "selected"] {
        assert_eq!(office.company.rows(&format!("SELECT count(*) FROM lethe_{table}")).await, ["0"], "{table}");
    }
    assert_eq!(office.company.dump().await, before, "saving anonymizes no client");
    let asked = office.company.rows("SELECT asked_by, what FROM lethe_requests WHERE allowed = 1 ORDER BY id").await;
    let what = ["save", "save", "replace", "delete"].map(|what| format!("alice|{what} selection first week"));
    assert_eq!(asked, what);
}

#[tokio::test]
async fn a_sweep_takes_a_selection_as_it_was_when_it_opened() {
    for then in ["delete", "replace"] {
        let office = Office::new().await;
        let token = office.token("alice", &[Right::Bulk]).await;
        saved(&office, &token).await;
        let (status, opened) = office.post("/api/v1/sweeps", &token, over("first week")).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{opened}");
        let path = "/api/v1/selections/first%20week";
        let (method, body) = match then {
            "delete" => (Method::DELETE, None),
            _ => (Method::PUT, Some(json!({ "clients": ["C4", "C5"], "replace": true }))),
        };
        assert!(office.ask(method, path, &token, body).await.0.is_success(), "{then}");
        office.work();
        let sweep = office.over(&opened["sweep"], &token).await;
        assert_eq!((&sweep["state"], &sweep["kind"]), (&json!("done"), &json!("list")));
        let (_, outcomes) = office.get(&format!("/api/v1/sweeps/{}/outcomes", opened["sweep"]), &token).await;
        let told = |own: &Value| format!("{} {}", own["client_key"], own["outcome"]).replace('"', "");
        let told: Vec<String> = outcomes.as_array().unwrap().iter().map(told).collect();
        assert_eq!(told, ["C1 anonymized", "C2 anonymized", "C3 refused", "nobody not_found"], "{then}");
        assert_eq!(office.names().await[2..], ["C3|Carl Lang", "C4|Dora Wolf", "C5|Emil Roth"], "{then}");
    }
}

#[tokio::test]
async fn x3_a_saved_selection_goes_only_when_the_request_confirms_it_and_once() {
    let office = Office::new().await;
    let token = office.token("alice", &[Right::Bulk]).await;
    saved(&office, &token).await;
    let before = office.company.dump().await;
    for body in [
        json!({ "sweep": { "selection": "first week" } }),
        json!({ "sweep": { "selection": "first week" }, "confirm": false }),
    ] {
        let (status, problem) = office.post("/api/v1/sweeps", &token, body).await;
        assert_eq!((status, &problem["hint"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("send `\"confirm\": true`")));
    }
    let (_, preview) = office.post("/api/v1/previews", &token, json!({ "selection": "first week" })).await;
    let counts = ["anonymized", "refused", "not_found"].map(|name| preview[name].as_u64().unwrap());
    assert_eq!((counts, &preview["refusals"]["open-orders"]), ([2, 1, 1], &json!(1)));
    assert_eq!(office.company.dump().await, before);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    let send = async || {
        let request = office.request(Method::POST, "/api/v1/sweeps").bearer_auth(&token);
        let request = request.header("content-type", "application/json").header("idempotency-key", "k");
        answer(request.body(over("first week").to_string())).await
    };
    let (first, again) = (send().await, send().await);
    assert_eq!((first.0, &first), (StatusCode::ACCEPTED, &again));
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["1"]);
}

#[tokio::test]
async fn a_selection_can_be_held_for_a_second_person() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    saved(&office, &alice).await;
    let body = json!({ "name": "look", "sweep": { "selection": "first week" } });
    assert_eq!(office.post("/api/v1/reviews", &alice, body).await.0, StatusCode::ACCEPTED);
    let review = office.made("look", &alice).await;
    assert_eq!((&review["keys"], &review["to_look_at"]), (&json!(["C1", "C2"]), &json!(4)), "{review}");
    office.ask(Method::DELETE, "/api/v1/selections/first%20week", &alice, None).await;
    let (status, approved) = office.approve("look", &bob).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{approved}");
    assert_eq!(office.over(&approved["sweep"], &bob).await["progress"]["anonymized"], 2);
}

#[tokio::test]
async fn selections_that_make_no_sense_are_told_so() {
    let office = Office::new().await;
    let token = office.token("alice", &[Right::Bulk]).await;
    saved(&office, &token).await;
    let before = office.company.dump().await;
    let path = |name: &str| format!("/api/v1/selections/{name}");
    let many: Vec<String> = (0..10_001).map(|at| at.to_string()).collect();
    let long = path(&"x".repeat(61));
    for (path, body, status, said) in [
        (path("x"), json!({ "clients": [] }), 422, "no key was given"),
        (path("x"), json!({ "clients": ["C1", ""] }), 422, "`clients[1]`: the key is empty"),
        (path("x"), json!({ "clients": ["9".repeat(1_001)] }), 422, "`clients[0]`: the key has more than 1,000 bytes"),
        (path("x"), json!({ "clients": many }), 422, "more than 10,000 clients"),
        (path("x"), json!({ "clients": ["a\u{0}b"] }), 400, "NUL"),
        (path("x"), json!({ "clients": [7] }), 400, "expected a string"),
        (path("x"), json!({ "keys": ["C1"] }), 400, "unknown field `keys`"),
        (path("x"), json!({ "clients": "C1" }), 400, "expected a sequence"),
        (path("%20"), json!({ "clients": ["C1"] }), 422, "the name cannot be"),
        (path("a%0Ab"), json!({ "clients": ["C1"] }), 422, "the name cannot be"),
        (long, json!({ "clients": ["C1"] }), 422, "the name cannot be"),
    ] {
        let (found, problem) = office.ask(Method::PUT, &path, &token, Some(body)).await;
        assert_eq!(found.as_u16(), status, "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{said}: {problem}");
        assert!(!problem["hint"].as_str().unwrap().is_empty(), "{problem}");
    }
    for (sweep, status, said) in [
        (json!({ "selection": "frist week" }), 404, "selection `frist week` not found"),
        (json!({ "selection": "first week", "kind": "due" }), 422, "go together"),
        (json!({ "selection": "first week", "job": "nightly" }), 422, "`job` cannot be combined with"),
        (
            json!({ "selection": "first week", "kind": "list", "clients": ["C1"] }),
            422,
            "`clients` and `selection` cannot be combined",
        ),
        (json!({ "selection": 7 }), 400, "expected a string"),
    ] {
        for path in ["/api/v1/sweeps", "/api/v1/previews"] {
            let body =
                if path.ends_with("sweeps") { json!({ "sweep": sweep, "confirm": true }) } else { sweep.clone() };
            let (found, problem) = office.post(path, &token, body).await;
            assert_eq!(found.as_u16(), status, "{sweep}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(said), "{said}: {problem}");
        }
    }
    let (_, problem) = office.get("/api/v1/selections/frist%20week", &token).await;
    assert_eq!(problem["hint"], "did you mean `first week`?");
    for query in ["?limit=0", "?limit=1001", "?page=2"] {
        assert_eq!(
            office.get(&path(&format!("first%20week{query}")), &token).await.0,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
    assert_eq!(office.company.rows("SELECT name, clients FROM lethe_selections").await, ["first week|4"]);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_selected").await, ["4"]);
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_sweeps").await, ["0"]);
    assert_eq!(office.company.dump().await, before);
}

#[tokio::test]
async fn the_page_shows_selections_and_starts_a_sweep_over_one_in_three_languages() {
    let office = Office::new().await;
    office.work();
    let token = office.token("alice", &[Right::Bulk]).await;
    let browser = Browser::signed_in(&office, &token).await;
    assert!(!browser.page("/").await.contains("id=\"selections\""), "without one there is nothing to show");
    saved(&office, &token).await;
    for (language, word) in [("fr", "Sélections"), ("de", "Auswahlen"), ("en", "Selections")] {
        let (_, page, _) = browser.send(Method::GET, "/", &[], &[("accept-language", language)]).await;
        assert!(page.contains(&format!("<h2 id=\"selections\">{word}</h2>")), "{language}: {page}");
    }
    let preview = browser.page("/selections/first%20week/preview").await;
    assert!(
        preview.contains("/selections/first%20week/start") && preview.contains("Would be refused (1)"),
        "{preview}"
    );
    let mark = browser.mark().await;
    let start = "/selections/first%20week/start";
    let (status, ..) = browser.send(Method::POST, start, &[("mark", &mark)], &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the box was not ticked");
    let (status, ..) = browser.send(Method::POST, start, &[("mark", "x"), ("sure", "on")], &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the form was not ours");
    let (status, to, _) = browser.send(Method::POST, start, &form_of(&preview, "start", &mark), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
    let sweep: Value = to.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(office.over(&sweep, &token).await["progress"]["anonymized"], 2);
}

#[tokio::test]
async fn a_hundred_thousand_keys_are_saved_and_swept_in_a_handful_of_statements() {
    let office = Office::new().await;
    let token = office.token("alice", &[Right::Bulk]).await;
    saved(&office, &token).await;
    if is_on_postgres() {
        let counting = "CREATE TABLE lethe.counted (what TEXT);
             CREATE FUNCTION lethe.count_it() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO lethe.counted VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
             CREATE TRIGGER counts AFTER INSERT ON lethe.lethe_selected FOR EACH STATEMENT EXECUTE FUNCTION lethe.count_it();
             CREATE TRIGGER counts AFTER INSERT ON lethe.lethe_batches FOR EACH STATEMENT EXECUTE FUNCTION lethe.count_it();";
        office.company.execute(counting).await;
    }
    let service = service(&office.company);
    let began = Instant::now();
    let keys = &mut (0..100_000).chain([7]).map(|at| Ok((at, format!("K{at:06}"))));
    let saved = service.save_selection("all", false, Given { keys, place: &|at| at.to_string() }).await.unwrap();
    assert_eq!((saved.selection.clients, saved.twice), (100_000, 1));
    let (status, opened) = office.post("/api/v1/sweeps", &token, over("all")).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{opened}");
    assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
    let batches = "SELECT count(*), min(clients), max(clients) FROM lethe_batches";
    assert_eq!(office.company.rows(batches).await, ["1000|100|100"]);
    let keys = "SELECT keys FROM lethe_batches WHERE id = (SELECT max(id) FROM lethe_batches)";
    let last: Vec<String> = serde_json::from_str(&office.company.rows(keys).await[0]).unwrap();
    assert_eq!((last[0].as_str(), last[99].as_str()), ("K099900", "K099999"));
    if is_on_postgres() {
        let counted = office.company.rows("SELECT what, count(*) FROM lethe.counted GROUP BY 1 ORDER BY 1").await;
        assert_eq!(counted, ["lethe_batches|1", "lethe_selected|11"], "a page of ten thousand keys is a statement");
    }
    service.delete_selection("all").await.unwrap();
    assert_eq!(office.company.rows("SELECT count(*) FROM lethe_selected").await, ["4"]);
}

#[tokio::test]
async fn keys_of_several_parts_are_saved_and_swept_as_they_are() {
    let schema = "CREATE TABLE members (club TEXT, no INTEGER, name TEXT, PRIMARY KEY (club, no));
        INSERT INTO members VALUES ('NORTH', 1, 'Ann Archer'), ('NORTH', 2, 'Bob Baker'), ('A, \"B\"', 1, 'Cid Cook');";
    let policy = "[client]\ntable = \"members\"\nkey = [\"club\", \"no\"]\n[tables.members.columns]\nclub = { class = \"non-personal\" }\n\
                  no = { class = \"non-personal\" }\nname = { class = \"personal\", replace = \"Gone\" }\n";
    let company = Company::new(schema, policy).await;
    let service = service(&company);
    let given = ["NORTH,1", "NORTH, 1", r#"["A, \"B\"","1"]"#];
    let keys = &mut given.into_iter().enumerate().map(|(at, key)| Ok((at, key.to_owned())));
    let saved = service.save_selection("two", false, Given { keys, place: &|at| at.to_string() }).await.unwrap();
    assert_eq!((saved.selection.clients, saved.twice), (2, 1));
    let ask = Ask { selection: Some("two".to_owned()), force: true, ..Ask::default() };
    let preview = service.preview(&ask).await.unwrap();
    assert_eq!(preview.found.tally.anonymized, 2);
    let request = Request { selection: Some("two".to_owned()), ..company.forced(&[]) };
    assert_eq!(company.sweep(&request).await.unwrap().anonymized, 2);
    let names = company.rows("SELECT name FROM members ORDER BY club, no").await;
    assert_eq!(names, ["Gone", "Gone", "Bob Baker"]);
}

#[tokio::test]
async fn a_selection_cut_short_is_not_found_and_is_forgotten_a_day_later() {
    let office = Office::new().await;
    let (service, ledger) = (service(&office.company), &office.company.context.ledger);
    let cut_short = ledger.begin_selection("spring", 1, ("alice", &Limit::default())).await.unwrap();
    ledger.add_to_selection(cut_short, &["C4".to_owned()]).await.unwrap();
    assert!(service.selections(None, 10).await.unwrap().is_empty());
    assert!(service.selection("spring").await.is_err() && service.delete_selection("spring").await.is_err());
    let save = async |name: &str| {
        let keys = &mut ["C1"].into_iter().map(|key| Ok((1, key.to_owned())));
        service
            .save_selection(name, false, Given { keys, place: &|at| at.to_string() })
            .await
            .unwrap()
            .selection
            .clients
    };
    let kept = async || office.company.rows("SELECT client_key FROM lethe_selected ORDER BY 1").await;
    assert_eq!((save("spring").await, kept().await), (1, vec!["C1".to_owned(), "C4".to_owned()]));
    office.company.set_clock("2026-01-03T12:00:01Z");
    assert_eq!((save("summer").await, kept().await), (1, vec!["C1".to_owned(), "C1".to_owned()]));
}
