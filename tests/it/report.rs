//! Reports: their figures are those of the data, they stay right, and the page
//! says what the JSON says, whatever things are called.

mod months;

use std::collections::BTreeMap;

use crate::common::Company;
use crate::common::place::either;
use lethe::domain::job::Brake;
use lethe::domain::sweep::SweepKind;
use lethe::report::{ReportOptions, SweepReport};
use lethe::worker::sweep::open;
use serde_json::Value;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, birth DATE, post_code TEXT, kind TEXT, due DATE, since DATE, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), status TEXT, note TEXT, place TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), page TEXT);
CREATE TABLE articles (id INTEGER PRIMARY KEY, called TEXT);
";

const POLICY: &str = r#"
version = "2026-01"
client = { table = "customers", key = "no", to_anonymize_on = "due", anonymized = "done" }
period = { length = "2 years", otherwise = "since" }
guards = [{ name = "open-orders", reason = "has open orders", table = "orders", where = "status = 'open'" }]
filters = { kind = "kind", name = "name" }

[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client", identifying = true }
birth = { class = "personal", generalize = "decade", quasi_identifier = true }
post_code = { class = "personal", generalize = { first = 2 }, quasi_identifier = true }
kind = { class = "non-personal", quasi_identifier = true }
due.class = "non-personal"
since.class = "non-personal"
done.class = "non-personal"

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id.class = "non-personal"
customer_no.class = "non-personal"
status.class = "non-personal"
note = { class = "non-personal" }
place = { class = "personal", keep = "the books need it" }

[tables.visits]
client = "customer_no"
rows = "delete"

[tables.articles]
free = "what the shop sells"
"#;

/// A client as it is made here: number, name, birth, post code, kind, due day.
struct Made {
    no: String,
    name: String,
    post_code: String,
    birth: i32,
    kind: &'static str,
    due: Option<&'static str>,
    is_open: bool,
}

fn made() -> Vec<Made> {
    let dues = ["2026-01-02", "2025-12-26", "2025-12-01", "2024-06-06", "2026-01-03"];
    (0..90_usize)
        .map(|at| Made {
            no: format!("K{at:03}"),
            name: format!("Person Nr{at:03}"),
            birth: 1950 + i32::try_from(at * 7 % 40).unwrap(),
            post_code: format!("{:02}{at:03}", [10, 20, 75][at % 3]),
            kind: if at == 12 { "sailor" } else { ["person", "company"][at % 2] },
            due: (at % 6 < 5).then(|| dues[at % 5]),
            is_open: at % 4 == 1,
        })
        .collect()
}

async fn company() -> Company {
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute("INSERT INTO articles VALUES (1, 'pen')").await;
    for own in made() {
        let due = own.due.map_or("NULL".to_owned(), |day| format!("'{day}'"));
        let status = if own.is_open { "open" } else { "closed" };
        company
            .execute(&format!(
                "INSERT INTO customers (no, name, birth, post_code, kind, due, since) VALUES ('{0}', '{1}', '{2}-06-05', '{3}', '{4}', {due}, '2023-12-31');
                 INSERT INTO orders (customer_no, status, note, place) VALUES ('{0}', '{status}', 'blue', 'Lund')",
                own.no, own.name, own.birth, own.post_code, own.kind
            ))
            .await;
    }
    company
}

async fn report(company: &Company, sweep: i64) -> SweepReport {
    report_with(company, sweep, ReportOptions::default()).await
}

async fn report_with(company: &Company, sweep: i64, wishes: ReportOptions) -> SweepReport {
    let made = SweepReport::make(&company.context, sweep, company.today(), wishes).await;
    made.expect("the database can be read").expect("there is such a sweep")
}

fn json(report: &SweepReport) -> Value {
    serde_json::to_value(report).expect("JSON")
}

/// Whether a sweep on 2 January 2026 takes a client.
fn is_taken(own: &Made) -> bool {
    own.due.is_some_and(|due| due <= "2026-01-02") && !own.is_open
}

#[tokio::test]
async fn the_figures_are_those_of_the_data() {
    let company = company().await;
    company.due().await;
    let made = made();
    let report = json(&report(&company, 1).await);

    let due: Vec<&Made> = made.iter().filter(|own| own.due.is_some_and(|due| due <= "2026-01-02")).collect();
    let taken = due.iter().filter(|own| is_taken(own)).count();
    assert!(taken > 20 && due.len() > taken, "{taken} of {}", due.len());
    assert_eq!(report["clients"]["looked_at"], due.len());
    assert_eq!(report["clients"]["anonymized"], taken);
    assert_eq!(report["clients"]["refused"], due.len() - taken);
    assert_eq!(report["refusals"][0]["reason"], "open-orders");
    assert_eq!(report["refusals"][0]["text"], "has open orders");
    assert_eq!(report["refusals"][0]["clients"], due.len() - taken);
    assert_eq!(report["policy"]["version"], "2026-01");

    // Refused ones are overdue: for more than 7, 30 and 365 days before 2 January. Some wait for 7 days to the day.
    let waiting =
        |before: &str| due.iter().filter(|own| own.is_open && own.due.is_some_and(|due| due < before)).count();
    let overdue = &report["now"]["overdue"][0];
    assert_eq!(overdue["by"], "date");
    assert_eq!(overdue["clients"], due.len() - taken);
    let longer: Vec<&Value> = overdue["longer"].as_array().unwrap().iter().map(|own| &own["clients"]).collect();
    assert_eq!(longer, [waiting("2025-12-26"), waiting("2025-12-03"), waiting("2025-01-02")]);
    // All clients' period of two years ended on 31 December 2025, two days ago.
    let by_period = &report["now"]["overdue"][1];
    assert_eq!((&by_period["by"], &by_period["clients"]), (&"period".into(), &(90 - taken).into()));
    assert_eq!(by_period["longer"][0]["clients"], 0);
    assert_eq!(report["now"]["standing"]["refused"], due.len() - taken);
}

type Seen = (i32, String, &'static str);

/// What an anonymized client looks like.
fn seen(own: &Made) -> Seen {
    (own.birth / 10 * 10, own.post_code[..2].to_owned(), own.kind)
}

fn groups(by: impl Fn(&Made) -> Seen) -> BTreeMap<Seen, u64> {
    let mut groups = BTreeMap::new();
    for own in made().iter().filter(|own| is_taken(own)) {
        *groups.entry(by(own)).or_default() += 1;
    }
    groups
}

#[tokio::test]
async fn groups_are_those_that_one_counts_by_hand() {
    let company = company().await;
    company.due().await;
    let found = json(&report(&company, 1).await)["now"]["groups"].clone();
    let all = groups(seen);
    let small: Vec<u64> = all.values().copied().filter(|clients| *clients < 5).collect();
    assert_eq!(found["clients"], all.values().sum::<u64>());
    assert_eq!(found["groups"], all.len());
    assert_eq!(found["k"], *all.values().min().unwrap());
    assert_eq!(
        (&found["small_groups"], &found["clients_in_small_groups"]),
        (&small.len().into(), &small.iter().sum::<u64>().into())
    );
    let without = [
        groups(|own| (0, seen(own).1, own.kind)),
        groups(|own| (seen(own).0, String::new(), own.kind)),
        groups(|own| (seen(own).0, seen(own).1, "")),
    ];
    let alone = [
        groups(|own| (seen(own).0, String::new(), "")),
        groups(|own| (0, seen(own).1, "")),
        groups(|own| (0, String::new(), own.kind)),
    ];
    for (at, name) in ["birth", "post_code", "kind"].iter().enumerate() {
        let column = &found["columns"][at];
        assert_eq!(column["column"], *name);
        assert_eq!(column["values"], alone[at].len(), "{name}");
        let rare: Vec<u64> = alone[at].values().copied().filter(|clients| *clients < 5).collect();
        assert_eq!(
            (&column["rare_values"], &column["clients_with_rare_values"]),
            (&rare.len().into(), &rare.iter().sum::<u64>().into()),
            "{name}"
        );
        assert_eq!(column["k_without"], *without[at].values().min().unwrap(), "{name}");
        let small: u64 = without[at].values().filter(|clients| **clients < 5).sum();
        assert_eq!(column["clients_in_small_groups_without"], small, "{name}");
    }
    assert!(is_taken(&made()[12]), "a client has the rare kind");
}

#[tokio::test]
async fn rare_values_are_named_only_when_asked_for() {
    let company = company().await;
    company.due().await;
    let quiet = report(&company, 1).await;
    assert!(!quiet.html("en").unwrap().contains("sailor") && !json(&quiet).to_string().contains("sailor"));
    let open = report_with(&company, 1, ReportOptions { values: true }).await;
    let rare = &json(&open)["now"]["groups"]["columns"][2]["rare"];
    assert_eq!(rare, &serde_json::json!([{ "value": "sailor", "clients": 1 }]));
    let page = open.html("en").unwrap();
    assert!(page.contains("sailor (1)") && page.contains("keep the report inside the company"), "{page}");
}

#[tokio::test]
async fn a_report_holds_no_clients_key_or_data() {
    let company = company().await;
    company.context.ledger.place_hold("K001", "lawsuit", "test").await.unwrap();
    company.due().await;
    for wishes in [ReportOptions::default(), ReportOptions { values: true }] {
        let report = report_with(&company, 1, wishes).await;
        let all = report.html("en").unwrap() + &json(&report).to_string();
        for own in made() {
            for secret in [&own.no, &own.name, &own.post_code] {
                assert!(!all.contains(secret.as_str()), "`{secret}` is a client's");
            }
        }
    }
}

#[tokio::test]
async fn a_filter_on_personal_data_is_counted_and_not_quoted() {
    let company = company().await;
    let mut request = company.request(SweepKind::Due);
    request.filters =
        [("kind".to_owned(), vec!["person".to_owned()]), ("name".to_owned(), vec!["Person Nr002".to_owned()])].into();
    company.sweep(&request).await.unwrap();
    let report = report(&company, 1).await;
    assert_eq!(json(&report)["sweep"]["filters"], serde_json::json!({ "kind": ["person"], "name": ["1 value"] }));
    assert!(!report.html("en").unwrap().contains("Nr002"));
}

#[tokio::test]
async fn a_sweep_of_last_month_is_reported_as_it_was() {
    let company = company().await;
    company.due().await;
    let then = json(&report(&company, 1).await);
    company
        .execute("UPDATE orders SET status = 'closed'; UPDATE customers SET due = '2026-01-05' WHERE due IS NULL")
        .await;
    company.set_clock("2026-02-09T12:00:00Z");
    company.due().await;
    let policy = POLICY.replace("2026-01", "2026-02").replace("has open orders", "waits for orders");
    std::fs::write(company.folder.path().join("policy.toml"), policy).unwrap();
    let later = report(&company, 1).await;
    let now = json(&later);
    for figures in ["sweep", "clients", "failures"] {
        assert_eq!(now[figures], then[figures], "{figures}");
    }
    assert_eq!(now["refusals"][0]["clients"], then["refusals"][0]["clients"]);
    assert_eq!(now["policy"]["digest"], then["policy"]["digest"]);
    assert_eq!((&now["policy"]["is_current"], &now["policy"]["version"]), (&false.into(), &Value::Null));
    // What is of now says so.
    assert_eq!(now["now"]["at"], "2026-02-09T12:00:00.000Z");
    assert_eq!(now["now"]["overdue"][0]["clients"], 0);
    let page = later.html("en").unwrap();
    assert!(
        page.contains("as of 2026-02-09 12:00 UTC") && page.contains("The policy or the schema has changed since"),
        "{page}"
    );
}

#[tokio::test]
async fn failures_are_told_by_their_reason_in_the_sweep_where_they_began() {
    let company = company().await;
    company.execute(&crate::common::words::refuses("customers", "old.no IN ('K002', 'K006')", "must stay")).await;
    company.due().await;
    company.set_clock("2026-01-02T13:00:00Z");
    company.due().await;
    let first = json(&report(&company, 1).await);
    assert_eq!((&first["clients"]["failed"], &first["clients"]["failed_before"]), (&2.into(), &0.into()));
    assert_eq!(first["failures"][0]["clients"], 2);
    let words = either("error 1811 (refused by a trigger)", "error P0001 (refused by a trigger or a function)");
    assert_eq!(first["failures"][0]["reason"], words);
    let second = json(&report(&company, 2).await);
    assert_eq!((&second["clients"]["failed"], &second["clients"]["failed_before"]), (&2.into(), &2.into()));
    assert_eq!(second["failures"], serde_json::json!([]));
    assert_eq!(second["now"]["standing"]["failed"], 2);
}

#[tokio::test]
async fn what_was_not_done_is_said_first() {
    let company = company().await;
    let mut request = company.request(SweepKind::Due);
    request.brake = Brake { clients: Some(3), share: Some(1.0) };
    open(&company.context, &request).await.unwrap_err();
    let page = report(&company, 1).await.html("en").unwrap();
    assert!(page.contains("This sweep was braked: "), "{page}");

    request.brake = Brake { clients: None, share: Some(1.0) };
    let running = open(&company.context, &request).await.unwrap().unwrap();
    let page = report(&company, running).await.html("en").unwrap();
    assert!(page.contains("This sweep is still running"), "{page}");
}

#[tokio::test]
async fn without_a_plan_the_report_says_what_the_ledger_has() {
    let company = company().await;
    company.due().await;
    let then = json(&report(&company, 1).await);
    company.execute("ALTER TABLE customers ADD COLUMN hobby TEXT").await;
    let report = report(&company, 1).await;
    let now = json(&report);
    assert_eq!(now["clients"], then["clients"]);
    assert_eq!(
        (&now["now"]["overdue"], &now["now"]["groups"], &now["remains"]),
        (&serde_json::json!([]), &Value::Null, &Value::Null)
    );
    let why = now["now"]["no_plan"].as_str().unwrap();
    assert!(why.contains("hobby"), "{why}");
    assert!(report.html("en").unwrap().contains("cannot be counted now"));
}

#[tokio::test]
async fn what_is_still_to_be_delivered_is_said_first_and_the_journals_head_too() {
    let company = company().await;
    company.due().await;
    let before = report(&company, 1).await;
    assert!(before.html("en").unwrap().contains("No journal is kept."));
    company
        .execute(
            "INSERT INTO lethe_journal (id, segment, number, hash, shipped_at) VALUES (1, 2, 1204, 'abc123', '2026-01-02T11:00:00.000Z');
             INSERT INTO lethe_deliveries (sweep, kind, target, body, message, client_key, state, attempts, run_at, made_at) \
             VALUES (1, 'file', 'photos', 'K000.jpg', 'm1', 'K000', 'open', 0, '2026-01-02T12:00:00.000Z', '2026-01-02T12:00:00.000Z')",
        )
        .await;
    let report = report(&company, 1).await;
    let (page, json) = (report.html("en").unwrap(), json(&report));
    assert_eq!(
        (&json["outside"]["journal"]["number"], &json["outside"]["journal"]["hash"]),
        (&1204.into(), &"abc123".into())
    );
    assert_eq!(json["outside"]["outstanding"][0]["open"], 1);
    for said in [
        "1 delivery is not complete",
        "record is 1,204, written 2026-01-02 11:00 UTC",
        "<code>abc123</code>",
        "file to photos: 1 pending",
    ] {
        assert!(page.contains(said), "`{said}` in {page}");
    }
    assert!(!page.contains("K000") && !json.to_string().contains("K000"));
    assert_keeps_to_itself(&page);
}

#[tokio::test]
async fn what_remains_is_what_the_policy_leaves() {
    let company = company().await;
    company.due().await;
    let report = json(&report(&company, 1).await);
    let tables = report["remains"]["tables"].as_array().unwrap();
    let names: Vec<&Value> = tables.iter().map(|table| &table["table"]).collect();
    assert_eq!(names, ["customers", "orders"]);
    assert_eq!(report["remains"]["deleted"], serde_json::json!(["visits"]));
    assert_eq!(report["remains"]["key"], serde_json::json!(["no"]));
    assert_eq!(tables[0]["coarsened"][0], serde_json::json!({ "column": "birth", "to": "the decade" }));
    assert_eq!(tables[1]["kept"][0], serde_json::json!({ "column": "place", "why": "the books need it" }));
    assert_eq!(tables[1]["reached_by"], serde_json::json!(["customer_no"]));
    let unchecked = report["not_checked"].to_string();
    for said in ["articles (what the shop sells)", "customers.name", "Backups", "fewer than 4 characters"] {
        assert!(unchecked.contains(said), "{unchecked}");
    }
}

/// The page as a tree. It is XML too, so nothing is left open.
fn tree(page: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    roxmltree::Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}\n{page}"))
}

/// All a page may be made of: nothing that loads, runs, or leads elsewhere.
const ELEMENTS: [&str; 36] = [
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "h1", "h2", "h3", "p", "b", "br",
    "small", "span", "code", "ul", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th",
    "td", "section", "time", "em", "ol", "strong",
];
const ATTRIBUTES: [&str; 8] = ["lang", "charset", "name", "content", "http-equiv", "class", "id", "scope"];

fn assert_keeps_to_itself(page: &str) {
    let tree = tree(page);
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        assert!(ELEMENTS.contains(&node.tag_name().name()), "<{}>", node.tag_name().name());
        for attribute in node.attributes() {
            assert!(ATTRIBUTES.contains(&attribute.name()), "{}=", attribute.name());
        }
    }
    let style =
        tree.descendants().find(|node| node.has_tag_name("style")).and_then(|node| node.text()).expect("a style");
    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
    let page = page.replace("postgres://", "");
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("//"),
        "nothing is loaded from elsewhere"
    );
    // Read aloud: a language, one title, headings in order, tables with names for their columns.
    assert_eq!(tree.root_element().attribute("lang"), Some("en"));
    let mut level = 0;
    for heading in tree.descendants().filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse::<u32>().ok()) {
        assert!(heading <= level + 1, "h{heading} follows h{level}");
        level = heading;
    }
    for table in tree.descendants().filter(|node| node.has_tag_name("table")) {
        let heads: Vec<_> = table.descendants().filter(|node| node.has_tag_name("th")).collect();
        assert!(!heads.is_empty() && heads.iter().all(|head| head.has_attribute("scope")), "a table without heads");
    }
}

