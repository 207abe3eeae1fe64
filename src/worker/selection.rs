//! Which clients a sweep looks at, page by page.

use super::sweep::Prepared;
use crate::database::{Connection, Lent, Scalars, Statement, Store, StoreError, query, query_scalar};
use crate::domain::key::{KeyJson, NO_KEY};
use crate::domain::sweep::SweepKind;
use crate::sql::replay;
use crate::sql::select::{self, Wanted, Way};

/// How the clients of a sweep are found.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// By their date.
    Due,
    /// By their period, all clients range by range.
    All,
    /// By name, client or table: cut when the sweep is opened.
    Named,
    /// By what has come back of those anonymized before.
    WrittenBack,
}

/// The next clients, in key order.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Their keys as JSON.
    pub keys: Vec<String>,
    /// The key behind which the next page begins.
    pub position: Option<String>,
    /// Whether there is no next page.
    pub last: bool,
}

/// A connection on which the clients of a sweep are found: one of those for short questions, or one of its own with the
/// temporary tables of the plan.
pub(super) async fn selecting(store: &Store, prepared: &Prepared) -> Result<Lent<'static>, StoreError> {
    if !matches!(prepared.selection, Selection::WrittenBack) {
        return Ok(Box::new(store.readers().acquire().await?));
    }
    let mut own = store.writer().await?;
    own.make_tables(&prepared.loaded.plan).await?;
    Ok(Box::new(own))
}

impl Selection {
    pub(super) fn of(kind: SweepKind) -> Self {
        match kind {
            SweepKind::Due => Self::Due,
            SweepKind::Period => Self::All,
            SweepKind::List | SweepKind::Retention => Self::Named,
            SweepKind::Replay => Self::WrittenBack,
        }
    }

    /// The next page behind a key.
    pub(super) async fn page(
        &self,
        connection: &mut Connection,
        wanted: &Wanted<'_>,
        behind: Option<&str>,
        size: usize,
    ) -> Result<Page, StoreError> {
        let sql = match self {
            Self::Named => return Ok(Page { last: true, ..Page::default() }),
            Self::All => {
                let mut page = lapsed_page(connection, wanted, behind, size).await?;
                if page.last {
                    page.keys.extend(self.keyless(connection, wanted).await?);
                }
                return Ok(page);
            }
            Self::Due => {
                let way = way(connection, wanted, size).await?;
                select::due_page(wanted, way, behind.is_some())
            }
            Self::WrittenBack => replay::written_back_page(wanted, behind.is_some()),
        };
        let mut keys = read(query_scalar(sql).bind(behind).bind(size), connection).await?;
        let last = keys.len() < size;
        let position = keys.last().cloned().or_else(|| behind.map(str::to_owned));
        if last {
            keys.extend(self.keyless(connection, wanted).await?);
        }
        Ok(Page { keys, position, last })
    }

    /// All clients at once, if there are at most `most`, where looking for them
    /// page by page or counting them reads everything too.
    pub(super) async fn few(
        &self,
        connection: &mut Connection,
        wanted: &Wanted<'_>,
        most: usize,
    ) -> Result<Option<Vec<String>>, StoreError> {
        match self {
            Self::WrittenBack => {
                let page = self.page(connection, wanted, None, most).await?;
                Ok(page.last.then_some(page.keys))
            }
            Self::All => {
                let mut keys = read(query_scalar(select::lapsed_first(wanted)).bind(most + 1), connection).await?;
                if keys.len() > most {
                    return Ok(None);
                }
                keys.extend(self.keyless(connection, wanted).await?);
                Ok(Some(keys))
            }
            Self::Due | Self::Named => Ok(None),
        }
    }

    /// A name for all clients that have no key, behind the last of the others: a search along the keys never meets
    /// them, and nothing tells them apart.
    async fn keyless(&self, connection: &mut Connection, wanted: &Wanted<'_>) -> Result<Option<String>, StoreError> {
        let sql = match self {
            Self::Due => select::keyless(wanted, false),
            Self::All => select::keyless(wanted, true),
            // No client without a key was ever anonymized, or can be named.
            Self::Named | Self::WrittenBack => None,
        };
        let Some(sql) = sql else { return Ok(None) };
        Ok(query(&sql).fetch_optional(connection).await?.map(|_| NO_KEY.to_owned()))
    }

    /// What is said of clients that a replay leaves out, as they may be new ones with the keys of those anonymized before.
    pub(super) async fn left_out(store: &Store, prepared: &Prepared) -> Result<Option<String>, StoreError> {
        if !matches!(prepared.selection, Self::WrittenBack) {
            return Ok(None);
        }
        let Some(sql) = replay::unclear_count(&prepared.wanted()) else { return Ok(None) };
        let mut lent = selecting(store, prepared).await?;
        let clients: i64 = query_scalar(sql).fetch_one((*lent).as_mut()).await?;
        let note = format!(
            "left out: {clients} with the key of a client anonymized before, as nothing in their rows says whether they \
             are the same; a list takes every client that it names"
        );
        Ok((clients > 0).then_some(note))
    }

    /// How many clients all pages have together.
    pub(super) async fn count(&self, connection: &mut Connection, wanted: &Wanted<'_>) -> Result<u64, StoreError> {
        let sql = match self {
            Self::Named => return Ok(0),
            Self::All => select::lapsed_count(wanted),
            Self::Due => select::due_count(wanted),
            Self::WrittenBack => replay::written_back_count(wanted),
        };
        query_scalar(sql).fetch_one(connection).await
    }
}

async fn read(sql: Statement<'_, Scalars<KeyJson>>, connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    Ok(sql.fetch_all(connection).await?.into_iter().map(|KeyJson(key)| key).collect())
}

/// Which way to the clients that are due costs less. Along the key all rows of
/// the table are read once; by date all that are due are read for each page,
/// each at some three times the cost of a row.
async fn way(connection: &mut Connection, wanted: &Wanted<'_>, size: usize) -> Result<Way, StoreError> {
    let due = Selection::Due.count(connection, wanted).await?;
    let pages = due / u64::try_from(size).unwrap_or(u64::MAX).max(1);
    let many = pages > 1 && !has_rows(connection, wanted, due.saturating_mul(3).saturating_mul(pages)).await?;
    Ok(if many { Way::ByKey } else { Way::ByDate })
}

async fn lapsed_page(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    behind: Option<&str>,
    width: usize,
) -> Result<Page, StoreError> {
    let end: Option<KeyJson> = query_scalar(select::range_end(wanted, behind.is_some()))
        .bind(behind)
        .bind(width - 1)
        .fetch_optional(&mut *connection)
        .await?;
    let end = end.map(|KeyJson(key)| key);
    let sql = select::lapsed_range(wanted, behind.is_some(), end.is_some());
    let keys = read(query_scalar(sql).bind(behind).bind(end.as_deref()), connection).await?;
    let last = end.is_none();
    let position = end.or_else(|| keys.last().cloned()).or_else(|| behind.map(str::to_owned));
    Ok(Page { keys, position, last })
}

/// How many rows the client table has.
pub(super) async fn clients(connection: &mut Connection, wanted: &Wanted<'_>) -> Result<u64, StoreError> {
    query_scalar(select::clients_count(&wanted.plan.client)).fetch_one(connection).await
}

/// Whether the client table has at least this many rows.
async fn has_rows(connection: &mut Connection, wanted: &Wanted<'_>, rows: u64) -> Result<bool, StoreError> {
    let sql = select::more_rows_than(&wanted.plan.client);
    Ok(query(&sql).bind(rows.saturating_sub(1)).fetch_optional(connection).await?.is_some())
}
