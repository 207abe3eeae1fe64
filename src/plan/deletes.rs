//! Rows that go altogether.

use std::collections::BTreeSet;

use super::builder::Builder;
use super::rules::TableRules;
use super::settle::Groups;
use super::{Condition, Delete, Path, REMEMBERED};
use crate::domain::schema::{ForeignKey, LiveColumn, LiveTable};
use crate::policy::{Column, OnResidue, Rows, Table};

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
        let deletes = match &self.rule.rows {
            None => return Vec::new(),
            Some(Rows::All(_)) => vec![self.delete(builder, self.paths.clone(), None)],
            Some(Rows::Some(conditions)) => {
                let changed: BTreeSet<&str> = groups.values().flatten().map(|rule| rule.column.as_str()).collect();
                let mut deletes = Vec::new();
                for (at, said) in conditions.iter().enumerate() {
                    let place = format!("{place}[{}]", at + 1);
                    self.known_link(builder, said.link.as_ref(), &place);
                    let Some(condition) = builder.condition(&said.delete, self.table, &place) else { continue };
                    if let Some(column) = condition.columns.iter().find(|column| changed.contains(column.as_str())) {
                        builder.problem(
                            &place,
                            format!("depends on `{column}`, which a rule of this table changes, so a second run could delete more"),
                            "make the condition depend on columns that stay",
                        );
                    }
                    deletes.push(self.delete(builder, self.by_links(said.link.as_slice()), Some(condition)));
                }
                deletes
            }
        };
        let paths = deletes.iter().flat_map(|delete| delete.paths.clone()).collect();
        cascades(builder, self.table, paths, &place);
        deletes
    }

    /// A link table refers to the rows behind it, so it has to go first; and it is the way to them. So does a column
    /// that is the way to the rows it refers to, and changes when the way is no longer needed.
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

/// Rows that are deleted, and the ways by which they are reached from their
/// clients; `None` where nothing says whose they are.
struct Gone<'a> {
    table: &'a LiveTable,
    paths: Option<Vec<Path>>,
}

