use serde::Serialize;

/// One thing that keeps a policy from becoming a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where in the policy, such as `tables.customers.columns.email`.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Problem {
    /// Puts a problem together.
    pub fn new(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), mend: mend.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}\n    {}\n    mend: {}", self.place, self.what, self.mend)
    }
}

/// Why a policy cannot become a plan: everything that stands in the way, at once.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the policy cannot become a plan: {} to mend\n{}", count(.0.len()), list(.0))]
pub struct PlanError(pub Vec<Problem>);

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

impl PlanError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        "mend each place in the policy, then run `lethe policy check` again; nothing was written".to_owned()
    }
}
