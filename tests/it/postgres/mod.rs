//! What PostgreSQL alone has: locks, roles, replicas, types, notifications. Tests that hold on every database are in
//! the other suites.

mod deployed;
mod late;
mod ledgers;
mod locks;
mod overtaken;
mod refused;
mod replicas;
mod rights;
mod tables;
mod types;
mod wakes;

/// Called first by each of these tests.
fn on_postgres() {
    assert!(
        crate::common::place::is_on_postgres(),
        "this test runs with `TEST_DATABASE=postgres` only: `tests/run postgres::` starts a server and sets it"
    );
}
