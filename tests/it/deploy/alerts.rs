//! The rules for Prometheus use metrics that exist.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::project::{read, root};

/// Names of metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c: char| !is_of_a_name(c)).filter(|word| word.starts_with("lethe_"));
    words.map(str::to_owned).collect()
}

#[test]
fn every_rule_uses_metrics_that_the_code_gives_and_the_page_explains() {
    let rules: Value = serde_saphyr::from_str(&read(&root().join("deploy/prometheus/alerts.yaml"))).expect("YAML");
    let source = read(&root().join("src/http/metrics.rs"));
    let page = read(&root().join("docs/operations.md"));
    let rules = rules["groups"][0]["rules"].as_array().expect("rules").clone();
    assert!(rules.len() > 8);
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        for part in ["summary", "description"] {
            assert!(rule["annotations"][part].is_string(), "{name} has no {part}");
        }
        assert!(["warning", "critical"].contains(&rule["labels"]["severity"].as_str().expect("a severity")));
        for metric in metrics(rule["expr"].as_str().expect("an expression")) {
            let declared = format!("\"{}\"", metric.trim_start_matches("lethe_"));
            assert!(source.contains(&declared), "{name}: no code gives `{metric}`");
            assert!(page.contains(&format!("`{metric}`")), "{name}: the page does not explain `{metric}`");
        }
    }
}
