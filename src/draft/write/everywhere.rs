//! What holds for columns of the same name in many tables, and links that many
//! tables share.

use std::collections::BTreeMap;

use super::WIDTH;
use super::table::{Entry, Listed, entry};
use super::toml::{comment, key, list};

/// The tables that have to agree before a decision is made for all of them.
const ENOUGH: usize = 3;

/// Decisions by column name.
#[derive(Default)]
pub(super) struct Everywhere {
    plain: Vec<String>,
    ruled: Vec<Entry>,
}

impl Everywhere {
    /// Takes out of the tables what most of them decide alike.
    pub(super) fn of(tables: &mut [Listed]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
        for own in tables.iter().flat_map(|table| &table.columns) {
            by_name.entry(own.column.to_lowercase()).or_default().push(own);
        }
        let mut everywhere = Self::default();
        for entries in by_name.into_values() {
            let decided = entries.iter().all(|own| own.doubt.is_none());
            let open = entries.iter().all(|own| own.doubt.is_some());
            if entries.len() < ENOUGH || !(decided || open) {
                continue;
            }
            let alike = |own: &Entry| entries.iter().filter(|other| other.rule == own.rule).count();
            let Some(most) = entries.iter().max_by_key(|own| alike(own)) else { continue };
            if alike(most) < ENOUGH || alike(most) * 3 < entries.len() * 2 || most.rule.contains("for = ") {
                continue;
            }
            if most.is_plain && decided {
                everywhere.plain.push(most.column.clone());
            } else {
                everywhere.ruled.push((*most).clone());
            }
        }
        for table in tables {
            table.columns.retain(|own| !everywhere.says(own));
        }
        everywhere
    }

    fn says(&self, own: &Entry) -> bool {
        let is_plain =
            own.is_plain && own.doubt.is_none() && self.plain.iter().any(|name| name.eq_ignore_ascii_case(&own.column));
        is_plain
            || self.ruled.iter().any(|other| other.column.eq_ignore_ascii_case(&own.column) && other.rule == own.rule)
    }

    /// Its part of the policy.
    pub(super) fn text(&self) -> String {
        let mut text = "# Rules for every table that does not have its own.\n[everywhere]\n".to_owned();
        text.push_str("blanks = \"stay\"   # blank values are left as they are\n");
        if !self.plain.is_empty() {
            text.push_str(&list("non_personal", &self.plain, WIDTH));
        }
        if !self.ruled.is_empty() {
            text.push_str("\n[everywhere.columns]\n");
            let width = self.ruled.iter().map(|own| key(&own.column).chars().count()).max().unwrap_or_default();
            for own in &self.ruled {
                let line = format!("{:width$} = {}", key(&own.column), own.rule);
                let doubt = own.doubt.as_ref().map(|doubt| format!("`{}` {doubt}", comment(&own.column)));
                text.push_str(&entry(&line, doubt.as_deref()));
            }
        }
        text
    }

    /// The places that wait for a decision.
    pub(super) fn uncertain(&self) -> Vec<String> {
        let open = self.ruled.iter().filter(|own| own.doubt.is_some());
        open.map(|own| comment(&format!("everywhere.{}", own.column))).collect()
    }
}

/// Takes out tables that say nothing but the same link, and writes them as families.
pub(super) fn families(tables: &mut Vec<Listed>) -> Option<String> {
    let is_bare =
        |table: &Listed| table.columns.is_empty() && table.keys.is_none() && table.settings.lines().count() == 1;
    let mut by_link: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in tables.iter().filter(|table| is_bare(table)) {
        by_link.entry(table.settings.clone()).or_default().push(table.table.clone());
    }
    by_link.retain(|_, names| names.len() >= ENOUGH);
    if by_link.is_empty() {
        return None;
    }
    tables.retain(|table| !(is_bare(table) && by_link.contains_key(&table.settings)));
    let families: Vec<String> = by_link
        .into_iter()
        .map(|(settings, names)| format!("[[families]]\n{}{settings}", list("tables", &names, WIDTH)))
        .collect();
    Some(format!("# Tables with the same link and no column of their own to decide.\n{}", families.join("\n")))
}
