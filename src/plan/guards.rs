//! The guards of a policy.

use super::builder::Builder;
use super::{GuardPlan, Path, Within};
use crate::domain::schema::LiveTable;
use crate::policy::Guard;

impl Builder<'_> {
    pub(super) fn guards(&mut self) -> Vec<GuardPlan> {
        let mut guards: Vec<GuardPlan> = Vec::new();
        for guard in &self.policy.guards {
            let place = format!("guards.{}", guard.name);
            if guard.name == crate::domain::outcome::HOLD {
                self.problem(&place, "`hold` is reserved for holds", "give the guard a name of its own");
            }
            if guard.name == crate::domain::outcome::NOTICE {
                self.problem(&place, "`notice` is reserved for notices", "give the guard a name of its own");
            }
            if guards.iter().any(|other| other.name == guard.name) {
                self.problem(
                    &place,
                    format!("two guards are called `{}`", guard.name),
                    "give each guard a name of its own",
                );
            }
            let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if guard.name.is_empty() || !guard.name.chars().all(valid) {
                self.problem(
                    &place,
                    format!("`{}` is not a valid name for a guard", guard.name),
                    "use lowercase letters, digits and `-`, such as `open-documents`",
                );
            }
            let on = guard.table.as_deref().unwrap_or(&self.client_table.name);
            let Some(table) = self.live(on, &format!("{place}.table")) else { continue };
            let own = self.is_client(&table.name) && guard.client.is_none();
            let paths = if own {
                vec![Path::own(&table.name, &self.key.clone())]
            } else {
                self.linked_paths(table, guard.client.as_ref(), &place)
            };
            if own && guard.condition.is_none() && guard.within.is_none() {
                self.problem(
                    &place,
                    "a guard on the client table without `where` would refuse every client",
                    "add `where = \"…\"`",
                );
            }
            let condition = self.optional_condition(guard.condition.as_ref(), table, &place);
            let within = self.within(guard, table, &place);
            guards.push(GuardPlan { name: guard.name.clone(), reason: guard.reason.clone(), paths, condition, within });
        }
        guards
    }

    fn within(&mut self, guard: &Guard, table: &LiveTable, place: &str) -> Option<Within> {
        let (Some(date), Some(length)) = (&guard.date, guard.within) else {
            if guard.date.is_some() || guard.within.is_some() {
                let what = "`date` and `within` go together: the column with the day, and how far back a day counts";
                self.problem(place, what, "give both or neither");
            }
            return None;
        };
        let date = self.column(table, date, &format!("{place}.date"))?;
        self.must_be_a_date(table, &date, &format!("{place}.date"));
        let nullable = table.column(&date).is_none_or(|column| !column.not_null);
        Some(Within { table: table.name.clone(), date, nullable, length })
    }
}
