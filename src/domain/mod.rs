//! What is pure: schemas, schedules, keys, values and outcomes.
//!
//! Nothing here touches a database, a queue or the wall clock. Every other
//! floor may import from here; this floor imports from no other.

pub mod access;
pub mod clock;
pub mod dialect;
pub mod hint;
pub mod job;
pub mod json_path;
pub mod key;
pub mod language;
pub mod nearest;
pub mod outcome;
pub mod period;
pub mod reading;
pub mod residue;
pub mod sample;
pub mod schedule;
pub mod schema;
pub mod sweep;
pub mod text;
pub mod today;
pub mod value;
pub mod window;
pub(crate) mod words;
