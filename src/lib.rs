//! Lethe anonymizes the clients in a company's own database when their time
//! has come, unattended.

pub mod domain;
pub mod sql;
pub mod store;