/// The texts of all cells of the row that begins with a text.
fn row(page: &str, begin: &str) -> Vec<String> {
    let tree = tree(page);
    let text = |node: &roxmltree::Node| {
        node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect::<String>()
    };
    let rows = tree.descendants().filter(|node| node.has_tag_name("tr"));
    let mut cells =
        rows.map(|row| row.children().filter(roxmltree::Node::is_element).map(|cell| text(&cell)).collect::<Vec<_>>());
    cells
        .find(|cells| cells.first().is_some_and(|cell| cell == begin))
        .unwrap_or_else(|| panic!("no row `{begin}` in {page}"))
}

#[tokio::test]
async fn the_page_says_what_the_json_says_and_keeps_to_itself() {
    let company = company().await;
    company.execute(&crate::common::words::refuses("customers", "old.no IN ('K002', 'K006')", "must stay")).await;
    company.due().await;
    let report = report(&company, 1).await;
    let (page, json) = (report.html("en").unwrap(), json(&report));
    assert_keeps_to_itself(&page);
    let tree = tree(&page);
    let figures: Vec<&str> = tree
        .descendants()
        .filter(|node| node.has_tag_name("li"))
        .filter_map(|node| node.first_element_child()?.text())
        .collect();
    let clients = &json["clients"];
    let told = ["anonymized", "refused", "failed", "looked_at"].map(|name| clients[name].to_string());
    assert_eq!(figures, told);
    assert_eq!(row(&page, "has open orders")[2], json["refusals"][0]["clients"].to_string());
    assert_eq!(row(&page, json["failures"][0]["text"].as_str().unwrap())[1], "2");
    for overdue in json["now"]["overdue"].as_array().unwrap() {
        let mut told = vec![overdue["clients"].to_string()];
        told.extend(overdue["longer"].as_array().unwrap().iter().map(|own| own["clients"].to_string()));
        assert_eq!(row(&page, &format!("the {}", overdue["by"].as_str().unwrap()))[1..], told);
    }
    let groups = &json["now"]["groups"];
    assert!(page.contains(&format!("<b>k = {}</b>", groups["k"])), "{page}");
    for column in groups["columns"].as_array().unwrap() {
        let names =
            ["values", "rare_values", "clients_with_rare_values", "k_without", "clients_in_small_groups_without"];
        let told = names.map(|name| column[name].to_string());
        assert_eq!(row(&page, column["column"].as_str().unwrap())[1..], told);
    }
    assert!(page.contains(json["policy"]["digest"].as_str().unwrap()));
}

