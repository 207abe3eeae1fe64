//! `lethe policy`: draft, check and show the policy.

mod trace;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::access::may_configure;
use super::output::{Output, counted, table};
use super::{Failure, setup};
use crate::config::Config;
use crate::database::{Bounds, MOST_NEAR, Searched, Store};
use crate::domain::reading::trouble;
use crate::domain::schema::Schema;
use crate::draft::{Draft, DraftOptions, Refused, accepted, draft, for_found, questions};
use crate::plan::{Branch, Path as Way, Plan, PlanError};
use crate::policy::{Action, Column, Generalize, Literal, Part, Policy};
use crate::service::access::not_configured;

use crate::worker::PlanLoadError;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Draft a policy from the database, with every table that reaches clients and a guess for every column.
    Init {
        /// The table with one row per client, if it cannot be guessed.
        #[arg(long, value_name = "TABLE")]
        client: Option<String>,
        /// The column, or columns separated by commas, that identify a client.
        #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
        key: Option<Vec<String>>,
        /// Overwrite an existing policy; it is kept as `policy.toml.bak`.
        #[arg(long)]
        force: bool,
        /// Print the draft instead of writing it.
        #[arg(long, conflicts_with = "force")]
        stdout: bool,
    },
    /// Check the policy against the live schema and its data, and list every problem.
    Check {
        /// Search all tables that no link reaches for values of sampled clients.
        #[arg(long)]
        search: bool,
    },
    /// Show what the policy does, table by table.
    Show,
    /// Write the class and action of a new column or key to the policy.
    Classify {
        /// The location, as `lethe policy check` names it, such as `tables.customers.columns.hat_size`.
        place: String,
        /// The rule, as in a policy, such as `{ class = "personal", clear = true }`.
        rule: String,
    },
    /// Show what would happen to one client, row by row, and where else its values are. Nothing is changed.
    Trace {
        /// The client's key; the parts of a composite key separated by commas.
        key: String,
        /// The most rows to show per link.
        #[arg(long, value_name = "ROWS", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
        rows: u16,
    },
    /// Print the JSON Schema of policies, for editors.
    Schema,
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    match command {
        Command::Init { client, key, force, stdout } => {
            let options = DraftOptions { client_table: client, key };
            init(&options, force, stdout, file, out).await
        }
        Command::Check { search } => check(search, file, out).await,
        Command::Show => show(file, out).await,
        Command::Classify { place, rule } => classify(&place, &rule, file, out).await,
        Command::Trace { key, rows } => Box::pin(trace::execute(&key, usize::from(rows), file, out)).await,
        Command::Schema => {
            super::output::print(&json_schema());
            Ok(())
        }
    }
}

/// Writes a rule into the policy, for those who may configure.
async fn classify(place: &str, rule: &str, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let done = service.classify(place, rule).await?;
    out.data(&done, || {
        let next = if done.missing == 0 {
            "Next: rehearse, since this is a new policy.".to_owned()
        } else {
            let left = counted(done.missing, "problem");
            format!("Next: `lethe policy check` lists {left} more; then rehearse, since this is a new policy.")
        };
        format!("`{}` is classified. {next}", done.classified)
    });
    Ok(())
}

pub(super) fn json_schema() -> String {
    serde_json::to_string_pretty(&crate::policy::json_schema()).expect("plain data")
}

async fn init(options: &DraftOptions, force: bool, stdout: bool, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    let target: PathBuf = config.policy.clone();
    if target.exists() && !force && !stdout {
        return Err(Failure::new(
            format!("`{}` already exists", target.display()),
            "`--force` overwrites it, `--stdout` prints the draft instead",
        ));
    }
    let schema = store.schema().await?;
    let drafted = drafted(&store, &schema, options).await?;
    if stdout {
        super::output::print(drafted.text.trim_end());
        return Ok(());
    }
    if target.exists() {
        // A policy is work: what is overwritten stays beside it.
        let _ = std::fs::copy(&target, target.with_extension("toml.bak"));
    }
    std::fs::write(&target, &drafted.text).map_err(|error| {
        Failure::new(
            format!("`{}` cannot be written: {}", target.display(), trouble(error.kind())),
            "check the folder, or print the draft with `--stdout`",
        )
    })?;
    let summary = serde_json::json!({
        "policy": target, "client_table": drafted.client_table, "tables": drafted.tables,
        "columns": drafted.columns, "uncertain": drafted.uncertain,
    });
    out.data(&summary, || {
        let mut text = format!(
            "`{}` is a draft: clients are in `{}`, and {} with {} reach them.\n",
            target.display(),
            drafted.client_table,
            counted(drafted.tables, "table"),
            counted(drafted.columns, "column"),
        );
        if !drafted.uncertain.is_empty() {
            text += &format!("{} pending, marked TODO:\n", counted(drafted.uncertain.len(), "decision"));
            for place in &drafted.uncertain {
                text += &format!("  {place}\n");
            }
        }
        text + "\nNext: read it line by line, then `lethe policy check`."
    });
    Ok(())
}

