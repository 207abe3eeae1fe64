//! The class and action of a new column or item, written into the policy's file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Service;
use super::access::not_configured;
use super::coverage::Coverage;
use super::failure::{Failure, Kind};
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::reading::trouble;
use crate::plan::in_toml;
use crate::policy::Policy;

const HOW: &str = "name the place as the check of the policy does, such as `tables.customers.columns.hat_size`, and write \
     the rule as in the policy, such as `{ class = \"personal\", clear = true }`";

/// One rule is written at a time.
static WRITING: Mutex<()> = Mutex::const_new(());

/// A place of the policy that has a rule now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Classified {
    /// The column or item.
    pub classified: String,
    /// How many problems of the policy are left. Under the new policy, live sweeps need a new rehearsal.
    pub missing: usize,
}

impl Service {
    /// Lets the caller classify, or says why not in the words for those who may not configure.
    pub async fn may_classify(&self, place: &str) -> Result<(), Failure> {
        let allowed = self.allow_on(Right::Configure, "classify", place).await;
        if self.caller.rights.hold(Right::Configure) { allowed } else { Err(not_configured().of(Kind::Forbidden)) }
    }

    /// Writes a rule for a column or item into the policy, if the policy is none the worse for it. Comments and everything
    /// else in the file stay as they are.
    ///
    /// # Errors
    ///
    /// [`Failure`] in the words for those who may not configure; or if the place or the rule is wrong, the policy would
    /// have a problem more, or its file cannot be written.
    pub async fn classify(&self, place: &str, rule: &str) -> Result<Classified, Failure> {
        self.may_classify(place).await?;
        let wrong = |what: String| Failure::new(what, HOW);
        let Some((table, part, name)) = parts(place) else {
            return Err(wrong(format!("`{place}` is not a valid location")));
        };
        let place = format!("tables.{table}.{part}.{name}");
        let is_one_rule = toml::from_str::<toml::Table>(&format!("rule = {rule}"))
            .is_ok_and(|own| own.len() == 1 && own.get("rule").is_some_and(toml::Value::is_table));
        if !is_one_rule {
            return Err(wrong("this is not a rule".to_owned()));
        }
        let _writing = WRITING.lock().await;
        let (planner, store) = (&self.context.planner, &self.context.store);
        let text = planner.text()?;
        let changed = with_rule(&text, (table, part, name), rule.trim());
        Policy::parse(&changed).map_err(|error| wrong(error.to_string()))?;
        let left = planner.problems(store, changed.clone()).await?;
        if !left.is_empty() {
            let before = planner.problems(store, text.clone()).await?;
            if let Some(own) = left.iter().find(|own| own.place == place || !before.contains(own)) {
                let what = format!("the policy would be refused: {}: {}; nothing was written", own.place, own.what);
                return Err(Failure::new(what, own.fix.clone()));
            }
        }
        if planner.text()? != text {
            let what = "the policy was changed by another program just now";
            return Err(Failure::new(what, Act::CheckAgain.then(", and classify what is missing")).of(Kind::Conflict));
        }
        write(planner.path(), &changed).map_err(|error| {
            let path = planner.path().display();
            let what = format!("the policy `{path}` cannot be written by this process: {}", trouble(error.kind()));
            let hint = format!(
                "add the rule where the policy is maintained: `{}` under `{}`",
                entry(name, rule),
                section(table, part)
            );
            Failure::new(what, hint).of(Kind::Conflict)
        })?;
        planner.check_anew().await;
        Ok(Classified { classified: place, missing: left.len() })
    }
}

impl Coverage {
    /// Whether a place is a column or item without a rule.
    #[must_use]
    pub fn lacks(&self, place: &str) -> bool {
        parts(place).is_some_and(|(table, _, name)| {
            let own = self.tables.iter().find(|own| own.table.eq_ignore_ascii_case(table));
            own.is_some_and(|own| own.free.is_none() && !own.columns.iter().any(|own| own.column == name))
        })
    }
}

