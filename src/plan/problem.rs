use serde::Serialize;

use crate::domain::hint::{Act, Hint};

/// One thing that keeps a policy from becoming a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where in the policy, such as `tables.customers.columns.email`.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    /// Puts a problem together.
    pub fn new(place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fix: fix.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}\n    {}\n    fix: {}", self.place, self.what, self.fix)
    }
}

/// A name as it stands in a policy: quoted where TOML asks for it, as a table of another schema is.
pub fn in_toml(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|mark| mark.is_ascii_alphanumeric() || "_-".contains(mark));
    if bare { name.to_owned() } else { toml::Value::from(name).to_string() }
}

/// The key of an entry, unless it looks like data itself: an address, a long
/// number, a whole sentence.
///
/// A key-value table may be keyed by anything, an e-mail address too, and no
/// message may quote one; but a key such as `blood group` has to be named.
pub fn shown_key(key: &str) -> Option<&str> {
    let digits = key.chars().filter(char::is_ascii_digit).count();
    let words = key.split_whitespace().count();
    let strange = |c: char| c == '@' || c.is_control();
    (key.len() <= 64 && digits <= 5 && words <= 3 && !key.contains(strange)).then_some(key)
}

/// Why a policy cannot become a plan: everything that stands in the way, at once.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the policy cannot become a plan: {} to fix\n{}", count(.0.len()), list(.0))]
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
    pub fn hint(&self) -> Hint {
        Hint::by(|face| format!("fix each place in the policy, then {}; nothing was written", Act::CheckAgain.at(face)))
    }
}

#[cfg(test)]
mod tests {
    use super::{in_toml, shown_key};

    #[test]
    fn a_key_that_looks_like_data_is_not_shown() {
        for key in ["phone", "blood group", "o'clock", "billing.first_name", "5", "attr_10042", "Größe"] {
            assert_eq!(shown_key(key), Some(key));
        }
        let long = "x".repeat(65);
        for key in ["ann@archer.example", "+45 5551 0000", "1971-03-14", "call her after five", "a\nb", &long] {
            assert_eq!(shown_key(key), None);
        }
    }

    #[test]
    fn a_name_is_quoted_where_toml_would_read_something_else() {
        for name in ["customers", "Order Details", "sales.customers", "it's", "the \"old\" ones", ""] {
            let parsed: toml::Table = toml::from_str(&format!("[tables.{}]", in_toml(name))).expect("TOML");
            assert!(parsed["tables"].as_table().expect("a table").contains_key(name), "{name}");
        }
        assert_eq!(
            (in_toml("orders_2"), in_toml("sales.orders")),
            ("orders_2".to_owned(), "\"sales.orders\"".to_owned())
        );
    }
}
