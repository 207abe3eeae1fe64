//! Former values in every form, and what is none: what a rule leaves as it is.

use lethe::domain::sweep::SweepKind;

use super::support::{outcomes, policy};
use crate::common::Company;
use crate::common::place::is_on_postgres;

const CUSTOMERS: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
    email = { class = "personal", clear = true, identifying = true }
"#;

/// Texts that carry `Thérèse O'Brien` or `t.obrien@example.org`.
const TEXTS: [&str; 26] = [
    "<p>Th&eacute;r&egrave;se O&#39;Brien</p>",
    "Th&#xe9;r&#232;se&nbsp;O&rsquo;Brien",
    "mailto:t.obrien&#64;example.org",
    "Th=C3=A9r=C3=A8se O=27Brien =C3=A9crit",
    "Subject: =?UTF-8?Q?Th=C3=A9r=C3=A8se_O=27Brien?=",
    "=?UTF-8?B?VGjDqXLD?=\n =?UTF-8?B?qHNlIE8nQnJpZW4=?=",
    r#"name: "Th\xC3\xA9r\xC3\xA8se O'Brien""#,
    r#"name: "Th\u00e9r\U000000e8se\x20O'Brien""#,
    "VGjDqXLDqHNlIE8nQnJpZW4=",
    "data:text/plain;base64,dC5vYnJpZW5AZXhhbXBsZS5vcmc=",
    r#"{"html":"Th&eacute;r\u0026egrave;se O\u0027Brien"}"#,
    "?q=VGjDqXLDqHNlIE8nQnJpZW4%3D",
    "<p>Th&eacute;r&egrave;se <b>O'Brien</b></p>",
    "name: 'Thérèse O''Brien'",
    "Th&eacuter&egravese&nbspO&#39Brien",
    "Th%u00E9r%u00E8se%20O%27Brien",
    "Th=C3=A9r=C3=A8se= \n O=27Brien",
    r"\x5468c3a972c3a87365204f27427269656e",
    "0x742E6F627269656E406578616D706C652E6F7267",
    "id=5468E972E87365204F27427269656E;",
    r"{\rtf1\ansi\b Th\'e9r\'e8se\b0  O'Brien\par}",
    r"{\rtf1 Th\u233 er\u232\'3fse {\i O'Brien}}",
    r"{\rtf1\uc0\b T\b0 h\u233 r\u232 se O'Brien}",
    r#"a:before { content: "Th\E9 r\0000E8se O\27 Brien" }"#,
    r#"name = "Th\u{e9}r\u{E8}se O'Brien""#,
    r"Th\351r\350se O\047Brien",
];

#[tokio::test]
async fn a_former_value_in_escapes_of_any_kind_fails_its_client() {
    let mut schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, body TEXT);
        INSERT INTO customers VALUES ('Z', 'Thérèse O''Brien', 't.obrien@example.org');
        INSERT INTO notes VALUES (99, 'Z', 'Rappeler Th&eacute;o, SGFubm92ZXIgdW5kIEJyZW1lbg== &amp; O=27Briennes');"
        .to_owned();
    for (at, text) in TEXTS.iter().enumerate() {
        let text = text.replace('\'', "''");
        schema.push_str(&format!(
            "INSERT INTO customers VALUES ('C{at:02}', 'Thérèse O''Brien', 't.obrien@example.org');
             INSERT INTO notes VALUES ({at}, 'C{at:02}', '{text}');"
        ));
    }
    let tables = r#"
        [tables.notes]
        client = "customer_no"
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.body.class = "non-personal"
    "#;
    let company = Company::new(&schema, &policy(&format!("{CUSTOMERS}{tables}"))).await;
    let keys: Vec<String> = (0..TEXTS.len()).map(|at| format!("C{at:02}")).chain(["Z".to_owned()]).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let expected: Vec<String> =
        keys.iter()
            .map(|key| {
                if *key == "Z" { "Z anonymized".to_owned() } else { format!(r#"{key} failed ["residue:notes.body"]"#) }
            })
            .collect();
    assert_eq!(outcomes(&company, &keys).await, expected);
}

#[tokio::test]
async fn values_that_are_coarse_already_are_no_residue() {
    let schema =
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, born TEXT, post_code TEXT, extra TEXT, shown TEXT);
        INSERT INTO customers VALUES ('C1', 'Anna Archer', '1980-01-01', '7501', '{\"colour\":\"red\"}', 'C1'),
          ('C2', 'Berta Baker', '1987-06-05', '75011', '{\"colour\":\"blue\",\"nick\":\"bebe\"}', 'Berta B'),
          ('C1000', 'Dora Dahl', '1987-06-05', '75011', '{\"nick\":\"bebe\"}', 'C1000');";
    // As the database itself writes documents.
    let schema =
        if is_on_postgres() { schema.replace("\":\"", "\": \"").replace("\",\"", "\", \"") } else { schema.to_owned() };
    let rules = r#"
        [tables.customers.columns]
        no.class = "non-personal"
        name = { class = "personal", replace = "Client", identifying = true }
        born = { class = "personal", generalize = "decade", identifying = true }
        post_code = { class = "personal", generalize = { first = 4 }, identifying = true }
        extra = { class = "personal", redact = ["$.nick"], identifying = true }
        shown = { class = "personal", replace = "{key}", identifying = true }
    "#;
    let company = Company::new(&schema, &policy(rules)).await;
    assert_eq!(
        outcomes(&company, &["C1", "C2", "C1000"]).await,
        ["C1 anonymized", "C1000 anonymized", "C2 anonymized"]
    );
    assert_eq!(
        company.rows("SELECT no, born, post_code, shown FROM customers ORDER BY no").await,
        ["C1|1980-01-01|7501|C1", "C1000|1980-01-01|7501|C1000", "C2|1980-01-01|7501|C2"]
    );
}

