//! What is done outside of the database: files and folders are deleted,
//! messages and e-mails are sent.
//!
//! It knows neither the ledger nor a policy, and imports `bucket` and `domain`. What is
//! to be done is written down in the ledger; the [worker](crate::worker) has it done here.

mod alike;
pub mod email;
pub mod files;
mod objects;
mod place;
mod root;
pub mod webhooks;

pub use alike::{Reading, readings_of_path, readings_of_value};
pub use email::{Email, Mailer};
pub use files::{FileFault, Folder, MARKER, OpenFolder, Removed};
pub use place::check;
pub use root::{OpenRoot, Root};
pub use webhooks::{Answer, Event, Message, Secret, Sender, Webhook, client};
