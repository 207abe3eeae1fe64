//! How fast work is done: batches that take as long as they should, and no
//! more clients a second than allowed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The smallest batch that a slow database leads to.
const FEWEST: usize = 20;

/// How many clients the next batches should have, so that one takes about as
/// long as `target`: as the clients of the last ones and the time that they took
/// together showed, and `most` while there were none.
#[must_use]
pub fn batch_size(most: usize, target: Duration, (clients, took): (u64, Duration)) -> usize {
    if clients == 0 || took.is_zero() {
        return most;
    }
    let fitting = u128::from(clients) * target.as_micros() / took.as_micros().max(1);
    usize::try_from(fitting).unwrap_or(most).clamp(FEWEST.min(most), most)
}

/// Keeps one process below a number of clients a second.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    most: Option<u32>,
    free_at: Arc<Mutex<Instant>>,
}

impl Pace {
    pub(super) fn new(most: Option<u32>) -> Self {
        Self { most, free_at: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Waits for as long as so many clients may take, counted from when those
    /// before them were through; or until `stop`.
    pub(super) async fn rest(&self, clients: i64, stop: &CancellationToken) {
        let Some(most) = self.most.filter(|_| clients > 0) else { return };
        let until = {
            let mut free_at = self.free_at.lock().await;
            let share =
                Duration::from_secs_f64(f64::from(u32::try_from(clients).unwrap_or(u32::MAX)) / f64::from(most));
            *free_at = (*free_at).max(Instant::now()) + share;
            *free_at
        };
        stop.run_until_cancelled(tokio::time::sleep_until(until)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_shrink_when_they_take_long_and_grow_when_they_are_quick() {
        let target = Duration::from_millis(250);
        let size = |clients, took| batch_size(1_000, target, (clients, Duration::from_millis(took)));
        assert_eq!(size(0, 0), 1_000);
        assert_eq!(size(4_000, 2_000), 500);
        assert_eq!(size(4_000, 400), 1_000);
        assert_eq!(size(100, 60_000), FEWEST);
        assert_eq!(batch_size(5, target, (5, Duration::from_secs(9))), 5);
    }

    #[tokio::test]
    async fn a_process_rests_as_long_as_its_clients_may_take() {
        let (pace, stop) = (Pace::new(Some(1_000)), CancellationToken::new());
        let begun = Instant::now();
        pace.rest(50, &stop).await;
        pace.rest(150, &stop).await;
        assert!(begun.elapsed() >= Duration::from_millis(200));
        stop.cancel();
        pace.rest(1_000_000, &stop).await;
        assert!(begun.elapsed() < Duration::from_secs(100), "a process that stops rests no longer");
    }
}
