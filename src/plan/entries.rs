//! Key-value tables: what happens to the value of each key.

use super::builder::Builder;
use super::rules::{Rules, TableRules, stays};
use super::settle::Groups;
use super::{Condition, KnownKeys, Source};
use crate::policy::OnResidue;

impl TableRules<'_, '_> {
    /// The value column of a key-value table becomes one rule with a branch for each key.
    pub(super) fn entries(&self, builder: &mut Builder, rules: &mut Rules, groups: &mut Groups) {
        let Some(entry) = &self.rule.key_value else {
            if !self.rule.keys.is_empty() {
                builder.problem(
                    &self.place,
                    "`keys` without `key_value`",
                    "add `key_value = { key = \"…\", value = \"…\" }`",
                );
            }
            return;
        };
        let place = format!("{}.key_value", self.place);
        let (Some(key), Some(value)) =
            (builder.column(self.table, &entry.key, &place), builder.column(self.table, &entry.value, &place))
        else {
            return;
        };
        if let Some(said) = &entry.catalogue {
            let place = format!("{place}.catalogue");
            if let Some(table) = builder.live(&said.table, &place) {
                builder.column(table, &said.column, &place);
            }
        }
        if self.rule.keys.is_empty() {
            builder.problem(&place, "no key has a class", format!("list each key under `[{}.keys]`", self.place));
        }
        let Some(column) = self.table.column(&value) else { return };
        if let Some((name, _)) = self
            .rule
            .columns
            .iter()
            .find(|(name, said)| self.table.is_called(column, name) && (said.acts() || said.names().is_some()))
        {
            builder.problem(
                &format!("{}.columns.{name}", self.place),
                "this is the value column of `key_value`, and what happens to it is said under `keys`",
                "move the action to the keys that it is meant for",
            );
        }
        let mut branches = Vec::new();
        for (name, said) in &self.rule.keys {
            let place = format!("{}.keys.{name}", self.place);
            if said.links().iter().any(Option::is_some) {
                builder.problem(
                    &place,
                    "`for` has no meaning for a key",
                    "remove it: a key is handled alike in all rows of the client",
                );
            }
            if said.residue != OnResidue::Fail {
                let fix = format!(
                    "give it to the value column: `{value} = {{ class = \"personal\", keep = \"see keys\", residue = \"blank\" }}`"
                );
                builder.problem(&place, "`residue` belongs to the value column, not to a key", fix);
            }
            if said.cleanable {
                builder.problem(&place, "`cleanable` has no meaning for a key", "remove it: it is for a column");
            }
            let is_key = Condition::is_written(&key, name);
            if said.identifying {
                rules.identifying.push(Source {
                    table: self.table.name.clone(),
                    paths: self.paths.clone(),
                    columns: vec![value.clone()],
                    condition: Some(is_key.clone()),
                });
            }
            self.named_file(builder, rules, column, said, Some(&is_key), &place);
            let of_key = self.branches(builder, said, &[], &place);
            if said.identifying && of_key.as_ref().is_some_and(Vec::is_empty) {
                stays(builder, &place);
            }
            for mut branch in of_key.unwrap_or_default() {
                branch.condition = Some(branch.condition.map_or_else(|| is_key.clone(), |own| is_key.and(&own)));
                branches.push(branch);
            }
        }
        if !branches.is_empty() {
            let rule = self.rule(builder, column, branches, &[], &place);
            groups.entry((self.turn(column), Vec::new())).or_default().push(rule);
        }
    }

    pub(super) fn known_keys(&self, builder: &Builder) -> Option<KnownKeys> {
        let entry = self.rule.key_value.as_ref()?;
        let column = self.table.column(&entry.key)?.name.clone();
        let catalogue = entry.catalogue.as_ref().and_then(|said| {
            let table = builder.schema.table(&said.table)?;
            Some((table.name.clone(), table.column(&said.column)?.name.clone()))
        });
        Some(KnownKeys { column, known: self.rule.keys.keys().cloned().collect(), catalogue })
    }
}