/// The plan that a draft becomes with every suggestion accepted.
fn plan_of(drafted: &Draft, schema: &Schema) -> Option<Plan> {
    Plan::build(&Policy::parse(&accepted(&drafted.text)).ok()?, schema).ok()
}

/// A draft of which the database itself accepts every suggestion.
async fn drafted(store: &Store, schema: &Schema, options: &DraftOptions) -> Result<Draft, Failure> {
    const ROUNDS: usize = 6;
    let no_draft = |error: crate::draft::DraftError| Failure::new(error.to_string(), error.hint());
    let samples = store.samples(schema).await?;
    let asked = questions(schema, &samples, options).map_err(no_draft)?;
    let answers = store.holds(schema, &asked).await?;
    let mut refused = Refused::default();
    let mut drafted = draft(schema, &samples, &answers, options, &mut refused).map_err(no_draft)?;
    for _ in 0..ROUNDS {
        let Some(plan) = plan_of(&drafted, schema) else { break };
        let mut problems = store.verify(&plan, schema).await?;
        if problems.is_empty() {
            problems = store.verify_data(&plan).await?;
        }
        if problems.is_empty() || !refused.take(schema, &drafted.activity, &problems) {
            break;
        }
        drafted = draft(schema, &samples, &answers, options, &mut refused).map_err(no_draft)?;
    }
    // A table that is linked may be the way to others.
    let bounds = bounds();
    while let Some(plan) = plan_of(&drafted, schema) {
        let searched = store.search(&plan, schema, &bounds).await?;
        if !refused.found(searched) {
            break;
        }
        drafted = draft(schema, &samples, &answers, options, &mut refused).map_err(no_draft)?;
    }
    Ok(drafted)
}

