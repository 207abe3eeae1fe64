//! Messages: written down in a batch's transaction, and sent one claim's worth at a time.

use std::time::{Duration, Instant};

use super::{Context, POLL, SweepError, Targets};
use crate::domain::outcome::{Outcome, Tally};
use crate::domain::schema::Dialect;
use crate::ledger::{Delivery, Tried};
use crate::outside::{Answer, Event, Message};
use crate::sql::messages::{tell, tell_once};
use crate::store::{Connection, StoreError, statement};

/// What is claimed at a time: a slow receiver holds few.
const AT_A_TIME: usize = 20;

/// The kind of delivery that a message is.
pub(super) const KIND: &str = "message";

/// Writes down whom to tell of the clients of a batch, once their outcomes are recorded.
///
/// # Errors
///
/// The driver's.
pub(in crate::worker) async fn write_down(
    connection: &mut Connection,
    targets: &Targets,
    dialect: Dialect,
    sweep: i64,
    moment: &str,
    tally: &Tally,
) -> Result<(), sqlx::Error> {
    for (name, webhook) in &targets.webhooks {
        let events = webhook.events.iter().filter_map(|event| Some((event, event.outcome()?.parse::<Outcome>().ok()?)));
        for (event, outcome) in events.filter(|(_, outcome)| tally.of(*outcome) > 0) {
            statement(&tell(dialect))
                .bind(sweep)
                .bind(moment)
                .bind(name)
                .bind(event.as_str())
                .bind(outcome.as_str())
                .bind(i64::try_from(webhook.most_clients).unwrap_or(i64::MAX))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

impl Context {
    /// Tells a person, by every webhook that has `lethe.alert` among its events,
    /// and in the log. `kind` is a short name for programs, such as
    /// `restored-database`; `text` is for people, and has no personal data in it.
    /// An alert of the same words that still waits is not written again. Returns
    /// how many webhooks are to tell.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn alert(&self, kind: &str, text: &str) -> Result<usize, StoreError> {
        tracing::error!(alert = kind, text);
        let body = serde_json::json!({ "kind": kind, "text": text }).to_string();
        let wanted = self.targets.webhooks.iter().filter(|(_, webhook)| webhook.events.contains(&Event::Alert));
        let names: Vec<&String> = wanted.map(|(name, _)| name).collect();
        let sql = tell_once(self.store.dialect());
        for name in &names {
            let mut writer = self.ledger.writer().await;
            statement(&sql)
                .bind(0_i64)
                .bind(self.ledger.now())
                .bind(*name)
                .bind(Event::Alert.as_str())
                .bind(&body)
                .execute(&mut **writer)
                .await
                .map_err(|error| self.store.fault(&error))?;
        }
        Ok(names.len())
    }
}

/// Sends what can be claimed for a webhook, and returns how much was claimed: 0
/// too if the receiver is away, and asking at once again would be in vain.
pub(super) async fn round(context: &Context, name: &str) -> Result<usize, SweepError> {
    let targets = &context.targets;
    let (Some(webhook), Some(sender)) = (targets.webhooks.get(name), &targets.sender) else { return Ok(0) };
    let (lease, claimed) = context.ledger.claim_deliveries(KIND, name, AT_A_TIME).await?;
    let (all, begun) = (claimed.len(), Instant::now());
    let mut put_off: Option<(Duration, String)> = None;
    for own in claimed {
        let tried = if let Some((pause, why)) = &put_off {
            // The receiver is away: the rest of it is not tried in vain.
            Tried::Later(*pause, why.clone())
        } else if begun.elapsed() > context.ledger.lease() / 2 {
            Tried::Later(Duration::ZERO, "its turn has not come".to_owned())
        } else {
            let message =
                Message { id: &own.message, event: &own.event, at: &own.made_at, sweep: own.sweep, body: &own.body };
            let answer = sender.send(webhook, &message, context.ledger.clock().now()).await;
            let tried = read(targets, &own, answer);
            if let Tried::Again(pause, why) = &tried {
                put_off = Some(((*pause).max(POLL), why.clone()));
            }
            tried
        };
        // One by one, so that what is sent is sent again only if the program dies just then.
        context.ledger.tried(&lease, KIND, name, &[(own, tried)]).await?;
    }
    Ok(if put_off.is_some() { 0 } else { all })
}

fn read(targets: &Targets, own: &Delivery, answer: Answer) -> Tried {
    match answer {
        Answer::Through => Tried::Through("sent"),
        Answer::Gone(why) => Tried::Failed(why),
        Answer::Again(None, why) => targets.again(own, why),
        Answer::Again(Some(wait), why) => match targets.again(own, why) {
            Tried::Again(pause, why) => Tried::Again(pause.max(wait), why),
            given_up => given_up,
        },
    }
}
