//! Conditions, guards, filters and the period.

use lethe::domain::outcome::Outcome;
use lethe::domain::sweep::SweepKind;

use super::support::{list, outcomes, policy, previewed};
use crate::common::Company;
use crate::common::place::is_on_postgres;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, type TEXT, score INTEGER, since DATE, \"due on\" DATE, extra TEXT, bill_to TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, status TEXT);
    CREATE TABLE lines (order_id INTEGER REFERENCES orders, open INTEGER);
    INSERT INTO customers VALUES ('A', 'person', 5, '2026-01-01', '2026-01-02', '{\"vip\":true}', 'B'), ('B', 'Company', NULL, '2026-01-02', NULL, NULL, NULL), ('C', NULL, -1, '2026-01-03 08:00', '2027-01-01', '{\"vip\":false}', 'A');
    INSERT INTO orders VALUES (1, 'A', 'open'), (2, 'B', 'closed');
    INSERT INTO lines VALUES (1, 0), (2, 1);
";

const TABLES: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    type.class = "non-personal"
    score.class = "non-personal"
    since.class = "non-personal"
    "due on".class = "non-personal"
    extra.class = "non-personal"
    bill_to.class = "non-personal"
    [tables.orders]
    client = "customer_no"
    columns.id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    columns.status.class = "non-personal"
    [tables.lines]
    client = { column = "order_id", through = "orders" }
    columns.order_id.class = "non-personal"
    columns.open.class = "non-personal"
"#;

/// A policy with one guard of these further settings.
fn guarded(settings: &str) -> String {
    policy(&format!("[[guards]]\nname = \"keeps\"\nreason = \"is kept\"\n{settings}\n{TABLES}"))
}

/// The clients whom a guard of these settings refuses.
async fn refused_by(settings: &str) -> String {
    let company = Company::new(SCHEMA, &guarded(settings)).await;
    let (_, clients) = company.preview(&list(&company, &["A", "B", "C"]).await).await;
    let refused = clients.into_iter().filter(|client| client.outcome == Outcome::Refused);
    refused.inspect(|client| assert_eq!(client.reasons, ["keeps"])).map(|client| client.key).collect()
}

#[tokio::test]
async fn a_condition_is_any_expression_of_the_database() {
    let own = if is_on_postgres() { OF_POSTGRES } else { OF_SQLITE };
    for (condition, refused) in OF_BOTH.iter().chain(own) {
        assert_eq!(refused_by(&format!("where = '''{condition}'''")).await, *refused, "{condition}");
    }
}

const OF_BOTH: &[(&str, &str)] = &[
    ("type = 'person'", "A"),
    ("customers.type = 'person'", "A"),
    ("type <> 'person'", "B"),
    ("type IS NULL", "C"),
    ("type IS DISTINCT FROM 'person'", "BC"),
    ("lower(type) IN ('person', 'company')", "AB"),
    ("NOT (score BETWEEN 0 AND 9)", "C"),
    ("coalesce(score, 0) = 0", "B"),
    ("CASE WHEN score > 0 THEN type = 'person' ELSE FALSE END", "A"),
    ("CAST(score AS TEXT) = '5'", "A"),
    ("since <= {today}", "AB"),
    ("\"due on\" > {today}", "C"),
    ("EXISTS (SELECT 1 FROM orders WHERE orders.customer_no = customers.no AND orders.status = 'open')", "A"),
    ("no IN (SELECT bill_to FROM customers)", "AB"),
    ("length(type) = 6 /* a comment */", "A"),
    ("TRUE", "ABC"),
    ("FALSE", ""),
    ("NULL", ""),
];

const OF_SQLITE: &[(&str, &str)] = &[
    ("type == 'person' OR score < 0", "AC"),
    ("type LIKE 'comp%'", "B"),
    ("type GLOB 'Comp*'", "B"),
    ("type COLLATE NOCASE = 'company'", "B"),
    ("CASE WHEN score > 0 THEN type = 'person' ELSE 0 END", "A"),
    ("date(since) <= {today}", "AB"),
    ("since < date({today}, '+1 day')", "AB"),
    ("[due on] = {today}", "A"),
    ("julianday({today}) - julianday(since) >= 1", "A"),
    ("json_extract(extra, '$.vip')", "A"),
    ("extra ->> '$.vip' = 0", "C"),
    ("1", "ABC"),
    ("0", ""),
];

const OF_POSTGRES: &[(&str, &str)] = &[
    ("type = 'person' OR score < 0", "AC"),
    ("type LIKE 'Comp%'", "B"),
    ("type ILIKE 'comp%'", "B"),
    ("type ~ '^Comp'", "B"),
    ("type = ANY ('{person,Company}')", "AB"),
    ("since::timestamp <= {today}", "AB"),
    ("since < DATE {today} + 1", "AB"),
    ("since < CAST({today} AS date) + INTERVAL '1 day'", "AB"),
    ("CAST({today} AS date) - since >= 1", "A"),
    ("(extra::jsonb ->> 'vip')::boolean", "A"),
    ("extra::jsonb @> '{\"vip\": false}'", "C"),
    ("extra::jsonb ? 'vip'", "AC"),
];

