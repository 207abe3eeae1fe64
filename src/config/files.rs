//! `[files]` and `[deliveries]`: from the settings to where deliveries go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::journal::ENVIRONMENT;
use super::{Config, Failure, is_plain};
use crate::bucket::{self, Bucket};
use crate::outside::{Root, Sender};
use crate::worker::{Planner, Targets};

/// `[files]`: where files of clients lie, by name.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct FilesConfig(BTreeMap<String, PathBuf>);

const ROOTS: &str = "under `[files]` each line is a name and a folder, such as `photos = \"/srv/photos\"`, or a \
                     bucket, `photos = \"s3://bucket/photos\"`; everything below it may be deleted";

impl FilesConfig {
    /// The roots; relative paths count from `folder`.
    pub fn roots(&self, folder: &Path) -> Result<BTreeMap<String, Root>, Failure> {
        let mut roots: BTreeMap<String, Root> = BTreeMap::new();
        for (name, path) in &self.0 {
            let refused = |what: &str| Failure::new(format!("`files.{name}` {what}"), ROOTS);
            if !is_plain(name) {
                return Err(refused("is not a valid root name: use lowercase letters, digits, `-` and `_`"));
            }
            let root = match path.to_str() {
                Some(url) if url.contains("://") => {
                    bucket::check(url).map_err(refused)?;
                    let unusable = |what| Failure::new(format!("`files.{name}` {what}"), ENVIRONMENT);
                    Root::Bucket(Bucket::open(url).map_err(unusable)?)
                }
                _ => root(&folder.join(path), path).map_err(refused)?,
            };
            if let Some((other, _)) = roots.iter().find(|(_, other)| other.overlaps(&root)) {
                return Err(refused(&format!("and `files.{other}` overlap")));
            }
            roots.insert(name.clone(), root);
        }
        Ok(roots)
    }
}

/// The root in a folder, as written and as an absolute path.
fn root(path: &Path, written: &Path) -> Result<Root, &'static str> {
    let text = written.to_string_lossy();
    if text.trim().is_empty() {
        return Err("names no folder");
    }
    if text.contains('\0') {
        return Err("has a NUL in it");
    }
    let root = Root::folder(&std::path::absolute(path).map_err(|_| "is not a valid path")?)?;
    if path.exists() && !path.is_dir() {
        return Err("is not a folder");
    }
    Ok(root)
}

impl Config {
    /// Where deliveries go, with what is kept in files of its own read.
    pub fn read_targets(&self, folder: &Path) -> Result<Targets, Failure> {
        let webhooks = self.webhooks.read(folder)?;
        let alerts = self.read_alerts(folder)?;
        let sends = !webhooks.is_empty() || alerts.ping.is_some();
        let sender = if sends { Sender::new(self.deliveries.timeout) } else { None };
        if sends && sender.is_none() {
            return Err(Failure::new("nothing can be sent from here", "`webhooks` needs a system with TLS"));
        }
        Ok(Targets {
            roots: self.files.roots(folder)?,
            webhooks,
            sender,
            alerts,
            attempts: self.deliveries.attempts,
            retry_after: self.deliveries.retry_after,
        })
    }

    /// No value of a column may name the database or the journal.
    pub fn check_roots(&self) -> Result<(), Failure> {
        let absolute = |place: &str| match std::path::absolute(place) {
            Ok(path) if !place.contains("://") => path.to_string_lossy().into_owned(),
            _ => place.to_owned(),
        };
        let own = [("database", Some(self.database.as_str())), ("journal.place", self.journal.place.as_deref())];
        let own = own.map(|(setting, place)| (setting, place.map(absolute)));
        for (name, root) in &self.targets.roots {
            if let Some((setting, _)) = own.iter().find(|(_, place)| place.as_ref().is_some_and(|own| root.holds(own)))
            {
                return Err(Failure::new(format!("`files.{name}` and `{setting}` overlap"), ROOTS));
            }
        }
        Ok(())
    }

    /// Makes plans of the policy.
    pub fn planner(&self) -> Planner {
        Planner::new(self.policy.clone())
            .with_roots(self.targets.roots.keys().cloned())
            .with_notice(self.targets.notifies())
            .with_recognizer(self.recognizer.clone())
    }
}