/// How the database itself changes rows of another table when rows are deleted.
enum Along<'a> {
    /// A foreign key deletes them.
    Cascades(&'a ForeignKey),
    /// A foreign key empties its columns.
    Resets(&'a ForeignKey),
    /// A trigger deletes them.
    Trigger(&'a str),
}

/// Finds what the database itself deletes or empties when rows of a table are
/// deleted: rows of the same client are noted, everything else is refused.
pub(super) fn cascades(builder: &mut Builder, table: &LiveTable, paths: Vec<Path>, place: &str) {
    let schema = builder.schema;
    let mut seen = BTreeSet::from([table.name.clone()]);
    let mut queue = vec![Gone { table, paths: Some(paths) }];
    while let Some(gone) = queue.pop() {
        for other in schema.tables.values() {
            for key in other.foreign_keys.iter().filter(|key| key.references == gone.table.name) {
                let along = match key {
                    ForeignKey { cascades: true, .. } => Along::Cascades(key),
                    ForeignKey { resets: true, .. } => Along::Resets(key),
                    _ => continue,
                };
                let Some(taken) = builder.taken_along(&gone, other, &along, place) else { continue };
                if key.cascades && seen.insert(other.name.clone()) {
                    queue.push(taken);
                }
            }
            let fires = gone.table.triggers.iter().filter(|trigger| trigger.on_delete);
            for trigger in fires.filter(|trigger| trigger.deletes_from.iter().any(|own| is_called(other, own))) {
                let taken = builder.taken_along(&gone, other, &Along::Trigger(&trigger.name), place);
                queue.extend(taken.filter(|_| seen.insert(other.name.clone())));
            }
        }
    }
}

impl Builder<'_> {
    /// Notes that rows of a table are deleted or emptied along, and returns those; or refuses.
    fn taken_along<'t>(&mut self, gone: &Gone, other: &'t LiveTable, along: &Along, place: &str) -> Option<Gone<'t>> {
        let unknown = Some(Gone { table: other, paths: None });
        let said = self.rule_of(&other.name);
        let rule = said.filter(|rule| rule.free.is_none());
        let is_client = other.name == self.client_table.name;
        // What is reached by another column than the key may be of several clients, who refer to it.
        let is_of_one = gone.paths.as_ref().is_some_and(|paths| paths.iter().all(|path| path.by_key || path.exclusive));
        let is_emptied = is_of_one && rule.is_some_and(|rule| along.is_emptied_by(rule, other));
        let Some(rule) = rule.filter(|_| !is_client) else {
            if is_client && !is_emptied {
                let why = if matches!(along, Along::Resets(_)) {
                    "only its own rules change clients"
                } else {
                    "no client is ever deleted"
                };
                self.refuse(gone, other, along, why, place);
                return None;
            }
            if !is_client && said.is_some() && !matches!(along, Along::Resets(_)) {
                let why = "the policy keeps these rows, as `free` says that they are not about clients";
                self.refuse(gone, other, along, why, place);
            } else if !is_client {
                self.note(along.words(gone, other));
            }
            return unknown;
        };
        let paths = self.quiet_paths(other);
        let all_deleted = matches!(rule.rows, Some(Rows::All(_)));
        if is_emptied || (all_deleted && along.is_a_way_to(gone, other)) {
            return unknown;
        }
        if matches!(along, Along::Resets(_)) && other.name == gone.table.name {
            // An answer to a message that is deleted: it stays, and answers none.
            self.note(along.words(gone, other));
            return unknown;
        }
        let reached = gone.paths.as_ref().and_then(|to_gone| along.reached(gone.table, other, &paths, to_gone));
        let Some(reached) = reached else {
            self.refuse(gone, other, along, "these may be rows of other clients, or rows that the policy keeps", place);
            return None;
        };
        if !all_deleted {
            if reached.len() < paths.len() {
                self.refuse(gone, other, along, "these may be rows of other clients too", place);
                return None;
            }
            if !matches!(along, Along::Resets(_)) && rule.columns.values().chain(rule.keys.values()).any(is_kept) {
                self.refuse(gone, other, along, "the policy keeps data in these rows", place);
                return None;
            }
            self.note(along.words(gone, other));
        }
        Some(Gone { table: other, paths: Some(reached) })
    }

    fn refuse(&mut self, gone: &Gone, other: &LiveTable, along: &Along, why: &str, place: &str) {
        let (gone, other) = (&gone.table.name, &other.name);
        let (what, who) = match along {
            Along::Cascades(key) => (
                format!(
                    "deletes rows of `{other}`: its foreign key ({}) says ON DELETE CASCADE",
                    key.columns.join(", ")
                ),
                "foreign key",
            ),
            Along::Resets(key) => (
                format!(
                    "empties `{}` in rows of `{other}`: its foreign key says ON DELETE SET NULL or SET DEFAULT",
                    key.columns.join("`, `")
                ),
                "foreign key",
            ),
            Along::Trigger(name) => (format!("deletes rows of `{other}`: trigger `{name}` does so"), "trigger"),
        };
        let fix = match along {
            Along::Resets(key) => {
                format!(
                    "keep the rows, or have the {who} changed; where rows of `{gone}` are of one client each, `clear = true` for `{}` does",
                    key.columns.join("`, `")
                )
            }
            _ if *other == self.client_table.name => {
                format!("keep the rows, or have the {who} changed so that it leaves `{other}` alone")
            }
            _ => format!(
                "keep the rows; have the {who} changed so that it leaves `{other}` alone; or, if its rows belong to the same client, \
                 link them `through = {gone:?}` and give them `rows = \"delete\"`"
            ),
        };
        self.problem(place, format!("deleting rows of `{gone}` also {what}, and {why}"), fix);
    }
}

