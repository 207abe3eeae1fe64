//! Messages: written down in a batch's transaction, and sent one claim's worth at a time.

use std::time::{Duration, Instant};

use chrono_tz::Tz;

use super::{Context, POLL, SweepError, Targets};
use crate::database::{Connection, StoreError, query};
use crate::domain::dialect::Dialect;
use crate::domain::outcome::{Outcome, Tally};
use crate::domain::period::Period;
use crate::ledger::{Delivery, Tried};
use crate::outside::{Answer, Event, Message};
use crate::sql::messages::tell;
use crate::sql::notices::Statements as Notices;

/// What is claimed at a time: a slow receiver holds few.
const AT_A_TIME: usize = 20;
/// Why a message is given up whose body in the ledger cannot be read.
pub(super) const UNREADABLE: &str = "its body cannot be read";

/// The kind of delivery that a message is.
pub(super) const KIND: &str = "message";

/// Writes down whom to tell of the clients of a batch, and who is told
/// beforehand, once their outcomes are recorded.
pub(in crate::worker) async fn write_down(
    connection: &mut Connection,
    targets: &Targets,
    dialect: Dialect,
    sweep: i64,
    moment: &str,
    tally: &Tally,
    notices: Option<&Notices>,
) -> Result<(), StoreError> {
    for sql in notices.iter().flat_map(|notices| &notices.record) {
        query(sql).bind(sweep).bind(moment).execute(&mut *connection).await?;
    }
    for (name, webhook) in &targets.webhooks {
        let most = webhook.most_clients;
        if let Some(notices) = notices.filter(|_| webhook.events.contains(&Event::Notice) && tally.refused > 0) {
            query(&notices.tell)
                .bind(sweep)
                .bind(moment)
                .bind(name)
                .bind(Event::Notice.as_str())
                .bind(most)
                .execute(&mut *connection)
                .await?;
        }
        let events = webhook.events.iter().filter_map(|event| Some((event, event.outcome()?.parse::<Outcome>().ok()?)));
        for (event, outcome) in events.filter(|(_, outcome)| tally.of(*outcome) > 0) {
            query(tell(dialect))
                .bind(sweep)
                .bind(moment)
                .bind(name)
                .bind(event.as_str())
                .bind(most)
                .bind(outcome.as_str())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Sends what can be claimed for a webhook, and returns how much was claimed: 0
/// too if the receiver is away, so that it is not tried again at once. A message
/// that it rejects does not hold up the others.
pub(super) async fn round(context: &Context, name: &str) -> Result<usize, SweepError> {
    let targets = &context.targets;
    let (Some(webhook), Some(sender)) = (targets.webhooks.get(name), &targets.sender) else { return Ok(0) };
    let (lease, claimed) = context.ledger.claim_deliveries(KIND, name, AT_A_TIME).await?;
    let (all, begun) = (claimed.len(), Instant::now());
    let length = if claimed.iter().any(is_notice) { notice_of(context).await } else { None };
    let mut put_off: Option<(Duration, String)> = None;
    for own in claimed {
        let body = own.text().filter(|body| serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok());
        let Some(body) = body.map(str::to_owned) else {
            context.ledger.tried(&lease, KIND, name, &[(own, Tried::Failed(UNREADABLE.to_owned()))]).await?;
            continue;
        };
        let tried = if let Some((pause, why)) = &put_off {
            // The receiver is away: the rest of it is not tried in vain.
            Tried::Later(*pause, why.clone())
        } else if context.stop.is_cancelled() || begun.elapsed() > context.ledger.lease() / 2 {
            Tried::Later(Duration::ZERO, "its turn has not come".to_owned())
        } else {
            let now = context.ledger.clock().now();
            let until = match length.filter(|_| is_notice(&own)) {
                // The day on which the receiver had it, where the sweep has its day.
                Some(length) => {
                    let sweep = context.ledger.sweep(own.sweep).await?;
                    let zone = sweep.and_then(|sweep| sweep.zone?.parse().ok()).unwrap_or(Tz::UTC);
                    length.after(now.with_timezone(&zone).date_naive()).ok()
                }
                None => None,
            };
            let message = Message {
                id: &own.message,
                event: &own.event,
                at: &own.made_at,
                sweep: own.sweep,
                body: &body,
                not_before: until.and_then(|day| day.succ_opt()),
            };
            let tried = if is_notice(&own) && until.is_none() {
                targets.again(&own, "waits for a policy that gives notice".to_owned())
            } else {
                let answer = sender.send(webhook, &message, now).await;
                let away = if let Answer::Again(_, why) = &answer { Some(why.clone()) } else { None };
                let tried = read(targets, &own, answer);
                let pause = if let Tried::Again(pause, _) = &tried { *pause } else { targets.pause(1) };
                put_off = away.map(|why| (pause.max(POLL), why));
                tried
            };
            if let (Tried::Through(_), Some(until)) = (&tried, until) {
                context.ledger.notice_sent(&body, &until.to_string()).await?;
            }
            tried
        };
        // One by one, so that what is sent is sent again only if the program dies just then.
        context.ledger.tried(&lease, KIND, name, &[(own, tried)]).await?;
    }
    Ok(if put_off.is_some() { 0 } else { all })
}

fn is_notice(delivery: &Delivery) -> bool {
    delivery.event == Event::Notice.as_str()
}

/// How long a notice is, if the policy gives any.
async fn notice_of(context: &Context) -> Option<Period> {
    context.planner.plan(&context.store).await.ok().and_then(|loaded| loaded.plan.notice)
}

pub(super) fn read(targets: &Targets, own: &Delivery, answer: Answer) -> Tried {
    match answer {
        Answer::Through => Tried::Through("sent"),
        Answer::Gone(why) => Tried::Failed(why),
        Answer::Again(None, why) | Answer::Rejected(why) => targets.again(own, why),
        Answer::Again(Some(wait), why) => match targets.again(own, why) {
            Tried::Again(pause, why) => Tried::Again(pause.max(wait), why),
            given_up => given_up,
        },
    }
}
