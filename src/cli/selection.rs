//! `lethe selection`: keys of clients saved under a name, for sweeps over them.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::client::minute;
use super::output::{Output, counted, number, print, word};
use super::{Failure, list, setup};
use crate::ledger::Selection;
use crate::service::Service;
use crate::service::selections::Given;

/// How many selections, or keys, are read at a time.
const A_PAGE: u32 = 10_000;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Save the keys of clients under a name, without anonymizing them.
    Save(Save),
    /// List selections by name.
    List,
    /// Print the keys of a selection, one per line.
    Show {
        /// Its name.
        name: String,
    },
    /// Delete a selection; a sweep over it continues.
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Save {
    /// What people call it.
    name: String,
    /// The clients' keys; the parts of a composite key separated by commas.
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Select the clients listed in a file, one key per line (`-` reads standard input).
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    from: Option<PathBuf>,
    /// Replace the selection of that name.
    #[arg(long)]
    replace: bool,
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    match command {
        Command::Save(args) => save(args, &service, out).await?,
        Command::List => {
            let selections = all(&service).await?;
            out.list(&selections, "No selections.", ["selection", "saved", "by", "clients"], |own| {
                let saved_at = own.saved_at.as_deref().map(minute).unwrap_or_default();
                [own.name.clone(), saved_at, saver(own), number(own.clients)]
            });
        }
        Command::Show { name } => show(&name, &service, out).await?,
        Command::Delete { name } => {
            service.delete_selection(&name).await?;
            out.data(&json!({ "selection": name, "state": "deleted" }), || {
                format!("Selection `{name}` is deleted. A sweep over it continues.")
            });
        }
    }
    Ok(())
}

async fn save(args: Save, service: &Service, out: Output) -> Result<(), Failure> {
    let saved = if let Some(from) = &args.from {
        let place = |line| format!("`{}` line {line}", from.display());
        let keys = &mut list::keys(from, "--from")?;
        service.save_selection(&args.name, args.replace, Given { keys, place: &place }).await?
    } else {
        let keys = &mut args.keys.into_iter().enumerate().map(|(at, key)| Ok((at + 1, key)));
        let place = |at| format!("key {at}");
        service.save_selection(&args.name, args.replace, Given { keys, place: &place }).await?
    };
    let own = &saved.selection;
    out.data(&saved, || {
        let twice = match saved.twice {
            0 => String::new(),
            1 => " 1 duplicate key counts once.".to_owned(),
            twice => format!(" {} duplicate keys count once.", number(twice)),
        };
        format!(
            "Selection `{0}` holds {2}.{twice} This anonymizes no client:\n\
             `lethe sweep --selection {1} --preview` shows what a sweep over it would do.",
            own.name,
            word(&own.name),
            counted(own.clients, "client")
        )
    });
    Ok(())
}

async fn all(service: &Service) -> Result<Vec<Selection>, Failure> {
    let mut all: Vec<Selection> = Vec::new();
    loop {
        let page = service.selections(all.last().map(|own| own.name.as_str()), A_PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Prints keys page by page, so that it may be any number.
async fn show(name: &str, service: &Service, out: Output) -> Result<(), Failure> {
    let mut page = service.selected(name, None, A_PAGE).await?;
    if out.json {
        while let Some(last) = page.keys.last().cloned() {
            let next = service.selected(name, Some(&last), A_PAGE).await?;
            if next.keys.is_empty() {
                break;
            }
            page.keys.extend(next.keys);
        }
        out.data(&page, String::new);
        return Ok(());
    }
    while let Some(last) = page.keys.last().cloned() {
        print(&page.keys.join("\n"));
        page = service.selected(name, Some(&last), A_PAGE).await?;
    }
    Ok(())
}

/// Who saved a selection, or in which of the company's tables it is.
pub(super) fn saver(selection: &Selection) -> String {
    let table = selection.in_table.as_ref().map(|table| format!("table {table}"));
    selection.saved_by.clone().or(table).unwrap_or_default()
}
