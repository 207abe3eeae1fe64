//! Made-up companies to try Lethe on. The first is a shop with the schema of the
//! shipped NP Retail policy, generated, with customers that look like a real
//! shop's; those of the other shipped policies are read from their folders.
//!
//! No person in it exists; mail addresses end in `.example`. The same size, seed
//! and day give the same rows. Every guard of the policy refuses a client,
//! dates sit on both sides of every boundary, and names are as awkward as
//! people's names are.
//!
//! This floor imports from no other; the command line, tests and benches
//! import it.

mod card;
mod company;
mod days;
mod dice;
mod extras;
mod fate;
mod generate;
mod load;
mod names;
mod person;
mod shipped;
mod size;
mod talk;
mod trade;

pub use days::days;
pub use generate::generate;
pub use shipped::{SHIPPED, Shipped};
pub use size::Size;

/// The schema that [`generate`] creates, tables first and indexes last.
pub const SCHEMA: &str = include_str!("../../policies/np-retail/schema.sql");
