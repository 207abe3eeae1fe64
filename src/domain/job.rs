//! A job file, `jobs/<name>.toml`: when which kind of sweep runs, and how far
//! it may go.

mod error;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::period::Period;
use crate::domain::schedule::Schedule;
use crate::domain::sweep::SweepKind;

pub use error::JobError;

/// A sweep that runs on its own, on a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The name: the stem of its file, of `a` to `z`, `0` to `9` and `-`.
    pub name: String,

    /// The moments at which it runs.
    pub schedule: Schedule,

    /// Whether it runs at all.
    pub enabled: bool,

    /// How its sweep chooses clients, or rows: any kind but [`SweepKind::List`].
    pub kind: SweepKind,

    /// The most clients it anonymizes, at least 1; `None` is no limit.
    pub limit: Option<u64>,

    /// The period its sweep goes by instead of the policy's: one of the policy's choices.
    pub length: Option<Period>,

    /// The values each of the policy's filters lets through, at least one each.
    pub filters: BTreeMap<String, Vec<String>>,

    /// When its sweep stops and asks.
    pub brake: Brake,

    /// Whether its ticks make a review instead of a sweep.
    pub review: bool,

    /// What people should know about it.
    pub description: Option<String>,
}

/// The size at which a sweep stops and asks before it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brake {
    /// The most clients it may take without asking, at least 1.
    pub clients: Option<u64>,

    /// The largest share of all clients it may take without asking, above 0 and
    /// at most 1.
    pub share: Option<f64>,
}

/// The file as it is written, before its values are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobFile {
    schedule: String,
    time_zone: String,
    #[serde(default = "enabled")]
    enabled: bool,
    sweep: String,
    length: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    review: bool,
    description: Option<String>,
    #[serde(default)]
    filters: BTreeMap<String, toml::Value>,
    #[serde(default)]
    brake: BrakeTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BrakeTable {
    clients: Option<i64>,
    share: Option<f64>,
}

const fn enabled() -> bool {
    true
}

impl Job {
    /// Reads a job from the text of its file.
    ///
    /// `name` is the stem of the file. Whether the filters exist is for the
    /// policy to say.
    pub fn parse(name: &str, text: &str) -> Result<Self, JobError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(JobError::Name { name: name.to_owned() });
        }
        let job = || name.to_owned();
        let file: JobFile = toml::from_str(text).map_err(|error| JobError::toml(name, text, &error))?;

        let schedule =
            Schedule::parse(&file.schedule, &file.time_zone).map_err(|source| JobError::schedule(name, source))?;
        let kind = match file.sweep.parse() {
            Ok(SweepKind::List) => return Err(JobError::ListSweep { job: job() }),
            Ok(kind @ (SweepKind::Due | SweepKind::Period | SweepKind::Replay | SweepKind::Retention)) => kind,
            Err(source) => return Err(JobError::Sweep { job: job(), source }),
        };
        if kind == SweepKind::Retention {
            let keys = [
                ("limit", file.limit.is_some()),
                ("brake.clients", file.brake.clients.is_some()),
                ("filters", !file.filters.is_empty()),
                ("review", file.review),
            ];
            if let Some((key, _)) = keys.into_iter().find(|(_, said)| *said) {
                return Err(JobError::OfClients { job: job(), key });
            }
        }
        if kind == SweepKind::Replay && !file.filters.is_empty() {
            return Err(JobError::ReplayFilters { job: job() });
        }
        if kind == SweepKind::Replay && file.review {
            return Err(JobError::ReplayReview { job: job() });
        }
        let length = match &file.length {
            Some(_) if kind != SweepKind::Period => return Err(JobError::LengthOfKind { job: job(), kind }),
            Some(text) => Some(text.parse().map_err(|source| JobError::Length { job: job(), source })?),
            None => None,
        };
        let mut filters = BTreeMap::new();
        for (filter, value) in file.filters {
            let values = filter_values(name, &filter, value)?;
            filters.insert(filter, values);
        }
        if let Some(share) = file.brake.share
            && (share.is_nan() || share <= 0.0 || share > 1.0)
        {
            return Err(JobError::Share { job: job(), share });
        }
        Ok(Self {
            name: job(),
            schedule,
            enabled: file.enabled,
            kind,
            limit: at_least_one(name, "limit", file.limit)?,
            length,
            filters,
            brake: Brake { clients: at_least_one(name, "brake.clients", file.brake.clients)?, share: file.brake.share },
            review: file.review,
            description: file.description,
        })
    }
}

fn at_least_one(job: &str, key: &'static str, value: Option<i64>) -> Result<Option<u64>, JobError> {
    value
        .map(|value| match u64::try_from(value) {
            Ok(number) if number >= 1 => Ok(number),
            _ => Err(JobError::TooSmall { job: job.to_owned(), key, value }),
        })
        .transpose()
}

