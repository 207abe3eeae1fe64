//! What is done outside of the database: files and folders are deleted,
//! messages and letters are sent.
//!
//! It knows neither the ledger nor a policy, and imports `domain` only. What is
//! to be done is written down in the ledger; the [worker](crate::worker) has it done here.

pub mod email;
pub mod files;
mod place;
pub mod webhooks;

pub use email::{Letter, Mailer};
pub use files::{FileFault, Removed, Root};
pub use webhooks::{Answer, Event, Message, Secret, Sender, Webhook};
