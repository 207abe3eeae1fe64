//! Why a file is not a job.

use crate::domain::nearest::nearest;
use crate::domain::period::PeriodError;
use crate::domain::reading::in_words;
use crate::domain::schedule::ScheduleError;
use crate::domain::sweep::{SweepKind, UnknownSweepKind};

/// Why a file is not a job.
///
/// `Display` says what is wrong and where; [`hint`](Self::hint) says what to do
/// next. What is wrong with a schedule or a kind of sweep stands in the source.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JobError {
    /// The stem of the file is not the name of a job.
    #[error("`{name}` is not a name for a job")]
    Name { name: String },

    /// The text is not TOML, or a value is of the wrong type.
    #[error("{}: {what}", place(.job, *.line))]
    Toml {
        job: String,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong, on one line.
        what: String,
    },

    /// The file has a key that no job has.
    #[error("{}: unknown key `{key}`", place(.job, *.line))]
    UnknownKey {
        job: String,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        key: String,
        /// The keys that may stand there.
        known: Vec<String>,
    },

    /// The file lacks a key that every job has.
    #[error("`jobs/{job}.toml` has no key `{key}`")]
    MissingKey { job: String, key: String },

    /// The schedule or the time zone cannot be used.
    #[error("key `{key}` in `jobs/{job}.toml` cannot be used")]
    Schedule {
        job: String,
        /// The key at fault: `schedule` or `time_zone`.
        key: &'static str,
        source: ScheduleError,
    },

    /// The kind of sweep does not exist.
    #[error("key `sweep` in `jobs/{job}.toml` cannot be used")]
    Sweep { job: String, source: UnknownSweepKind },

    /// The kind of sweep needs a person to name the clients.
    #[error("key `sweep` in `jobs/{job}.toml` is `list`, which cannot be scheduled")]
    ListSweep { job: String },

    /// The sweep takes rows, and the key is about clients.
    #[error("key `{key}` in `jobs/{job}.toml` is about clients, and a `retention` sweep takes rows")]
    OfClients {
        job: String,
        /// The key at fault.
        key: &'static str,
    },

    /// The period cannot be read.
    #[error("key `length` in `jobs/{job}.toml` cannot be used")]
    Length { job: String, source: PeriodError },

    /// A period for a sweep that goes by none.
    #[error("`jobs/{job}.toml` has the key `length`, and a `{kind}` sweep uses no period")]
    LengthOfKind { job: String, kind: SweepKind },

    /// A replay is for all clients who were ever anonymized.
    #[error("`jobs/{job}.toml` has filters, and a `replay` sweep takes none")]
    ReplayFilters { job: String },

    /// A replay is of those who were decided upon before.
    #[error("`jobs/{job}.toml` asks for a review, and a `replay` sweep does again what was done before")]
    ReplayReview { job: String },

    /// A number of clients is less than one.
    #[error("key `{key}` in `jobs/{job}.toml` is `{value}`, less than 1")]
    TooSmall {
        job: String,
        /// The key at fault: `limit` or `brake.clients`.
        key: &'static str,
        /// The number as it was written.
        value: i64,
    },

    /// The share is no share of a whole.
    #[error("key `brake.share` in `jobs/{job}.toml` is `{share}`, not above 0 and at most 1")]
    Share { job: String, share: f64 },

    /// A filter lets no value through.
    #[error("key `filters.{filter}` in `jobs/{job}.toml` is an empty list")]
    EmptyFilter { job: String, filter: String },

    /// A filter has a value of a type that no filter takes.
    #[error("key `filters.{filter}` in `jobs/{job}.toml` holds a value of type `{found}`")]
    FilterValue {
        job: String,
        filter: String,
        /// The type as TOML calls it.
        found: &'static str,
    },
}

fn place(job: &str, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("`jobs/{job}.toml` line {line}"),
        None => format!("`jobs/{job}.toml`"),
    }
}

