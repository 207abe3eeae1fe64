use crate::domain::reading::Slip;

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or not what a policy can say.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, on one line.
        message: String,
        /// What to do about it, if that is known.
        fix: Option<String>,
    },
}

impl PolicyError {
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let slip = Slip::of(text, error);
        Self::Syntax { line: slip.line.unwrap_or(1), message: slip.what, fix: slip.fix }
    }

    #[must_use]
    pub fn hint(&self) -> String {
        let Self::Syntax { fix, .. } = self;
        fix.clone().unwrap_or_else(|| {
            "`docs/policy.md` describes every setting with an example; \
             `schema/policy.schema.json` lets an editor check while you write"
                .to_owned()
        })
    }
}

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
