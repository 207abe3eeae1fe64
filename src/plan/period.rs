//! The period after which a client without activity is due.

use super::builder::Builder;
use super::{ActivityPlan, RetentionPlan};
use crate::policy::Retention;

impl Builder<'_> {
    pub(super) fn retention(&mut self) -> Option<RetentionPlan> {
        let said = self.policy.period.as_ref()?;
        if said.activity.is_empty() && said.otherwise.is_none() {
            self.problem(
                "period",
                "neither `activity` nor `otherwise` says when the period begins",
                "list the tables of dated activity in `activity`, or name a client column in `otherwise`",
            );
        }
        self.choices(said);
        let otherwise =
            said.otherwise.as_ref().and_then(|name| self.column(self.client_table, name, "period.otherwise"));
        if let Some(column) = &otherwise {
            self.must_be_a_date(self.client_table, column, "period.otherwise");
        }
        let mut activity = Vec::new();
        for (at, source) in said.activity.iter().enumerate() {
            let place = format!("period.activity[{}]", at + 1);
            let Some(table) = self.live(&source.table, &place) else { continue };
            let paths = self.linked_paths(table, source.client.as_ref(), &place);
            let date = self.column(table, &source.date, &format!("{place}.date"));
            let condition = self.optional_condition(source.condition.as_ref(), table, &place);
            let Some(date) = date else { continue };
            self.must_be_a_date(table, &date, &format!("{place}.date"));
            activity.push(ActivityPlan {
                table: table.name.clone(),
                nullable: table.column(&date).is_none_or(|column| !column.not_null),
                paths,
                date,
                condition,
            });
        }
        let due_without = said.no_activity.is_some();
        if due_without && (otherwise.is_some() || activity.is_empty()) {
            self.problem(
                "period.no_activity",
                "both `no_activity` and `otherwise` say what happens to clients without activity",
                "remove one of them, and list the tables of activity in `activity`",
            );
        }
        if otherwise.is_none() && !due_without && !activity.is_empty() {
            self.notes.push(
                "`period` has no `otherwise`: clients without any activity are never due by their period".to_owned(),
            );
        }
        Some(RetentionPlan { length: said.length, choices: said.choices, activity, otherwise, due_without })
    }

    fn choices(&mut self, said: &Retention) {
        let Some(choices) = said.choices else { return };
        if choices.all().next().is_none() || !choices.has(choices.from) || !choices.has(choices.to) {
            self.problem(
                "period.choices",
                format!("cannot count from {choices}"),
                "use months or years, with the longest a whole number of steps above the shortest",
            );
        } else if !choices.has(said.length) {
            self.problem(
                "period.length",
                format!("`{}` is not one of the choices ({choices})", said.length),
                "choose one of them, or change `choices`",
            );
        }
    }
}
