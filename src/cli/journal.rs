//! `[journal]`, from the settings to a journal, and `lethe journal`.

use std::path::Path;

use super::config::JournalConfig;
use super::output::{Output, counted};
use super::{Failure, setup};
use crate::bucket::{self, Bucket};
use crate::domain::access::Right;
use crate::domain::reading::trouble;
use crate::journal::{Journal, Key, Place, SHORTEST_KEY};
use crate::ledger::Ledger;
use crate::service::journal::{JournalStatus, counted_records};
use crate::worker::Context;
use crate::worker::journal::verify;
use crate::worker::sweep::SweepError;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prove that the journal is whole and says the same as the ledger, or name the first bad record.
    Verify,
    /// Show where the journal stands, and what waits to be written.
    Status,
    /// Give a journal that is lost up, and begin another with all that the ledger has.
    Renew,
}

/// What to do about a bucket that cannot be opened.
pub(super) const ENVIRONMENT: &str = "the environment says who we are: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`, \
     `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, or `GOOGLE_SERVICE_ACCOUNT`";

impl JournalConfig {
    /// The first setting that cannot be, and why. Keys are not repeated.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let refused = |setting, what: &str| Err((setting, what.to_owned()));
        let Some(place) = &self.place else {
            return match (&self.key, &self.key_file) {
                (Some(_), _) => refused("journal.key", "is set, and `journal.place` is not"),
                (_, Some(_)) => refused("journal.key_file", "is set, and `journal.place` is not"),
                _ => Ok(()),
            };
        };
        if place.trim().is_empty() {
            return refused("journal.place", "is empty; leave it out for no journal");
        }
        if self.key.is_some() && self.key_file.is_some() {
            return refused("journal.key", "and `journal.key_file` are both set; one of them is enough");
        }
        if self.key.as_ref().is_some_and(|key| key.len() < SHORTEST_KEY) {
            return refused("journal.key", "is too short: 32 characters or more, such as `openssl rand -hex 32` gives");
        }
        if !place.contains("://") {
            return Ok(());
        }
        bucket::check(place).or_else(|what| refused("journal.place", what))
    }

    /// A relative folder counts from the configuration's.
    pub(super) fn count_from(&mut self, folder: &Path) {
        if let Some(place) = self.place.as_mut().filter(|place| !place.contains("://")) {
            *place = folder.join(&*place).to_string_lossy().into_owned();
        }
    }

    /// The journal, if one is configured. It is not asked for anything yet.
    pub(super) fn open(&self) -> Result<Option<Journal>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        let place = if place.contains("://") {
            let refused = |what| Failure::new(format!("`journal.place` {what}"), ENVIRONMENT);
            Place::bucket(Bucket::open(place).map_err(refused)?)
        } else {
            Place::folder(place.into())
        };
        Ok(Some(Journal::new(place, self.read_key()?)))
    }

    fn read_key(&self) -> Result<Option<Key>, Failure> {
        let hint = "`journal.key_file` names a file with a key of 32 characters or more and nothing else; \
                    `openssl rand -hex 32` makes one";
        let Some(file) = &self.key_file else { return Ok(self.key.as_ref().and_then(|key| Key::new(key.as_bytes()))) };
        let text = std::fs::read_to_string(file).map_err(|error| {
            let what = format!("the journal's key `{}` cannot be read: {}", file.display(), trouble(error.kind()));
            Failure::new(what, hint)
        })?;
        match Key::new(text.trim_end_matches(['\r', '\n']).as_bytes()) {
            Some(key) => Ok(Some(key)),
            None => Err(Failure::new(format!("the journal's key `{}` is too short", file.display()), hint)),
        }
    }
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    if config.journal.place.is_none() {
        return Err(Failure::new(
            "no journal is configured",
            "set `journal.place` in `lethe.toml` to a folder outside the database; `docs/operations.md` says more",
        ));
    }
    if !Ledger::exists(&store).await? {
        return Err(Failure::new(
            "no sweep was ever opened in this database, so it has no journal",
            "the first sweep makes the ledger, and `lethe run` begins the journal",
        ));
    }
    let service = setup::service_of(&config, setup::context_of(&config, store).await?).await?;
    let (right, what) = match command {
        Command::Renew => (Right::Configure, "begin another journal"),
        Command::Verify | Command::Status => (Right::Read, "read the journal"),
    };
    service.allow(right, what).await?;
    let context = service.context;
    match command {
        Command::Verify => check(&context, out).await,
        Command::Status => status(&context, out).await,
        Command::Renew => renew(&context, out).await,
    }
}

async fn check(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    let verdict = verify(context, journal).await?;
    out.data(&verdict, || {
        if !verdict.whole {
            return format!("The first {} are whole.", counted(u64::try_from(verdict.records).unwrap_or(0), "record"));
        }
        format!(
            "The journal is whole and says the same as the ledger.\n\n{} in {}, {} waiting\nlast hash {}",
            counted(u64::try_from(verdict.records).unwrap_or(0), "record"),
            counted(u64::try_from(verdict.segments).unwrap_or(0), "segment"),
            verdict.waiting,
            verdict.hash
        )
    });
    match verdict.what {
        None => Ok(()),
        Some(what) => Err(Failure::new(
            format!("the journal is not whole: {what}"),
            "nothing before that record was touched; bring the journal back from its own backup, and find out who changed it",
        )),
    }
}

async fn status(context: &Context, out: Output) -> Result<(), Failure> {
    let status = JournalStatus::of(context).await?;
    out.data(&status, || {
        let Some(status) = &status else { return "No journal is configured.".to_owned() };
        let mut text = status.line();
        for line in status.attention() {
            text += &format!("\n{line}");
        }
        text
    });
    Ok(())
}

async fn renew(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    let place = journal.place();
    if place.last().await.map_err(SweepError::from)? > 0 {
        return Err(Failure::new(
            format!("there is a journal at `{}`", place.shown()),
            "`lethe journal verify` reads it; set `journal.place` to an empty place for a new one",
        ));
    }
    context.ledger.forget_journal().await?;
    context.ledger.begin_journal(crate::journal::START).await?;
    let backlog = context.ledger.backlog().await?;
    out.data(&serde_json::json!({ "waiting": backlog.records }), || {
        format!("A new journal begins; {} wait to be written, which `lethe run` does.", counted_records(&backlog))
    });
    Ok(())
}
