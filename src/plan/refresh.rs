//! Materialized views: what they show is what their tables held.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use crate::domain::nearest::nearest;

/// What such a view is called among the other relations of a schema.
const KIND: &str = "materialized view";

impl Builder<'_> {
    /// The views that the policy refreshes, spelt as they are, each behind those that it shows. Of each other one there
    /// is a note.
    pub(super) fn refresh(&mut self) -> Vec<String> {
        let views: Vec<&String> =
            self.schema.others.iter().filter(|(_, kind)| *kind == KIND).map(|(name, _)| name).collect();
        let mut named = Vec::new();
        for (at, name) in self.policy.after.refresh.iter().enumerate() {
            if let Some(view) = views.iter().find(|view| view.eq_ignore_ascii_case(name)) {
                named.push((*view).clone());
                continue;
            }
            let fix = match nearest(name, views.iter().map(|view| view.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None if views.is_empty() => "remove it: this database has none".to_owned(),
                None => "name a view that `\\dm` in psql lists, with its schema if that is not the first".to_owned(),
            };
            self.problem(
                &format!("after.refresh[{}]", at + 1),
                format!("the database has no materialized view `{name}`"),
                fix,
            );
        }
        for view in views.into_iter().filter(|view| !named.contains(view)) {
            self.note(format!("`{view}` shows what its tables held until it is refreshed: name it in `after.refresh`"));
        }
        in_order(named, &self.schema.shows)
    }
}

/// Views, each behind those that it shows; else as they are named. None shows itself.
fn in_order(mut named: Vec<String>, shows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut ordered = Vec::new();
    while !named.is_empty() {
        let waits = |view: &String| named.iter().any(|other| shows.get(view).is_some_and(|own| own.contains(other)));
        let next = named.iter().position(|view| !waits(view)).unwrap_or(0);
        ordered.push(named.remove(next));
    }
    ordered.dedup();
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_refreshed_behind_those_they_show() {
        let names = |all: &[&str]| all.iter().map(|own| (*own).to_owned()).collect::<Vec<_>>();
        let shows = BTreeMap::from([
            ("a".to_owned(), BTreeSet::from(["b".to_owned(), "c".to_owned()])),
            ("b".to_owned(), BTreeSet::from(["c".to_owned()])),
        ]);
        assert_eq!(in_order(names(&["a", "d", "b", "c"]), &shows), ["d", "c", "b", "a"]);
        assert_eq!(in_order(names(&["a", "d"]), &shows), ["a", "d"]);
    }
}
