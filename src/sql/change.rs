//! What happens to rows, as SQL.

use super::link::OfRow;
use super::{Scope, any_of, column, name, text, tuple};
use crate::domain::json_path::{JsonPath, Segment};
use crate::plan::{Branch, Delete, Path, Rule, Update};
use crate::policy::{Action, Generalize, Literal, Part};

impl Scope<'_> {
    /// Changes the rows of one table that belong to the clients taken, and only
    /// where something differs.
    pub(super) fn update(&self, table: &str, update: &Update) -> String {
        let mut sets = Vec::new();
        let mut differs = Vec::new();
        for rule in &update.rules {
            let value = self.value(table, rule);
            let own = name(&rule.column);
            differs.push(differing(rule, &own, &value));
            sets.push(format!("{own} = {value}"));
        }
        let is_conditional = update.rules.iter().any(|rule| rule.always().is_none());
        let differs = any_of(differs);
        format!(
            "UPDATE {} SET {} WHERE {} AND {}",
            self.relation(table),
            sets.join(", "),
            self.belongs(&update.paths),
            if is_conditional { self.of_batch(&update.paths, &differs) } else { differs }
        )
    }

    /// Changes the rows of one table, where there are several groups of columns,
    /// each for one side of the row (who bought, who paid).
    ///
    /// Most rows have the same client on all sides, and some databases write a row
    /// anew, with an entry in every index, each time it is changed. So there the
    /// groups become one statement, if none can see what another did.
    pub(super) fn updates(&self, table: &str, updates: &[Update]) -> Vec<String> {
        let can_merge = self.dialect.rewrites_rows
            && updates.len() > 1
            && updates.iter().all(|own| own.paths.iter().all(is_on_the_row) && own.rules.iter().all(is_of_itself));
        if !can_merge {
            return updates.iter().map(|own| self.update(table, own)).collect();
        }
        let (mut sets, mut differs, mut reached) = (Vec::new(), Vec::new(), Vec::new());
        for update in updates {
            let belongs = self.is_taken(&update.paths);
            let mut of_group = Vec::new();
            for rule in &update.rules {
                let (own, value) = (name(&rule.column), self.value(table, rule));
                of_group.push(differing(rule, &own, &value));
                sets.push(format!("{own} = CASE WHEN {belongs} THEN {value} ELSE {own} END"));
            }
            differs.push(format!("({belongs} AND {})", any_of(of_group)));
            reached.extend(update.paths.iter().cloned());
        }
        vec![format!(
            "UPDATE {} SET {} WHERE {} AND {}",
            self.relation(table),
            sets.join(", "),
            self.belongs(&reached),
            any_of(differs)
        )]
    }

    /// Deletes the rows of one table that belong to the clients taken.
    pub(super) fn delete(&self, table: &str, delete: &Delete) -> String {
        format!("DELETE FROM {} WHERE {}", self.relation(table), self.deleted(delete))
    }

    pub(super) fn deleted(&self, delete: &Delete) -> String {
        let belongs = self.belongs(&delete.paths);
        match &delete.condition {
            Some(condition) => {
                format!("{belongs} AND {}", self.of_rows(&delete.paths, &OfRow::new(condition, self.today)))
            }
            None => belongs,
        }
    }

    /// Notes the rows of one table that are to be deleted when the tables between
    /// them and their clients are gone.
    pub(super) fn remember(&self, step: usize, table: &str, columns: &[(String, String)], delete: &Delete) -> String {
        let own: Vec<String> = columns.iter().map(|(own, _)| self.dialect.as_text(&name(own))).collect();
        format!(
            "INSERT INTO lethe_going (step, {}) SELECT {step}, {} FROM {} WHERE {}",
            super::key_names(columns.len()),
            own.join(", "),
            self.relation(table),
            self.deleted(delete)
        )
    }

    /// Deletes the rows of one table that were noted.
    pub(super) fn delete_remembered(&self, step: usize, table: &str, columns: &[(String, String)]) -> String {
        format!("DELETE FROM {} WHERE {}", self.relation(table), self.remembered(step, table, columns))
    }

    /// That a row of one table was noted.
    pub(super) fn remembered(&self, step: usize, table: &str, columns: &[(String, String)]) -> String {
        let names: Vec<String> = columns.iter().map(|(own, _)| own.clone()).collect();
        let noted: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, (_, declared))| self.dialect.cast(&format!("k{at}"), declared))
            .collect();
        let query = format!("SELECT {} FROM lethe_going WHERE step = {step}", noted.join(", "));
        self.dialect.among(&tuple(table, &names), columns.len(), &query)
    }

    /// What a column holds afterwards, as an expression over the row as it is.
    pub(super) fn value(&self, table: &str, rule: &Rule) -> String {
        self.value_by(None, table, rule)
    }

    /// The same, in rows that one way reaches from a client whose rows are changed.
    pub(super) fn value_by(&self, path: Option<&Path>, table: &str, rule: &Rule) -> String {
        let mut cases = String::new();
        let mut otherwise = name(&rule.column);
        for branch in &rule.branches {
            let result = self.result(table, rule, branch);
            let is_given = branch.paths.is_empty() || path.is_some_and(|own| branch.paths.contains(own));
            let reached =
                (!is_given).then(|| any_of(branch.paths.iter().map(|own| self.has_anonymized(own)).collect()));
            let condition = branch.condition.as_ref().map(|own| format!("({})", own.sql(self.today)));
            let all: Vec<String> = reached.into_iter().chain(condition).collect();
            if all.is_empty() {
                otherwise = result;
                break;
            }
            cases = format!("{cases} WHEN {} THEN {result}", all.join(" AND "));
        }
        if cases.is_empty() { otherwise } else { format!("CASE{cases} ELSE {otherwise} END") }
    }

    fn result(&self, table: &str, rule: &Rule, branch: &Branch) -> String {
        let own = name(&rule.column);
        match &branch.action {
            Action::Constant(Literal::Boolean(value)) => self.dialect.number(&i64::from(*value).to_string()),
            Action::Constant(Literal::Integer(value)) => self.dialect.number(&value.to_string()),
            Action::Constant(Literal::Float(value)) => self.dialect.number(&format!("{value:?}")),
            Action::Constant(Literal::Text(value)) => text(value),
            Action::Text(template) => {
                let parts: Vec<String> = template
                    .0
                    .iter()
                    .map(|part| match part {
                        Part::Text(plain) => text(plain),
                        Part::Key => self.key_text_of(&branch.key),
                        Part::Row => self.key_text_of(&rule.row),
                        Part::Today => format!("'{}'", self.today),
                    })
                    .collect();
                if parts.is_empty() { text("") } else { parts.join(" || ") }
            }
            Action::Copy(other) => self.dialect.cast(&name(other), unbounded(&rule.declared)),
            Action::Clear => rule.empty.to_owned(),
            Action::Generalize(Generalize::First(length)) => format!("substr({own}, 1, {length})"),
            Action::Generalize(to) => self.generalized(rule, *to),
            Action::Redact(paths) => {
                let paths: Vec<JsonPath> =
                    paths.iter().map(|path| JsonPath::parse(path).expect("checked with the plan")).collect();
                let paths: Vec<&[Segment]> = paths.iter().map(|path| path.0.as_slice()).collect();
                self.dialect.redacted(&column(table, &rule.column), &rule.declared, rule.empty, &paths)
            }
        }
    }

    fn key_text_of(&self, key: &[String]) -> String {
        key.iter().map(|key| self.dialect.as_text(&name(key))).collect::<Vec<_>>().join(" || '-' || ")
    }

    /// A date made coarser: its first day of the year, the month or the decade.
    fn generalized(&self, rule: &Rule, to: Generalize) -> String {
        let own = name(&rule.column);
        let unit = match to {
            Generalize::Year | Generalize::First(_) => "year",
            Generalize::Month => "month",
            Generalize::Decade => "decade",
        };
        if let Some(truncated) = self.dialect.truncated(&own, &rule.declared, unit) {
            return truncated;
        }
        let cut = match to {
            Generalize::Year | Generalize::First(_) => format!("substr({own}, 1, 4) || '-01-01'"),
            Generalize::Month => format!("substr({own}, 1, 7) || '-01'"),
            Generalize::Decade => format!("substr({own}, 1, 3) || '0-01-01'"),
        };
        let time = format!("CASE WHEN length({own}) > 10 THEN ' 00:00:00' ELSE '' END");
        // What is no date is emptied: coarsening it would keep an unknown rest.
        format!(
            "CASE WHEN {own} IS NULL OR {own} = '' THEN {own} WHEN {} THEN {cut} || {time} ELSE {} END",
            self.dialect.is_day(&own),
            rule.empty
        )
    }
}

