//! The residue check: whatever form a former value is found in, its client is
//! left as it was, and the others go through.

use super::support::{difference, list, outcomes, policy};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, email TEXT, phone TEXT, extra JSON);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, note TEXT NOT NULL DEFAULT '', payload {any});
    INSERT INTO customers VALUES ('A', 'José Müller', 'jose.m@x.example', '+33 6 12 34 56 78', NULL), ('B', 'Bob Baker', 'bob@x.example', '0123 456 789', NULL), ('C', 'Cid', '', NULL, NULL);
    INSERT INTO orders VALUES (1, 'A', 'blue', NULL), (2, 'B', 'red', NULL), (3, NULL, '', NULL);
";

/// The schema, with a payload of any type, or of the type for everything.
fn schema() -> String {
    SCHEMA.replace("{any}", either("", "TEXT"))
}

const TABLES: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
    email = { class = "personal", replace = "{key}@invalid", identifying = true }
    phone = { class = "personal", clear = true, identifying = true }
    extra.class = "non-personal"
    [tables.orders]
    client = "customer_no"
    columns.id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    columns.note.class = "non-personal"
    columns.payload.class = "non-personal"
"#;

/// Sweeps A, B and C with these texts in an order's note, its payload and the extra of A, as SQL.
async fn swept(note: &str, payload: &str, extra: &str) -> (Vec<String>, Vec<String>) {
    let company = Company::new(&schema(), &policy(TABLES)).await;
    company
        .execute(&format!("UPDATE orders SET note = {note}, payload = {payload} WHERE id = 1; UPDATE customers SET extra = {extra} WHERE no = 'A'"))
        .await;
    let before = company.dump().await;
    let outcomes = outcomes(&company, &["A", "B", "C"]).await;
    (outcomes, difference(&before, &company.dump().await))
}

const OTHERS: [&str; 4] = [
    "- customers: B|Bob Baker|bob@x.example|0123 456 789|NULL",
    "- customers: C|Cid||NULL|NULL",
    "+ customers: B|Client|B@invalid|NULL|NULL",
    "+ customers: C|Client|C@invalid|NULL|NULL",
];