fn filter_values(job: &str, filter: &str, value: toml::Value) -> Result<Vec<String>, JobError> {
    let values = match value {
        toml::Value::Array(values) => values,
        value => vec![value],
    };
    if values.is_empty() {
        return Err(JobError::EmptyFilter { job: job.to_owned(), filter: filter.to_owned() });
    }
    values
        .into_iter()
        .map(|value| match value {
            toml::Value::String(text) => Ok(text),
            toml::Value::Integer(number) => Ok(number.to_string()),
            toml::Value::Boolean(answer) => Ok(answer.to_string()),
            other => {
                Err(JobError::FilterValue { job: job.to_owned(), filter: filter.to_owned(), found: other.type_str() })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
schedule  = "0 30 1 * * *"
time_zone = "Europe/Copenhagen"
enabled   = false
sweep     = "period"
length    = "18 months"
limit     = 500
description = "Quiet clients, at night."
[filters]
customer_posting_group = ["DOMESTIC", "EU"]
gen_bus_posting_group = "EXPORT"
branch = [7, true]
[brake]
clients = 5000
share   = 0.25
"#;

    pub(super) const SHORT: &str = r#"
schedule  = "0 30 1 * * *"
time_zone = "Europe/Copenhagen"
sweep     = "due"
"#;

    pub(super) fn with(lines: &str) -> Result<Job, JobError> {
        Job::parse("nightly", &format!("{SHORT}{lines}"))
    }

    #[test]
    fn a_full_file_is_read_whole() {
        let job = Job::parse("quiet-2", FULL).unwrap();
        let values = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        assert_eq!(
            job,
            Job {
                name: "quiet-2".to_owned(),
                schedule: Schedule::parse("0 30 1 * * *", "Europe/Copenhagen").unwrap(),
                enabled: false,
                kind: SweepKind::Period,
                limit: Some(500),
                length: Some("18 months".parse().unwrap()),
                filters: BTreeMap::from([
                    ("branch".to_owned(), values(&["7", "true"])),
                    ("customer_posting_group".to_owned(), values(&["DOMESTIC", "EU"])),
                    ("gen_bus_posting_group".to_owned(), values(&["EXPORT"])),
                ]),
                brake: Brake { clients: Some(5000), share: Some(0.25) },
                review: false,
                description: Some("Quiet clients, at night.".to_owned()),
            }
        );
    }

    #[test]
    fn a_short_file_is_enabled_and_unbounded() {
        let job = Job::parse("nightly", SHORT).unwrap();
        assert!(job.enabled);
        assert_eq!(job.kind, SweepKind::Due);
        assert_eq!(job.limit, None);
        assert!(job.filters.is_empty());
        assert_eq!(job.brake, Brake::default());
        assert_eq!(job.description, None);
    }

    #[test]
    fn one_client_and_the_whole_share_are_within_bounds() {
        let job = with("limit = 1\n[brake]\nclients = 1\nshare = 1").unwrap();
        assert_eq!(job.limit, Some(1));
        assert_eq!(job.brake.clients, Some(1));
        assert_eq!(job.brake.share, Some(1.0));
    }

    #[test]
    fn only_clients_that_are_due_can_be_reviewed() {
        assert!(with("review = true").unwrap().review);
        for kind in ["replay", "retention"] {
            let text = SHORT.replace("due", kind) + "review = true";
            assert!(Job::parse("nightly", &text).unwrap_err().to_string().contains("review"), "{kind}");
        }
    }

    #[test]
    fn a_list_sweep_cannot_be_scheduled() {
        let error = Job::parse("nightly", &SHORT.replace("due", "list")).unwrap_err();
        assert_eq!(error.to_string(), "key `sweep` in `jobs/nightly.toml` is `list`, which cannot be scheduled");
    }

    #[test]
    fn a_name_is_lower_case_letters_digits_and_dashes() {
        assert!(Job::parse("nightly-2", SHORT).is_ok());
        for name in ["", "Nightly", "nightly_due", "night ly", "../nightly", "nat\u{e9}"] {
            let error = Job::parse(name, SHORT).unwrap_err();
            assert_eq!(error.to_string(), format!("`{name}` is not a name for a job"));
            assert!(error.hint().contains("nightly-due.toml"));
        }
    }

    #[test]
    fn a_period_of_its_own_is_one_that_can_be_read() {
        let read = |length: &str| {
            let text = SHORT.replace("\"due\"", "\"period\"");
            Job::parse("nightly", &format!("{text}length = \"{length}\""))
        };
        assert_eq!(read("2 years").unwrap().length, Some("2 years".parse().unwrap()));
        let error = read("often").unwrap_err();
        assert_eq!(error.to_string(), "key `length` in `jobs/nightly.toml` cannot be used");
        assert!(!error.hint().is_empty());
    }
}
