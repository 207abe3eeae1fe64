//! `lethe sweep`: start a sweep, preview it, rehearse it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::access::permit;
use super::client::KEY_HINT;
use super::confirm::confirm;
use super::output::{Output, batches, counted, number, reason, tally_lines, word};
use super::{Failure, retention, setup};
use crate::config::Config;
use crate::domain::access::Right;
use crate::domain::clock::Clock;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::period::Period;
use crate::domain::sweep::SweepKind;
use crate::ledger::{Head, Ledger, Progress, State, Sweep};
use crate::plan::Plan;
use crate::service::Service;
use crate::service::sweeps::UNFORESEEN;
use crate::service::ticks::needs_no_review;
use crate::worker::journal::{Keeper, before_opening};
use crate::worker::retention::look;
use crate::worker::sweep::{Client, Mode, Survey, Surveyor, SweepError, open, survey};
use crate::worker::{Context, Request, wait_for};

/// Start, preview or rehearse a sweep.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["job", "due", "period", "list", "selection", "replay", "retention"])))]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Args {
    /// Use the parameters of this job: the name of a file in `jobs/`.
    job: Option<String>,
    /// Select clients whose to-anonymize-on date has passed.
    #[arg(long)]
    due: bool,
    /// Select clients without activity for the policy's period.
    #[arg(long)]
    period: bool,
    /// Select the clients listed in a file, one key per line (`-` reads standard input).
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Select the clients of a saved selection.
    #[arg(long, value_name = "NAME")]
    selection: Option<String>,
    /// Select clients anonymized before whose data was restored.
    #[arg(long, conflicts_with = "filters")]
    replay: bool,
    /// Delete old rows, by the periods of their tables in the policy.
    #[arg(long, conflicts_with_all = ["force", "clients", "filters", "limit", "length"])]
    retention: bool,
    /// Only clients with this value; repeat it for more values (or) and more filters (and).
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = filter)]
    filters: Vec<(String, String)>,
    /// Use this period, one of the policy's choices, such as "24 months".
    #[arg(long, value_name = "PERIOD")]
    length: Option<Period>,
    /// Anonymize at most this many clients; refused ones do not count.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Show what the sweep would do, without changing anything.
    #[arg(long, conflicts_with_all = ["rehearse", "wait"])]
    preview: bool,
    /// Do everything, then roll it back; each policy needs one rehearsal before live sweeps.
    #[arg(long, conflicts_with = "wait")]
    rehearse: bool,
    /// Process the sweep in this process, and wait for its end.
    #[arg(long)]
    wait: bool,
    /// Ignore the period of the listed clients; guards and holds still refuse.
    #[arg(long, conflicts_with_all = ["job", "due", "period", "replay"])]
    force: bool,
    /// Start without asking for confirmation: a sweep cannot be undone.
    #[arg(long, env = "LETHE_YES")]
    yes: bool,
    /// Start a sweep that the brake stopped.
    #[arg(long)]
    over_brake: bool,
    /// With `--preview` or `--rehearse`: print each client, its outcome and the reasons.
    #[arg(long)]
    clients: bool,
}

pub(super) fn filter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE, such as customer_posting_group=DOMESTIC".to_owned()),
    }
}

pub(super) async fn execute(args: Args, file: &Path, out: Output) -> Result<(), Failure> {
    let config = Config::read(file)?;
    if args.clients && !args.preview && !args.rehearse {
        return Err(Failure::new(
            "`--clients` requires `--preview` or `--rehearse`",
            "`lethe client KEY` shows the outcome of a client",
        ));
    }
    if args.preview {
        return preview(&args, &config, out).await;
    }
    let (_, service) = setup::service(file).await?;
    let over = args.selection.as_ref().map(|name| format!(" of selection {name}")).unwrap_or_default();
    let verb = if args.rehearse { "rehearse" } else { "start" };
    service.allow_within(Right::Bulk, &format!("{verb} a sweep{over}"), "").await?;
    let context = service.context.clone();
    let loaded = context.planner.plan(&context.store).await?;
    let request = service.within_limit(request(&args, &config, loaded.plan.client.key.len())?).await?;
    if args.rehearse && request.kind == SweepKind::Retention {
        return retention::rehearse(&context, &request, out).await;
    }
    if args.rehearse {
        let mut list = listing(args.clients, out);
        return super::rehearsal::rehearse(&context, &request, out, args.clients, &mut list).await;
    }
    args.job.iter().try_for_each(|name| needs_no_review(&setup::job(&config.jobs, name)?))?;
    if !args.yes {
        is_meant(&service, &request, &way(&args)).await?;
    }
    if args.wait && !args.replay {
        replay_first(&context).await?;
    }
    let Some(id) = open(&context, &request).await? else { return Ok(()) };
    if args.wait {
        return wait(&context, id, out).await;
    }
    out.data(&serde_json::json!({ "sweep": id }), || {
        format!(
            "Sweep {id} is open. A running `lethe run` works on it; `lethe status {id}` shows its progress.\n\
             Without one, `lethe status` shows it waiting: start `lethe run`, or add `--wait` next time."
        )
    });
    Ok(())
}