/// That a column does not hold yet what it is to hold.
pub(super) fn differing(rule: &Rule, own: &str, value: &str) -> String {
    if has_no_equality(rule) {
        format!("CAST({own} AS TEXT) IS DISTINCT FROM CAST({value} AS TEXT)")
    } else {
        format!("{own} IS DISTINCT FROM {value}")
    }
}

/// Whether the row itself says whose it is, whatever else it holds.
fn is_on_the_row(path: &Path) -> bool {
    path.by_key && !path.exclusive && matches!(path.hops.as_slice(), [hop] if hop.condition.is_none())
}

/// Whether what a column is to hold depends on no other column that a rule may change.
fn is_of_itself(rule: &Rule) -> bool {
    rule.always().is_some_and(|action| !matches!(action, Action::Copy(_))) && !has_no_equality(rule)
}

/// A type without its length, to which a value is cast whole: one that is too long is refused when it is written.
fn unbounded(declared: &str) -> &str {
    match declared.split_once('(') {
        Some(("character varying", _)) => "character varying",
        Some(("character", _)) => "text",
        _ => declared,
    }
}

/// Types for which nothing says when two values are the same.
fn has_no_equality(rule: &Rule) -> bool {
    matches!(rule.declared.as_str(), "json" | "xml" | "point" | "json[]" | "xml[]")
}
