//! Saved selections, Lethe's own and the company's: the one that a sweep names, or why it cannot be used.

use super::SweepError;
use crate::database::{Connection, Store, StoreError, query_as, query_scalar};
use crate::domain::access::Limit;
use crate::domain::key::{Key, KeyJson};
use crate::domain::nearest::nearest;
use crate::domain::today::Today;
use crate::ledger::{Ledger, Selection};
use crate::plan::{Plan, SelectionsPlan};
use crate::sql;

/// How many names are looked through for one that may have been meant.
const NAMES: u32 = 1_000;
/// The most selections of the company's that are listed of one table.
const MOST: i64 = 10_000;

/// Where selections are saved.
#[derive(Clone, Copy)]
pub struct Selections<'a> {
    pub store: &'a Store,
    /// None where there is no ledger yet.
    pub ledger: Option<&'a Ledger>,
    pub plan: &'a Plan,
    pub today: Today,
}

impl Selections<'_> {
    /// The selection of a name, whose keys are keys under the policy as it is.
    pub async fn find(&self, name: &str) -> Result<Selection, SweepError> {
        let mut found: Vec<Selection> = match self.ledger {
            Some(ledger) => ledger.selection(name).await?.into_iter().collect(),
            None => Vec::new(),
        };
        found.extend(self.company(name).await?);
        if found.len() > 1 {
            let mut tables: Vec<String> = found.iter().filter_map(|own| own.in_table.clone()).collect();
            tables.dedup();
            return Err(SweepError::AmbiguousSelection { name: name.to_owned(), tables });
        }
        let Some(found) = found.pop() else { return Err(self.unknown(name).await?) };
        let parts = self.plan.client.key.len();
        if usize::try_from(found.parts) != Ok(parts) {
            return Err(SweepError::OtherKey { name: found.name, had: found.parts, has: parts });
        }
        Ok(found)
    }

    /// The company's own selections of a name. Two of one table are given twice, each with the clients of both.
    pub async fn company(&self, name: &str) -> Result<Vec<Selection>, StoreError> {
        let mut found = Vec::new();
        for (at, own) in self.plan.selections.iter().enumerate() {
            let Some(sql) = sql::saved::count(self.plan, own, self.today, name) else { continue };
            let clients: i64 = query_scalar(sql).fetch_one(self.store.readers()).await?;
            if clients == 0 {
                continue;
            }
            let same: i64 = match sql::saved::of_one_name(self.plan, own, self.today, name) {
                Some(sql) => query_scalar(sql).fetch_one(self.store.readers()).await?,
                None => 1,
            };
            found.extend((0..same.clamp(1, 2)).map(|_| self.in_table(at, own, name.to_owned(), clients)));
        }
        Ok(found)
    }

    /// All of the company's own selections, by name.
    pub async fn of_company(&self) -> Result<Vec<Selection>, StoreError> {
        let mut all = Vec::new();
        for (at, own) in self.plan.selections.iter().enumerate() {
            let sql = sql::saved::named(self.plan, own, self.today);
            let named: Vec<(String, i64)> = query_as(sql).bind(MOST).fetch_all(self.store.readers()).await?;
            // Without a name none can be called for.
            let named = named.into_iter().filter(|(name, _)| !name.trim().is_empty());
            all.extend(named.map(|(name, clients)| self.in_table(at, own, name, clients)));
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn in_table(&self, at: usize, own: &SelectionsPlan, name: String, clients: i64) -> Selection {
        let parts = i64::try_from(self.plan.client.key.len()).unwrap_or(i64::MAX);
        let (in_table, source) = (Some(own.table.clone()), Some(at));
        Selection {
            id: 0,
            name,
            parts,
            clients,
            limited_to: Limit::default(),
            saved_by: None,
            saved_at: None,
            in_table,
            source,
        }
    }

    /// A page of a selection's clients behind one of them, in their order.
    pub async fn page(&self, saved: &Selection, behind: Option<&Key>, most: usize) -> Result<Vec<Key>, SweepError> {
        if saved.source.is_some() {
            let mut connection = self.store.readers().acquire().await?;
            let behind = behind.map(Key::to_json);
            let keys = self.company_page(&mut connection, saved, behind.as_deref(), most).await?;
            let keys: Result<Vec<Key>, _> = keys.iter().map(|key| Key::from_json(key)).collect();
            return Ok(keys.map_err(|_| self.store.unreadable(&self.plan.client.table))?);
        }
        let Some(ledger) = self.ledger else { return Ok(Vec::new()) };
        let parts = usize::try_from(saved.parts).unwrap_or(1);
        let page = ledger.selected(saved.id, behind.map(Key::to_string).as_deref(), most).await?;
        let keys: Result<Vec<Key>, _> = page.iter().map(|own| Key::parse(own, parts)).collect();
        Ok(keys.map_err(|_| self.store.unreadable("lethe_selected.client_key"))?)
    }

    /// A page of a selection of the company's own, as JSON, on a connection that may be writing a sweep.
    pub(super) async fn company_page(
        &self,
        connection: &mut Connection,
        saved: &Selection,
        behind: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let own = saved.source.and_then(|at| self.plan.selections.get(at));
        let sql = own.and_then(|own| sql::saved::page(self.plan, own, self.today, &saved.name, behind.is_some()));
        let Some(sql) = sql else { return Ok(Vec::new()) };
        let keys: Vec<KeyJson> = query_scalar(sql).bind(behind).bind(most).fetch_all(connection).await?;
        Ok(keys.into_iter().map(|KeyJson(key)| key).collect())
    }

    /// That no selection of this name was saved, and which one may have been meant.
    pub async fn unknown(&self, name: &str) -> Result<SweepError, SweepError> {
        let mut all = match self.ledger {
            Some(ledger) => ledger.selections(None, NAMES).await?,
            None => Vec::new(),
        };
        all.extend(self.of_company().await?);
        let nearest = nearest(name, all.iter().map(|own| own.name.as_str())).map(str::to_owned);
        Ok(SweepError::UnknownSelection { name: name.to_owned(), nearest })
    }
}

/// That a selection is not there any more as it was found.
pub(super) fn changed(saved: &Selection) -> SweepError {
    SweepError::SelectionChanged { name: saved.name.clone() }
}
