//! What happens: ticks open sweeps, sweeps are cut into batches, batches
//! anonymize clients. Imports every floor but the faces.

mod anonymize;
pub mod batch;
pub mod clean;
mod closing;
mod context;
mod culprits;
pub mod date;
pub mod deliver;
mod end;
mod files;
pub mod gate;
mod hindrance;
pub mod journal;
mod kept;
mod pace;
mod planner;
pub mod recognize;
mod replay;
mod residue;
pub mod retention;
mod run;
pub mod scheduler;
mod selection;
pub mod sweep;
pub mod views;
pub mod watch;

pub use context::{Context, Limits};
pub use deliver::Targets;
pub use hindrance::hindrance;
pub use planner::{Loaded, PlanLoadError, Planner};
pub use run::{Role, RunError, run, wait_for};
pub use sweep::{Request, SweepError};
