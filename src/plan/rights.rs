//! What a role of the database must be allowed to do for a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Path, Plan};

/// What a plan does with one table. It reads each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Whether the table itself is locked against alteration, for which the
    /// right to read some of its columns is not enough.
    pub locked: bool,
    /// The columns that are written.
    pub updated: BTreeSet<String>,
    pub deleted: bool,
}

impl Plan {
    /// What is done with each table, by name.
    pub fn rights(&self) -> BTreeMap<String, Rights> {
        let mut all: BTreeMap<String, Rights> = BTreeMap::new();
        for step in &self.steps {
            let own = all.entry(step.table.clone()).or_default();
            own.locked = true;
            own.deleted |= !step.deletes.is_empty();
            let updates = step.updates.iter().chain(&step.unlinks);
            own.updated.extend(updates.flat_map(|update| &update.rules).map(|rule| rule.column.clone()));
        }
        for own in &self.cleanable {
            all.entry(own.table.clone()).or_default().updated.insert(own.rule.column.clone());
        }
        for own in &self.row_retention {
            all.entry(own.table.clone()).or_default().deleted = true;
        }
        for searched in &self.searched {
            let blanked = searched.groups.iter().flat_map(|group| &group.columns).filter(|own| own.is_blanked());
            all.entry(searched.table.clone()).or_default().updated.extend(blanked.map(|own| own.name.clone()));
        }
        let client = all.entry(self.client.table.clone()).or_default();
        client.locked = true;
        if client.updated.is_empty() {
            // A row can be locked only by who may write one of its columns.
            client.updated.extend(self.client.key.first().cloned());
        }
        for table in self.paths().flat_map(|path| &path.hops).map(|hop| &hop.table) {
            all.entry(table.clone()).or_default();
        }
        let activity = self.retention.iter().flat_map(|own| &own.activity).map(|own| &own.table);
        for table in activity
            .chain(self.identifying.iter().map(|source| &source.table))
            .chain(self.files.iter().map(|own| &own.table))
            .chain(self.steps.iter().filter_map(|step| step.keys.as_ref()?.catalogue.as_ref()).map(|(table, _)| table))
        {
            all.entry(table.clone()).or_default();
        }
        all
    }

    /// The relations that subqueries of conditions read: schema, where one is named, and name.
    pub fn also_read(&self) -> BTreeSet<(Option<String>, String)> {
        self.conditions.iter().flat_map(|placed| &placed.condition.relations).cloned().collect()
    }

    /// The functions that conditions call, or what else stands in front of a bracket.
    pub fn called(&self) -> BTreeSet<String> {
        let is_of_a_name = |own: char| own.is_alphanumeric() || own == '_';
        let before = self.conditions.iter().flat_map(|placed| placed.condition.text.split('('));
        let names = before.map(|own| own.trim_end().rsplit(|own| !is_of_a_name(own)).next().unwrap_or(own));
        names
            .filter(|own| own.starts_with(|own: char| own.is_alphabetic() || own == '_'))
            .map(str::to_lowercase)
            .collect()
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let guards = self.guards.iter().flat_map(|guard| &guard.paths);
        let activity = self.retention.iter().flat_map(|own| &own.activity).flat_map(|own| &own.paths);
        let selections = self.selections.iter().flat_map(|own| &own.paths);
        let steps = self.steps.iter().flat_map(|step| &step.paths);
        let sources = self.identifying.iter().flat_map(|source| &source.paths);
        let searched = self.searched.iter().map(|searched| &searched.path);
        let files = self.files.iter().flat_map(|own| &own.paths);
        steps.chain(guards).chain(activity).chain(selections).chain(sources).chain(searched).chain(files)
    }
}
