//! What `SQLite` alone has: types that are not enforced, collations, its own words
//! in conditions and triggers. Whatever every database has is in the other suites.

mod dates;
mod keys;
mod poison;
mod reference;
mod types;