async fn check(search: bool, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    let planner = config.planner();
    let loaded = match planner.plan_in_one_round(&store).await {
        Ok(loaded) => loaded,
        Err(PlanLoadError::Plan(PlanError(problems))) => {
            if !may_configure(&config, &store).await? {
                return Err(not_configured());
            }
            if !out.json {
                return Err(PlanLoadError::Plan(PlanError(problems)).into());
            }
            out.data(&serde_json::json!({ "problems": problems }), String::new);
            let count = counted(problems.len(), "problem");
            return Err(Failure::new(
                format!("the policy cannot become a plan: {count}"),
                PlanError(Vec::new()).hint(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let plan = &loaded.plan;
    let reach = plan.reach();
    let searched = if search { Some(store.search(plan, &loaded.schema, &bounds()).await?) } else { None };
    let near = store.near(plan, &loaded.schema).await?;
    let suggested = match &searched {
        Some(searched) if !searched.found.is_empty() => {
            suggested(&config, &store, plan, &loaded.schema, searched).await?
        }
        _ => String::new(),
    };
    let result = serde_json::json!({
        "digest": plan.digest, "reach": reach, "notes": plan.notes, "near": near, "searched": searched,
        "suggested": suggested,
    });
    out.data(&result, || {
        let mut text = format!(
            "The policy is valid: {} changed in {}, {}.\nEvery column that reaches clients is classified. Digest {}.\n",
            counted(reach.columns, "column"),
            counted(reach.tables, "table"),
            counted(reach.guards, "guard"),
            &plan.digest[..12],
        );
        for note in &plan.notes {
            text += &format!("note: {note}\n");
        }
        for own in &near {
            let more = if own.rows == MOST_NEAR { " or more" } else { "" };
            let (also, fix) = if own.as_texts {
                (", and zeros before a value,", "the columns are of different types, and compared as texts; correct the values")
            } else {
                ("", "`compare = \"email\"` in the link has them count")
            };
            text += &format!(
                "note: {}{more} of `{}` would belong to clients by `{}` if case and outer spaces{also} did not matter: {fix}\n",
                counted(own.rows, "row"),
                own.table,
                own.column,
            );
        }
        if let Some(searched) = &searched {
            text += &found(searched);
            text += &suggested;
        }
        let sweep = if plan.client.to_anonymize_on.is_some() { "--due" } else { "--period" };
        text + &format!("\nNext: `lethe sweep {sweep} --rehearse` does everything, then rolls it back.")
    });
    Ok(())
}

/// How far a search for values of clients goes.
fn bounds() -> Bounds {
    Bounds { clients: 50, rows: 2_000, until: Instant::now() + Duration::from_secs(20), lone_words: true }
}

/// Where values of clients were found, in words.
fn found(searched: &Searched) -> String {
    let clients = counted(searched.clients, "client");
    let tables = counted(searched.tables, "table");
    if searched.clients == 0 {
        return "note: nothing was searched: no client has a value that the policy calls identifying\n".to_owned();
    }
    let mut text = format!("Values of {clients} were searched for in {tables} that no link reaches.\n");
    for own in &searched.found {
        let place = format!("{}.{}", own.table, own.column);
        text += &format!("found: `{place}` has values of {}\n", counted(own.clients, "client"));
    }
    if searched.found.is_empty() {
        text += "None was found.\n";
    }
    for own in &searched.misled {
        text += &format!(
            "note: `{}` leads `{}` to clients other than those whose values its rows hold: correct the link\n",
            own.columns.join(", "),
            own.table
        );
    }
    for (table, column, clients) in &searched.kept {
        text += &format!(
            "note: `{table}.{column}` stays as it is, and holds values of {} in their own rows\n",
            counted(*clients, "client")
        );
    }
    if !searched.left.is_empty() {
        text += &format!("note: not all of {} could be read\n", searched.left.join(", "));
    }
    if !searched.found.is_empty() {
        text +=
            "Link each of these tables in the policy, or declare it free with the reason why the values may stay:\n\n";
    }
    text
}

/// What to add to the policy for the tables in which values were found.
async fn suggested(
    config: &Config,
    store: &Store,
    plan: &Plan,
    schema: &Schema,
    searched: &Searched,
) -> Result<String, Failure> {
    let options = DraftOptions { client_table: Some(plan.client.table.clone()), key: Some(plan.client.key.clone()) };
    let mut refused = Refused::default();
    refused.found(searched.clone());
    let policy = std::fs::read_to_string(&config.policy).map_err(|error| {
        let what = format!("`{}` cannot be read: {}", config.policy.display(), trouble(error.kind()));
        Failure::new(what, "`policy` in `lethe.toml` names the policy's file")
    })?;
    let samples = store.samples(schema).await?;
    for_found(schema, &samples, &options, &policy, &mut refused)
        .map_err(|error| Failure::new(error.to_string(), error.hint()))
}

async fn show(file: &Path, out: Output) -> Result<(), Failure> {
    let config = Config::read(file)?;
    let store = setup::opened(&config).await?;
    let loaded = config.planner().plan(&store).await?;
    let plan = &loaded.plan;
    let shown = serde_json::json!({ "digest": plan.digest, "policy": plan.policy });
    out.data(&shown, || describe(plan, &plan.policy));
    Ok(())
}

fn describe(plan: &Plan, policy: &Policy) -> String {
    let client = &plan.client;
    let mut text = format!("Clients are the rows of `{}`, named by `{}`.\n", client.table, client.key.join(", "));
    if let Some(date) = &client.to_anonymize_on {
        text += &format!("Due by date:   from `{date}` on\n");
    }
    if let Some(retention) = &plan.retention {
        let tables: Vec<String> = retention.activity.iter().map(|own| format!("`{}`", own.table)).collect();
        text += &format!("Due by period: {} after the last activity in {}\n", retention.length, tables.join(", "));
        if let Some(choices) = retention.choices {
            text += &format!("               a sweep may choose another, {choices}\n");
        }
    }
    for filter in &plan.one_value {
        text += &format!("Selecting:     exactly one value of `{filter}` per sweep\n");
    }
    text += if plan.guards.is_empty() {
        "\nNo guard refuses a client: every client that is due and not on hold is anonymized.\n"
    } else {
        "\nRefused while a client\n"
    };
    for guard in &plan.guards {
        let table = guard.paths.first().and_then(|path| path.hops.first()).map_or("", |hop| hop.table.as_str());
        let condition = guard.condition.as_ref().map(|own| format!(" where {}", own.text)).unwrap_or_default();
        let within = guard.within.as_ref();
        let within = within.map(|own| format!(", {} within {}", own.date, own.length)).unwrap_or_default();
        text += &format!("  {} ({}): a row of {table}{condition}{within}\n", guard.reason.text(), guard.name);
    }
    for step in &plan.steps {
        text += &format!("\n{}, reached by {}\n", step.table, ways(&step.paths));
        let mut rows = Vec::new();
        for gone in &step.deletes {
            let which =
                gone.condition.as_ref().map_or_else(|| "all rows".to_owned(), |own| format!("rows where {}", own.text));
            rows.push(vec!["  (rows)".to_owned(), String::new(), format!("delete {which}")]);
        }
        let said = policy.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(&step.table)).map(|(_, own)| own);
        for update in step.updates.iter().chain(&step.unlinks) {
            for rule in &update.rules {
                let said = said.and_then(|own| own.columns.get(&rule.column));
                let class = said.map(|own| own.class.to_string()).unwrap_or_default();
                let links = said.map(Column::links).unwrap_or_default();
                let only = links.first().copied().flatten().filter(|only| links.iter().all(|own| *own == Some(*only)));
                let what: Vec<String> = rule.branches.iter().map(|own| branch(own, only.map(String::as_str))).collect();
                rows.push(vec![format!("  {}", rule.column), class, what.join("; else ")]);
            }
        }
        for file in plan.files.iter().filter(|file| file.table == step.table) {
            let what = format!("delete the {} that it names in root {}", file.kind.as_str(), file.root);
            rows.push(vec![format!("  {}", file.column), String::new(), what]);
        }
        if rows.is_empty() {
            rows.push(vec!["  (nothing changes)".to_owned()]);
        }
        text += &table(&rows);
    }
    let free: Vec<String> = policy
        .tables
        .iter()
        .filter_map(|(name, own)| own.free.as_ref().map(|why| format!("  {name}: {why}\n")))
        .collect();
    if !free.is_empty() {
        text += &format!("\nDeclared free of client data\n{}", free.concat());
    }
    text + &format!("\nDigest {}", plan.digest)
}

fn ways(paths: &[Way]) -> String {
    let all: Vec<String> = paths
        .iter()
        .map(|path| {
            let hops: Vec<String> =
                path.hops.iter().map(|hop| format!("{}.{}", hop.table, hop.columns.join("+"))).collect();
            hops.join(" -> ")
        })
        .collect();
    all.join(" or ")
}

fn branch(branch: &Branch, only: Option<&str>) -> String {
    let what = match &branch.action {
        Action::Constant(Literal::Text(text)) => format!("replace by `{text}`"),
        Action::Constant(Literal::Boolean(value)) => format!("set to {value}"),
        Action::Constant(Literal::Integer(value)) => format!("set to {value}"),
        Action::Constant(Literal::Float(value)) => format!("set to {value}"),
        Action::Text(template) => {
            let parts: Vec<String> = template
                .0
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Key => "{key}".to_owned(),
                    Part::Row => "{row}".to_owned(),
                    Part::Today => "{today}".to_owned(),
                })
                .collect();
            format!("replace by `{}`", parts.concat())
        }
        Action::Copy(other) => format!("copy `{other}`"),
        Action::Clear => "clear".to_owned(),
        Action::Generalize(Generalize::First(length)) => format!("keep the first {length} characters"),
        Action::Generalize(to) => format!("coarsen to the {}", format!("{to:?}").to_lowercase()),
        Action::Redact(paths) => format!("remove {}", paths.join(", ")),
    };
    let links = branch.paths.first().map(|path| path.name.as_str()).or(only);
    let links = links.map(|link| format!(" for {link}")).unwrap_or_default();
    let condition = branch.condition.as_ref().map(|own| format!(" where {}", own.text)).unwrap_or_default();
    format!("{what}{links}{condition}")
}
