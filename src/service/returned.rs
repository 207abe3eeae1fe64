//! Clients anonymized before who have come back under a new key.

use super::Service;
use super::clients::{key_of, ledger_key};
use super::failure::{Failure, Kind};
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::value::json_of;
use crate::ledger::Returned;
use crate::plan::Plan;
use crate::worker::Context;
use crate::worker::recognize::former;

/// The most that are listed.
const MOST: u32 = 1_000;

/// Whom a client is recognized as now, and whether a person has confirmed it.
pub(super) async fn recognized(
    context: &Context,
    plan: &Plan,
    key: &Key,
    client: &str,
) -> Result<Option<Returned>, Failure> {
    let Some(former) = former(context, plan, key).await? else { return Ok(None) };
    let known = context.ledger.returned(Some(client), 1).await?.pop().filter(|own| own.former == former);
    Ok(Some(known.unwrap_or_else(|| Returned {
        client: client.to_owned(),
        former,
        found_at: context.ledger.now(),
        confirmed_by: None,
        confirmed_at: None,
    })))
}

impl Service {
    /// Clients under a new key who were recognized and not anonymized yet, in key order.
    pub async fn returned(&self) -> Result<Vec<Returned>, Failure> {
        self.allow(Right::Read, "list clients that came back").await?;
        Ok(self.context.ledger.returned(None, MOST).await?)
    }

    /// Confirms that a client is the one anonymized before, whom the caller saw as `former`: the next replay takes it.
    pub async fn confirm_returned(&self, key: &str, former: &str) -> Result<Returned, Failure> {
        self.allow_on(Right::Anonymize, "confirm who came back as client", key).await?;
        let context = &self.context;
        let client = ledger_key(context, key).await?;
        let plan = &self.loaded().await?.plan;
        let now = recognized(context, plan, &key_of(plan, key)?, &client).await?;
        let Some(now) = now.filter(|own| own.former == former.trim()) else {
            let what = format!("client `{client}` is not recognized as client `{}`", former.trim());
            return Err(Failure::new(what, Act::Returned.then(" lists who is recognized")).of(Kind::Conflict));
        };
        context.ledger.note_returned(&json_of(&[(&now.former, &client)]), &context.ledger.now()).await?;
        context.ledger.confirm_returned(&client, &self.caller.name).await?;
        Ok(context.ledger.returned(Some(&client), 1).await?.pop().unwrap_or(now))
    }
}
