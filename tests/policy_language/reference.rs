//! `docs/policy.md`, the shipped policy and the JSON Schema, held to what the program does.

use lethe::domain::policy::Policy;

use crate::common::{self, Company};

#[tokio::test]
async fn the_shipped_policy_is_a_plan_on_the_schema_shipped_with_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/np-retail");
    let text = std::fs::read_to_string(folder.join("policy.toml")).unwrap();
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.client.table, "customers");
    let schema = std::fs::read_to_string(folder.join("schema.sql")).unwrap();
    let company = Company::new(&schema, &text).await;
    let checked = company.context.planner.plan_checked(&company.context.store).await;
    assert!(checked.is_ok(), "{}", checked.unwrap_err());
}

#[test]
fn the_json_schema_is_the_one_that_the_program_prints() {
    let folder = tempfile::tempdir().unwrap();
    let printed = common::lethe(folder.path()).args(["policy", "schema"]).assert().success();
    let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/policy.schema.json");
    let checked_in = std::fs::read_to_string(file).unwrap_or_default();
    assert!(printed == checked_in, "`lethe policy schema > schema/policy.schema.json` brings it up to date");
}
