//! `lethe policy classify`: the class and action of a new column or item.

use std::path::Path;

use crate::cli::access::may_configure;
use crate::cli::output::Output;
use crate::cli::{Failure, setup};
use crate::domain::access::Right;
use crate::domain::plan::in_toml;
use crate::domain::policy::Policy;
use crate::domain::reading::trouble;
use crate::service::access::not_configured;

const HOW: &str = "name the place as `lethe policy check` does, such as `tables.customers.columns.hat_size`, and write \
     the rule as in the policy, such as `{ class = \"personal\", clear = true }`";

/// Writes a rule into the policy, for those who may configure.
pub(super) async fn classify(place: &str, rule: &str, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, service) = setup::service(file).await?;
    let allowed = service.allow(Right::Configure, &format!("classify {place}")).await;
    if !may_configure(&config, &service.context.store).await? {
        return Err(not_configured());
    }
    allowed?;
    let path = &config.policy;
    let unreadable = |error: std::io::Error| {
        Failure::new(format!("`{}`: {}", path.display(), trouble(error.kind())), "check the file and its folder")
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let changed = with_rule(&text, place, rule).ok_or_else(|| Failure::new(format!("`{place}` is no place"), HOW))?;
    Policy::parse(&changed).map_err(|error| Failure::new(error.to_string(), HOW))?;
    let new = path.with_extension("toml.new");
    std::fs::write(&new, &changed).and_then(|()| std::fs::rename(&new, path)).map_err(unreadable)?;
    out.data(&serde_json::json!({ "classified": place }), || {
        format!("`{place}` is classified. Next: `lethe policy check`, then rehearse: this is a new policy.")
    });
    Ok(())
}

/// The policy with a rule more; `None` if the place is none of a column or key.
fn with_rule(text: &str, place: &str, rule: &str) -> Option<String> {
    let rest = place.strip_prefix("tables.").unwrap_or(place);
    let of = |part: &'static str| rest.split_once(&format!(".{part}.")).map(|(table, name)| (table, part, name));
    let (table, part, name) = of("columns").or_else(|| of("keys"))?;
    let entry = format!("{} = {rule}\n", in_toml(name));
    let is_section = |line: &str| {
        let section: Option<toml::Table> = line.starts_with('[').then(|| toml::from_str(line).ok()).flatten();
        let tables = section.as_ref().and_then(|own| own.get("tables")?.as_table());
        tables.is_some_and(|own| {
            own.iter().any(|(own, parts)| own.eq_ignore_ascii_case(table) && parts.get(part).is_some())
        })
    };
    let mut changed = String::new();
    let mut written = false;
    for line in text.split_inclusive('\n') {
        changed += line;
        if !written && is_section(line) {
            changed += &entry;
            written = true;
        }
    }
    if !written {
        changed = format!("{}\n\n[tables.{}.{part}]\n{entry}", changed.trim_end(), in_toml(table));
    }
    Some(changed)
}