/// Works on the replay that a restore makes necessary, if one does, before anything else.
async fn replay_first(context: &Context) -> Result<(), Failure> {
    let mut keeper = Keeper::new(context);
    // A journal that cannot be reached does not stop the work.
    let kept = keeper.first_look().await;
    let Some(Head { restored_at: Some(_), replay, .. }) = context.ledger.journal().await? else { return Ok(()) };
    kept?;
    if let Some(id) = replay {
        work_off(context, id).await?;
        keeper.first_look().await?;
    }
    Ok(())
}

/// What the arguments ask for.
fn request(args: &Args, config: &Config, key_parts: usize) -> Result<Request, Failure> {
    let now = Clock::System.now();
    let mut request = match &args.job {
        Some(name) => Request::of_job(&setup::job(&config.jobs, name)?, now),
        None => Request {
            kind: match args {
                Args { due: true, .. } => SweepKind::Due,
                Args { period: true, .. } => SweepKind::Period,
                Args { replay: true, .. } => SweepKind::Replay,
                Args { retention: true, .. } => SweepKind::Retention,
                _ => SweepKind::List,
            },
            force: args.force,
            zone: config.time_zone,
            ..Request::of_clients(Vec::new(), now.with_timezone(&config.time_zone).date_naive())
        },
    };
    if request.kind == SweepKind::Retention {
        let said = [
            ("--filter", !args.filters.is_empty()),
            ("--limit", args.limit.is_some()),
            ("--clients", args.clients),
            ("--length", args.length.is_some()),
        ];
        if let Some((option, _)) = said.into_iter().find(|(_, said)| *said) {
            return Err(retention::no_clients(option));
        }
    }
    request.over_brake = args.over_brake;
    request.cap = args.limit.or(request.cap);
    request.length = args.length.or(request.length);
    if !args.filters.is_empty() {
        request.filters.clear();
        for (name, value) in &args.filters {
            request.filters.entry(name.clone()).or_default().push(value.clone());
        }
    }
    request.selection = args.selection.as_ref().map(|name| name.trim().to_owned());
    if let Some(list) = &args.list {
        request.keys = keys(list, key_parts)?;
    }
    Ok(request)
}

/// The clients in a list, each once.
fn keys(list: &Path, parts: usize) -> Result<Vec<Key>, Failure> {
    let shown = list.display();
    let mut keys = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for given in super::list::keys(list, "--list")? {
        let (line, text) = given?;
        let key = Key::parse(&text, parts)
            .map_err(|what| Failure::new(format!("`{shown}` line {line}: {what}"), KEY_HINT))?;
        if seen.insert(key.to_json()) {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        let hint = "write one client key per line; lines that begin with `#` are comments";
        return Err(Failure::new(format!("the list `{shown}` names no client"), hint));
    }
    Ok(keys)
}

/// How the command line chooses the clients of a sweep.
fn way(args: &Args) -> String {
    match args {
        Args { job: Some(job), .. } => word(job),
        Args { due: true, .. } => "--due".to_owned(),
        Args { period: true, .. } => "--period".to_owned(),
        Args { list: Some(list), .. } => format!("--list {}", list.display()),
        Args { selection: Some(name), .. } => format!("--selection {}", word(name.trim())),
        Args { replay: true, .. } => "--replay".to_owned(),
        _ => "--retention".to_owned(),
    }
}

/// Asks whether a sweep is meant: says how many clients or rows it would take.
async fn is_meant(service: &Service, request: &Request, way: &str) -> Result<(), Failure> {
    let context = &service.context;
    let mut unforeseen = String::new();
    let what = if let Some(name) = &request.selection {
        let selection = service.selection(name).await?;
        let clients = counted(selection.clients, "client");
        format!("selection `{}` of {} holds {clients}", selection.name, super::selection::saver(&selection))
    } else if request.kind == SweepKind::Retention {
        let (store, planner) = (&context.store, &context.planner);
        let found = look(store, planner, Some(&context.ledger), request.today, Mode::Preview).await?;
        format!("{} would be deleted", counted(found.iter().map(|own| own.rows).sum::<u64>(), "old row"))
    } else if request.kind == SweepKind::Replay
        && matches!(before_opening(context).await, Err(SweepError::Restored { .. }))
    {
        // The ledger does not know of them yet.
        "the clients that the journal has and this database lost would be anonymized again".to_owned()
    } else {
        let found = survey(context.into(), request, Mode::Preview, &mut |_| {}).await?.tally;
        unforeseen = format!(" ({UNFORESEEN})");
        let refused = if found.refused > 0 { format!(", {} refused", number(found.refused)) } else { String::new() };
        format!("{} would be anonymized{refused}", counted(found.anonymized, "client"))
    };
    let subject = if request.kind == SweepKind::Retention { "this" } else { "anonymization" };
    let what = format!("{what}, and {subject} cannot be undone{unforeseen}");
    let hint =
        format!("check it with `lethe sweep {way} --preview`; if it is right, start it with `lethe sweep {way} --yes`");
    confirm(&what, "Start the sweep?", &hint, false)
}

/// What a preview found, for a program.
#[derive(Serialize)]
struct Previewed<'a> {
    #[serde(flatten)]
    found: &'a Survey,
    unforeseen: &'static str,
}

