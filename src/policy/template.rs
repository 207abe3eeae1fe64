//! Placeholder texts: `anonymized-{key}@invalid`.

use crate::domain::reading::TextError as RuleError;

/// A placeholder text, cut into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// A part of a placeholder text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These very characters.
    Text(String),
    /// The client's key; the parts of a composite key are joined by `-`.
    Key,
    /// The row's own key, likewise.
    Row,
    /// The day of the sweep as `YYYY-MM-DD`.
    Today,
}

impl Template {
    /// Cuts a text into its parts; `{{` and `}}` stand for braces.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if after.starts_with(brace) {
                plain.push_str(brace);
                rest = &after[1..];
                continue;
            }
            let Some((name, tail)) = (brace == "{").then(|| after.split_once('}')).flatten() else {
                let what = format!("`{text}` has a single `{brace}`");
                return Err(RuleError::new(what, "double a brace that stands for itself: `{{` or `}}`"));
            };
            let part = match name {
                "key" => Part::Key,
                "row" => Part::Row,
                "today" => Part::Today,
                _ => {
                    let what = format!("`{{{name}}}` is not a placeholder");
                    return Err(RuleError::new(what, "the placeholders are `{key}`, `{row}` and `{today}`"));
                }
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = tail;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text, if it is the same for every client and every day.
    pub fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the text differs from client to client, from row to row, or from day to day.
    pub fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_cut_at_its_placeholders() {
        let parts = Template::parse("gone-{key}@{{x}}").unwrap().0;
        assert_eq!(parts, [Part::Text("gone-".into()), Part::Key, Part::Text("@{x}".into())]);
    }

    #[test]
    fn an_unknown_placeholder_and_an_open_brace_are_refused() {
        assert!(Template::parse("{name}").unwrap_err().what.contains("`{name}` is not a placeholder"));
        assert!(Template::parse("{key").unwrap_err().what.contains("single `{`"));
        assert!(Template::parse("a}").unwrap_err().what.contains("single `}`"));
    }
}
