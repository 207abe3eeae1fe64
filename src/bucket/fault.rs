//! What is wrong with an object store, in words that quote neither a name nor a URL.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::domain::reading::trouble;

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
        Error::NotFound { .. } => "is not there",
        Error::PermissionDenied { .. } => "does not give this account the right",
        Error::Unauthenticated { .. } => "does not know this account",
        Error::InvalidPath { .. } => "has an object in it whose name is none: an empty part, `.` or `..`",
        other => return told.map_or_else(|| answered(&other.to_string()), str::to_owned),
    };
    told.to_owned()
}

/// The status in an answer that said no.
fn answered(text: &str) -> String {
    let status: Option<u16> =
        text.split("status code: ").nth(1).and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    match status {
        Some(status) => format!("cannot be used: it answers with status {status}"),
        None => "cannot be used, for a reason that it does not give".to_owned(),
    }
}
