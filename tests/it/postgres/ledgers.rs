//! Two policies over two client tables of one database, as only PostgreSQL has them: in schemas of their own, and with
//! locks.

use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::common::lethe;
use crate::two_policies::{DUE, REPLAY, SWEPT, Two};

#[tokio::test]
async fn a_second_policy_with_a_schema_of_its_own_goes_beside_the_first() {
    super::on_postgres();
    let two = Two::new().await;
    let guests = |args: &[&str]| {
        let mut guests = lethe(two.path());
        guests.env("LETHE_POLICY", "guests.policy").env("LETHE_POSTGRES__LEDGER_SCHEMA", "guests_ledger");
        guests.args(args).assert().success();
    };
    two.done("customers", &DUE);
    guests(&DUE);
    assert_eq!(two.left().await, SWEPT);
    two.done("customers", &REPLAY);
    guests(&REPLAY);
    assert_eq!(two.left().await, SWEPT);
    let keys = "SELECT DISTINCT 'customers', client_key FROM lethe.lethe_outcomes UNION ALL \
                SELECT DISTINCT 'guests', client_key FROM guests_ledger.lethe_outcomes ORDER BY 1";
    assert_eq!(two.place.rows(keys).await, ["customers|1", "guests|2"]);
}

#[tokio::test]
async fn a_hold_that_is_being_placed_in_another_ledger_than_the_first_counts() {
    super::on_postgres();
    let two = Two::new().await;
    two.done("customers", &DUE);
    two.done("guests", &["sweep", "--due", "--rehearse"]);
    let mut other = PgConnection::connect(&two.place.setting()).await.unwrap();
    let hold = "BEGIN; INSERT INTO lethe.lethe_2_holds (client_key, reason, placed_by, placed_at) \
                VALUES ('2', 'a court', 'a lawyer', '2026-01-01T00:00:00.000Z')";
    sqlx::raw_sql(hold).execute(&mut other).await.unwrap();
    let folder = two.path().to_owned();
    let sweeping = tokio::task::spawn_blocking(move || {
        lethe(&folder).env("LETHE_POLICY", "guests.policy").args(DUE).output().unwrap()
    });
    let began = Instant::now();
    while two.place.rows("SELECT count(*) FROM lethe.lethe_2_batches").await == ["0"] {
        assert!(began.elapsed() < Duration::from_secs(60), "the sweep never began");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert!(sweeping.await.unwrap().status.success());
    assert_eq!(two.left().await[3], "guest|2|Guest Two");
    let outcomes = "SELECT client_key, outcome FROM lethe.lethe_2_outcomes";
    assert_eq!(two.place.rows(outcomes).await, ["2|refused"]);
}
