//! The journal: what is written to it, and what keeps it from being changed.

mod gaps;
mod holds;
mod keys;
mod long;
mod origin;
mod restored;
mod staged;
mod tampering;
mod trouble;
mod written_back;
