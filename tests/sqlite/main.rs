//! What `SQLite` alone has: types that bind nobody, collations, its own words
//! in conditions and triggers. Whatever every database has is in the other suites.

#[path = "../common/mod.rs"]
mod common;
mod dates;
mod keys;
mod poison;
mod reference;
#[path = "../policy_language/support.rs"]
mod support;
mod types;
