//! The real server, asked over HTTP by those who may and those who may not.

#[path = "../common/mod.rs"]
mod common;

mod dates;
mod hostile;
mod office;
mod pages;
mod reviews;
mod rights;
#[path = "../common/spreadsheet.rs"]
mod spreadsheet;
mod ways;
mod workbooks;
