/// What a rule of a column says that cannot be done, or not all at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RuleError {
    pub what: String,
    pub fix: &'static str,
}

impl RuleError {
    pub(super) fn new(what: impl Into<String>, fix: &'static str) -> Self {
        Self { what: what.into(), fix }
    }
}