/// The table, `columns` or `keys`, and the column or key that a place names.
fn parts(place: &str) -> Option<(&str, &'static str, &str)> {
    let rest = place.trim().strip_prefix("tables.").unwrap_or(place.trim());
    let of = |part: &'static str| rest.split_once(&format!(".{part}.")).map(|(table, name)| (table, part, name));
    of("columns").or_else(|| of("keys")).filter(|(table, _, name)| !table.is_empty() && !name.is_empty())
}

fn entry(name: &str, rule: &str) -> String {
    format!("{} = {}", in_toml(name), rule.trim())
}

fn section(table: &str, part: &str) -> String {
    format!("[tables.{}.{part}]", in_toml(table))
}

/// The policy with a rule more.
fn with_rule(text: &str, (table, part, name): (&str, &str, &str), rule: &str) -> String {
    let entry = entry(name, rule);
    if let Some(changed) = below(text, table, Some(part), &entry) {
        return changed;
    }
    let section = format!("{}\n\n{}\n{entry}\n", text.trim_end(), section(table, part));
    // Where a table has `columns.name = …`, a section of columns would be a duplicate.
    if toml::from_str::<toml::Table>(&section).is_err()
        && let Some(changed) = below(text, table, None, &format!("{part}.{entry}"))
    {
        return changed;
    }
    section
}

/// The policy with an entry below the first header of a table, or of a part of it.
fn below(text: &str, table: &str, part: Option<&str>, entry: &str) -> Option<String> {
    let is_header = |line: &&str| {
        let section: Option<toml::Table> = line.starts_with('[').then(|| toml::from_str(line).ok()).flatten();
        let tables = section.as_ref().and_then(|own| own.get("tables")?.as_table());
        tables.is_some_and(|own| {
            own.iter().any(|(own, parts)| {
                let is_it = part.map_or_else(
                    || parts.as_table().is_some_and(toml::Table::is_empty),
                    |part| parts.get(part).is_some(),
                );
                own.eq_ignore_ascii_case(table) && is_it
            })
        })
    };
    let header = text.split_inclusive('\n').find(is_header)?;
    let at = text.split_inclusive('\n').take_while(|line| !is_header(line)).map(str::len).sum::<usize>() + header.len();
    let (before, after) = text.split_at(at);
    let end = if before.ends_with('\n') { "" } else { "\n" };
    Some(format!("{before}{end}{entry}\n{after}"))
}

/// Replaces a file whole, whatever happens meanwhile; a link to it stays one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let new = path.with_extension(format!("toml.{}", std::process::id()));
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{parts, with_rule};

    const POLICY: &str = "# ours\n[client]\ntable = \"c\"\n\n[tables.C.columns] # all of them\nno = 1 # the key\n";

    #[test]
    fn a_rule_is_added_and_everything_else_stays() {
        let rule = "{ class = \"sensitive\" }";
        let place = parts("tables.c.columns.hat size").expect("a place");
        let wanted = POLICY.replace("# all of them\n", "# all of them\n\"hat size\" = { class = \"sensitive\" }\n");
        assert_eq!(with_rule(POLICY, place, rule), wanted);
        let place = parts("d.keys.a.b").expect("a place");
        let wanted = format!("{POLICY}\n[tables.d.keys]\n\"a.b\" = {rule}\n");
        assert_eq!(with_rule(POLICY, place, rule), wanted);
        assert_eq!(with_rule("[tables.d.keys]", place, rule), format!("[tables.d.keys]\n\"a.b\" = {rule}\n"));
        let dotted = "[tables.d]\nclient = \"no\"\nkeys.x = { class = \"sensitive\" }\n";
        let wanted = dotted.replace("[tables.d]\n", &format!("[tables.d]\nkeys.\"a.b\" = {rule}\n"));
        assert_eq!(with_rule(dotted, place, rule), wanted, "a section of keys would be a duplicate");
        assert!(parts("tables.x").is_none() && parts("tables.x.columns.").is_none());
    }
}
