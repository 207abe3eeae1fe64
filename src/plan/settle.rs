//! Whether the rules of a table can be applied in any order, and a second time,
//! and come to the same.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::{Path, Rule};
use crate::domain::schema::LiveTable;
use crate::policy::Action;

/// When rules have their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Before rows go that the column refers to.
    First,
    /// With the rows of their table.
    Then,
    /// After the residue check, as rows are reached through the column.
    Last,
}

/// Rules that are applied in one statement: their turn, and the links they are for; none for all of them.
pub(super) type Groups = BTreeMap<(Turn, Vec<String>), Vec<Rule>>;

/// Gives the rules of these columns, which refer to rows that go, the first
/// turn. What reads such a column, or reads what others change, stays where
/// everything of the row is read at once.
pub(super) fn release(groups: &mut Groups, referring: &BTreeSet<String>, table: &LiveTable) {
    let read: BTreeSet<String> = groups
        .values()
        .flatten()
        .flat_map(|rule| read_again(rule, table).into_iter().chain(conditions(rule)))
        .collect();
    let goes_first = |rule: &Rule| {
        referring.contains(&rule.column)
            && !read.contains(&rule.column)
            && rule.always().is_some_and(|action| !matches!(action, Action::Copy(_)))
    };
    let mut first = Groups::new();
    for ((turn, links), rules) in groups.iter_mut().filter(|((turn, _), _)| *turn == Turn::Then) {
        debug_assert_eq!(*turn, Turn::Then);
        let (now, later): (Vec<Rule>, Vec<Rule>) = rules.drain(..).partition(goes_first);
        *rules = later;
        if !now.is_empty() {
            first.insert((Turn::First, links.clone()), now);
        }
    }
    groups.retain(|_, rules| !rules.is_empty());
    groups.append(&mut first);
}

/// Refuses rules whose second application could do something else, and rules
/// whose rows an earlier statement could hide from them.
pub(super) fn check(
    builder: &mut Builder,
    table: &LiveTable,
    place: &str,
    groups: &Groups,
    paths: impl Fn(&[String]) -> Vec<Path>,
) {
    for (group, rules) in groups {
        for rule in rules {
            let place = format!("{place}.columns.{}", rule.column);
            let together: Vec<&Rule> = groups.values().flatten().collect();
            let apart: Vec<&Rule> =
                groups.iter().filter(|(other, _)| *other != group).flat_map(|(_, rules)| rules).collect();
            if let Some(read) = first_changed(&read_again(rule, table), &together) {
                builder.problem(
                    &place,
                    format!("depends on `{read}`, which is changed too, so a second run would do something else"),
                    format!("keep `{read}`, or use an action that does not read it"),
                );
            } else if let Some(read) = first_changed(&read_once(rule), &apart) {
                builder.problem(
                    &place,
                    format!("depends on `{read}`, which a rule for other rows, or one that has to wait, changes too"),
                    "make the condition depend on columns that stay, or give both rules the same `for`",
                );
            }
        }
        let earlier: Vec<&Rule> = groups
            .range(..group)
            .filter(|(other, _)| other.0 == Turn::Last && group.0 == Turn::Last)
            .flat_map(|(_, rules)| rules)
            .collect();
        if let Some(read) = first_changed(&ways(&paths(&group.1)), &earlier)
            && let Some(rule) = rules.first()
        {
            builder.problem(
                &format!("{place}.columns.{}", rule.column),
                format!("is reached by `{read}`, which a rule for another link changes first"),
                "give both rules the same `for`, or leave it out of both",
            );
        }
    }
}

fn first_changed<'a>(reads: &'a BTreeSet<String>, rules: &[&Rule]) -> Option<&'a String> {
    reads.iter().find(|read| rules.iter().any(|rule| rule.column == **read))
}

/// What decides on the result, and may have another value the second time.
fn read_again(rule: &Rule, table: &LiveTable) -> BTreeSet<String> {
    let copied = rule.branches.iter().filter_map(|branch| match &branch.action {
        Action::Copy(other) => Some(table.column(other).map_or_else(|| other.clone(), |column| column.name.clone())),
        _ => None,
    });
    let mut reads: BTreeSet<String> = copied.collect();
    if rule.branches.len() > 1 {
        reads.extend(conditions(rule));
        reads.extend(rule.branches.iter().flat_map(|branch| ways(&branch.paths)));
    }
    reads
}

/// What decides on whether anything happens: once it has happened, it need not again.
fn read_once(rule: &Rule) -> BTreeSet<String> {
    if rule.branches.len() > 1 { BTreeSet::new() } else { conditions(rule) }
}

fn conditions(rule: &Rule) -> BTreeSet<String> {
    rule.branches.iter().flat_map(|branch| &branch.condition).flat_map(|own| &own.columns).cloned().collect()
}

/// The columns of the rows themselves by which they are reached.
fn ways(paths: &[Path]) -> BTreeSet<String> {
    let first = paths.iter().filter_map(|path| path.hops.first());
    first.flat_map(|hop| hop.columns.iter().chain(hop.condition.iter().flat_map(|own| &own.columns))).cloned().collect()
}
