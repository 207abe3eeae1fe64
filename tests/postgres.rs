//! The suites that run on every kind of database, on a `PostgreSQL` server.
#![allow(clippy::duplicate_mod)]

#[path = "acceptance.rs"]
mod acceptance;
#[path = "alerts.rs"]
mod alerts;
#[path = "postgres/bad_inputs.rs"]
mod bad_inputs;
#[path = "changed.rs"]
mod changed;
#[path = "dates.rs"]
mod dates;
#[path = "doctor.rs"]
mod doctor;
#[path = "files.rs"]
mod files;
#[path = "http/main.rs"]
mod http;
#[path = "journal/main.rs"]
mod journal;
#[path = "postgres/late.rs"]
mod late;
#[path = "leases.rs"]
mod leases;
#[path = "postgres/locks.rs"]
mod locks;
#[path = "nights.rs"]
mod nights;
#[path = "notices.rs"]
mod notices;
#[path = "period.rs"]
mod period;
#[path = "poison.rs"]
mod poison;
#[path = "policy_language/main.rs"]
mod policy_language;
#[path = "property.rs"]
mod property;
#[path = "postgres/replicas.rs"]
mod replicas;
#[path = "report.rs"]
mod report;
#[path = "retention.rs"]
mod retention;
#[path = "retention_kills.rs"]
mod retention_kills;
#[path = "postgres/rights.rs"]
mod rights;
#[path = "scheduler.rs"]
mod scheduler;
#[path = "searched.rs"]
mod searched;
#[path = "sweeps.rs"]
mod sweeps;
#[path = "postgres/tables.rs"]
mod tables;
#[path = "postgres/types.rs"]
mod types;
#[path = "views.rs"]
mod views;
#[path = "postgres/wakes.rs"]
mod wakes;
#[path = "webhooks.rs"]
mod webhooks;
