//! How an attempt at a batch ends that did not go through: decided here, done in `anonymize`.

use super::batch::BatchFault;

/// Times that clients wait for the locks of other sessions, a minute each in the end, before they are left out.
const MOST_WAITS: u32 = 60;

/// What is known of a batch when an attempt at it failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    pub clients: i64,
    /// How often it was claimed, this time included.
    pub attempt: u32,
    /// How often a client is tried before it has failed.
    pub most: u32,
    /// How often it was put off by locks.
    pub waits: u32,
    /// Whether its only client is to be recorded as failed, and not even that went through.
    pub is_failing: bool,
    /// Whether the rule that was refused can be tried by itself, to find the clients whose rows refuse it.
    pub tries_rule: bool,
    /// Whether the error says that the database is damaged.
    pub is_damaged: bool,
}

/// How an attempt at a batch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BatchEnd {
    /// Tried again at once, with what is known now.
    AtOnce,
    /// Cut in two, so that the others need not wait for the culprit.
    Split,
    /// Its only client is tried again after a pause.
    Again,
    /// Its only client is recorded as failed.
    Fail,
    /// Its only client is recorded as failed without being looked at.
    FailUnseen,
    /// Its only client waits for the lock of another session. The attempt does not count.
    Wait,
    /// Its only client has waited for too long: the sweep ends without it.
    LeaveOut,
    /// Put off until the database is back. The attempt does not count.
    PutOff,
    /// The sweep is stopped: every attempt would end like this one.
    Stop,
}

/// Decides how an attempt at a batch ends that failed like this.
pub(super) fn end_of(fault: &BatchFault, batch: &Tried) -> BatchEnd {
    let alone = batch.clients <= 1;
    match fault {
        _ if batch.is_damaged => BatchEnd::Stop,
        BatchFault::Residue(_) | BatchFault::Overtaken(_) => BatchEnd::AtOnce,
        BatchFault::Rows { .. } if !alone && batch.tries_rule => BatchEnd::AtOnce,
        BatchFault::Rows { .. } | BatchFault::Busy(_) | BatchFault::WaitedFor if !alone => BatchEnd::Split,
        BatchFault::Rows { .. } if batch.attempt < batch.most => BatchEnd::Again,
        BatchFault::Rows { .. } if !batch.is_failing => BatchEnd::Fail,
        BatchFault::Rows { .. } => BatchEnd::FailUnseen,
        BatchFault::Busy(_) | BatchFault::WaitedFor if waits_too_long(batch.waits) => BatchEnd::LeaveOut,
        BatchFault::Busy(_) | BatchFault::WaitedFor => BatchEnd::Wait,
        BatchFault::Unavailable(_) | BatchFault::Crowded | BatchFault::Occupied => BatchEnd::PutOff,
        // Only a rehearsal asks whether rules are settled.
        BatchFault::UnknownKey { .. } | BatchFault::NotSettled(_) => BatchEnd::Stop,
    }
}

/// Whether clients that other sessions have locked were put off often enough.
pub(super) fn waits_too_long(waits: u32) -> bool {
    waits >= MOST_WAITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Fault, FaultKind, StoreError};
    use crate::worker::batch::Failing;

    const TRIED: Tried =
        Tried { clients: 1, attempt: 1, most: 3, waits: 0, is_failing: false, tries_rule: false, is_damaged: false };

    fn rows(rule: Option<usize>) -> BatchFault {
        let fault = Fault { code: String::new(), kind: FaultKind::Rows, words: "a constraint".to_owned() };
        BatchFault::Rows { fault, rule }
    }

    fn busy() -> BatchFault {
        BatchFault::Busy(StoreError::unreadable("company.db", "x"))
    }

    fn away() -> BatchFault {
        BatchFault::Unavailable(StoreError::unreadable("company.db", "x"))
    }

    fn unknown_key() -> BatchFault {
        BatchFault::UnknownKey { table: "meta".to_owned(), key: "x".to_owned() }
    }

    #[test]
    fn each_fault_has_its_end() {
        let many = Tried { clients: 100, ..TRIED };
        let last = Tried { attempt: 3, ..TRIED };
        let patient = Tried { waits: MOST_WAITS - 1, ..TRIED };
        let table = [
            (rows(None), many, BatchEnd::Split),
            (rows(Some(2)), Tried { tries_rule: true, ..many }, BatchEnd::AtOnce),
            (rows(Some(2)), many, BatchEnd::Split),
            (rows(Some(2)), Tried { tries_rule: true, ..TRIED }, BatchEnd::Again),
            (rows(None), TRIED, BatchEnd::Again),
            (rows(None), last, BatchEnd::Fail),
            (rows(None), Tried { attempt: 9, ..TRIED }, BatchEnd::Fail),
            (rows(None), Tried { is_failing: true, ..last }, BatchEnd::FailUnseen),
            (BatchFault::Residue(Failing::new()), many, BatchEnd::AtOnce),
            (BatchFault::Residue(Failing::new()), last, BatchEnd::AtOnce),
            (BatchFault::Overtaken(Failing::new()), many, BatchEnd::AtOnce),
            (BatchFault::Crowded, many, BatchEnd::PutOff),
            (BatchFault::Crowded, last, BatchEnd::PutOff),
            (BatchFault::WaitedFor, many, BatchEnd::Split),
            (BatchFault::WaitedFor, last, BatchEnd::Wait),
            (busy(), many, BatchEnd::Split),
            (busy(), last, BatchEnd::Wait),
            (busy(), patient, BatchEnd::Wait),
            (busy(), Tried { waits: MOST_WAITS, ..TRIED }, BatchEnd::LeaveOut),
            (away(), many, BatchEnd::PutOff),
            (away(), Tried { attempt: 99, ..TRIED }, BatchEnd::PutOff),
            (away(), Tried { is_damaged: true, ..many }, BatchEnd::Stop),
            (unknown_key(), many, BatchEnd::Stop),
        ];
        for (fault, batch, end) in table {
            assert_eq!(end_of(&fault, &batch), end, "{fault:?} {batch:?}");
        }
    }
}
