//! Materialized views: what they show is what their tables held.

use super::builder::Builder;
use crate::domain::nearest::nearest;

/// What such a view is called among the other relations of a schema.
const KIND: &str = "materialized view";

impl Builder<'_> {
    /// The views that the policy refreshes, spelt as they are. Of each other one there is a note.
    pub(super) fn refresh(&mut self) -> Vec<String> {
        let views: Vec<&String> =
            self.schema.others.iter().filter(|(_, kind)| *kind == KIND).map(|(name, _)| name).collect();
        let mut named = Vec::new();
        for (at, name) in self.policy.after.refresh.iter().enumerate() {
            if let Some(view) = views.iter().find(|view| view.eq_ignore_ascii_case(name)) {
                named.push((*view).clone());
                continue;
            }
            let mend = match nearest(name, views.iter().map(|view| view.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None if views.is_empty() => "remove it: this database has none".to_owned(),
                None => "name a view that `\\dm` in psql lists, with its schema if that is not the first".to_owned(),
            };
            self.problem(
                &format!("after.refresh[{}]", at + 1),
                format!("the database has no materialized view `{name}`"),
                mend,
            );
        }
        for view in views.into_iter().filter(|view| !named.contains(view)) {
            self.note(format!("`{view}` shows what its tables held until it is refreshed: name it in `after.refresh`"));
        }
        named
    }
}
