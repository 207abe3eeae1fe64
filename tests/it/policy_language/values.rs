//! NULL, the empty text, and one value written in several ways: in keys of key-value tables, marks and filters.

use std::collections::BTreeMap;

use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::SweepError;

use super::support::{assert_changes, list, policy, problems};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

const ENTRIES: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY);
    CREATE TABLE facts (no TEXT, k TEXT, v TEXT);
    INSERT INTO customers VALUES ('A'), ('B');
    INSERT INTO facts VALUES ('A', 'nick', 'Annie'), ('A', NULL, 'of no key'), ('A', '', 'of an empty key'), ('A', 'Nick', 'x'),
      ('B', NULL, 'Bobby'), (NULL, NULL, 'nobody');
";

const KEYS: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    [tables.facts]
    client = "no"
    key_value = { key = "k", value = "v" }
    columns.no.class = "non-personal"
    keys.nick = { class = "personal", replace = "gone" }
    keys.Nick.class = "non-personal"
"#;

#[tokio::test]
async fn an_entry_without_a_key_is_not_overlooked() {
    let found = problems(ENTRIES, &policy(KEYS)).await;
    assert_eq!(
        found,
        ["tables.facts.keys: table `facts` has entries without a key (NULL or empty), which are not classified"]
    );
    let company = Company::new(ENTRIES, &policy(KEYS)).await;
    let before = company.dump().await;
    let refused = company.sweep(&list(&company, &["A", "B"]).await).await.unwrap_err();
    assert!(refused.brief().contains("entries without a key"), "{refused}");
    assert_eq!(company.dump().await, before);
}

#[test]
fn the_empty_key_stands_for_null_too() {
    assert_changes(
        ENTRIES,
        &policy(&format!("{KEYS}\n keys.\"\" = {{ class = \"personal\", clear = true }}")),
        &["A"],
        &[
            "- facts: A|NULL|of no key",
            "- facts: A|nick|Annie",
            "- facts: A||of an empty key",
            "+ facts: A|NULL|NULL",
            "+ facts: A|nick|gone",
            "+ facts: A||NULL",
        ],
    );
}

#[test]
fn a_key_is_compared_as_it_is_written_whatever_its_type() {
    let columns = either("k", "k NUMERIC");
    assert_changes(
        &format!(
            "CREATE TABLE customers (no TEXT PRIMARY KEY);
             CREATE TABLE facts (no TEXT, {columns}, v TEXT);
             INSERT INTO customers VALUES ('A');
             INSERT INTO facts VALUES ('A', 5, 'Annie'), ('A', {}, 'Ann'), ('A', NULL, NULL);",
            either("CAST('6' AS BLOB)", "6")
        ),
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.facts]
            client = "no"
            key_value = { key = "k", value = "v" }
            columns.no.class = "non-personal"
            keys.5 = { class = "personal", clear = true }
            keys.6 = { class = "personal", clear = true }
            keys."".class = "non-personal"
            "#,
        ),
        &["A"],
        if is_on_postgres() {
            &["- facts: A|5|Annie", "- facts: A|6|Ann", "+ facts: A|5|NULL", "+ facts: A|6|NULL"]
        } else {
            &["- facts: A|1 bytes|Ann", "- facts: A|5|Annie", "+ facts: A|1 bytes|NULL", "+ facts: A|5|NULL"]
        },
    );
}

const MARKED: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE, gone {type});
    INSERT INTO customers VALUES ('A', '2020-01-01', 0), ('B', '2020-01-01', NULL), ('C', '2020-01-01', 1);
";

const MARKS: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due", anonymized = "gone" }
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.due.class = "non-personal"
    tables.customers.columns.gone.class = "non-personal"
"#;

#[tokio::test]
async fn a_mark_that_is_neither_yes_nor_no_stops_everything_before_it_begins() {
    let schema = MARKED.replace("{type}", either("BOOLEAN", "INTEGER"));
    for odd in if is_on_postgres() { ["2", "-1"].as_slice() } else { &["'f'", "'N'", "''", "'true'", "2", "x'00'"] } {
        let company = Company::new(&schema, MARKS).await;
        company.execute(&format!("INSERT INTO customers VALUES ('D', NULL, {odd})")).await;
        let before = company.dump().await;
        let request = list(&company, &["A"]).await;
        for request in [company.request(SweepKind::Due), request] {
            let refused = company.sweep(&request).await;
            let refused = refused.unwrap_err();
            let is_named = refused.brief().contains("`customers.gone` holds values other than 1, 0 and NULL");
            assert!(is_named, "{odd} {refused:?}");
        }
        let checked = company.context.planner.plan_checked(&company.context.store).await.unwrap_err();
        assert!(checked.brief().contains("`customers.gone` holds values other than 1, 0 and NULL"), "{checked}");
        assert_eq!(company.dump().await, before);
    }
    let company = Company::new(&schema, MARKS).await;
    let tally = company.sweep(&list(&company, &["A", "B", "C"]).await).await.unwrap();
    assert_eq!((tally.anonymized, tally.already), (2, 1));
}

