//! `[journal]`: from the settings to a journal.

use std::path::Path;

use super::{Failure, JournalConfig};
use crate::bucket::{self, Bucket};
use crate::database::Store;
use crate::domain::reading::trouble;
use crate::journal::{Journal, Key, Place};

/// What to do about a bucket that cannot be opened.
pub const ENVIRONMENT: &str = "credentials come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`, \
     `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, or `GOOGLE_SERVICE_ACCOUNT`";

impl JournalConfig {
    /// The first setting that cannot be, and why. Keys are not repeated.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
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
            let what = format!("{what}; `openssl rand -hex 32` creates one");
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
    pub fn count_from(&mut self, folder: &Path) {
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
    pub fn make_folder(&self, store: &Store) {
        if let Some(place) =
            self.place_of(store).filter(|place| store.journal_folder().is_some() && !place.contains("://"))
        {
            // Where it cannot be made, the journal says so once it is used.
            let _ = std::fs::create_dir(place);
        }
    }

    /// The journal of a ledger, if one is configured. It is not asked for anything yet.
    pub fn open(&self, store: &Store) -> Result<Option<Journal>, Failure> {
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
pub fn read_key(whose: &str, file: &Path) -> Result<Key, Failure> {
    let hint = "a key file holds a key of 32 characters or more and nothing else; `openssl rand -hex 32` creates one";
    let shown = file.display();
    let text = std::fs::read(file)
        .map_err(|error| Failure::new(format!("{whose} `{shown}` cannot be read: {}", trouble(error.kind())), hint))?;
    let end = text.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    Key::new(&text[..end]).map_err(|what| Failure::new(format!("{whose} `{shown}` {what}"), hint))
}
