//! Old rows of a table, of all clients. The clients on hold stand in
//! `lethe_taken`, as their rows stay.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::link::{CLIENT, TAKEN};
use super::{Scope, any_of, column, key_columns, key_names, relation, row, tuple};
use crate::domain::today::Today;
use crate::plan::{ClientPlan, FIRST_DAY, RowRetention};

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
pub fn hold_back(client: &ClientPlan) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    format!(
        "INSERT INTO lethe_taken (n, {}) SELECT CAST(row_number() OVER () AS INTEGER), {} FROM lethe_holds AS o \
         JOIN {} WHERE o.released_at IS NULL",
        key_names(client.key.len()),
        scope.keys(),
        scope.clients_on(&scope.key_of_ledger("o.client_key")),
    )
}

/// Finds a row if a client is on hold that is not in `lethe_taken`.
pub fn held_since(client: &ClientPlan) -> String {
    let scope = Scope::new(client, NaiveDate::MIN);
    format!(
        "SELECT CAST(1 AS BIGINT) FROM lethe_holds AS o JOIN {} WHERE o.released_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM lethe_taken AS {TAKEN} WHERE {} = {}) LIMIT 1",
        scope.clients_on(&scope.key_of_ledger("o.client_key")),
        row(key_columns(TAKEN, client.key.len())),
        tuple(CLIENT, &client.key),
    )
}

impl OldRows<'_> {
    fn scope(&self) -> Scope<'_> {
        Scope::new(self.client, Today { day: self.today, zone: self.zone })
    }

    fn table(&self) -> String {
        relation(self.client.dialect, &self.plan.table)
    }

    /// That a row is old, meets the condition, and belongs to no client on hold. A
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
    pub fn count(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.table(), self.is_old())
    }

    /// How many rows there are.
    pub fn all(&self) -> String {
        format!("SELECT count(*) FROM {}", self.table())
    }

    /// Deletes so many old rows at most; all of them where nothing tells a row from the others.
    pub fn delete(&self, most: u64) -> String {
        let (table, is_old) = (self.table(), self.is_old());
        let Some(identity) = &self.plan.identity else { return format!("DELETE FROM {table} WHERE {is_old}") };
        // Asked again, as another row may have the same address, or have it by the time it is deleted.
        let rows = format!("FROM {table} WHERE {is_old} LIMIT {most}");
        let found = self.client.dialect.row_found(&self.plan.table, identity, &rows);
        format!("DELETE FROM {table} WHERE {found} AND {is_old}")
    }
}
