//! The day on which one client is to be anonymized: in the company's own
//! column, with a record of who set it, in one transaction.

use super::Context;
use crate::database::{StoreError, query, query_scalar};
use crate::domain::key::Key;
use crate::plan::{FIRST_DAY, Plan};
use crate::sql::date;

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
    let write = async {
        let mut transaction = writer.begin().await?;
        let sql = date::write(&plan.client, column);
        let written = query(&sql).bind(key.to_json()).bind(new).execute(&mut *transaction).await?;
        if written == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let (before, by) = (before.as_deref(), context.actor.as_str());
        context.ledger.record_date(&mut transaction, client_key, new, before, by).await?;
        transaction.commit().await?;
        Ok::<bool, StoreError>(true)
    };
    write.await
}
