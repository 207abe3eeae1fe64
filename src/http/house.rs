//! Connections: each has a bounded time and share, and a slow one that keeps
//! the server waiting makes room for others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The most connections at a time.
const MOST: usize = 1_024;
/// The most of one address.
const OF_ADDRESS: usize = 512;
/// Those beyond the most, for health checks alone.
const RESERVED: usize = 32;

#[derive(Debug)]
pub(super) struct Guest {
    number: u64,
    address: IpAddr,
    /// Answers health checks alone, as every other place is taken.
    pub only_health: bool,
    /// Whether the server is at work for it; otherwise it is the one to act.
    pub is_answered: AtomicBool,
    /// Whether the head of a request has come.
    pub has_asked: AtomicBool,
    /// Requests answered so far.
    pub answered: AtomicU64,
    pub leave: CancellationToken,
}

#[derive(Debug, Default)]
pub(super) struct House(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    next: u64,
    guests: BTreeMap<u64, Arc<Guest>>,
}

impl House {
    /// Lets a connection in, if need be in the place of one that keeps the
    /// server waiting: first one that never sent a request, the oldest first.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Arc<Guest>> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.guests.values().filter(|own| own.address == address).count() >= OF_ADDRESS {
            inside.make_room(|own| own.address == address).then_some(())?;
        }
        let is_full = inside.guests.len() >= MOST && !inside.make_room(|_| true);
        if inside.guests.len() >= MOST + RESERVED {
            return None;
        }
        inside.next += 1;
        let guest = Arc::new(Guest {
            number: inside.next,
            address,
            only_health: is_full,
            is_answered: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            leave: CancellationToken::new(),
        });
        inside.guests.insert(guest.number, Arc::clone(&guest));
        Some(guest)
    }

    pub(super) fn left(&self, guest: &Guest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).guests.remove(&guest.number);
    }
}

impl Inside {
    fn make_room(&mut self, among: impl Fn(&Guest) -> bool) -> bool {
        let waits = |own: &&Arc<Guest>| among(own) && !own.is_answered.load(Ordering::Relaxed);
        let idle = self.guests.values().filter(waits);
        let first = idle.min_by_key(|own| (own.answered.load(Ordering::Relaxed) > 0, own.number)).cloned();
        let Some(guest) = first else { return false };
        guest.leave.cancel();
        self.guests.remove(&guest.number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_connection_that_keeps_the_server_waiting_makes_room_and_one_that_is_answered_stays() {
        let house = House::default();
        let worked_for = house.admit(address(1)).unwrap();
        worked_for.is_answered.store(true, Ordering::Relaxed);
        let known = house.admit(address(1)).unwrap();
        known.answered.store(1, Ordering::Relaxed);
        let slow = house.admit(address(1)).unwrap();
        for _ in 3..OF_ADDRESS {
            house.admit(address(1)).unwrap();
        }
        house.admit(address(1)).unwrap();
        assert!(slow.leave.is_cancelled() && !known.leave.is_cancelled() && !worked_for.leave.is_cancelled());
        for _ in 0..2_000 {
            assert!(!house.admit(address(2)).unwrap().only_health, "another address is let in");
        }
        assert!(!worked_for.leave.is_cancelled());
    }

    #[test]
    fn health_checks_are_let_in_where_every_place_is_worked_for() {
        let house = House::default();
        for last in 0..4 {
            for _ in 0..MOST / 4 {
                house.admit(address(last)).unwrap().is_answered.store(true, Ordering::Relaxed);
            }
        }
        for _ in 0..RESERVED {
            let guest = house.admit(address(9)).unwrap();
            guest.is_answered.store(true, Ordering::Relaxed);
            assert!(guest.only_health);
        }
        assert!(house.admit(address(9)).is_none());
    }
}
