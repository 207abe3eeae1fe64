//! Bad inputs: one thing is wrong, the real program runs, and what it says is
//! read aloud. Each says what, where and what to do; none quotes a client's
//! data, and none leaves a row changed.

mod office;

mod alerts;
mod asks;
mod classes;
mod conditions;
mod config;
mod data;
mod database;
mod drafts;
mod files;
mod flags;
mod gates;
mod jobs;
mod journal;
mod links;
mod lists;
mod names;
mod notices;
mod placeholders;
mod policy_text;
mod redis;
mod reports;
mod retention;
mod selections;
mod surroundings;
mod webhooks;
