//! The job files, and their next ticks.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Service;
use super::failure::{Failure, Kind};
use super::status::Shown;
use crate::database::StoreError;
use crate::domain::access::Right;
use crate::domain::job::Job;
use crate::domain::reading::trouble;
use crate::domain::sweep::SweepKind;
use crate::ledger::{Ledger, Pause, SweepPage};
use crate::worker::sweep::{Mode, survey};
use crate::worker::{Context, Request};

#[derive(Debug, Default)]
pub struct JobFiles {
    pub jobs: Vec<Job>,
    /// The files that are not jobs, each by its name without `.toml`, and why.
    pub faults: Vec<(String, Failure)>,
}

/// Reads the job files of a folder. One that is not a job keeps no other from running.
pub fn job_files(folder: &Path) -> Result<JobFiles, Failure> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| unreadable(folder, error.kind()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut files = JobFiles::default();
    for path in paths {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match read(&name, &path) {
            Ok(job) => files.jobs.push(job),
            Err(failure) => files.faults.push((name, failure)),
        }
    }
    Ok(files)
}

fn read(name: &str, path: &Path) -> Result<Job, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("the job file `{}` cannot be read: {}", path.display(), trouble(error.kind()));
        Failure::new(what, "remove files that are not jobs from the folder, or make them readable")
    })?;
    Job::parse(name, &text).map_err(|error| {
        let mut failure = Failure::from(error);
        // A job knows its name; the path of its file is known here.
        failure.message = failure.message.replace(&format!("jobs/{name}.toml"), &path.display().to_string());
        failure
    })
}

fn unreadable(folder: &Path, kind: std::io::ErrorKind) -> Failure {
    let what = format!("the jobs in `{}` cannot be read: {}", folder.display(), trouble(kind));
    Failure::new(what, "`jobs` in `lethe.toml` names the folder of the job files")
}

pub fn jobs(folder: &Path) -> Result<Vec<Job>, Failure> {
    let files = job_files(folder)?;
    files.faults.into_iter().next().map_or(Ok(files.jobs), |(_, failure)| Err(failure))
}

pub fn job(folder: &Path, name: &str) -> Result<Job, Failure> {
    let JobFiles { jobs, faults } = job_files(folder)?;
    if let Some((_, failure)) = faults.into_iter().find(|(own, _)| own == name) {
        return Err(failure);
    }
    let names: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    jobs.into_iter().find(|job| job.name == name).ok_or_else(|| {
        let near = crate::domain::nearest::nearest(name, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("no job files found in `{}`", folder.display()),
            None => format!("the jobs are `{}`", names.join("`, `")),
        };
        Failure::new(format!("job `{name}` not found"), hint).of(Kind::NotFound)
    })
}

/// How many clients a job would anonymize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToAnonymize {
    pub job: String,
    /// The clients that its sweep would anonymize, whatever its limit.
    pub clients: u64,
    /// When they were counted.
    pub at: String,
}

/// How many clients each job that is switched on would anonymize now: as its preview says, over everyone, with its
/// filters and length and after all guards.
pub async fn to_anonymize(context: &Context, folder: &Path) -> Result<Vec<ToAnonymize>, Failure> {
    let mut all = Vec::new();
    let of_clients = |job: &Job| job.enabled && matches!(job.kind, SweepKind::Due | SweepKind::Period);
    for job in job_files(folder)?.jobs.into_iter().filter(of_clients) {
        let request = Request { cap: None, ..Request::of_job(&job, context.ledger.clock().now()) };
        let at = context.ledger.now();
        // A job that cannot be counted says why when it runs.
        let Ok(found) = survey(context.into(), &request, Mode::Preview, &mut |_| {}).await else { continue };
        all.push(ToAnonymize { job: job.name, clients: found.tally.anonymized, at });
    }
    Ok(all)
}

