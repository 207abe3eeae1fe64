//! Under which policy a sweep ran, and what is known of that policy now.

use std::sync::Arc;

use serde::Serialize;

use crate::database::StoreError;
use crate::domain::sweep::SweepKind;
use crate::ledger::Rehearsal;
use crate::policy::Policy;
use crate::worker::retention::rehearsal_name;
use crate::worker::{Context, Loaded, PlanLoadError};

/// The policy as it is now, if it is one.
pub(super) enum Current {
    /// It can run.
    Plan(Arc<Loaded>),
    /// It cannot, and why.
    None(String),
}

impl Current {
    pub(super) async fn read(context: &Context) -> Result<Self, StoreError> {
        match context.planner.plan(&context.store).await {
            Ok(loaded) => Ok(Self::Plan(loaded)),
            Err(PlanLoadError::Store(error)) => Err(error),
            Err(error) => Ok(Self::None(error.brief())),
        }
    }

    pub(super) fn loaded(&self) -> Option<&Loaded> {
        if let Self::Plan(loaded) = self { Some(loaded) } else { None }
    }

    pub(super) fn plan(&self) -> Result<&Loaded, String> {
        match self {
            Self::Plan(loaded) => Ok(loaded),
            Self::None(why) => Err(why.clone()),
        }
    }

    pub(super) fn policy(&self) -> Option<&Policy> {
        if let Self::Plan(loaded) = self { Some(&loaded.plan.policy) } else { None }
    }
}

/// Under which plan a sweep ran.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyFacts {
    /// The plan's digest; `None` if the sweep was refused because there was no plan.
    pub digest: Option<String>,
    /// Whether policy and schema still say the same.
    pub is_current: bool,
    /// What the policy calls its version; known while it is current.
    pub version: Option<String>,
    /// The last rehearsal of this plan.
    pub rehearsed: Option<Rehearsal>,
}

impl PolicyFacts {
    /// What is known of the plan with this digest, for a sweep of this kind.
    pub(super) async fn of(context: &Context, current: &Current, digest: &str, kind: &str) -> Result<Self, StoreError> {
        let of_rows = kind == SweepKind::Retention.as_str();
        let rehearsal = if of_rows { rehearsal_name(digest) } else { digest.to_owned() };
        let is_current = current.loaded().is_some_and(|loaded| loaded.plan.digest == digest);
        Ok(Self {
            digest: (!digest.is_empty()).then(|| digest.to_owned()),
            is_current,
            version: current.policy().filter(|_| is_current).and_then(|policy| policy.version.clone()),
            rehearsed: context.ledger.rehearsal(&rehearsal).await?,
        })
    }

    /// The version as far as it is known.
    pub fn said(&self) -> &str {
        match &self.version {
            Some(version) => version,
            None if self.is_current => "not said",
            None => "changed since",
        }
    }

    /// The beginning of the digest, which is enough to tell plans apart.
    pub fn short(&self) -> &str {
        self.digest.as_deref().map_or("none", |digest| digest.get(..12).unwrap_or(digest))
    }
}
