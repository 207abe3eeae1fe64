//! The day on which one client is to be anonymized: in the company's own
//! column, with a record of who set it, in one transaction; and the day that is to be expected.

use chrono::NaiveDate;
use serde::Serialize;

use super::Context;
use crate::database::{StoreError, query, query_as, query_scalar};
use crate::domain::key::Key;
use crate::domain::period::Period;
use crate::domain::today::Today;
use crate::plan::{FIRST_DAY, Plan, RetentionPlan};
use crate::sql::date;

/// The first day on which a client is expected to be due, if nothing is added to its data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The day, such as `2027-03-05`.
    pub day: String,
    /// The column that it comes from, as `table.column`; `None` for a client without any activity, who is due at once.
    pub column: Option<String>,
    /// The last day in that column, to which the period is added.
    pub since: Option<String>,
    /// The period; `None` if the column has the day itself.
    pub period: Option<String>,
}

/// A client's day as the column has it; `None` if there is none.
pub async fn to_anonymize_on(context: &Context, plan: &Plan, key: &Key) -> Result<Option<String>, StoreError> {
    let Some(column) = &plan.client.to_anonymize_on else { return Ok(None) };
    let sql = date::read(&plan.client, column);
    let found: Option<Option<String>> =
        query_scalar(sql).bind(key.to_json()).fetch_optional(context.store.readers()).await?;
    Ok(found.flatten().and_then(day))
}

/// The day of a date with or without a time; what counts as none is none.
fn day(text: String) -> Option<String> {
    text.get(..10).filter(|day| *day >= FIRST_DAY).map(str::to_owned)
}

/// When a client is expected to be due, by its date or by the policy's period, whichever comes first; `None` if neither
/// says: a row of activity without a day keeps its client.
pub async fn estimate(context: &Context, plan: &Plan, key: &Key, today: Today) -> Result<Option<Estimate>, StoreError> {
    let column = |own: &str| format!("{}.{own}", plan.client.table);
    let by_date = to_anonymize_on(context, plan, key).await?.zip(plan.client.to_anonymize_on.as_deref());
    let by_date = by_date.map(|(day, own)| Estimate { day, column: Some(column(own)), since: None, period: None });
    let Some(retention) = &plan.retention else { return Ok(by_date) };
    let by_period = match last_activity(context, plan, retention, key, today).await? {
        Last::Unknown => None,
        Last::On(since, own) => counted(retention.length, since, own),
        Last::Never => match &retention.otherwise {
            Some(own) => {
                let start: Option<Option<String>> = query_scalar(date::read(&plan.client, own))
                    .bind(key.to_json())
                    .fetch_optional(context.store.readers())
                    .await?;
                start.flatten().and_then(day).and_then(|since| counted(retention.length, since, column(own)))
            }
            None => retention.due_without.then(|| Estimate {
                day: today.day.to_string(),
                column: None,
                since: None,
                period: None,
            }),
        },
    };
    Ok(by_date.into_iter().chain(by_period).min())
}

/// A client's last activity.
enum Last {
    Never,
    /// A day, and the column that has it.
    On(String, String),
    /// A row has no day.
    Unknown,
}

async fn last_activity(
    context: &Context,
    plan: &Plan,
    retention: &RetentionPlan,
    key: &Key,
    today: Today,
) -> Result<Last, StoreError> {
    let mut last: Option<(String, String)> = None;
    for source in &retention.activity {
        for sql in date::last_activity(&plan.client, today, source) {
            let found: (Option<String>, i64) =
                query_as(&sql).bind(key.to_json()).fetch_one(context.store.readers()).await?;
            if found.1 > 0 {
                return Ok(Last::Unknown);
            }
            let found = found.0.map(|day| (day, format!("{}.{}", source.table, source.date)));
            last = last.max(found);
        }
    }
    Ok(last.map_or(Last::Never, |(day, column)| Last::On(day, column)))
}

/// The first day on which a period has passed since then; `None` if it is not a day, or the calendar ends before.
fn counted(length: Period, since: String, column: String) -> Option<Estimate> {
    let last: NaiveDate = since.parse().ok()?;
    let is_over = |day: &NaiveDate| length.before(*day).is_ok_and(|from| from > last);
    // At the end of a month, several days have the same day one period before.
    let day = length.after(last).ok()?.iter_days().take(40).find(is_over)?;
    Some(Estimate { day: day.to_string(), column: Some(column), since: Some(since), period: Some(length.to_string()) })
}

/// Sets a client's day, or clears it. Returns `false` if the client was
/// anonymized, or is there no more.
pub async fn set_to_anonymize_on(
    context: &Context,
    plan: &Plan,
    key: &Key,
    client_key: &str,
    new: Option<&str>,
) -> Result<bool, StoreError> {
    let Some(column) = &plan.client.to_anonymize_on else { return Ok(false) };
    let before = to_anonymize_on(context, plan, key).await?;
    let mut writer = context.ledger.writer().await;
    let mut transaction = writer.begin().await?;
    let sql = date::write(&plan.client, column);
    let is_written = query(&sql).bind(key.to_json()).bind(new).took_effect(&mut *transaction).await?;
    if is_written {
        let (before, by) = (before.as_deref(), context.actor.as_str());
        context.ledger.record_date(&mut transaction, client_key, new, before, by).await?;
    }
    transaction.commit().await?;
    Ok(is_written)
}
