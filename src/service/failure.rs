//! An error as a person sees it: what went wrong, what to do, whose it is to fix.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::database::StoreError;
use crate::domain::hint::Hint;
use crate::domain::reading::TextError;
use crate::domain::text::{self, is_coloured, shown};
use crate::worker::{PlanLoadError, RunError, SweepError};

/// For how long a decision is tried again while a lock is held: the other decision takes less.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for cannot be.
    Invalid,
    /// What was named is not there.
    NotFound,
    /// It cannot be now, as things stand.
    Conflict,
    /// Who asked may not.
    Forbidden,
    /// The database is away, locked or full; it may be there again in a moment.
    Unavailable,
    /// A fault of ours.
    Fault,
}

/// What went wrong, what to do about it, and the exit code.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    pub hint: Hint,
    /// 1 is the reader's to fix, 2 is ours, 78 a service's configuration.
    pub code: u8,
    pub kind: Kind,
}

/// Decides, again for some seconds where the database was away or a lock was held: the session that has it may be
/// deciding the same.
pub(super) async fn patiently<T, F>(mut decide: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let begun = Instant::now();
    loop {
        match decide().await {
            Err(failure) if failure.kind == Kind::Unavailable && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            decided => return decided,
        }
    }
}

impl Failure {
    /// Something that the reader can fix.
    pub fn new(message: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self { message: message.into(), hint: hint.into(), code: 1, kind: Kind::Invalid }
    }

    /// Something that is ours to fix.
    pub fn fault(message: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self { code: 2, ..Self::new(message, hint).of(Kind::Fault) }
    }

    /// The same where a service could not be configured: 78, `EX_CONFIG` of `sysexits.h`.
    #[must_use]
    pub fn of_configuration(self) -> Self {
        if self.kind == Kind::Invalid { Self { code: 78, ..self } } else { self }
    }

    /// The same, of another kind.
    #[must_use]
    pub fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Prints it to stderr, as text or as JSON.
    pub fn print(&self, json: bool) {
        if json {
            let failure = serde_json::json!({ "error": self.message, "hint": self.hint.to_string() }).to_string();
            let _ = writeln!(std::io::stderr().lock(), "{}", text::json(&failure));
            return;
        }
        let coloured = is_coloured(&std::io::stderr());
        let [error, hint] =
            if coloured { ["\u{1b}[31merror:\u{1b}[0m", "\u{1b}[36mhint:\u{1b}[0m"] } else { ["error:", "hint:"] };
        let text = shown(&format!("{error} {}\n\n{hint} {}", self.message, self.hint), coloured);
        // With stderr gone, the exit code still says so.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// An error and those behind it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = inner.source();
    }
    text
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (code, kind) = if error.is_unexpected() { (2, Kind::Fault) } else { (1, Kind::Unavailable) };
        Self { message: error.to_string(), hint: error.hint(), code, kind }
    }
}

impl From<PlanLoadError> for Failure {
    fn from(error: PlanLoadError) -> Self {
        match error {
            PlanLoadError::Store(error) => error.into(),
            error => Self::new(chain(&error), error.hint()).of(Kind::Conflict),
        }
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Store(error) => error.into(),
            SweepError::Plan(error) => error.into(),
            error @ SweepError::UnknownSelection { .. } => {
                Self::new(error.to_string(), error.hint()).of(Kind::NotFound)
            }
            error => {
                let is_asked_wrongly = matches!(
                    error,
                    SweepError::EmptyList | SweepError::UnknownFilter { .. } | SweepError::FilterValue { .. }
                );
                let kind = if is_asked_wrongly { Kind::Invalid } else { Kind::Conflict };
                Self::new(chain(&error), error.hint()).of(kind)
            }
        }
    }
}

impl From<TextError> for Failure {
    fn from(error: TextError) -> Self {
        Self::new(chain(&error), error.fix)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            error @ RunError::Queue(_) => {
                Self { message: chain(&error), hint: error.hint(), code: 2, kind: Kind::Fault }
            }
        }
    }
}
