//! Reports as pages: one file, nothing loaded from elsewhere, no scripts, made
//! to be printed on A4 and to be read aloud. Everything is escaped.

use askama::Template;

use super::filters;
use super::month::{MonthReport, MonthSweep};
use super::now::{Groups, RareValue};
use super::register::Register;
use super::remains::Remaining;
use super::sweep::SweepReport;
use super::words::{counted, minute, number};

#[derive(Template)]
#[template(path = "sweep.html")]
struct SweepPage<'a> {
    report: &'a SweepReport,
    l: &'a str,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage<'a> {
    report: &'a MonthReport,
    l: &'a str,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    report: &'a Register,
    l: &'a str,
}

impl Register {
    /// The extract as a page.
    pub fn html(&self) -> askama::Result<String> {
        RegisterPage { report: self, l: "en" }.render()
    }
}

impl MonthReport {
    /// The report as a page in the language of this code.
    pub fn html(&self, code: &str) -> askama::Result<String> {
        MonthPage { report: self, l: code }.render()
    }

    /// Sweeps that did not simply go through, and why.
    fn out_of_line(&self) -> Vec<(&MonthSweep, String)> {
        let line = |own: &'_ MonthSweep| {
            let sweep = &own.sweep;
            let note = sweep.note.as_deref().unwrap_or("no reason is recorded");
            let mut what = match sweep.state {
                "done" => sweep.note.iter().cloned().collect(),
                "running" => vec!["not over".to_owned()],
                state => vec![format!("{state}: {note}")],
            };
            if sweep.force {
                what.push("date and period ignored".to_owned());
            }
            if sweep.over_brake {
                what.push("over the brake".to_owned());
            }
            what.join("; ")
        };
        self.sweeps.iter().map(|own| (own, line(own))).filter(|(_, what)| !what.is_empty()).collect()
    }
}

impl SweepReport {
    /// The report as a page in the language of this code.
    pub fn html(&self, code: &str) -> askama::Result<String> {
        SweepPage { report: self, l: code }.render()
    }

    fn title(&self) -> String {
        let sweep = &self.sweep;
        let end = match (sweep.state, &sweep.closed_at) {
            ("done", Some(at)) => format!("done {} UTC", minute(at)),
            (state, Some(at)) => format!("{state} {} UTC", minute(at)),
            (state, None) => state.to_owned(),
        };
        format!("For {}, opened {} UTC, {end}", sweep.day.format("%-d %B %Y"), minute(&sweep.opened_at))
    }

    /// Whether it took old rows, and no clients.
    fn is_of_rows(&self) -> bool {
        self.sweep.kind == "retention"
    }

    fn rows_gone(&self) -> u64 {
        self.old_rows.iter().map(|own| own.rows).sum()
    }

