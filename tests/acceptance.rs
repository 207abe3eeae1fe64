//! What the trades behind the shipped policies ask for, statement by statement:
//! each test is one of them, on the shipped policy, schema and data, by way of
//! the program itself.
#![allow(clippy::duplicate_mod)]

#[path = "acceptance/amparex.rs"]
mod amparex;
#[path = "acceptance/asked.rs"]
mod asked;
#[path = "acceptance/beyond.rs"]
mod beyond;
#[path = "common/collector.rs"]
mod collector;
mod common;
#[path = "acceptance/harness.rs"]
mod harness;
#[path = "acceptance/np_retail.rs"]
mod np_retail;
#[path = "acceptance/np_retail_rows.rs"]
mod np_retail_rows;
#[path = "acceptance/office.rs"]
mod office;
#[path = "acceptance/proabono.rs"]
mod proabono;
#[path = "acceptance/prodon.rs"]
mod prodon;
#[path = "acceptance/prodon_online.rs"]
mod prodon_online;
#[path = "common/project.rs"]
mod project;
#[path = "acceptance/resamania.rs"]
mod resamania;
#[path = "acceptance/resamania_lists.rs"]
mod resamania_lists;
#[path = "acceptance/rights.rs"]
mod rights;
#[path = "acceptance/selections.rs"]
mod selections;
#[path = "acceptance/snapshot.rs"]
mod snapshot;
#[path = "common/spreadsheet.rs"]
mod spreadsheet;
#[path = "acceptance/trade.rs"]
mod trade;
