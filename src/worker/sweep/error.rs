use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::database::StoreError;
use crate::domain::hint::{Act, Hint};
use crate::domain::period::Period;
use crate::domain::reading::TextError;
use crate::domain::sweep::SweepKind;
use crate::journal::JournalError;
use crate::ledger::Pause;
use crate::plan::shown_key;
use crate::policy::Choices;
use crate::worker::PlanLoadError;
use crate::worker::gate::{ENOUGH, TIMES};

/// Why a sweep does not begin.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Plan(#[from] PlanLoadError),
    #[error(
        "the ledger is that of the clients in `{other}`, and the policy is about those in `{own}`: their keys would be taken for each other"
    )]
    OtherClients { own: String, other: String },
    #[error("the policy names no `to_anonymize_on` column, so no client can be due by date")]
    NoDate,
    #[error("the policy has no `[period]`, so no period can have passed")]
    NoPeriod,
    #[error(transparent)]
    Period(#[from] TextError),
    #[error("the policy gives the rows of no table a period of their own")]
    NoRetention,
    #[error("{would} rows of `{table}` would go, more than the brake's share of {share}")]
    BrakedRows {
        table: String,
        /// How many would go.
        would: u64,
        /// The largest share of the table's rows.
        share: f64,
        /// How to name it on the command line.
        sweep: String,
    },
    #[error("{rows} old row{} of `{table}` cannot be deleted: a trigger or a rule of the database keeps {}", if *rows == 1 { "" } else { "s" }, if *rows == 1 { "it" } else { "them" })]
    RowsStay { table: String, rows: u64 },
    #[error("with old rows of `{table}`, a trigger of the database deletes clients")]
    ClientsGone { table: String },
    #[error("the list names no client")]
    EmptyList,
    #[error("selection `{name}` not found")]
    UnknownSelection { name: String, nearest: Option<String> },
    #[error("more than one selection is called `{name}`")]
    AmbiguousSelection {
        name: String,
        /// The company's tables that have one of them.
        tables: Vec<String>,
    },
    #[error("selection `{name}` was saved when a client's key had {had} part{}, and now it has {has}", if *had == 1 { "" } else { "s" })]
    OtherKey {
        name: String,
        /// How many parts a key had.
        had: i64,
        /// How many it has.
        has: usize,
    },
    #[error("selection `{name}` was deleted or replaced meanwhile")]
    SelectionChanged { name: String },
    #[error("the policy declares no filter `{name}`")]
    UnknownFilter {
        name: String,
        nearest: Option<String>,
        /// Those declared.
        known: Vec<String>,
    },
    #[error("a value of the filter `{name}` is not {wanted}, which `{column}` would have to hold")]
    FilterValue {
        name: String,
        /// The client column behind it.
        column: String,
        wanted: &'static str,
    },
    #[error("the policy asks for exactly one value of the filter `{name}`, and the sweep gives {}", if *given == 0 { "none".to_owned() } else { given.to_string() })]
    OneValue {
        name: String,
        /// How many values the sweep gives.
        given: usize,
    },
    #[error("the sweep has a period of its own, and the policy gives no choice of periods")]
    NoChoice,
    #[error("the period `{length}` is none of the policy's choices")]
    NotAChoice { length: Period, choices: Choices },
    #[error("a `{kind}` sweep uses no period, and this one has a `length`")]
    LengthOfKind { kind: SweepKind },
    #[error("the review has changed or was decided meanwhile")]
    Decided,
    #[error("the policy or the schema changed since the preview")]
    PreviewOutdated,
    #[error("sweep {sweep} of the same clients is already running")]
    SameRunning { sweep: i64 },
    #[error("this policy has not been rehearsed on this schema")]
    NotRehearsed,
    #[error(
        "this policy was rehearsed with {rehearsed} client{}, which is too few for a `{kind}` sweep that would anonymize {clients}",
        if *rehearsed == 1 { "" } else { "s" }
    )]
    FewRehearsed {
        kind: SweepKind,
        /// How many clients the largest rehearsal anonymized.
        rehearsed: u64,
        /// How many the sweep would anonymize.
        clients: u64,
    },
    #[error("no backup has been acknowledged, and anonymization cannot be undone")]
    NoBackup {
        /// The age allowed.
        most: Duration,
    },
    #[error("the last acknowledged backup is of {}, and may be {} old at most", made.format("%Y-%m-%d %H:%M UTC"), words(*most))]
    OldBackup {
        /// When it was made.
        made: DateTime<Utc>,
        /// The age allowed.
        most: Duration,
    },
    #[error("the sweep would anonymize {would} client{}, {}", if *would == 1 { "" } else { "s" }, braked(*most, *share))]
    Braked {
        /// How many it would take.
        would: u64,
        /// The number allowed.
        most: Option<u64>,
        /// The share allowed, if that is what was exceeded.
        share: Option<f64>,
        /// The sweep as the command line names it: the job, or its kind.
        sweep: String,
    },
    #[error("table `{table}` has entries {}, which the policy does not classify", called(.key))]
    UnknownKey { table: String, key: String },
    #[error("the clients cannot be read in order: the search returns to a key that it has passed")]
    Endless,
    #[error("the rules of {} change their own result when applied again", .0.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", "))]
    NotSettled(Vec<String>),
    #[error("the database was restored from a backup, and the journal is replayed first{}", .replay.map(|id| format!(", by sweep {id}")).unwrap_or_default())]
    Restored {
        /// The sweep that does it again, once it is open.
        replay: Option<i64>,
    },
    #[error("{}", .0.line())]
    Paused(Box<Pause>),
    #[error("the process is stopping, so it opens no sweep")]
    Stopping,
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A duration in words, by its largest whole unit.
#[must_use]
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        s if s >= 2 * 86_400 && s % 86_400 == 0 => (s / 86_400, "days"),
        s if s >= 2 * 3_600 && s % 3_600 == 0 => (s / 3_600, "hours"),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{count} {unit}")
}

