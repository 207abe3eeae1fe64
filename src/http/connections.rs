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
pub(super) struct Peer {
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
pub(super) struct Connections(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    peers: BTreeMap<u64, Arc<Peer>>,
}

impl Connections {
    /// Lets a connection in, if need be in the place of one that keeps the
    /// server waiting: first one that never sent a request, the oldest first.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Arc<Peer>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.peers.values().filter(|own| own.address == address).count() >= OF_ADDRESS {
            open.make_room(|own| own.address == address).then_some(())?;
        }
        let is_full = open.peers.len() >= MOST && !open.make_room(|_| true);
        if open.peers.len() >= MOST + RESERVED {
            return None;
        }
        open.next += 1;
        let peer = Arc::new(Peer {
            number: open.next,
            address,
            only_health: is_full,
            is_answered: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            leave: CancellationToken::new(),
        });
        open.peers.insert(peer.number, Arc::clone(&peer));
        Some(peer)
    }

    pub(super) fn left(&self, peer: &Peer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).peers.remove(&peer.number);
    }
}

impl Open {
    fn make_room(&mut self, among: impl Fn(&Peer) -> bool) -> bool {
        let waits = |own: &&Arc<Peer>| among(own) && !own.is_answered.load(Ordering::Relaxed);
        let idle = self.peers.values().filter(waits);
        let first = idle.min_by_key(|own| (own.answered.load(Ordering::Relaxed) > 0, own.number)).cloned();
        let Some(peer) = first else { return false };
        peer.leave.cancel();
        self.peers.remove(&peer.number);
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
        let connections = Connections::default();
        let worked_for = connections.admit(address(1)).unwrap();
        worked_for.is_answered.store(true, Ordering::Relaxed);
        let known = connections.admit(address(1)).unwrap();
        known.answered.store(1, Ordering::Relaxed);
        let slow = connections.admit(address(1)).unwrap();
        for _ in 3..OF_ADDRESS {
            connections.admit(address(1)).unwrap();
        }
        connections.admit(address(1)).unwrap();
        assert!(slow.leave.is_cancelled() && !known.leave.is_cancelled() && !worked_for.leave.is_cancelled());
        for _ in 0..2_000 {
            assert!(!connections.admit(address(2)).unwrap().only_health, "another address is let in");
        }
        assert!(!worked_for.leave.is_cancelled());
    }

    #[test]
    fn health_checks_are_let_in_where_every_place_is_worked_for() {
        let connections = Connections::default();
        for last in 0..4 {
            for _ in 0..MOST / 4 {
                connections.admit(address(last)).unwrap().is_answered.store(true, Ordering::Relaxed);
            }
        }
        for _ in 0..RESERVED {
            let peer = connections.admit(address(9)).unwrap();
            peer.is_answered.store(true, Ordering::Relaxed);
            assert!(peer.only_health);
        }
        assert!(connections.admit(address(9)).is_none());
    }
}