#[tokio::test]
async fn hostile_names_are_text_and_nothing_else() {
    const TABLE: &str = "<script>alert('1')</script>";
    let quoted = format!("\"{TABLE}\"");
    let schema = format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, \"a\"\"><img src=x>\" TEXT, due DATE);
         CREATE TABLE {quoted} (customer_no TEXT REFERENCES customers (no), \"&lt;b&gt;\" TEXT);
         INSERT INTO customers VALUES ('A', 'Ann', '<i>rare & \"odd\"</i>', '2026-01-01'), ('B', 'Bob', NULL, '2026-01-01');
         INSERT INTO {quoted} VALUES ('B', 'x');"
    );
    let policy = format!(
        r#"
        version = "</title><script>1</script>"
        client = {{ table = "customers", key = "no", to_anonymize_on = "due" }}
        guards = [{{ name = "open", reason = "has <b>open</b> & \"other\" orders", table = "{TABLE}" }}]
        [tables.customers.columns]
        no.class = "non-personal"
        name = {{ class = "personal", clear = true }}
        'a"><img src=x>' = {{ class = "personal", keep = "<u>why</u>", quasi_identifier = true }}
        due.class = "non-personal"
        [tables."{TABLE}"]
        client = "customer_no"
        [tables."{TABLE}".columns]
        customer_no.class = "non-personal"
        "&lt;b&gt;" = {{ class = "personal", keep = "<a href='x'>" }}
        "#
    );
    let company = Company::new(&schema, &policy).await;
    company.due().await;
    company.execute("UPDATE lethe_sweeps SET job = '<script>2</script>', note = '<!-- note', opened_by = '</body>' WHERE id = 1").await;
    let page = report_with(&company, 1, ReportOptions { values: true }).await.html("en").unwrap();
    assert_keeps_to_itself(&page);
    let tree = tree(&page);
    let text: String = tree.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
    for name in [
        TABLE,
        "a\"><img src=x>",
        "has <b>open</b> & \"other\" orders",
        "<u>why</u>",
        "<i>rare & \"odd\"</i>",
        "<script>2</script>",
        "</title><script>1</script>",
        "<!-- note",
        "</body>",
    ] {
        assert!(text.contains(name), "`{name}` is not there as it is: {text}");
    }
}