fn called(key: &str) -> String {
    if key.is_empty() {
        return "without a key (NULL or empty)".to_owned();
    }
    shown_key(key).map_or_else(|| "with a key that could be data itself".to_owned(), |key| format!("called `{key}`"))
}

fn braked(most: Option<u64>, share: Option<f64>) -> String {
    match (share, most) {
        (Some(share), _) => format!("which is more than the brake's share of {:.0}% of all clients", share * 100.0),
        (None, Some(most)) => format!("and the brake allows {most}"),
        (None, None) => "more than the brake allows".to_owned(),
    }
}

impl SweepError {
    /// Whether the database was away, so that the same may do another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) | Self::Plan(PlanLoadError::Store(error)) => !error.is_of_the_rows(),
            Self::Restored { .. } | Self::Paused(_) | Self::Journal(_) | Self::Stopping => true,
            _ => false,
        }
    }

    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Plan(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Restored { .. } => Act::Replay.then(""),
            Self::Paused(pause) => Act::Resume(pause.job.clone()).then(" resumes it"),
            Self::Stopping => Act::Run.then(""),
            Self::Period(error) => error.fix.as_str().into(),
            Self::OtherClients { .. } => {
                "start the command or the service again: each client table has a ledger of its own, which is chosen at the start"
                    .into()
            }
            Self::NoDate => "set `client.to_anonymize_on` in the policy, or run a `period` sweep".into(),
            Self::NoPeriod => "add `[period]` to the policy, or run a `due` sweep".into(),
            Self::EmptyList => "write one client key per line; lines that begin with `#` are comments".into(),
            Self::UnknownSelection { nearest: Some(near), .. } | Self::UnknownFilter { nearest: Some(near), .. } => {
                format!("did you mean `{near}`?").into()
            }
            Self::UnknownSelection { .. } | Self::SelectionChanged { .. } => {
                Act::Selections.then(" lists the existing ones")
            }
            Self::AmbiguousSelection { tables, .. } => {
                format!("rename all but one of them; table `{}` has some", tables.join("`, `")).into()
            }
            Self::OtherKey { .. } => {
                "save it anew under the same name, to be replaced, with keys as they are now".into()
            }
            Self::UnknownFilter { known, .. } if known.is_empty() => {
                "declare it under `[filters]` in the policy: `name = \"client column\"`".into()
            }
            Self::UnknownFilter { known, .. } => format!("the filters are `{}`", known.join("`, `")).into(),
            Self::FilterValue { wanted, .. } => format!("give {wanted}").into(),
            Self::OneValue { name, .. } => Act::OneValue(name.clone()).then(""),
            Self::NoChoice => {
                "add `choices = { from = \"…\", to = \"…\", step = \"…\" }` under `[period]`, or leave the length out"
                    .into()
            }
            Self::NotAChoice { choices, .. } => format!("choose one from {choices}").into(),
            Self::LengthOfKind { .. } => "leave the length out, or run a `period` sweep or a list".into(),
            Self::Decided => Act::Reviews.then(" shows what it holds now"),
            Self::PreviewOutdated => "nothing was started; check the preview again".into(),
            Self::SameRunning { .. } => Act::Sweeps.then(" shows its progress"),
            Self::NotRehearsed => Act::Rehearse.then(" first: it does everything and rolls it back"),
            Self::FewRehearsed { kind, clients, .. } => {
                let needed = clients.div_ceil(TIMES).min(ENOUGH);
                let whole = match kind {
                    SweepKind::List => "enough is ".to_owned(),
                    _ => format!("a rehearsal of every client that a `{kind}` sweep selects is enough, and so is "),
                };
                Act::Rehearse.then(&format!(": {whole}one that anonymizes {needed}"))
            }
            Self::NoBackup { .. } | Self::OldBackup { .. } => Act::Acknowledge.after("make a backup, then "),
            Self::NoRetention => "add `[tables.….retention]` to the policy".into(),
            Self::Braked { sweep, .. } | Self::BrakedRows { sweep, .. } => Act::OverBrake(sweep.clone()).then(""),
            Self::UnknownKey { table, key } if key.is_empty() => format!(
                "add the key `\"\"` under `[tables.{table}.keys]`, which stands for NULL too, with its class and action, and rehearse again"
            )
            .into(),
            Self::UnknownKey { table, .. } => {
                format!("add the key under `[tables.{table}.keys]` with its class and action, and rehearse again")
                    .into()
            }
            Self::RowsStay { table, .. } => {
                format!("change what keeps them, or leave them out with `where` under `[tables.{table}.retention]`")
                    .into()
            }
            Self::ClientsGone { .. } => "have the trigger changed: no client is ever deleted; everything was rolled back".into(),
            Self::Endless => Act::Doctor.then(" checks the keys; a key must compare as it is written"),
            Self::NotSettled(_) => {
                "use actions that change nothing the second time; a `where` should no longer hold afterwards".into()
            }
        }
    }

    /// In one line, for the ledger.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Plan(error) => error.brief(),
            other => other.to_string(),
        }
    }
}
