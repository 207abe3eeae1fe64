//! What can go wrong with a batch, and with the work as a whole.

use std::time::Duration;

/// Why a handler neither finished its batch nor recorded a failure.
///
/// The batch stays claimed until its lease runs out, which is its back-off. Its
/// `Display` is logged, so it quotes no value of a row; its sources are not logged.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// Why [`work`](super::work) ended otherwise than asked.
///
/// `Display` says what is wrong; [`hint`](Self::hint) says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The drain was over before the batches in hand were. They have been
    /// dropped; what they had not committed is done again after their lease.
    #[error("{} batches were still in hand after {drain:?}", batches.len())]
    StillInHand {
        /// The batches dropped, in order. Empty if it was no handler that kept
        /// the worker from ending, but a claim or a release.
        batches: Vec<i64>,
        /// How long they were given.
        drain: Duration,
    },

    /// The worker broke down while it was stopping; its batches had ended.
    #[error("the worker broke down while stopping")]
    BrokenDown,
}

impl QueueError {
    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::StillInHand { .. } => {
                "nothing is lost: the batches are claimed again when their lease runs out; \
                 allow a longer drain, or smaller batches"
            }
            Self::BrokenDown => "nothing is lost; the log names the cause",
        }
    }
}
