//! Whether the rules of a table can be applied in any order, and a second time,
//! and come to the same.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::{Condition, Path, Rule};
use crate::domain::dialect::Dialect;
use crate::domain::policy::Action;
use crate::domain::schema::LiveTable;

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

/// Rules that are applied in one statement: their turn, and the link they are for.
pub(super) type Groups = BTreeMap<(Turn, Option<String>), Vec<Rule>>;

/// Gives the rules of these columns, which refer to rows that go, the first
/// turn. What reads such a column, or reads what others change, stays where
/// everything of the row is read at once.
pub(super) fn release(groups: &mut Groups, referring: &BTreeSet<String>, table: &LiveTable, dialect: Dialect) {
    let read: BTreeSet<String> = groups
        .values()
        .flatten()
        .flat_map(|rule| read_again(rule, table, dialect).into_iter().chain(conditions(rule, table, dialect)))
        .collect();
    let goes_first = |rule: &Rule| {
        referring.contains(&rule.column)
            && !read.contains(&rule.column)
            && matches!(rule.branches.as_slice(), [own] if own.condition.is_none() && !matches!(own.action, Action::Copy(_)))
    };
    let mut first = Groups::new();
    for ((turn, link), rules) in groups.iter_mut().filter(|((turn, _), _)| *turn == Turn::Then) {
        debug_assert_eq!(*turn, Turn::Then);
        let (now, later): (Vec<Rule>, Vec<Rule>) = rules.drain(..).partition(goes_first);
        *rules = later;
        if !now.is_empty() {
            first.insert((Turn::First, link.clone()), now);
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
    paths: impl Fn(Option<&String>) -> Vec<Path>,
) {
    let dialect = builder.schema.dialect;
    for (group, rules) in groups {
        for rule in rules {
            let place = format!("{place}.columns.{}", rule.column);
            let together: Vec<&Rule> = groups.values().flatten().collect();
            let apart: Vec<&Rule> =
                groups.iter().filter(|(other, _)| *other != group).flat_map(|(_, rules)| rules).collect();
            if let Some(read) = first_changed(&read_again(rule, table, dialect), &together) {
                builder.problem(
                    &place,
                    format!("depends on `{read}`, which is changed too, so a second run would do something else"),
                    format!("keep `{read}`, or use an action that does not read it"),
                );
            } else if let Some(read) = first_changed(&read_once(rule, table, dialect), &apart) {
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
        if let Some(read) = first_changed(&ways(&paths(group.1.as_ref())), &earlier)
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
fn read_again(rule: &Rule, table: &LiveTable, dialect: Dialect) -> BTreeSet<String> {
    let copied = rule.branches.iter().filter_map(|branch| match &branch.action {
        Action::Copy(other) => Some(spelt(other, table)),
        _ => None,
    });
    let mut reads: BTreeSet<String> = copied.collect();
    if rule.branches.len() > 1 {
        reads.extend(conditions(rule, table, dialect));
    }
    reads
}

/// What decides on whether anything happens: once it has happened, it need not again.
fn read_once(rule: &Rule, table: &LiveTable, dialect: Dialect) -> BTreeSet<String> {
    if rule.branches.len() > 1 { BTreeSet::new() } else { conditions(rule, table, dialect) }
}

fn conditions(rule: &Rule, table: &LiveTable, dialect: Dialect) -> BTreeSet<String> {
    let texts = rule.branches.iter().filter_map(|branch| branch.condition.as_ref());
    let parsed = texts.filter_map(|text| Condition::parse(text, dialect.grammar()).ok());
    parsed.flat_map(|condition| condition.columns().iter().map(|own| spelt(own, table)).collect::<Vec<_>>()).collect()
}

fn spelt(column: &str, table: &LiveTable) -> String {
    table.column(column).map_or_else(|| column.to_owned(), |column| column.name.clone())
}

/// The columns of the rows themselves by which they are reached.
fn ways(paths: &[Path]) -> BTreeSet<String> {
    let first = paths.iter().filter_map(|path| path.hops.first());
    first.flat_map(|hop| hop.columns.iter().chain(hop.condition.iter().flat_map(Condition::columns))).cloned().collect()
}
