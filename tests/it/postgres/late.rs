//! Numbers do not follow the order of commits: an outcome whose transaction
//! ends late is told to the journal like any other.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::common::Place;
use crate::common::journal::Kept;

#[tokio::test]
async fn an_outcome_that_is_committed_late_is_not_left_out() {
    super::on_postgres();
    let kept = Kept::new(None).await;
    kept.night("2026-01-02").await;
    let Place::Server(url) = &kept.company.place else { panic!("this suite runs on a server") };
    let mut late = PgConnection::connect(url).await.expect("the server answers");
    let outcome = "SET search_path = public, lethe; BEGIN; \
         INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest) \
         SELECT 'C4', 1, 'refused', at, 1, at, digest FROM lethe_outcomes; \
         INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) SELECT client_key, sweep, outcome, at, digest \
         FROM lethe_outcomes WHERE client_key = 'C4'";
    late.execute(outcome).await.expect("it has its number");
    // Others with higher numbers are committed, and told.
    kept.night("2026-01-05").await;
    assert_eq!(kept.told(), ["C1 anonymized", "C2 anonymized", "C3 anonymized"]);
    late.execute("COMMIT").await.expect("it is committed");
    kept.keep().await.expect("the journal is kept");
    assert_eq!(kept.told(), ["C1 anonymized", "C2 anonymized", "C3 anonymized", "C4 refused"]);
    assert!(kept.verify().await.whole);
}