    /// What a reader must not overlook.
    fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        let sweep = &self.sweep;
        match sweep.state {
            "running" => all.push("This sweep is still running: its figures are provisional.".to_owned()),
            "done" => all.extend(sweep.note.clone()),
            state => all
                .push(format!("This sweep was {state}: {}", sweep.note.as_deref().unwrap_or("no reason is recorded"))),
        }
        let open = u64::try_from(self.outside.open()).unwrap_or(0);
        if open > 0 {
            all.push(format!(
                "{} not complete: clients of this sweep are anonymized in the database, but not yet everywhere.",
                if open == 1 { "1 delivery is".to_owned() } else { format!("{} deliveries are", number(open)) }
            ));
        }
        if sweep.force {
            all.push("Date and period were ignored: a person selected the clients.".to_owned());
        }
        if sweep.over_brake {
            all.push("It exceeded its brake, and a person allowed it.".to_owned());
        }
        if !self.policy.is_current && self.policy.digest.is_some() {
            all.push(
                "The policy or the schema has changed since: figures are as of the sweep, and statements about the policy \
                 describe it as it is now."
                    .to_owned(),
            );
        }
        all
    }

    /// What ran, line by line.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let sweep = &self.sweep;
        let mut facts = Vec::new();
        facts.push((
            "started by",
            match (&sweep.job, &sweep.tick) {
                (Some(job), Some(tick)) => format!(
                    "job {job}, for its tick of {} UTC{} (account {})",
                    minute(tick),
                    match sweep.skipped {
                        0 => String::new(),
                        1 => ", and one missed before it".to_owned(),
                        skipped => format!(", and {skipped} missed before it"),
                    },
                    sweep.opened_by
                ),
                (Some(job), None) => format!("{}, by hand, with job {job}", sweep.opened_by),
                (None, _) => format!("{}, by hand", sweep.opened_by),
            },
        ));
        facts.push((
            "selected",
            match (sweep.kind.as_str(), sweep.cutoff) {
                ("due", _) => "clients whose date had passed".to_owned(),
                ("period", Some(cutoff)) => format!("clients without activity since {cutoff}"),
                ("list", _) => "clients named by a person".to_owned(),
                ("replay", _) => "clients anonymized before whose data was restored".to_owned(),
                ("retention", _) => "old rows, by the periods of their tables".to_owned(),
                (kind, _) => format!("by kind {kind}"),
            },
        ));
        for (name, values) in &sweep.filters {
            facts.push(("only", format!("{name} = {}", values.join(" or "))));
        }
        if let Some(limit) = sweep.limit {
            let reached = if sweep.limit_reached { ", which was reached" } else { "" };
            facts.push(("limit", format!("{}{reached}", counted(limit, "client"))));
        }
        let policy = &self.policy;
        let version = policy.version.as_ref().map(|version| format!("version {version}, ")).unwrap_or_default();
        facts.push(("policy", format!("{version}plan {}", policy.short())));
        facts.push((
            "rehearsed",
            match &policy.rehearsed {
                Some(own) if self.is_of_rows() => {
                    format!("last {} UTC by {}, on old rows", minute(&own.at), own.done_by)
                }
                Some(own) => format!(
                    "last {} UTC by {}, with {}",
                    minute(&own.at),
                    own.done_by,
                    counted(own.anonymized, "client")
                ),
                None => "no rehearsal of this plan is recorded".to_owned(),
            },
        ));
        facts
    }

    /// The outcomes that no table is about, in a sentence.
    fn others(&self) -> String {
        if self.is_of_rows() {
            return "Rows older than their table’s period were deleted, for all clients; rows of clients on hold were kept. No \
                    client was processed."
                .to_owned();
        }
        let clients = &self.clients;
        let mut parts = Vec::new();
        for (count, what) in [
            (clients.tally.already, "had been anonymized before"),
            (clients.tally.not_due, "were no longer due"),
            (clients.tally.not_found, "were not in the client table"),
            (
                clients.failed_before,
                "had failed in an earlier sweep, which gives the reason, and were skipped or failed again",
            ),
            (
                clients.left,
                if self.sweep.state == "running" {
                    "are still to be processed"
                } else {
                    "were selected but not processed"
                },
            ),
        ] {
            if count > 0 {
                parts.push(format!("{} {what}", number(count)));
            }
        }
        let rest = if parts.is_empty() { String::new() } else { format!(" In addition: {}.", parts.join("; ")) };
        format!(
            "Each client’s changes and its outcome were committed together; date, period, guards and holds were evaluated \
             again in the same transaction.{rest}"
        )
    }
}

impl Groups {
    fn names(&self) -> String {
        self.columns.iter().map(|own| own.column.clone()).collect::<Vec<_>>().join(", ")
    }

    fn shows_values(&self) -> bool {
        self.columns.iter().any(|own| own.rare.as_ref().is_some_and(|rare| !rare.is_empty()))
    }
}

impl RareValue {
    fn shown(&self) -> &str {
        match self.value.as_deref() {
            None => "NULL",
            Some("") => "empty",
            Some(value) => value,
        }
    }
}

impl Remaining {
    /// The ways without their conditions, which the policy has.
    fn ways(&self) -> String {
        let bare = |way: &String| way.split(" where ").next().unwrap_or(way).to_owned();
        self.reached_by.iter().map(bare).collect::<Vec<_>>().join("; ")
    }

    /// Columns that stay as they are in every row.
    fn stay(&self) -> usize {
        self.unchanged.len() + self.kept.len()
    }

    fn all(&self) -> usize {
        self.stay() + self.coarsened.len() + self.in_some_rows.len() + self.changed
    }

    /// What stays of personal data, line by line.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        if self.some_rows_go {
            lines.push("some rows are deleted".to_owned());
        }
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for kept in &self.kept {
            match reasons.iter_mut().find(|(why, _)| *why == kept.why) {
                Some((_, columns)) => columns.push(&kept.column),
                None => reasons.push((&kept.why, vec![&kept.column])),
            }
        }
        lines.extend(reasons.iter().map(|(why, columns)| format!("{} kept: {why}", columns.join(", "))));
        lines.extend(self.coarsened.iter().map(|own| format!("{}: {} is kept", own.column, own.to)));
        if !self.in_some_rows.is_empty() {
            let columns = counted(self.in_some_rows.len(), "column");
            lines.push(format!("{columns} changed in some rows only"));
        }
        lines
    }
}