#[tokio::test]
async fn what_lethe_wrote_itself_is_no_residue_when_a_new_rule_is_replayed() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, login TEXT, email TEXT, fax TEXT, anonymized INTEGER NOT NULL DEFAULT 0);
        INSERT INTO customers (no, name, login, email, fax) VALUES ('CUST-1', 'Anna Archer', 'anna', 'anna@home.example', '1'),
          ('CUST-2', 'Berta Baker', 'berta', 'berta@home.example', '2');";
    let rules = |fax: &str| {
        format!(
            r#"
client = {{ table = "customers", key = "no", anonymized = "anonymized" }}
[tables.customers.columns]
no.class = "non-personal"
name = {{ class = "personal", replace = "Client", identifying = true }}
login = {{ class = "personal", replace = "{{key}}", identifying = true }}
email = {{ class = "personal", replace = "{{key}}@gone.invalid", where = "name <> ''", identifying = true }}
fax = {fax}
anonymized.class = "non-personal"
"#
        )
    };
    let company = Company::new(schema, &rules("{ class = \"non-personal\" }")).await;
    assert_eq!(outcomes(&company, &["CUST-1", "CUST-2"]).await, ["CUST-1 anonymized", "CUST-2 anonymized"]);
    let newer = rules("{ class = \"personal\", clear = true }");
    std::fs::write(company.folder.path().join("policy.toml"), newer).expect("the policy is written");
    let tally = company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
    assert_eq!((tally.anonymized, tally.failed), (2, 0));
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE fax IS NULL").await, ["2"]);
}

#[tokio::test]
async fn columns_of_every_type_that_holds_texts_are_read_as_texts() {
    let of_type = |declared: &str, value: &str| {
        let extension = if declared == "hstore" || declared == "citext" {
            format!("CREATE EXTENSION {declared};")
        } else {
            String::new()
        };
        format!(
            "{extension}CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, held {declared});
             INSERT INTO customers VALUES ('A', 'Thérèse O''Brien', 't.obrien@example.org', {value});"
        )
    };
    let on_postgres = [
        ("tsvector", "to_tsvector('french', 'Rappeler Thérèse O''Brien lundi')"),
        ("tsvector", "strip(to_tsvector('simple', 'O''Brien, Thérèse'))"),
        ("tsvector[]", "ARRAY[to_tsvector('simple', 'O''Brien, Thérèse')]"),
        ("tsquery", "plainto_tsquery('simple', 'Thérèse O''Brien')"),
        ("jsonb[]", "ARRAY[jsonb_build_object('called', 'Thérèse O''Brien')]"),
        ("hstore", "hstore('called', 'Thérèse O''Brien')"),
        ("text[]", "ARRAY['x', 'Thérèse O''Brien']"),
        ("xml", "CAST('<c>Th&#233;rèse O&#39;Brien</c>' AS xml)"),
        ("citext", "'THÉRÈSE O''BRIEN'"),
        ("jsonb", "jsonb_build_object('t.obrien@example.org', 1)"),
    ];
    let on_sqlite = [("", "'Thérèse O''Brien'"), ("CLOB", "'t.obrien@example.org'")];
    let columns: &[_] = if is_on_postgres() { &on_postgres } else { &on_sqlite };
    for (declared, value) in columns {
        let rules = format!("{CUSTOMERS}held.class = \"non-personal\"");
        let company = Company::new(&of_type(declared, value), &policy(&rules)).await;
        assert_eq!(outcomes(&company, &["A"]).await, [r#"A failed ["residue:customers.held"]"#], "{declared}");
    }
}
