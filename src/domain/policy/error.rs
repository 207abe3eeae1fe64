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
    },
}

impl PolicyError {
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        Self::Syntax { line, message: error.message().replace('\n', ", ") }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        "`docs/policy.md` describes every setting with an example; \
         `schema/policy.schema.json` lets an editor check while you write"
            .to_owned()
    }
}
