//! Rows that go altogether.

use std::collections::{BTreeSet, VecDeque};

use super::builder::Builder;
use super::rules::TableRules;
use super::settle::Groups;
use super::{Condition, Delete, Path, REMEMBERED};
use crate::domain::policy::Rows;
use crate::domain::schema::LiveColumn;

impl TableRules<'_, '_> {
    /// What `rows` says, and what the database takes along.
    pub(super) fn deletes(&self, builder: &mut Builder, groups: &Groups) -> Vec<Delete> {
        let place = format!("{}.rows", self.place);
        if self.rule.rows.is_some() && self.table.name == self.client.table {
            builder.problem(
                &place,
                "rows of the client table cannot be deleted",
                "anonymize their columns; invoices and statistics refer to them",
            );
            return Vec::new();
        }
        if self.rule.rows.is_some() {
            cascades(builder, &self.table.name);
        }
        match &self.rule.rows {
            None => Vec::new(),
            Some(Rows::All(_)) => vec![self.delete(builder, self.paths.clone(), None)],
            Some(Rows::Some(conditions)) => {
                let changed: BTreeSet<&str> = groups.values().flatten().map(|rule| rule.column.as_str()).collect();
                let mut deletes = Vec::new();
                for (at, said) in conditions.iter().enumerate() {
                    let place = format!("{place}[{}]", at + 1);
                    self.known_link(builder, said.link.as_ref(), &place);
                    let Some(condition) = builder.condition(&said.delete, self.table, &place) else { continue };
                    if let Some(column) = condition.columns().iter().find(|column| changed.contains(column.as_str())) {
                        builder.problem(
                            &place,
                            format!("depends on `{column}`, which a rule of this table changes, so a second run could delete more"),
                            "make the condition depend on columns that stay",
                        );
                    }
                    deletes.push(self.delete(builder, self.by_link(said.link.as_ref()), Some(condition)));
                }
                deletes
            }
        }
    }

    /// A link table refers to the rows behind it, so it has to go first; and it is the way to them. So does a column
    /// that is the way to the rows it refers to, and changes when nobody needs the way any more.
    fn delete(&self, builder: &Builder, paths: Vec<Path>, condition: Option<Condition>) -> Delete {
        let between = paths.iter().flat_map(|path| &path.hops[1..]);
        let going = between.filter(|hop| builder.rule_of(&hop.table).is_some_and(|rule| rule.rows.is_some()));
        let keys = going.filter_map(|hop| builder.schema.table(&hop.table)).flat_map(|table| &table.foreign_keys);
        let ways = paths.iter().flat_map(|path| {
            let tables = path.hops[1..].iter().map(|hop| hop.table.as_str()).chain([self.client.table.as_str()]);
            path.hops.iter().zip(tables).flat_map(|(hop, next)| hop.matches.iter().map(move |own| (next, own)))
        });
        let changed = ways.filter(|(table, column)| builder.changes(table, column));
        let changed: Vec<(&str, &String)> = changed.collect();
        let of_ways = changed.iter().filter_map(|(table, column)| {
            let keys = &builder.schema.table(table)?.foreign_keys;
            keys.iter().find(|key| key.columns.contains(*column))
        });
        let mut own =
            keys.chain(of_ways).filter(|key| key.references == self.table.name && key.referenced.len() <= REMEMBERED);
        let typed =
            |name: &String| (name.clone(), self.table.column(name).map_or("", LiveColumn::compares_as).to_owned());
        let remembered = own.next().map(|key| key.referenced.iter().map(typed).collect());
        Delete { paths, condition, remembered }
    }
}

/// Notes the tables that lose rows because the database itself deletes them along.
pub(super) fn cascades(builder: &mut Builder, table: &str) {
    let mut seen = BTreeSet::from([table.to_owned()]);
    let mut queue = VecDeque::from([table.to_owned()]);
    while let Some(gone) = queue.pop_front() {
        for table in builder.schema.tables.values() {
            let along = table.foreign_keys.iter().any(|key| key.cascades && key.references == gone);
            if along && seen.insert(table.name.clone()) {
                queue.push_back(table.name.clone());
                let said = builder.rule_of(&table.name).and_then(|rule| rule.rows.as_ref());
                if !matches!(said, Some(Rows::All(_))) {
                    let note = format!(
                        "rows of `{}` go with those of `{gone}`: its foreign key says ON DELETE CASCADE",
                        table.name
                    );
                    builder.note(note);
                }
            }
        }
    }
}
