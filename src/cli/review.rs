//! `lethe review`: the clients that a sweep would take, held until a second person approves them.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::client::minute;
use super::confirm::confirm;
use super::output::{Output, counted, number, reason, word};
use super::{Failure, setup, workbook};
use crate::domain::sweep::SweepKind;
use crate::ledger::{Review, Sought};
use crate::service::Service;
use crate::service::reviews::Seen;
use crate::service::sweeps::Ask;

/// How far the making of a review is.
const BAR: &str = "{wide_bar} {pos} of {len} checked";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Save the clients that a sweep would take now, for a second person to approve.
    Add(Add),
    /// List reviews, pending ones first.
    List(Which),
    /// Show a review with its clients.
    Show {
        /// Its name.
        name: String,
    },
    /// Open a sweep over exactly its clients, each of them checked again. The author of a review cannot approve it.
    Approve {
        /// Its name.
        name: String,
        #[command(flatten)]
        seen: SeenArgs,
        /// Approve without asking for confirmation: anonymization cannot be undone.
        #[arg(long, env = "LETHE_YES")]
        yes: bool,
        /// Process the sweep in this process, and wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// Reject a review: its clients are kept for now.
    Reject {
        /// Its name.
        name: String,
        #[command(flatten)]
        seen: SeenArgs,
    },
    /// Delete a review in any state; a sweep that it opened continues.
    Delete {
        /// Its name.
        name: String,
    },
    #[command(flatten)]
    Workbook(workbook::Command),
}

/// The review as it was seen: nothing is done if it has changed.
#[derive(Debug, clap::Args)]
pub(super) struct SeenArgs {
    /// Only if the review still has this number.
    #[arg(long, value_name = "N")]
    id: Option<i64>,
    /// Only if the review still has this number of clients.
    #[arg(long, value_name = "N")]
    clients: Option<i64>,
}

impl SeenArgs {
    async fn of(&self, service: &Service, name: &str) -> Result<(Review, Seen), Failure> {
        let review = service.review(name).await?.review;
        let now = Seen::from(&review);
        let seen = Seen { id: self.id.unwrap_or(now.id), clients: self.clients.unwrap_or(now.clients), ..now };
        Ok((review, seen))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Only reviews whose name contains this text.
    #[arg(long)]
    name: Option<String>,
    /// Only reviews in this state; deleted reviews are listed only for `deleted`.
    #[arg(long)]
    state: Option<String>,
    /// Only reviews created by this person.
    #[arg(long)]
    by: Option<String>,
    /// Only reviews created on or after this day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
}

impl From<Which> for Sought {
    fn from(Which { name, state, by, since }: Which) -> Self {
        Self { name, state, made_by: by, since }
    }
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["job", "due", "period"])))]
pub(super) struct Add {
    /// What people call it.
    name: String,
    /// Use the parameters of this job: the name of a file in `jobs/`.
    job: Option<String>,
    /// Select clients whose to-anonymize-on date has passed.
    #[arg(long)]
    due: bool,
    /// Select clients without activity for the policy's period.
    #[arg(long)]
    period: bool,
    /// Only clients with this value; repeat it for more values (or) and more filters (and).
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = super::sweep::filter)]
    filters: Vec<(String, String)>,
    /// The most clients.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Use this period, one of the policy's choices.
    #[arg(long, conflicts_with = "due")]
    length: Option<String>,
}

impl Add {
    fn ask(self) -> (String, Ask) {
        let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self.filters {
            filters.entry(name).or_default().push(value);
        }
        let kind = match (self.due, self.period) {
            (true, _) => Some(SweepKind::Due),
            (_, true) => Some(SweepKind::Period),
            _ => None,
        };
        (self.name, Ask { job: self.job, kind, filters, limit: self.limit, length: self.length, ..Ask::default() })
    }
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    match command {
        Command::Add(add) => {
            let (name, ask) = add.ask();
            let bar = ProgressBar::no_length();
            bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
            let mut each = |looked_at, all| {
                bar.set_length(all);
                bar.set_position(looked_at);
            };
            let made = service.make_review(&name, &ask, &mut each).await;
            bar.finish_and_clear();
            let review = made?;
            out.data(&review, || {
                let clients = counted(review.clients, "client");
                format!(
                    "Review `{0}` holds {clients}. Nothing is anonymized until a second person runs `lethe review approve`.\n\
                     `lethe review show` lists them.",
                    review.name
                )
            });
        }
        Command::List(which) => {
            let reviews = service.reviews(&which.into()).await?;
            out.list(&reviews, "No reviews.", ["review", "made", "by", "clients", "state", ""], |own| {
                let decided = match (&own.decided_by, &own.note) {
                    (Some(by), _) => format!("by {by}"),
                    (None, Some(note)) => note.clone(),
                    (None, None) if own.state == "making" => {
                        format!("{} of {} checked", number(own.looked_at), number(own.to_look_at))
                    }
                    (None, None) => String::new(),
                };
                let decided = decided + &own.sweep.map(|id| format!(", sweep {id}")).unwrap_or_default();
                let (made, clients) = (minute(&own.made_at), number(own.clients));
                [own.name.clone(), made, own.made_by.clone(), clients, own.state.clone(), decided]
            });
        }
        Command::Show { name } => {
            let shown = service.review(&name).await?;
            let loaded = service.loaded().await.ok();
            let plan = loaded.as_ref().map(|loaded| &loaded.plan);
            out.data(&shown, || {
                let own = &shown.review;
                let mut text = format!(
                    "Review `{}` of {} UTC by {} is {}: {}, {} refused\n",
                    own.name,
                    minute(&own.made_at),
                    own.made_by,
                    own.state,
                    counted(own.clients, "client"),
                    number(own.refused)
                );
                for (name, clients) in &own.reasons {
                    text += &format!("{:>10}  {}\n", number(*clients), reason(plan, name));
                }
                text + "\n" + &shown.keys.join("\n")
            });
        }
        Command::Approve { name, seen, yes, wait } => {
            let (review, seen) = seen.of(&service, &name).await?;
            if review.state == "waiting" {
                is_meant(&review, yes)?;
            }
            let sweep = service.approve_review(&name, &seen).await?;
            if wait {
                return super::sweep::wait(&service.context, sweep, out).await;
            }
            out.data(&json!({ "review": name, "sweep": sweep }), || {
                format!("Review `{name}` is approved: sweep {sweep} is open, and a running `lethe run` processes it.")
            });
        }
        Command::Reject { name, seen } => {
            let (_, seen) = seen.of(&service, &name).await?;
            service.reject_review(&name, &seen).await?;
            out.data(&json!({ "review": name, "state": "rejected" }), || format!("Review `{name}` is rejected."));
        }
        Command::Delete { name } => {
            service.delete_review(&name).await?;
            out.data(&json!({ "review": name, "state": "deleted" }), || format!("Review `{name}` is deleted."));
        }
        Command::Workbook(command) => return workbook::execute(command, &service, out).await,
    }
    Ok(())
}

/// Asks whether an approval is meant, and states its size.
fn is_meant(review: &Review, yes: bool) -> Result<(), Failure> {
    let (name, id, clients) = (word(&review.name), review.id, review.clients);
    let hint = format!(
        "`lethe review show {name}` lists them; if it is right, `lethe review approve {name} --id {id} --clients {clients} --yes`"
    );
    confirm(&size(review), "Approve the review?", &hint, yes)
}

/// How many clients a review would anonymize.
pub(super) fn size(review: &Review) -> String {
    let clients = counted(review.clients, "client");
    format!("review `{}` of {} holds {clients}, and anonymization cannot be undone", review.name, review.made_by)
}
