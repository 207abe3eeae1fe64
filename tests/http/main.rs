//! The real server, asked over HTTP by those who may and those who may not.

#[path = "../common/mod.rs"]
mod common;

mod dates;
mod fuzz;
mod hostile;
mod hostile_files;
mod office;
mod pages;
#[path = "../common/receiver.rs"]
mod receiver;
mod reviews;
mod rights;
mod selections;
#[path = "../common/spreadsheet.rs"]
mod spreadsheet;
mod ticks;
mod ways;
mod workbooks;
