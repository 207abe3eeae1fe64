//! The journal: what is written to it, and what keeps it from being changed.

#[path = "../common/mod.rs"]
mod common;
mod restored;
mod tampering;
mod trouble;
mod written_back;
