//! The policy language, setting by setting, on real databases.
//!
//! `docs/policy.md` says what each setting means; here it is shown. Most tests
//! name exactly the rows that a sweep changes: whatever they do not name, rows
//! of other clients above all, stayed as it was.

mod actions;
mod along;
mod cascades;
mod client_table;
mod composite_keys;
mod conditional;
mod conditions;
mod exclusive;
mod gate;
mod json;
mod key_value;
mod keys;
mod links;
mod names;
mod refused;
mod residue;
mod residue_forms;
mod residue_reach;
mod rows;
mod schema;
mod several_links;
mod shorthands;
pub mod support;
mod values;
