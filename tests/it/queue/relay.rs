//! What holds of queues whose ids Redis carries.

use std::time::Duration;

use lethe::queue::{Claim, Claims};

use super::backend::{Backend, Kind};
use crate::common::server;

const LONG: Duration = Duration::from_mins(1);

fn batches(claims: &[Claim]) -> Vec<i64> {
    let mut batches: Vec<i64> = claims.iter().map(|claim| claim.batch).collect();
    batches.sort_unstable();
    batches
}

/// A queue whose ledger was asked when there was nothing, so that it is not asked again for a while.
async fn patrolled(kind: Kind, batches: usize) -> Backend {
    let backend = Backend::unstaged(kind, 0, LONG).await;
    assert!(backend.queue.claim("first", 1).await.unwrap().is_empty());
    backend.add(batches).await;
    backend
}

pub async fn a_batch_is_claimed_when_it_is_staged_and_the_ledger_is_not_asked_before(kind: Kind) {
    let backend = patrolled(kind, 3).await;
    let relay = backend.relay.clone().unwrap();
    for _ in 0..5 {
        assert!(backend.queue.claim("worker", 2).await.unwrap().is_empty());
    }
    assert_eq!(relay.stage().await.unwrap(), 3);
    let claims = backend.queue.claim("worker", 2).await.unwrap();
    assert_eq!(batches(&claims), [1, 2]);
    assert_eq!(backend.queue.claim("worker", 2).await.unwrap()[0].batch, 3);
}

pub async fn an_id_staged_twice_is_claimed_once(kind: Kind) {
    let backend = patrolled(kind, 3).await;
    let relay = backend.relay.clone().unwrap();
    // Another steward stages at the same time.
    let (first, second) = tokio::join!(relay.stage(), relay.stage());
    assert_eq!(first.unwrap() + second.unwrap(), 3);
    assert_eq!(relay.stage().await.unwrap(), 0);
    assert_eq!(backend.queue.claim("worker", 2).await.unwrap().len(), 2);
    // What is claimed is not staged; the ledger has the last word even where it was.
    assert_eq!(relay.stage().await.unwrap(), 0);
    assert_eq!(backend.queue.claim("worker", 2).await.unwrap().len(), 1);
    assert!(backend.queue.claim("worker", 2).await.unwrap().is_empty());
}

pub async fn an_id_whose_batch_another_has_is_passed_over(kind: Kind) {
    let backend = patrolled(kind, 3).await;
    let relay = backend.relay.clone().unwrap();
    assert_eq!(relay.stage().await.unwrap(), 3);
    // Claimed in the ledger, as workers do that do without Redis.
    let by_hand =
        "UPDATE lethe_batches SET state = 'running', attempts = 1, lease = 'x', lease_until = '2999' WHERE id < 3";
    backend.execute(by_hand).await;
    let claims = backend.queue.claim("worker", 1).await.unwrap();
    assert_eq!(batches(&claims), [3]);
}

pub async fn no_more_than_five_hundred_are_staged_and_the_lowest_come_first(kind: Kind) {
    let backend = patrolled(kind, 700).await;
    let relay = backend.relay.clone().unwrap();
    assert_eq!(relay.stage().await.unwrap(), 500);
    assert_eq!(relay.stage().await.unwrap(), 0);
    let key = backend.key();
    assert_eq!(server::ask::<usize>(&server::shared(), &["ZCARD", &key]), 500);
    let claims = backend.queue.claim("worker", 10).await.unwrap();
    assert_eq!(batches(&claims), (1..=10).collect::<Vec<_>>());
    assert_eq!(relay.stage().await.unwrap(), 10);
    assert_eq!(server::ask::<usize>(&server::shared(), &["ZCARD", &key]), 500);
}
