//! The real server, asked over HTTP by those who may and those who may not.

mod attention;
mod bound;
mod classify;
mod dates;
mod fuzz;
mod halted;
mod hostile;
mod hostile_files;
mod languages;
mod limited;
pub mod office;
mod one_client;
mod pages;
mod pauses;
mod previews;
mod reviews;
mod rights;
mod selections;
mod sessions;
mod sweep_page;
mod ticks;
mod trace;
mod unknown_callers;
mod ways;
mod workbooks;
