//! Old rows of a table, whoever they belong to. The clients on hold stand in
//! `lethe_taken`, as their rows stay.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::link::CLIENT;
use super::{Scope, any_of, column, key_names, relation, tuple};
use crate::domain::plan::{ClientPlan, FIRST_DAY, RowRetention};
use crate::domain::today::Today;

/// Old rows of one table, on the day of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct OldRows<'a> {
    pub client: &'a ClientPlan,
    /// The table, and what is old in it.
    pub plan: &'a RowRetention,
    /// The day of the sweep.
    pub today: NaiveDate,
    /// The first day whose rows stay.
    pub cutoff: NaiveDate,
    /// The time zone in which a moment has its day.
    pub zone: Tz,
}

/// Puts the clients on hold into `lethe_taken`.
#[must_use]
pub fn hold_back(client: &ClientPlan) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    let keys: Vec<String> = client.key.iter().map(|own| column(CLIENT, own)).collect();
    format!(
        "INSERT INTO lethe_taken (n, {}) SELECT CAST(row_number() OVER () AS INTEGER), {} FROM lethe_holds AS o \
         JOIN {} ON {} = {} WHERE o.released_at IS NULL",
        key_names(client.key.len()),
        keys.join(", "),
        scope.clients(),
        tuple(CLIENT, &client.key),
        scope.key_of_ledger("o.client_key"),
    )
}

impl OldRows<'_> {
    fn scope(&self) -> Scope<'_> {
        Scope::new(self.client, Today { day: self.today, zone: self.zone })
    }

    fn table(&self) -> String {
        relation(self.client.dialect, &self.plan.table)
    }

    /// That a row is old, meets the condition, and belongs to nobody on hold. A
    /// row without a day, or with one in another form, stays.
    fn is_old(&self) -> String {
        let scope = self.scope();
        let date = column(&self.plan.table, &self.plan.date);
        let is_day = scope.dialect.and_is_day(&date);
        let condition = self.plan.condition.iter().map(|own| format!(" AND ({})", own.sql(scope.today)));
        let condition: String = condition.collect();
        let held = any_of(self.plan.paths.iter().map(|path| scope.reached_by(path)).collect());
        format!(
            "{date} >= '{FIRST_DAY}' AND {date} < {}{is_day}{condition} AND ({held}) IS NOT TRUE",
            scope.day(self.cutoff)
        )
    }

    /// How many rows are old.
    #[must_use]
    pub fn count(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.table(), self.is_old())
    }

    /// How many rows there are.
    #[must_use]
    pub fn all(&self) -> String {
        format!("SELECT count(*) FROM {}", self.table())
    }

    /// Deletes so many old rows at most; all of them where nothing tells a row from the others.
    #[must_use]
    pub fn delete(&self, most: u64) -> String {
        let (table, is_old) = (self.table(), self.is_old());
        // Asked again, as another row may have the same identity by the time it is deleted.
        let identity = self.client.dialect.row_identity(&self.plan.table, &self.plan.identity);
        if identity.is_empty() {
            return format!("DELETE FROM {table} WHERE {is_old}");
        }
        format!(
            "DELETE FROM {table} WHERE ({identity}) IN (SELECT {identity} FROM {table} WHERE {is_old} LIMIT {most}) AND {is_old}"
        )
    }
}
