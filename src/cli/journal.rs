//! `[journal]`, from the settings to a journal, and `lethe journal`.

use std::path::Path;

use super::config::JournalConfig;
use super::output::{Output, counted};
use super::{Failure, setup};
use crate::bucket::{self, Bucket};
use crate::database::Store;
use crate::domain::access::Right;
use crate::domain::reading::trouble;
use crate::journal::{Journal, Key, Place};
use crate::ledger::Ledger;
use crate::service::journal::{JournalStatus, counted_records};
use crate::worker::Context;
use crate::worker::journal::{self as worker, verify};
use crate::worker::sweep::SweepError;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prove that the journal is whole and says the same as the ledger, or name the first bad record.
    Verify,
    /// Show how far the journal goes, and what waits to be written.
    Status,
    /// Keep the journal found at `journal.place`: this database is the one it is about, restored or moved.
    Adopt,
    /// Begin a journal in an empty location with all that the ledger has: this database is a copy, or its journal is lost.
    #[command(alias = "renew")]
    New,
    /// Go on under the key that `journal.key_file` holds now; `journal.old_key_files` names the one before.
    Rotate,
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
        if let Some(Err(what)) = self.key.as_ref().map(|key| Key::new(key.as_bytes())) {
            let what = format!("{what}; `openssl rand -hex 32` makes one");
            return Err(("journal.key", what));
        }
        if !self.old_key_files.is_empty() && self.key.is_none() && self.key_file.is_none() {
            return refused("journal.old_key_files", "is set, and neither `journal.key_file` nor `journal.key` is");
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

    /// Where the journal of a ledger is: that of another than the first has a folder of its own in it.
    fn place_of(&self, store: &Store) -> Option<String> {
        let place = self.place.as_ref()?;
        Some(match store.journal_folder() {
            Some(folder) => format!("{}/{folder}", place.trim_end_matches('/')),
            None => place.clone(),
        })
    }

    /// Makes that folder in the configured one, which has to be there.
    pub(super) fn make_folder(&self, store: &Store) {
        if let Some(place) =
            self.place_of(store).filter(|place| store.journal_folder().is_some() && !place.contains("://"))
        {
            // Where it cannot be made, the journal says so once it is used.
            let _ = std::fs::create_dir(place);
        }
    }

    /// The journal of a ledger, if one is configured. It is not asked for anything yet.
    pub(super) fn open(&self, store: &Store) -> Result<Option<Journal>, Failure> {
        let Some(place) = self.place_of(store) else { return Ok(None) };
        let place = if place.contains("://") {
            let refused = |what| Failure::new(format!("`journal.place` {what}"), ENVIRONMENT);
            Place::bucket(Bucket::open(&place).map_err(refused)?)
        } else {
            Place::folder(place.into())
        };
        let key = match (&self.key_file, &self.key) {
            (Some(file), _) => Some(read_key(JOURNALS, file)?),
            (None, Some(key)) => Key::new(key.as_bytes()).ok(),
            (None, None) => None,
        };
        let old: Result<Vec<Key>, Failure> = self.old_key_files.iter().map(|file| read_key(JOURNALS, file)).collect();
        Ok(Some(Journal::new(place, key).with_old_keys(old?)))
    }
}

const JOURNALS: &str = "the journal's key";

/// Reads a key, `whose` says which.
pub(super) fn read_key(whose: &str, file: &Path) -> Result<Key, Failure> {
    let hint = "a key file holds a key of 32 characters or more and nothing else; `openssl rand -hex 32` makes one";
    let shown = file.display();
    let text = std::fs::read(file)
        .map_err(|error| Failure::new(format!("{whose} `{shown}` cannot be read: {}", trouble(error.kind())), hint))?;
    let end = text.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    Key::new(&text[..end]).map_err(|what| Failure::new(format!("{whose} `{shown}` {what}"), hint))
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    if config.journal.place.is_none() {
        return Err(Failure::new(
            "no journal is configured",
            "set `journal.place` in `lethe.toml` to a folder outside the database; `docs/operations.md` says more",
        ));
    }
    // To decide, no sweep is needed.
    let decides = matches!(command, Command::Adopt | Command::New);
    if !decides && !Ledger::exists(&store).await? {
        return Err(Failure::new(
            "no sweep was ever opened in this database, so it has no journal",
            "the first sweep makes the ledger, and `lethe run` begins the journal",
        ));
    }
    let service = setup::service_of(&config, setup::context_of(&config, store).await?).await?;
    let (right, what) = match command {
        Command::New => (Right::Configure, "begin another journal"),
        Command::Adopt => (Right::Configure, "adopt the journal"),
        Command::Rotate => (Right::Configure, "change the journal's key"),
        Command::Verify | Command::Status => (Right::Read, "read the journal"),
    };
    service.allow(right, what).await?;
    let context = service.context;
    match command {
        Command::Verify => check(&context, out).await,
        Command::Status => status(&context, out).await,
        Command::Adopt => adopt(&context, out).await,
        Command::New => renew(&context, out).await,
        Command::Rotate => rotate(&context, out).await,
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

async fn adopt(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    worker::adopt(context, journal).await?;
    status(context, out).await
}

async fn rotate(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    worker::rotate(context, journal).await?;
    status(context, out).await
}

async fn renew(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    let place = journal.place();
    if place.last().await.map_err(SweepError::from)? > 0 {
        return Err(Failure::new(
            format!("there is a journal at `{}`", place.shown()),
            "`lethe journal verify` reads it; set `journal.place` to an empty location for a new one",
        ));
    }
    worker::renew(context, journal).await?;
    let backlog = context.ledger.backlog().await?;
    out.data(&serde_json::json!({ "waiting": backlog.records }), || {
        format!("A new journal begins; {} wait to be written, which `lethe run` does.", counted_records(&backlog))
    });
    Ok(())
}
