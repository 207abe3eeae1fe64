//! A job file, `jobs/<name>.toml`: when which kind of sweep runs, and how far
//! it may go.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::nearest::nearest;
use crate::domain::period::Period;
use crate::domain::reading::{Slip, TextError};
use crate::domain::schedule::{self, Schedule};
use crate::domain::sweep::SweepKind;

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
    pub fn parse(name: &str, text: &str) -> Result<Self, TextError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || !name.bytes().all(allowed) {
            let fix = "name the file with `a` to `z`, `0` to `9` and `-`, such as `nightly-due.toml`";
            return Err(TextError::new(format!("`{name}` is not a name for a job"), fix));
        }
        let file: JobFile = toml::from_str(text).map_err(|error| unread(name, text, &error))?;
        let unusable =
            |key: &str, part| TextError::of_part(format!("key `{key}` in `jobs/{name}.toml` cannot be used"), part);
        let zone = schedule::zone(&file.time_zone).map_err(|part| unusable("time_zone", part))?;
        let schedule = Schedule::in_zone(&file.schedule, zone).map_err(|part| unusable("schedule", part))?;
        let kind = file.sweep.parse::<SweepKind>().map_err(|part| unusable("sweep", part))?;
        file.check(name, kind)?;
        let length = file
            .length
            .as_ref()
            .map(|text| text.parse::<Period>().map_err(|part| unusable("length", part)))
            .transpose()?;
        let mut filters = BTreeMap::new();
        for (filter, value) in file.filters {
            let values = filter_values(name, &filter, value)?;
            filters.insert(filter, values);
        }
        if let Some(share) = file.brake.share
            && (share.is_nan() || share <= 0.0 || share > 1.0)
        {
            let what = format!("key `brake.share` in `jobs/{name}.toml` is `{share}`, not above 0 and at most 1");
            return Err(TextError::new(what, "write `0.25` for a quarter of all clients"));
        }
        Ok(Self {
            name: name.to_owned(),
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

impl JobFile {
    /// Whether its keys go with its kind of sweep.
    fn check(&self, name: &str, kind: SweepKind) -> Result<(), TextError> {
        let file = format!("`jobs/{name}.toml`");
        let of_clients = [
            ("limit", self.limit.is_some()),
            ("brake.clients", self.brake.clients.is_some()),
            ("filters", !self.filters.is_empty()),
            ("review", self.review),
        ];
        let of_clients = of_clients.into_iter().find(|(_, said)| *said && kind == SweepKind::Retention);
        let is_replay = kind == SweepKind::Replay;
        let (what, fix) = if kind == SweepKind::List {
            (
                format!("key `sweep` in {file} is `list`, which cannot be scheduled"),
                "schedule a `due`, `period`, `replay` or `retention` sweep; a person starts a list",
            )
        } else if let Some((key, _)) = of_clients {
            (
                format!("key `{key}` in {file} is about clients, and a `retention` sweep takes rows"),
                "leave the key out; `brake.share` is the share of a table's rows, and the policy's `where` says which rows are deleted",
            )
        } else if is_replay && !self.filters.is_empty() {
            (
                format!("{file} has filters, and a `replay` sweep takes none"),
                "leave `[filters]` out: it checks every client that was ever anonymized",
            )
        } else if is_replay && self.review {
            let what = format!("{file} asks for a review, and a `replay` sweep does again what was done before");
            (what, "leave `review` out")
        } else if self.length.is_some() && kind != SweepKind::Period {
            let what = format!("{file} has the key `length`, and a `{kind}` sweep uses no period");
            (what, "leave the key out, or make it a `period` sweep")
        } else {
            return Ok(());
        };
        Err(TextError::new(what, fix))
    }
}

/// What the TOML reader says. Its own `Display` draws a picture over several lines; only the message and the place are
/// kept.
fn unread(job: &str, text: &str, error: &toml::de::Error) -> TextError {
    let Slip { line, what, .. } = Slip::of(text, error);
    let file = format!("`jobs/{job}.toml`");
    let place = line.map_or_else(|| file.clone(), |line| format!("{file} line {line}"));
    let names: Vec<&str> = error.message().split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((key, _)) if error.message().starts_with("missing field") => {
            let example = match *key {
                "schedule" => "schedule = \"0 30 1 * * *\"",
                "time_zone" => "time_zone = \"Europe/Copenhagen\"",
                _ => "sweep = \"due\"",
            };
            let fix = format!("add a line such as `{example}`, above any table");
            TextError::new(format!("{file} has no key `{key}`"), fix)
        }
        Some((key, known)) if error.message().starts_with("unknown field") => {
            let fix = match nearest(key, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the keys are `{}`", known.join("`, `")),
            };
            TextError::new(format!("{place}: unknown key `{key}`"), fix)
        }
        _ => TextError::new(format!("{place}: {what}"), "fix the line; texts stand in quotes, numbers do not"),
    }
}

fn at_least_one(job: &str, key: &str, value: Option<i64>) -> Result<Option<u64>, TextError> {
    let Some(value) = value else { return Ok(None) };
    let number = u64::try_from(value).ok().filter(|number| *number >= 1);
    let too_small = || {
        TextError::new(
            format!("key `{key}` in `jobs/{job}.toml` is `{value}`, less than 1"),
            "write 1 or more, or leave the key out; `enabled = false` stops the job",
        )
    };
    number.map(Some).ok_or_else(too_small)
}

fn filter_values(job: &str, filter: &str, value: toml::Value) -> Result<Vec<String>, TextError> {
    let values = match value {
        toml::Value::Array(values) => values,
        value => vec![value],
    };
    let wrong = |what: &str, fix| TextError::new(format!("key `filters.{filter}` in `jobs/{job}.toml` {what}"), fix);
    if values.is_empty() {
        return Err(wrong("is an empty list", "give at least one value, or leave the filter out"));
    }
    let read = |value| match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(answer) => Ok(answer.to_string()),
        other => {
            let what = format!("holds a value of type `{}`", other.type_str());
            Err(wrong(&what, "give a text, a whole number, `true` or `false`, or a list"))
        }
    };
    values.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

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

    const SHORT: &str = r#"
schedule  = "0 30 1 * * *"
time_zone = "Europe/Copenhagen"
sweep     = "due"
"#;

    fn with(lines: &str) -> Result<Job, TextError> {
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
            assert!(error.fix.contains("nightly-due.toml"));
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
        assert!(!error.fix.is_empty());
    }

    #[test]
    fn bad_files_are_refused_on_one_line_with_what_where_and_a_hint() {
        let cases = [
            ("limt = 5", "`jobs/nightly.toml` line 5: unknown key `limt`"),
            ("\n[brake]\nsize = 5", "`jobs/nightly.toml` line 7: unknown key `size`"),
            ("length = \"24 months\"", "`jobs/nightly.toml` has the key `length`, and a `due` sweep uses no period"),
            ("limit = \"many\"", "`jobs/nightly.toml` line 5: found `\"many\"`, expected a whole number"),
            ("enabled = 1", "`jobs/nightly.toml` line 5: found `1`, expected `true` or `false`"),
            ("limit = 0", "key `limit` in `jobs/nightly.toml` is `0`, less than 1"),
            ("limit = -5", "key `limit` in `jobs/nightly.toml` is `-5`, less than 1"),
            ("brake.clients = 0", "key `brake.clients` in `jobs/nightly.toml` is `0`, less than 1"),
            ("brake.share = 0.0", "key `brake.share` in `jobs/nightly.toml` is `0`, not above 0 and at most 1"),
            ("brake.share = 25", "key `brake.share` in `jobs/nightly.toml` is `25`, not above 0 and at most 1"),
            ("brake.share = nan", "key `brake.share` in `jobs/nightly.toml` is `NaN`, not above 0 and at most 1"),
            ("filters.branch = []", "key `filters.branch` in `jobs/nightly.toml` is an empty list"),
            ("filters.branch = 1.5", "key `filters.branch` in `jobs/nightly.toml` holds a value of type `float`"),
            ("filters.branch = [[\"a\"]]", "key `filters.branch` in `jobs/nightly.toml` holds a value of type `array`"),
        ];
        for (lines, what) in cases {
            let error = with(lines).unwrap_err();
            assert_eq!(error.to_string(), what, "{lines}");
            assert!(!error.fix.is_empty(), "{lines}");
        }
    }

    #[test]
    fn text_that_is_no_toml_is_refused_on_one_line() {
        for text in ["limit =", "limit = 5\nlimit = 6", "[filters", "\"", "= 5\r\n"] {
            let error = with(text).unwrap_err();
            assert!(["line 5: ", "line 6: "].iter().any(|line| error.what.contains(line)), "{error:?}");
            assert_eq!(error.to_string().lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn an_unknown_key_hints_at_the_nearest_or_lists_them_all() {
        let hint = |lines| with(lines).unwrap_err().fix;
        assert_eq!(hint("limt = 5"), "did you mean `limit`?");
        assert_eq!(hint("brake.clint = 5"), "did you mean `clients`?");
        assert_eq!(hint("brake.colour = 5"), "the keys are `clients`, `share`");
    }

    #[test]
    fn each_key_that_every_job_has_is_missed() {
        for key in ["schedule", "time_zone", "sweep"] {
            let lines: Vec<_> = SHORT.lines().filter(|line| !line.starts_with(key)).collect();
            let error = Job::parse("nightly", &lines.join("\n")).unwrap_err();
            assert_eq!(error.to_string(), format!("`jobs/nightly.toml` has no key `{key}`"));
            assert!(error.fix.contains(&format!("`{key} = ")));
        }
    }

    #[test]
    fn a_bad_schedule_zone_or_sweep_is_told_by_its_source() {
        let cases = [
            ("0 30 1", "30 1", "schedule", "has 5 fields", "`0 30 1 * * *`"),
            ("Copenhagen", "Kopenhagen", "time_zone", "`Europe/Kopenhagen`", "`Europe/Copenhagen`"),
            ("due", "deu", "sweep", "unknown kind of sweep `deu`", "`due`"),
        ];
        for (good, bad, key, what, hint) in cases {
            let error = Job::parse("nightly", &SHORT.replace(good, bad)).unwrap_err();
            assert_eq!(error.to_string(), format!("key `{key}` in `jobs/nightly.toml` cannot be used"));
            assert!(error.source().unwrap().to_string().contains(what), "{key}");
            assert!(error.fix.contains(hint), "{key}");
        }
    }
}
