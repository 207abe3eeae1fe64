//! Which clients a sweep looks at, page by page.

use chrono::NaiveDate;
use sqlx::sqlite::SqliteConnection;

use crate::domain::sweep::SweepKind;
use crate::sql::select::{self, Wanted};
use crate::store::statement;

/// How the clients of a sweep are found.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// By their date.
    Due,
    /// By their period, everybody range by range.
    Everybody,
    /// By their period, those for whom something left the period since this cutoff.
    Since(NaiveDate),
    /// By name: cut when the sweep is opened.
    Named,
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

impl Selection {
    pub(super) fn of(kind: SweepKind, since: Option<NaiveDate>) -> Self {
        match (kind, since) {
            (SweepKind::Due, _) => Self::Due,
            (SweepKind::Period, Some(since)) => Self::Since(since),
            (SweepKind::Period, None) => Self::Everybody,
            (SweepKind::List, _) => Self::Named,
        }
    }

    /// The next page behind a key.
    pub(super) async fn page(
        &self,
        connection: &mut SqliteConnection,
        wanted: &Wanted<'_>,
        behind: Option<&str>,
        size: usize,
    ) -> Result<Page, sqlx::Error> {
        let sql = match self {
            Self::Named => return Ok(Page { last: true, ..Page::default() }),
            Self::Everybody => return everybody(connection, wanted, behind, size).await,
            Self::Due => select::due_page(wanted, behind.is_some()),
            Self::Since(earlier) => select::lapsed_since(wanted, *earlier, behind.is_some()),
        };
        let keys: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(behind)
            .bind(i64::try_from(size).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
        let last = keys.len() < size;
        let position = keys.last().cloned().or_else(|| behind.map(str::to_owned));
        Ok(Page { keys, position, last })
    }
}

async fn everybody(
    connection: &mut SqliteConnection,
    wanted: &Wanted<'_>,
    behind: Option<&str>,
    width: usize,
) -> Result<Page, sqlx::Error> {
    let end: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(select::range_end(wanted, behind.is_some())))
        .bind(behind)
        .bind(i64::try_from(width - 1).unwrap_or(i64::MAX))
        .fetch_optional(&mut *connection)
        .await?;
    let sql = select::lapsed_range(wanted, behind.is_some(), end.is_some());
    let keys: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(behind).bind(end.as_deref()).fetch_all(connection).await?;
    let last = end.is_none();
    let position = end.or_else(|| keys.last().cloned()).or_else(|| behind.map(str::to_owned));
    Ok(Page { keys, position, last })
}

/// Whether the client table has at least this many rows.
pub(super) async fn has_rows(
    connection: &mut SqliteConnection,
    wanted: &Wanted<'_>,
    rows: u64,
) -> Result<bool, sqlx::Error> {
    let sql = select::more_rows_than(&wanted.plan.client);
    let skip = i64::try_from(rows.saturating_sub(1)).unwrap_or(i64::MAX);
    Ok(statement(&sql).bind(skip).fetch_optional(connection).await?.is_some())
}
