//! Paths removed from JSON documents.

use super::support::{assert_changes, policy};
use crate::common::place::{Place, either, is_on_postgres, server};

/// What is expected, as the database writes documents that it has read: PostgreSQL in an order of its own.
fn as_written(documents: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = documents.iter().map(|(document, redacted)| ((*document).to_owned(), (*redacted).to_owned()));
    if !is_on_postgres() {
        return owned.collect();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Place::Server(server());
    owned
        .map(|(document, redacted)| {
            if serde_json::from_str::<serde_json::Value>(&redacted).is_err() {
                return (document, redacted);
            }
            let sql = format!("SELECT CAST('{}' AS jsonb)", redacted.replace('\'', "''"));
            (document, runtime.block_on(server.rows(&sql)).remove(0))
        })
        .collect()
}

/// Redacts these paths in a column called `column`, in a document a client, and compares the results.
fn assert_redacted(column: &str, paths: &str, documents: &[(&str, &str)]) {
    let mut schema = format!("CREATE TABLE customers (no TEXT PRIMARY KEY, \"{column}\" TEXT);");
    let keys: Vec<String> = (1..=documents.len()).map(|at| format!("{at:02}")).collect();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let documents = as_written(documents);
    for (key, (document, redacted)) in keys.iter().zip(&documents) {
        schema += &format!("INSERT INTO customers VALUES ('{key}', '{}');", document.replace('\'', "''"));
        if document != redacted {
            before.push(format!("- customers: {key}|{document}"));
            after.push(format!("+ customers: {key}|{redacted}"));
        }
    }
    let policy = policy(&format!(
        "[tables.customers.columns]\nno.class = \"non-personal\"\n\"{column}\" = {{ class = \"personal\", redact = [{paths}] }}"
    ));
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let expected: Vec<&str> = before.iter().chain(&after).map(String::as_str).collect();
    assert_changes(&schema, &policy, &keys, &expected);
}

#[test]
fn a_path_is_removed_and_the_rest_of_the_document_stays() {
    assert_redacted(
        "attributes",
        r#""$.contact.email", "$.nickname""#,
        &[
            (
                r#"{"contact":{"email":"ann@x.example","opt_in":true},"nickname":"Annie","size":38,"rate":1.50}"#,
                r#"{"contact":{"opt_in":true},"size":38,"rate":1.50}"#,
            ),
            (r#"{"contact":{"email":{"work":"a","home":"b"}}}"#, r#"{"contact":{}}"#),
            (r#"{"contact":"none","other":[1,null,"x"]}"#, r#"{"contact":"none","other":[1,null,"x"]}"#),
            ("{}", "{}"),
            ("[]", "[]"),
            ("12", "12"),
        ],
    );
}

#[test]
fn a_star_goes_through_every_element() {
    assert_redacted(
        "attributes",
        r#""$.members[*].name", "$.tags[*]""#,
        &[
            (
                r#"{"members":[{"name":"Ann","age":7},{"age":8},{"name":null}],"tags":["a","b"]}"#,
                r#"{"members":[{"age":7},{"age":8},{}],"tags":[]}"#,
            ),
            (
                r#"{"members":["Ann",1,1.5,true,false,null,["x",{"name":"y"}],{"name":"z"}]}"#,
                r#"{"members":["Ann",1,1.5,true,false,null,["x",{"name":"y"}],{}]}"#,
            ),
            (r#"{"members":[]}"#, r#"{"members":[]}"#),
            (r#"{"members":{"name":"not in a list"}}"#, r#"{"members":{"name":"not in a list"}}"#),
            (r#"{"tags":"none"}"#, r#"{"tags":"none"}"#),
        ],
    );
}

#[test]
fn stars_can_be_nested() {
    assert_redacted(
        "attributes",
        r#""$.households[*].members[*].phones[*].number", "$.households[*].name""#,
        &[(
            r#"{"households":[{"name":"Archer","members":[{"phones":[{"number":"1","kind":"home"},{"number":"2"}]},{"phones":[]},{"age":3}]},{"members":null},7]}"#,
            r#"{"households":[{"members":[{"phones":[{"kind":"home"},{}]},{"phones":[]},{"age":3}]},{"members":null},7]}"#,
        )],
    );
}

#[test]
fn a_document_can_be_a_list_and_an_element_can_be_named() {
    assert_redacted(
        "attributes",
        r#""$[*].name", "$[0].role""#,
        &[(r#"[{"name":"Ann","role":"owner"},{"name":"Bob","role":"heir"}]"#, r#"[{},{"role":"heir"}]"#)],
    );
}

#[test]
fn what_is_no_json_is_emptied() {
    assert_redacted(
        "attributes",
        r#""$.name""#,
        &[
            ("name: Ann", "NULL"),
            (r#"{"name":"Ann""#, "NULL"),
            ("{name:'Ann'}", "NULL"),
            ("", ""),
            (r#"{"other":"Ann\u0000"}"#, "NULL"),
            (r#"{"name":"Ann"} "#, "{}"),
        ],
    );
}

#[test]
fn a_name_given_twice_in_one_object_does_not_survive() {
    assert_redacted(
        "attributes",
        r#""$.name", "$.pets[*].name""#,
        &[
            (r#"{"name":"Ann","age":7,"name":"Anna","name":"Annie"}"#, either("NULL", r#"{"age":7}"#)),
            (r#"{"pets":[{"name":"Rex","name":"Max"}]}"#, either("NULL", r#"{"pets":[{}]}"#)),
        ],
    );
}

#[test]
fn a_name_written_with_escapes_is_the_same_name() {
    assert_redacted("attributes", r#""$.name""#, &[(r#"{"n\u0061me":"Ann","age":7}"#, r#"{"age":7}"#)]);
}

#[test]
fn the_columns_name_may_be_any() {
    for column in ["value", "key", "type", "json", "path", "atom", "id", "t", "customers", "full name"] {
        assert_redacted(
            column,
            r#""$.list[*].a[*].b", "$.list[*].c", "$.d""#,
            &[(r#"{"list":[{"a":[{"b":1,"x":2}],"c":3}],"d":4}"#, r#"{"list":[{"a":[{"x":2}]}]}"#)],
        );
    }
}

#[test]
fn many_paths_are_no_burden() {
    let paths: Vec<String> = (0..12).map(|at| format!("\"$.l{at}[*].a[*].b\"")).collect();
    let document: Vec<String> = (0..12).map(|at| format!("\"l{at}\":[{{\"a\":[{{\"b\":1}}]}}]")).collect();
    let redacted = document.join(",").replace("{\"b\":1}", "{}");
    assert_redacted(
        "attributes",
        &paths.join(", "),
        &[(&format!("{{{}}}", document.join(",")), &format!("{{{redacted}}}"))],
    );
}
