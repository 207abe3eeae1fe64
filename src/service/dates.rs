//! The day on which a client is to be anonymized: seen, set and cleared.

use chrono::NaiveDate;
use serde::Serialize;

use super::Service;
use super::clients::{key_of, ledger_key, no_client};
use super::failure::{Failure, Kind};
use crate::domain::access::Right;
use crate::plan::FIRST_DAY;
use crate::worker::date::set_to_anonymize_on;

/// A client and the day on which it is to be anonymized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Dated {
    /// The client's key, as the ledger writes it.
    pub client: String,
    /// The day; `None` if there is none.
    pub to_anonymize_on: Option<String>,
}

/// Reads a day as it is written everywhere: `2027-01-31`.
fn day(text: &str) -> Result<String, Failure> {
    let day = text.parse::<NaiveDate>().ok().map(|day| day.to_string());
    match day.filter(|day| day == text && day.as_str() >= FIRST_DAY) {
        Some(day) => Ok(day),
        None => {
            Err(Failure::new("this is not a day on which a client could be anonymized", "write it as `2027-01-31`"))
        }
    }
}

impl Service {
    /// Sets the day on which a client is to be anonymized, or clears it, in the
    /// column that the policy names. A caller who may anonymize the client at once
    /// may say when, so it needs the same right.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy names no such column, there is no such client or
    /// it was anonymized, the day is none, or the caller may not anonymize.
    pub async fn set_to_anonymize_on(&self, key: &str, new: Option<&str>) -> Result<Dated, Failure> {
        self.allow_within(Right::Anonymize, "set the day of client", key).await?;
        self.own_client(key).await?;
        let (context, loaded) = (&self.context, self.loaded().await?);
        let plan = &loaded.plan;
        let Some(column) = &plan.client.to_anonymize_on else {
            let what = "the policy names no column for the day on which a client is to be anonymized";
            return Err(Failure::new(what, "`to_anonymize_on` under `[client]` names one").of(Kind::Conflict));
        };
        let new = new.map(day).transpose()?;
        let client = ledger_key(context, key).await?;
        let table = &plan.client.table;
        let is_needed = |own: &crate::domain::schema::LiveTable| own.column(column).is_some_and(|own| own.not_null);
        if new.is_none() && loaded.schema.table(table).is_some_and(is_needed) {
            let what = format!("`{table}.{column}` cannot be empty, so the day cannot be cleared");
            return Err(Failure::new(what, "set a later one").of(Kind::Conflict));
        }
        let parsed = key_of(plan, key)?;
        if !set_to_anonymize_on(context, plan, &parsed, &client, new.as_deref()).await? {
            // It was there a moment ago.
            let hint = "an anonymized client no longer needs a date";
            return match ledger_key(context, key).await {
                Ok(_) => Err(Failure::new(format!("client `{key}` was anonymized"), hint).of(Kind::Conflict)),
                Err(_) => Err(no_client(key)),
            };
        }
        Ok(Dated { client, to_anonymize_on: new })
    }
}