async fn preview(args: &Args, config: &Config, out: Output) -> Result<(), Failure> {
    let store = setup::opened(config).await?;
    let planner = config.planner();
    let loaded = planner.plan(&store).await?;
    let mut request = request(args, config, loaded.plan.client.key.len())?;
    let limits = config.limits();
    let ledger = if Ledger::exists(&store).await? {
        let service = setup::service_of(config, setup::context_of(config, store.clone()).await?).await?;
        service.allow_within(Right::Read, "preview a sweep", "").await?;
        request = service.within_limit(request).await?;
        Some(service.context)
    } else {
        permit(config, Right::Read, "preview a sweep")?;
        None
    };
    if request.kind == SweepKind::Retention {
        let ledger = ledger.as_ref().map(|context| &context.ledger);
        return retention::preview(&store, &planner, ledger, &request, out).await;
    }
    let surveyor = match &ledger {
        Some(context) => Surveyor::from(context),
        None => Surveyor::without_ledger(&store, &planner, limits.batch_size),
    };
    let found = survey(surveyor, &request, Mode::Preview, &mut listing(args.clients, out)).await?;
    if !(args.clients && out.json) {
        let shown = Previewed { found: &found, unforeseen: UNFORESEEN };
        out.data(&shown, || {
            let text = survey_text(&found, &request, &loaded.plan, "would be anonymized");
            format!("{text}\nNothing was written. What a preview cannot foresee: {UNFORESEEN} (`--rehearse`).")
        });
    }
    Ok(())
}

/// Prints each client as it is looked at, if that was asked for.
fn listing(wanted: bool, out: Output) -> impl FnMut(Client) + Send {
    move |client: Client| {
        if !wanted {
            return;
        }
        if out.json {
            super::output::print(&crate::domain::text::json(&crate::domain::value::json_of(&client)));
        } else {
            let key = crate::domain::text::escaped(&client.key);
            super::output::print(&format!("{key}\t{}\t{}", client.outcome, client.reasons.join(", ")));
        }
    }
}

pub(super) fn survey_text(found: &Survey, request: &Request, plan: &Plan, word: &str) -> String {
    let what = match request.kind {
        SweepKind::Due => format!("clients whose date is on or before {}", request.today),
        SweepKind::Period => {
            let length = request.length.or(plan.retention.as_ref().map(|own| own.length));
            let length = length.map(|own| own.to_string()).unwrap_or_default();
            format!("clients without activity for {length} on {}", request.today)
        }
        SweepKind::List => match &request.selection {
            Some(name) => format!("clients of selection `{name}`"),
            None => "clients on the list".to_owned(),
        },
        SweepKind::Replay => "clients anonymized before whose data was restored".to_owned(),
        // Its own text is of rows.
        SweepKind::Retention => "clients".to_owned(),
    };
    let mut text = format!("{} {what}\n\n", number(found.tally.looked_at()));
    text += &result_table(&found.tally, &found.refusals, &found.failures, plan, word);
    text + &format!("\n{} in {}\n", batches(found.batches), seconds(found.took))
}

