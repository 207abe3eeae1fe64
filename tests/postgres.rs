//! The suites that run on every kind of database, on a `PostgreSQL` server.

#[path = "sweeps.rs"]
mod sweeps;
