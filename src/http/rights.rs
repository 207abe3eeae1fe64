//! The least right that a path needs, checked before anything of a body is read.

use axum::RequestPartsExt;
use axum::extract::{MatchedPath, RawPathParams};
use axum::http::Method;
use axum::http::request::Parts;

use crate::domain::access::Right;
use crate::service::Service;
use crate::service::failure::Failure;

/// What a path does, as records have it, and the least right for it. The service checks the exact one.
fn least(method: &Method, path: &str) -> Option<(Right, &'static str)> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    Some(match path {
        "/previews" => (Right::Read, "preview a sweep"),
        "/sweeps" | "/jobs/{job}/start" | "/selections/{selection}/start" => (Right::Anonymize, "start a sweep"),
        "/rehearsals" => (Right::Bulk, "rehearse a sweep"),
        "/sweeps/{sweep}/cancel" => (Right::Bulk, "cancel sweep"),
        "/pause" if method == Method::DELETE => (Right::Bulk, "resume all work"),
        "/pause" | "/jobs/pause" => (Right::Bulk, "pause all work"),
        "/jobs/{job}/pause" if method == Method::DELETE => (Right::Bulk, "resume job"),
        "/jobs/{job}/pause" => (Right::Bulk, "pause job"),
        "/jobs/resume" => (Right::Bulk, "resume all work"),
        "/jobs/{job}/resume" => (Right::Bulk, "resume job"),
        "/deliveries/retry" => (Right::Bulk, "retry deliveries"),
        "/failures/retry" => (Right::Anonymize, "retry clients"),
        "/selections/{selection}" if method == Method::DELETE => (Right::Bulk, "delete selection"),
        "/selections/{selection}" => (Right::Bulk, "save selection"),
        "/reviews" | "/jobs/{job}/review" | "/selections/{selection}/review" => (Right::Bulk, "make review"),
        "/reviews/{review}/approve" => (Right::Bulk, "approve review"),
        "/reviews/{review}/reject" => (Right::Bulk, "reject review"),
        "/reviews/{review}" | "/reviews/{review}/delete" => (Right::Bulk, "delete review"),
        "/reviews/{review}/workbook" => (Right::Bulk, "export review"),
        "/reviews/{review}/import" | "/reviews/{review}/imports" => (Right::Bulk, "import review"),
        "/imports/{import}/continue" => (Right::Bulk, "continue import"),
        "/clients/{client}/clean" => (Right::Anonymize, "clean client"),
        "/policy" => (Right::Configure, "classify"),
        "/returned/{client}" | "/clients/returned" => (Right::Anonymize, "confirm who came back as client"),
        "/clients/{client}/anonymize" | "/clients/anonymize" => (Right::Anonymize, "anonymize client"),
        "/clients/{client}/to-anonymize-on" | "/clients/day" => (Right::Anonymize, "set the day of client"),
        "/holds/{client}" if method == Method::DELETE => (Right::Anonymize, "release the hold on client"),
        "/holds/{client}" | "/holds" => (Right::Anonymize, "place a hold on client"),
        "/holds/release" => (Right::Anonymize, "release the hold on client"),
        _ => return None,
    })
}

/// Refuses a request whose caller lacks the least right that its path needs.
pub(super) async fn permit(service: &Service, parts: &mut Parts) -> Result<(), Failure> {
    let Some(pattern) = parts.extensions.get::<MatchedPath>() else { return Ok(()) };
    let Some((right, what)) = least(&parts.method, pattern.as_str()) else { return Ok(()) };
    if service.caller.rights.hold(right) {
        return Ok(());
    }
    let named = parts.extract::<RawPathParams>().await.ok();
    let subject = named.as_ref().and_then(|own| own.iter().next()).map_or("", |own| own.1);
    if right == Right::Configure {
        service.may_classify(subject).await
    } else {
        service.allow_on(right, what, subject).await
    }
}
