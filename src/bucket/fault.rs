//! What is wrong with an object store, in words that quote neither a name nor a URL.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::domain::reading::trouble;

const NOT_THERE: &str = "is not there";
const NO_RIGHT: &str = "does not give this account the right";
const NO_ACCOUNT: &str = "does not know this account";

/// What is wrong, behind what it is wrong with. A driver's own words have the
/// names of objects, which can name a person.
#[must_use]
pub fn words(error: &Error) -> String {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    let mut told = None;
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<std::io::Error>() {
            return format!("cannot be used: {}", trouble(error.kind()));
        }
        if let Some(error) = inner.downcast_ref::<HttpError>() {
            told = match error.kind() {
                HttpErrorKind::Connect => Some("cannot be reached"),
                HttpErrorKind::Timeout => Some("does not answer"),
                _ => Some("does not answer as an object store does"),
            };
        }
        source = inner.source();
    }
    let told = match error {
        Error::NotFound { .. } => NOT_THERE,
        Error::PermissionDenied { .. } => NO_RIGHT,
        Error::Unauthenticated { .. } => NO_ACCOUNT,
        Error::InvalidPath { .. } => "has an object in it whose name is none: an empty part, `.` or `..`",
        other => return told.map_or_else(|| answered(&other.to_string()), str::to_owned),
    };
    told.to_owned()
}

/// Why the environment gives no account, without what it says.
pub(super) fn why(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(inner) = innermost.source() {
        if inner.is::<serde_json::Error>() {
            return "the account's file or key is not what the provider gives".to_owned();
        }
        innermost = inner;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(error) => format!("the account's file: {}", trouble(error.kind())),
        None => innermost.to_string().to_lowercase(),
    }
}

/// The status in an answer that said no.
fn answered(text: &str) -> String {
    let status: Option<u16> =
        text.split("status code: ").nth(1).and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    match status {
        Some(401) => NO_ACCOUNT.to_owned(),
        Some(403) => NO_RIGHT.to_owned(),
        Some(404) => NOT_THERE.to_owned(),
        Some(status) => format!("cannot be used: it answers with status {status}"),
        None => "cannot be used, for a reason that it does not give".to_owned(),
    }
}
