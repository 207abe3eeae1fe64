//! The real server, asked over HTTP by those who may and those who may not.

mod bound;
mod classify;
mod dates;
mod fuzz;
mod hostile;
mod hostile_files;
pub mod office;
mod one_client;
mod pages;
mod reviews;
mod rights;
mod selections;
mod sessions;
mod strangers;
mod ticks;
mod trace;
mod ways;
mod workbooks;