/// A tally as a table, with the reasons below what they explain.
pub(super) fn result_table(
    tally: &crate::domain::outcome::Tally,
    refusals: &BTreeMap<String, u64>,
    failures: &BTreeMap<String, u64>,
    plan: &Plan,
    word: &str,
) -> String {
    let lines = tally_lines(tally, word);
    let name_width = lines.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    let count_width = lines.iter().map(|(_, count, _)| number(*count).len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, count, note) in lines {
        let count = number(count);
        let reasons = match name.as_str() {
            "refused" => refusals,
            "failed" => failures,
            _ => &BTreeMap::new(),
        };
        let several = reasons.values().sum::<u64>() > tally.refused && name == "refused";
        let note = if several { "a client can have several reasons" } else { note };
        text += format!("  {name:name_width$}  {count:>count_width$}  {note}").trim_end();
        text.push('\n');
        text += &reason_lines(reasons, plan);
    }
    text
}

/// Reasons, the most frequent first, below what they explain.
pub(super) fn reason_lines(reasons: &BTreeMap<String, u64>, plan: &Plan) -> String {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1));
    let lines = reasons.iter().map(|(name, count)| format!("{:>10}  {}\n", number(**count), reason(Some(plan), name)));
    lines.collect()
}

pub(super) fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[derive(Serialize)]
struct Ended<'a> {
    sweep: &'a Sweep,
    progress: Progress,
    refusals: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rows: BTreeMap<String, u64>,
}

/// How often the progress is printed where there is no terminal.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// How fast it is, and how long it will take once all clients have been selected.
fn pace(done: u64, took: Duration, left: Option<u64>) -> String {
    let seconds = took.as_secs();
    if done == 0 || seconds == 0 {
        return String::new();
    }
    let rate = format!(", {} a second", number(done / seconds));
    match left.map(|left| left * seconds / done) {
        Some(left @ 120..) => format!("{rate}, {} min left", left / 60),
        Some(left @ 1..) => format!("{rate}, {left} s left"),
        _ => rate,
    }
}

/// Works on a sweep here, with a progress bar on a terminal.
pub(super) async fn work_off(context: &Context, id: i64) -> Result<Sweep, Failure> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}  {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(120));
    let stop = setup::stop_on_signal();
    let begun = std::time::Instant::now();
    let (mut first, mut told) = (None, begun);
    let ended = wait_for(context, id, stop.clone(), &mut |sweep, progress| {
        let tally = progress.tally;
        let done = tally.looked_at();
        let here = done - *first.get_or_insert(done);
        let total = sweep.cut.then_some(progress.clients);
        let text = format!(
            "{} processed: {} anonymized, {} refused, {} failed{}",
            number(done),
            number(tally.anonymized),
            number(tally.refused),
            number(tally.failed),
            pace(here, begun.elapsed(), total.map(|total| total.saturating_sub(done)))
        );
        if bar.is_hidden() && told.elapsed() > TOLD_EVERY {
            told = std::time::Instant::now();
            // A terminal that is gone, or a full disk, ends no sweep.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
        }
        bar.set_message(text);
    })
    .await?;
    bar.finish_and_clear();
    match ended {
        Some(sweep) if sweep.state != State::Running => Ok(sweep),
        _ => Err(Failure::new(
            format!("sweep {id} was left unfinished"),
            "nothing is half done; `lethe run` continues it",
        )),
    }
}

/// Waits for a sweep and prints what came of it.
pub(super) async fn wait(context: &Context, id: i64, out: Output) -> Result<(), Failure> {
    let started = std::time::Instant::now();
    let sweep = work_off(context, id).await?;
    let progress = context.ledger.progress(id).await?;
    let refusals = context.ledger.refusals(id).await?;
    let loaded = context.planner.plan(&context.store).await;
    let rows = context.ledger.rows_by_table(id, id).await?;
    let ended = Ended { sweep: &sweep, progress, refusals: refusals.clone(), rows: rows.clone() };
    let (State::Done, Ok(loaded)) = (sweep.state, loaded) else {
        let note = sweep.note.clone().unwrap_or_default();
        let what = format!("sweep {id} was {}: {note}", sweep.state.as_str());
        return Err(match sweep.state {
            State::Braked => {
                Failure::new(what, Act::OverBrake(sweep.job.unwrap_or_else(|| format!("--{}", sweep.kind))).then(""))
            }
            _ => Failure::new(what, "clients anonymized so far remain anonymized; `lethe doctor` says what to fix"),
        });
    };
    out.data(&ended, || {
        let note = sweep.note.as_ref().map(|note| format!("\nnote: {note}")).unwrap_or_default();
        if sweep.kind == SweepKind::Retention {
            return format!("Sweep {id} is done.\n\n{}{note}", retention::gone(&rows));
        }
        format!(
            "Sweep {id} is done.\n\n{}\n{} clients in {}{note}",
            result_table(&progress.tally, &refusals, &BTreeMap::new(), &loaded.plan, "anonymized"),
            number(progress.tally.looked_at()),
            seconds(started.elapsed())
        )
    });
    Ok(())
}