/// A job, and when it runs next.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct JobStatus {
    /// Its name.
    pub job: String,
    /// What it says of itself.
    pub description: String,
    /// The kind of sweep.
    pub kind: String,
    /// Its schedule, with the time zone.
    pub schedule: String,
    /// Whether its ticks make a review instead of a sweep.
    pub review: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its next tick; none while it is switched off or paused.
    pub next: Option<String>,
    /// Why its sweeps wait: it is paused, or all work is.
    pub paused: Option<Pause>,
    /// Ticks that came while it was paused; once it is resumed, one sweep stands for all of them.
    pub ticks_skipped: u64,
    /// How many clients it would anonymize, where they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_anonymize: Option<u64>,
    /// When they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<String>,
    /// Its last sweep, where it was asked for.
    pub last: Option<Shown>,
    /// Why its file is not a job; then only its name is given, or none if the folder cannot be read.
    pub error: Option<String>,
}

impl JobStatus {
    /// Whether the job is paused, and not all work alone.
    #[must_use]
    pub fn is_paused_itself(&self) -> bool {
        self.paused.as_ref().is_some_and(|own| own.job.is_some())
    }

    /// With the number of clients that it would anonymize, if it was counted.
    pub fn count(&mut self, counts: &[ToAnonymize]) {
        if let Some(own) = counts.iter().find(|own| own.job == self.job) {
            (self.to_anonymize, self.counted_at) = (Some(own.clients), Some(own.at.clone()));
        }
    }
}

/// The jobs in a folder as they stand; none where there is no folder.
pub async fn job_status(ledger: &Ledger, folder: &Path) -> Result<Vec<JobStatus>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let files = job_files(folder)
        .unwrap_or_else(|failure| JobFiles { jobs: Vec::new(), faults: vec![(String::new(), failure)] });
    let (pauses, now) = (ledger.pauses(false).await?, ledger.clock().now());
    let mut status = Vec::new();
    for job in files.jobs {
        let own = pauses.iter().find(|own| own.job.as_ref() == Some(&job.name));
        let paused = own.or_else(|| pauses.iter().find(|own| own.job.is_none())).cloned();
        let is_on = job.enabled && paused.is_none();
        status.push(JobStatus {
            next: is_on.then(|| job.schedule.next_after(now)).flatten().map(|at| at.to_rfc3339()),
            ticks_skipped: if paused.is_some() { ticks_due(ledger, &job, now).await? } else { 0 },
            paused,
            kind: job.kind.to_string(),
            schedule: job.schedule.to_string(),
            review: job.review,
            enabled: job.enabled,
            description: job.description.unwrap_or_default(),
            job: job.name,
            ..JobStatus::default()
        });
    }
    let fault =
        |(job, failure): (String, Failure)| JobStatus { job, error: Some(failure.message), ..JobStatus::default() };
    status.extend(files.faults.into_iter().map(fault));
    Ok(status)
}

/// How many ticks of a job have come for which nothing ran.
async fn ticks_due(ledger: &Ledger, job: &Job, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let looked = ledger.looked(&job.name).await?.filter(|own| own.schedule.as_ref() == Some(&job.schedule.to_string()));
    let missed = looked.filter(|_| job.enabled).and_then(|own| job.schedule.missed(own.until, now));
    Ok(missed.map_or(0, |own| own.skipped.saturating_add(1)))
}

impl Service {
    /// The jobs, when each runs next, and its last sweep.
    pub async fn jobs(&self) -> Result<Vec<JobStatus>, Failure> {
        self.allow_within(Right::Read, "view jobs", "").await?;
        let ledger = &self.context.ledger;
        let mut jobs = job_status(ledger, &self.jobs).await?;
        for job in jobs.iter_mut().filter(|own| own.error.is_none()) {
            let page = SweepPage { job: Some(job.job.clone()), limit: 1, ..SweepPage::default() };
            if let Some(sweep) = ledger.sweeps(&page).await?.pop().filter(|own| self.sees_sweep(own)) {
                job.last = Some(Shown::of(&self.context, sweep).await?);
            }
        }
        Ok(jobs)
    }
}
