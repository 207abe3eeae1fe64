//! Deliveries: what batches have written down to be done outside of the
//! database is done once they are committed, target by target, so that one that
//! is slow or away holds up no other.

pub mod alerts;
mod files;
pub(super) mod messages;
pub mod roots;
pub mod stuck;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use alerts::{Alerts, EMAIL, PING};

use super::Context;
use super::sweep::SweepError;
use crate::ledger::{Delivery, Tried};
use crate::outside::{Event, Root, Sender, Webhook};

/// How often an idle process asks whether there is something to deliver.
const POLL: Duration = Duration::from_millis(500);
/// The longest pause between two tries, and after an error of the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// What is claimed at a time.
const AT_A_TIME: usize = 500;

/// Where deliveries go, as the configuration says.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Where files of clients lie, by name.
    pub roots: BTreeMap<String, Root>,
    /// Other systems that are told, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Sends them messages; `None` if there are none.
    pub sender: Option<Sender>,
    /// Who is told when something needs a person.
    pub alerts: Alerts,
    /// How often a delivery is tried before it is given up.
    pub attempts: u32,
    /// The pause before it is tried again, doubled each time.
    pub retry_after: Duration,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            roots: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            sender: None,
            alerts: Alerts::default(),
            attempts: 16,
            retry_after: Duration::from_secs(5),
        }
    }
}

impl Targets {
    /// Whether the configuration has such a target.
    #[must_use]
    pub fn knows(&self, kind: &str, name: &str) -> bool {
        match (kind, name) {
            (messages::KIND, EMAIL) => self.alerts.mailer.is_some(),
            (messages::KIND, PING) => self.alerts.ping.is_some(),
            (messages::KIND, name) => self.webhooks.contains_key(name),
            (_, name) => self.roots.contains_key(name),
        }
    }

    /// Whether one of the webhooks gives notice.
    #[must_use]
    pub fn notifies(&self) -> bool {
        self.webhooks.values().any(|webhook| webhook.events.contains(&Event::Notice))
    }

    /// Each with what it is the name of; or those alone to whom alerts go.
    fn names(&self, only_alerts: bool) -> Vec<Target> {
        let roots = self.roots.keys().filter(|_| !only_alerts);
        let webhooks = self.webhooks.iter().filter(|(_, own)| !only_alerts || own.events.contains(&Event::Alert));
        let mut all: Vec<Target> = roots.cloned().map(Target::Root).collect();
        all.extend(webhooks.map(|(name, _)| Target::Webhook(name.clone())));
        all.extend(self.alerts.mailer.iter().map(|_| Target::Alerts(EMAIL.to_owned())));
        all.extend(self.alerts.ping.iter().map(|_| Target::Alerts(PING.to_owned())));
        all
    }

    /// How a try that went wrong ends, for a delivery that was tried so often.
    fn again(&self, delivery: &Delivery, error: String) -> Tried {
        if delivery.attempts >= i64::from(self.attempts) {
            return Tried::Failed(error);
        }
        Tried::Again(self.pause(delivery.attempts), error)
    }

    /// Doubles with each attempt, with up to a quarter of jitter.
    fn pause(&self, attempts: i64) -> Duration {
        let doubled = u32::try_from(attempts - 1).unwrap_or(0).min(20);
        let pause = self.retry_after.saturating_mul(1 << doubled).min(LONGEST_PAUSE);
        pause.mul_f64(rand::random_range(1.0..1.25))
    }
}

/// A place to deliver to, by its name.
enum Target {
    Root(String),
    Webhook(String),
    Alerts(String),
}

impl Target {
    fn name(&self) -> &str {
        let (Self::Root(name) | Self::Webhook(name) | Self::Alerts(name)) = self;
        name
    }

    /// Delivers one claim's worth, and returns how much that was.
    async fn round(&self, context: &Context) -> Result<usize, SweepError> {
        match self {
            Self::Root(name) => files::round(context, name).await,
            Self::Webhook(name) => messages::round(context, name).await,
            Self::Alerts(name) => alerts::round(context, name).await,
        }
    }
}

/// Delivers until `stop`, everything or to those alone to whom alerts go. What
/// is in hand then is finished.
pub(super) async fn delivering(context: Context, only_alerts: bool, stop: CancellationToken) {
    // Dropped, it ends them.
    let mut each = JoinSet::new();
    for target in context.targets.names(only_alerts) {
        let (context, stop) = (context.clone(), stop.clone());
        each.spawn(async move {
            let mut pause = POLL;
            while !stop.is_cancelled() {
                match target.round(&context).await {
                    Ok(0) => pause = POLL,
                    Ok(_) => pause = Duration::ZERO,
                    Err(error) => {
                        pause = (pause.max(POLL) * 2).min(Duration::from_secs(30));
                        tracing::warn!(to = target.name(), error = error.brief(), hint = %error.hint(), "trying again");
                    }
                }
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            }
        });
    }
    while each.join_next().await.is_some() {}
}

/// Delivers whatever can be delivered now.
pub async fn deliver_now(context: &Context) -> Result<(), SweepError> {
    for target in context.targets.names(false) {
        while !context.stop.is_cancelled() && target.round(context).await? > 0 {}
    }
    Ok(())
}