#[tokio::test]
async fn a_guard_looks_at_any_table_by_any_link() {
    for (settings, refused) in [
        ("table = 'orders'", "AB"),
        ("table = 'orders'\nwhere = \"status = 'open'\"", "A"),
        ("table = 'lines'\nwhere = 'open = 1'", "B"),
        ("table = 'customers'\nclient = 'bill_to'", "AB"),
        ("table = 'customers'\nclient = 'bill_to'\nwhere = \"type = 'person'\"", "B"),
        ("table = 'orders'\nclient = { column = 'customer_no', equals = 'bill_to' }", "AC"),
        (
            "table = 'orders'\nclient = [{ column = 'customer_no', where = \"status = 'closed'\" }, { column = 'customer_no', equals = 'bill_to', where = \"status = 'open'\" }]",
            "BC",
        ),
        ("table = 'lines'\nclient = { column = 'order_id', through = 'orders' }\nwhere = 'lines.open = 0'", "A"),
    ] {
        assert_eq!(refused_by(settings).await, refused, "{settings}");
    }
}

#[tokio::test]
async fn all_reasons_are_given_in_the_order_of_the_policy() {
    let guard = |name: &str, condition: &str| {
        format!("[[guards]]\nname = \"{name}\"\nreason = \"is kept\"\nwhere = \"{condition}\"\n")
    };
    let guards = guard("z-first", "score > 0") + &guard("never", "score > 99") + &guard("a-second", "type = 'person'");
    let company = Company::new(SCHEMA, &policy(&format!("{guards}{TABLES}"))).await;
    assert_eq!(outcomes(&company, &["A", "B"]).await, [r#"A refused ["z-first","a-second"]"#, "B anonymized"]);
}

const PERIOD: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, created_on DATE);
    CREATE TABLE entries (customer_no TEXT REFERENCES customers, payer_no TEXT, posted_on DATE, kind TEXT);
";

const ACTIVITY: &str = r#"
    [period]
    length = "6 years"
    otherwise = "created_on"
    activity = [
      { table = "entries", date = "posted_on", where = "kind <> 'memo'" },
      { table = "entries", client = "payer_no", date = "posted_on" },
    ]
    [tables.customers.columns]
    no.class = "non-personal"
    created_on.class = "non-personal"
    [tables.entries]
    client = "customer_no"
    columns.customer_no.class = "non-personal"
    columns.payer_no.class = "non-personal"
    columns.posted_on.class = "non-personal"
    columns.kind.class = "non-personal"
"#;

/// Whether a client created on a day, with these entries (day and kind), is due on 2 January 2026.
async fn lapses(created: &str, entries: &[(&str, &str)]) -> bool {
    let mut schema = format!("{PERIOD} INSERT INTO customers VALUES ('A', {created}), ('other', '2026-01-01');");
    for (day, kind) in entries {
        schema += &format!(
            "INSERT INTO entries VALUES ('A', 'other', {day}, '{kind}'), ('other', NULL, '2026-01-01', 'sale');"
        );
    }
    let company = Company::new(&schema, &policy(ACTIVITY)).await;
    let found = previewed(&company, SweepKind::Period).await;
    assert_eq!(company.period().await.anonymized, found.len() as u64);
    found == ["A anonymized"]
}

#[tokio::test]
async fn the_last_day_of_the_period_still_keeps_a_client() {
    assert!(lapses("'2000-01-01'", &[("'2020-01-01'", "sale")]).await);
    assert!(lapses("'2000-01-01'", &[("'2020-01-01 23:59:59'", "sale")]).await);
    assert!(!lapses("'2000-01-01'", &[("'2020-01-02'", "sale")]).await);
    assert!(!lapses("'2000-01-01'", &[("'2020-01-02 00:00:00'", "sale")]).await);
    assert!(!lapses("'2000-01-01'", &[("'2019-01-01'", "sale"), ("'2024-01-01'", "sale")]).await);
    assert!(!lapses("'2000-01-01'", &[("'2030-01-01'", "sale")]).await);
}

#[tokio::test]
async fn an_entry_that_does_not_count_keeps_no_client() {
    assert!(lapses("'2000-01-01'", &[("'2019-01-01'", "sale"), ("'2025-01-01'", "memo")]).await);
}

#[tokio::test]
async fn without_activity_the_start_of_the_client_counts() {
    assert!(lapses("'2020-01-01'", &[]).await);
    assert!(!lapses("'2020-01-02'", &[]).await);
    assert!(lapses("'2020-01-01'", &[("'2025-01-01'", "memo")]).await);
    assert!(lapses("'2025-01-01'", &[("'2019-01-01'", "sale")]).await);
}

/// No day at all, in every way in which a date column can say so, and these.
fn blank(days: &[&'static str]) -> Vec<&'static str> {
    let empty: &[&str] = if is_on_postgres() { &["NULL"] } else { &["NULL", "''", "'0000-00-00'"] };
    [empty, days].concat()
}

#[tokio::test]
async fn a_client_without_any_day_at_all_never_lapses() {
    for created in blank(&["'0001-01-01'", "'1753-01-01 00:00:00'", "'1900-01-01'", "'1900-01-01 00:00:00'"]) {
        assert!(!lapses(created, &[]).await, "{created}");
    }
}

#[tokio::test]
async fn an_entry_without_a_day_keeps_its_client() {
    for day in blank(&["'0001-01-01'", "'1753-01-01 00:00:00'", "'1900-01-01'"]) {
        assert!(!lapses("'2000-01-01'", &[(day, "sale")]).await, "{day}");
        assert!(!lapses("'2000-01-01'", &[(day, "sale"), ("'2019-01-01'", "sale")]).await, "{day}");
    }
}

#[tokio::test]
async fn activity_several_hops_away_counts_on_later_nights_too() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, kind TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, kind TEXT, day DATE);
        CREATE TABLE visits (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders, kind TEXT, day DATE);
        INSERT INTO customers VALUES ('A', 'x'), ('B', 'x'), ('C', 'x');
        INSERT INTO orders VALUES (1, 'A', 'memo', NULL), (2, 'B', 'sale', NULL), (3, 'C', 'sale', NULL);
        INSERT INTO visits VALUES (1, 1, 'call', '2024-12-31'), (2, 2, 'call', '2025-01-02'), (3, 3, 'call', '2025-01-02'), (4, 3, 'memo', '2025-06-01'), (5, 2, 'call', '2024-06-01');";
    let tables = r#"
        [period]
        length = "1 year"
        activity = [{ table = "visits", date = "day", where = "kind <> 'memo'" }]
        [tables.customers.columns]
        no.class = "non-personal"
        kind.class = "non-personal"
        [tables.orders]
        client = "customer_no"
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.kind.class = "non-personal"
        columns.day.class = "non-personal"
        [tables.visits]
        client = { column = "order_id", through = "orders", where = "kind <> 'none'" }
        columns.id.class = "non-personal"
        columns.order_id.class = "non-personal"
        columns.kind.class = "non-personal"
        columns.day.class = "non-personal"
    "#;
    let company = Company::new(schema, &policy(tables)).await;
    assert_eq!(previewed(&company, SweepKind::Period).await, ["A anonymized"]);
    assert_eq!(company.period().await.anonymized, 1);
    company.set_clock("2026-01-03T12:00:00Z");
    assert_eq!(previewed(&company, SweepKind::Period).await, ["B anonymized", "C anonymized"]);
    assert_eq!(company.period().await.anonymized, 2);
}

#[tokio::test]
async fn a_blank_to_anonymize_on_is_no_date() {
    for day in blank(&[
        "'1753-01-01 00:00:00'",
        "'1900-01-01'",
        "'1900-01-01 00:00:00'",
        "'2026-01-03'",
        "'2026-01-03 00:00:00'",
    ]) {
        assert_eq!(due(day).await, 0, "{day}");
    }
    for day in ["'1900-01-02'", "'2026-01-02'", "'2026-01-02 23:59:59'", "'2026-01-02T23:59:59Z'"] {
        assert_eq!(due(day).await, 1, "{day}");
    }
}

async fn due(day: &str) -> u64 {
    let schema =
        format!("CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE); INSERT INTO customers VALUES ('A', {day});");
    let policy = "client = { table = \"customers\", key = \"no\", to_anonymize_on = \"due\" }\n[tables.customers.columns]\nno.class = \"non-personal\"\ndue.class = \"non-personal\"";
    let company = Company::new(&schema, policy).await;
    company.due().await.anonymized
}

#[tokio::test]
async fn a_filter_compares_as_the_column_does() {
    let filters = "[filters]\nscore = \"score\"\nkind = \"type\"\n";
    let company = Company::new(SCHEMA, &policy(&format!("{filters}{TABLES}"))).await;
    for (name, values, expected) in
        [("score", vec!["5", "-1"], "AC"), ("kind", vec!["person", "company"], "A"), ("kind", vec!["o'clock", ""], "")]
    {
        let mut request = list(&company, &["A", "B", "C"]).await;
        request.filters.insert(name.to_owned(), values.into_iter().map(str::to_owned).collect());
        let (_, clients) = company.preview(&request).await;
        let passed = clients.into_iter().filter(|client| client.outcome == Outcome::Anonymized);
        assert_eq!(passed.map(|client| client.key).collect::<String>(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_guard_on_a_column_computed_from_what_a_rule_changes_is_asked_before_that() {
    let schema =
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, small TEXT GENERATED ALWAYS AS (lower(name)) STORED);
        INSERT INTO customers (no, name) VALUES ('A', 'Ann Archer'), ('B', 'Client');";
    let rules = policy(
        r#"
        [tables.customers.columns]
        no.class = "non-personal"
        name = { class = "personal", replace = "Client", identifying = true }
        [[guards]]
        name = "unnamed"
        reason = "has no name"
        where = "small = 'client'"
        "#,
    );
    let company = Company::new(schema, &rules).await;
    assert_eq!(outcomes(&company, &["A", "B"]).await, ["A anonymized", r#"B refused ["unnamed"]"#]);
}
