//! Selections: keys of clients that a person saved under a name, for sweeps of kind `list`.
//!
//! Keys come and go page by page, so that no other writer waits long for a turn to
//! write. Meanwhile a selection has no `saved_at`, and is not found.

use chrono::TimeDelta;
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{Connection, StoreError, row};
use crate::domain::access::Limit;
use crate::domain::value::json_of;

/// How many keys go at a time.
const A_PAGE: i64 = 10_000;
/// After which a selection that was never wholly saved is forgotten.
const CUT_SHORT: TimeDelta = TimeDelta::days(1);

row! {
    /// A selection.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Selection {
        /// Its number.
        #[serde(skip)]
        pub id: i64,
        /// What people call it.
        pub name: String,
        /// How many parts a client's key had in the policy under which it was saved.
        #[serde(skip)]
        pub parts: i64,
        /// How many clients.
        pub clients: i64,
        /// The limit of who saved it, within which its clients were then.
        #[serde(skip)]
        pub limited_to: Limit,
        /// Who saved it; unknown of one of the company's own.
        pub saved_by: Option<String>,
        /// When; unknown of one of the company's own.
        pub saved_at: Option<String>,
        /// The company's table in which it is saved; none if it is saved in Lethe.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub in_table: Option<String>,
        /// The place of that table among those that the policy names.
        #[serde(skip)]
        pub source: Option<usize>,
    }
}

/// A selection whose keys are coming.
#[derive(Debug, Clone, Copy)]
pub struct NewSelection(i64);

impl Ledger {
    /// Begins a selection that is not found before it is saved; forgets those cut short long ago.
    pub async fn begin_selection(
        &self,
        name: &str,
        parts: usize,
        (by, limit): (&str, &Limit),
    ) -> Result<NewSelection, StoreError> {
        let now = self.clock.now();
        let old: Vec<i64> =
            sql!(query_scalar, "selections/cut_short", moment(now - CUT_SHORT)).fetch_all(self.readers()).await?;
        for selection in old {
            self.forget_keys(selection).await?;
        }
        sql!(query_scalar, "selections/begin_selection", name, parts, json_of(limit), by, moment(now))
            .fetch_one(self)
            .await
            .map(NewSelection)
    }

    /// Adds a page of keys, and returns how many of them are new.
    pub async fn add_to_selection(&self, selection: NewSelection, keys: &[String]) -> Result<u64, StoreError> {
        let add = sql!(query, "selections/add", selection.0, json_of(keys));
        add.with("clients", &self.keys_given()).execute(self).await
    }

    /// Saves a selection whose keys have all come, in place of the one of its
    /// name if that is wanted. `false` if the name is taken.
    pub async fn save_selection(
        &self,
        selection: NewSelection,
        clients: u64,
        replace: bool,
    ) -> Result<bool, StoreError> {
        let run = async {
            let mut writer = self.writer().await;
            let mut transaction = writer.begin().await?;
            let before: Option<i64> = sql!(query_scalar, "selections/replace", selection.0, i64::from(replace))
                .fetch_optional(&mut *transaction)
                .await?;
            sql!(query, "selections/save", selection.0, clients, self.now()).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<Option<i64>, StoreError>(before)
        };
        match run.await {
            Ok(Some(before)) => self.forget_keys(before).await.map(|()| true),
            Ok(None) => Ok(true),
            Err(error) if error.is_taken() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Forgets a selection that will not be saved.
    pub async fn drop_selection(&self, selection: NewSelection) -> Result<(), StoreError> {
        self.forget_keys(selection.0).await
    }

    /// Deletes the selection of a name. `false` if there is none.
    pub async fn delete_selection(&self, name: &str) -> Result<bool, StoreError> {
        let gone: Option<i64> = sql!(query_scalar, "selections/delete", name).fetch_optional(self).await?;
        let Some(selection) = gone else { return Ok(false) };
        self.forget_keys(selection).await?;
        Ok(true)
    }

    /// Deletes replaced selections, page by page.
    async fn forget_keys(&self, selection: i64) -> Result<(), StoreError> {
        loop {
            let mut writer = self.writer().await;
            let gone = sql!(query, "selections/forget_page", selection, A_PAGE).execute(&mut **writer).await;
            if gone? == 0 {
                return sql!(query, "selections/forget", selection).run(&mut **writer).await;
            }
        }
    }

    /// Selections behind a name, by name.
    pub async fn selections(&self, behind: Option<&str>, most: u32) -> Result<Vec<Selection>, StoreError> {
        sql!(query_as, "selections/selections", behind.unwrap_or_default(), most).fetch_all(self.readers()).await
    }

    pub async fn selection(&self, name: &str) -> Result<Option<Selection>, StoreError> {
        sql!(query_as, "selections/selection", name).fetch_optional(self.readers()).await
    }

    /// A page of a selection's keys behind one of them, in their order.
    pub async fn selected(&self, selection: i64, behind: Option<&str>, most: usize) -> Result<Vec<String>, StoreError> {
        sql!(query_scalar, "selections/selected", selection, behind.unwrap_or_default(), most)
            .fetch_all(self.readers())
            .await
    }

    /// Cuts a saved selection into batches of a sweep, as it is now and all in
    /// one statement, so that nothing that becomes of it later reaches the
    /// sweep. Returns how many clients they have; none if it is gone.
    pub async fn cut_selection(
        &self,
        connection: &mut Connection,
        sweep: i64,
        selection: &Selection,
        size: usize,
    ) -> Result<i64, StoreError> {
        // A key of one part is a text, and one of several is JSON already.
        let keys = self.store.dialect().keys_joined[usize::from(selection.parts > 1)];
        let cut = sql!(query, "selections/cut", sweep, selection.id, size, self.now()).with("keys", keys);
        cut.execute(&mut *connection).await?;
        self.tell_of_batches(connection).await?;
        sql!(query_scalar, "selections/count_cut", sweep).fetch_one(connection).await
    }
}