impl JobError {
    /// Says which key holds the fault of a schedule.
    pub(super) fn schedule(job: &str, source: ScheduleError) -> Self {
        let key = match source {
            ScheduleError::UnknownZone { .. } => "time_zone",
            _ => "schedule",
        };
        Self::Schedule { job: job.to_owned(), key, source }
    }

    /// Sorts what the TOML reader says. Its own `Display` draws a picture over
    /// several lines; only the message and the place are kept.
    pub(super) fn toml(job: &str, text: &str, error: &toml::de::Error) -> Self {
        let job = job.to_owned();
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        let line = error.span().map(|span| {
            let until = &text.as_bytes()[..span.start.min(text.len())];
            until.split(|byte| *byte == b'\n').count()
        });
        let mut names = what.split('`').skip(1).step_by(2).map(str::to_owned);
        if what.starts_with("missing field")
            && let Some(key) = names.next()
        {
            return Self::MissingKey { job, key };
        }
        if what.starts_with("unknown field")
            && let Some(key) = names.next()
        {
            return Self::UnknownKey { job, line, key, known: names.collect() };
        }
        drop(names);
        Self::Toml { job, line, what: in_words(&what).0 }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Schedule { source, .. } => return source.hint(),
            Self::Sweep { source, .. } => return source.hint(),
            Self::Length { source, .. } => return source.hint(),
            Self::UnknownKey { key, known, .. } => {
                return match nearest(key, known.iter().map(String::as_str)) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("the keys are `{}`", known.join("`, `")),
                };
            }
            Self::MissingKey { key, .. } => {
                let example = match key.as_str() {
                    "schedule" => "schedule = \"0 30 1 * * *\"",
                    "time_zone" => "time_zone = \"Europe/Copenhagen\"",
                    "sweep" => "sweep = \"due\"",
                    _ => return format!("add the key `{key}`"),
                };
                return format!("add a line such as `{example}`, above any table");
            }
            Self::Name { .. } => "name the file with `a` to `z`, `0` to `9` and `-`, such as `nightly-due.toml`",
            Self::Toml { .. } => "fix the line; texts stand in quotes, numbers do not",
            Self::ListSweep { .. } => {
                "schedule a `due`, `period`, `replay` or `retention` sweep; a person starts a list"
            }
            Self::OfClients { .. } => {
                "leave the key out; `brake.share` is the share of a table's rows, and the policy's `where` says which rows are deleted"
            }
            Self::LengthOfKind { .. } => "leave the key out, or make it a `period` sweep",
            Self::ReplayFilters { .. } => "leave `[filters]` out: it checks every client that was ever anonymized",
            Self::ReplayReview { .. } => "leave `review` out",
            Self::TooSmall { .. } => "write 1 or more, or leave the key out; `enabled = false` stops the job",
            Self::Share { .. } => "write `0.25` for a quarter of all clients",
            Self::EmptyFilter { .. } => "give at least one value, or leave the filter out",
            Self::FilterValue { .. } => "give a text, a whole number, `true` or `false`, or a list",
        };
        hint.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::domain::job::Job;
    use crate::domain::job::tests::{SHORT, with};

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
            assert!(!error.hint().is_empty(), "{lines}");
        }
    }

    #[test]
    fn text_that_is_no_toml_is_refused_on_one_line() {
        for text in ["limit =", "limit = 5\nlimit = 6", "[filters", "\"", "= 5\r\n"] {
            let error = with(text).unwrap_err();
            assert!(matches!(error, JobError::Toml { line: Some(5 | 6), .. }), "{error:?}");
            assert_eq!(error.to_string().lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn an_unknown_key_hints_at_the_nearest_or_lists_them_all() {
        let hint = |lines| with(lines).unwrap_err().hint();
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
            assert!(error.hint().contains(&format!("`{key} = ")));
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
            assert!(error.hint().contains(hint), "{key}");
        }
    }
}
