//! Columns that the policy keeps, emptied for one client by request.

use serde::Serialize;
use utoipa::ToSchema;

use super::Service;
use super::clients::{key_of, ledger_key, no_client};
use super::failure::{Failure, Kind};
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::ledger::Cleaned;
use crate::worker::Request;
use crate::worker::clean::{CleanError, clean};

/// What was emptied for one client.
#[derive(Debug, Serialize, ToSchema)]
pub struct CleanedClient {
    /// The client's key, as the ledger writes it.
    pub client: String,
    /// Each column, and how many rows were changed.
    pub cleaned: Vec<Cleaned>,
}

impl Service {
    /// Empties columns that the policy keeps and declares as `cleanable`, in the rows of one client, whether it was
    /// anonymized or not. The gates of a live sweep come first; guards do not refuse, and a hold does.
    ///
    /// # Errors
    ///
    /// [`Failure`] if there is no such client, it is on hold, a column is not cleanable, a gate or the database
    /// refuses, or the caller may not anonymize.
    pub async fn clean(&self, key: &str, columns: &[String]) -> Result<CleanedClient, Failure> {
        self.allow_within(Right::Anonymize, "clean client", key).await?;
        self.own_client(key).await?;
        if columns.is_empty() {
            let hint = "name columns that the policy declares as `cleanable`, such as `customers.notes`";
            return Err(Failure::new("no column is named", hint));
        }
        let client = ledger_key(&self.context, key).await?;
        let parsed = key_of(&self.loaded().await?.plan, key)?;
        let request = Request { force: true, zone: self.time_zone, ..Request::of_clients(vec![parsed], self.today()) };
        let request = self.within_limit(request).await?;
        match clean(&self.context, &request, columns).await {
            Ok(cleaned) => Ok(CleanedClient { client, cleaned }),
            Err(CleanError::NotFound) => Err(no_client(key)),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<CleanError> for Failure {
    fn from(error: CleanError) -> Self {
        let what = error.to_string();
        let conflict = |hint: &'static str| Self::new(what.clone(), hint).of(Kind::Conflict);
        match error {
            CleanError::Sweep(error) => error.into(),
            CleanError::Store(error) => error.into(),
            CleanError::NotCleanable { known, .. } => {
                let hint = match known.as_slice() {
                    [] => "`cleanable = true` in the policy declares a column that is kept".to_owned(),
                    all => format!("the policy lets these be cleaned: `{}`", all.join("`, `")),
                };
                Self::new(what, hint)
            }
            CleanError::OnHold => Self::new(what, Act::Holds.then(" shows why")).of(Kind::Conflict),
            CleanError::NotFound | CleanError::Locked | CleanError::Changed => conflict("try again in a moment"),
            CleanError::Left { .. } => conflict("have the trigger changed; nothing was changed"),
            CleanError::Refused { .. } => conflict("nothing was changed"),
        }
    }
}