/// Whether the policy says why a column's data stays.
fn is_kept(column: &Column) -> bool {
    column.keep.is_some() && column.residue != OnResidue::Blank
}

/// Whether the text of a trigger means this table; it may leave the schema out.
fn is_called(table: &LiveTable, name: &str) -> bool {
    let own = table.name.rsplit('.').next().unwrap_or(&table.name);
    own.eq_ignore_ascii_case(name)
}

impl Along<'_> {
    /// Whether the policy itself empties everything that is emptied.
    fn is_emptied_by(&self, rule: &Table, table: &LiveTable) -> bool {
        let Self::Resets(key) = self else { return false };
        let acts = |own: &String| {
            rule.columns
                .iter()
                .any(|(name, said)| said.acts() && table.column(name).is_some_and(|live| live.name == *own))
        };
        key.columns.iter().all(acts)
    }

    /// Whether the rows are those by which the deleted ones are reached, as in a table of pairs.
    fn is_a_way_to(&self, gone: &Gone, other: &LiveTable) -> bool {
        let Self::Cascades(key) = self else { return false };
        let passes = |path: &Path| {
            let next = path.hops.get(1).is_some_and(|next| next.table == other.name);
            next && same_columns(&path.hops[0].columns, &path.hops[0].matches, &key.referenced, &key.columns)
        };
        gone.paths.iter().flatten().any(passes)
    }

    /// The ways to the rows by which every one of them is reached from the
    /// clients whose rows are deleted: over the same columns, and on as they are.
    fn reached(&self, gone: &LiveTable, other: &LiveTable, paths: &[Path], to_gone: &[Path]) -> Option<Vec<Path>> {
        let is_over = |path: &Path, onward: &Path| {
            let hop = &path.hops[0];
            self.is_over(path)
                && hop.table == other.name
                && hop.condition.is_none()
                && path.exclusive == onward.exclusive
                && onward.hops.first().is_some_and(|first| first.table == gone.name)
                && path.hops[1..] == onward.hops[..]
        };
        let mut reached = Vec::new();
        for onward in to_gone {
            reached.push(paths.iter().find(|path| is_over(path, onward))?.clone());
        }
        // The other ways that begin so lead to the same rows.
        let leads = |path: &Path| path.hops.get(1).is_some_and(|next| next.table == gone.name);
        let more = paths.iter().filter(|path| !reached.contains(path) && leads(path) && self.is_over(path)).cloned();
        let more: Vec<Path> = more.collect();
        reached.extend(more);
        (!reached.is_empty()).then_some(reached)
    }

    /// Whether a way begins over the foreign key.
    fn is_over(&self, path: &Path) -> bool {
        match self {
            Self::Cascades(key) | Self::Resets(key) => {
                same_columns(&path.hops[0].columns, &path.hops[0].matches, &key.columns, &key.referenced)
            }
            Self::Trigger(_) => true,
        }
    }

    fn words(&self, gone: &Gone, other: &LiveTable) -> String {
        let (gone, other) = (&gone.table.name, &other.name);
        match self {
            Self::Cascades(_) => {
                format!("rows of `{other}` go with those of `{gone}`: its foreign key says ON DELETE CASCADE")
            }
            Self::Resets(key) => format!(
                "`{}` is emptied in rows of `{other}` when rows of `{gone}` are deleted: its foreign key says so",
                key.columns.join("`, `")
            ),
            Self::Trigger(name) => {
                format!("rows of `{other}` go with those of `{gone}`: trigger `{name}` deletes them")
            }
        }
    }
}

/// Whether two lists of pairs of columns are the same pairs.
fn same_columns(own: &[String], other: &[String], own_too: &[String], other_too: &[String]) -> bool {
    let pairs = |own: &[String], other: &[String]| -> BTreeSet<(String, String)> {
        own.iter().cloned().zip(other.iter().cloned()).collect()
    };
    own.len() == own_too.len() && pairs(own, other) == pairs(own_too, other_too)
}
