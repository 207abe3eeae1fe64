//! `[files]` and `[deliveries]`: from the settings to where deliveries go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Failure;
use super::config::Config;
use crate::outside::{Root, Sender};
use crate::worker::{Planner, Targets};

/// `[files]`: folders in which files of clients lie, by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct FilesConfig(BTreeMap<String, PathBuf>);

const ROOTS: &str = "under `[files]` each line is a name and a folder, such as `photos = \"/srv/photos\"`; \
                     everything that may be deleted lies in it";

impl FilesConfig {
    /// The roots; relative paths count from `folder`.
    pub(super) fn roots(&self, folder: &Path) -> Result<BTreeMap<String, Root>, Failure> {
        let mut roots: BTreeMap<String, Root> = BTreeMap::new();
        for (name, path) in &self.0 {
            let refused = |what: &str| Failure::new(format!("`files.{name}` {what}"), ROOTS);
            let is_plain =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
            if name.is_empty() || !name.chars().all(is_plain) {
                return Err(refused("is no name for a root: small letters, digits, `-` and `_` make one"));
            }
            let text = path.to_string_lossy();
            if text.trim().is_empty() {
                return Err(refused("names no folder"));
            }
            if text.contains("://") {
                return Err(refused("is a URL, and files are deleted in folders"));
            }
            if text.contains('\0') {
                return Err(refused("has a NUL in it"));
            }
            let absolute = std::path::absolute(folder.join(path)).map_err(|_| refused("is no path"))?;
            let root = Root::new(&absolute).map_err(refused)?;
            if root.folder().exists() && !root.folder().is_dir() {
                return Err(refused("is no folder"));
            }
            if let Some((other, _)) = roots.iter().find(|(_, other)| other.overlaps(&root)) {
                return Err(refused(&format!("and `files.{other}` lie in one another")));
            }
            roots.insert(name.clone(), root);
        }
        Ok(roots)
    }
}

impl Config {
    /// Where deliveries go, with what is kept in files of its own read.
    pub(super) fn read_targets(&self, folder: &Path) -> Result<Targets, Failure> {
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

    /// Makes plans of the policy.
    pub(super) fn planner(&self) -> Planner {
        Planner::new(self.policy.clone())
            .with_roots(self.targets.roots.keys().cloned())
            .with_notice(self.targets.notifies())
    }
}
