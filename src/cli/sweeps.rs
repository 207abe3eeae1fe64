//! `lethe sweeps`: sweeps, newest first, filtered.

use std::path::Path;

use chrono::NaiveDate;

use super::output::Output;
use super::status::sweep_table;
use super::{Failure, setup};
use crate::domain::sweep::SweepKind;
use crate::ledger::{State, SweepPage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only sweeps of this job.
    #[arg(long)]
    job: Option<String>,
    /// Only this kind: due, period, list, replay or retention.
    #[arg(long)]
    kind: Option<SweepKind>,
    /// Only this state: running, done, stopped or braked.
    #[arg(long)]
    state: Option<State>,
    /// Only sweeps opened on or after this day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// Only sweeps opened on or before this day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<NaiveDate>,
    /// Only sweeps before this one: the last of the previous page.
    #[arg(long, value_name = "SWEEP")]
    before: Option<i64>,
    /// How many to show.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    last: u32,
}

pub(super) async fn execute(args: Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let Args { job, kind, state, since, until, before, last } = args;
    let page = SweepPage { job, kind, state, since, until, before, limit: last };
    let sweeps = service.sweeps(&page).await?;
    out.data(&sweeps, || if sweeps.is_empty() { "No sweeps.".to_owned() } else { sweep_table(&sweeps) });
    Ok(())
}
