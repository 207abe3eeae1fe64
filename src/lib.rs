//! Lethe anonymizes the clients in a company's own database when their time
//! has come, unattended.

pub mod bucket;
pub mod cli;
mod config;
pub mod database;
pub mod demo;
pub mod domain;
pub mod draft;
pub mod http;
pub mod journal;
pub mod ledger;
pub mod outside;
pub mod plan;
pub mod policy;
pub mod queue;
pub mod report;
pub mod service;
pub mod sheet;
pub mod sql;
pub mod traces;
pub mod worker;
