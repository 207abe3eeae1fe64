//! `docs/policy.md`, the shipped policy and the JSON Schema, held to what the
//! program does.

use std::path::{Path, PathBuf};

use lethe::policy::Policy;
use toml::{Table, Value};

use crate::common::Company;
use crate::policy_language::support::problems;

fn project(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(project(file)).unwrap_or_else(|error| panic!("{file} cannot be read: {error}"))
}

/// One TOML block of the reference.
struct Example {
    /// Its line in the page.
    line: usize,
    text: String,
    /// The schema in the block before it, if that was one: the example is then a whole policy.
    schema: Option<String>,
}

impl Example {
    /// What the comment `# word rest` at the beginning says.
    fn said(&self, word: &str) -> Option<&str> {
        let mut comments = self.text.lines().take_while(|line| line.starts_with('#'));
        comments.find_map(|line| line.strip_prefix("# ")?.strip_prefix(word)).map(str::trim)
    }

    /// The example as a whole policy, in the place of what the shop's policy says about the same.
    fn policy(&self) -> String {
        if self.schema.is_some() {
            return self.text.clone();
        }
        let heading = self.said("under ").map_or_else(String::new, |heading| format!("{heading}\n"));
        let fragment: Table = toml::from_str(&format!("{heading}{}", self.text))
            .unwrap_or_else(|error| panic!("docs/policy.md:{}: {error}", self.line));
        let mut whole: Table = toml::from_str(include_str!("reference/shop.toml")).unwrap();
        for (section, said) in fragment {
            match (section.as_str(), said) {
                ("tables", Value::Table(tables)) => splice(&mut whole, tables),
                (_, said) => {
                    whole.insert(section, said);
                }
            }
        }
        toml::to_string(&whole).unwrap()
    }
}

fn splice(whole: &mut Table, tables: Table) {
    let rules = whole["tables"].as_table_mut().unwrap();
    for (name, said) in tables {
        let rule = rules.entry(name).or_insert(Value::Table(Table::new())).as_table_mut().unwrap();
        let mut said = said.as_table().unwrap().clone();
        if said.contains_key("free") || said.get("rows").is_some_and(Value::is_str) {
            rule.remove("columns");
        }
        if said.contains_key("free") {
            rule.remove("client");
        }
        if let Some(columns) = said.remove("columns") {
            let own = rule.entry("columns").or_insert(Value::Table(Table::new())).as_table_mut().unwrap();
            own.extend(columns.as_table().unwrap().clone());
        }
        rule.extend(said);
    }
}

fn examples() -> Vec<Example> {
    let page = read("docs/policy.md");
    let mut examples = Vec::new();
    let mut schema = None;
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        match language {
            "sql" => schema = Some(text.join("\n")),
            "toml" => examples.push(Example { line: at + 2, text: text.join("\n"), schema: schema.take() }),
            _ => panic!("docs/policy.md:{}: a block without a language that is checked", at + 1),
        }
    }
    examples
}

#[tokio::test]
async fn every_example_is_a_policy_that_does_what_the_page_says() {
    let examples = examples();
    let mut faults = Vec::new();
    for example in &examples {
        let schema = example.schema.as_deref().unwrap_or(include_str!("reference/shop.sql"));
        let found = problems(schema, &example.policy()).await;
        match example.said("refused: ") {
            None if found.is_empty() => {}
            None => faults.push(format!("docs/policy.md:{} is refused: {found:#?}", example.line)),
            Some(what) if found.len() == 1 && found[0].contains(what) => {}
            Some(what) => {
                faults.push(format!("docs/policy.md:{} is not refused with `{what}`: {found:#?}", example.line));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let refused = examples.iter().filter(|example| example.said("refused: ").is_some()).count();
    assert!(examples.len() > 45 && refused > 10, "{} examples, {refused} of them refused", examples.len());
}

#[test]
fn every_place_that_the_page_points_to_on_itself_is_there() {
    let page = read("docs/policy.md");
    let heading = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
    };
    let headings: Vec<String> = page.lines().filter(|line| line.starts_with('#')).map(heading).collect();
    let targets = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
    let missing: Vec<&str> = targets.filter(|target| !headings.contains(&(*target).to_owned())).collect();
    assert!(missing.is_empty(), "{missing:?} of {headings:?}");
}

/// The names of all settings, from the JSON Schema.
fn settings(schema: &serde_json::Value, names: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(members) => {
            if let Some(serde_json::Value::Object(properties)) = members.get("properties") {
                names.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| settings(member, names));
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| settings(element, names)),
        _ => {}
    }
}

#[test]
fn every_setting_stands_in_the_list_of_settings_and_in_an_example() {
    let page = read("docs/policy.md");
    let (_, list) = page.split_once("## Every setting").expect("the list of settings");
    let examples: String = examples().into_iter().map(|example| example.text).collect();
    let mut names = Vec::new();
    settings(&serde_json::from_str(&read("schema/policy.schema.json")).unwrap(), &mut names);
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let listed = list.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name);
        assert!(listed, "`{name}` is not in the list of settings");
        // What happens if `residue` is left out needs no example.
        let shown = examples.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name);
        assert!(shown, "`{name}` is in no example");
    }
}

#[tokio::test]
async fn the_shipped_policy_is_a_plan_on_the_schema_shipped_with_it() {
    let text = read("policies/np-retail/policy.toml");
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.client.table, "customers");
    let company = Company::new(&read("policies/np-retail/schema.sql"), &text).await;
    let checked = company.context.planner.plan_checked(&company.context.store).await;
    assert!(checked.is_ok(), "{}", checked.unwrap_err());
}

#[test]
fn the_json_schema_is_the_one_that_the_program_prints() {
    let folder = tempfile::tempdir().unwrap();
    let printed = crate::common::lethe(folder.path()).args(["policy", "schema"]).assert().success();
    let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    let checked_in = std::fs::read_to_string(project("schema/policy.schema.json")).unwrap_or_default();
    assert!(printed == checked_in, "`lethe policy schema > schema/policy.schema.json` brings it up to date");
}
