//! Placeholder texts: `anonymized-{key}@invalid`.

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
    /// The day of the sweep as `YYYY-MM-DD`.
    Today,
}

impl Template {
    /// Cuts a text into its parts; `{{` and `}}` stand for braces.
    ///
    /// # Errors
    ///
    /// A sentence that says which placeholder is unknown or where a brace is left open.
    pub fn parse(text: &str) -> Result<Self, String> {
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
                return Err(format!("`{text}` has a single `{brace}`; write `{brace}{brace}` for the character itself"));
            };
            let part = match name {
                "key" => Part::Key,
                "today" => Part::Today,
                _ => return Err(format!("`{{{name}}}` is not a placeholder; `{{key}}` and `{{today}}` are")),
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
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the text differs from client to client.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.0.contains(&Part::Key)
    }

    /// Whether the text differs from day to day.
    #[must_use]
    pub fn has_today(&self) -> bool {
        self.0.contains(&Part::Today)
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
        assert!(Template::parse("{name}").unwrap_err().contains("`{name}` is not a placeholder"));
        assert!(Template::parse("{key").unwrap_err().contains("single `{`"));
        assert!(Template::parse("a}").unwrap_err().contains("single `}`"));
    }
}
