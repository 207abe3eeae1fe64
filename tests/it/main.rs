//! Every test, in one program. `cargo test --test it sweeps::` runs one suite of it.
//!
//! Most suites hold on every database: `TEST_DATABASE=postgres` runs them on the PostgreSQL server of `TEST_POSTGRES`
//! instead of SQLite. `tests/run` starts the servers, and runs everything on both.

mod common;

mod acceptance;
mod access;
mod alerts;
mod bad_inputs;
mod browser;
mod buckets;
mod changed;
mod chaos;
mod crash;
mod dates;
mod demo;
mod deploy;
mod doctor;
mod documentation;
mod drafts;
mod effects;
mod files;
mod http;
mod journal;
mod large;
mod layout;
mod leases;
mod migrations;
mod nights;
mod notices;
mod period;
mod poison;
mod policy_language;
mod postgres;
mod processes;
mod property;
mod queue;
mod recognized;
mod redis;
mod report;
mod retention;
mod retention_kills;
mod reused;
mod scheduler;
mod searched;
mod sheet;
mod sqlite;
mod statements;
mod stops;
mod sweeps;
mod terminal;
mod traces;
mod two_policies;
mod verified;
mod views;
mod webhooks;
