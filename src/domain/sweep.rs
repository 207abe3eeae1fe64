//! The kinds of sweep a person or a job can ask for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::nearest::nearest;
use crate::domain::reading::TextError;

/// How a sweep chooses the clients it looks at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SweepKind {
    /// Takes the clients whose *to anonymize on* date has come.
    Due,

    /// Takes the clients without activity for the policy's period.
    Period,

    /// Takes the clients that a person named. It cannot be scheduled.
    List,

    /// Takes the clients anonymized before whose data was restored.
    Replay,

    /// Takes old rows of all clients, by the periods of their tables.
    Retention,
}

impl SweepKind {
    /// Every kind, in the order in which people are shown them.
    pub const ALL: [Self; 5] = [Self::Due, Self::Period, Self::List, Self::Replay, Self::Retention];

    /// Returns the one word for this kind, as written in job files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Period => "period",
            Self::List => "list",
            Self::Replay => "replay",
            Self::Retention => "retention",
        }
    }
}

impl fmt::Display for SweepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SweepKind {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let fix = match nearest(text, Self::ALL.map(Self::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "the kinds of sweep are `due`, `period`, `list`, `replay` and `retention`".to_owned(),
            };
            TextError::new(format!("unknown kind of sweep `{text}`"), fix)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_from_its_own_word() {
        for kind in SweepKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn serde_writes_the_same_word_as_display() {
        #[derive(Serialize)]
        struct Row {
            kind: SweepKind,
        }

        for kind in SweepKind::ALL {
            let text = toml::to_string(&Row { kind }).unwrap();
            assert_eq!(text, format!("kind = \"{kind}\"\n"));
        }
    }

    #[test]
    fn an_unknown_kind_is_refused_with_a_hint() {
        let near = "peroid".parse::<SweepKind>().unwrap_err();
        assert_eq!(near.to_string(), "unknown kind of sweep `peroid`");
        assert_eq!(near.fix, "did you mean `period`?");

        let far = "Everything".parse::<SweepKind>().unwrap_err();
        assert!(far.fix.contains("`due`, `period`, `list`, `replay` and `retention`"));
    }

    #[test]
    fn a_kind_is_written_in_lower_case() {
        assert!("Due".parse::<SweepKind>().is_err());
    }
}