const FILTERED: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE, grp CHAR(8), whole INTEGER, part NUMERIC(8,2), yes BOOLEAN, born DATE, \"seen at\" DATETIME, plain {plain});
    INSERT INTO customers VALUES ('A', '2020-01-01', 'RETAIL', 7, 7.50, {true}, '2000-02-29', '2020-01-01 10:00:00', {seven}),
      ('B', '2020-01-01', 'retail', 8, 8.00, {false}, '2000-03-01', '2020-01-01 00:00:00', 'x'),
      ('C', '2020-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('D', '2020-01-01', '', 0, 0, {false}, NULL, NULL, '');
";

const FILTERS: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    filters = { grp = "grp", whole = "whole", part = "part", yes = "yes", born = "born", seen = "seen at", plain = "plain" }
    [tables.customers.columns]
    no.class = "non-personal"
    due.class = "non-personal"
    grp.class = "non-personal"
    whole.class = "non-personal"
    part.class = "non-personal"
    yes.class = "non-personal"
    born.class = "non-personal"
    "seen at".class = "non-personal"
    plain.class = "non-personal"
"#;

/// The clients that a filter lets through, or that it is refused.
async fn filtered(company: &Company, name: &str, values: &[&str]) -> String {
    let mut request = company.request(SweepKind::Due);
    request.filters = BTreeMap::from([(name.to_owned(), values.iter().map(|own| (*own).to_owned()).collect())]);
    match company.survey(&request, lethe::worker::sweep::Mode::Preview).await {
        Ok((_, clients)) => clients.into_iter().map(|client| client.key).collect(),
        Err(SweepError::FilterValue { name: own, .. }) if own == name => "refused".to_owned(),
        Err(other) => panic!("{name}: {other}"),
    }
}

#[tokio::test]
async fn a_filter_compares_as_its_columns_type_does() {
    let schema = FILTERED
        .replace("{plain}", either("", "TEXT"))
        .replace("{seven}", either("7", "'7'"))
        .replace("{true}", either("1", "TRUE"))
        .replace("{false}", either("0", "FALSE"));
    let company = Company::new(&schema, FILTERS).await;
    let cases: [(&str, &[&str], &str); 29] = [
        ("grp", &["RETAIL"], "A"),
        ("grp", &["RETAIL", "retail"], "AB"),
        ("grp", &[""], "D"),
        ("grp", &["it's"], ""),
        ("whole", &["7"], "A"),
        ("whole", &["07"], "A"),
        ("whole", &["7.0"], "A"),
        ("whole", &[" +7 ", "8"], "AB"),
        ("whole", &["-0"], "D"),
        ("whole", &["7", "abc"], "refused"),
        ("whole", &[""], "refused"),
        ("whole", &["99999999999999999999"], ""),
        ("part", &["7.5"], "A"),
        ("part", &["7.50"], "A"),
        ("part", &["8"], "B"),
        ("part", &["7,5"], "refused"),
        ("yes", &["true"], "A"),
        ("yes", &["T"], "A"),
        ("yes", &["1"], "A"),
        ("yes", &["no"], "BD"),
        ("yes", &["2"], "refused"),
        ("born", &["2000-02-29"], "A"),
        ("born", &["2000-03-01 00:00:00"], "B"),
        ("born", &["2001-02-29"], "refused"),
        ("born", &["x"], "refused"),
        ("seen", &["2020-01-01T10:00"], "A"),
        ("seen", &["2020-01-01"], "B"),
        ("plain", &["7"], "A"),
        ("plain", &["' OR 1 = 1 --"], ""),
    ];
    for (name, values, wanted) in cases {
        assert_eq!(filtered(&company, name, values).await, wanted, "{name} {values:?}");
    }
}

#[tokio::test]
async fn a_filter_follows_the_columns_collation_or_type() {
    let schema = format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE, grp {}, id {});
         INSERT INTO customers VALUES ('A', '2020-01-01', 'Retail', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('B', '2020-01-01', 'RETAIL', NULL);",
        either("TEXT COLLATE NOCASE", "TEXT"),
        either("TEXT COLLATE NOCASE", "UUID")
    );
    let policy = r#"
        client = { table = "customers", key = "no", to_anonymize_on = "due" }
        filters = { grp = "grp", id = "id" }
        tables.customers.columns.no.class = "non-personal"
        tables.customers.columns.due.class = "non-personal"
        tables.customers.columns.grp.class = "non-personal"
        tables.customers.columns.id.class = "non-personal"
    "#;
    let company = Company::new(&schema, policy).await;
    assert_eq!(filtered(&company, "grp", &["retail"]).await, either("AB", ""));
    assert_eq!(filtered(&company, "id", &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]).await, "A");
    assert_eq!(filtered(&company, "id", &["abc"]).await, either("", "refused"));
}

#[tokio::test]
async fn an_empty_text_that_several_clients_have_is_no_link() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, login TEXT);
        CREATE TABLE sessions (login TEXT, note TEXT);
        INSERT INTO customers VALUES ('A', ''), ('B', ''), ('C', 'cid'), ('D', NULL), ('E', NULL);
        INSERT INTO sessions VALUES ('', 'whose?'), ('cid', 'x'), (NULL, 'nobody');";
    let linked = |link: &str| {
        policy(&format!(
            "tables.customers.columns.no.class = \"non-personal\"\ntables.customers.columns.login.class = \"non-personal\"\n\
             [tables.sessions]\nclient = {{ column = \"login\", equals = \"login\"{link} }}\nrows = \"delete\""
        ))
    };
    let found = problems(schema, &linked("")).await;
    let wanted = "tables.sessions.client: rows of `sessions` with an empty `login` would belong to every client whose `login` is empty";
    assert_eq!(found, [wanted]);
    assert_eq!(problems(schema, &linked(", where = \"login <> ''\"")).await, Vec::<String>::new());
}
