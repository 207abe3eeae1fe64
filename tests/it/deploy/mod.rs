//! What stands in `deploy/` works: the files name what exists, and the role and
//! the dashboard do on a server what they are for. And what `lethe doctor` says
//! about a role.

mod alerts;
mod company;

mod dashboard;
mod doctor;
mod files;
mod manifests;
mod prometheus;
mod release;
mod role;
mod units;