#[tokio::test]
async fn a_former_value_in_any_form_fails_its_client_and_no_other() {
    let broken = format!("'José' || {0}(13) || {0}(10) || 'Müller'", either("char", "chr"));
    for note in [
        broken.as_str(),
        "'jose.m@x.example'",
        "'ask jose.m@x.example.org instead'",
        "'wrote to JOSE.M@X.EXAMPLE.'",
        "'<Jose.M@x.example>'",
        "'to=jose.m%40x.example&n=1'",
        "'{\"to\":\"jose.m\\u0040x.example\"}'",
        "'José Müller'",
        "'Mr. JOSE MULLER, Esq.'",
        "'josé\u{a0}  müller'",
        "'Jose\u{301} Mu\u{308}ller'",
        "'ＪＯＳＥ ＭＵＬＬＥＲ'",
        "'{\"n\":\"Jos\\u00e9 M\\u00FCller\"}'",
        "'\"{\\\"n\\\":\\\"Jos\\\\u00e9 M\\\\u00fcller\\\"}\"'",
        "'n=Jos%C3%A9+M%C3%BCller'",
        "'+33612345678'",
        "'call 33 6 12-34-56-78 at noon'",
        "'tel:(33)6.12.34.56.78'",
    ] {
        let (outcomes, changed) = swept(note, "NULL", "NULL").await;
        assert_eq!(outcomes, [r#"A failed ["residue:orders.note"]"#, "B anonymized", "C anonymized"], "{note}");
        assert_eq!(changed, OTHERS, "{note}");
    }
}

#[tokio::test]
async fn json_and_columns_without_a_type_are_searched_too() {
    let (outcomes, changed) = swept("''", "'for José Müller'", "NULL").await;
    assert_eq!(outcomes[0], r#"A failed ["residue:orders.payload"]"#);
    assert_eq!(changed, OTHERS);
    for extra in [r#"'{"contact":{"mail":"jose.m@x.example"}}'"#, r#"'{"contact":{"name":"JOS\u00c9 M\u00dcLLER"}}'"#] {
        let (outcomes, changed) = swept("''", "NULL", extra).await;
        assert_eq!(outcomes[0], r#"A failed ["residue:customers.extra"]"#);
        assert_eq!(changed, OTHERS);
    }
}

#[tokio::test]
async fn what_is_not_the_value_is_no_residue() {
    for note in [
        "'José'",
        "'Müller'",
        "'Müller José'",
        "'José Müllers'",
        "'José Mueller'",
        "'jose.m@x.examples'",
        "'612345678'",
        "'336123456789'",
        "'Bob Baker'",
        "'Client'",
    ] {
        let (outcomes, _) = swept(note, "NULL", "NULL").await;
        assert_eq!(outcomes[0], "A anonymized", "{note}");
    }
}

#[tokio::test]
async fn columns_declared_as_numbers_dates_or_bytes_are_not_searched() {
    let declared: &[(&str, &str, &str)] = if is_on_postgres() {
        &[
            ("BIGINT", "33612345678", "A anonymized"),
            ("BYTEA", "convert_to('José Müller', 'UTF8')", "A anonymized"),
            ("JSONB", "'{\"to\": 33612345678}'", r#"A failed ["residue:orders.payload"]"#),
            ("TEXT[]", "ARRAY['x', 'José Müller']", r#"A failed ["residue:orders.payload"]"#),
        ]
    } else {
        &[
            ("INTEGER", "33612345678", "A anonymized"),
            ("DATE", "'José Müller'", "A anonymized"),
            ("BLOB", "CAST('José Müller' AS BLOB)", "A anonymized"),
            ("", "33612345678", r#"A failed ["residue:orders.payload"]"#),
            ("", "CAST('José Müller' AS BLOB)", r#"A failed ["residue:orders.payload"]"#),
        ]
    };
    for &(declared, value, expected) in declared {
        let company = Company::new(&SCHEMA.replace("{any}", declared), &policy(TABLES)).await;
        company.execute(&format!("UPDATE orders SET payload = {value} WHERE id = 1")).await;
        assert_eq!(outcomes(&company, &["A"]).await, [expected], "{declared}: {value}");
    }
}

#[tokio::test]
async fn short_values_are_not_looked_for() {
    for (min_length, expected) in
        [("", "C anonymized"), ("[residue]\nmin_length = 3\n", r#"C failed ["residue:orders.note"]"#)]
    {
        let company = Company::new(&schema(), &policy(&format!("{min_length}{TABLES}"))).await;
        company.execute("INSERT INTO orders VALUES (4, 'C', 'for Cid', NULL)").await;
        assert_eq!(outcomes(&company, &["C"]).await, [expected]);
    }
}

#[tokio::test]
async fn a_client_that_failed_stays_failed_until_its_policy_changes() {
    let company = Company::new(&schema(), &policy(TABLES)).await;
    company.execute("UPDATE orders SET note = 'jose.m@x.example' WHERE id = 1").await;
    assert_eq!(outcomes(&company, &["A"]).await, [r#"A failed ["residue:orders.note"]"#]);
    company.execute("UPDATE orders SET note = ''").await;
    assert_eq!(company.sweep(&list(&company, &["A"]).await).await.unwrap().failed, 1);
    let blanking =
        TABLES.replace("note.class = \"non-personal\"", "note = { class = \"non-personal\", residue = \"blank\" }");
    std::fs::write(company.folder.path().join("policy.toml"), policy(&blanking)).unwrap();
    assert_eq!(company.sweep(&list(&company, &["A"]).await).await.unwrap().anonymized, 1);
}

#[tokio::test]
async fn blank_empties_the_text_and_lets_the_client_go_through() {
    let blanking = TABLES
        .replace("note.class = \"non-personal\"", "note = { class = \"non-personal\", residue = \"blank\" }")
        .replace("payload.class = \"non-personal\"", "payload = { class = \"non-personal\", residue = \"blank\" }");
    let company = Company::new(&schema(), &policy(&blanking)).await;
    company
        .execute(
            "UPDATE orders SET note = 'for José Müller', payload = 'jose.m@x.example' WHERE id = 1;
             INSERT INTO orders VALUES (4, 'A', 'for somebody', 'else'), (5, 'B', 'for José Müller', NULL), (6, NULL, 'for José Müller', NULL)",
        )
        .await;
    let before = company.dump().await;
    assert_eq!(outcomes(&company, &["A"]).await, ["A anonymized"]);
    assert_eq!(
        difference(&before, &company.dump().await),
        [
            "- customers: A|José Müller|jose.m@x.example|+33 6 12 34 56 78|NULL",
            "+ customers: A|Client|A@invalid|NULL|NULL",
            "- orders: 1|A|for José Müller|jose.m@x.example",
            "+ orders: 1|A||NULL",
        ]
    );
}

#[tokio::test]
async fn characters_that_part_records_hide_nothing() {
    let separators: &[u8] = if is_on_postgres() { &[30, 31] } else { &[30, 31, 0] };
    for separator in separators {
        let char = format!("{}({separator})", either("char", "chr"));
        let text = format!("'ask' || {char} || 'José Müller' || {char} || 'again'");
        let (found, changed) = swept(&text, "NULL", "NULL").await;
        assert!(found[0].starts_with("A failed [\"residue:orders."), "{separator}: {found:?}");
        assert_eq!(changed, OTHERS);

        let blanking =
            TABLES.replace("note.class = \"non-personal\"", "note = { class = \"non-personal\", residue = \"blank\" }");
        let company = Company::new(&schema(), &policy(&blanking)).await;
        company.execute(&format!("UPDATE orders SET note = {text} WHERE id = 1")).await;
        let blanked = outcomes(&company, &["A"]).await == ["A anonymized"];
        assert_eq!(company.rows("SELECT note = '' FROM orders WHERE id = 1").await == ["1"], blanked, "{separator}");
    }
}
